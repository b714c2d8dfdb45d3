//! The SQL reader, the form and the binder: what is understood, and errors that point at the place.

use std::sync::Arc;

use braid::data::Fault;
use braid::query::aggregate::AGGREGATES;
use braid::query::form::{Measure, WindowForm};
use braid::query::window::parse_interval;
use braid::query::{Form, Partial, Plan, Query};
use polars::prelude::*;

fn schema() -> SchemaRef {
    let fields = [
        Field::new("origin".into(), DataType::String),
        Field::new("Delay".into(), DataType::Int64),
        Field::new("distance".into(), DataType::Float64),
        Field::new("date".into(), DataType::Datetime(TimeUnit::Microseconds, None)),
        Field::new("机场".into(), DataType::String),
        Field::new("odd name".into(), DataType::Int32),
    ];
    Arc::new(fields.into_iter().collect())
}

fn rows() -> DataFrame {
    let date = Int64Chunked::from_slice("date".into(), &[0, 1_800_000_000, 3_600_000_000, -1]);
    DataFrame::new(
        4,
        vec![
            Column::new("origin".into(), ["ATL", "ATL", "ORD", "ORD"]),
            Column::new("Delay".into(), [10_i64, 20, 0, -5]),
            Column::new("distance".into(), [100.0, 300.0, 0.0, 250.0]),
            date.into_datetime(TimeUnit::Microseconds, None).into_column(),
            Column::new("机场".into(), ["亚特兰大", "亚特兰大", "芝加哥", "芝加哥"]),
            Column::new("odd name".into(), [1_i32, 2, 3, 4]),
        ],
    )
    .unwrap()
}

fn bind(sql: &str) -> Result<Plan, Fault> {
    Plan::new(&Query::parse(sql)?, sql, &schema(), Some("date"))
}

fn ask(sql: &str) -> DataFrame {
    let plan = Arc::new(bind(sql).unwrap_or_else(|f| panic!("{sql}: {f}")));
    let mut partial = Partial::new(plan.clone()).unwrap();
    let wanted = rows().select(plan.columns.iter().map(|c| c.as_str()).collect::<Vec<_>>()).unwrap();
    let wanted = if plan.columns.is_empty() { DataFrame::new(4, vec![]).unwrap() } else { wanted };
    partial.absorb(&wanted, None).unwrap();
    let answer = partial.answer(None).unwrap().frame;
    assert_eq!(answer.schema(), &plan.output, "the plan knows the answer's types: {sql}");
    answer
}

fn floats(frame: &DataFrame, column: &str) -> Vec<Option<f64>> {
    frame.column(column).unwrap().cast(&DataType::Float64).unwrap().f64().unwrap().iter().collect()
}

fn texts(frame: &DataFrame, column: &str) -> Vec<String> {
    frame.column(column).unwrap().str().unwrap().iter().map(|t| t.unwrap_or("null").to_owned()).collect()
}

/// What the fault says, and the piece of the text it points at.
fn fault(sql: &str) -> (String, &str) {
    let fault = bind(sql).err().unwrap_or_else(|| panic!("{sql} was understood"));
    let span = fault.span.clone().unwrap_or_else(|| panic!("{sql}: {fault} points nowhere"));
    assert!(!fault.place.is_empty() && !fault.hint.is_empty(), "{sql}: '{fault}' lacks where or what to do");
    (fault.to_string(), &sql[span])
}

#[test]
fn names_ignore_case_unless_quoted() {
    assert_eq!(floats(&ask("select sum(DELAY) as s from Flights"), "s"), [Some(25.0)]);
    assert_eq!(floats(&ask("SELECT sum(\"Delay\") AS s FROM flights"), "s"), [Some(25.0)]);
    let (said, at) = fault("SELECT sum(\"DELAY\") AS s FROM flights");
    assert!(said.contains("no column 'DELAY'") && at == "\"DELAY\"", "{said} at {at}");
}

#[test]
fn chinese_and_odd_names_work() {
    let answer = ask("SELECT 机场, sum(\"odd name\") AS 合计 FROM flights GROUP BY 机场 ORDER BY 合计 DESC");
    assert_eq!(texts(&answer, "机场"), ["芝加哥", "亚特兰大"]);
    assert_eq!(floats(&answer, "合计"), [Some(7.0), Some(3.0)]);
}

