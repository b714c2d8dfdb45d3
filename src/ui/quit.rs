//! Leaving the window: at once, unless something is under way.

use std::time::{Duration, Instant};

use eframe::egui::{Context, ViewportCommand};

use super::App;
use super::action::Pane;
use super::worksheet::Worksheet;
use crate::engine::TableScan;

/// How long the window waits for the last checkpoints: what they lack is read again from the feeds and recordings.
const PATIENCE: Duration = Duration::from_millis(1_500);

impl App {
    /// Ends the readings of all feeds and waits a moment until what is known is written down.
    pub(super) fn write_down(&self) {
        let ending: Vec<TableScan> = self.sheets.iter().filter_map(Worksheet::finish).collect();
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && !ending.iter().all(TableScan::is_over) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks before the window is closed, where something is under way.
    pub(super) fn ask_before_quitting(&mut self, ctx: &Context) {
        if !ctx.input(|i| i.viewport().close_requested()) || self.quits || self.ended_by_quitting().is_empty() {
            return;
        }
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        self.pane = Some(Pane::Quit);
    }

    pub(super) fn quit(&mut self, ctx: &Context) {
        self.quits = true;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }

    /// What ends with the window, a sentence each.
    pub(super) fn ended_by_quitting(&self) -> Vec<String> {
        let mut ended: Vec<String> = self
            .sheets
            .iter()
            .filter(|sheet| sheet.watch.is_live())
            .flat_map(|sheet| &sheet.table.live)
            .map(|feed| match feed.kind.rereadable {
                true => format!("{} is followed: what it brings meanwhile is read next time", feed.url.shown()),
                false => format!("What {} sends while Braid is closed is missed", feed.url.shown()),
            })
            .collect();
        if self.train_form.as_ref().is_some_and(|form| !form.is_idle()) {
            ended.push("A model is being trained".to_owned());
        }
        if !self.jobs.is_idle() {
            ended.push("Something is still being read or saved".to_owned());
        }
        ended
    }
}
