//! Which columns to learn from, and why not from the others: identifiers, constants, copies of the target, and leaks (a
//! column that alone tells the target). Looked at once, over a bounded sample; deciding is left to the person.

use polars::prelude::*;

use super::drift::{is_text, numbers, texts};
use super::leak::{LEAST_ROWS, TargetValues, codes};
use crate::data::words::count;
use crate::data::{Fault, Result};

/// Rows looked at; of more, evenly spaced ones are.
pub const SAMPLE: usize = 20_000;
/// A column that leaves less of the target unknown than this tells it.
const UNKNOWN: f64 = 0.02;
/// From this share of distinct values a text names rows, not kinds: hardly a kind would have a second row.
const TEXTS: f64 = 0.66;
/// From this share on whole numbers are nearly unique.
const DISTINCT: f64 = 0.9;
/// A column that leaves more of the target unknown than this tells nothing of it.
const NOTHING: f64 = 0.99;
/// The last word of names that say of a number that it is an identifier.
const NAMES: &[&str] = &["id", "ids", "key", "guid", "uuid", "hash", "seq", "sequence", "no", "nr", "index", "rowid"];

/// What to learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub target: String,
    pub task: TargetKind,
    pub features: Vec<String>,
    /// Columns that are left out, in the table's order.
    pub left_out: Vec<LeftOut>,
    pub dropna: DropNa,
    /// Rows looked at.
    pub sample: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// To tell this many classes apart.
    Classes(usize),
    /// To estimate a number.
    Number,
}

/// A column that is not proposed.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    pub column: String,
    pub reason: Reason,
    /// The numbers that show it, in words.
    pub evidence: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It names rows.
    Identifier,
    /// It has one value.
    Constant,
    /// It has no value.
    AllNull,
    /// It is the target again.
    Copy,
    /// It alone tells the target.
    Leak,
    /// A moment: what comes later was never seen.
    Time,
    /// Lists, structures and bytes are no feature.
    Type,
}

/// What leaving out rows with nulls costs, in the sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DropNa {
    /// Rows where the target or a feature is null.
    pub rows: usize,
    /// A column with nulls: how many, and how many rows go because of it alone. Most first.
    pub columns: Vec<(String, usize, usize)>,
}

impl Reason {
    pub fn word(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Constant => "constant",
            Self::AllNull => "all null",
            Self::Copy => "copy of the target",
            Self::Leak => "leak",
            Self::Time => "time",
            Self::Type => "type",
        }
    }
}

/// Looks at `rows` (the sample takes some of many) and proposes.
///
/// # Errors
/// A target that is no column, or has nothing to learn.
pub fn propose(rows: &DataFrame, target: &str) -> Result<Proposal> {
    let rows = &sample(rows)?;
    let column = rows.column(target).map_err(|_| {
        let names: Vec<String> = rows.get_column_names().iter().take(12).map(ToString::to_string).collect();
        Fault::new(format!("there is no column '{target}' to predict"))
            .hint(format!("the columns are {}", names.join(", ")))
    })?;
    let target_values = TargetValues::new(column)?;
    let (mut features, mut left_out) = (Vec::new(), Vec::new());
    for other in rows.columns().iter().filter(|c| c.name().as_str() != target) {
        match judge(other, column, &target_values)? {
            Some((reason, evidence)) => left_out.push(LeftOut { column: other.name().to_string(), reason, evidence }),
            None => features.push(other.name().to_string()),
        }
    }
    let dropna = drop_na(rows, features.iter().map(String::as_str).chain([target]))?;
    Ok(Proposal {
        target: target.to_owned(),
        task: target_values.classes().map_or(TargetKind::Number, TargetKind::Classes),
        features,
        left_out,
        dropna,
        sample: rows.height(),
    })
}

/// How many rows have a null in one of these columns, and whose fault it is.
///
/// # Errors
/// A name that is no column.
pub fn drop_na<'a>(rows: &DataFrame, columns: impl IntoIterator<Item = &'a str>) -> Result<DropNa> {
    let names: Vec<&str> = columns.into_iter().collect();
    Ok(Gaps::new(rows, names.iter().copied())?.drop_na(|name| names.contains(&name)))
}

/// Where values are missing in some rows: what each choice of columns costs can be told from it at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gaps {
    pub rows: usize,
    /// Columns that lack a value somewhere, and in which rows.
    columns: Vec<(String, Vec<bool>)>,
}

impl Gaps {
    /// # Errors
    /// A name that is no column.
    pub fn new<'a>(rows: &DataFrame, columns: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut gaps = Self { rows: rows.height(), columns: Vec::new() };
        for name in columns {
            let column = rows.column(name)?;
            if column.null_count() > 0 {
                gaps.columns.push((name.to_owned(), column.is_null().iter().map(|null| null == Some(true)).collect()));
            }
        }
        Ok(gaps)
    }

    /// What leaving out rows costs where these columns are needed.
    pub fn drop_na(&self, needed: impl Fn(&str) -> bool) -> DropNa {
        let needed: Vec<&(String, Vec<bool>)> = self.columns.iter().filter(|(name, _)| needed(name)).collect();
        let mut nulls_in_row = vec![0_u32; self.rows];
        for (_, mask) in &needed {
            nulls_in_row.iter_mut().zip(mask).for_each(|(n, null)| *n += u32::from(*null));
        }
        let alone = |mask: &[bool]| nulls_in_row.iter().zip(mask).filter(|(n, null)| **n == 1 && **null).count();
        let of = |(name, mask): &&(String, Vec<bool>)| {
            (name.clone(), mask.iter().filter(|null| **null).count(), alone(mask))
        };
        let mut columns: Vec<(String, usize, usize)> = needed.iter().map(of).collect();
        columns.sort_by_key(|column| std::cmp::Reverse(column.1));
        DropNa { rows: nulls_in_row.iter().filter(|n| **n > 0).count(), columns }
    }
}

