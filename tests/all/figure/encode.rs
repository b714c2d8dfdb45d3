//! From an answer to a figure: what a table is taken to mean.

use braid::figure::series::step;
use braid::figure::settings::MOST_SERIES;
use braid::figure::{AxisKind, Encoding, Look, Settings, record};
use polars::prelude::{Column, DataFrame, DataType, TimeUnit};

pub(super) const HOUR: i64 = 3_600_000_000;

pub(super) fn frame(columns: Vec<Column>) -> DataFrame {
    DataFrame::new_infer_height(columns).unwrap()
}

macro_rules! column {
    ($name:expr, $values:expr) => {
        polars::prelude::Column::from(<polars::prelude::Series as polars::prelude::NamedFrom<_, _>>::new(
            $name.into(),
            $values,
        ))
    };
}

pub(super) fn times(name: &str, hours: &[i64]) -> Column {
    let us: Vec<i64> = hours.iter().map(|h| h * HOUR).collect();
    column!(name, us).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap()
}

pub(super) use column;

fn names(of: &Encoding) -> (&str, Option<&str>, Vec<&str>, Option<&str>) {
    (&of.mark, of.x.as_deref(), of.y.iter().map(String::as_str).collect(), of.series.first().map(String::as_str))
}

#[test]
fn the_guess_puts_time_along_and_measures_up() {
    let time = times("hour", &[0, 1]);
    let carrier = column!("carrier", ["AA", "DL"]);
    let count = column!("flights", [10i64, 20]);
    let mean = column!("mean_delay", [1.5f64, 2.5]);
    let year = column!("year", [2000i32, 2001]);
    let id = column!("carrier_id", [7i64, 9]);
    let flag = column!("late", [true, false]);
    /// The columns of an answer, and the mark, x, y and series that are guessed for them.
    type Case<'a> = (Vec<&'a Column>, (&'a str, Option<&'a str>, Vec<&'a str>, Option<&'a str>));
    let cases: Vec<Case<'_>> = vec![
        (vec![&carrier, &time, &count, &mean], ("line", Some("hour"), vec!["flights"], Some("carrier"))),
        (vec![&time, &count, &mean], ("line", Some("hour"), vec!["flights", "mean_delay"], None)),
        (vec![&id, &time, &count], ("line", Some("hour"), vec!["flights"], None)),
        (vec![&carrier, &count], ("bar", Some("carrier"), vec!["flights"], None)),
        (vec![&count, &carrier], ("bar", Some("carrier"), vec!["flights"], None)),
        (vec![&year, &count], ("line", Some("year"), vec!["flights"], None)),
        (vec![&count, &mean], ("scatter", Some("flights"), vec!["mean_delay"], None)),
        (vec![&count], ("line", None, vec!["flights"], None)),
        (vec![&id, &year], ("line", Some("carrier_id"), vec!["year"], None)),
        (vec![&time, &flag], ("line", Some("hour"), vec!["late"], None)),
        (vec![&time, &flag, &count], ("line", Some("hour"), vec!["flights"], Some("late"))),
    ];
    for (columns, expected) in cases {
        let frame = frame(columns.into_iter().cloned().collect());
        let guess = Encoding::guess(&frame);
        assert_eq!(names(&guess), expected, "{:?}", frame.get_column_names());
        // Whatever is guessed can be drawn, with rows and without.
        for frame in [frame.clone(), frame.clear()] {
            record(&guess.figure(&frame).unwrap(), [400.0, 300.0], &Look::light()).unwrap();
            let again = Encoding::guess(&frame);
            record(&again.figure(&frame).unwrap(), [400.0, 300.0], &Look::light()).unwrap();
        }
    }
    // A table of no columns at all.
    let nothing = DataFrame::empty();
    assert!(Encoding::guess(&nothing).figure(&nothing).unwrap().is_empty());
}

