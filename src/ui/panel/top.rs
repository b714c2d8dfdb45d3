//! The bar along the top: opening, exporting, theme, and the zone of times.

use eframe::egui::{self, Align, Layout, RichText, Ui};

use super::zones;
use crate::data::format::Formulas;
use crate::ui::action::{Action, AnswerFile, AppAction, ChartFile, ExportAction, FeedAction, OpenAction, Pane};
use crate::ui::jobs::JobStatus;
use crate::ui::widget::buttons;
use crate::ui::{App, command, look};
use crate::workspace::{Folded, SAMPLES, TableId, Theme};

pub fn top_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    ui.horizontal_centered(|ui| {
        ui.label(RichText::new("Braid").size(look::TITLE).strong().color(p.accent));
        ui.add_space(look::GAP);
        ui.menu_button("Open", |ui| open_menu_ui(ui, app, actions));
        if ui.button("Connect a feed…").clicked() {
            actions.push(Action::Feed(FeedAction::Begin(None)));
        }
        if !app.bench().tables.is_empty() {
            let folded = app.settings.folded;
            let hint = format!("Show or hide the tables · {}", ui.ctx().format_shortcut(&command::TABLES));
            if buttons::choice_ui(ui, !folded.tables, "Tables").on_hover_text(hint).clicked() {
                actions.push(Action::App(AppAction::Fold(Folded { tables: !folded.tables, ..folded })));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            theme_ui(ui, app.settings.theme, actions);
            zones::menu_ui(ui, app.settings.zone, actions);
            let palette = egui::Button::new("Commands").shortcut_text(ui.ctx().format_shortcut(&command::PALETTE));
            if ui.add(palette).on_hover_text("Everything by its name; F1 lists the keys").clicked() {
                actions.push(Action::App(AppAction::Show(Pane::Palette)));
            }
            if let Some(sheet) = app.sheet() {
                ui.menu_button("Export", |ui| export_menu_ui(ui, app, sheet.id, actions));
            }
            work_ui(ui, app, actions);
        });
    });
}

fn open_menu_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let files = egui::Button::new("Files…").shortcut_text(ui.ctx().format_shortcut(&command::OPEN));
    if ui.add(files).clicked() {
        actions.push(Action::Open(OpenAction::PickFiles));
    }
    if ui.button("Folder…").clicked() {
        actions.push(Action::Open(OpenAction::PickFolder));
    }
    if ui.button("Path…").on_hover_text("A file or a folder by its path").clicked() {
        actions.push(Action::Open(OpenAction::Path));
    }
    ui.separator();
    for (at, sample) in SAMPLES.iter().enumerate() {
        // Boards, then tables alone.
        if at > 0 && sample.board.is_none() && SAMPLES.get(at - 1).is_some_and(|before| before.board.is_some()) {
            ui.separator();
        }
        if ui.button(sample.title).on_hover_text(sample.about).clicked() {
            actions.push(Action::Open(OpenAction::Sample(sample)));
        }
    }
    if !app.settings.recent.is_empty() || !app.settings.workspaces.is_empty() {
        ui.separator();
        ui.menu_button("Recent", |ui| {
            egui::ScrollArea::vertical().max_height(14.0 * look::ROW).show(ui, |ui| {
                for file in &app.settings.workspaces {
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    if ui.button(&*name).on_hover_text(file.display().to_string()).clicked() {
                        actions.push(Action::Open(OpenAction::Paths(vec![file.clone()])));
                        ui.close();
                    }
                }
                for item in &app.settings.recent {
                    if ui.button(&item.name).on_hover_text(item.origin()).clicked() {
                        actions.push(Action::Open(OpenAction::Setup(Box::new(item.clone()))));
                        ui.close();
                    }
                }
            });
        });
    }
}

fn export_menu_ui(ui: &mut Ui, app: &App, table: TableId, actions: &mut Vec<Action>) {
    let charts = [("Chart as PNG…", ChartFile::Png), ("Chart as SVG…", ChartFile::Svg)];
    let answers = [("Answer as CSV…", AnswerFile::Csv), ("Answer as Parquet…", AnswerFile::Parquet)];
    for (title, file) in charts {
        if ui.button(title).clicked() {
            actions.push(Action::Export(ExportAction::Chart(None, table, file)));
        }
    }
    ui.separator();
    for (title, file) in answers {
        if ui.button(title).clicked() {
            actions.push(Action::Export(ExportAction::Answer(None, table, file)));
        }
    }
    ui.separator();
    let mut as_text = app.formulas == Formulas::AsText;
    let hint = "In CSV, an apostrophe before texts that a spreadsheet would compute: those that begin with = + - @";
    if ui.checkbox(&mut as_text, "CSV: formulas as text").on_hover_text(hint).changed() {
        actions.push(Action::App(AppAction::Formulas(if as_text { Formulas::AsText } else { Formulas::Keep })));
    }
}

fn theme_ui(ui: &mut Ui, theme: Theme, actions: &mut Vec<Action>) {
    let name = |theme| match theme {
        Theme::System => "Follow system",
        Theme::Light => "Light",
        Theme::Dark => "Dark",
    };
    ui.menu_button("Theme", |ui| {
        for choice in [Theme::System, Theme::Light, Theme::Dark] {
            if ui.radio(choice == theme, name(choice)).clicked() {
                actions.push(Action::App(AppAction::Theme(choice)));
                ui.close();
            }
        }
    });
}

/// Jobs under way, each with its progress and a way to stop it: one by itself, several in a list.
fn work_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let all: Vec<JobStatus> = app.jobs.status().collect();
    match &all[..] {
        [] => {}
        [job] if ui.available_width() > JOB => job_ui(ui, job, actions),
        jobs => {
            let first = jobs.iter().map(words).next().unwrap_or_default();
            let name = if jobs.len() == 1 { "At work".to_owned() } else { format!("{} at work", jobs.len()) };
            let menu = ui.menu_button(name, |ui| {
                for job in jobs {
                    ui.horizontal(|ui| {
                        ui.set_min_width(JOB);
                        ui.with_layout(Layout::right_to_left(Align::Center), |ui| job_ui(ui, job, actions));
                    });
                }
            });
            menu.response.on_hover_text(first);
        }
    }
}

/// The room that one job takes.
const JOB: f32 = 320.0;

/// What a job does now.
fn words(job: &JobStatus) -> String {
    match &job.progress.note {
        note if note.is_empty() => format!("{}…", job.title),
        note => format!("{}: {note}", job.title),
    }
}

/// From the right end.
fn job_ui(ui: &mut Ui, job: &JobStatus, actions: &mut Vec<Action>) {
    if ui.button("Cancel").on_hover_text(format!("Stop: {}", job.title)).clicked() {
        actions.push(Action::Open(OpenAction::Cancel(job.id)));
    }
    if let Some(share) = job.progress.share() {
        let fill = look::palette(ui).accent;
        ui.add(egui::ProgressBar::new(share).desired_width(120.0).desired_height(8.0).fill(fill));
    }
    ui.add(egui::Label::new(look::faint(words(job), ui)).truncate());
}
