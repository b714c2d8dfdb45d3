//! A committee on a stream, prequentially: every row is tested, then trained on. The whole file is in memory
//! before the clock starts, as in River's script beside which `online.py` puts it. And a forest of 100 trees, grown to
//! purity on the first half, that scores the frames of the second.
//!
//! `cargo bench --bench online -- FILE.parquet TARGET [ROWS A CHUNK]`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail loudly and prints its figures")]

use braid::engine::train::{Training, train};
use braid::learn::online::{CommitteeEvent, CommitteeSettings, Learned, OnlineForest, Trees};
use braid::learn::question::Question;
use braid::sync::Wake;
use polars::prelude::*;

/// CPU time of the process, seconds: steadier than the clock on a busy machine.
fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [path, target, rest @ ..] = &arguments[..] else {
        return println!("online FILE.parquet TARGET [ROWS A CHUNK]");
    };
    let size: usize = rest.first().and_then(|n| n.parse().ok()).unwrap_or(500);
    let mut rows = ParquetReader::new(std::fs::File::open(path).unwrap()).finish().unwrap();
    rows.rechunk_mut();
    let question = Question { target: target.clone(), ..Question::default() };
    let mut fused =
        OnlineForest::new(Trees::new(question.clone(), &rows).unwrap(), CommitteeSettings::default(), Vec::new());
    let begun = cpu();
    let learned: Vec<Learned> =
        (0..rows.height()).step_by(size).map(|at| fused.learn(&rows.slice(at as i64, size)).unwrap()).collect();
    let seconds = cpu() - begun;
    let half = rows.height() / 2;
    let mut job = train(rows.head(Some(half)), Training { question, ..Training::default() }, Wake::silent());
    let forest = loop {
        match job.take() {
            Some(forest) => break forest.unwrap(),
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    let begun = cpu();
    (half..rows.height()).step_by(size).for_each(|at| drop(forest.score(&rows.slice(at as i64, size)).unwrap()));
    let scored_per_s = (rows.height() - half) as f64 / (cpu() - begun);
    // A row before the first trees counts as wrong, as River's first guesses do.
    let right: u64 = learned.iter().map(|l| l.right).sum();
    let tenth = learned.len().div_ceil(10).max(1);
    let share = |part: &[Learned]| {
        part.iter().map(|l| l.right).sum::<u64>() as f64 / part.iter().map(|l| l.labelled).sum::<u64>() as f64
    };
    let tenths: Vec<String> = learned.chunks(tenth).map(|part| format!("{:.4}", share(part))).collect();
    let count =
        |wanted: fn(&CommitteeEvent) -> bool| learned.iter().flat_map(|l| &l.events).filter(|e| wanted(e)).count();
    println!(
        "{{\"rows\": {}, \"seconds\": {seconds:.3}, \"rows_per_s\": {:.0}, \"accuracy\": {:.4}, \
         \"accuracy_by_tenth\": [{}], \"fits\": {}, \"swaps\": {}, \"drifts\": {}, \"scored_per_s\": \
         {scored_per_s:.0}}}",
        rows.height(),
        rows.height() as f64 / seconds,
        right as f64 / rows.height() as f64,
        tenths.join(", "),
        count(|e| matches!(e, CommitteeEvent::Fitted { .. })),
        count(|e| matches!(e, CommitteeEvent::Swapped { .. })),
        count(|e| matches!(e, CommitteeEvent::Drift(_)))
    );
}
