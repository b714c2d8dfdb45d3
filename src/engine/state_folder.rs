//! A folder for state that leaves memory: in a workspace, where it outlives the process, or a temporary one. What is
//! written there is left to `sealed` and `spill`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::data::{Fault, Result};
use crate::disk::{self, Scratch, own};

/// A folder of what left memory. It goes with the last that reads it, unless it belongs to a workspace.
#[derive(Debug)]
pub struct StateFolder {
    /// In a workspace.
    kept: Option<PathBuf>,
    /// For the name of a temporary folder, which is made when something is written.
    what: &'static str,
    scratch: OnceLock<Scratch>,
}

impl StateFolder {
    /// In a workspace, what an earlier run wrote and is not `known` goes: it holds rows that are read again.
    ///
    /// # Errors
    /// The disk's, or a link in place of the folder.
    pub fn new(kept: Option<PathBuf>, what: &'static str, known: impl Fn(&str) -> bool) -> Result<Self> {
        if let Some(folder) = &kept {
            let failed = |e: std::io::Error| Fault::io(folder.display().to_string(), &e);
            own::folders(folder).map_err(failed)?;
            for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if is_own_name(&name) && !known(&name) && entry.metadata().is_ok_and(|m| m.is_file()) {
                    // One that cannot be removed is in the way of the next of that name, which says so.
                    let _ = disk::remove(&entry.path());
                }
            }
        }
        Ok(Self { kept, what, scratch: OnceLock::new() })
    }

    /// Where to write, and to read what was written.
    ///
    /// # Errors
    /// When there is no place for temporary files.
    pub fn path(&self) -> Result<&Path> {
        if let Some(folder) = &self.kept {
            return Ok(folder);
        }
        if let Some(scratch) = self.scratch.get() {
            return Ok(scratch.path());
        }
        let made = Scratch::new(self.what);
        let made = made.map_err(|e| {
            Fault::io("a temporary folder", &e).hint("set TMPDIR to a folder that can be written and has room")
        })?;
        // Where two threads make one at a time, one of them goes.
        Ok(self.scratch.get_or_init(|| made).path())
    }

    /// Whether what is in it outlives the process.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }
}

/// What `sealed` and `spill` call their files: eight digits and an ending.
fn is_own_name(name: &str) -> bool {
    let digits = |stem: &str| stem.len() == 8 && stem.bytes().all(|b| b.is_ascii_digit());
    name.split_once('.').is_some_and(|(stem, ending)| digits(stem) && matches!(ending, "arrow" | "shares" | "run"))
}
