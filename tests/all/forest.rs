//! Forests: the same one on any number of threads, merged in any order, read back bit for bit; and a clear word where
//! there is nothing to learn from.

use std::time::Duration;

use braid::data::Fault;
use braid::engine::Job;
use braid::engine::train::{Training, train};
use braid::learn::bins;
use braid::learn::dropped::Dropped;
use braid::learn::forest::{FeatureKind, Forest, Missing, Task};
use braid::learn::goal::Criterion;
use braid::learn::grow::{Growth, MaxFeatures};
use braid::learn::holdout::shuffled;
use braid::learn::measure::{PrecisionRecall, Roc};
use braid::learn::merge::merge;
use braid::learn::model::{self, Saved, TrainedTo};
use braid::learn::question::{Question, TaskKind};
use braid::learn::report::{Explained, Report, explain};
use braid::learn::score::Scored;
use braid::learn::tree::{BY_SET, LEAF, ONE, Tree};
use braid::learn::verdict::Verdict;
use braid::sync::Wake;
use polars::prelude::*;
use proptest::prelude::*;

use crate::cli::{braid, refused, stderr};

pub(super) fn wait<T: Send + 'static>(mut job: Job<T>) -> Result<T, Fault> {
    loop {
        if let Some(outcome) = job.take() {
            return outcome;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn training(target: &str, trees: usize, threads: usize) -> Training {
    Training {
        question: Question { target: target.to_owned(), ..Question::default() },
        trees,
        threads,
        ..Training::default()
    }
}

fn fit(frame: &DataFrame, trees: usize) -> Forest {
    wait(train(frame.clone(), training("y", trees, 2), Wake::silent())).unwrap()
}

/// Rows whose class follows from a number, a word and a little chance.
fn rows(count: usize, seed: u64) -> DataFrame {
    let mut rng = fastrand::Rng::with_seed(seed);
    let words = ["oak", "ash", "elm", "fir", "yew", "bay"];
    let (mut a, mut b, mut word, mut flag, mut y, mut z) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..count {
        let (x, n, w) = (rng.f64() * 10.0, rng.i64(-20..20), rng.usize(..words.len()));
        let score = x + if w % 2 == 0 { 3.0 } else { -3.0 } + n as f64 / 10.0 + rng.f64();
        a.push(x);
        b.push(n);
        word.push(words[w]);
        flag.push(n > 0);
        y.push(if score > 7.0 {
            "high"
        } else if score > 3.0 {
            "middle"
        } else {
            "low"
        });
        z.push(score);
    }
    df!("a" => a, "b" => b, "word" => word, "flag" => flag, "y" => y, "z" => z).unwrap()
}

/// The frame to learn the class from, and the one to learn the number from.
pub(super) fn classes(count: usize, seed: u64) -> DataFrame {
    rows(count, seed).drop("z").unwrap()
}

pub(super) fn numbers(count: usize, seed: u64) -> DataFrame {
    let mut frame = rows(count, seed).drop("y").unwrap();
    frame.rename("z", "y".into()).unwrap();
    frame
}

/// Every bit of what a forest says of a frame's rows.
pub(super) fn said(forest: &Forest, frame: &DataFrame) -> Vec<u64> {
    bits(forest, &forest.score(frame).unwrap(), frame.height())
}

fn bits(forest: &Forest, scored: &Scored, rows: usize) -> Vec<u64> {
    let each = |row: usize| -> Vec<u64> {
        match &forest.task {
            Task::Numbers => vec![scored.number(row).map_or(u64::MAX, f64::to_bits)],
            Task::Classes { names, .. } => {
                (0..names.len()).map(|class| scored.share(row, class).map_or(u64::MAX, f64::to_bits)).collect()
            }
        }
    };
    (0..rows).flat_map(each).collect()
}

fn accuracy(forest: &Forest, frame: &DataFrame) -> f64 {
    let said = forest.predict(frame).unwrap();
    let equal =
        said.as_materialized_series().equal(frame.column(&forest.target).unwrap().as_materialized_series()).unwrap();
    equal.sum().unwrap() as f64 / frame.height() as f64
}

#[test]
fn the_same_seed_gives_the_same_forest_on_any_number_of_threads() {
    for frame in [classes(2_000, 1), numbers(2_000, 1)] {
        let one = wait(train(frame.clone(), training("y", 12, 1), Wake::silent())).unwrap();
        for threads in [2, 3, 7] {
            let other = wait(train(frame.clone(), training("y", 12, threads), Wake::silent())).unwrap();
            assert_eq!(one, other);
        }
        let seeded = Training { seed: 43, ..training("y", 12, 2) };
        assert_ne!(one.trees, wait(train(frame, seeded, Wake::silent())).unwrap().trees);
    }
}

#[test]
fn a_forest_learns_classes_and_numbers() {
    let forest = fit(&classes(4_000, 2), 30);
    assert!(accuracy(&forest, &classes(1_000, 3)) > 0.8);
    let oob = forest.oob.clone().unwrap();
    assert!((oob.score - accuracy(&forest, &classes(1_000, 3))).abs() < 0.05, "{}", oob.score);
    assert_eq!(oob.errors.len(), 30);
    assert!(oob.errors[29] < oob.errors[0]);
    let importance = forest.importance();
    assert!((importance.iter().sum::<f64>() - 1.0).abs() < 1e-5);
    assert!(importance[0] > importance[3] && importance[2] > importance[3], "{importance:?}");

    let forest = fit(&numbers(4_000, 2), 30);
    assert_eq!(forest.task, Task::Numbers);
    assert!(forest.oob.as_ref().unwrap().score > 0.97, "{:?}", forest.oob.as_ref().unwrap().score);
    let test = numbers(1_000, 3);
    let scored = forest.score(&test).unwrap();
    let truth = test.column("y").unwrap().f64().unwrap().clone();
    let error: f64 =
        truth.iter().enumerate().map(|(row, y)| (y.unwrap() - scored.number(row).unwrap()).abs()).sum::<f64>()
            / 1_000.0;
    assert!(error < 0.5, "{error}");
}

#[test]
fn each_way_to_grow_grows_as_it_is_told() {
    let frame = classes(3_000, 4);
    let grown = |growth: Growth| {
        wait(train(frame.clone(), Training { growth: Some(growth), ..training("y", 8, 2) }, Wake::silent())).unwrap()
    };
    let own = grown(Growth::classes());
    let entropy = grown(Growth { criterion: Criterion::Entropy, ..Growth::classes() });
    assert_ne!(own.trees, entropy.trees);
    assert!(accuracy(&entropy, &classes(1_000, 5)) > 0.8);
    let shallow = grown(Growth { max_depth: Some(2), ..Growth::classes() });
    assert!(shallow.trees.iter().all(|t| t.leaves() <= 4 && t.leaves() > 1));
    let wide = grown(Growth { min_leaf: 50, ..Growth::classes() });
    assert!(wide.trees.iter().all(|t| t.leaves() <= 3_000 / 50));
    let all = grown(Growth { tries: MaxFeatures::All, bootstrap: false, ..Growth::classes() });
    // Without chance in rows or columns, trees can differ only among equally good splits.
    assert!(all.trees.windows(2).all(|pair| pair[0].leaves().abs_diff(pair[1].leaves()) < 30));
    assert!((accuracy(&all, &frame) - 1.0).abs() < 1e-9);
}

#[test]
fn every_tree_is_grown_to_purity() {
    let frame = classes(1_500, 6);
    let forest = fit(&frame, 5);
    // All rows differ, so each leaf has one class, and a tree without bootstrap knows all its rows.
    assert!(forest.trees.iter().all(|t| t.mixed.is_empty()));
}

#[test]
fn a_constant_column_is_never_split_on() {
    let mut frame = classes(1_000, 7);
    frame.with_column(Column::new("still".into(), vec![1.5; 1_000])).unwrap();
    frame.with_column(Column::new("word".into(), vec!["same"; 1_000])).unwrap();
    let forest = fit(&frame, 10);
    for name in ["still", "word"] {
        let place = forest.features.iter().position(|f| f.name == name).unwrap();
        assert!(forest.trees.iter().flat_map(|t| &t.nodes).all(|n| usize::from(n.feature) != place));
        assert_eq!(forest.importance()[place], 0.0);
    }
}

#[test]
fn permuting_rows_moves_the_out_of_bag_estimate_by_no_more_than_its_error() {
    let frame = classes(4_000, 8);
    let order: IdxCa = shuffled(4_000, 9).into_iter().map(Some).collect();
    let permuted = frame.take(&order).unwrap();
    let (a, b) = (fit(&frame, 40).oob.unwrap(), fit(&permuted, 40).oob.unwrap());
    let error = (a.score * (1.0 - a.score) / 4_000.0).sqrt();
    assert!((a.score - b.score).abs() < 3.0 * error, "{} {} {error}", a.score, b.score);
}

#[test]
fn merging_in_any_order_predicts_the_same_bit_for_bit() {
    let test = classes(500, 99);
    // Chunks that do not know the same words, classes and cuts.
    let parts: Vec<Forest> = (0..3)
        .map(|seed| {
            let frame = classes(700, 10 + seed);
            let words = frame.column("word").unwrap().str().unwrap().not_equal(["oak", "ash", "elm"][seed as usize]);
            let labels = frame.column("y").unwrap().str().unwrap().not_equal(["high", "low", "none"][seed as usize]);
            fit(&frame.filter(&(&words & &labels)).unwrap(), 7)
        })
        .collect();
    let [a, b, c] = &parts[..] else { panic!() };
    let merged = |forests: &[&Forest]| merge(forests).unwrap();
    let expected = said(&merged(&[a, b, c]), &test);
    assert_eq!(expected, said(&merged(&[c, a, b]), &test));
    assert_eq!(expected, said(&merged(&[&merged(&[a, b]), c]), &test));
    assert_eq!(expected, said(&merged(&[a, &merged(&[c, b])]), &test));
    let all = merged(&[a, b, c]);
    assert_eq!(all.trees.len(), 21);
    assert_eq!(all.task.classes(), ["high", "low", "middle"]);
    // A forest merged with nothing is itself, though its unused cuts are gone.
    let alone = merged(&[b]);
    assert_eq!(said(&alone, &test), said(b, &test));
    // Together they are the mean of what they say apart, over all classes.
    let (x, y) = (a.score(&test).unwrap(), c.score(&test).unwrap());
    let both = merged(&[a, c]);
    let together = both.score(&test).unwrap();
    let middle = |f: &Forest| f.task.classes().iter().position(|n| n == "middle").unwrap();
    for row in 0..500 {
        let mean = (x.share(row, middle(a)).unwrap() + y.share(row, middle(c)).unwrap()) / 2.0;
        assert!((together.share(row, middle(&both)).unwrap() - mean).abs() < 1e-12);
    }
}

#[test]
fn estimates_merge_in_any_order_too() {
    let test = numbers(500, 99);
    let parts: Vec<Forest> = (0..3).map(|seed| fit(&numbers(600, 20 + seed), 5)).collect();
    let [a, b, c] = &parts[..] else { panic!() };
    let expected = said(&merge(&[a, b, c]).unwrap(), &test);
    assert_eq!(expected, said(&merge(&[c, b, a]).unwrap(), &test));
    assert_eq!(expected, said(&merge(&[b, &merge(&[a, c]).unwrap()]).unwrap(), &test));
}

#[test]
fn forests_of_different_questions_do_not_merge() {
    let (a, b) = (fit(&classes(200, 1), 2), fit(&numbers(200, 1), 2));
    assert!(merge(&[&a, &b]).unwrap_err().what.contains("what their target holds"));
    let mut other = a.clone();
    other.features[0].name = "another".to_owned();
    assert!(merge(&[&a, &other]).unwrap_err().what.contains("another"));
    assert!(merge(&[]).is_err());
}

#[test]
fn a_model_file_gives_the_same_forest_and_the_same_scores() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    for frame in [classes(1_000, 30), numbers(1_000, 30)] {
        let forest = fit(&frame, 9);
        model::save(&Saved::new(forest.clone()), &path).unwrap();
        let back = model::load(&path).unwrap().forest;
        assert_eq!(forest, *back);
        assert_eq!(said(&forest, &frame), said(&back, &frame));
    }
    assert!(!folder.path().join("model.json.part").exists());
}

#[test]
fn a_model_file_that_contradicts_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    let good = fit(&classes(300, 31), 2);
    let spoilt = |change: &dyn Fn(&mut Forest)| {
        let mut forest = good.clone();
        change(&mut forest);
        model::save(&Saved::new(forest.clone()), &path).unwrap();
        let fault = model::load(&path).unwrap_err();
        assert!(fault.place.contains("model.json") && !fault.hint.is_empty(), "{fault}");
        fault.what
    };
    assert!(spoilt(&|f| f.trees[1].nodes[0].child = 0).contains("tree 2 contradicts itself"));
    assert!(spoilt(&|f| f.trees[0].nodes[0].feature = 40).contains("tree 1"));
    assert!(spoilt(&|f| f.trees[0].nodes.last_mut().unwrap().child = 1_000).contains("tree 1"));
    assert!(spoilt(&|f| f.trees[0].nodes.clear()).contains("no nodes"));
    // A feature that there cannot be is no leaf.
    model::save(&Saved::new(good.clone()), &path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let from = text.find("\"feature\":[").unwrap() + 11;
    let to = from + text[from..].find([',', ']']).unwrap();
    for wrong in ["-7", "65535", "9999999"] {
        std::fs::write(&path, [&text[..from], wrong, &text[to..]].concat()).unwrap();
        assert!(model::load(&path).unwrap_err().what.contains("tree 1"), "{wrong}");
    }
    assert!(spoilt(&|f| f.trees[0].mixed = vec![1, 2, 3]).contains("tree 1"));
    assert!(spoilt(&|f| f.features[0].cuts.reverse()).contains("not in order"));
    assert!(spoilt(&|f| f.trees.clear()).contains("no trees"));
    assert!(spoilt(&|f| f.features[1].name = f.features[0].name.clone()).contains("same name"));
    assert!(
        spoilt(&|f| if let Task::Classes { names, .. } = &mut f.task {
            names[1] = names[0].clone()
        })
        .contains("same name")
    );
    for text in ["", "{}", "[1]", "{\"braid_model\": 2", "\u{0}"] {
        std::fs::write(&path, text).unwrap();
        assert!(model::load(&path).is_err(), "{text}");
    }
    model::save(&Saved::new(good.clone()), &path).unwrap();
    let newer = std::fs::read_to_string(&path).unwrap().replace("\"braid_model\":1", "\"braid_model\":9");
    std::fs::write(&path, newer).unwrap();
    assert!(model::load(&path).unwrap_err().what.contains("version 9"));
    assert!(model::load(&folder.path().join("none.json")).unwrap_err().what.contains("no such file"));
}

#[test]
fn a_row_gets_the_same_score_alone_and_among_others() {
    for frame in [classes(800, 40), numbers(800, 40)] {
        let forest = fit(&frame, 10);
        let whole = said(&forest, &frame);
        let alone: Vec<u64> = (0..800).flat_map(|row| said(&forest, &frame.slice(row, 1))).collect();
        assert_eq!(whole, alone);
        let pieces: Vec<u64> = (0..800).step_by(37).flat_map(|row| said(&forest, &frame.slice(row, 37))).collect();
        assert_eq!(whole, pieces);
    }
}

#[test]
fn one_class_one_row_and_no_row_have_defined_answers() {
    let frame = df!("a" => [1.0, 2.0, 3.0], "y" => ["only", "only", "only"]).unwrap();
    let forest = fit(&frame, 3);
    assert_eq!(forest.predict(&frame).unwrap().str().unwrap().get(1), Some("only"));
    assert!(forest.trees.iter().all(|t| t.nodes.len() == 1));

    let one = fit(&frame.slice(0, 1), 3);
    assert_eq!(one.predict(&frame).unwrap().str().unwrap().get(2), Some("only"));
    assert_eq!(one.oob.unwrap().rows, 0);
    assert_eq!(forest.predict(&frame.slice(0, 0)).unwrap().len(), 0);

    let fault = wait(train(frame.slice(0, 0), training("y", 3, 1), Wake::silent())).unwrap_err();
    assert!(fault.what.contains("no row to learn from"), "{fault}");
}

#[test]
fn rows_without_a_value_are_dropped_and_counted_by_column() {
    let frame = df!(
        "a" => [Some(1.0), None, Some(3.0), Some(f64::NAN), Some(5.0)],
        "b" => [Some("x"), None, None, Some("y"), Some("y")],
        "y" => [Some(1_i64), Some(2), Some(1), Some(2), None]
    )
    .unwrap();
    let question = Question { target: "y".to_owned(), ..Question::default() };
    let (kept, dropped) = question.complete(&frame).unwrap();
    assert_eq!(kept.height(), 1);
    assert_eq!((dropped.rows, dropped.of), (4, 5));
    assert_eq!(dropped.by_column, [("a".to_owned(), 2), ("b".to_owned(), 2), ("y".to_owned(), 1)]);
    let keep = Question { missing: Missing::Keep, ..question };
    let (kept, dropped) = keep.complete(&frame).unwrap();
    assert_eq!((kept.height(), dropped.rows), (4, 1));
}

#[test]
fn missing_values_can_be_learnt_from() {
    // The class is whether the value is missing: of numbers, and of words.
    let a: Vec<Option<f64>> = (0..400).map(|i| (i % 3 != 0).then_some(f64::from(i))).collect();
    let b: Vec<Option<&str>> = (0..400).map(|i| (i % 3 != 0).then_some(["p", "q"][i % 2])).collect();
    let y: Vec<bool> = (0..400).map(|i| i % 3 == 0).collect();
    for column in [Column::new("a".into(), &a), Column::new("a".into(), &b)] {
        let frame = DataFrame::new(400, vec![column, Column::new("y".into(), &y)]).unwrap();
        let question = Question { target: "y".to_owned(), missing: Missing::Keep, ..Question::default() };
        let forest = wait(train(frame.clone(), Training { question, ..training("y", 10, 1) }, Wake::silent())).unwrap();
        assert!((accuracy(&forest, &frame) - 1.0).abs() < 1e-9);
        // Dropped, they leave one class, and a row without value gets no score.
        let question = Question { target: "y".to_owned(), ..Question::default() };
        let (complete, _) = question.complete(&frame).unwrap();
        let forest = fit(&complete, 3);
        let said = forest.predict(&frame).unwrap();
        assert_eq!(said.null_count(), 134);
        assert_eq!(forest.score(&frame).unwrap().class(0), None);
    }
}

#[test]
fn columns_that_are_all_null_leave_nothing_or_a_constant() {
    let frame = df!("a" => [1.0, 2.0, 3.0, 4.0], "y" => ["p", "p", "q", "q"]).unwrap();
    let mut frame = frame;
    frame.with_column(Column::full_null("empty".into(), 4, &DataType::Null)).unwrap();
    let question = Question { target: "y".to_owned(), ..Question::default() };
    let (kept, dropped) = question.complete(&frame).unwrap();
    assert_eq!((kept.height(), dropped.rows), (0, 4));
    assert!(question.prepare(&kept).unwrap_err().what.contains("no row"));
    let keep = Question { missing: Missing::Keep, ..question };
    let forest =
        wait(train(frame.clone(), Training { question: keep, ..training("y", 5, 1) }, Wake::silent())).unwrap();
    assert!(forest.trees.iter().flat_map(|t| &t.nodes).all(|n| n.feature != 1));
    let target = Question { target: "empty".to_owned(), ..Question::default() };
    assert!(target.complete(&frame).unwrap().0.height() == 0);
}

#[test]
fn five_thousand_columns_are_no_trouble() {
    let mut rng = fastrand::Rng::with_seed(1);
    let truth: Vec<bool> = (0..120).map(|_| rng.bool()).collect();
    let mut columns: Vec<Column> = (0..5_000)
        .map(|i| Column::new(format!("c{i}").into(), (0..120).map(|_| rng.f64()).collect::<Vec<_>>()))
        .collect();
    for i in 0..200 {
        let told: Vec<f64> = truth.iter().map(|t| rng.f64() + f64::from(u8::from(*t))).collect();
        columns[i * 25] = Column::new(format!("c{}", i * 25).into(), told);
    }
    columns.push(Column::new("y".into(), &truth));
    let frame = DataFrame::new(120, columns).unwrap();
    let forest = fit(&frame, 20);
    assert_eq!(forest.features.len(), 5_000);
    assert!(forest.oob.as_ref().unwrap().score > 0.8, "{}", forest.oob.unwrap().score);
}

#[test]
fn a_word_that_was_not_learnt_goes_with_the_most_rows() {
    let words: Vec<&str> = (0..300).map(|i| if i % 3 == 0 { "rare" } else { "often" }).collect();
    let y: Vec<i64> = (0..300).map(|i| i64::from(i % 3 == 0)).collect();
    let frame = df!("w" => &words, "y" => &y).unwrap();
    let forest = fit(&frame, 10);
    let new = df!("w" => ["rare", "often", "never seen"]).unwrap();
    let said = forest.predict(&new).unwrap();
    assert_eq!(said.i64().unwrap().iter().collect::<Vec<_>>(), [Some(1), Some(0), Some(0)]);
    assert_eq!(forest.features[0].kind, FeatureKind::Category(vec!["often".to_owned(), "rare".to_owned()]));
}

#[test]
fn more_words_than_codes_keep_the_most_frequent() {
    let words: Vec<String> =
        (0..3_000).map(|i| if i % 2 == 0 { "common".to_owned() } else { format!("w{i}") }).collect();
    let y: Vec<bool> = (0..3_000).map(|i| i % 2 == 0).collect();
    let frame = df!("w" => &words, "y" => &y).unwrap();
    // A rare word is in two of three bootstraps: the others guess.
    let forest = fit(&frame, 25);
    let FeatureKind::Category(known) = &forest.features[0].kind else { panic!() };
    assert_eq!(known.len(), 254);
    assert!(known.binary_search(&"common".to_owned()).is_ok());
    assert!(accuracy(&forest, &frame) > 0.999);
}

#[test]
fn a_feature_that_the_feed_lacks_is_named() {
    let forest = fit(&classes(200, 50), 3);
    let fault = forest.score(&classes(5, 1).drop("word").unwrap()).unwrap_err();
    assert!(fault.what.contains("'word'") && fault.hint.to_string().contains("add it"), "{fault}");
    let mut renamed = classes(5, 1);
    renamed.rename("word", "wood".into()).unwrap();
    assert!(forest.score(&renamed).unwrap_err().hint.to_string().contains("'wood'"));
    let mut text = classes(5, 1);
    text.with_column(Column::new("a".into(), ["x"; 5])).unwrap();
    let fault = forest.score(&text).unwrap_err();
    assert!(fault.what.contains("trained on numbers") && fault.place.contains("'a'"), "{fault}");
    // A column of the right name without any value is missing, not wrong.
    let mut empty = classes(5, 1);
    empty.with_column(Column::full_null("a".into(), 5, &DataType::Null)).unwrap();
    assert_eq!(forest.predict(&empty).unwrap().null_count(), 5);
}

#[test]
fn times_are_learnt_from_whatever_their_unit() {
    let days: Vec<i32> = (0..500).collect();
    let y: Vec<bool> = days.iter().map(|d| (100..200).contains(d)).collect();
    let dates = Column::new("d".into(), &days).cast(&DataType::Date).unwrap();
    let frame = DataFrame::new(500, vec![dates.clone(), Column::new("y".into(), &y)]).unwrap();
    let forest = fit(&frame, 10);
    assert_eq!(forest.features[0].kind, FeatureKind::Time);
    assert!((accuracy(&forest, &frame) - 1.0).abs() < 1e-9);
    let millis = dates.cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap();
    let other = DataFrame::new(500, vec![millis]).unwrap();
    assert_eq!(said(&forest, &frame), said(&forest, &other));
}

#[test]
fn labels_come_back_in_the_type_of_their_column() {
    let a: Vec<f64> = (0..100).map(f64::from).collect();
    let whole: Vec<i32> = (0..100).map(|i| i / 10 - 5).collect();
    let floating: Vec<f64> = whole.iter().map(|i| f64::from(*i)).collect();
    let flags: Vec<bool> = (0..100).map(|i| i < 50).collect();
    let columns =
        [Column::new("y".into(), &whole), Column::new("y".into(), &floating), Column::new("y".into(), &flags)];
    for (column, dtype) in columns.into_iter().zip([DataType::Int64, DataType::Float64, DataType::Boolean]) {
        let frame = DataFrame::new(100, vec![Column::new("a".into(), &a), column.clone()]).unwrap();
        let forest = fit(&frame, 15);
        let said = forest.predict(&frame).unwrap();
        assert_eq!(said.dtype(), &dtype);
        assert_eq!(forest.output(), dtype);
        let same = said.as_materialized_series().equal(column.cast(&dtype).unwrap().as_materialized_series()).unwrap();
        assert!(same.sum().unwrap() > 95);
        if dtype == DataType::Int64 {
            assert_eq!(forest.task.classes()[0], "-5");
        }
    }
}

#[test]
fn what_a_target_is_taken_for() {
    let question = |task| Question { target: "y".to_owned(), task, ..Question::default() };
    let with = |y: Column| {
        DataFrame::new(y.len(), vec![Column::new("a".into(), (0..y.len() as i64).collect::<Vec<_>>()), y]).unwrap()
    };
    let many = with(Column::new("y".into(), (0..400_i64).collect::<Vec<_>>()));
    let few = with(Column::new("y".into(), (0..400_i64).map(|i| i % 7).collect::<Vec<_>>()));
    let parts = with(Column::new("y".into(), (0..400).map(|i| f64::from(i % 4) / 2.0).collect::<Vec<_>>()));
    let text = with(Column::new("y".into(), (0..400).map(|i| format!("t{i}")).collect::<Vec<_>>()));
    for (frame, estimates) in [(&many, true), (&few, false), (&parts, true)] {
        assert_eq!(question(None).estimates(frame).unwrap(), estimates);
        assert_eq!(question(None).prepare(frame).unwrap().forest.task == Task::Numbers, estimates);
    }
    assert!(question(Some(TaskKind::Estimate)).prepare(&few).unwrap().forest.task == Task::Numbers);
    assert!(question(Some(TaskKind::Classify)).prepare(&many).unwrap_err().what.contains("256 classes"));
    assert!(question(None).prepare(&text).unwrap_err().hint.to_string().contains("identifier"));
    assert!(question(Some(TaskKind::Estimate)).prepare(&text).unwrap_err().what.contains("no numbers"));
    let wrong = Question { target: "z".to_owned(), ..Question::default() };
    assert!(wrong.complete(&few).unwrap_err().what.contains("'z'"));
    let own = Question { features: vec!["y".to_owned()], ..question(None) };
    assert!(own.complete(&few).unwrap_err().what.contains("predict itself"));
}

#[test]
fn training_can_be_cancelled() {
    let mut job = train(classes(50_000, 60), training("y", 10_000, 2), Wake::silent());
    while job.progress().done == 0 {
        std::thread::sleep(Duration::from_millis(1));
        assert!(job.take().is_none());
    }
    assert!(job.progress().note.contains("out-of-bag error"), "{:?}", job.progress());
    job.cancel();
    assert_eq!(wait(job).unwrap_err().what, "cancelled");
    assert!(wait(train(classes(10, 1), training("y", 0, 1), Wake::silent())).unwrap_err().what.contains("no 0 trees"));
}

#[test]
fn the_held_out_rows_are_those_of_scikit_learn() {
    // numpy.random.RandomState(42).permutation(10) and (7).permutation(300)[:6]
    assert_eq!(shuffled(10, 42), [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]);
    assert_eq!(shuffled(300, 7)[..6], [254, 57, 150, 66, 114, 280]);
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn a_code_is_how_many_cuts_are_below_a_value(
        mut values in prop::collection::vec(-1e3..1e3_f64, 1..400),
        probe in -2e3..2e3_f64,
        holes in 0..3_usize,
    ) {
        values.iter_mut().take(holes).for_each(|v| *v = bins::MISSING);
        let cuts = bins::BinnedColumn::of_numbers(&values, bins::Fineness::Numbers).cuts;
        prop_assert!(cuts.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(bins::rank(&cuts, probe), cuts.iter().filter(|c| **c < probe).count());
        prop_assert_eq!(bins::rank(&cuts, f64::NAN), 0);
        // Few rows are cut exactly: different values have different codes.
        let mut distinct: Vec<f64> = values.clone();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        prop_assert_eq!(cuts.len() + 1, distinct.len());
        for pair in distinct.windows(2) {
            prop_assert!(bins::rank(&cuts, pair[0]) < bins::rank(&cuts, pair[1]));
        }
    }

    #[test]
    fn coarse_bins_hold_alike_many_rows(seed in any::<u64>(), heavy in 0.0..0.9_f64) {
        // More than 2,048 distinct values: they are not cut exactly.
        let mut rng = fastrand::Rng::with_seed(seed);
        let values: Vec<f64> = (0..40_000).map(|_| if rng.f64() < heavy { 0.5 } else { rng.f64() }).collect();
        let column = bins::BinnedColumn::of_numbers(&values, bins::Fineness::Numbers);
        prop_assert!(column.bins <= bins::BINS && column.bins > 150, "{}", column.bins);
        let mut rows = vec![0_usize; column.bins];
        for value in values.iter().filter(|v| **v != 0.5) {
            rows[bins::rank(&column.cuts, *value)] += 1;
        }
        let most = 2 * (40_000.0 * (1.0 - heavy) / 256.0) as usize + 2;
        prop_assert!(rows.iter().all(|r| *r <= most), "{:?} {most}", rows.iter().max());
    }

    #[test]
    fn shares_of_a_leaf_add_up_to_one(counts in prop::collection::vec(0..1_000_i64, 2..40)) {
        prop_assume!(counts.iter().sum::<i64>() > 0);
        let mut tree = Tree::default();
        tree.mix(&[1; 40][..counts.len()]);
        let payload = tree.mix(&counts);
        prop_assert_eq!(payload as usize, counts.len() + 1);
        let shares = &tree.mixed[counts.len()..];
        prop_assert_eq!(shares.iter().sum::<u32>(), ONE);
        let total = counts.iter().sum::<i64>() as f64;
        for (share, count) in shares.iter().zip(&counts) {
            prop_assert!((f64::from(*share) / f64::from(ONE) - *count as f64 / total).abs() < 1.0 / f64::from(ONE));
        }
    }

    #[test]
    fn a_tree_without_bootstrap_knows_all_its_rows(seed in 0..1_000_u64, count in 1..300_usize) {
        let frame = classes(count, seed);
        let growth = Growth { bootstrap: false, seed, ..Growth::classes() };
        let forest =
            wait(train(frame.clone(), Training { growth: Some(growth), ..training("y", 1, 1) }, Wake::silent()))
                .unwrap();
        prop_assert!((accuracy(&forest, &frame) - 1.0).abs() < 1e-9);
        for (at, node) in forest.trees[0].nodes.iter().enumerate() {
            let feature = forest.features.get(usize::from(node.feature));
            let by_set = feature.is_some_and(|f| matches!(f.kind, FeatureKind::Category(_)));
            prop_assert!(node.feature == LEAF || by_set == (node.cut == BY_SET));
            prop_assert!(node.feature == LEAF || by_set || node.child as usize > at);
        }
    }
}

fn table(folder: &std::path::Path, name: &str, frame: &DataFrame) -> String {
    let path = folder.join(name);
    braid::data::format::write_frame(frame, &path).unwrap();
    path.display().to_string()
}

fn stats(args: &[&str], folder: &std::path::Path) -> serde_json::Value {
    let path = folder.join("stats.json").display().to_string();
    let out = braid(&[args, &["--stats", &path]].concat());
    assert!(out.status.success(), "{}", stderr(&out));
    // Parts have no estimate in common.
    let page = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(page.contains("out of bag") != page.contains("fitted in"), "{page}");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every hundredth row lacks a value.
pub(super) fn with_holes(mut frame: DataFrame) -> DataFrame {
    let holes: Vec<Option<f64>> =
        frame.column("a").unwrap().f64().unwrap().iter().enumerate().map(|(i, a)| a.filter(|_| i % 100 != 0)).collect();
    frame.with_column(Column::new("a".into(), holes)).unwrap();
    frame
}

#[test]
fn train_tests_on_rows_held_out_and_writes_model_and_stats() {
    let folder = tempfile::tempdir().unwrap();
    let frame = with_holes(classes(1_500, 70));
    let data = table(folder.path(), "trees.csv", &frame);
    let model_file = folder.path().join("m.json").display().to_string();
    let said = stats(
        &["train", "--data", &data, "--target", "y", "--trees", "20", "--model", &model_file, "--threads", "2"],
        folder.path(),
    );
    assert_eq!(said["rows"], 1_500);
    assert_eq!(said["rows_dropped"], 15);
    assert_eq!(said["dropped_by_column"]["a"], 15);
    assert_eq!(said["rows_test"], 297);
    assert_eq!(said["rows_train"], 1_188);
    assert!(said["accuracy"].as_f64().unwrap() > 0.75, "{said}");
    for key in [
        "fit_s",
        "predict_s",
        "peak_rss_mb",
        "cpu_s",
        "oob_score",
        "balanced_accuracy",
        "log_loss",
        "f1_macro",
        "roc_auc",
        "accuracy_of_guessing",
    ] {
        assert!(said[key].as_f64().is_some(), "{key}");
    }
    let table = said["classes"].as_array().unwrap();
    assert_eq!(table.len(), 3);
    assert_eq!(table.iter().map(|c| c["support"].as_u64().unwrap()).sum::<u64>(), 297);
    assert!(
        table
            .iter()
            .all(|c| c["precision"].as_f64().is_some() && c["recall"].as_f64().is_some() && c["f1"].as_f64().is_some())
    );
    let saved = model::load(model_file.as_ref()).unwrap();
    assert_eq!(saved.forest.trees.len(), 20);
    assert_eq!(
        saved.baseline.map(|b| b.features.len()),
        Some(saved.forest.features.len()),
        "its histograms travel with it"
    );
    let only =
        stats(&["train", "--data", &data, "--target", "y", "--trees", "20", "--features", "a, word"], folder.path());
    assert_eq!(only["importance"].as_object().unwrap().len(), 2);
}

#[test]
fn train_takes_another_file_or_a_column_for_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let (train, test) = (classes(800, 71), classes(300, 72));
    let (a, b) = (table(folder.path(), "a.parquet", &train), table(folder.path(), "b.parquet", &test));
    let mut both = train.vstack(&test).unwrap();
    both.with_column(Column::new(
        "part".into(),
        (0..1_100).map(|i| if i < 800 { "train" } else { "test" }).collect::<Vec<_>>(),
    ))
    .unwrap();
    let c = table(folder.path(), "c.parquet", &both);
    let by_file = stats(&["train", "--data", &a, "--target", "y", "--trees", "15", "--test", &b], folder.path());
    let by_column = stats(&["train", "--data", &c, "--target", "y", "--trees", "15", "--split", "part"], folder.path());
    assert_eq!((&by_file["rows_train"], &by_file["rows_test"]), (&800.into(), &300.into()));
    assert_eq!(by_file["accuracy"], by_column["accuracy"]);
    assert_eq!(by_file["classes"], by_column["classes"]);
}

#[test]
fn train_estimates_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "n.parquet", &numbers(1_000, 73));
    let said = stats(&["train", "--data", &data, "--target", "y", "--trees", "20"], folder.path());
    assert!(said["r2"].as_f64().unwrap() > 0.95, "{said}");
    assert!(said["mae"].as_f64().unwrap() < said["rmse"].as_f64().unwrap());
    assert_eq!(said["task"], "estimate");
}

