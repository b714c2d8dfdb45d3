//! Flights: a real file that comes with the program, as history, as a feed, as both, and as a board over both.

use std::fs;
use std::path::{Path, PathBuf};

use super::Sample;
use super::tiles::{figure, ledger, number, over_time, row, rows, text};
use crate::data::{Fault, Result};
use crate::disk::own;
use crate::engine::job::Reporter;
use crate::source::live::replay;
use crate::workspace::bench::BoardRow;
use crate::workspace::table::{SeamSetup, TableSetup, TimeSetup};

static FLIGHTS: &[u8] = include_bytes!("../../../assets/flights.parquet");

/// History owns what lies before it; the rows end a week later. 2001-01-22, microseconds since 1970.
const CUT: i64 = 980_121_600_000_000;

pub const BOARD: Sample = Sample {
    name: "flights",
    title: "US flights",
    about: "Three weeks of departures from a file, the fourth as it comes: delays by hour and airport",
    make,
    table: |folder| both(folder, "departures", 3_600),
    board: Some(board),
};

pub const HISTORY: Sample = Sample {
    name: "flights_history",
    title: "Sample data",
    about: "458,388 US flights of January 2001, from a file",
    make,
    table: |folder| TableSetup { paths: vec![file(folder)], ..TableSetup::default() },
    board: None,
};

pub const LIVE: Sample = Sample {
    name: "flights_live",
    title: "Sample as a live feed",
    about: "The same flights, arriving as if it were happening now",
    make,
    table: |folder| TableSetup {
        name: "flights_live".to_owned(),
        live: vec![replay::address(&file(folder), "speed=43200")],
        time: time(),
        ..TableSetup::default()
    },
    board: None,
};

pub const BOTH: Sample = Sample {
    name: "flights_both",
    title: "History and live in one table",
    about: "Three weeks from the file, the fourth arriving live, one chart",
    make,
    table: |folder| both(folder, "flights_both", 7_200),
    board: None,
};

fn file(folder: &Path) -> PathBuf {
    folder.join("flights.parquet")
}

fn make(folder: &Path, _: &Reporter) -> Result<()> {
    let path = file(folder);
    if fs::metadata(&path).is_ok_and(|m| m.len() == FLIGHTS.len() as u64) {
        return Ok(());
    }
    let made = own::folders(folder).and_then(|()| own::replace(&path, FLIGHTS));
    made.map_err(|error| Fault::io(path.display().to_string(), &error))
}

fn time() -> Option<TimeSetup> {
    Some(TimeSetup { column: "date".to_owned(), lateness_ms: 10_000 })
}

/// Weeks from the file and a week of feed, so many times as fast as it was.
fn both(folder: &Path, name: &str, speed: u32) -> TableSetup {
    TableSetup {
        name: name.to_owned(),
        paths: vec![file(folder)],
        live: vec![replay::address(&file(folder), &format!("from=2001-01-22T00:00:00&speed={speed}"))],
        time: time(),
        seam: SeamSetup::Time(CUT),
        ..TableSetup::default()
    }
}

const WORDS: &str = "Three weeks are *history*, read from a file. The fourth is *live*, an hour a second; the dashed \
                     rule is where they meet. Click a bar to see one airport alone.";

fn board(t: &str) -> Vec<BoardRow> {
    let hourly = |title: &str, measure: &str| number(t, title, over_time(t, ("date", "1 hour"), None, measure));
    let airports = format!(
        "SELECT tumble(date, INTERVAL '12 hours') AS time, origin, avg(delay) AS minutes FROM {t} \
         WHERE origin IN ('ATL', 'DFW', 'LAX', 'ORD', 'PHX') GROUP BY time, origin ORDER BY time, origin"
    );
    let busiest = format!("SELECT origin, count(*) AS flights FROM {t} GROUP BY origin ORDER BY flights DESC LIMIT 6");
    let how_late = format!(
        "SELECT CASE WHEN delay < 0 THEN 'early' WHEN delay < 15 THEN 'on time' WHEN delay < 60 THEN 'late' \
         ELSE 'very late' END AS arrival, count(*) AS flights FROM {t} GROUP BY arrival ORDER BY min(delay)"
    );
    let longest = format!("SELECT delay, origin, destination, date FROM {t} ORDER BY delay DESC LIMIT 50");
    vec![
        row(
            0.22,
            [
                (0.31, text("US flights, January 2001", WORDS)),
                (0.23, hourly("Flights an hour", "count(*) AS flights")),
                (0.23, hourly("Delay of a flight", "avg(CASE WHEN delay > 0 THEN delay ELSE 0 END) AS minutes")),
                (0.23, hourly("Late flights", "avg(CASE WHEN delay >= 15 THEN 100.0 ELSE 0.0 END) AS percent")),
            ],
        ),
        row(
            0.42,
            [
                (0.66, figure(t, "Mean delay at five large airports", "line", airports)),
                (0.34, figure(t, "Busiest airports", "bar", busiest)),
            ],
        ),
        row(
            0.36,
            [
                (0.33, figure(t, "How late they arrive", "bar", how_late)),
                (0.39, rows(t, "Longest delays", longest)),
                (0.28, ledger(t)),
            ],
        ),
    ]
}
