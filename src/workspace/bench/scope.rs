//! What all tiles of a board are limited to: a stretch of time, filters, and the values of variables.

use serde::{Deserialize, Serialize};

use crate::data::zone::Zone;
use crate::query::sql::unquoted_text;

/// What all tiles of a board share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    #[serde(skip_serializing_if = "Span::is_all")]
    pub span: Span,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
}

/// A stretch of event time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    #[default]
    All,
    /// The last so many seconds before now.
    Last(u32),
    /// Since the day, or the week, began, in the zone that is shown.
    Since(Calendar),
    /// Microseconds since 1970, UTC; without an end it is open, and `until` is not included.
    Between { from: Option<i64>, until: Option<i64> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Calendar {
    Day,
    Week,
}

/// Rows that a column lets through, on every tile whose table has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    pub column: String,
    /// As SQL; `None` is a missing value.
    pub values: Vec<Option<String>>,
    /// Instead of values: what lies from the first on and below the second, as SQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(String, String)>,
    /// All but these.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inverted: bool,
}

/// A value that questions name as `$name`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Variable {
    pub name: String,
    pub kind: VariableKind,
    pub value: String,
}

/// What a variable may be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VariableKind {
    #[default]
    Text,
    Number,
    /// One of the values that a column has.
    List {
        table: String,
        column: String,
    },
}

impl Span {
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// From when, and until when, seen from `now`; microseconds. Days begin as the clocks of a zone say.
    pub fn at(self, now: i64, zone: Zone) -> (Option<i64>, Option<i64>) {
        match self {
            Self::All => (None, None),
            Self::Last(seconds) => (Some(now.saturating_sub(i64::from(seconds) * 1_000_000)), None),
            Self::Since(Calendar::Day) => (Some(zone.day_begin(now)), None),
            Self::Since(Calendar::Week) => (Some(zone.week_begin(now)), None),
            Self::Between { from, until } => (from, until),
        }
    }

    /// Whether it moves on as time does.
    pub fn rolls(self) -> bool {
        matches!(self, Self::Last(_))
    }

    /// Whether it is only known where it lies once now is.
    pub fn needs_now(self) -> bool {
        matches!(self, Self::Last(_) | Self::Since(_))
    }

    /// In words.
    pub fn words(self) -> String {
        let of = |count: u32, unit: &str| {
            if count == 1 { format!("Last {unit}") } else { format!("Last {count} {unit}s") }
        };
        match self {
            Self::All => "All time".to_owned(),
            Self::Last(seconds) => match seconds {
                s if s.is_multiple_of(86_400) => of(s / 86_400, "day"),
                s if s.is_multiple_of(3_600) => of(s / 3_600, "hour"),
                s if s.is_multiple_of(60) => of(s / 60, "minute"),
                s => of(s, "second"),
            },
            Self::Since(Calendar::Day) => "Since the day began".to_owned(),
            Self::Since(Calendar::Week) => "Since the week began".to_owned(),
            Self::Between { .. } => "A fixed stretch".to_owned(),
        }
    }
}

impl Filter {
    /// Whether it lets named values of this column through.
    fn lists(&self, column: &str) -> bool {
        self.column == column && !self.inverted && self.range.is_none()
    }

    /// In words: `origin: ATL, JFK`; `delay: 10 to 20`.
    pub fn words(&self) -> String {
        let how = if self.inverted { " not" } else { ":" };
        if let Some((from, to)) = &self.range {
            return format!("{}{how} {from} to {to}", self.column);
        }
        let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "missing".to_owned(), unquoted_text);
        let values: Vec<String> = self.values.iter().map(shown).collect();
        format!("{}{how} {}", self.column, values.join(", "))
    }
}

impl Scope {
    /// With a value of a column let through alone, or, where it is, not any more.
    #[must_use]
    pub fn toggled(mut self, column: &str, value: &Option<String>) -> Self {
        match self.filters.iter_mut().find(|filter| filter.lists(column)) {
            Some(filter) if filter.values.contains(value) => filter.values.retain(|own| own != value),
            Some(filter) => filter.values.push(value.clone()),
            None => {
                let values = vec![value.clone()];
                self.filters.push(Filter { column: column.to_owned(), values, ..Filter::default() });
            }
        }
        self.filters.retain(|filter| !filter.values.is_empty() || filter.range.is_some());
        self
    }

    /// With what was dragged over let through alone, in place of what a column let through before.
    #[must_use]
    pub fn brushed(mut self, picked: Filter) -> Self {
        match self.filters.iter_mut().find(|filter| filter.column == picked.column && !filter.inverted) {
            Some(filter) => *filter = picked,
            None => self.filters.push(picked),
        }
        self
    }
}
