//! The cases of Apache Flink's window operator, of its assigners and of its session merging, by their names, said of
//! our windows. A Flink watermark `w` says that no more rows at or before `w` come. Where Flink fires, a window is
//! final; where it cleans up, it can be sealed; a session is final a gap after its end, when no row that is not late
//! can be linked to it any more, and where Flink counts rows exactly a gap apart as two sessions, we follow DuckDB: as
//! one.

use braid::query::Partial;
use braid::query::window::Tumble;
use braid::query::window::WindowStatus::{Corrected, Final, Open};

use crate::windowed::{Row, Stream, bind, is, seen, windows_of};

const OUT_OF_ORDER: &[Row<'_>] = &[
    ("key2", 1, 3999),
    ("key2", 1, 3000),
    ("key1", 1, 20),
    ("key1", 1, 0),
    ("key1", 1, 999),
    ("key2", 1, 1998),
    ("key2", 1, 1999),
    ("key2", 1, 1000),
];

/// All at once, or row by row, with a restart after the third watermark.
fn sliding(one_by_one: bool) {
    let mut stream = Stream::new("hop(t, INTERVAL '1 second', INTERVAL '3 seconds')", 0);
    if one_by_one {
        OUT_OF_ORDER.iter().for_each(|row| {
            stream.rows(&[*row]);
        });
    } else {
        stream.rows(OUT_OF_ORDER);
    }
    let all = [
        ("key1", -2000, 1000, 3),
        ("key1", -1000, 2000, 3),
        ("key1", 0, 3000, 3),
        ("key2", -1000, 2000, 3),
        ("key2", 0, 3000, 3),
        ("key2", 1000, 4000, 5),
        ("key2", 2000, 5000, 2),
        ("key2", 3000, 6000, 2),
    ];
    let until = |end: i64| all.iter().copied().filter(|w| w.2 <= end).collect::<Vec<_>>();
    for (watermark, restart) in [
        (999, false),
        (1999, false),
        (2999, true),
        (3999, false),
        (4999, false),
        (5999, false),
        (6999, false),
        (7999, false),
    ] {
        stream.flink_watermark(watermark);
        is(&stream.fired(), &until(watermark + 1));
        if restart {
            stream.restore();
            is(&stream.fired(), &until(watermark + 1));
        }
    }
    is(&stream.all(), &all);
}

#[test]
fn sliding_event_time_windows_reduce() {
    sliding(false);
}

#[test]
fn sliding_event_time_windows_apply() {
    sliding(true);
}

fn tumbling(one_by_one: bool) {
    let mut stream = Stream::new("tumble(t, INTERVAL '3 seconds')", 0);
    if one_by_one {
        OUT_OF_ORDER.iter().for_each(|row| {
            stream.rows(&[*row]);
        });
    } else {
        stream.rows(OUT_OF_ORDER);
    }
    let first = [("key1", 0, 3000, 3), ("key2", 0, 3000, 3)];
    stream.flink_watermark(999);
    is(&stream.fired(), &[]);
    stream.flink_watermark(1999);
    is(&stream.fired(), &[]);
    stream.restore().flink_watermark(2999);
    is(&stream.fired(), &first);
    stream.flink_watermark(4999);
    is(&stream.fired(), &first);
    stream.flink_watermark(5999);
    is(&stream.fired(), &[first[0], first[1], ("key2", 3000, 6000, 2)]);
}

#[test]
fn tumbling_event_time_windows_reduce() {
    tumbling(false);
}

#[test]
fn tumbling_event_time_windows_apply() {
    tumbling(true);
}

#[test]
fn session_windows() {
    let mut stream = Stream::new("session(t, INTERVAL '3 seconds')", 0);
    stream.rows(&[("key2", 1, 0), ("key2", 2, 1000), ("key2", 3, 2500), ("key1", 1, 10), ("key1", 2, 1000)]);
    // Restore in the middle of sessions.
    stream.restore();
    stream.rows(&[("key1", 3, 2500), ("key2", 4, 5501), ("key2", 5, 6000), ("key2", 5, 6000), ("key2", 6, 6050)]);
    stream.flink_watermark(12_000);
    let fired = [("key1", 10, 5500, 6), ("key2", 0, 5500, 6), ("key2", 5501, 9050, 20)];
    is(&stream.all(), &fired);
    stream.rows(&[("key2", 10, 15_000), ("key2", 20, 15_000)]).flink_watermark(21_000);
    is(&stream.fired(), &[fired[0], fired[1], fired[2], ("key2", 15_000, 18_000, 30)]);
}

