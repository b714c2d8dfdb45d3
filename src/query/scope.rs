//! What the names in a question mean: which table a qualified name is of, and what the columns of a joined table are
//! called beside those of the first.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, Ident};

use super::query::{JoinConstraint, Query};
use crate::data::format::Commas;
use crate::data::{Fault, Result};

/// A table as a question sees it.
#[derive(Clone, Copy, Debug)]
pub struct InputTable<'a> {
    pub name: &'a str,
    pub schema: &'a SchemaRef,
    /// The event-time column, where there is one.
    pub time: Option<&'a str>,
    /// Columns of text whose values are numbers with commas.
    pub commas: &'a [(PlSmallStr, Commas)],
}

/// The names of a question's tables and columns.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What the first table may be called.
    names: Vec<String>,
    /// What the joined table may be called.
    joined: Vec<String>,
    /// Columns of the joined table: their own name, and the one they have here.
    columns: Vec<(PlSmallStr, PlSmallStr)>,
    /// The columns of both.
    pub schema: SchemaRef,
    /// The columns of USING, which stand once in `*`.
    using: Vec<PlSmallStr>,
    /// Names that both tables have, so that they mean nothing alone.
    ambiguous: HashSet<String>,
    /// Columns of the joined table by their name here.
    own: HashMap<PlSmallStr, PlSmallStr>,
    /// The first column of each name in lower case, once somebody asks.
    lower: OnceLock<HashMap<String, PlSmallStr>>,
}

impl Scope {
    /// `first` is the table of FROM, `second` the one it is joined with.
    ///
    /// # Errors
    /// When both are called the same.
    pub fn new(query: &Query, first: InputTable<'_>, second: Option<InputTable<'_>>) -> Result<Self> {
        let called =
            |name: &str, alias: &Option<String>| alias.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>();
        let mut scope = Self {
            names: called(&query.table_name(), &query.alias),
            joined: Vec::new(),
            columns: Vec::new(),
            schema: first.schema.clone(),
            using: Vec::new(),
            ambiguous: HashSet::new(),
            own: HashMap::new(),
            lower: OnceLock::new(),
        };
        let (Some(join), Some(second)) = (&query.join, second) else { return Ok(scope) };
        scope.joined = called(&join.table.unquoted(), &join.alias);
        if scope.names.iter().take(1).any(|n| scope.joined.iter().take(1).any(|m| n.eq_ignore_ascii_case(m))) {
            return Err(Fault::new("a table cannot be joined with itself")
                .hint("open the file a second time under another name"));
        }
        let shared: Vec<String> = match &join.on {
            JoinConstraint::Using(columns) => columns.iter().map(|c| c.unquoted().to_lowercase()).collect(),
            JoinConstraint::Condition(_) => Vec::new(),
        };
        let mut both = Schema::clone(first.schema);
        let names: HashSet<String> = first.schema.iter_names().map(|n| n.to_ascii_lowercase()).collect();
        for (name, dtype) in second.schema.iter() {
            let clash = names.contains(&name.to_ascii_lowercase());
            let here: PlSmallStr = if clash {
                format!("{}.{name}", scope.joined.first().map_or("", String::as_str)).into()
            } else {
                name.clone()
            };
            if clash && shared.contains(&name.to_lowercase()) {
                scope.using.push(here.clone());
            } else if clash {
                scope.ambiguous.insert(name.to_lowercase());
            }
            both.insert(here.clone(), dtype.clone());
            scope.own.insert(here.clone(), name.clone());
            scope.columns.push((name.clone(), here));
        }
        scope.schema = Arc::new(both);
        Ok(scope)
    }

    /// `table.column` becomes the column's name here.
    pub fn unqualify(&self, expr: &mut Ast) {
        let Ast::CompoundIdentifier(parts) = expr else { return };
        let [qualifier, name] = parts.as_slice() else { return };
        let is = |names: &[String]| names.iter().any(|n| n.eq_ignore_ascii_case(&qualifier.value));
        let ident = if is(self.joined.get(..1).unwrap_or_default()) || (is(&self.joined) && !is(&self.names)) {
            let here =
                self.find_joined(name).cloned().unwrap_or_else(|| format!("{}.{}", qualifier.value, name.value).into());
            Ident { value: here.to_string(), quote_style: Some('"'), span: name.span }
        } else if is(&self.names) {
            // Quoted, so that it is not taken for a name that both tables have.
            match self.find_first(name) {
                Some(own) => Ident { value: own.to_string(), quote_style: Some('"'), span: name.span },
                None => name.clone(),
            }
        } else {
            return;
        };
        *expr = Ast::Identifier(ident);
    }

