//! The files of models that nobody has saved: one each, whole or not at all. Which models those are is the window's to
//! say.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::data::{Fault, Result};
use crate::disk;
use crate::learn::model::{self, Saved};

/// A model's file that no workspace names is not taken away before it is as old.
const OLD: Duration = Duration::from_hours(24);

/// Writes a model. Call it from a job.
///
/// # Errors
/// When the folder cannot be written.
pub fn keep_model(saved: &Saved, file: &Path) -> Result<()> {
    if let Some(folder) = file.parent() {
        disk::own::folders(folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
    }
    model::save(saved, file)
}

/// Takes away models that nothing names any more. What cannot be taken away is left for the next time. Call it from a
/// job.
pub fn sweep_models(folder: &Path, wanted: impl Fn(&Path) -> bool) {
    let Ok(files) = fs::read_dir(folder) else { return };
    for file in files.flatten().map(|f| f.path()).filter(|path| !wanted(path)) {
        let changed = fs::metadata(&file).and_then(|m| m.modified()).ok();
        if changed.and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|age| age > OLD) {
            let _ = disk::remove(&file);
        }
    }
}
