//! The pane beside a board: what can be put on it, the question of a tile, or the settings of its figure.

use eframe::egui::{Rect, Ui};

use super::add;
use crate::ui::App;
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::title;
use crate::ui::panel::chart::settings::tile_settings_ui;
use crate::ui::panel::question::beside_ui;
use crate::ui::widget::side::{side_ui, wide_ui};
use crate::ui::widget::typing;
use crate::workspace::bench::{Board, Edit, Tile};

/// The width of a question.
const QUESTION: f32 = 420.0;

/// Shows the pane that is open, and gives the room beside it.
pub fn pane_ui(ui: &mut Ui, app: &App, board: &Board, room: Rect, actions: &mut Vec<Action>) -> Rect {
    let boards = app.boards();
    if boards.presenting {
        return room;
    }
    if let Some(tile) = boards.drawing.and_then(|id| board.tile(id)) {
        let name = format!("Figure of {}", title(tile));
        let (left, closed) = side_ui(ui, room, &name, |ui| form_ui(ui, app, tile, actions));
        actions.extend(closed.then_some(Action::Board(BoardAction::Figure(None))));
        return left;
    }
    if let Some((tile, written)) = app.tile_question().filter(|_| boards.adding.is_none()) {
        let name = format!("Question of {}", title(tile));
        let (left, closed) = wide_ui(ui, room, &name, QUESTION, |ui| beside_ui(ui, app, written, actions));
        actions.extend(closed.then_some(Action::Board(BoardAction::Question(None))));
        return left;
    }
    let Some(adding) = boards.adding else { return room };
    let (left, closed) = side_ui(ui, room, "Add to the board", |ui| add::add_ui(ui, app, board, adding, actions));
    actions.extend(closed.then_some(Action::Board(BoardAction::Add(None))));
    left
}

/// The settings of a tile's figure, with its mark and its columns.
fn form_ui(ui: &mut Ui, app: &App, tile: &Tile, actions: &mut Vec<Action>) {
    let Some((run, answer)) = app.boards().run(tile.id).and_then(|run| Some((run, run.shown()?))) else { return };
    let columns: Vec<String> = answer.answer.get_column_names().into_iter().map(ToString::to_string).collect();
    let mut settings = tile.settings();
    tile_settings_ui(ui, run.chart.shown(), run.chart.figure().as_deref(), &columns, &mut settings);
    let changed = settings != tile.settings();
    let goes_on = typing::goes_on(ui, changed);
    if changed {
        let edit = Box::new(Edit::SetTile { tile: tile.clone().drawn(settings) });
        actions.push(Action::Board(BoardAction::Edit { edit, goes_on }));
    }
}
