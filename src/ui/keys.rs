//! Keyboard shortcuts.

use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers, Popup};

use super::App;
use super::action::{Action, AppAction, BoardAction, FeedAction, OpenAction, QuestionAction, RunAction};

pub const ASK: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);
pub const OPEN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::O);
pub const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
pub const REDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
/// The other one for taking a step again.
const AGAIN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Y);
pub const PRESENT: KeyboardShortcut = KeyboardShortcut::new(Modifiers::NONE, Key::F11);
pub const PAUSE: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::P);

/// Turns this frame's key strokes into actions, before any widget sees them.
pub fn read(ctx: &Context, app: &App, actions: &mut Vec<Action>) {
    let pressed = |shortcut: &KeyboardShortcut| ctx.input_mut(|i| i.consume_shortcut(shortcut));
    if pressed(&ASK) {
        actions.push(Action::Question(QuestionAction::Ask));
    }
    if pressed(&OPEN) {
        actions.push(Action::Open(OpenAction::PickFiles));
    }
    if pressed(&PAUSE)
        && let Some(sheet) = app.sheet()
    {
        actions.push(Action::Run(if sheet.watch.paused { RunAction::Resume } else { RunAction::Pause }));
    }
    let on_board = app.boards.shown.is_some();
    // A focused text field handles undo and redo itself.
    if !ctx.text_edit_focused() {
        let of = |board: BoardAction, question: QuestionAction| {
            if on_board { Action::Board(board) } else { Action::Question(question) }
        };
        if pressed(&REDO) || pressed(&AGAIN) {
            actions.push(of(BoardAction::Redo, QuestionAction::Redo));
        }
        if pressed(&UNDO) {
            actions.push(of(BoardAction::Undo, QuestionAction::Undo));
        }
    }
    if on_board && pressed(&PRESENT) {
        actions.push(Action::Board(BoardAction::Present(!app.boards.presenting)));
    }
    // Escape closes an open popup first. (The popups of this frame are not known before they are painted.)
    if (app.pane.is_some() || app.feed.is_some())
        && !Popup::is_any_open(ctx)
        && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape))
    {
        actions.push(if app.pane.is_some() { Action::App(AppAction::Hide) } else { Action::Feed(FeedAction::Close) });
    } else if (app.boards.maximised.is_some() || app.boards.presenting)
        && !Popup::is_any_open(ctx)
        && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape))
    {
        let presents = app.boards.maximised.is_none();
        actions.push(Action::Board(if presents { BoardAction::Present(false) } else { BoardAction::Maximise(None) }));
    }
}
