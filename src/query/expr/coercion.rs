//! What of an expression depends on the types of its parts, in one walk from the leaves up: texts beside times become
//! times, halves are rounded away from zero, days are added to dates. A part's type is found from those of its own
//! parts, so that the walk costs as much as the expression is long.

use std::collections::HashMap;
use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{
    BinaryOperator as Op, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value,
    VisitorMut,
};

use super::steps::Steps;
use super::tree::{column, read_by};
use super::{dialect, fits, literal, own, time_calls, whole};
use crate::data::{Fault, Result};
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;

/// Rewrites what depends on types into polars' words. Names in `expr` are resolved, and `expr` is translated.
///
/// # Errors
/// When a text beside a time is none.
pub fn coerce(expr: &mut Ast, schema: &Schema, place: ClauseSpan<'_>) -> Result<()> {
    let mut coercion = TypeCoercion {
        schema,
        place,
        open: Vec::new(),
        waiting: 0,
        budget: dialect::budget(place.clause.sql.len()),
        known: HashMap::new(),
    };
    match walk::visit_mut(expr, &mut coercion) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(fault) => Err(fault),
    }
}

struct TypeCoercion<'a> {
    schema: &'a Schema,
    place: ClauseSpan<'a>,
    /// The expressions around the one at hand: whether each needs the types of its parts, and those known so far.
    open: Vec<(bool, Vec<Option<DataType>>)>,
    /// How many of them need types; where none does, no type is looked for.
    waiting: usize,
    /// Bytes that translations may still add to what was written.
    budget: usize,
    /// The types of expressions whose parts are columns, which come again and again.
    known: HashMap<(String, Vec<DataType>), Option<DataType>>,
}

impl VisitorMut for TypeCoercion<'_> {
    type Break = Fault;

    fn pre_visit_expr(&mut self, node: &mut Ast) -> ControlFlow<Fault> {
        let needs_types = needs_types(node);
        self.waiting += usize::from(needs_types);
        self.open.push((needs_types, Vec::new()));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, node: &mut Ast) -> ControlFlow<Fault> {
        let (needs_types, mut parts) = self.open.pop().unwrap_or_default();
        self.waiting -= usize::from(needs_types);
        let coerced = match self.rewrite(node, &mut parts) {
            Ok(coerced) => coerced,
            Err(fault) => return ControlFlow::Break(fault),
        };
        let dtype = if self.waiting == 0 { None } else { coerced.or_else(|| self.type_of(node, &parts)) };
        if let Some((_, types)) = self.open.last_mut() {
            types.push(dtype);
        }
        ControlFlow::Continue(())
    }
}

/// Whether what an expression means depends on the types of its parts, or whether it is understood at all.
fn needs_types(node: &Ast) -> bool {
    matches!(
        node,
        Ast::Cast { .. }
            | Ast::Function(_)
            | Ast::BinaryOp { .. }
            | Ast::UnaryOp { .. }
            | Ast::Between { .. }
            | Ast::InList { .. }
            | Ast::Like { .. }
            | Ast::ILike { .. }
            | Ast::Case { .. }
            | Ast::Floor { .. }
            | Ast::Ceil { .. }
    )
}

