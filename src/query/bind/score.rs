//! `predict(model)` and `predict_proba(model, 'class')`: to the rest of a question each is a column like any other.
//! Here such calls are read, checked, and replaced by their columns.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use polars::prelude::*;
use sqlparser::ast::{Expr as Ast, Ident, Spanned, Value};

use crate::data::near::nearest;
use crate::data::{Fault, Result, Setting};
use crate::query::expr;
use crate::query::model::{Model, Models, Score};
use crate::query::scope::{Scope, find_column};
use crate::query::score::{ScoreColumns, Scoring};
use crate::query::sql::span::ClauseSpan;
use crate::query::walk;

/// The functions, as they are written.
const FUNCTIONS: [&str; 2] = ["predict", "predict_proba"];

/// A call as it was read.
pub(super) struct ScoreCall<'a> {
    pub name: &'a str,
    pub model: &'a Arc<dyn Model>,
    pub score: Score,
}

impl ScoreCall<'_> {
    pub fn dtype(&self) -> DataType {
        match self.score {
            Score::Prediction => self.model.output(),
            Score::Probability(_) => DataType::Float64,
        }
    }

    fn class(&self, class: usize) -> &str {
        self.model.classes().get(class).map_or("", String::as_str)
    }

    /// What its column is called.
    fn title(&self) -> String {
        match self.score {
            Score::Prediction => format!("predict({})", self.name),
            Score::Probability(class) => format!("predict_proba({}, '{}')", self.name, self.class(class)),
        }
    }
}

/// The call that an expression is, if it is one.
///
/// # Errors
/// An unknown model or class, or arguments of another kind.
pub(super) fn read<'m>(node: &Ast, models: &'m Models, place: ClauseSpan<'_>) -> Result<Option<ScoreCall<'m>>> {
    let Ast::Function(call) = node else { return Ok(None) };
    let word = call.name.to_string().to_lowercase();
    if !FUNCTIONS.contains(&word.as_str()) {
        return Ok(None);
    }
    let proba = word == "predict_proba";
    let wrong = |what: &str| {
        place.fault_on(what, node).hint(if proba {
            "write predict_proba(model, 'class')"
        } else {
            "write predict(model)"
        })
    };
    if call.over.is_some() || call.filter.is_some() {
        return Err(place
            .fault_on(format!("{word} scores each row by itself"), node)
            .hint("leave OVER and FILTER out, or put it inside an aggregate"));
    }
    let arguments = expr::arguments(call).ok_or_else(|| wrong(&format!("{word} takes the name of a model")))?;
    let (Some(model), class) = (arguments.first(), arguments.get(1)) else {
        return Err(wrong(&format!("{word} needs the name of a model")));
    };
    if arguments.len() != if proba { 2 } else { 1 } {
        return Err(wrong(if proba {
            "predict_proba takes a model and one of its classes"
        } else {
            "predict takes a model and nothing more"
        }));
    }
    let (asked, exactly) = match model {
        Ast::Identifier(ident) => (ident.value.clone(), ident.quote_style.is_some()),
        other => (text(other).ok_or_else(|| wrong(&format!("{word} takes the name of a model")))?, true),
    };
    let (name, model) = models.find(&asked, exactly).ok_or_else(|| unknown_model(&asked, models, node, place))?;
    let Some(class) = class else { return Ok(Some(ScoreCall { name, model, score: Score::Prediction })) };
    let class = text(class).ok_or_else(|| wrong("the class must be written out"))?;
    match model.classes().iter().position(|own| *own == class) {
        Some(class) => Ok(Some(ScoreCall { name, model, score: Score::Probability(class) })),
        None if model.classes().is_empty() => Err(place
            .fault_on(format!("the model '{name}' estimates a number and has no classes"), node)
            .hint(format!("write predict({name})"))),
        None => Err(place
            .fault_on(format!("the model '{name}' has no class '{class}'"), node)
            .hint(known("its classes are", model.classes().iter().map(String::as_str)))),
    }
}

/// Complains where rows are not scored yet.
pub(super) fn refuse(ast: &Ast, place: ClauseSpan<'_>) -> Result<()> {
    let called = |node: &Ast| match node {
        Ast::Function(call) => FUNCTIONS.contains(&call.name.to_string().to_lowercase().as_str()),
        _ => false,
    };
    let found = walk::visit_expressions(ast, |node| {
        if called(node) { ControlFlow::Break(node.clone()) } else { ControlFlow::Continue(()) }
    });
    match found.break_value() {
        Some(node) => Err(place
            .fault_on("rows cannot be joined by the score of a model", &node)
            .hint("join by columns, and use the score in WHERE")),
        None => Ok(()),
    }
}

fn unknown_model(name: &str, models: &Models, node: &Ast, place: ClauseSpan<'_>) -> Fault {
    let fault = place.fault_on(format!("there is no model '{name}'"), node);
    let names: Vec<&str> = models.names().collect();
    match nearest(name, &names) {
        Some(near) => fault.hint(format!("did you mean {near}?")),
        None if names.is_empty() => fault.hint(["train one".into(), Setting::Model { name: name.to_owned() }.into()]),
        None => fault.hint(known("the models are", names.into_iter())),
    }
}

/// The first of many names.
fn known<'a>(words: &str, names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.collect();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("{words} {}{more}", names.get(..names.len().min(SHOWN)).unwrap_or_default().join(", "))
}

