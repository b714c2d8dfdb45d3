//! The tables panel: what is open, its faces, its columns, and what can be done to it.

use std::time::Duration;

use eframe::egui::{
    self, CollapsingHeader, CornerRadius, Frame, Label, Margin, ProgressBar, RichText, Role, ScrollArea, Sense, Stroke,
    Ui, UiBuilder, WidgetInfo,
};

use eframe::egui::PopupCloseBehavior;
use eframe::egui::containers::menu::{MenuButton, MenuConfig, SubMenuButton};
use polars::prelude::TimeUnit;

use crate::data::format::parse_datetime;
use crate::engine::table::{DEFAULT_LATENESS, difference};
use crate::engine::{Seam, TimeColumn};
use crate::ui::action::{Action, AppAction, FeedAction, LoadAction, Pane, TableAction, TrainAction};
use crate::ui::panel::models::models_ui;
use crate::ui::panel::{rejects, unopened};
use crate::ui::watch::RunState;
use crate::ui::widget::badge::{Tone, badge_ui};
use crate::ui::widget::pick::MOST;
use crate::ui::widget::{buttons, cells, numbers, row};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look};

pub fn tables_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    ui.label(look::faint("Tables", ui));
    ui.add_space(look::STEP);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        // The scroll bar lies over the content: what is right-aligned must end before it.
        ui.set_max_width(ui.available_width() - look::PAD);
        unopened::unopened_ui(ui, app, actions);
        for sheet in app.sheets() {
            table_ui(ui, app, sheet, actions);
        }
        ui.add_space(look::GAP);
        ui.add(Label::new(look::faint("Drop files anywhere to open them", ui)).wrap());
    });
}

fn table_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let chosen = app.selected == Some(sheet.id);
    let fill = if chosen { p.accent_soft } else { p.panel };
    let frame =
        Frame::new().fill(fill).corner_radius(CornerRadius::same(look::ROUND)).inner_margin(Margin::symmetric(8, 6));
    ui.push_id(sheet.id, |ui| {
        let card = ui.scope_builder(UiBuilder::new().id_salt("card").sense(Sense::click()), |ui| {
            frame.show(ui, |ui| {
                let color = if chosen { p.accent } else { p.strong };
                let name =
                    Label::new(RichText::new(&sheet.table.name).strong().color(color)).truncate().selectable(false);
                let proposed = &mut *actions;
                let menu = |ui: &mut Ui| {
                    let open = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
                    let button = MenuButton::new("…")
                        .config(open)
                        .ui(ui, |ui| {
                            let before = proposed.len();
                            menu_ui(ui, app, sheet, proposed);
                            // A text field keeps the menu open; a choice closes it.
                            if proposed.len() > before {
                                ui.close();
                            }
                        })
                        .0;
                    button
                        .accessible_name(format!("Menu of {}", sheet.table.name))
                        .on_hover_text("Time, seam, feeds, remove");
                };
                row::ends_ui(ui, |ui| drop(ui.add(name)), menu);
                faces_ui(ui, sheet, actions);
                models_ui(ui, app, sheet, actions);
                if !chosen {
                    loading_ui(ui, sheet, actions);
                }
            });
        });
        let title = format!("Table {}", sheet.table.name);
        card.response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &title));
        if card.response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
            actions.push(Action::Table(sheet.id, TableAction::Select));
        }
        CollapsingHeader::new(look::faint(numbers::counted(sheet.table.schema.len() as u64, "column"), ui))
            .id_salt("columns")
            .default_open(chosen)
            .show(ui, |ui| columns_ui(ui, sheet));
    });
    ui.add_space(look::STEP);
}

/// History and Live, rows, rows that were set aside.
fn faces_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = look::STEP;
        if !sheet.table.history.is_empty() {
            let files: Vec<&str> = sheet.table.history.iter().take(12).map(|h| h.name()).collect();
            badge_ui(ui, "History", Tone::Plain).on_hover_text(files.join("\n"));
        }
        if !sheet.table.live.is_empty() {
            let feeds: Vec<String> = sheet.table.live.iter().map(|feed| feed.url.shown()).collect();
            let tone = match sheet.running().state() {
                RunState::Done | RunState::Stopped => Tone::Plain,
                RunState::Reconnecting => Tone::Warn,
                _ => Tone::Live,
            };
            badge_ui(ui, "Live", tone).on_hover_text(feeds.join("\n"));
        }
        if let Some(rows) = rows(sheet) {
            ui.add(Label::new(look::faint(rows, ui)).selectable(false));
        }
        if let Some(text) = sheet.watch.shown.as_ref().and_then(|s| rejects::counted(&s.rows))
            && buttons::quiet_ui(ui, &text).on_hover_text(rejects::HINT).clicked()
        {
            actions.push(Action::Table(sheet.id, TableAction::Select));
            actions.push(Action::App(AppAction::Show(Pane::Rejects)));
        }
    });
}

