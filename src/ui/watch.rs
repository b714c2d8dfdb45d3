//! Watching a run: its newest snapshot, the one that is shown, and its state; and the staged run of a changed question,
//! which will replace it. Starting runs is left to `worksheet`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rhythm::Rhythm;
use crate::data::Fault;
use crate::engine::moment::{Moment, Span};
use crate::engine::{Run, Snapshot};
use crate::ui::widget::numbers;
use crate::workspace::Windows;

/// A run being watched: the newest snapshot, and the one that is shown.
#[derive(Debug, Default)]
pub struct Watch {
    run: Option<Run>,
    /// The text that it answers.
    pub sql: String,
    /// The windows that it answers by.
    windows: Arc<Windows>,
    /// The run of a changed question: the old answer stays until this one covers as much.
    pub staged: Option<StagedRun>,
    /// The newest snapshot of the run.
    pub newest: Option<Arc<Snapshot>>,
    /// The snapshot on screen: the newest, or the one at which the chart was paused. Until a new question has its first
    /// answer, it is still the last answer of the old question.
    pub shown: Option<Arc<Snapshot>>,
    /// The same as it was answered, whose whole numbers are no times: what is saved.
    pub answered: Option<Arc<Snapshot>>,
    /// The run that `shown` belongs to, and its windows.
    pub shown_run: u64,
    pub shown_windows: Arc<Windows>,
    pub paused: bool,
    /// Answers, oldest first, that wait to be shown until others are of the same moment; the first may be on screen.
    recent: VecDeque<Arc<Snapshot>>,
    /// Whether they wait.
    held: bool,
    /// When the first row was taken that the newest of them does not have.
    next: Moment,
    pub stopping: bool,
    /// Counts runs, so that versions of two runs are never mistaken for each other.
    pub run_number: u64,
    /// The largest run number that was given.
    numbers: u64,
    /// Rows in at the last look, for the rate.
    rate: Rate,
    /// How often rows come, by feed.
    rhythms: Vec<Rhythm>,
}

/// Feeds of which no row has come for longer than is usual for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// How many feeds, and of how many.
    pub feeds: usize,
    pub of: usize,
    /// For how long the one that was heard last is silent.
    pub silent: Duration,
}

/// The run of a changed question.
#[derive(Debug)]
pub struct StagedRun {
    run: Run,
    pub sql: String,
    pub windows: Arc<Windows>,
    pub newest: Option<Arc<Snapshot>>,
    /// The share of what the old answer covers that `newest` covers, 0 to 1.
    share: f64,
    /// The number of this run, which becomes current at the swap.
    pub number: u64,
    since: Instant,
    /// What the old answer covered when the question was changed.
    target: Option<Arc<Snapshot>>,
    /// Since when it has covered `target`.
    caught_up: Option<Instant>,
}

/// How long a run that has caught up may lag a little behind the old one, which moves on as well.
const BESIDE: Duration = Duration::from_millis(1_500);

/// Answers that wait at most.
const RECENT: usize = 32;

/// A change that is done sooner is not shown beside the old answer.
const SOON: Duration = Duration::from_millis(300);

/// A feed whose last row is so old has no rate to speak of.
const SLOW: Duration = Duration::from_secs(2);

impl StagedRun {
    /// Whether it takes long enough to be shown beside the old answer.
    pub fn is_slow(&self) -> bool {
        self.since.elapsed() >= SOON
    }

    /// The share of the old answer's coverage that the newest snapshot has, 0 to 1.
    pub fn share(&self) -> f64 {
        self.share
    }

    fn take(&mut self, newest: Arc<Snapshot>, old: Option<&Snapshot>) {
        if self.newest.as_ref().is_some_and(|known| known.version == newest.version) {
            return;
        }
        let rows = old.map_or(1.0, |old| newest.rows.come_in as f64 / old.rows.come_in.max(1) as f64);
        let caught_up = old.is_none_or(|old| newest.covers(old));
        self.share = if caught_up { 1.0 } else { newest.history_share().min(rows).min(1.0) };
        self.newest = Some(newest);
    }

