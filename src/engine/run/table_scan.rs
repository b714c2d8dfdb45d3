//! A table that is being read for any number of questions: one connection a feed and one pass over the files, whoever
//! asks and whenever. Reading is `intake`'s, absorbing `worker`'s, merging and publishing `merge`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Run;
use crate::data::format::RowWriter;
use crate::data::{Fault, Result};
use crate::engine::budget::waiting;
use crate::engine::checkpoint;
use crate::engine::continuous::ContinuousQuery;
use crate::engine::handover::Handover;
use crate::engine::intake::HistoryQueue;
use crate::engine::merge::{Answering, Inputs, Join, Merger};
use crate::engine::query_set::QuerySet;
use crate::engine::row_output::{self, RowBatch};
use crate::engine::row_rule::RowRule;
use crate::engine::scan::{Scan, ScanStart};
use crate::engine::snapshot::Snapshot;
use crate::engine::worker::Outputs;
use crate::engine::{Options, Seam, Table, audit, threads};
use crate::query::Plan;
use crate::sync::{StopOnDrop, Wake};

/// Changes of what is asked that may wait for the merger: a window must not wait for it.
const JOINS: usize = 1_024;

/// A question to be asked of a scan.
#[derive(Clone)]
pub struct Asking {
    /// Kept up to date row by row: one that is asked again and again runs by itself.
    pub plan: Arc<Plan>,
    /// What of it is the question's own: memory, workspace, datasets, audit, where rows go. The rest is the scan's.
    pub options: Options,
    /// Is rung for each snapshot.
    pub wake: Wake,
}

/// A table that is being read. It is let go when this and all its runs are dropped.
#[derive(Clone, Debug)]
pub struct TableScan(Arc<Reading>);

#[derive(Debug)]
struct Reading {
    scan: Arc<Scan>,
    history: Arc<HistoryQueue>,
    joins: Sender<Join>,
    /// Whether a thread looks after the datasets that rows are joined with.
    watching: AtomicBool,
    _stop: StopOnDrop,
}

impl Reading {
    fn watch_datasets(&self, queries: &[Arc<ContinuousQuery>]) -> Result<()> {
        let joins = queries.iter().any(|query| query.dataset.is_some());
        if joins && !self.scan.table.live.is_empty() && !self.watching.swap(true, Ordering::AcqRel) {
            threads::start_dataset_watcher(&self.scan)?;
        }
        Ok(())
    }
}

/// What a question brings beside itself when the scan starts: its rows go to a file.
type Writing = (u64, Sender<RowBatch>);

/// Starts a question that is asked alone.
///
/// # Errors
/// As `TableScan::start`.
pub(super) fn alone(plan: Arc<Plan>, table: Arc<Table>, options: Options, wake: Wake) -> Result<Run> {
    let asking = Asking { plan, options: options.clone(), wake };
    let (_, mut runs) = TableScan::start(table, options, vec![asking])?;
    runs.pop().ok_or_else(|| Fault::new("internal error: a question without a run"))
}

