//! Laws of recordings: a recorded pipe is a file that is followed, by any number of questions, also after the process
//! died.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use braid::data::Fault;
use braid::engine::recording::{Recording, RecordingPlace, Subject};
use braid::source::live::byte_source::{Break, ByteEvent, ByteSource};
use braid::source::live::stream::Stream;
use braid::source::live::stream_parts::StreamParts;
use braid::source::live::{self, Expect, LiveKind, Opened, Origin, ReadOptions, stdin, stream_decoder::StreamDecoder};
use braid::store::log::{Keep, Log, LogOptions};
use braid::sync::Wake;

use crate::cli::stderr;
use crate::live::{LONG, read, read_with, rows, settled, until, url};
use crate::log::Full;
use crossbeam_channel::{Receiver, Sender, bounded};

fn ask(workspace: &Path, sql: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid"));
    command.args(["run", "--live", "r=stdin:", "--workspace"]).arg(workspace).args(["--sql", sql]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(out: Output) -> String {
    assert!(out.status.success(), "{}", stderr(&out));
    String::from_utf8(out.stdout).unwrap()
}

/// An answer without the pipe.
fn later(workspace: &Path, sql: &str) -> String {
    said(ask(workspace, sql).output().unwrap())
}

fn piped(workspace: &Path, sql: &str, text: &str) -> String {
    let mut child = ask(workspace, sql).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    said(child.wait_with_output().unwrap())
}

fn csv(numbers: std::ops::Range<i64>) -> String {
    format!("n,k,x\n{}", numbers.map(|n| format!("{n},k{},\"a \"\"b\"\"\n{n}\"\n", n % 3)).collect::<String>())
}

#[test]
fn a_recorded_pipe_can_be_asked_again_without_the_pipe_about_other_columns() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        piped(folder.path(), "SELECT count(*) AS c, sum(n) AS s FROM r", &csv(0..10_000)),
        "c,s\n10000,49995000\n"
    );
    assert_eq!(
        later(folder.path(), "SELECT k, count(*) AS c FROM r GROUP BY k ORDER BY k"),
        "k,c\nk0,3334\nk1,3333\nk2,3333\n"
    );
    assert_eq!(
        later(folder.path(), "SELECT max(x) AS x, min(n) AS n FROM r WHERE n >= 9998"),
        "x,n\n\"a \"\"b\"\"\n9999\",9998\n"
    );
    // The first question too, from its checkpoint.
    assert_eq!(later(folder.path(), "SELECT count(*) AS c, sum(n) AS s FROM r"), "c,s\n10000,49995000\n");
    // A new pipe is another recording; the old one is kept.
    assert_eq!(piped(folder.path(), "SELECT count(*) AS c, sum(n) AS s FROM r", &csv(0..3)), "c,s\n3,3\n");
    assert_eq!(later(folder.path(), "SELECT count(*) AS c FROM r"), "c\n3\n");
    assert_eq!(fs::read_dir(folder.path().join("recording")).unwrap().count(), 2);
}

#[test]
fn without_a_recording_an_empty_pipe_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let out = ask(folder.path(), "SELECT count(*) AS c FROM r").output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(stderr(&out).contains("no rows"), "{}", stderr(&out));
}

#[test]
fn rows_that_could_not_be_read_are_recorded_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let text = "{\"n\":1,\"s\":\"a\"}\n{\"n\":2,\"s\":\"b\"}\n{\"n\":oops\n{\"n\":3,\"s\":\"c\"}\n";
    assert_eq!(piped(folder.path(), "SELECT sum(n) AS s FROM r", text), "s\n6\n");
    let out = ask(folder.path(), "SELECT count(*) AS c FROM r").output().unwrap();
    assert!(stderr(&out).contains("1 row set aside") && stderr(&out).contains("line 3"), "{}", stderr(&out));
    assert_eq!(said(out), "c\n3\n");
}

/// Feeds numbered rows until it is told to stop or the pipe breaks; how many were taken.
fn feed(mut pipe: ChildStdin, row: impl Fn(i64) -> String, stop: &AtomicBool) -> i64 {
    let mut n = 0;
    while !stop.load(Ordering::SeqCst) {
        let text: String = (n..n + 50).map(&row).collect();
        if pipe.write_all(text.as_bytes()).is_err() {
            break;
        }
        n += 50;
        std::thread::sleep(Duration::from_micros(300));
    }
    n
}