#[test]
fn reduce_session_windows() {
    // The same in any order, each row handed over by a worker of its own.
    let rows = [
        ("key2", 1, 0),
        ("key2", 2, 1000),
        ("key2", 3, 2500),
        ("key1", 1, 10),
        ("key1", 2, 1000),
        ("key1", 3, 2500),
        ("key2", 4, 5501),
        ("key2", 5, 6000),
        ("key2", 5, 6000),
        ("key2", 6, 6050),
    ];
    for seed in 0..50 {
        let mut shuffled = rows;
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        let mut merged = Stream::new("session(t, INTERVAL '3 seconds')", 0);
        for row in shuffled {
            let mut worker = Stream::new("session(t, INTERVAL '3 seconds')", 0);
            worker.rows(&[row]);
            merged.partial.merge(&worker.partial.to_frame().unwrap()).unwrap();
        }
        is(&merged.all(), &[("key1", 10, 5500, 6), ("key2", 0, 5500, 6), ("key2", 5501, 9050, 20)]);
    }
}

/// A row that bridges two sessions makes them one.
#[test]
fn session_windows_with_process_function() {
    let mut stream = Stream::new("session(t, INTERVAL '3 seconds')", 0);
    stream.rows(&[("a", 1, 0), ("a", 2, 6000), ("a", 4, 12_000), ("b", 8, 3000)]);
    assert_eq!(stream.partial.groups(), 4);
    stream.restore().rows(&[("a", 16, 3000)]);
    is(&stream.all(), &[("a", 0, 9000, 19), ("a", 12_000, 15_000, 4), ("b", 3000, 6000, 8)]);
    assert_eq!(stream.partial.groups(), 3);
    stream.rows(&[("a", 32, 9000)]).restore();
    is(&stream.all(), &[("a", 0, 15_000, 55), ("b", 3000, 6000, 8)]);
    assert_eq!(stream.partial.to_frame().unwrap().height(), 2);
}

#[test]
fn point_sessions() {
    let mut stream = Stream::new("session(t, INTERVAL '3 seconds')", 0);
    stream.rows(&[("key2", 1, 0), ("key2", 33, 1000)]).restore();
    stream.rows(&[("key2", 33, 2500), ("key1", 1, 10), ("key1", 2, 10), ("key1", 30, 10)]).flink_watermark(12_000);
    is(&stream.fired(), &[("key1", 10, 3010, 33), ("key2", 0, 5500, 67)]);
}

/// The watermark is followed to every window's end, not only to some.
#[test]
fn continuous_watermark_trigger() {
    let mut stream = Stream::new("tumble(t, INTERVAL '1 second')", 0);
    let rows: Vec<Row<'_>> = (0..20).map(|i| ("a", 1, i * 500)).collect();
    stream.rows(&rows);
    for second in 0..=10 {
        stream.advance(second * 1000);
        assert_eq!(stream.fired().len() as i64, second, "at {second} s");
        stream.advance(second * 1000 + 999);
        assert_eq!(stream.fired().len() as i64, second, "just before {} s", second + 1);
    }
}

#[test]
fn lateness() {
    // Window 2 s, allowed lateness 0.5 s.
    let mut stream = Stream::new("tumble(t, INTERVAL '2 seconds')", 500);
    stream.rows(&[("key2", 1, 500)]).flink_watermark(1500).rows(&[("key2", 1, 1300)]).flink_watermark(2300);
    is(&stream.all(), &[("key2", 0, 2000, 2)]);
    // Late for Flink's first firing, and taken.
    stream.rows(&[("key2", 1, 1997)]).flink_watermark(6000);
    is(&stream.fired(), &[("key2", 0, 2000, 3)]);
    // Too late.
    stream.rows(&[("key2", 1, 1998)]).flink_watermark(7000);
    is(&stream.fired(), &[("key2", 0, 2000, 3)]);
    assert_eq!(stream.late_rows(), 1);
}

