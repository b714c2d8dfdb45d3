//! What the window shows of a question that runs: classes, open and corrected windows, late rows, audits, a question
//! that is changed meanwhile, the past, and what it all costs.

use std::time::Duration;

use braid::data::time::{Clock, text, value_micros};
use braid::figure::PointState;
use braid::query::window::WindowStatus;
use braid::ui::App;
use braid::ui::action::{Action, AppAction, CostAction, OpenAction, Pane, RewindAction, TableAction};
use braid::ui::look;
use braid::ui::watch::RunState;
use braid::workspace::{TableSetup, TimeSetup};
use eframe::egui;
use egui::{Color32, Event, FontId, Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use polars::prelude::TimeUnit;

use super::window::{Window, minutes, with_replay, with_sales};

const BUTTON: egui::accesskit::Role = egui::accesskit::Role::Button;

/// A replay whose rows are counted by the minute; `faults` are parameters of the feed.
pub(super) fn with_windows(faults: &str, lateness_ms: u64) -> Window {
    let mut window = Window::new();
    let path = window.file("ticks.csv", &minutes(80_000));
    let setup = TableSetup {
        name: "ticks".to_owned(),
        live: vec![format!("replay:{}?speed=2000{faults}", path.display())],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms }),
        question: "SELECT tumble(at, INTERVAL '1 minute') AS minute, count(*) AS n FROM ticks GROUP BY minute ORDER \
                   BY minute"
            .to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("rows flow", |app| rows(app) > 1_000);
    window
}

pub(super) fn rows(app: &App) -> u64 {
    app.sheet().and_then(|s| s.watch.shown.as_ref().map(|s| s.rows.come_in)).unwrap_or(0)
}

pub(super) fn states(app: &App) -> Vec<WindowStatus> {
    app.sheet()
        .and_then(|s| s.watch.shown.as_ref().and_then(|s| s.status.clone()))
        .map(|s| s.to_vec())
        .unwrap_or_default()
}

#[test]
fn each_item_says_how_exact_it_is_and_what_keeps_values_becomes_a_sketch_with_one_click() {
    let mut window = with_sales();
    window.ask(
        "SELECT town, count(DISTINCT price) AS prices, sum(price) AS total FROM sales GROUP BY town ORDER BY town",
    );
    window.wait_done();
    assert!(window.has("keeps values") && window.has("exact"));
    let sheet = window.sheet();
    let names: Vec<_> = sheet.question.classes.iter().map(|c| (c.name.clone(), c.cheaper.is_some())).collect();
    assert_eq!(names, [("prices".to_owned(), true), ("total".to_owned(), false)], "groups have no class");
    drop(sheet);
    window.click("Use approx_count_distinct instead of count(DISTINCT price)");
    window.wait_done();
    assert!(
        window.sheet().question.asked.contains("approx_count_distinct(price) AS prices"),
        "{}",
        window.sheet().question.asked
    );
    assert!(window.has("sketch ±1.63 %") && !window.has("keeps values"));
    assert_eq!(window.answer(), ["Lima 1 1", "Oslo 1 5", "Rome 2 7"]);
    window.click("Undo");
    window.wait_done();
    assert!(window.sheet().question.asked.contains("count(DISTINCT price)"), "{}", window.sheet().question.asked);
}

#[test]
fn a_measure_in_the_builder_offers_its_sketch() {
    let mut window = with_sales();
    window.ask("SELECT median(price) AS middle FROM sales");
    window.wait_done();
    window.harness.get_all_by_label("Use approx_quantile instead of median(price)").next().unwrap().click();
    window.settle();
    window.wait_done();
    assert!(
        window.sheet().question.asked.contains("approx_quantile(price, 0.5) AS middle"),
        "{}",
        window.sheet().question.asked
    );
}

