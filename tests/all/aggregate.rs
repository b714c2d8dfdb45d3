//! Every aggregate of `AGGREGATES`, over awkward rows: the fusion law bit for bit, and a reference for each that is a
//! plain loop. A new aggregate without a reference fails here.

use std::cmp::Ordering;
use std::sync::Arc;

use braid::query::aggregate::{AGGREGATES, Aggregate, Class, find};
use braid::query::rewrite::cheaper;
use braid::query::rows::SourceRange;
use braid::query::{Partial, Plan, Query};
use polars::prelude::*;
use proptest::prelude::*;

/// The rows: one column of each kind. `t` is the event time.
#[derive(Clone, Debug)]
struct Row {
    g: Option<u8>,
    i: Option<i64>,
    j: Option<i16>,
    u: Option<u64>,
    x: Option<f64>,
    y: Option<f32>,
    s: Option<String>,
    b: Option<bool>,
    d: Option<i32>,
    t: Option<i64>,
    h: Option<i64>,
}

const COLUMNS: &[&str] = &["i", "j", "u", "x", "y", "s", "b", "d", "t", "h", "j + 1", "x > 1"];

fn row() -> impl Strategy<Value = Row> {
    let text = prop::sample::select(vec![
        "",
        "a",
        "b",
        "ä",
        "日本語",
        "seven77",
        "eight888",
        "a text longer than any register",
    ])
    .prop_map(str::to_owned);
    let int = prop_oneof![
        3 => -5_i64..5,
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, i64::MAX - 1, 1 << 53, (1 << 53) + 1]),
    ];
    let extremes = vec![0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN];
    let float = prop_oneof![
        3 => (-9_i32..9).prop_map(|n| f64::from(n) / 4.0),
        1 => any::<f64>(),
        1 => prop::sample::select([extremes, vec![5e-324, 1e300, 1e16, -1e16]].concat()),
    ];
    let narrow = prop_oneof![
        3 => (-9_i16..9).prop_map(f32::from),
        1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, -0.0, f32::MAX]),
    ];
    let some = |p| prop::option::weighted(p, any::<bool>());
    (
        (
            prop::option::weighted(0.95, 0_u8..3),
            prop::option::of(int),
            prop::option::of(any::<i16>()),
            prop::option::of(prop_oneof![0..3_u64, Just(u64::MAX)]),
        ),
        (prop::option::weighted(0.8, float), prop::option::of(narrow), prop::option::weighted(0.8, text), some(0.7)),
        (
            prop::option::of(-700_000_i32..700_000),
            prop::option::weighted(0.9, -3_i64..3),
            prop::option::of(0_i64..86_400_000_000_000),
        ),
    )
        .prop_map(|((g, i, j, u), (x, y, s, b), (d, t, h))| Row { g, i, j, u, x, y, s, b, d, t, h })
}

fn frame(rows: &[Row]) -> DataFrame {
    fn column<T>(name: &str, rows: &[Row], get: impl Fn(&Row) -> Option<T>) -> Column
    where
        Series: NamedFrom<Vec<Option<T>>, [Option<T>]>,
    {
        Series::new(name.into(), rows.iter().map(get).collect::<Vec<_>>()).into_column()
    }
    let columns = vec![
        column("g", rows, |r| r.g.map(u32::from)),
        column("i", rows, |r| r.i),
        column("j", rows, |r| r.j),
        column("u", rows, |r| r.u),
        column("x", rows, |r| r.x),
        column("y", rows, |r| r.y),
        column("s", rows, |r| r.s.clone()),
        column("b", rows, |r| r.b),
        column("d", rows, |r| r.d).cast(&DataType::Date).unwrap(),
        column("t", rows, |r| r.t).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap(),
        column("h", rows, |r| r.h).cast(&DataType::Time).unwrap(),
    ];
    DataFrame::new(rows.len(), columns).unwrap()
}

fn plan(sql: &str) -> Result<Arc<Plan>, braid::data::Fault> {
    Ok(Arc::new(Plan::new(&Query::parse(sql)?, sql, frame(&[]).schema(), Some("t"))?))
}

/// A call of an aggregate as SQL.
fn call(aggregate: &Aggregate, arguments: &[&str], parameters: &[&str], distinct: bool) -> String {
    let arguments = arguments.iter().chain(parameters).copied().collect::<Vec<_>>().join(", ");
    if distinct && !aggregate.is_distinct() {
        format!("{}(DISTINCT {arguments})", aggregate.name)
    } else {
        aggregate.call(&arguments)
    }
}

/// A random call of an aggregate that can be asked.
fn random_call(aggregate: &Aggregate, random: &mut fastrand::Rng) -> String {
    for _ in 0..500 {
        let arguments: Vec<&str> = (0..aggregate.inputs).map(|_| COLUMNS[random.usize(..COLUMNS.len())]).collect();
        let parameters: Vec<&str> = aggregate
            .parameters
            .iter()
            .map(|p| {
                if p.whole {
                    ["1", "2", "3", "5"][random.usize(..4)]
                } else {
                    ["0", "0.1", "0.5", "0.95", "1", "-0.3"][random.usize(..if p.low < 0.0 { 6 } else { 5 })]
                }
            })
            .collect();
        let order = ["", " ORDER BY s DESC NULLS FIRST, x", " ORDER BY j"];
        let order = order[if aggregate.by_order { random.usize(..3) } else { 0 }];
        let filter = ["", "", " FILTER (WHERE b)", " FILTER (WHERE x > 0 AND j < 5)"][random.usize(..4)];
        let sql = call(aggregate, &arguments, &parameters, random.u8(..5) == 0);
        let sql = sql.strip_suffix(')').unwrap().to_owned() + order + ")" + filter;
        if plan(&format!("SELECT {sql} FROM r")).is_ok() {
            return sql;
        }
    }
    panic!("no call of {} can be asked", aggregate.name)
}

