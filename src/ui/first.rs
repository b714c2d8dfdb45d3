//! The first question of a table: something sensible, asked at once, so that the first thing a person sees is a
//! picture.

use std::path::Path;

use polars::prelude::{DataFrame, DataType};

use crate::engine::Table;
use crate::engine::table::name_of;
use crate::query::Form;
use crate::query::form::{Measure, WindowForm};
use crate::query::sql::quote;
use crate::ui::widget::names::bare;

/// Window sizes that people think in, with their seconds.
const SIZES: &[(&str, u64)] = &[
    ("1 second", 1),
    ("5 seconds", 5),
    ("10 seconds", 10),
    ("30 seconds", 30),
    ("1 minute", 60),
    ("5 minutes", 300),
    ("15 minutes", 900),
    ("30 minutes", 1_800),
    ("1 hour", 3_600),
    ("3 hours", 10_800),
    ("6 hours", 21_600),
    ("12 hours", 43_200),
    ("1 day", 86_400),
    ("7 days", 604_800),
    ("30 days", 2_592_000),
    ("365 days", 31_536_000),
];

/// The most windows that a first picture should have.
const WINDOWS: f64 = 720.0;

/// The names of the window sizes, for menus.
pub fn sizes() -> impl Iterator<Item = &'static str> {
    SIZES.iter().map(|(name, _)| *name)
}

/// The smallest size that cuts `seconds` into not too many windows.
pub fn size_for(seconds: f64) -> &'static str {
    let fits = SIZES.iter().find(|(_, size)| seconds / *size as f64 <= WINDOWS);
    fits.or(SIZES.last()).map_or("1 day", |(name, _)| name)
}

/// Whether windows of one of these sizes are longer than those of another.
pub fn is_longer(size: &str, than: &str) -> bool {
    let place = |name: &str| SIZES.iter().position(|(own, _)| *own == name);
    place(size).zip(place(than)).is_some_and(|(own, other)| own > other)
}

/// The window size of which some ten pass in a second, as far as the feeds' own pace is known.
pub fn live_size(table: &Table) -> &'static str {
    let speed =
        table.live.iter().filter_map(|feed| feed.url.params.get("speed")).find_map(|speed| speed.parse::<f64>().ok());
    let fits = SIZES.iter().find(|(_, size)| *size as f64 >= speed.unwrap_or(60.0) / 12.0);
    fits.or(SIZES.last()).map_or("1 day", |(name, _)| name)
}

/// A name for a table that lives on this feed alone: the last word of its address, or the first of its host.
pub fn feed_name(url: &str) -> String {
    let (scheme, rest) = url.split_once(':').unwrap_or(("feed", url));
    let target = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = target.strip_prefix("//").map_or(("", target), |t| t.split_once('/').unwrap_or((t, "")));
    let worded = |word: &str| {
        let name = name_of(Path::new(word));
        (word.contains(char::is_alphanumeric) && !name.starts_with("t_")).then_some(name)
    };
    let last = path.rsplit(['/', '\\']).find(|word| !word.is_empty()).and_then(worded);
    let host = host.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    // An address in digits is no name.
    let host =
        || host.trim_start_matches("www.").split('.').find_map(worded).filter(|_| host.contains(char::is_alphabetic));
    let fallback = if target.starts_with("//") { "feed" } else { scheme };
    last.or_else(host).unwrap_or_else(|| fallback.to_owned())
}

/// The time that rows are counted along: that of its events, else any.
fn time_of(table: &Table) -> Option<&str> {
    let any = || {
        table
            .schema
            .iter()
            .find(|(_, t)| matches!(t, DataType::Date | DataType::Datetime(..)))
            .map(|(name, _)| name.as_str())
    };
    table.time.as_ref().map(|t| t.column.as_str()).or_else(any)
}

/// A condition on rows that makes sense of this table, as an example.
pub fn condition(table: &Table) -> Option<String> {
    let find = |fits: fn(&DataType) -> bool| table.schema.iter().find(|(_, t)| fits(t)).map(|(column, _)| name(column));
    let number = find(DataType::is_primitive_numeric).map(|column| format!("{column} > 10"));
    let text = || find(DataType::is_string).map(|column| format!("{column} LIKE 'a%'"));
    number.or_else(text).or_else(|| find(|_| true).map(|column| format!("{column} IS NOT NULL")))
}

/// What has to be known of a table before it can be asked something sensible.
pub struct Probe {
    pub sql: String,
    /// How many pieces of the history tell enough; `None`: all of them.
    pub pieces: Option<u64>,
}

/// How much time a table's history spans; without a time, how many values its columns have.
pub fn probe(table: &Table) -> Option<Probe> {
    let from = name(&table.name);
    if let Some(time) = time_of(table) {
        let time = name(time);
        return Some(Probe {
            sql: format!("SELECT min({time}) AS first, max({time}) AS last FROM {from}"),
            pieces: None,
        });
    }
    let columns = looked_at(table);
    let seen = |(name, number): &(String, bool)| {
        let extremes = if *number { format!(", min({name}), max({name})") } else { String::new() };
        format!(", approx_count_distinct({name}){extremes}")
    };
    let items: String = columns.iter().map(seen).collect();
    (!columns.is_empty()).then(|| Probe { sql: format!("SELECT count(*) AS n{items} FROM {from}"), pieces: Some(1) })
}

/// Columns that a first question may be about, as SQL names, and whether they are numbers.
fn looked_at(table: &Table) -> Vec<(String, bool)> {
    const MOST: usize = 24;
    let kind = |t: &DataType| match t {
        DataType::String | DataType::Boolean | DataType::Categorical(..) | DataType::Enum(..) => Some(false),
        t if t.is_primitive_numeric() => Some(true),
        _ => None,
    };
    table.schema.iter().filter_map(|(column, t)| Some((name(column), kind(t)?))).take(MOST).collect()
}

