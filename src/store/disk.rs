//! What everything on this floor asks of a disk: words for its errors, folders whose entries last, files put aside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::data::Fault;

pub fn fault(path: &Path, error: &io::Error) -> Fault {
    Fault::io(path.display().to_string(), error)
}

/// Makes the names in a folder last: a file that was renamed into it is there after a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file; a rename lasts by itself.
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Writes a small file so that it is there whole or not at all.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = with_ending(path, "tmp");
    let written = (|| {
        let mut file = fs::File::create(&beside)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), sync_folder)
    })();
    if written.is_err() {
        // The attempt's own error matters more than a failure to remove what is left of it.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Renames a damaged file to `NAME.damaged` (or `NAME.damaged-2`, …), so that it is no longer read and not lost.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut to = with_ending(path, "damaged");
    let mut number = 2;
    while to.exists() {
        to = with_ending(path, &format!("damaged-{number}"));
        number += 1;
    }
    fs::rename(path, &to)?;
    Ok(to)
}

pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}
