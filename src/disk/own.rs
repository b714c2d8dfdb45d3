//! Files and folders that are Braid's own: recordings, checkpoints, workspaces. They are for this user alone, and no
//! link that somebody put there is followed. What is in them is left to others.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use super::Draft;
use super::system::{builder, is_open, names, options, tighten};
pub use super::system::{is_ours, is_roots};

/// A folder that is there afterwards: one that is made is for this user alone, and so becomes one that this user owns.
///
/// # Errors
/// A link, a file or another user's folder in its place, or what the disk says.
pub fn folder(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = builder().create(path);
            // Another thread or process may have been first.
            if made.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::AlreadyExists) { folder(path) } else { made }
        }
        Err(error) => Err(error),
        Ok(found) if found.is_symlink() => Err(link()),
        Ok(found) if found.is_dir() && !(is_ours(&found) || is_roots(&found)) => Err(theirs()),
        Ok(found) if found.is_dir() => tighten(path, &found),
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
    }
}

/// The same with the folders above it, which may be anybody's and links: a person named them.
///
/// # Errors
/// As of `folder`.
pub fn folders(path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty() && !above.is_dir()) {
        builder().recursive(true).create(above)?;
    }
    folder(path)
}

/// The folder `below`, which lies in `root`, with those in between.
///
/// # Errors
/// As of `root` and `folder`.
pub fn within(root: &Path, below: &Path) -> io::Result<()> {
    self::root(root)?;
    let mut path = root.to_owned();
    for part in below.strip_prefix(root).map_err(io::Error::other)? {
        path.push(part);
        folder(&path)?;
    }
    Ok(())
}

/// A folder that a person named for what Braid keeps: made for this user alone where it is not there.
///
/// # Errors
/// A file in its place, another user's folder that all may change, or what the disk says.
pub fn root(path: &Path) -> io::Result<()> {
    match path.metadata() {
        Ok(found) if found.is_dir() && !(is_ours(&found) || is_roots(&found)) && is_open(&found) => Err(theirs()),
        Ok(found) if found.is_dir() => Ok(()),
        _ => builder().recursive(true).create(path),
    }
}

/// A new file to write.
///
/// # Errors
/// When there is one of that name, or what the disk says.
pub fn create(path: &Path) -> io::Result<File> {
    checked(options().write(true).create_new(true), path)
}

/// A file to add to; it is made where there is none.
///
/// # Errors
/// A link or another's file in its place, or what the disk says.
pub fn append(path: &Path) -> io::Result<File> {
    checked(options().append(true).create(true), path)
}

/// A file to change, such as its length; it is made where there is none.
///
/// # Errors
/// As of `append`.
pub fn change(path: &Path) -> io::Result<File> {
    checked(options().write(true).create(true).truncate(false), path)
}

/// A file to read.
///
/// # Errors
/// A link, or something else that is no file, in its place; or what the disk says.
pub fn open(path: &Path) -> io::Result<File> {
    let file = refuse_links(options().read(true), path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
}

/// All of a file.
///
/// # Errors
/// As of `open`.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of a file that this user wrote, and that has no more than `most` bytes.
///
/// # Errors
/// As of `open`, or when the file is another's or larger.
pub fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    if !is_ours(&file.metadata()?) {
        return Err(io::Error::other("this file belongs to another user"));
    }
    super::read_bounded(file, most)
}

/// Cuts a file.
///
/// # Errors
/// As of `open`.
pub fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = checked(options().write(true), path)?;
    file.set_len(length)?;
    file.sync_all()
}

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
/// The disk's; what was there is there still.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = Draft::own(path)?;
    draft.file()?.write_all(bytes)?;
    draft.finish()
}

/// Removes the drafts that a killed process left in a folder of Braid's own. The caller holds the folder's lock: no
/// other process writes there.
pub fn sweep_drafts(folder: &Path) {
    if !folder.symlink_metadata().is_ok_and(|found| found.is_dir() && is_ours(&found)) {
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let own = entry.metadata().is_ok_and(|found| found.is_file() && is_ours(&found));
        if own && super::draft::is_draft(&entry.file_name().to_string_lossy()) {
            // What cannot be removed now is tried again the next time.
            let _ = super::remove(&entry.path());
        }
    }
}

/// Opens a file to write, if it is a plain file under one name alone: through a second one somebody else could be
/// harmed.
fn checked(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = refuse_links(options, path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(no_file());
    }
    if names(&found) > 1 {
        return Err(io::Error::other(
            "this file has a second name elsewhere, and would be changed there, too; remove it",
        ));
    }
    Ok(file)
}

fn refuse_links(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // The system's own word for it says nothing to most people.
    options.open(path).map_err(|error| if path.is_symlink() { link() } else { error })
}

fn theirs() -> io::Error {
    io::Error::other("this folder belongs to another user, who could change what is in it; choose another")
}

fn link() -> io::Error {
    io::Error::other("this is a link, and Braid follows none in its own folders; remove it")
}

fn no_file() -> io::Error {
    io::Error::other("this is no plain file; remove it")
}
