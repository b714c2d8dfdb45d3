//! Axes: two of them, by powers of ten, with units, rules and the present moment.

use braid::figure::{
    Axis, AxisKind, AxisSettings, Encoding, Figure, Format, Layout, Look, NumberFormat, PointState, RightAxis, Rule,
    RuleAxis, Series, Settings, Shade, Shape, Tone, View, export, record,
};

use super::encode::{column, frame, times};
use super::{HOUR, START, color_of, flights, marks_of, points_of, shapes, snapshot, states, words};

fn two_axes() -> Figure {
    let x: Vec<f64> = (0..24).map(|i| START + f64::from(i) * HOUR).collect();
    let wave = |large: f64, phase: f64| -> Vec<f64> {
        (0..24).map(|i| large * (2.0 + (f64::from(i) / 4.0 + phase).sin())).collect()
    };
    Figure {
        title: "Flights and their delay".to_owned(),
        mark: "line".to_owned(),
        x: Axis { title: "hour".to_owned(), kind: AxisKind::Time },
        y_title: "flights".to_owned(),
        right: Some(RightAxis {
            title: "avg delay".to_owned(),
            format: Format { suffix: "min".to_owned(), ..Format::default() },
            ..RightAxis::default()
        }),
        series: vec![
            Series::new("flights", x.clone(), wave(40_000.0, 0.0)),
            Series::new("avg delay", x, wave(4.0, 2.0)).at_right(true),
        ],
        ..Figure::default()
    }
}

#[test]
fn two_measures_of_different_size_have_an_axis_each() {
    let figure = two_axes();
    let (drawn, layout) = shapes(&figure, [560.0, 340.0]);
    snapshot("figure_two_axes", &export::svg(&figure, 560, 340, &Look::light()).unwrap());
    // Both reach over most of the height.
    for series in 0..2 {
        let lines = marks_of(&drawn, &layout, series);
        let ys = || lines.iter().flat_map(points_of).map(|p| p[1]);
        let high = ys().fold(f32::MIN, f32::max) - ys().fold(f32::MAX, f32::min);
        assert!(high > layout.plot.height() * 0.5, "series {series}: {high} of {}", layout.plot.height());
    }
    let words = words(&drawn);
    assert!(
        ["flights", "avg delay", "avg delay (right)"].iter().all(|w| words.iter().any(|own| own == w)),
        "{words:?}"
    );
    let right = drawn.iter().filter(
        |shape| matches!(shape, Shape::Text { text, at, .. } if text.ends_with(" min") && at[0] > layout.plot.right),
    );
    assert!(right.count() >= 3, "numbers at the right in their unit");
    // A pointer reads each at its own axis.
    let at = layout.point_px(&figure, 1, 5).unwrap();
    assert_eq!(layout.nearest(&figure, at), Some((1, 5)));
    assert!(Layout::words(&figure, 1, 5).unwrap().1.ends_with(" min"));
}

#[test]
fn zooming_shows_the_same_part_of_both_axes() {
    let figure = two_axes();
    let (_, whole) = shapes(&figure, [560.0, 340.0]);
    let (lo, hi) = whole.y.range();
    let view = View { x: None, y: Some((lo, lo + (hi - lo) / 2.0)) };
    let (_, half) = shapes(&Figure { view: Some(view), ..figure }, [560.0, 340.0]);
    let (right, all) = (half.right.unwrap(), whole.right.unwrap());
    assert!(right.span() < all.span() * 0.75 && right.lo() <= all.lo() + all.span() * 0.1, "{right:?} of {all:?}");
}

#[test]
fn a_person_chooses_what_is_read_at_the_right() {
    let frame =
        frame(vec![times("hour", &[0, 1, 2]), column!("a", [1.0f64, 2.0, 3.0]), column!("b", [2.0f64, 3.0, 4.0])]);
    assert!(Encoding::guess(&frame).right.is_empty(), "they are alike");
    let right = |names: &[&str], mark: &str| {
        let own = names.iter().map(|name| (*name).to_owned()).collect();
        let settings = Settings { mark: mark.to_owned(), right: Some(own), ..Settings::default() };
        Encoding::with(&frame, &settings, None).figure(&frame).unwrap()
    };
    let of = |figure: &Figure| figure.series.iter().map(|series| series.right).collect::<Vec<_>>();
    assert_eq!(of(&right(&["b"], "line")), [false, true]);
    assert_eq!(of(&right(&["b", "nothing"], "bar")), [false, true], "bars, too, if a person wants it");
    assert_eq!(of(&right(&["b"], "stacked-bar")), [false, false], "a stack has one axis");
    assert!(right(&["b"], "heat").right.is_none());
}

