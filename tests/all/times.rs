//! Laws of times outside the calendar: from minus infinity to infinity they are values, in every picture and every
//! format; arithmetic that leaves the range gives null and is counted; nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use braid::data::format::{parse_datetime, write_frame};
use braid::data::time::{self, Clock};
use braid::engine::Options;
use polars::prelude::*;
use proptest::prelude::*;
use serde_json::Value;

use crate::cli::{braid, stderr, stdout};
use crate::run::{answer, given, open};

/// Times that calendars of libraries end on, and some that they know.
const TIMES: [i64; 8] =
    [i64::MAX, -i64::MAX, i64::MAX - 1, -i64::MAX + 1, 8_640_000_000_000_000_000, 0, 978_307_200_000_000, i64::MAX];
const DAYS: [i32; 8] = [i32::MAX, -i32::MAX, i32::MAX - 1, -i32::MAX + 1, 100_000_000, 0, 11_323, i32::MAX];

fn times(name: &str, unit: TimeUnit, values: &[i64]) -> Column {
    Int64Chunked::from_slice(name.into(), values).into_datetime(unit, None).into_column()
}

fn frame() -> DataFrame {
    let columns = vec![
        times("t", TimeUnit::Microseconds, &TIMES),
        times("ms", TimeUnit::Milliseconds, &TIMES),
        times("ns", TimeUnit::Nanoseconds, &TIMES),
        Int32Chunked::from_slice("d".into(), &DAYS).into_date().into_column(),
        Column::new("k".into(), ["a", "b", "a", "b", "a", "b", "a", "b"]),
        Column::new("v".into(), [1_i64, 2, 3, 4, 5, 6, 7, 8]),
    ];
    DataFrame::new(8, columns).unwrap()
}

/// Files of those rows in every format.
fn files(folder: &Path) -> Vec<PathBuf> {
    ["parquet", "arrow", "csv", "ndjson", "json"]
        .map(|ending| {
            let path = folder.join(format!("far.{ending}"));
            write_frame(&frame(), &path).unwrap();
            path
        })
        .into()
}

struct Told {
    out: String,
    said: String,
    cells: u64,
    rows: u64,
}

fn run(input: &[&str], more: &[&str], sql: &str) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let stats = folder.path().join("stats.json").display().to_string();
    let out = braid(&[&["run"], input, more, &["--sql", sql, "--stats", &stats]].concat());
    assert_eq!(out.status.code(), Some(0), "{sql}: {}", stderr(&out));
    let told: Value = serde_json::from_slice(&fs::read(&stats).unwrap()).unwrap();
    let n = |key: &str| told[key].as_u64().unwrap();
    assert_eq!(n("rows_in"), n("rows_shown") + n("rows_filtered") + n("rows_late") + n("rows_rejected"), "{sql}");
    Told { out: stdout(&out), said: stderr(&out), cells: n("cells_rejected"), rows: n("rows_rejected") }
}

#[test]
fn a_time_has_a_text_of_whatever_year_it_is() {
    let text = |v: i64| time::text(v, TimeUnit::Microseconds, ' ', Clock::Full);
    assert_eq!(text(i64::MAX), "infinity");
    assert_eq!(text(-i64::MAX), "-infinity");
    assert_eq!(text(i64::MIN), "-infinity");
    assert_eq!(text(i64::MAX - 1), "+294247-01-10 04:00:54.775806");
    assert_eq!(text(-i64::MAX + 1), "-290308-12-21 19:59:05.224194");
    assert_eq!(text(0), "1970-01-01 00:00:00");
    assert_eq!(time::text(-1, TimeUnit::Nanoseconds, 'T', Clock::Full), "1969-12-31T23:59:59.999999999");
    assert_eq!(time::day_text(i32::MAX), "infinity");
    assert_eq!(time::day_text(-i32::MAX), "-infinity");
    assert_eq!(time::day_text(i32::MAX - 1), "+5881580-07-10");
    assert_eq!(time::day_text(-719_528), "0000-01-01");
    assert_eq!(time::day_text(-719_529), "-0001-12-31");
    for (word, value) in [("infinity", i64::MAX), ("-infinity", -i64::MAX), ("Infinity", i64::MAX)] {
        assert_eq!(parse_datetime(word, TimeUnit::Milliseconds), Some(value));
    }
}