/// Bytes of all segments of the recordings in a workspace.
fn written(workspace: &Path) -> u64 {
    let folders = fs::read_dir(workspace.join("recording")).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
    files
        .filter(|file| file.path().extension().is_some_and(|e| e == "log"))
        .map(|file| file.metadata().unwrap().len())
        .sum()
}

/// Numbers that an answer of one line holds.
pub fn numbers(answer: &str) -> Vec<i64> {
    answer.lines().nth(1).unwrap().split(',').map(|n| n.parse().unwrap()).collect()
}

#[test]
fn a_process_killed_while_it_records_leaves_a_prefix_that_lacks_only_what_was_just_coming() {
    let sql = "SELECT count(*) AS c, sum(n) AS s, max(n) AS m FROM r";
    let row = |n: i64| format!("{{\"n\":{n},\"k\":\"key\"}}\n");
    let mut random = fastrand::Rng::with_seed(5);
    let mut recorded = 0;
    for _ in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let mut child =
            ask(folder.path(), sql).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let stop = AtomicBool::new(false);
        let (sent, before) = std::thread::scope(|scope| {
            let (pipe, stop) = (child.stdin.take().unwrap(), &stop);
            let feeding = scope.spawn(move || feed(pipe, row, stop));
            std::thread::sleep(Duration::from_millis(random.u64(300..1_200)));
            let before = written(folder.path());
            child.kill().unwrap();
            child.wait().unwrap();
            stop.store(true, Ordering::SeqCst);
            (feeding.join().unwrap(), before)
        });
        let out = ask(folder.path(), sql).output().unwrap();
        if !out.status.success() {
            // Killed before its first row was written; the head of a segment may have been.
            assert!(before <= 40 && stderr(&out).contains("no rows"), "{before} bytes: {}", stderr(&out));
            continue;
        }
        let [count, sum, max] = numbers(&said(out))[..] else { panic!() };
        assert_eq!((max, sum), (count - 1, count * (count - 1) / 2), "a prefix");
        assert!(count <= sent);
        // Of what was written only the last block may be torn; what was written holds every byte that came.
        let kept: usize = (0..count).map(|n| row(n).len()).sum();
        assert!(
            written(folder.path()) + (320 << 10) >= before && kept as u64 + (320 << 10) >= before / 10 * 9,
            "{kept} of {before} bytes"
        );
        recorded += count;
    }
    assert!(recorded > 0);
}

#[test]
fn a_recording_is_taken_up_again_by_a_new_pipe_whose_header_is_in_another_order() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "SELECT count(*) AS c, sum(n) AS s FROM r";
    let mut child = ask(folder.path(), sql).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // The last line is cut off.
    pipe.write_all(b"n,k\n1,a\n2,b\n3,c\n4").unwrap();
    std::thread::sleep(Duration::from_millis(600));
    child.kill().unwrap();
    child.wait().unwrap();
    let mut child = ask(folder.path(), sql).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"k,n\nd,10\ne,20\n").unwrap();
    let out = child.wait_with_output().unwrap();
    let told = stderr(&out);
    assert_eq!(said(out), "c,s\n5,36\n");
    assert!(told.contains("taken up again") && told.contains("1 row set aside"), "{told}");
    // And again from the recording alone, by another question and by this one.
    assert_eq!(later(folder.path(), "SELECT k, max(n) AS n FROM r GROUP BY k ORDER BY n").lines().count(), 6);
    assert_eq!(later(folder.path(), sql), "c,s\n5,36\n");
}

