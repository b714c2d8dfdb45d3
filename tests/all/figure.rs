//! Pictures: the laws of drawing, and what every mark looks like as SVG text.

use std::collections::BTreeSet;

use braid::figure::look::Rgba;
use braid::figure::record::Across;
use braid::figure::{
    Axis, AxisKind, Figure, Layout, Look, MARKS, PointState, Rect, Series, Shape, View, export, record, text,
};
use plotters::prelude::SVGBackend;

mod arithmetic;
mod axes;
mod choice;
mod encode;
mod marks;
mod names;

const HOUR: f64 = 3600e6;
/// 2001-09-09 01:46:40 UTC.
const START: f64 = 1e15;

/// Three series with a silent stretch and, in the second, a single missing value; the seam in the middle.
fn flights(mark: &str) -> Figure {
    let x: Vec<f64> = (0..40).map(|i| START + f64::from(i) * HOUR).collect();
    let of = |k: f64| -> Vec<f64> {
        (0..40)
            .map(|i| {
                if (25..30).contains(&i) || (k == 1.0 && i == 10) {
                    f64::NAN
                } else {
                    20.0 + k * 9.0 + 8.0 * (f64::from(i) / (3.0 + k)).sin()
                }
            })
            .collect()
    };
    Figure {
        title: "Mean delay".to_owned(),
        caption: "from 3 % of the rows".to_owned(),
        mark: mark.to_owned(),
        x: Axis { title: "hour".to_owned(), kind: AxisKind::Time },
        y_title: "minutes".to_owned(),
        series: vec![
            Series::new("AA", x.clone(), of(0.0)),
            Series::new("DL", x.clone(), of(1.0)),
            Series::new("UA", x.clone(), of(2.0)),
        ],
        view: None,
        seam: Some(x[20]),
        gaps: vec![(x[24], x[30])],
        ..Figure::default()
    }
}

fn airports(mark: &str) -> Figure {
    let names = ["北京首都国际机场", "上海浦东", "成都", "A & B <C>"].map(str::to_owned).to_vec();
    let y = vec![120_300.0, 98_000.0, -20_000.0, f64::NAN];
    Figure {
        title: "各机场航班数量".to_owned(),
        mark: mark.to_owned(),
        x: Axis { title: "机场".to_owned(), kind: AxisKind::Category(names) },
        y_title: "航班数".to_owned(),
        series: vec![Series::new("航班", vec![0.0, 1.0, 2.0, 3.0], y)],
        ..Figure::default()
    }
}

fn shapes(figure: &Figure, size: [f32; 2]) -> (Vec<Shape>, Layout) {
    let picture = record(figure, size, &Look::light()).unwrap();
    (picture.shapes, picture.layout)
}

fn color_of(shape: &Shape) -> Rgba {
    match shape {
        Shape::Line { color, .. }
        | Shape::Rect { color, .. }
        | Shape::Circle { color, .. }
        | Shape::Polygon { color, .. }
        | Shape::Text { color, .. } => *color,
    }
}

fn points_of(shape: &Shape) -> Vec<[f32; 2]> {
    match shape {
        Shape::Line { points, .. } | Shape::Polygon { points, .. } => points.clone(),
        Shape::Rect { rect, .. } => vec![[rect.left, rect.top], [rect.right, rect.bottom]],
        Shape::Circle { center, .. } => vec![*center],
        Shape::Text { at, .. } => vec![*at],
    }
}

/// Shapes in the colour of a series that lie in the plot: what its mark drew (the legend's sign lies above it).
fn marks_of(shapes: &[Shape], layout: &Layout, series: usize) -> Vec<Shape> {
    let [r, g, b, _] = Look::light().color(series);
    let of = |shape: &&Shape| {
        color_of(shape)[..3] == [r, g, b] && points_of(shape).iter().all(|p| p[1] > layout.plot.top - 4.0)
    };
    shapes.iter().filter(of).cloned().collect()
}

/// What is drawn in the plot in the colours of values.
fn cells_of(shapes: &[Shape], layout: &Layout) -> Vec<Shape> {
    let look = Look::light();
    let ramp: BTreeSet<[u8; 4]> = (0..=2_000).map(|i| look.ramp(f64::from(i) / 2_000.0)).collect();
    let of = |shape: &&Shape| {
        let [r, g, b, _] = color_of(shape);
        ramp.contains(&[r, g, b, 255]) && points_of(shape).iter().all(|p| p[1] > layout.plot.top - 4.0)
    };
    shapes.iter().filter(of).cloned().collect()
}

fn words(shapes: &[Shape]) -> Vec<String> {
    shapes
        .iter()
        .filter_map(|shape| if let Shape::Text { text, .. } = shape { Some(text.clone()) } else { None })
        .collect()
}

