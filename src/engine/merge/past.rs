//! Questions that join a scan under way: the scan reads for them from some place on, and what lies before is read
//! beside it, up to exactly there. What both find goes into one partial.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Answering, Join, Merger};
use crate::data::{Positions, Result};
use crate::engine::checkpoint::{self, FeedAt};
use crate::engine::continuous::ContinuousQuery;
use crate::engine::intake::HistoryQueue;
use crate::engine::options::Options;
use crate::engine::piece::HistoryDone;
use crate::engine::query_set::QuerySet;
use crate::engine::reached::{PartitionPosition, Reached};
use crate::engine::scan::{Scan, ScanStart, ScanStop, StopAt};
use crate::engine::threads;
use crate::engine::worker::Outputs;
use crate::sync::StopOnDrop;

/// Questions for which it is not known yet where each feed reads for them.
pub(super) struct Joining {
    queries: Vec<Arc<ContinuousQuery>>,
    generation: u64,
    history: HistoryDone,
}

/// A reading of the past for some questions.
pub(super) struct PastScan {
    pub(super) id: u64,
    scan: Arc<Scan>,
    queries: Vec<u64>,
    /// Up to where the feeds are read.
    up_to: Reached,
    /// Workers that have not said their last word.
    workers: usize,
    _stop: StopOnDrop,
}

impl PastScan {
    pub(super) fn heard(&mut self, gone: bool) {
        self.workers -= usize::from(gone);
    }
}

static COUNT: AtomicU64 = AtomicU64::new(1);

impl Merger {
    /// Takes in questions that join.
    pub(super) fn join(&mut self, join: Join) {
        match join {
            Join::Questions(answers) => {
                answers.iter().for_each(|answer| self.hears(answer));
                self.answers.extend(answers);
            }
            Join::At { queries, generation, history } => self.joining.push(Joining { queries, generation, history }),
        }
    }

    /// Begins to read what came before a question joined as soon as it is known where that ends, and notes when all of
    /// it is read.
    pub(super) fn read_pasts(&mut self) {
        let mut ready = Vec::new();
        self.joining.retain_mut(|joining| match self.scan.joined(joining.generation) {
            Some(places) => {
                ready.push((std::mem::take(&mut joining.queries), joining.history, places));
                false
            }
            None => true,
        });
        for (queries, history, places) in ready {
            self.begin(queries, history, &places);
        }
        // What nobody asks any more need not be read to its end.
        let asked: BTreeSet<u64> = self.answers.iter().map(|answer| answer.query().id).collect();
        let is_asked = |past: &PastScan| past.queries.iter().any(|query| asked.contains(query));
        self.pasts.retain(|past| past.workers == 0 || is_asked(past));
        let (done, reading) = std::mem::take(&mut self.pasts).into_iter().partition(|past| past.workers == 0);
        self.pasts = reading;
        let done: Vec<PastScan> = done;
        for past in done {
            for answer in self.answers.iter_mut().filter(|answer| past.queries.contains(&answer.query().id)) {
                let said = past.scan.diagnostics();
                let mut own = answer.query().diagnostics();
                said.notes.iter().for_each(|note| own.note(note.clone()));
                said.fault.iter().for_each(|fault| own.fault(fault.clone()));
                drop(own);
                answer.catch_up_done(&past.up_to);
            }
        }
    }

    fn begin(&mut self, queries: Vec<Arc<ContinuousQuery>>, history: HistoryDone, places: &[PartitionPosition]) {
        let reached = Reached { partitions: places.to_vec(), ..Reached::default() };
        let stop_of = |feed: usize| StopAt { next: reached.of(feed), mark: self.mark_at(feed, &reached) };
        let stop = ScanStop { history, feeds: (0..self.scan.table.live.len()).map(stop_of).collect() };
        for answer in self.answers.iter_mut().filter(|answer| answer.query().pending.is_some()) {
            if queries.iter().any(|query| query.id == answer.query().id)
                && let Err(fault) = go_on(answer, &self.scan, history, &reached)
            {
                answer.query().fail(fault);
            }
        }
        let mut rest = queries;
        // Those that begin at one place are read for together.
        while let Some(first) = rest.first() {
            let start = self.start_of(first, &reached);
            let (own, others) =
                rest.into_iter().partition::<Vec<_>, _>(|query| self.start_of(query, &reached).is_same(&start));
            rest = others;
            if start.history == stop.history && nothing_between(&start, &stop, &reached) {
                self.all_read(&own, &reached);
            } else if let Err(fault) = self.read(own.clone(), start, stop.clone(), reached.clone()) {
                own.iter().for_each(|query| query.fail(fault.clone()));
            }
        }
    }

