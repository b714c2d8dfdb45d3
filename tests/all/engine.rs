//! What a run knows beside the answer: late rows that are re-admitted, windows that leave memory, the audit, the cost.

use std::sync::Arc;
use std::time::Duration;

use braid::data::format::write_frame;
use braid::engine::cost::{Sample, fit};
use braid::engine::{Memory, Options};
use braid::query::window::WindowStatus;
use polars::prelude::*;

use crate::run::{answer, assert_same, given, one_go, open, sample, start, wait};

const WINDOWED: &str =
    "SELECT k, tumble(t, INTERVAL '1 minute') AS w, count(*) AS n, sum(v) AS s, avg(x) AS a FROM r GROUP BY k, w";

fn untimed(history: &[&std::path::Path], live: &[String]) -> braid::engine::open::Given {
    braid::engine::open::Given { time: None, ..given(history, live) }
}

fn feed(folder: &tempfile::TempDir, frame: &DataFrame, params: &str) -> String {
    let path = folder.path().join("feed.parquet");
    write_frame(frame, &path).unwrap();
    format!("replay:{}?{params}", path.display())
}

#[test]
fn readmitted_rows_make_the_answer_that_of_all_rows_and_their_windows_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(4_000, 5);
    let url = feed(&folder, &frame, "rate=200000&disorder=2m&seed=4");
    let mut given = given(&[], &[url]);
    given.time = Some("t".to_owned());
    given.lateness = Some(Duration::from_secs(1));
    let run = start(&open(&given), WINDOWED, Options::default());
    let last = wait(&run, |s| s.last);
    assert!(last.rows.late > 0 && last.rows.conserved(), "{:?}", last.rows);
    assert_eq!(last.late.height() as u64, last.rows.late);
    run.readmit();
    let healed = wait(&run, |s| s.rows.readmitted > 0);
    assert_eq!(healed.rows.late, 0, "{:?}", healed.rows);
    assert!(healed.rows.conserved());
    assert_eq!(healed.rows.shown, 4_000);
    assert_same(&healed.answer, &one_go(&frame, WINDOWED));
    let status = healed.status.as_deref().unwrap();
    assert_eq!(status.len(), healed.answer.height());
    assert!(status.contains(&WindowStatus::Corrected));
}

#[test]
fn windows_that_left_memory_are_still_in_the_whole_answer() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(40_000, 6);
    let url = feed(&folder, &frame, "rate=400000&seed=4");
    let mut given = given(&[], &[url]);
    given.time = Some("t".to_owned());
    given.lateness = Some(Duration::from_secs(1));
    let last = answer(&open(&given), WINDOWED, Options { final_groups: 20, ..Options::default() });
    assert!(last.sealed_groups > 0, "nothing was sealed of {} groups", last.stats.groups);
    assert!((last.answer.height() as u64) < last.sealed_groups);
    let mut parts: Vec<DataFrame> = Vec::new();
    last.sealed
        .as_ref()
        .unwrap()
        .each(|part| {
            parts.push(part);
            Ok(())
        })
        .unwrap();
    assert!(parts.len() > 1, "one part is no stream");
    let mut whole = parts.remove(0);
    parts.iter().for_each(|part| {
        whole.vstack_mut(part).unwrap();
    });
    let by = |frame: &DataFrame| frame.sort(["k", "w"], SortMultipleOptions::default()).unwrap();
    assert_same(&by(&whole), &by(&one_go(&frame, WINDOWED)));
}

#[test]
fn the_audit_reads_history_and_feed_again_and_finds_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(6_000, 7);
    let old = folder.path().join("old.csv");
    write_frame(&frame.head(Some(2_000)), &old).unwrap();
    let url = feed(&folder, &frame.slice(2_000, 4_000), "rate=100000&disorder=2m&seed=4");
    let mut given = given(&[&old], &[url]);
    given.time = Some("t".to_owned());
    // Some rows are late: the audit must account for them too.
    given.lateness = Some(Duration::from_secs(1));
    let options = Options { audit: Some(Duration::from_millis(10)), final_groups: 20, ..Options::default() };
    let run = start(&open(&given), WINDOWED, options);
    let verified = wait(&run, |s| s.last && s.audit.as_ref().is_some_and(|a| a.rows == 6_000));
    let audit = verified.audit.as_ref().unwrap();
    assert!(verified.rows.late > 0);
    assert_eq!((audit.differences, &audit.word), (0, &None));
    assert!(audit.until.is_some());
}

