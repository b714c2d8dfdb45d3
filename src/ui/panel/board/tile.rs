//! One tile: its title, what there is to say about its answer, and the answer as a figure, a number, rows or words.

use std::time::Instant;

use eframe::egui::{
    self, Align, Color32, CornerRadius, Frame, Label, Layout, Margin, Pos2, Rect, RichText, Sense, Stroke, Ui,
    UiBuilder,
};

use super::{figure, step};
use crate::data::words::percent;
use crate::figure::MARKS;
use crate::ui::action::{Action, BoardAction, OpenAction};
use crate::ui::board::{Number, TileRun, title};
use crate::ui::panel::grid;
use crate::ui::widget::numbers;
use crate::ui::{App, look, wording};
use crate::workspace::bench::{Board, Edit, Tile, TileKind};

/// The height of a tile's title.
const HEAD: f32 = 28.0;

pub fn tile_ui(ui: &mut Ui, app: &App, board: &Board, tile: &Tile, room: Rect, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    ui.painter().rect(
        room,
        CornerRadius::same(look::ROUND),
        p.panel,
        Stroke::new(1.0, p.line),
        egui::StrokeKind::Inside,
    );
    let run = app.boards().run(tile.id);
    let (head, body) = room.split_top_bottom_at_y(room.top() + HEAD);
    ui.push_id(("tile", tile.id.0), |ui| {
        ui.scope_builder(UiBuilder::new().max_rect(head.shrink2(egui::vec2(look::GAP, 2.0))), |ui| {
            head_ui(ui, app, board, tile, run, actions);
        });
        let inner = body.shrink2(egui::vec2(look::GAP, 0.0)).with_max_y(body.bottom() - look::GAP);
        if inner.is_positive() {
            ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
                ui.set_clip_rect(inner.expand(2.0).intersect(ui.clip_rect()));
                body_ui(ui, app, tile, run, inner, actions);
            });
        }
    });
}

/// The title, by which the tile is dragged, and its menu.
fn head_ui(ui: &mut Ui, app: &App, board: &Board, tile: &Tile, run: Option<&TileRun>, actions: &mut Vec<Action>) {
    let name = title(tile);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let label = format!("Menu of {name}");
        let menu = ui.menu_button("…", |ui| menu_ui(ui, app, board, tile, actions)).response;
        menu.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
        if let Some(run) = run {
            state_ui(ui, run);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if app.boards().renaming == Some(tile.id) {
                return rename_ui(ui, tile, &name, actions);
            }
            let label = Label::new(RichText::new(&name).strong()).truncate().sense(Sense::click_and_drag());
            let response = ui.add(label);
            response.dnd_set_drag_payload(tile.id);
            if response.hovered() {
                ui.set_cursor_icon(egui::CursorIcon::Grab);
            }
            if response.double_clicked() {
                let maximised = app.boards().maximised.is_none().then_some(tile.id);
                actions.push(Action::Board(BoardAction::Maximise(maximised)));
            }
            response.context_menu(|ui| menu_ui(ui, app, board, tile, actions));
        });
    });
}