/// Every value as text with all its bits; or what is wrong.
fn bits(answer: Result<braid::query::partial::Answer, braid::data::Fault>) -> Result<Vec<String>, String> {
    fn cell(value: &AnyValue<'_>) -> String {
        match value {
            AnyValue::Float64(x) if x.is_nan() => "NaN".to_owned(),
            AnyValue::Float64(x) => format!("{x:?}={:016x}", x.to_bits()),
            AnyValue::Float32(x) => format!("{x:?}"),
            AnyValue::List(items) => format!("[{}]", items.iter().map(|i| cell(&i)).collect::<Vec<_>>().join(" ")),
            other => format!("{other}"),
        }
    }
    let frame = answer.map_err(|f| f.to_string())?.frame;
    Ok((0..frame.height())
        .map(|i| frame.columns().iter().map(|c| cell(&c.get(i).unwrap())).collect::<Vec<_>>().join(" | "))
        .collect())
}

/// What a partial hands over, cut into pieces as if it had been stored in parts.
fn handed(partial: &Partial, random: &mut fastrand::Rng) -> Vec<DataFrame> {
    let state = partial.to_frame().unwrap();
    let at = random.usize(..=state.height());
    // Without keys there is one row, and half of it is none.
    if partial.plan().keys.is_empty() {
        vec![state]
    } else {
        vec![state.slice(0, at), state.slice(at as i64, state.height())]
    }
}

proptest! {
    #![proptest_config(crate::cases(40))]

    #[test]
    fn every_aggregate_obeys_the_fusion_law(
        rows in prop::collection::vec(row(), 0..70),
        chunk in 1_usize..40,
        workers in 1_usize..5,
        seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        for aggregate in AGGREGATES {
            let sql = random_call(aggregate, &mut random);
            let keys = ["", "g", "s", "s, g", "x, s"][random.usize(..5)];
            let sql = if keys.is_empty() {
                format!("SELECT {sql} AS a FROM r")
            } else {
                format!("SELECT {keys}, {sql} AS a FROM r GROUP BY {keys}")
            };
            let plan = plan(&sql).unwrap();
            let mut whole = Partial::new(plan.clone()).unwrap();
            whole.absorb(&frame(&rows), None).unwrap();
            let want = bits(whole.answer(None));

            let mut partials: Vec<Partial> = (0..workers).map(|_| Partial::new(plan.clone()).unwrap()).collect();
            let mut chunks: Vec<&[Row]> = rows.chunks(chunk).collect();
            random.shuffle(&mut chunks);
            for chunk in chunks {
                partials[random.usize(..workers)].absorb(&frame(chunk), None).unwrap();
            }
            // Some are moved into one another, some travel as tables.
            while partials.len() > 1 && random.bool() {
                let other = partials.swap_remove(random.usize(..partials.len()));
                let at = random.usize(..partials.len());
                partials[at].unite(other).unwrap();
            }
            let mut frames: Vec<DataFrame> = partials.iter().flat_map(|p| handed(p, &mut random)).collect();
            random.shuffle(&mut frames);
            // A random tree of merges.
            while frames.len() > 1 {
                let mut both = Partial::new(plan.clone()).unwrap();
                for _ in 0..2 {
                    both.merge(&frames.swap_remove(random.usize(..frames.len()))).unwrap();
                }
                frames.push(both.to_frame().unwrap());
            }
            let mut merged = Partial::new(plan.clone()).unwrap();
            merged.merge(&frames[0]).unwrap();
            if let Ok(answer) = merged.answer(None) {
                prop_assert_eq!(answer.frame.schema(), &plan.output, "the plan knows the types: {}", &sql);
            }
            prop_assert_eq!(&bits(merged.answer(None)), &want, "{}", &sql);
            prop_assert_eq!(&bits(merged.answer(None)), &want, "reading consumes nothing: {}", &sql);
            // The merged state takes rows as the whole one does.
            merged.absorb(&frame(&rows), None).unwrap();
            whole.absorb(&frame(&rows), None).unwrap();
            prop_assert_eq!(bits(merged.answer(None)), bits(whole.answer(None)), "{} goes on", &sql);
        }
    }
}

/// A value of the reference.
#[derive(Clone, Debug)]
enum Val {
    Null,
    I(i128),
    F(f64),
    S(String),
    B(bool),
    L(Vec<Val>),
}

fn val(value: &AnyValue<'_>) -> Val {
    match value {
        AnyValue::Null => Val::Null,
        AnyValue::String(s) => Val::S((*s).to_owned()),
        AnyValue::StringOwned(s) => Val::S(s.to_string()),
        AnyValue::Boolean(b) => Val::B(*b),
        AnyValue::Float64(x) => Val::F(*x),
        AnyValue::Float32(x) => Val::F(f64::from(*x)),
        AnyValue::Date(d) => Val::I(i128::from(*d)),
        AnyValue::Datetime(t, ..) | AnyValue::Time(t) => Val::I(i128::from(*t)),
        AnyValue::List(items) => Val::L(items.iter().map(|i| val(&i)).collect()),
        number => Val::I(number.try_extract::<i128>().unwrap()),
    }
}

