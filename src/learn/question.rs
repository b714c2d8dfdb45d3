//! What is to be trained on a table: the target, its classes, the features, and the rows that can be used. Which
//! columns are worth learning from is left to `propose`, codes to `prepared`.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::bins;
use super::dropped::Dropped;
use super::encode::{kind_of, label_kind, label_texts, numbers};
use super::forest::{Feature, FeatureKind, Forest, LabelKind, Missing, Task};
use super::grow::{BinnedTable, CLASSES, Labels};
use super::prepared::{Prepared, learn_column};
use super::tree::MOST;
use crate::data::near::nearest;
use crate::data::{Fault, Result};

/// Whole numbers of at most this many values are taken for classes; among floating numbers, fewer are.
const FEW: usize = 50;
const FEW_FLOATS: usize = 20;

/// What a person wants to be predicted.
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
                return Err(Fault::new(format!("'{name}' is the target, and cannot predict itself"))
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
            // Of lists and the like nothing can be trained on.
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

    /// The frame without the rows that cannot be trained on: those without a target and, unless missing values are
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
    /// No rows, columns that cannot be trained on, or more classes than a forest knows.
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
        let mut prepared = Prepared { table: BinnedTable { columns, labels: Labels::none(&forest.task) }, forest };
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
        let columns = table.columns.iter().map(bins::BinnedColumn::empty).collect();
        Ok(Prepared {
            table: BinnedTable { columns, labels: Labels::none(&forest.task) },
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

    /// What is predicted, by some rows.
    fn task(&self, column: &Column) -> Result<Task> {
        if column.null_count() > 0 {
            return Err(self.fault("some rows have no target".to_owned(), "drop them first"));
        }
        let Some(kind) = label_kind(column.dtype()) else {
            return Err(self.fault(
                format!("a column of {} cannot be predicted", column.dtype()),
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

/// Whether a column holds numbers of so many values that it should be estimated.
fn many(column: &Column, kind: LabelKind) -> Result<bool> {
    let few = match kind {
        LabelKind::Integer => FEW,
        LabelKind::Number => FEW_FLOATS,
        LabelKind::Text | LabelKind::Flag => return Ok(false),
    };
    let mut seen = BTreeSet::new();
    for value in numbers(column, &FeatureKind::Number)? {
        if value.fract() != 0.0 {
            return Ok(true);
        }
        if seen.insert(value.to_bits()) && seen.len() > few {
            return Ok(true);
        }
    }
    Ok(false)
}
