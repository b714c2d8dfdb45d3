//! The measures of a question as chips with forms: which aggregate, of what, how exact it is, and the cheaper one where
//! there is one. Every list here is a loop over the aggregates of this build.

use eframe::egui::{self, Align, Button, Color32, FontId, Label, Layout, RichText, ScrollArea, Ui};

use super::form::{FieldChange, SqlColumn, row_ui, text_ui};
use crate::query::Form;
use crate::query::aggregate::{AGGREGATES, Aggregate, Class};
use crate::query::form::Measure;
use crate::ui::action::Action;
use crate::ui::panel::classes::class_badge_ui;
use crate::ui::question::Written;
use crate::ui::widget::badge::badge_ui;
use crate::ui::widget::chip::chip_ui;
use crate::ui::widget::names::bare;
use crate::ui::widget::pick::list_ui;
use crate::ui::{classes, look};

/// The width of the menu of aggregates, and of the names in it.
const MENU: f32 = 520.0;
const NAME: f32 = 176.0;

/// A row for each measure, and in the last of them the way to another one.
pub fn measures_ui(
    ui: &mut Ui,
    written: Written<'_>,
    form: &mut Form,
    columns: &[SqlColumn],
    edit: &mut FieldChange,
    actions: &mut Vec<Action>,
) {
    let taken = taken(form);
    let mut removed = None;
    let room = (ui.available_width() * MOST_OF_A_ROW).max(120.0);
    let texts: Vec<String> = form.measures.iter().map(measure_text).chain(form.others.iter().map(other_text)).collect();
    // Badges behind the chips are aligned in one column.
    let wide = texts.iter().map(|text| chip_width(ui, text)).fold(0.0, f32::max).min(room);
    let last = texts.len().saturating_sub(1);
    // A question that cannot be bound has no classes.
    let Written { of, question, .. } = written;
    let binds = !question.classes.is_empty();
    let mut fresh_measure = None;
    for (i, text) in texts.iter().enumerate() {
        let count = form.measures.len();
        let row = |ui: &mut Ui| {
            ui.push_id(i, |ui| {
                if let Some(measure) = form.measures.get_mut(i) {
                    column_ui(ui, wide, |ui| {
                        chip_ui(ui, text, &format!("Measure {text}"), |ui| {
                            measure_ui(ui, measure, columns, &taken, edit);
                            ui.separator();
                            if ui.button("Remove this measure").clicked() {
                                removed = Some(i);
                                ui.close();
                            }
                        });
                    });
                    if let Some(aggregate) = aggregates().find(|a| a.name == measure.aggregate).filter(|_| binds) {
                        badge_ui(ui, &classes::word(aggregate.class), classes::tone(aggregate.class))
                            .on_hover_text(classes::about(aggregate.class));
                        sketch_ui(ui, aggregate, measure, edit);
                    }
                } else if let Some((item, alias)) = form.others.get(i - count) {
                    column_ui(ui, wide, |ui| {
                        ui.add_enabled(false, Button::new(text).truncate())
                            .on_disabled_hover_text("This can be changed in the SQL text");
                    });
                    let name = if alias.is_empty() { item } else { alias };
                    if let Some(item) = question.classes.iter().find(|item| item.name == *name) {
                        class_badge_ui(ui, of, item, actions);
                    }
                }
            });
            if i == last {
                fresh_measure = add_ui(ui);
            }
        };
        row_ui(ui, if i == 0 { SHOW } else { "" }, row);
    }
    if texts.is_empty() {
        row_ui(ui, SHOW, |ui| fresh_measure = add_ui(ui));
    }
    if let Some(aggregate) = fresh_measure {
        form.measures.push(fresh(aggregate, columns, &taken));
        edit.done();
    }
    if let Some(i) = removed {
        form.measures.remove(i);
        edit.done();
    }
}

/// The word before the measures.
const SHOW: &str = "Show";
/// The share of a row that a chip takes at most.
const MOST_OF_A_ROW: f32 = 0.5;

/// How wide a chip with this text is.
fn chip_width(ui: &Ui, text: &str) -> f32 {
    let text = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(look::TEXT), Color32::WHITE).size().x;
    text + 2.0 * ui.spacing().button_padding.x + 1.0
}

