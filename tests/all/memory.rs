//! Laws of the memory budget: an answer under a small one is the answer without one, with nothing lost on the way to
//! the disk and back; what cannot be answered within it says so, and what it would take.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use braid::cli::wording;
use braid::data::format::write_frame;
use braid::engine::open::Given;
use braid::engine::{Memory, Options, Run, Snapshot};
use polars::prelude::*;
use proptest::prelude::*;

use crate::run::{answer, assert_same, given, one_go, open, start, wait};
use crate::together;

/// Rows of many groups: a number, a text with nulls and a decimal make the key.
fn many(rows: usize, groups: i64, seed: u64) -> DataFrame {
    let mut random = fastrand::Rng::with_seed(seed);
    let ids: Vec<i64> = (0..rows).map(|_| random.i64(0..groups)).collect();
    let texts: Vec<Option<String>> =
        ids.iter().map(|id| (id % 7 > 0).then(|| format!("item {}", id % 1_000))).collect();
    let parts: Vec<f64> = ids.iter().map(|id| if id % 3 == 0 { -0.0 } else { *id as f64 / 3.0 }).collect();
    let values: Vec<i64> = (0..rows).map(|_| random.i64(-1_000..1_000)).collect();
    let floats: Vec<f64> = (0..rows).map(|_| random.f64() * 1e3).collect();
    let times = Int64Chunked::from_vec("t".into(), (0..rows as i64).map(|i| i * 1_000).collect())
        .into_datetime(TimeUnit::Microseconds, None);
    let columns = vec![
        Column::new("id".into(), ids),
        Column::new("k".into(), texts),
        Column::new("p".into(), parts),
        Column::new("v".into(), values),
        Column::new("x".into(), floats),
        times.into_column(),
    ];
    DataFrame::new(rows, columns).unwrap()
}

fn save(folder: &Path, name: &str, frame: &DataFrame) -> PathBuf {
    let path = folder.join(name);
    write_frame(frame, &path).unwrap();
    path
}

fn untimed(history: &[&Path], live: &[String]) -> Given {
    Given { time: None, ..given(history, live) }
}

/// All of an answer, in the order of its columns.
fn all(last: &Snapshot) -> DataFrame {
    let mut whole = last.answer.clone();
    if let Some(sealed) = &last.sealed {
        assert_eq!(whole.height(), 0, "what is read a part at a time is not in memory, too");
        sealed.each(|part| whole.vstack_mut(&part).map(drop).map_err(Into::into)).unwrap();
    }
    ordered(&whole)
}

fn ordered(frame: &DataFrame) -> DataFrame {
    let names = frame.get_column_names_owned();
    frame
        .sort(names.iter().filter(|n| !n.starts_with('f')).cloned().collect::<Vec<_>>(), SortMultipleOptions::default())
        .unwrap()
}

fn mib(size: f64) -> Option<Memory> {
    Some(Memory::new((size * 1024.0 * 1024.0) as u64))
}

const QUESTIONS: &[&str] = &[
    "SELECT id, count(*) AS n, sum(v) AS s, sum(x) AS fx, count(DISTINCT v) AS d, median(v) AS m FROM r GROUP BY id",
    "SELECT k, p, id, max(v) AS hi, stddev(v) AS fsd, last(v) AS l FROM r WHERE v > -900 GROUP BY k, p, id",
    "SELECT k, tumble(t, INTERVAL '1 second') AS w, id, count(*) AS n, first(v) AS a FROM r GROUP BY k, w, id",
    "SELECT id, session(t, INTERVAL '2 seconds') AS w, count(*) AS n FROM r GROUP BY id, w",
    "SELECT id, sum(v) AS s FROM r GROUP BY id HAVING count(*) > 2 ORDER BY s DESC, id LIMIT 100",
    "SELECT id % 5 AS five, sum(n) AS s FROM (SELECT id, count(*) AS n FROM r GROUP BY id) AS q GROUP BY five",
];

