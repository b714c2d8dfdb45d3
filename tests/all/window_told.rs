//! What the window says of an answer: how settled it is, how exact, where it stands, and what could be done better.

use std::time::{Duration, Instant};

use braid::data::{Fault, Hint, Remedy, Setting};
use braid::figure::{Figure, Look, PointState, export};
use braid::ui::action::{Action, AppAction, OpenAction, Pane, RewindAction, RunAction};
use braid::ui::rewind::TimeRange;
use braid::ui::{App, wording};
use braid::workspace::{TableSetup, TimeSetup};
use eframe::egui;
use egui::{Event, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use super::window::{Window, minutes, with_replay, with_sales};
use super::window_live::{rows, with_windows};

const MINUTE: i64 = 60_000_000;
/// 2024-03-01, where the feed of these tests begins.
const START: i64 = 1_709_251_200_000_000;

fn rewind(window: &mut Window, from: i64, until: i64) {
    window.propose(Action::Rewind(
        window.selected(),
        RewindAction::To(TimeRange { from: Some(START + from), until: Some(START + until) }),
    ));
    window.wait_past_done();
}

fn first_series(window: &Window) -> Vec<PointState> {
    window.sheet().chart.figure().expect("there is a chart").series[0].states.to_vec()
}

#[test]
fn a_window_that_the_stretch_cuts_does_not_look_final() {
    let mut window = with_windows("", 1_000);
    window.wait("some minutes have passed", |app| rows(app) > 4_000);
    rewind(&mut window, 10 * MINUTE + MINUTE / 2, 20 * MINUTE + 1);
    let states = first_series(&window);
    assert_eq!(states.len(), 11);
    assert_eq!((states[0], states[10]), (PointState::Cut, PointState::Cut));
    assert!(states[1..10].iter().all(|s| *s == PointState::Final), "{states:?}");
    let figure = window.sheet().chart.figure().unwrap();
    assert!(figure.caption.contains("dashed: cut by the edge of the stretch"), "{}", figure.caption);
    assert!(window.has("cut") && window.has("final"), "the grid says so, too");
    rewind(&mut window, 10 * MINUTE, 20 * MINUTE);
    assert!(first_series(&window).iter().all(|s| *s == PointState::Final), "whole windows are final");
}

#[test]
fn a_hop_is_cut_where_any_of_it_lies_outside() {
    let mut window = with_windows("", 1_000);
    window.wait("some minutes have passed", |app| rows(app) > 4_000);
    rewind(&mut window, 10 * MINUTE, 20 * MINUTE);
    window.ask(
        "SELECT hop(at, INTERVAL '1 minute', INTERVAL '2 minutes') AS t, count(*) AS n FROM ticks GROUP BY t ORDER BY \
         t",
    );
    window.wait_past_done();
    let states = first_series(&window);
    assert_eq!((states.len(), states[0], states[10]), (11, PointState::Cut, PointState::Cut));
    assert!(states[1..10].iter().all(|s| *s == PointState::Final));
}

#[test]
fn what_had_not_come_yet_when_the_past_was_left_is_cut() {
    let mut window = with_windows("", 1_000);
    window.wait("some minutes have passed", |app| rows(app) > 4_000);
    window.propose(Action::Rewind(window.selected(), RewindAction::To(TimeRange { from: Some(START), until: None })));
    window.wait_past_done();
    let states = first_series(&window);
    assert_eq!(
        (states[0], states.last().copied()),
        (PointState::Final, Some(PointState::Cut)),
        "the last window was still open"
    );
}

#[test]
fn the_past_is_left_with_the_question_that_was_running() {
    let mut window = with_windows("", 1_000);
    window.wait("some minutes have passed", |app| rows(app) > 4_000);
    rewind(&mut window, 0, 10 * MINUTE);
    window.ask("SELECT v, count(*) AS n FROM ticks GROUP BY v ORDER BY v");
    window.wait_past_done();
    rewind(&mut window, 5 * MINUTE, 6 * MINUTE);
    let total: u64 = window.answer().iter().filter_map(|line| line.split(' ').nth(1)?.parse::<u64>().ok()).sum();
    assert_eq!(total, 60, "another stretch is asked the question at hand: {:?}", window.answer());
    window.click("Return to now");
    assert!(window.sheet().watch.sql.contains("tumble") && !window.sheet().watch.sql.contains("\"at\" >="));
}

#[test]
fn corrected_and_open_windows_are_seen_in_the_chart_and_in_what_is_saved_of_it() {
    let mut window = with_windows("&disorder=90s&seed=7", 0);
    let late = |app: &App| app.sheet().and_then(|s| s.watch.newest.as_ref().map(|s| s.rows.late)).unwrap_or(0);
    window.wait("rows were late", move |app| late(app) > 10);
    window.propose(Action::Run(window.selected(), RunAction::Readmit));
    let both = |figure: &Figure| figure.has(PointState::Corrected) && figure.has(PointState::Open);
    window.wait("windows are corrected and others open", move |app| {
        app.sheet().and_then(|s| s.chart.figure()).is_some_and(|f| both(&f))
    });
    window.click("Pause");
    let figure = window.sheet().chart.figure().unwrap();
    assert!(figure.has(PointState::Open) && figure.has(PointState::Corrected));
    assert!(
        figure.caption.contains("dashed: still open") && figure.caption.contains("ringed: corrected"),
        "{}",
        figure.caption
    );
    let svg = export::svg(&figure, 800, 400, &Look::light()).unwrap();
    assert!(svg.contains("ringed: corrected"), "the saved picture explains its signs");
    // The pointer at either end of the chart.
    let chart = window.chart();
    let words = |window: &mut Window, x: f32| -> Vec<PointState> {
        window.harness.hover_at(Pos2::new(x, chart.center().y));
        window.settle();
        let all = [PointState::Open, PointState::Final, PointState::Corrected];
        let grid = window.sheet().watch.shown.as_ref().unwrap().answer.height();
        assert!(grid > 0);
        all.into_iter()
            .filter(|state| {
                // The words at the pointer may reach beyond the chart.
                let near = chart.with_max_x(1280.0);
                window.harness.query_all_by_label(state.word()).any(|node| near.contains(node.rect().center()))
            })
            .collect()
    };
    let end = words(&mut window, chart.max.x - 20.0);
    assert_eq!(end, [PointState::Open], "the newest window");
    let corrected = figure.series[0].states.iter().position(|s| *s == PointState::Corrected).unwrap();
    let share = corrected as f32 / (figure.series[0].len() - 1).max(1) as f32;
    let left = chart.min.x + 48.0;
    assert_eq!(words(&mut window, left + (chart.max.x - 18.0 - left) * share), [PointState::Corrected]);
}

#[test]
fn sessions_are_not_joined_by_a_line() {
    let mut window = with_sales();
    window.ask("SELECT session(sold, INTERVAL '1 hour') AS s, count(*) AS n FROM sales GROUP BY s ORDER BY s");
    window.wait_done();
    let figure = window.sheet().chart.figure().unwrap();
    assert!(figure.apart && figure.series[0].len() == 3);
    window.ask("SELECT tumble(sold, INTERVAL '1 hour') AS s, count(*) AS n FROM sales GROUP BY s ORDER BY s");
    window.wait_done();
    assert!(!window.sheet().chart.figure().unwrap().apart);
}

#[test]
fn the_newest_rows_of_a_feed_stay_in_sight_until_one_scrolls_up() {
    let mut window = with_windows("", 1_000);
    window.wait("more rows than there is room for", |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.answer.height() > 40))
    });
    window.click("Pause");
    let line = |window: &Window, row: usize| {
        window.answer()[row].split('.').next().unwrap().replace(":00", "").chars().take(16).collect::<String>()
    };
    let time = |row: usize| format!("2024-03-01 {:02}:{:02}", row / 60, row % 60);
    let newest = window.answer().len() - 1;
    assert!(line(&window, newest).starts_with("2024-03-01"));
    assert!(
        window.harness.query_by_label(&time(newest)).is_some() && window.harness.query_by_label(&time(3)).is_none(),
        "the end is in sight"
    );
    window.click("Resume");
    window.wait("more rows", move |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.answer.height() > newest + 10))
    });
    window.click("Pause");
    let newest = window.answer().len() - 1;
    assert!(window.harness.query_by_label(&time(newest)).is_some(), "and is followed");
    let grid = window.harness.get_by_label(&time(newest)).rect().center();
    window.harness.hover_at(grid);
    window.harness.step();
    wheel(&mut window, 400.0);
    assert!(!window.sheet().follow, "scrolling up holds the table");
    assert!(window.harness.query_by_label(&time(newest)).is_none());
    window.click("Resume");
    window.wait("more rows", move |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.answer.height() > newest + 10))
    });
    assert!(window.harness.query_by_label(&time(newest + 10)).is_none(), "it is still held");
    window.click("Follow newest");
    window.click("Pause");
    let newest = window.answer().len() - 1;
    assert!(
        window.sheet().follow && window.harness.query_by_label(&time(newest)).is_some(),
        "and goes to the end again"
    );
}

