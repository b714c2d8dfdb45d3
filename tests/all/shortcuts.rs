//! Where a shorter way is taken, the answer is that of the long one: whole numbers in pairs, order by packed words,
//! texts that look alike.

use std::sync::Arc;

use braid::query::{Partial, Plan, Query};
use polars::prelude::*;

fn partial(sql: &str, rows: &DataFrame) -> Partial {
    let plan = Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, rows.schema(), None).unwrap());
    Partial::new(plan).unwrap()
}

fn answer(sql: &str, rows: &DataFrame) -> DataFrame {
    let mut partial = partial(sql, rows);
    partial.absorb(rows, None).unwrap();
    partial.answer(None).unwrap().frame
}

#[test]
fn whole_numbers_correlate_as_the_same_decimal_numbers_do() {
    let sql = "SELECT g, corr(y, x) AS c, covar_samp(y, x) AS s, regr_slope(y, x) AS b, regr_intercept(y, x) AS a, \
               regr_r2(y, x) AS r FROM r GROUP BY g";
    let mut random = fastrand::Rng::with_seed(3);
    let mut pieces = Vec::new();
    for piece in 0..20_i64 {
        // Some pieces have numbers whose products do not fit 64 bits; all of them are whole as doubles.
        let most = [100, i64::from(i32::MAX), 1 << 45][piece as usize % 3];
        let mut number = |_| (random.u8(..) > 20).then(|| random.i64(-most..=most));
        let (ys, xs): (Vec<_>, Vec<_>) = ((0..500).map(&mut number).collect(), (0..500).map(&mut number).collect());
        let groups: Vec<i64> = (0..500).map(|row| row % 7).collect();
        pieces.push(
            DataFrame::new(
                500,
                vec![Column::new("g".into(), groups), Column::new("y".into(), ys), Column::new("x".into(), xs)],
            )
            .unwrap(),
        );
    }
    let mut whole = partial(sql, &pieces[0]);
    let mut rows = pieces[0].clear();
    for piece in &pieces {
        let mut part = partial(sql, piece);
        part.absorb(piece, None).unwrap();
        if rows.height() % 1_000 == 0 {
            whole.unite(part).unwrap()
        } else {
            whole.merge(&part.to_frame().unwrap()).unwrap()
        }
        rows.vstack_mut(piece).unwrap();
    }
    for name in ["y", "x"] {
        let decimal = rows.column(name).unwrap().cast(&DataType::Float64).unwrap();
        rows.with_column(decimal).unwrap();
    }
    assert!(whole.answer(None).unwrap().frame.equals_missing(&answer(sql, &rows)));
}

#[test]
fn rows_are_ordered_as_their_values_are() {
    let mut random = fastrand::Rng::with_seed(4);
    let height = 3_000;
    let texts: Vec<Option<String>> =
        (0..height).map(|_| (random.u8(..) > 20).then(|| format!("t{}", random.u8(..)))).collect();
    let ints: Vec<Option<i32>> = (0..height).map(|_| (random.u8(..) > 20).then(|| random.i32(-50..50))).collect();
    let floats: Vec<Option<f64>> = (0..height)
        .map(|_| (random.u8(..) > 20).then(|| [f64::NAN, -0.0, 0.0, -1.5, f64::INFINITY][random.usize(0..5)]))
        .collect();
    let ids: Vec<i64> = (0..height as i64).collect();
    let columns = vec![
        Column::new("t".into(), &texts),
        Column::new("i".into(), &ints),
        Column::new("x".into(), &floats),
        Column::new("id".into(), ids),
    ];
    let rows = DataFrame::new(height, columns).unwrap();
    // Nulls last going up, as the bound here says, and NaN above every number.
    let float = |row: usize| {
        floats[row].map(|x| {
            if x.is_nan() {
                9
            } else if x == 0.0 {
                1
            } else if x < 0.0 {
                0
            } else {
                2
            }
        })
    };
    let present = |row: usize| (texts[row].is_none(), &texts[row], std::cmp::Reverse(ints[row]));
    let mut expected: Vec<usize> = (0..height).collect();
    expected.sort_by(|a, b| {
        present(*a)
            .cmp(&present(*b))
            .then((float(*a).is_none(), float(*a)).cmp(&(float(*b).is_none(), float(*b))))
            .then(a.cmp(b))
    });
    let sql = "SELECT id FROM r GROUP BY t, i, x, id ORDER BY t NULLS LAST, i DESC NULLS LAST, x NULLS LAST, id";
    let shown = answer(sql, &rows);
    let shown: Vec<usize> =
        shown.column("id").unwrap().i64().unwrap().into_no_null_iter().map(|id| id as usize).collect();
    assert_eq!(shown, expected);
}

#[test]
fn texts_that_differ_in_one_byte_anywhere_are_told_apart() {
    let texts: Vec<String> = (0..12)
        .flat_map(|at| {
            (0..100_u8).map(move |n| (0..12).map(|i| char::from(if i == at { 27 + n } else { b'_' })).collect())
        })
        .collect();
    let mut random = fastrand::Rng::with_seed(5);
    let rows: Vec<&str> = (0..50_000).map(|_| texts[random.usize(..texts.len())].as_str()).collect();
    let mut expected = std::collections::BTreeMap::new();
    rows.iter().for_each(|text| *expected.entry(*text).or_insert(0_i64) += 1);
    let shown = answer(
        "SELECT k, count(*) AS n FROM r GROUP BY k ORDER BY k",
        &DataFrame::new(rows.len(), vec![Column::new("k".into(), &rows)]).unwrap(),
    );
    let keys: Vec<&str> = shown.column("k").unwrap().str().unwrap().iter().flatten().collect();
    let counts: Vec<i64> = shown.column("n").unwrap().i64().unwrap().into_no_null_iter().collect();
    assert_eq!((keys, counts), expected.into_iter().unzip());
}
