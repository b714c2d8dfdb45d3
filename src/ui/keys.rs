//! Keyboard shortcuts: those of `COMMANDS`, and what Escape closes.

use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers, Popup};

use super::App;
use super::action::{Action, AppAction, BoardAction, FeedAction};
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
    // Escape closes an open popup first. (The popups of this frame are not known before they are painted.)
    if Popup::is_any_open(ctx) || !closes(app) || !ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape)) {
        return;
    }
    actions.push(match (app.pane, &app.feed, app.boards.maximised) {
        (Some(_), ..) => Action::App(AppAction::Hide),
        (None, Some(_), _) => Action::Feed(FeedAction::Close),
        (None, None, Some(_)) => Action::Board(BoardAction::Maximise(None)),
        (None, None, None) => Action::Board(BoardAction::Present(false)),
    });
}

/// Whether this event is a stroke of `shortcut`.
fn is(event: &Event, shortcut: &KeyboardShortcut) -> bool {
    matches!(event, Event::Key { key, modifiers, pressed: true, .. }
        if *key == shortcut.logical_key && modifiers.matches_logically(shortcut.modifiers))
}

/// Whether there is something that Escape closes.
fn closes(app: &App) -> bool {
    app.pane.is_some() || app.feed.is_some() || app.boards.maximised.is_some() || app.boards.presenting
}