#[test]
fn group_by_takes_columns_aliases_numbers_and_all() {
    for group in ["origin", "1", "ALL", "o"] {
        let answer = ask(&format!("SELECT origin AS o, count(*) AS n FROM flights GROUP BY {group}"));
        assert_eq!(texts(&answer, "o"), ["ATL", "ORD"], "{group}");
    }
    // The input column goes before the alias of the same name.
    let answer = ask("SELECT upper(origin) AS origin, count(*) AS n FROM flights GROUP BY upper(origin)");
    assert_eq!(answer.height(), 2);
}

#[test]
fn answers_have_having_order_limit_and_arithmetic() {
    let answer = ask("SELECT origin, avg(Delay) * 2 AS twice, max(Delay) - min(Delay) AS spread, CASE WHEN count(*) \
                      > 1 THEN 'many' ELSE 'one' END AS size FROM flights GROUP BY origin HAVING sum(Delay) > -10 \
                      ORDER BY twice DESC, origin LIMIT 1");
    assert_eq!(texts(&answer, "origin"), ["ATL"]);
    assert_eq!(floats(&answer, "twice"), [Some(30.0)]);
    assert_eq!(floats(&answer, "spread"), [Some(10.0)]);
    assert_eq!(texts(&answer, "size"), ["many"]);
    assert_eq!(ask("SELECT origin, count(*) AS n FROM flights GROUP BY origin HAVING n > 5").height(), 0);
}

#[test]
fn windows_reach_before_1970_and_have_bounds() {
    let answer = ask("SELECT tumble(date, INTERVAL '1 hour') AS hour, window_start, window_end, count(*) AS n FROM \
                      flights GROUP BY hour ORDER BY hour");
    assert_eq!(floats(&answer, "hour"), [Some(-3_600e6), Some(0.0), Some(3_600e6)]);
    assert_eq!(floats(&answer, "window_end"), [Some(0.0), Some(3_600e6), Some(7_200e6)]);
    assert_eq!(floats(&answer, "n"), [Some(1.0), Some(2.0), Some(1.0)]);
}

#[test]
fn whole_numbers_since_1970_are_times_too() {
    let minute = |unit: i64| {
        let base = 1_700_000_000 * unit;
        let frame =
            DataFrame::new(3, vec![Column::new("ts".into(), [base, base + 30 * unit, base + 90 * unit])]).unwrap();
        let sql = "SELECT tumble(ts, INTERVAL '1 minute') AS m, count(*) AS n FROM r GROUP BY m ORDER BY m";
        let plan = Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), None).unwrap());
        let mut partial = Partial::new(plan).unwrap();
        partial.absorb(&frame, None).unwrap();
        floats(&partial.answer(None).unwrap().frame, "m")
    };
    let want = [Some(1_699_999_980e6), Some(1_700_000_040e6)];
    for unit in [1, 1_000, 1_000_000, 1_000_000_000] {
        assert_eq!(minute(unit), want, "{unit} a second");
    }
}

#[test]
fn intervals_are_read_as_people_write_them() {
    for (text, micros) in [
        ("1 hour", 3_600_000_000),
        ("90s", 90_000_000),
        ("1 hour 30 minutes", 5_400_000_000),
        ("-6 hours", -21_600_000_000),
        ("250ms", 250_000),
        ("01:30:00", 5_400_000_000),
        ("2 weeks", 1_209_600_000_000),
    ] {
        assert_eq!(parse_interval(text), Ok(micros), "{text}");
    }
    for text in ["", "hour", "5 parsecs", "1 month"] {
        assert!(parse_interval(text).is_err(), "{text}");
    }
}

