//! Samples: each opens by its button, its board answers and accounts for every row, and its data are the same each
//! time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use braid::engine::{Job, Snapshot};
use braid::learn::model;
use braid::sync::Wake;
use braid::ui::App;
use braid::ui::action::{Action, BoardAction, OpenAction, TableAction};
use braid::ui::models::ModelEntry;
use braid::workspace::bench::{Board, Edit, Tile, TileKind};
use braid::workspace::{SAMPLES, Sample};
use eframe::egui::{Key, Modifiers};

use crate::window::Window;
use crate::window_board::edit;

/// Those with a board.
fn boards() -> impl Iterator<Item = &'static Sample> {
    SAMPLES.iter().copied().filter(|sample| sample.board.is_some())
}

fn named(name: &str) -> &'static Sample {
    SAMPLES.iter().find(|sample| sample.name == name).unwrap()
}

fn shown(app: &App, tile: &Tile) -> Option<Arc<Snapshot>> {
    app.boards().run(tile.id)?.shown().cloned()
}

fn asking(app: &App) -> Vec<Tile> {
    app.board().map_or_else(Vec::new, |board| board.tiles.iter().filter(|tile| tile.asks()).cloned().collect())
}

/// All tiles have the whole history and rows of the feed, of one moment.
fn answered(app: &App) -> bool {
    let tiles = asking(app);
    let all: Vec<_> = tiles.iter().filter_map(|tile| shown(app, tile)).collect();
    let done = |s: &Arc<Snapshot>| !s.catching_up && s.history_share() >= 1.0 && s.seam.live_rows > 0;
    !tiles.is_empty() && all.len() == tiles.len() && all.iter().all(|s| done(s) && s.epoch == all[0].epoch)
}

fn opened(sample: &Sample) -> Window {
    let mut window = Window::new();
    window.click(sample.title);
    window.wait("its board is shown", |app| app.board().is_some_and(|board| board.name == sample.title));
    window.wait("its tiles are answered", answered);
    // Frames have gone by since: the next at which all tiles are of one moment is the one that is looked at.
    for _ in 0..2_000 {
        if answered(&window.app()) {
            return window;
        }
        std::thread::sleep(Duration::from_millis(5));
        window.harness.step();
    }
    panic!("the tiles of {} are of one moment no more", sample.name);
}

fn board(window: &Window) -> Board {
    window.app().board().cloned().expect("a board is shown")
}

fn counted(snapshot: &Snapshot, column: &str) -> f64 {
    let column = snapshot.answer.column(column).unwrap().cast(&polars::prelude::DataType::Float64).unwrap();
    column.f64().unwrap().iter().flatten().sum()
}

/// What a tile counts by groups, and the column of it, where all groups are in its answer.
fn count(tile: &Tile) -> Option<(String, String)> {
    let (_, rest) = tile.sql.split_once("count(*)")?;
    let (which, rest) = rest.split_once(" AS ")?;
    let name: String = rest.chars().filter(|c| *c != '"').take_while(|c| c.is_alphanumeric()).collect();
    (!tile.sql.contains("LIMIT") && !tile.sql.contains("IN (")).then(|| (which.trim().to_owned(), name))
}

#[test]
fn each_sample_opens_by_its_button_and_every_row_is_accounted_for() {
    for sample in boards() {
        let window = opened(sample);
        let app = window.app();
        let tiles = asking(&app);
        assert!((6..=9).contains(&board(&window).tiles.len()), "{}", sample.name);
        for tile in &tiles {
            let run = app.boards().run(tile.id).unwrap();
            let shown = run.shown().unwrap();
            assert!(run.fault.is_none() && shown.fault.is_none(), "{}: {:?}", tile.title, run.fault);
            assert!(shown.answer.height() > 0 && !run.reads_alone(), "{}: {}", sample.name, tile.title);
            let rows = &shown.rows;
            let sum = rows.shown + rows.filtered + rows.late + rows.rejected;
            assert_eq!(rows.come_in, sum, "{}: {}", sample.name, tile.title);
            match tile.show {
                TileKind::Number => assert!(run.number.is_some() && run.spark.figure().is_some(), "{}", tile.title),
                TileKind::Figure(_) => {
                    assert!(run.chart.fault().is_none(), "{}: {:?}", tile.title, run.chart.fault());
                }
                _ => {}
            }
        }
        // A total is the sum of its parts, however it is cut.
        let mut sums: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for tile in &tiles {
            let Some((which, column)) = count(tile) else { continue };
            sums.entry(which).or_default().push(counted(&shown(&app, tile).unwrap(), &column));
        }
        let come_in = shown(&app, &tiles[0]).unwrap().rows.shown as f64;
        assert!(sums[""].iter().all(|sum| *sum == come_in), "{}: {come_in} are {sums:?}", sample.name);
        assert!(sums.values().all(|same| same.iter().all(|sum| *sum == same[0])), "{}: {sums:?}", sample.name);
        assert!(sums.values().any(|same| same.len() > 1), "{}: {sums:?}", sample.name);
    }
}

