//! Laws of a connection that is lost, of messages that cannot be taken, and of those that come again: against real
//! servers on the loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use braid::engine::Options;
use braid::engine::open::Given;
use braid::engine::seam::Gap;
use braid::source::live::net::back_off::BackOff;
use braid::source::live::{self, Expect, LIVE_KINDS, Origin};
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, WebSocket};

use crate::cli::stderr;
use crate::live::{LONG, open, read, read_columns, rows, until, url};
use crate::run::{open as table, start, wait};

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}/feed", listener.local_addr().unwrap());
    (listener, address)
}

fn accept(listener: &TcpListener) -> WebSocket<TcpStream> {
    tungstenite::accept(listener.accept().unwrap().0).unwrap()
}

fn send(socket: &mut WebSocket<TcpStream>, numbers: impl IntoIterator<Item = i64>) {
    for n in numbers {
        socket.send(Message::text(format!("{{\"n\":{n}}}"))).unwrap();
    }
}

fn hold(socket: &mut WebSocket<TcpStream>) {
    while socket.read().is_ok() {}
}

/// Says goodbye as a server does that is being restarted.
fn end(mut socket: WebSocket<TcpStream>) {
    let _ = socket.close(None);
    hold(&mut socket);
}

#[test]
fn the_wait_grows_until_a_connection_has_held_and_then_begins_anew() {
    let longest = Duration::from_secs(30);
    let mut again = BackOff::new(longest);
    let mut now = Instant::now();
    let mut waits = Vec::new();
    for _ in 0..12 {
        let wait = again.down(now);
        waits.push(wait);
        now += wait;
        // Connected, and lost again at once.
        again.up(now);
        now += Duration::from_millis(100);
    }
    assert!(waits[0] < Duration::from_millis(400) && waits.iter().all(|wait| *wait <= longest));
    // Jitter is a quarter at most: every second wait is longer than the one before last.
    assert!(waits.windows(3).take(6).all(|three| three[2] > three[0]), "{waits:?}");
    assert!(waits[10] >= longest.mul_f64(0.75));
    // Less than was waited for it is no time to hold.
    again.up(now);
    now += Duration::from_secs(12);
    assert!(again.down(now) >= longest.mul_f64(0.75));
    again.up(now);
    now += Duration::from_secs(31);
    assert!(again.down(now) < Duration::from_millis(400));
}

#[test]
fn a_server_that_sends_one_row_and_closes_is_asked_ever_less_often_and_told_of_once() {
    let (listener, address) = listen();
    let connections = 5;
    std::thread::scope(|scope| {
        let begin = Instant::now();
        let server = scope.spawn(move || {
            for n in 0..connections {
                let mut socket = accept(&listener);
                send(&mut socket, [n]);
                end(socket);
            }
            let took = begin.elapsed();
            hold(&mut accept(&listener));
            took
        });
        let table = table(&Given { name: "t".into(), live: vec![address], ..Given::default() });
        let run = start(&table, "SELECT count(*) AS c FROM t", Options::default());
        let last = wait(&run, |s| s.gaps.len() >= connections as usize);
        let notes: Vec<&String> = last.notes.iter().filter(|note| note.contains("connection lost")).collect();
        assert!(matches!(&notes[..], [note] if note.contains("(5 times, this is the last)")), "{:?}", last.notes);
        drop((run, table));
        // A quarter, a half, one and two seconds, each three quarters of that at least.
        assert!(server.join().unwrap() >= Duration::from_millis(2_800));
    });
}