    /// Whether it covers all that `old` covers, so that nothing is lost at the swap.
    fn is_ready(&mut self, old: Option<&Arc<Snapshot>>) -> bool {
        let Some(newest) = &self.newest else { return false };
        if old.is_none_or(|old| newest.covers(old)) {
            return true;
        }
        if self.target.as_ref().is_none_or(|target| newest.covers(target)) {
            return self.caught_up.get_or_insert_with(Instant::now).elapsed() >= BESIDE;
        }
        false
    }
}

/// The result of polling a run.
#[derive(Debug, Default, PartialEq)]
pub struct Polled {
    /// There is a newer snapshot.
    pub new: bool,
    /// The staged question has replaced the old one.
    pub swapped: bool,
    /// The fault of a staged question: the old answer stays.
    pub failed: Option<Fault>,
}

/// The state of a watched run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RunState {
    /// No question was asked.
    Idle,
    /// A question was asked, and there is no answer yet.
    Asking,
    /// The share of history that was read.
    Reading(f64),
    Live,
    /// A feed cannot be reached at the moment.
    Reconnecting,
    Paused,
    Stopping,
    Stopped,
    Done,
}

impl RunState {
    /// Whether rows come, from some feed at least.
    pub fn flows(self) -> bool {
        matches!(self, Self::Live | Self::Reconnecting)
    }
}

impl Watch {
    pub(super) fn begin(&mut self, run: Run, sql: String, windows: Windows) {
        (self.staged, self.rhythms) = (None, Vec::new());
        let number = self.fresh_number();
        self.replace(run, sql, Arc::new(windows), number);
        self.newest = None;
    }

    /// Stages `run` beside the shown one; it takes over once it covers as much.
    pub(super) fn stage(&mut self, run: Run, sql: String, windows: Windows) {
        let number = self.fresh_number();
        let windows = Arc::new(windows);
        self.staged = Some(StagedRun {
            run,
            sql,
            windows,
            newest: None,
            share: 0.0,
            number,
            since: Instant::now(),
            target: self.newest.clone(),
            caught_up: None,
        });
    }

    /// A watch whose runs are numbered from `numbers` on.
    pub(super) fn after(numbers: u64) -> Self {
        Self { numbers, ..Self::default() }
    }

    pub(super) fn numbers(&self) -> u64 {
        self.numbers
    }

    /// The staged run gets a number above this.
    pub(super) fn count_from(&mut self, numbers: u64) {
        self.numbers = self.numbers.max(numbers);
    }

    fn fresh_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn replace(&mut self, run: Run, sql: String, windows: Arc<Windows>, number: u64) {
        self.run = Some(run);
        self.sql = sql;
        self.windows = windows;
        self.paused = false;
        self.recent.clear();
        self.stopping = false;
        self.run_number = number;
        self.rate = Rate::default();
    }

    /// Swaps to the staged run now, whatever it covers. False when there is none, or it has no answer yet.
    pub(super) fn swap(&mut self) -> bool {
        let Some(staged) = self.staged.take_if(|staged| staged.newest.is_some()) else { return false };
        self.replace(staged.run, staged.sql, staged.windows, staged.number);
        self.newest = staged.newest;
        self.show_newest();
        true
    }

    /// Takes the newest snapshot, and shows it unless paused; swaps to the staged run when it is ready.
    pub fn poll(&mut self) -> Polled {
        let mut looked = self.look();
        looked.swapped = self.is_ready() && self.swap();
        looked.new |= looked.swapped;
        looked
    }

    /// Whether a staged run covers as much as the old one. While paused, it waits.
    pub fn is_ready(&mut self) -> bool {
        let newest = self.newest.as_ref();
        !self.paused && self.staged.as_mut().is_some_and(|staged| staged.is_ready(newest))
    }

    /// As `poll`, and leaves the staged run where it is.
    pub fn look(&mut self) -> Polled {
        let mut looked = Polled { new: self.look_at_own(), ..Polled::default() };
        let Some(staged) = &mut self.staged else { return looked };
        if let Some(newest) = staged.run.latest() {
            // A staged run that ends with a fault is given up, and the old one goes on.
            let fault = newest.fault.clone().filter(|_| newest.last);
            staged.take(newest, self.newest.as_deref());
            if fault.is_some() {
                self.staged = None;
                looked.failed = fault;
                return looked;
            }
        }
        looked
    }

