//! The arithmetic under pictures: decimation, ticks, layout, triangles.

use braid::data::zone::Zone;
use braid::figure::axis::{self, Room};
use braid::figure::scale::Scale;
use braid::figure::time::{self, Step};
use braid::figure::{AxisKind, Figure, Format, Look, MARKS, Series, View, decimate, number, polygon, record, text};
use proptest::prelude::*;

/// What a polyline covers of each pixel column: the lowest and highest y of its segments there.
fn envelope(points: &[Option<(f64, f64)>], (lo, hi): (f64, f64), columns: usize) -> Vec<Option<(f64, f64)>> {
    let mut out: Vec<Option<(f64, f64)>> = vec![None; columns];
    let width = (hi - lo) / columns as f64;
    for run in points.split(Option::is_none) {
        let run: Vec<(f64, f64)> = run.iter().copied().flatten().collect();
        let alone = run.first().map(|p| (*p, *p)).into_iter();
        for ((ax, ay), (bx, by)) in run.windows(2).map(|pair| (pair[0], pair[1])).chain(alone) {
            let (from, to) =
                (((ax - lo) / width).floor().max(0.0) as usize, (((bx - lo) / width).floor().max(-1.0) + 1.0) as usize);
            for (column, cover) in out.iter_mut().enumerate().take(to.min(columns)).skip(from) {
                let (left, right) = (lo + column as f64 * width, lo + (column + 1) as f64 * width);
                let at = |x: f64| if bx > ax { ay + (by - ay) * ((x.clamp(ax, bx) - ax) / (bx - ax)) } else { ay };
                if bx < left || ax > right {
                    continue;
                }
                let mut ys = vec![at(left), at(right)];
                if bx == ax {
                    ys.push(by);
                }
                for y in ys {
                    *cover = Some(cover.map_or((y, y), |(low, high)| (low.min(y), high.max(y))));
                }
            }
        }
    }
    out
}

fn ascending(steps: Vec<f64>) -> Vec<f64> {
    let mut at = 0.0;
    steps
        .into_iter()
        .map(|step| {
            at += step;
            at
        })
        .collect()
}

