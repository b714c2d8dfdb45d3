//! Laws of bytes that are no plain text: a feed unpacks what it knows by its first bytes, and refuses the rest as
//! history does.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use braid::source::history::open_history;
use braid::source::live::{Expect, Opened, stdin};
use proptest::prelude::*;

use crate::cli::stderr;
use crate::live::{Got, objects, read, to_end, url};

fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

/// What a pipe gives that brings these bytes so many at a time.
fn piped(bytes: Vec<u8>, step: usize) -> Got {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let feeding = std::thread::Builder::new()
        .spawn(move || bytes.chunks(step).for_each(|part| writer.write_all(part).unwrap()))
        .unwrap();
    let mut live = read(Box::new(stdin::rows(reader, &url("stdin:"), &Expect::default()).unwrap()));
    let got = to_end(&mut *live);
    feeding.join().unwrap();
    got
}

#[test]
fn a_packed_pipe_gives_the_rows_of_its_text_however_its_bytes_arrive() {
    let (one, two) = (objects(0..4_000), objects(4_000..9_000));
    let text = one.len() as u64 + two.len() as u64;
    // As a log that is packed piece by piece: one member after another.
    for packed in
        [[gzip(&one), gzip(&two)].concat(), [zstd(&one), zstd(&two)].concat(), (one.clone() + &two).into_bytes()]
    {
        for step in [1, 7, 1_000, 1 << 20] {
            let got = piped(packed.clone(), step);
            assert_eq!(got.numbers("n"), (0..9_000).collect::<Vec<_>>());
            // Positions are bytes of the text.
            assert!(got.chunks.windows(2).all(|pair| pair[0].offsets.end == pair[1].offsets.start));
            assert_eq!(got.chunks.last().unwrap().offsets.end, text);
        }
    }
}

/// Asks for the rows of a pipe.
fn ask(live: &str, bytes: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid"));
    command.args(["run", "--live", live, "--for", "20s", "--sql", "SELECT count(*) AS c FROM r"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // It may be refused before all of it was read.
    let _ = pipe.write_all(bytes);
    drop(pipe);
    child.wait_with_output().unwrap()
}

/// The line that refuses.
fn refusal(live: &str, bytes: &[u8]) -> String {
    let out = ask(live, bytes);
    assert_eq!(out.status.code(), Some(1), "{live}: {}{}", String::from_utf8_lossy(&out.stdout), stderr(&out));
    assert!(out.stdout.is_empty() && !stderr(&out).contains("panicked"));
    stderr(&out).lines().last().unwrap().to_owned()
}

/// Bytes without order, as those of a packed or encrypted file are.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

#[test]
fn what_is_no_text_is_refused_by_feeds_in_the_words_of_history() {
    let folder = tempfile::tempdir().unwrap();
    let of = |mark: &[u8]| [mark, &noise(4_000, 7)].concat();
    let cases: [(Vec<u8>, &str); 8] = [
        (of(b"\xfd7zXZ\0"), "an xz archive"),
        (of(b"BZh91AY&SY"), "a bzip2 archive"),
        (of(b"PK\x03\x04"), "a ZIP archive"),
        (of(b"\x89PNG\r\n\x1a\n"), "a PNG image"),
        (of(b"\x7fELF\x02"), "a program"),
        (noise(20_000, 1), "binary data"),
        ([b"a,b\n".as_slice(), &[0; 4_000], b"\n1,2\n3,4\n"].concat(), "binary data"),
        (gzip(&String::from_utf8_lossy(&gzip("a\n1\n"))), "which holds no table"),
    ];
    for (i, (bytes, what)) in cases.iter().enumerate() {
        let path = folder.path().join(format!("{i}.csv"));
        std::fs::write(&path, bytes).unwrap();
        let history = open_history(&path, None).unwrap_err().what;
        assert!(history.contains(what), "{history}");
        let mut feeds = vec!["r=stdin:".to_owned(), "r=stdin:?format=csv".to_owned()];
        if *what != "which holds no table" {
            feeds.extend([
                format!("r=file:{}", path.display()),
                format!("r=file:{}?follow=false&format=csv", path.display()),
            ]);
        }
        for live in feeds {
            let said = refusal(&live, bytes);
            assert!(said.contains(&history), "{live}: {said}\n{history}");
        }
    }
}

#[test]
fn a_pipe_that_is_cut_or_damaged_in_its_packing_is_no_answer() {
    let text = objects(0..50_000);
    for (packed, packing) in [(gzip(&text), "gzip"), (zstd(&text), "zstd")] {
        let said = refusal("r=stdin:", &packed[..packed.len() / 2]);
        assert!(said.contains(&format!("its {packing} data end too early")), "{said}");
        let mut damaged = packed.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].copy_from_slice(&noise(64, 3));
        let said = refusal("r=stdin:", &damaged);
        assert!(said.contains(&format!("its {packing} data are damaged")) || said.contains("too early"), "{said}");
        let out = ask("r=stdin:", &packed);
        assert_eq!(
            (out.status.code(), String::from_utf8_lossy(&out.stdout).trim()),
            (Some(0), "c\n50000"),
            "{}",
            stderr(&out)
        );
    }
}

#[test]
fn a_packed_file_that_appears_while_it_is_waited_for_is_not_followed_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later.csv");
    std::fs::write(&path, "").unwrap();
    let mut live = crate::live::open(&format!("file:{}", path.display()));
    assert!(live.settle(std::time::Duration::from_millis(50)).unwrap().is_none());
    std::fs::write(&path, gzip("a\n1\n2\n")).unwrap();
    let fault = loop {
        match live.settle(std::time::Duration::from_millis(50)) {
            Ok(schema) => assert!(schema.is_none(), "{schema:?}"),
            Err(fault) => break fault,
        }
    };
    assert!(fault.what.contains("cannot be followed"), "{fault}");
}

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn random_bytes_are_never_rows(seed in any::<u64>(), length in 300_usize..6_000) {
        let bytes = noise(length, seed);
        let (reader, mut writer) = std::io::pipe().unwrap();
        // Less than a pipe holds.
        writer.write_all(&bytes).unwrap();
        drop(writer);
        let mut live = stdin::rows(reader, &url("stdin:"), &Expect::default()).unwrap();
        prop_assert!(live.settle(std::time::Duration::from_secs(10)).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("noise.csv");
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(open_history(&path, None).is_err());
    }
}
