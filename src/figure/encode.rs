//! From an answer to a figure: which columns go along x and y, which one splits the series, and a guess where nobody
//! has said. It reads small tables; what a figure looks like is left to the other files of this floor.

use std::collections::HashMap;

use polars::prelude::{AnyValue, Column, DataFrame, DataType, TimeUnit};

use super::spec::{Axis, AxisKind, Figure, PointState, Series};
use crate::data::{Fault, Result, time};

/// More series than this cannot be told apart.
pub const MOST_SERIES: usize = 8;

/// Which column is shown how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    /// The name of one of `MARKS`.
    pub mark: String,
    /// `None`: the number of the row.
    pub x: Option<String>,
    pub y: Vec<String>,
    /// One series for each value of these columns together; without all that tell rows apart, a line would join what
    /// does not belong together.
    pub series: Vec<String>,
}

/// What a column can be in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Time,
    Clock,
    Name,
    Number,
    Flag,
    Other,
}

fn role(kind: &DataType) -> Role {
    match kind {
        DataType::Date | DataType::Datetime(..) => Role::Time,
        DataType::Time => Role::Clock,
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Role::Name,
        DataType::Boolean => Role::Flag,
        DataType::Duration(_) => Role::Number,
        kind if kind.is_primitive_numeric() => Role::Number,
        _ => Role::Other,
    }
}

impl Encoding {
    /// A sensible first picture of an answer, which may have no rows yet.
    pub fn guess(frame: &DataFrame) -> Self {
        let of = |wanted: &[Role]| -> Vec<&Column> {
            frame.columns().iter().filter(|column| wanted.contains(&role(column.dtype()))).collect()
        };
        let name = |column: &&Column| column.name().to_string();
        let (times, names) = (of(&[Role::Time, Role::Clock]), of(&[Role::Name]));
        let (numbers, flags) = (of(&[Role::Number]), of(&[Role::Flag]));

        // A group is no measure: `hour`, `carrier_id`. But if there is nothing else to measure, it is.
        let (mut dimensions, mut measures): (Vec<&Column>, Vec<&Column>) =
            numbers.iter().copied().partition(|column| dimension(column));
        if measures.is_empty() && (!times.is_empty() || !names.is_empty() || dimensions.len() == 1) {
            measures = std::mem::take(&mut dimensions);
        }
        if measures.is_empty() {
            // Only groups, such as two ids: the last is what was asked about.
            measures.extend(dimensions.pop());
        }
        if measures.is_empty() {
            measures = flags.clone();
        }

        let x = times.first().or(names.first()).or(dimensions.first()).copied();
        let split = if times.is_empty() && !names.is_empty() { names.get(1) } else { names.first() };
        let split =
            split.or(flags.first().filter(|_| x.is_some() && !measures.iter().any(|m| role(m.dtype()) == Role::Flag)));
        let split = split.copied().filter(|column| Some(column.name()) != x.map(Column::name));

        // Two free measures and nothing to lay them along: how they go together.
        if x.is_none() && measures.len() > 1 {
            let y = measures.get(1).map(name).into_iter().collect();
            return Self {
                mark: "scatter".to_owned(),
                x: measures.first().map(name),
                y,
                series: split.iter().map(name).collect(),
            };
        }
        let taken = |column: &Column| [x, split].into_iter().flatten().any(|other| other.name() == column.name());
        let others = names.iter().filter(|column| split.is_some() && !taken(column));
        let series = split.iter().chain(others).map(name).collect();
        let y = match split {
            Some(_) => measures.iter().take(1).map(name).collect(),
            None => comparable(&measures).iter().map(name).collect(),
        };
        let mark = match x.map(|column| role(column.dtype())) {
            Some(Role::Name) if split.is_none() && x.is_some_and(repeats) => "scatter",
            Some(Role::Name) => "bar",
            Some(Role::Number) if split.is_none() && x.is_some_and(is_bucket) => "bar",
            _ => "line",
        };
        Self { mark: mark.to_owned(), x: x.as_ref().map(name), y, series }
    }

    /// The picture of an answer. Its seam, gaps, caption and view are left to the caller.
    ///
    /// # Errors
    /// When a column does not exist or cannot be shown where it is asked for.
    pub fn figure(&self, frame: &DataFrame) -> Result<Figure> {
        self.figure_with(frame, &[])
    }