/// The progress of an unselected table, and a button that stops it; that of the selected one is in the status bar.
fn loading_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let RunState::Reading(share) = sheet.watch.state() else { return };
    if share >= 1.0 {
        return;
    }
    let p = look::palette(ui);
    let cancel = |ui: &mut Ui| {
        if buttons::cross_ui(ui, &format!("Stop reading {}", sheet.table.name)).clicked() {
            actions.push(Action::Table(sheet.id, TableAction::Stop));
        }
    };
    row::ends_ui(ui, |ui| drop(ui.add(ProgressBar::new(share as f32).desired_height(6.0).fill(p.accent))), cancel);
}

/// The number of rows, where it is known.
fn rows(sheet: &Worksheet) -> Option<String> {
    if let Some(shown) = sheet.watch.newest.as_ref().filter(|s| s.last || s.history_share() >= 1.0) {
        return Some(numbers::counted(shown.rows.come_in, "row"));
    }
    let known: Option<u64> = sheet.table.history.iter().map(|h| h.extent().rows).sum();
    known.filter(|_| !sheet.table.history.is_empty()).map(|n| numbers::counted(n, "row"))
}

/// Above this many columns, only those in sight are laid out.
const MANY: usize = 200;

fn columns_ui(ui: &mut Ui, sheet: &Worksheet) {
    let width = sheet.table.schema.len();
    if width <= MANY {
        return some_columns_ui(ui, sheet, 0..width);
    }
    let id = ("columns of", sheet.id);
    ScrollArea::vertical()
        .id_salt(id)
        .max_height(12.0 * look::ROW)
        .show_rows(ui, look::ROW, width, |ui, seen| some_columns_ui(ui, sheet, seen));
}

fn some_columns_ui(ui: &mut Ui, sheet: &Worksheet, seen: std::ops::Range<usize>) {
    let p = look::palette(ui);
    let time = sheet.table.time.as_ref().map(|t| t.column.as_str());
    for (name, dtype) in seen.filter_map(|i| sheet.table.schema.get_at_index(i)) {
        let is_time = time == Some(name.as_str());
        let left = |ui: &mut Ui| {
            ui.add(Label::new(RichText::new(name.as_str()).color(p.text)).truncate());
        };
        row::ends_ui(ui, left, |ui| {
            ui.label(look::faint(cells::type_word(dtype), ui));
            if is_time {
                badge_ui(ui, "time", Tone::Accent)
                    .on_hover_text("The event time: windows, lateness and the seam go by it");
            }
        });
    }
}

fn menu_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
    ui.set_min_width(180.0);
    if ui.button("Attach a live feed…").clicked() {
        actions.push(Action::Feed(FeedAction::Begin(Some(sheet.id))));
    }
    for feed in &sheet.table.live {
        let shown = feed.url.shown();
        if ui.button(format!("Detach {shown}")).clicked() {
            actions.push(Action::Table(sheet.id, TableAction::Detach(feed.url.text.clone())));
        }
    }
    ui.separator();
    if ui.button("Learn from this table…").clicked() {
        actions.push(Action::Train(TrainAction::Begin(sheet.id)));
    }
    if ui.button("Load a model…").clicked() {
        actions.push(Action::Load(LoadAction::Begin(sheet.id)));
    }
    ui.separator();
    ui.menu_button("Time column", |ui| time_menu_ui(ui, sheet, actions));
    if let Some(time) = &sheet.table.time {
        ui.menu_button("Lateness", |ui| lateness_menu_ui(ui, sheet, time, actions));
    }
    let open = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    SubMenuButton::new("Seam").config(open).ui(ui, |ui| seam_menu_ui(ui, sheet, actions));
    let same: Vec<&Worksheet> = app
        .sheets()
        .iter()
        .filter(|s| s.id != sheet.id && difference(&s.table.schema, &sheet.table.schema).is_none())
        .collect();
    if !same.is_empty() {
        ui.separator();
        for other in same {
            if ui.button(format!("Join {} into this table", other.table.name)).clicked() {
                actions.push(Action::Table(sheet.id, TableAction::AppendFiles(other.id)));
            }
        }
    }
    ui.separator();
    if ui.button("Remove").on_hover_text("Takes the table out of the window; its files stay as they are").clicked() {
        actions.push(Action::Table(sheet.id, TableAction::Remove));
    }
}

