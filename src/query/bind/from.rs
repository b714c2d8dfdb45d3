//! What a FROM says, bound: tables, answers and questions of WITH beside each other, each column under a name that no
//! other has.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, Expr as Ast, Ident};

use super::join::{conjuncts, equation};
use super::rerun::{Bound, Composer};
use super::score;
use super::series::series;
use super::wider::wider;
use crate::data::{Fault, Result};
use crate::query::Plan;
use crate::query::expr::{self, Scalar};
use crate::query::join::{Equation, RowJoin};
use crate::query::query::JoinConstraint;
use crate::query::rerun::{JoinNode, MergedColumn, Node};
use crate::query::scope::{Scope, ScopeTable};
use crate::query::sql::question::{From, JoinKind, Named};
use crate::query::sql::span::{ClauseSpan, point};
use crate::query::window::type_word;
use crate::sync::deep;

/// A FROM, bound.
pub(super) struct BoundFrom {
    pub node: Node<Plan>,
    pub scope: Scope,
    /// The event-time column of the first table.
    pub time: Option<PlSmallStr>,
    /// Columns that are those of a table as it is: the leaf with its rows, and their own name.
    pub sources: HashMap<PlSmallStr, (usize, PlSmallStr)>,
}

/// Some tables beside each other.
pub(super) struct Side {
    pub node: Node<Plan>,
    pub tables: Vec<ScopeTable>,
    /// The columns, in order.
    pub schema: Schema,
    pub hidden: HashSet<PlSmallStr>,
}

impl Side {
    fn scope(&self) -> Result<Scope> {
        Scope::of(self.tables.clone(), Arc::new(self.schema.clone()), self.hidden.clone())
    }
}

pub(super) struct FromBinder<'c, 'a> {
    composer: &'c mut Composer<'a>,
    named: &'c [Named<'a>],
    pub(super) text: &'c str,
    /// Names that columns have, in lower case.
    taken: HashSet<String>,
    time: Option<PlSmallStr>,
    first: bool,
    sources: HashMap<PlSmallStr, (usize, PlSmallStr)>,
}

