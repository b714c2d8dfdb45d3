//! The models that stand under a table, in its card.

use eframe::egui::containers::menu::MenuButton;
use eframe::egui::{Button, Label, RichText, Sense, Stroke, Ui};

use crate::ui::action::{Action, ExportAction, LoadAction, ModelAction, TableAction, TrainAction};
use crate::ui::guard::ModelGuard;
use crate::ui::models::ModelEntry;
use crate::ui::widget::{buttons, context, row};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look};

pub fn models_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    for entry in app.models.under(sheet.id) {
        ui.push_id(entry.id, |ui| entry_ui(ui, app, sheet, entry, actions));
    }
    for model in &sheet.unread {
        let name = if model.name.is_empty() { model.file.display().to_string() } else { model.name.clone() };
        let label = Label::new(look::faint(format!("{name} cannot be read"), ui)).truncate().sense(Sense::click());
        let label = ui.add(label).on_hover_text(format!("{}: a right click lets it go", model.file.display()));
        context::menu_ui(&label, |ui| {
            if ui.button("Remove").on_hover_text("Its file stays; Ctrl+Z brings it back").clicked() {
                actions.push(Action::Table(sheet.id, TableAction::ForgetModel(model.file.clone())));
            }
        });
    }
    let training = app.train_form.as_ref().filter(|l| l.sheet == sheet.id).and_then(|l| l.training.as_ref());
    if let Some(training) = training {
        let progress = training.progress();
        let share = (progress.done * 100).checked_div(progress.total).unwrap_or(0);
        if buttons::quiet_ui(ui, &format!("Training, {share} %")).on_hover_text("See how far it is").clicked() {
            actions.push(Action::Train(TrainAction::Begin(sheet.id)));
        }
    } else if buttons::quiet_ui(ui, "Learn…")
        .on_hover_text("A forest that predicts one of its columns")
        .accessible_name(format!("Learn from {}", sheet.table.name))
        .clicked()
    {
        actions.push(Action::Train(TrainAction::Begin(sheet.id)));
    }
}

fn entry_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, entry: &ModelEntry, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let mut proposed = Vec::new();
    row::ends_ui(
        ui,
        |ui| {
            let name = Button::new(RichText::new(&entry.name).color(p.accent)).frame_when_inactive(false).truncate();
            let response = ui.add(name).accessible_name(format!("Model {}", entry.name)).on_hover_text(entry.about());
            if response.clicked() {
                actions.push(Action::Model(entry.id, ModelAction::Report));
            }
        },
        |ui| {
            let menu = MenuButton::new("…").ui(ui, |ui| menu_ui(ui, sheet, entry, &mut proposed)).0;
            menu.accessible_name(format!("Menu of the model {}", entry.name)).on_hover_text("Ask, guard, save, remove");
        },
    );
    // In a row of its own: names are as long as people like.
    ui.horizontal(|ui| {
        ui.add_space(ui.spacing().button_padding.x);
        if let Some(score) = entry.score() {
            ui.label(look::faint(score, ui).size(look::SMALL));
        }
        if guard_ui(ui, app, entry) {
            proposed.push(Action::Model(entry.id, ModelAction::Guard));
        }
    });
    actions.append(&mut proposed);
}

/// The way to its guard, which says how the model does. True when it was clicked.
fn guard_ui(ui: &mut Ui, app: &App, entry: &ModelEntry) -> bool {
    let p = look::palette(ui);
    let guard = app.guards.of(entry.id);
    let why = guard.and_then(ModelGuard::why);
    let (text, color, about) = match (guard, &why) {
        (Some(_), Some(why)) => ("stale", p.warn, why.as_str()),
        (Some(guard), None) if guard.is_watching() => {
            ("guarded", p.live, "Rows are watched, and nothing speaks against it")
        }
        _ => ("Guard", p.faint, "Watch the live rows, and say when the model goes stale"),
    };
    let button = Button::new(RichText::new(text).size(look::SMALL).color(color));
    let button =
        if why.is_some() { button.fill(p.warn_soft).stroke(Stroke::NONE) } else { button.frame_when_inactive(false) };
    ui.add(button).accessible_name(format!("Guard {}", entry.name)).on_hover_text(about).clicked()
}

fn menu_ui(ui: &mut Ui, sheet: &Worksheet, entry: &ModelEntry, actions: &mut Vec<Action>) {
    ui.set_min_width(180.0);
    let mut item = |ui: &mut Ui, text: &str, action: Action| {
        let button = ui.button(text);
        if button.clicked() {
            actions.push(action);
            ui.close();
        }
        button
    };
    let act = |action| Action::Model(entry.id, action);
    item(ui, "Report", act(ModelAction::Report));
    item(ui, "Guard", act(ModelAction::Guard));
    item(ui, "Ask with this model", act(ModelAction::AskPredictions));
    if entry.has_truth(sheet) {
        let (words, about) = entry.accuracy_words(sheet);
        item(ui, words, act(ModelAction::AskAccuracy)).on_hover_text(about);
    }
    ui.separator();
    item(ui, "Save as JSON…", Action::Export(ExportAction::Model(None, entry.id)));
    item(ui, "Load a model…", Action::Load(LoadAction::Begin(sheet.id)));
    ui.separator();
    item(ui, "Remove", act(ModelAction::Remove));
}
