//! One tile: its title, what there is to say about its answer, and the answer as a figure, a number, rows or words.

mod body;
mod guard;
mod menu;
mod number;
mod question;
mod sketch;
mod state;
mod text;

use eframe::egui::scroll_area::ScrollBarVisibility;
use eframe::egui::{
    self, Align, CornerRadius, EventFilter, Key, Label, Modifiers, Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui,
    UiBuilder, WidgetInfo, vec2,
};

pub use self::sketch::sketch_ui;
use super::step;
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{TileRun, head_id, title};
use crate::ui::widget::rename::{self, Written};
use crate::ui::widget::{buttons, context};
use crate::ui::{App, look};
use crate::workspace::bench::{Board, Edit, Layout, Side, Tile, TileId, TileKind};

/// The height of a tile's title.
const HEAD: f32 = 28.0;

/// How much a tile is greyed whose feed is silent or lost.
const GREY: f32 = 0.45;

/// A tile; `place` are those in its place, where there are several: their names stand for its title.
pub fn tile_ui(
    ui: &mut Ui,
    app: &App,
    board: &Board,
    (tile, place): (&Tile, &[TileId]),
    room: Rect,
    actions: &mut Vec<Action>,
) {
    let p = look::palette(ui);
    let focused = app.boards().focus == Some(tile.id) && !app.boards().presenting;
    let edge = if focused { Stroke::new(1.5, p.accent) } else { Stroke::new(1.0, p.line) };
    ui.painter().rect(room, CornerRadius::same(look::ROUND), p.panel, edge, egui::StrokeKind::Inside);
    if !focused && ui.input(|i| i.pointer.primary_pressed()) && ui.rect_contains_pointer(room) {
        actions.push(Action::Board(BoardAction::Focus(Some(tile.id))));
    }
    let run = app.boards().run(tile.id);
    let (head, body) = room.split_top_bottom_at_y(room.top() + HEAD);
    ui.push_id(("tile", tile.id.0), |ui| {
        // Before what stands on it, so that a button there is still a button.
        let bar = ui.interact(head, head_id(tile.id), Sense::click_and_drag());
        ui.scope_builder(UiBuilder::new().max_rect(head.shrink2(vec2(look::GAP, 2.0))), |ui| {
            head_ui(ui, app, board, (tile, place), run, actions);
        });
        bar_ui(ui, app, board, tile, &bar, actions);
        let inner = body.shrink2(vec2(look::GAP, 0.0)).with_max_y(body.bottom() - look::GAP);
        if inner.is_positive() {
            ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
                ui.set_clip_rect(inner.expand(2.0).intersect(ui.clip_rect()));
                body::body_ui(ui, app, (board, tile), run, inner, actions);
            });
            let shown = run.and_then(|run| Some((run, run.shown()?)));
            if shown.is_some_and(|(run, shown)| state::is_cut_off(run, shown)) {
                ui.painter().rect_filled(inner, 0.0, p.panel.gamma_multiply(GREY));
            }
        }
    });
}

/// The bar at the top of a tile, by which it is dragged, maximised and right-clicked.
fn bar_ui(ui: &Ui, app: &App, board: &Board, tile: &Tile, bar: &egui::Response, actions: &mut Vec<Action>) {
    bar.dnd_set_drag_payload(tile.id);
    bar.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Tile {}", title(tile))));
    if bar.has_focus() {
        arrows_ui(ui, app, board, tile, bar, actions);
    }
    if bar.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::Grab);
    }
    if bar.double_clicked() {
        let maximised = app.boards().maximised.is_none().then_some(tile.id);
        actions.push(Action::Board(BoardAction::Maximise(maximised)));
    }
    context::menu_ui(bar, |ui| menu::menu_ui(ui, app, board, tile, actions));
}