#[test]
fn the_menu_of_measures_knows_aggregates_of_two_columns_and_constants() {
    let mut window = Window::new();
    let path = window.file("m.csv", "a,b\n1,2\n2,4\n3,6\n");
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT count(*) AS n FROM m");
    window.wait_done();
    for (name, call) in
        [("corr", "corr(a, b)"), ("approx_quantile", "approx_quantile(a, 0.95)"), ("arg_max", "arg_max(a, b)")]
    {
        window.click("+ Measure");
        // It may have to be scrolled to.
        window.harness.get_by_role_and_label(BUTTON, name).click_accesskit();
        window.settle();
        window.wait_done();
        assert!(window.sheet().question.asked.contains(call), "{}", window.sheet().question.asked);
    }
    assert!(window.sheet().question.fault.is_none());
    window.click("Measure approx_quantile(a, 0.95)");
    window.retype("Parameter q", "7");
    assert!(window.has("q must be a number from 0 to 1"));
}

#[test]
fn windows_of_all_kinds_are_made_by_clicks() {
    let mut window = with_sales();
    window.ask("SELECT tumble(sold, INTERVAL '1 hour') AS time, count(*) AS n FROM sales GROUP BY time ORDER BY time");
    window.wait_done();
    window.click("Window sold every 1 hour");
    window.harness.get_by_role_and_label(BUTTON, "hop").click();
    window.settle();
    window.wait_done();
    assert!(
        window.sheet().question.asked.contains("hop(sold, INTERVAL '30 minutes', INTERVAL '1 hour')"),
        "{}",
        window.sheet().question.asked
    );
    assert_eq!(window.answer().len(), 8, "each row is in two of them");
    window.retype("Offset", "10 minutes");
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait_done();
    assert!(
        window.sheet().question.asked.contains("INTERVAL '1 hour', INTERVAL '10 minutes')"),
        "{}",
        window.sheet().question.asked
    );
    window.harness.get_by_role_and_label(BUTTON, "session").click();
    window.settle();
    window.wait_done();
    assert!(
        window.sheet().question.asked.contains("session(sold, INTERVAL '1 hour')"),
        "{}",
        window.sheet().question.asked
    );
    assert_eq!(window.answer().len(), 3, "two rows are an hour apart");
}

#[test]
fn rows_of_open_windows_say_so_in_the_grid_and_look_so_in_the_chart() {
    let mut window = with_windows("", 1_000);
    window.wait("a window is final", |app| states(app).contains(&WindowStatus::Final));
    window.click("Pause");
    let states = states(&window.app());
    assert_eq!(states.last(), Some(&WindowStatus::Open), "the newest window is still filling");
    let figure = window.sheet().chart.figure().unwrap();
    let points = &figure.series[0];
    assert_eq!((points.state(points.len() - 1), points.state(0)), (Some(PointState::Open), Some(PointState::Final)));
    assert!(figure.caption.contains("still open"), "{}", figure.caption);
    assert!(window.has("final"), "the grid begins with final windows");
}

#[test]
fn after_stop_a_window_that_was_open_is_said_to_be_stopped_and_not_final() {
    let mut window = with_windows("", 1_000);
    window.wait("a window is final", |app| states(app).contains(&WindowStatus::Final));
    window.click("Stop");
    window.wait("it has stopped", |app| app.sheet().is_some_and(|s| s.watch.state() == RunState::Stopped));
    window.wait("it is drawn", |app| {
        app.sheet().and_then(|s| s.chart.figure()).is_some_and(|figure| figure.has(PointState::Stopped))
    });
    let figure = window.sheet().chart.figure().unwrap();
    let points = &figure.series[0];
    assert_eq!(points.state(points.len() - 1), Some(PointState::Stopped));
    assert!(!figure.has(PointState::Open) && figure.caption.contains("stopped before the end, may lack rows"));
    assert!(window.has("1 stopped") && window.harness.query_by_label("1 open").is_none());
}

#[test]
fn nothing_looks_open_when_every_input_has_ended() {
    let mut window = with_sales();
    window.ask("SELECT tumble(sold, INTERVAL '1 day') AS time, count(*) AS n FROM sales GROUP BY time ORDER BY time");
    window.wait_done();
    assert!(!window.sheet().chart.figure().unwrap().has(PointState::Open));
    assert!(window.has("final") && window.harness.query_by_label("open").is_none());
}

