//! Notices: faults, warnings and information, one a cause. Faults stay until they are dismissed, those of a run or a
//! feed until they no longer hold, and information fades; the log keeps them all.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use super::action::{Action, AppAction};
use super::models::ModelId;
use super::wording;
use crate::data::Fault;
use crate::source::live::net::back_off::wait_of;
use crate::workspace::TableId;

/// The most notices that are kept.
const KEPT: usize = 20;
/// The most entries of the log.
const LOGGED: usize = 1_000;
/// How long information without a button is shown, and how long a way back.
const FADE: Duration = Duration::from_secs(6);
const UNDO: Duration = Duration::from_secs(15);

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
    /// A feed of a table that is in trouble, whichever question is asked.
    Feed { sheet: TableId, feed: String },
    /// The guard of a model.
    Guard(ModelId),
    /// Something was removed: until the next step, before which that can be taken back.
    Removed,
    /// What could not be opened: until something else is.
    Open(String),
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
    /// How often its cause has come up; 1 at first.
    pub times: u64,
    /// When what it tells of is tried again, where it says so.
    pub again: Option<Instant>,
    since: Instant,
}

impl Notice {
    /// What it tells now: how long something is waited for goes down.
    pub fn said(&self) -> String {
        match (self.again, wait_of(&self.what)) {
            (Some(again), Some((reason, _))) => match again.saturating_duration_since(Instant::now()) {
                Duration::ZERO => format!("{reason}; trying again"),
                left => format!("{reason}; trying again in {:.0} s", left.as_secs_f64().ceil()),
            },
            _ => self.what.clone(),
        }
    }
}

/// When the next try is due that a text tells of now.
fn again(what: &str) -> Option<Instant> {
    wait_of(what).map(|(_, wait)| Instant::now() + wait)
}

/// What was told once, for the log.
#[derive(Clone, Debug)]
pub struct Logged {
    pub level: Severity,
    pub what: String,
    pub place: String,
    pub hint: String,
    /// When it was told first.
    pub at: SystemTime,
    /// When its cause was gone.
    pub mended: Option<SystemTime>,
    /// The notice that said so.
    notice: u64,
    origin: Option<NoticeOrigin>,
}

/// The notices, oldest first.
#[derive(Debug, Default)]
pub struct Notices {
    list: Vec<Notice>,
    log: VecDeque<Logged>,
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

