//! The summaries behind the approximate aggregates, each of one group: what they promise stands with them, and is
//! tested over a thousand seeds. All of them merge, and can be written as bytes that any machine reads.

mod ddsketch;
mod frequent;
mod hll;

pub use ddsketch::DdSketch;
pub use frequent::{CAPACITY, Frequent};
pub use hll::Hll;
