//! `braid run` as others use it: flags, keys, exit codes, and one clear line when something is wrong.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use braid::data::format::write_frame;
use serde_json::Value;

use crate::run::{QUESTION, sample};

pub fn braid(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_braid")).args(args).stdin(Stdio::null()).output().unwrap()
}

pub fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

pub fn stdout(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// The one line of a run that must fail with exit code 1.
pub fn refused(args: &[&str]) -> String {
    let out = braid(args);
    let said = stderr(&out);
    assert_eq!(out.status.code(), Some(1), "{args:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    let last = said.lines().last().unwrap_or("").to_owned();
    assert!(last.starts_with("braid: "), "{said}");
    last
}

fn history(path: &Path) -> String {
    format!("r={}", path.display())
}

#[test]
fn an_answer_goes_to_stdout_as_csv_in_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "k,v\nb,1\na,2\na,3\n").unwrap();
    let out =
        braid(&["run", "--history", &history(&path), "--sql", "SELECT k, sum(v) AS s FROM r GROUP BY k ORDER BY k"]);
    assert!(out.status.success(), "{}", stderr(&out));
    assert_eq!(stdout(&out), "k,s\na,5\nb,1\n");
}

#[test]
fn every_output_is_written_and_the_stats_have_every_key() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(3_000, 21);
    let (old, new) = (folder.path().join("old.parquet"), folder.path().join("new.ndjson"));
    write_frame(&frame.head(Some(1_000)), &old).unwrap();
    write_frame(&frame.slice(1_000, 2_000), &new).unwrap();
    let live = format!("r=file:{}?follow=false", new.display());
    for name in ["answer.csv", "answer.parquet", "answer.json", "answer.arrow"] {
        let (out, chart, stats) =
            (folder.path().join(name), folder.path().join("chart.png"), folder.path().join("stats.json"));
        let done = braid(&[
            "run",
            "--history",
            &history(&old),
            "--live",
            &live,
            "--time",
            "r=t,1h",
            "--seam",
            "r=append",
            "--sql",
            QUESTION,
            "--out",
            &out.display().to_string(),
            "--chart",
            &chart.display().to_string(),
            "--stats",
            &stats.display().to_string(),
            "--threads",
            "2",
            "--memory",
            "1GiB",
            "--engine",
            "local",
        ]);
        assert!(done.status.success(), "{}", stderr(&done));
        assert!(fs::metadata(&out).unwrap().len() > 0 && stdout(&done).is_empty());
        assert!(fs::read(&chart).unwrap().starts_with(b"\x89PNG"));
        let stats: Value = serde_json::from_slice(&fs::read(&stats).unwrap()).unwrap();
        for key in [
            "rows_in",
            "rows_shown",
            "rows_filtered",
            "rows_late",
            "rows_rejected",
            "cells_rejected",
            "bytes_in",
            "wall_s",
            "cpu_s",
            "first_answer_ms",
            "peak_rss_mb",
            "chunks",
            "merges",
            "bytes_between_threads",
            "groups",
            "watermark",
            "seam",
            "latency_ms",
        ] {
            assert!(!stats[key].is_null(), "{key} is missing: {stats}");
        }
        for key in ["p50", "p99", "max"] {
            assert!(stats["latency_ms"][key].is_number());
        }
        let n = |key: &str| stats[key].as_u64().unwrap();
        assert_eq!(n("rows_in"), 3_000);
        assert_eq!(n("rows_in"), n("rows_shown") + n("rows_filtered") + n("rows_late") + n("rows_rejected"));
        assert_eq!(stats["seam"]["live_rows"], 2_000);
    }
    let svg = folder.path().join("chart.svg");
    let done = braid(&["run", "--history", &history(&old), "--sql", QUESTION, "--chart", &svg.display().to_string()]);
    assert!(done.status.success() && fs::read_to_string(&svg).unwrap().contains("<svg"));
}

