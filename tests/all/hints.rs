//! Options of the command line are its own words: elsewhere what to change is data, which each face words for itself.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Lines of code that hold `--` and a letter, as no code does outside of its strings.
fn options(text: &str) -> Vec<(usize, &str)> {
    let names = |line: &str| line.split("--").skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    let code = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.starts_with("//"));
    code.filter(|(_, line)| names(line)).map(|(at, line)| (at + 1, line)).collect()
}

#[test]
fn only_the_command_line_names_its_options() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let (cli, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| path.starts_with(src.join("cli")));
    let named = |files: &[PathBuf]| -> Vec<String> {
        let of = |path: &PathBuf| {
            let text = fs::read_to_string(path).unwrap();
            let found = options(&text).into_iter().map(|(at, line)| format!("{}:{at}: {line}", path.display()));
            found.collect::<Vec<_>>()
        };
        files.iter().flat_map(of).collect()
    };
    assert!(named(&cli).len() > 20, "they are found where they are");
    assert_eq!(named(&others), Vec::<String>::new(), "a `Setting` in a `Hint` says it, and `wording` words it");
    assert_eq!(options("  // a --flag\n let x = \"--sql\"; // y\nx -= 1; a--b\n").len(), 2);
}