impl Val {
    fn number(&self) -> f64 {
        match self {
            Self::I(n) => *n as f64,
            Self::F(x) => *x,
            Self::B(is) => f64::from(u8::from(*is)),
            other => panic!("{other:?} is no number"),
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// NaN is greater than every number; -0.0 is 0.0.
fn order(a: &Val, b: &Val) -> Ordering {
    match (a, b) {
        (Val::I(a), Val::I(b)) => a.cmp(b),
        (Val::F(a), Val::F(b)) => a.is_nan().cmp(&b.is_nan()).then(a.partial_cmp(b).unwrap_or(Ordering::Equal)),
        (Val::S(a), Val::S(b)) => a.cmp(b),
        (Val::B(a), Val::B(b)) => a.cmp(b),
        _ => panic!("{a:?} beside {b:?}"),
    }
}

fn same(a: &Val, b: &Val, tolerance: f64) -> bool {
    match (a, b) {
        (Val::Null, Val::Null) => true,
        (Val::L(a), Val::L(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, tolerance)),
        (Val::F(a), Val::F(b)) => {
            (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= tolerance * a.abs().max(b.abs())
        }
        (Val::Null, _) | (_, Val::Null) | (Val::L(_), _) | (_, Val::L(_)) => false,
        (Val::F(_), _) | (_, Val::F(_)) => false,
        _ => order(a, b).is_eq(),
    }
}

/// The answer of an aggregate to rows of (first argument, second argument or time), by a plain loop; and how near a
/// decimal number must be.
fn reference(name: &str, rows: &[(Val, Val)], parameter: f64, dtype: &DataType) -> (Val, f64) {
    let mut present: Vec<&Val> = rows.iter().map(|(a, _)| a).filter(|a| !a.is_null()).collect();
    present.sort_by(|a, b| order(a, b));
    let n = present.len();
    let numbers: Vec<f64> = if matches!(present.first(), Some(Val::I(_) | Val::F(_) | Val::B(_))) {
        present.iter().map(|v| v.number()).collect()
    } else {
        vec![]
    };
    let mut distinct = present.clone();
    distinct.dedup_by(|a, b| order(a, b).is_eq());
    let or_null = |value: Option<&Val>| value.cloned().unwrap_or(Val::Null);
    let float = |value: Option<f64>| value.map_or(Val::Null, Val::F);
    let some = |x: f64| (n > 0).then_some(x);
    let mean = numbers.iter().sum::<f64>() / n as f64;
    let square = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let list = |values: Vec<Val>| if values.is_empty() { Val::Null } else { Val::L(values) };
    let quantile = |q: f64| {
        let position = (n.max(1) - 1) as f64 * q;
        let (low, high) = (numbers.get(position.floor() as usize)?, numbers.get(position.ceil() as usize)?);
        Some(if low == high { *low } else { low * (1.0 - position.fract()) + high * position.fract() })
    };
    // The best row by the second argument, of equal ones by the first.
    let best = |largest: bool, largest_tie: bool, nulls: bool| {
        let turn = |o: Ordering, turned: bool| if turned { o.reverse() } else { o };
        let mut rows: Vec<_> = rows.iter().filter(|(a, b)| !b.is_null() && (nulls || !a.is_null())).collect();
        rows.sort_by(|(a1, b1), (a2, b2)| {
            turn(order(b1, b2), largest).then_with(|| match (a1.is_null(), a2.is_null()) {
                (false, false) => turn(order(a1, a2), largest_tie),
                (null1, null2) => null1.cmp(&null2),
            })
        });
        or_null(rows.first().map(|(a, _)| a))
    };
    let pairs: Vec<(f64, f64)> = match name {
        "corr" | "covar_samp" | "covar_pop" | "regr_slope" | "regr_intercept" | "regr_r2" | "regr_count"
        | "regr_avgx" | "regr_avgy" | "regr_sxx" | "regr_syy" | "regr_sxy" | "weighted_avg" => {
            rows.iter().filter(|(a, b)| !a.is_null() && !b.is_null()).map(|(a, b)| (a.number(), b.number())).collect()
        }
        _ => Vec::new(),
    };
    let m = pairs.len() as f64;
    let (mean_y, mean_x) = (pairs.iter().map(|p| p.0).sum::<f64>() / m, pairs.iter().map(|p| p.1).sum::<f64>() / m);
    let together = pairs.iter().map(|(y, x)| (y - mean_y) * (x - mean_x)).sum::<f64>();
    let (flat_y, flat_x) = (pairs.windows(2).all(|p| p[0].0 == p[1].0), pairs.windows(2).all(|p| p[0].1 == p[1].1));
    let xx = if flat_x { 0.0 } else { pairs.iter().map(|p| (p.1 - mean_x).powi(2)).sum::<f64>() };
    let yy = if flat_y { 0.0 } else { pairs.iter().map(|p| (p.0 - mean_y).powi(2)).sum::<f64>() };
    // The rows in the order of the second argument, of equal ones by the first; what is null comes last.
    let beside = |a: &Val, b: &Val| match (a.is_null(), b.is_null()) {
        (false, false) => order(a, b),
        (null1, null2) => null1.cmp(&null2),
    };
    let in_order = |largest: bool| {
        let mut rows: Vec<_> = rows.iter().collect();
        rows.sort_by(|(a1, b1), (a2, b2)| {
            let keys = beside(b1, b2);
            (if largest { keys.reverse() } else { keys }).then_with(|| beside(a1, a2))
        });
        rows
    };
    let first_few = |largest: bool| {
        let rows = in_order(largest).into_iter().filter(|(a, b)| !a.is_null() && !b.is_null());
        list(rows.take(parameter as usize).map(|(a, _)| a.clone()).collect())
    };
    let moment = |power| numbers.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n as f64;
    let shaped = |least: usize, value: f64| float((n >= least && distinct.len() > 1).then_some(value));
    let m_n = n as f64;
    let paired = |value: f64| if pairs.is_empty() { Val::Null } else { Val::F(value) };
    match name {
        "count" => (Val::I(n as i128), 0.0),
        "count_distinct" | "approx_count_distinct" => (Val::I(distinct.len() as i128), 0.0),
        "sum" if dtype.is_float() => (float(some(numbers.iter().sum())), 1e-12),
        "sum" if n == 0 => (Val::Null, 0.0),
        "sum" => {
            let whole = |v: &&Val| match v {
                Val::I(n) => *n,
                Val::B(is) => i128::from(*is),
                other => panic!("{other:?}"),
            };
            (Val::I(present.iter().map(whole).sum()), 0.0)
        }
        "avg" => (float(some(mean)), 1e-12),
        "min" => (or_null(present.first().copied()), 0.0),
        "max" => (or_null(present.last().copied()), 0.0),
        "min_n" => (list(present.iter().take(parameter as usize).map(|v| (*v).clone()).collect()), 0.0),
        "max_n" => (list(present.iter().rev().take(parameter as usize).map(|v| (*v).clone()).collect()), 0.0),
        "first" => (best(false, false, true), 0.0),
        "last" => (best(true, true, true), 0.0),
        "arg_min" => (best(false, false, false), 0.0),
        "arg_max" => (best(true, false, false), 0.0),
        "arg_min_null" => (best(false, false, true), 0.0),
        "arg_max_null" => (best(true, false, true), 0.0),
        "arg_min_n" => (first_few(false), 0.0),
        "arg_max_n" => (first_few(true), 0.0),
        "array_agg" => (list(in_order(false).into_iter().map(|(a, _)| a.clone()).collect()), 0.0),
        "string_agg" => {
            let text = |a: &Val| match a {
                Val::S(s) => s.clone(),
                Val::I(n) => n.to_string(),
                Val::B(is) => is.to_string(),
                Val::F(x) => format!("{x:?}"),
                other => panic!("{other:?}"),
            };
            // Values are texts before they are ordered.
            let mut texts: Vec<(Val, String)> =
                rows.iter().filter(|(a, _)| !a.is_null()).map(|(a, b)| (b.clone(), text(a))).collect();
            texts.sort_by(|(b1, a1), (b2, a2)| beside(b1, b2).then_with(|| a1.cmp(a2)));
            let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
            (if texts.is_empty() { Val::Null } else { Val::S(texts.join(",")) }, 0.0)
        }
        "fsum" => (float(some(numbers.iter().sum())), 1e-12),
        "weighted_avg" => {
            let weights: f64 = pairs.iter().map(|p| p.1).sum();
            (paired(pairs.iter().map(|p| p.0 * p.1).sum::<f64>() / weights), 1e-9)
        }
        "skewness" => (shaped(3, (m_n * (m_n - 1.0)).sqrt() / (m_n - 2.0) * moment(3) / moment(2).powf(1.5)), 1e-9),
        "kurtosis" => {
            let ratio = moment(4) / moment(2).powi(2);
            (shaped(4, (m_n - 1.0) / ((m_n - 2.0) * (m_n - 3.0)) * ((m_n + 1.0) * ratio - 3.0 * (m_n - 1.0))), 1e-9)
        }
        "kurtosis_pop" => (shaped(2, moment(4) / moment(2).powi(2) - 3.0), 1e-9),
        "median" | "quantile_cont" if dtype.is_temporal() => {
            let unit = if *dtype == DataType::Date { 86_400_000_000.0 } else { 1.0 };
            (quantile(parameter).map_or(Val::Null, |t| Val::I((t * unit).round() as i128)), 0.0)
        }
        // A narrow decimal number stays one.
        "median" | "quantile_cont" => {
            (float(quantile(parameter)), if *dtype == DataType::Float32 { 1e-7 } else { 1e-15 })
        }
        "approx_quantile" => (float(quantile(parameter)), 0.010_000_001),
        "approx_top_k" => {
            let mut counted: Vec<(usize, &Val)> =
                distinct.iter().map(|v| (present.iter().filter(|p| order(p, v).is_eq()).count(), *v)).collect();
            // Stable, and `distinct` is in order: ties go to the smaller value.
            counted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
            (list(counted.into_iter().take(parameter as usize).map(|(_, v)| v.clone()).collect()), 0.0)
        }
        "stddev" => (float((n > 1).then(|| (square / (n - 1) as f64).sqrt())), 1e-12),
        "stddev_pop" => (float(some((square / n as f64).sqrt())), 1e-12),
        "var_samp" => (float((n > 1).then(|| square / (n - 1) as f64)), 1e-12),
        "var_pop" => (float(some(square / n as f64)), 1e-12),
        "corr" => (paired(if xx * yy == 0.0 { f64::NAN } else { together / (xx * yy).sqrt() }), 1e-10),
        "covar_samp" => (if m < 2.0 { Val::Null } else { Val::F(together / (m - 1.0)) }, 1e-10),
        "covar_pop" => (paired(together / m), 1e-10),
        "regr_slope" => (paired(if xx == 0.0 { f64::NAN } else { together / xx }), 1e-10),
        "regr_intercept" => (if xx == 0.0 { Val::Null } else { paired(mean_y - together / xx * mean_x) }, 1e-10),
        "regr_r2" if xx == 0.0 => (Val::Null, 0.0),
        "regr_r2" => (paired(if yy == 0.0 { 1.0 } else { together * together / (xx * yy) }), 1e-10),
        "regr_count" => (Val::I(pairs.len() as i128), 0.0),
        "regr_avgx" => (paired(mean_x), 1e-12),
        "regr_avgy" => (paired(mean_y), 1e-12),
        "regr_sxx" => (paired(xx), 1e-10),
        "regr_syy" => (paired(yy), 1e-10),
        "regr_sxy" => (paired(if flat_x || flat_y { 0.0 } else { together }), 1e-10),
        "sem" => (float(some((square / n as f64 / n as f64).sqrt())), 1e-12),
        "any_value" => (or_null(present.first().copied()), 0.0),
        "count_if" if n == 0 => (Val::Null, 0.0),
        "count_if" => (Val::I(present.iter().filter(|v| v.number() == 1.0).count() as i128), 0.0),
        "mode" | "entropy" => {
            let count = |v: &Val| present.iter().filter(|p| order(p, v).is_eq()).count();
            let share = |v: &&Val| count(v) as f64 / n as f64;
            let bits = 0.0 - distinct.iter().map(|v| share(v) * share(v).log2()).sum::<f64>();
            let most = distinct.iter().rev().max_by_key(|v| count(v));
            if name == "mode" { (or_null(most.copied()), 0.0) } else { (Val::F(bits), 1e-12) }
        }
        "quantile_disc" => {
            let place = ((n as f64 * parameter).ceil() as usize).max(1) - 1;
            (or_null(present.get(place).copied()), 0.0)
        }
        "mad" => {
            let middle = |sorted: &[f64]| {
                let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
                if low == high { low } else { low + (high - low) / 2.0 }
            };
            let distances = || {
                let median = middle(&numbers);
                let mut distances: Vec<f64> = numbers.iter().map(|x| (x - median).abs()).collect();
                distances.sort_by(f64::total_cmp);
                middle(&distances)
            };
            (float((n > 0).then(distances)), 0.0)
        }
        "product" => (float(some(numbers.iter().product())), 0.0),
        "geomean" => (float(some((numbers.iter().map(|x| x.ln()).sum::<f64>() / n as f64).exp())), 1e-9),
        "bit_and" | "bit_or" | "bit_xor" => {
            let bits = present.iter().map(|v| if let Val::I(n) = v { *n } else { panic!("{v:?}") });
            let all = bits.reduce(|a, b| match name {
                "bit_and" => a & b,
                "bit_or" => a | b,
                _ => a ^ b,
            });
            (all.map_or(Val::Null, Val::I), 0.0)
        }
        "bool_and" => (present.first().map_or(Val::Null, |v| (*v).clone()), 0.0),
        "bool_or" => (present.last().map_or(Val::Null, |v| (*v).clone()), 0.0),
        other => panic!("the aggregate {other} has no reference: write one here"),
    }
}

/// Whether an answer over many different values keeps the bound that a sketch promises; `counts` has every value and
/// how often it is there, in order of values.
fn in_bound(name: &str, answer: &Val, counts: &[(i64, u64)], parameter: f64) -> bool {
    let rows: u64 = counts.iter().map(|(_, n)| n).sum();
    let near = |got: &Val, want: f64, share: f64| (got.number() - want).abs() <= share * want.abs();
    match name {
        // Four times the standard error.
        "approx_count_distinct" => near(answer, counts.len() as f64, 4.0 * 0.0163),
        "approx_quantile" => {
            let at = |rank: f64| {
                let mut seen = 0;
                let is = |(_, n): &&(i64, u64)| {
                    seen += n;
                    seen > rank as u64
                };
                counts.iter().find(is).unwrap().0 as f64
            };
            let position = (rows - 1) as f64 * parameter;
            let share = position.fract();
            near(answer, at(position.floor()) * (1.0 - share) + at(position.ceil()) * share, 0.010_000_001)
        }
        // Each count may be too small by one in 1,025 rows, so what is listed may be behind what is not by no more.
        "approx_top_k" => {
            let listed: &[Val] = if let Val::L(listed) = answer { listed } else { &[] };
            let is = |value: i64| move |listed: &Val| matches!(listed, Val::I(own) if *own == i128::from(value));
            let count = |of: &Val| counts.iter().find(|(v, _)| is(*v)(of)).map_or(0, |(_, n)| *n);
            let own: Vec<u64> = listed.iter().map(count).collect();
            let others = counts.iter().filter(|(v, _)| !listed.iter().any(is(*v))).map(|(_, n)| *n).max().unwrap_or(0);
            let (lost, full) = (rows / 1_025, own.len() == parameter as usize);
            let least = own.iter().min().copied().filter(|_| full).unwrap_or(0);
            own.len() <= parameter as usize
                && others <= least + lost
                && own.windows(2).all(|pair| pair[1] <= pair[0] + lost)
        }
        other => panic!("the sketch {other} has no bound in the laws: write it here"),
    }
}

/// The law of those aggregates that are no exact ones, over more values than they keep: whatever the cuts, the bound
/// holds; and where `cut_free` says so, all cuts give the same answer, bit for bit.
#[test]
fn every_sketch_keeps_its_bound_for_every_cut() {
    let sketches = AGGREGATES.iter().filter(|a| !a.cut_free || matches!(a.class, Class::Sketch { .. }));
    let mut differ = Vec::new();
    for aggregate in sketches {
        let (parameter, written) = match aggregate.parameters {
            [] => (0.0, None),
            [one] if one.whole => (20.0, Some("20")),
            _ => (0.9, Some("0.9")),
        };
        let sql = format!("SELECT {} AS a FROM r", call(aggregate, &["i"], written.as_slice(), false));
        let plan = plan(&sql).unwrap();
        let mut random = fastrand::Rng::with_seed(11);
        for round in 0..6 {
            // Of 30,000 values none comes often, or some do.
            let often = |random: &mut fastrand::Rng| random.i64(1..40) * random.i64(1..40);
            let value = |random: &mut fastrand::Rng| {
                if round % 2 == 1 && random.bool() { often(random) } else { random.i64(2_000..30_000) }
            };
            let mut values: Vec<i64> = (0..40_000).map(|_| value(&mut random)).collect();
            let mut counts = std::collections::BTreeMap::new();
            values.iter().for_each(|v| *counts.entry(*v).or_insert(0_u64) += 1);
            let counts: Vec<(i64, u64)> = counts.into_iter().collect();
            let mut answers = Vec::new();
            for (workers, chunk) in [(1, 40_000), (1, 900), (3, 2_500), (7, 333)] {
                random.shuffle(&mut values);
                let mut partials: Vec<Partial> = (0..workers).map(|_| Partial::new(plan.clone()).unwrap()).collect();
                for (i, chunk) in values.chunks(chunk).enumerate() {
                    let columns = vec![Column::new("i".into(), chunk)];
                    partials[i % workers].absorb(&DataFrame::new(chunk.len(), columns).unwrap(), None).unwrap();
                }
                let mut merged = Partial::new(plan.clone()).unwrap();
                partials.iter().for_each(|p| merged.merge(&p.to_frame().unwrap()).unwrap());
                let answer = merged.answer(None).unwrap();
                let got = val(&answer.frame.column("a").unwrap().get(0).unwrap());
                assert!(
                    in_bound(aggregate.name, &got, &counts, parameter),
                    "{sql}, round {round}, {workers} workers, chunks of {chunk}: {got:?}"
                );
                answers.push(bits(Ok(answer)).unwrap());
            }
            if answers.iter().any(|answer| *answer != answers[0]) {
                assert!(!aggregate.cut_free, "{sql} promises one answer for every cut: {answers:?}");
                differ.push(aggregate.name);
            }
        }
    }
    differ.dedup();
    let promised: Vec<&str> = AGGREGATES.iter().filter(|a| !a.cut_free).map(|a| a.name).collect();
    assert_eq!(differ, promised, "what says that cuts matter is what they matter to");
}

/// Rows whose numbers a plain loop can add up.
fn tame(random: &mut fastrand::Rng, rows: usize) -> Vec<Row> {
    let mut some = |p: f64| random.f64() < p;
    let there: Vec<[bool; 10]> = (0..rows).map(|_| std::array::from_fn(|_| some(0.85))).collect();
    there
        .into_iter()
        .map(|there| Row {
            g: Some(random.u8(..3)),
            i: there[0].then(|| random.i64(-20..20)),
            j: there[1].then(|| random.i16(-300..300)),
            u: there[2].then(|| random.u64(..9)),
            x: there[3].then(|| random.f64() * 100.0 - 20.0),
            y: there[4].then(|| f32::from(random.i16(-99..99)) / 8.0),
            s: there[5].then(|| format!("text {}", random.u8(..12))),
            b: there[6].then(|| random.u8(..9) > 0),
            d: there[7].then(|| random.i32(-9_000..9_000)),
            t: there[8].then(|| random.i64(-40..40)),
            h: there[9].then(|| random.i64(0..86_400_000_000_000)),
        })
        .collect()
}

#[test]
fn every_aggregate_is_what_a_plain_loop_finds() {
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..12 {
        let rows = tame(&mut random, [0, 1, 2, 5, 40, 300][round % 6]);
        let table = frame(&rows);
        for aggregate in AGGREGATES {
            let mut asked = 0;
            for first in ["i", "j", "u", "x", "y", "s", "b", "d", "t", "h"] {
                for second in ["i", "x", "y", "s", "d", "b"].into_iter().take(if aggregate.inputs == 2 { 6 } else { 1 })
                {
                    let (parameter, written) = if aggregate.parameters.is_empty() {
                        (0.5, None)
                    } else if aggregate.parameters[0].whole {
                        (3.0, Some("3"))
                    } else {
                        [(0.5, Some("0.5")), (0.9, Some("0.9")), (0.0, Some("0")), (1.0, Some("1"))][random.usize(..4)]
                    };
                    let arguments: Vec<&str> = [first, second].into_iter().take(aggregate.inputs).collect();
                    let sql = call(aggregate, &arguments, written.as_slice(), false);
                    let sql = format!(
                        "SELECT g, {sql} FILTER (WHERE j IS NULL OR j > -200) AS a FROM r GROUP BY g ORDER BY g"
                    );
                    let Ok(plan) = plan(&sql) else { continue };
                    // How times are written is said elsewhere.
                    if aggregate.separated && ["d", "t", "h"].contains(&first) {
                        continue;
                    }
                    asked += 1;
                    let mut partial = Partial::new(plan).unwrap();
                    partial.absorb(&table, None).unwrap();
                    let answer = partial.answer(None).unwrap().frame;
                    let other = if aggregate.by_time { "t" } else { second };
                    let cell = |name: &str, row: usize| val(&table.column(name).unwrap().get(row).unwrap());
                    for group in 0..answer.height() {
                        let g = answer.column("g").unwrap().u32().unwrap().get(group).unwrap();
                        let own = (0..rows.len())
                            .filter(|r| rows[*r].g.map(u32::from) == Some(g) && rows[*r].j.is_none_or(|j| j > -200));
                        let own: Vec<(Val, Val)> = own.map(|r| (cell(first, r), cell(other, r))).collect();
                        let (want, tolerance) =
                            reference(aggregate.name, &own, parameter, table.column(first).unwrap().dtype());
                        let got = val(&answer.column("a").unwrap().get(group).unwrap());
                        assert!(
                            same(&got, &want, tolerance),
                            "{sql}, group {g} of {} rows: {got:?}, not {want:?}",
                            own.len()
                        );
                    }
                }
            }
            assert!(asked > 0, "{} was never asked", aggregate.name);
        }
    }
}

fn ask(sql: &str, frame: &DataFrame) -> DataFrame {
    let plan =
        Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), None).unwrap_or_else(|f| panic!("{sql}: {f}"));
    let mut partial = Partial::new(Arc::new(plan)).unwrap();
    partial.absorb(frame, None).unwrap();
    partial.answer(None).unwrap().frame
}

fn one(sql: &str, frame: &DataFrame) -> f64 {
    ask(sql, frame).columns()[0].get(0).unwrap().try_extract().unwrap()
}

#[test]
fn moments_of_ill_conditioned_rows_keep_their_digits() {
    // Mean 1e9, spread 1: in doubles the textbook formulas lose every digit. x' = x - 1e9 is exact, and so the truth.
    let mut random = fastrand::Rng::with_seed(1);
    let near: Vec<f64> = (0..20_000).map(|_| f64::from(random.i32(-4096..4096)) / 4096.0).collect();
    let line: Vec<f64> = near.iter().map(|x| 2.0 * x + f64::from(random.i32(-8..8)) / 64.0).collect();
    let frame = |shift: f64| {
        let (x, y): (Vec<f64>, Vec<f64>) = near.iter().zip(&line).map(|(x, y)| (x + shift, y - 3.0 * shift)).unzip();
        DataFrame::new(x.len(), vec![Column::new("x".into(), x), Column::new("y".into(), y)]).unwrap()
    };
    let (close, far) = (frame(0.0), frame(1e9));
    for call in [
        "var_samp(x)",
        "stddev_pop(y)",
        "covar_samp(y, x)",
        "covar_pop(x, y)",
        "corr(x, y)",
        "regr_slope(y, x)",
        "regr_r2(y, x)",
    ] {
        let sql = format!("SELECT {call} AS a FROM r");
        let (want, got) = (one(&sql, &close), one(&sql, &far));
        assert!((got - want).abs() <= 1e-11 * want.abs(), "{call}: {got}, not {want}");
    }
    let equal =
        DataFrame::new(3, vec![Column::new("x".into(), [0.1; 3]), Column::new("y".into(), [1.0, 2.0, 3.5])]).unwrap();
    assert_eq!(one("SELECT var_pop(x) AS a FROM r", &equal), 0.0);
    assert!(one("SELECT corr(x, y) AS a FROM r", &equal).is_nan());
    assert!(one("SELECT regr_slope(y, x) AS a FROM r", &equal).is_nan());
}

#[test]
fn distinct_goes_into_any_aggregate_of_one_argument() {
    let frame =
        DataFrame::new(6, vec![Column::new("x".into(), [Some(1_i64), Some(1), Some(4), None, Some(4), Some(1)])])
            .unwrap();
    let answer = ask(
        "SELECT sum(DISTINCT x) AS s, avg(DISTINCT x) AS a, max(DISTINCT x) AS m, count(DISTINCT x) AS n, \
         median(DISTINCT x) AS q FROM r",
        &frame,
    );
    let row: Vec<f64> = answer.columns().iter().map(|c| c.get(0).unwrap().try_extract().unwrap()).collect();
    assert_eq!(row, [5.0, 2.5, 4.0, 2.0, 2.5]);
    let plan = plan("SELECT sum(DISTINCT i) AS s, sum(i) AS p FROM r").unwrap();
    assert_eq!(plan.calls.iter().map(|c| c.class()).collect::<Vec<_>>(), [Class::KeepsValues, Class::Exact]);
}

#[test]
fn first_and_last_go_by_event_time_or_as_rows_stand() {
    let frame = frame(&tame(&mut fastrand::Rng::with_seed(5), 90));
    let sql = "SELECT g, first(i) AS f, last(s) AS l, string_agg(s) AS t, array_agg(j) AS a FROM r WHERE i > -9 \
               GROUP BY g ORDER BY g";
    let plan_of = |time| Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), time).unwrap());
    let taken = |plan: &Arc<Plan>, pieces: &[(u64, usize)]| {
        // Pieces that come in any order, to two workers.
        let mut partials = [Partial::new(plan.clone()).unwrap(), Partial::new(plan.clone()).unwrap()];
        for (i, (from, rows)) in pieces.iter().enumerate() {
            let at = SourceRange { source: 0, partition: 0, from: *from, to: from + *rows as u64 };
            let piece = frame.slice(*from as i64, *rows);
            let own = piece.select(plan.columns.iter().map(|c| c.as_str())).unwrap();
            partials[i % 2].absorb_at(&own, None, Some(at)).unwrap();
        }
        let [mut one, other] = partials;
        one.merge(&other.to_frame().unwrap()).unwrap();
        bits(one.answer(None)).unwrap()
    };
    let plan_by_rows = plan_of(None);
    let whole = taken(&plan_by_rows, &[(0, 90)]);
    assert_eq!(taken(&plan_by_rows, &[(60, 30), (0, 7), (7, 53)]), whole);
    assert_ne!(taken(&plan_of(Some("t")), &[(0, 90)]), whole, "the event time is another order");
    // As they stand: by a plain loop.
    let of = |row: usize, name: &str| val(&frame.column(name).unwrap().get(row).unwrap());
    let own: Vec<usize> = (0..90)
        .filter(|row| matches!(of(*row, "i"), Val::I(i) if i > -9) && order(&of(*row, "g"), &Val::I(0)).is_eq())
        .collect();
    let answer = {
        let mut partial = Partial::new(plan_by_rows.clone()).unwrap();
        partial.absorb(&frame.select(plan_by_rows.columns.iter().map(|c| c.as_str())).unwrap(), None).unwrap();
        partial.answer(None).unwrap().frame
    };
    let cell = |name: &str| val(&answer.column(name).unwrap().get(0).unwrap());
    assert!(same(&cell("f"), &of(own[0], "i"), 0.0) && same(&cell("l"), &of(own[own.len() - 1], "s"), 0.0));
    assert!(same(&cell("a"), &Val::L(own.iter().map(|row| of(*row, "j")).collect()), 0.0));
    let plan = plan("SELECT first(x) AS a, last(x) AS b, first(x) FILTER (WHERE b) AS c FROM r").unwrap();
    assert_eq!(
        plan.columns.iter().map(|c| c.as_str()).collect::<Vec<_>>(),
        ["x", "b", "t"],
        "the time is asked for too"
    );
}

