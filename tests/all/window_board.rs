//! Boards: tiles that show one moment, and everything that is done with them, step by step and back.

use std::time::{Duration, Instant};

use braid::ui::App;
use braid::ui::action::{Action, AppAction, BoardAction, ExportAction, OpenAction, Pane, TableAction};
use braid::ui::board::title;
use braid::ui::command::COMMANDS;
use braid::ui::rhythm::Rhythm;
use braid::ui::watch::RunState;
use braid::workspace::bench::{Board, Edit, Layout, Tile, TileId, TileKind};
use braid::workspace::{Folders, OpenedWorkspace, Seen, TableSetup, TimeSetup, save_workspace};
use eframe::egui::{self, Key, Modifiers, Pos2};
use egui_kittest::kittest::Queryable as _;

use crate::window::Window;

/// Rows a second apart: sales of three shops.
fn sales(rows: usize) -> String {
    let row = |i: usize| {
        let time = format!("2024-03-01 {:02}:{:02}:{:02}", i / 3600, i / 60 % 60, i % 60);
        format!("{time},{},{}\n", ["north", "south", "west"][i % 3], i % 17)
    };
    "at,shop,amount\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

pub(super) fn board(window: &Window) -> Board {
    window.app().board().expect("a board is shown").clone()
}

pub(super) fn tile(window: &Window, name: &str) -> Tile {
    let board = board(window);
    board.tiles.iter().find(|tile| title(tile) == name).unwrap_or_else(|| panic!("no {name} in {board:?}")).clone()
}

pub(super) fn opened() -> Window {
    let mut window = Window::new();
    let path = window.file("sales.csv", &sales(3_000));
    window.drop_files(&[&path]);
    window.wait_done();
    window.click("Board of sales");
    window.wait("the tiles are answered", |app| app.is_idle());
    window
}

pub(super) fn edit(window: &mut Window, edit: Edit) {
    window.propose(Action::Board(BoardAction::Edit { edit: Box::new(edit), goes_on: false }));
}

#[test]
fn a_table_comes_with_a_board_whose_tiles_are_of_one_moment() {
    let window = opened();
    let board = board(&window);
    assert!(board.tiles.len() >= 3 && board.name == "Board of sales", "{board:?}");
    assert!(window.has("All tiles of one moment"));
    let app = window.app();
    assert!(app.boards().lags(&board).is_empty());
    // A total is the sum of its parts.
    let sum = |tile: &Tile| -> f64 {
        let shown = app.boards().run(tile.id).unwrap().shown().unwrap().clone();
        let column = shown.answer.column("rows").unwrap().cast(&polars::prelude::DataType::Float64).unwrap();
        column.f64().unwrap().iter().flatten().sum()
    };
    let of_rows: Vec<f64> = board
        .tiles
        .iter()
        .filter(|tile| tile.sql.contains("AS rows") || tile.sql.contains("AS \"rows\""))
        .map(sum)
        .collect();
    assert!(of_rows.len() >= 2 && of_rows.iter().all(|sum| *sum == 3_000.0), "{of_rows:?}");
    let number = board.tiles.iter().find(|tile| tile.show == TileKind::Number).expect("a big number");
    let number = app.boards().run(number.id).unwrap().number.clone().unwrap();
    assert_eq!(number.text, "3,000");
}

#[test]
fn every_step_can_be_taken_back_and_again() {
    let mut window = opened();
    let start = window.app().bench().clone();
    window.click("Add");
    window.click("Text");
    assert_eq!(board(&window).tiles.len(), start.boards[0].tiles.len() + 1);
    let text = board(&window).tiles.last().unwrap().clone();
    edit(&mut window, Edit::Duplicate { tile: text.id });
    edit(&mut window, Edit::RemoveTile { tile: text.id });
    let named = Tile { title: "What to watch".into(), ..board(&window).tiles.last().unwrap().clone() };
    edit(&mut window, Edit::SetTile { tile: named });
    assert!(window.has("What to watch"));
    let end = window.app().bench().clone();
    for _ in 0..4 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        window.settle();
    }
    assert_eq!(*window.app().bench(), start);
    for _ in 0..4 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
        window.settle();
    }
    assert_eq!(*window.app().bench(), end);
}