#[test]
fn train_keeps_chunks_as_codes_and_is_as_good_as_with_all_rows_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", &with_holes(classes(9_000, 76)));
    let of = |more: &[&str]| {
        stats(&[&["train", "--data", &data, "--target", "y", "--trees", "40"], more].concat(), folder.path())
    };
    let (together, chunks) = (of(&[]), of(&["--chunk-rows", "700"]));
    for key in ["rows", "rows_dropped", "dropped_by_column", "trees", "parts"] {
        assert_eq!(together[key], chunks[key], "{key}");
    }
    let rows = |s: &serde_json::Value| s["rows_train"].as_u64().unwrap() + s["rows_test"].as_u64().unwrap();
    assert_eq!(rows(&together), rows(&chunks));
    let accuracy = |s: &serde_json::Value| s["accuracy"].as_f64().unwrap();
    assert!(accuracy(&chunks) > accuracy(&together) - 0.007, "{} and {}", accuracy(&chunks), accuracy(&together));
    let none = of(&["--chunk-rows", "700", "--test-size", "0", "--trees", "3"]);
    assert_eq!((none["rows_test"].as_u64(), none["rows_train"].as_u64()), (Some(0), Some(8_910)), "all is trained on");
    let refused = |more: &[&str]| refused(&[&["train", "--data", &data, "--target", "y"], more].concat());
    assert!(refused(&["--chunk-rows", "10", "--test", &data]).contains("--chunk-rows holds a share of the rows"));
    assert!(refused(&["--split", "word"]).contains("no row is marked for testing in 'word'"));
    assert!(refused(&["--features", "a,b,a"]).contains("'a' is named twice"));
}

