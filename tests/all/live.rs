//! Laws of the live sources that need no network: growing files, pipes and replays.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use braid::data::chunk::CHUNK_ROWS;
use braid::data::{Chunk, Fault, Rejects, format};
use braid::source::history::open_history;
use braid::source::live::{
    self, COMMON, Event, Expect, FeedUrl, LIVE_KINDS, Opened, ReadOptions, Reading, SettingKind,
};
use polars::prelude::*;
use tempfile::TempDir;

const WAIT: Duration = LONG;
const SHORT: Duration = Duration::from_millis(120);
/// What takes longer hangs, on however slow a machine.
pub const LONG: Duration = Duration::from_secs(60);

pub fn url(text: &str) -> FeedUrl {
    FeedUrl::parse(text).unwrap()
}

pub fn open(text: &str) -> Box<dyn Opened> {
    live::open(&url(text), Expect::default()).unwrap()
}

fn refused(text: &str) -> Fault {
    match live::open(&url(text), Expect::default()) {
        Ok(_) => panic!("{text} was opened"),
        Err(fault) => fault,
    }
}

pub fn settled(feed: &mut dyn Opened) -> SchemaRef {
    feed.settle(WAIT).unwrap().expect("nothing arrived")
}

/// Reads all columns of a feed once it is settled.
pub fn read(feed: Box<dyn Opened>) -> Box<dyn Reading> {
    read_with(feed, &ReadOptions::default())
}

/// Reads these columns of a feed once it is settled.
pub fn read_columns(feed: Box<dyn Opened>, columns: &[usize]) -> Box<dyn Reading> {
    read_with(feed, &ReadOptions::columns(columns.to_vec()))
}

pub fn read_with(mut feed: Box<dyn Opened>, options: &ReadOptions) -> Box<dyn Reading> {
    settled(&mut *feed);
    feed.read(options).unwrap()
}

/// What a feed gave.
#[derive(Default)]
pub struct Got {
    pub frame: DataFrame,
    pub rejects: Rejects,
    pub gaps: Vec<String>,
    pub troubles: Vec<String>,
    pub notes: Vec<String>,
    pub repeated: u64,
    pub missing: u64,
    pub chunks: Vec<Chunk>,
    pub ended: bool,
}

impl Got {
    fn take(&mut self, event: Event) {
        match event {
            Event::Chunk(chunk) => {
                assert!(chunk.frame.height() <= CHUNK_ROWS);
                assert!(chunk.arrived.is_some());
                self.frame = if self.frame.width() == 0 {
                    chunk.frame.clone()
                } else {
                    self.frame.vstack(&chunk.frame).unwrap()
                };
                self.rejects.add(chunk.rejects.clone());
                self.chunks.push(chunk);
            }
            Event::Gap { reason } => self.gaps.push(reason),
            Event::Trouble { reason } => self.troubles.push(reason),
            Event::Note { reason } => self.notes.push(reason),
            Event::Numbers(said) => {
                self.repeated += said.repeated;
                self.missing += said.missing;
            }
            Event::Quiet => {}
            Event::End => self.ended = true,
        }
    }

    pub fn numbers(&self, column: &str) -> Vec<i64> {
        if self.frame.width() == 0 {
            return Vec::new();
        }
        self.frame.column(column).unwrap().i64().unwrap().into_no_null_iter().collect()
    }
}

/// Polls until `enough`, or fails after a while.
pub fn until(live: &mut dyn Reading, enough: impl Fn(&Got) -> bool) -> Got {
    let (begin, mut got) = (Instant::now(), Got::default());
    while !enough(&got) {
        assert!(
            begin.elapsed() < LONG,
            "gaps {:?}, troubles {:?}, rows {}",
            got.gaps,
            got.troubles,
            got.frame.height()
        );
        got.take(live.poll(Duration::from_millis(50)).unwrap());
    }
    got
}

pub fn rows(live: &mut dyn Reading, count: usize) -> Got {
    until(live, |got| got.frame.height() >= count)
}

pub fn to_end(live: &mut dyn Reading) -> Got {
    until(live, |got| got.ended)
}

fn all(text: &str) -> Got {
    let mut live = read(open(text));
    to_end(&mut *live)
}

fn quiet(live: &mut dyn Reading) {
    let event = live.poll(SHORT).unwrap();
    assert!(matches!(event, Event::Quiet), "{event:?}");
}

pub fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

