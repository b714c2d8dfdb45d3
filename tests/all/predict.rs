//! Models as SQL functions: `predict` and `predict_proba` in any expression, over history and live alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use braid::cli::wording;
use braid::data::format::write_frame;
use braid::data::{Fault, Result};
use braid::engine::skew::skew;
use braid::engine::{Options, Run, Table, scorer};
use braid::learn::model::{self, Saved};
use braid::learn::online::{Learner, Trees};
use braid::learn::question::Question;
use braid::query::model::{Model, Models, Score};
use braid::query::{InputTable, Partial, Plan, Query};
use braid::sync::Wake;
use polars::prelude::*;

use crate::run::{assert_same, given, open, wait};

/// A rule that is a model: "up" where `x` is above a threshold, else "down"; sure by the distance. Null has no score.
#[derive(Debug)]
struct Rule {
    inputs: Vec<PlSmallStr>,
    classes: Vec<String>,
    threshold: f64,
    /// Rows scored, and times it was asked of any.
    rows: AtomicU64,
    walks: AtomicU64,
}

impl Rule {
    fn new(threshold: f64) -> Arc<Self> {
        let classes = vec!["down".to_owned(), "it's up".to_owned()];
        Arc::new(Self {
            inputs: vec!["x".into()],
            classes,
            threshold,
            rows: AtomicU64::new(0),
            walks: AtomicU64::new(0),
        })
    }

    fn scored(&self) -> (u64, u64) {
        (self.rows.swap(0, Ordering::Relaxed), self.walks.swap(0, Ordering::Relaxed))
    }
}

impl Model for Rule {
    fn inputs(&self) -> &[PlSmallStr] {
        &self.inputs
    }

