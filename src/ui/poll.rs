//! Polling every run once a frame: its newest snapshot becomes a chart, notices and a line of costs.

use std::time::Duration;

use eframe::egui::Context;

use super::App;
use super::action::{Action, Pane, TableAction};
use super::chart::Chart;
use super::notices::Notices;
use super::probe::{SPAN_WAIT, first_question, guessed};
use super::run_notices::tell_news;
use super::widget::cells;
use super::worksheet::Worksheet;
use crate::engine::table::DEFAULT_LATENESS;
use crate::engine::{Job, TimeColumn};

/// How often a staged question is polled.
const TICK: Duration = Duration::from_millis(200);

impl App {
    /// Polls every run once.
    pub(super) fn poll_runs(&mut self, ctx: &Context) {
        let runs: Vec<_> = self.sheets.iter().map(|s| (s.id, s.watch.run_number)).collect();
        self.notices.forget_runs(&runs);
        if let Some(left) = self.notices.fade() {
            ctx.request_repaint_after(left);
        }
        for sheet in &mut self.sheets {
            if let Some((form, seconds)) = sheet.probe.as_ref().and_then(|span| guessed(&sheet.table, span)) {
                if let Some(seen) = sheet
                    .probe
                    .take()
                    .filter(|span| span.of_time)
                    .and_then(|span| span.run.latest())
                    .filter(|seen| seen.last)
                {
                    sheet.ends = cells::event_micros(&seen.answer, 1, 0).map(|at| (sheet.table.history.len(), at));
                }
                // A question that a person has begun to write is not replaced.
                if sheet.question.sql.is_empty() {
                    first_question(sheet, form, seconds, &self.wake);
                } else {
                    sheet.window_size = form.window.map(|window| window.size);
                }
            } else if sheet.probe.is_some() {
                ctx.request_repaint_after(SPAN_WAIT);
            }
            take_first_rows(sheet, &mut self.notices);
            sheet.classify();
            let polled = sheet.poll(&self.wake);
            let late = self.pane == Some(Pane::Late) && self.selected == Some(sheet.id);
            sheet.look_after_late_rows(late, ctx, &self.wake);
            if sheet.look_after_kept_out(ctx, &self.wake) || polled {
                tell_news(sheet, &mut self.notices);
            }
            if let Some(shown) = sheet.watch.shown.clone() {
                let of = (sheet.watch.shown_run, &sheet.watch.shown_windows);
                sheet.grid.poll(&shown, of, &self.wake);
                sheet.chart.point_at(self.pointer);
                sheet.chart.poll(&shown, shown.history_share(), of, &self.wake);
            }
            match &sheet.watch.staged {
                Some(next) => {
                    if let Some(newest) = &next.newest {
                        sheet.preview.poll(newest, next.share(), (next.number, &next.windows), &self.wake);
                    }
                    // A staged run can become ready without a new snapshot.
                    ctx.request_repaint_after(TICK);
                }
                None if sheet.preview.figure().is_some() => sheet.preview = Chart::default(),
                None => {}
            }
            self.costs.note(sheet);
        }
    }
}

/// Takes what the first rows tell: where the table has no time, the likeliest is offered.
fn take_first_rows(sheet: &mut Worksheet, notices: &mut Notices) {
    let Some(outcome) = sheet.finding.as_mut().and_then(Job::take) else { return };
    sheet.finding = None;
    // What cannot be looked at says so when it is asked.
    sheet.first_rows = outcome.unwrap_or_default();
    sheet.refits = !sheet.first_rows.running.is_empty();
    if let Some(epoch) = sheet.first_rows.epochs.iter().find(|epoch| sheet.table.time.is_none() && epoch.is_likely()) {
        let time = TimeColumn { column: epoch.column.clone(), lateness: DEFAULT_LATENESS };
        notices.offer(
            format!("{} may be the time of {}", epoch.words(), sheet.table.name),
            format!("Take {} as its time", epoch.column),
            Action::Table(sheet.id, TableAction::Time(Some(time))),
        );
    }
}
