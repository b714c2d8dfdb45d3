//! Window functions over the answer, and QUALIFY.

use std::sync::Arc;

use braid::query::{Partial, Plan, Query};
use polars::prelude::*;
use proptest::prelude::*;

fn rows(values: &[(&str, i64, Option<f64>)]) -> DataFrame {
    let columns = vec![
        Column::new("k".into(), values.iter().map(|v| v.0).collect::<Vec<_>>()),
        Column::new("v".into(), values.iter().map(|v| v.1).collect::<Vec<_>>()),
        Column::new("x".into(), values.iter().map(|v| v.2).collect::<Vec<_>>()),
    ];
    DataFrame::new(values.len(), columns).unwrap()
}

fn ask(sql: &str, frame: &DataFrame) -> DataFrame {
    let plan = Arc::new(
        Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), None).unwrap_or_else(|f| panic!("{sql}: {f}")),
    );
    let mut partial = Partial::new(plan.clone()).unwrap();
    partial.absorb(&frame.select(plan.columns.iter().map(|c| c.as_str())).unwrap(), None).unwrap();
    let answer = partial.answer(None).unwrap_or_else(|f| panic!("{sql}: {f}")).frame;
    assert_eq!(answer.schema(), &plan.output, "{sql}");
    answer
}

fn numbers(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
    frame.column(name).unwrap().cast(&DataType::Float64).unwrap().f64().unwrap().iter().collect()
}

fn whole(frame: &DataFrame, name: &str) -> Vec<i64> {
    numbers(frame, name).into_iter().map(|n| n.map_or(-1, |n| n as i64)).collect()
}

const ROWS: &[(&str, i64, Option<f64>)] = &[
    ("a", 1, Some(0.5)),
    ("a", 2, None),
    ("a", 2, Some(1.5)),
    ("b", 7, Some(-1.0)),
    ("b", 9, Some(2.0)),
    ("c", 0, None),
];

#[test]
fn ranks_are_those_of_the_standard() {
    let sql = "SELECT k, v, x, row_number() OVER (PARTITION BY k ORDER BY v) AS n, rank() OVER w1 AS r FROM r"
        .replace("OVER w1", "OVER (ORDER BY v)");
    let sql = format!(
        "{} ORDER BY v, x NULLS FIRST",
        sql.replace(
            " FROM r",
            ", dense_rank() OVER (ORDER BY v) AS d, percent_rank() OVER (ORDER BY v) AS p, cume_dist() OVER (ORDER BY \
             v) AS c FROM r"
        )
    );
    let answer = ask(&sql, &rows(ROWS));
    assert_eq!(whole(&answer, "v"), [0, 1, 2, 2, 7, 9]);
    assert_eq!(whole(&answer, "r"), [1, 2, 3, 3, 5, 6]);
    assert_eq!(whole(&answer, "d"), [1, 2, 3, 3, 4, 5]);
    assert_eq!(numbers(&answer, "p")[4], Some(0.8));
    assert_eq!(numbers(&answer, "c")[2], Some(4.0 / 6.0), "equals count together");
    let mut n = whole(&answer, "n");
    n.sort_unstable();
    assert_eq!(n, [1, 1, 1, 2, 2, 3]);
}

#[test]
fn sums_run_up_to_a_row_and_its_equals() {
    let answer = ask(
        "SELECT v, sum(v) OVER (ORDER BY v) AS s, count(x) OVER (ORDER BY v) AS n, avg(x) OVER (PARTITION BY k) AS a, \
         max(v) OVER (ORDER BY v ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS m, min(x) OVER () AS lo, lag(v) OVER \
         (ORDER BY v) AS before, lead(v, 2) OVER (ORDER BY v) AS after, first_value(k) OVER (ORDER BY v) AS f, \
         last_value(v) OVER (ORDER BY v) AS l FROM r ORDER BY v, k",
        &rows(ROWS),
    );
    assert_eq!(whole(&answer, "s"), [0, 1, 5, 5, 12, 21]);
    assert_eq!(whole(&answer, "n"), [0, 1, 2, 2, 3, 4]);
    assert_eq!(numbers(&answer, "a"), [None, Some(1.0), Some(1.0), Some(1.0), Some(0.5), Some(0.5)]);
    assert_eq!(whole(&answer, "m"), [1, 2, 2, 7, 9, 9]);
    assert_eq!(numbers(&answer, "lo"), [Some(-1.0); 6]);
    assert_eq!(whole(&answer, "before"), [-1, 0, 1, 2, 2, 7]);
    assert_eq!(whole(&answer, "after"), [2, 2, 7, 9, -1, -1]);
    assert_eq!(whole(&answer, "l"), [0, 1, 2, 2, 7, 9]);
    assert_eq!(answer.column("f").unwrap().str().unwrap().get(5), Some("c"));
}

