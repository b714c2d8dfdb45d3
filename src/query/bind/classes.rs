//! What each item of an answer costs to keep true.

use super::aggregates::classes_in;
use super::over;
use crate::query::aggregate::Class;
use crate::query::expr;
use crate::query::plan::Plan;
use crate::query::query::{Clause, SelectItem};
use crate::query::rows::Retention;
use crate::query::sql::span::ClauseSpan;
use crate::sync::deep;

impl Plan {
    /// What each item of the answer costs to keep true: its text and its class.
    pub fn classes(&self) -> Vec<(String, Class)> {
        deep(|| self.classes_of_items())
    }

    fn classes_of_items(&self) -> Vec<(String, Class)> {
        if let Some(rerun) = &self.rerun {
            return vec![(rerun.text.clone(), Class::Rerun)];
        }
        let class = |item: &SelectItem| {
            let all_rows = self.rows.as_ref().is_some_and(|rows| rows.keep == Retention::All);
            let plain = if all_rows { Class::KeepsRows { bytes: 0 } } else { Class::Exact };
            // What is no expression is a star.
            let Ok(ast) =
                expr::parse(ClauseSpan { text: &item.expr.sql, clause: &Clause::from(item.expr.sql.as_str()) })
            else {
                return plain;
            };
            if over::is_in(&ast) {
                return Class::Rerun;
            }
            classes_in(&ast).into_iter().max_by_key(|c| c.rank()).unwrap_or(plain)
        };
        self.query.items.iter().map(|item| (item.expr.sql.clone(), class(item))).collect()
    }
}
