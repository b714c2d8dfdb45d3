//! The seam's ledger: what history gave, what live gave, what lay in both, what may be missing, and the sum that proves
//! it.

use eframe::egui::{Align, Context, Label, Layout, RichText, ScrollArea, Ui, vec2};

use polars::prelude::DataFrame;

use super::grid;
use crate::engine::seam::Gap;
use crate::engine::{Seam, Snapshot};
use crate::ui::action::{Action, AppAction, TableAction};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::numbers;
use crate::ui::worksheet::Worksheet;
use crate::ui::{App, look, wording};

const WIDTH: f32 = 640.0;
/// Above and below the ledger: its title, its last row, the window's edge.
const AROUND: f32 = 200.0;
/// Where the numbers end.
const NUMBERS: f32 = 360.0;

pub fn ledger_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let mut close = false;
    let closed = modal_ui(ctx, "Seam ledger", WIDTH, |ui| {
        match app.sheet().and_then(|sheet| Some((sheet, sheet.watch.shown.as_ref()?))) {
            Some((sheet, shown)) => {
                let tall = (ctx.content_rect().height() - AROUND).max(240.0);
                ScrollArea::vertical().id_salt("ledger").max_height(tall).auto_shrink([false, true]).show(ui, |ui| {
                    faces_ui(ui, shown);
                    doubt_ui(ui, sheet, shown, actions);
                    ui.add_space(look::PAD);
                    sum_ui(ui, sheet, shown);
                    kept_out_ui(ui, sheet, actions);
                });
            }
            None => {
                ui.label(look::faint("There is no answer yet", ui));
            }
        }
        close = footer_ui(ui, "", |_| {});
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

/// What speaks against the seam, and the one that is offered.
fn doubt_ui(ui: &mut Ui, sheet: &Worksheet, shown: &Snapshot, actions: &mut Vec<Action>) {
    let p = look::palette(ui);
    let beware = |ui: &mut Ui, why: String| {
        ui.add_space(look::STEP);
        ui.add(Label::new(RichText::new(format!("Beware: {why}.")).color(p.warn)).wrap());
    };
    if let Some(overlap) = sheet.better_seam() {
        beware(ui, sheet.why(&overlap));
        if ui.button("Let live begin where history ends").clicked() {
            actions.push(Action::Table(sheet.id, TableAction::Seam(overlap.seam())));
        }
    } else if let Some(warning) = shown.seam.warnings.first() {
        beware(ui, wording::fault(warning));
    }
}

/// The rows that the seam keeps out and the other face lacks.
fn kept_out_ui(ui: &mut Ui, sheet: &Worksheet, actions: &mut Vec<Action>) {
    if !matches!(sheet.table.seam, Seam::Time(_)) {
        return;
    }
    match sheet.looked_up() {
        Some(Ok(kept)) => {
            for (what, rows, absent) in [
                ("live rows", &kept.live_rows, kept.live_absent),
                ("rows of history", &kept.history_rows, kept.history_absent),
            ] {
                if absent > 0 {
                    rows_ui(ui, what, rows, absent, actions);
                }
            }
        }
        Some(Err(fault)) => {
            let text = format!("Whether the other face holds them cannot be looked up: {}.", wording::fault(fault));
            ui.add(Label::new(look::faint(text, ui)).wrap());
        }
        _ => {}
    }
}

/// Rows that are in neither face.
fn rows_ui(ui: &mut Ui, what: &str, rows: &DataFrame, absent: u64, actions: &mut Vec<Action>) {
    ui.add_space(look::GAP);
    let shown = rows.height() as u64;
    let which = if shown < absent {
        format!("The first {} of the {what} in neither face:", numbers::count(shown))
    } else {
        format!("The {what} in neither face:")
    };
    ui.label(look::faint(which, ui));
    let tall = (shown as f32 + 2.0).min(7.0) * look::ROW;
    ui.allocate_ui(vec2(ui.available_width(), tall), |ui| {
        ui.set_max_height(tall);
        ui.push_id(what, |ui| grid::frame_ui(ui, rows, actions));
    });
}

fn faces_ui(ui: &mut Ui, shown: &Snapshot) {
    let seam = &shown.seam;
    let what = match seam.kind {
        "position" => "Both faces are one log: live begins at the position where history ends.",
        "time" => "History owns every row before the seam's time, live owns the rest.",
        "key" => "A row whose key was seen already is the same row, and is counted once.",
        _ => "The faces are taken as disjoint: every row of both is counted.",
    };
    ui.add(Label::new(what).wrap());
    if let Some(at) = seam.at {
        ui.label(format!("The seam lies at {}", numbers::time(at)));
    }
    ui.add_space(look::GAP);
    if seam.partitions.is_empty() {
        ui.label(look::faint("No live row has come yet", ui));
        return;
    }
    let tell = |position: Option<i64>, is_time: bool| {
        position.map_or_else(
            || "–".to_owned(),
            |at| if is_time { numbers::time(at) } else { numbers::grouped(&at.to_string()) },
        )
    };
    ScrollArea::vertical().id_salt("partitions").max_height(200.0).auto_shrink([false, true]).show(ui, |ui| {
        for line in &seam.partitions {
            // The address has a line of its own: it may be long, and is wrapped.
            let name = RichText::new(format!("{} #{}", line.source, line.partition)).strong();
            ui.add(Label::new(name).wrap());
            let gap = match line.gap {
                Gap::Known(0) => "none".to_owned(),
                Gap::Known(n) => numbers::grouped(&n.to_string()),
                Gap::CannotBeKnown => "unknown".to_owned(),
            };
            ui.horizontal_wrapped(|ui| {
                for (title, value) in [
                    ("last of history", tell(line.last_history, line.is_time)),
                    ("first of live", tell(line.first_live, line.is_time)),
                    ("gap", gap),
                ] {
                    ui.label(look::faint(title, ui));
                    ui.label(value);
                    ui.add_space(look::PAD);
                }
            })
            .response
            .on_hover_text(
                "A gap of 'none' is proved: both faces are one file or one log; 'unknown' means that this feed does \
                 not number its messages",
            );
            ui.add_space(look::STEP);
        }
    });
}

/// The arithmetic: from the rows of both faces to those in the answer.
pub fn sum_ui(ui: &mut Ui, sheet: &Worksheet, shown: &Snapshot) {
    let p = look::palette(ui);
    let (rows, seam) = (&shown.rows, &shown.seam);
    number_ui(ui, "Rows of history", seam.history_rows);
    number_ui(ui, "+ rows of live", seam.live_rows);
    number_ui(ui, "− filtered out by the question", rows.filtered);
    number_ui(ui, "− late, kept aside", rows.late);
    let width = NUMBERS.min(ui.available_width());
    let (line, _) = ui.allocate_exact_size(vec2(width, 1.0), eframe::egui::Sense::hover());
    ui.painter().hline(line.x_range(), line.center().y, eframe::egui::Stroke::new(1.0, p.line));
    number_ui(ui, "= rows in the answer", rows.shown);
    let closes = rows.conserved()
        && i128::from(seam.history_rows) + i128::from(seam.live_rows)
            == i128::from(rows.come_in) - i128::from(rows.rejected);
    let neither = sheet.in_neither().filter(|_| seam.kind == "time");
    let (text, color) = match &neither {
        _ if !closes => ("The sum does not close: please report this.".to_owned(), p.error),
        Some(neither) => (format!("Every row that was taken is accounted for; {}.", neither.what), p.warn),
        None => ("Every row that came in is accounted for.".to_owned(), p.live),
    };
    ui.add(Label::new(RichText::new(text).color(color)).wrap());
    ui.add_space(look::STEP);
    let known = sheet.looked_up().and_then(|kept| kept.as_ref().ok()).filter(|_| seam.kind == "time");
    let absent = known.map_or(0, |kept| kept.absent().min(seam.overlap_removed));
    // At a time, a face brings rows that the other owns; by key, both bring the same rows.
    let removed = match (seam.kind, known) {
        ("time", Some(kept)) if kept.history_awaited == 0 => "Kept out by the seam, held by the other face",
        ("time", _) => "Kept out by the seam, owned by the other face",
        _ => "In both, counted once",
    };
    aside_ui(ui, removed, seam.overlap_removed - absent);
    if absent > 0 {
        aside_ui(ui, "Kept out by the seam, in neither face", absent);
    }
    aside_ui(ui, "Could not be read, kept aside", rows.rejected);
    if rows.cells > 0 {
        aside_ui(ui, "Cells that could not be read, missing in their rows", rows.cells);
    }
    if rows.readmitted > 0 {
        aside_ui(ui, "Late, re-admitted: in the answer", rows.readmitted);
    }
    if rows.dropped > 0 {
        ui.label(
            RichText::new(format!(
                "{} never came in: their feed could not wait",
                numbers::counted(rows.dropped, "row")
            ))
            .color(p.warn),
        );
    }
}

/// A number beside the sum.
fn aside_ui(ui: &mut Ui, name: &str, n: u64) {
    ui.allocate_ui_with_layout(
        vec2(NUMBERS.min(ui.available_width()), look::ROW - 4.0),
        Layout::right_to_left(Align::Center),
        |ui| {
            ui.label(look::faint(numbers::count(n), ui));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(look::faint(name, ui)).truncate()).on_hover_text(name);
            });
        },
    );
}

/// A name and its number; all of them end at the same place.
fn number_ui(ui: &mut Ui, name: &str, n: u64) {
    ui.allocate_ui_with_layout(
        vec2(NUMBERS.min(ui.available_width()), look::ROW),
        Layout::right_to_left(Align::Center),
        |ui| {
            ui.label(numbers::count(n));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| ui.add(Label::new(name).truncate()));
        },
    );
}
