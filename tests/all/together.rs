//! The law of the cut: any number of questions through one reading are answered as each would be alone, bit for bit,
//! whenever they join or leave; and at every published moment the answers of one table agree with each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::engine::{Asking, Options, Run, Snapshot, Table, TableScan};
use braid::query::{Plan, Query};
use braid::sync::Wake;
use proptest::prelude::*;

use crate::run::{answer, assert_same, given, open, wait};

/// Questions that differ in what they read, in what is vital to them, in WHERE, and in what they keep.
pub const QUESTIONS: [&str; 8] = [
    "SELECT count(*) AS n, sum(v) AS s FROM r",
    "SELECT k, count(*) AS n, sum(v) AS s, avg(x) AS a FROM r GROUP BY k ORDER BY k",
    "SELECT tumble(t, INTERVAL '10 seconds') AS w, count(*) AS n, sum(v) AS s FROM r GROUP BY w ORDER BY w",
    "SELECT k, hop(t, INTERVAL '5 seconds', INTERVAL '15 seconds') AS w, count(*) AS n, max(x) AS m FROM r \
     WHERE v > 0 GROUP BY k, w ORDER BY k, w",
    "SELECT session(t, INTERVAL '2 seconds') AS w, count(*) AS n, count(DISTINCT k) AS d FROM r GROUP BY w ORDER BY w",
    "SELECT count(*) AS n FROM r WHERE k = 'none'",
    "SELECT k, v, x FROM r WHERE v > 900 ORDER BY v, x, k",
    "SELECT stddev(x) AS sd, median(v) AS m, count(t) AS t FROM r",
];

pub const HEADER: &str = "k,v,x,t\n";

/// Rows that come up to a minute late; some lack a cell that can be read, also that of their time.
pub fn rows(count: usize, seed: u64) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let row = |i: usize| {
        let key = ["a", "b", "ä", "日本"][random.usize(..4)];
        let value =
            if [41, 350, 640, 2_100].contains(&i) { format!("oops{i}") } else { random.i64(-1_000..1_000).to_string() };
        let late = (random.f64().powi(6) * 60e3) as i64;
        let millis = 1_000_000_000_000 + i as i64 * 40 - late;
        let time = chrono(millis);
        let time = if [44, 310, 640, 1_950].contains(&i) { format!("never{i}") } else { time };
        format!("{key},{value},{:.3},{time}\n", (random.f64() - 0.5) * 1e6)
    };
    (0..count).map(row).collect()
}

/// Milliseconds since 1970 as a file has them.
fn chrono(millis: i64) -> String {
    braid::data::time::iso_micros(millis * 1_000).trim_end_matches('Z').to_owned()
}

fn write(folder: &Path, name: &str, rows: &[String]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, HEADER.to_owned() + &rows.concat()).unwrap();
    path
}

/// The first `cut` rows as history, the others live.
fn split(folder: &Path, rows: &[String], cut: usize, params: &str) -> Table {
    let old = write(folder, "old.csv", &rows[..cut]);
    let new = write(folder, "new.csv", &rows[cut..]);
    let kind = if params.starts_with("follow") { "file" } else { "replay" };
    let mut given = given(&[&old], &[format!("{kind}:{}?{params}", new.display())]);
    given.lateness = Some(Duration::from_secs(5));
    open(&given)
}

pub fn asking(table: &Table, sql: &str, options: &Options) -> Asking {
    let time = table.time.as_ref().map(|t| t.column.as_str());
    let plan = Plan::new(&Query::parse(sql).unwrap(), sql, &table.schema, time).unwrap_or_else(|f| panic!("{f}"));
    Asking { plan: Arc::new(plan), options: options.clone(), wake: Wake::silent() }
}

pub fn start(table: &Table, questions: &[&str], options: Options) -> (TableScan, Vec<Run>) {
    let asked = questions.iter().map(|sql| asking(table, sql, &options)).collect();
    TableScan::start(Arc::new(table.clone()), options, asked).unwrap_or_else(|f| panic!("{f}"))
}

fn join(scan: &TableScan, table: &Table, sql: &str, options: &Options) -> Run {
    scan.ask(vec![asking(table, sql, options)]).unwrap_or_else(|f| panic!("{f}")).remove(0)
}

