//! The fusion law and the conservation law over all kinds of windows: random rows, cuts, orders, restarts, watermarks,
//! re-admissions and sealings. Every answer must be the answer over all rows at once, bit for bit, and that one must be
//! what a plain loop finds.

use std::collections::BTreeMap;
use std::sync::Arc;

use braid::query::window::{Hop, WindowStatus};
use braid::query::{Partial, Plan, Query};
use polars::prelude::*;
use proptest::prelude::*;

const SECOND: i64 = 1_000_000;

#[derive(Clone, Debug)]
struct Row {
    k: Option<&'static str>,
    g: Option<i32>,
    x: Option<f64>,
    t: Option<i64>,
}

fn row() -> impl Strategy<Value = Row> {
    let time = prop_oneof![
        6 => -30 * SECOND..30 * SECOND,
        2 => (-10_i64..10).prop_map(|s| s * 2 * SECOND),
        1 => (-4_i64..4).prop_map(|s| s * 5 * SECOND - 1),
    ];
    let number = prop_oneof![
        4 => (-1000_i32..1000).prop_map(|n| f64::from(n) / 7.0),
        1 => prop::sample::select(vec![1e300, -1e300, 1e-300, f64::NAN, 0.1]),
    ];
    (
        prop::option::weighted(0.9, prop::sample::select(vec!["a", "b", "a key longer than a word"])),
        prop::option::weighted(0.9, 0_i32..2),
        prop::option::weighted(0.9, number),
        prop::option::weighted(0.95, time),
    )
        .prop_map(|(k, g, x, t)| Row { k, g, x, t })
}

fn frame(rows: &[Row]) -> DataFrame {
    let time: Int64Chunked = rows.iter().map(|r| r.t).collect();
    let columns = vec![
        Column::new("k".into(), rows.iter().map(|r| r.k).collect::<Vec<_>>()),
        Column::new("g".into(), rows.iter().map(|r| r.g).collect::<Vec<_>>()),
        Column::new("x".into(), rows.iter().map(|r| r.x).collect::<Vec<_>>()),
        time.with_name("t".into()).into_datetime(TimeUnit::Microseconds, None).into_column(),
        // A column that no question needs: late rows keep it all the same.
        Column::new("other".into(), (0..rows.len() as i64).collect::<Vec<_>>()),
    ];
    DataFrame::new(rows.len(), columns).unwrap()
}

const WINDOWS: &[&str] = &[
    "tumble(t, INTERVAL '4 seconds')",
    "tumble(t, INTERVAL '7 seconds', INTERVAL '-3 seconds')",
    "hop(t, INTERVAL '2 seconds', INTERVAL '10 seconds')",
    "hop(t, INTERVAL '3 seconds', INTERVAL '10 seconds', INTERVAL '1 second')",
    "hop(t, INTERVAL '5 seconds', INTERVAL '2 seconds')",
    "hop(t, INTERVAL '1 second', INTERVAL '1 second')",
    "hop(t, INTERVAL '0.7 seconds', INTERVAL '20 seconds')",
    "session(t, INTERVAL '1 second')",
    "session(t, INTERVAL '3 seconds')",
    "session(t, INTERVAL '100 ms')",
];
const KEYS: &[&str] = &["", "k, ", "k, g, "];

fn bind(sql: &str) -> Arc<Plan> {
    Arc::new(
        Plan::new(&Query::parse(sql).unwrap(), sql, frame(&[]).schema(), Some("t"))
            .unwrap_or_else(|f| panic!("{sql}: {f}")),
    )
}

fn question(window: &str, keys: &str) -> Arc<Plan> {
    bind(&format!(
        "SELECT {keys}window_start AS s, window_end AS e, count(*) AS n, sum(x) AS sx, avg(x) AS ax, min(x) AS lo, \
         stddev(x) AS sd, count(DISTINCT x) AS d, count(*) FILTER (WHERE x > 0) AS pos, max(t) AS newest, first(x) AS \
         f, last(x) AS l, median(x) AS m FROM r WHERE g IS NULL OR x IS NULL OR x <> 0.1 GROUP BY {keys}{window}"
    ))
}

