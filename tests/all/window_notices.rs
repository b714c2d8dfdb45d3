//! Notices: one a cause, counted, gone when mended, over no button; and the log, which keeps them all.

use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use braid::data::Fault;
use braid::ui::action::{Action, AppAction, BoardAction, OpenAction, Pane, TableAction};
use braid::ui::notices::Notices;
use braid::workspace::bench::Edit;
use braid::workspace::{TableId, TableSetup};
use eframe::egui;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tungstenite::handshake::server::Request;
use tungstenite::{Message, WebSocket};

use super::window::{Window, with_sales};

#[test]
fn a_fault_that_comes_again_is_one_notice_with_its_count() {
    let mut notices = Notices::default();
    for _ in 0..3 {
        notices.fault(&Fault::new("the disk is full").at("a.csv"));
    }
    notices.fault(&Fault::new("the disk is full").at("b.csv"));
    let told: Vec<_> = notices.all().iter().map(|n| (n.place.as_str(), n.times)).collect();
    assert_eq!(told, [("a.csv", 3), ("b.csv", 1)]);
    assert_eq!(notices.log().len(), 4, "the log keeps each");
}

/// Sends a row over each connection that it accepts, and closes it when it is told to.
fn rows_until_told(listener: &TcpListener, lose: &mpsc::Receiver<()>) {
    let accept = || tungstenite::accept(listener.accept().ok()?.0).ok();
    let mut n = 0;
    while let Some(mut socket) = accept() {
        let mut send = |socket: &mut WebSocket<TcpStream>| {
            n += 1;
            socket.send(Message::text(format!("{{\"n\":{n}}}"))).is_ok()
        };
        while send(&mut socket) && lose.recv_timeout(Duration::from_millis(20)).is_err() {}
        drop(socket);
        std::thread::sleep(Duration::from_secs(2));
    }
}

#[test]
fn a_feed_that_is_lost_is_one_notice_that_is_counted_and_goes_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}/feed", listener.local_addr().unwrap());
    let (lose, told) = mpsc::sync_channel(1);
    std::thread::Builder::new().spawn(move || rows_until_told(&listener, &told)).unwrap();
    let mut window = Window::new();
    let setup = TableSetup { name: "feed".to_owned(), live: vec![address], ..TableSetup::default() };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    let rows = |app: &braid::ui::App| {
        app.sheet().and_then(|s| s.watch.newest.as_ref()).map_or(0, |newest| newest.rows.come_in)
    };
    window.wait("rows flow", |app| rows(app) > 3);
    for times in 1..=3 {
        lose.send(()).unwrap();
        window.wait("it is told that the feed is away", |app| !app.notices().all().is_empty());
        let shown: Vec<u64> = window.app().notices().all().iter().map(|n| n.times).collect();
        assert_eq!(shown, [times], "one notice, of this cause");
        assert_eq!(window.has(&format!("×{times}")), times > 1, "and its count is seen");
        let before = rows(&window.app());
        window.wait("rows flow again", |app| rows(app) > before + 3 && app.notices().all().is_empty());
    }
    let app = window.app();
    let troubles = app.notices().log().filter(|entry| entry.what.contains("trying again"));
    assert!(troubles.filter(|entry| entry.mended.is_some()).count() == 3, "{:?}", app.notices().log().len());
    assert!(app.notices().log().any(|entry| entry.what.contains("connection lost for")), "and each gap");
    drop(app);
    window.propose(Action::App(AppAction::Show(Pane::Log)));
    assert!(window.has("Over since") && window.has("connection lost for"));
}

