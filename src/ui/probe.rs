//! The run that looks at a new table, so that the first question fits it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bind::bind;
use super::board::suggestions;
use super::widget::cells;
use super::worksheet::{Worksheet, options};
use super::{App, first};
use crate::engine::{Options, Run, Seam, Table};
use crate::query::Form;
use crate::query::model::Models;
use crate::query::window::Micros;
use crate::sync::Wake;
use crate::workspace::TableSetup;
use crate::workspace::bench::Tile;

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

/// A question that was proposed. While it is the one that is asked, nobody has touched it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    pub sql: String,
    /// How much time it was proposed for.
    pub seconds: u64,
    /// The first time of its answers.
    since: Option<Micros>,
}

/// A question is proposed anew once there is so many times as much time as it was proposed for.
const GROWN: u64 = 30;

impl Proposed {
    pub fn of(sql: &str, seconds: u64) -> Self {
        Self { sql: sql.to_owned(), seconds, since: None }
    }
}

impl App {
    /// Asks the question that comes with the table, or starts a probe for one that fits: the size of a window depends
    /// on the span of time.
    pub(super) fn begin(&mut self, sheet: &mut Worksheet, setup: &TableSetup) {
        sheet.others = self.sheets.iter().map(|s| s.table.clone()).collect();
        sheet.models = self.models.known().clone();
        if !setup.question.is_empty() {
            sheet.proposed = setup.proposed.map(|seconds| Proposed::of(&setup.question, seconds));
            let proposed = setup.proposed.filter(|seconds| *seconds > 0);
            sheet.window_size = proposed.map(|seconds| first::size_for(seconds as f64).to_owned());
            sheet.question.set_sql(setup.question.clone());
            return if setup.stopped { sheet.rest(&self.wake) } else { sheet.ask(&self.wake) };
        }
        self.propose_first(sheet);
    }

    /// Starts a probe for what fits a table, or proposes a question at once; one that is written stays.
    pub(super) fn propose_first(&mut self, sheet: &mut Worksheet) {
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
        if sheet.question.sql.is_empty() {
            let form = first::question(&sheet.table, first::live_size(&sheet.table));
            first_question(sheet, form, 0, &self.wake);
        }
    }

    /// Proposes what nobody has touched anew, where a table has outgrown it: windows that fit its first seconds are too
    /// short for its days.
    pub(super) fn propose_anew(&mut self) {
        for sheet in &mut self.sheets {
            let Some((form, seconds)) = outgrown(sheet) else { continue };
            let bench = self.bench.now();
            let is_kept =
                |tile: &Tile| !tile.suggested && tile.table == sheet.table.name && tile.sql == sheet.question.sql;
            // What somebody has put on a board is theirs.
            if bench.boards.iter().any(|board| board.tiles.iter().any(is_kept)) {
                sheet.proposed = None;
                continue;
            }
            let questions = |sheet: &Worksheet| suggestions(sheet, None).into_iter().map(|tile| tile.sql);
            let before: Vec<String> = questions(sheet).collect();
            first_question(sheet, form, seconds, &self.wake);
            let pairs: Vec<(String, String)> = before.into_iter().zip(questions(sheet)).collect();
            self.bench.propose_anew(&sheet.table.name, &pairs);
            self.boards.changed = Some(Instant::now());
        }
    }
}

/// The question that fits a table which has outgrown the one that was proposed, and how much time it fits.
fn outgrown(sheet: &mut Worksheet) -> Option<(Form, u64)> {
    let sql = &sheet.question.sql;
    let is_asked = *sql == sheet.question.asked && sheet.watch.staged.is_none() && sheet.rewound.is_none();
    let proposed = sheet.proposed.as_mut().filter(|own| is_asked && own.sql == *sql && sheet.watch.is_live())?;
    let (window, answer) = (sheet.question.form.window.as_ref()?, &sheet.watch.newest.as_ref()?.answer);
    let time = answer.columns().iter().position(|column| column.dtype().is_temporal())?;
    let first = cells::micros(answer, time, 0)?;
    let last = cells::micros(answer, time, answer.height().checked_sub(1)?)?;
    // Windows that are final leave memory, and the answer with it.
    let since = *proposed.since.insert(proposed.since.map_or(first, |since| since.min(first)));
    let seconds = u64::try_from(last.saturating_sub(since) / 1_000_000).unwrap_or(0);
    let size = first::size_for(seconds as f64);
    let grown = seconds >= proposed.seconds.saturating_mul(GROWN) && first::is_longer(size, &window.size);
    grown.then(|| (first::question(&sheet.table, size), seconds))
}

/// The first question, from what the probe has seen, and how much time it fits; `None` while the probe is worth waiting
/// for.
pub(super) fn guessed(table: &Table, span: &ProbeRun) -> Option<(Form, u64)> {
    if span.of_time {
        return span_size(span).map(|(size, seconds)| (first::question(table, size), seconds));
    }
    let seen = span.run.latest().filter(|seen| seen.last);
    if seen.is_none() && span.since.elapsed() <= SPAN_LIMIT {
        return None;
    }
    let fitting = seen.and_then(|seen| first::question_by(table, &seen.answer));
    Some((fitting.unwrap_or_else(|| first::question(table, first::live_size(table))), 0))
}

pub(super) fn first_question(sheet: &mut Worksheet, form: Form, seconds: u64, wake: &Wake) {
    sheet.window_size = form.window.as_ref().map(|window| window.size.clone()).or(sheet.window_size.take());
    sheet.question.set_form(form);
    sheet.proposed = Some(Proposed::of(&sheet.question.sql, seconds));
    sheet.ask(wake);
}

/// The window size, from what the probe has seen, and for how many seconds; `None` while the probe is worth waiting
/// for.
fn span_size(span: &ProbeRun) -> Option<(&'static str, u64)> {
    let waited = span.since.elapsed();
    let Some(seen) = span.run.latest() else { return (waited > SPAN_LIMIT).then_some(UNKNOWN) };
    if !seen.last && waited < SPAN_WAIT {
        return None;
    }
    let (first, last) = (cells::event_micros(&seen.answer, 0, 0), cells::event_micros(&seen.answer, 1, 0));
    let Some((first, last)) = first.zip(last) else { return (seen.last || waited > SPAN_LIMIT).then_some(UNKNOWN) };
    // A file in order of time has shown as much of its span as of its bytes, a shuffled one the whole span: the
    // estimate lies between.
    let seconds = last.saturating_sub(first) as f64 / 1e6 / seen.history_share().max(1e-3).sqrt();
    Some((first::size_for(seconds), seconds as u64))
}

/// Where nothing is known of the span.
const UNKNOWN: (&str, u64) = ("1 day", 86_400);