pub fn objects(numbers: std::ops::Range<i64>) -> String {
    numbers.map(|n| format!("{{\"n\":{n},\"s\":\"row {n}\"}}\n")).collect()
}

pub fn place(name: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

pub fn feed(path: &Path) -> String {
    format!("file:{}", path.display())
}

fn history(path: &Path) -> DataFrame {
    let history = open_history(path, None).unwrap();
    let columns: Vec<usize> = (0..history.schema().len()).collect();
    let mut reader = history.open(&columns).unwrap();
    let mut frame = DataFrame::empty_with_schema(history.schema());
    while let Some(piece) = reader.next().unwrap() {
        for chunk in piece.decode().unwrap() {
            frame = frame.vstack(&chunk.frame).unwrap();
        }
    }
    frame
}

// ---- kinds and addresses

#[test]
fn every_kind_tells_what_it_is_and_can_be_named_as_its_example_says() {
    for kind in LIVE_KINDS {
        assert!(!kind.title.is_empty() && kind.about.ends_with('.'), "{kind:?}");
        let example = url(kind.example);
        assert_eq!(live::kind_of(&example).unwrap().title, kind.title);
        let names: Vec<&str> = kind.all_settings().map(|setting| setting.name).collect();
        for name in example.params.keys() {
            assert!(names.contains(&name.as_str()), "{}: {name}", kind.example);
        }
        for setting in kind.all_settings() {
            assert_eq!(setting.name, setting.name.to_ascii_lowercase());
            let odd = kind.check(&url(kind.example).with(setting.name, "no such thing").unwrap()).err();
            let any = matches!(setting.kind, SettingKind::Text | SettingKind::Path | SettingKind::Secret);
            assert_eq!(odd.is_none(), any, "{}: {odd:?}", setting.name);
            assert!(odd.is_none_or(|odd| odd.what.contains(&setting.kind.wanted())), "{}", setting.name);
            assert!(!setting.about.is_empty() && !setting.default.is_empty(), "{}", setting.name);
            assert_eq!(names.iter().filter(|name| **name == setting.name).count(), 1, "{}", setting.name);
        }
        assert!(COMMON.iter().all(|common| names.contains(&common.name)));
    }
}

#[test]
fn an_unknown_scheme_or_parameter_names_those_there_are_and_the_nearest() {
    let fault = refused("reply:x.csv");
    assert!(fault.hint.to_string().contains("did you mean replay:"), "{fault}");
    let fault = refused("no-such-kind://host/queue");
    for kind in LIVE_KINDS {
        assert!(kind.schemes.iter().all(|scheme| fault.hint.to_string().contains(&format!("{scheme}:"))), "{fault}");
    }
    let fault = refused("file:x.csv?folow=true");
    assert!(fault.what.contains("'folow'") && fault.hint.to_string().contains("did you mean follow"), "{fault}");
    assert!(["follow", "from", "format", "time"].iter().all(|name| fault.hint.to_string().contains(name)), "{fault}");
    assert!(refused("file:x.csv?follow=perhaps").what.contains("true or false"));
    assert!(refused("file:x.csv?format=jsn").hint.to_string().contains("did you mean json"));
    assert!(refused("file:").what.contains("names no file"));
}

#[test]
fn what_is_shown_of_an_address_holds_no_secret() {
    let shown = url("wss://ann:hunter2@example.org/a?subscribe={\"token\":\"abc\"}&format=json").shown();
    assert_eq!(shown, "wss://example.org/a?format=json&subscribe=…");
    assert_eq!(url("replay:a@b.csv?speed=60").shown(), "replay:a@b.csv?speed=60");
}

// ---- growing files

#[test]
fn a_followed_file_gives_every_line_once_when_it_is_complete() {
    let (_folder, path) = place("grows.ndjson");
    append(&path, &objects(0..3));
    let mut live = open(&feed(&path));
    assert_eq!(settled(&mut *live).iter_names().map(|n| n.to_string()).collect::<Vec<_>>(), ["n", "s"]);
    let mut live = read(live);
    let first = rows(&mut *live, 3);
    assert_eq!(first.numbers("n"), [0, 1, 2]);
    quiet(&mut *live);
    append(&path, &objects(3..5));
    append(&path, "{\"n\":5,");
    let second = rows(&mut *live, 2);
    assert_eq!(second.numbers("n"), [3, 4]);
    quiet(&mut *live);
    append(&path, "\"s\":\"late\"}\n");
    let third = rows(&mut *live, 1);
    assert_eq!(third.numbers("n"), [5]);
    // The positions join without a hole, and end at the file's end.
    let offsets: Vec<_> =
        [first, second, third].iter().flat_map(|got| got.chunks.iter().map(|chunk| chunk.offsets.clone())).collect();
    assert_eq!(offsets.first().unwrap().start, 0);
    assert!(offsets.windows(2).all(|pair| pair[0].end == pair[1].start), "{offsets:?}");
    assert_eq!(offsets.last().unwrap().end, path.metadata().unwrap().len());
}

#[test]
fn a_poll_waits_no_longer_than_it_may() {
    let (_folder, path) = place("still.csv");
    append(&path, "n,s\n1,a\n");
    let mut live = read(open(&feed(&path)));
    rows(&mut *live, 1);
    let begin = Instant::now();
    quiet(&mut *live);
    assert!(begin.elapsed() >= SHORT && begin.elapsed() < LONG, "{:?}", begin.elapsed());
}

#[test]
fn only_the_columns_asked_for_are_handed_out_in_the_order_asked_for() {
    let (_folder, path) = place("columns.csv");
    append(&path, "a,b,c\n1,x,true\n2,y,false\n");
    let mut live = read_columns(open(&format!("{}?follow=false", feed(&path))), &[2, 0]);
    let got = to_end(&mut *live);
    assert_eq!(got.frame.get_column_names().iter().map(|n| n.as_str()).collect::<Vec<_>>(), ["c", "a"]);
    assert_eq!(got.numbers("a"), [1, 2]);

    let mut live = read_columns(open(&format!("{}?follow=false", feed(&path))), &[]);
    assert_eq!(to_end(&mut *live).chunks.iter().map(Chunk::rows_in).sum::<u64>(), 2);
}

#[test]
fn a_rotated_file_is_read_to_its_end_before_the_new_one_begins() {
    let (folder, path) = place("log.csv");
    append(&path, "n,s\n1,a\n2,b\n");
    let mut live = read(open(&feed(&path)));
    rows(&mut *live, 2);
    // Lines that come just before and just after the move, and a last one that has no line end.
    append(&path, "3,c\n");
    fs::rename(&path, folder.path().join("log.csv.1")).unwrap();
    append(&folder.path().join("log.csv.1"), "4,d\n5,e");
    append(&path, "n,s\n6,f\n");
    let got = rows(&mut *live, 4);
    assert_eq!(got.numbers("n"), [3, 4, 5, 6]);
    assert!(got.gaps.is_empty() && got.rejects.is_empty(), "{:?} {:?}", got.gaps, got.rejects);
    append(&path, "7,g\n");
    assert_eq!(rows(&mut *live, 1).numbers("n"), [7]);
}

#[test]
fn a_new_file_may_order_its_columns_otherwise_but_must_have_them() {
    let (folder, path) = place("log.csv");
    append(&path, "n,s\n1,a\n");
    let mut live = read_columns(open(&feed(&path)), &[0]);
    rows(&mut *live, 1);
    fs::rename(&path, folder.path().join("old")).unwrap();
    append(&path, "extra,s,n\n9,x,2\n");
    assert_eq!(rows(&mut *live, 1).numbers("n"), [2]);
    fs::rename(&path, folder.path().join("older")).unwrap();
    append(&path, "m,s\n3,x\n");
    let begin = Instant::now();
    let fault = loop {
        assert!(begin.elapsed() < WAIT);
        if let Err(fault) = live.poll(SHORT) {
            break fault;
        }
    };
    assert!(fault.what.contains("no column 'n'"), "{fault}");
}

#[test]
fn a_truncated_file_is_told_as_a_gap_and_begins_again() {
    let (_folder, path) = place("short.ndjson");
    append(&path, &objects(0..50));
    append(&path, "{\"n\":50,\"s\":\"cut of");
    let mut live = read(open(&feed(&path)));
    rows(&mut *live, 50);
    quiet(&mut *live);
    File::create(&path).unwrap();
    append(&path, &objects(100..102));
    let got = rows(&mut *live, 2);
    assert_eq!(got.numbers("n"), [100, 101]);
    assert!(matches!(&got.gaps[..], [gap] if gap.contains("truncated") && gap.contains("unknown")), "{:?}", got.gaps);
    // The line that was never finished did not vanish.
    assert_eq!(got.rejects.count, 1);
    assert_eq!((got.rejects.kept[0].line, got.rejects.kept[0].body.as_str()), (51, "{\"n\":50,\"s\":\"cut of"));
    assert_eq!(got.chunks.last().unwrap().offsets.end, path.metadata().unwrap().len());
}

#[test]
fn a_file_that_was_written_anew_and_is_longer_already_is_not_taken_for_the_old_one() {
    let (_folder, path) = place("anew.ndjson");
    append(&path, &objects(0..3));
    let mut live = read(open(&feed(&path)));
    rows(&mut *live, 3);
    fs::write(&path, objects(200..210)).unwrap();
    let got = rows(&mut *live, 10);
    assert_eq!(got.numbers("n"), (200..210).collect::<Vec<_>>());
    assert_eq!(got.gaps.len(), 1);
}

#[test]
fn a_missing_file_is_trouble_while_it_is_followed_and_a_fault_when_it_is_not() {
    let (_folder, path) = place("later.ndjson");
    assert!(refused(&format!("{}?follow=false", feed(&path))).what.contains("no such file"));
    let mut live = open(&feed(&path));
    assert!(live.settle(SHORT).unwrap().is_none());
    append(&path, &objects(0..2));
    let mut live = read(live);
    let got = rows(&mut *live, 2);
    assert!(matches!(&got.troubles[..], [trouble] if trouble.contains("waiting")), "{:?}", got.troubles);
    assert_eq!(got.numbers("n"), [0, 1]);
}

#[test]
fn a_header_that_is_rotated_away_before_any_row_does_not_settle_the_types() {
    let (folder, path) = place("early.csv");
    append(&path, "n,s\n");
    let mut live = open(&feed(&path));
    assert!(live.settle(SHORT).unwrap().is_none());
    fs::rename(&path, folder.path().join("old")).unwrap();
    append(&path, "n,s\n1,a\n");
    assert_eq!(settled(&mut *live).get("n"), Some(&DataType::Int64));
    let mut live = read(live);
    assert_eq!(rows(&mut *live, 1).numbers("n"), [1]);
}

#[test]
fn a_file_that_is_deleted_and_written_again_goes_on() {
    let (_folder, path) = place("back.ndjson");
    append(&path, &objects(0..2));
    let mut live = read(open(&feed(&path)));
    rows(&mut *live, 2);
    fs::remove_file(&path).unwrap();
    let got = until(&mut *live, |got| !got.troubles.is_empty());
    assert!(got.troubles[0].contains("gone"), "{:?}", got.troubles);
    append(&path, &objects(7..9));
    assert_eq!(rows(&mut *live, 2).numbers("n"), [7, 8]);
}

#[test]
fn read_once_a_file_gives_what_it_gives_as_history() {
    let (folder, csv) = place("a.csv");
    append(&csv, "t,x,s\n");
    for i in 0..40_000 {
        append_fast(&csv, i);
    }
    flush_fast(&csv);
    append(&csv, "2001-02-03T04:05:06,1.5,\"last, without a line end\"");
    let expected = history(&csv);
    assert_eq!(expected.height(), 40_001);
    let mut paths = vec![csv.clone()];
    for name in ["a.ndjson", "a.json", "a.parquet", "a.arrow"] {
        let path = folder.path().join(name);
        if format::write_frame(&expected, &path).is_ok() {
            paths.push(path);
        }
    }
    assert!(paths.len() >= 4, "{paths:?}");
    let packed = folder.path().join("b.csv.gz");
    let mut gz = flate2::write::GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::fast());
    gz.write_all(&fs::read(&csv).unwrap()).unwrap();
    gz.finish().unwrap();
    paths.push(packed);
    for path in paths {
        let got = all(&format!("{}?follow=false", feed(&path)));
        assert!(got.frame.equals_missing(&history(&path)), "{}: {} and {}", path.display(), got.frame, history(&path));
        assert!(got.chunks.iter().map(|chunk| chunk.bytes).sum::<u64>() > 0);
    }
}

