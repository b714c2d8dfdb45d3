//! What is offered while a question is written: what can stand at the cursor, and nothing else.

use braid::query::complete::{Completion, Item, ItemKind, KnownTable, complete};
use braid::query::expr::scalars;
use braid::query::{Plan, Query};
use eframe::egui;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use polars::prelude::*;
use proptest::prelude::*;

use super::window::{Window, with_sales};

fn tables() -> Vec<KnownTable> {
    let table = |name: &str, columns: &[&str]| KnownTable {
        name: name.to_owned(),
        kind: "",
        columns: columns.iter().map(|name| ((*name).to_owned(), "text")).collect(),
    };
    vec![table("sales", &["town", "price", "two words", "城市"]), table("towns", &["town", "country"])]
}

/// Those of a board.
fn variables() -> Vec<(String, String)> {
    [("town", "'Rome'"), ("least", "3")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// What is offered at `|`.
fn at(text: &str) -> Option<Completion> {
    let cursor = text.find('|').unwrap();
    complete(&text.replace('|', ""), cursor, &tables(), &variables())
}

fn items(text: &str, kind: ItemKind) -> Vec<String> {
    let of_kind = |item: Item| (item.kind == kind).then_some(item.text);
    at(text).map_or_else(Vec::new, |offered| offered.items.into_iter().filter_map(of_kind).collect())
}

#[test]
fn tables_stand_behind_from_and_join_and_columns_elsewhere() {
    assert_eq!(items("SELECT town FROM |", ItemKind::Table), ["sales", "towns"]);
    assert_eq!(items("SELECT town FROM sa|", ItemKind::Table), ["sales"]);
    assert_eq!(items("SELECT town FROM sales JOIN t|", ItemKind::Table), ["towns"]);
    assert!(items("SELECT town FROM sales, |", ItemKind::Column).is_empty());
    assert_eq!(items("SELECT | FROM towns", ItemKind::Column), ["town", "country"]);
    assert_eq!(items("SELECT pr|", ItemKind::Column), ["price"], "of the table that is looked at");
    assert_eq!(items("SELECT town FROM sales WHERE p|", ItemKind::Column), ["price"]);
    assert_eq!(items("SELECT count(*) FROM sales JOIN towns ON c|", ItemKind::Column), ["country"]);
}

#[test]
fn an_alias_stands_for_its_table() {
    let joined = "SELECT | FROM sales AS s JOIN towns t ON s.town = t.town";
    assert_eq!(items(&joined.replace('|', "t.|"), ItemKind::Column), ["town", "country"]);
    assert_eq!(items(&joined.replace('|', "s.p|"), ItemKind::Column), ["price"]);
    assert!(at(&joined.replace('|', "u.|")).is_none(), "there is no u");
    assert_eq!(items(&joined.replace('|', "\"t\".co|"), ItemKind::Column), ["country"]);
}

#[test]
fn names_that_need_quotes_are_written_with_them() {
    assert_eq!(items("SELECT two| FROM sales", ItemKind::Column), ["\"two words\""]);
    assert_eq!(items("SELECT 城| FROM sales", ItemKind::Column), ["\"城市\""]);
    let offered = at("SELECT \"two w| FROM sales").expect("a quote that stands open is gone on with");
    assert_eq!((offered.place, offered.items[0].text.as_str()), (7..13, "\"two words\""));
    assert_eq!(items("SELECT words| FROM sales", ItemKind::Column), ["\"two words\""], "by a later word of it");
}

#[test]
fn variables_of_the_board_stand_behind_a_dollar_sign() {
    assert_eq!(items("SELECT town FROM sales WHERE town = $|", ItemKind::Variable), ["$town", "$least"]);
    let offered = at("SELECT town FROM sales WHERE town = $to| AND price > 3").unwrap();
    assert_eq!((offered.place, offered.items.len()), (36..39, 1));
    assert_eq!((offered.items[0].text.as_str(), offered.items[0].about.as_str()), ("$town", "now 'Rome'"));
    for text in ["SELECT $nothing|", "SELECT '$to|", "SELECT '$to|' FROM sales", "SELECT a -- $to|", "SELECT \"$to|"] {
        assert!(items(text, ItemKind::Variable).is_empty(), "{text}");
    }
    assert!(items("SELECT to|", ItemKind::Variable).is_empty(), "unasked");
}

#[test]
fn nothing_is_offered_inside_texts_and_comments() {
    for text in
        ["SELECT 'to|' FROM sales", "SELECT 'to|", "SELECT town -- to|\nFROM sales", "SELECT /* to| */ town FROM sales"]
    {
        assert!(at(text).is_none(), "{text}");
    }
    assert!(at("SELECT 'a', to| FROM sales").is_some() && at("SELECT town -- a\n, to| FROM sales").is_some());
}

#[test]
fn functions_come_with_what_they_take() {
    let offered = at("SELECT approx_q| FROM sales").unwrap();
    let quantile = offered.items.iter().find(|item| item.name == "approx_quantile").unwrap();
    assert_eq!(quantile.text, "approx_quantile(");
    assert!(quantile.about.contains("approx_quantile("), "{}", quantile.about);
    assert!(items("SELECT tum| FROM sales", ItemKind::Function).contains(&"tumble(".to_owned()));
    assert!(items("SELECT town FROM sales GROU|", ItemKind::Word).contains(&"GROUP BY ".to_owned()));
}

#[test]
fn every_function_that_is_offered_is_understood() {
    let rows = df!(
        "x" => [1.5, 2.0], "y" => [1.0, 2.0], "n" => [1_i64, 2],
        "text" => ["a", "b"], "json" => ["{}", "[]"], "time" => [0_i64, 60_000_000],
    )
    .unwrap()
    .lazy()
    .with_column(col("time").cast(DataType::Datetime(TimeUnit::Microseconds, None)))
    .collect()
    .unwrap();
    for function in scalars().filter(|f| !f.name.starts_with("predict")) {
        let window = ["tumble", "hop", "session"].contains(&function.name);
        let rest = if window { ", count(*) AS n FROM r GROUP BY v" } else { " FROM r" };
        let sql = format!("SELECT {} AS v{rest}", function.usage);
        let plan = Query::parse(&sql).and_then(|query| Plan::new(&query, &sql, rows.schema(), Some("time")));
        assert!(plan.is_ok(), "{sql}: {:?}", plan.err());
        assert!(function.usage.starts_with(function.name) && !function.about.is_empty());
    }
}

proptest! {
    #![proptest_config(crate::cases(300))]

    /// Whatever was written: no panic, the place lies on letters before the cursor, and taking an item keeps the rest.
    #[test]
    fn any_text_is_borne(text in "[a-zA-Z城'\"., ()\n*/;$-]{0,40}", at in 0..41_usize) {
        let cursor = text.char_indices().nth(at).map_or(text.len(), |(i, _)| i);
        if let Some(offered) = complete(&text, cursor, &tables(), &variables()) {
            prop_assert!(offered.place.end == cursor && !offered.items.is_empty());
            prop_assert!(text.get(offered.place).is_some());
        }
    }
}

fn written(window: &Window) -> String {
    window.sheet().question.sql.clone()
}

fn empty() -> Window {
    let mut window = with_sales();
    window.retype("SQL", "SELECT ");
    window
}

#[test]
fn the_list_comes_while_a_name_is_typed_and_enter_takes_its_first() {
    let mut window = empty();
    window.field("SQL").type_text("pri");
    window.settle();
    assert!(window.has("Complete price"));
    window.harness.key_press(Key::Enter);
    window.settle();
    assert_eq!(written(&window), "SELECT price");
    assert!(!window.has("Complete price"));
    window.field("SQL").type_text(", to");
    window.settle();
    window.harness.key_press(Key::Tab);
    window.settle();
    window.field("SQL").type_text(" FROM sales");
    window.settle();
    assert_eq!(written(&window), "SELECT price, town FROM sales", "the cursor stands behind what was taken");
}

#[test]
fn arrows_choose_and_escape_closes_the_list_and_keeps_the_text() {
    let mut window = empty();
    window.harness.key_press_modifiers(Modifiers::CTRL, Key::Space);
    window.settle();
    assert!(window.has("Complete town") && window.has("Complete price"));
    window.harness.key_press(Key::Escape);
    window.settle();
    assert!(!window.has("Complete town"));
    assert_eq!(written(&window), "SELECT ");
    window.harness.key_press_modifiers(Modifiers::CTRL, Key::Space);
    window.settle();
    window.harness.key_press(Key::ArrowDown);
    window.settle();
    window.harness.key_press(Key::Enter);
    window.settle();
    assert_eq!(written(&window), "SELECT price");
    window.harness.key_press(Key::Enter);
    window.settle();
    assert_eq!(written(&window), "SELECT price\n", "without a list the key is the text's");
}

#[test]
fn a_click_takes_an_item() {
    let mut window = empty();
    window.field("SQL").type_text("pri");
    window.settle();
    window.harness.get_by_label("Complete price").click();
    window.settle();
    assert_eq!(written(&window), "SELECT price");
    assert!(!window.has("Complete price"));
}
