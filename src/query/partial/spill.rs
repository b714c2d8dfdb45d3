//! A partial in shares: its groups divided by their keys, so that what does not fit into memory at once can be merged
//! and answered a share at a time. Where the shares lie meanwhile is the caller's.

use super::Partial;
use super::read::Answer;
use crate::data::{Fault, Result};
use crate::query::Plan;
use crate::query::aggregate::{hash_text, hash_word};
use crate::query::keys::canonical;
use crate::query::plan::key_name;
use crate::query::window::Micros;
use polars::prelude::*;
use std::sync::Arc;

impl Partial {
    /// Takes all groups out, in `shares` frames that `merge` takes, each with its number. The same key is in the same
    /// share every time, on every machine; sessions that may become one are, too.
    ///
    /// # Errors
    /// What `each` says, or polars while it builds the columns. The groups are gone then.
    pub fn take_shares(&mut self, shares: usize, each: impl FnMut(usize, DataFrame) -> Result<()>) -> Result<()> {
        let frame = self.to_frame()?;
        *self = Self::new(self.plan.clone())?;
        divide(&self.plan, &frame, shares, each)
    }

    /// What of its groups an answer over several shares needs: those that HAVING leaves, and, where the answer is cut,
    /// the first of them.
    ///
    /// # Errors
    /// When a result has no place in its type, or an expression of the answer cannot be evaluated.
    pub fn share_of_answer(&self, watermark: Option<Micros>) -> Result<DataFrame> {
        self.plan.finish.narrow(self.kept(watermark)?)
    }
}

/// Divides the groups of a partial as a table by their keys.
///
/// # Errors
/// As `Partial::take_shares`.
pub fn divide(
    plan: &Plan,
    frame: &DataFrame,
    shares: usize,
    mut each: impl FnMut(usize, DataFrame) -> Result<()>,
) -> Result<()> {
    let mut rows: Vec<Vec<IdxSize>> = vec![Vec::new(); shares.max(1)];
    for (row, hash) in hashes(plan, frame)?.into_iter().enumerate() {
        // The high bits, because an index of the groups in a share goes by the low ones.
        let share = ((u128::from(hash) * rows.len() as u128) >> 64) as usize;
        if let Some(rows) = rows.get_mut(share) {
            rows.push(row as IdxSize);
        }
    }
    for (share, rows) in rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
        each(share, frame.take(&IdxCa::from_vec("".into(), rows))?)?;
    }
    Ok(())
}

/// The answer from what its shares gave, in any order.
///
/// # Errors
/// When an expression of the answer cannot be evaluated.
pub fn gather(plan: &Arc<Plan>, shares: Vec<DataFrame>, groups: usize, watermark: Option<Micros>) -> Result<Answer> {
    let mut shares = shares.into_iter();
    let mut kept = match shares.next() {
        Some(kept) => kept,
        None => Partial::new(plan.clone())?.share_of_answer(watermark)?,
    };
    for share in shares {
        kept.vstack_mut(&share)?;
    }
    Answer::of(plan, kept, groups)
}

/// A hash of each group's key, but for the start of a session: rows move it.
fn hashes(plan: &Plan, frame: &DataFrame) -> Result<Vec<u64>> {
    let mut hashes = vec![0_u64; frame.height()];
    for (i, _) in plan.keys.iter().enumerate().filter(|(_, key)| key.window.is_none() || plan.gap().is_none()) {
        let column = frame.column(&key_name(i))?.to_physical_repr();
        let words: Vec<u64> = match column.dtype() {
            DataType::String => column.str()?.iter().map(|text| text.map_or(0, hash_text)).collect(),
            DataType::Float32 | DataType::Float64 => {
                let floats = column.cast(&DataType::Float64)?;
                floats.f64()?.iter().map(|x| x.map_or(1, canonical)).collect()
            }
            DataType::UInt64 => column.u64()?.iter().map(|n| n.unwrap_or(1)).collect(),
            DataType::Null => continue,
            dtype if dtype.is_integer() || dtype.is_bool() => {
                let numbers = column.cast(&DataType::Int64)?;
                numbers.i64()?.iter().map(|n| n.unwrap_or(1) as u64).collect()
            }
            dtype => return Err(Fault::new(format!("groups cannot be divided by {dtype}"))),
        };
        hashes.iter_mut().zip(words).for_each(|(hash, word)| *hash = hash_word(*hash ^ word));
    }
    Ok(hashes)
}
