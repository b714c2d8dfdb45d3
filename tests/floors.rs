//! The direction of imports: a floor may use those below it and itself, never those beside or above.
#![allow(clippy::expect_used, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the ground up; those on one line do not know each other.
const FLOORS: &[&[&str]] = &[
    &["sync", "disk"],
    &["data"],
    &["query", "source", "learn", "figure"],
    &["store", "remote"],
    &["engine"],
    &["workspace"],
    &["ui", "cli"],
];

/// Words that a floor must not contain, and why.
const ABSENT: &[(&str, &[&str], &str)] = &[
    ("sync", &["polars"], "thread tools have no domain words"),
    ("disk", &["polars", "thread::"], "it knows files and folders, not what is in them"),
    ("data", &["std::thread", "crossbeam", "crate::sync"], "data knows no threads"),
    (
        "query",
        &["std::thread", "crossbeam", "std::fs", "Instant", "SystemTime"],
        "query is pure: no threads, no files, no clock",
    ),
    ("source", &["Worker::", "thread::spawn", "thread::Builder"], "only the engine starts threads"),
    ("figure", &["egui", "std::thread"], "figure draws on any surface"),
    ("store", &["Worker::", "thread::spawn"], "only the engine starts threads"),
    ("engine", &["egui", "plotters"], "the engine knows no picture"),
    (
        "ui",
        &[
            "thread::spawn",
            "Worker::",
            ".join()",
            "File::open",
            "fs::read",
            ".lazy()",
            ".collect_schema",
            "group_by",
            "recv()",
        ],
        "the window never waits, reads files or computes",
    ),
];

/// What only `disk` may ask of a disk: there names are such that nobody can foresee them, links are not followed, and
/// nothing is emptied that is not Braid's own.
const OF_DISK: &[&str] = &[
    "temp_dir",
    "tempfile",
    "File::create",
    "File::options",
    "OpenOptions",
    "fs::write",
    "fs::rename",
    "fs::copy",
    "hard_link",
    "create_dir",
    "DirBuilder",
    "remove_dir",
    "remove_file",
    "set_permissions",
    ".part\"",
    ".tmp\"",
];

fn floor_of(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code of a file without comments, so that prose may name what code must not.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable file");
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn every_folder_is_a_floor() {
    for entry in fs::read_dir(src()).expect("src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(floor_of(&name).is_some(), "src/{name} is on no floor");
        }
    }
}

#[test]
fn imports_point_downwards() {
    let mut wrong = Vec::new();
    for path in sources(&src()) {
        let relative = path.strip_prefix(src()).expect("inside src");
        let Some(own) = relative.components().next().and_then(|c| floor_of(&c.as_os_str().to_string_lossy())) else {
            continue;
        };
        let home = relative.components().next().expect("a folder").as_os_str().to_string_lossy().into_owned();
        for (i, line) in code(&path).lines().enumerate() {
            for after in line.split("crate::").skip(1) {
                let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name == home {
                    continue;
                }
                if let Some(other) = floor_of(&name)
                    && other >= own
                {
                    wrong.push(format!("{}:{}: {home} uses {name}, which is not below it", relative.display(), i + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn absences_hold() {
    let mut wrong = Vec::new();
    for (floor, words, why) in ABSENT {
        for path in sources(&src().join(floor)) {
            for (i, line) in code(&path).lines().enumerate() {
                for word in words.iter().filter(|w| line.contains(**w)) {
                    wrong.push(format!(
                        "{}:{}: '{word}': {why}",
                        path.strip_prefix(src()).expect("inside src").display(),
                        i + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nobody_but_disk_makes_renames_or_empties_files() {
    let mut wrong = Vec::new();
    for path in sources(&src()).into_iter().filter(|path| !path.starts_with(src().join("disk"))) {
        for (i, line) in code(&path).lines().enumerate() {
            for word in OF_DISK.iter().filter(|w| line.contains(**w)) {
                wrong.push(format!(
                    "{}:{}: '{word}' is for src/disk",
                    path.strip_prefix(src()).expect("inside src").display(),
                    i + 1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    for path in sources(&src()) {
        let text = fs::read_to_string(&path).expect("a readable file");
        let first = text.lines().find(|line| !line.starts_with("#!")).unwrap_or("");
        assert!(first.starts_with("//!"), "{} does not begin with //!", path.display());
    }
}
