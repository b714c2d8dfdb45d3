//! The seam at its edges: equal times on the boundary, rows that come while history is read, faces without rows, and a
//! history that grows while live runs. In every case each row is counted once, and the ledger says so.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use braid::cli::wording;
use braid::data::format::write_frame;
use braid::engine::open::Given;
use braid::engine::seam::Gap;
use braid::engine::{Options, Snapshot};
use polars::prelude::*;

use crate::run::{answer, assert_same, given, one_go, open, sample, start, wait};

const SQL: &str = "SELECT k, count(*) AS n, sum(v) AS s FROM r GROUP BY k";

fn timed(history: &[&Path], live: &[String], seam: Option<&str>) -> Given {
    let mut given = given(history, live);
    given.time = Some("t".to_owned());
    given.seam = seam.map(str::to_owned);
    given
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

fn rows(snapshot: &Snapshot) -> (u64, u64) {
    (snapshot.seam.history_rows, snapshot.seam.live_rows)
}

#[test]
fn rows_with_the_time_of_the_boundary_belong_to_live_and_are_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(3_000, 31);
    // A hundred rows at the very time of the seam, in the middle.
    let times: Vec<i64> = frame.column("t").unwrap().datetime().unwrap().phys.into_no_null_iter().collect();
    let seam = times[1_500];
    let equal: Vec<i64> =
        times.iter().enumerate().map(|(i, t)| if (1_450..1_550).contains(&i) { seam } else { *t }).collect();
    let mut frame = frame;
    frame
        .with_column(
            Int64Chunked::from_vec("t".into(), equal).into_datetime(TimeUnit::Microseconds, None).into_column(),
        )
        .unwrap();
    let (all, log) = (folder.path().join("all.parquet"), folder.path().join("log.parquet"));
    write_frame(&frame, &all).unwrap();
    write_frame(&frame, &log).unwrap();
    let at = braid::data::format::parse_datetime("1970-01-01", TimeUnit::Microseconds).unwrap();
    assert_eq!(at, 0);
    let text = format!("time:{}", chrono(seam));
    let last = answer(
        &open(&timed(&[&all], &[format!("replay:{}?speed=max", log.display())], Some(&text))),
        SQL,
        Options::default(),
    );
    // Both faces hold all rows: each row is taken from one of them.
    assert_same(&last.answer, &one_go(&frame, SQL));
    assert_eq!(rows(&last), (1_450, 1_550));
    assert_eq!(last.seam.overlap_removed, 3_000);
    assert_eq!(last.rows.come_in, 3_000);
}

#[test]
fn a_time_divides_a_file_and_the_feed_that_follows_it() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, log) = (sample(3_000, 33), folder.path().join("log.csv"));
    write_frame(&frame, &log).unwrap();
    let seam = frame.column("t").unwrap().datetime().unwrap().phys.get(1_000).unwrap();
    let text = format!("time:{}", chrono(seam));
    let table = open(&timed(&[&log], &[format!("file:{}?follow=false", log.display())], Some(&text)));
    let last = answer(&table, SQL, Options::default());
    assert_same(&last.answer, &one_go(&frame, SQL));
    let (history, live) = rows(&last);
    assert!(history > 0 && live > 0 && history + live == 3_000, "{history} + {live}");
    // Where positions decide again, live begins where history ends.
    let mut again = braid::engine::Table::clone(&table);
    again.meet(braid::engine::seam::Seam::Position).unwrap();
    let last = answer(&again, SQL, Options::default());
    assert_same(&last.answer, &one_go(&frame, SQL));
    assert_eq!((rows(&last), last.seam.overlap_removed), ((3_000, 0), 0));
}

/// Microseconds as ISO text.
fn chrono(micros: i64) -> String {
    let column =
        Int64Chunked::from_vec("t".into(), vec![micros]).into_datetime(TimeUnit::Microseconds, None).into_column();
    let text = column.cast(&DataType::String).unwrap();
    text.str().unwrap().get(0).unwrap().replace(' ', "T")
}

#[test]
fn rows_inserted_while_history_is_read_are_live_and_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, log) = (sample(60_000, 32), folder.path().join("log.csv"));
    write_frame(&frame, &log).unwrap();
    let bytes = std::fs::read(&log).unwrap();
    let cut = bytes[..bytes.len() / 2].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    std::fs::write(&log, &bytes[..cut]).unwrap();
    let table = open(&timed(&[&log], &[format!("file:{}", log.display())], None));
    // The history ends where the file ended when it was opened.
    let (first, second) = bytes[cut..].split_at((bytes.len() - cut) / 2);
    append(&log, first);
    let run = start(&table, SQL, Options::default());
    append(&log, second);
    let seen = wait(&run, |s| s.rows.come_in >= 60_000);
    assert_same(&seen.answer, &one_go(&frame, SQL));
    let (history, live) = rows(&seen);
    assert_eq!(history + live, 60_000);
    assert!(history > 0 && live > 0);
    assert_eq!(seen.seam.kind, "position");
    assert_eq!(seen.seam.partitions[0].gap, Gap::Known(0));
}

