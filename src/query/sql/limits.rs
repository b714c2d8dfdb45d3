//! How large a question may be: far above what people write, far below what would be trouble. What a text costs is
//! bounded here, before it is parsed; everything after that is linear in it.

use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr as Ast, Value, Visit, VisitMut, Visitor, VisitorMut};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::query::query::{Clause, Query};
use crate::query::walk;

/// Bytes of a text.
pub const BYTES: usize = 1 << 20;
/// Parentheses, brackets and CASE that stand within each other. The parser has a limit of its own above this.
pub const NESTED: usize = 32;
/// Operators that are worked out one after the other, and branches of CASE. AND and OR are not among them: whatever
/// order they are worked out in is right.
pub const STEPS: usize = 500;
/// Words and signs without a comma between them.
pub const STRETCH: usize = 100_000;
/// SELECT and JOIN in one question.
pub const SELECTS: usize = 1_000;
/// Columns of an answer.
pub const COLUMNS: usize = 200_000;
/// Expressions, other than names, that a question evaluates.
pub const EXPRESSIONS: usize = 5_000;

/// What is too much about a text: what, and what to do.
pub type LimitExceeded = (String, &'static str);

pub fn of_text(sql: &str) -> Result<(), LimitExceeded> {
    if sql.len() <= BYTES {
        return Ok(());
    }
    Err((
        format!("this text has {} bytes, and a question may have {BYTES}", sql.len()),
        "put long lists of values into a file and JOIN it",
    ))
}

/// What a question evaluates; for each there is something to do for every piece of the data.
///
/// # Errors
/// When it is too much.
pub fn of_query(query: &Query) -> Result<(), LimitExceeded> {
    let name =
        |clause: &Clause| clause.sql.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '*' | ' '));
    let clauses = query.items.iter().map(|i| &i.expr).chain(&query.groups).chain(query.order.iter().map(|o| &o.expr));
    if clauses.filter(|clause| !name(clause)).nth(EXPRESSIONS).is_some() {
        return Err((format!("this question has more than {EXPRESSIONS} expressions"), "ask it in parts"));
    }
    Ok(())
}

/// Looks at the words of a text before they are parsed.
pub fn of_words<'t>(tokens: impl Iterator<Item = &'t Token>) -> Result<(), LimitExceeded> {
    let (mut open, mut selects) = (vec![0_usize], 0);
    for token in tokens {
        let keyword = match token {
            Token::Word(word) if word.quote_style.is_none() => word.keyword,
            Token::Whitespace(_) => continue,
            _ => Keyword::NoKeyword,
        };
        match (token, keyword) {
            (Token::LParen | Token::LBracket | Token::LBrace, _) | (_, Keyword::CASE) => open.push(0),
            (Token::RParen | Token::RBracket | Token::RBrace, _) | (_, Keyword::END) if open.len() > 1 => {
                open.pop();
            }
            (Token::Comma, _) => {
                if let Some(stretch) = open.last_mut() {
                    *stretch = 0;
                }
            }
            (_, Keyword::SELECT | Keyword::JOIN) => selects += 1,
            _ => {}
        }
        if let Some(stretch) = open.last_mut() {
            *stretch += 1;
            if *stretch > STRETCH {
                return Err((
                    format!("more than {STRETCH} words stand here without a comma"),
                    "write x IN (1, 2, …) instead of x = 1 OR x = 2 …, or JOIN a file",
                ));
            }
        }
        if open.len() > NESTED + 1 {
            return Err((
                format!("this is nested too deeply: more than {NESTED} parentheses or CASEs within each other"),
                "take out parentheses that change nothing",
            ));
        }
        if selects > SELECTS {
            return Err((format!("this question has more than {SELECTS} SELECTs and JOINs"), "ask it in parts"));
        }
    }
    Ok(())
}

/// `of_words` as the tokenizer gives them.
pub fn of_tokens(tokens: &[TokenWithSpan]) -> Result<(), LimitExceeded> {
    of_words(tokens.iter().map(|t| &t.token))
}

/// Makes long chains of AND and OR as flat as can be, and complains about a tree that is too deep nevertheless.
pub fn of_tree<T: Visit + VisitMut>(tree: &mut T, steps: usize) -> Result<(), LimitExceeded> {
    let _ = walk::visit_mut(tree, &mut Balancer);
    let mut depth = Depth { now: 0, most: steps };
    if walk::visit(tree, &mut depth).is_break() {
        return Err((
            format!(
                "this is nested too deeply: more than {steps} operators or branches of CASE have to be worked out one \
                 after the other"
            ),
            "put the values into a file and JOIN it, or ask in parts",
        ));
    }
    Ok(())
}

/// Chains that are left as they are.
const SHORT: usize = 16;

struct Balancer;

impl VisitorMut for Balancer {
    type Break = ();

    fn pre_visit_expr(&mut self, node: &mut Ast) -> ControlFlow<()> {
        if let Ast::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } = node {
            let op = op.clone();
            let mut rest = std::mem::replace(node, Ast::value(Value::Null));
            let mut terms = Vec::new();
            loop {
                match rest {
                    Ast::BinaryOp { left, op: other, right } if other == op => {
                        terms.push(*right);
                        rest = *left;
                    }
                    first => {
                        terms.push(first);
                        break;
                    }
                }
            }
            let join =
                |left: Ast, right: Ast| Ast::BinaryOp { left: Box::new(left), op: op.clone(), right: Box::new(right) };
            if terms.len() > SHORT {
                // Neighbours in pairs, again and again: they stay in their order.
                terms.reverse();
                while terms.len() > 1 {
                    let mut pairs = Vec::with_capacity(terms.len().div_ceil(2));
                    let mut each = terms.into_iter();
                    while let Some(left) = each.next() {
                        pairs.push(match each.next() {
                            Some(right) => join(left, right),
                            None => left,
                        });
                    }
                    terms = pairs;
                }
            }
            if let Some(tree) = terms.into_iter().rev().reduce(join) {
                *node = tree;
            }
        }
        ControlFlow::Continue(())
    }
}

/// How deep a visitor is. It goes up by protected calls, so that it can look at any tree.
struct Depth {
    now: usize,
    most: usize,
}

impl Depth {
    fn steps(node: &Ast) -> usize {
        match node {
            Ast::Case { conditions, .. } => 1 + conditions.len(),
            _ => 1,
        }
    }
}

impl Visitor for Depth {
    type Break = ();

    fn pre_visit_expr(&mut self, node: &Ast) -> ControlFlow<()> {
        self.now += Self::steps(node);
        if self.now > self.most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn post_visit_expr(&mut self, node: &Ast) -> ControlFlow<()> {
        self.now -= Self::steps(node);
        ControlFlow::Continue(())
    }
}
