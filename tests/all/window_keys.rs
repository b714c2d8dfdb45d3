//! The window by keyboard alone: everything on a tour is reached by keys, what has the focus is seen, and it comes back
//! where it was.

use braid::ui::App;
use braid::ui::board::title;
use braid::workspace::bench::{Board, Span, TileKind, VariableKind};
use eframe::egui::accesskit::Role;
use eframe::egui::epaint::{Shape, StrokeKind};
use eframe::egui::{Event, Key, Modifiers, Rect};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::window::Window;
use super::window_board::{board, opened};

const SHIFTED: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

fn press(window: &mut Window, key: Key) {
    window.harness.key_press(key);
    window.settle();
}

fn press_with(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.harness.key_press_modifiers(modifiers, key);
    window.settle();
}

fn write(window: &mut Window, text: &str) {
    window.harness.event(Event::Text(text.to_owned()));
    window.settle();
}

/// Writes over what stands in the field that has the focus.
fn write_over(window: &mut Window, text: &str) {
    press_with(window, Modifiers::COMMAND, Key::A);
    write(window, text);
}

/// What has the focus: its name and its place.
fn focused(window: &Window) -> Option<(String, Role, Rect)> {
    let root = window.harness.root();
    let node =
        root.children_recursive().find(|node| node.is_focused() && node.accesskit_node().role() != Role::Window)?;
    let label = node.accesskit_node().label().unwrap_or_default();
    Some((label, node.accesskit_node().role(), node.rect()))
}

/// Whether something is painted around this place that only the focus paints.
fn has_ring(window: &Window, place: Rect) -> bool {
    let around = |shape: &Shape| match shape {
        Shape::Rect(ring) => {
            ring.stroke.width == 1.5
                && ring.stroke_kind == StrokeKind::Inside
                && ring.fill.a() == 0
                && place.expand(1.0).contains_rect(ring.rect)
        }
        _ => false,
    };
    window.harness.output().shapes.iter().any(|clipped| around(&clipped.shape))
}

/// Goes on with Tab until this has the focus; everything on the way is seen.
#[track_caller]
fn tab_to(window: &mut Window, wanted: &str) {
    for _ in 0..250 {
        window.harness.key_press(Key::Tab);
        window.harness.run_steps(2);
        let Some((label, role, place)) = focused(window) else { continue };
        let is_text = matches!(role, Role::TextInput | Role::MultilineTextInput);
        assert!(is_text || has_ring(window, place), "{label:?} ({role:?}) has the focus and no ring: {place:?}");
        if label == wanted {
            return window.settle();
        }
    }
    panic!("Tab does not lead to {wanted}");
}

/// Chooses a command by its name.
fn command(window: &mut Window, name: &str) {
    press_with(window, Modifiers::COMMAND, Key::K);
    write(window, name);
    press(window, Key::Enter);
}

fn answered(window: &mut Window) {
    window.wait("the tiles are answered", App::is_idle);
}

fn undo(window: &mut Window) {
    press_with(window, Modifiers::COMMAND, Key::Z);
}

