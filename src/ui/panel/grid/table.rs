//! A frame as a table that scrolls both ways, with or without a view on top of it.

use eframe::egui::{self, Align, Label, Layout, RichText, ScrollArea, Sense, Ui};
use egui_extras::{Column, TableBuilder};
use polars::prelude::DataFrame;

use super::{heading, keys};
use crate::data::words::shortened;
use crate::figure::PointState;
use crate::ui::action::{Action, AppAction};
use crate::ui::grid::{Grid, GridAction, Selection, ShownRows};
use crate::ui::look;
use crate::ui::widget::cells::{self, Cell};
use crate::ui::widget::{context, numbers, row};

/// How a table is shown.
#[derive(Clone, Copy, Default)]
pub(super) struct Looks<'a> {
    /// How settled each row is, as a column before the others.
    pub state: Option<&'a dyn Fn(usize) -> Option<PointState>>,
    /// Whether its end stays in sight.
    pub follow: bool,
    /// Which row is brought into sight now.
    pub jump: Option<usize>,
    /// The view of an answer.
    pub view: Option<(&'a Grid, &'a ShownRows)>,
    /// What limits a board to the value of a cell, by its column and row, where something does.
    pub limit: Option<&'a dyn Fn(usize, usize) -> Option<Action>>,
}

/// Where the end of a table was left.
pub(super) struct End {
    /// How far below what is seen, points.
    pub below: f32,
    /// Whether somebody moves the table.
    pub by_hand: bool,
}

/// Columns that are laid out.
const WIDEST: usize = 256;
/// The width of a column at first, and at least.
const WIDTH: f32 = 132.0;
const NARROWEST: f32 = 48.0;
/// The width of the column that says what a row's window is.
const STATUS: f32 = 84.0;

/// Any frame as a grid that scrolls both ways.
pub fn frame_ui(ui: &mut Ui, frame: &DataFrame, actions: &mut Vec<Action>) {
    table_ui(ui, frame, Looks::default(), actions);
}

/// The rows of a tile: a click on a cell limits the board to its value.
pub fn tile_ui(
    ui: &mut Ui,
    frame: &DataFrame,
    limit: &dyn Fn(usize, usize) -> Option<Action>,
    actions: &mut Vec<Action>,
) {
    table_ui(ui, frame, Looks { limit: Some(limit), ..Looks::default() }, actions);
}

