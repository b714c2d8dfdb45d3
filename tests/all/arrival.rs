//! What is late depends on the order in which rows came, and on nothing else: not on how they were cut into chunks, how
//! fast they were read, by how many workers, or for which of several questions in turn.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use braid::data::format::write_frame;
use braid::engine::open::Given;
use braid::engine::{Asking, Options, Run, Snapshot, Table, TableScan};
use braid::query::window::WindowStatus;
use braid::query::{Plan, Query};
use braid::sync::Wake;
use polars::prelude::*;

use crate::run::{answer, given, open, start, wait};

const SECOND: i64 = 1_000_000;
const LATENESS: i64 = 5 * SECOND;
const SQL: &str =
    "SELECT tumble(t, INTERVAL '10 seconds') AS w, count(*) AS n, sum(v) AS s FROM r GROUP BY w ORDER BY w";

/// Times of rows that come up to a minute late, in the order in which they come.
fn times(rows: usize, seed: u64) -> Vec<i64> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..rows as i64).map(|i| i * 40_000 - (random.f64().powi(6) * 60e6) as i64).collect()
}

/// How many rows are late by the definition: all of whose windows ended at or before the largest time before them, less
/// the lateness.
fn late_by_definition(times: &[i64]) -> u64 {
    let mut newest: Option<i64> = None;
    let late = times.iter().filter(|t| {
        let late =
            newest.is_some_and(|newest| t.div_euclid(10 * SECOND) * 10 * SECOND + 10 * SECOND <= newest - LATENESS);
        newest = newest.max(Some(**t));
        late
    });
    late.count() as u64
}

fn frame(times: &[i64]) -> DataFrame {
    let values: Vec<i64> = (0..times.len() as i64).collect();
    let time = Int64Chunked::from_slice("t".into(), times).into_datetime(TimeUnit::Microseconds, None);
    DataFrame::new(times.len(), vec![time.into_column(), Column::new("v".into(), values)]).unwrap()
}

fn table(live: &[String]) -> Table {
    let mut given = given(&[], live);
    given.lateness = Some(Duration::from_secs(5));
    open(&given)
}

fn file(path: &Path, times: &[i64]) {
    write_frame(&frame(times), path).unwrap();
}

fn assert_judged(last: &Snapshot, late: u64, rows: usize) {
    assert_eq!((last.rows.late, last.rows.come_in), (late, rows as u64));
    assert!(last.rows.conserved() && last.fault.is_none(), "{:?} {:?}", last.rows, last.fault);
    let n: i64 = last.answer.column("n").unwrap().i64().unwrap().iter().flatten().sum();
    assert_eq!(n as u64, last.rows.shown);
}

#[test]
fn any_pace_chunks_and_workers_set_the_same_rows_aside() {
    let folder = tempfile::tempdir().unwrap();
    let times = times(20_000, 3);
    let late = late_by_definition(&times);
    assert!(late > 50, "the test shows something: {late}");
    let path = folder.path().join("all.ndjson");
    file(&path, &times);
    let mut answers = Vec::new();
    for (feed, threads) in [
        ("file:PATH?follow=false", 1),
        ("file:PATH?follow=false", 4),
        ("replay:PATH?rate=100000", 2),
        ("replay:PATH?speed=max", 3),
    ] {
        let url = feed.replace("PATH", &path.display().to_string());
        let last = answer(&table(&[url]), SQL, Options { threads, ..Options::default() });
        assert_judged(&last, late, times.len());
        answers.push(last.answer.clone());
    }
    assert!(answers.iter().all(|a| a.equals_missing(&answers[0])));
    // Written piece by piece while it is followed.
    let (text, grown) = (std::fs::read(&path).unwrap(), folder.path().join("grown.ndjson"));
    std::fs::write(&grown, &text[..400]).unwrap();
    let run = start(&table(&[format!("file:{}", grown.display())]), SQL, Options::default());
    for piece in text[400..].chunks(text.len() / 23) {
        OpenOptions::new().append(true).open(&grown).unwrap().write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(15));
    }
    let seen = wait(&run, |s| s.rows.come_in == times.len() as u64);
    assert_judged(&seen, late, times.len());
    assert!(seen.answer.equals_missing(&answers[0]));
}

