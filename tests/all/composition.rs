//! The composition law: a question about the rows of another that filters and computes says the same as the two in one,
//! in values, types, order, names, and in what is refused.

use std::sync::Arc;

use braid::data::Fault;
use braid::data::format::write_frame;
use braid::engine::{Options, Snapshot};
use braid::query::{Partial, Plan, Query, rerun_answer};
use polars::prelude::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::run::{answer, assert_same, given, open, sample};

/// Rows with nulls, NaN, infinities, both zeros, and values at the ends of what there is.
fn rows(count: usize, seed: u64) -> DataFrame {
    let mut random = fastrand::Rng::with_seed(seed);
    let floats = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, 2.5, -0.5];
    let ints = [i64::MAX, i64::MIN, 0, -1, 1, 7];
    let some = |random: &mut fastrand::Rng| random.u8(..6) > 0;
    let key: Vec<Option<&str>> =
        (0..count).map(|_| some(&mut random).then(|| ["a", "B", "ä", "日本"][random.usize(..4)])).collect();
    let v: Vec<Option<i64>> = (0..count).map(|_| some(&mut random).then(|| ints[random.usize(..ints.len())])).collect();
    let w: Vec<Option<i64>> = (0..count).map(|_| some(&mut random).then(|| random.i64(-50..50))).collect();
    let x: Vec<Option<f64>> =
        (0..count).map(|_| some(&mut random).then(|| floats[random.usize(..floats.len())])).collect();
    let times: Vec<i64> = (0..count as i64).map(|i| i * 700_000 - 40_000_000).collect();
    let time = Int64Chunked::from_vec("t".into(), times).into_datetime(TimeUnit::Microseconds, None);
    let columns = vec![
        Column::new("k".into(), key),
        Column::new("v".into(), v),
        Column::new("w".into(), w),
        Column::new("x".into(), x),
        time.into_column(),
    ];
    DataFrame::new(count, columns).unwrap()
}

fn asked(frame: &DataFrame, sql: &str) -> Result<DataFrame, Fault> {
    let plan = Arc::new(Plan::new(&Query::parse(sql)?, sql, frame.schema(), Some("t"))?);
    assert!(plan.rerun.is_none(), "it is kept up to date: {sql}");
    let mut partial = Partial::new(plan)?;
    // In two pieces, as a feed would bring them.
    let (first, second) = frame.split_at(frame.height() as i64 / 3);
    for piece in [first, second] {
        partial.absorb(&piece, None)?;
    }
    Ok(partial.answer(None)?.frame)
}

/// The answer to a question that is asked again, over leaves that took the rows in two pieces.
fn asked_again(frame: &DataFrame, sql: &str) -> Result<DataFrame, Fault> {
    let plan = Plan::new(&Query::parse(sql)?, sql, frame.schema(), Some("t"))?;
    let rerun = plan.rerun.as_ref().unwrap_or_else(|| panic!("it is asked again: {sql}"));
    let (first, second) = frame.split_at(frame.height() as i64 / 3);
    let leaf = |plan: &Arc<Plan>| {
        let mut partial = Partial::new(plan.clone())?;
        for piece in [&first, &second] {
            partial.absorb(piece, None)?;
        }
        Ok(partial.answer(None)?.frame)
    };
    let leaves = rerun.leaves.iter().map(|own| leaf(&own.plan)).collect::<Result<Vec<_>, Fault>>()?;
    Ok(rerun_answer::answer(rerun, &leaves, &|| false)?.0)
}

