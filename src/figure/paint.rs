//! Shapes as pixels. Coverage is computed from exact, unrounded positions, so that lines are smooth and thin ones
//! keep their weight, without a buffer several times the size of the picture.

use super::layout::Rect;
use super::look::Rgba;
use super::record::{Across, Shape};
use super::text;

/// An opaque RGB picture.
pub struct Canvas {
    pub width: usize,
    pub height: usize,
    /// Three bytes a pixel, row by row.
    pub pixels: Vec<u8>,
    scale: f32,
    /// Coverage of the shape being painted, 0 to 1; all zero between shapes.
    mask: Vec<f32>,
}

/// Part of the canvas, in pixels: columns and rows, half open.
#[derive(Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

impl Canvas {
    /// `scale` is pixels per point.
    pub fn new(width: usize, height: usize, scale: f32) -> Self {
        Self { width, height, pixels: vec![255; width * height * 3], scale, mask: vec![0.0; width * height] }
    }

    pub fn paint(&mut self, shape: &Shape) {
        let scale = self.scale;
        let px = |[x, y]: [f32; 2]| [x * scale, y * scale];
        match shape {
            Shape::Line { points, width, color } => {
                let points: Vec<_> = points.iter().copied().map(px).collect();
                self.line(&points, width * scale, *color);
            }
            Shape::Rect { rect, stroke: None, color } => {
                self.rect(
                    Rect::new(rect.left * scale, rect.top * scale, rect.right * scale, rect.bottom * scale),
                    *color,
                );
            }
            Shape::Rect { rect, stroke: Some(width), color } => {
                let corners = [
                    [rect.left, rect.top],
                    [rect.right, rect.top],
                    [rect.right, rect.bottom],
                    [rect.left, rect.bottom],
                    [rect.left, rect.top],
                ];
                self.line(&corners.map(px), width * scale, *color);
            }
            Shape::Circle { center, radius, stroke, color } => {
                self.circle(px(*center), radius * scale, stroke.map(|w| w * scale), *color)
            }
            Shape::Polygon { points, color, .. } => {
                let points: Vec<_> = points.iter().copied().map(px).collect();
                self.polygon(&points, *color);
            }
            Shape::Text { text, at, across, down, size, color, quarter_turns } => {
                let size = size * scale;
                let width = text::width(text, size);
                let left = match across {
                    Across::Left => 0.0,
                    Across::Center => -width / 2.0,
                    Across::Right => -width,
                };
                self.text(text, px(*at), [left, down.to_baseline() * size], size, *color, *quarter_turns);
            }
        }
    }

    /// Pixels that lie at least partly within, with a pixel around for soft edges.
    fn area(&self, left: f32, top: f32, right: f32, bottom: f32) -> Area {
        let cut = |v: f32, most: usize| v.clamp(0.0, most as f32) as usize;
        Area {
            left: cut(left.floor() - 1.0, self.width),
            top: cut(top.floor() - 1.0, self.height),
            right: cut(right.ceil() + 1.0, self.width),
            bottom: cut(bottom.ceil() + 1.0, self.height),
        }
    }

    fn blend(&mut self, x: usize, y: usize, [r, g, b, a]: Rgba, coverage: f32) {
        let opacity = coverage.clamp(0.0, 1.0) * f32::from(a) / 255.0;
        let at = (y * self.width + x) * 3;
        if let Some(pixel) = self.pixels.get_mut(at..at + 3) {
            for (old, new) in pixel.iter_mut().zip([r, g, b]) {
                *old = (f32::from(*old) + (f32::from(new) - f32::from(*old)) * opacity).round() as u8;
            }
        }
    }

    fn cover(&mut self, x: usize, y: usize, coverage: f32) {
        if let Some(mask) = self.mask.get_mut(y * self.width + x) {
            *mask = mask.max(coverage);
        }
    }

