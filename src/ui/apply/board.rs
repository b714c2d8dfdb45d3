//! What is done with boards: steps of the bench, and what of it is seen.

use std::time::Instant;

use crate::ui::App;
use crate::ui::action::BoardAction;
use crate::workspace::bench::{BoardId, Edit, Tile, TileId, TileKind};

impl App {
    pub(super) fn apply_board(&mut self, action: BoardAction) {
        match action {
            BoardAction::Show(board) => {
                self.boards.shown = board;
                self.boards.presenting &= board.is_some();
                (self.boards.maximised, self.boards.renaming, self.boards.range) = (None, None, None);
                self.save_workspace();
            }
            BoardAction::Edit { edit, goes_on } => self.edit_bench(&edit, goes_on),
            BoardAction::New => {
                let name = format!("Board {}", self.boards.bench().boards.len() + 1);
                self.edit_bench(&Edit::AddBoard { name, tiles: Vec::new() }, false);
                self.boards.shown = self.boards.bench().boards.last().map(|board| board.id);
            }
            BoardAction::Undo => self.step_bench(true),
            BoardAction::Redo => self.step_bench(false),
            BoardAction::Range(range) => self.boards.range = range,
            BoardAction::Maximise(tile) => self.boards.maximised = tile,
            BoardAction::Present(presenting) => {
                self.boards.presenting = presenting && self.boards.shown.is_some();
            }
            BoardAction::Rename(tile) => self.boards.renaming = tile,
            BoardAction::Open(tile) => self.open_tile(tile),
            BoardAction::Keep(board) => self.keep_question(board),
        }
    }

    fn edit_bench(&mut self, edit: &Edit, goes_on: bool) {
        if let Err(fault) = self.boards.bench.edit(edit, goes_on) {
            return self.notices.fault(&fault);
        }
        self.bench_changed();
        if goes_on {
            self.boards.changed = Some(Instant::now());
        } else {
            self.save_workspace();
        }
    }

    fn step_bench(&mut self, back: bool) {
        if if back { self.boards.bench.undo() } else { self.boards.bench.redo() } {
            self.bench_changed();
            self.save_workspace();
        }
    }

    /// What is seen follows what is there.
    fn bench_changed(&mut self) {
        let bench = self.boards.bench().clone();
        let boards = &mut self.boards;
        boards.shown = boards.shown.filter(|id| bench.board(*id).is_some());
        boards.presenting &= boards.shown.is_some();
        boards.maximised = boards.maximised.filter(|id| bench.tile(*id).is_some());
        boards.renaming = boards.renaming.filter(|id| bench.tile(*id).is_some());
    }

    /// Puts the question of a tile before its table.
    fn open_tile(&mut self, tile: TileId) {
        let Some(tile) = self.boards.bench().tile(tile).cloned() else { return };
        let Some(sheet) = self.sheets.iter_mut().find(|sheet| sheet.table.name == tile.table) else { return };
        sheet.question.step();
        sheet.question.set_sql(tile.sql);
        sheet.ask(&self.wake);
        self.selected = Some(sheet.id);
        self.boards.shown = None;
    }

    /// Puts the question of the selected table on a board, drawn as it is.
    fn keep_question(&mut self, board: BoardId) {
        let Some(sheet) = self.sheet() else { return };
        let mark = sheet.chart.chosen_mark().unwrap_or_default().to_owned();
        let tile = Tile::new(&sheet.table.name, "", sheet.question.sql.clone(), TileKind::Figure(mark));
        self.edit_bench(&Edit::AddTile { board, tile, at: None }, false);
        self.boards.shown = Some(board);
    }
}
