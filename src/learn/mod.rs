//! Floor 2: models over chunks. A forest is learnt from binned columns, merges as every partial does, and scores rows.
//! Pure: threads that grow trees are started by the engine.

pub mod bins;
pub mod encode;
pub mod flat;
pub mod forest;
pub mod goal;
pub mod grow;
pub mod merge;
pub mod model;
pub mod oob;
pub mod split;
pub mod tree;
