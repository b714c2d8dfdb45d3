//! The laws again, through the whole engine: real files, real feeds, threads, seams. And what a run promises:
//! snapshots early and complete, progress, cancel, bounded memory, faults that leave the rest standing.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::data::format::write_frame;
use braid::engine::open::{Given, open_table};
use braid::engine::seam::Gap;
use braid::engine::{Options, Run, Snapshot, Table};
use braid::query::{Partial, Plan, Query};
use braid::sync::{Cancel, Wake};
use polars::prelude::*;
use proptest::prelude::*;

/// Rows like those of a sensor: key, whole and decimal value, time.
pub fn sample(rows: usize, seed: u64) -> DataFrame {
    let mut random = fastrand::Rng::with_seed(seed);
    let keys: Vec<Option<String>> = (0..rows)
        .map(|_| {
            (random.u8(..12) > 0)
                .then(|| ["a", "b", "ä ö", "日本", "with \"quotes\", and\nlines"][random.usize(..5)].to_owned())
        })
        .collect();
    let ints: Vec<Option<i64>> =
        (0..rows).map(|_| (random.u8(..9) > 0).then(|| random.i64(-1_000_000..1_000_000))).collect();
    let floats: Vec<f64> = (0..rows).map(|_| (random.f64() - 0.5) * 1e6).collect();
    let times: Vec<i64> = (0..rows).map(|i| i as i64 * 40_000 - 50_000_000).collect();
    let time = Int64Chunked::from_vec("t".into(), times).into_datetime(TimeUnit::Microseconds, None);
    DataFrame::new(
        rows,
        vec![
            Column::new("k".into(), keys),
            Column::new("v".into(), ints),
            Column::new("x".into(), floats),
            time.into_column(),
        ],
    )
    .unwrap()
}

pub const QUESTION: &str = "SELECT k, tumble(t, INTERVAL '10 seconds') AS w, count(*) AS n, sum(v) AS s, avg(x) AS a, \
                            min(x) AS lo, max(v) AS hi, stddev(x) AS sd, count(DISTINCT v) AS d FROM r WHERE v IS \
                            NULL OR v > -900000 GROUP BY k, w";

pub fn one_go(frame: &DataFrame, sql: &str) -> DataFrame {
    let plan = Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), Some("t")).unwrap());
    let mut partial = Partial::new(plan).unwrap();
    partial.absorb(frame, None).unwrap();
    partial.answer(None).unwrap().frame
}

pub fn given(history: &[&Path], live: &[String]) -> Given {
    Given {
        name: "r".into(),
        history: history.iter().map(|p| p.display().to_string()).collect(),
        live: live.to_vec(),
        time: Some("t".into()),
        lateness: Some(Duration::from_secs(3600)),
        seam: None,
        rests: false,
    }
}

pub fn open(given: &Given) -> Table {
    open_table(given, Duration::from_secs(30), &Cancel::new()).unwrap_or_else(|f| panic!("{f}"))
}

pub fn start(table: &Table, sql: &str, options: Options) -> Run {
    let plan =
        Plan::new(&Query::parse(sql).unwrap(), sql, &table.schema, table.time.as_ref().map(|t| t.column.as_str()))
            .unwrap_or_else(|f| panic!("{f}"));
    Run::start(Arc::new(plan), Arc::new(table.clone()), options, Wake::silent()).unwrap_or_else(|f| panic!("{f}"))
}

