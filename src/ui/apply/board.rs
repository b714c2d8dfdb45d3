//! What is done with boards: steps of the bench, and what of it is seen.

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
            BoardAction::Edit { edit, goes_on } => self.step_on(&edit, goes_on),
            BoardAction::New => {
                let name = format!("Board {}", self.bench().boards.len() + 1);
                self.step(&Edit::AddBoard { name, tiles: Vec::new() });
                self.boards.shown = self.bench().boards.last().map(|board| board.id);
            }
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

    /// Puts the question of a tile before its table.
    fn open_tile(&mut self, tile: TileId) {
        let Some(tile) = self.bench().tile(tile).cloned() else { return };
        let Some(sheet) = self.sheets.iter_mut().find(|sheet| sheet.table.name == tile.table) else { return };
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
        self.step(&Edit::AddTile { board, tile, at: None });
        self.boards.shown = Some(board);
    }
}
