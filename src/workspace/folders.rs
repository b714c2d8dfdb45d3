//! Where Braid keeps its own files. Tests and the benchmark name their own folders and never touch the user's.

use std::path::PathBuf;

use super::Vault;
use crate::data::{Fault, Result};

/// The folders that Braid may write to without asking where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// For what must be kept: the workspace.
    pub config: PathBuf,
    /// For what can be made again: the sample data.
    pub cache: PathBuf,
    /// For what a person saves where no dialog can ask for a place.
    pub downloads: PathBuf,
}

impl Folders {
    /// The user's folders, as the operating system names them.
    ///
    /// # Errors
    /// When there is no home folder.
    pub fn of_user() -> Result<Self> {
        let missing = || Fault::new("this user has no home folder").hint("set HOME to a folder that can be written");
        let config = dirs::config_dir().ok_or_else(missing)?.join("braid");
        let cache = dirs::cache_dir().ok_or_else(missing)?.join("braid");
        let downloads = dirs::download_dir().or_else(dirs::home_dir).ok_or_else(missing)?;
        Ok(Self { config, cache, downloads })
    }

    /// All folders inside `root`.
    pub fn inside(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { config: root.join("config"), cache: root.join("cache"), downloads: root.join("downloads") }
    }

    /// For models that nobody has saved elsewhere.
    pub fn models(&self) -> PathBuf {
        self.config.join("models")
    }

    /// What is this user's alone.
    pub fn vault(&self) -> Vault {
        Vault::new(&self.config)
    }

    pub fn settings_file(&self) -> PathBuf {
        self.config.join("settings.json")
    }

    /// The workspace without a name.
    pub fn workspace_file(&self) -> PathBuf {
        self.config.join("workspace.json")
    }
}
