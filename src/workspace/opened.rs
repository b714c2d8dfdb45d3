//! A workspace that is open in a window: its file, the steps that led to it, and whether this window may write it.

use std::path::{Path, PathBuf};

use super::bench::BenchHistory;
use super::document::Seen;
use super::{Folders, Workspace, WorkspaceLock, load_steps, save_steps};
use crate::data::{Fault, Result};

/// A workspace that is open in a window.
#[derive(Debug)]
pub struct OpenedWorkspace {
    pub file: PathBuf,
    pub history: BenchHistory,
    pub seen: Seen,
    /// `None` where this window does not write the file: what is set up in it is not kept.
    pub lock: Option<WorkspaceLock>,
    /// Another window writes it.
    pub elsewhere: bool,
}

impl OpenedWorkspace {
    /// Opens the workspace in `file`, which need not be there yet.
    ///
    /// # Errors
    /// As of `Workspace::load`, or when the folder for settings cannot be written.
    pub fn open(file: &Path, folders: &Folders) -> Result<Self> {
        let lock = WorkspaceLock::take(file, folders)?;
        let vault = folders.vault();
        let Workspace { seen, bench, .. } = Workspace::load(file, &vault)?;
        let history = load_steps(bench, &folders.steps_of(file), &vault);
        Ok(Self { file: file.to_owned(), history, seen, elsewhere: lock.is_none(), lock })
    }

    /// As `open`, of a file that has to be there.
    ///
    /// # Errors
    /// As of `open`, and when there is no such file.
    pub fn open_existing(file: &Path, folders: &Folders) -> Result<Self> {
        file.metadata().map_err(|e| Fault::io(file.display().to_string(), &e))?;
        Self::open(file, folders)
    }

    /// One with nothing in it that is never written.
    pub fn empty(file: PathBuf) -> Self {
        Self { file, history: BenchHistory::default(), seen: Seen::default(), lock: None, elsewhere: false }
    }
}

/// Writes a workspace with its steps.
///
/// # Errors
/// When a folder or the vault cannot be written.
pub fn save_workspace(history: &BenchHistory, seen: Seen, file: &Path, folders: &Folders) -> Result<()> {
    let vault = folders.vault();
    let bench = (**history.now()).clone();
    let workspace = Workspace { seen, bench, ..Workspace::default() };
    workspace.save(file, &vault)?;
    save_steps(history, &folders.steps_of(file), &vault)
}
