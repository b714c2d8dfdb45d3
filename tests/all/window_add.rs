//! What can be put on a board: suggestions with small live pictures, rows as rows, drops that leave room; and what is
//! proposed anew where nobody has touched it.

use braid::figure::AxisKind;
use braid::ui::App;
use braid::ui::action::{Action, AppAction, BoardAction, ChartAction, OpenAction};
use braid::ui::board::title;
use braid::workspace::bench::{BoardRow, Edit, Side, Tile, TileId, TileKind};
use braid::workspace::{TableSetup, TimeSetup};
use eframe::egui::{Key, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::window::Window;
use crate::window_board::{board, edit, opened, tile};

/// The suggestions that are seen.
fn previews(app: &App) -> Vec<Tile> {
    app.boards().adding.map_or_else(Vec::new, |adding| {
        adding.previews(app.sheets().iter().find(|sheet| sheet.id == adding.table).unwrap())
    })
}

/// Drags in steps, as what is dropped somewhere needs.
pub fn drag(window: &mut Window, from: Pos2, to: Pos2) {
    window.harness.drag_at(from);
    window.harness.step();
    for part in [0.3, 0.6, 1.0] {
        window.harness.hover_at(from + (to - from) * part);
        window.harness.step();
    }
    window.harness.drop_at(to);
    window.settle();
}

#[test]
fn suggestions_are_small_live_pictures_while_their_pane_is_open() {
    let mut window = opened();
    let before = board(&window);
    window.click("Add");
    let called = "Distribution of amount (distribution)";
    window.wait("how the amounts are distributed is known", |app| {
        let all = previews(app);
        let answered = |tile: &Tile| app.boards().run(tile.id).is_some_and(|run| run.shown().is_some());
        all.iter().any(|tile| title(tile) == "Distribution of amount") && all.iter().all(answered) && app.is_idle()
    });
    let tiles = previews(&window.app());
    for tile in &tiles {
        let app = window.app();
        let run = app.boards().run(tile.id).unwrap_or_else(|| panic!("{} is asked", title(tile)));
        assert!(run.fault.is_none() && run.shown().unwrap().answer.height() > 0, "{}", title(tile));
        match tile.show {
            TileKind::Number => assert!(run.number.is_some()),
            TileKind::Figure(_) => assert!(run.chart.figure().is_some(), "{}", title(tile)),
            _ => {}
        }
    }
    let kinds = ["number", "line", "bars", "rows", "distribution"];
    assert!(kinds.iter().all(|kind| window.has(&format!("({kind})"))), "{tiles:?}");
    // It is of all rows, in buckets.
    let spread = tiles.iter().find(|tile| title(tile) == "Distribution of amount").unwrap();
    let shown = window.app().boards().run(spread.id).unwrap().shown().unwrap().clone();
    let rows = shown.answer.column("rows").unwrap().cast(&polars::prelude::DataType::Float64).unwrap();
    assert_eq!(rows.f64().unwrap().iter().flatten().sum::<f64>(), 3_000.0);
    assert!((5..=40).contains(&shown.answer.height()), "{:?}", shown.answer);
    // A click puts it on the board, where it is seen beside the pane.
    window.harness.get_by_label(called).scroll_to_me();
    window.settle();
    window.click(called);
    assert_eq!(board(&window).tiles.len(), before.tiles.len() + 1);
    let added = tile(&window, "Distribution of amount");
    assert_eq!((&added.sql, &added.show), (&spread.sql, &spread.show));
    window.harness.key_press(Key::Escape);
    window.settle();
    assert!(window.app().boards().adding.is_none() && !window.has(called));
    let app = window.app();
    assert!(tiles.iter().all(|tile| app.boards().run(tile.id).is_none()), "nothing is asked for it any more");
}

#[test]
fn rows_as_they_are_stay_rows_on_a_board() {
    let mut window = opened();
    let id = board(&window).id;
    window.click("Question of sales");
    window.ask("SELECT * FROM sales");
    window.wait_done();
    window.propose(Action::Board(BoardAction::Keep { table: window.selected(), board: Some(id) }));
    assert_eq!(board(&window).tiles.last().unwrap().show, TileKind::Grid);
    // What somebody has said of its picture holds.
    window.click("Question of sales");
    window.propose(Action::Chart(window.selected(), ChartAction::Mark("scatter")));
    window.propose(Action::Board(BoardAction::Keep { table: window.selected(), board: Some(id) }));
    assert_eq!(board(&window).tiles.last().unwrap().show, TileKind::Figure("scatter".into()));
    window.click("Question of sales");
    window.propose(Action::Chart(window.selected(), ChartAction::Guess));
    window.ask("SELECT shop, count(*) AS n FROM sales GROUP BY shop");
    window.wait_done();
    window.propose(Action::Board(BoardAction::Keep { table: window.selected(), board: Some(id) }));
    assert_eq!(board(&window).tiles.last().unwrap().show, TileKind::Figure(String::new()));
}

/// Tiles of a row that is as full as it can be.
fn crowded() -> (Window, Vec<Tile>) {
    let mut window = opened();
    let bars = tile(&window, "Rows by shop");
    let named = |i: usize| Tile { title: format!("Bars {i}"), ..bars.clone() };
    let tiles = (0..5).map(|i| (0.2, named(i))).collect();
    edit(&mut window, Edit::LayOutBoard { name: "Crowded".into(), rows: vec![BoardRow { share: 1.0, tiles }] });
    window.click("Crowded");
    window.wait("all are drawn", |app| app.is_idle());
    let tiles = board(&window).tiles;
    (window, tiles)
}

#[test]
fn a_drop_leaves_every_tile_the_room_that_it_needs_or_is_refused() {
    let (mut window, tiles) = crowded();
    let room = |window: &Window, name: &str| window.harness.get_by_label(&format!("Menu of {name}")).rect();
    let column = |window: &Window| window.harness.get_all_by_label("amount").next().unwrap().rect().center();
    let (from, menu) = (column(&window), room(&window, "Bars 1"));
    // At the right edge of a tile there is no room for one more.
    drag(&mut window, from, menu.right_center() + vec2(4.0, 0.0));
    assert_eq!(board(&window).tiles.len(), tiles.len(), "it is refused");
    // Below there always is: the board is scrolled.
    let id = tiles[1].id;
    let own = board(&window).id;
    edit(&mut window, Edit::AddTile { board: own, tile: tiles[0].clone(), at: Some((id, Side::Below)) });
    window.wait("all are drawn", |app| app.is_idle());
    for node in window.harness.get_all_by_label("Figure: rows by shop") {
        assert!(node.rect().width() > 150.0 && node.rect().height() > 100.0, "{:?}", node.rect());
    }
}

#[test]
fn a_part_is_never_dragged_smaller_than_it_can_be_read() {
    let (mut window, _) = crowded();
    let edge = |window: &Window| window.harness.get_by_label("Menu of Bars 0").rect().right() + 12.0;
    let from = Pos2::new(edge(&window), 400.0);
    drag(&mut window, from, from - vec2(300.0, 0.0));
    let narrow = window.harness.get_all_by_label("Figure: rows by shop").next().unwrap().rect();
    assert!(narrow.width() > 150.0, "{narrow:?}");
}

/// A table that lives on a feed of rows a second apart, some thousand a second.
fn live(rows: usize) -> Window {
    let mut window = Window::new();
    let row = |i: usize| {
        let time = format!("2024-03-{:02} {:02}:{:02}:{:02}", 1 + i / 86_400, i / 3600 % 24, i / 60 % 60, i % 60);
        format!("{time},{},{}\n", ["north", "south", "west"][i % 3], i % 17)
    };
    let text = "at,shop,amount\n".to_owned() + &(0..rows).map(row).collect::<String>();
    let path = window.file("sales.csv", &text);
    let setup = TableSetup {
        name: "sales".into(),
        live: vec![format!("replay:{}?rate=2000", path.display())],
        time: Some(TimeSetup { column: "at".into(), lateness_ms: 1_000 }),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("rows flow", |app| app.sheet().is_some_and(|sheet| sheet.watch.shown.is_some()));
    window
}

#[test]
fn what_was_proposed_for_the_first_seconds_is_proposed_anew_unless_it_was_touched() {
    let mut window = live(40_000);
    let asked = |app: &App| app.sheet().map(|sheet| sheet.question.sql.clone()).unwrap_or_default();
    assert!(asked(&window.app()).contains("'5 seconds'"), "{}", asked(&window.app()));
    window.click("Board of sales");
    let lines = tile(&window, "Rows every 5 seconds");
    let means = tile(&window, "Avg amount every 5 seconds");
    // One of the tiles is somebody's now.
    edit(&mut window, Edit::SetTile { tile: Tile { title: "Mine".into(), ..means.clone() } });
    window.wait("the question fits what has come", |app| !asked(app).contains("'5 seconds'"));
    let sql = |window: &Window, id: TileId| board(window).tile(id).unwrap().sql.clone();
    assert!(!sql(&window, lines.id).contains("'5 seconds'"), "{}", sql(&window, lines.id));
    assert_eq!(sql(&window, means.id), means.sql);
    // It is no step of anybody's: what is taken back is the title.
    window.propose(Action::App(AppAction::Undo));
    assert_eq!(board(&window).tile(means.id).unwrap().title, "");
    assert!(!asked(&window.app()).contains("'5 seconds'"));
}

#[test]
fn what_somebody_has_written_or_kept_is_never_proposed_anew() {
    let mut window = live(20_000);
    let sql = window.sheet().question.sql.clone();
    window.click("Put on a board");
    window.harness.get_all_by_label("Board of sales").next().unwrap().click();
    window.settle();
    window.wait("the feed ends", |app| app.is_idle());
    assert_eq!(window.app().sheets()[0].question.sql, sql);
    let mut window = live(20_000);
    let own = window.sheet().question.sql.replace("count(*)", "max(amount)");
    window.ask(&own);
    window.wait("the feed ends", |app| app.is_idle());
    assert_eq!(window.app().sheets()[0].question.sql, own);
}

#[test]
fn what_comes_by_itself_is_somebodys_once_it_was_touched() {
    let mut window = opened();
    let own = board(&window);
    assert!(own.tiles.iter().all(|tile| tile.suggested));
    let id = own.tiles[0].id;
    edit(&mut window, Edit::SetTile { tile: Tile { title: "Mine".into(), ..own.tiles[0].clone() } });
    edit(&mut window, Edit::Duplicate { tile: own.tiles[1].id });
    edit(&mut window, Edit::MoveTile { tile: own.tiles[2].id, board: own.id, at: None });
    let after = board(&window);
    let is = |id: TileId| after.tile(id).unwrap().suggested;
    assert!(!is(id) && is(own.tiles[1].id) && !is(own.tiles[2].id) && !after.tiles.last().unwrap().suggested);
    assert_eq!(after.tiles.iter().filter(|tile| tile.suggested).count(), own.tiles.len() - 2);
}

#[test]
fn a_number_shows_the_gaps_before_it_and_is_read_like_any_figure() {
    let mut window = Window::new();
    let row = |i: usize| format!("2024-03-01 00:{:02}:{:02},{}\n", i / 60 % 60, i % 60, i % 7);
    let rows = (0..1_800).filter(|i| !(900..1_200).contains(i));
    let text = "at,v\n".to_owned() + &rows.map(row).collect::<String>();
    let path = window.file("ticks.csv", &text);
    window.drop_files(&[&path]);
    window.wait_done();
    window.click("Board of ticks");
    let sql = "SELECT tumble(at, INTERVAL '1 minute') AS time, count(*) AS rows FROM ticks GROUP BY 1 ORDER BY 1";
    let number = Tile::new("ticks", "Ticks", sql.to_owned(), TileKind::Number);
    let own = board(&window).id;
    edit(&mut window, Edit::AddTile { board: own, tile: number, at: None });
    let id = tile(&window, "Ticks").id;
    window.propose(Action::Board(BoardAction::Maximise(Some(id))));
    window.wait("it is answered", |app| app.is_idle());
    let figure = window.app().boards().run(id).unwrap().spark.figure().expect("the values before it");
    let series = &figure.series[0];
    assert_eq!(figure.x.kind, AxisKind::Time);
    assert_eq!(series.y.iter().filter(|y| y.is_finite()).count(), 25);
    assert!(series.y.iter().any(|y| y.is_nan()), "the line breaks where there was nothing");
    let place = window.harness.get_by_label("Before: rows by time").rect();
    window.harness.hover_at(place.left_center() + vec2(place.width() * 0.1, 0.0));
    window.settle();
    assert!(window.has("2024-03-01 00:0"), "the moment under the pointer is told");
}