/// Compares with the file, or writes it where `BRAID_BLESS=1` asks for that.
fn snapshot(name: &str, svg: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/snapshots").join(format!("{name}.svg"));
    if std::env::var_os("BRAID_BLESS").is_some_and(|v| v == "1") {
        std::fs::write(&path, svg).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path)
        .unwrap_or_else(|e| panic!("{}: {e}; run with BRAID_BLESS=1 to make it", path.display()));
    if let Some((number, (is, was))) = svg.lines().zip(kept.lines()).enumerate().find(|(_, (is, was))| is != was) {
        panic!(
            "{name}.svg differs in line {}:\n was {was}\n  is {is}\nlook at it, then renew with BRAID_BLESS=1",
            number + 1
        );
    }
    assert_eq!(svg.lines().count(), kept.lines().count(), "{name}.svg has another number of lines");
}

#[test]
fn every_mark_draws_what_it_drew_before() {
    for mark in MARKS {
        for (name, look) in [("light", Look::light()), ("dark", Look::dark())] {
            snapshot(
                &format!("figure_{}_{name}", mark.name),
                &export::svg(&flights(mark.name), 560, 340, &look).unwrap(),
            );
        }
        snapshot(
            &format!("figure_{}_names", mark.name),
            &export::svg(&airports(mark.name), 420, 300, &Look::light()).unwrap(),
        );
    }
    let empty = Figure { series: Vec::new(), ..flights("line") };
    snapshot("figure_empty", &export::svg(&empty, 420, 300, &Look::light()).unwrap());
}

#[test]
fn marks_have_names_that_find_them() {
    let names: BTreeSet<_> = MARKS.iter().map(|mark| mark.name).collect();
    assert_eq!(names.len(), MARKS.len());
    assert!(MARKS.iter().all(|mark| !mark.title.is_empty() && !mark.about.is_empty()));
    let fault =
        record(&Figure { mark: "pie".to_owned(), ..flights("line") }, [300.0, 200.0], &Look::light()).unwrap_err();
    assert!(fault.what.contains("pie") && fault.hint.to_string().contains("scatter"), "{fault}");
}

#[test]
fn a_gap_is_never_bridged() {
    for mark in MARKS.iter().filter(|mark| mark.joins).map(|mark| mark.name) {
        // By missing values alone, by the stated gap alone, by both.
        let mut stated = flights(mark);
        for series in &mut stated.series {
            let kept: Vec<_> = (0..series.len()).filter_map(|i| series.point(i)).collect();
            *series = Series::new(
                series.name.clone(),
                kept.iter().map(|p| p.0).collect::<Vec<_>>(),
                kept.iter().map(|p| p.1).collect::<Vec<_>>(),
            );
        }
        let missing = Figure { gaps: Vec::new(), ..flights(mark) };
        for figure in [flights(mark), missing, stated] {
            let (shapes, layout) = shapes(&figure, [560.0, 340.0]);
            let inside = layout.to_px((START + 27.0 * HOUR, 0.0))[0];
            for series in 0..3 {
                let drawn = marks_of(&shapes, &layout, series);
                assert!(drawn.iter().any(|shape| matches!(shape, Shape::Line { .. })));
                for shape in &drawn {
                    let xs: Vec<f32> = points_of(shape).iter().map(|p| p[0]).collect();
                    assert!(
                        !(xs.iter().any(|x| *x < inside) && xs.iter().any(|x| *x > inside)),
                        "{mark}: series {series} crosses the gap"
                    );
                }
            }
        }
        let (shapes, layout) = shapes(&flights(mark), [560.0, 340.0]);
        let strips =
            |series| marks_of(&shapes, &layout, series).iter().filter(|s| matches!(s, Shape::Line { .. })).count();
        assert_eq!([strips(0), strips(1), strips(2)], [2, 3, 2], "{mark}: one piece more for each gap");
    }
}

#[test]
fn a_point_between_gaps_is_a_dot() {
    for mark in MARKS.iter().filter(|mark| mark.joins).map(|mark| mark.name) {
        let y = vec![1.0, f64::NAN, 5.0, f64::NAN, 2.0, 3.0];
        let x: Vec<f64> = (0..6).map(f64::from).collect();
        let figure = Figure { mark: mark.to_owned(), series: vec![Series::new("a", x, y)], ..Figure::default() };
        let (shapes, layout) = shapes(&figure, [90.0, 200.0]);
        let at = layout.to_px((2.0, 5.0));
        let drawn = marks_of(&shapes, &layout, 0);
        let is_there = |shape: &Shape| match shape {
            Shape::Circle { center, .. } => (center[0] - at[0]).hypot(center[1] - at[1]) < 0.2,
            _ => false,
        };
        assert!(drawn.iter().any(is_there), "{mark}: {drawn:?}");
    }
}