proptest! {
    #![proptest_config(crate::cases(12))]

    #[test]
    fn an_answer_in_little_memory_is_the_answer_in_any(
        rows in 2_000_usize..12_000,
        groups in 1_000_i64..40_000,
        question in 0_usize..5,
        share in 0.1..=1.0_f64,
        threads in 1_usize..4,
        seed in any::<u64>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let frame = many(rows, groups, seed);
        let cut = (rows as f64 * share) as usize;
        let old = save(folder.path(), "old.parquet", &frame.head(Some(cut)));
        let new = save(folder.path(), "new.csv", &frame.slice(cut as i64, rows - cut));
        let live = if cut < rows { vec![format!("file:{}?follow=false", new.display())] } else { vec![] };
        let last = answer(
            &open(&given(&[&old], &live)),
            QUESTIONS[question],
            Options { threads, memory: mib(1.0), ..Options::default() },
        );
        prop_assert_eq!(&last.fault, &None);
        prop_assert!(last.rows.conserved() && last.rows.come_in == rows as u64, "{:?}", last.rows);
        assert_close(&all(&last), &ordered(&one_go(&frame, QUESTIONS[question])));
    }
}

/// Equal, but for sums of decimals that were cut differently.
fn assert_close(got: &DataFrame, want: &DataFrame) {
    for (a, b) in got.columns().iter().zip(want.columns()).filter(|(a, _)| a.name().starts_with('f')) {
        let (a, b) = (a.f64().unwrap(), b.f64().unwrap());
        assert!(
            a.iter().zip(b.iter()).all(|(a, b)| a == b || (a.unwrap() - b.unwrap()).abs() <= 1e-9 * b.unwrap().abs()),
            "{a:?} is not {b:?}"
        );
    }
    let exact = |f: &DataFrame| f.drop_many(f.get_column_names_owned().into_iter().filter(|n| n.starts_with('f')));
    assert_same(&exact(got), &exact(want));
}

#[test]
fn groups_leave_for_disk_and_the_answer_comes_at_the_end_a_part_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let frame = many(200_000, 150_000, 4);
    let path = save(folder.path(), "all.csv", &frame);
    let run = start(
        &open(&untimed(&[&path], &[])),
        QUESTIONS[0],
        Options { memory: mib(4.0), threads: 2, ..Options::default() },
    );
    let before = wait(&run, |s| s.last || s.notes.iter().any(|n| n.starts_with("partial: ")));
    assert!(!before.last && before.answer.height() == 0, "{:?}", before.notes);
    let last = wait(&run, |s| s.last);
    assert!(last.fault.is_none() && last.rows.conserved() && last.rows.shown == 200_000);
    let sealed = last.sealed.as_ref().expect("more than fits into memory");
    let mut parts = 0;
    let groups = sealed
        .each(|_| {
            parts += 1;
            Ok(())
        })
        .unwrap();
    let want = one_go(&frame, QUESTIONS[0]);
    assert_eq!((groups, parts > 1), (want.height() as u64, true));
    assert_close(&all(&last), &ordered(&want));
    assert!(!last.notes.iter().any(|n| n.starts_with("partial")), "{:?}", last.notes);
}

#[test]
fn more_groups_than_fit_are_answered_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let frame = many(50_000, 40_000, 11);
    let path = save(folder.path(), "all.csv", &frame);
    let table = open(&untimed(&[&path], &[]));
    for sql in [
        "SELECT id, count(*) AS n, sum(v) AS s FROM r GROUP BY id ORDER BY n DESC, s",
        "SELECT k, p, id, max(v) AS hi FROM r GROUP BY k, p, id HAVING count(*) < 4 ORDER BY k DESC NULLS FIRST, p",
        "SELECT sum(v) AS s, k, id % 1000 AS few, id FROM r GROUP BY k, few, id ORDER BY few, k NULLS LAST LIMIT \
         15000 OFFSET 20000",
    ] {
        let last = answer(&table, sql, Options { memory: mib(1.0), threads: 2, ..Options::default() });
        assert_eq!(last.fault, None, "{sql}");
        let sealed = last.sealed.as_ref().expect("more than fits into memory");
        let (mut whole, mut parts) = (last.answer.clone(), 0);
        sealed
            .each(|part| {
                parts += 1;
                whole.vstack_mut(&part).map(drop).map_err(Into::into)
            })
            .unwrap();
        assert!(parts > 1, "{sql}");
        assert_same(&whole, &one_go(&frame, sql));
    }
}