impl<'a> Composer<'a> {
    /// Binds a FROM. `conditions` are those of WHERE: some say how tables that stand beside each other are joined.
    pub(super) fn from(
        &mut self,
        from: Option<&From<'a>>,
        named: &[Named<'a>],
        text: &str,
        conditions: &[Ast],
    ) -> Result<BoundFrom> {
        let Some(from) = from else {
            let (scope, sources) = (Scope::default(), HashMap::new());
            return Ok(BoundFrom { node: Node::One, scope, time: None, sources });
        };
        let mut binder = FromBinder {
            composer: self,
            named,
            text,
            taken: HashSet::new(),
            time: None,
            first: true,
            sources: HashMap::new(),
        };
        let side = binder.side(from, conditions)?;
        let scope = side.scope()?;
        Ok(BoundFrom { node: side.node, scope, time: binder.time, sources: binder.sources })
    }
}

impl<'a> Composer<'a> {
    /// The rows of a FROM beside an answer whose columns are of no table: `*` does not stand for them. `conditions` are
    /// those of WHERE, some of which say how both are joined.
    pub(super) fn beside_hidden(
        &mut self,
        from: BoundFrom,
        answer: Bound,
        text: &str,
        conditions: &[Ast],
    ) -> Result<BoundFrom> {
        let schema = Schema::clone(&from.scope.schema);
        let left =
            Side { node: from.node, tables: from.scope.tables().to_vec(), schema, hidden: from.scope.hidden().clone() };
        let names = answer.output.iter_names().map(|name| (name.clone(), name.clone()));
        let right = Side {
            node: answer.node,
            tables: vec![ScopeTable { names: vec![String::new()], columns: names.collect() }],
            schema: Schema::clone(&answer.output),
            hidden: answer.output.iter_names().cloned().collect(),
        };
        let mut binder = FromBinder {
            composer: self,
            named: &[],
            text,
            taken: HashSet::new(),
            time: from.time,
            first: false,
            sources: from.sources,
        };
        let side = binder.beside(JoinKind::Cross, left, right, (false, None), conditions)?;
        let scope = side.scope()?;
        Ok(BoundFrom { node: side.node, scope, time: binder.time, sources: binder.sources })
    }
}

impl<'a> FromBinder<'_, 'a> {
    fn side(&mut self, from: &From<'a>, conditions: &[Ast]) -> Result<Side> {
        deep(|| match from {
            From::Table { name, alias, columns } => {
                let own = name.unquoted();
                let called = alias.clone().unwrap_or_else(|| own.clone());
                // Its own name may be that of a table around it.
                let names = vec![called.clone()];
                let of_with = self.named.iter().rfind(|named| named.name.eq_ignore_ascii_case(&own)).cloned();
                match of_with {
                    Some(of_with) => {
                        let bound = self.composer.named(&of_with, self.named)?;
                        let given = if columns.is_empty() { &of_with.columns } else { columns };
                        self.answer(bound, names, &called, given, name.at)
                    }
                    None => self.table(&own, names, &called, columns, name.at),
                }
            }
            From::Series { call, alias, columns } => {
                let (name, frame) = series(call, self.composer.sql)?;
                let called = alias.clone().unwrap_or(name);
                let bound = Bound { output: frame.schema().clone(), node: Node::Values(frame) };
                self.answer(bound, vec![called.clone()], &called, columns, call.at)
            }
            From::Question { words, alias, columns } => {
                let bound = self.composer.question(words, self.named, None)?;
                let called = alias.clone().unwrap_or_default();
                let at = words.first().map_or(0, |word| word.at.start);
                self.answer(bound, vec![called.clone()], &called, columns, at)
            }
            From::Join { kind, left, right, natural, asof, on, at } => {
                let none = &[][..];
                let (of_left, of_right) = match kind {
                    JoinKind::Inner | JoinKind::Cross => (conditions, conditions),
                    JoinKind::Left | JoinKind::Semi | JoinKind::Anti => (conditions, none),
                    JoinKind::Right => (none, conditions),
                    JoinKind::Full => (none, none),
                };
                let (left, right) = (self.side(left, of_left)?, self.side(right, of_right)?);
                let beside = match asof {
                    true => self.asof(*kind, left, right, on.as_ref()),
                    false => self.beside(*kind, left, right, (*natural, on.as_ref()), conditions),
                };
                beside.map_err(|fault| match fault.span {
                    Some(_) => fault,
                    None => point(self.composer.sql, fault.what, at.clone()).hint(fault.hint),
                })
            }
        })
    }

    /// The rows of a table.
    fn table(&mut self, own: &str, names: Vec<String>, called: &str, columns: &[String], at: usize) -> Result<Side> {
        let table = self.composer.table(own)?;
        let leaf = self.composer.rows_of(table);
        let Some(input) = self.composer.tables.get(table) else {
            return Err(Fault::new(format!("the table '{own}' is not open")).hint("open it, or name another"));
        };
        let (schema, time) = (input.schema.clone(), input.time.map(PlSmallStr::from));
        let first = std::mem::take(&mut self.first);
        let side = self.named_columns(Node::Leaf(leaf), &schema, names, called, columns, at)?;
        for (own, (_, here)) in schema.iter_names().zip(side.tables.iter().flat_map(|table| &table.columns)) {
            self.sources.insert(here.clone(), (leaf, own.clone()));
            if first && time.as_ref() == Some(own) {
                self.time = Some(here.clone());
            }
        }
        Ok(side)
    }

    fn answer(
        &mut self,
        bound: Bound,
        names: Vec<String>,
        called: &str,
        columns: &[String],
        at: usize,
    ) -> Result<Side> {
        self.first = false;
        self.named_columns(bound.node, &bound.output, names, called, columns, at)
    }

    /// Rows whose columns get names that no other has. `columns` are the names that the first ones are given.
    fn named_columns(
        &mut self,
        node: Node<Plan>,
        output: &SchemaRef,
        names: Vec<String>,
        called: &str,
        columns: &[String],
        at: usize,
    ) -> Result<Side> {
        if columns.len() > output.len() {
            let what = format!("{} names are given to {} columns", columns.len(), output.len());
            return Err(point(self.composer.sql, what, at..at + 1).hint("give as many names as there are columns"));
        }
        let mut table = ScopeTable { names, columns: Vec::new() };
        let (mut schema, mut renamed) = (Schema::default(), Vec::new());
        for (i, (below, dtype)) in output.iter().enumerate() {
            let own: PlSmallStr = columns.get(i).map_or_else(|| below.clone(), |name| name.as_str().into());
            let mut here = own.clone();
            if !self.taken.insert(here.to_lowercase()) {
                here = format!("{called}.{own}").into();
                while !self.taken.insert(here.to_lowercase()) {
                    here = format!("{here}'").into();
                }
            }
            schema.insert(here.clone(), dtype.clone());
            table.columns.push((own, here.clone()));
            renamed.push((below.clone(), here));
        }
        let node =
            if renamed.iter().all(|(below, here)| below == here) { node } else { Node::Named(Box::new(node), renamed) };
        Ok(Side { node, tables: vec![table], schema, hidden: HashSet::new() })
    }

