//! The chart's controls, driven by their labels.

use braid::figure::{AxisKind, NumberFormat, RuleAxis};
use braid::ui::action::{Action, ChartAction};
use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, PointerButton, vec2};
use egui_kittest::kittest::Queryable as _;

use super::window::{Window, drag, with_sales};

/// Delays of three carriers over some hours.
fn with_flights() -> Window {
    let mut window = Window::new();
    let line = |i: usize| {
        let carrier = ["AA", "DL", "UA"][i % 3];
        format!("2024-03-01 {:02}:{:02}:00,{carrier},{}\n", i / 60, i % 60, i % 7 + i % 3 * 5)
    };
    let text: String = std::iter::once("at,carrier,delay\n".to_owned()).chain((0..360).map(line)).collect();
    let path = window.file("flights.csv", &text);
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT tumble(at, INTERVAL '1 hour'), carrier, count(*), avg(delay) FROM flights GROUP BY 1, 2");
    window.wait_done();
    window
}

fn names(window: &Window) -> Vec<String> {
    window.sheet().chart.figure().unwrap().series.iter().map(|series| series.name.clone()).collect()
}

/// Opens the form with the settings, and a section of it.
fn open(window: &mut Window, section: &str) {
    if window.harness.query_by_label("Lines and thresholds").is_none() {
        window.click("Chart settings");
        // It is long, and what is scrolled out of sight cannot be clicked.
        window.click("Series");
    }
    window.click(section);
}

#[test]
fn counts_of_a_split_are_stacked_and_called_rows() {
    let mut window = with_flights();
    let figure = window.sheet().chart.figure().unwrap();
    assert_eq!(
        (figure.mark.as_str(), figure.y_title.as_str(), figure.x.title.as_str()),
        ("stacked-area", "rows", "at")
    );
    // The picker says 'rows', and the column is still `count(*)`.
    assert_eq!(window.sheet().chart.shown().y, ["count(*)"]);
    window.harness.get_by_role_and_label(Role::ComboBox, "y").click();
    window.settle();
    window.click("avg delay");
    window.wait_done();
    assert_eq!(window.sheet().chart.shown().y, ["count(*)", "avg(delay)"]);
}

#[test]
fn a_click_on_the_legend_shows_a_series_alone_and_a_second_all() {
    let mut window = with_flights();
    assert_eq!(names(&window), ["AA", "DL", "UA"]);
    let press = |window: &mut Window, name: &str| {
        window.harness.get_by_role_and_label(Role::Button, &format!("Series {name}")).click();
        window.settle();
        window.wait_done();
    };
    press(&mut window, "DL");
    assert_eq!(names(&window), ["DL"]);
    press(&mut window, "DL");
    assert_eq!(names(&window), ["AA", "DL", "UA"]);
    let hide = |window: &mut Window, name: &str| {
        let pos = window.harness.get_by_role_and_label(Role::Button, &format!("Series {name}")).rect().center();
        let button = |pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::COMMAND,
        };
        window.harness.hover_at(pos);
        window.harness.step();
        window.harness.event(Event::ModifiersChanged(Modifiers::COMMAND));
        window.harness.event(button(true));
        window.harness.step();
        window.harness.event(button(false));
        window.harness.step();
        window.harness.event(Event::ModifiersChanged(Modifiers::NONE));
        window.settle();
        window.wait_done();
    };
    hide(&mut window, "AA");
    assert_eq!(names(&window), ["DL", "UA"]);
    // It is a part of the settings, which come back with the table.
    let mut window = window.restarted();
    window.wait_done();
    assert_eq!(names(&window), ["DL", "UA"]);
    assert_eq!(window.sheet().chart.settings().hidden, ["AA"]);
    press(&mut window, "AA");
    assert_eq!(names(&window), ["AA", "DL", "UA"]);
}

