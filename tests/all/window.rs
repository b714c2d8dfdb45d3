//! The window, driven by its labels, with no display: the same `App` that eframe shows.

use std::cell::{Ref, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::figure::{Figure, Look, MARKS, record};
use braid::source::live::LIVE_KINDS;
use braid::ui::action::{Action, AnswerFile, ChartAction, ChartFile, ExportAction, OpenAction, QuestionAction};
use braid::ui::question::QuestionOf;
use braid::ui::watch::RunState;
use braid::ui::{App, AppOptions, Worksheet, wording};
use braid::workspace::bench::BoardId;
use braid::workspace::{
    Folders, OpenedWorkspace, SeamSetup, Settings, TableId, TableSetup, TimeSetup, Vault, Workspace, without_secrets,
};
use eframe::egui;
use egui::{Event, Key, Modifiers, Pos2, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

/// Nothing here takes this long unless it hangs.
const LONG: Duration = Duration::from_secs(60);

pub(super) struct Window {
    pub(super) harness: Harness<'static>,
    app: Rc<RefCell<Option<App>>>,
    home: tempfile::TempDir,
}

impl Window {
    pub(super) fn new() -> Self {
        Self::sized(1280.0, 800.0)
    }

    pub(super) fn sized(wide: f32, high: f32) -> Self {
        Self::at(tempfile::tempdir().unwrap(), wide, high)
    }

    /// The program is closed and begun again: it finds what it kept, and what was open is opened as a person would.
    pub(super) fn restarted(self) -> Self {
        let mut window = self.begun_again();
        window.wait("what was open is open again", |app| app.sheets().len() == app.bench().tables.len());
        window
    }

    /// As `restarted`, where the tables cannot be opened.
    pub(super) fn restarted_without_tables(self) -> Self {
        let mut window = self.begun_again();
        window.wait("what was open cannot be", |app| app.session().unopened().len() == app.bench().tables.len());
        window
    }

    fn begun_again(self) -> Self {
        let Self { harness, app, home } = self;
        drop((harness, app));
        // With the process its locks would be gone.
        crate::kept::released(home.path());
        Self::at(home, 1280.0, 800.0)
    }

    /// The window is closed as a person closes it, before it is begun again.
    pub(super) fn closes(&self) {
        eframe::App::on_exit(self.app.borrow_mut().as_mut().unwrap(), None);
    }

    fn at(home: tempfile::TempDir, wide: f32, high: f32) -> Self {
        let app = Rc::new(RefCell::new(None));
        let (make, show, root) = (app.clone(), app.clone(), home.path().join("home"));
        let harness = Harness::builder()
            .with_size(vec2(wide, high))
            .with_context_setup(move |ctx| {
                let folders = Folders::inside(root);
                let (file, vault) = (folders.workspace_file(), folders.vault());
                let settings = Settings::load(&folders.settings_file(), &file, &vault).unwrap();
                let workspace = OpenedWorkspace::open(&file, &folders).unwrap();
                let agreed = BTreeSet::new();
                let options = AppOptions { folders, settings, workspace, agreed, open: Vec::new() };
                *make.borrow_mut() = Some(App::new(ctx, options));
            })
            .build_ui(move |ui| {
                let mut app = show.borrow_mut();
                let app: &mut App = app.as_mut().unwrap();
                app.logic(ui.ctx());
                app.show(ui);
            });
        let mut window = Self { harness, app, home };
        window.settle();
        window
    }

    pub(super) fn app(&self) -> Ref<'_, App> {
        Ref::map(self.app.borrow(), |app| app.as_ref().unwrap())
    }

    pub(super) fn sheet(&self) -> Ref<'_, Worksheet> {
        Ref::map(self.app(), |app| app.sheet().expect("a table is selected"))
    }

    /// The table whose question and panels are shown.
    pub(super) fn selected(&self) -> TableId {
        self.sheet().id
    }

    /// The board on screen.
    pub(super) fn shown_board(&self) -> BoardId {
        self.app().boards().shown.expect("a board is shown")
    }

    pub(super) fn propose(&mut self, action: Action) {
        self.app.borrow_mut().as_mut().unwrap().propose(action);
        self.settle();
    }

    /// A few frames, and no input without a name in them.
    pub(super) fn settle(&mut self) {
        self.harness.run_steps(4);
        self.harness.check_accessibility();
    }

    #[track_caller]
    pub(super) fn wait(&mut self, what: &str, done: impl Fn(&App) -> bool) {
        let since = Instant::now();
        while !done(&self.app()) {
            let notices: Vec<_> =
                self.app().notices().all().iter().map(|n| format!("{}: {}; {}", n.place, n.what, n.hint)).collect();
            assert!(since.elapsed() < LONG, "waited in vain until {what}; notices: {notices:?}");
            std::thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
        self.settle();
    }

    pub(super) fn wait_done(&mut self) {
        self.wait("every run and job has ended", |app| {
            app.sheet().is_some_and(|s| s.watch.state() == RunState::Done) && app.is_idle()
        });
    }

    /// The same while a feed goes on behind the past that is shown.
    pub(super) fn wait_past_done(&mut self) {
        self.wait("the past is answered", |app| {
            app.sheet().is_some_and(|s| s.watch.state() == RunState::Done && !s.chart.is_building())
        });
    }

    pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A place in the folder that goes with the window; its own files are in `home`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(super) fn drop_files(&mut self, paths: &[&Path]) {
        let files = paths.iter().map(|path| Arc::new(Dropped(path.to_path_buf())) as egui::DroppedFileHandle);
        self.harness.input_mut().dropped_files.extend(files);
        self.harness.step();
        self.settle();
    }

    pub(super) fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.settle();
    }

    pub(super) fn has(&self, label: &str) -> bool {
        self.harness.query_all_by_label_contains(label).next().is_some()
    }

    /// Replaces a field's text by typing.
    pub(super) fn retype(&mut self, label: &str, text: &str) {
        self.field(label).focus();
        self.harness.step();
        self.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        self.harness.step();
        self.field(label).type_text(text);
        self.settle();
    }

    /// A field to type into; its label may stand beside it.
    #[track_caller]
    pub(super) fn field<'a>(&'a self, label: &'a str) -> egui_kittest::Node<'a> {
        use egui::accesskit::Role;
        let mut found = self.harness.query_all_by_label(label);
        found
            .find(|node| matches!(node.accesskit_node().role(), Role::TextInput | Role::MultilineTextInput))
            .expect("there is such a field")
    }

    pub(super) fn ask(&mut self, sql: &str) {
        self.retype("SQL", sql);
        self.click("Ask");
    }

    /// The shown answer as lines of text.
    pub(super) fn answer(&self) -> Vec<String> {
        let sheet = self.sheet();
        let frame = &sheet.watch.shown.as_ref().expect("there is an answer").answer;
        let line = |row| {
            frame.columns().iter().map(|c| c.get(row).unwrap().str_value().into_owned()).collect::<Vec<_>>().join(" ")
        };
        (0..frame.height()).map(line).collect()
    }

    /// The points of the chart's first series.
    pub(super) fn points(&self) -> Vec<(f64, f64)> {
        let sheet = self.sheet();
        let figure = sheet.chart.figure().expect("there is a chart");
        figure.series.first().map_or_else(Vec::new, |s| s.x.iter().copied().zip(s.y.iter().copied()).collect())
    }

    pub(super) fn chart(&self) -> egui::Rect {
        self.harness.get_by_label_contains("Chart:").rect()
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

const SALES: &str = "town,price,sold\nRome,3,2024-01-01 10:00:00\nOslo,5,2024-01-01 11:00:00\nRome,4,2024-01-02 \
                     10:30:00\nLima,1,2024-01-03 09:00:00\n";

pub(super) fn with_sales() -> Window {
    let mut window = Window::new();
    let path = window.file("sales.csv", SALES);
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window
}

/// Minutes of one day, one row each, as a file with a time column.
pub(super) fn minutes(rows: usize) -> String {
    let line = |i: usize| format!("2024-03-01 {:02}:{:02}:{:02},{}\n", i / 3600 % 24, i / 60 % 60, i % 60, i % 7);
    std::iter::once("at,v\n".to_owned()).chain((0..rows).map(line)).collect()
}

/// A table that lives on a replay: some `speed` rows a second, for a long time.
pub(super) fn with_replay(speed: usize) -> Window {
    let mut window = Window::new();
    let path = window.file("ticks.csv", &minutes(80_000));
    let setup = TableSetup {
        name: "ticks".to_owned(),
        live: vec![format!("replay:{}?speed={speed}", path.display())],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT v, count(*) AS n FROM ticks GROUP BY v ORDER BY v".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    // One row alone is shown as numbers, which have no axes.
    window.wait("rows flow", |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.answer.height() > 1))
    });
    window
}