thread_local!(static LINES: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) });

fn append_fast(_: &Path, i: i64) {
    use std::fmt::Write as _;
    let (minute, second) = (i / 60 % 60, i % 60);
    LINES.with_borrow_mut(|lines| {
        writeln!(lines, "2001-01-01T{:02}:{minute:02}:{second:02},{},é{i}", i / 3600, i as f64 / 4.0).unwrap()
    });
}

fn flush_fast(path: &Path) {
    append(path, &LINES.take());
}

#[test]
fn a_columnar_or_packed_file_is_not_followed() {
    let (_folder, path) = place("a.parquet");
    format::write_frame(&df!("n" => [1_i64, 2]).unwrap(), &path).unwrap();
    let fault = refused(&feed(&path));
    assert!(fault.what.contains("cannot be followed") && fault.hint.to_string().contains("follow=false"), "{fault}");
    let (_folder, path) = place("plain.csv");
    append(&path, "n\n1\n");
    assert!(refused(&format!("{}?format=parquet", feed(&path))).what.contains("cannot be followed"));
    assert!(refused(&feed(path.parent().unwrap())).what.contains("folder"));
}

#[test]
fn reading_can_begin_at_a_byte_and_lines_keep_their_numbers() {
    let (_folder, path) = place("from.csv");
    let before = "n,s\n1,a\n2,b\n";
    append(&path, before);
    append(&path, "3,c\noops,d,e\n4,f\n");
    let got = all(&format!("{}?follow=false&from={}", feed(&path), before.len()));
    assert_eq!(got.numbers("n"), [3, 4]);
    assert_eq!(got.chunks[0].offsets, before.len() as u64..path.metadata().unwrap().len());
    assert_eq!(got.rejects.kept[0].line, 5, "{:?}", got.rejects);
    assert_eq!(all(&format!("{}?follow=false&from=1", feed(&path))).numbers("n"), [1, 2, 3, 4]);
}

