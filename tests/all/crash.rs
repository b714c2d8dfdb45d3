//! The crash law: whatever instant a process is killed at, what a restart answers is what would have been answered
//! without.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use braid::data::format::write_frame;
use serde_json::Value;

use crate::cli::{braid, stderr};
use crate::kafka::broker::shared;
use crate::run::sample;

const SQL: &str = "SELECT k, tumble(t, INTERVAL '1 minute') AS m, count(*) AS n, sum(v) AS s, avg(x) AS mean FROM r \
                   GROUP BY k, m ORDER BY m, k";

/// One question in a workspace, to be killed and asked again.
pub struct Victim {
    folder: tempfile::TempDir,
    args: Vec<String>,
}

impl Victim {
    pub fn new(folder: tempfile::TempDir, args: &[&str]) -> Self {
        let workspace = folder.path().join("workspace").display().to_string();
        let args = ["run"]
            .iter()
            .chain(args)
            .copied()
            .chain(["--time", "r=t,1h", "--sql", SQL, "--workspace", &workspace])
            .map(str::to_owned)
            .collect();
        Self { folder, args }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts it and kills it after `delay`; true when it had ended before.
    pub fn kill_after(&self, delay: Duration) -> bool {
        let mut child = Command::new(env!("CARGO_BIN_EXE_braid"))
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(delay);
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        ended
    }

    /// Lets it run to its end: the answer as CSV and the stats. A feed that would wait for more ends where it stands.
    pub fn finish(&self) -> (String, Value) {
        let (out, stats) = (self.path("answer.csv"), self.path("stats.json"));
        let ends = |arg: &String| {
            if arg.starts_with("r=file:") || arg.starts_with("r=kafka:") {
                format!("{arg}?follow=false")
            } else {
                arg.clone()
            }
        };
        let own: Vec<String> = self.args.iter().map(ends).collect();
        let mut args: Vec<&str> = own.iter().map(String::as_str).collect();
        let (out_text, stats_text) = (out.display().to_string(), stats.display().to_string());
        args.extend(["--out", &out_text, "--stats", &stats_text]);
        let done = braid(&args);
        assert!(done.status.success(), "{}", stderr(&done));
        (fs::read_to_string(out).unwrap(), serde_json::from_str(&fs::read_to_string(stats).unwrap()).unwrap())
    }
}

/// The answer over all rows at once.
fn oracle(folder: &Path, file: &Path) -> String {
    let out = folder.join("oracle.csv");
    let done = braid(&[
        "run",
        "--history",
        &format!("r={}", file.display()),
        "--time",
        "r=t,1h",
        "--sql",
        SQL,
        "--out",
        &out.display().to_string(),
    ]);
    assert!(done.status.success(), "{}", stderr(&done));
    fs::read_to_string(out).unwrap()
}

pub fn conserved(stats: &Value) -> bool {
    let n = |key: &str| stats[key].as_u64().unwrap();
    n("rows_in") == n("rows_shown") + n("rows_filtered") + n("rows_late") + n("rows_rejected")
}

#[test]
fn a_replay_killed_at_random_instants_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.parquet");
    write_frame(&sample(200_000, 7), &all).unwrap();
    let want = oracle(folder.path(), &all);
    let live = format!("r=replay:{}?rate=100000&disorder=20s&seed=3", all.display());
    let victim = Victim::new(folder, &["--live", &live]);
    let mut random = fastrand::Rng::with_seed(11);
    let kills = (0..80).take_while(|_| !victim.kill_after(Duration::from_millis(random.u64(1..90)))).count();
    assert!(kills > 20, "killed only {kills} times");
    let (answer, stats) = victim.finish();
    assert_eq!(stats["rows_in"], 200_000, "{kills} kills: {stats}");
    assert!(conserved(&stats));
    assert_eq!(answer, want);
}

