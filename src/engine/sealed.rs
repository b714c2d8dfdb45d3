//! Final windows that left memory for disk, as partials of their own, so that the number of windows ever seen does not grow
//! the process. Which windows go is the partial's choice.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::ordered;
use super::spill::{SHARES, Spill};
use crate::data::{Fault, Result};
use crate::query::window::Micros;
use crate::query::{Partial, Plan};
use crate::store::frames;
use crate::sync::Worker;

/// The sealed windows of one run.
#[derive(Debug)]
pub struct Sealed {
    home: Arc<Home>,
    next: u64,
    files: Vec<SealedFile>,
    /// So many of the files survive a power cut.
    synced: usize,
    writing: Option<Writing>,
}

/// Windows that a thread is writing, so that merging goes on meanwhile.
#[derive(Debug)]
struct Writing {
    /// What they are, in case that they cannot be written.
    frame: DataFrame,
    file: SealedFile,
    /// The checksum of what was written.
    outcome: Receiver<Result<u32>>,
}

/// Windows that could not be written, and why.
pub struct Unwritten {
    pub frame: DataFrame,
    pub fault: Fault,
}

/// A folder of what left memory. It goes with the last that reads it, unless it belongs to a workspace.
#[derive(Debug)]
pub struct Home {
    pub folder: PathBuf,
    pub temporary: bool,
}

