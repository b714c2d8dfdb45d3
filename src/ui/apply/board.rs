//! What is done with boards: steps of the bench, and what of it is seen.

use std::time::Instant;

use crate::ui::App;
use crate::ui::action::BoardAction;
use crate::ui::board::{Adding, as_asked, title};
use crate::workspace::TableId;
use crate::workspace::bench::{Bench, BoardId, Edit, Scope, Tile, TileId, TileKind};

impl App {
    pub(in crate::ui) fn apply_board(&mut self, action: BoardAction) {
        match action {
            BoardAction::Show(board) => {
                self.bring_to_front(board);
                self.save_workspace();
            }
            BoardAction::Edit { edit, goes_on } => {
                let gone = removed(self.bench(), &edit);
                if let Edit::RenameQuestion { question, name, .. } = &*edit {
                    self.rename_in_written(question, name);
                }
                self.step_on(&edit, goes_on);
                if matches!(*edit, Edit::RenameQuestion { .. }) {
                    self.reconcile();
                }
                if let Some(gone) = gone {
                    self.notices.offer_undo(format!("{gone} was removed"));
                }
                if let Edit::Duplicate { tile } = *edit {
                    // Keys are for the one that came, the newest.
                    let board = self.bench().board_of(tile);
                    self.boards.focus = board.and_then(|board| board.tiles.iter().map(|tile| tile.id).max());
                }
            }
            BoardAction::New => self.add_board(),
            BoardAction::MoveToNew(tile) => {
                self.add_board();
                if let Some(board) = self.boards.shown {
                    self.step_on(&Edit::MoveTile { tile, board, at: None }, true);
                }
            }
            BoardAction::Range(board, range) => {
                // A board shows all of its time anew when it comes to the front.
                if self.boards.shown != Some(board) {
                    return;
                }
                self.boards.range = range;
                // What is seen is kept, too, once it stands still.
                self.boards.changed = Some(Instant::now());
            }
            BoardAction::OwnRange(tile, range) => {
                self.boards.own_ranges.remove(&tile);
                self.boards.own_ranges.extend(range.map(|range| (tile, range)));
                self.boards.changed = Some(Instant::now());
            }
            BoardAction::Maximise(tile) => self.boards.maximised = tile,
            BoardAction::Present(presenting) => {
                self.boards.presenting = presenting && self.boards.shown.is_some();
            }
            BoardAction::Figure(tile) => (self.boards.drawing, self.boards.adding) = (tile, None),
            BoardAction::Add(table) => {
                (self.boards.drawing, self.boards.adding) = (None, table.map(Adding::of));
            }
            BoardAction::Write(tile) => self.boards.writing = tile,
            BoardAction::Rename(tile) => self.boards.renaming = tile,
            BoardAction::Name(board) => self.boards.naming = board,
            BoardAction::Pause(paused) => self.boards.paused = paused,
            BoardAction::Focus(tile) => self.boards.focus = tile,
            BoardAction::Reach(tile) => self.boards.focus = Some(tile),
            BoardAction::Filter { board, column, value } => self.limit(board, |scope| scope.toggled(&column, &value)),
            BoardAction::Brush(board, picked) => self.limit(board, |scope| scope.brushed(picked)),
            BoardAction::Question(tile) => self.show_tile_question(tile),
            BoardAction::Update(tile) => self.update_tile(tile),
            BoardAction::Leave(tile) => self.leave_tile(tile),
            BoardAction::Open(tile) => self.open_tile(tile),
            BoardAction::Keep { table, board } => self.keep_question(table, board),
        }
    }

    /// Changes what a board is limited to.
    fn limit(&mut self, board: BoardId, change: impl FnOnce(Scope) -> Scope) {
        let Some(board) = self.bench().board(board) else { return };
        let edit = Edit::SetScope { board: board.id, scope: change(board.scope.clone()) };
        self.step(&edit);
    }

    fn add_board(&mut self) {
        let name = format!("Board {}", self.bench().boards.len() + 1);
        self.step(&Edit::AddBoard { name, tiles: Vec::new() });
        self.bring_to_front(self.bench().boards.last().map(|board| board.id));
    }

    /// Puts the question of a tile before its table.
    fn open_tile(&mut self, tile: TileId) {
        let Some(tile) = self.bench().tile(tile).cloned() else { return };
        let Some(sheet) = self.sheets.iter_mut().find(|sheet| sheet.table.name == tile.table) else { return };
        sheet.question.set_sql(tile.sql.clone());
        sheet.ask(&self.wake);
        sheet.chart.set_settings(tile.settings());
        let table = sheet.id;
        self.bring_to_front(None);
        (self.selected, self.boards.editing) = (Some(table), Some(tile.id));
    }

    /// Gives a tile the question of its table, drawn as it is, and shows its board.
    fn update_tile(&mut self, id: TileId) {
        let Some(tile) = self.bench().tile(id).cloned() else { return };
        let Some(sheet) = self.sheet_named(&tile.table) else { return };
        let asked = Tile { sql: sheet.question.sql.clone(), ..tile };
        let is_figure = matches!(asked.show, TileKind::Figure(_));
        let tile = if is_figure { asked.drawn(sheet.chart.settings().clone()) } else { asked };
        self.step(&Edit::SetTile { tile });
        self.leave_tile(id);
    }

    fn leave_tile(&mut self, id: TileId) {
        self.boards.editing = None;
        self.bring_to_front(self.bench().board_of(id).map(|board| board.id));
    }

    /// Puts the question of a table on a board, drawn as it is.
    fn keep_question(&mut self, table: TableId, board: Option<BoardId>) {
        let Some(tile) = self.sheet_of(table).map(as_asked) else { return };
        if board.is_none() {
            self.add_board();
        }
        let Some(board) = board.or(self.boards.shown) else { return };
        self.step(&Edit::AddTile { board, tile, at: None });
        self.bring_to_front(Some(board));
    }
}

/// What a step removes, in words.
fn removed(bench: &Bench, edit: &Edit) -> Option<String> {
    match edit {
        Edit::RemoveTile { tile } => bench.tile(*tile).map(|tile| match bench.left_without(tile) {
            0 => title(tile),
            others => format!("{}, whose question {} is asked by {others},", title(tile), tile.question),
        }),
        Edit::RemoveBoard { board } => bench.board(*board).map(|board| board.name.clone()),
        _ => None,
    }
}
