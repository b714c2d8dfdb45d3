//! Tiles that fit a table: what its columns can be asked at once; and their previews, which are asked as any tile is
//! while somebody looks at them.

use polars::prelude::DataType;

use crate::engine::Table;
use crate::query::form::{Measure, WindowForm};
use crate::query::{Form, Query};
use crate::ui::first::{free_name, live_size, name, spread};
use crate::ui::worksheet::Worksheet;
use crate::workspace::TableId;
use crate::workspace::bench::{Tile, TileId, TileKind};

/// The most bars of a category.
const BARS: u64 = 12;
/// Rows of the tail.
const TAIL: u64 = 200;

/// What can be put on a board, while it is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adding {
    pub table: TableId,
    /// The least and the largest of its measure, once they are known.
    pub(super) range: Option<(f64, f64)>,
}

/// The numbers of previews lie this far below those of what else is asked for boards, so many a table.
const PREVIEWS: u64 = 1 << 48;
const EACH: u64 = 16;

/// The number under which a preview of a table is asked: none that a tile gets.
fn preview_id(table: TableId, at: u64) -> TileId {
    TileId(u64::MAX - PREVIEWS - table.0.wrapping_mul(EACH) - at)
}

impl Adding {
    pub fn of(table: TableId) -> Self {
        Self { table, range: None }
    }

    /// The suggestions for its table, each under a number of its own.
    pub fn previews(&self, sheet: &Worksheet) -> Vec<Tile> {
        let tiles = suggestions(sheet, self.range).into_iter().zip(1..EACH);
        tiles.map(|(tile, at)| Tile { id: preview_id(self.table, at), ..tile }).collect()
    }

    /// What is asked to find out how far the values of its measure reach, while that is not known.
    pub(super) fn extent(&self, sheet: &Worksheet) -> Option<Tile> {
        let column = measured(sheet).filter(|_| self.range.is_none())?;
        let measure = |aggregate: &str| Measure {
            aggregate: aggregate.to_owned(),
            argument: name(&column),
            ..Measure::default()
        };
        let form =
            Form { table: sheet.table.name.clone(), measures: vec![measure("min"), measure("max")], ..Form::default() };
        let tile = Tile::new(&sheet.table.name, "", form.to_query().to_sql(), TileKind::Grid);
        Some(Tile { id: preview_id(self.table, 0), ..tile })
    }
}

/// Tiles for a table, the most telling first. How values are distributed can be asked once their range is known.
pub fn suggestions(sheet: &Worksheet, range: Option<(f64, f64)>) -> Vec<Tile> {
    let table = &*sheet.table;
    let size = size(sheet);
    let time = table.time.as_ref().map(|time| time.column.as_str());
    let measure = measured(sheet);
    let category = category(table);
    let mut tiles = Vec::new();
    let mut add = |form: Form, show: TileKind| {
        tiles.push(Tile::new(&table.name, "", form.to_query().to_sql(), show));
    };
    // Of what goes on, the newest window; of what is over, all of it: its last window is seldom a whole one.
    let all = || Form { table: table.name.clone(), measures: vec![count(table)], ..Form::default() };
    if let Some(time) = time {
        let number = if table.live.is_empty() { all() } else { over_time(table, time, &size, count(table)) };
        add(number, TileKind::Number);
        add(over_time(table, time, &size, count(table)), TileKind::Figure(String::new()));
        if let Some(column) = &measure {
            add(over_time(table, time, &size, mean(column)), TileKind::Figure(String::new()));
        }
    }
    if let Some(column) = &category {
        add(by_category(table, column, count(table)), TileKind::Figure("bar".to_owned()));
        if let Some(measure) = &measure {
            add(by_category(table, column, mean(measure)), TileKind::Figure("bar".to_owned()));
        }
    }
    add(latest(table, time), TileKind::Grid);
    if time.is_none()
        && let Some(column) = &measure
    {
        let form = Form { table: table.name.clone(), measures: vec![mean(column)], ..Form::default() };
        add(form, TileKind::Number);
    }
    if let (Some(column), Some(range)) = (&measure, range.filter(|(least, most)| least < most)) {
        let whole = table.schema.get(column).is_some_and(DataType::is_integer);
        let form = spread(table, (&name(column), whole), range, vec![count(table)]);
        let show = TileKind::Figure("histogram".to_owned());
        tiles.push(Tile::new(&table.name, &format!("Distribution of {column}"), form.to_query().to_sql(), show));
    }
    tiles
}

