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

/// A table of FROM, as its names and columns are known in the question.
#[derive(Clone, Debug, Default)]
pub struct ScopeTable {
    /// What it may be called: first its alias, if it has one, and last its own name.
    pub names: Vec<String>,
    /// Its columns: their own name, and the one they have here.
    pub columns: Vec<(PlSmallStr, PlSmallStr)>,
}

impl ScopeTable {
    fn new(name: &str, alias: &Option<String>) -> Self {
        Self { names: alias.iter().cloned().chain([name.to_owned()]).collect(), columns: Vec::new() }
    }

    fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// What it is called first of all.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The name here of the column that an identifier means.
    fn find(&self, name: &Ident) -> Option<&PlSmallStr> {
        let exact = self.columns.iter().find(|(own, _)| own.as_str() == name.value);
        let found = exact.or_else(|| {
            let lower = name.value.to_lowercase();
            self.columns.iter().find(|(own, _)| name.quote_style.is_none() && own.to_lowercase() == lower)
        });
        found.map(|(_, here)| here)
    }
}

/// The names of a question's tables and columns.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The tables of FROM, in order.
    tables: Vec<ScopeTable>,
    /// The columns of all, by their names here.
    pub schema: SchemaRef,
    /// Columns that `*` does not stand for: those of USING, which stand once in it, and what is no column of a table.
    hidden: HashSet<PlSmallStr>,
    /// Names that several tables have, so that they mean nothing alone.
    ambiguous: HashSet<String>,
    /// Columns of the other tables than the first by their name here.
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
        let mut own = ScopeTable::new(&query.table_name(), &query.alias);
        own.columns = first.schema.iter_names().map(|name| (name.clone(), name.clone())).collect();
        let (Some(join), Some(second)) = (&query.join, second) else {
            return Ok(Self { tables: vec![own], schema: first.schema.clone(), ..Self::default() });
        };
        let mut joined = ScopeTable::new(&join.table.unquoted(), &join.alias);
        let shared: Vec<String> = match &join.on {
            JoinConstraint::Using(columns) => columns.iter().map(|c| c.unquoted().to_lowercase()).collect(),
            JoinConstraint::Condition(_) => Vec::new(),
        };
        let mut both = Schema::clone(first.schema);
        let names: HashSet<String> = first.schema.iter_names().map(|n| n.to_ascii_lowercase()).collect();
        let mut hidden = HashSet::new();
        for (name, dtype) in second.schema.iter() {
            let clash = names.contains(&name.to_ascii_lowercase());
            let here: PlSmallStr = if clash { format!("{}.{name}", joined.name()).into() } else { name.clone() };
            if clash && shared.contains(&name.to_lowercase()) {
                hidden.insert(here.clone());
            }
            both.insert(here.clone(), dtype.clone());
            joined.columns.push((name.clone(), here));
        }
        Self::of(vec![own, joined], Arc::new(both), hidden)
    }

    /// The names of tables that are joined: all their columns have different names in `schema`.
    ///
    /// # Errors
    /// When two are called the same.
    pub fn of(tables: Vec<ScopeTable>, schema: SchemaRef, hidden: HashSet<PlSmallStr>) -> Result<Self> {
        let (mut called, mut columns) = (HashSet::new(), HashSet::new());
        let mut scope = Self { tables, schema, hidden, ..Self::default() };
        for (i, table) in scope.tables.iter().enumerate() {
            if !table.name().is_empty() && !called.insert(table.name().to_lowercase()) {
                return Err(Fault::new(format!("two tables are called '{}' here", table.name()))
                    .hint("give one of them another name: FROM trades AS a JOIN trades AS b ON …"));
            }
            for (own, here) in &table.columns {
                if i > 0 {
                    scope.own.insert(here.clone(), own.clone());
                }
                if !scope.hidden.contains(here) && !columns.insert(own.to_lowercase()) && i > 0 {
                    scope.ambiguous.insert(own.to_lowercase());
                }
            }
        }
        Ok(scope)
    }

    /// With columns that are of no table: `*` does not stand for them.
    pub fn with(mut self, more: impl IntoIterator<Item = Field>) -> Self {
        let mut schema = Schema::clone(&self.schema);
        for field in more {
            self.hidden.insert(field.name.clone());
            schema.insert(field.name, field.dtype);
        }
        self.schema = Arc::new(schema);
        self
    }

    /// `table.column` becomes the column's name here.
    pub fn unqualify(&self, expr: &mut Ast) {
        let Ast::CompoundIdentifier(parts) = expr else { return };
        let [qualifier, name] = parts.as_slice() else { return };
        let Some((i, table)) = self.called(&qualifier.value) else { return };
        let ident = match table.find(name) {
            // Quoted, so that it is not taken for a name that several tables have.
            Some(here) => Ident { value: here.to_string(), quote_style: Some('"'), span: name.span },
            None if i > 0 => {
                let value = format!("{}.{}", qualifier.value, name.value);
                Ident { value, quote_style: Some('"'), span: name.span }
            }
            None => name.clone(),
        };
        *expr = Ast::Identifier(ident);
    }

    /// The table of this name, and its place: what it is called here goes before its own name.
    fn called(&self, name: &str) -> Option<(usize, &ScopeTable)> {
        let tables = || self.tables.iter().enumerate();
        let alias = tables().find(|(_, table)| table.name().eq_ignore_ascii_case(name));
        // One that is there twice is meant by neither.
        let mut called = tables().filter(|(_, table)| table.is_called(name));
        alias.or_else(|| called.next().filter(|_| called.next().is_none()))
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
        self.tables.get(1).map_or("", ScopeTable::name)
    }

    /// What the first table is called first of all.
    pub fn first_name(&self) -> &str {
        self.tables.first().map_or("", ScopeTable::name)
    }

    /// The columns that `*` (or, with a qualifier, `t.*`) stands for: name here, and what it is called in the answer.
    pub fn star(&self, qualifier: Option<&str>) -> Option<Vec<(PlSmallStr, PlSmallStr)>> {
        if let Some(name) = qualifier {
            let (_, table) = self.called(name)?;
            return Some(table.columns.iter().map(|(own, here)| (here.clone(), own.clone())).collect());
        }
        let shown = |here: &PlSmallStr| (here.clone(), self.own_name(here).unwrap_or(here).clone());
        Some(self.schema.iter_names().filter(|here| !self.hidden.contains(*here)).map(shown).collect())
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
        self.tables.get(1)?.find(ident).cloned()
    }

    /// Whether a name, with or without a table's before it, is one of a column here.
    pub fn has(&self, name: &Ast) -> bool {
        match name {
            Ast::Identifier(ident) => self.find(&self.schema, ident).is_some(),
            Ast::CompoundIdentifier(parts) => match parts.as_slice() {
                [table, _] => self.called(&table.value).is_some(),
                _ => false,
            },
            _ => false,
        }
    }

    /// The first table's own name.
    pub fn table_name(&self) -> &str {
        self.tables.first().and_then(|table| table.names.last()).map_or("", String::as_str)
    }

    /// Columns that `*` does not stand for.
    pub fn hidden(&self) -> &HashSet<PlSmallStr> {
        &self.hidden
    }

    /// The tables.
    pub fn tables(&self) -> &[ScopeTable] {
        &self.tables
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