#[test]
fn a_sample_that_is_open_is_shown_and_opening_it_is_no_step() {
    let sample = named("market");
    let mut window = Window::new();
    // Also where it is asked for more than once while it is being opened.
    window.click(sample.title);
    (0..2).for_each(|_| window.propose(Action::Open(OpenAction::Sample(sample))));
    window.wait("its tiles are answered", answered);
    let bench = window.app().bench().clone();
    assert!((bench.tables.len(), bench.boards.len()) == (1, 1), "{bench:?}");
    let same = |window: &Window| {
        let now = window.app().bench().clone();
        now.boards == bench.boards && now.tables.len() == 1 && now.tables[0].id == bench.tables[0].id
    };
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert!(same(&window), "{:?}", window.app().bench());
    window.propose(Action::Board(BoardAction::Show(None)));
    // By its name in the palette.
    let again = |window: &mut Window| {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.settle();
        window.retype("Command", &format!("open a sample {}", sample.title));
        window.harness.key_press(Key::Enter);
        window.settle();
        window.wait("it is shown", |app| app.board().is_some_and(|board| board.name == sample.title));
    };
    again(&mut window);
    assert!(same(&window), "{:?}", window.app().bench());
    // Let go, both come back, the board by a step.
    edit(&mut window, Edit::RemoveBoard { board: bench.boards[0].id });
    let id = window.sheet().id;
    window.propose(Action::Table(id, TableAction::Remove));
    assert!(window.app().sheets().is_empty());
    again(&mut window);
    window.wait("its tiles are answered", answered);
    let back = board(&window);
    let is_there = |window: &Window| window.app().bench().board(back.id).is_some();
    assert!(back.tiles.len() == bench.boards[0].tiles.len() && window.app().bench().tables.len() == 1);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert!(!is_there(&window));
}

#[test]
fn a_feed_that_is_opened_beside_a_board_is_shown_in_its_place() {
    let mut window = opened(named("market"));
    window.propose(Action::Open(OpenAction::Sample(named("flights_live"))));
    window.wait("it is selected", |app| app.sheet().is_some_and(|sheet| sheet.table.name == "flights_live"));
    assert!(window.app().board().is_none());
    window.wait("rows come", |app| {
        app.sheet().and_then(|sheet| sheet.watch.shown.clone()).is_some_and(|shown| shown.rows.come_in > 0)
    });
}

#[test]
fn the_guard_of_the_plant_notices_that_the_air_pressure_sinks() {
    let mut window = opened(named("plant"));
    let entry = |app: &App| -> Option<ModelEntry> { app.models().entries.first().cloned() };
    window.wait("the model is read", |app| entry(app).is_some());
    let entry = entry(&window.app()).unwrap();
    assert!(entry.report.is_some() && entry.name == "scrap");
    window.wait("it is stale", |app| {
        let guard = app.guards().of(entry.id).and_then(|guard| guard.newest.clone());
        guard.is_some_and(|guard| guard.stale.iter().any(|stale| stale.reason.to_string().contains("'pressure'")))
    });
    assert!(window.has("Stale") && window.has("'pressure' is not distributed as in training"));
    // A stretch without rows is one in the answer, too.
    let app = window.app();
    let heat = asking(&app).into_iter().find(|tile| tile.show == TileKind::Figure("heat".to_owned())).unwrap();
    let rows = shown(&app, &heat).unwrap().answer.height();
    assert!(rows < 8 * 72, "{rows} hours of eight machines");
}

#[test]
fn what_is_generated_is_the_same_each_time() {
    let made = |sample: &'static Sample, folder: &Path| {
        let folder = folder.to_owned();
        let mut job = Job::start("sample", Wake::silent(), move |report| sample.prepare(&folder, report));
        loop {
            if let Some(outcome) = job.take() {
                return outcome.unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    for sample in SAMPLES {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        made(sample, one.path());
        made(sample, other.path());
        let setup = (sample.table)(one.path());
        let mut seen = 0;
        for file in std::fs::read_dir(one.path()).unwrap().map(|file| file.unwrap().path()) {
            let beside = other.path().join(file.file_name().unwrap());
            seen += 1;
            if setup.models.iter().any(|model| model.file == file) {
                // Its report says how long it took.
                assert_eq!(model::load(&file).unwrap().forest, model::load(&beside).unwrap().forest);
                continue;
            }
            let (bytes, again) = (std::fs::read(&file).unwrap(), std::fs::read(&beside).unwrap());
            assert!(bytes == again && bytes.len() < 4 << 20, "{}: {} bytes", file.display(), bytes.len());
        }
        assert!(seen >= 1 && setup.paths.iter().all(|path| path.is_file()), "{}", sample.name);
        // What is there already is left alone.
        let written = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
        let before: Vec<_> = setup.paths.iter().map(|path| written(path)).collect();
        made(sample, one.path());
        assert_eq!(before, setup.paths.iter().map(|path| written(path)).collect::<Vec<_>>());
    }
}

#[test]
fn every_sample_has_its_names_for_itself() {
    for (at, sample) in SAMPLES.iter().enumerate() {
        for other in &SAMPLES[at + 1..] {
            assert!(sample.name != other.name && sample.title != other.title, "{}", sample.name);
        }
    }
    assert_eq!(boards().count(), 3);
    // All are on the first page.
    let window = Window::new();
    SAMPLES.iter().for_each(|sample| assert!(window.has(sample.title), "{}", sample.title));
}