    fn all_read(&mut self, queries: &[Arc<ContinuousQuery>], up_to: &Reached) {
        let own = |answer: &&mut Answering| queries.iter().any(|query| query.id == answer.query().id);
        self.answers.iter_mut().filter(own).for_each(|answer| answer.catch_up_done(up_to));
    }

    /// Where the past of a question begins: at its checkpoint, or where the scan began to read.
    fn start_of(&self, query: &ContinuousQuery, reached: &Reached) -> ScanStart {
        if let Some(before) = query.before.get() {
            return ScanStart::of(before);
        }
        let feed = |feed: usize| {
            let feeds = self.scan.feeds();
            let known = feeds.log(feed).map(|log| (log.ends.clone(), log.first_mark()));
            let before = || self.scan.start.feeds.get(feed).map(|at| (Positions::new(), at.begun()));
            let (ends, mark) = known.or_else(before).unwrap_or_default();
            FeedAt { next: reached.beginning(feed), ends, mark, ..FeedAt::default() }
        };
        ScanStart { feeds: (0..self.scan.table.live.len()).map(feed).collect(), ..ScanStart::default() }
    }

    /// What the log of a feed begins with that it was read in as far as here.
    fn mark_at(&self, feed: usize, reached: &Reached) -> Vec<u8> {
        let begun = self.scan.feeds().log(feed).map(|log| log.mark(reached.epoch(feed)));
        begun.or_else(|| Some(self.scan.start.feeds.get(feed)?.mark.clone())).unwrap_or_default()
    }

    fn read(
        &mut self,
        queries: Vec<Arc<ContinuousQuery>>,
        start: ScanStart,
        stop: ScanStop,
        up_to: Reached,
    ) -> Result<()> {
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        let table = self.scan.table.clone();
        let options = Options { catch_up: None, past: None, pieces: None, ..self.scan.options.clone() };
        let ids = queries.iter().map(|query| query.id).collect();
        let set = QuerySet::new(&table, queries);
        let workers = options.workers();
        let scan = Arc::new(Scan::new(table, options, set, start, Some(stop)));
        let (done, until) = (scan.start.history, scan.stop.as_ref().map(|stop| stop.history));
        let history = Arc::new(HistoryQueue::new(&scan.table, scan.set(), done, until, None));
        let outputs = Outputs { scan: id, merger: self.inputs.to_self.clone(), rows: Vec::new() };
        let stop = StopOnDrop(scan.cancel.clone());
        threads::start_intake(&scan, &history, outputs)?;
        self.pasts.push(PastScan { id, scan, queries: ids, up_to, workers, _stop: stop });
        Ok(())
    }
}

/// Reads the checkpoint of a question that joins where the scan has come as far as here; one that is beyond that is
/// not used, as what it knows would come once more.
fn go_on(answer: &mut Answering, scan: &Scan, history: HistoryDone, reached: &Reached) -> Result<()> {
    let query = answer.query().clone();
    let Some(folder) = &query.checkpoints else { return Ok(()) };
    let (resumed, notes) = checkpoint::load(folder, &scan.table, &query.words);
    notes.into_iter().for_each(|note| query.note(note));
    let resumed = resumed.filter(|resumed| {
        let so_far = (resumed.meta.history.files, resumed.meta.history.pieces);
        let fits = so_far <= (history.files, history.pieces) && reached.covers(&resumed.meta.reached);
        if !fits {
            query.note(checkpoint::anew(&scan.table, "it has come further than the other questions"));
        }
        fits
    });
    if let Some(resumed) = &resumed {
        // It is read once.
        let _ = query.before.set(resumed.meta.clone());
    }
    answer.go_on_from(resumed.as_ref())
}

/// Whether no row of a feed lies between two places.
fn nothing_between(start: &ScanStart, stop: &ScanStop, reached: &Reached) -> bool {
    // A log that began anew since is to be read from its beginning.
    let same =
        |at: &PartitionPosition, before: &PartitionPosition| (at.feed, at.partition) == (before.feed, before.partition);
    let anew = |at: &PartitionPosition| {
        start.reached.partitions.iter().any(|before| same(at, before) && before.epoch < at.epoch && at.next > 0)
    };
    if reached.partitions.iter().any(anew) {
        return false;
    }
    let next = |feed: usize| start.feeds.get(feed).map(|feed| &feed.next);
    let none = |(feed, until): (usize, &StopAt)| {
        until
            .next
            .iter()
            .all(|(partition, until)| next(feed).and_then(|next| next.get(partition)).is_some_and(|n| n >= until))
    };
    stop.feeds.iter().enumerate().all(none)
}