#[test]
fn the_menu_of_a_tile_does_what_it_says() {
    let mut window = opened();
    let tiles = board(&window).tiles.len();
    let name = title(&board(&window).tiles[1]);
    let label = format!("Menu of {name}");
    let menu = |window: &mut Window| {
        window.harness.get_all_by_label(&label).next().unwrap().click();
        window.settle();
    };
    menu(&mut window);
    window.click("Duplicate");
    assert_eq!(board(&window).tiles.len(), tiles + 1);
    menu(&mut window);
    window.click("Maximise");
    let maximised = window.app().boards().maximised;
    assert_eq!(maximised, Some(tile(&window, &name).id));
    window.harness.key_press(Key::Escape);
    window.settle();
    assert_eq!(window.app().boards().maximised, None);
    menu(&mut window);
    window.click("Close tile");
    assert_eq!(board(&window).tiles.len(), tiles);
    menu(&mut window);
    window.click("Open it at its table");
    assert!(window.app().boards().shown.is_none(), "the question is shown");
    window.wait_done();
}

#[test]
fn a_question_is_put_on_a_board() {
    let mut window = opened();
    window.click("Question of sales");
    window.wait_done();
    let sql = window.sheet().question.sql.clone();
    window.click("Put on a board");
    window.harness.get_all_by_label("Board of sales").next().unwrap().click();
    window.settle();
    assert_eq!(board(&window).tiles.last().unwrap().sql, sql);
    window.wait("it is answered", |app| app.is_idle());
}

#[test]
fn a_tile_is_dragged_beside_another_and_its_edge_resizes() {
    let mut window = opened();
    let before = board(&window);
    let (first, last) = (before.tiles[0].clone(), before.tiles.last().unwrap().clone());
    let place = |window: &Window, name: &str| window.harness.get_by_label(name).rect();
    let from = place(&window, &title(&last)).center();
    let to = place(&window, &title(&first));
    // Near the left edge of the first tile.
    let to = Pos2::new(to.left() - 4.0, to.bottom() + 60.0);
    window.harness.drag_at(from);
    window.harness.step();
    window.harness.hover_at(from + (to - from) * 0.5);
    window.harness.step();
    window.harness.hover_at(to);
    window.harness.step();
    window.harness.drop_at(to);
    window.settle();
    let after = board(&window);
    let placed = after.layout.as_ref().map(Layout::tiles).unwrap();
    assert_eq!(placed[0], last.id, "{after:?}");
    assert_eq!(placed.len(), before.tiles.len());
    // One step takes it back.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(board(&window), before);
}

#[test]
fn a_board_is_presented_without_anything_around_it() {
    let mut window = opened();
    window.harness.key_press(Key::F11);
    window.settle();
    assert!(window.app().boards().presenting && !window.has("Connect a feed"));
    window.harness.key_press(Key::Escape);
    window.settle();
    assert!(!window.app().boards().presenting && window.has("Connect a feed"));
}

#[test]
fn boards_are_there_after_a_restart_with_their_steps() {
    let mut window = opened();
    edit(&mut window, Edit::AddBoard { name: "Mine".into(), tiles: Vec::new() });
    let mine = window.app().bench().boards.last().unwrap().id;
    edit(&mut window, Edit::RenameBoard { board: mine, name: "Mine alone".into() });
    let bench = window.app().bench().clone();
    window.wait("it is kept", |app| app.is_idle());
    let mut window = window.restarted();
    assert_eq!(*window.app().bench(), bench);
    window.click("Board of sales");
    window.wait("the tiles are answered", |app| app.is_idle());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(window.app().bench().boards.last().unwrap().name, "Mine");
}