/// More values than this are no category.
const CATEGORY: f64 = 50.0;
/// About so many buckets make a first histogram.
const BUCKETS: f64 = 30.0;

/// What one column holds, as far as it was looked at.
struct Seen {
    column: String,
    distinct: f64,
    /// The least and the largest of its numbers.
    range: Option<(f64, f64)>,
    whole: bool,
}

/// A question by the answer of a probe without a time: rows by a category of few values, else by buckets of a number.
/// `None` where all values are different, and nothing can be counted.
pub fn question_by(table: &Table, seen: &DataFrame) -> Option<Form> {
    let mut cells = seen
        .columns()
        .iter()
        .map(|c| c.cast(&DataType::Float64).ok().and_then(|c| c.f64().ok().and_then(|c| c.get(0))));
    let rows = cells.next().flatten().filter(|rows| *rows > 0.0)?;
    let mut all = Vec::new();
    for (column, number) in looked_at(table) {
        let distinct = cells.next().flatten().unwrap_or(0.0);
        let range = if number { cells.next().flatten().zip(cells.next().flatten()) } else { None };
        let whole = table.schema.iter().any(|(own, t)| name(own) == column && t.is_integer());
        all.push(Seen { column, distinct, range, whole });
    }
    let is_category = |seen: &&Seen, most: f64| (1.5..=most).contains(&seen.distinct) && seen.distinct * 2.0 <= rows;
    let texts = all.iter().filter(|seen| seen.range.is_none()).find(|seen| is_category(seen, CATEGORY));
    // Numbers of very few values are codes.
    let category = texts.or_else(|| all.iter().filter(|seen| seen.whole).find(|seen| is_category(seen, 12.0)));
    let count_name = free_name(table, &["count", "row_count", "how_many"]);
    let form = Form { table: table.name.clone(), measures: vec![count(count_name.clone())], ..Form::default() };
    if let Some(category) = category {
        return Some(Form {
            groups: vec![category.column.clone()],
            order: vec![(count_name, true)],
            limit: Some(20),
            ..form
        });
    }
    // Whole numbers that are all different number the rows.
    let measured = |seen: &&Seen| {
        seen.range.is_some_and(|(least, most)| most > least) && !(seen.whole && seen.distinct > rows * 0.9)
    };
    let number = all.iter().filter(|seen| !seen.whole).find(measured).or_else(|| all.iter().find(measured))?;
    Some(spread(table, (&number.column, number.whole), number.range?, form.measures))
}

/// What falls into each of some thirty buckets of a number, whose name is as in SQL.
pub fn spread(table: &Table, (column, whole): (&str, bool), (least, most): (f64, f64), measures: Vec<Measure>) -> Form {
    let width = round_step((most - least) / BUCKETS, whole);
    let alias = free_name(table, &[&format!("{}_bucket", bare(column)), "bucket", "value_bucket"]);
    let group = format!("floor({column} / {width}) * {width} AS {}", name(&alias));
    let order = vec![(name(&alias), false)];
    Form { table: table.name.clone(), groups: vec![group], order, measures, ..Form::default() }
}

/// The next of 1, 2, 5, 10, … times a power of ten; at least 1 for whole numbers.
fn round_step(step: f64, whole: bool) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let rounded =
        [1.0, 2.0, 5.0].into_iter().map(|digit| digit * power).find(|rounded| *rounded >= step).unwrap_or(10.0 * power);
    if whole { rounded.max(1.0) } else { rounded }
}

/// How many rows fall into each window, or into each of the commonest values of the first text column, or the means
/// of the numbers.
pub fn question(table: &Table, size: &str) -> Form {
    let rows = free_name(table, &["count", "row_count", "how_many"]);
    let mut form = Form { table: table.name.clone(), measures: vec![count(rows.clone())], ..Form::default() };
    let text = table
        .schema
        .iter()
        .find(|(_, t)| matches!(t, DataType::String | DataType::Categorical(..) | DataType::Enum(..)));
    if let Some(time) = time_of(table) {
        let alias = free_name(table, &["time", "start", "bucket"]);
        form.window =
            Some(WindowForm { time: name(time), size: size.to_owned(), alias: alias.clone(), ..WindowForm::default() });
        form.order = vec![(alias, false)];
    } else if let Some((column, _)) = text {
        form.groups = vec![name(column)];
        form.order = vec![(rows, true)];
        form.limit = Some(20);
    } else {
        let numbers = table.schema.iter().filter(|(_, t)| t.is_primitive_numeric()).take(6);
        form.measures.extend(numbers.map(|(column, _)| Measure {
            aggregate: "avg".to_owned(),
            argument: name(column),
            ..Measure::default()
        }));
    }
    form
}

/// `count(*)`, under a name.
fn count(alias: String) -> Measure {
    Measure { aggregate: "count".to_owned(), argument: "*".to_owned(), alias, ..Measure::default() }
}

/// The first of `names` that no column has: in GROUP BY a column's name would win over the alias.
pub fn free_name(table: &Table, names: &[&str]) -> String {
    let taken = |name: &str| table.schema.iter_names().any(|column| column.eq_ignore_ascii_case(name));
    names.iter().find(|name| !taken(name)).or(names.last()).map_or_else(String::new, |name| (*name).to_owned())
}

/// A name as SQL: quoted where it would not be read as itself.
pub fn name(name: &str) -> String {
    quote(name)
}
