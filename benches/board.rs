//! Boards through the same `App` that a person sees.
//!
//! `frame`: CPU time of the window's thread per frame with 12 tiles over 20 million rows of history, while a replay
//! brings 200,000 rows a second. `day`: 100 tiles over a day of 100 rows a second, played as fast as they are taken:
//! threads, memory over the day, and whether each tile has every row. `reopen`: a saved board of those 12 tiles over
//! files alone, from the beginning of the window until every tile has its whole answer; in turn with `braid run`, which
//! is asked the same questions.
//!
//!     cargo bench --bench board [frame|day|reopen]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail loudly, and it prints")]

mod window;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use braid::data::format::write_frame;
use braid::ui::action::{Action, BoardAction, OpenAction};
use braid::workspace::bench::{Board, BoardRow, Edit, Tile, TileKind};
use braid::workspace::{TableSetup, TimeSetup};
use eframe::egui::Pos2;
use polars::prelude::*;

use crate::window::{SECOND, Window, print_spread, rows};

fn main() {
    let only = std::env::args().skip(1).find(|a| ["frame", "day", "reopen"].contains(&a.as_str()));
    for (name, part) in [("frame", frame as fn()), ("day", day as fn()), ("reopen", reopen as fn())] {
        if only.as_ref().is_none_or(|only| only == name) {
            println!("{name}");
            part();
        }
    }
}

/// A window with one table `r` and a board of these tiles, `wide` of them in a row.
fn opened(home: PathBuf, paths: Vec<PathBuf>, live: Vec<String>, tiles: Vec<Tile>, wide: usize) -> Window {
    let mut window = Window::new(home);
    window.app.propose(Action::Open(OpenAction::Setup(Box::new(TableSetup {
        name: "r".to_owned(),
        paths,
        live,
        time: Some(TimeSetup { column: "t".to_owned(), lateness_ms: 1_000 }),
        question: "SELECT count(*) AS n FROM r".to_owned(),
        ..TableSetup::default()
    }))));
    let row = |tiles: &[Tile]| BoardRow { share: 1.0, tiles: tiles.iter().map(|tile| (1.0, tile.clone())).collect() };
    let edit = Edit::LayOutBoard { name: "All".to_owned(), rows: tiles.chunks(wide).map(row).collect() };
    window.app.propose(Action::Board(BoardAction::Edit { edit: Box::new(edit), goes_on: false }));
    window.frame(Pos2::ZERO);
    let board = window.app.bench().boards.iter().find(|board| board.name == "All").map(|board| board.id);
    window.app.propose(Action::Board(BoardAction::Show(board)));
    window.frame(Pos2::ZERO);
    window
}

fn tile(show: TileKind, sql: String) -> Tile {
    Tile::new("r", "", sql, show)
}

fn board(window: &Window) -> Board {
    window.app.board().unwrap().clone()
}

const HISTORY: i64 = 20_000_000;
/// Of history, a second of event time.
const DENSE: i64 = 4_000;

/// The history in ten files.
fn history(folder: &Path) -> Vec<PathBuf> {
    const FILES: i64 = 10;
    let part = HISTORY / FILES;
    let paths = (0..FILES).map(|i| folder.join(format!("history-{i}.parquet"))).collect::<Vec<_>>();
    for (i, path) in (0..).zip(&paths) {
        write_frame(&rows(i * part * SECOND / DENSE, part, SECOND / DENSE), path).unwrap();
    }
    paths
}

fn twelve_tiles() -> Vec<Tile> {
    let figure = |mark: &str, sql: &str| tile(TileKind::Figure(mark.to_owned()), sql.to_owned());
    let by = |size: &str, rest: &str| format!("SELECT tumble(t, INTERVAL '{size}') AS w, {rest} FROM r GROUP BY w");
    vec![
        tile(TileKind::Number, "SELECT count(*) AS n FROM r".to_owned()),
        figure("line", &by("1 second", "avg(v) AS mean")),
        figure("line", &format!("{}, k", by("1 second", "k, avg(v) AS mean"))),
        figure("area", &by("1 second", "count(*) AS n")),
        figure("stacked-area", &format!("{}, k", by("10 seconds", "k, count(*) AS n"))),
        figure("bar", "SELECT k, count(*) AS n, avg(v) AS mean FROM r GROUP BY k"),
        figure("heat", &format!("{}, k", by("10 seconds", "k, avg(v) AS mean"))),
        figure("bar", "SELECT floor(v) AS value, count(*) AS n FROM r GROUP BY value"),
        figure("scatter", &by("1 second", "avg(v) AS mean, stddev(v) AS spread")),
        tile(TileKind::Grid, by("1 second", "count(*) AS n, min(v) AS least, max(v) AS most")),
        tile(TileKind::Number, by("10 seconds", "avg(v) AS mean")),
        figure("line", &by("1 second", "min(v) AS least, max(v) AS most")),
    ]
}

