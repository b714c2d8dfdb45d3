//! The status bar: what the run is doing, how far it is, how fresh the answer is, and what was set aside.

use std::time::{SystemTime, UNIX_EPOCH};

use eframe::egui::{self, Align, Color32, Layout, ProgressBar, RichText, Ui};

use crate::ui::action::{Action, Pane, RunAction, Window};
use crate::ui::look;
use crate::ui::sheet::Sheet;
use crate::ui::watch::State;
use crate::ui::widget::badge::dot_ui;
use crate::ui::widget::numbers;
use crate::workspace::percent;

/// A watermark further behind than this belongs to a replay of old data, and its distance says nothing.
const OLD_SECS: f64 = 7.0 * 86_400.0;

pub fn status_ui(ui: &mut Ui, sheet: &Sheet, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let state = sheet.watch.state();
    ui.horizontal_centered(|ui| {
        let color = match state {
            State::Live => p.live,
            State::Asking | State::Reading(_) => p.accent,
            State::Paused | State::Stopping => p.warn,
            State::Idle | State::Stopped | State::Done => p.faint,
        };
        dot_ui(ui, color);
        ui.label(RichText::new(state_text(sheet, state)).color(p.strong));
        if let State::Reading(share) = state {
            ui.add(ProgressBar::new(share as f32).desired_width(112.0).desired_height(6.0).fill(p.accent));
        }
        facts_ui(ui, sheet, actions);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| run_ui(ui, sheet, actions));
    });
}

fn state_text(sheet: &Sheet, state: State) -> String {
    match state {
        State::Idle if sheet.span.is_some() => "Looking at the data".to_owned(),
        State::Idle if sheet.question.fault.is_some() => "Not asked: the question has a fault".to_owned(),
        State::Idle => "Nothing asked yet".to_owned(),
        State::Asking => "Asking".to_owned(),
        State::Reading(share) if share < 1.0 => format!("Reading history {}", percent(share)),
        State::Reading(_) if sheet.table.live.is_empty() => "Finishing".to_owned(),
        State::Reading(_) => "Waiting for live rows".to_owned(),
        State::Live => "Live".to_owned(),
        State::Paused => format!("Paused, {} since", numbers::counted(sheet.watch.rows_since_pause(), "row")),
        State::Stopping => "Stopping".to_owned(),
        State::Stopped => "Stopped".to_owned(),
        State::Done => "Done".to_owned(),
    }
}

/// The figures of the newest snapshot, not of a paused one: ingest goes on.
fn facts_ui(ui: &mut Ui, sheet: &Sheet, actions: &mut Vec<Action>) {
    let Some(newest) = &sheet.watch.newest else { return };
    let p = look::palette(ui);
    let rows = &newest.rows;
    ui.separator();
    let sums = format!(
        "{} in = {} shown + {} filtered + {} late + {} rejected",
        numbers::count(rows.come_in),
        numbers::count(rows.shown),
        numbers::count(rows.filtered),
        numbers::count(rows.late),
        numbers::count(rows.rejected)
    );
    ui.label(format!("{} in", numbers::counted(rows.come_in, "row"))).on_hover_text(sums);
    if sheet.watch.is_running() {
        let rate = if newest.live_open > 0 { newest.live_rate } else { sheet.watch.rows_per_sec() };
        ui.label(format!("{} rows/s", numbers::short(rate)));
    } else {
        ui.label(format!("in {}", numbers::duration(newest.elapsed.as_secs_f64())));
    }
    if let Some(watermark) = newest.watermark {
        let lag = lag_secs(watermark).filter(|lag| *lag < OLD_SECS && sheet.watch.is_running());
        let behind = lag.map_or_else(String::new, |lag| format!(", {} behind", numbers::duration(lag)));
        // Whole seconds: digits that change faster than they can be read are noise.
        let at = watermark.div_euclid(1_000_000).saturating_mul(1_000_000);
        ui.label(format!("Watermark {}{behind}", numbers::time(at))).on_hover_text("No row older than this is expected any more");
    }
    if rows.late > 0 && counter_ui(ui, p.warn, &format!("{} late", numbers::count(rows.late)), "Rows that came after their window was final: see them") {
        actions.push(Action::Window(Window::Show(Pane::Late)));
    }
    if rows.rejected > 0 && counter_ui(ui, p.warn, &format!("{} rejected", numbers::count(rows.rejected)), "Rows that could not be read: see why") {
        actions.push(Action::Window(Window::Show(Pane::Rejects)));
    }
    if rows.dropped > 0 {
        let text = RichText::new(format!("{} dropped", numbers::count(rows.dropped))).color(p.error);
        ui.label(text).on_hover_text("Rows that a feed which cannot wait lost because the engine was busy");
    }
    if newest.seam.at.is_some() && counter_ui(ui, p.accent, "Seam", "Where history ends and live begins: see the ledger") {
        actions.push(Action::Window(Window::Show(Pane::Ledger)));
    }
}

fn counter_ui(ui: &mut Ui, color: Color32, text: &str, hint: &str) -> bool {
    ui.add(egui::Button::new(RichText::new(text).color(color)).frame_when_inactive(false)).on_hover_text(hint).clicked()
}

fn lag_secs(watermark: i64) -> Option<f64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(now.as_secs_f64() - watermark as f64 / 1e6)
}

fn run_ui(ui: &mut Ui, sheet: &Sheet, actions: &mut Vec<Action>) {
    let running = sheet.watch.is_running();
    if ui.add_enabled(running && !sheet.watch.stopping, egui::Button::new("Stop")).on_hover_text("End all inputs and keep the answer").clicked() {
        actions.push(Action::Run(RunAction::Stop));
    }
    if sheet.watch.paused {
        if ui.button("Resume").on_hover_text("Show the newest answer again").clicked() {
            actions.push(Action::Run(RunAction::Resume));
        }
    } else if ui.add_enabled(running, egui::Button::new("Pause")).on_hover_text("Hold the picture still; rows go on being counted").clicked() {
        actions.push(Action::Run(RunAction::Pause));
    }
}