/// Labels of both axes stand apart from each other, within the axis, and no two read the same.
fn labels_are_apart(scale: Scale, width: f32) -> Result<(), TestCaseError> {
    let look = Look::light();
    let room = Room { width, before: 30.0, after: 12.0 };
    let names: Vec<String> = (0..40).map(|i| format!("名字 number {i}")).collect();
    for kind in [AxisKind::Number, AxisKind::Time, AxisKind::Clock, AxisKind::Category(names)] {
        let ticks = axis::x_ticks((&kind, Zone::Utc), scale, room, false, (&look, &Format::default()));
        let mut reached = f32::NEG_INFINITY;
        let mut context_reached = f32::NEG_INFINITY;
        for tick in &ticks {
            let half = text::width(&tick.label, look.font_size) / 2.0;
            prop_assert!(tick.label_at - half > reached, "{kind:?} {scale:?} {width}: {ticks:?}");
            reached = tick.label_at + half;
            prop_assert!(tick.at >= -0.01 && tick.at <= width + 0.01);
            if let Some(context) = &tick.context {
                let half = text::width(context, look.font_size) / 2.0;
                prop_assert!(tick.at - half > context_reached || tick.at < half, "{ticks:?}");
                context_reached = tick.at + half;
            }
        }
    }
    let height = width / 2.0;
    let ticks = axis::y_ticks(&AxisKind::Number, scale, height, false, (&look, &Format::default()));
    for pair in ticks.values.windows(2) {
        prop_assert!(pair[0] < pair[1]);
        let apart = (scale.share(pair[1]) - scale.share(pair[0])) as f32 * height;
        prop_assert!(apart >= text::height(look.font_size) - 0.01, "{ticks:?}");
    }
    let mut labels = ticks.labels.clone();
    labels.dedup();
    prop_assert_eq!(labels.len(), ticks.labels.len(), "two ticks read the same: {:?}", ticks);
    let minus_zero = |label: &String| label.starts_with('\u{2212}') && !label.chars().any(|c| ('1'..='9').contains(&c));
    prop_assert!(!ticks.labels.iter().any(minus_zero), "a minus before zero");
    Ok(())
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn m4_covers_what_all_points_cover(
        steps in prop::collection::vec(0.001f64..2.0, 1..1500),
        seed in any::<u64>(),
        share in 0.0f64..0.6,
        columns in 1usize..60,
    ) {
        let x = ascending(steps);
        let mut state = seed | 1;
        let y: Vec<f64> = x
            .iter()
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as f64 / 1e6
            })
            .collect();
        let end = x[x.len() - 1];
        let (lo, hi) = (end * share * 0.5, end * (1.0 - share * 0.5) + 1e-6);
        let all: Vec<_> = x.iter().zip(&y).map(|(x, y)| Some((*x, *y))).collect();
        let kept: Vec<_> =
            decimate::m4(&x, &y, &[], (lo, hi), columns).into_iter().map(|i| i.map(|i| (x[i], y[i]))).collect();
        prop_assert!(kept.len() <= 4 * columns + 8 || kept.len() <= x.len());
        let (full, few) = (envelope(&all, (lo, hi), columns), envelope(&kept, (lo, hi), columns));
        for (column, (a, b)) in full.iter().zip(&few).enumerate() {
            match (a, b) {
                (Some(a), Some(b)) => {
                    prop_assert!((a.0 - b.0).abs() < 1e-6 && (a.1 - b.1).abs() < 1e-6, "column {column}: {a:?} {b:?}")
                }
                (a, b) => prop_assert_eq!(a, b, "column {}", column),
            }
        }
    }

    #[test]
    fn decimation_keeps_every_gap_wider_than_a_pixel(
        holes in prop::collection::vec((0usize..4000, 50usize..300), 0..6),
        columns in 100usize..300,
    ) {
        let x: Vec<f64> = (0..4000).map(f64::from).collect();
        let missing = |i: usize| holes.iter().any(|(from, len)| (*from..from + len).contains(&i));
        let y: Vec<f64> = (0..4000).map(|i| if missing(i) { f64::NAN } else { (i % 17) as f64 }).collect();
        let kept = decimate::m4(&x, &y, &[], (0.0, 3999.0), columns);
        for run in kept.split(Option::is_none) {
            let run: Vec<usize> = run.iter().copied().flatten().collect();
            for pair in run.windows(2) {
                prop_assert!((pair[0]..=pair[1]).all(|i| !missing(i)), "{pair:?} spans a gap");
            }
        }
        // And nothing that is there is lost: each end of each piece is kept.
        for i in 1..3999 {
            if !missing(i) && (missing(i - 1) || missing(i + 1)) {
                prop_assert!(kept.contains(&Some(i)), "{i} borders a gap");
            }
        }
    }

    #[test]
    fn pixels_and_data_go_back_and_forth(
        ends in (-1e6f64..1e6, 1e-3f64..1e6),
        heights in (-1e3f64..1e3, 1e-3f64..1e6),
        at in (0.0f64..1.0, 0.0f64..1.0),
        size in (200.0f32..2000.0, 150.0f32..1500.0),
    ) {
        let view = View { x: Some((ends.0, ends.0 + ends.1)), y: Some((heights.0, heights.0 + heights.1)) };
        let series = vec![Series::new("a", vec![ends.0, ends.0 + ends.1], vec![heights.0, heights.0 + heights.1])];
        let figure = Figure { mark: "line".into(), view: Some(view), series, ..Figure::default() };
        let layout = record(&figure, [size.0, size.1], &Look::light()).unwrap().layout;
        let point = (ends.0 + at.0 * ends.1, heights.0 + at.1 * heights.1);
        let px = layout.to_px(point);
        prop_assert!(layout.plot.grown(0.01).contains(px));
        let (x, y) = layout.to_data(px);
        prop_assert!((x - point.0).abs() <= ends.1 * 1e-5 && (y - point.1).abs() <= heights.1 * 1e-5);
        let again = layout.to_px((x, y));
        prop_assert!((again[0] - px[0]).abs() < 0.01 && (again[1] - px[1]).abs() < 0.01);
        // Zooming keeps what is under the pointer there; dragging moves it with the pointer.
        let zoomed = Figure { view: Some(layout.zoomed(&figure, px, [2.0, 1.5])), ..figure.clone() };
        let there = record(&zoomed, [size.0, size.1], &Look::light()).unwrap().layout;
        if there.plot == layout.plot {
            let moved = there.to_px((x, y));
            prop_assert!((moved[0] - px[0]).abs() < 0.1 && (moved[1] - px[1]).abs() < 0.1);
        }
        let panned = Figure { view: Some(layout.panned(&figure, [7.0, -5.0])), ..figure };
        let there = record(&panned, [size.0, size.1], &Look::light()).unwrap().layout;
        if there.plot == layout.plot {
            let moved = there.to_px((x, y));
            prop_assert!((moved[0] - px[0] - 7.0).abs() < 0.1 && (moved[1] - px[1] + 5.0).abs() < 0.1);
        }
    }

    #[test]
    fn labels_of_an_axis_never_touch(
        start in prop_oneof![-1e16f64..1e16, -1e4f64..1e4, Just(0.0), -1e300f64..1e300],
        power in -9i32..17,
        digit in 1.0f64..10.0,
        width in 40.0f32..1600.0,
    ) {
        labels_are_apart(Scale::new(start, start + digit * 10f64.powi(power)), width)?;
    }

    #[test]
    fn triangles_cover_an_area_once(
        steps in prop::collection::vec((0u8..20, -50.0f32..50.0), 2..200),
        base in -80.0f32..80.0,
    ) {
        let mut x = 0.0;
        let mut points: Vec<[f32; 2]> = steps.iter().map(|(step, y)| {
            x += f32::from(*step);
            [x, base + y.abs() + 0.5]
        }).collect();
        points.push([x, base]);
        points.push([0.0 + f32::from(steps[0].0), base]);
        let shoelace: f64 = (0..points.len()).map(|i| {
            let (a, b) = (points[i], points[(i + 1) % points.len()]);
            f64::from(a[0]) * f64::from(b[1]) - f64::from(b[0]) * f64::from(a[1])
        }).sum::<f64>().abs() / 2.0;
        let mesh = polygon::mesh(&points);
        let sum: f64 = mesh.triangles.iter().map(|t| {
            let [a, b, c] = t.map(|i| mesh.vertices[i as usize].map(f64::from));
            ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])).abs() / 2.0
        }).sum();
        prop_assert!((sum - shoelace).abs() <= shoelace * 1e-4 + 0.01, "{sum} {shoelace}");
    }
}

