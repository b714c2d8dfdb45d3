//! What the benchmarks of the window share: the same `App` that a person sees, driven frame by frame without a display.
//! Rasterising is left out: it is the graphics card's work.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use braid::ui::{App, AppOptions};
use braid::workspace::{Folders, OpenedWorkspace, Settings};
use eframe::egui::{Context, Event, Pos2, RawInput, Rect, vec2};
use polars::prelude::*;

pub const SECOND: i64 = 1_000_000;

pub struct Window {
    ctx: Context,
    pub app: App,
    begun: Instant,
}

impl Window {
    pub fn new(home: PathBuf) -> Self {
        let ctx = Context::default();
        let app = App::headless(&ctx, home);
        Self { ctx, app, begun: Instant::now() }
    }

    /// The window as it was left in `home`.
    #[allow(dead_code, reason = "one of the benchmarks does")]
    pub fn reopened(home: PathBuf) -> Self {
        let ctx = Context::default();
        let folders = Folders::inside(home);
        let workspace = OpenedWorkspace::open(&folders.workspace_file(), &folders).unwrap();
        let options = AppOptions {
            settings: Settings::default(),
            agreed: BTreeSet::default(),
            open: Vec::new(),
            folders,
            workspace,
        };
        let app = App::new(&ctx, options);
        Self { ctx, app, begun: Instant::now() }
    }

    /// One frame with the pointer at a place; the CPU time that it took of this thread.
    pub fn frame(&mut self, pointer: Pos2) -> Duration {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0))),
            time: Some(self.begun.elapsed().as_secs_f64()),
            events: vec![Event::PointerMoved(pointer)],
            ..RawInput::default()
        };
        let before = thread_cpu();
        let output = self.ctx.run_ui(input, |ui| {
            self.app.logic(ui.ctx());
            self.app.show(ui);
        });
        let shapes = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        let took = thread_cpu() - before;
        std::hint::black_box(shapes);
        took
    }

    /// One frame of sixty a second, as on a screen. The pointer moves, so that values are read while they flow.
    pub fn paced_frame(&mut self) -> Duration {
        let begun = Instant::now();
        let x = 400.0 + (self.begun.elapsed().as_secs_f32() * 300.0) % 600.0;
        let took = self.frame(Pos2::new(x, 380.0));
        std::thread::sleep(Duration::from_millis(16).saturating_sub(begun.elapsed()));
        took
    }
}

fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// `rows` rows from `start` on, `step` microseconds apart: a time, a number, and one of four words.
pub fn rows(start: i64, rows: i64, step: i64) -> DataFrame {
    let time = Int64Chunked::from_vec("t".into(), (0..rows).map(|i| start + i * step).collect())
        .into_datetime(TimeUnit::Microseconds, None);
    let value: Vec<f64> =
        (0..rows).map(|i| ((i * 7_919) % 1_000) as f64 / 10.0 + (i as f64 / 50_000.0).sin() * 20.0).collect();
    let word: Vec<&str> = (0..rows).map(|i| ["north", "south", "west", "east"][(i % 4) as usize]).collect();
    let columns = vec![time.into_column(), Column::new("v".into(), value), Column::new("k".into(), word)];
    DataFrame::new(rows as usize, columns).unwrap()
}

/// Says how CPU times of frames are spread.
pub fn print_spread(mut frames: Vec<Duration>) {
    frames.sort_unstable();
    let at = |q: f64| frames[((frames.len() - 1) as f64 * q) as usize].as_secs_f64() * 1e3;
    println!(
        "CPU time of a frame: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, max {:.2} ms (aim: p99 under 8 ms)",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}
