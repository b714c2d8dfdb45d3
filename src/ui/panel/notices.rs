//! Notices as calm banners: what, where, what to do.

use eframe::egui::{Align, CornerRadius, Frame, Label, Layout, Margin, RichText, Ui};

use crate::ui::action::{Action, Window};
use crate::ui::notices::{Level, Notice};
use crate::ui::widget::badge::Tone;
use crate::ui::widget::buttons;
use crate::ui::{App, look};

/// How many are shown at once; the newest.
const SHOWN: usize = 3;
/// Room for the button of an offer.
const BUTTON: f32 = 200.0;

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
        ui.horizontal_top(|ui| {
            let button = notice.offer.as_ref().map_or(0.0, |_| BUTTON);
            let room = (ui.available_width() - button - 2.0 * look::ROW).max(look::ROW);
            ui.vertical(|ui| {
                ui.set_width(room);
                ui.add(Label::new(RichText::new(&notice.what).color(color).strong()).wrap());
                let second: Vec<&str> = [notice.place.as_str(), notice.hint.as_str()].into_iter().filter(|s| !s.is_empty()).collect();
                if !second.is_empty() {
                    ui.add(Label::new(RichText::new(second.join(" · ")).size(look::SMALL)).wrap());
                }
            });
            ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
                if buttons::cross_ui(ui, "Dismiss").clicked() {
                    actions.push(Action::Window(Window::Dismiss(notice.id)));
                }
                if let Some((button, action)) = &notice.offer
                    && ui.button(button).clicked()
                {
                    actions.push(action.clone());
                    actions.push(Action::Window(Window::Dismiss(notice.id)));
                }
            });
        });
    });
}
