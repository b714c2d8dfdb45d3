//! What of the memory of the process a question may take: for its groups or rows, in workers, for its answer, for the
//! dataset of a join. Each is priced with what is made of it for a moment, so that all that is accounted may be held at
//! once. A question that needs more than disk can help with is not let run into the machine's limits: it says what it
//! would need, and which sketch would do with less.

use super::memory::{Account, Memory, Way};
use super::options::Options;
use super::spill::Spill;
use crate::data::{Fault, Remedy, Setting};
use crate::query::{Partial, Plan};

/// About what the state of a sketch takes, bytes a group.
const SKETCH: u64 = 8_192;
/// About what a group takes that keeps little, bytes.
const GROUP: u64 = 256;
/// Fewer rows are not worth to be taken apart.
const FEW_ROWS: usize = 4_096;
/// Memory for the rows that a question keeps, where no limit is set.
const ROWS_MEMORY: u64 = 2 << 30;
/// Where less is allowed, a worker waits until the one before has handed over.
const PLENTY: u64 = 1 << 30;

// What all of the memory has to be for each byte. Beside the groups there is their table while they leave for disk, an
// index that grows to twice its size, and two answers, the one being read and the one that is shown; and what workers
// hold.
const MERGED: u64 = 6;
/// All that workers hold, and what is on its way from them.
const WORKERS: u64 = 6;
/// Groups that cannot leave for disk: nothing more is made of them than the answer.
const WHOLE: (u64, u64) = (2, 5);
/// Rows: they are put together for the answer, ordered, and shown.
const ROWS: u64 = 5;
/// Rows in workers.
const WORKERS_ROWS: u64 = 10;
/// The same where no limit is set.
const FREE_ROWS: u64 = 2;
const FREE_WORKERS_ROWS: u64 = 4;
/// What is left of all groups for an answer in one piece, and the same once it is there.
const ANSWER: u64 = 5;
const SHOWN: u64 = 2;
const DATASET: u64 = 4;
/// How much larger groups are in memory than on disk, at the most: bytes, table, index.
const ON_DISK: u64 = 5;
/// Verifying an answer takes its groups as a table, and twice as they are.
const AUDIT: u64 = 4;

/// The memory of a question.
#[derive(Debug)]
pub struct Budget {
    memory: Memory,
    is_set: bool,
    /// Partials that workers hold, that wait, and the one that is being merged.
    holders: u64,
    dataset: Account,
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

/// How many partials may wait for the merger.
pub fn waiting(options: &Options) -> usize {
    let scarce = options.memory.as_ref().is_some_and(|memory| memory.allowed() < PLENTY);
    if scarce { 1 } else { options.workers() * 2 }
}

impl Budget {
    pub fn new(options: &Options) -> Self {
        let memory = options.memory.clone().unwrap_or_else(|| Memory::new(ROWS_MEMORY));
        let holders = (options.workers() + waiting(options) + 1) as u64;
        Self { dataset: memory.account(), memory, is_set: options.memory.is_some(), holders }
    }

    /// Where what is merged of the question is accounted.
    pub fn account(&self) -> Account {
        self.memory.account()
    }

    /// What there is for all questions, beside what stays.
    fn room(&self) -> u64 {
        self.memory.allowed().saturating_sub(self.memory.staying())
    }

    /// What one worker may hold of all questions of its table.
    fn room_of_worker(&self) -> u64 {
        (self.room() / self.holders / self.memory.readings()).max(1)
    }

    /// What of it a partial takes, where 1 is all.
    pub fn share_of_worker(&self, partial: &Partial) -> f64 {
        let price = match (partial.plan().rows.is_some(), self.is_set) {
            (true, true) => WORKERS_ROWS,
            (true, false) => FREE_WORKERS_ROWS,
            (false, true) => WORKERS,
            (false, false) => return 0.0,
        };
        (partial.size() as u64 * price) as f64 / self.room_of_worker() as f64
    }

    /// How many rows a worker may take for so many questions before it looks at what it holds.
    pub fn rows_together(&self, plan: &Plan, questions: usize) -> usize {
        if !self.is_set || plan.rows.is_some() {
            return usize::MAX;
        }
        // Each may be a group of its own.
        let rows = self.room_of_worker() / WORKERS / GROUP / questions.max(1) as u64;
        usize::try_from(rows).unwrap_or(usize::MAX).max(FEW_ROWS)
    }

    /// What is merged, and an answer that was read from disk, as they are accounted, and what becomes of them where
    /// memory is short.
    pub fn price(&self, partial: &Partial, from_disk: u64) -> (u64, Way) {
        let size = partial.size() as u64;
        let of_rows = if partial.lets_go() { Way::Oldest } else { Way::Fail };
        let (price, way) = match (partial.plan().rows.is_some(), self.is_set) {
            _ if partial.groups() == 0 => (0, Way::Stays),
            (true, true) => (size * ROWS, of_rows),
            (true, false) => (size * FREE_ROWS, of_rows),
            (false, false) => (0, Way::Fail),
            (false, true) if Spill::can_take(partial) => (size * MERGED, Way::Disk),
            (false, true) => (size * WHOLE.1 / WHOLE.0, Way::Fail),
        };
        (price + from_disk * SHOWN, way)
    }

