//! What questions make alike of rows that all of them take: masks of WHERE, values of expressions, codes of keys. Each
//! is made once for all of them, and is gone with the rows. What cannot be made, or loses a value on the way, is made
//! by each question for itself, so that it says so itself.

use super::inputs::{as_mask, evaluate};
use crate::data::{Cells, Result};
use crate::query::Plan;
use crate::query::expr::{Scalar, ScalarId};
use crate::query::keys::Coded;
use crate::query::plan::GroupKey;
use crate::query::window::{WindowAssigner, as_times, micros_of};
use polars::prelude::*;
use std::collections::HashMap;

/// What several of some questions look at: all else is not worth keeping.
#[derive(Debug, Default)]
pub struct Sharing {
    /// By their WHERE.
    uses: HashMap<Option<ScalarId>, Uses>,
}

/// How many questions of one WHERE there are, and how many of their clauses say the same.
#[derive(Debug, Default)]
struct Uses {
    questions: usize,
    values: HashMap<ScalarId, usize>,
    keys: HashMap<KeyId, usize>,
}

/// What tells a key that is shared from any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct KeyId {
    of: ScalarId,
    /// Set when the key is the start of the window of a time.
    window: Option<WindowAssigner>,
}

impl KeyId {
    /// `None` where a row's key is not its own alone to say: hops and sessions.
    fn of(key: &GroupKey) -> Option<Self> {
        let window = key.window.as_ref().map(|window| window.kind);
        let alone = matches!(window, None | Some(WindowAssigner::Tumble(_) | WindowAssigner::Calendar(_)));
        alone.then(|| Self { of: key_scalar(key).id(), window })
    }
}

impl Sharing {
    pub fn of<'a>(plans: impl Iterator<Item = &'a Plan>) -> Self {
        let mut sharing = Self::default();
        for plan in plans.filter(|plan| may_share(plan)) {
            let uses = sharing.uses.entry(plan.filter.as_ref().map(Scalar::id)).or_default();
            uses.questions += 1;
            let kept = plan.rows.iter().flat_map(|rows| &rows.values).map(|value| &value.scalar);
            let taken = plan.calls.iter().flat_map(|call| call.inputs.iter().chain(&call.filter));
            for computed in kept.chain(taken).filter(|scalar| matches!(scalar, Scalar::Computed(_))) {
                *uses.values.entry(computed.id()).or_default() += 1;
            }
            for key in plan.keys.iter().filter_map(KeyId::of) {
                *uses.keys.entry(key).or_default() += 1;
            }
        }
        sharing
    }
}

/// Whether the rows that a plan takes are the table's own.
fn may_share(plan: &Plan) -> bool {
    plan.join.is_none() && plan.rerun.is_none() && plan.scores.are_none()
}

/// Fewer rows are not worth it.
const FEW: usize = 1 << 10;

/// Some rows, and what was made of them so far.
#[derive(Debug)]
pub struct SharedRows<'a> {
    sharing: &'a Sharing,
    rows: &'a DataFrame,
    /// By WHERE.
    made: HashMap<Option<ScalarId>, Made>,
}

/// What was made of the rows of one WHERE; `None` for what cannot be shared.
#[derive(Debug, Default)]
struct Made {
    mask: Option<Option<BooleanChunked>>,
    columns: HashMap<PlSmallStr, Column>,
    values: HashMap<ScalarId, Option<Column>>,
    keys: HashMap<KeyId, Option<Coded>>,
}

impl<'a> SharedRows<'a> {
    /// `rows` have the columns of all questions of `sharing`.
    pub fn new(rows: &'a DataFrame, sharing: &'a Sharing) -> Self {
        Self { sharing, rows, made: HashMap::new() }
    }

    /// For a question that takes all of these rows.
    pub(super) fn of(&mut self, plan: &Plan) -> Option<&mut Self> {
        (self.rows.height() >= FEW && may_share(plan)).then_some(self)
    }

    /// How many questions have this WHERE.
    fn questions(&self, filter: &ScalarId) -> usize {
        self.sharing.uses.get(&Some(filter.clone())).map_or(0, |uses| uses.questions)
    }

    fn is_often(&self, filter: Option<&ScalarId>, uses: impl Fn(&Uses) -> Option<&usize>) -> bool {
        self.sharing.uses.get(&filter.cloned()).and_then(uses).is_some_and(|uses| *uses > 1)
    }

    fn made(&mut self, filter: Option<&ScalarId>) -> &mut Made {
        self.made.entry(filter.cloned()).or_default()
    }