#[test]
fn sums_that_do_not_fit_are_refused_and_lists_are_typed() {
    let frame = DataFrame::new(2, vec![Column::new("x".into(), [i64::MAX, 1])]).unwrap();
    let sql = "SELECT sum(DISTINCT x) AS s FROM r";
    let mut partial =
        Partial::new(Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), None).unwrap())).unwrap();
    partial.absorb(&frame, None).unwrap();
    assert!(partial.answer(None).unwrap_err().to_string().contains("64 bits"));
    let answer = ask("SELECT max(x, 2) AS m, approx_top_k(x, 1) AS k FROM r", &frame);
    assert!(answer.columns().iter().all(|c| *c.dtype() == DataType::List(Box::new(DataType::Int64))));
}

#[test]
fn a_state_that_is_none_is_refused() {
    for sql in ["approx_count_distinct(x)", "approx_quantile(x, 0.5)"] {
        let plan = plan(&format!("SELECT {sql} FROM r")).unwrap();
        let mut partial = Partial::new(plan).unwrap();
        let mut state = partial.to_frame().unwrap();
        let name = state.get_column_names()[0].clone();
        state.replace(&name, Column::new(name.clone(), [&b"not a sketch!"[..]])).unwrap();
        let fault = partial.merge(&state).unwrap_err();
        assert!(fault.what.contains("cannot be read") && !fault.hint.is_empty(), "{fault}");
    }
}