#[test]
fn the_form_changes_axis_lines_and_title() {
    let mut window = with_flights();
    window.propose(Action::Chart(window.selected(), ChartAction::Mark("line")));
    window.wait_done();
    open(&mut window, "Axis");
    window.click("Logarithmic");
    window.click("1.2 k");
    window.retype("After numbers (left)", "flights");
    window.wait_done();
    let figure = window.sheet().chart.figure().unwrap();
    assert_eq!((&figure.y_kind, figure.y_format.number), (&AxisKind::Power, NumberFormat::Si));
    assert_eq!(figure.y_format.suffix, "flights");
    window.click("Axis");
    window.click("Lines and thresholds");
    window.click("+ Line");
    window.retype("Value of line 1", "18.5");
    window.retype("Name of line 1", "limit");
    window.click("tint above");
    window.click("bad");
    window.wait_done();
    let rule = window.sheet().chart.settings().rules[0].clone();
    assert_eq!((rule.at, rule.label.as_str(), rule.on), (18.5, "limit", RuleAxis::Left));
    // What is no number changes nothing.
    window.retype("Value of line 1", "many");
    assert_eq!(window.sheet().chart.settings().rules[0].at, 18.5);
    window.click("Remove line 1");
    assert!(window.sheet().chart.settings().rules.is_empty());
    window.click("Lines and thresholds");
    window.click("Title");
    window.retype("Along x", "hour of arrival");
    window.wait_done();
    assert_eq!(window.sheet().chart.figure().unwrap().x.title, "hour of arrival");
    // One way back from all of it.
    window.harness.key_press(Key::Escape);
    window.settle();
    window.click("Best fit");
    assert_eq!(*window.sheet().chart.settings(), braid::figure::Settings::default());
}

#[test]
fn panels_are_read_and_zoomed_one_by_one() {
    let mut window = with_flights();
    open(&mut window, "Panels");
    // That in the pane.
    let right = window.chart().right();
    window.harness.get_all_by_label("carrier").find(|node| node.rect().left() > right).unwrap().click();
    window.settle();
    window.wait_done();
    window.harness.key_press(Key::Escape);
    window.settle();
    let figure = window.sheet().chart.figure().unwrap();
    assert_eq!(figure.panels.iter().map(|panel| panel.title.as_str()).collect::<Vec<_>>(), ["AA", "DL", "UA"]);
    let chart = window.chart();
    let over = |share: (f32, f32)| chart.min + chart.size() * vec2(share.0, share.1);
    window.harness.hover_at(over((0.2, 0.5)));
    window.settle();
    assert!(window.has("20"), "the tooltip has the count of an hour");
    drag(&mut window, over((0.1, 0.5)), over((0.2, 0.5)), PointerButton::Primary);
    let view = window.sheet().chart.view().expect("it is zoomed");
    let (from, to) = view.x.unwrap();
    assert!(from < to && view.y.is_none(), "{view:?}");
}

#[test]
fn how_many_series_and_which_is_chosen_in_the_form() {
    let mut window = with_flights();
    window.click("Chart settings");
    assert!(window.has("Sum up the others") && !window.has("Only counts and sums"));
    window.harness.get_by_role_and_label(Role::CheckBox, "UA").click();
    window.settle();
    window.wait_done();
    assert_eq!(names(&window), ["UA", "other"], "the others are summed up in a stack");
    window.click("Sum up the others");
    window.wait_done();
    assert_eq!(names(&window), ["UA"]);
    window.click("Back to the largest");
    window.wait_done();
    assert_eq!(names(&window), ["AA", "DL", "UA"]);
    // Of an average there is no other.
    window.propose(Action::Chart(window.selected(), ChartAction::Y(vec!["avg(delay)".to_owned()])));
    window.wait_done();
    assert!(window.has("Only counts and sums"));
}

#[test]
fn a_saved_mark_of_an_older_workspace_is_kept() {
    let mut window = with_sales();
    window.propose(Action::Chart(window.selected(), ChartAction::Mark("area")));
    window.wait_done();
    let setup = window.sheet().setup();
    assert_eq!((setup.mark.as_str(), setup.figure.mark.as_str()), ("area", ""));
    let older = serde_json::json!({ "name": "x", "mark": "bar" });
    let read: braid::workspace::TableSetup = serde_json::from_value(older).unwrap();
    assert_eq!(read.settings().mark, "bar");
}

#[test]
fn a_measure_that_is_nan_is_told_from_one_that_is_missing() {
    let mut window = Window::new();
    let path = window.file("cells.csv", "t,x\n1,2.5\n1,NaN\n2,1.5\n3,\n");
    window.drop_files(&[&path]);
    window.wait("it is open", |app| app.sheets().len() == 1);
    window.wait_done();
    window.ask("SELECT t, avg(x) AS mean FROM cells GROUP BY t ORDER BY t");
    window.wait_done();
    let caption = window.sheet().chart.figure().unwrap().caption.clone();
    assert!(caption.contains("NaN at 1 point: a row there is NaN"), "{caption}");
    assert!(window.has("missing"), "what is not there has one word");
}
