//! Window bugs that Bytewax once had, and its cases of which sliding windows a value lies in, by its names.

use std::time::{Duration, Instant};

use braid::engine::watermark::Watermark;
use braid::query::window::Hop;
use braid::query::window::WindowStatus::{Final, Open};

use crate::windowed::{Stream, is, windows_of};

/// Windows of `length` seconds every `slide` seconds, counted from 2023-03-16 09:00, that hold a value so many seconds
/// after it.
fn intersects(length: f64, slide: f64, at: f64) -> Vec<i64> {
    const ALIGN: i64 = 1_678_957_200_000_000;
    let micros = |s: f64| (s * 1e6).round() as i64;
    let hop = Hop { slide: micros(slide), size: micros(length), offset: ALIGN };
    let found: Vec<i64> =
        hop.starts(ALIGN + micros(at)).map(|start| (start - ALIGN).div_euclid(micros(slide))).collect();
    assert!(found.len() as i64 <= hop.most_windows());
    found
}

/// Bytewax 0.21.1 said 102 and 103 (its issue 485): the value lies before the start of window 103.
#[test]
fn intersect_bug() {
    assert_eq!(intersects(5.5, 5.0, 513.0404), [102]);
}

#[test]
fn a_boundary_value_put_into_an_extra_sliding_window() {
    // A value on a start is in the window that begins there; one on an end is not in the window that ends there.
    assert_eq!(
        windows_of("hop(t, INTERVAL '5 seconds', INTERVAL '10 seconds')", 10_000),
        [(5_000, 15_000), (10_000, 20_000)]
    );
    assert_eq!(
        windows_of("hop(t, INTERVAL '5 seconds', INTERVAL '10 seconds')", 9_999),
        [(0, 10_000), (5_000, 15_000)]
    );
    assert_eq!(windows_of("hop(t, INTERVAL '10 seconds', INTERVAL '10 seconds')", 10_000), [(10_000, 20_000)]);
    assert_eq!(windows_of("hop(t, INTERVAL '5 seconds', INTERVAL '5.5 seconds')", 513_040), [(510_000, 515_500)]);
    assert_eq!(
        windows_of("hop(t, INTERVAL '5 seconds', INTERVAL '5.5 seconds')", 515_499),
        [(510_000, 515_500), (515_000, 520_500)]
    );
    assert_eq!(windows_of("hop(t, INTERVAL '5 seconds', INTERVAL '5.5 seconds')", 515_500), [(515_000, 520_500)]);
}

#[test]
fn closing_delayed_when_all_values_sit_in_one_window() {
    // All values of a key sit in one window, and none of that key comes after it: time passes all the same.
    let mut stream = Stream::new("tumble(t, INTERVAL '1 minute')", 0);
    stream.rows(&[("quiet", 1, 1_000), ("quiet", 2, 2_000), ("loud", 1, 1_000)]).advance(2_000);
    assert_eq!(stream.status(), [Open, Open]);
    stream.rows(&[("loud", 5, 60_000)]).advance(60_000);
    is(&stream.fired(), &[("loud", 0, 60_000, 1), ("quiet", 0, 60_000, 3)]);
    // All values of a whole partition sit in one window: once it is idle it holds nothing back.
    let (now, watermark) = (Instant::now(), Watermark::new(Duration::ZERO).idle_after(Duration::from_secs(10)));
    let (quiet, loud) = (watermark.add(now), watermark.add(now));
    watermark.advance(quiet, Some(2_000_000), now);
    watermark.advance(loud, Some(120_000_000), now);
    assert_eq!(watermark.get(now + Duration::from_secs(9)), Some(2_000_000));
    assert_eq!(
        watermark.get(now + Duration::from_secs(10)),
        Some(120_000_000),
        "both are idle: the furthest of them counts"
    );
    // And when everything ends, everything is final.
    stream.advance_to_infinity();
    assert!(stream.status().iter().all(|s| *s == Final));
}

/// Bytewax lost data when windows were aligned to a time long ago and the slide did not divide the size (issue 413).
#[test]
fn data_missing_from_windows_when_align_to_is_very_long_ago() {
    for slide in [800_000, 700_000, 300_000, 1_600_000] {
        let hop = Hop { slide, size: 1_600_000, offset: -62_135_596_800_000_000 };
        let t = 1_709_315_512_577_000;
        let starts: Vec<i64> = hop.starts(t).collect();
        assert!(!starts.is_empty());
        assert!(starts.iter().all(|s| *s <= t && t < s + 1_600_000), "{slide}: {starts:?}");
        assert!(!(starts[0] - slide <= t && t < starts[0] - slide + 1_600_000), "{slide}: none is left out");
    }
}

#[test]
fn intersect_overlap_offset_divisible_by_length() {
    for (at, windows) in [
        (13.0, [1, 2]),   // bulk positive
        (-3.0, [-2, -1]), // bulk negative
        (3.0, [-1, 0]),   // bulk zero negative
        (7.0, [0, 1]),    // bulk zero positive
        (15.0, [2, 3]),   // edge positive
        (-5.0, [-2, -1]), // edge negative
        (0.0, [-1, 0]),   // edge start zero
        (10.0, [1, 2]),   // edge end zero
    ] {
        assert_eq!(intersects(10.0, 5.0, at), windows, "{at}");
    }
}

#[test]
fn intersect_overlap_offset_indivisible_by_length() {
    for (slide, at, windows) in [
        (3.0, 11.0, vec![1, 2, 3]),    // bulk positive
        (3.0, 11.5, vec![1, 2, 3]),    // bulk positive remainder
        (3.0, -1.0, vec![-3, -2, -1]), // bulk negative
        (3.0, -1.5, vec![-3, -2, -1]), // bulk negative remainder
        (3.0, 5.0, vec![-1, 0, 1]),    // bulk zero
        (7.0, 14.0, vec![1, 2]),       // edge start positive
        (7.0, -7.0, vec![-2, -1]),     // edge start negative
        (7.0, 0.0, vec![-1, 0]),       // edge start zero
        (7.0, 17.0, vec![2]),          // edge end positive
        (7.0, -4.0, vec![-1]),         // edge end negative
        (7.0, 10.0, vec![1]),          // edge end zero
    ] {
        assert_eq!(intersects(10.0, slide, at), windows, "{slide} {at}");
    }
}

#[test]
fn intersect_tumble() {
    // Bulk positive, negative, zero; edge positive, negative, zero at its start and its end.
    for (at, window) in [(15.0, 1), (-5.0, -1), (5.0, 0), (20.0, 2), (-10.0, -1), (0.0, 0), (10.0, 1)] {
        assert_eq!(intersects(10.0, 10.0, at), [window], "{at}");
    }
}

#[test]
fn values_between_hops_are_in_no_window_and_counted_as_filtered() {
    assert_eq!(intersects(2.0, 5.0, 1.999999), [0]);
    assert!(intersects(2.0, 5.0, 2.0).is_empty());
    assert_eq!(intersects(2.0, 5.0, 5.0), [1]);
    let mut stream = Stream::new("hop(t, INTERVAL '5 seconds', INTERVAL '2 seconds')", 0);
    stream.rows(&[
        ("a", 1, 0),
        ("a", 2, 1_999),
        ("a", 4, 2_000),
        ("a", 8, 4_999),
        ("a", 16, 5_000),
        ("a", 32, -1),
        ("a", 64, -4_000),
    ]);
    is(&stream.all(), &[("a", -5_000, -3_000, 64), ("a", 0, 2_000, 3), ("a", 5_000, 7_000, 16)]);
    assert_eq!((stream.shown, stream.filtered), (4, 3));
}
