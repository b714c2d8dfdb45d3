//! The cases of Apache Beam's TestStreamTest, by its names, said of our windows: where Beam fires panes, our answer can
//! be read at any time; where it drops what is too late, we set it aside and can take it again. Beam's 'allowed
//! lateness' is how far our watermark stays behind.

use std::time::{Duration, Instant};

use braid::engine::watermark::Watermark;
use braid::query::Partial;
use braid::query::window::WindowStatus::{Corrected, Final, Open};

use crate::windowed::{Stream, frame, frame_micros, is, seen};

const MINUTE: i64 = 60_000;

#[test]
fn late_data_accumulating() {
    let mut stream = Stream::new("tumble(t, INTERVAL '5 minutes')", 5 * 60_000);
    stream.rows(&[("a", 1, 0), ("a", 2, 0), ("a", 3, 0)]).advance(6 * MINUTE);
    is(&stream.all(), &[("a", 0, 5 * MINUTE, 6)]);
    // Late, and within the allowed lateness.
    stream.rows(&[("a", 4, 0), ("a", 5, 0)]);
    is(&stream.all(), &[("a", 0, 5 * MINUTE, 15)]);
    assert_eq!(stream.status(), [Open]);
    stream.advance(20 * MINUTE);
    assert_eq!(stream.status(), [Final]);
    // Beyond it.
    stream.rows(&[("a", -1, 0), ("a", -2, 0), ("a", -3, 0)]).advance_to_infinity();
    is(&stream.all(), &[("a", 0, 5 * MINUTE, 15)]);
    assert_eq!((stream.late_rows(), stream.shown, stream.status()), (3, 5, vec![Final]));
    stream.readmit();
    is(&stream.all(), &[("a", 0, 5 * MINUTE, 9)]);
    assert_eq!(stream.status(), [Corrected]);
}

#[test]
fn processing_time_trigger() {
    let mut stream = Stream::new("tumble(t, INTERVAL '1 day')", 0);
    // No watermark, any time: the answer is there all the same.
    stream.rows(&[("a", 1, 1000), ("a", 2, 2000)]);
    is(&stream.all(), &[("a", 0, 86_400_000, 3)]);
    stream.rows(&[("a", 3, 3000)]);
    is(&stream.all(), &[("a", 0, 86_400_000, 6)]);
    assert_eq!(stream.status(), [Open]);
}

/// A pane that is discarded once it was given on is what a worker hands to the merger.
#[test]
fn discarding_mode() {
    let mut stream = Stream::new("tumble(t, INTERVAL '1 second')", 5000);
    let mut merged = Partial::new(stream.plan.clone()).unwrap();
    let mut panes = Vec::new();
    let mut hand_over = |stream: &mut Stream| {
        panes.push(seen(&stream.partial, None).iter().map(|s| s.3).collect::<Vec<_>>());
        merged.merge(&stream.partial.to_frame().unwrap()).unwrap();
        stream.partial = Partial::new(stream.plan.clone()).unwrap();
    };
    stream.advance(0).rows(&[("a", 1, 100), ("a", 2, 200)]);
    hand_over(&mut stream);
    stream.rows(&[("a", 4, 500)]).advance(1000);
    hand_over(&mut stream);
    stream.rows(&[("a", 8, 750), ("a", 16, 250)]).advance_to_infinity();
    hand_over(&mut stream);
    assert_eq!(panes, [[3], [4], [24]]);
    assert_eq!(seen(&merged, stream.reached()), [("a".to_owned(), 0, 1000, 31, Final)]);
}

#[test]
fn first_element_late() {
    let mut stream = Stream::new("tumble(t, INTERVAL '1 second')", 5000);
    stream.advance(0).rows(&[("late", 1, -1_000_000)]).rows(&[("on time", 1, 100)]).advance_to_infinity();
    is(&stream.all(), &[("on time", 0, 1000, 1)]);
    assert_eq!(stream.late_rows(), 1);
}

#[test]
fn elements_at_almost_positive_infinity() {
    for window in [
        "tumble(t, INTERVAL '6 hours')",
        "hop(t, INTERVAL '3 hours', INTERVAL '6 hours')",
        "session(t, INTERVAL '6 hours')",
    ] {
        let mut stream = Stream::new(window, 0);
        stream.take(&frame_micros(&[("a", 1, 0), ("a", 2, 0)], vec![i64::MAX - 1, i64::MAX - 1]));
        // A window that would end beyond what times can say is none: the rows are with those without a time.
        let before = stream.seen();
        assert_eq!(before, [("a".to_owned(), i64::MIN, i64::MIN, 3, Open)], "{window}");
        stream.advance_to_infinity();
        assert_eq!(stream.seen(), before, "{window}");
    }
}

