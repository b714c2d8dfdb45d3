//! What the first rows of a table tell of its numbers. Whole numbers may be times: their first values all lie in the
//! years 1990 to 2100, in one unit since 1970; they are found to be offered, and taking one as the event time is a
//! person's. And numbers may run on with the rows: a mean of those says nothing.

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
/// Rows that tell whether numbers run on: at least, and at most.
const FEWEST: usize = 20;
const LOOKED_AT: usize = 10_000;
/// From this share of distinct values on, whole numbers tell rows apart.
const DISTINCT: f64 = 0.9;
/// How long is waited for the first rows of a feed.
const PATIENCE: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_millis(20);

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstRows {
    /// Columns of whole numbers that may be times.
    pub epochs: Vec<EpochColumn>,
    /// Columns that number the rows, or tell them apart.
    pub running: Vec<String>,
}

/// A column of whole numbers that may be times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochColumn {
    pub column: String,
    pub unit: EpochUnit,
}

impl EpochColumn {
    /// As it is offered: `ts · epoch ms`.
    pub fn words(&self) -> String {
        format!("{} · {}", self.column, self.unit_words())
    }

    /// What its numbers are: `epoch ms`.
    pub fn unit_words(&self) -> String {
        format!("epoch {}", self.unit.word())
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

/// Looks at the first rows of a table; nothing where it has no numbers.
pub fn look(table: Table, wake: Wake) -> Option<Job<FirstRows>> {
    let numbers = table.schema.iter().filter(|(_, dtype)| dtype.is_primitive_numeric());
    let columns: Vec<PlSmallStr> = numbers.map(|(name, _)| name.clone()).take(MOST).collect();
    (!columns.is_empty()).then(|| {
        Job::start("first rows", wake, move |report| {
            let rows = match (table.history.first(), table.live.first()) {
                (Some(file), _) => {
                    let piece = file.open(&indices(&columns, file.schema(), file.name())?)?.next()?;
                    let chunks = piece.map(|piece| piece.decode()).transpose()?.unwrap_or_default();
                    chunks.into_iter().map(|chunk| chunk.frame).collect()
                }
                (None, Some(feed)) if feed.can_be_read_again() => first_rows(feed, &columns, report)?,
                _ => Vec::new(),
            };
            let running = columns.iter().filter(|column| rows.first().is_some_and(|rows| runs_on(column, rows)));
            Ok(FirstRows {
                epochs: columns.iter().filter_map(|column| epoch(column, &rows)).collect(),
                running: running.map(PlSmallStr::to_string).collect(),
            })
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

/// Whether a column grows with every row, or has whole numbers of which hardly any comes twice.
fn runs_on(column: &PlSmallStr, rows: &DataFrame) -> bool {
    let Ok(numbers) = rows.column(column).map(|numbers| numbers.head(Some(LOOKED_AT)).drop_nulls()) else {
        return false;
    };
    let (height, whole) = (numbers.len(), numbers.dtype().is_integer());
    let Some(numbers) = numbers.cast(&DataType::Float64).ok().filter(|_| height >= FEWEST) else { return false };
    let Ok(values) = numbers.f64() else { return false };
    let mut pairs = values.iter().flatten().zip(values.iter().flatten().skip(1));
    let unique = || numbers.n_unique().is_ok_and(|distinct| distinct as f64 > height as f64 * DISTINCT);
    pairs.all(|(before, next)| before < next) || whole && unique()
}

/// The unit that all values of a column have in common, if they may be times.
fn epoch(column: &PlSmallStr, rows: &[DataFrame]) -> Option<EpochColumn> {
    let mut unit = None;
    for numbers in rows.iter().filter_map(|frame| frame.column(column).ok()).filter(|numbers| is_wide(numbers.dtype()))
    {
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
