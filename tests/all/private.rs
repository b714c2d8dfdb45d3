//! Names and folders that others control: nothing of theirs is used, followed, emptied or written over, and nothing of
//! ours can be read by them. Where the tests run as root, another user really tries.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use braid::data::format::write_frame;
use braid::disk::own;
use polars::prelude::*;

use crate::cli::stderr;

/// A user who owns nothing, on every system that has root.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What a stranger's shell says and does in a folder.
fn stranger(script: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", script]).uid(NOBODY).gid(NOBODY).stdin(Stdio::null());
    command.output().unwrap()
}

/// A history of more groups than `LITTLE` has room for.
fn many_groups(folder: &Path) -> String {
    let path = folder.join("r.parquet");
    let ids: Vec<i64> = (0..600_000).map(|i| i * 7_919 % 500_000 * 1_003).collect();
    let frame = DataFrame::new(
        ids.len(),
        vec![Column::new("id".into(), &ids), Column::new("v".into(), ids.iter().map(|i| i / 7).collect::<Vec<_>>())],
    )
    .unwrap();
    write_frame(&frame, &path).unwrap();
    format!("r={}", path.display())
}

const LITTLE: &[&str] = &["--threads", "2", "--memory", "160MiB"];
const MANY: &str = "SELECT id, count(*) AS n, sum(v) AS s, min(v) AS lo, max(v) AS hi, avg(v) AS a, stddev(v) AS sd \
                    FROM r GROUP BY id";

/// A folder that all may write to, as `/tmp` is, and one with files that must stay.
struct Shared {
    all: tempfile::TempDir,
    precious: PathBuf,
    history: String,
}

fn shared() -> Shared {
    let all = tempfile::tempdir().unwrap();
    fs::set_permissions(&all, fs::Permissions::from_mode(0o1777)).unwrap();
    let precious = all.path().join("precious");
    fs::create_dir(&precious).unwrap();
    for name in ["00000000.arrow", "00000001.shares", "letter.txt"] {
        fs::write(precious.join(name), "precious").unwrap();
    }
    fs::set_permissions(&precious, fs::Permissions::from_mode(0o755)).unwrap();
    Shared { history: many_groups(all.path()), precious, all }
}

impl Shared {
    fn path(&self) -> &Path {
        self.all.path()
    }

    /// A question whose groups go to disk, with the shared folder as the place for temporary files.
    fn ask(&self, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_braid"));
        command.args(["run", "--history", &self.history, "--sql", MANY]).args(LITTLE);
        command.args(more).env("TMPDIR", self.path()).stdin(Stdio::null()).output().unwrap()
    }

    fn untouched(&self) {
        for name in ["00000000.arrow", "00000001.shares", "letter.txt"] {
            assert_eq!(fs::read_to_string(self.precious.join(name)).unwrap(), "precious", "{name}");
        }
        assert_eq!(fs::read_dir(&self.precious).unwrap().count(), 3);
    }
}

fn works(out: &Output) {
    assert!(out.status.success(), "{}", stderr(out));
}

fn refused(out: &Output, words: &[&str]) {
    assert_eq!(out.status.code(), Some(1), "{}", stderr(out));
    assert!(words.iter().all(|word| stderr(out).contains(word)), "{}", stderr(out));
}

