//! Who may write a workspace: the first window that opened it, until it is closed or dies.
//!
//! The lock lies beside the file, so that windows of other homes see it, too. The system lets go of it with its
//! process, however that ends. What is locked is empty and stays: were it taken away, one window could hold what is not
//! there any more, and the next one lock another.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

use super::Folders;
use crate::data::{Fault, Result};
use crate::disk::own;

/// Held while a window may write a workspace.
#[derive(Debug)]
pub struct WorkspaceLock {
    _file: File,
}

impl WorkspaceLock {
    /// `None` when another window holds it.
    ///
    /// # Errors
    /// When the folder for settings cannot be written.
    pub fn take(workspace: &Path, folders: &Folders) -> Result<Option<Self>> {
        // Where nothing can be written beside it, nobody can write it either.
        let file = beside(workspace).or_else(|_| {
            let folder = folders.kept_for(workspace);
            let path = folder.join("lock");
            own::folders(&folder)
                .and_then(|()| own::change(&path))
                .map_err(|error| Fault::io(path.display().to_string(), &error))
        })?;
        Ok(file.try_lock().is_ok().then_some(Self { _file: file }))
    }
}

/// The file beside a workspace that is locked, whichever way the workspace was named.
fn beside(workspace: &Path) -> io::Result<File> {
    let named = std::path::absolute(workspace)?;
    let (folder, name) = named.parent().zip(named.file_name()).ok_or(io::ErrorKind::InvalidInput)?;
    own::root(folder)?;
    // A link leads to the file that is meant; one that is not there yet has a folder all the same.
    let file = named.canonicalize().or_else(|_| Ok::<_, io::Error>(folder.canonicalize()?.join(name)))?;
    let name = file.file_name().unwrap_or(name).to_string_lossy();
    own::change(&file.with_file_name(format!(".{name}.lock")))
}

impl Folders {
    /// The folder for what belongs to a workspace and is not in its file: its lock, its steps, what its feeds have
    /// sent.
    pub fn kept_for(&self, workspace: &Path) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        std::path::absolute(workspace).unwrap_or_else(|_| workspace.to_owned()).hash(&mut hasher);
        let stem = workspace.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let word: String = stem.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).take(40).collect();
        self.config.join("workspaces").join(format!("{word}-{:016x}", hasher.finish()))
    }

    /// Where the steps of a workspace are kept.
    pub fn steps_of(&self, workspace: &Path) -> PathBuf {
        self.kept_for(workspace).join("steps.json")
    }
}