#[test]
fn train_leaves_out_what_the_proposal_leaves_out_where_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut frame = classes(400, 75);
    let copy = frame.column("y").unwrap().clone().with_name("again".into());
    frame.with_column(Column::new("id".into(), (0..400).map(|i| format!("row {i}")).collect::<Vec<_>>())).unwrap();
    frame.with_column(copy).unwrap();
    let data = table(folder.path(), "t.csv", &frame);
    let features = |more: &[&str]| {
        let all = stats(&[&["train", "--data", &data, "--target", "y", "--trees", "5"], more].concat(), folder.path());
        all["importance"].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(features(&[]), "a again b flag id word");
    assert_eq!(features(&["--features", "proposed"]), "a b flag word");
    let said = stderr(&braid(&["train", "--data", &data, "--target", "y", "--trees", "5", "--features", "proposed"]));
    assert!(
        said.contains("id: identifier")
            && said.contains("again: copy of the target")
            && said.contains("it is left out"),
        "{said}"
    );
}

#[test]
fn rows_of_one_hour_are_told_apart_from_those_of_the_next() {
    // Sixty days, each hour of a kind of its own: bins of numbers would hold six hours.
    let micros: Vec<i64> = (0..20_000).map(|i| i * 60 * 86_400_000_000 / 20_000).collect();
    let kind: Vec<bool> =
        micros.iter().map(|t| (t / 3_600_000_000).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) < 0).collect();
    let mut frame = df!("t" => micros, "y" => kind).unwrap();
    let moments = frame.column("t").unwrap().cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap();
    frame.with_column(moments).unwrap();
    let forest = fit(&frame, 10);
    assert!(forest.oob.as_ref().unwrap().score > 0.9, "{:?}", forest.oob);
}

