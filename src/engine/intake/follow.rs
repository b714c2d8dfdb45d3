//! A feed that is followed: its chunks are sent to the workers, its breaks and troubles are told.

use crossbeam_channel::{SendTimeoutError, Sender, TrySendError};
use polars::prelude::ChunkAgg;

use super::partitions::Partitions;
use super::past::read_past;
use super::{Conform, WAIT, event_times};
use crate::data::Result;
use crate::engine::counts::TimeGap;
use crate::engine::feed::Feed;
use crate::engine::past_late::PastLate;
use crate::engine::piece::LiveChunk;
use crate::engine::seam::Face;
use crate::engine::shared::Shared;
use crate::query::window::Micros;
use crate::source::live::{Event, Numbered};

/// Follows feed number `number` of the table to its end, or until the run ends. Faults and breaks are told, rows are
/// sent.
pub fn follow(shared: &Shared, number: usize, feed: &Feed, first: usize, out: &Sender<LiveChunk>) {
    let mut partitions = Partitions::new(shared, number, first);
    let mut sent = 0;
    let told = tell_damage(shared, feed, 0);
    let mut past_late = PastLate::new(shared);
    let followed = match &shared.options.past {
        Some(past) => read_past(shared, feed, number, past, |chunk| {
            let times = event_times(shared, &chunk.frame)?;
            past_late.see(&chunk, times.as_ref())?;
            let times = times.and_then(|t| t.min().zip(t.max()));
            send(
                shared,
                LiveChunk {
                    chunk,
                    feed: number,
                    face: Face::Live,
                    epoch: 0,
                    number: sent,
                    flight: None,
                    times,
                    numbered: None,
                },
                true,
                out,
            );
            sent += 1;
            Ok(())
        }),
        None => try_follow(shared, feed, &mut partitions, out),
    };
    if let Err(fault) = followed {
        shared.fault(if fault.place.is_empty() { fault.at(feed.url.shown()) } else { fault });
    }
    tell_damage(shared, feed, told);
    past_late.tell(&feed.url.shown());
    partitions.end();
}

/// Names what was found damaged in a feed's recording, apart from the first `told`; how many there are.
fn tell_damage(shared: &Shared, feed: &Feed, told: usize) -> usize {
    let faults = feed.kept().map(|kept| kept.faults).unwrap_or_default();
    faults.iter().skip(told).for_each(|fault| shared.note(fault.to_string()));
    faults.len()
}

fn try_follow(shared: &Shared, feed: &Feed, partitions: &mut Partitions<'_>, out: &Sender<LiveChunk>) -> Result<()> {
    let (mut opened, can_wait) = feed.connect()?;
    let settled = loop {
        if shared.ending() {
            return Ok(());
        }
        if let Some(schema) = opened.settle(WAIT)? {
            break schema;
        }
    };
    let name = feed.url.shown();
    let conform = Conform::new(shared, &settled, &name);
    let mut live = partitions.begin(opened, feed, &conform)?;
    let mut newest: Option<Micros> = None;
    let mut number = 0;
    let mut numbered: Option<Numbered> = None;
    while !shared.ending() {
        match live.poll(WAIT)? {
            Event::Chunk(chunk) => {
                let rows = chunk.rows_in();
                let chunk = conform.apply(chunk)?;
                let times = event_times(shared, &chunk.frame)?;
                shared.diagnostics().trouble.remove(&name);
                let live = LiveChunk { number, numbered: numbered.take(), ..partitions.place(chunk, times.as_ref())? };
                close_gaps(shared, &name, live.times);
                newest = newest.max(live.times.map(|t| t.1));
                if send(shared, live, can_wait, out) {
                    number += 1;
                } else {
                    shared.diagnostics().dropped += rows;
                }
            }
            Event::Gap { reason } => {
                shared.note_again(format!("{name}: {reason}"));
                shared.diagnostics().gaps.push(TimeGap { source: name.clone(), from: newest, until: None, reason });
            }
            Event::Trouble { reason } => {
                shared.diagnostics().trouble.insert(name.clone(), reason);
            }
            Event::Note { reason } => shared.note_again(format!("{name}: {reason}")),
            Event::Numbers(said) => numbered = Some(partitions.numbered(said)),
            Event::Quiet => {}
            Event::End => break,
        }
    }
    Ok(())
}

/// Hands a chunk to the workers. A feed that can wait waits; false when one that cannot found the queue full.
fn send(shared: &Shared, mut chunk: LiveChunk, can_wait: bool, out: &Sender<LiveChunk>) -> bool {
    if !can_wait {
        return match out.try_send(chunk) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => true,
            Err(TrySendError::Full(_)) => false,
        };
    }
    // Also when the run is to finish: a chunk that was taken from its feed is counted.
    while !shared.cancel.is_set() {
        match out.send_timeout(chunk, WAIT) {
            Ok(()) | Err(SendTimeoutError::Disconnected(_)) => break,
            Err(SendTimeoutError::Timeout(back)) => chunk = back,
        }
    }
    true
}

/// The first row after a break says where the gap ends.
fn close_gaps(shared: &Shared, source: &str, times: Option<(Micros, Micros)>) {
    let Some((oldest, _)) = times else { return };
    for gap in shared.diagnostics().gaps.iter_mut().filter(|g| g.until.is_none() && g.source == source) {
        gap.until = Some(oldest);
    }
}