#[test]
fn qualify_keeps_groups_by_their_place() {
    let sql = "SELECT k, count(*) AS n, sum(v) AS s FROM r GROUP BY k QUALIFY rank() OVER (ORDER BY count(*) DESC) = 1";
    assert_eq!(whole(&ask(sql, &rows(ROWS)), "n"), [3]);
    // By an alias, over an alias, and in arithmetic.
    let sql = "SELECT k, sum(v) AS s, 100.0 * s / sum(sum(v)) OVER () AS share, rank() OVER (ORDER BY s DESC) AS \
               place FROM r GROUP BY k QUALIFY place <= 2 ORDER BY place";
    let sql = sql.replace("100.0 * s", "100.0 * sum(v)");
    let answer = ask(&sql, &rows(ROWS));
    assert_eq!(whole(&answer, "s"), [16, 5]);
    assert_eq!(whole(&answer, "share"), [76, 23]);
    assert_eq!(whole(&answer, "place"), [1, 2]);
    // The newest of each key.
    let sql = "SELECT k, v FROM r QUALIFY row_number() OVER (PARTITION BY k ORDER BY v DESC) = 1 ORDER BY k";
    assert_eq!(whole(&ask(sql, &rows(ROWS)), "v"), [2, 9, 0]);
    assert_eq!(ask(sql, &rows(&[])).height(), 0);
}

#[test]
fn sums_beyond_64_bits_are_refused() {
    let frame = rows(&[("a", i64::MAX, None), ("a", 1, None)]);
    let sql = "SELECT sum(v) OVER () AS s FROM r";
    let plan = Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), None).unwrap());
    let mut partial = Partial::new(plan).unwrap();
    partial.absorb(&frame.select(["v"]).unwrap(), None).unwrap();
    let fault = partial.answer(None).unwrap_err().to_string();
    assert!(fault.contains("64 bits") && fault.contains("DOUBLE"), "{fault}");
}

proptest! {
    #![proptest_config(crate::cases(64))]

    /// Against loops over all pairs of rows.
    #[test]
    fn window_functions_are_what_plain_loops_find(
        values in prop::collection::vec((0_u8..3, -4_i64..4, prop::option::of(-8_i32..8)), 1..40),
    ) {
        let rows_: Vec<(&str, i64, Option<f64>)> =
            values.iter().map(|(k, v, x)| (["a", "b", "c"][*k as usize], *v, x.map(f64::from))).collect();
        let answer = ask(
            "SELECT k, v, x, rank() OVER (PARTITION BY k ORDER BY v) AS r, \
             dense_rank() OVER (PARTITION BY k ORDER BY v) AS d, sum(v) OVER (PARTITION BY k ORDER BY v) AS s, \
             min(x) OVER (PARTITION BY k) AS lo, count(*) OVER (PARTITION BY k ORDER BY v DESC) AS n, \
             avg(v) OVER (PARTITION BY k) AS a FROM r",
            &rows(&rows_),
        );
        for (i, row) in rows_.iter().enumerate() {
            let own: Vec<_> = rows_.iter().filter(|o| o.0 == row.0).collect();
            prop_assert_eq!(whole(&answer, "r")[i], own.iter().filter(|o| o.1 < row.1).count() as i64 + 1);
            let mut smaller: Vec<i64> = own.iter().map(|o| o.1).filter(|v| *v < row.1).collect();
            smaller.sort_unstable();
            smaller.dedup();
            prop_assert_eq!(whole(&answer, "d")[i], smaller.len() as i64 + 1);
            prop_assert_eq!(
                numbers(&answer, "s")[i],
                Some(own.iter().map(|o| o.1).filter(|v| *v <= row.1).sum::<i64>() as f64)
            );
            prop_assert_eq!(numbers(&answer, "lo")[i], own.iter().filter_map(|o| o.2).reduce(f64::min));
            prop_assert_eq!(whole(&answer, "n")[i], own.iter().filter(|o| o.1 >= row.1).count() as i64);
            let mean = own.iter().map(|o| o.1).sum::<i64>() as f64 / own.len() as f64;
            prop_assert_eq!(numbers(&answer, "a")[i], Some(mean));
        }
    }
}