    fn output(&self) -> DataType {
        DataType::String
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn fingerprint(&self) -> u64 {
        self.threshold.to_bits()
    }

    fn score(&self, rows: &DataFrame, asked: &[Score]) -> Result<Vec<Column>> {
        assert_eq!(rows.get_column_names(), ["x"], "only what it reads");
        self.rows.fetch_add(rows.height() as u64, Ordering::Relaxed);
        self.walks.fetch_add(u64::from(rows.height() > 0), Ordering::Relaxed);
        let x = rows.column("x")?;
        if !x.dtype().is_primitive_numeric() {
            return Err(Fault::new(format!("'x' is {}", x.dtype())).hint("it was a number in training"));
        }
        let x = x.cast(&DataType::Float64)?;
        let up = |x: f64| 1.0 / (1.0 + (self.threshold - x).exp());
        let score = |score: &Score| match score {
            Score::Prediction => {
                let say = |x: f64| if x > self.threshold { "it's up" } else { "down" };
                StringChunked::from_iter_options("p".into(), x.f64().unwrap().iter().map(|x| x.map(say))).into_column()
            }
            Score::Probability(class) => {
                let p = |x: f64| if *class == 1 { up(x) } else { 1.0 - up(x) };
                x.f64()
                    .unwrap()
                    .iter()
                    .map(|x| x.map(p))
                    .collect::<Float64Chunked>()
                    .with_name("p".into())
                    .into_column()
            }
        };
        Ok(asked.iter().map(score).collect())
    }
}

fn models(rule: &Arc<Rule>) -> Models {
    let model: Arc<dyn Model> = rule.clone();
    Models::new([("m".to_owned(), model)])
}

fn rows(n: usize, seed: u64) -> DataFrame {
    let mut random = fastrand::Rng::with_seed(seed);
    let x: Vec<Option<f64>> = (0..n).map(|_| (random.u8(..10) > 0).then(|| random.f64() * 4.0 - 2.0)).collect();
    let label: Vec<&str> =
        x.iter().map(|x| if x.unwrap_or(0.0) + random.f64() - 0.5 > 0.0 { "it's up" } else { "down" }).collect();
    let key: Vec<&str> = (0..n).map(|_| ["a", "b", "c"][random.usize(..3)]).collect();
    let t = Int64Chunked::from_vec("t".into(), (0..n as i64).map(|i| i * 200_000).collect())
        .into_datetime(TimeUnit::Microseconds, None);
    let columns = vec![
        Column::new("x".into(), x),
        Column::new("label".into(), label),
        Column::new("k".into(), key),
        t.into_column(),
    ];
    DataFrame::new(n, columns).unwrap()
}

fn bind(sql: &str, schema: &SchemaRef, models: &Models) -> Result<Arc<Plan>> {
    Plan::with_models(
        &Query::parse(sql)?,
        sql,
        &[InputTable { name: "r", schema, time: Some("t"), commas: &[] }],
        models,
    )
    .map(Arc::new)
}

fn ask(sql: &str, frame: &DataFrame, models: &Models) -> DataFrame {
    let plan = bind(sql, frame.schema(), models).unwrap_or_else(|f| panic!("{sql}: {f}"));
    let mut partial = Partial::new(plan).unwrap();
    partial.absorb(frame, None).unwrap_or_else(|f| panic!("{sql}: {f}"));
    partial.answer(None).unwrap_or_else(|f| panic!("{sql}: {f}")).frame
}

/// The same rows with the scores as plain columns: what any question about scores must agree with.
fn scored(frame: &DataFrame, rule: &Rule) -> DataFrame {
    let asked = [Score::Prediction, Score::Probability(0), Score::Probability(1)];
    let scores = rule.score(&frame.select(["x"]).unwrap(), &asked).unwrap();
    let mut all = frame.clone();
    for (score, name) in scores.into_iter().zip(["p", "p0", "p1"]) {
        all.with_column(score.with_name(name.into())).unwrap();
    }
    all
}

#[test]
fn scores_stand_anywhere_that_a_column_can() {
    let rule = Rule::new(0.1);
    let (frame, models) = (rows(500, 1), models(&rule));
    let plain = scored(&frame, &rule);
    for sql in [
        "SELECT predict(m) AS p, count(*) AS n FROM r GROUP BY predict(m) ORDER BY n",
        "SELECT PREDICT(M) AS said, count(*) AS n FROM r GROUP BY said ORDER BY n",
        "SELECT predict('m') AS p, count(*) AS n FROM r GROUP BY 1 HAVING count(*) > 3 ORDER BY p",
        "SELECT k, avg(CASE WHEN predict(m) = label THEN 1.0 ELSE 0.0 END) AS accuracy FROM r GROUP BY k ORDER BY k",
        "SELECT k, count(*) FILTER (WHERE predict(m) = 'down' AND x < 0) AS n FROM r GROUP BY k ORDER BY k",
        "SELECT count(*) AS n, sum(predict_proba(m, 'it''s up') * 2) AS s, max(predict_proba(m, 'down')) AS d FROM r \
         WHERE predict(m) <> label",
        "SELECT x, predict(m) AS p, round(predict_proba(m, 'it''s up'), 3) AS u FROM r WHERE predict_proba(m, 'down') \
         > 0.4 ORDER BY x, p LIMIT 20",
        "SELECT k, predict(m) AS p, rank() OVER (PARTITION BY predict(m) ORDER BY predict_proba(m, 'down') DESC) AS \
         place FROM r QUALIFY place < 4 ORDER BY p, place, k",
        "SELECT k, avg(predict_proba(m, 'down')) OVER (PARTITION BY k) AS a, upper(predict(m)) AS u FROM r ORDER BY \
         k, u",
        "SELECT DISTINCT predict(m) AS p FROM r ORDER BY p",
        "SELECT tumble(t, INTERVAL '10 seconds') AS w, predict(m) AS p, count(*) AS n FROM r WHERE predict(m) IS NOT \
         NULL GROUP BY ALL ORDER BY w, p",
        "SELECT r.k, predict(m) IS NULL AS open, count(DISTINCT predict(m)) AS d FROM r GROUP BY k, open ORDER BY k, \
         open",
        "SELECT *, predict(m) AS p FROM r ORDER BY t LIMIT 7",
    ] {
        let by_hand = sql
            .replace("predict_proba(m, 'it''s up')", "p1")
            .replace("predict_proba(m, 'down')", "p0")
            .replace("predict(m)", "p")
            .replace("predict('m')", "p")
            .replace("PREDICT(M)", "p")
            .replace("SELECT *, p AS p", "SELECT x, label, k, t, p");
        let (got, want) = (ask(sql, &frame, &models), ask(&by_hand, &plain, &Models::default()));
        assert!(got.height() > 0, "{sql}");
        assert_same(&got, &want);
    }
}

#[test]
fn only_the_columns_that_the_model_reads_are_decoded() {
    let rule = Rule::new(0.0);
    let (frame, models) = (rows(10, 1), models(&rule));
    let columns = |sql: &str| bind(sql, frame.schema(), &models).unwrap().columns.clone();
    assert_eq!(columns("SELECT predict(m) AS p, count(*) FROM r GROUP BY p"), ["x"]);
    assert_eq!(columns("SELECT k, count(*) FROM r WHERE predict(m) = label GROUP BY k"), ["x", "label", "k"]);
    assert_eq!(columns("SELECT count(*) FROM r"), Vec::<PlSmallStr>::new());
}

#[test]
fn rows_that_where_leaves_out_are_not_scored_and_no_row_twice() {
    let rule = Rule::new(0.0);
    let (frame, models) = (rows(1_000, 3), models(&rule));
    let kept = frame.column("k").unwrap().str().unwrap().iter().filter(|k| *k == Some("a")).count() as u64;
    rule.scored();
    ask("SELECT predict(m) AS p, avg(predict_proba(m, 'down')) AS d FROM r WHERE k = 'a' GROUP BY p", &frame, &models);
    assert_eq!(rule.scored(), (kept, 1));
    ask(
        "SELECT predict(m) AS p, avg(predict_proba(m, 'down')) AS d FROM r WHERE predict(m) <> label GROUP BY p",
        &frame,
        &models,
    );
    assert_eq!(rule.scored(), (1_000, 1));
    ask("SELECT count(*) AS n FROM r", &frame, &models);
    assert_eq!(rule.scored(), (0, 0));
}

#[test]
fn what_cannot_be_asked_says_so_where_it_stands() {
    let rule = Rule::new(0.0);
    let frame = rows(5, 4);
    let two = Models::new([("m".to_owned(), rule.clone() as Arc<dyn Model>), ("number one".to_owned(), rule.clone())]);
    for (sql, what, hint, span) in [
        ("SELECT predict(n) FROM r", "no model 'n'", "m", "predict(n)"),
        ("SELECT predict() FROM r", "name of a model", "predict(model)", "predict()"),
        ("SELECT predict(m, 'down') FROM r", "nothing more", "predict(model)", "predict(m, 'down')"),
        (
            "SELECT k FROM r WHERE predict_proba(m) > 0.5",
            "one of its classes",
            "predict_proba(model, 'class')",
            "predict_proba(m)",
        ),
        (
            "SELECT predict_proba(m, 'sideways') AS p FROM r",
            "no class 'sideways'",
            "down, it's up",
            "predict_proba(m, 'sideways')",
        ),
        ("SELECT predict_proba(m, k) AS p FROM r", "written out", "predict_proba", "predict_proba(m, k)"),
        ("SELECT k, predict(m), count(*) FROM r GROUP BY k", "neither grouped by", "GROUP BY", "predict(m)"),
        (
            "SELECT predict(m) OVER (PARTITION BY k) FROM r",
            "each row by itself",
            "OVER",
            "predict(m) OVER (PARTITION BY k)",
        ),
        ("SELECT predikt(m) FROM r", "no function 'predikt'", "predict", "predikt(m)"),
    ] {
        let fault = bind(sql, frame.schema(), &two).unwrap_err();
        assert!(fault.what.contains(what) && fault.hint.to_string().contains(hint), "{sql}: {fault}");
        assert!(fault.place.starts_with("SQL, line 1"), "{sql}: {fault}");
        let pointed = &sql[fault.span.clone().unwrap()];
        assert!(span.starts_with(pointed) || pointed.starts_with(span), "{sql}: points at {pointed}");
    }
    let fault = bind("SELECT predict(m) FROM r", frame.schema(), &Models::default()).unwrap_err();
    assert!(wording::fault(&fault).contains("--model m=FILE"), "{fault}");
    let other = frame.drop("x").unwrap();
    let fault = bind("SELECT predict(m) FROM r", other.schema(), &two).unwrap_err();
    assert!(fault.what.contains("reads a column 'x'") && !fault.hint.is_empty(), "{fault}");
    let text = df!("x" => ["1"], "t" => [1_i64]).unwrap();
    let fault = bind("SELECT predict(m) FROM r", text.schema(), &two).unwrap_err();
    assert!(fault.what.contains("cannot read") && fault.hint.to_string().contains("training"), "{fault}");
}

#[test]
fn a_saved_answer_may_have_a_column_named_like_a_score() {
    let rule = Rule::new(0.0);
    let frame = df!("predict(m)" => ["old", "old"], "x" => [1.0, -1.0], "t" => [1_i64, 2]).unwrap();
    let answer = ask("SELECT \"predict(m)\" AS was, predict(m) AS is FROM r ORDER BY x", &frame, &models(&rule));
    assert_same(&answer, &df!("was" => ["old", "old"], "is" => ["down", "it's up"]).unwrap());
}

const PREQUENTIAL: &str = "SELECT tumble(t, INTERVAL '1 minute') AS w, predict(m) AS said, avg(CASE WHEN predict(m) = \
                           label THEN 1.0 ELSE 0.0 END) AS accuracy, count(*) AS n, avg(predict_proba(m, 'down')) AS \
                           sure, stddev(predict_proba(m, 'it''s up')) AS sd FROM r WHERE predict_proba(m, 'down') < \
                           0.8 OR x IS NULL GROUP BY w, said";

#[test]
fn any_cut_of_the_rows_gives_the_same_accuracy_bit_for_bit() {
    let rule = Rule::new(0.2);
    let models = models(&rule);
    let frame = rows(3_000, 5);
    let whole = ask(PREQUENTIAL, &frame, &models);
    assert!(whole.height() > 20);
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let plan = bind(PREQUENTIAL, frame.schema(), &models).unwrap();
        let mut workers: Vec<Partial> = (0..3).map(|_| Partial::new(plan.clone()).unwrap()).collect();
        let mut at = 0;
        while at < 3_000 {
            let height = random.usize(1..400);
            workers[random.usize(..3)].absorb(&frame.slice(at, height), None).unwrap();
            at += height as i64;
        }
        let mut merged = Partial::new(plan).unwrap();
        workers.iter().for_each(|w| merged.merge(&w.to_frame().unwrap()).unwrap());
        assert_same(&merged.answer(None).unwrap().frame, &whole);
    }
}

