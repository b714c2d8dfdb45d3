//! Named questions: tiles that name the same question of a table ask the same, and change together.

use std::collections::BTreeMap;

use super::{Bench, TileId};

/// A question that tiles share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedQuestion {
    pub name: String,
    pub sql: String,
    /// How many tiles ask it.
    pub tiles: usize,
}

impl Bench {
    /// The named questions of a table, by their names.
    pub fn questions(&self, table: &str) -> Vec<NamedQuestion> {
        let mut found: BTreeMap<&str, NamedQuestion> = BTreeMap::new();
        let own = |tile: &&super::Tile| tile.table == table && !tile.question.is_empty();
        for tile in self.boards.iter().flat_map(|board| &board.tiles).filter(own) {
            let new = || NamedQuestion { name: tile.question.clone(), sql: tile.sql.clone(), tiles: 0 };
            found.entry(&tile.question).or_insert_with(new).tiles += 1;
        }
        found.into_values().collect()
    }

    /// Gives all tiles that name one question the same text: the leader's, where it names one, else the first's.
    pub(super) fn share_questions(&mut self, leader: Option<TileId>) {
        let mut known: BTreeMap<(String, String), String> = BTreeMap::new();
        let all = || self.boards.iter().flat_map(|board| &board.tiles).filter(|tile| !tile.question.is_empty());
        for tile in all().filter(|tile| Some(tile.id) == leader).chain(all()) {
            known.entry((tile.table.clone(), tile.question.clone())).or_insert_with(|| tile.sql.clone());
        }
        for tile in self.boards.iter_mut().flat_map(|board| &mut board.tiles) {
            if let Some(sql) = known.get(&(tile.table.clone(), tile.question.clone())) {
                tile.sql.clone_from(sql);
            }
        }
    }
}
