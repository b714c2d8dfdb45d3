//! What a person is told: faults and news, kept until they are dismissed.

use super::action::Action;
use crate::data::Fault;

/// How many are kept.
const KEPT: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    News,
    Warning,
    Error,
}

/// One thing to know: what, where, what to do.
#[derive(Clone, Debug)]
pub struct Notice {
    pub id: u64,
    pub level: Level,
    pub what: String,
    pub place: String,
    pub hint: String,
    /// What can be done about it with one click.
    pub offer: Option<(String, Action)>,
}

/// The notices, oldest first.
#[derive(Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
    next: u64,
}

impl Notices {
    pub fn fault(&mut self, fault: &Fault) {
        self.push(Level::Error, fault, None);
    }

    pub fn warn(&mut self, fault: &Fault) {
        self.push(Level::Warning, fault, None);
    }

    pub fn news(&mut self, what: impl Into<String>) {
        self.push(Level::News, &Fault::new(what), None);
    }

    /// News with a button.
    pub fn offer(&mut self, what: impl Into<String>, button: impl Into<String>, action: Action) {
        self.push(Level::News, &Fault::new(what), Some((button.into(), action)));
    }

    pub fn dismiss(&mut self, id: u64) {
        self.list.retain(|n| n.id != id);
    }

    pub fn all(&self) -> &[Notice] {
        &self.list
    }

    fn push(&mut self, level: Level, fault: &Fault, offer: Option<(String, Action)>) {
        // The same thing said again takes the place of what was said before.
        self.list.retain(|n| (n.level, &n.what, &n.place) != (level, &fault.what, &fault.place));
        self.next += 1;
        let (what, place, hint) = (fault.what.clone(), fault.place.clone(), fault.hint.clone());
        self.list.push(Notice { id: self.next, level, what, place, hint, offer });
        if self.list.len() > KEPT {
            self.list.remove(0);
        }
    }
}