    /// Two sides beside each other.
    fn beside(
        &mut self,
        kind: JoinKind,
        mut left: Side,
        right: Side,
        (natural, on): (bool, Option<&JoinConstraint>),
        conditions: &[Ast],
    ) -> Result<Side> {
        let shared = self.shared_columns(&left, &right, natural, on)?;
        let (mut equations, mut hidden, mut merged) = (Vec::new(), HashSet::new(), Vec::new());
        let own = [&left.schema, &right.schema];
        let both: Schema = own.into_iter().flat_map(Schema::iter_fields).collect();
        for (mine, other, _) in &shared {
            let clause = mine.as_str().into();
            let place = ClauseSpan { text: mine, clause: &clause };
            let found = equation(&expr::column(mine), &expr::column(other), &both, place);
            equations.push(found.map_err(|fault| Fault { span: None, ..fault })?);
            hidden.insert(other.clone());
        }
        if matches!(kind, JoinKind::Right | JoinKind::Full) && !shared.is_empty() {
            merged = self.merge(&mut left, &right, &shared, &mut hidden, &mut equations)?;
        }
        let mut schema: Schema = [&left.schema, &right.schema].into_iter().flat_map(Schema::iter_fields).collect();
        let tables: Vec<ScopeTable> = left.tables.iter().chain(&right.tables).cloned().collect();
        let all_hidden: HashSet<PlSmallStr> = left.hidden.iter().chain(&right.hidden).cloned().chain(hidden).collect();
        let scope = Scope::of(tables.clone(), Arc::new(schema.clone()), all_hidden.clone())?;
        let mut rest = None;
        match on {
            Some(JoinConstraint::Condition(clause)) => {
                let place = ClauseSpan { text: self.text, clause };
                let condition = expr::parse(place)?;
                score::refuse(&condition, place)?;
                let mut parts = Vec::new();
                conjuncts(condition, &mut parts);
                let mut more = Vec::new();
                for part in parts {
                    match Self::sides(&part, &scope, &left, &right, place)? {
                        Some((mine, other)) => equations.push(equation(&mine, &other, &scope.schema, place)?),
                        None => more.push(part),
                    }
                }
                rest = Self::all_of(more, &scope, place)?;
            }
            _ if kind == JoinKind::Cross => {
                // What WHERE says of both is how they are joined; it is looked at there once more.
                let clause = "".into();
                let place = ClauseSpan { text: "", clause: &clause };
                for part in conditions.iter().flat_map(of_all_branches) {
                    if let Ok(Some((mine, other))) = Self::sides(&part, &scope, &left, &right, place)
                        && let Ok(found) = equation(&mine, &other, &scope.schema, place)
                    {
                        equations.push(found);
                    }
                }
            }
            _ => {}
        }
        let looked_at = equations.iter().flat_map(|e| [&e.first, &e.second]).chain(&rest).flat_map(Scalar::columns);
        let looked_at = looked_at.chain(merged.iter().flat_map(|m: &MergedColumn| [&m.left, &m.right]));
        self.look_at(looked_at);
        let of_left = matches!(kind, JoinKind::Semi | JoinKind::Anti);
        let join = RowJoin { kind, equations, rest, nearest: None };
        if of_left {
            schema = left.schema.clone();
        }
        let (tables, hidden) = if of_left { (left.tables, left.hidden) } else { (tables, all_hidden) };
        let node = Node::Join(Box::new(JoinNode { left: left.node, right: right.node, join, merged }));
        Ok(Side { node, tables, schema, hidden })
    }

