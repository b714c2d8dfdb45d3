//! Questions about rows: what is shown, in which order, how much of it is kept, and the laws.

use std::sync::Arc;

use braid::cli::table;
use braid::data::format::write_frame;
use braid::engine::{Memory, Options, Table};
use braid::query::aggregate::Class;
use braid::query::rows::{Retention, SourceRange};
use braid::query::{InputTable, Partial, Plan, Query};
use polars::prelude::*;
use proptest::prelude::*;

use crate::run::{answer, given, open, sample, start, wait};

fn plan(sql: &str, schema: &SchemaRef, time: Option<&str>) -> Arc<Plan> {
    let query = Query::parse(sql).unwrap_or_else(|f| panic!("{sql}: {f}"));
    Arc::new(
        Plan::over(&query, sql, &[InputTable { name: "r", schema, time, commas: &[] }])
            .unwrap_or_else(|f| panic!("{sql}: {f}")),
    )
}

fn one_go(frame: &DataFrame, sql: &str, time: Option<&str>) -> DataFrame {
    let plan = plan(sql, frame.schema(), time);
    let mut partial = Partial::new(plan.clone()).unwrap();
    partial.absorb(&frame.select(plan.columns.iter().map(|c| c.as_str())).unwrap(), None).unwrap();
    let answer = partial.answer(None).unwrap().frame;
    assert_eq!(answer.schema(), &plan.output, "{sql}");
    answer
}

fn assert_same(got: &DataFrame, want: &DataFrame) {
    assert!(got.equals_missing(want), "{}\nis not\n{}", table(got), table(want));
}

const QUESTIONS: &[&str] = &[
    "SELECT * FROM r",
    "SELECT k, v * 2 AS twice, x FROM r WHERE v > 0",
    "SELECT k, v FROM r ORDER BY v DESC, k",
    "SELECT v, t FROM r WHERE k = 'a' ORDER BY abs(v) LIMIT 7",
    "SELECT x FROM r ORDER BY k NULLS FIRST LIMIT 30",
    "SELECT k, v, row_number() OVER (PARTITION BY k ORDER BY v) AS n FROM r QUALIFY n <= 3 ORDER BY k, n",
    "SELECT k, v, sum(v) OVER (PARTITION BY k ORDER BY t) AS so_far FROM r ORDER BY t",
    "SELECT DISTINCT k FROM r",
    "SELECT DISTINCT k, v > 0 AS plus FROM r WHERE v IS NOT NULL ORDER BY plus, k",
    "SELECT * FROM r LIMIT 11",
    "SELECT v, t, k FROM r ORDER BY v DESC, t LIMIT 9 OFFSET 5",
    "SELECT 1 AS one FROM r WHERE v > 999000",
];

