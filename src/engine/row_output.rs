//! Rows on their way to a file: workers finish pieces in any order, and they are written in the order in which they
//! stood. What a file looks like is left to `data::format`.

use std::collections::BTreeMap;

use crossbeam_channel::Receiver;
use polars::prelude::DataFrame;

use super::continuous::ContinuousQuery;
use super::scan::Scan;
use crate::data::Result;
use crate::data::format::RowWriter;

/// Finished rows of one piece: of the history (stream 0) or a feed (from 1), and the place of the piece in that stream.
#[derive(Debug)]
pub struct RowBatch {
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

/// Writes until the last worker is gone. A run that failed or was cancelled leaves no file.
pub fn write_rows(scan: &Scan, query: &ContinuousQuery, writer: RowWriter, batches: &Receiver<RowBatch>) {
    if let Err(fault) = try_write_rows(scan, query, writer, batches) {
        query.fail(fault);
    }
    // Workers must not wait for a writer that has given up.
    while batches.recv().is_ok() {}
}

fn try_write_rows(
    scan: &Scan,
    query: &ContinuousQuery,
    mut writer: RowWriter,
    batches: &Receiver<RowBatch>,
) -> Result<()> {
    let mut streams: BTreeMap<usize, Stream> = BTreeMap::new();
    while let Ok(batch) = batches.recv() {
        let stream = streams.entry(batch.stream).or_default();
        stream.waiting.insert(batch.number, batch.rows);
        while let Some(rows) = stream.waiting.remove(&stream.next) {
            stream.next += 1;
            writer.write(&rows)?;
        }
        if batches.is_empty() {
            writer.show()?;
        }
        if writer.is_closed() {
            // The reader of standard output has closed it.
            scan.finish.set();
            return Ok(());
        }
    }
    // What is left came after a piece that a stopped run did not take any more.
    for rows in streams.values().flat_map(|s| s.waiting.values()) {
        writer.write(rows)?;
    }
    let failed = scan.diagnostics().fault.is_some() || query.diagnostics().fault.is_some();
    if scan.cancel.is_set() || query.left.is_set() || failed {
        return Ok(());
    }
    writer.finish().map(drop)
}
