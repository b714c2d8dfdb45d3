//! Questions that stand in the clauses of another: to the rest of it each is a column like any other, of its rows or of
//! what is kept of them. Here they get their names, and what they are compared with.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, Expr as Ast, Ident, UnaryOperator};

use super::join::{common, differ};
use crate::data::Result;
use crate::query::Plan;
use crate::query::expr::{self, Scalar};
use crate::query::query::Clause;
use crate::query::rerun::{Node, OFFERED, SOUGHT, SubColumn, SubKey, SubVerdict};
use crate::query::scope::Scope;
use crate::query::sql::question::SubKind;
use crate::query::sql::span::ClauseSpan;

/// A sub-query while the SELECT that it stands in is bound.
pub(super) struct SubQuery {
    pub name: PlSmallStr,
    pub kind: SubKind,
    /// Its place among what is shared.
    pub shared: usize,
    /// Its columns that are asked for, and their types: one, or as many as are looked for at once.
    pub values: Vec<(PlSmallStr, DataType)>,
    /// An expression of the SELECT around it, the column that equals it, and its type.
    pub keys: Vec<(Ast, PlSmallStr, DataType)>,
    pub of_none: Option<Column>,
    /// As it was written.
    pub clause: Clause,
    /// What is looked for among its rows: a value for each of its columns.
    pub sought: RefCell<Vec<Ast>>,
    /// How that is compared with its rows, where it is not whether it is one of them; and whether with all of them.
    pub compared: RefCell<Option<(BinaryOperator, bool)>>,
}

impl SubQuery {
    pub fn dtype(&self) -> DataType {
        match (self.kind, &self.values[..]) {
            (SubKind::Value, [(_, dtype), ..]) => dtype.clone(),
            (SubKind::Value, []) => DataType::Null,
            _ => DataType::Boolean,
        }
    }

    /// The expressions of the SELECT that it is compared with.
    pub fn inputs(&self) -> Vec<Ast> {
        self.sought.borrow().iter().cloned().chain(self.keys.iter().map(|(ast, ..)| ast.clone())).collect()
    }
}

/// The sub-queries of a SELECT.
#[derive(Default)]
pub(super) struct SubQueries(pub Vec<SubQuery>);

