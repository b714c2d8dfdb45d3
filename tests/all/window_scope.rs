//! What limits all tiles of a board at once: a stretch of time, filters, variables; and tabs, turns, pauses.

use std::time::Duration;

use braid::ui::App;
use braid::ui::action::{Action, BoardAction};
use braid::ui::board::title;
use braid::workspace::bench::{
    Board, Edit, Filter, Layout, Scope, Side, Span, Tile, TileId, TileKind, Variable, VariableKind,
};
use eframe::egui::{Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::window::{Window, drag};
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
    assert_eq!(
        filters[0],
        Filter { column: "shop".into(), values: vec![Some(format!("'{name}'"))], ..Filter::default() }
    );
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
        Filter { column: "shop".into(), values: vec![Some("'south'".into())], ..Filter::default() }
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
            filters: vec![Filter { column: "kind".into(), values, inverted, ..Filter::default() }],
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

/// Drags over a part of a figure, from one share of its width to another.
fn brush(window: &mut Window, figure: &str, shares: (f32, f32)) {
    let room = window.harness.get_by_label(figure).rect();
    let at = |share: f32| room.left_center() + vec2(room.width() * share, 0.0);
    drag(window, at(shares.0), at(shares.1), PointerButton::Primary);
}

#[test]
fn what_is_dragged_over_is_let_through_alone() {
    let mut window = Window::new();
    let rows: String = (0..1_000).map(|n| format!("{},{}\n", ["a", "b", "c", "d"][n % 4], n % 100)).collect();
    let file = window.file("t.csv", &format!("kind,size\n{rows}a,\n"));
    window.drop_files(&[&file]);
    window.wait_done();
    window.click("Board of t");
    let all = board(&window);
    for one in all.tiles {
        edit(&mut window, Edit::RemoveTile { tile: one.id });
    }
    let mut add = |title: &str, sql: &str, mark: &str| {
        let show = TileKind::Figure(mark.to_owned());
        let tile = Tile::new("t", title, sql.to_owned(), show);
        edit(&mut window, Edit::AddTile { board: all.id, tile, at: None });
    };
    add("kinds", "SELECT kind, count(*) AS \"rows\" FROM t GROUP BY kind ORDER BY kind", "bar");
    let buckets = "floor(size / 10) * 10 AS size_bucket, count(*) AS \"rows\" FROM t GROUP BY size_bucket";
    add("sizes", &format!("SELECT {buckets} ORDER BY size_bucket"), "histogram");
    window.wait("figures are drawn", |app| app.is_idle());
    window.settle();
    brush(&mut window, "Figure: rows by kind", (0.4, 0.62));
    let filters = |window: &Window| board(window).scope.filters;
    let values = ["'b'", "'c'"].map(|value| Some(value.to_owned())).to_vec();
    assert_eq!(filters(&window), [Filter { column: "kind".into(), values, ..Filter::default() }]);
    counted(&mut window, 500.0);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    counted(&mut window, 1_001.0);
    // In whole bins; dragged once more it is another stretch.
    brush(&mut window, "Figure: rows by size_bucket", (0.2, 0.5));
    brush(&mut window, "Figure: rows by size_bucket", (0.3, 0.5));
    let [Filter { column, range: Some((from, to)), inverted: false, .. }] = &filters(&window)[..] else {
        panic!("{:?}", filters(&window));
    };
    let (from, to): (f64, f64) = (from.parse().unwrap(), to.parse().unwrap());
    assert!(column == "size" && from % 10.0 == 0.0 && to % 10.0 == 0.0 && from < to, "{from} to {to}");
    let within = (to - from) * 10.0;
    counted(&mut window, within);
    // A missing value does not lie within: turned round, it is let through.
    window.click(&format!("size: {from} to {to}"));
    counted(&mut window, 1_001.0 - within);
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
        crate::window_add::drag(window, from, to);
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
    window.click("Ledger");
    window.wait("it is answered", |app| app.is_idle());
    assert!(window.has("Every row that came in is accounted for."));
    window.click("Newest rows of sales (rows)");
    let all = board(&window);
    let (last, home) = (all.tiles.last().unwrap().id, all.id);
    window.propose(Action::Board(BoardAction::MoveToNew(last)));
    assert!(board(&window).id != home && board(&window).tile(last).is_some());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert!(window.app().bench().board(home).unwrap().tile(last).is_some(), "one step");
}

/// A figure over time, and all others of the board.
fn timed(window: &Window) -> (Tile, Vec<Tile>) {
    let is_timed = |tile: &Tile| tile.sql.contains("tumble") && matches!(tile.show, TileKind::Figure(_));
    let mut all = board(window).tiles.into_iter().filter(is_timed);
    (all.next().expect("there is one"), all.collect())
}

fn view(window: &Window, tile: &Tile) -> Option<(f64, f64)> {
    window.app().boards().run(tile.id).unwrap().chart.view().and_then(|view| view.x)
}

#[test]
fn a_tile_that_keeps_its_own_time_is_zoomed_and_limited_alone() {
    let mut window = opened();
    let (own, others) = timed(&window);
    window.harness.get_by_label(&format!("Menu of {}", title(&own))).click();
    window.settle();
    window.click("Keep its own time");
    assert!(board(&window).tile(own.id).unwrap().own_time && window.has("own time"));
    let (board_range, own_range) = ((1.7092512e15, 1.7092515e15), (1.7092520e15, 1.7092525e15));
    window.propose(Action::Board(BoardAction::Range(window.shown_board(), Some(board_range))));
    assert_eq!((view(&window, &own), view(&window, &others[0])), (None, Some(board_range)));
    // A stretch that is dragged over it is its own.
    let figure = window.harness.get_by_label("Figure: rows by time").rect();
    let (from, to) = (figure.center(), figure.center() + vec2(figure.width() * 0.2, 0.0));
    drag(&mut window, from, to, PointerButton::Primary);
    assert!(view(&window, &own).is_some_and(|(from, to)| from < to && (from, to) != board_range));
    assert_eq!(view(&window, &others[0]), Some(board_range));
    window.propose(Action::Board(BoardAction::OwnRange(own.id, Some(own_range))));
    window.propose(Action::Board(BoardAction::Range(window.shown_board(), None)));
    assert_eq!((view(&window, &own), view(&window, &others[0])), (Some(own_range), None));
    // The stretch of the board is not its own either, its filters are.
    let at = |minute: i64| 1_709_251_200_000_000 + minute * 60_000_000;
    set(&mut window, |scope| Scope {
        span: Span::Between { from: Some(at(10)), until: Some(at(20)) },
        filters: vec![Filter { column: "shop".into(), values: vec![Some("'north'".into())], ..Filter::default() }],
        ..scope
    });
    let other = board(&window).tiles.iter().find(|tile| title(tile) == "Rows by shop").unwrap().id;
    window.wait("both are limited", |app| rows(app, own.id) == 1_000.0 && rows(app, other) == 200.0);
    // It is kept, and taken back like any step.
    window.wait("it is kept", |app| app.is_idle());
    let mut window = window.restarted();
    assert!(board(&window).tile(own.id).unwrap().own_time);
    window.wait("the figures are drawn", |app| app.is_idle());
    assert_eq!(view(&window, &own), Some(own_range));
    for _ in 0..2 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        window.settle();
    }
    assert!(!board(&window).tile(own.id).unwrap().own_time);
}