#[test]
fn a_growing_file_and_its_history_killed_at_random_instants_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, log) = (sample(150_000, 8), folder.path().join("log.ndjson"));
    let all = folder.path().join("all.ndjson");
    write_frame(&frame, &all).unwrap();
    let bytes = fs::read(&all).unwrap();
    let want = oracle(folder.path(), &all);
    // The history is whole rows.
    let mut written = bytes[..bytes.len() / 30].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    fs::write(&log, &bytes[..written]).unwrap();
    // The history is the file as it stood; live is what is appended, in pieces that end anywhere.
    let (history, live) = (format!("r={}", log.display()), format!("r=file:{}", log.display()));
    let victim = Victim::new(folder, &["--history", &history, "--live", &live]);
    let mut random = fastrand::Rng::with_seed(12);
    // The history is read to its end before the killing begins: what comes after it is live.
    victim.finish();
    for _ in 0..80 {
        let next = (written + random.usize(0..bytes.len() / 60)).min(bytes.len());
        let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
        std::io::Write::write_all(&mut file, &bytes[written..next]).unwrap();
        written = next;
        victim.kill_after(Duration::from_millis(random.u64(1..250)));
    }
    let mut file = fs::OpenOptions::new().append(true).open(&log).unwrap();
    std::io::Write::write_all(&mut file, &bytes[written..]).unwrap();
    let (answer, stats) = victim.finish();
    assert_eq!(stats["rows_in"], 150_000, "{stats}");
    assert!(conserved(&stats));
    assert_eq!(answer, want);
    let ledger = &stats["seam"];
    assert_eq!(ledger["kind"], "position", "{ledger}");
    assert_eq!(ledger["partitions"][0]["gap"], 0, "{ledger}");
}

#[test]
fn a_kafka_topic_killed_at_random_instants_loses_and_doubles_nothing_and_its_seam_has_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.ndjson");
    write_frame(&sample(60_000, 10), &all).unwrap();
    let want = oracle(folder.path(), &all);
    let lines: Vec<String> = fs::read_to_string(&all).unwrap().lines().map(str::to_owned).collect();
    let topic = shared().topic("crash", 3);
    let mut random = fastrand::Rng::with_seed(13);
    let write = |lines: &[String], random: &mut fastrand::Rng| {
        for piece in lines.chunks(2_000) {
            topic.texts(random.i32(0..3), piece.to_vec());
        }
    };
    let (before, after) = lines.split_at(20_000);
    write(before, &mut random);
    let victim = Victim::new(folder, &["--live", &format!("r={}", topic.url("").trim_end_matches('?'))]);
    victim.kill_after(Duration::from_millis(1_500));
    for piece in after.chunks(1_000) {
        write(piece, &mut random);
        victim.kill_after(Duration::from_millis(random.u64(1..400)));
    }
    let (answer, stats) = victim.finish();
    assert_eq!(stats["rows_in"], 60_000, "{stats}");
    assert!(conserved(&stats));
    assert_eq!(answer, want);
    let ledger = &stats["seam"];
    assert_eq!(ledger["kind"], "position", "{ledger}");
    assert_eq!(ledger["history_rows"].as_u64().unwrap() + ledger["live_rows"].as_u64().unwrap(), 60_000, "{ledger}");
    let partitions = ledger["partitions"].as_array().unwrap();
    assert_eq!(partitions.len(), 3);
    assert!(partitions.iter().all(|p| p["gap"] == 0), "{ledger}");
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.parquet");
    write_frame(&sample(60_000, 9), &all).unwrap();
    let want = oracle(folder.path(), &all);
    let live = format!("r=replay:{}?rate=40000", all.display());
    let victim = Victim::new(folder, &["--live", &live]);
    assert!(!victim.kill_after(Duration::from_millis(1_300)));
    let checkpoints = fs::read_dir(victim.path("workspace/checkpoints")).unwrap().next().unwrap().unwrap().path();
    let number = |path: &Path| {
        path.file_name().unwrap().to_string_lossy().strip_prefix("ckpt-").and_then(|n| n.parse::<u64>().ok())
    };
    let newest = fs::read_dir(&checkpoints)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| number(p).is_some())
        .max_by_key(|p| number(p))
        .unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&newest, bytes).unwrap();
    let args: Vec<&str> = victim.args.iter().map(String::as_str).collect();
    let out = victim.path("answer.csv").display().to_string();
    let done = braid(&[&args[..], &["--out", &out]].concat());
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(stderr(&done).contains("damaged"), "{}", stderr(&done));
    assert_eq!(fs::read_to_string(out).unwrap(), want);
}
