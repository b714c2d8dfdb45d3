//! A question that was changed while it runs: how far the new answer is, and its picture beside the old one.

use eframe::egui::{CornerRadius, Frame, Label, Margin, ProgressBar, RichText, Ui};

use crate::data::words::percent;
use crate::figure::AxisKind;
use crate::ui::action::{Action, RunAction};
use crate::ui::look;
use crate::ui::watch::StagedRun;
use crate::ui::widget::badge::{Tone, badge_ui};
use crate::ui::widget::{numbers, row};
use crate::ui::wording;
use crate::ui::worksheet::Worksheet;

/// The strip above the chart.
pub fn strip_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let Some(next) = sheet.watch.staged.as_ref().filter(|next| next.is_slow()) else { return };
    let p = look::palette(ui);
    let share = next.share();
    Frame::new().fill(p.accent_soft).inner_margin(Margin::symmetric(12, 6)).corner_radius(CornerRadius::ZERO).show(
        ui,
        |ui| {
            let right = |ui: &mut Ui| {
                let ready = next.newest.is_some();
                let now = ui.add_enabled(ready, eframe::egui::Button::new("Show now"));
                if now
                    .on_hover_text("Take the new answer as far as it is; it goes on")
                    .on_disabled_hover_text("It has no answer yet")
                    .clicked()
                {
                    actions.push(Action::Run(sheet.id, RunAction::ShowNow));
                }
                if ui
                    .button("Keep the old answer")
                    .on_hover_text("Give the changed question up; its text stays")
                    .clicked()
                {
                    actions.push(Action::Run(sheet.id, RunAction::KeepOld));
                }
            };
            let left = |ui: &mut Ui| {
                ui.label(RichText::new("New answer").strong().color(p.strong));
                ui.add(ProgressBar::new(share as f32).desired_width(112.0).desired_height(6.0).fill(p.accent));
                let rows = next.newest.as_ref().map_or(0, |s| s.rows.come_in);
                let text =
                    if share >= 1.0 { "has caught up".to_owned() } else { format!("{} of the rows", percent(share)) };
                ui.add(Label::new(format!("{text} · {} so far", numbers::counted(rows, "row"))).truncate())
                    .on_hover_text(
                        "The old answer goes on until the new one covers as much; then it takes its place at once",
                    );
            };
            row::ends_ui(ui, left, right);
        },
    );
}

/// What stands over each of the two pictures.
pub fn title_ui(ui: &mut Ui, word: &str, tone: Tone, sql: &str) {
    ui.horizontal(|ui| {
        badge_ui(ui, word, tone);
        let line = wording::one_line(sql);
        ui.add(Label::new(look::faint(line, ui)).truncate()).on_hover_text(sql);
    });
}

/// How far the new answer covers what the old one does.
fn covers(sheet: &Worksheet, next: &StagedRun) -> String {
    let share = next.share();
    if share >= 1.0 {
        return "Covers as much as the answer that is shown".to_owned();
    }
    let until =
        sheet.preview.figure().filter(|figure| figure.x.kind == AxisKind::Time).and_then(|figure| figure.until());
    let until = until.map_or_else(String::new, |at| format!(", up to {}", numbers::time(at as i64)));
    format!("Covers {} of the rows{until}", percent(share))
}

/// The new answer's picture, to be looked at.
pub fn preview_ui(ui: &mut Ui, sheet: &Worksheet, next: &StagedRun) {
    title_ui(ui, "New", Tone::Accent, &next.sql);
    if next.newest.is_some() {
        ui.add(Label::new(look::faint(covers(sheet, next), ui)).truncate())
            .on_hover_text("What is not read yet is shaded: rows for it may come");
    }
    let size = ui.available_size();
    if sheet.preview.figure().is_none() || size.x < 40.0 || size.y < 40.0 {
        let text = match (&next.newest, sheet.preview.fault()) {
            (_, Some(fault)) => wording::fault(fault),
            (Some(newest), None) if newest.answer.height() == 0 => "No row fits it so far".to_owned(),
            _ => "Reading".to_owned(),
        };
        ui.centered_and_justified(|ui| ui.label(look::faint(text, ui)));
        return;
    }
    let (rect, response) = ui.allocate_exact_size(size, eframe::egui::Sense::hover());
    response.widget_info(|| {
        eframe::egui::WidgetInfo::labeled(eframe::egui::Role::Image, true, "Picture of the new answer")
    });
    if let Some(fault) = sheet.preview.draw(ui, rect, |_| {}) {
        ui.put(rect, look::fault(&fault, ui));
    }
}
