//! The order of names along x, kept as a reader has it before the eyes: where rows go on coming, an answer that is
//! ordered by value would let what is pointed at jump.

use super::spec::{AxisKind, Figure, Series};

/// Puts the names along x in the order that they have in another figure, those that it lacks behind them. Gives for
/// each place the one that it had; `None` where nothing has moved.
pub fn keep_order(figure: &mut Figure, before: &Figure) -> Option<Vec<usize>> {
    let (AxisKind::Category(names), AxisKind::Category(old)) = (&figure.x.kind, &before.x.kind) else { return None };
    let place = |name: &String| names.iter().position(|own| own == name);
    let mut order: Vec<usize> = old.iter().filter_map(place).collect();
    order.extend((0..names.len()).filter(|own| names.get(*own).is_some_and(|name| !old.contains(name))));
    if order.len() != names.len() || order.is_sorted() {
        return None;
    }
    let moved: Vec<String> = order.iter().filter_map(|own| names.get(*own).cloned()).collect();
    let mut to = vec![0; order.len()];
    for (new, own) in order.iter().enumerate() {
        to.get_mut(*own).into_iter().for_each(|place| *place = new);
    }
    figure.x.kind = AxisKind::Category(moved);
    let all = figure.series.iter_mut().chain(figure.panels.iter_mut().flat_map(|panel| &mut panel.series));
    all.for_each(|series| *series = moved_along(series, &to));
    Some(order)
}

/// A series with each of its points at another place, in the order of those.
fn moved_along(series: &Series, to: &[usize]) -> Series {
    let place = |x: f64| to.get(x.max(0.0) as usize).map_or(x, |place| *place as f64);
    let mut points: Vec<usize> = (0..series.len()).collect();
    let at = |point: usize| series.x.get(point).map_or(f64::NAN, |x| place(*x));
    points.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    let of = |values: &[f64]| points.iter().filter_map(|point| values.get(*point).copied()).collect::<Vec<_>>();
    let states: Vec<_> = points.iter().filter_map(|point| series.states.get(*point).copied()).collect();
    Series {
        x: points.iter().map(|point| at(*point)).collect::<Vec<_>>().into(),
        y: of(&series.y).into(),
        states: states.into(),
        ..series.clone()
    }
}
