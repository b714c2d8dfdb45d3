//! What limits all tiles of a board at once: a stretch of time, filters, variables; and tabs, turns, pauses.

use std::time::Duration;

use braid::ui::App;
use braid::ui::action::{Action, BoardAction};
use braid::ui::board::title;
use braid::workspace::bench::{
    Board, Edit, Filter, Layout, Scope, Side, Span, Tile, TileId, TileKind, Variable, VariableKind,
};
use eframe::egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::window::Window;
use crate::window_board::{board, edit, opened, tile};

/// Rows of one answer, or the sum of its column `rows`.
fn rows(app: &App, tile: TileId) -> f64 {
    let Some(shown) = app.boards().run(tile).and_then(|run| run.shown().cloned()) else { return f64::NAN };
    match shown.answer.column("rows") {
        Ok(column) => column.cast(&polars::prelude::DataType::Float64).unwrap().f64().unwrap().iter().flatten().sum(),
        Err(_) => shown.answer.height() as f64,
    }
}

/// The tiles that count rows.
fn counting(board: &Board) -> Vec<TileId> {
    board
        .tiles
        .iter()
        .filter(|tile| tile.sql.contains("AS rows") || tile.sql.contains("AS \"rows\""))
        .map(|t| t.id)
        .collect()
}

fn set(window: &mut Window, change: impl FnOnce(Scope) -> Scope) {
    let board = board(window);
    edit(window, Edit::SetScope { board: board.id, scope: change(board.scope) });
}

/// Waits until all tiles that count rows have so many.
#[track_caller]
fn counted(window: &mut Window, want: f64) {
    let tiles = counting(&board(window));
    assert!(tiles.len() >= 2);
    window.wait("all tiles are limited alike", |app| tiles.iter().all(|tile| rows(app, *tile) == want));
}

#[test]
fn a_stretch_of_time_limits_every_tile_and_is_let_go() {
    let mut window = opened();
    let at = |minute: i64| 1_709_251_200_000_000 + minute * 60_000_000;
    set(&mut window, |scope| Scope { span: Span::Between { from: Some(at(10)), until: Some(at(20)) }, ..scope });
    counted(&mut window, 600.0);
    window.click("Follow now");
    counted(&mut window, 3_000.0);
    // Turned back to a moment.
    set(&mut window, |scope| Scope { span: Span::Between { from: None, until: Some(at(5)) }, ..scope });
    counted(&mut window, 300.0);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    counted(&mut window, 3_000.0);
    // A rolling stretch ends at the newest row: what is over time shows it, what is not counts it.
    set(&mut window, |scope| Scope { span: Span::Last(900), ..scope });
    let bars = board(&window).tiles.iter().find(|tile| tile.show == TileKind::Figure("bar".into())).unwrap().id;
    window.wait("bars count the last quarter of an hour", |app| (890.0..=920.0).contains(&rows(app, bars)));
    let over_time = |tile: &&Tile| tile.sql.contains("tumble") && tile.show != TileKind::Number;
    let lines = board(&window).tiles.iter().find(over_time).unwrap().clone();
    window.wait("lines show it", |app| {
        let view = app.boards().run(lines.id).and_then(|run| run.chart.view()?.x);
        view.is_some_and(|(from, to)| (to - from - 900e6).abs() < 1.0)
    });
    // As it is typed.
    window.click("Last 15 minutes");
    window.retype("From", "2024-03-01 00:30");
    window.retype("Until", "2024-03-01 00:40");
    window.click("Show this stretch");
    counted(&mut window, 600.0);
}

#[test]
fn a_click_on_a_bar_filters_the_board_and_its_chip_turns_round_and_goes() {
    let mut window = opened();
    window.wait("bars are drawn", |app| app.is_idle());
    let bars = tile(&window, "Rows by shop");
    let figure = window.harness.get_by_label("Figure: rows by shop").rect();
    let (series, first) = {
        let app = window.app();
        let run = app.boards().run(bars.id).unwrap();
        (run.chart.figure().unwrap(), run.shown().unwrap().answer.column("shop").unwrap().get(0).unwrap().to_string())
    };
    assert_eq!(series.series[0].x.len(), 3);
    let at = figure.left_center() + vec2(figure.width() * 0.25, figure.height() * 0.2);
    window.harness.hover_at(at);
    window.harness.step();
    window.harness.drag_at(at);
    window.harness.step();
    window.harness.drop_at(at);
    window.settle();
    let filters = board(&window).scope.filters;
    assert_eq!(filters.len(), 1, "a bar was clicked");
    let name = first.trim_matches('"');
    assert_eq!(filters[0], Filter { column: "shop".into(), values: vec![Some(format!("'{name}'"))], inverted: false });
    counted(&mut window, 1_000.0);
    window.click(&format!("shop: {name}"));
    counted(&mut window, 2_000.0);
    window.click(&format!("Remove the filter shop not {name}"));
    counted(&mut window, 3_000.0);
    for _ in 0..3 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        window.settle();
    }
    assert!(board(&window).scope.filters.is_empty(), "each was a step");
}

