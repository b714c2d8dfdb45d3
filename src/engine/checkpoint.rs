//! What a run writes down so that it can be taken up after a crash: how far every input was read, and what was known of
//! the rows up to there. Both belong to one `barrier`, so no row is lost and none counted twice. Bytes, checksums and
//! renames are `store`'s.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use polars::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::counts::{RowCounts, TimeGap};
use super::piece::HistoryDone;
use super::reached::Reached;
use super::sealed::SealedFile;
use super::seam::FaceTimes;
use super::spill::SpillFile;
use super::table::Table;
use crate::data::{Fault, Positions, Result, Setting};
use crate::disk::{self, own};
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
    /// Breaks in its feeds.
    #[serde(default)]
    pub gaps: Vec<TimeGap>,
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
    /// What it began with when its first row was read, before others took its place: there a new question begins.
    #[serde(default)]
    pub first: Vec<u8>,
}

impl FeedAt {
    /// What its log began with when its first row was read. Checkpoints were written once that say what it was last.
    pub fn begun(&self) -> Vec<u8> {
        if self.first.is_empty() { self.mark.clone() } else { self.first.clone() }
    }
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

/// What is kept of a question, opened for one run.
#[derive(Debug)]
pub struct Stored {
    pub folder: PathBuf,
    /// Whether rows set aside are kept there, too.
    pub aside: bool,
    /// What is asked, in words.
    pub question: String,
    /// No other run writes checkpoints there while this is held.
    pub lock: File,
    /// The checkpoint to go on from: read, or to be read once the question joins the reading of its table.
    pub resumed: Option<Resumed>,
    pub pending: Option<CheckpointMeta>,
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
fn folder(workspace: &Path, table: &Table, question: &str) -> PathBuf {
    workspace.join(FOLDER).join(format!("{}-{:08x}", table.name, crc32fast::hash(question.as_bytes())))
}

const FOLDER: &str = "checkpoints";

/// Opens what `workspace` keeps of this question, for this process alone.
///
/// # Errors
/// When another process has it, or the disk says no.
pub fn open(workspace: &Path, plan: &Plan, table: &Table, datasets: &[Arc<Table>]) -> Result<Stored> {
    let question = question(plan, table, datasets);
    let folder = folder(workspace, table, &question);
    let lock = lock(workspace, &folder)?.ok_or_else(|| {
        Fault::new("this question is being answered in this workspace already")
            .at(folder.display().to_string())
            .hint(["stop the other run".into(), Setting::OwnWorkspace.into()])
    })?;
    let (resumed, notes) = load(&folder, table, &question);
    Ok(Stored { folder, aside: true, question, lock, resumed, pending: None, notes })
}

/// One who asks a table question after question, such as a tile of a board: the checkpoints of the question that is
/// asked now are kept, and those of the ones before go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The folder of all that is kept of the table.
    pub stored: PathBuf,
    pub name: String,
}

impl Asker {
    /// Takes what is kept of a question: the newest checkpoints that nobody writes. They are read when it is known
    /// where the reading of the table stands.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(&self, plan: &Plan, table: &Table, datasets: &[Arc<Table>]) -> Result<Stored> {
        let question = question(plan, table, datasets);
        let own = self.stored.join(FOLDER).join(&self.name);
        let (mut taken, mut notes) = (None, Vec::new());
        let mut numbers: Vec<u64> = names(&own).iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let next = numbers.first().map_or(1, |newest| newest.saturating_add(1));
        for number in numbers {
            let folder = own.join(number.to_string());
            let Some(lock) = lock(&self.stored, &folder)? else { continue };
            // What is damaged, or of another version, is told when it is read.
            let meta = known(&folder).or_else(|| checkpoint::is_any(&folder).then(CheckpointMeta::default));
            let unfit = meta.as_ref().filter(|meta| !meta.question.is_empty()).and_then(|meta| {
                let same = question.strip_suffix(&inputs(table)).is_some_and(|asked| meta.question.starts_with(asked));
                unfit(meta, table, &question).map(|why| if same { why } else { String::new() })
            });
            match meta {
                Some(meta) if taken.is_none() && unfit.is_none() => taken = Some((folder, lock, meta)),
                _ => {
                    drop(lock);
                    // One that cannot be removed now is tried again the next time.
                    let _ = disk::remove_folder(&folder);
                }
            }
            // That a person asks something else now needs no word.
            notes.extend(unfit.filter(|why| !why.is_empty()).map(|why| anew(table, &why)));
        }
        if let Some((folder, lock, meta)) = taken {
            return Ok(Stored { folder, aside: false, question, lock, resumed: None, pending: Some(meta), notes });
        }
        let folder = own.join(next.to_string());
        let taken = || Fault::new("this folder was just made by another process").at(folder.display().to_string());
        let lock = lock(&self.stored, &folder)?.ok_or_else(taken)?;
        Ok(Stored { folder, aside: false, question, lock, resumed: None, pending: None, notes })
    }

