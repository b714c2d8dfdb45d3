//! Functions of one row: each gives what DuckDB (2.0) gives, and refuses in our own words what does not fit.

use std::sync::Arc;

use braid::query::expr::scalars;
use braid::query::{Partial, Plan, Query};
use polars::prelude::*;

fn rows() -> DataFrame {
    let micros = [Some(1_709_647_629_012_345_i64), Some(-500_000), None];
    let time = Int64Chunked::from_slice_options("t".into(), &micros).into_datetime(TimeUnit::Microseconds, None);
    let date = Int32Chunked::from_slice_options("d".into(), &[Some(19_787), Some(-4), None]).cast(&DataType::Date);
    DataFrame::new(
        3,
        vec![
            Column::new("i".into(), [1_i64, 2, 3]),
            Column::new("n".into(), [Some(5_i64), Some(i64::MIN), None]),
            Column::new("x".into(), [Some(-2.5), Some(1e20), Some(f64::NAN)]),
            Column::new("k".into(), [Some("aXbXc"), Some("Héllo"), None]),
            Column::new("b".into(), [Some(true), Some(false), None]),
            Column::new("j".into(), [Some("{\"a\":[1,{\"b\":\"é\\n\"}],\"z\":1.50}"), Some("[]"), None]),
            time.into_column(),
            date.unwrap().into_column(),
        ],
    )
    .unwrap()
}

fn plan(expression: &str) -> braid::data::Result<Plan> {
    let sql = format!("SELECT i, {expression} AS v FROM e ORDER BY i");
    Plan::new(&Query::parse(&sql)?, &sql, &Arc::new(rows().schema().as_ref().clone()), None)
}

/// The expression's value in each row, as text.
fn values(expression: &str) -> braid::data::Result<Vec<String>> {
    let sql = format!("SELECT i, max({expression}) AS v FROM e GROUP BY i ORDER BY i");
    let plan = Plan::new(&Query::parse(&sql)?, &sql, &Arc::new(rows().schema().as_ref().clone()), None)?;
    let plan = Arc::new(plan);
    let mut partial = Partial::new(plan.clone())?;
    partial.absorb(&rows().select(plan.columns.iter().map(|c| c.as_str()).collect::<Vec<_>>())?, None)?;
    let answer = partial.answer(None)?.frame;
    let column = answer.column("v")?.as_materialized_series().clone();
    Ok(column.iter().map(|v| v.str_value().into_owned()).collect())
}

