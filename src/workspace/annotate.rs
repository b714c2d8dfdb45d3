//! What a snapshot adds to the picture of its answer: where the seam lies, where nothing is known, which windows are still
//! open, and how much of the rows it covers. The picture itself is figure's.

use polars::prelude::DataFrame;

use super::percent;
use crate::engine::Snapshot;
use crate::figure::{AxisKind, Figure, MARKS};
use crate::query::window::{WindowStatus, micros_of};

pub fn annotate(figure: &mut Figure, snapshot: &Snapshot) {
    let share = snapshot.history_share();
    if share < 1.0 {
        figure.note(&format!("from {} of the rows", percent(share)));
    }
    if figure.x.kind != AxisKind::Time {
        return;
    }
    figure.seam = snapshot.seam.at.map(|at| at as f64);
    let gap = |from: Option<i64>, until: Option<i64>| (from.map_or(f64::NEG_INFINITY, |v| v as f64), until.map_or(f64::INFINITY, |v| v as f64));
    figure.gaps = snapshot.gaps.iter().map(|g| gap(g.from, g.until)).collect();
    // Without a watermark no window is further than another.
    if let (Some(status), Some(_)) = (&snapshot.status, snapshot.watermark) {
        figure.open = open(&snapshot.answer, &figure.x.title, status);
        let mark = MARKS.iter().find(|mark| mark.name == figure.mark);
        if let (Some(mark), false) = (mark, figure.open.is_empty()) {
            figure.note(&format!("{}: still open, more rows may come", mark.unfinished));
        }
    }
}

/// The places on the time axis whose windows are open, in rising order.
fn open(answer: &DataFrame, x: &str, status: &[WindowStatus]) -> Vec<f64> {
    let Some(times) = answer.column(x).ok().and_then(|column| micros_of(column).ok()) else { return Vec::new() };
    let mut open: Vec<f64> = times.iter().zip(status).filter(|(_, s)| **s == WindowStatus::Open).filter_map(|(t, _)| Some(t? as f64)).collect();
    open.sort_by(f64::total_cmp);
    open.dedup();
    open
}
