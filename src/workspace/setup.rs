//! A workspace as serde data, and how it is read and written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bench::{BenchHistory, BoardId};
use super::secrets::{put_apart, put_back};
use super::vault::Vault;
use crate::data::{Fault, Result};
use crate::disk::{self, own};
use crate::engine::{Seam, TablePosition, TimeColumn};
use crate::source::live::FeedUrl;
use crate::source::live::url::shown;

/// Bytes that a workspace may have.
const LARGEST: u64 = 64 << 20;
/// What stands in place of the seal while it is computed.
const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A workspace as it stands in a file.
#[derive(Serialize)]
struct Document {
    /// Of the rest: what only this user's key can make.
    seal: String,
    #[serde(flatten)]
    workspace: Workspace,
}

/// What of it is read before the rest. To read both at once serde would keep all that it does not know, as deep as it
/// goes.
#[derive(Deserialize)]
struct Sealed {
    #[serde(default)]
    seal: String,
}

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
    /// The board that was shown; `None` for a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<BoardId>,
    /// Boards and their tiles, with the steps that led to them.
    pub bench: BenchHistory,
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
    /// Feeds, with their credentials; these are taken out when it is saved.
    pub live: Vec<String>,
    pub time: Option<TimeSetup>,
    pub seam: SeamSetup,
    /// SQL; empty for the first question that fits.
    pub question: String,
    /// A name of `MARKS`; empty for the one that fits.
    pub mark: String,
    /// Its models, each in a file of its own.
    pub models: Vec<ModelSetup>,
    /// It comes from a file that this user did not save on this machine: the hosts that it names are to be agreed to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
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
    /// How far the feeds were trained on: rows from there on are new to it.
    #[serde(rename = "learnt")]
    pub trained: Option<TablePosition>,
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
    /// What is written in `file`; an empty workspace when there is no such file. One that was not saved here by this
    /// user, as the key of the vault tells, is foreign.
    ///
    /// # Errors
    /// When it cannot be read or is not a workspace.
    pub fn load(file: &Path, vault: &Vault) -> Result<Self> {
        let place = file.display().to_string();
        let bytes = match File::open(file).and_then(|opened| disk::read_bounded(opened, LARGEST)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Fault::io(place, &error)),
            Ok(bytes) => bytes,
        };
        let none = |why: String| {
            Fault::new(format!("this is not a workspace: {why}"))
                .at(place.clone())
                .hint("move the file away to start afresh")
        };
        let text = String::from_utf8(bytes).map_err(|_| none("it is no text".to_owned()))?;
        let Sealed { seal } = serde_json::from_str(&text).map_err(|e| none(e.to_string()))?;
        let mut workspace: Self = serde_json::from_str(&text).map_err(|e| none(e.to_string()))?;
        let own = vault.is_sealed(&text.replacen(&seal, UNSEALED, 1), &seal);
        let secrets = if own { vault.secrets() } else { BTreeMap::default() };
        for table in workspace.setups() {
            table.foreign |= !own;
            for url in &mut table.live {
                *url = put_back(url, &secrets);
            }
        }
        Ok(workspace)
    }

    /// As `load`, of a file that has to be there.
    ///
    /// # Errors
    /// As of `load`, and when there is no such file.
    pub fn load_existing(file: &Path, vault: &Vault) -> Result<Self> {
        file.metadata().map_err(|e| Fault::io(file.display().to_string(), &e))?;
        Self::load(file, vault)
    }

    /// Writes it so that a reader sees the old file or the new one, never half of one; sealed, and without secrets,
    /// which are kept in the vault.
    ///
    /// # Errors
    /// When the folder or the vault cannot be written.
    pub fn save(&self, file: &Path, vault: &Vault) -> Result<()> {
        let fault = |error: &std::io::Error| Fault::io(file.display().to_string(), error);
        let mut saved = self.clone();
        let mut secrets = BTreeMap::default();
        for url in saved.setups().flat_map(|table| &mut table.live) {
            *url = put_apart(url, vault, &mut secrets)?;
        }
        vault.keep(secrets)?;
        let text = serde_json::to_string_pretty(&Document { seal: UNSEALED.to_owned(), workspace: saved })
            .map_err(|e| Fault::new(e.to_string()))?;
        let text = text.replacen(UNSEALED, &vault.seal(&text)?, 1);
        if let Some(folder) = file.parent() {
            own::root(folder).map_err(|e| fault(&e))?;
        }
        own::replace(file, text.as_bytes()).map_err(|e| fault(&e))
    }

    fn setups(&mut self) -> impl Iterator<Item = &mut TableSetup> {
        self.tables.iter_mut().chain(&mut self.recent)
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
    /// The machines that its feeds are on.
    pub fn hosts(&self) -> BTreeSet<String> {
        self.live.iter().filter_map(|url| FeedUrl::parse(url).ok()).flat_map(|url| url.hosts()).collect()
    }

    /// Where it comes from, in one line: for the recent items.
    pub fn origin(&self) -> String {
        let paths = self.paths.iter().map(|p| p.display().to_string());
        let feeds = self.live.iter().map(|url| shown(url));
        paths.chain(feeds).collect::<Vec<_>>().join(" + ")
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