#[test]
fn a_window_that_is_shown_final_never_changes_and_the_newest_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let (new, old) = (folder.path().join("new.csv"), folder.path().join("old.csv"));
    file(&new, &times(60_000, 5));
    file(&old, &times(20_000, 6));
    for history in [&[][..], &[&*old]] {
        let mut given = given(history, &[format!("replay:{}?rate=60000", new.display())]);
        given.lateness = Some(Duration::from_secs(5));
        let run =
            start(&open(&given), SQL, Options { threads: 4, pace: Duration::from_millis(1), ..Options::default() });
        let finals = RefCell::new(HashMap::new());
        wait(&run, |s| {
            let read = s.history_done == s.history_total;
            let (Some(status), true) = (s.status.as_deref().filter(|s| !s.is_empty()), s.fault.is_none()) else {
                return false;
            };
            let cell =
                |name: &str, row: usize| s.answer.column(name).unwrap().get(row).unwrap().extract::<i64>().unwrap();
            for row in (0..status.len()).filter(|row| status[*row] == WindowStatus::Final) {
                let now = (cell("n", row), cell("s", row));
                let then = *finals.borrow_mut().entry(cell("w", row)).or_insert(now);
                assert_eq!(then, now, "a final window was changed");
            }
            assert!(s.last || status.last() == Some(&WindowStatus::Open), "more rows may come to the newest");
            assert!(
                read || !status.contains(&WindowStatus::Final),
                "history that is not read may belong to any window"
            );
            s.last
        });
        assert!(finals.borrow().len() > 200);
    }
}

#[test]
fn hops_sessions_and_filters_are_judged_alike_by_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.csv");
    file(&path, &times(8_000, 4));
    for window in [
        "hop(t, INTERVAL '2 seconds', INTERVAL '10 seconds')",
        "session(t, INTERVAL '3 seconds')",
        "hop(t, INTERVAL '7 seconds', INTERVAL '3 seconds')",
    ] {
        let sql =
            format!("SELECT {window} AS w, count(*) AS n, max(v) AS m FROM r WHERE v % 3 <> 0 GROUP BY w ORDER BY w");
        let ask = |url: String, threads| answer(&table(&[url]), &sql, Options { threads, ..Options::default() });
        let one = ask(format!("file:{}?follow=false", path.display()), 1);
        let other = ask(format!("replay:{}?rate=60000", path.display()), 3);
        assert!(one.rows.late > 10 && one.rows.conserved(), "{window}: {:?}", one.rows);
        assert_eq!(one.rows, other.rows, "{window}");
        assert!(one.answer.equals_missing(&other.answer), "{window}");
    }
}

#[test]
fn a_question_that_is_changed_finds_the_same_rows_late_and_so_does_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (path, times) = (folder.path().join("all.ndjson"), times(30_000, 5));
    file(&path, &times);
    let table = table(&[format!("replay:{}?rate=40000", path.display())]);
    let first = start(&table, SQL, Options::default());
    let before = wait(&first, |s| s.rows.late > 20 && s.rows.come_in > 10_000);
    let changed = SQL.replace("sum(v) AS s", "max(v) AS m");
    let options = || Options { catch_up: Some(before.reached.clone()), ..Options::default() };
    // It reads what came so far at once, and then goes on at the feed's pace.
    let last = answer(&table, &changed, options());
    assert_judged(&last, late_by_definition(&times), times.len());
    let own = wait(&first, |s| s.last);
    assert_eq!(own.rows, last.rows);
    assert!(last.notes.is_empty(), "{:?}", last.notes);
}

#[test]
fn where_the_order_among_partitions_is_not_known_the_changed_question_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let urls: Vec<String> = (0..2_u64)
        .map(|n| {
            let path = folder.path().join(format!("{n}.ndjson"));
            file(&path, &times(9_000, 6 + n));
            format!("replay:{}?rate=30000", path.display())
        })
        .collect();
    let table = table(&urls);
    let before = answer(&table, SQL, Options::default());
    assert!(before.rows.late > 0 && before.reached.late == before.rows.late);
    let asked = answer(&table, SQL, Options { catch_up: Some(before.reached.clone()), ..Options::default() });
    let told = asked.notes.iter().find(|n| n.contains("late before")).unwrap();
    assert!(told.contains(&before.rows.late.to_string()) && told.contains("2 partitions"), "{told}");
    // Without windows nothing is late, and there is nothing to say.
    let plain = answer(
        &table,
        "SELECT count(*) AS n FROM r",
        Options { catch_up: Some(before.reached.clone()), ..Options::default() },
    );
    assert!(plain.notes.is_empty(), "{:?}", plain.notes);
}