    fn look_at_own(&mut self) -> bool {
        let Some(run) = &self.run else { return false };
        let (newest, next) = run.latest_until();
        self.next = next;
        let Some(newest) = newest else { return false };
        if self.newest.as_ref().is_some_and(|old| old.version == newest.version) {
            return false;
        }
        self.rate.add(newest.rows.come_in, newest.elapsed.as_secs_f64());
        self.note_rhythms(&newest);
        if self.held && !self.paused {
            // What is said anew of an answer goes with it; one of a part of the rows is none to wait for.
            let stays = |old: &Arc<Snapshot>| old.moment != newest.moment && (newest.is_partial() || !old.is_partial());
            self.recent.retain(stays);
            self.recent.push_back(newest.clone());
            let more = self.recent.len().saturating_sub(RECENT);
            self.recent.drain(..more);
        }
        self.newest = Some(newest);
        if !self.paused && !self.held {
            self.show_newest();
        }
        true
    }

    fn note_rhythms(&mut self, newest: &Snapshot) {
        let now = Instant::now();
        self.rhythms.resize_with(newest.reached.ends.len(), Rhythm::default);
        for (feed, rhythm) in self.rhythms.iter_mut().enumerate() {
            let own = newest.reached.partitions.iter().filter(|at| at.feed == feed);
            // What a position counts is the feed's: it moves whenever a row comes.
            rhythm.note(own.fold(0, |sum: u64, at| sum.wrapping_add(at.next).wrapping_add(at.epoch)), now);
        }
    }

    /// How long no row of a feed has come, where rows flow and that is longer than usual.
    pub fn silence_of(&self, feed: usize) -> Option<Duration> {
        let flows = self.state().flows();
        self.rhythms.get(feed).filter(|_| flows)?.silence(Instant::now())
    }

    /// How long ago the newest row of any feed came.
    pub fn age(&self) -> Option<Duration> {
        self.rhythms.iter().filter_map(|rhythm| rhythm.age(Instant::now())).min()
    }

    /// Takes over when rows of each feed came: rows that are read once more are not rows that come.
    pub(super) fn hear_of(&mut self, other: &Self) {
        self.rhythms.clone_from(&other.rhythms);
    }

    /// How fast rows come, in words; of a slow feed, when the last one came.
    pub fn rate_words(&self) -> String {
        let live = self.newest.as_ref().filter(|newest| newest.live_open > 0).map(|newest| newest.live_rate);
        let rate = live.unwrap_or_else(|| self.rows_per_sec());
        match self.age().filter(|age| live.is_some() && rate < 0.05 && *age >= SLOW) {
            Some(age) => format!("last row {} ago", numbers::pause(age)),
            None => format!("{} rows/s", numbers::short(rate)),
        }
    }

    /// The feeds that are silent.
    pub fn silence(&self) -> Option<Silence> {
        let of = self.rhythms.len();
        let silent: Vec<Duration> = (0..of).filter_map(|feed| self.silence_of(feed)).collect();
        Some(Silence { feeds: silent.len(), of, silent: silent.into_iter().min()? })
    }

    /// Whether its answers wait to be shown until others are of the same moment.
    pub(super) fn hold(&mut self, held: bool) {
        if std::mem::replace(&mut self.held, held) != held {
            self.recent = self.newest.iter().filter(|_| held).cloned().collect();
            if !self.paused && self.newest.is_some() {
                self.show_newest();
            }
        }
    }

    /// The moments of which its answers are, the oldest first; `None` where none is to be waited for.
    pub(super) fn spans(&self) -> Option<Vec<Span>> {
        self.recent.back().filter(|newest| !self.paused && !newest.is_partial())?;
        Snapshot::spans(&self.recent, self.next)
    }