/// A question with `{}` where its table stands.
fn question() -> impl Strategy<Value = String> {
    let aggregates = &[
        "count(*) AS n",
        "sum(w)",
        "sum(v) AS s",
        "avg(x) AS a",
        "min(x)",
        "max(x) AS top",
        "count(DISTINCT w) AS d",
        "sum(w) FILTER (WHERE v > 0) AS f",
        "max(k) AS last_key",
        "sum(w + 1) / count(*) AS r",
    ][..];
    let values = &["k", "v", "w AS v2", "x", "w * 2 - 1 AS y", "upper(k) AS u", "t", "x IS NULL AS gone", "v + w"][..];
    let keys = &["k", "w", "v > 0", "tumble(t, INTERVAL '10 seconds')", "nope"][..];
    let filters = &["", "w > 0", "v IS NOT NULL AND x < 1", "k IN ('a', 'ä') OR w BETWEEN -5 AND 5", "nope = 1"][..];
    let ends = &["", "ORDER BY 1", "ORDER BY 1 DESC NULLS FIRST LIMIT 3", "LIMIT 4"][..];
    let grouped = (
        subsequence(keys.to_vec(), 0..=2),
        subsequence(aggregates.to_vec(), 1..=4),
        select(filters.to_vec()),
        select(vec!["", "HAVING count(*) > 1"]),
        select(ends.to_vec()),
    );
    let grouped = grouped.prop_map(|(keys, aggregates, filter, having, end)| {
        let named: Vec<String> = keys.iter().enumerate().map(|(i, key)| format!("{key} AS g{i}")).collect();
        let items: Vec<String> = named.into_iter().chain(aggregates.iter().map(ToString::to_string)).collect();
        let by: Vec<String> = (0..keys.len()).map(|i| format!("g{i}")).collect();
        let by = if by.is_empty() { String::new() } else { format!("GROUP BY {}", by.join(", ")) };
        let filter = if filter.is_empty() { String::new() } else { format!("WHERE {filter}") };
        format!("SELECT {} FROM {{}} {filter} {by} {having} {end}", items.join(", "))
    });
    let plain = (subsequence(values.to_vec(), 1..=5), select(filters.to_vec()), any::<bool>(), select(ends.to_vec()));
    let plain = plain.prop_map(|(values, filter, distinct, end)| {
        let distinct = if distinct { "DISTINCT " } else { "" };
        let filter = if filter.is_empty() { String::new() } else { format!("WHERE {filter}") };
        format!("SELECT {distinct}{} FROM {{}} {filter} {end}", values.join(", "))
    });
    prop_oneof![grouped, plain, Just("SELECT * FROM {} WHERE w > 3 ORDER BY t".to_owned())]
}

/// The ways to ask a question of all rows of a table, and of those that a condition lets through.
fn ways(question: &str) -> Vec<String> {
    let of = |from: &str| question.replace("{}", from);
    let columns = "k AS k, v AS v, w AS w, x AS x, t AS t";
    vec![
        of("(SELECT * FROM r) AS q"),
        of("(SELECT * FROM r)"),
        of(&format!("(SELECT {columns} FROM r) AS q")),
        of("(SELECT q.* FROM (SELECT * FROM r) AS q) AS p"),
        format!("WITH q AS (SELECT * FROM r) {}", of("q")),
        // Its name is that of the table.
        format!("WITH r AS (SELECT * FROM r) {}", of("r")),
        format!("WITH a AS (SELECT * FROM r), b AS (SELECT {columns} FROM a), c AS (SELECT * FROM b) {}", of("c AS d")),
    ]
}

