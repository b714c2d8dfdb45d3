//! A clause read as one expression.

use sqlparser::ast::{BinaryOperator, Expr as Ast, Function, FunctionArguments, Ident};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::tree::{column, rewrite};
use crate::data::Result;
use crate::query::sql::limits;
use crate::query::sql::span::{ClauseSpan, location, offset};
use crate::sync::deep;

/// Reads a clause as one expression.
pub fn parse(place: ClauseSpan<'_>) -> Result<Ast> {
    match name(&place.clause.sql) {
        Some(name) => Ok(column(name)),
        None => deep(|| read(place)),
    }
}

/// A quoted name and nothing else: so many columns of a table are written, and they need no parser.
fn name(sql: &str) -> Option<&str> {
    let inner = sql.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.is_empty() && !inner.contains(['"', '\\'])).then_some(inner)
}

/// SQL has words that are calls without parentheses, such as `user`: to us they are names.
fn name_columns(node: &mut Ast) {
    let Ast::Function(Function { name, args: FunctionArguments::None, .. }) = &*node else { return };
    let parts: Option<Vec<Ident>> = name.0.iter().map(|part| part.as_ident().cloned()).collect();
    let named = match parts.as_deref() {
        Some([column]) if is_name(column) => Ast::Identifier(column.clone()),
        Some([table, column]) if is_name(column) => Ast::CompoundIdentifier(vec![table.clone(), column.clone()]),
        _ => return,
    };
    *node = named;
}

fn is_name(ident: &Ident) -> bool {
    NAMES.iter().any(|name| ident.value.eq_ignore_ascii_case(name))
}

/// Those of these words that are no time.
const NAMES: &[&str] = &["user", "current_user", "session_user", "current_role", "current_catalog", "current_schema"];

/// `IS [NOT] DISTINCT FROM` as operators that bind as other comparisons do: sqlparser takes all that follows for the
/// second side, `AND` and `OR` as well. Also whether there are any.
fn with_operators(mut tokens: Vec<TokenWithSpan>) -> (Vec<TokenWithSpan>, bool) {
    let keyword = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    };
    let words: Vec<usize> = (0..tokens.len())
        .filter(|i| tokens.get(*i).is_some_and(|t| !matches!(t.token, Token::Whitespace(_))))
        .collect();
    let mut found = Vec::new();
    for (at, is) in words.iter().enumerate() {
        let word =
            |ahead: usize| words.get(at + ahead).and_then(|i| tokens.get(*i)).map_or(Keyword::NoKeyword, keyword);
        let not = usize::from(word(1) == Keyword::NOT);
        if word(0) == Keyword::IS && word(1 + not) == Keyword::DISTINCT && word(2 + not) == Keyword::FROM {
            found.push((*is, words.get(at + 1..at + 3 + not).unwrap_or_default().to_vec(), not == 1));
        }
    }
    for (is, rest, not) in &found {
        let operator = if *not { Token::Spaceship } else { Token::ExclamationMarkDoubleTildeAsterisk };
        tokens.get_mut(*is).into_iter().for_each(|token| token.token = operator.clone());
        for i in rest {
            tokens.get_mut(*i).into_iter().for_each(|token| token.token = Token::Whitespace(Whitespace::Space));
        }
    }
    (tokens, !found.is_empty())
}

/// `**` as `^`: sqlparser does not know it.
fn with_powers(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut kept: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        match kept.last_mut() {
            Some(last) if last.token == Token::Mul && token.token == Token::Mul => last.token = Token::Caret,
            _ => kept.push(token),
        }
    }
    kept
}

/// Those operators as what they stand for.
fn name_comparisons(node: &mut Ast) {
    let Ast::BinaryOp { left, op, right } = &*node else { return };
    let sides = (left.clone(), right.clone());
    *node = match op {
        BinaryOperator::PGNotILikeMatch => Ast::IsDistinctFrom(sides.0, sides.1),
        BinaryOperator::Spaceship => Ast::IsNotDistinctFrom(sides.0, sides.1),
        _ => return,
    };
}

fn read(place: ClauseSpan<'_>) -> Result<Ast> {
    let sql = &place.clause.sql;
    let wrong = |e: ParserError| {
        let text = match e {
            ParserError::TokenizerError(t) | ParserError::ParserError(t) => t,
            ParserError::RecursionLimitExceeded => "this expression is nested too deeply".to_owned(),
        };
        // sqlparser ends its messages with the place, which we show ourselves.
        let (what, at) = match text.rsplit_once(" at Line: ") {
            Some((what, at)) => (what.to_owned(), location(sql, at)),
            None => (text, 0),
        };
        let hint = if what.ends_with("found: EOF") {
            "the expression ends too early: add what is missing"
        } else {
            "check the spelling and the order of words here"
        };
        place.fault_at(what.replace("found: EOF", "found its end"), at..sql.len()).hint(hint)
    };
    let too_much = |(what, hint): limits::LimitExceeded| place.fault(what).hint(hint);
    limits::of_text(sql).map_err(too_much)?;
    let tokens = Tokenizer::new(&GenericDialect, sql).tokenize_with_location().map_err(|e| wrong(e.into()))?;
    limits::of_tokens(&tokens).map_err(too_much)?;
    let lower = sql.to_ascii_lowercase();
    let (tokens, compares) = if lower.contains("distinct") { with_operators(tokens) } else { (tokens, false) };
    let tokens = if sql.contains("**") { with_powers(tokens) } else { tokens };
    let mut parser = Parser::new(&GenericDialect).with_tokens_with_locations(tokens);
    let mut ast = parser.parse_expr().map_err(wrong)?;
    if compares {
        rewrite(&mut ast, |node| {
            name_comparisons(node);
            Ok(())
        })?;
    }
    limits::of_tree(&mut ast, limits::STEPS).map_err(too_much)?;
    if NAMES.iter().any(|name| lower.contains(name)) {
        rewrite(&mut ast, |node| {
            name_columns(node);
            Ok(())
        })?;
    }
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let at = offset(sql, rest.span.start)..sql.len();
        return Err(place
            .fault_at(format!("'{}' is not expected here", rest.token), at)
            .hint("is an operator or a comma missing before it?"));
    }
    Ok(ast)
}