/// Here floats are 1/32 apart, and a step of 0.05 from the range's end was rounded to before it.
#[test]
fn ticks_stay_on_an_axis_so_far_from_zero_that_floats_are_a_step_apart() {
    let (start, span) = (226_465_580_030_654.03, 0.723_821_065_038_583_6);
    let scale = Scale::new(start, start + span);
    labels_are_apart(scale, 840.3934).unwrap();
    // One tick alone would be a whole number, and none lies on this axis.
    for most in 2..30 {
        let ticks = number::ticks_by(scale, most, false, number::nice_step);
        assert!(!ticks.values.is_empty() && ticks.values.iter().all(|v| scale.holds(*v)), "{ticks:?}");
    }
}

#[test]
fn triangles_cover_any_simple_outline() {
    // A comb, which no sweep from left to right could follow, and a star.
    let comb = vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [2.0, 10.0], [2.0, 8.0], [8.0, 8.0], [8.0, 2.0], [0.0, 2.0]];
    let area = |points: &[[f32; 2]]| -> f32 {
        let mesh = polygon::mesh(points);
        mesh.triangles
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(|i| mesh.vertices[i as usize]);
                ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])).abs() / 2.0
            })
            .sum()
    };
    assert!((area(&comb) - 48.0).abs() < 1e-3, "{}", area(&comb));
    let mut turned = comb;
    turned.reverse();
    assert!((area(&turned) - 48.0).abs() < 1e-3);
    assert!(polygon::mesh(&[[0.0, 0.0], [1.0, 1.0]]).triangles.is_empty());
}

