//! The helper that learns how late rows come: what it says of a distribution that is known, and that what it predicts
//! is what happens.

use std::time::{Duration, Instant};

use braid::engine::watermark::Watermark;
use braid::query::Partial;
use braid::query::lateness::Delays;
use braid::query::window::{Hop, Tumble, Window, WindowAssigner};
use polars::prelude::*;

use crate::windowed::{bind, frame_micros};

const SECOND: i64 = 1_000_000;

fn column(times: &[i64]) -> Int64Chunked {
    Int64Chunked::from_slice("t".into(), times)
}

/// Rows of which one each microsecond comes on time and moves time on, and others come late by these delays, one after
/// each of those.
fn delayed(delays: &[i64]) -> Vec<i64> {
    let begin = 1_700_000_000 * SECOND;
    (begin..).zip(delays).flat_map(|(now, delay)| [now, now - delay]).collect()
}

fn measured(times: &[i64]) -> Delays {
    let mut delays = Delays::default();
    delays.absorb(0, &column(times));
    delays
}

fn window(sql: &str) -> Window {
    bind(sql).window().unwrap().clone()
}

#[test]
fn quantiles_of_a_known_distribution_are_right_within_a_hundredth() {
    // Half of the rows have no delay, the others 1 ms, 2 ms … 10 s.
    let delays: Vec<i64> = (1..=10_000).map(|ms| ms * 1000).collect();
    let found = measured(&delayed(&delays));
    assert_eq!(
        (found.rows(), found.largest(), found.quantile(0.25), found.quantile(0.5)),
        (20_000, 10 * SECOND, Some(0), Some(0))
    );
    for share in [0.55, 0.6, 0.75, 0.9, 0.99, 0.9999, 1.0] {
        let exact = ((share - 0.5) * 20_000.0_f64).round() * 1000.0;
        let said = found.quantile(share).unwrap() as f64;
        assert!(said >= exact && said <= exact * 1.008 + 1.0, "{share}: {said}, exactly {exact}");
    }
    assert_eq!(Delays::default().quantile(0.5), None);
    // Small delays have their own buckets.
    let small = measured(&delayed(&(0..256).collect::<Vec<_>>()));
    assert!((0..=255).all(|d| small.quantile((256.0 + f64::from(d) + 1.0) / 512.0) == Some(i64::from(d))));
}

#[test]
fn the_curve_says_what_each_setting_would_have_cost() {
    let delays: Vec<i64> = (1..=10_000).map(|ms| ms * 1000).collect();
    let found = measured(&delayed(&delays));
    let curve = found.curve(None, 0.0);
    assert!(
        curve.windows(2).all(|pair| pair[0].lateness < pair[1].lateness && pair[0].late_share >= pair[1].late_share),
        "{curve:?}"
    );
    let of = |lateness: i64| curve.iter().find(|c| c.lateness == lateness).unwrap_or_else(|| panic!("{curve:?}"));
    for (lateness, share) in
        [(0, 0.5), (SECOND, 0.45), (2 * SECOND, 0.4), (5 * SECOND, 0.25), (10 * SECOND, 0.0), (60 * SECOND, 0.0)]
    {
        let cost = of(lateness);
        assert!((cost.late_share - share).abs() < 0.004, "{cost:?}");
        assert_eq!((cost.added_delay, cost.open_windows), (lateness, 0));
    }
    // The smallest settings for 0.1 %, 0.01 % and nothing late: 20, 2 and 0 of 20,000 rows.
    for (share, exact) in [(0.001, 9_980_000), (0.0001, 9_998_000), (0.0, 10_000_000)] {
        let said = found.lateness_for(share, None);
        assert!(said >= exact && said <= 10_000_000, "{share}: {said}, exactly {exact}");
        assert!(found.late_share(said, None) <= share && of(said).late_share <= share);
        let truly_late = delays.iter().filter(|d| **d > said).count() as f64 / 20_000.0;
        assert!(truly_late <= share);
    }
}

#[test]
fn windows_and_groups_in_memory_follow_the_lateness() {
    let found = measured(&delayed(&[SECOND]));
    let open = |sql: &str, lateness: i64| {
        let curve = found.curve(Some(&window(sql)), 7.0);
        let cost = *curve.iter().find(|c| c.lateness == lateness).unwrap();
        assert_eq!(cost.open_groups, cost.open_windows as f64 * 7.0);
        cost.open_windows
    };
    assert_eq!([0, SECOND, 10 * SECOND].map(|l| open("tumble(t, INTERVAL '1 second')", l)), [1, 2, 11]);
    assert_eq!([0, SECOND, 10 * SECOND].map(|l| open("tumble(t, INTERVAL '1 hour')", l)), [1, 2, 2]);
    assert_eq!([0, 10 * SECOND].map(|l| open("hop(t, INTERVAL '2 seconds', INTERVAL '10 seconds')", l)), [5, 10]);
    assert_eq!([0, 10 * SECOND].map(|l| open("session(t, INTERVAL '5 seconds')", l)), [2, 4]);
}

