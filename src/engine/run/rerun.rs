//! A run of a question that is not kept up to date row by row: its leaves are, by runs of their own, and the question
//! is asked of their answers again and again, at a pace that its own cost sets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use polars::prelude::DataFrame;

use super::{Asking, Run, TableScan};
use crate::data::{Fault, Result, Setting};
use crate::engine::merge::HIDDEN;
use crate::engine::moment::Unread;
use crate::engine::snapshot::Stats;
use crate::engine::{Options, Snapshot, Table};
use crate::query::rerun::{Leaf, Rerun};
use crate::query::{Plan, rerun_answer};
use crate::sync::{Cancel, Latest, Request, StopOnDrop, Wake, Worker};

/// Asking again must not cost more than a quarter of the time.
const ANSWER_SHARE: u32 = 3;
/// Memory is scarce once more than this part of it is held.
const SCARCE: u64 = 4;
/// How long an answer may still take when the run is to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a thread waits for news before it looks whether it should stop.
const WAIT: Duration = Duration::from_millis(50);

/// What the question gives, and what there is to say about it.
type Answered = (DataFrame, Vec<String>);

/// The run of a leaf.
struct LeafRun {
    /// By its place among the tables of the question.
    table: usize,
    run: Run,
}

struct Rerunner {
    plan: Arc<Plan>,
    /// Those of the leaves, in their order.
    runs: Vec<LeafRun>,
    options: Options,
    shelf: Latest<Snapshot>,
    wake: Wake,
    cancel: Cancel,
    finish: Cancel,
    /// Nobody looks at the answer.
    hidden: Arc<AtomicBool>,
    started: Instant,
}

/// Starts the leaves, those of one table in one reading of it, and the thread that asks.
///
/// # Errors
/// When a table is missing, or a run cannot start.
pub(super) fn start(
    plan: Arc<Plan>,
    rerun: &Rerun<Plan>,
    table: &Arc<Table>,
    options: Options,
    wake: Wake,
) -> Result<Run> {
    let (bell, rung) = Wake::channel();
    let tables: Vec<&Arc<Table>> = std::iter::once(table).chain(&options.datasets).collect();
    if let Some(leaf) = rerun.leaves.iter().find(|leaf| leaf.table >= tables.len()) {
        let name = leaf.plan.query.table_name();
        return Err(Fault::new(format!("the table '{name}' is not open")).hint(Setting::Table));
    }
    let own = Options { datasets: Vec::new(), rows_to: None, audit: None, ..options.clone() };
    let mut runs: BTreeMap<usize, LeafRun> = BTreeMap::new();
    for (place, table) in tables.into_iter().enumerate() {
        let here = || rerun.leaves.iter().enumerate().filter(|(_, leaf)| leaf.table == place);
        if here().next().is_none() {
            continue;
        }
        let asking = |leaf: &Leaf<Plan>| Asking { plan: leaf.plan.clone(), options: own.clone(), wake: bell.clone() };
        let asked = here().map(|(_, leaf)| asking(leaf)).collect();
        let (_, started) = TableScan::start(table.clone(), own.clone(), asked)?;
        runs.extend(here().zip(started).map(|((leaf, _), run)| (leaf, LeafRun { table: place, run })));
    }
    let runs = runs.into_values().collect();
    let (shelf, cancel, finish) = (Latest::default(), Cancel::new(), Cancel::new());
    let hidden = Arc::new(AtomicBool::new(false));
    let rerunner = Rerunner {
        plan,
        runs,
        options,
        shelf: shelf.clone(),
        wake: wake.clone(),
        cancel: cancel.clone(),
        finish: finish.clone(),
        hidden: hidden.clone(),
        started: Instant::now(),
    };
    let (own, on_shelf) = (shelf.clone(), wake);
    let on_panic = move |said: String| {
        let fault =
            Fault::new(format!("internal error: {said}")).hint("please report it with the question and the data");
        own.put(Snapshot { version: 1, last: true, fault: Some(fault), ..Snapshot::default() });
        on_shelf.ring();
    };
    Worker::spawn("rerun", move || rerunner.work(&rung), on_panic).map_err(|e| Fault::io("starting a thread", &e))?;
    Ok(Run {
        newest: shelf,
        unread: Unread::default(),
        finish,
        readmit: Request::default(),
        hidden,
        _stop: StopOnDrop(cancel),
        _scan: None,
    })
}

