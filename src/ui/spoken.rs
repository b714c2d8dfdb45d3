//! Faults in the window's words: what they say of options of the command line is left out, as a window has none.

use std::borrow::Cow;

use crate::data::Fault;

/// A fault as the window tells it; its span stays.
pub fn fault(fault: &Fault) -> Fault {
    Fault { what: text(&fault.what).into_owned(), hint: text(&fault.hint).into_owned(), ..fault.clone() }
}

/// The text without the parentheses and clauses that name an option.
pub fn text(text: &str) -> Cow<'_, str> {
    if !names_option(text) {
        return Cow::Borrowed(text);
    }
    let text = without_parentheses(text);
    let mut said = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut before = "";
    while !rest.is_empty() {
        let (clause, between) = first_clause(rest);
        rest = rest.get(clause.len() + between.len()..).unwrap_or_default();
        if !names_option(clause) {
            if !said.is_empty() {
                said.push_str(before);
            }
            said.push_str(clause);
        }
        before = between;
    }
    Cow::Owned(said)
}

/// `--` and a letter.
fn names_option(text: &str) -> bool {
    text.split("--").skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// The first clause, and what stands between it and the next.
fn first_clause(text: &str) -> (&str, &str) {
    const BETWEEN: &[&str] = &[", or ", "; ", ", "];
    let ends = BETWEEN.iter().filter_map(|between| Some((text.find(between)?, *between)));
    // Of those at one place, the longest.
    let end = ends.min_by_key(|(at, between)| (*at, std::cmp::Reverse(between.len())));
    end.map_or((text, ""), |(at, between)| {
        text.split_at_checked(at).map_or((text, ""), |(clause, _)| (clause, between))
    })
}

fn without_parentheses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once(" (") {
        let Some((_, after)) = inner.split_once(')').filter(|(inside, _)| names_option(inside)) else {
            out.push_str(before);
            out.push_str(" (");
            rest = inner;
            continue;
        };
        out.push_str(before);
        rest = after;
    }
    out + rest
}
