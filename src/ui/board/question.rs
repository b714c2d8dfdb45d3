//! The question of a tile while it is written in the pane beside its board. What is written and not asked stays when
//! the pane is closed.

use super::narrow::asked;
use crate::data::Result;
use crate::query::sql::renamed;
use crate::ui::action::QuestionAction;
use crate::ui::bind::in_own;
use crate::ui::question::{QuestionEditor, QuestionOf, Written, table_of};
use crate::ui::{App, classes};
use crate::workspace::bench::{Edit, Tile, TileId};

impl App {
    /// The question in the pane beside the board, and the tile that asks it; `None` while it is not seen.
    pub fn tile_question(&self) -> Option<(&Tile, Written<'_>)> {
        let boards = &self.boards;
        let covered = boards.presenting || boards.drawing.is_some() || boards.adding.is_some();
        let tile = self.board().filter(|_| !covered)?.tile(boards.asking?)?;
        let (sheet, question) = (self.sheet_named(&tile.table)?, self.boards.written.get(&tile.id)?);
        Some((tile, Written { of: QuestionOf::Tile(tile.id), sheet, question }))
    }

    /// Whether something is written for a tile that was not asked.
    pub fn has_draft(&self, tile: TileId) -> bool {
        self.boards.written.get(&tile).is_some_and(QuestionEditor::is_changed)
    }

    /// Opens the pane with the question of a tile, or closes it.
    pub(in crate::ui) fn show_tile_question(&mut self, tile: Option<TileId>) {
        let boards = &mut self.boards;
        (boards.asking, boards.drawing, boards.adding) = (tile, None, None);
        boards.written.retain(|id, question| Some(*id) == tile || question.is_changed());
        self.follow_tile_questions();
    }

    /// What is written follows the tile, as long as nobody has changed it.
    pub(in crate::ui) fn follow_tile_questions(&mut self) {
        let bench = self.bench.now();
        self.boards.written.retain(|id, _| bench.tile(*id).is_some());
        if let Some(tile) = self.boards.asking {
            self.boards.written.entry(tile).or_default();
        }
        for (id, question) in &mut self.boards.written {
            let Some(tile) = bench.tile(*id) else { continue };
            if question.asked != tile.sql {
                if !question.is_changed() {
                    question.set_sql(tile.sql.clone());
                }
                question.asked.clone_from(&tile.sql);
            }
            if let Some(sheet) = self.sheets.iter().find(|sheet| sheet.table.name == tile.table) {
                question.classify(sheet);
            }
        }
    }

    /// What is written names a table that is called something else from now on.
    pub(in crate::ui) fn rename_in_written(&mut self, old: &str, new: &str) {
        for question in self.boards.written.values_mut() {
            // Where it cannot be told where it names the table, it stays as it is written.
            if let Ok(sql) = renamed(&question.sql, old, new) {
                question.set_sql(sql);
            }
        }
    }

    pub(in crate::ui) fn apply_tile_question(&mut self, id: TileId, action: QuestionAction) {
        let Some(question) = self.boards.written.get_mut(&id) else { return };
        let asks = match action {
            QuestionAction::Sql(sql) => {
                question.set_sql(sql);
                false
            }
            QuestionAction::Form { form, ask } => {
                question.set_form(*form);
                ask && question.fault.is_none()
            }
            QuestionAction::Cheaper(number) => {
                let cheaper = classes::cheapened(&question.sql, number);
                cheaper.map(|sql| question.set_sql(sql)).is_some()
            }
            QuestionAction::Ask => true,
        };
        if asks {
            self.ask_for_tile(id);
        }
    }

    /// Gives a tile the question that is written for it, where that can be asked.
    fn ask_for_tile(&mut self, id: TileId) {
        let (Some(tile), Some(question)) = (self.bench().tile(id), self.boards.written.get(&id)) else { return };
        match self.with_question(tile, question) {
            Ok(asked) => {
                let same = (&asked.table, &asked.sql) == (&tile.table, &tile.sql);
                if let Some(question) = self.boards.written.get_mut(&id) {
                    question.fault = None;
                }
                if same {
                    // Who asks once more may have put right what was wrong with it.
                    self.boards.ask_anew(id);
                } else {
                    self.step(&Edit::SetTile { tile: asked });
                }
            }
            Err(fault) => {
                if let Some(question) = self.boards.written.get_mut(&id) {
                    question.fault = Some(fault);
                }
            }
        }
    }

    /// The tile with the question that is written for it; of another table where that names one.
    fn with_question(&self, tile: &Tile, question: &QuestionEditor) -> Result<Tile> {
        let sheet = table_of(&question.sql, &self.sheets)?;
        let (table, sql) = (sheet.table.name.clone(), question.sql.clone());
        // Tiles of one table share a question by its name.
        let question = if table == tile.table { tile.question.clone() } else { String::new() };
        let tile = Tile { table, sql, question, suggested: false, ..tile.clone() };
        let scope = self.bench().board_of(tile.id).map(|board| board.scope.clone()).unwrap_or_default();
        let asked = asked(&tile, &scope, sheet, None)?;
        // Where the board's limits are in the text that is bound, a place in it is none in what was written.
        self.bench().after(&Edit::SetTile { tile: tile.clone() })?;
        sheet.plan(&asked.sql).map_err(|fault| in_own(fault, &asked.sql, &tile.sql))?;
        Ok(tile)
    }
}
