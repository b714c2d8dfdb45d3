//! The memory that a run may take, divided among its parts: workers, the merger, the dataset of a
//! join, and what is made of them for a moment. A question that needs more than disk can help with is not let run into
//! the machine's limits: it says what it would need, and which sketch would do with less.

use std::sync::atomic::{AtomicU64, Ordering};

use super::options::Options;
use crate::data::{Fault, Remedy, Setting};
use crate::query::{Partial, Plan};

/// About what the state of a sketch takes, bytes a group.
const SKETCH: u64 = 8_192;
/// About what a group takes that keeps little, bytes.
const GROUP: u64 = 256;
/// Fewer rows are not worth to be taken apart.
const FEW_ROWS: usize = 4_096;
/// Memory for rows that are kept, where no limit is set.
const ROWS_MEMORY: u64 = 2 << 30;

// What of the room each may take. Beside the groups there is their table while they leave for disk, an index that grows
// to twice its size, and two answers, the one being read and the one that is shown.
const MERGED: u64 = 6;
/// All that workers hold, and what is on its way from them.
const WORKERS: u64 = 6;
/// Groups that cannot leave for disk: nothing more is made of them than the answer.
const WHOLE: (u64, u64) = (2, 5);
/// Rows: they are put together for the answer, ordered, and shown.
const ROWS: u64 = 5;
/// What is left of all groups for an answer in one piece.
const ANSWER: u64 = 5;
const DATASET: u64 = 4;
/// How much larger groups are in memory than on disk, at the most: bytes, table, index.
const ON_DISK: u64 = 5;

/// The memory of a run.
#[derive(Debug)]
pub struct Budget {
    memory: Option<u64>,
    beside: u64,
    workers: u64,
    dataset: AtomicU64,
}

/// Something that is too large.
pub struct Excess<'a> {
    pub plan: &'a Plan,
    /// Rows are kept, not groups.
    pub count: usize,
    pub bytes: u64,
    /// What all of the memory would have to be for each of those bytes.
    pub factor: f64,
    /// How much of the history is absorbed, 0 to 1.
    pub read: f64,
}

impl Budget {
    pub fn new(options: &Options) -> Self {
        Self {
            memory: options.memory,
            beside: options.beside,
            workers: options.workers() as u64,
            dataset: AtomicU64::new(0),
        }
    }

    pub fn is_set(&self) -> bool {
        self.memory.is_some()
    }

    fn share(&self, times: u64, of: u64) -> u64 {
        let dataset = self.dataset.load(Ordering::Relaxed);
        self.memory.map_or(u64::MAX, |memory| memory.saturating_sub(dataset) / of * times)
    }

    /// What a worker may hold before it hands over.
    pub fn worker(&self, plan: &Plan) -> u64 {
        // One is on its way, and one is being merged.
        let holders = self.workers + 2;
        if plan.rows.is_some() { self.rows() / (2 * holders) } else { self.share(1, WORKERS * holders) }
    }

    /// How many rows a worker may take before it looks at what it holds.
    pub fn rows_together(&self, plan: &Plan) -> usize {
        let whole = !self.is_set() || plan.rows.is_some();
        // Each may be a group of its own.
        if whole { usize::MAX } else { usize::try_from(self.worker(plan) / GROUP).unwrap_or(usize::MAX).max(FEW_ROWS) }
    }

    /// What groups may take before they leave for disk.
    pub fn merged(&self) -> u64 {
        self.share(1, MERGED)
    }

    /// What groups may take that cannot leave.
    pub fn whole(&self) -> u64 {
        self.share(WHOLE.0, WHOLE.1)
    }

    /// What rows may take.
    pub fn rows(&self) -> u64 {
        if self.is_set() { self.share(1, ROWS) } else { ROWS_MEMORY / 2 }
    }

    /// What an answer may take that is read in one piece from groups on disk.
    pub fn answer(&self) -> u64 {
        self.share(1, ANSWER)
    }

    /// The most that may be on disk of groups that are merged together.
    pub fn on_disk(&self) -> u64 {
        self.share(1, ON_DISK)
    }