/// What is asked at once: the first question has a group for about every row.
const TWELVE: [&str; 12] = [
    "SELECT id, count(*) AS n, sum(v) AS s, max(v) AS hi FROM r GROUP BY id",
    "SELECT count(*) AS n, sum(v) AS s FROM r",
    "SELECT k, count(*) AS n FROM r GROUP BY k",
    "SELECT id % 10 AS ten, sum(v) AS s FROM r GROUP BY ten",
    "SELECT id % 100 AS h, min(v) AS lo, max(v) AS hi FROM r GROUP BY h",
    "SELECT count(*) AS n FROM r WHERE v > 0",
    "SELECT k, sum(v) AS s FROM r WHERE v < 0 GROUP BY k",
    "SELECT max(v) AS hi FROM r",
    "SELECT id % 7 AS d, count(*) AS n FROM r GROUP BY d",
    "SELECT min(id) AS a, max(id) AS b FROM r",
    "SELECT id % 3 AS d, avg(v) AS n FROM r GROUP BY d",
    "SELECT v % 11 AS d, count(*) AS n FROM r GROUP BY d",
];

#[test]
fn what_the_others_leave_is_for_the_one_that_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let frame = many(60_000, 1_000_000, 21);
    let path = save(folder.path(), "all.csv", &frame);
    let memory = Memory::new(48 << 20);
    let options = Options { memory: Some(memory.clone()), threads: 2, ..Options::default() };
    let (_scan, runs) = together::start(&open(&untimed(&[&path], &[])), &TWELVE, options);
    let last: Vec<_> = runs.iter().map(|run| wait(run, |s| s.last)).collect();
    // More than a twelfth part, and yet in memory.
    assert!(last[0].stats.state_bytes * 6 > memory.allowed() / 12, "{}", last[0].stats.state_bytes);
    for (sql, last) in TWELVE.iter().zip(&last) {
        assert_eq!((&last.fault, last.stats.spilled_bytes), (&None, 0), "{sql}");
        assert_same(&all(last), &ordered(&one_go(&frame, sql)));
    }
    assert!(memory.held() > 0);
    drop((runs, _scan));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while memory.held() > 0 {
        assert!(std::time::Instant::now() < until, "what was held is given back");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn of_many_questions_of_two_tables_the_largest_leave_for_disk() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [many(120_000, 3_000_000, 31), many(90_000, 2_000_000, 32)];
    let memory = Memory::new(16 << 20);
    let options = Options { memory: Some(memory.clone()), threads: 2, ..Options::default() };
    let mut asked: Vec<(usize, &str, Run)> = Vec::new();
    let mut scans = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        let path = save(folder.path(), &format!("{at}.csv"), frame);
        let (scan, runs) = together::start(&open(&untimed(&[&path], &[])), &TWELVE, options.clone());
        scans.push(scan);
        asked.extend(TWELVE.iter().zip(runs).map(|(sql, run)| (at, *sql, run)));
    }
    // Groups are priced as if their index had still to grow to twice its size: where it just has, until room is made
    // for what was handed over, they stand there with twice their price.
    let most = memory.allowed() * 2;
    while !asked.iter().all(|(_, _, run)| run.latest().is_some_and(|s| s.last)) {
        assert!(memory.held() <= most, "{} of {}", memory.held(), memory.allowed());
        std::thread::sleep(std::time::Duration::from_micros(300));
    }
    for (at, sql, run) in &asked {
        let last = run.latest().unwrap();
        assert_eq!(last.fault, None, "{sql}");
        assert!(last.rows.conserved(), "{sql}: {:?}", last.rows);
        assert_eq!(last.stats.spilled_bytes > 0, *sql == TWELVE[0], "{sql}");
        assert_same(&all(&last), &ordered(&one_go(&frames[*at], sql)));
    }
}

#[test]
fn one_that_cannot_be_held_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let frame = many(150_000, 3_000_000, 51);
    let path = save(folder.path(), "all.csv", &frame);
    let options = Options { memory: mib(6.0), threads: 2, ..Options::default() };
    let asked = [&["SELECT count(DISTINCT id) AS n FROM r"], &TWELVE[1..4]].concat();
    let (_scan, runs) = together::start(&open(&untimed(&[&path], &[])), &asked, options);
    let fault = wait(&runs[0], |s| s.last).fault.clone().expect("it does not fit");
    assert!(fault.what.contains("groups take") && fault.what.contains("6 MiB allowed"), "{fault}");
    for (sql, run) in asked.iter().zip(&runs).skip(1) {
        let last = wait(run, |s| s.last);
        assert_eq!((&last.fault, last.rows.come_in), (&None, 150_000), "{sql}");
        assert_same(&all(&last), &ordered(&one_go(&frame, sql)));
    }
}