proptest! {
    #![proptest_config(crate::cases(256))]

    #[test]
    fn a_question_about_a_question_is_one_question(question in question(), count in 0_usize..60, seed in any::<u64>()) {
        let frame = rows(count, seed);
        let plain = asked(&frame, &question.replace("{}", "r"));
        for sql in ways(&question) {
            match (&plain, asked(&frame, &sql)) {
                (Ok(want), Ok(got)) => {
                    prop_assert_eq!(got.schema(), want.schema(), "{}", sql);
                    assert_same(&got, want);
                }
                (Err(want), Err(got)) => prop_assert_eq!(&got.what, &want.what, "{}", sql),
                (want, got) => prop_assert!(false, "{}\n{:?}\nis not\n{:?}", sql, got, want),
            }
        }
    }

    /// So is one about rows that are joined, put together or found by sub-queries, where those are all rows.
    #[test]
    fn a_question_about_rows_that_are_put_together_is_one_about_the_rows(
        question in question(), count in 0_usize..40, seed in any::<u64>()
    ) {
        // Rows that are cut in no order, and the names of columns that are not there, are their own.
        prop_assume!(!question.contains("LIMIT 4") && !question.contains("SELECT *") && !question.contains("nope"));
        let frame = rows(count, seed);
        let plain = asked(&frame, &question.replace("{}", "r"));
        let by_values = |answer: DataFrame| {
            let names = answer.get_column_names_owned();
            let options = SortMultipleOptions::default().with_nulls_last(true);
            if question.contains("ORDER BY") { answer } else { answer.sort(names, options).unwrap() }
        };
        for from in [
            "(SELECT * FROM r WHERE w > 0 UNION ALL SELECT * FROM r WHERE w <= 0 OR w IS NULL) AS q",
            "(SELECT * FROM r UNION ALL SELECT * FROM r WHERE false) AS q",
            "r CROSS JOIN (VALUES (1)) AS one(single)",
            "r LEFT JOIN (SELECT w AS other FROM r WHERE w > 1000) AS none ON r.w = none.other",
            "(VALUES (true)) AS one(yes) RIGHT JOIN r ON yes",
            "r SEMI JOIN (VALUES (1)) AS one(single) ON single > 0",
            "(SELECT * FROM r WHERE EXISTS (SELECT 1 FROM r)) AS q",
            "(SELECT * FROM r WHERE k IN (SELECT k FROM r) OR k IS NULL) AS q",
            "(SELECT * FROM r AS o WHERE w IS NULL OR w <= (SELECT max(w) FROM r WHERE r.w = o.w)) AS q",
        ] {
            let sql = question.replace("{}", from);
            // Which of equal rows come first is nobody's to say.
            if question.contains("ORDER BY") && from.contains("UNION") {
                continue;
            }
            match (&plain, asked_again(&frame, &sql)) {
                (Ok(want), Ok(got)) => {
                    prop_assert_eq!(got.schema(), want.schema(), "{}", sql);
                    assert_same(&by_values(got), &by_values(want.clone()));
                }
                (Err(want), Err(got)) => prop_assert_eq!(&got.what, &want.what, "{}", sql),
                (want, got) => prop_assert!(false, "{}\n{:?}\nis not\n{:?}", sql, got, want),
            }
        }
    }

    /// What filters and computes below is what it would be above.
    #[test]
    fn what_is_computed_below_is_computed(question in question(), count in 0_usize..60, seed in any::<u64>()) {
        let frame = rows(count, seed);
        let (condition, other) = ("w <> 7", "x > -1 OR x IS NULL");
        let limited = asked(&frame, &format!("SELECT * FROM r WHERE ({condition}) AND ({other})")).unwrap();
        let want = asked(&limited, &question.replace("{}", "r"));
        let below = format!("(SELECT * FROM (SELECT * FROM r WHERE {condition}) AS low WHERE {other}) AS q");
        let got = asked(&frame, &question.replace("{}", &below));
        match (want, got) {
            (Ok(want), Ok(got)) => assert_same(&got, &want),
            (Err(want), Err(got)) => prop_assert_eq!(got.what, want.what),
            (want, got) => prop_assert!(false, "{:?}\nis not\n{:?}", got, want),
        }
    }
}

/// Questions whose answers are tables, with the columns k, n and s.
const BELOW: &[&str] = &[
    "SELECT k, count(*) AS n, sum(w) AS s FROM r GROUP BY k",
    "SELECT k, tumble(t, INTERVAL '5 seconds') AS t, count(*) AS n, sum(w) AS s FROM r WHERE w <> 3 GROUP BY 1, 2",
    "SELECT k, count(*) AS n, sum(w) AS s FROM r GROUP BY k HAVING count(*) > 1 ORDER BY n DESC, k LIMIT 3",
    "SELECT DISTINCT k, v AS n, w AS s FROM r",
    "SELECT k, w AS n, x AS s FROM r ORDER BY t LIMIT 5",
    "SELECT k, w AS n, count(*) OVER (PARTITION BY k) AS s FROM r",
];
/// Questions about them.
const ABOVE: &[&str] = &[
    "SELECT count(*) AS c, sum(n) AS n, max(s) AS m FROM {}",
    "SELECT k, max(s) AS m FROM {} WHERE n > 1 GROUP BY k ORDER BY m DESC, k",
    "SELECT * FROM {} ORDER BY n, k",
    "SELECT k, n, rank() OVER (PARTITION BY k ORDER BY n DESC) AS place FROM {} QUALIFY place <= 2",
    "SELECT DISTINCT n FROM {}",
    "SELECT nope FROM {}",
];