/// Flink once forgot windows whose end plus lateness was beyond the largest number.
#[test]
fn cleanup_time_overflow() {
    const DAYS: &str = "tumble(t, INTERVAL '1 day')";
    let mut stream = Stream::new(DAYS, u64::MAX / 4);
    stream.rows(&[("a", 1, 0)]).flink_watermark(i64::MAX / 1000 - 1);
    stream.rows(&[("a", 2, 1)]);
    is(&stream.all(), &[("a", 0, 86_400_000, 3)]);
    assert_eq!((stream.status(), stream.late_rows()), (vec![Open], 0), "with endless lateness nothing is late");
    // And a window that ends beyond what can be said is none: its rows are with those without a time.
    let mut stream = Stream::new(DAYS, 0);
    let last = i64::MAX / 1000 - 10;
    stream.rows(&[("a", 1, last)]).advance(last + 5);
    assert_eq!(stream.status(), [Open]);
    stream.advance_to_infinity();
    is(&stream.all(), &[("a", i64::MIN, i64::MIN, 1)]);
    assert_eq!(stream.status(), [Open]);
}

#[test]
fn side_output_due_to_lateness_tumbling() {
    let mut stream = Stream::new("tumble(t, INTERVAL '2 seconds')", 0);
    stream.rows(&[("key2", 1, 500)]).flink_watermark(1985).rows(&[("key2", 1, 1980)]);
    // The last moment of the window: [0, 2000).
    stream.flink_watermark(1998).rows(&[("key2", 1, 1998)]).flink_watermark(1999);
    is(&stream.fired(), &[("key2", 0, 2000, 3)]);
    stream.rows(&[("key2", 1, 1998), ("key2", 1, 2001)]).flink_watermark(2999);
    assert_eq!(stream.late_rows(), 1);
    stream.rows(&[("key2", 1, 3000)]).flink_watermark(3999);
    is(&stream.fired(), &[("key2", 0, 2000, 3), ("key2", 2000, 4000, 2)]);
}

#[test]
fn side_output_due_to_lateness_sliding() {
    let mut stream = Stream::new("hop(t, INTERVAL '1 second', INTERVAL '3 seconds')", 0);
    stream.rows(&[("key2", 1, 1000)]).flink_watermark(1999);
    stream.rows(&[("key2", 1, 2000)]).flink_watermark(3000);
    is(&stream.fired(), &[("key2", -1000, 2000, 1), ("key2", 0, 3000, 2)]);
    // Late for some of its windows: in those that are open, and nowhere counted twice.
    stream.rows(&[("key2", 1, 1500)]);
    is(
        &stream.all(),
        &[("key2", -1000, 2000, 1), ("key2", 0, 3000, 2), ("key2", 1000, 4000, 3), ("key2", 2000, 5000, 1)],
    );
    assert_eq!((stream.late_rows(), stream.partly_late.len(), stream.shown), (0, 1, 3));
    // Late for all.
    stream.flink_watermark(6000).rows(&[("key2", 1, 1500), ("key2", 1, 2500), ("key1", 4, 6500)]);
    assert_eq!((stream.late_rows(), stream.shown), (2, 4));
    // Re-admitted, each row is in exactly the windows it missed.
    stream.readmit();
    let all = [
        ("key1", 4000, 7000, 4),
        ("key1", 5000, 8000, 4),
        ("key1", 6000, 9000, 4),
        ("key2", -1000, 2000, 3),
        ("key2", 0, 3000, 5),
        ("key2", 1000, 4000, 5),
        ("key2", 2000, 5000, 2),
    ];
    is(&stream.all(), &all);
    assert_eq!(stream.status(), [Open, Open, Open, Corrected, Corrected, Corrected, Corrected]);
    let marked: Vec<_> = stream.restore().status();
    assert_eq!(marked[3..], [Corrected; 4], "marks survive a restart");
}

