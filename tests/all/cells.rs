//! Laws of broken values: one harms its cell and nothing else, whichever way its row comes. The same rows as history,
//! as a feed, or as both give the same answer, the same rejected rows and the same rejected cells.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use braid::engine::{Options, Run, Snapshot};
use braid::query::{Plan, Query};
use braid::sync::Wake;
use polars::prelude::*;
use proptest::prelude::*;
use serde_json::Value;

use crate::cli::{braid, stderr, stdout};
use crate::run::{answer, given, open};

const ROWS: usize = 300;

/// Rows as text, in pieces: those of `v` and of `t` whose cell is broken, and those that are no rows at all.
#[derive(Clone, Debug)]
struct Data {
    v: Vec<usize>,
    t: Vec<usize>,
    torn: Vec<usize>,
}

impl Data {
    fn text(&self, json: bool, rows: std::ops::Range<usize>) -> String {
        let mut text = if json { String::new() } else { "t,k,v\n".to_owned() };
        for n in rows {
            let t = if self.t.contains(&n) {
                format!("when{n}")
            } else {
                format!("2001-01-01 00:{:02}:{:02}", n / 60, n % 60)
            };
            let (k, v) = (["a", "b", "c"][n % 3], if self.v.contains(&n) { format!("oops{n}") } else { n.to_string() });
            let torn = self.torn.contains(&n);
            let _ = match (json, torn) {
                (true, true) => writeln!(text, "{{\"t\":\"{t}\",\"k\""),
                (true, false) if self.v.contains(&n) => writeln!(text, "{{\"t\":\"{t}\",\"k\":\"{k}\",\"v\":\"{v}\"}}"),
                (true, false) => writeln!(text, "{{\"t\":\"{t}\",\"k\":\"{k}\",\"v\":{v}}}"),
                (false, true) => writeln!(text, "{t},{k}"),
                (false, false) => writeln!(text, "{t},{k},{v}"),
            };
        }
        text
    }

    /// Of the rows that are rows: how many have a broken cell in one of these columns.
    fn broken(&self, v: bool, t: bool) -> (usize, usize) {
        let whole = |rows: &[usize]| rows.iter().filter(|n| !self.torn.contains(n)).count();
        (if v { whole(&self.v) } else { 0 }, if t { whole(&self.t) } else { 0 })
    }
}

const PLAIN: &str = "SELECT k, count(*) AS n, count(v) AS there, sum(v) AS s FROM r GROUP BY k";
const COUNT: &str = "SELECT count(*) AS n FROM r";
const TIMES: &str = "SELECT count(*) AS n, count(t) AS there, max(t) AS last FROM r";
const WINDOWS: &str = "SELECT tumble(t, INTERVAL '1 minute') AS w, count(*) AS n, sum(v) AS s FROM r GROUP BY w";
const SHOWN: &str = "SELECT t, k, v FROM r ORDER BY k, v, t";

fn told(last: &Snapshot) -> (u64, u64, u64) {
    assert!(last.fault.is_none(), "{:?}", last.fault);
    assert!(last.rows.conserved(), "{:?}", last.rows);
    assert_eq!(last.rows.late, 0);
    (last.rows.come_in, last.rows.rejected, last.rows.cells)
}

/// The places of all that was rejected, without the source.
fn places(last: &Snapshot) -> Vec<(Option<String>, String, String)> {
    let mut all: Vec<_> = last
        .rejects
        .all()
        .map(|r| (r.column.as_ref().map(ToString::to_string), r.reason.clone(), r.body.clone()))
        .collect();
    all.sort();
    all
}

fn few() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::btree_set(0_usize..ROWS, 0..4).prop_map(|rows| rows.into_iter().collect())
}

proptest! {
    #![proptest_config(crate::cases(12))]

    #[test]
    fn history_and_feed_agree_on_broken_cells(
        v in few(),
        t in few(),
        torn in few(),
        json in any::<bool>(),
        cut in 100_usize..200,
    ) {
        let data = Data { v, t, torn };
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, rows: std::ops::Range<usize>| {
            let path = folder.path().join(format!("{name}.{}", if json { "ndjson" } else { "csv" }));
            fs::write(&path, data.text(json, rows)).unwrap();
            path
        };
        let (all, first, rest) = (put("all", 0..ROWS), put("first", 0..cut), put("rest", cut..ROWS));
        let feed = |path: &Path| format!("file:{}?follow=false", path.display());
        let ways: [(Vec<&Path>, Vec<String>); 5] = [
            (vec![&all], vec![]),
            (vec![&first, &rest], vec![]),
            (vec![], vec![feed(&all)]),
            (vec![&first], vec![feed(&rest)]),
            (vec![], vec![format!("replay:{}?speed=max", all.display())]),
        ];
        let torn = data.torn.len() as u64;
        for (sql, v, t, windowed) in [
            (PLAIN, true, false, false),
            (COUNT, false, false, false),
            (TIMES, false, true, false),
            (WINDOWS, true, true, true),
            (SHOWN, true, true, false),
        ] {
            let mut first: Option<Arc<Snapshot>> = None;
            for (history, live) in &ways {
                let table = open(&given(history, live));
                prop_assert!(
                    table.schema.get("v").unwrap().is_integer() && table.schema.get("t").unwrap().is_temporal(),
                    "{:?}",
                    table.schema
                );
                let last = answer(&table, sql, Options::default());
                let (v_cells, t_cells) = data.broken(v, t);
                let both = if windowed {
                    data.v.iter().filter(|n| data.t.contains(n) && !data.torn.contains(n)).count()
                } else {
                    0
                };
                let (rows, cells) = if windowed { (t_cells, v_cells - both) } else { (0, v_cells + t_cells) };
                prop_assert_eq!(
                    told(&last),
                    (ROWS as u64, torn + rows as u64, cells as u64),
                    "{} of {:?} {:?}",
                    sql,
                    history,
                    live
                );
                match &first {
                    Some(first) => {
                        prop_assert!(
                            last.answer.equals_missing(&first.answer),
                            "{}: {:?} {:?}\n{}\n{}",
                            sql,
                            history,
                            live,
                            last.answer,
                            first.answer
                        );
                        prop_assert_eq!(places(&last), places(first));
                    }
                    None => first = Some(last),
                }
            }
        }
    }
}

