//! The keys of the grid, while it has the focus: they move and extend what is selected, copy it, open its row.

use eframe::egui::{Event, EventFilter, Id, Key, Modifiers, Role, Sense, Ui, WidgetInfo};

use crate::ui::action::Action;
use crate::ui::grid::{Grid, GridAction, Selection};

/// The grid as something that has the focus.
pub(super) fn id() -> Id {
    Id::unique("cells of the answer")
}

/// `columns` are those on screen. The row that has to come into sight, if a key has moved to one.
pub(super) fn keys_ui(
    ui: &mut Ui,
    grid: &Grid,
    columns: &[usize],
    height: usize,
    actions: &mut Vec<Action>,
) -> Option<usize> {
    let rect = ui.available_rect_before_wrap();
    let response = ui.interact(rect, id(), Sense::focusable_noninteractive());
    response.widget_info(|| WidgetInfo::labeled(Role::Table, true, "Cells of the answer"));
    if !response.has_focus() {
        return None;
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id(), filter));
    let mut act = |action: GridAction| actions.push(Action::Grid(grid.table, action));
    let Some(selection) = grid.selection else {
        // Keys begin with the first cell.
        act(GridAction::Select(Some(Selection::cell(0, columns.first().copied()?))));
        return Some(0);
    };
    let (copy, all, enter) = ui.input_mut(|i| {
        let copy = i.events.iter().any(|event| matches!(event, Event::Copy));
        (copy, i.consume_key(Modifiers::COMMAND, Key::A), i.consume_key(Modifiers::NONE, Key::Enter))
    });
    if copy {
        act(GridAction::Copy);
    }
    let (first, last) = (columns.first().copied()?, columns.last().copied()?);
    if all {
        let head = (height.saturating_sub(1), last);
        act(GridAction::Select(Some(Selection { anchor: (0, first), head })));
        return None;
    }
    if enter {
        act(GridAction::Card(selection.head.0));
        return None;
    }
    let (row, column) = selection.head;
    let place = columns.iter().position(|of| *of == column).unwrap_or(0);
    let beside = |place: usize| columns.get(place).copied().unwrap_or(last);
    let moves = [
        (Key::ArrowUp, (row.saturating_sub(1), column)),
        (Key::ArrowDown, ((row + 1).min(height.saturating_sub(1)), column)),
        (Key::ArrowLeft, (row, beside(place.saturating_sub(1)))),
        (Key::ArrowRight, (row, beside(place + 1))),
        (Key::Home, (0, column)),
        (Key::End, (height.saturating_sub(1), column)),
    ];
    for (key, head) in moves {
        let extends = ui.input_mut(|i| i.consume_key(Modifiers::SHIFT, key));
        if extends || ui.input_mut(|i| i.consume_key(Modifiers::NONE, key)) {
            let anchor = if extends { selection.anchor } else { head };
            act(GridAction::Select(Some(Selection { anchor, head })));
            return Some(head.0);
        }
    }
    None
}
