//! The figure of a tile: set in its form and by its legend, step by step and back, kept, and carried between a board
//! and the question of a table.

use braid::figure::{AxisKind, Figure, MARKS};
use braid::ui::App;
use braid::ui::action::{Action, BoardAction, ChartAction, ChartFile, ExportAction, OpenAction};
use braid::ui::board::title;
use braid::workspace::TableSetup;
use braid::workspace::bench::{Edit, Tile, TileKind};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::window::Window;

/// A board with one tile: rows of three shops a minute.
fn with_tile() -> (Window, Tile) {
    let mut window = Window::new();
    let row = |i: usize| {
        let shop = ["north", "south", "west"][i % 3];
        format!("2024-03-01 {:02}:{:02}:{:02},{shop},{}\n", i / 3600, i / 60 % 60, i % 60, i % 17)
    };
    let text = "at,shop,amount\n".to_owned() + &(0..3_000).map(row).collect::<String>();
    let path = window.file("sales.csv", &text);
    window.drop_files(&[&path]);
    window.wait_done();
    let sql = "SELECT tumble(at, INTERVAL '5 minutes') AS time, shop, count(*) AS rows FROM sales GROUP BY 1, 2";
    let tile = Tile::new("sales", "Rows of shops", sql.to_owned(), TileKind::Figure(String::new()));
    window.propose(Action::Board(BoardAction::New));
    let board = window.app().board().unwrap().id;
    window.propose(Action::Board(BoardAction::Edit {
        edit: Box::new(Edit::AddTile { board, tile, at: None }),
        goes_on: false,
    }));
    answered(&mut window);
    let tile = own(&window);
    (window, tile)
}

fn answered(window: &mut Window) {
    window.settle();
    window.wait("the tiles are answered", |app| app.is_idle());
    window.settle();
}

/// The only tile as it is set up.
fn own(window: &Window) -> Tile {
    window.app().board().unwrap().tiles[0].clone()
}

/// The picture that the tile shows.
fn figure(window: &Window) -> Figure {
    let tile = own(window).id;
    Figure::clone(&window.app().boards().run(tile).unwrap().chart.figure().unwrap())
}

/// The names of its series.
fn names(window: &Window) -> Vec<String> {
    figure(window).series.into_iter().map(|series| series.name).collect()
}

fn open(window: &mut Window) {
    window.click("Menu of Rows of shops");
    window.click("Figure…");
}

/// Types into a field, a frame a letter.
fn type_into(window: &mut Window, label: &str, text: &str) {
    window.harness.get_by_role_and_label(Role::TextInput, label).click();
    window.settle();
    for letter in text.chars() {
        window.harness.get_by_role_and_label(Role::TextInput, label).type_text(&letter.to_string());
        window.settle();
    }
}

fn undo(window: &mut Window) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
}

#[test]
fn the_popup_at_the_pointer_tells_what_the_legend_does_not() {
    let (mut window, tile) = with_tile();
    let told = |window: &Window| {
        ["north", "south", "west"].map(|shop| window.harness.query_all_by_label(shop).next().is_some())
    };
    let hover = |window: &mut Window| {
        let figure = window.harness.get_by_label_contains("Figure: ").rect();
        window.harness.hover_at(figure.min + figure.size() * vec2(0.5, 0.6));
        window.settle();
    };
    let line = Tile { show: TileKind::Figure("line".into()), ..tile };
    window.propose(Action::Board(BoardAction::step(Edit::SetTile { tile: line.clone() })));
    window.settle();
    hover(&mut window);
    assert!(window.has("2024-03-01 00:"), "the moment");
    assert_eq!(told(&window), [false; 3], "the legend has the whole counts");
    // A legend of one name is none, and what it cannot say in few digits is told.
    let sql = line.sql.replace("count(*) AS rows", "sum(amount) * 1.00001 AS total");
    window.propose(Action::Board(BoardAction::step(Edit::SetTile { tile: Tile { sql, ..line } })));
    window.wait("it is answered", |app| app.is_idle());
    hover(&mut window);
    assert_eq!(told(&window).iter().filter(|told| **told).count(), 1, "the nearest one, with all its digits");
}