#[test]
fn a_history_that_grows_while_live_runs_goes_on_as_live() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, log) = (sample(5_000, 33), folder.path().join("log.ndjson"));
    write_frame(&frame, &log).unwrap();
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() / 4]).unwrap();
    // The history ends within a record: what is left of it comes with the feed.
    let run = start(&open(&timed(&[&log], &[format!("file:{}", log.display())], None)), SQL, Options::default());
    let before = wait(&run, |s| s.history_share() >= 1.0 && s.rows.come_in > 0).rows.come_in;
    for piece in bytes[bytes.len() / 4..].chunks(bytes.len() / 7) {
        append(&log, piece);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let seen = wait(&run, |s| s.rows.come_in >= 5_000);
    assert!(before < 5_000);
    assert_same(&seen.answer, &one_go(&frame, SQL));
    assert!(seen.rows.conserved());
}

#[test]
fn a_history_without_rows_leaves_all_to_live() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, old, new) = (sample(2_000, 34), folder.path().join("old.parquet"), folder.path().join("new.parquet"));
    write_frame(&frame.clear(), &old).unwrap();
    write_frame(&frame, &new).unwrap();
    for seam in ["append", "key:v"] {
        let last = answer(
            &open(&timed(&[&old], &[format!("replay:{}?speed=max", new.display())], Some(seam))),
            "SELECT count(*) AS n FROM r",
            Options::default(),
        );
        assert_eq!(last.seam.history_rows, 0, "{seam}");
        assert_eq!(last.seam.live_rows + last.seam.overlap_removed, 2_000, "{seam}");
        assert!(last.fault.is_none());
    }
}

#[test]
fn a_feed_without_rows_leaves_the_answer_of_history() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, old, new) = (sample(2_000, 35), folder.path().join("old.csv"), folder.path().join("new.ndjson"));
    write_frame(&frame, &old).unwrap();
    std::fs::write(&new, "").unwrap();
    let last = answer(
        &open(&timed(&[&old], &[format!("file:{}?follow=false", new.display())], None)),
        SQL,
        Options::default(),
    );
    assert_same(&last.answer, &one_go(&frame, SQL));
    assert_eq!(rows(&last), (2_000, 0));
    assert_eq!(last.seam.at, None);
    assert!(last.fault.is_none(), "{:?}", last.fault);
}

#[test]
fn rows_that_both_faces_may_hold_are_warned_of_unless_a_person_said_that_they_are_disjoint() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, old, new) = (sample(3_000, 36), folder.path().join("old.csv"), folder.path().join("new.csv"));
    write_frame(&frame, &old).unwrap();
    write_frame(&frame.slice(1_000, 2_000), &new).unwrap();
    let ask = |live: &Path, seam: Option<&str>| {
        answer(
            &open(&{
                let mut given = timed(&[&old], &[format!("replay:{}?speed=max", live.display())], seam);
                given.lateness = Some(std::time::Duration::from_secs(5));
                given
            }),
            SQL,
            Options::default(),
        )
    };
    let last = ask(&new, None);
    assert_eq!(last.rows.come_in, 5_000);
    let warning = wording::fault(last.seam.warnings.first().unwrap());
    assert!(
        warning.contains("may be counted twice")
            && warning.contains("1969-12-31T23:59:50Z")
            && warning.contains("key:COLUMN"),
        "{warning}"
    );
    assert!(!last.notes.iter().any(|note| note.contains("twice")), "said once: {:?}", last.notes);
    for seam in ["append", "time:1969-12-31T23:59:50", "key:v"] {
        assert!(ask(&new, Some(seam)).seam.warnings.is_empty(), "{seam}");
    }
    // The very same file is said at once.
    assert!(ask(&old, None).seam.warnings[0].what.contains("every row is counted twice"));
    // What only goes on where history ended is no reason to worry.
    write_frame(&frame.head(Some(1_000)), &old).unwrap();
    assert!(ask(&new, None).seam.warnings.is_empty());
}

