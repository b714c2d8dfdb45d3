//! Floor 3: the same question on a cluster, coming back as a `Partial` that merges like any other.
//! Nothing stands here yet; the floor is named so that `tests/floors.rs` guards it from the first line.