    /// Shows the newest answer that was read by then, or the newest of all. It never goes back to an older one.
    pub(super) fn show_at(&mut self, at: Option<Moment>) {
        let is_by_then = |s: &Arc<Snapshot>| at.is_none_or(|at| s.moment.is_none_or(|moment| moment <= at));
        let place = self.recent.iter().rposition(is_by_then).or_else(|| self.shown.is_none().then_some(0));
        let Some(place) = place.filter(|_| self.held && !self.paused) else { return };
        self.recent.drain(..place);
        if let Some(snapshot) = self.recent.front().cloned() {
            self.show(snapshot);
        }
    }

    fn show_newest(&mut self) {
        if self.held {
            self.recent = self.newest.iter().cloned().collect();
        }
        if let Some(newest) = self.newest.clone() {
            self.show(newest);
        }
    }

    fn show(&mut self, snapshot: Arc<Snapshot>) {
        self.shown_run = self.run_number;
        self.shown_windows = self.windows.clone();
        if self.answered.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &snapshot)) {
            self.shown = Some(self.windows.seen(&snapshot));
            self.answered = Some(snapshot);
        }
    }

    /// Whether anybody looks at it: an answer that nobody looks at is read more rarely.
    pub(super) fn keep_in_sight(&self, in_sight: bool) {
        let staged = self.staged.as_ref().map(|staged| &staged.run);
        self.run.iter().chain(staged).for_each(|run| run.show(in_sight));
    }

    /// Pauses the chart; the run goes on.
    pub fn pause(&mut self) {
        self.paused = self.shown.is_some();
    }

    pub fn resume(&mut self) {
        self.paused = false;
        if self.newest.is_some() {
            self.show_newest();
        }
    }

    /// Puts late rows into the windows that they missed.
    pub(super) fn readmit(&self) {
        if let Some(run) = &self.run {
            run.readmit();
        }
    }

    /// Whether rows are arriving, so that a changed question is staged beside the answer.
    pub fn is_live(&self) -> bool {
        self.is_running() && !self.stopping && self.newest.as_ref().is_some_and(|s| s.live_open > 0)
    }

    /// The question that was asked last; it may still be staged.
    pub fn asked(&self) -> &str {
        self.staged.as_ref().map_or(&self.sql, |staged| &staged.sql)
    }

    /// Ends all inputs; the last snapshot is shown when it comes.
    pub fn stop(&mut self) {
        self.staged = None;
        if let Some(run) = &self.run {
            run.finish();
            self.stopping = true;
            self.resume();
        }
    }

    pub fn is_running(&self) -> bool {
        self.run.is_some() && !self.newest.as_ref().is_some_and(|s| s.last)
    }

    /// Rows that came in since the picture was paused.
    pub fn rows_since_pause(&self) -> u64 {
        match (&self.newest, &self.shown) {
            (Some(newest), Some(shown)) => newest.rows.come_in.saturating_sub(shown.rows.come_in),
            _ => 0,
        }
    }

    /// Rows per second, over the last second or so.
    pub fn rows_per_sec(&self) -> f64 {
        self.rate.per_sec
    }

    pub fn state(&self) -> RunState {
        if self.run.is_none() {
            return RunState::Idle;
        }
        let Some(newest) = &self.newest else { return RunState::Asking };
        match newest {
            _ if self.paused => RunState::Paused,
            s if s.last && self.stopping => RunState::Stopped,
            s if s.last => RunState::Done,
            _ if self.stopping => RunState::Stopping,
            s if s.history_share() < 1.0 => RunState::Reading(s.history_share()),
            s if s.live_open > 0 && s.lost().next().is_some() => RunState::Reconnecting,
            s if s.live_open > 0 => RunState::Live,
            s => RunState::Reading(s.history_share()),
        }
    }
}

/// A rate over a sliding second.
#[derive(Debug, Default)]
struct Rate {
    from: Option<(u64, f64)>,
    per_sec: f64,
}

impl Rate {
    fn add(&mut self, rows: u64, secs: f64) {
        let Some((before, since)) = self.from else {
            self.from = Some((rows, secs));
            self.per_sec = if secs > 0.0 { rows as f64 / secs } else { 0.0 };
            return;
        };
        let passed = secs - since;
        if passed >= 0.5 {
            self.per_sec = rows.saturating_sub(before) as f64 / passed;
            self.from = Some((rows, secs));
        }
    }
}
