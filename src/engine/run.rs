//! A run: one question over one table, from the first snapshot to the last. It starts the threads and holds the handle;
//! reading is `intake`'s, absorbing is `work`'s, merging and publishing is `merge`'s.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::audit::{self, Audit};
use super::barrier::Barrier;
use super::budget::Budget;
use super::checkpoint::{self, Resumed};
use super::dataset::Dataset;
use super::intake::{self, HistoryQueue, LiveChunk};
use super::merge::{Delta, Merger};
use super::pour::{self, RowsTo, Sheaf};
use super::reached::Reached;
use super::seam::Divider;
use super::watermark::Watermark;
use super::work::Out;
use super::{Snapshot, Table, rerun, work};
use crate::data::{Fault, Positions, Result};
use crate::query::join::Lookup;
use crate::query::{Partial, Plan};
use crate::source::live::Numbered;
use crate::sync::{Cancel, Latest, StopOnDrop, Wake, Worker};

/// How a run may behave.
#[derive(Clone, Debug)]
pub struct Options {
    /// Workers; 0 means one a core.
    pub threads: usize,
    /// The most memory that the run may take for what it keeps and makes of it, bytes.
    pub memory: Option<u64>,
    /// What was allowed beside that: the process itself, and what is being read. Messages count it, too.
    pub beside: u64,
    /// The shortest time between two snapshots.
    pub pace: Duration,
    /// Where checkpoints are kept; without it a run begins anew each time.
    pub workspace: Option<PathBuf>,
    /// The other tables that the question names, in the order of `Query::tables`.
    pub datasets: Vec<Arc<Table>>,
    /// Where the rows of a question that `streams` go instead of into the answer. Such a run keeps no checkpoints.
    pub rows_to: Option<RowsTo>,
    /// Whether the answer is verified against a batch over the recording, and how long to rest in between.
    pub audit: Option<Duration>,
    /// At most so many pieces of the history are read; to measure what parts of it cost.
    pub pieces: Option<u64>,
    /// Feeds are read up to there and end: a question about the past of a running one. What is past is history:
    /// nothing in it is late.
    pub past: Option<Reached>,
    /// A feed with a pace of its own is read up to there as fast as can be: another run has come so far already.
    pub catch_up: Option<Reached>,
    /// Groups of final windows that stay in memory; older ones leave for disk.
    pub final_groups: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 0,
            memory: None,
            beside: 0,
            pace: Duration::from_millis(30),
            workspace: None,
            datasets: Vec::new(),
            rows_to: None,
            audit: None,
            pieces: None,
            past: None,
            catch_up: None,
            final_groups: 100_000,
        }
    }
}

impl Options {
    pub fn workers(&self) -> usize {
        if self.threads > 0 { self.threads } else { std::thread::available_parallelism().map_or(2, usize::from) }
    }
}

/// A question being answered. Dropping it stops the work and lets go of all inputs.
#[derive(Debug)]
pub struct Run {
    newest: Latest<Snapshot>,
    finish: Cancel,
    readmit: Asked,
    _stop: StopOnDrop,
}

/// Something that a person asked for once.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<AtomicBool>);

