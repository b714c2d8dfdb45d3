//! What runs for one tile: what is asked for it and of what, its watch, and what it shows. Tiles of one table are asked
//! for together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::narrow::{Asked, asked, stretch};
use super::number::Number;
use super::values::choice_tiles;
use crate::data::Fault;
use crate::data::zone::Zone;
use crate::engine::moment;
use crate::engine::{Snapshot, Table};
use crate::figure::{AxisKind, View};
use crate::query::model::Models;
use crate::query::window::{EpochUnit, Micros};
use crate::sync::Wake;
use crate::ui::bind::Bound;
use crate::ui::chart::Chart;
use crate::ui::rewind::TimeRange;
use crate::ui::watch::{StagedRun, Watch};
use crate::ui::widget::numbers;
use crate::ui::worksheet::Worksheet;
use crate::workspace::Windows;
use crate::workspace::bench::{Bench, NamedQuestions, Scope, Tile, TileId, TileKind};

/// What a question of a tile is made of, beside its table.
#[derive(Debug)]
struct Limits {
    sql: String,
    scope: Scope,
    range: Option<TimeRange>,
    /// Of the table's times, where it has any that are known.
    unit: Option<Option<EpochUnit>>,
    /// What it may name beside its table.
    others: Vec<Arc<Table>>,
    models: Models,
    named: Arc<NamedQuestions>,
}

impl Limits {
    fn are(&self, tile: &Tile, scope: &Scope, range: Option<TimeRange>, unit: Option<Option<EpochUnit>>) -> bool {
        (self.range, self.unit) == (range, unit) && self.sql == tile.sql && self.scope == *scope
    }

    /// Whether it may name the same as before.
    fn are_beside(&self, sheet: &Worksheet) -> bool {
        let same = |(own, other): (&Arc<Table>, &Arc<Table>)| Arc::ptr_eq(own, other);
        self.others.len() == sheet.others.len()
            && self.others.iter().zip(&sheet.others).all(same)
            && self.models.is_same(&sheet.models)
            && Arc::ptr_eq(&self.named, &sheet.named)
    }
}

/// What runs for one tile.
#[derive(Debug, Default)]
pub struct TileRun {
    asked: Asked,
    /// What that was made of: while it is the same, so is what is asked.
    limits: Option<Limits>,
    table: Option<Arc<Table>>,
    /// The other tables that it names, and whether it asks a model.
    named: Vec<Arc<Table>>,
    scores: bool,
    show: TileKind,
    pub watch: Watch,
    pub chart: Chart,
    pub number: Option<Number>,
    /// The values before the number.
    pub spark: Chart,
    /// Its question is re-run as a whole, by a reading of its own.
    alone: bool,
    /// Why it could not be asked.
    pub fault: Option<Fault>,
    /// The snapshot that `number` was read from, and the zone of its time.
    read: (u64, u64, Zone),
}

impl TileRun {
    /// Whether it is of a table of this name, or was.
    pub(super) fn is_named(&self, table: &str) -> bool {
        self.table.as_ref().is_some_and(|own| own.name == table)
    }

    pub(super) fn is_of(&self, table: &Arc<Table>) -> bool {
        self.table.as_ref().is_some_and(|own| Arc::ptr_eq(own, table))
    }

    /// Whether what its question names is what it named when it was bound.
    fn names_the_same(&self, sheet: &Worksheet) -> bool {
        let Some(limits) = &self.limits else { return false };
        let is_there = |own: &Arc<Table>| sheet.others.iter().any(|other| Arc::ptr_eq(own, other));
        limits.are_beside(sheet)
            || self.fault.is_none()
                && self.named.iter().all(is_there)
                && (!self.scores || limits.models.is_same(&sheet.models))
    }

    /// Why its rows are not limited as the board's are, where they are not.
    pub fn unlimited(&self) -> Option<&str> {
        self.asked.unlimited.as_deref()
    }

    /// Whether it is read apart from the other tiles of its table.
    pub fn reads_alone(&self) -> bool {
        self.alone
    }

    /// Whether an answer to a changed question is still being read.
    pub(super) fn is_changing(&mut self) -> bool {
        self.watch.staged.is_some() && !self.watch.is_ready()
    }

    /// Whether it is asked anew whenever its stretch of time moves on.
    pub(super) fn rolls(&self) -> bool {
        self.asked.rolls
    }

    /// Whether it takes long.
    pub fn changes_slowly(&self) -> bool {
        self.watch.staged.as_ref().is_some_and(StagedRun::is_slow)
    }

    /// The answer on screen.
    pub fn shown(&self) -> Option<&Arc<Snapshot>> {
        self.watch.shown.as_ref()
    }

    /// Takes what is new, and makes of it what the tile shows.
    pub(super) fn poll(&mut self, in_sight: bool, swap: bool, wake: &Wake) {
        if swap && self.watch.is_ready() {
            self.watch.swap();
        }
        let Some(shown) = self.watch.shown.clone() else { return };
        if let Some(fault) = shown.fault.clone().filter(|_| shown.last && shown.answer.width() == 0) {
            self.fault = Some(fault);
        }
        let of = (self.watch.shown_run, shown.version, numbers::zone());
        match self.show {
            TileKind::Number if self.read != of => {
                let (number, spark) = Number::of(&shown, &self.watch.shown_windows).unzip();
                (self.number, self.read) = (number, of);
                self.spark = spark.flatten().map(Chart::of).unwrap_or_default();
            }
            TileKind::Figure(_) if in_sight => {
                let windows = self.watch.shown_windows.clone();
                self.chart.poll(&shown, shown.history_share(), (self.watch.shown_run, &windows), wake);
            }
            _ => {}
        }
    }