#[test]
fn a_log_axis_says_what_it_cannot_draw() {
    let frame =
        frame(vec![times("hour", &[0, 1, 2, 3, 4, 5]), column!("n", [1.0f64, 10.0, 100_000.0, 0.0, -5.0, 0.0])]);
    let log = AxisSettings { log: true, ..AxisSettings::default() };
    let settings = |mark: &str| Settings { mark: mark.to_owned(), left_axis: log.clone(), ..Settings::default() };
    let figure = Encoding::with(&frame, &settings("line"), None).figure(&frame).unwrap();
    assert_eq!(figure.y_kind, AxisKind::Power);
    assert!(figure.caption.contains("3 points at or below 0 cannot be drawn on a log axis"), "{}", figure.caption);
    assert_eq!(figure.series[0].y[..3], [0.0, 1.0, 5.0]);
    assert_eq!(Layout::words(&figure, 0, 2).unwrap().1, "100,000", "a reader sees the value");
    let (drawn, _) = shapes(&figure, [560.0, 340.0]);
    assert!(words(&drawn).iter().any(|w| w == "10⁴"), "{:?}", words(&drawn));
    snapshot("figure_log", &export::svg(&figure, 560, 340, &Look::light()).unwrap());

    // Bars stand on the foot of the axis, the least of them too.
    let bars = Encoding::with(&frame, &settings("bar"), None).figure(&frame).unwrap();
    let (drawn, layout) = shapes(&bars, [560.0, 340.0]);
    let rects = marks_of(&drawn, &layout, 0);
    assert_eq!(rects.len(), 3);
    for rect in rects {
        let points = points_of(&rect);
        assert!((points[1][1] - layout.plot.bottom).abs() < 1.0 && points[1][1] - points[0][1] > 4.0, "{points:?}");
    }

    // A stack of several is no sum on such an axis.
    let two = super::encode::frame(vec![
        column!("who", ["a", "a", "b", "b"]),
        column!("what", ["x", "y", "x", "y"]),
        column!("n", [1.0f64, 2.0, 3.0, 4.0]),
    ]);
    let stack = Encoding::with(&two, &settings("stacked-bar"), None).figure(&two).unwrap();
    assert_eq!(stack.y_kind, AxisKind::Number);
    assert!(stack.caption.contains("log axis"), "{}", stack.caption);
}