#[test]
fn lists_can_be_written_as_text() {
    let frame =
        DataFrame::new(2, vec![Column::new("g".into(), ["a", "b"]), Column::new("s".into(), [Some("x, \"y\""), None])])
            .unwrap();
    let mut text = Vec::new();
    braid::data::format::write_csv(
        &ask("SELECT g, max(s, 2) AS m FROM r GROUP BY g ORDER BY g", &frame),
        b',',
        braid::data::format::Formulas::Keep,
        &mut text,
    )
    .unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "g,m\na,\"[\"\"x, \\\"\"y\\\"\"\"\"]\"\nb,\n");
}

/// What an audit compares: a summary that is full may differ within its bound by the cuts, and that is no difference.
#[test]
fn two_cuts_of_many_values_are_not_told_apart() {
    let mut random = fastrand::Rng::with_seed(5);
    let values: Vec<i64> = (0..20_000).map(|_| random.i64(0..9_000)).collect();
    let frame = |values: &[i64]| DataFrame::new(values.len(), vec![Column::new("x".into(), values)]).unwrap();
    let sql = "SELECT approx_top_k(x, 3) AS k, approx_count_distinct(x) AS n, approx_quantile(x, 0.9) AS q, count(*) \
               AS c FROM r";
    let plan = Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, frame(&[]).schema(), None).unwrap());
    let [mut one, mut other] = [0, 1].map(|_| Partial::new(plan.clone()).unwrap());
    one.absorb(&frame(&values), None).unwrap();
    values.chunks(1_700).rev().for_each(|c| drop(other.absorb(&frame(c), None).unwrap()));
    assert_eq!(braid::query::compare::differences(&one, &other).unwrap().count, 0);
    other.absorb(&frame(&[7]), None).unwrap();
    assert_eq!(braid::query::compare::differences(&one, &other).unwrap().count, 1);
}

