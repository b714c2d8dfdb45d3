//! The report on a model: how good it is in numbers, class by class, and in the figure that was chosen.

use eframe::egui::{Align, Context, Label, Layout, Rect, RichText, ScrollArea, TextEdit, Ui, UiBuilder};
use egui_extras::{Column, TableBuilder};

use super::{chart, feed::fault_ui};
use crate::learn::forest::Task;
use crate::learn::model::StreamScore;
use crate::learn::report::Report;
use crate::ui::action::{Action, AppAction, ChartFile, ExportAction, ModelAction, ReportAction};
use crate::ui::models::ModelEntry;
use crate::ui::report::{OpenReport, ReportView, VIEWS, verdict_line};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::pick::pick_ui;
use crate::ui::widget::{buttons, numbers};
use crate::ui::{App, look};

const WIDTH: f32 = 1040.0;
const TALL: f32 = 420.0;
/// Above and below the figure: title, headline, pickers, buttons, the window's edge.
const AROUND: f32 = 300.0;
/// The width of the table of classes.
const CLASSES: f32 = 330.0;

pub fn report_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let Some((report, entry)) = app.report.as_ref().and_then(|r| Some((r, app.models.get(r.model)?))) else { return };
    let mut close = false;
    let closed = modal_ui(ctx, &format!("Model {}", entry.name), WIDTH, |ui| {
        match (&entry.report, entry.stream_score) {
            (Some(report), _) => headline_ui(ui, entry, report),
            (None, Some(stream_score)) => stream_score_ui(ui, entry, stream_score),
            (None, None) => {
                let why = if entry.swaps.is_empty() {
                    "Its file holds no report"
                } else {
                    "It was not tested on rows held out"
                };
                let text = format!(
                    "{}. {why}: how good it is, is unknown. Retrain it, or ask how often it is right.",
                    entry.about()
                );
                ui.add(Label::new(text).wrap());
            }
        }
        for swap in entry.swaps.iter().rev().take(2) {
            ui.add(Label::new(look::faint(swap, ui)).wrap());
        }
        ui.add_space(look::GAP);
        ui.horizontal(|ui| pickers_ui(ui, report, entry, actions));
        ui.add_space(look::STEP);
        let tall = (ctx.content_rect().height() - AROUND).clamp(160.0, TALL);
        let room = ui.available_rect_before_wrap();
        let room = room.with_max_y(room.min.y + tall);
        let classes = entry.report.as_ref().filter(|r| r.verdict.classes().is_some());
        let left = if classes.is_some() { CLASSES } else { 0.0 };
        if let Some(report) = classes {
            ui.scope_builder(UiBuilder::new().max_rect(room.with_max_x(room.min.x + left - look::PAD)), |ui| {
                classes_ui(ui, entry, report)
            });
        }
        figure_ui(ui, report, room.with_min_x(room.min.x + left));
        ui.advance_cursor_after_rect(room);
        close = footer_ui(ui, "", |ui| foot_ui(ui, app, entry, actions));
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

fn headline_ui(ui: &mut Ui, entry: &ModelEntry, report: &Report) {
    let p = look::palette(ui);
    ui.horizontal_wrapped(|ui| {
        for (name, value, about) in verdict_line(&report.verdict) {
            figure_of_merit_ui(ui, name, value, about);
        }
    });
    let count = |n: usize| numbers::count(n as u64);
    let parts = if report.parts > 1 { format!(" in {} parts", count(report.parts)) } else { String::new() };
    let mut text = format!(
        "{}. Trained on {} rows{parts}, tested on {}",
        entry.about(),
        count(report.trained),
        count(report.verdict.rows)
    );
    if report.held_out() > report.verdict.rows {
        text += &format!(" of the {} held out", count(report.held_out()));
    }
    let dropped = &report.dropped;
    if dropped.rows > 0 {
        let why: Vec<String> =
            dropped.by_column.iter().take(4).map(|(name, rows)| format!("{name} {}", count(*rows))).collect();
        text +=
            &format!("; {} of {} dropped, values missing: {}", count(dropped.rows), count(dropped.of), why.join(", "));
    } else {
        text += "; none dropped";
    }
    if report.seen > dropped.of as u64 {
        text += &format!("; evenly spread over {}", numbers::counted(report.seen, "row"));
    }
    if report.unread > 0 {
        text += &format!("; {} could not be read", numbers::counted(report.unread, "row"));
    }
    text += &format!("; {}", numbers::duration(report.seconds));
    ui.add(Label::new(look::faint(text, ui)).wrap());
    if let Some(unknown) = report.verdict.classes().map(|c| c.unknown).filter(|n| *n > 0) {
        let text = format!(
            "{} tested are of a class that it was not trained on, and count as wrong",
            numbers::counted(unknown as u64, "row")
        );
        ui.add(Label::new(RichText::new(text).size(look::SMALL).color(p.warn)).wrap());
    }
}

fn figure_of_merit_ui(ui: &mut Ui, name: &str, value: String, about: &str) {
    let p = look::palette(ui);
    ui.vertical(|ui| {
        ui.set_min_width(104.0);
        ui.label(RichText::new(value).size(look::TITLE).strong().color(p.strong));
        ui.label(look::faint(name, ui)).on_hover_text(about);
    });
}

/// The headline of a forest that was trained on a stream.
fn stream_score_ui(ui: &mut Ui, entry: &ModelEntry, stream_score: StreamScore) {
    const ABOUT: &str = "Each row was predicted before the forest was trained on it";
    ui.horizontal(|ui| {
        if entry.forest().task != Task::Numbers {
            return figure_of_merit_ui(ui, "Accuracy", format!("{:.2} %", (1.0 - stream_score.error) * 100.0), ABOUT);
        }
        for (name, value) in [("R²", stream_score.r2), ("MAE", stream_score.error), ("RMSE", stream_score.rmse)] {
            let text = if value.is_finite() { numbers::float((value * 1e4).round() / 1e4) } else { "–".to_owned() };
            figure_of_merit_ui(ui, name, text, ABOUT);
        }
    });
    let rows = numbers::counted(stream_score.rows, "row");
    let text = format!(
        "{}. It was trained on the stream: tested on the newest {rows}, each before it was trained on it; no rows were \
         held out.",
        entry.about()
    );
    ui.add(Label::new(look::faint(text, ui)).wrap());
}

fn pickers_ui(ui: &mut Ui, report: &OpenReport, entry: &ModelEntry, actions: &mut Vec<Action>) {
    ui.label(look::faint("Figure", ui));
    let titles: Vec<&str> = VIEWS.iter().filter(|(view, _)| view.fits(entry)).map(|(_, title)| *title).collect();
    if titles.len() < 2 {
        ui.label(report.view.title());
    } else if let Some(title) = pick_ui(ui, "Figure", report.view.title(), 200.0, titles)
        && let Some((view, _)) = VIEWS.iter().find(|(_, own)| *own == title)
    {
        actions.push(Action::Report(ReportAction::View(*view)));
    }
    let forest = entry.forest();
    if report.view == ReportView::Dependence {
        ui.label(look::faint("on", ui));
        let explained = entry.report.iter().flat_map(|r| r.dependences.iter().map(|d| d.feature.as_str()));
        if let Some(feature) = pick_ui(ui, "Feature", &report.feature, 160.0, explained) {
            actions.push(Action::Report(ReportAction::Feature(feature)));
        }
        if let Task::Classes { names, .. } = &forest.task {
            ui.label(look::faint("of the class", ui));
            let shown = names.get(report.class).map_or("", String::as_str);
            if let Some(class) = pick_ui(ui, "Class", shown, 120.0, names.iter().map(String::as_str))
                && let Some(at) = names.iter().position(|name| *name == class)
            {
                actions.push(Action::Report(ReportAction::Class(at)));
            }
        }
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let there = report.chart.figure().is_some();
        for (title, file) in [("Figure as SVG…", ChartFile::Svg), ("Figure as PNG…", ChartFile::Png)] {
            if ui.add_enabled(there, eframe::egui::Button::new(title)).clicked() {
                actions.push(Action::Export(ExportAction::Figure(None, file)));
            }
        }
    });
}

fn classes_ui(ui: &mut Ui, entry: &ModelEntry, report: &Report) {
    let Some(classes) = report.verdict.classes() else { return };
    let (each, names) = (classes.per_class(), entry.forest().task.classes());
    let wide = ui.available_width();
    ScrollArea::neither().show(ui, |ui| {
        let table = TableBuilder::new(ui)
            .striped(false)
            .auto_shrink([false, true])
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::exact((wide - 262.0 - look::PAD).max(48.0)).clip(true))
            .columns(Column::exact(56.0), 3)
            .column(Column::exact(60.0));
        table
            .header(look::ROW, |mut header| {
                for (i, title) in ["class", "precision", "recall", "F1", "rows"].into_iter().enumerate() {
                    header.col(|ui| {
                        let layout = if i == 0 {
                            Layout::left_to_right(Align::Center)
                        } else {
                            Layout::right_to_left(Align::Center)
                        };
                        ui.with_layout(layout, |ui| ui.label(look::faint(title, ui)));
                    });
                }
            })
            .body(|body| {
                body.rows(look::ROW, each.len(), |mut row| {
                    let at = row.index();
                    let (Some(score), Some(name)) = (each.get(at), names.get(at)) else { return };
                    row.col(|ui| drop(ui.add(Label::new(name).truncate())));
                    let shares = [score.precision, score.recall, score.f1].map(|v| format!("{v:.3}"));
                    for text in shares.into_iter().chain([numbers::count(score.support)]) {
                        row.col(|ui| {
                            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(text));
                        });
                    }
                });
            });
    });
}

