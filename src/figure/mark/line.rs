//! Lines: how values change along an ordered axis.

use super::{Key, Mark, Scene, no_slots};
use crate::data::Result;
use crate::figure::clip::Px;
use crate::figure::look::Rgba;
use crate::figure::pen::{Pen, line_within};

pub(super) const LINE: Mark = Mark {
    name: "line",
    title: "Line",
    about: "how values change over time or along an axis; a gap stays a gap",
    key: Key::Line,
    zero: false,
    free: false,
    slots: no_slots,
    draw,
};

/// Points further apart than this are marked, so that a reader sees what was measured and what is only joined.
const SPARSE: f64 = 24.0;

fn draw(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    for (series, color) in scene.figure.series.iter().zip((0..).map(|i| scene.look.color(i))) {
        let runs = scene.runs(series);
        stroke(scene, pen, &runs, color)?;
        let count: usize = runs.iter().map(Vec::len).sum();
        if (count as f64) * SPARSE < f64::from(scene.layout.plot.width()) {
            dots(scene, pen, runs.iter().flatten(), color)?;
        }
    }
    Ok(())
}

/// The runs as lines; one of a single point as a dot, or it could not be seen.
pub(super) fn stroke(scene: &Scene<'_>, pen: &mut dyn Pen, runs: &[Vec<Px>], color: Rgba) -> Result<()> {
    // Lines that run along the edge keep their full width.
    let frame = scene.layout.plot.grown(scene.look.stroke());
    // So many points that they form a band: a finer line shows more of it.
    let dense = runs.iter().map(Vec::len).sum::<usize>() > 2 * scene.columns();
    let width = scene.look.stroke() * if dense { 0.7 } else { 1.0 };
    for run in runs {
        line_within(pen, &frame, run, width, color)?;
        if run.iter().all(|p| Some(p) == run.first()) {
            dots(scene, pen, run.iter().take(1), color)?;
        }
    }
    Ok(())
}

fn dots<'a>(scene: &Scene<'_>, pen: &mut dyn Pen, points: impl Iterator<Item = &'a Px>, color: Rgba) -> Result<()> {
    let frame = scene.layout.plot.grown(0.5);
    for point in points.filter(|p| frame.contains([p[0] as f32, p[1] as f32])) {
        pen.circle(*point, scene.look.stroke() * 1.6, color)?;
    }
    Ok(())
}
