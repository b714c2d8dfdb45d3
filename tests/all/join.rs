//! Enrichment: rows joined with a dataset, beside feeds that go on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use braid::cli::{table, wording};
use braid::data::Fault;
use braid::data::format::write_frame;
use braid::engine::open::{Given, open_table};
use braid::engine::{Memory, Options, Run, Snapshot, Table};
use braid::query::{InputTable, Partial, Plan, Query};
use braid::sync::{Cancel, Wake};
use polars::prelude::*;
use proptest::prelude::*;

use crate::run::wait;

fn trades() -> DataFrame {
    let times = Int64Chunked::from_slice("t".into(), &[1_000_000, 2_000_000, 61_000_000, 62_000_000, 63_000_000]);
    let columns = vec![
        Column::new("sym".into(), [Some("a"), Some("b"), Some("c"), None, Some("a")]),
        Column::new("qty".into(), [1_i64, 2, 3, 4, 5]),
        times.into_datetime(TimeUnit::Microseconds, None).into_column(),
    ];
    DataFrame::new(5, columns).unwrap()
}

/// 'a' stands twice, and there is a row without a symbol.
fn names() -> DataFrame {
    let columns = vec![
        Column::new("sym".into(), [Some("a"), Some("b"), Some("a"), None]),
        Column::new("name".into(), ["alpha", "beta", "alef", "nobody"]),
        Column::new("rank".into(), [1_i32, 2, 3, 4]),
    ];
    DataFrame::new(4, columns).unwrap()
}

fn bind(sql: &str) -> Result<Arc<Plan>, Fault> {
    let (trades, names) = (trades(), names());
    let first = InputTable { name: "trades", schema: trades.schema(), time: Some("t"), commas: &[] };
    let second = InputTable { name: "names", schema: names.schema(), time: None, commas: &[] };
    Plan::over(&Query::parse(sql)?, sql, &[first, second]).map(Arc::new)
}

fn one_go(sql: &str) -> DataFrame {
    let plan = bind(sql).unwrap_or_else(|f| panic!("{sql}: {f}"));
    let join = plan.join.as_ref().unwrap();
    let lookup =
        join.index(names().select(join.columns.iter().map(|c| c.as_str())).unwrap(), &|| false).unwrap().unwrap();
    let mut partial = Partial::new(plan.clone()).unwrap();
    let absorbed = partial
        .absorb_joined(&trades().select(plan.columns.iter().map(|c| c.as_str())).unwrap(), &lookup, None, None, &|| {
            false
        })
        .unwrap();
    assert_eq!(absorbed.shown + absorbed.filtered, 5, "each row that came in counts once");
    let answer = partial.answer(None).unwrap().frame;
    assert_eq!(answer.schema(), &plan.output);
    answer
}

