//! A folder for a recording that need not outlive the process. It is removed when it is dropped; what a dead process left
//! is removed by the next.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::data::Result;
use crate::store::disk;

#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
}

const MAKING: Duration = Duration::from_secs(60);
const PREFIX: &str = "braid-recording-";

impl Temporary {
    /// # Errors
    /// The disk's.
    pub fn new() -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let root = std::env::temp_dir();
        sweep(&root);
        let path = root.join(format!("{PREFIX}{}-{}-{:08x}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed), fastrand::u32(..)));
        fs::create_dir(&path).map_err(|e| disk::fault(&path, &e))?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is swept by the next process.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders of processes that died: nobody holds their lock.
fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        // One that is being made has no lock yet.
        let old = entry.metadata().and_then(|m| m.modified()).is_ok_and(|t| t.elapsed().is_ok_and(|age| age > MAKING));
        if old
            && entry.file_name().to_string_lossy().starts_with(PREFIX)
            && let Ok(lock) = File::options().write(true).open(path.join("lock"))
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(&path);
        }
    }
}
