//! Final windows that left memory for disk, as partials of their own, so that the number of windows ever seen does not grow
//! the process. Which windows go is the partial's choice.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::data::{Fault, Result};
use crate::query::window::Micros;
use crate::query::{Partial, Plan};
use crate::store::frames;

/// The sealed windows of one run.
#[derive(Debug)]
pub struct Sealed {
    home: Arc<Home>,
    next: u64,
    files: Vec<SealedFile>,
}

/// Where the files are. It goes with the last that reads them, unless it belongs to a workspace.
#[derive(Debug)]
struct Home {
    folder: PathBuf,
    temporary: bool,
}

/// Some whole windows on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedFile {
    name: String,
    pub groups: u64,
    /// The times that its windows cover.
    from: Micros,
    until: Micros,
    crc: u32,
}

/// An answer that is too large for memory: its sealed windows, and those that still were in memory when the run ended.
#[derive(Clone, Debug)]
pub struct SealedAnswer {
    plan: Arc<Plan>,
    home: Arc<Home>,
    files: Vec<SealedFile>,
    rest: DataFrame,
    watermark: Option<Micros>,
}

impl SealedAnswer {
    /// The whole answer, a part at a time; in one part where it is ordered or cut as a whole.
    ///
    /// # Errors
    /// When a file is gone or damaged, or an expression of the answer cannot be evaluated.
    pub fn each(&self, mut take: impl FnMut(DataFrame) -> Result<()>) -> Result<()> {
        for cluster in self.clusters() {
            let mut partial = Partial::new(self.plan.clone())?;
            for part in cluster {
                match part {
                    Some(file) => partial.merge(&read(&self.home.folder, file)?)?,
                    None => partial.merge(&self.rest)?,
                }
            }
            take(partial.answer(self.watermark)?.frame)?;
        }
        Ok(())
    }

    pub fn groups(&self) -> u64 {
        self.files.iter().map(|f| f.groups).sum::<u64>() + self.rest.height() as u64
    }

    /// Adds all that is known to a partial of the same plan.
    ///
    /// # Errors
    /// When a file is gone or damaged.
    pub fn merge_into(&self, partial: &mut Partial) -> Result<()> {
        for file in &self.files {
            partial.merge(&read(&self.home.folder, file)?)?;
        }
        partial.merge(&self.rest)
    }

    /// Files (and, as `None`, what is in memory) that must be merged because they may hold the same windows.
    fn clusters(&self) -> Vec<Vec<Option<&SealedFile>>> {
        let whole = self.plan.finish.needs_all();
        let rest = self.plan.reach(&self.rest).unwrap_or((Micros::MIN, Micros::MAX));
        let mut parts: Vec<(Micros, Micros, Option<&SealedFile>)> = self.files.iter().map(|f| (f.from, f.until, Some(f))).collect();
        parts.push((rest.0, rest.1, None));
        parts.sort_by_key(|part| part.0);
        let mut clusters: Vec<(Micros, Vec<Option<&SealedFile>>)> = Vec::new();
        for (from, until, part) in parts {
            match clusters.last_mut() {
                Some((end, cluster)) if whole || from <= *end => {
                    *end = until.max(*end);
                    cluster.push(part);
                }
                _ => clusters.push((until, vec![part])),
            }
        }
        clusters.into_iter().map(|(_, cluster)| cluster).collect()
    }
}

impl Sealed {
    /// Sealed windows in the workspace's folder, those of a checkpoint included; or in a temporary one.
    pub fn new(folder: Option<PathBuf>, files: Vec<SealedFile>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let temporary = folder.is_none();
        let folder =
            folder.unwrap_or_else(|| std::env::temp_dir().join(format!("braid-sealed-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))));
        // Files of a run that was killed after its last checkpoint hold rows that are read again.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if files.iter().all(|f| entry.file_name() != f.name.as_str()) {
                // One that cannot be removed is overwritten or left.
                let _ = fs::remove_file(entry.path());
            }
        }
        let home = Arc::new(Home { folder, temporary });
        let next = files.iter().filter_map(|f| f.name.split('.').next()?.parse::<u64>().ok()).max().map_or(0, |n| n + 1);
        Self { home, next, files }
    }

    pub fn files(&self) -> &[SealedFile] {
        &self.files
    }

    pub fn groups(&self) -> u64 {
        self.files.iter().map(|f| f.groups).sum()
    }

    /// Writes what `Partial::seal` gave.
    ///
    /// # Errors
    /// The disk's.
    pub fn push(&mut self, plan: &Plan, frame: &DataFrame) -> Result<()> {
        let (from, until) = plan.reach(frame).unwrap_or((Micros::MIN, Micros::MAX));
        let bytes = frames::to_bytes(frame)?;
        let name = format!("{:08}.arrow", self.next);
        let path = self.home.folder.join(&name);
        let failed = |e: std::io::Error| Fault::io(path.display().to_string(), &e).hint("free some space: final windows are kept on disk");
        fs::create_dir_all(&self.home.folder).map_err(failed)?;
        fs::write(&path, &bytes).and_then(|()| fs::File::open(&path)?.sync_data()).map_err(failed)?;
        self.next += 1;
        self.files.push(SealedFile { name, groups: frame.height() as u64, from, until, crc: crc32fast::hash(&bytes) });
        Ok(())
    }

    /// All of the answer, with what is still in memory.
    pub fn answer(&self, plan: &Arc<Plan>, rest: DataFrame, watermark: Option<Micros>) -> SealedAnswer {
        SealedAnswer { plan: plan.clone(), home: self.home.clone(), files: self.files.clone(), rest, watermark }
    }
}

/// A file of sealed windows, if it is what was written.
fn read(folder: &Path, file: &SealedFile) -> Result<DataFrame> {
    let path = folder.join(&file.name);
    let place = path.display().to_string();
    let bytes = fs::read(&path).map_err(|e| Fault::io(place.clone(), &e))?;
    if crc32fast::hash(&bytes) != file.crc {
        return Err(Fault::new("these final windows are damaged on disk").at(place).hint("read the history and the recording again, in a new workspace"));
    }
    frames::from_bytes(&bytes)
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed is the operating system's to clean: it lies in the folder for temporary files.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
