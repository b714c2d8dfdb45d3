//! Whether the two faces of a table seem to hold the same rows, or to leave some out: what there is to say against the
//! seam that was chosen. Which rows a face owns is `seam_filter`'s.

use polars::prelude::TimeUnit;

use super::seam::{FaceTimes, Seam};
use super::table::Table;
use crate::data::format::parse_datetime;
use crate::data::{Fault, Setting};
use crate::query::window::{Micros, iso};

/// True when the only feed replays, as it stands, the only file of the history, and from before the seam on.
pub fn replays_its_history(table: &Table) -> bool {
    let (Seam::Time(at), [file], [feed]) = (&table.seam, &table.history[..], &table.live[..]) else { return false };
    let from = feed.url.params.get("from").map(|t| parse_datetime(t, TimeUnit::Microseconds));
    let from_before = from.is_none_or(|t| t.is_some_and(|t| t <= *at));
    let same = || match (std::fs::canonicalize(file.name()), feed.url.path().map(std::fs::canonicalize)) {
        (Ok(one), Ok(Ok(other))) => one == other,
        _ => false,
    };
    feed.url.replays_file() && from_before && !feed.url.params.contains_key("duplicate") && same()
}

/// What to say at once of a table whose feed brings the very file that is its history, with nothing to tell the rows
/// apart.
pub fn doubled(table: &Table) -> Option<Fault> {
    if table.seam != Seam::Append {
        return None;
    }
    let files: Vec<_> = table.history.iter().filter_map(|file| std::fs::canonicalize(file.name()).ok()).collect();
    let path = |feed: &super::Feed| {
        let whole = feed.url.is_file() && !feed.url.params.contains_key("from");
        feed.url.path().ok().filter(|_| whole).and_then(|path| std::fs::canonicalize(path).ok())
    };
    let feed = table.live.iter().find(|feed| path(feed).is_some_and(|path| files.contains(&path)))?;
    let what = format!("{} is the history of {} as well: every row is counted twice", feed.url.shown(), table.name);
    Some(Fault::new(what).hint(Setting::Seam { table: table.name.clone() }))
}

/// What speaks against the table's seam; `complete`: history is read to its end.
pub fn warnings(times: &FaceTimes, table: &Table, complete: bool) -> Vec<Fault> {
    let (Some((first, last)), Some((begins, newest)), Some(time)) = (times.history, times.live, &table.time) else {
        return Vec::new();
    };
    let lateness = Micros::try_from(time.lateness.as_micros()).unwrap_or(Micros::MAX);
    match &table.seam {
        // Rows out of order may lie a little before the end of history.
        Seam::Append
            if !table.disjoint
                && newest >= first
                && begins < last
                && (begins <= first || last.saturating_sub(begins) > lateness) =>
        {
            let what = format!(
                "history has rows of {} to {}, live of {} to {}: those of {} to {} may be counted twice",
                iso(first),
                iso(last),
                iso(begins),
                iso(newest),
                iso(first.max(begins)),
                iso(last.min(newest)),
            );
            let table = &table.name;
            vec![Fault::new(what).hint([
                Setting::Seam { table: table.clone() }.into(),
                Setting::Disjoint { table: table.clone() }.into(),
            ])]
        }
        Seam::Time(at) if complete && begins.saturating_sub(last) > times.step.saturating_mul(2) => {
            vec![Fault::new(format!(
                "there is a hole at the seam of {}: history has rows to {}, live from {}, and the seam is at {}; rows \
             in between, should there have been any, are in neither",
                table.name,
                iso(last),
                iso(begins),
                iso(*at)
            ))]
        }
        _ => Vec::new(),
    }
}