#[test]
fn a_stretch_without_rows_says_so_and_leads_back() {
    let mut window = opened();
    window.propose(Action::Board(BoardAction::Range(window.shown_board(), Some((1.7103e15, 1.7104e15)))));
    assert!(window.has("No rows between 2024-03-13"));
    window.harness.get_all_by_label("Back to the whole").next().unwrap().click();
    window.settle();
    assert!(window.app().boards().range.is_none() && !window.has("No rows between"));
    // Zoomed in between two points, there may well be rows.
    window
        .propose(Action::Board(BoardAction::Range(window.shown_board(), Some((1_709_251_206.1e6, 1_709_251_206.2e6)))));
    assert!(!window.has("No rows between") && window.has("Zoomed in further"));
    window.propose(Action::Board(BoardAction::Range(window.shown_board(), None)));
    // The same of what the board is limited to.
    let from = Some(1_710_300_000_000_000);
    set(&mut window, |scope| Scope { span: Span::Between { from, until: from.map(|at| at + 60_000_000) }, ..scope });
    window.wait("nothing is left", |app| app.is_idle() && !app.boards().changing);
    assert!(window.has("No rows between 2024-03-13"));
    window.harness.get_all_by_label("Show all of the time").next().unwrap().click();
    window.settle();
    assert_eq!(board(&window).scope.span, Span::All);
}

