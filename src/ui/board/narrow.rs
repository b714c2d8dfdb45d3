//! The question of a tile as it is asked: with the values of variables, the board's filters and its stretch of time.

use crate::data::Result;
use crate::query::narrow::{Condition, narrowed, with_variables};
use crate::query::sql::quote_text;
use crate::query::{Form, Query};
use crate::ui::rewind::TimeRange;
use crate::ui::widget::numbers;
use crate::ui::worksheet::Worksheet;
use crate::workspace::bench::{Filter, Scope, Span, Tile, Variable, VariableKind};

/// A rolling stretch moves on by this share of its length: what has no axis of time is asked anew at each step.
const STEPS: i64 = 60;

/// What is asked for a tile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub sql: String,
    /// Whether it is asked anew whenever the board's stretch has moved on.
    pub rolls: bool,
    /// Why it is asked without the board's limits, where it is.
    pub unlimited: Option<String>,
}

/// The stretch of a board now, as far as questions are limited to it; `None` for all of the time.
pub fn stretch(span: Span, now: Option<i64>) -> Option<TimeRange> {
    let (from, until) = match span {
        Span::All => return None,
        Span::Between { .. } => span.at(0, numbers::zone()),
        Span::Since(_) => span.at(now?, numbers::zone()),
        Span::Last(seconds) => {
            let step = (i64::from(seconds) * 1_000_000 / STEPS).max(1_000_000);
            let (from, until) = span.at(now?, numbers::zone());
            (from.map(|from| from.div_euclid(step) * step), until)
        }
    };
    Some(TimeRange { from, until })
}

/// # Errors
/// When it names a variable that the board does not have.
pub fn asked(tile: &Tile, scope: &Scope, sheet: &Worksheet, range: Option<TimeRange>) -> Result<Asked> {
    let table = &sheet.table;
    let composed = sheet.named.compose(&tile.sql)?.each(|sql| with_variables(sql, |name| variable(scope, name)))?;
    let sql = composed.text()?;
    let mut conditions: Vec<Condition> =
        scope.filters.iter().filter(|filter| table.schema.contains(&filter.column)).flat_map(conditions).collect();
    // A figure over time shows a rolling stretch of all its windows, and need not be asked anew as it moves.
    let range = range.filter(|_| matches!(scope.span, Span::Between { .. }) || !is_over_time(composed.own()));
    let rolls = range.is_some() && scope.span.rolls();
    if let (Some(time), Some(range)) = (&table.time, range) {
        match sheet.time_unit() {
            Ok(unit) => conditions.extend(range.conditions(&time.column, unit)),
            Err(fault) => return Ok(Asked { sql, rolls: false, unlimited: Some(fault.what) }),
        }
    }
    // Where it asks others by their names, it is theirs that are about the rows.
    let limited = composed.of_table(&table.name, |sql| narrowed(sql, &conditions));
    Ok(match limited.and_then(|limited| limited.text()) {
        Ok(sql) => Asked { sql, rolls, unlimited: None },
        // A text that is no question says so when it is bound.
        Err(fault) => Asked { sql, rolls: false, unlimited: Some(fault.what) },
    })
}

fn is_over_time(sql: &str) -> bool {
    Query::parse(sql).is_ok_and(|query| Form::from_query(&query).window.is_some())
}

fn conditions(filter: &Filter) -> Vec<Condition> {
    let on = |any: Vec<String>| Condition { column: filter.column.clone(), any };
    if let Some((from, until)) = &filter.range {
        return if filter.inverted {
            // A missing value does not lie within.
            vec![on(vec![format!("< {from}"), format!(">= {until}"), "IS NULL".to_owned()])]
        } else {
            vec![on(vec![format!(">= {from}")]), on(vec![format!("< {until}")])]
        };
    }
    let values: Vec<&str> = filter.values.iter().flatten().map(String::as_str).collect();
    let missing = filter.values.contains(&None);
    let not = if filter.inverted { "NOT " } else { "" };
    let mut any = Vec::new();
    if !values.is_empty() {
        any.push(format!("{not}IN ({})", values.join(", ")));
    }
    // A missing value is none of those that are named.
    if missing != filter.inverted {
        any.push("IS NULL".to_owned());
    } else if values.is_empty() {
        any.push("IS NOT NULL".to_owned());
    }
    if filter.values.is_empty() { Vec::new() } else { vec![on(any)] }
}

fn variable(scope: &Scope, name: &str) -> Option<String> {
    scope.variables.iter().find(|variable| variable.name == name).map(value)
}

/// The value of a variable as SQL.
pub fn value(variable: &Variable) -> String {
    match variable.kind {
        VariableKind::Number => variable
            .value
            .trim()
            .parse::<f64>()
            .map_or_else(|_| "NULL".to_owned(), |_| variable.value.trim().to_owned()),
        VariableKind::Text => quote_text(&variable.value),
        // Its values are kept as SQL.
        VariableKind::List { .. } if variable.value.is_empty() => "NULL".to_owned(),
        VariableKind::List { .. } => variable.value.clone(),
    }
}
