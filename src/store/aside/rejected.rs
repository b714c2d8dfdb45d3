//! Rejected rows and cells as lines of JSON, appended to files of bounded size.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame};
use serde::{Deserialize, Serialize};

use super::{Counts, Limits, Segment, drop_old};
use crate::data::{Fault, Rejects, Result};
use crate::disk::own;
use crate::store::disk;

/// Bytes that may wait for a flush.
const WAITING: usize = 1 << 20;

/// One row as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    source: String,
    line: u64,
    /// Of a cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    reason: String,
    body: String,
}

#[derive(Debug)]
pub struct Rejected {
    folder: PathBuf,
    limits: Limits,
    segments: Vec<Segment>,
    file: Option<File>,
    waiting: Vec<u8>,
    waiting_rows: u64,
    /// A failed write may have left a part of a line behind.
    torn: bool,
    dropped: u64,
}

impl Rejected {
    pub fn open(folder: &Path, limits: Limits, faults: &mut Vec<Fault>) -> Result<Self> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(folder).map_err(|e| disk::fault(folder, &e))? {
            let path = entry.map_err(|e| disk::fault(folder, &e))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let from = name
                .strip_prefix("rejected-")
                .and_then(|rest| rest.strip_suffix(".ndjson"))
                .and_then(|from| from.parse().ok());
            if let Some(from) = from {
                let (rows, bytes) = mend(&path, faults)?;
                segments.push(Segment { from, until: from + rows, bytes, path });
            }
        }
        segments.sort_by_key(|s| s.from);
        let next = segments.last().map_or(0, |s| s.until);
        let there: u64 = segments.iter().map(|s| s.until - s.from).sum();
        let dropped = next.saturating_sub(there);
        Ok(Self {
            folder: folder.to_owned(),
            limits,
            segments,
            file: None,
            waiting: Vec::new(),
            waiting_rows: 0,
            torn: false,
            dropped,
        })
    }

    pub fn add(&mut self, rejects: &Rejects) -> Result<()> {
        for reject in rejects.all() {
            let column = reject.column.as_ref().map(ToString::to_string);
            let line = Line {
                source: reject.source.to_string(),
                line: reject.line,
                column,
                reason: reject.reason.clone(),
                body: reject.body.clone(),
            };
            let text = serde_json::to_vec(&line)
                .map_err(|e| Fault::new(e.to_string()).at(self.folder.display().to_string()))?;
            self.waiting.extend_from_slice(&text);
            self.waiting.push(b'\n');
            self.waiting_rows += 1;
        }
        let told = rejects.count + rejects.cells.count();
        self.dropped += told.saturating_sub(rejects.all().count() as u64);
        if self.waiting.len() >= WAITING { self.write() } else { Ok(()) }
    }

    pub fn flush(&mut self) -> Result<()> {
        self.write()?;
        let place = || self.segments.last().map_or_else(|| self.folder.clone(), |s| s.path.clone());
        self.file.as_ref().map_or(Ok(()), File::sync_data).map_err(|e| disk::fault(&place(), &e))
    }

    fn write(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let full = self.segments.last().is_none_or(|s| s.bytes >= self.limits.segment_bytes);
        if full {
            let from = self.segments.last().map_or(0, |s| s.until);
            let path = self.folder.join(format!("rejected-{from:020}.ndjson"));
            self.segments.push(Segment { from, until: from, bytes: 0, path });
            self.file = None;
        }
        let Some(last) = self.segments.last_mut() else { return Ok(()) };
        let fault = |error: std::io::Error| disk::fault(&last.path, &error);
        let mut file = match self.file.take() {
            Some(file) => file,
            None => own::append(&last.path).map_err(fault)?,
        };
        if self.torn {
            file.set_len(last.bytes).map_err(fault)?;
        }
        self.torn = true;
        let written = file.write_all(&self.waiting);
        if written.is_err() {
            self.torn = file.set_len(last.bytes).is_err();
        }
        self.file = Some(file);
        written.map_err(fault)?;
        self.torn = false;
        last.bytes += self.waiting.len() as u64;
        last.until += self.waiting_rows;
        self.waiting.clear();
        self.waiting_rows = 0;
        self.dropped += drop_old(&mut self.segments, self.limits)?;
        Ok(())
    }

    /// Forgets the rows from number `rows` on.
    pub fn truncate(&mut self, rows: u64) -> Result<()> {
        self.file = None;
        (self.waiting, self.waiting_rows) = (Vec::new(), 0);
        while let Some(last) = self.segments.pop_if(|last| last.until > rows) {
            let fault = |error: std::io::Error| disk::fault(&last.path, &error);
            if last.from >= rows {
                crate::disk::remove(&last.path).map_err(fault)?;
                continue;
            }
            let bytes = own::read(&last.path).map_err(fault)?;
            let kept = usize::try_from(rows - last.from).unwrap_or(usize::MAX);
            let end = memchr::memchr_iter(b'\n', &bytes).nth(kept - 1).map_or(bytes.len(), |end| end + 1) as u64;
            own::cut(&last.path, end).map_err(fault)?;
            self.segments.push(Segment { until: rows, bytes: end, ..last });
        }
        Ok(())
    }

    pub fn read(&self) -> Result<DataFrame> {
        let (mut sources, mut lines, mut columns, mut reasons, mut bodies) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut take = |bytes: &[u8]| {
            for line in bytes.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok()) {
                sources.push(line.source);
                lines.push(line.line);
                columns.push(line.column);
                reasons.push(line.reason);
                bodies.push(line.body);
            }
        };
        for segment in &self.segments {
            match own::read(&segment.path) {
                Ok(bytes) => take(&bytes),
                Err(error) if segment.bytes == 0 && error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(disk::fault(&segment.path, &error)),
            }
        }
        take(&self.waiting);
        let all = vec![
            Column::new("source".into(), sources),
            Column::new("line".into(), lines),
            Column::new("column".into(), columns),
            Column::new("reason".into(), reasons),
            Column::new("body".into(), bodies),
        ];
        Ok(DataFrame::new_infer_height(all)?)
    }

    pub fn counts(&self) -> Counts {
        let there: u64 = self.segments.iter().map(|s| s.until - s.from).sum::<u64>() + self.waiting_rows;
        Counts { rows: there + self.dropped, dropped: self.dropped, bytes: self.segments.iter().map(|s| s.bytes).sum() }
    }
}

/// Cuts off a line that was not written whole, and names lines that are none: how many rows there are, and bytes.
fn mend(path: &Path, faults: &mut Vec<Fault>) -> Result<(u64, u64)> {
    let fault = |error: std::io::Error| disk::fault(path, &error);
    let bytes = own::read(path).map_err(fault)?;
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
    if whole < bytes.len() {
        own::cut(path, whole as u64).map_err(fault)?;
        faults.push(
            Fault::new("the last rejected row was not written whole and is cut off").at(path.display().to_string()),
        );
    }
    let lines = bytes.get(..whole).unwrap_or_default();
    let rows = memchr::memchr_iter(b'\n', lines).count() as u64;
    let readable =
        lines.split(|b| *b == b'\n').filter(|line| serde_json::from_slice::<Line>(line).is_ok()).count() as u64;
    if readable < rows {
        faults.push(
            Fault::new(format!("{} lines of rejected rows are damaged and passed over", rows - readable))
                .at(path.display().to_string()),
        );
    }
    Ok((rows, whole as u64))
}
