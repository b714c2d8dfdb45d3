//! The helper that learns how late rows come: what it says of a distribution that is known, and that what it predicts
//! is what happens.

use std::time::{Duration, Instant};

use braid::engine::watermark::Watermark;
use braid::query::lateness::Delays;
use braid::query::window::{Admission, Window};
use polars::prelude::*;

use crate::windowed::bind;

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
    delays.absorb(0, &column(times), &column(times));
    delays
}

fn measured_by(times: &[i64], window: &Window) -> Delays {
    let mut delays = Delays::by(Some(window.kind));
    delays.absorb(0, &column(times), &column(times));
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
    let curve = found.curve(0.0);
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
        let said = found.lateness_for(share);
        assert!(said >= exact && said <= 10_000_000, "{share}: {said}, exactly {exact}");
        assert!(found.late_share(said) <= share && of(said).late_share <= share);
        let truly_late = delays.iter().filter(|d| **d > said).count() as f64 / 20_000.0;
        assert!(truly_late <= share);
    }
}

#[test]
fn windows_and_groups_in_memory_follow_the_lateness() {
    let open = |sql: &str, lateness: i64| {
        let curve = measured_by(&delayed(&[SECOND]), &window(sql)).curve(7.0);
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
    times.chunks(77).for_each(|c| chunks.absorb(0, &column(c), &column(c)));
    assert_eq!(chunks, whole);
    // Partitions apart and together.
    let (mut both, mut one, mut other) = (Delays::default(), Delays::default(), Delays::default());
    for (i, chunk) in times.chunks(100).enumerate() {
        let chunk = &column(chunk);
        both.absorb(i as u32 % 2, chunk, chunk);
        if i % 2 == 0 { one.absorb(0, chunk, chunk) } else { other.absorb(1, chunk, chunk) }
    }
    one.merge(&other);
    assert_eq!(one, both);
    // Rows without time say nothing.
    let nulls: Int64Chunked = [Some(5), None, Some(3)].into_iter().collect();
    let mut with_nulls = Delays::default();
    with_nulls.absorb(0, &nulls, &nulls);
    assert_eq!((with_nulls.rows(), with_nulls.largest()), (2, 2));
}

#[test]
fn no_delay_is_too_large() {
    let times = [i64::MAX, i64::MIN, 0, i64::MAX];
    let found = measured(&times);
    assert_eq!((found.largest(), found.quantile(1.0)), (i64::MAX, Some(i64::MAX)));
    assert!(
        measured_by(&times, &window("tumble(t, INTERVAL '1 hour')"))
            .curve(1.0)
            .iter()
            .all(|c| (0.0..=1.0).contains(&c.late_share))
    );
    assert_eq!(found.late_share(i64::MAX), 0.0);
}

/// How many of these rows a watermark with this lateness judges late.
fn late(times: &[i64], window: &Window, lateness: i64) -> usize {
    let now = Instant::now();
    let watermark = Watermark::new(Duration::from_micros(lateness as u64));
    let feed = watermark.add(now);
    let (_, judged) = watermark.judge(feed, &column(times), true, now);
    let each: Vec<i64> = judged.unwrap().iter().map(|w| w.unwrap_or(i64::MIN)).collect();
    window.place(&column(times), Admission::Judged(&each)).late.len()
}

/// The same rows by a real watermark: those that it sets aside are those that are measured.
#[test]
fn what_is_measured_is_what_happens() {
    let mut random = fastrand::Rng::with_seed(5);
    // Delays of up to 8 s, most of them short; 60,000 rows in 10 minutes.
    let times: Vec<i64> = (0..60_000).map(|i| i * 10_000 - (random.f64().powi(4) * 8e6) as i64).collect();
    for sql in [
        "tumble(t, INTERVAL '1 second')",
        "tumble(t, INTERVAL '7 seconds')",
        "hop(t, INTERVAL '500 ms', INTERVAL '2 seconds')",
        "hop(t, INTERVAL '2 seconds', INTERVAL '500 ms')",
        "session(t, INTERVAL '1 second')",
    ] {
        let window = window(sql);
        let delays = measured_by(&times, &window);
        for lateness in [0, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND] {
            let happened = late(&times, &window, lateness) as f64 / times.len() as f64;
            assert_eq!(delays.late_share(lateness), happened, "{sql} {lateness}");
        }
        assert!(delays.late_share(0) > 0.001, "{sql}: the test shows something");
        // Any other setting is told to within a bucket, and never as better than it is.
        for lateness in [300_000, 1_234_567, 3_333_333] {
            let happened = late(&times, &window, lateness) as f64 / times.len() as f64;
            let measured = delays.late_share(lateness);
            assert!(measured >= happened && measured <= happened * 1.1 + 1e-3, "{sql} {lateness}: {happened}");
        }
        assert_eq!(late(&times, &window, delays.lateness_for(0.0)), 0, "{sql}");
    }
}

#[test]
fn rows_that_are_late_in_no_window_are_none() {
    // Whole minutes, two of them exchanged, and none across the end of an hour.
    let times: Vec<i64> = (0..6_000).map(|i| (i ^ 1) * 60 * SECOND).collect();
    assert!(measured(&times).late_share(0) > 0.4, "half of the rows come after a later one");
    assert_eq!(measured_by(&times, &window("tumble(t, INTERVAL '1 hour')")).late_share(0), 0.0);
    assert!(measured_by(&times, &window("tumble(t, INTERVAL '1 minute')")).late_share(0) > 0.4);
}
