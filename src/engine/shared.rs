//! What all threads of a run share: its question and options, its memory, watermark and barrier, and how it is told to
//! end. Starting the threads is `run`'s.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::barrier::Barrier;
use super::budget::Budget;
use super::checkpoint::{Resumed, Stored};
use super::dataset::{Context, Dataset};
use super::diagnostics::Diagnostics;
use super::seam_filter::SeamFilter;
use super::table::DEFAULT_LATENESS;
use super::watermark::Watermark;
use super::{Options, Table};
use crate::data::{Fault, Result};
use crate::query::Plan;
use crate::query::join::Lookup;
use crate::sync::Cancel;

/// What all threads of a run share.
#[derive(Debug)]
pub struct Shared {
    pub plan: Arc<Plan>,
    pub table: Arc<Table>,
    pub options: Options,
    pub budget: Budget,
    pub watermark: Watermark,
    pub seam_filter: SeamFilter,
    pub barrier: Barrier,
    /// While it is held, no other process writes the checkpoints of this question.
    _lock: Option<std::fs::File>,
    /// Late rows are to be re-admitted.
    pub readmit: Request,
    /// The checkpoint that this run goes on from.
    pub resumed: Option<Resumed>,
    /// What rows are joined with.
    pub dataset: Option<Dataset>,
    /// Is closed when all rows that go to a file are there.
    pub rows_written: Option<Receiver<()>>,
    /// How long merging the last partial took.
    pub merge_time: AtomicDuration,
    /// Rows that were read were left because the run was to end: what is known is no state to go on from.
    pub rows_left: AtomicBool,
    /// Stop at once: the run was dropped.
    pub cancel: Cancel,
    /// End all inputs, then say the last word.
    pub finish: Cancel,
    pub diagnostics: Mutex<Diagnostics>,
    pub started: Instant,
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

impl Shared {
    /// # Errors
    /// When the seam cannot be what the table says.
    pub fn new(
        plan: Arc<Plan>,
        table: Arc<Table>,
        options: Options,
        dataset: Option<Dataset>,
        stored: Option<Stored>,
        rows_written: Option<Receiver<()>>,
    ) -> Result<Self> {
        let (lock, resumed, notes) =
            stored.map_or((None, None, Vec::new()), |stored| (Some(stored.lock), stored.resumed, stored.notes));
        let lateness = table.time.as_ref().map_or(DEFAULT_LATENESS, |time| time.lateness);
        Ok(Self {
            budget: Budget::new(&options),
            watermark: Watermark::new(lateness),
            seam_filter: SeamFilter::new(&table, resumed.as_ref().and_then(|resumed| resumed.seen.as_ref()))?,
            barrier: Barrier::default(),
            _lock: lock,
            readmit: Request::default(),
            resumed,
            dataset,
            rows_written,
            merge_time: AtomicDuration::default(),
            rows_left: AtomicBool::new(false),
            cancel: Cancel::new(),
            finish: Cancel::new(),
            diagnostics: Mutex::new(Diagnostics::new(notes, table.live.len())),
            started: Instant::now(),
            plan,
            table,
            options,
        })
    }

    pub fn diagnostics(&self) -> MutexGuard<'_, Diagnostics> {
        self.diagnostics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a person something, once.
    pub fn note(&self, note: String) {
        self.diagnostics().note(note);
    }

    /// Tells a person something that may happen again and again: it stays one note, with its count.
    pub fn note_again(&self, note: String) {
        self.diagnostics().note_again(note);
    }

    /// Part of the input cannot be read; the rest goes on.
    pub fn fault(&self, fault: Fault) {
        self.diagnostics().fault(fault);
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
            (Some(dataset), Some(join)) => dataset
                .lookup(
                    join,
                    &Context { budget: &self.budget, note: &|note| self.note(note), is_ending: &|| self.ending() },
                )
                .map(Some),
            _ => Ok(None),
        }
    }

    /// Looks after what rows are joined with until the feeds have ended.
    pub fn watch_dataset(&self) {
        if let (Some(dataset), Some(join)) = (&self.dataset, &self.plan.join) {
            let context = Context { budget: &self.budget, note: &|note| self.note(note), is_ending: &|| self.ending() };
            dataset.watch(join, &context, &|| self.diagnostics().live_open > 0);
        }
    }

    /// Some rows of a piece were left because the run is to end.
    pub fn leave_rows(&self, rows: u64, source: &str) {
        self.rows_left.store(true, Ordering::Release);
        self.note(format!("stopped early: {rows} rows of {source} were read and are not in this answer"));
    }

    pub fn ending(&self) -> bool {
        self.cancel.is_set() || self.finish.is_set()
    }
}

/// Something that a person asks for from another thread.
#[derive(Clone, Debug, Default)]
pub struct Request(Arc<AtomicBool>);

impl Request {
    pub fn make(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was asked for since the last call.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}