#[test]
fn the_seam_is_a_dashed_rule_between_history_and_live() {
    for mark in MARKS.iter().filter(|mark| !mark.bare) {
        let figure = flights(mark.name);
        let (drawn, layout) = shapes(&figure, [560.0, 340.0]);
        let x = layout.to_px((figure.seam.unwrap(), 0.0))[0];
        let dashes = drawn.iter().filter(|shape| match shape {
            Shape::Line { points, color, .. } => {
                *color == Look::light().seam && points.iter().all(|p| (p[0] - x).abs() < 1.0)
            }
            _ => false,
        });
        assert!(dashes.count() > 20, "{}", mark.name);
        for (word, side) in [("history", -1.0), ("live", 1.0)] {
            let at = drawn.iter().find_map(|shape| match shape {
                Shape::Text { text, at, .. } if text == word => Some(at[0]),
                _ => None,
            });
            assert!((at.unwrap() - x) * side > 0.0, "{word} stands on its side");
        }
        let (without, _) = shapes(&Figure { seam: None, ..figure.clone() }, [560.0, 340.0]);
        assert!(!words(&without).iter().any(|w| w == "history"));
        // Zoomed to where there is no seam.
        let away = Figure { view: Some(View { x: Some((START, START + HOUR)), y: None }), ..figure };
        assert!(!words(&shapes(&away, [560.0, 340.0]).0).iter().any(|w| w == "history"));
    }
}

#[test]
fn what_a_column_is_called_cannot_break_an_svg() {
    let mut figure = airports("bar");
    figure.title = "<&> \"it's\" ]]> \u{0} \u{7} <script>".to_owned();
    figure.series.push(Series::new("</text><svg onload='x'>", vec![0.0], vec![1.0]));
    let svg = export::svg(&figure, 600, 400, &Look::light()).unwrap();
    assert!(svg.contains("&lt;&amp;&gt; &quot;it's&quot; ]]&gt;") && svg.contains("A &amp; B &lt;C&gt;"), "{svg}");
    assert!(
        !svg.contains("<script") && !svg.contains("onload='x'>") && !svg.chars().any(|c| c.is_control() && c != '\n')
    );
    assert_eq!(svg.matches("<text ").count(), svg.matches("</text>").count());
    assert_eq!(svg.matches("<svg").count(), 1);
    assert!(svg.contains("'Noto Sans CJK SC'"));
}

#[test]
fn chinese_is_never_a_box() {
    let sample = "各机场航班数量与平均延误（分钟）：一月，東京、ひらがな…";
    for c in sample.chars() {
        assert!(text::covers(c), "no glyph for {c}");
    }
    let nothing = '\u{F0000}';
    assert!(!text::covers(nothing));
    let paint = |title: &str| {
        let mut ink = 0.0;
        let mut seen = BTreeSet::new();
        text::paint(title, 32.0, (0.0, 40.0), |x, y, coverage| {
            ink += coverage;
            if coverage > 0.5 {
                seen.insert((x, y));
            }
        });
        (seen, ink)
    };
    let (air, ink) = paint("航");
    assert!(ink > 50.0);
    assert_ne!(air, paint(&nothing.to_string()).0);
    assert_ne!(air, paint("班").0);
    // The same through the whole way to a PNG.
    let png = |title: &str| {
        export::png(&Figure { title: title.to_owned(), ..airports("bar") }, 300, 200, &Look::light()).unwrap()
    };
    assert_ne!(png("航班"), png("\u{F0000}\u{F0000}"));
    assert_ne!(png("航班"), png("班航"));
    // Mixed text is as wide as its parts.
    let parts = text::width("航", 12.0) + text::width("A", 12.0);
    assert!((text::width("航A", 12.0) - parts).abs() < 1e-3);
    assert!((text::width("航", 12.0) - 12.0).abs() < 0.5);
}

