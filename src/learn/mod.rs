//! Floor 2: models over chunks. A model will be a partial like any other: it absorbs rows, merges, and is read.
//! Nothing stands here yet; the floor is named so that `tests/floors.rs` guards it from the first line.
