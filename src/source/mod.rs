//! Floor 2: where chunks come from. `history` ends, `live` does not; both hand out the same `Chunk`.
//! Neither starts a thread: the engine pulls.

pub mod history;
pub mod live;
mod packing;
