//! The walk of a model, in the window: from a table to a forest, its figures, its questions, its file.

use std::time::{Duration, Instant};

use braid::learn::propose::Reason;
use braid::ui::action::{Action, ChartFile, Export, Learn, Open, Report, TableAction};
use braid::ui::models::ModelId;
use braid::ui::report::{VIEWS, View};
use braid::workspace::{TableSetup, TimeSetup};
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;

use crate::window::Window;

/// Trips: late ones are those of a long way in bad weather, and a little chance; `minutes` tells it, `id` names rows.
fn trips(rows: usize) -> String {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut text = "at,id,town,way,weather,minutes,empty,late\n".to_owned();
    for i in 0..rows {
        let way = rng.usize(1..500);
        let bad = rng.bool();
        let minutes = way as f64 / 20.0 + if bad { 12.0 } else { 0.0 } + rng.f64() * 4.0;
        let weather = if rng.usize(..25) == 0 {
            ""
        } else if bad {
            "bad"
        } else {
            "good"
        };
        let town = ["Rome", "Oslo", "Lima"][rng.usize(..3)];
        text += &format!(
            "2024-03-01 {:02}:{:02}:{:02},{},{town},{way},{weather},{minutes:.2},,{}\n",
            i / 3600 % 24,
            i / 60 % 60,
            i % 60,
            1_000 + i,
            minutes > 20.0
        );
    }
    text
}

fn with_trips() -> Window {
    let mut window = Window::new();
    let path = window.file("trips.csv", &trips(1_500));
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window
}

/// The lesson of `trips`, opened, with its features proposed.
fn with_lesson() -> Window {
    let mut window = with_trips();
    window.click("Learn from trips");
    window.wait("features are proposed", |app| app.lesson().is_some_and(|l| l.proposed.is_some()));
    window
}

fn set(window: &mut Window, change: impl FnOnce(&mut braid::ui::lesson::Draft)) {
    let mut draft = window.app().lesson().unwrap().draft.clone();
    change(&mut draft);
    window.propose(Action::Learn(Learn::Edit(Box::new(draft))));
}

fn wait_learnt(window: &mut Window) {
    window.wait("a model stands under the table", |app| {
        assert!(app.lesson().unwrap().fault.is_none(), "{:?}", app.lesson().unwrap().fault);
        app.models().entries.len() == 1
    });
}

fn with_model() -> Window {
    let mut window = with_lesson();
    window.retype("Trees", "12");
    window.click("Train");
    wait_learnt(&mut window);
    window
}

#[test]
fn features_are_proposed_and_what_is_left_out_has_its_reason() {
    let mut window = with_lesson();
    assert_eq!(window.app().lesson().unwrap().draft.column, "late", "the last column is the first guess");
    let reasons: Vec<(String, Reason)> = {
        let app = window.app();
        let proposed = app.lesson().unwrap().proposed.as_ref().unwrap();
        proposed.proposal.left_out.iter().map(|l| (l.column.clone(), l.reason)).collect()
    };
    for expected in [("id", Reason::Identifier), ("minutes", Reason::Leak), ("empty", Reason::AllNull), ("at", Reason::Time)] {
        assert!(reasons.contains(&(expected.0.to_owned(), expected.1)), "{expected:?} in {reasons:?}");
    }
    for (label, on) in [("way", true), ("weather", true), ("town", true), ("minutes", false), ("id", false)] {
        assert_eq!(window.app().lesson().unwrap().draft.features.contains(label), on, "{label}");
    }
    let evidence = window.app().lesson().unwrap().proposed.as_ref().unwrap().proposal.left_out.iter().find(|l| l.column == "minutes").unwrap().evidence.clone();
    assert!(window.has(&evidence), "a leak is shown with its evidence: {evidence}");
    // Some rows have no weather: what that costs is said, and changes with what is chosen.
    assert!(window.has("rows looked at (") && window.has("lack a value"));
    window.harness.get_by_role_and_label(Role::CheckBox, "weather").click();
    window.settle();
    assert!(window.has("No row lacks a value in these columns"));
}

