//! The walk of a guard, in the window: learn from history, watch what comes, be told that the model is stale, train
//! anew, compare, swap, and trust it again.

use braid::engine::guard::Contender;
use braid::ui::action::{
    Action, AppAction, BoardAction, ChartFile, ExportAction, GuardAction, ModelAction, OpenAction, TableAction,
};
use braid::ui::guard::GuardView;
use braid::ui::models::ModelId;
use braid::workspace::bench::{Edit, Tile, TileKind};
use braid::workspace::{TableSetup, TimeSetup};

use crate::window::Window;
use std::sync::Arc;

use braid::data::format::write_frame;
use braid::engine::train::{Training, train};
use braid::learn::model;
use braid::learn::question::Question;
use braid::sync::Wake;
use egui_kittest::kittest::Queryable as _;
use polars::prelude::*;

const ID: ModelId = ModelId(1);

/// Trips from second `from` on: late go long ones, after the change short ones, and their weight is another.
fn trips(seed: u64, from: usize, rows: usize, changed: bool) -> String {
    let mut rng = fastrand::Rng::with_seed(seed);
    let line = |i: usize| {
        let (way, town) = (rng.usize(1..500), ["Rome", "Oslo", "Lima"][rng.usize(..3)]);
        let late = (way + rng.usize(..40) > 260) != changed;
        let weight = rng.f64() * 20.0 + if changed { 15.0 } else { 0.0 };
        format!(
            "2024-03-{:02} {:02}:{:02}:{:02},{town},{way},{weight:.2},{late}\n",
            1 + i / 86_400,
            i / 3600 % 24,
            i / 60 % 60,
            i % 60
        )
    };
    (from..from + rows).map(line).collect()
}

const HEADER: &str = "at,town,way,weight,late\n";

