//! Frames into codes: how columns of each type are read, for training and for scoring alike. A forest that is asked
//! about frames is `score`'s; which columns are worth learning from is left to others.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use polars::prelude::*;

use super::bins::{self, BINS, Fineness, MISSING};
use super::forest::{Feature, Forest, Kind, LabelKind, Missing, Task};
use super::grow::{CLASSES, Labels, Table};
use super::score::{Truth, each_code};
use super::tree::MOST;
use crate::data::near::nearest;
use crate::data::time::{convert, texts};
use crate::data::{Fault, Result};

/// Most words of a category: the most frequent ones. Two codes are left for other words and for none.
const WORDS: usize = BINS - 2;
/// Whole numbers of at most this many values are taken for classes; among floating numbers, fewer are.
const FEW: usize = 50;
const FEW_FLOATS: usize = 20;

/// What a person wants to be learnt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    pub target: String,
    /// None: all columns but the target.
    pub features: Vec<String>,
    /// None: by what the target holds.
    pub task: Option<TaskKind>,
    pub missing: Missing,
    /// Numbers and moments are cut into 256 bins at most, however few rows there are.
    pub coarse: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    Classify,
    Estimate,
}

/// Rows that are not learnt from, and why: a row counts once for each column that lacks its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dropped {
    pub rows: usize,
    pub of: usize,
    pub by_column: Vec<(String, usize)>,
}

impl Dropped {
    /// What is wrong where no row is left.
    pub fn all(&self, target: &str) -> Fault {
        let empty: Vec<&str> =
            self.by_column.iter().filter(|(_, missing)| *missing == self.of).map(|(name, _)| name.as_str()).collect();
        let fault = |what: String| Fault::new(what).at(target);
        if empty.contains(&target) {
            return fault(format!("the target '{target}' has no value in any of {} rows", self.of))
                .hint("choose another target");
        }
        if !empty.is_empty() {
            return fault(format!("no row has a value of '{}'", empty.join("' or '")))
                .hint("leave that out, or keep what is missing");
        }
        let worst = self.by_column.iter().max_by_key(|(_, missing)| *missing);
        let worst =
            worst.map(|(name, missing)| format!("; '{name}' lacks {missing} of {}", self.of)).unwrap_or_default();
        fault(format!("every row lacks a value in some column{worst}"))
            .hint("leave out columns that are mostly empty, or keep what is missing")
    }

    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.of += other.of;
        for (name, count) in other.by_column {
            match self.by_column.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) => *own += count,
                None => self.by_column.push((name, count)),
            }
        }
    }
}