proptest! {
    #![proptest_config(crate::cases(256))]

    #[test]
    fn texts_are_those_of_the_calendar_where_it_reaches_and_read_back(
        seconds in -62_167_219_200_i64..253_402_300_800,
        micros in 0_i64..1_000_000,
    ) {
        let value = seconds * 1_000_000 + micros;
        let known = chrono::DateTime::from_timestamp_micros(value).unwrap();
        prop_assert_eq!(
            time::text(value, TimeUnit::Microseconds, 'T', Clock::Full),
            known.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
        );
        prop_assert_eq!(time::iso_micros(value), known.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string());
        prop_assert_eq!(
            parse_datetime(&time::text(value, TimeUnit::Microseconds, ' ', Clock::Full), TimeUnit::Microseconds),
            Some(value)
        );
    }

    #[test]
    fn far_dates_are_those_of_the_calendar_as_far_as_it_reaches(days in -95_000_000_i32..95_000_000) {
        let known = chrono::NaiveDate::from_num_days_from_ce_opt(days + 719_163).unwrap();
        prop_assert_eq!(time::day_text(days), known.format("%Y-%m-%d").to_string());
    }

    #[test]
    fn units_never_wrap(value in prop_oneof![any::<i64>(), prop::sample::select(TIMES.to_vec())], day in any::<i32>()) {
        use TimeUnit::{Microseconds as Us, Milliseconds as Ms, Nanoseconds as Ns};
        for (from, to) in [(Ms, Us), (Ms, Ns), (Us, Ns), (Ns, Us), (Ns, Ms), (Us, Ms), (Us, Us)] {
            let (a, b) = (i128::from(time::per_second(from)), i128::from(time::per_second(to)));
            match time::in_unit(value, from, to) {
                Some(moved) if time::is_infinite(value) => {
                    prop_assert!(time::is_infinite(moved) && (moved > 0) == (value > 0))
                }
                Some(moved) => prop_assert_eq!(i128::from(moved), (i128::from(value) * b).div_euclid(a)),
                None => prop_assert!((i128::from(value) * b).div_euclid(a).abs() >= i128::from(i64::MAX)),
            }
            if let Some(moved) = time::day_in_unit(day, from) {
                prop_assert_eq!(
                    time::day_of(moved, from),
                    Some(if time::is_infinite_day(day) { if day > 0 { i32::MAX } else { -i32::MAX } } else { day })
                );
            }
        }
        for unit in [Ms, Us, Ns] {
            prop_assert!(!time::text(value, unit, ' ', Clock::Full).is_empty());
        }
    }
}

#[test]
fn every_format_writes_and_reads_such_times_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for path in files(folder.path()) {
        let columnar = ["parquet", "arrow"].iter().any(|end| path.extension().is_some_and(|e| e == *end));
        let back = run(&["--history", &format!("r={}", path.display())], &[], "SELECT * FROM r");
        assert!(
            back.out.contains("infinity")
                && back.out.contains("-infinity")
                && back.out.contains("+294247-01-10T04:00:54.775806"),
            "{path:?}: {}",
            back.out
        );
        assert_eq!((back.rows, back.cells), (0, 0), "{path:?}: {}", back.said);
        for ending in ["parquet", "arrow", "csv", "json", "ndjson", "tsv"] {
            let out = folder.path().join(format!("out.{ending}"));
            // As rows that stream, and as an answer that is whole.
            for sql in ["SELECT t, ms, ns, d FROM r", "SELECT t, ms, ns, d FROM r GROUP BY t, ms, ns, d ORDER BY t"] {
                run(&["--history", &format!("r={}", path.display())], &["--out", &out.display().to_string()], sql);
                let text = fs::read(&out).unwrap();
                assert!(!text.is_empty());
                if columnar && matches!(ending, "parquet" | "arrow") {
                    let again = open(&given(&[&out], &[]));
                    let got = answer(&again, "SELECT t, ms, ns, d FROM r", Options::default()).answer.clone();
                    let of = |frame: &DataFrame, name: &str| {
                        let mut v: Vec<i64> = frame
                            .column(name)
                            .unwrap()
                            .to_physical_repr()
                            .cast(&DataType::Int64)
                            .unwrap()
                            .i64()
                            .unwrap()
                            .iter()
                            .flatten()
                            .collect();
                        v.sort_unstable();
                        v.dedup();
                        v
                    };
                    for name in ["t", "ms", "ns", "d"] {
                        assert_eq!(of(&got, name), of(&frame(), name), "{path:?} {ending} {name}");
                    }
                }
            }
        }
    }
}

