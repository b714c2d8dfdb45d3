//! Stacks: where each value begins that stands upon others at its x. What is above zero and what is below it are
//! stacked apart; a value that is missing adds nothing.

use hashbrown::HashMap;

use super::spec::{Figure, Series};

/// How high the stack is before each point, series by series: what is above zero, and what is below.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack {
    feet: Vec<Vec<[f64; 2]>>,
    below: Vec<Vec<bool>>,
}

/// Beyond this the sum of two values could not be drawn.
const MOST: f64 = f64::MAX / 8.0;

impl Stack {
    /// The first series lies lowest.
    pub fn of(figure: &Figure) -> Self {
        let mut heights: HashMap<u64, [f64; 2]> = HashMap::new();
        let mut stack = Self::default();
        for series in &figure.series {
            let foot = |index: usize| {
                let Some((x, y)) = series.point(index) else { return [0.0; 2] };
                // 0 and −0 are one place.
                let own = heights.entry((x + 0.0).to_bits()).or_default();
                let foot = *own;
                let [above, below] = own;
                let side = if y < 0.0 { below } else { above };
                *side = (*side + y).clamp(-MOST, MOST);
                foot
            };
            stack.feet.push((0..series.len()).map(foot).collect());
            stack.below.push(series.y.iter().map(|y| *y < 0.0).collect());
        }
        stack
    }

    /// Where a point begins.
    pub fn foot(&self, series: usize, index: usize) -> f64 {
        let below = self.below.get(series).and_then(|below| below.get(index)).copied().unwrap_or(false);
        self.side(series, index, below)
    }

    fn side(&self, series: usize, index: usize, below: bool) -> f64 {
        let feet = self.feet.get(series).and_then(|feet| feet.get(index)).copied().unwrap_or_default();
        let [above, under] = feet;
        if below { under } else { above }
    }

    /// The outer edge of a series above zero, or below. It comes to nothing where the series is on the other side.
    pub fn edge(&self, number: usize, series: &Series, below: bool) -> Series {
        let here = |y: f64| if below { y < 0.0 } else { y > 0.0 };
        let at = |index: usize| series.point(index).map(|(_, y)| y);
        let crosses = (0..series.len()).any(|i| at(i).is_some_and(|y| y < 0.0));
        let value = |index: usize| -> f64 {
            let Some(y) = at(index) else { return f64::NAN };
            let beside = || [index.checked_sub(1), index.checked_add(1)].into_iter().flatten();
            let foot = self.side(number, index, below);
            if here(y) {
                foot + y
            } else if (y == 0.0 && !below && !crosses) || beside().filter_map(at).any(here) {
                foot
            } else {
                f64::NAN
            }
        };
        let y: Vec<f64> = (0..series.len()).map(value).collect();
        Series { y: y.into(), ..series.clone() }
    }

    /// What all values at this x add up to; `None` where they are fewer than two.
    pub fn total(&self, figure: &Figure, x: f64) -> Option<f64> {
        let here = figure.series.iter().flat_map(|series| {
            (0..series.len()).filter_map(|i| series.point(i)).filter(|(at, _)| *at == x).map(|(_, y)| y)
        });
        let (count, sum) = here.fold((0, 0.0), |(count, sum), y| (count + 1, sum + y));
        (count > 1).then_some(sum)
    }
}