#[test]
fn degenerate_data_are_drawn_without_panic() {
    let nan = f64::NAN;
    let inf = f64::INFINITY;
    let sets: &[(&[f64], &[f64])] = &[
        (&[], &[]),
        (&[1.0], &[2.0]),
        (&[0.0], &[0.0]),
        (&[5.0, 5.0, 5.0], &[7.0, 7.0, 7.0]),
        (&[0.0, 1.0, 2.0], &[nan, nan, nan]),
        (&[nan, nan], &[1.0, 2.0]),
        (&[0.0, 1.0, 2.0], &[1e300, -1e300, 1e308]),
        (&[-f64::MAX, f64::MAX], &[-f64::MAX, f64::MAX]),
        (&[0.0, 1.0], &[5e-324, 1e-320]),
        (&[5e-324, 1e-310], &[1e-300, 2e-300]),
        (&[0.0, 1.0, 2.0, 3.0], &[1.0, inf, -inf, 2.0]),
        (&[inf, -inf, 0.0], &[1.0, 2.0, 3.0]),
        (&[-6e16, -5e16, 0.0, 9e15], &[-1.0, -2.0, -3.0, -0.0]),
        (&[-1e18, 1e18], &[1.0, 2.0]),
        (&[9e18, 9.1e18], &[1.0, 2.0]),
        (&[3.0, 1.0, 2.0], &[1.0, 2.0, 3.0]),
        (&[1e15, 1e15 + 0.125], &[1e15, 1e15 + 1.0]),
        (&[0.0, 1.0, 2.0], &[1.0]),
        (&[0.0, 1e-9, 1e9], &[1.0, 2.0, 3.0]),
        (&[-3.0, 900.0, 2.5], &[1.0, 2.0, 3.0]),
    ];
    let kinds = [
        AxisKind::Number,
        AxisKind::Time,
        AxisKind::Clock,
        AxisKind::Category(vec![]),
        AxisKind::Category(vec!["一".into(), "".into(), "c\n\u{0}".into()]),
    ];
    let views = [
        None,
        Some(View { x: Some((0.5, 1.5)), y: Some((-1e300, 1e300)) }),
        Some(View { x: Some((nan, inf)), y: Some((3.0, 3.0)) }),
        Some(View { x: Some((2.0, -2.0)), y: None }),
        Some(View { x: Some((1e17, 1e17 + 1.0)), y: Some((0.0, 5e-324)) }),
    ];
    let sizes = [[0.0, 0.0], [1.0, 1.0], [40.0, 30.0], [220.0, 90.0], [500.0, 300.0], [f32::NAN, 100.0]];
    for mark in MARKS {
        for (x, y) in sets {
            for kind in &kinds {
                for view in views {
                    let one = Series::new("a", *x, *y);
                    let series = vec![one.clone(), one, Series::default()];
                    let gaps = vec![(1.0, 2.0), (-inf, 0.5), (1.5, inf), (nan, nan), (3.0, 1.0)];
                    let axis = Axis { title: "x".into(), kind: kind.clone() };
                    let figure = Figure {
                        title: "t".into(),
                        mark: mark.name.into(),
                        x: axis,
                        series,
                        view,
                        seam: x.first().copied(),
                        gaps,
                        ..Figure::default()
                    };
                    for size in sizes {
                        let (shapes, layout) = shapes(&figure, size);
                        let all = shapes.iter().flat_map(points_of).flatten();
                        assert!(all.into_iter().all(f32::is_finite), "{} {x:?} {y:?} {view:?} {size:?}", mark.name);
                        let _ = layout.nearest(&figure, [layout.plot.left + 1.0, layout.plot.top + 1.0]);
                        if figure.is_empty() && size[1] >= 300.0 {
                            assert!(words(&shapes).iter().any(|w| w == "Nothing to draw"));
                        }
                    }
                }
                // Painting is slower: one view is enough.
                let figure = Figure {
                    mark: mark.name.into(),
                    x: Axis { title: String::new(), kind: kind.clone() },
                    series: vec![Series::new("a", *x, *y)],
                    ..Figure::default()
                };
                export::png(&figure, 60, 40, &Look::dark()).unwrap();
            }
        }
    }
}

#[test]
fn marks_stay_within_the_plot_when_zoomed() {
    for mark in MARKS.iter().filter(|mark| !mark.bare) {
        // Bands are counted on the axis, not measured.
        let y = match mark {
            mark if mark.bands => (-0.4, 1.6),
            mark if mark.stacks => (18.0, 81.0),
            _ => (18.0, 31.0),
        };
        let view = View { x: Some((START + 3.5 * HOUR, START + 12.2 * HOUR)), y: Some(y) };
        let figure = Figure { view: Some(view), gaps: vec![(START, START + 5.0 * HOUR)], ..flights(mark.name) };
        let (shapes, layout) = shapes(&figure, [560.0, 340.0]);
        assert_eq!((layout.x.range(), layout.y.range()), (view.x.unwrap(), view.y.unwrap()));
        let frame = layout.plot.grown(2.0);
        let mut count = 0;
        let cells = if mark.bands { cells_of(&shapes, &layout) } else { Vec::new() };
        for shape in (0..3).flat_map(|series| marks_of(&shapes, &layout, series)).chain(cells) {
            assert!(points_of(&shape).iter().all(|p| frame.contains(*p)), "{}: {shape:?}", mark.name);
            count += 1;
        }
        assert!(count > 3, "{}", mark.name);
    }
}

#[test]
fn every_surface_gets_the_same_strips_and_words() {
    for mark in MARKS {
        let figure = flights(mark.name);
        let (shapes, layout) = shapes(&figure, [560.0, 340.0]);
        let mut svg = String::new();
        let theirs =
            braid::figure::draw(SVGBackend::with_string(&mut svg, (5600, 3400)), &figure, &Look::light()).unwrap();
        assert_eq!(theirs, layout);
        let ours = export::svg(&figure, 560, 340, &Look::light()).unwrap();
        let count = |of: fn(&Shape) -> bool| shapes.iter().filter(|shape| of(shape)).count();
        for (tag, number) in [
            ("<polyline ", count(|s| matches!(s, Shape::Line { .. }))),
            ("<polygon ", count(|s| matches!(s, Shape::Polygon { .. }))),
            ("<circle ", count(|s| matches!(s, Shape::Circle { .. }))),
            ("<rect ", count(|s| matches!(s, Shape::Rect { .. }))),
            ("<text ", count(|s| matches!(s, Shape::Text { .. }))),
        ] {
            assert_eq!((svg.matches(tag).count(), ours.matches(tag).count()), (number, number), "{} {tag}", mark.name);
        }
    }
}

