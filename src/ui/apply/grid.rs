//! Carrying out what concerns the grid of the answer of a table.

use eframe::egui::{Context, Id};

use super::super::App;
use super::super::action::Pane;
use super::super::grid::{FIND, GridAction};
use crate::workspace::TableId;

impl App {
    pub(super) fn apply_grid(&mut self, ctx: &Context, table: TableId, action: GridAction) {
        let Some(sheet) = self.sheet_mut(table) else { return };
        let (finds, card) = (matches!(action, GridAction::Find(Some(_))), matches!(action, GridAction::Card(_)));
        let opens = finds && !sheet.grid.finds;
        let applied = sheet.grid.apply(action);
        let has_card = sheet.grid.card.is_some();
        match applied {
            Ok(text) => text.into_iter().for_each(|text| ctx.copy_text(text)),
            Err(fault) => self.notices.fault(&fault),
        }
        if card && has_card {
            self.pane = Some(Pane::Row);
        }
        if opens {
            ctx.memory_mut(|memory| memory.request_focus(Id::unique(FIND)));
        }
    }
}
