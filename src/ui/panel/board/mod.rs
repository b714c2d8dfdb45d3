//! Boards: the strip that chooses what is shown, and the tiles of a board in their rows and columns.

mod figure;
mod tile;

use eframe::egui::{self, Align, Layout as Flow, Pos2, Rect, RichText, Sense, Ui, Vec2};

use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{suggestions, title};
use crate::ui::widget::{buttons, numbers};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, command, look};
use crate::workspace::bench::{Board, BoardId, Edit, Layout, Part, Side, Tile, TileId, TileKind};

/// The room between tiles, by which they are resized.
const GUTTER: f32 = look::GAP;
/// How near to an edge of a tile another is dropped to stand beside it; in the middle it goes to the right.
const EDGE: f32 = 0.33;

/// A step of the bench.
pub(super) fn step(edit: Edit) -> Action {
    Action::Board(BoardAction::Edit { edit: Box::new(edit), goes_on: false })
}

/// The question of the selected table and all boards, one of which is shown.
pub fn views_ui(ui: &mut Ui, app: &App, sheet: Option<&Worksheet>, actions: &mut Vec<Action>) {
    let boards = app.boards();
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = look::STEP;
        if let Some(sheet) = sheet {
            let question = format!("Question of {}", sheet.table.name);
            if buttons::choice_ui(ui, boards.shown.is_none(), &question).clicked() {
                actions.push(Action::Board(BoardAction::Show(None)));
            }
        }
        for board in &app.bench().boards {
            let shown = boards.shown == Some(board.id);
            let response =
                buttons::choice_ui(ui, shown, &board.name).on_hover_text("A board: its tiles are of one moment");
            if response.clicked() {
                actions.push(Action::Board(BoardAction::Show(Some(board.id))));
            }
            response.context_menu(|ui| board_menu_ui(ui, board, actions));
        }
        if ui.button("+").on_hover_text("A new board").clicked() {
            actions.push(Action::Board(BoardAction::New));
        }
        ui.with_layout(Flow::right_to_left(Align::Center), |ui| match app.board() {
            Some(board) => tools_ui(ui, app, board, actions),
            None => sheet.into_iter().for_each(|sheet| keep_ui(ui, app, sheet, actions)),
        });
    });
}

/// Puts the question that is being looked at on a board.
fn keep_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let boards = &app.bench().boards;
    if boards.is_empty() || sheet.question.asked.is_empty() {
        return;
    }
    ui.menu_button("Put on a board", |ui| {
        for board in boards {
            if ui.button(&board.name).clicked() {
                actions.push(Action::Board(BoardAction::Keep(board.id)));
            }
        }
    });
}

/// What is done with the board that is shown, and the moment at which its tiles are.
fn tools_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    let present = egui::Button::new("Present").shortcut_text(ui.ctx().format_shortcut(&command::PRESENT));
    if ui.add(present).on_hover_text("The board without anything around it; Esc ends it").clicked() {
        actions.push(Action::Board(BoardAction::Present(true)));
    }
    ui.menu_button("Add tile", |ui| add_ui(ui, app, board.id, actions));
    if app.boards().range.is_some() {
        let all =
            ui.button("Show all").on_hover_text("All of the time again, on all tiles; a double-click does so, too");
        if all.clicked() {
            actions.push(Action::Board(BoardAction::Range(None)));
        }
    }
    ui.add_space(look::STEP);
    moment_ui(ui, app, board);
}

/// Which moment the tiles are of, or which of them are not there yet.
fn moment_ui(ui: &mut Ui, app: &App, board: &Board) {
    let p = look::palette(ui);
    let mut tables: Vec<&str> = board.tiles.iter().filter(|tile| tile.asks()).map(|tile| tile.table.as_str()).collect();
    tables.sort_unstable();
    tables.dedup();
    let is_open = |table: &&str| app.sheets().iter().any(|sheet| sheet.table.name == **table);
    let (tables, closed): (Vec<&str>, Vec<&str>) = tables.into_iter().partition(is_open);
    if !closed.is_empty() {
        let text = RichText::new(format!("{} not open", numbers::counted(closed.len() as u64, "table"))).color(p.warn);
        ui.label(text.size(look::SMALL)).on_hover_text(closed.join(", "));
    }
    let lagging: Vec<TileId> = tables.iter().flat_map(|table| app.boards().lagging(board, table).1).collect();
    let names = || lagging.iter().filter_map(|id| board.tile(*id)).map(title).collect::<Vec<_>>().join(", ");
    let text = match (tables.len(), lagging.len()) {
        (0, _) => return,
        (_, 1..) => RichText::new(format!("{} still reading", lagging.len())).color(p.warn),
        (1, 0) => {
            let at = board.tiles.iter().find_map(|tile| app.boards().run(tile.id)?.shown()?.watermark);
            let moment = at.map_or_else(|| "of one moment".to_owned(), |at| format!("at {}", numbers::time(at)));
            RichText::new(format!("All tiles {moment}")).color(p.faint)
        }
        (n, 0) => RichText::new(format!("{n} tables, the tiles of each of one moment")).color(p.faint),
    };
    let hint = if lagging.is_empty() {
        "They come from one reading: at each moment a total is the sum of its parts".to_owned()
    } else {
        format!("Not there yet: {}", names())
    };
    ui.label(text.size(look::SMALL)).on_hover_text(hint);
}