fn texts(frame: &DataFrame) -> Vec<String> {
    let cell = |v: AnyValue<'_>| match v {
        AnyValue::Null => "-".to_owned(),
        AnyValue::String(s) => s.to_owned(),
        other => other.to_string(),
    };
    (0..frame.height())
        .map(|i| frame.columns().iter().map(|c| cell(c.get(i).unwrap())).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn duplicates_multiply_rows_and_null_keys_never_match() {
    let inner = "SELECT trades.sym, qty, name FROM trades JOIN names ON trades.sym = names.sym ORDER BY qty, name";
    assert_eq!(texts(&one_go(inner)), ["a 1 alef", "a 1 alpha", "b 2 beta", "a 5 alef", "a 5 alpha"]);
    let left = "SELECT t.sym, qty, n.name FROM trades AS t LEFT JOIN names n ON n.sym = t.sym ORDER BY qty, name";
    assert_eq!(texts(&one_go(left)), ["a 1 alef", "a 1 alpha", "b 2 beta", "c 3 -", "- 4 -", "a 5 alef", "a 5 alpha"]);
    let using = "SELECT * FROM trades JOIN names USING (sym) WHERE rank < 3 ORDER BY qty";
    let answer = one_go(using);
    assert_eq!(answer.get_column_names(), ["sym", "qty", "t", "name", "rank"]);
    assert_eq!(answer.height(), 3);
}

#[test]
fn groups_count_joined_rows() {
    let sql = "SELECT name, count(*) AS n, sum(qty * rank) AS s FROM trades JOIN names USING (sym) GROUP BY name \
               ORDER BY name";
    assert_eq!(texts(&one_go(sql)), ["alef 2 18", "alpha 2 6", "beta 1 4"]);
    let sql = "SELECT tumble(t, INTERVAL '1 minute') AS m, count(name) AS n, count(*) AS all FROM trades LEFT JOIN \
               names ON trades.sym = names.sym AND names.rank < 3 GROUP BY m ORDER BY m";
    let answer = one_go(sql);
    let numbers = |name: &str| {
        answer.column(name).unwrap().cast(&DataType::Int64).unwrap().i64().unwrap().iter().flatten().collect::<Vec<_>>()
    };
    assert_eq!(numbers("n"), [2, 1]);
    assert_eq!(numbers("all"), [2, 3]);
}

#[test]
fn only_the_columns_asked_for_are_read_from_both_sides() {
    let plan =
        bind("SELECT name, count(*) AS n FROM trades JOIN names ON trades.sym = names.sym GROUP BY name").unwrap();
    assert_eq!(plan.columns, ["sym"]);
    assert_eq!(plan.join.as_ref().unwrap().columns, ["sym", "name"]);
}

#[test]
fn joins_that_cannot_be_made_say_so() {
    for (sql, word) in [
        ("SELECT count(*) FROM trades JOIN names ON trades.qty = names.name", "do not compare"),
        ("SELECT count(*) FROM trades JOIN names ON trades.qty + names.rank", "needs a condition"),
        ("SELECT sym FROM trades JOIN names ON trades.sym = names.sym", "both tables have a column 'sym'"),
        ("SELECT count(*) FROM trades JOIN trades ON trades.sym = trades.sym", "two tables are called 'trades'"),
        ("SELECT count(*) FROM trades JOIN names USING (qty)", "names has no column 'qty'"),
        ("SELECT names.nope FROM trades JOIN names USING (sym)", "nope"),
    ] {
        let said = bind(sql).expect_err(sql).to_string();
        assert!(said.contains(word), "{sql}: {said}");
    }
}

#[test]
fn the_text_survives_reading_and_printing() {
    for sql in [
        "SELECT DISTINCT t.sym, n.name\nFROM trades AS t\nLEFT JOIN names AS n ON n.sym = t.sym\nWHERE qty > 1",
        "SELECT name, rank() OVER (ORDER BY count(*)) AS r\nFROM trades\nJOIN names USING (sym)\nGROUP BY \
         name\nQUALIFY r < 3\nLIMIT 3",
        "SELECT max(n) FROM (SELECT count(*) AS n FROM trades GROUP BY sym)",
    ] {
        let query = Query::parse(sql).unwrap();
        assert_eq!(query.to_sql(), sql);
        assert_eq!(braid::query::Form::from_query(&query).to_query(), query);
    }
    assert_eq!(Query::parse("SELECT a FROM x JOIN y USING (k)").unwrap().tables(), ["x", "y"]);
    assert_eq!(
        Query::parse("WITH z AS (SELECT * FROM b) SELECT a FROM z, c JOIN b ON 1 = 1").unwrap().tables(),
        ["b", "c"]
    );
}

proptest! {
    #![proptest_config(crate::cases(48))]

    /// A reference that shares no code: two loops.
    #[test]
    fn a_join_is_what_two_loops_find(
        left in prop::collection::vec((prop::option::of(0_i64..6), -3_i32..3), 0..40),
        right in prop::collection::vec((prop::option::of(0_i16..6), -3.0..3.0_f64), 0..20),
        keep_all in any::<bool>(),
    ) {
        let first = DataFrame::new(
            left.len(),
            vec![
                Column::new("k".into(), left.iter().map(|r| r.0).collect::<Vec<_>>()),
                Column::new("v".into(), left.iter().map(|r| r.1).collect::<Vec<_>>()),
            ],
        )
        .unwrap();
        let second = DataFrame::new(
            right.len(),
            vec![
                Column::new("k".into(), right.iter().map(|r| r.0.map(f64::from)).collect::<Vec<_>>()),
                Column::new("w".into(), right.iter().map(|r| r.1).collect::<Vec<_>>()),
            ],
        )
        .unwrap();
        let kind = if keep_all { "LEFT JOIN" } else { "JOIN" };
        let sql = format!("SELECT a.k, v, w FROM a {kind} b ON a.k = b.k");
        let inputs = [
            InputTable { name: "a", schema: first.schema(), time: None, commas: &[] },
            InputTable { name: "b", schema: second.schema(), time: None, commas: &[] },
        ];
        let plan = Arc::new(Plan::over(&Query::parse(&sql).unwrap(), &sql, &inputs).unwrap());
        let lookup = plan.join.as_ref().unwrap().index(second.clone(), &|| false).unwrap().unwrap();
        let mut partial = Partial::new(plan).unwrap();
        let absorbed = partial.absorb_joined(&first, &lookup, None, None, &|| false).unwrap();
        let mut want = Vec::new();
        let mut matched = 0;
        for (k, v) in &left {
            let found: Vec<f64> =
                right.iter().filter(|(other, _)| k.is_some() && *k == other.map(i64::from)).map(|r| r.1).collect();
            matched += u64::from(!found.is_empty() || keep_all);
            want.extend(found.iter().map(|w| (*k, *v, Some(*w))));
            if found.is_empty() && keep_all {
                want.push((*k, *v, None));
            }
        }
        let answer = partial.answer(None).unwrap().frame;
        let got: Vec<_> = (0..answer.height())
            .map(|i| {
                (
                    answer.column("k").unwrap().i64().unwrap().get(i),
                    answer.column("v").unwrap().i32().unwrap().get(i).unwrap(),
                    answer.column("w").unwrap().f64().unwrap().get(i),
                )
            })
            .collect();
        prop_assert_eq!(got, want);
        prop_assert_eq!((absorbed.shown, absorbed.filtered), (matched, left.len() as u64 - matched));
    }
}

fn open(name: &str, history: Option<&Path>, live: Option<String>) -> Arc<Table> {
    let given = Given {
        name: name.into(),
        history: history.iter().map(|p| p.display().to_string()).collect(),
        live: live.into_iter().collect(),
        ..Given::default()
    };
    Arc::new(open_table(&given, Duration::from_secs(30), &Cancel::new()).unwrap_or_else(|f| panic!("{f}")))
}

fn start(sql: &str, first: &Arc<Table>, second: &Arc<Table>, options: Options) -> Result<Run, Fault> {
    let plan = Plan::over(&Query::parse(sql)?, sql, &[first.input(&first.name), second.input(&second.name)])?;
    Run::start(Arc::new(plan), first.clone(), Options { datasets: vec![second.clone()], ..options }, Wake::silent())
}

#[test]
fn history_and_feed_are_joined_alike() {
    let folder = tempfile::tempdir().unwrap();
    let rows = crate::run::sample(3_000, 4);
    let (old, new, names) =
        (folder.path().join("old.parquet"), folder.path().join("new.ndjson"), folder.path().join("names.csv"));
    write_frame(&rows.head(Some(2_000)), &old).unwrap();
    write_frame(&rows.slice(2_000, 1_000), &new).unwrap();
    std::fs::write(&names, "k,name\na,alpha\nb,beta\na,alef\n").unwrap();
    let names = open("names", Some(&names), None);
    let sql =
        "SELECT name, count(*) AS n, sum(v) AS s FROM r JOIN names USING (k) WHERE v > 0 GROUP BY name ORDER BY name";
    let run = |table: &Arc<Table>| wait(&start(sql, table, &names, Options::default()).unwrap(), |s| s.last);
    let split = run(&open("r", Some(&old), Some(format!("file:{}?follow=false", new.display()))));
    let whole = folder.path().join("all.parquet");
    write_frame(&rows, &whole).unwrap();
    let one = run(&open("r", Some(&whole), None));
    assert_eq!(split.fault, None);
    assert!(
        split.answer.height() == 3 && split.answer.equals_missing(&one.answer),
        "{}\n{}",
        table(&split.answer),
        table(&one.answer)
    );
    assert!(split.rows.conserved() && split.rows.come_in == 3_000, "{:?}", split.rows);
    assert_eq!(split.rows, one.rows);
}

#[test]
fn a_dataset_that_changes_is_read_again_while_the_feed_runs() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let (feed, names) = (folder.path().join("feed.ndjson"), folder.path().join("names.csv"));
    std::fs::write(&feed, "{\"k\":\"a\",\"n\":1}\n{\"k\":\"b\",\"n\":2}\n").unwrap();
    std::fs::write(&names, "k,name\na,alpha\n").unwrap();
    let live = open("r", None, Some(format!("file:{}", feed.display())));
    let dataset = open("names", Some(&names), None);
    let run = start(
        "SELECT name, count(*) AS n FROM r LEFT JOIN names USING (k) GROUP BY name ORDER BY name",
        &live,
        &dataset,
        Options::default(),
    )
    .unwrap();
    let shown = |s: &Snapshot| texts(&s.answer);
    wait(&run, |s| shown(s) == ["alpha 1", "- 1"]);
    std::fs::write(&names, "k,name\na,alpha\nb,beta\n").unwrap();
    wait(&run, |s| s.notes.iter().any(|n| n.contains("names changed and was read again (2 rows)")));
    std::fs::OpenOptions::new().append(true).open(&feed).unwrap().write_all(b"{\"k\":\"b\",\"n\":3}\n").unwrap();
    let now = wait(&run, |s| s.rows.come_in == 3 && shown(s).len() == 3);
    assert_eq!(shown(&now), ["alpha 1", "beta 1", "- 1"], "rows from before keep what they were joined with");
    // A version that cannot be read does not replace one that can.
    std::fs::write(&names, "k,other\na,1\n").unwrap();
    wait(&run, |s| s.notes.iter().any(|n| n.contains("cannot be read") && n.contains("version before")));
}

#[test]
fn a_feed_cannot_be_the_dataset_and_memory_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (feed, names) = (folder.path().join("feed.ndjson"), folder.path().join("names.csv"));
    std::fs::write(&feed, "{\"k\":\"a\",\"n\":1}\n").unwrap();
    let many: String = (0..50_000).map(|i| format!("k{i},name number {i}\n")).collect();
    std::fs::write(&names, format!("k,name\n{many}")).unwrap();
    let live = open("r", None, Some(format!("file:{}?follow=false", feed.display())));
    let dataset = open("names", Some(&names), None);
    let fault = start("SELECT count(*) AS n FROM names JOIN r USING (k)", &dataset, &live, Options::default())
        .unwrap_err()
        .to_string();
    assert!(fault.contains("is a feed") && fault.contains("FROM"), "{fault}");
    let run = start(
        "SELECT name FROM r JOIN names USING (k)",
        &live,
        &dataset,
        Options { memory: Some(Memory::new(1 << 20)), ..Options::default() },
    )
    .unwrap();
    let fault = wait(&run, |s| s.last).fault.clone().expect("too large");
    assert!(fault.to_string().contains("names") && wording::fault(&fault).contains("--memory"), "{fault}");
}