#[test]
fn nothing_gives_null_and_zero() {
    let answer = ask("SELECT count(*) AS n, sum(Delay) AS s, avg(Delay) AS a, min(origin) AS lo, count(DISTINCT \
                      origin) AS d FROM flights WHERE distance > 9999");
    assert_eq!(floats(&answer, "n"), [Some(0.0)]);
    assert_eq!(floats(&answer, "s"), [None]);
    assert_eq!(floats(&answer, "a"), [None]);
    assert_eq!(floats(&answer, "d"), [Some(0.0)]);
    assert_eq!(ask("SELECT origin, count(*) AS n FROM flights WHERE distance > 9999 GROUP BY origin").height(), 0);
}

#[test]
fn division_by_zero_is_told() {
    let sql = "SELECT origin, sum(Delay) / (count(*) - 2) AS q FROM flights GROUP BY origin";
    let plan = Arc::new(bind(sql).unwrap());
    let mut partial = Partial::new(plan.clone()).unwrap();
    partial.absorb(&rows().select(["origin", "Delay"]).unwrap(), None).unwrap();
    let answer = partial.answer(None).unwrap();
    assert!(
        answer.notes.iter().any(|n| n.contains("'q'") && n.contains("division by zero") && n.contains("NULLIF")),
        "{:?}",
        answer.notes
    );
    assert_eq!(floats(&ask("SELECT sum(Delay) / NULLIF(count(*) - 4, 0) AS q FROM flights"), "q"), [None]);
}

#[test]
fn errors_point_at_the_place_and_say_what_to_do() {
    for (sql, word, place) in [
        ("SELECT count(*) FROM flights WHERE delya > 5", "did you mean 'Delay'", "delya"),
        ("SELECT origin, count(*) FROM flights", "GROUP BY", "origin"),
        ("SELECT cuont(*) FROM flights GROUP BY origin", "did you mean count", "cuont(*)"),
        ("SELECT sum(origin) FROM flights", "takes numbers", "sum(origin)"),
        ("SELECT count(*) FROM flights WHERE count(*) > 5", "HAVING", "count(*)"),
        ("SELECT sum(avg(Delay)) FROM flights", "inside an aggregate", "avg(Delay)"),
        ("SELECT count(*) FROM flights WHERE distance >", "", ""),
        ("SELECT count(*) FROM flights WHERE distance", "needs a condition", "distance"),
        ("SELECT count(* FROM flights", "not closed", ""),
        ("SELEC count(*) FROM flights", "begins with SELECT", "SELEC"),
        ("SELECT count(*), a", "no FROM", "SELECT count(*), a"),
        ("SELECT sum(distance)", "no column 'distance'", "distance"),
        ("SELECT a, b WHERE c > 1", "no FROM", "SELECT a, b"),
        ("SELECT FROM flights", "nothing is selected", ""),
        ("SELECT count(*) FROM a JOIN b ON a.x = b.x", "not open", "b"),
        ("SELECT count(*) FROM flights JOIN b", "how rows find each other", "JOIN"),
        ("SELECT count(*) FROM flights x y z", "not expected in FROM", "y"),
        ("SELECT count(*) FROM flights LIMIT many", "whole number", "many"),
        ("SELECT count(*) FROM flights GROUP BY tumble(origin, INTERVAL '1 hour')", "not a time", ""),
        ("SELECT count(*) FROM flights GROUP BY hop(date, INTERVAL '1 day', INTERVAL '1 month')", "months", ""),
        ("SELECT tumble(date, INTERVAL '1 hour'), count(*) FROM flights", "not grouped by it", ""),
        ("SELECT origin FROM flights GROUP BY 3", "no item 3", "3"),
        ("SELECT count(*) FROM flights WHERE origin = 'ATL", "quote", ""),
        ("SELECT distance, Delay, count(*) FROM flights", "neither", "distance"),
        ("SELECT distance FROM flights HAVING distance > 5", "WHERE", "distance > 5"),
        ("SELECT tumble(date, INTERVAL '1 hour') FROM flights", "GROUP BY", "tumble(date, INTERVAL '1 hour')"),
        ("SELECT x.distance FROM flights", "no table 'x'", "x.distance"),
        ("SELECT upper(origin) OVER () FROM flights", "before OVER", "upper(origin)"),
        ("SELECT sum(origin) OVER () FROM flights", "takes numbers", ""),
        ("SELECT count(*) FROM flights; DROP TABLE flights", "one question", ";"),
        ("SELECT nope FROM (SELECT origin FROM flights)", "the columns are origin", "nope"),
        ("SELECT origin FROM flights UNION SELEC 1", "SELECT", ""),
        ("SELECT quantile_cont(Delay, 1.5) FROM flights", "q must be a number from 0 to 1", "1.5"),
        ("SELECT quantile_cont(Delay, -1.5) FROM flights", "q must be a number from 0 to 1", "1.5"),
        ("SELECT quantile_cont(Delay, distance) FROM flights", "written out", "distance"),
        ("SELECT quantile_cont(Delay) FROM flights", "takes two arguments", "quantile_cont(Delay)"),
        ("SELECT median(Delay, 2) FROM flights", "takes one argument", "median(Delay, 2)"),
        ("SELECT median(origin) FROM flights", "takes numbers and times", "median(origin)"),
        ("SELECT stddev(Delay = 1) FROM flights", "'Delay = 1' is boolean", "stddev(Delay = 1)"),
        ("SELECT stddev(Delay = 1) FROM flights", "FILTER (WHERE Delay = 1)", "stddev(Delay = 1)"),
        ("SELECT approx_quantile(date, 0.5) FROM flights", "quantile_cont", "approx_quantile(date, 0.5)"),
        ("SELECT max(Delay, 0) FROM flights", "n must be a whole number from 1", "0"),
        ("SELECT max(Delay, 1.5) FROM flights", "n must be a whole number", "1.5"),
        ("SELECT approx_top_k(origin, 1000000) FROM flights", "k must be a whole number", "1000000"),
        ("SELECT corr(Delay, origin) FROM flights", "'origin' is text", "corr(Delay, origin)"),
        ("SELECT corr(Delay) FROM flights", "takes two arguments", "corr(Delay)"),
        ("SELECT arg_min(origin, *) FROM flights", "plain expressions", "arg_min(origin, *)"),
        ("SELECT bool_and(Delay) FROM flights", "takes conditions", "bool_and(Delay)"),
        ("SELECT corr(DISTINCT Delay, distance) FROM flights", "DISTINCT has no meaning", ""),
        ("SELECT quantile_cont(Delay, 0.9 ORDER BY Delay DESC) FROM flights", "ORDER BY says otherwise", ""),
        ("SELECT first(origin) IGNORE NULLS FROM flights", "", ""),
        ("SELECT arg_min(origin, max(Delay)) FROM flights", "inside an aggregate", "max(Delay)"),
    ] {
        let (said, at) = fault(sql);
        assert!(said.contains(word), "{sql}: {said}");
        assert!(place.is_empty() || at == place, "{sql}: points at '{at}', not at '{place}'");
    }
}

