//! What single marks do: stacks, histograms, grouped bars, big numbers.

use braid::figure::mark::histogram::{Bins, in_whole_bins};
use braid::figure::{
    Axis, AxisKind, Encoding, Figure, Layout, Look, NumberFormat, PointState, Rect, Series, Settings, Shape, export,
};

use super::encode::{HOUR, column, frame, times};
use super::{color_of, marks_of, points_of, shapes, snapshot, states, words};

fn figure(mark: &str, series: &[&[f64]]) -> Figure {
    let own = series.iter().enumerate().map(|(i, y)| {
        let x: Vec<f64> = (0..y.len()).map(|x| x as f64).collect();
        Series::new(format!("s{i}"), x, *y)
    });
    Figure { mark: mark.to_owned(), adds_up: true, series: own.collect(), ..Figure::default() }
}

fn rects(figure: &Figure, series: usize) -> (Vec<Rect>, Layout) {
    let (drawn, layout) = shapes(figure, [560.0, 340.0]);
    let own = marks_of(&drawn, &layout, series);
    (own.iter().filter_map(|s| if let Shape::Rect { rect, .. } = s { Some(*rect) } else { None }).collect(), layout)
}

#[test]
fn bars_of_a_split_stand_beside_each_other() {
    let figure = figure("bar", &[&[5.0, 3.0], &[2.0, 8.0], &[4.0, -4.0]]);
    let all: Vec<Rect> = (0..3).flat_map(|series| rects(&figure, series).0).collect();
    assert_eq!(all.len(), 6);
    for (i, a) in all.iter().enumerate() {
        for b in &all[..i] {
            assert!(a.left >= b.right || b.left >= a.right, "{a:?} covers {b:?}");
        }
    }
}

#[test]
fn bars_too_fine_to_stand_apart_hide_none() {
    let long: Vec<f64> = (0..4_000).map(|i| 100.0 + f64::from(i % 7)).collect();
    let short: Vec<f64> = (0..4_000).map(|i| 20.0 + f64::from(i % 5)).collect();
    // The longer comes last, and is still painted first.
    let figure = figure("bar", &[&short, &long]);
    let (drawn, layout) = shapes(&figure, [560.0, 340.0]);
    let colors: Vec<_> = drawn
        .iter()
        .filter(|s| {
            matches!(s, Shape::Rect { .. })
                && points_of(s)[0][0] >= layout.plot.left
                && points_of(s)[0][1] > layout.plot.top
        })
        .map(color_of)
        .collect();
    let look = Look::light();
    assert!(colors.len() > 800);
    assert!(colors.chunks(2).all(|pair| pair == [look.color(1), look.color(0)]));
}

#[test]
fn a_stack_of_bars_is_as_high_as_its_whole() {
    let figure = figure("stacked-bar", &[&[5.0, 3.0], &[2.0, f64::NAN], &[-4.0, 1.0], &[-1.0, 0.0]]);
    let (first, layout) = rects(&figure, 0);
    let (second, third, fourth) = (rects(&figure, 1).0, rects(&figure, 2).0, rects(&figure, 3).0);
    let px = |y: f64| layout.to_px((0.0, y))[1];
    let near = |rect: Rect, (lo, hi): (f64, f64)| {
        assert!((rect.bottom - px(lo)).abs() < 0.2 && (rect.top - px(hi)).abs() < 0.2, "{rect:?} from {lo} to {hi}");
    };
    near(first[0], (0.0, 5.0));
    near(second[0], (5.0, 7.0));
    near(third[0], (-4.0, 0.0));
    near(fourth[0], (-5.0, -4.0));
    assert_eq!(second.len(), 1, "what is missing is not drawn");
    near(third[1], (3.0, 4.0));
    assert!(layout.y.holds(7.0) && layout.y.holds(-5.0));
    // A reader sees the value itself, and the whole.
    assert_eq!(Layout::words(&figure, 1, 0).unwrap().1, "2");
    assert_eq!(layout.total_words(&figure, 1, 0).unwrap(), "2", "5 + 2 − 4 − 1");
    // In the middle of a part the part is meant, not the nearest end.
    let middle = [layout.to_px((0.0, 0.0))[0], px(0.6)];
    assert_eq!(layout.nearest(&figure, middle), Some((0, 0)));
    let middle = [middle[0], px(6.9)];
    assert_eq!(layout.nearest(&figure, middle), Some((1, 0)));
    snapshot("figure_stacked_below", &export::svg(&figure, 420, 300, &Look::light()).unwrap());
}

