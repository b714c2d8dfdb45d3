//! A worksheet: one open table with the question asked of it, the run that answers, and the chart of the answer.
//! Changing a worksheet is left to `apply`, painting it to the panels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::Id;

use super::bind::Bound;
use super::chart::Chart;
use super::grid::Grid;
use super::kept_out::KeptOutLook;
use super::late_rows::LateRowsLook;
use super::probe::{ProbeRun, Proposed};
use super::question::{QuestionEditor, QuestionOf, Written};
use super::rest::Recalls;
use super::rewind::Rewound;
use super::watch::{Polled, RunState, Watch};
use super::widget::cells;
use super::widget::names::bare;
use crate::data::{Fault, Result};
use crate::engine::feed::Feed;
use crate::engine::first_rows::FirstRows;
use crate::engine::{Asker, Asking, Job, Memory, Options, Run, Saving, Seam, Table, TableScan};
use crate::query::Plan;
use crate::query::model::Models;
use crate::query::window::Micros;
use crate::sync::Wake;
use crate::workspace::bench::{BoardId, NamedQuestions};
use crate::workspace::{ModelSetup, TableId, TableSetup};

/// One open table with its question, its run and its chart.
#[derive(Debug)]
pub struct Worksheet {
    pub id: TableId,
    pub table: Arc<Table>,
    /// The other open tables: a question may join them.
    pub others: Vec<Arc<Table>>,
    /// Values that its question may name, as SQL: those of the boards that show it.
    pub variables: Vec<(String, String)>,
    /// The models that a question may ask.
    pub models: Models,
    /// The questions that a question may ask by their names.
    pub named: Arc<NamedQuestions>,
    /// Its question as it was asked last, with those that it asks by name; `None` where one was missing.
    pub(super) composed: Option<String>,
    /// The files that its history was opened from.
    pub paths: Vec<PathBuf>,
    /// The addresses of feeds that are set up and could not be connected.
    pub unconnected: Vec<String>,
    /// Models that are set up and could not be read.
    pub(super) unread: Vec<ModelSetup>,
    pub question: QuestionEditor,
    /// The size of windows that fits its time, where that was found out.
    pub(super) window_size: Option<String>,
    /// Its question, while that is as it was proposed.
    pub proposed: Option<Proposed>,
    pub watch: Watch,
    /// The folder of all that is kept of its feeds; nowhere while nothing is.
    pub(super) stored: Option<PathBuf>,
    /// The reading of the table that its question shares with those that join it.
    scan: Option<TableScan>,
    pub chart: Chart,
    /// The view of the answer in the grid.
    pub grid: Grid,
    /// The chart of a changed question's answer, while that question is staged.
    pub preview: Chart,
    /// The run that finds out how much time the history spans, or what its columns hold, before the first question can
    /// be asked.
    pub probe: Option<ProbeRun>,
    /// What its first rows tell of its numbers, and the look at them.
    pub first_rows: FirstRows,
    pub(super) finding: Option<Job<FirstRows>>,
    /// They tell what its board, if it came before, has no use for.
    pub(super) refits: bool,
    /// The board that came with it and is proposed anew, once its question is asked.
    pub(super) proposes: Option<BoardId>,
    /// What its seam keeps out, or the offered one would.
    pub(super) kept_out: Option<KeptOutLook>,
    /// Its late rows, while they are looked at.
    pub(super) late_look: Option<LateRowsLook>,
    /// The newest time of its history, with the number of files it was found in; set by the probe.
    pub(super) ends: Option<(usize, Micros)>,
    /// The keys of notices that were posted, so that each is posted once.
    pub notified: BTreeSet<String>,
    /// The live run and its question, while the past of the feed is shown.
    pub rewound: Option<Box<Rewound>>,
    /// Whether the newest rows of the answer stay in sight.
    pub follow: bool,
    /// Its feeds were stopped when it was open last, and its answer is on its way.
    pub(super) recalls: Option<Recalls>,
}

/// Who asks the question of the table itself.
pub(super) const OWN: &str = "table";
/// What is beyond the last checkpoint is read again after a crash: little, when it is a few seconds. What takes longer
/// to write than to make anew is not written.
const SAVING: Saving = Saving { pace: Duration::from_secs(10), most: 64 << 20 };

/// The line of a table in the panel of tables, as what can have the keyboard's focus.
pub fn line_id(table: TableId) -> Id {
    Id::unique(("line of table", table))
}

/// The pause between two verifications of an answer.
const AUDIT: Duration = Duration::from_secs(15);

/// How a question of the window is asked: all of them draw from one memory.
pub(super) fn options(datasets: Vec<Arc<Table>>) -> Options {
    Options { datasets, memory: Some(Memory::of_process()), saving: SAVING, ..Options::default() }
}