#[test]
fn types_that_the_table_knows_hold_for_the_feed() {
    let (_folder, path) = place("known.ndjson");
    append(&path, "{\"x\":1}\n{\"x\":2.5}\n");
    let known =
        Schema::from_iter([Field::new("x".into(), DataType::Float64), Field::new("y".into(), DataType::String)]);
    let expect = Expect { known: Some(known.into()), time: None, ..Expect::default() };
    let mut live = live::open(&url(&format!("{}?follow=false", feed(&path))), expect.clone()).unwrap();
    assert_eq!(settled(&mut *live).get("x"), Some(&DataType::Float64));
    let mut live = read(live);
    assert_eq!(to_end(&mut *live).frame.column("x").unwrap().f64().unwrap().sum(), Some(3.5));
    // A feed without rows ends at once where the types are known, and is a fault where they are not.
    let (_folder, empty) = place("empty.ndjson");
    append(&empty, "");
    let address = format!("{}?follow=false", feed(&empty));
    let mut live = read(live::open(&url(&address), expect).unwrap());
    assert_eq!(to_end(&mut *live).frame.height(), 0);
    assert!(open(&address).settle(SHORT).unwrap_err().what.contains("no rows"));
}

#[test]
fn text_in_another_encoding_is_followed_and_utf_16_says_why_not() {
    let (_folder, path) = place("gbk.csv");
    let (bytes, _, _) = encoding_rs::GBK.encode("城市,人口\n北京,21\n上海,24\n广州,18\n深圳,17\n成都,20\n重庆,32\n");
    fs::write(&path, &bytes).unwrap();
    let mut live = open(&feed(&path));
    assert_eq!(settled(&mut *live).iter_names().map(|n| n.to_string()).collect::<Vec<_>>(), ["城市", "人口"]);
    let mut live = read(live);
    assert_eq!(rows(&mut *live, 6).numbers("人口"), [21, 24, 18, 17, 20, 32]);
    let (more, _, _) = encoding_rs::GBK.encode("武汉,13\n");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&more).unwrap();
    let got = rows(&mut *live, 1);
    assert_eq!(got.frame.column("城市").unwrap().str().unwrap().get(0), Some("武汉"));
    assert_eq!(got.chunks.last().unwrap().offsets.end, path.metadata().unwrap().len());

    let (_folder, path) = place("marked.csv");
    fs::write(&path, "\u{feff}n,s\n1,a\n").unwrap();
    let got = all(&format!("{}?follow=false", feed(&path)));
    assert_eq!((got.numbers("n"), got.chunks[0].offsets.end), (vec![1], path.metadata().unwrap().len()));

    let (_folder, path) = place("wide.csv");
    let wide: Vec<u8> = "n,s\n1,a\n2,b\n3,c\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(&path, [b"\xff\xfe".to_vec(), wide].concat()).unwrap();
    assert!(refused(&feed(&path)).what.contains("cannot be followed"));
    assert_eq!(all(&format!("{}?follow=false", feed(&path))).numbers("n"), [1, 2, 3]);
}

