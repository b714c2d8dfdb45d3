//! Which series are shown, what becomes of the others, and small pictures side by side.

use braid::figure::look::OTHER;
use braid::figure::{Colours, Encoding, Figure, Look, Series, Settings, Shape, View, categories, export, record};
use polars::prelude::DataFrame;

use super::encode::{HOUR, column, frame, times};
use super::{points_of, shapes, snapshot, words};

/// Twelve carriers over four hours: carrier k flies k times an hour.
fn carriers() -> DataFrame {
    let (mut hours, mut who, mut n, mut delay) = (vec![], vec![], vec![], vec![]);
    for hour in 0..4i64 {
        for k in 1..=12i64 {
            hours.push(hour);
            who.push(format!("c{k:02}"));
            n.push(k);
            delay.push(k as f64 / 2.0);
        }
    }
    frame(vec![times("hour", &hours), column!("carrier", who), column!("count(*)", n), column!("avg(delay)", delay)])
}

fn counts(settings: &Settings) -> Figure {
    let frame = carriers();
    Encoding::with(&frame, settings, Some(&["count(*)".to_owned()])).figure(&frame).unwrap()
}

fn names(figure: &Figure) -> Vec<&str> {
    figure.series.iter().map(|series| series.name.as_str()).collect()
}

#[test]
fn counts_of_a_split_are_stacked_with_an_exact_other() {
    let figure = counts(&Settings::default());
    assert_eq!(figure.mark, "stacked-area");
    assert_eq!(names(&figure), ["c05", "c06", "c07", "c08", "c09", "c10", "c11", "c12", "other"]);
    let other = figure.series.last().unwrap();
    assert_eq!(other.y.to_vec(), [10.0; 4], "1 + 2 + 3 + 4");
    assert_eq!(other.colour, Some(OTHER));
    assert_eq!(figure.caption, "other: the sum of 4 groups");
    // The whole is all flights of the hour, whatever is left out.
    let (_, layout) = shapes(&figure, [560.0, 340.0]);
    assert_eq!(layout.total_words(&figure, 0, 0).unwrap(), "78");
    snapshot("figure_other", &export::svg(&figure, 560, 340, &Look::light()).unwrap());
}

#[test]
fn averages_have_no_other() {
    let frame = carriers();
    let mut settings = Settings { y: Some(vec!["avg(delay)".to_owned()]), other: Some(true), ..Settings::default() };
    let additive = ["count(*)".to_owned()];
    let with = |settings: &Settings| Encoding::with(&frame, settings, Some(&additive));
    let figure = with(&settings).figure(&frame).unwrap();
    assert_eq!((figure.mark.as_str(), figure.series.len()), ("line", 8));
    assert_eq!(figure.caption, "the 8 largest of 12 groups");
    settings.mark = "stacked-bar".to_owned();
    let stacked = with(&settings).figure(&frame).unwrap();
    assert!(stacked.caption.contains("do not add up") && !names(&stacked).contains(&"other"), "{}", stacked.caption);
    let (_, layout) = shapes(&stacked, [560.0, 340.0]);
    assert_eq!(layout.total_words(&stacked, 0, 0), None, "so no whole is told");
}

#[test]
fn a_person_chooses_how_many_and_which() {
    let top = counts(&Settings { top: Some(3), ..Settings::default() });
    assert_eq!(names(&top), ["c10", "c11", "c12", "other"]);
    let bare = counts(&Settings { top: Some(3), other: Some(false), ..Settings::default() });
    assert_eq!((names(&bare), bare.caption.as_str()), (vec!["c10", "c11", "c12"], "the 3 largest of 12 groups"));
    let all = counts(&Settings { top: Some(24), ..Settings::default() });
    assert_eq!((all.series.len(), all.caption.as_str()), (12, ""));
    let only = ["c02", "c03", "gone"].map(str::to_owned).to_vec();
    let chosen = counts(&Settings { only, mark: "line".to_owned(), ..Settings::default() });
    assert_eq!((names(&chosen), chosen.caption.as_str()), (vec!["c02", "c03"], "2 of 12 groups"));
}

