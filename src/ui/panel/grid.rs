//! The answer as a grid: only the rows on screen are formatted.

use eframe::egui::{self, Align, Id, Label, Layout, RichText, Sense, Ui};
use egui_extras::{Column, TableBuilder};

use super::audit;
use crate::data::words::percent;
use crate::engine::Snapshot;
use crate::figure::PointState;
use crate::query::window::WindowStatus;
use crate::ui::action::{Action, AppAction, TableAction};
use crate::ui::look;
use crate::ui::widget::cells::{self, Cell};
use crate::ui::widget::numbers;
use crate::ui::worksheet::Worksheet;
use polars::prelude::{DataFrame, PlSmallStr};

pub fn grid_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let Some(shown) = &sheet.watch.shown else {
        ui.centered_and_justified(|ui| ui.label(look::faint("The answer will stand here", ui)));
        return;
    };
    ui.horizontal(|ui| {
        ui.label(look::faint(numbers::counted(shown.answer.height() as u64, "row"), ui));
        if shown.history_share() < 1.0 {
            let p = look::palette(ui);
            let text = format!("from {} of the rows", percent(shown.history_share()));
            ui.label(RichText::new(text).size(look::SMALL).color(p.warn));
        }
        if shown.sealed_groups > 0 {
            let text = format!("{} older groups are on disk", numbers::count(shown.sealed_groups));
            ui.label(look::faint(text, ui))
                .on_hover_text("Windows that are final leave memory; a saved answer of an ended run has them all");
        }
        states_ui(ui, shown);
        if sheet.has_tail() {
            ui.add_space(look::STEP);
            follow_ui(ui, sheet, actions);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(look::GAP);
            audit::quiet_ui(ui, shown);
        });
    });
    audit::loud_ui(ui, shown);
    if shown.answer.height() == 0 {
        ui.centered_and_justified(|ui| ui.label(look::faint(sheet.nothing(), ui)));
        return;
    }
    let state = |row: usize| sheet.watch.shown_windows.state(shown, row);
    let state = shown.status.is_some().then_some(&state as &dyn Fn(usize) -> Option<PointState>);
    let follow = sheet.has_tail() && sheet.follow;
    let salt = (sheet.id, sheet.watch.run_number, state.is_some());
    let end = ui
        .push_id(salt, |ui| table_ui(ui, &shown.answer, Looks { state, follow, jump: take_jump(ui, sheet) }, actions))
        .inner;
    // Whoever scrolls up wants to read.
    if follow && end.by_hand && end.below > look::ROW {
        actions.push(Action::Table(sheet.id, TableAction::Follow(false)));
    } else if follow && !end.by_hand && end.below > look::ROW / 2.0 {
        // Rows that came in this very frame are in sight in the next.
        ui.data_mut(|d| d.insert_temp(jump_id(sheet), true));
        ui.ctx().request_repaint();
    }
}

/// Whether the newest rows stay in sight while they come.
fn follow_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let mut follow = sheet.follow;
    let text = RichText::new("Follow newest").size(look::SMALL);
    let hint = "Keep the newest rows in sight while they come; scrolling up holds the table still";
    if ui.checkbox(&mut follow, text).on_hover_text(hint).changed() {
        actions.push(Action::Table(sheet.id, TableAction::Follow(follow)));
        if follow {
            ui.data_mut(|d| d.insert_temp(jump_id(sheet), true));
        }
    }
}

fn jump_id(sheet: &Worksheet) -> Id {
    Id::unique(("to the newest row", sheet.id))
}

/// Whether the table has to go to its end, once.
fn take_jump(ui: &Ui, sheet: &Worksheet) -> bool {
    sheet.follow && ui.data_mut(|d| d.remove_temp::<bool>(jump_id(sheet))).unwrap_or(false)
}

/// How many windows are open, and how many were corrected.
fn states_ui(ui: &mut Ui, shown: &Snapshot) {
    let Some(status) = &shown.status else { return };
    let count = |wanted: WindowStatus| status.iter().filter(|s| **s == wanted).count() as u64;
    let (open, corrected) = (count(WindowStatus::Open), count(WindowStatus::Corrected));
    if open > 0 && shown.watermark.is_some() {
        ui.label(look::faint(format!("{} open", numbers::count(open)), ui))
            .on_hover_text("Rows may still come to these windows");
    }
    if corrected > 0 {
        let text = RichText::new(format!("{} corrected", numbers::count(corrected)))
            .size(look::SMALL)
            .color(look::palette(ui).accent);
        ui.label(text).on_hover_text("Late rows were re-admitted to these windows");
    }
}

/// Any frame as a grid that scrolls both ways.
pub fn frame_ui(ui: &mut Ui, frame: &DataFrame, actions: &mut Vec<Action>) {
    table_ui(ui, frame, Looks::default(), actions);
}

/// How a table is shown.
#[derive(Clone, Copy, Default)]
struct Looks<'a> {
    /// How settled each row is, as a column before the others.
    state: Option<&'a dyn Fn(usize) -> Option<PointState>>,
    /// Whether its end stays in sight.
    follow: bool,
    /// Whether it goes to its end now.
    jump: bool,
}