#[test]
fn tiles_of_a_feed_are_of_one_moment_while_rows_flow() {
    let mut window = Window::new();
    let path = window.file("sales.csv", &sales(6_000));
    let setup = TableSetup {
        name: "sales".into(),
        live: vec![format!("replay:{}?rate=900", path.display())],
        time: Some(TimeSetup { column: "at".into(), lateness_ms: 1_000 }),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("rows flow", |app| {
        app.sheet().is_some_and(|s| s.watch.shown.as_ref().is_some_and(|s| s.rows.come_in > 500))
    });
    window.click("Board of sales");
    let all = |app: &App| {
        let Some(board) = app.board().cloned() else { return Vec::new() };
        let of = |id: TileId| app.boards().run(id).and_then(|run| run.shown().cloned());
        board.tiles.iter().filter(|tile| tile.asks()).filter_map(|tile| of(tile.id)).collect::<Vec<_>>()
    };
    window.wait("all tiles have caught up", |app| {
        let all = all(app);
        all.len() >= 3 && all.iter().all(|s| !s.catching_up)
    });
    let mut compared = 0;
    for _ in 0..200 {
        window.harness.step();
        let snapshots = all(&window.app());
        let epoch = snapshots[0].epoch;
        let same: Vec<_> = snapshots.iter().filter(|s| s.epoch == epoch).collect();
        if same.len() == snapshots.len() {
            assert!(same.iter().all(|s| s.rows.come_in == same[0].rows.come_in), "one moment, the same rows");
            compared += 1;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    assert!(compared > 20, "moments were compared: {compared}");
    window.propose(Action::Board(BoardAction::Show(None)));
    window.wait("the feed ends", |app| app.is_idle());
    let come_in: Vec<u64> = all(&window.app()).iter().map(|s| s.rows.come_in).collect();
    assert!(come_in.iter().all(|rows| *rows == 6_000), "{come_in:?}");
}

/// Tables are read by themselves, and tiles of several change to one moment in one frame. What lags is named.
#[test]
fn a_board_over_two_tables_is_of_one_moment_and_names_what_lags() {
    let mut window = Window::new();
    for (name, rate) in [("east", 700), ("west", 400)] {
        let path = window.file(&format!("{name}.csv"), &sales(40_000));
        let setup = TableSetup {
            name: name.into(),
            live: vec![format!("replay:{}?rate={rate}", path.display())],
            time: Some(TimeSetup { column: "at".into(), lateness_ms: 1_000 }),
            ..TableSetup::default()
        };
        window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
        window.wait("rows flow", |app| app.sheets().iter().any(|s| s.table.name == name && s.watch.is_live()));
    }
    let number = |table: &str, name: &str, sql: &str| Tile::new(table, name, sql.to_owned(), TileKind::Number);
    let tiles = vec![
        number("east", "East", "SELECT count(*) AS n FROM east"),
        number("west", "West", "SELECT count(*) AS n FROM west"),
        number("east", "North of east", "SELECT count(*) AS n FROM east WHERE shop = 'north'"),
    ];
    edit(&mut window, Edit::AddBoard { name: "Both".into(), tiles });
    let both = window.app().bench().boards.iter().find(|board| board.name == "Both").unwrap().id;
    window.propose(Action::Board(BoardAction::Show(Some(both))));
    window.wait("all tiles are of one moment", |app| app.boards().in_step().len() == 3);
    let mut together = 0;
    for _ in 0..300 {
        window.harness.step();
        let board = board(&window);
        let app = window.app();
        let shown = |i: usize| app.boards().run(board.tiles[i].id).unwrap().shown().unwrap().clone();
        if app.boards().in_step().len() == 3 {
            together += 1;
            assert_eq!(shown(0).epoch, shown(2).epoch, "those of one table change in one frame");
            assert!(app.boards().lags(&board).is_empty() && app.boards().moment(&board).is_some());
        }
        drop(app);
        std::thread::sleep(Duration::from_millis(3));
    }
    assert!(together > 100, "{together}");
    window.wait("it is said", |app| app.boards().in_step().len() == 3);
    assert!(window.has("All tiles at ") || window.has(" behind: its answers take long"));
    let sql = "SELECT count(*) AS most FROM east UNION ALL SELECT count(*) FROM east WHERE shop = 'north'";
    edit(&mut window, Edit::AddTile { board: both, tile: number("east", "Most", sql), at: None });
    window.wait("the others go on", |app| {
        let board = app.board().unwrap();
        let last = board.tiles.last().unwrap().id;
        app.boards().run(last).is_some_and(|run| run.shown().is_some()) && app.boards().in_step().len() == 3
    });
    let lags = window.app().boards().lags(&board(&window));
    assert!(lags.iter().any(|lag| lag.words() == "Most is re-run by itself"), "{lags:?}");
    assert!(window.has("Most is re-run by itself"));
}

/// Silence is told by what is usual for a feed, and not before ten seconds.
#[test]
fn silence_is_judged_by_the_rhythm_of_a_feed() {
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let mut fast = Rhythm::default();
    (0..20).for_each(|i| fast.note(10 * i, at(i)));
    assert_eq!(fast.silence(at(28)), None);
    assert_eq!(fast.silence(at(30)), Some(Duration::from_secs(11)));
    let mut slow = Rhythm::default();
    (0..20).for_each(|i| slow.note(i + 1, at(60 * i)));
    assert_eq!(slow.silence(at(60 * 19 + 300)), None, "it is slow");
    assert!(slow.silence(at(60 * 19 + 900)).is_some());
    assert_eq!(Rhythm::default().silence(at(1_000)), None, "no row has come at all");
}

#[test]
fn a_zoom_of_one_tile_is_one_of_all_that_share_time() {
    let mut window = opened();
    let board = board(&window);
    let timed: Vec<TileId> = board
        .tiles
        .iter()
        .filter(|tile| tile.sql.contains("tumble") && matches!(tile.show, TileKind::Figure(_)))
        .map(|tile| tile.id)
        .collect();
    assert!(timed.len() >= 2, "{board:?}");
    let views = |window: &Window| -> Vec<Option<(f64, f64)>> {
        let app = window.app();
        timed.iter().map(|id| app.boards().run(*id).unwrap().chart.view().and_then(|view| view.x)).collect()
    };
    window.settle();
    assert!(views(&window).iter().all(Option::is_none));
    window.propose(Action::Board(BoardAction::Range(window.shown_board(), Some((1.7092512e15, 1.7092515e15)))));
    window.settle();
    assert!(views(&window).iter().all(|view| *view == Some((1.7092512e15, 1.7092515e15))), "{:?}", views(&window));
    // It is there again after a restart.
    window.wait("it is kept", |app| app.is_idle());
    let mut window = window.restarted();
    window.wait("the figures are drawn", |app| app.is_idle());
    assert!(views(&window).iter().all(|view| *view == Some((1.7092512e15, 1.7092515e15))), "{:?}", views(&window));
    window.click("Follow now");
    window.settle();
    assert!(views(&window).iter().all(Option::is_none));
}

#[test]
fn every_command_has_its_name_and_its_keys_for_itself() {
    for (at, command) in COMMANDS.iter().enumerate() {
        for other in &COMMANDS[at + 1..] {
            assert_ne!(command.name, other.name);
            assert!(command.keys.iter().all(|key| !other.keys.contains(key)), "{} and {}", command.name, other.name);
        }
    }
}

#[test]
fn commands_are_found_by_their_names_and_done_by_keys_alone() {
    let mut window = opened();
    let shown = |window: &Window| window.app().board().map(|board| board.name.clone());
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    window.settle();
    window.harness.event(egui::Event::Text("new bo".to_owned()));
    window.settle();
    window.harness.key_press(Key::Enter);
    window.settle();
    assert_ne!(shown(&window), Some("Board of sales".into()), "a new board is shown");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(window.app().bench().boards.len(), 1);
    // From the question to the board and round again.
    assert_eq!(shown(&window), None);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::PageDown);
    window.settle();
    assert_eq!(shown(&window), Some("Board of sales".into()));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::PageDown);
    window.settle();
    assert_eq!(shown(&window), None);
    window.harness.key_press(Key::F1);
    window.settle();
    assert!(window.has("Keys and commands") && window.has("Next board") && !window.has("New board"));
    window.harness.key_press(Key::Escape);
    window.settle();
    // A command that cannot be done now is not offered.
    window.harness.key_press_modifiers(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P);
    window.settle();
    assert!(window.has("Open files…") && !window.has("Stop the feeds of the table"));
}

#[test]
fn a_table_that_was_removed_comes_back_with_its_question_and_its_place() {
    let mut window = opened();
    let towns = window.file("towns.csv", "town,people\nOslo,7\nLima,9\n");
    window.drop_files(&[&towns]);
    window.wait("both are open", |app| app.sheets().len() == 2 && app.is_idle());
    window.ask("SELECT sum(people) AS all_people FROM towns");
    window.wait_done();
    let id = window.sheet().id;
    window.propose(Action::Table(id, TableAction::Remove));
    assert_eq!(window.app().sheets().len(), 1);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    window.wait("it is open again", |app| app.sheets().len() == 2 && app.is_idle());
    assert_eq!((window.sheet().id, window.answer()), (id, vec!["16".to_owned()]));
    // The question before, and that the first that was asked of it is no step.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    window.wait_done();
    assert_ne!(window.answer(), ["16"]);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(window.app().sheets().len(), 2, "opening is no step");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    window.settle();
    window.wait_done();
    assert_eq!(window.answer(), ["16"]);
}

#[test]
fn a_file_that_is_gone_keeps_its_place_until_it_is_found_or_let_go() {
    let mut window = opened();
    let board = board(&window);
    window.wait("it is kept", |app| app.is_idle());
    let (here, there) = (window.path("sales.csv"), window.path("moved.csv"));
    std::fs::rename(&here, &there).unwrap();
    let mut window = window.restarted_without_tables();
    assert!(window.app().session().unopened().len() == 1 && window.has("sales.csv"));
    assert_eq!(window.app().bench().boards[0].tiles, board.tiles);
    window.click("Find sales");
    window.retype("Path of sales", &there.display().to_string());
    window.click("Open it");
    window.wait("it is found", |app| app.sheets().len() == 1 && app.is_idle());
    assert!(window.app().session().unopened().is_empty());
    assert!(!window.has("No such file"), "what is mended is told no more");
    // A step back, and on again: it is opened where it is now.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    window.wait("it is looked for where it was", |app| app.session().unopened().len() == 1);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Y);
    window.settle();
    window.wait("it is found again", |app| app.sheets().len() == 1 && app.session().unopened().is_empty());
    window.propose(Action::Board(BoardAction::Show(Some(board.id))));
    window.wait("its tiles are answered", |app| {
        app.board().is_some_and(|board| {
            board.tiles.iter().all(|tile| app.boards().run(tile.id).is_some_and(|run| run.shown().is_some()))
        })
    });
}

#[test]
fn the_place_of_the_window_is_kept() {
    let mut window = Window::new();
    let inner = egui::Rect::from_min_size(Pos2::new(40.0, 60.0), egui::vec2(1100.0, 700.0));
    let viewport = window.harness.input_mut().viewports.entry(egui::ViewportId::ROOT).or_default();
    (viewport.inner_rect, viewport.outer_rect) = (Some(inner), Some(inner.expand(8.0)));
    window.settle();
    let place = window.app().settings().window.expect("it is known");
    assert_eq!((place.left, place.top, place.width, place.height), (32.0, 52.0, 1100.0, 700.0));
}

#[test]
fn a_second_window_on_a_workspace_is_told_and_keeps_nothing() {
    let mut window = opened();
    let home = window.path("home");
    let folders = Folders::inside(&home);
    let other = OpenedWorkspace::open(&folders.workspace_file(), &folders).unwrap();
    assert!(other.lock.is_none(), "the first window has it");
    let file = window.path("copy.braid");
    save_workspace(&other.history, Seen::default(), &file, &folders).unwrap();
    // To this window, too, when the other has it: it looks at it, and keeps nothing.
    let held = OpenedWorkspace::open(&file, &folders).unwrap();
    assert!(held.lock.is_some());
    window.propose(Action::Open(OpenAction::Paths(vec![file.clone()])));
    window.wait("it is open", |app| app.session().file() == file);
    assert!(window.has("what is set up here is not kept") && window.app().session().writes().is_none());
    let before = std::fs::read_to_string(&file).unwrap();
    edit(&mut window, Edit::AddBoard { name: "Lost".into(), tiles: Vec::new() });
    window.wait("nothing is under way", |app| app.is_idle());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn windows_of_two_homes_see_each_other_on_one_file_and_a_dead_one_keeps_nobody_out() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let shared = tempfile::tempdir().unwrap();
    let file = shared.path().join("ours.braid");
    let [here, there] = [&one, &two].map(|home| Folders::inside(home.path()));
    let first = OpenedWorkspace::open(&file, &here).unwrap();
    save_workspace(&first.history, Seen::default(), &file, &here).unwrap();
    let second = OpenedWorkspace::open_existing(&file, &there).unwrap();
    assert!(first.lock.is_some() && second.lock.is_none() && second.elsewhere);
    // By another name it is the same file.
    let (folder, link) = (shared.path().join("deeper"), shared.path().join("link.braid"));
    std::fs::create_dir(&folder).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for other in [folder.join("../ours.braid"), link].iter().filter(|other| other.exists()) {
        assert!(OpenedWorkspace::open(other, &there).unwrap().lock.is_none(), "{}", other.display());
    }
    // What is written takes the place of the file, and the lock stays where it is.
    save_workspace(&first.history, Seen::default(), &file, &here).unwrap();
    assert!(OpenedWorkspace::open(&file, &there).unwrap().elsewhere);
    // What a process leaves behind that was killed is the file that it had locked.
    drop(first);
    assert!(shared.path().join(".ours.braid.lock").exists());
    assert!(OpenedWorkspace::open(&file, &there).unwrap().lock.is_some());
    let closed = shared.path().join("closed");
    assert!(OpenedWorkspace::open(&closed.join("new.braid"), &there).unwrap().lock.is_some());
}

#[test]
fn a_workspace_is_saved_under_a_name_and_opened_in_place_of_another() {
    let mut window = opened();
    edit(&mut window, Edit::AddBoard { name: "Mine".into(), tiles: Vec::new() });
    let bench = window.app().bench().clone();
    let file = window.path("mine.braid");
    window.propose(Action::Export(ExportAction::Workspace(Some(file.clone()))));
    window.wait("it is saved", |app| app.session().file() == file && app.is_idle());
    assert!(std::fs::read_to_string(&file).unwrap().contains("\"Mine\""));
    // What is done from here on goes there.
    edit(&mut window, Edit::AddBoard { name: "Second".into(), tiles: Vec::new() });
    window.wait("it is kept", |app| app.is_idle());
    assert!(std::fs::read_to_string(&file).unwrap().contains("\"Second\""));
    let other = window.file("other.braid", "{\"format\":2,\"bench\":{\"boards\":[{\"id\":1,\"name\":\"Theirs\"}]}}");
    window.drop_files(&[&other]);
    window.wait("the other is open", |app| app.session().file() == other);
    assert!(window.app().sheets().is_empty() && window.app().bench().boards[0].name == "Theirs");
    window.propose(Action::Open(OpenAction::Paths(vec![file])));
    window.wait("the first is open again", |app| app.sheets().len() == 1 && app.is_idle());
    assert_eq!(window.app().bench().boards[..2], bench.boards[..]);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert_eq!(window.app().bench().boards.len(), 2, "with its steps");
}

/// A feed: 300 rows to the first who connects, the next 300 to the second, and so on.
fn till() -> String {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/till", server.local_addr().unwrap());
    let serve = move || {
        let mut open = Vec::new();
        for from in [0, 300, 600, 900] {
            let mut socket = tungstenite::accept(server.accept().unwrap().0).unwrap();
            let row = |n: usize| format!("{{\"at\":\"2024-03-01 10:{:02}:{:02}\",\"n\":{n}}}\n", n / 60, n % 60);
            let text: String = (from..from + 300).map(row).collect();
            socket.send(tungstenite::Message::text(text)).unwrap();
            open.push(socket);
        }
        std::thread::sleep(Duration::from_secs(120));
    };
    std::thread::Builder::new().spawn(serve).unwrap();
    url
}

#[test]
fn leaving_asks_where_something_would_be_lost() {
    let url = till();
    let mut window = opened();
    let close = |window: &mut Window| {
        let viewport = window.harness.input_mut().viewports.entry(egui::ViewportId::ROOT).or_default();
        viewport.events.push(egui::ViewportEvent::Close);
        window.harness.step();
        window.harness.input_mut().viewports.entry(egui::ViewportId::ROOT).or_default().events.clear();
        window.settle();
    };
    close(&mut window);
    assert!(!window.has("Quit Braid?"), "a table of files is there again");
    let setup = TableSetup { name: "till".into(), live: vec![url], ..TableSetup::default() };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("it is connected", |app| app.sheets().len() == 2 && app.sheets()[1].watch.is_live());
    close(&mut window);
    assert!(window.has("Quit Braid?") && window.has("sends while Braid is closed is missed"));
    window.click("Stay");
    assert!(!window.has("Quit Braid?"));
}

#[test]
fn what_a_feed_has_sent_is_there_when_the_window_is_opened_again() {
    let url = till();
    let rows = |app: &App| app.sheet().and_then(|s| s.watch.shown.as_ref().map(|shown| shown.rows.come_in));
    let mut window = Window::new();
    let setup = TableSetup { name: "till".into(), live: vec![url], ..TableSetup::default() };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("the first rows are there", |app| rows(app) == Some(300));
    window.wait("it is kept", |app| app.bench().tables.len() == 1 && app.boards().changed.is_none());
    window.settle();
    let mut window = window.restarted();
    window.wait("they are there again, with those that were sent since", |app| rows(app) == Some(600));
    let id = window.sheet().id;
    window.propose(Action::Table(id, TableAction::Remove));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    // What is sent to the new connection may have come by then.
    window.wait("taken back, it has all of it", |app| rows(app) >= Some(600));
    // Saved under another name it is there, too.
    let file = window.path("tills.braid");
    let before = {
        let app = window.app();
        (app.session().file().to_owned(), app.folders().stored(app.session().file(), id))
    };
    window.propose(Action::Export(ExportAction::Workspace(Some(file.clone()))));
    window.wait("it is saved", |app| app.session().file() == file);
    assert_eq!(window.app().folders().stored(&file, id), before.1, "it goes on where it was kept");
    assert!(before.1.is_dir() && before.0 != file);
    // What the disk holds is told, and let go: the table begins anew with what is sent from then on.
    window.propose(Action::App(AppAction::Show(Pane::Storage)));
    window.wait("it is measured", |app| app.storage().found.is_some() && app.storage().is_idle());
    assert!(window.has("in all") && window.has("KiB"));
    window.click("Let go of till");
    window.wait("there is nothing of before", |app| rows(app) == Some(0) || rows(app) == Some(300));
    window.wait("the next rows come", |app| rows(app) == Some(300));
    window.propose(Action::App(AppAction::Show(Pane::Storage)));
    window.wait("it is measured again", |app| app.storage().is_idle());
    window.click("At most so old");
    assert_eq!(window.app().bench().retention.days, Some(30));
}

#[test]
fn a_feed_that_was_stopped_stays_so_until_it_is_started_again() {
    let url = till();
    let rows = |app: &App| app.sheet().and_then(|s| s.watch.shown.as_ref().map(|shown| shown.rows.come_in));
    let stopped = |app: &App| app.sheet().is_some_and(|s| s.watch.state() == RunState::Stopped);
    let tiles = |app: &App, rows: u64| {
        let answered = |tile: &Tile| app.boards().run(tile.id)?.shown().map(|shown| shown.rows.come_in);
        app.board().is_some_and(|board| board.tiles.iter().all(|tile| answered(tile) == Some(rows)))
    };
    let mut window = Window::new();
    let setup = TableSetup { name: "till".into(), live: vec![url], ..TableSetup::default() };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("the first rows are there", |app| rows(app) == Some(300));
    window.click("Board of till");
    window.wait("its tiles are answered", |app| tiles(app, 300));
    window.click("Stop");
    window.wait("it has stopped", stopped);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.wait("that is taken back", |app| app.sheet().is_some_and(|s| s.watch.is_live()));
    window.click("Stop");
    window.wait("it has stopped, and that is kept", |app| stopped(app) && app.boards().changed.is_none());
    window.settle();
    // From its checkpoint, and where that is lost from what was recorded.
    for lost in [false, true] {
        window.closes();
        let folder = {
            let app = window.app();
            app.folders().stored(app.session().file(), app.sheet().unwrap().id).join("checkpoints")
        };
        assert!(folder.is_dir());
        if lost {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        window = window.restarted();
        window.wait("its answer is there", |app| stopped(app) && rows(app) == Some(300) && tiles(app, 300));
        std::thread::sleep(Duration::from_millis(300));
        window.settle();
        assert!(rows(&window.app()) == Some(300) && window.has("Stopped"), "nothing more has come");
    }
    window.click("Start till again");
    window.wait("it is connected once more", |app| rows(app) == Some(600) && tiles(app, 600));
    assert!(!window.app().bench().tables[0].stopped);
}

#[test]
fn the_history_of_a_table_that_was_stopped_is_there_after_a_restart() {
    let mut window = Window::new();
    let (old, new) = (window.file("old.csv", &sales(2_000)), window.file("new.csv", &sales(80_000)));
    let setup = TableSetup {
        name: "sales".into(),
        paths: vec![old],
        live: vec![format!("replay:{}?rate=500", new.display())],
        question: "SELECT shop, count(*) AS n FROM sales GROUP BY shop ORDER BY shop".into(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    let rows = |app: &App| app.sheet().and_then(|s| s.watch.shown.as_ref().map(|shown| shown.rows.come_in));
    let stopped = |app: &App| app.sheet().is_some_and(|s| s.watch.state() == RunState::Stopped);
    window.wait("rows flow", |app| rows(app) > Some(2_100));
    window.click("Stop");
    window.wait("it has stopped, and that is kept", |app| stopped(app) && app.boards().changed.is_none());
    window.settle();
    window.closes();
    let mut window = window.restarted();
    window.wait("its history is there", |app| stopped(app) && rows(app) >= Some(2_000));
    let before = rows(&window.app());
    std::thread::sleep(Duration::from_millis(300));
    window.settle();
    assert!(stopped(&window.app()) && rows(&window.app()) == before, "and no row comes");
}

/// Whatever the window was doing when it ended, and whether it was closed or killed, its boards go on where they were;
/// and of tiles that are gone nothing stays.
#[test]
fn boards_go_on_where_they_were_however_the_window_ends() {
    let all: Vec<String> = sales(6_000).split_inclusive('\n').map(str::to_owned).collect();
    let mut window = Window::new();
    let path = window.file("sales.csv", &all[..2_501].concat());
    let setup = TableSetup {
        name: "sales".into(),
        live: vec![format!("file:{}", path.display())],
        time: Some(TimeSetup { column: "at".into(), lateness_ms: 1_000 }),
        question: "SELECT shop, count(*) AS n FROM sales GROUP BY shop ORDER BY shop".into(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("it is open", |app| app.sheets().len() == 1 && app.boards().changed.is_none());
    let asked = [
        ("SELECT count(*) AS n, sum(amount) AS total FROM sales", TileKind::Grid),
        (
            "SELECT tumble(at, INTERVAL '1 minute') AS w, sum(amount) AS total FROM sales GROUP BY w ORDER BY w",
            TileKind::Figure(String::new()),
        ),
        ("SELECT count(*) AS n, sum(amount) AS total FROM sales", TileKind::Grid),
        ("SELECT shop, max(amount) AS most FROM sales WHERE amount < 9 GROUP BY shop ORDER BY shop", TileKind::Grid),
    ];
    let tiles = asked.iter().map(|(sql, show)| Tile::new("sales", "", (*sql).to_owned(), show.clone())).collect();
    edit(&mut window, Edit::AddBoard { name: "Mine".into(), tiles });
    let id = window.app().bench().boards.last().unwrap().id;
    window.propose(Action::Board(BoardAction::Show(Some(id))));
    let come = |app: &App, rows: u64| {
        let board = app.board().unwrap();
        let has = |tile: &Tile| {
            let run = app.boards().run(tile.id);
            run.and_then(|run| run.shown()).is_some_and(|s| s.rows.come_in == rows && !s.catching_up)
        };
        board.tiles.iter().all(has)
    };
    window.wait("all rows are there", |app| come(app, 2_500));
    let (mut random, mut written) = (fastrand::Rng::with_seed(23), 2_501);
    for round in 0..6 {
        window.wait("it is kept", |app| app.boards().changed.is_none());
        window.settle();
        if round % 2 == 0 {
            window.closes();
        }
        window = window.restarted();
        let more = random.usize(..500);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, all[written..written + more].concat().as_bytes()).unwrap();
        written += more;
        if random.bool() {
            window.wait("all rows are there", |app| come(app, written as u64 - 1));
        }
    }
    window.wait("all rows are there", |app| come(app, written as u64 - 1));
    window.closes();
    // What is behind the program's back changed where it is known already is not read again.
    let mut text = std::fs::read(&path).unwrap();
    text[1_000..].iter_mut().filter(|byte| **byte == b'n').for_each(|byte| *byte = b'm');
    std::fs::write(&path, text).unwrap();
    let mut window = window.restarted();
    window.wait("all rows are there", |app| come(app, written as u64 - 1));
    let answers: Vec<_> = {
        let app = window.app();
        let tiles = &app.board().unwrap().tiles;
        tiles.iter().map(|tile| app.boards().run(tile.id).unwrap().shown().unwrap().answer.clone()).collect()
    };
    let whole = window.file("whole.csv", &all[..written].concat());
    let table = crate::run::open(&braid::engine::open::Given {
        name: "sales".into(),
        live: vec![format!("file:{}?follow=false", whole.display())],
        time: Some("at".into()),
        ..Default::default()
    });
    for ((sql, _), answer) in asked.iter().zip(&answers) {
        let alone = crate::run::answer(&table, sql, braid::engine::Options::default());
        crate::run::assert_same(answer, &alone.answer);
    }
    // A tile that is gone leaves nothing behind.
    let (stored, tiles) = {
        let (app, board) = (window.app(), board(&window));
        let table = app.sheet().unwrap().id;
        (app.folders().stored(app.session().file(), table), board.tiles)
    };
    let kept = |tile: &Tile| stored.join("checkpoints").join(tile.id.0.to_string()).exists();
    assert!(tiles.iter().all(kept));
    edit(&mut window, Edit::RemoveTile { tile: tiles[1].id });
    window.wait("it is kept", |app| app.boards().changed.is_none());
    window.settle();
    let window = window.restarted();
    assert_eq!(tiles.iter().map(kept).collect::<Vec<_>>(), [true, false, true, true]);
    drop(window);
}
