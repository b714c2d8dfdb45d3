//! What a question costs as its input grows: time T(n), state S(n) and bytes between threads C(n) over n rows, and the
//! exponents that a power law fitted to them has. A naive fusion re-merges all it knows for every chunk: T = O(n²),
//! S = O(n), C = O(n²). Here T grows with the rows, S with the groups, and C with groups times workers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::data::Result;
use crate::query::Plan;
use crate::sync::Wake;

pub use super::counts::Sample;
use super::{Job, Options, Run, Snapshot, Table};

/// The exponents b of y = a·nᵇ; `None` where there are too few samples to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Exponents {
    pub time: Option<f64>,
    pub state: Option<f64>,
    pub between: Option<f64>,
    /// The exponent of state over groups.
    pub state_by_groups: Option<f64>,
    /// The exponents of bytes between threads over groups, and over groups times workers.
    pub between_by_groups: Option<f64>,
    pub between_by_groups_and_workers: Option<f64>,
}

/// Samples that a fit needs, and how many times the smallest size the largest must be.
const ENOUGH: usize = 4;
const SPAN: f64 = 4.0;

impl Exponents {
    /// The exponents that a run over a feed has: how often its workers hand over is a matter of time, not of rows.
    pub fn paced(self) -> Self {
        Self { between: None, between_by_groups: None, between_by_groups_and_workers: None, ..self }
    }

    /// Why some are lacking.
    pub fn note(&self, samples: &[Sample]) -> Option<String> {
        let rows = |f: fn(u64, u64) -> u64| growing(samples).map(|s| s.rows).reduce(f).unwrap_or(0);
        if self.state.is_none() && self.time.is_none() {
            return Some(format!(
                "too short a run to fit: {} samples, of {} to {} rows; it takes {ENOUGH} whose rows span a factor of \
                 {SPAN}",
                growing(samples).count(),
                rows(u64::min),
                rows(u64::max)
            ));
        }
        if self.between.is_none() {
            return Some(
                "what workers hand over of a feed goes by its pace: ask the question of files to fit the bytes \
                 between threads"
                    .to_owned(),
            );
        }
        let few = self.state_by_groups.is_none() || self.between_by_groups_and_workers.is_none();
        few.then(|| format!("the groups did not grow by a factor of {SPAN}, so that nothing is fitted to them"))
    }
}

/// The samples of growing rows: those of as many workers as the first.
pub fn growing(samples: &[Sample]) -> impl Iterator<Item = &Sample> + Clone {
    samples.iter().filter(|s| samples.first().is_some_and(|first| first.workers == s.workers))
}

/// Fits samples of growing size, by least squares over logarithms. The smallest sizes, which fixed costs dominate, are
/// left out: only those within a factor of 64 of the largest count.
pub fn fit(samples: &[Sample]) -> Exponents {
    let largest = samples.iter().map(|s| s.rows).max().unwrap_or(0);
    let all: Vec<&Sample> = samples.iter().filter(|s| s.rows > 0 && s.rows >= largest / 64).collect();
    let grown: Vec<&Sample> = growing(samples).filter(|s| s.rows > 0 && s.rows >= largest / 64).collect();
    let rows: fn(&Sample) -> f64 = |s| s.rows as f64;
    let groups: fn(&Sample) -> f64 = |s| s.groups as f64;
    Exponents {
        time: slope(&grown, rows, |s| s.seconds),
        state: slope(&grown, rows, |s| s.state as f64),
        between: slope(&grown, rows, |s| s.between as f64),
        state_by_groups: slope(&grown, groups, |s| s.state as f64),
        between_by_groups: slope(&grown, groups, |s| s.between as f64),
        between_by_groups_and_workers: slope(&all, |s| (s.groups * s.workers) as f64, |s| s.between as f64),
    }
}

fn slope(of: &[&Sample], x: fn(&Sample) -> f64, y: fn(&Sample) -> f64) -> Option<f64> {
    let points: Vec<(f64, f64)> =
        of.iter().filter(|s| x(s) >= 1.0 && y(s) > 0.0).map(|s| (x(s).ln(), y(s).ln())).collect();
    let n = points.len() as f64;
    let (mx, my) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let (covariance, variance) =
        points.iter().fold((0.0, 0.0), |(c, v), (x, y)| (c + (x - mx) * (y - my), v + (x - mx) * (x - mx)));
    let span =
        points.iter().map(|p| p.0).fold(f64::MIN, f64::max) - points.iter().map(|p| p.0).fold(f64::MAX, f64::min);
    (points.len() >= ENOUGH && span >= SPAN.ln() - 1e-9).then(|| {
        let slope = covariance / variance;
        // No `-0.00`.
        if slope.abs() < 0.005 { 0.0 } else { slope }
    })
}

/// The longest that measuring may take.
const LONGEST: Duration = Duration::from_secs(60);

/// While it is measured, a worker hands over when it has begun and when it is done: what more snapshots cost is a
/// matter of their pace, not of the question.
const PACE: Duration = Duration::from_secs(60);
/// How many workers a part is asked of in turn, and how many pieces it has for each of them at the most.
const CREWS: &[usize] = &[1, 2, 4, 8];
const SHIFTS: u64 = 8;

/// Asks the question of larger and larger parts of the table's files, each about twice the one before, up to all of
/// them; then of a part by different numbers of workers.
pub fn measure(plan: Arc<Plan>, table: &Table, options: Options, wake: Wake) -> Job<Vec<Sample>> {
    let table = Arc::new(Table { live: Vec::new(), ..table.clone() });
    Job::start("measure cost", wake, move |report| {
        let begun = Instant::now();
        let own = Options { workspace: None, audit: None, pace: PACE, ..options };
        let mut samples: Vec<Sample> = Vec::new();
        let mut pieces = 1;
        let there = loop {
            let own = Options { pieces: Some(pieces), ..own.clone() };
            let last = run_once(plan.clone(), table.clone(), own, report)?;
            let sample = last.sample();
            report.progress(last.history_done, last.history_total, format!("{} rows", sample.rows));
            samples.retain(|s| s.rows < sample.rows);
            samples.push(sample);
            if last.history_done >= last.history_total || begun.elapsed() > LONGEST {
                break last.stats.chunks.min(pieces);
            }
            pieces *= 2;
        };
        let usual = own.workers();
        for crew in CREWS.iter().copied().filter(|crew| *crew != usual) {
            let most = there.min(usual.max(*CREWS.last().unwrap_or(&1)) as u64 * SHIFTS);
            // With few pieces there is nothing to do for more workers.
            if (crew as u64) * 2 > most || begun.elapsed() > LONGEST {
                break;
            }
            let own = Options { pieces: Some(most), threads: crew, ..own.clone() };
            report.progress(0, 0, format!("{crew} workers"));
            let last = run_once(plan.clone(), table.clone(), own, report)?;
            samples.push(last.sample());
        }
        Ok(samples)
    })
}

fn run_once(
    plan: Arc<Plan>,
    table: Arc<Table>,
    options: Options,
    report: &super::job::Reporter,
) -> Result<Arc<Snapshot>> {
    let (wake, rung) = Wake::channel();
    let run = Run::start(plan, table, options, wake)?;
    loop {
        report.check()?;
        let _ = rung.recv_timeout(Duration::from_millis(50));
        if let Some(last) = run.latest().filter(|s| s.last) {
            if let Some(fault) = &last.fault {
                return Err(fault.clone());
            }
            return Ok(last);
        }
    }
}
