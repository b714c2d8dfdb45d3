//! Notices: faults, warnings and information. Faults stay until they are dismissed, notices of a run until they no
//! longer hold, and information fades.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::action::Action;
use super::models::ModelId;
use super::wording;
use crate::data::Fault;
use crate::workspace::TableId;

/// The most notices that are kept.
const KEPT: usize = 20;
/// How long information without a button is shown.
const FADE: Duration = Duration::from_secs(6);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// Where a notice comes from: another one from the same origin replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeOrigin {
    /// A run, and the key of its notice.
    Run { sheet: TableId, run: u64, key: String },
    /// The guard of a model.
    Guard(ModelId),
    /// A model that could not be loaded.
    Load,
    /// A model in this file, for which there is no table yet.
    Waits(PathBuf),
}

/// One notice: what, where, what to do.
#[derive(Clone, Debug)]
pub struct Notice {
    pub id: u64,
    pub level: Severity,
    pub what: String,
    pub place: String,
    pub hint: String,
    /// A button with the action that it proposes.
    pub offer: Option<(String, Action)>,
    /// Its origin, if the notice holds only while its origin says so.
    pub origin: Option<NoticeOrigin>,
    since: Instant,
}

/// The notices, oldest first.
#[derive(Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
    next: u64,
}

impl Notices {
    pub fn fault(&mut self, fault: &Fault) {
        self.push(Severity::Error, fault, None, None);
    }

    pub fn warn(&mut self, fault: &Fault) {
        self.push(Severity::Warning, fault, None, None);
    }

    pub fn info(&mut self, what: impl Into<String>) {
        self.push(Severity::Info, &Fault::new(what), None, None);
    }

    /// Information with a button.
    pub fn offer(&mut self, what: impl Into<String>, button: impl Into<String>, action: Action) {
        self.push(Severity::Info, &Fault::new(what), Some((button.into(), action)), None);
    }

    /// Posts a notice with an origin.
    pub fn post(&mut self, origin: NoticeOrigin, level: Severity, fault: &Fault) {
        self.post_with_action(origin, level, fault, None);
    }

    /// Posts a notice with an origin, and with a button.
    pub fn post_with_action(
        &mut self,
        origin: NoticeOrigin,
        level: Severity,
        fault: &Fault,
        offer: Option<(String, Action)>,
    ) {
        match self.list.iter_mut().find(|n| n.origin.as_ref() == Some(&origin)) {
            Some(old) => {
                (old.what, old.hint, old.offer) = (what(old.level, fault), wording::hint(fault), offer);
            }
            None => self.push(level, fault, offer, Some(origin)),
        }
    }

    /// Whether the notice of this origin is still shown; it may have been dismissed.
    pub fn shows(&self, origin: &NoticeOrigin) -> bool {
        self.list.iter().any(|n| n.origin.as_ref() == Some(origin))
    }

    /// Of the notices of `sheet`'s runs, keeps those that `run` still says.
    pub fn hold(&mut self, sheet: TableId, run: u64, keys: &BTreeSet<String>) {
        let holds = |origin: &NoticeOrigin| match origin {
            NoticeOrigin::Run { sheet: of, run: by, key } => *of != sheet || (*by == run && keys.contains(key)),
            _ => true,
        };
        self.list.retain(|n| n.origin.as_ref().is_none_or(holds));
    }

    /// Drops the notices of runs that are gone; `runs` are those that are still watched.
    pub fn forget_runs(&mut self, runs: &[(TableId, u64)]) {
        let holds = |origin: &NoticeOrigin| match origin {
            NoticeOrigin::Run { sheet, run, .. } => runs.contains(&(*sheet, *run)),
            _ => true,
        };
        self.list.retain(|n| n.origin.as_ref().is_none_or(holds));
    }

    /// Drops the notice of this origin.
    pub fn withdraw(&mut self, origin: &NoticeOrigin) {
        self.list.retain(|n| n.origin.as_ref() != Some(origin));
    }

    /// Drops the notices about a place.
    pub fn forget_place(&mut self, place: &str) {
        self.list.retain(|n| n.place != place);
    }

    /// Drops information that has been shown long enough; gives the time until the next one fades.
    pub fn fade(&mut self) -> Option<Duration> {
        let fades = |n: &Notice| n.level == Severity::Info && n.offer.is_none();
        self.list.retain(|n| !fades(n) || n.since.elapsed() < FADE);
        self.list.iter().filter(|n| fades(n)).map(|n| FADE.saturating_sub(n.since.elapsed())).min()
    }

    pub fn dismiss(&mut self, id: u64) {
        self.list.retain(|n| n.id != id);
    }

    /// The number of the newest notice; later ones have larger numbers.
    pub fn newest(&self) -> u64 {
        self.next
    }

    pub fn all(&self) -> &[Notice] {
        &self.list
    }

    fn push(&mut self, level: Severity, fault: &Fault, offer: Option<(String, Action)>, origin: Option<NoticeOrigin>) {
        let what = what(level, fault);
        // A notice with the same text replaces the one before.
        self.list.retain(|n| (n.level, &n.what, &n.place) != (level, &what, &fault.place));
        self.next += 1;
        let (place, hint) = (fault.place.clone(), wording::hint(fault));
        self.list.push(Notice { id: self.next, level, what, place, hint, offer, origin, since: Instant::now() });
        if self.list.len() > KEPT {
            self.list.remove(0);
        }
    }
}

/// What is wrong; an error begins with a capital letter.
fn what(level: Severity, fault: &Fault) -> String {
    if level == Severity::Error { wording::what(fault) } else { fault.what.clone() }
}
