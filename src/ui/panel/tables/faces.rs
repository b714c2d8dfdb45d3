//! What a table is made of: its files, and each feed with its state.

use eframe::egui::{Color32, Label, RichText, Sense, Ui};

use crate::engine::feed::Feed;
use crate::source::live::net::back_off::wait_of;
use crate::source::live::url;
use crate::ui::action::{Action, AppAction, FeedAction, Pane, TableAction};
use crate::ui::look;
use crate::ui::look::Palette;
use crate::ui::panel::rejects;
use crate::ui::watch::RunState;
use crate::ui::widget::badge::{Tone, badge_ui, dot_ui};
use crate::ui::widget::{buttons, context, numbers, row};
use crate::ui::worksheet::Worksheet;

/// The colour of what its feeds do.
pub(super) fn color(sheet: &Worksheet, p: &Palette) -> Color32 {
    match sheet.running().state() {
        RunState::Live if sheet.running().silence().is_some() => p.warn,
        RunState::Done | RunState::Stopped | RunState::Idle => p.faint,
        RunState::Reconnecting | RunState::Stopping => p.warn,
        _ => p.live,
    }
}

/// What its feeds do, in a word.
pub(super) fn word(sheet: &Worksheet) -> &'static str {
    match sheet.running().state() {
        RunState::Idle | RunState::Asking => "connected",
        RunState::Done => "ended",
        RunState::Stopped => "stopped",
        RunState::Stopping => "stopping",
        RunState::Reconnecting => "reconnecting",
        _ => "live",
    }
}

pub(super) fn faces_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    let files = &sheet.table.history;
    if !files.is_empty() {
        let names: Vec<&str> = files.iter().take(12).map(|h| h.name()).collect();
        ui.horizontal(|ui| {
            badge_ui(ui, "History", Tone::Plain).on_hover_text(names.join("\n"));
            ui.add(Label::new(look::faint(numbers::counted(files.len() as u64, "piece"), ui)).selectable(false));
        });
    }
    for (number, feed) in sheet.table.live.iter().enumerate() {
        feed_ui(ui, sheet, number, feed, actions);
    }
    for url in &sheet.unconnected {
        unconnected_ui(ui, sheet, url, actions);
    }
    if sheet.can_start_again() {
        let hint = "Follow the feeds again: what was recorded is read first";
        let again = ui.button("Start again").on_hover_text(hint);
        if again.accessible_name(format!("Start {} again", sheet.table.name)).clicked() {
            actions.push(Action::Table(sheet.id, TableAction::StartAgain));
        }
    }
    if let Some(text) = sheet.watch.shown.as_ref().and_then(|s| rejects::counted(&s.rows))
        && buttons::quiet_ui(ui, &text).on_hover_text(rejects::HINT).clicked()
    {
        actions.push(Action::Table(sheet.id, TableAction::Select));
        actions.push(Action::App(AppAction::Show(Pane::Rejects)));
    }
}

/// What can be done with a feed; `waits`: it is lost, and tried again after a while.
fn menu_ui(ui: &mut Ui, sheet: &Worksheet, feed: &Feed, waits: bool, actions: &mut Vec<Action>) {
    let mut act = |action| actions.push(Action::Table(sheet.id, action));
    if waits && ui.button("Try now").clicked() {
        act(TableAction::TryNow(feed.url.text.clone()));
    }
    if sheet.running().is_live() && ui.button("Stop").on_hover_text("All feeds of the table").clicked() {
        act(TableAction::Stop);
    }
    if sheet.can_start_again() && ui.button("Start again").on_hover_text("All feeds of the table").clicked() {
        act(TableAction::StartAgain);
    }
    if ui.button("Detach").on_hover_text("The table goes on without it").clicked() {
        act(TableAction::Detach(feed.url.text.clone()));
    }
    ui.separator();
    if ui.button("Settings…").clicked() {
        actions.push(Action::Feed(FeedAction::Change(sheet.id, feed.url.text.clone())));
    }
    if ui.button("Copy the address").on_hover_text("Without what is secret in it").clicked() {
        actions.push(Action::App(AppAction::Copy(feed.url.shown())));
    }
}

/// A feed that is set up and could not be connected.
fn unconnected_ui(ui: &mut Ui, sheet: &Worksheet, url: &str, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let shown = url::shown(url);
    let mut act = |action| actions.push(Action::Table(sheet.id, action));
    let left = |ui: &mut Ui| {
        dot_ui(ui, p.warn);
        let label = Label::new(RichText::new(&shown).size(look::SMALL)).truncate().selectable(false);
        let label = ui.add(label.sense(Sense::click())).on_hover_text(format!("{shown} could not be connected"));
        context::menu_ui(&label, |ui| {
            if ui.button("Try now").clicked() {
                act(TableAction::TryNow(url.to_owned()));
            }
            if ui.button("Detach").on_hover_text("The table goes on without it").clicked() {
                act(TableAction::Detach(url.to_owned()));
            }
        });
    };
    row::ends_ui(ui, left, |ui| {
        ui.label(RichText::new("not connected").size(look::SMALL).color(p.warn));
    });
}

/// A feed: its state, its address, and how fast its rows come where it is the only one.
fn feed_ui(ui: &mut Ui, sheet: &Worksheet, number: usize, feed: &Feed, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let shown = feed.url.shown();
    let newest = sheet.running().newest.as_ref();
    let trouble = newest.and_then(|newest| newest.lost().find(|trouble| trouble.what == shown));
    let told = newest.filter(|newest| newest.live_open > 0 && sheet.table.live.len() == 1);
    let rate = told.map(|_| sheet.running().rate_words());
    let (color, state) = match (trouble, sheet.running().silence_of(number)) {
        (Some(_), _) => (p.warn, "reconnecting".to_owned()),
        (None, Some(silent)) => (p.warn, format!("silent for {}", numbers::pause(silent))),
        // Another feed may be silent, or lost.
        (None, None) if sheet.running().state().flows() => (p.live, rate.unwrap_or_else(|| "live".to_owned())),
        (None, None) => (color(sheet, p), rate.unwrap_or_else(|| word(sheet).to_owned())),
    };
    let left = |ui: &mut Ui| {
        dot_ui(ui, color);
        let label = Label::new(RichText::new(&shown).size(look::SMALL)).truncate().selectable(false);
        let told = trouble.map_or_else(|| shown.clone(), ToString::to_string);
        let label = ui.add(label.sense(Sense::click())).on_hover_text(told);
        let waits = trouble.is_some_and(|told| wait_of(&told.why).is_some());
        context::menu_ui(&label, |ui| menu_ui(ui, sheet, feed, waits, actions));
    };
    row::ends_ui(ui, left, |ui| {
        ui.label(RichText::new(state).size(look::SMALL).color(color));
    });
}
