//! Named questions of the window: others ask them like tables, follow them when they change, and say what is missing
//! when they are gone.

use braid::ui::App;
use braid::ui::action::{Action, BoardAction, QuestionAction};
use braid::ui::question::QuestionOf;
use braid::workspace::TableSetup;
use braid::workspace::bench::{Bench, BenchHistory, Edit, Filter, NamedQuestions, Scope, Tile, TileId, TileKind};
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::window::Window;
use crate::window_board::{board, edit, opened};

const BY_SHOP: &str = "SELECT shop, sum(amount) AS total, count(*) AS sold FROM sales GROUP BY shop";

fn add(window: &mut Window, tile: Tile) -> TileId {
    let board = board(window).id;
    edit(window, Edit::AddTile { board, tile, at: None });
    answered(window);
    window.app().board().unwrap().tiles.last().unwrap().id
}

fn answered(window: &mut Window) {
    window.settle();
    window.wait("the tiles are answered", App::is_idle);
}

fn grid(title: &str, sql: &str) -> Tile {
    Tile::new("sales", title, sql.to_owned(), TileKind::Grid)
}

/// The answer of a tile as lines.
fn lines(window: &Window, tile: TileId) -> Vec<String> {
    let app = window.app();
    let run = app.boards().run(tile).expect("the tile is asked");
    assert!(run.fault.is_none(), "{:?}", run.fault);
    let frame = &run.shown().expect("there is an answer").answer;
    let line = |row| frame.columns().iter().map(|c| c.get(row).unwrap().str_value().into_owned()).collect::<Vec<_>>();
    (0..frame.height()).map(|row| line(row).join(" ")).collect()
}

fn fault(window: &Window, tile: TileId) -> String {
    window.app().boards().run(tile).and_then(|run| run.fault.clone()).map_or_else(String::new, |fault| fault.what)
}

/// A board with a question that has a name, and one that asks it.
fn with_named() -> (Window, TileId, TileId) {
    let mut window = opened();
    let named = Tile { question: "by_shop".to_owned(), ..grid("Shops", BY_SHOP) };
    let named = add(&mut window, named);
    let above = add(&mut window, grid("All", "SELECT count(*) AS shops, sum(sold) AS rows FROM by_shop AS b"));
    (window, named, above)
}

fn change(window: &mut Window, tile: TileId, to: impl FnOnce(Tile) -> Tile) {
    let tile = to(window.app().bench().tile(tile).unwrap().clone());
    edit(window, Edit::SetTile { tile });
    answered(window);
}

fn undo(window: &mut Window) {
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    answered(window);
}

#[test]
fn a_named_question_is_asked_like_a_table_and_followed() {
    let (mut window, named, above) = with_named();
    assert_eq!(lines(&window, above), ["3 3000"]);
    assert!(!window.app().boards().run(above).unwrap().reads_alone(), "it shares the reading of its table");
    change(&mut window, named, |tile| Tile { sql: format!("{BY_SHOP} HAVING shop <> 'west'"), ..tile });
    assert_eq!(lines(&window, above), ["2 2000"]);
    undo(&mut window);
    assert_eq!(lines(&window, above), ["3 3000"]);
    // What limits the board limits the rows that it is about.
    let filter = Filter { column: "shop".to_owned(), values: vec![Some("'north'".to_owned())], ..Filter::default() };
    let scope = Scope { filters: vec![filter], ..Scope::default() };
    let on = board(&window).id;
    edit(&mut window, Edit::SetScope { board: on, scope });
    answered(&mut window);
    assert_eq!(window.app().boards().run(above).unwrap().unlimited(), None);
    assert_eq!(lines(&window, above), ["1 1000"]);
}

#[test]
fn what_is_gone_is_missed_by_its_name_until_it_is_back() {
    let (mut window, named, above) = with_named();
    edit(&mut window, Edit::RemoveTile { tile: named });
    answered(&mut window);
    assert!(fault(&window, above).contains("by_shop"), "{}", fault(&window, above));
    assert!(window.has("whose question by_shop is asked by 1"), "who takes it away is told");
    undo(&mut window);
    assert_eq!(lines(&window, above), ["3 3000"]);
}

#[test]
fn a_question_is_renamed_in_the_menu_of_its_tile_and_wherever_it_is_asked() {
    let (mut window, _, above) = with_named();
    window.harness.get_all_by_label("Menu of Shops").next().unwrap().click();
    window.settle();
    window.click("Share its question");
    window.retype("Name of the question", "shops");
    window.click("Rename it");
    answered(&mut window);
    assert_eq!(window.app().bench().questions("sales")[0].name, "shops");
    let sql = window.app().bench().tile(above).unwrap().sql.clone();
    assert!(sql.contains("FROM shops AS b"), "{sql}");
    assert_eq!(lines(&window, above), ["3 3000"]);
    undo(&mut window);
    assert!(window.app().bench().tile(above).unwrap().sql.contains("by_shop"));
    assert_eq!(lines(&window, above), ["3 3000"]);
}

