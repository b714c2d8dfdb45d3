//! CPU time of the window's thread per frame, through the same `App` that a person sees, while a replay flows at
//! 200,000 rows a second and a line of 5,000 points is on screen.
//!
//!     cargo bench --bench frame
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail loudly, and it prints")]

mod window;

use std::time::{Duration, Instant};

use braid::data::format::write_frame;
use braid::ui::action::{Action, OpenAction};
use braid::workspace::{TableSetup, TimeSetup};

use crate::window::{SECOND, Window, print_spread, rows};

const POINTS: i64 = 5_000;
const RATE: i64 = 200_000;
const SECONDS: i64 = 8;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (history, live) = (folder.path().join("history.parquet"), folder.path().join("live.parquet"));
    write_frame(&rows(0, POINTS * 20, SECOND / 20), &history).unwrap();
    write_frame(&rows(POINTS * SECOND, RATE * (SECONDS + 4), SECOND / RATE), &live).unwrap();

    let mut window = Window::new(folder.path().join("home"));
    window.app.propose(Action::Open(OpenAction::Setup(Box::new(TableSetup {
        name: "r".to_owned(),
        paths: vec![history],
        live: vec![format!("replay:{}?rate={RATE}", live.display())],
        time: Some(TimeSetup { column: "t".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT tumble(t, INTERVAL '1 second') AS second, avg(v) AS mean FROM r GROUP BY second ORDER BY \
                   second"
            .to_owned(),
        ..TableSetup::default()
    }))));

    let begun = Instant::now();
    let (mut frames, mut rates, mut versions) = (Vec::new(), Vec::new(), std::collections::BTreeSet::new());
    let mut flowing: Option<Instant> = None;
    while flowing.is_none_or(|since| since.elapsed() < Duration::from_secs(SECONDS as u64))
        && begun.elapsed() < Duration::from_secs(60)
    {
        let took = window.paced_frame();
        let app = &window.app;
        let points = app
            .sheet()
            .and_then(|s| s.chart.figure().map(|f| f.series.iter().map(braid::figure::Series::len).sum::<usize>()))
            .unwrap_or(0);
        if let Some(snapshot) = app.sheet().and_then(|s| s.watch.shown.clone())
            && points >= POINTS as usize
            && snapshot.live_rate > RATE as f64 / 2.0
        {
            flowing.get_or_insert_with(Instant::now);
            frames.push(took);
            rates.push(snapshot.live_rate);
            versions.insert(snapshot.version);
        }
    }
    assert!(frames.len() > 100, "the replay did not flow: {} frames", frames.len());
    println!(
        "{} frames over {} snapshots; {:.0} rows/s; a line of {POINTS} points and more",
        frames.len(),
        versions.len(),
        rates.iter().sum::<f64>() / rates.len() as f64
    );
    print_spread(frames);
}
