//! What the disk holds of what feeds have sent, how much of it is kept, and how it is let go.

use eframe::egui::{Context, DragValue, Grid, Label, RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::feed::fault_ui;
use crate::ui::action::{Action, AppAction, StorageAction};
use crate::ui::widget::modal::{footer_ui, modal_ui};
use crate::ui::widget::numbers;
use crate::ui::{App, look};
use crate::workspace::bench::Retention;
use crate::workspace::{StoredTable, TableId};

const ABOUT: &str = "What feeds send, and what boards know of it, is kept with the workspace, so that boards have \
                     their history when it is opened again. Files are not copied, nor replays, which begin anew.";
/// What is proposed when a limit is switched on.
const DAYS: u32 = 30;
const MEBIBYTES: u32 = 1_024;

pub fn storage_ui(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let mut close = false;
    let closed = modal_ui(ctx, "What the disk holds", 560.0, |ui| {
        ui.add(Label::new(look::faint(ABOUT, ui)).wrap());
        ui.add_space(look::PAD);
        tables_ui(ui, app, actions);
        ui.add_space(look::PAD);
        retention_ui(ui, app.bench().retention, actions);
        close = footer_ui(ui, "", |_| {});
    });
    if closed || close {
        actions.push(Action::App(AppAction::Hide));
    }
}

fn tables_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let tables = match &app.storage().found {
        None => return drop(ui.spinner()),
        Some(Err(fault)) => return fault_ui(ui, fault),
        Some(Ok(tables)) if tables.is_empty() => {
            ui.label("Nothing is kept: no feed has sent anything that could not be read again");
            return;
        }
        Some(Ok(tables)) => tables,
    };
    let all: u64 = tables.iter().map(|table| table.bytes).sum();
    ui.label(RichText::new(format!("{} in all", numbers::bytes(all))).strong());
    ui.add_space(look::STEP);
    ScrollArea::vertical().max_height(220.0).auto_shrink([false, true]).show(ui, |ui| {
        Grid::new("stored").num_columns(3).striped(true).min_col_width(120.0).spacing([look::PAD, look::STEP]).show(
            ui,
            |ui| {
                for table in tables {
                    table_ui(ui, app, *table, actions);
                    ui.end_row();
                }
            },
        );
    });
}

fn table_ui(ui: &mut Ui, app: &App, table: StoredTable, actions: &mut Vec<Action>) {
    let name = name(app, table.id);
    match &name {
        Some((name, true)) => ui.label(name),
        Some((name, false)) => ui.label(look::faint(format!("{name}, removed"), ui)),
        None => ui.label(look::faint("a table that nothing leads back to", ui)),
    };
    ui.label(numbers::bytes(table.bytes));
    let is_open = app.sheets().iter().any(|sheet| sheet.id == table.id);
    let hint = if is_open {
        "Its feeds are connected anew, and what they cannot send again is gone. This cannot be taken back"
    } else {
        "It does not come back with the table. This cannot be taken back"
    };
    let label = name.map_or_else(|| "Let it go".to_owned(), |(name, _)| format!("Let go of {name}"));
    let button = ui.button("Let go").on_hover_text(hint);
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    if button.clicked() {
        actions.push(Action::Storage(StorageAction::LetGo(table.id)));
    }
}

/// The name of a table, and whether it is set up now: else a step back brings it.
fn name(app: &App, id: TableId) -> Option<(String, bool)> {
    let now = app.bench().table(id).map(|table| (table.name.clone(), true));
    now.or_else(|| Some((app.table_before(id)?.name.clone(), false)))
}

fn retention_ui(ui: &mut Ui, retention: Retention, actions: &mut Vec<Action>) {
    ui.label(RichText::new("Kept").strong());
    let mut new = retention;
    let limit = |ui: &mut Ui, name: &str, unit: &str, value: &mut Option<u32>, first: u32| {
        ui.horizontal(|ui| {
            let mut on = value.is_some();
            if ui.checkbox(&mut on, name).changed() {
                *value = on.then_some(first);
            }
            if let Some(value) = value {
                let field = ui.add(DragValue::new(value).range(1..=1_000_000).suffix(format!(" {unit}")));
                field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, name));
            }
        });
    };
    limit(ui, "At most so old", "days", &mut new.days, DAYS);
    limit(ui, "At most so much of each feed", "MiB", &mut new.mebibytes, MEBIBYTES);
    if retention.is_unlimited() {
        ui.label(look::faint("Everything is kept", ui));
    } else {
        let about =
            "The oldest is dropped first. What was read stays in the answers; a new question begins with what is kept";
        ui.add(Label::new(look::faint(about, ui)).wrap());
    }
    if new != retention {
        actions.push(Action::Storage(StorageAction::Keep(new)));
    }
}
