//! The grid: a view on top of the answer that sorts, filters, hides, copies and shows whole values, and changes neither
//! the answer nor the question.

use braid::data::cell;
use braid::data::zone::Zone;
use braid::engine::view::{Comparison, Filter, RowsView};
use braid::ui::action::{Action, AppAction, OpenAction};
use braid::ui::grid::{GridAction, Selection};
use eframe::egui;
use egui::{Event, Key, Modifiers, OutputCommand, PointerButton};
use egui_kittest::kittest::Queryable as _;
use polars::prelude::*;
use proptest::prelude::*;

use super::window::{Window, drag, with_sales};
use super::window_live::with_windows;

const SALES: &str = "SELECT town, price, sold FROM sales";

fn asked() -> Window {
    let mut window = with_sales();
    window.ask(SALES);
    window.wait_done();
    window
}

/// The shown rows of the answer, by their numbers.
fn rows(window: &mut Window) -> Vec<usize> {
    window.settle();
    let sheet = window.sheet();
    let shown = sheet.grid.shown().expect("there is an answer");
    (0..shown.len()).map(|at| shown.row(at)).collect()
}

/// Clicks on what is a place rather than a button: the pointer is there in one frame, pressed in the next.
fn click(window: &mut Window, label: &str, modifiers: Modifiers) {
    click_with(window, label, PointerButton::Primary, modifiers);
}

fn click_with(window: &mut Window, label: &str, button: PointerButton, modifiers: Modifiers) {
    let pos = window.harness.get_by_label(label).rect().center();
    window.harness.hover_at(pos);
    window.harness.step();
    window.harness.get_by_label(label).click_button_modifiers(button, modifiers);
    // Each of its events has a frame.
    window.settle();
    window.settle();
}

fn menu(window: &mut Window, label: &str) {
    click_with(window, label, PointerButton::Secondary, Modifiers::NONE);
}

/// What was put into the clipboard in the last frame.
fn copied(window: &mut Window) -> String {
    window.harness.event(Event::Copy);
    window.harness.step();
    let commands = &window.harness.output().platform_output.commands;
    let text = commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    text.expect("something is copied")
}

#[test]
fn a_click_on_a_heading_orders_up_down_and_not_at_all() {
    let mut window = asked();
    let question = window.sheet().question.sql.clone();
    for expected in [[3, 0, 2, 1], [1, 2, 0, 3], [0, 1, 2, 3]] {
        click(&mut window, "Order by price", Modifiers::NONE);
        assert_eq!(rows(&mut window), expected);
    }
    click(&mut window, "Order by town", Modifiers::NONE);
    assert_eq!(rows(&mut window), [3, 1, 0, 2]);
    assert!(window.has("view of 4 rows; the question is unchanged"));
    click(&mut window, "Order by price", Modifiers::SHIFT);
    click(&mut window, "Order by price", Modifiers::SHIFT);
    assert_eq!(rows(&mut window), [3, 1, 2, 0], "the second column decides among equal towns");
    let sheet = window.sheet();
    assert_eq!((&sheet.question.sql, sheet.question.is_changed()), (&question, false));
}

#[test]
fn the_menu_of_a_heading_filters_hides_and_shows_again() {
    let mut window = asked();
    menu(&mut window, "Order by price");
    window.click("≥");
    window.retype("Filter of price", "4");
    window.click("Apply");
    assert_eq!(rows(&mut window), [1, 2]);
    assert!(window.has("view of 2 of 4 rows") && window.has("price ≥ 4"));
    menu(&mut window, "Order by sold");
    window.click("Hide the column");
    assert!(window.harness.query_by_label("Order by sold").is_none() && window.has("1 column hidden"));
    window.harness.get_by_label_contains("1 column hidden").click();
    window.settle();
    window.harness.get_by_label_contains("price ≥ 4").click();
    window.settle();
    assert!(window.harness.query_by_label("Order by sold").is_some());
    assert_eq!(rows(&mut window), [0, 1, 2, 3]);
    window.propose(Action::Grid(
        window.selected(),
        GridAction::Filter(Filter {
            column: "price".to_owned(),
            comparison: Comparison::AtLeast,
            text: "much".to_owned(),
        }),
    ));
    assert!(window.has("Much is no number"), "and all rows are shown");
    assert_eq!(rows(&mut window).len(), 4);
}

#[test]
fn only_rows_with_the_value_of_a_cell_are_found_by_all_its_digits() {
    let mut window = with_sales();
    window.ask("SELECT town, price / 7 AS part FROM sales");
    window.wait_done();
    let part = window.sheet().grid.shown().unwrap().text(0, 1).unwrap();
    assert!(part.len() > 15, "{part} has more digits than are shown");
    let cell = window.harness.get_by_label_contains(&part[..5]).rect().center();
    window.harness.hover_at(cell);
    window.harness.step();
    window.harness.get_by_label_contains(&part[..5]).click_button_modifiers(PointerButton::Secondary, Modifiers::NONE);
    window.settle();
    window.settle();
    window.click("Only rows with this value");
    assert_eq!(rows(&mut window), [0]);
    assert_eq!(window.sheet().grid.view().filters[0].text, part);
}

