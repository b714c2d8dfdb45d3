//! The answer to a question that is asked again and again, over the answers of its leaves. Collecting these is left to
//! the engine.

use std::sync::Arc;

use polars::prelude::*;

use super::Plan;
use super::join::{Matched, Perhaps, Sought};
use super::partial::Answer;
use super::rerun::{BothNode, JoinNode, Node, OFFERED, Rerun, SIDE, SOUGHT, SelectNode, SubColumn};
use super::sql::question::SubKind;
use super::sql::sets::SetOp;
use crate::data::{Fault, Result};
use crate::sync::deep;

/// The answer, and what a person should know about it. `leaves` are the answers of the leaves, in their order.
///
/// # Errors
/// What the question cannot be answered for; or `stopped` ended the work.
pub fn answer(
    rerun: &Rerun<Plan>,
    leaves: &[DataFrame],
    stopped: &dyn Fn() -> bool,
) -> Result<(DataFrame, Vec<String>)> {
    deep(|| {
        let mut answerer = Answerer { leaves, shared: Vec::new(), notes: Vec::new(), stopped };
        for node in &rerun.shared {
            let rows = answerer.rows(node)?;
            answerer.shared.push(rows);
        }
        let answer = answerer.rows(&rerun.node)?;
        Ok((answer, answerer.notes))
    })
}

struct Answerer<'a> {
    leaves: &'a [DataFrame],
    shared: Vec<DataFrame>,
    notes: Vec<String>,
    stopped: &'a dyn Fn() -> bool,
}

