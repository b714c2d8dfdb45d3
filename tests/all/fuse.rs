//! A forest that goes on learning: as good as one of all rows while nothing changes, and soon good again after a change.

use braid::data::Result;
use braid::learn::bins::{Column as Binned, rank};
use braid::learn::flat::walk;
use braid::learn::fuse::{Event, Fused, Learner, Settings, Strength};
use braid::learn::grow::{Growth, Labels, Table, grower};
use braid::learn::tree::Tree;
use braid::sync::Cancel;
use fastrand::Rng;
use polars::prelude::*;

const FEATURES: [&str; 4] = ["a", "b", "c", "d"];
const ONE: u32 = 1 << 16;

/// Trees over four numbers, two classes.
struct Numbers;

struct Batch {
    cuts: Vec<Vec<f64>>,
    trees: Vec<Tree>,
}

fn values(rows: &DataFrame, feature: &str) -> Result<Vec<f64>> {
    Ok(rows.column(feature)?.f64()?.iter().flatten().collect())
}

fn shares(tree: &Tree, payload: u32) -> [u32; 2] {
    match payload {
        0 => [ONE, 0],
        1 => [0, ONE],
        mixed => {
            let at = (mixed as usize - 2) * 2;
            [tree.mixed[at], tree.mixed[at + 1]]
        }
    }
}

impl Learner for Numbers {
    type Batch = Batch;

    fn classes(&self) -> usize {
        2
    }

    fn truth(&self, rows: &DataFrame) -> Result<Vec<Option<u32>>> {
        Ok(rows.column("y")?.bool()?.iter().map(|y| y.map(u32::from)).collect())
    }

    fn fit(&self, rows: &DataFrame, trees: usize, seed: u64) -> Result<(Batch, Vec<Strength>)> {
        let columns: Vec<Binned> = FEATURES.iter().map(|f| Ok(Binned::of_numbers(&values(rows, f)?))).collect::<Result<_>>()?;
        let of: Vec<u16> = self.truth(rows)?.into_iter().flatten().map(|y| y as u16).collect();
        let table = Table { columns, labels: Labels::Classes { of: of.clone(), count: 2 } };
        let mut grower = grower(&table, Growth { seed, ..Growth::classes() });
        let cuts = table.columns.iter().map(|c| c.cuts.clone()).collect();
        let mut batch = Batch { cuts, trees: Vec::new() };
        let mut unseen = Vec::new();
        for number in 0..trees {
            let grown = grower.grow(number, &Cancel::new())?;
            batch.trees.push(grown.tree);
            unseen.push(grown.unseen);
        }
        let mut strengths = Vec::new();
        for (tree, unseen) in unseen.iter().enumerate() {
            let rows = rows.take(&IdxCa::from_vec("row".into(), unseen.clone()))?;
            let mut right = 0;
            self.vote(&batch, &[tree], &rows, &mut |_, row, s| right += u64::from(u16::from(s[1] > s[0]) == of[unseen[row] as usize]))?;
            strengths.push(Strength::new(right, unseen.len() as u64));
        }
        Ok((batch, strengths))
    }

    fn vote(&self, batch: &Batch, wanted: &[usize], rows: &DataFrame, each: &mut dyn FnMut(usize, usize, &[u32])) -> Result<()> {
        let coded = FEATURES.iter().zip(&batch.cuts);
        let codes: Vec<Vec<u16>> = coded.map(|(f, cuts)| Ok(values(rows, f)?.into_iter().map(|v| rank(cuts, v) as u16).collect())).collect::<Result<_>>()?;
        for (place, tree) in wanted.iter().enumerate() {
            let tree = &batch.trees[*tree];
            walk(tree, 0..rows.height(), |row, feature| codes[feature][row], |row, payload| each(place, row, &shares(tree, payload)));
        }
        Ok(())
    }
}