    /// The same of an answer of which it is known how settled each row is.
    ///
    /// # Errors
    /// As `figure`.
    pub fn figure_with(&self, frame: &DataFrame, states: &[PointState]) -> Result<Figure> {
        let (x, kind) = match &self.x {
            Some(name) => positions(column(frame, name)?)?,
            None => ((1..=frame.height()).map(|i| i as f64).collect(), AxisKind::Number),
        };
        let mut figure = Figure { mark: self.mark.clone(), ..Figure::default() };
        figure.x = Axis { title: self.x.clone().unwrap_or_else(|| "row".to_owned()), kind };
        figure.y_title = if let [only] = self.y.as_slice() { only.clone() } else { String::new() };
        figure.title = self.title();

        let mut values = Vec::with_capacity(self.y.len());
        for name in &self.y {
            values.push((name.as_str(), numbers(column(frame, name)?)?));
        }
        let step = match figure.x.kind {
            AxisKind::Time => step(&x),
            _ => None,
        };
        let asked = self.x.iter().chain(&self.y).filter_map(|name| column(frame, name).ok());
        let far: usize = asked.map(|column| infinite(column).iter().filter(|far| **far).count()).sum();
        if far > 0 {
            figure.note(&format!(
                "{far} {} at an infinite time cannot be drawn",
                if far == 1 { "point" } else { "points" }
            ));
        }
        let rows_as = Rows { x: &x, states, step, ordered: self.mark != "scatter" };
        match self.series.as_slice() {
            [] => {
                let rows: Vec<usize> = (0..x.len()).collect();
                let count = values.len();
                for (name, y) in values.into_iter().take(MOST_SERIES) {
                    figure.series.push(rows_as.series(name.to_owned(), &y, &rows));
                }
                if count > MOST_SERIES {
                    figure.note(&format!("the first {MOST_SERIES} of {count} columns"));
                }
            }
            [split, others @ ..] => {
                let mut named = labels(column(frame, split)?)?;
                for more in others {
                    named
                        .iter_mut()
                        .zip(labels(column(frame, more)?)?)
                        .for_each(|(label, more)| *label = format!("{label} · {more}"));
                }
                let groups = groups(&named);
                let several = values.len() > 1;
                let most = (MOST_SERIES / values.len().max(1)).max(1);
                let first = values.first().map(|(_, y)| y.as_slice()).unwrap_or(&[]);
                let (kept, left_out) = largest(groups, first, most);
                for (name, y) in &values {
                    for (group, rows) in &kept {
                        let title = if several { format!("{group} · {name}") } else { group.clone() };
                        figure.series.push(rows_as.series(title, y, rows));
                    }
                }
                if left_out > 0 {
                    figure.note(&format!("the {} largest of {} groups", kept.len(), kept.len() + left_out));
                }
            }
        }
        Ok(figure)
    }

    /// `delay by hour and carrier`.
    pub fn title(&self) -> String {
        let y = self.y.join(", ");
        let by: Vec<&str> = self.x.iter().chain(&self.series).map(String::as_str).collect();
        if by.is_empty() { y } else { format!("{y} by {}", by.join(" and ")) }
    }
}

/// A number that groups rather than measures, by its name, as a person would judge it.
fn dimension(column: &Column) -> bool {
    const WORDS: &[&str] = &[
        "id",
        "key",
        "code",
        "no",
        "nr",
        "number",
        "index",
        "idx",
        "row",
        "rank",
        "year",
        "quarter",
        "month",
        "week",
        "weekday",
        "dow",
        "day",
        "hour",
        "minute",
        "zip",
        "bucket",
        "bin",
        "class",
        "lat",
        "lon",
        "latitude",
        "longitude",
    ];
    let whole = !matches!(column.dtype(), DataType::Float32 | DataType::Float64 | DataType::Duration(_));
    let name = column.name().to_lowercase();
    let last = last_word(&name);
    let place = matches!(last, "lat" | "lon" | "latitude" | "longitude" | "bucket" | "bin");
    (whole || place) && (WORDS.contains(&last) || name == "dayofweek" || name == "dayofmonth")
}

