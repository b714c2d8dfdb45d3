//! Mathematics over floating-point numbers.

use polars::prelude::*;

use super::{Arguments, NUMBER, OwnFunction, float, own};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["cbrt"], &[NUMBER], float, |a| one(a, f64::cbrt)).told("cbrt(x)", "cube root"),
    own(&["log2"], &[NUMBER], float, |a| one(a, f64::log2)).told("log2(x)", "to base 2"),
    own(&["log10"], &[NUMBER], float, |a| one(a, f64::log10)).told("log10(x)", "to base 10"),
    own(&["log"], &[NUMBER, NUMBER], float, log).least(1).told("log(x)", "to base 10; with a base before it to that"),
    own(&["sin"], &[NUMBER], float, |a| one(a, f64::sin)).told("sin(x)", "of an angle in radians"),
    own(&["cos"], &[NUMBER], float, |a| one(a, f64::cos)).told("cos(x)", "of an angle in radians"),
    own(&["tan"], &[NUMBER], float, |a| one(a, f64::tan)).told("tan(x)", "of an angle in radians"),
    own(&["cot"], &[NUMBER], float, |a| one(a, |x| 1.0 / x.tan())).told("cot(x)", "of an angle in radians"),
    own(&["asin"], &[NUMBER], float, |a| one(a, f64::asin)).told("asin(x)", "the angle, in radians"),
    own(&["acos"], &[NUMBER], float, |a| one(a, f64::acos)).told("acos(x)", "the angle, in radians"),
    own(&["atan"], &[NUMBER], float, |a| one(a, f64::atan)).told("atan(x)", "the angle, in radians"),
    own(&["atan2"], &[NUMBER, NUMBER], float, |a| two(a, f64::atan2)).told("atan2(y, x)", "the angle of a point"),
    own(&["sinh"], &[NUMBER], float, |a| one(a, f64::sinh)).told("sinh(x)", "hyperbolic sine"),
    own(&["cosh"], &[NUMBER], float, |a| one(a, f64::cosh)).told("cosh(x)", "hyperbolic cosine"),
    own(&["tanh"], &[NUMBER], float, |a| one(a, f64::tanh)).told("tanh(x)", "hyperbolic tangent"),
    own(&["asinh"], &[NUMBER], float, |a| one(a, libm::asinh)).told("asinh(x)", "inverse hyperbolic sine"),
    own(&["acosh"], &[NUMBER], float, |a| one(a, libm::acosh)).told("acosh(x)", "inverse hyperbolic cosine"),
    own(&["atanh"], &[NUMBER], float, |a| one(a, libm::atanh)).told("atanh(x)", "inverse hyperbolic tangent"),
    own(&["degrees"], &[NUMBER], float, |a| one(a, f64::to_degrees)).told("degrees(x)", "from radians"),
    own(&["radians"], &[NUMBER], float, |a| one(a, f64::to_radians)).told("radians(x)", "from degrees"),
    own(&["gamma"], &[NUMBER], float, |a| one(a, gamma)).told("gamma(x)", "the gamma function"),
    own(&["lgamma"], &[NUMBER], float, |a| one(a, libm::lgamma))
        .told("lgamma(x)", "the logarithm of the gamma function"),
    own(&["nextafter"], &[NUMBER, NUMBER], float, |a| two(a, libm::nextafter))
        .told("nextafter(x, 1)", "the next number on the way to another"),
    own(&["exp"], &[NUMBER], float, |a| one(a, f64::exp)).told("exp(x)", "e to the power of x"),
    own(&["ln"], &[NUMBER], float, |a| one(a, f64::ln)).told("ln(x)", "natural logarithm"),
    own(&["sqrt"], &[NUMBER], float, |a| one(a, f64::sqrt)).told("sqrt(x)", "square root"),
    own(&["pow", "power"], &[NUMBER, NUMBER], float, |a| two(a, f64::powf)).told("pow(x, 2)", "to a power"),
];

fn one(a: &Arguments<'_>, of: fn(f64) -> f64) -> PolarsResult<Column> {
    let numbers = a.floats(0)?;
    Ok(a.each(|row| numbers.get(row).map(of)))
}

fn two(a: &Arguments<'_>, of: fn(f64, f64) -> f64) -> PolarsResult<Column> {
    let (numbers, others) = (a.floats(0)?, a.floats(1)?);
    Ok(a.each(|row| Some(of(numbers.get(row)?, others.get(row)?))))
}

/// To base 10, or to the one that is written first.
fn log(a: &Arguments<'_>) -> PolarsResult<Column> {
    if a.len() == 1 { one(a, f64::log10) } else { two(a, |base, x| x.log10() / base.log10()) }
}

fn gamma(x: f64) -> f64 {
    if x == 0.0 { f64::INFINITY.copysign(x) } else { libm::tgamma(x) }
}