/// A place of one width for a chip.
fn column_ui(ui: &mut Ui, wide: f32, content: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(egui::vec2(wide, look::ROW), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(wide);
        content(ui);
    });
}

/// The menu of all aggregates; the one that was chosen.
fn add_ui(ui: &mut Ui) -> Option<&'static Aggregate> {
    let mut chosen = None;
    ui.menu_button("+ Measure", |ui| {
        ui.set_width(MENU);
        let tall = (ui.ctx().content_rect().height() - ui.min_rect().top() - 3.0 * look::PAD).max(160.0);
        ScrollArea::vertical().max_height(tall).min_scrolled_height(tall).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (title, group) in groups() {
                ui.add_space(look::STEP);
                ui.label(look::faint(title, ui));
                for aggregate in group {
                    if line_ui(ui, aggregate) {
                        chosen = Some(aggregate);
                        ui.close();
                    }
                }
            }
        });
    });
    chosen
}

/// An item that menus cannot express, as it was written.
fn other_text((text, alias): &(String, String)) -> String {
    if alias.is_empty() { text.clone() } else { format!("{text} AS {alias}") }
}

/// The words of the button that makes a sketch of something.
const SKETCH: &str = "sketch it";

/// An aggregate in the menu: how it is called, and what it gives.
fn line_ui(ui: &mut Ui, aggregate: &'static Aggregate) -> bool {
    ui.horizontal(|ui| {
        let button = ui
            .add_sized(
                [NAME, look::ROW - 2.0],
                Button::new(aggregate.usage).frame_when_inactive(false).truncate().right_text(""),
            )
            .accessible_name(aggregate.name);
        let clicked = button.on_hover_text(format!("{} {}", aggregate.usage, aggregate.about)).clicked();
        ui.add(Label::new(look::faint(aggregate.about, ui)).truncate());
        clicked
    })
    .inner
}

fn measure_ui(ui: &mut Ui, measure: &mut Measure, columns: &[SqlColumn], taken: &[String], edit: &mut FieldChange) {
    ui.label(look::faint("Aggregate", ui));
    choices_ui(ui, measure, columns, taken, edit);
    let aggregate = aggregates().find(|a| a.name == measure.aggregate);
    if let Some(aggregate) = aggregate {
        ui.add(Label::new(look::faint(format!("{}: {}", aggregate.usage, aggregate.about), ui)).wrap());
        class_ui(ui, aggregate, measure, edit);
    }
    let names = aggregate.map(argument_names).unwrap_or_default();
    let named = |i: usize, otherwise: &str| {
        names.get(i).filter(|_| names.len() > 1).map_or_else(|| otherwise.to_owned(), |n| format!("{otherwise} ({n})"))
    };
    ui.label(look::faint(named(0, "Of"), ui));
    let star = aggregate.filter(|a| a.star).map(|_| ("*", "all rows".to_owned()));
    let fitting: Vec<&SqlColumn> = columns.iter().filter(|c| aggregate.is_none_or(|a| a.fits(&c.dtype))).collect();
    let choices = star.into_iter().chain(fitting.iter().map(|c| (c.sql.as_str(), bare(&c.sql))));
    if let Some(column) = list_ui(ui, "Column of the measure", &measure.argument, choices) {
        measure.argument = column;
        measure.alias.clear();
        edit.done();
    }
    if let Some(aggregate) = aggregate.filter(|a| a.arity() > 1) {
        rest_ui(ui, aggregate, measure, columns, &named, edit);
    }
    ui.label(look::faint("Only where", ui));
    text_ui(ui, "Filter of the measure", "all rows", &mut measure.filter, edit);
    ui.label(look::faint("Named", ui));
    text_ui(ui, "Name of the measure", "its expression", &mut measure.alias, edit);
}