fn any_question() -> impl Strategy<Value = Arc<Plan>> {
    (prop::sample::select(WINDOWS), prop::sample::select(KEYS)).prop_map(|(window, keys)| question(window, keys))
}

/// Every value as text with all its bits.
fn bits(frame: &DataFrame) -> Vec<Vec<String>> {
    let cell = |v: AnyValue<'_>| match v {
        AnyValue::Float64(x) if x.is_nan() => "NaN".to_owned(),
        AnyValue::Float64(x) => format!("{x:?}={:016x}", x.to_bits()),
        other => format!("{other}"),
    };
    frame.columns().iter().map(|c| (0..frame.height()).map(|i| cell(c.get(i).unwrap())).collect()).collect()
}

fn new(plan: &Arc<Plan>) -> Partial {
    Partial::new(plan.clone()).unwrap()
}

fn answer(partial: &Partial) -> Vec<Vec<String>> {
    bits(&partial.answer(None).unwrap().frame)
}

fn whole(plan: &Arc<Plan>, rows: &[Row]) -> Vec<Vec<String>> {
    let mut partial = new(plan);
    partial.absorb(&frame(rows), None).unwrap();
    answer(&partial)
}

/// Merges in a random tree.
fn merge_all(plan: &Arc<Plan>, mut parts: Vec<DataFrame>, random: &mut fastrand::Rng) -> Partial {
    random.shuffle(&mut parts);
    while parts.len() > 1 {
        let (a, b) = (parts.swap_remove(random.usize(..parts.len())), parts.swap_remove(random.usize(..parts.len())));
        let mut both = new(plan);
        both.merge(&a).unwrap();
        both.merge(&b).unwrap();
        parts.push(both.to_frame().unwrap());
    }
    let mut last = new(plan);
    parts.iter().for_each(|part| last.merge(part).unwrap());
    last
}