#[test]
fn a_break_is_kept_where_it_is_told() {
    let x: Vec<f64> = (0..10).map(f64::from).collect();
    let y = vec![1.0; 10];
    assert_eq!(decimate::m4(&x, &y, &[4], (0.0, 9.0), 100).iter().position(Option::is_none), Some(4));
    assert_eq!(decimate::m4(&x, &y, &[4], (5.0, 9.0), 100).iter().position(Option::is_none), None, "before the view");
    assert_eq!(decimate::m4(&[], &[], &[], (0.0, 1.0), 10), vec![]);
}

#[test]
fn every_second_value_missing_does_not_defeat_decimation() {
    let x: Vec<f64> = (0..100_000).map(f64::from).collect();
    let y: Vec<f64> = (0..100_000).map(|i| if i % 2 == 0 { f64::NAN } else { f64::from(i % 97) }).collect();
    assert!(decimate::m4(&x, &y, &[], (0.0, 1e5), 100).len() < 100 * 50);
}

#[test]
fn cells_keep_one_point_each_and_count_the_rest() {
    let kept = decimate::cells(1000, (5, 2), |i| (i != 3).then_some((i % 5, i % 2)));
    assert_eq!(kept.len(), 10);
    assert_eq!(kept.iter().map(|(_, count)| count).sum::<u32>(), 999);
}

fn y_labels(lo: f64, hi: f64) -> Vec<String> {
    axis::y_ticks(&AxisKind::Number, Scale::new(lo, hi), 200.0, false, (&Look::light(), &Format::default())).labels
}