#[test]
fn a_look_at_the_past_counts_late_rows_and_says_how_many() {
    let folder = tempfile::tempdir().unwrap();
    let (path, times) = (folder.path().join("all.ndjson"), times(12_000, 8));
    file(&path, &times);
    let table = table(&[format!("replay:{}?speed=max", path.display())]);
    let now = answer(&table, SQL, Options::default());
    let late = late_by_definition(&times);
    assert_judged(&now, late, times.len());
    let past = answer(&table, SQL, Options { past: Some(now.reached.clone()), ..Options::default() });
    assert_eq!((past.rows.late, past.rows.shown), (0, times.len() as u64));
    let told = past.notes.iter().find(|n| n.contains("after their window was final")).unwrap();
    assert!(told.contains(&format!("{late} rows")), "{told}");
}

#[test]
fn windows_over_another_time_than_the_tables_are_judged_by_the_tables_watermark() {
    let folder = tempfile::tempdir().unwrap();
    let (path, times) = (folder.path().join("all.ndjson"), times(5_000, 9));
    let mut frame = frame(&times);
    // A time of which the table knows nothing, an hour behind: every window of it is final when its rows come.
    let behind: Vec<i64> = times.iter().map(|t| t - 3_600 * SECOND).collect();
    frame
        .with_column(
            Int64Chunked::from_vec("u".into(), behind).into_datetime(TimeUnit::Microseconds, None).into_column(),
        )
        .unwrap();
    write_frame(&frame, &path).unwrap();
    let table = table(&[format!("file:{}?follow=false", path.display())]);
    let sql = "SELECT tumble(u, INTERVAL '10 seconds') AS w, count(*) AS n FROM r GROUP BY w ORDER BY w";
    let last = answer(&table, sql, Options::default());
    assert!(last.rows.conserved());
    assert_eq!((last.rows.shown, last.rows.late), (1, 4_999), "only the first row comes before there is a watermark");
}

#[test]
fn late_rows_readmitted_after_a_reading_in_chunks_give_the_answer_over_all_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (path, times) = (folder.path().join("all.csv"), times(10_000, 10));
    file(&path, &times);
    let table = table(&[format!("replay:{}?rate=80000", path.display())]);
    let plan = Plan::new(&Query::parse(SQL).unwrap(), SQL, &table.schema, Some("t")).unwrap();
    let run = Run::start(plan.into(), table.into(), Options::default(), Wake::silent()).unwrap();
    let last = wait(&run, |s| s.last);
    assert!(last.rows.late > 0);
    run.readmit();
    let all = wait(&run, |s| s.rows.readmitted > 0);
    assert_eq!((all.rows.late, all.rows.readmitted), (0, last.rows.late));
    assert!(all.answer.equals_missing(&crate::run::one_go(&frame(&times), SQL)));
}

#[test]
fn a_changed_question_readmits_what_was_readmitted_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grows.csv");
    // Three rows are late by a minute and more; more such rows come after the first are re-admitted.
    let mut text = "t,v\n".to_owned();
    for time in ["10:00:10", "10:01:10", "10:02:10", "10:00:20", "10:00:30", "10:03:10", "10:01:40"] {
        text += &format!("2024-03-01T{time},1\n");
    }
    std::fs::write(&path, text).unwrap();
    let table = Arc::new(open(&Given {
        name: "r".into(),
        live: vec![format!("file:{}", path.display())],
        time: Some("t".into()),
        lateness: Some(Duration::ZERO),
        ..Given::default()
    }));
    let asking = |sql: &str, options: Options| Asking {
        plan: Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, &table.schema, Some("t")).unwrap()),
        options,
        wake: Wake::silent(),
    };
    let minutes = "SELECT tumble(t, INTERVAL '1 minute') AS w, sum(v) AS s FROM r GROUP BY w ORDER BY w";
    let (scan, runs) =
        TableScan::start(table.clone(), Options::default(), vec![asking(minutes, Options::default())]).unwrap();
    wait(&runs[0], |s| s.rows.late == 3);
    runs[0].readmit();
    wait(&runs[0], |s| s.rows.readmitted == 3 && s.rows.late == 0);
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"2024-03-01T10:01:50,1\n2024-03-01T10:04:10,1\n2024-03-01T10:00:50,1\n").unwrap();
    let before = wait(&runs[0], |s| s.rows.late == 2);
    assert_eq!(before.rows.readmitted, 3);
    // Beside the reading that goes on, and by a reading of its own.
    let options = Options { catch_up: Some(before.reached.clone()), ..Options::default() };
    let changed = "SELECT tumble(t, INTERVAL '1 minute') AS w, count(*) AS n FROM r GROUP BY w ORDER BY w";
    let beside = scan.ask(vec![asking(changed, options.clone())]).unwrap();
    let (_own, alone) = TableScan::start(table.clone(), options.clone(), vec![asking(changed, options)]).unwrap();
    for run in [&beside[0], &alone[0]] {
        let after = wait(run, |s| s.rows.come_in == 10 && !s.catching_up);
        assert_eq!((after.rows.readmitted, after.rows.late), (3, 2), "{:?}", after.rows);
        assert!(after.rows.conserved());
        let counted: Vec<u64> = after
            .answer
            .column("n")
            .unwrap()
            .cast(&DataType::UInt64)
            .unwrap()
            .u64()
            .unwrap()
            .into_no_null_iter()
            .collect();
        assert_eq!(counted, [3, 2, 1, 1, 1]);
        assert_eq!(after.reached.readmitted, before.reached.readmitted, "and the next change finds them, too");
    }
}

