//! A heading of the grid: a click orders by its column, its menu has the rest.

use eframe::egui::{
    FontId, Key, Label, PopupCloseBehavior, Response, RichText, Sense, Shape, TextEdit, Ui, WidgetInfo, pos2, vec2,
};
use polars::prelude::{Column, DataFrame};

use crate::data::time;
use crate::engine::view::{Comparison, Filter};
use crate::ui::action::Action;
use crate::ui::grid::{Grid, GridAction, ShownRows};
use crate::ui::look;
use crate::ui::widget::{buttons, cells, context, row};
use crate::workspace::TableId;

/// Rows that a fit measures.
const MEASURED: usize = 200;
/// Rows of which times are measured, in each frame.
const FIRST: usize = 32;
/// Bounds of a width that fits.
const FITTING: std::ops::RangeInclusive<f32> = 48.0..=480.0;

/// The name, over numbers to the right as they stand, with the direction in which the answer is ordered by it.
pub(super) fn name_ui(ui: &mut Ui, grid: Option<&Grid>, column: &Column) {
    let number = column.dtype().is_primitive_numeric();
    let name = Label::new(RichText::new(column.name().as_str()).size(look::SMALL).strong()).truncate();
    let name = name.selectable(false).sense(Sense::hover());
    let order = grid.and_then(|grid| grid.view().sort.iter().find(|(name, _)| name == column.name().as_str()));
    let mut cell = number.then(|| row::to_the_right(ui));
    let ui = cell.as_mut().unwrap_or(ui);
    ui.add_space(if number { look::STEP } else { 0.0 });
    if let Some((_, descends)) = order.filter(|_| number) {
        arrow_ui(ui, *descends);
    }
    let told = ui.add(name);
    if grid.is_none() {
        told.on_hover_text(cells::type_hint(column.dtype()));
    }
    if let Some((_, descends)) = order.filter(|_| !number) {
        arrow_ui(ui, *descends);
    }
}

/// A small triangle, up or down.
fn arrow_ui(ui: &mut Ui, down: bool) {
    let (rect, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
    let (tip, foot) = if down { (rect.max.y, rect.min.y + 2.0) } else { (rect.min.y, rect.max.y - 2.0) };
    let points = vec![pos2(rect.center().x, tip), pos2(rect.min.x, foot), pos2(rect.max.x, foot)];
    ui.painter().add(Shape::convex_polygon(points, look::palette(ui).accent, eframe::egui::Stroke::NONE));
}

/// What a click on it does, and its menu.
pub(super) fn heading_ui(
    heading: &Response,
    grid: &Grid,
    rows: &ShownRows,
    column: &Column,
    actions: &mut Vec<Action>,
) {
    let name = column.name().as_str();
    let order = grid.view().sort.iter().find(|(of, _)| of == name).map(|(_, descends)| *descends);
    heading.widget_info(|| WidgetInfo::labeled(eframe::egui::Role::Button, true, format!("Order by {name}")));
    let hint = format!("{}: a click orders by it, a right click has more", cells::type_hint(column.dtype()));
    let heading = heading.clone().on_hover_text(hint);
    if heading.clicked() {
        let also = heading.ctx.input(|i| i.modifiers.shift);
        actions.push(Action::Grid(grid.table, GridAction::Turn { column: name.to_owned(), also }));
    }
    context::popup(&heading).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        let before = actions.len();
        menu_ui(ui, grid, rows, column, order, actions);
        if actions.len() > before {
            ui.close();
        }
    });
}

fn menu_ui(
    ui: &mut Ui,
    grid: &Grid,
    rows: &ShownRows,
    column: &Column,
    order: Option<bool>,
    actions: &mut Vec<Action>,
) {
    let name = column.name().as_str();
    ui.set_min_width(200.0);
    ui.label(look::faint(name, ui));
    for (text, to) in [("Ascending", Some(false)), ("Descending", Some(true)), ("As it stands", None)] {
        if ui.radio(order == to, text).clicked() {
            actions.push(Action::Grid(grid.table, GridAction::Order(name.to_owned(), to)));
        }
    }
    ui.separator();
    filter_ui(ui, grid.table, name, actions);
    ui.separator();
    if ui.button("Fit the column").clicked() {
        actions.push(fitted(ui, grid.table, rows, std::iter::once(column)));
    }
    if ui.button("Fit all columns").clicked() {
        actions.push(fitted(ui, grid.table, rows, rows.snapshot.answer.columns().iter()));
    }
    if ui.button("Hide the column").clicked() {
        actions.push(Action::Grid(grid.table, GridAction::Hide(name.to_owned())));
    }
    if !grid.hidden.is_empty() && ui.button("Show all columns").clicked() {
        actions.push(Action::Grid(grid.table, GridAction::Unhide));
    }
}