#[test]
fn no_line_joins_what_two_names_tell_apart() {
    let time = times("hour", &[0, 0, 1, 1, 0, 1]);
    let (from, to) = (column!("from", ["A", "A", "A", "A", "B", "B"]), column!("to", ["x", "y", "x", "y", "x", "x"]));
    let frame = frame(vec![time, from, to, column!("flights", [1i64, 9, 2, 8, 5, 6])]);
    let guess = Encoding::guess(&frame);
    assert_eq!(
        (guess.series.clone(), guess.title()),
        (vec!["from".to_owned(), "to".to_owned()], "flights by hour and from and to".to_owned())
    );
    let figure = guess.figure(&frame).unwrap();
    let lines: Vec<_> = figure.series.iter().map(|s| (s.name.as_str(), s.y.to_vec())).collect();
    assert_eq!(lines, [("A · x", vec![1.0, 2.0]), ("A · y", vec![9.0, 8.0]), ("B · x", vec![5.0, 6.0])]);
}

#[test]
fn a_measure_that_would_look_flat_beside_the_first_is_read_at_the_right() {
    let frame = frame(vec![
        times("hour", &[0, 1]),
        column!("flights", [90_000i64, 80_000]),
        column!("mean_delay", [8.0f64, 9.0]),
        column!("late", [20_000i64, 10_000]),
    ]);
    let guess = Encoding::guess(&frame);
    assert_eq!(
        (guess.y.clone(), guess.right.clone()),
        (["flights", "mean_delay", "late"].map(str::to_owned).to_vec(), vec!["mean_delay".to_owned()])
    );
    let figure = guess.figure(&frame).unwrap();
    assert_eq!(figure.series.iter().map(|s| s.right).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!((figure.y_title.as_str(), figure.right.unwrap().title.as_str()), ("", "mean_delay"));
    // Bars and areas have two axes as well; points that lie freely share theirs.
    for (mark, right) in [("bar", true), ("area", true), ("scatter", false)] {
        let own = Encoding::with(&frame, &Settings::default().by(mark), None);
        assert_eq!((own.y.len(), own.right.len()), (3, usize::from(right)), "{mark}");
    }
}

#[test]
fn a_missing_window_is_a_gap() {
    let frame = frame(vec![
        times("hour", &[5, 0, 1, 2, 6, 7]),
        column!("n", [Some(5.0f64), Some(0.0), Some(1.0), None, Some(6.0), Some(7.0)]),
    ]);
    let figure = Encoding::guess(&frame).figure(&frame).unwrap();
    assert_eq!(figure.x.kind, AxisKind::Time);
    let points: Vec<(f64, String)> = figure.series[0]
        .x
        .iter()
        .zip(figure.series[0].y.iter())
        .map(|(x, y)| (x / HOUR as f64, y.to_string()))
        .collect();
    let expected = [(0.0, "0"), (1.0, "1"), (2.0, "NaN"), (3.0, "NaN"), (5.0, "5"), (6.0, "6"), (7.0, "7")];
    assert_eq!(
        points,
        expected.map(|(x, y)| (x, y.to_owned())),
        "sorted, the null kept, a gap where 3 and 4 are missing"
    );
}

#[test]
fn only_an_even_axis_has_missing_windows() {
    assert_eq!(step(&[0.0, 10.0, 20.0, 50.0]), Some(10.0));
    assert_eq!(step(&[0.0, 1.0, 17.0, 40.0, 90.0]), None, "single events, mostly apart");
    assert_eq!(step(&[0.0, 10.0, 25.0]), None, "not a multiple");
    assert_eq!(step(&[0.0, 10.0]), None);
    assert_eq!(step(&[3.0, 3.0, f64::NAN]), None);
    // Windows that one group lacks are missing in it, though another has them.
    let hours = [0, 1, 2, 3, 0, 3];
    let frame = frame(vec![
        times("hour", &hours),
        column!("who", ["a", "a", "a", "a", "b", "b"]),
        column!("n", [1i64, 2, 3, 4, 5, 6]),
    ]);
    let figure = Encoding::guess(&frame).figure(&frame).unwrap();
    assert_eq!(figure.series[1].y.iter().filter(|y| y.is_nan()).count(), 1);
    assert_eq!(figure.series[0].y.iter().filter(|y| y.is_nan()).count(), 0);
}

#[test]
fn the_largest_groups_are_shown_and_the_others_counted() {
    let (mut hours, mut who, mut n) = (vec![], vec![], vec![]);
    for group in 0..20i64 {
        for hour in 0..3 {
            hours.push(hour);
            who.push(format!("g{group:02}"));
            n.push(group * if group % 2 == 0 { 1 } else { -1 });
        }
    }
    let frame = frame(vec![times("hour", &hours), column!("who", who), column!("n", n)]);
    let figure = Encoding::guess(&frame).figure(&frame).unwrap();
    let shown: Vec<_> = figure.series.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(shown, ["g12", "g13", "g14", "g15", "g16", "g17", "g18", "g19"], "by size, in an order that stays");
    assert_eq!(shown.len(), MOST_SERIES);
    assert_eq!(figure.caption, "the 8 largest of 20 groups");
    assert_eq!(figure.title, "n by hour and who");
}

#[test]
fn names_keep_the_order_of_the_answer() {
    let frame =
        frame(vec![column!("origin", [Some("上海"), Some("北京"), None, Some("")]), column!("n", [4u8, 3, 2, 1])]);
    let figure = Encoding::guess(&frame).figure(&frame).unwrap();
    assert_eq!(figure.x.kind, AxisKind::Category(["上海", "北京", "(missing)", "(empty)"].map(str::to_owned).to_vec()));
    assert_eq!(figure.series[0].y.to_vec(), [4.0, 3.0, 2.0, 1.0]);
}

#[test]
fn every_kind_of_column_has_its_place() {
    let moment = 1_000_000i64;
    let whole = || column!("t", [moment]);
    let cases = [
        (whole().cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap(), 1e9, AxisKind::Time),
        (whole().cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap(), 1e6, AxisKind::Time),
        (whole().cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).unwrap(), 1e3, AxisKind::Time),
        (column!("t", [2i32]).cast(&DataType::Date).unwrap(), 2.0 * 86_400e6, AxisKind::Time),
        (column!("t", [HOUR * 1000]).cast(&DataType::Time).unwrap(), HOUR as f64, AxisKind::Clock),
        (whole().cast(&DataType::Duration(TimeUnit::Microseconds)).unwrap(), 1.0, AxisKind::Number),
        (column!("t", [7i8]), 7.0, AxisKind::Number),
        (column!("t", [7u64]), 7.0, AxisKind::Number),
        (column!("t", [7.5f32]), 7.5, AxisKind::Number),
    ];
    for (x, expected, kind) in cases {
        let words = format!("{}", x.dtype());
        let frame = frame(vec![x, column!("n", [1i64]), column!("b", [Some(true)])]);
        let encoding = Encoding {
            mark: "line".into(),
            x: Some("t".into()),
            y: vec!["n".into(), "b".into()],
            ..Encoding::default()
        };
        let figure = encoding.figure(&frame).unwrap();
        assert_eq!((figure.x.kind, figure.series[0].x[0]), (kind, expected), "{words}");
        assert_eq!(figure.series[1].y[0], 1.0, "true is 1");
    }
}

#[test]
fn a_column_that_cannot_be_drawn_says_so() {
    let frame = frame(vec![column!("origin", ["a"]), column!("n", [1i64])]);
    let with = |y: &str, x: &str| {
        Encoding { mark: "bar".into(), x: Some(x.into()), y: vec![y.into()], ..Encoding::default() }
            .figure(&frame)
            .unwrap_err()
    };
    let fault = with("delay", "origin");
    assert!(fault.what.contains("'delay'") && fault.hint.to_string().contains("origin, n"), "{fault}");
    assert!(with("origin", "n").what.contains("'origin'"));
    assert!(with("n", "nowhere").what.contains("'nowhere'"));
}
