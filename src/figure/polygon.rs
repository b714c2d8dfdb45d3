//! Triangles for surfaces that fill only convex shapes, as screens do.

type Point = [f32; 2];

/// Triangles, as indices into the points, that cover a simple polygon without overlap.
/// An x-monotone one (every area) takes a single pass; anything else is cut ear by ear.
pub fn triangles(points: &[Point]) -> Vec<[u32; 3]> {
    if points.len() < 3 {
        return Vec::new();
    }
    monotone(points).unwrap_or_else(|| ears(points))
}

fn cross(a: Point, b: Point, c: Point) -> f32 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Both ways from the leftmost to the rightmost point go right: the points in order of x with the side they are on,
/// then one sweep with a stack (Garey, Johnson, Preparata and Tarjan, 1978). `None` when the polygon is not like that.
fn monotone(points: &[Point]) -> Option<Vec<[u32; 3]>> {
    let n = points.len();
    let at = |i: usize| points.get(i % n).copied();
    let left = (0..n).min_by(|a, b| points[*a][0].total_cmp(&points[*b][0]))?;
    let right = (0..n).max_by(|a, b| points[*a][0].total_cmp(&points[*b][0]))?;
    let forward: Vec<usize> = (0..=(right + n - left) % n).map(|k| (left + k) % n).collect();
    let backward: Vec<usize> = (0..=(left + n - right) % n).map(|k| (left + n - k) % n).collect();
    let goes_right = |chain: &[usize]| chain.windows(2).all(|pair| points[pair[0]][0] <= points[pair[1]][0]);
    if !goes_right(&forward) || !goes_right(&backward) {
        return None;
    }
    let ccw = area(points) > 0.0;

    // Merge; the ends belong to both chains and come first and last.
    let mut order: Vec<(usize, bool)> = Vec::with_capacity(n);
    let (mut i, mut j) = (1, 1);
    order.push((left, true));
    while i + 1 < forward.len() || j + 1 < backward.len() {
        let (a, b) = (forward.get(i).copied(), backward.get(j).copied());
        let take_forward = match (i + 1 < forward.len(), j + 1 < backward.len()) {
            (true, true) => at(a?)?[0] <= at(b?)?[0],
            (first, _) => first,
        };
        if take_forward {
            order.push((a?, true));
            i += 1;
        } else {
            order.push((b?, false));
            j += 1;
        }
    }
    order.push((right, true));

    let mut out = Vec::with_capacity(n - 2);
    let mut stack: Vec<(usize, bool)> = order.iter().copied().take(2).collect();
    let mut emit = |a: usize, b: usize, c: usize| out.push([a as u32, b as u32, c as u32]);
    for (k, &(index, side)) in order.iter().enumerate().skip(2) {
        let &(_, top_side) = stack.last()?;
        if side != top_side || k + 1 == order.len() {
            for pair in stack.windows(2) {
                emit(pair[0].0, pair[1].0, index);
            }
            let before = stack.last().copied()?;
            stack.clear();
            stack.push(before);
        } else {
            let mut last = stack.pop()?;
            while let Some(&below) = stack.last() {
                let turn = cross(at(below.0)?, at(last.0)?, at(index)?);
                // Inside lies to the left of the forward chain of a counter-clockwise polygon.
                if (turn > 0.0) != (side == ccw) || turn == 0.0 {
                    break;
                }
                emit(below.0, last.0, index);
                last = below;
                stack.pop();
            }
            stack.push(last);
        }
        stack.push((index, side));
    }
    Some(out)
}

/// Twice the signed area.
fn area(points: &[Point]) -> f32 {
    let mut sum = 0.0f64;
    for (i, a) in points.iter().enumerate() {
        let b = points[(i + 1) % points.len()];
        sum += f64::from(a[0]) * f64::from(b[1]) - f64::from(b[0]) * f64::from(a[1]);
    }
    sum as f32
}

fn ears(points: &[Point]) -> Vec<[u32; 3]> {
    let ccw = area(points) > 0.0;
    let mut rest: Vec<usize> = (0..points.len()).collect();
    let mut out = Vec::new();
    while rest.len() > 3 {
        let n = rest.len();
        let ear = (0..n).find(|&i| {
            let (a, b, c) = (rest[(i + n - 1) % n], rest[i], rest[(i + 1) % n]);
            let turn = cross(points[a], points[b], points[c]);
            if (turn > 0.0) != ccw || turn == 0.0 {
                return false;
            }
            rest.iter().filter(|k| **k != a && **k != b && **k != c).all(|&k| {
                let p = points[k];
                let signs = [cross(points[a], points[b], p), cross(points[b], points[c], p), cross(points[c], points[a], p)];
                !signs.iter().all(|s| (*s >= 0.0) == ccw)
            })
        });
        let i = ear.unwrap_or(0);
        out.push([rest[(i + n - 1) % n] as u32, rest[i] as u32, rest[(i + 1) % n] as u32]);
        rest.remove(i);
    }
    if let [a, b, c] = rest[..] {
        out.push([a as u32, b as u32, c as u32]);
    }
    out
}