#[test]
fn infinite_times_are_compared_grouped_and_ordered() {
    let folder = tempfile::tempdir().unwrap();
    let path = &files(folder.path())[0];
    let history = format!("r={}", path.display());
    let ask = |sql: &str| run(&["--history", &history], &[], sql).out;
    assert_eq!(
        ask("SELECT max(t) AS hi, min(t) AS lo, max(d) AS day, min(d) AS first FROM r"),
        "hi,lo,day,first\ninfinity,-infinity,infinity,-infinity\n"
    );
    assert_eq!(ask("SELECT t, count(*) AS n FROM r WHERE t = 'infinity' GROUP BY t"), "t,n\ninfinity,2\n");
    assert_eq!(ask("SELECT count(*) AS n FROM r WHERE d < '-infinity' OR d = 'infinity'"), "n\n2\n");
    assert_eq!(ask("SELECT count(*) AS n FROM r WHERE t > '2000-01-01' AND t < TIMESTAMP 'infinity'"), "n\n3\n");
    assert_eq!(ask("SELECT count(*) AS n FROM r WHERE ms = t"), "n\n4\n");
    assert_eq!(ask("SELECT v FROM r ORDER BY d, v LIMIT 3").lines().collect::<Vec<_>>(), ["v", "2", "4", "6"]);
    assert!(ask("SELECT count(DISTINCT t) AS n, arg_max(k, t) AS k FROM r").starts_with("n,k\n7,"));
    assert_eq!(ask("SELECT median(t) AS m FROM r WHERE v IN (1, 8)"), "m\ninfinity\n");
    assert_eq!(ask("SELECT median(d) AS m FROM r WHERE v IN (1, 6)"), "m\n\n");
}

#[test]
fn windows_of_times_that_have_none_are_null_and_told() {
    let folder = tempfile::tempdir().unwrap();
    for path in files(folder.path()) {
        for (window, lost) in [
            ("tumble(t, INTERVAL '1 day')", 5),
            ("hop(t, INTERVAL '1 hour', INTERVAL '1 day')", 5),
            ("session(t, INTERVAL '1 day')", 4),
        ] {
            let sql = format!("SELECT {window} AS w, window_end, count(*) AS n FROM r GROUP BY w");
            let told = run(&["--history", &format!("r={}", path.display())], &["--time", "r=t"], &sql);
            assert!(
                !told.out.contains("infinity") && !told.out.contains("+36040") && !told.out.contains("292"),
                "{}",
                told.out
            );
            assert!(told.out.contains("2001-01-01T00:00:00"), "{}", told.out);
            assert_eq!((told.cells, told.rows), (lost, 0), "{window} of {path:?}: {}", told.said);
            assert!(
                told.said.contains("'infinity' leaves the range of time") && told.said.contains("cells set aside"),
                "{}",
                told.said
            );
        }
    }
    // As a feed: the same answer, the same count.
    let rows = [0, i64::MAX, 978_307_200_000_000, -i64::MAX, 978_307_201_000_000, i64::MAX, i64::MAX - 1];
    let frame = DataFrame::new(rows.len(), vec![times("t", TimeUnit::Microseconds, &rows)]).unwrap();
    for ending in ["parquet", "csv", "ndjson"] {
        let path = folder.path().join(format!("feed.{ending}"));
        write_frame(&frame, &path).unwrap();
        for window in [
            "tumble(t, INTERVAL '1 day')",
            "hop(t, INTERVAL '1 hour', INTERVAL '1 day')",
            "session(t, INTERVAL '1 day')",
        ] {
            let sql = format!("SELECT {window} AS w, window_end, count(*) AS n FROM r GROUP BY w");
            let ask = |kind: &str, from: String| run(&[kind, &from], &["--time", "r=t"], &sql);
            let (history, live) = (
                ask("--history", format!("r={}", path.display())),
                ask("--live", format!("r=file:{}?follow=false", path.display())),
            );
            assert_eq!((history.cells, history.rows), (4, 0), "{window} of {ending}: {}", history.said);
            assert_eq!(
                (live.out, live.cells, live.rows),
                (history.out, history.cells, history.rows),
                "{window} of {ending}"
            );
        }
    }
}

