//! A key column as codes of the values that come again and again in it. Questions that group the same rows by the same
//! column share the codes: each then looks up what there is once, and its rows by a table. Which columns are worth it
//! is said here; which are shared is left to the partials.

use polars::prelude::*;

use super::Keys;
use crate::data::Result;

/// The values of some rows, each as its place among those that there are.
#[derive(Clone, Debug)]
pub struct Coded {
    codes: IdxCa,
    /// In the order in which they are first met.
    values: Column,
    /// Whether each of them is that of a row.
    every: bool,
}

/// Rows that are coded together; after each such piece it is looked whether values come again.
const PIECE: usize = 1 << 11;
/// A value comes again as often as this, or its column is not worth to be coded.
const OFTEN: usize = 4;
/// Ways in which the values of several columns can meet, for each row: no more may have a table.
const WAYS: usize = 8;
/// No such group, or place.
const NONE: u32 = u32::MAX;

impl Coded {
    /// `None` where values seldom come again.
    ///
    /// # Errors
    /// When the column's type cannot be grouped by.
    pub fn of(column: &Column) -> Result<Option<Self>> {
        let mut keys = Keys::new(&[(PlSmallStr::EMPTY, column.dtype().clone())])?;
        let (mut codes, mut piece) = (Vec::with_capacity(column.len()), Vec::new());
        while codes.len() < column.len() {
            let rows = column.slice(codes.len() as i64, PIECE);
            let height = rows.len();
            keys.assign(&[rows], height, &mut piece)?;
            codes.extend_from_slice(&piece);
            if keys.len() > codes.len() / OFTEN {
                return Ok(None);
            }
        }
        let values = keys.column(0)?;
        Ok(Some(Self { codes: IdxCa::from_vec(PlSmallStr::EMPTY, codes), values, every: true }))
    }

    /// Of the rows that a mask leaves.
    ///
    /// # Errors
    /// When the mask is of other rows.
    pub fn filter(&self, mask: &BooleanChunked) -> Result<Self> {
        Ok(Self { codes: self.codes.filter(mask)?, values: self.values.clone(), every: false })
    }

    fn each(&self) -> impl Iterator<Item = &[IdxSize]> {
        self.codes.downcast_iter().map(|codes| codes.values().as_slice())
    }
}

impl Keys {
    /// As `assign`, for key columns that are coded. False, and nothing is taken, where their values can meet in too
    /// many ways.
    ///
    /// # Errors
    /// As `assign`.
    pub fn assign_coded(&mut self, keys: &[Coded], groups: &mut Vec<u32>) -> Result<bool> {
        groups.clear();
        let Some(first) = keys.first() else { return Ok(false) };
        let mut strides = Vec::with_capacity(keys.len());
        let most = first.codes.len().saturating_mul(WAYS);
        let mut ways = 1;
        for key in keys {
            strides.push(ways);
            ways *= key.values.len();
            if ways > most {
                return Ok(false);
            }
        }
        // What a row has in all columns as one number, in the place of its group.
        groups.reserve(first.codes.len());
        first.each().for_each(|codes| groups.extend_from_slice(codes));
        for (key, stride) in keys.iter().zip(&strides).skip(1) {
            let mut rows = groups.iter_mut();
            for codes in key.each() {
                codes.iter().zip(&mut rows).for_each(|(code, row)| *row += *code * *stride as u32);
            }
        }
        let (mut table, mut met) = (vec![NONE; ways], Vec::new());
        if let ([_], true) = (keys, first.every) {
            met.extend(0..ways as u32);
        } else {
            for row in groups.iter() {
                if let Some(place) = table.get_mut(*row as usize).filter(|place| **place == NONE) {
                    *place = 0;
                    met.push(*row);
                }
            }
        }
        let mut columns = Vec::with_capacity(keys.len());
        for (key, stride) in keys.iter().zip(&strides) {
            let codes: Vec<IdxSize> =
                met.iter().map(|row| (*row as usize / stride % key.values.len().max(1)) as IdxSize).collect();
            columns.push(key.values.take_slice(&codes)?);
        }
        let mut found = Vec::new();
        self.assign(&columns, met.len(), &mut found)?;
        for (row, group) in met.iter().zip(found) {
            if let Some(place) = table.get_mut(*row as usize) {
                *place = group;
            }
        }
        groups.iter_mut().for_each(|row| *row = table.get(*row as usize).copied().unwrap_or_default());
        Ok(true)
    }
}
