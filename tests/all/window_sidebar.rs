//! The panels around the answer: tables in a line each, feeds that are started again, panels that fold.

use braid::ui::App;
use braid::ui::action::{Action, TableAction};
use braid::ui::watch::RunState;
use braid::workspace::bench::Tile;
use eframe::egui;
use egui::{Key, Modifiers, PointerButton};
use egui_kittest::kittest::Queryable as _;

use super::window::{Window, drag, with_replay, with_sales};

fn click(window: &mut Window, label: &str) {
    let at = window.harness.get_by_label(label).rect().center();
    drag(window, at, at, PointerButton::Primary);
    window.settle();
}

#[test]
fn a_table_is_one_line_whose_columns_fold() {
    let mut window = with_sales();
    let line = window.harness.get_by_label("Table sales").rect();
    assert!(line.height() < 40.0, "{line:?}");
    let column = |window: &Window| window.harness.query_all_by_label("town").any(|n| n.rect().max.x < line.max.x);
    assert!(column(&window), "the columns of the chosen table are there");
    click(&mut window, "Fold sales");
    assert!(!column(&window));
    click(&mut window, "Unfold sales");
    assert!(column(&window));
}

#[test]
fn tables_and_columns_are_found_by_their_names() {
    let mut window = with_sales();
    let wide: Vec<String> = (0..20).map(|i| format!("column_{i}")).collect();
    let path = window.file("wide.csv", &format!("{}\n{}\n", wide.join(","), vec!["1"; 20].join(",")));
    window.drop_files(&[&path]);
    window.wait("both are open", |app| app.sheets().len() == 2);
    window.wait_done();
    window.retype("Search tables and columns", "pric");
    let at_left =
        |window: &Window, label: &str| window.harness.query_all_by_label(label).any(|n| n.rect().max.x < 248.0);
    assert!(at_left(&window, "price") && !at_left(&window, "town"));
    assert!(window.harness.query_by_label("Table wide").is_none());
    window.retype("Search tables and columns", "wide");
    assert!(window.harness.query_by_label("Table wide").is_some() && at_left(&window, "column_3"));
}

#[test]
fn a_feed_that_was_stopped_is_started_again() {
    let mut window = with_replay(2_000);
    let rows = |app: &App| app.sheet().and_then(|s| s.watch.newest.as_ref()).map_or(0, |newest| newest.rows.come_in);
    assert!(window.has("rows/s"));
    window.click("Stop");
    window.wait("it has stopped", |app| app.sheet().is_some_and(|s| s.watch.state() == RunState::Stopped));
    let before = rows(&window.app());
    window.retype("SQL", "SELECT max(v)");
    window.click("Start ticks again");
    window.wait("rows flow again", |app| {
        app.sheet().is_some_and(|s| s.watch.state() == RunState::Live) && rows(app) > before
    });
    let sheet = window.sheet();
    assert_eq!(sheet.question.sql, "SELECT max(v)", "what is being written stays");
    assert!(sheet.watch.sql.contains("GROUP BY v") && sheet.question.is_changed());
}

#[test]
fn tiles_of_a_feed_that_is_started_again_go_on_with_it() {
    let mut window = with_replay(2_000);
    window.click("Board of ticks");
    let slowest = |app: &App| {
        let board = app.board().expect("a board is shown");
        let rows = |tile: &Tile| Some(app.boards().run(tile.id)?.shown()?.rows.come_in);
        board.tiles.iter().filter(|tile| tile.asks()).map(|tile| rows(tile).unwrap_or(0)).min().unwrap()
    };
    window.wait("every tile is answered", |app| slowest(app) > 0);
    window.click("Stop");
    window.wait("it has stopped", |app| app.sheet().is_some_and(|s| s.watch.state() == RunState::Stopped));
    window.settle();
    let before = slowest(&window.app());
    window.click("Start ticks again");
    window.wait("rows flow to every tile", |app| slowest(app) > before + 100);
}

#[test]
fn what_was_opened_before_can_be_opened_while_a_table_is_open() {
    let mut window = with_sales();
    let path = window.file("wide.csv", "a,b\n1,2\n");
    window.drop_files(&[&path]);
    window.wait("both are open", |app| app.sheets().len() == 2);
    window.wait_done();
    let wide = window.sheet().id;
    window.propose(Action::Table(wide, TableAction::Remove));
    window.wait("it is gone", |app| app.sheets().len() == 1 && app.is_idle());
    window.click("Open");
    window.click("Recent");
    window.click("wide");
    window.wait("it is open again", |app| app.sheets().len() == 2);
    assert_eq!(window.sheet().table.name, "wide");
}