#[test]
fn train_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", &classes(50, 74));
    assert!(refused(&["train", "--data", "no-such.csv", "--target", "y"]).contains("no such file"));
    assert!(refused(&["train", "--data", &data, "--target", "yy"]).contains("did you mean 'y'?"));
    assert!(
        refused(&["train", "--data", &data, "--target", "y", "--features", "a,wrod"]).contains("did you mean 'word'?")
    );
    let mut holes = classes(50, 74);
    holes.with_column(Column::full_null("none".into(), 50, &DataType::Float64)).unwrap();
    let holes = table(folder.path(), "holes.parquet", &holes);
    let keep = ["train", "--data", &holes, "--target", "none", "--missing", "keep"];
    assert!(
        refused(&[&keep[..], &["--task", "estimate"]].concat())
            .contains("the target 'none' has no value in any of 50 rows")
    );
    assert!(refused(&["train", "--data", &holes, "--target", "y"]).contains("no row has a value of 'none'"));
    assert!(
        refused(&["train", "--data", &holes, "--target", "y", "--chunk-rows", "20"])
            .contains("no row has a value of 'none'")
    );
    let one = table(folder.path(), "one.csv", &classes(1, 74));
    assert!(refused(&["train", "--data", &one, "--target", "y"]).contains("are too few to hold some out"));
    assert!(refused(&["train", "--data", &data, "--target", "y", "--max-features", "99"]).contains("more than the"));
    assert!(
        refused(&["train", "--data", &data, "--target", "y", "--model", "no/such/m.json"]).contains("no such folder")
    );
    for (args, word) in [
        (vec!["train", "--target", "y"], "--data is missing"),
        (vec!["train", "--data", &data], "--target is missing"),
        (vec!["train", "--data", &data, "--target", "y", "--test-size", "1.5"], "not a share"),
        (vec!["train", "--data", &data, "--target", "y", "--tree", "5"], "did you mean --trees?"),
        (vec!["train", "--data", &data, "--target", "y", "--criterion", "luck"], "choose gini or entropy"),
    ] {
        let out = braid(&args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        assert!(stderr(&out).contains(word), "{}", stderr(&out));
    }
    let help = braid(&["train", "--help"]);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    for option in [
        "--data",
        "--target",
        "--features",
        "--trees",
        "--test-size",
        "--seed",
        "--model",
        "--stats",
        "--threads",
        "--split",
    ] {
        assert!(text.contains(option), "{option}");
    }
}

