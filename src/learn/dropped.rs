//! Rows that training leaves out because they lack a value, counted by column. Finding them is left to `question`.

use crate::data::Fault;

/// Rows that are not trained on, and why: a row counts once for each column that lacks its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dropped {
    pub rows: usize,
    pub of: usize,
    pub by_column: Vec<(String, usize)>,
}

impl Dropped {
    /// What is wrong where no row is left.
    pub fn all(&self, target: &str) -> Fault {
        let empty: Vec<&str> =
            self.by_column.iter().filter(|(_, missing)| *missing == self.of).map(|(name, _)| name.as_str()).collect();
        let fault = |what: String| Fault::new(what).at(target);
        if empty.contains(&target) {
            return fault(format!("the target '{target}' has no value in any of {} rows", self.of))
                .hint("choose another target");
        }
        if !empty.is_empty() {
            return fault(format!("no row has a value of '{}'", empty.join("' or '")))
                .hint("leave that out, or keep what is missing");
        }
        let worst = self.by_column.iter().max_by_key(|(_, missing)| *missing);
        let worst =
            worst.map(|(name, missing)| format!("; '{name}' lacks {missing} of {}", self.of)).unwrap_or_default();
        fault(format!("every row lacks a value in some column{worst}"))
            .hint("leave out columns that are mostly empty, or keep what is missing")
    }

    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.of += other.of;
        for (name, count) in other.by_column {
            match self.by_column.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) => *own += count,
                None => self.by_column.push((name, count)),
            }
        }
    }
}