#[test]
fn states_of_many_groups_stay_small() {
    let groups = 50_000_u32;
    let frame = DataFrame::new(
        groups as usize,
        vec![
            Column::new("g".into(), (0..groups).collect::<Vec<_>>()),
            Column::new("x".into(), (0..groups).map(f64::from).collect::<Vec<_>>()),
            Column::new("t".into(), (0..i64::from(groups)).collect::<Vec<_>>()),
        ],
    )
    .unwrap();
    for (call, most) in [
        ("count(*)", 8),
        ("sum(x)", 24),
        ("avg(x)", 24),
        ("corr(x, t)", 96),
        ("first(x)", 40),
        ("approx_quantile(x, 0.5)", 110),
        ("approx_count_distinct(x)", 50),
    ] {
        let sized = |sql: &str| {
            let plan = Plan::new(&Query::parse(sql).unwrap(), sql, frame.schema(), Some("t")).unwrap();
            let mut partial = Partial::new(Arc::new(plan)).unwrap();
            partial.absorb(&frame, None).unwrap();
            partial.size()
        };
        let own = sized(&format!("SELECT g, {call} AS a FROM r GROUP BY g")) - sized("SELECT g FROM r GROUP BY g");
        assert!(own <= most * groups as usize * 2, "{call}: {} bytes a group", own / groups as usize);
    }
}

