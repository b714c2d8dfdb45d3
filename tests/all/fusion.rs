//! The fusion law and the conservation law, over random rows, cuts, orders and restarts: every answer must be the
//! answer over all rows at once, bit for bit.

use std::sync::Arc;

use braid::query::exact::ExactSums;
use braid::query::{Partial, Plan, Query};
use polars::prelude::*;
use proptest::prelude::*;

/// One row of everything awkward.
#[derive(Clone, Debug)]
struct Row {
    k: Option<String>,
    g: Option<i64>,
    i: Option<i64>,
    j: Option<i32>,
    u: Option<u64>,
    x: Option<f64>,
    t: Option<i64>,
    b: Option<bool>,
}

const EVERYTHING: &str = "\
     SELECT k, g, tumble(t, INTERVAL '7 seconds', INTERVAL '2 seconds') AS w, count(*) AS n, count(x) AS nx, sum(j) \
     AS sj, sum(x) AS sx, avg(x) AS ax, avg(i) AS ai, avg(u) AS au, min(x) AS lx, max(x) AS hx, min(i) AS li, max(i) \
     AS hi, min(u) AS lu, max(u) AS hu, min(k) AS lk, max(k) AS hk, max(t) AS ht, min(b) AS lb, stddev(x) AS sd, \
     var_samp(j) AS vj, stddev_pop(x) AS sp, var_pop(x) AS vp, count(DISTINCT x) AS dx, count(DISTINCT k) AS dk, \
     count(DISTINCT i) AS di, sum(j) FILTER (WHERE b) AS sb, count(*) FILTER (WHERE x > 0 AND j < 5) AS nb, sum(j) * \
     1.0 / count(*) AS mean, max(j) - min(j) AS spread FROM r WHERE g IS NULL OR g <> 3 GROUP BY k, g, w";

fn float() -> impl Strategy<Value = f64> {
    let extremes = vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE];
    prop_oneof![
        4 => (-1000_i32..1000).prop_map(|n| f64::from(n) / 7.0),
        2 => any::<f64>(),
        1 => prop::sample::select([extremes, vec![5e-324, 1e300, -1e300, 1e16, 1.0, -1e16]].concat()),
    ]
}

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
    let int = prop_oneof![3 => -5_i64..5, 1 => prop::sample::select(vec![i64::MIN, i64::MAX, i64::MAX - 1, 1 << 53])];
    let time = prop_oneof![
        5 => -40_000_000_i64..40_000_000,
        1 => prop::sample::select(vec![0, -1, 2_000_000, 9_000_000, -5_000_000]),
    ];
    let unsigned = prop_oneof![3 => 0_u64..5, 1 => Just(u64::MAX)];
    (
        prop::option::weighted(0.9, text),
        prop::option::weighted(0.9, 0_i64..5),
        prop::option::of(int),
        prop::option::of(-10_i32..10),
        prop::option::of(unsigned),
        prop::option::weighted(0.8, float()),
        prop::option::weighted(0.95, time),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(k, g, i, j, u, x, t, b)| Row { k, g, i, j, u, x, t, b })
}

fn frame(rows: &[Row]) -> DataFrame {
    let time: Int64Chunked = rows.iter().map(|r| r.t).collect();
    let columns = vec![
        Column::new("k".into(), rows.iter().map(|r| r.k.clone()).collect::<Vec<_>>()),
        Column::new("g".into(), rows.iter().map(|r| r.g).collect::<Vec<_>>()),
        Column::new("i".into(), rows.iter().map(|r| r.i).collect::<Vec<_>>()),
        Column::new("j".into(), rows.iter().map(|r| r.j).collect::<Vec<_>>()),
        Column::new("u".into(), rows.iter().map(|r| r.u).collect::<Vec<_>>()),
        Column::new("x".into(), rows.iter().map(|r| r.x).collect::<Vec<_>>()),
        time.with_name("t".into()).into_datetime(TimeUnit::Microseconds, None).into_column(),
        Column::new("b".into(), rows.iter().map(|r| r.b).collect::<Vec<_>>()),
    ];
    DataFrame::new(rows.len(), columns).unwrap()
}

fn plan(sql: &str) -> Arc<Plan> {
    let schema = frame(&[]).schema().clone();
    Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, &schema, Some("t")).unwrap())
}