proptest! {
    #![proptest_config(crate::cases(96))]

    #[test]
    fn any_cut_in_any_order_gives_the_answer_over_all_rows(
        plan in any_question(),
        rows in prop::collection::vec(row(), 0..120),
        chunk in 1_usize..40,
        seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut order: Vec<&[Row]> = rows.chunks(chunk).collect();
        random.shuffle(&mut order);
        let mut workers: Vec<Partial> = (0..random.usize(1..4)).map(|_| new(&plan)).collect();
        let mut handed = Vec::new();
        for chunk in order {
            let i = random.usize(..workers.len());
            workers[i].absorb(&frame(chunk), None).unwrap();
            if random.u8(..4) == 0 {
                let state = workers[i].to_frame().unwrap();
                workers[i] = new(&plan);
                if random.bool() { handed.push(state) } else { workers[i].merge(&state).unwrap() }
            }
            if random.u8(..4) == 0 {
                // Or handed over without becoming a table.
                let whole = std::mem::replace(&mut workers[i], new(&plan));
                workers[0].unite(whole).unwrap();
            }
        }
        handed.extend(workers.iter().map(|w| w.to_frame().unwrap()));
        let last = merge_all(&plan, handed, &mut random);
        prop_assert_eq!(answer(&last), whole(&plan, &rows));
        prop_assert_eq!(answer(&last), whole(&plan, &rows), "reading consumes nothing");
    }

    #[test]
    fn rows_set_aside_and_re_admitted_make_the_answer_whole(
        plan in any_question(),
        rows in prop::collection::vec(row(), 0..120),
        chunk in 1_usize..40,
        seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut workers: Vec<Partial> = (0..random.usize(1..4)).map(|_| new(&plan)).collect();
        let (mut late, mut partly) = (Vec::new(), Vec::new());
        let mut watermark = None;
        for chunk in rows.chunks(chunk) {
            if random.bool() {
                watermark = watermark.max(Some(random.i64(-40 * SECOND..40 * SECOND)));
            }
            let i = random.usize(..workers.len());
            let absorbed = workers[i].absorb(&frame(chunk), watermark).unwrap();
            let aside = absorbed.late.as_ref().map_or(0, DataFrame::height) as u64;
            prop_assert_eq!(absorbed.shown + absorbed.filtered + aside, chunk.len() as u64);
            prop_assert_eq!(absorbed.watermark, watermark);
            for frame in absorbed.late.iter().chain(&absorbed.partly_late) {
                prop_assert_eq!(frame.width(), 5, "late rows keep all columns");
            }
            late.extend(absorbed.late.map(|f| (f, watermark.unwrap())));
            partly.extend(absorbed.partly_late.map(|f| (f, watermark.unwrap())));
        }
        // All at once with a watermark each, or frame by frame; by any worker, also after a restart.
        let any = late.len() + partly.len() > 0;
        if random.bool() {
            for (frame, watermark) in late.into_iter().chain(partly) {
                let i = random.usize(..workers.len());
                let absorbed = workers[i].readmit(&frame, &[watermark]).unwrap();
                prop_assert_eq!(absorbed.shown as usize, frame.height());
            }
        } else {
            let mut all = late.into_iter().chain(partly);
            if let Some((mut frames, watermark)) = all.next() {
                let mut watermarks = vec![watermark; frames.height()];
                for (frame, watermark) in all {
                    watermarks.extend(vec![watermark; frame.height()]);
                    frames.vstack_mut(&frame).unwrap();
                }
                let absorbed = workers[0].readmit(&frames, &watermarks).unwrap();
                prop_assert_eq!(absorbed.shown as usize, frames.height());
                prop_assert!(absorbed.late.is_none() && absorbed.partly_late.is_none_or(|f| f.width() == 5));
            }
        }
        let handed = workers.iter().map(|w| w.to_frame().unwrap()).collect();
        let last = merge_all(&plan, handed, &mut random);
        prop_assert_eq!(answer(&last), whole(&plan, &rows));
        let corrected = last.answer(Some(i64::MAX)).unwrap().status.unwrap().contains(&WindowStatus::Corrected);
        prop_assert_eq!(corrected, any, "windows that took late rows say so");
    }

    #[test]
    fn groups_that_leave_memory_in_shares_are_not_lost(
        plan in any_question(),
        rows in prop::collection::vec(row(), 0..120),
        chunk in 1_usize..40,
        shares in 1_usize..6,
        seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut partial = new(&plan);
        let mut left: Vec<Partial> = (0..shares).map(|_| new(&plan)).collect();
        for chunk in rows.chunks(chunk) {
            partial.absorb(&frame(chunk), None).unwrap();
            if random.u8(..3) == 0 {
                partial.take_shares(shares, |share, groups| left[share].merge(&groups)).unwrap();
                prop_assert_eq!(partial.groups(), new(&plan).groups(), "all of them are taken");
            }
        }
        partial.take_shares(shares, |share, groups| left[share].merge(&groups)).unwrap();
        let groups = left.iter().map(Partial::groups).sum();
        random.shuffle(&mut left);
        let parts = left.iter().map(|share| share.share_of_answer(None).unwrap()).collect();
        let all = braid::query::partial::gather(&plan, parts, groups, None).unwrap();
        prop_assert_eq!(bits(&all.frame), whole(&plan, &rows), "no group is in two shares, and none is lost");
    }

    #[test]
    fn windows_that_leave_memory_are_not_lost(
        plan in any_question(),
        rows in prop::collection::vec(row(), 0..120),
        chunk in 1_usize..40,
        keep in 0_usize..6,
        seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut partial = new(&plan);
        let mut sealed = Vec::new();
        for chunk in rows.chunks(chunk) {
            partial.absorb(&frame(chunk), None).unwrap();
            let watermark = random.i64(-40 * SECOND..40 * SECOND);
            let before = partial.groups();
            if let Some(frame) = partial.seal(watermark, keep).unwrap() {
                prop_assert!(frame.height() > 0);
                prop_assert_eq!(partial.groups() + frame.height(), before);
                // By itself it gives exactly its rows: all final, and no window is here and there.
                let mut alone = new(&plan);
                alone.merge(&frame).unwrap();
                let gone = alone.answer(Some(watermark)).unwrap();
                prop_assert!(gone.status.unwrap().iter().all(|s| *s == WindowStatus::Final));
                sealed.push(frame);
            }
            let left = partial.answer(Some(watermark)).unwrap().status.unwrap();
            prop_assert!(
                left.iter().filter(|s| **s != WindowStatus::Open).count() <= keep,
                "at most {} final groups stay",
                keep
            );
        }
        sealed.push(partial.to_frame().unwrap());
        // Those whose times do not meet share no window: answered apart they give the same rows.
        let mut reaches: Vec<_> = sealed
            .iter()
            .filter(|f| f.height() > 0)
            .map(|f| (plan.reach(f).unwrap_or((i64::MIN, i64::MAX)), f))
            .collect();
        reaches.sort_by_key(|(reach, _)| *reach);
        let mut clusters: Vec<(i64, Partial)> = Vec::new();
        for ((from, until), frame) in reaches {
            if clusters.last().is_none_or(|(end, _)| from > *end) {
                clusters.push((until, new(&plan)));
            }
            let (end, cluster) = clusters.last_mut().unwrap();
            *end = until.max(*end);
            cluster.merge(frame).unwrap();
        }
        let by_row = |columns: Vec<Vec<String>>| {
            (0..columns[0].len()).map(|i| columns.iter().map(|c| c[i].clone()).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let mut apart: Vec<_> = clusters.iter().flat_map(|(_, cluster)| by_row(answer(cluster))).collect();
        let mut together = by_row(whole(&plan, &rows));
        apart.sort();
        together.sort();
        prop_assert_eq!(apart, together);
        prop_assert_eq!(answer(&merge_all(&plan, sealed, &mut random)), whole(&plan, &rows));
    }

    #[test]
    fn what_the_answer_leaves_out_leaves_its_status_out(
        rows in prop::collection::vec(row(), 0..80),
        window in prop::sample::select(WINDOWS),
        watermark in -40 * SECOND..40 * SECOND,
        limit in 0_u64..12,
    ) {
        let all = bind(&format!("SELECT k, window_start AS s, count(*) AS n FROM r GROUP BY k, {window}"));
        let some = bind(&format!(
            "SELECT k, window_start AS s, count(*) AS n FROM r GROUP BY k, {window} HAVING count(*) > 1 \
             ORDER BY n DESC, s DESC LIMIT {limit}"
        ));
        let of = |plan: &Arc<Plan>| {
            let mut partial = new(plan);
            partial.absorb(&frame(&rows), None).unwrap();
            let answer = partial.answer(Some(watermark)).unwrap();
            prop_assert_eq!(answer.frame.schema(), &plan.output);
            let status = answer.status.unwrap();
            prop_assert_eq!(status.len(), answer.frame.height());
            let row =
                |i: usize| answer.frame.columns().iter().map(|c| c.get(i).unwrap().to_string()).collect::<Vec<_>>();
            Ok((0..status.len()).map(|i| (row(i), status[i].word())).collect::<BTreeMap<_, _>>())
        };
        let (all, some) = (of(&all)?, of(&some)?);
        prop_assert!(some.len() as u64 <= limit);
        for (row, status) in &some {
            prop_assert_eq!(all.get(row), Some(status), "{:?}", row);
        }
    }

    #[test]
    fn no_time_is_too_far_away(
        times in prop::collection::vec(
            prop_oneof![
                any::<i64>(),
                prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX])
            ],
            1..20,
        ),
        window in prop::sample::select(WINDOWS),
        watermark in prop::sample::select(vec![None, Some(i64::MIN), Some(0), Some(i64::MAX)]),
    ) {
        let rows: Vec<Row> = times.iter().map(|t| Row { k: Some("a"), g: None, x: Some(1.0), t: Some(*t) }).collect();
        let plan = question(window, "k, ");
        let mut partial = new(&plan);
        let absorbed = partial.absorb(&frame(&rows), watermark).unwrap();
        let late = absorbed.late.as_ref().map_or(0, DataFrame::height) as u64;
        prop_assert_eq!(absorbed.shown + absorbed.filtered + late, rows.len() as u64);
        let _ = partial.seal(watermark.unwrap_or(0), 1).unwrap();
        for frame in absorbed.late.iter().chain(&absorbed.partly_late) {
            partial.readmit(frame, &[watermark.unwrap()]).unwrap();
        }
        partial.answer(watermark).unwrap();
    }

    #[test]
    fn hops_hold_exactly_the_rows_that_lie_in_them(
        slide in 1_i64..40,
        size in 1_i64..60,
        offset in -50_i64..50,
        t in -200_i64..200,
    ) {
        let hop = Hop { slide, size, offset };
        let wanted: Vec<i64> =
            (t - size - slide..=t).filter(|s| (s - offset).rem_euclid(slide) == 0 && *s <= t && t < s + size).collect();
        prop_assert_eq!(hop.starts(t).collect::<Vec<_>>(), wanted);
    }
}

