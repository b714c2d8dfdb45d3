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
    self, Align, CornerRadius, Label, Layout, Rect, RichText, Role, ScrollArea, Sense, Stroke, TextEdit, Ui, UiBuilder,
    WidgetInfo,
};

pub use self::sketch::sketch_ui;
use super::step;
use crate::ui::action::{Action, BoardAction};
use crate::ui::board::{TileRun, title};
use crate::ui::widget::buttons;
use crate::ui::{App, look};
use crate::workspace::bench::{Board, Edit, Tile, TileId, TileKind};

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
        let bar = ui.interact(head, ui.scope_id().with("head"), Sense::click_and_drag());
        ui.scope_builder(UiBuilder::new().max_rect(head.shrink2(egui::vec2(look::GAP, 2.0))), |ui| {
            head_ui(ui, app, board, (tile, place), run, actions);
        });
        bar_ui(ui, app, board, tile, &bar, actions);
        let inner = body.shrink2(egui::vec2(look::GAP, 0.0)).with_max_y(body.bottom() - look::GAP);
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
    if bar.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::Grab);
    }
    if bar.double_clicked() {
        let maximised = app.boards().maximised.is_none().then_some(tile.id);
        actions.push(Action::Board(BoardAction::Maximise(maximised)));
    }
    bar.context_menu(|ui| menu::menu_ui(ui, app, board, tile, actions));
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
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = look::GAP;
        if !app.boards().presenting {
            let label = format!("Menu of {name}");
            let menu = ui.menu_button("…", |ui| menu::menu_ui(ui, app, board, tile, actions)).response;
            menu.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
        }
        if let Some(run) = run {
            state::state_ui(ui, tile, run);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
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
    let id = ui.scope_id().with("title");
    let mut text = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_else(|| name.to_owned());
    let response = ui.add(TextEdit::singleline(&mut text).desired_width(f32::INFINITY));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Title of the tile"));
    if !response.has_focus() && !response.lost_focus() {
        response.request_focus();
    }
    ui.data_mut(|d| d.insert_temp(id, text.clone()));
    if response.lost_focus() {
        ui.data_mut(|d| d.remove::<String>(id));
        if !ui.input(|i| i.key_pressed(egui::Key::Escape)) {
            actions.push(step(Edit::SetTile { tile: Tile { title: text.trim().to_owned(), ..tile.clone() } }));
        }
        actions.push(Action::Board(BoardAction::Rename(None)));
    }
}
