//! A table as a person has set it up: what it is made of, what was asked of it, how that was drawn. Opening it is left
//! to the window.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::{Seam, TablePosition, TimeColumn};
use crate::figure::Settings;
use crate::learn::drift::StaleReason;
use crate::source::live::FeedUrl;
use crate::source::live::url::shown;

/// A table's number; never used twice on a bench. 0 for one that is on none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TableId(pub u64);

impl TableId {
    pub fn is_none(&self) -> bool {
        self.0 == 0
    }
}

/// A table: what it is made of, what was asked of it, how that was drawn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TableSetup {
    #[serde(skip_serializing_if = "TableId::is_none")]
    pub id: TableId,
    pub name: String,
    pub paths: Vec<PathBuf>,
    /// Feeds, with their credentials; these are taken out when it is saved.
    pub live: Vec<String>,
    pub time: Option<TimeSetup>,
    pub seam: SeamSetup,
    /// SQL; empty for the first question that fits.
    pub question: String,
    /// How much time the question was proposed for, seconds, where nobody has written it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<u64>,
    /// A name of `MARKS`; empty for the one that fits.
    pub mark: String,
    /// How the answer is drawn, but for its mark.
    #[serde(skip_serializing_if = "Settings::is_default")]
    pub figure: Box<Settings>,
    /// Its feeds were stopped, and stay so until they are started again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuardSetup {
    /// Features are compared every so many rows.
    pub window_rows: u64,
    /// What speaks against the model and a person need not be told again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dismissed: Vec<StaleReason>,
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

impl TableSetup {
    /// The same with what became of `old` in `new`, where it is as `old` was.
    #[must_use]
    pub(super) fn amended(&self, old: &Self, new: &Self) -> Self {
        fn of<T: Clone + PartialEq>(own: &T, old: &T, new: &T) -> T {
            if own == old { new.clone() } else { own.clone() }
        }
        let added = new.models.iter().filter(|model| !old.models.contains(model)).cloned();
        let left = |model: &&ModelSetup| new.models.contains(model) || !old.models.contains(model);
        Self {
            id: self.id,
            name: of(&self.name, &old.name, &new.name),
            paths: of(&self.paths, &old.paths, &new.paths),
            live: of(&self.live, &old.live, &new.live),
            time: of(&self.time, &old.time, &new.time),
            seam: of(&self.seam, &old.seam, &new.seam),
            question: of(&self.question, &old.question, &new.question),
            proposed: of(&self.proposed, &old.proposed, &new.proposed),
            mark: of(&self.mark, &old.mark, &new.mark),
            figure: of(&self.figure, &old.figure, &new.figure),
            models: self.models.iter().filter(left).cloned().chain(added).collect(),
            stopped: of(&self.stopped, &old.stopped, &new.stopped),
            foreign: of(&self.foreign, &old.foreign, &new.foreign),
        }
    }

    /// How the answer is drawn.
    pub fn settings(&self) -> Settings {
        Settings::clone(&self.figure).by(&self.mark)
    }

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
