//! CPU time of the window's thread per frame, through the same `App` that a person sees, while a replay flows at
//! 200,000 rows a second and a line of 5,000 points is on screen. Rasterising is left out: it is the graphics card's
//! work.
//!
//!     cargo bench --bench frame
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail loudly, and it prints")]

use std::time::{Duration, Instant};

use braid::data::format::write_frame;
use braid::ui::App;
use braid::ui::action::{Action, OpenAction};
use braid::workspace::{TableSetup, TimeSetup};
use eframe::egui::{Context, Event, Pos2, RawInput, Rect, vec2};
use polars::prelude::*;

const POINTS: i64 = 5_000;
const RATE: i64 = 200_000;
const SECONDS: i64 = 8;
const SECOND: i64 = 1_000_000;

/// `rows` rows from `start` on, `step` microseconds apart.
fn rows(start: i64, rows: i64, step: i64) -> DataFrame {
    let time = Int64Chunked::from_vec("t".into(), (0..rows).map(|i| start + i * step).collect())
        .into_datetime(TimeUnit::Microseconds, None);
    let value: Vec<f64> =
        (0..rows).map(|i| ((i * 7_919) % 1_000) as f64 / 10.0 + (i as f64 / 50_000.0).sin() * 20.0).collect();
    DataFrame::new(rows as usize, vec![time.into_column(), Column::new("v".into(), value)]).unwrap()
}

fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (history, live) = (folder.path().join("history.parquet"), folder.path().join("live.parquet"));
    write_frame(&rows(0, POINTS * 20, SECOND / 20), &history).unwrap();
    write_frame(&rows(POINTS * SECOND, RATE * (SECONDS + 4), SECOND / RATE), &live).unwrap();

    let ctx = Context::default();
    let mut app = App::headless(&ctx, folder.path().join("home"));
    app.propose(Action::Open(OpenAction::Setup(TableSetup {
        name: "r".to_owned(),
        paths: vec![history],
        live: vec![format!("replay:{}?rate={RATE}", live.display())],
        time: Some(TimeSetup { column: "t".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT tumble(t, INTERVAL '1 second') AS second, avg(v) AS mean FROM r GROUP BY second ORDER BY \
                   second"
            .to_owned(),
        ..TableSetup::default()
    })));

    let begun = Instant::now();
    let (mut frames, mut rates, mut versions) = (Vec::new(), Vec::new(), std::collections::BTreeSet::new());
    let mut flowing: Option<Instant> = None;
    while flowing.is_none_or(|since| since.elapsed() < Duration::from_secs(SECONDS as u64))
        && begun.elapsed() < Duration::from_secs(60)
    {
        let frame_begun = Instant::now();
        let seconds = begun.elapsed().as_secs_f64();
        // The pointer moves over the chart, so that values are read while they flow.
        let pointer = Pos2::new(400.0 + (seconds * 300.0 % 600.0) as f32, 380.0);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0))),
            time: Some(seconds),
            events: vec![Event::PointerMoved(pointer)],
            ..RawInput::default()
        };
        let before = thread_cpu();
        let output = ctx.run_ui(input, |ui| {
            app.logic(ui.ctx());
            app.show(ui);
        });
        let shapes = ctx.tessellate(output.shapes, output.pixels_per_point);
        let took = thread_cpu() - before;
        std::hint::black_box(shapes);
        let points = app
            .sheet()
            .and_then(|s| s.chart.figure().map(|f| f.series.iter().map(braid::figure::Series::len).sum::<usize>()))
            .unwrap_or(0);
        if let Some(snapshot) = app.sheet().and_then(|s| s.watch.shown.clone())
            && points >= POINTS as usize
            && snapshot.live_rate > RATE as f64 / 2.0
        {
            flowing.get_or_insert_with(Instant::now);
            frames.push(took.as_secs_f64() * 1e3);
            rates.push(snapshot.live_rate);
            versions.insert(snapshot.version);
        }
        // Sixty frames a second, as on a screen.
        std::thread::sleep(Duration::from_millis(16).saturating_sub(frame_begun.elapsed()));
    }
    assert!(frames.len() > 100, "the replay did not flow: {} frames", frames.len());
    frames.sort_by(f64::total_cmp);
    let at = |q: f64| frames[((frames.len() - 1) as f64 * q) as usize];
    println!(
        "{} frames over {} snapshots; {:.0} rows/s; a line of {POINTS} points and more",
        frames.len(),
        versions.len(),
        rates.iter().sum::<f64>() / rates.len() as f64
    );
    println!(
        "CPU time of a frame: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, max {:.2} ms (aim: p99 under 8 ms)",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}
