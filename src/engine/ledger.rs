//! The seam ledger of a question: what was counted, told a line a partition, so that its arithmetic can be read.

use super::continuous::ContinuousQuery;
use super::diagnostics::FeedLog;
use super::overlap;
use super::scan::Scan;
use super::seam::{FaceTimes, Gap, Seam, SeamLedger, SeamLine};
use super::table::Table;
use crate::data::Fault;
use crate::query::window::Micros;

/// The ledger as of now; `counted` has the rows. `complete`: history is read to its end.
pub fn ledger(
    scan: &Scan,
    query: &ContinuousQuery,
    counted: &SeamLedger,
    times: &FaceTimes,
    complete: bool,
) -> SeamLedger {
    let table = &scan.table;
    let (history_until, live_from) = (times.history.map(|t| t.1), times.live.map(|t| t.0));
    let feeds = scan.feeds();
    let both = !table.live.is_empty() && (!table.history.is_empty() || feeds.logs.iter().any(is_own_history));
    let at = match (&table.seam, live_from) {
        (Seam::Time(at), Some(_)) => Some(*at),
        (_, live) => live.map(|first| history_until.unwrap_or(first)),
    };
    let meeting =
        Meeting { seam: &table.seam, history_until, live_from, end_of_files: end_of_files(scan, query), query };
    let mut partitions = Vec::new();
    for log in feeds.logs.iter().filter(|log| both || log.numbered.is_some()) {
        partitions.extend(known_partitions(table, log).into_iter().map(|number| meeting.line(log, number)));
    }
    let of_one_log = table.history.is_empty() && feeds.logs.iter().any(is_own_history);
    let kind = if of_one_log { Seam::Position.word() } else { table.seam.word() };
    let mut warnings = match &query.rule.seam_filter.doubled {
        Some(doubled) => vec![doubled.clone()],
        None => overlap::warnings(times, table, complete),
    };
    warnings.extend(feeds.logs.iter().filter_map(counted_once));
    SeamLedger {
        kind,
        at: at.filter(|_| both),
        live_from: live_from.filter(|_| both),
        partitions,
        warnings,
        ..counted.clone()
    }
}

/// Where the faces meet, as far as it is known.
struct Meeting<'a> {
    query: &'a ContinuousQuery,
    seam: &'a Seam,
    /// The last event time of history and the first of live.
    history_until: Option<Micros>,
    live_from: Option<Micros>,
    /// Bytes of all files of the history.
    end_of_files: u64,
}

impl Meeting<'_> {
    /// What happened at the seam in one partition of a feed.
    fn line(&self, log: &FeedLog, partition: u32) -> SeamLine {
        let seam = self.seam;
        let first = log.first_live.iter().find(|(p, _)| *p == partition).map(|(_, first)| *first);
        let (last_history, first_live, gap) = match (log.ends.get(&partition), seam) {
            // Positions of one log: history has those before its end, live those from there on.
            (Some(end), _) => (
                end.checked_sub(1).map(|p| p as i64),
                first.map(|f| f as i64),
                Gap::Known(first.map_or(0, |f| f.saturating_sub(*end))),
            ),
            (None, Seam::Position) => (
                Some(self.end_of_files as i64),
                first.map(|f| f as i64),
                Gap::Known(first.map_or(0, |f| f.abs_diff(self.end_of_files))),
            ),
            (None, Seam::Time(_)) => {
                let gap = if self.query.rule.seam_filter.whole { Gap::Known(0) } else { Gap::CannotBeKnown };
                (self.history_until, self.live_from, gap)
            }
            _ => (None, first.map(|f| f as i64), Gap::CannotBeKnown),
        };
        // Within a feed whose messages are numbered it is known what is missing.
        let gap = match (log.numbered, gap) {
            (Some(numbered), Gap::CannotBeKnown) => Gap::Known(numbered.missing),
            (_, gap) => gap,
        };
        let is_time = !log.ends.contains_key(&partition) && matches!(seam, Seam::Time(_));
        SeamLine { source: log.source.to_string(), partition, is_time, last_history, first_live, gap }
    }
}

/// A log that had rows before the run began is its own history.
fn is_own_history(log: &FeedLog) -> bool {
    log.ends.values().any(|end| *end > 0)
}

/// Bytes of all files of the history, as they were when they were read.
fn end_of_files(scan: &Scan, query: &ContinuousQuery) -> u64 {
    match query.before.get() {
        Some(before) => before.files.iter().map(|f| f.bytes).sum(),
        None => scan.table.history.iter().map(|h| h.extent().bytes).sum(),
    }
}

/// The partitions of a feed that its log or its live rows know of.
fn known_partitions(table: &Table, log: &FeedLog) -> Vec<u32> {
    let mut numbers: Vec<u32> = log.ends.keys().copied().chain(log.first_live.iter().map(|(p, _)| *p)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    // What a file that was left behind still gave is of no position in the one at the path.
    if table.live.get(log.feed).is_some_and(|feed| feed.url.follows_file()) {
        numbers.retain(|partition| *partition == 0);
    }
    numbers
}

/// What to say of a feed whose messages are numbered, and that repeated or left out some.
fn counted_once(log: &FeedLog) -> Option<Fault> {
    let numbered = log.numbered.filter(|numbered| numbered.repeated + numbered.missing > 0)?;
    Some(Fault::new(format!(
        "{}: {} rows came again by their number and are counted once; {} numbers are missing",
        log.source, numbered.repeated, numbered.missing
    )))
}
