//! Floor 3: what is kept on disk: logs of recorded feeds, checkpoints of what a question knows, rows set aside.

pub mod aside;
pub mod checkpoint;
mod disk;
pub mod frames;
pub mod log;
