//! What a question's text and a table's columns may cost: too much is refused with a reason, and the rest is linear.

use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::data::Fault;
use braid::query::derived::Derived;
use braid::query::{Form, InputTable, Partial, Plan, Query, limits, rerun_answer};
use braid::ui::action::{Action, OpenAction};
use braid::workspace::TableSetup;
use polars::prelude::*;
use proptest::prelude::*;

use crate::cli::{braid, refused, stderr};
use crate::window::Window;

fn rows() -> DataFrame {
    let n = 400;
    DataFrame::new(
        n,
        vec![
            Column::new("a".into(), (0..n as i64).collect::<Vec<_>>()),
            Column::new("x".into(), (0..n).map(|i| i as f64 / 3.0).collect::<Vec<_>>()),
            Column::new("s".into(), (0..n).map(|i| format!("t{}", i % 13)).collect::<Vec<_>>()),
        ],
    )
    .unwrap()
}

fn answer(sql: &str) -> Result<DataFrame, Fault> {
    let rows = rows();
    let query = Query::parse(sql)?;
    let _ = Form::from_query(&query);
    let plan = Arc::new(Plan::new(&query, sql, &Arc::new(rows.schema().as_ref().clone()), None)?);
    let of = |plan: &Arc<Plan>| {
        let mut partial = Partial::new(plan.clone())?;
        partial.absorb(&rows.select(plan.columns.iter().map(|c| c.as_str()).collect::<Vec<_>>()).unwrap(), None)?;
        Ok(partial.answer(None)?.frame)
    };
    let Some(rerun) = &plan.rerun else { return of(&plan) };
    let leaves: Vec<DataFrame> = rerun.leaves.iter().map(|leaf| of(&leaf.plan)).collect::<Result<_, Fault>>()?;
    Ok(rerun_answer::answer(rerun, &leaves, &|| false)?.0)
}

/// The answer's only value. On a thread with the stack that threads have.
fn value(sql: String) -> Result<String, Fault> {
    let asked = std::thread::Builder::new()
        .spawn(move || answer(&sql).map(|frame| frame.columns()[0].get(0).unwrap().to_string()));
    asked.unwrap().join().expect("no panic")
}

fn many(n: usize, between: &str, each: impl Fn(usize) -> String) -> String {
    (0..n).map(each).collect::<Vec<_>>().join(between)
}

#[test]
fn long_chains_are_answered() {
    let count = |filter: String| value(format!("SELECT count(*) FROM t WHERE {filter}"));
    for n in [17, 1_000, 5_000, 20_000] {
        let found = n.min(400).to_string();
        assert_eq!(count(many(n, " OR ", |i| format!("a = {i}"))).unwrap(), found, "{n}");
        assert_eq!(count(many(n, " AND ", |i| format!("a <> {}", i + 400))).unwrap(), "400", "{n}");
        assert_eq!(count(format!("a IN ({})", many(n, ", ", |i| i.to_string()))).unwrap(), found, "{n}");
        assert_eq!(count(format!("s IN ({})", many(n, ", ", |i| format!("'t{i}'")))).unwrap(), "400", "{n}");
    }
    assert_eq!(
        value(format!("SELECT sum({}) FROM t", many(400, " + ", |_| "a".to_owned()))).unwrap(),
        (79_800 * 400).to_string()
    );
    assert_eq!(
        value(format!("SELECT max({}) FROM t", many(450, " || ", |_| "s".to_owned()))).unwrap(),
        format!("\"{}\"", "t9".repeat(450))
    );
    assert_eq!(value(format!("SELECT max(a{}) FROM t", "::bigint".repeat(450))).unwrap(), "399");
    let case = many(450, " ", |i| format!("WHEN a = {i} THEN {}", i + 1));
    assert_eq!(value(format!("SELECT max(CASE {case} END) FROM t")).unwrap(), "400");
    let having = many(5_000, " OR ", |i| format!("max(a) = {i}"));
    assert_eq!(value(format!("SELECT count(*) FROM t HAVING {having}")).unwrap(), "400");
    let inner = many(5_000, " OR ", |i| format!("a = {i}"));
    assert_eq!(value(format!("SELECT count(*) FROM (SELECT a FROM t WHERE {inner}) AS q")).unwrap(), "400");
}