/// A model with all that travels with it.
fn reported(frame: &DataFrame, trees: usize) -> Saved {
    let forest = fit(frame, trees);
    let tested = frame.tail(Some(frame.height() / 5));
    let verdict = Verdict::new(&forest, &forest.score(&tested).unwrap(), &tested).unwrap();
    let Explained { importance, dependences } = explain(&forest, &tested, |share| {
        assert!((0.0..=1.0).contains(&share));
        Ok(())
    })
    .unwrap();
    let (trained, of) = (frame.height() - tested.height(), frame.height() + 3);
    let dropped = Dropped { rows: 3, of, by_column: vec![("a".to_owned(), 3)] };
    let report = Report {
        seen: of as u64 + 2,
        unread: 2,
        trained,
        parts: 3,
        dropped,
        seconds: 0.25,
        verdict,
        importance,
        dependences,
    };
    let trained_to = Some(TrainedTo { column: "at".to_owned(), micros: 979_957_800_000_001, number: None });
    Saved { name: "mine".to_owned(), report: Some(report), trained_to, ..Saved::new(forest) }
}

#[test]
fn a_report_travels_with_its_model_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    for frame in [classes(1_000, 80), numbers(1_000, 81)] {
        let saved = reported(&frame, 5);
        let report = saved.report.as_ref().unwrap();
        assert!(
            report.importance.len() == saved.forest.features.len()
                && report.dependences.len() == saved.forest.features.len()
        );
        assert!(
            report.importance[0].mean > 0.01
                && report
                    .dependences
                    .iter()
                    .all(|d| d.grid.len() > 1 && d.means.iter().all(|m| m.len() == d.grid.len()))
        );
        if let Some(told) = report.verdict.classes() {
            assert!(told.curves.iter().all(|c| c.roc.points.len() > 3
                && c.precision_recall.points.len() > 3
                && !c.calibration.bins.is_empty()));
            let one: f64 = report.dependences[0].means.iter().map(|of_class| of_class[0]).sum();
            assert!((one - 1.0).abs() < 1e-9, "what is said of each class adds up to one");
        }
        model::save(&saved, &path).unwrap();
        assert!(model::is_model(&path));
        let back = model::load(&path).unwrap();
        assert_eq!((&saved.report, &saved.name, &saved.trained_to), (&back.report, &back.name, &back.trained_to));
        // A file of before there were reports.
        model::save(&Saved { report: None, trained_to: None, name: String::new(), ..saved }, &path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("\"report\"") && !text.contains("learnt_to") && !text.contains("\"name\":\"\""));
        assert_eq!(model::load(&path).unwrap().report, None);
    }
}