#[test]
fn late_rows_are_readmitted_with_one_click_and_their_windows_are_corrected() {
    let mut window = with_windows("&disorder=90s&seed=7", 0);
    window.wait("rows were late", |app| {
        app.sheet().is_some_and(|s| s.watch.newest.as_ref().is_some_and(|s| s.rows.late > 10))
    });
    window.click("Stop");
    window.wait("it has stopped", |app| app.sheet().is_some_and(|s| s.watch.state() == RunState::Stopped));
    let late = window.sheet().watch.newest.as_ref().unwrap().rows.late;
    window.propose(Action::App(AppAction::Show(Pane::Late)));
    window.wait("they are read whole", |app| {
        app.sheet()
            .is_some_and(|s| s.whole_late_rows().is_some_and(|found| found.as_ref().is_ok_and(|f| f.width() == 2)))
    });
    assert!(window.has("As they came:") && !window.has("with the columns that questions read alone"));
    let at = {
        let sheet = window.sheet();
        let whole = sheet.whole_late_rows().unwrap().as_ref().unwrap();
        assert_eq!(whole.get_column_names(), ["at", "v"], "the question reads no value");
        assert_eq!(whole.height() as u64, late);
        let at = value_micros(&whole.column("at").unwrap().get(0).unwrap()).unwrap();
        text(at, TimeUnit::Microseconds, ' ', Clock::Minutes)
    };
    assert!(window.harness.query_all_by_label("v").count() > 1, "its name stands over the column");
    let shown = window.harness.query_all_by_label(&at).next().expect("the first late row").rect().width();
    let font = FontId::proportional(look::TEXT);
    let whole = window.harness.ctx.fonts_mut(|f| f.layout_no_wrap(at.clone(), font, Color32::WHITE).size().x);
    assert!(shown + 0.5 >= whole, "'{at}' is cut: {shown} of {whole} points");
    let digits = braid::data::words::count(late);
    window.click(&format!("Re-admit {digits} late rows"));
    window.wait("they are in", |app| {
        app.sheet().is_some_and(|s| s.watch.newest.as_ref().is_some_and(|s| s.rows.readmitted > 0))
    });
    let sheet = window.sheet();
    let newest = sheet.watch.newest.clone().unwrap();
    drop(sheet);
    assert_eq!((newest.rows.readmitted, newest.rows.late), (late, 0));
    assert!(newest.rows.conserved());
    assert!(states(&window.app()).contains(&WindowStatus::Corrected));
    assert!(window.has("re-admitted") && window.has("corrected"));
}

#[test]
fn late_rows_of_a_board_are_kept_with_what_its_tiles_read_of_them() {
    let mut window = with_windows("&disorder=90s&seed=7", 0);
    window.click("Board of ticks");
    let known = |app: &App| app.sheet().and_then(|s| s.watch.newest.as_ref().map(|s| s.late.clone())).unwrap();
    window.wait("a row was late since its tiles read all columns", |app| {
        known(app).column("v").is_ok_and(|v| v.null_count() + 10 < v.len())
    });
    assert!(!window.sheet().question.asked.contains("v"), "its own question reads the time alone");
    let seen = window.sheet().late_rows(&known(&window.app()));
    assert_eq!(seen.get_column_names(), ["at", "v"], "in the order of the table");
}

#[test]
fn the_cost_of_each_lateness_is_learnt_and_one_is_taken_with_a_click() {
    let mut window = with_windows("&disorder=20s&seed=7", 1_000);
    let id = window.sheet().id;
    window.propose(Action::Table(id, TableAction::ProfileLateness));
    window.wait("it was learnt", |app| app.lateness_profile().is_some_and(|s| s.found.is_some()));
    let found = window.app().lateness_profile().unwrap().found.clone().unwrap().unwrap();
    assert!(found.iter().any(|c| c.late_share > 0.0) && found.iter().any(|c| c.late_share == 0.0), "{found:?}");
    assert!(window.has("Rows late") && window.has("Open windows"));
    window.click("Take a lateness of 30 s");
    assert_eq!(window.sheet().table.time.as_ref().unwrap().lateness, Duration::from_secs(30));
    window.wait("the new setting is shown", |app| app.sheet().is_some_and(|s| s.watch.staged.is_none()));
    assert!(window.sheet().watch.is_running());
}

