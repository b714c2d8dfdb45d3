//! The guard of a model: a job that follows the live rows of a table with it, says when it has gone stale, and brings
//! up what could take its place. Every row is scored first; where its truth is in it, the model is tested on it, and a
//! committee that began with the model's trees learns from it. Memory does not grow with the rows.
//!
//! A guard begins with the first live row that the model was not trained on. Its connections are its own: a feed that
//! can be had only once is read from its recording. What drift is stands in `learn::drift`, the committee in
//! `learn::online`.

mod committee;
mod comparison;
mod reader;
mod second_reading;
mod settings;
mod state;
mod status;

use std::time::{Duration, Instant};

pub use comparison::{ALL, Contender, Point, Standing};
use reader::FeedReader;
use second_reading::SecondReading;
pub use settings::{GuardSettings, RetrainedForest, window_rows};
use state::{GuardState, WatchedFeed};
pub use status::{ErrorChange, FusedForest, GuardStatus};

use super::gather::RowSelector;
use super::job::{Job, Reporter};
use crate::data::{Fault, Result};
use crate::sync::{Latest, Wake};

/// How often it is said how things stand.
const TELL: Duration = Duration::from_millis(150);

/// Guards until the feeds end; `shelf` shows how things stand, and a forest that is put on `retrained` takes part from
/// then on, on the rows that it has not trained on.
pub fn guard(
    settings: GuardSettings,
    retrained: Latest<RetrainedForest>,
    shelf: Latest<GuardStatus>,
    wake: Wake,
) -> Job<GuardStatus> {
    Job::start("guard", wake, move |report| follow(&settings, &retrained, &shelf, report))
}

fn follow(
    settings: &GuardSettings,
    retrained: &Latest<RetrainedForest>,
    shelf: &Latest<GuardStatus>,
    report: &Reporter,
) -> Result<GuardStatus> {
    let table = &settings.table;
    if table.live.is_empty() {
        return Err(Fault::new("there are no live rows to watch")
            .at(table.name.clone())
            .hint("attach a live feed to it"));
    }
    let selection = settings.selection()?;
    let selector = RowSelector::new(table, &selection);
    let mut state = GuardState::new(settings);
    let mut feeds = Vec::new();
    for (number, feed) in table.live.iter().enumerate() {
        feeds.push(WatchedFeed {
            reader: FeedReader::open(settings, feed, number)?,
            second: SecondReading::new(FeedReader::open(settings, feed, number)?),
            ended: false,
        });
    }
    let mut told = Instant::now();
    let mut failed = None;
    while feeds.iter().any(|feed| !feed.ended || !feed.second.ended) {
        if let Some(rival) = retrained.get() {
            state.admit(rival);
        }
        for feed in &mut feeds {
            report.check()?;
            if !feed.ended
                && !feed.second.is_full()
                && let Err(fault) = state.read(feed, &selector, report)
            {
                // Other feeds go on.
                report.check()?;
                let fault = if fault.place.is_empty() { fault.at(&feed.reader.name) } else { fault };
                state.status.note(fault.to_string());
                feed.ended = true;
                failed = Some(fault);
            }
            if let Err(fault) = feed.second.go_on(&selector, &state.scorer, &mut state.status.skew, feed.ended) {
                state.status.note(format!("rows are no longer scored twice: {fault}"));
                feed.second.end(&mut state.status.skew);
            }
        }
        if told.elapsed() >= TELL {
            told = Instant::now();
            shelf.put(state.look());
            report.progress(state.status.rows, 0, "watching");
        }
    }
    if let Some(fault) = failed.filter(|_| state.status.rows == 0) {
        return Err(fault);
    }
    state.status.ended = true;
    let last = state.look();
    shelf.put(last.clone());
    report.progress(last.rows, last.rows, "every feed has ended");
    Ok(last)
}