fn figure_ui(ui: &mut Ui, report: &OpenReport, room: Rect) {
    if let Some(fault) = &report.fault {
        ui.scope_builder(UiBuilder::new().max_rect(room), |ui| fault_ui(ui, fault));
        return;
    }
    chart::figure_ui(ui, "report", &report.chart, room);
}

fn foot_ui(ui: &mut Ui, app: &App, entry: &ModelEntry, actions: &mut Vec<Action>) {
    let act = |action| Action::Model(entry.id, action);
    if buttons::primary_ui(ui, "Ask with this model")
        .on_hover_text("A question that says what it predicts for the table's rows, stored and live")
        .clicked()
    {
        actions.push(act(ModelAction::AskPredictions));
    }
    let sheet = app.sheet_of(entry.sheet);
    if let Some(sheet) = sheet.filter(|s| entry.has_truth(s)) {
        let (words, about) = entry.accuracy_words(sheet);
        if ui.button(words).on_hover_text(about).clicked() {
            actions.push(act(ModelAction::AskAccuracy));
        }
    }
    ui.label(look::faint("Name", ui));
    // The typed text becomes the name when the field is left.
    let id = ui.scope_id().with(("name", entry.id));
    let mut name = ui.data(|d| d.get_temp::<String>(id)).unwrap_or_else(|| entry.name.clone());
    let field = ui.add(TextEdit::singleline(&mut name).desired_width(140.0)).accessible_name("Name of the model");
    if field.lost_focus() {
        ui.data_mut(|d| d.remove::<String>(id));
        if name != entry.name {
            actions.push(act(ModelAction::Rename(name)));
        }
    } else if field.changed() {
        ui.data_mut(|d| d.insert_temp(id, name));
    }
    if ui.button("Save…").on_hover_text("As JSON, whose shape is documented").clicked() {
        actions.push(Action::Export(ExportAction::Model(None, entry.id)));
    }
}
