//! An answer in order that does not fit into memory: shares of its groups are answered and sorted together as far as
//! memory goes, written as runs, and the runs are merged. When that is needed, is the merger's to say.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use polars::prelude::*;

use super::spill::{SHARES, Spill};
use crate::data::{Fault, Result};
use crate::disk::{Scratch, own};
use crate::query::Plan;
use crate::query::order::{Ranked, sorted};
use crate::query::window::Micros;
use crate::store::frames::Block;

/// What of the room a run is sorted in, and a block of a run takes: all of them are merged a block at a time.
const RUN: u64 = 4;
const BLOCK: u64 = 1_024;
/// What of it may wait to be handed on.
const OUT: u64 = 8;

/// All of the answer, in order, a part at a time, with about so many bytes of `room`. How many groups it is of.
///
/// # Errors
/// The disk's; when an expression of the answer cannot be evaluated; or what `take` says.
pub fn each(
    spill: &Spill,
    plan: &Arc<Plan>,
    watermark: Option<Micros>,
    room: u64,
    take: &mut dyn FnMut(DataFrame) -> Result<()>,
) -> Result<u64> {
    let (mut runs, mut groups) = (Vec::new(), 0);
    // Several may write one answer at a time, each in a folder of its own.
    let scratch = Scratch::new("sorted").map_err(|e| Fault::io("a temporary folder", &e))?;
    let mut waiting: Option<DataFrame> = None;
    for share in 0..SHARES {
        let partial = spill.share(plan, share)?;
        groups += partial.groups() as u64;
        let part = plan.finish.with_order(&partial.share_of_answer(watermark)?)?;
        drop(partial);
        stack(&mut waiting, part)?;
        if waiting.as_ref().is_some_and(|frame| frame.estimated_size() as u64 > room / RUN) || share + 1 == SHARES {
            let frame = waiting.take().filter(|frame| frame.height() > 0);
            if let Some(frame) = frame {
                let path = scratch.path().join(format!("{:08}.run", runs.len()));
                runs.push(Run::write(path, &in_order(plan, frame)?, room / BLOCK)?);
            }
        }
    }
    merge(plan, &runs, room / OUT, take)?;
    Ok(groups)
}

fn merge(plan: &Plan, runs: &[Run], most: u64, take: &mut dyn FnMut(DataFrame) -> Result<()>) -> Result<()> {
    let mut cursors = runs.iter().map(|run| Cursor::new(plan, run)).collect::<Result<Vec<_>>>()?;
    let (mut skipped, mut left) = (plan.finish.offset, plan.finish.limit.unwrap_or(u64::MAX));
    let mut out: Option<DataFrame> = None;
    while left > 0 {
        for cursor in &mut cursors {
            cursor.refill()?;
        }
        cursors.retain(|cursor| cursor.at < cursor.frame.height());
        // Up to the least of what the blocks end with, nothing can come that is not loaded.
        let ends = cursors.iter().filter(|cursor| cursor.has_more());
        let bound = ends.min_by(|a, b| a.ranked.compare(a.last(), &b.ranked, b.last()));
        let until: Vec<usize> =
            cursors.iter().map(|cursor| bound.map_or(cursor.frame.height(), |bound| cursor.until(bound))).collect();
        let mut piece: Option<DataFrame> = None;
        for (cursor, until) in cursors.iter_mut().zip(until) {
            stack(&mut piece, cursor.frame.slice(cursor.at as i64, until - cursor.at))?;
            cursor.at = until;
        }
        let Some(piece) = piece else { break };
        let piece = in_order(plan, piece)?;
        let skip = skipped.min(piece.height() as u64);
        skipped -= skip;
        let piece = piece.slice(skip as i64, usize::try_from(left).unwrap_or(usize::MAX));
        left -= piece.height() as u64;
        let answer = piece.columns().get(..plan.finish.items.len()).map(<[Column]>::to_vec).unwrap_or_default();
        stack(&mut out, DataFrame::new(piece.height(), answer)?)?;
        if out.as_ref().is_some_and(|out| out.estimated_size() as u64 > most) {
            out.take().map_or(Ok(()), &mut *take)?;
        }
    }
    out.map_or(Ok(()), take)
}

fn stack(on: &mut Option<DataFrame>, more: DataFrame) -> Result<()> {
    match on {
        Some(frame) => {
            if more.height() > 0 {
                frame.vstack_mut(&more)?;
            }
        }
        None => *on = Some(more),
    }
    Ok(())
}

fn in_order(plan: &Plan, mut frame: DataFrame) -> Result<DataFrame> {
    frame.rechunk_mut();
    match sorted(frame.height(), plan.finish.ordered_by(&frame))? {
        Some(order) => Ok(frame.take(&order)?),
        None => Ok(frame),
    }
}

/// Rows in order, in blocks in a file.
struct Run {
    path: PathBuf,
    blocks: Vec<Block>,
}

impl Run {
    fn write(path: PathBuf, frame: &DataFrame, block: u64) -> Result<Self> {
        let failed = |e: std::io::Error| {
            Fault::io(path.display().to_string(), &e).hint("free some space: an answer in order is sorted on disk")
        };
        let mut file = BufWriter::new(own::create(&path).map_err(failed)?);
        let a_row = (frame.estimated_size() / frame.height().max(1)).max(1);
        let rows = (usize::try_from(block).unwrap_or(usize::MAX) / a_row).max(64);
        let (mut blocks, mut at) = (Vec::new(), 0);
        for start in (0..frame.height()).step_by(rows) {
            let block = Block::write(&frame.slice(start as i64, rows), at, &mut file, failed)?;
            at += block.bytes;
            blocks.push(block);
        }
        file.flush().map_err(failed)?;
        Ok(Self { path, blocks })
    }
}

/// How far a run was merged.
struct Cursor<'a> {
    plan: &'a Plan,
    run: &'a Run,
    file: File,
    /// The block to load next.
    next: usize,
    frame: DataFrame,
    ranked: Ranked,
    /// The first row of `frame` that was not handed on.
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(plan: &'a Plan, run: &'a Run) -> Result<Self> {
        let file = own::open(&run.path).map_err(|e| Fault::io(run.path.display().to_string(), &e))?;
        Ok(Self { plan, run, file, next: 0, frame: DataFrame::empty(), ranked: Ranked::new(Vec::new())?, at: 0 })
    }

    fn has_more(&self) -> bool {
        self.next < self.run.blocks.len()
    }

    /// Loads the next block when this one is done.
    fn refill(&mut self) -> Result<()> {
        let run = self.run;
        let Some(block) = run.blocks.get(self.next).filter(|_| self.at >= self.frame.height()) else { return Ok(()) };
        let place = run.path.display().to_string();
        self.frame = block.read(&mut self.file, &place, || {
            Fault::new("a part of the answer is damaged on disk").at(&place).hint("ask again")
        })?;
        self.ranked = Ranked::new(self.plan.finish.ordered_by(&self.frame))?;
        (self.next, self.at) = (self.next + 1, 0);
        Ok(())
    }

    fn last(&self) -> usize {
        self.frame.height().saturating_sub(1)
    }

    /// The end of its rows that stand no later than the last one loaded of `bound`.
    fn until(&self, bound: &Self) -> usize {
        let (mut low, mut high) = (self.at, self.frame.height());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.ranked.compare(middle, &bound.ranked, bound.last()).is_le() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
