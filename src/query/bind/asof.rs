//! ASOF JOIN, bound: equations, and one comparison that says which row of the right table is the nearest.

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, Expr as Ast};

use super::from::{FromBinder, Side};
use super::join::{common, conjuncts, differ, equation};
use crate::data::{Fault, Result};
use crate::query::expr::{self, Scalar};
use crate::query::join::{Equation, Nearest, RowJoin, Way};
use crate::query::query::JoinConstraint;
use crate::query::rerun::{JoinNode, Node};
use crate::query::scope::Scope;
use crate::query::sql::question::JoinKind;
use crate::query::sql::span::ClauseSpan;

impl FromBinder<'_, '_> {
    /// For each row on the left the nearest on the right.
    pub(super) fn asof(
        &mut self,
        kind: JoinKind,
        left: Side,
        right: Side,
        on: Option<&JoinConstraint>,
    ) -> Result<Side> {
        let shared = self.shared_columns(&left, &right, false, on)?;
        let both: Schema = [&left.schema, &right.schema].into_iter().flat_map(Schema::iter_fields).collect();
        let tables: Vec<_> = left.tables.iter().chain(&right.tables).cloned().collect();
        let hidden: std::collections::HashSet<PlSmallStr> =
            left.hidden.iter().chain(&right.hidden).chain(shared.iter().map(|(_, other, _)| other)).cloned().collect();
        let scope = Scope::of(tables.clone(), both.into(), hidden.clone())?;
        let (mut equations, mut nearest) = (Vec::new(), None);
        match on {
            Some(JoinConstraint::Condition(clause)) => {
                let place = ClauseSpan { text: self.text, clause };
                let mut parts = Vec::new();
                conjuncts(expr::parse(place)?, &mut parts);
                for part in parts {
                    match compared(&part, &scope, &left, &right, place)? {
                        Some(Compared::Equal(found)) => equations.push(found),
                        Some(Compared::Nearest(found)) if nearest.is_none() => nearest = Some(found),
                        _ => {
                            return Err(place
                                .fault_on("ASOF JOIN takes equations and one comparison of both tables", &part)
                                .hint("write ON a.k = b.k AND a.time >= b.time, and other conditions in WHERE"));
                        }
                    }
                }
            }
            _ => {
                // The last column of USING is the one that is compared.
                let Some(((mine, other, _), equal)) = shared.split_last() else {
                    return Err(Fault::new("ASOF JOIN does not say how rows find each other")
                        .hint("write ON a.k = b.k AND a.time >= b.time, or USING (k, time)"));
                };
                for (mine, other, _) in equal {
                    let clause = mine.as_str().into();
                    let place = ClauseSpan { text: mine, clause: &clause };
                    let found = equation(&expr::column(mine), &expr::column(other), &scope.schema, place);
                    equations.push(found.map_err(|fault| Fault { span: None, ..fault })?);
                }
                let clause = mine.as_str().into();
                let place = ClauseSpan { text: mine, clause: &clause };
                let sides = (expr::column(mine), expr::column(other));
                let found = nearer(Way::NotAfter, sides, &scope, place);
                nearest = Some(found.map_err(|fault| Fault { span: None, ..fault })?);
            }
        }
        let Some(nearest) = nearest else {
            return Err(Fault::new("ASOF JOIN does not say which row is the nearest")
                .hint("compare both times: ON a.k = b.k AND a.time >= b.time"));
        };
        let looked_at = equations.iter().flat_map(|e: &Equation| [&e.first, &e.second]);
        let looked_at = looked_at.chain([&nearest.left, &nearest.right]).flat_map(Scalar::columns);
        self.look_at(looked_at);
        let of_left = matches!(kind, JoinKind::Semi | JoinKind::Anti);
        let join = RowJoin { kind, equations, rest: None, nearest: Some(nearest) };
        let node = Node::Join(Box::new(JoinNode { left: left.node, right: right.node, join, merged: Vec::new() }));
        Ok(match of_left {
            true => Side { node, tables: left.tables, schema: left.schema, hidden: left.hidden },
            false => Side { node, tables, schema: Schema::clone(&scope.schema), hidden },
        })
    }
}

/// What a condition between both tables says.
enum Compared {
    Equal(Equation),
    Nearest(Nearest),
}

/// `None` for anything but a comparison of both tables.
fn compared(part: &Ast, scope: &Scope, left: &Side, right: &Side, place: ClauseSpan<'_>) -> Result<Option<Compared>> {
    let Ast::BinaryOp { left: one, op, right: two } = part else { return Ok(None) };
    let way = match op {
        BinaryOperator::Eq => None,
        BinaryOperator::GtEq => Some(Way::NotAfter),
        BinaryOperator::Gt => Some(Way::Before),
        BinaryOperator::LtEq => Some(Way::NotBefore),
        BinaryOperator::Lt => Some(Way::After),
        _ => return Ok(None),
    };
    let Some((mine, other, turned)) = FromBinder::of_both((one, two), scope, left, right, place)? else {
        return Ok(None);
    };
    Ok(Some(match way {
        None => Compared::Equal(equation(&mine, &other, &scope.schema, place)?),
        Some(way) => Compared::Nearest(nearer(if turned { way.turned() } else { way }, (mine, other), scope, place)?),
    }))
}

fn nearer(way: Way, (mine, other): (Ast, Ast), scope: &Scope, place: ClauseSpan<'_>) -> Result<Nearest> {
    let (left, own) = Scalar::bind(&mine, &scope.schema, place)?;
    let (right, there) = Scalar::bind(&other, &scope.schema, place)?;
    let compare = common(&own, &there)
        .filter(|common| common.is_primitive_numeric() || common.is_temporal())
        .ok_or_else(|| differ(&mine.to_string(), &own, &other.to_string(), &there, place))?;
    Ok(Nearest { way, left, right, compare })
}
