//! What can be put on a board: tiles that fit the open tables, each with a small live picture, words, and variables.

use eframe::egui::{
    self, Align, Button, CornerRadius, CursorIcon, Layout, Response, RichText, Role, ScrollArea, Sense, Stroke,
    StrokeKind, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::{step, tile};
use crate::query::sql::quote;
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{Adding, as_asked, fitting, free_variable, title};
use crate::ui::widget::buttons;
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, command, look};
use crate::workspace::bench::{Board, Edit, Scope, Tile, TileKind, Variable, VariableKind};

/// The height of a menu at most, so that all of it can be reached.
const HIGH: f32 = 420.0;
/// The height of a small picture.
const PICTURE: f32 = 72.0;

/// The button that opens the pane, and closes it.
pub fn button_ui(ui: &mut Ui, app: &App, name: &str, actions: &mut Vec<Action>) -> Response {
    let open = app.boards().adding.is_some();
    let response = ui.add(Button::new(name).selected(open));
    if response.clicked() {
        actions.push(Action::Board(BoardAction::Add(app.table_to_add().filter(|_| !open))));
    }
    response
}

pub fn add_ui(ui: &mut Ui, app: &App, board: &Board, adding: Adding, actions: &mut Vec<Action>) {
    if app.sheets().len() > 1 {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = look::STEP;
            for sheet in app.sheets() {
                if buttons::choice_ui(ui, sheet.id == adding.table, &sheet.table.name).clicked() {
                    actions.push(Action::Board(BoardAction::Add(Some(sheet.id))));
                }
            }
        });
    }
    let sheet = app.sheet_of(adding.table);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = look::STEP;
        if ui.button("Text").clicked() {
            actions.push(step(command::words(board.id)));
        }
        ui.menu_button("Variable", |ui| variable_ui(ui, app, board, actions));
        if let Some(sheet) = sheet {
            table_ui(ui, app, board, sheet, actions);
        }
    });
    let Some(sheet) = sheet else { return };
    ui.add_space(look::STEP);
    ui.label(look::faint(format!("What fits {}; a click puts it on the board", sheet.table.name), ui));
    for tile in adding.previews(sheet) {
        if card_ui(ui, app, &tile).clicked() {
            add(board, tile, actions);
        }
    }
}

fn variable_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    let mut variable = |name: &str, kind: VariableKind| {
        let variable = Variable { name: free_variable(&board.scope, name), kind, value: String::new() };
        let mut scope = board.scope.clone();
        scope.variables.push(variable);
        actions.push(step(Edit::SetScope { board: board.id, scope }));
    };
    if ui.button("A text").clicked() {
        variable("text", VariableKind::Text);
    }
    if ui.button("A number").clicked() {
        variable("number", VariableKind::Number);
    }
    for sheet in app.sheets() {
        ui.menu_button(format!("A value of {}", sheet.table.name), |ui| {
            ScrollArea::vertical().max_height(HIGH).show(ui, |ui| {
                for (column, _) in sheet.table.schema.iter() {
                    if ui.button(column.as_str()).clicked() {
                        let table = sheet.table.name.clone();
                        variable(column, VariableKind::List { table, column: column.to_string() });
                    }
                }
            });
        });
    }
}

/// What a suggestion would show, small, with its name above.
fn card_ui(ui: &mut Ui, app: &App, tile: &Tile) -> Response {
    let p = look::palette(ui);
    let kind = match &tile.show {
        TileKind::Number => "number",
        TileKind::Grid => "rows",
        TileKind::Figure(mark) if mark == "bar" => "bars",
        TileKind::Figure(mark) if mark == "histogram" => "distribution",
        _ => "line",
    };
    let name = title(tile);
    let (room, response) = ui.allocate_exact_size(vec2(ui.available_width(), look::ROW + PICTURE), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{name} ({kind})")));
    let edge = if response.hovered() || response.has_focus() { p.accent } else { p.line };
    let edge = Stroke::new(1.0, edge);
    ui.painter().rect(room, CornerRadius::same(look::ROUND), p.panel, edge, StrokeKind::Inside);
    let (head, body) = room.shrink2(vec2(look::GAP, look::STEP)).split_top_bottom_at_y(room.top() + look::ROW);
    // Children, which leave the room of what comes next as it is.
    let mut head = ui.new_child(UiBuilder::new().max_rect(head).layout(Layout::right_to_left(Align::Center)));
    head.add(egui::Label::new(look::faint(kind, &head)).selectable(false));
    head.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add(egui::Label::new(RichText::new(name).size(look::SMALL)).truncate().selectable(false));
    });
    let mut picture = ui.new_child(UiBuilder::new().id_salt(tile.id.0).max_rect(body));
    picture.set_clip_rect(body.intersect(ui.clip_rect()));
    tile::sketch_ui(&mut picture, tile, app.boards().run(tile.id), body);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// What else there is of a table.
fn table_ui(ui: &mut Ui, app: &App, board: &Board, sheet: &Worksheet, actions: &mut Vec<Action>) {
    for question in app.bench().questions(&sheet.table.name) {
        if ui.button(&question.name).on_hover_text("A question that other tiles share").clicked() {
            let show = fitting(&question.sql);
            let tile = Tile::new(&sheet.table.name, "", question.sql, show);
            add(board, Tile { question: question.name, ..tile }, actions);
        }
    }
    let ledger = format!("SELECT count(*) AS \"rows\" FROM {}", quote(&sheet.table.name));
    if ui.button("Ledger").on_hover_text("Every row accounted for").clicked() {
        add(board, Tile::new(&sheet.table.name, "", ledger, TileKind::Ledger), actions);
    }
    for model in app.models().under(sheet.id) {
        if ui.button(format!("Guard of {}", model.name)).clicked() {
            let show = TileKind::Guard(model.name.clone());
            add(board, Tile::new(&sheet.table.name, "", String::new(), show), actions);
        }
    }
    let hint = "The question of the table, as it is written";
    if !sheet.question.asked.is_empty() && ui.button("Its question").on_hover_text(hint).clicked() {
        add(board, as_asked(sheet), actions);
    }
}

fn add(board: &Board, tile: Tile, actions: &mut Vec<Action>) {
    actions.push(step(Edit::AddTile { board: board.id, tile, at: None }));
}

/// The scope with another value of one variable.
pub fn with_value(scope: &Scope, name: &str, value: String) -> Scope {
    let mut scope = scope.clone();
    scope.variables.iter_mut().filter(|own| own.name == name).for_each(|own| own.value.clone_from(&value));
    scope
}