#[test]
fn a_tour_by_keyboard_alone() {
    let mut window = Window::new();
    let row = |i: usize| format!("2024-03-01 00:{:02}:{:02},{},{}\n", i / 60 % 60, i % 60, ["a", "b"][i % 2], i % 7);
    window.file("sales.csv", &("at,shop,price\n".to_owned() + &(0..1_200).map(row).collect::<String>()));
    // Opened by its path.
    press_with(&mut window, SHIFTED, Key::O);
    let path = window.path("sales.csv").display().to_string();
    write_over(&mut window, &path);
    press(&mut window, Key::Enter);
    window.wait("it is open", |app| app.sheets().len() == 1);
    window.wait_done();
    // A question.
    tab_to(&mut window, "SQL");
    write_over(&mut window, "SELECT shop, sum(price) AS total FROM sales GROUP BY shop ORDER BY shop");
    press_with(&mut window, Modifiers::COMMAND, Key::Enter);
    window.wait_done();
    assert_eq!(window.answer().len(), 2);
    // A board, and a tile that is suggested.
    command(&mut window, "new board");
    assert!(board(&window).tiles.is_empty());
    tab_to(&mut window, "Add");
    press(&mut window, Key::Enter);
    tab_to(&mut window, "Rows (number)");
    press(&mut window, Key::Enter);
    assert_eq!(board(&window).tiles.len(), 1, "the first that is suggested");
    press(&mut window, Key::Escape);
    assert!(window.app().boards().adding.is_none(), "the pane beside the board is closed");
    // One by its SQL.
    let home = board(&window).name;
    press_with(&mut window, Modifiers::COMMAND, Key::PageUp);
    command(&mut window, "show the question");
    assert!(window.app().boards().shown.is_none());
    tab_to(&mut window, "Put on a board");
    press(&mut window, Key::Enter);
    let place = window.app().bench().boards.iter().position(|board| board.name == home).unwrap();
    for _ in 0..=place {
        press(&mut window, Key::ArrowDown);
    }
    press(&mut window, Key::Enter);
    assert_eq!((board(&window).name, board(&window).tiles.len()), (home, 2));
    answered(&mut window);
    // Renamed.
    press(&mut window, Key::PageDown);
    press(&mut window, Key::F2);
    write_over(&mut window, "Mine");
    press(&mut window, Key::Enter);
    assert_eq!(title(&board(&window).tiles[0]), "Mine");
    assert_eq!(focused(&window).unwrap().0, "Tile Mine");
    // From tile to tile, and moved.
    press(&mut window, Key::ArrowRight);
    let second = board(&window).tiles[1].id;
    assert_eq!(window.app().boards().focus, Some(second));
    press(&mut window, Key::ArrowLeft);
    let placed = |board: Board| board.layout.unwrap().tiles();
    let before = placed(board(&window));
    press_with(&mut window, SHIFTED, Key::ArrowRight);
    assert_eq!(placed(board(&window)), [before[1], before[0]]);
    undo(&mut window);
    // Sizes.
    tab_to(&mut window, "Edge between tiles");
    let layout = board(&window).layout;
    press(&mut window, Key::ArrowRight);
    assert_ne!(board(&window).layout, layout);
    undo(&mut window);
    // The stretch of time.
    tab_to(&mut window, "All time");
    press(&mut window, Key::Enter);
    for _ in 0..2 {
        press(&mut window, Key::ArrowDown);
    }
    press(&mut window, Key::Enter);
    assert_eq!(board(&window).scope.span, Span::Last(300));
    answered(&mut window);
    // A variable, in a menu of the pane.
    tab_to(&mut window, "Add");
    press(&mut window, Key::Enter);
    tab_to(&mut window, "Variable");
    press(&mut window, Key::Enter);
    press(&mut window, Key::ArrowDown);
    press(&mut window, Key::Enter);
    assert_eq!(board(&window).scope.variables[0].kind, VariableKind::Text);
    press(&mut window, Key::Escape);
    assert!(window.app().boards().adding.is_none());
    // Maximised and back.
    press(&mut window, Key::PageDown);
    press(&mut window, Key::Enter);
    assert!(window.app().boards().maximised.is_some());
    press(&mut window, Key::Escape);
    assert!(window.app().boards().maximised.is_none());
    // Closed, and back.
    press(&mut window, Key::PageDown);
    press(&mut window, Key::Delete);
    assert_eq!(board(&window).tiles.len(), 1);
    undo(&mut window);
    assert_eq!(board(&window).tiles.len(), 2);
    // The sheet of keys.
    press(&mut window, Key::F1);
    assert!(window.has("Keys and commands"));
    press(&mut window, Key::Escape);
    // And out.
    answered(&mut window);
    window.harness.input_mut().events.push(Event::Key {
        key: Key::Q,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::COMMAND,
    });
    window.harness.step();
    let closes = |window: &Window| {
        let commands = window.harness.output().viewport_output.values().flat_map(|view| view.commands.clone());
        commands.into_iter().any(|command| command == eframe::egui::ViewportCommand::Close)
    };
    assert!(closes(&window), "nothing is lost by it");
}