#[test]
fn questions_resume_at_any_position_with_the_header_that_holds_there() {
    let folder = tempfile::tempdir().unwrap();
    let place =
        RecordingPlace { workspace: folder.path().to_owned(), table: "r".into(), keep: Keep::default(), rests: false };
    let mut after = BTreeMap::new();
    for (round, text) in ["n,k\n1,a\n2,b\n", "k,n\nc,3\nd,4\n", "k,n\ne,5\nf,6\n"].into_iter().enumerate() {
        let (recording, writer) = record(&place, text, round == 0);
        let mut live = read(recording.play());
        let got = rows(&mut *live, (round + 1) * 2);
        assert_eq!(got.numbers("n"), (1..=(round as i64 + 1) * 2).collect::<Vec<_>>());
        for chunk in &got.chunks {
            let so_far = chunk.frame.column("n").unwrap().i64().unwrap().into_no_null_iter().max();
            after.extend(so_far.map(|n| (chunk.offsets.end, n)));
        }
        drop((live, recording));
        // The thread that records ends soon after. Its pipe did not: it was stopped.
        stopped(&place.folder(&url("stdin:")));
        drop(writer);
    }
    let (recording, _writer) = record(&place, "", false);
    assert!(after.len() >= 3, "{after:?}");
    for (position, n) in after.into_iter().filter(|(_, n)| *n < 6) {
        let start = [(0, position)].into();
        let options = ReadOptions { start, ..ReadOptions::columns(vec![0]) };
        let mut live = read_with(recording.play(), &options);
        let got = rows(&mut *live, usize::try_from(6 - n).unwrap());
        assert_eq!(got.numbers("n"), (n + 1..=6).collect::<Vec<_>>(), "from {position}");
        // The past once more, up to a position.
        let stop = Some([(0, position)].into());
        let mut live = read_with(recording.play(), &ReadOptions { stop, ..ReadOptions::default() });
        assert_eq!(until(&mut *live, |got| got.ended).numbers("n"), (1..=n).collect::<Vec<_>>(), "to {position}");
    }
}

/// Records a pipe that holds `text` and stays open; a first one is settled before.
fn record(place: &RecordingPlace, text: &str, first: bool) -> (Arc<Recording>, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    let mut stream = Box::new(stdin::rows(reader, &url("stdin:"), &Expect::default()).unwrap());
    if first {
        settled(&mut *stream);
    }
    let recording =
        Recording::start(subject("stdin:"), Some(place), Opened::into_parts(stream), Wake::silent()).unwrap();
    (recording, writer)
}

pub fn subject(text: &str) -> Subject {
    let url = url(text);
    Subject { kind: live::kind_of(&url).unwrap(), url, expect: Expect::default() }
}

/// A feed that never waits: numbered rows as fast as they are asked for.
pub struct Ticker(pub i64);

impl ByteSource for Ticker {
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> braid::data::Result<ByteEvent> {
        std::thread::sleep(wait.min(Duration::from_millis(1)));
        into.extend_from_slice(format!("{{\"n\":{}}}\n", self.0).as_bytes());
        self.0 += 1;
        Ok(ByteEvent::Bytes(Instant::now()))
    }
}

pub fn taken(raw: Box<dyn ByteSource>) -> StreamParts {
    let ndjson = braid::data::format::FORMATS.iter().copied().find(|f| f.name == "ndjson").unwrap();
    let mut stream = Box::new(Stream::new(raw, StreamDecoder::lines(&url("stdin:"), ndjson, &Expect::default())));
    settled(&mut *stream);
    Opened::into_parts(stream).unwrap()
}

#[test]
fn a_pipe_waits_while_the_disk_is_full_says_so_and_loses_nothing() {
    // More than what is read to settle the columns, and than all buffers together.
    const ROWS: i64 = 300_000;
    let (reader, mut writer) = std::io::pipe().unwrap();
    let room = Arc::new(AtomicI64::new(40_000));
    let feeding = std::thread::Builder::new();
    let feeding = feeding
        .spawn(move || {
            for n in 0..ROWS {
                writer.write_all(format!("{{\"n\":{n},\"s\":\"row {n}\"}}\n").as_bytes()).unwrap();
            }
        })
        .unwrap();
    let mut stream = Box::new(stdin::rows(reader, &url("stdin:"), &Expect::default()).unwrap());
    settled(&mut *stream);
    let options = LogOptions { medium: Arc::new(Full(room.clone())), ..LogOptions::default() };
    let recording =
        Recording::start_with(options, subject("stdin:"), None, Opened::into_parts(stream), Wake::silent()).unwrap();
    let mut live = read(recording.play());
    let got = until(&mut *live, |got| !got.troubles.is_empty());
    assert!(
        got.troubles[0].starts_with("the disk is full: ") && got.troubles[0].ends_with("the feed waits"),
        "{:?}",
        got.troubles
    );
    let mut count = got.numbers("n").len();
    assert!(count < ROWS as usize && !feeding.is_finished());
    room.store(1 << 40, Ordering::SeqCst);
    let mut all = got.numbers("n");
    while count < ROWS as usize {
        let more = rows(&mut *live, 1);
        all.extend(more.numbers("n"));
        count = all.len();
    }
    feeding.join().unwrap();
    assert_eq!(all, (0..ROWS).collect::<Vec<_>>());
}

