//! What the panes and forms of the window have in common: where they close, what they propose, how they write times.

use braid::ui::App;
use braid::ui::action::{Action, AppAction, FeedAction, OpenAction, Pane, TableAction};
use eframe::egui;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::window::{Window, with_sales};
use super::window_live::with_windows;

const BUTTON: egui::accesskit::Role = egui::accesskit::Role::Button;

/// How far the only *Close* ends before the right end of the pane with this title.
fn from_the_end(window: &Window, title: &str) -> f32 {
    let titles = window.harness.query_all_by_role_and_label(egui::accesskit::Role::Label, title);
    // A pane may have its title's word in it as well.
    let title = titles.map(|label| label.rect()).min_by(|a, b| a.top().total_cmp(&b.top())).expect("the pane is open");
    let left = title.left();
    let close = window.harness.get_by_label("Close").rect();
    1280.0 - left - close.right()
}

#[test]
fn every_pane_closes_at_the_right_end_of_its_last_row() {
    let mut window = with_windows("", 1_000);
    for (pane, title) in [
        (Pane::Ledger, "Seam ledger"),
        (Pane::Rejects, "Rejected rows and cells"),
        (Pane::Late, "Late rows"),
        (Pane::Rewind, "Rewind"),
        (Pane::Cost, "Cost"),
        (Pane::Lateness, "Lateness"),
        (Pane::Keys, "Keys and commands"),
        (Pane::Log, "Log of notices"),
        (Pane::Storage, "What the disk holds"),
    ] {
        window.propose(Action::App(AppAction::Show(pane)));
        assert!(from_the_end(&window, title).abs() < 2.0, "{title}: {}", from_the_end(&window, title));
        window.click("Close");
        let left = window.harness.query_by_label("Close").map(|node| node.rect());
        assert!(left.is_none(), "{title} is closed: {left:?}");
    }
    window.propose(Action::Open(OpenAction::Path));
    assert!(from_the_end(&window, "Open a path").abs() < 2.0, "the field for a path");
    window.click("Close");
    window.propose(Action::Feed(FeedAction::Begin(None)));
    assert!(from_the_end(&window, "Connect a feed").abs() < 2.0, "the form for a feed");
}

#[test]
fn a_measure_or_a_group_makes_groups_of_what_listed_rows() {
    let cases = [
        ("SELECT * FROM sales ORDER BY price LIMIT 2", "+ Measure", "count", vec!["4"]),
        ("SELECT * FROM sales", "+ Group", "town", vec!["Lima", "Oslo", "Rome"]),
        ("SELECT town AS place FROM sales", "+ Measure", "count", vec!["Lima 1", "Oslo 1", "Rome 2"]),
    ];
    for (sql, menu, item, expected) in cases {
        let mut window = with_sales();
        window.ask(sql);
        window.wait_done();
        window.click(menu);
        window.harness.get_by_role_and_label(BUTTON, item).click_accesskit();
        window.settle();
        window.wait_done();
        let sheet = window.sheet();
        assert!(sheet.question.fault.is_none(), "{sql}, then {item}: {:?}", sheet.question.fault);
        drop(sheet);
        let mut answer = window.answer();
        answer.sort();
        assert_eq!(answer, expected, "{sql}, then {item}: {}", window.sheet().question.sql);
    }
}

#[test]
fn an_example_of_a_condition_is_of_the_table_that_is_open() {
    let window = with_sales();
    let placeholder = window.field("Where").accesskit_node().placeholder().map(str::to_owned);
    assert_eq!(placeholder.as_deref(), Some("such as price > 10"));
}

#[test]
fn midnight_has_a_time_of_day_like_every_other_time_of_its_column() {
    let mut window = Window::new();
    let path = window.file("m.csv", "at,v\n2024-01-01 00:00:00,1\n2024-01-01 06:30:00,2\n");
    window.drop_files(&[&path]);
    window.wait("the file is a table", |app| app.sheets().len() == 1);
    window.ask("SELECT at, sum(v) AS n FROM m GROUP BY at ORDER BY at");
    window.wait_done();
    for label in ["2024-01-01 00:00", "2024-01-01 06:30"] {
        assert!(window.harness.query_all_by_label(label).next().is_some(), "{label}");
    }
}

