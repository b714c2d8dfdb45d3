//! The tiles of sample boards, in few words.

use crate::query::sql::quote;
use crate::workspace::bench::{BoardRow, Tile, TileKind};

pub fn row<const N: usize>(share: f32, tiles: [(f32, Tile); N]) -> BoardRow {
    BoardRow { share, tiles: tiles.into() }
}

pub fn number(table: &str, title: &str, sql: String) -> Tile {
    Tile::new(table, title, sql, TileKind::Number)
}

pub fn figure(table: &str, title: &str, mark: &str, sql: String) -> Tile {
    Tile::new(table, title, sql, TileKind::Figure(mark.to_owned()))
}

pub fn rows(table: &str, title: &str, sql: String) -> Tile {
    Tile::new(table, title, sql, TileKind::Grid)
}

/// A measure in windows of a time, each of a column's values by itself where one is named.
pub fn over_time(table: &str, (time, size): (&str, &str), by: Option<&str>, measure: &str) -> String {
    let by = by.map_or_else(String::new, |by| format!(", {by}"));
    format!(
        "SELECT tumble({time}, INTERVAL '{size}') AS time{by}, {measure} FROM {table} GROUP BY time{by} \
         ORDER BY time{by}"
    )
}

/// Words, as Markdown.
pub fn text(title: &str, words: &str) -> Tile {
    Tile::new("", title, String::new(), TileKind::Text(words.to_owned()))
}

pub fn guard(table: &str, model: &str) -> Tile {
    Tile::new(table, "", String::new(), TileKind::Guard(model.to_owned()))
}

/// The rows of a table as a sum.
pub fn ledger(table: &str) -> Tile {
    Tile::new(
        table,
        "Every row, accounted for",
        format!("SELECT count(*) AS \"rows\" FROM {}", quote(table)),
        TileKind::Ledger,
    )
}
