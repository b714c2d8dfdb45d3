//! What is in a folder, for a path that is being written.

use std::path::{Path, PathBuf};

use crate::data::{Fault, Result};
use crate::engine::Job;
use crate::engine::job::Reporter;
use crate::sync::Wake;

/// The most names that are listed.
pub const MOST_LISTED: usize = 20_000;

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderEntry {
    pub name: String,
    pub is_folder: bool,
}

/// Lists a folder by names, `MOST_LISTED` at most; a name that is no text is left out.
pub fn list_folder(folder: PathBuf, wake: Wake) -> Job<Vec<FolderEntry>> {
    Job::start("list a folder", wake, move |reporter| list(&folder, reporter))
}

fn list(folder: &Path, reporter: &Reporter) -> Result<Vec<FolderEntry>> {
    let fault = |error: &std::io::Error| Fault::io(folder.display().to_string(), error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| fault(&e))?.take(MOST_LISTED) {
        reporter.check()?;
        let entry = entry.map_err(|e| fault(&e))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // A link is what it leads to.
        let is_folder =
            entry.file_type().is_ok_and(|t| if t.is_symlink() { entry.path().is_dir() } else { t.is_dir() });
        entries.push(FolderEntry { name, is_folder });
    }
    entries.sort();
    Ok(entries)
}
