//! A forest asked about the rows of a frame: its scores, as columns, and the truth to hold against them. How columns
//! are read is `encode`'s, how trees are walked `flat`'s.

use hashbrown::HashMap;
use polars::prelude::*;

use super::encode::{each_code, kind_of, label_texts, numbers};
use super::forest::{Feature, FeatureKind, Forest, LabelKind, Missing, Scores, Task};
use crate::data::near::nearest;
use crate::data::{Fault, Result};

/// What a forest says about the rows of a frame.
#[derive(Clone, Debug)]
pub struct Scored {
    pub scores: Scores,
    /// Rows that lack a value and get no score.
    pub lacks: Option<Vec<bool>>,
}

impl Scored {
    fn has(&self, row: usize) -> bool {
        self.lacks.as_ref().is_none_or(|lacks| lacks.get(row) == Some(&false))
    }

    /// The class of a row, or nothing.
    pub fn class(&self, row: usize) -> Option<usize> {
        self.scores.class(row).filter(|_| self.has(row))
    }

    pub fn share(&self, row: usize, class: usize) -> Option<f64> {
        self.scores.share(row, class).filter(|_| self.has(row))
    }

    pub fn number(&self, row: usize) -> Option<f64> {
        self.scores.number(row).filter(|v| self.has(row) && v.is_finite())
    }
}

/// Rows that are encoded at a time.
const ROWS: usize = 1 << 16;

impl Forest {
    /// The type of its predictions: that of the target's labels, or a double.
    pub fn output(&self) -> DataType {
        match &self.task {
            Task::Classes { kind, .. } => kind.dtype(),
            Task::Numbers => DataType::Float64,
        }
    }

    /// Scores the rows of a frame, each by itself: how rows are cut into frames changes no bit of a score.
    ///
    /// # Errors
    /// A feature that is missing from the frame, or that holds another kind of values than in training.
    pub fn score(&self, frame: &DataFrame) -> Result<Scored> {
        let columns = self.features.iter().map(|f| self.column(f, frame)).collect::<Result<Vec<_>>>()?;
        let (width, rows) = (self.features.len(), frame.height());
        let mut lacks = (self.missing == Missing::Drop).then(Vec::new);
        let mut parts = Vec::new();
        for start in (0..rows.max(1)).step_by(ROWS) {
            let length = ROWS.min(rows - start);
            let mut codes = vec![0_u16; length * width];
            let mut lack = vec![false; length];
            for (at, (feature, column)) in self.features.iter().zip(&columns).enumerate() {
                write_codes(
                    feature,
                    &column.slice(start as i64, length),
                    codes.get_mut(at..).unwrap_or_default(),
                    width,
                    &mut lack,
                )?;
            }
            parts.push(self.score_codes(&codes));
            if let Some(lacks) = &mut lacks {
                lacks.append(&mut lack);
            }
        }
        Ok(Scored { scores: Scores::join(parts, &self.task), lacks })
    }

    /// The codes of a frame's rows, row after row, and whether each lacks a value that training had of every row.
    ///
    /// # Errors
    /// As `score`.
    pub fn codes(&self, frame: &DataFrame) -> Result<(Vec<u16>, Vec<bool>)> {
        let (width, rows) = (self.features.len(), frame.height());
        let (mut codes, mut lack) = (vec![0; rows * width], vec![false; rows]);
        for (at, feature) in self.features.iter().enumerate() {
            write_codes(
                feature,
                &self.column(feature, frame)?,
                codes.get_mut(at..).unwrap_or_default(),
                width,
                &mut lack,
            )?;
        }
        if self.missing == Missing::Keep {
            lack.fill(false);
        }
        Ok((codes, lack))
    }

    /// The column of a feature, if it holds what was trained on.
    ///
    /// # Errors
    /// As `score`.
    pub(super) fn column(&self, feature: &Feature, frame: &DataFrame) -> Result<Column> {
        let place = || format!("the column '{}'", feature.name);
        let Ok(column) = frame.column(&feature.name) else {
            let names: Vec<&str> = frame.schema().iter_names().map(|n| n.as_str()).collect();
            let fault = Fault::new(format!(
                "there is no column '{}', which the model of '{}' asks for",
                feature.name, self.target
            ));
            return Err(match nearest(&feature.name, &names) {
                Some(near) => fault.hint(format!("'{near}' looks like it: give it that name, or train again")),
                None => fault.hint("add it, or train again without it"),
            });
        };
        let same = column.dtype().is_null()
            || kind_of(column.dtype())
                .is_some_and(|k| std::mem::discriminant(&k) == std::mem::discriminant(&feature.kind));
        if same {
            return Ok(column.clone());
        }
        let trained = match feature.kind {
            FeatureKind::Number => "numbers",
            FeatureKind::Time => "times",
            FeatureKind::Category(_) => "text",
        };
        Err(Fault::new(format!(
            "it holds {}, and the model of '{}' was trained on {trained}",
            column.dtype(),
            self.target
        ))
        .at(place())
        .hint("convert the column, or train again"))
    }

