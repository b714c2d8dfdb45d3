//! The question as menus: measures, grouping, filter, order. What menus cannot say stays in the SQL text.

use eframe::egui::{self, Align, Button, Id, Layout, Popup, PopupCloseBehavior, RichText, ScrollArea, TextEdit, Ui};

use polars::prelude::DataType;

use crate::query::Form;
use crate::query::form::{Measure, WindowForm};
use crate::ui::action::{Action, Question};
use crate::ui::sheet::Sheet;
use crate::ui::widget::buttons;
use crate::ui::widget::pick::{list_ui, pick_ui, words_ui};
use crate::ui::{first, look};

/// The width of the words in front of the rows.
const WORDS: f32 = 48.0;
/// The width of the forms that hang on chips.
const FORM: f32 = 232.0;

/// What a widget has done to the form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Edit {
    #[default]
    None,
    /// Still being typed.
    Typed,
    /// Done: ask.
    Done,
}

impl Edit {
    fn done(&mut self) {
        *self = Self::Done;
    }

    fn typed(&mut self) {
        if *self == Self::None {
            *self = Self::Typed;
        }
    }
}

/// A column of the table: its name as SQL has it.
struct Column {
    sql: String,
    dtype: DataType,
}

pub fn builder_ui(ui: &mut Ui, sheet: &Sheet, actions: &mut Vec<Action>) {
    let mut form = sheet.question.form.clone();
    let mut edit = Edit::None;
    let columns: Vec<Column> = sheet.table.schema.iter().map(|(name, dtype)| Column { sql: first::name(name), dtype: dtype.clone() }).collect();
    let shown = ScrollArea::vertical().id_salt("builder").auto_shrink([false, false]).show(ui, |ui| {
        ui.push_id(sheet.id, |ui| {
            row_ui(ui, "Show", |ui| measures_ui(ui, &mut form, &columns, &mut edit));
            row_ui(ui, "By", |ui| groups_ui(ui, &mut form, sheet, &columns, &mut edit));
            row_ui(ui, "Where", |ui| conditions_ui(ui, &mut form, &mut edit));
            row_ui(ui, "Order", |ui| order_ui(ui, &mut form, &mut edit));
        });
    });
    ui.data_mut(|d| d.insert_temp(height_id(), shown.content_size.y));
    if edit != Edit::None {
        actions.push(Action::Question(Question::Form { form: Box::new(form), ask: edit == Edit::Done }));
    }
}

fn height_id() -> Id {
    Id::unique("height of the builder")
}

/// How high the rows were when they were last painted.
pub fn height(ui: &Ui) -> f32 {
    ui.data(|d| d.get_temp(height_id())).unwrap_or(0.0)
}

fn row_ui(ui: &mut Ui, word: &str, content: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(egui::vec2(WORDS, look::ROW), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(WORDS);
            ui.label(look::faint(word, ui));
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = look::STEP;
            content(ui);
        });
    });
}

/// The condition on rows and the one on groups, in one line.
fn conditions_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    let half = (ui.available_width() - WORDS - 3.0 * look::STEP) / 2.0;
    sized_text_ui(ui, "Where", "such as delay > 60", half, &mut form.filter, edit);
    ui.label(look::faint("Having", ui));
    sized_text_ui(ui, "Having", "such as count(*) > 10", half, &mut form.having, edit);
}

fn text_ui(ui: &mut Ui, name: &str, hint: &str, text: &mut String, edit: &mut Edit) {
    sized_text_ui(ui, name, hint, ui.available_width(), text, edit);
}

/// A line of text that is asked when it is left.
fn sized_text_ui(ui: &mut Ui, name: &str, hint: &str, width: f32, text: &mut String, edit: &mut Edit) {
    let field = TextEdit::singleline(text).hint_text(hint).desired_width(width - 2.0 * look::GAP);
    let response = ui.add(field).accessible_name(name);
    if response.changed() {
        edit.typed();
    }
    if response.lost_focus() {
        edit.done();
    }
}

/// A button with a menu that stays open while one works in it.
fn chip_ui(ui: &mut Ui, text: &str, name: &str, content: impl FnOnce(&mut Ui)) {
    let chip = ui.add(Button::new(RichText::new(text)).truncate()).accessible_name(name);
    // A form rather than a menu: fields and buttons keep their frames.
    let popup = Popup::menu(&chip).style(egui::style::StyleModifier::default()).layout(Layout::top_down(Align::Min));
    popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).accessible_name(name).width(FORM).show(|ui| {
        ui.set_width(FORM);
        content(ui);
    });
}