impl Worksheet {
    pub fn new(id: TableId, table: Table, paths: Vec<PathBuf>) -> Self {
        Self {
            id,
            table: Arc::new(table),
            others: Vec::new(),
            variables: Vec::new(),
            models: Models::default(),
            named: Arc::default(),
            composed: None,
            paths,
            unconnected: Vec::new(),
            unread: Vec::new(),
            question: QuestionEditor::default(),
            window_size: None,
            proposed: None,
            watch: Watch::default(),
            stored: None,
            scan: None,
            chart: Chart::default(),
            grid: Grid::new(id),
            preview: Chart::default(),
            probe: None,
            first_rows: FirstRows::default(),
            finding: None,
            refits: false,
            proposes: None,
            kept_out: None,
            late_look: None,
            ends: None,
            notified: BTreeSet::new(),
            rewound: None,
            follow: true,
            recalls: None,
        }
    }

    /// The newest time of its history, where that is known.
    pub fn history_ends(&self) -> Option<Micros> {
        self.ends.filter(|(files, _)| *files == self.table.history.len()).map(|(_, at)| at)
    }

    /// Asks the written question. If it is wrong, its fault is kept in `question.fault`, and the old answer goes on. A
    /// question that is changed beside a live answer is staged: its run takes over once it covers as much.
    pub fn ask(&mut self, wake: &Wake) {
        if self.watch.staged.is_some() && self.watch.sql == self.question.sql && self.question.fault.is_none() {
            return self.keep_old(true);
        }
        self.start(wake, true);
    }

    /// `same`: the table has the same faces as when the current run began.
    pub(super) fn start(&mut self, wake: &Wake, same: bool) {
        self.recalls = None;
        if let Err(fault) = self.table.live.iter().try_for_each(Feed::go_on) {
            self.question.fault = Some(fault);
            return;
        }
        self.ask_run(wake, same);
    }

    /// The same, and leaves feeds that rest as they are.
    pub(super) fn ask_run(&mut self, wake: &Wake, same: bool) {
        self.probe = None;
        if self.can_start_again() {
            // To tiles, another table: they leave the reading that was stopped and ask anew.
            self.table = Arc::new(Table::clone(&self.table));
        }
        let mut reached = self.watch.newest.as_ref().filter(|_| same).map(|s| s.reached.clone());
        // What came late by another time is not late by this one.
        let column = |table: &Table| table.time.as_ref().map(|time| time.column.clone());
        if self.scan.as_ref().is_some_and(|scan| column(scan.table()) != column(&self.table)) {
            reached.iter_mut().for_each(|reached| reached.readmitted = None);
        }
        let past = self.rewound.as_ref().map(|rewound| rewound.past.clone());
        let same = same && past.is_none();
        let beside = same && self.watch.is_live();
        // Its tiles are answered by the reading that is under way: a second one would follow the feeds twice.
        let follows = !self.table.live.is_empty() && self.watch.is_running() && !self.watch.stopping;
        let joins = same && follows;
        let asker = self.asker(OWN.to_owned()).filter(|_| past.is_none());
        self.composed = self.named.compose(&self.question.sql).and_then(|composed| composed.text()).ok();
        let started = self.bound().and_then(|(sql, bound)| {
            let own = options(bound.datasets);
            let options = Options { audit: Some(AUDIT), past, catch_up: reached, asker, ..own };
            let (scan, run) = self.run(bound.plan, options, joins, wake)?;
            Ok((scan, run, sql, bound.windows))
        });
        match started {
            Ok((scan, run, sql, windows)) => {
                if self.rewound.is_none() {
                    self.scan = scan;
                }
                self.question.fault = None;
                self.question.asked.clone_from(&self.question.sql);
                if beside {
                    self.watch.stage(run, sql, windows);
                } else {
                    self.watch.begin(run, sql, windows);
                    self.notified.clear();
                }
            }
            Err(fault) => self.question.fault = Some(fault),
        }
    }

    /// Starts a question. One that joins does so to the reading of the table that is under way; any other begins a
    /// reading of its own.
    fn run(&self, plan: Arc<Plan>, options: Options, joins: bool, wake: &Wake) -> Result<(Option<TableScan>, Run)> {
        if plan.rerun.is_some() {
            return Ok((None, Run::start(plan, self.table.clone(), options, wake.clone())?));
        }
        let asking = vec![Asking { plan, options: options.clone(), wake: wake.clone() }];
        let (scan, mut runs) = match self.scan.as_ref().filter(|scan| joins && Arc::ptr_eq(scan.table(), &self.table)) {
            Some(scan) => (scan.clone(), scan.ask(asking)?),
            None => TableScan::start(self.table.clone(), options, asking)?,
        };
        let run = runs.pop().ok_or_else(|| Fault::new("internal error: a question without a run"))?;
        Ok((Some(scan), run))
    }

