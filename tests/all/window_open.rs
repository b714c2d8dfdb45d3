//! Opening what was open before: by its file, its address, or under another name.

use std::time::Duration;

use braid::figure::AxisKind;
use braid::ui::action::{Action, AppAction, BoardAction, ChartAction, OpenAction, TableAction};
use braid::ui::grid::GridAction;
use braid::workspace::bench::{Edit, Layout};
use braid::workspace::{TableSetup, TimeSetup};
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::window::{Window, with_sales};

const QUESTION: &str = "SELECT sold, sum(price) AS total FROM sales WHERE sales.price > 1 GROUP BY sold ORDER BY sold";

/// The table of sales with a question, a mark and a time of a person's own.
fn left(name: &str) -> (Window, std::path::PathBuf) {
    let mut window = with_sales();
    window.ask(name);
    window.wait_done();
    let id = window.sheet().id;
    let time = braid::engine::TimeColumn { column: "sold".to_owned(), lateness: Duration::from_secs(3_600) };
    window.propose(Action::Table(id, TableAction::Time(Some(time))));
    window.propose(Action::Chart(window.selected(), ChartAction::Mark("bar")));
    window.wait_done();
    let path = window.path("sales.csv");
    (window, path)
}

#[test]
fn a_file_that_is_opened_by_itself_is_as_it_was_left() {
    let (mut window, path) = left(QUESTION);
    let id = window.sheet().id;
    window.propose(Action::Table(id, TableAction::Remove));
    window.wait("it is kept that it was closed", |app| app.is_idle());
    let mut window = window.restarted();
    assert!(window.app().sheets().is_empty(), "it was closed");
    window.drop_files(&[&path]);
    window.wait("it is a table again", |app| app.sheets().len() == 1);
    window.wait_done();
    {
        let sheet = window.sheet();
        assert_eq!(sheet.question.asked, QUESTION);
        assert_eq!(sheet.chart.settings().mark, "bar");
        assert_eq!(sheet.table.time.as_ref().map(|time| time.lateness), Some(Duration::from_secs(3_600)));
    }
    // Beside itself it has another name, and its question is of itself.
    window.drop_files(&[&path]);
    window.wait("it is there twice", |app| app.sheets().len() == 2);
    window.wait_done();
    let sheet = window.sheet();
    assert_eq!((sheet.table.name.as_str(), sheet.question.form.table.as_str()), ("sales_2", "sales_2"));
    assert!(sheet.question.fault.is_none(), "{:?}", sheet.question.fault);
    drop(sheet);
    assert_eq!(window.answer().len(), 3);
}

#[test]
fn a_file_comes_back_without_the_feed_that_was_attached_to_it() {
    let (window, path) = left(QUESTION);
    let window = window.restarted();
    let mut kept = window.app().settings().clone();
    let setup = kept.recent.remove(0);
    kept.remember(TableSetup { live: vec!["replay:elsewhere.csv".to_owned()], ..setup });
    let alone = kept.alone(std::slice::from_ref(&path)).expect("the file is known");
    assert_eq!((alone.question.as_str(), alone.live.len()), (QUESTION, 0));
    assert!(kept.known(&[path], &[]).is_none() && kept.alone(&[]).is_none());
}

#[test]
fn whole_numbers_that_may_be_times_are_offered_with_their_unit_and_never_taken() {
    let mut window = Window::new();
    // Milliseconds since 1970, a telephone number that would be a time as well, and numbers that are none.
    let rows = (0..500_i64).map(|i| format!("{},{},{}\n", 1_709_251_200_000 + i * 60_000, 1_700_000_000 + i, i % 7));
    let path = window.file("trades.csv", &std::iter::once("ts,phone,n\n".to_owned()).chain(rows).collect::<String>());
    window.drop_files(&[&path]);
    window.wait_done();
    assert!(window.sheet().table.time.is_none(), "nothing is taken silently");
    let found: Vec<String> = window.sheet().first_rows.epochs.iter().map(|epoch| epoch.words()).collect();
    assert_eq!(found, ["ts · epoch ms", "phone · epoch s"]);
    assert!(window.has("ts · epoch ms may be the time of trades") && !window.has("phone · epoch s may"));
    window.click("Take ts as its time");
    window.wait_done();
    assert_eq!(window.sheet().table.time.as_ref().map(|time| time.column.as_str()), Some("ts"));
    window.ask("SELECT tumble(ts, INTERVAL '1 hour') AS hour, count(*) AS n FROM trades GROUP BY hour ORDER BY hour");
    window.wait_done();
    assert_eq!(window.answer().len(), 9);
    assert!(window.answer()[0].starts_with("2024-03-01 00:00"), "{:?}", window.answer());
}

