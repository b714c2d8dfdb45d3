//! What can be put on a board: tiles that fit the open tables, words, and variables.

use eframe::egui::{ScrollArea, Ui};

use super::step;
use crate::query::sql::quote;
use crate::ui::action::Action;
use crate::ui::board::{as_asked, free_variable, suggestions, title};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look};
use crate::workspace::bench::{Board, Edit, Scope, Tile, TileKind, Variable, VariableKind};

/// The height of the menu at most, so that all of it can be reached.
const HIGH: f32 = 420.0;

pub fn add_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    let own = |sheet: &&Worksheet| board.tiles.iter().any(|tile| tile.table == sheet.table.name);
    // The tables that are on the board already come first.
    let (first, others): (Vec<&Worksheet>, Vec<&Worksheet>) = app.sheets().iter().partition(own);
    for (i, sheet) in first.into_iter().chain(others).enumerate() {
        if i == 0 {
            ui.label(look::faint(&sheet.table.name, ui));
            table_ui(ui, app, board, sheet, actions);
            ui.separator();
        } else {
            ui.menu_button(&sheet.table.name, |ui| table_ui(ui, app, board, sheet, actions));
        }
    }
    if ui.button("Text").clicked() {
        let words = "# A heading\nWhat is to be *watched* here.".to_owned();
        add(board, Tile::new("", "", String::new(), TileKind::Text(words)), actions);
    }
    ui.menu_button("Variable", |ui| {
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
    });
}

fn table_ui(ui: &mut Ui, app: &App, board: &Board, sheet: &Worksheet, actions: &mut Vec<Action>) {
    ScrollArea::vertical().max_height(HIGH).show(ui, |ui| {
        for tile in suggestions(sheet) {
            let kind = match &tile.show {
                TileKind::Number => "number",
                TileKind::Grid => "rows",
                TileKind::Figure(mark) if mark == "bar" => "bars",
                _ => "line",
            };
            if ui.button(format!("{} ({kind})", title(&tile))).clicked() {
                add(board, tile, actions);
            }
        }
        for question in app.bench().questions(&sheet.table.name) {
            if ui.button(&question.name).on_hover_text("A question that other tiles share").clicked() {
                let show = TileKind::Figure(String::new());
                let tile = Tile::new(&sheet.table.name, "", question.sql, show);
                add(board, Tile { question: question.name, ..tile }, actions);
            }
        }
        let ledger = format!("SELECT count(*) AS \"rows\" FROM {}", quote(&sheet.table.name));
        if ui.button("Ledger: every row accounted for").clicked() {
            add(board, Tile::new(&sheet.table.name, "", ledger, TileKind::Ledger), actions);
        }
        for model in app.models().under(sheet.id) {
            if ui.button(format!("Guard of {}", model.name)).clicked() {
                let show = TileKind::Guard(model.name.clone());
                add(board, Tile::new(&sheet.table.name, "", String::new(), show), actions);
            }
        }
        if !sheet.question.asked.is_empty() && ui.button("The question as it is written").clicked() {
            add(board, as_asked(sheet), actions);
        }
    });
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
