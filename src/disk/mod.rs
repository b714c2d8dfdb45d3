//! Floor 0: what everything asks of a disk. Nothing else makes, renames or empties files and folders; what stands in
//! them is left to others.
//!
//! - [`Draft`]: a file that appears under its name whole, or not at all.
//! - [`Scratch`]: a folder that need not outlive the process, where nobody else can reach it.
//! - [`own`]: files and folders that are Braid's own: for this user alone, and never through a link.

mod draft;
pub mod own;
mod private;
mod stdout;
mod system;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

pub use draft::{Draft, DraftFile};
pub use private::{Scratch, clean_up};
pub use stdout::{finish_stdout, to_stdout};

/// Writes a file that a person asked for, whole or not at all.
///
/// # Errors
/// The disk's, or somebody else's link in its place.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = Draft::new(path)?;
    draft.file()?.write_all(bytes)?;
    draft.finish()
}

/// All that a file or a pipe gives, if that is no more than `most` bytes.
///
/// # Errors
/// The system's, or that there is more.
pub fn read_bounded(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes, and cannot be what it is taken for")));
    }
    Ok(bytes)
}

/// Makes the names in a folder last: a file that was renamed into it is there after a power cut.
///
/// # Errors
/// The disk's.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // Elsewhere a folder cannot be opened as a file; a rename lasts by itself.
    if cfg!(unix) { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Makes a folder that a person named, with those above it.
///
/// # Errors
/// The disk's.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// Renames a damaged file to `NAME.damaged` (or `NAME.damaged-2`, …), so that it is no longer read and not lost.
///
/// # Errors
/// The disk's.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let to = free_name(path, "damaged");
    std::fs::rename(path, &to)?;
    Ok(to)
}

/// Keeps a damaged file under such a name, too; it stays where it is, so that there is one at every instant.
///
/// # Errors
/// The disk's.
pub fn keep_aside(path: &Path) -> io::Result<PathBuf> {
    let kept = free_name(path, "damaged");
    if std::fs::hard_link(path, &kept).is_err() {
        io::copy(&mut own::open(path)?, &mut own::create(&kept)?)?;
    }
    Ok(kept)
}

/// Moves a folder to `NAME.1`, or the first number that is free.
///
/// # Errors
/// The disk's.
pub fn put_away(folder: &Path) -> io::Result<()> {
    let to = (1_u32..).map(|n| with_ending(folder, &n.to_string())).find(|to| to.symlink_metadata().is_err());
    to.map_or(Ok(()), |to| std::fs::rename(folder, to))
}

/// Removes a file that is Braid's own.
///
/// # Errors
/// The disk's.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// Removes a folder that is Braid's own, with all that is in it. Links in it are removed, not followed.
///
/// # Errors
/// The disk's.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(folder)
}

/// `path` with `.ending` behind its name.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

fn free_name(path: &Path, ending: &str) -> PathBuf {
    let numbered = (2..).map(|n: u32| with_ending(path, &format!("{ending}-{n}")));
    let mut names = std::iter::once(with_ending(path, ending)).chain(numbered);
    names.find(|name| name.symlink_metadata().is_err()).unwrap_or_else(|| with_ending(path, ending))
}
