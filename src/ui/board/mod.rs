//! The boards of the window: which one is shown, what of it is seen, and that its tiles show one moment. Tiles of one
//! table share the reading of it with the table's own question. What is set up is `workspace::bench`'s.

mod column;
mod lag;
mod narrow;
mod number;
mod proposed;
mod question;
mod run;
mod suggest;
mod title;
mod values;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use eframe::egui::Id;

pub use self::column::{DraggedColumn, DropAxis, column_tile, onto_axis};
pub use self::lag::{Lag, Why};
pub use self::narrow::value;
pub use self::number::Number;
pub use self::run::TileRun;
pub(super) use self::run::askers;
use self::run::start_tiles;
pub use self::suggest::{Adding, as_asked, fitting, suggestions};
pub use self::title::title;
use self::values::choice_tiles;
pub use self::values::{at_place, bucketed, choice_id, choices_of, free_variable, literal, source};
use super::App;
use super::question::QuestionEditor;
use super::session::SETTLED;
use super::widget::numbers;
use super::worksheet::Worksheet;
use crate::engine::moment::{Moment, PATIENCE, common};
use crate::figure::Colours;
use crate::query::window::Micros;
use crate::workspace::bench::{Board, BoardId, Layout, Scope, Span, Tile, TileId};
use crate::workspace::{SeriesColours, TableId};

/// The head of a tile, as what can have the keyboard's focus.
pub fn head_id(tile: TileId) -> Id {
    Id::unique(("head of tile", tile))
}

/// The boards, and what runs for them.
#[derive(Debug, Default)]
pub struct Boards {
    /// The board that is shown; `None` for the question of the selected table.
    pub shown: Option<BoardId>,
    /// The tile that takes all of the board.
    pub maximised: Option<TileId>,
    /// The stretch of time that all figures with an axis of time show; `None` for all.
    pub range: Option<(f64, f64)>,
    /// The same of tiles that keep their own time.
    pub own_ranges: BTreeMap<TileId, (f64, f64)>,
    /// Without anything around the board.
    pub presenting: bool,
    /// Since when the board is shown, while boards take turns.
    pub turned: Option<Instant>,
    /// The tiles stand still; rows go on being read.
    pub paused: bool,
    /// The tile that keys are for.
    pub focus: Option<TileId>,
    /// The tile whose figure is being set in the pane beside the board.
    pub drawing: Option<TileId>,
    /// The tile whose question is written in the pane beside the board.
    pub asking: Option<TileId>,
    /// Questions of tiles that are written.
    written: BTreeMap<TileId, QuestionEditor>,
    /// What can be put on the board, while the pane beside it shows that.
    pub adding: Option<Adding>,
    /// The tile whose words are being written.
    pub writing: Option<TileId>,
    /// The tile whose title is being written.
    pub renaming: Option<TileId>,
    /// The board whose name is being written.
    pub naming: Option<BoardId>,
    /// The tile whose question is being changed before its table.
    pub editing: Option<TileId>,
    /// The newest event time on the board, microseconds: what is rolling ends there.
    pub now: Option<Micros>,
    /// When a step was taken that is not saved yet, such as one of a drag under way.
    pub changed: Option<Instant>,
    /// What limits the board was changed, and the answers that fit it are still being read.
    pub changing: bool,
    /// That takes long.
    pub changes_slowly: bool,
    /// The moment that tiles show together, those that do, and those that lag because their answers take long.
    moment: Option<Moment>,
    /// When they came to it.
    came: Moment,
    in_step: Vec<TileId>,
    slow: Vec<TileId>,
    runs: BTreeMap<TileId, TileRun>,
    /// The colours of series that are split by one column: the same on all tiles of a board.
    colours: BTreeMap<(BoardId, String), Colours>,
}

/// A feed whose newest row is older than this plays old data: its now is its own.
const DAY: Micros = 86_400_000_000;

/// The stretch of time that figures over time show while nobody has zoomed.
fn shown_stretch(board: &Board, now: Option<Micros>) -> Option<(f64, f64)> {
    let now = now?;
    let span = Some(board.scope.span).filter(|span| span.needs_now())?;
    let from = span.at(now, numbers::zone()).0?;
    // It moves on by about a pixel: a figure that did so in every frame would be laid out in every frame.
    let grain = ((now - from) / 1_000).max(1).unsigned_abs().next_power_of_two() as Micros;
    let end = (now.div_euclid(grain) + 1).saturating_mul(grain);
    let from = if span.rolls() { from.saturating_add(end - now) } else { from };
    Some((from as f64, end as f64))
}

impl Boards {
    /// Ends what runs for tiles of a table.
    pub(super) fn end(&mut self, table: &str) {
        self.runs.retain(|_, run| !run.is_named(table));
    }

    pub fn run(&self, tile: TileId) -> Option<&TileRun> {
        self.runs.get(&tile)
    }

    /// Lets what runs for a tile go, so that it is asked once more.
    fn ask_anew(&mut self, tile: TileId) {
        self.runs.remove(&tile);
    }

