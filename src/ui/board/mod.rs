//! The boards of the window: what is set up on them, which one is shown, and the runs of its tiles. Tiles of one table
//! share the reading of it with the table's own question. What is set up is `workspace::bench`'s.

mod number;
mod rhythm;
mod suggest;
mod title;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

pub use self::number::Number;
pub use self::rhythm::Rhythm;
pub use self::suggest::suggestions;
pub use self::title::title;
use super::App;
use super::bind::Bound;
use super::chart::Chart;
use super::session::SETTLED;
use super::watch::Watch;
use super::worksheet::Worksheet;
use crate::data::Fault;
use crate::engine::{Snapshot, Table};
use crate::figure::{AxisKind, View};
use crate::sync::Wake;
use crate::workspace::bench::{Board, BoardId, Edit, Tile, TileId, TileKind};

/// The boards, and what runs for them.
#[derive(Debug, Default)]
pub struct Boards {
    /// The board that is shown; `None` for the question of the selected table.
    pub shown: Option<BoardId>,
    /// The tile that takes all of the board.
    pub maximised: Option<TileId>,
    /// The stretch of time that all figures with an axis of time show; `None` for all.
    pub range: Option<(f64, f64)>,
    /// Without anything around the board.
    pub presenting: bool,
    /// The tile whose title is being written.
    pub renaming: Option<TileId>,
    /// When a step was taken that is not saved yet, such as one of a drag under way.
    pub changed: Option<Instant>,
    runs: BTreeMap<TileId, TileRun>,
}

/// What runs for one tile.
#[derive(Debug, Default)]
pub struct TileRun {
    sql: String,
    table: Option<Arc<Table>>,
    show: TileKind,
    pub watch: Watch,
    pub chart: Chart,
    pub number: Option<Number>,
    pub rhythm: Rhythm,
    /// Why it could not be asked.
    pub fault: Option<Fault>,
    /// The snapshot that `number` was read from.
    read: (u64, u64),
}

impl TileRun {
    fn is_for(&self, tile: &Tile, table: &Arc<Table>) -> bool {
        self.sql == tile.sql && self.table.as_ref().is_some_and(|own| Arc::ptr_eq(own, table))
    }

    /// The answer on screen.
    pub fn shown(&self) -> Option<&Arc<Snapshot>> {
        self.watch.shown.as_ref()
    }

    /// Takes what is new, and makes of it what the tile shows.
    fn poll(&mut self, in_sight: bool, wake: &Wake) {
        self.watch.keep_in_sight(in_sight);
        let polled = self.watch.poll();
        if polled.failed.is_some() {
            self.fault = polled.failed;
        }
        let Some(shown) = self.watch.shown.clone() else { return };
        self.rhythm.note(shown.rows.come_in, Instant::now());
        if let Some(fault) = shown.fault.clone().filter(|_| shown.last && shown.answer.width() == 0) {
            self.fault = Some(fault);
        }
        let of = (self.watch.shown_run, shown.version);
        match self.show {
            TileKind::Number if self.read != of => {
                (self.number, self.read) = (Number::of(&shown, &self.watch.shown_windows), of);
            }
            TileKind::Figure(_) if in_sight => {
                let windows = self.watch.shown_windows.clone();
                self.chart.poll(&shown, shown.history_share(), (self.watch.shown_run, &windows), wake);
            }
            _ => {}
        }
    }

    /// Shows a stretch of time, where the figure has an axis of time.
    fn look_at(&mut self, range: Option<(f64, f64)>) {
        let timed = self.chart.figure().is_some_and(|figure| figure.x.kind == AxisKind::Time);
        if timed && self.chart.view().and_then(|view| view.x) != range {
            self.chart.set_view(range.map(|x| View { x: Some(x), y: None }));
        }
    }

    /// Whether nothing will change by itself.
    fn is_idle(&self) -> bool {
        !self.watch.is_running() && !self.chart.is_building()
    }
}

impl Boards {
    pub fn run(&self, tile: TileId) -> Option<&TileRun> {
        self.runs.get(&tile)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.changed.is_none() && self.runs.values().all(TileRun::is_idle)
    }

    /// Whether something will change by itself: rows come to a tile in sight, or a step is to be saved.
    pub(super) fn flows(&self, shown: Option<&Board>) -> bool {
        let own = |tile: &Tile| self.runs.get(&tile.id).is_some_and(|run| run.watch.is_live());
        self.changed.is_some() || shown.is_some_and(|board| board.tiles.iter().any(own))
    }

