//! The guard of a model: whether it can still be trusted and why not, its features then and now, its error, and who
//! could take its place.

use eframe::egui::{
    Align, Button, Color32, Context, Label, Layout, RichText, Role, ScrollArea, Sense, TextEdit, Ui, UiBuilder,
    WidgetInfo,
};
use egui_extras::{Column, TableBuilder};

use super::{challengers, chart, feed::fault_ui};
use crate::engine::guard::GuardStatus;
use crate::learn::drift::{FeatureDrift, Level, StaleReason};
use crate::ui::action::{Action, AppAction, ChartFile, ExportAction, GuardAction};
use crate::ui::guard::{GuardView, ModelGuard, place};
use crate::ui::look::Palette;
use crate::ui::models::ModelEntry;
use crate::ui::widget::badge::{Tone, badge_ui, dot_ui};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::pick::pick_ui;
use crate::ui::widget::progress::job_ui;
use crate::ui::widget::{buttons, numbers};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look};

const WIDTH: f32 = 1040.0;
/// The height of the state and the features together, whatever the state says: a pane that changes its size would move.
const TALL: f32 = 420.0;
/// Above and below those: title, challengers, buttons, the window's edge.
const AROUND: f32 = 376.0;
/// The least height of the features.
const LEAST: f32 = 150.0;
/// The width of the features.
const FEATURES: f32 = 388.0;
/// Sizes of a window, in rows.
const WINDOWS: &[u64] = &[500, 1_000, 2_000, 5_000, 20_000, 100_000];

pub fn guard_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let Some(guard) = app.guards().shown() else { return };
    let Some(entry) = app.models().get(guard.model) else { return };
    let Some(sheet) = app.sheet_of(entry.sheet) else { return };
    let mut act = Vec::new();
    let mut close = false;
    let closed = modal_ui(ctx, &format!("Guard of {}", entry.name), WIDTH, |ui| {
        let bottom = ui.cursor().min.y + (ctx.content_rect().height() - AROUND).min(TALL);
        head_ui(ui, guard, sheet);
        ui.add_space(look::GAP);
        let room = ui.available_rect_before_wrap();
        let room = room.with_max_y(bottom.max(room.min.y + LEAST));
        let left = room.with_max_x(room.min.x + FEATURES - look::PAD);
        ui.scope_builder(UiBuilder::new().max_rect(left), |ui| features_ui(ui, guard, &mut act));
        ui.scope_builder(UiBuilder::new().max_rect(room.with_min_x(room.min.x + FEATURES)), |ui| {
            figure_ui(ui, guard, entry, &mut act, actions)
        });
        ui.advance_cursor_after_rect(room);
        ui.add_space(look::GAP);
        challengers::challengers_ui(ui, guard, entry, &mut act);
        ui.add_space(look::STEP);
        challengers::rows_ui(ui, guard, entry);
        skew_ui(ui, guard);
        close = footer_ui(ui, "The guard goes on", |ui| {
            watch_ui(ui, guard, &mut act);
            retrain_ui(ui, guard, entry, &mut act);
        });
    });
    actions.extend(act.into_iter().map(|action| Action::Guard(guard.model, action)));
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

/// What is watched, how far the watching has come, and the reasons against the model.
pub fn head_ui(ui: &mut Ui, guard: &ModelGuard, sheet: &Worksheet) {
    let p = look::palette(ui);
    if let Some(fault) = &guard.fault {
        fault_ui(ui, fault);
    }
    let Some(watched) = guard.newest.as_deref() else {
        if guard.is_watching() {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(look::faint("Waiting for the first live row that it was not trained on", ui));
            });
        }
        return;
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = look::STEP + 2.0;
        let (color, word) = verdict(guard, watched, p);
        dot_ui(ui, color);
        ui.label(RichText::new(word).strong().color(if watched.stale.is_empty() { p.strong } else { p.warn }));
        ui.add(Label::new(look::faint(seen(watched, sheet), ui)).truncate());
    });
    if watched.stale.is_empty() && watched.rows > 0 {
        let text = if watched.window_full { "Nothing speaks against it" } else { "Nothing speaks against it so far" };
        ui.label(RichText::new(text).color(p.live));
    }
    // The oldest first: it may be the cause of the others.
    let mut reasons: Vec<_> = watched.stale.iter().collect();
    reasons.sort_by_key(|s| s.since);
    for stale in reasons.iter().take(3) {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(format!("Since {}: {}", place(watched, stale.since), stale.reason)).color(p.warn));
            ui.label(look::faint(&stale.evidence, ui));
        });
    }
    if reasons.len() > 3 {
        ui.label(look::faint(format!("and {} more", numbers::counted(reasons.len() as u64 - 3, "reason")), ui))
            .on_hover_text(guard.why().unwrap_or_default());
    }
    for note in watched.notes.iter().rev().take(2) {
        ui.add(Label::new(RichText::new(note).size(look::SMALL).color(p.warn)).wrap());
    }
}