/// References that share no code with the engine: loops over rows.
fn reference(window: &str, rows: &[Row], watermark: Option<i64>) -> BTreeMap<(&'static str, i64), (i64, i64)> {
    let of_key = |k: &'static str| rows.iter().filter(move |r| r.k == Some(k)).filter_map(|r| r.t);
    let mut found = BTreeMap::new();
    for k in ["a", "b"] {
        if window == "session" {
            let mut times: Vec<i64> = of_key(k).filter(|t| watermark.is_none_or(|w| t + 3 * SECOND > w)).collect();
            times.sort_unstable();
            let mut first = None;
            for (i, t) in times.iter().enumerate() {
                if i == 0 || t - times[i - 1] > 3 * SECOND {
                    first = Some(*t);
                }
                let session = found.entry((k, first.unwrap())).or_insert((0, 0));
                *session = (session.0 + 1, t + 3 * SECOND);
            }
        } else {
            for t in of_key(k) {
                for start in (-300..300).map(|i| i * SECOND / 2).filter(|s| *s <= t && t < s + 20 * SECOND) {
                    if watermark.is_none_or(|w| start + 20 * SECOND > w) {
                        found.entry((k, start)).or_insert((0, start + 20 * SECOND)).0 += 1;
                    }
                }
            }
        }
    }
    found
}