#[test]
fn errors_count_lines_and_columns() {
    let fault = bind("SELECT count(*)\nFROM flights\nWHERE 机场 = 'x' AND nope > 5").unwrap_err();
    assert_eq!(fault.place, "SQL, line 3, column 20");
}

#[test]
fn text_and_form_are_two_views_of_one_question() {
    let sql = "SELECT origin, upper(机场) AS place, tumble(date, INTERVAL '1 hour') AS hour, count(*) AS flights, \
               avg(Delay) FILTER (WHERE distance > 200) AS mean, count(DISTINCT 机场), max(Delay) - min(Delay) AS \
               spread\nFROM flights\nWHERE distance > 0\nGROUP BY origin, place, hour\nHAVING count(*) > 1\nORDER BY \
               hour, flights DESC\nLIMIT 10";
    let query = Query::parse(sql).unwrap();
    assert_eq!(query.to_sql(), sql, "printing what was read changes nothing");
    let form = Form::from_query(&query);
    assert_eq!(form.groups, ["origin", "upper(机场) AS place"]);
    assert_eq!(
        form.window,
        Some(WindowForm { time: "date".into(), size: "1 hour".into(), alias: "hour".into(), ..WindowForm::default() })
    );
    assert_eq!(form.measures.len(), 3);
    assert_eq!(
        form.measures[1],
        Measure {
            aggregate: "avg".into(),
            argument: "Delay".into(),
            filter: "distance > 200".into(),
            alias: "mean".into(),
            ..Measure::default()
        }
    );
    assert_eq!(form.others, [("max(Delay) - min(Delay)".to_owned(), "spread".to_owned())]);
    assert_eq!(form.to_query(), query, "a form that nobody touched is the same question");
    assert_eq!(Form::from_query(&form.to_query()), form);
    bind(&form.to_query().to_sql()).unwrap();
}