#[test]
fn the_form_of_a_tile_sets_its_figure_and_each_change_is_a_step() {
    let (mut window, before) = with_tile();
    open(&mut window);
    for mark in MARKS {
        assert!(window.has(mark.title), "{}", mark.title);
    }
    window.click("Line");
    window.click("Series");
    window.click("Axis");
    window.click("Logarithmic");
    answered(&mut window);
    let tile = own(&window);
    assert_eq!(tile.show, TileKind::Figure("line".to_owned()));
    assert!(tile.figure.left_axis.log && tile.figure.mark.is_empty());
    let shown = figure(&window);
    assert_eq!((shown.mark.as_str(), &shown.y_kind), ("line", &AxisKind::Power));
    // What is typed is one step, letter by letter.
    type_into(&mut window, "After numbers (left)", "sales");
    assert_eq!(own(&window).figure.left_axis.format.suffix, "sales");
    // Out of the field, and out of the form.
    for _ in 0..2 {
        window.harness.key_press(Key::Escape);
        window.settle();
    }
    assert_eq!(window.app().boards().drawing, None, "the form is closed");
    undo(&mut window);
    assert_eq!(own(&window), tile);
    undo(&mut window);
    assert!(!own(&window).figure.left_axis.log);
    undo(&mut window);
    assert_eq!(own(&window), before);
    answered(&mut window);
    assert_eq!(figure(&window).mark, "stacked-area", "the picture follows");
}

#[test]
fn the_columns_of_a_tile_are_chosen_in_its_form() {
    let (mut window, _) = with_tile();
    open(&mut window);
    window.click("Series");
    window.click("Columns");
    window.click("no split");
    answered(&mut window);
    assert_eq!(own(&window).figure.split.as_deref(), Some(""));
    assert_eq!(names(&window), ["rows"]);
    window.click("Columns");
    window.click("Best fit");
    answered(&mut window);
    assert!(own(&window).figure.is_default());
    assert_eq!(names(&window), ["north", "south", "west"]);
}

#[test]
fn a_click_on_the_legend_of_a_tile_is_a_step_and_comes_back_after_a_restart() {
    let (mut window, before) = with_tile();
    window.harness.get_by_role_and_label(Role::Button, "Series south").click();
    answered(&mut window);
    assert_eq!(names(&window), ["south"]);
    let tile = own(&window);
    assert_eq!(tile.figure.isolated.as_deref(), Some("south"));
    let mut window = window.restarted();
    answered(&mut window);
    assert_eq!(own(&window), tile);
    assert_eq!(names(&window), ["south"]);
    undo(&mut window);
    answered(&mut window);
    assert_eq!((own(&window), names(&window).len()), (before, 3));
}

/// Writes the question of the tile anew, in the pane beside the board.
fn rewrite(window: &mut Window, sql: &str) {
    window.retype("SQL", sql);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.settle();
}

#[test]
fn the_question_of_a_tile_is_changed_beside_it() {
    let (mut window, before) = with_tile();
    let own_question = window.sheet().question.sql.clone();
    window.click("Menu of Rows of shops");
    window.click("Change the question…");
    assert!(window.app().board().is_some() && window.has("Question of Rows of shops"), "the board stays");
    let sql = "SELECT shop, sum(amount) AS amount FROM sales GROUP BY shop";
    rewrite(&mut window, sql);
    answered(&mut window);
    assert_eq!(own(&window).sql, sql);
    let shown = window.app().boards().run(before.id).unwrap().shown().unwrap().answer.height();
    assert_eq!(shown, 3);
    assert_eq!(window.sheet().question.sql, own_question, "the table keeps its own");
    // What cannot be asked leaves the tile as it is, and is not lost.
    rewrite(&mut window, "SELECT wrong FROM sales");
    assert!(window.has("no column 'wrong'"));
    assert_eq!(own(&window).sql, sql);
    // The first leaves the text, the second the pane.
    for _ in 0..2 {
        window.harness.key_press(Key::Escape);
        window.settle();
    }
    assert!(!window.has("Question of Rows of shops"));
    window.click("Menu of Rows of shops");
    window.click("Change the question…");
    assert!(window.has("no column 'wrong'"));
    // The builder says the same, and asks at once.
    rewrite(&mut window, sql);
    window.click("Measure sum(amount)");
    window.click("Remove this measure");
    answered(&mut window);
    assert!(own(&window).sql.starts_with("SELECT shop"), "{}", own(&window).sql);
    assert!(!own(&window).sql.contains("sum"));
    // A step back is seen in the pane, too.
    undo(&mut window);
    answered(&mut window);
    assert_eq!(own(&window).sql, sql);
    let app = window.app();
    assert_eq!(app.tile_question().unwrap().1.question.sql, sql);
}

