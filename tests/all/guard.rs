//! The guard of a model over live rows: no drift makes nothing stale, drift does and says since when; every row is
//! counted, scored twice and alike; what learns on the way is a model as good; and what a feed lacks has a defined
//! answer.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::data::format::write_frame;
use braid::data::{Fault, Result};
use braid::engine::guard::{Contender, GuardSettings, GuardStatus, RetrainedForest, guard, window_rows};
use braid::engine::open::{Given, attach_feed, open_table};
use braid::engine::reached::PartitionPosition;
use braid::engine::train::{HoldOut, Target, Trained, TrainingRows, TrainingSpec, train_on_table};
use braid::engine::train::{Training, train};
use braid::engine::{Job, Reached, Sampling, Table, TablePosition};
use braid::learn::drift::{Baseline, Binning, Level, StaleReason};
use braid::learn::forest::{Forest, Missing};
use braid::learn::model::{self, Saved};
use braid::learn::question::Question;
use braid::sync::{Cancel, Latest, Wake};
use fastrand::Rng;
use polars::prelude::*;
use tungstenite::Message;

const FEATURES: [&str; 3] = ["way", "load", "town"];
const SECOND: i64 = 1_000_000;

/// Late go those of a long way; after the change those of a short one, and loads are others.
fn trips(random: &mut Rng, rows: usize, from: i64, changed: bool) -> DataFrame {
    let way: Vec<f64> = (0..rows).map(|_| random.f64() * 100.0).collect();
    let load: Vec<Option<f64>> = (0..rows)
        .map(|_| (random.u8(..50) > 0).then(|| random.f64() * 10.0 + if changed { 6.0 } else { 0.0 }))
        .collect();
    let town: Vec<&str> = (0..rows).map(|_| ["Rome", "Oslo", "Lima"][random.usize(..3)]).collect();
    let late: Vec<bool> = way.iter().map(|way| ((way + random.f64() * 10.0) > 55.0) != changed).collect();
    let at = Int64Chunked::from_vec("at".into(), (0..rows as i64).map(|i| (from + i) * SECOND).collect())
        .into_datetime(TimeUnit::Microseconds, None);
    let minutes: Vec<f64> = way.iter().map(|way| way / 2.0 + if changed { 20.0 } else { 0.0 } + random.f64()).collect();
    let columns = [
        Column::new("way".into(), way),
        Column::new("load".into(), load),
        Column::new("town".into(), town),
        Column::new("late".into(), late),
    ];
    let more = [Column::new("minutes".into(), minutes), at.into_column()];
    DataFrame::new(rows, columns.into_iter().chain(more).collect()).unwrap()
}