#[test]
fn numbers_are_written_as_a_person_wants_them() {
    let format = |number: NumberFormat| Format { number, ..Format::default() };
    let cases = [
        (format(NumberFormat::Auto), 12_345.5, "12,345.5"),
        (format(NumberFormat::Plain), 12_345.5, "12345.5"),
        (format(NumberFormat::Thousands), 1_234_567.0, "1,234,567"),
        (format(NumberFormat::Si), 1_234.0, "1.234 k"),
        (format(NumberFormat::Si), 0.0012, "1.2 m"),
        (format(NumberFormat::Si), -2.5e9, "−2.5 G"),
        (format(NumberFormat::Percent), 0.123, "12.3 %"),
        (format(NumberFormat::Percent), 0.07, "7 %"),
        (format(NumberFormat::Bytes), 1_500_000.0, "1.5 MB"),
        (format(NumberFormat::Bytes), 12.0, "12 B"),
        (format(NumberFormat::Duration), 5_400.0, "1 h 30 min"),
        (format(NumberFormat::Duration), 0.25, "250 ms"),
        (format(NumberFormat::Duration), 90.0, "1 min 30 s"),
        (format(NumberFormat::Duration), -200_000.0, "−2 d 8 h"),
        (Format { prefix: "$".into(), ..Format::default() }, -5.0, "−$5"),
        (Format { suffix: "ms".into(), ..Format::default() }, 5.0, "5 ms"),
        (Format { suffix: "°".into(), ..Format::default() }, 5.0, "5°"),
        (format(NumberFormat::Si), f64::NAN, "missing"),
    ];
    for (format, value, expected) in cases {
        assert_eq!(format.value(value), expected, "{format:?}");
    }
    // Ticks of lengths of time lie at whole minutes, all labels differ, and none is a fraction of its unit.
    let figure = |number: NumberFormat, top: f64| Figure {
        mark: "line".to_owned(),
        y_format: format(number),
        series: vec![Series::new("n", vec![0.0, 1.0], vec![0.0, top])],
        ..Figure::default()
    };
    let labels = |figure: &Figure| {
        let (drawn, layout) = shapes(figure, [560.0, 340.0]);
        let left = |shape: &Shape| match shape {
            Shape::Text { text, at, .. } if at[0] < layout.plot.left => Some(text.clone()),
            _ => None,
        };
        drawn.iter().filter_map(left).collect::<Vec<_>>()
    };
    assert_eq!(
        labels(&figure(NumberFormat::Duration, 3_500.0)),
        ["0 s", "10 min", "20 min", "30 min", "40 min", "50 min", "1 h"]
    );
    assert_eq!(labels(&figure(NumberFormat::Percent, 0.05)), ["0 %", "1 %", "2 %", "3 %", "4 %", "5 %"]);
    assert_eq!(labels(&figure(NumberFormat::Bytes, 2.4e6)), ["0 B", "0.5 MB", "1.0 MB", "1.5 MB", "2.0 MB", "2.5 MB"]);
}

fn ruled() -> Figure {
    let rule = |on: RuleAxis, at: f64, label: &str, tone: Tone, shade: Shade| Rule {
        on,
        at,
        label: label.to_owned(),
        tone,
        shade,
    };
    Figure {
        rules: vec![
            rule(RuleAxis::Left, 42.0, "limit", Tone::Bad, Shade::Above),
            rule(RuleAxis::Left, 12.0, "", Tone::Good, Shade::Below),
            rule(RuleAxis::X, START + 8.0 * HOUR, "release", Tone::Plain, Shade::None),
        ],
        ..flights("line")
    }
}

#[test]
fn a_threshold_is_a_rule_with_a_name_and_a_tint_beyond() {
    let figure = ruled();
    let look = Look::light();
    let (drawn, layout) = shapes(&figure, [560.0, 340.0]);
    for (name, look) in [("light", Look::light()), ("dark", Look::dark())] {
        snapshot(&format!("figure_rules_{name}"), &export::svg(&figure, 560, 340, &look).unwrap());
    }
    let words = words(&drawn);
    assert!(["limit", "12", "release"].iter().all(|w| words.iter().any(|own| own == w)), "{words:?}");
    let y = layout.to_px((START, 42.0))[1];
    let tint = drawn
        .iter()
        .find(|shape| matches!(shape, Shape::Rect { .. }) && color_of(shape)[..3] == look.tone(Tone::Bad)[..3]);
    let points = points_of(tint.expect("a tint"));
    assert!(
        (points[0][1] - layout.plot.top).abs() < 0.2 && (points[1][1] - y).abs() < 0.2,
        "above the limit: {points:?}"
    );
    let dashes =
        drawn.iter().filter(|shape| matches!(shape, Shape::Line { .. }) && color_of(shape) == look.tone(Tone::Bad));
    assert!(dashes.clone().count() > 10 && dashes.flat_map(points_of).all(|p| (p[1] - y).abs() < 1.0));
}