fn rename_ui(ui: &mut Ui, tile: &Tile, name: &str, actions: &mut Vec<Action>) {
    let id = ui.scope_id().with("title");
    let mut text = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_else(|| name.to_owned());
    let response = ui.add(egui::TextEdit::singleline(&mut text).desired_width(f32::INFINITY));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Title of the tile"));
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

/// What there is to know of the answer: from part of the rows, late rows, a feed that cannot be reached.
fn state_ui(ui: &mut Ui, run: &TileRun) {
    let p = look::palette(ui);
    let Some(shown) = run.shown() else { return };
    let mut say = |text: String, color: Color32, hint: &str| {
        ui.label(RichText::new(text).size(look::SMALL).color(color)).on_hover_text(hint);
    };
    if shown.history_share() < 1.0 {
        say(format!("from {}", percent(shown.history_share())), p.warn, "So much of the history is in this answer");
    } else if shown.catching_up {
        say("catching up".to_owned(), p.warn, "Rows from before it was asked are still being read");
    } else if shown.troubled > 0 {
        say("feed lost".to_owned(), p.error, "A feed cannot be reached at the moment");
    } else if shown.live_open > 0 && !shown.last {
        match run.rhythm.silence(Instant::now()) {
            Some(silent) => {
                let text = format!("silent for {}", numbers::duration(silent.as_secs_f64()));
                say(text, p.warn, "No row has come for longer than is usual for this feed");
            }
            None => say("live".to_owned(), p.live, "Rows are added as they come"),
        }
    }
    if shown.rows.late > 0 {
        let hint = "These rows came after their window was final, and are not in it";
        say(format!("{} late", numbers::count(shown.rows.late)), p.warn, hint);
    }
}

fn menu_ui(ui: &mut Ui, app: &App, board: &Board, tile: &Tile, actions: &mut Vec<Action>) {
    let mut act = |action: BoardAction| actions.push(Action::Board(action));
    if app.boards().maximised == Some(tile.id) {
        if ui.button("Give the others their place back").clicked() {
            act(BoardAction::Maximise(None));
        }
    } else if ui.button("Maximise").clicked() {
        act(BoardAction::Maximise(Some(tile.id)));
    }
    if tile.asks() && ui.button("Change the question…").clicked() {
        act(BoardAction::Open(tile.id));
    }
    if ui.button("Rename").clicked() {
        act(BoardAction::Rename(Some(tile.id)));
    }
    let mut edit = |edit: Edit| actions.push(step(edit));
    if tile.asks() {
        ui.menu_button("Show as", |ui| {
            let mut choice = |ui: &mut Ui, name: &str, show: TileKind| {
                if ui.radio(tile.show == show, name).clicked() {
                    edit(Edit::SetTile { tile: Tile { show, ..tile.clone() } });
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
        edit(Edit::Duplicate { tile: tile.id });
    }
    let others = || app.bench().boards.iter().filter(|other| other.id != board.id);
    if others().next().is_some() {
        ui.menu_button("Move to", |ui| {
            for other in others() {
                if ui.button(&other.name).clicked() {
                    edit(Edit::MoveTile { tile: tile.id, board: other.id, at: None });
                }
            }
        });
    }
    ui.separator();
    if ui.button("Close tile").on_hover_text("Ctrl+Z brings it back").clicked() {
        edit(Edit::RemoveTile { tile: tile.id });
    }
}

fn body_ui(ui: &mut Ui, app: &App, tile: &Tile, run: Option<&TileRun>, room: Rect, actions: &mut Vec<Action>) {
    let told = |ui: &mut Ui, text: String| {
        ui.centered_and_justified(|ui| ui.add(Label::new(look::faint(text, ui)).wrap()));
    };
    match &tile.show {
        TileKind::Text(words) => return text_ui(ui, tile, words, actions),
        TileKind::Unknown => return told(ui, "A newer Braid knows how to show this tile".to_owned()),
        _ => {}
    }
    if app.sheets().iter().all(|sheet| sheet.table.name != tile.table) {
        return closed_ui(ui, app, &tile.table, actions);
    }
    let Some(run) = run else { return told(ui, "Reading".to_owned()) };
    if let Some(fault) = &run.fault {
        let color = look::palette(ui).error;
        ui.centered_and_justified(|ui| ui.add(Label::new(RichText::new(wording::fault(fault)).color(color)).wrap()));
        return;
    }
    let Some(shown) = run.shown() else { return told(ui, "Reading".to_owned()) };
    if shown.answer.height() == 0 {
        return told(ui, "No row fits this question".to_owned());
    }
    match &tile.show {
        TileKind::Number => number_ui(ui, run.number.as_ref(), room),
        TileKind::Grid => grid::frame_ui(ui, &shown.answer, actions),
        _ if run.chart.figure().is_some() => figure::figure_ui(ui, tile.id, run, room, actions),
        _ => told(ui, run.chart.fault().map_or_else(|| "Drawing".to_owned(), wording::fault)),
    }
}

/// The tile of a table that is not open, and the way to open it.
fn closed_ui(ui: &mut Ui, app: &App, table: &str, actions: &mut Vec<Action>) {
    ui.add_space((ui.available_height() / 2.0 - look::ROW).max(0.0));
    ui.vertical_centered(|ui| {
        ui.label(look::faint(format!("The table {table} is not open"), ui));
        let known = app.settings.recent.iter().find(|item| item.name == table);
        if let Some(setup) = known.filter(|_| ui.button(format!("Open {table}")).clicked()) {
            actions.push(Action::Open(OpenAction::Setup(setup.clone())));
        }
    });
}

/// The newest value, large, over the values before it.
fn number_ui(ui: &mut Ui, number: Option<&Number>, room: Rect) {
    let p = look::palette(ui);
    let Some(number) = number else {
        ui.centered_and_justified(|ui| ui.label(look::faint("The answer has no number", ui)));
        return;
    };
    let (above, below) = room.split_top_bottom_at_fraction(0.58);
    spark_ui(ui, &number.spark, below.shrink2(egui::vec2(0.0, look::STEP)));
    let size = (above.height() * 0.55).clamp(look::TITLE, look::DISPLAY * 1.6);
    let mut at = above.left_center() + egui::vec2(look::STEP, -look::GAP);
    let painter = ui.painter().clone();
    let text = painter.layout_no_wrap(number.text.clone(), egui::FontId::proportional(size), p.strong);
    let width = text.size().x;
    at.y = (above.center().y - text.size().y / 2.0).max(above.top());
    painter.galley(at, text.clone(), p.strong);
    let beside = Pos2::new(at.x + width + look::PAD, at.y + text.size().y * 0.32);
    if let Some(change) = number.change {
        let (sign, color) = if change < 0.0 { ("−", p.warn) } else { ("+", p.live) };
        let words = format!("{sign}{:.1} %", change.abs() * 100.0);
        painter.text(beside, egui::Align2::LEFT_CENTER, words, egui::FontId::proportional(look::TEXT), color);
    }
    let what = if number.at.is_empty() { number.of.clone() } else { format!("{} · {}", number.of, number.at) };
    let what = if number.open { format!("{what} · open") } else { what };
    let under = Pos2::new(at.x, at.y + text.size().y + look::STEP);
    painter.text(under, egui::Align2::LEFT_TOP, what, egui::FontId::proportional(look::SMALL), p.faint);
    let label = format!("{}: {}", number.of, number.text);
    let response = ui.allocate_rect(room, Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &label));
}

/// A line of the last values, without axes.
fn spark_ui(ui: &Ui, values: &[Option<f64>], room: Rect) {
    let known = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    if values.len() < 2 || least > most || room.height() < 8.0 {
        return;
    }
    let span = if most > least { most - least } else { 1.0 };
    let at = |(i, value): (usize, f64)| {
        let x = room.left() + room.width() * i as f32 / (values.len() - 1) as f32;
        Pos2::new(x, room.bottom() - room.height() * ((value - least) / span) as f32)
    };
    let stroke = Stroke::new(1.5, look::palette(ui).accent);
    // A value that is missing breaks the line.
    let mut run: Vec<Pos2> = Vec::new();
    for (i, value) in values.iter().enumerate() {
        match value.filter(|value| value.is_finite()) {
            Some(value) => run.push(at((i, value))),
            None => {
                ui.painter().line(std::mem::take(&mut run), stroke);
            }
        }
    }
    ui.painter().line(run, stroke);
}

/// Words of a person: headings, lines, and lists.
fn text_ui(ui: &mut Ui, tile: &Tile, words: &str, actions: &mut Vec<Action>) {
    let editing = ui.scope_id().with("editing");
    if ui.data(|d| d.get_temp::<bool>(editing)).unwrap_or(false) {
        let mut text = words.to_owned();
        let edit = egui::TextEdit::multiline(&mut text).desired_width(f32::INFINITY).desired_rows(3);
        let response = ui.add_sized(ui.available_size(), edit);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::MultilineTextInput, true, "Text of the tile"));
        if response.changed() {
            let edit = Box::new(Edit::SetTile { tile: Tile { show: TileKind::Text(text), ..tile.clone() } });
            let goes_on = ui.data(|d| d.get_temp::<bool>(response.id)).unwrap_or(false);
            ui.data_mut(|d| d.insert_temp(response.id, true));
            actions.push(Action::Board(BoardAction::Edit { edit, goes_on }));
        }
        if response.lost_focus() || ui.input(|i| i.key_pressed(egui::Key::Escape)) {
            ui.data_mut(|d| {
                d.remove::<bool>(editing);
                d.remove::<bool>(response.id);
            });
        } else if !response.has_focus() {
            response.request_focus();
        }
        return;
    }
    let shown = Frame::new().inner_margin(Margin::same(4)).show(ui, |ui| {
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            for line in words.lines() {
                let heading = line.trim_start_matches('#');
                let text = match line.len() - heading.len() {
                    0 => RichText::new(
                        line.strip_prefix("- ").map_or_else(|| line.to_owned(), |item| format!("– {item}")),
                    ),
                    1 => RichText::new(heading.trim()).size(look::TITLE + 3.0).strong(),
                    _ => RichText::new(heading.trim()).size(look::TITLE).strong(),
                };
                ui.add(Label::new(text).wrap());
            }
        });
    });
    let response = ui.interact(shown.response.rect, ui.scope_id().with("words"), Sense::click());
    if response.on_hover_text("Double-click to change the text").double_clicked() {
        ui.data_mut(|d| d.insert_temp(editing, true));
    }
}