impl Question {
    /// The columns to learn from, checked against those that there are.
    ///
    /// # Errors
    /// A column that is missing, the target among the features, or no feature at all.
    pub fn features(&self, schema: &Schema) -> Result<Vec<String>> {
        let names: Vec<&str> = schema.iter_names().map(|n| n.as_str()).collect();
        let check = |name: &str, word: &str| {
            if schema.contains(name) {
                return Ok(());
            }
            let fault = Fault::new(format!("there is no column '{name}'")).at(word);
            Err(match nearest(name, &names) {
                Some(near) => fault.hint(format!("did you mean '{near}'?")),
                None => fault.hint(format!("there is {}", names.join(", "))),
            })
        };
        check(&self.target, "the target")?;
        for name in &self.features {
            check(name, "the features")?;
            if *name == self.target {
                return Err(Fault::new(format!("'{name}' is the target, and cannot foretell itself"))
                    .at("the features")
                    .hint("leave it out"));
            }
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.features.iter().find(|name| !seen.insert(*name)) {
            return Err(Fault::new(format!("'{twice}' is named twice"))
                .at("the features")
                .hint("name each column once"));
        }
        let chosen: Vec<String> = if self.features.is_empty() {
            // Of lists and the like nothing can be learnt.
            let others = schema.iter().filter(|(name, dtype)| name.as_str() != self.target && kind_of(dtype).is_some());
            others.map(|(name, _)| name.to_string()).collect()
        } else {
            self.features.clone()
        };
        match chosen.len() {
            0 => Err(Fault::new("there is no column to learn from")
                .at(&self.target)
                .hint("the table needs at least one column beside the target")),
            n if n >= MOST => {
                Err(Fault::new(format!("{n} features are too many: a forest knows {}", MOST - 1)).hint("name fewer"))
            }
            _ => Ok(chosen),
        }
    }

    /// The frame without the rows that cannot be learnt from: those without a target and, unless missing values are
    /// kept, those that lack a feature.
    ///
    /// # Errors
    /// A column that is missing.
    pub fn complete(&self, frame: &DataFrame) -> Result<(DataFrame, Dropped)> {
        let mut needed = self.features(frame.schema())?;
        if self.missing == Missing::Keep {
            needed.clear();
        }
        needed.push(self.target.clone());
        let mut keep: Option<BooleanChunked> = None;
        let mut dropped = Dropped { of: frame.height(), ..Dropped::default() };
        for name in &needed {
            let column = frame.column(name)?.as_materialized_series();
            let mut there = column.is_not_null();
            if column.dtype().is_float() {
                there = &there & &column.is_not_nan()?;
            }
            // A comparison with null is null.
            let there: BooleanChunked = there.iter().map(|t| Some(t == Some(true))).collect();
            let missing = there.len() - there.sum().unwrap_or(0) as usize;
            if missing > 0 {
                dropped.by_column.push((name.clone(), missing));
                keep = Some(keep.map_or_else(|| there.clone(), |keep| &keep & &there));
            }
        }
        let Some(keep) = keep else { return Ok((frame.clone(), dropped)) };
        let kept = frame.filter(&keep)?;
        dropped.rows = frame.height() - kept.height();
        Ok((kept, dropped))
    }

    /// Bins a complete frame once, for trees to grow on.
    ///
    /// # Errors
    /// No rows, columns that cannot be learnt from, or more classes than a forest knows.
    pub fn prepare(&self, frame: &DataFrame) -> Result<Prepared> {
        let names = self.features(frame.schema())?;
        if frame.height() == 0 {
            return Err(Fault::new("there is no row to learn from")
                .at(&self.target)
                .hint("give more rows, or hold out fewer"));
        }
        let task = self.task(frame.column(&self.target)?)?;
        let (mut features, mut columns) = (Vec::new(), Vec::new());
        for name in names {
            let (kind, column) = learn_column(frame.column(&name)?, self.coarse)?;
            features.push(Feature { name, kind, cuts: column.cuts.clone() });
            columns.push(column);
        }
        let forest = Forest {
            target: self.target.clone(),
            task,
            features,
            missing: self.missing,
            trees: Vec::new(),
            rows: 0,
            oob: None,
        };
        let mut prepared = Prepared { table: Table { columns, labels: Labels::none(&forest.task) }, forest };
        prepared.label(frame)?;
        Ok(prepared)
    }

    /// How rows become codes, settled by some of them, evenly spread, and by the classes of all; no row is taken yet.
    ///
    /// # Errors
    /// As `prepare`.
    pub fn settle(&self, frame: &DataFrame, classes: BTreeSet<String>) -> Result<Prepared> {
        let Prepared { table, mut forest } = self.prepare(frame)?;
        if let Task::Classes { kind, .. } = forest.task {
            forest.task = self.told_apart(kind, classes)?;
        }
        let columns = table.columns.iter().map(bins::Column::empty).collect();
        Ok(Prepared {
            table: Table { columns, labels: Labels::none(&forest.task) },
            forest: Forest { rows: 0, ..forest },
        })
    }

    /// Whether the target is estimated as a number, not told apart into classes.
    ///
    /// # Errors
    /// When the target is missing.
    pub fn estimates(&self, frame: &DataFrame) -> Result<bool> {
        let column = frame.column(&self.target)?;
        match (self.task, label_kind(column.dtype())) {
            (Some(task), _) => Ok(task == TaskKind::Estimate),
            (None, Some(kind)) => many(column, kind),
            (None, None) => Ok(false),
        }
    }

    /// What is foretold, by some rows.
    fn task(&self, column: &Column) -> Result<Task> {
        if column.null_count() > 0 {
            return Err(self.fault("some rows have no target".to_owned(), "drop them first"));
        }
        let Some(kind) = label_kind(column.dtype()) else {
            return Err(self.fault(
                format!("a column of {} cannot be foretold", column.dtype()),
                "choose one of text, numbers or truth values",
            ));
        };
        if self.task.map_or_else(|| many(column, kind), |task| Ok(task == TaskKind::Estimate))? {
            if matches!(kind, LabelKind::Text | LabelKind::Flag) {
                return Err(
                    self.fault("it holds no numbers, so it cannot be estimated".to_owned(), "let it be classified")
                );
            }
            return Ok(Task::Numbers);
        }
        let mut names = BTreeSet::new();
        self.classes(column, &mut names)?;
        self.told_apart(kind, names)
    }

    /// Adds the classes of some rows to those that are known, as long as there are not too many.
    ///
    /// # Errors
    /// When labels of the column cannot be read.
    pub fn classes(&self, column: &Column, known: &mut BTreeSet<String>) -> Result<()> {
        let Some(kind) = label_kind(column.dtype()).filter(|_| self.task != Some(TaskKind::Estimate)) else {
            return Ok(());
        };
        if known.len() > CLASSES {
            return Ok(());
        }
        for text in label_texts(column, kind)?.str()?.iter().flatten() {
            if !known.contains(text) {
                known.insert(text.to_owned());
                if known.len() > CLASSES {
                    break;
                }
            }
        }
        Ok(())
    }

    fn told_apart(&self, kind: LabelKind, names: BTreeSet<String>) -> Result<Task> {
        if names.len() > CLASSES {
            let numeric = matches!(kind, LabelKind::Integer | LabelKind::Number);
            let hint = if numeric {
                "let it be estimated as a number"
            } else {
                "is it an identifier? Choose another, or group its values"
            };
            return Err(self.fault(format!("it holds more than {CLASSES} classes"), hint));
        }
        let mut names = names.into_iter().collect();
        kind.sort(&mut names);
        Ok(Task::Classes { kind, names })
    }

    fn fault(&self, what: String, hint: &str) -> Fault {
        Fault::new(what).at(format!("the target '{}'", self.target)).hint(hint)
    }
}

/// A table ready to be learnt from, and the forest without trees that it will fill.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub table: Table,
    pub forest: Forest,
}