/// Many rows in large chunks, so that hops are aggregated by panes first, with and without rows in order.
#[test]
fn windows_hold_what_a_plain_loop_finds() {
    for (window, sql) in
        [("session", "session(t, INTERVAL '3 seconds')"), ("hop", "hop(t, INTERVAL '500 ms', INTERVAL '20 seconds')")]
    {
        let plan = bind(&format!(
            "SELECT k, window_start AS s, window_end AS e, count(*) AS n FROM r GROUP BY k, {sql} ORDER BY k, s"
        ));
        for (seed, chunk, sorted, watermark) in [
            (1, 3000, false, None),
            (2, 700, false, Some(5 * SECOND)),
            (3, 1500, true, None),
            (4, 10, false, Some(-20 * SECOND)),
            (5, 600, true, Some(0)),
        ] {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut rows: Vec<Row> = (0..3000)
                .map(|_| Row {
                    k: Some(if random.u8(..5) == 0 { "b" } else { "a" }),
                    g: None,
                    x: None,
                    t: Some(random.i64(-60 * SECOND..60 * SECOND)),
                })
                .collect();
            if window == "session" {
                // Few enough that there are gaps.
                rows.truncate(90);
            }
            if sorted {
                rows.sort_by_key(|r| r.t);
            }
            let mut partial = new(&plan);
            let mut panes = new(&plan);
            for chunk in rows.chunks(chunk) {
                partial.absorb(&frame(chunk), watermark).unwrap();
                panes
                    .merge(&{
                        let mut worker = new(&plan);
                        worker.absorb(&frame(chunk), watermark).unwrap();
                        worker.to_frame().unwrap()
                    })
                    .unwrap();
            }
            let wanted: Vec<String> =
                reference(window, &rows, watermark).iter().map(|((k, s), (n, e))| format!("{k} {s} {e} {n}")).collect();
            for partial in [partial, panes] {
                let answer = partial.answer(None).unwrap().frame;
                let int = |name: &str| answer.column(name).unwrap().to_physical_repr().i64().unwrap().clone();
                let found: Vec<String> = (0..answer.height())
                    .map(|i| {
                        let k = answer.column("k").unwrap().str().unwrap().get(i).unwrap();
                        format!(
                            "{k} {} {} {}",
                            int("s").get(i).unwrap(),
                            int("e").get(i).unwrap(),
                            int("n").get(i).unwrap()
                        )
                    })
                    .collect();
                assert_eq!(found, wanted, "{window}, seed {seed}");
            }
        }
    }
}