#[test]
fn planted_folders_and_links_are_neither_used_nor_emptied() {
    if !is_root() {
        return;
    }
    let shared = shared();
    let own = rustix::process::geteuid().as_raw();
    let (all, precious) = (shared.path().display(), shared.precious.display());
    // Names that were once foreseeable, for the next processes, and the one of the private folder.
    let next = std::process::id();
    let plant = format!(
        "cd '{all}' && ln -s '{precious}' braid-{own} && i={next}; while [ $i -lt {} ]; do for n in 0 1 2; do ln -s \
         '{precious}' braid-sealed-$i-$n; ln -s '{precious}' braid-spilled-$i-$n; done; i=$((i+1)); done",
        next + 300
    );
    assert!(stranger(&plant).status.success());
    let out = shared.ask(&[]);
    works(&out);
    assert!(stderr(&out).contains("kept on disk"), "{}", stderr(&out));
    shared.untouched();
    // A folder of that name that the stranger owns, and may read.
    assert!(stranger(&format!("cd '{all}' && rm -f braid-* && mkdir -m 777 braid-{own}")).status.success());
    works(&shared.ask(&[]));
    assert_eq!(fs::read_dir(shared.path().join(format!("braid-{own}"))).unwrap().count(), 0, "it was not used");
    shared.untouched();
}

#[test]
fn an_output_goes_where_it_was_told_and_not_where_a_stranger_points() {
    if !is_root() {
        return;
    }
    let shared = shared();
    let (all, precious) = (shared.path().display(), shared.precious.display());
    assert!(stranger(&format!("ln -s '{precious}/letter.txt' '{all}/x.csv'")).status.success());
    refused(&shared.ask(&["--out", &format!("{all}/x.csv")]), &["x.csv", "link", "another user"]);
    shared.untouched();
    // A link of one's own is followed, and stays a link.
    let target = shared.path().join("target.csv");
    fs::write(&target, "old").unwrap();
    symlink(&target, shared.path().join("own.csv")).unwrap();
    works(&shared.ask(&["--out", &format!("{all}/own.csv")]));
    assert!(fs::read_to_string(&target).unwrap().starts_with("id,n,s"));
    assert!(shared.path().join("own.csv").is_symlink());
}

#[test]
fn links_in_a_workspace_are_refused_by_name() {
    let shared = shared();
    let ask = |workspace: &Path| shared.ask(&["--workspace", &workspace.display().to_string()]);
    // One run tells where things lie; then each place is a link to something precious.
    let first = shared.path().join("first");
    works(&ask(&first));
    let question = fs::read_dir(first.join("checkpoints")).unwrap().next().unwrap().unwrap().file_name();
    for (number, place) in [PathBuf::from("checkpoints"), PathBuf::from("checkpoints").join(&question)]
        .into_iter()
        .chain(
            ["sealed", "spilled", "aside", "lock"].map(|name| PathBuf::from("checkpoints").join(&question).join(name)),
        )
        .enumerate()
    {
        let workspace = shared.path().join(format!("w{number}"));
        let link = workspace.join(&place);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let to = if place.ends_with("lock") { shared.precious.join("letter.txt") } else { shared.precious.clone() };
        symlink(to, &link).unwrap();
        refused(&ask(&workspace), &["link", &place.file_name().unwrap().to_string_lossy()]);
        shared.untouched();
    }
    if is_root() {
        let theirs = shared.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        fs::set_permissions(&theirs, fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(stranger(&format!("mkdir -m 777 '{}/checkpoints'", theirs.display())).status.success());
        refused(&ask(&theirs), &["checkpoints", "another user"]);
    }
}

#[test]
fn what_is_kept_can_be_read_by_its_user_alone() {
    let shared = shared();
    let workspace = shared.path().join("w");
    let feed = shared.path().join("feed.ndjson");
    fs::write(&feed, "{\"a\":1}\n{\"a\":\"x\",\"b\":2}\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid"));
    command.args([
        "run",
        "--live",
        "t=stdin:",
        "--sql",
        "SELECT count(*) AS n FROM t",
        "--workspace",
        &workspace.display().to_string(),
    ]);
    works(&command.stdin(fs::File::open(&feed).unwrap()).output().unwrap());
    works(&shared.ask(&["--workspace", &workspace.display().to_string()]));
    let mut late = String::from("t,v\n");
    (0..20_000).for_each(|i| late += &format!("2001-01-01T{:02}:{:02}:00,{i}\n", i / 60 % 24, i % 60));
    let feed = shared.path().join("late.csv");
    fs::write(&feed, late).unwrap();
    let live = format!("t=file:{}?follow=false", feed.display());
    let sql = "SELECT tumble(t, INTERVAL '1 minute') AS w, count(*) AS n FROM t GROUP BY w";
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid"));
    command.args([
        "run",
        "--live",
        &live,
        "--time",
        "t=t,1s",
        "--sql",
        sql,
        "--workspace",
        &workspace.display().to_string(),
    ]);
    works(&command.stdin(Stdio::null()).output().unwrap());
    assert!(workspace.join("late.parquet").exists(), "some rows were late");
    let mut seen = 0;
    let mut look = vec![workspace];
    while let Some(path) = look.pop() {
        let found = path.symlink_metadata().unwrap();
        assert_eq!(found.mode() & 0o077, 0, "{} is for its user alone", path.display());
        seen += 1;
        if found.is_dir() {
            look.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        }
    }
    assert!(seen > 8, "checkpoints and a recording were looked at");
}