fn wheel(window: &mut Window, up: f32) {
    let unit = egui::MouseWheelUnit::Point;
    let (phase, source, modifiers) = (egui::TouchPhase::Move, egui::MouseWheelSource::Wheel, Modifiers::NONE);
    window.harness.event(Event::MouseWheel { unit, delta: vec2(0.0, up), phase, source, modifiers });
    window.harness.run_steps(12);
    window.settle();
}

#[test]
fn an_answer_without_newest_rows_at_its_end_is_not_followed() {
    let window = with_replay(2_000);
    assert!(
        !window.sheet().has_tail() && window.harness.query_by_label("Follow newest").is_none(),
        "groups have no newest row"
    );
    assert!(!with_sales().sheet().has_tail(), "files do not grow");
}

#[test]
fn each_measure_has_a_row_and_one_badge() {
    let mut window = with_sales();
    window.ask(
        "SELECT town, count(*) AS n, median(price) AS middle, count(DISTINCT town) AS towns, sum(price) / count(*) AS \
         mean FROM sales GROUP BY town",
    );
    window.wait_done();
    window.settle();
    let top = |label: &str| window.harness.get_by_label(label).rect().min.y;
    let rows = ["Measure count(*)", "Measure median(price)", "Measure count(DISTINCT town)"].map(top);
    assert!(rows.windows(2).all(|pair| pair[1] - pair[0] >= 20.0 && pair[1] - pair[0] < 36.0), "{rows:?}");
    let left = |label: &str| window.harness.query_all_by_label(label).map(|n| n.rect().min.x).collect::<Vec<_>>();
    assert_eq!(
        (left("keeps values").len(), left("keeps rows").len(), left("exact").len()),
        (1, 1, 2),
        "one badge a measure"
    );
    assert!(
        left("exact").iter().chain(&left("keeps values")).all(|x| (x - left("keeps rows")[0]).abs() < 1.0),
        "in one column"
    );
}