/// A constant as text: a class may be a number or a truth value.
fn text(ast: &Ast) -> Option<String> {
    match ast {
        Ast::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => Some(text.clone()),
            Value::Boolean(is) => Some(is.to_string()),
            _ => None,
        },
        Ast::UnaryOp { op: sqlparser::ast::UnaryOperator::Minus, expr } => {
            text(expr).map(|number| format!("-{number}"))
        }
        _ => None,
    }
}

/// Gives the scores of a question their names while it is bound.
pub(super) struct ScoreBinder<'a> {
    models: &'a Models,
    scope: &'a Scope,
    /// The table's columns, and one for every score that any model can give.
    pub schema: SchemaRef,
    /// Those: model, score and name.
    columns: Vec<(&'a str, Score, PlSmallStr)>,
}

impl<'a> ScoreBinder<'a> {
    pub fn new(models: &'a Models, scope: &'a Scope) -> Self {
        if models.is_empty() {
            return Self { models, scope, schema: scope.schema.clone(), columns: Vec::new() };
        }
        let mut schema = Schema::clone(&scope.schema);
        let mut columns = Vec::new();
        for (name, model) in models.names().filter_map(|name| models.find(name, true)) {
            for score in std::iter::once(Score::Prediction).chain((0..model.classes().len()).map(Score::Probability)) {
                let call = ScoreCall { name, model, score };
                let mut title = call.title();
                // An answer that was saved may have come back as a table.
                while schema.contains(&title) {
                    title.push('\'');
                }
                columns.push((name, score, PlSmallStr::from(title.as_str())));
                schema.insert(title.into(), call.dtype());
            }
        }
        Self { models, scope, schema: Arc::new(schema), columns }
    }

    /// Replaces the calls in an expression by their columns.
    ///
    /// # Errors
    /// A model, a class or a feature that is not there; features of another type.
    pub fn name(&self, ast: &mut Ast, place: ClauseSpan<'_>) -> Result<()> {
        expr::rewrite(ast, |node| {
            let Some(call) = read(node, self.models, place)? else { return Ok(()) };
            self.check(&call, node, place)?;
            let found = self.columns.iter().find(|(name, score, _)| *name == call.name && *score == call.score);
            let Some((_, _, column)) = found else { return Ok(()) };
            *node = Ast::Identifier(Ident { value: column.to_string(), quote_style: Some('"'), span: node.span() });
            Ok(())
        })
    }

    /// Asks the model about no rows: it says what it cannot read.
    fn check(&self, call: &ScoreCall<'_>, node: &Ast, place: ClauseSpan<'_>) -> Result<()> {
        let mut inputs = Vec::new();
        for (own, here) in self.inputs(call.name, call.model, |what| place.fault_on(what, node))? {
            let dtype = self.scope.schema.get(&here).cloned().unwrap_or(DataType::Null);
            inputs.push(Column::new_empty(own, &dtype));
        }
        let fault = |fault: Fault| {
            let which = if fault.place.is_empty() { "these columns" } else { &fault.place };
            place
                .fault_on(format!("the model '{}' cannot read {which}: {}", call.name, fault.what), node)
                .hint(fault.hint)
        };
        call.model.score(&DataFrame::new(0, inputs)?, &[call.score]).map(drop).map_err(fault)
    }

    fn inputs(
        &self,
        name: &str,
        model: &Arc<dyn Model>,
        fault: impl Fn(String) -> Fault,
    ) -> Result<Vec<(PlSmallStr, PlSmallStr)>> {
        let find = |own: &PlSmallStr| {
            let ident = Ident::new(own.as_str());
            if self.scope.is_ambiguous(&ident) {
                let what = format!("both tables have a column '{own}', which the model '{name}' reads");
                return Err(fault(what).hint("score in a question over one of them, or rename a column"));
            }
            let here = find_column(&self.scope.schema, &ident).ok_or_else(|| {
                let names: Vec<&str> = self.scope.schema.iter_names().map(|n| n.as_str()).collect();
                let missing = fault(format!("the model '{name}' reads a column '{own}', which is not here"));
                match nearest(own, &names) {
                    Some(near) => missing.hint(format!("is it '{near}'? rename it, or train without it")),
                    None => missing.hint(known("the columns are", names.into_iter())),
                }
            })?;
            Ok((own.clone(), here.clone()))
        };
        model.inputs().iter().map(find).collect()
    }

    /// The scores among the columns that a question uses, and among those that its WHERE uses. `used` learns their
    /// inputs.
    ///
    /// # Errors
    /// As `name`.
    pub fn scores(&self, used: &mut BTreeSet<PlSmallStr>, filter: &BTreeSet<PlSmallStr>) -> Result<ScoreColumns> {
        let mut scores = ScoreColumns::default();
        for (name, model) in self.models.names().filter_map(|name| self.models.find(name, true)) {
            let own: Vec<_> =
                self.columns.iter().filter(|(other, _, column)| *other == name && used.contains(column)).collect();
            if own.is_empty() {
                continue;
            }
            let inputs = self.inputs(name, model, Fault::new)?;
            used.extend(inputs.iter().map(|(_, here)| here.clone()));
            // A model walks its trees once for all it is asked, so what WHERE needs is asked with the rest.
            let early = own.iter().any(|(_, _, column)| filter.contains(column));
            let scoring = Scoring {
                name: name.to_owned(),
                model: model.clone(),
                inputs,
                asked: own.iter().map(|(_, score, _)| *score).collect(),
                columns: own.iter().map(|(_, _, column)| column.clone()).collect(),
            };
            if early { scores.before.push(scoring) } else { scores.after.push(scoring) }
        }
        Ok(scores)
    }
}