#[test]
fn every_aggregate_is_documented_and_answers() {
    for aggregate in AGGREGATES {
        assert!(
            !aggregate.about.is_empty()
                && !aggregate.usage.is_empty()
                && !aggregate.takes.is_empty()
                && !aggregate.class.word().is_empty()
        );
        // A menu begins with a column that fits and what `rest` says.
        let column = if aggregate.fits(&DataType::Int64) { "Delay" } else { "Delay > 0" };
        let measure = Measure {
            aggregate: aggregate.name.into(),
            argument: column.into(),
            rest: aggregate.rest(column),
            alias: "it".into(),
            ..Measure::default()
        };
        let sql = format!("SELECT {} AS it FROM flights", measure.to_sql());
        let answer = ask(&sql);
        assert_eq!(answer.height(), 1, "{}", aggregate.name);
        assert!(!answer.column("it").unwrap().get(0).unwrap().is_null(), "{sql}");
        let form = Form::from_query(&Query::parse(&sql).unwrap());
        assert_eq!(form.measures, std::slice::from_ref(&measure), "text and form say the same");
        let arguments =
            [column.to_owned(), measure.rest].into_iter().filter(|a| !a.is_empty()).collect::<Vec<_>>().join(", ");
        for alias in aggregate.aliases {
            ask(&format!("SELECT {alias}({arguments}) AS it FROM flights"));
        }
        // What stands in the help can be asked.
        let usage = aggregate.usage.split(", count(x)").next().unwrap();
        let usage = regexless(usage, column);
        ask(&format!("SELECT {usage} AS it FROM flights"));
    }
}

/// A usage with its letters replaced: x and y by a column, q by a share, n and k by a count.
fn regexless(usage: &str, column: &str) -> String {
    let (name, arguments) = usage.trim_end_matches(')').split_once('(').unwrap();
    let argument = |a: &str| match a {
        "q" => "0.5".to_owned(),
        "n" | "k" => "2".to_owned(),
        "*" => "*".to_owned(),
        _ if a.starts_with("DISTINCT") => format!("DISTINCT {column}"),
        _ => column.to_owned(),
    };
    format!("{name}({})", arguments.split(", ").map(argument).collect::<Vec<_>>().join(", "))
}

#[test]
fn times_may_be_written_as_text() {
    let count = |condition: &str| floats(&ask(&format!("SELECT count(*) AS n FROM flights WHERE {condition}")), "n")[0];
    for (condition, n) in [
        ("date >= '1970-01-01'", 3.0),
        ("date >= '1970-01-01 00:30:00' AND date < '1970-01-01 01:00'", 1.0),
        ("date < TIMESTAMP '1970-01-01'", 1.0),
        ("date BETWEEN '1970-01-01' AND '1970-01-01T00:30:00'", 2.0),
        ("date IN ('1970-01-01 01:00:00', '1999-01-01')", 1.0),
        ("date >= CAST('1970-01-01' AS TIMESTAMP)", 3.0),
        ("date >= '1970-01-01'::timestamp", 3.0),
        ("CAST(date AS DATE) = '1970-01-01'", 3.0),
        ("date >= DATE '1970-01-01'", 3.0),
        ("'1970-01-01' <= date", 3.0),
    ] {
        assert_eq!(count(condition), Some(n), "{condition}");
    }
    let (said, _) = fault("SELECT count(*) FROM flights WHERE date > 'yesterday'");
    assert!(said.contains("'yesterday' is not a time"), "{said}");
    let answer = ask("SELECT tumble(date, INTERVAL '1 hour') AS hour, count(*) AS n FROM flights GROUP BY hour \
                      HAVING hour >= '1970-01-01'");
    assert_eq!(answer.height(), 2);
}