fn measures_ui(ui: &mut Ui, form: &mut Form, columns: &[Column], edit: &mut Edit) {
    let taken = taken(form);
    let mut removed = None;
    for (i, measure) in form.measures.iter_mut().enumerate() {
        let text = measure_text(measure);
        ui.push_id(i, |ui| {
            chip_ui(ui, &text, &format!("Measure {text}"), |ui| {
                measure_ui(ui, measure, columns, &taken, edit);
                ui.separator();
                if ui.button("Remove this measure").clicked() {
                    removed = Some(i);
                    ui.close();
                }
            });
        });
    }
    if let Some(i) = removed {
        form.measures.remove(i);
        edit.done();
    }
    for (text, alias) in &form.others {
        let shown = if alias.is_empty() { text.clone() } else { format!("{text} AS {alias}") };
        ui.add_enabled(false, Button::new(shown).truncate()).on_disabled_hover_text("This can be changed in the SQL text");
    }
    ui.menu_button("+ Measure", |ui| {
        ui.set_min_width(180.0);
        for aggregate in aggregates() {
            if ui.button(aggregate.name).on_hover_text(format!("{} {}", aggregate.usage, aggregate.about)).clicked() {
                form.measures.push(fresh(aggregate, columns, &taken));
                edit.done();
            }
        }
    });
}

fn measure_ui(ui: &mut Ui, measure: &mut Measure, columns: &[Column], taken: &[String], edit: &mut Edit) {
    ui.label(look::faint("Aggregate", ui));
    if let Some(name) = words_ui(ui, &measure.aggregate, aggregates().map(|a| a.name)) {
        if let Some(aggregate) = aggregates().find(|a| a.name == name) {
            let column = columns.iter().find(|c| c.sql == measure.argument);
            let fits = if measure.argument == "*" { aggregate.star } else { column.is_none_or(|c| aggregate.fits(&c.dtype)) };
            if !fits {
                measure.argument = fresh(aggregate, columns, taken).argument;
            }
            measure.rest = aggregate.rest(&measure.argument);
        }
        measure.aggregate = name;
        measure.alias.clear();
        edit.done();
    }
    ui.label(look::faint("Of", ui));
    let aggregate = aggregates().find(|a| a.name == measure.aggregate);
    let star = aggregate.filter(|a| a.star).map(|_| ("*", "all rows".to_owned()));
    let fitting = columns.iter().filter(|c| aggregate.is_none_or(|a| a.fits(&c.dtype)));
    let choices = star.into_iter().chain(fitting.map(|c| (c.sql.as_str(), bare(&c.sql))));
    if let Some(column) = list_ui(ui, "Column of the measure", &measure.argument, choices) {
        measure.argument = column;
        measure.alias.clear();
        edit.done();
    }
    if aggregate.is_some_and(|a| a.arity() > 1) {
        ui.label(look::faint("And", ui));
        text_ui(ui, "Further arguments of the measure", "the other arguments", &mut measure.rest, edit);
    }
    ui.label(look::faint("Only where", ui));
    text_ui(ui, "Filter of the measure", "all rows", &mut measure.filter, edit);
    ui.label(look::faint("Named", ui));
    text_ui(ui, "Name of the measure", "its expression", &mut measure.alias, edit);
}

/// As a chip shows it: without the quotes that only SQL needs.
fn measure_text(measure: &Measure) -> String {
    let shown = Measure { argument: bare(&measure.argument), ..measure.clone() };
    let call = call_text(&shown);
    if measure.filter.is_empty() { call } else { format!("{call} where {}", measure.filter) }
}

fn call_text(measure: &Measure) -> String {
    Measure { filter: String::new(), ..measure.clone() }.to_sql()
}

/// A quoted name without its quotes; anything else as it is.
fn bare(sql: &str) -> String {
    let inner = sql.strip_prefix('"').and_then(|s| s.strip_suffix('"')).filter(|s| !s.is_empty() && !s.replace("\"\"", "").contains('"'));
    inner.map_or_else(|| sql.to_owned(), |s| s.replace("\"\"", "\""))
}

/// What rows are grouped by already, so that a new measure is of something else.
fn taken(form: &Form) -> Vec<String> {
    form.groups.iter().cloned().chain(form.window.iter().map(|w| w.time.clone())).collect()
}

fn aggregates() -> impl Iterator<Item = &'static crate::query::aggregate::Aggregate> {
    crate::query::aggregate::AGGREGATES.iter().copied()
}

/// A new measure: of everything where that can be, else of the first number that is no group, else of what fits.
fn fresh(aggregate: &crate::query::aggregate::Aggregate, columns: &[Column], taken: &[String]) -> Measure {
    let fits = |c: &&Column| aggregate.fits(&c.dtype);
    let free = |c: &&Column| !taken.contains(&c.sql);
    let number = columns.iter().find(|c| fits(c) && free(c) && c.dtype.is_primitive_numeric());
    let found = number
        .or_else(|| columns.iter().find(|c| fits(c) && c.dtype.is_primitive_numeric()))
        .or_else(|| columns.iter().find(|c| fits(c) && free(c)))
        .or_else(|| columns.iter().find(fits))
        .or(columns.first());
    let argument = if aggregate.star { "*".to_owned() } else { found.map_or_else(String::new, |c| c.sql.clone()) };
    let rest = aggregate.rest(&argument);
    Measure { aggregate: aggregate.name.to_owned(), argument, rest, ..Measure::default() }
}

