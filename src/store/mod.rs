//! Floor 3: what is kept on disk: segments of recorded feeds, checkpoints of what a question knows.

pub mod checkpoint;
mod disk;
pub mod frames;
pub mod log;