#[test]
fn the_form_for_a_feed_has_a_field_for_what_each_setting_takes() {
    use braid::source::live::{LIVE_KINDS, SettingKind};
    let mut window = Window::new();
    let path = window.file("grows.csv", "v\n1\n2\n");
    window.propose(Action::Feed(FeedAction::Begin(None)));
    for kind in LIVE_KINDS {
        window.harness.get_by_role_and_label(BUTTON, kind.title).click();
        window.settle();
        for setting in kind.all_settings() {
            let role = match setting.kind {
                SettingKind::Flag => egui::accesskit::Role::CheckBox,
                SettingKind::Choice(_) => egui::accesskit::Role::ComboBox,
                _ => egui::accesskit::Role::TextInput,
            };
            let found = window.harness.query_all_by_role_and_label(role, setting.name).count();
            assert_eq!(found, 1, "{}: {}", kind.title, setting.name);
            let browse = format!("Browse for {}", setting.name);
            let browses = window.harness.query_all_by_label(&browse).count() == 1;
            assert_eq!(browses, setting.kind == SettingKind::Path, "{}: {}", kind.title, setting.name);
        }
    }
    window.harness.get_by_role_and_label(BUTTON, "WebSocket").click();
    window.settle();
    window.retype("subscribe", "letmein");
    assert!(window.has("subscribe=…"), "a secret is not shown in the address");
    window.harness.get_by_role_and_label(BUTTON, "Kafka").click();
    window.settle();
    window.retype("refresh", "soon");
    assert!(window.has("This takes a duration such as 250ms"));
    window.harness.get_by_role_and_label(BUTTON, LIVE_KINDS[0].title).click();
    window.settle();
    assert!(window.harness.query_by_label("Browse for Address").is_some());
    window.retype("Address", &path.display().to_string());
    window.retype("Name of the table", "growing rows");
    window.harness.get_by_role_and_label(egui::accesskit::Role::CheckBox, "follow").click();
    window.settle();
    window.click("Add as table");
    window.wait("it is a table", |app| app.sheets().len() == 1);
    window.wait_done();
    let sheet = window.sheet();
    assert_eq!(sheet.table.name, "growing rows");
    assert!(sheet.table.live[0].url.text.ends_with("follow=false"), "{}", sheet.table.live[0].url.text);
}

#[test]
fn what_is_filled_into_the_form_for_a_feed_is_there_until_it_is_connected() {
    let mut window = Window::new();
    let path = window.file("ticks.csv", &super::window::minutes(200));
    let address = |window: &Window| window.field("Address").value().unwrap_or_default();
    window.propose(Action::Feed(FeedAction::Begin(None)));
    assert!(window.harness.query_by_label("Clear").is_none(), "there is nothing to clear");
    window.retype("Address", &format!("replay:{}?speed=max", path.display()));
    window.harness.key_press(egui::Key::Escape);
    window.settle();
    window.propose(Action::Feed(FeedAction::Begin(None)));
    assert_eq!(address(&window), path.display().to_string());
    window.click("Clear");
    assert_eq!(address(&window), "");
    window.retype("Address", &format!("replay:{}?speed=max", path.display()));
    window.click("Add as table");
    window.wait("it is connected", |app| app.sheets().len() == 1);
    window.propose(Action::Feed(FeedAction::Begin(None)));
    assert_eq!(address(&window), "", "it is connected");
}

#[test]
fn the_settings_of_a_feed_are_changed_in_its_form() {
    let mut window = super::window::with_replay(500);
    let (id, url) = (window.sheet().id, window.sheet().table.live[0].url.text.clone());
    window.propose(Action::Feed(FeedAction::Change(id, url)));
    window.retype("speed", "1000");
    window.click("Connect anew");
    window.wait("it is connected with them", |app| {
        app.sheet()
            .is_some_and(|sheet| sheet.table.live.len() == 1 && sheet.table.live[0].url.text.contains("speed=1000"))
    });
    let has = |app: &App, speed: &str| {
        let live = app.sheet().map(|sheet| sheet.table.live.clone()).unwrap_or_default();
        live.len() == 1 && live[0].url.text.contains(speed)
    };
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.wait("the step is taken back", |app| !has(app, "speed=1000") && has(app, "replay:"));
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Y);
    window.wait("it is taken again", |app| has(app, "speed=1000"));
    // So is what is chosen as its time.
    window.propose(Action::Table(id, TableAction::Time(None)));
    assert!(window.sheet().table.time.is_none());
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.wait("its time is back", |app| app.sheet().is_some_and(|sheet| sheet.table.time.is_some()));
}