impl TypeCoercion<'_> {
    /// Rewrites a node whose parts are done; gives its type where the rewriting tells it. Texts that are written beside
    /// something else get its type, in `parts` as well.
    fn rewrite(&mut self, node: &mut Ast, parts: &mut [Option<DataType>]) -> Result<Option<DataType>> {
        if let Some((translated, dtype)) = literal::typed_literal(node, self.place)? {
            *node = translated;
            return Ok(Some(dtype));
        }
        match node {
            Ast::BinaryOp { left, op, right } if literal::compares(op) => {
                self.beside(parts, 0, (1, right))?;
                self.beside(parts, 1, (0, left))?;
            }
            Ast::Between { low, high, .. } => {
                self.beside(parts, 0, (1, low))?;
                self.beside(parts, 0, (2, high))?;
            }
            Ast::InList { list, .. } => {
                for (at, item) in list.iter_mut().enumerate() {
                    self.beside(parts, 0, (at + 1, item))?;
                }
            }
            Ast::Function(call) => self.arguments(call, parts)?,
            _ => {}
        }
        let of = |i: usize| parts.get(i).and_then(Option::as_ref);
        fits::check(node, of, self.place)?;
        if let Some(marked) = whole::marked(node, of) {
            *node = marked;
            return Ok(Some(DataType::Int64));
        }
        let is_whole = |name: &str| self.schema.get(name).is_some_and(DataType::is_integer);
        let translated = dialect::translate_typed(node, of, &is_whole, &mut self.budget);
        if self.budget == 0 {
            let (what, hint) = dialect::too_deep();
            return Err(self.place.fault(what).hint(hint));
        }
        Ok(translated.map(|(translated, dtype)| {
            *node = translated;
            dtype
        }))
    }

    /// A text that is written beside a part becomes what that is.
    fn beside(&self, parts: &mut [Option<DataType>], of: usize, (at, other): (usize, &mut Ast)) -> Result<()> {
        let Some(dtype) = parts.get(of).cloned().flatten() else { return Ok(()) };
        if let Some(now) = literal::coerce_beside(&dtype, other, self.place)?
            && let Some(part) = parts.get_mut(at)
        {
            *part = Some(now);
        }
        Ok(())
    }

    /// A text that is written where a function takes a time becomes one.
    fn arguments(&self, call: &mut Function, parts: &mut [Option<DataType>]) -> Result<()> {
        let Some(own) = own::find(call) else { return Ok(()) };
        let FunctionArguments::List(list) = &mut call.args else { return Ok(()) };
        for (at, (argument, dtype)) in list.args.iter_mut().zip(parts).enumerate() {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) = argument
                && own.kind(at) == own::TIME
                && let Some(now) = literal::coerce_beside(&time_calls::MICROS, part, self.place)?
            {
                *dtype = Some(now);
            }
        }
        Ok(())
    }

    /// The type of a node, whole numbers as those of 64 bits. `None` where the node has none: binding
    /// the whole expression reports that.
    fn type_of(&mut self, node: &mut Ast, parts: &[Option<DataType>]) -> Option<DataType> {
        let of = |i: usize| parts.get(i).and_then(Option::as_ref);
        match node {
            Ast::Identifier(ident) => return self.schema.get(&ident.value).cloned(),
            Ast::Nested(_) | Ast::UnaryOp { op: UnaryOperator::Plus | UnaryOperator::Minus, .. } => {
                return of(0).cloned();
            }
            Ast::UnaryOp { op: UnaryOperator::Not, .. }
            | Ast::IsNull(_)
            | Ast::IsNotNull(_)
            | Ast::IsTrue(_)
            | Ast::IsNotTrue(_)
            | Ast::IsFalse(_)
            | Ast::IsNotFalse(_)
            | Ast::IsDistinctFrom(..)
            | Ast::IsNotDistinctFrom(..)
            | Ast::InList { .. }
            | Ast::Between { .. }
            | Ast::Like { .. }
            | Ast::ILike { .. } => return Some(DataType::Boolean),
            Ast::Function(call) => {
                if let Some(own) = own::find(call) {
                    let types: Option<Vec<DataType>> = parts.iter().cloned().collect();
                    return types.map(|types| (own.output)(&types));
                }
            }
            Ast::BinaryOp { op, .. } if literal::compares(op) || matches!(op, Op::And | Op::Or) => {
                return Some(DataType::Boolean);
            }
            Ast::BinaryOp { op: Op::Plus | Op::Minus | Op::Multiply, .. } => match (of(0), of(1)) {
                (Some(one), Some(other)) if one.is_primitive_numeric() && other.is_primitive_numeric() => {
                    return Some(DataType::Float64);
                }
                _ => {}
            },
            Ast::Value(value) => match &value.value {
                Value::Number(text, _) => {
                    return Some(if text.contains('.') { DataType::Float64 } else { DataType::Int64 });
                }
                Value::SingleQuotedString(_) => return Some(DataType::String),
                Value::Boolean(_) => return Some(DataType::Boolean),
                _ => {}
            },
            _ => {}
        }
        self.infer_by_polars(node, parts)
    }

    /// As polars has it, asked with columns in the place of the node's parts.
    fn infer_by_polars(&mut self, node: &mut Ast, parts: &[Option<DataType>]) -> Option<DataType> {
        let mut swap = Swap { depth: 0, next: 0, parts, taken: Vec::new(), names: Schema::default() };
        let _ = walk::visit_mut(node, &mut swap);
        let Swap { taken, names, .. } = swap;
        let key = (node.to_string(), names.iter_values().cloned().collect::<Vec<_>>());
        let dtype = match self.known.get(&key) {
            Some(dtype) => dtype.clone(),
            None => {
                let dtype_of = |name: &str| names.get(name).or_else(|| self.schema.get(name)).cloned();
                let dtype = type_in_polars(node, &dtype_of, self.place);
                self.known.insert(key, dtype.clone());
                dtype
            }
        };
        let _ =
            walk::visit_mut(node, &mut Restore { depth: 0, next: 0, taken: taken.into_iter().peekable(), here: None });
        dtype
    }
}

