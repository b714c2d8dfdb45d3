//! The laws of a committee, for numbers: as near as a forest of all rows while nothing changes, soon near again after a
//! change, the same from the same seed, and whatever the order of its batches.

use std::sync::Arc;

use braid::learn::forest::{Forest, Task};
use braid::learn::online::{
    CommitteeEvent, CommitteeSettings, Learner, NumberObjective, OnlineForest, Strength, Trees,
};
use braid::learn::question::{Question, TaskKind};
use fastrand::Rng;
use polars::prelude::*;

const FEATURES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn question() -> Question {
    Question { target: "y".to_owned(), ..Question::default() }
}

fn learner() -> Trees<NumberObjective> {
    Trees::of_numbers(question(), &rows(&mut Rng::with_seed(0), 300, false)).unwrap()
}

/// Friedman's first function of five features on the unit cube, after the change mirrored in three of them, with noise
/// of deviation one.
fn rows(random: &mut Rng, n: usize, changed: bool) -> DataFrame {
    let columns: Vec<Vec<f64>> = FEATURES.iter().map(|_| (0..n).map(|_| random.f64()).collect()).collect();
    let noise = |random: &mut Rng| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let value = |i: usize| {
        let x = |at: usize| if changed && at > 1 { 1.0 - columns[at][i] } else { columns[at][i] };
        10.0 * (std::f64::consts::PI * x(0) * x(1)).sin() + 20.0 * (x(2) - 0.3).powi(2) + 10.0 * x(3) + 5.0 * x(4)
    };
    let y: Vec<f64> = (0..n).map(|i| value(i) + noise(random)).collect();
    let mut frame: Vec<Column> =
        FEATURES.iter().zip(columns).map(|(name, values)| Column::new((*name).into(), values)).collect();
    frame.push(Column::new("y".into(), y));
    DataFrame::new(n, frame).unwrap()
}

fn settings(trees: usize) -> CommitteeSettings {
    CommitteeSettings { trees, batch: 5, every: 1_000, recent: 2_000, seed: 7 }
}

fn r2(fused: &OnlineForest<Trees<NumberObjective>>, test: &DataFrame) -> f64 {
    let truth: Vec<f64> = test.column("y").unwrap().f64().unwrap().iter().flatten().collect();
    let mean = truth.iter().sum::<f64>() / truth.len() as f64;
    let squares: f64 =
        fused.predict(test).unwrap().iter().zip(&truth).map(|(said, y)| (said.unwrap() - y).powi(2)).sum();
    1.0 - squares / truth.iter().map(|y| (y - mean).powi(2)).sum::<f64>()
}

fn fitted(chunks: &[DataFrame], trees: usize) -> Vec<(Forest, Vec<Strength>)> {
    chunks.iter().enumerate().map(|(i, chunk)| learner().fit(chunk, trees / chunks.len(), i as u64).unwrap()).collect()
}

#[test]
fn without_drift_a_fused_forest_of_numbers_is_as_good_as_one_of_all_rows_within_half_a_point() {
    let mut random = Rng::with_seed(1);
    let all = rows(&mut random, 8_000, false);
    let test = rows(&mut random, 4_000, false);
    let batch = r2(&OnlineForest::new(learner(), settings(40), fitted(std::slice::from_ref(&all), 40)), &test);
    let mut fused = OnlineForest::new(learner(), settings(40), fitted(std::slice::from_ref(&all), 40));
    assert_eq!(r2(&fused, &test), batch);
    let halves: Vec<DataFrame> = (0..2).map(|i| all.slice(i * 4_000, 4_000)).collect();
    let merged = r2(&OnlineForest::new(learner(), settings(40), fitted(&halves, 40)), &test);
    assert!(merged > batch - 0.01, "trees of half the rows each: {merged} against {batch}");
    assert!(batch > 0.85, "{batch}");
    for _ in 0..8 {
        fused.learn(&rows(&mut random, 500, false)).unwrap();
    }
    let in_the_end = r2(&fused, &test);
    assert!(in_the_end > batch - 0.005, "{in_the_end} against {batch}");
    assert_eq!(fused.trees(), 40);
}

#[test]
fn after_an_abrupt_change_numbers_are_near_again() {
    let mut random = Rng::with_seed(2);
    let mut fused = OnlineForest::new(learner(), settings(30), fitted(&[rows(&mut random, 3_000, false)], 30));
    let after = rows(&mut random, 3_000, true);
    let frozen = r2(&fused, &after);
    let mut events = fused.learn(&rows(&mut random, 1_000, false)).unwrap().events;
    assert!(!events.iter().any(|e| matches!(e, CommitteeEvent::Drift(_))), "{events:?}");
    for _ in 0..8 {
        events.extend(fused.learn(&rows(&mut random, 500, true)).unwrap().events);
    }
    let learned = r2(&fused, &after);
    assert!(frozen < 0.3 && learned > 0.75, "{frozen} became {learned}: {events:?}");
    assert!(
        events.iter().any(|e| matches!(e, CommitteeEvent::Drift(change) if change.after > change.before)),
        "{events:?}"
    );
    assert!(events.iter().any(|e| matches!(e, CommitteeEvent::Swapped { won, lost } if won > lost)), "{events:?}");
    assert_eq!(fused.trees(), 30, "as many as before");
}