#[test]
fn an_answer_is_verified_and_says_so_under_the_table() {
    let mut window = with_sales();
    window.wait("it is verified", |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.audit.is_some()))
    });
    let sheet = window.sheet();
    let audit = sheet.watch.shown.as_ref().unwrap().audit.clone().unwrap();
    drop(sheet);
    assert_eq!((audit.differences, audit.word), (0, None));
    assert!(window.has("UTC by the clock, 0 differences") && !window.has("event time 20"));
}

#[test]
fn a_changed_question_takes_over_when_it_covers_what_the_old_one_did() {
    let mut window = with_replay(2_000);
    window.wait("there is something to catch up with", |app| rows(app) > 4_000);
    let before = rows(&window.app());
    window.ask("SELECT v, sum(v) AS total FROM ticks GROUP BY v ORDER BY v");
    window.wait("the new answer is shown", |app| {
        app.sheet().is_some_and(|s| s.watch.sql.contains("total") && s.watch.staged.is_none())
    });
    assert!(rows(&window.app()) >= before, "it begins where the old one was: {} and {before}", rows(&window.app()));
    let sheet = window.sheet();
    assert!(sheet.watch.shown.as_ref().unwrap().answer.get_column_names().iter().any(|n| n.as_str() == "total"));
    drop(sheet);
    window.wait("and goes on", move |app| rows(app) > before + 1_000);
    assert!(window.sheet().watch.is_live());
}

#[test]
fn both_answers_are_shown_until_the_new_one_is_taken_or_given_up() {
    let mut window = with_replay(2_000);
    // A picture that is held still is not swapped away.
    window.click("Pause");
    window.ask("SELECT v, max(v) AS top FROM ticks GROUP BY v ORDER BY v");
    let has_preview = |app: &App| app.sheet().is_some_and(|s| s.preview.figure().is_some());
    window.wait("the new answer has a picture", has_preview);
    std::thread::sleep(Duration::from_millis(350));
    window.settle();
    assert!(window.has("New answer") && window.has("Picture of the new answer") && window.has("Chart:"));
    assert!(window.has("Covers as much as") || window.has(" of the rows"), "how far it covers");
    let sheet = window.sheet();
    let next = sheet.watch.staged.as_ref().unwrap();
    assert!(next.share() > 0.0 && next.share() <= 1.0);
    drop(sheet);
    let names = |w: &Window| w.sheet().watch.shown.as_ref().unwrap().answer.get_column_names_owned();
    assert!(names(&window).iter().any(|n| n.as_str() == "n"), "the old answer is the one that counts");
    window.click("Keep the old answer");
    assert!(window.sheet().watch.staged.is_none() && window.has("changed, not asked yet"));
    window.click("Ask");
    window.wait("the new answer has a picture again", has_preview);
    std::thread::sleep(Duration::from_millis(350));
    window.settle();
    window.click("Show now");
    assert!(names(&window).iter().any(|n| n.as_str() == "top"));
    assert!(!window.has("New answer") && window.sheet().watch.is_running());
}

#[test]
fn a_fault_in_the_changed_question_keeps_the_old_answer() {
    let mut window = with_replay(2_000);
    let before = rows(&window.app());
    window.ask("SELECT v, sum(nothing) AS total FROM ticks GROUP BY v");
    assert!(window.sheet().question.fault.is_some() && window.has("nothing"));
    window.wait("the old question goes on", move |app| rows(app) > before + 1_000);
    assert!(window.sheet().watch.sql.contains("count(*)"));
}

