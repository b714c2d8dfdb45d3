//! Groups that do not fit into memory: on disk, in shares divided by their keys, so that at the end they are merged and
//! answered a share at a time. How they are divided is the partial's; when, is the merger's.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::state_folder::StateFolder;
use crate::data::{Fault, Result, Setting};
use crate::disk::{self, own};
use crate::query::{Partial, Plan, partial};
use crate::store::frames::Block;

/// Shares that groups are divided into. One is merged at a time, so that the groups of a run may take about so many
/// times what one share may.
pub const SHARES: usize = 256;
/// Fewer groups are not divided: what makes them large is what each of them keeps.
const FEW: usize = 64;

/// The groups of one run that are on disk.
#[derive(Clone, Debug)]
pub struct Spill {
    folder: Arc<StateFolder>,
    next: u64,
    files: Vec<SpillFile>,
}

/// Groups that left memory together: a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpillFile {
    name: String,
    parts: Vec<SpillPart>,
}

/// One share of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SpillPart {
    share: usize,
    groups: u64,
    #[serde(flatten)]
    block: Block,
}

impl Spill {
    /// Groups on disk in the workspace's folder, those of a checkpoint included; or in a temporary one.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(folder: Option<PathBuf>, files: Vec<SpillFile>) -> Result<Self> {
        let folder = StateFolder::new(folder, "spilled", |name| files.iter().any(|file| file.name == name))?;
        let next =
            files.iter().filter_map(|file| file.name.split('.').next()?.parse::<u64>().ok()).max().map_or(0, |n| n + 1);
        Ok(Self { folder: Arc::new(folder), next, files })
    }

    /// Whether a partial can be divided so that it helps.
    pub fn can_take(partial: &Partial) -> bool {
        let plan = partial.plan();
        let keys = plan.keys.iter().filter(|k| k.window.is_none()).count();
        let fixed = keys > 0 || (plan.window().is_some() && !plan.has_sessions());
        plan.rows.is_none() && fixed && partial.groups() >= FEW
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn folder(&self) -> &Arc<StateFolder> {
        &self.folder
    }

    pub fn files(&self) -> &[SpillFile] {
        &self.files
    }

    /// Groups on disk; one that left memory more than once is counted each time.
    pub fn groups(&self) -> u64 {
        self.files.iter().flat_map(|file| &file.parts).map(|p| p.groups).sum()
    }

    /// What was written to disk so far, bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().flat_map(|file| &file.parts).map(|p| p.block.bytes).sum()
    }

    /// Bytes of the largest share.
    pub fn largest(&self) -> u64 {
        let mut shares = [0; SHARES];
        for part in self.files.iter().flat_map(|file| &file.parts) {
            if let Some(share) = shares.get_mut(part.share) {
                *share += part.block.bytes;
            }
        }
        shares.into_iter().max().unwrap_or(0)
    }

    /// Takes all groups out of a partial.
    ///
    /// # Errors
    /// The disk's. The groups are gone then.
    pub fn take(&mut self, partial: &mut Partial) -> Result<()> {
        if partial.groups() == 0 {
            return Ok(());
        }
        self.write(|each| partial.take_shares(SHARES, each))
    }

    /// Takes a partial as a table.
    ///
    /// # Errors
    /// The disk's.
    pub fn take_frame(&mut self, plan: &Plan, frame: &DataFrame) -> Result<()> {
        self.write(|each| partial::divide(plan, frame, SHARES, each))
    }

    fn write(
        &mut self,
        divide: impl FnOnce(&mut dyn FnMut(usize, DataFrame) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let name = format!("{:08}.shares", self.next);
        let path = self.folder.path()?.join(&name);
        let failed = |e: std::io::Error| {
            let space = "free some space for groups that do not fit into memory";
            Fault::io(path.display().to_string(), &e).hint([space.into(), Setting::Memory { least: None }.into()])
        };
        let mut file = BufWriter::new(own::create(&path).map_err(failed)?);
        let (mut parts, mut at) = (Vec::new(), 0);
        let written = divide(&mut |share, frame| {
            let block = Block::write(&frame, at, &mut file, failed)?;
            at += block.bytes;
            parts.push(SpillPart { share, groups: frame.height() as u64, block });
            Ok(())
        });
        // What a checkpoint may name is on the disk by then.
        let synced =
            |file: &mut BufWriter<File>| if self.folder.is_kept() { file.get_ref().sync_data() } else { Ok(()) };
        written.and_then(|()| file.flush().and_then(|()| synced(&mut file)).map_err(failed)).inspect_err(|_| {
            // Half of them is of no use, and takes room that the disk may lack.
            let _ = disk::remove(&path);
        })?;
        self.next += 1;
        self.files.push(SpillFile { name, parts });
        Ok(())
    }

    /// One share, merged.
    ///
    /// # Errors
    /// When a file is gone or damaged.
    pub fn share(&self, plan: &Arc<Plan>, share: usize) -> Result<Partial> {
        let mut partial = Partial::new(plan.clone())?;
        for spilled in &self.files {
            for part in spilled.parts.iter().filter(|p| p.share == share) {
                partial.merge(&self.read(spilled, part)?)?;
            }
        }
        Ok(partial)
    }

    fn read(&self, spilled: &SpillFile, part: &SpillPart) -> Result<DataFrame> {
        let path = self.folder.path()?.join(&spilled.name);
        let place = path.display().to_string();
        let mut file = own::open(&path).map_err(|e| Fault::io(place.clone(), &e))?;
        let damaged = || {
            Fault::new("these groups are damaged on disk")
                .at(&place)
                .hint(["ask again".into(), Setting::NewWorkspace.into()])
        };
        part.block.read(&mut file, &place, damaged)
    }
}
