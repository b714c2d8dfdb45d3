//! Laws of the WebSocket feed, against a real server on the loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use braid::source::live::{self, Event, Expect};
use tungstenite::{Message, WebSocket};

use crate::live::{LONG, open, read, rows, settled, until, url};

type Socket = WebSocket<TcpStream>;

/// A server that serves one connection after another, each with `serve`; and its address.
fn server<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    serve: impl FnOnce(&TcpListener) -> T + Send + 's,
) -> (ScopedJoinHandle<'s, T>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("ws://{}/feed", listener.local_addr().unwrap());
    (scope.spawn(move || serve(&listener)), address)
}

fn accept(listener: &TcpListener) -> Socket {
    let (stream, _) = listener.accept().unwrap();
    tungstenite::accept(stream).unwrap()
}

fn send(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).unwrap();
}

/// Keeps the connection until the client goes.
fn hold(socket: &mut Socket) {
    while socket.read().is_ok() {}
}

fn why(text: &str) -> String {
    let mut live = live::open(&url(text), Expect::default()).unwrap();
    live.settle(LONG).unwrap_err().to_string()
}

#[test]
fn every_form_of_message_becomes_rows_and_what_is_no_object_is_set_aside() {
    std::thread::scope(|scope| {
        let (_, address) = server(scope, |listener| {
            let mut socket = accept(listener);
            send(&mut socket, r#"{"n":1,"s":"one"}"#);
            send(&mut socket, r#"[{"n":2,"s":"a,b]"}, {"n":3} ,{"n":4,"s":"\n"}]"#);
            send(&mut socket, "{\"n\":5}\n{\"n\":6,\"later\":true}\r\n");
            send(&mut socket, "{\n  \"n\": 7,\n  \"s\": \"pretty\"\n}");
            send(&mut socket, "hello");
            send(&mut socket, "[1, {\"n\":8}]");
            send(&mut socket, "[{\"n\":9}, {\"n\":");
            send(&mut socket, "{\"n\":10} trailing");
            send(&mut socket, "{\"n\":11}\nnoise\n{\"n\":12}");
            socket.send(Message::binary(&b"{\"n\":13}"[..])).unwrap();
            socket.send(Message::binary(&b"\xff\xfe"[..])).unwrap();
            hold(&mut socket);
        });
        let mut live = open(&address);
        assert_eq!(settled(&mut *live).iter_names().next().unwrap().as_str(), "n");
        let mut live = read(live);
        let got = until(&mut *live, |got| got.frame.height() + got.rejects.count as usize >= 17);
        assert_eq!(got.numbers("n"), [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13]);
        let refused: Vec<u64> = got.rejects.kept.iter().map(|reject| reject.line).collect();
        let mut sorted = refused.clone();
        sorted.sort_unstable();
        // A message becomes lines, and lines are what is counted and recorded.
        assert_eq!(sorted, [8, 9, 11, 12, 14, 17], "{:?}", got.rejects);
        assert!(got.rejects.kept.iter().any(|reject| reject.body == "hello" && reject.reason.contains("JSON")));
        assert_eq!(got.frame.column("s").unwrap().str().unwrap().get(6), Some("pretty"));
        // Positions are bytes of those lines, without a hole.
        assert_eq!(got.chunks.first().unwrap().offsets.start, 0);
        assert!(got.chunks.windows(2).all(|pair| pair[0].offsets.end == pair[1].offsets.start));
        drop(live);
    });
}

#[test]
fn the_subscribe_message_arrives_and_the_server_sees_the_query() {
    std::thread::scope(|scope| {
        let (server, address) = server(scope, |listener| {
            let (stream, _) = listener.accept().unwrap();
            let mut seen = String::new();
            #[expect(clippy::result_large_err, reason = "the type is tungstenite's")]
            let look = |request: &tungstenite::handshake::server::Request, response| {
                seen = request.uri().to_string();
                Ok(response)
            };
            let mut socket = tungstenite::accept_hdr(stream, look).unwrap();
            let subscribe = socket.read().unwrap().to_string();
            send(&mut socket, r#"{"n":1}"#);
            hold(&mut socket);
            (seen, subscribe)
        });
        let mut live = read(open(&format!("{address}?subscribe=%7B%22channel%22:%22a%26b%22%7D&query=streams%3Dbtc")));
        assert_eq!(rows(&mut *live, 1).numbers("n"), [1]);
        drop(live);
        assert_eq!(server.join().unwrap(), ("/feed?streams=btc".to_owned(), r#"{"channel":"a&b"}"#.to_owned()));
    });
}

#[test]
fn a_lost_connection_is_trouble_then_a_gap_and_then_rows_go_on() {
    let (tell, come) = crossbeam_channel::bounded::<()>(1);
    std::thread::scope(|scope| {
        let (_, address) = server(scope, move |listener| {
            let mut socket = accept(listener);
            send(&mut socket, r#"{"n":1}"#);
            send(&mut socket, r#"{"n":2}"#);
            come.recv().unwrap();
            // Without a farewell.
            drop(socket);
            // The next attempt fails, the one after it is good.
            drop(listener.accept().unwrap());
            let mut socket = accept(listener);
            send(&mut socket, r#"{"n":3}"#);
            socket.close(None).unwrap();
            hold(&mut socket);
            let mut socket = accept(listener);
            send(&mut socket, r#"{"n":4}"#);
            hold(&mut socket);
        });
        let mut live = read(open(&address));
        // In this order: rows, trouble, a gap, rows.
        let mut story = String::new();
        let begin = Instant::now();
        while !story.ends_with('4') {
            assert!(begin.elapsed() < LONG, "{story}");
            match live.poll(Duration::from_millis(100)).unwrap() {
                Event::Chunk(chunk) => {
                    let numbers = chunk.frame.column("n").unwrap().i64().unwrap();
                    numbers.into_no_null_iter().for_each(|n| story.push_str(&n.to_string()));
                    if story == "12" {
                        tell.send(()).unwrap();
                    }
                }
                Event::Trouble { reason } => {
                    assert!(reason.contains("trying again in"), "{reason}");
                    story.push('t');
                }
                Event::Gap { reason } => {
                    assert!(reason.starts_with("connection lost for") && reason.ends_with("is unknown"), "{reason}");
                    story.push('g');
                }
                Event::Quiet | Event::Numbers(_) | Event::Note { .. } => {}
                Event::End => panic!("a feed does not end"),
            }
        }
        assert_eq!(story, "12ttg3tg4");
        drop(live);
    });
}

#[test]
fn a_poll_waits_no_longer_than_it_may_and_pings_are_answered() {
    std::thread::scope(|scope| {
        let (server, address) = server(scope, |listener| {
            let mut socket = accept(listener);
            send(&mut socket, r#"{"n":1}"#);
            socket.send(Message::Ping("are you there".into())).unwrap();
            socket.read().unwrap()
        });
        let mut live = read(open(&address));
        rows(&mut *live, 1);
        let begin = Instant::now();
        let event = live.poll(Duration::from_millis(60)).unwrap();
        assert!(begin.elapsed() < LONG, "{event:?} after {:?}", begin.elapsed());
        while !server.is_finished() {
            assert!(begin.elapsed() < LONG, "no pong");
            live.poll(Duration::from_millis(20)).unwrap();
        }
        assert_eq!(server.join().unwrap(), Message::Pong("are you there".into()));
    });
}

#[test]
fn many_messages_come_in_few_chunks() {
    std::thread::scope(|scope| {
        let (_, address) = server(scope, |listener| {
            let mut socket = accept(listener);
            for n in 0..20_000 {
                socket.write(Message::text(format!("{{\"n\":{n}}}"))).unwrap();
            }
            socket.flush().unwrap();
            hold(&mut socket);
        });
        let mut live = read(open(&address));
        let got = rows(&mut *live, 20_000);
        assert_eq!(got.numbers("n"), (0..20_000).collect::<Vec<_>>());
        assert!(got.chunks.len() < 400, "{} chunks", got.chunks.len());
        drop(live);
    });
}

#[test]
fn a_feed_that_cannot_be_reached_says_why() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fault = why(&format!("ws://127.0.0.1:{free}/feed"));
    assert!(fault.contains(&format!("nothing listens at 127.0.0.1:{free}")), "{fault}");
    let fault = why("ws://no-such-host.invalid/feed");
    assert!(fault.contains("'no-such-host.invalid' cannot be found"), "{fault}");
    for (text, word) in [
        ("ws:///feed", "names no host"),
        ("ws://a b/", "not the address"),
        ("ws://ann:pw@host/", "password"),
        ("ws://host/?format=csv", "as 'csv'"),
    ] {
        let fault = live::open(&url(text), Expect::default()).err().unwrap().to_string();
        assert!(fault.contains(word) && !fault.contains("pw"), "{fault}");
    }
}

#[test]
fn a_server_that_is_no_websocket_says_so() {
    // What it answers, how it is asked, and what a person is told.
    let cases = [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "ws", "404 Not Found instead of opening a WebSocket"),
        ("SSH-2.0-nothing for you\r\n\r\n", "ws", "not a WebSocket server"),
        ("", "ws", "broke off"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "wss", "no secure connection"),
    ];
    for (answer, scheme, told) in cases {
        std::thread::scope(|scope| {
            let (_, address) = server(scope, |listener| {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            });
            let fault = why(&address.replacen("ws", scheme, 1));
            assert!(fault.contains(told), "{answer:?}: {fault}");
        });
    }
}

#[test]
fn a_server_that_says_nothing_useful_is_found_out_by_the_connection_test() {
    std::thread::scope(|scope| {
        let (_, address) = server(scope, |listener| {
            let mut socket = accept(listener);
            for _ in 0..30 {
                send(&mut socket, "good morning");
            }
            hold(&mut socket);
        });
        let fault = why(&address);
        assert!(fault.contains("no JSON objects") && fault.contains("good morning"), "{fault}");
    });
    std::thread::scope(|scope| {
        let (_, address) = server(scope, |listener| drop(accept(listener)));
        let fault = why(&address);
        assert!(fault.contains("before it sent a row"), "{fault}");
    });
}

#[test]
fn a_silent_server_is_waited_for() {
    std::thread::scope(|scope| {
        let (_, address) = server(scope, |listener| hold(&mut accept(listener)));
        let mut live = open(&address);
        let begin = Instant::now();
        assert!(live.settle(Duration::from_millis(150)).unwrap().is_none());
        assert!(begin.elapsed() < LONG);
        drop(live);
    });
}