#[test]
fn what_is_damaged_in_a_models_file_is_said_in_plain_words_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.json");
    model::save(&reported(&classes(600, 82), 3), &path).unwrap();
    let good: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let said = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let fault = model::load(&path).unwrap_err();
        assert!(fault.place.contains("model.json") && fault.hint.to_string().contains("train again"), "{fault}");
        for word in ["expected", "EOF", "struct", "u64", "`", "invalid type"] {
            assert!(!fault.what.contains(word), "{word} is a parser's word: {fault}");
        }
        fault.what
    };
    let spoilt = |pretty: bool, change: &dyn Fn(&mut serde_json::Value)| {
        let mut file = good.clone();
        change(&mut file);
        said(&if pretty { serde_json::to_string_pretty(&file).unwrap() } else { file.to_string() })
    };
    for pretty in [false, true] {
        assert_eq!(
            spoilt(pretty, &|f| f["report"]["classes"]["matrix"][1][0] = "many".into()),
            "at report.classes.matrix[1][0]: there is the text \"many\" where a whole number that fits should be"
        );
        let said = spoilt(pretty, &|f| f["report"]["classes"]["curves"][0]["roc"]["points"][2][1] = "x".into());
        assert_eq!(said, "at report.classes.curves[0].roc.points[2][1]: 'x' should be a number");
        assert_eq!(
            spoilt(pretty, &|f| drop(f["report"].as_object_mut().unwrap().remove("rows"))),
            "'rows' is missing at report"
        );
        assert_eq!(
            spoilt(pretty, &|f| f["trees"][1]["cut"][0] = true.into()),
            "at trees[1].cut[0]: there is true where a whole number that fits should be"
        );
    }
    assert!(
        spoilt(false, &|f| f["report"]["importance"][0] = serde_json::json!(["a", "1"]))
            .contains("report.importance[0]")
    );
    assert!(
        spoilt(false, &|f| f["report"]["rows"]["learnt"] = 5_000.into())
            .contains("in 'rows', those that were trained on")
    );
    assert!(
        spoilt(false, &|f| f["report"]["classes"]["matrix"][0][0] = 100_000.into())
            .contains("'matrix' and 'unknown' do not add up")
    );
    assert!(
        spoilt(false, &|f| drop(f["report"]["classes"]["matrix"].as_array_mut().unwrap().pop()))
            .contains("'matrix' should have 3 lists of 3 counts")
    );
    assert!(
        spoilt(false, &|f| f["report"]["importance"][0][0] = "elsewhere".into())
            .contains("'elsewhere' is none of the model's features")
    );
    assert!(
        spoilt(false, &|f| f["report"]["dependence"][0]["means"] = serde_json::json!([])).contains("'dependence' on")
    );
    assert!(spoilt(false, &|f| f["report"]["seconds"] = "-1".into()).contains("no length of time"));
    assert!(
        spoilt(false, &|f| drop(f["report"].as_object_mut().unwrap().remove("classes")))
            .contains("should have 'classes'")
    );
    let whole = good.to_string();
    let cut = whole.find("\"points\"").unwrap() + 40;
    assert!(
        said(&whole[..cut])
            .starts_with("the file was cut short: it ends at report.classes.curves[0].precision_recall.points"),
        "{}",
        said(&whole[..cut])
    );
    assert_eq!(said(""), "it is no model: it is empty, or was cut short");
    assert_eq!(said("a,b\n1,2\n"), "it is no model: it is not JSON");
    assert_eq!(said("[1, 2]"), "it is no model: it is JSON of another shape");
    assert_eq!(said("{\"a\": 1}"), "it is no model: it has no 'braid_model'");
    for (text, is) in [
        ("{\"braid_model\":1", true),
        ("\u{feff} {\n  \"braid_model\" : 2 }", true),
        ("{\"a\":\"braid_model\"}", false),
        ("", false),
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(model::is_model(&path), is, "{text}");
    }
    assert!(!model::is_model(&folder.path().join("none.json")));
}