fn start(table: &Table, sql: &str, models: &Models, options: Options) -> Run {
    let plan = Plan::with_models(&Query::parse(sql).unwrap(), sql, &[table.input("r")], models)
        .unwrap_or_else(|f| panic!("{sql}: {f}"));
    Run::start(Arc::new(plan), Arc::new(table.clone()), options, Wake::silent()).unwrap_or_else(|f| panic!("{f}"))
}

#[test]
fn history_live_and_both_give_the_same_accuracy() {
    let rule = Rule::new(0.2);
    let models = models(&rule);
    let folder = tempfile::tempdir().unwrap();
    let frame = rows(2_000, 6);
    let whole = ask(PREQUENTIAL, &frame, &models);
    for cut in [0, 1, 700, 2_000] {
        let (old, new) =
            (folder.path().join(format!("old{cut}.parquet")), folder.path().join(format!("new{cut}.ndjson")));
        write_frame(&frame.head(Some(cut)), &old).unwrap();
        write_frame(&frame.slice(cut as i64, 2_000), &new).unwrap();
        let history = if cut > 0 { vec![old.as_path()] } else { vec![] };
        let live = if cut < 2_000 { vec![format!("file:{}?follow=false", new.display())] } else { vec![] };
        let last = wait(
            &start(&open(&given(&history, &live)), PREQUENTIAL, &models, Options { threads: 2, ..Options::default() }),
            |s| s.last,
        );
        assert_eq!(last.fault, None);
        assert!(last.rows.conserved() && last.rows.come_in == 2_000, "{:?}", last.rows);
        assert_same(&last.answer, &whole);
    }
}