fn end<T: Send + 'static>(job: &mut Job<T>) -> Result<T> {
    let since = Instant::now();
    loop {
        if let Some(outcome) = job.take() {
            return outcome;
        }
        assert!(since.elapsed() < Duration::from_secs(120), "{:?}", job.progress());
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn forest(rows: &DataFrame, target: &str, trees: usize) -> Arc<Forest> {
    let question = Question {
        target: target.to_owned(),
        features: FEATURES.map(str::to_owned).to_vec(),
        task: None,
        missing: Missing::Drop,
        coarse: false,
    };
    let (complete, _) = question.complete(rows).unwrap();
    end(&mut train(complete, Training { question, trees, ..Training::default() }, Wake::silent())).unwrap().into()
}

fn write(folder: &Path, name: &str, rows: &DataFrame) -> PathBuf {
    let path = folder.join(name);
    write_frame(rows, &path).unwrap();
    path
}

fn table(live: &[String], history: &[&Path]) -> Table {
    let given = Given {
        name: "trips".into(),
        history: history.iter().map(|p| p.display().to_string()).collect(),
        live: live.to_vec(),
        time: Some("at".into()),
        lateness: Some(Duration::from_secs(10)),
        seam: None,
        rests: false,
    };
    open_table(&given, Duration::from_secs(30), &Cancel::new()).unwrap_or_else(|f| panic!("{f}"))
}

fn replay(path: &Path) -> String {
    format!("replay:{}?speed=max", path.display())
}

fn target(name: &str) -> Target {
    Target { name: name.to_owned(), sql: None }
}

/// What is guarded by default: the target `late`, windows of 1,000 rows, from the first live row on.
fn guarding(table: Table, forest: &Arc<Forest>, history: &DataFrame) -> GuardSettings {
    let baseline = Baseline::new(history, FEATURES).unwrap();
    GuardSettings {
        table: table.into(),
        target: target("late"),
        forest: forest.clone(),
        baseline: Some(baseline.into()),
        trained: None,
        reached: Reached::default(),
        window_rows: 1_000,
    }
}

fn watch(guarding: GuardSettings) -> Result<GuardStatus> {
    let watched = end(&mut guard(guarding, Latest::default(), Latest::default(), Wake::silent()))?;
    conserved(&watched);
    Ok(watched)
}

/// Every row is scored twice, alike; none is lost.
fn conserved(watched: &GuardStatus) {
    let skew = &watched.skew;
    assert_eq!((skew.compared as u64, skew.unequal, skew.alone), (watched.rows, 0, 0), "{skew:?} {:?}", watched.notes);
    assert!(
        watched.tested <= watched.labelled
            && watched.labelled <= watched.rows
            && watched.tested + watched.lacking <= watched.rows + watched.labelled
    );
    assert!(watched.ended);
}

#[test]
fn without_drift_no_model_goes_stale_but_by_the_rarest_chance() {
    let folder = tempfile::tempdir().unwrap();
    let history = trips(&mut Rng::with_seed(1), 6_000, 0, false);
    let forest = forest(&history, "late", 12);
    let mut alarms = Vec::new();
    for seed in 0..40 {
        let path = write(
            folder.path(),
            &format!("{seed}.parquet"),
            &trips(&mut Rng::with_seed(100 + seed), 4_000, 6_000, false),
        );
        let watched = watch(guarding(table(&[replay(&path)], &[]), &forest, &history)).unwrap();
        assert_eq!((watched.rows, watched.labelled), (4_000, 4_000));
        assert_eq!(watched.tested + watched.lacking, 4_000, "a row that lacks a value gets no score");
        assert!(watched.lacking > 20);
        alarms.extend(watched.stale);
    }
    // ADWIN's chance is 0.002 a stream, that of the features 0.01 a window at most.
    assert!(alarms.len() <= 1, "{alarms:?}");
}

#[test]
fn drift_of_features_and_of_the_truth_makes_a_model_stale_and_says_since_when() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(2);
    let history = trips(&mut random, 5_000, 0, false);
    let forest = forest(&history, "late", 20);
    let live = trips(&mut random, 3_000, 5_000, false).vstack(&trips(&mut random, 5_000, 8_000, true)).unwrap();
    let path = write(folder.path(), "live.parquet", &live);
    let watched = watch(guarding(table(&[replay(&path)], &[]), &forest, &history)).unwrap();
    let stale = |reason: &StaleReason| {
        watched.stale.iter().find(|s| s.reason == *reason).unwrap_or_else(|| panic!("{reason:?}: {:?}", watched.stale))
    };
    let feature = stale(&StaleReason::Feature("load".to_owned()));
    assert!((7_000 * SECOND..=9_100 * SECOND).contains(&feature.since), "{feature:?}");
    let error = stale(&StaleReason::Error);
    assert!((8_000 * SECOND..=8_500 * SECOND).contains(&error.since), "{error:?}");
    assert!(watched.stale.iter().all(|s| s.reason != StaleReason::Feature("town".to_owned())));
    assert!(watched.moments.iter().any(|m| m.worse && m.at == error.since), "the moment is marked");
    let level = |name: &str| watched.features.iter().find(|f| f.name == name).unwrap().level;
    assert_eq!((level("load"), level("town"), level("way")), (Level::Stale, Level::Same, Level::Same));
    // Whoever trains on what came since trains on rows of the new kind, nearly all of them.
    assert!((4_900..=6_100).contains(&watched.rows_since_change()), "{}", watched.rows_since_change());
    // The curve keeps every row that was tested, but those of the last point.
    let drawn: u64 = watched.curve.iter().map(|p| p.rows).sum();
    assert!(drawn <= watched.tested && drawn + 100 >= watched.tested);
    assert!(watched.curve[5].error[0] < 0.2 && watched.curve.last().unwrap().error[0] > 0.8);

    // The committee was trained on the stream what the model in use does not know.
    let (champion, fused) =
        (watched.standing(Contender::Champion).unwrap(), watched.standing(Contender::Fused).unwrap());
    assert_eq!(champion.rows, fused.rows, "on the same rows");
    assert!(champion.error > 0.8 && fused.error < 0.2, "{champion:?} {fused:?}");
    let fresh = watched.fused.clone().expect("its trees are a forest");
    assert!(fresh.fresh_trees > 0 && fresh.forest.trees.len() == 20);
    let after = trips(&mut random, 2_000, 13_000, true);
    let path = write(folder.path(), "after.parquet", &after);
    let mut swapped = guarding(table(&[replay(&path)], &[]), &fresh.forest, &history);
    swapped.baseline = Some(fresh.baseline.clone());
    let watched = watch(swapped).unwrap();
    assert!(watched.stale.is_empty(), "{:?}", watched.stale);
    assert!(watched.standing(Contender::Champion).unwrap().error < 0.2);
}

