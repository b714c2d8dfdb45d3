//! What can be done to a table: its feeds, its time, its seam, its models.

use std::time::Duration;

use eframe::egui::containers::menu::{MenuConfig, SubMenuButton};
use eframe::egui::{self, CornerRadius, Label, PopupCloseBehavior, RichText, Stroke, Ui};

use crate::engine::table::{DEFAULT_LATENESS, difference};
use crate::engine::{Seam, TimeColumn};
use crate::ui::action::{Action, FeedAction, LoadAction, TableAction, TrainAction};
use crate::ui::widget::pick::MOST;
use crate::ui::widget::{buttons, numbers};
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look, wording};

pub(super) fn menu_ui(ui: &mut Ui, app: &App, sheet: &Worksheet, actions: &mut Vec<Action>) {
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
    if sheet.can_start_again() && ui.button("Start again").on_hover_text("Follow its feeds again").clicked() {
        actions.push(Action::Table(sheet.id, TableAction::StartAgain));
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
    if ui.button("Rename").on_hover_text("In all questions and on all boards").clicked() {
        actions.push(Action::Table(sheet.id, TableAction::Name(true)));
    }
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
    let temporal = sheet.table.schema.iter().filter(|(_, t)| t.is_temporal());
    let epochs = sheet.first_rows.epochs.iter().map(|epoch| (epoch.column.as_str(), epoch.words()));
    for (name, words) in temporal.map(|(name, _)| (name.as_str(), name.to_string())).chain(epochs) {
        if ui.radio(now.is_some_and(|t| t.column == name), words).clicked() {
            let time = TimeColumn { column: name.to_owned(), lateness };
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
            Label::new(RichText::new(format!("Proposed: {}", sheet.why(&overlap))).size(look::SMALL).color(p.warn))
                .wrap(),
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
        ui.label(look::faint(format!("Time, {}: history owns what lies before", numbers::zone()), ui));
        let zone = numbers::zone();
        let id = ui.scope_id().with(("seam time", zone));
        let shown = if let Seam::Time(at) = now { numbers::time(*at) } else { String::new() };
        let mut text = ui.data(|d| d.get_temp::<String>(id)).unwrap_or(shown);
        let field = ui
            .add(egui::TextEdit::singleline(&mut text).hint_text("2001-01-31 12:00").desired_width(160.0))
            .accessible_name("Seam at time");
        ui.data_mut(|d| d.insert_temp(id, text.clone()));
        match zone.read(&text) {
            Ok(at) if field.lost_focus() => choose(ui, Seam::Time(at)),
            Err(fault) if !text.is_empty() => {
                let p = look::palette(ui);
                field.on_hover_text(wording::fault(&fault));
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
