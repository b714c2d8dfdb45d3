//! The steps by which a bench changes. Each is plain data, addressed by ids, and leaves the bench it was applied to as
//! it was: so that every step can be taken back.

use serde::{Deserialize, Serialize};

use super::{
    Bench, Board, BoardId, BoardRow, Layout, NamedQuestions, Part, Retention, Scope, Side, Tile, TileId, VariableKind,
};
use crate::data::{Fault, Result};
use crate::workspace::table::{TableId, TableSetup};

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edit {
    /// Its id is given here, unless one was reserved for it.
    AddTable {
        table: TableSetup,
    },
    /// The table of this id becomes this one.
    SetTable {
        table: TableSetup,
    },
    RemoveTable {
        table: TableId,
    },
    /// Its name changes wherever it is named.
    RenameTable {
        table: TableId,
        name: String,
    },
    /// How long what feeds send is kept.
    SetRetention {
        retention: Retention,
    },
    /// A board with these tiles, in rows of two; their ids are given here.
    AddBoard {
        name: String,
        tiles: Vec<Tile>,
    },
    /// It has these tiles in place of its own, as `AddBoard` places them.
    FillBoard {
        board: BoardId,
        tiles: Vec<Tile>,
    },
    /// A board with these rows of tiles; their ids are given here.
    LayOutBoard {
        name: String,
        rows: Vec<BoardRow>,
    },
    RenameBoard {
        board: BoardId,
        name: String,
    },
    RemoveBoard {
        board: BoardId,
    },
    DuplicateBoard {
        board: BoardId,
    },
    /// What all its tiles are limited to.
    SetScope {
        board: BoardId,
        scope: Scope,
    },
    /// How long each board is shown while they take turns.
    SetTurn {
        seconds: Option<u32>,
    },
    /// Which of several tiles in one place is in front.
    ShowTab {
        board: BoardId,
        tile: TileId,
    },
    /// Its id is given here. Beside a tile, or below all.
    AddTile {
        board: BoardId,
        tile: Tile,
        at: Option<(TileId, Side)>,
    },
    Duplicate {
        tile: TileId,
    },
    /// The tile of this id becomes this one.
    SetTile {
        tile: Tile,
    },
    /// A named question of a table is called this, wherever it is asked.
    RenameQuestion {
        table: String,
        question: String,
        name: String,
    },
    /// Of this board or another; beside a tile, or below all.
    MoveTile {
        tile: TileId,
        board: BoardId,
        at: Option<(TileId, Side)>,
    },
    RemoveTile {
        tile: TileId,
    },
    /// The row or column that `path` leads to has parts of these shares.
    Resize {
        board: BoardId,
        path: Vec<usize>,
        shares: Vec<f32>,
    },
}