#[test]
fn side_output_due_to_lateness_session_zero_lateness() {
    let mut stream = Stream::new("session(t, INTERVAL '3 seconds')", 0);
    stream.rows(&[("key2", 1, 1000)]).flink_watermark(1999).rows(&[("key2", 1, 2000)]).flink_watermark(4998);
    // Linked to the session, and its own window [4500, 7500) is open: on time.
    stream.rows(&[("key2", 1, 4500)]).flink_watermark(8501);
    is(&stream.all(), &[("key2", 1000, 7500, 3)]);
    stream.rows(&[("key1", 1, 11_600)]).flink_watermark(15_000);
    // The window that this row would open by itself, [5000, 8000), is final: it is late wherever it might be linked.
    stream.rows(&[("key2", 1, 5000)]);
    is(&stream.all(), &[("key1", 11_600, 14_600, 1), ("key2", 1000, 7500, 3)]);
    assert_eq!((stream.late_rows(), stream.status()), (1, vec![Open, Final]));
    stream.flink_watermark(20_000);
    is(&stream.fired(), &[("key1", 11_600, 14_600, 1), ("key2", 1000, 7500, 3)]);
    stream.readmit();
    is(&stream.all(), &[("key1", 11_600, 14_600, 1), ("key2", 1000, 8000, 4)]);
    assert_eq!(stream.status(), [Final, Corrected]);
}

/// A late row may bridge two final sessions: re-admitted, they are one, and it is corrected.
#[test]
fn side_output_due_to_lateness_session_zero_lateness_purging_trigger() {
    let mut stream = Stream::new("session(t, INTERVAL '3 seconds')", 0);
    stream.rows(&[("a", 1, 0), ("a", 2, 5000)]).flink_watermark(30_000);
    is(&stream.fired(), &[("a", 0, 3000, 1), ("a", 5000, 8000, 2)]);
    // Purged: sealed, and out of memory.
    let watermark = stream.reached().unwrap();
    let sealed = stream.partial.seal(watermark, 0).unwrap().unwrap();
    assert_eq!((sealed.height(), stream.partial.groups()), (2, 0));
    stream.rows(&[("a", 4, 2500)]);
    assert_eq!(stream.late_rows(), 1);
    stream.readmit();
    // In memory there is only what came late; with what was sealed it is whole.
    is(&stream.all(), &[("a", 2500, 5500, 4)]);
    stream.partial.merge(&sealed).unwrap();
    is(&stream.all(), &[("a", 0, 8000, 7)]);
    assert_eq!(stream.status(), [Corrected]);
}

#[test]
fn not_side_output_due_to_lateness_session_with_lateness() {
    let mut stream = Stream::new("session(t, INTERVAL '3 seconds')", 10);
    stream.rows(&[("key2", 1, 1000)]).flink_watermark(1999).rows(&[("key2", 1, 2000)]).flink_watermark(5004);
    // Its own window ends at 5000, within the lateness of 10.
    stream.rows(&[("key2", 1, 2000)]);
    is(&stream.all(), &[("key2", 1000, 5000, 3)]);
    assert_eq!(stream.late_rows(), 0);
    stream.flink_watermark(5009).rows(&[("key2", 1, 2000)]);
    assert_eq!(stream.late_rows(), 1);
}

#[test]
fn not_side_output_due_to_lateness_session_with_huge_lateness() {
    let mut stream = Stream::new("session(t, INTERVAL '3 seconds')", 10_000);
    stream.rows(&[("key2", 1, 1000)]).flink_watermark(1999).rows(&[("key2", 1, 2000)]).flink_watermark(4998);
    stream.rows(&[("key2", 1, 4500)]).flink_watermark(8501);
    stream.rows(&[("key1", 1, 11_600)]).flink_watermark(14_600);
    stream.rows(&[("key2", 1, 10_000), ("key2", 1, 14_500), ("key2", 1, 7200)]).flink_watermark(20_000);
    // 1000, 2000, 4500, 7200, 10000 hold together; 14500 is more than a gap away.
    is(&stream.all(), &[("key1", 11_600, 14_600, 1), ("key2", 1000, 13_000, 5), ("key2", 14_500, 17_500, 1)]);
    stream.rows(&[("key2", 1, 12_500)]).flink_watermark(100_000);
    is(&stream.fired(), &[("key1", 11_600, 14_600, 1), ("key2", 1000, 17_500, 7)]);
    assert_eq!(stream.late_rows(), 0);
}