impl TableScan {
    /// Starts to read a table for some questions; gives their runs in the same order. Of the options, those are meant
    /// that say how the table is read: threads, pace, and how much.
    ///
    /// # Errors
    /// When the seam cannot be what the table says, a dataset is not there, a file cannot be written, another process
    /// answers one of the questions in this workspace, or there are no threads.
    pub fn start(table: Arc<Table>, options: Options, asked: Vec<Asking>) -> Result<(Self, Vec<Run>)> {
        let (mut rules, mut queries, mut writers) = (Vec::new(), Vec::new(), Vec::new());
        for asking in asked {
            let (query, writer) = query(asking, &table, &mut rules)?;
            writers.extend(writer.map(|(writer, writing)| (query.clone(), writer, writing)));
            queries.push(query);
        }
        let known = options.asker.iter().flat_map(|asker| asker.all_known(&table));
        let start = common_start(known.map(|meta| ScanStart::of(&meta)).chain(queries.iter().map(|q| start_of(q))));
        let set = QuerySet::new(&table, queries.clone());
        let scan = Arc::new(Scan::new(table, options, set, start, None));
        scan.diagnostics().notes.extend(reread_order(&scan));
        let (set, done) = (scan.set(), scan.start.history);
        let history = Arc::new(HistoryQueue::new(&scan.table, set.clone(), done, None, scan.options.pieces));
        let stop = StopOnDrop(scan.cancel.clone());

        let waiting = waiting(&scan.options);
        let (handovers_in, handovers) = bounded::<Handover>(waiting);
        let (joins, joining) = bounded::<Join>(JOINS);
        let auditor = scan.options.audit.map(|_| audit::of_process()).transpose()?;
        let inputs = Inputs { handovers, joins: joining, to_self: handovers_in.clone(), auditor };
        // What goes on from another place than the scan reads up to there beside it.
        let is_behind = |query: &ContinuousQuery| query.pending.is_some() || !start_of(query).is_same(&scan.start);
        let (mut answers, mut behind) = (Vec::new(), Vec::new());
        for query in &queries {
            let late = is_behind(query);
            if late && query.rows_written.is_some() {
                return Err(Fault::new("a question whose rows are written as they come cannot go on with others")
                    .at(&scan.table.name)
                    .hint("ask it alone"));
            }
            let answer = Answering::new(&scan, &history, query.clone(), late)?;
            if late { behind.push(answer) } else { answers.push(answer) }
        }
        if !behind.is_empty() {
            let queries = behind.iter().map(|answer| answer.query().clone()).collect();
            // There is room for them.
            let _ = joins.try_send(Join::Questions(behind));
            scan.first_join();
            let _ = joins.try_send(Join::At { queries, generation: set.generation, history: done });
        }
        // The merger first, so that what is handed over is taken from the start.
        let merger = Merger::new(scan.clone(), inputs, answers);
        threads::start(&scan, "merge", move || merger.merge())?;
        let rows = writers.into_iter().map(|writer| start_writer(&scan, writer, waiting)).collect::<Result<_>>()?;
        threads::start_intake(&scan, &history, Outputs { scan: 0, merger: handovers_in, rows })?;
        let reading = Self(Arc::new(Reading { scan, history, joins, watching: AtomicBool::new(false), _stop: stop }));
        reading.0.watch_datasets(&queries)?;
        let runs = queries.into_iter().map(|query| reading.run(query)).collect();
        Ok((reading, runs))
    }

    /// Asks more of a table that is being read already. What came before is read beside it, up to where the scan reads
    /// for the new questions, too.
    ///
    /// # Errors
    /// As `start`; or when rows that came before cannot be had again.
    pub fn ask(&self, asked: Vec<Asking>) -> Result<Vec<Run>> {
        let Reading { scan, history, joins, .. } = &*self.0;
        if scan.options.past.is_some() || scan.options.pieces.is_some() {
            return Err(Fault::new("a part of the table is being read, and no other question can join")
                .at(&scan.table.name)
                .hint("ask it of the table by itself"));
        }
        if let Some(feed) = scan.table.live.iter().find(|feed| !feed.can_be_read_again()) {
            return Err(Fault::new("its rows were not recorded, and no other question can be asked of them")
                .at(feed.url.shown())
                .hint("ask all questions at once"));
        }
        let mut rules: Vec<Arc<RowRule>> = scan.set().queries.iter().map(|query| query.rule.clone()).collect();
        let mut queries = Vec::new();
        for asking in asked {
            let asking = Asking { options: Options { rows_to: None, ..asking.options }, ..asking };
            queries.push(query(asking, &scan.table, &mut rules)?.0);
        }
        let answers = queries
            .iter()
            .map(|query| Answering::new(scan, history, query.clone(), true))
            .collect::<Result<Vec<_>>>()?;
        let refused = |_| {
            Fault::new("too many questions are asked of this table at once").at(&scan.table.name).hint("try it again")
        };
        // Before any row is absorbed for them.
        joins.try_send(Join::Questions(answers)).map_err(refused)?;
        let set = scan.ask(|before| {
            let still = before.queries.iter().filter(|query| query.is_asked());
            before.with(&scan.table, still.chain(&queries).cloned().collect())
        });
        let done = history.read_for(&set);
        let (queries_too, generation) = (queries.clone(), set.generation);
        joins.try_send(Join::At { queries: queries_too, generation, history: done }).map_err(refused)?;
        self.0.watch_datasets(&queries)?;
        Ok(queries.into_iter().map(|query| self.run(query)).collect())
    }

    pub fn table(&self) -> &Arc<Table> {
        &self.0.scan.table
    }

    /// Ends all inputs; what is known is written down where it is kept.
    pub fn finish(&self) {
        self.0.scan.finish.set();
    }

