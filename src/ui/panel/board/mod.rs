//! Boards: the tiles in their rows and columns, and what limits them.

mod add;
mod bar;
mod figure;
mod scope;
mod tile;

use eframe::egui::{self, Key, Pos2, Rect, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, Vec2, WidgetInfo};

pub use self::bar::views_ui;
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{DraggedColumn, column_tile, onto_axis, title};
use crate::ui::panel::column_drop;
use crate::ui::widget::buttons;
use crate::ui::{App, focus, look};
use crate::workspace::bench::{Board, Edit, Layout, Part, Side, Tile, TileId, TileKind};

/// The room between tiles, by which they are resized.
const GUTTER: f32 = look::GAP;
/// How near to an edge of a tile another is dropped to stand beside it; in the middle it goes into the same place.
const EDGE: f32 = 0.33;

/// A step of the bench.
pub(super) fn step(edit: Edit) -> Action {
    Action::Board(BoardAction::step(edit))
}

/// The tiles of a board.
pub fn board_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    let mut room = ui.available_rect_before_wrap().shrink(GUTTER);
    if scope::has_row(&board.scope) {
        let (row, below) = room.split_top_bottom_at_y(room.top() + scope::ROW);
        ui.scope_builder(UiBuilder::new().max_rect(row), |ui| scope::row_ui(ui, app, board, actions));
        room = below.with_min_y(below.top() + look::STEP);
    }
    let Some(layout) = &board.layout else {
        return empty_ui(ui, app, board, room, actions);
    };
    if let Some(tile) = app.boards().maximised.and_then(|id| board.tile(id)) {
        return tile::tile_ui(ui, app, board, tile, room, actions);
    }
    let least = least_height(board, layout);
    if least <= room.height() {
        let mut place = Place { app, board, actions };
        return place.layout_ui(ui, layout, room, &mut Vec::new());
    }
    // A board of more than fits is scrolled, so that every tile can be read.
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            let (all, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), least), Sense::hover());
            let mut place = Place { app, board, actions };
            place.layout_ui(ui, layout, all, &mut Vec::new());
            focus::keep_in_sight(ui);
        });
    });
}

/// The height below which tiles could not be read.
fn least_height(board: &Board, layout: &Layout) -> f32 {
    match layout {
        Layout::Tile(id) => match board.tile(*id).map(|tile| &tile.show) {
            Some(TileKind::Number | TileKind::Text(_)) => 96.0,
            _ => 150.0,
        },
        Layout::Tabs { .. } => 176.0,
        // Each has so much room that the one with the least share of it can be read.
        Layout::Column(parts) => {
            let gutters = GUTTER * parts.len().saturating_sub(1) as f32;
            let need = |part: &Part| least_height(board, &part.layout) / part.share.max(0.01);
            let all: f32 = parts.iter().map(|part| least_height(board, &part.layout)).sum();
            parts.iter().map(need).fold(0.0, f32::max).min(all * 1.6) + gutters
        }
        Layout::Row(parts) => parts.iter().map(|part| least_height(board, &part.layout)).fold(0.0, f32::max),
    }
}

fn empty_ui(ui: &mut Ui, app: &App, board: &Board, room: Rect, actions: &mut Vec<Action>) {
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        ui.add_space((room.height() / 3.0).max(look::PAD));
        ui.vertical_centered(|ui| {
            ui.label(RichText::new("This board has no tiles yet").size(look::TITLE));
            ui.add_space(look::GAP);
            ui.menu_button("Add a tile", |ui| add::add_ui(ui, app, board, actions));
            ui.label(look::faint("or drag a column here", ui));
        });
    });
    let Some(dragged) = egui::DragAndDrop::payload::<DraggedColumn>(ui.ctx()) else { return };
    let sheet = app.sheets().iter().find(|own| own.id == dragged.table);
    let Some(sheet) = sheet.filter(|_| ui.rect_contains_pointer(room)) else { return };
    mark_ui(ui, room, Side::Onto);
    if ui.input(|i| i.pointer.any_released()) {
        egui::DragAndDrop::clear_payload(ui.ctx());
        let tile = column_tile(sheet, &dragged.column);
        actions.push(step(Edit::AddTile { board: board.id, tile, at: None }));
    }
}

/// What is needed to paint the parts of a board.
struct Place<'a> {
    app: &'a App,
    board: &'a Board,
    actions: &'a mut Vec<Action>,
}

