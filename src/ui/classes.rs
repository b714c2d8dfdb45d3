//! How exact each item of a question is and what it costs to keep, as it is shown beside it.

use crate::query::aggregate::Class;
use crate::query::query::{Clause, SelectItem};
use crate::query::{Query, rewrite};

use super::widget::badge::Tone;
use super::wording::capital;
use super::worksheet::Worksheet;

/// An item of the SELECT list that is not a group.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemClass {
    /// Its place in the list.
    pub item: usize,
    /// The name of its column in the answer.
    pub name: String,
    pub class: Class,
    /// A cheaper form of it, and what is gained and lost.
    pub cheaper: Option<(String, String)>,
}

/// The classes of the items of a question of a worksheet's table that are not groups; none where it cannot be asked.
pub fn classes(sheet: &Worksheet, sql: &str) -> Vec<ItemClass> {
    let (Ok(written), Ok(bound)) = (Query::parse(sql), sheet.plan(sql)) else { return Vec::new() };
    let plan = bound.plan;
    // Of questions over each other the one that says the same.
    let query = &plan.query;
    if plan.rerun.is_some() {
        // A re-run question has one class as a whole.
        return vec![ItemClass { item: 0, name: "the question".to_owned(), class: Class::Rerun, cheaper: None }];
    }
    let groups: Vec<&str> = query.groups.iter().map(|g| g.sql.as_str()).collect();
    let of = |(number, (item, (text, class))): (usize, (&SelectItem, (String, Class)))| {
        let alias = item.alias.as_deref();
        let group = class == Class::Exact
            && (plan.calls.is_empty() || groups.contains(&text.as_str()) || alias.is_some_and(|a| groups.contains(&a)));
        let name = item.alias.clone().unwrap_or_else(|| item.expr.sql.clone());
        let cheaper = rewrite::cheaper(&text_of(item)).filter(|_| written.rerun.is_none());
        (!group).then_some(ItemClass { item: number, name, class, cheaper })
    };
    query.items.iter().zip(plan.classes()).enumerate().filter_map(of).collect()
}

fn text_of(item: &SelectItem) -> String {
    match &item.alias {
        Some(alias) => format!("{} AS {}", item.expr.sql, crate::query::sql::quote(alias)),
        None => item.expr.sql.clone(),
    }
}

/// The question with item `number` in its cheaper form; `None` where there is none.
pub fn cheapened(sql: &str, number: usize) -> Option<String> {
    let mut query = Query::parse(sql).ok()?;
    let item = query.items.get_mut(number)?;
    let (text, _) = rewrite::cheaper(&text_of(item))?;
    let new = Query::parse(&format!("SELECT {text} FROM t")).ok()?.items.into_iter().next()?;
    let old = std::mem::replace(item, new.clone());
    // Clauses that repeat the item's expression follow the change.
    let rename = |clause: &mut Clause| {
        if clause.sql == old.expr.sql {
            *clause = new.expr.clone();
        }
    };
    query.order.iter_mut().map(|order| &mut order.expr).for_each(rename);
    Some(query.to_sql())
}

/// The longest bound that a badge shows, letters.
const SHORT: usize = 28;

/// A class in a word or two.
pub fn word(class: Class) -> String {
    match class {
        Class::Exact => "exact".to_owned(),
        Class::Sketch { bound } if bound.chars().count() <= SHORT => format!("sketch {bound}"),
        Class::Sketch { .. } => "sketch".to_owned(),
        Class::KeepsValues => "keeps values".to_owned(),
        Class::Rerun => "re-run".to_owned(),
        _ => "keeps rows".to_owned(),
    }
}

/// What a class means, in a sentence.
pub fn about(class: Class) -> String {
    match class {
        Class::Exact => "Exact, bit for bit, however the rows are cut; a few bytes a group".to_owned(),
        Class::Sketch { bound } => format!("An estimate within its bound ({bound}); a state of bounded size a group"),
        Class::KeepsValues => "Exact, but it keeps each distinct value: memory grows with them".to_owned(),
        Class::Rerun => {
            "Not incremental: it is asked again over all that is stored, at a pace that its own cost sets".to_owned()
        }
        other => format!("{}: memory grows with the rows", capital(&other.word())),
    }
}

pub fn tone(class: Class) -> Tone {
    match class {
        Class::Exact => Tone::Plain,
        Class::Sketch { .. } => Tone::Accent,
        _ => Tone::Warn,
    }
}
