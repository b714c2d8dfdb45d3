//! Keyboard shortcuts: those of `COMMANDS`, and what Escape closes.

use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers, Popup};

use super::action::{Action, AppAction, BoardAction, ChartAction, FeedAction};
use super::board::head_id;
use super::command::{COMMANDS, Command};
use super::{App, focus};

/// Turns this frame's key strokes into actions, before any widget sees them.
pub fn read(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let writing = ctx.text_edit_focused();
    let covered = app.has_over() || Popup::is_any_open(ctx);
    // Keys with Shift first: the others would take them for theirs.
    let of = |shift: bool| {
        let own = move |key: &&KeyboardShortcut| key.modifiers.shift == shift;
        COMMANDS.iter().flat_map(move |command| command.keys.iter().filter(own).map(move |key| (command, key)))
    };
    let all: Vec<(&Command, &KeyboardShortcut)> = of(true).chain(of(false)).collect();
    for (command, key) in all {
        let is_widgets = is_plain(key) && (covered || (presses(key) && at_widget(app)));
        if is_widgets || (writing && !command.in_text) || !ctx.input(|i| i.events.iter().any(|event| is(event, key))) {
            continue;
        }
        // The key of a command that cannot be done now is for whoever has the focus.
        if let Some(action) = (command.make)(app) {
            ctx.input_mut(|i| i.consume_shortcut(key));
            actions.push(action);
        }
    }
    // Escape closes an open popup first, and gives up a text that is written on a board. (The popups of this frame are
    // not known before they are painted.)
    let of_text = !app.has_over() && focus::wrote(ctx);
    if of_text
        || Popup::is_any_open(ctx)
        || !closes(app)
        || !ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape))
    {
        return;
    }
    let boards = &app.boards;
    let drawing = app.selected.filter(|_| app.drawing && boards.shown.is_none());
    actions.push(match drawing {
        _ if app.pane.is_some() => Action::App(AppAction::Hide),
        _ if app.feed.is_some() => Action::Feed(FeedAction::Close),
        Some(table) => Action::Chart(table, ChartAction::Form(false)),
        None if boards.drawing.is_some() => Action::Board(BoardAction::Figure(None)),
        None if boards.adding.is_some() => Action::Board(BoardAction::Add(None)),
        None if app.tile_question().is_some() => Action::Board(BoardAction::Question(None)),
        None if boards.maximised.is_some() => Action::Board(BoardAction::Maximise(None)),
        None => Action::Board(BoardAction::Present(false)),
    });
}

/// A key of what is seen: where something lies over it, it is of that.
fn is_plain(key: &KeyboardShortcut) -> bool {
    key.modifiers.is_none() && !matches!(key.logical_key, Key::F1 | Key::Questionmark)
}

/// A key that buttons and fields have a use for.
fn presses(key: &KeyboardShortcut) -> bool {
    matches!(key.logical_key, Key::Enter | Key::Delete)
}

/// Whether something other than a tile has the focus.
fn at_widget(app: &App) -> bool {
    let Some(focused) = app.focused else { return false };
    let tiles = app.board().map_or(&[][..], |board| &board.tiles);
    !tiles.iter().any(|tile| head_id(tile.id) == focused)
}

/// Whether this event is a stroke of `shortcut`.
fn is(event: &Event, shortcut: &KeyboardShortcut) -> bool {
    matches!(event, Event::Key { key, modifiers, pressed: true, .. }
        if *key == shortcut.logical_key && modifiers.matches_logically(shortcut.modifiers))
}

/// Whether there is something that Escape closes.
fn closes(app: &App) -> bool {
    let boards = &app.boards;
    let of_board = boards.drawing.is_some() || boards.adding.is_some() || app.tile_question().is_some();
    let beside = app.drawing && boards.shown.is_none() || of_board;
    app.pane.is_some() || app.feed.is_some() || beside || boards.maximised.is_some() || boards.presenting
}
