//! The walk of a model, in the window: from a table to a forest, its figures, its questions, its file.

use std::time::{Duration, Instant};

use braid::learn::propose::Reason;
use braid::ui::action::{
    Action, ChartFile, ExportAction, ModelAction, OpenAction, ReportAction, TableAction, TrainAction,
};
use braid::ui::models::ModelId;
use braid::ui::report::{ReportView, VIEWS};
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
    window.wait("features are proposed", |app| app.train_form().is_some_and(|l| l.proposed.is_some()));
    window
}

fn set(window: &mut Window, change: impl FnOnce(&mut braid::ui::train::TrainDraft)) {
    let mut draft = window.app().train_form().unwrap().draft.clone();
    change(&mut draft);
    window.propose(Action::Train(TrainAction::Edit(Box::new(draft))));
}

fn wait_trained(window: &mut Window) {
    window.wait("a model stands under the table", |app| {
        assert!(app.train_form().unwrap().fault.is_none(), "{:?}", app.train_form().unwrap().fault);
        app.models().entries.len() == 1
    });
}

fn with_model() -> Window {
    let mut window = with_lesson();
    window.retype("Trees", "12");
    window.click("Train");
    wait_trained(&mut window);
    window
}

#[test]
fn features_are_proposed_and_what_is_left_out_has_its_reason() {
    let mut window = with_lesson();
    assert_eq!(window.app().train_form().unwrap().draft.column, "late", "the last column is the first guess");
    let reasons: Vec<(String, Reason)> = {
        let app = window.app();
        let proposed = app.train_form().unwrap().proposed.as_ref().unwrap();
        proposed.proposal.left_out.iter().map(|l| (l.column.clone(), l.reason)).collect()
    };
    for expected in
        [("id", Reason::Identifier), ("minutes", Reason::Leak), ("empty", Reason::AllNull), ("at", Reason::Time)]
    {
        assert!(reasons.contains(&(expected.0.to_owned(), expected.1)), "{expected:?} in {reasons:?}");
    }
    for (label, on) in [("way", true), ("weather", true), ("town", true), ("minutes", false), ("id", false)] {
        assert_eq!(window.app().train_form().unwrap().draft.features.contains(label), on, "{label}");
    }
    let evidence = window
        .app()
        .train_form()
        .unwrap()
        .proposed
        .as_ref()
        .unwrap()
        .proposal
        .left_out
        .iter()
        .find(|l| l.column == "minutes")
        .unwrap()
        .evidence
        .clone();
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
        let learned = app.models().entries[0].report.clone().unwrap();
        assert!(learned.verdict.score().unwrap() > 0.8, "{:?}", learned.verdict.score());
        assert_eq!(learned.trained + learned.verdict.rows + learned.dropped.rows, 1_500);
        assert!(learned.dropped.rows > 20, "rows without weather are dropped and counted");
    }
    for label in ["Accuracy", "Balanced", "F1", "Log loss", "precision"] {
        assert!(window.has(label), "{label}");
    }
    let views: Vec<ReportView> =
        VIEWS.iter().map(|(view, _)| *view).filter(|view| view.fits(&window.app().models().entries[0])).collect();
    assert_eq!(views.len(), 8);
    for view in views {
        window.propose(Action::Report(ReportAction::View(view)));
        window.wait("the figure is there", |app| app.is_idle());
        let app = window.app();
        let report = app.report().unwrap();
        let figure = report.chart.figure().unwrap_or_else(|| panic!("{view:?}: {:?}", report.fault));
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
    window.wait("features are proposed", |app| app.train_form().is_some_and(|l| l.proposed.is_some()));
    {
        let app = window.app();
        let form = app.train_form().unwrap();
        assert!(!form.draft.features.contains("minutes"));
        let proposed = form.proposed.as_ref().unwrap();
        let leak = proposed.proposal.left_out.iter().find(|l| l.column == "minutes").unwrap();
        assert!(leak.reason == Reason::Leak && leak.evidence.contains("minutes > 30"), "{leak:?}");
    }
    window.retype("Trees", "8");
    window.click("Train");
    wait_trained(&mut window);
    // The truth can be computed, so that the question how often it is right can be asked. No row came after those it
    // was trained on.
    window.click("Ask how often it is right on all rows");
    window.wait_done();
    assert!(window.sheet().question.sql.contains("(minutes > 30)"), "{}", window.sheet().question.sql);
    let answer = window.answer();
    assert!(
        !answer.is_empty()
            && answer.iter().all(|line| line.split(' ').next_back().unwrap().parse::<f64>().unwrap() > 0.5),
        "{answer:?}"
    );
}