impl Home {
    /// `what` is for the name of a temporary folder; of one that is there, files that are not `known` go.
    pub fn new(folder: Option<PathBuf>, what: &str, known: impl Fn(&str) -> bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let temporary = folder.is_none();
        if temporary {
            // Those of processes that were killed, where the system lists those that run.
            sweep(|process| Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{process}")).exists());
        }
        let folder =
            folder.unwrap_or_else(|| std::env::temp_dir().join(format!("braid-{what}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))));
        // Files of a run that was killed after its last checkpoint hold rows that are read again.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if !known(&entry.file_name().to_string_lossy()) {
                // One that cannot be removed is overwritten or left.
                let _ = fs::remove_file(entry.path());
            }
        }
        Self { folder, temporary }
    }
}

/// The process that a temporary folder belongs to, by its name.
fn owner(name: &str) -> Option<u32> {
    let parts: Vec<&str> = name.split('-').collect();
    let ["braid", "sealed" | "spilled", process, number] = parts.as_slice() else { return None };
    number.parse::<u64>().ok().and_then(|_| process.parse().ok())
}

/// Removes the temporary folders of those processes.
fn sweep(of: impl Fn(u32) -> bool) {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        if entry.file_name().to_str().and_then(owner).is_some_and(&of) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Removes the temporary folders of this process: before it ends without waiting for its threads.
pub fn clean_up() {
    sweep(|process| process == std::process::id());
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
    /// All of it, where it did not fit into memory: then there are no files and no rest.
    spilled: Option<Spill>,
    /// Bytes that an answer in order may take while it is merged.
    room: u64,
}

impl SealedAnswer {
    /// Whether it is divided by keys, so that nothing of it is in memory.
    pub fn is_spilled(&self) -> bool {
        self.spilled.is_some()
    }

    /// All groups are on disk, divided by their keys; of the answer `room` bytes may be in memory.
    pub fn of_spilled(plan: Arc<Plan>, spilled: Spill, watermark: Option<Micros>, room: u64) -> Self {
        Self { plan, home: spilled.home().clone(), files: Vec::new(), rest: DataFrame::empty(), watermark, spilled: Some(spilled), room }
    }

    /// The whole answer, a part at a time, in its order where it has one. How many groups it is of.
    ///
    /// # Errors
    /// When a file is gone or damaged, or an expression of the answer cannot be evaluated.
    pub fn each(&self, mut take: impl FnMut(DataFrame) -> Result<()>) -> Result<u64> {
        let mut groups = 0;
        if let Some(spilled) = self.spilled.as_ref().filter(|_| self.plan.finish.needs_all()) {
            return ordered::each(spilled, &self.plan, self.watermark, self.room, &mut take);
        }
        if let Some(spilled) = &self.spilled {
            for share in 0..SHARES {
                let answer = spilled.share(&self.plan, share)?.answer(self.watermark)?;
                groups += answer.groups as u64;
                if answer.frame.height() > 0 {
                    take(answer.frame)?;
                }
            }
            return Ok(groups);
        }
        for cluster in self.clusters() {
            let mut partial = Partial::new(self.plan.clone())?;
            for part in cluster {
                match part {
                    Some(file) => partial.merge(&read(&self.home.folder, file)?)?,
                    None => partial.merge(&self.rest)?,
                }
            }
            let answer = partial.answer(self.watermark)?;
            groups += answer.groups as u64;
            take(answer.frame)?;
        }
        Ok(groups)
    }

    /// Groups on disk and in memory; one that is in several places is counted each time.
    pub fn groups(&self) -> u64 {
        self.files.iter().map(|f| f.groups).sum::<u64>() + self.rest.height() as u64 + self.spilled.as_ref().map_or(0, Spill::groups)
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
        let home = Arc::new(Home::new(folder, "sealed", |name| files.iter().any(|f| f.name == name)));
        let next = files.iter().filter_map(|f| f.name.split('.').next()?.parse::<u64>().ok()).max().map_or(0, |n| n + 1);
        Self { home, next, synced: files.len(), files, writing: None }
    }

    /// Those that were written; `settle` waits for the last of them.
    pub fn files(&self) -> &[SealedFile] {
        &self.files
    }

    pub fn groups(&self) -> u64 {
        self.files.iter().chain(self.writing.as_ref().map(|w| &w.file)).map(|f| f.groups).sum()
    }

    pub fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Begins to write what `Partial::seal` gave, after what was pushed before was settled.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn push(&mut self, plan: &Plan, frame: DataFrame) -> std::result::Result<(), Box<Unwritten>> {
        let (from, until) = plan.reach(&frame).unwrap_or((Micros::MIN, Micros::MAX));
        let file = SealedFile { name: format!("{:08}.arrow", self.next), groups: frame.height() as u64, from, until, crc: 0 };
        self.next += 1;
        let (tell, outcome) = bounded(1);
        let on_panic = tell.clone();
        let (home, windows, path) = (self.home.clone(), frame.clone(), self.home.folder.join(&file.name));
        let write = move || {
            // Nobody listens when the run is over.
            let _ = tell.send(write(&home.folder, &path, &windows));
        };
        let on_panic = move |said: String| {
            let _ = on_panic.send(Err(Fault::new(format!("internal error: {said}"))));
        };
        match Worker::spawn("seal", write, on_panic) {
            Ok(_) => {
                self.writing = Some(Writing { frame, file, outcome });
                Ok(())
            }
            Err(error) => Err(Box::new(Unwritten { frame, fault: Fault::io("starting a thread", &error) })),
        }
    }

    /// What became of what was pushed; `None` where there is nothing to tell (yet).
    pub fn settle(&mut self, wait: bool) -> Option<std::result::Result<(), Box<Unwritten>>> {
        let Writing { frame, file, outcome } = self.writing.take()?;
        let gone = || Err(Fault::new("internal error: the thread that writes final windows is gone"));
        let told = if wait {
            outcome.recv().unwrap_or_else(|_| gone())
        } else {
            match outcome.try_recv() {
                Ok(told) => told,
                Err(TryRecvError::Empty) => {
                    self.writing = Some(Writing { frame, file, outcome });
                    return None;
                }
                Err(TryRecvError::Disconnected) => gone(),
            }
        };
        Some(match told {
            Ok(crc) => {
                self.files.push(SealedFile { crc, ..file });
                Ok(())
            }
            Err(fault) => Err(Box::new(Unwritten { frame, fault })),
        })
    }

    /// Returns when all of them survive a power cut: before a checkpoint names them. It is too slow to be done each time.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&mut self) -> Result<()> {
        for file in self.files.get(self.synced..).unwrap_or_default() {
            let path = self.home.folder.join(&file.name);
            fs::File::open(&path).and_then(|file| file.sync_data()).map_err(|e| Fault::io(path.display().to_string(), &e))?;
            self.synced += 1;
        }
        Ok(())
    }

    /// What they take on disk.
    pub fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|f| fs::metadata(self.home.folder.join(&f.name)).ok()).map(|m| m.len()).sum()
    }

    /// All groups that are in files, a file at a time.
    ///
    /// # Errors
    /// When a file is gone or damaged, or what `take` says.
    pub fn each_file(&self, mut take: impl FnMut(&DataFrame) -> Result<()>) -> Result<()> {
        self.files.iter().try_for_each(|file| take(&read(&self.home.folder, file)?))
    }

    /// All of the answer, with what is still in memory.
    pub fn answer(&self, plan: &Arc<Plan>, rest: DataFrame, watermark: Option<Micros>) -> SealedAnswer {
        SealedAnswer { plan: plan.clone(), home: self.home.clone(), files: self.files.clone(), rest, watermark, spilled: None, room: u64::MAX }
    }
}

/// Writes a file of sealed windows; its checksum.
fn write(folder: &Path, path: &Path, windows: &DataFrame) -> Result<u32> {
    let failed = |e: std::io::Error| Fault::io(path.display().to_string(), &e).hint("free some space: final windows are kept on disk");
    let bytes = frames::to_bytes(windows)?;
    fs::create_dir_all(folder).map_err(failed)?;
    fs::write(path, &bytes).map_err(failed)?;
    Ok(crc32fast::hash(&bytes))
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
