//! Notices as calm one-line banners in a strip of their own: what, where, what to do. Errors come first, and more than
//! a few are folded away. And the log, which keeps them all.

use std::time::{SystemTime, UNIX_EPOCH};

use eframe::egui::{
    Align, Color32, Context, CornerRadius, FontId, Frame, Id, Label, Layout, Margin, RichText, ScrollArea, TextFormat,
    Ui, text::LayoutJob,
};
use polars::prelude::TimeUnit;

use crate::data::time::Clock;
use crate::ui::action::{Action, AppAction, Pane};
use crate::ui::notices::{Logged, Notice, Severity};
use crate::ui::widget::badge::{Tone, dot_ui};
use crate::ui::widget::modal::{footer_ui, modal_ui, tell};
use crate::ui::widget::{buttons, numbers};
use crate::ui::wording::one_line;
use crate::ui::{App, look};

/// How many rows there are at most, with the one that says how many more there are.
const ROWS: usize = 3;
/// How high the opened list gets at most.
const OPENED: f32 = 240.0;
/// How many are told in a pane that lies over the window.
const OVER_ROWS: usize = 2;

pub fn notices_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let told = told_before(ui.ctx(), app).unwrap_or(u64::MAX);
    let mut all: Vec<&Notice> = app.notices.all().iter().filter(|n| n.id <= told).rev().collect();
    all.sort_by_key(|n| std::cmp::Reverse(n.level));
    if all.len() <= ROWS {
        all.iter().for_each(|notice| notice_ui(ui, notice, actions));
        return;
    }
    let id = ui.scope_id().with("all notices");
    let mut opened = ui.data(|d| d.get_temp::<bool>(id)).unwrap_or(false);
    if opened {
        ScrollArea::vertical().id_salt("notices").max_height(OPENED).auto_shrink([false, true]).show(ui, |ui| {
            all.iter().for_each(|notice| notice_ui(ui, notice, actions));
        });
    } else {
        all.iter().take(ROWS - 1).for_each(|notice| notice_ui(ui, notice, actions));
    }
    ui.horizontal(|ui| {
        ui.add_space(look::PAD);
        let text = if opened { "Show fewer".to_owned() } else { format!("and {} more", all.len() + 1 - ROWS) };
        if buttons::quiet_ui(ui, &text).clicked() {
            opened = !opened;
        }
        if buttons::quiet_ui(ui, "Log").on_hover_text("All that was told, with its time").clicked() {
            actions.push(Action::App(AppAction::Show(Pane::Log)));
        }
        if buttons::quiet_ui(ui, "Dismiss all").clicked() {
            actions.extend(all.iter().map(|n| Action::App(AppAction::Dismiss(n.id))));
        }
    });
    ui.data_mut(|d| d.insert_temp(id, opened));
}

/// The newest notice of those that were told before what lies over the window was opened; `None` where nothing does.
fn told_before(ctx: &Context, app: &App) -> Option<u64> {
    let (id, over) = (Id::unique("notices before"), (app.pane, app.feed.is_some()));
    let before = ctx.data(|d| d.get_temp::<((Option<Pane>, bool), u64)>(id)).filter(|(before, _)| *before == over);
    let told = before.map_or_else(|| app.notices.newest(), |(_, told)| told);
    ctx.data_mut(|d| d.insert_temp(id, (over, told)));
    (over != (None, false)).then_some(told)
}

/// Hands what is told while something lies over the window to what lies there: what was told before waits behind it.
pub fn tell_over(ctx: &Context, app: &App) {
    let told = told_before(ctx, app).unwrap_or(u64::MAX);
    let fresh = app.notices.all().iter().filter(|n| n.id > told).rev().take(OVER_ROWS);
    tell(ctx, fresh.map(|notice| (tone(notice.level), line(notice))).collect());
}