    /// Reads these columns of the tables that they are of.
    pub(super) fn look_at<'n>(&mut self, names: impl Iterator<Item = &'n PlSmallStr>) {
        names.for_each(|name| self.composer.look_at(self.sources.get(name)));
    }

    /// The columns of USING, or those that both have: on the left, on the right, and what they are called.
    pub(super) fn shared_columns(
        &self,
        left: &Side,
        right: &Side,
        natural: bool,
        on: Option<&JoinConstraint>,
    ) -> Result<Vec<(PlSmallStr, PlSmallStr, PlSmallStr)>> {
        let names: Vec<(Ident, Option<ClauseSpan<'_>>)> = match on {
            Some(JoinConstraint::Using(columns)) => columns
                .iter()
                .map(|clause| {
                    let place = ClauseSpan { text: self.text, clause };
                    match expr::parse(place)? {
                        Ast::Identifier(ident) => Ok((ident, Some(place))),
                        _ => Err(place.fault("USING takes names of columns").hint("write it like USING (id)")),
                    }
                })
                .collect::<Result<_>>()?,
            _ if natural => {
                let there: HashSet<String> = right.visible().map(|(own, _)| own.to_lowercase()).collect();
                let both = left.visible().filter(|(own, _)| there.contains(&own.to_lowercase()));
                let names: Vec<_> = both.map(|(own, _)| (Ident::new(own.as_str()), None)).collect();
                if names.is_empty() {
                    return Err(Fault::new("these tables have no column in common, which NATURAL joins by")
                        .hint("write JOIN … ON …"));
                }
                names
            }
            _ => return Ok(Vec::new()),
        };
        let mut shared = Vec::new();
        for (ident, place) in names {
            let find = |side: &Side| {
                let same = |(own, _): &(PlSmallStr, PlSmallStr)| own.eq_ignore_ascii_case(&ident.value);
                let found: Vec<_> = side.visible().filter(same).collect();
                match &found[..] {
                    [(_, here)] => Ok(here.clone()),
                    found => {
                        let tables: Vec<&str> = side.tables.iter().map(ScopeTable::name).collect();
                        let what = match found.is_empty() {
                            true => format!("{} has no column '{}'", tables.join(", "), ident.value),
                            false => format!("several of {} have a column '{}'", tables.join(", "), ident.value),
                        };
                        let fault = place.map_or_else(|| Fault::new(what.clone()), |place| place.fault(what.clone()));
                        Err(fault.hint("USING needs a column that both have, or write ON a.x = b.y"))
                    }
                }
            };
            shared.push((find(left)?, find(right)?, ident.value.as_str().into()));
        }
        Ok(shared)
    }

    /// Columns of USING that come from either side: they get the name, and the left one's own column another.
    fn merge(
        &mut self,
        left: &mut Side,
        right: &Side,
        shared: &[(PlSmallStr, PlSmallStr, PlSmallStr)],
        hidden: &mut HashSet<PlSmallStr>,
        equations: &mut [Equation],
    ) -> Result<Vec<MergedColumn>> {
        let (mut merged, mut moved) = (Vec::new(), HashMap::new());
        for (mine, other, name) in shared {
            let mut own: PlSmallStr = format!("{mine} of the left").into();
            while !self.taken.insert(own.to_lowercase()) {
                own = format!("{own}'").into();
            }
            moved.insert(mine.clone(), own.clone());
            hidden.insert(own.clone());
            let type_of = |side: &Side, name: &PlSmallStr| side.schema.get(name).cloned().unwrap_or(DataType::Null);
            let (one, two) = (type_of(left, mine), type_of(right, other));
            let dtype = wider(&one, &two).ok_or_else(|| {
                let what = format!(
                    "the columns '{name}' of both sides are {} and {}, which are not one column",
                    type_word(&one),
                    type_word(&two)
                );
                Fault::new(what).hint("CAST one of them in a question in FROM")
            })?;
            merged.push(MergedColumn { name: mine.clone(), left: own, right: other.clone(), dtype });
        }
        let here = |name: &PlSmallStr| moved.get(name).unwrap_or(name).clone();
        let names = left.schema.iter_names().map(|name| (name.clone(), here(name))).collect();
        let node = std::mem::replace(&mut left.node, Node::One);
        left.node = Node::Named(Box::new(node), names);
        for (_, column) in left.tables.iter_mut().flat_map(|table| &mut table.columns) {
            *column = here(column);
        }
        for (old, new) in &moved {
            if let Some(source) = self.sources.remove(old) {
                self.sources.insert(new.clone(), source);
            }
        }
        // What was found by the old name is found by the new one.
        for (equation, (mine, ..)) in equations.iter_mut().zip(shared) {
            equation.first = Scalar::Column(here(mine));
        }
        // The merged one stands where the left one's did, which goes to the end.
        let mut schema = Schema::default();
        for (name, dtype) in left.schema.iter() {
            let dtype = merged.iter().find(|m| m.name == *name).map_or(dtype, |m| &m.dtype);
            schema.insert(name.clone(), dtype.clone());
        }
        for (old, new) in &moved {
            schema.insert(new.clone(), left.schema.get(old).cloned().unwrap_or(DataType::Null));
        }
        left.schema = schema;
        Ok(merged)
    }

    /// The sides of an equation between both tables: the left one's, and the right one's.
    fn sides(
        part: &Ast,
        scope: &Scope,
        left: &Side,
        right: &Side,
        place: ClauseSpan<'_>,
    ) -> Result<Option<(Ast, Ast)>> {
        let Ast::BinaryOp { left: one, op: BinaryOperator::Eq, right: two } = part else { return Ok(None) };
        let of_both = Self::of_both((one, two), scope, left, right, place)?;
        Ok(of_both.map(|(mine, other, _)| (mine, other)))
    }

    /// Two expressions of which each is about one of both tables: the left one's, the right one's, and whether they
    /// stand the other way round.
    pub(super) fn of_both(
        (one, two): (&Ast, &Ast),
        scope: &Scope,
        left: &Side,
        right: &Side,
        place: ClauseSpan<'_>,
    ) -> Result<Option<(Ast, Ast, bool)>> {
        let resolved = |ast: &Ast| {
            let mut ast = ast.clone();
            let columns = expr::resolve(&mut ast, &scope.schema, scope, place)?;
            let all_of = |side: &Side| !columns.is_empty() && columns.iter().all(|name| side.schema.contains(name));
            Ok::<_, Fault>((all_of(left), all_of(right), ast))
        };
        Ok(match (resolved(one)?, resolved(two)?) {
            ((true, _, mine), (_, true, other)) => Some((mine, other, false)),
            ((_, true, other), (true, _, mine)) => Some((mine, other, true)),
            _ => None,
        })
    }

    /// All of these conditions as one.
    fn all_of(parts: Vec<Ast>, scope: &Scope, place: ClauseSpan<'_>) -> Result<Option<Scalar>> {
        let both = |left: Ast, right: Ast| Ast::BinaryOp {
            left: Box::new(Ast::Nested(Box::new(left))),
            op: BinaryOperator::And,
            right: Box::new(Ast::Nested(Box::new(right))),
        };
        let Some(mut all) = parts.into_iter().reduce(both) else { return Ok(None) };
        expr::resolve(&mut all, &scope.schema, scope, place)?;
        let (scalar, dtype) = Scalar::bind(&all, &scope.schema, place)?;
        if !matches!(dtype, DataType::Boolean | DataType::Null) {
            return Err(place
                .fault(format!("ON needs a condition, and this is {}", type_word(&dtype)))
                .hint("compare columns of both tables, such as a.id = b.id"));
        }
        Ok(Some(scalar))
    }
}

impl Side {
    /// The columns that have a name without the table's: that, and the name here.
    fn visible(&self) -> impl Iterator<Item = (PlSmallStr, PlSmallStr)> {
        let own = |here: &PlSmallStr| {
            let mut columns = self.tables.iter().flat_map(|table| &table.columns);
            columns.find(|(_, other)| other == here).map_or_else(|| here.clone(), |(own, _)| own.clone())
        };
        self.schema.iter_names().filter(|here| !self.hidden.contains(*here)).map(move |here| (own(here), here.clone()))
    }
}

/// What a condition says in any case: itself, or of alternatives what all of them say.
fn of_all_branches(condition: &Ast) -> Vec<Ast> {
    match condition {
        Ast::Nested(inner) => of_all_branches(inner),
        Ast::BinaryOp { left, op: BinaryOperator::Or, right } => {
            let right = of_all_branches(right);
            of_all_branches(left).into_iter().filter(|part| right.contains(part)).collect()
        }
        other => {
            let mut parts = Vec::new();
            conjuncts(other.clone(), &mut parts);
            parts
        }
    }
}
