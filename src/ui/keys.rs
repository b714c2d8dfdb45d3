//! Keyboard shortcuts: those of `COMMANDS`, and what Escape closes.

use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers, Popup};

use super::App;
use super::action::{Action, AppAction, BoardAction, ChartAction, FeedAction};
use super::command::{COMMANDS, Command};

/// Turns this frame's key strokes into actions, before any widget sees them.
pub fn read(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let writing = ctx.text_edit_focused();
    // Keys with Shift first: the others would take them for theirs.
    let of = |shift: bool| {
        let own = move |key: &&KeyboardShortcut| key.modifiers.shift == shift;
        COMMANDS.iter().flat_map(move |command| command.keys.iter().filter(own).map(move |key| (command, key)))
    };
    let all: Vec<(&Command, &KeyboardShortcut)> = of(true).chain(of(false)).collect();
    for (command, key) in all {
        if (writing && !command.in_text) || !ctx.input(|i| i.events.iter().any(|event| is(event, key))) {
            continue;
        }
        // The key of a command that cannot be done now is for whoever has the focus.
        if let Some(action) = (command.make)(app) {
            ctx.input_mut(|i| i.consume_shortcut(key));
            actions.push(action);
        }
    }
    // Escape closes an open popup first, and gives up a name that is being written. (The popups of this frame are not
    // known before they are painted.)
    let naming = app.boards.renaming.is_some() || app.boards.naming.is_some();
    if Popup::is_any_open(ctx)
        || naming
        || !closes(app)
        || !ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape))
    {
        return;
    }
    let boards = &app.boards;
    actions.push(match () {
        () if app.pane.is_some() => Action::App(AppAction::Hide),
        () if app.feed.is_some() => Action::Feed(FeedAction::Close),
        () if app.drawing && boards.shown.is_none() => Action::Chart(ChartAction::Form(false)),
        () if boards.drawing.is_some() => Action::Board(BoardAction::Figure(None)),
        () if boards.adding.is_some() => Action::Board(BoardAction::Add(None)),
        () if boards.maximised.is_some() => Action::Board(BoardAction::Maximise(None)),
        () => Action::Board(BoardAction::Present(false)),
    });
}

/// Whether this event is a stroke of `shortcut`.
fn is(event: &Event, shortcut: &KeyboardShortcut) -> bool {
    matches!(event, Event::Key { key, modifiers, pressed: true, .. }
        if *key == shortcut.logical_key && modifiers.matches_logically(shortcut.modifiers))
}

/// Whether there is something that Escape closes.
fn closes(app: &App) -> bool {
    let boards = &app.boards;
    let beside = app.drawing && boards.shown.is_none() || boards.drawing.is_some() || boards.adding.is_some();
    app.pane.is_some() || app.feed.is_some() || beside || boards.maximised.is_some() || boards.presenting
}