#[test]
fn an_infinite_time_does_not_move_a_watermark() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let rows: Vec<i64> = (0..50).map(|i| if i == 5 { i64::MAX } else { i * 1_000_000 }).collect();
    write_frame(&DataFrame::new(50, vec![times("t", TimeUnit::Microseconds, &rows)]).unwrap(), &path).unwrap();
    let sql = "SELECT tumble(t, INTERVAL '10 seconds') AS w, count(*) AS n FROM r GROUP BY w";
    let mut given = given(&[], &[format!("replay:{}?speed=max", path.display())]);
    given.lateness = Some(std::time::Duration::ZERO);
    let last = answer(&open(&given), sql, Options::default());
    assert_eq!((last.rows.late, last.rows.cells, last.rows.shown), (0, 1, 50));
}

#[test]
fn arithmetic_that_leaves_the_range_is_null_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = &files(folder.path())[0];
    let history = format!("r={}", path.display());
    for (expr, row) in [
        ("t + INTERVAL '1 day'", 1),
        ("t - INTERVAL '1 day'", 2),
        ("INTERVAL '1 day' + t", 1),
        ("t + INTERVAL '10000000 days'", 5),
        ("t - t", 1),
        ("d + INTERVAL '1 day'", 1),
        ("d + 1", 1),
        ("d - d", 2),
        ("date_trunc('hour', t)", 1),
        ("date_trunc('month', d)", 3),
        ("extract(year FROM t)", 1),
        ("year(d)", 3),
        ("CAST(d AS TIMESTAMP)", 3),
        ("CAST(ms AS TIMESTAMP)", 3),
        ("CAST(t AS DATE) + 1", 1),
        ("coalesce(t, t) + INTERVAL '1 hour'", 1),
    ] {
        for sql in [
            format!("SELECT {expr} AS x FROM r WHERE v = {row}"),
            format!("SELECT {expr} AS x, count(*) AS n FROM r WHERE v = {row} GROUP BY x"),
        ] {
            let told = run(&["--history", &history], &[], &sql);
            assert!(told.out == "x\n\n" || told.out == "x,n\n,1\n", "{sql}: {}", told.out);
            assert_eq!((told.cells, told.rows), (1, 0), "{sql}: {}", told.said);
            assert!(
                told.said.contains("leaves the range of time") && told.said.contains(&format!("line {row}")),
                "{sql}: {}",
                told.said
            );
        }
        // Others are as they were.
        let told = run(&["--history", &history], &[], &format!("SELECT {expr} AS x FROM r WHERE v = 7"));
        assert!(told.cells == 0 && told.out.len() > 3, "{expr}: {}", told.out);
    }
    // What compares and chooses does not calculate.
    for (expr, shown) in [
        ("greatest(t, d)", "infinity"),
        ("coalesce(t, d)", "infinity"),
        ("CASE WHEN v = 1 THEN ms ELSE d END", "infinity"),
        ("concat(t, '!')", "infinity!"),
        ("t || '!'", "infinity!"),
        ("CASE WHEN d BETWEEN t AND ms THEN 1 END", "1"),
        ("CASE WHEN ms IN ('infinity', '2001-01-01') THEN 1 END", "1"),
        ("CASE WHEN d IN ('infinity', '2001-01-01') THEN 1 END", "1"),
        ("CAST(t AS DATE)", "infinity"),
        ("CAST(d AS TIMESTAMP)", "infinity"),
        ("CAST(t AS VARCHAR)", "infinity"),
        ("CAST(ms AS TIMESTAMP)", "infinity"),
    ] {
        let told = run(&["--history", &history], &[], &format!("SELECT {expr} AS x FROM r WHERE v = 1"));
        assert_eq!((told.out.as_str(), told.cells), (format!("x\n{shown}\n").as_str(), 0), "{expr}");
    }
}

