//! The run that looks at a new table, so that the first question fits it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bind::bind;
use super::widget::cells;
use super::worksheet::{Worksheet, options};
use super::{App, first};
use crate::engine::{Options, Run, Seam, Table};
use crate::query::Form;
use crate::query::model::Models;
use crate::sync::Wake;

/// How long the first question waits for the whole span of a history; then a part of it is enough.
pub(super) const SPAN_WAIT: Duration = Duration::from_millis(600);
/// How long the first question waits for any snapshot of the probe.
const SPAN_LIMIT: Duration = Duration::from_secs(5);

/// A probe for the first question.
#[derive(Debug)]
pub struct ProbeRun {
    pub run: Run,
    pub since: Instant,
    /// Whether it asks for the span of time; else for the number of values of columns.
    pub of_time: bool,
}

impl App {
    /// Asks the question that comes with the table, or starts a probe for one that fits: the size of a window depends
    /// on the span of time.
    pub(super) fn begin(&mut self, sheet: &mut Worksheet, question: &str) {
        sheet.others = self.sheets.iter().map(|s| s.table.clone()).collect();
        sheet.models = self.models.known().clone();
        if !question.is_empty() {
            sheet.question.set_sql(question.to_owned());
            return sheet.ask(&self.wake);
        }
        let probe = first::probe(&sheet.table).filter(|_| !sheet.table.history.is_empty());
        if let Some(probe) = probe {
            let table = Table { live: Vec::new(), seam: Seam::Append, ..Table::clone(&sheet.table) };
            let table = Arc::new(table);
            let options = Options { pieces: probe.pieces, ..options(Vec::new()) };
            let run = bind(&probe.sql, &table, &[], &Models::default())
                .and_then(|bound| Run::start(bound.plan, table, options, self.wake.clone()));
            if let Ok(run) = run {
                sheet.probe = Some(ProbeRun { run, since: Instant::now(), of_time: probe.pieces.is_none() });
                return;
            }
        }
        let form = first::question(&sheet.table, first::live_size(&sheet.table));
        first_question(sheet, form, &self.wake);
    }
}

/// The first question, from what the probe has seen; `None` while the probe is worth waiting for.
pub(super) fn guessed(table: &Table, span: &ProbeRun) -> Option<Form> {
    if span.of_time {
        return span_size(span).map(|size| first::question(table, size));
    }
    let seen = span.run.latest().filter(|seen| seen.last);
    if seen.is_none() && span.since.elapsed() <= SPAN_LIMIT {
        return None;
    }
    let fitting = seen.and_then(|seen| first::question_by(table, &seen.answer));
    Some(fitting.unwrap_or_else(|| first::question(table, first::live_size(table))))
}

pub(super) fn first_question(sheet: &mut Worksheet, form: Form, wake: &Wake) {
    sheet.question.set_form(form);
    sheet.ask(wake);
}

/// The window size, from what the probe has seen; `None` while the probe is worth waiting for.
fn span_size(span: &ProbeRun) -> Option<&'static str> {
    let waited = span.since.elapsed();
    let Some(seen) = span.run.latest() else { return (waited > SPAN_LIMIT).then_some("1 day") };
    if !seen.last && waited < SPAN_WAIT {
        return None;
    }
    let (first, last) = (cells::micros(&seen.answer, 0, 0), cells::micros(&seen.answer, 1, 0));
    let Some((first, last)) = first.zip(last) else { return (seen.last || waited > SPAN_LIMIT).then_some("1 day") };
    // A file in order of time has shown as much of its span as of its bytes, a shuffled one the whole span: the
    // estimate lies between.
    let seconds = last.saturating_sub(first) as f64 / 1e6;
    Some(first::size_for(seconds / seen.history_share().max(1e-3).sqrt()))
}