pub(super) fn table_ui(ui: &mut Ui, frame: &DataFrame, looks: Looks<'_>, actions: &mut Vec<Action>) -> End {
    let hidden = |name: &str| looks.view.is_some_and(|(grid, _)| grid.hidden.contains(name));
    let seen: Vec<usize> =
        frame.columns().iter().enumerate().filter(|(_, column)| !hidden(column.name())).map(|(i, _)| i).collect();
    let columns: Vec<usize> = seen.iter().copied().take(WIDEST).collect();
    let more = seen.len() - columns.len();
    let height = looks.view.map_or(frame.height(), |(_, rows)| rows.len());
    let row_of = |at: usize| looks.view.map_or(at, |(_, rows)| rows.row(at));
    let moved = looks.view.and_then(|(grid, _)| keys::keys_ui(ui, grid, &columns, height, actions));
    // The table takes the wheel's turn for itself.
    let wheel = ui.input(|i| i.smooth_scroll_delta().y > 0.0);
    ScrollArea::horizontal()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let edges = ui.scope_id().with("resize_column");
            let edge = |place: usize| ui.ctx().read_response(edges.with(place + usize::from(looks.state.is_some())));
            let fits = |place: &usize| edge(*place).is_some_and(|edge| edge.double_clicked());
            let fitting = (0..columns.len()).find(fits).and_then(|place| columns.get(place)).copied();
            if let Some(((grid, rows), column)) = looks.view.zip(fitting.and_then(|i| frame.columns().get(i))) {
                actions.push(heading::fitted(ui, grid.table, rows, std::iter::once(column)));
            }
            let first_width = |column: &usize| {
                let name = frame.columns().get(*column).map_or("", |column| column.name().as_str());
                let chosen = looks.view.and_then(|(grid, _)| grid.widths.get(name)).copied();
                chosen
                    .unwrap_or_else(|| heading::time_width(ui, frame, *column).map_or(WIDTH, |width| width.max(WIDTH)))
            };
            let mut first_widths: Vec<f32> = columns.iter().map(first_width).collect();
            // A tile is small: its columns are no wider than what stands in them, where they would not all be seen.
            let over = first_widths.iter().sum::<f32>() - ui.available_width();
            if looks.limit.is_some() && over > 0.0 {
                let own = columns.iter().map(|column| heading::whole_width(ui, frame, *column).max(NARROWEST));
                first_widths.iter_mut().zip(own).for_each(|(width, own)| *width = width.min(own));
            }
            let mut table =
                TableBuilder::new(ui).resizable(true).stick_to_bottom(looks.follow).animate_scrolling(false);
            if looks.state.is_some() {
                table = table.column(Column::exact(STATUS));
            }
            if let Some(row) = looks.jump {
                table = table.scroll_to_row(row, Some(Align::BOTTOM));
            } else if let Some(row) = moved {
                table = table.scroll_to_row(row, None);
            }
            for width in first_widths {
                table = table.column(Column::initial(width).at_least(NARROWEST).clip(true));
            }
            if more > 0 {
                table = table.column(Column::initial(WIDTH).at_least(NARROWEST).clip(true));
            }
            let table = table
                .striped(false)
                .auto_shrink([false, false])
                .min_scrolled_height(0.0)
                .sense(if looks.view.is_some() { Sense::CLICK } else { Sense::hover() })
                .cell_layout(Layout::left_to_right(Align::Center));
            let mut widths = Vec::new();
            let scroll = table
                .header(look::ROW, |mut header| {
                    if looks.state.is_some() {
                        header.col(|ui| {
                            let name = Label::new(look::faint("window", ui)).truncate();
                            ui.add(name).on_hover_text("How settled each window is: point at one to see");
                        });
                    }
                    for column in columns.iter().filter_map(|i| frame.columns().get(*i)) {
                        let grid = looks.view.map(|(grid, _)| grid);
                        let mut width = 0.0;
                        // Cells are clicked alone; a heading can have the focus as well.
                        let mut heading = None;
                        header.col(|ui| {
                            let place = ui.max_rect();
                            width = place.width();
                            heading = grid.map(|_| ui.interact(place, ui.scope_id().with("heading"), Sense::click()));
                            heading::name_ui(ui, grid, column);
                        });
                        widths.push((column.name().to_string(), width));
                        if let Some(((grid, rows), heading)) = looks.view.zip(heading) {
                            heading::heading_ui(&heading, grid, rows, column, actions);
                        }
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
                    body.rows(look::ROW - 2.0, height, |mut row| {
                        let at = row.index();
                        if let Some(state) = looks.state {
                            row.col(|ui| state_ui(ui, state(at)));
                        }
                        for column in columns.iter().copied() {
                            let cell = cells::cell(frame, column, row_of(at));
                            let number = frame.columns().get(column).is_some_and(|c| c.dtype().is_primitive_numeric());
                            match looks.view {
                                None => {
                                    let limit = |column: usize| looks.limit.and_then(|limit| limit(column, row_of(at)));
                                    row.col(|ui| {
                                        let response = plain_cell_ui(ui, &cell, number, actions);
                                        limit_ui(&response, (column, &columns), &cell, &limit, actions);
                                    });
                                }
                                Some((grid, rows)) => {
                                    let chosen = grid.selection.is_some_and(|chosen| chosen.has(at, column));
                                    let (_, response) = row.col(|ui| {
                                        if chosen {
                                            let p = look::palette(ui);
                                            let all = ui.max_rect().expand2(0.5 * ui.spacing().item_spacing);
                                            ui.painter().rect_filled(all, 0.0, p.accent_soft);
                                        }
                                        text_ui(ui, &cell, number, Sense::hover());
                                    });
                                    let name = frame.columns().get(column).map_or("", |c| c.name().as_str());
                                    cell_menu_ui(&response, (grid, rows), (at, column, name), actions);
                                }
                            }
                        }
                        if more > 0 {
                            row.col(|_| {});
                        }
                    });
                });
            if let Some((grid, _)) = looks.view
                && ui.input(|i| i.pointer.any_released())
            {
                widths.retain(|(name, width)| (grid.widths.get(name).unwrap_or(&WIDTH) - width).abs() > 0.5);
                if !widths.is_empty() {
                    actions.push(Action::Grid(grid.table, GridAction::Widths { widths, anew: false }));
                }
            }
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

/// The value of a cell in one line; in a column of numbers, also what is missing stands at the right.
fn text_ui(ui: &mut Ui, cell: &Cell, number: bool, sense: Sense) -> egui::Response {
    let p = look::palette(ui);
    let text = match cell {
        Cell::Null => RichText::new(cells::MISSING).size(look::SMALL).italics().color(p.faint),
        Cell::Text(text) | Cell::Number(text) => RichText::new(text),
    };
    let label = Label::new(text).truncate().selectable(false).sense(sense);
    if !number && !matches!(cell, Cell::Number(_)) {
        return ui.add(label);
    }
    let mut ui = row::to_the_right(ui);
    ui.add_space(look::STEP);
    ui.add(label)
}

/// A cell of a frame without a view: it can be copied as it is shown.
fn plain_cell_ui(ui: &mut Ui, cell: &Cell, number: bool, actions: &mut Vec<Action>) -> egui::Response {
    let response = text_ui(ui, cell, number, Sense::CLICK);
    if response.double_clicked() {
        actions.push(Action::App(AppAction::Copy(cell.plain())));
    }
    response
}

/// What limits a board to a cell or to a row, and the menu of a cell.
fn limit_ui(
    response: &egui::Response,
    (column, columns): (usize, &[usize]),
    cell: &Cell,
    limit: &dyn Fn(usize) -> Option<Action>,
    actions: &mut Vec<Action>,
) {
    // Numbers are seldom what somebody wants to see alone: the menu has them.
    if response.clicked() && !matches!(cell, Cell::Number(_)) {
        actions.extend(limit(column));
    }
    context::menu_ui(response, |ui| {
        if ui.button("Copy").clicked() {
            actions.push(Action::App(AppAction::Copy(cell.plain())));
            ui.close();
        }
        let Some(own) = limit(column) else { return };
        if ui.button(format!("Show {} alone, or not any more", shortened(cell.shown(), 24))).clicked() {
            actions.push(own);
            ui.close();
        }
        if ui.button("Show what has all values of this row").clicked() {
            actions.extend(columns.iter().filter_map(|column| limit(*column)));
            ui.close();
        }
    });
}

/// What a click on a cell does, and its menu.
fn cell_menu_ui(
    response: &egui::Response,
    (grid, rows): (&Grid, &ShownRows),
    (at, column, name): (usize, usize, &str),
    actions: &mut Vec<Action>,
) {
    let mut act = |action: GridAction| actions.push(Action::Grid(grid.table, action));
    let here = Selection::cell(at, column);
    if response.double_clicked() {
        act(GridAction::Card(at));
    } else if response.clicked() {
        let shift = response.ctx.input(|i| i.modifiers.shift);
        let from = grid.selection.filter(|_| shift).map_or(here.anchor, |chosen| chosen.anchor);
        act(GridAction::Select(Some(Selection { anchor: from, head: here.head })));
        response.ctx.memory_mut(|memory| memory.request_focus(keys::id()));
    }
    let chosen = grid.selection.filter(|chosen| chosen.has(at, column));
    if response.secondary_clicked() && chosen.is_none() {
        act(GridAction::Select(Some(here)));
    }
    // The table has the focus for the cell that is chosen.
    let is_head = response.ctx.memory(|memory| memory.has_focus(keys::id()))
        && grid.selection.is_some_and(|chosen| chosen.head == here.head);
    context::popup_of(response, is_head).show(|ui| {
        let mut item = |ui: &mut Ui, text: &str, steps: &[GridAction]| {
            if ui.button(text).clicked() {
                steps.iter().cloned().for_each(&mut act);
                ui.close();
            }
        };
        let row = Selection { anchor: (at, 0), head: (at, usize::MAX) };
        item(ui, "Copy", &[GridAction::Copy]);
        item(ui, "Copy the row with its headings", &[GridAction::Select(Some(row)), GridAction::Copy]);
        ui.separator();
        item(ui, "Show the whole row", &[GridAction::Card(at)]);
        // A rounded number would find other rows, or none.
        let (column, text) = (name.to_owned(), rows.text(at, column).unwrap_or_default());
        let same = crate::engine::view::Filter { column, comparison: crate::engine::view::Comparison::Equals, text };
        item(ui, "Only rows with this value", &[GridAction::Filter(same)]);
    });
}