#[test]
fn the_past_of_a_running_feed_is_asked_for_and_left_again() {
    let mut window = with_windows("", 1_000);
    window.wait("some minutes have passed", |app| rows(app) > 4_000);
    window.click("Rewind…");
    window.retype("From", "2024-03-01 00:10");
    window.retype("Until", "2024-03-01 00:20");
    window.harness.get_all_by_role_and_label(BUTTON, "Rewind").next().unwrap().click();
    window.settle();
    window.wait("the past is answered", |app| {
        app.sheet().is_some_and(|s| s.rewound.is_some() && s.watch.state() == RunState::Done)
    });
    assert!(window.has("Rewound to 2024-03-01 00:10 to 00:20"));
    let sql = window.sheet().watch.sql.clone();
    assert!(sql.contains("\"at\" >= '2024-03-01 00:10'") && sql.contains("\"at\" < '2024-03-01 00:20'"), "{sql}");
    assert!(!window.sheet().question.sql.contains("00:10"), "the question itself stays as it is");
    assert_eq!(window.answer().len(), 10);
    assert_eq!(window.sheet().watch.shown.as_ref().unwrap().rows.shown, 600);
    let behind = |app: &App| {
        app.sheet()
            .and_then(|s| s.rewound.as_ref().and_then(|n| n.watch.newest.as_ref().map(|s| s.rows.come_in)))
            .unwrap_or(0)
    };
    let seen = behind(&window.app());
    window.wait("the feed goes on behind it", move |app| behind(app) > seen + 500);
    window.ask("SELECT count(*) AS n, max(v) AS top FROM ticks WHERE at < '2024-03-01 00:15' OR v = 6");
    window.wait_past_done();
    assert_eq!(window.answer(), ["343 6"], "any question can be asked of the past, and is asked of the stretch");
    assert!(window.has("Rewound to 2024-03-01 00:10 to 00:20"));
    let sql = window.sheet().watch.sql.clone();
    assert!(sql.contains("(at < '2024-03-01 00:15' OR v = 6) AND \"at\" >= '2024-03-01 00:10'"), "{sql}");
    window.ask("SELECT count(*) AS n FROM ticks");
    window.wait_past_done();
    assert_eq!(window.answer(), ["600"], "and so is the next one");
    window.click("Return to now");
    assert!(!window.has("Rewound to") && window.sheet().rewound.is_none());
    assert!(window.sheet().question.sql.contains("tumble") && window.sheet().watch.is_live());
    assert!(rows(&window.app()) > seen);
}

#[test]
fn a_change_that_is_under_way_outlasts_the_past_and_the_feed_can_be_stopped_from_there() {
    let mut window = with_windows("", 400);
    window.wait("some minutes have passed", |app| rows(app) > 3_000);
    // A picture that is held still keeps the change from taking over while it is looked at here.
    window.click("Pause");
    let changed = "SELECT tumble(at, INTERVAL '2 minutes') AS w, count(*) AS two FROM ticks GROUP BY w ORDER BY w";
    window.ask(changed);
    assert!(window.sheet().watch.staged.is_some());
    let stretch =
        braid::ui::rewind::TimeRange { from: Some(1_709_251_200_000_000), until: Some(1_709_251_800_000_000) };
    window.propose(Action::Rewind(window.selected(), RewindAction::To(stretch)));
    window.wait_past_done();
    assert_eq!(window.answer().len(), 5, "the past is asked what was asked last");
    assert!(window.has("the changed question is read"));
    assert!(window.has("Looking at the past; live goes on: "));
    window.click("Return to now");
    assert!(window.sheet().watch.staged.as_ref().is_some_and(|next| next.sql == changed), "nothing was dropped");
    assert!(!window.sheet().question.is_changed());
    window.click("Resume");
    window.wait("the change took over", |app| {
        app.sheet().is_some_and(|s| s.watch.staged.is_none() && s.watch.sql == changed)
    });
    window.propose(Action::Rewind(window.selected(), RewindAction::To(stretch)));
    window.wait_past_done();
    window.click("Stop");
    window.wait("the feed has stopped", |app| app.sheet().is_some_and(|s| s.running().state() == RunState::Stopped));
    assert!(window.has("Looking at the past; live was stopped: "));
    assert!(window.sheet().rewound.is_some() && window.answer().len() == 5, "the past stays");
    window.click("Return to now");
    assert_eq!(window.sheet().watch.state(), RunState::Stopped);
}

#[test]
fn a_stretch_of_time_becomes_a_condition_beside_the_question_s_own() {
    use braid::ui::rewind::TimeRange;
    let stretch = TimeRange { from: Some(0), until: Some(60_000_000) };
    let sql = stretch.within("SELECT count(*) AS n FROM t WHERE a = 1 OR b = 2", "time of day", None).unwrap();
    assert!(
        sql.contains(
            "WHERE (a = 1 OR b = 2) AND \"time of day\" >= '1970-01-01 00:00' AND \"time of day\" < '1970-01-01 00:01'"
        ),
        "{sql}"
    );
    assert!(
        TimeRange { from: Some(5), until: Some(5) }.within("SELECT count(*) FROM t", "at", None).is_err(),
        "an empty stretch"
    );
    let all = TimeRange::default().within("SELECT count(*) AS n FROM t", "at", None).unwrap();
    assert!(!all.contains("WHERE"), "{all}");
    let rerun = stretch.within("SELECT n FROM (SELECT count(*) AS n FROM t) AS s", "at", None);
    assert!(rerun.is_err(), "a condition that would not be asked is refused: {rerun:?}");
}

