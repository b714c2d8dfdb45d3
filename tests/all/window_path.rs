//! A path that is written where there is no file dialog: it is completed from what its folder has.

use braid::ui::App;
use braid::ui::action::{Action, ChartFile, ExportAction, OpenAction};
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

/// Whether the system has a dialog of its own, which is asked instead.
fn has_dialog() -> bool {
    let on_path = |folders: std::ffi::OsString| std::env::split_paths(&folders).any(|f| f.join("zenity").is_file());
    let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty());
    !cfg!(target_os = "linux") || bus || std::env::var_os("PATH").is_some_and(on_path)
}

#[test]
fn without_a_dialog_it_is_asked_where_to_save_and_nothing_is_replaced_by_a_slip() {
    if has_dialog() {
        return;
    }
    let mut window = super::window::with_sales();
    let place = window.path("picture.svg");
    let write = |window: &mut Window| {
        window.propose(Action::Export(ExportAction::Chart(None, window.selected(), ChartFile::Svg)));
        assert!(window.has("Save as") && window.field("Path").value().unwrap().ends_with("sales-chart.svg"));
        let text = place.with_extension("").display().to_string();
        window.retype("Path", &text);
        window.wait("the folder is listed", App::is_idle);
    };
    write(&mut window);
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait("it is saved", |app| app.notices().all().iter().any(|notice| notice.what.starts_with("Saved")));
    assert!(std::fs::read_to_string(&place).unwrap().contains("</svg>"), "with its ending");
    std::fs::write(&place, "mine").unwrap();
    write(&mut window);
    assert!(window.has("Replace it"));
    window.harness.key_press(Key::Enter);
    window.settle();
    assert_eq!(std::fs::read_to_string(&place).unwrap(), "mine");
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait("it is saved", App::is_idle);
    assert!(std::fs::read_to_string(&place).unwrap().contains("</svg>"));
}

#[test]
fn a_path_begins_where_the_last_files_came_from_and_never_among_the_samples() {
    let mut window = Window::new();
    window.click("Sample data");
    window.wait("the sample is open", |app| app.sheets().len() == 1);
    window.wait_done();
    let begins = |window: &mut Window| {
        window.propose(Action::Open(OpenAction::Path));
        let text = window.field("Path").value().unwrap();
        window.harness.key_press(Key::Escape);
        window.settle();
        text
    };
    let cache = window.app().folders().cache.display().to_string();
    assert!(!begins(&mut window).starts_with(&cache));
    let path = window.file("sales.csv", "town,price\nRome,3\n");
    window.drop_files(&[&path]);
    window.wait("it is open", |app| app.sheets().len() == 2);
    assert_eq!(begins(&mut window), format!("{}/", path.parent().unwrap().display()));
}
