//! One quiet line under the SQL: how exact each item is, what it costs to keep, and the cheaper form where there is
//! one.

use eframe::egui::{Button, Label, RichText, ScrollArea, Ui};

use crate::ui::action::{Action, QuestionAction};
use crate::ui::classes::{ItemClass, about, tone, word};
use crate::ui::look;
use crate::ui::question::{QuestionOf, Written};
use crate::ui::widget::badge::badge_ui;

/// The height of the line.
pub const HEIGHT: f32 = look::ROW;

pub fn classes_ui(ui: &mut Ui, written: Written<'_>, actions: &mut Vec<Action>) {
    ScrollArea::horizontal().id_salt("classes").auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = look::STEP;
            for item in &written.question.classes {
                ui.add(Label::new(look::faint(&item.name, ui)));
                class_badge_ui(ui, written.of, item, actions);
                ui.add_space(look::GAP);
            }
        });
    });
}

/// The class of an item, and its cheaper form where there is one.
pub fn class_badge_ui(ui: &mut Ui, of: QuestionOf, item: &ItemClass, actions: &mut Vec<Action>) {
    badge_ui(ui, &word(item.class), tone(item.class)).on_hover_text(about(item.class));
    if let Some((form, words)) = &item.cheaper
        && sketch_ui(ui, &item.name, words, form)
    {
        actions.push(Action::Question(of, QuestionAction::Cheaper(item.item)));
    }
}

/// The button that makes a sketch of something.
fn sketch_ui(ui: &mut Ui, name: &str, words: &str, form: &str) -> bool {
    let p = look::palette(ui);
    let button = Button::new(RichText::new("sketch it").size(look::SMALL).color(p.accent)).frame_when_inactive(false);
    ui.add(button)
        .accessible_name(format!("Use the sketch for {name}"))
        .on_hover_text(format!("{words}\n\n{form}\n\nUndo takes it back"))
        .clicked()
}
