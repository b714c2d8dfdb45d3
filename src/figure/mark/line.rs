//! Lines: how values change along an ordered axis.

use super::{Key, Mark, PLAIN, Polyline, Scene};
use crate::data::Result;
use crate::figure::clip::{self, Px};
use crate::figure::look::Rgba;
use crate::figure::pen::{Pen, line_within};
use crate::figure::spec::PointState;

pub(super) const LINE: Mark = Mark {
    name: "line",
    title: "Line",
    about: "how values change over time or along an axis; a gap stays a gap",
    key: Key::Line,
    unfinished: "dashed",
    joins: true,
    draw,
    ..PLAIN
};

/// Points further apart than this are marked, so that a reader sees what was measured and what is only joined.
const SPARSE: f64 = 24.0;
/// Length of a dash of an unfinished line, and of the space after it.
const DASH: [f64; 2] = [5.0, 4.0];

fn draw(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    for (index, series) in scene.figure.series.iter().enumerate() {
        let color = scene.color(index);
        let runs = scene.runs(series);
        stroke(scene, pen, &runs, color)?;
        measured(scene, pen, &runs, color)?;
        hollow(scene, pen, index)?;
        corrected(scene, pen, index)?;
    }
    Ok(())
}

/// Dots at the points of the runs, where there are few.
pub(super) fn measured(scene: &Scene<'_>, pen: &mut dyn Pen, runs: &[Polyline], color: Rgba) -> Result<()> {
    let count: usize = runs.iter().map(|run| run.points.len()).sum();
    if (count as f64) * SPARSE < f64::from(scene.layout.plot.width()) {
        dots(scene, pen, runs.iter().flat_map(|run| &run.points), color)?;
    }
    Ok(())
}

/// The runs as lines, dashed where they are unfinished; one of a single point as a dot, or it could not be seen.
pub(super) fn stroke(scene: &Scene<'_>, pen: &mut dyn Pen, runs: &[Polyline], color: Rgba) -> Result<()> {
    // Lines that run along the edge keep their full width.
    let frame = scene.layout.plot.grown(scene.look.stroke());
    // So many points that they form a band: a finer line shows more of it.
    let dense = runs.iter().map(|run| run.points.len()).sum::<usize>() > 2 * scene.columns();
    let width = scene.look.stroke() * if dense { 0.7 } else { 1.0 };
    for Polyline { points, open } in runs {
        if *open && !dense {
            clip::polyline(points, &frame)
                .iter()
                .flat_map(|piece| dashes(piece))
                .try_for_each(|dash| pen.line(&dash, width, color))?;
        } else {
            line_within(pen, &frame, points, width, color)?;
        }
        if points.iter().all(|p| Some(p) == points.first()) {
            dots(scene, pen, points.iter().take(1), color)?;
        }
    }
    Ok(())
}

/// Rings at the points that are unfinished.
pub(super) fn hollow(scene: &Scene<'_>, pen: &mut dyn Pen, series: usize) -> Result<()> {
    scene
        .places(series, PointState::is_unfinished)
        .into_iter()
        .try_for_each(|at| ring(scene, pen, at, scene.look.stroke() * 2.0, scene.color(series)))
}

/// A disc in a ring at each point that was corrected: every mark has the same sign for it.
pub(super) fn corrected(scene: &Scene<'_>, pen: &mut dyn Pen, series: usize) -> Result<()> {
    let radius = scene.look.stroke();
    for at in scene.places(series, |state| state == PointState::Corrected) {
        ring(scene, pen, at, radius * 3.0, scene.color(series))?;
        pen.circle(at, radius * 1.4, scene.color(series))?;
    }
    Ok(())
}

pub(super) fn ring(scene: &Scene<'_>, pen: &mut dyn Pen, at: Px, radius: f32, color: Rgba) -> Result<()> {
    pen.circle(at, radius, color)?;
    pen.circle(at, (radius - scene.look.stroke() * 0.8).max(0.5), scene.look.paper)
}

/// A line cut into dashes.
fn dashes(line: &[Px]) -> Vec<Vec<Px>> {
    let [on, off] = DASH;
    let mut out: Vec<Vec<Px>> = Vec::new();
    // How far into the pattern the pen is.
    let mut phase = 0.0;
    for pair in line.windows(2) {
        let [a, b] = pair else { continue };
        let length = (b[0] - a[0]).hypot(b[1] - a[1]);
        if !(length > 0.0 && length < 1e5) {
            continue;
        }
        let at = |d: f64| [a[0] + (b[0] - a[0]) * d / length, a[1] + (b[1] - a[1]) * d / length];
        let mut done = 0.0;
        while done < length {
            let inked = phase < on;
            let step = (if inked { on - phase } else { on + off - phase }).max(0.01).min(length - done);
            if inked {
                match out.last_mut().filter(|_| phase > 0.0) {
                    Some(dash) => dash.push(at(done + step)),
                    None => out.push(vec![at(done), at(done + step)]),
                }
            }
            done += step;
            phase += step;
            if phase >= on + off - 1e-9 {
                phase = 0.0;
            }
        }
    }
    out
}

fn dots<'a>(scene: &Scene<'_>, pen: &mut dyn Pen, points: impl Iterator<Item = &'a Px>, color: Rgba) -> Result<()> {
    let frame = scene.layout.plot.grown(0.5);
    for point in points.filter(|p| frame.contains([p[0] as f32, p[1] as f32])) {
        pen.circle(*point, scene.look.stroke() * 1.6, color)?;
    }
    Ok(())
}
