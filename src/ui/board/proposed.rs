//! The board that comes with a table, so that there is something to watch at once. Where the event time of the table
//! becomes another, what nobody has touched is proposed anew.

use std::time::Instant;

use super::suggestions;
use crate::engine::TimeColumn;
use crate::ui::App;
use crate::ui::question::QuestionEditor;
use crate::ui::worksheet::Worksheet;
use crate::workspace::TableId;
use crate::workspace::bench::{Bench, Board, BoardId, Edit, Layout, Scope, Tile, TileKind};

/// Tiles of such a board.
const TILES: usize = 4;

impl App {
    /// Gives a table that has no board one, and fills one that is proposed anew.
    pub(in crate::ui) fn first_boards(&mut self) {
        for sheet in &mut self.sheets {
            // Files tell at once what a feed may tell late.
            let looks = sheet.finding.is_some() && !sheet.table.history.is_empty();
            if looks || sheet.question.asked.is_empty() || sheet.probe.is_some() {
                continue;
            }
            let tiles = tiles(sheet);
            if let Some(board) = sheet.proposes.take() {
                // One step with the choice of the time; a board that was taken away meanwhile stays away.
                for edit in [Edit::FillBoard { board, tiles: tiles.clone() }].into_iter().chain(narrow(board, &tiles)) {
                    let _ = self.bench.edit(&edit, true);
                }
                self.boards.changed = Some(Instant::now());
                continue;
            }
            let bench = self.bench.now();
            if std::mem::take(&mut sheet.refits)
                && let Some(board) = bench.boards.iter().find(|board| is_untouched(board, &sheet.table.name))
                && board.tiles.iter().map(|tile| &tile.sql).ne(tiles.iter().map(|tile| &tile.sql))
            {
                let fill = Edit::FillBoard { board: board.id, tiles: tiles.clone() };
                let edits = [fill].into_iter().chain(narrow(board.id, &tiles));
                edits.collect::<Vec<_>>().iter().for_each(|edit| self.bench.begin_with(edit));
                continue;
            }
            if bench.is_boarded(sheet.id) {
                continue;
            }
            let has = bench.boards.iter().any(|board| board.tiles.iter().any(|tile| tile.table == sheet.table.name));
            let name = format!("Board of {}", sheet.table.name);
            if has || self.bench.knows_board(&name) {
                self.bench.note_board(sheet.id);
                continue;
            }
            self.bench.begin_with(&Edit::AddBoard { name, tiles: tiles.clone() });
            let board = self.bench.now().boards.last().map(|board| board.id);
            board.and_then(|board| narrow(board, &tiles)).iter().for_each(|edit| self.bench.begin_with(edit));
        }
    }

    /// The event time of a table is this from now on.
    pub(in crate::ui) fn set_time(&mut self, id: TableId, time: Option<TimeColumn>) {
        let Some(sheet) = self.sheet_of(id) else { return };
        let column = |time: &Option<TimeColumn>| time.as_ref().map(|time| time.column.clone());
        let is_another = column(&sheet.table.time) != column(&time);
        let table = &sheet.table.name;
        let board = self.bench().boards.iter().find(|board| is_untouched(board, table)).map(|board| board.id);
        self.retable(id, |table| table.time = time);
        let Some(at) = self.sheets.iter().position(|sheet| sheet.id == id).filter(|_| is_another) else { return };
        let mut sheet = self.sheets.remove(at);
        sheet.proposes = board;
        if sheet.proposed.as_ref().is_some_and(|own| own.sql == sheet.question.sql) {
            sheet.question = QuestionEditor::default();
        }
        self.propose_first(&mut sheet);
        self.sheets.insert(at, sheet);
    }
}

fn tiles(sheet: &Worksheet) -> Vec<Tile> {
    suggestions(sheet, None).into_iter().take(TILES).map(|tile| Tile { suggested: true, ..tile }).collect()
}

/// A number needs less room than the figure beside it.
fn narrow(board: BoardId, tiles: &[Tile]) -> Option<Edit> {
    let numbered = matches!(tiles, [Tile { show: TileKind::Number, .. }, _, _, ..]);
    numbered.then(|| Edit::Resize { board, path: vec![0], shares: vec![0.32, 0.68] })
}

/// Whether a board came with this table, and nobody has had a hand in it.
fn is_untouched(board: &Board, table: &str) -> bool {
    let tiles = board.tiles.clone();
    let made = Bench::default().after(&Edit::AddBoard { name: board.name.clone(), tiles }).and_then(|made| {
        let first = made.boards.first().map(|board| board.id);
        first.and_then(|first| narrow(first, &board.tiles)).map_or(Ok(made.clone()), |edit| made.after(&edit))
    });
    let shape = |board: &Board| board.layout.as_ref().map(Layout::shape);
    board.scope == Scope::default()
        && board.tiles.iter().all(|tile| tile.suggested && tile.table == table)
        && made.is_ok_and(|made| made.boards.first().map(shape) == Some(shape(board)))
}