#[test]
fn every_mark_can_be_asked_for_and_draws_its_own_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    // Of two series: a stack of one is no stack.
    fs::write(&path, "k,c,v\np,a,10\nq,a,30\nr,a,20\ns,a,15\np,b,12\nq,b,9\nr,b,4\ns,b,8\n").unwrap();
    let sql = "SELECT k, c, sum(v) AS s FROM r GROUP BY k, c ORDER BY k, c";
    let drawn: Vec<String> = braid::figure::MARKS
        .iter()
        .map(|mark| {
            let svg = folder.path().join(format!("{}.svg", mark.name)).display().to_string();
            let done =
                braid(&["run", "--history", &history(&path), "--sql", sql, "--chart", &svg, "--mark", mark.name]);
            assert!(done.status.success(), "{}: {}", mark.name, stderr(&done));
            fs::read_to_string(&svg).unwrap()
        })
        .collect();
    for (i, one) in drawn.iter().enumerate() {
        assert!(drawn.iter().skip(i + 1).all(|other| one != other), "two marks draw the same");
    }
    for (args, word) in [(["--mark", "pie"], "scatter"), (["--mark", "line"], "--chart")] {
        let out = braid(&[&["run", "--history", &history(&path), "--sql", sql], &args[..]].concat());
        assert_eq!(out.status.code(), Some(2), "{args:?}: {}", stderr(&out));
        assert!(stderr(&out).contains(word) && stderr(&out).lines().count() == 1, "{args:?}: {}", stderr(&out));
    }
}

#[test]
fn a_pipe_is_a_feed_that_ends() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_braid"))
        .args([
            "run",
            "--live",
            "r=stdin:",
            "--sql",
            "SELECT k, count(*) AS n, sum(v) AS s FROM r GROUP BY k ORDER BY k",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for i in 0..5_000 {
        writeln!(pipe, "{{\"k\":\"{}\",\"v\":{i}}}", ["a", "b"][i % 2]).unwrap();
    }
    drop(pipe);
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{}", stderr(&out));
    assert_eq!(stdout(&out), "k,n,s\na,2500,6247500\nb,2500,6250000\n");
}

#[test]
fn for_ends_a_feed_that_never_ends_with_a_complete_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grows.ndjson");
    fs::write(&path, "{\"v\":1}\n{\"v\":2}\n").unwrap();
    let out = braid(&[
        "run",
        "--live",
        &format!("r=file:{}", path.display()),
        "--for",
        "700ms",
        "--sql",
        "SELECT sum(v) AS s FROM r",
    ]);
    assert!(out.status.success(), "{}", stderr(&out));
    assert_eq!(stdout(&out), "s\n3\n");
}

