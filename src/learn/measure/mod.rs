//! How good a model is: what it said held against what was true, as numbers and curves.
//! Pure functions over slices with the definitions of scikit-learn; drawing them is left to `figure`.

mod confusion;
mod curve;
mod regression;

pub use confusion::{ClassScore, Confusion, log_loss};
pub use curve::{Calibration, PrecisionRecall, Reliability, Roc};
pub use regression::{Histogram, Regression};

use crate::data::{Fault, Result};

/// Both columns speak of the same rows.
fn same_length(what: &str, truth: usize, said: usize) -> Result<()> {
    if truth == said {
        return Ok(());
    }
    Err(Fault::new(format!("{truth} true values are held against {said} {what}"))
        .hint("score the rows that the truth is known of"))
}