#[test]
fn a_click_on_a_cell_of_a_tile_limits_the_board() {
    let mut window = opened();
    let all = board(&window);
    let sql = "SELECT at, shop AS place, amount FROM sales ORDER BY at LIMIT 5".to_owned();
    let rows = Tile::new("sales", "Five", sql, TileKind::Grid);
    edit(&mut window, Edit::AddTile { board: all.id, tile: rows, at: None });
    let id = tile(&window, "Five").id;
    window.propose(Action::Board(BoardAction::Maximise(Some(id))));
    window.wait("it is answered", |app| app.is_idle());
    window.harness.get_all_by_label("south").last().unwrap().click();
    window.settle();
    let filter = |window: &Window| board(window).scope.filters;
    assert_eq!(
        filter(&window)[0],
        Filter { column: "shop".into(), values: vec![Some("'south'".into())], inverted: false }
    );
    counted(&mut window, 1_000.0);
    // One more value of the same column is let through beside it; all values of a row are one step.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    counted(&mut window, 3_000.0);
    window.harness.get_all_by_label("north").last().unwrap().click_secondary();
    window.settle();
    window.click("Show what has all values of this row");
    assert!(filter(&window).len() >= 2, "{:?}", filter(&window));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert!(filter(&window).is_empty());
}

#[test]
fn a_missing_value_is_let_through_or_kept_out_as_it_is_named() {
    let mut window = Window::new();
    let file = window.file("t.csv", "kind,n\na,1\n,2\nb,3\n,4\na,5\n");
    window.drop_files(&[&file]);
    window.wait_done();
    window.click("Board of t");
    let all = board(&window);
    let sql = "SELECT count(*) AS \"rows\" FROM t".to_owned();
    edit(&mut window, Edit::AddTile { board: all.id, tile: Tile::new("t", "n", sql, TileKind::Number), at: None });
    let id = tile(&window, "n").id;
    let mut ask = |values: &[Option<&str>], inverted: bool, want: f64| {
        let values = values.iter().map(|value| value.map(str::to_owned)).collect();
        set(&mut window, |_| Scope {
            filters: vec![Filter { column: "kind".into(), values, inverted }],
            ..Scope::default()
        });
        window.wait("it is limited", |app| rows(app, id) == want);
    };
    ask(&[Some("'a'")], false, 2.0);
    ask(&[Some("'a'")], true, 3.0);
    ask(&[None], false, 2.0);
    ask(&[None], true, 3.0);
    ask(&[None, Some("'b'")], false, 3.0);
    ask(&[None, Some("'b'")], true, 2.0);
}

#[test]
fn variables_give_their_value_to_every_question_that_names_them() {
    let mut window = opened();
    let all = board(&window);
    let kind = VariableKind::List { table: "sales".into(), column: "shop".into() };
    set(&mut window, |scope| Scope {
        variables: vec![
            Variable { name: "shop".into(), kind, value: String::new() },
            Variable { name: "least".into(), kind: VariableKind::Number, value: "0".into() },
        ],
        ..scope
    });
    let sql = "SELECT count(*) AS \"rows\" FROM sales WHERE shop = $shop AND amount >= $least".to_owned();
    edit(
        &mut window,
        Edit::AddTile { board: all.id, tile: Tile::new("sales", "Chosen", sql, TileKind::Number), at: None },
    );
    let chosen = tile(&window, "Chosen").id;
    // Nothing is chosen, so nothing fits.
    window.wait("it is answered", |app| rows(app, chosen) == 0.0);
    window.click("Value of shop");
    window.wait("there are choices", |app| app.is_idle());
    window.harness.get_all_by_label("south").last().unwrap().click();
    window.settle();
    assert_eq!(board(&window).scope.variables[0].value, "'south'");
    window.wait("its rows are counted", |app| rows(app, chosen) == 1_000.0);
    window.retype("Value of least", "100");
    window.wait("none is so large", |app| rows(app, chosen) == 0.0);
    // What was typed is one step.
    window.harness.get_by_label("Chosen").click();
    window.settle();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(board(&window).scope.variables[1].value, "0");
    // One that is not there is named.
    let wrong = Tile { sql: "SELECT count(*) FROM sales WHERE shop = $town".into(), ..tile(&window, "Chosen") };
    edit(&mut window, Edit::SetTile { tile: wrong });
    window.settle();
    assert!(window.has("There is no variable 'town' on this board"));
}