#[test]
fn a_wrong_condition_or_setting_says_what_and_where() {
    let mut window = with_lesson();
    set(&mut window, |d| (d.computed, d.name, d.sql) = (true, "slow".to_owned(), "minuts > 30".to_owned()));
    window.click("Find features");
    window.wait("it is refused", |app| app.train_form().is_some_and(|l| l.fault.is_some()));
    assert!(window.has("minuts"), "what");
    assert!(window.has("Did you mean"), "and what to do");
    set(&mut window, |d| d.sql = "sum(minutes) > 30".to_owned());
    window.click("Find features");
    window.wait("it is refused", |app| app.train_form().is_some_and(|l| l.fault.is_some()));
    assert!(window.has("needs many"));
    set(&mut window, |d| d.computed = false);
    window.wait("features are proposed", |app| app.train_form().is_some_and(|l| l.proposed.is_some()));
    window.retype("Trees", "many");
    window.click("Train");
    assert!(window.has("'many' is not a number"));
    window.retype("Trees", "5");
    window.retype("Test share", "1");
    window.click("Train");
    assert!(window.has("leaves nothing to learn from"));
}

#[test]
fn all_rows_are_learnt_from_chunk_by_chunk_where_one_wants_that() {
    let mut window = with_lesson();
    let rows = window.app().train_form().unwrap().proposed.as_ref().unwrap().rows;
    window.click("All rows, chunk by chunk");
    window.retype("Rows a chunk", &rows.div_ceil(24).to_string());
    window.retype("Trees", "13");
    window.click("Train");
    wait_trained(&mut window);
    {
        let app = window.app();
        let entry = &app.models().entries[0];
        let report = entry.report.as_ref().unwrap();
        assert_eq!((report.parts, entry.forest().trees.len(), report.seen), (1, 13, rows));
        assert!(report.verdict.score().unwrap() > 0.8, "{:?}", report.verdict.score());
    }
    assert!(!window.has("parts, tested on"));
    // As if there had been more of them.
    let file = window.file("late.json", "");
    window.propose(Action::Export(ExportAction::Model(Some(file.clone()), ModelId(1))));
    window.wait("it is saved", |app| app.is_idle());
    let saved = std::fs::read_to_string(&file).unwrap();
    assert!(saved.contains("\"parts\":1"));
    let sheet = window.sheet().id;
    let file = window.file("parts.json", &saved.replace("\"parts\":1", "\"parts\":3"));
    window.propose(Action::Table(sheet, TableAction::LoadModel(file)));
    window.wait("it is loaded", |app| app.models().entries.len() == 2);
    window.propose(Action::Model(ModelId(2), ModelAction::Report));
    assert!(window.has("rows in 3 parts, tested on"), "the report says so");
}

#[test]
fn a_training_can_be_cancelled_and_its_table_learns_again() {
    let mut window = with_lesson();
    window.retype("Trees", "60000");
    window.click("Train");
    window.wait("trees are grown", |app| {
        app.train_form().and_then(|l| l.training.as_ref()).is_some_and(|t| t.chart.figure().is_some())
    });
    assert!(window.has("of 60,000 trees") && window.has("Out-of-bag error so far"));
    window.click("Cancel training");
    window.wait("it has ended", |app| app.train_form().is_some_and(|l| l.training.is_none()));
    assert!(window.app().models().entries.is_empty());
    window.retype("Trees", "5");
    window.click("Train");
    wait_trained(&mut window);
}

