//! Notices as calm banners: what, where, what to do.

use eframe::egui::{Align, CornerRadius, Frame, Label, Layout, Margin, RichText, Ui};

use crate::ui::action::{Action, Window};
use crate::ui::notices::{Level, Notice};
use crate::ui::widget::badge::Tone;
use crate::ui::widget::buttons;
use crate::ui::{App, look};

/// How many are shown at once; the newest.
const SHOWN: usize = 3;

pub fn notices_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let all = app.notices.all();
    let hidden = all.len().saturating_sub(SHOWN);
    for notice in all.iter().skip(hidden) {
        notice_ui(ui, notice, actions);
    }
    if hidden > 0 {
        ui.horizontal(|ui| {
            ui.add_space(look::PAD);
            ui.label(look::faint(format!("and {hidden} more"), ui));
            if buttons::quiet_ui(ui, "Dismiss all").clicked() {
                actions.extend(all.iter().map(|n| Action::Window(Window::Dismiss(n.id))));
            }
        });
    }
}

fn notice_ui(ui: &mut Ui, notice: &Notice, actions: &mut Vec<Action>) {
    let tone = match notice.level {
        Level::News => Tone::Accent,
        Level::Warning => Tone::Warn,
        Level::Error => Tone::Error,
    };
    let (color, ground) = tone.colors(ui);
    let frame = Frame::new().fill(ground).corner_radius(CornerRadius::same(look::ROUND)).inner_margin(Margin::symmetric(12, 6)).outer_margin(Margin {
        left: 12,
        right: 12,
        top: 6,
        bottom: 0,
    });
    frame.show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if buttons::cross_ui(ui, "Dismiss").clicked() {
                actions.push(Action::Window(Window::Dismiss(notice.id)));
            }
            if let Some((button, action)) = &notice.offer
                && ui.button(button).clicked()
            {
                actions.push(action.clone());
                actions.push(Action::Window(Window::Dismiss(notice.id)));
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.add(Label::new(RichText::new(&notice.what).color(color).strong()).wrap());
                let second = match (notice.place.is_empty(), notice.hint.is_empty()) {
                    (true, true) => return,
                    (false, true) => notice.place.clone(),
                    (true, false) => notice.hint.clone(),
                    (false, false) => format!("{} · {}", notice.place, notice.hint),
                };
                ui.add(Label::new(RichText::new(second).size(look::SMALL)).wrap());
            });
        });
    });
}