#[test]
fn a_guard_begins_behind_the_rows_of_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(3);
    let live = trips(&mut random, 5_000, 0, false);
    let path = write(folder.path(), "live.parquet", &live);
    let table = table(&[replay(&path)], &[]);
    let at = |next| Reached {
        partitions: vec![PartitionPosition {
            feed: 0,
            partition: 0,
            start: 0,
            epoch: 0,
            next,
            newest: None,
            number: None,
            missing: 0,
        }],
        ..Reached::default()
    };
    let learned = lesson(&table, at(3_000), Sampling::Spread(100_000), HoldOut::Share(0.2), None);
    assert_eq!((learned.report.seen, learned.until.of(&table)), (3_000, Some(&at(3_000))));
    assert_eq!(
        learned.until.of(&self::table(&[format!("{}&seed=1", replay(&path))], &[])),
        None,
        "of another feed it says nothing"
    );
    let mut guarding = guarding(table, &learned.forest, &live);
    guarding.trained = Some(learned.until.clone());
    guarding.baseline = Some(learned.baseline.clone());
    let watched = watch(guarding).unwrap();
    assert!(watched.from_training);
    assert_eq!((watched.rows, watched.reached.partitions[0].next), (2_000, 5_000));
}

fn lesson(
    table: &Table,
    reached: Reached,
    sampling: Sampling,
    test: HoldOut,
    champion: Option<Arc<Forest>>,
) -> Trained {
    let question = Question {
        target: "late".to_owned(),
        features: FEATURES.map(str::to_owned).to_vec(),
        task: None,
        missing: Missing::Drop,
        coarse: false,
    };
    let training = Training { question, trees: 15, ..Training::default() };
    let spec = TrainingSpec {
        table: Arc::new(table.clone()),
        reached,
        target: target("late"),
        training,
        rows: TrainingRows::Sample(sampling),
        test,
        champion,
    };
    end(&mut train_on_table(spec, Latest::default(), Wake::silent())).unwrap()
}

#[test]
fn retraining_on_the_newest_rows_is_judged_on_the_same_rows_as_the_champion() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(4);
    let history = trips(&mut random, 4_000, 0, false);
    let forest = forest(&history, "late", 15);
    let live = trips(&mut random, 1_000, 4_000, false).vstack(&trips(&mut random, 3_000, 5_000, true)).unwrap();
    let path = write(folder.path(), "live.parquet", &live);
    let old = write(folder.path(), "history.parquet", &history);
    let table = table(&[replay(&path)], &[&old]);
    let watched = watch(guarding(table.clone(), &forest, &history)).unwrap();
    assert_eq!(watched.rows, 4_000, "history is not watched");
    let newest = watched.rows_since_change() as usize;
    let learned = lesson(&table, watched.reached.clone(), Sampling::Newest(newest), HoldOut::Newest(0.2), Some(forest));
    let (new, old) = (learned.report.verdict.score().unwrap(), learned.champion.as_ref().unwrap().1.score().unwrap());
    assert_eq!(learned.report.verdict.rows, learned.champion.as_ref().unwrap().1.rows);
    assert!(new > 0.8 && old < 0.2, "{new} {old}");
    assert_eq!(learned.report.seen, 8_000);
}

