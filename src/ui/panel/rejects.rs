//! What was set aside: rows and cells that could not be read, with line and reason, and rows that came late.

use eframe::egui::{self, Align, Context, Label, Layout, RichText, Ui};
use egui_extras::{Column, TableBuilder};

use super::grid;
use crate::data::Rejects;
use crate::engine::counts::RowCounts;
use crate::query::window::WindowStatus;
use crate::ui::action::{Action, AppAction, RunAction, TableAction};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::{buttons, numbers};
use crate::ui::{App, look, wording};

pub fn rejects_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    pane_ui(ctx, "Rejected rows and cells", actions, |ui, _| {
        let Some(shown) = app.sheet().and_then(|s| s.watch.newest.as_ref()) else { return };
        let (rejects, rows) = (&shown.rejects, &shown.rows);
        let mut parts = Vec::new();
        for (count, one, kept) in
            [(rows.rejected, "row", rejects.kept.len()), (rows.cells, "cell", rejects.cells.kept.len())]
        {
            let first = if (kept as u64) < count {
                format!(", the first {} below", numbers::count(kept as u64))
            } else {
                String::new()
            };
            parts.extend((count > 0).then(|| numbers::counted(count, one) + &first));
        }
        ui.label(look::faint(parts.join("; "), ui));
        if rows.cells > 0 {
            ui.label(look::faint("A cell that cannot be read is missing; its row is in the answer.", ui));
        }
        list_ui(ui, rejects);
    });
}

/// What could not be read, in few words; nothing where all could.
pub fn counted(rows: &RowCounts) -> Option<String> {
    match (rows.rejected, rows.cells) {
        (0, 0) => None,
        (rows, 0) => Some(format!("{} rejected", numbers::count(rows))),
        (0, cells) => Some(format!("{} rejected", numbers::counted(cells, "cell"))),
        (rows, cells) => {
            Some(format!("{}, {} rejected", numbers::counted(rows, "row"), numbers::counted(cells, "cell")))
        }
    }
}

/// What a click on that shows.
pub const HINT: &str = "Rows and cells that could not be read: see why";

pub fn late_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    pane_ui(ctx, "Late rows", actions, |ui, actions| {
        let Some((sheet, shown)) = app.sheet().and_then(|sheet| Some((sheet, sheet.watch.newest.as_ref()?))) else {
            return;
        };
        let p = look::palette(ui);
        let (late, again) = (shown.rows.late, shown.rows.readmitted);
        let passed = shown
            .watermark
            .map_or_else(|| "the watermark".to_owned(), |at| format!("the watermark, now at {},", numbers::time(at)));
        let text = match late {
            0 if again > 0 => "No row is kept aside any more.".to_owned(),
            0 => "No row was late so far: each came before its window was final.".to_owned(),
            n => format!(
                "{} came after {passed} had passed the end of their window. They are counted and kept aside.",
                numbers::counted(n, "row")
            ),
        };
        ui.add(Label::new(text).wrap());
        ui.add_space(look::STEP);
        ui.horizontal(|ui| {
            if late > 0 {
                let hint = "Puts them into the windows that they missed, and marks those as corrected";
                if buttons::primary_ui(ui, &format!("Re-admit {}", numbers::counted(late, "late row")))
                    .on_hover_text(hint)
                    .clicked()
                {
                    actions.push(Action::Run(sheet.id, RunAction::Readmit));
                }
            }
            if sheet.table.time.is_some()
                && ui
                    .button("What would more lateness cost?")
                    .on_hover_text("Measures on the rows how late they come")
                    .clicked()
            {
                actions.push(Action::Table(sheet.id, TableAction::ProfileLateness));
            }
            if again > 0 {
                let corrected =
                    shown.status.iter().flat_map(|s| s.iter()).filter(|s| **s == WindowStatus::Corrected).count()
                        as u64;
                let text = format!(
                    "{} re-admitted: {} corrected",
                    numbers::counted(again, "row"),
                    numbers::counted(corrected, "window")
                );
                ui.label(RichText::new(text).color(p.live));
            }
        });
        let whole = sheet.whole_late_rows();
        let rows = sheet.late_rows(&shown.late);
        let kept = rows.height() as u64;
        if kept > 0 {
            ui.add_space(look::STEP);
            let mut text = if kept < late {
                format!("The first {} of them:", numbers::count(kept))
            } else {
                "As they came:".to_owned()
            };
            if let Some(Err(fault)) = whole {
                text += &format!(" (with the columns that questions read alone: {})", wording::fault(fault));
            }
            ui.add(Label::new(look::faint(text, ui)).wrap());
            ui.push_id(rows.width(), |ui| grid::frame_ui(ui, &rows, actions));
        }
    });
}

fn pane_ui(ctx: &Context, title: &str, actions: &mut Vec<Action>, content: impl FnOnce(&mut Ui, &mut Vec<Action>)) {
    let mut close = false;
    let closed = modal_ui(ctx, title, 880.0, |ui| {
        let height = (ctx.content_rect().height() - 200.0).min(480.0);
        ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| content(ui, actions));
        close = footer_ui(ui, "", |_| {});
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

fn list_ui(ui: &mut Ui, rejects: &Rejects) {
    let p = look::palette(ui);
    let table = TableBuilder::new(ui)
        .resizable(true)
        .auto_shrink([false, false])
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::initial(160.0).at_least(60.0).clip(true))
        .column(Column::initial(72.0).at_least(40.0).clip(true))
        .column(Column::initial(240.0).at_least(80.0).clip(true))
        .column(Column::remainder().at_least(120.0).clip(true));
    table
        .header(look::ROW, |mut header| {
            for title in ["Where", "Line", "Why", "What stood there"] {
                header.col(|ui| {
                    ui.label(look::faint(title, ui));
                });
            }
        })
        .body(|body| {
            let (rows, cells) = (&rejects.kept, &rejects.cells.kept);
            body.rows(look::ROW - 2.0, rows.len() + cells.len(), |mut row| {
                let at = row.index();
                let Some(reject) = rows.get(at).or_else(|| cells.get(at.checked_sub(rows.len())?)) else { return };
                row.col(|ui| {
                    ui.add(Label::new(reject.source.as_ref()).truncate());
                });
                row.col(|ui| {
                    ui.label(if reject.line == 0 { String::new() } else { numbers::count(reject.line) });
                });
                row.col(|ui| {
                    ui.add(Label::new(RichText::new(&reject.reason).color(p.warn)).truncate());
                });
                row.col(|ui| {
                    ui.add(Label::new(RichText::new(&reject.body).monospace()).truncate());
                });
            });
        });
}