#[test]
fn a_record_without_end_is_set_aside_and_the_next_ones_are_read() {
    let (_folder, path) = place("long.ndjson");
    append(&path, &objects(0..2));
    append(&path, &"x".repeat(70 << 20));
    append(&path, "\n");
    append(&path, &objects(2..4));
    let got = all(&format!("{}?follow=false", feed(&path)));
    assert_eq!(got.numbers("n"), [0, 1, 2, 3]);
    assert_eq!((got.rejects.count, got.rejects.kept[0].line), (1, 3));
    assert!(got.chunks.windows(2).all(|pair| pair[0].offsets.end == pair[1].offsets.start));
    assert_eq!(got.chunks.iter().map(|chunk| chunk.bytes).sum::<u64>(), path.metadata().unwrap().len());
}

// ---- pipes

#[cfg(unix)]
#[test]
fn a_pipe_gives_the_same_rows_however_its_bytes_arrive() {
    use braid::source::live::stdin;
    let text = format!("n,s\n{}", (0..500).map(|n| format!("{n},\"a \"\"b\"\"\nc\"\n")).collect::<String>());
    for step in [1, 7, 64, 1000, 1 << 20] {
        let (reader, mut writer) = std::io::pipe().unwrap();
        std::thread::scope(|scope| {
            let text = &text;
            scope.spawn(move || {
                for (i, part) in text.as_bytes().chunks(step).enumerate() {
                    writer.write_all(part).unwrap();
                    if i % 500 == 0 {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
            });
            let mut live = read(Box::new(stdin::rows(reader, &url("stdin:"), &Expect::default()).unwrap()));
            let got = to_end(&mut *live);
            assert_eq!(got.numbers("n"), (0..500).collect::<Vec<_>>(), "in steps of {step}");
            assert_eq!(got.frame.column("s").unwrap().str().unwrap().get(499), Some("a \"b\"\nc"));
            assert_eq!(got.chunks.last().unwrap().offsets.end, text.len() as u64);
        });
    }
}

#[cfg(unix)]
#[test]
fn a_silent_pipe_does_not_hold_up_its_reader_and_a_dense_one_is_handed_out_in_few_chunks() {
    use braid::source::live::stdin;
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut live = stdin::rows(reader, &url("stdin:?format=ndjson"), &Expect::default()).unwrap();
    let begin = Instant::now();
    assert!(live.settle(SHORT).unwrap().is_none());
    assert!(begin.elapsed() < LONG);
    writer.write_all(objects(0..1).as_bytes()).unwrap();
    let mut live = read(Box::new(live));
    assert_eq!(rows(&mut *live, 1).numbers("n"), [0]);
    quiet(&mut *live);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for n in 1..400 {
                writer.write_all(objects(n..n + 1).as_bytes()).unwrap();
                std::thread::sleep(Duration::from_micros(500));
            }
        });
        let got = to_end(&mut *live);
        assert_eq!(got.numbers("n"), (1..400).collect::<Vec<_>>());
        assert!(got.chunks.len() < 100, "{} chunks for 399 rows", got.chunks.len());
    });
}

