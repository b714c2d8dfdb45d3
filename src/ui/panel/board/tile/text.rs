//! Words of a person, as Markdown.

use eframe::egui::{self, Frame, Margin, ScrollArea, Sense, Ui, WidgetInfo};
use egui_commonmark::{CommonMarkCache, CommonMarkViewer};

use crate::ui::App;
use crate::ui::action::{Action, BoardAction};
use crate::ui::widget::typing;
use crate::workspace::bench::{Edit, Tile, TileKind};

pub fn text_ui(ui: &mut Ui, app: &App, tile: &Tile, words: &str, actions: &mut Vec<Action>) {
    if app.boards().writing == Some(tile.id) {
        let mut text = words.to_owned();
        let edit = egui::TextEdit::multiline(&mut text).desired_width(f32::INFINITY).desired_rows(3);
        let response = ui.add_sized(ui.available_size(), edit);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::MultilineTextInput, true, "Text of the tile"));
        let goes_on = typing::goes_on(ui, response.changed());
        if response.changed() {
            let edit = Box::new(Edit::SetTile { tile: Tile { show: TileKind::Text(text), ..tile.clone() } });
            actions.push(Action::Board(BoardAction::Edit { edit, goes_on }));
        }
        if response.lost_focus() || ui.input(|i| i.key_pressed(egui::Key::Escape)) {
            actions.push(Action::Board(BoardAction::Write(None)));
        } else if !response.has_focus() {
            response.request_focus();
        }
        return;
    }
    let shown = Frame::new().inner_margin(Margin::same(4)).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            CommonMarkViewer::new().show(ui, &mut CommonMarkCache::default(), words);
        });
    });
    let response = ui.interact(shown.response.rect, ui.scope_id().with("words"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Words of the tile"));
    let pressed = response.clicked() && !response.clicked_by(egui::PointerButton::Primary);
    if pressed | response.on_hover_text("Double-click to change the text").double_clicked() {
        actions.push(Action::Board(BoardAction::Write(Some(tile.id))));
    }
}