#[test]
fn the_same_seed_gives_the_same_numbers_and_the_order_of_batches_does_not_matter() {
    let chunks: Vec<DataFrame> = (0..3).map(|i| rows(&mut Rng::with_seed(10 + i), 600, false)).collect();
    let run = |turned: bool| {
        let mut history = fitted(&chunks, 12);
        if turned {
            history.reverse();
        }
        let mut random = Rng::with_seed(4);
        let mut fused = OnlineForest::new(learner(), settings(12), history);
        let first = fused.predict(&rows(&mut random, 1_000, false)).unwrap();
        (first, fused.learn(&rows(&mut random, 2_000, true)).unwrap())
    };
    let (one, again, turned) = (run(false), run(false), run(true));
    assert_eq!(one, again);
    assert_eq!(one.0, turned.0, "to the last bit");
}

#[test]
fn numbers_are_learnt_from_nothing_and_predicted_before_they_are_learnt_from() {
    let mut random = Rng::with_seed(3);
    let mut fused = OnlineForest::new(learner(), settings(20), Vec::new());
    assert_eq!(fused.predict(&rows(&mut random, 2, false)).unwrap(), [None, None]);
    let mut stream = rows(&mut random, 3_000, false);
    let y: Float64Chunked =
        stream.column("y").unwrap().f64().unwrap().iter().enumerate().map(|(i, y)| y.filter(|_| i % 10 > 0)).collect();
    stream.with_column(y.with_name("y".into()).into_column()).unwrap();
    let learned = fused.learn(&stream).unwrap();
    assert_eq!((learned.labelled, learned.unlabelled, learned.said.len()), (2_700, 300, 3_000));
    assert!(learned.said[..50].iter().all(Option::is_none));
    assert!(
        learned.tested > 2_300 && learned.right as f64 > 0.85 * learned.tested as f64,
        "{} of {}",
        learned.right,
        learned.tested
    );
}

#[test]
fn a_committee_of_numbers_becomes_one_forest_that_says_the_same() {
    let mut random = Rng::with_seed(6);
    let history = fitted(&[rows(&mut random, 600, false), rows(&mut random, 600, false)], 12);
    let mut fused = OnlineForest::new(learner(), settings(12), history);
    fused.learn(&rows(&mut random, 2_000, true)).unwrap();
    let test = rows(&mut random, 1_000, true);
    let forest = learner().forest(fused.champion()).unwrap();
    assert_eq!((forest.trees.len(), &forest.task), (fused.trees(), &Task::Numbers));
    let scored = forest.score(&test).unwrap();
    for (row, said) in fused.predict(&test).unwrap().into_iter().enumerate() {
        assert!((scored.number(row).unwrap() - said.unwrap()).abs() < 1e-9);
    }
    // One that goes on where this forest stands says the same from the first row on, in every bit.
    let strengths = vec![Strength::default(); forest.trees.len()];
    let on = OnlineForest::new(
        Trees::<NumberObjective>::like(&forest).unwrap(),
        settings(12),
        vec![(forest.clone(), strengths)],
    );
    let bits = |said: Option<f64>| said.map(f64::to_bits);
    let alike =
        on.predict(&test).unwrap().into_iter().enumerate().all(|(row, said)| bits(said) == bits(scored.number(row)));
    assert!(alike);
}

#[test]
fn one_wild_row_is_no_change_and_an_infinite_one_no_truth() {
    let mut random = Rng::with_seed(8);
    let mut fused = OnlineForest::new(learner(), settings(10), fitted(&[rows(&mut random, 1_000, false)], 10));
    let mut stream = rows(&mut random, 800, false);
    let wild: Float64Chunked = stream
        .column("y")
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(i, y)| match i {
            400 => Some(1e12),
            401 => Some(f64::INFINITY),
            402 => Some(f64::NAN),
            _ => y,
        })
        .collect();
    stream.with_column(wild.with_name("y".into()).into_column()).unwrap();
    let learned = fused.learn(&stream).unwrap();
    assert_eq!((learned.labelled, learned.unlabelled), (798, 2));
    assert!(!learned.events.iter().any(|e| matches!(e, CommitteeEvent::Drift(_))), "{:?}", learned.events);
    assert!(r2(&fused, &rows(&mut random, 1_000, false)) > 0.7);
}

#[test]
fn rows_that_lack_a_value_teach_nothing_and_end_nothing() {
    let mut random = Rng::with_seed(9);
    let mut fused = OnlineForest::new(learner(), settings(10), fitted(&[rows(&mut random, 1_000, false)], 10));
    let mut lacking = rows(&mut random, 3_000, false);
    lacking.with_column(Float64Chunked::full_null("a".into(), 3_000).into_column()).unwrap();
    let learned = fused.learn(&lacking).unwrap();
    assert_eq!((learned.labelled, learned.tested), (3_000, 0));
    assert!(learned.events.is_empty() && fused.recent().unwrap().height() == 0, "{:?}", learned.events);
    assert!(
        !fused.learn(&rows(&mut random, 1_000, false)).unwrap().events.is_empty(),
        "once they are whole again it learns"
    );
}

#[test]
fn a_committee_refuses_a_forest_that_predicts_something_else() {
    let frame = rows(&mut Rng::with_seed(11), 200, false);
    let (numbers, _) = learner().fit(&frame, 2, 1).unwrap();
    assert!(Trees::<NumberObjective>::like(&numbers).is_ok());
    let fault = Trees::<braid::learn::online::ClassObjective>::like(&numbers).unwrap_err();
    assert!(fault.what.contains("classes") && !fault.hint.is_empty(), "{fault}");
    let words = Question { task: Some(TaskKind::Classify), ..question() };
    let texts = df!("a" => [1.0, 2.0, 3.0], "y" => ["one", "two", "one"]).unwrap();
    assert!(Trees::of_numbers(words, &texts).is_err());
    assert!(Arc::new(numbers).oob.is_none());
}
