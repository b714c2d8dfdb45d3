//! Laws of zones: what is shown in one is what its clocks show, and what is typed is read back as the same instant; the
//! ticks of an axis lie where the clocks say so, also on the day on which they are put forward or back.

use braid::data::time::Clock;
use braid::data::zone::Zone;
use braid::engine::view::{Comparison, Filter, RowsView};
use braid::figure::scale::Scale;
use braid::figure::time::{Step, steps};
use braid::figure::{Encoding, Look, export};
use braid::workspace::Settings;
use braid::workspace::bench::{Calendar, Span};
use chrono::{DateTime, TimeZone, Timelike};
use chrono_tz::{TZ_VARIANTS, Tz};
use polars::prelude::{Column, DataFrame, DataType, TimeUnit};
use proptest::prelude::*;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Instants around which clocks of these zones are put forward or back: by an hour, by half of one, at midnight, by a
/// whole day.
const TURNS: &[(&str, &str)] = &[
    ("Europe/Rome", "2024-03-31 01:00"),
    ("Europe/Rome", "2024-10-27 01:00"),
    ("America/New_York", "2024-11-03 06:00"),
    ("America/New_York", "2024-03-10 07:00"),
    ("Australia/Lord_Howe", "2024-04-06 15:00"),
    ("Australia/Lord_Howe", "2024-10-05 15:30"),
    ("America/Sao_Paulo", "2018-11-04 03:00"),
    ("America/Sao_Paulo", "2018-02-18 02:00"),
    ("America/St_Johns", "2010-03-14 03:31"),
    ("America/Havana", "2024-11-03 05:00"),
    ("Pacific/Apia", "2011-12-30 10:00"),
    ("Africa/Casablanca", "2024-03-10 02:00"),
    ("Asia/Kolkata", "2024-03-31 00:00"),
    ("Asia/Kathmandu", "1985-12-31 18:30"),
];

