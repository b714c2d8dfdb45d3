//! Aggregate calls in an expression: found, and told apart from calls with OVER.

use std::ops::ControlFlow;

use sqlparser::ast::{DuplicateTreatment, Expr as Ast, Function, FunctionArguments};

use crate::query::aggregate::{self, Aggregate, Class};
use crate::query::walk;

/// Which aggregate a call means, and whether it says DISTINCT.
pub fn aggregate_of(function: &Function) -> Option<(&'static Aggregate, bool)> {
    let FunctionArguments::List(list) = &function.args else {
        return aggregate::find(&function.name.to_string()).map(|a| (a, false));
    };
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    aggregate::find_call(&function.name.to_string(), distinct, list.args.len()).map(|a| (a, distinct))
}

/// The first aggregate call in an expression.
pub fn find_aggregate(ast: &Ast) -> Option<Function> {
    let found = walk::visit_expressions(ast, |e| match e {
        Ast::Function(f) if f.over.is_none() && aggregate_of(f).is_some() => ControlFlow::Break(f.clone()),
        _ => ControlFlow::Continue(()),
    });
    found.break_value()
}

/// The classes of all aggregates called in an expression, but not of those with OVER.
pub fn classes_in(ast: &Ast) -> Vec<Class> {
    let mut found = Vec::new();
    let _ = walk::visit_expressions(ast, |e| {
        if let Ast::Function(f) = e
            && f.over.is_none()
        {
            found.extend(aggregate_of(f).map(|(a, distinct)| if distinct { Class::KeepsValues } else { a.class }));
        }
        ControlFlow::<()>::Continue(())
    });
    found
}
