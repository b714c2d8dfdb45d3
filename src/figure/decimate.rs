//! Fewer points, the same picture: those of a million points that a screen can show.
//! Lines keep the first, lowest, highest and last point of every pixel column (M4: Jugel et al., VLDB 2014), which
//! draws the very pixels that all points would. Gaps stay gaps.

/// The points of a line that are worth drawing, in order; `None` is a gap.
///
/// `x` is ascending and at least as long as `y`; the lines is broken before each index of `breaks` (ascending) and
/// wherever y is not finite. Points outside `lo..=hi` are left out but for one on either side, so that the line
/// enters and leaves.
pub fn m4(x: &[f64], y: &[f64], breaks: &[usize], (lo, hi): (f64, f64), columns: usize) -> Vec<Option<usize>> {
    let len = x.len().min(y.len());
    let (x, y) = (x.get(..len).unwrap_or(&[]), y.get(..len).unwrap_or(&[]));
    let from = x.partition_point(|v| *v < lo).saturating_sub(1);
    let to = (x.partition_point(|v| *v <= hi) + 1).min(len);
    let columns = columns.max(1);
    // With fewer points than would be kept there is nothing to win: a column each.
    let all = to.saturating_sub(from) <= 4 * columns;
    let per_unit = columns as f64 / (hi - lo);
    let column = |index: usize, value: f64| -> i64 {
        if all {
            index as i64
        } else if value < lo {
            -1
        } else if value > hi {
            columns as i64
        } else {
            (((value - lo) * per_unit) as i64).min(columns as i64 - 1)
        }
    };

    let mut kept = Kept::default();
    let mut breaks = breaks.get(breaks.partition_point(|b| *b <= from)..).unwrap_or(&[]).iter().copied().peekable();
    for (index, (&vx, &vy)) in x.iter().zip(y).enumerate().take(to).skip(from) {
        let cut = breaks.next_if_eq(&index).is_some();
        if cut || !vy.is_finite() {
            kept.gap();
        }
        if vy.is_finite() {
            kept.point(column(index, vx), index, vy);
        }
    }
    kept.finish()
}

/// The column being read: its first, lowest, highest and last point so far.
#[derive(Default)]
struct Kept {
    out: Vec<Option<usize>>,
    run: Option<Run>,
    /// Pieces that this column has already.
    pieces: usize,
    /// A gap came after the run's last point, in the same column, but the run was kept open.
    pending: bool,
}

struct Run {
    column: i64,
    first: usize,
    low: (usize, f64),
    high: (usize, f64),
    last: usize,
}

/// A column with more pieces than this joins the rest: gaps narrower than a fraction of a pixel cannot be seen, and
/// data with every second value missing must not come out as long as they went in.
const MOST_PIECES: usize = 8;

impl Kept {
    fn point(&mut self, column: i64, index: usize, y: f64) {
        if self.run.as_ref().is_some_and(|run| run.column != column) {
            self.close();
            self.pieces = 0;
            if self.pending {
                self.cut();
            }
        }
        self.pending = false;
        match &mut self.run {
            Some(run) => {
                if y < run.low.1 {
                    run.low = (index, y);
                }
                if y > run.high.1 {
                    run.high = (index, y);
                }
                run.last = index;
            }
            None => self.run = Some(Run { column, first: index, low: (index, y), high: (index, y), last: index }),
        }
    }

    fn gap(&mut self) {
        if self.run.is_none() {
            return;
        }
        if self.pieces < MOST_PIECES {
            self.pieces += 1;
            self.close();
            self.cut();
        } else {
            self.pending = true;
        }
    }

    fn close(&mut self) {
        let Some(run) = self.run.take() else { return };
        let mut points = [run.first, run.low.0, run.high.0, run.last];
        points.sort_unstable();
        let mut before = None;
        for point in points {
            if before != Some(point) {
                self.out.push(Some(point));
                before = Some(point);
            }
        }
    }

    fn cut(&mut self) {
        if matches!(self.out.last(), Some(Some(_))) {
            self.out.push(None);
        }
    }

    fn finish(mut self) -> Vec<Option<usize>> {
        self.close();
        if self.out.last() == Some(&None) {
            self.out.pop();
        }
        self.out
    }
}

/// One point for each cell of a grid that has any, with how many it stands for; `at` gives a point's cell, or `None`
/// outside. In the order of the points.
pub fn cells(
    len: usize,
    (across, down): (usize, usize),
    at: impl Fn(usize) -> Option<(usize, usize)>,
) -> Vec<(usize, u32)> {
    let mut slot = vec![u32::MAX; across * down];
    let mut kept: Vec<(usize, u32)> = Vec::new();
    for index in 0..len {
        let Some((column, row)) = at(index) else { continue };
        let Some(cell) = slot.get_mut(row * across + column) else { continue };
        match kept.get_mut(*cell as usize) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                *cell = kept.len() as u32;
                kept.push((index, 1));
            }
        }
    }
    kept
}
