//! A forest that goes on learning: as good as one of all rows while nothing changes, and soon good again after a
//! change.

use braid::learn::forest::Forest;
use braid::learn::online::{CommitteeEvent, CommitteeSettings, Learner, OnlineForest, Strength, Trees};
use braid::learn::question::Question;
use fastrand::Rng;
use polars::prelude::*;

const FEATURES: [&str; 4] = ["a", "b", "c", "d"];

fn learner() -> Trees {
    Trees::new(Question { target: "y".to_owned(), ..Question::default() }, &rows(&mut Rng::with_seed(0), 50, false))
        .unwrap()
}

/// The class goes by `a` and `b`, after the change by `c` instead of `a`, the other way round.
fn rows(random: &mut Rng, n: usize, changed: bool) -> DataFrame {
    let columns: Vec<Vec<f64>> = FEATURES.iter().map(|_| (0..n).map(|_| random.f64() - 0.5).collect()).collect();
    let noise = |random: &mut Rng| (random.f64() - 0.5) * 0.2;
    let y: Vec<bool> = (0..n)
        .map(|i| (if changed { -columns[2][i] } else { columns[0][i] }) + 0.5 * columns[1][i] + noise(random) > 0.0)
        .collect();
    let mut frame: Vec<Column> =
        FEATURES.iter().zip(columns).map(|(name, values)| Column::new((*name).into(), values)).collect();
    frame.push(Column::new("y".into(), y));
    DataFrame::new(n, frame).unwrap()
}

fn settings(trees: usize) -> CommitteeSettings {
    CommitteeSettings { trees, batch: 5, every: 1_000, recent: 2_000, seed: 7 }
}

fn accuracy(fused: &OnlineForest<Trees>, test: &DataFrame) -> f64 {
    let truth = learner().truth(test).unwrap();
    let said = fused.predict(test).unwrap();
    said.iter().zip(&truth).filter(|(s, t)| s == t).count() as f64 / truth.len() as f64
}

fn fitted(chunks: &[DataFrame], trees: usize) -> Vec<(Forest, Vec<Strength>)> {
    chunks.iter().enumerate().map(|(i, chunk)| learner().fit(chunk, trees / chunks.len(), i as u64).unwrap()).collect()
}

#[test]
fn without_drift_the_fused_forest_is_as_good_as_the_one_of_all_rows_within_half_a_point() {
    let mut random = Rng::with_seed(1);
    let all = rows(&mut random, 8_000, false);
    let test = rows(&mut random, 6_000, false);
    let chunks: Vec<DataFrame> = (0..4).map(|i| all.slice(i * 2_000, 2_000)).collect();
    let batch = accuracy(&OnlineForest::new(learner(), settings(40), fitted(&[all], 40)), &test);
    let mut fused = OnlineForest::new(learner(), settings(40), fitted(&chunks, 40));
    let at_first = accuracy(&fused, &test);
    assert!(batch > 0.9 && at_first > batch - 0.005, "{at_first} against {batch}");
    for _ in 0..8 {
        fused.learn(&rows(&mut random, 500, false)).unwrap();
    }
    let in_the_end = accuracy(&fused, &test);
    assert!(in_the_end > batch - 0.005, "{in_the_end} against {batch}");
    assert_eq!(fused.trees(), 40);
}

#[test]
fn after_a_change_the_weakest_trees_go_and_the_committee_is_good_again() {
    let mut random = Rng::with_seed(2);
    let mut fused = OnlineForest::new(learner(), settings(30), fitted(&[rows(&mut random, 3_000, false)], 30));
    let after = rows(&mut random, 3_000, true);
    let frozen = accuracy(&fused, &after);
    let mut events = Vec::new();
    for _ in 0..2 {
        events.extend(fused.learn(&rows(&mut random, 500, false)).unwrap().events);
    }
    assert!(!events.iter().any(|e| matches!(e, CommitteeEvent::Drift(_))), "{events:?}");
    for _ in 0..8 {
        events.extend(fused.learn(&rows(&mut random, 500, true)).unwrap().events);
    }
    let learned = accuracy(&fused, &after);
    assert!(frozen < 0.6 && learned > 0.85, "{frozen} became {learned}: {events:?}");
    assert!(
        events.iter().any(|e| matches!(e, CommitteeEvent::Drift(change) if change.after > change.before + 0.1)),
        "{events:?}"
    );
    assert!(events.iter().any(|e| matches!(e, CommitteeEvent::Swapped { won, lost } if won > lost)), "{events:?}");
    assert_eq!(fused.trees(), 30, "as many as before");
    assert!(fused.error().unwrap() < 0.2);
}

#[test]
fn it_learns_from_nothing_and_tests_every_row_before_it_learns_from_it() {
    let mut random = Rng::with_seed(3);
    let mut fused = OnlineForest::new(learner(), settings(20), Vec::new());
    assert_eq!(fused.predict(&rows(&mut random, 3, false)).unwrap(), [None, None, None]);
    let mut stream = rows(&mut random, 3_000, false);
    let y: BooleanChunked =
        stream.column("y").unwrap().bool().unwrap().iter().enumerate().map(|(i, y)| y.filter(|_| i % 10 > 0)).collect();
    stream.with_column(y.with_name("y".into()).into_column()).unwrap();
    let learned = fused.learn(&stream).unwrap();
    assert_eq!((learned.labelled, learned.unlabelled, learned.said.len()), (2_700, 300, 3_000));
    assert_eq!(learned.tested as usize, learned.said.iter().flatten().count());
    assert!(learned.tested > 2_300 && learned.right as f64 > 0.85 * learned.tested as f64, "{learned:?}");
    // What was said of the first rows was said before any tree had seen them.
    assert!(learned.said[..50].iter().all(Option::is_none));
}