#[test]
fn the_legend_lies_above_the_data_and_counts_those_it_leaves_out() {
    let mut figure = flights("line");
    figure.series =
        (0..30).map(|i| Series { name: format!("carrier number {i}"), ..figure.series[0].clone() }).collect();
    let (drawn, layout) = shapes(&figure, [400.0, 340.0]);
    let named = words(&drawn).iter().filter(|w| w.starts_with("carrier")).count();
    assert!(named >= 2 && words(&drawn).contains(&format!("+ {} more", 30 - named)), "{:?}", words(&drawn));
    for shape in &drawn {
        if let Shape::Text { text, at, size, .. } = shape
            && (text.starts_with("carrier") || text.starts_with("+ "))
        {
            assert!(at[1] + size / 2.0 < layout.plot.top && at[0] + text::width(text, *size) <= 400.0, "{text}");
        }
    }
    figure.series.truncate(1);
    assert_eq!(shapes(&figure, [400.0, 340.0]).1.legend.len(), 1, "one of many that a filter has left is named");
    figure.y_title.clone_from(&figure.series[0].name);
    assert!(shapes(&figure, [400.0, 340.0]).1.legend.is_empty(), "what its axis is called needs no legend");
}

#[test]
fn pointing_at_a_point_finds_it() {
    for mark in MARKS.iter().filter(|mark| !mark.bare) {
        let figure = flights(mark.name);
        let (_, layout) = shapes(&figure, [560.0, 340.0]);
        for (series, index) in [(0, 0), (0, 12), (1, 11), (2, 39), (1, 39)] {
            let at = layout.point_px(&figure, series, index).unwrap();
            assert_eq!(layout.nearest(&figure, at), Some((series, index)), "{} {series} {index}", mark.name);
        }
        assert_eq!(layout.nearest(&figure, [layout.plot.left, 0.0]), None, "outside the plot");
    }
    let figure = flights("line");
    let (_, layout) = shapes(&figure, [560.0, 340.0]);
    assert_eq!(Layout::words(&figure, 0, 0), Some(("2001-09-09 01:46:40".to_owned(), "20".to_owned())));
    assert_eq!(Layout::words(&figure, 0, 26), None, "nothing to say about a gap");
    // In the gap: the nearer side of it.
    let within = layout.to_px((START + 25.5 * HOUR, 20.0));
    assert_eq!(layout.nearest(&figure, within).unwrap().1, 24);
}

#[test]
fn a_png_is_smooth_and_holds_the_series_colours() {
    let look = Look::light();
    let (width, height) = (640, 400);
    let file = export::png(&flights("line"), width, height, &look).unwrap();
    assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!((&file[16..20], &file[20..24]), (&width.to_be_bytes()[..], &height.to_be_bytes()[..]));
    let pixels = export::pixels(&record(&flights("line"), [640.0, 400.0], &look).unwrap(), width, height, 1.0);
    let decoded = decode(&file);
    assert_eq!(decoded, pixels, "what was painted is what the file holds");
    let colors: BTreeSet<[u8; 3]> = pixels.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
    for series in 0..3 {
        let [r, g, b, _] = look.color(series);
        assert!(colors.contains(&[r, g, b]), "series {series} at full strength");
    }
    let shades = colors.iter().filter(|[r, _, b]| *b > r.saturating_add(20)).count();
    assert!(shades > 40, "{shades} shades of blue: edges are not smooth");
}

/// The pixels of a PNG of one pixel a point.
fn decode(file: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let density = reader.info().pixel_dims.unwrap();
    assert_eq!((density.xppu, density.yppu, density.unit), (3_780, 3_780, png::Unit::Meter), "96 pixels to an inch");
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.color_type, frame.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    pixels
}

#[test]
fn a_picture_is_saved_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let look = Look::light();
    for ending in export::EXTENSIONS {
        let path = dir.path().join(format!("图.{ending}"));
        export::save(&flights("line"), &path, &look).unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() > 5_000);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "no drafts stay behind");
    for (name, phrase) in
        [("a.jpg", ".png or .svg"), ("a", ".png or .svg"), ("no/such/folder/a.png", "folder does not exist")]
    {
        let fault = export::save(&flights("line"), &dir.path().join(name), &look).unwrap_err();
        assert!(fault.to_string().contains(phrase) && fault.place.contains(name), "{fault}");
    }
    assert!(
        export::png(&flights("line"), 0, 10, &look).is_err()
            && export::svg(&flights("line"), 10, 100_000, &look).is_err()
    );
}

#[test]
fn a_million_points_become_a_few_thousand() {
    let x: Vec<f64> = (0..1_000_000).map(f64::from).collect();
    let mut state = 7u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64
    };
    let y: Vec<f64> = (0..1_000_000).map(|_| random()).collect();
    for mark in MARKS {
        let figure = Figure {
            mark: mark.name.into(),
            series: vec![Series::new("a", x.clone(), y.clone())],
            ..Figure::default()
        };
        let (shapes, _) = shapes(&figure, [800.0, 500.0]);
        let points: usize = shapes.iter().map(|s| points_of(s).len()).sum();
        assert!(points < 60_000, "{}: {points}", mark.name);
    }
}