/// Whether the model can be trusted, in a word.
pub fn verdict(guard: &ModelGuard, watched: &GuardStatus, p: &Palette) -> (Color32, &'static str) {
    match (watched.stale.is_empty(), guard.is_watching()) {
        (false, _) => (p.warn, "Stale"),
        (true, true) => (p.live, "Watching"),
        (true, false) if watched.ended && watched.rows == 0 && watched.from_training => {
            (p.faint, "It was trained on all that the feed gives")
        }
        (true, false) => (p.faint, if watched.ended { "The feed has ended" } else { "Stopped" }),
    }
}

/// A line on its rows: how many were seen, lacked values, were unreadable, and are labelled.
pub fn seen(watched: &GuardStatus, sheet: &Worksheet) -> String {
    let from = if watched.from_training { "since the training" } else { "since the first live row" };
    if watched.rows == 0 {
        return format!("no row of {} {from} yet", sheet.table.name);
    }
    let mut text = format!("{} of {} {from}", numbers::counted(watched.rows, "row"), sheet.table.name);
    if watched.lacking > 0 {
        text += &format!(", {} without a value that it needs", numbers::count(watched.lacking));
    }
    if watched.unread > 0 {
        text += &format!(", {} could not be read", numbers::count(watched.unread));
    }
    text += &match watched.labelled {
        0 => ", none labelled: features alone are watched".to_owned(),
        n if n == watched.rows => ", all labelled".to_owned(),
        n => format!(", {} labelled", numbers::count(n)),
    };
    match watched.until {
        Some(until) => text + &format!(", to {}", place(watched, until)),
        None => text,
    }
}

fn level(level: Level) -> (&'static str, Tone) {
    match level {
        Level::Same => ("stable", Tone::Live),
        Level::Few => ("few rows", Tone::Plain),
        Level::Watch => ("watch", Tone::Accent),
        Level::Stale => ("drifted", Tone::Warn),
    }
}

/// The features, the worst first; a click shows one then and now.
fn features_ui(ui: &mut Ui, guard: &ModelGuard, act: &mut Vec<GuardAction>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Features").strong());
        ui.label(look::faint("in the newest", ui));
        let option = |rows: u64| numbers::counted(rows, "row");
        let mut sizes = WINDOWS.to_vec();
        sizes.push(guard.window_rows);
        sizes.sort_unstable();
        sizes.dedup();
        let names: Vec<String> = sizes.iter().map(|rows| option(*rows)).collect();
        if let Some(chosen) =
            pick_ui(ui, "Rows of a window", &option(guard.window_rows), 110.0, names.iter().map(String::as_str))
            && let Some(rows) = sizes.iter().find(|rows| option(**rows) == chosen)
        {
            act.push(GuardAction::WindowRows(*rows));
        }
        if let Some(watched) = guard.newest.as_ref().filter(|w| !w.window_full && w.has_baseline) {
            ui.label(look::faint(format!("{} so far", numbers::count(watched.window.rows())), ui));
        }
    });
    let Some(watched) = guard.newest.as_deref() else { return };
    if !watched.has_baseline {
        let text = "This model's file does not say how its features were distributed in training, as older files do \
                    not: whether they drift cannot be told until it is retrained.";
        ui.add(Label::new(look::faint(text, ui)).wrap());
        return;
    }
    let mut features: Vec<&FeatureDrift> = watched.features.iter().collect();
    features.sort_by(|a, b| b.level.cmp(&a.level).then(b.psi.total_cmp(&a.psi)).then_with(|| a.name.cmp(&b.name)));
    let wide = ui.available_width();
    ScrollArea::neither().show(ui, |ui| {
        let table = TableBuilder::new(ui)
            .striped(false)
            .auto_shrink([false, false])
            .sense(Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::exact((wide - 208.0).max(80.0)).clip(true))
            .columns(Column::exact(58.0), 2)
            .column(Column::exact(68.0));
        table
            .header(look::ROW, |mut header| {
                for (i, (title, about)) in TITLES.iter().enumerate() {
                    header.col(|ui| {
                        let layout = if i == 0 {
                            Layout::left_to_right(Align::Center)
                        } else {
                            Layout::right_to_left(Align::Center)
                        };
                        ui.with_layout(layout, |ui| ui.label(look::faint(*title, ui)).on_hover_text(*about));
                    });
                }
            })
            .body(|body| {
                body.rows(look::ROW, features.len(), |mut row| {
                    let Some(feature) = features.get(row.index()) else { return };
                    row.set_selected(guard.view == GuardView::Feature(feature.name.clone()));
                    feature_ui(&mut row, feature);
                    let label = format!("Feature {}", feature.name);
                    let response = row.response();
                    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
                    if response.on_hover_text(feature.evidence()).clicked() {
                        act.push(GuardAction::View(GuardView::Feature(feature.name.clone())));
                    }
                });
            });
    });
}

