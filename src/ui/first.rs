//! The first question of a table: something sensible, asked at once, so that the first thing a person sees is a picture.

use std::path::Path;

use polars::prelude::DataType;

use crate::engine::Table;
use crate::engine::table::name_of;
use crate::query::Form;
use crate::query::form::{Measure, WindowForm};
use crate::query::sql::quote;

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

/// The window size of which some ten pass in a second, as far as the feeds' own pace is known.
pub fn live_size(table: &Table) -> &'static str {
    let speed = table.live.iter().filter_map(|feed| feed.url.params.get("speed")).find_map(|speed| speed.parse::<f64>().ok());
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
    let host = || host.trim_start_matches("www.").split('.').find_map(worded).filter(|_| host.contains(char::is_alphabetic));
    let fallback = if target.starts_with("//") { "feed" } else { scheme };
    last.or_else(host).unwrap_or_else(|| fallback.to_owned())
}

/// The question that tells how much time a table's history spans.
pub fn span_question(table: &Table) -> Option<String> {
    let time = name(&table.time.as_ref()?.column);
    Some(format!("SELECT min({time}) AS first, max({time}) AS last FROM {}", name(&table.name)))
}

/// How many rows fall into each window, or into each of the commonest values of the first text column, or the means
/// of the numbers.
pub fn question(table: &Table, size: &str) -> Form {
    let rows = free_name(table, &["count", "row_count", "how_many"]);
    let mut form = Form { table: table.name.clone(), measures: vec![count(rows.clone())], ..Form::default() };
    let text = table.schema.iter().find(|(_, t)| matches!(t, DataType::String | DataType::Categorical(..) | DataType::Enum(..)));
    if let Some(time) = &table.time {
        let alias = free_name(table, &["time", "start", "bucket"]);
        form.window = Some(WindowForm { time: name(&time.column), size: size.to_owned(), alias: alias.clone(), ..WindowForm::default() });
        form.order = vec![(alias, false)];
    } else if let Some((column, _)) = text {
        form.groups = vec![name(column)];
        form.order = vec![(rows, true)];
        form.limit = Some(20);
    } else {
        let numbers = table.schema.iter().filter(|(_, t)| t.is_primitive_numeric()).take(6);
        form.measures.extend(numbers.map(|(column, _)| Measure { aggregate: "avg".to_owned(), argument: name(column), ..Measure::default() }));
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