#[test]
fn a_question_that_cannot_be_asked_is_not_called_exact() {
    let mut window = with_sales();
    window.ask("SELECT town, sum(price) AS total FROM sales GROUP BY town");
    window.wait_done();
    assert!(window.harness.query_by_label("exact").is_some());
    window.ask("SELECT town, sum(prize) AS total FROM sales GROUP BY town");
    assert!(window.sheet().question.fault.is_some());
    assert!(window.has("Measure sum(prize)") && window.harness.query_by_label("exact").is_none());
}

#[test]
fn the_fault_of_a_question_is_marked_at_its_very_word() {
    let window = with_sales();
    let cases = [
        "SELECT town, sum(«prize») AS prize FROM sales GROUP BY town",
        "SELECT town, count(*) AS n\nFROM sales\nWHERE «prize» > 3 AND town = 'prize'\nGROUP BY town",
        "SELECT town AS 城市, «summe(price)» AS n FROM sales GROUP BY town",
        "SELECT town, '城市' AS c, sum(price) AS s FROM sales GROUP BY town, c HAVING sum(«prise») > 1",
        "SELECT town, sum(price) AS s FROM sales GROUP BY town ORDER BY «prise»",
        "SELECT town, sum(price) FILTER (WHERE «prise» > 1) AS s FROM sales GROUP BY town",
        "SELECT tumble(sold, INTERVAL '1 hour') AS hour, sum(«prise») AS prise2 FROM sales GROUP BY tumble(sold, \
         INTERVAL '1 hour')",
        "SELECT town, sum(price) AS s FROM sales GROUP BY «twon»",
        "SELECT town, sum(price) «FORM» sales GROUP BY town",
        "SELECT town, «price» FROM sales GROUP BY town",
        "SELECT tumble(«solt», INTERVAL '1 hour') AS t, count(*) AS solt FROM sales GROUP BY t",
        "SELECT count(*) AS n FROM sales WHERE sales.«prise» > 1",
    ];
    let sheet = window.sheet();
    for case in cases {
        let (start, end) = (case.find('«').unwrap(), case.find('»').unwrap() - '«'.len_utf8());
        let sql = case.replace(['«', '»'], "");
        let fault = braid::ui::bind::bind(&sql, &sheet.table, &[], &sheet.models).map(|_| ()).expect_err(&sql);
        let marked = fault.span.clone().and_then(|span| sql.get(span));
        assert_eq!(fault.span, Some(start..end), "{sql}: {fault}: {marked:?} is marked");
    }
}

