//! Windows by the calendar: months, quarters, years, and weeks that begin on Mondays; late rows, ends and restarts.

use braid::query::window::{Calendar, MONDAY, WindowStatus};
use chrono::{DateTime, Datelike, Months, NaiveDate};
use proptest::prelude::*;

use super::windowed::Stream;

const DAY: i64 = 86_400_000_000;

fn ms(year: i32, month: u32, day: u32) -> i64 {
    NaiveDate::from_ymd_opt(year, month, day).unwrap().and_time(Default::default()).and_utc().timestamp_millis()
}

proptest! {
    #![proptest_config(crate::cases(500))]

    /// A window is where the calendar has it, as long as that, and every time is in one.
    #[test]
    fn a_window_is_where_the_calendar_has_it(
        t in -60_000_000_000_000_000_i64..200_000_000_000_000_000,
        months in 1_i64..40,
    ) {
        let calendar = Calendar { months, offset: 0 };
        let start = calendar.start(t).unwrap();
        let end = calendar.end(start);
        prop_assert!(start <= t && t < end);
        let first = DateTime::from_timestamp_micros(start).unwrap().naive_utc();
        prop_assert_eq!((first.day(), start.rem_euclid(DAY)), (1, 0));
        let since_2000 = i64::from(first.year() - 2_000) * 12 + i64::from(first.month0());
        prop_assert_eq!(since_2000.rem_euclid(months), 0);
        let next = first.checked_add_months(Months::new(months as u32)).unwrap();
        prop_assert_eq!(end, next.and_utc().timestamp_micros());
        prop_assert_eq!(calendar.start(end), Some(end));
        prop_assert_eq!(calendar.start(end - 1), Some(start));
        // An offset moves them all by the same.
        let later = Calendar { months, offset: 5 * DAY };
        prop_assert_eq!(later.start(t + 5 * DAY), Some(start + 5 * DAY));
        prop_assert_eq!(later.end(start + 5 * DAY), end + 5 * DAY);
    }
}

#[test]
fn months_end_when_they_do() {
    let mut stream = Stream::new("tumble(t, INTERVAL '1 month')", 0);
    stream.rows(&[("a", 1, ms(2024, 1, 31)), ("a", 2, ms(2024, 2, 1)), ("a", 4, ms(2024, 2, 29))]);
    stream.advance(ms(2024, 2, 29)).restore();
    let month = |m: u32| (ms(2024, m, 1), ms(2024, m + 1, 1));
    let seen = |s: i64, status| {
        let (start, end) = month(s as u32);
        ("a".to_owned(), start, end, if s == 1 { 1 } else { 6 }, status)
    };
    let watermark = stream.reached();
    assert_eq!(
        super::windowed::seen(&stream.partial, watermark),
        [seen(1, WindowStatus::Final), seen(2, WindowStatus::Open)]
    );
    // Late is what comes for a month that has ended.
    stream.rows(&[("a", 8, ms(2024, 1, 15)), ("a", 0, ms(2024, 2, 2))]);
    assert_eq!((stream.late_rows(), stream.shown), (1, 4));
    stream.advance(ms(2024, 3, 1));
    let watermark = stream.reached();
    assert_eq!(super::windowed::seen(&stream.partial, watermark)[1].4, WindowStatus::Final);
}

#[test]
fn weeks_begin_on_mondays() {
    for (window, begin) in [
        ("tumble(t, INTERVAL '1 week')", ms(2024, 3, 4)),
        ("tumble(t, INTERVAL '7 days')", ms(2024, 3, 4)),
        ("tumble(t, INTERVAL '1 week', INTERVAL '1 day')", ms(2024, 3, 5)),
        ("tumble(t, INTERVAL '1 day')", ms(2024, 3, 5)),
        ("tumble(t, INTERVAL '1 quarter')", ms(2024, 1, 1)),
        ("tumble(t, INTERVAL '1 year')", ms(2024, 1, 1)),
        ("tumble(t, INTERVAL '1 year 6 months')", ms(2024, 1, 1)),
    ] {
        let mut stream = Stream::new(window, 0);
        stream.rows(&[("a", 1, ms(2024, 3, 5) + 3_600_000)]);
        assert_eq!(super::windowed::seen(&stream.partial, None)[0].1, begin, "{window}");
    }
    assert_eq!(DateTime::from_timestamp_micros(MONDAY).unwrap().weekday(), chrono::Weekday::Mon);
}

#[test]
fn what_no_window_can_be_is_refused() {
    for window in [
        "hop(t, INTERVAL '1 month', INTERVAL '1 year')",
        "session(t, INTERVAL '1 month')",
        "tumble(t, INTERVAL '1 month 3 days')",
        "tumble(t, INTERVAL '0 months')",
        "tumble(t, INTERVAL '-1 month')",
        "tumble(t, INTERVAL '1 month', INTERVAL '1 month')",
    ] {
        let sql = format!("SELECT count(*) FROM r GROUP BY {window}");
        let query = braid::query::Query::parse(&sql).unwrap();
        let rows = super::windowed::frame(&[]);
        let fault = braid::query::Plan::new(&query, &sql, rows.schema(), Some("t")).expect_err(window);
        assert!(fault.what.contains("month") || fault.what.contains("more than nothing"), "{window}: {fault}");
    }
}