// ---- replays

/// A file of `count` rows, `step` microseconds apart.
fn timed(name: &str, count: i64, step: i64) -> (TempDir, PathBuf) {
    let (folder, path) = place(name);
    let times = Int64Chunked::from_iter_values("t".into(), (0..count).map(|n| 978_307_200_000_000 + n * step))
        .into_datetime(TimeUnit::Microseconds, None);
    let numbers = Column::new("n".into(), (0..count).collect::<Vec<_>>());
    let frame = DataFrame::new_infer_height(vec![times.into_column(), numbers]).unwrap();
    format::write_frame(&frame, &path).unwrap();
    (folder, path)
}

fn replay(path: &Path, params: &str) -> String {
    format!("replay:{}?{params}", path.display())
}

#[test]
fn a_replay_at_full_speed_is_the_file() {
    for name in ["a.parquet", "a.csv"] {
        let (_folder, path) = timed(name, 300_000, 1_000);
        let got = all(&replay(&path, "speed=max"));
        assert!(got.frame.equals(&history(&path)), "{name}");
        let ends: Vec<u64> = got.chunks.iter().map(|chunk| chunk.offsets.end).collect();
        assert_eq!(ends.last(), Some(&300_000));
        assert!(got.chunks.windows(2).all(|pair| pair[0].offsets.end == pair[1].offsets.start));
        assert_eq!(got.chunks.iter().map(|chunk| chunk.bytes).sum::<u64>(), path.metadata().unwrap().len());
    }
}

