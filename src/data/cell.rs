//! One value as plain text, whole: as it is copied, searched and compared. How it is shown is left to the window.

use std::borrow::Cow;

use polars::prelude::AnyValue;

use super::format::json_text;
use super::time;
use super::zone::Zone;

/// All of a value; nothing for null. Lists are JSON. A time is told in a zone, and how far that is from UTC.
pub fn text<'a>(value: &'a AnyValue<'_>, zone: Zone) -> Cow<'a, str> {
    match value {
        AnyValue::Null => Cow::Borrowed(""),
        AnyValue::String(v) => Cow::Borrowed(v),
        AnyValue::StringOwned(v) => Cow::Borrowed(v.as_str()),
        AnyValue::Float64(v) => Cow::Owned(v.to_string()),
        AnyValue::Float32(v) => Cow::Owned(v.to_string()),
        AnyValue::Datetime(v, unit, _) | AnyValue::DatetimeOwned(v, unit, _) => Cow::Owned(zone.whole(*v, *unit)),
        AnyValue::List(_) => Cow::Owned(json_text(value)),
        other => Cow::Owned(time::value_text(other).unwrap_or_else(|| other.to_string())),
    }
}

/// The same for a person who reads it: what is JSON is laid out in lines.
pub fn laid_out(value: &AnyValue<'_>, zone: Zone) -> String {
    let text = text(value, zone);
    let nested = text.starts_with(['{', '[']);
    let parsed = nested.then(|| serde_json::from_str::<serde_json::Value>(&text).ok()).flatten();
    parsed.and_then(|json| serde_json::to_string_pretty(&json).ok()).unwrap_or_else(|| text.into_owned())
}
