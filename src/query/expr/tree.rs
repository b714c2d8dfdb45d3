//! What is asked of expressions as trees, before anything is known about columns.

use std::ops::ControlFlow;

use polars::prelude::{DataType, Schema};
use sqlparser::ast::{
    BinaryOperator, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    Ident, ObjectName, Value, VisitMut, VisitorMut,
};
use sqlparser::tokenizer::Span;

use crate::data::{Fault, Result};
use crate::query::walk;

/// A column name as an identifier that no dialect misreads.
pub fn column(name: &str) -> Ast {
    Ast::Identifier(Ident { value: name.to_owned(), quote_style: Some('"'), span: Span::empty() })
}

/// The arguments of a call that are plain expressions; `None` where any is something else.
pub fn arguments(function: &Function) -> Option<Vec<&Ast>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let value = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    list.args.iter().map(value).collect()
}

/// A call of a function.
pub fn call(name: &str, parts: Vec<Ast>) -> Ast {
    let args = parts.into_iter().map(|part| FunctionArg::Unnamed(FunctionArgExpr::Expr(part))).collect();
    Ast::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// A text as written.
pub fn text(expr: &Ast) -> Option<&str> {
    match expr {
        Ast::Value(v) => match &v.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// True when a division or a remainder stands anywhere in the expression.
pub fn divides(expr: &Ast) -> bool {
    let divides = |e: &Ast| {
        matches!(
            e,
            Ast::BinaryOp {
                op: BinaryOperator::Divide | BinaryOperator::Modulo | BinaryOperator::DuckIntegerDivide,
                ..
            }
        )
    };
    walk::visit_expressions(expr, |e| if divides(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        .is_break()
}

/// Rewrites a tree from the top down, stopping at the first fault.
pub fn rewrite(tree: &mut impl VisitMut, step: impl FnMut(&mut Ast) -> Result<()>) -> Result<()> {
    struct Walker<F>(F);
    impl<F: FnMut(&mut Ast) -> Result<()>> VisitorMut for Walker<F> {
        type Break = Fault;
        fn pre_visit_expr(&mut self, expr: &mut Ast) -> ControlFlow<Fault> {
            match (self.0)(expr) {
                Ok(()) => ControlFlow::Continue(()),
                Err(fault) => ControlFlow::Break(fault),
            }
        }
    }
    match walk::visit_mut(tree, &mut Walker(step)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(fault) => Err(fault),
    }
}

/// The columns that a resolved expression reads.
pub fn read_by(expr: &Ast, column: &dyn Fn(&str) -> Option<DataType>) -> Schema {
    let mut read = Schema::default();
    let _ = walk::visit_expressions(expr, |node| {
        if let Ast::Identifier(ident) = node
            && !read.contains(&ident.value)
            && let Some(dtype) = column(&ident.value)
        {
            read.insert(ident.value.as_str().into(), dtype);
        }
        ControlFlow::<()>::Continue(())
    });
    read
}