#[test]
fn the_palette_is_told_apart_by_every_eye() {
    for look in [Look::light(), Look::dark()] {
        for color in look.palette.iter().chain([&look.ink, &look.muted]) {
            let (a, b) = (luminance(*color) + 0.05, luminance(look.paper) + 0.05);
            assert!(a.max(b) / a.min(b) >= 3.0, "{color:?} on its paper");
        }
        for matrix in EYES {
            for (i, a) in look.palette.iter().enumerate() {
                for b in &look.palette[..i] {
                    let (p, q) = (seen(*a, &matrix), seen(*b, &matrix));
                    let far = p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
                    assert!(far > 0.085, "{a:?} and {b:?}: {far}");
                }
            }
        }
    }
}

/// Full colour vision, and deuteranopia, protanopia and tritanopia (Machado et al., 2009, severity 1).
const EYES: [[[f64; 3]; 3]; 4] = [
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
];

fn linear(color: Rgba) -> [f64; 3] {
    [color[0], color[1], color[2]].map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    })
}

fn luminance(color: Rgba) -> f64 {
    let [r, g, b] = linear(color);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// A colour as an eye sees it, in Oklab.
fn seen(color: Rgba, eye: &[[f64; 3]; 3]) -> [f64; 3] {
    let dot = |row: &[f64; 3], v: &[f64; 3]| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
    let rgb = linear(color);
    let rgb = [0, 1, 2].map(|i| dot(&eye[i], &rgb).clamp(0.0, 1.0));
    let lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    .map(|row| dot(&row, &rgb).cbrt());
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    .map(|row| dot(&row, &lms))
}

#[test]
fn the_plot_has_room_in_every_size() {
    for mark in MARKS {
        for width in (120..900).step_by(60) {
            for height in (90..700).step_by(60) {
                let (shapes, layout) = shapes(&flights(mark.name), [width as f32, height as f32]);
                let plot = layout.plot;
                assert!(plot.width() > 40.0 && plot.height() >= height as f32 * 0.4, "{width}×{height}: {plot:?}");
                let paper = Rect::new(-0.5, -0.5, width as f32 + 0.5, height as f32 + 0.5);
                for shape in &shapes {
                    if let Shape::Text { text, at, across, size, .. } = shape {
                        let wide = text::width(text, *size);
                        let left = match across {
                            Across::Left => at[0],
                            Across::Center => at[0] - wide / 2.0,
                            Across::Right => at[0] - wide,
                        };
                        assert!(
                            paper.contains([left, at[1]]) && paper.contains([left + wide, at[1]]),
                            "{width}×{height}: '{text}' leaves the picture"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn chinese_in_an_svg_carries_its_outlines() {
    let figure = Figure {
        title: "各机场的延误".to_owned(),
        mark: "line".to_owned(),
        series: vec![Series::new("a", vec![0.0, 1.0], vec![1.0, 2.0])],
        ..Figure::default()
    };
    let svg = export::svg(&figure, 400, 300, &Look::light()).unwrap();
    let path = svg
        .lines()
        .find(|line| line.contains(r#"aria-label="各机场的延误""#))
        .expect("the title is there, for eyes and for readers");
    assert!(path.starts_with("<path") && path.matches('M').count() > 10, "{path}");
    assert!(!svg.lines().any(|line| line.starts_with("<text") && line.contains('机')), "no viewer needs a font for it");
}

#[test]
fn what_is_still_to_change_looks_unfinished_in_every_mark() {
    for mark in MARKS {
        let x: Vec<f64> = (0..6).map(|i| START + f64::from(i) * HOUR).collect();
        let done = Figure {
            mark: mark.name.to_owned(),
            x: Axis { title: "hour".to_owned(), kind: AxisKind::Time },
            series: vec![Series::new("n", x.clone(), vec![5.0, 6.0, 4.0, 7.0, 6.0, 5.0])],
            ..Figure::default()
        };
        let last =
            |state| Figure { series: vec![done.series[0].clone().with_states(states(6, 5, state))], ..done.clone() };
        let open = last(PointState::Open);
        assert_eq!(
            shapes(&open, [640.0, 320.0]).0,
            shapes(&last(PointState::Cut), [640.0, 320.0]).0,
            "{}: cut is unfinished, too",
            mark.name
        );
        assert_ne!(
            shapes(&done, [640.0, 320.0]).0,
            shapes(&last(PointState::Corrected), [640.0, 320.0]).0,
            "{}: corrected has a sign",
            mark.name
        );
        assert_eq!(
            shapes(&done, [640.0, 320.0]).0,
            shapes(&last(PointState::Final), [640.0, 320.0]).0,
            "{}",
            mark.name
        );
        let marks = |figure: &Figure| {
            let (shapes, layout) = shapes(figure, [640.0, 320.0]);
            let own = if mark.bands { cells_of(&shapes, &layout) } else { marks_of(&shapes, &layout, 0) };
            (own, layout)
        };
        let ((before, layout), (after, other)) = (marks(&done), marks(&open));
        assert_eq!(layout, other, "{}: only the look of it changes", mark.name);
        assert_ne!(before, after, "{}", mark.name);
        // What lies left of the last two points is drawn as before.
        let edge = layout.to_px((x[4], 0.0))[0] - 12.0;
        let left = |all: &[Shape]| -> BTreeSet<String> {
            all.iter()
                .filter(|s| {
                    !matches!(s, Shape::Line { .. } | Shape::Polygon { .. }) && points_of(s).iter().all(|p| p[0] < edge)
                })
                .map(|s| format!("{s:?}"))
                .collect()
        };
        assert_eq!(left(&before), left(&after), "{}", mark.name);
        assert!(!mark.unfinished.is_empty());
    }
}

/// So many final points, but for the one at `at`.
fn states(count: usize, at: usize, state: PointState) -> Vec<PointState> {
    (0..count).map(|i| if i == at { state } else { PointState::Final }).collect()
}

#[test]
fn a_heat_map_names_its_bands_from_the_top_and_colours_the_larger_further_from_the_paper() {
    let names = ["cat", "dog"].map(str::to_owned).to_vec();
    let figure = Figure {
        mark: "heat".to_owned(),
        x: Axis { title: "predicted".to_owned(), kind: AxisKind::Category(names) },
        y_title: "truth".to_owned(),
        series: vec![
            Series::new("cat", vec![0.0, 1.0], vec![90.0, 10.0]),
            Series::new("dog", vec![0.0, 1.0], vec![25.5, f64::NAN]),
        ],
        ..Figure::default()
    };
    for look in [Look::light(), Look::dark()] {
        let picture = record(&figure, [400.0, 300.0], &look).unwrap();
        let cells: Vec<(Rect, [u8; 4])> = picture
            .shapes
            .iter()
            .filter_map(|shape| if let Shape::Rect { rect, color, .. } = shape { Some((*rect, *color)) } else { None })
            .filter(|(rect, _)| rect.top >= picture.layout.plot.top && rect.left >= picture.layout.plot.left)
            .collect();
        assert_eq!(cells.len(), 3, "what is missing has no cell");
        let distance = |series: usize, index: usize| {
            let at = picture.layout.point_px(&figure, series, index).unwrap();
            let (_, color) = cells.iter().find(|(rect, _)| rect.contains(at)).unwrap();
            assert_eq!(color[3], 255);
            (lightness(*color) - lightness(look.paper)).abs()
        };
        assert!(distance(0, 0) > distance(1, 0) && distance(1, 0) > distance(0, 1));
        assert!(distance(0, 1) > 0.01, "the least is seen");
    }
    let (shapes, _) = shapes(&figure, [400.0, 300.0]);
    let place = |word: &str| {
        shapes.iter().find_map(|s| {
            if let Shape::Text { text, at, across: Across::Right, .. } = s {
                (text == word).then_some(at[1])
            } else {
                None
            }
        })
    };
    assert!(place("cat").unwrap() < place("dog").unwrap(), "the first band is the highest");
    let words = words(&shapes);
    assert!(["90", "10", "25.5", "truth", "0"].iter().all(|w| words.iter().any(|own| own == w)), "{words:?}");
}

#[test]
fn the_colours_of_values_go_one_way_in_equal_steps() {
    for look in [Look::light(), Look::dark()] {
        let light: Vec<f32> = (0..=20).map(|i| lightness(look.ramp(f64::from(i) / 20.0))).collect();
        let steps: Vec<f32> =
            light.windows(2).map(|pair| (pair[1] - pair[0]) * if look.dark { 1.0 } else { -1.0 }).collect();
        assert!(steps.iter().all(|step| (0.01..0.08).contains(step)), "{steps:?}");
        assert_eq!((look.ramp(-1.0), look.ramp(f64::NAN)[3]), (look.ramp(0.0), 255), "and nothing lies outside");
    }
}

/// How light a colour looks, 0 to 1 (CIE L*).
fn lightness([r, g, b, _]: [u8; 4]) -> f32 {
    let linear = |v: u8| (f32::from(v) / 255.0).powf(2.2);
    let y = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    if y > 0.008_856 { 1.16 * y.cbrt() - 0.16 } else { 9.033 * y }
}

#[test]
fn points_that_stand_apart_are_joined_by_no_line() {
    for mark in MARKS.iter().filter(|mark| mark.joins).map(|mark| mark.name) {
        let joined = Figure {
            mark: mark.to_owned(),
            series: vec![Series::new("n", vec![1.0, 2.0, 9.0], vec![5.0, 6.0, 4.0])],
            ..Figure::default()
        };
        let apart = Figure { apart: true, ..joined.clone() };
        let lines = |figure: &Figure| {
            let (shapes, layout) = shapes(figure, [640.0, 320.0]);
            let marks = marks_of(&shapes, &layout, 0);
            let of = |line: bool| {
                marks.iter().filter(|s| matches!(s, Shape::Line { .. } | Shape::Polygon { .. }) == line).count()
            };
            (of(true), of(false))
        };
        assert!(lines(&joined).0 > 0, "{mark}");
        let (lines, dots) = lines(&apart);
        assert!(lines == 0 && dots >= 3, "{mark}: {lines} lines and {dots} dots");
    }
}

#[test]
fn an_axis_of_powers_names_powers_of_ten() {
    let labels = |lo: f64, hi: f64| braid::figure::number::powers(braid::figure::scale::Scale::new(lo, hi), 8).labels;
    assert_eq!(labels(0.0, 6.0), ["1", "10", "100", "10³", "10⁴", "10⁵", "10⁶"]);
    assert_eq!(labels(4.2, 5.1), ["2×10⁴", "5×10⁴", "10⁵"], "so short a range has more than one label");
    assert_eq!(labels(2.31, 2.5), ["210", "230", "250", "270", "290", "310"], "nor has one within a digit");
    assert_eq!(labels(0.1, 0.2), ["1.3", "1.4", "1.5"]);
    assert_eq!(labels(4.31, 4.35), ["2.1×10⁴", "2.2×10⁴"]);
    assert_eq!(labels(-4.0, -2.0), ["10⁻⁴", "10⁻³", "10⁻²"]);
    assert!(labels(0.0, 30.0).len() <= 9, "and a long one not too many");
}

#[test]
fn a_line_to_an_unfinished_point_is_dashed_and_no_other_is() {
    let x: Vec<f64> = (0..6).map(f64::from).collect();
    let figure = |states: Vec<PointState>| Figure {
        mark: "line".to_owned(),
        series: vec![Series::new("n", x.clone(), vec![5.0, 6.0, 4.0, 7.0, 6.0, 2.0]).with_states(states)],
        ..Figure::default()
    };
    let lines = |figure: &Figure| -> Vec<Vec<[f32; 2]>> {
        let (shapes, layout) = shapes(figure, [640.0, 320.0]);
        marks_of(&shapes, &layout, 0).iter().filter(|s| matches!(s, Shape::Line { .. })).map(points_of).collect()
    };
    assert_eq!(lines(&figure(Vec::new())).len(), 1, "one stroke");
    let dashed = lines(&figure(states(6, 5, PointState::Open)));
    let length =
        |line: &[[f32; 2]]| -> f32 { line.windows(2).map(|p| (p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1])).sum() };
    let whole = dashed.iter().filter(|line| length(line) > 6.0).count();
    assert_eq!(whole, 1, "the finished part is one stroke");
    assert!(dashed.len() > 5, "the last part is dashes");
    let all_open = lines(&figure(vec![PointState::Open; 6]));
    assert!(all_open.iter().all(|line| length(line) <= 6.0));
}

#[test]
fn names_keep_their_order_and_their_values_while_they_are_looked_at() {
    let of = |names: &[&str], values: &[f64]| Figure {
        mark: "bar".to_owned(),
        x: Axis { title: "shop".to_owned(), kind: AxisKind::Category(names.iter().map(|n| (*n).to_owned()).collect()) },
        series: vec![Series::new("n", (0..names.len()).map(|i| i as f64).collect::<Vec<_>>(), values.to_vec())],
        ..Figure::default()
    };
    let before = of(&["a", "b", "c"], &[9.0, 5.0, 1.0]);
    let mut now = of(&["c", "d", "a"], &[12.0, 11.0, 10.0]);
    assert_eq!(braid::figure::keep_order(&mut now, &before), Some(vec![2, 0, 1]));
    assert_eq!(now, of(&["a", "c", "d"], &[10.0, 12.0, 11.0]), "each has its own value still");
    let mut same = of(&["a", "b", "c"], &[9.0, 8.0, 7.0]);
    assert_eq!(braid::figure::keep_order(&mut same, &before), None);
}

#[test]
fn the_only_series_is_named_where_no_axis_says_what_it_is() {
    let figure = |y_title: &str| Figure {
        mark: "line".to_owned(),
        y_title: y_title.to_owned(),
        series: vec![Series::new("M7", vec![0.0, 1.0], vec![3.0, 4.0])],
        ..Figure::default()
    };
    let named = |figure: &Figure| words(&shapes(figure, [400.0, 300.0]).0).iter().any(|word| word == "M7");
    assert!(named(&figure("avg heat")));
    assert_eq!(words(&shapes(&figure("M7"), [400.0, 300.0]).0).iter().filter(|word| *word == "M7").count(), 1);
}

#[test]
fn bars_of_two_axes_stand_on_one_line() {
    let mut figure = flights("bar");
    let first = figure.series[0].clone();
    let other = Series::new("gain", first.x.clone(), first.y.iter().map(|y| y / 100.0 - 0.1).collect::<Vec<_>>());
    figure.series = vec![first, other.at_right(true)];
    figure.right = Some(braid::figure::RightAxis { title: "gain".to_owned(), ..Default::default() });
    let (_, layout) = shapes(&figure, [500.0, 340.0]);
    let right = layout.right.unwrap();
    assert!((layout.y.share(0.0) - right.share(0.0)).abs() < 1e-9, "{:?} {right:?}", layout.y);
}
