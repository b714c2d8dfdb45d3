//! Laws of rows set aside: all are kept in order, up to a bound, and what the bound drops is counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use braid::data::{Reject, Rejects};
use braid::store::aside::{Aside, Counts, Limits};
use polars::prelude::*;

fn open(folder: &Path, limits: Limits) -> Aside {
    let (aside, faults) = Aside::open(folder, limits).unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    aside
}

fn rows(numbers: std::ops::Range<i64>) -> DataFrame {
    let text: Vec<String> = numbers.clone().map(|n| format!("row {n}")).collect();
    df!("n" => numbers.collect::<Vec<_>>(), "s" => text).unwrap()
}

fn rejects(lines: std::ops::Range<u64>) -> Rejects {
    let source: Arc<str> = "feed".into();
    let mut rejects = Rejects::default();
    for line in lines {
        rejects.push(Reject::new(&source, line, "not \"valid\"\nJSON", format!("{{\"line\":{line}").as_bytes()));
    }
    rejects
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}

#[test]
fn late_rows_come_back_whole_and_in_order_also_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut at = 0;
    for round in 0..4 {
        let mut aside = open(folder.path(), Limits::default());
        for size in [1, 300, 7, 0, 50] {
            aside.add_late(&rows(at..at + size)).unwrap();
            at += size;
            // What waits for a flush is there as well.
            assert!(aside.late().unwrap().equals(&rows(0..at)), "round {round}");
            if size != 7 {
                aside.flush().unwrap();
            }
        }
        assert_eq!(aside.late_counts().rows, at as u64);
    }
    // Small files are merged with those after them.
    assert!(files(folder.path(), ".parquet").len() <= 6, "{:?}", files(folder.path(), ".parquet"));
    let bytes: u64 = files(folder.path(), ".parquet").iter().map(|p| p.metadata().unwrap().len()).sum();
    let mut aside = open(folder.path(), Limits::default());
    assert_eq!(aside.late_counts(), Counts { rows: at as u64, dropped: 0, bytes });
    aside.readmit_late().unwrap();
    assert_eq!((aside.late_counts(), aside.late().unwrap().height()), (Counts::default(), 0));
    assert!(files(folder.path(), ".parquet").is_empty());
}

#[test]
fn late_rows_of_questions_with_other_columns_lie_in_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut aside = open(folder.path(), Limits::default());
    aside.add_late(&rows(0..2)).unwrap();
    aside.add_late(&df!("n" => [2.5], "x" => [true]).unwrap()).unwrap();
    aside.flush().unwrap();
    let want =
        df!("n" => ["0", "1", "2.5"], "s" => [Some("row 0"), Some("row 1"), None], "x" => [None, None, Some(true)])
            .unwrap();
    assert!(aside.late().unwrap().equals_missing(&want), "{:?}", aside.late().unwrap());
}

#[test]
fn a_process_that_died_while_it_merged_files_leaves_no_row_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut aside = open(folder.path(), Limits::default());
    aside.add_late(&rows(0..10)).unwrap();
    aside.flush().unwrap();
    let first = files(folder.path(), ".parquet").remove(0);
    let bytes = fs::read(&first).unwrap();
    aside.add_late(&rows(10..20)).unwrap();
    aside.flush().unwrap();
    assert!(!first.exists());
    // It died before the file that was merged could be removed.
    fs::write(&first, bytes).unwrap();
    assert!(open(folder.path(), Limits::default()).late().unwrap().equals(&rows(0..20)));
    assert!(!first.exists());
}

#[test]
fn rejected_rows_come_back_whole_and_in_order_and_each_is_a_line_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { segment_bytes: 500, ..Limits::default() };
    for round in 0..5 {
        let mut aside = open(folder.path(), limits);
        aside.add_rejected(&rejects(round * 10..round * 10 + 10)).unwrap();
        aside.flush().unwrap();
    }
    assert!(files(folder.path(), ".ndjson").len() > 1);
    let aside = open(folder.path(), limits);
    let frame = aside.rejected().unwrap();
    assert_eq!(
        frame.column("line").unwrap().u64().unwrap().into_no_null_iter().collect::<Vec<_>>(),
        (0..50).collect::<Vec<_>>()
    );
    assert_eq!(frame.column("body").unwrap().str().unwrap().get(49), Some("{\"line\":49"));
    assert_eq!(frame.column("reason").unwrap().str().unwrap().get(0), Some("not \"valid\"\nJSON"));
    assert_eq!((aside.rejected_counts().rows, aside.rejected_counts().dropped), (50, 0));
    for path in files(folder.path(), ".ndjson") {
        assert!(
            fs::read_to_string(path)
                .unwrap()
                .lines()
                .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
        );
    }
}

#[test]
fn rejected_rows_whose_body_was_not_kept_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut aside = open(folder.path(), Limits::default());
    let mut many = rejects(0..3);
    many.count = 10;
    aside.add_rejected(&many).unwrap();
    assert_eq!((aside.rejected_counts().rows, aside.rejected_counts().dropped), (10, 7));
}

#[test]
fn the_bound_drops_the_oldest_and_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { segment_bytes: 2_000, total_bytes: 10_000 };
    let mut aside = open(folder.path(), limits);
    for n in 0..100 {
        aside.add_late(&rows(n * 40..n * 40 + 40)).unwrap();
        aside.add_rejected(&rejects(n as u64 * 20..n as u64 * 20 + 20)).unwrap();
        aside.flush().unwrap();
    }
    let (late, rejected) = (aside.late_counts(), aside.rejected_counts());
    for (counts, total, there) in [(late, 4_000, aside.late().unwrap()), (rejected, 2_000, aside.rejected().unwrap())] {
        assert!(counts.bytes <= 14_000, "{counts:?}");
        assert_eq!((counts.rows, counts.rows - counts.dropped), (total, there.height() as u64));
        assert!(counts.dropped > 0 && there.height() > 0);
    }
    assert!(aside.late().unwrap().equals(&rows(late.dropped as i64..4_000)));
    drop(aside);
    let aside = open(folder.path(), limits);
    assert_eq!((aside.late_counts(), aside.rejected_counts()), (late, rejected));
}

#[test]
fn damage_is_named_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut aside = open(folder.path(), Limits { segment_bytes: 1, ..Limits::default() });
    for n in 0..3 {
        aside.add_late(&rows(n * 10..n * 10 + 10)).unwrap();
        aside.flush().unwrap();
    }
    aside.add_rejected(&rejects(0..3)).unwrap();
    aside.flush().unwrap();
    drop(aside);
    let second = files(folder.path(), ".parquet").remove(1);
    fs::write(&second, b"PAR1 and then nothing").unwrap();
    let path = files(folder.path(), ".ndjson").remove(0);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let (aside, faults) = Aside::open(folder.path(), Limits::default()).unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].what.contains("damaged") && faults[1].what.contains("cut off"), "{faults:?}");
    assert!(aside.late().unwrap().equals(&rows(0..10).vstack(&rows(20..30)).unwrap()));
    assert_eq!((aside.late_counts().rows, aside.late_counts().dropped), (30, 10));
    assert_eq!(aside.rejected().unwrap().height(), 2);
    assert!(!second.exists());
}
