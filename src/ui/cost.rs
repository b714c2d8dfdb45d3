//! The costs of this session's questions: a line a run, how its cost grew with the rows, and the benchmark of a
//! question over larger and larger parts of its files.

use std::time::Duration;

use super::chart::Chart;
use super::classes::classes;
use super::wording::one_line;
use super::worksheet::Worksheet;
use crate::data::{Fault, Result};
use crate::engine::cost::{self, Exponents, Sample, growing};
use crate::engine::{Job, Options, Progress, Snapshot};
use crate::figure::{Axis, AxisKind, Figure, Series};
use crate::query::aggregate::Class;
use crate::sync::Wake;
use crate::workspace::TableId;

/// Runs that are remembered.
const KEPT: usize = 200;

/// What one run cost so far.
#[derive(Debug)]
pub struct RunCost {
    /// A number of its own among the runs of all tables; never used twice.
    pub id: u64,
    sheet: TableId,
    number: u64,
    pub table: String,
    /// The question in one line.
    pub question: String,
    pub running: bool,
    /// Whether rows came at the pace of a feed, so that the time is not the cost of the work.
    pub paced: bool,
    /// Whether it keeps values, so that its state grows with the rows of a group.
    pub keeps: bool,
    pub rows: u64,
    pub chunks: u64,
    pub took: Duration,
    pub state: u64,
    pub between: u64,
    pub groups: u64,
    pub samples: Vec<Sample>,
    /// How many samples the run had given when they were taken.
    noted: usize,
}

/// The costs of all runs, newest last.
#[derive(Debug, Default)]
pub struct Costs {
    pub runs: Vec<RunCost>,
    next: u64,
    chosen: Option<u64>,
    benchmark: Option<(u64, Job<Vec<Sample>>)>,
    /// The fault of the last benchmark.
    pub fault: Option<Fault>,
    growth: Option<CostGrowth>,
    /// The x axis of its chart.
    against: Against,
}

/// The x axis that the cost is drawn against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Against {
    #[default]
    Rows,
    Groups,
    GroupsAndWorkers,
}

/// The choices of the x axis, with their titles.
pub const AGAINST: &[(Against, &str)] = &[
    (Against::Rows, "against rows"),
    (Against::Groups, "state against groups"),
    (Against::GroupsAndWorkers, "bytes against groups × workers"),
];

/// How the cost of the chosen run grows.
#[derive(Debug)]
pub struct CostGrowth {
    of: (u64, usize, Against),
    pub exponents: Exponents,
    pub chart: Chart,
}

impl Costs {
    /// Takes over the cost that the newest snapshot of a worksheet's run reports.
    pub fn note(&mut self, sheet: &Worksheet) {
        let Some(newest) = &sheet.watch.newest else { return };
        let number = sheet.watch.run_number;
        let known = self.runs.iter().rposition(|run| run.sheet == sheet.id && run.number == number);
        let running = sheet.watch.is_running();
        // A run that was replaced no longer runs, unless it is the live run behind a rewind.
        for old in self.runs.iter_mut().filter(|run| run.sheet == sheet.id && run.number != number) {
            old.running = sheet
                .rewound
                .as_ref()
                .is_some_and(|rewound| rewound.watch.run_number == old.number && rewound.watch.is_running());
        }
        match known.and_then(|at| self.runs.get_mut(at)) {
            Some(run) => run.take(newest, running),
            None => {
                let question = one_line(&sheet.watch.sql);
                let mut run = self.fresh(sheet.id, number, sheet.table.name.clone(), question);
                run.keeps = classes(sheet, &sheet.question.sql)
                    .iter()
                    .any(|item| matches!(item.class, Class::KeepsRows { .. } | Class::KeepsValues));
                run.take(newest, running);
                self.push(run);
            }
        }
    }

