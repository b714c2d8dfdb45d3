//! A question that is answered over a scan: its plan, its memory, what it goes on from, and what there is to say about
//! it alone. What is read for it is the scan's; what is known of it the merger's.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam_channel::Receiver;
use polars::prelude::PlSmallStr;

use super::budget::Budget;
use super::checkpoint::{CheckpointMeta, Resumed, Stored};
use super::counts::Audit;
use super::dataset::{Context, Dataset};
use super::diagnostics::Diagnostics;
use super::moment::Unread;
use super::options::Saving;
use super::reached::Readmitted;
use super::row_rule::RowRule;
use super::snapshot::Snapshot;
use super::{Options, Table};
use crate::data::{Fault, Result};
use crate::query::Plan;
use crate::query::join::Lookup;
use crate::sync::{Cancel, Latest, Request, Wake};

/// One question over a scan.
#[derive(Debug)]
pub struct ContinuousQuery {
    /// Tells it from all others of the process.
    pub id: u64,
    pub plan: Arc<Plan>,
    pub budget: Budget,
    pub rule: Arc<RowRule>,
    /// The columns that it would read if it were alone.
    pub columns: Vec<PlSmallStr>,
    /// Whether the answer is verified, and how long to rest in between.
    pub audit_rest: Option<Duration>,
    /// Groups of final windows that stay in memory.
    pub final_groups: usize,
    /// Where its checkpoints are kept, and where the rows that are set aside.
    pub checkpoints: Option<PathBuf>,
    pub aside: Option<PathBuf>,
    pub saving: Saving,
    /// What it asks in words, for its checkpoints.
    pub words: String,
    /// The checkpoint that it goes on from.
    pub resumed: Option<Resumed>,
    /// What is said by one that is still to be read, and by the one that it went on from.
    pub pending: Option<CheckpointMeta>,
    pub before: OnceLock<CheckpointMeta>,
    /// What rows are joined with.
    pub dataset: Option<Dataset>,
    /// Is closed when all rows that go to a file are there.
    pub rows_written: Option<Receiver<()>>,
    /// Late rows are to be re-admitted.
    pub readmit: Request,
    /// The late rows that were re-admitted to the answer of the question before it.
    pub readmitted: Option<Readmitted>,
    /// Nobody wants its answer any more.
    pub left: Cancel,
    /// It cannot be answered.
    pub failed: Cancel,
    /// Nobody looks at its answer for now: it is answered more rarely.
    pub hidden: Arc<AtomicBool>,
    pub newest: Latest<Snapshot>,
    /// Since when rows are merged that `newest` does not have.
    pub unread: Unread,
    pub wake: Wake,
    /// While it is held, no other process writes the checkpoints of this question.
    _lock: Option<std::fs::File>,
    diagnostics: Mutex<Diagnostics>,
    audit: Mutex<Option<Audit>>,
}

static COUNT: AtomicU64 = AtomicU64::new(1);

impl ContinuousQuery {
    /// `rules` are those of the questions that are asked with it; `stored` is what a workspace keeps of it.
    ///
    /// # Errors
    /// When the seam cannot be what the table says, or the dataset is not there.
    pub fn new(
        plan: Arc<Plan>,
        table: &Table,
        options: &Options,
        rules: &mut Vec<Arc<RowRule>>,
        stored: Option<Stored>,
        rows_written: Option<Receiver<()>>,
        wake: Wake,
    ) -> Result<Self> {
        let dataset = plan.join.as_ref().map(|join| Dataset::new(join, &options.datasets)).transpose()?;
        let checkpoints = stored.as_ref().map(|stored| stored.folder.clone());
        let aside = stored.as_ref().filter(|stored| stored.aside).map(|stored| stored.folder.join("aside"));
        let words = stored.as_ref().map(|stored| stored.question.clone()).unwrap_or_default();
        let (lock, resumed, pending, notes) = match stored {
            Some(Stored { lock, resumed, pending, notes, .. }) => (Some(lock), resumed, pending, notes),
            None => (None, None, None, Vec::new()),
        };
        let before = resumed.as_ref().map(|resumed| OnceLock::from(resumed.meta.clone())).unwrap_or_default();
        let seen = resumed.as_ref().and_then(|resumed| resumed.seen.as_ref());
        let shared = rules.iter().find(|rule| seen.is_none() && rule.is_for(&plan.vital)).cloned();
        let rule = match shared {
            Some(rule) => rule,
            None => Arc::new(RowRule::new(plan.vital.clone(), table, seen)?),
        };
        rules.push(rule.clone());
        let time = table.time.as_ref().filter(|_| !table.live.is_empty()).map(|time| time.column.as_str());
        let mut columns = plan.columns.clone();
        for extra in [time, rule.seam_filter.column()].into_iter().flatten() {
            if columns.iter().all(|column| column != extra) {
                columns.push(extra.into());
            }
        }
        Ok(Self {
            id: COUNT.fetch_add(1, Ordering::Relaxed),
            budget: Budget::new(options),
            rule,
            columns,
            audit_rest: options.audit.filter(|_| plan.rows.is_none()),
            final_groups: options.final_groups,
            checkpoints,
            aside,
            saving: options.saving,
            words,
            resumed,
            pending,
            before,
            dataset,
            rows_written,
            readmit: Request::default(),
            readmitted: options.catch_up.as_ref().and_then(|reached| reached.readmitted),
            left: Cancel::new(),
            failed: Cancel::new(),
            hidden: Arc::default(),
            newest: Latest::default(),
            unread: Unread::default(),
            wake,
            _lock: lock,
            diagnostics: Mutex::new(Diagnostics::new(notes)),
            audit: Mutex::default(),
            plan,
        })
    }

    pub fn diagnostics(&self) -> MutexGuard<'_, Diagnostics> {
        self.diagnostics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the last audit found.
    pub fn audit(&self) -> MutexGuard<'_, Option<Audit>> {
        self.audit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a person something, once.
    pub fn note(&self, note: String) {
        self.diagnostics().note(note);
    }

    /// It cannot be answered; other questions of the scan can.
    pub fn fail(&self, fault: Fault) {
        self.diagnostics().fault(fault);
        self.failed.set();
    }

    /// Whether rows are still to be absorbed for it.
    pub fn is_asked(&self) -> bool {
        !self.left.is_set() && !self.failed.is_set()
    }

    /// What rows are joined with, where they are; `is_ending`: whether nothing more is to be begun.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn lookup(&self, is_ending: &dyn Fn() -> bool) -> Result<Option<Arc<Lookup>>> {
        match (&self.dataset, &self.plan.join) {
            (Some(dataset), Some(join)) => dataset.lookup(join, &self.context(is_ending)).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads the dataset anew where its files have changed.
    pub fn look_after_dataset(&self, is_ending: &dyn Fn() -> bool) {
        if let (Some(dataset), Some(join)) = (&self.dataset, &self.plan.join) {
            dataset.look_after(join, &self.context(is_ending));
        }
    }

    fn context<'a>(&'a self, is_ending: &'a dyn Fn() -> bool) -> Context<'a> {
        Context { budget: &self.budget, note: Box::new(|note| self.note(note)), is_ending }
    }
}
