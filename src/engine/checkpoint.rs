//! What a run writes down so that it can be taken up after a crash: how far every input was read, and what was known of
//! the rows up to there. Both belong to one `barrier`, so no row is lost and none counted twice. Bytes, checksums and
//! renames are `store`'s.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::counts::RowCounts;
use super::piece::HistoryDone;
use super::reached::Reached;
use super::sealed::SealedFile;
use super::seam::FaceTimes;
use super::spill::SpillFile;
use super::table::Table;
use crate::data::{Fault, Positions, Result, Setting};
use crate::disk::own;
use crate::query::Plan;
use crate::store::aside::Counts;
use crate::store::{checkpoint, frames};

/// What a run was, apart from its rows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CheckpointMeta {
    /// The question and the inputs it was asked of; a checkpoint answers no other.
    pub question: String,
    pub files: Vec<FileAt>,
    pub feeds: Vec<FeedAt>,
    pub history: HistoryDone,
    pub reached: Reached,
    /// Final windows that are in files of their own.
    pub sealed: Vec<SealedFile>,
    /// Groups that did not fit into memory.
    #[serde(default)]
    pub spilled: Vec<SpillFile>,
    pub counted: Counted,
    /// What lay in the files of late and of rejected rows.
    pub aside: (Counts, Counts),
}

/// A file of the history as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAt {
    pub name: String,
    pub bytes: u64,
    pub modified: u64,
}

/// A feed, and where to go on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FeedAt {
    /// The position vector: the next to read of each partition.
    pub next: Positions,
    /// Where its log ended when the table was first asked.
    pub ends: Positions,
    /// The first live position that each partition gave.
    pub first_live: Vec<(u32, u64)>,
    /// What the log began with.
    pub mark: Vec<u8>,
}

/// Counters that go on where they were.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counted {
    pub rows: RowCounts,
    pub chunks: u64,
    pub bytes_in: u64,
    pub history_done: u64,
    pub history_rows: u64,
    pub live_rows: u64,
    pub overlap_removed: u64,
    #[serde(default)]
    pub times: FaceTimes,
}

/// What a workspace keeps of a question, opened for one run.
#[derive(Debug)]
pub struct Stored {
    pub folder: PathBuf,
    /// No other process writes checkpoints there while this is held.
    pub lock: std::fs::File,
    /// The checkpoint to go on from.
    pub resumed: Option<Resumed>,
    /// What there is to say about checkpoints that are not used.
    pub notes: Vec<String>,
}

/// A checkpoint that fits a run.
#[derive(Debug)]
pub struct Resumed {
    pub meta: CheckpointMeta,
    pub partial: DataFrame,
    /// Rows set aside as late and not yet re-admitted.
    pub late: DataFrame,
    /// Keys that a seam by key has seen.
    pub seen: Option<DataFrame>,
}

/// Where the checkpoints of this question lie in a workspace.
fn folder(workspace: &Path, plan: &Plan, table: &Table) -> PathBuf {
    workspace.join("checkpoints").join(format!(
        "{}-{:08x}",
        table.name,
        crc32fast::hash(question(plan, table).as_bytes())
    ))
}

/// Opens what `workspace` keeps of this question, for this process alone.
///
/// # Errors
/// When another process has it, or the disk says no.
pub fn open(workspace: &Path, plan: &Plan, table: &Table) -> Result<Stored> {
    let folder = folder(workspace, plan, table);
    let lock = lock(workspace, &folder)?;
    let (resumed, notes) = load(&folder, plan, table);
    Ok(Stored { folder, lock, resumed, notes })
}

/// The question and its inputs in words.
pub fn question(plan: &Plan, table: &Table) -> String {
    let files: Vec<&str> = table.history.iter().map(|h| h.name()).collect();
    // Where reading begins, its pace, and whether it waits at the end do not change what the rows are.
    let feeds: Vec<String> =
        table.live.iter().map(|f| f.url.without(&["from", "follow", "speed", "rate"]).shown()).collect();
    // A recording that took the place of another holds other rows.
    let recordings: Vec<u64> = table.live.iter().filter_map(super::Feed::recording_id).collect();
    let schema: Vec<String> = table.schema.iter().map(|(name, dtype)| format!("{name} {dtype}")).collect();
    let time = table.time.as_ref().map(|t| format!("{} {:?}", t.column, t.lateness));
    // Another model of the same name gives other scores.
    let models = plan.scores.fingerprints();
    let models = if models.is_empty() { String::new() } else { format!("\nmodels {models:?}") };
    format!(
        "{}\nfiles {files:?}\nfeeds {feeds:?} {recordings:x?}\ncolumns {schema:?}\ntime {time:?}\nseam {:?}{models}",
        plan.query.to_sql(),
        table.seam
    )
}