    /// Whether every question that has read what came before it has said its last word.
    pub fn is_over(&self) -> bool {
        let going = |newest: Arc<Snapshot>| !newest.last && !newest.catching_up;
        let set = self.0.scan.set();
        !set.queries.iter().filter(|query| query.is_asked()).filter_map(|query| query.newest.get()).any(going)
    }

    /// The questions that are asked now.
    pub fn questions(&self) -> usize {
        self.0.scan.set().queries.iter().filter(|query| query.is_asked()).count()
    }

    fn run(&self, query: Arc<ContinuousQuery>) -> Run {
        Run {
            newest: query.newest.clone(),
            unread: query.unread.clone(),
            finish: self.0.scan.finish.clone(),
            readmit: query.readmit.clone(),
            hidden: query.hidden.clone(),
            _stop: StopOnDrop(query.left.clone()),
            _scan: Some(self.clone()),
        }
    }
}

/// A question as it is answered, and the file that its rows go to.
#[expect(clippy::type_complexity, reason = "a pair that is taken apart at once")]
fn query(
    asking: Asking,
    table: &Table,
    rules: &mut Vec<Arc<RowRule>>,
) -> Result<(Arc<ContinuousQuery>, Option<(RowWriter, Sender<()>)>)> {
    let Asking { plan, options, wake } = asking;
    let writer = options.rows_to.as_ref().filter(|_| plan.streams()).map(|to| to.open(&plan.output)).transpose()?;
    // Rows that go to a file leave nothing to go on from.
    let workspace = options.workspace.as_ref().filter(|_| writer.is_none());
    // What a seam by key has seen is to be known before any row comes, and not only when the checkpoint is read.
    let asker = options.asker.as_ref().filter(|_| writer.is_none() && !matches!(table.seam, Seam::Key(_)));
    let (datasets, mut unkept) = (&options.datasets, None);
    let stored = match (workspace, asker) {
        (Some(workspace), _) => Some(checkpoint::open(workspace, &plan, table, datasets)?),
        (None, Some(asker)) => match asker.open(&plan, table, datasets) {
            Ok(stored) => Some(stored),
            Err(fault) => {
                unkept = Some(format!("what is known of this answer is not kept: {fault}"));
                None
            }
        },
        (None, None) => None,
    };
    let (writing, rows_written) = bounded::<()>(0);
    let rows_written = writer.as_ref().map(|_| rows_written);
    let query = ContinuousQuery::new(plan, table, &options, rules, stored, rows_written, wake)?;
    unkept.into_iter().for_each(|note| query.note(note));
    Ok((Arc::new(query), writer.map(|writer| (writer, writing))))
}

fn start_of(query: &ContinuousQuery) -> ScanStart {
    query.before.get().or(query.pending.as_ref()).map(ScanStart::of).unwrap_or_default()
}

/// Where the scan begins: where the last of its questions goes on, input by input. The others read what lies before
/// beside it.
fn common_start(starts: impl Iterator<Item = ScanStart>) -> ScanStart {
    starts.reduce(ScanStart::later).unwrap_or_default()
}

/// What there is to say when rows are read once more and it is not known in which order those of different partitions
/// came.
fn reread_order(scan: &Scan) -> Option<String> {
    let reached = scan.options.catch_up.as_ref()?;
    let windows = scan.set().queries.iter().any(|query| query.plan.window().is_some());
    let unsure = reached.late > 0 && reached.partitions.len() > 1 && windows;
    unsure.then(|| {
        format!(
            "rows of {} partitions are read once more, in another order among each other than they came: of {} that \
             were late before, some may be on time now",
            reached.partitions.len(),
            reached.late
        )
    })
}

/// Where workers send rows that go to a file; `writing` is dropped when all of them are there.
fn start_writer(
    scan: &Arc<Scan>,
    (query, writer, writing): (Arc<ContinuousQuery>, RowWriter, Sender<()>),
    waiting: usize,
) -> Result<Writing> {
    let (rows_in, rows_out): (Sender<RowBatch>, Receiver<RowBatch>) = bounded(waiting);
    let (own, id) = (scan.clone(), query.id);
    threads::start(scan, "write", move || {
        row_output::write_rows(&own, &query, writer, &rows_out);
        drop(writing);
    })?;
    Ok((id, rows_in))
}