/// All that was told, with its time.
pub fn log_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let mut close = false;
    let closed = modal_ui(ctx, "Log of notices", 820.0, |ui| {
        let log: Vec<&Logged> = app.notices.log().collect();
        let text = format!("Newest first; times are in {}. It lasts as long as the window.", numbers::zone());
        ui.label(look::faint(text, ui));
        ui.add_space(look::STEP);
        let height = (ctx.content_rect().height() - 220.0).min(420.0);
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]).show_rows(
            ui,
            look::ROW,
            log.len().max(1),
            |ui, seen| {
                if log.is_empty() {
                    ui.label(look::faint("Nothing was told so far", ui));
                }
                log.get(seen).into_iter().flatten().for_each(|entry| logged_ui(ui, entry));
            },
        );
        close = footer_ui(ui, "", |_| {});
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

fn logged_ui(ui: &mut Ui, entry: &Logged) {
    let clock = |at: SystemTime| {
        let micros = at.duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX));
        numbers::zone().text(micros.div_euclid(1_000), TimeUnit::Milliseconds, ' ', Clock::Digits(0))
    };
    let (color, _) = tone(entry.level).colors(ui);
    let mended = entry.mended.map(|at| format!("Over since {}", clock(at)));
    let parts = [entry.place.as_str(), entry.hint.as_str(), mended.as_deref().unwrap_or_default()];
    ui.set_height(look::ROW);
    ui.horizontal(|ui| {
        ui.label(RichText::new(clock(entry.at)).size(look::SMALL).monospace().color(look::palette(ui).faint));
        dot_ui(ui, if mended.is_some() { look::palette(ui).faint } else { color });
        text_ui(ui, &entry.what, &parts, look::palette(ui).text);
    });
}

fn tone(level: Severity) -> Tone {
    match level {
        Severity::Info => Tone::Accent,
        Severity::Warning => Tone::Warn,
        Severity::Error => Tone::Error,
    }
}

/// A notice in one line.
fn line(notice: &Notice) -> String {
    let parts = [told(notice), notice.place.clone(), notice.hint.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// What it tells, and how often.
fn told(notice: &Notice) -> String {
    let said = notice.said();
    if notice.times > 1 { format!("{said} ×{}", notice.times) } else { said }
}

fn notice_ui(ui: &mut Ui, notice: &Notice, actions: &mut Vec<Action>) {
    let (color, ground) = tone(notice.level).colors(ui);
    let margin = Margin { left: 12, right: 12, top: 4, bottom: 0 };
    let frame = Frame::new()
        .fill(ground)
        .corner_radius(CornerRadius::same(look::ROUND))
        .inner_margin(Margin::symmetric(12, 2))
        .outer_margin(margin);
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if buttons::cross_ui(ui, "Dismiss").clicked() {
                    actions.push(Action::App(AppAction::Dismiss(notice.id)));
                }
                if let Some((button, action)) = &notice.offer
                    && ui.button(button).clicked()
                {
                    actions.push(action.clone());
                    // What is tried again may fail again.
                    if notice.again.is_none() {
                        actions.push(Action::App(AppAction::Dismiss(notice.id)));
                    }
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    text_ui(ui, &told(notice), &[&notice.place, &notice.hint], color);
                });
            });
        });
    });
}

/// All of it in one line; where it is cut, the rest is in the hover text.
fn text_ui(ui: &mut Ui, what: &str, besides: &[&str], color: Color32) {
    let second: Vec<&str> = besides.iter().copied().filter(|s| !s.is_empty()).collect();
    let mut job = LayoutJob::default();
    // A fault may say things in several lines, such as an excerpt.
    job.append(&one_line(what), 0.0, TextFormat::simple(FontId::proportional(look::TEXT), color));
    if !second.is_empty() {
        let text = one_line(&second.join(" · "));
        let format = TextFormat::simple(FontId::proportional(look::SMALL), look::palette(ui).text);
        job.append(&text, look::PAD, format);
    }
    let full = std::iter::once(what).chain(second).collect::<Vec<_>>().join("\n");
    ui.add(Label::new(job).truncate()).on_hover_text(RichText::new(full));
}
