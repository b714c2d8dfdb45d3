//! What this floor says of a disk. What it asks of one is `disk`'s.

use std::io;
use std::path::Path;

use crate::data::Fault;

pub fn fault(path: &Path, error: &io::Error) -> Fault {
    Fault::io(path.display().to_string(), error)
}