#[test]
fn a_challenger_of_numbers_takes_part_as_soon_as_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(5);
    let history = trips(&mut random, 3_000, 0, false);
    let new = forest(&trips(&mut random, 3_000, 0, true), "minutes", 10);
    let old = forest(&history, "minutes", 10);
    let live = trips(&mut random, 1_500, 3_000, false).vstack(&trips(&mut random, 1_500, 4_500, true)).unwrap();
    let path = write(folder.path(), "live.parquet", &live);
    let mut guarding = guarding(table(&[replay(&path)], &[]), &old, &history);
    guarding.target = target("minutes");
    let with = |until: Option<TablePosition>| {
        let retrained = Latest::default();
        retrained.put(RetrainedForest { forest: new.clone(), until });
        end(&mut guard(guarding.clone(), retrained, Latest::default(), Wake::silent())).unwrap()
    };
    let watched = with(None);
    conserved(&watched);
    assert!(watched.stale.iter().any(|s| s.reason == StaleReason::Error), "{:?}", watched.stale);
    let (champion, challenger) =
        (watched.standing(Contender::Champion).unwrap(), watched.standing(Contender::Retrained).unwrap());
    assert!(champion.error > 15.0 && challenger.error < 3.0, "mean absolute errors: {champion:?} {challenger:?}");
    assert!(
        champion.rmse >= champion.error && champion.r2 < 0.0 && challenger.rmse < 4.0 && challenger.r2 > 0.95,
        "{champion:?} {challenger:?}"
    );
    assert!(watched.curve.first().unwrap().error[2] > 15.0, "before the change it was the other way round");
    // It is not tested on rows that it was trained on.
    let trained = with(Some(TablePosition::new(&guarding.table, watched.reached.clone())));
    assert!(trained.rows == watched.rows && trained.standing(Contender::Retrained).is_none());
}

#[test]
fn a_committee_of_numbers_learns_from_the_stream_and_could_take_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(15);
    let history = trips(&mut random, 3_000, 0, false);
    let model = forest(&history, "minutes", 12);
    let live = trips(&mut random, 2_000, 3_000, false).vstack(&trips(&mut random, 4_000, 5_000, true)).unwrap();
    let path = write(folder.path(), "live.parquet", &live);
    let mut guarding = guarding(table(&[replay(&path)], &[]), &model, &history);
    guarding.target = target("minutes");
    let watched = watch(guarding.clone()).unwrap();
    let (champion, fused) =
        (watched.standing(Contender::Champion).unwrap(), watched.standing(Contender::Fused).unwrap());
    assert_eq!((champion.rows, champion.since, champion.all), (fused.rows, fused.since, fused.all), "on the same rows");
    assert!(champion.error > 15.0 && champion.r2 < 0.0, "{champion:?}");
    assert!(fused.error < 3.0 && fused.r2 > 0.9, "{fused:?}");
    let fresh = watched.fused.clone().expect("its trees are a forest");
    assert!(fresh.fresh_trees > 0 && fresh.forest.trees.len() == 12 && fresh.baseline.rows > 0);
    let path = write(folder.path(), "after.parquet", &trips(&mut random, 2_000, 9_000, true));
    let swapped = GuardSettings {
        table: table(&[replay(&path)], &[]).into(),
        forest: fresh.forest.clone(),
        baseline: Some(fresh.baseline.clone()),
        ..guarding
    };
    let watched = watch(swapped).unwrap();
    assert!(watched.stale.is_empty(), "{:?}", watched.stale);
    assert!(watched.standing(Contender::Champion).unwrap().error < 3.0);
}

