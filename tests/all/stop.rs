//! The end that is asked for from outside comes soon, and with a complete answer; asked for twice, it comes at once.
#![cfg(unix)]

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::{braid, stderr};
use crate::crash::conserved;

fn started(args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_braid"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap().success());
}

/// What it gave, if it ended within so many seconds.
fn ended(mut child: Child, seconds: u64) -> Output {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(seconds) {
            child.kill().unwrap();
            panic!("it still runs after {seconds} s: {}", stderr(&child.wait_with_output().unwrap()));
        }
        sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn each_signal_ends_a_run_with_the_answer_of_what_was_read() {
    for name in ["INT", "TERM", "HUP"] {
        let mut child = started(&["run", "--live", "t=stdin:", "--sql", "SELECT count(*) AS n, sum(a) AS s FROM t"]);
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"{\"a\": 1}\n{\"a\": 2}\n{\"a\": 4}\n").unwrap();
        sleep(Duration::from_secs(2));
        signal(&child, name);
        let done = ended(child, 20);
        assert_eq!(
            (done.status.code(), String::from_utf8_lossy(&done.stdout).as_ref()),
            (Some(0), "n,s\n3,7\n"),
            "{name}: {}",
            stderr(&done)
        );
        drop(input);
    }
}

#[test]
fn under_nohup_a_run_outlives_its_terminal() {
    let mut child = Command::new("sh")
        .args([
            "-c",
            "trap '' HUP; exec \"$0\" run --live t=stdin: --sql 'SELECT count(*) AS n FROM t'",
            env!("CARGO_BIN_EXE_braid"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{\"a\": 1}\n").unwrap();
    sleep(Duration::from_secs(2));
    signal(&child, "HUP");
    sleep(Duration::from_millis(500));
    input.write_all(b"{\"a\": 2}\n").unwrap();
    drop(input);
    let done = ended(child, 20);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "n\n2\n", "{}", stderr(&done));
}

/// Two files whose rows all find each other, and a question over all pairs.
struct Pairs {
    folder: tempfile::TempDir,
}

impl Pairs {
    fn new(rows: usize, others: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, rows: usize| {
            let text: String = (0..rows).map(|i| format!("1,{i}\n")).collect();
            std::fs::write(folder.path().join(name), format!("k,v\n{text}")).unwrap();
        };
        write("a.csv", rows);
        write("b.csv", others);
        Self { folder }
    }

    fn args(&self, more: &[&str]) -> Vec<String> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let (a, b, stats) = (format!("a={}", at("a.csv")), format!("b={}", at("b.csv")), at("stats.json"));
        let sql = "SELECT count(*) AS n, sum(a.v) AS s FROM a JOIN b ON a.k = b.k";
        let own = ["run", "--history", &a, "--history", &b, "--sql", sql, "--stats", &stats];
        own.iter().chain(more).map(|arg| (*arg).to_owned()).collect()
    }

    fn stats(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.folder.path().join("stats.json")).unwrap()).unwrap()
    }
}

#[test]
fn a_join_of_many_partners_ends_when_its_time_is_over() {
    // The second has one row that alone has more partners than are made at once.
    for (rows, others) in [(100_000, 100_000), (4, 3_000_000)] {
        let pairs = Pairs::new(rows, others);
        let args = pairs.args(&["--for", "1s"]);
        let begun = Instant::now();
        let done = braid(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(done.status.success(), "{}", stderr(&done));
        assert!(begun.elapsed() < Duration::from_secs(60), "{rows} x {others} took {:?}", begun.elapsed());
        let stats = pairs.stats();
        assert!(conserved(&stats), "{stats}");
        let shown = stats["rows_shown"].as_u64().unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let numbers: Vec<u64> = text.lines().nth(1).unwrap().split(',').map(|n| n.parse().unwrap_or(0)).collect();
        // Whole rows, each with all of its partners.
        assert_eq!(numbers[0], shown * others as u64, "{text}");
        assert_eq!(numbers[1] % others as u64, 0, "{text}");
        assert!(shown == rows as u64 || stderr(&done).contains("stopped early"), "{}", stderr(&done));
    }
}

#[test]
fn a_second_signal_ends_at_once_and_leaves_nothing() {
    let pairs = Pairs::new(100_000, 100_000);
    let out = pairs.folder.path().join("out.csv");
    let args = pairs.args(&["--out", &out.display().to_string()]);
    let child = started(&args.iter().map(String::as_str).collect::<Vec<_>>());
    sleep(Duration::from_secs(3));
    signal(&child, "TERM");
    sleep(Duration::from_millis(100));
    signal(&child, "TERM");
    let done = ended(child, 5);
    assert_eq!(done.status.code(), Some(143), "{}", stderr(&done));
    assert!(!out.exists());
}

#[test]
fn a_workspace_goes_on_from_before_what_was_left() {
    let pairs = Pairs::new(100_000, 300);
    let workspace = pairs.folder.path().join("workspace").display().to_string();
    let ask = |more: &[&str]| {
        let own: Vec<&str> = ["--workspace", &workspace].iter().chain(more).copied().collect();
        let args = pairs.args(&own);
        let done = braid(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(done.status.success(), "{}", stderr(&done));
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    ask(&["--for", "1s"]);
    let whole = ask(&[]);
    assert_eq!(whole, format!("n,s\n{},{}\n", 30_000_000_u64, (0..100_000_u64).sum::<u64>() * 300));
}
