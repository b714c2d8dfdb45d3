//! The settings of a figure: what a person has chosen of how an answer is drawn, as plain data. What nobody chose is
//! guessed by `encode`. The chart of the window, tiles of boards and saved workspaces keep the same type.

use serde::{Deserialize, Serialize};

use super::format::Format;
use super::look::Tone;

/// More series than this cannot be told apart at a glance: those that nobody chose are left out.
pub const MOST_SERIES: usize = 8;
/// More than this cannot be told apart at all.
pub const MOST_CHOSEN: usize = 24;
/// More names than this are no help in a list.
pub const MOST_NAMES: usize = 1_000;
/// More panels than this cannot be read.
pub const MOST_PANELS: usize = 16;

/// Choices; a default one is left out of a file, and stands for the guess.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The name of one of `MARKS`; empty for the one that fits.
    #[serde(skip_serializing_if = "is_default")]
    pub mark: String,
    #[serde(skip_serializing_if = "is_default")]
    pub x: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub y: Option<Vec<String>>,
    /// The column with a series for each of its values; an empty name says expressly none.
    #[serde(skip_serializing_if = "is_default")]
    pub split: Option<String>,
    /// The column with a small picture for each of its values.
    #[serde(skip_serializing_if = "is_default")]
    pub panels: Option<String>,
    /// Whether each of the small pictures has a y axis of its own.
    #[serde(skip_serializing_if = "is_default")]
    pub free_y: bool,
    /// The series that are shown, by their names; empty for the largest.
    #[serde(skip_serializing_if = "is_default")]
    pub only: Vec<String>,
    /// The one series that all others are hidden for.
    #[serde(skip_serializing_if = "is_default")]
    pub isolated: Option<String>,
    /// Series that keep their name in the legend and are not drawn.
    #[serde(skip_serializing_if = "is_default")]
    pub hidden: Vec<String>,
    /// How many of the largest series are shown.
    #[serde(skip_serializing_if = "is_default")]
    pub top: Option<usize>,
    /// Whether those that are left out are summed up as one, where that is exact; stacks do so unless told otherwise.
    #[serde(skip_serializing_if = "is_default")]
    pub other: Option<bool>,
    /// The measures of the right axis; `None` leaves it to their sizes.
    #[serde(skip_serializing_if = "is_default")]
    pub right: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_default")]
    pub title: String,
    #[serde(skip_serializing_if = "is_default")]
    pub x_title: String,
    #[serde(skip_serializing_if = "is_default")]
    pub left_axis: AxisSettings,
    #[serde(skip_serializing_if = "is_default")]
    pub right_axis: AxisSettings,
    /// Thresholds and reference lines.
    #[serde(skip_serializing_if = "is_default")]
    pub rules: Vec<Rule>,
    /// What a newer Braid wrote, and this one keeps.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// Of a y axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AxisSettings {
    /// Empty for the name of its only measure.
    #[serde(skip_serializing_if = "is_default")]
    pub title: String,
    #[serde(skip_serializing_if = "is_default")]
    pub format: Format,
    #[serde(skip_serializing_if = "is_default")]
    pub log: bool,
}

/// A line at a value that matters, and what lies beyond it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    #[serde(skip_serializing_if = "is_default")]
    pub on: RuleAxis,
    /// On the axis: of time microseconds since 1970, of a log axis the value itself.
    pub at: f64,
    #[serde(skip_serializing_if = "is_default")]
    pub label: String,
    #[serde(skip_serializing_if = "is_default")]
    pub tone: Tone,
    #[serde(skip_serializing_if = "is_default")]
    pub shade: Shade,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleAxis {
    #[default]
    Left,
    Right,
    X,
}

/// Which side of a rule is tinted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shade {
    #[default]
    None,
    /// Larger values, or what is later.
    Above,
    Below,
}

impl Settings {
    /// Whether nothing was chosen, so that a file needs not say it.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The name of the mark, and everything else.
    #[must_use]
    pub fn apart(mut self) -> (String, Self) {
        (std::mem::take(&mut self.mark), self)
    }

    /// The same drawn by this mark.
    #[must_use]
    pub fn by(self, mark: &str) -> Self {
        Self { mark: mark.to_owned(), ..self }
    }

    /// Shows a series alone, or all again where it is alone already.
    pub fn isolate(&mut self, name: &str) {
        let alone = self.isolated.as_deref() == Some(name);
        self.isolated = (!alone).then(|| name.to_owned());
        self.hidden.clear();
    }

    /// Hides a series, or shows it again.
    pub fn hide(&mut self, name: &str) {
        self.isolated = None;
        let before = self.hidden.len();
        self.hidden.retain(|other| other != name);
        if self.hidden.len() == before {
            self.hidden.push(name.to_owned());
        }
    }

    /// The settings of the left or the right axis.
    pub fn axis(&self, right: bool) -> &AxisSettings {
        if right { &self.right_axis } else { &self.left_axis }
    }

    pub fn axis_mut(&mut self, right: bool) -> &mut AxisSettings {
        if right { &mut self.right_axis } else { &mut self.left_axis }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
