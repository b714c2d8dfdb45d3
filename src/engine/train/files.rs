//! Rows of files in one frame, for training without a table.

use std::sync::Arc;

use polars::prelude::DataFrame;

use crate::data::{Fault, Result};
use crate::source::history::History;
use crate::sync::Cancel;

/// Reads some columns of files, all rows; gives how many rows could not be read, too.
///
/// # Errors
/// When there is no file, a column is missing, or a file cannot be read.
pub fn read(files: &[Arc<dyn History>], columns: &[String], stop: &Cancel) -> Result<(DataFrame, u64)> {
    let mut all: Option<DataFrame> = None;
    let mut unread = 0;
    for file in files {
        let index = |name: &String| {
            let missing = || {
                Fault::new(format!("there is no column '{name}'"))
                    .at(file.name())
                    .hint("all files need the same columns")
            };
            file.schema().index_of(name).ok_or_else(missing)
        };
        let places = columns.iter().map(index).collect::<Result<Vec<_>>>()?;
        let mut reader = file.open(&places)?;
        while let Some(piece) = reader.next()? {
            if stop.is_set() {
                return Err(Fault::new("it was stopped").hint("nothing was written"));
            }
            for chunk in piece.decode()? {
                unread += chunk.rejects.count;
                if chunk.frame.height() == 0 {
                    continue;
                }
                match &mut all {
                    Some(all) => drop(all.vstack_mut(&chunk.frame)?),
                    None => all = Some(chunk.frame),
                }
            }
        }
    }
    let place = || files.first().map_or_else(String::new, |f| f.name().to_owned());
    let all = all.ok_or_else(|| Fault::new("there is no row in it").at(place()).hint("choose a file with data"))?;
    Ok((all, unread))
}