#[test]
fn a_trained_model_is_reported_in_numbers_and_figures() {
    let mut window = with_model();
    {
        let app = window.app();
        let learned = app.models().entries[0].learned.clone().unwrap();
        assert!(learned.verdict.score().unwrap() > 0.8, "{:?}", learned.verdict.score());
        assert_eq!(learned.learnt + learned.verdict.rows + learned.dropped.rows, 1_500);
        assert!(learned.dropped.rows > 20, "rows without weather are dropped and counted");
    }
    for label in ["Accuracy", "Balanced", "F1", "Log loss", "precision"] {
        assert!(window.has(label), "{label}");
    }
    let views: Vec<View> = VIEWS.iter().map(|(view, _)| *view).filter(|view| view.fits(&window.app().models().entries[0])).collect();
    assert_eq!(views.len(), 8);
    for view in views {
        window.propose(Action::Report(Report::View(view)));
        window.wait("the figure is there", |app| app.is_idle());
        let app = window.app();
        let report = app.report().unwrap();
        let figure = report.picture.figure().unwrap_or_else(|| panic!("{view:?}: {:?}", report.fault));
        assert!(!figure.is_empty() && report.fault.is_none(), "{view:?}");
        drop(app);
        window.settle();
        assert!(window.has(&format!("Figure: {}", view.title())), "{}", view.title());
    }
}

#[test]
fn a_condition_is_a_target_and_what_it_reads_is_a_leak() {
    let mut window = with_lesson();
    set(&mut window, |d| (d.computed, d.name, d.sql) = (true, "slow".to_owned(), "minutes > 30".to_owned()));
    window.click("Find features");
    window.wait("features are proposed", |app| app.lesson().is_some_and(|l| l.proposed.is_some()));
    {
        let app = window.app();
        let form = app.lesson().unwrap();
        assert!(!form.draft.features.contains("minutes"));
        let proposed = form.proposed.as_ref().unwrap();
        let leak = proposed.proposal.left_out.iter().find(|l| l.column == "minutes").unwrap();
        assert!(leak.reason == Reason::Leak && leak.evidence.contains("minutes > 30"), "{leak:?}");
    }
    window.retype("Trees", "8");
    window.click("Train");
    wait_learnt(&mut window);
    // The truth can be computed, so that the question how often it is right can be asked.
    window.click("Ask how often it is right");
    window.wait_done();
    assert!(window.sheet().question.sql.contains("(minutes > 30)"), "{}", window.sheet().question.sql);
    let answer = window.answer();
    assert!(!answer.is_empty() && answer.iter().all(|line| line.split(' ').next_back().unwrap().parse::<f64>().unwrap() > 0.5), "{answer:?}");
}

#[test]
fn a_wrong_condition_or_setting_says_what_and_where() {
    let mut window = with_lesson();
    set(&mut window, |d| (d.computed, d.name, d.sql) = (true, "slow".to_owned(), "minuts > 30".to_owned()));
    window.click("Find features");
    window.wait("it is refused", |app| app.lesson().is_some_and(|l| l.fault.is_some()));
    assert!(window.has("minuts"), "what");
    assert!(window.has("did you mean"), "and what to do");
    set(&mut window, |d| d.sql = "sum(minutes) > 30".to_owned());
    window.click("Find features");
    window.wait("it is refused", |app| app.lesson().is_some_and(|l| l.fault.is_some()));
    assert!(window.has("needs many"));
    set(&mut window, |d| d.computed = false);
    window.wait("features are proposed", |app| app.lesson().is_some_and(|l| l.proposed.is_some()));
    window.retype("Trees", "many");
    window.click("Train");
    assert!(window.has("'many' is not a number"));
    window.retype("Trees", "5");
    window.retype("Test share", "1");
    window.click("Train");
    assert!(window.has("leaves nothing to learn from"));
}

#[test]
fn a_training_can_be_cancelled_and_its_table_learns_again() {
    let mut window = with_lesson();
    window.retype("Trees", "60000");
    window.click("Train");
    window.wait("trees are grown", |app| app.lesson().and_then(|l| l.under_way.as_ref()).is_some_and(|t| t.picture.figure().is_some()));
    assert!(window.has("of 60000 trees") && window.has("Out-of-bag error so far"));
    window.click("Cancel training");
    window.wait("it has ended", |app| app.lesson().is_some_and(|l| l.under_way.is_none()));
    assert!(window.app().models().entries.is_empty());
    window.retype("Trees", "5");
    window.click("Train");
    wait_learnt(&mut window);
}