    /// Who asks a question of it, where what is known of its answer is kept: files can be read again at any time.
    fn asker(&self, name: String) -> Option<Asker> {
        self.stored.clone().filter(|_| !self.table.live.is_empty()).map(|stored| Asker { stored, name })
    }

    /// Asks questions of tiles together: they share the reading of the table with its own question. With the name of
    /// who asks, what is known of the answer is kept.
    pub(super) fn ask_beside(&mut self, asked: Vec<(Bound, Option<String>)>, wake: &Wake) -> Result<Vec<Run>> {
        let own = |bound: &Bound, asker: &Option<String>| Options {
            asker: asker.clone().and_then(|name| self.asker(name)),
            ..options(bound.datasets.clone())
        };
        let (mut runs, mut shared) = (BTreeMap::new(), Vec::new());
        for (i, (bound, asker)) in asked.iter().enumerate() {
            let options = own(bound, asker);
            if bound.plan.rerun.is_some() {
                runs.insert(i, Run::start(bound.plan.clone(), self.table.clone(), options, wake.clone())?);
            } else {
                shared.push((i, Asking { plan: bound.plan.clone(), options, wake: wake.clone() }));
            }
        }
        let (places, asking): (Vec<usize>, Vec<Asking>) = shared.into_iter().unzip();
        if !asking.is_empty() {
            let started = match self.scan.as_ref().filter(|scan| Arc::ptr_eq(scan.table(), &self.table)) {
                Some(scan) => scan.ask(asking)?,
                None => {
                    let asker = asking.iter().find_map(|asking| asking.options.asker.clone());
                    let options = Options { audit: Some(AUDIT), asker, ..options(Vec::new()) };
                    let (scan, started) = TableScan::start(self.table.clone(), options, asking)?;
                    self.scan = Some(scan);
                    started
                }
            };
            runs.extend(places.into_iter().zip(started));
        }
        Ok(runs.into_values().collect())
    }

    /// Cancels a staged question; `again`: the written text equals the old question again.
    pub(super) fn keep_old(&mut self, again: bool) {
        self.watch.staged = None;
        self.question.asked.clone_from(&self.watch.sql);
        if again {
            self.question.fault = None;
        }
    }

    /// Polls the runs once. True when there is a newer snapshot.
    pub(super) fn poll(&mut self, wake: &Wake) -> bool {
        self.recall(wake);
        if let Some(rewound) = &mut self.rewound {
            // A question that was staged before the rewind stays staged.
            poll_watch(&mut rewound.watch, &mut rewound.question);
        }
        let looked = poll_watch(&mut self.watch, &mut self.question);
        if looked.swapped {
            self.notified.clear();
        }
        looked.new
    }

    /// The run that reads the feeds: while rewound, the live one in the background.
    pub fn running(&self) -> &Watch {
        self.rewound.as_ref().map_or(&self.watch, |rewound| &rewound.watch)
    }

    /// Ends the reading of its feeds, so that what is known is written down; what waits for that.
    pub(super) fn finish(&self) -> Option<TableScan> {
        let scan = self.scan.as_ref().filter(|_| self.asker(String::new()).is_some())?;
        scan.finish();
        Some(scan.clone())
    }

    /// Ends all inputs, also those of the live run in the background while rewound. A staged question is cancelled.
    pub(super) fn stop(&mut self) {
        let (watch, question) = match &mut self.rewound {
            Some(rewound) => (&mut rewound.watch, &mut rewound.question),
            None => (&mut self.watch, &mut self.question),
        };
        watch.stop();
        question.asked.clone_from(&watch.sql);
    }

    /// Whether its feeds were stopped and can be followed again.
    pub fn can_start_again(&self) -> bool {
        !self.table.live.is_empty() && self.rewound.is_none() && self.watch.state() == RunState::Stopped
    }

    /// Follows the feeds again, with the question that was asked last; what is being written stays as it is.
    pub(super) fn start_again(&mut self, wake: &Wake) {
        if !self.can_start_again() {
            return;
        }
        let written = std::mem::replace(&mut self.question.sql, self.watch.sql.clone());
        self.start(wake, true);
        if written != self.question.sql {
            self.question.set_sql(written);
        }
    }

    /// Keeps the classes of its items in step with what is written.
    pub(super) fn classify(&mut self) {
        let mut question = std::mem::take(&mut self.question);
        question.classify(self);
        self.question = question;
    }

