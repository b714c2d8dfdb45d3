//! Scalars give the values of DuckDB (2.0) where polars' SQL has others, or other names.

use std::sync::Arc;

use braid::query::{Partial, Plan, Query};
use polars::prelude::*;

fn rows() -> DataFrame {
    let date = Int32Chunked::from_slice("d".into(), &[19_781, -1, 0, 30]).cast(&DataType::Date).unwrap().into_column();
    let time = Int64Chunked::from_slice("t".into(), &[-7_200_000_000, 0, 1_500_000, 86_400_000_000])
        .into_datetime(TimeUnit::Microseconds, None);
    DataFrame::new(
        4,
        vec![
            Column::new("i".into(), [0_i64, 1, 2, 3]),
            Column::new("k".into(), [-5_i64, -1, 0, 7]),
            Column::new("m".into(), [3_i64, -3, 2, -2]),
            Column::new("x".into(), [-2.5, -0.5, 1.5, 2.5]),
            Column::new("s".into(), [Some("Alpha"), Some("北京"), Some(""), None]),
            date,
            time.into_column(),
        ],
    )
    .unwrap()
}

/// The expression's value in each row, as text.
fn values(expression: &str) -> Vec<String> {
    let sql = format!("SELECT i, max({expression}) AS v FROM e GROUP BY i ORDER BY i");
    let plan = Plan::new(&Query::parse(&sql).unwrap(), &sql, &Arc::new(rows().schema().as_ref().clone()), None);
    let plan = Arc::new(plan.unwrap_or_else(|fault| panic!("{expression}: {fault}")));
    let mut partial = Partial::new(plan.clone()).unwrap();
    partial.absorb(&rows().select(plan.columns.iter().map(|c| c.as_str()).collect::<Vec<_>>()).unwrap(), None).unwrap();
    let answer = partial.answer(None).unwrap().frame;
    answer.column("v").unwrap().as_materialized_series().iter().map(|v| v.str_value().into_owned()).collect()
}

#[test]
fn scalars_are_those_of_duckdb() {
    let null = "null";
    for (expression, wanted) in [
        ("k % 3", ["-2", "-1", "0", "1"]),
        ("k % m", ["-2", "-1", "0", "1"]),
        ("mod(k, m)", ["-2", "-1", "0", "1"]),
        ("x % 2", ["-0.5", "-0.5", "1.5", "0.5"]),
        ("k // 2", ["-2", "0", "0", "3"]),
        ("k // m", ["-1", "0", "0", "-3"]),
        ("k % 0", [null; 4]),
        ("CAST(x AS INTEGER)", ["-2", "0", "2", "2"]),
        ("x::bigint", ["-2", "0", "2", "2"]),
        ("round(x)", ["-3.0", "-1.0", "2.0", "3.0"]),
        ("round(x / 2, 1)", ["-1.3", "-0.3", "0.8", "1.3"]),
        ("round(k)", ["-5", "-1", "0", "7"]),
        ("k ^ 2", ["25.0", "1.0", "0.0", "49.0"]),
        ("CAST(2.5 AS INTEGER) + k", ["-2", "2", "3", "10"]),
        // It binds as other comparisons do.
        ("m > 0 AND k IS DISTINCT FROM -5 OR k = -5", ["true", "false", "true", "false"]),
        ("k IS NOT DISTINCT FROM 7 AND m < 0", ["false", "false", "false", "true"]),
        ("s IS DISTINCT FROM 'Alpha'", ["false", "true", "true", "true"]),
        ("strpos(s, '京')", ["0", "2", "0", null]),
        ("substr(s, -2)", ["ha", "北京", "", null]),
        ("substring(s, 2, 2)", ["lp", "京", "", null]),
        ("substring(s, 0, 2)", ["A", "北", "", null]),
        ("(CASE WHEN k = 0 THEN NULL ELSE k > 0 END) IS NOT TRUE", ["true", "true", "true", "false"]),
        ("(CASE WHEN k = 0 THEN NULL ELSE k > 0 END) IS FALSE", ["true", "true", "false", "false"]),
        ("repeat(s, 2)", ["AlphaAlpha", "北京北京", "", null]),
        ("ascii(s)", ["65", "21271", "0", null]),
        ("chr(k + 70)", ["A", "E", "F", "M"]),
        ("levenshtein(s, 'Alpine')", ["3", "6", "6", null]),
        ("translate(s, 'Ap', 'x')", ["xlha", "北京", "", null]),
        ("format('{}: {}', i, s)", ["0: Alpha", "1: 北京", "2: ", null]),
        ("regexp_extract(s, '[a-z]+')", ["lpha", "", "", null]),
        ("regexp_extract(s, '(.)(.)', 2)", ["l", "京", "", null]),
        ("regexp_replace(s, '[ah]', '<\\0>', 'g')", ["Alp<h><a>", "北京", "", null]),
        ("s SIMILAR TO 'Al.*'", ["true", "false", "false", null]),
        ("s LIKE 'A%p_a' ESCAPE '!'", ["true", "false", "false", null]),
        ("s NOT LIKE '!A%' ESCAPE '!'", ["false", "true", "true", null]),
        ("CAST(CASE WHEN k < 0 THEN 'yes' ELSE 'false' END AS BOOLEAN)", ["true", "true", "false", "false"]),
        ("gcd(k, 10)", ["5", "1", "10", "1"]),
        ("lcm(k, 2)", ["10", "2", "0", "14"]),
        ("factorial(i)", ["1", "1", "2", "6"]),
        ("bit_count(i)", ["0", "1", "1", "2"]),
        ("(i << 2) + (7 >> i)", ["7", "7", "9", "12"]),
        ("isfinite(x) AND NOT isnan(x)", ["true"; 4]),
        ("even(x)", ["-4.0", "-2.0", "2.0", "4.0"]),
        ("fmod(x, 2)", ["1.5", "1.5", "1.5", "0.5"]),
        ("dayname(d)", ["Wednesday", "Wednesday", "Thursday", "Saturday"]),
        ("monthname(d)", ["February", "December", "January", "January"]),
        ("date_diff('month', d, DATE '1970-02-01')", ["-648", "2", "1", "1"]),
        ("date_diff('week', d, DATE '1970-01-05')", ["-2825", "0", "0", "-3"]),
        ("date_sub('month', d, DATE '1970-02-01')", ["-648", "1", "1", "0"]),
        ("make_date(2000 + i, 2, 29 - i % 2 - i // 2)", ["2000-02-29", "2001-02-28", "2002-02-28", "2003-02-27"]),
        ("last_day(d)", ["2024-02-29", "1969-12-31", "1970-01-31", "1970-01-31"]),
        ("epoch_ms(t)", ["-7200000", "0", "1500", "86400000"]),
        (
            "to_timestamp(i)",
            ["1970-01-01 00:00:00", "1970-01-01 00:00:01", "1970-01-01 00:00:02", "1970-01-01 00:00:03"],
        ),
        (
            "d + INTERVAL 1 MONTH",
            ["2024-03-28 00:00:00", "1970-01-31 00:00:00", "1970-02-01 00:00:00", "1970-02-28 00:00:00"],
        ),
        (
            "d - INTERVAL '2 years'",
            ["2022-02-28 00:00:00", "1967-12-31 00:00:00", "1968-01-01 00:00:00", "1968-01-31 00:00:00"],
        ),
        ("1e3 * k", ["-5000.0", "-1000.0", "0.0", "7000.0"]),
        ("strpos(s, 'p')", ["3", "0", "0", null]),
        ("strpos(s, '.')", ["0", "0", "0", null]),
        ("position('p' IN s)", ["3", "0", "0", null]),
        ("contains(s, 'ph')", ["true", "false", "false", null]),
        ("regexp_matches(s, 'p.a')", ["true", "false", "false", null]),
        ("strlen(s)", ["5", "6", "0", null]),
        ("d + 1", ["2024-02-29", "1970-01-01", "1970-01-02", "1970-02-01"]),
        ("1 + d", ["2024-02-29", "1970-01-01", "1970-01-02", "1970-02-01"]),
        ("d - 31", ["2024-01-28", "1969-11-30", "1969-12-01", "1969-12-31"]),
        ("d - DATE '1970-01-01'", ["19781", "-1", "0", "30"]),
        ("year(t)", ["1969", "1970", "1970", "1970"]),
        ("hour(t)", ["22", "0", "0", "0"]),
        ("dayofweek(d)", ["3", "3", "4", "6"]),
        (
            "t + INTERVAL 1 DAY",
            ["1970-01-01 22:00:00", "1970-01-02 00:00:00", "1970-01-02 00:00:01.500", "1970-01-03 00:00:00"],
        ),
    ] {
        assert_eq!(values(expression), wanted, "{expression}");
    }
}

