//! The rows of an answer as series: grouped by name, in the order of x, with breaks where windows are missing. What the
//! columns hold is left to `columns`.

use std::collections::HashMap;

use super::spec::{PointState, Series};

/// The rows of each name, in the order the names appear.
pub(super) fn groups(labels: &[String]) -> Vec<(String, Vec<usize>)> {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (row, label) in labels.iter().enumerate() {
        let at = *seen.entry(label).or_insert_with(|| {
            groups.push((label.clone(), Vec::new()));
            groups.len() - 1
        });
        if let Some((_, rows)) = groups.get_mut(at) {
            rows.push(row);
        }
    }
    groups
}

type Group = (String, Vec<usize>);

/// The groups that sum to most, by name, so that colours stay when the ranking changes; and the others.
pub(super) fn largest(mut groups: Vec<Group>, y: &[f64], most: usize) -> (Vec<Group>, Vec<Group>) {
    let total = |rows: &[usize]| {
        rows.iter().filter_map(|row| y.get(*row)).filter(|v| v.is_finite()).map(|v| v.abs()).sum::<f64>()
    };
    let mut left_out = Vec::new();
    if groups.len() > most {
        groups.sort_by(|a, b| total(&b.1).total_cmp(&total(&a.1)).then_with(|| a.0.cmp(&b.0)));
        left_out = groups.split_off(most);
    }
    groups.sort_by(|a, b| a.0.cmp(&b.0));
    (groups, left_out)
}

/// The distance of neighbours in an evenly spaced axis, some places of which may be empty: the smallest there is, if
/// every other one is a multiple of it and most are it. Single events at odd moments have none.
pub fn step(x: &[f64]) -> Option<f64> {
    let mut xs: Vec<f64> = x.iter().copied().filter(|x| x.is_finite()).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let apart: Vec<f64> = xs.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let least = apart.iter().copied().fold(f64::INFINITY, f64::min);
    if apart.len() < 2 || !least.is_finite() {
        return None;
    }
    let times = |d: &f64| d / least;
    let even = apart.iter().all(|d| (times(d) - times(d).round()).abs() < 1e-6);
    let next = apart.iter().filter(|d| times(d) < 1.5).count();
    (even && next * 2 >= apart.len()).then_some(least)
}

/// The rows of an answer, on their way to series.
pub(super) struct SeriesRows<'a> {
    pub x: &'a [f64],
    /// One a row, or none.
    pub states: &'a [PointState],
    /// How far apart neighbours are, where they are evenly so.
    pub step: Option<f64>,
    /// By x, as lines are.
    pub ordered: bool,
}

impl SeriesRows<'_> {
    /// One series of the sums of some rows at each x; unfinished where any of them is.
    pub fn summed(&self, name: String, y: &[f64], rows: &[usize]) -> Series {
        let mut sums: Vec<(f64, f64, Option<PointState>)> = Vec::new();
        let mut sorted: Vec<usize> = rows.to_vec();
        let at = |row: usize| self.x.get(row).copied().unwrap_or(f64::NAN);
        sorted.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
        for row in sorted {
            let (x, value) = (at(row), y.get(row).copied().filter(|v| v.is_finite()).unwrap_or(0.0));
            let state = self.states.get(row).copied();
            match sums.last_mut().filter(|(last, ..)| *last == x) {
                Some((_, sum, known)) => {
                    *sum += value;
                    *known = known.filter(|state| state.is_unfinished()).or(state);
                }
                None => sums.push((x, value, state)),
            }
        }
        let (x, y): (Vec<f64>, Vec<f64>) = sums.iter().map(|(x, y, _)| (*x, *y)).unzip();
        let states: Vec<PointState> = sums.iter().filter_map(|(.., state)| *state).collect();
        let rows: Vec<usize> = (0..x.len()).collect();
        SeriesRows { x: &x, states: &states, step: self.step, ordered: self.ordered }.series(name, &y, &rows)
    }

    /// One series from some rows with a point at each of these places, whose value is that where there was none.
    pub fn spread(&self, name: String, (y, rows): (&[f64], &[usize]), (places, none): (&[f64], f64)) -> Series {
        let whole = SeriesRows { step: None, ..*self }.series(name, y, rows).spread(places, none);
        let rows: Vec<usize> = (0..whole.len()).collect();
        let again = SeriesRows { x: &whole.x, states: &whole.states, step: self.step, ordered: self.ordered };
        again.series(whole.name.clone(), &whole.y, &rows)
    }

    /// One series from some rows; NaN where windows are missing.
    pub fn series(&self, name: String, y: &[f64], rows: &[usize]) -> Series {
        let point = |row: &usize| Some((*self.x.get(*row)?, *y.get(*row)?, self.states.get(*row).copied()));
        let mut points: Vec<(f64, f64, Option<PointState>)> =
            rows.iter().filter_map(point).filter(|(x, ..)| x.is_finite()).collect();
        if self.ordered {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let (mut xs, mut ys, mut states) =
            (Vec::with_capacity(points.len()), Vec::with_capacity(points.len()), Vec::new());
        let mut before: Option<f64> = None;
        for (at, value, state) in points {
            if let (true, Some(step), Some(before)) = (self.ordered, self.step, before)
                && at - before > step * 1.5
            {
                xs.push(before + step);
                ys.push(f64::NAN);
                states.extend(state.map(|_| PointState::Final));
            }
            xs.push(at);
            ys.push(value);
            states.extend(state);
            before = Some(at);
        }
        Series::new(name, xs, ys).with_states(states)
    }
}
