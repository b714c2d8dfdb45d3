//! A run of a question that is not kept up to date row by row: its tables' rows are collected by runs of their own, and
//! the question is asked of them again and again, at a pace that its own cost sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use polars::prelude::DataFrame;

use super::{Run, table_scan};
use crate::data::time::is_plain;
use crate::data::{Fault, Result, Setting};
use crate::engine::merge::HIDDEN;
use crate::engine::moment::Unread;
use crate::engine::snapshot::Stats;
use crate::engine::{Options, Snapshot, Table};
use crate::query::rerun::Rerun;
use crate::query::set_answer;
use crate::query::{InputTable, Plan, Query};
use crate::sync::{Cancel, Latest, Request, StopOnDrop, Wake, Worker};

/// Asking again must not cost more than a quarter of the time.
const ANSWER_SHARE: u32 = 3;
/// Memory is scarce once more than this part of it is held.
const SCARCE: u64 = 4;
/// How long an answer may still take when the run is to end: polars does not stop in the middle of one.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a thread waits for news before it looks whether it should stop.
const WAIT: Duration = Duration::from_millis(50);

struct Rerunner {
    plan: Arc<Plan>,
    runs: Vec<Run>,
    options: Options,
    shelf: Latest<Snapshot>,
    wake: Wake,
    cancel: Cancel,
    finish: Cancel,
    /// Nobody looks at the answer.
    hidden: Arc<AtomicBool>,
    started: Instant,
}

/// Starts one run a table, and the thread that asks.
///
/// # Errors
/// When a table is missing, or a run cannot start.
pub(super) fn start(plan: Arc<Plan>, rerun: &Rerun, table: &Arc<Table>, options: Options, wake: Wake) -> Result<Run> {
    let (bell, rung) = Wake::channel();
    let tables: Vec<&Arc<Table>> = std::iter::once(table).chain(&options.datasets).collect();
    let mut runs = Vec::new();
    for (i, needed) in rerun.tables.iter().enumerate() {
        let Some(table) = tables.get(i) else {
            return Err(Fault::new(format!("the table '{}' is not open", needed.table)).hint(Setting::Table));
        };
        let sql = needed.sql();
        let input = InputTable { name: &needed.table, schema: &table.schema, time: None, commas: &[] };
        let mut collect = Plan::with_models(&Query::parse(&sql)?, &sql, &[input], &rerun.models)?;
        if let Some(rows) = &mut collect.rows {
            rows.whole = true;
        }
        let own = Options { datasets: Vec::new(), rows_to: None, audit: None, ..options.clone() };
        runs.push(table_scan::alone(Arc::new(collect), (*table).clone(), own, bell.clone())?);
    }
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
    /// thread goes on until polars is done, or the process ends.
    fn ask(&self, rows: Vec<DataFrame>) -> Option<Result<DataFrame>> {
        let (tell, told) = bounded(1);
        let on_panic = tell.clone();
        let plan = self.plan.clone();
        let work = move || {
            if let Some(rerun) = &plan.rerun {
                // polars' own SQL ends on times beyond its calendar.
                let beyond = rows.iter().flat_map(|frame| frame.columns()).find(|column| !is_plain(column));
                let answer = match (&plan.sets, beyond) {
                    (Some(sets), _) => set_answer::answer(sets, &rows),
                    (None, None) => rerun.answer(&rows),
                    (None, Some(column)) => Err(beyond_calendar(column.name())),
                };
                // The receiver is gone when the run has ended.
                let _ = tell.send(answer);
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
                self.runs.iter().for_each(Run::finish);
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
        answer: Result<DataFrame>,
        took: (Duration, usize),
    ) -> Snapshot {
        let failed = newest.iter().find_map(|s| s.fault.clone());
        let mut snapshot = Snapshot {
            answer: before.answer,
            version: before.version + 1,
            last,
            elapsed: self.started.elapsed(),
            ..together(newest)
        };
        snapshot.stats.first_answer_ms.get_or_insert(snapshot.elapsed.as_secs_f64() * 1e3);
        snapshot.notes.push(format!(
            "re-run (not incremental): the question is asked anew of all rows stored, which took {:.0} ms for {} rows",
            took.0.as_secs_f64() * 1e3,
            took.1,
        ));
        match answer {
            Ok(answer) => {
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

    fn work(&self, rung: &Receiver<()>) {
        let mut snapshot = Snapshot::default();
        let (mut due, mut asked_of) = (Instant::now(), None);
        loop {
            let _ = rung.recv_timeout(WAIT);
            if self.cancel.is_set() {
                return;
            }
            if self.finish.is_set() {
                self.runs.iter().for_each(Run::finish);
            }
            let newest: Vec<Arc<Snapshot>> = self.runs.iter().filter_map(Run::latest).collect();
            if newest.len() < self.runs.len() {
                continue;
            }
            let last = newest.iter().all(|s| s.last);
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

fn beyond_calendar(column: &str) -> Fault {
    let what = format!(
        "the column '{column}' holds times beyond the calendar, such as infinity, and a question that is asked anew \
         cannot reckon with them"
    );
    Fault::new(what).hint("ask without sub-queries, or of a table without such rows")
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