fn groups_ui(ui: &mut Ui, form: &mut Form, sheet: &Sheet, columns: &[Column], edit: &mut Edit) {
    window_ui(ui, form, sheet, edit);
    let mut removed = None;
    for (i, group) in form.groups.iter().enumerate() {
        ui.push_id(i, |ui| {
            chip_ui(ui, &bare(group), &format!("Group {}", bare(group)), |ui| {
                if ui.button("Remove this group").clicked() {
                    removed = Some(i);
                    ui.close();
                }
            });
        });
    }
    if let Some(i) = removed {
        let gone = form.groups.remove(i);
        form.order.retain(|(by, _)| *by != gone);
        edit.done();
    }
    ui.menu_button("+ Group", |ui| {
        ui.set_min_width(160.0);
        if form.window.is_none()
            && let Some(time) = &sheet.table.time
            && ui.button(format!("{} by window", time.column)).clicked()
        {
            let fresh = first::question(&sheet.table, "1 hour");
            form.window = fresh.window;
            form.order = fresh.order;
            form.limit = None;
            edit.done();
        }
        for column in columns {
            if !form.groups.contains(&column.sql) && ui.button(bare(&column.sql)).clicked() {
                form.groups.push(column.sql.clone());
                edit.done();
            }
        }
    });
}

fn window_ui(ui: &mut Ui, form: &mut Form, sheet: &Sheet, edit: &mut Edit) {
    let Some(window) = &mut form.window else { return };
    let mut remove = false;
    let text = format!("{} every {}", bare(&window.time), window.size);
    chip_ui(ui, &text, &format!("Window {text}"), |ui| {
        let WindowForm { time, size, .. } = window;
        ui.label(look::faint("Window size", ui));
        if let Some(picked) = words_ui(ui, size, first::sizes()) {
            *size = picked;
            edit.done();
        }
        text_ui(ui, "Window size as text", "15 minutes", size, edit);
        ui.label(look::faint("Over", ui));
        let times: Vec<String> = sheet.table.schema.iter().filter(|(_, t)| t.is_temporal()).map(|(n, _)| first::name(n)).collect();
        if let Some(picked) = list_ui(ui, "Window column", time, times.iter().map(|t| (t.as_str(), bare(t)))) {
            *time = picked;
            edit.done();
        }
        ui.separator();
        if ui.button("Remove the window").clicked() {
            remove = true;
            ui.close();
        }
    });
    if remove {
        if let Some(gone) = form.window.take() {
            form.order.retain(|(by, _)| *by != gone.alias);
        }
        edit.done();
    }
}

fn order_ui(ui: &mut Ui, form: &mut Form, edit: &mut Edit) {
    let mut removed = None;
    for (i, (by, descending)) in form.order.iter_mut().enumerate() {
        ui.push_id(i, |ui| {
            let way = if *descending { "descending" } else { "ascending" };
            if ui.button(format!("{} {way}", bare(by))).on_hover_text("Turn round").clicked() {
                *descending = !*descending;
                edit.done();
            }
            if buttons::cross_ui(ui, &format!("Do not order by {}", bare(by))).clicked() {
                removed = Some(i);
            }
        });
    }
    if let Some(i) = removed {
        form.order.remove(i);
        edit.done();
    }
    let choices: Vec<String> = outputs(form).into_iter().filter(|name| form.order.iter().all(|(by, _)| by != name)).collect();
    ui.menu_button("+ Order", |ui| {
        for name in choices {
            if ui.button(bare(&name)).clicked() {
                form.order.push((name, false));
                edit.done();
            }
        }
    });
    const LIMITS: &[&str] = &["no limit", "10", "20", "100", "1000"];
    let shown = form.limit.map_or_else(|| "no limit".to_owned(), |n| n.to_string());
    if let Some(picked) = pick_ui(ui, "Limit", &shown, 84.0, LIMITS.iter().copied()) {
        form.limit = picked.parse().ok();
        edit.done();
    }
}

/// What an answer can be ordered by.
fn outputs(form: &Form) -> Vec<String> {
    let window = form.window.iter().map(|w| w.alias.clone());
    let measures = form.measures.iter().map(|m| if m.alias.is_empty() { call_text(m) } else { first::name(&m.alias) });
    window.chain(form.groups.iter().cloned()).chain(measures).filter(|name| !name.is_empty()).collect()
}