fn time_menu_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let now = sheet.table.time.as_ref();
    let lateness = now.map_or(DEFAULT_LATENESS, |t| t.lateness);
    if ui.radio(now.is_none(), "None").clicked() {
        actions.push(Action::Table(sheet.id, TableAction::Time(None)));
        ui.close();
    }
    for (name, _) in sheet.table.schema.iter().filter(|(_, t)| t.is_temporal()) {
        if ui.radio(now.is_some_and(|t| t.column == name.as_str()), name.as_str()).clicked() {
            let time = TimeColumn { column: name.to_string(), lateness };
            actions.push(Action::Table(sheet.id, TableAction::Time(Some(time))));
            ui.close();
        }
    }
}

fn lateness_menu_ui(ui: &mut Ui, sheet: &Worksheet, time: &TimeColumn, actions: &mut Vec<Action>) {
    const CHOICES: &[(&str, u64)] = &[
        ("none", 0),
        ("1 second", 1),
        ("10 seconds", 10),
        ("1 minute", 60),
        ("10 minutes", 600),
        ("1 hour", 3_600),
        ("1 day", 86_400),
    ];
    for (name, secs) in CHOICES {
        let lateness = Duration::from_secs(*secs);
        if ui.radio(time.lateness == lateness, *name).clicked() {
            let time = TimeColumn { column: time.column.clone(), lateness };
            actions.push(Action::Table(sheet.id, TableAction::Time(Some(time))));
            ui.close();
        }
    }
    if CHOICES.iter().all(|(_, secs)| time.lateness != Duration::from_secs(*secs)) {
        ui.add_enabled(false, egui::RadioButton::new(true, numbers::duration(time.lateness.as_secs_f64())));
    }
    ui.separator();
    if ui
        .button("Measure on the rows…")
        .on_hover_text("How late they come, and what each setting would have cost")
        .clicked()
    {
        actions.push(Action::Table(sheet.id, TableAction::ProfileLateness));
        ui.close();
    }
}

/// The width of the menu that decides the seam.
const SEAM_MENU: f32 = 260.0;

fn seam_menu_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let mut choose = |ui: &Ui, seam: Seam| {
        actions.push(Action::Table(sheet.id, TableAction::Seam(seam)));
        ui.close();
    };
    let now = &sheet.table.seam;
    if let Some(overlap) = sheet.better_seam() {
        let p = look::palette(ui);
        ui.set_max_width(SEAM_MENU);
        if buttons::primary_ui(ui, "Time, at the end of history")
            .on_hover_text("History keeps its rows, live gives those after it")
            .clicked()
        {
            choose(ui, overlap.seam());
        }
        ui.add(
            Label::new(RichText::new(format!("Proposed: {}", overlap.why())).size(look::SMALL).color(p.warn)).wrap(),
        );
        ui.separator();
    }
    if ui.radio(*now == Seam::Append, "Append").on_hover_text("The faces have no row in common").clicked() {
        choose(ui, Seam::Append);
    }
    if ui
        .radio(*now == Seam::Position, "Position")
        .on_hover_text("Both faces are one log: live begins where history ends")
        .clicked()
    {
        choose(ui, Seam::Position);
    }
    ui.menu_button("Key", |ui| {
        for name in sheet.table.schema.iter_names().take(MOST) {
            if ui.radio(*now == Seam::Key(name.to_string()), name.as_str()).clicked() {
                choose(ui, Seam::Key(name.to_string()));
            }
        }
    })
    .response
    .on_hover_text("A row whose key was seen already is the same row");
    if sheet.table.time.is_some() {
        ui.label(look::faint("Time: history owns what lies before", ui));
        let id = ui.scope_id().with("seam time");
        let shown = if let Seam::Time(at) = now { numbers::time(*at) } else { String::new() };
        let mut text = ui.data(|d| d.get_temp::<String>(id)).unwrap_or(shown);
        let field = ui
            .add(egui::TextEdit::singleline(&mut text).hint_text("2001-01-31 12:00").desired_width(160.0))
            .accessible_name("Seam at time");
        ui.data_mut(|d| d.insert_temp(id, text.clone()));
        match parse_datetime(text.trim(), TimeUnit::Microseconds) {
            Some(at) if field.lost_focus() => choose(ui, Seam::Time(at)),
            None if !text.is_empty() => {
                let p = look::palette(ui);
                field.on_hover_text("Write it like 2001-01-31 12:00");
                ui.painter().rect_stroke(
                    ui.min_rect(),
                    CornerRadius::ZERO,
                    Stroke::new(1.0, p.warn),
                    egui::StrokeKind::Outside,
                );
            }
            _ => {}
        }
    }
}
