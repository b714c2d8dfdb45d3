//! The strip that chooses what is shown: the question of a table, or a board, with what is done with it.

use eframe::egui::scroll_area::ScrollBarVisibility;
use eframe::egui::{self, Align, Id, Label, Layout, Response, RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::{add, scope, step};
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{Lag, title};
use crate::ui::widget::rename::{self, Written};
use crate::ui::widget::{buttons, context, numbers};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, command, look};
use crate::workspace::bench::{Board, Edit, Span, TileId};

/// The least room for the names of boards and the moment beside them.
const MOMENT: f32 = 520.0;
/// How long each board may be shown while they take turns, seconds.
const TURNS: &[u32] = &[5, 10, 30, 60, 300];

/// The question of the selected table and all boards, one of which is shown.
pub fn views_ui(ui: &mut Ui, app: &App, sheet: Option<&Worksheet>, actions: &mut Vec<Action>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = look::STEP;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            match (app.board(), sheet) {
                (Some(board), _) => tools_ui(ui, app, board, actions),
                (None, Some(sheet)) => keep_ui(ui, app, sheet, actions),
                (None, None) => {}
            }
            let id = ui.scope_id().with("names of boards are out of sight");
            let hid = ui.data(|d| d.get_temp::<bool>(id)).unwrap_or(false);
            if hid {
                all_ui(ui, app, actions);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let hidden = ScrollBarVisibility::AlwaysHidden;
                let names = ScrollArea::horizontal().scroll_bar_visibility(hidden).auto_shrink([false, false]);
                let shown = names.show(ui, |ui| {
                    ui.horizontal_centered(|ui| tabs_ui(ui, app, sheet, actions));
                });
                let hides = shown.content_size.x > shown.inner_rect.width() + 1.0;
                if hides != hid {
                    ui.data_mut(|d| d.insert_temp(id, hides));
                    ui.ctx().request_repaint();
                }
            });
        });
    });
}

/// All boards in a list, where their names do not all find room.
fn all_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let menu = ui.menu_button("…", |ui| {
        for board in &app.bench().boards {
            if ui.radio(app.boards().shown == Some(board.id), &board.name).clicked() {
                actions.push(Action::Board(BoardAction::Show(Some(board.id))));
                ui.close();
            }
        }
        ui.separator();
        if ui.button("A new board").clicked() {
            actions.push(Action::Board(BoardAction::New));
        }
    });
    menu.response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "All boards"));
    menu.response.on_hover_text("All boards");
}

fn tabs_ui(ui: &mut Ui, app: &App, sheet: Option<&Worksheet>, actions: &mut Vec<Action>) {
    let boards = app.boards();
    if let Some(sheet) = sheet {
        let question = format!("Question of {}", sheet.table.name);
        if buttons::choice_ui(ui, boards.shown.is_none(), &question).clicked() {
            actions.push(Action::Board(BoardAction::Show(None)));
        }
    }
    let strip = ui.min_rect().left();
    for board in &app.bench().boards {
        // What has the focus is told by the board, wherever it stands.
        ui.push_id(board.id.0, |ui| tab_ui(ui, app, board, strip, actions));
    }
    if ui.button("+").on_hover_text("A new board").clicked() {
        actions.push(Action::Board(BoardAction::New));
    }
}

/// The name of a board: it shows the board, and takes tiles that are dropped on it. `strip` is where all names begin.
fn tab_ui(ui: &mut Ui, app: &App, board: &Board, strip: f32, actions: &mut Vec<Action>) {
    if app.boards().naming == Some(board.id) {
        return name_ui(ui, board, actions);
    }
    let shown = app.boards().shown == Some(board.id);
    let response = buttons::choice_ui(ui, shown, &board.name)
        .on_hover_text("A board: its tiles are of one moment. Double-click to rename it");
    drop_ui(ui, board, &response, actions);
    if response.double_clicked() {
        actions.push(Action::Board(BoardAction::Name(Some(board.id))));
    } else if response.clicked() {
        actions.push(Action::Board(BoardAction::Show(Some(board.id))));
    }
    // It is brought into sight once it is shown, however that came, and when the room for it has changed.
    let seen = Id::unique("shown board");
    let place = (response.rect.right() - strip) as i32;
    let at = (board.id, ui.clip_rect().width() as i32, place);
    if shown && ui.data(|d| d.get_temp(seen)) != Some(at) {
        response.scroll_to_me(None);
        ui.data_mut(|d| d.insert_temp(seen, at));
    }
    context::menu_ui(&response, |ui| {
        if ui.button("Rename").clicked() {
            actions.push(Action::Board(BoardAction::Name(Some(board.id))));
        }
        if ui.button("Duplicate").clicked() {
            actions.push(step(Edit::DuplicateBoard { board: board.id }));
        }
        ui.separator();
        if ui.button("Remove board").on_hover_text("Ctrl+Z brings it back").clicked() {
            actions.push(step(Edit::RemoveBoard { board: board.id }));
        }
    });
}