pub fn assert_alike(sql: &str, together: &Snapshot, alone: &Snapshot) {
    assert_same(&together.answer, &alone.answer);
    assert_eq!(together.rows, alone.rows, "{sql}");
    assert_eq!(together.rejects.count, alone.rejects.count, "{sql}");
    assert_eq!(together.status, alone.status, "{sql}");
    assert_eq!(
        (together.seam.history_rows, together.seam.live_rows, together.seam.overlap_removed),
        (alone.seam.history_rows, alone.seam.live_rows, alone.seam.overlap_removed),
        "{sql}"
    );
    assert_eq!(together.fault, alone.fault, "{sql}");
    assert!(together.rows.conserved(), "{sql}: {:?}", together.rows);
}

#[test]
fn late_rows_are_kept_with_all_that_is_read_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let table = split(folder.path(), &rows(3_000, 5), 60, "follow=false");
    let options = Options { threads: 1, ..Options::default() };
    let alone = answer(&table, QUESTIONS[2], options.clone());
    let (_scan, runs) = start(&table, &[QUESTIONS[2], "SELECT * FROM r LIMIT 3"], options);
    let together = wait(&runs[0], |s| s.last);
    assert_alike(QUESTIONS[2], &together, &alone);
    let own = alone.late.get_column_names_owned();
    assert!(own.len() == 2 && alone.late.height() > 20, "{:?}", alone.late);
    assert!(together.late.select(own).unwrap().equals_missing(&alone.late), "the same rows in the same order");
    let others = ["k", "x"].map(|name| together.late.column(name).unwrap().null_count());
    assert_eq!((together.late.width(), others), (4, [0, 0]), "no mark of a broken cell, and no value left out");
}

proptest! {
    #![proptest_config(crate::cases(8))]

    #[test]
    fn questions_asked_together_are_answered_as_each_alone(
        count in 60_usize..4_000,
        share in 0.02..=1.0_f64,
        threads in 1_usize..4,
        seed in any::<u64>(),
        chosen in proptest::sample::subsequence(QUESTIONS.to_vec(), 2..=8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows(count, seed);
        let table = split(folder.path(), &rows, ((count as f64 * share) as usize).max(55).min(count), "follow=false");
        let options = Options { threads, ..Options::default() };
        let (_scan, runs) = start(&table, &chosen, options.clone());
        for (sql, run) in chosen.iter().zip(&runs) {
            assert_alike(sql, &wait(run, |s| s.last), &answer(&table, sql, options.clone()));
        }
    }

    #[test]
    fn whoever_joins_and_leaves_is_answered_as_alone(
        count in 600_usize..3_000,
        share in 0.1..=0.9_f64,
        threads in 1_usize..4,
        seed in any::<u64>(),
        first in 0_usize..8,
        pauses in proptest::collection::vec(0_u64..120, 7),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows(count, seed);
        let table = split(folder.path(), &rows, ((count as f64 * share) as usize).max(55), "rate=4000");
        let options = Options { threads, ..Options::default() };
        let (scan, mut runs) = start(&table, &[QUESTIONS[first]], options.clone());
        let mut asked = vec![QUESTIONS[first]];
        for (i, pause) in pauses.iter().enumerate() {
            std::thread::sleep(Duration::from_millis(*pause));
            let sql = QUESTIONS[(first + i + 1) % QUESTIONS.len()];
            runs.push(join(&scan, &table, sql, &options));
            asked.push(sql);
            if i == 3 {
                // The first one is not asked any more.
                drop(runs.remove(0));
                asked.remove(0);
            }
        }
        for (sql, run) in asked.iter().zip(&runs) {
            assert_alike(sql, &wait(run, |s| s.last), &answer(&table, sql, options.clone()));
        }
    }
}

/// At every moment that is published, the total is the sum of its parts, and both have the same rows.
#[test]
fn answers_of_one_moment_agree() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(12_000, 5);
    let table = split(folder.path(), &rows, 4_000, "rate=8000");
    let questions = [QUESTIONS[0], QUESTIONS[1]];
    let (scan, mut runs) = start(&table, &questions, Options { threads: 2, ..Options::default() });
    let number = |s: &Snapshot, column: &str| -> i128 {
        let sum = s.answer.column(column).unwrap().cast(&polars::prelude::DataType::Int64).unwrap();
        sum.i64().unwrap().iter().flatten().map(i128::from).sum()
    };
    let mut seen: BTreeMap<u64, BTreeMap<usize, (i128, i128, u64)>> = BTreeMap::new();
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < until, "the feed ends");
        let newest: Vec<_> = runs.iter().map(Run::latest).collect();
        for (i, s) in newest.iter().enumerate().filter_map(|(i, s)| Some((i, s.as_ref()?))) {
            if !s.catching_up && s.answer.width() > 0 {
                let now = (number(s, "n"), number(s, "s"), s.rows.come_in);
                let of_epoch = seen.entry(s.epoch).or_default();
                let before = of_epoch.insert(i, now);
                assert!(before.is_none_or(|before| before == now), "one moment has one answer");
                assert!(of_epoch.values().all(|other| *other == now), "moment {}: {of_epoch:?}", s.epoch);
            }
        }
        if runs.len() == 2 && seen.len() > 5 {
            // One that joins agrees as soon as it has caught up.
            runs.push(join(&scan, &table, QUESTIONS[1], &Options { threads: 2, ..Options::default() }));
        }
        if newest.iter().all(|s| s.as_ref().is_some_and(|s| s.last)) && runs.len() == newest.len() {
            break;
        }
    }
    let compared =
        |runs: &dyn Fn(&usize) -> bool| seen.values().filter(|of| of.len() > 1 && of.keys().any(runs)).count();
    assert!(compared(&|_| true) > 5 && compared(&|run| *run == 2) > 2, "moments were compared: {seen:?}");
}