/// Waits until a run that keeps checkpoints in `workspace` has written the first: it counts rows by then.
#[cfg(unix)]
fn wait_for_checkpoint(workspace: &Path) {
    let since = std::time::Instant::now();
    let files = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_one = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ckpt-"));
    while !files(&workspace.join("checkpoints")).any(|run| files(&run).any(|path| is_one(&path))) {
        assert!(since.elapsed() < Duration::from_secs(60), "there is no checkpoint in {}", workspace.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_a_complete_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grows.ndjson");
    fs::write(&path, "{\"v\":1}\n{\"v\":2}\n").unwrap();
    let workspace = folder.path().join("workspace");
    let child = Command::new(env!("CARGO_BIN_EXE_braid"))
        .args(["run", "--live", &format!("r=file:{}", path.display()), "--sql", "SELECT sum(v) AS s FROM r"])
        .arg("--workspace")
        .arg(&workspace)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_checkpoint(&workspace);
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{}", stderr(&out));
    assert_eq!(stdout(&out), "s\n3\n");
}

#[test]
fn a_question_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (data, sql) = (folder.path().join("a.csv"), folder.path().join("q.sql"));
    fs::write(&data, "机场,延误\n北京,5\n上海,7\n北京,1\n").unwrap();
    fs::write(&sql, "-- 每个机场\nSELECT 机场, sum(延误) AS 合计 FROM r GROUP BY 机场 ORDER BY 合计").unwrap();
    let out = braid(&["run", "--history", &history(&data), "--sql", &format!("@{}", sql.display())]);
    assert_eq!(stdout(&out), "机场,合计\n北京,6\n上海,7\n", "{}", stderr(&out));
}

#[test]
fn wrong_usage_exits_with_2_and_one_line() {
    for (args, word) in [
        (vec!["run"], "--sql"),
        (vec!["run", "--sql", "SELECT 1"], "--history"),
        (vec!["run", "--hystory", "a=b", "--sql", "x"], "did you mean --history"),
        (vec!["run", "--history", "nofile", "--sql", "x"], "NAME=VALUE"),
        (vec!["run", "--history", "a=b", "--sql", "x", "--for", "soon"], "duration"),
        (vec!["run", "--history", "a=b", "--sql", "x", "--memory", "lots"], "size"),
        (vec!["run", "--history", "a=b", "--sql", "x", "--engine", "flink:localhost:1"], "engine"),
        (vec!["train"], "--data"),
    ] {
        let out = braid(&args);
        assert_eq!(out.status.code(), Some(2), "{args:?}: {}", stderr(&out));
        assert!(stderr(&out).contains(word) && stderr(&out).lines().count() == 1, "{args:?}: {}", stderr(&out));
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "k,v\nb,1\n").unwrap();
    for (option, name, word) in [
        ("--out", "x.xyz", ".xyz"),
        ("--out", "x.csv.gz", "packed"),
        ("--chart", "x.jpg", ".png"),
        ("--out", "no/x.csv", "no such folder"),
    ] {
        let out = folder.path().join(name).display().to_string();
        let said = refused(&["run", "--history", &history(&path), "--sql", "SELECT count(*) FROM r", option, &out]);
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn a_silent_feed_is_waited_for_as_long_as_for_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silent.ndjson");
    fs::write(&path, "").unwrap();
    let said = refused(&[
        "run",
        "--live",
        &format!("r=file:{}", path.display()),
        "--for",
        "1s",
        "--sql",
        "SELECT count(*) FROM r",
    ]);
    assert!(said.contains("no row came within") && said.contains("silent.ndjson"), "{said}");
}

#[test]
fn lists_come_from_the_slices() {
    let sources = stdout(&braid(&["sources"]));
    for kind in braid::source::live::LIVE_KINDS {
        assert!(kind.schemes.iter().all(|s| sources.contains(s)) && sources.contains(kind.about));
    }
    for format in braid::data::format::FORMATS {
        assert!(sources.contains(format.title));
    }
    let aggregates = stdout(&braid(&["aggregates"]));
    assert!(braid::query::aggregate::AGGREGATES.iter().all(|a| aggregates.contains(a.usage)));
    let marks = stdout(&braid(&["marks"]));
    assert!(braid::figure::MARKS.iter().all(|m| marks.contains(m.name)));
    assert!(stdout(&braid(&["--help"])).contains("--stats FILE.json"));
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_display_the_program_says_so_and_points_to_run() {
    let out = Command::new(env!("CARGO_BIN_EXE_braid"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(stderr(&out).contains("display") && stderr(&out).contains("braid run"), "{}", stderr(&out));
}

#[test]
fn help_of_run_explains_every_option_it_takes_in_a_line() {
    let text = stdout(&braid(&["run", "--help"]));
    for option in [
        "history",
        "live",
        "time",
        "seam",
        "sql",
        "for",
        "workspace",
        "out",
        "chart",
        "mark",
        "stats",
        "engine",
        "threads",
        "memory",
    ] {
        let line = text
            .lines()
            .find(|l| l.trim_start().starts_with(&format!("--{option} ")))
            .unwrap_or_else(|| panic!("{option}: {text}"));
        assert!(line.split_whitespace().count() > 5, "{line}");
    }
    assert!(text.contains("Examples"));
}

#[test]
fn help_fits_into_120_columns() {
    for command in [&["--help"][..], &["run", "--help"], &["train", "--help"]] {
        let text = stdout(&braid(command));
        assert!(text.lines().count() > 20, "{text}");
        for line in text.lines() {
            assert!(line.chars().count() <= 120, "{command:?}: {line}");
        }
    }
}

#[test]
fn what_is_not_exact_and_what_windows_are_open_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (path, stats) = (folder.path().join("a.ndjson"), folder.path().join("s.json"));
    let rows: String =
        (0..600).map(|i| format!("{{\"t\":\"2024-01-01T00:{:02}:{:02}\",\"v\":{i}}}\n", i / 60, i % 60)).collect();
    fs::write(&path, rows).unwrap();
    let sql = "SELECT tumble(t, INTERVAL '1 minute') AS w, approx_quantile(v, 0.95) AS p95, median(v) AS m, sum(v) AS \
               s FROM r GROUP BY w";
    let live = format!("r=file:{}", path.display());
    let out = braid(&["run", "--live", &live, "--sql", sql, "--for", "3s", "--stats", &stats.display().to_string()]);
    let said = stderr(&out);
    assert!(out.status.success(), "{said}");
    assert!(said.contains("p95: sketch") && said.contains("m: exact, keeps") && !said.contains("s: "), "{said}");
    let stats: Value = serde_json::from_slice(&fs::read(&stats).unwrap()).unwrap();
    // The newest row came at 9:59, and ten seconds may still be late.
    assert_eq!(stats["windows"], serde_json::json!({ "open": 1, "final": 9, "corrected": 0 }));
    assert!(
        stats["cost"]["exponents"]["time"].is_null() && stats["cost"]["note"].as_str().unwrap().contains("too short"),
        "{}",
        stats["cost"]
    );
    assert!(stats["cost"]["state_bytes_per_group"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_file_that_does_not_exist_yet_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let nope = folder.path().join("nope.ndjson");
    let sql = ["--sql", "SELECT count(*) AS n FROM r"];
    let out = braid(&[&["run", "--live", &format!("r=file:{}", nope.display()), "--for", "300ms"][..], &sql].concat());
    let said = stderr(&out);
    assert!(said.lines().next().unwrap().contains("does not exist yet; it is waited for"), "{said}");
    assert!(said.lines().last().unwrap().contains(&nope.display().to_string()), "{said}");
    let line = refused(&[&["run", "--live", &format!("r=file:{}?follow=false", nope.display())][..], &sql].concat());
    assert!(line.contains("nope.ndjson"), "{line}");
}

#[test]
fn the_same_file_as_history_and_feed_is_said_before_the_run_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "t,v\n2024-01-01T00:00:00,1\n2024-01-01T00:00:05,2\n").unwrap();
    let live = format!("r=replay:{}?speed=max", path.display());
    let out = braid(&["run", "--history", &history(&path), "--live", &live, "--sql", "SELECT count(*) AS n FROM r"]);
    let said = stderr(&out);
    assert_eq!(said.matches("every row is counted twice").count(), 1, "{said}");
    assert_eq!(stdout(&out), "n\n4\n");
}

#[test]
fn rejected_cells_are_named_up_to_three_and_all_of_them_can_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    // Enough good rows that the column is one of numbers.
    let rows: String = (0..400).map(|i| if i % 80 == 79 { format!("odd{i}\n") } else { format!("{i}\n") }).collect();
    fs::write(&path, format!("v\n{rows}")).unwrap();
    let run = |more: &[&str]| {
        stderr(&braid(&[&["run", "--history", &history(&path), "--sql", "SELECT sum(v) AS s FROM r"], more].concat()))
    };
    let said = run(&[]);
    assert!(
        said.contains("5 cells set aside, null in their rows: ")
            && said.contains("line 81")
            && said.contains("line 161")
            && said.contains("line 241"),
        "{said}"
    );
    assert!(
        !said.contains("line 321") && said.contains("; and 2 more (--workspace DIR writes them to DIR/rejected.ndjson"),
        "{said}"
    );
    let space = folder.path().join("w");
    let said = run(&["--workspace", &space.display().to_string()]);
    assert!(said.contains(&format!("all are in {}", space.join("rejected.ndjson").display())), "{said}");
    assert_eq!(fs::read_to_string(space.join("rejected.ndjson")).unwrap().lines().count(), 5);
}

#[test]
fn numbers_with_commas_are_told_from_text_with_an_expression_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(
        &path,
        "town;price;people;mixed;code\nRome;1,5;1,234,567;1.234,5;1,2,3\nOslo;-2,25;12,000;7,5;9\nLima;3;950;1.000.\
         000;8\n",
    )
    .unwrap();
    let ask = |sql: &str| braid(&["run", "--history", &history(&path), "--sql", sql]);
    for (column, words, number, sum) in [
        ("price", "a decimal comma", "CAST(replace(price, ',', '.') AS DOUBLE)", "2.25"),
        ("people", "commas between thousands", "CAST(replace(people, ',', '') AS DOUBLE)", "1247517.0"),
        ("mixed", "a decimal comma", "CAST(replace(replace(mixed, '.', ''), ',', '.') AS DOUBLE)", "1001242.0"),
    ] {
        let said = stderr(&ask(&format!("SELECT sum({column}) AS s FROM r")));
        assert!(said.contains(words) && said.contains(&format!("write {number} instead of")), "{column}: {said}");
        assert_eq!(stdout(&ask(&format!("SELECT sum({number}) AS s FROM r"))), format!("s\n{sum}\n"));
    }
    let said = stderr(&ask("SELECT sum(code) AS s FROM r"));
    assert!(said.contains("is text") && !said.contains("comma"), "what is no number is text: {said}");
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (data, other) = (path("t.csv"), path("u.csv"));
    let text: String = std::iter::once("a,y\n".to_owned()).chain((0..50).map(|i| format!("{i},{}\n", i % 2))).collect();
    fs::write(&data, &text).unwrap();
    let (history, live) = (format!("t={data}"), format!("t=file:{data}?follow=false"));
    let sql = "SELECT count(*) AS n FROM t";
    let train = ["train", "--data", &data, "--target", "y"];
    for args in [
        &["run", "--history", &history, "--sql", sql, "--out", &data][..],
        &["run", "--live", &live, "--sql", sql, "--stats", &data],
        &[&train[..], &["--model", &data]].concat(),
        &[&train[..], &["--test", &data, "--stats", &data]].concat(),
    ] {
        let said = refused(args);
        assert!(said.contains("would be written over") && said.contains("t.csv"), "{said}");
    }
    let question = path("q.csv");
    fs::write(&question, sql).unwrap();
    let said = refused(&["run", "--history", &history, "--sql", &format!("@{question}"), "--out", &question]);
    assert!(said.contains("would be written over") && fs::read_to_string(&question).unwrap() == sql, "{said}");
    let same = path("./u.csv");
    assert!(refused(&[&train[..], &["--model", &other, "--stats", &same]].concat()).contains("two things"));
    assert!(
        refused(&[&train[..], &["--model", &folder.path().display().to_string()]].concat())
            .contains("this is a folder")
    );
    assert_eq!(fs::read_to_string(&data).unwrap(), text);
    assert!(!Path::new(&other).exists());
    let out = braid(&["run", "--history", &history, "--sql", sql, "--stats", "/dev/null", "--out", &other]);
    assert!(out.status.success(), "{}", stderr(&out));
}