    /// The rows that a WHERE leaves.
    pub(super) fn mask(&mut self, filter: &Scalar) -> Option<BooleanChunked> {
        let (id, rows) = (filter.id(), self.rows);
        if self.questions(&id) < 2 {
            return None;
        }
        self.made(Some(&id)).mask.get_or_insert_with(|| as_mask(&unlost(filter, rows)?).ok()).clone()
    }

    /// A column of the rows that a WHERE leaves.
    pub(super) fn column(&mut self, (filter, mask): Left<'_>, name: &PlSmallStr) -> Option<Column> {
        let column = self.rows.column(name).ok()?;
        if self.questions(filter) < 2 {
            return column.filter(mask).ok();
        }
        let columns = &mut self.made(Some(filter)).columns;
        if !columns.contains_key(name) {
            columns.insert(name.clone(), column.filter(mask).ok()?);
        }
        columns.get(name).cloned()
    }

    /// The columns that a scalar reads.
    fn read(&mut self, left: Option<Left<'_>>, scalar: &Scalar) -> Option<DataFrame> {
        let Some(left) = left else { return Some(self.rows.clone()) };
        let columns = scalar.columns().iter().map(|name| self.column(left, name)).collect::<Option<_>>()?;
        DataFrame::new(left.1.sum().unwrap_or(0) as usize, columns).ok()
    }

    /// The values of an expression that several questions have.
    pub(super) fn value(&mut self, left: Option<Left<'_>>, scalar: &Scalar) -> Option<Column> {
        let Scalar::Computed(_) = scalar else { return None };
        let (id, filter) = (scalar.id(), left.map(|(filter, _)| filter));
        if !self.is_often(filter, |uses| uses.values.get(&id)) {
            return None;
        }
        if let Some(made) = self.made(filter).values.get(&id) {
            return made.clone();
        }
        let value = self.read(left, scalar).and_then(|rows| unlost(scalar, &rows));
        self.made(filter).values.insert(id, value.clone());
        value
    }

    /// The codes of all of some keys, where several questions have any of them.
    pub(super) fn coded(&mut self, left: Option<Left<'_>>, keys: &[GroupKey]) -> Option<Vec<Coded>> {
        let ids = keys.iter().map(KeyId::of).collect::<Option<Vec<_>>>()?;
        let often = |filter: Option<&ScalarId>| ids.iter().any(|id| self.is_often(filter, |uses| uses.keys.get(id)));
        if !often(None) && !often(left.map(|(filter, _)| filter)) {
            return None;
        }
        keys.iter().zip(&ids).map(|(key, id)| self.key(left, key, id)).collect()
    }

    fn key(&mut self, left: Option<Left<'_>>, key: &GroupKey, id: &KeyId) -> Option<Coded> {
        if let Some((_, mask)) = left
            && self.is_often(None, |uses| uses.keys.get(id))
        {
            // The codes of all rows are cut to those of any WHERE.
            return self.key(None, key, id)?.filter(mask).ok();
        }
        let filter = left.map(|(filter, _)| filter);
        if let Some(made) = self.made(filter).keys.get(id) {
            return made.clone();
        }
        let coded = self.read(left, key_scalar(key)).and_then(|rows| code(key, &rows));
        if self.is_often(filter, |uses| uses.keys.get(id)) {
            self.made(filter).keys.insert(id.clone(), coded.clone());
        }
        coded
    }
}

/// A WHERE, and the rows that it leaves.
type Left<'m> = (&'m ScalarId, &'m BooleanChunked);

/// What a key is made of.
fn key_scalar(key: &GroupKey) -> &Scalar {
    key.window.as_ref().map_or(&key.scalar, |window| &window.time)
}

/// The values of a scalar, where none is lost.
fn unlost(scalar: &Scalar, rows: &DataFrame) -> Option<Column> {
    let mut lost = Cells::default();
    let column = evaluate(scalar, rows, &mut lost).ok()?;
    lost.is_empty().then_some(column)
}

fn code(key: &GroupKey, rows: &DataFrame) -> Option<Coded> {
    let values = unlost(key_scalar(key), rows)?;
    let coded = || -> Result<Option<Coded>> {
        let Some(window) = &key.window else { return Coded::of(&values) };
        let starts = |times: &Int64Chunked| match window.kind {
            WindowAssigner::Tumble(tumble) => Some(tumble.starts(times)),
            WindowAssigner::Calendar(calendar) => Some(calendar.starts(times)),
            WindowAssigner::Hop(_) | WindowAssigner::Session { .. } => None,
        };
        let times = window.sound(&micros_of(&values)?);
        if times.null_count() > values.null_count() {
            return Ok(None);
        }
        starts(&times).map_or(Ok(None), |starts| Coded::of(&as_times(PlSmallStr::EMPTY, starts)))
    };
    coded().ok()?
}
