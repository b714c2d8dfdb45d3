//! Aggregates over frames, by the accumulators that groups have: each frame is a group. Where frames are long, states
//! of blocks of 2, 4, 8 … rows are made and every frame merges the few that it consists of (a segment tree, as in Leis
//! et al., "Efficient Processing of Window Functions in Analytical SQL Queries", VLDB 2015): the fusion law says that
//! this is the same.

use std::ops::Range;

use polars::prelude::*;

use super::layout::Layout;
use super::running::running;
use crate::data::Result;
use crate::query::aggregate::Class;
use crate::query::aggregate_call::AggregateCall;
use crate::query::expr::keep;

/// Rows of frames that are taken together.
const TOGETHER: usize = 1 << 20;
/// Frames of so many rows in the mean are taken row by row.
const SHORT: usize = 8;

/// The value of the frame at each place.
///
/// # Errors
/// What polars says; or a sum that does not fit.
pub(super) fn values(
    call: &AggregateCall,
    kept: &DataFrame,
    layout: &Layout,
    frames: Vec<Range<usize>>,
) -> Result<Column> {
    let inputs = call.read(kept, &layout.rows)?;
    let mut over = FrameInput { call, height: kept.height(), inputs, frames };
    if let Some(filter) = &call.filter {
        over.filter(&keep(filter, kept)?.take(&layout.rows)?)?;
    }
    if let Some(values) = running(call, over.inputs.first(), &over.frames)? {
        return Ok(values);
    }
    // Rows that follow each other often have one frame.
    let mut places = Vec::with_capacity(over.frames.len());
    let mut own: Vec<Range<usize>> = Vec::new();
    for frame in &over.frames {
        if own.last() != Some(frame) {
            own.push(frame.clone());
        }
        places.push(own.len() as IdxSize - 1);
    }
    over.frames = own;
    let rows: usize = over.frames.iter().map(Range::len).sum();
    let merges = call.class() == Class::Exact && rows / SHORT > over.height;
    let values = if merges { over.merged()? } else { over.absorbed()? };
    Ok(values.take(&IdxCa::from_vec("place".into(), places))?)
}

/// What a call takes of rows at places, and which of them each value is about.
struct FrameInput<'a> {
    call: &'a AggregateCall,
    height: usize,
    inputs: Vec<Column>,
    frames: Vec<Range<usize>>,
}

impl FrameInput<'_> {
    /// Leaves only rows for which a condition holds.
    fn filter(&mut self, mask: &BooleanChunked) -> Result<()> {
        let mut before = vec![0];
        let mut left = 0;
        for holds in mask.iter() {
            left += usize::from(holds == Some(true));
            before.push(left);
        }
        let at = |place: usize| before.get(place).copied().unwrap_or(left);
        self.frames.iter_mut().for_each(|frame| *frame = at(frame.start)..at(frame.end));
        self.inputs = self.inputs.iter().map(|input| input.filter(mask)).collect::<PolarsResult<_>>()?;
        self.height = left;
        Ok(())
    }

    /// The rows of each frame taken one by one.
    fn absorbed(&self) -> Result<Column> {
        let mut values: Option<Column> = None;
        let mut rest = &self.frames[..];
        while !rest.is_empty() || values.is_none() {
            let mut rows = 0;
            let together = rest.iter().take_while(|frame| {
                let fits = rows == 0 || rows + frame.len() <= TOGETHER;
                rows += frame.len();
                fits
            });
            let (own, after) = rest.split_at(together.count());
            rest = after;
            let mut states = self.call.make();
            states.resize(own.len());
            let (mut groups, mut places) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
            for (group, frame) in own.iter().enumerate() {
                groups.extend(std::iter::repeat_n(group as u32, frame.len()));
                places.extend(frame.clone().map(|place| place as IdxSize));
            }
            let places = IdxCa::from_vec("place".into(), places);
            let inputs = self.inputs.iter().map(|input| input.take(&places)).collect::<PolarsResult<Vec<_>>>()?;
            states.absorb(&groups, &inputs)?;
            let finished = states.finish()?;
            match &mut values {
                Some(values) => drop(values.append(&finished)?),
                none => *none = Some(finished),
            }
        }
        Ok(values.unwrap_or_else(|| Column::new_empty("w".into(), &self.call.output())))
    }

    /// The states of blocks merged.
    fn merged(&self) -> Result<Column> {
        let mut states = self.call.make();
        states.resize(self.frames.len());
        let mut blocks = self.call.make();
        let mut count = self.height;
        blocks.resize(count);
        blocks.absorb(&(0..count as u32).collect::<Vec<_>>(), &self.inputs)?;
        // What is left of each frame, in blocks.
        let mut left = self.frames.clone();
        loop {
            let state = blocks.state()?;
            let (mut groups, mut places) = (Vec::new(), Vec::new());
            for (group, frame) in left.iter_mut().enumerate().filter(|(_, frame)| frame.start < frame.end) {
                let mut take = |block: usize| {
                    groups.push(group as u32);
                    places.push(block as IdxSize);
                };
                if frame.start % 2 == 1 {
                    take(frame.start);
                    frame.start += 1;
                }
                if frame.end % 2 == 1 && frame.start < frame.end {
                    frame.end -= 1;
                    take(frame.end);
                }
                *frame = frame.start / 2..frame.end / 2;
            }
            let places = IdxCa::from_vec("place".into(), places);
            let taken = state.iter().map(|column| column.take(&places)).collect::<PolarsResult<Vec<_>>>()?;
            states.merge(&groups, &taken)?;
            if left.iter().all(|frame| frame.start >= frame.end) {
                return states.finish();
            }
            let halves: Vec<u32> = (0..count as u32).map(|block| block / 2).collect();
            count = count.div_ceil(2);
            blocks = self.call.make();
            blocks.resize(count);
            blocks.merge(&halves, &state)?;
        }
    }
}