#[test]
fn numbers_are_written_for_readers() {
    assert_eq!(y_labels(-0.5, 0.5), ["\u{2212}0.4", "\u{2212}0.2", "0", "0.2", "0.4"]);
    assert_eq!(y_labels(0.0, 60_000.0), ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000"]);
    assert_eq!(y_labels(1990.0, 2010.0), ["1990", "1995", "2000", "2005", "2010"]);
    assert_eq!(y_labels(0.0, 3e6), ["0", "0.5M", "1.0M", "1.5M", "2.0M", "2.5M", "3.0M"]);
    assert_eq!(y_labels(0.0, 5e9), ["0", "1G", "2G", "3G", "4G", "5G"]);
    assert_eq!(y_labels(5_000_001.0, 5_000_004.0)[0], "5,000,001.0");
    assert_eq!(y_labels(0.0, 2e300)[1], "5e299");
    assert_eq!(y_labels(0.0, 3e-7)[1], "5e\u{2212}8");
    for (value, words) in [
        (0.0, "0"),
        (-0.0, "0"),
        (1234.5, "1234.5"),
        (-12_345.678, "\u{2212}12,345.7"),
        (1e15, "1e15"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "1e\u{2212}9"),
        (f64::NAN, "missing"),
        (f64::INFINITY, "∞"),
        (20_000_000.0, "20,000,000"),
    ] {
        assert_eq!(number::value(value), words);
    }
}

fn x_labels(kind: AxisKind, lo: f64, hi: f64, width: f32) -> Vec<(String, String)> {
    let ticks = axis::x_ticks(
        (&kind, Zone::Utc),
        Scale::new(lo, hi),
        Room { width, before: 20.0, after: 20.0 },
        false,
        (&Look::light(), &Format::default()),
    );
    ticks.into_iter().map(|t| (t.label, t.context.unwrap_or_default())).collect()
}

#[test]
fn time_has_ticks_where_the_calendar_has() {
    const DAY: f64 = 86_400e6;
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let hours = x_labels(AxisKind::Time, 0.8 * DAY, 1.3 * DAY, 420.0);
    assert!(
        hours.contains(&pair("20:00", "Jan 1, 1970")) && hours.contains(&pair("00:00", "Jan 2, 1970")),
        "{hours:?}"
    );
    let months = x_labels(AxisKind::Time, -400.0 * DAY, 100.0 * DAY, 420.0);
    assert!(
        months.contains(&pair("Jan", "1970")) && months.contains(&pair("Jan", "1969")),
        "before 1970 as after it: {months:?}"
    );
    let years = x_labels(AxisKind::Time, -40_000.0 * DAY, 20_000.0 * DAY, 420.0);
    assert!(years.contains(&pair("1900", "")) && years.contains(&pair("2000", "")), "{years:?}");
    let fine = x_labels(AxisKind::Time, DAY - 3.0, DAY + 3.0, 600.0);
    assert!(
        fine.contains(&pair("23:59:59.999998", "Jan 1, 1970")) || fine.iter().any(|t| t.0 == "23:59:59.999998"),
        "{fine:?}"
    );
    assert!(fine.iter().any(|t| t.0 == "00:00:00.000000" && t.1 == "Jan 2, 1970"), "{fine:?}");
    let clock = x_labels(AxisKind::Clock, 0.0, DAY, 600.0);
    assert!(clock.iter().all(|t| t.1.is_empty()) && clock.contains(&pair("12:00", "")), "{clock:?}");
    // Weeks begin on Mondays.
    let ticks = Step::Days(7).ticks(Scale::new(0.0, 30.0 * DAY), Some(Zone::Utc));
    assert_eq!(ticks.iter().map(|t| t.label.as_str()).collect::<Vec<_>>(), ["Jan 5", "Jan 12", "Jan 19", "Jan 26"]);
    // 1900 was no leap year.
    let ticks = Step::Months(1).ticks(Scale::new(-2_208_988_800e6, -2_200_000_000e6), Some(Zone::Utc));
    assert_eq!(
        ticks.iter().map(|t| time::value(t.at, Some(Zone::Utc))).collect::<Vec<_>>(),
        ["1900-01-01", "1900-02-01", "1900-03-01", "1900-04-01"]
    );
    assert_eq!(time::value(-1.5e6, Some(Zone::Utc)), "1969-12-31 23:59:58.500");
    assert_eq!(time::value(1e19, Some(Zone::Utc)), "1e19", "beyond the calendar it is a number");
    // Every step, with only its own multiples.
    for step in time::steps() {
        let ticks = step.ticks(Scale::new(-1e15, -1e15 + step.length() * 6.5), Some(Zone::Utc));
        assert!(
            matches!(step, Step::Years(n) if n > 10_000) || (5..=8).contains(&ticks.len()),
            "{step:?}: {}",
            ticks.len()
        );
        assert!(ticks.windows(2).all(|pair| pair[0].at < pair[1].at));
    }
}

#[test]
fn names_that_do_not_fit_are_cut_or_left_out() {
    let names: Vec<String> = (0..12).map(|i| format!("a rather long name {i}")).collect();
    let cut = x_labels(AxisKind::Category(names.clone()), -0.5, 11.5, 900.0);
    assert_eq!(cut.len(), 12);
    assert!(cut.iter().all(|(label, _)| label.ends_with('…')));
    let fewer = x_labels(AxisKind::Category(names.clone()), -0.5, 11.5, 300.0);
    assert!(!fewer.is_empty() && fewer.len() < 12);
    assert_eq!(
        x_labels(AxisKind::Category(names), -0.5, 1.5, 900.0)[1].0,
        "a rather long name 1",
        "zoomed in, there is room"
    );
}

#[test]
fn a_range_that_shows_nothing_is_widened() {
    for (a, b) in [
        (0.0, 0.0),
        (5.0, 5.0),
        (-1e300, -1e300),
        (1e-320, 1e-320),
        (f64::NAN, 3.0),
        (f64::MAX, f64::MAX),
        (f64::MIN, f64::MAX),
    ] {
        let scale = Scale::new(a, b);
        assert!(scale.lo() < scale.hi() && scale.span().is_finite() && scale.span() > 0.0, "{a} {b}: {scale:?}");
        assert!((scale.share(scale.lo())).abs() < 1e-9 && (scale.share(scale.hi()) - 1.0).abs() < 1e-9);
    }
}

#[test]
fn bars_and_areas_stand_on_zero() {
    for mark in MARKS.iter().filter(|mark| mark.zero) {
        for y in [vec![5.0, 7.0], vec![-5.0, -7.0], vec![0.0, 0.0]] {
            let figure = Figure {
                mark: mark.name.into(),
                series: vec![Series::new("a", vec![1.0, 2.0], y)],
                ..Figure::default()
            };
            assert!(record(&figure, [300.0, 200.0], &Look::light()).unwrap().layout.y.holds(0.0));
        }
    }
}
