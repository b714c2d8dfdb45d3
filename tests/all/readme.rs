//! What the README lists is what this build knows: formats, feeds, aggregates, marks, windows, seams, options.

use std::collections::BTreeSet;

use braid::data::format::FORMATS;
use braid::engine::Seam;
use braid::figure::MARKS;
use braid::query::aggregate::AGGREGATES;
use braid::query::form::WindowKind;
use braid::source::live::LIVE_KINDS;
use braid::workspace::SAMPLES;

use super::cli::{braid, stdout};

fn readme() -> String {
    read("README.md")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The right side of a row of the table that lists what there is.
fn row(name: &str) -> String {
    let begin = format!("| {name} | ");
    let text = readme();
    let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(&begin)).collect();
    assert_eq!(found.len(), 1, "rows that list {name}");
    found[0].trim_end_matches(" |").to_owned()
}

/// What stands between backticks.
fn spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_lowercase).collect()
}

#[test]
fn files_are_those_that_can_be_read() {
    let row = row("files");
    let named = row.split(';').next().unwrap().split(", ");
    assert_eq!(set(named), set(FORMATS.iter().map(|format| format.name)));
}

#[test]
fn feeds_are_those_that_can_be_followed() {
    let row = row("feeds");
    let (schemes, settings): (Vec<&str>, Vec<&str>) = spans(&row).into_iter().partition(|span| span.contains(':'));
    let known = LIVE_KINDS.iter().flat_map(|kind| kind.schemes.iter().copied());
    assert_eq!(set(schemes.iter().map(|span| span.split(':').next().unwrap())), set(known));
    for setting in settings {
        let name = setting.split('=').next().unwrap();
        let mut all = LIVE_KINDS.iter().flat_map(|kind| kind.all_settings());
        assert!(all.any(|known| known.name == name), "no feed has the setting {name}");
    }
}

#[test]
fn aggregates_are_those_that_can_be_asked() {
    let row = row("aggregates");
    let spans = spans(&row);
    for aggregate in AGGREGATES {
        let called = aggregate.usage.split('(').next().unwrap();
        let distinct = aggregate.usage.contains("DISTINCT") && spans.contains(&"DISTINCT");
        assert!(
            spans.contains(&aggregate.name)
                || spans.contains(&aggregate.usage)
                || (distinct && spans.contains(&called)),
            "the README does not name {}",
            aggregate.usage
        );
    }
    for span in
        spans.iter().filter(|span| !["FILTER (WHERE …)", "DISTINCT", "ORDER BY", "WITHIN GROUP"].contains(*span))
    {
        assert!(AGGREGATES.iter().any(|a| a.name == *span || a.usage == *span), "there is no aggregate {span}");
    }
}

#[test]
fn marks_are_those_that_can_be_drawn() {
    assert_eq!(set(spans(&row("marks"))), set(MARKS.iter().map(|mark| mark.name)));
}

#[test]
fn samples_are_those_that_ship() {
    assert_eq!(set(spans(&row("samples"))), set(SAMPLES.iter().map(|sample| sample.title)));
}

#[test]
fn windows_and_seams_are_those_that_can_be_asked() {
    let windows = row("windows");
    let calls = spans(&windows).into_iter().filter_map(|span| span.split_once('(')).map(|(name, _)| name);
    assert_eq!(set(calls), set(WindowKind::ALL.iter().map(|kind| kind.word())));
    let seams = row("seams");
    let known = [Seam::Position, Seam::Time(0), Seam::Key(String::new()), Seam::Append];
    assert_eq!(set(spans(&seams).iter().map(|s| s.split(':').next().unwrap())), set(known.iter().map(Seam::word)));
}

/// Options in text, without dashes.
fn options(text: &str) -> BTreeSet<String> {
    let letters = |c: char| c.is_ascii_lowercase() || c == '-';
    let option = |rest: &str| rest[..rest.find(|c| !letters(c)).unwrap_or(rest.len())].to_owned();
    text.split(|c: char| c.is_whitespace() || matches!(c, '`' | '(' | '['))
        .filter_map(|word| word.strip_prefix("--"))
        .map(option)
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

#[test]
fn options_are_those_of_help() {
    let help = |args: &[&str]| stdout(&braid(args));
    let mut known = options(&[help(&["run", "--help"]), help(&["train", "--help"])].concat());
    assert!(known.contains("history") && known.contains("chunk-rows"), "{known:?}");
    // The scripts of tests and benchmarks, and cargo, have options of their own.
    known.extend(["help".to_owned(), "bench".to_owned()]);
    known.extend(options(&read(".ci/test")));
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    for script in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if script.extension().is_some_and(|ending| ending == "py") {
            known.extend(options(&std::fs::read_to_string(script).unwrap().replace(['"', '\''], " ")));
        }
    }
    let unknown: Vec<String> = options(&readme()).difference(&known).cloned().collect();
    assert!(unknown.is_empty(), "the README names options that there are not: {unknown:?}");
}