#[test]
fn a_question_about_an_answer_is_asked_of_the_answer() {
    for (seed, count) in [(1, 0), (2, 1), (3, 57)] {
        let frame = rows(count, seed);
        for below in BELOW {
            let answer = asked(&frame, below).unwrap();
            for above in ABOVE {
                let want = asked(&answer, &above.replace("{}", "r"));
                let ways = [
                    above.replace("{}", &format!("({below}) AS q")),
                    format!("WITH q AS ({below}) {}", above.replace("{}", "q")),
                    format!("WITH q AS ({below}), p AS (SELECT * FROM q) {}", above.replace("{}", "(SELECT * FROM p)")),
                ];
                for sql in ways {
                    match (&want, asked(&frame, &sql)) {
                        (Ok(want), Ok(got)) => assert_same(&got, want),
                        (Err(want), Err(got)) => assert_eq!(got.what, want.what, "{sql}"),
                        (want, got) => panic!("{sql}\n{got:?}\nis not\n{want:?}"),
                    }
                }
            }
        }
    }
}

/// Answers that are put together, by the same code.
#[test]
fn answers_are_put_together_as_tables_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.csv");
    std::fs::write(&path, "k,v\na,1\nb,2\n,3\na,1\n,3\nc,\n").unwrap();
    let asked = |sql: &str| {
        let out = crate::cli::braid(&["run", "--history", &format!("r={}", path.display()), "--sql", sql]);
        (String::from_utf8_lossy(&out.stdout).into_owned(), crate::cli::stderr(&out))
    };
    let answered = |sql: &str| asked(sql).0;
    for (sql, want) in [
        ("SELECT k FROM r WHERE v = 1 UNION ALL SELECT k FROM r WHERE v = 3", "k\na\na\n\n\n"),
        ("SELECT k FROM r WHERE v = 1 UNION SELECT k FROM r WHERE v = 3 ORDER BY k", "k\na\n\n"),
        ("SELECT k FROM r EXCEPT SELECT k FROM r WHERE v > 1 ORDER BY k", "k\na\nc\n"),
        ("SELECT k, v FROM r INTERSECT SELECT k, v FROM r WHERE k IS NULL", "k,v\n,3\n"),
        ("SELECT v FROM r WHERE v = 1 UNION SELECT v / 2 AS half FROM r WHERE v = 3 ORDER BY v", "v\n1.0\n1.5\n"),
        ("SELECT max(v) AS m FROM r UNION ALL SELECT count(*) FROM r ORDER BY m LIMIT 1", "m\n3\n"),
        (
            "SELECT k FROM r WHERE v = 1 UNION SELECT k FROM r INTERSECT SELECT k FROM r WHERE v = 2 ORDER BY k",
            "k\na\nb\n",
        ),
        ("(SELECT k FROM r UNION ALL SELECT k FROM r) EXCEPT (SELECT k FROM r WHERE v > 0) ORDER BY k", "k\nc\n"),
    ] {
        let (got, said) = asked(sql);
        assert_eq!(got, want, "{sql}: {said}");
    }
    // All rows, put together from two halves.
    let halves = "(SELECT * FROM r WHERE v > 1 UNION ALL SELECT k, v FROM r WHERE NOT coalesce(v > 1, false)) AS q";
    for question in
        ["SELECT k, sum(v) AS s, count(*) AS n FROM {} GROUP BY k ORDER BY k", "SELECT count(*) AS n FROM {}"]
    {
        assert_eq!(answered(&question.replace("{}", halves)), answered(&question.replace("{}", "r")));
    }
    let refused = |sql: &str| {
        let schema = rows(1, 1).schema().clone();
        let input = braid::query::InputTable { name: "r", schema: &schema, time: None, commas: &[] };
        Plan::over(&Query::parse(sql).unwrap(), sql, &[input]).unwrap_err()
    };
    assert!(refused("SELECT k, v FROM r UNION SELECT k FROM r").what.contains("2 and 1 columns"));
    assert!(refused("SELECT k FROM r UNION SELECT v FROM r").what.contains("different kinds"));
    let sql = "SELECT k FROM r UNION SELECT nope FROM r";
    assert_eq!(refused(sql).span.map(|span| &sql[span]), Some("nope"));
}