impl Place<'_> {
    fn layout_ui(&mut self, ui: &mut Ui, layout: &Layout, room: Rect, path: &mut Vec<usize>) {
        let (is_row, parts) = match layout {
            Layout::Tile(id) => {
                if let Some(tile) = self.board.tile(*id) {
                    tile::tile_ui(ui, self.app, self.board, tile, room, self.actions);
                    self.drop_ui(ui, tile, room);
                }
                return;
            }
            Layout::Tabs { tiles, shown } => return self.tabs_ui(ui, tiles, *shown, room),
            Layout::Row(parts) => (true, parts),
            Layout::Column(parts) => (false, parts),
        };
        let rooms = rooms(parts, room, is_row);
        for (i, (part, room)) in parts.iter().zip(&rooms).enumerate() {
            path.push(i);
            self.layout_ui(ui, &part.layout, *room, path);
            path.pop();
        }
        for i in 1..rooms.len() {
            self.gutter_ui(ui, parts, (room, is_row), i, &rooms, path);
        }
    }

    /// Several tiles in one place: their names above the one in front.
    fn tabs_ui(&mut self, ui: &mut Ui, tiles: &[TileId], shown: usize, room: Rect) {
        let (names, below) = room.split_top_bottom_at_y(room.top() + look::ROW);
        ui.scope_builder(UiBuilder::new().max_rect(names), |ui| {
            ui.horizontal_centered(|ui| {
                ui.spacing_mut().item_spacing.x = look::STEP;
                for (at, tile) in tiles.iter().filter_map(|id| self.board.tile(*id)).enumerate() {
                    let name = buttons::choice_ui(ui, at == shown, &title(tile));
                    if name.interact(Sense::click_and_drag()).dragged() {
                        name.dnd_set_drag_payload(tile.id);
                    }
                    if name.clicked() {
                        self.actions.push(step(Edit::ShowTab { board: self.board.id, tile: tile.id }));
                    }
                }
            });
        });
        if let Some(tile) = tiles.get(shown).and_then(|id| self.board.tile(*id)) {
            tile::tile_ui(ui, self.app, self.board, tile, below, self.actions);
            self.drop_ui(ui, tile, below);
        }
    }

    /// The room between two parts, which is dragged to resize them.
    fn gutter_ui(
        &mut self,
        ui: &Ui,
        parts: &[Part],
        (room, is_row): (Rect, bool),
        i: usize,
        rooms: &[Rect],
        path: &[usize],
    ) {
        let (Some(before), Some(after)) = (rooms.get(i - 1), rooms.get(i)) else { return };
        let gutter = if is_row {
            Rect::from_min_max(Pos2::new(before.right(), room.top()), Pos2::new(after.left(), room.bottom()))
        } else {
            Rect::from_min_max(Pos2::new(room.left(), before.bottom()), Pos2::new(room.right(), after.top()))
        };
        let id = ui.scope_id().with(("gutter", self.board.id.0, path.to_vec(), i));
        let response = ui.interact(gutter, id, Sense::drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, "Edge between tiles"));
        if response.hovered() || response.dragged() {
            ui.set_cursor_icon(if is_row {
                egui::CursorIcon::ResizeHorizontal
            } else {
                egui::CursorIcon::ResizeVertical
            });
            ui.painter().rect_filled(gutter.shrink(2.0), 2.0, look::palette(ui).accent.gamma_multiply(0.5));
        }
        let dragged = if is_row { response.drag_delta().x } else { response.drag_delta().y };
        let by = if response.has_focus() { dragged + keys_ui(ui, id, is_row) } else { dragged };
        let length = if is_row { room.width() } else { room.height() };
        if by == 0.0 || length <= 0.0 {
            return;
        }
        let mut shares: Vec<f32> = parts.iter().map(|part| part.share).collect();
        let both = shares.get(i - 1).zip(shares.get(i)).map_or(0.0, |(a, b)| a + b);
        let least = (60.0 / length).min(both / 2.0);
        let first = (shares.get(i - 1).copied().unwrap_or(0.0) + by / length).clamp(least, both - least);
        if let Some(share) = shares.get_mut(i - 1) {
            *share = first;
        }
        if let Some(share) = shares.get_mut(i) {
            *share = both - first;
        }
        let edit = Box::new(Edit::Resize { board: self.board.id, path: path.to_vec(), shares });
        // A drag is one step.
        let goes_on = dragged != 0.0 && !response.drag_started();
        self.actions.push(Action::Board(BoardAction::Edit { edit, goes_on }));
    }

    /// Where a tile or a column that is dragged would stand, and its drop.
    fn drop_ui(&mut self, ui: &Ui, tile: &Tile, room: Rect) {
        let tile_dragged = egui::DragAndDrop::payload::<TileId>(ui.ctx()).filter(|dragged| **dragged != tile.id);
        let column = egui::DragAndDrop::payload::<DraggedColumn>(ui.ctx());
        if tile_dragged.is_none() && column.is_none() {
            return;
        }
        let Some(pointer) = ui.ctx().pointer_interact_pos().filter(|pos| room.contains(*pos)) else { return };
        let sheet = column.as_ref().and_then(|dragged| self.app.sheets().iter().find(|own| own.id == dragged.table));
        if let Some(sheet) = sheet.filter(|sheet| sheet.table.name == tile.table && tile.asks())
            && let body = room.shrink2(room.size() * EDGE / 3.0)
            && body.contains(pointer)
        {
            if let Some((column, axis)) = column_drop::axis_ui(ui, sheet.id, body)
                && let Some(form) = onto_axis(&tile.sql, sheet, &column, axis)
            {
                let tile = Tile { sql: form.to_query().to_sql(), ..tile.clone() };
                self.actions.push(step(Edit::SetTile { tile }));
            }
            return;
        }
        let side = side_at(room, pointer);
        mark_ui(ui, room, side);
        if !ui.input(|i| i.pointer.any_released()) {
            return;
        }
        egui::DragAndDrop::clear_payload(ui.ctx());
        let (board, at) = (self.board.id, Some((tile.id, side)));
        if let Some(tile) = tile_dragged {
            self.actions.push(step(Edit::MoveTile { tile: *tile, board, at }));
        } else if let (Some(sheet), Some(dragged)) = (sheet, column) {
            self.actions.push(step(Edit::AddTile { board, tile: column_tile(sheet, &dragged.column), at }));
        }
    }
}