#[test]
fn a_stretch_dragged_on_the_time_axis_is_gone_back_to() {
    let mut window = with_windows("", 1_000);
    window.wait("some minutes have passed", |app| rows(app) > 4_000);
    let chart = window.chart();
    let (from, to) = (chart.center() - vec2(120.0, 0.0), chart.center() + vec2(120.0, 0.0));
    held_drag(&mut window, from, to);
    let sheet = window.sheet();
    let stretch = sheet.rewound.as_ref().expect("the past is shown").range;
    assert!(stretch.from.unwrap() < stretch.until.unwrap());
    drop(sheet);
    assert!(window.has("Return to now"));
}

fn held_drag(window: &mut Window, from: Pos2, to: Pos2) {
    let modifiers = Modifiers::COMMAND;
    let press = |pos, pressed| Event::PointerButton { pos, button: egui::PointerButton::Primary, pressed, modifiers };
    window.harness.event(Event::ModifiersChanged(modifiers));
    window.harness.hover_at(from);
    window.harness.step();
    window.harness.event(press(from, true));
    window.harness.step();
    for share in [0.3_f32, 0.6, 1.0] {
        window.harness.hover_at(from + (to - from) * share);
        window.harness.step();
    }
    window.harness.event(press(to, false));
    window.harness.step();
    window.harness.event(Event::ModifiersChanged(Modifiers::NONE));
    window.settle();
}

#[test]
fn the_last_minutes_are_one_click_away() {
    let mut window = with_windows("", 1_000);
    window.wait("some minutes have passed", |app| rows(app) > 4_000);
    window.click("Rewind…");
    window.click("Last 5 minutes");
    window.wait("the past is answered", |app| {
        app.sheet().is_some_and(|s| s.rewound.is_some() && s.watch.state() == RunState::Done)
    });
    let rows = window.answer().len();
    assert!((5..=6).contains(&rows), "{rows} windows of a minute");
    let sheet = window.sheet();
    let now = sheet.rewound.as_ref().unwrap();
    let (stretch, watermark) = (now.range, now.past.watermark.unwrap());
    assert_eq!(stretch.until, Some(watermark.div_euclid(1_000_000) * 1_000_000), "the stretch ends at the watermark");
    assert_eq!(stretch.from, stretch.until.map(|until| until - 300_000_000));
    drop(sheet);
    assert!(window.has(&format!("Rewound to {}", stretch.words())) && !window.has("and later"));
}

#[test]
fn every_run_has_its_cost_and_measuring_tells_how_it_grows() {
    let mut window = Window::new();
    let path = window.file("m.csv", &minutes(86_000));
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT v, count(*) AS n FROM m GROUP BY v");
    window.wait_done();
    window.click("Cost");
    assert_eq!(window.app().costs().runs.len(), 2, "the first question and this one");
    assert!(window.has("Between threads") && window.has("SELECT v, count(*) AS n FROM m GROUP BY v"));
    window.click("Measure");
    window.wait("it was measured", |app| app.costs().progress().is_none());
    let app = window.app();
    assert!(app.costs().fault.is_none(), "{:?}", app.costs().fault);
    let run = app.costs().chosen().unwrap();
    assert!(run.question.starts_with("measured"), "{}", run.question);
    assert_eq!((run.rows, run.groups), (86_000, 7));
    assert!(!run.samples.is_empty());
    drop(app);
    assert!(window.has("a group and worker; too few sizes to tell its growth"));
    window.propose(Action::Cost(CostAction::Against(braid::ui::cost::Against::GroupsAndWorkers)));
    let title = window.app().costs().growth().unwrap().chart.figure().unwrap().x.title.clone();
    assert_eq!(title, "groups × workers");
    window.harness.key_press(Key::Escape);
    window.settle();
    assert!(!window.has("Between threads"));
}
