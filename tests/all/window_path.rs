//! A path that is written where there is no file dialog: it is completed from what its folder has.

use braid::ui::App;
use braid::ui::action::{Action, OpenAction};
use eframe::egui::Key;

use super::window::Window;

#[test]
fn a_path_is_completed_and_opened() {
    let mut window = Window::new();
    window.file("sales.csv", "town,price\nRome,3\n");
    std::fs::create_dir(window.path("deep")).unwrap();
    window.file("deep/inner.csv", "a\n1\n");
    window.propose(Action::Open(OpenAction::Path));
    let root = window.path("").display().to_string();
    window.retype("Path", &format!("{root}de"));
    window.wait("the folder is listed", App::is_idle);
    assert!(window.has("deep/") && !window.has("sales.csv"));
    window.harness.key_press(Key::Tab);
    window.settle();
    window.wait("the folder is listed", App::is_idle);
    assert!(window.has("inner.csv"));
    window.harness.key_press(Key::Tab);
    window.settle();
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait("it is open", |app| app.sheets().len() == 1);
    assert_eq!(window.sheet().table.name, "inner");
    window.propose(Action::Open(OpenAction::Path));
    window.retype("Path", "/no/such/folder/x");
    window.wait("it is looked for", App::is_idle);
    assert!(window.has("/no/such/folder"), "why it cannot be read is said");
}

#[test]
fn an_entry_that_is_reached_by_arrows_is_opened() {
    let mut window = Window::new();
    for name in ["a.csv", "b.csv"] {
        window.file(name, "x\n1\n");
    }
    window.propose(Action::Open(OpenAction::Path));
    let root = window.path("").display().to_string();
    window.retype("Path", &root);
    window.wait("the folder is listed", App::is_idle);
    for _ in 0..2 {
        window.harness.key_press(Key::ArrowDown);
        window.settle();
    }
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait("it is open", |app| app.sheets().len() == 1);
    assert_eq!(window.sheet().table.name, "b", "and not all of the folder");
}

#[test]
fn what_is_hidden_is_listed_to_those_who_ask_for_it() {
    let mut window = Window::new();
    window.file(".hidden.csv", "a\n1\n");
    window.file("seen.csv", "a\n1\n");
    window.propose(Action::Open(OpenAction::Path));
    let root = window.path("").display().to_string();
    for (written, hidden) in [(root.clone(), false), (format!("{root}.h"), true)] {
        window.retype("Path", &written);
        window.wait("the folder is listed", App::is_idle);
        assert_eq!((window.has(".hidden.csv"), window.has("seen.csv")), (hidden, !hidden), "{written}");
    }
}