#[test]
fn the_first_page_offers_every_beginning_with_one_click() {
    let window = Window::new();
    for label in ["Sample data", "Sample as a live feed", "History and live in one table", "Open…", "Open a folder…"]
    {
        assert!(window.harness.query_by_label(label).is_some(), "{label}");
    }
    assert!(window.harness.query_all_by_label("Connect a feed…").count() >= 1);
}

#[test]
fn a_dropped_file_becomes_a_table_with_its_columns_and_a_picture() {
    let window = with_sales();
    assert!(window.has("sales") && window.has("History"));
    for column in ["town", "price", "sold"] {
        assert!(window.has(column), "{column}");
    }
    assert!(!window.points().is_empty(), "the first question is asked and charted by itself");
    assert!(window.has("Done"));
}

#[test]
fn the_sample_opens_with_one_click_and_is_drawn() {
    let mut window = Window::new();
    window.click("Sample data");
    window.wait("the sample is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    assert!(window.points().len() > 100);
    let total: f64 = window.points().iter().map(|p| p.1).filter(|n| n.is_finite()).sum();
    assert_eq!(total, 458_388.0, "every flight is counted");
}

#[test]
fn typed_sql_changes_answer_chart_and_builder() {
    let mut window = with_sales();
    let before = window.points();
    window.ask("SELECT town, sum(price) AS total FROM sales GROUP BY town ORDER BY town");
    window.wait_done();
    assert_eq!(window.answer(), ["Lima 1", "Oslo 5", "Rome 7"]);
    assert_ne!(window.points(), before);
    let sheet = window.sheet();
    let form = &sheet.question.form;
    assert_eq!(form.groups, ["town"]);
    assert_eq!(form.measures.len(), 1);
    assert_eq!((form.measures[0].aggregate.as_str(), form.measures[0].argument.as_str()), ("sum", "price"));
    drop(sheet);
    assert!(window.has("Measure sum(price)") && window.has("Group town"));
}

#[test]
fn a_choice_in_the_builder_changes_the_sql_and_the_answer() {
    let mut window = with_sales();
    window.ask("SELECT count(*) AS n FROM sales");
    window.wait_done();
    assert_eq!(window.answer(), ["4"]);
    window.click("+ Group");
    window.harness.get_by_role_and_label(egui::accesskit::Role::Button, "town").click();
    window.settle();
    window.wait_done();
    let sql = window.sheet().question.sql.clone();
    assert!(sql.to_uppercase().contains("GROUP BY TOWN"), "{sql}");
    assert_eq!(window.answer().len(), 3);
    assert_eq!(
        window.harness.get_by_label("SQL").value().unwrap(),
        sql,
        "the text that is shown is the text that was asked"
    );
}

#[test]
fn a_filter_typed_into_the_builder_is_asked_when_it_is_left() {
    let mut window = with_sales();
    window.ask("SELECT count(*) AS n FROM sales");
    window.wait_done();
    window.retype("Where", "price > 3");
    assert!(window.sheet().question.sql.contains("price > 3"), "the text follows each key");
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait_done();
    assert_eq!(window.answer(), ["2"]);
}

#[test]
fn undo_takes_the_question_back() {
    let mut window = with_sales();
    window.ask("SELECT count(*) AS n FROM sales");
    window.wait_done();
    let first = window.sheet().question.sql.clone();
    // Frames are a quarter of a second apart by the clock of the test: these edits are one step, what was asked
    // another.
    for edit in ["SELECT max(price)", "SELECT max(price) FROM sales", "SELECT max(price) AS top FROM sales"] {
        let question = Action::Question(QuestionOf::Table(window.selected()), QuestionAction::Sql(edit.to_owned()));
        window.app.borrow_mut().as_mut().unwrap().propose(question);
        window.harness.step();
    }
    window.click("Ask");
    window.wait_done();
    assert_eq!(window.answer(), ["5"]);
    window.click("Undo");
    window.wait_done();
    assert_eq!(window.sheet().question.sql, first);
    assert_eq!(window.answer(), ["4"]);
}

#[test]
fn a_wrong_name_is_pointed_at_and_the_last_answer_stays() {
    let mut window = with_sales();
    let before = window.answer();
    let sql = "SELECT town, sum(prize) AS total FROM sales GROUP BY town";
    window.ask(sql);
    let fault = window.sheet().question.fault.clone().expect("there is no prize");
    assert_eq!(&sql[fault.span.clone().expect("it points")], "prize");
    assert!(window.has(&wording::what(&fault)), "the message is on screen");
    assert_eq!(window.answer(), before);
}

#[test]
fn a_question_about_an_unknown_table_names_those_that_are_open() {
    let mut window = with_sales();
    window.ask("SELECT count(*) FROM salez");
    let fault = window.sheet().question.fault.clone().unwrap();
    assert!(fault.what.contains("salez") && fault.hint.to_string().contains("sales"), "{fault}");
}

#[test]
fn a_question_about_another_open_table_goes_there() {
    let mut window = with_sales();
    let path = window.file("other.csv", "a,b\n1,2\n");
    window.drop_files(&[&path]);
    window.wait("both are open", |app| app.sheets().len() == 2);
    window.wait_done();
    window.ask("SELECT sum(price) AS total FROM sales");
    window.wait_done();
    assert_eq!(window.sheet().table.name, "sales");
    assert_eq!(window.answer(), ["13"]);
}

#[test]
fn a_wrong_file_says_what_is_wrong_and_other_tables_go_on() {
    let mut window = with_sales();
    let empty = window.file("empty.csv", "");
    let missing = window.home.path().join("missing.parquet");
    let broken = window.file("broken.parquet", "PAR1 this is not one");
    window.drop_files(&[&empty, &missing, &broken]);
    window.wait("all three are told", |app| app.notices().all().len() == 3);
    for name in ["empty.csv", "missing.parquet", "broken.parquet"] {
        assert!(window.has(name), "the notice names {name}");
    }
    assert_eq!(window.app().sheets().len(), 1);
    window.ask("SELECT count(*) AS n FROM sales");
    window.wait_done();
    assert_eq!(window.answer(), ["4"]);
    for _ in 0..3 {
        window.harness.get_all_by_label("Dismiss").next().unwrap().click();
        window.settle();
    }
    assert!(window.app().notices().all().is_empty());
}

#[test]
fn the_same_columns_twice_offer_to_become_one_history() {
    let mut window = with_sales();
    let path = window.file("more.csv", SALES);
    window.drop_files(&[&path]);
    window.wait("both are open", |app| app.sheets().len() == 2);
    window.click("Join into sales");
    window.wait("they are one", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT count(*) AS n FROM sales");
    window.wait_done();
    assert_eq!(window.answer(), ["8"]);
}

#[test]
fn the_chart_changes_while_a_replay_runs() {
    let mut window = with_replay(2_000);
    let before = window.points();
    window.wait("the picture has moved", |app| {
        let figure = app.sheet().and_then(|s| s.chart.figure());
        figure.is_some_and(|f| {
            f.series.first().is_some_and(|s| s.x.iter().copied().zip(s.y.iter().copied()).collect::<Vec<_>>() != before)
        })
    });
    assert!(window.has("Live") && window.has("rows/s"));
}

#[test]
fn pause_holds_the_picture_and_ingest_goes_on_until_resume_shows_it() {
    let mut window = with_replay(2_000);
    window.click("Pause");
    let (held, points) = (window.sheet().watch.shown.as_ref().unwrap().version, window.points());
    window.wait("rows come in behind the picture", |app| app.sheet().is_some_and(|s| s.watch.rows_since_pause() > 500));
    assert_eq!(window.sheet().watch.shown.as_ref().unwrap().version, held);
    assert_eq!(window.points(), points);
    assert!(window.has("Paused"));
    window.click("Resume");
    assert!(window.sheet().watch.shown.as_ref().unwrap().version > held);
    assert_ne!(window.points(), points);
}

#[test]
fn stop_ends_the_run_with_a_complete_answer() {
    let mut window = with_replay(2_000);
    window.click("Stop");
    window.wait("it has stopped", |app| app.sheet().is_some_and(|s| s.watch.state() == RunState::Stopped));
    let sheet = window.sheet();
    let shown = sheet.watch.shown.as_ref().unwrap();
    assert!(shown.last && shown.rows.conserved());
    assert!(window.has("Stopped"));
}

#[test]
fn zooming_panning_and_reading_work_while_it_flows() {
    let mut window = with_replay(2_000);
    let center = window.chart().center();
    window.harness.hover_at(center);
    window.harness.step();
    window.harness.event(Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: Vec2::new(0.0, 120.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    window.settle();
    let zoomed = window.sheet().chart.view().expect("the wheel zooms");
    window.propose(Action::Chart(window.selected(), ChartAction::View(None)));
    drag(&mut window, center - vec2(80.0, 60.0), center + vec2(80.0, 60.0), egui::PointerButton::Primary);
    let boxed = window.sheet().chart.view().expect("a box zooms");
    assert_ne!(zoomed, boxed);
    drag(&mut window, center, center + vec2(50.0, 0.0), egui::PointerButton::Secondary);
    let panned = window.sheet().chart.view().unwrap();
    assert!(panned.x.unwrap().0 < boxed.x.unwrap().0, "dragging to the right looks further left");
    window.click("Whole picture");
    assert!(window.sheet().chart.view().is_none());
    assert!(window.sheet().watch.is_running(), "and rows have kept flowing");
}

pub(super) fn drag(window: &mut Window, from: Pos2, to: Pos2, button: egui::PointerButton) {
    let press = |pos, pressed| Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE };
    window.harness.hover_at(from);
    window.harness.step();
    window.harness.event(press(from, true));
    window.harness.step();
    window.harness.hover_at(from + (to - from) / 2.0);
    window.harness.step();
    window.harness.hover_at(to);
    window.harness.step();
    window.harness.event(press(to, false));
    window.settle();
}

#[test]
fn connecting_can_be_cancelled() {
    let mut window = Window::new();
    let silent = window.file("silent.ndjson", "");
    let live = vec![format!("file:{}", silent.display())];
    window.propose(Action::Open(OpenAction::Setup(Box::new(TableSetup {
        name: "silent".to_owned(),
        live,
        ..TableSetup::default()
    }))));
    assert!(window.has("Connecting"));
    let since = Instant::now();
    window.click("Cancel");
    window.wait("it has ended", App::is_idle);
    assert!(since.elapsed() < Duration::from_secs(5), "it did not wait for the feed");
    assert!(window.has("Cancelled") && window.app().sheets().is_empty());
}

#[test]
fn the_seam_is_drawn_and_a_click_on_it_opens_its_ledger() {
    let mut window = Window::new();
    window.click("History and live in one table");
    let drawn = |app: &App| app.sheet().and_then(|s| s.chart.figure()).is_some_and(|f| f.seam.is_some());
    window.wait("the seam is drawn", drawn);
    window.wait("live rows come", |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.seam.live_rows > 1_000))
    });
    window.click("Pause");
    let rect = window.chart();
    let figure = window.sheet().chart.figure().unwrap();
    let untitled = Figure { title: String::new(), ..Figure::clone(&figure) };
    let layout = record(&untitled, [rect.width(), rect.height()], &Look::dark()).unwrap().layout;
    let [x, _] = layout.to_px((figure.seam.unwrap(), 0.0));
    let at = Pos2::new(rect.min.x + x, rect.center().y);
    drag(&mut window, at, at, egui::PointerButton::Primary);
    assert!(window.has("Seam ledger") && window.has("Every row that came in is accounted for."));
    assert!(window.has("History owns every row before"));
    window.harness.key_press(Key::Escape);
    window.settle();
    assert!(!window.has("Seam ledger"));
}

