//! How far a log was read: one offset a partition. Whether there is a log, and what its offsets count, is the source's.

use std::collections::BTreeMap;

/// A position vector: the next offset to read of each partition, in the source's own unit (bytes of a text file, rows
/// of a replay, offsets of a Kafka partition). A partition that is not named is read from its beginning.
pub type Positions = BTreeMap<u32, u64>;
