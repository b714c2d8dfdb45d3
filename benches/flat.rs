//! Memory of a question over an hour of a feed: 200,000 rows a second, 1,000 keys, windows of one second, played as
//! fast as it goes. Final windows leave memory for disk as in a run, so what is held must stay flat after the first
//! minute.
//!
//! `cargo bench --bench flat [MINUTES]`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail loudly and prints its figures")]

use std::sync::Arc;
use std::time::Instant;

use braid::engine::sealed::Sealed;
use braid::query::{Partial, Plan, Query};
use polars::prelude::*;

const ROWS_A_SECOND: usize = 200_000;
const CHUNK: usize = 50_000;
const SQL: &str =
    "SELECT k, tumble(t, INTERVAL '1 second') AS w, count(*) AS n, sum(v) AS s, avg(v) AS a FROM r GROUP BY k, w";

fn main() {
    let minutes: usize = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(60);
    let mut random = fastrand::Rng::with_seed(1);
    let keys: Vec<String> = (0..CHUNK).map(|_| format!("key-{:03}", random.usize(..1_000))).collect();
    let values: Vec<f64> = (0..CHUNK).map(|_| random.f64()).collect();
    let (keys, values) = (Column::new("k".into(), keys), Column::new("v".into(), values));
    let step = 1_000_000 / ROWS_A_SECOND as i64;
    let chunk = |number: usize| {
        let begin = 1_700_000_000_000_000 + (number * CHUNK) as i64 * step;
        let times: Vec<i64> = (0..CHUNK as i64).map(|i| begin + i * step).collect();
        let times = Int64Chunked::from_vec("t".into(), times).into_datetime(TimeUnit::Microseconds, None).into_column();
        (DataFrame::new(CHUNK, vec![keys.clone(), times, values.clone()]).unwrap(), begin)
    };
    let schema = chunk(0).0.schema().clone();
    let plan = Arc::new(Plan::new(&Query::parse(SQL).unwrap(), SQL, &schema, Some("t")).unwrap());
    let mut whole = Partial::new(plan.clone()).unwrap();
    let mut sealed = Sealed::new(None, Vec::new()).unwrap();
    let begun = Instant::now();
    let chunks_a_minute = ROWS_A_SECOND * 60 / CHUNK;
    let mut after_first = 0.0;
    println!("{:>6} {:>13} {:>10} {:>12} {:>9}", "minute", "rows", "in memory", "on disk", "RSS MiB");
    for number in 0..minutes * chunks_a_minute {
        let (frame, time) = chunk(number);
        // As a run does it: a worker's partial, moved to the merger, which seals.
        let mut part = Partial::new(plan.clone()).unwrap();
        let watermark = time - 10_000_000;
        part.absorb(&frame, Some(watermark)).unwrap();
        whole.unite(part).unwrap();
        if let Some(windows) = whole.seal(watermark, 50_000).unwrap() {
            assert!(sealed.push(&plan, windows).is_ok() && sealed.settle(true).is_some_and(|outcome| outcome.is_ok()));
        }
        if (number + 1) % chunks_a_minute == 0 {
            let minute = (number + 1) / chunks_a_minute;
            if minute == 1 {
                after_first = rss_mib();
            }
            if minute == 1 || minute.is_multiple_of(10) || minute == minutes {
                println!(
                    "{minute:>6} {:>13} {:>10} {:>12} {:>9.1}",
                    (number + 1) * CHUNK,
                    whole.groups(),
                    sealed.groups(),
                    rss_mib()
                );
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let rows = (minutes * chunks_a_minute * CHUNK) as f64;
    println!(
        "{:.1} million rows/s; memory grew by {:.1} MiB after the first minute",
        rows / seconds / 1e6,
        rss_mib() - after_first
    );
}

/// Memory that the process holds now.
fn rss_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