#[test]
fn series_have_their_colours_again_after_a_restart() {
    let (mut window, tile) = with_tile();
    // Another tile names them in another order, and comes first after the restart.
    let sql = "SELECT tumble(at, INTERVAL '5 minutes') AS time, shop, count(*) AS rows FROM sales \
               WHERE shop <> 'north' GROUP BY 1, 2";
    let board = window.app().board().unwrap().id;
    let other = Tile::new("sales", "Others", sql.to_owned(), TileKind::Figure(String::new()));
    let edit = Box::new(Edit::AddTile { board, tile: other, at: None });
    window.propose(Action::Board(BoardAction::Edit { edit, goes_on: false }));
    answered(&mut window);
    let colours = |window: &Window| -> Vec<(String, Option<usize>)> {
        let figure = window.app().boards().run(tile.id).unwrap().chart.figure().unwrap();
        figure.series.iter().map(|series| (series.name.clone(), series.colour)).collect()
    };
    let before = colours(&window);
    let edit = Box::new(Edit::MoveTile { tile: tile.id, board, at: None });
    window.propose(Action::Board(BoardAction::Edit { edit, goes_on: false }));
    answered(&mut window);
    let mut window = window.restarted();
    answered(&mut window);
    assert_eq!(colours(&window), before);
}

#[test]
fn settings_go_with_the_question_to_a_board_and_back() {
    let (mut window, tile) = with_tile();
    let board = window.app().board().unwrap().id;
    window.propose(Action::Board(BoardAction::Open(tile.id)));
    window.wait_done();
    let mut settings = window.sheet().chart.settings().clone();
    settings.panels = Some("shop".to_owned());
    settings.title = "One a shop".to_owned();
    window.propose(Action::Chart(
        window.selected(),
        ChartAction::Settings { settings: Box::new(settings.clone()), goes_on: false },
    ));
    window.wait_done();
    window.propose(Action::Board(BoardAction::Update(tile.id)));
    answered(&mut window);
    assert_eq!(own(&window).settings(), settings);
    assert_eq!(figure(&window).panels.len(), 3);
    // A second tile, from the question as it is drawn.
    window.propose(Action::Board(BoardAction::Show(None)));
    window.propose(Action::Board(BoardAction::Keep { table: window.selected(), board: Some(board) }));
    answered(&mut window);
    let kept = window.app().board().unwrap().tiles[1].clone();
    assert_eq!(kept.settings(), settings);
    assert!(!title(&kept).is_empty());
    // And from a tile back to the question.
    window.propose(Action::Chart(window.selected(), ChartAction::Guess));
    window.propose(Action::Board(BoardAction::Open(kept.id)));
    assert_eq!(*window.sheet().chart.settings(), settings);
}

#[test]
fn what_is_typed_into_the_form_of_a_question_is_one_step() {
    let (mut window, _) = with_tile();
    window.propose(Action::Board(BoardAction::Show(None)));
    window.wait_done();
    window.click("Chart settings");
    window.click("Title");
    type_into(&mut window, "Along x", "hour");
    let x_title = |window: &Window| window.sheet().chart.settings().x_title.clone();
    assert_eq!(x_title(&window), "hour");
    window.harness.key_press(Key::Escape);
    window.settle();
    undo(&mut window);
    assert_eq!(x_title(&window), "");
    // A mark is a step as well.
    window.propose(Action::Chart(window.selected(), ChartAction::Mark("bar")));
    undo(&mut window);
    assert_eq!(window.sheet().chart.settings().mark, "");
}

