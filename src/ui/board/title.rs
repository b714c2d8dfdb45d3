//! The name of a tile that was given none: what its question measures, and by what.

use crate::query::form::Measure;
use crate::query::{Form, Query};
use crate::ui::widget::names::bare;
use crate::ui::wording::capital;
use crate::workspace::bench::{Tile, TileKind};

/// The title of a tile.
pub fn title(tile: &Tile) -> String {
    if !tile.title.is_empty() {
        return tile.title.clone();
    }
    if !tile.question.is_empty() {
        return tile.question.clone();
    }
    if let TileKind::Text(words) = &tile.show {
        return words.lines().next().unwrap_or_default().trim_start_matches('#').trim().to_owned();
    }
    match &tile.show {
        TileKind::Ledger => return format!("Rows of {}, accounted for", tile.table),
        TileKind::Guard(model) => return format!("Guard of {model}"),
        _ => {}
    }
    let Ok(query) = Query::parse(&tile.sql) else { return tile.table.clone() };
    let form = Form::from_query(&query);
    let measures: Vec<String> = form.measures.iter().map(measure).collect();
    if measures.is_empty() {
        let newest = query.limit.is_some() && !form.order.is_empty();
        return format!("{} of {}", if newest { "Newest rows" } else { "Rows" }, tile.table);
    }
    if tile.show == TileKind::Number {
        return capital(measures.first().map_or("", String::as_str));
    }
    let by: Vec<String> = form.groups.iter().map(|group| name_of(group)).collect();
    let mut what = measures.join(", ");
    if let Some(window) = &form.window {
        what += &format!(" every {}", window.size.strip_prefix("1 ").unwrap_or(&window.size));
    }
    if !by.is_empty() {
        what += &format!(" by {}", by.join(", "));
    }
    capital(&what)
}

/// `avg delay`, not `avg("delay")`.
fn measure(measure: &Measure) -> String {
    if !measure.alias.is_empty() {
        return bare(&measure.alias).to_owned();
    }
    match measure.argument.as_str() {
        "*" | "" => "rows".to_owned(),
        argument => format!("{} {}", measure.aggregate, bare(argument)),
    }
}

/// The alias of a group, or its expression.
fn name_of(group: &str) -> String {
    let alias = group.rsplit_once(" AS ").map_or(group, |(_, alias)| alias);
    bare(alias).to_owned()
}
