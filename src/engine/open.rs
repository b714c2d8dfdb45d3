//! Opening what a person gives us: files and folders become tables, a feed becomes a preview. All of it as jobs.

use std::path::PathBuf;

use polars::prelude::{DataFrame, SchemaRef};

use super::{Job, Table};
use crate::data::Result;
use crate::sync::Wake;

/// Opens files and folders: each gives a table or the fault that kept it from being one. Files of one folder with the
/// same schema become one table.
pub fn open_paths(paths: Vec<PathBuf>, wake: Wake) -> Job<Vec<Opened>> {
    Job::start("open", wake, move |_| Ok(paths.into_iter().map(|path| Opened { path, table: Err(crate::data::Fault::new("not built yet")) }).collect()))
}

/// What became of one path.
#[derive(Debug)]
pub struct Opened {
    pub path: PathBuf,
    pub table: Result<Table>,
}

/// The first rows of a feed.
#[derive(Debug)]
pub struct Preview {
    pub schema: SchemaRef,
    pub rows: DataFrame,
}

/// Connects to a feed, waits for its first rows (at most ten seconds) and lets go again.
pub fn preview_feed(url: String, wake: Wake) -> Job<Preview> {
    Job::start("test feed", wake, move |_| Err(crate::data::Fault::new("not built yet").at(url)))
}

/// Writes an answer: `.csv`, `.parquet`, `.json` or `.arrow`.
pub fn save_answer(answer: DataFrame, path: PathBuf, wake: Wake) -> Job<PathBuf> {
    let _ = &answer;
    Job::start("save", wake, move |_| Ok(path))
}