/// Where the end of a table was left.
struct End {
    /// How far below what is seen, points.
    below: f32,
    /// Whether somebody moves the table.
    by_hand: bool,
}

/// Columns that are laid out.
const WIDEST: usize = 256;

/// The width of the column that says what a row's window is.
const STATUS: f32 = 84.0;

fn table_ui(ui: &mut Ui, frame: &DataFrame, looks: Looks<'_>, actions: &mut Vec<Action>) -> End {
    let names: Vec<PlSmallStr> = frame.columns().iter().take(WIDEST).map(|column| column.name().clone()).collect();
    let more = frame.width() - names.len();
    // The table takes the wheel's turn for itself.
    let wheel = ui.input(|i| i.smooth_scroll_delta().y > 0.0);
    egui::ScrollArea::horizontal()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let mut table =
                TableBuilder::new(ui).resizable(true).stick_to_bottom(looks.follow).animate_scrolling(false);
            if looks.state.is_some() {
                table = table.column(Column::exact(STATUS));
            }
            if looks.jump {
                table = table.scroll_to_row(frame.height().saturating_sub(1), Some(Align::BOTTOM));
            }
            let table = table
                .striped(false)
                .auto_shrink([false, false])
                .min_scrolled_height(0.0)
                .sense(Sense::hover())
                .cell_layout(Layout::left_to_right(Align::Center))
                .columns(Column::initial(132.0).at_least(48.0).clip(true), names.len() + usize::from(more > 0));
            let scroll = table
                .header(look::ROW, |mut header| {
                    if looks.state.is_some() {
                        header.col(|ui| {
                            let name =
                                Label::new(RichText::new("window").size(look::SMALL).color(look::palette(ui).faint))
                                    .truncate();
                            ui.add(name).on_hover_text("How settled each window is: point at one to see");
                        });
                    }
                    for (name, column) in names.iter().zip(frame.columns()) {
                        header.col(|ui| {
                            // Over its numbers, which stand to the right.
                            let layout = if column.dtype().is_primitive_numeric() {
                                Layout::right_to_left(Align::Center)
                            } else {
                                Layout::left_to_right(Align::Center)
                            };
                            let name = Label::new(RichText::new(name.as_str()).size(look::SMALL).strong()).truncate();
                            ui.with_layout(layout, |ui| ui.add(name).on_hover_text(cells::type_word(column.dtype())));
                        });
                    }
                    if more > 0 {
                        header.col(|ui| {
                            let text = look::faint(format!("and {} more", numbers::count(more as u64)), ui);
                            ui.label(text)
                                .on_hover_text("Name columns in SELECT to see others; an export has all of them");
                        });
                    }
                })
                .body(|body| {
                    body.rows(look::ROW - 2.0, frame.height(), |mut row| {
                        let at = row.index();
                        if let Some(state) = looks.state {
                            row.col(|ui| state_ui(ui, state(at)));
                        }
                        for column in 0..names.len() {
                            row.col(|ui| cell_ui(ui, &cells::cell(frame, column, at), actions));
                        }
                        if more > 0 {
                            row.col(|_| {});
                        }
                    });
                });
            let below = scroll.content_size.y - scroll.inner_rect.height() - scroll.state.unclamped_offset().y;
            // Rows that have just come lie below as well: only a hand moves the table up.
            let by_hand = (wheel || ui.input(|i| i.pointer.primary_down()))
                && ui.rect_contains_pointer(scroll.inner_rect.expand(look::PAD));
            End { below, by_hand }
        })
        .inner
}

/// A ring for an unfinished window, a disc for a final one, a disc in a ring for one that was corrected.
fn state_ui(ui: &mut Ui, state: Option<PointState>) {
    let Some(state) = state else { return };
    let color = look::state_color(state, look::palette(ui));
    let (rect, _) = ui.allocate_exact_size(egui::vec2(10.0, 10.0), Sense::hover());
    if state.is_unfinished() || state == PointState::Corrected {
        ui.painter().circle_stroke(
            rect.center(),
            if state == PointState::Corrected { 4.25 } else { 3.0 },
            egui::Stroke::new(1.5, color),
        );
    }
    if !state.is_unfinished() {
        ui.painter().circle_filled(rect.center(), if state == PointState::Corrected { 2.0 } else { 3.0 }, color);
    }
    ui.add(Label::new(RichText::new(state.word()).size(look::SMALL).color(color))).on_hover_text(format!(
        "{}: {}",
        state.word(),
        state.about()
    ));
}

fn cell_ui(ui: &mut Ui, cell: &Cell, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let response = match cell {
        Cell::Null => {
            ui.add(Label::new(RichText::new("null").size(look::SMALL).italics().color(p.faint)).sense(Sense::click()))
        }
        Cell::Text(text) => ui.add(Label::new(text).truncate().sense(Sense::click())),
        Cell::Number(text) => {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add(Label::new(text).truncate().sense(Sense::click()))
            })
            .inner
        }
    };
    response.context_menu(|ui| {
        if ui.button("Copy").clicked() {
            actions.push(Action::App(AppAction::Copy(cell.plain())));
            ui.close();
        }
    });
    if response.double_clicked() {
        actions.push(Action::App(AppAction::Copy(cell.plain())));
    }
}