#[test]
fn the_same_rows_and_seed_give_the_same_committee_and_the_order_of_batches_does_not_matter() {
    let chunks: Vec<DataFrame> = (0..3).map(|i| rows(&mut Rng::with_seed(10 + i), 800, false)).collect();
    let run = |turned: bool| {
        let mut history = fitted(&chunks, 12);
        if turned {
            history.reverse();
        }
        let mut random = Rng::with_seed(4);
        let mut fused = OnlineForest::new(learner(), settings(12), history);
        let first = fused.predict(&rows(&mut random, 2_000, false)).unwrap();
        (first, fused.learn(&rows(&mut random, 2_500, true)).unwrap())
    };
    let (one, again, turned) = (run(false), run(false), run(true));
    assert_eq!(one, again);
    assert_eq!(one.0, turned.0);
}

#[test]
fn a_change_that_a_guard_saw_is_learnt_from_at_once() {
    let mut random = Rng::with_seed(8);
    let mut fused = OnlineForest::new(learner(), settings(10), fitted(&[rows(&mut random, 500, false)], 10));
    let quiet = fused.learn(&rows(&mut random, 200, false)).unwrap();
    assert_eq!(quiet.events.iter().filter(|e| matches!(e, CommitteeEvent::Fitted { .. })).count(), 1);
    assert!(fused.learn(&rows(&mut random, 10, true)).unwrap().events.is_empty());
    fused.changed(60).unwrap();
    let events = fused.learn(&rows(&mut random, 10, true)).unwrap().events;
    assert!(events.iter().any(|e| matches!(e, CommitteeEvent::Fitted { rows: 70, .. })), "{events:?}");
}

#[test]
fn what_trees_did_before_a_change_does_not_keep_them() {
    let mut random = Rng::with_seed(9);
    let settings = CommitteeSettings { trees: 60, batch: 6, every: 1_000, recent: 5_000, seed: 7 };
    let mut fused = OnlineForest::new(learner(), settings, fitted(&[rows(&mut random, 3_000, false)], 60));
    for _ in 0..16 {
        fused.learn(&rows(&mut random, 250, false)).unwrap();
    }
    fused.learn(&rows(&mut random, 600, true)).unwrap();
    let soon = accuracy(&fused, &rows(&mut random, 3_000, true));
    assert!(soon > 0.8, "{soon} after 600 rows of the new kind");
}

#[test]
fn rows_without_a_feature_are_a_fault() {
    let mut random = Rng::with_seed(5);
    let mut fused = OnlineForest::new(learner(), settings(10), fitted(&[rows(&mut random, 300, false)], 10));
    let lacking = rows(&mut random, 10, false).drop("a").unwrap();
    assert!(fused.predict(&lacking).is_err() && fused.learn(&lacking).is_err());
}

#[test]
fn the_committee_becomes_one_forest_that_says_the_same() {
    let mut random = Rng::with_seed(6);
    let mut fused = OnlineForest::new(
        learner(),
        settings(12),
        fitted(&[rows(&mut random, 600, false), rows(&mut random, 600, false)], 12),
    );
    fused.learn(&rows(&mut random, 2_000, true)).unwrap();
    let test = rows(&mut random, 2_000, true);
    let forest = learner().forest(fused.champion()).unwrap();
    assert_eq!(forest.trees.len(), fused.trees());
    let scored = forest.score(&test).unwrap();
    let said: Vec<Option<u32>> = (0..test.height()).map(|row| scored.class(row).map(|c| c as u32)).collect();
    assert_eq!(said, fused.predict(&test).unwrap());
}

#[test]
fn a_class_that_a_chunk_lacks_and_words_that_come_later_keep_their_places() {
    let chunk = |labels: [&'static str; 2], words: [&'static str; 2]| {
        let label: Vec<&str> = (0..200).map(|i| labels[i % 2]).collect();
        let word: Vec<&str> = (0..200).map(|i| words[i % 2]).collect();
        df!("word" => word, "label" => label).unwrap()
    };
    let (first, second) = (chunk(["x", "z"], ["one", "three"]), chunk(["y", "z"], ["two", "three"]));
    let question = Question { target: "label".to_owned(), ..Question::default() };
    let trees = Trees::new(question, &first.vstack(&second).unwrap()).unwrap();
    assert_eq!(trees.names(), ["x", "y", "z"]);
    let history = [&first, &second].into_iter().map(|chunk| trees.fit(chunk, 10, 1).unwrap()).collect();
    let fused = OnlineForest::new(trees, settings(20), history);
    let said = fused.predict(&df!("word" => ["three", "three"]).unwrap()).unwrap();
    assert_eq!(said, [Some(2), Some(2)]);
    let strange = fused.predict(&df!("word" => [Some("nine"), None]).unwrap()).unwrap();
    assert!(
        strange[0].is_some() && strange[1].is_none(),
        "an unknown word is scored, a missing one is not: {strange:?}"
    );
}