#[test]
fn a_rule_near_the_data_is_seen_and_one_far_off_flattens_nothing() {
    let plain = flights("line");
    let with =
        |at: f64| Figure { rules: vec![Rule { at, label: "limit".to_owned(), ..Rule::default() }], ..plain.clone() };
    let range = |figure: &Figure| shapes(figure, [560.0, 340.0]).1.y.range();
    assert!(range(&with(60.0)).1 >= 60.0);
    assert_eq!(range(&with(6_000.0)), range(&plain));
    assert!(words(&shapes(&with(6_000.0), [560.0, 340.0]).0).iter().any(|w| w == "↑ limit"), "and says where it is");
    assert!(words(&shapes(&with(-6_000.0), [560.0, 340.0]).0).iter().any(|w| w == "↓ limit"));
    assert_eq!(range(&with(f64::NAN)), range(&plain));
}

#[test]
fn a_live_axis_runs_to_now() {
    let figure = flights("line");
    let last = figure.until().unwrap();
    let upto = |now: f64| shapes(&Figure { now: Some(now), ..figure.clone() }, [560.0, 340.0]).1.x.hi();
    assert_eq!(upto(last + 3.0 * HOUR), last + 3.0 * HOUR);
    assert_eq!(upto(last - 3.0 * HOUR), last, "what is later than the clock is still shown");
    let view = View { x: Some((START, START + HOUR)), y: None };
    let zoomed = Figure { now: Some(last + HOUR), view: Some(view), ..figure };
    assert_eq!(shapes(&zoomed, [560.0, 340.0]).1.x.hi(), START + HOUR, "a person who looks elsewhere stays there");
}

#[test]
fn an_unfinished_window_does_not_stretch_the_axis() {
    let y = vec![50.0, 60.0, 55.0, 58.0, 2.0];
    let figure = |mark: &str, states: Vec<PointState>| Figure {
        mark: mark.to_owned(),
        series: vec![Series::new("n", vec![0.0, 1.0, 2.0, 3.0, 4.0], y.clone()).with_states(states)],
        ..Figure::default()
    };
    let lo = |figure: &Figure| shapes(figure, [560.0, 340.0]).1.y.lo();
    assert!(lo(&figure("line", Vec::new())) <= 2.0);
    assert!(lo(&figure("line", states(5, 4, PointState::Open))) >= 45.0);
    assert!(lo(&figure("line", vec![PointState::Open; 5])) >= 45.0, "those before the last count, open or not");
    let only = Figure {
        series: vec![Series::new("n", vec![0.0], vec![2.0]).with_states(vec![PointState::Open])],
        ..figure("line", Vec::new())
    };
    assert!(lo(&only) <= 2.0, "where nothing else is there, it counts");
    // One that has outgrown the others is shown whole.
    let grown = Figure {
        series: vec![Series::new("n", vec![0.0, 1.0, 2.0], vec![50.0, 60.0, 90.0]).with_states(states(
            3,
            2,
            PointState::Open,
        ))],
        ..figure("line", Vec::new())
    };
    assert!(shapes(&grown, [560.0, 340.0]).1.y.hi() >= 90.0);
    assert_eq!(lo(&figure("bar", states(5, 4, PointState::Open))), 0.0);
    let picture = record(&figure("line", states(5, 4, PointState::Open)), [560.0, 340.0], &Look::light()).unwrap();
    assert!(marks_of(&picture.shapes, &picture.layout, 0).len() > 3, "and it is drawn, dashed, as far as the edge");
}

#[test]
fn a_small_picture_keeps_its_legend_and_three_labels() {
    // As high as the figure of a tile of 150 points is.
    let size = [420.0, 114.0];
    for (seam, top) in [(None, 61.0), (Some(START + 3.0 * HOUR), 61.0), (None, 41.0), (None, 0.99), (None, 2_100.0)] {
        let mut figure = Figure { title: String::new(), caption: String::new(), seam, ..flights("line") };
        for series in &mut figure.series {
            series.y = series.y.iter().map(|y| y / 50.0 * top).collect();
        }
        let (drawn, layout) = shapes(&figure, size);
        assert_eq!(layout.legend.iter().map(|spot| spot.name.as_str()).collect::<Vec<_>>(), ["AA", "DL", "UA"]);
        let beside = |shape: &&Shape| {
            matches!(shape, Shape::Text { at, .. } if at[0] <= layout.plot.left && at[1] >= layout.plot.top - 8.0
                && at[1] <= layout.plot.bottom + 1.0)
        };
        let labels = drawn.iter().filter(beside).count();
        assert!(labels >= 3, "{labels} labels of {top} in {} points", layout.plot.height());
        assert!(layout.plot.height() > size[1] * 0.4, "{}", layout.plot.height());
    }
}