/// The answer to all rows in one go.
fn whole(plan: &Arc<Plan>, rows: &[Row]) -> DataFrame {
    let mut partial = Partial::new(plan.clone()).unwrap();
    partial.absorb(&frame(rows), None).unwrap();
    partial.answer(None).unwrap().frame
}

/// Every value as text with all its bits.
fn bits(frame: &DataFrame) -> Vec<Vec<String>> {
    let cell = |v: AnyValue<'_>| match v {
        AnyValue::Float64(x) if x.is_nan() => "NaN".to_owned(),
        AnyValue::Float64(x) => format!("{x:?}={:016x}", x.to_bits()),
        AnyValue::String(s) => format!("'{s}'"),
        other => format!("{other}"),
    };
    frame.columns().iter().map(|c| (0..frame.height()).map(|i| cell(c.get(i).unwrap())).collect()).collect()
}

/// How the rows of one case are cut, spread over workers, restarted and merged.
#[derive(Clone, Debug)]
struct Cuts {
    chunk: usize,
    workers: usize,
    seed: u64,
    restart: bool,
}

fn fused(plan: &Arc<Plan>, rows: &[Row], cuts: &Cuts) -> DataFrame {
    let mut random = fastrand::Rng::with_seed(cuts.seed);
    let mut order: Vec<&[Row]> = rows.chunks(cuts.chunk).collect();
    random.shuffle(&mut order);
    let mut workers: Vec<Partial> = (0..cuts.workers).map(|_| Partial::new(plan.clone()).unwrap()).collect();
    let mut handed: Vec<DataFrame> = Vec::new();
    for chunk in order {
        let i = random.usize(..workers.len());
        workers[i].absorb(&frame(chunk), None).unwrap();
        if cuts.restart && random.u8(..4) == 0 {
            // What a restart does: the state leaves as a table and comes back as one.
            let state = workers[i].to_frame().unwrap();
            workers[i] = Partial::new(plan.clone()).unwrap();
            if random.bool() { handed.push(state) } else { workers[i].merge(&state).unwrap() }
        }
    }
    handed.extend(workers.iter().map(|w| w.to_frame().unwrap()));
    random.shuffle(&mut handed);
    // A random tree of merges: associative and commutative, or this fails.
    while handed.len() > 1 {
        let a = handed.swap_remove(random.usize(..handed.len()));
        let b = handed.swap_remove(random.usize(..handed.len()));
        let mut both = Partial::new(plan.clone()).unwrap();
        both.merge(&a).unwrap();
        both.merge(&b).unwrap();
        handed.push(both.to_frame().unwrap());
    }
    let mut last = Partial::new(plan.clone()).unwrap();
    last.merge(&handed[0]).unwrap();
    let read_once = last.answer(None).unwrap().frame;
    assert_eq!(bits(&read_once), bits(&last.answer(None).unwrap().frame), "reading consumes nothing");
    read_once
}