    /// Takes room for a dataset.
    ///
    /// # Errors
    /// When it is too large.
    pub fn take_dataset(&self, bytes: u64, name: &str) -> Result<(), Fault> {
        let Some(memory) = self.memory.filter(|memory| bytes > memory / DATASET) else {
            self.dataset.store(bytes, Ordering::Relaxed);
            return Ok(());
        };
        let what = format!(
            "the dataset takes {} of the {} allowed, and more with its index",
            mib(bytes),
            mib(memory + self.beside)
        );
        let least = Some(mebibytes(self.beside + bytes * DATASET));
        Err(Fault::new(what).at(name).hint([Setting::Memory { least }.into(), "join with fewer columns".into()]))
    }

    /// What to say when rows or groups do not fit: what they take, what all of them may need, and what would do with
    /// less.
    pub fn fault(&self, excess: &Excess<'_>) -> Fault {
        let Excess { plan, count, bytes, factor, read } = *excess;
        let allowed = if self.is_set() { self.memory.unwrap_or(0) + self.beside } else { ROWS_MEMORY };
        let thing = if plan.rows.is_some() { "rows take" } else { "groups take" };
        let mut what = format!("{count} {thing} {}, more than their share of the {} allowed", mib(bytes), mib(allowed));
        // With little read there is nothing to judge by.
        let partly = (0.01..0.99).contains(&read);
        let all = if partly { bytes as f64 / read } else { bytes as f64 };
        let need = mib(self.beside + self.dataset.load(Ordering::Relaxed) + (all * factor) as u64);
        if partly {
            what += &format!(
                "; that is after {:.0} % of the history, so that all of it may need about {need}",
                read * 100.0
            );
        } else {
            what += &format!("; so far they need about {need}");
        }
        // A sketch takes some kilobytes a group, so that it helps only where a group keeps more.
        let dear = bytes / (count.max(1) as u64) > SKETCH;
        let sketches: Vec<String> = plan
            .calls
            .iter()
            .filter_map(|call| crate::query::rewrite::cheaper(&call.sql))
            .map(|(sketch, _)| sketch)
            .filter(|_| dear)
            .collect();
        let more = Remedy::from(Setting::Memory { least: None });
        let fault = Fault::new(what);
        match sketches.first() {
            Some(sketch) => fault.hint([format!("keep a sketch instead, {sketch}").into(), more]),
            None if plan.rows.is_some() => fault.hint([more, "ask for fewer rows or columns".into()]),
            None => fault.hint([more, "group by fewer columns or a larger window".into(), "filter".into()]),
        }
    }

    /// The fault of a partial that is too large and cannot leave memory; `None` while it is not.
    pub fn exceeded(&self, partial: &Partial, read: f64) -> Option<Fault> {
        let rows = partial.plan().rows.is_some();
        let (share, factor) =
            if rows { (self.rows(), ROWS as f64) } else { (self.whole(), WHOLE.1 as f64 / WHOLE.0 as f64) };
        let bytes = partial.size() as u64;
        (bytes > share)
            .then(|| self.fault(&Excess { plan: partial.plan(), count: partial.groups(), bytes, factor, read }))
    }

    /// The fault of groups that are beyond what disk can help with: too much of them belongs together.
    pub fn exceeded_on_disk(&self, plan: &Plan, groups: u64, largest: u64, read: f64) -> Option<Fault> {
        let excess = Excess { plan, count: groups as usize, bytes: largest, factor: ON_DISK as f64, read };
        (largest > self.on_disk()).then(|| self.fault(&excess))
    }

    /// The fault of an answer whose rows are looked at beside each other, so that it has to be in one piece.
    pub fn exceeded_answer(&self, bytes: u64, groups: u64) -> Fault {
        let (allowed, bytes, needed) =
            (mib(self.memory.unwrap_or(0) + self.beside), mib(bytes), mib(self.beside + bytes * ANSWER));
        Fault::new(format!(
            "DISTINCT and OVER look at all of an answer: its {groups} groups take {bytes}, more than their share of \
             the {allowed} allowed; it needs about {needed}"
        ))
        .hint([
            Setting::Memory { least: None }.into(),
            "show fewer groups with HAVING".into(),
            "leave DISTINCT and OVER out: an answer with ORDER BY alone is sorted on disk".into(),
        ])
    }
}

/// Lets the oldest rows go that do not fit, where rows are kept and may go.
pub fn let_go(partial: &mut Partial, share: u64) {
    if partial.plan().rows.is_some() && partial.size() as u64 > share {
        // Where none may go, `exceeded` says so.
        partial.keep_to(usize::try_from(share).unwrap_or(usize::MAX));
    }
}

fn mebibytes(bytes: u64) -> u64 {
    (bytes >> 20).max(1)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", mebibytes(bytes))
}