    fn fresh(&mut self, sheet: TableId, number: u64, table: String, question: String) -> RunCost {
        self.next += 1;
        let (took, samples) = (Duration::ZERO, Vec::new());
        RunCost {
            id: self.next,
            sheet,
            number,
            table,
            question,
            running: true,
            paced: false,
            keeps: false,
            rows: 0,
            chunks: 0,
            took,
            state: 0,
            between: 0,
            groups: 0,
            samples,
            noted: 0,
        }
    }

    fn push(&mut self, run: RunCost) {
        self.runs.push(run);
        if self.runs.len() > KEPT {
            self.runs.remove(0);
        }
    }

    /// Starts the benchmark of the question of `sheet`.
    ///
    /// # Errors
    /// When the question cannot be asked, or the table has no files that could be read in parts.
    pub fn benchmark(&mut self, sheet: &Worksheet, wake: &Wake) -> Result<()> {
        self.fault = None;
        if sheet.table.history.is_empty() {
            return Err(Fault::new("only files can be read in larger and larger parts")
                .at(&sheet.table.name)
                .hint("the runs above measure themselves"));
        }
        let bound = sheet.plan(&sheet.question.sql)?;
        let job = cost::measure(
            bound.plan,
            &sheet.table,
            Options { datasets: bound.datasets, ..Options::default() },
            wake.clone(),
        );
        let question = format!("measured: {}", one_line(&sheet.question.sql));
        let run = self.fresh(sheet.id, u64::MAX - self.next, sheet.table.name.clone(), question);
        self.chosen = Some(run.id);
        self.benchmark = Some((run.id, job));
        self.push(run);
        Ok(())
    }

    pub fn cancel(&self) {
        if let Some((_, job)) = &self.benchmark {
            job.cancel();
        }
    }

    pub fn progress(&self) -> Option<Progress> {
        self.benchmark.as_ref().map(|(_, job)| job.progress())
    }

    pub fn choose(&mut self, id: u64) {
        self.chosen = Some(id);
    }

    /// The run whose growth is shown: the chosen one, else the newest.
    pub fn chosen(&self) -> Option<&RunCost> {
        self.runs.iter().find(|run| Some(run.id) == self.chosen).or(self.runs.last())
    }

    pub fn draw_against(&mut self, against: Against) {
        self.against = against;
    }

    pub fn against(&self) -> Against {
        self.against
    }

    pub fn growth(&self) -> Option<&CostGrowth> {
        self.growth.as_ref()
    }

    /// Polls the benchmark, and updates the growth to that of the chosen run.
    pub fn poll(&mut self) {
        if let Some((id, job)) = &mut self.benchmark
            && let Some(outcome) = job.take()
        {
            let id = *id;
            self.benchmark = None;
            match outcome {
                Ok(samples) => {
                    if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
                        run.measured(samples);
                    }
                }
                Err(fault) => {
                    self.runs.retain(|run| run.id != id);
                    self.fault = Some(fault).filter(|f| f.what != super::jobs::CANCELLED);
                }
            }
        }
        let chosen = self.chosen().map(|run| (run.id, run.samples.len(), self.against));
        if chosen != self.growth.as_ref().map(|growth| growth.of) {
            self.growth = chosen.zip(self.chosen()).map(|(of, run)| {
                let mut exponents = cost::fit(&run.samples);
                if run.paced {
                    exponents = Exponents { time: None, ..exponents.paced() };
                }
                CostGrowth { of, exponents, chart: Chart::of(figure(&run.samples, exponents, of.2)) }
            });
        }
    }
}

impl RunCost {
    fn take(&mut self, s: &Snapshot, running: bool) {
        self.running = running;
        self.paced |= s.seam.live_rows > 0;
        (self.rows, self.chunks, self.took) = (s.rows.come_in, s.stats.chunks, s.elapsed);
        (self.state, self.between, self.groups) = (s.stats.state_bytes, s.stats.bytes_between_threads, s.stats.groups);
        if self.noted != s.stats.samples.len() {
            self.noted = s.stats.samples.len();
            self.samples.clone_from(&s.stats.samples);
            // The last sample may repeat the rows of the one before it.
            self.samples.dedup_by_key(|sample| sample.rows);
        }
    }