#[test]
fn all_who_take_part_are_compared_on_the_same_rows_since_the_last_of_them_came() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(16);
    let history = trips(&mut random, 2_000, 0, false);
    let (model, new) = (forest(&history, "late", 6), forest(&history, "late", 7));
    let path = write(folder.path(), "live.parquet", &trips(&mut random, 4_000, 2_000, false));
    // The second half comes once somebody else takes part.
    let (shelf, retrained) = (Latest::<GuardStatus>::default(), Latest::default());
    let slow = format!("replay:{}?speed=max", path.display());
    let first = write(folder.path(), "first.parquet", &trips(&mut random, 10, 1_000, false));
    let both = table(&[format!("replay:{}?rate=20", first.display()), slow], &[]);
    let mut job = guard(guarding(both, &model, &history), retrained.clone(), shelf.clone(), Wake::silent());
    while shelf.get().is_none_or(|w| w.rows < 4_001) && job.progress().note != "every feed has ended" {
        std::thread::sleep(Duration::from_millis(2));
    }
    retrained.put(RetrainedForest { forest: new, until: None });
    let watched = end(&mut job).unwrap();
    conserved(&watched);
    let [champion, fused, retrained] = watched.standings[..] else { panic!("{:?}", watched.standings) };
    for other in [fused, retrained] {
        assert_eq!(
            (champion.rows, champion.since, champion.all, champion.all_since),
            (other.rows, other.since, other.all, other.all_since)
        );
    }
    assert!((1..=9).contains(&champion.all) && champion.all == champion.rows, "only what came since: {champion:?}");
}

#[test]
fn a_feed_that_lacks_labels_or_a_feature_has_an_answer_and_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(6);
    let history = trips(&mut random, 3_000, 0, false);
    let old = write(folder.path(), "history.parquet", &history);
    let model = forest(&history, "late", 8);
    let live = trips(&mut random, 2_500, 3_000, true);
    let said = |watched: &GuardStatus, words: &str| {
        assert!(watched.notes.iter().any(|n| n.contains(words)), "{words}: {:?}", watched.notes)
    };

    let path = write(folder.path(), "unlabelled.parquet", &live.drop("late").unwrap());
    let watched = watch(guarding(table(&[replay(&path)], &[&old]), &model, &history)).unwrap();
    said(&watched, "has no 'late'");
    assert_eq!((watched.rows, watched.labelled), (2_500, 0));
    assert!(watched.curve.is_empty() && watched.standings.is_empty() && watched.fused.is_none());
    assert!(
        watched.stale.iter().any(|s| s.reason == StaleReason::Feature("load".to_owned())),
        "features are watched without labels"
    );

    let path = write(folder.path(), "half.parquet", &live.drop("way").unwrap());
    let watched = watch(guarding(table(&[replay(&path)], &[&old]), &model, &history)).unwrap();
    said(&watched, "has no 'way'");
    assert_eq!(
        (watched.rows, watched.lacking, watched.tested),
        (2_500, 2_500, 0),
        "without the value there is no score"
    );
    let of_way: Vec<_> = watched.stale.iter().filter(|s| s.reason.to_string().contains("'way'")).collect();
    let [stale] = of_way[..] else { panic!("one reason: {:?}", watched.stale) };
    assert_eq!((&stale.reason, stale.since), (&StaleReason::Lacks("way".to_owned()), 3_000 * SECOND));
    assert_eq!(stale.reason.to_string(), "the feed has no values of 'way'");
    assert!(
        !stale.evidence.contains("PSI") && watched.features.iter().any(|f| f.absent && f.psi.is_nan()),
        "{stale:?}"
    );
    assert_eq!((watched.skew.compared, watched.skew.unscored, watched.skew.scored()), (2_500, 2_500, 0));

    // The same of one that brings nulls from some row on, exactly since that row.
    let way: Float64Chunked =
        live.column("way").unwrap().f64().unwrap().iter().enumerate().map(|(i, way)| way.filter(|_| i < 700)).collect();
    let mut nulls = live.clone();
    nulls.with_column(way.with_name("way".into()).into_column()).unwrap();
    let path = write(folder.path(), "nulls.parquet", &nulls);
    let watched = watch(guarding(table(&[replay(&path)], &[&old]), &model, &history)).unwrap();
    let lacks = watched
        .stale
        .iter()
        .find(|s| matches!(s.reason, StaleReason::Lacks(_)))
        .unwrap_or_else(|| panic!("{:?}", watched.stale));
    assert_eq!(lacks.since, 3_700 * SECOND);
    assert!(!watched.stale.iter().any(|s| s.reason == StaleReason::Feature("way".to_owned())), "{:?}", watched.stale);
    assert_eq!(watched.skew.unscored as u64, watched.lacking);

    // A truth that is computed is not made up where what it is computed from is missing.
    let path = write(folder.path(), "noway.parquet", &live.drop("minutes").unwrap());
    let mut computed = guarding(table(&[replay(&path)], &[&old]), &model, &history);
    let flag = history.lazy().with_column(col("minutes").gt(lit(30.0)).alias("slow")).collect().unwrap();
    computed.forest = forest(&flag, "slow", 5);
    computed.target =
        Target { name: "slow".to_owned(), sql: Some("CASE WHEN minutes > 30 THEN true ELSE false END".to_owned()) };
    let watched = watch(computed).unwrap();
    said(&watched, "has no 'minutes'");
    assert_eq!(watched.labelled, 0);
}