impl Answerer<'_> {
    fn rows(&mut self, node: &Node<Plan>) -> Result<DataFrame> {
        deep(|| match node {
            Node::One => Ok(DataFrame::new(1, Vec::new())?),
            Node::Values(rows) => Ok(rows.clone()),
            Node::Leaf(leaf) => Ok(self.leaves.get(*leaf).cloned().unwrap_or_default()),
            Node::Shared(shared) => Ok(self.shared.get(*shared).cloned().unwrap_or_default()),
            Node::Named(node, names) => {
                let rows = self.rows(node)?;
                let named = |(below, here): &(PlSmallStr, PlSmallStr)| {
                    rows.column(below).ok().map(|column| column.clone().with_name(here.clone()))
                };
                Ok(DataFrame::new(rows.height(), names.iter().filter_map(named).collect())?)
            }
            Node::Select(select) => self.select(select),
            Node::Join(join) => self.join(join),
            Node::Both(both) => self.both(both),
        })
    }

    fn select(&mut self, select: &SelectNode<Plan>) -> Result<DataFrame> {
        let mut rows = self.rows(&select.from)?;
        for sub in &select.of_rows {
            let column = self.column(sub, &rows)?;
            rows.with_column(column)?;
        }
        if (self.stopped)() {
            return Err(Fault::new("stopped while the question was answered"));
        }
        self.ask(&select.plan, &rows, &select.of_kept)
    }

    /// The answer to a question about rows.
    fn ask(&mut self, plan: &Arc<Plan>, rows: &DataFrame, of_kept: &[SubColumn<Plan>]) -> Result<DataFrame> {
        let answer = Answer::over(plan, rows, &mut |kept| {
            for sub in of_kept {
                let column = self.column(sub, kept)?;
                kept.with_column(column)?;
            }
            Ok(())
        })?;
        for note in answer.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        Ok(answer.frame)
    }

    fn join(&mut self, join: &JoinNode<Plan>) -> Result<DataFrame> {
        let (left, right) = (self.rows(&join.left)?, self.rows(&join.right)?);
        let mut rows = join.join.of(&left, &right, self.stopped)?;
        for merged in &join.merged {
            let side = |name: &PlSmallStr| Ok::<_, Fault>(rows.column(name)?.cast(&merged.dtype)?);
            let (left, right) = (side(&merged.left)?, side(&merged.right)?);
            let column = left.zip_with(&left.is_not_null(), &right)?.with_name(merged.name.clone());
            rows.with_column(column)?;
        }
        Ok(rows)
    }

    fn both(&mut self, both: &BothNode<Plan>) -> Result<DataFrame> {
        let sided = !matches!(both.op, SetOp::Union | SetOp::UnionAll);
        let side = |frame: DataFrame, which: i32| -> Result<DataFrame> {
            let columns = frame.columns().iter().zip(both.output.iter());
            let mut columns = columns
                .map(|(column, (name, dtype))| Ok(column.cast(dtype)?.with_name(name.clone())))
                .collect::<Result<Vec<Column>>>()?;
            if sided {
                columns.push(Column::new_scalar(SIDE.into(), Scalar::from(which), frame.height()));
            }
            Ok(DataFrame::new(frame.height(), columns)?)
        };
        let mut rows = side(self.rows(&both.left)?, 0)?;
        rows.vstack_mut(&side(self.rows(&both.right)?, 1)?)?;
        match &both.of_both {
            Some(plan) => self.ask(plan, &rows, &[]),
            None => Ok(rows),
        }
    }

    /// What a sub-query is for each of these rows.
    fn column(&mut self, sub: &SubColumn<Plan>, rows: &DataFrame) -> Result<Column> {
        let answer = self.rows(&sub.node)?;
        let height = rows.height();
        let here = sub.keys.iter().map(|key| Ok((key.here.of(rows)?, &key.compare))).collect::<Result<Vec<_>>>()?;
        let there = sub
            .keys
            .iter()
            .map(|key| Ok((answer.column(&key.there)?.clone(), &key.compare)))
            .collect::<Result<Vec<_>>>()?;
        let by_keys = ByKeys::new(&here, &there, answer.height())?;
        let column = match sub.kind {
            SubKind::Exists => {
                (0..height).map(|row| Some(!by_keys.find(row).is_empty())).collect::<BooleanChunked>().into_column()
            }
            SubKind::Value => {
                let value = answer.column(sub.values.first().map_or("", PlSmallStr::as_str))?;
                let mut at: Vec<Option<IdxSize>> = Vec::with_capacity(height);
                for row in 0..height {
                    at.push(match by_keys.find(row) {
                        Found::Rows([]) | Found::All(0) => sub.of_none.is_some().then_some(answer.height() as IdxSize),
                        Found::Rows([one]) => Some(*one),
                        Found::All(1) => Some(0),
                        more => return Err(many(sub, more.len())),
                    });
                }
                let values = match &sub.of_none {
                    Some(none) => {
                        let mut all = value.clone();
                        all.append(&none.cast(value.dtype())?.with_name(value.name().clone()))?;
                        all
                    }
                    None => value.clone(),
                };
                values.take(&at.into_iter().collect::<IdxCa>())?
            }
            SubKind::In if sub.verdict.is_some() => self.compared(sub, rows, &answer, &by_keys)?,
            SubKind::In => {
                let (mut same_here, mut same_there) = (here.clone(), there.clone());
                let (mut sought, mut offered) = (Vec::new(), Vec::new());
                for (key, value) in sub.sought.iter().zip(&sub.values) {
                    sought.push((key.here.of(rows)?, &key.compare));
                    offered.push((answer.column(value)?.clone(), &key.compare));
                }
                same_here.extend(sought.iter().cloned());
                same_there.extend(offered.iter().cloned());
                let same = ByKeys::new(&same_here, &same_there, answer.height())?;
                // Where nothing is the same for certain, a null on either side may be.
                let nulls = any_null(&offered);
                let of_nulls = there
                    .iter()
                    .map(|(column, compare)| Ok((column.filter(&nulls)?, *compare)))
                    .collect::<Result<Vec<_>>>()?;
                let null_rows: Vec<u32> =
                    nulls.iter().enumerate().filter(|(_, null)| *null == Some(true)).map(|(i, _)| i as u32).collect();
                let with_nulls = ByKeys::new(&here, &of_nulls, null_rows.len())?;
                let lacks = any_null(&sought);
                let perhaps = Perhaps::new(&sought, &offered)?;
                let is_in = |row: usize| {
                    if by_keys.find(row).is_empty() {
                        return Some(false);
                    }
                    if !same.find(row).is_empty() {
                        return Some(true);
                    }
                    let unknown = match lacks.get(row) {
                        Some(true) => by_keys.find(row).any(|there| perhaps.same(row, there)),
                        _ => with_nulls
                            .find(row)
                            .any(|there| null_rows.get(there as usize).is_some_and(|there| perhaps.same(row, *there))),
                    };
                    (!unknown).then_some(false)
                };
                (0..height).map(is_in).collect::<BooleanChunked>().into_column()
            }
        };
        // A value for all rows must be one value a row: polars compares it with a constant only once otherwise.
        let column = column.cast(&sub.dtype)?.take_materialized_series().into_column();
        Ok(column.with_name(sub.name.clone()))
    }
}

