//! The form for a feed: its fields come from what the chosen kind declares; the connection can be tested first.

use eframe::egui::{self, Context, Grid, Id, Label, Modal, RichText, ScrollArea, TextEdit, Ui};

use super::grid;
use crate::data::Fault;
use crate::source::live::{LIVE_KINDS, LiveKind};
use crate::ui::action::{Action, Feed};
use crate::ui::feed::{Draft, FeedForm};
use crate::ui::widget::buttons;
use crate::ui::widget::pick::pick_ui;
use crate::ui::{App, look};

const WIDTH: f32 = 640.0;

pub fn feed_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let Some(form) = &app.feed else { return };
    let modal = Modal::new(Id::unique("feed form")).show(ctx, |ui| {
        ui.set_width(WIDTH.min(ctx.content_rect().width() - 96.0));
        let into = form.draft.into.and_then(|id| app.sheets().iter().find(|s| s.id == id));
        let title = into.map_or_else(|| "Connect a feed".to_owned(), |s| format!("Attach a feed to {}", s.table.name));
        ui.label(RichText::new(title).size(look::TITLE).strong());
        ui.add_space(look::GAP);
        let mut draft = form.draft.clone();
        let tall = ctx.content_rect().height() - 220.0;
        ScrollArea::vertical().max_height(tall.max(160.0)).show(ui, |ui| {
            kinds_ui(ui, &mut draft);
            if let Some(kind) = draft.live_kind() {
                fields_ui(ui, kind, &mut draft);
            }
            ui.add_space(look::GAP);
            ui.add(Label::new(look::faint(draft.url(), ui)).wrap());
            test_ui(ui, form, actions);
        });
        if draft != form.draft {
            actions.push(Action::Feed(Feed::Edit(Box::new(draft))));
        }
        ui.add_space(look::GAP);
        ui.horizontal(|ui| {
            let add = into.map_or_else(|| "Add as table".to_owned(), |s| format!("Attach to {}", s.table.name));
            if buttons::primary_ui(ui, &add).clicked() {
                actions.push(Action::Feed(Feed::Add));
            }
            if ui.add_enabled(form.test.is_none(), egui::Button::new("Test connection")).clicked() {
                actions.push(Action::Feed(Feed::Test));
            }
            if ui.button("Close").clicked() {
                actions.push(Action::Feed(Feed::Close));
            }
        });
    });
    if modal.should_close() {
        actions.push(Action::Feed(Feed::Close));
    }
}

fn kinds_ui(ui: &mut Ui, draft: &mut Draft) {
    ui.horizontal_wrapped(|ui| {
        for (i, kind) in LIVE_KINDS.iter().enumerate() {
            if buttons::choice_ui(ui, draft.kind == i, kind.title).on_hover_text(kind.about).clicked() && draft.kind != i {
                draft.choose(i);
            }
        }
    });
    if let Some(kind) = draft.live_kind() {
        let waits = if kind.can_wait { "It waits while the engine is busy." } else { "It cannot wait: what overflows is dropped and counted." };
        ui.add(Label::new(look::faint(format!("{} {waits}", kind.about), ui)).wrap());
    }
    ui.add_space(look::GAP);
}

fn fields_ui(ui: &mut Ui, kind: &'static LiveKind, draft: &mut Draft) {
    Grid::new(("feed fields", draft.kind)).num_columns(2).spacing([look::PAD, look::STEP + 2.0]).show(ui, |ui| {
        ui.label("Address");
        ui.horizontal(|ui| {
            if kind.schemes.len() > 1 {
                let picked = pick_ui(ui, "Scheme", &draft.scheme, 72.0, kind.schemes.iter().copied());
                draft.scheme = picked.unwrap_or_else(|| draft.scheme.clone());
            }
            let mut target = draft.target.clone();
            let field = TextEdit::singleline(&mut target).hint_text(kind.example).desired_width(f32::INFINITY);
            if ui.add(field).accessible_name("Address").changed() {
                draft.paste(&target);
            }
        });
        ui.end_row();
        for setting in kind.settings.iter().chain(crate::source::live::COMMON) {
            let name = setting.name;
            ui.label(name).on_hover_text(setting.about);
            ui.vertical(|ui| {
                let mut value = draft.params.get(name).cloned().unwrap_or_default();
                let field = TextEdit::singleline(&mut value).hint_text(setting.default).desired_width(f32::INFINITY);
                if ui.add(field).accessible_name(name).changed() {
                    draft.params.insert(name.to_owned(), value);
                }
                ui.add(Label::new(look::faint(setting.about, ui)).truncate());
            });
            ui.end_row();
        }
    });
}

/// What the connection test says, while it runs and after.
fn test_ui(ui: &mut Ui, form: &FeedForm, actions: &mut Vec<Action>) {
    if let Some((url, job)) = &form.test {
        ui.horizontal(|ui| {
            ui.spinner();
            let progress = job.progress();
            let text = if progress.note.is_empty() { format!("Waiting for the first rows of {url}") } else { progress.note };
            ui.add(Label::new(text).truncate());
        });
        return;
    }
    match &form.tested {
        None => {}
        Some((_, Err(fault))) => fault_ui(ui, fault),
        Some((_, Ok(preview))) => {
            let p = look::palette(ui);
            ui.label(RichText::new("Connected. The first rows:").color(p.live));
            ui.push_id("preview", |ui| {
                ui.set_height(8.0 * look::ROW);
                grid::frame_ui(ui, &preview.rows, actions);
            });
        }
    }
}

/// A fault inside a form.
pub fn fault_ui(ui: &mut Ui, fault: &Fault) {
    let p = look::palette(ui);
    ui.add(Label::new(RichText::new(&fault.what).color(p.error)).wrap());
    let second = [fault.place.as_str(), fault.hint.as_str()].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" · ");
    if !second.is_empty() {
        ui.add(Label::new(look::faint(second, ui)).wrap());
    }
}