#[test]
fn the_names_of_tabs_stand_for_titles() {
    let mut window = opened();
    let all = board(&window);
    let (first, second) = (all.tiles[1].clone(), all.tiles[2].clone());
    edit(&mut window, Edit::MoveTile { tile: second.id, board: all.id, at: Some((first.id, Side::Onto)) });
    for tile in [&first, &second] {
        assert_eq!(window.harness.get_all_by_label(&title(tile)).count(), 1, "{}", title(tile));
    }
    // And it is renamed where its name stands.
    window.harness.get_by_label(&format!("Menu of {}", title(&second))).click();
    window.settle();
    window.click("Rename");
    assert!(window.harness.query_by_label("Title of the tile").is_some());
}

#[test]
fn a_series_keeps_its_colour_while_others_are_filtered_away() {
    let mut window = opened();
    let all = board(&window);
    let split = |title: &str, what: &str| {
        let sql = format!("SELECT tumble(at, INTERVAL '5 minutes') AS time, shop, {what} FROM sales GROUP BY 1, 2");
        Tile::new("sales", title, sql, TileKind::Figure("line".into()))
    };
    for (name, what) in [("One", "count(*) AS rows"), ("Two", "avg(amount) AS mean")] {
        edit(&mut window, Edit::AddTile { board: all.id, tile: split(name, what), at: None });
    }
    window.wait("all are drawn", |app| app.is_idle());
    let (one, two) = (tile(&window, "One"), tile(&window, "Two"));
    let colours = |window: &Window, tile: &Tile| -> Vec<(String, usize)> {
        let figure = window.app().boards().run(tile.id).unwrap().chart.figure().unwrap();
        (0..figure.series.len()).map(|i| (figure.series[i].name.clone(), figure.colour(i))).collect()
    };
    let before = colours(&window, &one);
    assert_eq!(before.iter().map(|(_, colour)| *colour).collect::<Vec<_>>(), [0, 1, 2]);
    let north =
        Filter { column: "shop".into(), values: vec![Some("'north'".into())], inverted: true, ..Filter::default() };
    set(&mut window, |scope| Scope { filters: vec![north.clone()], ..scope });
    window.wait("it is limited", |app| app.is_idle() && !app.boards().changing);
    assert_eq!(colours(&window, &one), before[1..]);
    assert_eq!(colours(&window, &two), before[1..], "alike on all tiles of a board");
    // Hidden by its legend, too.
    let mut settings = one.settings();
    settings.hide("south");
    edit(&mut window, Edit::SetTile { tile: one.clone().drawn(settings) });
    window.wait("it is drawn", |app| app.is_idle());
    let figure = window.app().boards().run(one.id).unwrap().chart.figure().unwrap();
    assert_eq!((figure.hidden[0].colour, figure.colour(0)), (1, 2));
    // What is first seen under a filter keeps its colour once all are there.
    let id = all.id;
    set(&mut window, |scope| Scope { filters: vec![Filter { inverted: false, ..north }], ..scope });
    window.wait("it is limited", |app| app.is_idle() && !app.boards().changing);
    assert_eq!(colours(&window, &two), before[..1]);
    set(&mut window, |scope| Scope { filters: Vec::new(), ..scope });
    window.wait("all are there", |app| app.is_idle() && !app.boards().changing);
    assert_eq!(colours(&window, &two), before);
    assert_eq!(board(&window).id, id);
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
