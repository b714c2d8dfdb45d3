//! Rows as codes, ready for trees to grow on, and how each column's codes are settled. Which rows and columns these are
//! is left to `question`.

use hashbrown::HashMap;
use polars::prelude::*;

use super::bins::{self, BINS, Fineness};
use super::encode::{categories, each_code, kind_of, numbers};
use super::forest::{FeatureKind, Forest};
use super::grow::{BinnedTable, Labels};
use super::score::Truth;
use crate::data::time::texts;
use crate::data::{Fault, Result};

/// Most words of a category: the most frequent ones. Two codes are left for other words and for none.
const WORDS: usize = BINS - 2;

/// A table ready to be trained on, and the forest without trees that it will fill.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub table: BinnedTable,
    pub forest: Forest,
}

impl Prepared {
    /// Takes more complete rows, as codes.
    ///
    /// # Errors
    /// As `Forest::score`, or when there are more rows than can be trained on.
    pub fn add(&mut self, frame: &DataFrame) -> Result<()> {
        for (feature, binned) in self.forest.features.iter().zip(&mut self.table.columns) {
            each_code(feature, &self.forest.column(feature, frame)?, |code, _| binned.push(code))?;
        }
        self.label(frame)
    }

    pub(super) fn label(&mut self, frame: &DataFrame) -> Result<()> {
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

/// How the values of a column are read, and their codes.
pub(super) fn learn_column(column: &Column, coarse: bool) -> Result<(FeatureKind, bins::BinnedColumn)> {
    let kind = kind_of(column.dtype()).ok_or_else(|| {
        Fault::new(format!("a column of {} cannot be trained on", column.dtype()))
            .at(format!("the column '{}'", column.name()))
            .hint("leave it out")
    })?;
    if !matches!(kind, FeatureKind::Category(_)) {
        let fineness = match kind {
            _ if coarse => Fineness::Coarse,
            FeatureKind::Time => Fineness::Moments,
            _ => Fineness::Numbers,
        };
        let binned = bins::BinnedColumn::of_numbers(&numbers(column, &kind)?, fineness);
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
    Ok((FeatureKind::Category(words), bins::BinnedColumn::of_categories(codes, bins)))
}