/// The type of an expression in polars' words, where it has one; `column` knows those of columns.
fn type_in_polars(expr: &Ast, column: &dyn Fn(&str) -> Option<DataType>, place: ClauseSpan<'_>) -> Option<DataType> {
    if let Ast::Identifier(ident) = expr {
        return column(&ident.value);
    }
    let read = read_by(expr, column);
    let value = Steps::new(expr, place).ok()?.of(&DataFrame::empty_with_schema(&read)).ok()?;
    Some(value.dtype().clone())
}

/// What a part is called while its whole is asked about.
const PART: &str = "__part ";

/// Takes the parts of a node out, where their types are known and they are not written out.
struct Swap<'a> {
    depth: usize,
    next: usize,
    parts: &'a [Option<DataType>],
    /// Each with its place among the parts.
    taken: Vec<(usize, Ast)>,
    names: Schema,
}

impl VisitorMut for Swap<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, node: &mut Ast) -> ControlFlow<()> {
        self.depth += 1;
        if self.depth == 2 {
            let dtype = self.parts.get(self.next).and_then(Option::as_ref);
            self.next += 1;
            if let Some(dtype) = dtype.filter(|_| !is_written(node)) {
                let name = format!("{PART}{}", self.taken.len());
                self.names.insert(name.as_str().into(), dtype.clone());
                self.taken.push((self.next - 1, std::mem::replace(node, column(&name))));
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &mut Ast) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

/// What is written out may have a type that depends on what stands beside it.
fn is_written(node: &Ast) -> bool {
    match node {
        Ast::Value(_) | Ast::Interval(_) => true,
        Ast::UnaryOp { expr, .. } | Ast::Nested(expr) => is_written(expr),
        _ => false,
    }
}

/// Puts the parts back that `Swap` took out.
struct Restore {
    depth: usize,
    next: usize,
    taken: std::iter::Peekable<std::vec::IntoIter<(usize, Ast)>>,
    here: Option<Ast>,
}

impl VisitorMut for Restore {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &mut Ast) -> ControlFlow<()> {
        self.depth += 1;
        if self.depth == 2 {
            self.here = self.taken.next_if(|(place, _)| *place == self.next).map(|(_, part)| part);
            self.next += 1;
        }
        ControlFlow::Continue(())
    }

    // On the way up, so that what was put back is not looked into.
    fn post_visit_expr(&mut self, node: &mut Ast) -> ControlFlow<()> {
        if self.depth == 2
            && let Some(part) = self.here.take()
        {
            *node = part;
        }
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}
