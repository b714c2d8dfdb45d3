//! Files that mean harm: every kind of input, valid and mutated from a seed, is read by this program as a child with
//! little address space. It may refuse; it may not panic, abort, hang, take much, or answer otherwise as a feed than as
//! history. A failure names kind and seed: `BRAID_HOSTILE=kind,seed,seed+1 cargo test hostile::child -- --nocapture`
//! shows it again.

use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::corpus::{KINDS, input, kind};

/// The child's work: `kind,from,to`.
const WORK: &str = "BRAID_HOSTILE";
/// How many seeds a kind are read; more by `BRAID_HOSTILE_SEEDS`.
const SEEDS: u64 = 4_000;
/// What a child may map, KiB; the program itself takes a good part of it.
const SPACE: u64 = 3 << 20;
/// What it may hold at most, bytes.
const HELD: u64 = 1 << 30;
/// One input may take this long, on the slowest machine.
const LONG: Duration = Duration::from_secs(20);
/// How much of an input is shown, bytes.
const SHOWN: usize = 400;
/// All of a kind.
const LONGEST: Duration = Duration::from_secs(600);

/// Runs under `sh`, which limits what it may map.
fn limited(program: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("ulimit -v {SPACE}; exec \"$0\" \"$@\"")])
        .arg(program)
        .args(args)
        .stdin(Stdio::null());
    command
}

/// Reads all seeds of a kind in children; a child that dies names the seed it was at, and the next goes on after it.
fn survives(name: &str) {
    let seeds = std::env::var("BRAID_HOSTILE_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(SEEDS);
    let (mut from, mut failures) = (0, Vec::new());
    let program = std::env::current_exe().unwrap();
    while from < seeds && failures.len() < 20 {
        let mut child = limited(&program, &["hostile::child", "--exact", "--nocapture"]);
        let mut child = child
            .env(WORK, format!("{name},{from},{seeds}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, begun) = (child.stdout.take().unwrap(), Instant::now());
        let mut err = child.stderr.take().unwrap();
        let said = std::thread::Builder::new().spawn(move || {
            let mut text = Vec::new();
            std::io::copy(&mut err, &mut text).unwrap();
            text
        });
        let at = Mutex::new(from);
        let mut killed = false;
        let done = std::thread::scope(|scope| {
            let (at, failures) = (&at, &mut failures);
            let heard = scope.spawn(move || {
                let mut done = false;
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    match line.split_once(' ') {
                        Some(("at", seed)) => *at.lock().unwrap() = seed.parse().unwrap(),
                        Some(("failed", why)) => failures.push(why.to_owned()),
                        Some(("done", _)) => done = true,
                        _ => {}
                    }
                }
                done
            });
            while !heard.is_finished() {
                if begun.elapsed() > LONGEST && !killed {
                    killed = true;
                    child.kill().unwrap();
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            heard.join().unwrap()
        });
        let status = child.wait().unwrap();
        let said = String::from_utf8_lossy(&said.unwrap().join().unwrap()).into_owned();
        if done {
            break;
        }
        let seed = *at.lock().unwrap();
        let why = if killed {
            "it took too long".to_owned()
        } else {
            format!("the process ended: {status}: {}", said.lines().last().unwrap_or(""))
        };
        failures.push(format!("seed {seed}: {why}"));
        from = seed + 1;
    }
    assert!(failures.is_empty(), "{name}: {} failed:\n{}", failures.len(), failures.join("\n"));
}

/// The child. Without work it has nothing to do.
#[test]
fn child() {
    let Ok(work) = std::env::var(WORK) else { return };
    let mut words = work.split(',');
    let kind = kind(words.next().unwrap());
    let (from, to): (u64, u64) = (words.next().unwrap().parse().unwrap(), words.next().unwrap().parse().unwrap());
    let panicked = std::sync::Arc::new(Mutex::new(String::new()));
    let heard = panicked.clone();
    // Decoders of polars may panic within their guards: only what comes out of the library counts.
    std::panic::set_hook(Box::new(move |info| *heard.lock().unwrap() = info.to_string()));
    let (samples, folder) = ((kind.samples)(), tempfile::tempdir().unwrap());
    let path = folder.path().join(kind.file);
    let tell = |word: &str, text: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{word} {}", text.replace('\n', "\u{b6}")).and_then(|()| out.flush()).unwrap();
    };
    for seed in from..to {
        tell("at", &seed.to_string());
        let bytes = input(&samples, seed);
        std::fs::write(&path, &bytes).unwrap();
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (kind.read)(&path)));
        let (took, held) = (begun.elapsed(), braid::data::memory::peak().unwrap_or(0));
        match outcome {
            Ok(Ok(found)) if seed < samples.len() as u64 && std::env::var_os("BRAID_HOSTILE_SHOW").is_some() => {
                tell("found", &found)
            }
            Ok(Ok(_)) => {}
            Ok(Err(law)) => tell(
                "failed",
                &format!(
                    "seed {seed}: {law}\n{}",
                    String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).escape_debug()
                ),
            ),
            Err(_) => tell("failed", &format!("seed {seed}: {}", panicked.lock().unwrap())),
        }
        if took > LONG {
            tell("failed", &format!("seed {seed}: it took {took:?}"));
        }
        if held > HELD {
            tell("failed", &format!("seed {seed}: it held {} MiB", held >> 20));
            return;
        }
    }
    tell("done", "");
}

