//! Opening files and folders that a person drops in, as a job: each becomes a table or a model, or says why not.

use std::path::PathBuf;

use crate::data::Result;
use crate::engine::job::{Job, Reporter};
use crate::engine::table::{Table, difference, name_of};
use crate::learn::model::{Saved, is_model, load};
use crate::source::history::{expand, open_history};
use crate::sync::Wake;

/// What became of one path.
#[derive(Debug)]
pub struct OpenedPath {
    pub path: PathBuf,
    pub found: Result<Found>,
}

/// What a path holds.
#[derive(Debug)]
pub enum Found {
    Table(Box<Table>),
    /// A file that begins as a model does.
    Model(Box<Saved>),
}

/// Opens files and folders: each gives a table, a model, or the fault that kept it from being one. Files of one folder
/// with the same schema become one table; a file of a folder that fails does not keep the others away.
pub fn open_paths(paths: Vec<PathBuf>, wake: Wake) -> Job<Vec<OpenedPath>> {
    Job::start("open", wake, move |report| {
        let total = paths.len() as u64;
        let mut opened = Vec::new();
        for (done, path) in paths.into_iter().enumerate() {
            report.progress(done as u64, total, path.display().to_string());
            open_one(path, report, &mut opened)?;
        }
        Ok(opened)
    })
}

fn open_one(path: PathBuf, report: &Reporter, opened: &mut Vec<OpenedPath>) -> Result<()> {
    let files = match expand(&path) {
        Ok(files) => files,
        Err(fault) => {
            opened.push(OpenedPath { path, found: Err(fault) });
            return Ok(());
        }
    };
    let single = files.len() == 1 && !path.is_dir();
    let mut tables: Vec<Table> = Vec::new();
    let total = files.len() as u64;
    for (done, file) in files.into_iter().enumerate() {
        report.check()?;
        report.progress(done as u64, total, file.display().to_string());
        if is_model(&file) {
            opened.push(OpenedPath { found: load(&file).map(|saved| Found::Model(Box::new(saved))), path: file });
            continue;
        }
        // Types settled by the first file of a folder hold for the others where they have the same columns.
        match open_history(&file, None) {
            Ok(history) => match tables.iter_mut().find(|t| difference(&t.schema, history.schema()).is_none()) {
                Some(table) => table.history.push(history),
                None => {
                    let name = name_of(if single || !tables.is_empty() { &file } else { &path });
                    tables.push(Table::of_history(&name, vec![history])?);
                }
            },
            Err(fault) => opened.push(OpenedPath { path: file, found: Err(fault) }),
        }
    }
    opened.extend(
        tables.into_iter().map(|table| OpenedPath { path: path.clone(), found: Ok(Found::Table(Box::new(table))) }),
    );
    Ok(())
}
