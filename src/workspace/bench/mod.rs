//! The bench: boards and their tiles as a person has set them up, as plain data with ids, apart from anything that
//! runs. It changes by `Edit`s, and every step can be taken back.

mod edit;
mod layout;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::edit::Edit;
pub use self::layout::{Layout, Part, Side};
use crate::data::Result;

/// A tile's number; never used twice on a bench.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TileId(pub u64);

/// A board's number; never used twice on a bench.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BoardId(pub u64);

/// All boards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bench {
    pub boards: Vec<Board>,
    /// The largest id that was given.
    ids: u64,
    /// What a newer Braid wrote, and this one keeps.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// Tiles that are watched together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Board {
    pub id: BoardId,
    pub name: String,
    pub tiles: Vec<Tile>,
    /// `None` without tiles.
    pub layout: Option<Layout>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// A question of one table, and how its answer is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tile {
    pub id: TileId,
    /// Empty for a title made from the question.
    pub title: String,
    /// The table's name.
    pub table: String,
    pub sql: String,
    pub show: TileKind,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// How a tile shows the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", content = "with", rename_all = "lowercase")]
pub enum TileKind {
    /// As a figure: the name of a mark, empty for the one that fits.
    Figure(String),
    /// The last value of the first measure, with its change.
    Number,
    Grid,
    /// Words of a person; the question is not asked.
    Text(String),
    /// One that a newer Braid knows.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Tile {
    /// A tile that is still without an id.
    pub fn new(table: &str, title: &str, sql: String, show: TileKind) -> Self {
        Self { table: table.to_owned(), title: title.to_owned(), sql, show, ..Self::default() }
    }

    /// Whether anything is asked for it.
    pub fn asks(&self) -> bool {
        !matches!(self.show, TileKind::Text(_) | TileKind::Unknown) && !self.sql.is_empty()
    }
}

impl Board {
    pub fn tile(&self, id: TileId) -> Option<&Tile> {
        self.tiles.iter().find(|tile| tile.id == id)
    }
}

impl Bench {
    pub fn board(&self, id: BoardId) -> Option<&Board> {
        self.boards.iter().find(|board| board.id == id)
    }

    /// The board on which a tile stands.
    pub fn board_of(&self, tile: TileId) -> Option<&Board> {
        self.boards.iter().find(|board| board.tile(tile).is_some())
    }

    pub fn tile(&self, id: TileId) -> Option<&Tile> {
        self.boards.iter().find_map(|board| board.tile(id))
    }

    /// Mends what a file may hold that no step makes: tiles without a place, places without a tile, ids given twice.
    fn mended(mut self) -> Self {
        for board in &mut self.boards {
            let placed = board.layout.as_ref().map(Layout::tiles).unwrap_or_default();
            let twice = |id: &TileId| placed.iter().filter(|other| *other == id).count() > 1;
            for gone in placed.iter().filter(|id| twice(id) || board.tiles.iter().all(|tile| tile.id != **id)) {
                board.layout = board.layout.take().and_then(|layout| layout.without(*gone));
            }
            let placed = board.layout.as_ref().map(Layout::tiles).unwrap_or_default();
            board.tiles.retain(|tile| placed.contains(&tile.id));
            board.layout = board.layout.take().map(Layout::tidy);
        }
        let own = self
            .boards
            .iter()
            .flat_map(|board| board.tiles.iter().map(|tile| tile.id.0).chain(std::iter::once(board.id.0)));
        self.ids = self.ids.max(own.max().unwrap_or(0));
        self
    }
}

/// A bench with the steps that led to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BenchHistory {
    now: Arc<Bench>,
    past: Vec<Arc<Bench>>,
    future: Vec<Arc<Bench>>,
}

/// How many steps can be undone.
const PAST: usize = 100;

impl BenchHistory {
    pub fn now(&self) -> &Arc<Bench> {
        &self.now
    }

    /// Takes a step. With `goes_on` it is one with the step before, such as a text that is being typed.
    ///
    /// # Errors
    /// When what it names is not there.
    pub fn edit(&mut self, edit: &Edit, goes_on: bool) -> Result<()> {
        let next = self.now.after(edit)?;
        if next == *self.now {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.now, Arc::new(next));
        if !goes_on || self.past.is_empty() {
            self.past.push(before);
        }
        self.past.drain(..self.past.len().saturating_sub(PAST));
        self.future.clear();
        Ok(())
    }

    /// A step that nobody took, and that cannot be taken back: what there is from the start.
    pub fn begin_with(&mut self, edit: &Edit) {
        let all = || self.past.iter().chain(std::iter::once(&self.now)).chain(&self.future);
        let ids = all().map(|bench| bench.ids).max().unwrap_or(0);
        // Also in what was before: taking a step back does not take this away.
        let with = |bench: &mut Arc<Bench>| {
            let own = Bench { ids, ..Bench::clone(bench) };
            if let Ok(next) = own.after(edit) {
                *bench = Arc::new(next);
            }
        };
        self.past.iter_mut().chain(std::iter::once(&mut self.now)).chain(&mut self.future).for_each(with);
    }

    /// Whether a board of this name is there, or was at any step that is remembered.
    pub fn knows_board(&self, name: &str) -> bool {
        let all = self.past.iter().chain(std::iter::once(&self.now)).chain(&self.future);
        all.flat_map(|bench| &bench.boards).any(|board| board.name == name)
    }

    /// Takes the last step back; false when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.past.pop() else { return false };
        self.future.push(std::mem::replace(&mut self.now, before));
        true
    }

    /// Takes again what was taken back; false when nothing was.
    pub fn redo(&mut self) -> bool {
        let Some(after) = self.future.pop() else { return false };
        self.past.push(std::mem::replace(&mut self.now, after));
        true
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// As it was read from a file.
    pub fn mended(self) -> Self {
        let mend = |bench: Arc<Bench>| Arc::new(Arc::unwrap_or_clone(bench).mended());
        let all = |benches: Vec<Arc<Bench>>| benches.into_iter().map(mend).collect();
        Self { now: mend(self.now), past: all(self.past), future: all(self.future) }
    }
}
