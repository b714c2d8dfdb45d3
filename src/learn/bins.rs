//! Where a feature is cut: each column becomes small codes once, and trees are grown over those. Reading columns out of
//! frames is `encode`'s.
//!
//! The code of a number is how many cuts are below it. Where there are few rows or at most 2,048 distinct values (times
//! of day, counts, ages), the cuts are the middles between all neighbours, so that splits are exact: two such columns
//! may matter only by their difference, which coarse bins would blur. Otherwise at most 255 cuts with about as many
//! rows between, and more of moments: what happened in the same hour belongs together, and a year has 8,766 of them.

/// Most bins of a feature that is not cut exactly.
pub const BINS: usize = 256;
/// The same of dates and times.
const MOMENTS: usize = 8_192;
/// Most distinct values of a feature that is cut exactly, whatever its rows.
const DISTINCT: usize = 2_048;
/// Up to this many rows every feature is cut exactly.
pub const EXACT_ROWS: usize = 10_000;
/// How many rows cuts are sought in, at most: evenly spaced ones stand for the rest.
pub const SAMPLE: usize = 200_000;
/// A missing value: below every number.
pub const MISSING: f64 = f64::NEG_INFINITY;

/// How finely a column is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fineness {
    Numbers,
    Moments,
    /// Never exactly, unless there are few values: for trees that are fitted often, on few rows, and do not stay.
    Coarse,
}

/// The codes of one column over all rows.
#[derive(Clone, Debug)]
pub enum Codes {
    Narrow(Vec<u8>),
    Wide(Vec<u16>),
}

/// A feature as trees see it in training.
#[derive(Clone, Debug)]
pub struct BinnedColumn {
    pub codes: Codes,
    /// How many codes there are.
    pub bins: usize,
    /// Codes are categories, without order.
    pub category: bool,
    /// The cuts that made the codes, rising; none for categories.
    pub cuts: Vec<f64>,
}

impl BinnedColumn {
    /// Cuts a column of numbers; `MISSING` ones get a bin of their own.
    pub fn of_numbers(values: &[f64], fineness: Fineness) -> Self {
        let cuts = cuts(values, fineness);
        let codes = if cuts.len() < BINS {
            Codes::Narrow(values.iter().map(|v| rank(&cuts, *v) as u8).collect())
        } else {
            Codes::Wide(values.iter().map(|v| rank(&cuts, *v) as u16).collect())
        };
        Self { codes, bins: cuts.len() + 1, category: false, cuts }
    }

    /// The same bins, and no row yet.
    pub fn empty(&self) -> Self {
        let codes = match self.codes {
            Codes::Narrow(_) => Codes::Narrow(Vec::new()),
            Codes::Wide(_) => Codes::Wide(Vec::new()),
        };
        Self { codes, cuts: self.cuts.clone(), ..*self }
    }

    /// Takes the code of one more row, which is below `bins`.
    pub fn push(&mut self, code: u16) {
        match &mut self.codes {
            Codes::Narrow(codes) => codes.push(code as u8),
            Codes::Wide(codes) => codes.push(code),
        }
    }

    /// Takes categories by their codes, which are below `bins` (at most 256).
    pub fn of_categories(codes: Vec<u8>, bins: usize) -> Self {
        Self { codes: Codes::Narrow(codes), bins, category: true, cuts: Vec::new() }
    }
}

/// How many cuts are below a value; not a number counts as missing.
#[inline]
pub fn rank(cuts: &[f64], value: f64) -> usize {
    cuts.partition_point(|cut| *cut < value)
}

/// The cuts of a column, rising.
fn cuts(values: &[f64], fineness: Fineness) -> Vec<f64> {
    let step = if values.len() <= EXACT_ROWS { 1 } else { values.len().div_ceil(SAMPLE) };
    let mut sample: Vec<f64> = values.iter().step_by(step).copied().filter(|v| *v > MISSING).collect();
    let missing = values.contains(&MISSING);
    sample.sort_unstable_by(f64::total_cmp);
    let mut distinct: Vec<(f64, usize)> = Vec::new();
    for value in sample {
        match distinct.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => distinct.push((value, 1)),
        }
    }
    let most = if fineness == Fineness::Moments { MOMENTS } else { BINS };
    let room = most - usize::from(missing);
    let exact = match fineness {
        Fineness::Numbers | Fineness::Moments => distinct.len() <= DISTINCT || values.len() <= EXACT_ROWS,
        Fineness::Coarse => distinct.len() <= room,
    };
    let chosen = if exact { between(&distinct) } else { even(&distinct, room) };
    let mut cuts: Vec<f64> = if missing && !distinct.is_empty() { vec![MISSING] } else { Vec::new() };
    cuts.extend(chosen);
    cuts
}

/// The middle of each pair of neighbours.
fn between(distinct: &[(f64, usize)]) -> Vec<f64> {
    distinct.windows(2).filter_map(|pair| Some(middle(pair.first()?.0, pair.get(1)?.0))).collect()
}

/// Cuts that leave about equally many rows in each of `bins` bins, after each value that fills a bin alone has got its
/// own.
fn even(distinct: &[(f64, usize)], bins: usize) -> Vec<f64> {
    let rows: usize = distinct.iter().map(|(_, count)| count).sum();
    let heavy = |count: usize| count * bins >= rows;
    let mut left: usize = distinct.iter().map(|(_, count)| count).filter(|count| !heavy(**count)).sum();
    let mut spare = bins.saturating_sub(distinct.iter().filter(|(_, count)| heavy(*count)).count());
    let mut cuts = Vec::with_capacity(bins);
    let mut held = 0;
    for pair in distinct.windows(2) {
        let [(low, count), (high, next)] = pair else { continue };
        if cuts.len() + 1 >= bins {
            break;
        }
        held += if heavy(*count) { 0 } else { *count };
        if heavy(*count) || heavy(*next) || held >= left.div_ceil(spare.max(1)) {
            cuts.push(middle(*low, *high));
            if held > 0 {
                (left, spare, held) = (left - held, spare.saturating_sub(1), 0);
            }
        }
    }
    cuts
}

/// A number from `low` up to but below `high`, half-way where there is one.
pub fn middle(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if middle >= high || middle < low { low } else { middle }
}
