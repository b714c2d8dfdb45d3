//! What a question knows so far: its groups, and the state of each aggregate in each group.
//!
//! `absorb` takes rows, `merge` takes another partial, `answer` reads without consuming. Merging is associative and
//! commutative and an empty partial is its identity, so the answer does not depend on how the rows were cut:
//! `answer(merge(partials)) == answer(Q over all rows)`. A partial travels as a `DataFrame`: key columns, then state
//! columns.

mod absorb;
mod absorbed;
mod inputs;
mod joined;
mod merge;
mod panes;
mod read;
mod rows;
mod shared;
mod spill;

use crate::data::Result;
use crate::query::Plan;
use crate::query::aggregate::Accumulator;
use crate::query::aggregate_call::AggregateCall;
use crate::query::blocks::AnswerBlocks;
use crate::query::keys::Keys;
use crate::query::plan::key_name;
use crate::query::row_store::RowStore;
use crate::query::rows::SourceRange;
use crate::query::window::{Hop, Sessions, WindowAssigner, as_times, micros_of};
use polars::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

pub use absorbed::Absorbed;
pub use read::Answer;
pub use shared::{SharedRows, Sharing};
pub use spill::{divide, gather};

/// Rows that go through keys and states together: few enough that the states still find in the cache what the keys
/// left there.
const TOGETHER: usize = 1 << 13;
/// A chunk is taken in pieces, so that not more rows than this stand in hops at once.
const MOST_HOPS: i64 = 1 << 21;

#[derive(Debug)]
pub struct Partial {
    plan: Arc<Plan>,
    /// Of a question with sessions only its other keys; `sessions` then says which groups there are.
    keys: Keys,
    sessions: Option<Sessions>,
    states: Vec<Box<dyn Accumulator>>,
    /// The rows, where rows are shown instead of groups.
    rows: Option<RowStore>,
    /// The groups to which late rows were re-admitted; may be shorter than there are groups.
    corrected: Vec<bool>,
    /// The group of each row; kept for its memory.
    groups: Vec<u32>,
    /// Rows taken since `seal` last looked at all groups.
    unseen: usize,
    /// Chunks of hops for which panes are not worth trying.
    no_panes: u32,
    /// Where the rows stood that are taken.
    place: RowPlace,
    /// Whether it is still the identity of `merge`.
    untouched: bool,
    /// What of a large answer was finished already.
    blocks: Mutex<Option<AnswerBlocks>>,
}

/// Where rows stood that were taken.
#[derive(Clone, Copy, Debug, Default)]
struct RowPlace {
    at: SourceRange,
    /// Rows of that piece that were taken.
    row: u64,
    /// Rows that came without a position.
    came: u64,
}

/// Where a group's window is: its starts, or first and last rows of sessions.
enum Spans {
    None,
    Starts(Int64Chunked),
    Sessions(Int64Chunked, Int64Chunked),
}

impl Spans {
    fn slice(&self, start: usize, height: usize) -> Self {
        let cut = |times: &Int64Chunked| times.slice(start as i64, height);
        match self {
            Self::None => Self::None,
            Self::Starts(starts) => Self::Starts(cut(starts)),
            Self::Sessions(first, last) => Self::Sessions(cut(first), cut(last)),
        }
    }
}