/// A table of history and of a feed that will drift, with a model of its history.
fn with_model() -> Window {
    let mut window = Window::new();
    let history = window.file("trips.csv", &format!("{HEADER}{}", trips(1, 0, 4_000, false)));
    let live =
        window.file("live.csv", &format!("{HEADER}{}{}", trips(2, 4_000, 2_000, false), trips(3, 6_000, 5_000, true)));
    let setup = TableSetup {
        name: "trips".to_owned(),
        paths: vec![history],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT count(*) AS n FROM trips".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window.click("Learn from trips");
    window.wait("features are proposed", |app| app.train_form().is_some_and(|l| l.proposed.is_some()));
    window.retype("Trees", "12");
    window.click("Train");
    window.wait("a model stands under the table", |app| app.models().entries.len() == 1);
    window.click("Close");
    let sheet = window.sheet().id;
    window.propose(Action::Feed(braid::ui::action::FeedAction::Begin(Some(sheet))));
    let mut draft = braid::ui::feed::FeedDraft::new(Some(sheet));
    draft.paste(&format!("replay:{}?rate=4000", live.display()));
    window.propose(Action::Feed(braid::ui::action::FeedAction::Edit(Box::new(draft))));
    window.propose(Action::Feed(braid::ui::action::FeedAction::Add));
    window.wait("the feed is attached", |app| app.sheet().is_some_and(|s| !s.table.live.is_empty()));
    window
}

fn act(window: &mut Window, action: GuardAction) {
    window.propose(Action::Guard(ID, action));
}

#[test]
fn a_model_that_goes_stale_is_retrained_compared_and_swapped() {
    let mut window = with_model();
    window.click("Guard late");
    assert!(window.has("Guard of late"));
    window.wait("all rows are watched", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended)) && app.is_idle()
    });
    {
        let app = window.app();
        let watched = app.guards().of(ID).unwrap().newest.clone().unwrap();
        assert_eq!(
            (watched.rows, watched.labelled, watched.skew.compared, watched.skew.unequal),
            (7_000, 7_000, 7_000, 0)
        );
    }
    for label in [
        "Stale",
        "'weight' is not distributed as in training",
        "the error has grown",
        "drifted",
        "stable",
        "7,000 rows scored twice, 0 differences",
    ] {
        assert!(window.has(label), "{label}");
    }
    assert!(window.has("Figure: Error of late as rows come"));
    assert_eq!(window.harness.query_all_by_label_contains("late is stale since").count(), 1, "the notice stands once");
    // Also outside of the panel: in the list, in the status line, and as a notice with a way back.
    window.click("Close");
    assert!(window.has("late is stale"));
    let notice = window
        .app()
        .notices()
        .all()
        .iter()
        .find(|n| n.what.contains("late is stale since 2024-03-01"))
        .cloned()
        .expect("an alert");
    assert!(notice.hint.contains("Retrain") && notice.place == "trips", "{notice:?}");
    window.click("Open the guard");

    // A feature then and now, as a figure that can be saved.
    window.click("Feature weight");
    assert!(window.has("Figure: weight in training and now"));
    for file in [ChartFile::Png, ChartFile::Svg] {
        let path = window.file(&format!("weight.{}", file.extension()), "");
        window.propose(Action::Export(ExportAction::Figure(Some(path.clone()), file)));
        window.wait("it is saved", |app| app.is_idle());
        assert!(std::fs::metadata(&path).unwrap().len() > 1_000);
    }
    act(&mut window, GuardAction::View(GuardView::Error));

    // The new forest and the old one on the same rows.
    window.click("Retrain");
    window.wait("a forest was trained", |app| {
        app.guards().of(ID).is_some_and(|g| g.retrained.is_some()) && app.is_idle()
    });
    {
        let app = window.app();
        let learned = app.guards().of(ID).unwrap().retrained.clone().unwrap();
        let (_, champion) = learned.champion.as_ref().unwrap();
        assert_eq!(champion.rows, learned.report.verdict.rows);
        assert!(learned.report.verdict.score().unwrap() > champion.score().unwrap() + 0.5);
    }
    let before = window.app().models().get(ID).unwrap().scorer.clone();
    window.click("Swap to retrained");
    window.wait("it is watched again", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended)) && app.is_idle()
    });
    {
        let app = window.app();
        let entry = app.models().get(ID).unwrap();
        assert_eq!(entry.name, "late", "under the same name");
        assert!(!std::sync::Arc::ptr_eq(&before, &entry.scorer));
        assert!(app.guards().of(ID).unwrap().why().is_none(), "{:?}", app.guards().of(ID).unwrap().why());
        assert!(!app.notices().all().iter().any(|n| n.what.contains("stale")), "the alert is taken back");
    }
    window.propose(Action::Model(ID, ModelAction::Report));
    assert!(window.has("Swapped on") && window.has("12 trees trained on 3,200 rows"));
    window.click("Close");
    assert!(!window.has("late is stale"));
}

#[test]
fn a_question_asks_the_model_that_took_over() {
    let mut window = with_model();
    window.propose(Action::Model(ID, ModelAction::Guard));
    window.wait("all rows are watched", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.fused.is_some()) && !g.is_watching())
            && app.is_idle()
    });
    window.click("Close");
    window.ask(
        "SELECT avg(CASE WHEN predict(late) = late THEN 1.0 ELSE 0.0 END) AS right FROM trips WHERE at >= '2024-03-01 \
         02:10:00'",
    );
    window.wait_done();
    let right = |window: &Window| window.answer()[0].parse::<f64>().unwrap();
    assert!(right(&window) < 0.3, "{}", right(&window));
    act(&mut window, GuardAction::Swap(Contender::Fused));
    window.wait_done();
    assert!(right(&window) > 0.7, "the same question, without asking again: {}", right(&window));
    // The report says what became of it, and so does what is saved.
    window.propose(Action::Model(ID, ModelAction::Report));
    assert!(window.has("to the fused forest"));
    assert!(window.has("Accuracy") && window.has("each before it was trained on it"), "how it did on the stream");
    {
        let app = window.app();
        let entry = app.models().get(ID).unwrap();
        let stream_score = entry.stream_score.unwrap();
        assert!(
            stream_score.rows > 0 && entry.score() == Some(format!("{:.1} %", (1.0 - stream_score.error) * 100.0)),
            "{stream_score:?}"
        );
    }
    window.click("Close");
    let file = window.file("late.json", "");
    window.propose(Action::Export(ExportAction::Model(Some(file.clone()), ID)));
    window.wait("it is saved", |app| app.is_idle());
    let saved = model::load(&file).unwrap();
    assert!(saved.baseline.is_some_and(|b| b.rows > 0));
    assert_eq!(*saved.forest, **window.app().models().get(ID).unwrap().scorer.forest());
}

