//! Writing an answer to a file, as a job. What a file looks like is `data::format`'s.

use std::path::PathBuf;
use std::sync::Arc;

use polars::prelude::DataFrame;

use super::Job;
use super::sealed_answer::SealedAnswer;
use crate::data::format;
use crate::sync::Wake;

/// Writes all of an answer of which some is on disk, part after part joined to one.
pub fn save_sealed(answer: Arc<SealedAnswer>, path: PathBuf, formulas: format::Formulas, wake: Wake) -> Job<PathBuf> {
    Job::start("save", wake, move |report| {
        let mut whole = DataFrame::empty();
        answer.each(|part| {
            report.check()?;
            report.progress(whole.height() as u64, answer.groups(), "reading final windows");
            if whole.width() == 0 {
                whole = part
            } else {
                whole.vstack_mut(&part).map(drop)?
            }
            Ok(())
        })?;
        format::write_frame_with(&whole, &path, formulas)?;
        Ok(path)
    })
}

/// Writes an answer: `.csv`, `.parquet`, `.json` or `.arrow`.
pub fn save_answer(answer: DataFrame, path: PathBuf, formulas: format::Formulas, wake: Wake) -> Job<PathBuf> {
    Job::start("save", wake, move |_| {
        format::write_frame_with(&answer, &path, formulas)?;
        Ok(path)
    })
}