fn board_menu_ui(ui: &mut Ui, board: &Board, actions: &mut Vec<Action>) {
    let mut name = board.name.clone();
    let response = ui.add(egui::TextEdit::singleline(&mut name).desired_width(140.0).hint_text("Name"));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Name of the board"));
    if response.changed() {
        // What is typed is one step.
        let edit = Box::new(Edit::RenameBoard { board: board.id, name });
        let goes_on = ui.data(|d| d.get_temp::<bool>(response.id).unwrap_or(false));
        ui.data_mut(|d| d.insert_temp(response.id, true));
        actions.push(Action::Board(BoardAction::Edit { edit, goes_on }));
    }
    if response.lost_focus() {
        ui.data_mut(|d| d.remove::<bool>(response.id));
    }
    ui.separator();
    if ui.button("Remove board").on_hover_text("Ctrl+Z brings it back").clicked() {
        actions.push(step(Edit::RemoveBoard { board: board.id }));
    }
}

/// Tiles that fit the open tables.
fn add_ui(ui: &mut Ui, app: &App, board: BoardId, actions: &mut Vec<Action>) {
    let mut add = |tile: Tile| actions.push(step(Edit::AddTile { board, tile, at: None }));
    for sheet in app.sheets() {
        ui.label(look::faint(&sheet.table.name, ui));
        for tile in suggestions(sheet) {
            let kind = match &tile.show {
                TileKind::Number => "number",
                TileKind::Grid => "rows",
                TileKind::Figure(mark) if mark == "bar" => "bars",
                _ => "line",
            };
            if ui.button(format!("{} ({kind})", title(&tile))).clicked() {
                add(tile);
            }
        }
        if !sheet.question.asked.is_empty() && ui.button("The question as it is written").clicked() {
            let mark = sheet.chart.chosen_mark().unwrap_or_default().to_owned();
            add(Tile::new(&sheet.table.name, "", sheet.question.sql.clone(), TileKind::Figure(mark)));
        }
        ui.separator();
    }
    if ui.button("Text").clicked() {
        add(Tile::new("", "", String::new(), TileKind::Text("# A heading\nWhat is to be watched here.".to_owned())));
    }
}

/// The tiles of a board.
pub fn board_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    let room = ui.available_rect_before_wrap().shrink(GUTTER);
    let Some(layout) = &board.layout else {
        return empty_ui(ui, app, board, room, actions);
    };
    if let Some(tile) = app.boards().maximised.and_then(|id| board.tile(id)) {
        return tile::tile_ui(ui, app, board, tile, room, actions);
    }
    let mut place = Place { app, board, actions };
    place.layout_ui(ui, layout, room, &mut Vec::new());
}

fn empty_ui(ui: &mut Ui, app: &App, board: &Board, room: Rect, actions: &mut Vec<Action>) {
    ui.scope_builder(egui::UiBuilder::new().max_rect(room), |ui| {
        ui.add_space((room.height() / 3.0).max(look::PAD));
        ui.vertical_centered(|ui| {
            ui.label(RichText::new("This board has no tiles yet").size(look::TITLE));
            ui.add_space(look::GAP);
            ui.menu_button("Add tile", |ui| add_ui(ui, app, board.id, actions));
        });
    });
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
        if response.hovered() || response.dragged() {
            ui.set_cursor_icon(if is_row {
                egui::CursorIcon::ResizeHorizontal
            } else {
                egui::CursorIcon::ResizeVertical
            });
            ui.painter().rect_filled(gutter.shrink(2.0), 2.0, look::palette(ui).accent.gamma_multiply(0.5));
        }
        let by = if is_row { response.drag_delta().x } else { response.drag_delta().y };
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
        self.actions.push(Action::Board(BoardAction::Edit { edit, goes_on: !response.drag_started() }));
    }

    /// Where a tile that is dragged would stand, and its drop.
    fn drop_ui(&mut self, ui: &Ui, tile: &Tile, room: Rect) {
        let Some(dragged) = egui::DragAndDrop::payload::<TileId>(ui.ctx()).filter(|dragged| **dragged != tile.id)
        else {
            return;
        };
        let Some(pointer) = ui.ctx().pointer_interact_pos().filter(|pos| room.contains(*pos)) else { return };
        let side = side_at(room, pointer);
        let half = match side {
            Side::Left => room.split_left_right_at_fraction(0.5).0,
            Side::Right => room.split_left_right_at_fraction(0.5).1,
            Side::Above => room.split_top_bottom_at_fraction(0.5).0,
            Side::Below => room.split_top_bottom_at_fraction(0.5).1,
        };
        let p = look::palette(ui);
        ui.painter().rect(
            half,
            f32::from(look::ROUND),
            p.accent.gamma_multiply(0.18),
            egui::Stroke::new(1.5, p.accent),
            egui::StrokeKind::Inside,
        );
        if ui.input(|i| i.pointer.any_released()) {
            egui::DragAndDrop::clear_payload(ui.ctx());
            let at = Some((tile.id, side));
            self.actions.push(step(Edit::MoveTile { tile: *dragged, board: self.board.id, at }));
        }
    }
}

/// The side of a tile to which a point is nearest.
fn side_at(room: Rect, at: Pos2) -> Side {
    let from = (at - room.min) / Vec2::new(room.width().max(1.0), room.height().max(1.0));
    let sides = [(from.x, Side::Left), (1.0 - from.x, Side::Right), (from.y, Side::Above), (1.0 - from.y, Side::Below)];
    let nearest = sides.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.filter(|(distance, _)| *distance < EDGE).map_or(Side::Right, |(_, side)| side)
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