#[test]
fn questions_ask_the_model_by_its_name_which_can_be_changed() {
    let mut window = with_model();
    window.click("Ask with this model");
    window.wait_done();
    let sql = window.sheet().question.sql.clone();
    assert!(sql.contains("predict(late)"), "{sql}");
    let rows: f64 =
        window.answer().iter().map(|line| line.split(' ').next_back().unwrap().parse::<f64>().unwrap()).sum();
    assert_eq!(rows, 1_500.0, "every row is predicted or null");
    window.click("Model late");
    window.retype("Name of the model", "trip delay");
    window.click("Close");
    assert_eq!(window.app().models().entries[0].name, "trip delay");
    window.propose(Action::Model(ModelId(1), ModelAction::AskPredictions));
    window.wait_done();
    assert!(window.sheet().question.fault.is_none(), "{:?}", window.sheet().question.fault);
    assert!(window.sheet().question.sql.contains("predict(\"trip delay\")"), "{}", window.sheet().question.sql);
}

#[test]
fn a_saved_model_is_loaded_again_and_says_the_same() {
    let mut window = with_model();
    let file = window.file("late.json", "");
    window.propose(Action::Export(ExportAction::Model(Some(file.clone()), ModelId(1))));
    window.wait("it is saved", |app| app.is_idle());
    let sheet = window.sheet().id;
    window.propose(Action::Table(sheet, TableAction::LoadModel(file.clone())));
    window.wait("it is loaded", |app| app.models().entries.len() == 2);
    assert_eq!(window.app().models().entries[1].name, "late_2", "a name is given once");
    window.click("Close");
    window.ask(
        "SELECT count(*) FILTER (WHERE predict(late) = predict(late_2)) AS same, count(*) FILTER (WHERE predict(late) \
         IS NULL) AS none FROM trips",
    );
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
    again.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    again.wait("the model came with its table", |app| app.models().entries.len() == 1);
    again.wait("and its question is answered", |app| {
        app.sheet().is_some_and(|s| s.question.fault.is_some() || s.watch.shown.is_some())
    });
}

#[test]
fn a_figure_of_the_report_is_exported() {
    let mut window = with_model();
    window.propose(Action::Report(ReportAction::View(ReportView::Roc)));
    for file in [ChartFile::Png, ChartFile::Svg] {
        let path = window.file(&format!("roc.{}", file.extension()), "");
        window.propose(Action::Export(ExportAction::Figure(Some(path.clone()), file)));
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
        question: "SELECT tumble(at, INTERVAL '1 minute') AS time, count(*) AS n FROM trips GROUP BY time ORDER BY \
                   time"
            .to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("rows flow", |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.rows.come_in > 1_500))
    });
    window.click("Learn from trips");
    window.wait("features are proposed", |app| app.train_form().is_some_and(|l| l.proposed.is_some()));
    window.retype("Trees", "8");
    window.click("Train");
    wait_trained(&mut window);
    let to = window.app().models().entries[0].trained_to.clone().expect("the table has a time");
    window.click("Ask how often it is right on new rows");
    let since = Instant::now();
    window.wait("the live rows are tested", |app| {
        app.sheet().is_some_and(|s| {
            s.watch.sql.contains("predict(") && s.watch.shown.as_ref().is_some_and(|s| s.answer.height() > 3)
        }) || since.elapsed() > Duration::from_secs(50)
    });
    let answer = window.answer();
    assert!(
        answer.iter().take(3).all(|line| line.split(' ').next_back().unwrap().parse::<f64>().unwrap() > 0.6),
        "{answer:?}"
    );
    // Of rows after those that it was trained on alone.
    let sql = window.sheet().question.sql.clone();
    assert!(sql.contains("WHERE \"at\" > '2024-03-01 00:"), "{sql}");
    let first = answer[0].split(' ').take(2).collect::<Vec<_>>().join(" ");
    let minute = |micros: i64| format!("2024-03-01 00:{:02}:00", micros / 60_000_000 % 60);
    // The newest row that it was trained on may be the last of its minute.
    let minutes = [minute(to.micros), minute(to.micros + 60_000_000)];
    assert!(minutes.iter().any(|minute| first.starts_with(minute)), "{first} is the minute of {to:?}");
}

