//! What may stand at the cursor of the SQL text, as a list under it: it comes while a name is typed, or when it is
//! asked for. What is offered is left to `query::complete`.

use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::text_edit::{TextEditOutput, TextEditState};
use eframe::egui::{
    Area, Button, Context, EventFilter, Frame, Id, Key, Margin, Modifiers, Order, Rect, RichText, ScrollArea, Ui, pos2,
    vec2,
};
use polars::prelude::Schema;

use crate::data::words::shortened;
use crate::query::complete::{Completion, Item, ItemKind, KnownTable, complete};
use crate::ui::look;
use crate::ui::widget::cells;
use crate::ui::worksheet::Worksheet;

/// The width of a letter of code, and of a small one, at most.
const LETTER: f32 = 8.0;
const SMALL_LETTER: f32 = 6.5;

/// The width of the list, and how many of it are in sight.
const WIDTH: f32 = 400.0;
const ROWS: f32 = 8.0;

/// The list while it is open.
#[derive(Clone)]
struct Open {
    offered: Completion,
    chosen: usize,
    /// Where the cursor was when it was made, letters.
    cursor: usize,
}

/// What the keys of this frame say to the list.
#[derive(Clone, Copy, Default)]
pub struct Keys {
    asked: bool,
    accepts: bool,
    closes: bool,
    by: isize,
}

impl Keys {
    /// Who asks has done with writing.
    pub fn and_asks(self, asks: bool) -> Self {
        Self { closes: self.closes || asks, ..self }
    }
}

fn id(text: Id) -> Id {
    text.with("completion")
}

/// Takes the keys that are the list's before the text sees them. `text` is the text's id.
pub fn take_keys(ctx: &Context, text: Id) -> Keys {
    if !ctx.memory(|memory| memory.has_focus(text)) {
        return Keys::default();
    }
    let pressed = |modifiers, key| ctx.input_mut(|i| i.consume_key(modifiers, key));
    let asked = pressed(Modifiers::CTRL, Key::Space);
    if ctx.data(|d| d.get_temp::<Open>(id(text))).is_none() {
        return Keys { asked, ..Keys::default() };
    }
    let plain = |key| pressed(Modifiers::NONE, key);
    let by = isize::from(plain(Key::ArrowDown)) - isize::from(plain(Key::ArrowUp));
    let accepts = plain(Key::Enter) | plain(Key::Tab);
    Keys { asked, accepts, closes: plain(Key::Escape), by }
}

/// Shows the list where there is one; the changed text once something of it was taken.
pub fn list_ui(ui: &Ui, sheet: &Worksheet, edit: &TextEditOutput, written: &str, keys: Keys) -> Option<String> {
    let text = edit.response.response.id;
    let id = id(text);
    let ctx = ui.ctx();
    let response = &edit.response.response;
    let before = ctx.data(|d| d.get_temp::<Open>(id));
    ctx.data_mut(|d| d.remove::<Open>(id));
    let cursor = edit.cursor_range.filter(|range| range.is_empty()).map(|range| range.primary.index.0);
    let mut open = if keys.asked || response.changed() {
        offer(sheet, written, cursor?, keys.asked)
    } else {
        before.filter(|open| !keys.closes && cursor.is_none_or(|cursor| cursor == open.cursor))
    }?;
    let last = open.offered.items.len().saturating_sub(1);
    open.chosen = open.chosen.saturating_add_signed(keys.by).min(last);
    let place = edit.galley.pos_from_cursor(CCursor::new(open.cursor)).translate(edit.galley_pos.to_vec2());
    let (clicked, over) = items_ui(ctx, &open, place, id, keys.by != 0);
    let taken = clicked.or(keys.accepts.then_some(open.chosen)).and_then(|i| open.offered.items.get(i));
    if let Some(item) = taken {
        return Some(take(ctx, text, written, &open.offered, item));
    }
    // A press on the list takes the focus from the text, and is no reason to close it.
    if response.has_focus() || over {
        let filter = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
        ctx.memory_mut(|memory| memory.set_focus_lock_filter(text, filter));
        ctx.data_mut(|d| d.insert_temp(id, open));
    }
    None
}