/// The labels of the ticks along x, and of those at the left.
fn labels(figure: &Figure, size: [f32; 2]) -> (Vec<String>, Vec<String>) {
    let (drawn, layout) = shapes(figure, size);
    let texts = drawn.iter().filter_map(|shape| match shape {
        Shape::Text { text, at, .. } => Some((text.clone(), *at)),
        _ => None,
    });
    let line = |at: [f32; 2]| (at[1] - layout.plot.bottom).abs() < 10.0 && at[0] > layout.plot.left - 24.0;
    let (below, others): (Vec<_>, Vec<_>) = texts.partition(|(_, at)| line(*at) && at[1] > layout.plot.bottom);
    let beside = others.into_iter().filter(|(_, at)| at[0] < layout.plot.left && at[1] > layout.plot.top - 8.0);
    (below.into_iter().map(|(text, _)| text).collect(), beside.map(|(text, _)| text).collect())
}

/// One label says nothing of a scale.
#[test]
fn wherever_there_is_room_each_axis_has_two_labels() {
    let line = |x: Vec<f64>, kind: AxisKind| {
        let y = x.iter().map(|x| x.sin() * 7.0 + 3.0).collect::<Vec<_>>();
        Figure {
            mark: "line".to_owned(),
            x: Axis { title: String::new(), kind },
            series: vec![Series::new("a", x, y)],
            ..Figure::default()
        }
    };
    let spread = |from: f64, span: f64| (0..40).map(|i| from + span * f64::from(i) / 39.0).collect::<Vec<f64>>();
    for width in [140.0, 170.0, 215.0, 300.0, 480.0] {
        for minutes in [0.1, 0.9, 7.0, 26.0, 50.0, 95.0, 500.0, 1_700.0, 9_000.0, 90_000.0, 700_000.0] {
            for begin in [0.0, 0.3, 0.77] {
                let span = minutes * 60e6;
                let figure = line(spread(START + begin * span, span), AxisKind::Time);
                let (x, y) = labels(&figure, [width, 120.0]);
                assert!(x.len() > 1, "{width} points, {minutes} minutes from {begin}: {x:?}");
                assert!(y.len() > 1, "{width} points: {y:?}");
            }
        }
        for span in [0.8, 3.0, 17.0, 900.0, 2.5e6] {
            let (x, _) = labels(&line(spread(span * 0.61, span), AxisKind::Number), [width, 120.0]);
            assert!(x.len() > 1, "{width} points, {span}: {x:?}");
        }
        for count in 2..9 {
            let names = (0..count).map(|i| format!("north {i}")).collect();
            let (x, _) = labels(&line((0..count).map(f64::from).collect(), AxisKind::Category(names)), [width, 120.0]);
            assert!(x.len() > 1, "{width} points, {count} names: {x:?}");
        }
    }
    // Zoomed in between two whole numbers, too.
    for high in [70.0, 90.0, 200.0] {
        let figure = line(spread(0.0, 5.0), AxisKind::Number);
        let view = View { x: None, y: Some((3.1, 3.9)) };
        let (_, y) = labels(&Figure { view: Some(view), ..figure }, [300.0, high]);
        assert!(y.len() > 1, "{high} points: {y:?}");
    }
}

#[test]
fn a_sketch_has_neither_axes_nor_words() {
    for mark in braid::figure::MARKS.iter().filter(|mark| !mark.bare && !mark.bands) {
        let figure = Figure { sketch: true, ..flights(mark.name) };
        let (drawn, layout) = shapes(&figure, [180.0, 60.0]);
        assert!(words(&drawn).is_empty(), "{}: {:?}", mark.name, words(&drawn));
        assert!(layout.plot.width() > 170.0 && layout.plot.height() > 50.0, "{}", mark.name);
        assert!((0..3).all(|series| !marks_of(&drawn, &layout, series).is_empty()), "{}", mark.name);
    }
}
