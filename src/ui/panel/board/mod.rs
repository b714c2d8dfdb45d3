//! Boards: the tiles in their rows and columns, and what limits them.

mod add;
mod bar;
mod figure;
mod reading;
mod room;
mod scope;
mod side;
mod tile;

use eframe::egui::{
    self, Align2, FontId, Key, Pos2, Rect, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, Vec2, WidgetInfo,
};

pub use self::bar::views_ui;
use self::room::{GUTTER, Sizes, high, least};
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{DraggedColumn, column_tile, onto_axis};
use crate::ui::panel::column_drop;
use crate::ui::{App, focus, look};
use crate::workspace::bench::{Board, Edit, Layout, Side, Tile, TileId};

/// How near to an edge of a tile another is dropped to stand beside it; in the middle it goes into the same place.
const EDGE: f32 = 0.33;

/// A step of the bench.
pub(super) fn step(edit: Edit) -> Action {
    Action::Board(BoardAction::step(edit))
}

/// The tiles of a board, and the pane beside them.
pub fn board_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    let room = ui.available_rect_before_wrap().shrink(GUTTER);
    let mut room = side::pane_ui(ui, app, board, room, actions);
    if scope::has_row(&board.scope) {
        let (row, below) = room.split_top_bottom_at_y(room.top() + scope::ROW);
        ui.scope_builder(UiBuilder::new().max_rect(row), |ui| scope::row_ui(ui, app, board, actions));
        room = below.with_min_y(below.top() + look::STEP);
    }
    let Some(layout) = &board.layout else {
        return empty_ui(ui, app, board, room, actions);
    };
    if let Some(tile) = app.boards().maximised.and_then(|id| board.tile(id)) {
        return tile::tile_ui(ui, app, board, (tile, &[]), room, actions);
    }
    let high = high(board, layout);
    let mut place = Place { app, board, wide: room.width(), actions };
    if high <= room.height() {
        return place.layout_ui(ui, layout, room, &mut Vec::new());
    }
    // A board of more than fits is scrolled, so that every tile can be read.
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            let (all, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), high), Sense::hover());
            place.layout_ui(ui, layout, all, &mut Vec::new());
            focus::keep_in_sight(ui);
        });
    });
}

fn empty_ui(ui: &mut Ui, app: &App, board: &Board, room: Rect, actions: &mut Vec<Action>) {
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        ui.add_space((room.height() / 3.0).max(look::PAD));
        ui.vertical_centered(|ui| {
            ui.label(RichText::new("This board has no tiles yet").size(look::TITLE));
            ui.add_space(look::GAP);
            add::button_ui(ui, app, "Add a tile", actions);
            ui.label(look::faint("or drag a column here", ui));
        });
    });
    let Some(dragged) = egui::DragAndDrop::payload::<DraggedColumn>(ui.ctx()) else { return };
    let sheet = app.sheets().iter().find(|own| own.id == dragged.table);
    let Some(sheet) = sheet.filter(|_| ui.rect_contains_pointer(room)) else { return };
    mark_ui(ui, room, Side::Onto, true);
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
    /// The width of the board.
    wide: f32,
    actions: &'a mut Vec<Action>,
}

