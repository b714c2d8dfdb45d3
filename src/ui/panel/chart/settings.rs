//! The form of a figure's settings: which series, which panels, the axes, lines that matter, the title. It changes a
//! copy of the settings; what becomes of that is left to its caller.

use eframe::egui::{CollapsingHeader, DragValue, ScrollArea, TextEdit, Ui};

use super::columns::{columns_ui, mark_ui};
use super::lines::{lines_ui, one_of_ui};
use crate::figure::name::display;
use crate::figure::settings::{MOST_CHOSEN, MOST_SERIES};
use crate::figure::{Figure, MARKS, NumberFormat, Settings};
use crate::ui::chart::Shown;
use crate::ui::look;
use crate::ui::widget::pick::list_ui;

fn section(ui: &mut Ui, title: &str, open: bool, content: &mut dyn FnMut(&mut Ui)) {
    CollapsingHeader::new(title).default_open(open).show_unindented(ui, |ui| content(ui));
}

/// All settings of a figure that has no line of pickers.
pub fn tile_settings_ui(
    ui: &mut Ui,
    shown: &Shown,
    figure: Option<&Figure>,
    columns: &[String],
    settings: &mut Settings,
) {
    mark_ui(ui, shown, settings);
    section(ui, "Columns", false, &mut |ui| columns_ui(ui, shown, columns, settings));
    settings_ui(ui, shown, figure, settings);
    if !settings.is_default() {
        ui.separator();
        if ui.button("Best fit").on_hover_text("Back to the figure that fits the answer").clicked() {
            *settings = Settings::default();
        }
    }
}

pub fn settings_ui(ui: &mut Ui, shown: &Shown, figure: Option<&Figure>, settings: &mut Settings) {
    if shown.series.len() > 1 {
        section(ui, "Series", true, &mut |ui| series_ui(ui, shown, settings));
    }
    if !shown.categories.is_empty() || settings.panels.is_some() {
        section(ui, "Panels", false, &mut |ui| panels_ui(ui, &shown.categories, settings));
    }
    let right = figure.is_some_and(|figure| figure.right.is_some());
    section(ui, if right { "Left axis" } else { "Axis" }, false, &mut |ui| axis_ui(ui, false, settings));
    if shown.y.len() > 1 && MARKS.iter().any(|mark| mark.name == shown.mark && mark.takes_right()) {
        section(ui, "Right axis", false, &mut |ui| {
            right_ui(ui, shown, settings);
            if right {
                axis_ui(ui, true, settings);
            }
        });
    }
    section(ui, "Lines and thresholds", false, &mut |ui| lines_ui(ui, figure, settings));
    section(ui, "Title", false, &mut |ui| {
        text_ui(ui, "Title", "made from the question", &mut settings.title);
        text_ui(ui, "Along x", "the column's name", &mut settings.x_title);
    });
}

/// Which series are shown, and what becomes of the others.
fn series_ui(ui: &mut Ui, shown: &Shown, settings: &mut Settings) {
    let mut top = settings.top.unwrap_or(MOST_SERIES);
    ui.horizontal(|ui| {
        ui.label("The largest");
        let number = ui.add(DragValue::new(&mut top).range(1..=MOST_CHOSEN)).accessible_name("How many series");
        if number.changed() {
            settings.top = (top != MOST_SERIES).then_some(top);
        }
    });
    let stacks = MARKS.iter().any(|mark| mark.name == shown.mark && mark.stacks);
    if shown.split.is_some() {
        let mut other = settings.other.unwrap_or(stacks) && shown.adds_up;
        let hint = "What is left out as one series; exact for counts and sums of all groups";
        ui.add_enabled_ui(shown.adds_up, |ui| {
            if ui.checkbox(&mut other, "Sum up the others").on_hover_text(hint).changed() {
                settings.other = (other != stacks).then_some(other);
            }
        });
        if !shown.adds_up {
            ui.label(look::faint("Only counts and sums of all groups can be summed up", ui));
        }
    }
    ui.horizontal(|ui| {
        ui.label(look::faint(if settings.only.is_empty() { "or these alone:" } else { "These alone:" }, ui));
        if !settings.only.is_empty() && ui.small_button("Back to the largest").clicked() {
            settings.only.clear();
        }
    });
    ScrollArea::vertical().id_salt("series").max_height(5.0 * look::ROW).auto_shrink([false, true]).show(ui, |ui| {
        for name in &shown.series {
            let mut on = settings.only.contains(name);
            if ui.checkbox(&mut on, name).changed() {
                settings.only.retain(|other| other != name);
                settings.only.extend(on.then(|| name.clone()));
            }
        }
    });
    if !settings.hidden.is_empty() || settings.isolated.is_some() {
        let all = ui.small_button("Show all in the legend");
        if all.clicked() {
            settings.hidden.clear();
            settings.isolated = None;
        }
    }
}

fn panels_ui(ui: &mut Ui, categories: &[String], settings: &mut Settings) {
    const NONE: &str = "one picture";
    let shown = settings.panels.as_deref().unwrap_or(NONE).to_owned();
    let all = categories.iter().map(|name| (name.as_str(), display(name)));
    let choices = std::iter::once((NONE, NONE.to_owned())).chain(all);
    ui.label(look::faint("A small picture for each value of", ui));
    if let Some(name) = list_ui(ui, "panels", &shown, choices) {
        settings.panels = (name != NONE).then_some(name);
    }
    if settings.panels.is_some() {
        ui.checkbox(&mut settings.free_y, "Each with a y axis of its own");
    }
}

/// Which measures are read at the right.
fn right_ui(ui: &mut Ui, shown: &Shown, settings: &mut Settings) {
    for name in &shown.y {
        let mut on = shown.right.contains(name);
        if ui.checkbox(&mut on, format!("{} at the right", display(name))).changed() {
            let kept = shown.right.iter().filter(|other| *other != name).cloned();
            settings.right = Some(kept.chain(on.then(|| name.clone())).collect());
        }
    }
}

fn axis_ui(ui: &mut Ui, right: bool, settings: &mut Settings) {
    ui.push_id(right, |ui| {
        let side = if right { "right" } else { "left" };
        let axis = settings.axis_mut(right);
        text_ui(ui, &format!("Title of the {side} axis"), "the measure's name", &mut axis.title);
        one_of_ui(ui, NumberFormat::ALL, &mut axis.format.number);
        text_ui(ui, &format!("Before numbers ({side})"), "such as $", &mut axis.format.prefix);
        text_ui(ui, &format!("After numbers ({side})"), "a unit, such as ms", &mut axis.format.suffix);
        ui.checkbox(&mut axis.log, "Logarithmic").on_hover_text("Equal steps are equal factors; only values above 0");
    });
}

/// A labelled text.
pub(super) fn text_ui(ui: &mut Ui, name: &str, hint: &str, text: &mut String) {
    ui.label(look::faint(name, ui));
    ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(f32::INFINITY)).accessible_name(name);
}