impl Rerunner {
    /// The answer over these rows, asked on a thread of its own; `None` when the run ends before it is there. Such a
    /// thread ends at its next step.
    fn ask(&self, rows: Vec<DataFrame>) -> Option<Result<Answered>> {
        let (tell, told) = bounded(1);
        let on_panic = tell.clone();
        let (plan, stop) = (self.plan.clone(), self.cancel.clone());
        let work = move || {
            if let Some(rerun) = &plan.rerun {
                // The receiver is gone when the run has ended.
                let _ = tell.send(rerun_answer::answer(rerun, &rows, &|| stop.is_set()));
            }
        };
        let on_panic = move |said: String| {
            let _ = on_panic
                .send(Err(Fault::new(format!("internal error: {said}"))
                    .hint("please report it with the question and the data")));
        };
        if let Err(error) = Worker::spawn("ask", work, on_panic) {
            return Some(Err(Fault::io("starting a thread", &error)));
        }
        let mut ending = None;
        loop {
            match told.recv_timeout(WAIT) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Some(Err(Fault::new("internal error: the thread that asks is gone")));
                }
            }
            if self.finish.is_set() {
                // What else is being read ends meanwhile.
                self.runs.iter().for_each(|leaf| leaf.run.finish());
                ending.get_or_insert_with(Instant::now);
            }
            if self.cancel.is_set() || ending.is_some_and(|since: Instant| since.elapsed() > PATIENCE) {
                return None;
            }
        }
    }

    /// The last snapshot of a run that ends before its question is answered: the answer before, if there was one.
    fn give_up(&self, before: Snapshot) {
        let mut last = Snapshot { last: true, version: before.version + 1, elapsed: self.started.elapsed(), ..before };
        if last.version > 1 {
            last.notes.push(
                "stopped early: this answer is from an earlier moment; that of all rows read took too long".to_owned(),
            );
        } else {
            let what =
                format!("the question was not answered within {} s after the end of reading", PATIENCE.as_secs());
            last.fault = Some(Fault::new(what).hint("ask for less: such a question is answered over all rows at once"));
        }
        self.shelf.put(last);
        self.wake.ring();
    }

    /// What the runs say together, with the answer over their rows; `took` is the time that asking took, and the rows
    /// it was asked of.
    fn next_snapshot(
        &self,
        before: Snapshot,
        newest: &[Arc<Snapshot>],
        last: bool,
        answer: Result<Answered>,
        took: (Duration, usize),
    ) -> Snapshot {
        let failed = newest.iter().find_map(|s| s.fault.clone());
        let mut snapshot = Snapshot {
            answer: before.answer,
            version: before.version + 1,
            last,
            elapsed: self.started.elapsed(),
            ..self.together(newest)
        };
        snapshot.stats.first_answer_ms.get_or_insert(snapshot.elapsed.as_secs_f64() * 1e3);
        snapshot.notes.push(format!(
            "re-run (not incremental): the question is asked anew of what is kept for it, {} rows, which took {:.0} ms",
            took.1,
            took.0.as_secs_f64() * 1e3,
        ));
        match answer {
            Ok((answer, notes)) => {
                snapshot.notes.extend(notes);
                snapshot.stats.groups = answer.height() as u64;
                snapshot.answer = answer;
                snapshot.fault = failed;
            }
            Err(fault) => {
                snapshot.fault = failed.or(Some(fault));
                snapshot.last = true;
            }
        }
        snapshot
    }

    /// Whether the leaves of each table hold the same of its rows.
    fn agree(&self, newest: &[Arc<Snapshot>]) -> bool {
        let each = || self.runs.iter().map(|leaf| leaf.table).zip(newest);
        each().all(|(table, s)| each().all(|(other, o)| other != table || o.epoch == s.epoch))
    }

    /// What the runs say together: each table counts once.
    fn together(&self, newest: &[Arc<Snapshot>]) -> Snapshot {
        let mut known = BTreeSet::new();
        let of_tables = self.runs.iter().zip(newest).filter(|(leaf, _)| known.insert(leaf.table));
        let of_tables: Vec<Arc<Snapshot>> = of_tables.map(|(_, snapshot)| snapshot.clone()).collect();
        together(&of_tables)
    }

    fn work(&self, rung: &Receiver<()>) {
        let mut snapshot = Snapshot::default();
        let (mut due, mut asked_of) = (Instant::now(), None);
        loop {
            let _ = rung.recv_timeout(WAIT);
            if self.cancel.is_set() {
                return;
            }
            if self.finish.is_set() {
                self.runs.iter().for_each(|leaf| leaf.run.finish());
            }
            let newest: Vec<Arc<Snapshot>> = self.runs.iter().filter_map(|leaf| leaf.run.latest()).collect();
            if newest.len() < self.runs.len() {
                continue;
            }
            let last = newest.iter().all(|s| s.last);
            // What is read of one table is of one moment.
            if !last && !self.agree(&newest) {
                continue;
            }
            let versions: Vec<u64> = newest.iter().map(|s| s.version).collect();
            // What asking takes is not accounted: where memory is scarce, the question waits until all files are read.
            let scarce = self.options.memory.as_ref().is_some_and(|memory| memory.held() > memory.allowed() / SCARCE);
            let too_early = scarce && newest.iter().any(|s| s.history_share() < 1.0);
            let pause = if self.hidden.load(Ordering::Relaxed) { HIDDEN } else { Duration::ZERO };
            if !last && (Instant::now() < due + pause || too_early || asked_of.as_ref() == Some(&versions)) {
                continue;
            }
            let begun = Instant::now();
            let rows: Vec<_> = newest.iter().map(|s| s.answer.clone()).collect();
            let of_rows: usize = rows.iter().map(DataFrame::height).sum();
            let answer = match self.ask(rows) {
                Some(answer) => answer,
                None if self.cancel.is_set() => return,
                None => {
                    self.give_up(snapshot);
                    return;
                }
            };
            let cost = begun.elapsed();
            due = Instant::now() + (cost * ANSWER_SHARE).max(self.options.pace);
            asked_of = Some(versions);
            snapshot = self.next_snapshot(snapshot, &newest, last, answer, (cost, of_rows));
            let last = snapshot.last;
            self.shelf.put(snapshot.clone());
            self.wake.ring();
            if last {
                return;
            }
        }
    }
}

/// What several runs say, as one. Time and seam are those of the first table.
fn together(newest: &[Arc<Snapshot>]) -> Snapshot {
    let mut all = newest.first().map(|s| Snapshot::clone(s)).unwrap_or_default();
    for other in newest.iter().skip(1) {
        all.rows.add(&other.rows);
        all.rejects.add(other.rejects.clone());
        all.moment = all.moment.min(other.moment);
        all.history_done += other.history_done;
        all.history_total += other.history_total;
        all.live_rate += other.live_rate;
        all.live_open += other.live_open;
        all.gaps.extend(other.gaps.iter().cloned());
        all.notes.extend(other.notes.iter().cloned());
        all.troubles.extend(other.troubles.iter().cloned());
        all.seam.warnings.extend(other.seam.warnings.iter().cloned());
        let (a, b) = (&all.stats, &other.stats);
        all.stats = Stats {
            bytes_in: a.bytes_in + b.bytes_in,
            chunks: a.chunks + b.chunks,
            merges: a.merges + b.merges,
            bytes_between_threads: a.bytes_between_threads + b.bytes_between_threads,
            ..a.clone()
        };
    }
    all
}