macro_rules! kinds {
    ($($test:ident: $kind:literal;)*) => {
        $(#[test]
        fn $test() {
            survives($kind);
        })*

        #[test]
        fn every_kind_is_tried() {
            let tried = [$($kind),*];
            assert!(KINDS.iter().all(|kind| tried.contains(&kind.name)) && tried.len() == KINDS.len());
        }
    };
}

kinds! {
    csv_means_no_harm: "csv";
    tsv_means_no_harm: "tsv";
    ndjson_means_no_harm: "ndjson";
    json_means_no_harm: "json";
    gzip_means_no_harm: "gzip";
    zstd_means_no_harm: "zstd";
    parquet_means_no_harm: "parquet";
    arrow_means_no_harm: "arrow";
    frames_mean_no_harm: "frames";
    models_mean_no_harm: "model";
    workspaces_mean_no_harm: "workspace";
    checkpoints_mean_no_harm: "checkpoint";
    recordings_mean_no_harm: "recording";
    questions_mean_no_harm: "sql";
}

/// What is valid is read, by every kind: else nothing above would be tried.
#[test]
fn samples_are_read() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(kind.file);
        let found: Vec<String> = (kind.samples)()
            .iter()
            .map(|bytes| {
                std::fs::write(&path, bytes).unwrap();
                (kind.read)(&path).unwrap_or_else(|law| panic!("{}: {law}", kind.name))
            })
            .collect();
        let refused: Vec<&String> = found.iter().filter(|found| found.starts_with("refused")).collect();
        // An Arrow stream is no file, and a join needs a second table.
        let may = usize::from(matches!(kind.name, "arrow" | "sql"));
        assert!(refused.len() <= may, "{}: {refused:?}", kind.name);
    }
}

/// Reads these bytes as a kind does.
fn read(name: &str, bytes: &[u8]) -> String {
    let (kind, folder) = (kind(name), tempfile::tempdir().unwrap());
    let path = folder.path().join(kind.file);
    std::fs::write(&path, bytes).unwrap();
    (kind.read)(&path).unwrap_or_else(|law| panic!("{law}"))
}

#[test]
fn a_header_without_an_end_is_no_row_whatever_stands_before_it() {
    for text in ["z", "\nz", "\n\nz", "\r\nz", "\u{feff}\nz", "a,b", "\n\"a\nb\",c"] {
        assert!(read("csv", text.as_bytes()).starts_with("0 rows, 0 set aside"), "{text:?}");
    }
}

#[test]
fn a_damaged_checkpoint_is_named_in_one_short_line() {
    let whole = (kind("checkpoint").samples)().remove(0);
    let name = whole.windows(4).position(|bytes| bytes == b"meta").unwrap();
    for (at, value) in [(name, b'\n'), (name, 0), (name - 16, 200), (name + 4, b'x')] {
        let (folder, mut bytes) = (tempfile::tempdir().unwrap(), whole.clone());
        bytes[at] = value;
        std::fs::write(folder.path().join("ckpt-1"), bytes).unwrap();
        let (found, faults) = braid::store::checkpoint::load(folder.path());
        let said: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
        assert!(
            found.is_none() && said.len() == 1 && said[0].len() < 100 && !said[0].contains(char::is_control),
            "{said:?}"
        );
    }
}

#[test]
fn the_program_ends_with_an_exit_code_whatever_it_is_given() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_braid"));
    for kind in KINDS.iter().filter(|kind| kind.file.starts_with("t.") && !matches!(kind.name, "frames" | "model")) {
        let (samples, folder) = ((kind.samples)(), tempfile::tempdir().unwrap());
        let path = folder.path().join(kind.file);
        let table = format!("t={}", path.display());
        for seed in 1_000_000..1_000_012 {
            std::fs::write(&path, input(&samples, seed)).unwrap();
            let out = limited(
                program,
                &["run", "--history", &table, "--sql", "SELECT count(*) AS n FROM t", "--threads", "2"],
            )
            .output()
            .unwrap();
            let said = String::from_utf8_lossy(&out.stderr).into_owned();
            assert!(matches!(out.status.code(), Some(0..=2)), "{}, seed {seed}: {}: {said}", kind.name, out.status);
            let clear = out.status.success() || said.lines().last().is_some_and(|line| line.starts_with("braid: "));
            assert!(clear && !said.contains("panicked"), "{}, seed {seed}: {said}", kind.name);
        }
    }
}