impl Asked {
    pub fn ask(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was asked for since the last call.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

/// What all threads of a run share.
#[derive(Debug)]
pub struct Shared {
    pub plan: Arc<Plan>,
    pub table: Arc<Table>,
    pub options: Options,
    pub budget: Budget,
    pub watermark: Watermark,
    pub divider: Divider,
    pub barrier: Barrier,
    /// No other process writes the checkpoints of this question.
    _lock: Option<std::fs::File>,
    /// Late rows are to be re-admitted.
    pub readmit: Asked,
    /// The checkpoint that this run goes on from.
    pub resumed: Option<Resumed>,
    /// What rows are joined with.
    pub dataset: Option<Dataset>,
    /// Ends when all rows that go to a file are there.
    pub poured: Option<Receiver<()>>,
    /// How long the merger took with the last partial.
    pub merging: Took,
    /// Rows that were read were left because the run was to end: what is known is no state to go on from.
    pub torn: AtomicBool,
    /// Stop at once: nobody looks any more.
    pub cancel: Cancel,
    /// End all inputs, then say the last word.
    pub finish: Cancel,
    pub news: Mutex<News>,
    pub started: Instant,
}

/// A time taken, told from one thread to others.
#[derive(Debug, Default)]
pub struct Took(AtomicU64);

impl Took {
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    pub fn set(&self, took: Duration) {
        self.0.store(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What threads have to say beside rows.
#[derive(Debug, Default)]
pub struct News {
    pub notes: Vec<String>,
    /// Those of them that may come again.
    pub again: Vec<Told>,
    pub fault: Option<Fault>,
    pub gaps: Vec<super::snapshot::TimeGap>,
    /// Feeds that cannot be reached at the moment, and why.
    pub trouble: BTreeMap<String, String>,
    pub dropped: u64,
    pub live_open: usize,
    pub logs: Vec<Log>,
    pub audit: Option<Audit>,
}

/// A feed as the seam sees it.
#[derive(Clone, Debug)]
pub struct Log {
    /// Which of the table's feeds.
    pub feed: usize,
    pub source: Arc<str>,
    /// Where each partition of its log ended when the run began; empty where it has no past.
    pub ends: Positions,
    /// The first live position that each partition gave.
    pub first_live: Vec<(u32, u64)>,
    pub mark: Vec<u8>,
    /// What the numbers of its messages said in this run, where they are numbered.
    pub numbered: Option<Numbered>,
}

/// A note that stands for all of its cause.
#[derive(Debug)]
pub struct Told {
    cause: String,
    note: String,
    times: u64,
}

/// Notes kept; a feed in trouble for days must not fill memory.
const NOTES: usize = 200;

impl Shared {
    pub fn news(&self) -> std::sync::MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn note(&self, note: String) {
        let mut news = self.news();
        if news.notes.last() != Some(&note) {
            if news.notes.len() >= NOTES {
                news.notes.remove(0);
            }
            news.notes.push(note);
        }
    }

    /// As `note`, for what may come again and again: it stays one note, of the newest, with its count. What differs
    /// only in numbers is of one cause.
    pub fn note_again(&self, note: String) {
        let mut cause: String = note.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        while cause.contains("##") {
            cause = cause.replace("##", "#");
        }
        let mut news = self.news();
        let place = news.again.iter().position(|told| told.cause == cause);
        let Some(mut told) = place.map(|place| news.again.remove(place)) else {
            news.again.push(Told { cause, note: note.clone(), times: 1 });
            drop(news);
            return self.note(note);
        };
        let shown = |told: &Told| {
            if told.times > 1 {
                format!("{} ({} times, this is the last)", told.note, told.times)
            } else {
                told.note.clone()
            }
        };
        let before = shown(&told);
        (told.note, told.times) = (note, told.times + 1);
        let now = shown(&told);
        match news.notes.iter_mut().find(|note| **note == before) {
            Some(note) => *note = now,
            None => news.notes.push(now),
        }
        news.again.push(told);
        if news.again.len() > NOTES {
            news.again.remove(0);
        }
    }

    /// Part of the input cannot be read; the rest goes on. One that ends a source is told before one of a part of it.
    pub fn fault(&self, fault: Fault) {
        let mut news = self.news();
        let first = news.fault.take();
        let (told, beside) = match first {
            None => (fault, None),
            Some(first) if first.lost.is_some() && fault.lost.is_none() => (fault, Some(first)),
            Some(first) => {
                let beside = Some(fault).filter(|fault| fault.lost.is_some() && *fault != first);
                (first, beside)
            }
        };
        news.fault = Some(told);
        drop(news);
        if let Some(beside) = beside {
            self.note(beside.to_string());
        }
    }

    /// The question itself cannot be answered: the run ends.
    pub fn fail(&self, fault: Fault) {
        self.fault(fault);
        self.finish.set();
    }

    /// What rows are joined with, where they are.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn lookup(&self) -> Result<Option<Arc<Lookup>>> {
        match (&self.dataset, &self.plan.join) {
            (Some(dataset), Some(join)) => dataset.lookup(self, join).map(Some),
            _ => Ok(None),
        }
    }

    /// Some rows of a piece were left because the run is to end.
    pub fn tear(&self, rows: u64, source: &str) {
        self.torn.store(true, Ordering::Release);
        self.note(format!("stopped early: {rows} rows of {source} were read and are not in this answer"));
    }

    pub fn ending(&self) -> bool {
        self.cancel.is_set() || self.finish.is_set()
    }
}

/// Live chunks that may wait for a worker.
const LIVE_QUEUE: usize = 16;

impl Run {
    /// Starts answering `plan` over `table`; `wake` is rung for each snapshot.
    ///
    /// # Errors
    /// When the seam cannot be what the table says, or there are no threads.
    pub fn start(plan: Arc<Plan>, table: Arc<Table>, options: Options, wake: Wake) -> Result<Self> {
        let cancel = Cancel::new();
        let finish = Cancel::new();
        let readmit = Asked::default();
        if let Some(rerun) = &plan.rerun {
            let newest = rerun::start(plan.clone(), rerun, &table, options, wake, (&cancel, &finish))?;
            return Ok(Self { newest, finish, readmit, _stop: StopOnDrop(cancel) });
        }
        let dataset = plan.join.as_ref().map(|join| Dataset::new(join, &options.datasets)).transpose()?;
        let writer = options.rows_to.as_ref().filter(|_| plan.streams()).map(|to| to.open(&plan.output)).transpose()?;
        let (pouring, poured) = bounded::<()>(0);
        let checkpoints =
            options.workspace.as_ref().filter(|_| writer.is_none()).map(|w| checkpoint::folder(w, &plan, &table));
        let lock = checkpoints
            .as_ref()
            .zip(options.workspace.as_ref())
            .map(|(folder, workspace)| checkpoint::lock(workspace, folder))
            .transpose()?;
        let (resumed, notes) =
            checkpoints.as_ref().map(|folder| checkpoint::load(folder, &plan, &table)).unwrap_or_default();
        let lateness = table.time.as_ref().map_or(super::table::DEFAULT_LATENESS, |t| t.lateness);
        let shared = Arc::new(Shared {
            divider: Divider::new(&table, resumed.as_ref().and_then(|r| r.seen.as_ref()))?,
            barrier: Barrier::default(),
            _lock: lock,
            readmit: readmit.clone(),
            resumed,
            dataset,
            poured: writer.is_some().then_some(poured),
            plan: plan.clone(),
            table: table.clone(),
            watermark: Watermark::new(lateness),
            merging: Took::default(),
            torn: AtomicBool::new(false),
            budget: Budget::new(&options),
            options,
            cancel: cancel.clone(),
            finish: finish.clone(),
            news: Mutex::default(),
            started: Instant::now(),
        });
        {
            let mut news = shared.news();
            news.live_open = table.live.len();
            news.notes = notes;
            news.notes.extend(reread_order(&shared));
        }
        let newest = Latest::default();
        let workers = shared.options.workers();
        let (live_in, live_out) = bounded::<LiveChunk>(LIVE_QUEUE);
        let waiting = if shared.budget.is_set() { 1 } else { workers * 2 };
        let (delta_in, delta_out) = bounded::<Delta>(waiting);
        let history = Arc::new(HistoryQueue::new(&shared));

        // The merger first, so that deltas are taken from the start; feeds last, so that their rows are.
        let merger = {
            let auditor =
                shared.options.audit.filter(|_| plan.rows.is_none()).map(|_| start_auditor(&shared)).transpose()?;
            let merger = Merger::new(shared.clone(), history.clone(), Partial::new(plan)?, checkpoints, auditor)?;
            let (newest, wake) = (newest.clone(), wake.clone());
            move || merger.merge(&delta_out, &newest, &wake)
        };
        start_thread(&shared, "merge", merger)?;
        let rows_in = match writer {
            Some(writer) => {
                let (rows_in, rows_out) = bounded::<Sheaf>(waiting);
                let own = shared.clone();
                start_thread(&shared, "write", move || {
                    pour::pour(&own, writer, &rows_out);
                    drop(pouring);
                })?;
                Some(rows_in)
            }
            None => None,
        };
        for _ in 0..workers {
            let out = Out { deltas: delta_in.clone(), rows: rows_in.clone() };
            start_worker(&shared, &history, live_out.clone(), out)?;
        }
        drop(rows_in);
        if shared.dataset.is_some() && !table.live.is_empty() {
            let own = shared.clone();
            start_thread(&shared, "dataset", move || {
                if let (Some(dataset), Some(join)) = (&own.dataset, &own.plan.join) {
                    dataset.watch(&own, join);
                }
            })?;
        }
        for (number, feed) in table.live.iter().enumerate() {
            let first = shared.watermark.add(Instant::now());
            let (shared_in, feed, out) = (shared.clone(), feed.clone(), live_in.clone());
            start_thread(&shared, "feed", move || {
                intake::follow(&shared_in, number, &feed, first, &out);
                let mut news = shared_in.news();
                news.live_open = news.live_open.saturating_sub(1);
            })?;
        }
        Ok(Self { newest, finish, readmit, _stop: StopOnDrop(cancel) })
    }

    /// The newest snapshot; `None` before the first. Costs a clone of an `Arc`.
    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        self.newest.get()
    }

    /// Puts late rows into the windows that they missed; the next snapshot shows those as corrected.
    pub fn readmit(&self) {
        self.readmit.ask();
    }

    /// Ends all inputs; the last snapshot follows soon, complete for what was read.
    pub fn finish(&self) {
        self.finish.set();
    }
}

/// What there is to say when rows are read once more and it is not known in which order those of different partitions
/// came.
fn reread_order(shared: &Shared) -> Option<String> {
    let reached = shared.options.catch_up.as_ref()?;
    let unsure = reached.late > 0 && reached.partitions.len() > 1 && shared.plan.window().is_some();
    unsure.then(|| {
        format!(
            "rows of {} partitions are read once more, in another order among each other than they came: of {} that \
             were late before, some may be on time now",
            reached.partitions.len(),
            reached.late
        )
    })
}

fn start_worker(shared: &Arc<Shared>, history: &Arc<HistoryQueue>, live: Receiver<LiveChunk>, out: Out) -> Result<()> {
    let (own, history) = (shared.clone(), history.clone());
    start_thread(shared, "worker", move || {
        if let Err(fault) = work::work(&own, &history, &live, &out) {
            own.fail(fault);
        }
    })
}

fn start_auditor(shared: &Arc<Shared>) -> Result<Sender<audit::Moment>> {
    let (moments, waiting) = audit::channel();
    let own = shared.clone();
    start_thread(shared, "audit", move || audit::audit(&own, &waiting))?;
    Ok(moments)
}

fn start_thread(shared: &Arc<Shared>, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let shared = shared.clone();
    let on_panic = move |said: String| {
        shared
            .fail(Fault::new(format!("internal error: {said}")).hint("please report it with the question and the data"))
    };
    Worker::spawn(name, work, on_panic).map(drop).map_err(|e| Fault::io("starting a thread", &e))
}