#[test]
fn what_is_learnt_apart_adds_up() {
    let mut random = fastrand::Rng::with_seed(9);
    let times: Vec<i64> = (0..5000).map(|i| i * 1000 - random.i64(0..3 * SECOND)).collect();
    let whole = measured(&times);
    // In chunks of one partition.
    let mut chunks = Delays::default();
    times.chunks(77).for_each(|c| chunks.absorb(0, &column(c)));
    assert_eq!(chunks, whole);
    // Partitions apart and together.
    let (mut both, mut one, mut other) = (Delays::default(), Delays::default(), Delays::default());
    for (i, chunk) in times.chunks(100).enumerate() {
        both.absorb(i as u32 % 2, &column(chunk));
        if i % 2 == 0 { one.absorb(0, &column(chunk)) } else { other.absorb(1, &column(chunk)) }
    }
    one.merge(&other);
    assert_eq!(one, both);
    // Rows without time say nothing.
    let nulls: Int64Chunked = [Some(5), None, Some(3)].into_iter().collect();
    let mut with_nulls = Delays::default();
    with_nulls.absorb(0, &nulls);
    assert_eq!((with_nulls.rows(), with_nulls.largest()), (2, 2));
}

#[test]
fn no_delay_is_too_large() {
    let found = measured(&[i64::MAX, i64::MIN, 0, i64::MAX]);
    assert_eq!((found.largest(), found.quantile(1.0)), (i64::MAX, Some(i64::MAX)));
    assert!(
        found
            .curve(Some(&window("tumble(t, INTERVAL '1 hour')")), 1.0)
            .iter()
            .all(|c| (0.0..=1.0).contains(&c.late_share))
    );
    assert_eq!(found.late_share(i64::MAX, None), 0.0);
}

/// The same rows through a partial, row by row with a real watermark: the share that is set aside is the one predicted.
#[test]
fn what_is_predicted_is_what_happens() {
    let mut random = fastrand::Rng::with_seed(5);
    // Delays of up to 8 s, most of them short; 60,000 rows in 10 minutes.
    let times: Vec<i64> = (0..60_000).map(|i| i * 10_000 - (random.f64().powi(4) * 8e6) as i64).collect();
    let delays = measured(&times);
    for (sql, lateness) in [
        ("tumble(t, INTERVAL '1 second')", 0),
        ("tumble(t, INTERVAL '1 second')", 2 * SECOND),
        ("tumble(t, INTERVAL '7 seconds')", SECOND),
        ("hop(t, INTERVAL '500 ms', INTERVAL '2 seconds')", 0),
        ("session(t, INTERVAL '1 second')", SECOND),
    ] {
        let plan = bind(sql);
        let window = plan.window().unwrap().clone();
        let mut partial = Partial::new(plan.clone()).unwrap();
        let now = Instant::now();
        let watermark = Watermark::new(Duration::from_micros(lateness as u64));
        let feed = watermark.add(now);
        let mut late = 0;
        for chunk in times.chunks(50) {
            let before = watermark.advance(feed, chunk.iter().max().copied(), now);
            let rows: Vec<_> = chunk.iter().map(|_| ("a", 1, 0)).collect();
            late +=
                partial.absorb(&frame_micros(&rows, chunk.to_vec()), before).unwrap().late.map_or(0, |f| f.height());
        }
        let (happened, predicted) = (late as f64 / times.len() as f64, delays.late_share(lateness, Some(&window)));
        // Half a second goes by in a chunk, within which nothing becomes late: predicted is a little more.
        assert!(
            happened <= predicted + 0.002 && predicted <= happened + 0.25 * predicted + 0.03,
            "{sql} {lateness}: {happened} happened, {predicted} predicted"
        );
        assert!(predicted > 0.01, "{sql}: the test shows something");
    }
    let by_hand = Window {
        kind: WindowAssigner::Hop(Hop { slide: SECOND, size: SECOND, offset: 0 }),
        ..window("tumble(t, INTERVAL '1 second')")
    };
    let tumble = Window { kind: WindowAssigner::Tumble(Tumble { size: SECOND, offset: 0 }), ..by_hand.clone() };
    assert_eq!(
        delays.late_share(SECOND, Some(&by_hand)),
        delays.late_share(SECOND, Some(&tumble)),
        "a hop as long as its slide is a tumble"
    );
}