#[test]
fn a_hole_at_a_seam_in_time_is_warned_of_and_its_ledger_holds_times() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, old, new) = (sample(3_000, 37), folder.path().join("old.csv"), folder.path().join("new.csv"));
    let ask = |until: usize, from: usize| {
        write_frame(&frame.head(Some(until)), &old).unwrap();
        write_frame(&frame.slice(from as i64, 3_000 - from), &new).unwrap();
        // Row 1,250 has the time 0.
        answer(
            &open(&timed(&[&old], &[format!("replay:{}?speed=max", new.display())], Some("time:1970-01-01"))),
            SQL,
            Options::default(),
        )
    };
    let hole = ask(1_000, 1_500);
    assert!(
        hole.seam.warnings[0].what.contains("hole") && hole.seam.warnings[0].what.contains("1970-01-01T00:00:10Z"),
        "{:?}",
        hole.seam.warnings
    );
    assert!(hole.seam.partitions[0].is_time);
    assert_eq!(hole.seam.partitions[0].first_live, Some(10_000_000));
    let whole = ask(1_600, 900);
    assert!(whole.seam.warnings.is_empty(), "{:?}", whole.seam.warnings);
    assert_eq!((whole.seam.partitions[0].last_history, whole.seam.partitions[0].first_live), (Some(-40_000), Some(0)));
    assert_eq!(rows(&whole), (1_250, 1_750));
}

#[test]
fn a_header_alone_settles_no_types_the_other_face_does() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.csv"), folder.path().join("new.ndjson"));
    std::fs::write(&old, "k,v,t,extra\n").unwrap();
    std::fs::write(
        &new,
        "{\"k\":\"a\",\"v\":1,\"t\":\"2024-01-01T00:00:00\"}\n{\"k\":\"a\",\"v\":2.5,\"t\":\"2024-01-01T00:00:01\"}\n",
    )
    .unwrap();
    let table = open(&timed(&[&old], &[format!("file:{}?follow=false", new.display())], None));
    assert_eq!((table.schema.get("v"), table.schema.get("extra")), (Some(&DataType::Float64), Some(&DataType::String)));
    let last = answer(&table, "SELECT k, sum(v) AS s, count(extra) AS e FROM r GROUP BY k", Options::default());
    assert!(last.fault.is_none(), "{:?}", last.fault);
    assert_eq!(last.answer.column("s").unwrap().f64().unwrap().get(0), Some(3.5));
    // Among files too: the one with rows settles the types.
    let more = folder.path().join("more.csv");
    std::fs::write(&more, "k,v,t,extra\nb,7,2024-01-02T00:00:00,x\n").unwrap();
    let table = open(&timed(&[&old, &more], &[], None));
    let last = answer(&table, "SELECT sum(v) AS s FROM r", Options::default());
    assert_eq!(last.answer.column("s").unwrap().i64().unwrap().get(0), Some(7));
}

#[test]
fn rows_that_a_seam_keeps_out_are_looked_up_in_the_other_face() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.csv"), folder.path().join("new.csv"));
    let file = |path: &Path, seconds: &[i64]| {
        let rows: String =
            seconds.iter().map(|s| format!("a,{s},0.5,2024-03-01T10:{:02}:{:02}\n", s / 60, s % 60)).collect();
        std::fs::write(path, format!("k,v,x,t\n{rows}")).unwrap();
    };
    // Live has 10 and 20 again, 11, 12 and 12 that history lacks, and later ones; history has 40 beyond the seam.
    file(&old, &[0, 10, 20, 30, 40]);
    file(&new, &[10, 11, 12, 12, 20, 31, 35]);
    let seam = "time:2024-03-01T10:00:31";
    let table = open(&timed(&[&old], &[format!("file:{}?follow=false", new.display())], Some(seam)));
    let last = answer(&table, SQL, Options::default());
    assert_eq!((rows(&last), last.seam.overlap_removed), ((4, 2), 6));
    let division = |last: &Snapshot, live_until| braid::engine::kept_out::Division {
        at: 1_709_287_231_000_000,
        reached: last.reached.clone(),
        live_until,
    };
    let look = |table: &braid::engine::Table, until| {
        let wake = braid::sync::Wake::silent();
        let mut job = braid::engine::kept_out::look(table.clone(), division(&last, until), wake);
        loop {
            match job.take() {
                Some(found) => break found.unwrap(),
                None => std::thread::sleep(std::time::Duration::from_millis(5)),
            }
        }
    };
    let kept = look(&table, i64::MAX);
    assert_eq!((kept.live, kept.live_absent, kept.history, kept.history_absent), (5, 3, 1, 1));
    let found: Vec<i64> = kept.live_rows.column("v").unwrap().i64().unwrap().into_no_null_iter().collect();
    assert_eq!((found, kept.live_rows.width()), (vec![11, 12, 12], 4), "whole rows, as they came");
    assert_eq!(kept.history_rows.column("v").unwrap().i64().unwrap().get(0), Some(40));
    // While live has not come that far, the row of history may still come.
    let early = look(&table, 1_709_287_235_000_000);
    assert_eq!((early.history, early.history_awaited, early.history_absent, early.live_absent), (1, 1, 0, 3));
    // A history that holds them all.
    file(&old, &[0, 10, 11, 12, 20, 30]);
    let table = open(&timed(&[&old], &[format!("file:{}?follow=false", new.display())], Some(seam)));
    assert_eq!(look(&table, i64::MAX).absent(), 0);
}