/// Rows that come while memory is short never wait for one who waits for them.
#[test]
fn large_questions_of_many_tables_all_come_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let frame = many(30_000, 1_000_000, 41);
    let path = save(folder.path(), "all.csv", &frame);
    let live = [format!("file:{}?follow=false", path.display())];
    let options = Options { memory: mib(6.0), ..Options::default() };
    let started: Vec<_> =
        (0..6).map(|_| together::start(&open(&untimed(&[], &live)), &TWELVE[..4], options.clone())).collect();
    for (_, runs) in &started {
        for (sql, run) in TWELVE.iter().zip(runs) {
            let last = wait(run, |s| s.last);
            assert_eq!(last.fault, None, "{sql}");
            assert_same(&all(&last), &ordered(&one_go(&frame, sql)));
        }
    }
}

#[test]
fn a_run_that_was_stopped_goes_on_with_what_it_had_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let frame = many(120_000, 90_000, 5);
    let files: Vec<PathBuf> =
        (0..4).map(|i| save(folder.path(), &format!("{i}.csv"), &frame.slice(i * 30_000, 30_000))).collect();
    let table = open(&untimed(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>(), &[]));
    let options =
        Options { memory: mib(2.0), threads: 2, workspace: Some(folder.path().join("w")), ..Options::default() };
    let first = answer(&table, QUESTIONS[0], Options { pieces: Some(3), ..options.clone() });
    assert!(first.fault.is_none() && first.rows.shown < 120_000 && first.rows.shown > 0);
    let on_disk = fs::read_dir(folder.path().join("w/checkpoints"))
        .unwrap()
        .flat_map(|e| fs::read_dir(e.unwrap().path().join("spilled")))
        .flatten()
        .count();
    assert!(on_disk > 0);
    drop(first);
    // The lock is given back when the last thread has gone.
    let last = loop {
        let plan = braid::query::Plan::new(
            &braid::query::Query::parse(QUESTIONS[0]).unwrap(),
            QUESTIONS[0],
            &table.schema,
            None,
        )
        .unwrap();
        match Run::start(Arc::new(plan), Arc::new(table.clone()), options.clone(), braid::sync::Wake::silent()) {
            Ok(run) => break wait(&run, |s| s.last),
            Err(fault) => assert!(fault.what.contains("already"), "{fault}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    };
    assert_eq!(last.fault, None);
    assert_eq!((last.rows.come_in, last.rows.shown), (120_000, 120_000));
    assert_close(&all(&last), &ordered(&one_go(&frame, QUESTIONS[0])));
}

#[test]
fn what_disk_cannot_help_with_is_refused_with_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let path = save(folder.path(), "all.csv", &many(200_000, 150_000, 6));
    let table = open(&untimed(&[&path], &[]));
    let refused = |sql: &str| {
        answer(&table, sql, Options { memory: mib(3.0), ..Options::default() })
            .fault
            .clone()
            .unwrap_or_else(|| panic!("{sql} fits"))
    };
    // One group that keeps all its values.
    let fault = refused("SELECT count(DISTINCT id) AS n, count(*) AS c FROM r");
    assert!(
        fault.what.contains("groups take") && fault.what.contains("3 MiB allowed") && fault.what.contains("need about"),
        "{fault}"
    );
    assert!(
        fault.hint.to_string().contains("approx_count_distinct(id)") && wording::fault(&fault).contains("--memory"),
        "{fault}"
    );
    // More groups than fit, looked at beside each other.
    let fault = refused("SELECT id, count(*) AS n, rank() OVER (ORDER BY count(*)) AS place FROM r GROUP BY id");
    assert!(fault.what.contains("look at all of it") && fault.what.contains("needs about"), "{fault}");
    assert!(
        fault.hint.to_string().contains("HAVING") && fault.hint.to_string().contains("leave DISTINCT, OVER"),
        "{fault}"
    );
    // A question about an answer looks at all of it.
    let fault = refused(QUESTIONS[5]);
    assert!(fault.what.contains("look at all of it") && wording::fault(&fault).contains("--memory"), "{fault}");
}

fn braid(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_braid")).arg("run").args(args).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_process_with_more_groups_than_memory_holds_no_more_than_it_was_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, groups) = (600_000_i64, 500_000_i64);
    let ids: Vec<i64> = (0..rows).map(|i| i * 7_919 % groups * 1_003).collect();
    let frame = DataFrame::new(
        rows as usize,
        vec![Column::new("id".into(), ids), Column::new("v".into(), (0..rows).collect::<Vec<_>>())],
    )
    .unwrap();
    let path = save(folder.path(), "all.csv", &frame);
    let (out, stats) = (folder.path().join("out.parquet"), folder.path().join("stats.json"));
    let given = format!("r={}", path.display());
    let sql = "SELECT id, count(*) AS n, sum(v) AS s, min(v) AS lo, max(v) AS hi, avg(v) AS a, stddev(v) AS sd FROM r \
               GROUP BY id";
    let args = [
        "--history",
        &given,
        "--threads",
        "2",
        "--sql",
        sql,
        "--memory",
        "160MiB",
        "--out",
        out.to_str().unwrap(),
        "--stats",
        stats.to_str().unwrap(),
    ];
    let done = braid(&args);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    assert_eq!(said.matches("they are kept on disk, in ").count(), 1, "{said}");
    let stats: serde_json::Value = serde_json::from_slice(&fs::read(&stats).unwrap()).unwrap();
    assert_eq!((&stats["groups"], &stats["rows_shown"]), (&groups.into(), &rows.into()));
    assert!(
        stats["spilled_mb"].as_f64().unwrap() > 1.0 && stats["notes"].to_string().contains("kept on disk"),
        "{stats}"
    );
    let peak = stats["peak_rss_mb"].as_f64().unwrap();
    assert!(peak <= 176.0, "{peak} MiB");
    let count = braid(&[
        "--history",
        &format!("o={}", out.display()),
        "--sql",
        "SELECT count(*) AS g, sum(n) AS n, sum(s) AS s FROM o",
    ]);
    assert_eq!(
        String::from_utf8_lossy(&count.stdout).trim(),
        format!("g,n,s\n{groups},{rows},{}", rows * (rows - 1) / 2)
    );
}

#[test]
fn twelve_questions_hold_no_more_than_the_process_was_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, groups) = (400_000_i64, 300_000_i64);
    let ids: Vec<i64> = (0..rows).map(|i| i * 7_919 % groups * 1_003).collect();
    let columns = vec![Column::new("id".into(), ids), Column::new("v".into(), (0..rows).collect::<Vec<_>>())];
    let path = save(folder.path(), "all.csv", &DataFrame::new(rows as usize, columns).unwrap());
    let (out, stats) = (folder.path().join("out.parquet"), folder.path().join("stats.json"));
    let mut args = vec![
        "--history".to_owned(),
        format!("r={}", path.display()),
        "--threads".to_owned(),
        "2".to_owned(),
        "--memory".to_owned(),
        "170MiB".to_owned(),
        "--stats".to_owned(),
        stats.display().to_string(),
        "--out".to_owned(),
        format!("large={}", out.display()),
        "--sql".to_owned(),
        "large=SELECT id, count(*) AS n, sum(v) AS s, min(v) AS lo, max(v) AS hi, avg(v) AS a, stddev(v) AS sd FROM r \
         GROUP BY id"
            .to_owned(),
    ];
    for i in 2..13 {
        let sql = format!("q{i}=SELECT id % {i} AS g, count(*) AS n, sum(v) AS s FROM r GROUP BY g");
        let own = folder.path().join(format!("{i}.csv"));
        args.extend(["--sql".to_owned(), sql, "--out".to_owned(), format!("q{i}={}", own.display())]);
    }
    let done = braid(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    let stats: serde_json::Value = serde_json::from_slice(&fs::read(&stats).unwrap()).unwrap();
    assert_eq!(stats["questions"]["large"]["groups"], groups);
    assert!(stats["spilled_mb"].as_f64().unwrap() > 1.0, "{stats}");
    let peak = stats["peak_rss_mb"].as_f64().unwrap();
    assert!(peak <= 187.0, "{peak} MiB");
    let two = fs::read_to_string(folder.path().join("2.csv")).unwrap();
    assert!(two.contains("0,200000,") && two.contains("1,200000,"), "{two}");
}

#[test]
fn too_little_memory_is_refused_with_what_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let path = save(folder.path(), "all.csv", &many(10, 10, 7));
    let done = braid(&[
        "--history",
        &format!("r={}", path.display()),
        "--sql",
        "SELECT count(*) AS n FROM r",
        "--memory",
        "20MiB",
    ]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1));
    assert!(
        said.contains("--memory 20 MiB is too little") && said.contains("allow at least") && said.lines().count() == 1,
        "{said}"
    );
}
