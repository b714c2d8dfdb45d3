//! A table: a name, a schema, and two faces, history and live, with a seam between them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use polars::prelude::{PlSmallStr, SchemaRef};

use super::feed::Feed;
use super::seam::Seam;
use crate::data::{Fault, Result};
use crate::query::expr::Scalar;
use crate::query::window::micros_of;
use crate::query::{InputTable, Plan};
use crate::source::history::History;

/// What a question is asked of. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub schema: SchemaRef,
    /// Files, in order. May be empty.
    pub history: Vec<Arc<dyn History>>,
    /// Feeds. May be empty.
    pub live: Vec<Feed>,
    /// The event-time column, where there is one.
    pub time: Option<TimeColumn>,
    pub seam: Seam,
    /// A person has said that no row is in both faces.
    pub disjoint: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeColumn {
    pub column: String,
    /// How long after its event time a row may come and still be counted in its window.
    pub lateness: Duration,
}

/// The lateness where none is set.
pub const DEFAULT_LATENESS: Duration = Duration::from_secs(10);

impl TimeColumn {
    /// # Errors
    /// When the table has no such column, or it is not temporal.
    pub fn new(column: &str, lateness: Duration, schema: &SchemaRef, table: &str) -> Result<Self> {
        let found = schema
            .iter()
            .find(|(name, _)| name.as_str() == column)
            .or_else(|| schema.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)));
        let Some((name, dtype)) = found else {
            let names: Vec<&str> = schema.iter_names().map(|n| n.as_str()).collect();
            return Err(Fault::new(format!("there is no column '{column}' to be the event time"))
                .at(table)
                .hint(format!("its columns are {}", names.join(", "))));
        };
        micros_of(&polars::prelude::Column::full_null(name.clone(), 0, dtype)).map_err(|f| f.at(table))?;
        Ok(Self { column: name.to_string(), lateness })
    }

    /// The first temporal column, which is the event time until another is chosen.
    pub fn guess(schema: &SchemaRef) -> Option<Self> {
        use polars::prelude::DataType;
        let temporal = |d: &DataType| matches!(d, DataType::Datetime(..) | DataType::Date);
        schema
            .iter()
            .find(|(_, d)| temporal(d))
            .map(|(name, _)| Self { column: name.to_string(), lateness: DEFAULT_LATENESS })
    }
}

impl Table {
    /// Whether a feed of this address is its.
    pub fn has_feed(&self, url: &str) -> bool {
        self.live.iter().any(|feed| feed.url.text == url)
    }

    /// Whether it has the same feeds, and as many files: an answer over one covers as much as one over the other.
    pub fn has_faces_of(&self, other: &Self) -> bool {
        self.live == other.live && self.history.len() == other.history.len()
    }

    /// This table as a question sees it that calls it `name`.
    pub fn input<'a>(&'a self, name: &'a str) -> InputTable<'a> {
        let commas = self.history.first().map_or(&[][..], |file| file.commas());
        InputTable { name, schema: &self.schema, time: self.time.as_ref().map(|t| t.column.as_str()), commas }
    }

    /// Which rows a question wants judged: those that are older than the watermark, or all where its windows go by
    /// another time than the table's; `None` without windows, where nothing is late.
    pub fn judges_all(&self, plan: &Plan) -> Option<bool> {
        let window = plan.window()?;
        let own = |time: &TimeColumn| matches!(&window.time, Scalar::Column(name) if *name == time.column);
        Some(!self.time.as_ref().is_some_and(own))
    }

    /// The most memory that reading a piece of its files takes, for these of its columns, about.
    pub fn piece_bytes(&self, columns: &[PlSmallStr]) -> u64 {
        let piece = |file: &Arc<dyn History>| {
            let columns: Vec<usize> = columns.iter().filter_map(|c| file.schema().index_of(c)).collect();
            file.piece_bytes(&columns)
        };
        self.history.iter().map(piece).max().unwrap_or(0)
    }

    /// Decides how the faces meet. A feed that goes on where history's own file ends has no row that a time could give
    /// to it: it begins at the beginning then, and where positions decide again, at that end again.
    ///
    /// # Errors
    /// When the feed's address cannot be written so.
    pub fn meet(&mut self, seam: Seam) -> Result<()> {
        if let ([file], [feed]) = (&self.history[..], &mut self.live[..])
            && feed.url.follows_file()
            && let Some(from) = feed.url.params.get("from").and_then(|from| from.parse::<u64>().ok())
        {
            let end = file.extent().bytes;
            match &seam {
                Seam::Time(_) if self.seam == Seam::Position && from == end => *feed = feed.beginning_at(0)?,
                Seam::Position if from == 0 => *feed = feed.beginning_at(end)?,
                _ => {}
            }
        }
        self.seam = seam;
        Ok(())
    }

    /// A table of files that have one schema.
    ///
    /// # Errors
    /// When two of them differ; the fault says in what.
    pub fn of_history(name: &str, history: Vec<Arc<dyn History>>) -> Result<Self> {
        let Some(first) = history.first() else { return Err(Fault::new("there is no file").at(name)) };
        let schema = first.schema().clone();
        for other in &history {
            if let Some(difference) = difference(&schema, other.schema()) {
                return Err(Fault::new(format!("its columns differ from those of {}: {difference}", first.name()))
                    .at(other.name())
                    .hint("open it as a table of its own"));
            }
        }
        let time = TimeColumn::guess(&schema);
        Ok(Self { name: name.to_owned(), schema, history, live: Vec::new(), time, seam: Seam::Append, disjoint: false })
    }
}

/// In what two schemas differ, in words; `None` when they hold the same columns of the same types in any order.
pub fn difference(one: &SchemaRef, other: &SchemaRef) -> Option<String> {
    for (name, dtype) in one.iter() {
        match other.get(name) {
            None => return Some(format!("'{name}' is missing")),
            Some(d) if d != dtype => return Some(format!("'{name}' is {d} instead of {dtype}")),
            _ => {}
        }
    }
    other.iter_names().find(|n| one.get(n).is_none()).map(|n| format!("'{n}' is new"))
}

/// A name for a table made from a path: its stem in lower case, what SQL would need quotes for as `_`.
pub fn name_of(path: &Path) -> String {
    let stem = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = stem.split('.').find(|s| !s.is_empty()).unwrap_or("data").to_lowercase();
    let plain: String = stem.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    let plain = plain.trim_matches('_').to_owned();
    if plain.is_empty() || plain.starts_with(|c: char| c.is_ascii_digit()) { format!("t_{plain}") } else { plain }
}