#[test]
fn what_keeps_much_has_a_cheaper_form() {
    let new = |item: &str| cheaper(item).map(|(sql, _)| sql);
    for (item, want) in [
        ("count(DISTINCT origin)", "approx_count_distinct(origin)"),
        (
            "COUNT(distinct upper(city)) FILTER (WHERE x > 1) AS \"odd name\"",
            "approx_count_distinct(upper(city)) FILTER (WHERE x > 1) AS \"odd name\"",
        ),
        ("median(x) AS m", "approx_quantile(x, 0.5) AS m"),
        ("quantile_cont(a + b, 0.9) p90", "approx_quantile(a + b, 0.9) AS p90"),
        ("median(x) - min(x) AS spread", "approx_quantile(x, 0.5) - min(x) AS spread"),
    ] {
        assert_eq!(new(item).as_deref(), Some(want), "{item}");
        assert_eq!(new(want), None, "once is enough: {want}");
    }
    for item in ["count(*)", "sum(DISTINCT x)", "median(DISTINCT x)", "quantile_cont(x)", "city", "not sql (", "a, b"] {
        assert_eq!(new(item), None, "{item}");
    }
    let (_, words) = cheaper("count(DISTINCT x)").unwrap();
    assert!(words.contains("approx_count_distinct") && words.contains("1.63 %"), "{words}");
    // Every rewrite leads to a sketch that takes what it is given.
    for aggregate in AGGREGATES.iter().filter(|a| a.rewrite.is_some()) {
        let rewrite = aggregate.rewrite.as_ref().unwrap();
        let to = find(rewrite.to).unwrap();
        assert!(
            matches!(to.class, Class::Sketch { .. }) && !matches!(aggregate.class, Class::Sketch { .. } | Class::Exact)
        );
        assert_eq!(to.arity(), aggregate.arity() + rewrite.more.len());
        let parameters: Vec<&str> = aggregate.parameters.iter().map(|p| p.start).collect();
        let (sql, _) = cheaper(&call(aggregate, &["x"], &parameters, false)).unwrap();
        plan(&format!("SELECT {sql} FROM r")).unwrap();
    }
}