#[test]
fn values_are_those_of_duckdb() {
    let null = "null";
    for (expression, wanted) in [
        ("CAST(x AS VARCHAR)", ["-2.5", "1e+20", "nan"]),
        ("x || '|' || b", ["-2.5|true", "1e+20|false", null]),
        ("concat(n, '|', d)", ["5|2024-03-05", "-9223372036854775808|1969-12-28", "|"]),
        ("CAST(t AS VARCHAR)", ["2024-03-05 14:07:09.012345", "1969-12-31 23:59:59.5", null]),
        ("concat_ws('-', i, b, k)", ["1-true-aXbXc", "2-false-Héllo", "3"]),
        (
            "strftime(t, '%-d.%-m.%y %I:%M %p %f %g %j %U %V')",
            ["5.3.24 02:07 PM 012345 012 065 09 10", "31.12.69 11:59 PM 500000 500 365 52 01", null],
        ),
        ("try_strptime(k, '%Y')", [null; 3]),
        ("strptime(strftime(t, '%d/%m/%Y %H:%M:%S.%f'), '%d/%m/%Y %H:%M:%S.%f') = t", ["true", "true", null]),
        ("time_bucket(INTERVAL '1 week', d)", ["2024-03-04", "1969-12-22", null]),
        ("time_bucket(INTERVAL '2 months', d)", ["2024-03-01", "1969-11-01", null]),
        ("date_part('isoyear', d) * 100 + date_part('week', d)", ["202410", "196952", null]),
        ("extract(century FROM d) + millennium(d)", ["24", "22", null]),
        ("date_trunc('decade', d)", ["2020-01-01", "1960-01-01", null]),
        ("date_diff('isoyear', d, DATE '2024-12-30')", ["1", "56", null]),
        ("t AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin' = t + INTERVAL '1 hour'", ["true", "true", null]),
        ("hour(timezone('America/New_York', t))", ["19", "4", null]),
        ("epoch_ms(t)", ["1709647629012", "-500", null]),
        ("left(k, 2) || right(k, -3)", ["aXXc", "Hélo", null]),
        ("lpad(k, 7, 'é')", ["ééaXbXc", "ééHéllo", null]),
        ("trim(k, 'aco')", ["XbX", "Héll", null]),
        ("split_part(k, 'X', -1)", ["c", "Héllo", null]),
        ("upper(k || 'ßǆ')", ["AXBXCẞǄ", "HÉLLOẞǄ", null]),
        ("strip_accents(reverse(k))", ["cXbXa", "olleH", null]),
        ("hex(k)", ["6158625863", "48C3A96C6C6F", null]),
        ("md5(k)", ["87cc3c86a3dd2d7f6a1bb7eb0ddbfaa7", "a0ca4c3ed0b4fb1a86ea9c5d6b98a2a9", null]),
        ("damerau_levenshtein(k, 'XabXc')", ["1", "5", null]),
        ("printf('%05d|%-3s|%.1f', i, b, 1.25)", ["00001|true|1.2", "00002|false|1.2", null]),
        ("format('{1:>7}{0:,}', 1234567 * i, k)", ["  aXbXc1,234,567", "  Héllo2,469,134", null]),
        (
            "concat(round(5.35, 1), ' ', round(0.0 + x / x * 5.35, 1), ' ', round_even(x / x * 0.125, 2))",
            ["5.4 5.3 0.12", "5.4 5.3 0.12", "5.4 nan nan"],
        ),
        ("round(1250 * i, -2)", ["1300", "2500", "3800"]),
        ("x // 2", ["-1.25", "5.0000e19", "NaN"]),
        ("n % 3", ["2", "-2", null]),
        ("xor(i, 5) + (i & 1) + ~i", ["3", "4", "3"]),
        ("2 ** i", ["2.0", "4.0", "8.0"]),
        ("TRY_CAST(k AS BIGINT)", [null; 3]),
        ("TRY_CAST(x AS INTEGER)", ["-2", null, null]),
        ("CAST(i * 0.5 AS BIGINT)", ["1", "1", "2"]),
        ("typeof(x) || typeof(d)", ["DOUBLEDATE"; 3]),
        ("json_extract(j, '$.a[1].b')", ["\"é\\n\"", null, null]),
        ("j ->> '$.a[-1].b'", ["é\n", null, null]),
        ("j -> 'z'", ["1.5", null, null]),
        ("json_array_length(j)", ["0", "0", null]),
        ("k LIKE substr(k, 1, 2) || '%'", ["true", "true", null]),
        ("i IN (n, 1, 3)", ["true", "false", "true"]),
        ("b IS UNKNOWN", ["false", "false", "true"]),
        ("n = '5'", ["true", "false", null]),
        ("if(b, i, -i)", ["1", "-2", "-3"]),
    ] {
        if expression.starts_with("md5") {
            // What it is of the empty text stands in RFC 1321.
            assert_eq!(values("md5(k || '') = md5(k)").unwrap(), ["true", "true", null]);
            assert_eq!(values("md5('message digest')").unwrap()[0], "f96b697d7cb7938d525a2f31aaf161d0");
            continue;
        }
        assert_eq!(values(expression).unwrap_or_else(|f| panic!("{expression}: {f}")), wanted, "{expression}");
    }
}