#[test]
fn a_table_without_rows_says_so_and_blames_no_filter() {
    let mut window = Window::new();
    let path = window.file("empty.csv", "town,price\n");
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT town, count(*) AS n FROM empty GROUP BY town");
    window.wait_done();
    assert!(window.has("The table has no rows") && !window.has("No row fits"));
    let mut window = with_sales();
    window.ask("SELECT town, count(*) AS n FROM sales WHERE price > 99 GROUP BY town");
    window.wait_done();
    assert!(window.has("No row fits this question"));
}

#[test]
fn a_feed_is_verified_up_to_an_event_time_and_says_so() {
    let mut window = with_windows("", 1_000);
    window.wait("it is verified", |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.audit.is_some()))
    });
    assert!(window.has("Verified to event time 2024-03-01 ") && !window.has("by the clock"));
}

#[test]
fn the_window_speaks_of_no_option_of_the_command_line() {
    let fault = |hint: Hint| wording::fault(&Fault::new("too much").at("sales").hint(hint));
    let more = || Remedy::from(Setting::Memory { least: None });
    assert_eq!(fault(Hint::from([more(), "filter".into()])), "sales: Too much; filter", "a window has no such setting");
    assert_eq!(fault([more()].into()), "sales: Too much");
    assert_eq!(
        fault(["a".into(), more(), "b".into(), Setting::Table.into()].into()),
        "sales: Too much; a, b, or open it"
    );
    let table = || "sales".to_owned();
    for setting in [
        Setting::Memory { least: Some(5) },
        Setting::Inputs,
        Setting::Table,
        Setting::TimeColumn { table: table() },
        Setting::Seam { table: table() },
        Setting::Disjoint { table: table() },
        Setting::Model { name: table() },
        Setting::OwnWorkspace,
        Setting::NewWorkspace,
        Setting::Pipe,
        Setting::NoWindow,
    ] {
        let here = fault(setting.clone().into());
        assert!(!here.contains("--") && !here.contains("braid run"), "{here}");
        let there = braid::cli::wording::fault(&Fault::new("too much").hint(setting.clone()));
        assert!(there.contains("--"), "{there}");
        assert!(!setting.to_string().contains("--") && !setting.to_string().is_empty());
    }
    let mut window = with_sales();
    window.ask("SELECT first(price) AS p FROM nowhere JOIN sales ON nowhere.a = sales.a");
    assert!(!window.has("--"));
}

#[test]
fn what_a_connection_test_says_is_seen_without_scrolling_in_the_smallest_window() {
    for kafka in [false, true] {
        let mut window = Window::sized(900.0, 600.0);
        let path = window.file("ticks.csv", &minutes(5_000));
        window.harness.get_all_by_label("Connect a feed…").next().unwrap().click();
        window.settle();
        let address = if kafka {
            "kafka://127.0.0.1:1/nothing".to_owned()
        } else {
            format!("replay:{}?speed=1000", path.display())
        };
        if kafka {
            window.harness.get_by_role_and_label(egui::accesskit::Role::Button, "Kafka").click();
            window.settle();
        }
        window.retype("Address", &address);
        let button = window.harness.get_by_label("Test connection").rect();
        window.click("Test connection");
        let since = Instant::now();
        while window.harness.query_by_label_contains("Connected.").is_none() && !window.has("No Kafka broker") {
            assert!(since.elapsed() < Duration::from_secs(60), "the test never ends");
            std::thread::sleep(Duration::from_millis(10));
            window.harness.step();
        }
        window.settle();
        assert_eq!(window.harness.get_by_label("Test connection").rect(), button, "the buttons stay where they were");
        let said = window.harness.get_by_label_contains(if kafka { "No Kafka broker" } else { "Connected." }).rect();
        assert!(
            said.max.y <= button.min.y && button.max.y < 600.0 && button.min.y - said.min.y < 240.0,
            "{said:?} {button:?}"
        );
    }
}

