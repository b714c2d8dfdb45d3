//! The progress of a run: one line on stderr, rewritten in a terminal, and now and then a line elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::super::console;
use crate::data::words;
use crate::engine::Snapshot;

/// One line on stderr, rewritten in a terminal and silent elsewhere unless the run is long.
pub struct ProgressLine {
    terminal: bool,
    shown: Instant,
}

impl ProgressLine {
    pub fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: Instant::now() }
    }

    pub fn show(&mut self, s: &Snapshot) {
        let pause = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(5) };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let mut line = format!("{} rows", words::count(s.rows.come_in));
        if s.history_total > 0 {
            line += &format!(", history {:.0} %", s.history_share() * 100.0);
        }
        if s.live_open > 0 {
            line += &format!(", live {} rows/s", words::count(s.live_rate as u64));
        }
        for (count, word) in [
            (s.rows.late, "late"),
            (s.rows.rejected, "set aside"),
            (s.rows.cells, "cells set aside"),
            (s.rows.dropped, "dropped"),
        ] {
            if count > 0 {
                line += &format!(", {} {word}", words::count(count));
            }
        }
        if self.terminal { console::progress(&line) } else { console::line(&line) }
    }

    pub fn clear(&self) {
        console::progress("");
    }
}
