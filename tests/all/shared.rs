//! What questions make alike of rows is made once for all of them, and changes no answer: each is what it would be of
//! the question alone, its groups in the same order, its rows counted alike.

use std::sync::Arc;

use braid::query::keys::Coded;
use braid::query::{Absorbed, Partial, Plan, Query, SharedRows, Sharing};
use polars::prelude::*;
use proptest::prelude::*;

/// Questions of which several say the same in WHERE, in keys, in windows and in arguments, and some almost the same.
const QUESTIONS: [&str; 23] = [
    "SELECT count(*) AS n FROM r",
    "SELECT k, count(*) AS n, sum(x * 2) AS s FROM r GROUP BY k",
    "SELECT k, avg(x) AS a, stddev(i) AS d FROM r GROUP BY k",
    "SELECT k, i, count(*) AS n FROM r GROUP BY k, i",
    "SELECT i, k, sum(x * 2) FILTER (WHERE b) AS s FROM r GROUP BY i, k",
    "SELECT id, k, count(*) AS n FROM r GROUP BY id, k",
    "SELECT id, max(i) AS m FROM r GROUP BY id",
    "SELECT x, count(*) AS n FROM r GROUP BY x",
    "SELECT k, count(*) AS n FROM r WHERE k = 'b' GROUP BY k",
    "SELECT k, count(*) AS n FROM r WHERE x > 0 GROUP BY k",
    "SELECT k, i, sum(x * 2) AS s FROM r WHERE x > 0 GROUP BY k, i",
    "SELECT upper(k) AS u, sum(x * 2) AS s FROM r WHERE x > 0 GROUP BY u",
    "SELECT upper(k) AS u, b, count(*) AS n FROM r GROUP BY u, b",
    "SELECT b, upper(k) AS u, min(x) AS m FROM r GROUP BY b, u",
    "SELECT tumble(t, INTERVAL '7 seconds') AS w, count(*) AS n FROM r GROUP BY w",
    "SELECT tumble(t, INTERVAL '8 seconds') AS w, count(*) AS n FROM r GROUP BY w",
    "SELECT k, tumble(t, INTERVAL '7 seconds') AS w, max(x) AS m FROM r GROUP BY k, w",
    "SELECT tumble(t, INTERVAL '7 seconds') AS w, k, max(x) AS m FROM r WHERE x > 0 GROUP BY w, k",
    "SELECT k, hop(t, INTERVAL '5 seconds', INTERVAL '15 seconds') AS w, count(*) AS n FROM r GROUP BY k, w",
    "SELECT k, session(t, INTERVAL '1 seconds') AS w, count(*) AS n FROM r WHERE x > 0 GROUP BY k, w",
    "SELECT k, x * 2 AS y FROM r WHERE x > 0",
    "SELECT k, sum(i * 9000000000000000000) AS s FROM r GROUP BY k",
    "SELECT i, sum(i * 9000000000000000000) AS s FROM r WHERE i < 2 GROUP BY i",
];

fn rows(count: usize, seed: u64) -> DataFrame {
    let mut random = fastrand::Rng::with_seed(seed);
    let texts = ["", "a", "b", "日本語", "a text longer than any register"];
    let mut some = |share: f64, of: &mut dyn FnMut(&mut fastrand::Rng) -> i64| -> Int64Chunked {
        (0..count).map(|_| (random.f64() < share).then(|| of(&mut random))).collect()
    };
    let k = some(0.95, &mut |random| random.i64(0..5));
    let i = some(0.9, &mut |random| random.i64(0..4));
    let x = some(0.9, &mut |random| random.i64(-50..50));
    let t = some(0.98, &mut |random| random.i64(-40_000_000..40_000_000));
    let b = some(0.9, &mut |random| random.i64(0..2));
    let columns = vec![
        Column::new("k".into(), k.iter().map(|k| k.map(|k| texts[k as usize])).collect::<Vec<_>>()),
        Column::new("id".into(), (0..count).map(|i| format!("row {i}")).collect::<Vec<_>>()),
        i.with_name("i".into()).into_column(),
        Column::new("x".into(), x.iter().map(|x| x.map(|x| x as f64 / 7.0)).collect::<Vec<_>>()),
        t.with_name("t".into()).into_datetime(TimeUnit::Microseconds, None).into_column(),
        Column::new("b".into(), b.iter().map(|b| b.map(|b| b == 1)).collect::<Vec<_>>()),
    ];
    DataFrame::new(count, columns).unwrap()
}

fn plan(sql: &str) -> Arc<Plan> {
    let schema = rows(0, 0).schema().clone();
    Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, &schema, Some("t")).unwrap_or_else(|f| panic!("{sql}: {f}")))
}

/// Where rows went, or why not.
fn told(absorbed: Result<Absorbed, braid::data::Fault>) -> String {
    absorbed.map_or_else(
        |fault| format!("{fault:?}"),
        |a| format!("{} {} {} {:?}", a.shown, a.filtered, a.left, a.cells.kept),
    )
}

/// Absorbs rows in chunks, shared and alone, and compares at each.
fn holds(questions: &[&str], frame: &DataFrame, chunk: usize) {
    let plans: Vec<_> = questions.iter().map(|sql| plan(sql)).collect();
    let fresh = || plans.iter().map(|plan| Partial::new(plan.clone()).unwrap()).collect::<Vec<_>>();
    let (mut together, mut alone) = (fresh(), fresh());
    let sharing = Sharing::of(plans.iter().map(|plan| &**plan));
    for start in (0..frame.height()).step_by(chunk) {
        let rows = frame.slice(start as i64, chunk);
        let mut shared = SharedRows::new(&rows, &sharing);
        for (i, sql) in questions.iter().enumerate() {
            let told_together = told(together[i].absorb_shared(&rows, None, None, Some(&mut shared)));
            assert_eq!(told_together, told(alone[i].absorb_at(&rows, None, None)), "{sql}");
        }
    }
    for ((sql, together), alone) in questions.iter().zip(&together).zip(&alone) {
        match (together.answer(None), alone.answer(None)) {
            (Ok(together), Ok(alone)) => {
                assert!(together.frame.equals_missing(&alone.frame), "{sql}\n{}\n{}", together.frame, alone.frame);
            }
            (together, alone) => assert_eq!(together.err(), alone.err(), "{sql}"),
        }
    }
}

#[test]
fn all_questions_are_answered_as_each_alone() {
    let frame = rows(9_000, 7);
    holds(&QUESTIONS, &frame, 3_000);
    holds(&QUESTIONS, &frame, 9_000);
    let mut backwards = QUESTIONS;
    backwards.reverse();
    holds(&backwards, &frame, 4_000);
}

proptest! {
    #![proptest_config(crate::cases(12))]

    #[test]
    fn some_questions_are_answered_as_each_alone(
        count in 0_usize..6_000,
        chunk in 900_usize..6_000,
        seed in any::<u64>(),
        chosen in proptest::sample::subsequence(QUESTIONS.to_vec(), 2..=23),
    ) {
        holds(&chosen, &rows(count, seed), chunk);
    }
}

/// Codes are for values that come again: others cost more than they save.
#[test]
fn only_values_that_come_again_are_coded() {
    let frame = rows(20_000, 3);
    for (name, coded) in [("k", true), ("i", true), ("x", true), ("b", true), ("id", false), ("t", false)] {
        assert_eq!(Coded::of(frame.column(name).unwrap()).unwrap().is_some(), coded, "{name}");
    }
}
