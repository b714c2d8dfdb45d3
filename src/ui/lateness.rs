//! The lateness profile of a table: the job that measures how late rows come, and its result.

use super::worksheet::Worksheet;
use crate::data::Result;
use crate::engine::{Job, Progress, Table, lateness};
use crate::query::lateness::LatenessCost;
use crate::sync::Wake;
use crate::workspace::TableId;

/// How late the rows of one table come.
#[derive(Debug)]
pub struct LatenessProfile {
    pub sheet: TableId,
    job: Option<Job<Vec<LatenessCost>>>,
    pub found: Option<Result<Vec<LatenessCost>>>,
    /// Whether the question has windows, which lateness keeps open.
    pub windowed: bool,
}

impl LatenessProfile {
    /// Starts to measure for the question that is asked of `sheet`.
    ///
    /// # Errors
    /// When there is no question to measure for.
    pub fn begin(sheet: &Worksheet, wake: &Wake) -> Result<Self> {
        let plan = sheet.plan(&sheet.question.sql)?.plan;
        let reached = sheet.watch.newest.as_ref().map(|s| s.reached.clone()).unwrap_or_default();
        let windowed = plan.window().is_some();
        let job = lateness::estimate(Table::clone(&sheet.table), plan, reached, groups(sheet), wake.clone());
        Ok(Self { sheet: sheet.id, job: Some(job), found: None, windowed })
    }

    pub fn poll(&mut self) {
        if let Some(outcome) = self.job.as_mut().and_then(Job::take) {
            self.job = None;
            self.found = Some(outcome);
        }
    }

    /// The progress of the job, while it runs.
    pub fn progress(&self) -> Option<Progress> {
        self.job.as_ref().map(Job::progress)
    }
}

/// The approximate number of groups in a window of the answer.
fn groups(sheet: &Worksheet) -> f64 {
    let rows = sheet.watch.shown.as_ref().map_or(0, |s| s.answer.height());
    let windows = sheet.chart.figure().and_then(|f| f.series.iter().map(crate::figure::Series::len).max()).unwrap_or(0);
    if windows == 0 { 1.0 } else { (rows as f64 / windows as f64).max(1.0) }
}
