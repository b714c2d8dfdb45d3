//! A scalar expression bound to columns, evaluated by polars over a frame.

use polars::prelude::*;
use sqlparser::ast::Expr as Ast;

use super::coercion::coerce;
use super::dialect::translate;
use super::functions::check_aggregates;
use super::said::said;
use super::steps::Steps;
use super::times::mark;
use super::tree::read_by;
use super::whole;
use crate::data::{Fault, Result};
use crate::query::sql::span::ClauseSpan;
use crate::query::window::type_word;
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
        let typed = steps.of(&empty).map_err(|e| match said(&e.what) {
            Some((what, hint)) => place.fault(what).hint(hint),
            None => misfit(&read, place),
        })?;
        let dtype = typed.dtype().clone();
        let columns = read.iter_names().cloned().collect();
        let (resolved, sql) = (timed.to_string().into(), place.clause.sql.clone());
        let computed = Computed { steps, columns, resolved, sql };
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

/// The fault of an expression whose types do not go together, in a way that `fits` does not know.
fn misfit(read: &Schema, place: ClauseSpan<'_>) -> Fault {
    let types = read.iter().take(8).map(|(name, dtype)| format!("{name} is {}", type_word(dtype)));
    let types = types.collect::<Vec<_>>().join(", ");
    let fault = place.fault("the types in this expression do not go together");
    match types.as_str() {
        "" => fault.hint("cast what does not fit, such as CAST(… AS DOUBLE)"),
        types => fault.hint(format!("{types}: cast what does not fit, such as CAST(… AS DOUBLE)")),
    }
}

impl Computed {
    /// The columns of `frame` that it reads.
    pub(super) fn read(&self, frame: &DataFrame) -> Result<DataFrame> {
        let read = self.columns.iter().map(|name| Ok(frame.column(name)?.clone())).collect::<Result<Vec<_>>>()?;
        Ok(DataFrame::new(frame.height(), read)?)
    }

    fn of(&self, frame: &DataFrame) -> Result<Column> {
        self.steps.of(&self.read(frame)?).map_err(|fault| whole::told(fault, &self.sql))
    }
}

/// The rows for which a Boolean scalar is true (null is not).
pub fn keep(scalar: &Scalar, frame: &DataFrame) -> Result<BooleanChunked> {
    let column = scalar.of(frame)?;
    let mask = column.bool()?;
    Ok(if mask.null_count() > 0 { mask.fill_null_with_values(false)? } else { mask.clone() })
}
