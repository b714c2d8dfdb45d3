//! What was saved elsewhere connects to nothing before its hosts are agreed to, and what is secret of a feed stays with
//! its user.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use braid::source::live::FeedUrl;
use braid::source::live::url::outline;
use braid::ui::action::{Action, OpenAction};
use braid::workspace::{TableSetup, Vault, Workspace, without_secrets};
use eframe::egui;
use egui_kittest::kittest::Queryable as _;

use super::window::Window;

const ASKED: &str = "Connect to these hosts?";

/// A machine that notes who comes.
struct Host(TcpListener);

impl Host {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn url(&self) -> String {
        format!("ws://{}/rows", self.0.local_addr().unwrap())
    }

    fn was_met(&self) -> bool {
        self.0.accept().is_ok()
    }
}

fn setup(window: &mut Window, host: &Host) -> TableSetup {
    let path = window.file("sales.csv", "day,price\n2001-01-01,5\n2001-01-02,8\n");
    TableSetup {
        name: "sales".to_owned(),
        paths: vec![path],
        live: vec![host.url()],
        question: "SELECT count(*) AS n FROM sales".to_owned(),
        ..TableSetup::default()
    }
}

fn config(window: &Window) -> PathBuf {
    window.path("home/config")
}

fn open(window: &mut Window, file: &Path) {
    window.propose(Action::Open(OpenAction::Paths(vec![file.to_owned()])));
    let until = Instant::now() + Duration::from_secs(20);
    while !window.app().is_idle() && Instant::now() < until && window.harness.query_by_label(ASKED).is_none() {
        window.settle();
    }
    window.settle();
}

fn press(window: &mut Window, button: &str) {
    window.harness.get_by_role_and_label(egui::accesskit::Role::Button, button).click();
    window.settle();
    window.settle();
}

#[test]
fn a_workspace_from_elsewhere_waits_until_its_hosts_are_agreed_to_once() {
    let (mut window, host) = (Window::new(), Host::new());
    let workspace = Workspace::of([setup(&mut window, &host)]);
    // It says of itself that it is one's own, and another user's key has sealed it.
    let file = window.path("theirs.braid");
    workspace.save(&file, &Vault::new(window.path("other"))).unwrap();
    for button in ["Do not open", "Open without feeds"] {
        open(&mut window, &file);
        assert!(
            window.harness.query_by_label(ASKED).is_some() && window.app().sheets().is_empty(),
            "it asks, and opens nothing"
        );
        assert!(window.harness.query_by_label("127.0.0.1").is_some());
        press(&mut window, button);
        assert!(window.harness.query_by_label(ASKED).is_none());
    }
    window.wait("its file is open", |app| app.sheets().len() == 1);
    window.wait_done();
    assert_eq!(window.answer(), ["2"]);
    assert!(window.sheet().table.live.is_empty() && !host.was_met(), "nobody was connected to");
    open(&mut window, &file);
    press(&mut window, "Connect");
    let met = Instant::now() + Duration::from_secs(20);
    while !host.was_met() {
        assert!(Instant::now() < met, "it connects when that is agreed to");
        window.settle();
    }
    // The host is not asked about again, here or in the next window.
    let host = Host::new();
    let again = Workspace::of([setup(&mut window, &host)]);
    again.save(&file, &Vault::new(window.path("other"))).unwrap();
    open(&mut window, &file);
    assert!(window.harness.query_by_label(ASKED).is_none());
    let saved = Instant::now() + Duration::from_secs(20);
    while Vault::new(config(&window)).agreed().is_empty() {
        assert!(Instant::now() < saved);
        window.settle();
    }
    assert!(Vault::new(config(&window)).agreed().contains("127.0.0.1"));
}

