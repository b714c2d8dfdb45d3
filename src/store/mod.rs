//! Floor 3: what is kept on disk: segments of recorded feeds.

pub mod segments;