#[test]
fn a_recording_for_the_process_alone_leaves_nothing_behind() {
    let folder = {
        let recording =
            Recording::start(subject("stdin:"), None, Some(taken(Box::new(Ticker(0)))), Wake::silent()).unwrap();
        let mut live = read(recording.play());
        rows(&mut *live, 5);
        recording.log().folder().to_owned()
    };
    let begin = Instant::now();
    while folder.exists() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{} is still there", folder.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_damaged_recording_is_named_and_the_rest_of_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path();
    let sql = "SELECT count(*) AS c, max(n) AS m FROM r";
    let text: String = (0..60_000).map(|n| format!("{{\"n\":{n},\"s\":\"some more text in row {n}\"}}\n")).collect();
    assert_eq!(piped(workspace, "SELECT sum(n) AS s FROM r", &text), "s\n1799970000\n");
    let recording = fs::read_dir(workspace.join("recording")).unwrap().next().unwrap().unwrap().path();
    let log = fs::read_dir(&recording)
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "log"))
        .unwrap();
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&log, bytes).unwrap();
    let out = ask(workspace, sql).output().unwrap();
    let told = stderr(&out);
    let [count, max] = numbers(&said(out))[..] else { panic!() };
    // One block is lost, and the lines that it tore are set aside.
    assert!(max == 59_999 && count < 60_000 && count > 40_000, "{count} {max}");
    assert!(
        told.contains("a part of a recording is damaged")
            && told.contains(".damaged")
            && told.contains("cannot be read"),
        "{told}"
    );
    assert!(told.contains("is lost"), "{told}");
}

#[test]
fn a_damaged_description_of_a_recording_is_named_and_made_again_without_the_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path();
    piped(workspace, "SELECT sum(n) AS s FROM r", "n,k\n1,a\n2,b\n");
    let recording = fs::read_dir(workspace.join("recording")).unwrap().next().unwrap().unwrap().path();
    let meta = recording.join("meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    fs::write(&meta, text.replace("csv", "cvs")).unwrap();
    let out = ask(workspace, "SELECT max(n) AS m FROM r").output().unwrap();
    assert!(
        stderr(&out).contains("meta.json") && stderr(&out).contains("description of a recording is damaged"),
        "{}",
        stderr(&out)
    );
    assert_eq!(said(out), "m\n2\n");
    // What was made again holds.
    assert_eq!(later(workspace, "SELECT count(*) AS c FROM r"), "c\n2\n");
}

