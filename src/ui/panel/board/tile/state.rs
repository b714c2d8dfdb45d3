//! What there is to know of the answer of a tile: from part of the rows, late rows, a feed that cannot be reached.

use std::time::Duration;

use eframe::egui::{Color32, RichText, Ui};

use crate::data::words::percent;
use crate::engine::Snapshot;
use crate::ui::App;
use crate::ui::board::TileRun;
use crate::ui::look;
use crate::ui::watch::{Silence, StagedRun};
use crate::ui::widget::numbers;
use crate::ui::wording;
use crate::workspace::bench::Tile;

/// Rows that came within this time are of now.
const NOW: Duration = Duration::from_secs(2);

/// The width from which a tile has room for whole sentences.
const WORDY: f32 = 300.0;

/// What it means that a tile keeps its own time.
pub const OWN_TIME: &str =
    "It is zoomed alone, and the board's stretch of time does not limit it; filters and variables do";

/// Whether its rows do not come as they should: the tile is shown in grey.
pub fn is_cut_off(run: &TileRun, shown: &Snapshot) -> bool {
    let flows = shown.live_open > 0 && !shown.last;
    shown.lost().next().is_some() || (flows && run.watch.silence().is_some_and(|silence| silence.feeds == silence.of))
}

pub fn state_ui(ui: &mut Ui, app: &App, tile: &Tile, run: &TileRun) {
    let p = look::palette(ui);
    let Some(shown) = run.shown() else { return };
    let newest = if ui.available_width() > WORDY { "newest row " } else { "" };
    let mut say = |text: String, color: Color32, hint: &str| {
        ui.label(RichText::new(text).size(look::SMALL).color(color)).on_hover_text(hint);
    };
    if shown.history_share() < 1.0 {
        say(format!("from {}", percent(shown.history_share())), p.warn, "So much of the history is in this answer");
    } else if shown.catching_up {
        say("catching up".to_owned(), p.warn, "Rows from before it was asked are still being read");
    } else if let Some(lost) = shown.lost().next() {
        let all: Vec<String> = shown.lost().map(ToString::to_string).collect();
        say(format!("{} lost", lost.what), p.error, &all.join("\n"));
    } else if shown.live_open > 0 && !shown.last {
        match (run.watch.silence(), run.watch.age()) {
            (Some(Silence { silent, .. }), _) => {
                let text = format!("silent for {}", numbers::pause(silent));
                say(text, p.warn, "No row has come for longer than is usual for this feed");
            }
            (None, Some(age)) if age > NOW => {
                let text = format!("{newest}{} s ago", age.as_secs());
                say(text, p.faint, "The newest row came so long ago; rows are added as they come");
            }
            (None, _) => say("live".to_owned(), p.live, "Rows are added as they come"),
        }
    }
    if app.has_draft(tile.id) {
        say("changed, not asked".to_owned(), p.warn, "Another question is written for it: see Change the question…");
    }
    if app.boards().changes_slowly && run.changes_slowly() {
        let share = run.watch.staged.as_ref().map_or(0.0, StagedRun::share);
        let hint = format!("The answer to what was changed is still being read, {} of it so far", percent(share));
        say("as before".to_owned(), p.warn, &hint);
    }
    if let Some(fault) = &shown.fault {
        say("incomplete".to_owned(), p.error, &wording::fault(fault));
    }
    if !shown.gaps.is_empty() {
        say(numbers::counted(shown.gaps.len() as u64, "gap"), p.warn, &wording::gaps(&shown.gaps));
    }
    if shown.rows.late > 0 {
        let hint = "These rows came after their window was final, and are not in it";
        say(format!("{} late", numbers::count(shown.rows.late)), p.warn, hint);
    }
    if let Some(why) = run.unlimited() {
        let hint = format!("The stretch of time and the filters of the board are not applied: {why}");
        say("not limited".to_owned(), p.warn, &hint);
    }
    if tile.own_time {
        say("own time".to_owned(), p.faint, OWN_TIME);
    }
    if run.reads_alone() {
        let hint = "This question is re-run as a whole, by a reading of its own: its moment is not that of the others";
        say("re-run".to_owned(), p.faint, hint);
    }
}
