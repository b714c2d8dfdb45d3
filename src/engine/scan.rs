//! One reading of a table for all its questions: what its threads share. Feeds, workers and the merger are told here
//! what is asked, how far time has come, and when to end. Starting the threads is `run`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::barrier::Barrier;
use super::checkpoint::{CheckpointMeta, FeedAt};
use super::counts::TimeGap;
use super::diagnostics::{Diagnostics, FeedStates};
use super::options::Options;
use super::piece::HistoryDone;
use super::query_set::QuerySet;
use super::reached::{PartitionPosition, Reached};
use super::table::{DEFAULT_LATENESS, Table};
use super::watermark::Watermark;
use crate::data::{Fault, Positions};
use crate::sync::Cancel;

/// With each so many questions more, answers are published at a pace more.
const MANY: usize = 4;

/// What all threads of a scan share.
#[derive(Debug)]
pub struct Scan {
    pub table: Arc<Table>,
    pub options: Options,
    /// Where reading begins, and where it ends if not at the end.
    pub start: ScanStart,
    pub stop: Option<ScanStop>,
    pub watermark: Watermark,
    pub barrier: Barrier,
    /// How long merging the last partials took.
    pub merge_time: AtomicDuration,
    /// Rows that were read were left because the scan was to end: what is known is no state to go on from.
    pub rows_left: AtomicBool,
    /// Stop at once: nobody wants an answer any more.
    pub cancel: Cancel,
    /// End all inputs, then say the last word.
    pub finish: Cancel,
    pub started: Instant,
    diagnostics: Mutex<Diagnostics>,
    feeds: Mutex<FeedStates>,
    asked: Mutex<Asked>,
    /// Is rung when there is something to do for the workers.
    bell: OnceLock<Sender<()>>,
    generation: AtomicU64,
}

/// The questions of a scan, and how far each feed has come for those that joined.
#[derive(Debug)]
struct Asked {
    set: Arc<QuerySet>,
    feeds: Vec<FeedPlace>,
    /// Generations of questions that wait until every feed has said where it reads for them.
    waiting: BTreeSet<u64>,
}

/// Where a feed stood whenever it began to read for other questions.
#[derive(Clone, Debug, Default)]
struct FeedPlace {
    /// Where it began to read.
    first: Vec<PartitionPosition>,
    /// By the generation of the questions: from where on it reads for them.
    since: BTreeMap<u64, Vec<PartitionPosition>>,
    /// Where it ended.
    end: Option<Vec<PartitionPosition>>,
}

impl FeedPlace {
    /// From where on it reads for the questions of a generation; `None` while that is open.
    fn joined(&self, generation: u64) -> Option<&Vec<PartitionPosition>> {
        // One that has not begun will do so for the questions that there are then.
        let unbegun = || self.since.is_empty().then_some(&self.first);
        self.since.range(generation..).next().map(|(_, at)| at).or(self.end.as_ref()).or_else(unbegun)
    }
}

/// Where a scan takes up its inputs: at their beginning, or where a checkpoint left them.
#[derive(Clone, Debug, Default)]
pub struct ScanStart {
    pub history: HistoryDone,
    /// Empty where nothing was read before.
    pub feeds: Vec<FeedAt>,
    pub reached: Reached,
    /// Breaks that are known.
    pub gaps: Vec<TimeGap>,
}

/// Where a scan of the past ends: the pieces of the history and the positions of the feeds that another scan read from.
#[derive(Clone, Debug, Default)]
pub struct ScanStop {
    pub history: HistoryDone,
    pub feeds: Vec<StopAt>,
}

/// Where a feed ends: before these positions, in the log that begins so.
#[derive(Clone, Debug, Default)]
pub struct StopAt {
    pub next: Positions,
    pub mark: Vec<u8>,
}

impl ScanStart {
    pub fn of(meta: &CheckpointMeta) -> Self {
        let (feeds, reached, gaps) = (meta.feeds.clone(), meta.reached.clone(), meta.gaps.clone());
        Self { history: meta.history, feeds, reached, gaps }
    }

    /// Whether both begin at the same place of every input.
    pub fn is_same(&self, other: &Self) -> bool {
        let at =
            |start: &Self| start.feeds.iter().map(|feed| (feed.next.clone(), feed.mark.clone())).collect::<Vec<_>>();
        self.history == other.history && at(self) == at(other)
    }

    /// The later of the two places of each input.
    pub fn later(mut self, other: Self) -> Self {
        if (self.history.files, self.history.pieces) < (other.history.files, other.history.pieces) {
            self.history = other.history;
        }
        if self.feeds.is_empty() {
            self.feeds = other.feeds;
        } else {
            for (feed, (own, other_feed)) in self.feeds.iter_mut().zip(other.feeds).enumerate() {
                for (partition, next) in other_feed.next {
                    let epoch = |reached: &Reached| reached.epoch_of(feed, partition);
                    let (before, now) = (epoch(&self.reached), epoch(&other.reached));
                    let at = own.next.entry(partition).or_default();
                    if (before, *at) < (now, next) {
                        *at = next;
                    }
                    if before < now {
                        // Another log stands there since.
                        own.mark.clone_from(&other_feed.mark);
                    }
                }
            }
        }
        self.reached.merge(&other.reached);
        let more: Vec<TimeGap> = other.gaps.into_iter().filter(|gap| !self.gaps.contains(gap)).collect();
        self.gaps.extend(more);
        self
    }

    /// The largest number that a feed's messages had reached, and how many were missing.
    pub fn numbered(&self, feed: usize) -> Option<(i64, u64)> {
        let own = self.reached.partitions.iter().filter(|at| at.feed == feed);
        own.filter_map(|at| Some((at.number?, at.missing))).max()
    }
}