impl Prepared {
    /// Takes more complete rows, as codes.
    ///
    /// # Errors
    /// As `Forest::score`, or when there are more rows than can be learnt from.
    pub fn add(&mut self, frame: &DataFrame) -> Result<()> {
        for (feature, binned) in self.forest.features.iter().zip(&mut self.table.columns) {
            each_code(feature, &self.forest.column(feature, frame)?, |code, _| binned.push(code))?;
        }
        self.label(frame)
    }

    fn label(&mut self, frame: &DataFrame) -> Result<()> {
        match (&mut self.table.labels, self.forest.truth(frame)?) {
            // The classes are those of all rows.
            (Labels::Classes { of, .. }, Truth::Classes(more)) => {
                of.extend(more.into_iter().map(|class| class.unwrap_or(0) as u16))
            }
            (Labels::Numbers(of), Truth::Numbers(more)) => {
                if more.iter().any(|v| v.abs() >= f64::MAX) {
                    return Err(Fault::new("some rows hold an infinite number")
                        .at(format!("the target '{}'", self.forest.target))
                        .hint("leave those rows out"));
                }
                of.extend(more);
            }
            _ => {}
        }
        self.forest.rows += frame.height() as u64;
        // Rows are counted in 31 bits.
        if self.forest.rows > i32::MAX as u64 {
            return Err(
                Fault::new("these are more rows than a forest can learn from").hint("learn from a part of them")
            );
        }
        Ok(())
    }
}

impl LabelKind {
    /// Sorts labels as their column would, each once.
    pub fn sort(self, names: &mut Vec<String>) {
        match self {
            Self::Integer | Self::Number => names.sort_by(|a, b| {
                let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
                number(a).total_cmp(&number(b)).then_with(|| a.cmp(b))
            }),
            Self::Text | Self::Flag => names.sort_unstable(),
        }
        names.dedup();
    }

    /// The type of a column of such labels.
    pub fn dtype(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Flag => DataType::Boolean,
        }
    }
}

fn label_kind(dtype: &DataType) -> Option<LabelKind> {
    match dtype {
        DataType::Boolean => Some(LabelKind::Flag),
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Some(LabelKind::Text),
        dtype if dtype.is_integer() => Some(LabelKind::Integer),
        dtype if dtype.is_float() => Some(LabelKind::Number),
        _ => None,
    }
}