impl Answerer<'_> {
    /// Whether a comparison is true of all or any of the rows of a sub-query; null where nulls leave that open.
    fn compared(
        &self,
        sub: &SubColumn<Plan>,
        rows: &DataFrame,
        answer: &DataFrame,
        by_keys: &ByKeys,
    ) -> Result<Column> {
        let (Some(verdict), [key], [value]) = (&sub.verdict, &sub.sought[..], &sub.values[..]) else {
            return Err(Fault::new("internal error: a comparison without sides"));
        };
        let (sought, offered) = (key.here.of(rows)?.with_name(SOUGHT.into()), answer.column(value)?);
        let offered = offered.clone().with_name(OFFERED.into());
        // Of each row: whether one decides it, and whether one leaves it open.
        let mut known = vec![(false, false); rows.height()];
        let (mut here, mut there): (Vec<IdxSize>, Vec<IdxSize>) = (Vec::new(), Vec::new());
        let mut look = |here: &mut Vec<IdxSize>, there: &mut Vec<IdxSize>| -> Result<()> {
            let (own, others) = (std::mem::take(here), std::mem::take(there));
            let columns = vec![
                sought.take(&IdxCa::from_slice("".into(), &own))?,
                offered.take(&IdxCa::from_vec("".into(), others))?,
            ];
            let pairs = DataFrame::new(own.len(), columns)?;
            let verdicts = verdict.scalar.of(&pairs)?;
            for (row, says) in own.iter().zip(verdicts.cast(&DataType::Boolean)?.bool()?.iter()) {
                if let Some((decided, open)) = known.get_mut(*row as usize) {
                    *decided |= says == Some(!verdict.all);
                    *open |= says.is_none();
                }
            }
            Ok(())
        };
        for row in 0..rows.height() {
            by_keys.find(row).any(|other| {
                here.push(row as IdxSize);
                there.push(other);
                false
            });
            if here.len() >= PAIRS {
                if (self.stopped)() {
                    return Err(Fault::new("stopped while the question was answered"));
                }
                look(&mut here, &mut there)?;
            }
        }
        look(&mut here, &mut there)?;
        let says = |(decided, open): (bool, bool)| {
            if decided { Some(!verdict.all) } else { (!open).then_some(verdict.all) }
        };
        Ok(known.into_iter().map(says).collect::<BooleanChunked>().into_column())
    }
}

/// Pairs of rows that are compared at once, about.
const PAIRS: usize = 1 << 17;

/// Which rows have a null in any of these columns.
fn any_null(columns: &[(Column, &DataType)]) -> BooleanChunked {
    let all = columns.iter().map(|(column, _)| column.is_null()).reduce(|all, own| all | own);
    all.unwrap_or_default()
}

fn many(sub: &SubColumn<Plan>, rows: usize) -> Fault {
    Fault::new(format!("a sub-query that stands for one value has {rows} rows"))
        .at(sub.sql.clone())
        .hint("ask for one row: an aggregate without GROUP BY, or ORDER BY … LIMIT 1")
}

/// The rows of an answer that have the keys of a row; all of them where there are no keys.
enum ByKeys {
    All(usize),
    Keys(Matched, Sought),
}

enum Found<'a> {
    All(usize),
    Rows(&'a [u32]),
}

impl Found<'_> {
    fn len(&self) -> usize {
        match self {
            Self::All(rows) => *rows,
            Self::Rows(rows) => rows.len(),
        }
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn any(&self, mut is: impl FnMut(u32) -> bool) -> bool {
        match self {
            Self::All(rows) => (0..*rows).any(|row| is(row as u32)),
            Self::Rows(rows) => rows.iter().any(|row| is(*row)),
        }
    }
}

impl ByKeys {
    fn new(here: &[(Column, &DataType)], there: &[(Column, &DataType)], rows: usize) -> Result<Self> {
        if here.is_empty() {
            return Ok(Self::All(rows));
        }
        Ok(Self::Keys(Matched::new(there)?, Sought::new(here)?))
    }

    fn find(&self, row: usize) -> Found<'_> {
        match self {
            Self::All(rows) => Found::All(*rows),
            Self::Keys(matched, sought) => Found::Rows(matched.find(sought, row)),
        }
    }
}