fn cuts() -> impl Strategy<Value = Cuts> {
    (1_usize..40, 1_usize..5, any::<u64>(), any::<bool>()).prop_map(|(chunk, workers, seed, restart)| Cuts {
        chunk,
        workers,
        seed,
        restart,
    })
}

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn any_cut_in_any_order_gives_the_answer_over_all_rows(
        rows in prop::collection::vec(row(), 0..120),
        cuts in cuts(),
    ) {
        let plan = plan(EVERYTHING);
        prop_assert_eq!(bits(&fused(&plan, &rows, &cuts)), bits(&whole(&plan, &rows)));
    }

    #[test]
    fn without_groups_there_is_one_row_whatever_the_cut(rows in prop::collection::vec(row(), 0..60), cuts in cuts()) {
        let plan = plan(
            "SELECT count(*) AS n, sum(x) AS s, avg(x) AS a, min(k) AS k, stddev(x) AS sd, count(DISTINCT k) AS d \
             FROM r",
        );
        let answer = fused(&plan, &rows, &cuts);
        prop_assert_eq!(answer.height(), 1);
        prop_assert_eq!(bits(&answer), bits(&whole(&plan, &rows)));
    }

    #[test]
    fn every_row_is_shown_filtered_or_late(
        rows in prop::collection::vec(row(), 0..120),
        watermark in -50_000_000_i64..50_000_000,
    ) {
        let plan = plan(EVERYTHING);
        let mut partial = Partial::new(plan).unwrap();
        let absorbed = partial.absorb(&frame(&rows), Some(watermark)).unwrap();
        let late = absorbed.late.as_ref().map_or(0, DataFrame::height) as u64;
        prop_assert_eq!(absorbed.shown + absorbed.filtered + late, rows.len() as u64);
        let counted: i64 =
            partial.answer(None).unwrap().frame.column("n").unwrap().i64().unwrap().iter().flatten().sum();
        prop_assert_eq!(counted as u64, absorbed.shown, "what is shown is in some group");
        // Re-admitted, the late rows make the answer whole again.
        if let Some(late) = absorbed.late {
            partial.absorb(&late, None).unwrap();
        }
        let plan = partial.plan().clone();
        prop_assert_eq!(bits(&partial.answer(None).unwrap().frame), bits(&whole(&plan, &rows)));
    }

    #[test]
    fn sums_of_floats_are_the_true_sum_rounded_once(
        parts in prop::collection::vec((-(1_i64 << 52)..1_i64 << 52, 0_u32..40), 0..200),
        seed in any::<u64>(),
    ) {
        // Multiples of 2^-40, so that 128 bits hold the true sum.
        let exact: i128 = parts.iter().map(|(m, shift)| i128::from(*m) << shift).sum();
        let scale = (-40_f64).exp2();
        let mut values: Vec<f64> =
            parts.iter().map(|(m, shift)| *m as f64 * f64::from(*shift).exp2() * scale).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut values);
        let mut sums = ExactSums::default();
        sums.resize(1);
        values.iter().for_each(|x| sums.add(0, *x));
        prop_assert_eq!(sums.get(0), exact as f64 * scale);
    }

    #[test]
    fn sums_of_floats_survive_any_cancellation(
        values in prop::collection::vec(any::<f64>().prop_filter("finite", |x| x.is_finite()), 1..60),
        small in -1000_i32..1000,
        seed in any::<u64>(),
    ) {
        // Everything cancels except one small number.
        let small = f64::from(small) / 8.0;
        let mut all: Vec<f64> = values.iter().flat_map(|x| [*x, -*x]).chain([small]).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut all);
        let mut sums = ExactSums::default();
        sums.resize(1);
        all.iter().for_each(|x| sums.add(0, *x));
        prop_assert_eq!(sums.get(0), small);
    }

    #[test]
    fn integer_sums_are_exact_or_refused(
        values in prop::collection::vec(prop_oneof![any::<i64>(), Just(i64::MAX), Just(i64::MIN), -9_i64..9], 1..40),
        chunk in 1_usize..9,
    ) {
        let rows: Vec<Row> = values
            .iter()
            .map(|v| Row { k: None, g: None, i: Some(*v), j: None, u: None, x: None, t: None, b: None })
            .collect();
        let plan = plan("SELECT sum(i) AS s FROM r");
        let mut partial = Partial::new(plan).unwrap();
        rows.chunks(chunk).for_each(|c| {
            partial.absorb(&frame(c), None).unwrap();
        });
        let exact: i128 = values.iter().map(|v| i128::from(*v)).sum();
        match (i64::try_from(exact), partial.answer(None)) {
            (Ok(exact), Ok(answer)) => {
                prop_assert_eq!(answer.frame.column("s").unwrap().i64().unwrap().get(0), Some(exact))
            }
            (Err(_), Err(fault)) => {
                prop_assert!(fault.to_string().contains("64 bits") && fault.to_string().contains("DOUBLE"), "{}", fault)
            }
            (exact, answer) => prop_assert!(false, "{exact:?} but {answer:?}"),
        }
    }
}