#[test]
fn a_model_without_live_rows_or_without_histograms_says_so() {
    let mut window = Window::new();
    let history = window.file("trips.csv", &format!("{HEADER}{}", trips(1, 0, 1_000, false)));
    window.drop_files(&[&history]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window.click("Learn from trips");
    window.wait("features are proposed", |app| app.train_form().is_some_and(|l| l.proposed.is_some()));
    window.retype("Trees", "5");
    window.click("Train");
    window.wait("a model stands under the table", |app| app.models().entries.len() == 1);
    window.click("Close");
    window.click("Guard late");
    window.wait("it is refused", |app| app.is_idle());
    assert!(window.has("no live rows to watch") && window.has("Attach a live feed"));
    window.click("Close");
    // A file of before there were histograms.
    let forest = window.app().models().get(ID).unwrap().scorer.forest().clone();
    let file = window.file("old.json", "");
    model::save(&model::Saved::new(forest), &file).unwrap();
    let live = window.file("live.csv", &format!("{HEADER}{}", trips(4, 0, 1_500, false)));
    let setup = TableSetup {
        name: "live".to_owned(),
        live: vec![format!("replay:{}?speed=max", live.display())],
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("it is a table", |app| app.sheets().len() == 2);
    let sheet = window.sheet().id;
    window.propose(Action::Table(sheet, TableAction::LoadModel(file)));
    window.wait("it is loaded", |app| app.models().entries.len() == 2);
    window.propose(Action::Model(ModelId(2), ModelAction::Guard));
    window.wait("it was watched", |app| {
        app.guards().of(ModelId(2)).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended))
    });
    assert!(window.has("until it is retrained"));
    assert!(window.has("1,500 rows scored twice, 0 differences"));
}

#[test]
fn a_guard_can_be_stopped_and_goes_with_its_model() {
    let mut window = with_model();
    window.click("Guard late");
    window.wait("rows are watched", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.rows > 500))
    });
    window.click("Stop watching");
    let rows = window.app().guards().of(ID).unwrap().newest.as_ref().unwrap().rows;
    assert!(window.has("Stopped") || window.has("Stale"));
    window.click("Watch again");
    assert!(window.app().guards().of(ID).unwrap().is_watching() && rows > 0);
    act(&mut window, GuardAction::WindowRows(500));
    window.wait("a window is full", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.window_full && w.window_rows == 500))
    });
    window.propose(Action::Model(ID, ModelAction::Remove));
    assert!(window.app().guards().of(ID).is_none() && !window.has("Guard of late"));
}

#[test]
fn a_model_that_was_swapped_can_be_swapped_back() {
    let mut window = with_model();
    window.propose(Action::Model(ID, ModelAction::Guard));
    window.wait("all rows are watched", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.fused.is_some()) && !g.is_watching())
            && app.is_idle()
    });
    let forest = |window: &Window| window.app().models().get(ID).unwrap().scorer.forest().clone();
    let (before, learned) = (forest(&window), window.app().models().get(ID).unwrap().report.clone().unwrap());
    assert!(!window.has("Swap back"));
    window.click("Swap to fused");
    let fused = forest(&window);
    assert!(!Arc::ptr_eq(&before, &fused));
    window.click("Swap back");
    assert!(Arc::ptr_eq(&before, &forest(&window)), "the very model");
    assert!(Arc::ptr_eq(&learned, window.app().models().get(ID).unwrap().report.as_ref().unwrap()), "with its report");
    window.wait("it is watched again", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.rows == 7_000 && w.ended))
    });
    window.propose(Action::Model(ID, ModelAction::Report));
    assert!(window.has("Swapped back on"));
    // One step: from there the other one could come back.
    act(&mut window, GuardAction::SwapBack);
    assert!(Arc::ptr_eq(&fused, &forest(&window)));
}