    /// What rows may take, where `held` of the memory is left to them.
    pub fn rows(&self, left: u64) -> u64 {
        left / if self.is_set { ROWS } else { FREE_ROWS }
    }

    /// Whether groups on disk are too many to be read at once, beside what others hold.
    pub fn is_too_much(&self, bytes: u64) -> bool {
        self.is_set && bytes > self.room() / MERGED
    }

    /// What an answer may take that is read in one piece from groups on disk, where so much is left to it.
    pub fn answer(&self, left: u64) -> u64 {
        if self.is_set { left / ANSWER } else { u64::MAX }
    }

    /// What is accounted while such an answer is read.
    pub fn price_of_answer(&self, answer: u64, largest: u64) -> u64 {
        answer * ANSWER + largest * ON_DISK
    }

    /// The most that may be on disk of groups that are merged together.
    fn on_disk(&self) -> u64 {
        if self.is_set { self.room() / ON_DISK } else { u64::MAX }
    }

    /// Room to verify what is known, where there is some.
    pub fn take_audit(&self, size: u64) -> Option<Account> {
        let needed = if self.is_set { size * AUDIT } else { 0 };
        // Nothing is to give way for it.
        (self.memory.held() + needed * 2 <= self.memory.allowed() || needed == 0).then(|| {
            let account = self.memory.account();
            account.hold(needed, Way::Passes);
            account
        })
    }

    /// Takes room for a dataset.
    ///
    /// # Errors
    /// When it is too large.
    pub fn take_dataset(&self, bytes: u64, name: &str) -> Result<(), Fault> {
        let before = self.dataset.held();
        let others = self.memory.staying().saturating_sub(before);
        let (allowed, whole) = (self.memory.allowed(), self.memory.of_whole());
        if !self.is_set || others + bytes <= allowed / DATASET {
            self.dataset.hold(if self.is_set { bytes } else { 0 }, Way::Stays);
            return Ok(());
        }
        let what = format!("the dataset takes {} of the {} allowed, and more with its index", mib(bytes), mib(whole));
        let least = Some(mebibytes(self.memory.of_rest() + (others + bytes) * DATASET));
        Err(Fault::new(what).at(name).hint([Setting::Memory { least }.into(), "join with fewer columns".into()]))
    }

    /// What to say when rows or groups do not fit: what they take, what all of them may need, and what would do with
    /// less.
    pub fn fault(&self, excess: &Excess<'_>) -> Fault {
        let Excess { plan, count, bytes, factor, read } = *excess;
        let allowed = self.memory.of_whole();
        let thing = if plan.rows.is_some() { "rows take" } else { "groups take" };
        let mut what = format!("{count} {thing} {}, more than their share of the {} allowed", mib(bytes), mib(allowed));
        // With little read there is nothing to judge by.
        let partly = (0.01..0.99).contains(&read);
        let all = if partly { bytes as f64 / read } else { bytes as f64 };
        let need = mib(self.memory.of_rest() + self.memory.staying() + (all * factor) as u64);
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

    /// The fault of a partial that is too large and cannot leave memory.
    pub fn exceeded(&self, partial: &Partial, read: f64) -> Fault {
        let rows = partial.plan().rows.is_some();
        let factor = if rows { ROWS as f64 } else { WHOLE.1 as f64 / WHOLE.0 as f64 };
        let bytes = partial.size() as u64;
        self.fault(&Excess { plan: partial.plan(), count: partial.groups(), bytes, factor, read })
    }

    /// The fault of groups that are beyond what disk can help with: too much of them belongs together.
    pub fn exceeded_on_disk(&self, plan: &Plan, groups: u64, largest: u64, read: f64) -> Option<Fault> {
        let excess = Excess { plan, count: groups as usize, bytes: largest, factor: ON_DISK as f64, read };
        (largest > self.on_disk()).then(|| self.fault(&excess))
    }

    /// The fault of an answer whose rows are looked at beside each other, so that it has to be in one piece.
    pub fn exceeded_answer(&self, bytes: u64, groups: u64) -> Fault {
        let needed = self.memory.of_rest() + self.memory.staying() + bytes * ANSWER;
        let (allowed, bytes, needed) = (mib(self.memory.of_whole()), mib(bytes), mib(needed));
        Fault::new(format!(
            "DISTINCT, OVER and a question about an answer look at all of it: its {groups} groups take {bytes}, more \
             than their share of the {allowed} allowed; it needs about {needed}"
        ))
        .hint([
            Setting::Memory { least: None }.into(),
            "show fewer groups with HAVING".into(),
            "leave DISTINCT, OVER and what stands above out: an answer with ORDER BY alone is sorted on disk".into(),
        ])
    }
}

fn mebibytes(bytes: u64) -> u64 {
    (bytes >> 20).max(1)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", mebibytes(bytes))
}
