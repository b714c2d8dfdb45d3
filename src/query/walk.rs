//! Walks over parsed SQL. sqlparser's own walk is compiled anew, over its whole grammar, for every type of visitor:
//! some 700 kB of machine code each. Here all visitors stand behind one type, so that there are two walks, one that
//! reads and one that changes. What is looked for is left to the visitors.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, ObjectName, Query, Select, Statement, TableFactor, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};

/// Makes, for one of sqlparser's two traits, the type that is walked with and the visitor behind it, which keeps why a
/// walk was broken off: so the walk itself does not depend on the type of the reason.
macro_rules! walker {
    ($walker:ident, $kept:ident, $visitor:ident: $($method:ident($node:ty)),+) => {
        struct $walker<'a>(&'a mut dyn $visitor<Break = ()>);

        impl $visitor for $walker<'_> {
            type Break = ();
            $(fn $method(&mut self, node: $node) -> ControlFlow<()> {
                self.0.$method(node)
            })+
        }

        struct $kept<'a, V: $visitor> {
            visitor: &'a mut V,
            why: Option<V::Break>,
        }

        impl<V: $visitor> $visitor for $kept<'_, V> {
            type Break = ();
            $(fn $method(&mut self, node: $node) -> ControlFlow<()> {
                self.visitor.$method(node).map_break(|why| self.why = Some(why))
            })+
        }
    };
}

walker!(Reader, KeptReader, Visitor:
    pre_visit_query(&Query), post_visit_query(&Query),
    pre_visit_select(&Select), post_visit_select(&Select),
    pre_visit_relation(&ObjectName), post_visit_relation(&ObjectName),
    pre_visit_table_factor(&TableFactor), post_visit_table_factor(&TableFactor),
    pre_visit_expr(&Expr), post_visit_expr(&Expr),
    pre_visit_statement(&Statement), post_visit_statement(&Statement),
    pre_visit_value(&ValueWithSpan), post_visit_value(&ValueWithSpan));

walker!(Changer, KeptChanger, VisitorMut:
    pre_visit_query(&mut Query), post_visit_query(&mut Query),
    pre_visit_select(&mut Select), post_visit_select(&mut Select),
    pre_visit_relation(&mut ObjectName), post_visit_relation(&mut ObjectName),
    pre_visit_table_factor(&mut TableFactor), post_visit_table_factor(&mut TableFactor),
    pre_visit_expr(&mut Expr), post_visit_expr(&mut Expr),
    pre_visit_statement(&mut Statement), post_visit_statement(&mut Statement),
    pre_visit_value(&mut ValueWithSpan), post_visit_value(&mut ValueWithSpan));

/// Shows a visitor all of a tree, until it breaks off.
#[allow(clippy::disallowed_methods, reason = "the one walk that reads")]
pub fn visit<V: Visitor>(tree: &impl Visit, visitor: &mut V) -> ControlFlow<V::Break> {
    let mut kept = KeptReader { visitor, why: None };
    let _ = tree.visit(&mut Reader(&mut kept));
    kept.why.map_or(ControlFlow::Continue(()), ControlFlow::Break)
}

/// Lets a visitor change a tree, until it breaks off.
#[allow(clippy::disallowed_methods, reason = "the one walk that changes")]
pub fn visit_mut<V: VisitorMut>(tree: &mut impl VisitMut, visitor: &mut V) -> ControlFlow<V::Break> {
    let mut kept = KeptChanger { visitor, why: None };
    let _ = tree.visit(&mut Changer(&mut kept));
    kept.why.map_or(ControlFlow::Continue(()), ControlFlow::Break)
}

/// Shows each expression of a tree, the outer ones first, until `step` breaks off.
pub fn visit_expressions<E>(tree: &impl Visit, step: impl FnMut(&Expr) -> ControlFlow<E>) -> ControlFlow<E> {
    struct Step<F>(F);
    impl<E, F: FnMut(&Expr) -> ControlFlow<E>> Visitor for Step<F> {
        type Break = E;
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<E> {
            (self.0)(expr)
        }
    }
    visit(tree, &mut Step(step))
}

/// Lets `step` change each expression of a tree, from the leaves up, until it breaks off.
pub fn visit_expressions_mut<E>(
    tree: &mut impl VisitMut,
    step: impl FnMut(&mut Expr) -> ControlFlow<E>,
) -> ControlFlow<E> {
    struct Step<F>(F);
    impl<E, F: FnMut(&mut Expr) -> ControlFlow<E>> VisitorMut for Step<F> {
        type Break = E;
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<E> {
            (self.0)(expr)
        }
    }
    visit_mut(tree, &mut Step(step))
}