/// Arrows go to the tile beside this one, or take it there.
fn arrows_ui(ui: &Ui, app: &App, board: &Board, tile: &Tile, bar: &egui::Response, actions: &mut Vec<Action>) {
    if app.boards().focus != Some(tile.id) {
        actions.push(Action::Board(BoardAction::Focus(Some(tile.id))));
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(bar.id, filter));
    if app.boards().maximised.is_some() {
        return;
    }
    let others = board.layout.iter().flat_map(Layout::in_front).filter(|id| *id != tile.id);
    let heads: Vec<(TileId, Rect)> =
        others.filter_map(|id| Some((id, ui.ctx().read_response(head_id(id))?.rect))).collect();
    let keys = [
        (Key::ArrowLeft, Side::Left, vec2(-1.0, 0.0)),
        (Key::ArrowRight, Side::Right, vec2(1.0, 0.0)),
        (Key::ArrowUp, Side::Above, vec2(0.0, -1.0)),
        (Key::ArrowDown, Side::Below, vec2(0.0, 1.0)),
    ];
    for (key, side, to) in keys {
        let moves = ui.input_mut(|i| i.consume_key(Modifiers::COMMAND | Modifiers::SHIFT, key));
        if !moves && !ui.input_mut(|i| i.consume_key(Modifiers::NONE, key)) {
            continue;
        }
        // The nearest that way; what stands aside is farther.
        let away = |rect: &Rect| {
            let by = rect.left_top() - bar.rect.left_top();
            let ahead = by.dot(to);
            (ahead > 1.0).then_some(ahead + 3.0 * by.dot(to.rot90()).abs())
        };
        let reached = heads.iter().filter_map(|(id, rect)| Some((*id, away(rect)?)));
        let Some((next, _)) = reached.min_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        actions.push(if moves {
            step(Edit::MoveTile { tile: tile.id, board: board.id, at: Some((next, side)) })
        } else {
            Action::Board(BoardAction::Reach(next))
        });
    }
}

/// The title and the menu of a tile, and what there is to say about its answer.
fn head_ui(
    ui: &mut Ui,
    app: &App,
    board: &Board,
    (tile, place): (&Tile, &[TileId]),
    run: Option<&TileRun>,
    actions: &mut Vec<Action>,
) {
    let name = title(tile);
    ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = look::GAP;
        if !app.boards().presenting {
            let label = format!("Menu of {name}");
            let menu = ui.menu_button("…", |ui| menu::menu_ui(ui, app, board, tile, actions)).response;
            menu.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
        }
        if let Some(run) = run {
            state::state_ui(ui, app, tile, run);
        }
        ui.with_layout(egui::Layout::left_to_right(Align::Center), |ui| {
            if app.boards().renaming == Some(tile.id) {
                return rename_ui(ui, tile, &name, actions);
            }
            if !place.is_empty() {
                return tabs_ui(ui, board, (tile, place), actions);
            }
            // Words begin with a heading of their own.
            if !matches!(&tile.show, TileKind::Text(_)) || !tile.title.is_empty() {
                ui.add(Label::new(RichText::new(&name).strong()).truncate().selectable(false));
            }
            // Beside the title, so that the figure has the more room for itself.
            let figure = run.filter(|_| matches!(tile.show, TileKind::Figure(_))).and_then(|run| run.chart.figure());
            // What share of the history it is of stands at the right already.
            let partial = run.and_then(TileRun::shown).is_some_and(|shown| shown.history_share() < 1.0);
            if let Some(figure) = figure.filter(|figure| !figure.caption.is_empty() && !partial) {
                let caption = Label::new(look::faint(&figure.caption, ui)).truncate().selectable(false);
                ui.add(caption).on_hover_text(&figure.caption);
            }
        });
    });
}

/// The names of several tiles in one place.
fn tabs_ui(ui: &mut Ui, board: &Board, (shown, place): (&Tile, &[TileId]), actions: &mut Vec<Action>) {
    let hidden = ScrollBarVisibility::AlwaysHidden;
    ScrollArea::horizontal().scroll_bar_visibility(hidden).show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = look::STEP;
        for tile in place.iter().filter_map(|id| board.tile(*id)) {
            let name = buttons::choice_ui(ui, tile.id == shown.id, &title(tile));
            if name.interact(Sense::click_and_drag()).dragged() {
                name.dnd_set_drag_payload(tile.id);
            }
            if name.clicked() {
                actions.push(step(Edit::ShowTab { board: board.id, tile: tile.id }));
            }
        }
    });
}

fn rename_ui(ui: &mut Ui, tile: &Tile, name: &str, actions: &mut Vec<Action>) {
    let written = rename::rename_ui(ui, "title", name, "Title of the tile", f32::INFINITY);
    if written == Written::GoesOn {
        return;
    }
    if let Written::Done(title) = written {
        actions.push(step(Edit::SetTile { tile: Tile { title, ..tile.clone() } }));
    }
    actions.push(Action::Board(BoardAction::Rename(None)));
    if ui.input(|i| i.key_pressed(Key::Enter) || i.key_pressed(Key::Escape)) {
        actions.push(Action::Board(BoardAction::Reach(tile.id)));
    }
}