    /// `find_column` where `schema` is that of the question, or that and scores of models behind it.
    pub fn find<'s>(&'s self, schema: &'s Schema, ident: &Ident) -> Option<&'s PlSmallStr> {
        let exact = schema.get_full(&ident.value).map(|(_, name, _)| name);
        if exact.is_some() || ident.quote_style.is_some() {
            return exact;
        }
        let lower = ident.value.to_lowercase();
        let names = self.lower.get_or_init(|| {
            let mut names = HashMap::with_capacity(self.schema.len());
            for name in self.schema.iter_names() {
                names.entry(name.to_lowercase()).or_insert_with(|| name.clone());
            }
            names
        });
        names.get(&lower).or_else(|| schema.iter_names().skip(self.schema.len()).find(|n| n.to_lowercase() == lower))
    }

    fn find_joined(&self, name: &Ident) -> Option<&PlSmallStr> {
        let exact = self.columns.iter().find(|(own, _)| own.as_str() == name.value);
        let found = exact.or_else(|| {
            self.columns
                .iter()
                .find(|(own, _)| name.quote_style.is_none() && own.to_lowercase() == name.value.to_lowercase())
        });
        found.map(|(_, here)| here)
    }

    /// Which table a column of `schema` is of: `Some(own name)` where it is of the joined one.
    pub fn own_name(&self, here: &str) -> Option<&PlSmallStr> {
        self.own.get(here)
    }

    /// True when two tables have a column of this name, so that it must be qualified.
    pub fn is_ambiguous(&self, ident: &Ident) -> bool {
        !self.ambiguous.is_empty() && self.ambiguous.contains(&ident.value.to_lowercase())
    }

    /// What the joined table is called first of all; empty without one.
    pub fn joined_name(&self) -> &str {
        self.joined.first().map_or("", String::as_str)
    }

    /// The first table's own name.
    pub fn table_name(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }

    /// What the first table is called first of all.
    pub fn first_name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The columns that `*` (or, with a qualifier, `t.*`) stands for: name here, and what it is called in the answer.
    pub fn star(&self, qualifier: Option<&str>) -> Option<Vec<(PlSmallStr, PlSmallStr)>> {
        let is = |names: &[String]| qualifier.is_none_or(|q| names.iter().any(|n| n.eq_ignore_ascii_case(q)));
        let (first, second) = (is(&self.names), is(&self.joined) && !self.joined.is_empty());
        if !first && !second {
            return None;
        }
        let column = |here: &PlSmallStr| {
            let own = self.own_name(here);
            let shown = match own {
                Some(_) if qualifier.is_none() && self.using.contains(here) => return None,
                Some(own) => second.then(|| own.clone()),
                None => first.then(|| here.clone()),
            };
            shown.map(|shown| (here.clone(), shown))
        };
        Some(self.schema.iter_names().filter_map(column).collect())
    }

    /// The columns of a USING or of an equation's side, by which side they are on.
    pub fn is_joined(&self, name: &str) -> bool {
        self.own_name(name).is_some()
    }

    /// A column of the first table by its identifier.
    pub fn find_first(&self, ident: &Ident) -> Option<PlSmallStr> {
        find_column(&self.schema, ident).filter(|n| !self.is_joined(n)).cloned()
    }

    /// A column of the joined table by its identifier: its name here.
    pub fn find_second(&self, ident: &Ident) -> Option<PlSmallStr> {
        self.find_joined(ident).cloned()
    }
}

/// The column of `schema` that an identifier means: quoted names exactly, others without regard to case.
pub fn find_column<'s>(schema: &'s Schema, ident: &Ident) -> Option<&'s PlSmallStr> {
    let exact = schema.get_full(&ident.value).map(|(_, name, _)| name);
    if exact.is_some() || ident.quote_style.is_some() {
        return exact;
    }
    let lower = ident.value.to_lowercase();
    schema.iter_names().find(|n| n.to_lowercase() == lower)
}
