//! The join of a question bound: ON or USING as equations between both tables, and conditions that look at the dataset
//! alone.

use std::collections::BTreeSet;

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, Expr as Ast};

use super::score;
use crate::data::{Fault, Result};
use crate::query::expr::{self, Scalar};
use crate::query::join::{Equation, Join};
use crate::query::query::{Clause, JoinConstraint, Query};
use crate::query::scope::Scope;
use crate::query::sql::span::ClauseSpan;
use crate::query::window::type_word;

impl Join {
    /// Binds the join of `query`; `used` learns the columns it needs.
    ///
    /// # Errors
    /// A condition that is no equation between both tables, or between types that do not compare.
    pub(super) fn bind(
        query: &Query,
        text: &str,
        scope: &Scope,
        used: &mut BTreeSet<PlSmallStr>,
    ) -> Result<Option<Self>> {
        let Some(join) = &query.join else { return Ok(None) };
        let mut bound = Self {
            left: join.left,
            table: join.table.unquoted(),
            columns: Vec::new(),
            here: Vec::new(),
            equations: Vec::new(),
            only: Vec::new(),
        };
        match &join.on {
            JoinConstraint::Using(columns) => {
                for clause in columns {
                    let place = ClauseSpan { text, clause };
                    let Ast::Identifier(ident) = expr::parse(place)? else {
                        return Err(place.fault("USING takes names of columns").hint("write it like USING (id)"));
                    };
                    let missing = |table: &str| {
                        place
                            .fault(format!("{table} has no column '{}'", ident.value))
                            .hint("USING needs a column that both have")
                    };
                    let first = scope.find_first(&ident).ok_or_else(|| missing(scope.first_name()))?;
                    let second = scope.find_second(&ident).ok_or_else(|| missing(scope.joined_name()))?;
                    bound.equate(expr::column(&first), expr::column(&second), scope, place, used)?;
                }
            }
            JoinConstraint::Condition(clause) => {
                let place = ClauseSpan { text, clause };
                let mut parts = Vec::new();
                let condition = expr::parse(place)?;
                score::refuse(&condition, place)?;
                conjuncts(condition, &mut parts);
                for part in parts {
                    bound.condition(part, scope, place, used)?;
                }
                if bound.equations.is_empty() {
                    return Err(no_equation(place));
                }
            }
        }
        Ok(Some(bound))
    }

    fn condition(
        &mut self,
        part: Ast,
        scope: &Scope,
        place: ClauseSpan<'_>,
        used: &mut BTreeSet<PlSmallStr>,
    ) -> Result<()> {
        if let Ast::BinaryOp { left, op: BinaryOperator::Eq, right } = &part {
            let side = |ast: &Ast| {
                let mut ast = ast.clone();
                let columns = expr::resolve(&mut ast, &scope.schema, scope, place)?;
                let joined = columns.iter().filter(|c| scope.is_joined(c)).count();
                let which =
                    if columns.is_empty() || (joined > 0 && joined < columns.len()) { None } else { Some(joined > 0) };
                Ok::<_, Fault>((ast, which))
            };
            match (side(left)?, side(right)?) {
                ((first, Some(false)), (second, Some(true))) | ((second, Some(true)), (first, Some(false))) => {
                    return self.equate(first, second, scope, place, used);
                }
                _ => {}
            }
        }
        let mut ast = part;
        let columns = expr::resolve(&mut ast, &scope.schema, scope, place)?;
        let (scalar, dtype) = Scalar::bind(&ast, &scope.schema, place)?;
        if columns.is_empty() || !columns.iter().all(|c| scope.is_joined(c)) || dtype != DataType::Boolean {
            return Err(no_equation(place));
        }
        used.extend(columns);
        self.only.push(scalar);
        Ok(())
    }

    fn equate(
        &mut self,
        first: Ast,
        second: Ast,
        scope: &Scope,
        place: ClauseSpan<'_>,
        used: &mut BTreeSet<PlSmallStr>,
    ) -> Result<()> {
        let (mut one, mut other) = (first, second);
        used.extend(expr::resolve(&mut one, &scope.schema, scope, place)?);
        used.extend(expr::resolve(&mut other, &scope.schema, scope, place)?);
        self.equations.push(equation(&one, &other, &scope.schema, place)?);
        Ok(())
    }

    /// Settles which columns are read, once all of the question is bound.
    pub(super) fn settle(&mut self, scope: &Scope, used: &BTreeSet<PlSmallStr>) {
        for name in scope.schema.iter_names().filter(|n| used.contains(*n)) {
            if let Some(own) = scope.own_name(name) {
                self.columns.push(own.clone());
                self.here.push(name.clone());
            }
        }
    }
}

/// Two resolved expressions that shall be equal.
///
/// # Errors
/// Types that do not compare.
pub(super) fn equation(one: &Ast, other: &Ast, schema: &Schema, place: ClauseSpan<'_>) -> Result<Equation> {
    let (first, left) = Scalar::bind(one, schema, place)?;
    let (second, right) = Scalar::bind(other, schema, place)?;
    let compare =
        common(&left, &right).ok_or_else(|| differ(&one.to_string(), &left, &other.to_string(), &right, place))?;
    Ok(Equation { first, second, compare })
}

/// What to say of two expressions whose types do not compare.
pub(super) fn differ(one: &str, left: &DataType, other: &str, right: &DataType, place: ClauseSpan<'_>) -> Fault {
    place
        .fault(format!(
            "'{}' is {} and '{}' is {}, so they do not compare",
            one.trim_matches('"'),
            type_word(left),
            other.trim_matches('"'),
            type_word(right)
        ))
        .hint("cast one of them: CAST(… AS VARCHAR)")
}

fn no_equation(place: ClauseSpan<'_>) -> Fault {
    place
        .fault("JOIN needs equations between both tables")
        .hint("write ON mine.x = other.y AND …; put other conditions into WHERE")
}

/// The conditions that AND puts together.
pub(super) fn conjuncts(ast: Ast, parts: &mut Vec<Ast>) {
    match ast {
        Ast::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(*left, parts);
            conjuncts(*right, parts);
        }
        Ast::Nested(inner) => conjuncts(*inner, parts),
        other => parts.push(other),
    }
}

/// What two types are compared as; `None` where they do not compare.
pub(super) fn common(one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType as D;
    let text = |d: &D| matches!(d, D::String | D::Categorical(..) | D::Enum(..));
    let instant = |d: &D| matches!(d, D::Date | D::Datetime(..));
    match (one, other) {
        (a, b) if text(a) && text(b) => Some(D::String),
        (D::UInt64, D::UInt64) => Some(D::UInt64),
        (a, b) if a.is_integer() && b.is_integer() => Some(D::Int64),
        (a, b) if a.is_primitive_numeric() && b.is_primitive_numeric() => Some(D::Float64),
        (D::Date, D::Date) => Some(D::Date),
        (a, b) if instant(a) && instant(b) => Some(D::Datetime(TimeUnit::Microseconds, None)),
        (D::Boolean, D::Boolean) => Some(D::Boolean),
        (D::Time, D::Time) => Some(D::Time),
        (D::Duration(_), D::Duration(_)) => Some(D::Duration(TimeUnit::Microseconds)),
        (D::Null, _) | (_, D::Null) => Some(D::Null),
        _ => None,
    }
}

/// The clause that a fault about a whole join points at.
pub(super) fn clause(query: &Query) -> Clause {
    query.join.as_ref().map(|j| j.table.clone()).unwrap_or_default()
}