#[test]
fn a_feed_that_is_named_twice_is_refused_as_that() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = ask(folder.path(), "SELECT count(*) FROM r");
    let out = command.args(["--live", "r=stdin:"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(stderr(&out).contains("named twice") && !stderr(&out).contains("another"), "{}", stderr(&out));
}

/// A feed that gives what it is handed.
struct Handed(Receiver<(&'static str, ByteEvent)>);

impl ByteSource for Handed {
    fn poll(&mut self, wait: Duration, into: &mut Vec<u8>) -> braid::data::Result<ByteEvent> {
        let Ok((text, said)) = self.0.recv_timeout(wait) else { return Ok(ByteEvent::Quiet) };
        into.extend_from_slice(text.as_bytes());
        if matches!(said, ByteEvent::End) { Err(Fault::new("the server is gone")) } else { Ok(said) }
    }
}

/// What is handed to a feed, and the feed, settled from `text` and taken apart.
fn handed(format: &str, text: &'static str) -> (Sender<(&'static str, ByteEvent)>, StreamParts) {
    let (hand, handed) = bounded(8);
    hand.send((text, ByteEvent::Bytes(Instant::now()))).unwrap();
    let format = braid::data::format::FORMATS.iter().copied().find(|f| f.name == format).unwrap();
    let intake = StreamDecoder::lines(&url("stdin:"), format, &Expect::default());
    let mut stream = Box::new(Stream::new(Box::new(Handed(handed)), intake));
    settled(&mut *stream);
    (hand, Opened::into_parts(stream).unwrap())
}

#[test]
fn what_begins_anew_while_it_is_recorded_is_read_by_its_own_header_from_any_position() {
    let (hand, taken) = handed("csv", "n,s\n1,a\n2,b\n");
    let recording = Recording::start(subject("stdin:"), None, Some(taken), Wake::silent()).unwrap();
    let mut live = read(recording.play());
    assert_eq!(rows(&mut *live, 2).numbers("n"), [1, 2]);
    hand.send(("", ByteEvent::Gap(Break { reason: "begun anew".into(), anew: true, ..Break::default() }))).unwrap();
    hand.send(("s,n\nc,3\n", ByteEvent::Bytes(Instant::now()))).unwrap();
    let got = rows(&mut *live, 1);
    assert_eq!((got.numbers("n"), got.gaps.len()), (vec![3], 1));
    let start = [(0, got.chunks.last().unwrap().offsets.end)].into();
    hand.send(("d,4\n", ByteEvent::Bytes(Instant::now()))).unwrap();
    assert_eq!(rows(&mut *live, 1).numbers("n"), [4]);
    // Behind the header, whose columns stand in another order than those of the first.
    let mut later = read_with(recording.play(), &ReadOptions { start, ..ReadOptions::default() });
    let got = until(&mut *later, |got| got.frame.height() + got.rejects.count as usize > 0);
    assert_eq!((got.numbers("n"), got.rejects.count), (vec![4], 0));
}

/// A kind that waits, connects again, and cannot be read again; its server is down.
static PATIENT: LiveKind = LiveKind {
    schemes: &["patient"],
    title: "Patient",
    about: "Waits, and connects again.",
    example: "patient://host/",
    settings: &[],
    origin: Origin::Network,
    can_wait: true,
    rereadable: false,
    reconnects: true,
    open: |url, _| Err(Fault::new("nothing listens there").at(url.shown())),
};

#[test]
fn a_recorded_feed_that_waits_and_connects_again_outlives_a_server_that_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let place =
        RecordingPlace { workspace: folder.path().to_owned(), table: "r".into(), keep: Keep::default(), rests: false };
    let address = url("patient://host/");
    let subject = || Subject { url: address.clone(), kind: &PATIENT, expect: Expect::default() };
    let waits = |recording: &Arc<Recording>| {
        let mut live = read(recording.play());
        let told = |got: &crate::live::Got| got.ended || !got.troubles.is_empty();
        let got = until(&mut *live, |got| told(got) && got.frame.height() == 2);
        assert!(!got.ended && got.troubles.iter().any(|said| said.contains("trying again")), "{:?}", got.troubles);
        assert_eq!(got.numbers("n"), [1, 2]);
    };
    let (hand, taken) = handed("ndjson", "{\"n\":1}\n{\"n\":2}\n");
    let recording = Recording::start(subject(), Some(&place), Some(taken), Wake::silent()).unwrap();
    // The connection breaks.
    hand.send(("", ByteEvent::End)).unwrap();
    waits(&recording);
    drop(recording);
    stopped(&place.folder(&address));
    // And the server is still down when another process takes the recording up.
    waits(&Recording::start(subject(), Some(&place), None, Wake::silent()).unwrap());
}

/// Waits until the thread that records is gone.
fn stopped(folder: &Path) {
    let begin = Instant::now();
    while let Err(fault) = Log::open(folder, LogOptions::default()) {
        assert!(begin.elapsed() < LONG, "{fault}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
