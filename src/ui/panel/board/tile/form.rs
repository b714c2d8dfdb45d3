//! The form with the settings of a tile's figure: those of the chart of a question, with its mark and its columns.

use eframe::egui::{Popup, Response};

use crate::ui::App;
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{TileRun, title};
use crate::ui::panel::chart::settings::tile_settings_ui;
use crate::ui::widget::{chip, typing};
use crate::workspace::bench::{Edit, Tile};

/// The form beside the button of the tile's menu, while it is open.
pub fn form_ui(app: &App, tile: &Tile, run: Option<&TileRun>, menu: &Response, actions: &mut Vec<Action>) {
    if app.boards().drawing != Some(tile.id) {
        return;
    }
    let mut open = true;
    let popup = Popup::from_response(menu).id(menu.id.with("figure")).open_bool(&mut open);
    chip::form_ui(popup, menu.rect, &format!("Figure of {}", title(tile)), |ui| {
        let Some((run, answer)) = run.and_then(|run| Some((run, run.shown()?))) else {
            return;
        };
        let columns: Vec<String> = answer.answer.get_column_names().into_iter().map(ToString::to_string).collect();
        let mut settings = tile.settings();
        tile_settings_ui(ui, run.chart.shown(), run.chart.figure().as_deref(), &columns, &mut settings);
        let changed = settings != tile.settings();
        let goes_on = typing::goes_on(ui, changed);
        if changed {
            let edit = Box::new(Edit::SetTile { tile: tile.clone().drawn(settings) });
            actions.push(Action::Board(BoardAction::Edit { edit, goes_on }));
        }
    });
    if !open {
        actions.push(Action::Board(BoardAction::Figure(None)));
    }
}