    /// How far anybody's question was answered whose checkpoints are kept for this table.
    pub fn all_known(&self, table: &Table) -> Vec<CheckpointMeta> {
        let all = self.stored.join(FOLDER);
        let inputs = inputs(table);
        let askers = names(&all).into_iter().map(|asker| all.join(asker));
        let folders = askers.flat_map(|own| names(&own).into_iter().map(move |number| own.join(number)));
        let fits = |meta: &CheckpointMeta| meta.question.ends_with(&inputs) && changed(meta, table).is_none();
        folders.filter_map(|folder| known(&folder)).filter(fits).collect()
    }
}

/// Removes the checkpoints of askers that are no more.
pub fn keep_askers(stored: &Path, is_there: impl Fn(&str) -> bool) {
    let all = stored.join(FOLDER);
    for gone in names(&all).into_iter().filter(|name| !is_there(name)) {
        // One that cannot be removed now is tried again the next time.
        let _ = disk::remove_folder(&all.join(gone));
    }
}

/// What stands in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// What the newest checkpoint of a folder says of itself, before it is known whether all of it can be read.
fn known(folder: &Path) -> Option<CheckpointMeta> {
    let (name, meta) = checkpoint::peek(folder)?;
    serde_json::from_slice(&meta).ok().filter(|_| name == META)
}

/// The section that is written first.
const META: &str = "meta";

/// The question and its inputs in words.
pub fn question(plan: &Plan, table: &Table, datasets: &[Arc<Table>]) -> String {
    // Another model of the same name gives other scores, another dataset of the same name other rows.
    let models = plan.scores.fingerprints();
    let models = if models.is_empty() { String::new() } else { format!("\nmodels {models:?}") };
    let files: Vec<&str> = datasets.iter().flat_map(|dataset| &dataset.history).map(|file| file.name()).collect();
    let files = if files.is_empty() { String::new() } else { format!("\njoined {files:?}") };
    format!("{}{models}{files}{}", plan.query.to_sql(), inputs(table))
}

/// What a question is asked of.
fn inputs(table: &Table) -> String {
    let files: Vec<&str> = table.history.iter().map(|h| h.name()).collect();
    // Where reading begins, its pace, and whether it waits at the end do not change what the rows are.
    let feeds: Vec<String> =
        table.live.iter().map(|f| f.url.without(&["from", "follow", "speed", "rate"]).shown()).collect();
    // A recording that took the place of another holds other rows.
    let recordings: Vec<u64> = table.live.iter().filter_map(super::Feed::recording_id).collect();
    let schema: Vec<String> = table.schema.iter().map(|(name, dtype)| format!("{name} {dtype}")).collect();
    let time = table.time.as_ref().map(|t| format!("{} {:?}", t.column, t.lateness));
    format!(
        "\nfiles {files:?}\nfeeds {feeds:?} {recordings:x?}\ncolumns {schema:?}\ntime {time:?}\nseam {:?}",
        table.seam
    )
}

/// The files of a history as they are now.
pub fn files(table: &Table) -> Vec<FileAt> {
    let modified = |name: &str| {
        let time = fs::metadata(name).and_then(|m| m.modified()).ok()?;
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

/// Takes the folder for this run; the operating system gives it back when the process ends, however that happens.
/// `None` where another has it.
///
/// # Errors
/// The disk's.
fn lock(workspace: &Path, folder: &Path) -> Result<Option<File>> {
    let path = folder.join("lock");
    let failed = |e: std::io::Error| Fault::io(path.display().to_string(), &e);
    own::within(workspace, folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
    let file = own::change(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
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
    let mut sections: Vec<(&str, &[u8])> = vec![(META, &meta), ("partial", &partial), ("late", &late)];
    sections.extend(seen.as_deref().map(|bytes| ("seen", bytes)));
    checkpoint::save(folder, &sections)?;
    Ok(())
}

/// The newest checkpoint that fits `table` as it is now, and what there is to say about those that do not.
pub fn load(folder: &Path, table: &Table, question: &str) -> (Option<Resumed>, Vec<String>) {
    let (found, faults) = checkpoint::load(folder);
    let mut notes: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let Some(found) = found else { return (None, notes) };
    let read = || -> Result<Resumed> {
        let section = |name: &str| found.get(name).ok_or_else(|| Fault::new(format!("it has no section '{name}'")));
        let meta: CheckpointMeta = serde_json::from_slice(section(META)?).map_err(|e| Fault::new(e.to_string()))?;
        let seen = found.get("seen").map(frames::from_bytes).transpose()?;
        Ok(Resumed {
            meta,
            partial: frames::from_bytes(section("partial")?)?,
            late: frames::from_bytes(section("late")?)?,
            seen,
        })
    };
    match read() {
        Err(fault) => notes.push(anew(table, &fault.to_string())),
        Ok(resumed) => match unfit(&resumed.meta, table, question) {
            Some(why) => notes.push(anew(table, &why)),
            None => return (Some(resumed), notes),
        },
    }
    (None, notes)
}

/// What there is to say of a checkpoint that cannot be gone on from.
pub fn anew(table: &Table, why: &str) -> String {
    format!("the checkpoint of {} is not used, and everything is read again: {why}", table.name)
}

/// Why a checkpoint does not fit a question of a table as it is now.
fn unfit(meta: &CheckpointMeta, table: &Table, question: &str) -> Option<String> {
    if meta.question != question {
        return Some("it answers another question, or was asked of other inputs".to_owned());
    }
    changed(meta, table)
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