#[test]
fn what_cannot_be_guarded_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let history = trips(&mut Rng::with_seed(7), 500, 0, false);
    let model = forest(&history, "late", 3);
    let old = write(folder.path(), "history.parquet", &history);
    let fault: Fault = watch(guarding(table(&[], &[&old]), &model, &history)).unwrap_err();
    assert!(fault.what.contains("no live rows") && fault.hint.to_string().contains("attach"), "{fault}");
    let path = write(folder.path(), "other.parquet", &history.drop("way").unwrap());
    let fault = watch(guarding(table(&[replay(&path)], &[]), &model, &history)).unwrap_err();
    assert!(fault.what.contains("'way'") && !fault.hint.is_empty(), "{fault}");
}

#[test]
fn a_model_without_histograms_is_guarded_by_its_error_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(8);
    let history = trips(&mut random, 3_000, 0, false);
    let model = forest(&history, "late", 8);
    let path = write(
        folder.path(),
        "live.parquet",
        &trips(&mut random, 2_000, 0, false).vstack(&trips(&mut random, 2_000, 2_000, true)).unwrap(),
    );
    let mut guarding = guarding(table(&[replay(&path)], &[]), &model, &history);
    guarding.baseline = None;
    let watched = watch(guarding).unwrap();
    assert!(!watched.has_baseline && watched.features.is_empty());
    assert!(
        watched.stale.iter().all(|s| s.reason == StaleReason::Error) && watched.stale.len() == 1,
        "{:?}",
        watched.stale
    );
}

#[test]
fn a_guard_that_is_cancelled_ends_and_one_that_is_dropped_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(9);
    let history = trips(&mut random, 1_000, 0, false);
    let model = forest(&history, "late", 3);
    let path = write(folder.path(), "live.parquet", &history);
    // Nothing comes after the first row for an hour.
    let slow = format!("replay:{}?speed=0.0003", path.display());
    let shelf = Latest::<GuardStatus>::default();
    let mut job = guard(
        guarding(table(std::slice::from_ref(&slow), &[]), &model, &history),
        Latest::default(),
        shelf.clone(),
        Wake::silent(),
    );
    while shelf.get().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    job.cancel();
    assert_eq!(end(&mut job).unwrap_err().what, "cancelled");
}