fn sample(rows: &DataFrame) -> Result<DataFrame> {
    let height = rows.height();
    if height <= SAMPLE {
        return Ok(rows.clone());
    }
    let picked = (0..SAMPLE).map(|i| (i * height / SAMPLE) as IdxSize).collect();
    Ok(rows.take(&IdxCa::from_vec("row".into(), picked))?)
}

/// Why a column is left out.
fn judge(column: &Column, target: &Column, target_values: &TargetValues) -> Result<Option<(Reason, String)>> {
    let (height, dtype) = (column.len(), column.dtype());
    let present = height - column.null_count();
    if present == 0 {
        return Ok(Some((Reason::AllNull, format!("no value in {} rows", count(height as u64)))));
    }
    let plain = dtype.is_primitive_numeric() || dtype.is_temporal() || dtype.is_bool() || is_text(dtype);
    if !plain {
        return Ok(Some((Reason::Type, format!("its values are {dtype}"))));
    }
    let distinct = codes(column)?.iter().flatten().max().map_or(0, |c| c + 1);
    if distinct == 1 {
        return Ok(Some((Reason::Constant, format!("one value in {} rows", count(present as u64)))));
    }
    if let Some(same) = copy(column, target)? {
        return Ok(Some((Reason::Copy, format!("equal to the target in all {} rows", count(same as u64)))));
    }
    let unknown = target_values.unknown(column)?;
    if let Some(evidence) = identifier(column, distinct, present, unknown)? {
        return Ok(Some((Reason::Identifier, evidence)));
    }
    if let Some(unknown) = unknown.filter(|u| *u <= UNKNOWN) {
        let told = match target_values {
            TargetValues::Classes { .. } if unknown <= 0.0 => {
                "it alone tells the target in every row held back".to_owned()
            }
            TargetValues::Classes { .. } => {
                format!("it alone leaves {:.1} % of the errors of guessing", unknown * 100.0)
            }
            TargetValues::Number(_) => format!("it alone explains {:.2} % of the target", (1.0 - unknown) * 100.0),
        };
        return Ok(Some((Reason::Leak, told)));
    }
    if matches!(dtype, DataType::Date | DataType::Datetime(..)) {
        return Ok(Some((Reason::Time, "what comes later was never seen in training".to_owned())));
    }
    Ok(None)
}

/// What shows that a column names rows: texts of which most are distinct, whole numbers that are nearly unique and grow
/// or fall with the row, or alone tell nothing of the target, and those that are called so.
fn identifier(column: &Column, distinct: usize, present: usize, unknown: Option<f64>) -> Result<Option<String>> {
    let (dtype, share) = (column.dtype(), distinct as f64 / present.max(1) as f64);
    if present < LEAST_ROWS || share < TEXTS {
        return Ok(None);
    }
    let distinct = format!("{} distinct values in {} rows", count(distinct as u64), count(present as u64));
    if is_text(dtype) {
        return Ok(Some(distinct));
    }
    let values: Vec<f64> = numbers(column)?.iter().flatten().collect();
    // Whole numbers of which some are missing may have been read as decimals.
    if !dtype.is_primitive_numeric() || values.iter().any(|v| v.fract() != 0.0) {
        return Ok(None);
    }
    let unique = share >= DISTINCT;
    Ok(if unique && (values.is_sorted() || values.iter().rev().is_sorted()) {
        let way = if values.is_sorted() { "grows" } else { "falls" };
        Some(format!("it {way} with the row, {distinct}"))
    } else if is_called_so(column.name()) {
        Some(format!("it is called so, {distinct}"))
    } else if unique && unknown.is_none_or(|unknown| unknown >= NOTHING) {
        Some(format!("it alone tells nothing of the target, {distinct}"))
    } else {
        None
    })
}

/// Whether a name ends with a word for identifiers: `trip_id`, `orderNo`.
fn is_called_so(name: &str) -> bool {
    let mut last = name.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    if let Some((at, _)) = last.char_indices().rev().find(|(_, c)| c.is_uppercase()).filter(|(at, _)| *at > 0)
        && last.chars().any(char::is_lowercase)
    {
        last = last.get(at..).unwrap_or(last);
    }
    NAMES.iter().any(|word| last.eq_ignore_ascii_case(word))
}

/// In how many rows a column says what the target says; `None` where it does not in one.
fn copy(column: &Column, target: &Column) -> Result<Option<usize>> {
    let same = match (is_text(column.dtype()), is_text(target.dtype())) {
        (true, true) => texts(column)?.iter().zip(texts(target)?.iter()).all(|(a, b)| a == b),
        (false, false) => numbers(column)?.iter().zip(numbers(target)?.iter()).all(|(a, b)| a == b),
        _ => false,
    };
    Ok(same.then_some(column.len()))
}