#[test]
fn a_guard_goes_on_with_the_feed_that_is_attached_again_and_both_are_remembered() {
    let mut window = with_model();
    window.click("Guard late");
    let watched =
        |app: &braid::ui::App| app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.rows > 0));
    window.wait("rows are watched", watched);
    let (sheet, url) = (window.sheet().id, window.sheet().table.live[0].url.text.clone());
    window.propose(Action::Table(sheet, TableAction::Detach(url.clone())));
    window.wait("there is nothing to watch", |app| app.guards().of(ID).is_some_and(|g| g.fault.is_some()));
    window.propose(Action::Feed(braid::ui::action::FeedAction::Begin(Some(sheet))));
    let mut draft = braid::ui::feed::FeedDraft::new(Some(sheet));
    draft.paste(&url);
    window.propose(Action::Feed(braid::ui::action::FeedAction::Edit(Box::new(draft))));
    window.propose(Action::Feed(braid::ui::action::FeedAction::Add));
    window.wait("rows are watched again", |app| watched(app) && app.guards().of(ID).is_some_and(|g| g.fault.is_none()));
    let file = window.file("x", "").with_file_name("home").join("config/settings.json");
    let vault = braid::workspace::Vault::new(file.parent().unwrap());
    let recent = || braid::workspace::Settings::load(&file, &file, &vault).unwrap().recent;
    window.wait("it is written down", |_| recent().iter().any(|item| item.models.iter().any(|m| m.guard.is_some())));
    assert_eq!(recent().len(), 1, "with and without its feed it is one");
    assert_eq!(recent()[0].live, [url]);
}

#[test]
fn what_is_guarded_comes_back_with_its_table() {
    let mut window = with_model();
    window.click("Guard late");
    act(&mut window, GuardAction::WindowRows(500));
    let ended = |app: &braid::ui::App| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended)) && app.is_idle()
    };
    window.wait("all rows are watched", ended);
    let forest = |window: &Window| window.app().models().get(ID).unwrap().scorer.forest().clone();
    let before = forest(&window);
    let rows = |window: &Window| window.app().guards().of(ID).unwrap().newest.as_ref().unwrap().rows;

    let mut window = window.restarted();
    window.wait("the model is guarded again", ended);
    assert_eq!((forest(&window), rows(&window)), (before.clone(), 7_000));
    assert_eq!(window.app().guards().of(ID).unwrap().window_rows, 500);
    assert!(window.app().models().get(ID).unwrap().file.is_none(), "nobody has saved it");
    assert!(window.has("late is stale"));

    // The one that took over comes back, with what it was trained on: none of the rows is new to it.
    act(&mut window, GuardAction::Retrain);
    window.wait("a forest was trained", |app| {
        app.guards().of(ID).is_some_and(|g| g.retrained.is_some()) && app.is_idle()
    });
    act(&mut window, GuardAction::Swap(Contender::Retrained));
    window.wait("it is watched", ended);
    let after = forest(&window);
    let mut window = window.restarted();
    window.wait("it is guarded again", ended);
    assert_eq!((forest(&window), rows(&window)), (after, 0));
    window.propose(Action::Model(ID, ModelAction::Guard));
    assert!(window.has("It was trained on all that the feed gives"));
    window.propose(Action::Model(ID, ModelAction::Report));
    assert!(window.has("Swapped on"), "the report still says what was swapped");
    assert!(window.app().guards().of(ID).unwrap().newest.as_ref().unwrap().from_training);

    // Whom a person stopped guarding is not guarded again, and a model that was taken away is gone. Files that nothing
    // names go too, once they are old.
    let models = window.file("x", "").with_file_name("home").join("config/models");
    let (old, new) = (models.join("old.json"), models.join("new.json"));
    let aged = std::time::SystemTime::now() - std::time::Duration::from_hours(48);
    for path in [&old, &new] {
        std::fs::write(path, "{}").unwrap();
    }
    std::fs::File::options().write(true).open(&old).unwrap().set_modified(aged).unwrap();
    act(&mut window, GuardAction::Stop);
    window.wait("it is written down", |app| app.is_idle());
    let mut window = window.restarted();
    window.wait("the model is there", |app| app.models().entries.len() == 1 && app.is_idle());
    assert!(window.app().guards().of(ID).is_none());
    assert!(!old.exists() && new.exists());
    window.propose(Action::Model(ID, ModelAction::Remove));
    window.wait("it is written down", |app| app.is_idle());
    let mut window = window.restarted();
    window.wait_done();
    assert!(window.app().models().entries.is_empty());
}