#[test]
fn rows_of_a_followed_file_are_watched_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Rng::with_seed(10);
    let history = trips(&mut random, 2_000, 0, false);
    let model = forest(&history, "late", 6);
    let old = write(folder.path(), "history.csv", &history);
    let path = write(folder.path(), "live.csv", &trips(&mut random, 1_500, 2_000, false));
    let shelf = Latest::<GuardStatus>::default();
    let table = table(&[format!("file:{}", path.display())], &[&old]);
    let job = guard(guarding(table, &model, &history), Latest::default(), shelf.clone(), Wake::silent());
    let wait = |rows: u64| {
        let since = Instant::now();
        loop {
            match shelf.get().filter(|w| w.rows >= rows && w.skew.compared + 256 > rows as usize) {
                Some(watched) => return watched,
                None => assert!(
                    since.elapsed() < Duration::from_secs(180),
                    "{rows}: {:?} {:?}",
                    shelf.get().map(|w| (w.rows, w.skew.clone())),
                    job.progress()
                ),
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    assert!(wait(1_500).stale.is_empty());
    let more = write(folder.path(), "more.csv", &trips(&mut random, 3_000, 3_500, true));
    let text = std::fs::read_to_string(more).unwrap();
    let body = text.split_once('\n').unwrap().1;
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, body.as_bytes()).unwrap();
    let watched = wait(4_500);
    assert_eq!((watched.rows, watched.skew.unequal), (4_500, 0));
    assert!(!watched.stale.is_empty());
}

#[test]
fn a_feed_that_comes_only_once_is_guarded_from_its_recording() {
    let mut random = Rng::with_seed(11);
    let history = trips(&mut random, 2_000, 0, false);
    let model = forest(&history, "late", 6);
    let folder = tempfile::tempdir().unwrap();
    let old = write(folder.path(), "history.parquet", &history);
    let live = trips(&mut random, 2_000, 2_000, false);
    let path = write(folder.path(), "live.ndjson", &live);
    let lines: Vec<String> = std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    std::thread::scope(|scope| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("ws://{}/trips", listener.local_addr().unwrap());
        scope.spawn(move || {
            let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
            lines.iter().for_each(|line| socket.send(Message::text(line.as_str())).unwrap());
            while socket.read().is_ok() {}
        });
        let table = end(&mut attach_feed(table(&[], &[&old]), address, None, Wake::silent())).unwrap();
        let shelf = Latest::<GuardStatus>::default();
        let job = guard(guarding(table, &model, &history), Latest::default(), shelf.clone(), Wake::silent());
        let since = Instant::now();
        let watched = loop {
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "{:?} {:?}",
                shelf.get().map(|w| (w.rows, w.notes.clone())),
                job.progress()
            );
            match shelf.get().filter(|w| w.rows >= 2_000) {
                Some(watched) => break watched,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        assert_eq!((watched.rows, watched.labelled), (2_000, 2_000));
        assert_eq!(watched.skew.unequal, 0);
        assert!(watched.stale.is_empty(), "{:?}", watched.stale);
        drop(job);
    });
}

#[test]
fn the_training_histograms_travel_in_the_models_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.json");
    let mut history = trips(&mut Rng::with_seed(12), 3_000, 0, false);
    history
        .with_column(Column::new("way".into(), (0..3_000).map(|i| 0.1 + f64::from(i) / 3.0).collect::<Vec<_>>()))
        .unwrap();
    let model = forest(&history, "late", 4);
    let baseline = Baseline::new(&history, FEATURES.into_iter().chain(["at"])).unwrap();
    model::save(&Saved { baseline: Some(baseline.clone()), ..Saved::new(model.clone()) }, &path).unwrap();
    let saved = model::load(&path).unwrap();
    assert_eq!(saved.baseline.as_ref(), Some(&baseline), "to the last bit");
    assert_eq!(*saved.forest, *model);
    assert_eq!(window_rows(saved.baseline.as_ref()), 1_000);
    // Older files hold none.
    model::save(&Saved::new(model.clone()), &path).unwrap();
    assert_eq!(model::load(&path).unwrap().baseline, None);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("baseline"));
    // One that rows cannot be counted in is refused.
    for spoil in [
        (|f: &mut braid::learn::drift::BaselineFeature| f.counts.truncate(1))
            as fn(&mut braid::learn::drift::BaselineFeature),
        |f| f.shape = Binning::Number { edges: vec![2.0; f.counts.len() - 1] },
        |f| f.shape = Binning::Number { edges: vec![f64::NAN; f.counts.len() - 1] },
    ] {
        let mut wrong = baseline.clone();
        spoil(&mut wrong.features[0]);
        model::save(&Saved { baseline: Some(wrong.clone()), ..Saved::new(model.clone()) }, &path).unwrap();
        let fault = model::load(&path).unwrap_err();
        assert!(fault.what.contains("'way'") && !fault.hint.is_empty(), "{fault}");
    }
}