#[test]
fn a_hidden_series_keeps_its_name_and_the_others_their_colours() {
    let mut settings = Settings { mark: "bar".to_owned(), top: Some(3), other: Some(false), ..Settings::default() };
    settings.hide("c11");
    let figure = counts(&settings);
    assert_eq!(names(&figure), ["c10", "c12"]);
    assert_eq!((figure.colour(0), figure.colour(1)), (0, 2));
    let (drawn, layout) = shapes(&figure, [560.0, 340.0]);
    assert!(["c10", "c11", "c12"].iter().all(|name| words(&drawn).iter().any(|w| w == name)), "all in the legend");
    let spots: Vec<_> = layout.legend.iter().map(|spot| (spot.name.as_str(), spot.hidden)).collect();
    assert_eq!(spots, [("c10", false), ("c11", true), ("c12", false)]);
    for (spot, name) in layout.legend.iter().zip(["c10", "c11", "c12"]) {
        let at = drawn.iter().find(|s| matches!(s, Shape::Text { text, .. } if text == name)).map(|s| points_of(s)[0]);
        assert!(spot.rect.contains(at.unwrap()), "a click on {name} finds it");
    }
    settings.hide("c11");
    assert_eq!(names(&counts(&settings)), ["c10", "c11", "c12"], "a second time shows it again");
    settings.isolate("c12");
    let alone = counts(&settings);
    assert_eq!((names(&alone), alone.colour(0), alone.hidden.len()), (vec!["c12"], 2, 2));
    assert_eq!(shapes(&alone, [560.0, 340.0]).1.legend.len(), 3, "the legend stays, to come back by");
    settings.isolate("c12");
    assert!(counts(&settings).hidden.is_empty());
    // One that is gone hides nothing.
    settings.isolate("nobody");
    assert!(counts(&settings).hidden.is_empty());
}

#[test]
fn more_than_eight_colours_are_told_apart() {
    for look in [Look::light(), Look::dark()] {
        let seen: Vec<[f64; 3]> = (0..24).map(|i| super::seen(look.color(i), &super::EYES[0])).collect();
        for (i, a) in seen.iter().enumerate() {
            for (j, b) in seen.iter().enumerate().take(i) {
                let far = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                assert!(far > 0.05, "{i} and {j}: {far}");
            }
        }
    }
}

fn panelled(free_y: bool) -> Figure {
    let settings = Settings {
        mark: "line".to_owned(),
        split: Some(String::new()),
        panels: Some("carrier".to_owned()),
        y: Some(vec!["count(*)".to_owned()]),
        free_y,
        ..Settings::default()
    };
    counts(&settings)
}

#[test]
fn panels_share_their_axes_unless_told_otherwise() {
    let figure = panelled(false);
    assert_eq!((figure.panels.len(), figure.title.as_str()), (12, "rows by hour and carrier"));
    let (drawn, layout) = shapes(&figure, [720.0, 480.0]);
    for (name, look) in [("light", Look::light()), ("dark", Look::dark())] {
        snapshot(&format!("figure_panels_{name}"), &export::svg(&figure, 720, 480, &look).unwrap());
    }
    assert_eq!(layout.panels.len(), 12);
    let words = words(&drawn);
    assert!(figure.panels.iter().all(|panel| words.contains(&panel.title)), "{words:?}");
    for panel in &layout.panels {
        assert_eq!((panel.x, panel.y), (layout.panels[0].x, layout.panels[0].y));
        let inside = [panel.plot.left, panel.plot.top, panel.plot.right, panel.plot.bottom];
        assert!(inside[0] >= 0.0 && inside[1] >= 0.0 && inside[2] <= 720.0 && inside[3] <= 480.0);
        assert!(panel.plot.width() > 60.0 && panel.plot.height() > 40.0, "{:?}", panel.plot);
    }
    for (i, a) in layout.panels.iter().enumerate() {
        for b in &layout.panels[..i] {
            let apart = a.plot.left >= b.plot.right
                || b.plot.left >= a.plot.right
                || a.plot.top >= b.plot.bottom
                || b.plot.top >= a.plot.bottom;
            assert!(apart, "{:?} and {:?}", a.plot, b.plot);
        }
    }
    let free = shapes(&panelled(true), [720.0, 480.0]).1;
    assert_ne!(free.panels[0].y, free.panels[11].y);
    assert_eq!(free.panels[0].x, free.panels[11].x);
}

#[test]
fn a_pointer_reads_the_panel_that_it_is_in() {
    let figure = panelled(false);
    let (_, layout) = shapes(&figure, [720.0, 480.0]);
    for (i, panel) in layout.panels.iter().enumerate() {
        let at = panel.point_px(&figure.panels[i], 0, 2).unwrap();
        let (part, own) = layout.part(&figure, at);
        assert_eq!((part.title.as_str(), own.nearest(part, at)), (figure.panels[i].title.as_str(), Some((0, 2))));
    }
    // A view of the whole is one of each.
    let hours = (HOUR as f64, 2.0 * HOUR as f64);
    let zoomed = Figure { view: Some(View { x: Some(hours), y: None }), ..figure };
    assert!(shapes(&zoomed, [720.0, 480.0]).1.panels.iter().all(|panel| panel.x.range() == hours));
}