#[test]
fn a_file_with_a_replay_of_itself_is_offered_a_seam_in_time() {
    let mut window = Window::new();
    let path = window.file("ticks.csv", &minutes(4_000));
    let setup = TableSetup {
        name: "ticks".to_owned(),
        paths: vec![path.clone()],
        live: vec![format!("replay:{}?speed=2000", path.display())],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT count(*) AS n FROM ticks".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("the overlap is seen", |app| app.sheet().is_some_and(|s| s.better_seam().is_some()));
    assert!(window.has("history ends at 2024-03-01 01:06:39: rows of both may be counted twice"));
    window.propose(Action::App(AppAction::Show(Pane::Ledger)));
    assert!(window.has("Beware: live begins at 2024-03-01"));
    window.propose(Action::App(AppAction::Hide));
    window.click("Menu of ticks");
    // The status bar has a button of this name, too.
    window
        .harness
        .get_all_by_label("Seam")
        .find(|node| node.rect().max.y < 600.0)
        .expect("the menu of the table")
        .click();
    window.settle();
    window.wait("what it would keep out is known", |app| app.sheet().is_some_and(|s| s.looked_up().is_some()));
    assert!(window.has("Proposed: ") && window.has("history holds a row of the time of every older live row"));
    window.click("Time, at the end of history");
    window.wait("it has ended", |app| {
        app.sheet().is_some_and(|s| s.watch.newest.as_ref().is_some_and(|s| s.last) && s.watch.staged.is_none())
    });
    assert_eq!(window.answer(), ["4000"], "no row is counted twice");
    assert!(window.sheet().better_seam().is_none());
}

#[test]
fn growth_is_told_in_words_and_drawn_along_powers_of_ten() {
    use braid::engine::cost::{Sample, fit};
    let sample = |rows: u64| Sample {
        rows,
        seconds: rows as f64 / 1e6,
        state: 4_000,
        between: rows / 10,
        groups: 10,
        workers: 2,
    };
    let samples: Vec<Sample> = (0..6).map(|i| sample(20_000 << i)).collect();
    let figure = braid::ui::cost::figure(&samples, fit(&samples), braid::ui::cost::Against::Rows);
    let svg = export::svg(&figure, 900, 400, &Look::light()).unwrap();
    assert!(svg.contains(">10⁵<") && svg.contains(">10³<"), "powers of ten");
    assert!(
        svg.contains("time as n^1.00") && svg.contains("naive: state as n"),
        "{}",
        figure.series.iter().map(|s| s.name.clone()).collect::<Vec<_>>().join("; ")
    );
    let samples: Vec<Sample> = (0..6)
        .map(|i| Sample { groups: 10 << i, state: 400 << i, between: 8_000 << i, ..sample(20_000 << i) })
        .collect();
    let of = |against| braid::ui::cost::figure(&samples, fit(&samples), against);
    let state = of(braid::ui::cost::Against::Groups);
    assert_eq!((state.x.title.as_str(), state.series[0].name.as_str()), ("groups", "state as (groups)^1.00"));
    assert_eq!(
        of(braid::ui::cost::Against::GroupsAndWorkers).series[0].name,
        "between threads as (groups × workers)^1.00"
    );
}

#[test]
fn a_short_question_gives_the_room_of_a_long_one_back() {
    let mut window = with_sales();
    let ask = |window: &mut Window, sql: &str| {
        window.ask(sql);
        window.wait_done();
        window.settle();
        window.field("SQL").rect().min.y
    };
    let few = ask(&mut window, "SELECT town, count(*) AS n FROM sales GROUP BY town");
    let many = ask(
        &mut window,
        "SELECT town, count(*) AS n, sum(price) AS s, min(price) AS l, max(price) AS h, avg(price) AS m FROM sales \
         GROUP BY town",
    );
    assert!(many > few + 40.0, "{few} {many}");
    assert_eq!(ask(&mut window, "SELECT town, count(*) AS n FROM sales GROUP BY town"), few);
}

#[test]
fn what_is_not_read_yet_is_shaded_and_is_no_gap() {
    use braid::engine::Snapshot;
    use braid::figure::Encoding;
    use braid::query::{Plan, Query};
    use polars::prelude::*;
    let minutes: Vec<i64> = [0_i64, 1, 2, 10, 11, 12].iter().map(|m| m * 60_000_000).collect();
    let times = Int64Chunked::from_vec("w".into(), minutes).into_datetime(TimeUnit::Microseconds, None).into_column();
    let answer = DataFrame::new(6, vec![times, Column::new("n".into(), [5_i64, 6, 7, 6, 5, 7])]).unwrap();
    let sql = "SELECT tumble(at, INTERVAL '1 minute') AS w, count(*) AS n FROM t GROUP BY w";
    let query = Query::parse(sql).unwrap();
    let schema: SchemaRef =
        Schema::from_iter([Field::new("at".into(), DataType::Datetime(TimeUnit::Microseconds, None))]).into();
    let windows = braid::workspace::Windows::of(&query, &Plan::new(&query, sql, &schema, Some("at")).unwrap(), None);
    let snapshot = Snapshot { answer, ..Snapshot::default() };
    let figure =
        |share| braid::workspace::picture(&Encoding::guess(&snapshot.answer), &snapshot, &windows, share).unwrap();
    let part = figure(0.4);
    assert_eq!(part.unread, [(150e6, 570e6)], "from the end of one window to the beginning of the next");
    assert!(
        part.caption.contains("from 40 % of the rows") && part.caption.contains("shaded: not read yet"),
        "{}",
        part.caption
    );
    let svg = export::svg(&part, 900, 400, &Look::light()).unwrap();
    assert!(svg.contains("not read yet") && !svg.contains("no data"));
    assert_eq!(figure(1.0).unread, [], "what was read and is not there is a gap");
    // Of a break in a feed what is known of it, and nothing more.
    let break_of = |from: Option<i64>, until: Option<i64>, seam: Option<i64>| {
        use braid::engine::{counts::TimeGap, seam::SeamLedger};
        let gaps = vec![TimeGap { source: "ws://h/".to_owned(), from, until, reason: "lost".to_owned() }];
        let snapshot = Snapshot { gaps, seam: SeamLedger { at: seam, ..SeamLedger::default() }, ..snapshot.clone() };
        braid::workspace::picture(&Encoding::guess(&snapshot.answer), &snapshot, &windows, 1.0).unwrap().gaps
    };
    let minute = |m: i64| Some(m * 60_000_000);
    assert_eq!(break_of(minute(2), minute(10), None), [(120e6, 600e6)]);
    assert_eq!(break_of(minute(2), None, None), [(120e6, f64::INFINITY)], "while it lasts");
    assert_eq!(break_of(None, minute(10), minute(2)), [(120e6, 600e6)], "history holds what was before");
    for (from, until) in [(None, None), (None, minute(10)), (minute(10), minute(2))] {
        assert_eq!(break_of(from, until, None), [], "nothing is known of any time");
    }
}

#[test]
fn the_first_question_is_of_columns_that_can_be_counted() {
    let first = |name: &str, header: &str, row: &dyn Fn(usize) -> String| {
        let mut window = Window::new();
        let text: String = (0..400).map(|i| row(i) + "\n").collect();
        let path = window.file(name, &format!("{header}\n{text}"));
        window.drop_files(&[&path]);
        window.wait("the file is a table", |app| app.sheets().len() == 1);
        window.wait_done();
        assert!(window.points().iter().map(|p| p.1).sum::<f64>() == 400.0, "every row is counted");
        let sheet = window.sheet();
        (sheet.question.sql.clone(), sheet.chart.shown().mark.clone())
    };
    let town = |i: usize| ["Rome", "Oslo", "Lima"][i % 3];
    let (sql, mark) = first("a.csv", "id,note,town,price", &|i| format!("k{i},words {i},{},{}.5", town(i), i % 90));
    assert!(sql.contains("GROUP BY town") && mark == "bar", "{mark}: {sql}");
    let (sql, mark) = first("b.csv", "id,note,price", &|i| format!("{i},words {i},{}.5", i % 90));
    assert!(sql.contains("floor(price / 5) * 5 AS price_bucket") && mark == "histogram", "{mark}: {sql}");
    let (sql, _) = first("c.csv", "id,note,day", &|i| format!("{i},words {i},2024-01-{:02}", i % 28 + 1));
    assert!(sql.contains("tumble(day"), "{sql}");
}

#[test]
fn a_feed_that_is_silent_is_said_to_be_silent() {
    let mut window = Window::new();
    let path = window.file("grows.csv", "v\n1\n2\n");
    let setup = TableSetup {
        name: "grows".to_owned(),
        live: vec![format!("file:{}", path.display())],
        question: "SELECT count(*) AS n FROM grows".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("rows came", |app| rows(app) == 2);
    assert!(window.has("Live") && !window.has("Silent for"));
    window.wait("it is silent", |app| app.sheet().is_some_and(|sheet| sheet.watch.silence().is_some()));
    assert!(window.has("Silent for 1"), "longer than ten seconds");
    std::fs::write(&path, "v\n1\n2\n3\n").unwrap();
    window.wait("a row came", |app| rows(app) == 3);
    assert!(!window.has("Silent for"), "it is live again");
}