impl Bench {
    /// The bench after a step.
    ///
    /// # Errors
    /// When what it names is not there.
    pub fn after(&self, edit: &Edit) -> Result<Self> {
        let mut bench = self.clone();
        match edit {
            Edit::AddTable { table } => {
                let id = if table.id.is_none() { TableId(bench.fresh()) } else { table.id };
                bench.tables.push(TableSetup { id, ..table.clone() });
            }
            Edit::SetTable { table } => {
                let own = bench.tables.iter_mut().find(|own| own.id == table.id);
                own.ok_or_else(|| Fault::new("this table is not there any more"))?.clone_from(table);
            }
            Edit::SetRetention { retention } => bench.retention = *retention,
            Edit::RemoveTable { table } => bench.tables.retain(|own| own.id != *table),
            Edit::RenameTable { table, name } => bench.rename_table(*table, name.trim())?,
            Edit::AddBoard { name, tiles } => {
                let id = BoardId(bench.fresh());
                bench.boards.push(Board { id, name: name.clone(), ..Board::default() });
                bench.fill(id, tiles)?;
            }
            Edit::FillBoard { board, tiles } => bench.fill(*board, tiles)?,
            Edit::LayOutBoard { name, rows } => {
                let board = bench.laid_out(name, rows);
                bench.boards.push(board);
            }
            Edit::RenameBoard { board, name } => bench.board_mut(*board)?.name.clone_from(name),
            Edit::RemoveBoard { board } => {
                bench.board_mut(*board)?;
                bench.boards.retain(|own| own.id != *board);
            }
            Edit::DuplicateBoard { board } => {
                let own = bench.board_mut(*board)?.clone();
                let id = BoardId(bench.fresh());
                let numbers: Vec<(TileId, TileId)> =
                    own.tiles.iter().map(|tile| (tile.id, TileId(bench.fresh()))).collect();
                let new = |old: TileId| numbers.iter().find(|(own, _)| *own == old).map_or(old, |(_, new)| *new);
                let tiles = own.tiles.iter().map(|tile| Tile { id: new(tile.id), ..tile.clone().touched() }).collect();
                let layout = own.layout.as_ref().map(|layout| layout.renumbered(&new));
                let name = format!("{} (copy)", own.name);
                bench.boards.push(Board { id, name, tiles, layout, ..own });
            }
            Edit::SetScope { board, scope } => bench.board_mut(*board)?.scope.clone_from(scope),
            Edit::SetTurn { seconds } => bench.turn = *seconds,
            Edit::ShowTab { board, tile } => {
                let layout = bench.board_mut(*board)?.layout.as_mut();
                layout.into_iter().for_each(|layout| layout.show(*tile));
            }
            Edit::AddTile { board, tile, at } => {
                let tile = Tile { id: TileId(bench.fresh()), ..tile.clone().touched() };
                bench.board_mut(*board)?.put(tile, *at)?;
            }
            Edit::Duplicate { tile } => {
                let (board, own) = bench.find(*tile)?;
                let copy = Tile { id: TileId(bench.fresh()), ..own.touched() };
                bench.board_mut(board)?.put(copy, Some((*tile, Side::Right)))?;
            }
            Edit::SetTile { tile } => {
                let (board, before) = bench.find(tile.id)?;
                if tile.question != before.question && bench.is_named(&tile.question, &tile.table) {
                    return Err(Fault::new(format!("there is a table or a question {} already", tile.question))
                        .hint("choose another name"));
                }
                let own = bench.board_mut(board)?.tiles.iter_mut().find(|own| own.id == tile.id);
                own.into_iter().for_each(|own| *own = tile.clone().touched());
            }
            Edit::RenameQuestion { table, question, name } => bench.rename_question(table, question, name.trim())?,
            Edit::MoveTile { tile, board, at } => {
                let (from, own) = bench.find(*tile)?;
                if at.is_some_and(|(beside, _)| beside == *tile) {
                    return Ok(bench);
                }
                bench.board_mut(from)?.take(*tile);
                bench.board_mut(*board)?.put(own.touched(), *at)?;
            }
            Edit::RemoveTile { tile } => {
                let (board, _) = bench.find(*tile)?;
                bench.board_mut(board)?.take(*tile);
            }
            Edit::Resize { board, path, shares } => {
                let layout = bench.board_mut(*board)?.layout.as_mut();
                if !layout.is_some_and(|layout| layout.resize(path, shares)) {
                    return Err(Fault::new("there is no such row or column on this board"));
                }
            }
        }
        bench.boards.iter_mut().for_each(Board::tidy);
        bench.share_questions(if let Edit::SetTile { tile } = edit { Some(tile.id) } else { None });
        if let Edit::SetTile { tile } = edit
            && !tile.question.is_empty()
        {
            // Who asks itself by way of others has no answer.
            NamedQuestions::of(&bench).compose(&tile.sql)?;
        }
        Ok(bench)
    }

