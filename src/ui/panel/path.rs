//! A field for a path, with what goes on like it.

use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::{Button, Context, Id, Key, Modifiers, ScrollArea, TextEdit, Ui};

use crate::engine::open::FolderEntry;
use crate::ui::action::{Action, AppAction, OpenAction};
use crate::ui::path::{PathForm, Purpose};
use crate::ui::widget::buttons;
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::{App, look};

/// Entries that are in sight, and laid out.
const SHOWN: f32 = 10.0;
const MOST: usize = 200;

pub fn path_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let form = &app.path;
    let mut close = false;
    let (title, hint) = match form.purpose {
        Purpose::Open => ("Open a path", "A file or a folder"),
        Purpose::Save { .. } => ("Save as", "A file"),
    };
    let closed = modal_ui(ctx, title, 560.0, |ui| {
        // The keys that choose are not the field's.
        let pressed = |key: Key| ctx.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let (up, down) = (pressed(Key::ArrowUp), pressed(Key::ArrowDown));
        let (tab, enter) = (pressed(Key::Tab), pressed(Key::Enter));
        let chosen_id = Id::unique("chosen of the folder");
        // Whether Enter was pressed on a file that is there, and nothing else since.
        let (asked_id, pass) = (Id::unique("asked to replace"), ctx.cumulative_pass_nr());
        let was_asked = ctx.data(|d| d.get_temp::<u64>(asked_id)).is_some_and(|before| before + 1 >= pass);
        let mut asked = was_asked && enter;
        // The entry that arrows have reached; text that is written leaves it.
        let before = ctx.data(|d| d.get_temp::<Option<usize>>(chosen_id)).flatten();
        let mut text = form.text.clone();
        let field = TextEdit::singleline(&mut text).hint_text(hint).desired_width(f32::INFINITY);
        let mut field = field.show(ui);
        let response = field.response.response.clone().accessible_name("Path");
        response.request_focus();
        let mut chosen = before.filter(|_| !response.changed());
        let mut opens = enter && chosen.is_none();
        let entries = form.fitting();
        ui.add_space(look::STEP);
        match &entries {
            Err(fault) => {
                ui.add(look::fault(fault, ui));
            }
            Ok(entries) => {
                let last = entries.len().min(MOST).saturating_sub(1);
                if down {
                    chosen = Some(chosen.map_or(0, |at| at + 1).min(last));
                } else if up {
                    chosen = chosen.and_then(|at| at.checked_sub(1));
                }
                let clicked = entries_ui(ui, form, entries, chosen, up || down);
                let keyed = entries.get(chosen.unwrap_or(0)).copied().filter(|_| tab || (enter && chosen.is_some()));
                if let Some(entry) = clicked.or(keyed) {
                    text = form.completed(entry);
                    opens = enter && !entry.is_folder;
                    chosen = None;
                    let end = CCursor::new(text.chars().count());
                    field.state.cursor.set_char_range(Some(CCursorRange::one(end)));
                    field.state.store(ctx, response.id);
                }
            }
        }
        ctx.data_mut(|d| d.insert_temp(chosen_id, chosen));
        let replaces = form.replaces();
        close = footer_ui(ui, "", |ui| {
            let (name, about) = match form.purpose {
                Purpose::Open => ("Open it", "Tab completes, Enter opens a file or all files of a folder"),
                Purpose::Save { .. } if replaces => ("Replace it", "There is such a file: Enter twice replaces it"),
                Purpose::Save { .. } => ("Save", "Tab completes, Enter saves"),
            };
            let ready = form.meant(&text).is_some();
            if ui.add_enabled_ui(ready, |ui| buttons::primary_ui(ui, name).clicked()).inner {
                (opens, asked) = (true, true);
            }
            ui.label(look::faint(about, ui));
        });
        // Nothing is replaced by one slip.
        let opens = opens && (asked || !replaces);
        if replaces && !opens && !response.changed() && (enter || was_asked) {
            ctx.data_mut(|d| d.insert_temp(asked_id, pass));
        }
        if let Some(path) = form.meant(&text).filter(|_| opens) {
            actions.push(Action::App(AppAction::Hide));
            actions.push(match form.purpose.clone() {
                Purpose::Open => Action::Open(OpenAction::Paths(vec![path])),
                Purpose::Save { export, .. } => Action::Export(export.to(path)),
            });
        } else if text != form.text {
            actions.push(Action::Open(OpenAction::EditPath(text)));
        }
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

/// What is in the folder; the entry that was clicked. Of one height, so that nothing jumps.
fn entries_ui<'a>(
    ui: &mut Ui,
    form: &PathForm,
    entries: &[&'a FolderEntry],
    chosen: Option<usize>,
    moved: bool,
) -> Option<&'a FolderEntry> {
    let mut clicked = None;
    let height = SHOWN * look::ROW;
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (i, entry) in entries.iter().take(MOST).enumerate() {
            let name = if entry.is_folder { format!("{}/", entry.name) } else { entry.name.clone() };
            let button = Button::selectable(chosen == Some(i), name).min_size([ui.available_width(), look::ROW].into());
            let row = ui.add(button.truncate());
            if chosen == Some(i) && moved {
                row.scroll_to_me(None);
            }
            if row.clicked() {
                clicked = Some(*entry);
            }
        }
        if form.is_cut() {
            ui.label(look::faint("The folder has more than is listed", ui));
        } else if entries.len() > MOST {
            ui.label(look::faint(format!("and {} more", entries.len() - MOST), ui));
        } else if entries.is_empty() {
            let text = if form.is_idle() { "Nothing that is here begins so" } else { "Looking" };
            ui.label(look::faint(text, ui));
        }
    });
    clicked
}
