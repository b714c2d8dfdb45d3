//! Whole numbers that may be times: columns whose first values all lie in the years 1990 to 2100, in one unit since
//! 1970. They are found to be offered; taking one as the event time is a person's.

use std::time::{Duration, Instant};

use polars::prelude::{ChunkAgg, DataFrame, DataType, PlSmallStr};

use super::feed::Feed;
use super::intake::indices;
use super::job::{Job, Reporter};
use super::table::Table;
use crate::data::Result;
use crate::query::window::EpochUnit;
use crate::source::live::{Event, ReadOptions};
use crate::sync::Wake;

/// Columns that are looked at.
const MOST: usize = 32;
/// How long is waited for the first rows of a feed.
const PATIENCE: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_millis(20);

/// A column of whole numbers that may be times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochColumn {
    pub column: String,
    pub unit: EpochUnit,
}

impl EpochColumn {
    /// As it is offered: `ts · epoch ms`.
    pub fn words(&self) -> String {
        format!("{} · epoch {}", self.column, self.unit.word())
    }

    /// Whether the column is called so, or its numbers can hardly be anything else: seconds are ten digits, as many
    /// other numbers are.
    pub fn is_likely(&self) -> bool {
        const WORDS: &[&str] = &["time", "date", "ts", "epoch", "stamp", "at", "when", "created", "updated"];
        let name = self.column.to_lowercase();
        let word = |w: &&str| WORDS.contains(w) || w.ends_with("time") || w.ends_with("stamp");
        self.unit != EpochUnit::Seconds || name.split(|c: char| !c.is_alphanumeric()).any(|w| word(&w))
    }
}

/// Looks at the first rows of a table; nothing where it has no whole numbers.
pub fn find(table: Table, wake: Wake) -> Option<Job<Vec<EpochColumn>>> {
    let whole = table.schema.iter().filter(|(_, dtype)| is_wide(dtype)).map(|(name, _)| name.clone());
    let columns: Vec<PlSmallStr> = whole.take(MOST).collect();
    (!columns.is_empty()).then(|| {
        Job::start("times", wake, move |report| {
            let rows = match (table.history.first(), table.live.first()) {
                (Some(file), _) => {
                    let piece = file.open(&indices(&columns, file.schema(), file.name())?)?.next()?;
                    let chunks = piece.map(|piece| piece.decode()).transpose()?.unwrap_or_default();
                    chunks.into_iter().map(|chunk| chunk.frame).collect()
                }
                (None, Some(feed)) if feed.can_be_read_again() => first_rows(feed, &columns, report)?,
                _ => Vec::new(),
            };
            Ok(columns.iter().filter_map(|column| epoch(column, &rows)).collect())
        })
    })
}

/// Whether a type has room for a time of our years.
fn is_wide(dtype: &DataType) -> bool {
    matches!(dtype, DataType::Int64 | DataType::UInt64 | DataType::UInt32 | DataType::Int32)
}

/// The first rows of a feed that come in time.
fn first_rows(feed: &Feed, columns: &[PlSmallStr], report: &Reporter) -> Result<Vec<DataFrame>> {
    let until = Instant::now() + PATIENCE;
    let mut opened = feed.reread()?;
    let schema = loop {
        report.check()?;
        match opened.settle(WAIT)? {
            Some(schema) => break schema,
            None if Instant::now() >= until => return Ok(Vec::new()),
            None => {}
        }
    };
    let columns = columns.iter().filter_map(|column| schema.index_of(column)).collect();
    let mut live = opened.read(&ReadOptions::columns(columns))?;
    while Instant::now() < until {
        report.check()?;
        match live.poll(WAIT)? {
            Event::Chunk(chunk) if chunk.frame.height() > 0 => return Ok(vec![chunk.frame]),
            Event::End => break,
            _ => {}
        }
    }
    Ok(Vec::new())
}

/// The unit that all values of a column have in common, if they may be times.
fn epoch(column: &PlSmallStr, rows: &[DataFrame]) -> Option<EpochColumn> {
    let mut unit = None;
    for numbers in rows.iter().filter_map(|frame| frame.column(column).ok()) {
        let numbers = numbers.cast(&DataType::Int64).ok()?;
        let numbers = numbers.i64().ok()?;
        for end in [numbers.min(), numbers.max()].into_iter().flatten() {
            let own = EpochUnit::plausible(end)?;
            if *unit.get_or_insert(own) != own {
                return None;
            }
        }
    }
    unit.map(|unit| EpochColumn { column: column.to_string(), unit })
}
