//! A file on its way to its name: it is written beside its place, under a name that nobody can foresee, and gets its
//! own when every byte is on the disk. What is written is left to others.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::{Builder, NamedTempFile};

use super::{sync_folder, system};

const PREFIX: &str = ".braid-";
const SUFFIX: &str = ".part";

/// Whether a file of this name is a draft.
pub(super) fn is_draft(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// A file that is being written. Dropped unfinished, it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    way: Way,
    failed: Arc<AtomicI32>,
    /// The permissions that the file gets with its name.
    permissions: Option<Permissions>,
    _listed: Option<Listed>,
}

#[derive(Debug)]
enum Way {
    /// Beside its place, and the name that it gets.
    Beside(NamedTempFile, PathBuf),
    /// A device or a pipe: it takes the bytes as they come, and is never replaced.
    Through(File),
}

impl Draft {
    /// A file that a person asked for: it may be read by whom the user lets read new files, or as the one in its place.
    ///
    /// # Errors
    /// A folder in its place, somebody else's link, or what the disk says.
    pub fn new(path: &Path) -> io::Result<Self> {
        let path = target(path)?;
        match path.metadata() {
            Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() || is_system(&path) => {
                through(&path).map(|file| Self::of(Way::Through(file)))
            }
            Ok(found) => Self::beside(path, Some(found.permissions())),
            Err(_) => {
                let permissions = new_permissions(folder_of(&path))?;
                Self::beside(path, permissions)
            }
        }
    }

    /// A file of Braid's own, for this user alone. A link in its place is replaced, not followed.
    ///
    /// # Errors
    /// The disk's.
    pub fn own(path: &Path) -> io::Result<Self> {
        // Such files are for this user alone, without being asked.
        Self::beside(path.to_owned(), None)
    }

    fn beside(path: PathBuf, permissions: Option<Permissions>) -> io::Result<Self> {
        path.file_name().ok_or_else(|| io::Error::other("this is no file name"))?;
        // For this user alone while it is written.
        let file = builder().tempfile_in(folder_of(&path))?;
        let listed = Listed::new(file.path());
        Ok(Self { _listed: Some(listed), permissions, ..Self::of(Way::Beside(file, path)) })
    }

    fn of(way: Way) -> Self {
        Self { way, failed: Arc::default(), permissions: None, _listed: None }
    }

    /// The file to write to; all of them that are asked for are one.
    ///
    /// # Errors
    /// The system's, when it has none to give.
    pub fn file(&self) -> io::Result<DraftFile> {
        let file = match &self.way {
            Way::Beside(file, _) => file.as_file().try_clone(),
            Way::Through(file) => file.try_clone(),
        };
        Ok(DraftFile { file: file?, failed: self.failed.clone() })
    }

    /// The error of the first write that failed: writers of formats make something else of it.
    pub fn failure(&self) -> Option<io::Error> {
        Some(self.failed.load(Ordering::Relaxed)).filter(|code| *code != 0).map(io::Error::from_raw_os_error)
    }

    /// Bytes that were written so far.
    ///
    /// # Errors
    /// The system's.
    pub fn written(&self) -> io::Result<u64> {
        match &self.way {
            Way::Beside(file, _) => Ok(file.as_file().metadata()?.len()),
            Way::Through(file) => Ok(file.metadata()?.len()),
        }
    }

    /// Gives it its name, when all of it is on the disk.
    ///
    /// # Errors
    /// The disk's; then nothing is left of it, and what had the name has it still.
    pub fn finish(self) -> io::Result<()> {
        match self.way {
            Way::Beside(file, path) => {
                if let Some(permissions) = self.permissions {
                    file.as_file().set_permissions(permissions)?;
                }
                file.as_file().sync_all()?;
                file.persist(&path).map_err(|failed| failed.error)?;
                path.parent().map_or(Ok(()), sync_folder)
            }
            Way::Through(file) => sync(&file),
        }
    }
}

/// The drafts of this process.
static DRAFTS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// An entry in the list of drafts, as long as the draft is there.
#[derive(Debug)]
struct Listed(PathBuf);

impl Listed {
    fn new(path: &Path) -> Self {
        drafts().insert(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        drafts().remove(&self.0);
    }
}

fn drafts() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    DRAFTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what is not finished: before the process ends without waiting for its threads.
pub(super) fn remove_all() {
    for path in std::mem::take(&mut *drafts()) {
        // A draft that has got its name meanwhile is not there.
        let _ = std::fs::remove_file(path);
    }
}

/// A draft's file.
#[derive(Debug)]
pub struct DraftFile {
    file: File,
    failed: Arc<AtomicI32>,
}

impl Write for DraftFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).inspect_err(|error| {
            let code = error.raw_os_error().filter(|_| error.kind() != io::ErrorKind::Interrupted).unwrap_or(0);
            // The first one says why.
            let _ = self.failed.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns when what was written to a file is on the disk; where there is no disk behind it, at once.
///
/// # Errors
/// The disk's.
pub fn sync(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.sync_all() } else { Ok(()) }
}

/// Where a path leads: links are followed that this user or the system made, so that nobody else chooses what is
/// replaced.
fn target(path: &Path) -> io::Result<PathBuf> {
    let Ok(found) = path.symlink_metadata() else { return Ok(path.to_owned()) };
    if !found.is_symlink() {
        return Ok(path.to_owned());
    }
    if !(system::is_ours(&found) || system::is_roots(&found)) {
        return Err(io::Error::other("this is a link that another user made; name the file itself"));
    }
    // A pipe behind a name such as /dev/stdout has no path of its own; nor has a link that leads nowhere.
    if is_system(path) || path.metadata().is_err() { Ok(path.to_owned()) } else { path.canonicalize() }
}

/// What stands for a file that is open already.
fn is_system(path: &Path) -> bool {
    ["/proc", "/dev/fd", "/dev/stdout", "/dev/stderr"].iter().any(|open| path.starts_with(open))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(12);
    builder
}

/// What the user lets others do with new files, as the system makes it: of an empty file that goes again.
#[cfg(unix)]
fn new_permissions(folder: &Path) -> io::Result<Option<Permissions>> {
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    Ok(Some(builder().permissions(all).tempfile_in(folder)?.as_file().metadata()?.permissions()))
}

#[cfg(not(unix))]
fn new_permissions(_: &Path) -> io::Result<Option<Permissions>> {
    Ok(None)
}

/// A device or a pipe. For the reader of a pipe nobody waits who cannot be stopped.
#[cfg(unix)]
fn through(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let nonblock = rustix::fs::OFlags::NONBLOCK;
    let opened = OpenOptions::new().write(true).custom_flags(nonblock.bits().cast_signed()).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() => {
            io::Error::other("nobody reads from this pipe; start its reader first")
        }
        _ => error,
    })?;
    // From here on a reader that is slower is waited for.
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - nonblock)?;
    Ok(file)
}

#[cfg(not(unix))]
fn through(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}
