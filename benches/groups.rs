//! What many groups cost: a small chunk into a state of a thousand and of a million groups, and the merge and the
//! answer of a million.
//!
//! `cargo bench --bench groups`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail loudly and prints its figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::query::{Partial, Plan, Query};
use polars::prelude::*;

const SQL: &str = "SELECT k, count(*) AS n, sum(v) AS s, avg(v) AS a, max(v) AS hi FROM r GROUP BY k";
const ROWS: usize = 1_000;

fn main() {
    let mut random = fastrand::Rng::with_seed(1);
    let (small, large) = (1_000, 1_000_000);
    let plan = Arc::new(Plan::new(&Query::parse(SQL).unwrap(), SQL, chunk(&[0], &mut random).schema(), None).unwrap());
    let (mut few, mut many) = (state(&plan, small, &mut random), state(&plan, large, &mut random));
    let (mut into_few, mut into_many, mut anywhere) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..400 {
        // As in a run: a worker's own partial, moved into the whole.
        let (same, wide) = (some(small, &mut random), some(large, &mut random));
        into_few.push(fold(&plan, &mut few, &same));
        into_many.push(fold(&plan, &mut many, &same));
        anywhere.push(fold(&plan, &mut many, &wide));
    }
    let [few_us, many_us, anywhere_us] = [into_few, into_many, anywhere].map(|mut times| median(&mut times) * 1e6);
    println!(
        "{ROWS} rows into {small} groups {few_us:.0} µs, the same into {large} groups {many_us:.0} µs: {:.2} times; \
         rows of groups anywhere among them, each another, {anywhere_us:.0} µs",
        many_us / few_us
    );

    let (mut merges, mut answers) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let (mut whole, part) = (state(&plan, large, &mut random), state(&plan, large, &mut random));
        let begun = Instant::now();
        whole.unite(part).unwrap();
        merges.push(begun.elapsed());
        let begun = Instant::now();
        assert_eq!(whole.answer(None).unwrap().frame.height(), large);
        answers.push(begun.elapsed());
    }
    let (merge, answer) = (median(&mut merges) * 1e3, median(&mut answers) * 1e3);
    println!("{large} groups: merge {merge:.0} ms, answer {answer:.0} ms, together {:.0} ms", merge + answer);

    // A snapshot after a hundred groups have changed.
    let mut changed = Vec::new();
    many.answer(None).unwrap();
    for _ in 0..20 {
        let keys: Vec<i64> = (0..100).map(|_| random.i64(0..large as i64)).collect();
        fold(&plan, &mut many, &chunk(&keys, &mut random));
        let begun = Instant::now();
        many.answer(None).unwrap();
        changed.push(begun.elapsed());
    }
    println!("a snapshot after 100 of {large} groups changed: {:.1} ms", median(&mut changed) * 1e3);
}

fn chunk(keys: &[i64], random: &mut fastrand::Rng) -> DataFrame {
    let values: Vec<f64> = keys.iter().map(|_| random.f64()).collect();
    DataFrame::new(keys.len(), vec![Column::new("k".into(), keys), Column::new("v".into(), values)]).unwrap()
}

/// A chunk of rows of groups anywhere among so many.
fn some(groups: usize, random: &mut fastrand::Rng) -> DataFrame {
    let keys: Vec<i64> = (0..ROWS).map(|_| random.i64(0..groups as i64)).collect();
    chunk(&keys, random)
}

fn state(plan: &Arc<Plan>, groups: usize, random: &mut fastrand::Rng) -> Partial {
    let mut keys: Vec<i64> = (0..groups as i64).collect();
    random.shuffle(&mut keys);
    let mut partial = Partial::new(plan.clone()).unwrap();
    partial.absorb(&chunk(&keys, random), None).unwrap();
    partial
}

fn fold(plan: &Arc<Plan>, whole: &mut Partial, rows: &DataFrame) -> Duration {
    let begun = Instant::now();
    let mut part = Partial::new(plan.clone()).unwrap();
    part.absorb(rows, None).unwrap();
    whole.unite(part).unwrap();
    begun.elapsed()
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}