#[test]
fn a_file_of_ours_is_never_written_through_a_second_name() {
    let folder = tempfile::tempdir().unwrap();
    let (precious, planted) = (folder.path().join("precious"), folder.path().join("planted"));
    fs::write(&precious, "precious").unwrap();
    fs::hard_link(&precious, &planted).unwrap();
    assert!(own::append(&planted).unwrap_err().to_string().contains("second name"));
    assert!(own::change(&planted).is_err() && own::create(&planted).is_err());
    // A draft takes the place of a name, and what else has it stays.
    own::replace(&planted, b"ours").unwrap();
    assert_eq!(
        (fs::read_to_string(&precious).unwrap(), fs::read_to_string(&planted).unwrap()),
        ("precious".to_owned(), "ours".to_owned())
    );
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(own::open(&pipe).unwrap_err().to_string().contains("no plain file"), "nobody waits for a pipe");
}

#[test]
fn what_a_killed_run_left_is_removed_and_what_a_living_one_has_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join(format!("braid-{}", rustix::process::geteuid().as_raw()));
    let (dead, alive) = (home.join("run-dead"), home.join("run-alive"));
    for run in [&dead, &alive] {
        own::folders(run).unwrap();
        fs::write(run.join("lock"), "").unwrap();
        fs::write(run.join("rows"), "1").unwrap();
    }
    let held = fs::File::open(alive.join("lock")).unwrap();
    held.lock().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_braid"));
    command
        .args(["run", "--history", &many_groups(folder.path()), "--sql", MANY])
        .args(LITTLE)
        .env("TMPDIR", folder.path());
    works(&command.stdin(Stdio::null()).output().unwrap());
    let left: Vec<_> = fs::read_dir(&home).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["run-alive"]);
    assert_eq!(fs::read_to_string(alive.join("rows")).unwrap(), "1");
}

#[test]
fn a_folder_that_must_not_be_read_is_named_and_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["open", "closed"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("x.csv"), "k,v\na,1\n").unwrap();
    }
    fs::set_permissions(folder.path().join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    let program = folder.path().join("braid");
    let mut command = if is_root() {
        // Nobody enters the folder that it was built in.
        fs::hard_link(env!("CARGO_BIN_EXE_braid"), &program)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_braid"), &program).map(drop))
            .unwrap();
        let mut command = Command::new(&program);
        command.uid(NOBODY).gid(NOBODY).env("HOME", "/nonexistent").current_dir("/");
        command
    } else {
        fs::set_permissions(folder.path().join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
        Command::new(env!("CARGO_BIN_EXE_braid"))
    };
    let glob = folder.path().join("*/x.csv").display().to_string();
    let out = command
        .args(["run", "--history", &format!("r={glob}"), "--sql", "SELECT count(*) AS n FROM r"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    fs::set_permissions(folder.path().join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    refused(&out, &["closed", "not permitted"]);
}