/// Whether its numbers are the beginnings of buckets: what is counted in them is a histogram.
fn is_bucket(column: &Column) -> bool {
    matches!(last_word(&column.name().to_lowercase()), "bucket" | "bin")
}

/// `flight_no`, `carrier id`: the last word says what it is; `day_count` is a count.
fn last_word(name: &str) -> &str {
    name.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
}

/// The first measure and those that can be seen beside it: of a count in thousands and a mean of ten, one would be
/// flat.
fn comparable<'a>(measures: &[&'a Column]) -> Vec<&'a Column> {
    const MOST: f64 = 50.0;
    let size = |column: &Column| {
        numbers(column)
            .ok()
            .and_then(|values| values.into_iter().filter(|v| v.is_finite()).map(f64::abs).reduce(f64::max))
    };
    let Some(first) = measures.first().and_then(|column| size(column)).filter(|size| *size > 0.0) else {
        return measures.iter().take(1).copied().collect();
    };
    let fits = |column: &&&'a Column| size(column).is_some_and(|size| size <= first * MOST && size * MOST >= first);
    measures.iter().filter(fits).take(MOST_SERIES).copied().collect()
}

fn repeats(column: &Column) -> bool {
    column.n_unique().is_ok_and(|unique| unique < column.len())
}

fn column<'a>(frame: &'a DataFrame, name: &str) -> Result<&'a Column> {
    frame.columns().iter().find(|column| column.name() == name).ok_or_else(|| {
        let names: Vec<_> = frame.columns().iter().map(|column| column.name().as_str()).collect();
        Fault::new(format!("there is no column '{name}' in the answer"))
            .hint(format!("columns are {}", names.join(", ")))
    })
}

/// A column along x: numbers, and what they stand for.
fn positions(column: &Column) -> Result<(Vec<f64>, AxisKind)> {
    match role(column.dtype()) {
        Role::Time => Ok((numbers(column)?, AxisKind::Time)),
        Role::Clock => Ok((numbers(column)?, AxisKind::Clock)),
        Role::Number => Ok((numbers(column)?, AxisKind::Number)),
        _ => {
            // In the order of the answer, which the question chose.
            let mut names: Vec<String> = Vec::new();
            let mut seen: HashMap<String, usize> = HashMap::new();
            let index = |label: String| {
                let next = names.len();
                let at = *seen.entry(label).or_insert_with_key(|label| {
                    names.push(label.clone());
                    next
                });
                at as f64
            };
            let x = labels(column)?.into_iter().map(index).collect();
            Ok((x, AxisKind::Category(names)))
        }
    }
}

/// Which values of a column are infinite times; nothing for other columns.
fn infinite(column: &Column) -> Vec<bool> {
    if time::is_plain(column) {
        return Vec::new();
    }
    let infinite = |value: AnyValue<'_>| match value {
        AnyValue::Date(days) => time::is_infinite_day(days),
        AnyValue::Datetime(v, ..) => time::is_infinite(v),
        _ => false,
    };
    (0..column.len()).map(|row| column.get(row).is_ok_and(infinite)).collect()
}

