//! The columns of a table: a sign and a word on the type of each.

use eframe::egui::{Label, RichText, ScrollArea, Sense, Ui, vec2};
use polars::prelude::DataType;

use crate::engine::TimeColumn;
use crate::engine::table::DEFAULT_LATENESS;
use crate::query::sql::quote;
use crate::query::{Form, Query};
use crate::ui::action::{Action, AppAction, BoardAction, QuestionAction, TableAction};
use crate::ui::board::{DraggedColumn, DropAxis, column_tile, onto_axis};
use crate::ui::grid::GridAction;
use crate::ui::question::QuestionOf;
use crate::ui::widget::badge::{Tone, badge_ui};
use crate::ui::widget::{cells, context, row};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look};
use crate::workspace::bench::{Board, Edit};

/// Above this many columns, only those in sight are laid out.
const MANY: usize = 200;
/// The width of a sign.
const SIGN: f32 = 26.0;

/// The numbers of all columns.
pub(super) fn all(sheet: &Worksheet) -> Vec<usize> {
    (0..sheet.table.schema.len()).collect()
}

/// Those with this in their names, which is written small.
pub(super) fn having(sheet: &Worksheet, sought: &str) -> Vec<usize> {
    let names = sheet.table.schema.iter_names().enumerate();
    names.filter(|(_, name)| name.to_lowercase().contains(sought)).map(|(i, _)| i).collect()
}

pub(super) fn columns_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, columns: &[usize], actions: &mut Vec<Action>) {
    if columns.len() <= MANY {
        return columns.iter().for_each(|column| column_ui(ui, app, sheet, *column, actions));
    }
    ScrollArea::vertical().id_salt(("columns of", sheet.id)).max_height(12.0 * look::ROW).show_rows(
        ui,
        look::ROW,
        columns.len(),
        |ui, seen| {
            columns.get(seen).into_iter().flatten().for_each(|column| column_ui(ui, app, sheet, *column, actions));
        },
    );
}

fn column_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, column: usize, actions: &mut Vec<Action>) {
    let Some((name, dtype)) = sheet.table.schema.get_at_index(column) else { return };
    let p = look::palette(ui);
    let is_time = sheet.table.time.as_ref().is_some_and(|time| time.column == name.as_str());
    let left = |ui: &mut Ui| {
        let sign = RichText::new(sign(dtype)).size(look::SMALL - 1.0).monospace().color(p.faint);
        ui.add_sized(vec2(SIGN, look::ROW - look::GAP), Label::new(sign).selectable(false));
        let label = Label::new(RichText::new(name.as_str()).color(p.text)).truncate().sense(Sense::click_and_drag());
        let label =
            ui.add(label).on_hover_text("Drag it onto a board, or onto an axis of a chart; right-click for more");
        label.dnd_set_drag_payload(DraggedColumn { table: sheet.id, column: name.to_string() });
        context::menu_ui(&label, |ui| menu_ui(ui, app, sheet, name, actions));
    };
    row::ends_ui(ui, left, |ui| {
        // Whole numbers that are the time are shown as times: here it is told what they are.
        let epoch = sheet.first_rows.epochs.iter().find(|epoch| is_time && epoch.column == name.as_str());
        let word = epoch.map_or_else(|| cells::type_word(dtype).to_owned(), |epoch| epoch.unit_words());
        ui.label(look::faint(word, ui));
        if is_time {
            badge_ui(ui, "time", Tone::Accent).on_hover_text("The event time: windows, lateness and the seam go by it");
        }
    });
}

/// What can be done with a column.
fn menu_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, name: &str, actions: &mut Vec<Action>) {
    if ui.button("Copy the name").clicked() {
        actions.push(Action::App(AppAction::Copy(quote(name))));
    }
    ui.separator();
    let boards = &app.bench().boards;
    let put = |board: &Board| {
        let tile = column_tile(sheet, name);
        Action::Board(BoardAction::step(Edit::AddTile { board: board.id, tile, at: None }))
    };
    if let Some(board) = app.board() {
        if ui.button("Put on the board").clicked() {
            actions.push(put(board));
        }
    } else if !boards.is_empty() {
        ui.menu_button("Put on a board", |ui| {
            for board in boards {
                if ui.button(&board.name).clicked() {
                    actions.extend([put(board), Action::Board(BoardAction::Show(Some(board.id)))]);
                }
            }
        });
    }
    let question = |action| Action::Question(QuestionOf::Table(sheet.id), action);
    let select = [Action::Table(sheet.id, TableAction::Select), Action::Board(BoardAction::Show(None))];
    if ui.button("Ask about it").on_hover_text("A question of it in place of the one that stands there").clicked() {
        let sql = column_tile(sheet, name).sql;
        actions.extend(select.clone());
        actions.extend([question(QuestionAction::Sql(sql)), question(QuestionAction::Ask)]);
    }
    // What changes the question that is seen.
    if app.selected == Some(sheet.id) && app.boards().shown.is_none() {
        let sql = &sheet.question.sql;
        let forms = [
            ("Draw it along x", onto_axis(sql, sheet, name, DropAxis::X)),
            ("Draw it along y", onto_axis(sql, sheet, name, DropAxis::Y)),
            ("Leave out rows that lack it", without_missing(sql, name)),
        ];
        for (text, form) in forms {
            if let Some(form) = form.filter(|_| ui.button(text).clicked()) {
                actions.push(question(QuestionAction::Form { form: Box::new(form), ask: true }));
            }
        }
        let answer = sheet.watch.shown.as_ref().map(|shown| &shown.answer);
        if answer.is_some_and(|answer| answer.get_column_index(name).is_some())
            && ui.button("Order the answer by it").clicked()
        {
            actions.push(Action::Grid(sheet.id, GridAction::Turn { column: name.to_owned(), also: false }));
        }
    }
    let time = sheet.table.time.as_ref();
    let timed = sheet.table.schema.get(name).is_some_and(DataType::is_temporal);
    if timed && time.is_none_or(|time| time.column != name) && ui.button("Make it the time of the table").clicked() {
        let lateness = time.map_or(DEFAULT_LATENESS, |time| time.lateness);
        let time = TimeColumn { column: name.to_owned(), lateness };
        actions.push(Action::Table(sheet.id, TableAction::Time(Some(time))));
    }
}

/// The question of the rows alone that have a value in this column; `None` where that cannot be said.
fn without_missing(sql: &str, column: &str) -> Option<Form> {
    let mut form = Form::from_query(&Query::parse(sql).ok()?);
    let is_there = format!("{} IS NOT NULL", quote(column));
    if form.beside.rerun.is_some() || form.filter.contains(&is_there) {
        return None;
    }
    form.filter = if form.filter.is_empty() { is_there } else { format!("({}) AND {is_there}", form.filter) };
    Some(form)
}

/// A type in a sign that is as short as its values are read.
fn sign(dtype: &DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "y/n",
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => "Aa",
        t if t.is_temporal() => "t",
        t if t.is_float() => "1.5",
        t if t.is_integer() => "12",
        _ => "{}",
    }
}