#[test]
fn tiles_share_a_place_as_tabs() {
    let mut window = opened();
    let all = board(&window);
    let (first, second) = (all.tiles[1].clone(), all.tiles[2].clone());
    let at = Some((first.id, Side::Onto));
    edit(&mut window, Edit::MoveTile { tile: second.id, board: all.id, at });
    let front = |window: &Window| board(window).layout.as_ref().map(Layout::in_front).unwrap_or_default();
    assert!(front(&window).contains(&second.id) && !front(&window).contains(&first.id));
    window.harness.get_all_by_label(&title(&first)).next().unwrap().click();
    window.settle();
    assert!(front(&window).contains(&first.id) && !front(&window).contains(&second.id));
    // The one behind is asked, too, and whole once it is in front.
    window.wait("all are answered", |app| app.is_idle());
    edit(&mut window, Edit::RemoveTile { tile: first.id });
    assert!(front(&window).contains(&second.id));
}

#[test]
fn boards_take_turns_while_they_are_presented() {
    let mut window = opened();
    edit(&mut window, Edit::AddBoard { name: "Second".into(), tiles: Vec::new() });
    edit(&mut window, Edit::SetTurn { seconds: Some(1) });
    let first = board(&window).id;
    window.propose(Action::Board(BoardAction::Present(true)));
    window.wait("the second has its turn", |app| app.boards().shown.is_some_and(|shown| shown != first));
    window.wait("the first has it again", |app| app.boards().shown == Some(first));
    window.harness.key_press(Key::Escape);
    window.settle();
    std::thread::sleep(Duration::from_millis(1_200));
    window.settle();
    assert!(window.app().boards().shown == Some(first) && !window.app().boards().presenting);
}

#[test]
fn a_tile_takes_the_question_that_was_changed_beside_it() {
    let mut window = opened();
    let before = tile(&window, "Rows by shop");
    window.propose(Action::Board(BoardAction::Open(before.id)));
    window.wait_done();
    let sql = "SELECT shop, sum(amount) AS total FROM sales GROUP BY shop ORDER BY shop";
    window.ask(sql);
    window.wait_done();
    window.click("Update Rows by shop");
    let after = board(&window).tile(before.id).expect("it is the same tile").clone();
    assert_eq!((after.sql.as_str(), &after.show, title(&after)), (sql, &before.show, "Total by shop".to_owned()));
    window.wait("it is answered", |app| app.is_idle());
    // Left as it is.
    window.propose(Action::Board(BoardAction::Open(before.id)));
    window.click("Leave the tile");
    assert_eq!(board(&window).tile(before.id), Some(&after));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(board(&window).tile(before.id), Some(&before));
}

#[test]
fn tiles_that_share_a_question_change_together() {
    let mut window = opened();
    let first = tile(&window, "Rows by shop");
    window.harness.get_by_label("Menu of Rows by shop").click();
    window.settle();
    window.click("Share its question");
    window.retype("Name of the question", "Per shop");
    window.click("Share");
    assert_eq!(board(&window).tile(first.id).unwrap().question, "Per shop");
    window.click("Add");
    window.harness.get_by_role_and_label(eframe::egui::accesskit::Role::Button, "Per shop").click();
    window.settle();
    let tiles: Vec<Tile> = board(&window).tiles.into_iter().filter(|tile| tile.question == "Per shop").collect();
    assert_eq!(tiles.len(), 2);
    // What is changed of one is changed of both, and taken back of both.
    let sql = "SELECT shop, max(amount) AS most FROM sales GROUP BY shop".to_owned();
    edit(&mut window, Edit::SetTile { tile: Tile { sql: sql.clone(), ..tiles[1].clone() } });
    assert!(tiles.iter().all(|tile| board(&window).tile(tile.id).unwrap().sql == sql));
    window.wait("both are answered", |app| {
        tiles
            .iter()
            .all(|tile| app.boards().run(tile.id).unwrap().shown().is_some_and(|s| s.answer.column("most").is_ok()))
    });
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert!(tiles.iter().all(|tile| board(&window).tile(tile.id).unwrap().sql == first.sql));
    edit(&mut window, Edit::SetTile { tile: Tile { question: String::new(), sql: sql.clone(), ..tiles[1].clone() } });
    assert_eq!(board(&window).tile(first.id).unwrap().sql, first.sql, "its own again");
}