/// A file with the model of the first 1,000 trips, which `rows` trips are opened beside.
fn with_saved(rows: usize) -> (Window, std::path::PathBuf) {
    let mut first = Window::new();
    let path = first.file("trips.csv", &trips(1_000));
    first.drop_files(&[&path]);
    first.wait("the file is a table", |app| app.sheets().len() == 1);
    first.wait_done();
    first.click("Learn from trips");
    first.wait("features are proposed", |app| app.train_form().is_some_and(|l| l.proposed.is_some()));
    first.retype("Trees", "12");
    first.click("Train");
    wait_trained(&mut first);
    let window = Window::new();
    let file = window.file("slow_trips.json", "");
    first.propose(Action::Export(ExportAction::Model(Some(file.clone()), ModelId(1))));
    first.wait("it is saved", |app| app.is_idle());
    let table = window.file("later.csv", &trips(rows));
    let mut window = window;
    window.drop_files(&[&table, &file]);
    window.wait("the table and its model are there", |app| app.models().entries.len() == 1);
    window.wait_done();
    (window, file)
}

#[test]
fn a_loaded_model_has_the_report_of_the_trained_one() {
    let mut window = with_model();
    let figures = |window: &mut Window| {
        let views: Vec<ReportView> = VIEWS
            .iter()
            .map(|(view, _)| *view)
            .filter(|view| view.fits(window.app().models().entries.last().unwrap()))
            .collect();
        let mut drawn = Vec::new();
        for view in views {
            window.propose(Action::Report(ReportAction::View(view)));
            drawn.push((view, window.app().report().unwrap().chart.figure().unwrap()));
        }
        drawn
    };
    let trained = figures(&mut window);
    assert_eq!(trained.len(), 8);
    let file = window.file("late.json", "");
    window.propose(Action::Export(ExportAction::Model(Some(file.clone()), ModelId(1))));
    window.wait("it is saved", |app| app.is_idle());
    let sheet = window.sheet().id;
    window.propose(Action::Table(sheet, TableAction::LoadModel(file)));
    window.wait("it is loaded", |app| app.models().entries.len() == 2);
    window.propose(Action::Model(ModelId(2), ModelAction::Report));
    assert!(window.has("Accuracy") && window.has("Log loss") && window.has("precision") && window.has("Trained on"));
    assert_eq!(figures(&mut window), trained);
    let app = window.app();
    assert_eq!(app.models().entries[0].report, app.models().entries[1].report);
    assert_eq!(app.models().entries[0].score(), app.models().entries[1].score());
}

#[test]
fn a_model_among_dropped_files_goes_under_the_table_that_has_its_columns() {
    let (mut window, file) = with_saved(1_500);
    assert_eq!(window.app().sheets().len(), 1, "it is no table");
    {
        let app = window.app();
        let entry = &app.models().entries[0];
        assert_eq!((entry.name.as_str(), entry.file.as_ref()), ("late", Some(&file)), "the name that it was saved by");
        assert!(entry.score().is_some());
    }
    assert!(window.has("slow_trips.json is a model: it stands under later as late"));
    window.click("See the report");
    assert!(window.has("Accuracy"));
    window.click("Close");
    // Without a name of its own it is called by its file.
    let text = std::fs::read_to_string(&file).unwrap();
    let nameless = window.file("Nightly-run.json", &text.replacen("\"name\":\"late\",", "", 1));
    window.drop_files(&[&nameless]);
    window.wait("it is loaded", |app| app.models().entries.len() == 2);
    assert_eq!(window.app().models().entries[1].name, "nightly_run");
}