#[test]
fn the_same_seed_gives_the_same_rows_however_they_are_handed_out() {
    let (_folder, path) = timed("a.parquet", 20_000, 100_000);
    let (_other, text) = timed("a.csv", 20_000, 100_000);
    let faults = "disorder=30s&duplicate=0.05&seed=7";
    let expected = all(&replay(&path, &format!("speed=max&{faults}"))).numbers("n");
    assert!(expected.len() > 20_000);
    // Another pace, another format (whose pieces are cut otherwise), other columns: the same rows.
    for (path, pace) in [(&path, "speed=4000"), (&path, "rate=40000"), (&text, "speed=max"), (&text, "speed=10000")] {
        let mut live = read_columns(open(&replay(path, &format!("{pace}&{faults}"))), &[1]);
        assert!(to_end(&mut *live).numbers("n") == expected, "{pace}");
    }
    assert!(all(&replay(&path, "speed=max&disorder=30s&duplicate=0.05&seed=8")).numbers("n") != expected);
}

#[test]
fn disorder_loses_no_row_and_delays_none_beyond_its_bound() {
    let (_folder, path) = timed("a.parquet", 50_000, 10_000);
    let got = all(&replay(&path, "speed=max&disorder=2s")).numbers("n");
    let mut sorted = got.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..50_000).collect::<Vec<_>>());
    let (mut newest, mut latest) = (0, 0);
    for n in &got {
        newest = newest.max(*n);
        latest = latest.max((newest - n) * 10_000);
    }
    // Below two seconds, and not by far: the disorder is real.
    assert!(latest < 2_000_000 && latest > 1_500_000, "{latest}");
}

#[test]
fn rows_without_a_time_and_rows_that_step_back_are_sent_at_once_and_none_is_lost() {
    let (_folder, path) = place("odd.csv");
    let second = |s: i64| format!("2001-01-01T00:00:{s:02}");
    let times = [Some(0), None, Some(5), Some(3), Some(6), None, Some(30), Some(1)];
    let lines: String =
        times.iter().enumerate().map(|(n, t)| format!("{},{n}\n", t.map(second).unwrap_or_default())).collect();
    fs::write(&path, format!("t,n\n{lines}")).unwrap();
    assert_eq!(all(&replay(&path, "speed=1000")).numbers("n"), (0..8).collect::<Vec<_>>());
    let mut disturbed = all(&replay(&path, "speed=max&disorder=1s")).numbers("n");
    disturbed.sort_unstable();
    assert_eq!(disturbed, (0..8).collect::<Vec<_>>());
}

#[test]
fn duplicates_come_as_often_as_they_shall_and_never_thrice() {
    let (_folder, path) = timed("a.parquet", 20_000, 1_000);
    for params in ["duplicate=0.1", "duplicate=0.1&disorder=1s"] {
        let got = all(&replay(&path, &format!("speed=max&{params}"))).numbers("n");
        let mut times = vec![0; 20_000];
        got.iter().for_each(|n| times[*n as usize] += 1);
        assert!(times.iter().all(|times| (1..=2).contains(times)));
        assert!((21_800..22_200).contains(&got.len()), "{}", got.len());
    }
    assert_eq!(all(&replay(&path, "speed=max&duplicate=1")).frame.height(), 40_000);
}

/// A stretch of a replay is just the rows that were sent between its ends, wherever they lie in what was read together.
#[test]
fn a_stretch_of_a_replay_is_what_was_sent_there() {
    let (_folder, path) = timed("a.parquet", 20_000, 100_000);
    for faults in ["", "&disorder=30s&duplicate=0.05&seed=7"] {
        let expected = all(&replay(&path, &format!("speed=max{faults}"))).numbers("n");
        for (from, until) in [(0, 0), (0, 7_000), (1, 19_999), (5_000, 9_000), (9_000, 9_000), (12_345, 20_000)] {
            let position = |at: u64| std::iter::once((0, at)).collect();
            let stretch = ReadOptions { start: position(from), stop: Some(position(until)), ..ReadOptions::default() };
            let mut live = read_with(open(&replay(&path, &format!("rate=1000{faults}"))), &stretch);
            let got = to_end(&mut *live).numbers("n");
            assert!(got == expected[from as usize..until as usize], "{from} to {until}{faults}: {} rows", got.len());
        }
    }
}