/// Sends rows to whoever connects to `/feed`, and turns away whoever connects to `/feed2`.
fn rows_for_one_of_two(listener: &TcpListener) {
    let mut open = Vec::new();
    listener.set_nonblocking(true).unwrap();
    for n in 0.. {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            let mut path = String::new();
            #[expect(clippy::result_large_err, reason = "tungstenite gives its type")]
            let look = |request: &Request, response| {
                path = request.uri().path().to_owned();
                Ok(response)
            };
            if let Ok(mut socket) = tungstenite::accept_hdr(stream, look) {
                let sent = socket.send(Message::text("{\"n\":1}")).is_ok();
                open.extend((sent && path == "/feed").then_some(socket));
            }
        }
        open.retain_mut(|socket| socket.send(Message::text(format!("{{\"n\":{n}}}"))).is_ok());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_lost_feed_is_not_taken_for_one_whose_address_begins_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}/feed", listener.local_addr().unwrap());
    std::thread::Builder::new().spawn(move || rows_for_one_of_two(&listener)).unwrap();
    let mut window = Window::new();
    let live = vec![address.clone(), format!("{address}2")];
    let setup = TableSetup { name: "feed".to_owned(), live, ..TableSetup::default() };
    window.propose(Action::Open(OpenAction::Setup(Box::new(setup))));
    window.wait("one is lost", |app| !app.notices().all().is_empty());
    let lost: Vec<String> = window.sheet().watch.newest.as_ref().unwrap().lost().map(|l| l.what.clone()).collect();
    assert_eq!(lost, [format!("{address}2")]);
    let line = |label: &str| window.harness.get_all_by_label(label).last().expect(label).rect().center().y;
    let (well, away) = (line(&address), line(&format!("{address}2")));
    let said: Vec<f32> = window.harness.get_all_by_label("reconnecting").map(|node| node.rect().center().y).collect();
    let beside = |at: f32| said.iter().any(|y| (y - at).abs() < 4.0);
    assert!(beside(away) && !beside(well), "in the panel of tables: {said:?}, {well}, {away}");
}

#[test]
fn notices_lie_over_no_button() {
    let mut window = with_sales();
    for i in 0..6 {
        let missing = window.path(&format!("missing{i}.csv"));
        window.propose(Action::Open(OpenAction::Paths(vec![missing])));
    }
    window.wait("all are told", |app| app.notices().all().len() == 6);
    let told = window.harness.query_all_by_label_contains("missing").map(|n| n.rect()).collect::<Vec<_>>();
    assert!(!told.is_empty() && told.len() < 6, "some are folded away");
    let buttons: Vec<_> = window.harness.query_all_by_role(Role::Button).collect();
    for button in buttons {
        let over = told.iter().any(|rect| rect.intersects(button.rect()));
        assert!(!over, "a notice lies over {:?}", button.accesskit_node().label());
    }
    // What is told while a pane lies over the window is told in the pane.
    window.click("Connect a feed…");
    window.propose(Action::Open(OpenAction::Paths(vec![window.path("later.csv")])));
    window.wait("it is told", |app| app.notices().all().len() == 7);
    let pane = window.harness.get_by_label("Connect a feed").rect();
    let add = window.harness.get_by_label("Add as table").rect();
    let lines: Vec<_> = window.harness.query_all_by_label_contains("later.csv").map(|n| n.rect()).collect();
    let inside = |line: &egui::Rect| line.min.x >= pane.min.x && line.min.y >= pane.max.y && line.max.y < add.min.y;
    assert!(lines.iter().any(inside), "{pane:?} {lines:?}");
}

#[test]
fn a_wait_goes_down_in_one_notice() {
    let mut notices = Notices::default();
    let origin = braid::ui::notices::NoticeOrigin::Feed { sheet: TableId(1), feed: "ws://host".to_owned() };
    let post = |notices: &mut Notices, text: &str| {
        notices.post(origin.clone(), braid::ui::notices::Severity::Warning, &Fault::new(text));
    };
    post(&mut notices, "ws://host: refused; trying again in 0.1 s");
    let (id, again) = (notices.all()[0].id, notices.all()[0].again.expect("it is tried again"));
    post(&mut notices, "ws://host: refused; trying again in 0.1 s");
    assert_eq!(notices.all()[0].again, Some(again), "the same text is of the same wait");
    std::thread::sleep(Duration::from_millis(120));
    assert_eq!(notices.all()[0].said(), "ws://host: refused; trying again");
    post(&mut notices, "ws://host: refused; trying again in 7.2 s");
    assert_eq!(notices.all()[0].said(), "ws://host: refused; trying again in 8 s");
    assert_eq!((notices.all().len(), notices.all()[0].id, notices.log().len()), (1, id, 1));
    post(&mut notices, "ws://host: refused");
    assert_eq!((notices.all()[0].said().as_str(), notices.all()[0].again), ("ws://host: refused", None));
}