#[test]
fn a_circle_of_names_is_refused_by_name_where_it_is_written() {
    let (mut window, named, above) = with_named();
    change(&mut window, above, |tile| Tile { question: "totals".to_owned(), ..tile });
    window.propose(Action::Board(BoardAction::Question(Some(named))));
    let of = QuestionOf::Tile(named);
    window.propose(Action::Question(of, QuestionAction::Sql("SELECT shops FROM totals".to_owned())));
    window.propose(Action::Question(of, QuestionAction::Ask));
    assert!(window.has("hese questions ask each other"), "it is told in the pane");
    assert_eq!(window.app().bench().tile(named).unwrap().sql, BY_SHOP, "and nothing has changed");
}

#[test]
fn the_question_of_a_table_asks_a_named_one_and_follows_it() {
    let (mut window, named, _) = with_named();
    window.click("Question of sales");
    window.wait_done();
    window.ask("SELECT shop, sold FROM by_shop ORDER BY shop");
    window.wait_done();
    assert_eq!(window.answer(), ["north 1000", "south 1000", "west 1000"]);
    change(&mut window, named, |tile| Tile { sql: format!("{BY_SHOP} HAVING shop <> 'west'"), ..tile });
    window.wait_done();
    assert_eq!(window.answer(), ["north 1000", "south 1000"]);
    edit(&mut window, Edit::RemoveTile { tile: named });
    window.settle();
    assert!(window.sheet().question.fault.as_ref().is_some_and(|fault| fault.what.contains("by_shop")));
    undo(&mut window);
    window.wait_done();
    assert!(window.sheet().question.fault.is_none());
    assert_eq!(window.answer(), ["north 1000", "south 1000"]);
    window.wait("it is kept", App::is_idle);
    let mut window = window.restarted();
    window.wait_done();
    assert_eq!(window.answer(), ["north 1000", "south 1000"], "names are known before they are asked");
}

#[test]
fn completion_offers_named_questions_and_their_columns() {
    let (mut window, ..) = with_named();
    window.click("Question of sales");
    window.wait_done();
    window.retype("SQL", "SELECT 1 FROM by");
    assert!(window.has("Complete by_shop"));
    window.retype("SQL", "SELECT total FROM by_shop AS b WHERE b.");
    assert!(window.has("Complete total") && window.has("Complete sold") && !window.has("Complete amount"));
    window.retype("SQL", "WITH few AS (SELECT shop FROM sales) SELECT * FROM fe");
    assert!(window.has("Complete few"));
}

#[test]
fn names_are_one_for_all_tables_and_a_composed_text_asks_no_name() {
    let mut history = BenchHistory::default();
    let named = |name: &str, sql: &str| Tile {
        question: name.to_owned(),
        ..Tile::new("t", "", sql.to_owned(), TileKind::Grid)
    };
    let table = TableSetup { name: "t".to_owned(), ..TableSetup::default() };
    history.edit(&Edit::AddTable { table }, false).unwrap();
    let tiles = vec![named("a", "SELECT x FROM t"), named("b", "SELECT x FROM a"), named("", "SELECT y FROM b")];
    history.edit(&Edit::AddBoard { name: "B".to_owned(), tiles }, false).unwrap();
    let start = history.now().clone();
    let text = |bench: &Bench, sql: &str| NamedQuestions::of(bench).compose(sql).unwrap().text().unwrap();
    let composed = text(&start, "SELECT count(*) FROM b");
    assert!(composed.find("a AS (").unwrap() < composed.find("b AS (").unwrap(), "{composed}");
    assert_eq!(text(&start, &composed), composed, "nothing is left to be written out");
    assert_eq!(text(&start, "SELECT a, b FROM t"), "SELECT a, b FROM t", "columns are no tables");

    let of =
        |bench: &Bench, name: &str| bench.boards[0].tiles.iter().find(|tile| tile.question == name).cloned().unwrap();
    let circle = Edit::SetTile { tile: Tile { sql: "SELECT x FROM b".to_owned(), ..of(&start, "a") } };
    let refused = start.after(&circle).unwrap_err();
    assert!(refused.what.contains("a asks b asks a") || refused.what.contains("b asks a asks b"), "{}", refused.what);
    let itself = Edit::SetTile { tile: Tile { sql: "SELECT x FROM a".to_owned(), ..of(&start, "a") } };
    assert!(start.after(&itself).is_err());
    let taken = Edit::SetTile { tile: Tile { question: "T".to_owned(), ..of(&start, "a") } };
    assert!(start.after(&taken).unwrap_err().what.contains("already"));

    let rename = |name: &str| Edit::RenameQuestion { table: "t".into(), question: "a".into(), name: name.into() };
    for (name, why) in [("b", "already"), ("t", "already"), (" ", "needs a name")] {
        assert!(start.after(&rename(name)).unwrap_err().what.contains(why), "{name}");
    }
    history.edit(&rename("new one"), false).unwrap();
    assert_eq!(of(history.now(), "b").sql, "SELECT x FROM \"new one\"");
    assert!(history.undo());
    assert_eq!(**history.now(), *start);
}
