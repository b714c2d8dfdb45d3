//! Areas upon each other: parts of a whole as they change, and the whole.

use super::{Mark, PLAIN, Polyline, Scene, area, line};
use crate::data::Result;
use crate::figure::clip;
use crate::figure::look::{Rgba, blended};
use crate::figure::pen::Pen;

pub(super) const STACKED_AREA: Mark = Mark {
    name: "stacked-area",
    title: "Stacked area",
    about: "how counts or sums of parts change, upon each other, with their whole as the upper edge",
    unfinished: "lighter",
    zero: true,
    joins: true,
    stacks: true,
    draw,
    ..PLAIN
};

/// How much of its colour a surface has, and one that is still to change.
const FILLED: f32 = 0.72;
const OPEN: f32 = 0.3;

fn draw(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    let Some(stack) = &scene.layout.stack else { return Ok(()) };
    let numbered = || scene.figure.series.iter().enumerate();
    for below in [false, true] {
        // Each edge is thinned out for itself, which keeps its peaks, and fills down to zero: what lies lower is
        // painted over it, so that no seam shows between two of them.
        let edges: Vec<(Vec<Polyline>, Rgba, f64)> = numbered()
            .map(|(number, series)| {
                let base = scene.px((scene.layout.x.lo(), scene.base(series)))[1];
                (scene.runs(&stack.edge(number, series, below)), scene.color(number), base)
            })
            .collect();
        for (runs, color, base) in edges.iter().rev() {
            for run in runs {
                let fill = blended(scene.look.paper, *color, if run.open { OPEN } else { FILLED });
                for lobe in area::lobes(&run.points, *base) {
                    pen.polygon(&clip::polygon(&lobe, &scene.layout.plot), fill)?;
                }
            }
        }
        edges.iter().try_for_each(|(runs, color, _)| line::stroke(scene, pen, runs, *color))?;
    }
    numbered().try_for_each(|(number, _)| line::corrected(scene, pen, number))
}