/// What one question reads, leaves out or cannot answer never costs another its rows.
#[test]
fn one_that_fails_leaves_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(3_000, 9);
    let table = split(folder.path(), &rows, 1_000, "follow=false");
    // Sums beyond 128 bits are not needed: a cast that cannot be made fails a question at its first row.
    let fails = "SELECT sum(v * 9000000000000000000) AS s FROM r";
    let (_scan, runs) = start(&table, &[QUESTIONS[0], fails, QUESTIONS[3]], Options::default());
    let failed = wait(&runs[1], |s| s.last);
    for (i, sql) in [(0, QUESTIONS[0]), (2, QUESTIONS[3])] {
        assert_alike(sql, &wait(&runs[i], |s| s.last), &answer(&table, sql, Options::default()));
    }
    assert_eq!(failed.fault, answer(&table, fails, Options::default()).fault);
}

/// A seam by key counts each key once for each question, also for one that joins.
#[test]
fn a_seam_by_key_holds_for_whoever_joins() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<String> =
        (0..4_000).map(|i| format!("{},{},1.5,{}\n", "k", i % 3_000, chrono(1_000_000_000_000 + i * 40))).collect();
    let old = write(folder.path(), "old.csv", &all[..1_500]);
    let new = write(folder.path(), "new.csv", &all[1_000..]);
    let mut given = given(&[&old], &[format!("replay:{}?rate=6000", new.display())]);
    given.seam = Some("key:v".into());
    let table = open(&given);
    let options = Options { threads: 2, ..Options::default() };
    let (scan, mut runs) = start(&table, &[QUESTIONS[0]], options.clone());
    wait(&runs[0], |s| s.seam.live_rows > 300);
    runs.push(join(&scan, &table, QUESTIONS[2], &options));
    runs.push(join(&scan, &table, QUESTIONS[0], &options));
    for run in &runs {
        let last = wait(run, |s| s.last);
        assert_eq!((last.rows.come_in, last.seam.overlap_removed), (3_000, 1_500), "{:?}", last.seam);
    }
}

/// Once every input has ended, a question that joins reads all of them, and is complete.
#[test]
fn joining_after_the_end_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(2_000, 11);
    let table = split(folder.path(), &rows, 1_000, "follow=false");
    let (scan, runs) = start(&table, &[QUESTIONS[5]], Options::default());
    wait(&runs[0], |s| s.last);
    for sql in QUESTIONS {
        let joined = join(&scan, &table, sql, &Options::default());
        assert_alike(sql, &wait(&joined, |s| s.last), &answer(&table, sql, Options::default()));
    }
}

/// Questions that are asked together go on together; one that is new catches up with them.
#[test]
fn a_restart_goes_on_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(6_000, 13);
    let table = split(folder.path(), &rows, 2_000, "rate=3000");
    let workspace = folder.path().join("workspace");
    let options = Options { threads: 2, workspace: Some(workspace), ..Options::default() };
    let (scan, runs) = start(&table, &QUESTIONS[..3], options.clone());
    wait(&runs[0], |s| s.seam.live_rows > 2_500);
    drop((scan, runs));
    std::thread::sleep(Duration::from_millis(200));
    let (_scan, runs) = start(&table, &QUESTIONS[..5], options);
    let alone = Options { threads: 2, ..Options::default() };
    for (sql, run) in QUESTIONS.iter().zip(&runs) {
        assert_alike(sql, &wait(run, |s| s.last), &answer(&table, sql, alone.clone()));
    }
}
