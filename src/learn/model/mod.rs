//! A forest in a file, and back: what is kept with it, and how it is written and read. Scores after a round trip are
//! equal bit for bit. The shape of the file stands in `file`.

mod file;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::drift::Baseline;
use super::forest::Forest;
use super::json_error;
use super::report::Report;
use crate::data::{Fault, Result};
use crate::disk::Draft;
use file::{ModelFile, StreamScoreFile, damaged, from_file, parsed, to_file};

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// What questions call it; may be empty.
    pub name: String,
    pub forest: Arc<Forest>,
    /// Without it nobody can tell whether features are still distributed as in training.
    pub baseline: Option<Baseline>,
    pub trained_to: Option<TrainedTo>,
    pub report: Option<Report>,
    pub stream_score: Option<StreamScore>,
    /// How it took the place of others, newest last.
    pub swaps: Vec<String>,
}

/// How a forest did on the newest rows of a stream: each was predicted before it was trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamScore {
    pub rows: u64,
    /// The share that was wrong, or the mean distance from the truth.
    pub error: f64,
    /// Of numbers: the root of the mean squared error, and R²; else `NaN`.
    pub rmse: f64,
    pub r2: f64,
}

/// The newest row that a forest was trained on: rows after it are new to the forest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainedTo {
    /// The column that holds the time of rows.
    pub column: String,
    /// Microseconds since 1970.
    pub micros: i64,
    /// As it stands in the column, where that counts in whole numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
}

impl Saved {
    /// A forest alone.
    pub fn new(forest: impl Into<Arc<Forest>>) -> Self {
        Self {
            name: String::new(),
            forest: forest.into(),
            baseline: None,
            trained_to: None,
            report: None,
            stream_score: None,
            swaps: Vec::new(),
        }
    }
}

/// Writes a model, whole or not at all.
///
/// # Errors
/// The operating system's.
pub fn save(saved: &Saved, path: &Path) -> Result<()> {
    let fault = |e: &std::io::Error| Fault::io(path.display().to_string(), e);
    let written = Draft::new(path).and_then(|draft| {
        let mut out = BufWriter::new(draft.file()?);
        serde_json::to_writer(&mut out, &to_file(saved))?;
        out.write_all(b"\n")?;
        out.flush()?;
        draft.finish()
    });
    written.map_err(|e| fault(&e))
}

/// Reads a model and checks that its forest can be walked.
///
/// # Errors
/// When it cannot be read, is no model, or contradicts itself.
pub fn load(path: &Path) -> Result<Saved> {
    let place = || path.display().to_string();
    // A pipe or a device would be waited for, or never end.
    if !path.metadata().map_err(|e| Fault::io(place(), &e))?.is_file() {
        return Err(damaged("a model is a plain file, and this is none").at(place()));
    }
    let open = || File::open(path).map_err(|e| Fault::io(place(), &e));
    let mut file: ModelFile = match serde_json::from_reader(BufReader::new(open()?)) {
        Ok(file) => file,
        Err(error) => return Err(damaged(&json_error::describe(&error, open()?)).at(place())),
    };
    let (name, baseline, trained_to, report) =
        (std::mem::take(&mut file.name), file.baseline.take(), file.trained_to.take(), file.report.take());
    let stream_score = |l: StreamScoreFile| {
        Ok(StreamScore { rows: l.rows, error: parsed(&l.error)?, rmse: parsed(&l.rmse)?, r2: parsed(&l.r2)? })
    };
    let stream_score =
        file.stream_score.take().map(stream_score).transpose().map_err(|fault: Fault| fault.at(place()))?;
    let swaps = std::mem::take(&mut file.swaps);
    let forest = from_file(file).map_err(|fault| fault.at(place()))?;
    let report = report.map(|report| report.report(&forest)).transpose();
    let report = report.map_err(|what| damaged(&format!("its report contradicts itself: {what}")).at(place()))?;
    Ok(Saved { name, forest: forest.into(), baseline, trained_to, report, stream_score, swaps })
}

/// Whether a file begins as a model does: with an object whose first name is `braid_model`.
pub fn is_model(path: &Path) -> bool {
    let mut begin = Vec::new();
    let read = path.metadata().and_then(|found| {
        // What is no plain file is no model; it is not opened to find out, for that may wait.
        if found.is_file() { File::open(path)?.take(256).read_to_end(&mut begin) } else { Ok(0) }
    });
    let text = String::from_utf8_lossy(&begin);
    let inner = text.trim_start_matches('\u{feff}').trim_start().strip_prefix('{');
    read.is_ok() && inner.is_some_and(|inner| inner.trim_start().starts_with("\"braid_model\""))
}
