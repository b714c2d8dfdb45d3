//! A table trained on chunk by chunk: rows are kept as codes, parts of them fit their share of the trees, and the
//! whole is as good as a forest of all rows at once.

use std::path::Path;
use std::sync::Arc;

use braid::engine::train::Training;
use braid::engine::train::{HoldOut, ROOM, Target, Trained, TrainingRows, TrainingSpec, train_on_table};
use braid::engine::{Reached, Sampling};
use braid::learn::question::Question;
use braid::sync::{Latest, Wake};
use polars::prelude::*;

use crate::forest::{classes, numbers, said, wait, with_holes};
use crate::run::{given, open};

const TREES: usize = 40;

fn trained(path: &Path, features: &[&str], threads: usize, rows: TrainingRows) -> Trained {
    let target = Target { name: "y".to_owned(), sql: None };
    let question = Question {
        target: "y".to_owned(),
        features: features.iter().map(|f| (*f).to_owned()).collect(),
        ..Question::default()
    };
    let training = Training { question, trees: TREES, threads, ..Training::default() };
    let table = Arc::new(open(&braid::engine::open::Given { time: None, ..given(&[path], &[]) }));
    let spec = TrainingSpec {
        table,
        reached: Reached::default(),
        target,
        training,
        rows,
        test: HoldOut::Share(0.2),
        champion: None,
    };
    wait(train_on_table(spec, Latest::default(), Wake::silent())).unwrap()
}

fn file(folder: &tempfile::TempDir, frame: &DataFrame) -> std::path::PathBuf {
    let path = folder.path().join("rows.parquet");
    braid::data::format::write_frame(frame, &path).unwrap();
    path
}

/// Rows of each class that were tested on.
fn supports(learned: &Trained) -> Vec<u64> {
    learned.report.verdict.classes().unwrap().per_class().iter().map(|c| c.support).collect()
}

const ALL: TrainingRows = TrainingRows::Sample(Sampling::Spread(usize::MAX));
const FEATURES: [&str; 4] = ["a", "b", "word", "flag"];

#[test]
fn chunks_are_as_good_as_all_rows_at_once_and_so_are_parts_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, &with_holes(classes(9_000, 76)));
    let of = |rows| trained(&path, &FEATURES, 0, rows);
    let score = |l: &Trained| l.report.verdict.score().unwrap();
    let together = of(ALL);
    // Six chunks take less room as codes than one as it is; of 48, each eight make a part, but where there is room.
    for (rows, room, parts, off) in [(1_500, 0, 1, 0.007), (190, ROOM, 1, 0.007), (190, 0, 6, 0.015)] {
        let chunks = of(TrainingRows::Chunks { rows, room });
        assert_eq!(
            (chunks.report.parts, chunks.forest.trees.len(), chunks.forest.rows),
            (parts, TREES, chunks.report.trained as u64)
        );
        assert_eq!((chunks.report.seen, &chunks.report.dropped), (9_000, &together.report.dropped));
        assert_eq!(supports(&chunks), supports(&together), "the same rows are held out");
        assert_eq!(chunks.report.trained, together.report.trained);
        assert_eq!(chunks.forest.oob.is_some(), parts == 1, "parts have no out-of-bag error in common");
        assert!(score(&chunks) > score(&together) - off, "{} and {}", score(&chunks), score(&together));
        assert_eq!(chunks.baseline.features, together.baseline.features);
    }
    // No part goes without a tree, and chunks may be as small as one likes.
    assert_eq!(of(TrainingRows::Chunks { rows: 10, room: 0 }).report.parts, TREES);
    let one = of(TrainingRows::Chunks { rows: 1, room: ROOM });
    assert!(one.report.parts == 1 && score(&one) > score(&together) - 0.007);
}

#[test]
fn the_same_seed_gives_the_same_parts_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let frame = classes(4_000, 77);
    let path = file(&folder, &frame);
    let of =
        |threads| said(&trained(&path, &FEATURES, threads, TrainingRows::Chunks { rows: 100, room: 0 }).forest, &frame);
    assert!(of(1) == of(3));
}

#[test]
fn numbers_are_estimated_from_parts_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, &numbers(3_000, 77));
    let learned = trained(&path, &FEATURES, 0, TrainingRows::Chunks { rows: 63, room: 0 });
    assert_eq!(learned.report.parts, 6);
    assert!(learned.report.verdict.score().unwrap() > 0.95);
}

#[test]
fn a_class_that_comes_late_is_known_and_one_that_is_dropped_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let rows = 3_000;
    // The last rows are of a class of their own; all rows of another lack their value.
    let label = |i: i32| {
        if i >= 2_700 {
            "late"
        } else if i % 3 == 0 {
            "gone"
        } else {
            "usual"
        }
    };
    let value = |i: i32| (label(i) != "gone").then(|| f64::from(i));
    let frame =
        df!("x" => (0..rows).map(value).collect::<Vec<_>>(), "y" => (0..rows).map(label).collect::<Vec<_>>()).unwrap();
    let learned = trained(&file(&folder, &frame), &["x"], 0, TrainingRows::Chunks { rows: 100, room: ROOM });
    assert_eq!(learned.forest.task.classes(), ["late", "usual"]);
    assert_eq!(learned.report.dropped.rows, 900);
    assert!(learned.report.verdict.score().unwrap() > 0.99);
}
