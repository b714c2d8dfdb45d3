//! Starts a question that is kept up to date row by row: what its threads share, and then the threads. Reading is
//! `intake`'s, absorbing `work`'s, merging and publishing `merge`'s.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Run;
use crate::data::format::RowWriter;
use crate::data::{Fault, Result};
use crate::engine::checkpoint::{self, Stored};
use crate::engine::dataset::Dataset;
use crate::engine::intake::{self, HistoryQueue};
use crate::engine::merge::{Delta, Merger};
use crate::engine::piece::LiveChunk;
use crate::engine::row_output::{self, RowBatch};
use crate::engine::shared::Shared;
use crate::engine::worker::{self, Outputs};
use crate::engine::{Options, Snapshot, Table, audit};
use crate::query::{Partial, Plan};
use crate::sync::{Latest, StopOnDrop, Wake, Worker};

/// Live chunks that may wait for a worker.
const LIVE_QUEUE: usize = 16;

/// # Errors
/// When the seam cannot be what the table says, or there are no threads.
pub(super) fn start(plan: Arc<Plan>, table: Arc<Table>, options: Options, wake: Wake) -> Result<Run> {
    let dataset = plan.join.as_ref().map(|join| Dataset::new(join, &options.datasets)).transpose()?;
    let writer = options.rows_to.as_ref().filter(|_| plan.streams()).map(|to| to.open(&plan.output)).transpose()?;
    let stored = open_stored(&plan, &table, &options, writer.is_some())?;
    let checkpoints = stored.as_ref().map(|stored| stored.folder.clone());
    let (writing, rows_written) = bounded::<()>(0);
    let shared = share(plan, table, options, dataset, stored, writer.as_ref().map(|_| rows_written))?;

    let newest = Latest::default();
    let history = Arc::new(HistoryQueue::new(&shared));
    let waiting = if shared.budget.is_set() { 1 } else { shared.options.workers() * 2 };
    let (live_in, live_out) = bounded::<LiveChunk>(LIVE_QUEUE);
    let (delta_in, delta_out) = bounded::<Delta>(waiting);
    // The merger first, so that deltas are taken from the start; feeds last, so that their rows are.
    start_merger(&shared, &history, checkpoints, delta_out, (&newest, wake))?;
    let rows_in = writer.map(|writer| start_writer(&shared, writer, writing, waiting)).transpose()?;
    start_workers(&shared, &history, &live_out, &Outputs { deltas: delta_in, rows: rows_in })?;
    start_dataset_watcher(&shared)?;
    start_feeds(&shared, &live_in)?;
    let (finish, readmit) = (shared.finish.clone(), shared.readmit.clone());
    Ok(Run { newest, finish, readmit, _stop: StopOnDrop(shared.cancel.clone()) })
}

/// What the workspace keeps of this question. Rows that go to a file leave nothing to go on from.
fn open_stored(plan: &Plan, table: &Table, options: &Options, to_file: bool) -> Result<Option<Stored>> {
    let workspace = options.workspace.as_ref().filter(|_| !to_file);
    workspace.map(|workspace| checkpoint::open(workspace, plan, table)).transpose()
}

fn share(
    plan: Arc<Plan>,
    table: Arc<Table>,
    options: Options,
    dataset: Option<Dataset>,
    stored: Option<Stored>,
    rows_written: Option<Receiver<()>>,
) -> Result<Arc<Shared>> {
    let shared = Shared::new(plan, table, options, dataset, stored, rows_written)?;
    let reordered = reread_order(&shared);
    shared.diagnostics().notes.extend(reordered);
    Ok(Arc::new(shared))
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

fn start_merger(
    shared: &Arc<Shared>,
    history: &Arc<HistoryQueue>,
    checkpoints: Option<PathBuf>,
    deltas: Receiver<Delta>,
    (newest, wake): (&Latest<Snapshot>, Wake),
) -> Result<()> {
    let audited = shared.options.audit.filter(|_| shared.plan.rows.is_none());
    let auditor = audited.map(|_| start_auditor(shared)).transpose()?;
    let partial = Partial::new(shared.plan.clone())?;
    let merger = Merger::new(shared.clone(), history.clone(), partial, checkpoints, auditor)?;
    let newest = newest.clone();
    start_thread(shared, "merge", move || merger.merge(&deltas, &newest, &wake))
}

fn start_auditor(shared: &Arc<Shared>) -> Result<Sender<audit::AuditInput>> {
    let (inputs, waiting) = audit::channel();
    let own = shared.clone();
    start_thread(shared, "audit", move || audit::audit(&own, &waiting))?;
    Ok(inputs)
}

/// Where workers send rows that go to a file; `writing` is dropped when all of them are there.
fn start_writer(
    shared: &Arc<Shared>,
    writer: RowWriter,
    writing: Sender<()>,
    waiting: usize,
) -> Result<Sender<RowBatch>> {
    let (rows_in, rows_out) = bounded::<RowBatch>(waiting);
    let own = shared.clone();
    start_thread(shared, "write", move || {
        row_output::write_rows(&own, writer, &rows_out);
        drop(writing);
    })?;
    Ok(rows_in)
}

fn start_workers(
    shared: &Arc<Shared>,
    history: &Arc<HistoryQueue>,
    live: &Receiver<LiveChunk>,
    out: &Outputs,
) -> Result<()> {
    for _ in 0..shared.options.workers() {
        let (own, history, live, out) = (shared.clone(), history.clone(), live.clone(), out.clone());
        start_thread(shared, "worker", move || {
            if let Err(fault) = worker::run(&own, &history, &live, &out) {
                own.fail(fault);
            }
        })?;
    }
    Ok(())
}

/// Only while feeds run can a dataset change under a question.
fn start_dataset_watcher(shared: &Arc<Shared>) -> Result<()> {
    if shared.dataset.is_none() || shared.table.live.is_empty() {
        return Ok(());
    }
    let own = shared.clone();
    start_thread(shared, "dataset", move || own.watch_dataset())
}

fn start_feeds(shared: &Arc<Shared>, out: &Sender<LiveChunk>) -> Result<()> {
    for (number, feed) in shared.table.live.iter().enumerate() {
        let first = shared.watermark.add(Instant::now());
        let (own, feed, out) = (shared.clone(), feed.clone(), out.clone());
        start_thread(shared, "feed", move || {
            intake::follow(&own, number, &feed, first, &out);
            let mut diagnostics = own.diagnostics();
            diagnostics.live_open = diagnostics.live_open.saturating_sub(1);
        })?;
    }
    Ok(())
}

fn start_thread(shared: &Arc<Shared>, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let shared = shared.clone();
    let on_panic = move |said: String| {
        shared
            .fail(Fault::new(format!("internal error: {said}")).hint("please report it with the question and the data"))
    };
    Worker::spawn(name, work, on_panic).map(drop).map_err(|e| Fault::io("starting a thread", &e))
}