#[test]
fn curves_of_many_points_keep_their_shape_and_their_ends() {
    let mut random = fastrand::Rng::with_seed(6);
    let truth: Vec<bool> = (0..20_000).map(|_| random.bool()).collect();
    let scores: Vec<f64> = truth.iter().map(|t| random.f64() + f64::from(u8::from(*t)) * 0.4).collect();
    let (roc, pr) = (Roc::new(&truth, &scores).unwrap(), PrecisionRecall::new(&truth, &scores).unwrap());
    let (thin_roc, thin_pr) = (roc.clone().thinned(400), pr.clone().thinned(400));
    assert!(
        roc.points.len() > 19_000 && (200..=402).contains(&thin_roc.points.len()) && thin_pr.points.len() <= 402,
        "{}",
        thin_roc.points.len()
    );
    assert_eq!((roc.area, pr.area), (thin_roc.area, thin_pr.area));
    assert_eq!((roc.points.first(), roc.points.last()), (thin_roc.points.first(), thin_roc.points.last()));
    assert_eq!((pr.points.first(), pr.points.last()), (thin_pr.points.first(), thin_pr.points.last()));
    let by_trapezes: f64 = thin_roc.points.windows(2).map(|p| (p[1].0 - p[0].0) * (p[1].1 + p[0].1) / 2.0).sum();
    assert!((by_trapezes - roc.area.unwrap()).abs() < 1e-3, "{by_trapezes}");
}