    /// The newest moment of the tiles that are asked of a table, and those which are not at it.
    pub fn lagging(&self, board: &Board, table: &str) -> (u64, Vec<TileId>) {
        let own = || board.tiles.iter().filter(|tile| tile.asks() && tile.table == table);
        let epoch = |tile: &Tile| {
            let shown = self.runs.get(&tile.id).and_then(TileRun::shown)?;
            (!shown.catching_up && shown.history_share() >= 1.0).then_some(shown.epoch)
        };
        let newest = own().filter_map(epoch).max().unwrap_or(0);
        (newest, own().filter(|tile| epoch(tile).is_none()).map(|tile| tile.id).collect())
    }
}

impl App {
    pub fn boards(&self) -> &Boards {
        &self.boards
    }

    /// The board that is shown.
    pub fn board(&self) -> Option<&Board> {
        self.bench.now().board(self.boards.shown?)
    }

    /// Starts what the tiles of the shown board ask, and takes what is new of all tiles.
    pub(super) fn poll_tiles(&mut self) {
        if self.boards.changed.take_if(|at| at.elapsed() > SETTLED).is_some() {
            self.save_workspace();
        }
        let bench = self.bench.now().clone();
        let board = self.boards.shown.and_then(|id| bench.board(id));
        let runs = &mut self.boards.runs;
        runs.retain(|id, _| bench.tile(*id).is_some_and(Tile::asks));
        for (sheet, tile) in self.sheets.iter_mut().flat_map(|sheet| board.map(|board| (sheet, board))) {
            start_tiles(runs, sheet, tile, &self.wake);
        }
        for (id, run) in runs {
            let in_sight = board.is_some_and(|board| board.tile(*id).is_some());
            run.poll(in_sight, &self.wake);
            run.look_at(self.boards.range);
        }
    }

    /// Gives a table that has no board one, so that there is something to watch at once.
    pub(super) fn first_boards(&mut self) {
        for sheet in &self.sheets {
            let name = &sheet.table.name;
            let bench = self.bench.now();
            let has = bench.boards.iter().any(|board| board.tiles.iter().any(|tile| tile.table == *name));
            let board = format!("Board of {name}");
            // One that a person has let go stays away.
            if has || sheet.question.asked.is_empty() || self.bench.knows_board(&board) {
                continue;
            }
            let tiles: Vec<Tile> = suggestions(sheet).into_iter().take(4).collect();
            let numbered = matches!(&tiles[..], [Tile { show: TileKind::Number, .. }, _, _, ..]);
            self.bench.begin_with(&Edit::AddBoard { name: board, tiles });
            // A number needs less room than the figure beside it.
            if let Some(board) = self.bench.now().boards.last().map(|board| board.id).filter(|_| numbered) {
                self.bench.begin_with(&Edit::Resize { board, path: vec![0], shares: vec![0.32, 0.68] });
            }
        }
    }
}

/// Asks what the tiles of a board ask of one table, all of it together.
fn start_tiles(runs: &mut BTreeMap<TileId, TileRun>, sheet: &mut Worksheet, board: &Board, wake: &Wake) {
    let table = sheet.table.clone();
    let mut due: Vec<(Tile, Bound)> = Vec::new();
    for tile in board.tiles.iter().filter(|tile| tile.asks() && tile.table == table.name) {
        let run = runs.entry(tile.id).or_default();
        if run.show != tile.show {
            run.show = tile.show.clone();
            if let TileKind::Figure(mark) = &tile.show {
                run.chart.choose_mark(mark);
            }
        }
        if run.is_for(tile, &table) {
            continue;
        }
        (run.sql, run.table, run.fault) = (tile.sql.clone(), Some(table.clone()), None);
        match sheet.plan(&tile.sql) {
            Ok(bound) => due.push((tile.clone(), bound)),
            Err(fault) => run.fault = Some(fault),
        }
    }
    if due.is_empty() {
        return;
    }
    let (tiles, bounds): (Vec<Tile>, Vec<Bound>) = due.into_iter().unzip();
    let windows: Vec<_> = bounds.iter().map(|bound| bound.windows.clone()).collect();
    match sheet.ask_beside(bounds, wake) {
        Ok(started) => {
            for ((tile, run), windows) in tiles.into_iter().zip(started).zip(windows) {
                let own = runs.entry(tile.id).or_default();
                if own.watch.is_live() {
                    own.watch.stage(run, tile.sql, windows);
                } else {
                    own.watch.begin(run, tile.sql, windows);
                }
            }
        }
        Err(fault) => {
            for tile in tiles {
                runs.entry(tile.id).or_default().fault = Some(fault.clone());
            }
        }
    }
}
