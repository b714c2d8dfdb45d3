//! The question as menus: measures, grouping, filter, order. What menus cannot say stays in the SQL text.

use eframe::egui::{self, Align, Button, Id, Layout, Popup, PopupCloseBehavior, RichText, ScrollArea, TextEdit, Ui};

use polars::prelude::DataType;

use super::measure::{call_text, measures_ui};
use super::window::window_ui;
use crate::query::Form;
use crate::ui::action::{Action, Question};
use crate::ui::sheet::Sheet;
use crate::ui::widget::buttons;
use crate::ui::widget::names::bare;
use crate::ui::widget::pick::{MOST, pick_ui};
use crate::ui::{first, look};

/// The width of the words in front of the rows.
const WORDS: f32 = 48.0;
/// The width of the forms that hang on chips.
const FORM: f32 = 264.0;

/// What a widget has done to the form.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Edit {
    #[default]
    None,
    /// Still being typed.
    Typed,
    /// Done: ask.
    Done,
}

impl Edit {
    pub fn done(&mut self) {
        *self = Self::Done;
    }

    pub fn typed(&mut self) {
        if *self == Self::None {
            *self = Self::Typed;
        }
    }
}

/// A column of the table: its name as SQL has it.
pub struct Column {
    pub sql: String,
    pub dtype: DataType,
}

pub fn builder_ui(ui: &mut Ui, sheet: &Sheet, actions: &mut Vec<Action>) {
    let mut form = sheet.question.form.clone();
    if form.beside.rerun.is_some() {
        let what = "This question is more than menus can say: it is changed in its SQL text.";
        ui.add(egui::Label::new(look::faint(what, ui)).wrap());
        return;
    }
    let mut edit = Edit::None;
    let columns: Vec<Column> = sheet
        .table
        .schema
        .iter()
        .take(MOST)
        .map(|(name, dtype)| Column { sql: first::name(name), dtype: dtype.clone() })
        .collect();
    let shown = ScrollArea::vertical().id_salt("builder").auto_shrink([false, false]).show(ui, |ui| {
        ui.push_id(sheet.id, |ui| {
            measures_ui(ui, sheet, &mut form, &columns, &mut edit, actions);
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

/// A row of the builder, with its word before it.
pub fn row_ui(ui: &mut Ui, word: &str, content: impl FnOnce(&mut Ui)) {
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

pub fn text_ui(ui: &mut Ui, name: &str, hint: &str, text: &mut String, edit: &mut Edit) {
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
pub fn chip_ui(ui: &mut Ui, text: &str, name: &str, content: impl FnOnce(&mut Ui)) {
    let chip = ui.add(Button::new(RichText::new(text)).truncate()).accessible_name(name);
    // A form rather than a menu: fields and buttons keep their frames.
    let popup = Popup::menu(&chip).style(egui::style::StyleModifier::default()).layout(Layout::top_down(Align::Min));
    popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).accessible_name(name).width(FORM).show(|ui| {
        ui.set_width(FORM);
        let tall = (ui.ctx().content_rect().height() - chip.rect.bottom() - 3.0 * look::PAD).max(160.0);
        ScrollArea::vertical().max_height(tall).min_scrolled_height(tall).auto_shrink([false, true]).show(ui, |ui| {
            // The scroll bar lies over the content.
            ui.set_max_width(FORM - look::PAD);
            content(ui);
        });
    });
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
