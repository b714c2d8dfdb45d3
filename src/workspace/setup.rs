//! A workspace as serde data, and how it is read and written.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::without_secrets;
use crate::data::{Fault, Result};
use crate::engine::{Mark, Seam, TimeColumn};

/// How many recent items are remembered.
const RECENT: usize = 8;

/// All that a person has set up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// What was open, in the order of the tables panel.
    pub tables: Vec<TableSetup>,
    /// What was opened lately, newest first.
    pub recent: Vec<TableSetup>,
    pub theme: Theme,
}

/// Light, dark, or what the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// A table: what it is made of, what was asked of it, how that was drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableSetup {
    pub name: String,
    pub paths: Vec<PathBuf>,
    /// Feeds, without credentials.
    pub live: Vec<String>,
    pub time: Option<TimeSetup>,
    pub seam: SeamSetup,
    /// SQL; empty for the first question that fits.
    pub question: String,
    /// A name of `MARKS`; empty for the one that fits.
    pub mark: String,
    /// Its models, each in a file of its own.
    pub models: Vec<ModelSetup>,
}

/// A model in a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelSetup {
    /// What questions call it; empty for the name in its file, or that of the file.
    pub name: String,
    pub file: PathBuf,
    /// What its target is computed from, where that is no column.
    pub target_sql: Option<String>,
    /// How far the feeds were learnt from: rows from there on are new to it.
    pub learnt: Option<Mark>,
    /// That it is guarded.
    pub guard: Option<GuardSetup>,
}

/// How a model is guarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuardSetup {
    /// Features are compared every so many rows.
    pub window_rows: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSetup {
    pub column: String,
    pub lateness_ms: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeamSetup {
    Position,
    /// Microseconds since 1970, UTC.
    Time(i64),
    Key(String),
    #[default]
    Append,
}

impl Workspace {
    /// What is written in `file`; an empty workspace when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read or is not a workspace.
    pub fn load(file: &Path) -> Result<Self> {
        let place = file.display().to_string();
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Fault::io(place, &error)),
            Ok(text) => text,
        };
        serde_json::from_str(&text).map_err(|e| Fault::new(format!("this is not a workspace: {e}")).at(place).hint("move the file away to start afresh"))
    }

    /// Writes it so that a reader sees the old file or the new one, never half of one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let fault = |error: &std::io::Error| Fault::io(file.display().to_string(), error);
        let text = serde_json::to_string_pretty(self).map_err(|e| Fault::new(e.to_string()))?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|e| fault(&e))?;
        }
        let part = file.with_extension("part");
        fs::write(&part, text).and_then(|()| fs::rename(&part, file)).map_err(|e| fault(&e))
    }

    /// Whether a file is named by a table, open or recent.
    pub fn names(&self, model: &Path) -> bool {
        self.tables.iter().chain(&self.recent).flat_map(|table| &table.models).any(|setup| setup.file == model)
    }

    /// What is open is, among the recent ones, as it is now.
    pub fn renew(&mut self) {
        for item in &mut self.recent {
            if let Some(open) = self.tables.iter().find(|open| (&open.paths, &open.live) == (&item.paths, &item.live)) {
                item.clone_from(open);
            }
        }
    }

    /// A feed was attached to what was remembered without it.
    pub fn grew(&mut self, item: TableSetup) {
        self.recent.retain(|old| old.paths != item.paths || !item.live.starts_with(&old.live));
        self.remember(item);
    }

    /// Puts `item` first among the recent ones.
    pub fn remember(&mut self, item: TableSetup) {
        self.recent.retain(|old| (&old.paths, &old.live) != (&item.paths, &item.live));
        self.recent.insert(0, item);
        self.recent.truncate(RECENT);
    }
}

impl TableSetup {
    /// Takes credentials out of its feeds.
    pub fn cleaned(mut self) -> Self {
        self.live = self.live.iter().map(|url| without_secrets(url)).collect();
        self
    }

    /// Where it comes from, in one line: for the recent items.
    pub fn origin(&self) -> String {
        let paths = self.paths.iter().map(|p| p.display().to_string());
        paths.chain(self.live.iter().cloned()).collect::<Vec<_>>().join(" + ")
    }
}

impl From<&TimeColumn> for TimeSetup {
    fn from(time: &TimeColumn) -> Self {
        Self { column: time.column.clone(), lateness_ms: u64::try_from(time.lateness.as_millis()).unwrap_or(u64::MAX) }
    }
}

impl From<&TimeSetup> for TimeColumn {
    fn from(time: &TimeSetup) -> Self {
        Self { column: time.column.clone(), lateness: Duration::from_millis(time.lateness_ms) }
    }
}

impl From<&Seam> for SeamSetup {
    fn from(seam: &Seam) -> Self {
        match seam {
            Seam::Position => Self::Position,
            Seam::Time(at) => Self::Time(*at),
            Seam::Key(column) => Self::Key(column.clone()),
            Seam::Append => Self::Append,
        }
    }
}

impl From<&SeamSetup> for Seam {
    fn from(seam: &SeamSetup) -> Self {
        match seam {
            SeamSetup::Position => Self::Position,
            SeamSetup::Time(at) => Self::Time(*at),
            SeamSetup::Key(column) => Self::Key(column.clone()),
            SeamSetup::Append => Self::Append,
        }
    }
}