/// Waits until a snapshot pleases; a minute is for ever.
pub fn wait(run: &Run, pleases: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(s) = run.latest().filter(|s| pleases(s)) {
            return s;
        }
        assert!(
            Instant::now() < until,
            "nothing after a minute; the last snapshot is {:?}",
            run.latest().map(|s| (s.version, s.rows, s.fault.clone(), s.notes.clone()))
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn answer(table: &Table, sql: &str, options: Options) -> Arc<Snapshot> {
    wait(&start(table, sql, options), |s| s.last)
}

pub fn assert_same(got: &DataFrame, want: &DataFrame) {
    assert!(got.equals_missing(want), "{}\nis not\n{}", braid::cli::table(got), braid::cli::table(want));
}

fn file(folder: &Path, name: &str, frame: &DataFrame) -> PathBuf {
    let path = folder.join(name);
    write_frame(frame, &path).unwrap();
    path
}

proptest! {
    #![proptest_config(crate::cases(12))]

    #[test]
    fn any_split_of_history_and_live_gives_the_same_answer(
        rows in 1_usize..3_000,
        share in 0.0..=1.0_f64,
        threads in 1_usize..5,
        seed in any::<u64>(),
        kind in 0_usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let frame = sample(rows, seed);
        let cut = (rows as f64 * share) as usize;
        let old = file(
            folder.path(),
            ["old.parquet", "old.csv", "old.ndjson", "old.arrow"][kind],
            &frame.head(Some(cut.max(1))),
        );
        let cut = cut.max(1);
        let new = file(
            folder.path(),
            ["new.ndjson", "new.csv", "new.csv", "new.ndjson"][kind],
            &frame.slice(cut as i64, rows - cut),
        );
        let live = if cut < rows { vec![format!("file:{}?follow=false", new.display())] } else { vec![] };
        let table = open(&given(&[&old], &live));
        let last = answer(&table, QUESTION, Options { threads, ..Options::default() });
        prop_assert_eq!(&last.fault, &None);
        assert_same(&last.answer, &one_go(&frame, QUESTION));
        prop_assert!(last.rows.conserved(), "{:?}", last.rows);
        prop_assert_eq!(last.rows.come_in, rows as u64);
        prop_assert_eq!(last.seam.history_rows, cut as u64);
        prop_assert_eq!(last.seam.live_rows, (rows - cut) as u64);
    }

    #[test]
    fn disorder_within_the_lateness_changes_nothing(
        rows in 1_usize..3_000,
        seed in any::<u64>(),
        threads in 1_usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let frame = sample(rows, seed);
        let path = file(folder.path(), "all.parquet", &frame);
        let table =
            open(&given(&[], &[format!("replay:{}?speed=max&disorder=20s&seed={}", path.display(), seed % 1000)]));
        let last = answer(&table, QUESTION, Options { threads, ..Options::default() });
        assert_same(&last.answer, &one_go(&frame, QUESTION));
        prop_assert_eq!(last.rows.late, 0);
    }

    #[test]
    fn late_rows_are_set_aside_counted_and_shown(rows in 500_usize..3_000, seed in any::<u64>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), "all.parquet", &sample(rows, seed));
        let mut given = given(
            &[],
            &[format!("replay:{}?speed=max&disorder=60s&rate=1000000", path.display()).replace("speed=max&", "")],
        );
        given.lateness = Some(Duration::ZERO);
        let last = answer(&open(&given), QUESTION, Options::default());
        prop_assert!(last.rows.conserved(), "{:?}", last.rows);
        prop_assert_eq!(last.late.height() as u64, last.rows.late);
        let n: i64 = last.answer.column("n").unwrap().i64().unwrap().iter().flatten().sum();
        prop_assert_eq!(n as u64, last.rows.shown);
    }
}

#[test]
fn a_log_read_once_has_a_seam_without_gap_or_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(2_000, 3);
    let log = file(folder.path(), "log.ndjson", &frame.head(Some(1_200)));
    let mut table = open(&given(&[&log], &[format!("file:{}", log.display())]));
    table.time.as_mut().unwrap().lateness = Duration::from_secs(3600);
    // More rows come after the table was opened.
    let rest = file(folder.path(), "rest.ndjson", &frame.slice(1_200, 800));
    fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(&fs::read(rest).unwrap()).unwrap();
    let run = start(&table, QUESTION, Options::default());
    wait(&run, |s| s.rows.come_in == 2_000);
    run.finish();
    let last = wait(&run, |s| s.last);
    assert_same(&last.answer, &one_go(&frame, QUESTION));
    assert_eq!(last.seam.kind, "position");
    assert_eq!((last.seam.history_rows, last.seam.live_rows), (1_200, 800));
    assert_eq!(last.seam.partitions.len(), 1);
    assert_eq!(last.seam.partitions[0].gap, Gap::Known(0));
    assert_eq!(last.seam.partitions[0].last_history, last.seam.partitions[0].first_live);
}