/// Writes an item, and puts the cursor behind it.
fn take(ctx: &Context, text: Id, written: &str, offered: &Completion, item: &Item) -> String {
    let mut new = written.to_owned();
    new.replace_range(offered.place.clone(), &item.text);
    let end = new.get(..offered.place.start + item.text.len()).map_or(0, |before| before.chars().count());
    let mut state = TextEditState::load(ctx, text).unwrap_or_default();
    state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(end))));
    state.store(ctx, text);
    ctx.memory_mut(|memory| memory.request_focus(text));
    new
}

/// What may stand at a letter of the text. Unasked, a name must have been begun.
fn offer(sheet: &Worksheet, written: &str, letter: usize, asked: bool) -> Option<Open> {
    let cursor = written.char_indices().nth(letter).map_or(written.len(), |(at, _)| at);
    let begun = written.get(..cursor).and_then(|before| before.chars().next_back());
    if !asked && !begun.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '$')) {
        return None;
    }
    let known = |name: &str, kind, schema: &Schema| KnownTable {
        name: name.to_owned(),
        kind,
        columns: schema.iter().map(|(name, t)| (name.to_string(), cells::type_word(t))).collect(),
    };
    let open = std::iter::once(&sheet.table).chain(&sheet.others);
    let tables = open.map(|table| known(&table.name, "", &table.schema));
    let questions = sheet.named.names().map(|name| {
        let columns = sheet.columns_of_question(name).unwrap_or_default();
        known(name, "question", &columns)
    });
    let tables: Vec<KnownTable> = tables.chain(questions).collect();
    let offered = complete(written, cursor, &tables, &sheet.variables)?;
    // A number is no name that was begun.
    let digits = written.get(offered.place.clone()).unwrap_or_default();
    let number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    (!number).then_some(Open { offered, chosen: 0, cursor: letter })
}

/// The list under the cursor, or above it where there is no room; the number of the item that was clicked, and whether
/// the pointer is over it.
fn items_ui(ctx: &Context, open: &Open, place: Rect, id: Id, moved: bool) -> (Option<usize>, bool) {
    let room = ctx.content_rect();
    let rows = (open.offered.items.len() as f32).min(ROWS);
    let tall = rows * look::ROW + look::PAD;
    let top = if place.max.y + tall < room.max.y { place.max.y + 2.0 } else { place.min.y - tall - look::PAD };
    let at = pos2(place.min.x.min(room.max.x - WIDTH - look::PAD), top);
    let mut clicked = None;
    let area = Area::new(id).order(Order::Foreground).fixed_pos(at).show(ctx, |ui| {
        Frame::popup(ui.style()).inner_margin(Margin::same(4)).show(ui, |ui| {
            ui.set_width(WIDTH);
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical().max_height(rows * look::ROW).auto_shrink([false, true]).show(ui, |ui| {
                for (i, item) in open.offered.items.iter().enumerate() {
                    let row = item_ui(ui, item, i == open.chosen);
                    if i == open.chosen && moved {
                        row.scroll_to_me(None);
                    }
                    clicked = clicked.or(row.clicked().then_some(i));
                }
            });
        });
    });
    let over = ctx.input(|i| i.pointer.latest_pos()).is_some_and(|at| area.response.rect.contains(at));
    (clicked, over)
}

fn item_ui(ui: &mut Ui, item: &Item, chosen: bool) -> eframe::egui::Response {
    let p = look::palette(ui);
    let color = match item.kind {
        ItemKind::Variable => p.warn,
        ItemKind::Column => p.strong,
        ItemKind::Table => p.live,
        ItemKind::Function => p.accent,
        ItemKind::Word => p.faint,
    };
    let name = RichText::new(&item.name).monospace().color(color);
    // What is said of it has the room that its name leaves.
    let taken = item.name.chars().count() as f32 * LETTER + 2.0 * look::PAD;
    let letters = ((ui.available_width() - taken) / SMALL_LETTER).max(0.0) as usize;
    let about = RichText::new(shortened(&item.about, letters)).size(look::SMALL).color(p.faint);
    let button = Button::selectable(chosen, name).right_text(about).min_size(vec2(ui.available_width(), look::ROW));
    ui.add(button).accessible_name(format!("Complete {}", item.name))
}