/// Trades with a side and a running number, whose times are milliseconds since 1970.
fn trades(window: &mut Window) {
    let row = |i: i64| {
        let side = if i % 3 == 0 { "buy" } else { "sell" };
        format!("{},{},{side},{:.1}\n", 5_000 + i, 1_709_251_200_000 + i * 60_000, (i % 7) as f64 * 1.5)
    };
    let text = "k,ts,side,price\n".to_owned() + &(0..500).map(row).collect::<String>();
    let path = window.file("trades.csv", &text);
    window.drop_files(&[&path]);
    window.wait_done();
}

#[test]
fn whole_numbers_that_are_taken_as_the_time_are_seen_as_times() {
    let mut window = Window::new();
    trades(&mut window);
    window.click("Take ts as its time");
    window.wait_done();
    window.ask("SELECT ts, price FROM trades ORDER BY ts LIMIT 3");
    window.wait_done();
    assert_eq!(window.answer()[1], "2024-03-01 00:01:00 1.5");
    assert!(window.has("2024-03-01 00:01"), "in the grid");
    assert!(window.harness.query_by_label("epoch ms").is_some(), "and the panel tells what they are");
    assert_eq!(window.sheet().chart.figure().unwrap().x.kind, AxisKind::Time);
    // What is saved is what was answered.
    let answered = window.sheet().watch.answered.clone().unwrap();
    assert!(answered.answer.column("ts").unwrap().dtype().is_integer());
    let id = window.selected();
    window.propose(Action::Grid(id, GridAction::Card(1)));
    assert!(window.has("2024-03-01 00:01"));
    window.propose(Action::App(AppAction::Hide));
    window.ask("SELECT side, max(trades.ts) AS newest, count(*) AS ts FROM trades GROUP BY side ORDER BY side");
    window.wait_done();
    assert_eq!(window.answer(), ["buy 2024-03-01 08:18:00 167", "sell 2024-03-01 08:19:00 333"], "a count is no time");
}

#[test]
fn a_board_that_nobody_has_touched_is_proposed_anew_for_another_time() {
    let tiles = |window: &Window| -> Vec<String> {
        let app = window.app();
        let board = app.bench().boards.iter().find(|board| board.name == "Board of trades");
        board.expect("it came with the table").tiles.iter().map(|tile| tile.sql.clone()).collect()
    };
    let mut window = Window::new();
    trades(&mut window);
    let (before, asked) = (tiles(&window), window.sheet().question.asked.clone());
    let over_time = |sql: &&String| sql.contains("tumble(ts");
    assert_eq!(before.iter().filter(over_time).count(), 0);
    assert!(before.iter().any(|sql| sql.contains("avg(price)")) && before.iter().all(|sql| !sql.contains("avg(k)")));
    window.click("Take ts as its time");
    window.wait_done();
    window.settle();
    let after = tiles(&window);
    assert!(after.iter().filter(over_time).count() >= 2, "{after:?}");
    assert!(window.sheet().question.asked.contains("tumble(ts"), "and its question");
    assert!(after.iter().any(|sql| sql.contains("'1 minute'")), "windows that fit its history: {after:?}");
    // It is one step.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.wait_done();
    assert_eq!((tiles(&window), window.sheet().question.asked.clone()), (before.clone(), asked));
    assert!(window.sheet().table.time.is_none());
    // What somebody has changed stays.
    let (board, wide) = {
        let app = window.app();
        let board = app.bench().boards.iter().find(|board| board.name == "Board of trades").unwrap().clone();
        (board.id, board.layout.unwrap())
    };
    let path = if matches!(wide, Layout::Column(_)) { vec![0] } else { Vec::new() };
    window.propose(Action::Board(BoardAction::step(Edit::Resize { board, path, shares: vec![0.6, 0.4] })));
    let time = braid::engine::TimeColumn { column: "ts".to_owned(), lateness: Duration::ZERO };
    window.propose(Action::Table(window.selected(), TableAction::Time(Some(time))));
    window.wait_done();
    window.settle();
    assert_eq!(tiles(&window), before);
}

