//! Triangles for surfaces that fill only convex shapes, as screens do.

type Point = [f32; 2];

/// Triangles that cover a polygon without overlap, as indices into their own vertices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mesh {
    pub vertices: Vec<Point>,
    pub triangles: Vec<[u32; 3]>,
}

/// Covers a simple polygon. One whose two sides both run from left to right (every area) is cut into upright slabs,
/// however steep, tied or spiked its points are; anything else ear by ear.
pub fn mesh(points: &[Point]) -> Mesh {
    if points.len() < 3 {
        return Mesh::default();
    }
    slabs(points).unwrap_or_else(|| ears(points))
}

/// `None` when a side turns back.
fn slabs(points: &[Point]) -> Option<Mesh> {
    let n = points.len();
    let by_x = |a: &usize, b: &usize| points[*a][0].total_cmp(&points[*b][0]);
    let (left, right) = ((0..n).min_by(by_x)?, (0..n).max_by(by_x)?);
    let one: Vec<Point> = (0..=(right + n - left) % n).map(|k| points[(left + k) % n]).collect();
    let other: Vec<Point> = (0..=(left + n - right) % n).map(|k| points[(left + n - k) % n]).collect();
    if [&one, &other].iter().any(|side| side.windows(2).any(|pair| pair[0][0] > pair[1][0])) {
        return None;
    }
    let mut xs: Vec<f32> = points.iter().map(|p| p[0]).collect();
    xs.sort_by(f32::total_cmp);
    xs.dedup();
    let (mut one, mut other) = (Side::new(&one), Side::new(&other));
    let mut mesh = Mesh::default();
    for pair in xs.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (a, b) = (one.across(from, to)?, other.across(from, to)?);
        let first = mesh.vertices.len() as u32;
        mesh.vertices.extend([[from, a[0]], [to, a[1]], [to, b[1]], [from, b[0]]]);
        mesh.triangles.extend([[first, first + 1, first + 2], [first, first + 2, first + 3]]);
    }
    Some(mesh)
}

/// A side of the polygon, walked from left to right.
struct Side<'a> {
    segments: std::iter::Peekable<std::slice::Windows<'a, Point>>,
}

impl<'a> Side<'a> {
    fn new(points: &'a [Point]) -> Self {
        Self { segments: points.windows(2).peekable() }
    }

    /// Its heights at both edges of a slab, between which it has no corner.
    fn across(&mut self, from: f32, to: f32) -> Option<[f32; 2]> {
        while self.segments.next_if(|pair| pair[1][0] <= from).is_some() {}
        let pair = self.segments.peek()?;
        let (a, b) = (pair[0], pair[1]);
        let at = |x: f32| a[1] + (b[1] - a[1]) * ((x - a[0]) / (b[0] - a[0]));
        Some([at(from), at(to)])
    }
}

fn cross(a: Point, b: Point, c: Point) -> f32 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

fn counter_clockwise(points: &[Point]) -> bool {
    let next = points.iter().cycle().skip(1);
    points
        .iter()
        .zip(next)
        .map(|(a, b)| f64::from(a[0]) * f64::from(b[1]) - f64::from(b[0]) * f64::from(a[1]))
        .sum::<f64>()
        > 0.0
}

fn ears(points: &[Point]) -> Mesh {
    let ccw = counter_clockwise(points);
    let mut rest: Vec<usize> = (0..points.len()).collect();
    let mut triangles = Vec::new();
    while rest.len() > 3 {
        let n = rest.len();
        let corner = |i: usize| [rest[(i + n - 1) % n], rest[i], rest[(i + 1) % n]];
        let is_ear = |i: &usize| {
            let [a, b, c] = corner(*i);
            let turn = cross(points[a], points[b], points[c]);
            if (turn > 0.0) != ccw || turn == 0.0 {
                return false;
            }
            rest.iter().filter(|k| ![a, b, c].contains(k)).all(|&k| {
                let sides = [(a, b), (b, c), (c, a)].map(|(p, q)| cross(points[p], points[q], points[k]));
                !sides.iter().all(|side| (*side >= 0.0) == ccw)
            })
        };
        // An outline that crosses itself may have no ear; any corner then ends the search.
        let i = (0..n).find(is_ear).unwrap_or(0);
        triangles.push(corner(i).map(|k| k as u32));
        rest.remove(i);
    }
    if let [a, b, c] = rest[..] {
        triangles.push([a, b, c].map(|k| k as u32));
    }
    Mesh { vertices: points.to_vec(), triangles }
}
