//! A question that is more than one SELECT over one table or an enriched one, bound: questions of one table each, which
//! are kept up to date by themselves, and what is asked of their answers. Binding is left to `bind`, answering to
//! `rerun_answer`.

use std::sync::Arc;

use polars::prelude::*;

use super::expr::Scalar;
use super::join::RowJoin;
use super::sql::question::SubKind;
use super::sql::sets::SetOp;

/// A question that is asked again and again. `P` is the plan of one SELECT.
#[derive(Debug)]
pub struct Rerun<P> {
    /// As it was written.
    pub text: String,
    /// The questions that are kept up to date.
    pub leaves: Vec<Leaf<P>>,
    /// What WITH names and what is asked for more than once; each may be of those before it.
    pub shared: Vec<Node<P>>,
    pub node: Node<P>,
}

/// A question about the rows of one table.
#[derive(Debug)]
pub struct Leaf<P> {
    /// By its place among the tables of the question.
    pub table: usize,
    pub plan: Arc<P>,
}

/// Rows that something is asked of.
#[derive(Debug)]
pub enum Node<P> {
    /// One row without columns.
    One,
    /// What was written out.
    Values(DataFrame),
    /// The answer of a leaf.
    Leaf(usize),
    /// One of those that are shared.
    Shared(usize),
    /// Columns under other names: what they are called below, and here. Columns that nobody looks at may be missing.
    Named(Box<Self>, Vec<(PlSmallStr, PlSmallStr)>),
    Select(Box<SelectNode<P>>),
    Join(Box<JoinNode<P>>),
    Both(Box<BothNode<P>>),
}

/// One SELECT over rows.
#[derive(Debug)]
pub struct SelectNode<P> {
    pub from: Node<P>,
    /// Sub-queries that are asked for each row.
    pub of_rows: Vec<SubColumn<P>>,
    /// Sub-queries that are asked for each row that is kept.
    pub of_kept: Vec<SubColumn<P>>,
    pub plan: Arc<P>,
}

/// The columns of two tables side by side.
#[derive(Debug)]
pub struct JoinNode<P> {
    pub left: Node<P>,
    pub right: Node<P>,
    pub join: RowJoin,
    /// Columns of USING that come from either side.
    pub merged: Vec<MergedColumn>,
}

/// A column of USING that comes from either side.
#[derive(Debug)]
pub struct MergedColumn {
    pub name: PlSmallStr,
    /// The column on the left and on the right.
    pub left: PlSmallStr,
    pub right: PlSmallStr,
    pub dtype: DataType,
}

/// Two answers that are put together.
#[derive(Debug)]
pub struct BothNode<P> {
    pub op: SetOp,
    pub left: Node<P>,
    pub right: Node<P>,
    /// The columns of both: the names of the left one's, in types that hold the values of both.
    pub output: SchemaRef,
    /// What is asked of the rows of both; all of them are kept without.
    pub of_both: Option<Arc<P>>,
}

/// The column that says of which of the two answers a row is, where that matters.
pub const SIDE: &str = "which of the two";

/// A sub-query as a column of the rows of the SELECT that it stands in.
#[derive(Debug)]
pub struct SubColumn<P> {
    pub name: PlSmallStr,
    pub kind: SubKind,
    pub node: Node<P>,
    /// What it is asked for, of its columns: one, or as many as are looked for at once.
    pub values: Vec<PlSmallStr>,
    pub dtype: DataType,
    /// The values that are looked for among its rows.
    pub sought: Vec<SubKey>,
    /// How the value that is looked for is compared with each of its rows, where it is not whether it is one of them.
    pub verdict: Option<SubVerdict>,
    /// What its rows have in common with a row of the SELECT: all rows, without any.
    pub keys: Vec<SubKey>,
    /// Its value where it has no such rows: one row; null without.
    pub of_none: Option<Column>,
    /// As it was written, for errors.
    pub sql: String,
}

/// A comparison with the rows of a sub-query, of the columns `SOUGHT` and `OFFERED`.
#[derive(Debug)]
pub struct SubVerdict {
    pub scalar: Scalar,
    /// Whether it must be true of all rows; else of any.
    pub all: bool,
}

/// The value that is compared with the rows of a sub-query.
pub const SOUGHT: &str = "sought";
/// The value of a row of a sub-query.
pub const OFFERED: &str = "offered";

/// An expression of the SELECT, and the column of a sub-query that it is compared with.
#[derive(Debug)]
pub struct SubKey {
    pub here: Scalar,
    pub there: PlSmallStr,
    /// What both are compared as.
    pub compare: DataType,
}

impl<P> Rerun<P> {
    /// Shows the plan of each SELECT.
    pub fn each(&self, step: &mut dyn FnMut(&P)) {
        self.leaves.iter().for_each(|leaf| step(&leaf.plan));
        self.shared.iter().for_each(|node| node.each(step));
        self.node.each(step);
    }
}

impl<P> Node<P> {
    fn each(&self, step: &mut dyn FnMut(&P)) {
        match self {
            Self::One | Self::Values(_) | Self::Leaf(_) | Self::Shared(_) => {}
            Self::Named(node, _) => node.each(step),
            Self::Select(select) => {
                step(&select.plan);
                select.from.each(step);
                select.of_rows.iter().chain(&select.of_kept).for_each(|sub| sub.node.each(step));
            }
            Self::Join(join) => {
                join.left.each(step);
                join.right.each(step);
            }
            Self::Both(both) => {
                both.left.each(step);
                both.right.each(step);
            }
        }
    }
}
