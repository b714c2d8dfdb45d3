//! How the files of the crate may lie: a floor uses those below it and itself, never those beside or above; within a
//! floor no files use each other in a circle; every file is compiled, says what it is, and keeps within 120 columns.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

#[path = "floors/circles.rs"]
mod circles;
#[path = "floors/code.rs"]
mod code;

use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the ground up; those on one line do not know each other.
const FLOORS: &[&[&str]] = &[
    &["sync", "disk"],
    &["data"],
    &["query", "source", "learn", "figure"],
    &["store"],
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
    ("learn", &["Worker::", "std::thread", "crossbeam"], "only the engine starts threads"),
    ("figure", &["egui", "std::thread"], "figure draws on any surface"),
    ("store", &["Worker::", "thread::spawn"], "only the engine starts threads"),
    ("engine", &["egui", "plotters"], "the engine knows no picture"),
    ("workspace", &["Worker::", "std::thread", "egui"], "what is set up is plain data"),
    ("cli", &["Worker::", "thread::spawn", "egui"], "the engine starts its threads"),
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

/// Floors whose circles of files are still to be opened, and when.
const CIRCLES: &[(&str, &str)] = &[("ui", "its panels are taken apart when the bench is built")];

fn floor_of(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn src() -> PathBuf {
    root().join("src")
}

/// A path as it is said: from the root of the repository.
fn said(path: &Path) -> String {
    path.strip_prefix(root()).expect("inside the repository").display().to_string()
}

/// All Rust files that are written by hand: what a build leaves beside them is not.
fn all_files() -> Vec<PathBuf> {
    ["src", "tests", "benches", "fuzz/fuzz_targets", "fuzz/src"]
        .iter()
        .flat_map(|f| code::files(&root().join(f)))
        .collect()
}

/// Each line of code in which a word stands, with the word.
fn lines_with<'a>(code: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = (usize, &'a str)> {
    let found = move |(i, line): (usize, &'a str)| {
        words.iter().filter(move |word| line.contains(**word)).map(move |word| (i + 1, *word))
    };
    code.lines().enumerate().flat_map(found)
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
    for path in code::files(&src()) {
        let relative = path.strip_prefix(src()).expect("inside src");
        let Some(own) = relative.components().next().and_then(|c| floor_of(&c.as_os_str().to_string_lossy())) else {
            continue;
        };
        let home = relative.components().next().expect("a folder").as_os_str().to_string_lossy().into_owned();
        for (i, line) in code::without_strings(&code::text(&path)).lines().enumerate() {
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
        for path in code::files(&src().join(floor)) {
            let code = code::without_strings(&code::text(&path));
            for (line, word) in lines_with(&code, words) {
                wrong.push(format!("{}:{line}: '{word}': {why}", said(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nobody_but_disk_makes_renames_or_empties_files() {
    let mut wrong = Vec::new();
    for path in code::files(&src()).into_iter().filter(|path| !path.starts_with(src().join("disk"))) {
        // An ending of a name stands in a string.
        let code = code::without_comments(&code::text(&path));
        for (line, word) in lines_with(&code, OF_DISK) {
            wrong.push(format!("{}:{line}: '{word}' is for src/disk", said(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_of_a_floor_use_each_other_in_a_circle() {
    let mut uses = circles::uses(&src());
    assert!(uses.len() > 100, "files use each other: {uses:?}");
    let floor = |file: &str| file.split("::").next().unwrap_or_default().to_owned();
    uses.retain(|file, _| !CIRCLES.iter().any(|(excepted, _)| floor(file) == *excepted));
    for (file, others) in &mut uses {
        others.retain(|other, _| floor(other) == floor(file));
    }
    let wrong = circles::circles(&uses);
    assert!(wrong.is_empty(), "circles of files:\n{}", wrong.join("\n"));
}

/// A file that its parent does not name is not compiled, and all tests stay green without it.
#[test]
fn every_file_is_named_by_its_parent() {
    let mut wrong = Vec::new();
    for (root, roots) in [(src(), ["lib.rs", "main.rs"]), (root().join("tests/all"), ["main.rs", "main.rs"])] {
        let parent = |path: &Path| {
            let is_mod = path.file_name().is_some_and(|name| name == "mod.rs");
            let named = if is_mod { path.parent().expect("a folder") } else { path };
            let folder = named.parent().expect("a folder").to_owned();
            let beside = if folder == root { root.join(roots[0]) } else { folder.with_extension("rs") };
            let parent = if beside.is_file() { beside } else { folder.join("mod.rs") };
            (parent, named.file_stem().expect("a name").to_string_lossy().into_owned())
        };
        for path in code::files(&root).iter().filter(|path| !roots.iter().any(|name| **path == root.join(name))) {
            let (parent, name) = parent(path);
            let text = code::without_strings(&code::text(&parent));
            if !code::tokens(&text).windows(3).any(|three| three == ["mod", name.as_str(), ";"]) {
                wrong.push(format!("{} does not say 'mod {name};', so {} is dead", said(&parent), said(path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_line_is_wider_than_120_columns() {
    let mut wrong = Vec::new();
    for path in all_files() {
        for (i, line) in code::text(&path).lines().enumerate() {
            let width = line.chars().count();
            if width > 120 {
                wrong.push(format!("{}:{} is {width} columns wide", said(&path), i + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What proptest finds goes into a test that says why, not into a file that the next `git add` takes along.
#[test]
fn proptest_keeps_no_files() {
    let mut wrong = Vec::new();
    for path in code::files(&root().join("tests/all")) {
        let code = code::without_strings(&code::text(&path));
        let home = path.ends_with("all/main.rs");
        let (makers, runs) = (code.matches("ProptestConfig").count(), code.matches("proptest! {").count());
        if (makers > 0 && !home) || code.matches("proptest_config(crate::cases(").count() != runs {
            wrong.push(format!("{}: every proptest! begins with #![proptest_config(crate::cases(N))]", said(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is() {
    for path in ["src", "tests", "benches"].iter().flat_map(|folder| code::files(&root().join(folder))) {
        let text = code::text(&path);
        let first = text.lines().find(|line| !line.starts_with("#!")).unwrap_or("");
        assert!(first.starts_with("//!"), "{} does not begin with //!", path.display());
    }
}
