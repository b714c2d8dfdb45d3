//! What runs for tiles follows what it is of: its table, the tables and models that it names, the board it stands on.

use std::collections::BTreeSet;

use braid::ui::App;
use braid::ui::action::{Action, AppAction, BoardAction, OpenAction, Pane, TableAction};
use braid::ui::board::choice_id;
use braid::workspace::bench::{Board, BoardId, Edit, Span, Tile, TileId, TileKind};
use braid::workspace::{TableSetup, TimeSetup};
use eframe::egui::accesskit::Role;
use eframe::egui::{PointerButton, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::window::{Window, drag, minutes, with_replay, with_sales};
use crate::window_board::{board, edit, opened};

fn board_of(window: &Window, table: &str) -> Board {
    let is_of = |board: &&Board| board.tiles.iter().any(|tile| tile.table == table);
    window.app().bench().boards.iter().find(is_of).expect("it has a board").clone()
}

fn show(window: &mut Window, board: BoardId) {
    window.propose(Action::Board(BoardAction::Show(Some(board))));
}

fn is_answered(app: &App, tile: TileId) -> bool {
    app.boards().run(tile).is_some_and(|run| run.fault.is_none() && run.shown().is_some())
}

/// Puts a tile on the board that is shown; its number.
fn put(window: &mut Window, table: &str, sql: &str, show: TileKind) -> TileId {
    let board = window.shown_board();
    let before: BTreeSet<TileId> = crate::window_board::board(window).tiles.iter().map(|tile| tile.id).collect();
    edit(window, Edit::AddTile { board, tile: Tile::new(table, "", sql.to_owned(), show), at: None });
    let after = crate::window_board::board(window);
    after.tiles.iter().map(|tile| tile.id).find(|id| !before.contains(id)).expect("there is a tile more")
}

#[test]
fn a_table_that_is_removed_takes_what_runs_for_its_tiles_along() {
    let mut window = with_replay(500);
    let board = board_of(&window, "ticks");
    show(&mut window, board.id);
    let asks: Vec<TileId> = board.tiles.iter().filter(|tile| tile.asks()).map(|tile| tile.id).collect();
    window.wait("its tiles are answered", |app| asks.iter().all(|tile| is_answered(app, *tile)));
    window.propose(Action::Table(window.selected(), TableAction::Remove));
    assert!(asks.iter().all(|tile| window.app().boards().run(*tile).is_none()), "its feed would be read on");
    window.propose(Action::App(AppAction::Undo));
    window.wait("it is open again", |app| app.sheets().len() == 1);
    show(&mut window, board.id);
    window.wait("its tiles are answered again", |app| asks.iter().all(|tile| is_answered(app, *tile)));
}

#[test]
fn a_board_goes_on_when_one_of_two_feeds_is_taken_off() {
    let mut window = Window::new();
    let (first, second) = (window.file("first.csv", &minutes(80_000)), window.file("second.csv", &minutes(80_000)));
    let replay = |path: &std::path::Path| format!("replay:{}?speed=500", path.display());
    window.propose(Action::Open(OpenAction::Setup(Box::new(TableSetup {
        name: "ticks".to_owned(),
        live: vec![replay(&first), replay(&second)],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT v, count(*) AS n FROM ticks GROUP BY v ORDER BY v".to_owned(),
        ..TableSetup::default()
    }))));
    window.wait("rows flow", |app| app.sheet().is_some_and(|s| s.watch.shown.is_some()));
    let board = board_of(&window, "ticks");
    show(&mut window, board.id);
    let tile = put(&mut window, "ticks", "SELECT count(*) AS n FROM ticks", TileKind::Number);
    let feeds = |app: &App| {
        let shown = app.boards().run(tile).and_then(|run| run.shown().cloned());
        shown.map_or(0, |shown| shown.reached.ends.len())
    };
    window.wait("both are read", |app| feeds(app) == 2);
    let url = window.sheet().table.live[1].url.text.clone();
    window.propose(Action::Table(window.selected(), TableAction::Detach(url)));
    window.wait("the board shows the answer without it", |app| feeds(app) == 1 && !app.boards().changing);
}

#[test]
fn choices_of_variables_are_asked_for_each_board_by_itself() {
    let ids: BTreeSet<TileId> = (1..40).flat_map(|board| (0..8).map(move |at| choice_id(BoardId(board), at))).collect();
    assert_eq!(ids.len(), 39 * 8);
}

#[test]
fn a_tile_is_asked_once_the_table_that_it_joins_is_open() {
    let mut window = opened();
    let sql = "SELECT count(*) AS n FROM sales JOIN towns ON sales.shop = towns.shop";
    let tile = put(&mut window, "sales", sql, TileKind::Number);
    window.wait("it is not there", |app| app.boards().run(tile).is_some_and(|run| run.fault.is_some()));
    let shown = window.shown_board();
    let path = window.file("towns.csv", "shop,town\nnorth,Oslo\nsouth,Rome\n");
    window.drop_files(&[&path]);
    window.wait("it is open", |app| app.sheets().len() == 2);
    show(&mut window, shown);
    window.wait("the tile is answered", |app| is_answered(app, tile));
}

#[test]
fn a_feed_that_cannot_be_connected_stays_set_up_and_can_be_let_go() {
    let mut window = with_sales();
    let path = window.sheet().paths[0].clone();
    window.propose(Action::Table(window.selected(), TableAction::Remove));
    // Nobody listens there.
    let url = format!("ws://127.0.0.1:{}/", free_port());
    window.propose(Action::Open(OpenAction::Setup(Box::new(TableSetup {
        name: "sales".to_owned(),
        paths: vec![path],
        live: vec![url.clone()],
        ..TableSetup::default()
    }))));
    window.wait("it is open without its feed", |app| app.sheets().len() == 1);
    assert_eq!((window.sheet().table.live.len(), &window.sheet().unconnected), (0, &vec![url.clone()]));
    assert!(window.has("not connected"));
    window.wait("it is kept", |app| app.is_idle());
    let mut window = window.restarted();
    assert_eq!(window.sheet().unconnected, std::slice::from_ref(&url));
    assert_eq!(window.app().bench().tables[0].live, std::slice::from_ref(&url));
    window.propose(Action::Table(window.selected(), TableAction::Detach(url.clone())));
    assert!(!window.has("not connected") && window.app().bench().tables[0].live.is_empty());
    window.propose(Action::App(AppAction::Undo));
    window.wait("it is set up again", |app| app.bench().tables[0].live == [url.clone()]);
}

/// A port on which nobody listens.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn an_edge_that_is_dragged_is_a_step_of_its_own() {
    let mut window = opened();
    let tile = put(&mut window, "sales", "SELECT count(*) AS n FROM sales", TileKind::Number);
    let shares = board(&window).layout;
    let edge = window.harness.get_all_by_label("Edge between tiles").next().unwrap().rect();
    let along = if edge.height() > edge.width() { vec2(40.0, 0.0) } else { vec2(0.0, 40.0) };
    drag(&mut window, edge.center(), edge.center() + along, PointerButton::Primary);
    assert_ne!(board(&window).layout, shares, "it was dragged");
    window.propose(Action::App(AppAction::Undo));
    assert_eq!(board(&window).layout, shares);
    assert!(board(&window).tile(tile).is_some(), "what was done before stays");
}