#[test]
fn what_is_too_much_is_refused_in_words() {
    let select = |what: String| format!("SELECT max({what}) FROM t");
    let texts = [
        ("text", select(format!("'{}'", "x".repeat(limits::BYTES)))),
        ("parentheses", select(format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000)))),
        ("CASE in CASE", select(format!("{}1{}", "CASE WHEN a = 1 THEN ".repeat(2_000), " END".repeat(2_000)))),
        ("CASE branches", select(format!("CASE {} END", many(20_000, " ", |i| format!("WHEN a = {i} THEN {i}"))))),
        ("sums", select(many(100_000, "+", |_| "a".to_owned()))),
        ("few sums", select(many(2_000, "+", |_| "a".to_owned()))),
        ("texts", select(many(2_000, "||", |_| "s".to_owned()))),
        ("casts", select(format!("a{}", "::bigint".repeat(40_000)))),
        ("NOT", format!("SELECT count(*) FROM t WHERE {} a = 1", "NOT ".repeat(50_000))),
        ("signs", select(format!("{} a", "- ".repeat(50_000)))),
        ("IS NULL", format!("SELECT count(*) FROM t WHERE a {}", "IS NULL ".repeat(40_000))),
        ("words as names", select(many(20_000, "+", |_| "then".to_owned()))),
        ("BETWEEN", format!("SELECT count(*) FROM t WHERE a {}", "BETWEEN 1 AND 2 ".repeat(10_000))),
        ("remainders", select(format!("a{}", " % 3".repeat(20_000)))),
        ("roundings", select(format!("{}x{}", "round(".repeat(5_000), ")".repeat(5_000)))),
        ("comparisons with times", format!("SELECT count(*) FROM t WHERE s{}", " = '2024-01-01'".repeat(2_000))),
        ("UNION", many(5_000, " UNION ALL ", |_| "SELECT a FROM t".to_owned())),
        ("sub-queries", format!("SELECT count(*) FROM {}t{}", "(SELECT * FROM ".repeat(2_000), ") AS q".repeat(2_000))),
        ("WITH", format!("WITH {} SELECT * FROM q1", many(2_000, ", ", |i| format!("q{i} AS (SELECT a FROM t)")))),
        ("conditions", format!("SELECT count(*) FROM t WHERE {}", many(60_000, " OR ", |i| format!("a={i}")))),
        ("expressions", format!("SELECT {} FROM t", many(20_000, ", ", |i| format!("a+{i}")))),
        ("stars", format!("SELECT {} FROM t", many(100_000, ", ", |_| "*".to_owned()))),
    ];
    for (what, sql) in texts {
        let begun = Instant::now();
        let fault = value(sql).expect_err(what);
        assert!(!fault.what.is_empty() && !fault.hint.is_empty() && fault.what.len() < 300, "{what}: {fault}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} took {:?}", begun.elapsed());
    }
}

#[test]
fn a_program_and_a_condition_of_training_refuse_too() {
    let folder = tempfile::tempdir().unwrap();
    let (data, sql) = (folder.path().join("t.csv"), folder.path().join("q.sql"));
    std::fs::write(&data, "a,b\n1,2\n").unwrap();
    std::fs::write(&sql, format!("SELECT count(*) FROM t WHERE {}", many(60_000, " OR ", |i| format!("a={i}"))))
        .unwrap();
    let said =
        refused(&["run", "--history", &format!("t={}", data.display()), "--sql", &format!("@{}", sql.display())]);
    assert!(said.contains("without a comma"), "{said}");
    let condition = many(2_000, " + ", |_| "a".to_owned()) + " > 5";
    let deep = std::thread::Builder::new().spawn(move || {
        let rows = rows();
        let schema = Arc::new(rows.schema().as_ref().clone());
        Derived::bind(&condition, InputTable { name: "t", schema: &schema, time: None, commas: &[] }).map(drop)
    });
    assert!(deep.unwrap().join().expect("no panic").expect_err("too deep").what.contains("nested too deeply"));
}

/// A question of some length.
type Text<'a> = &'a dyn Fn(usize) -> String;

