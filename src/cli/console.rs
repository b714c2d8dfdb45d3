//! What is said to a person beside the answer: on stderr, a line each. Values, names and faults may hold anything; a
//! terminal must not take them for commands.

use std::io::{IsTerminal, Write};

use crate::data::words::visible;

/// A line on stderr. Where that is closed there is nobody to tell.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", visible(text));
}

/// A line of progress in place of the one before, for people only.
pub fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", visible(text));
    }
}