#[test]
fn a_model_without_a_table_waits_for_one() {
    let (_first, file) = with_saved(1_200);
    let mut window = Window::new();
    let other = window.file("other.csv", "a,b\n1,2\n3,4\n");
    window.drop_files(&[&file, &other]);
    window.wait("the other table is there", |app| app.sheets().len() == 1);
    assert!(window.has("it waits for a table with its columns") && window.app().models().entries.is_empty());
    let table = window.file("trips.csv", &trips(300));
    window.drop_files(&[&table]);
    window.wait("it has found its table", |app| app.models().entries.len() == 1);
    window.wait_done();
    assert_eq!(window.app().models().entries[0].sheet, window.sheet().id);
    assert!(!window.has("it waits for a table") && window.has("it stands under trips"));
}

#[test]
fn a_model_is_loaded_by_its_path_and_a_wrong_one_says_what_it_is() {
    let (mut window, file) = with_saved(1_200);
    let sheet = window.sheet().id;
    window.propose(Action::Model(ModelId(1), ModelAction::Remove));
    let wrong = window.file("list.json", "[{\"a\": 1}]");
    window.propose(Action::Table(sheet, TableAction::LoadModel(wrong.clone())));
    window.wait("it is refused", |app| !app.notices().all().is_empty());
    window.wait("it is said", |app| app.notices().all().iter().any(|n| n.what.contains("It is no model")));
    window.click("Menu of later");
    window.click("Load a model…");
    window.retype("Path of the model", &wrong.display().to_string());
    window.click("Load");
    window.wait("the form says it", |app| app.is_idle());
    assert!(window.has("Load a model under later") && window.has("it is JSON of another shape"));
    window.retype("Path of the model", &format!("\"{}\"", file.display()));
    window.click("Load");
    window.wait("it is loaded", |app| app.models().entries.len() == 1);
    assert!(window.has("Model late") && window.has("Accuracy"), "its report is shown");
    assert!(
        window.app().notices().all().iter().all(|n| !n.what.contains("no model")),
        "what was wrong before is wrong no more"
    );
}

#[test]
fn how_often_it_is_right_is_asked_of_rows_that_it_did_not_learn_from() {
    let (mut window, _) = with_saved(1_500);
    let model = window.app().models().entries[0].clone();
    assert_eq!(model.trained_to.as_ref().unwrap().column, "at");
    window.propose(Action::Model(ModelId(1), ModelAction::Report));
    window.click("Ask how often it is right on new rows");
    window.wait_done();
    let sql = window.sheet().question.sql.clone();
    assert!(sql.contains("WHERE \"at\" > '2024-03-01 00:16:39' AND late IS NOT NULL"), "{sql}");
    window.ask(&sql.replace("tumble(\"at\", INTERVAL '5 seconds')", "tumble(\"at\", INTERVAL '1 day')"));
    window.wait_done();
    let accuracies: Vec<f64> =
        window.answer().iter().map(|line| line.split(' ').next_back().unwrap().parse().unwrap()).collect();
    // The same by the rows' numbers: the first 1,000 are 1000 to 1999.
    window.ask(
        "SELECT avg(CASE WHEN predict(late) = late THEN 1.0 ELSE 0.0 END) AS a, count(*) AS n FROM later WHERE id >= \
         2000 AND predict(late) IS NOT NULL",
    );
    window.wait_done();
    let answer = window.answer();
    let (new, rows) = answer[0].split_once(' ').unwrap();
    assert!((450..500).contains(&rows.parse::<usize>().unwrap()), "{rows}");
    assert_eq!(accuracies, [new.parse::<f64>().unwrap()], "all of them lie in one day");
    window.ask(
        "SELECT avg(CASE WHEN predict(late) = late THEN 1.0 ELSE 0.0 END) AS a FROM later WHERE id < 2000 AND \
         predict(late) IS NOT NULL",
    );
    window.wait_done();
    assert!(
        window.answer()[0].parse::<f64>().unwrap() > accuracies[0],
        "it knows more of the rows that it was trained on"
    );
    // Where none can be newer, all are asked, and that is said.
    let (mut window, _) = with_saved(1_000);
    window.propose(Action::Model(ModelId(1), ModelAction::Report));
    window.click("Ask how often it is right on all rows");
    window.wait_done();
    assert!(!window.sheet().question.sql.contains(" > "), "{}", window.sheet().question.sql);
}

