//! Carrying out what concerns a question that is written: editing and asking.

use super::super::action::QuestionAction;
use super::super::question::{QuestionOf, table_of};
use super::super::{App, classes};
use crate::workspace::TableId;

impl App {
    pub(super) fn apply_question(&mut self, of: QuestionOf, question: QuestionAction) {
        match of {
            QuestionOf::Table(table) => self.apply_table_question(table, question),
            QuestionOf::Tile(tile) => self.apply_tile_question(tile, question),
        }
    }

    fn apply_table_question(&mut self, table: TableId, question: QuestionAction) {
        let wake = self.wake.clone();
        match question {
            QuestionAction::Ask => self.ask(table),
            QuestionAction::Sql(sql) => {
                if let Some(sheet) = self.sheet_mut(table) {
                    sheet.question.set_sql(sql);
                }
            }
            QuestionAction::Form { form, ask } => {
                if let Some(sheet) = self.sheet_mut(table) {
                    sheet.question.set_form(*form);
                    if ask && sheet.question.fault.is_none() && sheet.question.is_changed() {
                        sheet.ask(&wake);
                    }
                }
            }
            QuestionAction::Cheaper(number) => {
                if let Some(sheet) = self.sheet_mut(table)
                    && let Some(sql) = classes::cheapened(&sheet.question.sql, number)
                {
                    sheet.question.set_sql(sql);
                    sheet.ask(&wake);
                }
            }
        }
    }

    /// Asks the question written at a table of the table that it names.
    fn ask(&mut self, table: TableId) {
        let wake = self.wake.clone();
        let Some(written) = self.sheet_of(table).map(|sheet| sheet.question.sql.clone()) else { return };
        let named = table_of(&written, &self.sheets).map(|sheet| sheet.id);
        let Some(sheet) = self.sheet_mut(table) else { return };
        match named {
            Ok(other) if other != table => {
                // The question names another open table, and moves to its worksheet.
                let back = sheet.question.asked.clone();
                sheet.question.set_sql(back);
                if let Some(other) = self.sheet_mut(other) {
                    other.question.set_sql(written);
                    other.ask(&wake);
                }
                self.selected = Some(other);
            }
            Ok(_) => sheet.ask(&wake),
            Err(fault) => sheet.question.fault = Some(fault),
        }
        self.save_workspace();
    }
}