/// The shortest of three.
fn took(work: impl Fn()) -> Duration {
    let one = || {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..3).map(|_| one()).min().unwrap()
}

#[test]
fn four_times_the_text_costs_about_four_times_as_much() {
    let or = |n: usize| format!("SELECT count(*) FROM t WHERE {}", many(n, " OR ", |i| format!("a = {i}")));
    let sum = |n: usize| format!("SELECT sum({}) FROM t", many(n, " + ", |_| "a".to_owned()));
    let list = |n: usize| format!("SELECT count(*) FROM t WHERE a IN ({})", many(n, ", ", |i| i.to_string()));
    let texts = |n: usize| format!("SELECT count(*) FROM t WHERE s IN ({})", many(n, ", ", |i| format!("'t{i}'")));
    let items = |n: usize| format!("SELECT {} FROM t", many(n, ", ", |i| format!("a AS c{i}")));
    let asked: [(&str, Text<'_>, usize); 5] = [
        ("OR", &or, 1_000),
        ("+", &sum, 100),
        ("IN numbers", &list, 10_000),
        ("IN texts", &texts, 10_000),
        ("items", &items, 2_000),
    ];
    for (what, sql, n) in asked {
        let (less, more) = (sql(n), sql(4 * n));
        let ask = |sql: &str| took(|| drop(answer(sql).unwrap()));
        let (one, four) = (ask(&less), ask(&more));
        // Quadratic is sixteen.
        assert!(four < one * 10 + Duration::from_millis(100), "{what}: {n} take {one:?}, {} take {four:?}", 4 * n);
    }
}

/// Columns with all that is odd about their types.
fn odd() -> DataFrame {
    let date = Int32Chunked::from_slice_options("d".into(), &[Some(0), Some(19_723), None, Some(1), Some(2), Some(3)])
        .cast(&DataType::Date)
        .unwrap();
    DataFrame::new(
        6,
        vec![
            Column::new("a".into(), [Some(1_i64), Some(2), None, Some(-3), Some(0), Some(4)]),
            Column::new("x".into(), [Some(1.0), Some(2.5), None, Some(f64::NAN), Some(-0.0), Some(f64::INFINITY)]),
            Column::new("s".into(), [Some("a"), Some("b'"), None, Some(""), Some("NULL"), Some("A")]),
            date.into_column(),
        ],
    )
    .unwrap()
}

fn evaluated(sql: &str) -> Vec<Option<bool>> {
    let rows = odd();
    let schema = Arc::new(rows.schema().as_ref().clone());
    let bound = Derived::bind(sql, InputTable { name: "t", schema: &schema, time: None, commas: &[] })
        .unwrap_or_else(|fault| panic!("{sql}: {fault}"));
    let column = bound.of(&rows).unwrap_or_else(|fault| panic!("{sql}: {fault}"));
    column.cast(&DataType::Boolean).unwrap().bool().unwrap().iter().collect()
}

fn literals() -> impl Strategy<Value = (&'static str, Vec<&'static str>)> {
    let of = |column: &'static str, values: &'static [&'static str]| {
        (
            Just(column),
            prop::collection::vec(prop::sample::select(values), 1..40).prop_map(|mut all| {
                // One value at least gives the list its type.
                all.push(values_first(column));
                all
            }),
        )
    };
    prop_oneof![
        of("a", &["1", "2", "-3", "0", "7", "NULL", "4"]),
        of("x", &["1.0", "2.5", "-0.5", "0.0", "7.25", "NULL"]),
        of("s", &["'a'", "'b'''", "''", "'A'", "'NULL'", "NULL", "'z'"]),
        of("d", &["'1970-01-01'", "'2024-01-01'", "'1970-01-03'", "NULL"]),
    ]
}

fn values_first(column: &str) -> &'static str {
    match column {
        "a" => "1",
        "x" => "1.0",
        "s" => "'a'",
        _ => "'1970-01-01'",
    }
}