#[test]
fn multiple_streams() {
    // Two feeds of one table: a window is final only when both have passed it.
    let (now, watermark) = (Instant::now(), Watermark::new(Duration::ZERO));
    let (one, other) = (watermark.add(now), watermark.add(now));
    let mut stream = Stream::new("tumble(t, INTERVAL '1 second')", 0);
    stream.rows(&[("foo", 1, 0), ("bar", 2, 0)]);
    watermark.advance(one, Some(i64::MAX), now);
    assert_eq!(watermark.get(now), None, "the other one may begin anywhere");
    assert!(seen(&stream.partial, watermark.get(now)).iter().all(|s| s.4 == Open));
    watermark.advance(other, Some(1_000_000), now);
    assert_eq!(watermark.get(now), Some(1_000_000));
    assert!(seen(&stream.partial, watermark.get(now)).iter().all(|s| s.4 == Final));
    watermark.end(other);
    assert_eq!(watermark.get(now), Some(i64::MAX));
}

/// Beam refuses such a row; here it is a row like others.
#[test]
fn element_at_positive_infinity_throws() {
    for window in [
        "tumble(t, INTERVAL '1 hour')",
        "hop(t, INTERVAL '7 minutes', INTERVAL '1 hour')",
        "session(t, INTERVAL '1 hour')",
    ] {
        let mut stream = Stream::new(window, 0);
        stream.advance(0).take(&frame_micros(&[("a", 1, 0), ("b", 2, 0)], vec![i64::MAX, i64::MIN + 7_200_000_000]));
        assert_eq!((stream.shown, stream.late_rows()), (1, 1), "{window}: the other end of time is late");
        assert!(stream.seen().iter().all(|s| s.0 == "a" && s.3 == 1), "{window}");
        stream.readmit();
        assert!(stream.seen().iter().any(|s| s.0 == "b" && s.3 == 2 && s.4 == Corrected), "{window}");
    }
}

/// Beam refuses to go back; here the watermark stays where it was.
#[test]
fn advance_watermark_non_monotonic_throws() {
    let mut stream = Stream::new("tumble(t, INTERVAL '1 second')", 0);
    stream.advance(0);
    assert_eq!(stream.reached(), Some(0));
    stream.advance(-1000);
    assert_eq!(stream.reached(), Some(0));
    stream.rows(&[("a", 1, -500), ("a", 2, 500)]);
    is(&stream.all(), &[("a", 0, 1000, 2)]);
    assert_eq!(stream.late_rows(), 1);
    // Nor does it go back when a partition that lags behind wakes up.
    let (now, watermark) = (Instant::now(), Watermark::new(Duration::ZERO).idle_after(Duration::from_secs(5)));
    let (fast, slow) = (watermark.add(now), watermark.add(now));
    watermark.advance(fast, Some(9_000_000), now);
    watermark.advance(slow, Some(1_000_000), now);
    assert_eq!(watermark.get(now), Some(1_000_000));
    let later = now + Duration::from_secs(6);
    watermark.advance(fast, Some(9_500_000), later);
    assert_eq!(watermark.get(later), Some(9_500_000), "an idle partition holds nothing back");
    watermark.advance(slow, Some(2_000_000), later);
    assert_eq!(watermark.get(later), Some(9_500_000));
}

/// Beam refuses this too; here it means that no row is expected any more.
#[test]
fn advance_watermark_equal_to_positive_infinity_throws() {
    let mut stream = Stream::new("tumble(t, INTERVAL '1 second')", 0);
    stream.rows(&[("a", 1, 0)]).advance_to_infinity();
    assert_eq!((stream.reached(), stream.status()), (Some(i64::MAX), vec![Final]));
    stream.rows(&[("a", 2, 0), ("a", 3, 1_000_000_000)]);
    assert_eq!(stream.late_rows(), 2, "whatever comes now is late");
    stream.take(&frame_micros(&[("a", 4, 0)], vec![i64::MAX]));
    assert_eq!(stream.late_rows(), 2, "for ever is no moment that could be late");
    is(&stream.all(), &[("a", 0, 1000, 1), ("a", i64::MIN, i64::MIN, 4)]);
}

#[test]
fn early_panes_of_window() {
    let mut stream = Stream::new("tumble(t, INTERVAL '30 minutes')", 0);
    let mut early = Vec::new();
    for (v, t) in [(1, 1000), (2, 2000), (3, 3000)] {
        stream.rows(&[("key", v, t)]);
        assert_eq!(stream.status(), [Open]);
        early.push(stream.all()[0].3);
    }
    assert_eq!(early, [1, 3, 6]);
    stream.advance_to_infinity();
    is(&stream.fired(), &[("key", 0, 30 * MINUTE, 6)]);
}

/// The state is its own code: as a table it comes back equal.
#[test]
fn test_stream_coder() {
    let mut stream = Stream::new("session(t, INTERVAL '1 second')", 0);
    stream.rows(&[("hey", 1, 0), ("joe", 2, 5000), ("hey", 3, 900)]).advance(22_521_600);
    stream.take(&frame(&[("joe", 4, 100)]));
    stream.readmit();
    let before = stream.seen();
    assert_eq!(before.iter().filter(|s| s.4 == Corrected).count(), 1);
    assert_eq!(stream.restore().seen(), before);
}
