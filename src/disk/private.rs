//! Folders that need not outlive the process, in a folder that nobody else can enter. They go when they are dropped;
//! what a killed process left is removed by the next, in that folder alone, where nobody holds its lock.

use std::fs::{File, read_dir, remove_dir_all};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tempfile::{Builder, TempDir};

use super::own;

/// A folder that goes when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    _of: Arc<Process>,
}

/// The folder of all of them in this process, as long as there are any.
#[derive(Debug)]
struct Process {
    folder: TempDir,
    _lock: File,
}

static PROCESS: Mutex<Weak<Process>> = Mutex::new(Weak::new());
const RUN: &str = "run-";
const LOCK: &str = "lock";
/// A folder without a lock is being made, unless the folder is as old as this.
const MAKING: Duration = Duration::from_hours(1);

impl Scratch {
    /// A new folder; `what` is for whoever looks there.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(what: &str) -> io::Result<Self> {
        let mut held = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
        let process = match held.upgrade() {
            Some(process) => process,
            None => Arc::new(Process::new()?),
        };
        *held = Arc::downgrade(&process);
        Ok(Self { folder: private(&format!("{what}-")).tempdir_in(process.folder.path())?, _of: process })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders and drafts of this process: before it ends without waiting for its threads.
pub fn clean_up() {
    super::draft::remove_all();
    if let Some(process) = PROCESS.lock().unwrap_or_else(PoisonError::into_inner).upgrade() {
        // What cannot be removed is swept by the next process.
        let _ = remove_dir_all(process.folder.path());
    }
}

impl Process {
    fn new() -> io::Result<Self> {
        let place = place();
        let folder = match home(&place) {
            Some(home) => {
                sweep(&home);
                private(RUN).tempdir_in(home)?
            }
            // Somebody else has the name there: one that nobody can foresee does as well, but is not swept.
            None => private("braid-").tempdir_in(&place)?,
        };
        // It has its name when it is locked: nobody may find it free before.
        let (made, named) = (folder.path().join("lock.new"), folder.path().join(LOCK));
        let lock = own::create(&made)?;
        lock.lock()?;
        std::fs::rename(made, named)?;
        Ok(Self { folder, _lock: lock })
    }
}

/// A builder of folders that are new, have names that nobody can foresee, and are for this user alone.
fn private(prefix: &str) -> Builder<'_, 'static> {
    let mut builder = Builder::new();
    builder.prefix(prefix).rand_bytes(12);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
}

/// Where there is room: `TMPDIR` if it is set, else the user's cache folder, else the system's folder for temporary
/// files.
fn place() -> PathBuf {
    let cache = || {
        dirs::cache_dir()
            .filter(|cache| [Some(cache.as_path()), cache.parent()].into_iter().flatten().any(is_own_folder))
    };
    let named = std::env::var_os("TMPDIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let cached = || cache().map(|cache| cache.join("braid")).filter(|place| own::root(place).is_ok());
    // A folder that is not there was mistyped, and is not made.
    named
        .filter(|named| named.is_dir())
        .or_else(cached)
        .unwrap_or_else(|| PathBuf::from(if cfg!(unix) { "/tmp" } else { "." }))
}

/// The folder there that only this user can enter; `None` where somebody else has its name.
fn home(place: &Path) -> Option<PathBuf> {
    let home = place.join(name());
    own::folder(&home).ok()?;
    is_own_folder(&home).then_some(home)
}

#[cfg(unix)]
fn name() -> String {
    format!("braid-{}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn name() -> String {
    "braid-temporary".to_owned()
}

fn is_own_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir() && own::is_ours(&found))
}

/// Removes the folders of processes that died: nobody holds their lock.
fn sweep(home: &Path) {
    for entry in read_dir(home).into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(RUN) || !is_own_folder(&path) {
            continue;
        }
        let left = match own::open(&path.join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(_) => {
                entry.metadata().and_then(|m| m.modified()).is_ok_and(|t| t.elapsed().is_ok_and(|age| age > MAKING))
            }
        };
        if left {
            let _ = remove_dir_all(&path);
        }
    }
}
