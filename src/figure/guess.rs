//! What an answer is taken to mean where nobody has said: which columns go along x and y, which one splits the series,
//! which mark fits. Making the figure is left to `encode`.

use polars::prelude::{Column, DataFrame, DataType};

use super::columns::{Role, is_bucket, last_word, numbers, role};
use super::encode::Encoding;
use super::mark;
use super::settings::{MOST_SERIES, Settings};

impl Encoding {
    /// A sensible first picture of an answer, which may have no rows yet.
    pub fn guess(frame: &DataFrame) -> Self {
        Self::with(frame, &Settings::default(), None)
    }

    /// The same, but for what a person has chosen; `additive` are the measures whose groups add up, where that is
    /// known.
    pub fn with(frame: &DataFrame, settings: &Settings, additive: Option<&[String]>) -> Self {
        let has = |name: &&String| frame.get_column_index(name).is_some();
        let mut own = first_guess(frame);
        own.settings = settings.clone();
        own.additive = additive.map(|names| names.iter().filter(has).cloned().collect());
        let chosen_mark = mark::find(&settings.mark).ok();
        if let Some(x) = settings.x.as_ref().filter(has) {
            own.x = Some(x.clone());
        }
        let y: Vec<String> = settings.y.iter().flatten().filter(has).cloned().collect();
        if !y.is_empty() {
            own.y = y;
        }
        if let Some(split) = &settings.split {
            own.series = Some(split).filter(has).into_iter().cloned().collect();
        }
        own.panels = settings.panels.as_ref().filter(has).cloned();
        // A column that has panels, or lies along x, does not split their series as well.
        let (x, panels) = (own.x.clone(), own.panels.clone());
        let first = own.series.first().cloned().filter(|_| settings.split.is_some());
        own.series
            .retain(|name| panels.as_ref() != Some(name) && (x.as_ref() != Some(name) || first.as_ref() == Some(name)));
        own.mark = match chosen_mark {
            Some(mark) => mark.name.to_owned(),
            None => own.stacked(frame),
        };
        let two = mark::find(&own.mark).is_ok_and(|mark| mark.takes_right() && !mark.free);
        own.right = match &settings.right {
            Some(names) => names.iter().filter(|name| own.y.contains(name)).cloned().collect(),
            // On one axis the smaller would be flat.
            None if two => uncomparable(frame, &own.y),
            None => Vec::new(),
        };
        own
    }

    /// The guessed mark, or the one that stacks it where the parts of a whole are shown: counts and sums that add up.
    fn stacked(&self, frame: &DataFrame) -> String {
        let whole =
            || {
                self.adds_up()
                    && self.y.iter().filter_map(|name| frame.column(name).ok()).all(|column| {
                        numbers(column).is_ok_and(|values| values.iter().all(|v| v.is_nan() || *v >= 0.0))
                    })
            };
        let stacked = match self.mark.as_str() {
            "bar" => "stacked-bar",
            "line" => "stacked-area",
            other => other,
        };
        if self.series.is_empty() || frame.height() == 0 || !whole() { self.mark.clone() } else { stacked.to_owned() }
    }
}

fn first_guess(frame: &DataFrame) -> Encoding {
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
    let all = |measures: &[&Column]| measures.iter().take(MOST_SERIES).map(name).collect::<Vec<_>>();

    // One row that nothing tells from others: what it says is numbers.
    if x.is_none() && split.is_none() && frame.height() == 1 && !measures.is_empty() {
        return Encoding { mark: "number".to_owned(), y: all(&measures), ..Encoding::default() };
    }
    // Two free measures and nothing to lay them along: how they go together.
    if x.is_none() && measures.len() > 1 {
        let y = measures.get(1).map(name).into_iter().collect();
        let series = split.iter().map(name).collect();
        return Encoding {
            mark: "scatter".to_owned(),
            x: measures.first().map(name),
            y,
            series,
            ..Encoding::default()
        };
    }
    let taken = |column: &Column| [x, split].into_iter().flatten().any(|other| other.name() == column.name());
    let others = names.iter().filter(|column| split.is_some() && !taken(column));
    let series = split.iter().chain(others).map(name).collect();
    let y = match split {
        Some(_) => measures.iter().take(1).map(name).collect(),
        None => all(&measures),
    };
    let mark = match x.map(|column| role(column.dtype())) {
        Some(Role::Name) if split.is_none() && x.is_some_and(repeats) => "scatter",
        Some(Role::Name) => "bar",
        Some(Role::Number) if split.is_none() && x.is_some_and(is_bucket) => "histogram",
        _ => "line",
    };
    Encoding { mark: mark.to_owned(), x: x.as_ref().map(name), y, series, ..Encoding::default() }
}

/// The columns whose values are worth a picture each: names, flags, and numbers that group rather than measure.
pub fn categories(frame: &DataFrame) -> Vec<String> {
    let is_category = |column: &&Column| match role(column.dtype()) {
        Role::Name | Role::Flag => true,
        Role::Number => dimension(column),
        _ => false,
    };
    frame.columns().iter().filter(is_category).map(|column| column.name().to_string()).collect()
}

/// Of these columns those that are so much larger or smaller than the first that one of them would look flat: of a
/// count in thousands and a mean of ten.
fn uncomparable(frame: &DataFrame, y: &[String]) -> Vec<String> {
    const MOST: f64 = 20.0;
    let size = |name: &String| {
        let values = numbers(frame.column(name).ok()?).ok()?;
        values.into_iter().filter(|v| v.is_finite()).map(f64::abs).reduce(f64::max)
    };
    let Some(first) = y.first().and_then(size).filter(|size| *size > 0.0) else { return Vec::new() };
    let fits =
        |name: &&String| size(name).is_none_or(|size| size == 0.0 || (size <= first * MOST && size * MOST >= first));
    y.iter().skip(1).filter(|name| !fits(name)).cloned().collect()
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

fn repeats(column: &Column) -> bool {
    column.n_unique().is_ok_and(|unique| unique < column.len())
}