#[test]
fn a_newer_setting_of_a_tile_is_kept_and_a_default_is_not_written() {
    let text = serde_json::json!({
        "id": 3, "table": "t", "show": { "as": "figure", "with": "bar" }, "figure": { "sparkle": 2, "title": "A" }
    });
    let tile: Tile = serde_json::from_value(text).unwrap();
    assert_eq!((tile.settings().mark.as_str(), tile.settings().title.as_str()), ("bar", "A"));
    let again = serde_json::to_value(tile.clone().drawn(tile.settings())).unwrap();
    assert_eq!(again["figure"], serde_json::json!({ "sparkle": 2, "title": "A" }));
    let plain = Tile::new("t", "", "SELECT 1".to_owned(), TileKind::Figure("line".to_owned()));
    assert!(serde_json::to_value(plain).unwrap().get("figure").is_none());
}

#[test]
fn the_form_stands_beside_the_figure_that_it_changes() {
    let (mut window, _) = with_tile();
    let figure = |window: &Window| window.harness.get_by_label_contains("Figure: ").rect();
    let wide = figure(&window).width();
    open(&mut window);
    let pane = window.harness.get_by_label("Close Figure of Rows of shops").rect();
    let beside = window.harness.get_by_label("Stacked area").rect();
    assert!(figure(&window).right() < beside.left() && figure(&window).width() > wide * 0.5);
    assert!(pane.left() > figure(&window).right());
    window.click("Close Figure of Rows of shops");
    assert!(window.app().boards().drawing.is_none() && figure(&window).width() == wide);
    // That of a question, too.
    window.propose(Action::Board(BoardAction::Show(None)));
    window.wait_done();
    let wide = window.chart().width();
    window.click("Chart settings");
    assert!(window.chart().right() < window.harness.get_by_label("Axis").rect().left());
    window.harness.key_press(Key::Escape);
    window.settle();
    assert_eq!(window.chart().width(), wide);
}

#[test]
fn only_categories_are_offered_for_small_pictures() {
    let (mut window, _) = with_tile();
    let shown = |window: &Window| window.app().boards().run(own(window).id).unwrap().chart.shown().categories.clone();
    assert_eq!(shown(&window), ["shop"]);
    open(&mut window);
    window.click("Series");
    window.click("Panels");
    // That in the pane.
    let right = window.harness.get_by_label_contains("Figure: ").rect().right();
    window.harness.get_all_by_label("shop").find(|node| node.rect().left() > right).unwrap().click();
    answered(&mut window);
    assert_eq!(figure(&window).panels.len(), 3);
    // An answer that has none offers none.
    let sql = "SELECT tumble(at, INTERVAL '5 minutes') AS time, count(*) AS rows FROM sales GROUP BY 1".to_owned();
    let tile = Tile { sql, ..own(&window) }.drawn(braid::figure::Settings::default());
    window.propose(Action::Board(BoardAction::Edit { edit: Box::new(Edit::SetTile { tile }), goes_on: false }));
    answered(&mut window);
    assert!(shown(&window).is_empty() && !window.has("Panels"));
}

#[test]
fn a_right_click_on_a_figure_offers_what_can_be_done_and_a_right_drag_pans() {
    let (mut window, tile) = with_tile();
    let at = window.harness.get_by_label_contains("Figure: ").rect().center();
    let secondary = eframe::egui::PointerButton::Secondary;
    crate::window::drag(&mut window, at, at + vec2(60.0, 0.0), secondary);
    let range = window.app().boards().range.expect("it is panned");
    assert!(range.0 < range.1 && !window.has("Show as rows"));
    crate::window::drag(&mut window, at, at, secondary);
    for name in ["Figure…", "Change the question…", "Export as PNG…", "Export as SVG…"] {
        assert!(window.has(name), "{name}");
    }
    window.click("Back to the whole");
    assert!(window.app().boards().range.is_none());
    crate::window::drag(&mut window, at, at, secondary);
    assert!(!window.has("Back to the whole"));
    window.click("Show as rows");
    assert_eq!(own(&window).show, TileKind::Grid);
    undo(&mut window);
    assert_eq!(own(&window), tile);
    // It is written as a file, under its title.
    let file = window.path("tile.svg");
    let export = ExportAction::Tile(Some(file.clone()), tile.id, ChartFile::Svg);
    answered(&mut window);
    window.propose(Action::Export(export));
    window.wait("it is written", |app| app.is_idle() && file.exists());
    assert!(std::fs::read_to_string(&file).unwrap().contains("Rows of shops"));
    // The chart of a question has its own.
    window.propose(Action::Board(BoardAction::Show(None)));
    window.wait_done();
    let at = window.chart().center();
    crate::window::drag(&mut window, at, at, secondary);
    assert!(window.has("Export as PNG…") && window.has("Chart settings…"));
}