/// Joins of every kind and sub-queries, also those that name columns around them, with nulls on both sides.
#[test]
fn tables_are_joined_and_questions_stand_in_conditions() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        format!("{}={}", &name[..1], folder.path().join(name).display())
    };
    let (t, u) = (write("t.csv", "k,x\na,1\nb,2\nc,3\n,4\n"), write("u.csv", "k,y\na,10\nb,20\nb,21\nz,\n,5\n"));
    let asked = |sql: &str, more: &[&str]| {
        let out = crate::cli::braid(&[&["run", "--history", &t, "--history", &u, "--sql", sql], more].concat());
        assert_eq!(out.status.code(), Some(0), "{sql}: {}", crate::cli::stderr(&out));
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    for (sql, want) in [
        ("SELECT t.k, y FROM t LEFT JOIN u ON t.k = u.k AND y > 10 ORDER BY x, y", "k,y\na,\nb,20\nb,21\nc,\n,\n"),
        (
            "SELECT x, u.k, y FROM t RIGHT JOIN u ON t.k = u.k ORDER BY y, k",
            "x,k,y\n,,5\n1,a,10\n2,b,20\n2,b,21\n,z,\n",
        ),
        (
            "SELECT * FROM t FULL JOIN u USING (k) ORDER BY k, x, y",
            "k,x,y\na,1,10\nb,2,20\nb,2,21\nc,3,\nz,,\n,4,\n,,5\n",
        ),
        ("SELECT t.k, u.k, k FROM t FULL JOIN u USING (k) WHERE y IS NULL ORDER BY k", "k,k_1,k_2\nc,,c\n,z,z\n,,\n"),
        ("SELECT count(*) AS n FROM t, u WHERE t.k = u.k", "n\n3\n"),
        ("SELECT count(*) AS n FROM t CROSS JOIN u", "n\n20\n"),
        ("SELECT count(*) AS n FROM t JOIN u ON x * 5 < y", "n\n8\n"),
        ("SELECT x FROM t SEMI JOIN u USING (k) ORDER BY x", "x\n1\n2\n"),
        ("SELECT x FROM t ANTI JOIN u USING (k) ORDER BY x", "x\n3\n4\n"),
        ("SELECT * FROM t NATURAL JOIN u ORDER BY y", "k,x,y\na,1,10\nb,2,20\nb,2,21\n"),
        ("SELECT a.k, b.k AS next FROM t AS a JOIN t AS b ON a.x + 1 = b.x ORDER BY a.x", "k,next\na,b\nb,c\nc,\n"),
        ("SELECT x FROM t WHERE k IN (SELECT k FROM u) ORDER BY x", "x\n1\n2\n"),
        ("SELECT x FROM t WHERE k NOT IN (SELECT k FROM u)", "x\n"),
        ("SELECT x FROM t WHERE k NOT IN (SELECT k FROM u WHERE k IS NOT NULL)", "x\n3\n"),
        ("SELECT x FROM t WHERE x * 10 = ANY (SELECT y FROM u WHERE u.k = t.k)", "x\n1\n2\n"),
        ("SELECT x FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.k = t.k) ORDER BY x", "x\n3\n4\n"),
        (
            "SELECT x, (SELECT count(*) FROM u WHERE u.k = t.k) AS n, (SELECT max(y) FROM u WHERE u.k = t.k) AS top \
             FROM t ORDER BY x",
            "x,n,top\n1,1,10\n2,2,21\n3,0,\n4,0,\n",
        ),
        ("SELECT k FROM t WHERE x > (SELECT avg(x) FROM t) ORDER BY x", "k\nc\n\n"),
        ("SELECT k, sum(x) / (SELECT sum(x) FROM t) AS share FROM t WHERE x < 3 GROUP BY k", "k,share\na,0.1\nb,0.2\n"),
        ("SELECT k FROM t GROUP BY k HAVING sum(x) > (SELECT avg(x) FROM t) ORDER BY k", "k\nc\n\n"),
        ("SELECT n, k FROM (VALUES (1, 'a'), (2, NULL)) AS v(n, w) JOIN t ON k = w", "n,k\n1,a\n"),
        ("SELECT k FROM t OFFSET 3", "k\n\n"),
        // A table that has another name within is by its own name the one around.
        ("SELECT y FROM u WHERE y > (SELECT avg(y) FROM u AS i WHERE i.k = u.k)", "y\n21\n"),
        (
            "SELECT y FROM u WHERE EXISTS (SELECT 1 FROM u AS i WHERE i.y = u.y AND i.k = u.k) ORDER BY y",
            "y\n10\n20\n21\n",
        ),
        ("SELECT -x AS x FROM t ORDER BY x", "x\n-4\n-3\n-2\n-1\n"),
        ("SELECT k AS x, x AS k FROM t WHERE x < 3 ORDER BY k DESC", "x,k\nb,2\na,1\n"),
    ] {
        assert_eq!(asked(sql, &[]), want, "{sql}");
    }
    // Questions with names are tables.
    let sums = [
        "--with",
        "sums=SELECT k, sum(y) AS s FROM u GROUP BY k -- of all",
        "--with",
        "top=SELECT max(s) AS m FROM sums",
    ];
    assert_eq!(asked("SELECT t.k, s FROM t JOIN sums USING (k) ORDER BY x", &sums), "k,s\na,10\nb,41\n");
    assert_eq!(asked("WITH a AS (SELECT m FROM top) SELECT m + 1 AS n FROM a", &sums), "n\n42\n");
    let said = |sql: &str| crate::cli::refused(&["run", "--history", &t, "--history", &u, "--sql", sql]);
    assert!(said("SELECT k FROM t WHERE (SELECT k FROM u) = 'a'").contains("one value has 5 rows"));
    assert!(said("SELECT (SELECT rank() OVER (ORDER BY y) FROM u WHERE u.y > t.x) FROM t").contains("no OVER"));
    assert!(said("SELECT k FROM t JOIN u ON true").contains("both tables have a column 'k'"));
    assert!(said("WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a, t").contains("recursive WITH"));
    let named = ["run", "--history", &t, "--with", "q=SELECT k FROM t", "--sql", "SELECT k,\n nope FROM q"];
    assert!(crate::cli::refused(&named).contains("SQL, line 2, column 2"));
}

