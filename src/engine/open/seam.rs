//! A table's seam, read from the words in which a person names it.

use polars::prelude::TimeUnit;

use crate::data::format::parse_datetime;
use crate::data::{Fault, Result};
use crate::engine::seam::Seam;
use crate::engine::table::Table;
use crate::source::live::file;

/// Reads `position`, `time:T`, `key:COL` or `append` for a table.
///
/// # Errors
/// Anything else, a time that is none, or a seam that the table's sources cannot prove.
pub fn parse_seam(text: &str, table: &Table) -> Result<Seam> {
    let wrong = |what: String| Fault::new(what).at(format!("the seam of {}", table.name));
    match text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest))) {
        ("append", None) => Ok(Seam::Append),
        ("position", None) if table.seam == Seam::Position || table.history.is_empty() || table.live.is_empty() => {
            Ok(Seam::Position)
        }
        ("position", None) => Err(wrong("history and live are not one log, so positions prove nothing".to_owned())
            .hint(format!("follow the history's own file ({}), or use time:T, key:COLUMN or append", file::ADDRESS))),
        ("time", Some(t)) => {
            let at = parse_datetime(t.trim(), TimeUnit::Microseconds)
                .ok_or_else(|| wrong(format!("'{t}' is not a time")).hint("write it like time:2001-03-01T12:00:00"))?;
            Ok(Seam::Time(at))
        }
        ("key", Some(column)) if !column.is_empty() => {
            let found = table
                .schema
                .iter_names()
                .find(|n| n.as_str() == column)
                .or_else(|| table.schema.iter_names().find(|n| n.eq_ignore_ascii_case(column)));
            found.map(|name| Seam::Key(name.to_string())).ok_or_else(|| {
                wrong(format!("there is no column '{column}'")).hint("name a column that tells rows apart")
            })
        }
        _ => Err(wrong(format!("'{text}' is no seam")).hint("it is position, time:T, key:COLUMN or append")),
    }
}
