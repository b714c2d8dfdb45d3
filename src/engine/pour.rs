//! Rows on their way to a file: workers finish pieces in any order, and they are written in the order in which they
//! stood. What a file looks like is left to `data::format`.

use std::collections::BTreeMap;

use crossbeam_channel::Receiver;
use polars::prelude::DataFrame;

use super::shared::Shared;
use crate::data::Result;
use crate::data::format::RowWriter;

/// Finished rows: of the history (stream 0) or a feed (from 1), and the how many-th of that stream.
#[derive(Debug)]
pub struct Sheaf {
    pub stream: usize,
    pub number: u64,
    pub rows: DataFrame,
}

/// Rows of one stream that wait for those before them.
#[derive(Default)]
struct Stream {
    next: u64,
    waiting: BTreeMap<u64, DataFrame>,
}

/// Writes until the last worker is gone. A run that failed or that nobody wants any more leaves no file.
pub fn pour(shared: &Shared, writer: RowWriter, sheaves: &Receiver<Sheaf>) {
    if let Err(fault) = try_pour(shared, writer, sheaves) {
        shared.fail(fault);
    }
    // Workers must not wait for a writer that has given up.
    while sheaves.recv().is_ok() {}
}

fn try_pour(shared: &Shared, mut writer: RowWriter, sheaves: &Receiver<Sheaf>) -> Result<()> {
    let mut streams: BTreeMap<usize, Stream> = BTreeMap::new();
    while let Ok(sheaf) = sheaves.recv() {
        let stream = streams.entry(sheaf.stream).or_default();
        stream.waiting.insert(sheaf.number, sheaf.rows);
        while let Some(rows) = stream.waiting.remove(&stream.next) {
            stream.next += 1;
            writer.write(&rows)?;
        }
        if sheaves.is_empty() {
            writer.show()?;
        }
        if writer.is_closed() {
            // Who reads standard output has had enough.
            shared.finish.set();
            return Ok(());
        }
    }
    // What is left came after a piece that a stopped run did not take any more.
    for rows in streams.values().flat_map(|s| s.waiting.values()) {
        writer.write(rows)?;
    }
    if shared.cancel.is_set() || shared.news().fault.is_some() {
        return Ok(());
    }
    writer.finish().map(drop)
}