/// The answer to all rows at once, which is that to history and live, split at each of these places.
fn at_every_cut(frame: &DataFrame, sql: &str, cuts: &[usize], look: impl Fn(&Snapshot)) -> Arc<Snapshot> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, rows: &DataFrame| {
        let path = folder.path().join(name);
        write_frame(rows, &path).unwrap();
        path
    };
    let want = answer(&open(&given(&[&file("all.parquet", frame)], &[])), sql, Options::default());
    for cut in cuts {
        let old = file("old.parquet", &frame.head(Some(*cut)));
        let new = file("new.ndjson", &frame.slice(*cut as i64, frame.height() - cut));
        let live = format!("file:{}?follow=false", new.display());
        let got = answer(&open(&given(&[&old], &[live])), sql, Options::default());
        assert_eq!(got.fault, None, "{sql}");
        assert_same(&got.answer, &want.answer);
        assert!(got.rows.conserved() && got.rows.come_in == frame.height() as u64);
        look(&got);
    }
    want
}

/// Leaves of one table are of one moment, whatever is asked of them, and split anywhere.
#[test]
fn windowed_answers_are_joined_over_history_and_live() {
    let windows = "SELECT tumble(t, INTERVAL '10 seconds') AS w";
    let sql = format!(
        "WITH n AS ({windows}, count(*) AS n FROM r GROUP BY w), s AS ({windows}, k, count(*) AS c FROM r GROUP BY w, \
         k) SELECT n.w, n, sum(c) AS c FROM n JOIN s ON n.w = s.w GROUP BY n.w, n ORDER BY 1"
    );
    let want = at_every_cut(&sample(2_000, 6), &sql, &[0, 900, 2_000], |_| {});
    let counts = |name: &str| want.answer.column(name).unwrap().i64().unwrap().to_vec();
    assert!(want.answer.height() > 1 && counts("n") == counts("c"));
}

/// Levels of groups, the nearest row and comparisons with all rows of an answer: split anywhere, as all rows at once.
#[test]
fn levels_and_nearest_rows_are_those_of_all_rows() {
    let frame = sample(1_500, 8);
    for sql in [
        "SELECT k, tumble(t, INTERVAL '10 seconds') AS w, count(*) AS n, sum(v) AS s, grouping(k) AS g FROM r GROUP BY \
         CUBE (k, w) ORDER BY ALL",
        "SELECT a.k, count(*) AS n, sum(b.v) AS s FROM r AS a ASOF JOIN r AS b ON a.k = b.k AND a.t > b.t GROUP BY a.k \
         ORDER BY a.k",
        "SELECT DISTINCT ON (k) k, v, t FROM r ORDER BY k, v DESC, t",
        "SELECT k, max(v) AS m FROM r GROUP BY k HAVING max(v) >= ALL (SELECT v FROM r WHERE v IS NOT NULL) ORDER BY k",
        "SELECT k FROM r EXCEPT ALL SELECT k FROM r WHERE v > 0 ORDER BY k",
    ] {
        let want = at_every_cut(&frame, sql, &[0, 600, 1_500], |_| {});
        assert!(want.answer.height() > 0, "{sql}");
    }
}