#[test]
fn a_stack_of_areas_covers_from_zero_to_its_whole() {
    let figure = figure("stacked-area", &[&[1.0, 2.0, 3.0], &[2.0, 2.0, 2.0]]);
    let (drawn, layout) = shapes(&figure, [560.0, 340.0]);
    let top = |series: usize| -> Vec<f32> {
        let lines = marks_of(&drawn, &layout, series).into_iter().filter(|s| matches!(s, Shape::Line { .. }));
        lines.flat_map(|s| points_of(&s)).map(|p| p[1]).collect()
    };
    let px = |y: f64| layout.to_px((0.0, y))[1];
    assert!(top(1).iter().zip([3.0, 4.0, 5.0]).all(|(y, v)| (y - px(v)).abs() < 0.2), "{:?}", top(1));
    assert!(top(0).iter().zip([1.0, 2.0, 3.0]).all(|(y, v)| (y - px(v)).abs() < 0.2));
    // The lower one is painted over the upper one, which is filled down to zero: no gap between them.
    let fills: Vec<_> = drawn.iter().filter(|s| matches!(s, Shape::Polygon { .. })).collect();
    assert_eq!(fills.len(), 2);
    assert!(fills.iter().all(|s| color_of(s)[3] == 255), "nothing shines through");
    let lowest = |s: &Shape| points_of(s).iter().map(|p| p[1]).fold(f32::MIN, f32::max);
    assert!(fills.iter().all(|s| (lowest(s) - px(0.0)).abs() < 0.2));
    let highest = |s: &Shape| points_of(s).iter().map(|p| p[1]).fold(f32::MAX, f32::min);
    assert!(highest(fills[0]) < highest(fills[1]), "the upper one first");
}

#[test]
fn a_group_without_rows_counts_none_there() {
    let answer = frame(vec![
        times("hour", &[0, 1, 2, 0, 2]),
        column!("who", ["a", "a", "a", "b", "b"]),
        column!("count(*)", [5i64, 6, 7, 1, 2]),
    ]);
    let figure = Encoding::with(&answer, &Settings::default(), Some(&["count(*)".to_owned()])).figure(&answer).unwrap();
    assert_eq!(figure.mark, "stacked-area");
    assert_eq!(figure.series[1].y.to_vec(), [1.0, 0.0, 2.0]);
    // Of averages nothing is made up.
    let settings = Settings::default().by("stacked-area");
    let figure = Encoding::with(&answer, &settings, Some(&[])).figure(&answer).unwrap();
    assert!(figure.series[1].y[1].is_nan());
    assert!(figure.caption.contains("a missing value adds nothing to its stack"), "{}", figure.caption);
    // A sum that may be negative is no part of a whole.
    let debts = frame(vec![column!("who", ["a", "b"]), column!("what", ["x", "y"]), column!("sum(v)", [-5.0f64, 6.0])]);
    assert_eq!(Encoding::with(&debts, &Settings::default(), Some(&["sum(v)".to_owned()])).mark, "bar");
}

#[test]
fn an_area_over_another_hides_nothing() {
    let figure = figure("area", &[&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]]);
    let (drawn, _) = shapes(&figure, [560.0, 340.0]);
    let fills: Vec<_> = drawn.iter().filter(|s| matches!(s, Shape::Polygon { .. })).collect();
    assert!(fills.len() == 2 && fills.iter().all(|s| color_of(s)[3] < 90));
}

#[test]
fn a_stretch_in_whole_bins_covers_it_and_ends_where_bins_do() {
    for width in [1e-3, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 500.0] {
        for step in -40..40 {
            let (from, to) = (f64::from(step) * width * 0.37, (f64::from(step) * 0.37 + 3.3) * width);
            let (low, high) = in_whole_bins((from, to), width);
            let dust = width * 1e-9;
            assert!(low <= from + dust && to <= high + dust, "{from} to {to} in {low} to {high}");
            assert!(from - low < width * 1.0001 && high - to < width * 1.0001, "{from} to {to} in {low} to {high}");
            let first = (low / width).round() * width;
            let starts = Bins { from: first, width, count: 10 }.starts();
            let is_start = |at: f64| starts.iter().any(|start| (start - at).abs() <= dust);
            assert!(is_start(low) && is_start(high), "{low} and {high} in {starts:?}");
        }
    }
    // As they are written, not with the dust of a tenth times three.
    assert_eq!(in_whole_bins((0.32, 0.58), 0.1), (0.3, 0.6));
}

#[test]
fn bins_hold_every_value_once() {
    let mut state = 7u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    for spread in [1e-9, 1.0, 3.7e6] {
        let values: Vec<f64> = (0..1_000).map(|_| (random() + random() + random() - 1.5) * spread).collect();
        let bins = Bins::of(&values).unwrap();
        let counts = bins.counts(values.iter().copied());
        assert_eq!(counts.iter().sum::<f64>(), 1_000.0);
        assert!((8..60).contains(&bins.count), "{bins:?}");
        assert!(counts[0] > 0.0 && counts[counts.len() - 1] > 0.0, "no empty bins at the ends: {counts:?}");
        for value in &values {
            let inside = bins
                .starts()
                .iter()
                .filter(|from| **from <= value + spread * 1e-9 && value - **from < bins.width)
                .count();
            assert!(inside >= 1, "{value} in {bins:?}");
        }
    }
    // Whole numbers have whole bins; one value has one; half alike, too; none has none.
    assert_eq!(Bins::of(&[1.0, 2.0, 2.0, 3.0]).unwrap().width, 1.0);
    assert_eq!(Bins::of(&[5.0; 9]).unwrap().count, 1);
    assert!(Bins::of(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 90.0]).unwrap().count < 60);
    assert_eq!(Bins::of(&[]), None);
    for wild in [[f64::MAX, -f64::MAX], [1e300, 1e-300], [5e-324, 1e-320], [f64::NAN, f64::INFINITY]] {
        let counted = Bins::of(&wild).map_or(0, |bins| bins.counts(wild).len());
        assert!(counted <= 480);
    }
}