#[test]
fn escape_closes_an_open_list_before_the_dialog() {
    let mut window = with_model();
    window.harness.get_by_role_and_label(Role::ComboBox, "Figure").click();
    window.settle();
    assert!(window.has("Calibration"));
    window.harness.key_press(eframe::egui::Key::Escape);
    window.settle();
    assert!(!window.has("Calibration") && window.has("Model late"), "the list alone is closed");
    window.harness.key_press(eframe::egui::Key::Escape);
    window.settle();
    assert!(!window.has("Balanced"), "then the dialog");
}

#[test]
fn what_is_told_while_a_dialog_is_open_stands_above_it() {
    let mut window = with_model();
    let path = window.file("roc.png", "");
    window.propose(Action::Export(ExportAction::Figure(Some(path), ChartFile::Png)));
    window.wait("it is saved", |app| app.is_idle());
    let told: Vec<_> = window.harness.query_all_by_label_contains("Saved").map(|node| node.rect()).collect();
    assert_eq!(told.len(), 1, "above the dialog, and not behind it as well");
    let says = window.harness.get_by_label_contains("Predicts").rect();
    assert!(
        told.iter().any(|rect| rect.bottom() < says.top()),
        "it hides neither what the dialog says nor its buttons: {told:?}, {says:?}"
    );
    window.click("Close");
    assert_eq!(window.harness.query_all_by_label_contains("Saved").count(), 1);
}

#[test]
fn a_condition_gets_a_name_and_what_is_none_is_refused() {
    let mut window = with_lesson();
    set(&mut window, |d| (d.computed, d.sql) = (true, "minutes >= 30.5".to_owned()));
    window.retype("Name of the target", "val >");
    assert!(window.has("'val >' is not a name") && window.app().train_form().unwrap().proposed.is_none());
    window.harness.get_by_label("Find features").click();
    window.settle();
    assert!(window.app().train_form().unwrap().proposing().is_none(), "there is nothing to look for yet");
    window.retype("Name of the target", " ");
    assert!(!window.has("is not a name"));
    window.click("Find features");
    window.wait("features are proposed", |app| app.train_form().is_some_and(|l| l.proposed.is_some()));
    assert_eq!(window.app().train_form().unwrap().proposed.as_ref().unwrap().target.name, "minutes_at_least_30_5");
    for (sql, name) in [
        ("delay > 15", "delay_above_15"),
        ("town = 'Rome'", "town_is_rome"),
        ("2 < a", "_2_below_a"),
        ("x IS NULL", "x_is_null"),
        ("", ""),
    ] {
        assert_eq!(braid::ui::train::named(sql), name);
    }
}

#[test]
fn a_file_that_is_opened_again_brings_what_was_learnt_from_it() {
    let mut window = with_model();
    window.wait("the model is kept", |app| app.is_idle());
    let (sheet, path) = (window.sheet().id, window.sheet().paths[0].clone());
    let forest = window.app().models().entries[0].forest().clone();
    window.propose(Action::Table(sheet, TableAction::Remove));
    assert!(window.app().models().entries.is_empty());
    window.drop_files(&[&path]);
    window.wait("table and model are there", |app| app.sheets().len() == 1 && app.models().entries.len() == 1);
    assert_eq!(*window.app().models().entries[0].forest(), forest);
}