const TITLES: &[(&str, &str)] = &[
    ("feature", "What the model reads"),
    ("PSI", "The population stability index: from 0.1 on it is watched, from 0.25 on it has drifted"),
    ("KS", "The distance of Kolmogorov and Smirnov, of numbers: 0 is the same distribution, 1 another"),
    ("", "Beyond what chance gives"),
];

fn feature_ui(row: &mut egui_extras::TableRow<'_, '_>, feature: &FeatureDrift) {
    row.col(|ui| drop(ui.add(Label::new(&feature.name).truncate().selectable(false))));
    let number = |n: Option<f64>| n.filter(|n| n.is_finite()).map_or_else(|| "–".to_owned(), |n| format!("{n:.3}"));
    let seen = feature.rows > 0;
    for text in [number(Some(feature.psi).filter(|_| seen)), number(feature.ks.map(|ks| ks.distance))] {
        row.col(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.add(Label::new(text).selectable(false)));
        });
    }
    row.col(|ui| {
        if !seen {
            return;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (word, tone) = if feature.absent && feature.level == Level::Stale {
                ("no values", Tone::Warn)
            } else {
                level(feature.level)
            };
            badge_ui(ui, word, tone);
        });
    });
}

fn figure_ui(
    ui: &mut Ui,
    guard: &ModelGuard,
    entry: &ModelEntry,
    act: &mut Vec<GuardAction>,
    actions: &mut Vec<Action>,
) {
    const ERROR: &str = "Error as rows come";
    ui.horizontal(|ui| {
        let names: Vec<&str> = entry.baseline.iter().flat_map(|b| b.features.iter().map(|f| f.name.as_str())).collect();
        let shown = match &guard.view {
            GuardView::Error => ERROR,
            GuardView::Feature(name) => name.as_str(),
        };
        if let Some(chosen) = pick_ui(ui, "Figure", shown, 180.0, std::iter::once(ERROR).chain(names)) {
            act.push(GuardAction::View(if chosen == ERROR { GuardView::Error } else { GuardView::Feature(chosen) }));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let there = guard.chart.figure().is_some_and(|f| !f.is_empty());
            for (title, file) in [("SVG…", ChartFile::Svg), ("PNG…", ChartFile::Png)] {
                let button = ui.add_enabled(there, Button::new(title)).on_hover_text("Save the figure");
                if button.clicked() {
                    actions.push(Action::Export(ExportAction::Figure(None, file)));
                }
            }
        });
    });
    ui.add_space(look::STEP);
    let room = ui.available_rect_before_wrap();
    let Some(figure) = guard.chart.figure() else { return };
    if figure.is_empty() {
        let text = match &guard.newest {
            Some(watched) if watched.labelled == 0 => "The error is known once rows are labelled",
            _ => "There is too little to draw yet",
        };
        ui.label(look::faint(text, ui));
        return;
    }
    chart::figure_ui(ui, "guard", &guard.chart, room);
}