/// A duration that one thread measures and others read.
#[derive(Debug, Default)]
pub struct AtomicDuration(AtomicU64);

impl AtomicDuration {
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    pub fn set(&self, took: Duration) {
        self.0.store(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Scan {
    pub fn new(table: Arc<Table>, options: Options, set: QuerySet, start: ScanStart, stop: Option<ScanStop>) -> Self {
        let lateness = table.time.as_ref().map_or(DEFAULT_LATENESS, |time| time.lateness);
        // Beside a scan that goes on, the breaks are told by that one.
        let gaps = if stop.is_none() { start.gaps.clone() } else { Vec::new() };
        let gaps_before = gaps.len();
        let feeds = FeedStates { open: table.live.len(), gaps, gaps_before, ..FeedStates::default() };
        let place = |feed: usize| FeedPlace {
            first: start.reached.partitions.iter().filter(|at| at.feed == feed).cloned().collect(),
            ..FeedPlace::default()
        };
        let places = (0..table.live.len()).map(place).collect();
        Self {
            watermark: Watermark::new(lateness),
            barrier: Barrier::default(),
            merge_time: AtomicDuration::default(),
            rows_left: AtomicBool::new(false),
            cancel: Cancel::new(),
            finish: Cancel::new(),
            started: Instant::now(),
            diagnostics: Mutex::default(),
            feeds: Mutex::new(feeds),
            bell: OnceLock::new(),
            generation: AtomicU64::new(set.generation),
            asked: Mutex::new(Asked { set: Arc::new(set), feeds: places, waiting: BTreeSet::new() }),
            table,
            options,
            start,
            stop,
        }
    }

    pub fn diagnostics(&self) -> MutexGuard<'_, Diagnostics> {
        self.diagnostics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn feeds(&self) -> MutexGuard<'_, FeedStates> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn has_bell(&self, bell: Sender<()>) {
        // A scan is started once.
        let _ = self.bell.set(bell);
    }

    /// There is something to do for a worker.
    pub fn ring(&self) {
        // A full channel means that all are woken.
        let _ = self.bell.get().map(|bell| bell.try_send(()));
    }

    /// The questions that are asked now.
    pub fn set(&self) -> Arc<QuerySet> {
        self.asked().set.clone()
    }

    /// Tells a person something, once.
    pub fn note(&self, note: String) {
        self.diagnostics().note(note);
    }

    /// Tells a person something that may happen again and again: it stays one note, with its count, unless it
    /// is still the same that goes on.
    pub fn note_again(&self, note: String, goes_on: bool) {
        self.diagnostics().note_again(note, goes_on);
    }

    /// Part of the input cannot be read; the rest goes on.
    pub fn fault(&self, fault: Fault) {
        self.diagnostics().fault(fault);
    }

    /// No question can be answered: the scan ends.
    pub fn fail(&self, fault: Fault) {
        self.fault(fault);
        self.finish.set();
    }

    /// Some rows of a piece were left because the scan is to end.
    pub fn leave_rows(&self, rows: u64, source: &str) {
        self.rows_left.store(true, Ordering::Release);
        self.note(format!("stopped early: {rows} rows of {source} were read and are not in this answer"));
    }

    /// The shortest time between two moments at which answers are published. Of many questions each is answered a
    /// little more rarely: nobody looks at all of them at once.
    pub fn pace(&self) -> Duration {
        let many = self.set().queries.len() / MANY;
        self.options.pace * u32::try_from(many + 1).unwrap_or(u32::MAX)
    }

    pub fn ending(&self) -> bool {
        self.cancel.is_set() || self.finish.is_set()
    }

    /// Changes what is asked. Feeds and files take the new set over at a place that each chooses; `joined` tells where.
    pub fn ask(&self, change: impl FnOnce(&QuerySet) -> QuerySet) -> Arc<QuerySet> {
        let mut asked = self.asked();
        let set = Arc::new(change(&asked.set));
        asked.set = set.clone();
        asked.waiting.insert(set.generation);
        self.generation.store(set.generation, Ordering::Release);
        set
    }

    /// The first questions are read for beside the scan, as those that join are.
    pub fn first_join(&self) {
        let mut asked = self.asked();
        let first = asked.set.generation;
        asked.waiting.insert(first);
    }

    /// Which set of questions is the newest: costs one look.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// A feed reads for the newest questions from these positions on.
    pub fn feed_reads_for(&self, feed: usize, next: &[PartitionPosition]) -> Arc<QuerySet> {
        let mut asked = self.asked();
        let set = asked.set.clone();
        let oldest = asked.waiting.first().copied().unwrap_or(set.generation);
        if let Some(place) = asked.feeds.get_mut(feed) {
            place.since.entry(set.generation).or_insert_with(|| next.to_vec());
            // Nobody asks any more where it stood for those before.
            place.since.retain(|generation, _| *generation >= oldest);
        }
        set
    }

    /// The positions from which every feed reads for the questions of this generation; `None` until all do. To be asked
    /// until it is told, and not again.
    pub fn joined(&self, generation: u64) -> Option<Vec<PartitionPosition>> {
        let mut asked = self.asked();
        let places = asked.feeds.iter().map(|place| place.joined(generation));
        let joined = places.collect::<Option<Vec<_>>>()?.into_iter().flatten().cloned().collect();
        asked.waiting.remove(&generation);
        Some(joined)
    }

    /// No row of a feed will come any more; `None` where it was not read at all.
    pub fn feed_ended(&self, feed: usize, at: Option<Vec<PartitionPosition>>) {
        if let Some(place) = self.asked().feeds.get_mut(feed) {
            place.end = Some(at.unwrap_or_else(|| place.first.clone()));
        }
        let mut feeds = self.feeds();
        feeds.open = feeds.open.saturating_sub(1);
    }
}
