//! What to do about a fault, as data: words, or the name of what to change, which each face of the program words for
//! itself, as it alone knows where that is changed.

use std::borrow::Cow;
use std::fmt;

/// Ways out of a fault, the best first; there may be none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint(Vec<Remedy>);

/// One way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same words everywhere: a plain phrase without a full stop.
    Words(String),
    Change(Setting),
}

/// What somebody can change or give. As text: words that say what, and not where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// How much memory there is: more, or at least so many MiB.
    Memory { least: Option<u64> },
    /// The files and feeds of a table that has none.
    Inputs,
    /// A table that a question names and that is not open.
    Table,
    /// The event time of a table.
    TimeColumn { table: String },
    /// Which of a table's faces owns a row, by its time or key.
    Seam { table: String },
    /// That no row of a table is in both of its faces.
    Disjoint { table: String },
    /// A trained model under a name.
    Model { name: String },
    /// A workspace that no other run has.
    OwnWorkspace,
    /// A workspace in which nothing is kept yet.
    NewWorkspace,
    /// The program whose output is read as the standard input.
    Pipe,
    /// A question without a window.
    NoWindow,
}

impl Hint {
    /// The ways out that `word` has words for, as one phrase.
    pub fn said(&self, word: impl Fn(&Setting) -> Option<String>) -> String {
        let said: Vec<Cow<'_, str>> = self
            .0
            .iter()
            .filter_map(|remedy| match remedy {
                Remedy::Words(words) => Some(Cow::Borrowed(words.as_str())),
                Remedy::Change(setting) => word(setting).map(Cow::Owned),
            })
            .collect();
        match said.split_last() {
            None => String::new(),
            Some((only, [])) => only.to_string(),
            Some((last, before)) => format!("{}, or {last}", before.join(", ")),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said(|setting| Some(setting.to_string())))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { least: Some(mib) } => write!(f, "allow at least {mib} MiB"),
            Self::Memory { least: None } => f.write_str("allow more memory"),
            Self::Inputs => f.write_str("give it files or a feed"),
            Self::Table => f.write_str("open it"),
            Self::TimeColumn { .. } => f.write_str("choose its time column"),
            Self::Seam { .. } => f.write_str("say where live takes over with a seam at a time or by a key"),
            Self::Disjoint { .. } => f.write_str("say that no row is in both"),
            Self::Model { name } => write!(f, "load one as {name}"),
            Self::OwnWorkspace => f.write_str("give this one a workspace of its own"),
            Self::NewWorkspace => f.write_str("do so in a new workspace"),
            Self::Pipe => f.write_str("pipe rows into it"),
            Self::NoWindow => f.write_str("ask a question without a window"),
        }
    }
}

impl From<&str> for Remedy {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl From<String> for Remedy {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<Setting> for Remedy {
    fn from(setting: Setting) -> Self {
        Self::Change(setting)
    }
}

impl From<&str> for Hint {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

impl From<String> for Hint {
    fn from(words: String) -> Self {
        if words.is_empty() { Self::default() } else { Self(vec![words.into()]) }
    }
}

impl From<Setting> for Hint {
    fn from(setting: Setting) -> Self {
        Self(vec![setting.into()])
    }
}

impl<const N: usize> From<[Remedy; N]> for Hint {
    fn from(remedies: [Remedy; N]) -> Self {
        Self(remedies.into())
    }
}