fn skew_ui(ui: &mut Ui, guard: &ModelGuard) {
    let p = look::palette(ui);
    const HINT: &str = "As they came, and as they are stored: read again by a connection of their own, in other \
                        pieces. Equal means bit for bit.";
    let Some(skew) = guard.newest.as_ref().map(|w| &w.skew).filter(|s| s.compared > 0) else {
        ui.label(look::faint("No row was scored twice yet", ui).size(look::SMALL)).on_hover_text(HINT);
        return;
    };
    let unequal = skew.unequal as u64;
    let mut text = format!(
        "{} scored twice, {}",
        numbers::counted(skew.scored() as u64, "row"),
        numbers::counted(unequal, "difference")
    );
    if skew.unscored > 0 {
        text +=
            &format!("; {} had no score, without a value that the model needs", numbers::count(skew.unscored as u64));
    }
    let color = if unequal == 0 { p.faint } else { p.error };
    let first = skew
        .examples
        .first()
        .map_or_else(String::new, |e| format!("\n{}: {} was {}, and is {}", e.key, e.score, e.online, e.offline));
    ui.label(RichText::new(text).size(look::SMALL).color(color)).on_hover_text(format!("{HINT}{first}"));
}

fn retrain_ui(ui: &mut Ui, guard: &ModelGuard, entry: &ModelEntry, act: &mut Vec<GuardAction>) {
    if let Some(progress) = guard.retraining() {
        if job_ui(ui, "Cancel training", &progress) {
            act.push(GuardAction::CancelRetrain);
        }
        return;
    }
    let possible = guard.newest.as_ref().is_some_and(|w| w.labelled > 0)
        && guard.retrain_plan(entry).is_none_or(|plan| plan.train_rows > 0);
    ui.add_enabled_ui(possible, |ui| {
        // Retrain is the primary button only if drift is a reason for it.
        // A new forest on the same features does not help if their values are missing.
        let next = guard.rival(entry).is_none()
            && guard
                .newest
                .as_ref()
                .is_some_and(|w| w.stale.iter().any(|s| !matches!(s.reason, StaleReason::Lacks(_))));
        let retrain = if next { buttons::primary_ui(ui, "Retrain") } else { ui.button("Retrain") };
        let retrain = retrain
            .on_hover_text(format!("A new forest for {}; both are judged on the last fifth of those rows", entry.name));
        if retrain.on_disabled_hover_text("Labelled rows are needed").clicked() {
            act.push(GuardAction::Retrain);
        }
        ui.label(look::faint("on the newest", ui));
        let mut rows = guard.rows.clone();
        let hint = numbers::count(guard.proposed_rows());
        let field =
            ui.add(TextEdit::singleline(&mut rows).hint_text(hint).desired_width(72.0)).accessible_name("Newest rows");
        if field.on_hover_text("Those since the last change, unless you say otherwise").changed() {
            act.push(GuardAction::Rows(rows));
        }
        ui.label(look::faint("rows", ui));
        if let Some(plan) = guard.retrain_plan(entry).filter(|_| possible) {
            let about = if plan.exact { "" } else { "about " };
            let text = format!(
                "it is trained on {about}{}, judged on the newest {}",
                numbers::count(plan.train_rows),
                numbers::count(plan.test_rows)
            );
            let older = match plan.older {
                0 => String::new(),
                n => format!("\n{} of them are from before those that are watched", numbers::counted(n, "row")),
            };
            let hint = format!("Rows that are not labelled, or lack a value that the model needs, are left out{older}");
            ui.add(Label::new(look::faint(text, ui)).truncate()).on_hover_text(hint);
        }
    });
}

/// Whether the model is watched.
fn watch_ui(ui: &mut Ui, guard: &ModelGuard, act: &mut Vec<GuardAction>) {
    if guard.is_watching() {
        if ui.button("Stop watching").on_hover_text("What it has seen stays").clicked() {
            act.push(GuardAction::Stop);
        }
    } else if ui.button("Watch again").on_hover_text("From the first row that the model was not trained on").clicked() {
        act.push(GuardAction::Begin);
    }
}