    /// Its question, as it is written.
    pub fn written(&self) -> Written<'_> {
        Written { of: QuestionOf::Table(self.id), sheet: self, question: &self.question }
    }

    /// Whether the newest rows stand at the end of the answer: one of a feed, in the order of its time or as the rows
    /// came.
    pub fn has_tail(&self) -> bool {
        let grows = !self.table.live.is_empty() && self.rewound.is_none();
        let Some(shown) = self.watch.shown.as_ref().filter(|_| grows) else { return false };
        let form = &self.question.form;
        let answer = &shown.answer;
        let time = answer.columns().iter().position(|c| c.dtype().is_temporal());
        let Some(time) = time else {
            return form.order.is_empty() && shown.status.is_none() && form.measures.is_empty();
        };
        let name = answer.columns().get(time).map(|c| c.name().as_str()).unwrap_or_default();
        let ordered = form.order.first().is_none_or(|(by, descending)| !descending && bare(by) == name);
        let (first, last) =
            (cells::micros(answer, time, 0), cells::micros(answer, time, answer.height().saturating_sub(1)));
        ordered && first <= last
    }

    /// What an answer without rows has to say.
    pub fn nothing(&self) -> &'static str {
        let shown = self.watch.shown.as_ref();
        let come_in = shown.map_or(0, |s| s.rows.come_in);
        match (&self.rewound, come_in) {
            _ if shown.is_some_and(|s| s.is_partial()) => "Reading",
            (Some(_), _) => "No row of this stretch fits the question",
            (None, 0) if self.watch.is_live() => "The table has no rows yet",
            (None, 0) => "The table has no rows",
            _ => "No row fits this question: widen its Where or Having",
        }
    }

    /// Whether a moment of the past can be asked for.
    pub fn can_rewind(&self) -> bool {
        self.rewound.is_some() || (self.watch.is_live() && self.table.time.is_some())
    }

    /// Whether nothing of it is on its way.
    pub fn is_idle(&self) -> bool {
        let looks = self.probe.is_some()
            || self.finding.is_some()
            || self.kept_out.as_ref().is_some_and(|look| !look.is_idle())
            || self.late_look.as_ref().is_some_and(|look| !look.is_idle());
        !self.watch.is_running() && !looks && !self.chart.is_building() && !self.grid.is_working()
    }

    /// The setup that opens this table again.
    pub fn setup(&self) -> TableSetup {
        let (mark, figure) = self.chart.settings().clone().apart();
        let question = self.rewound.as_ref().map_or(&self.question, |rewound| &rewound.question).sql.clone();
        let proposed = self.proposed.as_ref().filter(|proposed| proposed.sql == question);
        TableSetup {
            proposed: proposed.map(|proposed| proposed.seconds),
            id: self.id,
            name: self.table.name.clone(),
            paths: self.paths.clone(),
            live: self.table.live.iter().map(|feed| &feed.url.text).chain(&self.unconnected).cloned().collect(),
            time: self.table.time.as_ref().map(Into::into),
            seam: (&self.table.seam).into(),
            question,
            mark,
            figure: Box::new(figure),
            stopped: !self.table.live.is_empty() && self.running().stopping,
            models: self.unread.clone(),
            foreign: false,
        }
    }

    /// Gives the table this name. What asks it has to be asked again.
    pub(super) fn call(&mut self, name: &str) {
        if self.table.name != name {
            self.return_to_now();
            self.table = Arc::new(Table { name: name.to_owned(), ..Table::clone(&self.table) });
        }
    }

    /// Changes the table and asks again.
    pub fn retable(&mut self, wake: &Wake, change: impl FnOnce(&mut Table)) {
        self.return_to_now();
        let mut table = Table::clone(&self.table);
        change(&mut table);
        let same = table.has_faces_of(&self.table);
        // A seam between faces that are not both there decides nothing.
        if table.live.is_empty() && matches!(table.seam, Seam::Position) {
            table.seam = Seam::Append;
        }
        self.table = Arc::new(table);
        if !self.question.asked.is_empty() {
            self.start(wake, same);
        }
    }
}

/// Polls a run once; the fault of a staged question that could not be answered is kept with the question.
fn poll_watch(watch: &mut Watch, question: &mut QuestionEditor) -> Polled {
    let staged = watch.staged.as_ref().map(|next| next.sql.clone());
    let mut looked = watch.poll();
    if let Some(fault) = looked.failed.take() {
        question.asked.clone_from(&watch.sql);
        // The span is dropped if the text was edited since.
        let span = fault.span.clone().filter(|_| staged.as_ref() == Some(&question.sql));
        question.fault = Some(Fault { span, ..fault });
    }
    looked
}
