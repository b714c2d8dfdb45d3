//! The answer as a grid: only the rows on screen are formatted. What a person sorts, filters, hides and selects is a
//! view on top of it.

mod card;
mod heading;
mod keys;
mod table;

use eframe::egui::{Align, Button, Id, Layout, RichText, TextEdit, Ui};

pub use self::card::card_ui;
use self::table::{Looks, table_ui};
pub use self::table::{frame_ui, tile_ui};
use super::audit;
use crate::data::words::percent;
use crate::engine::Snapshot;
use crate::figure::PointState;
use crate::query::window::WindowStatus;
use crate::ui::action::{Action, TableAction};
use crate::ui::command;
use crate::ui::grid::{FIND, Grid, GridAction, ShownRows};
use crate::ui::widget::numbers;
use crate::ui::widget::{badge::Tone, buttons};
use crate::ui::worksheet::Worksheet;
use crate::ui::{look, wording};

pub fn grid_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let Some(seen) = sheet.grid.shown() else {
        ui.centered_and_justified(|ui| ui.label(look::faint("The answer will stand here", ui)));
        return;
    };
    let shown = &*seen.snapshot;
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(look::GAP);
            find_ui(ui, &sheet.grid, actions);
            audit::quiet_ui(ui, shown);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| facts_ui(ui, sheet, seen, actions));
        });
    });
    audit::loud_ui(ui, shown);
    chips_ui(ui, &sheet.grid, actions);
    if seen.is_empty() {
        let text = if shown.answer.height() == 0 { sheet.nothing() } else { "No row of the answer fits this view" };
        ui.centered_and_justified(|ui| ui.label(look::faint(text, ui)));
        return;
    }
    let state = |at: usize| seen.windows.state(shown, seen.row(at));
    let state = shown.status.is_some().then_some(&state as &dyn Fn(usize) -> Option<PointState>);
    let follow = sheet.has_tail() && sheet.follow && sheet.grid.view().sort.is_empty();
    let salt = (sheet.id, sheet.watch.shown_run, state.is_some(), sheet.grid.fits);
    let jump = if take_jump(ui, sheet) { Some(seen.len().saturating_sub(1)) } else { None };
    let looks = Looks { state, follow, jump, view: Some((&sheet.grid, seen)), limit: None };
    let end = ui.push_id(salt, |ui| table_ui(ui, &shown.answer, looks, actions)).inner;
    // Whoever scrolls up wants to read.
    if follow && end.by_hand && end.below > look::ROW {
        actions.push(Action::Table(sheet.id, TableAction::Follow(false)));
    } else if follow && !end.by_hand && end.below > look::ROW / 2.0 {
        // Rows that came in this very frame are in sight in the next.
        ui.data_mut(|d| d.insert_temp(jump_id(sheet), true));
        ui.ctx().request_repaint();
    }
}

/// How many rows there are and are shown, and what is to be known of them.
fn facts_ui(ui: &mut Ui, sheet: &Worksheet, seen: &ShownRows, actions: &mut Vec<Action>) {
    let shown = &*seen.snapshot;
    let all = shown.answer.height() as u64;
    ui.label(look::faint(numbers::counted(all, "row"), ui));
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
    if sheet.grid.is_working() {
        ui.spinner();
    }
    if !sheet.grid.view().is_plain() {
        let of = format!("{} of {}", numbers::count(seen.len() as u64), numbers::counted(all, "row"));
        let what = if sheet.grid.view().leaves_out() { of } else { numbers::counted(all, "row") };
        let text = format!("view of {what}; the question is unchanged");
        ui.label(RichText::new(text).size(look::SMALL).color(look::palette(ui).accent));
    }
}

/// The field for what is sought in the rows, or the way to it.
fn find_ui(ui: &mut Ui, grid: &Grid, actions: &mut Vec<Action>) {
    if !grid.finds {
        let hint = format!("Show the rows that have a text · {}", ui.ctx().format_shortcut(&command::FIND));
        if buttons::quiet_ui(ui, "Find…").on_hover_text(hint).clicked() {
            actions.push(Action::Grid(grid.table, GridAction::Find(Some(String::new()))));
        }
        return;
    }
    let mut close = buttons::cross_ui(ui, "End the search").clicked();
    let mut text = grid.view().find.clone();
    let field = TextEdit::singleline(&mut text).id(Id::unique(FIND)).hint_text("In any column").desired_width(160.0);
    let field = ui.add(field).accessible_name("Find in the answer");
    close |= field.lost_focus() && ui.input(|i| i.key_pressed(eframe::egui::Key::Escape));
    if close {
        actions.push(Action::Grid(grid.table, GridAction::Find(None)));
    } else if field.changed() {
        actions.push(Action::Grid(grid.table, GridAction::Find(Some(text))));
    }
}

/// The filters that hold, and columns that are hidden, each with a way back.
fn chips_ui(ui: &mut Ui, grid: &Grid, actions: &mut Vec<Action>) {
    let filters = &grid.view().filters;
    if filters.is_empty() && grid.hidden.is_empty() && grid.fault.is_none() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = look::STEP;
        for (at, filter) in filters.iter().enumerate() {
            let text = format!("{} {} {}", filter.column, filter.comparison.word(), filter.text);
            if chip_ui(ui, &text, "Take this filter off") {
                actions.push(Action::Grid(grid.table, GridAction::Unfilter(at)));
            }
        }
        if !grid.hidden.is_empty() {
            let text = format!("{} hidden", numbers::counted(grid.hidden.len() as u64, "column"));
            if chip_ui(ui, &text, "Show all columns") {
                actions.push(Action::Grid(grid.table, GridAction::Unhide));
            }
        }
        if let Some(fault) = &grid.fault {
            ui.label(RichText::new(wording::fault(fault)).size(look::SMALL).color(look::palette(ui).error));
        }
    });
}

/// A small soft button with a cross; true when it is clicked.
fn chip_ui(ui: &mut Ui, text: &str, hint: &str) -> bool {
    let (color, ground) = Tone::Accent.colors(ui);
    let text = RichText::new(format!("{text}  ×")).size(look::SMALL).color(color);
    ui.add(Button::new(text).fill(ground).truncate().small()).on_hover_text(hint).clicked()
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
        let (word, hint) = if shown.last {
            ("stopped", "Reading was stopped before these windows were final: they may lack rows")
        } else {
            ("open", "Rows may still come to these windows")
        };
        ui.label(look::faint(format!("{} {word}", numbers::count(open)), ui)).on_hover_text(hint);
    }
    if corrected > 0 {
        let text = RichText::new(format!("{} corrected", numbers::count(corrected)))
            .size(look::SMALL)
            .color(look::palette(ui).accent);
        ui.label(text).on_hover_text("Late rows were re-admitted to these windows");
    }
}