#[test]
fn one_that_was_saved_here_opens_at_once_and_a_changed_one_does_not() {
    let (mut window, host) = (Window::new(), Host::new());
    let workspace = Workspace::of([setup(&mut window, &host)]);
    let file = window.path("mine.braid");
    let vault = Vault::new(config(&window));
    workspace.save(&file, &vault).unwrap();
    assert!(!Workspace::load(&file, &vault).unwrap().bench.tables[0].foreign);
    let changed = fs::read_to_string(&file).unwrap().replace("/rows", "/rowz");
    let other = window.path("changed.braid");
    fs::write(&other, changed).unwrap();
    assert!(Workspace::load(&other, &vault).unwrap().bench.tables[0].foreign);
    // The seal of one's own file on another's text, and no seal at all.
    fs::write(&other, "{\"tables\":[{\"name\":\"t\",\"live\":[\"ws://example.org/\"],\"foreign\":false}]}").unwrap();
    assert!(Workspace::load(&other, &vault).unwrap().bench.tables[0].foreign);
    // What came from elsewhere is not one's own because it was saved with other things.
    let kept = Workspace::load(&other, &vault).unwrap();
    kept.save(&file, &vault).unwrap();
    assert!(Workspace::load(&file, &vault).unwrap().bench.tables[0].foreign);
    assert_eq!(fs::metadata(config(&window).join("key")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn secrets_are_apart_in_a_file_of_the_user_and_come_back() {
    let home = tempfile::tempdir().unwrap();
    let vault = Vault::new(home.path().join("config"));
    let urls = [
        "wss://ann:hunter2@example.org:1/a?format=json&subscribe={\"op\":\"login\",\"args\":[\"s3cret\"]}",
        "wss://example.org/b?bearer=s3cret&sid=s3cret",
        "ws://example.org/c?format=json",
    ];
    let table = TableSetup { name: "t".to_owned(), live: urls.map(str::to_owned).to_vec(), ..TableSetup::default() };
    let workspace = Workspace::of([table]);
    let file = home.path().join("config/workspace.json");
    workspace.save(&file, &vault).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(["s3cret", "hunter2", "ann", "login"].iter().all(|word| !text.contains(word)), "{text}");
    assert_eq!(fs::metadata(home.path().join("config/secrets.json")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Workspace::load(&file, &vault).unwrap(), workspace);
    // Elsewhere the file is of no use to find them.
    let elsewhere = Workspace::load(&file, &Vault::new(home.path().join("other"))).unwrap();
    assert_eq!(
        elsewhere.bench.tables[0].live,
        ["wss://example.org:1/a?format=json", "wss://example.org/b", "ws://example.org/c?format=json"]
    );
}

#[test]
fn no_secret_of_an_address_is_shown_even_where_it_cannot_be_read() {
    for (url, shown) in [
        (
            "wss://ann:hunter2@example.org/a?subscribe={\"op\":\"login\"}&sid=1&format=json",
            "wss://example.org/a?format=json&subscribe=…&sid=…",
        ),
        ("ws://host/x?Bearer=abc", "ws://host/x?Bearer=…"),
        ("replay:a@b.csv?speed=60", "replay:a@b.csv?speed=60"),
    ] {
        assert_eq!(FeedUrl::parse(url).unwrap().shown(), shown);
        assert!(!without_secrets(url).contains('…'));
    }
    for url in ["wss://ann:hunter2@example.org/a?s3cret", "w s://ann:hunter2@example.org/s3cret?a=b"] {
        let said = FeedUrl::parse(url).unwrap_err().to_string();
        assert!(said.contains("example.org") && !said.contains("hunter2") && !said.contains("s3cret"), "{said}");
    }
    for live in [
        "wss://ann:hunter2@example.org/?token=s3cret",
        "wss://ann:hunter2@example.org/",
        "t=wss://ann:hunter2@example.org/?s3cret",
        "t=wss://ann:hunter2@example.org:0/?token=s3cret",
        "t=ws:ann:hunter2@example.org",
        "t=ws://ann:hun/hunter2@example.org/x",
        "t=what://ann:hunter2@example.org/?token=s3cret",
    ] {
        let out = crate::cli::braid(&["run", "--live", live, "--sql", "SELECT count(*) AS n FROM t", "--for", "1s"]);
        let said = crate::cli::stderr(&out);
        assert!(
            !out.status.success()
                && said.contains("example.org")
                && !said.contains("hunter2")
                && !said.contains("s3cret"),
            "{said}"
        );
    }
    let out = crate::cli::braid(&[
        "run",
        "--history",
        "t=https://ann:hunter2@example.org/x?token=s3cret",
        "--sql",
        "SELECT count(*) AS n FROM t",
    ]);
    let said = crate::cli::stderr(&out);
    assert!(
        !out.status.success()
            && said.contains("https://example.org")
            && !said.contains("hunter2")
            && !said.contains("s3cret"),
        "{said}"
    );
    assert_eq!(outline("wss://ann:pw@Example.org:9/a?b"), "wss://Example.org:9");
    assert_eq!(outline("s3cret"), "the address");
}

#[test]
fn hosts_are_known_whatever_the_address_looks_like() {
    for (url, hosts) in [
        ("kafka://b1:9092,B2:9092/topic", vec!["b1", "b2"]),
        ("ws://ann:pw@[::1]:80/x", vec!["::1"]),
        ("wss://example.org", vec!["example.org"]),
        ("file:/a/b.csv", vec![]),
        ("file:///a/b.csv", vec![]),
        ("stdin:", vec![]),
    ] {
        assert_eq!(FeedUrl::parse(url).unwrap().hosts(), hosts, "{url}");
    }
}
