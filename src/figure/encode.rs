//! From an answer to a figure: which columns go along x and y, which one splits the series, and a guess where nobody
//! has said. How a column's values become places is `columns`' part, how rows become series `series`'.

use polars::prelude::{Column, DataFrame, DataType};

use super::columns::{Role, column, infinite, labels, numbers, positions, role};
use super::mark::{self, Mark};
use super::series::{SeriesRows, groups, largest, step};
use super::spec::{Axis, AxisKind, Figure, PointState};
use crate::data::Result;

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
        let ordered = !mark::find(&self.mark).is_ok_and(Mark::is_scattered);
        let rows_as = SeriesRows { x: &x, states, step, ordered };
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
