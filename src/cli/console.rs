//! Messages to a person beside the answer: on stderr, a line each. Values, names and faults may hold control
//! characters, which a terminal must not take for commands.

use std::io::{IsTerminal, Write};

use crate::data::words::visible;

/// Writes a line to stderr. When stderr is closed, nobody reads the line, and the error is ignored.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", visible(text));
}

/// Replaces the line of progress before it; only on a terminal.
pub fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", visible(text));
    }
}
