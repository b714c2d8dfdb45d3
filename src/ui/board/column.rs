//! A column that is dragged out of the tables panel: the tile that it makes, and what it makes of a question whose axis
//! it is dropped on.

use polars::prelude::DataType;

use super::suggest::{count, distinct, mean, over_time, size};
use crate::query::form::WindowForm;
use crate::query::{Form, Query};
use crate::ui::first::{free_name, name};
use crate::ui::widget::names::bare;
use crate::ui::worksheet::Worksheet;
use crate::workspace::TableId;
use crate::workspace::bench::{Tile, TileKind};

/// A column on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraggedColumn {
    pub table: TableId,
    pub column: String,
}

/// Where it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropAxis {
    X,
    Y,
}

/// The tile that a column makes: a measure over time, a count by what it names, or a count over its time.
pub fn column_tile(sheet: &Worksheet, column: &str) -> Tile {
    let table = &*sheet.table;
    let time = table.time.as_ref().map(|time| time.column.as_str());
    let numeric = sheet.table.schema.get(column).is_some_and(DataType::is_primitive_numeric);
    let (form, mark) = match time {
        Some(time) if time == column => (over_time(table, time, &size(sheet), count(table)), ""),
        Some(time) if numeric => (over_time(table, time, &size(sheet), mean(column)), ""),
        _ if numeric => (Form { table: table.name.clone(), measures: vec![mean(column)], ..Form::default() }, ""),
        _ => (super::suggest::by_category(table, column, count(table)), "bar"),
    };
    Tile::new(&table.name, "", form.to_query().to_sql(), TileKind::Figure(mark.to_owned()))
}

/// The question with a column on one of its axes: `None` where it has no place there.
pub fn onto_axis(sql: &str, sheet: &Worksheet, column: &str, axis: DropAxis) -> Option<Form> {
    let mut form = Form::from_query(&Query::parse(sql).ok()?);
    let is_about = form.table.eq_ignore_ascii_case(&sheet.table.name);
    if form.beside.rerun.is_some() || form.measures.is_empty() || !is_about {
        return None;
    }
    let dtype = sheet.table.schema.get(column)?;
    let is_time = sheet.table.time.as_ref().is_some_and(|time| time.column == column);
    let groups = |form: &Form| form.groups.iter().any(|group| bare(group) == column);
    match axis {
        DropAxis::Y => {
            let measure = if dtype.is_primitive_numeric() { mean(column) } else { distinct(column) };
            if form.measures.contains(&measure) {
                return None;
            }
            form.measures.push(measure);
        }
        DropAxis::X if is_time => {
            let alias = free_name(&sheet.table, &["time", "start", "bucket"]);
            form.order = vec![(alias.clone(), false)];
            form.limit = None;
            form.groups.clear();
            form.window = Some(WindowForm { time: name(column), size: size(sheet), alias, ..WindowForm::default() });
        }
        // Beside a time it divides what is counted; else it takes the place of what was there.
        DropAxis::X if groups(&form) => return None,
        DropAxis::X => {
            if form.window.is_none() {
                form.groups.clear();
                form.order.clear();
            }
            form.groups.push(name(column));
        }
    }
    Some(form)
}
