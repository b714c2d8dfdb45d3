//! Where thresholds and reference lines stand on their axes, and how far these reach for them. Drawing them is left to
//! `rules`.

use super::settings::{Rule, RuleAxis};
use super::spec::{AxisKind, Figure};

/// Where a rule stands on its axis; `None` where the axis has no such place.
pub fn place(figure: &Figure, rule: &Rule) -> Option<f64> {
    let kind = match rule.on {
        RuleAxis::X => return rule.at.is_finite().then_some(rule.at),
        RuleAxis::Left => &figure.y_kind,
        RuleAxis::Right => &figure.right.as_ref()?.kind,
    };
    let at = if *kind == AxisKind::Power { rule.at.log10() } else { rule.at };
    at.is_finite().then_some(at)
}

/// A range of y with the rules that are near enough: one far off does not flatten what is measured.
pub fn reach(figure: &Figure, right: bool, (lo, hi): (f64, f64)) -> (f64, f64) {
    let on = if right { RuleAxis::Right } else { RuleAxis::Left };
    let span = if hi > lo { hi - lo } else { hi.abs().max(1.0) };
    let near = figure.rules.iter().filter(|rule| rule.on == on).filter_map(|rule| place(figure, rule));
    near.filter(|at| *at >= lo - span && *at <= hi + span).fold((lo, hi), |(lo, hi), at| (lo.min(at), hi.max(at)))
}