#[test]
fn train_writes_its_report_into_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let mut frame = classes(1_200, 83);
    let days: Vec<i64> = (0..1_200).map(|i| 979_000_000_000_000 + i * 60_000_000).collect();
    let at = Column::new("at".into(), days).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap();
    frame.with_column(at).unwrap();
    let data = table(folder.path(), "trees.parquet", &frame);
    let path = folder.path().join("m.json").display().to_string();
    let said = stats(
        &["train", "--data", &data, "--target", "y", "--trees", "10", "--features", "a,word", "--model", &path],
        folder.path(),
    );
    let saved = model::load(path.as_ref()).unwrap();
    let report = saved.report.unwrap();
    assert_eq!(said["accuracy"].as_f64(), report.verdict.score());
    assert_eq!(said["log_loss"].as_f64(), report.verdict.classes().unwrap().log_loss);
    assert_eq!(
        (said["rows_train"].as_u64(), said["rows"].as_u64()),
        (Some(report.trained as u64), Some(report.dropped.of as u64))
    );
    assert_eq!(report.dependences.len(), 2);
    let newest = TrainedTo { column: "at".to_owned(), micros: 979_000_000_000_000 + 1_199 * 60_000_000, number: None };
    assert_eq!(saved.trained_to, Some(newest), "rows after this one are new to it");
    assert!(saved.name.is_empty(), "it is called by its file");
}
