//! A large answer that is read again after a few groups have changed is the one that would have been read afresh.

use std::sync::Arc;

use braid::query::{Partial, Plan, Query};
use polars::prelude::*;

const SQL: &str = "SELECT k, count(*) AS n, sum(v) AS s, sum(x) AS f, avg(x) AS a, min(v) AS lo, max(x) AS hi, \
                   stddev(x) AS sd, median(v) AS m, approx_count_distinct(v) AS d, bool_or(v > 5) AS any FROM r GROUP \
                   BY k";

fn rows(keys: &[u32], random: &mut fastrand::Rng) -> DataFrame {
    let names: Vec<Option<String>> = keys.iter().map(|k| (*k > 0).then(|| format!("key number {k}"))).collect();
    let ints: Vec<i64> = keys.iter().map(|_| random.i64(-9..9)).collect();
    let floats: Vec<f64> = keys.iter().map(|_| random.f64() - 0.5).collect();
    DataFrame::new(
        keys.len(),
        vec![Column::new("k".into(), names), Column::new("v".into(), ints), Column::new("x".into(), floats)],
    )
    .unwrap()
}

#[test]
fn a_snapshot_of_few_changed_groups_is_the_answer_of_all() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut keys: Vec<u32> = (0..70_000).collect();
    random.shuffle(&mut keys);
    let first = rows(&keys, &mut random);
    let plan = Arc::new(Plan::new(&Query::parse(SQL).unwrap(), SQL, first.schema(), None).unwrap());
    let (mut read, mut afresh) = (Partial::new(plan.clone()).unwrap(), Partial::new(plan.clone()).unwrap());
    read.absorb(&first, None).unwrap();
    afresh.absorb(&first, None).unwrap();
    for step in 0..6 {
        // Changed groups, new ones, and now and then many of both.
        let count = if step == 3 { 40_000 } else { 120 };
        let changed: Vec<u32> = (0..count).map(|_| random.u32(0..70_500 + step * 3_000)).collect();
        let more = rows(&changed, &mut random);
        let mut part = Partial::new(plan.clone()).unwrap();
        part.absorb(&more, None).unwrap();
        match step % 3 {
            0 => read.unite(part).unwrap(),
            1 => read.merge(&part.to_frame().unwrap()).unwrap(),
            _ => _ = read.absorb(&more, None).unwrap(),
        }
        afresh.absorb(&more, None).unwrap();
        let got = read.answer(None).unwrap().frame;
        // A partial that was never read has nothing to remember.
        let mut plain = Partial::new(plan.clone()).unwrap();
        plain.merge(&afresh.to_frame().unwrap()).unwrap();
        assert!(got.equals_missing(&plain.answer(None).unwrap().frame), "step {step}");
    }
}