/// A column as numbers: times in microseconds, durations in seconds, flags as 0 and 1, nulls and infinite times as NaN.
fn numbers(column: &Column) -> Result<Vec<f64>> {
    let whole = |scale: f64| -> Result<Vec<f64>> {
        let cast = column.cast(&DataType::Int64)?;
        let mut numbers: Vec<f64> = cast.i64()?.iter().map(|v| v.map_or(f64::NAN, |v| v as f64 * scale)).collect();
        numbers.iter_mut().zip(infinite(column)).filter(|(_, far)| *far).for_each(|(number, _)| *number = f64::NAN);
        Ok(numbers)
    };
    match column.dtype() {
        DataType::Date => whole(86_400e6),
        DataType::Datetime(unit, _) => match unit {
            TimeUnit::Milliseconds => whole(1e3),
            TimeUnit::Microseconds => whole(1.0),
            TimeUnit::Nanoseconds => whole(1e-3),
        },
        DataType::Time => whole(1e-3),
        DataType::Duration(unit) => match unit {
            TimeUnit::Milliseconds => whole(1e-3),
            TimeUnit::Microseconds => whole(1e-6),
            TimeUnit::Nanoseconds => whole(1e-9),
        },
        DataType::Boolean | DataType::Null => {
            let cast = column.cast(&DataType::Float64)?;
            Ok(cast.f64()?.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
        }
        kind if kind.is_primitive_numeric() => {
            let cast = column.cast(&DataType::Float64)?;
            Ok(cast.f64()?.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
        }
        kind => Err(Fault::new(format!("column '{}' holds {kind}, which has no height", column.name()))
            .hint("choose a column of numbers")),
    }
}

/// A column as names; a null is one, too.
fn labels(column: &Column) -> Result<Vec<String>> {
    let cast = time::texts(column).map_err(|_| {
        Fault::new(format!("column '{}' holds {}, which cannot be written as names", column.name(), column.dtype()))
            .hint("choose another column")
    })?;
    let label = |v: Option<&str>| match v {
        None => "(null)".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.to_owned(),
    };
    Ok(cast.str()?.iter().map(label).collect())
}

/// The rows of each name, in the order the names appear.
fn groups(labels: &[String]) -> Vec<(String, Vec<usize>)> {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (row, label) in labels.iter().enumerate() {
        let at = *seen.entry(label).or_insert_with(|| {
            groups.push((label.clone(), Vec::new()));
            groups.len() - 1
        });
        if let Some((_, rows)) = groups.get_mut(at) {
            rows.push(row);
        }
    }
    groups
}

type Group = (String, Vec<usize>);

/// The groups that sum to most, by name, so that colours stay when the ranking changes; and how many others there are.
fn largest(mut groups: Vec<Group>, y: &[f64], most: usize) -> (Vec<Group>, usize) {
    let total = |rows: &[usize]| {
        rows.iter().filter_map(|row| y.get(*row)).filter(|v| v.is_finite()).map(|v| v.abs()).sum::<f64>()
    };
    let left_out = groups.len().saturating_sub(most);
    if left_out > 0 {
        groups.sort_by(|a, b| total(&b.1).total_cmp(&total(&a.1)).then_with(|| a.0.cmp(&b.0)));
        groups.truncate(most);
    }
    groups.sort_by(|a, b| a.0.cmp(&b.0));
    (groups, left_out)
}

/// The distance of neighbours in an evenly spaced axis, some places of which may be empty: the smallest there is, if
/// every other one is a multiple of it and most are it. Single events at odd moments have none.
pub fn step(x: &[f64]) -> Option<f64> {
    let mut xs: Vec<f64> = x.iter().copied().filter(|x| x.is_finite()).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let apart: Vec<f64> = xs.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let least = apart.iter().copied().fold(f64::INFINITY, f64::min);
    if apart.len() < 2 || !least.is_finite() {
        return None;
    }
    let times = |d: &f64| d / least;
    let even = apart.iter().all(|d| (times(d) - times(d).round()).abs() < 1e-6);
    let next = apart.iter().filter(|d| times(d) < 1.5).count();
    (even && next * 2 >= apart.len()).then_some(least)
}

/// The rows of an answer, on their way to series.
struct Rows<'a> {
    x: &'a [f64],
    /// One a row, or none.
    states: &'a [PointState],
    /// How far apart neighbours are, where they are evenly so.
    step: Option<f64>,
    /// By x, as lines are.
    ordered: bool,
}

impl Rows<'_> {
    /// One series from some rows; NaN where windows are missing.
    fn series(&self, name: String, y: &[f64], rows: &[usize]) -> Series {
        let point = |row: &usize| Some((*self.x.get(*row)?, *y.get(*row)?, self.states.get(*row).copied()));
        let mut points: Vec<(f64, f64, Option<PointState>)> =
            rows.iter().filter_map(point).filter(|(x, ..)| x.is_finite()).collect();
        if self.ordered {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        let (mut xs, mut ys, mut states) =
            (Vec::with_capacity(points.len()), Vec::with_capacity(points.len()), Vec::new());
        let mut before: Option<f64> = None;
        for (at, value, state) in points {
            if let (true, Some(step), Some(before)) = (self.ordered, self.step, before)
                && at - before > step * 1.5
            {
                xs.push(before + step);
                ys.push(f64::NAN);
                states.extend(state.map(|_| PointState::Final));
            }
            xs.push(at);
            ys.push(value);
            states.extend(state);
            before = Some(at);
        }
        Series::new(name, xs, ys).with_states(states)
    }
}