    /// Which colours series have, to be kept.
    pub(super) fn series_colours(&self) -> Vec<SeriesColours> {
        let kept = |((board, column), names): (&(BoardId, String), &Colours)| SeriesColours {
            board: *board,
            column: column.clone(),
            names: names.clone(),
        };
        self.colours.iter().map(kept).collect()
    }

    /// Gives series the colours that they had.
    pub(super) fn colour_by(&mut self, kept: Vec<SeriesColours>) {
        self.colours = kept.into_iter().map(|own| ((own.board, own.column), own.names)).collect();
    }

    pub(super) fn is_idle(&self) -> bool {
        self.changed.is_none() && self.runs.values().all(TileRun::is_idle)
    }

    /// Whether something will change by itself: rows come to a tile in sight, or a step is to be saved.
    pub(super) fn flows(&self, shown: Option<&Board>) -> bool {
        let own = |tile: &Tile| self.runs.get(&tile.id).is_some_and(|run| run.watch.is_live());
        self.changed.is_some() || shown.is_some_and(|board| board.tiles.iter().any(own))
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

    /// The table whose tiles are suggested first: one that is on the board already; of none words alone can be added.
    pub fn table_to_add(&self) -> Option<TableId> {
        let board = self.board()?;
        let own = |sheet: &&Worksheet| board.tiles.iter().any(|tile| tile.table == sheet.table.name);
        let sheet = self.sheets.iter().find(own).or(self.sheet()).or(self.sheets.first());
        Some(sheet.map_or_else(TableId::default, |sheet| sheet.id))
    }

    /// Starts what the tiles of the shown board ask, and takes what is new of all tiles.
    pub(super) fn poll_tiles(&mut self) {
        if self.boards.changed.take_if(|at| at.elapsed() > SETTLED).is_some() {
            self.save_workspace();
        }
        self.follow_tile_questions();
        let bench = self.bench.now().clone();
        let board = self.boards.shown.and_then(|id| bench.board(id));
        let choices = board.map_or_else(Vec::new, choice_tiles);
        let is_choice = |id: &TileId| choices.iter().any(|tile| tile.id == *id);
        let previews = board.map_or_else(Vec::new, |_| self.previews());
        let is_preview = |id: &TileId| previews.iter().any(|tile| tile.id == *id);
        // What is in sight is asked of its table as that is now; what is not, and is of another, is asked once it is.
        let is_seen = |id: &TileId| {
            is_choice(id) || is_preview(id) || board.and_then(|board| board.tile(*id)).is_some_and(Tile::asks)
        };
        let sheets = &self.sheets;
        let is_current = |run: &TileRun| sheets.iter().any(|sheet| run.is_of(&sheet.table));
        self.boards.runs.retain(|id, run| is_seen(id) || bench.tile(*id).is_some_and(Tile::asks) && is_current(run));
        self.boards.colours.retain(|(id, _), _| bench.board(*id).is_some());
        self.boards.now = board.and_then(|board| self.newest_time(board));
        let Boards {
            runs,
            now,
            paused,
            range,
            own_ranges,
            changing: was_changing,
            changes_slowly,
            colours,
            moment,
            came,
            in_step,
            slow,
            ..
        } = &mut self.boards;
        for (sheet, board) in self.sheets.iter_mut().flat_map(|sheet| board.map(|board| (sheet, board))) {
            // Filters do not take their choices from the variables.
            let all = Scope { span: board.scope.span, ..Scope::default() };
            let untimed = Scope { span: Span::All, ..board.scope.clone() };
            let scope = |tile: &Tile| if tile.own_time { &untimed } else { &board.scope };
            let own = board.tiles.iter().chain(&previews).map(|tile| (tile, scope(tile)));
            start_tiles(runs, sheet, own.chain(choices.iter().map(|tile| (tile, &all))), *now, &self.wake);
        }
        let front = board.and_then(|board| board.layout.as_ref()).map(Layout::in_front).unwrap_or_default();
        let instant = Moment::now();
        let in_sight = |id: &TileId| front.contains(id) || is_choice(id) || is_preview(id);
        for (id, run) in &mut *runs {
            run.watch.hold(front.contains(id));
            run.look(in_sight(id));
            let reads = self.sheets.iter().find(|sheet| run.is_of(&sheet.table)).map(Worksheet::running);
            if let Some(reads) = reads.filter(|watch| watch.is_live()) {
                run.watch.hear_of(reads);
            }
        }
        // All that is seen changes in one frame, to the newest moment that all of it has come to.
        let (mut together, spans): (Vec<TileId>, Vec<_>) =
            runs.iter().filter_map(|(id, run)| Some((*id, run.spans()?))).unzip();
        // Those who flow already do not wait again for one that lags.
        let waited = if slow.is_empty() { instant.since(*came) } else { PATIENCE };
        let found = common(&spans, instant, waited);
        let stays = found.is_none();
        if let Some((at, lagging)) = found {
            *slow = lagging.iter().filter_map(|place| together.get(*place)).copied().collect();
            together.retain(|id| !slow.contains(id));
            *moment = (!together.is_empty()).then_some(at);
            (*in_step, *came) = (together, instant);
        }
        // A change of what limits a board shows on all its tiles at once.
        let is_on = |id: &TileId| is_choice(id) || board.is_some_and(|board| board.tile(*id).is_some());
        let changing = runs.iter_mut().any(|(id, run)| is_on(id) && run.is_changing());
        *was_changing = changing;
        // A stretch that rolls on is asked anew all the time: what is shown is of a moment ago.
        let rolls = board.is_some_and(|board| board.scope.span.rolls());
        let slowly = |(id, run): (&TileId, &TileRun)| is_on(id) && run.changes_slowly() && !(rolls && run.rolls());
        *changes_slowly = changing && runs.iter().any(slowly);
        for (id, run) in runs {
            if *paused && is_on(id) {
                run.watch.pause();
            } else if run.watch.paused {
                run.watch.resume();
            }
            if !stays || !in_step.contains(id) {
                run.watch.show_at(moment.filter(|_| in_step.contains(id)));
            }
            run.chart.point_at(self.pointer.filter(|_| front.contains(id)));
            run.poll(in_sight(id), !changing || !is_on(id), &self.wake);
            let Some((board, tile)) = board.and_then(|board| Some((board, board.tile(*id)?))) else { continue };
            run.look_at(if tile.own_time {
                own_ranges.get(id).copied()
            } else {
                range.or_else(|| shown_stretch(board, *now))
            });
            if let Some(split) = run.chart.shown().split.clone() {
                run.chart.colour_by(colours.entry((board.id, split)).or_default());
            }
        }
        self.note_extent();
        self.turn_boards();
    }

    /// What is asked for the pane of what can be put on the board, while that is open.
    fn previews(&self) -> Vec<Tile> {
        let Some(adding) = self.boards.adding else { return Vec::new() };
        let sheet = self.sheet_of(adding.table);
        sheet.map_or_else(Vec::new, |sheet| adding.previews(sheet).into_iter().chain(adding.extent(sheet)).collect())
    }

    /// Takes how far the values of the measure reach that somebody may want to see the distribution of.
    fn note_extent(&mut self) {
        let Some(adding) = self.boards.adding.filter(|adding| adding.range.is_none()) else { return };
        let Some(sheet) = self.sheet_of(adding.table) else { return };
        let shown = adding.extent(sheet).and_then(|tile| self.boards.runs.get(&tile.id)?.shown().cloned());
        let whole = shown.filter(|shown| !shown.catching_up && shown.history_share() >= 1.0);
        let value = |at: usize| whole.as_ref()?.answer.columns().get(at)?.get(0).ok()?.try_extract::<f64>().ok();
        self.boards.adding = Some(Adding { range: value(0).zip(value(1)), ..adding });
    }

    /// The newest event time that the tables of a board have seen. Of a feed that is up to date it is the clock's: time
    /// goes on while it is silent.
    fn newest_time(&self, board: &Board) -> Option<Micros> {
        let own = |sheet: &&Worksheet| board.tiles.iter().any(|tile| tile.table == sheet.table.name);
        let newest = |sheet: &Worksheet| {
            let running = sheet.running();
            let seen = running.newest.as_ref()?;
            let newest = seen.reached.newest().max(seen.watermark).max(sheet.history_ends())?;
            let clock = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_micros() as Micros;
            let is_now = running.is_live() && (0..DAY).contains(&(clock - newest));
            Some(if is_now { clock } else { newest })
        };
        self.sheets.iter().filter(own).filter_map(newest).max()
    }

    /// Shows the next board, where boards take turns and this one had its time.
    fn turn_boards(&mut self) {
        let bench = self.bench.now();
        let Some(seconds) = bench.turn.filter(|_| self.boards.presenting) else { return self.boards.turned = None };
        let since = *self.boards.turned.get_or_insert_with(Instant::now);
        if since.elapsed() < Duration::from_secs(u64::from(seconds.max(1))) {
            return;
        }
        let at = bench.boards.iter().position(|board| Some(board.id) == self.boards.shown).map_or(0, |at| at + 1);
        let next = bench.boards.get(at).or(bench.boards.first()).map(|board| board.id);
        if next != self.boards.shown {
            self.bring_to_front(next);
        }
        self.boards.turned = Some(Instant::now());
    }

    /// Shows a board, or the question. What was seen of the one before, such as its zoom, is its own.
    pub(super) fn bring_to_front(&mut self, board: Option<BoardId>) {
        // What stands below and beside a board is of its table.
        let tiles = board.and_then(|id| self.bench().board(id)).map(|board| board.tiles.as_slice()).unwrap_or_default();
        let table = tiles.iter().find_map(|tile| self.sheet_named(&tile.table)).map(|sheet| sheet.id);
        self.selected = table.or(self.selected);
        let boards = &mut self.boards;
        boards.shown = board;
        (boards.focus, boards.naming, boards.renaming, boards.writing) = (None, None, None, None);
        (boards.drawing, boards.adding) = (None, None);
        (boards.maximised, boards.range, boards.turned) = (None, None, None);
        boards.own_ranges.clear();
        boards.paused = false;
        boards.presenting &= board.is_some();
    }
}
