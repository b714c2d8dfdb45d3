//! The cost of each allowed lateness, measured on the rows so far; a click takes one over.

use std::time::Duration;

use eframe::egui::{Align, Context, Label, Layout, ProgressBar, RichText, Sense, Ui, vec2};
use egui_extras::{Column, TableBuilder};

use super::feed::fault_ui;
use crate::engine::TimeColumn;
use crate::query::lateness::LatenessCost;
use crate::ui::action::{Action, AppAction, TableAction};
use crate::ui::lateness::LatenessProfile;
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::numbers;
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look};

pub fn lateness_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let profile = app.lateness_profile.as_ref().and_then(|profile| Some((profile, app.sheet_of(profile.sheet)?)));
    let mut close = false;
    let closed = modal_ui(ctx, "Lateness", 640.0, |ui| {
        match profile {
            Some((profile, sheet)) => profile_ui(ui, profile, sheet, actions),
            None => drop(ui.label(look::faint("Nothing was measured yet", ui))),
        }
        close = footer_ui(ui, "", |ui| {
            if let Some((profile, sheet)) = profile
                && profile.found.is_some()
                && ui.button("Measure again").on_hover_text("With the rows that have come since").clicked()
            {
                actions.push(Action::Table(sheet.id, TableAction::ProfileLateness));
            }
        });
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

fn profile_ui(ui: &mut Ui, profile: &LatenessProfile, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let about = format!(
        "What each allowed lateness of {} would have cost, measured on the rows as they came. Click one to take it.",
        sheet.table.name
    );
    ui.add(Label::new(about).wrap());
    ui.add_space(look::GAP);
    match (&profile.found, profile.progress()) {
        (Some(Ok(costs)), _) if costs.is_empty() => drop(ui.label(look::faint("No row has a time yet", ui))),
        (Some(Ok(costs)), _) => table_ui(ui, profile, sheet, costs, actions),
        (Some(Err(fault)), _) => fault_ui(ui, fault),
        (None, progress) => {
            let progress = progress.unwrap_or_default();
            ui.horizontal(|ui| {
                ui.spinner();
                if let Some(share) = progress.share() {
                    ui.add(ProgressBar::new(share).desired_width(160.0).desired_height(6.0));
                }
                ui.add(Label::new(look::faint(format!("Reading {}", progress.note), ui)).truncate());
            });
        }
    }
}

fn table_ui(
    ui: &mut Ui,
    profile: &LatenessProfile,
    sheet: &Worksheet,
    costs: &[LatenessCost],
    actions: &mut Vec<Action>,
) {
    let p = look::palette(ui);
    let Some(time) = &sheet.table.time else { return };
    let titles: &[(&str, &str)] = &[
        ("Lateness", "How long after its event time a row may come and still be counted in its window"),
        ("Rows late", "The share of rows that would have been set aside"),
        ("Added delay", "How much longer a window stays open before it is final, in event time"),
        ("Open windows", "How many windows are open at once, at most"),
        ("Groups held", "How many groups these windows keep in memory, about"),
    ];
    let shown = if profile.windowed { titles.len() } else { 3 };
    let tall = ((costs.len() as f32 + 1.0) * (look::ROW + look::STEP))
        .min(ui.ctx().content_rect().height() - 280.0)
        .max(4.0 * look::ROW);
    let take = |cost: &LatenessCost| {
        let lateness = Duration::from_micros(cost.lateness.max(0).unsigned_abs());
        Action::Table(sheet.id, TableAction::Time(Some(TimeColumn { column: time.column.clone(), lateness })))
    };
    ui.allocate_ui(vec2(ui.available_width(), tall), |ui| {
        let table = TableBuilder::new(ui)
            .striped(false)
            .auto_shrink([false, true])
            .sense(Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .columns(Column::exact(116.0), shown);
        table
            .header(look::ROW, |mut header| {
                for (i, (title, about)) in titles.iter().take(shown).enumerate() {
                    header.col(|ui| {
                        if i == 0 {
                            // Aligns the title with the text of the buttons below.
                            ui.add_space(look::GAP);
                        }
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
                body.rows(look::ROW, costs.len(), |mut row| {
                    let Some(cost) = costs.get(row.index()) else { return };
                    let own = u128::try_from(cost.lateness).is_ok_and(|l| l == time.lateness.as_micros());
                    row.set_selected(own);
                    let late = if cost.late_share > 0.0 { p.warn } else { p.live };
                    row.col(|ui| {
                        let name = if cost.lateness == 0 { "none".to_owned() } else { span(cost.lateness) };
                        let text = RichText::new(if own { format!("{name} · now") } else { name.clone() });
                        let button = eframe::egui::Button::new(text).frame_when_inactive(false);
                        if ui.add(button).accessible_name(format!("Take a lateness of {name}")).clicked() {
                            actions.push(take(cost));
                            actions.push(Action::App(AppAction::Hide));
                        }
                    });
                    let texts = [
                        (share(cost.late_share), late),
                        (if cost.added_delay == 0 { "none".to_owned() } else { span(cost.added_delay) }, p.text),
                        (numbers::count(cost.open_windows), p.text),
                        (numbers::count(cost.open_groups.round() as u64), p.text),
                    ];
                    for (text, color) in texts.into_iter().take(shown - 1) {
                        row.col(|ui| {
                            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                                ui.label(RichText::new(text).color(color))
                            });
                        });
                    }
                    if row.response().clicked() {
                        actions.push(take(cost));
                        actions.push(Action::App(AppAction::Hide));
                    }
                });
            });
    });
}

/// A length of time in round units.
fn span(micros: i64) -> String {
    let secs = micros as f64 / 1e6;
    match secs {
        s if s < 0.001 => format!("{micros} µs"),
        s if s < 60.0 && s.fract() == 0.0 => format!("{s:.0} s"),
        s if (60.0..3_600.0).contains(&s) && (s % 60.0) >= 1.0 => {
            format!("{:.0} min {:02.0} s", (s / 60.0).floor(), s % 60.0)
        }
        s => numbers::duration(s),
    }
}

/// A share in percent, with enough digits to differ from none.
fn share(share: f64) -> String {
    match share * 100.0 {
        p if p <= 0.0 => "none".to_owned(),
        p if p < 0.001 => "< 0.001 %".to_owned(),
        p if p < 1.0 => format!("{p:.3} %"),
        p => format!("{p:.1} %"),
    }
}
