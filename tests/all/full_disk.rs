//! Laws of a workspace on a full disk: every row is in the answer, in the recording, or counted as what it is not in.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use braid::engine::recording::{Recording, RecordingPlace};
use braid::source::live::byte_source::{ByteEvent, ByteSource};
use braid::source::live::{Expect, Opened, stdin};
use braid::store::log::{Keep, Log, LogOptions};
use braid::sync::Wake;
use serde_json::Value;

use crate::cli::stderr;
use crate::live::{read, rows, settled, until, url};
use crate::log::Full;
use crate::recording::{Ticker, subject, taken};

fn options(room: &Arc<AtomicI64>) -> LogOptions {
    LogOptions { medium: Arc::new(Full(room.clone())), ..LogOptions::default() }
}

/// What another process finds in a recording: its bytes, and what it says of what is missing.
fn found(folder: &Path) -> (Vec<u8>, Vec<String>) {
    let begin = Instant::now();
    // The thread that recorded lets go of it soon.
    let log = loop {
        match Log::open(folder, LogOptions::default()) {
            Ok((log, faults)) => {
                assert!(faults.is_empty(), "{faults:?}");
                break log;
            }
            Err(fault) => assert!(begin.elapsed() < Duration::from_secs(30), "{fault}"),
        }
    };
    let (mut reader, mut bytes, mut gaps) = (log.reader(), Vec::new(), Vec::new());
    loop {
        match reader.poll(Duration::from_millis(10), &mut bytes).unwrap() {
            ByteEvent::Gap(said) => gaps.push(said.reason),
            ByteEvent::Quiet | ByteEvent::End => break,
            _ => {}
        }
    }
    (bytes, gaps)
}

fn place(folder: &Path) -> RecordingPlace {
    RecordingPlace { workspace: folder.to_owned(), table: "r".to_owned(), keep: Keep::default(), rests: false }
}

#[test]
fn what_a_feed_that_cannot_wait_sends_while_the_disk_is_full_is_answered_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let room = Arc::new(AtomicI64::new(2_000));
    let place = place(folder.path());
    let recording = Recording::start_with(
        options(&room),
        subject("ws://host/"),
        Some(&place),
        Some(taken(Box::new(Ticker(0)))),
        Wake::silent(),
    )
    .unwrap();
    let mut live = read(recording.play());
    let got = until(&mut *live, |got| !got.troubles.is_empty());
    assert!(got.troubles[0].contains("in the answer and not in the recording"), "{:?}", got.troubles);
    let more = rows(&mut *live, 300);
    assert!(recording.log().unrecorded().rows > 0 && recording.log().unrecorded().why.is_some());
    room.store(1 << 40, Ordering::SeqCst);
    let begin = Instant::now();
    let mut rest = Vec::new();
    while recording.log().unrecorded().why.is_some() {
        assert!(begin.elapsed() < Duration::from_secs(30));
        rest.extend(rows(&mut *live, 1).numbers("n"));
    }
    rest.extend(rows(&mut *live, 50).numbers("n"));
    // The question has them all.
    let all = [got.numbers("n"), more.numbers("n"), rest].concat();
    assert_eq!(all, (0..all.len() as i64).collect::<Vec<_>>());
    // The recording says what it lacks: no more and no less.
    let lacks = recording.log().unrecorded();
    assert_eq!((lacks.dropped, lacks.waiting), (0, 0));
    let folder = recording.log().folder().to_owned();
    drop((live, recording));
    let (bytes, gaps) = found(&folder);
    assert!(
        matches!(&gaps[..], [gap] if gap.starts_with(&format!("{} rows could not be recorded", lacks.rows))),
        "{gaps:?}"
    );
    let number = |line: &str| line.strip_prefix("{\"n\":").unwrap().strip_suffix('}').unwrap().parse::<u64>().unwrap();
    let kept: Vec<u64> = std::str::from_utf8(&bytes).unwrap().lines().map(number).collect();
    let hole: u64 = kept.windows(2).map(|pair| pair[1] - pair[0] - 1).sum();
    assert_eq!((kept[0], hole), (0, lacks.rows));
}

