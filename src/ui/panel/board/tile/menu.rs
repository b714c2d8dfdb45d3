//! What can be done with a tile.

use eframe::egui::containers::menu::{MenuConfig, SubMenuButton};
use eframe::egui::{PopupCloseBehavior, Ui};

use super::question;
use super::state::OWN_TIME;
use crate::figure::MARKS;
use crate::ui::App;
use crate::ui::action::{Action, BoardAction};
use crate::workspace::bench::{Board, Edit, Tile, TileKind};

pub fn menu_ui(ui: &mut Ui, app: &App, board: &Board, tile: &Tile, actions: &mut Vec<Action>) {
    let mut act = |action: BoardAction| actions.push(Action::Board(action));
    if app.boards().maximised == Some(tile.id) {
        if ui.button("Give the others their place back").clicked() {
            act(BoardAction::Maximise(None));
        }
    } else if ui.button("Maximise").clicked() {
        act(BoardAction::Maximise(Some(tile.id)));
    }
    if tile.asks_freely() && ui.button("Change the question…").clicked() {
        act(BoardAction::Question(Some(tile.id)));
    }
    if tile.asks_freely()
        && ui
            .button("Open it at its table")
            .on_hover_text("With its rows, its ledger and its cost; the tile stays as it is until it is updated")
            .clicked()
    {
        act(BoardAction::Open(tile.id));
    }
    if matches!(tile.show, TileKind::Figure(_)) && ui.button("Figure…").clicked() {
        act(BoardAction::Figure(Some(tile.id)));
    }
    if tile.asks_freely() {
        // It holds a field: a click into it does not close it.
        let open = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        SubMenuButton::new("Share its question").config(open).ui(ui, |ui| {
            if let Some(edit) = question::share_ui(ui, app, tile) {
                act(BoardAction::step(edit));
            }
        });
    }
    if tile.asks_freely() {
        let mut own_time = tile.own_time;
        if ui.checkbox(&mut own_time, "Keep its own time").on_hover_text(OWN_TIME).changed() {
            act(BoardAction::step(Edit::SetTile { tile: Tile { own_time, ..tile.clone() } }));
            ui.close();
        }
    }
    if matches!(tile.show, TileKind::Text(_)) && ui.button("Edit the text").clicked() {
        act(BoardAction::Write(Some(tile.id)));
    }
    if ui.button("Rename").clicked() {
        act(BoardAction::Rename(Some(tile.id)));
    }
    if tile.asks_freely() {
        ui.menu_button("Show as", |ui| {
            let mut choice = |ui: &mut Ui, name: &str, show: TileKind| {
                if ui.radio(tile.show == show, name).clicked() {
                    act(BoardAction::step(Edit::SetTile { tile: Tile { show, ..tile.clone() } }));
                    ui.close();
                }
            };
            choice(ui, "The figure that fits", TileKind::Figure(String::new()));
            for mark in MARKS {
                choice(ui, mark.title, TileKind::Figure(mark.name.to_owned()));
            }
            choice(ui, "Big number", TileKind::Number);
            choice(ui, "Rows", TileKind::Grid);
        });
    }
    if ui.button("Duplicate").clicked() {
        act(BoardAction::step(Edit::Duplicate { tile: tile.id }));
    }
    ui.menu_button("Move to", |ui| {
        for other in app.bench().boards.iter().filter(|other| other.id != board.id) {
            if ui.button(&other.name).clicked() {
                act(BoardAction::step(Edit::MoveTile { tile: tile.id, board: other.id, at: None }));
            }
        }
        if ui.button("A new board").clicked() {
            act(BoardAction::MoveToNew(tile.id));
        }
    });
    ui.separator();
    if ui.button("Close tile").on_hover_text("Ctrl+Z brings it back").clicked() {
        act(BoardAction::step(Edit::RemoveTile { tile: tile.id }));
    }
}