#[test]
fn arithmetic_of_whole_numbers_never_wraps_silently() {
    let run = |sql: &str, values: &[i64]| {
        let frame = DataFrame::new(values.len(), vec![Column::new("a".into(), values)]).unwrap();
        let plan = Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), None).unwrap());
        let mut partial = Partial::new(plan)?;
        partial.absorb(&frame, None)?;
        partial.answer(None).map(|a| a.frame)
    };
    for sql in [
        "SELECT max(a) + 1 AS x FROM r",
        "SELECT sum(a) * 2 AS x FROM r",
        "SELECT max(a + 1) AS x FROM r",
        "SELECT max(a) * max(a) AS x FROM r",
        "SELECT sum(abs(a - 1)) AS x FROM r",
    ] {
        let values: &[i64] = if sql.contains("abs") { &[i64::MIN + 1] } else { &[i64::MAX] };
        let fault = run(sql, values).expect_err(sql).to_string();
        assert!(fault.contains("64 bits") && fault.contains("DOUBLE"), "{sql}: {fault}");
        assert!(run(sql, &[41]).is_ok(), "{sql}");
    }
    let fine = run("SELECT max(a) + 1 AS x FROM r", &[41]).unwrap();
    assert_eq!(floats(&fine, "x"), [Some(42.0)]);
}

#[test]
fn an_alias_needs_no_as() {
    for alias in ["mb", "gb", "first", "last", "no", "text", "rows", "index", "n", "机场数"] {
        assert_eq!(floats(&ask(&format!("SELECT count(*) {alias} FROM flights")), alias), [Some(4.0)], "{alias}");
        assert_eq!(
            floats(&ask(&format!("SELECT max(Delay) - min(Delay) {alias} FROM flights")), alias),
            [Some(25.0)],
            "{alias}"
        );
    }
    for unaliased in [
        "SELECT count(*) FILTER (WHERE origin IS NOT NULL) FROM flights",
        "SELECT CASE WHEN count(*) > 1 THEN 1 ELSE 2 END FROM flights",
        "SELECT max(date) - INTERVAL '1 hour' FROM flights",
    ] {
        assert_eq!(Query::parse(unaliased).unwrap().items[0].alias, None, "{unaliased}");
    }
}

#[test]
fn equal_calls_are_kept_once() {
    let plan = bind(
        "SELECT sum(Delay) AS a, SUM(\"Delay\") + 1 AS b, sum(delay) FILTER (WHERE distance > 1) AS c FROM flights \
         HAVING sum(Delay) > 0",
    )
    .unwrap();
    assert_eq!(plan.calls.len(), 2);
}

#[test]
fn windows_of_every_kind_go_through_the_form_unchanged() {
    for call in [
        "tumble(date, INTERVAL '1 hour')",
        "tumble(date, INTERVAL '1 day', INTERVAL '6 hours')",
        "hop(date, INTERVAL '5 minutes', INTERVAL '1 hour')",
        "hop(date, INTERVAL '5 minutes', INTERVAL '1 hour', INTERVAL '-1 minute')",
        "session(date, INTERVAL '30 minutes')",
    ] {
        let sql = format!("SELECT origin, {call} AS part, count(*) AS n FROM flights GROUP BY origin, part");
        let form = Form::from_query(&Query::parse(&sql).unwrap());
        let window = form.window.as_ref().expect(call);
        assert_eq!(window.to_sql(), call);
        assert_eq!(form.groups, ["origin"], "it is no plain group");
        assert_eq!(Form::from_query(&form.to_query()), form);
    }
}