#[test]
fn every_unit_is_told_by_its_size_within_the_years_it_may_be_of() {
    use braid::query::window::EpochUnit::{self, Micros, Millis, Nanos, Seconds};
    for (number, unit) in [
        (631_152_000, Some(Seconds)),
        (631_151_999, None),
        (1_709_251_200, Some(Seconds)),
        (1_709_251_200_000, Some(Millis)),
        (1_709_251_200_000_000, Some(Micros)),
        (1_709_251_200_000_000_000, Some(Nanos)),
        (4_133_980_799, Some(Seconds)),
        (4_133_980_800, None),
        (0, None),
        (-1_709_251_200, None),
        (i64::MAX, None),
    ] {
        assert_eq!(EpochUnit::plausible(number), unit, "{number}");
    }
    let at = 1_709_251_200_000_001;
    assert_eq!(
        [Seconds, Millis, Micros, Nanos].map(|unit| unit.number(at)),
        [1_709_251_201, 1_709_251_200_001, at, at * 1_000]
    );
    let range = braid::ui::rewind::TimeRange { from: Some(1_709_251_200_000_000), until: None };
    let sql = range.within("SELECT count(*) AS n FROM t", "ts", Some(Millis)).unwrap();
    assert!(sql.contains("ts >= 1709251200000"), "{sql}");
}

#[test]
fn live_rows_that_a_seam_would_leave_in_neither_face_are_told_before_and_after() {
    let mut window = Window::new();
    let row = |second: u64| format!("2024-03-01 10:{:02}:{:02},{second}\n", second / 60, second % 60);
    let text = |seconds: &[u64]| "at,v\n".to_owned() + &seconds.iter().map(|s| row(*s)).collect::<String>();
    let old = window.file("old.csv", &text(&(0..600).step_by(10).collect::<Vec<_>>()));
    // Two rows of times that history has, three of times that it lacks, and later ones.
    let new = window.file("new.csv", &text(&[100, 200, 203, 207, 333, 700, 710, 720]));
    let setup = TableSetup {
        name: "both".to_owned(),
        paths: vec![old],
        live: vec![format!("file:{}", new.display())],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT count(*) AS n FROM both".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    let offer = "2024-03-01 10:01:40 to 10:09:50: rows of both may be counted twice; the offered seam would leave 3 \
                 live rows in neither";
    window.wait("the offer says what it would keep out", |app| {
        app.notices().all().iter().any(|n| n.what.contains(offer))
    });
    window.click("Let live begin where history ends");
    window.wait("it is told", |app| {
        app.notices().all().iter().any(|n| n.what.contains("in neither face: 3 live rows older than the seam"))
    });
    window.wait("it is answered", |app| {
        app.sheet().is_some_and(|s| s.watch.newest.as_ref().is_some_and(|s| s.seam.overlap_removed == 5))
    });
    window.click("See them");
    assert!(window.has("Every row that was taken is accounted for; in neither face: 3 live rows"));
    assert!(window.has("Kept out by the seam, in neither face") && window.has("The live rows in neither face:"));
    // The pane finds its height in some frames.
    window.harness.run_steps(20);
    for second in [203, 207, 333] {
        assert!(window.harness.query_all_by_label(&second.to_string()).next().is_some(), "{second}");
    }
    assert!(window.has("new.csv #0"), "the whole address");
}