#[test]
fn panels_that_find_no_room_are_counted() {
    let figure = panelled(false);
    let picture = record(&figure, [300.0, 260.0], &Look::light()).unwrap();
    let shown = picture.layout.panels.len();
    assert!((1..12).contains(&shown), "{shown}");
    let said = format!("{shown} of 12 panels find room here");
    assert!(words(&picture.shapes).iter().any(|w| w.contains(&said)), "{:?}", words(&picture.shapes));
    for size in [[0.0, 0.0], [1.0, 1.0], [40.0, 30.0], [200.0, 90.0], [f32::NAN, 100.0]] {
        for mark in braid::figure::MARKS {
            record(&Figure { mark: mark.name.to_owned(), ..figure.clone() }, size, &Look::light()).unwrap();
        }
    }
    // In a tile they are small, and what is missing is told.
    let six = Figure { panels: figure.panels[..6].to_vec(), title: String::new(), ..figure.clone() };
    for (height, shown) in [(186.0, 6), (114.0, 4)] {
        let tile = record(&six, [500.0, height], &Look::light()).unwrap();
        let words = words(&tile.shapes);
        assert_eq!(tile.layout.panels.len(), shown, "{height}");
        assert!(six.panels[..shown].iter().all(|panel| words.contains(&panel.title)), "{words:?}");
        assert_eq!(words.iter().any(|w| w.contains("4 of 6 panels find room here")), shown < 6);
        assert!(tile.layout.panels.iter().all(|panel| panel.plot.height() > 20.0), "{:?}", tile.layout.panels[0].plot);
    }
    // More values than anybody can compare.
    let (hours, who, n): (Vec<i64>, Vec<String>, Vec<i64>) =
        ((0..80).map(|i| i % 2).collect(), (0..80).map(|i| format!("p{}", i / 2)).collect(), (0..80).collect());
    let many = frame(vec![times("hour", &hours), column!("who", who), column!("n", n)]);
    let settings = Settings { panels: Some("who".to_owned()), ..Settings::default() };
    let figure = Encoding::with(&many, &settings, None).figure(&many).unwrap();
    assert_eq!(figure.panels.len(), 16);
    assert!(figure.caption.contains("the 16 largest of 40 panels"), "{}", figure.caption);
}

#[test]
fn settings_are_kept_small_and_whole() {
    assert_eq!(serde_json::to_string(&Settings::default()).unwrap(), "{}");
    let mut settings = Settings { mark: "bar".to_owned(), top: Some(3), ..Settings::default() };
    settings.left_axis.log = true;
    settings.rules.push(braid::figure::Rule { at: 3.5, label: "limit".to_owned(), ..Default::default() });
    settings.isolate("a");
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    // What a newer Braid wrote stays.
    let newer: Settings = serde_json::from_str(r#"{"mark":"bar","smooth":true}"#).unwrap();
    assert_eq!(serde_json::to_string(&newer).unwrap(), r#"{"mark":"bar","smooth":true}"#);
}

#[test]
fn names_keep_their_colours_whoever_stands_beside_them() {
    let picture = |names: &[&str]| Figure {
        mark: "line".to_owned(),
        series: names.iter().map(|name| Series::new(*name, [0.0, 1.0], [1.0, 2.0])).collect(),
        ..Figure::default()
    };
    let mut colours = Colours::default();
    let painted = |colours: &mut Colours, names: &[&str]| -> Vec<usize> {
        let mut figure = picture(names);
        colours.paint(&mut figure);
        (0..names.len()).map(|i| figure.colour(i)).collect()
    };
    assert_eq!(painted(&mut colours, &["a", "b", "c"]), [0, 1, 2]);
    assert_eq!(painted(&mut colours, &["c"]), [2]);
    assert_eq!(painted(&mut colours, &["b", "d", "c"]), [1, 3, 2]);
    assert_eq!(painted(&mut colours, &["d", "a"]), [3, 0]);
    // However many have come and gone, those beside each other are told apart.
    for first in 0..60 {
        let names: Vec<String> = (first..first + 8).map(|i| format!("n{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (once, again) = (painted(&mut colours, &names), painted(&mut colours, &names));
        assert_eq!(once, again);
        assert_eq!(once.iter().collect::<std::collections::BTreeSet<_>>().len(), 8, "{once:?}");
    }
    // The sum of the others has its own.
    let frame = carriers();
    let mut figure = counts(&Settings { hidden: vec!["c07".to_owned()], ..Settings::default() });
    colours.paint(&mut figure);
    assert_eq!(figure.series.last().unwrap().colour, Some(OTHER));
    let mut own: Vec<usize> = figure.series.iter().filter_map(|series| series.colour).collect();
    own.push(figure.hidden[0].colour);
    own.sort_unstable();
    own.dedup();
    assert_eq!(own.len(), figure.series.len() + 1);
    assert_eq!(figure.names.len(), 12);
    assert_eq!(categories(&frame), ["carrier"]);
}
