//! Floor 1: what travels. It knows no threads, no questions and no pictures.

pub mod broken;
pub mod cell;
pub mod chunk;
pub mod encoding;
pub mod epoch;
pub mod fault;
pub mod format;
pub mod hint;
pub mod memory;
pub mod near;
pub mod position;
pub mod reject;
pub mod time;
pub mod words;
pub mod zone;

pub use chunk::Chunk;
pub use fault::{Fault, Result};
pub use hint::{Hint, Remedy, Setting};
pub use position::Positions;
pub use reject::{Cells, Reject, Rejects};