#[test]
fn bars_in_the_order_of_their_values_stand_still_under_the_pointer() {
    use std::io::Write as _;
    let mut window = Window::new();
    let row = |i: usize, shop: &str| format!("2024-03-01 00:{:02}:{:02},{shop}\n", i / 60, i % 60);
    let first = (0..6).map(|i| row(i, ["a", "a", "a", "b", "b", "c"][i])).collect::<String>();
    let path = window.file("shops.csv", &("at,shop\n".to_owned() + &first));
    let setup = TableSetup {
        name: "shops".to_owned(),
        live: vec![format!("file:{}", path.display())],
        question: "SELECT count(*) FROM shops".to_owned(),
        ..TableSetup::default()
    };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("it is open", |app| app.sheets().len() == 1);
    let sql = "SELECT shop, count(*) AS n FROM shops GROUP BY shop ORDER BY n DESC";
    let tile = Tile::new("shops", "Shops", sql.to_owned(), TileKind::Figure("bar".to_owned()));
    window.propose(Action::Board(BoardAction::New));
    let board = window.app().board().unwrap().id;
    window.propose(Action::Board(BoardAction::step(Edit::AddTile { board, tile, at: None })));
    let bars = |app: &App| -> Vec<(String, f64)> {
        let run = app.boards().run(app.board().unwrap().tiles[0].id);
        let Some(figure) = run.and_then(|run| run.chart.figure()) else { return Vec::new() };
        let AxisKind::Category(names) = &figure.x.kind else { return Vec::new() };
        names.iter().cloned().zip(figure.series.iter().flat_map(|series| series.y.iter().copied())).collect()
    };
    let of = |all: [(&str, f64); 3]| all.map(|(name, n)| (name.to_owned(), n)).to_vec();
    window.wait("the first rows are drawn", |app| bars(app) == of([("a", 3.0), ("b", 2.0), ("c", 1.0)]));
    let rect = window.harness.get_by_label_contains("Figure: ").rect();
    window.harness.hover_at(rect.center());
    window.settle();
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let more: String = (6..16).map(|i| row(i, "c")).collect();
    file.write_all(more.as_bytes()).unwrap();
    window.wait("their values go on", |app| bars(app) == of([("a", 3.0), ("b", 2.0), ("c", 11.0)]));
    // What is clicked is what is seen.
    window.harness.hover_at(rect.left_center() + vec2(rect.width() * 0.8, 0.0));
    window.settle();
    assert_eq!(window.app().boards().run(own(&window).id).unwrap().chart.answer_place(2), 0);
    window.harness.hover_at(rect.left_top() - vec2(0.0, 60.0));
    window.wait("they are in order again", |app| bars(app) == of([("c", 11.0), ("a", 3.0), ("b", 2.0)]));
}

#[test]
fn a_number_of_a_time_tells_the_time() {
    let (mut window, tile) = with_tile();
    let number = |window: &mut Window, sql: &str| {
        let tile = Tile { sql: sql.to_owned(), show: TileKind::Number, ..own(window) };
        window.propose(Action::Board(BoardAction::step(Edit::SetTile { tile })));
        window.settle();
        window.wait("it is answered", |app| app.is_idle());
        window.app().boards().run(own(window).id).unwrap().number.clone().unwrap()
    };
    assert!(tile.sql.contains("shop"));
    let newest = number(&mut window, "SELECT max(at) FROM sales");
    assert_eq!((newest.text.as_str(), newest.change), ("2024-03-01 00:49:59", None));
    assert!(window.has("2024-03-01 00:49:59"));
    let newest =
        number(&mut window, "SELECT tumble(at, INTERVAL '5 minutes') AS time, max(at) AS newest FROM sales GROUP BY 1");
    assert_eq!((newest.of.as_str(), newest.at.as_str()), ("newest", "2024-03-01 00:45"));
}