#[test]
fn panels_fold_by_key_and_stay_folded() {
    let mut window = with_sales();
    assert!(window.harness.query_by_label("Table sales").is_some());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::B);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
    window.settle();
    assert!(window.harness.query_by_label("Table sales").is_none());
    assert!(window.harness.query_by_label("SQL").is_none());
    assert!(window.chart().height() > 380.0, "{:?}", window.chart());
    window.wait("it is kept", App::is_idle);
    let mut window = window.restarted();
    assert!(window.harness.query_by_label("Table sales").is_none());
    click(&mut window, "Open the question");
    assert!(window.harness.query_by_label("SQL").is_some());
    window.click("Tables");
    assert!(window.harness.query_by_label("Table sales").is_some());
}

#[test]
fn in_a_low_window_the_question_is_a_line_until_it_is_opened() {
    let mut window = Window::sized(900.0, 600.0);
    let path = window.file("sales.csv", "town,price\nRome,3\nOslo,5\nRome,4\n");
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    let sql = window.sheet().question.sql.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(window.has(&sql) && window.harness.query_by_label("SQL").is_none());
    assert!(window.chart().height() > 160.0, "{:?}", window.chart());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
    window.settle();
    assert!(window.has("Builder") || window.harness.query_by_label("SQL").is_some());
}

#[test]
fn at_900_by_600_all_tiles_of_a_board_can_be_read() {
    let mut window = Window::sized(900.0, 600.0);
    let rows: String = (0..3_000)
        .map(|i| format!("2024-03-01 00:{:02}:{:02},{},{}\n", i / 60, i % 60, ["east", "west"][i % 2], i % 17))
        .collect();
    let path = window.file("sales.csv", &format!("at,shop,amount\n{rows}"));
    window.drop_files(&[&path]);
    window.wait_done();
    window.click("Board of sales");
    window.wait("the tiles are answered", App::is_idle);
    let room = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(900.0, 600.0));
    let least = |window: &Window| {
        let figures: Vec<_> = window.harness.query_all_by_label_contains("Figure:").map(|n| n.rect()).collect();
        assert!(figures.len() >= 3 && figures.iter().all(|figure| room.contains_rect(*figure)), "{figures:?}");
        figures.iter().map(|figure| figure.size()).reduce(egui::Vec2::min).unwrap()
    };
    let before = least(&window);
    assert!(before.x > 240.0 && before.y > 150.0, "{before:?}");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::B);
    window.settle();
    assert!(least(&window).x > before.x + 80.0, "the tables give their room away");
}

/// Opens the menu of a column in the panel, and chooses.
fn choose(window: &mut Window, column: &str, item: &str) {
    let place = window.harness.query_all_by_label(column).find(|node| node.rect().max.x < 248.0);
    place.expect("it is in the panel").click_secondary();
    window.settle();
    window.click(item);
}

#[test]
fn a_column_is_asked_drawn_and_put_on_a_board_by_its_menu() {
    let mut window = with_sales();
    window.ask("SELECT town, count(*) AS n FROM sales GROUP BY town");
    window.wait_done();
    choose(&mut window, "price", "Draw it along y");
    window.wait_done();
    assert!(window.sheet().question.asked.contains("avg(price)"), "{}", window.sheet().question.asked);
    choose(&mut window, "price", "Leave out rows that lack it");
    window.wait_done();
    assert!(window.sheet().question.asked.contains("price IS NOT NULL"), "{}", window.sheet().question.asked);
    choose(&mut window, "town", "Order the answer by it");
    window.wait("it is ordered", |app| app.sheet().is_some_and(|sheet| !sheet.grid.view().sort.is_empty()));
    choose(&mut window, "town", "Ask about it");
    window.wait_done();
    assert!(window.sheet().question.asked.contains("GROUP BY town"), "{}", window.sheet().question.asked);
    window.click("Board of sales");
    let before = window.app().board().unwrap().tiles.len();
    choose(&mut window, "price", "Put on the board");
    assert_eq!(window.app().board().unwrap().tiles.len(), before + 1);
}

#[test]
fn a_feed_has_a_menu_with_its_settings_and_its_end() {
    let mut window = with_replay(500);
    let feed = window.sheet().table.live[0].url.shown();
    let choose = |window: &mut Window, item: &str| {
        window.harness.get_by_label(&feed).click_secondary();
        window.settle();
        window.click(item);
    };
    choose(&mut window, "Settings…");
    assert!(window.has("Settings of replay:") && window.has("Connect anew"));
    window.harness.key_press(Key::Escape);
    window.settle();
    window.harness.get_by_label(&feed).click_secondary();
    window.settle();
    assert!(window.has("Copy the address"));
    window.harness.get_all_by_label("Stop").last().unwrap().click();
    window.settle();
    window.wait("it has stopped", |app| app.sheet().is_some_and(|s| s.watch.state() == RunState::Stopped));
}