#[test]
fn faults_of_grouping_and_from_stand_at_their_place() {
    let frame = polars::df!("k" => ["a"], "i" => [1_i64]).unwrap();
    let fault = |sql: &str| {
        let bound = Query::parse(sql).and_then(|q| Plan::new(&q, sql, frame.schema(), None));
        bound.map(drop).unwrap_err()
    };
    for (sql, at, says) in [
        ("SELECT i FROM r GROUP BY ROLLUP(k)", "i", "neither grouped by"),
        ("SELECT k FROM r GROUP BY CUBE (k, nope)", "nope", "no column"),
        ("SELECT grouping(i) FROM r GROUP BY GROUPING SETS ((k), ())", "grouping(i)", "what is grouped by"),
        ("SELECT date_trunc('fortnight', k) FROM r", "date_trunc('fortnight', k)", "no unit of time"),
        ("SELECT date_trunc(k) FROM r", "date_trunc(k)", "a unit in quotes and a time"),
    ] {
        let fault = fault(sql);
        let span = fault.span.clone().unwrap();
        assert_eq!(&sql[span.start..span.end], at, "{fault}");
        assert!(fault.what.contains(says), "{fault}");
    }
    let empty = fault("SELECT k FROM WHERE i > 1");
    assert_eq!((empty.what.as_str(), empty.span.unwrap()), ("FROM is empty", 13..13));
}

#[test]
fn an_alias_needs_no_as_after_a_cast() {
    let query =
        Query::parse("SELECT sum(i)::VARCHAR s, i::DOUBLE PRECISION, k::TEXT AS t, i::BIGINT \"b\" FROM r").unwrap();
    let aliases: Vec<_> = query.items.iter().map(|i| i.alias.as_deref()).collect();
    assert_eq!(aliases, [Some("s"), None, Some("t"), Some("b")]);
}

#[test]
fn times_are_cut_to_units_as_plain_values() {
    let micros: Vec<i64> = vec![1_704_157_385_123_456, -1, 1_719_800_000_000_000];
    let time = Int64Chunked::from_vec("t".into(), micros).into_datetime(TimeUnit::Microseconds, None).into_column();
    let frame = DataFrame::new(3, vec![time]).unwrap();
    let sql = "SELECT date_trunc('hour', t) AS h, date_trunc('months', t) AS m, count(*) AS n FROM r WHERE \
               date_trunc('year', t) < '2025-01-01' GROUP BY h, m ORDER BY h";
    let answer = crate::run::one_go(&frame, sql);
    let text = |name: &str| -> Vec<String> {
        let column = answer.column(name).unwrap().cast(&DataType::String).unwrap();
        column.str().unwrap().iter().flatten().map(|t| t[..19].to_owned()).collect()
    };
    assert_eq!(text("h"), ["1969-12-31 23:00:00", "2024-01-02 01:00:00", "2024-07-01 02:00:00"]);
    assert_eq!(text("m"), ["1969-12-01 00:00:00", "2024-01-01 00:00:00", "2024-07-01 00:00:00"]);
}

#[test]
fn limit_with_offset_is_kept_up_to_date_where_the_question_gives_an_order() {
    for sql in [
        "SELECT a, count(*) AS n\nFROM t\nGROUP BY a\nORDER BY n DESC\nLIMIT 3 OFFSET 2",
        "SELECT a, b\nFROM t\nORDER BY b\nLIMIT 3 OFFSET 2",
    ] {
        let query = Query::parse(sql).unwrap();
        assert!(query.rerun.is_none(), "{sql}");
        assert_eq!((query.limit, query.offset), (Some(3), Some(2)));
        assert_eq!(query.to_sql(), sql);
        assert_eq!(Form::from_query(&query).to_query().to_sql(), sql, "the builder keeps it");
    }
    // Without an order it is as it was: asked again.
    assert!(Query::parse("SELECT a, b FROM t LIMIT 3 OFFSET 2").unwrap().rerun.is_some());
    assert!(Query::parse("SELECT a FROM t ORDER BY a OFFSET 2").unwrap().rerun.is_some());
}

#[test]
fn a_column_may_be_called_as_a_word_of_sql_that_is_a_call() {
    let frame = df!("user" => ["ann", "bob", "ann"], "ms" => [2_i64, 2, 3]).unwrap();
    for user in ["user", "\"user\"", "USER", "t.user"] {
        let sql = format!("SELECT {user} AS who, sum(ms) AS ms FROM t GROUP BY {user} ORDER BY 1");
        let got = crate::run::one_go(&frame, &sql);
        assert_eq!(got.column("ms").unwrap().i64().unwrap().into_no_null_iter().collect::<Vec<_>>(), [5, 2], "{user}");
    }
}