    /// The predictions as a column of the target's name.
    ///
    /// # Errors
    /// As `score`.
    pub fn predict(&self, frame: &DataFrame) -> Result<Column> {
        Ok(self.prediction(&self.score(frame)?, frame.height()))
    }

    /// What was scored, as a column of the target's type and name.
    pub fn prediction(&self, scored: &Scored, rows: usize) -> Column {
        let name: PlSmallStr = self.target.as_str().into();
        let Task::Classes { kind, names } = &self.task else {
            let values: Float64Chunked = (0..rows).map(|row| scored.number(row)).collect();
            return values.with_name(name).into_column();
        };
        let class = |row: usize| scored.class(row);
        match kind {
            LabelKind::Text => {
                let values: StringChunked = (0..rows).map(|row| names.get(class(row)?).map(String::as_str)).collect();
                values.with_name(name).into_column()
            }
            LabelKind::Integer => {
                let labels: Vec<Option<i64>> = names.iter().map(|n| n.parse().ok()).collect();
                let values: Int64Chunked = (0..rows).map(|row| labels.get(class(row)?).copied().flatten()).collect();
                values.with_name(name).into_column()
            }
            LabelKind::Number => {
                let labels: Vec<Option<f64>> = names.iter().map(|n| n.parse().ok()).collect();
                let values: Float64Chunked = (0..rows).map(|row| labels.get(class(row)?).copied().flatten()).collect();
                values.with_name(name).into_column()
            }
            LabelKind::Flag => {
                let values: BooleanChunked = (0..rows).map(|row| names.get(class(row)?).map(|n| n == "true")).collect();
                values.with_name(name).into_column()
            }
        }
    }

    /// The share of trees that say `class`, as a column.
    pub fn probability(&self, scored: &Scored, rows: usize, class: usize) -> Column {
        let values: Float64Chunked = (0..rows).map(|row| scored.share(row, class)).collect();
        values.with_name(self.target.as_str().into()).into_column()
    }

    /// The classes or numbers that a frame's own target holds, as this forest counts them: `None` of an unknown label.
    ///
    /// # Errors
    /// When the target is missing or is of another kind.
    pub fn truth(&self, frame: &DataFrame) -> Result<Truth> {
        let column = frame.column(&self.target).map_err(|_| {
            Fault::new(format!("there is no column '{}' to compare predictions with", self.target))
                .hint("give rows with their target")
        })?;
        match &self.task {
            Task::Numbers => Ok(Truth::Numbers(numbers(column, &FeatureKind::Number)?)),
            Task::Classes { kind, names } => {
                let texts = label_texts(column, *kind)?;
                let places: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
                Ok(Truth::Classes(texts.str()?.iter().map(|t| places.get(t?).copied()).collect()))
            }
        }
    }
}

/// What should have been said of each row.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    Classes(Vec<Option<usize>>),
    Numbers(Vec<f64>),
}

impl Scores {
    /// Scores of rows that follow each other.
    fn join(parts: Vec<Self>, task: &Task) -> Self {
        let mut parts = parts.into_iter();
        let empty = || match task {
            Task::Numbers => Self::Numbers(Vec::new()),
            Task::Classes { names, .. } => Self::Classes { votes: Vec::new(), classes: names.len(), trees: 0 },
        };
        let mut all = parts.next().unwrap_or_else(empty);
        for part in parts {
            match (&mut all, part) {
                (Self::Classes { votes, .. }, Self::Classes { votes: more, .. }) => votes.extend(more),
                (Self::Numbers(values), Self::Numbers(more)) => values.extend(more),
                _ => {}
            }
        }
        all
    }
}

/// Writes the codes of a feature, `width` apart, and marks rows that lack a value.
fn write_codes(feature: &Feature, column: &Column, codes: &mut [u16], width: usize, lack: &mut [bool]) -> Result<()> {
    let mut places = codes.iter_mut().step_by(width).zip(lack);
    each_code(feature, column, |code, lacks| {
        if let Some((place, lack)) = places.next() {
            *place = code;
            *lack |= lacks;
        }
    })
}
