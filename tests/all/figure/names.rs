//! What columns are called for a reader.

use braid::figure::Encoding;
use braid::figure::name::display;

use super::encode::{column, frame, times};

#[test]
fn a_measure_is_called_as_a_person_would() {
    let cases = [
        ("avg(\"delay\")", "avg delay"),
        ("avg(delay)", "avg delay"),
        ("count(*)", "rows"),
        ("COUNT(*)", "rows"),
        ("count(\"tail number\")", "count tail number"),
        ("count(DISTINCT carrier)", "count distinct carrier"),
        ("approx_quantile(\"delay\", 0.9)", "approx quantile delay 0.9"),
        ("sum(abs(\"delay\"))", "sum abs delay"),
        ("tumble(\"at\", INTERVAL '1 hour')", "at"),
        ("window_end", "window_end"),
        ("window_end()", "window end"),
        ("date_trunc('day', at)", "day"),
        ("delay", "delay"),
        ("\"the delay\"", "the delay"),
        ("\"a\"\"b\"", "a\"b"),
        ("sum(\"a\") / count(*)", "sum(a) / count(*)"),
        ("max(\"a\") - min(\"a\")", "max(a) - min(a)"),
        ("max(')')", "max ')'"),
        ("机场", "机场"),
        ("avg(\"延误\")", "avg 延误"),
        ("f(", "f("),
        ("(x)", "(x)"),
        ("", ""),
    ];
    for (column, expected) in cases {
        assert_eq!(display(column), expected, "{column}");
    }
}

#[test]
fn a_figure_says_names_and_keeps_columns() {
    let frame = frame(vec![
        times("tumble(\"at\", INTERVAL '1 hour')", &[0, 1, 2]),
        column!("avg(\"delay\")", [1.0f64, 2.0, 3.0]),
        column!("count(*)", [4i64, 5, 6]),
    ]);
    let guess = Encoding::guess(&frame);
    assert_eq!(guess.y, ["avg(\"delay\")", "count(*)"]);
    let figure = guess.figure(&frame).unwrap();
    assert_eq!((figure.title.as_str(), figure.x.title.as_str()), ("avg delay, rows by at", "at"));
    assert_eq!(figure.series.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["avg delay", "rows"]);
}
