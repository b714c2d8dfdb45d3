//! How a score of yes or no behaves at every threshold: the ROC curve, precision against recall, and whether a
//! probability of 70 % comes true in 70 % of cases. Rows of equal score pass a threshold together.

use super::same_length;
use crate::data::Result;

/// False positives against true positives.
#[derive(Clone, Debug, PartialEq)]
pub struct Roc {
    /// (false positive rate, true positive rate, threshold); the first is (0, 0, infinity).
    pub points: Vec<(f64, f64, f64)>,
    /// The area under it: the chance that a true row scores above a false one. `None` where all rows are of one kind.
    pub area: Option<f64>,
}

/// Precision against recall.
#[derive(Clone, Debug, PartialEq)]
pub struct PrecisionRecall {
    /// (recall, precision, threshold) from the lowest threshold to the highest, then (0, 1, infinity).
    pub points: Vec<(f64, f64, f64)>,
    /// Average precision: the area in steps, which interpolates nothing. `None` without a true row.
    pub area: Option<f64>,
}

/// Whether probabilities come true.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The bins of equal width that hold rows.
    pub bins: Vec<Reliability>,
    /// The mean squared distance of probability and outcome (Brier); `None` without rows.
    pub brier: Option<f64>,
    /// The mean distance of probability and share over the rows; `None` without rows.
    pub error: Option<f64>,
}

/// Rows whose probability is in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reliability {
    /// The mean of what was said.
    pub said: f64,
    /// The share that came true.
    pub came: f64,
    pub rows: u64,
}

/// (threshold, rows true and false at or above it), from the highest threshold to the lowest. What is no number is
/// below all others.
fn cumulated(truth: &[bool], scores: &[f64]) -> Vec<(f64, u64, u64)> {
    let mut order: Vec<(f64, bool)> =
        scores.iter().zip(truth).map(|(s, t)| (if s.is_nan() { f64::NEG_INFINITY } else { *s }, *t)).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut steps: Vec<(f64, u64, u64)> = Vec::new();
    let (mut yes, mut no) = (0, 0);
    for (score, is) in order {
        if is {
            yes += 1
        } else {
            no += 1
        }
        match steps.last_mut() {
            Some(last) if last.0 == score => *last = (score, yes, no),
            _ => steps.push((score, yes, no)),
        }
    }
    steps
}

/// Of many points those that lie a like way apart on their curve, at most about `most`: drawn, it looks the same.
fn thin(points: &mut Vec<(f64, f64, f64)>, most: usize) {
    let way = |a: &(f64, f64, f64), b: &(f64, f64, f64)| (a.0 - b.0).abs() + (a.1 - b.1).abs();
    let whole: f64 = points.windows(2).filter_map(|pair| Some(way(pair.first()?, pair.last()?))).sum();
    if points.len() <= most {
        return;
    }
    let step = whole / most as f64;
    let (last, mut before, mut gone) = (points.len() - 1, None, 0.0);
    let mut at = 0;
    points.retain(|point| {
        gone += before.as_ref().map_or(step, |before| way(before, point));
        before = Some(*point);
        at += 1;
        let kept = gone >= step || at > last;
        if kept {
            gone = 0.0;
        }
        kept
    });
}

impl Roc {
    /// The curve with at most about `most` points: drawn, it looks the same. Its area stays that of all points.
    pub fn thinned(mut self, most: usize) -> Self {
        thin(&mut self.points, most);
        self
    }

    /// # Errors
    /// When the slices differ in length.
    pub fn new(truth: &[bool], scores: &[f64]) -> Result<Self> {
        same_length("scores", truth.len(), scores.len())?;
        let steps = cumulated(truth, scores);
        let (yes, no) = steps.last().map_or((0, 0), |(_, yes, no)| (*yes, *no));
        let rate = |part: u64, of: u64| if of > 0 { part as f64 / of as f64 } else { 0.0 };
        let mut points = vec![(0.0, 0.0, f64::INFINITY)];
        points.extend(steps.iter().map(|(at, t, f)| (rate(*f, no), rate(*t, yes), *at)));
        // Twice the area in whole numbers, so that no rounding is in it: a pair of equal scores counts half.
        let (mut doubled, mut before) = (0_u128, (0, 0));
        for (_, t, f) in &steps {
            doubled += u128::from(f - before.1) * u128::from(t + before.0);
            before = (*t, *f);
        }
        let area = (yes > 0 && no > 0).then(|| doubled as f64 / (2.0 * yes as f64 * no as f64));
        Ok(Self { points, area })
    }
}

impl PrecisionRecall {
    /// The curve with at most about `most` points: drawn, it looks the same. Its area stays that of all points.
    pub fn thinned(mut self, most: usize) -> Self {
        thin(&mut self.points, most);
        self
    }

    /// # Errors
    /// When the slices differ in length.
    pub fn new(truth: &[bool], scores: &[f64]) -> Result<Self> {
        same_length("scores", truth.len(), scores.len())?;
        let steps = cumulated(truth, scores);
        let yes = steps.last().map_or(0, |(_, yes, _)| *yes);
        let recall = |t: u64| if yes > 0 { t as f64 / yes as f64 } else { 1.0 };
        let (mut area, mut before) = (0.0, 0.0);
        let mut points = vec![(0.0, 1.0, f64::INFINITY)];
        for (at, t, f) in &steps {
            let (here, precision) = (recall(*t), *t as f64 / (t + f) as f64);
            area += (here - before) * precision;
            before = here;
            points.push((here, precision, *at));
        }
        points.reverse();
        Ok(Self { points, area: (yes > 0).then_some(area) })
    }
}

impl Calibration {
    /// `bins` of equal width over 0 to 1; a probability on an edge is in the lower one.
    ///
    /// # Errors
    /// When the slices differ in length.
    pub fn new(truth: &[bool], probabilities: &[f64], bins: usize) -> Result<Self> {
        same_length("probabilities", truth.len(), probabilities.len())?;
        let bins = bins.max(1);
        let width = 1.0 / bins as f64;
        let edges: Vec<f64> = (1..bins).map(|i| i as f64 * width).collect();
        let mut all = vec![Reliability::default(); bins];
        let mut squares = 0.0;
        for (is, p) in truth.iter().zip(probabilities) {
            let came = f64::from(u8::from(*is));
            squares += (p - came) * (p - came);
            if let Some(bin) = all.get_mut(edges.partition_point(|edge| edge < p)) {
                bin.said += p;
                bin.came += came;
                bin.rows += 1;
            }
        }
        let mean = |sum: f64, rows: u64| sum / rows as f64;
        let bins: Vec<Reliability> = all
            .into_iter()
            .filter(|b| b.rows > 0)
            .map(|b| Reliability { said: mean(b.said, b.rows), came: mean(b.came, b.rows), rows: b.rows })
            .collect();
        let (rows, any) = (truth.len() as f64, !truth.is_empty());
        let error = bins.iter().map(|b| (b.said - b.came).abs() * b.rows as f64).sum::<f64>() / rows;
        Ok(Self { bins, brier: any.then(|| squares / rows), error: any.then_some(error) })
    }
}