/// What is final can leave memory; what leaves is whole windows, and gives its rows of the answer by itself.
fn cleanup(window: &str, rows: &[Row<'_>], final_at: i64, left: usize) {
    let mut stream = Stream::new(window, 0);
    stream.rows(rows).advance(final_at);
    let before = stream.seen();
    let watermark = stream.reached().unwrap();
    assert!(stream.partial.seal(watermark, usize::MAX).unwrap().is_none(), "nothing leaves that may stay");
    let sealed = stream.partial.seal(watermark, 0).unwrap().unwrap();
    assert_eq!(stream.partial.groups(), left, "{window}");
    assert!(stream.partial.seal(watermark, 0).unwrap().is_none(), "and only once");
    let mut alone = Partial::new(bind(window)).unwrap();
    alone.merge(&sealed).unwrap();
    let mut parts = seen(&alone, Some(watermark));
    assert!(parts.iter().all(|s| s.4 == Final));
    parts.extend(stream.seen());
    parts.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    assert_eq!(parts, before);
    // Together again they are what they were.
    stream.partial.merge(&sealed).unwrap();
    assert_eq!(stream.seen(), before);
    stream.advance_to_infinity();
    stream.partial.seal(i64::MAX, 0).unwrap().unwrap();
    assert_eq!((stream.partial.groups(), stream.partial.to_frame().unwrap().height()), (0, 0));
}

#[test]
fn cleanup_timer_with_empty_list_state_for_tumbling_windows() {
    cleanup("tumble(t, INTERVAL '2 seconds')", &[("key2", 1, 1000), ("key1", 2, 1999), ("key2", 3, 2000)], 2000, 1);
}

#[test]
fn cleanup_timer_with_empty_reduce_state_for_sliding_windows() {
    cleanup(
        "hop(t, INTERVAL '1 second', INTERVAL '2 seconds')",
        &[("key2", 1, 1000), ("key1", 2, 1999), ("key2", 3, 2500)],
        2000,
        3,
    );
}

#[test]
fn cleanup_timer_with_empty_fold_state_for_session_windows() {
    // [1000, 4000) is final at 7000: until then a row after the watermark could be linked to it.
    let rows = [("key2", 1, 1000), ("key1", 2, 1999), ("key2", 3, 9000)];
    cleanup("session(t, INTERVAL '3 seconds')", &rows, 7000, 2);
}

mod time_window {
    use super::*;

    #[test]
    fn get_window_start_with_offset() {
        let start = |t, offset, size| Tumble { size, offset }.start(t);
        for (t, offset, wanted) in [
            (1, 0, 0),
            (6, 0, 0),
            (7, 0, 7),
            (8, 0, 7),
            (1, 3, -4),
            (2, 3, -4),
            (3, 3, 3),
            (9, 3, 3),
            (10, 3, 10),
            (1, -2, -2),
            (-2, -2, -2),
            (3, -2, -2),
            (4, -2, -2),
            (7, -2, 5),
            (12, -2, 12),
        ] {
            assert_eq!(start(t, offset, 7), Some(wanted), "{t} with {offset}");
        }
        // Days in China.
        assert_eq!(start(1_470_902_048_450, -8 * 3_600_000, 86_400_000), Some(1_470_844_800_000));
    }

    #[test]
    fn get_window_start_with_negative_timestamps() {
        for t in -50..50_i64 {
            for offset in -20..20 {
                for size in 1..12 {
                    let start = Tumble { size, offset }.start(t).unwrap();
                    assert!(
                        start <= t && t < start + size && (start - offset) % size == 0,
                        "{t} {offset} {size}: {start}"
                    );
                }
            }
        }
        let ends = [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX];
        for t in ends {
            for offset in ends {
                for size in [1, 7, i64::MAX] {
                    if let Some(start) = (Tumble { size, offset }).start(t) {
                        assert!(start <= t && i128::from(t) - i128::from(start) < i128::from(size));
                    }
                }
            }
        }
    }
}

mod tumbling_event_time_windows {
    use super::*;

    #[test]
    fn window_assignment() {
        for (t, start) in [(0, 0), (4999, 0), (5000, 5000)] {
            assert_eq!(windows_of("tumble(t, INTERVAL '5 seconds')", t), [(start, start + 5000)]);
        }
    }

    #[test]
    fn window_assignment_with_global_offset() {
        for (t, start) in [(100, 100), (5099, 100), (5100, 5100)] {
            assert_eq!(windows_of("tumble(t, INTERVAL '5 seconds', INTERVAL '100 ms')", t), [(start, start + 5000)]);
        }
    }

    #[test]
    fn window_assignment_with_negative_global_offset() {
        for (t, start) in [(0, -100), (4899, -100), (4900, 4900)] {
            assert_eq!(windows_of("tumble(t, INTERVAL '5 seconds', INTERVAL '-100 ms')", t), [(start, start + 5000)]);
        }
    }

    #[test]
    fn time_units() {
        for (t, start) in [(1000, 1000), (5999, 1000), (6000, 6000)] {
            assert_eq!(windows_of("tumble(t, INTERVAL 5 SECOND, '1 second')", t), [(start, start + 5000)]);
        }
    }

    /// Flink wants offsets less than the size; here they wrap around.
    #[test]
    fn invalid_parameters() {
        refused("tumble(t, INTERVAL '-1 seconds')", "size must be more than nothing");
        refused("tumble(t, INTERVAL '0 seconds')", "size must be more than nothing");
        refused("tumble(t)", "tumble needs a time and a size");
        assert_eq!(windows_of("tumble(t, INTERVAL '10 seconds', INTERVAL '23 seconds')", 0), [(-7000, 3000)]);
    }
}

mod sliding_event_time_windows {
    use super::*;

    fn five(first: i64) -> Vec<(i64, i64)> {
        (0..5).map(|i| (first + i * 1000, first + i * 1000 + 5000)).collect()
    }

    #[test]
    fn window_assignment() {
        for (t, first) in [(0, -4000), (4999, 0), (5000, 1000)] {
            assert_eq!(windows_of("hop(t, INTERVAL '1 second', INTERVAL '5 seconds')", t), five(first));
        }
    }

    #[test]
    fn window_assignment_with_offset() {
        for (t, first) in [(100, -3900), (5099, 100), (5100, 1100)] {
            assert_eq!(
                windows_of("hop(t, INTERVAL '1 second', INTERVAL '5 seconds', INTERVAL '100 ms')", t),
                five(first)
            );
        }
    }

    #[test]
    fn window_assignment_with_negative_offset() {
        for (t, first) in [(0, -4100), (4899, -100), (4900, 900)] {
            assert_eq!(
                windows_of("hop(t, INTERVAL '1 second', INTERVAL '5 seconds', INTERVAL '-100 ms')", t),
                five(first)
            );
        }
    }

    #[test]
    fn time_units() {
        for (t, first) in [(100, -4500), (5499, 500), (5100, 500)] {
            assert_eq!(windows_of("hop(t, INTERVAL 1 SECOND, INTERVAL 5 SECOND, '500 ms')", t), five(first));
        }
    }

    #[test]
    fn invalid_parameters() {
        refused("hop(t, INTERVAL '1 second', INTERVAL '-2 seconds')", "size must be more than nothing");
        refused("hop(t, INTERVAL '-1 second', INTERVAL '2 seconds')", "slide must be more than nothing");
        refused("hop(t, INTERVAL '0 seconds', INTERVAL '2 seconds')", "slide must be more than nothing");
        refused("hop(t, INTERVAL '2 seconds')", "hop needs a time, a slide and a size");
        refused("hop(t, INTERVAL '1 us', INTERVAL '1 day')", "86400000000 windows");
    }
}

mod event_time_session_windows {
    use super::*;

    const GAP: &str = "session(t, INTERVAL '5 seconds')";

    #[test]
    fn window_assignment() {
        for t in [0, 4999, 5000, -1] {
            assert_eq!(windows_of(GAP, t), [(t, t + 5000)]);
        }
    }

    fn merged(window: &str, times: &[i64], wanted: &[(i64, i64)]) {
        let rows: Vec<Row<'_>> = times.iter().map(|t| ("a", 1, *t)).collect();
        let mut stream = Stream::new(window, 0);
        rows.iter().for_each(|row| {
            stream.rows(&[*row]);
        });
        let found: Vec<_> = stream.all().iter().map(|w| (w.1, w.2)).collect();
        assert_eq!(found, wanted, "{times:?} one by one");
        let mut at_once = Stream::new(window, 0);
        at_once.rows(&rows);
        assert_eq!(at_once.all(), stream.all(), "{times:?} at once");
    }

    #[test]
    fn merge_single_point_window() {
        merged(GAP, &[0], &[(0, 5000)]);
    }

    #[test]
    fn merge_single_window() {
        merged(GAP, &[0, 1], &[(0, 5001)]);
    }

    #[test]
    fn merge_consecutive_windows() {
        // Exactly a gap apart is one session, a microsecond more is two.
        merged("session(t, INTERVAL '1 ms')", &[0, 1, 2, 4, 5], &[(0, 3), (4, 6)]);
        merged(GAP, &[0, 5000, 10_000], &[(0, 15_000)]);
        merged(GAP, &[0, 5001, 10_002], &[(0, 5000), (5001, 10_001), (10_002, 15_002)]);
    }

    #[test]
    fn merge_covering_window() {
        merged(GAP, &[10_000, 0, 5000], &[(0, 15_000)]);
        merged(GAP, &[0, 20_000, 6000, 14_000, 3000, 10_000], &[(0, 19_000), (20_000, 25_000)]);
        merged(GAP, &[-7000, -1, 1, -6000], &[(-7000, -1000), (-1, 5001)]);
    }

    #[test]
    fn time_units() {
        assert_eq!(windows_of("session(t, '5 seconds')", 4999), [(4999, 9999)]);
        assert_eq!(windows_of("session(t, INTERVAL 5 SECOND)", 4999), [(4999, 9999)]);
    }

    #[test]
    fn invalid_parameters() {
        refused("session(t, INTERVAL '-1 seconds')", "gap must be more than nothing");
        refused("session(t, INTERVAL '0 seconds')", "gap must be more than nothing");
        refused("session(t, INTERVAL '1 second', INTERVAL '1 second')", "session needs a time and a gap");
        refused("session(k, INTERVAL '1 second')", "not a time");
    }
}

/// The binder says why, and points at the place.
fn refused(window: &str, why: &str) {
    let sql = format!("SELECT count(*) AS n FROM r GROUP BY {window}");
    let schema = crate::windowed::frame(&[]).schema().clone();
    let fault = braid::query::Query::parse(&sql)
        .and_then(|q| braid::query::Plan::new(&q, &sql, &schema, Some("t")))
        .err()
        .unwrap_or_else(|| panic!("{window} was understood"));
    assert!(fault.to_string().contains(why) && !fault.hint.is_empty(), "{window}: {fault}");
    assert!(!sql[fault.span.clone().unwrap()].is_empty(), "{window}: {fault}");
}

/// A watermark between the end of a session and a gap after it: not final yet, for a row on time may still be linked.
#[test]
fn a_session_is_final_only_when_no_row_on_time_can_be_linked_to_it() {
    let mut stream = Stream::new("session(t, INTERVAL '3 seconds')", 0);
    stream.rows(&[("a", 1, 0)]).advance(3000);
    assert_eq!(stream.status(), [Open]);
    // [2999, 5999) is open by itself.
    stream.rows(&[("a", 2, 2999)]);
    assert_eq!(stream.late_rows(), 0);
    is(&stream.all(), &[("a", 0, 5999, 3)]);
    stream.advance(8998);
    assert_eq!(stream.status(), [Open]);
    stream.advance(8999);
    assert_eq!(stream.status(), [Final]);
    stream.rows(&[("a", 4, 5999)]);
    assert_eq!((stream.late_rows(), seen(&stream.partial, None).len()), (1, 1), "whatever could be linked is late");
}