fn has_ended(app: &braid::ui::App) -> bool {
    app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended)) && app.is_idle()
}

#[test]
fn a_person_is_told_once_that_a_model_is_stale_and_nothing_moves_by_it() {
    let mut window = with_model();
    window.click("Guard late");
    window.click("Close");
    let rows_at = |window: &Window| {
        let mut all = window.harness.query_all_by_label_contains("rows in");
        all.next().expect("the status bar counts rows").rect().left()
    };
    assert!(window.has("late is guarded"));
    let before = rows_at(&window);
    window.wait("all rows are watched", has_ended);
    assert!(window.has("late is stale") && !window.has("late is guarded"));
    assert_eq!(rows_at(&window), before, "what stands behind it stays where it is");
    let told = |window: &Window| {
        let app = window.app();
        app.notices().all().iter().find(|n| n.what.contains("late is stale since")).map(|n| n.id)
    };
    let id = told(&window).expect("it is told");
    let steps = window.app().bench().clone();
    window.propose(Action::App(AppAction::Dismiss(id)));
    window.wait("it is written down", |app| app.is_idle() && !std::sync::Arc::ptr_eq(app.bench(), &steps));
    let mut window = window.restarted();
    window.wait("all rows are watched again", has_ended);
    assert!(window.has("late is stale") && told(&window).is_none(), "for the same cause it is not told again");
}

#[test]
fn a_small_tile_of_a_guard_says_the_most_important_first_and_cuts_nothing() {
    let mut window = with_model();
    window.click("Guard late");
    window.click("Close");
    window.wait("all rows are watched", has_ended);
    let guard = Tile::new("trips", "", String::new(), TileKind::Guard("late".into()));
    let tiles = vec![guard.clone(), Tile { show: TileKind::Text("words".into()), ..guard.clone() }];
    window.propose(Action::Board(BoardAction::step(Edit::AddBoard { name: "Small".into(), tiles })));
    let board = window.app().bench().boards.last().unwrap().id;
    window.propose(Action::Board(BoardAction::step(Edit::Resize { board, path: vec![], shares: vec![0.2, 0.8] })));
    window.propose(Action::Board(BoardAction::Show(Some(board))));
    window.settle();
    let rect = |label: &str| {
        let found = window.harness.query_all_by_label_contains(label).find(|node| node.rect().left() > 248.0);
        found.unwrap_or_else(|| panic!("{label} is on the board")).rect()
    };
    let (head, word, error) = (rect("Guard of late"), rect("Stale"), rect("The error has grown, since 2024-03-01"));
    let feature = rect("'weight' is not distributed as in training, since");
    assert!(head.bottom() <= word.top() && word.bottom() <= error.top() && error.bottom() <= feature.top());
    assert!(error.height() > 24.0 && error.width() < 210.0, "in several lines: {error}");
    assert!(rect("7,000 rows of trips").top() >= feature.bottom(), "what is less important follows");
}

/// How long a trip of this way takes; after the change, an hour more.
fn times(seed: u64, from: usize, rows: usize, changed: bool) -> DataFrame {
    let mut rng = fastrand::Rng::with_seed(seed);
    let way: Vec<f64> = (0..rows).map(|_| rng.f64() * 500.0).collect();
    let weight: Vec<f64> = (0..rows).map(|_| rng.f64() * 20.0).collect();
    let minutes: Vec<f64> = way
        .iter()
        .zip(&weight)
        .map(|(way, weight)| way / 4.0 + weight + if changed { 60.0 } else { 0.0 } + rng.f64() * 5.0)
        .collect();
    let at: Vec<i64> = (0..rows).map(|i| 1_700_000_000_000_000 + (from + i) as i64 * 1_000_000).collect();
    let at = Int64Chunked::from_vec("at".into(), at).into_datetime(TimeUnit::Microseconds, None).into_column();
    let columns =
        [("way", way), ("weight", weight), ("minutes", minutes)].map(|(name, values)| Column::new(name.into(), values));
    DataFrame::new(rows, std::iter::once(at).chain(columns).collect()).unwrap()
}