/// The fusion law holds for them: history and live, split anywhere, are as all rows at once; and they follow the feed.
#[test]
fn a_question_about_an_answer_is_kept_up_to_date() {
    let frame = sample(2_000, 5);
    for sql in [
        "SELECT k, max(n) AS most, sum(s) AS s FROM (SELECT k, tumble(t, INTERVAL '10 seconds') AS w, count(*) AS n, \
         sum(v) AS s FROM r GROUP BY k, w) GROUP BY k",
        "WITH q AS (SELECT k, count(*) AS n FROM (SELECT * FROM r WHERE v > 0) GROUP BY k) SELECT * FROM q WHERE n > 2",
        "SELECT count(*) AS n FROM (SELECT DISTINCT k FROM r)",
    ] {
        at_every_cut(&frame, sql, &[0, 700, 2_000], |got| {
            assert!(!got.notes.iter().any(|note| note.starts_with("re-run")), "{:?}", got.notes);
        });
    }
}

#[test]
fn columns_of_the_lower_question_are_what_they_are_made_from() {
    let frame = rows(40, 1);
    let same = |below: &str, above: &str| {
        assert_same(&asked(&frame, below).unwrap(), &asked(&frame, above).unwrap());
    };
    same("SELECT sum(y) AS s FROM (SELECT w + 1 AS y FROM r) AS q", "SELECT sum(w + 1) AS s FROM r");
    same("SELECT 2 * y AS z FROM (SELECT w + 1 AS y FROM r WHERE w > 0)", "SELECT 2 * (w + 1) AS z FROM r WHERE w > 0");
    same("SELECT q.y, q.* FROM (SELECT w AS y, k FROM r) AS q", "SELECT w AS y, w AS y_1, k FROM r");
    same("SELECT * FROM (SELECT k, w FROM r ORDER BY w, t)", "SELECT k, w FROM r ORDER BY w, t");
    same("SELECT k, y FROM (SELECT *, w * 2 AS y FROM r WHERE w > 0) AS q", "SELECT k, w * 2 AS y FROM r WHERE w > 0");
    same("SELECT * FROM (SELECT w + 1 AS y, * FROM r)", "SELECT w + 1 AS y, * FROM r");
    same("SELECT * EXCLUDE (w, x) FROM (SELECT * FROM r) AS q", "SELECT k, v, t FROM r");
    same("SELECT q.* EXCEPT (W) FROM (SELECT k, w, v FROM r) AS q", "SELECT k, v FROM r");
    same("SELECT sum(w) AS s FROM (SELECT * EXCLUDE k FROM r)", "SELECT sum(w) AS s FROM r");
    // A window below, groups above.
    same(
        "SELECT s, count(*) AS n FROM (SELECT tumble(t, INTERVAL '10 seconds') AS s FROM r) GROUP BY s",
        "SELECT tumble(t, INTERVAL '10 seconds') AS s, count(*) AS n FROM r GROUP BY s",
    );
}

#[test]
fn a_lower_question_has_the_columns_that_it_names_and_no_others() {
    let frame = rows(3, 1);
    let refused = |sql: &str| asked(&frame, sql).unwrap_err();
    let sql = "SELECT count(*) FROM (SELECT k FROM r) AS q WHERE w > 1";
    let fault = refused(sql);
    assert_eq!((fault.what.as_str(), fault.span.map(|span| &sql[span])), ("there is no column 'w'", Some("w")));
    assert!(refused("SELECT r.k FROM (SELECT k FROM r) AS q").what.contains("no table 'r'"));
    assert!(refused("SELECT k FROM (SELECT nope FROM r)").what.contains("'k'"));
    assert!(refused("SELECT * EXCLUDE (nope) FROM r").what.contains("no column 'nope'"));
    assert!(refused("SELECT nope FROM (SELECT nope FROM r)").what.contains("no column 'nope'"));
}