/// One broken cell of each kind in a file of 201 rows.
fn file(folder: &Path) -> std::path::PathBuf {
    let data = Data { v: vec![7], t: vec![9], torn: vec![] };
    let path = folder.join("r.csv");
    fs::write(&path, data.text(false, 0..201)).unwrap();
    path
}

#[test]
fn the_command_line_counts_cells_names_them_and_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let (stats, space) = (folder.path().join("stats.json"), folder.path().join("space"));
    for input in [
        ["--history".to_owned(), format!("r={}", path.display())],
        ["--live".to_owned(), format!("r=file:{}?follow=false", path.display())],
    ] {
        let run = |sql: &str| {
            let [kind, from] = &input;
            let (told, kept) = (stats.display().to_string(), space.display().to_string());
            let out =
                braid(&["run", kind, from, "--time", "r=t", "--sql", sql, "--stats", &told, "--workspace", &kept]);
            assert!(out.status.success(), "{}", stderr(&out));
            let told: Value = serde_json::from_slice(&fs::read(&stats).unwrap()).unwrap();
            let n = |key: &str| told[key].as_u64().unwrap();
            assert_eq!(n("rows_in"), n("rows_shown") + n("rows_filtered") + n("rows_late") + n("rows_rejected"));
            let kept: Vec<Value> = fs::read_to_string(space.join("rejected.ndjson"))
                .unwrap()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            fs::remove_dir_all(&space).unwrap();
            (stdout(&out), stderr(&out), n("rows_rejected"), n("cells_rejected"), kept)
        };
        let (text, said, rows, cells, kept) = run("SELECT count(*) AS n FROM r");
        assert_eq!((text.as_str(), rows, cells, kept.len()), ("n\n201\n", 0, 0, 0), "{said}");
        assert!(!said.contains("set aside"), "{said}");
        let (text, said, rows, cells, kept) = run("SELECT count(*) AS n, count(v) AS v FROM r");
        assert_eq!((text.as_str(), rows, cells), ("n,v\n201,200\n", 0, 1), "{said}");
        assert!(
            said.contains("1 cell set aside, null in their rows: ")
                && said.contains("r.csv")
                && said.contains("line 9: column 'v': 'oops7' is not an integer"),
            "{said}"
        );
        assert_eq!((&kept[0]["line"], &kept[0]["column"], &kept[0]["body"]), (&9.into(), &"v".into(), &"oops7".into()));
        let (text, said, rows, cells, _) =
            run("SELECT tumble(t, INTERVAL '1 day') AS w, count(*) AS n FROM r GROUP BY w");
        assert_eq!((text.as_str(), rows, cells), ("w,n\n2001-01-01T00:00:00.000000,200\n", 1, 0), "{said}");
        assert!(
            said.contains("1 row set aside: ") && said.contains("line 11: column 't': 'when9' is not a date and time"),
            "{said}"
        );
    }
}

#[test]
fn cells_survive_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let space = folder.path().join("space");
    let options = || Options { workspace: Some(space.clone()), ..Options::default() };
    let table = open(&given(&[], &[format!("file:{}", path.display())]));
    let run = crate::run::start(&table, "SELECT count(v) AS n FROM r", options());
    crate::run::wait(&run, |s| s.rows.come_in == 201 && s.rows.cells == 1);
    run.finish();
    crate::run::wait(&run, |s| s.last);
    drop(run);
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"2001-01-02,a,what\n2001-01-02,a,5\n"))
        .unwrap();
    // The first one lets go of its checkpoints a moment after it was dropped.
    let sql = "SELECT count(v) AS n FROM r";
    let plan = Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, &table.schema, Some("t")).unwrap());
    let run = loop {
        match Run::start(plan.clone(), Arc::new(table.clone()), options(), Wake::silent()) {
            Ok(run) => break run,
            Err(fault) => assert!(fault.what.contains("already"), "{fault}"),
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let last = crate::run::wait(&run, |s| s.rows.come_in == 203);
    assert_eq!((last.rows.cells, last.rows.rejected), (2, 0));
    assert_eq!(last.answer.column("n").unwrap().cast(&DataType::Int64).unwrap().i64().unwrap().get(0), Some(201));
}
