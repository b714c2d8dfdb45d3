//! A market: ticks of six invented symbols, whose prices walk at random; an hour of history, and half an hour that
//! comes in.

use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame};

use super::Sample;
use super::keep::{keep_rows, times};
use super::noise::{Noise, rounded};
use super::tiles::{figure, ledger, number, over_time, row, rows, text};
use crate::data::Result;
use crate::engine::job::Reporter;
use crate::source::live::replay;
use crate::workspace::bench::BoardRow;
use crate::workspace::table::{SeamSetup, TableSetup, TimeSetup};

pub const MARKET: Sample = Sample {
    name: "market",
    title: "Market ticks",
    about: "Six symbols, tick by tick: prices each second, volume and spread, ten times as fast",
    make,
    table,
    board: Some(board),
};

/// Files of another number hold other rows: it counts up where what is generated changes.
const EDITION: u32 = 1;
/// 2024-06-03 09:30, microseconds since 1970.
const OPENING: i64 = 1_717_407_000_000_000;
const SECOND: i64 = 1_000_000;
/// Seconds of history, and of all.
const HISTORY: i64 = 3_600;
const ALL: i64 = 5_400;

/// How often a symbol is traded, ticks a second; how far it moves with each; half of its spread: shares of the price.
const SYMBOLS: &[(&str, f64, f64, f64)] = &[
    ("AURA", 7.0, 0.000_16, 0.000_10),
    ("BOLT", 5.0, 0.000_22, 0.000_16),
    ("CRUX", 4.0, 0.000_20, 0.000_22),
    ("DELT", 3.0, 0.000_26, 0.000_30),
    ("ECHO", 2.0, 0.000_34, 0.000_40),
    ("FLUX", 1.5, 0.000_44, 0.000_55),
];

fn file(folder: &Path, what: &str) -> PathBuf {
    folder.join(format!("ticks-{EDITION}-{what}.parquet"))
}

fn make(folder: &Path, report: &Reporter) -> Result<()> {
    // Both faces are of one walk.
    let walk = || ticks(&mut Noise::new(7));
    keep_rows(&file(folder, "history"), || frame(walk().into_iter().filter(|tick| tick.at < cut())))?;
    report.check()?;
    keep_rows(&file(folder, "live"), || frame(walk().into_iter().filter(|tick| tick.at >= cut())))
}

/// Where history ends and the feed begins.
fn cut() -> i64 {
    OPENING + HISTORY * SECOND
}

fn table(folder: &Path) -> TableSetup {
    TableSetup {
        name: "ticks".to_owned(),
        paths: vec![file(folder, "history")],
        live: vec![replay::address(&file(folder, "live"), "speed=10&disorder=200ms")],
        time: Some(TimeSetup { column: "at".to_owned(), lateness_ms: 1_000 }),
        seam: SeamSetup::Time(cut()),
        ..TableSetup::default()
    }
}

struct Tick {
    at: i64,
    symbol: &'static str,
    bid: f64,
    ask: f64,
    price: f64,
    size: i64,
}

/// All ticks, by their time.
fn ticks(noise: &mut Noise) -> Vec<Tick> {
    let mut found = Vec::new();
    for (symbol, often, moves, half) in SYMBOLS {
        // Prices are indexed: all begin at 100. A market is loud after its opening, and in spells.
        let (mut middle, mut loud) = (100.0, 2.5_f64);
        for second in 0..ALL {
            let pulse = if noise.share() < 0.002 { 1.5 } else { 0.0 };
            loud = 1.0 + (loud + pulse - 1.0).min(3.0) * 0.997;
            let expected = often * (0.6 + 0.4 * loud);
            let count = expected as i64 + i64::from(noise.share() < expected.fract());
            let mut within: Vec<i64> = (0..count).map(|_| noise.below(SECOND)).collect();
            within.sort_unstable();
            for micros in within {
                middle *= 1.0 + moves * loud * noise.normal();
                let spread = middle * half * loud * (0.8 + 0.4 * noise.share());
                let (bid, ask) = (rounded(middle - spread, 100.0), rounded(middle + spread, 100.0));
                let price = if noise.share() < 0.5 { bid } else { ask };
                let lots = noise.share();
                let size = 100 + (lots * lots * lots * 40.0) as i64 * 100;
                found.push(Tick { at: OPENING + second * SECOND + micros, symbol, bid, ask, price, size });
            }
        }
    }
    found.sort_by_key(|tick| (tick.at, tick.symbol));
    found
}

fn frame(ticks: impl Iterator<Item = Tick>) -> Result<DataFrame> {
    let ticks: Vec<Tick> = ticks.collect();
    let numbers = |of: fn(&Tick) -> f64| ticks.iter().map(of).collect::<Vec<f64>>();
    let columns = vec![
        times("at", ticks.iter().map(|tick| tick.at).collect()),
        Column::new("symbol".into(), ticks.iter().map(|tick| tick.symbol).collect::<Vec<&str>>()),
        Column::new("bid".into(), numbers(|tick| tick.bid)),
        Column::new("ask".into(), numbers(|tick| tick.ask)),
        Column::new("price".into(), numbers(|tick| tick.price)),
        Column::new("size".into(), ticks.iter().map(|tick| tick.size).collect::<Vec<i64>>()),
    ];
    Ok(DataFrame::new(ticks.len(), columns)?)
}

const WORDS: &str = "All begin at 100. An hour is history; the feed goes on from it, ten seconds a second. Drag over \
                     a stretch of time to see it on all tiles; double-click for all of it.";

fn board(t: &str) -> Vec<BoardRow> {
    let a_minute = |title: &str, measure: &str| number(t, title, over_time(t, ("at", "1 minute"), None, measure));
    let by_symbol = |size: &str, measure: &str| over_time(t, ("at", size), Some("symbol"), measure);
    let spread = "avg((ask - bid) / (ask + bid) * 20000.0) AS \"basis points\"";
    let volume = format!("SELECT symbol, sum(size) AS volume FROM {t} GROUP BY symbol ORDER BY volume DESC");
    let newest = format!("SELECT symbol, price, size, at, bid, ask FROM {t} ORDER BY at DESC LIMIT 100");
    vec![
        row(
            0.22,
            [
                (0.34, text("Six symbols, tick by tick", WORDS)),
                (0.22, a_minute("Turnover a minute", "sum(price * size) / 1000000.0 AS millions")),
                (0.22, a_minute("Trades a minute", "count(*) AS trades")),
                (0.22, a_minute("Spread", spread)),
            ],
        ),
        row(
            0.42,
            [
                (0.65, figure(t, "Price each second", "line", by_symbol("1 second", "last(price) AS price"))),
                (0.35, figure(t, "Volume by symbol", "bar", volume)),
            ],
        ),
        row(
            0.36,
            [
                (0.28, figure(t, "Spread by symbol", "line", by_symbol("1 minute", spread))),
                (0.44, rows(t, "Newest trades", newest)),
                (0.28, ledger(t)),
            ],
        ),
    ]
}