#[test]
fn late_rows_are_set_aside_without_their_scores_and_scored_again_when_readmitted() {
    let rule = Rule::new(0.2);
    let models = models(&rule);
    let frame = rows(1_000, 7);
    let plan = bind(PREQUENTIAL, frame.schema(), &models).unwrap();
    let mut partial = Partial::new(plan).unwrap();
    partial.absorb(&frame.slice(500, 500), None).unwrap();
    let absorbed = partial.absorb(&frame.head(Some(500)), Some(60_000_000)).unwrap();
    let late = absorbed.late.unwrap();
    assert_eq!(late.get_column_names(), frame.get_column_names());
    assert!(late.height() > 100);
    partial.readmit(&late, &[60_000_000]).unwrap();
    assert_same(&partial.answer(None).unwrap().frame, &ask(PREQUENTIAL, &frame, &models));
}

#[test]
fn a_question_that_is_asked_again_knows_the_scores() {
    let rule = Rule::new(0.0);
    let models = models(&rule);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.parquet");
    let frame = rows(800, 8);
    write_frame(&frame, &path).unwrap();
    let table = open(&given(&[&path], &[]));
    let sql = "WITH s AS (SELECT k, predict(m) AS p, predict_proba(m, 'it''s up') AS u FROM r) SELECT k, p, count(*) \
               AS n, max(u) AS u FROM s GROUP BY k, p";
    let last = wait(&start(&table, sql, &models, Options::default()), |s| s.last);
    assert_eq!(last.fault, None);
    let want = ask(
        "SELECT k, predict(m) AS p, count(*) AS n, max(predict_proba(m, 'it''s up')) AS u FROM r GROUP BY k, p",
        &frame,
        &models,
    );
    assert_same(
        &last.answer.sort(["k", "p"], SortMultipleOptions::default()).unwrap(),
        &want.sort(["k", "p"], SortMultipleOptions::default()).unwrap(),
    );
    let sql = "SELECT * FROM r WHERE predict(m) = 'down' UNION ALL SELECT * FROM r WHERE predict(m) IS \
               DISTINCT FROM 'down'";
    let last = wait(&start(&table, sql, &models, Options::default()), |s| s.last);
    assert_eq!((last.fault.clone(), last.answer.height()), (None, 800));
    let sql = "SELECT * FROM r WHERE k IN (SELECT k FROM r WHERE predict(none) = 'down')";
    let fault = Plan::with_models(&Query::parse(sql).unwrap(), sql, &[table.input("r")], &models).unwrap_err();
    assert!(fault.what.contains("no model 'none'") && !fault.hint.is_empty(), "{fault}");
}

