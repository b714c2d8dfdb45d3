//! A scalar expression bound to columns, evaluated by polars over a frame.

use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, CastKind, DataType as SqlType, ExactNumberInfo, Expr as Ast};

use super::coercion::coerce;
use super::dialect::translate;
use super::functions::check_aggregates;
use super::steps::Steps;
use super::times::mark;
use super::tree::read_by;
use crate::data::{Fault, Result};
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;
use crate::sync::deep;

/// A scalar over the columns of a frame: a column as it stands where it is nothing more.
#[derive(Clone, Debug)]
pub enum Scalar {
    Column(PlSmallStr),
    Computed(Box<Computed>),
}

/// An expression that polars evaluates.
#[derive(Clone, Debug)]
pub struct Computed {
    pub(super) steps: Steps,
    /// The steps in doubles, where whole numbers are calculated with: doubles show where 64 bits would wrap.
    wide: Option<Steps>,
    /// The columns that it reads.
    columns: Vec<PlSmallStr>,
    /// All that it says, in one way for all who say the same.
    resolved: Arc<str>,
    /// As written, for errors.
    pub(super) sql: String,
}

/// What tells a scalar from any other over the same columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ScalarId {
    Column(PlSmallStr),
    Computed(Arc<str>),
}

impl Scalar {
    /// Binds a resolved expression to `schema`; its type comes with it.
    pub fn bind(expr: &Ast, schema: &Schema, place: ClauseSpan<'_>) -> Result<(Self, DataType)> {
        deep(|| Self::bind_here(expr, schema, place))
    }

    fn bind_here(expr: &Ast, schema: &Schema, place: ClauseSpan<'_>) -> Result<(Self, DataType)> {
        if let Ast::Identifier(ident) = expr
            && let Some(dtype) = schema.get(&ident.value)
        {
            return Ok((Self::Column(ident.value.as_str().into()), dtype.clone()));
        }
        check_aggregates(expr, place)?;
        let mut timed = expr.clone();
        translate(&mut timed, place.clause.sql.len()).map_err(|(what, hint)| place.fault(what).hint(hint))?;
        coerce(&mut timed, schema, place)?;
        mark(&mut timed, schema)?;
        let steps = Steps::new(&timed, place)?;
        let read = read_by(&timed, &|name| schema.get(name).cloned());
        let empty = DataFrame::empty_with_schema(&read);
        let typed =
            steps.of(&empty).map_err(|e| place.fault(e.what).hint("check the names and types in this expression"))?;
        let dtype = typed.dtype().clone();
        let wide = if dtype.is_integer() && calculates(&timed) {
            in_doubles(&timed, schema, place).filter(|wide| wide.of(&empty).is_ok())
        } else {
            None
        };
        let columns = read.iter_names().cloned().collect();
        let (resolved, sql) = (timed.to_string().into(), place.clause.sql.clone());
        let computed = Computed { steps, wide, columns, resolved, sql };
        Ok((Self::Computed(Box::new(computed)), dtype))
    }

    pub fn id(&self) -> ScalarId {
        match self {
            Self::Column(name) => ScalarId::Column(name.clone()),
            Self::Computed(computed) => ScalarId::Computed(computed.resolved.clone()),
        }
    }

    /// The columns that it reads.
    pub fn columns(&self) -> &[PlSmallStr] {
        match self {
            Self::Column(name) => std::slice::from_ref(name),
            Self::Computed(computed) => &computed.columns,
        }
    }

    /// One value a row of `frame`.
    pub fn of(&self, frame: &DataFrame) -> Result<Column> {
        match self {
            Self::Column(name) => Ok(frame.column(name)?.clone()),
            Self::Computed(computed) => computed.of(frame),
        }
    }
}

impl Computed {
    /// The columns of `frame` that it reads.
    pub(super) fn read(&self, frame: &DataFrame) -> Result<DataFrame> {
        let read = self.columns.iter().map(|name| Ok(frame.column(name)?.clone())).collect::<Result<Vec<_>>>()?;
        Ok(DataFrame::new(frame.height(), read)?)
    }

    fn of(&self, frame: &DataFrame) -> Result<Column> {
        let read = self.read(frame)?;
        let column = self.steps.of(&read)?;
        if let Some(wide) = &self.wide {
            let wide = wide.of(&read)?.cast(&DataType::Float64)?;
            if wide.f64()?.iter().flatten().any(|x| x.abs() >= TOO_WIDE) {
                return Err(Fault::new("a whole number does not fit into 64 bits")
                    .at(self.sql.clone())
                    .hint("calculate with decimal numbers: CAST(… AS DOUBLE)"));
            }
        }
        Ok(column)
    }
}

/// 2^63: where whole numbers of 64 bits wrap.
const TOO_WIDE: f64 = 9_223_372_036_854_775_808.0;

/// True when whole numbers may outgrow their operands in this expression.
fn calculates(expr: &Ast) -> bool {
    use BinaryOperator as Op;
    let grows = |e: &Ast| match e {
        Ast::BinaryOp { op: Op::Plus | Op::Minus | Op::Multiply, .. } => true,
        Ast::Function(call) => matches!(call.name.to_string().to_lowercase().as_str(), "abs" | "pow" | "power"),
        _ => false,
    };
    walk::visit_expressions(expr, |e| if grows(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        .is_break()
}

/// The expression with every column of whole numbers as doubles.
fn in_doubles(expr: &Ast, schema: &Schema, place: ClauseSpan<'_>) -> Option<Steps> {
    let mut wide = expr.clone();
    let _ = walk::visit_expressions_mut(&mut wide, |node| {
        if let Ast::Identifier(ident) = node
            && schema.get(&ident.value).is_some_and(DataType::is_integer)
        {
            *node = Ast::Cast {
                kind: CastKind::Cast,
                expr: Box::new(node.clone()),
                data_type: SqlType::Double(ExactNumberInfo::None),
                array: false,
                format: None,
            };
        }
        ControlFlow::<()>::Continue(())
    });
    Steps::new(&wide, place).ok()
}

/// The rows for which a Boolean scalar is true (null is not).
pub fn keep(scalar: &Scalar, frame: &DataFrame) -> Result<BooleanChunked> {
    let column = scalar.of(frame)?;
    let mask = column.bool()?;
    Ok(if mask.null_count() > 0 { mask.fill_null_with_values(false)? } else { mask.clone() })
}
