//! What a snapshot adds to the picture of its answer: where the seam lies, where nothing is known, and how much of the
//! rows it covers. The picture itself is figure's.

use super::percent;
use crate::engine::Snapshot;
use crate::figure::{AxisKind, Figure};

pub fn annotate(figure: &mut Figure, snapshot: &Snapshot) {
    let share = snapshot.history_share();
    if share < 1.0 {
        figure.note(&format!("from {} of the rows", percent(share)));
    }
    if figure.x.kind == AxisKind::Time {
        figure.seam = snapshot.seam.at.map(|at| at as f64);
        let gap = |from: Option<i64>, until: Option<i64>| (from.map_or(f64::NEG_INFINITY, |v| v as f64), until.map_or(f64::INFINITY, |v| v as f64));
        figure.gaps = snapshot.gaps.iter().map(|g| gap(g.from, g.until)).collect();
    }
}