impl SubQueries {
    /// Their columns.
    pub fn fields(&self) -> Vec<Field> {
        self.0.iter().map(|sub| Field::new(sub.name.clone(), sub.dtype())).collect()
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|sub| sub.name == name)
    }

    /// Replaces `x IN (…)` by the column that says so.
    ///
    /// # Errors
    /// A comparison with the rows of a sub-query that is not understood.
    pub fn name(&self, ast: &mut Ast, place: ClauseSpan<'_>) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        expr::rewrite(ast, |node| {
            let mut compared = None;
            let (value, name, negated) = match &*node {
                Ast::InList { expr, list, negated } => match &list[..] {
                    [Ast::Identifier(name)] => (expr, name, *negated),
                    _ => return Ok(()),
                },
                Ast::AnyOp { left, compare_op, right, .. } | Ast::AllOp { left, compare_op, right } => {
                    let any = matches!(node, Ast::AnyOp { .. });
                    let negated = match (any, compare_op) {
                        (true, BinaryOperator::Eq) => false,
                        (false, BinaryOperator::NotEq) => true,
                        (_, op) => {
                            compared = Some((op.clone(), !any));
                            false
                        }
                    };
                    match innermost(right) {
                        Ast::Identifier(name) => (left, name, negated),
                        _ => return Ok(()),
                    }
                }
                _ => return Ok(()),
            };
            let Some(sub) = self.0.iter().find(|sub| sub.kind == SubKind::In && sub.name == name.value) else {
                return Ok(());
            };
            let sought = match innermost(value) {
                Ast::Tuple(values) => values.clone(),
                one => vec![one.clone()],
            };
            if sought.len() != sub.values.len() {
                let (many, columns) = (sought.len(), sub.values.len());
                let what = format!("{many} values are looked for in a sub-query that has {columns} columns");
                return Err(place.fault_on(what, node).hint("select as many columns in it as stand before IN"));
            }
            if compared.is_some() && sought.len() != 1 {
                return Err(place
                    .fault_on("several values at once are compared with the rows of a sub-query", node)
                    .hint("compare one value, or write IN"));
            }
            sub.sought.replace(sought);
            sub.compared.replace(compared);
            let column = Ast::Identifier(Ident { value: name.value.clone(), quote_style: None, span: name.span });
            *node = match negated {
                true => Ast::UnaryOp { op: UnaryOperator::Not, expr: Box::new(column) },
                false => column,
            };
            Ok(())
        })
    }

    /// A sub-query with what it is compared with: these expressions, of columns of this schema.
    fn bound(sub: &SubQuery, inputs: &[Ast], schema: &Schema, text: &str) -> Result<BoundSub> {
        let place = ClauseSpan { text, clause: &sub.clause };
        let key = |ast: &Ast, there: &PlSmallStr, dtype: &DataType| {
            let (here, own) = Scalar::bind(ast, schema, place)?;
            let compare = common(&own, dtype).ok_or_else(|| differ(&ast.to_string(), &own, there, dtype, place))?;
            Ok::<_, crate::data::Fault>(SubKey { here, there: there.clone(), compare })
        };
        let many = if sub.kind == SubKind::In { sub.sought.borrow().len() } else { 0 };
        let (looked_for, inputs) = inputs.split_at_checked(many).unwrap_or((inputs, &[]));
        let sought: Vec<SubKey> = looked_for
            .iter()
            .zip(&sub.values)
            .map(|(ast, (there, dtype))| key(ast, there, dtype))
            .collect::<Result<_>>()?;
        if sub.kind == SubKind::In && sought.is_empty() {
            return Err(place
                .fault("a list that is a sub-query stands behind IN")
                .hint("write x IN (SELECT …), or EXISTS (SELECT …)"));
        }
        let verdict = match (&*sub.compared.borrow(), looked_for, &sub.values[..]) {
            (Some((op, all)), [ast], [(_, offered)]) => {
                let (_, sought) = Scalar::bind(ast, schema, place)?;
                let pair = [Field::new(SOUGHT.into(), sought), Field::new(OFFERED.into(), offered.clone())];
                let compared = Ast::BinaryOp {
                    left: Box::new(expr::column(SOUGHT)),
                    op: op.clone(),
                    right: Box::new(expr::column(OFFERED)),
                };
                let (scalar, _) = Scalar::bind(&compared, &pair.into_iter().collect(), place)?;
                Some(SubVerdict { scalar, all: *all })
            }
            _ => None,
        };
        let keys = inputs
            .iter()
            .zip(&sub.keys)
            .map(|(ast, (_, there, dtype))| key(ast, there, dtype))
            .collect::<Result<_>>()?;
        Ok(BoundSub { name: sub.name.clone(), sought, verdict, keys })
    }

    /// The columns that a question uses, in the order in which they are to be made; `used` learns what they need.
    ///
    /// # Errors
    /// Names that are not there; types that do not compare.
    pub fn of_rows(
        &self,
        (text, schema, scope): (&str, &Schema, &Scope),
        used: &mut BTreeSet<PlSmallStr>,
    ) -> Result<Vec<BoundSub>> {
        let mut columns = Vec::new();
        // One may look for the value of one that stands before it.
        for sub in self.0.iter().rev() {
            if !used.contains(&sub.name) {
                continue;
            }
            let mut inputs = sub.inputs();
            for ast in &mut inputs {
                used.extend(expr::resolve(ast, schema, scope, ClauseSpan { text, clause: &sub.clause })?);
            }
            columns.push(Self::bound(sub, &inputs, schema, text)?);
        }
        columns.reverse();
        Ok(columns)
    }

    /// Those whose values are looked at when the answer is made, with what they are compared with, of what is kept.
    ///
    /// # Errors
    /// Types that do not compare.
    pub fn of_kept(&self, asked: &BTreeMap<usize, Vec<Ast>>, kept: &Schema, text: &str) -> Result<Vec<BoundSub>> {
        let asked = asked.iter().filter_map(|(at, inputs)| self.0.get(*at).map(|sub| (sub, inputs)));
        asked.map(|(sub, inputs)| Self::bound(sub, inputs, kept, text)).collect()
    }
}

/// What a sub-query is compared with, bound.
pub(super) struct BoundSub {
    name: PlSmallStr,
    sought: Vec<SubKey>,
    verdict: Option<SubVerdict>,
    keys: Vec<SubKey>,
}

impl BoundSub {
    /// With what it was bound to.
    pub fn column(self, subs: &SubQueries) -> Option<SubColumn<Plan>> {
        let sub = subs.0.iter().find(|sub| sub.name == self.name)?;
        Some(SubColumn {
            name: self.name,
            kind: sub.kind,
            node: Node::Shared(sub.shared),
            values: sub.values.iter().map(|(name, _)| name.clone()).collect(),
            dtype: sub.dtype(),
            sought: self.sought,
            verdict: self.verdict,
            keys: self.keys,
            of_none: sub.of_none.clone(),
            sql: sub.clause.sql.clone(),
        })
    }
}

fn innermost(ast: &Ast) -> &Ast {
    match ast {
        Ast::Nested(inner) => innermost(inner),
        other => other,
    }
}
