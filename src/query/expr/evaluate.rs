//! polars' expressions evaluated over a frame.

use polars::prelude::*;

use crate::data::Result;

/// Evaluates an expression over a frame; a constant is repeated for every row.
pub fn evaluate(frame: &DataFrame, expr: &Expr) -> Result<Column> {
    const NAME: &str = "__value";
    let height = frame.height();
    if frame.width() == 0 {
        // polars has no rows without columns: give it one to count by.
        let counted = DataFrame::new(height, vec![Column::full_null("__row".into(), height, &DataType::Boolean)])?;
        return evaluate(&counted, expr);
    }
    let out = frame.clone().lazy().with_columns([expr.clone().alias(NAME)]).select([col(NAME)]).collect()?;
    Ok(out.column(NAME)?.clone())
}