#[test]
fn a_histogram_counts_values_and_shows_buckets() {
    let values: Vec<f64> = (0..200).map(|i| 50.0 + 12.0 * (f64::from(i) * 0.7).sin() + f64::from(i % 9)).collect();
    let who: Vec<&str> = (0..200).map(|i| if i % 3 == 0 { "a" } else { "b" }).collect();
    let rows = frame(vec![column!("who", who), column!("delay", values)]);
    let settings = Settings { mark: "histogram".to_owned(), split: Some("who".to_owned()), ..Settings::default() };
    let split = Encoding::with(&rows, &settings, None).figure(&rows).unwrap();
    assert_eq!((split.x.title.as_str(), split.y_title.as_str()), ("delay", "rows"));
    assert_eq!(split.series.iter().flat_map(|s| s.y.iter()).sum::<f64>(), 200.0);
    snapshot("figure_histogram_split", &export::svg(&split, 480, 320, &Look::light()).unwrap());
    let bin = split.bin.unwrap();
    let (bars, layout) = rects(&split, 1);
    let wide = layout.to_px((bin, 0.0))[0] - layout.to_px((0.0, 0.0))[0];
    assert!(bars.iter().all(|bar| (bar.width() - wide).abs() < 1.5), "bars touch: {wide} {bars:?}");
    let first = split.series[0].x[0];
    assert!(Layout::words(&split, 0, 0).unwrap().0.starts_with(&format!("{first} to ")));

    // An answer that has its buckets is shown as it is, from where they begin.
    let buckets = frame(vec![column!("delay_bucket", [0i64, 10, 20]), column!("count(*)", [5i64, 9, 2])]);
    let guess = Encoding::guess(&buckets);
    assert_eq!(guess.mark, "histogram");
    let figure = guess.figure(&buckets).unwrap();
    assert_eq!((figure.series[0].y.to_vec(), figure.bin), (vec![5.0, 9.0, 2.0], Some(10.0)));
    let (bars, layout) = rects(&figure, 0);
    assert!((bars[1].left - layout.to_px((10.0, 0.0))[0]).abs() < 1.0);
    assert_eq!(Layout::words(&figure, 0, 1).unwrap().0, "10 to 20");
}

#[test]
fn one_row_of_numbers_is_written_large() {
    let one = frame(vec![column!("count(*)", [1_234_567i64]), column!("avg(delay)", [7.25f64])]);
    let guess = Encoding::guess(&one);
    assert_eq!((guess.mark.as_str(), guess.y.len()), ("number", 2));
    let figure = guess.figure(&one).unwrap();
    let (drawn, _) = shapes(&figure, [420.0, 200.0]);
    let words = words(&drawn);
    assert!(["1.23 M", "rows", "7.25", "avg delay"].iter().all(|w| words.iter().any(|own| own == w)), "{words:?}");
    assert!(!drawn.iter().any(|s| matches!(s, Shape::Circle { .. })), "no dot on a line");
    snapshot("figure_one_number", &export::svg(&figure, 420, 200, &Look::light()).unwrap());
    // A day and a number is a line of one day so far.
    let day = frame(vec![times("day", &[0]), column!("count(*)", [5i64])]);
    assert_ne!(Encoding::guess(&day).mark, "number");
}

#[test]
fn a_number_is_the_newest_that_is_settled_with_its_change() {
    let x: Vec<f64> = (0..6).map(|i| i as f64 * HOUR as f64).collect();
    let figure = |states: Vec<PointState>| Figure {
        mark: "number".to_owned(),
        x: Axis { title: "hour".to_owned(), kind: AxisKind::Time },
        series: vec![Series::new("flights", x.clone(), vec![5.0, 6.0, 4.0, 10.0, 8.0, 1.0]).with_states(states)],
        ..Figure::default()
    };
    let said = |figure: &Figure| words(&shapes(figure, [420.0, 260.0]).0);
    let settled = said(&figure(states(6, 5, PointState::Open)));
    assert!(settled.contains(&"8".to_owned()) && settled.contains(&"−20.0 %".to_owned()), "{settled:?}");
    let all = said(&figure(Vec::new()));
    assert!(all.contains(&"1".to_owned()) && all.contains(&"−87.5 %".to_owned()), "{all:?}");
    let (drawn, _) = shapes(&figure(Vec::new()), [420.0, 260.0]);
    assert!(drawn.iter().any(|s| matches!(s, Shape::Line { points, .. } if points.len() == 6)), "the values before it");
    let mut percent = figure(Vec::new());
    percent.y_format.number = NumberFormat::Percent;
    assert!(said(&percent).contains(&"100 %".to_owned()));
}