fn utc(text: &str) -> i64 {
    Zone::Utc.read(text).unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

/// A column of whole hours since 1970.
fn times(name: &str, hours: &[i64]) -> Column {
    let micros: Vec<i64> = hours.iter().map(|hour| hour * HOUR).collect();
    Column::new(name.into(), micros).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap()
}

/// What another library's clocks show.
fn clocks(tz: Tz, at: i64) -> DateTime<Tz> {
    tz.from_utc_datetime(&DateTime::from_timestamp_micros(at).unwrap().naive_utc())
}

/// Any zone at any time, and mostly near where clocks are put forward or back.
fn moments() -> impl Strategy<Value = (Tz, i64)> {
    let any = (0..TZ_VARIANTS.len(), utc("1850-01-01")..utc("2150-01-01")).prop_map(|(i, at)| (TZ_VARIANTS[i], at));
    let turn = (0..TURNS.len(), -30 * HOUR..30 * HOUR, prop_oneof![Just(1), Just(SECOND), Just(MINUTE), Just(HOUR)]);
    let near = turn.prop_map(|(i, by, grain)| {
        let (name, at) = TURNS[i];
        (name.parse().unwrap(), utc(at) + by.div_euclid(grain) * grain)
    });
    prop_oneof![1 => any, 3 => near]
}

proptest! {
    #![proptest_config(crate::cases(1_000))]

    #[test]
    fn what_is_shown_is_what_clocks_show_and_reads_back_as_the_same_instant((tz, at) in moments()) {
        let zone = Zone::named(tz.name()).unwrap();
        let text = zone.text(at, TimeUnit::Microseconds, ' ', Clock::Digits(6));
        let clock = clocks(tz, at).format("%Y-%m-%d %H:%M:%S%.6f").to_string();
        prop_assert!(text.starts_with(&clock), "{zone}: {text} is not {clock}");
        for how in [Clock::Digits(6), Clock::Full, Clock::Short, Clock::Minutes] {
            let text = zone.text(at, TimeUnit::Microseconds, ' ', how);
            prop_assert_eq!(zone.read(&text).unwrap(), at, "{}: {}", zone, text);
            let again = zone.text(zone.read(&text).unwrap(), TimeUnit::Microseconds, ' ', how);
            prop_assert_eq!(again, text);
        }
        prop_assert_eq!(Zone::Utc.read(&zone.whole(at, TimeUnit::Microseconds)).unwrap(), at, "it says its zone");
        // A finer unit shows the same, where it reaches.
        if let Some(nanos) = at.checked_mul(1_000) {
            prop_assert_eq!(zone.text(nanos, TimeUnit::Nanoseconds, ' ', Clock::Digits(6)), text);
        }
    }

    /// What clocks never show is refused; of what they show twice, the first is meant.
    #[test]
    fn what_is_typed_is_an_instant_at_which_clocks_show_it(
        (tz, at) in moments().prop_filter("since offsets are quarters of hours", |(_, at)| *at > utc("1980-01-01")),
    ) {
        let zone = Zone::named(tz.name()).unwrap();
        let wall = at.div_euclid(MINUTE) * MINUTE;
        let text = Zone::Utc.text(wall, TimeUnit::Microseconds, ' ', Clock::Minutes);
        let mut quarters = (-64..64).map(|quarter| wall + quarter * 15 * MINUTE);
        let first = quarters.find(|at| clocks(tz, *at).naive_local().and_utc().timestamp_micros() == wall);
        prop_assert_eq!(zone.read(&text).ok(), first, "{} in {}", text, zone);
    }

    /// Ticks are all instants of a range at which clocks show a multiple of the step, in order.
    #[test]
    fn ticks_lie_wherever_clocks_show_multiples((tz, at) in moments(), step in 0..4_usize, span in 1..40_i64) {
        let zone = Zone::named(tz.name()).unwrap();
        prop_assume!(at > utc("1980-01-01"));
        let step = [15 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR][step];
        let until = at + span * step.min(3 * HOUR);
        let ticks = Step::Fixed(step).ticks(Scale::new(at as f64, until as f64), Some(zone));
        let found: Vec<i64> = ticks.iter().map(|tick| tick.at as i64).collect();
        let first = at + (15 * MINUTE - at.rem_euclid(15 * MINUTE)) % (15 * MINUTE);
        let on_step = |at: &i64| clocks(tz, *at).naive_local().and_utc().timestamp_micros().rem_euclid(step) == 0;
        let wanted: Vec<i64> = (first..=until).step_by((15 * MINUTE) as usize).filter(on_step).collect();
        prop_assert_eq!(found, wanted, "{} from {}", zone, at);
    }

    /// No time and no zone makes a tick or a text fail.
    #[test]
    fn every_number_has_a_text_and_every_range_its_ticks(
        i in 0..TZ_VARIANTS.len(),
        at in prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(i64::MAX - 1), Just(-i64::MAX + 1), any::<i64>()],
        span in 1..1_000_000_000_i64,
    ) {
        let zone = Zone::named(TZ_VARIANTS[i].name()).unwrap();
        for unit in [TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds] {
            prop_assert!(!zone.text(at, unit, ' ', Clock::Minutes).is_empty() && !zone.whole(at, unit).is_empty());
        }
        zone.day_begin(at);
        zone.week_begin(at);
        for step in steps() {
            let ticks = step.ticks(Scale::new(at as f64, at as f64 + span as f64 * SECOND as f64), Some(zone));
            prop_assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at), "{step:?}");
        }
    }
}