/// Many sessions that are bridged again and again, so that slots are numbered anew.
#[test]
fn sessions_that_become_one_leave_nothing_behind() {
    let plan = bind(
        "SELECT k, window_start AS s, count(*) AS n, sum(x) AS v FROM r GROUP BY k, session(t, INTERVAL '1 second')",
    );
    let mut partial = new(&plan);
    let at = |seconds: i64, k: &'static str| Row { k: Some(k), g: None, x: Some(1.5), t: Some(seconds * SECOND) };
    // Every other second first: all apart; then those between.
    let mut random = fastrand::Rng::with_seed(3);
    let mut apart: Vec<Row> = (0..4000).map(|i| at(2 * i, "a")).collect();
    random.shuffle(&mut apart);
    let mut between: Vec<Row> = (0..4000).map(|i| at(2 * i + 1, "a")).collect();
    random.shuffle(&mut between);
    apart.chunks(130).for_each(|c| drop(partial.absorb(&frame(c), None).unwrap()));
    assert_eq!(partial.groups(), 4000);
    let full = partial.size();
    between.chunks(130).for_each(|c| drop(partial.absorb(&frame(c), None).unwrap()));
    assert_eq!(partial.groups(), 1);
    let answer = partial.answer(Some(i64::MAX)).unwrap();
    assert_eq!(
        bits(&answer.frame.select(["n", "v"]).unwrap()),
        [["8000".to_owned()], ["12000.0=40c7700000000000".to_owned()]]
    );
    // Less than a quarter of what there ever was is still waiting to be numbered anew.
    assert!(partial.to_frame().unwrap().height() < 1500, "{}", partial.to_frame().unwrap().height());
    assert!(partial.size() < full * 2);
}

/// In bounded memory however long it runs: what is final leaves, and little enough work is done for it.
#[test]
fn the_number_of_windows_ever_seen_does_not_grow_a_partial() {
    for window in [
        "tumble(t, INTERVAL '1 second')",
        "hop(t, INTERVAL '1 second', INTERVAL '2 seconds')",
        "session(t, INTERVAL '100 ms')",
    ] {
        let plan = bind(&format!("SELECT k, window_start AS s, count(*) AS n FROM r GROUP BY k, {window}"));
        let mut partial = new(&plan);
        let (mut sealed, mut most) = (0, 0);
        for second in 0..600 {
            let rows: Vec<Row> = (0..50)
                .map(|i| Row {
                    k: Some(["a", "b", "c"][i % 3]),
                    g: None,
                    x: None,
                    t: Some(second * SECOND + i as i64 * 10_000),
                })
                .collect();
            partial.absorb(&frame(&rows), Some(second * SECOND)).unwrap();
            if let Some(frame) = partial.seal(second * SECOND, 30).unwrap() {
                sealed += frame.height();
            }
            most = most.max(partial.groups());
        }
        assert!(most < 60, "{window}: {most} groups at once");
        assert_eq!(sealed + partial.groups(), if window.starts_with("hop") { 1803 } else { 1800 }, "{window}");
    }
}