/// Labels as text, so that they are equal where they are meant to be.
pub(super) fn label_texts(column: &Column, kind: LabelKind) -> Result<Series> {
    let series = column.as_materialized_series();
    if kind != LabelKind::Number {
        return Ok(series.cast(&DataType::String)?);
    }
    let floats = series.cast(&DataType::Float64)?;
    let texts: StringChunked = floats.f64()?.iter().map(|v| v.map(|v| v.to_string())).collect();
    Ok(texts.into_series())
}

/// Whether a column holds numbers of so many values that it should be estimated.
fn many(column: &Column, kind: LabelKind) -> Result<bool> {
    let few = match kind {
        LabelKind::Integer => FEW,
        LabelKind::Number => FEW_FLOATS,
        LabelKind::Text | LabelKind::Flag => return Ok(false),
    };
    let mut seen = BTreeSet::new();
    for value in numbers(column, &Kind::Number)? {
        if value.fract() != 0.0 {
            return Ok(true);
        }
        if seen.insert(value.to_bits()) && seen.len() > few {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How a column of this type is read; `None` where it cannot be.
pub fn kind_of(dtype: &DataType) -> Option<Kind> {
    match dtype {
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Some(Kind::Category(Vec::new())),
        DataType::Date | DataType::Datetime(..) | DataType::Duration(_) | DataType::Time => Some(Kind::Time),
        dtype if dtype.is_bool() || dtype.is_primitive_numeric() || dtype.is_null() => Some(Kind::Number),
        _ => None,
    }
}

fn learn_column(column: &Column, coarse: bool) -> Result<(Kind, bins::Column)> {
    let kind = kind_of(column.dtype()).ok_or_else(|| {
        Fault::new(format!("a column of {} cannot be learnt from", column.dtype()))
            .at(format!("the column '{}'", column.name()))
            .hint("leave it out")
    })?;
    if !matches!(kind, Kind::Category(_)) {
        let fineness = match kind {
            _ if coarse => Fineness::Coarse,
            Kind::Time => Fineness::Moments,
            _ => Fineness::Numbers,
        };
        let binned = bins::Column::of_numbers(&numbers(column, &kind)?, fineness);
        return Ok((kind, binned));
    }
    let column = texts(column)?;
    let texts = column.str()?;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for text in texts.iter().flatten() {
        *counts.entry(text).or_default() += 1;
    }
    let mut frequent: Vec<(&str, usize)> = counts.into_iter().collect();
    frequent.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut words: Vec<String> = frequent.into_iter().take(WORDS).map(|(word, _)| word.to_owned()).collect();
    words.sort_unstable();
    let bins = words.len() + 2;
    let codes = categories(texts, &words).map(|code| code as u8).collect();
    Ok((Kind::Category(words), bins::Column::of_categories(codes, bins)))
}

/// The codes of texts among `words`.
pub(super) fn categories<'a>(texts: &'a StringChunked, words: &'a [String]) -> impl Iterator<Item = usize> + 'a {
    let places: HashMap<&str, usize> = words.iter().map(String::as_str).zip(0..).collect();
    texts.iter().map(move |text| text.map_or(words.len() + 1, |text| places.get(text).copied().unwrap_or(words.len())))
}

/// A column as numbers: times in microseconds; what is missing or not a number lies below all of them.
pub(super) fn numbers(column: &Column, kind: &Kind) -> Result<Vec<f64>> {
    let series = column.as_materialized_series();
    let plain = match (kind, series.dtype()) {
        (Kind::Time, DataType::Date | DataType::Datetime(..)) => {
            convert(column, &DataType::Datetime(TimeUnit::Microseconds, None))?
                .cast(&DataType::Int64)?
                .take_materialized_series()
        }
        (Kind::Time, DataType::Duration(_)) => {
            series.cast(&DataType::Duration(TimeUnit::Microseconds))?.cast(&DataType::Int64)?
        }
        (Kind::Time, _) => series.cast(&DataType::Int64)?,
        _ => series.clone(),
    };
    let floats = plain.cast(&DataType::Float64)?;
    let value = |v: f64| if v.is_nan() { MISSING } else { v.max(f64::MIN) };
    Ok(floats.f64()?.iter().map(|v| v.map_or(MISSING, value)).collect())
}