/// All aggregates to choose from, by what they are.
fn choices_ui(ui: &mut Ui, measure: &mut Measure, columns: &[SqlColumn], taken: &[String], edit: &mut FieldChange) {
    ScrollArea::vertical()
        .id_salt("aggregates")
        .max_height(11.0 * look::ROW)
        .min_scrolled_height(11.0 * look::ROW)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            for (title, group) in groups() {
                ui.label(look::faint(title, ui));
                ui.horizontal_wrapped(|ui| {
                    ui.spacing_mut().item_spacing = egui::vec2(look::STEP / 2.0, look::STEP / 2.0);
                    for aggregate in group {
                        let chosen = aggregate.name == measure.aggregate;
                        let label = ui
                            .selectable_label(chosen, aggregate.name)
                            .on_hover_text(format!("{}: {}", aggregate.usage, aggregate.about));
                        if label.clicked() && !chosen {
                            choose(measure, aggregate, columns, taken);
                            edit.done();
                        }
                    }
                });
            }
        });
}

/// Another aggregate of the same column, where that fits.
fn choose(measure: &mut Measure, aggregate: &'static Aggregate, columns: &[SqlColumn], taken: &[String]) {
    let column = columns.iter().find(|c| c.sql == measure.argument);
    let fits = if measure.argument == "*" { aggregate.star } else { column.is_none_or(|c| aggregate.fits(&c.dtype)) };
    if !fits {
        measure.argument = fresh(aggregate, columns, taken).argument;
    }
    measure.rest = rest(aggregate, &measure.argument, columns);
    measure.aggregate = aggregate.name.to_owned();
    measure.alias.clear();
}

/// The class of the measure, and its cheaper form where there is one.
fn class_ui(ui: &mut Ui, aggregate: &'static Aggregate, measure: &mut Measure, edit: &mut FieldChange) {
    ui.horizontal_wrapped(|ui| {
        badge_ui(ui, &classes::word(aggregate.class), classes::tone(aggregate.class))
            .on_hover_text(classes::about(aggregate.class));
        sketch_ui(ui, aggregate, measure, edit);
    });
}

/// One click from what keeps values or rows to the sketch that does not.
fn sketch_ui(ui: &mut Ui, aggregate: &'static Aggregate, measure: &mut Measure, edit: &mut FieldChange) {
    let Some(rewrite) = &aggregate.rewrite else { return };
    let p = look::palette(ui);
    let button = Button::new(RichText::new(SKETCH).size(look::SMALL).color(p.accent)).frame_when_inactive(false);
    let hint = format!("{}: {}\n\nUndo takes it back", rewrite.to, rewrite.words);
    if ui
        .add(button)
        .accessible_name(format!("Use {} instead of {}", rewrite.to, measure_text(measure)))
        .on_hover_text(hint)
        .clicked()
    {
        let more = rewrite.more.iter().map(|m| (*m).to_owned());
        measure.rest = arguments(&measure.rest).into_iter().chain(more).collect::<Vec<_>>().join(", ");
        measure.aggregate = rewrite.to.to_owned();
        edit.done();
    }
}

/// The arguments after the first: columns to choose and constants to type.
fn rest_ui(
    ui: &mut Ui,
    aggregate: &'static Aggregate,
    measure: &mut Measure,
    columns: &[SqlColumn],
    named: &dyn Fn(usize, &str) -> String,
    edit: &mut FieldChange,
) {
    let mut given = arguments(&measure.rest);
    if given.len() + 1 != aggregate.arity() {
        // Arguments that this form cannot express stay text.
        ui.label(look::faint("And", ui));
        return text_ui(ui, "Further arguments of the measure", "the other arguments", &mut measure.rest, edit);
    }
    let mut changed = false;
    let others = aggregate.inputs.saturating_sub(1);
    for (i, text) in given.iter_mut().enumerate() {
        match i.checked_sub(others).and_then(|i| aggregate.parameters.get(i)) {
            None => {
                ui.label(look::faint(named(i + 1, "And"), ui));
                let choices = columns.iter().map(|c| (c.sql.as_str(), bare(&c.sql)));
                if let Some(column) = list_ui(ui, &format!("Argument {}", i + 2), text, choices) {
                    *text = column;
                    changed = true;
                    edit.done();
                }
            }
            Some(parameter) => {
                ui.label(look::faint(format!("{}, {} to {}", parameter.name, parameter.low, parameter.high), ui));
                let before = text.clone();
                text_ui(ui, &format!("Parameter {}", parameter.name), parameter.start, text, edit);
                changed |= *text != before;
                let complaint = text.trim().parse().map_or_else(
                    |_| Some(format!("{} is a number", parameter.name)),
                    |value| parameter.complaint(value),
                );
                if let Some(complaint) = complaint {
                    let p = look::palette(ui);
                    ui.add(Label::new(RichText::new(complaint).size(look::SMALL).color(p.warn)).wrap());
                }
            }
        }
    }
    if changed {
        measure.rest = given.join(", ");
    }
}