    /// Changes the name of a table, in all questions and on all boards as well.
    fn rename_table(&mut self, id: TableId, name: &str) -> Result<()> {
        let own = self.table(id).ok_or_else(|| Fault::new("this table is not there any more"))?;
        let old = own.name.clone();
        if name.is_empty() {
            return Err(Fault::new("a table needs a name"));
        }
        if self.tables.iter().any(|table| table.id != id && table.name.eq_ignore_ascii_case(name)) {
            return Err(Fault::new(format!("there is a table {name} already")).hint("choose another name"));
        }
        if self.all_questions().iter().any(|question| question.name.eq_ignore_ascii_case(name)) {
            return Err(Fault::new(format!("there is a question {name} already")).hint("choose another name"));
        }
        self.rename_in_texts("table", &old, name)?;
        let own = self.tables.iter_mut().filter(|table| table.id == id);
        own.for_each(|table| name.clone_into(&mut table.name));
        for board in &mut self.boards {
            let lists = board.scope.variables.iter_mut().filter_map(|variable| match &mut variable.kind {
                VariableKind::List { table, .. } => Some(table),
                _ => None,
            });
            let tiles = board.tiles.iter_mut().map(|tile| &mut tile.table);
            lists.chain(tiles).filter(|table| **table == old).for_each(|table| name.clone_into(table));
        }
        Ok(())
    }

    fn fresh(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    fn fill(&mut self, board: BoardId, tiles: &[Tile]) -> Result<()> {
        let tiles: Vec<Tile> = tiles.iter().map(|tile| Tile { id: TileId(self.fresh()), ..tile.clone() }).collect();
        let board = self.board_mut(board)?;
        board.layout = None;
        tiles.iter().for_each(|tile| board.place_evenly(tile.id));
        board.tiles = tiles;
        Ok(())
    }

    fn laid_out(&mut self, name: &str, rows: &[BoardRow]) -> Board {
        let mut board = Board { id: BoardId(self.fresh()), name: name.to_owned(), ..Board::default() };
        let mut lines = Vec::new();
        for row in rows.iter().filter(|row| !row.tiles.is_empty()) {
            let mut parts = Vec::new();
            for (share, tile) in &row.tiles {
                let tile = Tile { id: TileId(self.fresh()), ..tile.clone() };
                parts.push(Part { share: *share, layout: Layout::Tile(tile.id) });
                board.tiles.push(tile);
            }
            lines.push(Part { share: row.share, layout: Layout::Row(parts) });
        }
        board.layout = (!lines.is_empty()).then_some(Layout::Column(lines));
        board
    }

    fn board_mut(&mut self, board: BoardId) -> Result<&mut Board> {
        self.boards.iter_mut().find(|own| own.id == board).ok_or_else(|| Fault::new("this board is not there any more"))
    }

    /// A tile, and the board on which it stands.
    fn find(&self, tile: TileId) -> Result<(BoardId, Tile)> {
        let on = |board: &Board| Some((board.id, board.tile(tile)?.clone()));
        self.boards.iter().find_map(on).ok_or_else(|| Fault::new("this tile is not there any more"))
    }
}

impl Board {
    fn put(&mut self, tile: Tile, at: Option<(TileId, Side)>) -> Result<()> {
        match (at, &mut self.layout) {
            (Some((beside, side)), Some(layout)) => {
                if !layout.insert(beside, side, tile.id) {
                    return Err(Fault::new("the tile beside which it should stand is not on this board"));
                }
            }
            _ => self.place_evenly(tile.id),
        }
        self.tiles.push(tile);
        Ok(())
    }

    /// Puts a tile beside the last one where that stands alone in its row, else into a row of its own.
    fn place_evenly(&mut self, tile: TileId) {
        let layout = match self.layout.take() {
            None => Layout::Tile(tile),
            Some(layout) => {
                let last = match &layout {
                    Layout::Column(parts) => parts.last().map(|part| &part.layout),
                    only => Some(only),
                };
                let alone = match last {
                    Some(Layout::Tile(last)) => Some(*last),
                    _ => None,
                };
                let mut layout = layout;
                match alone {
                    Some(last) if layout.insert(last, Side::Right, tile) => layout,
                    _ => layout.insert_at_edge(Side::Below, tile),
                }
            }
        };
        self.layout = Some(layout.tidy());
    }

    fn take(&mut self, tile: TileId) {
        self.tiles.retain(|own| own.id != tile);
        self.layout = self.layout.take().and_then(|layout| layout.without(tile));
    }

    fn tidy(&mut self) {
        self.layout = self.layout.take().map(Layout::tidy);
    }
}