    /// Takes what is new, without showing the answer to a changed question.
    pub(super) fn look(&mut self, in_sight: bool) {
        self.watch.keep_in_sight(in_sight);
        if let Some(fault) = self.watch.look().failed {
            self.fault = Some(fault);
        }
    }

    /// The moments of which its answers are, where they keep step with those of others.
    pub(super) fn spans(&self) -> Option<Vec<moment::Span>> {
        self.watch.spans().filter(|_| !self.alone)
    }

    /// Shows a stretch of time, where a figure has an axis of time.
    pub(super) fn look_at(&mut self, range: Option<(f64, f64)>) {
        for chart in [&mut self.chart, &mut self.spark] {
            let timed = chart.figure().is_some_and(|figure| figure.x.kind == AxisKind::Time);
            if timed && chart.view().and_then(|view| view.x) != range {
                chart.set_view(range.map(|x| View { x: Some(x), y: None }));
            }
        }
    }

    /// Whether nothing will change by itself.
    pub(super) fn is_idle(&self) -> bool {
        !self.watch.is_running() && !self.chart.is_building()
    }
}

/// Who asks the question of a tile, for what is kept of it.
fn asker(tile: TileId) -> String {
    tile.0.to_string()
}

/// All who ask for tiles.
pub(in crate::ui) fn askers(bench: &Bench) -> impl Iterator<Item = String> {
    let tiles = bench.boards.iter().flat_map(|board| board.tiles.iter().map(|tile| tile.id));
    let choices = bench.boards.iter().flat_map(choice_tiles).map(|tile| tile.id);
    tiles.chain(choices).map(asker)
}

/// A tile that is about to be asked for.
struct DueTile {
    id: TileId,
    /// Its answer takes the place of the one before once it covers as much.
    stages: bool,
    windows: Windows,
}

/// Asks what tiles ask of one table, all of it together.
pub(super) fn start_tiles<'a>(
    runs: &mut BTreeMap<TileId, TileRun>,
    sheet: &mut Worksheet,
    tiles: impl Iterator<Item = (&'a Tile, &'a Scope)>,
    now: Option<Micros>,
    wake: &Wake,
) {
    let table = sheet.table.clone();
    let mut due: Vec<(DueTile, (Bound, Option<String>))> = Vec::new();
    for (tile, scope) in tiles.filter(|(tile, _)| tile.asks() && tile.table == table.name) {
        let run = runs.entry(tile.id).or_default();
        run.show.clone_from(&tile.show);
        if run.chart.settings() != &tile.settings() {
            run.chart.set_settings(tile.settings());
        }
        // What is rolling ends at the board's now: it is not asked before that is known.
        let waits = scope.span.needs_now() && now.is_none() && table.time.is_some();
        if waits && sheet.running().is_running() {
            continue;
        }
        let range = stretch(scope.span, now);
        let unit = range.and_then(|_| sheet.time_unit().ok());
        let same = run.is_of(&table);
        let is_known = |limits: &Limits| limits.are(tile, scope, range, unit) && limits.are_beside(sheet);
        if same && run.limits.as_ref().is_some_and(is_known) {
            continue;
        }
        let limits = Some(Limits {
            sql: tile.sql.clone(),
            scope: scope.clone(),
            range,
            unit,
            others: sheet.others.clone(),
            models: sheet.models.clone(),
            named: sheet.named.clone(),
        });
        let asked = match asked(tile, scope, sheet, range) {
            Ok(asked) => asked,
            Err(fault) => {
                let (fault, table, show) = (Some(fault), Some(table.clone()), tile.show.clone());
                *run = TileRun { fault, limits, table, show, ..TileRun::default() };
                continue;
            }
        };
        if same && run.asked == asked && run.names_the_same(sheet) {
            run.limits = limits;
            continue;
        }
        // One change after the other: a stretch that moves on waits until the last one is read.
        if !run.asked.sql.is_empty() && run.is_changing() && scope.span.rolls() {
            continue;
        }
        run.limits = limits;
        let bound = sheet.plan(&asked.sql);
        // The answer over other faces never covers what the one before does: it does not wait for that.
        let stages = run.table.as_ref().is_some_and(|before| before.has_faces_of(&table));
        (run.asked, run.table, run.fault) = (asked, Some(table.clone()), None);
        match bound {
            Ok(bound) => {
                run.alone = bound.plan.rerun.is_some();
                (run.named, run.scores) = (bound.datasets.clone(), bound.plan.asks_models());
                // What is asked of a stretch that moves on is soon asked anew.
                let asker = (!run.asked.rolls).then(|| asker(tile.id));
                due.push((DueTile { id: tile.id, stages, windows: bound.windows.clone() }, (bound, asker)));
            }
            Err(fault) => run.fault = Some(fault),
        }
    }
    if due.is_empty() {
        return;
    }
    let (tiles, bounds): (Vec<DueTile>, Vec<_>) = due.into_iter().unzip();
    match sheet.ask_beside(bounds, wake) {
        Ok(started) => {
            for (DueTile { id, stages, windows }, run) in tiles.into_iter().zip(started) {
                let own = runs.entry(id).or_default();
                let sql = own.asked.sql.clone();
                if stages && own.watch.shown.is_some() {
                    own.watch.stage(run, sql, windows);
                } else {
                    own.watch.begin(run, sql, windows);
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