#[test]
fn a_joined_question_scores_after_the_join_but_does_not_join_by_a_score() {
    let rule = Rule::new(0.0);
    let models = models(&rule);
    let frame = df!("id" => [1_i64, 2, 3], "name" => ["a", "b", "c"]).unwrap();
    let features = df!("id" => [1_i64, 2], "x" => [1.0, -1.0]).unwrap();
    let bind = |sql: &str| {
        let inputs = [
            InputTable { name: "r", schema: frame.schema(), time: None, commas: &[] },
            InputTable { name: "f", schema: features.schema(), time: None, commas: &[] },
        ];
        Plan::with_models(&Query::parse(sql).unwrap(), sql, &inputs, &models)
    };
    let plan = bind("SELECT name, predict(m) AS p FROM r JOIN f USING (id)").unwrap();
    assert_eq!(plan.columns, ["id", "name"]);
    assert!(plan.join.as_ref().unwrap().columns.contains(&"x".into()));
    let fault = bind("SELECT name FROM r JOIN f ON r.id = f.id AND predict(m) = 'down'").unwrap_err();
    assert!(fault.what.contains("joined by the score"), "{fault}");

    let folder = tempfile::tempdir().unwrap();
    let paths = [folder.path().join("r.parquet"), folder.path().join("f.parquet")];
    write_frame(&frame, &paths[0]).unwrap();
    write_frame(&features, &paths[1]).unwrap();
    let mut tables = paths.iter().zip(["r", "f"]).map(|(path, name)| {
        let given = braid::engine::open::Given {
            name: name.into(),
            history: vec![path.display().to_string()],
            ..Default::default()
        };
        Arc::new(open(&given))
    });
    let (first, second) = (tables.next().unwrap(), tables.next().unwrap());
    let options = Options { datasets: vec![second], ..Options::default() };
    let run = Run::start(Arc::new(plan), first, options, Wake::silent()).unwrap();
    let last = wait(&run, |s| s.last);
    assert_same(&last.answer, &df!("name" => ["a", "b"], "p" => ["it's up", "down"]).unwrap());
}