#[test]
fn a_number_is_what_is_measured_and_not_what_groups() {
    let mut window = with_sales();
    let board = board_of(&window, "sales");
    show(&mut window, board.id);
    let sql = "SELECT price, count(*) AS n FROM sales GROUP BY price ORDER BY price";
    let tile = put(&mut window, "sales", sql, TileKind::Number);
    window.wait("it is read", |app| app.boards().run(tile).is_some_and(|run| run.number.is_some()));
    assert_eq!(window.app().boards().run(tile).unwrap().number.as_ref().unwrap().of, "n");
}

#[test]
fn what_is_seen_of_a_board_does_not_go_along_to_another() {
    let mut window = opened();
    window.propose(Action::Board(BoardAction::Range(window.shown_board(), Some((1.7092512e15, 1.7092515e15)))));
    window.propose(Action::Board(BoardAction::Pause(true)));
    window.propose(Action::Board(BoardAction::New));
    assert!(window.app().boards().range.is_none() && !window.app().boards().paused);
}

#[test]
fn a_board_that_was_let_go_stays_away_when_its_table_is_renamed() {
    let mut window = opened();
    let (id, table) = (window.shown_board(), window.selected());
    edit(&mut window, Edit::RemoveBoard { board: id });
    window.propose(Action::Table(table, TableAction::Rename("shop".to_owned())));
    window.wait("it is named so", |app| app.sheets()[0].table.name == "shop" && app.is_idle());
    assert!(window.app().bench().boards.is_empty());
}

#[test]
fn pause_and_stop_below_a_board_are_for_its_tiles() {
    let mut window = with_replay(500);
    let board = board_of(&window, "ticks");
    show(&mut window, board.id);
    let asks: Vec<TileId> = board.tiles.iter().filter(|tile| tile.asks()).map(|tile| tile.id).collect();
    window.wait("its tiles are answered", |app| asks.iter().all(|tile| is_answered(app, *tile)));
    window.click("Pause");
    assert!(window.app().boards().paused);
    window.click("Resume");
    assert!(!window.app().boards().paused);
    window.click("Stop");
    let ended =
        |app: &App, tile: &TileId| app.boards().run(*tile).and_then(|run| run.shown()).is_some_and(|shown| shown.last);
    window.wait("all of them have said their last word", |app| asks.iter().all(|tile| ended(app, tile)));
}

#[test]
fn a_rewind_with_a_board_on_screen_turns_the_board_back() {
    let mut window = with_replay(500);
    let board = board_of(&window, "ticks");
    show(&mut window, board.id);
    window.propose(Action::App(AppAction::Show(Pane::Rewind)));
    window.retype("Until", "2024-03-01 00:01:00");
    window.harness.get_by_role_and_label(Role::Button, "Rewind").click();
    window.settle();
    let until = Some(1_709_251_260_000_000);
    assert_eq!(board_of(&window, "ticks").scope.span, Span::Between { from: None, until });
    assert!(!window.has("Every tile of the board"), "the pane is closed");
    assert!(window.sheet().rewound.is_none());
    window.propose(Action::App(AppAction::Undo));
    assert_eq!(board_of(&window, "ticks").scope.span, Span::All);
}
