//! Floor 2: models over chunks. A model will be a partial like any other: it absorbs rows, merges, and is read.
//! Threads, files and SQL are left to the floors beside and above.

pub mod drift;
pub mod explain;
pub mod measure;
pub mod propose;