#[test]
fn enormous_intervals_are_refused_or_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = &files(folder.path())[0];
    let history = format!("r={}", path.display());
    for interval in ["200000000 days", "99999999999999999999 hours", "9999999999:00:00"] {
        for call in [
            "tumble(t, INTERVAL '_')",
            "hop(t, INTERVAL '_', INTERVAL '_')",
            "session(t, INTERVAL '_')",
            "t + INTERVAL '_'",
        ] {
            let sql = format!("SELECT {} AS w, count(*) AS n FROM r GROUP BY w", call.replace('_', interval));
            let out = braid(&["run", "--history", &history, "--sql", &sql]);
            assert_eq!(out.status.code(), Some(1), "{sql}: {}", stdout(&out));
            assert!(stderr(&out).contains("longer than times reach"), "{sql}: {}", stderr(&out));
        }
    }
    for (interval, word) in
        [("1 fortnight", "is not an interval"), ("1 month 2 days", "vary in length"), ("soon", "is not an interval")]
    {
        let out =
            braid(&["run", "--history", &history, "--sql", &format!("SELECT t + INTERVAL '{interval}' AS x FROM r")]);
        assert_eq!(out.status.code(), Some(1), "{interval}: {}", stdout(&out));
        assert!(stderr(&out).contains(word), "{interval}: {}", stderr(&out));
    }
    assert_eq!(
        run(&["--history", &history], &[], "SELECT t + INTERVAL '1:30:00' AS x FROM r WHERE v = 6").out,
        "x\n1970-01-01T01:30:00.000000\n"
    );
    let told = run(
        &["--history", &history],
        &[],
        "SELECT session(t, INTERVAL '100000000 days') AS w, window_end, count(*) AS n FROM r WHERE v IN (6, 7) GROUP \
         BY w",
    );
    let end =
        time::text(978_307_200_000_000 + 8_640_000_000_000_000_000, TimeUnit::Microseconds, 'T', Clock::Digits(6));
    assert!(end.starts_with("+2757"), "{end}");
    assert_eq!(told.out, format!("w,window_end,n\n1970-01-01T00:00:00.000000,{end},2\n"));
    assert_eq!(told.cells, 0);
}

#[test]
fn pictures_leave_infinite_times_out_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = &files(folder.path())[0];
    let chart = folder.path().join("chart.svg");
    for sql in [
        "SELECT t, count(*) AS n FROM r GROUP BY t",
        "SELECT d, sum(v) AS s FROM r GROUP BY d",
        "SELECT d, k, v FROM r",
        "SELECT v, t FROM r",
        "SELECT ns, v, d FROM r",
    ] {
        run(&["--history", &format!("r={}", path.display())], &["--chart", &chart.display().to_string()], sql);
        let picture = fs::read_to_string(&chart).unwrap();
        assert!(picture.contains("at an infinite time cannot be drawn"), "{sql}");
    }
}

#[test]
fn the_window_shows_such_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = files(folder.path()).remove(0);
    let mut window = crate::window::Window::new();
    window.drop_files(&[&path]);
    window.wait("it is open", |app| app.sheets().len() == 1);
    window.wait_done();
    for sql in [
        "SELECT * FROM far",
        "SELECT t, count(*) AS n FROM far GROUP BY t",
        "SELECT tumble(t, INTERVAL '1 day') AS w, count(*) AS n FROM far GROUP BY w",
        "SELECT max(d) AS x FROM far",
    ] {
        window.ask(sql);
        window.wait_done();
        window.settle();
        let fault = window.sheet().watch.shown.as_ref().unwrap().fault.clone();
        assert_eq!(fault, None, "{sql}");
        assert!(window.has(if sql.contains("tumble") { "cells rejected" } else { "infinity" }), "{sql}");
    }
}