/// How a column is compared, and with what.
fn filter_ui(ui: &mut Ui, table: TableId, name: &str, actions: &mut Vec<Action>) {
    let id = ui.scope_id().with(("filter", name));
    let (mut how, mut text) = ui.data(|d| d.get_temp::<(Comparison, String)>(id)).unwrap_or_default();
    ui.horizontal(|ui| {
        ui.label("Filter");
        for choice in Comparison::ALL {
            if buttons::choice_ui(ui, how == choice, choice.word()).clicked() {
                how = choice;
            }
        }
    });
    let entered = ui
        .horizontal(|ui| {
            // As outside of menus, whose items have no room around them.
            ui.reset_style();
            let field = ui.add(TextEdit::singleline(&mut text).desired_width(140.0).hint_text("a value"));
            let field = field.accessible_name(format!("Filter of {name}"));
            let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            ui.button("Apply").clicked() || entered
        })
        .inner;
    if entered {
        let (column, comparison, text) = (name.to_owned(), how, text.trim().to_owned());
        actions.push(Action::Grid(table, GridAction::Filter(Filter { column, comparison, text })));
        ui.data_mut(|d| d.remove::<(Comparison, String)>(id));
    } else {
        ui.data_mut(|d| d.insert_temp(id, (how, text)));
    }
}

/// The widths that the first rows of the view need.
pub(super) fn fitted<'a>(
    ui: &Ui,
    table: TableId,
    rows: &ShownRows,
    columns: impl Iterator<Item = &'a Column>,
) -> Action {
    let frame = &rows.snapshot.answer;
    let width = |column: &Column| {
        let place = frame.get_column_index(column.name())?;
        let first = (0..rows.len().min(MEASURED)).map(|at| cells::cell(frame, place, rows.row(at)));
        let widest = first.map(|cell| measure(ui, cell.shown(), look::TEXT)).fold(0.0, f32::max);
        // Its order is told beside the name.
        let heading = measure(ui, column.name(), look::SMALL) + 3.0 * look::STEP;
        let width = (widest.max(heading) + look::GAP).clamp(*FITTING.start(), *FITTING.end());
        Some((column.name().to_string(), width.ceil()))
    };
    Action::Grid(table, GridAction::Widths { widths: columns.filter_map(width).collect(), anew: true })
}

/// The width that the first values of a column of times need: they are shown whole.
pub(super) fn time_width(ui: &Ui, frame: &DataFrame, column: usize) -> Option<f32> {
    frame.columns().get(column).filter(|column| time::is_time(column.dtype()))?;
    Some(first_width(ui, frame, column))
}

/// The width that the first values of a column need, and its name.
pub(super) fn whole_width(ui: &Ui, frame: &DataFrame, column: usize) -> f32 {
    let name = frame.columns().get(column).map_or("", |column| column.name().as_str());
    let name = measure(ui, name, look::TEXT) + look::PAD;
    name.max(first_width(ui, frame, column) + look::PAD)
}

fn first_width(ui: &Ui, frame: &DataFrame, column: usize) -> f32 {
    let first = (0..frame.height().min(FIRST)).map(|row| cells::cell(frame, column, row).shown().to_owned());
    first.max_by_key(String::len).map_or(0.0, |text| measure(ui, &text, look::TEXT) + look::GAP)
}

fn measure(ui: &Ui, text: &str, size: f32) -> f32 {
    let (text, font) = (text.to_owned(), FontId::proportional(size));
    ui.fonts_mut(|fonts| fonts.layout_no_wrap(text, font, look::palette(ui).text).size().x)
}