#[test]
fn an_audit_of_a_file_that_lies_says_so_loudly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.ndjson");
    std::fs::write(&path, "{\"k\":\"a\",\"v\":1}\n{\"k\":\"a\",\"v\":2}\n").unwrap();
    let given = untimed(&[], &[format!("file:{}", path.display())]);
    let options = Options { audit: Some(Duration::from_millis(10)), ..Options::default() };
    let run = start(&open(&given), "SELECT k, sum(v) AS s FROM r GROUP BY k", options);
    wait(&run, |s| s.rows.come_in == 2);
    // The same length: it looks as if nothing had been written.
    std::fs::write(&path, "{\"k\":\"a\",\"v\":1}\n{\"k\":\"a\",\"v\":5}\n").unwrap();
    let found = wait(&run, |s| s.audit.as_ref().is_some_and(|a| a.rows == 2));
    let audit = found.audit.as_ref().unwrap();
    assert_eq!(audit.differences, 1, "{audit:?}");
    let word = audit.word.as_deref().unwrap();
    assert!(word.contains('3') && word.contains('6'), "{word}");
}

#[test]
fn what_cannot_be_fitted_says_why() {
    let sample = |n: u64, groups: u64| Sample { rows: n, seconds: n as f64, state: n, between: n, groups, workers: 2 };
    let of = |groups: &dyn Fn(u64) -> u64| (0..6).map(|i| sample(1_000 << i, groups(i))).collect::<Vec<_>>();
    let (fixed, grown) = (of(&|_| 10), of(&|i| 10 << i));
    assert!(fit(&fixed).note(&fixed).is_some_and(|note| note.contains("groups did not grow")));
    assert_eq!(fit(&grown).note(&grown), None);
    let feed = fit(&grown).paced();
    assert!(
        feed.state.is_some() && feed.between.is_none() && feed.note(&grown).is_some_and(|note| note.contains("pace"))
    );
}

#[test]
fn exponents_of_power_laws_are_found() {
    let samples: Vec<Sample> = (8..16_u32)
        .map(|i| {
            let n = 2_f64.powi(i as i32);
            Sample { rows: n as u64, seconds: 3e-6 * n, state: 4_096, between: (n * n) as u64, groups: 10, workers: 2 }
        })
        .collect();
    let fitted = fit(&samples);
    let near = |x: Option<f64>, want: f64| assert!((x.unwrap() - want).abs() < 0.01, "{x:?} instead of {want}");
    near(fitted.time, 1.0);
    near(fitted.state, 0.0);
    near(fitted.between, 2.0);
    assert_eq!(fit(&samples[..2]).time, None);
}