impl Place<'_> {
    fn layout_ui(&mut self, ui: &mut Ui, layout: &Layout, room: Rect, path: &mut Vec<usize>) {
        let (is_row, parts) = match layout {
            Layout::Tile(id) => {
                return self.tile_ui(ui, self.board.tile(*id), &[], room);
            }
            Layout::Tabs { tiles, shown } => {
                return self.tile_ui(ui, tiles.get(*shown).and_then(|id| self.board.tile(*id)), tiles, room);
            }
            Layout::Row(parts) => (true, parts),
            Layout::Column(parts) => (false, parts),
        };
        let sizes = Sizes::of(self.board, parts, room, is_row);
        let rooms = sizes.rooms(room);
        for (i, (part, room)) in parts.iter().zip(&rooms).enumerate() {
            path.push(i);
            self.layout_ui(ui, &part.layout, *room, path);
            path.pop();
        }
        for i in 1..rooms.len() {
            self.gutter_ui(ui, &sizes, room, i, &rooms, path);
        }
    }

    /// The tile in front of its place, and what is dropped on it.
    fn tile_ui(&mut self, ui: &mut Ui, tile: Option<&Tile>, place: &[TileId], room: Rect) {
        let Some(tile) = tile else { return };
        tile::tile_ui(ui, self.app, self.board, (tile, place), room, self.actions);
        self.drop_ui(ui, tile, room);
    }

    /// The room between two parts, which is dragged to resize them.
    fn gutter_ui(&mut self, ui: &Ui, sizes: &Sizes, room: Rect, i: usize, rooms: &[Rect], path: &[usize]) {
        let (Some(before), Some(after)) = (rooms.get(i - 1), rooms.get(i)) else { return };
        let gutter = if sizes.is_row {
            Rect::from_min_max(Pos2::new(before.right(), room.top()), Pos2::new(after.left(), room.bottom()))
        } else {
            Rect::from_min_max(Pos2::new(room.left(), before.bottom()), Pos2::new(room.right(), after.top()))
        };
        let id = ui.scope_id().with(("gutter", self.board.id.0, path.to_vec(), i));
        let response = ui.interact(gutter, id, Sense::drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, "Edge between tiles"));
        if response.hovered() || response.dragged() {
            ui.set_cursor_icon(if sizes.is_row {
                egui::CursorIcon::ResizeHorizontal
            } else {
                egui::CursorIcon::ResizeVertical
            });
            ui.painter().rect_filled(gutter.shrink(2.0), 2.0, look::palette(ui).accent.gamma_multiply(0.5));
        }
        let dragged = if sizes.is_row { response.drag_delta().x } else { response.drag_delta().y };
        let by = if response.has_focus() { dragged + keys_ui(ui, id, sizes.is_row) } else { dragged };
        // A drag is one step, which begins once the edge has moved.
        let moved = id.with("moved");
        let goes_on = response.dragged() && ui.data(|d| d.get_temp::<bool>(moved)).is_some();
        if !response.dragged() {
            ui.data_mut(|d| d.remove::<bool>(moved));
        }
        if by == 0.0 {
            return;
        }
        if response.dragged() {
            ui.data_mut(|d| d.insert_temp(moved, true));
        }
        let edit = Edit::Resize { board: self.board.id, path: path.to_vec(), shares: sizes.moved(i, by) };
        self.actions.push(Action::Board(BoardAction::Edit { edit: Box::new(edit), goes_on }));
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
        let (board, at) = (self.board.id, Some((tile.id, side)));
        let edit = match (tile_dragged, sheet, column) {
            (Some(tile), ..) => Edit::MoveTile { tile: *tile, board, at },
            (None, Some(sheet), Some(dragged)) => {
                Edit::AddTile { board, tile: column_tile(sheet, &dragged.column), at }
            }
            _ => return,
        };
        let fits = self.fits(&edit);
        mark_ui(ui, room, side, fits);
        if ui.input(|i| i.pointer.any_released()) {
            egui::DragAndDrop::clear_payload(ui.ctx());
            self.actions.extend(fits.then(|| step(edit)));
        }
    }

    /// Whether every tile finds the width that it needs after a step. There is always more height: boards scroll.
    fn fits(&self, edit: &Edit) -> bool {
        let wide = |board: &Board| board.layout.as_ref().map_or(0.0, |layout| least(board, layout).x);
        let after = self.app.bench().after(edit);
        let after = after.ok().and_then(|bench| bench.board(self.board.id).map(wide)).unwrap_or(0.0);
        after <= self.wide.max(wide(self.board))
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
fn mark_ui(ui: &Ui, room: Rect, side: Side, fits: bool) {
    let half = match side {
        Side::Left => room.split_left_right_at_fraction(0.5).0,
        Side::Right => room.split_left_right_at_fraction(0.5).1,
        Side::Above => room.split_top_bottom_at_fraction(0.5).0,
        Side::Below => room.split_top_bottom_at_fraction(0.5).1,
        Side::Onto => room.shrink2(room.size() * 0.25),
    };
    let p = look::palette(ui);
    let color = if fits { p.accent } else { p.warn };
    let edge = egui::Stroke::new(1.5, color);
    let painter = ui.painter().with_clip_rect(half);
    painter.rect(half, f32::from(look::ROUND), color.gamma_multiply(0.18), edge, egui::StrokeKind::Inside);
    if !fits {
        ui.set_cursor_icon(egui::CursorIcon::NotAllowed);
        let words = "No room here";
        painter.text(half.center(), Align2::CENTER_CENTER, words, FontId::proportional(look::SMALL), p.strong);
    }
}

/// The side of a tile to which a point is nearest.
fn side_at(room: Rect, at: Pos2) -> Side {
    let from = (at - room.min) / Vec2::new(room.width().max(1.0), room.height().max(1.0));
    let sides = [(from.x, Side::Left), (1.0 - from.x, Side::Right), (from.y, Side::Above), (1.0 - from.y, Side::Below)];
    let nearest = sides.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.filter(|(distance, _)| *distance < EDGE).map_or(Side::Onto, |(_, side)| side)
}