/// A reference that shares no code with the engine: a loop over rows.
#[test]
fn the_answer_is_what_a_plain_loop_finds() {
    let mut random = fastrand::Rng::with_seed(11);
    let rows: Vec<Row> = (0..3_000)
        .map(|_| Row {
            k: Some(format!("k{}", random.u8(..7))),
            g: None,
            i: Some(random.i64(-1000..1000)),
            j: None,
            u: None,
            x: (random.u8(..9) > 0).then(|| random.f64() * 1e4),
            t: Some(random.i64(-9_000_000..9_000_000)),
            b: None,
        })
        .collect();
    let plan = plan(
        "SELECT k, tumble(t, INTERVAL '1 second') AS w, count(*) AS n, sum(i) AS s, avg(x) AS a, stddev(x) AS sd, \
         min(i) AS lo, count(DISTINCT i) AS d FROM r GROUP BY k, w ORDER BY k, w",
    );
    let answer = fused(&plan, &rows, &Cuts { chunk: 97, workers: 3, seed: 5, restart: true });

    let mut groups: std::collections::BTreeMap<(String, i64), Vec<&Row>> = Default::default();
    for row in &rows {
        groups.entry((row.k.clone().unwrap(), row.t.unwrap().div_euclid(1_000_000) * 1_000_000)).or_default().push(row);
    }
    assert_eq!(answer.height(), groups.len());
    for (i, ((k, w), rows)) in groups.iter().enumerate() {
        let get = |name: &str| answer.column(name).unwrap().get(i).unwrap();
        let number = |name: &str| get(name).try_extract::<f64>().unwrap();
        assert_eq!(get("k").get_str(), Some(k.as_str()));
        assert_eq!(answer.column("w").unwrap().to_physical_repr().i64().unwrap().get(i), Some(*w));
        assert_eq!(number("n") as usize, rows.len());
        assert_eq!(number("s") as i64, rows.iter().filter_map(|r| r.i).sum::<i64>());
        assert_eq!(number("lo") as i64, rows.iter().filter_map(|r| r.i).min().unwrap());
        assert_eq!(
            number("d") as usize,
            rows.iter().filter_map(|r| r.i).collect::<std::collections::HashSet<_>>().len()
        );
        let x: Vec<f64> = rows.iter().filter_map(|r| r.x).collect();
        if x.is_empty() {
            assert!(get("a").is_null());
            continue;
        }
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        assert!((number("a") - mean).abs() <= 1e-12 * mean.abs());
        if x.len() > 1 {
            let sd = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (x.len() - 1) as f64).sqrt();
            assert!((number("sd") - sd).abs() <= 1e-10 * sd, "{} {sd}", number("sd"));
        } else {
            assert!(get("sd").is_null());
        }
    }
}

#[test]
fn variance_does_not_cancel() {
    // Mean 1e9, spread 1: the textbook formula in doubles loses every digit.
    let rows: Vec<Row> = (0..10_000)
        .map(|n| Row {
            k: None,
            g: None,
            i: None,
            j: None,
            u: None,
            x: Some(1e9 + f64::from(n % 3) - 1.0),
            t: None,
            b: None,
        })
        .collect();
    let answer = whole(&plan("SELECT var_pop(x) AS v FROM r"), &rows);
    let v = answer.column("v").unwrap().f64().unwrap().get(0).unwrap();
    let (n, ones, zeros) = (10_000.0, 6_667.0, 3_333.0);
    let mean = (f64::from(3_333_i32) - f64::from(3_334_i32)) / n;
    let want = ones / n - mean * mean;
    assert!((v - want).abs() < 1e-12 * want, "{v} {want} {zeros}");
}

#[test]
fn a_partial_of_another_question_is_refused() {
    let one = Partial::new(plan("SELECT k, count(*) FROM r GROUP BY k")).unwrap().to_frame().unwrap();
    let mut other = Partial::new(plan("SELECT g, count(*) FROM r GROUP BY g")).unwrap();
    assert!(other.merge(&one).is_err());
}

#[test]
fn a_large_answer_that_is_read_while_it_grows_is_the_one_read_once() {
    let sql = "SELECT a, b, count(*) AS n, min(b) AS lo FROM r GROUP BY a, b";
    let rows = |from: i64, to: i64| {
        let columns = vec![
            Column::new("a".into(), (from..to).map(|i| i % 60_000).collect::<Vec<_>>()),
            Column::new("b".into(), (from..to).map(|i| format!("text number {}", i % 70_000)).collect::<Vec<_>>()),
        ];
        DataFrame::new((to - from) as usize, columns).unwrap()
    };
    let plan = Arc::new(Plan::new(&Query::parse(sql).unwrap(), sql, rows(0, 1).schema(), None).unwrap());
    let (mut growing, mut once) = (Partial::new(plan.clone()).unwrap(), Partial::new(plan).unwrap());
    // Several blocks of new groups at a time, then a few changed ones.
    for (from, to) in [(0, 66_000), (66_000, 70_000), (70_000, 73_500), (1_000, 1_010), (73_500, 90_000), (5, 6)] {
        growing.absorb(&rows(from, to), None).unwrap();
        once.absorb(&rows(from, to), None).unwrap();
        let read = growing.answer(None).unwrap().frame;
        assert_eq!(read.height(), growing.groups());
    }
    assert_eq!(bits(&growing.answer(None).unwrap().frame), bits(&once.answer(None).unwrap().frame));
}
