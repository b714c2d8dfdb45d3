//! Reading a table once more beside its run: all of its history, and its feeds as far as the run has read them.

use polars::prelude::{DataFrame, PlSmallStr};

use super::intake::{Conform, WAIT, indices};
use super::job::Reporter;
use super::{Reached, Table};
use crate::data::{Chunk, Result};
use crate::source::live::{Event, ReadOptions};

/// The two faces of a table, the live one as far as `reached`.
pub(super) struct Reread<'a> {
    pub table: &'a Table,
    pub reached: &'a Reached,
    pub report: &'a Reporter,
}

/// A partition of one of the table's feeds.
pub(super) type FeedPartition = (usize, u32);

impl Reread<'_> {
    /// Reads these columns of the history until `each` has enough and gives false.
    pub fn history(&self, columns: &[PlSmallStr], mut each: impl FnMut(&DataFrame) -> Result<bool>) -> Result<()> {
        for file in &self.table.history {
            let projection = indices(columns, file.schema(), file.name())?;
            let mut reader = file.open(&projection)?;
            while let Some(piece) = reader.next()? {
                self.report.check()?;
                for chunk in piece.decode()? {
                    if !each(&chunk.frame)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads these columns of what the feeds have sent, each partition in its order.
    pub fn live(
        &self,
        columns: &[PlSmallStr],
        mut each: impl FnMut(&DataFrame, FeedPartition) -> Result<()>,
    ) -> Result<()> {
        for number in 0..self.table.live.len() {
            self.feed(number, columns, &mut |chunk| each(&chunk.frame, (number, chunk.partition)))?;
        }
        Ok(())
    }

    /// Reads these columns of what one feed has sent; a column that it lacks is null.
    pub fn feed(&self, number: usize, columns: &[PlSmallStr], each: &mut dyn FnMut(Chunk) -> Result<()>) -> Result<()> {
        let Some(feed) = self.table.live.get(number) else { return Ok(()) };
        let mut opened = feed.reread()?;
        let schema = loop {
            self.report.check()?;
            if let Some(schema) = opened.settle(WAIT)? {
                break schema;
            }
        };
        let (conform, _) = Conform::to(columns, &self.table.schema, &schema);
        let columns = Some(conform.projection.clone());
        let mut live = opened.read(&ReadOptions { columns, ..self.reached.stretch(number) })?;
        loop {
            self.report.check()?;
            match live.poll(WAIT)? {
                Event::Chunk(chunk) => each(conform.apply(chunk)?)?,
                Event::End => return Ok(()),
                _ => {}
            }
        }
    }
}
