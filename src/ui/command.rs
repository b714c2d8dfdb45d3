//! Everything that has a name, and maybe keys: the palette, the shortcuts and the sheet of keys are loops over one
//! slice.

use std::path::Path;

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

use super::App;
use super::action::{
    Action, AnswerFile, AppAction, BoardAction, ChartFile, ExportAction, FeedAction, OpenAction, Pane, QuestionAction,
    RunAction, TableAction,
};
use super::grid::GridAction;
use super::worksheet::line_id;
use crate::data::zone::Zone;
use crate::workspace::bench::{BoardId, Edit, Scope, Tile, TileId, TileKind};
use crate::workspace::{Folded, SAMPLES, TableId, Theme};

/// Something that a person can do by its name.
#[derive(Clone, Copy)]
pub struct Command {
    pub name: &'static str,
    pub keys: &'static [KeyboardShortcut],
    /// Also while a text is being written, which has keys of its own.
    pub in_text: bool,
    /// What it does now; `None` when it cannot be done.
    pub make: fn(&App) -> Option<Action>,
}

const fn with(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

const SHIFTED: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// The keys that others show beside a button.
pub const ASK: KeyboardShortcut = with(Modifiers::COMMAND, Key::Enter);
pub const OPEN: KeyboardShortcut = with(Modifiers::COMMAND, Key::O);
pub const FIND: KeyboardShortcut = with(Modifiers::COMMAND, Key::F);
pub const TABLES: KeyboardShortcut = with(Modifiers::COMMAND, Key::B);
pub const QUESTION: KeyboardShortcut = with(Modifiers::COMMAND, Key::E);
pub const PRESENT: KeyboardShortcut = with(Modifiers::NONE, Key::F11);
pub const PALETTE: KeyboardShortcut = with(Modifiers::COMMAND, Key::K);

const fn command(name: &'static str, make: fn(&App) -> Option<Action>) -> Command {
    Command { name, keys: &[], in_text: false, make }
}

const fn keyed(name: &'static str, keys: &'static [KeyboardShortcut], make: fn(&App) -> Option<Action>) -> Command {
    Command { name, keys, in_text: true, make }
}

/// All of them, in the order of the palette.
pub const COMMANDS: &[Command] = &[
    keyed("Commands…", &[PALETTE, with(SHIFTED, Key::P)], |_| show(Pane::Palette)),
    Command {
        in_text: false,
        ..keyed(
            "Keys and commands",
            &[with(Modifiers::NONE, Key::F1), with(Modifiers::NONE, Key::Questionmark)],
            |_| show(Pane::Keys),
        )
    },
    keyed("Open files…", &[OPEN], |_| Some(Action::Open(OpenAction::PickFiles))),
    keyed("Open a path…", &[with(SHIFTED, Key::O)], |_| Some(Action::Open(OpenAction::Path))),
    command("Open a folder…", |_| Some(Action::Open(OpenAction::PickFolder))),
    command("Connect a feed…", |_| Some(Action::Feed(FeedAction::Begin(None)))),
    keyed("Ask the question", &[ASK], |app| {
        let of = match app.board() {
            Some(_) => app.tile_question().map(|(_, written)| written.of),
            None => app.sheet().map(|sheet| sheet.written().of),
        };
        of.map(|of| Action::Question(of, QuestionAction::Ask))
    }),
    Command {
        in_text: false,
        ..keyed("Undo", &[with(Modifiers::COMMAND, Key::Z)], |app| {
            app.bench.can_undo().then_some(Action::App(AppAction::Undo))
        })
    },
    Command {
        in_text: false,
        ..keyed("Redo", &[with(SHIFTED, Key::Z), with(Modifiers::COMMAND, Key::Y)], |app| {
            app.bench.can_redo().then_some(Action::App(AppAction::Redo))
        })
    },
    keyed("Find in the answer", &[FIND], |app| {
        let sheet = app.sheet().filter(|sheet| app.boards.shown.is_none() && sheet.watch.shown.is_some())?;
        Some(Action::Grid(sheet.id, GridAction::Find(Some(sheet.grid.view().find.clone()))))
    }),
    keyed("Next panel", &[with(Modifiers::NONE, Key::F6)], |_| Some(Action::App(AppAction::Panel(1)))),
    keyed("Panel before", &[with(Modifiers::SHIFT, Key::F6)], |_| Some(Action::App(AppAction::Panel(-1)))),
    keyed("Pause or go on", &[with(Modifiers::COMMAND, Key::P)], |app| {
        if app.board().is_some() {
            return Some(Action::Board(BoardAction::Pause(!app.boards.paused)));
        }
        let sheet = app.sheet()?;
        Some(Action::Run(sheet.id, if sheet.watch.paused { RunAction::Resume } else { RunAction::Pause }))
    }),
    command("Stop the feeds of the table", |app| {
        let sheet = app.sheet().filter(|sheet| sheet.watch.is_live())?;
        Some(Action::Table(sheet.id, TableAction::Stop))
    }),
    command("Start the feeds of the table again", |app| {
        let sheet = app.sheet().filter(|sheet| sheet.can_start_again())?;
        Some(Action::Table(sheet.id, TableAction::StartAgain))
    }),
    command("Rewind…", |app| app.sheet().filter(|sheet| sheet.can_rewind()).and_then(|_| show(Pane::Rewind))),
    command("Seam ledger", |app| {
        app.sheet().filter(|sheet| !sheet.table.live.is_empty()).and_then(|_| show(Pane::Ledger))
    }),
    command("What the question costs", |app| app.sheet().and_then(|_| show(Pane::Cost))),
    command("What the disk holds…", |app| app.session().writes().and_then(|_| show(Pane::Storage))),
    command("Measure how late rows come", |app| {
        let sheet = app.sheet().filter(|sheet| !sheet.table.live.is_empty())?;
        Some(Action::Table(sheet.id, TableAction::ProfileLateness))
    }),
    command("Show the question", |app| {
        app.sheet().and(app.boards.shown).map(|_| Action::Board(BoardAction::Show(None)))
    }),
    keyed("Next board", &[with(Modifiers::COMMAND, Key::PageDown)], |app| beside(app, 1)),
    keyed("Board before", &[with(Modifiers::COMMAND, Key::PageUp)], |app| beside(app, -1)),
    command("New board", |app| app.sheet().map(|_| Action::Board(BoardAction::New))),
    keyed("Present the board", &[PRESENT], |app| {
        app.boards.shown.map(|_| Action::Board(BoardAction::Present(!app.boards.presenting)))
    }),
    Command {
        in_text: false,
        ..keyed("Rename the tile, the board, or the table", &[with(Modifiers::NONE, Key::F2)], |app| {
            let at = app.sheets.iter().find(|sheet| app.focused == Some(line_id(sheet.id)));
            let Some(board) = app.board().filter(|_| at.is_none()) else {
                return at.or(app.sheet()).map(|sheet| Action::Table(sheet.id, TableAction::Name(true)));
            };
            Some(Action::Board(match app.boards.focus {
                Some(tile) => BoardAction::Rename(Some(tile)),
                None => BoardAction::Name(Some(board.id)),
            }))
        })
    },
    command("Rename the table…", |app| app.sheet().map(|sheet| Action::Table(sheet.id, TableAction::Name(true)))),
    Command {
        in_text: false,
        ..keyed("Close the tile", &[with(Modifiers::NONE, Key::Delete)], |app| {
            focused(app).map(|tile| edit(Edit::RemoveTile { tile }))
        })
    },
    Command {
        in_text: false,
        ..keyed("Duplicate the tile", &[with(Modifiers::COMMAND, Key::D)], |app| {
            focused(app).map(|tile| edit(Edit::Duplicate { tile }))
        })
    },
    Command {
        in_text: false,
        ..keyed("Maximise the tile, or give the others their place back", &[with(Modifiers::NONE, Key::Enter)], |app| {
            let maximised = app.boards.maximised.is_none();
            focused(app).map(|tile| Action::Board(BoardAction::Maximise(maximised.then_some(tile))))
        })
    },
    Command {
        in_text: false,
        ..keyed("Next tile", &[with(Modifiers::NONE, Key::PageDown)], |app| tile_beside(app, 1))
    },
    Command {
        in_text: false,
        ..keyed("Tile before", &[with(Modifiers::NONE, Key::PageUp)], |app| tile_beside(app, -1))
    },
    command("Edit the text of the tile", |app| {
        let tile = app.board()?.tile(focused(app)?)?;
        matches!(tile.show, TileKind::Text(_)).then(|| Action::Board(BoardAction::Write(Some(tile.id))))
    }),
    command("Add a text to the board", |app| Some(edit(words(app.board()?.id)))),
    command("Add a tile…", |app| app.table_to_add().map(|table| Action::Board(BoardAction::Add(Some(table))))),
    command("Change the question of the tile…", |app| {
        asking(app).map(|tile| Action::Board(BoardAction::Question(Some(tile))))
    }),
    command("Open the question of the tile at its table", |app| {
        asking(app).map(|tile| Action::Board(BoardAction::Open(tile)))
    }),
    command("Remove the table", |app| app.sheet().map(|sheet| Action::Table(sheet.id, TableAction::Remove))),
    command("Remove the board", |app| app.board().map(|board| edit(Edit::RemoveBoard { board: board.id }))),
    command("Duplicate the board", |app| app.board().map(|board| edit(Edit::DuplicateBoard { board: board.id }))),
    command("Clear the filters of the board", |app| {
        let board = app.board().filter(|board| !board.scope.filters.is_empty())?;
        let scope = Scope { filters: Vec::new(), ..board.scope.clone() };
        Some(edit(Edit::SetScope { board: board.id, scope }))
    }),
    command("Show all of the time", |app| {
        let board = app.board().filter(|_| app.boards.range.is_some())?;
        Some(Action::Board(BoardAction::Range(board.id, None)))
    }),
    keyed("Save the workspace", &[with(Modifiers::COMMAND, Key::S)], |app| {
        let named = app.session().writes().filter(|file| *file != app.folders.workspace_file());
        Some(Action::Export(ExportAction::Workspace(named.map(Path::to_owned))))
    }),
    keyed("Save the workspace as…", &[with(SHIFTED, Key::S)], |_| {
        Some(Action::Export(ExportAction::Workspace(None)))
    }),
    keyed("Quit", &[with(Modifiers::COMMAND, Key::Q)], |_| Some(Action::App(AppAction::Leave))),
    keyed("Show or hide the tables", &[TABLES], |app| {
        let folded = app.settings.folded;
        Some(Action::App(AppAction::Fold(Folded { tables: !folded.tables, ..folded })))
    }),
    keyed("Show or hide the question", &[QUESTION], |app| {
        app.sheet().filter(|_| app.boards.shown.is_none())?;
        let folded = app.settings.folded;
        Some(Action::App(AppAction::Fold(Folded { question: Some(!app.folds_question()), ..folded })))
    }),
    command("Export the chart as PNG…", |app| export(app, |table| ExportAction::Chart(None, table, ChartFile::Png))),
    command("Export the chart as SVG…", |app| export(app, |table| ExportAction::Chart(None, table, ChartFile::Svg))),
    command("Export the answer as CSV…", |app| {
        export(app, |table| ExportAction::Answer(None, table, AnswerFile::Csv))
    }),
    command("Export the answer as Parquet…", |app| {
        export(app, |table| ExportAction::Answer(None, table, AnswerFile::Parquet))
    }),
    command("Log of notices", |_| show(Pane::Log)),
    command("Theme: follow system", |_| theme(Theme::System)),
    command("Theme: light", |_| theme(Theme::Light)),
    command("Theme: dark", |_| theme(Theme::Dark)),
    command("Times in UTC", |_| zone(Zone::Utc)),
    command("Times in local time", |_| zone(Zone::Local)),
    command("Times in another zone…", |_| show(Pane::Zones)),
];

/// What the palette offers.
pub struct Offer {
    pub name: String,
    pub keys: &'static [KeyboardShortcut],
    pub action: Action,
}

/// All that can be done now: commands, and samples to open.
pub fn offers(app: &App) -> impl Iterator<Item = Offer> {
    let commands = COMMANDS.iter().filter_map(|command| {
        // Who reads this has the palette open.
        let action = (command.make)(app).filter(|action| *action != Action::App(AppAction::Show(Pane::Palette)))?;
        Some(Offer { name: command.name.to_owned(), keys: command.keys, action })
    });
    let samples = SAMPLES.iter().map(|sample| {
        let name = format!("Open a sample: {}", sample.title);
        Offer { name, keys: &[], action: Action::Open(OpenAction::Sample(sample)) }
    });
    commands.chain(samples)
}

fn show(pane: Pane) -> Option<Action> {
    Some(Action::App(AppAction::Show(pane)))
}

fn theme(theme: Theme) -> Option<Action> {
    Some(Action::App(AppAction::Theme(theme)))
}

fn zone(zone: Zone) -> Option<Action> {
    Some(Action::App(AppAction::Zone(zone)))
}

fn edit(edit: Edit) -> Action {
    Action::Board(BoardAction::step(edit))
}

/// Puts a tile for a person's words on a board.
pub fn words(board: BoardId) -> Edit {
    let words = TileKind::Text("# A heading\nWhat is to be *watched* here.".to_owned());
    Edit::AddTile { board, tile: Tile::new("", "", String::new(), words), at: None }
}

/// The tile that keys are for.
fn focused(app: &App) -> Option<TileId> {
    let board = app.board()?;
    app.boards.maximised.or(app.boards.focus).filter(|id| board.tile(*id).is_some())
}

/// The same where its question is a person's.
fn asking(app: &App) -> Option<TileId> {
    let tile = app.board()?.tile(focused(app)?)?;
    tile.asks_freely().then_some(tile.id)
}

/// The tile so many places further, round and round.
fn tile_beside(app: &App, by: isize) -> Option<Action> {
    let tiles = app.board()?.layout.as_ref()?.in_front();
    let at = app.boards.focus.and_then(|id| tiles.iter().position(|tile| *tile == id));
    let next = match at {
        Some(at) => at.checked_add_signed(by).unwrap_or(tiles.len().checked_sub(1)?) % tiles.len(),
        None => 0,
    };
    tiles.get(next).map(|tile| Action::Board(BoardAction::Reach(*tile)))
}

/// What is exported is what is on screen.
fn export(app: &App, of: impl FnOnce(TableId) -> ExportAction) -> Option<Action> {
    let sheet = app.sheet().filter(|sheet| app.boards.shown.is_none() && sheet.watch.shown.is_some())?;
    Some(Action::Export(of(sheet.id)))
}

/// The board so many places further, counted from the question, round and round.
fn beside(app: &App, by: isize) -> Option<Action> {
    app.sheet()?;
    let boards = &app.bench().boards;
    let at = app.boards.shown.and_then(|id| boards.iter().position(|board| board.id == id)).map_or(0, |at| at + 1);
    let next = at.checked_add_signed(by).unwrap_or(boards.len()) % (boards.len() + 1);
    let board = next.checked_sub(1).and_then(|at| boards.get(at)).map(|board| board.id);
    Some(Action::Board(BoardAction::Show(board)))
}