#[test]
fn a_column_is_dragged_onto_a_board_and_onto_an_axis() {
    let mut window = opened();
    let drag = |window: &mut Window, column: &str, to: Pos2| {
        let from = window.harness.get_all_by_label(column).next().unwrap().rect().center();
        window.harness.drag_at(from);
        window.harness.step();
        for part in [0.3, 0.6, 1.0] {
            window.harness.hover_at(from + (to - from) * part);
            window.harness.step();
        }
        window.harness.drop_at(to);
        window.settle();
    };
    let before = board(&window);
    let bars = window.harness.get_by_label("Figure: rows by shop").rect();
    // At the right edge of a tile it makes one beside it.
    drag(&mut window, "amount", bars.right_center() + vec2(6.0, 0.0));
    let after = board(&window);
    assert_eq!(after.tiles.len(), before.tiles.len() + 1);
    let made = after.tiles.last().unwrap().clone();
    assert!(made.sql.contains("avg(amount)") && made.sql.contains("tumble"), "{}", made.sql);
    window.wait("it is answered", |app| app.is_idle());
    // On the y axis of bars it is one more measure.
    let bars = window.harness.get_by_label("Figure: rows by shop").rect();
    drag(&mut window, "amount", bars.left_center() + vec2(bars.width() * 0.2, -bars.height() * 0.2));
    let sql = board(&window).tiles.iter().find(|tile| tile.sql.contains("shop")).unwrap().sql.clone();
    assert!(sql.contains("count(*)") && sql.contains("avg(amount)"), "{sql}");
    window.wait("it is answered", |app| app.is_idle());
    // Before its table, on the x axis of a line it divides it.
    window.click("Question of sales");
    window.wait_done();
    let chart = window.chart();
    drag(&mut window, "shop", chart.center_bottom() - vec2(0.0, 12.0));
    window.wait_done();
    assert!(window.sheet().question.sql.contains("shop"), "{}", window.sheet().question.sql);
    assert_eq!(window.sheet().chart.figure().unwrap().series.len(), 3);
}

#[test]
fn words_are_read_as_markdown_and_the_ledger_has_a_tile() {
    let mut window = opened();
    let all = board(&window);
    let words = "# Till\nWatch *north* and:\n\n- rows\n- amounts\n".to_owned();
    edit(
        &mut window,
        Edit::AddTile { board: all.id, tile: Tile::new("", "", String::new(), TileKind::Text(words)), at: None },
    );
    assert!(window.harness.query_all_by_label("Till").count() == 1 && !window.has("# Till"));
    window.click("Add");
    window.click("Ledger: every row accounted for");
    window.wait("it is answered", |app| app.is_idle());
    assert!(window.has("Every row that came in is accounted for."));
    window.click("Add");
    window.click("Newest rows of sales (rows)");
    let all = board(&window);
    let (last, home) = (all.tiles.last().unwrap().id, all.id);
    window.propose(Action::Board(BoardAction::MoveToNew(last)));
    assert!(board(&window).id != home && board(&window).tile(last).is_some());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert!(window.app().bench().board(home).unwrap().tile(last).is_some(), "one step");
}

#[test]
fn the_menu_of_a_chip_turns_it_round_keeps_it_alone_and_removes_it() {
    let mut window = opened();
    set(&mut window, |scope| scope.toggled("shop", &Some("'north'".into())).toggled("amount", &Some("3".into())));
    let choose = |window: &mut Window, chip: &str, item: &str| {
        window.harness.get_by_label(chip).click_secondary();
        window.settle();
        window.click(item);
        board(window).scope.filters
    };
    let filters = choose(&mut window, "shop: north", "Show all but these");
    assert!(filters.len() == 2 && filters[0].inverted);
    let filters = choose(&mut window, "shop not north", "Keep this filter alone");
    assert!(filters.len() == 1 && filters[0].column == "shop");
    assert!(choose(&mut window, "shop not north", "Remove the filter").is_empty());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(board(&window).scope.filters, filters, "a step");
}

#[test]
fn the_question_of_a_tile_is_changed_with_the_variables_of_its_board() {
    let mut window = opened();
    let which = Variable { name: "which".to_owned(), kind: VariableKind::Text, value: "south".to_owned() };
    set(&mut window, |scope| Scope { variables: vec![which.clone()], ..scope });
    let sql = "SELECT count(*) AS rows FROM sales WHERE shop = $which".to_owned();
    let board = board(&window).id;
    edit(&mut window, Edit::AddTile { board, tile: Tile::new("sales", "Which", sql, TileKind::Number), at: None });
    let id = tile(&window, "Which").id;
    window.propose(Action::Board(BoardAction::Open(id)));
    window.wait_done();
    assert_eq!(window.answer(), ["1000"]);
    window.retype("SQL", "SELECT count(*) FROM sales WHERE shop = $");
    assert!(window.has("Complete $which"), "and offered");
}
