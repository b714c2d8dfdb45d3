//! Final windows that left memory for disk, as partials of their own, so that the number of windows ever seen does not
//! grow the process. Which windows go is the partial's choice.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::state_folder::StateFolder;
use crate::data::{Fault, Result};
use crate::disk::{self, own};
use crate::query::Plan;
use crate::query::window::Micros;
use crate::store::frames;
use crate::sync::Worker;

/// The sealed windows of one run.
#[derive(Debug)]
pub struct Sealed {
    folder: Arc<StateFolder>,
    next: u64,
    files: Vec<SealedFile>,
    /// The number of files that survive a power cut.
    synced: usize,
    writing: Option<PendingWrite>,
}

/// Windows that a thread is writing, so that merging goes on meanwhile.
#[derive(Debug)]
struct PendingWrite {
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

/// Some whole windows on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedFile {
    name: String,
    pub groups: u64,
    /// The times that its windows cover.
    pub(super) from: Micros,
    pub(super) until: Micros,
    crc: u32,
}

impl SealedFile {
    /// Its windows, if they are what was written.
    ///
    /// # Errors
    /// When the file is gone or damaged.
    pub(super) fn read(&self, folder: &StateFolder) -> Result<DataFrame> {
        let path = folder.path()?.join(&self.name);
        let place = path.display().to_string();
        let bytes = own::read(&path).map_err(|e| Fault::io(place.clone(), &e))?;
        if crc32fast::hash(&bytes) != self.crc {
            return Err(Fault::new("these final windows are damaged on disk")
                .at(place)
                .hint("read the history and the recording again, in a new workspace"));
        }
        frames::from_bytes(&bytes)
    }
}

impl Sealed {
    /// Sealed windows in the workspace's folder, those of a checkpoint included; or in a temporary one.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(folder: Option<PathBuf>, files: Vec<SealedFile>) -> Result<Self> {
        let folder = Arc::new(StateFolder::new(folder, "sealed", |name| files.iter().any(|f| f.name == name))?);
        let next =
            files.iter().filter_map(|f| f.name.split('.').next()?.parse::<u64>().ok()).max().map_or(0, |n| n + 1);
        Ok(Self { folder, next, synced: files.len(), files, writing: None })
    }

    pub(super) fn folder(&self) -> &Arc<StateFolder> {
        &self.folder
    }

    /// The files that were written; `settle` waits for the last of them.
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
        let (folder, windows, name) = (self.folder.clone(), frame.clone(), file.name.clone());
        let write = move || {
            // Nobody listens when the run is over.
            let _ = tell.send(write(&folder, &name, &windows));
        };
        let on_panic = move |said: String| {
            let _ = on_panic.send(Err(Fault::new(format!("internal error: {said}"))));
        };
        match Worker::spawn("seal", write, on_panic) {
            Ok(_) => {
                self.writing = Some(PendingWrite { frame, file, outcome });
                Ok(())
            }
            Err(error) => Err(Box::new(Unwritten { frame, fault: Fault::io("starting a thread", &error) })),
        }
    }

    /// What became of what was pushed; `None` where there is nothing to tell (yet).
    pub fn settle(&mut self, wait: bool) -> Option<std::result::Result<(), Box<Unwritten>>> {
        let PendingWrite { frame, file, outcome } = self.writing.take()?;
        let gone = || Err(Fault::new("internal error: the thread that writes final windows is gone"));
        let told = if wait {
            outcome.recv().unwrap_or_else(|_| gone())
        } else {
            match outcome.try_recv() {
                Ok(told) => told,
                Err(TryRecvError::Empty) => {
                    self.writing = Some(PendingWrite { frame, file, outcome });
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
            let path = self.folder.path()?.join(&file.name);
            own::open(&path)
                .and_then(|file| file.sync_data())
                .map_err(|e| Fault::io(path.display().to_string(), &e))?;
            self.synced += 1;
        }
        Ok(())
    }

    /// What they take on disk.
    pub fn bytes(&self) -> u64 {
        let Ok(folder) = self.folder.path() else { return 0 };
        self.files.iter().filter_map(|f| fs::metadata(folder.join(&f.name)).ok()).map(|m| m.len()).sum()
    }

    /// All groups that are in files, a file at a time.
    ///
    /// # Errors
    /// When a file is gone or damaged, or what `take` says.
    pub fn each_file(&self, mut take: impl FnMut(&DataFrame) -> Result<()>) -> Result<()> {
        self.files.iter().try_for_each(|file| take(&file.read(&self.folder)?))
    }
}

/// Writes a file of sealed windows; its checksum.
fn write(folder: &StateFolder, name: &str, windows: &DataFrame) -> Result<u32> {
    let path = folder.path()?.join(name);
    let bytes = frames::to_bytes(windows)?;
    let written = own::create(&path).and_then(|mut file| file.write_all(&bytes));
    written.map_err(|e| {
        // Half of them is of no use, and would be in the way of the next attempt.
        let _ = disk::remove(&path);
        Fault::io(path.display().to_string(), &e).hint("free some space: final windows are kept on disk")
    })?;
    Ok(crc32fast::hash(&bytes))
}