#[test]
fn days_begin_at_local_midnight_on_both_sides_of_a_change() {
    let cases = [
        ("Europe/Rome", "2024-03-29", [24, 24, 23, 24], "2024-03-28 23:00"),
        ("America/New_York", "2024-11-01", [24, 24, 25, 24], "2024-11-01 04:00"),
        ("Asia/Kolkata", "2024-03-29", [24, 24, 24, 24], "2024-03-28 18:30"),
    ];
    for (name, first, hours, begins) in cases {
        let (zone, tz) = (zone(name), name.parse::<Tz>().unwrap());
        let begin = zone.read(first).unwrap();
        assert_eq!(begin, utc(begins), "{name}");
        let scale = Scale::new((begin - HOUR) as f64, (begin + 4 * DAY + HOUR) as f64);
        let days = Step::Days(1).ticks(scale, Some(zone));
        assert_eq!(days.len(), 5, "{name}: {days:?}");
        let apart: Vec<i64> = days.windows(2).map(|pair| (pair[1].at - pair[0].at) as i64 / HOUR).collect();
        assert_eq!(apart, hours, "{name}");
        for day in &days {
            let clock = clocks(tz, day.at as i64);
            assert_eq!(clock.num_seconds_from_midnight(), 0, "{name}: {clock}");
            assert_eq!((&day.label, &day.context), (&clock.format("%b %-d").to_string(), &"2024".to_owned()));
        }
        // Six hours apart by the clock, whatever that is in hours.
        for tick in Step::Fixed(6 * HOUR).ticks(scale, Some(zone)) {
            let clock = clocks(tz, tick.at as i64);
            assert!(clock.hour().is_multiple_of(6) && clock.minute() == 0, "{name}: {clock}");
            assert_eq!(tick.label, clock.format("%H:%M").to_string());
        }
    }
    // Where midnight is skipped, the day begins when its clocks do.
    let (zone, scale) = (zone("America/Sao_Paulo"), |from: &str| (utc(from) as f64, (utc(from) + 2 * DAY) as f64));
    let (lo, hi) = scale("2018-11-03 12:00");
    let days = Step::Days(1).ticks(Scale::new(lo, hi), Some(zone));
    let shown: Vec<i64> = days.iter().map(|day| day.at as i64).collect();
    assert_eq!(shown, [utc("2018-11-04 03:00"), utc("2018-11-05 02:00")]);
    assert_eq!(zone.text(shown[0], TimeUnit::Microseconds, ' ', Clock::Minutes), "2018-11-04 01:00");
    assert_eq!(zone.read("2018-11-04").unwrap(), shown[0], "the day is there");
    assert!(zone.read("2018-11-04 00:30").is_err(), "half past midnight is not");
}

#[test]
fn an_hour_that_clocks_show_twice_says_which_it_is() {
    let rome = zone("Europe/Rome");
    let text = |at: &str| rome.text(utc(at), TimeUnit::Microseconds, ' ', Clock::Minutes);
    assert_eq!(text("2024-10-27 00:30"), "2024-10-27 02:30+02:00");
    assert_eq!(text("2024-10-27 01:30"), "2024-10-27 02:30+01:00");
    assert_eq!(text("2024-10-27 02:30"), "2024-10-27 03:30");
    assert_eq!(rome.read("2024-10-27 02:30").unwrap(), utc("2024-10-27 00:30"), "the first of two");
    let fault = rome.read("2024-03-31 02:30").unwrap_err();
    assert_eq!(fault.what, "'2024-03-31 02:30' is not a time in Europe/Rome");
    assert_eq!(rome.read("2024-03-31 02:30Z").unwrap(), utc("2024-03-31 02:30"), "which is said to be UTC");
    assert_eq!(rome.told(utc("2024-07-01 10:00")), "2024-07-01 12:00 (+02:00)");
    assert_eq!(Zone::Utc.told(utc("2024-07-01 10:00")), "2024-07-01 10:00");
}