#[test]
fn a_big_answer_becomes_a_picture_in_the_background() {
    let mut window = Window::new();
    let path = window.file("ticks.csv", &minutes(20_000));
    window.drop_files(&[&path]);
    window.wait("it is open", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT at, sum(v) AS v FROM ticks GROUP BY at ORDER BY at");
    window.wait_done();
    assert_eq!(window.points().len(), 20_000);
}

#[test]
fn the_pointer_reads_the_nearest_value() {
    let mut window = with_sales();
    window.ask("SELECT price, count(*) AS n FROM sales GROUP BY price ORDER BY price");
    window.wait_done();
    window.propose(Action::Chart(window.selected(), ChartAction::Mark("line")));
    let rect = window.chart();
    window.harness.hover_at(rect.center());
    window.settle();
    assert!(window.harness.query_all_by_label_contains("n").next().is_some());
    assert!(window.has("3") || window.has("4"), "the tooltip says a price");
}

#[test]
fn every_mark_is_in_the_menu_and_can_be_chosen() {
    let mut window = with_sales();
    for mark in MARKS {
        window.click("mark");
        window.harness.get_by_role_and_label(egui::accesskit::Role::Button, mark.title).click();
        window.settle();
        window.wait_done();
        assert_eq!(window.sheet().chart.figure().unwrap().mark, mark.name);
    }
}

#[test]
fn every_kind_of_feed_is_in_the_form_with_its_settings() {
    let mut window = Window::new();
    window.harness.get_all_by_label("Connect a feed…").next().unwrap().click();
    window.settle();
    for kind in LIVE_KINDS {
        window.harness.get_by_role_and_label(egui::accesskit::Role::Button, kind.title).click();
        window.settle();
        for setting in kind.settings {
            assert!(window.has(setting.name), "{}: {}", kind.title, setting.name);
        }
    }
    assert!(window.has("Test connection") && window.has("Add as table"));
}

#[test]
fn a_feed_is_tested_previewed_and_added() {
    let mut window = Window::new();
    let path = window.file("ticks.csv", &minutes(5_000));
    window.harness.get_all_by_label("Connect a feed…").next().unwrap().click();
    window.settle();
    window.retype("Address", &format!("replay:{}?speed=1000", path.display()));
    window.click("Test connection");
    let since = Instant::now();
    while !window.has("Connected") {
        assert!(since.elapsed() < LONG, "the test never ends");
        std::thread::sleep(Duration::from_millis(10));
        window.harness.step();
    }
    window.click("Add as table");
    window.wait("the feed is a table", |app| app.sheets().len() == 1);
    window.wait("rows flow", |app| {
        app.sheet().is_some_and(|s| s.watch.newest.as_ref().is_some_and(|s| s.rows.come_in > 0))
    });
    assert!(window.sheet().table.history.is_empty() && window.sheet().table.live.len() == 1);
}

#[test]
fn a_feed_that_cannot_be_reached_says_why_in_its_form() {
    let mut window = Window::new();
    window.harness.get_all_by_label("Connect a feed…").next().unwrap().click();
    window.settle();
    let missing = window.home.path().join("nothing.csv");
    window.retype("Address", &format!("replay:{}", missing.display()));
    window.click("Test connection");
    let since = Instant::now();
    while !window.has("nothing.csv ·") && !window.has("no such file") {
        assert!(since.elapsed() < LONG, "the test never ends");
        std::thread::sleep(Duration::from_millis(10));
        window.harness.step();
    }
    assert!(window.app().sheets().is_empty());
}

#[test]
fn a_feed_without_an_address_is_refused_in_its_form() {
    let mut window = with_sales();
    for kind in LIVE_KINDS.iter().filter(|kind| kind.title != "Standard input") {
        window.harness.get_all_by_label("Connect a feed…").next().unwrap().click();
        window.settle();
        window.click(kind.title);
        window.click("Add as table");
        assert!(window.has("There is no address yet") && window.has(kind.example), "{}", kind.title);
        window.click("Close");
    }
    assert!(window.app().sheets().len() == 1 && window.sheet().table.live.is_empty());
}

#[test]
fn the_picture_and_the_answer_can_be_saved() {
    let mut window = with_sales();
    let (sales, folder) = (window.selected(), window.home.path().to_owned());
    let charts = [(ChartFile::Png, "c.png"), (ChartFile::Svg, "c.svg")];
    for (file, name) in charts {
        window.propose(Action::Export(ExportAction::Chart(Some(folder.join(name)), sales, file)));
    }
    for (file, name) in [(AnswerFile::Csv, "a.csv"), (AnswerFile::Parquet, "a.parquet")] {
        window.propose(Action::Export(ExportAction::Answer(Some(folder.join(name)), sales, file)));
    }
    window.wait("four files are saved", |app| {
        app.notices().all().iter().filter(|n| n.what.starts_with("Saved")).count() == 4
    });
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert!(read("c.png").starts_with(b"\x89PNG\r\n"));
    assert!(String::from_utf8(read("c.svg")).unwrap().contains("</svg>"));
    assert_eq!(String::from_utf8(read("a.csv")).unwrap().lines().count(), 1 + window.answer().len());
    assert!(read("a.parquet").ends_with(b"PAR1"));
}

#[test]
fn saving_to_a_folder_that_is_not_there_is_told() {
    let mut window = with_sales();
    let (sales, nowhere) = (window.selected(), window.home.path().join("no").join("such").join("c.svg"));
    window.propose(Action::Export(ExportAction::Chart(Some(nowhere), sales, ChartFile::Svg)));
    window.wait("it is told", |app| app.notices().all().iter().any(|n| n.place.contains("c.svg")));
}

#[test]
fn cells_that_cannot_be_read_are_counted_and_shown_with_their_line() {
    let mut window = Window::new();
    // The sample that settles the types, the first MiB, must not reach the last row.
    let rows = 160_000;
    let long: String = (0..rows).map(|i| format!("{i},word\n")).collect();
    let path = window.file("half.csv", &format!("n,word\n{long}not a number,w\n"));
    window.drop_files(&[&path]);
    window.wait("it is open", |app| app.sheets().len() == 1);
    // The first question would come between the hand and the keys.
    window.wait_done();
    window.ask("SELECT sum(n) AS total FROM half");
    window.wait_done();
    let rows = window.sheet().watch.shown.as_ref().unwrap().rows;
    assert_eq!((rows.rejected, rows.cells), (0, 1));
    window.harness.get_all_by_label("1 cell rejected").next().unwrap().click();
    window.settle();
    assert!(window.has("Rejected rows") && window.has("160,002"), "the pane names the line");
}

#[test]
fn nothing_is_painted_when_nothing_happens() {
    let mut window = with_sales();
    window.harness.run_ok();
    let delay = window.harness.output().viewport_output.get(&egui::ViewportId::ROOT).unwrap().repaint_delay;
    assert!(delay > Duration::from_secs(60), "a still window asks for a repaint in {delay:?}");
}

#[test]
fn what_was_opened_is_remembered_and_opens_again_with_its_question() {
    let mut window = with_sales();
    window.propose(Action::Question(
        QuestionOf::Table(window.selected()),
        QuestionAction::Sql("SELECT sum(price) AS total FROM sales".to_owned()),
    ));
    window.propose(Action::Question(QuestionOf::Table(window.selected()), QuestionAction::Ask));
    window.wait_done();
    let config = window.home.path().join("home/config");
    let (file, vault) = (config.join("workspace.json"), Vault::new(&config));
    window.wait("it is kept", |app| app.is_idle());
    let saved = Workspace::load(&file, &vault).unwrap().bench;
    assert_eq!(saved.tables.len(), 1);
    assert_eq!(Settings::load(&config.join("settings.json"), &file, &vault).unwrap().recent.len(), 1);
    let mut other = Window::new();
    other.propose(Action::Open(OpenAction::Setup(Box::new(saved.tables[0].clone()))));
    other.wait("it is open again", |app| app.sheets().len() == 1);
    other.wait_done();
    assert_eq!(other.answer(), ["13"]);
}

#[test]
fn a_workspace_reads_back_as_it_was_written() {
    let home = tempfile::tempdir().unwrap();
    let table = TableSetup {
        id: TableId(3),
        name: "数据 \"x\"".to_owned(),
        paths: vec!["a b.csv".into()],
        live: vec!["ws://host/x?format=json".to_owned()],
        time: Some(TimeSetup { column: "t".to_owned(), lateness_ms: 5 }),
        seam: SeamSetup::Time(-1),
        question: "SELECT 1".to_owned(),
        proposed: Some(7),
        mark: "bar".to_owned(),
        figure: Box::default(),
        stopped: true,
        models: Vec::new(),
        foreign: false,
    };
    let vault = Vault::new(home.path().join("vault"));
    let workspace = Workspace::of([table]);
    let file = home.path().join("deep/er/w.json");
    workspace.save(&file, &vault).unwrap();
    assert_eq!(Workspace::load(&file, &vault).unwrap(), workspace);
    std::fs::write(&file, "{ not json").unwrap();
    let fault = Workspace::load(&file, &vault).unwrap_err();
    assert!(fault.place.contains("w.json") && !fault.hint.is_empty());
}

#[test]
fn a_saved_address_holds_no_credentials() {
    let cases = [
        ("ws://ann:pw@host:1/x?format=json&token=abc", "ws://host:1/x?format=json"),
        ("wss://host/x?API_KEY=abc", "wss://host/x"),
        ("wss://host/x?key=1&subscribe=%7B%22op%22%3A%22auth%22%2C%22token%22%3A%22s%22%7D", "wss://host/x"),
        ("replay:/home/a@b/f.csv?speed=60", "replay:/home/a@b/f.csv?speed=60"),
        ("ws://host/a@b", "ws://host/a@b"),
    ];
    for (url, clean) in cases {
        assert_eq!(without_secrets(url), clean);
    }
}

#[test]
fn a_measure_and_a_window_are_changed_by_clicks_in_their_forms() {
    let mut window = with_sales();
    let button = egui::accesskit::Role::Button;
    window.ask("SELECT tumble(sold, INTERVAL '1 hour') AS time, count(*) FROM sales GROUP BY time ORDER BY time");
    window.wait_done();
    window.click("Measure count(*)");
    window.harness.get_by_role_and_label(button, "sum").click();
    window.settle();
    window.wait_done();
    assert!(
        window.sheet().question.asked.contains("sum(price)"),
        "a number, not the time: {}",
        window.sheet().question.asked
    );
    window.harness.get_by_role_and_label(button, "max").click();
    window.settle();
    window.wait_done();
    assert!(
        window.sheet().question.asked.contains("max(price)"),
        "the form stays open: {}",
        window.sheet().question.asked
    );
    window.harness.key_press(Key::Escape);
    window.settle();
    window.click("Window sold every 1 hour");
    window.harness.get_by_role_and_label(button, "1 day").click();
    window.settle();
    window.wait_done();
    assert!(window.sheet().question.asked.contains("'1 day'"), "{}", window.sheet().question.asked);
    assert_eq!(window.answer().len(), 3);
}

#[test]
fn a_new_measure_begins_with_a_number_that_is_no_group() {
    let mut window = Window::new();
    let path = window.file("m.csv", "sold,hour,price\n2024-01-01 10:00:00,1,3\n2024-01-02 10:30:00,2,4\n");
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT hour, count(*) AS n FROM m GROUP BY hour ORDER BY hour");
    window.wait_done();
    window.click("+ Measure");
    window.harness.get_by_role_and_label(egui::accesskit::Role::Button, "avg").click();
    window.settle();
    window.wait_done();
    assert!(window.sheet().question.asked.contains("avg(price)"), "{}", window.sheet().question.asked);
}

#[test]
fn a_table_with_a_chinese_name_is_edited_and_asked_again() {
    let mut window = Window::new();
    let path = window.file("销售一月.csv", "城市,价 格\n北京,3\n上海,5\n北京,4\n");
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    assert!(!window.sheet().question.asked.contains("\"\""), "{}", window.sheet().question.asked);
    window.click("+ Measure");
    window.harness.get_by_role_and_label(egui::accesskit::Role::Button, "sum").click();
    window.settle();
    window.wait_done();
    let sql = window.sheet().question.asked.clone();
    assert!(sql.contains("sum(\"价 格\")") && sql.contains("FROM 销售一月"), "{sql}");
    assert!(window.has("Measure sum(价 格)"), "a chip shows no SQL quotes");
    assert!(window.answer().contains(&"北京 2 7".to_owned()), "{:?}", window.answer());
    window.ask("SELECT sum(\"价 格\") AS 总 FROM \"销售一月\"");
    window.wait_done();
    assert_eq!(window.answer(), ["12"]);
}

#[test]
fn a_click_anywhere_on_a_card_selects_its_table() {
    let mut window = with_sales();
    let path = window.file("more.csv", "a\n1\n");
    window.drop_files(&[&path]);
    window.wait("both are open", |app| app.sheets().len() == 2);
    window.wait_done();
    assert_eq!(window.sheet().table.name, "more");
    let card = window.harness.get_by_label("Table sales").rect();
    drag(&mut window, card.center(), card.center(), egui::PointerButton::Primary);
    assert_eq!(window.sheet().table.name, "sales");
}

#[test]
fn what_a_run_has_noted_is_gone_with_the_next_question() {
    let mut window = with_sales();
    let noted = |app: &App| app.notices().all().iter().any(|n| n.origin.is_some());
    window.ask("SELECT town, sum(price) / (sum(price) - 5) AS z FROM sales GROUP BY town");
    window.wait("it is noted", noted);
    window.ask("SELECT count(*) AS n FROM sales");
    window.wait_done();
    assert!(!noted(&window.app()));
}

#[test]
fn without_a_file_dialog_paths_are_written() {
    let zenity = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("zenity").is_file()));
    let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|v| !v.is_empty());
    if !cfg!(target_os = "linux") || zenity || bus {
        return;
    }
    let mut window = with_sales();
    window.propose(Action::Open(OpenAction::PickFiles));
    assert!(window.has("Open a path"), "it is written instead");
    window.harness.key_press(Key::Escape);
    window.settle();
    window.propose(Action::Export(ExportAction::Chart(None, window.selected(), ChartFile::Svg)));
    assert!(window.has("Save as"));
}

#[test]
fn five_measures_and_the_order_are_seen_at_once() {
    let mut window = with_sales();
    window.ask(
        "SELECT town, count(*) AS n, sum(price) AS s, min(price) AS lowest, max(price) AS highest, avg(price) AS mean \
         FROM sales GROUP BY town ORDER BY town",
    );
    window.wait_done();
    window.settle();
    let order = window.harness.get_by_label("+ Order").rect();
    let text = window.field("SQL").rect();
    assert!(order.max.y < text.min.y, "{order:?} {text:?}");
}