#[test]
fn a_seam_at_a_time_gives_each_row_to_one_face() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(1_000, 4);
    let all = file(folder.path(), "all.parquet", &frame);
    // Both faces hold every row; the seam takes each once.
    let mut given = given(&[&all], &[format!("replay:{}?speed=max", all.display())]);
    given.seam = Some("time:1969-12-31T23:59:30".into());
    let last = answer(&open(&given), QUESTION, Options::default());
    assert_same(&last.answer, &one_go(&frame, QUESTION));
    assert_eq!(last.seam.overlap_removed, 1_000);
    assert_eq!(last.seam.at, Some(-30_000_000));
    assert_eq!(last.seam.partitions[0].gap, Gap::Known(0), "one file on both sides leaves nothing out");
    assert_eq!(last.rows.come_in, 1_000);
}

#[test]
fn a_seam_by_key_counts_a_row_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut frame = sample(900, 5);
    frame.with_column(Column::new("id".into(), (0..900_i64).collect::<Vec<_>>())).unwrap();
    let old = file(folder.path(), "old.parquet", &frame.head(Some(600)));
    let new = file(folder.path(), "new.ndjson", &frame.slice(400, 500));
    let mut given = given(&[&old], &[format!("file:{}?follow=false", new.display())]);
    given.seam = Some("key:id".into());
    let last = answer(&open(&given), QUESTION, Options { threads: 3, ..Options::default() });
    assert_same(&last.answer, &one_go(&frame, QUESTION));
    assert_eq!(last.seam.overlap_removed, 200);
}

#[test]
fn the_first_snapshot_comes_before_the_last_and_says_how_much_it_covers() {
    let folder = tempfile::tempdir().unwrap();
    let big = file(folder.path(), "big.csv", &sample(400_000, 6));
    let table = open(&given(&[&big], &[]));
    let run = start(&table, QUESTION, Options { threads: 1, ..Options::default() });
    let first = wait(&run, |_| true);
    assert!(!first.last && first.history_share() < 1.0, "{}", first.history_share());
    assert!(first.answer.height() > 0);
    let last = wait(&run, |s| s.last);
    assert_eq!(last.history_share(), 1.0);
    assert_eq!(last.rows.come_in, 400_000);
    assert!(last.version > 1);
}

#[test]
fn finish_gives_a_complete_answer_of_what_was_read_and_drop_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "all.parquet", &sample(20_000, 7));
    let table = open(&given(&[], &[format!("replay:{}?rate=5000", path.display())]));
    let run = start(&table, QUESTION, Options::default());
    wait(&run, |s| s.rows.come_in > 100);
    run.finish();
    let last = wait(&run, |s| s.last);
    assert!(last.rows.come_in < 20_000 && last.rows.conserved());
    let n: i64 = last.answer.column("n").unwrap().i64().unwrap().iter().flatten().sum();
    assert_eq!(n as u64, last.rows.shown);
    drop(run);
}

#[test]
fn a_sum_beyond_64_bits_fails_clearly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.csv");
    fs::write(&path, "t,v\n2020-01-01 00:00:00,9223372036854775807\n2020-01-01 00:00:01,9223372036854775807\n")
        .unwrap();
    let last = answer(&open(&given(&[&path], &[])), "SELECT sum(v) AS s FROM r", Options::default());
    let fault = last.fault.as_ref().unwrap().to_string();
    assert!(fault.contains("sum(v)") && fault.contains("DOUBLE"), "{fault}");
    let last = answer(&open(&given(&[&path], &[])), "SELECT sum(CAST(v AS DOUBLE)) AS s FROM r", Options::default());
    assert_eq!(last.fault, None);
}

#[test]
fn a_field_that_comes_after_the_columns_are_settled_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let line = |n: usize, more: &str| format!("{{\"v\":{n},\"pad\":\"{}\"{more}}}\n", "x".repeat(100));
    let more = |n: usize| if n >= 19_000 { r#","ru\u006ds":1,"mood":null"# } else { "" };
    let text: String = (0..20_000).map(|n| line(n, more(n))).collect();
    let path = folder.path().join("old.ndjson");
    fs::write(&path, &text).unwrap();
    let plain = given(&[&path], &[]);
    let history = open(&Given { time: None, lateness: None, ..plain });
    let told = "the fields 'mood', 'rums' came after the columns were settled, and are not read";
    for sql in ["SELECT count(*) AS n FROM r", "SELECT sum(v) AS s FROM r WHERE v < 10"] {
        let last = answer(&history, sql, Options::default());
        assert_eq!((last.notes.clone(), last.rows.rejected), (vec![told.to_owned()], 0));
    }
    // Of a feed the first rows settle the columns.
    let feed = given(&[], &[format!("file:{}?follow=false", path.display())]);
    let live = open(&Given { time: None, lateness: None, ..feed });
    let last = answer(&live, "SELECT count(*) AS n FROM r", Options::default());
    assert!(last.notes.contains(&told.to_owned()), "{:?}", last.notes);
}