impl Partial {
    /// The identity of `merge`.
    ///
    /// # Errors
    /// When a key's type cannot be grouped by.
    pub fn new(plan: Arc<Plan>) -> Result<Self> {
        let keys = plan.new_keys()?;
        let sessions = plan.gap().map(Sessions::new);
        let states = plan.calls.iter().map(AggregateCall::make).collect();
        let rows = plan.rows.as_ref().map(|rows| RowStore::new(plan.clone(), rows));
        let mut partial = Self {
            plan,
            keys,
            sessions,
            states,
            rows,
            corrected: Vec::new(),
            groups: Vec::new(),
            unseen: 0,
            no_panes: 0,
            place: RowPlace::default(),
            untouched: true,
            blocks: Mutex::default(),
        };
        if partial.plan.keys.is_empty() && partial.rows.is_none() {
            // Without GROUP BY there is one group, also over no rows.
            partial.keys.assign(&[], 0, &mut partial.groups)?;
            partial.states.iter_mut().for_each(|s| s.resize(1));
        }
        Ok(partial)
    }

    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Groups, or rows where those are kept.
    pub fn groups(&self) -> usize {
        if let Some(rows) = &self.rows {
            return rows.len();
        }
        self.sessions.as_ref().map_or_else(|| self.keys.len(), Sessions::len)
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        let remembered =
            self.blocks.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, AnswerBlocks::groups);
        let remembered = remembered * 8 * (self.plan.keys.len() + self.plan.calls.len());
        let windows = remembered + self.sessions.as_ref().map_or(0, Sessions::size) + self.corrected.capacity();
        self.rows.as_ref().map_or(0, RowStore::size)
            + self.keys.size()
            + self.states.iter().map(|s| s.size()).sum::<usize>()
            + self.groups.capacity() * 4
            + windows
    }

    /// Whether rows are kept, and may be let go.
    pub fn lets_go(&self) -> bool {
        self.rows.as_ref().is_some_and(RowStore::lets_go)
    }

    /// Keeps to `bytes`, about, where rows are kept and may be let go; false where they may not.
    pub fn keep_to(&mut self, bytes: usize) -> bool {
        self.rows.as_mut().is_some_and(|rows| rows.keep_to(bytes))
    }

    /// Takes the rows out as they would be shown: for a question that `streams`.
    ///
    /// # Errors
    /// When an expression of the answer cannot be evaluated.
    pub fn drain(&mut self) -> Result<DataFrame> {
        let rows = self.rows.as_mut().map(RowStore::drain).transpose()?.unwrap_or_default();
        self.plan.finish.apply(rows)
    }

    fn hop(&self) -> Option<Hop> {
        self.plan.window().and_then(|window| match window.kind {
            WindowAssigner::Hop(hop) => Some(hop),
            _ => None,
        })
    }

    /// How many groups the states have room for: all of them, and sessions that have become part of others.
    fn slots(&self) -> usize {
        self.sessions.as_ref().map_or_else(|| self.keys.len(), Sessions::slots)
    }

    /// Writes the group of each row to `groups`. `keys` are the columns besides the window's.
    fn assign(&mut self, mut keys: Vec<Column>, spans: &Spans, rows: usize) -> Result<()> {
        match (&mut self.sessions, spans) {
            (None, Spans::Starts(starts)) => {
                let window = self.plan.window_key().unwrap_or(0);
                keys.insert(window.min(keys.len()), as_times(key_name(window), starts.clone()));
                self.keys.assign(&keys, rows, &mut self.groups)?;
            }
            (Some(sessions), Spans::Starts(times)) => {
                self.keys.assign(&keys, rows, &mut self.groups)?;
                sessions.absorb(&mut self.groups, times);
            }
            (Some(sessions), Spans::Sessions(first, last)) => {
                self.keys.assign(&keys, rows, &mut self.groups)?;
                sessions.merge(&mut self.groups, first, last);
            }
            (_, Spans::None | Spans::Sessions(..)) => self.keys.assign(&keys, rows, &mut self.groups)?,
        }
        Ok(())
    }

    /// The groups of the rows at hand have changed.
    fn touch(&mut self) {
        if let Some(blocks) = self.blocks.get_mut().unwrap_or_else(PoisonError::into_inner) {
            blocks.touch(&self.groups);
        }
    }

    /// All groups have changed.
    fn forget(&mut self) {
        if let Some(blocks) = self.blocks.get_mut().unwrap_or_else(PoisonError::into_inner) {
            *blocks = AnswerBlocks::default();
        }
    }

    /// Numbers the groups anew once many sessions have become part of others, and makes their states one.
    fn compact_if_due(&mut self) -> Result<()> {
        if self.sessions.as_ref().is_some_and(Sessions::must_compact) { self.compact() } else { Ok(()) }
    }

    fn compact(&mut self) -> Result<()> {
        let Some(settled) = self.settled()? else { return Ok(()) };
        if let Some(sessions) = &mut self.sessions {
            sessions.compact(&settled.renumbered);
        }
        self.states = settled.states;
        self.corrected = settled.corrected;
        Ok(())
    }

    /// What there is once sessions that have become part of others are one with them; `None` when all are.
    fn settled(&self) -> Result<Option<CompactedSessions>> {
        let Some(sessions) = self.sessions.as_ref().filter(|s| s.any_joined()) else { return Ok(None) };
        let (renumbered, count) = (sessions.renumbered(), sessions.len());
        let mut states = Vec::with_capacity(self.states.len());
        for (call, state) in self.plan.calls.iter().zip(&self.states) {
            let mut fresh = call.make();
            fresh.resize(count);
            fresh.merge(&renumbered, &state.state()?)?;
            states.push(fresh);
        }
        let mut corrected = vec![false; count];
        for (mark, group) in self.corrected.iter().zip(&renumbered) {
            corrected[*group as usize] |= mark;
        }
        Ok(Some(CompactedSessions {
            slots: IdxCa::from_vec("".into(), sessions.own_slots()),
            renumbered,
            states,
            corrected,
        }))
    }

    /// The key columns of each group, in the order of the question's keys.
    fn key_columns(&self) -> Result<Vec<Column>> {
        let Some(sessions) = &self.sessions else { return self.keys.columns() };
        let bases = IdxCa::from_vec("".into(), sessions.bases());
        let mut columns = self.keys.columns()?.iter().map(|c| c.take(&bases)).collect::<PolarsResult<Vec<_>>>()?;
        let window = self.plan.window_key().unwrap_or(0);
        columns.insert(window.min(columns.len()), as_times(key_name(window), sessions.spans().0));
        Ok(columns)
    }

    /// What decides where each group's window ends: its start, or the last row of its session.
    fn lasts(&self) -> Result<Int64Chunked> {
        match (&self.sessions, self.plan.window_key()) {
            (Some(sessions), _) => Ok(sessions.spans().1),
            (None, Some(window)) => micros_of(&self.keys.column(window)?),
            (None, None) => Ok(Int64Chunked::full_null("".into(), self.keys.len())),
        }
    }
}

/// Groups after sessions have become one.
struct CompactedSessions {
    /// The slots that are groups of their own, in the order of their new numbers.
    slots: IdxCa,
    /// The new number of each slot.
    renumbered: Vec<u32>,
    states: Vec<Box<dyn Accumulator>>,
    corrected: Vec<bool>,
}
