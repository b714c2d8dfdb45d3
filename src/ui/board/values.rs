//! Values of answers as SQL: for filters that a click makes, and for the choices of variables.

use std::collections::BTreeSet;

use polars::prelude::{AnyValue, Column, DataFrame};

use crate::engine::Table;
use crate::query::sql::{quote, quote_text};
use crate::query::{Form, Query};
use crate::ui::widget::cells;
use crate::ui::widget::names::bare;
use crate::workspace::bench::{Board, BoardId, Scope, Tile, TileId, TileKind, VariableKind};

/// The most choices of a variable.
const CHOICES: u64 = 500;

/// A value as SQL: `Some(None)` is a missing one; `None` is one that SQL cannot name.
pub fn literal(value: &AnyValue<'_>) -> Option<Option<String>> {
    Some(Some(match value {
        AnyValue::Null => return Some(None),
        AnyValue::Boolean(value) => value.to_string(),
        AnyValue::String(text) => quote_text(text),
        AnyValue::StringOwned(text) => quote_text(text),
        AnyValue::Categorical(..) | AnyValue::CategoricalOwned(..) | AnyValue::Enum(..) | AnyValue::EnumOwned(..) => {
            quote_text(&value.str_value())
        }
        value if value.is_integer() => value.to_string(),
        AnyValue::Float64(value) if value.is_finite() => format!("{value:?}"),
        _ => return None,
    }))
}

/// The question of a tile, where it is about the rows of the table themselves.
fn form_of(tile: &Tile, table: &Table) -> Option<Form> {
    let form = Form::from_query(&Query::parse(&tile.sql).ok()?);
    Some(form).filter(|form| form.table.eq_ignore_ascii_case(&table.name))
}

/// The column of the table that a column of a tile's answer is, where it is one as it stands.
pub fn source(tile: &Tile, answer: &str, table: &Table) -> Option<String> {
    let form = form_of(tile, table)?;
    let own = |name: &str| table.schema.get_full(&bare(name)).map(|(_, name, _)| name.to_string());
    if form.groups.is_empty() {
        // Rows as they are.
        let called = |(text, alias): &&(String, String)| bare(if alias.is_empty() { text } else { alias }) == answer;
        let named = form.others.iter().find(called).and_then(|(text, _)| own(text));
        let all = || form.others.iter().any(|(text, _)| text == "*").then(|| own(answer)).flatten();
        return named.or_else(all);
    }
    form.groups.iter().find_map(|group| {
        let (column, alias) = group.rsplit_once(" AS ").unwrap_or((group, group));
        if bare(alias) == answer { own(column) } else { None }
    })
}

/// The column whose numbers a column of a tile's answer counts in buckets, each of which begins at a multiple of its
/// width.
pub fn bucketed(tile: &Tile, answer: &str, table: &Table) -> Option<String> {
    let form = form_of(tile, table)?;
    form.groups.iter().find_map(|group| {
        let (formula, alias) = group.rsplit_once(" AS ")?;
        let (inner, times) = formula.strip_prefix("floor(")?.rsplit_once(") * ")?;
        let (column, width) = inner.rsplit_once(" / ")?;
        let (_, name, _) = table.schema.get_full(&bare(column))?;
        (bare(alias) == answer && times == width).then(|| name.to_string())
    })
}

/// The value that stands at a place of an axis of names: the values come in the order of their first rows.
pub fn at_place(column: &Column, place: usize) -> Option<AnyValue<'_>> {
    let mut seen = BTreeSet::new();
    (0..column.len()).find_map(|row| {
        let value = column.get(row).ok()?;
        (seen.insert(value.to_string()) && seen.len() == place + 1).then_some(value)
    })
}

/// The choices that an answer gives: as SQL, and as words.
pub fn choices_of(answer: &DataFrame) -> Vec<(String, String)> {
    let Some(column) = answer.columns().first() else { return Vec::new() };
    let choice = |row: usize| {
        let value = literal(&column.get(row).ok()?)??;
        Some((value, cells::cell(answer, 0, row).shown().to_owned()))
    };
    (0..answer.height()).filter_map(choice).collect()
}

/// The most variables of a board whose choices are numbered.
const VARIABLES: u64 = 256;

/// The number under which the choices of a variable of a board are asked: none that a tile gets.
pub fn choice_id(board: BoardId, at: usize) -> TileId {
    TileId(u64::MAX - board.0.wrapping_mul(VARIABLES) - at as u64 % VARIABLES)
}

/// What is asked for the choices of the variables of a board.
pub fn choice_tiles(board: &Board) -> Vec<Tile> {
    let tile = |(at, variable): (usize, &crate::workspace::bench::Variable)| {
        let VariableKind::List { table, column } = &variable.kind else { return None };
        let (column, from) = (quote(column), quote(table));
        let sql = format!(
            "SELECT {column}, count(*) AS \"how often\" FROM {from} GROUP BY {column} ORDER BY \"how often\" DESC \
             LIMIT {CHOICES}"
        );
        Some(Tile { id: choice_id(board.id, at), ..Tile::new(table, "", sql, TileKind::Grid) })
    };
    board.scope.variables.iter().enumerate().filter_map(tile).collect()
}

/// A name for a variable that no other of the board has.
pub fn free_variable(scope: &Scope, name: &str) -> String {
    let word: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let taken = |name: &String| scope.variables.iter().any(|own| own.name == *name);
    let numbered = (2..).map(|n| format!("{word}_{n}"));
    std::iter::once(word.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(word)
}
