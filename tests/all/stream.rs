//! `braid run` with a question about rows: all of them are written as they come, in their order, whole or not at all.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use braid::data::format::write_frame;
use braid::source::history::open_history;
use polars::prelude::*;

use crate::run::sample;

fn braid(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_braid")).arg("run").args(args).stdin(Stdio::null()).output().unwrap()
}

fn read(path: &Path) -> DataFrame {
    let file = open_history(path, Some(sample(1, 1).schema().clone())).unwrap_or_else(|f| panic!("{f}"));
    let columns: Vec<usize> = (0..file.schema().len()).collect();
    let mut reader = file.open(&columns).unwrap();
    let mut all: Option<DataFrame> = None;
    while let Some(piece) = reader.next().unwrap() {
        for chunk in piece.decode().unwrap() {
            assert_eq!(chunk.rejects.count, 0);
            all = Some(all.map_or_else(|| chunk.frame.clone(), |all| all.vstack(&chunk.frame).unwrap()));
        }
    }
    all.unwrap()
}

#[test]
fn all_rows_are_written_in_their_order_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(300_000, 17);
    let source = folder.path().join("all.csv");
    write_frame(&frame, &source).unwrap();
    let given = format!("r={}", source.display());
    for ending in ["csv", "tsv", "ndjson", "json", "parquet", "arrow"] {
        let out = folder.path().join(format!("out.{ending}"));
        let done =
            braid(&["--history", &given, "--sql", "SELECT * FROM r", "--threads", "4", "--out", out.to_str().unwrap()]);
        assert!(done.status.success(), "{ending}: {}", String::from_utf8_lossy(&done.stderr));
        let got = read(&out);
        assert!(got.equals_missing(&frame), "{ending}: {} rows", got.height());
        let left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .filter_map(|e| e.unwrap().file_name().into_string().ok())
            .filter(|n| n.contains("part"))
            .collect();
        assert_eq!(left, [""; 0], "{ending}");
    }
}

#[test]
fn no_row_is_lost_to_a_small_memory_when_rows_go_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(200_000, 18);
    let (source, out, stats) =
        (folder.path().join("all.parquet"), folder.path().join("out.parquet"), folder.path().join("stats.json"));
    write_frame(&frame, &source).unwrap();
    let given = format!("r={}", source.display());
    let args = [
        "--history",
        &given,
        "--sql",
        "SELECT * FROM r WHERE v IS NOT NULL",
        "--memory",
        "256MiB",
        "--out",
        out.to_str().unwrap(),
        "--stats",
        stats.to_str().unwrap(),
    ];
    let done = braid(&args);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let want = frame.filter(&frame.column("v").unwrap().is_not_null()).unwrap();
    assert!(read(&out).equals_missing(&want));
    let stats: serde_json::Value = serde_json::from_slice(&fs::read(&stats).unwrap()).unwrap();
    assert_eq!(stats["rows_shown"], want.height());
    assert_eq!(stats["rows_in"], 200_000);
}

#[test]
fn history_and_a_feed_are_both_written() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(5_000, 19);
    let (old, new, out) =
        (folder.path().join("old.parquet"), folder.path().join("new.ndjson"), folder.path().join("out.csv"));
    write_frame(&frame.head(Some(3_000)), &old).unwrap();
    write_frame(&frame.slice(3_000, 2_000), &new).unwrap();
    let (history, live) = (format!("r={}", old.display()), format!("r=file:{}?follow=false", new.display()));
    let done =
        braid(&["--history", &history, "--live", &live, "--sql", "SELECT * FROM r", "--out", out.to_str().unwrap()]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let got = read(&out).sort(["t"], SortMultipleOptions::default()).unwrap();
    assert!(got.equals_missing(&frame));
}

#[test]
fn a_pipe_gets_every_row_and_may_be_closed_early() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("all.parquet");
    write_frame(&sample(150_000, 20), &source).unwrap();
    let given = format!("r={}", source.display());
    let done = braid(&["--history", &given, "--sql", "SELECT v FROM r"]);
    assert_eq!(done.stdout.iter().filter(|b| **b == b'\n').count(), 150_001);
    let mut child = Command::new(env!("CARGO_BIN_EXE_braid"))
        .args(["run", "--history", &given, "--sql", "SELECT v, x FROM r"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 4];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"v,x\n");
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_question_that_fails_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (folder.path().join("all.csv"), folder.path().join("out.csv"));
    fs::write(&source, "v\n1\n9223372036854775807\n").unwrap();
    let given = format!("r={}", source.display());
    let done = braid(&["--history", &given, "--sql", "SELECT v + 1 AS w FROM r", "--out", out.to_str().unwrap()]);
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("64 bits"), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "neither the file nor a part of it");
}

#[test]
fn a_table_is_joined_on_the_command_line_and_other_questions_are_re_run() {
    let folder = tempfile::tempdir().unwrap();
    let (trades, names) = (folder.path().join("trades.csv"), folder.path().join("names.csv"));
    fs::write(&trades, "sym,qty\na,1\nb,2\na,3\n").unwrap();
    fs::write(&names, "sym,name\na,alpha\nb,beta\n").unwrap();
    let (first, second) = (format!("trades={}", trades.display()), format!("names={}", names.display()));
    let ask = |sql: &str| {
        let done = braid(&["--history", &first, "--history", &second, "--sql", sql]);
        (String::from_utf8_lossy(&done.stdout).into_owned(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    assert_eq!(
        ask("SELECT name, sum(qty) AS n FROM trades JOIN names USING (sym) GROUP BY name ORDER BY name").0,
        "name,n\nalpha,4\nbeta,2\n"
    );
    assert_eq!(
        ask("SELECT t.qty, n.name FROM Trades t JOIN names n ON t.sym = n.sym").0,
        "qty,name\n1,alpha\n2,beta\n3,alpha\n"
    );
    let (answer, said) = ask("SELECT name FROM names WHERE name IN ('alpha') UNION ALL SELECT sym AS name FROM trades");
    assert_eq!(answer, "name\nalpha\na\nb\na\n", "the rows of one, then those of the other");
    assert!(said.contains("re-run (not incremental)"), "{said}");
    assert!(ask("SELECT 1 AS x FROM trades JOIN nowhere USING (sym)").1.contains("no table 'nowhere'"));
}