#[test]
fn one_file_that_fails_leaves_the_others_standing() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(1_000, 9);
    let good = file(folder.path(), "good.csv", &frame);
    let gone = file(folder.path(), "gone.csv", &frame);
    let table = open(&given(&[&gone, &good], &[]));
    fs::remove_file(&gone).unwrap();
    let last = answer(&table, QUESTION, Options::default());
    let fault = last.fault.as_ref().unwrap().to_string();
    assert!(fault.contains("gone.csv"), "{fault}");
    assert_eq!(last.rows.come_in, 1_000);
}

#[test]
fn a_table_remembers_a_feed_that_cannot_be_read_again() {
    use braid::engine::open::open_feed;
    // A WebSocket server that sends ten rows and then stays silent.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = std::thread::Builder::new()
        .spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut socket = tungstenite::accept(stream).unwrap();
            for i in 0..10 {
                socket.send(format!("{{\"k\":\"a\",\"v\":{i}}}").into()).unwrap();
            }
            let _ = socket.read();
        })
        .unwrap();
    let mut job = open_feed(Given { name: "w".into(), live: vec![url], ..Given::default() }, None, Wake::silent());
    let table = loop {
        if let Some(table) = job.take() {
            break table.unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    for sql in ["SELECT count(*) AS n FROM w", "SELECT sum(v) AS n FROM w"] {
        // Each question sees every row, also those that came before it was asked.
        let run = start(&table, sql, Options::default());
        let want = if sql.contains("sum") { 45 } else { 10 };
        wait(&run, |s| s.answer.column("n").unwrap().i64().unwrap().get(0) == Some(want));
    }
    drop(table);
    server.join().unwrap();
}

#[test]
fn a_feed_that_cannot_wait_counts_every_message_it_drops() {
    const SENT: u64 = 60_000;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = std::thread::Builder::new()
        .spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut socket = tungstenite::accept(stream).unwrap();
            for i in 0..SENT {
                socket.write(format!("{{\"k\":\"{}\",\"v\":{i}}}", i % 977).into()).unwrap();
            }
            socket.flush().unwrap();
            let _ = socket.read();
        })
        .unwrap();
    let table = open(&Given { name: "w".into(), live: vec![url], ..Given::default() });
    let run = start(
        &table,
        "SELECT k, count(*) AS n, count(DISTINCT v) AS d FROM w GROUP BY k",
        Options { threads: 1, ..Options::default() },
    );
    let s = wait(&run, |s| s.rows.come_in + s.rows.dropped >= SENT);
    assert_eq!(s.rows.come_in + s.rows.dropped, SENT, "what did not come in is counted as dropped");
    assert!(s.rows.conserved());
    run.finish();
    drop((run, table));
    server.join().unwrap();
}

#[test]
fn a_replayable_feed_waits_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "all.parquet", &sample(200_000, 12));
    let table = open(&given(&[], &[format!("replay:{}?speed=max", path.display())]));
    let last = answer(
        &table,
        "SELECT count(*) AS n, count(DISTINCT x) AS d FROM r",
        Options { threads: 1, ..Options::default() },
    );
    assert_eq!((last.rows.come_in, last.rows.dropped), (200_000, 0));
}

#[test]
fn what_is_said_of_an_answer_stays_while_only_the_clock_moves_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quiet.ndjson");
    fs::write(&path, "{\"v\":1}\n{\"v\":2}\n").unwrap();
    let table = open(&Given { name: "r".into(), live: vec![format!("file:{}", path.display())], ..Given::default() });
    let run = start(&table, "SELECT sum(v) / (count(*) - 2) AS q FROM r", Options::default());
    let told = |s: &Snapshot| s.notes.iter().any(|n| n.contains("division by zero"));
    let first = wait(&run, |s| s.rows.come_in == 2 && told(s));
    // The feed is silent now: later snapshots renew rates and watermark only.
    let later = wait(&run, |s| s.version > first.version + 1);
    assert!(told(&later), "{:?}", later.notes);
}
