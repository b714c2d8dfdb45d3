//! The guard of a model as a tile: what is said of the model, the most important first and as much as there is room
//! for, and its error as rows come.

use eframe::egui::{Color32, FontId, Label, Rect, RichText, Ui};

use crate::engine::guard::GuardStatus;
use crate::learn::drift::{Stale, StaleReason};
use crate::ui::guard::{ModelGuard, place};
use crate::ui::panel::{chart, feed, guard};
use crate::ui::widget::badge::dot_ui;
use crate::ui::widget::numbers;
use crate::ui::{App, look, wording};
use crate::workspace::bench::Tile;

/// The least height of a figure, points.
const LEAST: f32 = 96.0;
/// What is said leaves so much of a tile to the figure.
const FIGURE: f32 = 0.5;

pub fn guard_ui(ui: &mut Ui, app: &App, tile: &Tile, model: &str, room: Rect) {
    let sheet = app.sheet_named(&tile.table);
    let entry = sheet.and_then(|sheet| app.models().under(sheet.id).find(|entry| entry.name == model));
    let guard = entry.and_then(|entry| app.guards().of(entry.id));
    let (Some(sheet), Some(guard)) = (sheet, guard) else {
        let text = match entry {
            None => format!("There is no model {model} of {}: train or load it", tile.table),
            Some(_) => format!("The model {model} is not watched: choose Guard in its menu"),
        };
        ui.centered_and_justified(|ui| ui.add(Label::new(look::faint(text, ui)).wrap()));
        return;
    };
    let drawn = guard.chart.figure().is_some_and(|figure| !figure.is_empty());
    // Where both have no room, the figure gives way.
    let shares = drawn && room.height() * FIGURE >= LEAST;
    let bottom = if shares { room.bottom() - room.height() * FIGURE } else { room.bottom() };
    match guard.newest.as_deref() {
        _ if guard.fault.is_some() => guard.fault.iter().for_each(|fault| feed::fault_ui(ui, fault)),
        Some(watched) => said_ui(ui, guard, watched, &guard::seen(watched, sheet), bottom),
        None => guard::head_ui(ui, guard, sheet),
    }
    let below = room.with_min_y(ui.cursor().min.y + look::STEP);
    if drawn && below.height() >= LEAST {
        chart::figure_ui(ui, &format!("guard of {}", tile.id.0), &guard.chart, below);
    }
}

/// Whether the model can be trusted, why not, what shows that, and what was seen: each in whole lines, down to the
/// bottom.
fn said_ui(ui: &mut Ui, guard: &ModelGuard, watched: &GuardStatus, seen: &str, bottom: f32) {
    let p = look::palette(ui);
    let (color, word) = guard::verdict(guard, watched, p);
    ui.horizontal_wrapped(|ui| {
        dot_ui(ui, color);
        ui.label(RichText::new(word).strong().color(if watched.stale.is_empty() { p.strong } else { p.warn }));
    });
    // Its error is the strongest reason; of the others the oldest may be their cause.
    let mut reasons: Vec<&Stale> = watched.stale.iter().collect();
    reasons.sort_by_key(|stale| (stale.reason != StaleReason::Error, stale.since));
    let since = |stale: &Stale| {
        let reason = wording::capital(&stale.reason.to_string());
        format!("{reason}, since {}", place(watched, stale.since))
    };
    let trusted = if watched.window_full { "Nothing speaks against it" } else { "Nothing speaks against it so far" };
    let mut lines: Vec<(String, f32, Color32)> =
        reasons.iter().map(|stale| (since(stale), look::TEXT, p.warn)).collect();
    lines.extend((reasons.is_empty() && watched.rows > 0).then(|| (trusted.to_owned(), look::TEXT, p.live)));
    lines.extend(reasons.iter().map(|stale| (stale.evidence.clone(), look::SMALL, p.faint)));
    lines.push((wording::capital(seen), look::SMALL, p.faint));
    lines.extend(watched.notes.iter().rev().map(|note| (note.clone(), look::SMALL, p.warn)));
    for (number, (text, size, color)) in lines.iter().enumerate() {
        let galley = ui.painter().layout(text.clone(), FontId::proportional(*size), *color, ui.available_width());
        // The first is always there; what is left out is told to who asks.
        if number > 0 && ui.cursor().top() + galley.size().y > bottom {
            let more = numbers::counted((lines.len() - number) as u64, "line");
            let rest: Vec<&str> = lines.iter().skip(number).map(|(text, ..)| text.as_str()).collect();
            if ui.cursor().top() + look::SMALL <= bottom {
                ui.label(look::faint(format!("and {more} more"), ui)).on_hover_text(rest.join("\n"));
            }
            break;
        }
        ui.add(Label::new(galley)).on_hover_text(text);
    }
}