/// What has no value is refused, and never null in silence.
#[test]
fn what_has_no_value_is_refused() {
    for (expression, what) in [
        ("to_timestamp(x)", "there is no time"),
        ("make_date(2024, 2, 28 + i)", "there is no date 2024-2-30"),
        ("CAST(k AS BIGINT)", "'aXbXc' is no BIGINT"),
        ("CAST(x AS INTEGER)", "is no INTEGER"),
        ("strptime(k, '%Y')", "does not read as"),
        ("json_extract(k, 'a')", "is not JSON"),
        ("timezone('Mars/Base', t)", "no time zone 'Mars/Base'"),
        ("chr(n)", "there is no letter"),
        ("-n", "64 bits"),
    ] {
        let fault = values(expression).expect_err(expression);
        assert!(
            fault.what.contains(what) && !fault.hint.is_empty() || fault.what.contains("letter"),
            "{expression}: {fault}"
        );
    }
}

/// Every function and operator with every wrong type: either an answer, or a refusal in our words.
#[test]
fn refusals_are_ours() {
    let parts = ["i", "x", "k", "b", "t", "d", "INTERVAL '1 day'", "NULL", "'a'"];
    let operators = ["+", "-", "*", "/", "%", "//", "=", "<", "AND", "OR", "||", "LIKE", "&", "<<", "^", "->"];
    let mut asked = Vec::new();
    for one in parts {
        asked.extend(parts.iter().flat_map(|other| operators.map(|op| format!("{one} {op} {other}"))));
        asked.extend(parts.iter().map(|other| format!("CASE WHEN b THEN {one} ELSE {other} END")));
        asked.extend(parts.iter().map(|other| format!("coalesce({one}, {other})")));
        asked.extend(parts.iter().map(|other| format!("{one} IN ({other}, 1)")));
        asked.extend(["DECIMAL(9, 2)", "BIGINT", "DATE", "UUID"].map(|dtype| format!("CAST({one} AS {dtype})")));
        asked.extend([format!("{one} COLLATE \"C\""), format!("({one}, 1) = (1, 2)"), format!("now() - {one}")]);
        let calls = scalars().filter(|f| !["tumble", "hop", "session", "predict", "predict_proba"].contains(&f.name));
        asked.extend(calls.map(|f| format!("{}({one})", f.name)));
    }
    let (mut answered, mut refused) = (0, 0);
    for expression in &asked {
        let Err(fault) = plan(expression) else {
            answered += 1;
            continue;
        };
        refused += 1;
        let said = fault.to_string();
        for foreign in
            ["dtype", "polars", "series", "datetime[", "duration[", "i64", "f64", "str`", "operation", "__", "internal"]
        {
            assert!(!said.contains(foreign), "{expression}: {said}");
        }
        assert!(!fault.hint.is_empty(), "{expression}: {said}");
    }
    assert!(answered > 300 && refused > 300, "{answered} answered, {refused} refused");
}

#[test]
fn a_refusal_says_what_to_write() {
    for (expression, what, hint) in [
        ("k + 1", "k is text", "CAST(k AS DOUBLE)"),
        ("k > 5", "k is text", "single quotes: '5'"),
        ("upper(i)", "upper takes text, and i is a whole number", "CAST(i AS VARCHAR)"),
        ("k = \"a\"", "no column 'a'", "single ones, 'a'"),
        ("uper(k)", "no function 'uper'", "upper"),
        ("frobnicate(k)", "no function 'frobnicate'", "offered as you type"),
        ("age(t)", "age is refused", "date_diff"),
        ("current_date", "current_date is refused", "DATE '"),
        ("left(k)", "left takes 2 arguments, and 1 is written", "left(text, 2)"),
    ] {
        let fault = plan(expression).expect_err(expression);
        assert!(fault.what.contains(what), "{expression}: {fault}");
        assert!(fault.to_string().contains(hint), "{expression}: {fault}");
    }
    let sql = "SELECT i FROM e WHER i > 1";
    let fault = Query::parse(sql).expect_err("WHER is no word");
    assert_eq!(fault.span.clone().map(|at| &sql[at]), Some("WHER"), "{fault}");
}