#[test]
fn several_keys_null_keys_and_rows_without_time() {
    let rows = [
        Row { k: None, g: None, x: Some(1.0), t: Some(0) },
        Row { k: None, g: None, x: Some(2.0), t: Some(SECOND) },
        Row { k: None, g: Some(1), x: Some(4.0), t: Some(SECOND) },
        Row { k: Some("a"), g: None, x: Some(8.0), t: None },
        Row { k: Some("a"), g: None, x: Some(16.0), t: None },
        Row { k: Some("a"), g: None, x: Some(32.0), t: Some(0) },
    ];
    for (window, groups) in [
        ("tumble(t, INTERVAL '2 seconds')", 4),
        ("hop(t, INTERVAL '1 second', INTERVAL '2 seconds')", 8),
        ("session(t, INTERVAL '1 second')", 4),
    ] {
        let plan =
            bind(&format!("SELECT k, g, window_start AS s, sum(x) AS v FROM r GROUP BY g, {window}, k ORDER BY v"));
        let mut partial = new(&plan);
        // Without time a row is never late: its window never closes.
        let absorbed = partial.absorb(&frame(&rows[..5]), Some(-SECOND)).unwrap();
        assert!(absorbed.late.is_none() && absorbed.partly_late.is_none());
        partial.absorb(&frame(&rows[5..]), None).unwrap();
        let answer = partial.answer(Some(i64::MAX)).unwrap();
        assert_eq!((answer.frame.height(), answer.groups), (groups, groups), "{window}: {}", answer.frame);
        let timeless = answer.frame.column("s").unwrap().is_null();
        let open: Vec<bool> = answer.status.unwrap().iter().map(|s| *s == WindowStatus::Open).collect();
        assert_eq!(timeless.iter().map(|n| n == Some(true)).collect::<Vec<_>>(), open, "{window}");
        assert_eq!(open.iter().filter(|o| **o).count(), 1);
        let sums: f64 = answer.frame.column("v").unwrap().f64().unwrap().iter().flatten().filter(|v| *v == 24.0).sum();
        assert_eq!(sums, 24.0, "{window}: the rows without time are one group");
    }
}

#[test]
fn windows_as_values_are_their_start() {
    for (window, start) in [
        ("tumble(t, INTERVAL '2 seconds')", 0),
        ("hop(t, INTERVAL '2 seconds', INTERVAL '2 seconds')", 0),
        ("session(t, INTERVAL '2 seconds')", SECOND),
    ] {
        let plan = bind(&format!(
            "SELECT {window} AS w, window_start AS s, window_end - window_start AS d, count(*) AS n FROM r GROUP BY w \
             HAVING window_start IS NOT NULL ORDER BY window_end"
        ));
        let mut partial = new(&plan);
        partial.absorb(&frame(&[Row { k: None, g: None, x: None, t: Some(SECOND) }]), None).unwrap();
        let answer = partial.answer(None).unwrap().frame;
        let micros = |name: &str| answer.column(name).unwrap().to_physical_repr().i64().unwrap().get(0);
        assert_eq!((micros("w"), micros("s"), micros("d")), (Some(start), Some(start), Some(2 * SECOND)), "{window}");
    }
}

#[test]
fn a_watermark_for_each_late_row_or_one_for_all() {
    let plan = question(WINDOWS[0], "k, ");
    let rows: Vec<Row> = (0..3).map(|i| Row { k: None, g: None, x: None, t: Some(i) }).collect();
    let mut partial = new(&plan);
    let fault = partial.readmit(&frame(&rows), &[1, 2]).unwrap_err();
    assert!(fault.to_string().contains("3 late rows have 2 watermarks") && !fault.hint.is_empty());
    // Rows that missed nothing are still set aside.
    let absorbed = partial.readmit(&frame(&rows), &[0]).unwrap();
    assert_eq!((absorbed.shown, absorbed.late.map(|f| f.height()), partial.groups()), (0, Some(3), 0));
    let absorbed = partial.readmit(&frame(&rows), &[i64::MAX]).unwrap();
    assert_eq!((absorbed.shown, absorbed.late.is_none()), (3, true));
}
