//! A row of the answer as a card: each of its values whole.

use eframe::egui::{Context, Label, RichText, ScrollArea, Ui};

use crate::ui::action::{Action, AppAction};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::{buttons, cells, numbers, row};
use crate::ui::{App, look};

/// Letters of a value that are laid out; a copy has all of them.
const SHOWN: usize = 20_000;

pub fn card_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let Some(card) = app.sheet().and_then(|sheet| sheet.grid.card.as_ref()) else {
        return actions.push(Action::App(AppAction::Hide));
    };
    let title = format!("Row {} of the answer", numbers::count(card.row as u64 + 1));
    let mut close = false;
    let closed = modal_ui(ctx, &title, 640.0, |ui| {
        let height = (ctx.content_rect().height() - 200.0).min(520.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - look::PAD);
            for (name, kind, text) in &card.values {
                value_ui(ui, name, kind, text.as_deref(), actions);
            }
        });
        close = footer_ui(ui, "", |_| {});
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

fn value_ui(ui: &mut Ui, name: &str, kind: &str, value: Option<&str>, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let text = value.unwrap_or_default();
    let head = |ui: &mut Ui| {
        ui.label(RichText::new(name).size(look::SMALL).strong());
        ui.label(look::faint(kind, ui));
    };
    row::ends_ui(ui, head, |ui| {
        if buttons::quiet_ui(ui, "Copy").on_hover_text(format!("Copy the value of {name}")).clicked() {
            actions.push(Action::App(AppAction::Copy(text.to_owned())));
        }
    });
    let (end, cut) = text.char_indices().nth(SHOWN).map_or((text.len(), false), |(end, _)| (end, true));
    let seen = text.get(..end).unwrap_or_default();
    let none = if value.is_none() { cells::MISSING } else { "empty text" };
    let words = if seen.is_empty() { RichText::new(none).italics().color(p.faint) } else { RichText::new(seen) };
    ui.add(Label::new(if seen.contains('\n') { words.monospace() } else { words }).wrap().selectable(true));
    if cut {
        let more = format!("and {} more letters", numbers::count(text.chars().skip(SHOWN).count() as u64));
        ui.label(look::faint(more, ui));
    }
    ui.add_space(look::GAP);
}