    fn measured(&mut self, samples: Vec<Sample>) {
        self.running = false;
        if let Some(last) = growing(&samples).last() {
            (self.rows, self.took) = (last.rows, Duration::from_secs_f64(last.seconds));
            (self.state, self.between, self.groups) = (last.state, last.between, last.groups);
        }
        self.samples = samples;
    }
}

/// Growth, along powers of ten, each line 1 at its first sample. Over rows: time, state and bytes between threads
/// beside what a naive fusion would take; over groups, and groups times workers: one of them beside a line that grows
/// alike.
pub fn figure(samples: &[Sample], found: Exponents, against: Against) -> Figure {
    let (title, series) = match against {
        Against::Rows => ("n, rows read", over_rows(samples, found)),
        Against::Groups => {
            let grown: Vec<Sample> = growing(samples).copied().collect();
            (
                "groups",
                beside(&grown, ("state", "groups"), found.state_by_groups, &|s| s.groups as f64, &|s| s.state as f64),
            )
        }
        Against::GroupsAndWorkers => {
            let x = |s: &Sample| (s.groups * s.workers) as f64;
            let by = found.between_by_groups_and_workers;
            (
                "groups × workers",
                beside(samples, ("between threads", "groups × workers"), by, &x, &|s| s.between as f64),
            )
        }
    };
    Figure {
        mark: "line".to_owned(),
        x: Axis { title: title.to_owned(), kind: AxisKind::Power },
        y_title: "times the first".to_owned(),
        y_kind: AxisKind::Power,
        series,
        ..Figure::default()
    }
}

fn over_rows(samples: &[Sample], found: Exponents) -> Vec<Series> {
    let named =
        |name: &str, exponent: Option<f64>| exponent.map_or_else(|| name.to_owned(), |b| format!("{name} as n^{b:.2}"));
    let grown: Vec<Sample> = growing(samples).copied().collect();
    let n = |s: &Sample| s.rows as f64;
    let line = |name: String, of: &dyn Fn(&Sample) -> f64| line(&grown, name, &n, of);
    // Without an exponent, the time is not the cost of the work.
    let time = found.time.map(|_| line(named("time", found.time), &|s| s.seconds));
    let others = [
        line(named("state", found.state), &|s| s.state as f64),
        line(named("between threads", found.between), &|s| s.between as f64),
        line("naive: time and bytes as n²".to_owned(), &|s| n(s) * n(s)),
        line("naive: state as n".to_owned(), &|s| n(s)),
    ];
    time.into_iter().chain(others).collect()
}

type Of<'a> = &'a dyn Fn(&Sample) -> f64;

/// One measure over another, and a line that grows as the other does.
fn beside(samples: &[Sample], (what, over): (&str, &str), found: Option<f64>, x: Of<'_>, y: Of<'_>) -> Vec<Series> {
    let name = found.map_or_else(|| what.to_owned(), |b| format!("{what} as ({over})^{b:.2}"));
    vec![line(samples, name, x, y), line(samples, format!("in proportion to {over}"), x, x)]
}

fn line(samples: &[Sample], name: String, x: Of<'_>, y: Of<'_>) -> Series {
    let mut usable: Vec<(f64, f64)> =
        samples.iter().map(|s| (x(s), y(s))).filter(|(x, y)| *x > 0.0 && *y > 0.0).collect();
    usable.sort_by(|a, b| a.0.total_cmp(&b.0));
    let first = usable.first().map_or(1.0, |(_, y)| *y);
    let (x, y): (Vec<f64>, Vec<f64>) = usable.iter().map(|(x, y)| (x.log10(), (y / first).log10())).unzip();
    Series::new(name, x, y)
}
