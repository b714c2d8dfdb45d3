//! Lists as state and as answer: flat values and how many belong to each group, to and from a list column.

use polars::prelude::*;

use super::foreign;
use crate::data::Result;

/// A column of lists: the first `lengths[0]` of `values` are the first list, and so on. Where `null_empty`, a list of
/// nothing is null.
pub fn lists(
    name: &'static str,
    values: &Series,
    lengths: impl Iterator<Item = usize>,
    null_empty: bool,
) -> Result<Column> {
    let (mut offsets, mut present) = (vec![0_i64], Vec::new());
    let mut end = 0;
    for length in lengths {
        end += length as i64;
        offsets.push(end);
        present.push(length > 0);
    }
    let dtype = DataType::List(Box::new(values.dtype().clone()));
    if *values.dtype() == DataType::Null {
        return Ok(Column::full_null(name.into(), present.len(), &dtype));
    }
    let array = values.rechunk().to_arrow(0, CompatLevel::newest());
    let validity = (null_empty && present.contains(&false)).then(|| present.into());
    let list = LargeListArray::try_new(
        LargeListArray::default_datatype(array.dtype().clone()),
        offsets.try_into()?,
        array,
        validity,
    )?;
    let series = Series::try_from((PlSmallStr::from(name), Box::new(list) as ArrayRef))?;
    Ok(series.cast(&dtype)?.into_column())
}

/// The flat values of a column of lists, and the group of each: row `i`'s values belong to `groups[i]`.
pub fn flatten(groups: &[u32], state: &Series) -> Result<(Vec<u32>, Column)> {
    let lists = state.list().map_err(|_| foreign())?;
    let inner = lists.get_inner();
    let mut owners = Vec::new();
    let mut values: Option<Series> = None;
    let (mut base, mut rows) = (0, groups.iter());
    for array in lists.downcast_iter() {
        let offsets = array.offsets();
        // A list column that was cut keeps all its values: only those between its offsets are its own.
        let piece = inner.slice(base + *offsets.first(), (*offsets.last() - *offsets.first()) as usize);
        base += array.values().len() as i64;
        owners.reserve(piece.len());
        for (length, group) in offsets.lengths().zip(&mut rows) {
            owners.extend(std::iter::repeat_n(*group, length));
        }
        match &mut values {
            None => values = Some(piece),
            Some(all) => drop(all.append(&piece)?),
        }
    }
    let values = values.unwrap_or_else(|| inner.clear());
    Ok((owners, values.into_column()))
}
