//! `--stats`: what a run read, kept and cost, as JSON. The keys are a contract.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::wording;
use crate::data::memory::peak;
use crate::data::time::iso_micros;
use crate::engine::Snapshot;
use crate::engine::cost::{Sample, fit};
use crate::engine::seam::{Gap, SeamLedger};
use crate::query::window::WindowStatus;

/// `answered`: each question's name, last snapshot, and the number of groups in its written answer. The keys of a run
/// are those of the first question; where questions have names, `questions` has the rows of each. `before`: the time
/// from the start of the process to the start of the run, which counts for the first answer.
pub fn json(answered: &[(&str, &Snapshot, u64)], before: Duration, started: Instant) -> String {
    let Some((_, s, groups)) = answered.first() else { return "{}\n".to_owned() };
    let mut stats = json!({
        "rows_dropped": s.rows.dropped,
        "rows_not_recorded": s.not_recorded,
        "bytes_in": s.stats.bytes_in,
        "wall_s": started.elapsed().as_secs_f64(),
        "cpu_s": cpu_seconds(),
        "first_answer_ms": s.stats.first_answer_ms.map(|ms| ms + before.as_secs_f64() * 1e3),
        "peak_rss_mb": peak_rss_mb(),
        "chunks": s.stats.chunks,
        "merges": s.stats.merges,
        "bytes_between_threads": s.stats.bytes_between_threads,
        "state_mb": s.stats.state_bytes as f64 / MIB,
        "spilled_mb": s.stats.spilled_bytes as f64 / MIB,
        "cost": cost(s),
        "seam": ledger(&s.seam),
        "history_share": s.history_share(),
        "notes": s.told().chain(s.seam.warnings.iter().map(wording::fault)).collect::<Vec<_>>(),
    });
    if let (Some(latency), Some(stats)) = (s.stats.latency_ms, stats.as_object_mut()) {
        stats.insert("latency_ms".to_owned(), json!({ "p50": latency.p50, "p99": latency.p99, "max": latency.max }));
    }
    let named: serde_json::Map<String, Value> = answered
        .iter()
        .filter(|(name, ..)| !name.is_empty())
        .map(|(name, s, groups)| ((*name).to_owned(), question(s, *groups)))
        .collect();
    if let (Some(stats), Value::Object(own)) = (stats.as_object_mut(), question(s, *groups)) {
        stats.extend(own);
        if !named.is_empty() {
            stats.insert("questions".to_owned(), named.into());
        }
    }
    stats.to_string() + "\n"
}

/// Where the rows of one question went.
fn question(s: &Snapshot, groups: u64) -> Value {
    json!({
        "rows_in": s.rows.come_in,
        "rows_shown": s.rows.shown,
        "rows_filtered": s.rows.filtered,
        "rows_late": s.rows.late,
        "rows_rejected": s.rows.rejected,
        "cells_rejected": s.rows.cells,
        "groups": groups,
        "watermark": s.watermark.map(iso_micros),
        "windows": windows(s),
    })
}

/// Counts the rows of the answer by the state of their window: open, final or corrected; null without windows.
fn windows(s: &Snapshot) -> Value {
    let Some(status) = &s.status else { return Value::Null };
    let of = |wanted| status.iter().filter(|status| **status == wanted).count() as u64;
    // Groups on disk have left memory because their windows are final.
    json!({
        "open": of(WindowStatus::Open),
        "final": of(WindowStatus::Final) + s.sealed_groups,
        "corrected": of(WindowStatus::Corrected),
    })
}

/// The cost of the run as its rows grew, and the exponents of T(n), S(n) and C(n).
fn cost(s: &Snapshot) -> Value {
    let sample = |c: &Sample| {
        json!({
            "rows": c.rows,
            "seconds": c.seconds,
            "state_bytes": c.state,
            "bytes_between_threads": c.between,
            "groups": c.groups,
            "workers": c.workers,
        })
    };
    let all = fit(&s.stats.samples);
    let fitted = if s.seam.live_rows > 0 { all.paced() } else { all };
    let last = s.stats.samples.last();
    let per = |bytes: Option<u64>, of: Option<u64>| {
        bytes.zip(of).filter(|(_, of)| *of > 0).map(|(bytes, of)| bytes as f64 / of as f64)
    };
    json!({
        "samples": s.stats.samples.iter().map(sample).collect::<Vec<_>>(),
        "exponents": { "time": fitted.time, "state": fitted.state, "bytes_between_threads": fitted.between },
        "exponents_over_groups": { "state": fitted.state_by_groups, "bytes_between_threads": fitted.between_by_groups },
        "exponents_over_groups_times_workers": { "bytes_between_threads": fitted.between_by_groups_and_workers },
        "workers": s.stats.workers,
        "state_bytes_per_group": per(last.map(|c| c.state), last.map(|c| c.groups)),
        "bytes_between_threads_per_group_and_worker":
            per(last.map(|c| c.between), last.map(|c| c.groups * s.stats.workers)),
        "note": fitted.note(&s.stats.samples),
    })
}

const MIB: f64 = 1024.0 * 1024.0;

fn ledger(seam: &SeamLedger) -> Value {
    let line = |l: &crate::engine::seam::SeamLine| {
        json!({
            "source": l.source,
            "partition": l.partition,
            "last_history": l.last_history,
            "first_live": l.first_live,
            "last_history_time": l.last_history.filter(|_| l.is_time).map(iso_micros),
            "first_live_time": l.first_live.filter(|_| l.is_time).map(iso_micros),
            "gap": match l.gap {
                Gap::Known(n) => json!(n),
                Gap::CannotBeKnown => json!("cannot be known"),
            },
        })
    };
    json!({
        "kind": seam.kind,
        "at": seam.at.map(iso_micros),
        "history_rows": seam.history_rows,
        "live_rows": seam.live_rows,
        "overlap_removed": seam.overlap_removed,
        "partitions": seam.partitions.iter().map(line).collect::<Vec<_>>(),
        "warnings": seam.warnings.iter().map(wording::fault).collect::<Vec<_>>(),
    })
}

/// User and system time of all threads so far; null where the system does not report it.
pub(super) fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    // Linux counts in hundredths of a second for every program (USER_HZ).
    Some(ticks as f64 / 100.0)
}

/// The most memory that the process ever held, MiB; null where the system does not report it.
pub(super) fn peak_rss_mb() -> Option<f64> {
    peak().map(|bytes| (bytes as f64 / MIB * 10.0).round() / 10.0)
}