    /// Lays the colour on through the mask, once for the whole shape, and clears the mask.
    fn flush(&mut self, area: Area, color: Rgba) {
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let coverage = self.mask.get_mut(y * self.width + x).map(std::mem::take).unwrap_or(0.0);
                if coverage > 0.0 {
                    self.blend(x, y, color, coverage);
                }
            }
        }
    }

    /// Round joins and flat-looking ends: the distance from the middle of each pixel to the segment.
    fn line(&mut self, points: &[[f32; 2]], width: f32, color: Rgba) {
        let half = width / 2.0;
        // A line thinner than a pixel is as wide as one and fainter.
        let (reach, strength) = if half < 0.5 { (0.5, half * 2.0) } else { (half, 1.0) };
        let upright = points.windows(2).all(|pair| pair[0][0] == pair[1][0])
            || points.windows(2).all(|pair| pair[0][1] == pair[1][1]);
        if let ([a, b], true) = (points, upright) {
            // Grid, ticks, dashes: exact, with square ends.
            let (h, v) = if a[1] == b[1] { (0.0, half) } else { (half, 0.0) };
            let rect = Rect::new(a[0].min(b[0]) - h, a[1].min(b[1]) - v, a[0].max(b[0]) + h, a[1].max(b[1]) + v);
            return self.rect(rect, color);
        }
        let (mut lo, mut hi) = ([f32::MAX; 2], [f32::MIN; 2]);
        for pair in points.windows(2) {
            self.segment(pair[0], pair[1], reach, strength);
            for p in pair {
                lo = [lo[0].min(p[0]), lo[1].min(p[1])];
                hi = [hi[0].max(p[0]), hi[1].max(p[1])];
            }
        }
        if lo[0] <= hi[0] {
            self.flush(self.area(lo[0] - reach, lo[1] - reach, hi[0] + reach, hi[1] + reach), color);
        }
    }

    fn segment(&mut self, a: [f32; 2], b: [f32; 2], reach: f32, strength: f32) {
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let square = dx * dx + dy * dy;
        let grow = reach + 1.0;
        let area =
            self.area(a[0].min(b[0]) - grow, a[1].min(b[1]) - grow, a[0].max(b[0]) + grow, a[1].max(b[1]) + grow);
        for y in area.top..area.bottom {
            let py = y as f32 + 0.5;
            // Only the pixels of this row near the segment, or a long diagonal would cost its whole box.
            let (mut from, mut to) = (area.left, area.right);
            if dy.abs() > 1e-3 {
                let slope = dx / dy;
                let wide = grow * (1.0 + slope * slope).sqrt();
                let middle = a[0] + (py - a[1]) * slope;
                let ends = (a[0].min(b[0]) - grow, a[0].max(b[0]) + grow);
                from = from.max((middle - wide).clamp(ends.0, ends.1).max(0.0) as usize);
                to = to.min((middle + wide).clamp(ends.0, ends.1).max(0.0) as usize + 1);
            }
            for x in from..to {
                let (qx, qy) = (x as f32 + 0.5 - a[0], py - a[1]);
                let t = if square > 0.0 { ((qx * dx + qy * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
                let far = (qx - t * dx).hypot(qy - t * dy);
                let coverage = (reach + 0.5 - far).clamp(0.0, 1.0) * strength;
                if coverage > 0.0 {
                    self.cover(x, y, coverage);
                }
            }
        }
    }

    fn rect(&mut self, rect: Rect, color: Rgba) {
        let area = self.area(rect.left, rect.top, rect.right, rect.bottom);
        let share = |from: f32, to: f32, i: usize| (to.min(i as f32 + 1.0) - from.max(i as f32)).clamp(0.0, 1.0);
        for y in area.top..area.bottom {
            let down = share(rect.top, rect.bottom, y);
            for x in area.left..area.right {
                let coverage = down * share(rect.left, rect.right, x);
                if coverage > 0.0 {
                    self.blend(x, y, color, coverage);
                }
            }
        }
    }

    fn circle(&mut self, [cx, cy]: [f32; 2], radius: f32, stroke: Option<f32>, color: Rgba) {
        let half = stroke.unwrap_or(0.0) / 2.0;
        let out = radius + half;
        let area = self.area(cx - out, cy - out, cx + out, cy + out);
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let far = (x as f32 + 0.5 - cx).hypot(y as f32 + 0.5 - cy);
                let coverage = match stroke {
                    None => radius + 0.5 - far,
                    Some(_) => half + 0.5 - (far - radius).abs(),
                };
                if coverage > 0.0 {
                    self.blend(x, y, color, coverage);
                }
            }
        }
    }

    /// Non-zero filling: exact across, several lines to a pixel down.
    fn polygon(&mut self, points: &[[f32; 2]], color: Rgba) {
        const LINES: usize = 8;
        let rows = self.height * LINES;
        let mut crossings: Vec<Vec<(f32, i8)>> = vec![Vec::new(); rows];
        for (i, a) in points.iter().enumerate() {
            let Some(b) = points.get((i + 1) % points.len()) else { continue };
            let (up, a, b) = if a[1] <= b[1] { (1, a, b) } else { (-1, b, a) };
            let line = |y: f32| (y * LINES as f32 - 0.5).ceil().clamp(0.0, rows as f32) as usize;
            for (row, found) in crossings.iter_mut().enumerate().take(line(b[1])).skip(line(a[1])) {
                let y = (row as f32 + 0.5) / LINES as f32;
                found.push((a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]), up));
            }
        }
        let mut row = vec![0.0f32; self.width];
        for (y, lines) in crossings.chunks_mut(LINES).enumerate() {
            let (mut least, mut most) = (self.width, 0);
            for found in lines {
                found.sort_by(|a, b| a.0.total_cmp(&b.0));
                let mut winding = 0i32;
                for pair in found.windows(2) {
                    winding += i32::from(pair[0].1);
                    if winding == 0 {
                        continue;
                    }
                    let (from, to) = (pair[0].0.clamp(0.0, self.width as f32), pair[1].0.clamp(0.0, self.width as f32));
                    let (first, last) = (from as usize, (to.ceil() as usize).min(self.width));
                    for (x, sum) in row.iter_mut().enumerate().take(last).skip(first) {
                        *sum += (to.min(x as f32 + 1.0) - from.max(x as f32)).max(0.0) / LINES as f32;
                    }
                    (least, most) = (least.min(first), most.max(last));
                }
            }
            for x in least..most {
                let coverage = row.get_mut(x).map(std::mem::take).unwrap_or(0.0);
                self.blend(x, y, color, coverage);
            }
        }
    }

    /// `start` is the beginning of the base line, seen from `at`, before turning.
    fn text(&mut self, words: &str, at: [f32; 2], start: [f32; 2], size: f32, color: Rgba, turns: u8) {
        let (canvas_width, canvas_height) = (self.width as i32, self.height as i32);
        let mut put = |x: i32, y: i32, coverage: f32| {
            if (0..canvas_width).contains(&x) && (0..canvas_height).contains(&y) {
                self.blend(x as usize, y as usize, color, coverage);
            }
        };
        if turns == 0 {
            text::paint(words, size, (at[0] + start[0], at[1] + start[1]), put);
            return;
        }
        let (cx, cy) = (at[0].round() as i32, at[1].round() as i32);
        text::paint(words, size, (start[0], start[1]), |x, y, coverage| {
            let (x, y) = match turns % 4 {
                1 => (-y - 1, x),
                2 => (-x - 1, -y - 1),
                3 => (y, -x - 1),
                _ => (x, y),
            };
            put(cx + x, cy + y, coverage);
        });
    }
}
