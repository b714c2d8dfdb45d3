//! Scatter: each row a circle, for how two values go together.

use super::{Key, Mark, PLAIN, Scene, line};
use crate::data::Result;
use crate::figure::decimate;
use crate::figure::look::faded;
use crate::figure::pen::Pen;

pub(super) const SCATTER: Mark = Mark {
    name: "scatter",
    title: "Scatter",
    about: "how two values go together, one circle a row",
    key: Key::Dot,
    unfinished: "hollow",
    free: true,
    draw,
    ..PLAIN
};

/// Circles beyond which cells are made coarser, so that a window stays fluent.
const MANY: usize = 20_000;

fn draw(scene: &Scene<'_>, pen: &mut dyn Pen) -> Result<()> {
    let total: usize = scene.figure.series.iter().map(|series| series.len()).sum();
    let (radius, opacity) = match total {
        0..=500 => (scene.look.dot(), 0.8),
        501..=5_000 => (scene.look.dot() * 0.8, 0.6),
        _ => (scene.look.dot() * 0.6, 0.4),
    };
    for (number, series) in scene.figure.series.iter().enumerate() {
        let color = scene.color(number);
        let plot = scene.layout.plot;
        let frame = plot.grown(0.5);
        let kept = |cell: f32| {
            let grid = [(frame.width() / cell).ceil() as usize + 1, (frame.height() / cell).ceil() as usize + 1];
            decimate::cells(series.len(), (grid[0], grid[1]), |i| {
                let [x, y] = scene.px_of(series, series.point(i)?).map(|v| v as f32);
                frame.contains([x, y]).then(|| (((x - frame.left) / cell) as usize, ((y - frame.top) / cell) as usize))
            })
        };
        let mut points = kept(1.0 / scene.look.scale.max(1.0));
        if points.len() > MANY {
            points = kept(radius * 1.2);
        }
        for (index, count) in points {
            let Some(point) = series.point(index) else { continue };
            // As opaque as all the circles it stands for, one upon the other.
            let opacity = 1.0 - (1.0 - opacity as f32).powi(count.min(64) as i32);
            if series.is_unfinished(index) {
                line::ring(scene, pen, scene.px_of(series, point), radius * 1.2, color)?;
            } else {
                pen.circle(scene.px_of(series, point), radius, faded(color, opacity))?;
            }
        }
        line::corrected(scene, pen, number)?;
    }
    Ok(())
}