/// The names of an aggregate's arguments, as its usage has them.
fn argument_names(aggregate: &'static Aggregate) -> Vec<&'static str> {
    let inner =
        aggregate.usage.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inner, _)| inner);
    inner.split(',').map(str::trim).collect()
}

/// Arguments as they are written, cut at the commas between them.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quote) = (0_i32, None);
    let between = |c: char| {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            _ => return c == ',' && depth == 0,
        }
        false
    };
    if text.trim().is_empty() { Vec::new() } else { text.split(between).map(|part| part.trim().to_owned()).collect() }
}

/// The aggregates by what they need and keep, each group with its title.
fn groups() -> Vec<(&'static str, Vec<&'static Aggregate>)> {
    const TITLES: &[&str] = &[
        "Exact, a few bytes a group",
        "Exact, of two columns",
        "Exact, keeps what it sees",
        "Estimates within a bound",
    ];
    let group = |a: &Aggregate| match a.class {
        Class::Exact if a.inputs < 2 => 0,
        Class::Exact => 1,
        Class::Sketch { .. } => 3,
        _ => 2,
    };
    let of = |(i, title): (usize, &&'static str)| (*title, aggregates().filter(|a| group(a) == i).collect());
    TITLES.iter().enumerate().map(of).collect()
}

/// The text of a measure's chip: without the quotes that only SQL needs.
fn measure_text(measure: &Measure) -> String {
    let shown = Measure { argument: bare(&measure.argument), ..measure.clone() };
    let call = call_text(&shown);
    if measure.filter.is_empty() { call } else { format!("{call} where {}", measure.filter) }
}

pub fn call_text(measure: &Measure) -> String {
    Measure { filter: String::new(), ..measure.clone() }.to_sql()
}

/// The columns that rows are grouped by, which a new measure avoids.
fn taken(form: &Form) -> Vec<String> {
    form.groups.iter().cloned().chain(form.window.iter().map(|w| w.time.clone())).collect()
}

fn aggregates() -> impl Iterator<Item = &'static Aggregate> {
    AGGREGATES.iter().copied()
}

/// A new measure: of everything where that can be, else of the first number that is no group, else of what fits.
fn fresh(aggregate: &Aggregate, columns: &[SqlColumn], taken: &[String]) -> Measure {
    let fits = |c: &&SqlColumn| aggregate.fits(&c.dtype);
    let free = |c: &&SqlColumn| !taken.contains(&c.sql);
    let number = columns.iter().find(|c| fits(c) && free(c) && c.dtype.is_primitive_numeric());
    let found = number
        .or_else(|| columns.iter().find(|c| fits(c) && c.dtype.is_primitive_numeric()))
        .or_else(|| columns.iter().find(|c| fits(c) && free(c)))
        .or_else(|| columns.iter().find(fits))
        .or(columns.first());
    let argument = if aggregate.star { "*".to_owned() } else { found.map_or_else(String::new, |c| c.sql.clone()) };
    let rest = rest(aggregate, &argument, columns);
    Measure { aggregate: aggregate.name.to_owned(), argument, rest, ..Measure::default() }
}

/// The further arguments of a new measure: other columns where any fit, and the initial values of constants.
fn rest(aggregate: &Aggregate, first: &str, columns: &[SqlColumn]) -> String {
    let others = columns
        .iter()
        .filter(|c| c.sql != first && aggregate.fits(&c.dtype) && c.dtype.is_primitive_numeric())
        .map(|c| c.sql.as_str());
    let columns = others.chain(std::iter::repeat(first)).take(aggregate.inputs.saturating_sub(1));
    columns.chain(aggregate.parameters.iter().map(|p| p.start)).collect::<Vec<_>>().join(", ")
}
