//! The moment that the tiles of a board show, and which of them are not at it: by how much, and why.

use std::time::Duration;

use super::{Boards, TileRun};
use crate::engine::moment::Moment;
use crate::ui::board::title;
use crate::ui::widget::numbers;
use crate::workspace::bench::{Board, Layout, Tile, TileId};

/// Why a tile is not of the moment of the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// History is being read; the share that is.
    Reading(f64),
    /// Rows from before it was asked are being read.
    CatchingUp,
    /// A feed cannot be reached.
    Lost,
    /// No row comes.
    Silent,
    /// Its question is re-run as a whole.
    Rerun,
    /// Answering takes longer than others wait.
    Slow,
}

/// What lags, by its name: a tile, or all tiles of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Lag {
    pub name: String,
    pub why: Why,
    /// By how much, where that is known.
    pub by: Option<Duration>,
}

impl Lag {
    pub fn words(&self) -> String {
        let by = self.by.map(|by| numbers::duration(by.as_secs_f64()));
        let said = |with: &str, without: &str| by.map_or_else(|| without.to_owned(), |by| with.replace("{}", &by));
        let what = match self.why {
            Why::Reading(share) => format!("is reading history, {:.0} %", (share * 100.0).floor()),
            Why::CatchingUp => "is catching up".to_owned(),
            Why::Lost => said("has lost its feed, the newest row is {} old", "has lost its feed"),
            Why::Silent => said("is silent for {}", "is silent"),
            Why::Rerun => "is re-run by itself".to_owned(),
            Why::Slow => said("is {} behind: its answers take long", "is behind: its answers take long"),
        };
        format!("{} {what}", self.name)
    }
}

impl Boards {
    /// Why a tile is not of the moment that others show.
    fn lag(&self, tile: &Tile) -> Option<(Why, Option<Duration>)> {
        let run = self.run(tile.id)?;
        let Some(shown) = run.shown() else { return run.fault.is_none().then_some((Why::Reading(0.0), None)) };
        let flows = shown.live_open > 0 && !shown.last;
        if shown.history_share() < 1.0 && !shown.last {
            return Some((Why::Reading(shown.history_share()), None));
        }
        if run.reads_alone() {
            return flows.then_some((Why::Rerun, None));
        }
        if shown.catching_up {
            return Some((Why::CatchingUp, None));
        }
        if flows && shown.lost().next().is_some() {
            return Some((Why::Lost, run.watch.age()));
        }
        if let Some(silence) = run.watch.silence().filter(|silence| flows && silence.feeds == silence.of) {
            return Some((Why::Silent, Some(silence.silent)));
        }
        let by = |at: Moment| Some(at.since(shown.moment?));
        self.slow.contains(&tile.id).then(|| (Why::Slow, self.moment.and_then(by)))
    }

    /// The tiles in sight that are not of the moment of the others: by their table, where all of it lag alike.
    pub fn lags(&self, board: &Board) -> Vec<Lag> {
        let front = board.layout.as_ref().map(Layout::in_front).unwrap_or_default();
        let tiles: Vec<&Tile> = board.tiles.iter().filter(|tile| tile.asks() && front.contains(&tile.id)).collect();
        let lag = |tile: &&Tile| self.lag(tile).map(|(why, by)| Lag { name: title(tile), why, by });
        let mut lags: Vec<Lag> = Vec::new();
        for (at, tile) in tiles.iter().enumerate() {
            let table = || tiles.iter().filter(|other| other.table == tile.table);
            let Some(own) = lag(tile) else { continue };
            let alike = |other: &&Tile| self.lag(other).is_some_and(|(why, _)| why == own.why);
            if table().all(alike) {
                let is_first = tiles.iter().position(|other| other.table == tile.table) == Some(at);
                lags.extend(is_first.then(|| Lag { name: tile.table.clone(), ..own }));
            } else {
                lags.push(own);
            }
        }
        lags
    }

    /// The moment that all tiles show but those that lag, on the clock on the wall; `None` while no row can come.
    pub fn moment(&self, board: &Board) -> Option<i64> {
        let flows = |run: &TileRun| run.shown().is_some_and(|shown| !shown.last && shown.live_open > 0);
        let own = |tile: &Tile| self.run(tile.id).is_some_and(flows);
        self.moment.filter(|_| board.tiles.iter().any(own)).map(Moment::on_the_wall)
    }

    /// The tiles that show that moment.
    pub fn in_step(&self) -> &[TileId] {
        &self.in_step
    }
}