fn frame() {
    const RATE: i64 = 200_000;
    const SECONDS: i64 = 20;
    let folder = tempfile::tempdir().unwrap();
    let paths = history(folder.path());
    let live = folder.path().join("live.parquet");
    write_frame(&rows(HISTORY / DENSE * SECOND, RATE * (SECONDS + 10), SECOND / RATE), &live).unwrap();
    let replay = format!("replay:{}?rate={RATE}", live.display());
    let mut window = opened(folder.path().join("home"), paths, vec![replay], twelve_tiles(), 4);

    let begun = Instant::now();
    let (mut frames, mut rates, mut newest, mut points, mut answers) = (Vec::new(), Vec::new(), 0, 0, 0_u64);
    let mut flowing: Option<Instant> = None;
    while flowing.is_none_or(|since| since.elapsed() < Duration::from_secs(SECONDS as u64))
        && begun.elapsed() < Duration::from_secs(180)
    {
        let took = window.paced_frame();
        let board = board(&window);
        let runs: Vec<_> = board.tiles.iter().filter_map(|tile| window.app.boards().run(tile.id)).collect();
        let shown: Vec<_> = runs.iter().filter_map(|run| run.shown()).collect();
        let flows = |s: &&Arc<braid::engine::Snapshot>| {
            s.history_share() >= 1.0 && !s.catching_up && s.live_rate > RATE as f64 / 2.0
        };
        if shown.len() < board.tiles.len() || (flowing.is_none() && !shown.iter().all(flows)) {
            continue;
        }
        if flowing.is_none() {
            println!(
                "history of {HISTORY} rows is on all {} tiles after {:.1} s",
                shown.len(),
                begun.elapsed().as_secs_f64()
            );
        }
        flowing.get_or_insert_with(Instant::now);
        frames.push(took);
        rates.push(shown[0].live_rate);
        answers += u64::from(shown[0].version != newest);
        newest = shown[0].version;
        let of = |run: &braid::ui::board::TileRun| {
            run.chart.figure().map_or(0, |f| f.series.iter().map(braid::figure::Series::len).sum::<usize>())
        };
        points = runs.iter().map(|run| of(run)).sum();
    }
    assert!(frames.len() > 100, "the replay did not flow: {} frames", frames.len());
    println!(
        "{} frames over {answers} snapshots a tile; {:.0} rows/s; {points} points drawn; {} threads, {:.0} MiB",
        frames.len(),
        rates.iter().sum::<f64>() / rates.len() as f64,
        status("Threads:"),
        status("VmRSS:") / 1024.0,
    );
    print_spread(frames);
}

