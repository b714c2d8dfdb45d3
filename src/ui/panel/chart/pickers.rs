//! What is drawn: the mark and the columns, in one line above the chart, and the way to all other settings.

use eframe::egui::{self, Align, Button, ComboBox, Layout, Ui};

use super::settings::settings_ui;
use crate::figure::MARKS;
use crate::figure::name::display;
use crate::ui::action::{Action, ChartAction};
use crate::ui::look;
use crate::ui::widget::pick::MOST;
use crate::ui::widget::typing;
use crate::ui::worksheet::Worksheet;
use crate::workspace::TableId;

/// What the pointer does on a chart.
const HANDS: &str =
    "On the chart: drag: zoom · right-drag: pan · double-click: reset · Ctrl-drag: rewind to that stretch";
const NO_SPLIT: &str = "no split";
/// Width of a picker, and the least; and what stands beside the four of them.
const WIDE: f32 = 104.0;
const LEAST: f32 = 48.0;
const BESIDE: f32 = 132.0;

pub(super) fn pickers_ui(ui: &mut Ui, sheet: &Worksheet, drawing: bool, actions: &mut Vec<Action>) {
    let shown = sheet.chart.shown();
    ui.spacing_mut().item_spacing.x = look::STEP;
    let wide = ((ui.available_width() - BESIDE) / 4.0).clamp(LEAST, WIDE);
    within(ui, wide, |ui| mark_ui(ui, sheet.id, &shown.mark, wide, actions));
    let columns: Vec<String> = sheet
        .watch
        .shown
        .as_ref()
        .map_or_else(Vec::new, |s| s.answer.get_column_names().into_iter().map(ToString::to_string).collect());
    ui.label(look::faint("x", ui));
    let x = within(ui, wide, |ui| column_ui(ui, ("x", wide), shown.x.as_deref(), "row", None, &columns));
    if let Some(name) = x {
        actions.push(Action::Chart(sheet.id, ChartAction::X(name)));
    }
    ui.label(look::faint("y", ui));
    within(ui, wide, |ui| y_columns_ui(ui, (sheet.id, wide), &shown.y, &columns, actions));
    let split =
        |ui: &mut Ui| column_ui(ui, ("split", wide), shown.split.as_deref(), NO_SPLIT, Some(NO_SPLIT), &columns);
    if let Some(split) = within(ui, wide, split) {
        actions.push(Action::Chart(sheet.id, ChartAction::Split((split != NO_SPLIT).then_some(split))));
    }
    let more = ui.add(Button::new("Chart…").selected(drawing)).accessible_name("Chart settings");
    if more.on_hover_text("Series, panels, axes, lines and thresholds, titles").clicked() {
        actions.push(Action::Chart(sheet.id, ChartAction::Form(!drawing)));
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if sheet.chart.view().is_some()
            && ui.button("Whole picture").on_hover_text("Show everything again; or double-click the chart").clicked()
        {
            actions.push(Action::Chart(sheet.id, ChartAction::View(None)));
        }
        if sheet.chart.is_chosen()
            && ui.button("Best fit").on_hover_text("Back to the chart that fits the answer").clicked()
        {
            actions.push(Action::Chart(sheet.id, ChartAction::Guess));
        }
    });
}

/// Something that is no wider than this, whatever its text.
fn within<R>(ui: &mut Ui, wide: f32, content: impl FnOnce(&mut Ui) -> R) -> R {
    let narrow = |ui: &mut Ui| {
        ui.set_max_width(wide);
        content(ui)
    };
    ui.scope(narrow).inner
}

/// The picker of the mark.
fn mark_ui(ui: &mut Ui, table: TableId, shown: &str, wide: f32, actions: &mut Vec<Action>) {
    let title = MARKS.iter().find(|mark| mark.name == shown).map_or("Chart", |mark| mark.title);
    let combo = ComboBox::from_id_salt("mark").selected_text(title).width(wide).height(16.0 * look::ROW).truncate();
    let response = combo.show_ui(ui, |ui| {
        for mark in MARKS {
            if ui.selectable_label(mark.name == shown, mark.title).on_hover_text(mark.about).clicked() {
                actions.push(Action::Chart(table, ChartAction::Mark(mark.name)));
            }
        }
    });
    response.response.accessible_name("mark").on_hover_text(format!("How it is drawn\n\n{HANDS}"));
}

/// A picker of one column, by the name that a reader sees; `none` is offered first.
fn column_ui(
    ui: &mut Ui,
    (name, wide): (&str, f32),
    shown: Option<&str>,
    unset: &str,
    none: Option<&str>,
    columns: &[String],
) -> Option<String> {
    let mut picked = None;
    let text = shown.map_or_else(|| unset.to_owned(), display);
    let combo = ComboBox::from_id_salt(name).selected_text(text).width(wide).height(12.0 * look::ROW).truncate();
    let response = combo.show_ui(ui, |ui| {
        let own = columns.iter().map(|column| (column.as_str(), display(column)));
        for (column, title) in none.map(|none| (none, none.to_owned())).into_iter().chain(own).take(MOST) {
            let chosen = shown.unwrap_or(unset) == column;
            if ui.selectable_label(chosen, title).clicked() && !chosen {
                picked = Some(column.to_owned());
            }
        }
    });
    response.response.accessible_name(name).on_hover_text(name);
    picked
}

/// Everything else.
pub(super) fn form_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let mut settings = sheet.chart.settings().clone();
    let figure = sheet.chart.figure();
    settings_ui(ui, sheet.chart.shown(), figure.as_deref(), &mut settings);
    let changed = settings != *sheet.chart.settings();
    let goes_on = typing::goes_on(ui, changed);
    if changed {
        actions.push(Action::Chart(sheet.id, ChartAction::Settings { settings: Box::new(settings), goes_on }));
    }
}

/// The picker of the y columns: one or several.
fn y_columns_ui(
    ui: &mut Ui,
    (table, wide): (TableId, f32),
    shown: &[String],
    columns: &[String],
    actions: &mut Vec<Action>,
) {
    let text = if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.iter().map(|name| display(name)).collect::<Vec<_>>().join(", ")
    };
    let combo = ComboBox::from_id_salt("y")
        .selected_text(text)
        .width(wide)
        .truncate()
        .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let response = combo.show_ui(ui, |ui| {
        for name in columns {
            let mut on = shown.contains(name);
            if ui.checkbox(&mut on, display(name)).changed() {
                let kept = shown.iter().filter(|other| *other != name).cloned();
                let y: Vec<String> = kept.chain(on.then(|| name.clone())).collect();
                actions.push(Action::Chart(table, ChartAction::Y(y)));
            }
        }
    });
    response.response.accessible_name("y").on_hover_text("y");
}
