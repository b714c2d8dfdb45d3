//! The samples that come with the program: small tables of public or generated data, some with a board. The window
//! opens them; its first page, its menu and its palette are loops over `SAMPLES`.

mod flights;
mod keep;
mod market;
mod noise;
mod plant;
mod tiles;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::bench::BoardRow;
use super::table::TableSetup;
use crate::data::Result;
use crate::engine::job::Reporter;

/// Something to begin with.
#[derive(Debug)]
pub struct Sample {
    /// The word for it; no other sample has it.
    pub name: &'static str,
    /// For buttons, and the name of its board.
    pub title: &'static str,
    /// What it shows, one sentence.
    pub about: &'static str,
    /// Puts its files into a folder where they are not there yet: the same bytes each time.
    make: fn(&Path, &Reporter) -> Result<()>,
    /// Its table, of the files in that folder.
    pub table: fn(&Path) -> TableSetup,
    /// Its board, over the table of this name; `None` for a table alone.
    pub board: Option<fn(&str) -> Vec<BoardRow>>,
}

/// Files of samples are written one after the other: who asks a second time finds what the first has written, and does
/// not replace it below a table that was opened meanwhile.
static WRITING: Mutex<()> = Mutex::new(());

impl Sample {
    /// Makes its files, where they are not there yet. It may take a second: call it from a job.
    ///
    /// # Errors
    /// When the folder cannot be written, or the job is cancelled.
    pub fn prepare(&self, folder: &Path, report: &Reporter) -> Result<()> {
        let _one = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        report.check()?;
        (self.make)(folder, report)
    }
}

impl PartialEq for Sample {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// All of them: boards, then tables alone.
pub static SAMPLES: &[&Sample] =
    &[&flights::BOARD, &plant::PLANT, &market::MARKET, &flights::HISTORY, &flights::LIVE, &flights::BOTH];
