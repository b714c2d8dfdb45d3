//! Final windows that left memory for disk, as partials of their own, so that the number of windows ever seen does not
//! grow the process. Which windows go is the partial's choice.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use super::ordered;
use super::spill::{SHARES, Spill};
use crate::data::{Fault, Result};
use crate::disk::{self, Scratch, own};
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
    /// In a workspace.
    kept: Option<PathBuf>,
    /// For the name of a temporary folder, which is made when something is written.
    what: &'static str,
    scratch: OnceLock<Scratch>,
}

impl Home {
    /// In a workspace, what an earlier run wrote and is not `known` goes: it holds rows that are read again.
    ///
    /// # Errors
    /// The disk's, or a link in place of the folder.
    pub fn new(kept: Option<PathBuf>, what: &'static str, known: impl Fn(&str) -> bool) -> Result<Self> {
        if let Some(folder) = &kept {
            let failed = |e: std::io::Error| Fault::io(folder.display().to_string(), &e);
            own::folders(folder).map_err(failed)?;
            for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if is_own_name(&name) && !known(&name) && entry.metadata().is_ok_and(|m| m.is_file()) {
                    // One that cannot be removed is in the way of the next of that name, which says so.
                    let _ = disk::remove(&entry.path());
                }
            }
        }
        Ok(Self { kept, what, scratch: OnceLock::new() })
    }

    /// Where to write, and to read what was written.
    ///
    /// # Errors
    /// When there is no place for temporary files.
    pub fn folder(&self) -> Result<&Path> {
        if let Some(folder) = &self.kept {
            return Ok(folder);
        }
        if let Some(scratch) = self.scratch.get() {
            return Ok(scratch.path());
        }
        let made = Scratch::new(self.what);
        let made = made.map_err(|e| {
            Fault::io("a temporary folder", &e).hint("set TMPDIR to a folder that can be written and has room")
        })?;
        // Where two threads make one at a time, one of them goes.
        Ok(self.scratch.get_or_init(|| made).path())
    }

    /// Whether what is in it outlives the process.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }
}

/// What this module and `spill` call their files: eight digits and an ending.
fn is_own_name(name: &str) -> bool {
    let digits = |stem: &str| stem.len() == 8 && stem.bytes().all(|b| b.is_ascii_digit());
    name.split_once('.').is_some_and(|(stem, ending)| digits(stem) && matches!(ending, "arrow" | "shares" | "run"))
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
        Self {
            plan,
            home: spilled.home().clone(),
            files: Vec::new(),
            rest: DataFrame::empty(),
            watermark,
            spilled: Some(spilled),
            room,
        }
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
                    Some(file) => partial.merge(&read(&self.home, file)?)?,
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
        self.files.iter().map(|f| f.groups).sum::<u64>()
            + self.rest.height() as u64
            + self.spilled.as_ref().map_or(0, Spill::groups)
    }

    /// Adds all that is known to a partial of the same plan.
    ///
    /// # Errors
    /// When a file is gone or damaged.
    pub fn merge_into(&self, partial: &mut Partial) -> Result<()> {
        for file in &self.files {
            partial.merge(&read(&self.home, file)?)?;
        }
        partial.merge(&self.rest)
    }

    /// Files (and, as `None`, what is in memory) that must be merged because they may hold the same windows.
    fn clusters(&self) -> Vec<Vec<Option<&SealedFile>>> {
        let whole = self.plan.finish.needs_all();
        let rest = self.plan.reach(&self.rest).unwrap_or((Micros::MIN, Micros::MAX));
        let mut parts: Vec<(Micros, Micros, Option<&SealedFile>)> =
            self.files.iter().map(|f| (f.from, f.until, Some(f))).collect();
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
    ///
    /// # Errors
    /// The disk's.
    pub fn new(folder: Option<PathBuf>, files: Vec<SealedFile>) -> Result<Self> {
        let home = Arc::new(Home::new(folder, "sealed", |name| files.iter().any(|f| f.name == name))?);
        let next =
            files.iter().filter_map(|f| f.name.split('.').next()?.parse::<u64>().ok()).max().map_or(0, |n| n + 1);
        Ok(Self { home, next, synced: files.len(), files, writing: None })
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
        let file =
            SealedFile { name: format!("{:08}.arrow", self.next), groups: frame.height() as u64, from, until, crc: 0 };
        self.next += 1;
        let (tell, outcome) = bounded(1);
        let on_panic = tell.clone();
        let (home, windows, name) = (self.home.clone(), frame.clone(), file.name.clone());
        let write = move || {
            // Nobody listens when the run is over.
            let _ = tell.send(write(&home, &name, &windows));
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

    /// Returns when all of them survive a power cut: before a checkpoint names them. It is too slow to be done each
    /// time.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&mut self) -> Result<()> {
        for file in self.files.get(self.synced..).unwrap_or_default() {
            let path = self.home.folder()?.join(&file.name);
            own::open(&path)
                .and_then(|file| file.sync_data())
                .map_err(|e| Fault::io(path.display().to_string(), &e))?;
            self.synced += 1;
        }
        Ok(())
    }

    /// What they take on disk.
    pub fn bytes(&self) -> u64 {
        let Ok(folder) = self.home.folder() else { return 0 };
        self.files.iter().filter_map(|f| fs::metadata(folder.join(&f.name)).ok()).map(|m| m.len()).sum()
    }

    /// All groups that are in files, a file at a time.
    ///
    /// # Errors
    /// When a file is gone or damaged, or what `take` says.
    pub fn each_file(&self, mut take: impl FnMut(&DataFrame) -> Result<()>) -> Result<()> {
        self.files.iter().try_for_each(|file| take(&read(&self.home, file)?))
    }

    /// All of the answer, with what is still in memory.
    pub fn answer(&self, plan: &Arc<Plan>, rest: DataFrame, watermark: Option<Micros>) -> SealedAnswer {
        SealedAnswer {
            plan: plan.clone(),
            home: self.home.clone(),
            files: self.files.clone(),
            rest,
            watermark,
            spilled: None,
            room: u64::MAX,
        }
    }
}

/// Writes a file of sealed windows; its checksum.
fn write(home: &Home, name: &str, windows: &DataFrame) -> Result<u32> {
    let path = home.folder()?.join(name);
    let bytes = frames::to_bytes(windows)?;
    let written = own::create(&path).and_then(|mut file| file.write_all(&bytes));
    written.map_err(|e| {
        // Half of them is of no use, and would be in the way of the next attempt.
        let _ = disk::remove(&path);
        Fault::io(path.display().to_string(), &e).hint("free some space: final windows are kept on disk")
    })?;
    Ok(crc32fast::hash(&bytes))
}

/// A file of sealed windows, if it is what was written.
fn read(home: &Home, file: &SealedFile) -> Result<DataFrame> {
    let path = home.folder()?.join(&file.name);
    let place = path.display().to_string();
    let bytes = own::read(&path).map_err(|e| Fault::io(place.clone(), &e))?;
    if crc32fast::hash(&bytes) != file.crc {
        return Err(Fault::new("these final windows are damaged on disk")
            .at(place)
            .hint("read the history and the recording again, in a new workspace"));
    }
    frames::from_bytes(&bytes)
}
