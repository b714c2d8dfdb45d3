//! Areas: lines filled down to zero, for amounts.

use super::{Mark, PLAIN, Scene, line};
use crate::data::Result;
use crate::figure::clip::{self, Px};
use crate::figure::look::faded;
use crate::figure::pen::Pen;

pub(super) const AREA: Mark = Mark {
    name: "area",
    title: "Area",
    about: "amounts over time or along an axis, filled down to zero",
    unfinished: "lighter",
    zero: true,
    joins: true,
    draw,
    ..PLAIN
};

fn draw(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    let opacity = if scene.figure.series.len() > 1 { 0.22 } else { 0.3 };
    let drawn: Vec<_> =
        scene.figure.series.iter().enumerate().map(|(i, series)| (scene.runs(series), scene.color(i))).collect();
    for ((runs, color), series) in drawn.iter().zip(&scene.figure.series) {
        let base = scene.px_of(series, (scene.layout.x.lo(), scene.base(series)))[1];
        for run in runs {
            // What is still to change stands out less.
            let opacity = if run.open { opacity * 0.4 } else { opacity };
            for lobe in lobes(&run.points, base) {
                pen.polygon(&clip::polygon(&lobe, &scene.layout.plot), faded(*color, opacity))?;
            }
        }
    }
    // Lines last: under another's surface they would change colour.
    drawn.iter().try_for_each(|(runs, color)| line::stroke(scene, pen, runs, *color))?;
    (0..drawn.len()).try_for_each(|series| line::corrected(scene, pen, series))
}

/// The surfaces between a run and the base line, one for each stretch on one side of it: no outline crosses itself.
pub(super) fn lobes(run: &[Px], base: f64) -> Vec<Vec<Px>> {
    let mut lobes = Vec::new();
    let mut lobe: Vec<Px> = Vec::new();
    let mut close = |lobe: &mut Vec<Px>| {
        if let [first, .., last] = lobe[..] {
            lobe.push([last[0], base]);
            lobe.push([first[0], base]);
            lobes.push(std::mem::take(lobe));
        }
        lobe.clear();
    };
    let mut before: Option<Px> = None;
    for point in run {
        if let Some(was) = before {
            let (a, b) = (was[1] - base, point[1] - base);
            if a * b < 0.0 {
                let cross = [was[0] + (point[0] - was[0]) * a / (a - b), base];
                lobe.push(cross);
                close(&mut lobe);
                lobe.push(cross);
            }
        }
        lobe.push(*point);
        before = Some(*point);
    }
    close(&mut lobe);
    lobes
}