proptest! {
    #![proptest_config(crate::cases(40))]

    #[test]
    fn any_cut_in_any_order_shows_the_same_rows(
        rows in 0_usize..400,
        chunk in 1_usize..60,
        workers in 1_usize..4,
        seed in any::<u64>(),
        question in 0..QUESTIONS.len(),
    ) {
        let frame = sample(rows, seed);
        let sql = QUESTIONS[question];
        let plan = plan(sql, frame.schema(), Some("t"));
        let needed = frame.select(plan.columns.iter().map(|c| c.as_str())).unwrap();
        let needed = if plan.columns.is_empty() { DataFrame::new(rows, vec![]).unwrap() } else { needed };
        let mut random = fastrand::Rng::with_seed(seed);
        let mut starts: Vec<usize> = (0..rows).step_by(chunk).collect();
        random.shuffle(&mut starts);
        let mut partials: Vec<Partial> = (0..workers).map(|_| Partial::new(plan.clone()).unwrap()).collect();
        let mut handed = Vec::new();
        let (mut shown, mut filtered) = (0, 0);
        for start in starts {
            let worker = random.usize(..workers);
            let piece = needed.slice(start as i64, chunk);
            let at = SourceRange { source: 0, partition: 0, from: start as u64, to: (start + piece.height()) as u64 };
            let absorbed = partials[worker].absorb_at(&piece, Some(i64::MAX), Some(at)).unwrap();
            prop_assert!(absorbed.late.is_none() || plan.rows.is_none(), "rows are never late");
            shown += absorbed.shown;
            filtered += absorbed.filtered;
            if random.bool() {
                handed.push(partials[worker].to_frame().unwrap());
                partials[worker] = Partial::new(plan.clone()).unwrap();
            }
        }
        handed.extend(partials.iter().map(|p| p.to_frame().unwrap()));
        random.shuffle(&mut handed);
        let mut whole = Partial::new(plan.clone()).unwrap();
        for state in &handed {
            whole.merge(state).unwrap();
        }
        prop_assert_eq!(shown + filtered, rows as u64);
        let got = whole.answer(None).unwrap().frame;
        let want = one_go(&frame, sql, Some("t"));
        prop_assert!(got.equals_missing(&want), "{}\n{}\nis not\n{}", sql, table(&got), table(&want));
        // What a checkpoint holds is all there is.
        let mut again = Partial::new(plan.clone()).unwrap();
        again.merge(&whole.to_frame().unwrap()).unwrap();
        prop_assert!(again.answer(None).unwrap().frame.equals_missing(&want));
    }

    #[test]
    fn any_split_of_history_and_live_shows_the_same_rows(
        rows in 1_usize..2_000,
        share in 0.0..=1.0_f64,
        threads in 1_usize..4,
        seed in any::<u64>(),
        question in 0..QUESTIONS.len(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let frame = sample(rows, seed);
        let cut = ((rows as f64 * share) as usize).max(1);
        let old = folder.path().join("old.parquet");
        write_frame(&frame.head(Some(cut)), &old).unwrap();
        let new = folder.path().join("new.csv");
        write_frame(&frame.slice(cut as i64, rows - cut), &new).unwrap();
        let live = if cut < rows { vec![format!("file:{}?follow=false", new.display())] } else { vec![] };
        let opened = open(&given(&[&old], &live));
        let sql = QUESTIONS[question];
        let last = answer_over(&opened, sql, Options { threads, ..Options::default() });
        prop_assert_eq!(&last.fault, &None);
        prop_assert!(last.rows.conserved(), "{:?}", last.rows);
        prop_assert_eq!(last.rows.come_in, rows as u64);
        prop_assert_eq!(last.rows.late, 0);
        let want = one_go(&frame, sql, Some("t"));
        prop_assert!(last.answer.equals_missing(&want), "{}\n{}\nis not\n{}", sql, table(&last.answer), table(&want));
    }
}

fn answer_over(opened: &Table, sql: &str, options: Options) -> Arc<braid::engine::Snapshot> {
    let query = Query::parse(sql).unwrap();
    let plan = Plan::over(&query, sql, &[opened.input("r")]).unwrap();
    let run = braid::engine::Run::start(Arc::new(plan), Arc::new(opened.clone()), options, braid::sync::Wake::silent())
        .unwrap();
    wait(&run, |s| s.last)
}

#[test]
fn a_star_is_all_columns_in_their_order() {
    let frame = sample(5, 1);
    assert_same(&one_go(&frame, "SELECT * FROM r", None), &frame);
    let twice = one_go(&frame, "SELECT *, v AS again, v FROM r", None);
    assert_eq!(twice.get_column_names(), ["k", "v", "x", "t", "again", "v_1"]);
    assert_same(&one_go(&frame, "SELECT r.* FROM r", None), &frame);
    assert_same(
        &one_go(&frame, "SELECT q.k FROM r AS q WHERE q.v = q.v", None),
        &one_go(&frame, "SELECT k FROM r WHERE v IS NOT NULL", None),
    );
}

#[test]
fn only_the_columns_asked_for_are_read() {
    let frame = sample(1, 1);
    let read =
        |sql: &str| plan(sql, frame.schema(), Some("t")).columns.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(read("SELECT v + 1 AS w FROM r WHERE k = 'a'"), ["k", "v"]);
    assert_eq!(read("SELECT v FROM r ORDER BY x LIMIT 3"), ["v", "x"]);
    assert_eq!(read("SELECT v FROM r LIMIT 3"), ["v"]);
    assert_eq!(read("SELECT 1 AS one FROM r"), [""; 0]);
}

#[test]
fn a_limit_without_order_is_the_first_rows_as_they_came() {
    let times = Int64Chunked::from_slice("t".into(), &[5_000_000, 1_000_000, 4_000_000, 2_000_000, 3_000_000]);
    let frame = DataFrame::new(
        5,
        vec![
            Column::new("v".into(), [50_i64, 10, 40, 20, 30]),
            times.into_datetime(TimeUnit::Microseconds, None).into_column(),
        ],
    )
    .unwrap();
    let values = |sql: &str, time| {
        one_go(&frame, sql, time).column("v").unwrap().i64().unwrap().iter().flatten().collect::<Vec<_>>()
    };
    assert_eq!(values("SELECT v FROM r LIMIT 3", Some("t")), [50, 10, 40]);
    assert_eq!(values("SELECT v FROM r LIMIT 3", None), [50, 10, 40]);
    assert_eq!(values("SELECT v FROM r ORDER BY t DESC LIMIT 2", Some("t")), [50, 40]);
    assert_eq!(values("SELECT v FROM r LIMIT 0", None), [0; 0]);
    assert_eq!(values("SELECT v FROM r ORDER BY v LIMIT 2", Some("t")), [10, 20]);
}

#[test]
fn what_is_let_go_is_said() {
    let frame = sample(2_000, 3);
    let plan = plan("SELECT v, x FROM r", frame.schema(), None);
    let mut partial = Partial::new(plan.clone()).unwrap();
    let needed = frame.select(["v", "x"]).unwrap();
    for start in (0..2_000).step_by(100) {
        let at = SourceRange { source: 0, partition: 0, from: start, to: start + 100 };
        partial.absorb_at(&needed.slice(start as i64, 100), None, Some(at)).unwrap();
    }
    assert!(partial.keep_to(partial.size() / 2));
    let kept = partial.groups();
    assert!(kept > 500 && kept < 1_200, "{kept}");
    let shown = partial.answer(None).unwrap();
    assert_same(&shown.frame, &needed.tail(Some(kept)));
    assert!(shown.notes.iter().any(|n| n.contains("the newest") && n.contains("of 2,000 rows")), "{:?}", shown.notes);
    // Also over a hand-over.
    let mut whole = Partial::new(plan).unwrap();
    whole.merge(&partial.to_frame().unwrap()).unwrap();
    assert_eq!(whole.answer(None).unwrap().notes, shown.notes);
}

#[test]
fn memory_that_runs_out_lets_the_oldest_rows_go() {
    let folder = tempfile::tempdir().unwrap();
    let frame = sample(200_000, 5);
    let path = folder.path().join("all.parquet");
    write_frame(&frame, &path).unwrap();
    let opened = open(&given(&[&path], &[]));
    let last = answer(
        &opened,
        "SELECT v, x, t FROM r",
        Options { threads: 2, memory: Some(Memory::new(2 << 20)), ..Options::default() },
    );
    assert_eq!(last.fault, None);
    assert!(last.rows.conserved() && last.rows.shown == 200_000);
    assert!(
        last.notes.iter().any(|n| n.starts_with("the newest ") && n.ends_with(" of 200,000 rows")),
        "{:?}",
        last.notes
    );
    let kept = last.answer.height();
    assert!(kept > 1_000 && kept < 100_000, "{kept}");
    assert_same(&last.answer, &frame.select(["v", "x", "t"]).unwrap().tail(Some(kept)));
}

#[test]
fn small_pieces_of_a_feed_become_large_ones() {
    let frame = sample(3_000, 9);
    let plan = plan("SELECT * FROM r", frame.schema(), None);
    let mut partial = Partial::new(plan).unwrap();
    for row in 0..3_000 {
        partial
            .absorb_at(
                &frame.slice(row, 1),
                None,
                Some(SourceRange { source: 1, partition: 0, from: row as u64 * 10, to: row as u64 * 10 + 10 }),
            )
            .unwrap();
    }
    let answer = partial.answer(None).unwrap().frame;
    assert_same(&answer, &frame);
    assert!(
        answer.columns()[1].as_materialized_series().n_chunks() < 20,
        "{}",
        answer.columns()[1].as_materialized_series().n_chunks()
    );
}

#[test]
fn each_item_carries_its_class() {
    let frame = sample(1, 1);
    let classes = |sql: &str| {
        plan(sql, frame.schema(), Some("t")).classes().into_iter().map(|(_, class)| class).collect::<Vec<_>>()
    };
    assert_eq!(
        classes("SELECT k, count(*), count(DISTINCT v), 1 + sum(v) FROM r GROUP BY k"),
        [Class::Exact, Class::Exact, Class::KeepsValues, Class::Exact]
    );
    assert_eq!(classes("SELECT k, v FROM r"), [Class::KeepsRows { bytes: 0 }; 2]);
    assert_eq!(classes("SELECT *, v + 1 FROM r"), [Class::KeepsRows { bytes: 0 }; 2], "one an item as it was written");
    assert_eq!(classes("SELECT k FROM r LIMIT 5"), [Class::Exact]);
    assert_eq!(classes("SELECT k, rank() OVER (ORDER BY count(*)) FROM r GROUP BY k"), [Class::Exact, Class::Rerun]);
    // Of a question about an answer those of the one that is kept up to date.
    assert_eq!(classes("SELECT max(n) AS m FROM (SELECT k, count(*) AS n FROM r GROUP BY k)"), [Class::Exact; 2]);
    assert_eq!(classes("SELECT k FROM r UNION SELECT k FROM r"), [Class::Rerun]);
    assert!(matches!(
        plan("SELECT k FROM r ORDER BY v LIMIT 5", frame.schema(), None).rows.as_ref().unwrap().keep,
        Retention::Top(5)
    ));
}

#[test]
fn the_grid_shows_the_tail_of_a_feed_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.ndjson");
    std::fs::write(&path, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n").unwrap();
    let given = braid::engine::open::Given {
        name: "r".into(),
        live: vec![format!("file:{}", path.display())],
        ..Default::default()
    };
    let opened = open(&given);
    let run = start(&opened, "SELECT n FROM r ORDER BY n DESC LIMIT 2", Options::default());
    let first = start(&opened, "SELECT n FROM r LIMIT 2", Options::default());
    let numbers = |s: &braid::engine::Snapshot| {
        s.answer.column("n").map(|c| c.i64().unwrap().iter().flatten().collect::<Vec<_>>()).unwrap_or_default()
    };
    wait(&run, |s| numbers(s) == [2, 1]);
    use std::io::Write;
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":3}\n").unwrap();
    wait(&run, |s| numbers(s) == [3, 2]);
    // Without an order it is the first rows, whatever comes.
    let last = wait(&first, |s| s.rows.come_in == 4);
    assert_eq!(numbers(&last), [0, 1]);
}

#[test]
fn an_offset_leaves_the_first_rows_of_the_order_out() {
    let frame = sample(300, 3);
    for (sql, time) in [
        ("SELECT v, t, k FROM r ORDER BY v DESC, t", None),
        ("SELECT k, v, count(*) AS n FROM r GROUP BY k, v ORDER BY n DESC, v", Some("t")),
    ] {
        let whole = one_go(&frame, sql, time);
        assert_same(&one_go(&frame, &format!("{sql} LIMIT 9 OFFSET 5"), time), &whole.slice(5, 9));
        assert_same(&one_go(&frame, &format!("{sql} LIMIT 9 OFFSET 1000"), time), &whole.slice(0, 0));
    }
}
