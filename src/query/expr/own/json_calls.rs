//! Functions of JSON texts.

use polars::prelude::*;

use super::json::Json;
use super::json_path::Path;
use super::{ANY, Arguments, OwnFunction, TEXT, Values, own, text, truth, whole};

pub(super) const OWN: &[OwnFunction] = &[
    own(&[EXTRACT, "json_extract_path"], &[TEXT, ANY], text, |a| texts(a, |value| Some(compact(value))))
        .told("json_extract(json, '$.a.b[0]')", "what stands there, as JSON"),
    own(&[EXTRACT_TEXT, "json_extract_path_text"], &[TEXT, ANY], text, |a| texts(a, plain))
        .told("json_extract_string(json, '$.a')", "what stands there, as text"),
    own(&["json_value"], &[TEXT, ANY], text, |a| texts(a, |value| scalar(value).then(|| compact(value))))
        .told("json_value(json, '$.a')", "what stands there, where it is no list and no object"),
    own(&["json_type"], &[TEXT, ANY], text, |a| texts(a, |value| Some(value.kind().to_owned())))
        .least(1)
        .told("json_type(json)", "the name of its type"),
    own(&["json_array_length"], &[TEXT, ANY], whole, |a| found(a, |value| value.map(length)))
        .least(1)
        .told("json_array_length(json, '$.a')", "how many items it has"),
    own(&["json_exists"], &[TEXT, ANY], truth, |a| found(a, |value| Some(value.is_some())))
        .told("json_exists(json, '$.a')", "whether something stands there"),
    own(&["json"], &[TEXT], text, |a| texts(a, |value| Some(compact(value)))).told("json(json)", "without spaces"),
    own(&["json_valid"], &[TEXT], truth, valid).told("json_valid(text)", "whether it is JSON"),
];

/// `->` and `->>`.
pub(in crate::query::expr) const EXTRACT: &str = "json_extract";
pub(in crate::query::expr) const EXTRACT_TEXT: &str = "json_extract_string";

/// Where each row is looked into.
enum Places {
    Whole,
    Numbers(Values<Int64Type>),
    Texts(Values<StringType>, Option<(String, Option<Path>)>),
}

impl Places {
    fn of(a: &Arguments<'_>) -> PolarsResult<Self> {
        Ok(match a.dtype(1) {
            _ if a.len() == 1 => Self::Whole,
            whole if whole.is_integer() => Self::Numbers(a.whole(1)?),
            DataType::String | DataType::Null => Self::Texts(a.texts(1)?, None),
            _ => polars_bail!(ComputeError: "a place in JSON is a text or a whole number; write it like '$.a[0]'"),
        })
    }
}

/// What `of` gives for what stands in each row's place; null where nothing does, unless `of` says otherwise.
fn found<T>(a: &Arguments<'_>, of: impl Fn(Option<&Json>) -> Option<T>) -> PolarsResult<Column>
where
    ChunkedArray<T::Kind>: FromIterator<Option<T>> + IntoColumn,
    T: super::Cell,
{
    let (texts, mut places) = (a.texts(0)?, Places::of(a)?);
    let mut wrong = None;
    let column = a.each(|row| {
        let text = texts.get(row)?;
        let number;
        let path = match &mut places {
            Places::Whole => None,
            Places::Numbers(numbers) => {
                number = Path::item(numbers.get(row)?);
                Some(&number)
            }
            Places::Texts(paths, last) => {
                let written = paths.get(row)?;
                // Mostly it is one place for all rows.
                if last.as_ref().is_none_or(|(known, _)| known != written) {
                    *last = Some((written.to_owned(), Path::read(written)));
                }
                let path = last.as_ref().and_then(|(_, path)| path.as_ref());
                if path.is_none() {
                    wrong = Some(format!("'{written}' is no place in JSON; write it like '$.a.b[0]'"));
                    return None;
                }
                path
            }
        };
        let Some(value) = Json::read(text) else {
            let shown: String = text.chars().take(40).collect();
            wrong.get_or_insert_with(|| format!("'{shown}' is not JSON; json_valid says which texts are"));
            return None;
        };
        of(path.map_or(Some(&value), |path| path.find(&value)))
    });
    wrong.map_or(Ok(column), |what| polars_bail!(ComputeError: "{}", what))
}

fn texts(a: &Arguments<'_>, of: impl Fn(&Json) -> Option<String>) -> PolarsResult<Column> {
    found(a, |value| value.and_then(&of))
}

fn compact(value: &Json) -> String {
    let mut text = String::new();
    value.write(&mut text);
    text
}

/// A text without its quotes; null is none.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::Text(text) => Some(text.clone()),
        other => Some(compact(other)),
    }
}

fn scalar(value: &Json) -> bool {
    !matches!(value, Json::List(_) | Json::Object(_))
}

fn length(value: &Json) -> i64 {
    if let Json::List(items) = value { items.len() as i64 } else { 0 }
}

fn valid(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(|text| Json::read(text).is_some())))
}
