//! What the columns of an answer are called.

use std::collections::{HashMap, HashSet};

use polars::prelude::PlSmallStr;

use crate::query::finish::STATUS;

/// What an item without alias is called: a column by its name, anything else by its text.
pub(super) fn plain_name(sql: &str) -> String {
    let unquoted = sql.strip_prefix('"').and_then(|s| s.strip_suffix('"')).filter(|s| !s.contains('"'));
    unquoted
        .unwrap_or_else(|| {
            sql.rsplit('.')
                .next()
                .filter(|last| {
                    !last.is_empty()
                        && sql.split('.').count() == 2
                        && sql.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
                })
                .unwrap_or(sql)
        })
        .to_owned()
}

/// The names given so far, and where to go on counting for items of the same name.
#[derive(Default)]
pub(super) struct OutputNames {
    taken: HashSet<PlSmallStr>,
    next: HashMap<String, usize>,
}

impl OutputNames {
    /// `n`, `n_1`, `n_2` … for items of the same name.
    pub(super) fn unique(&mut self, name: &str) -> PlSmallStr {
        let free = |n: &str, taken: &HashSet<PlSmallStr>| n != STATUS && !taken.contains(n);
        let mut unique = PlSmallStr::from(name);
        if !free(&unique, &self.taken) {
            let next = self.next.entry(name.to_owned()).or_insert(1);
            loop {
                unique = format!("{name}_{next}").into();
                *next += 1;
                if free(&unique, &self.taken) {
                    break;
                }
            }
        }
        self.taken.insert(unique.clone());
        unique
    }
}