#[test]
fn a_message_that_is_too_long_or_no_utf_8_is_set_aside_and_the_connection_goes_on() {
    let (listener, address) = listen();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut socket = accept(&listener);
            // What is no text at all may come first.
            socket.send(Message::binary(vec![0, 255, 1])).unwrap();
            send(&mut socket, [1]);
            let long = format!("{{\"n\":2,\"s\":\"{}\"}}", "x".repeat(17 << 20));
            socket.send(Message::text(long.clone())).unwrap();
            send(&mut socket, [3]);
            // The same in parts, with a ping in between.
            let parts = long.as_bytes().chunks(6 << 20).map(<[u8]>::to_vec).collect::<Vec<_>>();
            for (i, part) in parts.iter().enumerate() {
                let opcode = OpCode::Data(if i == 0 { Data::Text } else { Data::Continue });
                socket.send(Message::Frame(Frame::message(part.clone(), opcode, i + 1 == parts.len()))).unwrap();
                socket.send(Message::Ping("still there".into())).unwrap();
            }
            send(&mut socket, [4]);
            socket
                .send(Message::Frame(Frame::message(
                    &b"{\"n\":5,\"s\":\"\xff\xfe\"}"[..],
                    OpCode::Data(Data::Text),
                    true,
                )))
                .unwrap();
            // Spaces alone make no row of what was cut.
            socket.send(Message::text(format!("{{\"n\":6}}{}", " ".repeat(17 << 20)))).unwrap();
            send(&mut socket, 7..2_000);
            hold(&mut socket);
        });
        let mut live = read(open(&address));
        let got = until(&mut *live, |got| got.frame.height() + got.rejects.count as usize >= 2_001);
        let good: Vec<i64> = [1, 3, 4].into_iter().chain(7..2_000).collect();
        assert_eq!(got.numbers("n"), good);
        assert_eq!(
            (got.rejects.count, got.gaps.len(), got.troubles.len()),
            (5, 0, 0),
            "{:?} {:?}",
            got.gaps,
            got.troubles
        );
        let lines: Vec<u64> = got.rejects.kept.iter().map(|reject| reject.line).collect();
        assert_eq!(lines, [1, 3, 5, 7, 8]);
        let long: Vec<&str> = got
            .rejects
            .kept
            .iter()
            .map(|reject| reject.body.as_str())
            .filter(|body| body.contains("more than 16 MiB"))
            .collect();
        assert!(
            long.len() == 3 && long.iter().all(|body| body.contains("more than 16 MiB, beginning with: {")),
            "{long:?}"
        );
        let text = got.rejects.kept.iter().filter(|reject| reject.body.contains("not valid UTF-8")).count();
        assert_eq!(text, 2, "{:?}", got.rejects.kept);
        drop(live);
    });
}

#[test]
fn rows_that_a_server_sends_again_are_told_and_by_their_number_counted_once() {
    for numbered in [false, true] {
        let (listener, address) = listen();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut socket = accept(&listener);
                send(&mut socket, 1..=3);
                end(socket);
                let mut socket = accept(&listener);
                // All of it from the beginning, and then what is new: 4 and 5 never come.
                send(&mut socket, (1..=3).chain(6..=7));
                hold(&mut socket);
            });
            let address = if numbered { format!("{address}?number=n") } else { address };
            let table = table(&Given { name: "t".into(), live: vec![address], ..Given::default() });
            let run = start(&table, "SELECT count(*) AS c FROM t", Options::default());
            let enough = if numbered { 5 } else { 8 };
            let last = wait(&run, |s| {
                s.rows.come_in >= enough && (numbered || s.notes.iter().any(|note| note.contains("counted again")))
            });
            assert_eq!(last.rows.come_in, enough);
            assert!(last.rows.conserved());
            if numbered {
                assert_eq!(last.seam.overlap_removed, 3);
                assert!(matches!(&last.seam.partitions[..], [line] if line.gap == Gap::Known(2)), "{:?}", last.seam);
                assert!(last.seam.warnings.iter().any(|warning| warning.what.contains("3 rows came again")
                    && warning.what.contains("2 numbers are missing")));
                assert!(!last.notes.iter().any(|note| note.contains("counted again")));
            } else {
                assert!(
                    last.notes
                        .iter()
                        .any(|note| note.contains("3 rows that it had sent before") && note.contains("number=FIELD")),
                    "{:?}",
                    last.notes
                );
            }
            drop((run, table));
        });
    }
}

#[test]
fn the_number_of_a_message_need_not_be_asked_for_and_must_be_one() {
    let serve = || {
        let (listener, address) = listen();
        std::thread::Builder::new()
            .spawn(move || {
                let mut socket = accept(&listener);
                for (n, s) in [(1, "a"), (1, "b"), (2, "c")] {
                    socket.send(Message::text(format!("{{\"n\":{n},\"s\":\"{s}\"}}"))).unwrap();
                }
                hold(&mut socket);
            })
            .unwrap();
        address
    };
    let mut live = read_columns(open(&format!("{}?number=n", serve())), &[1]);
    let got = rows(&mut *live, 2);
    assert_eq!((got.frame.width(), got.repeated, got.missing), (1, 1, 0));
    for (number, word) in [("s", "no whole numbers"), ("seq", "no field 'seq'")] {
        let mut live = read_columns(open(&format!("{}?number={number}", serve())), &[0]);
        let begin = Instant::now();
        let fault = loop {
            assert!(begin.elapsed() < LONG);
            if let Err(fault) = live.poll(Duration::from_millis(20)) {
                break fault.to_string();
            }
        };
        assert!(fault.contains(word), "{fault}");
    }
}