fn day() {
    const RATE: i64 = 100;
    const DAY: i64 = 86_400;
    const TILES: usize = 100;
    let sizes = ["1 minute", "5 minutes", "15 minutes", "1 hour", "6 hours"];
    let asked = |i: usize| {
        let (size, least) = (sizes[i % 5], i / 20);
        let keys = if i.is_multiple_of(2) { ("k, ", ", k") } else { ("", "") };
        let measure = ["avg(v) AS m", "max(v) AS m", "sum(v) AS m", "stddev(v) AS m"][i / 5 % 4];
        format!(
            "SELECT {}tumble(t, INTERVAL '{size}') AS w, count(*) AS n, {measure} FROM r WHERE v > {least} - 1000 \
             GROUP BY w{}",
            keys.0, keys.1
        )
    };
    let kind = |i: usize| match i % 10 {
        0 => TileKind::Number,
        1 => TileKind::Grid,
        _ => TileKind::Figure("line".to_owned()),
    };
    let tiles = (0..TILES).map(|i| tile(kind(i), asked(i))).collect();
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("live.parquet");
    let all = RATE * DAY;
    write_frame(&rows(0, all, SECOND / RATE), &live).unwrap();
    let replay = format!("replay:{}?speed=max", live.display());
    let mut window = opened(folder.path().join("home"), Vec::new(), vec![replay], tiles, 10);

    let begun = Instant::now();
    let (mut threads, mut tenth) = (0.0_f64, 0);
    println!("{:>5} {:>10} {:>8} {:>9} {:>10} {:>8}", "hour", "rows", "wall s", "RSS MiB", "anon MiB", "threads");
    loop {
        window.paced_frame();
        threads = threads.max(status("Threads:"));
        let board = board(&window);
        let come =
            |tile: &Tile| window.app.boards().run(tile.id).and_then(|run| run.shown()).map_or(0, |s| s.rows.come_in);
        let least = board.tiles.iter().map(come).min().unwrap_or(0) as i64;
        if least * 12 / all >= tenth || least == all {
            println!(
                "{:>5.1} {least:>10} {:>8.1} {:>9.0} {:>10.0} {:>8}",
                least as f64 * 24.0 / all as f64,
                begun.elapsed().as_secs_f64(),
                status("VmRSS:") / 1024.0,
                status("RssAnon:") / 1024.0,
                status("Threads:")
            );
            tenth = least * 12 / all + 1;
        }
        if least == all && window.app.is_idle() || begun.elapsed() > Duration::from_secs(900) {
            break;
        }
    }
    let counted = |tile: &Tile| -> i64 {
        let shown = window.app.boards().run(tile.id).and_then(|run| run.shown().cloned()).unwrap();
        let sealed = shown.sealed.is_some();
        let n = shown.answer.column("n").unwrap().cast(&DataType::Int64).unwrap();
        if sealed { -1 } else { n.i64().unwrap().sum().unwrap_or(0) }
    };
    let wrong: Vec<i64> = board(&window).tiles.iter().map(counted).filter(|n| *n != all).collect();
    let cores = std::thread::available_parallelism().unwrap().get();
    println!("tiles whose counts do not add up to {all}: {} {wrong:?}", wrong.len());
    println!("at most {threads} threads: {cores} cores + 1 feed + 8 are {}", cores + 9);
}

fn reopen() {
    const ROUNDS: usize = 3;
    let folder = tempfile::tempdir().unwrap();
    let (paths, home) = (history(folder.path()), folder.path().join("home"));
    let mut window = opened(home.clone(), paths.clone(), Vec::new(), twelve_tiles(), 4);
    while !(is_complete(&window) && window.app.is_idle()) {
        window.paced_frame();
    }
    drop(window);
    let mut run = Command::new(env!("CARGO_BIN_EXE_braid"));
    run.arg("run").stdout(Stdio::null()).stderr(Stdio::null());
    for path in &paths {
        run.arg("--history").arg(format!("r={}", path.display()));
    }
    for (i, tile) in twelve_tiles().iter().enumerate() {
        run.arg("--sql").arg(format!("q{i}={}", tile.sql));
        run.arg("--out").arg(format!("q{i}={}", folder.path().join(format!("{i}.csv")).display()));
    }
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        assert!(run.status().unwrap().success());
        let asked = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let mut window = Window::reopened(home.clone());
        while !is_complete(&window) {
            window.paced_frame();
        }
        let shown = begun.elapsed().as_secs_f64();
        println!("window {shown:.2} s, braid run {asked:.2} s: {:.2} times", shown / asked);
        ratios.push(shown / asked);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.2} times, {:.0} MiB", ratios[ROUNDS / 2], status("VmHWM:") / 1024.0);
}

/// Whether each tile of the board has its whole answer, and is drawn.
fn is_complete(window: &Window) -> bool {
    let complete = |tile: &Tile| {
        window.app.boards().run(tile.id).is_some_and(|run| {
            let drawn = !matches!(tile.show, TileKind::Figure(_)) || run.chart.figure().is_some();
            drawn && run.shown().is_some_and(|shown| shown.last)
        })
    };
    window.app.board().is_some_and(|board| board.tiles.iter().all(complete))
}

/// A number of this process, as the system tells it.
fn status(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("0");
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0.0)
}