#[test]
fn what_is_found_is_shown_and_escape_ends_the_search() {
    let mut window = asked();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    window.settle();
    window.field("Find in the answer").type_text("os");
    window.settle();
    assert_eq!(rows(&mut window), [1]);
    window.harness.key_press(Key::Escape);
    window.settle();
    assert_eq!(rows(&mut window).len(), 4);
}

#[test]
fn cells_and_rows_are_copied_with_their_headings() {
    let mut window = asked();
    click(&mut window, "Oslo", Modifiers::NONE);
    assert_eq!(copied(&mut window), "Oslo");
    window.harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    window.settle();
    window.harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    window.settle();
    assert_eq!(copied(&mut window), "town\tprice\nOslo\t5\nRome\t4");
    click(&mut window, "Lima", Modifiers::SHIFT);
    assert_eq!(copied(&mut window), "town\nOslo\nRome\nLima");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.settle();
    assert_eq!(copied(&mut window).lines().count(), 5);
    assert!(copied(&mut window).contains("2024-01-02 10:30:00"), "times are whole");
}

#[test]
fn a_card_has_whole_values() {
    let mut window = Window::new();
    let long = "word ".repeat(60);
    let path = window.file("long.csv", &format!("name,doc,x\na,\"{{\"\"k\"\":[1,2]}}\",0.1234567890123\nb,{long},2\n"));
    window.drop_files(&[&path]);
    window.wait("it is open", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT name, doc, x FROM long");
    window.wait_done();
    click(&mut window, "a", Modifiers::NONE);
    window.harness.key_press(Key::Enter);
    window.settle();
    assert!(window.has("Row 1 of the answer") && window.has("0.1234567890123"));
    assert!(window.has("{\n  \"k\": [\n    1,\n    2\n  ]\n}"), "JSON is laid out");
    window.harness.key_press(Key::Escape);
    window.settle();
    window.propose(Action::Grid(window.selected(), GridAction::Card(1)));
    assert!(window.has(long.trim()));
}

#[test]
fn a_column_is_as_wide_as_it_is_dragged_or_as_its_values_need() {
    let mut window = asked();
    let left = |window: &Window| window.harness.get_by_label("Order by price").rect();
    let before = left(&window).min.x;
    let edge = left(&window).left_center() - egui::vec2(4.0, 0.0);
    drag(&mut window, edge, edge + egui::vec2(60.0, 0.0), PointerButton::Primary);
    assert!((left(&window).min.x - before - 60.0).abs() < 6.0, "{} {before}", left(&window).min.x);
    window.ask("SELECT town, price FROM sales");
    window.wait_done();
    assert!((left(&window).min.x - before - 60.0).abs() < 6.0, "another question's columns of that name keep it");
    menu(&mut window, "Order by town");
    window.click("Fit the column");
    assert!(left(&window).min.x < before - 20.0, "{} {before}", left(&window).min.x);
}

#[test]
fn a_view_stays_while_rows_come() {
    let mut window = with_windows("", 1_000);
    window.propose(Action::Grid(window.selected(), GridAction::Order("n".to_owned(), Some(true))));
    window.propose(Action::Grid(
        window.selected(),
        GridAction::Filter(Filter { column: "n".to_owned(), comparison: Comparison::AtMost, text: "60".to_owned() }),
    ));
    let shown = |app: &braid::ui::App| app.sheet().and_then(|s| s.grid.shown().map(|shown| shown.len())).unwrap_or(0);
    let before = shown(&window.app());
    window.wait("more rows are shown", |app| shown(app) > before + 5);
    let sheet = window.sheet();
    let seen = sheet.grid.shown().unwrap();
    let n = seen.snapshot.answer.column("n").unwrap().cast(&DataType::Int64).unwrap();
    let n: Vec<i64> = (0..seen.len()).map(|at| n.i64().unwrap().get(seen.row(at)).unwrap()).collect();
    assert!(n.windows(2).all(|pair| pair[0] >= pair[1]) && n.iter().all(|n| *n <= 60), "{n:?}");
}

#[test]
fn the_rows_of_a_large_answer_are_found_beside_the_frame() {
    let mut window = Window::new();
    let rows = 60_000;
    let text: String = (0..rows).map(|i| format!("{},{}\n", i, (i * 7_919) % rows)).collect();
    let path = window.file("large.csv", &format!("id,v\n{text}"));
    window.propose(Action::Open(OpenAction::Paths(vec![path])));
    window.wait("it is open", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT id, v FROM large");
    window.wait_done();
    window.propose(Action::Grid(window.selected(), GridAction::Order("v".to_owned(), Some(true))));
    window.wait("its rows are found", |app| app.sheet().is_some_and(|s| !s.grid.is_working()));
    let sheet = window.sheet();
    let shown = sheet.grid.shown().unwrap();
    assert_eq!(shown.len(), rows);
    let v = shown.snapshot.answer.column("v").unwrap().i64().unwrap();
    assert!((0..rows).all(|at| v.get(shown.row(at)) == Some((rows - 1 - at) as i64)));
    drop(sheet);
    let whole = Selection { anchor: (0, 0), head: (usize::MAX, usize::MAX) };
    window.propose(Action::Grid(window.selected(), GridAction::Select(Some(whole))));
    window.propose(Action::Grid(window.selected(), GridAction::Copy));
    assert!(!window.has("too many to copy"));
    window.propose(Action::App(AppAction::Hide));
}

proptest! {
    #![proptest_config(crate::cases(200))]

    /// A filter by the text of a value keeps the rows of that value and no other.
    #[test]
    fn the_text_of_a_value_finds_its_rows(
        rows in prop::collection::vec((prop::option::of(prop::num::f64::ANY), " ?[ab]{0,2} ?", any::<i64>()), 1..30),
        at in any::<prop::sample::Index>(),
    ) {
        let (numbers, texts, wholes): (Vec<_>, Vec<_>, Vec<_>) = {
            let (numbers, rest): (Vec<_>, Vec<_>) = rows.into_iter().map(|(n, t, i)| (n, (t, i))).unzip();
            let (texts, wholes): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
            (numbers, texts, wholes)
        };
        let times = Column::new("time".into(), wholes.iter().map(|n| n % 4_000_000_000_000_000).collect::<Vec<_>>())
            .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
            .unwrap();
        let (numbers, texts) = (Column::new("n".into(), numbers), Column::new("t".into(), texts));
        let columns = vec![numbers, texts, Column::new("i".into(), wholes), times];
        let frame = DataFrame::new(columns[0].len(), columns).unwrap();
        let row = at.index(frame.height());
        for column in frame.columns() {
            let value = column.get(row).unwrap();
            let text = cell::text(&value, Zone::Utc).into_owned();
            let filter = Filter { column: column.name().to_string(), comparison: Comparison::Equals, text };
            let view = RowsView { filters: vec![filter], ..RowsView::default() };
            let rows = view.rows(&frame, &|| Ok(())).unwrap();
            let found: Vec<usize> = rows.into_iter().map(|row| row as usize).collect();
            let same = |row: &usize| {
                let other = column.get(*row).unwrap();
                let nan = |value: &AnyValue<'_>| matches!(value, AnyValue::Float64(v) if v.is_nan());
                other == value || (nan(&other) && nan(&value))
            };
            let expected: Vec<usize> = (0..frame.height()).filter(same).collect();
            prop_assert_eq!(found, expected, "{} of {}", value, column.name());
        }
    }

    /// A view is what a plain loop over the rows gives.
    #[test]
    fn a_view_is_a_filter_and_a_stable_order(
        numbers in prop::collection::vec(prop::option::of(-5_i64..5), 0..60),
        bound in -5_i64..5,
        descends: bool,
        how in 0..4_usize,
    ) {
        let texts: Vec<Option<String>> = numbers.iter().map(|n| n.map(|n| format!("T{}", n.abs()))).collect();
        let frame = DataFrame::new(
            numbers.len(),
            vec![Column::new("n".into(), &numbers), Column::new("t".into(), &texts)],
        )
        .unwrap();
        let comparison = Comparison::ALL[how];
        let filter = Filter { column: "n".to_owned(), comparison, text: bound.to_string() };
        let sort = vec![("t".to_owned(), descends)];
        let view = RowsView { sort, filters: vec![filter], find: "t".to_owned(), ..RowsView::default() };
        let found: Vec<usize> = view.rows(&frame, &|| Ok(())).unwrap().into_iter().map(|row| row as usize).collect();
        let fits = |n: i64| match comparison {
            Comparison::Contains => n.to_string().contains(&bound.to_string()),
            Comparison::Equals => n == bound,
            Comparison::AtLeast => n >= bound,
            Comparison::AtMost => n <= bound,
        };
        let mut expected: Vec<usize> = (0..numbers.len()).filter(|row| numbers[*row].is_some_and(fits)).collect();
        let text = |row: &usize| texts[*row].clone();
        if descends {
            expected.sort_by_key(|row| std::cmp::Reverse(text(row)));
        } else {
            expected.sort_by_key(text);
        }
        prop_assert_eq!(found, expected);
    }
}