proptest! {
    #![proptest_config(crate::cases(60))]

    #[test]
    fn in_is_a_chain_of_or((column, values) in literals()) {
        let chain = values.iter().map(|value| format!("{column} = {value}")).collect::<Vec<_>>().join(" OR ");
        let list = values.join(", ");
        prop_assert_eq!(evaluated(&format!("{column} IN ({list})")), evaluated(&chain), "{} IN ({})", column, list);
        prop_assert_eq!(
            evaluated(&format!("{column} NOT IN ({list})")),
            evaluated(&format!("NOT ({chain})")),
            "{} NOT IN ({})",
            column,
            list
        );
    }
}

fn wide(columns: usize, names: impl Fn(usize) -> String) -> String {
    let mut text = many(columns, ",", names) + "\n";
    for row in 0..20 {
        text += &(many(columns, ",", |i| (i % 7 + row).to_string()) + "\n");
    }
    text
}

#[test]
fn four_times_the_columns_cost_about_four_times_as_much() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: String| folder.path().join(name).display().to_string();
    for (what, name) in [("names", "c"), ("equal names", "")] {
        let file = |n: usize| {
            let file = path(format!("{n}.csv"));
            std::fs::write(&file, wide(n, |i| if name.is_empty() { "same".to_owned() } else { format!("{name}{i}") }))
                .unwrap();
            file
        };
        for out in ["csv", "parquet", "ndjson"] {
            let ask = |n: usize| {
                let (from, to) = (format!("t={}", file(n)), path(format!("out.{out}")));
                took(|| {
                    let done = braid(&["run", "--history", &from, "--sql", "SELECT * FROM t", "--out", &to]);
                    assert!(done.status.success(), "{}", stderr(&done));
                })
            };
            let (one, four) = (ask(2_000), ask(8_000));
            assert!(
                four < one * 8 + Duration::from_millis(500),
                "{what}, {out}: 2,000 take {one:?}, 8,000 take {four:?}"
            );
        }
    }
}

#[test]
fn a_wide_file_keeps_its_types_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("wide.csv"), folder.path().join("out.csv"));
    let text = wide(30_000, |i| format!("a_column_with_a_long_name_{i}"));
    std::fs::write(&file, &text).unwrap();
    let from = format!("t={}", file.display());
    let done = braid(&["run", "--history", &from, "--sql", "SELECT * FROM t", "--out", &out.display().to_string()]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(std::fs::read_to_string(&out).unwrap() == text, "the same text comes out");
    let done = braid(&["run", "--history", &from, "--sql", "SELECT sum(A_COLUMN_WITH_A_LONG_NAME_29999) AS s FROM t"]);
    assert_eq!(
        String::from_utf8_lossy(&done.stdout),
        format!("s\n{}\n", (0..20).map(|row| 29_999 % 7 + row).sum::<usize>()),
        "{}",
        stderr(&done)
    );
}

#[test]
fn a_saved_question_that_is_too_much_opens_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    std::fs::write(&file, "a,b\n1,2\n3,4\n").unwrap();
    for question in [
        format!("SELECT count(*) FROM t WHERE {}", many(60_000, " OR ", |i| format!("a={i}"))),
        format!("SELECT max({}) FROM t", many(5_000, " + ", |_| "a".to_owned())),
        format!("SELECT {}a{} FROM t", "(".repeat(5_000), ")".repeat(5_000)),
    ] {
        let mut window = Window::new();
        let setup = TableSetup { name: "t".to_owned(), paths: vec![file.clone()], question, ..TableSetup::default() };
        window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
        window.wait("the table is open", |app| !app.sheets().is_empty());
        window.wait("its question is refused", |app| app.sheets().iter().all(|sheet| sheet.question.fault.is_some()));
    }
}

#[test]
fn a_table_of_many_columns_can_be_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    std::fs::write(&file, wide(20_000, |i| format!("c{i}"))).unwrap();
    let mut window = Window::new();
    let setup = TableSetup {
        name: "t".to_owned(),
        paths: vec![file],
        question: "SELECT * FROM t".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("all is shown", |app| {
        app.sheets()
            .iter()
            .any(|sheet| sheet.watch.shown.as_ref().is_some_and(|s| s.last && s.answer.width() == 20_000))
    });
    let begun = Instant::now();
    for _ in 0..10 {
        window.harness.step();
    }
    // All of them laid out take seconds a frame.
    assert!(begun.elapsed() < Duration::from_secs(10), "ten frames took {:?}", begun.elapsed());
}
