//! The seam's ledger: what history gave, what live gave, what lay in both, what may be missing, and the sum that proves
//! it.

use eframe::egui::{Align, Context, Grid, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::engine::Snapshot;
use crate::engine::seam::Gap;
use crate::ui::action::{Action, AppAction, TableAction};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::numbers;
use crate::ui::{App, look, wording};

/// Where the numbers end.
const NUMBERS: f32 = 360.0;

pub fn ledger_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let mut close = false;
    let closed = modal_ui(ctx, "Seam ledger", 620.0, |ui| {
        match app.sheet().and_then(|s| s.watch.shown.as_ref()) {
            Some(shown) => {
                faces_ui(ui, shown);
                if let Some((sheet, overlap)) = app.sheet().and_then(|s| Some((s, s.better_seam()?))) {
                    ui.add_space(look::STEP);
                    let p = look::palette(ui);
                    ui.add(Label::new(RichText::new(format!("Beware: {}.", overlap.why())).color(p.warn)).wrap());
                    if ui.button("Let live begin where history ends").clicked() {
                        actions.push(Action::Table(sheet.id, TableAction::Seam(overlap.seam())));
                    }
                } else if let Some(warning) = shown.seam.warnings.first() {
                    let p = look::palette(ui);
                    let told = format!("Beware: {}.", wording::fault(warning));
                    ui.add(Label::new(RichText::new(told).color(p.warn)).wrap());
                }
                ui.add_space(look::PAD);
                sum_ui(ui, shown);
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
    ScrollArea::both().max_height(200.0).auto_shrink([false, true]).show(ui, |ui| {
        Grid::new("lines").num_columns(4).striped(true).max_col_width(250.0).spacing([look::PAD, look::STEP]).show(
            ui,
            |ui| {
                for title in ["Live input", "Last of history", "First of live", "Gap"] {
                    ui.label(look::faint(title, ui));
                }
                ui.end_row();
                for line in &seam.partitions {
                    ui.add(Label::new(format!("{} #{}", line.source, line.partition)).truncate());
                    ui.label(tell(line.last_history, line.is_time));
                    ui.label(tell(line.first_live, line.is_time));
                    let gap = match line.gap {
                        Gap::Known(0) => "none".to_owned(),
                        Gap::Known(n) => numbers::grouped(&n.to_string()),
                        Gap::CannotBeKnown => "unknown".to_owned(),
                    };
                    ui.label(gap).on_hover_text(
                        "'none' is proved: both faces are one file or one log; 'unknown' means that this feed \
                         does not number its messages",
                    );
                    ui.end_row();
                }
            },
        );
    });
}

/// The arithmetic: from the rows of both faces to those in the answer.
pub fn sum_ui(ui: &mut Ui, shown: &Snapshot) {
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
    let (text, color) = if closes {
        ("Every row that came in is accounted for.", p.live)
    } else {
        ("The sum does not close: please report this.", p.error)
    };
    ui.label(RichText::new(text).color(color));
    ui.add_space(look::STEP);
    // At a time, a face brings rows that the other owns; by key, both bring the same rows.
    let removed = if seam.kind == "time" { "Read, but counted on the other side" } else { "In both, counted once" };
    aside_ui(ui, removed, seam.overlap_removed);
    aside_ui(ui, "Could not be read, kept aside", rows.rejected);
    if rows.cells > 0 {
        aside_ui(ui, "Cells that could not be read, null in their rows", rows.cells);
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
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| ui.label(look::faint(name, ui)));
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
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| ui.label(name));
        },
    );
}