/// The files of a history as they are now.
pub fn files(table: &Table) -> Vec<FileAt> {
    let modified = |name: &str| {
        let time = std::fs::metadata(name).and_then(|m| m.modified()).ok()?;
        time.duration_since(UNIX_EPOCH).ok().map(|d| d.as_micros() as u64)
    };
    table
        .history
        .iter()
        .map(|h| FileAt {
            name: h.name().to_owned(),
            bytes: h.extent().bytes,
            modified: modified(h.name()).unwrap_or(0),
        })
        .collect()
}

/// Takes the folder for this process; the operating system gives it back when the process ends, however that happens.
///
/// # Errors
/// When another process has it, or the disk says no.
fn lock(workspace: &Path, folder: &Path) -> Result<std::fs::File> {
    let path = folder.join("lock");
    let failed = |e: std::io::Error| Fault::io(path.display().to_string(), &e);
    own::within(workspace, folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
    let file = own::change(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(Fault::new("this question is being answered in this workspace already")
                .at(folder.display().to_string())
                .hint(["stop the other run".into(), Setting::OwnWorkspace.into()]))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Writes a checkpoint.
///
/// # Errors
/// The disk's.
pub fn save(
    folder: &Path,
    meta: &CheckpointMeta,
    partial: &DataFrame,
    late: &DataFrame,
    seen: Option<&DataFrame>,
) -> Result<()> {
    let meta = serde_json::to_vec(meta).map_err(|e| Fault::new(e.to_string()).at("checkpoint"))?;
    let (partial, late) = (frames::to_bytes(partial)?, frames::to_bytes(late)?);
    let seen = seen.map(frames::to_bytes).transpose()?;
    let mut sections: Vec<(&str, &[u8])> = vec![("meta", &meta), ("partial", &partial), ("late", &late)];
    sections.extend(seen.as_deref().map(|bytes| ("seen", bytes)));
    checkpoint::save(folder, &sections)?;
    Ok(())
}

/// The newest checkpoint that fits `table` as it is now, and what there is to say about those that do not.
fn load(folder: &Path, plan: &Plan, table: &Table) -> (Option<Resumed>, Vec<String>) {
    let (found, faults) = checkpoint::load(folder);
    let mut notes: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let Some(found) = found else { return (None, notes) };
    let read = || -> Result<Resumed> {
        let section = |name: &str| found.get(name).ok_or_else(|| Fault::new(format!("it has no section '{name}'")));
        let meta: CheckpointMeta = serde_json::from_slice(section("meta")?).map_err(|e| Fault::new(e.to_string()))?;
        let seen = found.get("seen").map(frames::from_bytes).transpose()?;
        Ok(Resumed {
            meta,
            partial: frames::from_bytes(section("partial")?)?,
            late: frames::from_bytes(section("late")?)?,
            seen,
        })
    };
    let anew = |why: &str| format!("the checkpoint of {} is not used, and everything is read again: {why}", table.name);
    match read() {
        Err(fault) => notes.push(anew(&fault.to_string())),
        Ok(resumed) if resumed.meta.question != question(plan, table) => {
            notes.push(anew("it answers another question"))
        }
        Ok(resumed) => match changed(&resumed.meta, table) {
            Some(why) => notes.push(anew(&why)),
            None => return (Some(resumed), notes),
        },
    }
    (None, notes)
}

/// Why the history is not what it was.
fn changed(meta: &CheckpointMeta, table: &Table) -> Option<String> {
    let now = files(table);
    let read_whole = meta.history.files >= table.history.len();
    for (was, is) in meta.files.iter().zip(&now) {
        // A log that only grew after it was read to its end goes on where it was.
        let grew = read_whole && !table.live.is_empty() && is.bytes >= was.bytes;
        if was != is && !grew {
            return Some(format!("{} has changed since", was.name));
        }
    }
    (meta.files.len() != now.len()).then(|| "there are other files now".to_owned())
}