/// A tile that is dropped on the name of a board moves there.
fn drop_ui(ui: &Ui, board: &Board, response: &Response, actions: &mut Vec<Action>) {
    if let Some(tile) = response.dnd_hover_payload::<TileId>().filter(|tile| board.tile(**tile).is_none()) {
        let p = look::palette(ui);
        let stroke = egui::Stroke::new(1.5, p.accent);
        ui.painter().rect_stroke(response.rect, f32::from(look::ROUND), stroke, egui::StrokeKind::Inside);
        if ui.input(|i| i.pointer.any_released()) {
            egui::DragAndDrop::clear_payload(ui.ctx());
            actions.push(step(Edit::MoveTile { tile: *tile, board: board.id, at: None }));
        }
    }
}

fn name_ui(ui: &mut Ui, board: &Board, actions: &mut Vec<Action>) {
    let written = rename::rename_ui(ui, ("name", board.id.0), &board.name, "Name of the board", 160.0);
    if written == Written::GoesOn {
        return;
    }
    if let Written::Done(name) = written
        && !name.is_empty()
    {
        actions.push(step(Edit::RenameBoard { board: board.id, name }));
    }
    actions.push(Action::Board(BoardAction::Name(None)));
}

/// Puts the question that is being looked at on a board, or back into the tile that it is of.
fn keep_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    if sheet.question.asked.is_empty() {
        return;
    }
    let boards = &app.bench().boards;
    ui.menu_button("Put on a board", |ui| {
        let mut keep = |board| actions.push(Action::Board(BoardAction::Keep { table: sheet.id, board }));
        for board in boards {
            if ui.button(&board.name).clicked() {
                keep(Some(board.id));
            }
        }
        ui.separator();
        if ui.button("A new board").clicked() {
            keep(None);
        }
    });
    let edited = app.boards().editing.and_then(|id| app.bench().tile(id)).filter(|tile| tile.table == sheet.table.name);
    if let Some(tile) = edited {
        let name = format!("Update {}", title(tile));
        if buttons::primary_ui(ui, &name).on_hover_text("The tile asks this question from now on").clicked() {
            actions.push(Action::Board(BoardAction::Update(tile.id)));
        }
        if ui.button("Leave the tile").on_hover_text("Back to the board; the tile stays as it was").clicked() {
            actions.push(Action::Board(BoardAction::Leave(tile.id)));
        }
    }
}

/// What is done with the board that is shown, and the moment at which its tiles are.
fn tools_ui(ui: &mut Ui, app: &App, board: &Board, actions: &mut Vec<Action>) {
    ui.menu_button("Present", |ui| {
        let now = egui::Button::new("Present now").shortcut_text(ui.ctx().format_shortcut(&command::PRESENT));
        if ui.add(now).on_hover_text("The board without anything around it; Esc ends it").clicked() {
            actions.push(Action::Board(BoardAction::Present(true)));
        }
        ui.separator();
        ui.label(look::faint("While presenting, boards take turns", ui));
        let mut choice = |ui: &mut Ui, seconds: Option<u32>, name: String| {
            if ui.radio(app.bench().turn == seconds, name).clicked() {
                actions.push(step(Edit::SetTurn { seconds }));
            }
        };
        choice(ui, None, "Never".to_owned());
        for seconds in TURNS {
            choice(ui, Some(*seconds), format!("Every {}", Span::Last(*seconds).words().trim_start_matches("Last ")));
        }
    });
    add::button_ui(ui, app, "Add", actions);
    let paused = app.boards().paused;
    if paused && buttons::primary_ui(ui, "Go on").on_hover_text("The tiles stand still; rows are read").clicked() {
        actions.push(Action::Board(BoardAction::Pause(false)));
    }
    scope::span_ui(ui, app, board, actions);
    ui.add_space(look::STEP);
    // In a narrow window the names of boards have the room.
    if ui.available_width() > MOMENT {
        moment_ui(ui, app, board);
    }
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
    let (lags, moment) = (app.boards().lags(board), app.boards().moment(board).map(numbers::clock));
    let text = match &lags[..] {
        _ if tables.is_empty() => return,
        _ if app.boards().changes_slowly => RichText::new("Reading what was changed").color(p.warn),
        [] => match &moment {
            Some(at) => RichText::new(format!("All tiles at {at}")).color(p.faint),
            None => RichText::new("All tiles of one moment").color(p.faint),
        },
        [lag] => RichText::new(lag.words()).color(p.warn),
        [lag, more @ ..] => RichText::new(format!("{}, and {} more", lag.words(), more.len())).color(p.warn),
    };
    let mut hint: Vec<String> = lags.iter().map(Lag::words).collect();
    if lags.is_empty() {
        hint.push("All of them hold what had come by then: at each moment a total is the sum of its parts".to_owned());
    } else {
        hint.extend(moment.map(|at| format!("The other tiles are at {at}")));
    }
    hint.push(format!("Times are in {}", numbers::zone()));
    let hint = hint.join("\n");
    // The names of boards have the room first.
    let most = (ui.available_width() * 0.28).max(60.0);
    ui.scope(|ui| {
        ui.set_max_width(most);
        ui.add(Label::new(text.size(look::SMALL)).truncate()).on_hover_text(hint);
    });
}