#[test]
fn a_replay_keeps_the_pace_of_its_times_in_few_chunks() {
    let (_folder, path) = timed("a.parquet", 30_000, 1_000);
    let mut live = read(open(&replay(&path, "speed=50")));
    let begin = Instant::now();
    let mut got = Got::default();
    while !got.ended {
        got.take(live.poll(Duration::from_millis(50)).unwrap());
        // No row comes before its time.
        let due = (begin.elapsed().as_secs_f64() * 50.0 * 1_000.0) as usize + 1;
        assert!(got.frame.height() <= due, "{} rows, {due} are due", got.frame.height());
    }
    let seconds = begin.elapsed().as_secs_f64();
    // Not at the pace of the times themselves.
    assert!((0.59..30.0).contains(&seconds), "{seconds} s instead of 0.6 s");
    assert_eq!(got.numbers("n"), (0..30_000).collect::<Vec<_>>());
    // Sixty a second at most.
    assert!(got.chunks.len() <= (seconds * 63.0) as usize + 2, "{} chunks", got.chunks.len());
}

#[test]
fn a_replay_begins_at_a_time_without_waiting_for_what_was_before() {
    let (_folder, path) = timed("a.parquet", 100, 60_000_000);
    let mut live = read(open(&replay(&path, "from=2001-01-01T01:30:00&speed=1")));
    // What was before would take an hour and a half.
    assert_eq!(rows(&mut *live, 1).numbers("n"), [90]);
    quiet(&mut *live);
    assert_eq!(all(&replay(&path, "from=2001-01-01 01:29:30&speed=max")).numbers("n"), (90..100).collect::<Vec<_>>());
    assert_eq!(all(&replay(&path, "from=2002-01-01&speed=max")).frame.height(), 0);
    assert!(refused(&replay(&path, "from=noon")).what.contains("not a time"));
}

#[test]
fn a_replay_that_is_hastened_catches_up_at_once_and_keeps_its_pace_from_there() {
    let (_folder, path) = timed("a.parquet", 100, 60_000_000);
    for pace in ["speed=1", "rate=0.001"] {
        let hasten = [(0, 60)].into_iter().collect();
        let mut live = read_with(open(&replay(&path, pace)), &ReadOptions { hasten, ..ReadOptions::default() });
        // At the pace of its times it would take an hour.
        let got = rows(&mut *live, 60);
        // The row whose turn it is then may come with them, none after it.
        let further = live.poll(SHORT).unwrap();
        let more = if let Event::Chunk(chunk) = further { chunk.frame.height() } else { 0 };
        assert!(more <= 1 && got.frame.height() + more <= 61, "{pace}: {} and {more}", got.frame.height());
        assert_eq!(got.numbers("n")[..60], (0..60).collect::<Vec<_>>()[..]);
        quiet(&mut *live);
    }
}

#[test]
fn a_file_without_times_needs_a_pace_of_its_own() {
    let (_folder, path) = place("plain.csv");
    fs::write(&path, format!("n,s\n{}", (0..100).map(|n| format!("{n},x\n")).collect::<String>())).unwrap();
    let fault = refused(&replay(&path, "speed=1"));
    assert!(fault.what.contains("no column that is a time") && fault.hint.to_string().contains("rate="), "{fault}");
    assert_eq!(all(&replay(&path, "speed=max")).frame.height(), 100);
    let begin = Instant::now();
    assert_eq!(all(&replay(&path, "rate=500")).numbers("n"), (0..100).collect::<Vec<_>>());
    assert!(begin.elapsed() >= Duration::from_millis(190), "{:?}", begin.elapsed());
    assert!(refused(&replay(&path, "rate=5&speed=2")).what.contains("both"));
    assert!(refused(&replay(&path, "speed=-1")).what.contains("speed=-1"));
    assert!(refused(&replay(&path, "speed=max&disorder=1s")).hint.to_string().contains("time=COLUMN"));
    assert!(refused(&replay(&path, "time=s")).what.contains("not a time"));
    // Whole numbers since 1970 are times where somebody says so.
    assert_eq!(all(&replay(&path, "time=n&speed=1000")).numbers("n"), (0..100).collect::<Vec<_>>());
    assert!(refused(&replay(&path, "time=m")).hint.to_string().contains('n'));
    assert!(refused(&replay(&path, "duplicate=2")).what.contains("0 to 1"));
    assert!(refused("replay:/no/such/file.csv").what.contains("no such file"));
}
