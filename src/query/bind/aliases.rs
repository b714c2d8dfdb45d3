//! Names that a SELECT gives its items, where WHERE and the items behind them use them: what they stand for is written
//! there instead. A column of the same name goes before, as in DuckDB. GROUP BY, HAVING and ORDER BY have rules of
//! their own, which stand with them.

use std::borrow::Cow;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr as Ast, Ident};

use super::names::plain_name;
use super::star::star_of;
use crate::query::expr;
use crate::query::query::{Clause, Query};
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;

/// The question with what such names stand for. `is_column` tells the names of columns.
pub(super) fn written_out<'q>(query: &'q Query, text: &str, is_column: &dyn Fn(&Ident) -> bool) -> Cow<'q, Query> {
    if query.items.iter().all(|item| item.alias.is_none()) {
        return Cow::Borrowed(query);
    }
    let mut own = Cow::Borrowed(query);
    let mut known = Aliases { named: Vec::new(), text, is_column };
    for (i, item) in query.items.iter().enumerate() {
        let changed = if star_of(&item.expr).is_some() { None } else { known.replaced(&item.expr) };
        if let Some(expr) = &changed
            && let Some(place) = own.to_mut().items.get_mut(i)
        {
            place.alias.get_or_insert_with(|| plain_name(&item.expr.sql));
            place.expr = expr.clone();
        }
        if let Some(alias) = &item.alias {
            known.named.push((alias.to_lowercase(), changed.unwrap_or_else(|| item.expr.clone())));
        }
    }
    if let Some(filter) = query.filter.as_ref().and_then(|filter| known.replaced(filter)) {
        own.to_mut().filter = Some(filter);
    }
    own
}

struct Aliases<'a> {
    /// In lower case, and what each stands for.
    named: Vec<(String, Clause)>,
    text: &'a str,
    is_column: &'a dyn Fn(&Ident) -> bool,
}

impl Aliases<'_> {
    /// The clause with what names in it stand for; `None` where it has none.
    fn replaced(&self, clause: &Clause) -> Option<Clause> {
        let lower = clause.sql.to_lowercase();
        if !self.named.iter().any(|(name, _)| lower.contains(name.as_str())) {
            return None;
        }
        let read = |clause: &Clause| expr::parse(ClauseSpan { text: self.text, clause }).ok();
        let mut ast = read(clause)?;
        let mut changed = false;
        let _ = walk::visit_expressions_mut(&mut ast, |node| {
            if let Ast::Identifier(ident) = &*node
                && let Some((_, own)) = self.named.iter().find(|(name, _)| *name == ident.value.to_lowercase())
                && !(self.is_column)(ident)
                && let Some(own) = read(own)
            {
                *node = Ast::Nested(Box::new(own));
                changed = true;
            }
            ControlFlow::<()>::Continue(())
        });
        changed.then(|| Clause { sql: ast.to_string(), at: clause.at })
    }
}