#[test]
fn another_model_of_the_same_name_does_not_go_on_with_the_counts_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (folder.path().join("old.parquet"), folder.path().join("new.ndjson"));
    let frame = rows(1_000, 9);
    write_frame(&frame.head(Some(600)), &old).unwrap();
    write_frame(&frame.slice(600, 400), &new).unwrap();
    let table = open(&given(&[&old], &[format!("file:{}?follow=false", new.display())]));
    let sql = "SELECT predict(m) AS p, count(*) AS n FROM r GROUP BY p ORDER BY p";
    let options = || Options { workspace: Some(folder.path().join("workspace")), ..Options::default() };
    for threshold in [0.0, 0.0, 1.0, 0.0] {
        let models = models(&Rule::new(threshold));
        // The threads of the run before may still hold the checkpoints for a moment.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let run = loop {
            let plan = Plan::with_models(&Query::parse(sql).unwrap(), sql, &[table.input("r")], &models).unwrap();
            match Run::start(Arc::new(plan), Arc::new(table.clone()), options(), Wake::silent()) {
                Ok(run) => break run,
                Err(fault) => assert!(
                    fault.what.contains("in this workspace already") && std::time::Instant::now() < until,
                    "{fault}"
                ),
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        let last = wait(&run, |s| s.last);
        assert_eq!(last.fault, None);
        assert_same(&last.answer, &ask(sql, &frame, &models));
    }
    assert_eq!(std::fs::read_dir(folder.path().join("workspace/checkpoints")).unwrap().count(), 2, "one a model");
}

#[test]
fn the_same_rows_from_a_file_and_from_a_feed_score_the_same_bit_for_bit_and_a_difference_is_told() {
    let rule = Rule::new(0.2);
    let folder = tempfile::tempdir().unwrap();
    let mut frame = rows(500, 11);
    frame.with_column(Column::new("id".into(), (0..500_i64).collect::<Vec<_>>())).unwrap();
    let (old, new) = (folder.path().join("old.csv"), folder.path().join("new.ndjson"));
    write_frame(&frame, &old).unwrap();
    write_frame(&frame.slice(300, 200), &new).unwrap();
    let sql = "SELECT id, x FROM r";
    let read =
        |table: &Table| wait(&start(table, sql, &Models::default(), Options::default()), |s| s.last).answer.clone();
    let offline = read(&open(&given(&[&old], &[])));
    let online = read(&open(&given(&[], &[format!("file:{}?follow=false", new.display())])));
    let found = skew(rule.as_ref(), "id", &offline, &online).unwrap();
    assert_eq!((found.compared, found.unequal, found.alone, found.holds()), (200, 0, 300, true), "{found:?}");

    let mut moved = online.clone();
    let x = moved
        .column("x")
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(i, x)| if i == 7 { Some(1.0) } else { x.map(|x| x + if i == 9 { 1e-13 } else { 0.0 }) });
    let x: Float64Chunked = x.collect();
    moved.with_column(x.with_name("x".into()).into_column()).unwrap();
    let found = skew(rule.as_ref(), "id", &offline, &moved).unwrap();
    assert_eq!((found.compared, found.features.as_slice()), (200, &[("x".to_owned(), 2)][..]));
    assert!((1..=2).contains(&found.unequal) && !found.holds(), "{found:?}");
    assert!(found.examples.iter().any(|e| e.key == "307" && e.offline != e.online), "{found:?}");
    assert!(skew(rule.as_ref(), "nr", &offline, &online).unwrap_err().what.contains("'nr'"));
}

