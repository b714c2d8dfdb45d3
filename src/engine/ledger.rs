//! The seam ledger of a run: what was counted, told a line a partition, so that its arithmetic can be read.

use super::overlap;
use super::seam::{Gap, Seam, SeamLedger, SeamLine, Times};
use super::shared::{Log, Shared};
use crate::data::Fault;

/// The ledger as of now; `counted` has the rows. `complete`: history is read to its end.
pub fn ledger(shared: &Shared, counted: &SeamLedger, times: &Times, complete: bool) -> SeamLedger {
    let table = &shared.table;
    let (history_until, live_from) = (times.history.map(|t| t.1), times.live.map(|t| t.0));
    let news = shared.news();
    // A log that had rows before the run began is its own history.
    let own_history = |log: &Log| log.ends.values().any(|end| *end > 0);
    let both = !table.live.is_empty() && (!table.history.is_empty() || news.logs.iter().any(own_history));
    let at = match (&table.seam, live_from) {
        (Seam::Time(at), Some(_)) => Some(*at),
        (_, live) => live.map(|first| history_until.unwrap_or(first)),
    };
    let end_of_files: u64 = match &shared.resumed {
        Some(resumed) => resumed.meta.files.iter().map(|f| f.bytes).sum(),
        None => table.history.iter().map(|h| h.extent().bytes).sum(),
    };
    let mut partitions = Vec::new();
    for log in news.logs.iter().filter(|log| both || log.numbered.is_some()) {
        let mut numbers: Vec<u32> = log.ends.keys().copied().chain(log.first_live.iter().map(|(p, _)| *p)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        // What a file that was left behind still gave is of no position in the one at the path.
        if table.live.get(log.feed).is_some_and(|feed| feed.url.follows_file()) {
            numbers.retain(|partition| *partition == 0);
        }
        for partition in numbers {
            let first = log.first_live.iter().find(|(p, _)| *p == partition).map(|(_, first)| *first);
            let (last_history, first_live, gap) = match (log.ends.get(&partition), &table.seam) {
                // Positions of one log: history has those before its end, live those from there on.
                (Some(end), _) => (
                    end.checked_sub(1).map(|p| p as i64),
                    first.map(|f| f as i64),
                    Gap::Known(first.map_or(0, |f| f.saturating_sub(*end))),
                ),
                (None, Seam::Position) => (
                    Some(end_of_files as i64),
                    first.map(|f| f as i64),
                    Gap::Known(first.map_or(0, |f| f.abs_diff(end_of_files))),
                ),
                (None, Seam::Time(_)) => {
                    (history_until, live_from, if shared.divider.whole { Gap::Known(0) } else { Gap::CannotBeKnown })
                }
                _ => (None, first.map(|f| f as i64), Gap::CannotBeKnown),
            };
            // Within a feed whose messages are numbered it is known what is missing.
            let gap = match (log.numbered, gap) {
                (Some(numbered), Gap::CannotBeKnown) => Gap::Known(numbered.missing),
                (_, gap) => gap,
            };
            let is_time = !log.ends.contains_key(&partition) && matches!(table.seam, Seam::Time(_));
            partitions.push(SeamLine {
                source: log.source.to_string(),
                partition,
                is_time,
                last_history,
                first_live,
                gap,
            });
        }
    }
    let of_one_log = table.history.is_empty() && news.logs.iter().any(own_history);
    let kind = if of_one_log { Seam::Position.word() } else { table.seam.word() };
    let mut warnings = match &shared.divider.doubled {
        Some(doubled) => vec![doubled.clone()],
        None => overlap::warnings(times, table, complete),
    };
    let again = |log: &Log| {
        let numbered = log.numbered.filter(|numbered| numbered.repeated + numbered.missing > 0)?;
        Some(Fault::new(format!(
            "{}: {} rows came again by their number and are counted once; {} numbers are missing",
            log.source, numbered.repeated, numbered.missing
        )))
    };
    warnings.extend(news.logs.iter().filter_map(again));
    SeamLedger {
        kind,
        at: at.filter(|_| both),
        live_from: live_from.filter(|_| both),
        partitions,
        warnings,
        ..counted.clone()
    }
}