/// How far arrows move an edge that has the focus.
fn keys_ui(ui: &Ui, id: egui::Id, is_row: bool) -> f32 {
    let filter = egui::EventFilter { horizontal_arrows: is_row, vertical_arrows: !is_row, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    let (back, on) = if is_row { (Key::ArrowLeft, Key::ArrowRight) } else { (Key::ArrowUp, Key::ArrowDown) };
    let pressed = |key: Key| f32::from(u8::from(ui.input_mut(|i| i.consume_key(egui::Modifiers::NONE, key))));
    (pressed(on) - pressed(back)) * look::ROW
}

/// Shows where what is dragged would stand.
fn mark_ui(ui: &Ui, room: Rect, side: Side) {
    let half = match side {
        Side::Left => room.split_left_right_at_fraction(0.5).0,
        Side::Right => room.split_left_right_at_fraction(0.5).1,
        Side::Above => room.split_top_bottom_at_fraction(0.5).0,
        Side::Below => room.split_top_bottom_at_fraction(0.5).1,
        Side::Onto => room.shrink2(room.size() * 0.25),
    };
    let p = look::palette(ui);
    ui.painter().rect(
        half,
        f32::from(look::ROUND),
        p.accent.gamma_multiply(0.18),
        egui::Stroke::new(1.5, p.accent),
        egui::StrokeKind::Inside,
    );
}

/// The side of a tile to which a point is nearest.
fn side_at(room: Rect, at: Pos2) -> Side {
    let from = (at - room.min) / Vec2::new(room.width().max(1.0), room.height().max(1.0));
    let sides = [(from.x, Side::Left), (1.0 - from.x, Side::Right), (from.y, Side::Above), (1.0 - from.y, Side::Below)];
    let nearest = sides.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.filter(|(distance, _)| *distance < EDGE).map_or(Side::Onto, |(_, side)| side)
}

/// The rooms of the parts of a row or column, with the gutters between them.
fn rooms(parts: &[Part], room: Rect, is_row: bool) -> Vec<Rect> {
    let length = if is_row { room.width() } else { room.height() };
    let free = (length - GUTTER * (parts.len().saturating_sub(1)) as f32).max(0.0);
    let mut at = if is_row { room.left() } else { room.top() };
    let of = |part: &Part| {
        let size = free * part.share;
        let (from, to) = (at, at + size);
        at = to + GUTTER;
        if is_row {
            Rect::from_x_y_ranges(from..=to, room.y_range())
        } else {
            Rect::from_x_y_ranges(room.x_range(), from..=to)
        }
    };
    parts.iter().map(of).collect()
}
