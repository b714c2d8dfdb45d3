//! The question as menus: measures, grouping, filter, order. What menus cannot say stays in the SQL text.

mod form;
mod measure;
mod time_window;

use eframe::egui::{self, Id, ScrollArea, Ui};

use crate::query::Form;
use crate::ui::action::{Action, QuestionAction};
use crate::ui::question::{QuestionOf, Written};
use crate::ui::widget::buttons;
use crate::ui::widget::chip::chip_ui;
use crate::ui::widget::names::bare;
use crate::ui::widget::pick::{MOST, pick_ui};
use crate::ui::{first, look};
use form::{FieldChange, SqlColumn, WORDS, row_ui, sized_text_ui};
use measure::{call_text, measures_ui};
use time_window::time_window_ui;

pub fn builder_ui(ui: &mut Ui, written: Written<'_>, actions: &mut Vec<Action>) {
    let Written { of, question, .. } = written;
    let mut form = question.form.clone();
    if form.beside.rerun.is_some() {
        let what = "This question is more than menus can say: it is changed in its SQL text.";
        ui.add(egui::Label::new(look::faint(what, ui)).wrap());
        return;
    }
    let mut edit = FieldChange::None;
    let columns: Vec<SqlColumn> = written
        .columns()
        .iter()
        .take(MOST)
        .map(|(name, dtype)| SqlColumn { sql: first::name(name), dtype: dtype.clone() })
        .collect();
    let shown = ScrollArea::vertical().id_salt("builder").auto_shrink([false, false]).show(ui, |ui| {
        ui.push_id(of, |ui| {
            measures_ui(ui, written, &mut form, &columns, &mut edit, actions);
            row_ui(ui, "By", |ui| groups_ui(ui, &mut form, written, &columns, &mut edit));
            row_ui(ui, "Where", |ui| conditions_ui(ui, &mut form, written, &mut edit));
            row_ui(ui, "Order", |ui| order_ui(ui, &mut form, &mut edit));
        });
    });
    ui.data_mut(|d| d.insert_temp(height_id(of), shown.content_size.y));
    if edit == FieldChange::Done && form == question.form {
        // A field was left as it was: what is written already is asked.
        let asks = question.is_changed() && question.fault.is_none();
        actions.extend(asks.then_some(Action::Question(of, QuestionAction::Ask)));
    } else if edit != FieldChange::None {
        if question.form.lists_rows() && !form.lists_rows() {
            form.summarise();
        }
        let ask = edit == FieldChange::Done;
        actions.push(Action::Question(of, QuestionAction::Form { form: Box::new(form), ask }));
    }
}

fn height_id(of: QuestionOf) -> Id {
    Id::unique(("height of the builder", of))
}

/// How high the rows were when they were last painted.
pub fn height(ui: &Ui, of: QuestionOf) -> f32 {
    ui.data(|d| d.get_temp(height_id(of))).unwrap_or(0.0)
}

/// The condition on rows and the one on groups, in one line.
fn conditions_ui(ui: &mut Ui, form: &mut Form, written: Written<'_>, edit: &mut FieldChange) {
    let half = (ui.available_width() - WORDS - 3.0 * look::STEP) / 2.0;
    let example = Some(&written.sheet.table).filter(|_| written.asks_table());
    let example = example
        .and_then(|table| first::condition(table))
        .map_or_else(|| "all rows".to_owned(), |c| format!("such as {c}"));
    sized_text_ui(ui, "Where", &example, half, &mut form.filter, edit);
    ui.label(look::faint("Having", ui));
    sized_text_ui(ui, "Having", "such as count(*) > 10", half, &mut form.having, edit);
}

fn groups_ui(ui: &mut Ui, form: &mut Form, written: Written<'_>, columns: &[SqlColumn], edit: &mut FieldChange) {
    let sheet = written.sheet;
    time_window_ui(ui, form, written, edit);
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
            && written.asks_table()
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

fn order_ui(ui: &mut Ui, form: &mut Form, edit: &mut FieldChange) {
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
    let choices: Vec<String> =
        outputs(form).into_iter().filter(|name| form.order.iter().all(|(by, _)| by != name)).collect();
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