#[test]
fn order_in_a_call_says_which_rows_come_first() {
    let rows = tame(&mut fastrand::Rng::with_seed(3), 200);
    let frame = frame(&rows);
    // By a plain loop: rows by s from the largest, nulls first, then by t; of equal ones by x.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&rows[*a], &rows[*b]);
        let nulls = |one: bool, other: bool| one.cmp(&other);
        nulls(a.s.is_some(), b.s.is_some())
            .then_with(|| b.s.cmp(&a.s))
            .then_with(|| nulls(a.t.is_none(), b.t.is_none()))
            .then_with(|| a.t.cmp(&b.t))
            .then_with(|| nulls(a.x.is_none(), b.x.is_none()))
            .then_with(|| a.x.partial_cmp(&b.x).unwrap())
    });
    let by = "ORDER BY s DESC NULLS FIRST, t";
    let answer = ask(
        &format!(
            "SELECT array_agg(x {by}) AS l, string_agg(x, ' ' {by}) AS t, first(x {by}) AS f, any_value(x {by}) AS a, \
             string_agg(DISTINCT s, '' ORDER BY s DESC) AS d, \
             percentile_disc(0.3) WITHIN GROUP (ORDER BY i DESC) AS p, sum(x {by}) AS s FROM r"
        ),
        &frame,
    );
    let values: Vec<Option<f64>> = order.iter().map(|row| rows[*row].x).collect();
    let list = answer.column("l").unwrap().explode(ExplodeOptions { empty_as_null: true, keep_nulls: true }).unwrap();
    assert_eq!(list.f64().unwrap().iter().collect::<Vec<_>>(), values);
    let text = |name: &str| answer.column(name).unwrap().str().unwrap().get(0).unwrap().to_owned();
    let number = |name: &str| answer.column(name).unwrap().get(0).unwrap().try_extract::<f64>().ok();
    assert_eq!(text("t"), values.iter().flatten().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(" "));
    assert_eq!(number("f"), values[0]);
    assert_eq!(number("a"), values.iter().flatten().next().copied());
    let mut texts: Vec<&str> = rows.iter().filter_map(|row| row.s.as_deref()).collect();
    texts.sort_unstable_by(|a, b| b.cmp(a));
    texts.dedup();
    assert_eq!(text("d"), texts.concat());
    let mut whole: Vec<i64> = rows.iter().filter_map(|row| row.i).collect();
    whole.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(number("p"), Some(whole[(whole.len() as f64 * 0.3).ceil() as usize - 1] as f64));
    assert_eq!(number("s"), Some(one("SELECT sum(x) AS s FROM r", &frame)));
    assert!(plan("SELECT first(x ORDER BY zzz) FROM r").is_err(), "names in ORDER BY are looked for");
    assert!(plan("SELECT sum(x ORDER BY zzz) FROM r").is_err(), "also where the order says nothing");
    assert!(plan("SELECT string_agg(DISTINCT s, ',' ORDER BY x) FROM r").is_err());
    assert!(plan("SELECT string_agg(s, s) FROM r").is_err());
}
