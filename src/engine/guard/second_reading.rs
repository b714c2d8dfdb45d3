//! The skew check on every row that is guarded: the rows that came are read again by a connection of their own, in
//! other pieces, and scored as a question about stored rows would score them. Inputs and scores must be those of the
//! first time, bit for bit. Comparing is `skew`'s.

use std::collections::VecDeque;
use std::time::Duration;

use polars::prelude::*;

use super::reader::{FeedReader, ReaderEvent};
use crate::data::Result;
use crate::engine::gather::RowSelector;
use crate::engine::scorer::Scorer;
use crate::engine::skew::{Side, Skew, compare, every_score};
use crate::query::model::Model;

/// Rows that wait for their second reading at most; the feed waits then.
const AHEAD: usize = 1 << 15;

/// One feed's second reading.
pub(super) struct SecondReading {
    again: FeedReader,
    /// By partition: what each reading has and the other has not yet.
    waiting: Vec<(u32, [VecDeque<Scored>; 2])>,
    pub ended: bool,
}

/// Rows as one reading had them.
struct Scored {
    epoch: u64,
    /// The inputs, then the scores.
    rows: DataFrame,
}

const FIRST: usize = 0;
const SECOND: usize = 1;

impl SecondReading {
    pub fn new(again: FeedReader) -> Self {
        Self { again, waiting: Vec::new(), ended: false }
    }

    /// Whether so many rows wait that no more should be taken.
    pub fn is_full(&self) -> bool {
        !self.ended && self.ahead(FIRST) >= AHEAD
    }

    fn ahead(&self, reading: usize) -> usize {
        self.waiting.iter().filter_map(|(_, both)| both.get(reading)).flatten().map(|s| s.rows.height()).sum()
    }

    /// Rows of the first reading, with the scores that they were given.
    pub fn first(&mut self, partition: u32, epoch: u64, inputs: &DataFrame, scores: Vec<Column>) -> Result<()> {
        let rows = join(inputs, scores)?;
        if !self.ended {
            self.queue(partition, FIRST, Scored { epoch, rows });
        }
        Ok(())
    }

    fn queue(&mut self, partition: u32, reading: usize, scored: Scored) {
        if scored.rows.height() == 0 {
            return;
        }
        let at = self.waiting.iter().position(|(p, _)| *p == partition).unwrap_or_else(|| {
            self.waiting.push((partition, [VecDeque::new(), VecDeque::new()]));
            self.waiting.len() - 1
        });
        if let Some(queue) = self.waiting.get_mut(at).and_then(|(_, both)| both.get_mut(reading)) {
            queue.push_back(scored);
        }
    }

    /// Reads on where there is something to compare with; `last`: no more rows will come the first time.
    ///
    /// # Errors
    /// The feed's, or what the model says.
    pub fn go_on(&mut self, selector: &RowSelector<'_>, scorer: &Scorer, skew: &mut Skew, last: bool) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        // The second reading may have been ahead: its pieces are others.
        self.meet(scorer, skew)?;
        if self.ahead(FIRST) == 0 {
            if last {
                self.end(skew);
            }
            return Ok(());
        }
        match self.again.next(selector, Duration::from_millis(5))? {
            ReaderEvent::Rows(rows) => {
                let inputs = rows.frame.select(scorer.inputs().iter().cloned())?;
                let scores = scorer.score(&inputs, &every_score(scorer))?;
                let scored = Scored { epoch: rows.at.epoch, rows: join(&inputs, scores)? };
                self.queue(rows.at.partition, SECOND, scored);
                self.meet(scorer, skew)
            }
            ReaderEvent::End => {
                self.end(skew);
                Ok(())
            }
            // Said by the first reading already.
            ReaderEvent::Note(_) | ReaderEvent::Quiet => Ok(()),
        }
    }

    /// Rows that will not be read again have no pair.
    pub fn end(&mut self, skew: &mut Skew) {
        skew.alone += self.ahead(FIRST);
        self.waiting.clear();
        self.ended = true;
    }

    /// Compares what both readings have.
    fn meet(&mut self, scorer: &Scorer, skew: &mut Skew) -> Result<()> {
        for (partition, [first, second]) in &mut self.waiting {
            while let (Some(one), Some(two)) = (first.front_mut(), second.front_mut()) {
                // A file that began anew in between: one reading has missed its end.
                if one.epoch != two.epoch {
                    let behind = if one.epoch < two.epoch { &mut *first } else { &mut *second };
                    skew.alone += behind.pop_front().map_or(0, |s| s.rows.height());
                    continue;
                }
                let rows = one.rows.height().min(two.rows.height());
                let width = scorer.inputs().len();
                let (online, offline) = (part(&one.rows, rows, width)?, part(&two.rows, rows, width)?);
                let done = skew.compared;
                let key = |row: usize| format!("row {} of partition {partition} watched", done + row + 1);
                skew.merge(compare(
                    scorer,
                    &Side { inputs: &offline.0, scores: &offline.1 },
                    &Side { inputs: &online.0, scores: &online.1 },
                    key,
                )?);
                for queue in [&mut *first, &mut *second] {
                    if let Some(front) = queue.front_mut() {
                        front.rows = front.rows.slice(rows as i64, usize::MAX);
                        if front.rows.height() == 0 {
                            queue.pop_front();
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn join(inputs: &DataFrame, scores: Vec<Column>) -> Result<DataFrame> {
    let named = scores.into_iter().enumerate().map(|(i, score)| score.with_name(format!("\u{0}{i}").into()));
    Ok(DataFrame::new(inputs.height(), inputs.columns().iter().cloned().chain(named).collect())?)
}

/// The first rows: inputs, and scores.
fn part(rows: &DataFrame, count: usize, inputs: usize) -> Result<(DataFrame, Vec<Column>)> {
    let head = rows.slice(0, count);
    let (one, two) = head.columns().split_at(inputs.min(head.width()));
    Ok((DataFrame::new(count, one.to_vec())?, two.to_vec()))
}
