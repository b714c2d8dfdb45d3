//! What to change, in the window's words: the menus and buttons in which it is changed.

use super::widget::numbers;
use crate::data::{Fault, Setting};
use crate::engine::counts::TimeGap;

/// A fault in one line, with what to do about it.
pub fn fault(fault: &Fault) -> String {
    Fault { what: what(fault), ..fault.clone() }.said(setting_words)
}

/// What is wrong, with a capital letter, unless its first word is no word but a setting, an address or a quoted name.
pub fn what(fault: &Fault) -> String {
    capital(&fault.what)
}

pub fn capital(text: &str) -> String {
    let word = text.split([' ', ',']).next().unwrap_or_default();
    if !word.chars().all(char::is_alphabetic) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A text in one line: what was broken into lines to be read is told in one.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What to do about a fault, as a line of its own; empty where nothing can be done here.
pub fn hint(fault: &Fault) -> String {
    capital(&fault.hint.said(setting_words))
}

/// `None` for what cannot be changed in a window.
fn setting_words(setting: &Setting) -> Option<String> {
    let words = match setting {
        Setting::Inputs => "open its files, or connect a feed".to_owned(),
        Setting::Table => "open it".to_owned(),
        Setting::TimeColumn { table } => format!("choose its time column in the menu of {table}"),
        Setting::Seam { table } => format!("say where live takes over under Seam in the menu of {table}"),
        Setting::Disjoint { .. } => "say there that no row is in both (Append)".to_owned(),
        Setting::Model { .. } => "load it with Load a model…".to_owned(),
        Setting::Pipe => "start Braid with rows piped into it: PROGRAM | braid stdin:".to_owned(),
        Setting::Memory { .. } | Setting::OwnWorkspace | Setting::NewWorkspace | Setting::NoWindow => return None,
    };
    Some(words)
}

/// The newest gaps, a line each.
pub fn gaps(gaps: &[TimeGap]) -> String {
    const TOLD: usize = 12;
    let tell = |at: Option<i64>, unknown: &str| at.map_or_else(|| unknown.to_owned(), numbers::time);
    let line = |gap: &TimeGap| {
        format!("{}: {} to {}: {}", gap.source, tell(gap.from, "the beginning"), tell(gap.until, "now"), gap.reason)
    };
    let more = gaps.len().saturating_sub(TOLD);
    let older = (more > 0).then(|| format!("and {more} before"));
    gaps.iter().rev().take(TOLD).map(line).chain(older).collect::<Vec<_>>().join("\n")
}
