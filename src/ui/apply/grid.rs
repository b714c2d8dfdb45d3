//! Carrying out what concerns the grid of the selected table's answer.

use eframe::egui::{Context, Id};

use super::super::App;
use super::super::action::Pane;
use super::super::grid::{FIND, GridAction};

impl App {
    pub(super) fn apply_grid(&mut self, ctx: &Context, action: GridAction) {
        let Some(sheet) = self.sheet_mut() else { return };
        let (finds, card) = (matches!(action, GridAction::Find(Some(_))), matches!(action, GridAction::Card(_)));
        let opens = finds && !sheet.grid.finds;
        match sheet.grid.apply(action) {
            Ok(text) => text.into_iter().for_each(|text| ctx.copy_text(text)),
            Err(fault) => self.notices.fault(&fault),
        }
        if card && self.sheet().is_some_and(|sheet| sheet.grid.card.is_some()) {
            self.pane = Some(Pane::Row);
        }
        if opens {
            ctx.memory_mut(|memory| memory.request_focus(Id::unique(FIND)));
        }
    }
}
