//! Checks before any work that the outputs of a command can be written, and that no output is one of its inputs.

use std::path::{Path, PathBuf};

use crate::data::{Fault, Result};
use crate::source::history::expand;

/// # Errors
/// A folder, a file in a folder that is not there, one of the `inputs`, or the same file twice.
pub fn check(outputs: &[&Path], inputs: &[PathBuf]) -> Result<()> {
    let inputs: Vec<PathBuf> = inputs.iter().map(|path| real(path)).collect();
    let mut taken: Vec<PathBuf> = Vec::new();
    for path in outputs {
        let fault = |what: &str, hint: &str| Err(Fault::new(what).at(path.display().to_string()).hint(hint));
        if path.is_dir() {
            return fault("this is a folder, and a file is to be written", "name a file in it");
        }
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
            return Err(Fault::new("there is no such folder").at(folder.display().to_string()).hint("make it first"));
        }
        // A device such as /dev/null can be written to more than once.
        if path.exists() && !path.is_file() {
            continue;
        }
        let own = real(path);
        if inputs.contains(&own) {
            return fault("this file is read, and would be written over", "write to another file");
        }
        if taken.contains(&own) {
            return fault("two things are to be written to this file", "give each a file of its own");
        }
        taken.push(own);
    }
    Ok(())
}

/// One path for all spellings of it, also for a file that does not exist yet.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let named = || Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?));
    std::fs::canonicalize(path).ok().or_else(named).unwrap_or_else(|| path.to_owned())
}

/// The files that paths, folders and patterns name. A missing file is reported when it is opened.
pub fn files<'a>(patterns: impl Iterator<Item = &'a String>) -> Vec<PathBuf> {
    patterns.flat_map(|pattern| expand(Path::new(pattern)).unwrap_or_default()).collect()
}