/// Late rows as whole rows of their table.
fn whole_late_rows(table: &Table, last: &Snapshot) -> braid::data::Result<DataFrame> {
    let mut job =
        braid::engine::whole_rows::look(table.clone(), last.late.clone(), last.reached.clone(), Wake::silent());
    loop {
        match job.take() {
            Some(found) => break found,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn values(rows: &DataFrame) -> Vec<i64> {
    let mut values: Vec<i64> = rows.column("v").unwrap().i64().unwrap().into_no_null_iter().collect();
    values.sort_unstable();
    values
}

#[test]
fn late_rows_are_read_again_with_the_columns_that_their_question_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut times) = (folder.path().join("all.ndjson"), times(2_000, 9));
    // Rows that have the times of others, which were in time.
    times.extend_from_within(..20);
    file(&path, &times);
    let table = table(&[format!("replay:{}?speed=max", path.display())]);
    let sql = "SELECT tumble(t, INTERVAL '10 seconds') AS w, count(*) AS n FROM r GROUP BY w ORDER BY w";
    let last = answer(&table, sql, Options::default());
    assert_eq!((last.rows.late, last.late.width()), (late_by_definition(&times), 1), "time alone is read");
    let mut newest = i64::MIN;
    let mut expected: Vec<i64> = Vec::new();
    for (at, t) in times.iter().enumerate() {
        if t.div_euclid(10 * SECOND) * 10 * SECOND + 10 * SECOND <= newest.saturating_sub(LATENESS) {
            expected.push(at as i64);
        }
        newest = newest.max(*t);
    }
    assert!(expected.len() < 1_000 && expected.ends_with(&[2_018, 2_019]), "{} rows", expected.len());
    let whole = whole_late_rows(&table, &last).unwrap();
    assert_eq!(values(&whole), expected);
    assert!(whole.column("t").unwrap().equals_missing(last.late.column("t").unwrap()), "in their order");
}

#[test]
fn which_of_equal_rows_of_several_partitions_came_late_is_not_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("1.ndjson"), folder.path().join("2.ndjson"));
    // Whether the other row of the time 0 comes in time depends on when it is read.
    file(&one, &[SECOND, 0, 100 * SECOND]);
    let slow: Vec<i64> = std::iter::once(0).chain((100..140).map(|s| s * SECOND)).chain([0]).collect();
    file(&two, &slow);
    let table = table(&[format!("replay:{}?speed=max", one.display()), format!("replay:{}?rate=40", two.display())]);
    let last = answer(&table, &SQL.replace("sum(v) AS s", "max(t) AS m"), Options::default());
    assert!((1..=3).contains(&last.rows.late), "{:?}", last.rows);
    let fault = whole_late_rows(&table, &last).unwrap_err();
    assert!(fault.what.contains("it is not known which came late"), "{fault}");
    // A question that reads what tells them apart.
    let last = answer(&table, SQL, Options::default());
    let found = values(&whole_late_rows(&table, &last).unwrap());
    assert!(found.ends_with(&[41]) && found.len() as u64 == last.rows.late, "{found:?}");
}
