//! The bench: tables and boards as a person has set them up, as plain data with ids, apart from anything that runs. It
//! changes by `Edit`s, and every step can be taken back.

mod edit;
mod history;
mod layout;
mod naming;
mod question;
mod retention;
mod scope;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::edit::Edit;
pub use self::history::BenchHistory;
pub use self::layout::{Layout, Part, Side};
pub use self::naming::{Composed, KnownQuestions, NamedQuestions};
pub use self::question::NamedQuestion;
pub use self::retention::Retention;
pub use self::scope::{Calendar, Filter, Scope, Span, Variable, VariableKind};
use super::table::{TableId, TableSetup};
use crate::figure::Settings;

/// A tile's number; never used twice on a bench.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TileId(pub u64);

/// A board's number; never used twice on a bench.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BoardId(pub u64);

/// All tables and boards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bench {
    /// What is open, in the order of the tables panel.
    pub tables: Vec<TableSetup>,
    pub boards: Vec<Board>,
    #[serde(skip_serializing_if = "Retention::is_unlimited")]
    pub retention: Retention,
    /// How long each board is shown while they take turns, seconds; `None` where they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// Tables that have had a board: one that a person lets go does not come back by itself.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    boarded: BTreeSet<TableId>,
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
    pub scope: Scope,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// A row of a board that is to be laid out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoardRow {
    /// Its share of the height.
    pub share: f32,
    /// From the left, each with its share of the width.
    pub tiles: Vec<(f32, Tile)>,
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
    /// The name of its question, where tiles of the table share it; empty for one of its own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub question: String,
    pub show: TileKind,
    /// How a figure is drawn, but for its mark.
    #[serde(skip_serializing_if = "Settings::is_default")]
    pub figure: Settings,
    /// It keeps its own time: the zoom of its board and the board's stretch of time are not its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own_time: bool,
    /// It came by itself, and nobody has touched it since: where the table outgrows it, it is proposed anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub suggested: bool,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// How a tile shows the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", content = "with", rename_all = "lowercase")]
pub enum TileKind {
    /// As a figure: the name of a mark, empty for the one that fits.
    Figure(String),
    /// The last value of the first measure, with its change.
    Number,
    Grid,
    /// Words of a person; the question is not asked.
    Text(String),
    /// The rows of the table as a sum: what came in, what was kept aside, what is in the answer.
    Ledger,
    /// The guard of the model of this name, of the tile's table.
    Guard(String),
    /// One that a newer Braid knows, as that wrote it.
    #[serde(untagged)]
    Unknown(serde_json::Value),
}

impl Default for TileKind {
    fn default() -> Self {
        Self::Unknown(serde_json::Value::Null)
    }
}

impl Tile {
    /// A tile that is still without an id.
    pub fn new(table: &str, title: &str, sql: String, show: TileKind) -> Self {
        Self { table: table.to_owned(), title: title.to_owned(), sql, show, ..Self::default() }
    }

    /// How its figure is drawn.
    pub fn settings(&self) -> Settings {
        let mark = if let TileKind::Figure(mark) = &self.show { mark } else { "" };
        self.figure.clone().by(mark)
    }

    /// The same as a figure that is drawn so.
    #[must_use]
    pub fn drawn(self, settings: Settings) -> Self {
        let (mark, figure) = settings.apart();
        Self { show: TileKind::Figure(mark), figure, ..self }
    }

    /// The same once a person has had a hand in it.
    #[must_use]
    pub fn touched(self) -> Self {
        Self { suggested: false, ..self }
    }

    /// Whether its question is a person's: the ledger of a table has its own.
    pub fn asks_freely(&self) -> bool {
        self.asks() && self.show != TileKind::Ledger
    }

    /// Whether anything is asked for it.
    pub fn asks(&self) -> bool {
        !matches!(self.show, TileKind::Text(_) | TileKind::Guard(_) | TileKind::Unknown(_)) && !self.sql.is_empty()
    }
}

impl Board {
    pub fn tile(&self, id: TileId) -> Option<&Tile> {
        self.tiles.iter().find(|tile| tile.id == id)
    }
}

impl Bench {
    /// A bench with these tables, which get their ids here.
    pub fn of(tables: impl IntoIterator<Item = TableSetup>) -> Self {
        Self { tables: tables.into_iter().collect(), ..Self::default() }.mended()
    }

    /// Whether a table has, or has had, a board.
    pub fn is_boarded(&self, table: TableId) -> bool {
        self.boarded.contains(&table)
    }

    pub fn table(&self, id: TableId) -> Option<&TableSetup> {
        self.tables.iter().find(|table| table.id == id)
    }

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
    #[must_use]
    pub fn mended(mut self) -> Self {
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
        self.share_questions(None);
        let own = self
            .boards
            .iter()
            .flat_map(|board| board.tiles.iter().map(|tile| tile.id.0).chain(std::iter::once(board.id.0)))
            .chain(self.tables.iter().map(|table| table.id.0));
        self.ids = self.ids.max(own.max().unwrap_or(0));
        let mut known = BTreeSet::new();
        for table in &mut self.tables {
            if table.id.is_none() || !known.insert(table.id) {
                self.ids += 1;
                table.id = TableId(self.ids);
            }
        }
        self
    }
}
