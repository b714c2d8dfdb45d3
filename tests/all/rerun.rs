//! Questions outside what is kept up to date: asked again of the rows stored, and saying so.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use braid::data::Fault;
use braid::data::format::write_frame;
use braid::engine::open::{Given, open_table};
use braid::engine::{Memory, Options, Run, Snapshot, Table};
use braid::query::{Plan, Query};
use braid::sync::{Cancel, Wake};
use polars::prelude::*;

use crate::run::{sample, wait};

fn open(name: &str, history: Option<&Path>, live: Option<String>) -> Arc<Table> {
    let given = Given {
        name: name.into(),
        history: history.iter().map(|p| p.display().to_string()).collect(),
        live: live.into_iter().collect(),
        ..Given::default()
    };
    Arc::new(open_table(&given, Duration::from_secs(30), &Cancel::new()).unwrap_or_else(|f| panic!("{f}")))
}

fn start(sql: &str, tables: &[&Arc<Table>], options: Options) -> Result<Run, Fault> {
    let query = Query::parse(sql)?;
    let inputs: Vec<_> = tables.iter().map(|t| t.input(&t.name)).collect();
    let plan = Plan::over(&query, sql, &inputs)?;
    let datasets = tables[1..].iter().map(|t| (*t).clone()).collect();
    Run::start(Arc::new(plan), tables[0].clone(), Options { datasets, ..options }, Wake::silent())
}

fn numbers(s: &Snapshot, name: &str) -> Vec<i64> {
    s.answer
        .column(name)
        .map(|c| c.cast(&DataType::Int64).unwrap().i64().unwrap().iter().flatten().collect())
        .unwrap_or_default()
}

#[test]
fn history_and_live_are_asked_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let rows = sample(2_000, 8);
    let (all, old, new) =
        (folder.path().join("all.parquet"), folder.path().join("old.parquet"), folder.path().join("new.ndjson"));
    write_frame(&rows, &all).unwrap();
    write_frame(&rows.head(Some(1_200)), &old).unwrap();
    write_frame(&rows.slice(1_200, 800), &new).unwrap();
    for sql in [
        "SELECT k, v FROM r WHERE v > 900000 AND k IN (SELECT k FROM r WHERE v < -900000)",
        "SELECT k, v FROM r WHERE v > 900000 UNION ALL SELECT k, v FROM r WHERE v < -900000",
        "SELECT * FROM r WHERE v > 900000 UNION ALL SELECT * FROM r WHERE v < -900000",
    ] {
        let ask = |table: Arc<Table>| {
            wait(&start(sql, &[&table], Options::default()).unwrap_or_else(|f| panic!("{sql}: {f}")), |s| s.last)
        };
        let one = ask(open("r", Some(&all), None));
        let split = ask(open("r", Some(&old), Some(format!("file:{}?follow=false", new.display()))));
        assert_eq!(split.fault, None, "{sql}");
        assert!(split.answer.height() > 0 && split.answer.equals_missing(&one.answer), "{sql}");
        assert!(split.rows.conserved() && split.rows.come_in == 2_000, "{:?}", split.rows);
        assert!(split.notes.iter().any(|n| n.starts_with("re-run (not incremental)")), "{:?}", split.notes);
    }
}

#[test]
fn the_answer_follows_a_feed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.ndjson");
    std::fs::write(&path, "{\"k\":\"a\",\"n\":1}\n{\"k\":\"b\",\"n\":2}\n").unwrap();
    let live = open("r", None, Some(format!("file:{}", path.display())));
    let run = start("SELECT count(*) AS keys FROM (SELECT DISTINCT k FROM r)", &[&live], Options::default()).unwrap();
    wait(&run, |s| numbers(s, "keys") == [2]);
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"k\":\"c\",\"n\":3}\n").unwrap();
    wait(&run, |s| numbers(s, "keys") == [3] && !s.last);
    run.finish();
    let last = wait(&run, |s| s.last);
    assert_eq!((numbers(&last, "keys"), last.rows.come_in), (vec![3], 3));
}

#[test]
fn two_histories_and_a_third_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let a = open("a", Some(&write("a.csv", "k,v\n1,10\n2,20\n3,30\n")), None);
    let b = open("b", Some(&write("b.csv", "k,w\n1,100\n2,200\n")), None);
    let c = open("c", Some(&write("c.csv", "k,z\n2,5\n")), None);
    let sql = "SELECT a.k, v + w + z AS s FROM a JOIN b ON a.k = b.k JOIN c ON a.k = c.k";
    assert_eq!(Query::parse(sql).unwrap().tables(), ["a", "b", "c"]);
    let last = wait(&start(sql, &[&a, &b, &c], Options::default()).unwrap(), |s| s.last);
    assert_eq!(last.fault, None);
    assert_eq!(numbers(&last, "s"), [225]);
    assert_eq!(last.rows.come_in, 6);
}

#[test]
fn only_mentioned_columns_are_read_and_memory_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.parquet");
    write_frame(&sample(100_000, 2), &path).unwrap();
    let table = open("r", Some(&path), None);
    let sql = "SELECT k, v FROM r WHERE k IN (SELECT k FROM r WHERE v > 0)";
    let plan = Plan::over(&Query::parse(sql).unwrap(), sql, &[table.input("r")]).unwrap();
    assert_eq!(plan.columns_of(0), ["k", "v"]);
    let last = wait(
        &start(sql, &[&table], Options { memory: Some(Memory::new(1 << 20)), ..Options::default() }).unwrap(),
        |s| s.last,
    );
    let fault = last.fault.clone().expect("rows that do not fit").to_string();
    assert!(fault.contains("rows take") && fault.contains("allow more memory"), "{fault}");
}

#[test]
fn what_nobody_knows_is_said_with_its_place() {
    let schema = sample(1, 1).schema().clone();
    let input = braid::query::InputTable { name: "r", schema: &schema, time: None, commas: &[] };
    let sql = "SELECT nope FROM (SELECT k FROM r) AS q";
    let fault = Plan::over(&Query::parse(sql).unwrap(), sql, &[input]).unwrap_err();
    assert_eq!(fault.span.map(|s| &sql[s]), Some("nope"));
    assert!(Query::parse("SELECT k FROM r UNION").unwrap_err().span.is_some());
}

#[test]
fn items_without_a_name_are_called_by_their_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "k,i\na,1\nb,2\n").unwrap();
    let sql = "WITH x AS (SELECT * FROM r) SELECT count(*), k, sum(i) AS s, max(i) + 1 FROM x GROUP BY k ORDER BY k";
    let out = crate::cli::braid(&["run", "--history", &format!("r={}", path.display()), "--sql", sql]);
    assert_eq!(
        String::from_utf8_lossy(&out.stdout),
        "count(*),k,s,max(i) + 1\n1,a,1,2\n1,b,2,3\n",
        "{}",
        crate::cli::stderr(&out)
    );
}
