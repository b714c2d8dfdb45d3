//! The values of a window function: rows in the order of its partitions, what it says of each, and back to where the
//! rows were.

use polars::prelude::*;

use super::layout::Layout;
use super::rank::ranks;
use super::{OverCall, aggregate, place};
use crate::data::Result;

impl OverCall {
    /// One value a row of `kept`, in its order.
    ///
    /// # Errors
    /// What polars says, or a sum that does not fit.
    pub fn evaluate(&self, kept: &DataFrame) -> Result<Column> {
        let layout = Layout::new(self, kept)?;
        let values = match (ranks(self.kind, &layout), &self.aggregate) {
            (Some(ranks), _) => ranks,
            (None, Some(call)) => aggregate::values(call, kept, &layout, self.frame.places(&layout)?)?,
            (None, None) => {
                let read = |arg: &super::Scalar| layout.placed(&arg.of(kept)?);
                let args = self.args.iter().map(read).collect::<Result<Vec<_>>>()?;
                match &args[..] {
                    [] => Column::full_null("w".into(), kept.height(), &self.dtype),
                    [column, rest @ ..] => {
                        let frames = self.frame.places(&layout)?;
                        place::values(self.kind, &layout, &frames, column, rest.first(), self.ignores_nulls)?
                    }
                }
            }
        };
        let values = layout.unplaced(&values)?;
        Ok(if *values.dtype() == self.dtype { values } else { values.cast(&self.dtype)? })
    }
}