#[test]
fn a_pipe_on_a_disk_that_stays_full_is_held_back_for_a_while_and_then_answered_whole() {
    const ROWS: i64 = 300_000;
    let folder = tempfile::tempdir().unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let room = Arc::new(AtomicI64::new(400_000));
    let feeding = std::thread::Builder::new()
        .spawn(move || {
            for n in 0..ROWS {
                writer.write_all(format!("{{\"n\":{n},\"s\":\"row {n}\"}}\n").as_bytes()).unwrap();
            }
        })
        .unwrap();
    let mut stream = Box::new(stdin::rows(reader, &url("stdin:"), &Expect::default()).unwrap());
    settled(&mut *stream);
    let place = place(folder.path());
    let recording = Recording::start_with(
        options(&room),
        subject("stdin:"),
        Some(&place),
        Opened::into_parts(stream),
        Wake::silent(),
    )
    .unwrap();
    let mut live = read(recording.play());
    let got = until(&mut *live, |got| got.ended || got.frame.height() == ROWS as usize);
    assert_eq!(got.numbers("n"), (0..ROWS).collect::<Vec<_>>());
    feeding.join().unwrap();
    let lacks = recording.log().unrecorded();
    assert!(lacks.rows > 0 && lacks.rows < ROWS as u64, "{lacks:?}");
    // No checkpoint shall speak of positions that the log on disk does not know of.
    assert!(recording.log().sync().is_err());
    room.store(1 << 40, Ordering::SeqCst);
    recording.log().sync().unwrap();
    let folder = recording.log().folder().to_owned();
    drop((live, recording));
    let (bytes, gaps) = found(&folder);
    let recorded = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    assert_eq!(recorded + lacks.rows, ROWS as u64);
    assert!(gaps[0].starts_with(&format!("{} rows could not be recorded", lacks.rows)), "{gaps:?}");
}

/// Runs with a workspace whose files may not grow beyond a few kilobytes, as another user's quota would have it.
fn limited(workspace: &Path, stats: &Path, text: &str) -> Output {
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_braid"),
        "run",
        "--live",
        "r=stdin:",
        "--sql",
        "SELECT count(*) AS c, sum(n) AS s FROM r",
    ]);
    command.arg("--workspace").arg(workspace).arg("--stats").arg(stats);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut pipe, text) = (child.stdin.take().unwrap(), text.to_owned());
    // Where the run gives up early, what is left is nobody's.
    let feeding = std::thread::Builder::new().spawn(move || drop(pipe.write_all(text.as_bytes()))).unwrap();
    let out = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    out
}

#[cfg(unix)]
#[test]
fn a_run_whose_workspace_cannot_hold_its_pipe_answers_whole_says_so_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let stats = folder.path().join("stats.json");
    let text: String = (0..60_000).map(|n| format!("{{\"n\":{n},\"s\":\"some more text in row {n}\"}}\n")).collect();
    let out = limited(&folder.path().join("w"), &stats, &text);
    let said = stderr(&out);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert_eq!(String::from_utf8_lossy(&out.stdout), "c,s\n60000,1799970000\n", "{said}");
    let stats: Value = serde_json::from_slice(&fs::read(stats).unwrap()).unwrap();
    let lacking = stats["rows_not_recorded"].as_u64().unwrap();
    assert!(lacking > 0 && lacking <= 60_000, "{stats}");
    assert!(said.contains(&format!("{lacking} rows are in the answer and not in the recording")), "{said}");
    assert!(said.lines().last().unwrap().starts_with("braid: the workspace is not complete"), "{said}");
}

#[test]
fn a_disk_without_room_for_the_first_rows_keeps_none_from_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..100_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let (feed, stats) = (folder.path().join("feed.ndjson"), folder.path().join("stats.json"));
    fs::write(&feed, rows).unwrap();
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "ulimit -f 20; exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_braid"),
        "run",
        "--live",
        "t=stdin:",
        "--sql",
        "SELECT count(*) AS c FROM t",
    ]);
    command.args([
        "--workspace",
        &folder.path().join("w").display().to_string(),
        "--stats",
        &stats.display().to_string(),
    ]);
    let out = command.stdin(fs::File::open(&feed).unwrap()).output().unwrap();
    assert_eq!(
        (out.status.code(), String::from_utf8_lossy(&out.stdout).as_ref()),
        (Some(1), "c\n100000\n"),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let stats: Value = serde_json::from_slice(&fs::read(stats).unwrap()).unwrap();
    assert_eq!((&stats["rows_in"], &stats["rows_not_recorded"]), (&100_000.into(), &100_000.into()), "{stats}");
}