#[test]
fn f6_goes_from_panel_to_panel() {
    let mut window = opened();
    let mut places = Vec::new();
    for _ in 0..6 {
        press(&mut window, Key::F6);
        places.push(focused(&window).expect("something of the panel has the focus").2);
    }
    let board = window.harness.query_all_by_label_contains("Tile ").map(|node| node.rect()).next().unwrap();
    assert!(places.iter().any(|place| place.max.x < board.min.x), "the tables: {places:?}");
    assert!(places.iter().any(|place| board.intersects(*place)), "the board: {places:?}");
    let first = places[0];
    let again = places.iter().skip(1).position(|place| *place == first);
    assert!(again.is_some(), "round and round: {places:?}");
}

#[test]
fn keys_of_tiles_are_not_those_of_what_lies_over_them() {
    let mut window = opened();
    press(&mut window, Key::PageDown);
    let tiles = board(&window).tiles.len();
    // A button that has the focus is pressed, and no tile is maximised.
    tab_to(&mut window, "Add");
    press(&mut window, Key::Enter);
    assert!(window.app().boards().maximised.is_none() && window.has("What fits sales"));
    press(&mut window, Key::Delete);
    assert_eq!(board(&window).tiles.len(), tiles);
    press(&mut window, Key::Escape);
    press(&mut window, Key::PageDown);
    press(&mut window, Key::F1);
    for key in [Key::Delete, Key::Enter, Key::PageDown] {
        press(&mut window, key);
    }
    assert_eq!(board(&window).tiles.len(), tiles);
    assert!(window.app().boards().maximised.is_none());
}

#[test]
fn what_has_the_focus_has_its_menu_at_a_key() {
    let mut window = opened();
    tab_to(&mut window, "Board of sales");
    press_with(&mut window, Modifiers::SHIFT, Key::F10);
    assert!(window.has("Remove board"));
    press(&mut window, Key::ArrowDown);
    press(&mut window, Key::Enter);
    write_over(&mut window, "Till");
    press(&mut window, Key::Enter);
    assert_eq!(board(&window).name, "Till");
    // A tile's is the same as with the pointer.
    press(&mut window, Key::PageDown);
    press(&mut window, Key::Menu);
    assert!(window.has("Close tile"));
    press(&mut window, Key::Escape);
    assert!(!window.has("Close tile"));
    assert!(focused(&window).unwrap().0.starts_with("Tile "), "{:?}", focused(&window));
}

#[test]
fn the_cells_of_the_answer_have_one_place_among_what_tab_reaches() {
    let mut window = super::window::with_sales();
    window.ask("SELECT * FROM sales");
    window.wait_done();
    tab_to(&mut window, "Cells of the answer");
    press(&mut window, Key::ArrowDown);
    press(&mut window, Key::ArrowRight);
    press(&mut window, Key::Menu);
    window.harness.get_by_label("Only rows with this value");
    press(&mut window, Key::Escape);
    press(&mut window, Key::Enter);
    assert!(window.has("of the answer"), "its row");
}

#[test]
fn words_on_a_board_are_changed_by_keys() {
    let mut window = opened();
    let id = board(&window).id;
    let words = braid::workspace::bench::Tile::new("", "", String::new(), TileKind::Text("# Till".to_owned()));
    super::window_board::edit(&mut window, braid::workspace::bench::Edit::AddTile { board: id, tile: words, at: None });
    tab_to(&mut window, "Words of the tile");
    press(&mut window, Key::Enter);
    write_over(&mut window, "# Shop");
    press(&mut window, Key::Escape);
    assert_eq!(board(&window).tiles.last().unwrap().show, TileKind::Text("# Shop".to_owned()));
}

#[test]
fn the_palette_is_empty_whenever_it_opens() {
    let mut window = opened();
    for _ in 0..2 {
        press_with(&mut window, Modifiers::COMMAND, Key::K);
        assert!(window.has("Open files…"));
        write(&mut window, "no such command");
        assert!(!window.has("Open files…") && window.has("No command has these words"));
        press(&mut window, Key::Escape);
    }
}
