//! Named questions: tiles that name the same question of a table ask the same, and change together.

use std::collections::BTreeMap;

use super::{Bench, Tile, TileId};
use crate::data::{Fault, Result};
use crate::query::Query;
use crate::query::sql::renamed;

/// A question that tiles share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedQuestion {
    pub name: String,
    /// The table whose rows it is about.
    pub table: String,
    pub sql: String,
    /// How many tiles ask it.
    pub tiles: usize,
}

impl Bench {
    /// The named questions of a table, by their names.
    pub fn questions(&self, table: &str) -> Vec<NamedQuestion> {
        self.all_questions().into_iter().filter(|question| question.table == table).collect()
    }

    /// The named questions of all tables.
    pub fn all_questions(&self) -> Vec<NamedQuestion> {
        let mut found: BTreeMap<(&str, &str), NamedQuestion> = BTreeMap::new();
        for tile in self.boards.iter().flat_map(|board| &board.tiles).filter(|tile| !tile.question.is_empty()) {
            let new = || NamedQuestion {
                name: tile.question.clone(),
                table: tile.table.clone(),
                sql: tile.sql.clone(),
                tiles: 0,
            };
            found.entry((&tile.table, &tile.question)).or_insert_with(new).tiles += 1;
        }
        found.into_values().collect()
    }

    /// Whether a table, or a question of another table, has this name.
    pub fn is_named(&self, name: &str, but: &str) -> bool {
        let same = |own: &str| own.eq_ignore_ascii_case(name);
        self.tables.iter().any(|table| same(&table.name))
            || self.all_questions().iter().any(|own| own.table != but && same(&own.name))
    }

    /// How many questions ask that of a tile by its name, where no other tile has it.
    pub fn left_without(&self, tile: &Tile) -> usize {
        let tiles = || self.boards.iter().flat_map(|board| &board.tiles);
        let has = |own: &&Tile| (&own.table, &own.question) == (&tile.table, &tile.question);
        if tile.question.is_empty() || tiles().filter(has).count() > 1 {
            return 0;
        }
        let asks = |sql: &&String| {
            Query::parse(sql)
                .is_ok_and(|query| query.tables().iter().any(|name| name.eq_ignore_ascii_case(&tile.question)))
        };
        tiles().map(|tile| &tile.sql).chain(self.tables.iter().map(|table| &table.question)).filter(asks).count()
    }

    /// Calls a question of a table something else, wherever it is named.
    pub(super) fn rename_question(&mut self, table: &str, old: &str, name: &str) -> Result<()> {
        if name.is_empty() {
            return Err(Fault::new("a question needs a name"));
        }
        let others = self.questions(table);
        if self.is_named(name, table) || others.iter().any(|own| own.name != old && own.name.eq_ignore_ascii_case(name))
        {
            return Err(
                Fault::new(format!("there is a table or a question {name} already")).hint("choose another name")
            );
        }
        if !others.iter().any(|own| own.name == old) {
            return Err(Fault::new(format!("there is no question {old} any more")));
        }
        // A table of its name is what others ask.
        if !self.is_named(old, table) {
            self.rename_in_texts("question", old, name)?;
        }
        let own = |tile: &&mut Tile| tile.table == table && tile.question == old;
        let all = self.boards.iter_mut().flat_map(|board| &mut board.tiles);
        all.filter(own).for_each(|tile| name.clone_into(&mut tile.question));
        Ok(())
    }

    /// Changes a name in all questions.
    pub(super) fn rename_in_texts(&mut self, kind: &str, old: &str, name: &str) -> Result<()> {
        let change = |sql: &mut String, of: &str| -> Result<()> {
            *sql = renamed(sql, old, name).map_err(|fault| {
                let what = format!("the {kind} {old} cannot be called {name} in {of}: {}", fault.what);
                Fault { what, span: None, ..fault }.at(of)
            })?;
            Ok(())
        };
        for table in &mut self.tables {
            change(&mut table.question, &format!("the question of {}", table.name))?;
        }
        for board in &mut self.boards {
            let of = format!("a tile of {}", board.name);
            board.tiles.iter_mut().try_for_each(|tile| change(&mut tile.sql, &of))?;
        }
        Ok(())
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