#[test]
fn a_gap_is_as_long_as_the_silence_before_the_connection_was_found_dead() {
    let (listener, address) = listen();
    let (tell, come) = crossbeam_channel::bounded::<()>(1);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut socket = accept(&listener);
            send(&mut socket, [1]);
            come.recv().unwrap();
            std::thread::sleep(Duration::from_secs(1));
            // Without a farewell: nobody knows since when nothing came through.
            drop(socket);
            hold(&mut accept(&listener));
        });
        let mut live = read(open(&address));
        rows(&mut *live, 1);
        tell.send(()).unwrap();
        let got = until(&mut *live, |got| !got.gaps.is_empty());
        let seconds: f64 =
            got.gaps[0].strip_prefix("connection lost for ").unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(seconds >= 1.0, "{:?}", got.gaps);
        drop(live);
    });
}

#[test]
fn one_outage_is_one_gap_however_often_the_connection_is_made_in_vain() {
    let (listener, address) = listen();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let row = |socket: &mut WebSocket<TcpStream>, second: u32| {
                socket.send(Message::text(format!("{{\"at\":\"2024-03-01T10:00:{second:02}Z\"}}"))).unwrap();
            };
            let mut socket = accept(&listener);
            (1..=3).for_each(|second| row(&mut socket, second));
            end(socket);
            (0..3).for_each(|_| end(accept(&listener)));
            let mut socket = accept(&listener);
            // An old row says nothing of what is missing.
            [2, 20, 21].into_iter().for_each(|second| row(&mut socket, second));
            hold(&mut socket);
        });
        let table = table(&Given { name: "t".into(), live: vec![address], ..Given::default() });
        let run = start(&table, "SELECT count(*) AS c FROM t", Options::default());
        let last = wait(&run, |s| s.rows.come_in >= 6);
        let [gap] = &last.gaps[..] else { panic!("{:?}", last.gaps) };
        let second = |n: i64| Some(1_709_287_200_000_000 + n * 1_000_000);
        assert_eq!((gap.from, gap.until), (second(3), second(20)), "{gap:?}");
        let seconds: f64 = gap.reason.split(' ').nth(3).unwrap().parse().unwrap();
        assert!(seconds >= 1.0, "from the first loss on: {gap:?}");
        let notes: Vec<&String> = last.notes.iter().filter(|note| note.contains("connection lost")).collect();
        assert!(matches!(&notes[..], [note] if !note.contains("times")), "{:?}", last.notes);
        drop((run, table));
    });
}

#[test]
fn an_impossible_port_is_refused_before_anything_is_connected() {
    for place in ["127.0.0.1:0", "127.0.0.1:99999", "localhost:http", "[::1]:70000", "host:-1", "host:+80", "host:"] {
        let remote = LIVE_KINDS.iter().filter(|kind| kind.origin == Origin::Network);
        for address in remote.flat_map(|kind| kind.schemes).map(|scheme| format!("{scheme}://{place}/feed")) {
            let fault =
                live::open(&url(&address), Expect::default()).err().unwrap_or_else(|| panic!("{address}")).to_string();
            assert!(fault.contains("is not a port"), "{address}: {fault}");
        }
    }
    assert!(live::open(&url("ws://[::1]:8080/"), Expect::default()).is_ok());
    assert!(live::open(&url("ws://host/"), Expect::default()).is_ok());
}

#[test]
fn a_server_that_drips_its_answer_does_not_hold_a_run_beyond_its_time() {
    let (listener, address) = listen();
    std::thread::Builder::new()
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            // A minute of an answer that goes on.
            for byte in b"HTTP/1.1 101 Switching Protocols\r\n".iter().chain([b'x'; 600].iter()) {
                if stream.write_all(&[*byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        })
        .unwrap();
    let begin = Instant::now();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_braid"));
    let out = command
        .args(["run", "--live", &format!("t={address}"), "--for", "1s", "--sql", "SELECT count(*) FROM t"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", stderr(&out));
    // Its answer takes a minute.
    assert!(begin.elapsed() < Duration::from_secs(50), "{:?}", begin.elapsed());
}
