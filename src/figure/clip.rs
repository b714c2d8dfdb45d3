//! Cuts marks at the edge of the plot, in exact pixels before they become the surface's integers.

use super::layout::Rect;

pub type Px = [f64; 2];

/// A line through the points, as the pieces of it inside the frame.
pub fn polyline(points: &[Px], frame: &Rect) -> Vec<Vec<Px>> {
    let mut pieces: Vec<Vec<Px>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let Some((from, to)) = segment(a, b, frame) else {
            open = false;
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if open && from == a => piece.push(to),
            _ => pieces.push(vec![from, to]),
        }
        open = to == b;
    }
    pieces
}

/// The part of a segment inside the frame (Liang and Barsky, 1984).
fn segment(a: Px, b: Px, frame: &Rect) -> Option<(Px, Px)> {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    let sides = [
        (-dx, a[0] - f64::from(frame.left)),
        (dx, f64::from(frame.right) - a[0]),
        (-dy, a[1] - f64::from(frame.top)),
        (dy, f64::from(frame.bottom) - a[1]),
    ];
    for (toward, room) in sides {
        if toward == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if toward < 0.0 {
            enter = enter.max(room / toward);
        } else {
            leave = leave.min(room / toward);
        }
    }
    if enter > leave {
        return None;
    }
    let at = |t: f64| [a[0] + t * dx, a[1] + t * dy];
    Some((if enter == 0.0 { a } else { at(enter) }, if leave == 1.0 { b } else { at(leave) }))
}

/// A polygon inside the frame (Sutherland and Hodgman, 1974). Empty when nothing is left.
pub fn polygon(points: &[Px], frame: &Rect) -> Vec<Px> {
    let (left, right) = (f64::from(frame.left), f64::from(frame.right));
    let (top, bottom) = (f64::from(frame.top), f64::from(frame.bottom));
    let cut = half(points, 0, left, 1.0);
    let cut = half(&cut, 0, right, -1.0);
    let cut = half(&cut, 1, top, 1.0);
    half(&cut, 1, bottom, -1.0)
}

/// The part of a polygon on one side of a line across axis `axis`.
fn half(points: &[Px], axis: usize, edge: f64, sign: f64) -> Vec<Px> {
    let depth = |p: &Px| sign * (p[axis] - edge);
    let mut out = Vec::with_capacity(points.len() + 4);
    let Some(mut before) = points.last() else { return out };
    for point in points {
        let (was, is) = (depth(before), depth(point));
        if (was < 0.0) != (is < 0.0) {
            let t = was / (was - is);
            let mut cross = [before[0] + t * (point[0] - before[0]), before[1] + t * (point[1] - before[1])];
            cross[axis] = edge;
            out.push(cross);
        }
        if is >= 0.0 {
            out.push(*point);
        }
        before = point;
    }
    out
}