#[test]
fn questions_ask_the_model_by_its_name_which_can_be_changed() {
    let mut window = with_model();
    window.click("Ask with this model");
    window.wait_done();
    let sql = window.sheet().question.sql.clone();
    assert!(sql.contains("predict(late)"), "{sql}");
    let rows: f64 = window.answer().iter().map(|line| line.split(' ').next_back().unwrap().parse::<f64>().unwrap()).sum();
    assert_eq!(rows, 1_500.0, "every row is predicted or null");
    window.click("Model late");
    window.retype("Name of the model", "trip delay");
    window.click("Close");
    assert_eq!(window.app().models().entries[0].name, "trip delay");
    window.propose(Action::Model(ModelId(1), braid::ui::action::ModelAction::AskPredictions));
    window.wait_done();
    assert!(window.sheet().question.fault.is_none(), "{:?}", window.sheet().question.fault);
    assert!(window.sheet().question.sql.contains("predict(\"trip delay\")"), "{}", window.sheet().question.sql);
}

#[test]
fn a_saved_model_is_loaded_again_and_says_the_same() {
    let mut window = with_model();
    let file = window.file("late.json", "");
    window.propose(Action::Export(Export::Model(Some(file.clone()), ModelId(1))));
    window.wait("it is saved", |app| app.is_idle());
    let sheet = window.sheet().id;
    window.propose(Action::Table(sheet, TableAction::LoadModel(Some(file.clone()))));
    window.wait("it is loaded", |app| app.models().entries.len() == 2);
    assert_eq!(window.app().models().entries[1].name, "late_2", "a name is given once");
    window.click("Close");
    window.ask("SELECT count(*) FILTER (WHERE predict(late) = predict(late_2)) AS same, count(*) FILTER (WHERE predict(late) IS NULL) AS none FROM trips");
    window.wait_done();
    let counts: Vec<usize> = window.answer()[0].split(' ').map(|n| n.parse().unwrap()).collect();
    assert!(counts[0] + counts[1] == 1_500 && counts[0] > 1_000, "{counts:?}");
    // What the table needs to be opened again names the saved models.
    let setup = {
        let app = window.app();
        let mut setup = app.sheet().unwrap().setup();
        setup.models = vec![braid::workspace::ModelSetup { name: "late".to_owned(), file, ..Default::default() }];
        setup
    };
    let mut again = Window::new();
    again.propose(Action::Open(Open::Setup(setup)));
    again.wait("the model came with its table", |app| app.models().entries.len() == 1);
    again.wait("and its question is answered", |app| app.sheet().is_some_and(|s| s.question.fault.is_some() || s.watch.shown.is_some()));
}

#[test]
fn a_figure_of_the_report_is_exported() {
    let mut window = with_model();
    window.propose(Action::Report(Report::View(View::Roc)));
    for file in [ChartFile::Png, ChartFile::Svg] {
        let path = window.file(&format!("roc.{}", file.extension()), "");
        window.propose(Action::Export(Export::Figure(Some(path.clone()), file)));
        window.wait("it is saved", |app| app.is_idle());
        assert!(std::fs::metadata(&path).unwrap().len() > 1_000);
    }
}

#[test]
fn a_live_table_is_learnt_from_and_asked_while_rows_flow() {
    let mut window = Window::new();
    let path = window.file("trips.csv", &trips(20_000));
    let setup = TableSetup {
        name: "trips".to_owned(),
        live: vec![format!("replay:{}?speed=600", path.display())],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT tumble(at, INTERVAL '1 minute') AS time, count(*) AS n FROM trips GROUP BY time ORDER BY time".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(Open::Setup(setup)));
    window.wait("rows flow", |app| app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.rows.come_in > 1_500)));
    window.click("Learn from trips");
    window.wait("features are proposed", |app| app.lesson().is_some_and(|l| l.proposed.is_some()));
    window.retype("Trees", "8");
    window.click("Train");
    wait_learnt(&mut window);
    window.click("Ask how often it is right");
    let since = Instant::now();
    window.wait("the live rows are tested", |app| {
        app.sheet().is_some_and(|s| s.watch.sql.contains("predict(") && s.watch.shown.as_ref().is_some_and(|s| s.answer.height() > 3))
            || since.elapsed() > Duration::from_secs(50)
    });
    let answer = window.answer();
    assert!(answer.iter().take(3).all(|line| line.split(' ').next_back().unwrap().parse::<f64>().unwrap() > 0.6), "{answer:?}");
}