#[test]
fn measuring_asks_of_larger_and_larger_parts_up_to_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.csv");
    write_frame(&sample(200_000, 8), &path).unwrap();
    let table = open(&given(&[&path], &[]));
    let sql = "SELECT k, count(*) AS n FROM r GROUP BY k";
    let plan =
        Arc::new(braid::query::Plan::new(&braid::query::Query::parse(sql).unwrap(), sql, &table.schema, None).unwrap());
    let mut job = braid::engine::cost::measure(plan, &table, Options::default(), braid::sync::Wake::silent());
    let samples = loop {
        match job.take() {
            Some(samples) => break samples.unwrap(),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert!(samples.len() >= 2, "{samples:?}");
    assert!(samples.is_sorted_by_key(|s| s.rows));
    assert_eq!(samples.last().unwrap().rows, 200_000);
}

#[test]
fn state_is_measured_against_groups_and_bytes_between_threads_against_groups_times_workers() {
    let measured = |groups: i64| {
        let folder = tempfile::tempdir().unwrap();
        // Each file is a piece.
        let paths: Vec<_> = (0..32).map(|i| folder.path().join(format!("{i:02}.csv"))).collect();
        for (i, path) in (0_i64..).zip(&paths) {
            let keys: Vec<i64> = (i * 10_000..(i + 1) * 10_000).map(|n| n * 7_919 % groups).collect();
            write_frame(&DataFrame::new(keys.len(), vec![Column::new("k".into(), keys)]).unwrap(), path).unwrap();
        }
        let table = open(&untimed(&paths.iter().map(|p| p.as_path()).collect::<Vec<_>>(), &[]));
        let sql = "SELECT k, count(*) AS n FROM r GROUP BY k";
        let plan = Arc::new(
            braid::query::Plan::new(&braid::query::Query::parse(sql).unwrap(), sql, &table.schema, None).unwrap(),
        );
        let mut job = braid::engine::cost::measure(
            plan,
            &table,
            Options { threads: 2, ..Options::default() },
            braid::sync::Wake::silent(),
        );
        loop {
            match job.take() {
                Some(samples) => break samples.unwrap(),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    };
    let all = measured(i64::MAX);
    let found = fit(&all);
    assert!((0.8..=1.2).contains(&found.state_by_groups.unwrap()), "{found:?} {all:?}");
    // Few groups: what grows is the workers.
    let few = measured(1_000);
    let found = fit(&few);
    assert_eq!(found.state_by_groups, None, "{few:?}");
    assert!((0.6..=1.3).contains(&found.between_by_groups_and_workers.unwrap()), "{found:?} {few:?}");
    // However many rows there are, a worker hands over its groups when it begins and when it is done.
    assert!(few.iter().all(|s| s.between <= 2 * s.workers * s.state), "{few:?}");
    assert!(few.iter().any(|s| s.workers == 1) && few.iter().any(|s| s.workers == 4), "{few:?}");
}

#[test]
fn what_is_handed_over_says_how_long_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.csv");
    write_frame(&sample(100_000, 8), &path).unwrap();
    let last = answer(
        &open(&given(&[&path], &[])),
        "SELECT k, count(*) AS n FROM r GROUP BY k",
        Options { pace: Duration::ZERO, ..Options::default() },
    );
    assert!(last.stats.samples.iter().all(|s| s.seconds > 0.0), "{:?}", last.stats.samples);
}

#[test]
fn the_past_of_a_running_feed_answers_a_new_question_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(30_000, 9);
    let url = feed(&folder, &frame, "rate=15000&disorder=10s&seed=4");
    let mut given = given(&[], &[url]);
    given.time = Some("t".to_owned());
    let table = open(&given);
    let run = start(&table, WINDOWED, Options::default());
    let now = wait(&run, |s| s.rows.come_in > 5_000);
    let sql = "SELECT count(*) AS n, max(t) AS newest FROM r";
    let past = answer(&table, sql, Options { past: Some(now.reached.clone()), ..Options::default() });
    assert_eq!(past.rows.come_in, now.rows.come_in);
    assert!(past.last && past.fault.is_none());
    assert!(!run.latest().unwrap().last, "the feed goes on");
}

#[test]
fn lateness_is_learnt_from_the_files_and_from_what_the_feed_has_sent() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(8_000, 10);
    let old = folder.path().join("old.csv");
    write_frame(&frame.head(Some(4_000)), &old).unwrap();
    let url = feed(&folder, &frame.slice(4_000, 4_000), "speed=max&disorder=8s&seed=4");
    let mut given = given(&[&old], &[url]);
    given.time = Some("t".to_owned());
    let table = open(&given);
    let last = answer(&table, WINDOWED, Options::default());
    let plan = Arc::new(
        braid::query::Plan::new(&braid::query::Query::parse(WINDOWED).unwrap(), WINDOWED, &table.schema, Some("t"))
            .unwrap(),
    );
    let mut job =
        braid::engine::lateness::estimate(table, plan, last.reached.clone(), 6.0, braid::sync::Wake::silent());
    let curve = loop {
        match job.take() {
            Some(curve) => break curve.unwrap(),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    // The files are in order, half of all rows; the feed is out of order by up to eight seconds.
    let late = |lateness: i64| curve.iter().find(|c| c.lateness == lateness).unwrap().late_share;
    assert!(late(10_000_000) == 0.0, "{curve:?}");
    assert!(curve.windows(2).all(|pair| pair[0].late_share >= pair[1].late_share), "{curve:?}");
    assert!(curve.iter().any(|c| c.late_share == 0.0 && c.lateness < 8_100_000), "{curve:?}");
}

#[test]
fn a_question_beyond_its_memory_says_what_it_would_need_and_offers_a_sketch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.csv");
    let values: Vec<i64> = (0..400_000).collect();
    write_frame(&DataFrame::new(values.len(), vec![Column::new("v".into(), values)]).unwrap(), &path).unwrap();
    let last = answer(
        &open(&untimed(&[&path], &[])),
        "SELECT count(DISTINCT v) AS n FROM r",
        Options { memory: Some(Memory::new(4 << 20)), ..Options::default() },
    );
    let fault = last.fault.as_ref().unwrap();
    assert!(fault.what.contains("4 MiB allowed"), "{fault}");
    assert!(fault.hint.to_string().contains("approx_count_distinct"), "{fault}");
}