    /// Something was removed, and a click brings it back.
    pub fn offer_undo(&mut self, what: impl Into<String>) {
        let undo = Some(("Undo".to_owned(), Action::App(AppAction::Undo)));
        self.post_with_action(NoticeOrigin::Removed, Severity::Info, &Fault::new(what), undo);
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
                if old.what != what(old.level, fault) {
                    old.again = again(&fault.what);
                }
                (old.what, old.hint, old.offer) = (what(old.level, fault), wording::hint(fault), offer);
                if let Some(entry) = self.log.iter_mut().rev().find(|entry| entry.notice == old.id) {
                    (entry.what, entry.hint) = (old.what.clone(), old.hint.clone());
                }
            }
            None => self.push(level, fault, offer, Some(origin)),
        }
    }

    /// Whether the notice of this origin is still shown; it may have been dismissed.
    pub fn shows(&self, origin: &NoticeOrigin) -> bool {
        self.list.iter().any(|n| n.origin.as_ref() == Some(origin))
    }

    /// Of the notices of `sheet`'s runs and feeds, keeps those that `run` still says.
    pub fn hold(&mut self, sheet: TableId, run: u64, keys: &BTreeSet<String>, feeds: &BTreeSet<String>) {
        self.keep(|origin| match origin {
            NoticeOrigin::Run { sheet: of, run: by, key } => *of != sheet || (*by == run && keys.contains(key)),
            NoticeOrigin::Feed { sheet: of, feed } => *of != sheet || feeds.contains(feed),
            _ => true,
        });
    }

    /// Drops the notices of runs that are gone; `runs` are those that are still watched.
    pub fn forget_runs(&mut self, runs: &[(TableId, u64)]) {
        self.keep(|origin| match origin {
            NoticeOrigin::Run { sheet, run, .. } => runs.contains(&(*sheet, *run)),
            NoticeOrigin::Feed { sheet, .. } => runs.iter().any(|(of, _)| of == sheet),
            _ => true,
        });
    }

    /// Another step is taken: an older one is not taken back by a click any more.
    pub fn end_undo(&mut self) {
        self.list.retain(|n| n.origin != Some(NoticeOrigin::Removed));
    }

    /// Something is opened: what could not be before is of no interest any more.
    pub fn forget_unopened(&mut self) {
        self.keep(|origin| !matches!(origin, NoticeOrigin::Open(_)));
    }

    /// Drops the notice of this origin.
    pub fn withdraw(&mut self, origin: &NoticeOrigin) {
        self.keep(|of| of != origin);
    }

    /// Drops the notices whose origin does not hold any more: what they told is mended.
    fn keep(&mut self, holds: impl Fn(&NoticeOrigin) -> bool) {
        self.list.retain(|n| n.origin.as_ref().is_none_or(&holds));
        let open = self.log.iter_mut().filter(|entry| entry.mended.is_none());
        for entry in open.filter(|entry| entry.origin.as_ref().is_some_and(|origin| !holds(origin))) {
            entry.mended = Some(SystemTime::now());
        }
    }

    /// Drops the notices about a place.
    pub fn forget_place(&mut self, place: &str) {
        self.list.retain(|n| n.place != place);
    }

    /// Drops information that has been shown long enough; gives the time until the next one fades.
    pub fn fade(&mut self) -> Option<Duration> {
        let left = |n: &Notice| match &n.origin {
            Some(NoticeOrigin::Removed) => Some(UNDO.saturating_sub(n.since.elapsed())),
            _ if n.level == Severity::Info && n.offer.is_none() => Some(FADE.saturating_sub(n.since.elapsed())),
            _ => None,
        };
        self.list.retain(|n| left(n).is_none_or(|left| !left.is_zero()));
        self.list.iter().filter_map(left).min()
    }

    /// Takes a notice away; gives its origin.
    pub fn dismiss(&mut self, id: u64) -> Option<NoticeOrigin> {
        let place = self.list.iter().position(|notice| notice.id == id)?;
        self.list.remove(place).origin
    }

    /// The number of the newest notice; later ones have larger numbers.
    pub fn newest(&self) -> u64 {
        self.next
    }

    pub fn all(&self) -> &[Notice] {
        &self.list
    }

    /// Puts what is shown elsewhere into the log alone.
    pub fn record(&mut self, level: Severity, fault: &Fault) {
        self.next += 1;
        self.write_down(self.next, level, fault, None);
    }

    /// All that was told, newest first.
    pub fn log(&self) -> impl ExactSizeIterator<Item = &Logged> {
        self.log.iter().rev()
    }

    fn push(&mut self, level: Severity, fault: &Fault, offer: Option<(String, Action)>, origin: Option<NoticeOrigin>) {
        let what = what(level, fault);
        // A notice with the same text replaces the one before, and counts it; that of a feed counts all its troubles.
        let same = self.list.iter().position(|n| (n.level, &n.what, &n.place) == (level, &what, &fault.place));
        let before = same.map_or(0, |place| self.list.remove(place).times);
        let troubles = match &origin {
            Some(NoticeOrigin::Feed { .. }) => self.log.iter().filter(|entry| entry.origin == origin).count() as u64,
            _ => 0,
        };
        let times = before.max(troubles) + 1;
        self.next += 1;
        let (place, hint) = (fault.place.clone(), wording::hint(fault));
        self.write_down(self.next, level, fault, origin.clone());
        let (id, again, since) = (self.next, again(&what), Instant::now());
        self.list.push(Notice { id, level, what, place, hint, offer, origin, times, again, since });
        if self.list.len() > KEPT {
            self.list.remove(0);
        }
    }

    fn write_down(&mut self, notice: u64, level: Severity, fault: &Fault, origin: Option<NoticeOrigin>) {
        let (what, hint) = (what(level, fault), wording::hint(fault));
        let (place, at) = (fault.place.clone(), SystemTime::now());
        self.log.push_back(Logged { level, what, place, hint, at, mended: None, notice, origin });
        if self.log.len() > LOGGED {
            self.log.pop_front();
        }
    }
}

/// What is wrong; an error begins with a capital letter.
fn what(level: Severity, fault: &Fault) -> String {
    if level == Severity::Error { wording::what(fault) } else { fault.what.clone() }
}