/// The question of a table as it is written, drawn as its chart is; rows as they are stay rows, unless somebody has
/// said how to draw them.
pub fn as_asked(sheet: &Worksheet) -> Tile {
    let tile = Tile::new(&sheet.table.name, "", sheet.question.sql.clone(), fitting(&sheet.question.sql));
    if sheet.chart.is_chosen() || tile.show != TileKind::Grid {
        return tile.drawn(sheet.chart.settings().clone());
    }
    tile
}

/// How the answer to a question is shown where nobody has said: rows as they are as rows, all else as a figure.
pub fn fitting(sql: &str) -> TileKind {
    let rows = Query::parse(sql).is_ok_and(|query| {
        let form = Form::from_query(&query);
        query.rerun.is_none() && query.groups.is_empty() && form.measures.is_empty() && form.window.is_none()
    });
    if rows { TileKind::Grid } else { TileKind::Figure(String::new()) }
}

/// The first number that measures something: not one that only numbers or names rows.
fn measured(sheet: &Worksheet) -> Option<String> {
    let (table, running) = (&*sheet.table, &sheet.first_rows.running);
    let names_rows = |column: &str| {
        let column = column.to_lowercase();
        column == "id" || column.ends_with("_id") || column.ends_with("number") || column == "row"
    };
    let time = table.time.as_ref().map(|time| time.column.as_str());
    let fits = |column: &str, dtype: &DataType| {
        let runs_on = || running.iter().any(|own| own == column);
        dtype.is_primitive_numeric() && Some(column) != time && !names_rows(column) && !runs_on()
    };
    let found = table.schema.iter().find(|(column, dtype)| fits(column.as_str(), dtype));
    found.map(|(column, _)| column.to_string())
}

/// The first column of texts or truth values.
fn category(table: &Table) -> Option<String> {
    let fits = |dtype: &DataType| {
        matches!(dtype, DataType::String | DataType::Boolean | DataType::Categorical(..) | DataType::Enum(..))
    };
    table.schema.iter().find(|(_, dtype)| fits(dtype)).map(|(column, _)| column.to_string())
}

pub(super) fn count(table: &Table) -> Measure {
    let alias = free_name(table, &["rows", "row_count", "how_many"]);
    Measure { aggregate: "count".to_owned(), argument: "*".to_owned(), alias, ..Measure::default() }
}

pub(super) fn mean(column: &str) -> Measure {
    let alias = format!("avg {column}");
    Measure { aggregate: "avg".to_owned(), argument: name(column), alias, ..Measure::default() }
}

/// How many different values a column has.
pub(super) fn distinct(column: &str) -> Measure {
    let alias = format!("different {column}");
    Measure { aggregate: "count_distinct".to_owned(), argument: name(column), alias, ..Measure::default() }
}

/// The size of windows that fits a table: of its own question, where that has one, or what was found to fit its time.
pub(super) fn size(sheet: &Worksheet) -> String {
    let own = sheet.question.form.window.as_ref().map(|window| &window.size);
    own.or(sheet.window_size.as_ref()).map_or_else(|| live_size(&sheet.table).to_owned(), String::clone)
}

pub(super) fn over_time(table: &Table, time: &str, size: &str, measure: Measure) -> Form {
    let alias = free_name(table, &["time", "start", "bucket"]);
    Form {
        table: table.name.clone(),
        measures: vec![measure],
        order: vec![(alias.clone(), false)],
        window: Some(WindowForm { time: name(time), size: size.to_owned(), alias, ..WindowForm::default() }),
        ..Form::default()
    }
}

pub(super) fn by_category(table: &Table, column: &str, measure: Measure) -> Form {
    Form {
        table: table.name.clone(),
        groups: vec![name(column)],
        order: vec![(name(&measure.alias), true)],
        measures: vec![measure],
        limit: Some(BARS),
        ..Form::default()
    }
}

/// The newest rows, as they are: those of a feed whose rows have no time are known by nothing but when they came.
fn latest(table: &Table, time: Option<&str>) -> Form {
    Form {
        table: table.name.clone(),
        others: vec![("*".to_owned(), String::new())],
        order: time.map(|time| (name(time), true)).into_iter().collect(),
        limit: (time.is_some() || table.live.is_empty()).then_some(TAIL),
        ..Form::default()
    }
}
