//! Our own words on their way through polars, which carries nothing but errors of its own.

use polars::prelude::*;

/// What stands before our own words.
const OURS: char = '\u{1}';

/// An error whose words are ours: what is wrong and, after a semicolon, what to do.
pub(super) fn ours(error: PolarsError) -> PolarsError {
    match error {
        PolarsError::ComputeError(said) => polars_err!(ComputeError: "{OURS}{said}"),
        other => other,
    }
}

/// What is wrong and what to do, where an error carries our own words.
pub(super) fn said(error: &str) -> Option<(&str, &str)> {
    let (_, ours) = error.rsplit_once(OURS)?;
    Some(ours.split_once("; ").unwrap_or((ours, "")))
}
