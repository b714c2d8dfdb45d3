//! The palette of commands, and the sheet of keys.

use eframe::egui::{
    Button, Context, Grid, Id, Key, KeyboardShortcut, Label, Modifiers, RichText, Role, ScrollArea, TextEdit, Ui,
    WidgetInfo, vec2,
};

use crate::ui::action::{Action, AppAction};
use crate::ui::command::{self, COMMANDS, Offer};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::{App, look};

/// Commands that are listed at once.
const SHOWN: f32 = 12.0;

/// What is typed, and which of the commands that fit is chosen.
#[derive(Clone, Default)]
struct Search {
    text: String,
    chosen: usize,
    /// The pass that showed it: who opens the palette again begins afresh, however it was closed.
    shown: u64,
}

/// What can be done now and whose names have all the words that were typed.
fn fitting(app: &App, text: &str) -> Vec<Offer> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let fits = |offer: &Offer| {
        let name = offer.name.to_lowercase();
        words.iter().all(|word| name.contains(word))
    };
    command::offers(app).filter(fits).collect()
}

pub fn palette_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let id = Id::unique("palette");
    let pass = ctx.cumulative_pass_nr();
    let before = ctx.data(|d| d.get_temp::<Search>(id)).filter(|search| search.shown + 1 >= pass);
    let mut search = Search { shown: pass, ..before.unwrap_or_default() };
    let mut done = None;
    let closed = modal_ui(ctx, "Commands", 460.0, |ui| {
        // The keys that choose are not the field's.
        let pressed = |key: Key| ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let (up, down, enter) = (pressed(Key::ArrowUp), pressed(Key::ArrowDown), pressed(Key::Enter));
        let field =
            TextEdit::singleline(&mut search.text).hint_text("What is to be done?").desired_width(f32::INFINITY);
        let response = ui.add(field);
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Command"));
        response.request_focus();
        if response.changed() {
            search.chosen = 0;
        }
        let fitting = fitting(app, &search.text);
        let last = fitting.len().saturating_sub(1);
        search.chosen = if down { search.chosen + 1 } else { search.chosen.saturating_sub(usize::from(up)) }.min(last);
        ui.add_space(look::GAP);
        // Of one height, so that nothing jumps while one writes.
        let tall = SHOWN * (look::ROW + look::STEP);
        let list = ScrollArea::vertical().max_height(tall).min_scrolled_height(tall).auto_shrink([false, false]);
        list.show(ui, |ui| {
            for (i, offer) in fitting.iter().enumerate() {
                let row = offer_ui(ui, offer, i == search.chosen);
                if i == search.chosen && (up || down) {
                    row.scroll_to_me(None);
                }
                if row.clicked() || (enter && i == search.chosen) {
                    done = Some(offer.action.clone());
                }
            }
            if fitting.is_empty() {
                ui.label(look::faint("No command has these words", ui));
            }
        });
    });
    ctx.data_mut(|d| d.insert_temp(id, search));
    if closed || done.is_some() {
        actions.push(Action::App(AppAction::Hide));
        actions.extend(done);
    }
}

fn offer_ui(ui: &mut Ui, offer: &Offer, chosen: bool) -> eframe::egui::Response {
    let keys = offer.keys.first().map(|key| ui.ctx().format_shortcut(key)).unwrap_or_default();
    let button =
        Button::selectable(chosen, &offer.name).shortcut_text(keys).min_size([ui.available_width(), 0.0].into());
    ui.add(button)
}

/// Keys that are no command's.
const OTHERS: &[(&str, &str)] = &[
    ("Tab", "What comes next; with Shift what came before"),
    ("Enter or Space", "Press what has the focus"),
    ("Menu or Shift+F10", "The menu of what has the focus"),
    ("Esc", "Close what lies over the window"),
    ("Arrows", "On a tile: the tile beside it; between tiles: their sizes"),
    ("Ctrl+Shift+Arrows", "On a tile: move it there"),
    ("Double-click", "All of a chart again"),
];

/// A key as it stands on a keyboard.
fn key_words(ui: &Ui, key: &KeyboardShortcut) -> String {
    if key.logical_key == Key::Questionmark { "?".to_owned() } else { ui.ctx().format_shortcut(key) }
}

/// All commands with their keys.
pub fn keys_ui(ctx: &Context, actions: &mut Vec<Action>) {
    let mut close = false;
    let closed = modal_ui(ctx, "Keys and commands", 460.0, |ui| {
        let tall = (ctx.content_rect().height() - 180.0).clamp(160.0, 560.0);
        ScrollArea::vertical().max_height(tall).min_scrolled_height(tall).auto_shrink([false, true]).show(ui, |ui| {
            // There is nothing in it to choose: keys turn it.
            let pressed = |key: Key| f32::from(u8::from(ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key))));
            let rows = pressed(Key::ArrowUp) - pressed(Key::ArrowDown)
                + (pressed(Key::PageUp) - pressed(Key::PageDown)) * SHOWN;
            if rows != 0.0 {
                ui.scroll_with_delta(vec2(0.0, rows * look::ROW));
            }
            Grid::new("keys").num_columns(2).striped(false).spacing([look::PAD * 2.0, look::STEP]).show(ui, |ui| {
                for command in COMMANDS.iter().filter(|command| !command.keys.is_empty()) {
                    let keys: Vec<String> = command.keys.iter().map(|key| key_words(ui, key)).collect();
                    ui.label(RichText::new(keys.join(" or ")).strong());
                    ui.label(command.name);
                    ui.end_row();
                }
                for (keys, what) in OTHERS {
                    ui.label(RichText::new(*keys).strong());
                    ui.label(*what);
                    ui.end_row();
                }
            });
            ui.add_space(look::GAP);
            ui.add(Label::new(look::faint("Everything else has its name in the palette: Ctrl+K", ui)).wrap());
        });
        close = footer_ui(ui, "", |_| {});
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}