#[test]
fn a_feed_that_is_lost_is_tried_again_at_a_click() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("ws://{address}/feed");
    let (lose, told) = mpsc::sync_channel(1);
    // It serves one connection, is away, and is back when it is told to be.
    let serve = move || {
        let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
        for n in 0.. {
            if socket.send(Message::text(format!("{{\"n\":{n}}}"))).is_err() || told.try_recv().is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop((socket, listener));
        told.recv().unwrap();
        let listener = TcpListener::bind(address).unwrap();
        let mut socket = tungstenite::accept(listener.accept().unwrap().0).unwrap();
        while socket.send(Message::text("{\"n\":0}")).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    std::thread::Builder::new().spawn(serve).unwrap();
    let mut window = Window::new();
    window.propose(Action::Open(OpenAction::Setup(Box::new(TableSetup {
        name: "feed".to_owned(),
        live: vec![url],
        ..TableSetup::default()
    }))));
    let rows = |app: &braid::ui::App| {
        app.sheet().and_then(|s| s.watch.newest.as_ref()).map_or(0, |newest| newest.rows.come_in)
    };
    window.wait("rows flow", |app| rows(app) > 3);
    lose.send(()).unwrap();
    // Until it is waited for long enough that nobody would see it come back by itself soon.
    window.wait("the wait is long", |app| {
        app.notices()
            .all()
            .iter()
            .any(|n| n.again.is_some_and(|at| at > std::time::Instant::now() + Duration::from_secs(3)))
    });
    let before = rows(&window.app());
    lose.send(()).unwrap();
    assert!(window.has("trying again in"));
    window.click("Try now");
    assert_eq!(window.app().notices().all().len(), 1, "the notice stays until it is back");
    window.wait("rows flow again", |app| rows(app) > before);
}

#[test]
fn what_could_not_be_opened_is_told_until_something_else_is_opened() {
    let mut window = Window::new();
    let (missing, other) = (window.path("missing.csv"), window.path("other.csv"));
    let told = |window: &Window| -> Vec<String> {
        window.app().notices().all().iter().map(|notice| notice.place.clone()).collect()
    };
    window.drop_files(&[&missing]);
    window.wait("it is told", |app| !app.notices().all().is_empty());
    assert!(window.has("There is no such file or folder"));
    window.drop_files(&[&other]);
    window.wait("the other is told", |app| app.notices().all().len() == 2);
    let there = window.file("there.csv", "a,b\n1,2\n");
    window.drop_files(&[&there]);
    window.wait_done();
    assert!(told(&window).is_empty() && window.app().notices().log().all(|entry| entry.mended.is_some()));
    // Of several that are opened at once, each that cannot be is told.
    window.drop_files(&[&missing, &other, &there]);
    window.wait("both are told", |app| app.notices().all().iter().filter(|n| n.what.contains("no such")).count() == 2);
}

#[test]
fn what_was_removed_is_brought_back_by_a_click_until_the_next_step() {
    let mut window = with_sales();
    let id = window.selected();
    let offers = |window: &Window| window.app().notices().all().iter().any(|n| n.what.contains("was removed"));
    window.propose(Action::Table(id, TableAction::Remove));
    assert!(window.app().sheets().is_empty() && window.has("sales was removed; its files stay as they are"));
    window.click("Undo");
    window.wait_done();
    assert!(window.app().sheets().len() == 1 && !offers(&window), "it is back, and nothing is left to take back");
    // A tile and a board, too; what another step was taken after is not undone by mistake.
    window.click("Board of sales");
    let board = window.shown_board();
    let tile = window.app().board().unwrap().tiles[0].clone();
    let step = |edit: Edit| Action::Board(BoardAction::step(edit));
    window.propose(step(Edit::RemoveTile { tile: tile.id }));
    assert!(window.has(&format!("{} was removed", braid::ui::board::title(&tile))));
    window.propose(step(Edit::RenameBoard { board, name: "Mine".into() }));
    assert!(!offers(&window));
    window.propose(step(Edit::RemoveBoard { board }));
    assert!(window.has("Mine was removed"));
    window.propose(Action::App(AppAction::Undo));
    assert!(!offers(&window) && window.app().bench().board(board).is_some());
}
