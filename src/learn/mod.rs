//! Floor 2: models over chunks. A forest is trained on binned columns, merges as every partial does, and scores rows.
//! Pure: threads that grow trees are started by the engine.

pub mod bins;
pub mod drift;
pub mod dropped;
pub mod encode;
pub mod explain;
pub mod flat;
pub mod forest;
pub mod goal;
pub mod grow;
pub mod holdout;
pub mod json_error;
mod leak;
pub mod measure;
pub mod merge;
pub mod model;
pub mod online;
pub mod oob;
pub mod prepared;
pub mod propose;
pub mod question;
pub mod report;
pub mod score;
pub mod split;
pub mod tree;
pub mod verdict;
