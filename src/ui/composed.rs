//! The question of a worksheet with those that it asks by their names. How they become one text is
//! `workspace::bench`'s, binding it `bind`'s.

use std::sync::Arc;

use polars::prelude::SchemaRef;

use super::bind::{Bound, bind, in_own};
use super::worksheet::Worksheet;
use crate::data::Result;
use crate::query::Query;
use crate::query::narrow::with_variables;
use crate::query::sql::quote;
use crate::sync::Wake;
use crate::workspace::bench::{Composed, NamedQuestions};

impl Worksheet {
    /// Parses and binds a question, with those that it asks by name; a fault's span points into `sql`.
    pub fn plan(&self, sql: &str) -> Result<Bound> {
        let whole = self.named.compose(sql)?.text()?;
        bind(&whole, &self.table, &self.others, &self.models).map_err(|fault| in_own(fault, &whole, sql))
    }

    /// The columns of the answer to a named question, of this table or another; `None` for any other name.
    pub fn columns_of_question(&self, name: &str) -> Option<SchemaRef> {
        if !self.named.has(name) {
            return None;
        }
        let sql = self.named.compose(&format!("SELECT * FROM {}", quote(name))).ok()?.text().ok()?;
        let first = Query::parse(&sql).ok()?.tables().into_iter().next()?;
        let open: Vec<_> = std::iter::once(&self.table).chain(&self.others).cloned().collect();
        let (own, others): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|table| table.name.eq_ignore_ascii_case(&first));
        Some(bind(&sql, own.first()?, &others, &self.models).ok()?.plan.output.clone())
    }

    /// The written question with those that it asks by name, and the values of variables in all of them.
    fn composed(&self) -> Result<Composed> {
        let value = |name: &str| self.variables.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        self.named.compose(&self.question.sql)?.each(|sql| with_variables(sql, value))
    }

    /// The written question, bound; while rewound, it is limited to the range of time.
    pub(super) fn bound(&self) -> Result<(String, Bound)> {
        let composed = self.composed()?;
        let asked = composed.text()?;
        let written = self.plan(&asked).map_err(|fault| in_own(fault, &asked, &self.question.sql))?;
        let (Some(rewound), Some(time)) = (&self.rewound, &self.table.time) else {
            return Ok((self.question.sql.clone(), written));
        };
        let (range, unit) = (&rewound.range, self.time_unit()?);
        let sql = composed.of_table(&self.table.name, |sql| range.within(sql, &time.column, unit))?.text()?;
        let mut bound = self.plan(&sql)?;
        bound.windows = bound.windows.within(rewound.range.from, rewound.settled());
        Ok((sql, bound))
    }

    /// Takes the named questions as they are now: where its own asks one that has changed, it is asked anew.
    pub(super) fn call_questions(&mut self, named: &Arc<NamedQuestions>, wake: &Wake) {
        if Arc::ptr_eq(&self.named, named) {
            return;
        }
        self.named = named.clone();
        let text = |sql: &str| self.named.compose(sql).and_then(|composed| composed.text()).ok();
        // What could not be asked, such as before its names were known, is asked as it is written.
        let asked = if self.watch.sql.is_empty() { self.question.sql.clone() } else { self.watch.sql.clone() };
        let was_asked = self.composed.is_some() || self.question.fault.is_some();
        let stands = self.rewound.is_some() || self.can_start_again() || asked.is_empty() || !was_asked;
        if stands || text(&asked) == self.composed {
            return;
        }
        let written = std::mem::replace(&mut self.question.sql, asked);
        self.start(wake, true);
        if written != self.question.sql {
            self.question.set_sql(written);
        }
    }
}
