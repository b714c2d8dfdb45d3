//! Who may write a workspace: the first window that opened it, until it is closed or dies.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
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
        let path = folders.kept_for(workspace).join("lock");
        let fault = |error: &std::io::Error| Fault::io(path.display().to_string(), error);
        if let Some(folder) = path.parent() {
            own::folders(folder).map_err(|e| fault(&e))?;
        }
        let file = own::change(&path).map_err(|e| fault(&e))?;
        Ok(file.try_lock().is_ok().then_some(Self { _file: file }))
    }
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