/// A real forest over the rows, in a file.
fn forest(frame: &DataFrame, folder: &std::path::Path) -> std::path::PathBuf {
    let question =
        Question { target: "label".to_owned(), features: vec!["x".to_owned(), "k".to_owned()], ..Question::default() };
    let trees = Trees::new(question, frame).unwrap();
    let (forest, _) = trees.fit(frame, 15, 3).unwrap();
    let path = folder.join("forest.json");
    model::save(&Saved::new(forest.clone()), &path).unwrap();
    path
}

#[test]
fn a_forest_scores_in_sql_as_it_does_by_itself_over_history_and_live() {
    let folder = tempfile::tempdir().unwrap();
    let frame = rows(1_500, 12);
    let path = forest(&frame, folder.path());
    let models = scorer::load([("m", path.as_path())]).unwrap();
    let by_itself = model::load(&path).unwrap().forest.predict(&frame).unwrap();
    let answer = ask("SELECT t, predict(m) AS p FROM r ORDER BY t", &frame, &models);
    assert_eq!(
        answer.column("p").unwrap().str().unwrap().iter().collect::<Vec<_>>(),
        by_itself.str().unwrap().iter().collect::<Vec<_>>()
    );
    assert!(by_itself.null_count() > 0, "rows without x have no score");
    let sql =
        "SELECT k, predict(m) AS said, count(*) AS n, avg(predict_proba(m, 'it''s up')) AS p FROM r GROUP BY k, said";
    let whole = ask(sql, &frame, &models);
    let (old, new) = (folder.path().join("old.parquet"), folder.path().join("new.ndjson"));
    write_frame(&frame.head(Some(900)), &old).unwrap();
    write_frame(&frame.slice(900, 600), &new).unwrap();
    let table = open(&given(&[&old], &[format!("file:{}?follow=false", new.display())]));
    let last = wait(&start(&table, sql, &models, Options { threads: 2, ..Options::default() }), |s| s.last);
    assert_same(&last.answer, &whole);
    let (_, model) = models.find("m", true).unwrap();
    let mut keyed = frame.clone();
    keyed.with_column(Column::new("id".into(), (0..1_500_i64).collect::<Vec<_>>())).unwrap();
    assert!(skew(model.as_ref(), "id", &keyed, &keyed.slice(100, 50)).unwrap().holds());
}

#[test]
fn two_forests_have_two_fingerprints_and_one_read_again_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let print = |seed| {
        let path = forest(&rows(300, seed), folder.path());
        let load = || scorer::load([("m", path.as_path())]).unwrap().find("m", true).unwrap().1.fingerprint();
        assert_eq!(load(), load());
        load()
    };
    assert_ne!(print(1), print(2));
}

#[test]
fn the_command_line_asks_models_and_says_what_is_wrong_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let frame = rows(400, 13);
    let (model, data) = (forest(&frame, folder.path()), folder.path().join("r.parquet"));
    write_frame(&frame, &data).unwrap();
    let run = |sql: &str, model: &str| {
        let history = format!("r={}", data.display());
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_braid"))
            .args(["run", "--history", &history, "--model", model, "--sql", sql])
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let given = format!("m={}", model.display());
    let (code, out, err) =
        run("SELECT predict(m) AS said, count(*) AS n FROM r WHERE x IS NOT NULL GROUP BY said ORDER BY said", &given);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("said,n\ndown,") && out.contains("it's up,"), "{out}");
    let (code, _, err) = run("SELECT predict(n) AS said FROM r", &given);
    assert!(code == Some(1) && err.contains("no model 'n'"), "{err}");
    let (code, _, err) = run("SELECT predict(m) AS said FROM r", "m=nowhere.json");
    assert!(code == Some(1) && err.contains("nowhere.json"), "{err}");
    let (code, _, err) = run("SELECT predict(m) AS said FROM r", "m");
    assert!(code == Some(2) && err.contains("NAME=FILE"), "{err}");
    let twice = std::process::Command::new(env!("CARGO_BIN_EXE_braid"))
        .args(["run", "--model", "m=a", "--model", "M=b", "--sql", ""])
        .output()
        .unwrap();
    assert!(
        twice.status.code() == Some(2) && String::from_utf8_lossy(&twice.stderr).contains("two models are called 'M'")
    );
}