/// Whole numbers are calculated with in 64 bits, however narrow their columns are, and never beyond.
#[test]
fn whole_numbers_never_wrap() {
    let rows = DataFrame::new(
        2,
        vec![
            Column::new("narrow".into(), [2_000_000_000_i32, -7]),
            Column::new("byte".into(), [200_u8, 1]),
            Column::new("top".into(), [Some(i64::MAX), None]),
            Column::new("large".into(), [u64::MAX, 5]),
        ],
    )
    .unwrap();
    let of = |expression: &str| {
        let sql = format!("SELECT {expression} AS v FROM e");
        let plan = Arc::new(Plan::new(&Query::parse(&sql)?, &sql, rows.schema(), None)?);
        let mut partial = Partial::new(plan)?;
        partial.absorb(&rows, None)?;
        let answer = partial.answer(None)?.frame;
        Ok::<_, braid::data::Fault>(
            answer.column("v")?.as_materialized_series().iter().map(|v| v.str_value().into_owned()).collect::<Vec<_>>(),
        )
    };
    for (expression, wanted) in [
        ("narrow + narrow", ["4000000000", "-14"]),
        ("narrow * 3", ["6000000000", "-21"]),
        ("byte - 201", ["-1", "-200"]),
        ("byte * byte", ["40000", "1"]),
        ("-narrow", ["-2000000000", "7"]),
        ("top - 1 + 1", ["9223372036854775807", "null"]),
        ("-top - 1", ["-9223372036854775808", "null"]),
        ("top * 1 > 0", ["true", "null"]),
    ] {
        assert_eq!(of(expression).unwrap(), wanted, "{expression}");
    }
    for refused in ["top + 1", "top * 2 < 0", "-top - 2", "large + 1", "abs(-top - 1)", "(top + 1) % 2"] {
        let fault = of(refused).unwrap_err();
        assert!(fault.what.contains("64 bits") && fault.place.contains(refused), "{refused}: {fault}");
    }
}

#[test]
fn a_brace_in_a_text_is_a_brace() {
    assert_eq!(values("contains(concat(s, '{1}'), '{0}')"), ["false", "false", "false", "false"]);
}