#[test]
fn the_day_and_the_week_begin_as_the_zone_says() {
    let now = utc("2024-03-31 22:30");
    let since = |calendar, name: &str| Span::Since(calendar).at(now, zone(name)).0.unwrap();
    assert_eq!(since(Calendar::Day, "UTC"), utc("2024-03-31"));
    assert_eq!(since(Calendar::Day, "Europe/Rome"), utc("2024-03-31 22:00"), "it is April 1 there");
    assert_eq!(since(Calendar::Day, "America/New_York"), utc("2024-03-31 04:00"));
    assert_eq!(since(Calendar::Week, "UTC"), utc("2024-03-25"));
    assert_eq!(since(Calendar::Week, "Europe/Rome"), utc("2024-03-31 22:00"), "a Monday");
    assert_eq!(since(Calendar::Week, "Asia/Kolkata"), utc("2024-03-31 18:30"));
    assert_eq!(since(Calendar::Week, "America/New_York"), utc("2024-03-25 04:00"));
}

#[test]
fn an_axis_says_its_zone_and_dates_are_those_of_none() {
    let hours: Vec<i64> = (0..48).map(|hour| utc("2024-03-30 12:00") / HOUR + hour).collect();
    let counts: Vec<i64> = (0..48).collect();
    let time = times("hour", &hours);
    let day = time.cast(&DataType::Date).unwrap().with_name("day".into());
    let frame = DataFrame::new(48, vec![time, day, Column::new("n".into(), counts)]).unwrap();
    let drawn = |x: &str, zone| {
        let encoding =
            Encoding { mark: "scatter".into(), x: Some(x.into()), y: vec!["n".into()], zone, ..Encoding::default() };
        let figure = encoding.figure(&frame).unwrap();
        let svg = export::svg(&figure, 800, 400, &Look::light()).unwrap();
        (figure.zone, svg)
    };
    let (zone, rome) = (zone("Europe/Rome"), drawn("hour", zone("Europe/Rome")));
    assert!(rome.1.contains("hour (Europe/Rome)") && !rome.1.contains("UTC"));
    assert!(drawn("hour", Zone::Utc).1.contains("hour (UTC)"));
    let (own, day) = drawn("day", zone);
    assert!(own.is_utc() && day == drawn("day", Zone::Utc).1, "a date is nobody's midnight");
    let local = drawn("hour", Zone::Local).1;
    assert!(local.contains("hour (local, +") || local.contains("hour (local, -"), "and how far that is from UTC");
}

#[test]
fn rows_are_found_and_compared_as_they_are_shown() {
    let hours: Vec<i64> = (0..24).map(|hour| utc("2024-07-01") / HOUR + hour).collect();
    let frame = DataFrame::new(24, vec![times("at", &hours)]).unwrap();
    let view = |comparison, text: &str, zone| {
        let filter = Filter { column: "at".into(), comparison, text: text.into() };
        let view = RowsView { filters: vec![filter], zone, ..RowsView::default() };
        view.rows(&frame, &|| Ok(())).unwrap()
    };
    let rome = zone("Europe/Rome");
    assert_eq!(view(Comparison::Equals, "2024-07-01 12:00", Zone::Utc), [12]);
    assert_eq!(view(Comparison::Equals, "2024-07-01 12:00", rome), [10]);
    assert_eq!(view(Comparison::AtLeast, "2024-07-02", rome), [22, 23]);
    assert_eq!(view(Comparison::Contains, "07-02", rome), [22, 23]);
    let found = RowsView { find: "07-02".into(), zone: rome, ..RowsView::default() };
    assert_eq!(found.rows(&frame, &|| Ok(())).unwrap(), [22, 23]);
}

#[test]
fn the_zone_is_kept_and_left_out_where_it_is_utc() {
    let text = |zone| serde_json::to_string(&Settings { zone, ..Settings::default() }).unwrap();
    assert!(!text(Zone::Utc).contains("zone"));
    for zone in [Zone::Utc, Zone::Local, zone("Asia/Kolkata")] {
        assert_eq!(serde_json::from_str::<Settings>(&text(zone)).unwrap().zone, zone);
    }
    let unknown: Settings = serde_json::from_str(r#"{"zone": "Mars/Olympus", "theme": "dark"}"#).unwrap();
    assert!(unknown.zone.is_utc(), "which the window says");
}
