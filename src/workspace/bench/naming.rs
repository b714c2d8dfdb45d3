//! Named questions as tables: what a question says that asks others by their names, with those written out before it.
//! Which questions have names is `question`'s.

use std::sync::Arc;

use super::Bench;
use crate::data::{Fault, Result};
use crate::query::Query;
use crate::query::sql::with_named;

/// The questions that others can ask by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedQuestions {
    /// Each with its text, by their names.
    all: Vec<(String, String)>,
}

/// The named questions of a bench, made anew where that has changed.
#[derive(Debug, Default)]
pub struct KnownQuestions {
    of: Option<Arc<Bench>>,
    known: Arc<NamedQuestions>,
}

impl KnownQuestions {
    /// Those of a bench: the same as before while none of them has changed.
    pub fn of(&mut self, bench: &Arc<Bench>) -> Arc<NamedQuestions> {
        if !self.of.as_ref().is_some_and(|before| Arc::ptr_eq(before, bench)) {
            let now = NamedQuestions::of(bench);
            if *self.known != now {
                self.known = Arc::new(now);
            }
            self.of = Some(bench.clone());
        }
        self.known.clone()
    }
}

/// A question, and those with names that it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    own: String,
    /// Each may ask those before it.
    asked: Vec<(String, String)>,
}

impl NamedQuestions {
    /// Those of a bench. The name of a table is always that of the table.
    pub fn of(bench: &Bench) -> Self {
        let is_table = |name: &str| bench.tables.iter().any(|table| table.name.eq_ignore_ascii_case(name));
        let mut all: Vec<(String, String)> =
            bench.all_questions().into_iter().map(|own| (own.name, own.sql)).filter(|own| !is_table(&own.0)).collect();
        all.sort();
        Self { all }
    }

    /// Their names, each once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.all.iter().map(|(name, _)| name.as_str()).collect();
        names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        names.into_iter()
    }

    /// Whether one has this name.
    pub fn has(&self, name: &str) -> bool {
        self.all.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    /// The question with those that it asks, directly or by another. What is no question says so when it is bound.
    ///
    /// # Errors
    /// When questions ask each other in a circle, or two have the name that is asked.
    pub fn compose(&self, sql: &str) -> Result<Composed> {
        let mut asked = Vec::new();
        self.collect(sql, &mut Vec::new(), &mut asked)?;
        Ok(Composed { own: sql.to_owned(), asked })
    }

    fn collect(&self, sql: &str, path: &mut Vec<String>, asked: &mut Vec<(String, String)>) -> Result<()> {
        let small = sql.to_lowercase();
        if !self.all.iter().any(|(name, _)| small.contains(&name.to_lowercase())) {
            return Ok(());
        }
        let Ok(query) = Query::parse(sql) else { return Ok(()) };
        for table in query.tables() {
            let mut own = self.all.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&table));
            let Some((name, text)) = own.next() else { continue };
            if own.next().is_some() {
                return Err(Fault::new(format!("two questions of different tables are called {name}"))
                    .hint("give one of them another name"));
            }
            if let Some(at) = path.iter().position(|own| own == name) {
                let circle: Vec<&str> = path.iter().skip(at).chain([name]).map(String::as_str).collect();
                return Err(Fault::new(format!("these questions ask each other: {}", circle.join(" asks ")))
                    .hint("let one of them ask a table"));
            }
            if asked.iter().any(|(own, _)| own == name) {
                continue;
            }
            path.push(name.clone());
            self.collect(text, path, asked)?;
            path.pop();
            asked.push((name.clone(), text.clone()));
        }
        Ok(())
    }
}

impl Composed {
    /// The question itself.
    pub fn own(&self) -> &str {
        &self.own
    }

    /// Whether it asks no other by a name.
    pub fn is_plain(&self) -> bool {
        self.asked.is_empty()
    }

    /// The same with each of the texts changed.
    ///
    /// # Errors
    /// The first fault of a change.
    pub fn each(&self, change: impl Fn(&str) -> Result<String>) -> Result<Self> {
        let asked = self.asked.iter().map(|(name, sql)| Ok((name.clone(), change(sql)?)));
        Ok(Self { own: change(&self.own)?, asked: asked.collect::<Result<_>>()? })
    }

    /// The same with the texts changed that are about the rows of this table themselves.
    ///
    /// # Errors
    /// The first fault of a change.
    pub fn of_table(&self, table: &str, change: impl Fn(&str) -> Result<String>) -> Result<Self> {
        let is_about = |query: Query| query.tables().iter().any(|name| name.eq_ignore_ascii_case(table));
        self.each(|sql| {
            // What asks no other by a name is told why it cannot be changed, whatever it is.
            let changes = self.is_plain() || Query::parse(sql).is_ok_and(is_about);
            if changes { change(sql) } else { Ok(sql.to_owned()) }
        })
    }

    /// All of it as one question.
    ///
    /// # Errors
    /// A text that has no end.
    pub fn text(&self) -> Result<String> {
        Ok(with_named(&self.own, &self.asked)?.0)
    }
}