/// The class goes by `a` and `b`, after the change by `c` instead of `a`, the other way round.
fn rows(random: &mut Rng, n: usize, changed: bool) -> DataFrame {
    let columns: Vec<Vec<f64>> = FEATURES.iter().map(|_| (0..n).map(|_| random.f64() - 0.5).collect()).collect();
    let noise = |random: &mut Rng| (random.f64() - 0.5) * 0.2;
    let y: Vec<bool> = (0..n).map(|i| (if changed { -columns[2][i] } else { columns[0][i] }) + 0.5 * columns[1][i] + noise(random) > 0.0).collect();
    let mut frame: Vec<Column> = FEATURES.iter().zip(columns).map(|(name, values)| Column::new((*name).into(), values)).collect();
    frame.push(Column::new("y".into(), y));
    DataFrame::new(n, frame).unwrap()
}

fn settings(trees: usize) -> Settings {
    Settings { trees, batch: 5, every: 1_000, recent: 2_000, seed: 7 }
}

fn accuracy(fused: &Fused<Numbers>, test: &DataFrame) -> f64 {
    let truth = Numbers.truth(test).unwrap();
    let said = fused.predict(test).unwrap();
    said.iter().zip(&truth).filter(|(s, t)| s == t).count() as f64 / truth.len() as f64
}

fn fitted(chunks: &[DataFrame], trees: usize) -> Vec<(Batch, Vec<Strength>)> {
    chunks.iter().enumerate().map(|(i, chunk)| Numbers.fit(chunk, trees / chunks.len(), i as u64).unwrap()).collect()
}

#[test]
fn without_drift_the_fused_forest_is_as_good_as_the_one_of_all_rows_within_half_a_point() {
    let mut random = Rng::with_seed(1);
    let all = rows(&mut random, 8_000, false);
    let test = rows(&mut random, 6_000, false);
    let chunks: Vec<DataFrame> = (0..4).map(|i| all.slice(i * 2_000, 2_000)).collect();
    let batch = accuracy(&Fused::new(Numbers, settings(40), fitted(&[all], 40)), &test);
    let mut fused = Fused::new(Numbers, settings(40), fitted(&chunks, 40));
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
    let mut fused = Fused::new(Numbers, settings(30), fitted(&[rows(&mut random, 3_000, false)], 30));
    let after = rows(&mut random, 3_000, true);
    let frozen = accuracy(&fused, &after);
    let mut events = Vec::new();
    for _ in 0..2 {
        events.extend(fused.learn(&rows(&mut random, 500, false)).unwrap().events);
    }
    assert!(!events.iter().any(|e| matches!(e, Event::Drift(_))), "{events:?}");
    for _ in 0..8 {
        events.extend(fused.learn(&rows(&mut random, 500, true)).unwrap().events);
    }
    let learned = accuracy(&fused, &after);
    assert!(frozen < 0.6 && learned > 0.85, "{frozen} became {learned}: {events:?}");
    assert!(events.iter().any(|e| matches!(e, Event::Drift(change) if change.after > change.before + 0.1)), "{events:?}");
    assert!(events.iter().any(|e| matches!(e, Event::Swapped { won, lost } if won > lost)), "{events:?}");
    assert_eq!(fused.trees(), 30, "as many as before");
    assert!(fused.error().unwrap() < 0.2);
}

#[test]
fn it_learns_from_nothing_and_tests_every_row_before_it_learns_from_it() {
    let mut random = Rng::with_seed(3);
    let mut fused = Fused::new(Numbers, settings(20), Vec::new());
    assert_eq!(fused.predict(&rows(&mut random, 3, false)).unwrap(), [None, None, None]);
    let mut stream = rows(&mut random, 3_000, false);
    let y: BooleanChunked = stream.column("y").unwrap().bool().unwrap().iter().enumerate().map(|(i, y)| y.filter(|_| i % 10 > 0)).collect();
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
        let mut fused = Fused::new(Numbers, settings(12), history);
        let first = fused.predict(&rows(&mut random, 2_000, false)).unwrap();
        (first, fused.learn(&rows(&mut random, 2_500, true)).unwrap())
    };
    let (one, again, turned) = (run(false), run(false), run(true));
    assert_eq!(one, again);
    assert_eq!(one.0, turned.0);
}

#[test]
fn rows_without_a_feature_are_a_fault() {
    let mut random = Rng::with_seed(5);
    let mut fused = Fused::new(Numbers, settings(10), fitted(&[rows(&mut random, 300, false)], 10));
    let lacking = rows(&mut random, 10, false).drop("a").unwrap();
    assert!(fused.predict(&lacking).is_err() && fused.learn(&lacking).is_err());
}
