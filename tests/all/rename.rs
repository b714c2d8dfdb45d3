//! A table that is called something else: in every question and on every board at once, and nowhere else.

use braid::query::sql::renamed;
use braid::ui::action::{Action, TableAction};
use braid::workspace::TableSetup;
use braid::workspace::bench::{Bench, Edit, Scope, Tile, TileKind, Variable, VariableKind};
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::window::with_sales;
use super::window_board::{board, opened};

/// Questions of the table sales, with the same of a table that is called shop.
const QUESTIONS: &[(&str, &str)] = &[
    ("SELECT count(*) FROM sales", "SELECT count(*) FROM shop"),
    ("SELECT price FROM Sales -- of sales", "SELECT price FROM shop -- of sales"),
    (
        "SELECT sales.price, sales.* FROM sales WHERE sales.town = 'sales'",
        "SELECT shop.price, shop.* FROM shop WHERE shop.town = 'sales'",
    ),
    ("SELECT s.price FROM sales AS s", "SELECT s.price FROM shop AS s"),
    ("SELECT sales.price FROM sales AS sales", "SELECT sales.price FROM shop AS sales"),
    ("SELECT sales, x AS sales FROM sales ORDER BY sales", "SELECT sales, x AS sales FROM shop ORDER BY sales"),
    ("SELECT EXTRACT(year FROM sales) FROM sales", "SELECT EXTRACT(year FROM sales) FROM shop"),
    (
        "SELECT t.country FROM sales JOIN towns AS t ON sales.town = t.town",
        "SELECT t.country FROM shop JOIN towns AS t ON shop.town = t.town",
    ),
    (
        "SELECT * FROM (SELECT * FROM sales) AS x UNION ALL SELECT * FROM \"sales\"",
        "SELECT * FROM (SELECT * FROM shop) AS x UNION ALL SELECT * FROM shop",
    ),
    (
        "WITH big AS (SELECT * FROM sales WHERE price > $least) SELECT count(*) FROM big",
        "WITH big AS (SELECT * FROM shop WHERE price > $least) SELECT count(*) FROM big",
    ),
    ("SELECT sales FROM towns", "SELECT sales FROM towns"),
    ("SELECT 'sales' FROM towns WHERE x = \"my sales\"", "SELECT 'sales' FROM towns WHERE x = \"my sales\""),
];

#[test]
fn a_question_names_the_table_anew_wherever_it_did_and_nowhere_else() {
    for (before, after) in QUESTIONS {
        assert_eq!(renamed(before, "sales", "shop").unwrap(), *after);
    }
    assert_eq!(renamed("SELECT sales.a FROM sales", "sales", "two words").unwrap(), {
        "SELECT \"two words\".a FROM \"two words\""
    });
    assert_eq!(renamed("SELECT \"a b\".x FROM \"a b\"", "a b", "c").unwrap(), "SELECT c.x FROM c");
}

#[test]
fn what_cannot_be_told_is_refused() {
    let own = "WITH sales AS (SELECT * FROM sales) SELECT * FROM sales";
    assert!(renamed(own, "sales", "shop").unwrap_err().to_string().contains("a table sales of its own"));
    assert!(renamed("SELECT FROM sales WHERE", "sales", "shop").is_err(), "half written");
}

fn bench() -> Bench {
    let table = |name: &str, question: &str| TableSetup {
        name: name.to_owned(),
        question: question.to_owned(),
        ..TableSetup::default()
    };
    let bench = Bench::of([
        table("sales", "SELECT count(*) FROM sales"),
        table("towns", "SELECT t.town FROM towns AS t JOIN sales ON t.town = sales.town"),
    ]);
    let tile = |table: &str, sql: &str| Tile::new(table, "", sql.to_owned(), TileKind::Number);
    let tiles = vec![
        tile("sales", "SELECT sum(price) FROM sales WHERE town = $town"),
        tile("towns", "SELECT count(*) FROM towns"),
        Tile::new("sales", "", String::new(), TileKind::Guard("late".to_owned())),
    ];
    let bench = bench.after(&Edit::AddBoard { name: "Till".to_owned(), tiles }).unwrap();
    let kind = VariableKind::List { table: "sales".to_owned(), column: "town".to_owned() };
    let variables = vec![Variable { name: "town".to_owned(), kind, value: String::new() }];
    let board = bench.boards[0].id;
    bench.after(&Edit::SetScope { board, scope: Scope { variables, ..Scope::default() } }).unwrap()
}

#[test]
fn everything_on_a_bench_follows() {
    let before = bench();
    let id = before.tables[0].id;
    let after = before.after(&Edit::RenameTable { table: id, name: "shop".to_owned() }).unwrap();
    let questions: Vec<&str> = after.tables.iter().map(|table| table.question.as_str()).collect();
    assert_eq!(
        questions,
        ["SELECT count(*) FROM shop", "SELECT t.town FROM towns AS t JOIN shop ON t.town = shop.town"]
    );
    assert_eq!(after.tables[0].name, "shop");
    let tiles: Vec<&str> = after.boards[0].tiles.iter().map(|tile| tile.table.as_str()).collect();
    assert_eq!(tiles, ["shop", "towns", "shop"]);
    assert_eq!(after.boards[0].tiles[0].sql, "SELECT sum(price) FROM shop WHERE town = $town");
    assert!(matches!(&after.boards[0].scope.variables[0].kind, VariableKind::List { table, .. } if table == "shop"));
    let back = after.after(&Edit::RenameTable { table: id, name: "sales".to_owned() }).unwrap();
    assert_eq!(back, before);
}

#[test]
fn a_name_that_another_table_has_is_refused() {
    let before = bench();
    for name in ["Towns", " "] {
        assert!(before.after(&Edit::RenameTable { table: before.tables[0].id, name: name.to_owned() }).is_err());
    }
}

#[test]
fn a_table_is_renamed_by_a_key_with_all_that_asks_it_and_back() {
    let mut window = opened();
    let rows = |window: &mut super::window::Window| {
        window.wait("the tiles are answered", |app| {
            let board = app.board().expect("a board is shown");
            let run = |id| app.boards().run(id).and_then(|run| run.shown().cloned().filter(|_| run.fault.is_none()));
            app.is_idle() && board.tiles.iter().all(|tile| run(tile.id).is_some())
        });
    };
    rows(&mut window);
    let question = window.sheet().question.sql.clone();
    window.click("Question of sales");
    window.harness.key_press(Key::F2);
    window.settle();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.field("Name of the table").type_text("the shop");
    window.settle();
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait_done();
    assert_eq!(window.sheet().table.name, "the shop");
    assert!(window.sheet().question.fault.is_none() && window.sheet().question.asked.contains("\"the shop\""));
    window.harness.get_by_label("Table the shop");
    window.click("Board of sales");
    assert!(board(&window).tiles.iter().all(|tile| tile.table == "the shop"));
    rows(&mut window);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    window.wait_done();
    assert_eq!((window.sheet().table.name.as_str(), window.sheet().question.sql.clone()), ("sales", question));
    window.click("Board of sales");
    rows(&mut window);
}

#[test]
fn a_question_that_cannot_be_renamed_is_named() {
    let mut window = with_sales();
    window.retype("SQL", "WITH sales AS (SELECT * FROM sales) SELECT * FROM sales");
    let id = window.sheet().id;
    window.propose(Action::Table(id, TableAction::Rename("shop".to_owned())));
    assert!(window.has("The table sales cannot be called shop in the question of sales"));
    assert_eq!(window.sheet().table.name, "sales");
}