#[test]
fn a_model_of_numbers_is_guarded_with_its_committee_retrained_and_swapped() {
    let mut window = Window::new();
    let (history, live, file) =
        (window.file("h.parquet", ""), window.file("l.parquet", ""), window.file("minutes.json", ""));
    let past = times(1, 0, 3_000, false);
    write_frame(&past, &history).unwrap();
    write_frame(&times(2, 3_000, 2_000, false).vstack(&times(3, 5_000, 4_000, true)).unwrap(), &live).unwrap();
    let question = Question {
        target: "minutes".to_owned(),
        features: vec!["way".to_owned(), "weight".to_owned()],
        ..Question::default()
    };
    let mut job = train(past.clone(), Training { question, trees: 12, ..Training::default() }, Wake::silent());
    let forest = loop {
        match job.take() {
            Some(forest) => break forest.unwrap(),
            None => std::thread::sleep(std::time::Duration::from_millis(2)),
        }
    };
    let baseline = braid::learn::drift::Baseline::new(&past, ["way", "weight"]).unwrap();
    model::save(&model::Saved { baseline: Some(baseline), ..model::Saved::new(forest.clone()) }, &file).unwrap();
    let setup = TableSetup {
        name: "trips".to_owned(),
        paths: vec![history],
        live: vec![format!("replay:{}?rate=4000", live.display())],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 1_000 }),
        models: vec![braid::workspace::ModelSetup { file, ..Default::default() }],
        question: "SELECT count(*) AS n FROM trips".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("the model came with its table", |app| app.models().entries.len() == 1);
    window.propose(Action::Model(ID, ModelAction::Guard));
    window.wait("all rows are watched", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended)) && app.is_idle()
    });
    for label in [
        "Stale",
        "the error has grown",
        "MAE, newest 1,000",
        "MAE, all 6,000",
        "RMSE",
        "R²",
        "trees are of the stream",
        "Compared on the same rows",
    ] {
        assert!(window.has(label), "{label}");
    }
    let watched = window.app().guards().of(ID).unwrap().newest.clone().unwrap();
    let (champion, fused) =
        (*watched.standing(Contender::Champion).unwrap(), *watched.standing(Contender::Fused).unwrap());
    assert!(champion.error > 50.0 && fused.error < 6.0 && fused.r2 > 0.95, "{champion:?} {fused:?}");

    // Before it is pressed it says what it will be trained on: four fifths of the rows since the change.
    let plan = {
        let app = window.app();
        app.guards().of(ID).unwrap().retrain_plan(app.models().get(ID).unwrap()).unwrap()
    };
    assert!(
        window.has(&format!(
            "it is trained on {}, judged on the newest {}",
            numbered(plan.train_rows),
            numbered(plan.test_rows)
        )),
        "{plan:?}"
    );
    window.click("Retrain");
    window.wait("a forest was trained", |app| {
        app.guards().of(ID).is_some_and(|g| g.retrained.is_some()) && app.is_idle()
    });
    let learned = window.app().guards().of(ID).unwrap().retrained.clone().unwrap();
    assert_eq!(
        (learned.report.trained as u64, learned.report.verdict.rows as u64, plan.exact),
        (plan.train_rows, plan.test_rows, true)
    );
    window.click("Swap to fused");
    window.wait("it is watched again", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended)) && app.is_idle()
    });
    assert!(window.app().guards().of(ID).unwrap().why().is_none());
    window.propose(Action::Model(ID, ModelAction::Report));
    assert!(
        window.has("It was trained on the stream") && ["R²", "MAE", "RMSE"].iter().all(|name| window.has(name)),
        "as good as it was on the stream"
    );
    window.propose(Action::Model(ID, ModelAction::Guard));
    window.click("Swap back");
    window.wait("it is watched again", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended)) && app.is_idle()
    });
    assert_eq!(**window.app().models().get(ID).unwrap().scorer.forest(), forest);
    assert!(window.app().guards().of(ID).unwrap().why().is_some(), "as stale as it was");
    // What was retrained before still takes part.
    window.click("Swap to retrained");
    window.wait("it is watched again", |app| {
        app.guards().of(ID).is_some_and(|g| g.newest.as_ref().is_some_and(|w| w.ended)) && app.is_idle()
    });
    assert!(window.app().guards().of(ID).unwrap().why().is_none());
}

fn numbered(n: u64) -> String {
    braid::data::words::count(n)
}
