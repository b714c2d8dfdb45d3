//! What a question knows so far: its groups, and the state of each aggregate in each group.
//!
//! `absorb` takes rows, `merge` takes another partial, `answer` reads without consuming. Merging is associative and
//! commutative and an empty partial is its identity, so the answer does not depend on how the rows were cut:
//! `answer(merge(partials)) == answer(Q over all rows)`. A partial travels as a `DataFrame`: key columns, then state columns.

use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::*;

use super::Plan;
use super::aggregate::Accumulator;
use super::blocks::{Blocks, MANY};
use super::expr::keep;
use super::finish::STATUS;
use super::join::{ORIGIN, distinct};
use super::keys::Keys;
use super::plan::{CORRECTED, Call, END, LAST, call_name, key_name};
use super::rows::{At, Store, value_name};
use super::window::{Due, Hop, Kind, Micros, Sessions, WindowStatus, as_times, micros_of};
use crate::data::{Fault, Result};

/// Rows that go through keys and states together: few enough that the states still find in the cache what the keys
/// left there.
const TOGETHER: usize = 1 << 15;

#[derive(Debug)]
pub struct Partial {
    plan: Arc<Plan>,
    /// Of a question with sessions only its other keys; `sessions` then says which groups there are.
    keys: Keys,
    sessions: Option<Sessions>,
    states: Vec<Box<dyn Accumulator>>,
    /// The rows, where rows are shown instead of groups.
    rows: Option<Store>,
    /// The groups to which late rows were re-admitted; may be shorter than there are groups.
    corrected: Vec<bool>,
    /// The group of each row; kept for its memory.
    groups: Vec<u32>,
    /// Rows taken since `seal` last looked at all groups.
    unseen: usize,
    /// Chunks of hops for which panes are not worth trying.
    no_panes: u32,
    /// Whether it is still the identity of `merge`.
    untouched: bool,
    /// What of a large answer was finished already.
    blocks: Mutex<Option<Blocks>>,
}

/// Where the rows of one `absorb` went: `rows == shown + filtered + late.height()`.
#[derive(Debug, Default)]
pub struct Absorbed {
    /// Rows that are in the answer; one that is in several windows is counted once.
    pub shown: u64,
    /// Rows that WHERE left out, and those between hops that are further apart than they are long.
    pub filtered: u64,
    /// Rows all of whose windows were final already; they are not in the answer. All columns that were absorbed.
    pub late: Option<DataFrame>,
    /// Rows some of whose windows were final already; they are in the others, and counted as shown.
    pub partly_late: Option<DataFrame>,
    /// The watermark that decided so: what `readmit` needs beside the rows.
    pub watermark: Option<Micros>,
}

/// A finished answer.
#[derive(Debug)]
pub struct Answer {
    pub frame: DataFrame,
    pub groups: usize,
    /// What a person should know about it.
    pub notes: Vec<String>,
    /// Where the question has a window: whether the window of each row of `frame` is open, final or corrected.
    pub status: Option<Vec<WindowStatus>>,
}

/// What an aggregate call takes of some rows.
struct Input {
    /// Its FILTER.
    mask: Option<BooleanChunked>,
    /// Its arguments.
    columns: Vec<Column>,
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

/// A chunk is taken in pieces, so that not more rows than this stand in hops at once.
const MOST_HOPS: i64 = 1 << 21;
/// From this many windows a row, and this many rows, a chunk is aggregated by panes first.
const PANES_FROM: (i64, usize) = (3, 512);
/// So few groups are looked at each time.
const FEW_GROUPS: usize = 4096;

impl Partial {
    /// The identity of `merge`.
    ///
    /// # Errors
    /// When a key's type cannot be grouped by.
    pub fn new(plan: Arc<Plan>) -> Result<Self> {
        let keys = plan.new_keys()?;
        let sessions = plan.gap().map(Sessions::new);
        let states = plan.calls.iter().map(Call::make).collect();
        let rows = plan.rows.as_ref().map(|rows| Store::new(plan.clone(), rows));
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
        let remembered = self.blocks.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, Blocks::groups);
        let remembered = remembered * 8 * (self.plan.keys.len() + self.plan.calls.len());
        let windows = remembered + self.sessions.as_ref().map_or(0, Sessions::size) + self.corrected.capacity();
        self.rows.as_ref().map_or(0, Store::size)
            + self.keys.size()
            + self.states.iter().map(|s| s.size()).sum::<usize>()
            + self.groups.capacity() * 4
            + windows
    }

    /// Takes rows. `frame` has the plan's columns, and maybe others. Where `watermark` is given, rows are set aside from
    /// windows that are final by it.
    ///
    /// # Errors
    /// When an expression cannot be evaluated over these rows; the partial is then unchanged, unless the rows were so
    /// many that they were taken in pieces.
    pub fn absorb(&mut self, frame: &DataFrame, watermark: Option<Micros>) -> Result<Absorbed> {
        self.absorb_at(frame, watermark, None)
    }

    /// `absorb` for rows of which it is known where they stood.
    ///
    /// # Errors
    /// As `absorb`.
    pub fn absorb_at(&mut self, frame: &DataFrame, watermark: Option<Micros>, at: Option<At>) -> Result<Absorbed> {
        if self.rows.is_some() {
            return self.keep_rows(frame, at);
        }
        let absorbed = self.take_pieces(frame, Due::Open(watermark))?;
        Ok(Absorbed { watermark, ..absorbed })
    }

    /// Takes rows that were set aside, `late` or `partly_late`, into exactly the windows that they missed, and marks
    /// those as corrected. `watermarks` are those by which the rows were set aside: one a row, or one for all; rows that
    /// missed all their windows can be re-admitted with the largest one. The rows are counted as `shown`, also those
    /// that were shown in part before; rows that missed nothing are `late` again.
    ///
    /// A window that was sealed may be corrected too: its new group then merges with the sealed one.
    ///
    /// # Errors
    /// As `absorb`; or when there is neither one watermark nor one a row.
    pub fn readmit(&mut self, late: &DataFrame, watermarks: &[Micros]) -> Result<Absorbed> {
        let all;
        let watermarks = match watermarks {
            [one] => {
                all = vec![*one; late.height()];
                &all
            }
            each if each.len() == late.height() => each,
            each => {
                let what = format!("{} late rows have {} watermarks", late.height(), each.len());
                return Err(Fault::new(what).hint("give one watermark a row, or one for all"));
            }
        };
        self.take_pieces(late, Due::Missed(watermarks))
    }

    /// Keeps rows as they are: they are in no window, so they are never late.
    fn keep_rows(&mut self, frame: &DataFrame, at: Option<At>) -> Result<Absorbed> {
        let plan = self.plan.clone();
        let (Some(store), Some(kept)) = (&mut self.rows, &plan.rows) else { return Ok(Absorbed::default()) };
        let rows = match &plan.filter {
            Some(filter) => filter_rows(frame, &keep(filter, frame)?)?,
            None => frame.clone(),
        };
        let values = kept.values.iter().enumerate().map(|(i, v)| Ok(v.scalar.of(&rows)?.with_name(value_name(i)))).collect::<Result<_>>()?;
        store.add(at, DataFrame::new(rows.height(), values)?)?;
        self.untouched = false;
        let shown = distinct(&rows, None)?;
        Ok(Absorbed { shown, filtered: (frame.height() - rows.height()) as u64, ..Absorbed::default() })
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
        let rows = self.rows.as_mut().map(Store::drain).transpose()?.unwrap_or_default();
        self.plan.finish.apply(rows)
    }

    fn take_pieces(&mut self, frame: &DataFrame, due: Due<'_>) -> Result<Absorbed> {
        let a_row = self.hop().map_or(1, |hop| hop.most_windows());
        let piece = usize::try_from(MOST_HOPS / a_row).unwrap_or(1).max(1);
        if a_row == 1 || frame.height() <= piece {
            return self.take(frame, due);
        }
        let mut absorbed = Absorbed::default();
        for from in (0..frame.height()).step_by(piece) {
            let rows = frame.slice(from as i64, piece);
            let due = match due {
                Due::Missed(watermarks) => Due::Missed(watermarks.get(from..from + rows.height()).unwrap_or_default()),
                open => open,
            };
            absorbed.add(self.take(&rows, due)?)?;
        }
        Ok(absorbed)
    }

    fn take(&mut self, frame: &DataFrame, due: Due<'_>) -> Result<Absorbed> {
        let plan = self.plan.clone();
        let mut absorbed = Absorbed::default();
        let mut rows = frame.clone();
        let mut due = due;
        let kept: Vec<Micros>;
        if let Some(filter) = &plan.filter {
            let mask = keep(filter, &rows)?;
            rows = filter_rows(&rows, &mask)?;
            absorbed.filtered = (frame.height() - rows.height()) as u64;
            if let Due::Missed(watermarks) = due {
                kept = watermarks.iter().zip(mask.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(w, _)| *w).collect();
                due = Due::Missed(&kept);
            }
        }
        // Everything that can fail is evaluated before anything is changed.
        let mut keys = Vec::with_capacity(plan.keys.len());
        for key in plan.keys.iter().filter(|k| k.window.is_none()) {
            keys.push(key.scalar.of(&rows)?);
        }
        let mut inputs = self.inputs(&rows)?;
        let Some(window) = plan.window() else {
            absorbed.shown = distinct(&rows, None)?;
            self.fold(&keys, &Spans::None, rows.height(), &inputs, false)?;
            return Ok(absorbed);
        };
        let times = micros_of(&window.time.of(&rows)?)?;
        let panes = match (self.hop(), due) {
            (Some(hop), Due::Open(watermark)) if self.worth_panes(hop, rows.height()) => Some((hop, watermark)),
            _ => None,
        };
        let placed = match panes {
            Some((hop, watermark)) => hop.panes(&times, watermark),
            None => window.place(&times, due),
        };
        absorbed.shown = if rows.column(ORIGIN).is_ok() { distinct(&rows, placed.rows.as_deref())? } else { placed.taken };
        absorbed.filtered += placed.nowhere;
        absorbed.late = pick(&rows, placed.late)?;
        absorbed.partly_late = pick(&rows, placed.partly_late)?;
        let mut height = rows.height();
        if let Some(entries) = placed.rows {
            // Only what was computed is repeated for each window, not the rows.
            let entries = IdxCa::from_vec("".into(), entries);
            height = entries.len();
            keys = keys.iter().map(|key| key.take(&entries)).collect::<PolarsResult<_>>()?;
            inputs = inputs.into_iter().map(|input| input.take(&entries)).collect::<Result<_>>()?;
        }
        let corrects = matches!(due, Due::Missed(_));
        match panes {
            Some((hop, watermark)) => self.fold_panes(hop, watermark, &keys, placed.starts, &inputs)?,
            None => self.fold(&keys, &Spans::Starts(placed.starts), height, &inputs, corrects)?,
        }
        self.tidy()?;
        Ok(absorbed)
    }

    /// What each aggregate call takes of these rows.
    fn inputs(&self, rows: &DataFrame) -> Result<Vec<Input>> {
        let each = self.plan.calls.iter().map(|call| {
            let mask = call.filter.as_ref().map(|f| keep(f, rows)).transpose()?;
            let columns = call.inputs.iter().map(|scalar| scalar.of(rows)).collect::<Result<_>>()?;
            Ok(Input { mask, columns })
        });
        each.collect()
    }

    /// Adds rows to their groups. `keys` are the columns besides the window's. `corrects`: the rows were late.
    fn fold(&mut self, keys: &[Column], spans: &Spans, rows: usize, inputs: &[Input], corrects: bool) -> Result<()> {
        self.untouched = false;
        for start in (0..rows).step_by(TOGETHER) {
            let height = TOGETHER.min(rows - start);
            let cut = |column: &Column| column.slice(start as i64, height);
            self.assign(keys.iter().map(cut).collect(), &spans.slice(start, height), height)?;
            let count = self.slots();
            self.touch();
            if corrects {
                self.corrected.resize(count, false);
                for group in &self.groups {
                    self.corrected[*group as usize] = true;
                }
            }
            for (state, Input { mask, columns }) in self.states.iter_mut().zip(inputs) {
                state.resize(count);
                let columns = columns.iter().map(cut);
                let Some(mask) = mask else {
                    state.absorb(&self.groups, &columns.collect::<Vec<_>>())?;
                    continue;
                };
                let mask = mask.slice(start as i64, height);
                let kept: Vec<u32> = self.groups.iter().zip(mask.iter()).filter(|(_, keep)| *keep == Some(true)).map(|(g, _)| *g).collect();
                state.absorb(&kept, &columns.map(|column| column.filter(&mask)).collect::<PolarsResult<Vec<_>>>()?)?;
            }
        }
        self.unseen += rows;
        Ok(())
    }

    /// Adds rows to the panes of a hop first, and their states to the windows: where many rows share a pane, each is
    /// looked up once and not once a window.
    fn fold_panes(&mut self, hop: Hop, watermark: Option<Micros>, keys: &[Column], panes: Int64Chunked, inputs: &[Input]) -> Result<()> {
        let rows = panes.len();
        let mut by_pane = Self::new(self.plan.clone())?;
        by_pane.fold(keys, &Spans::Starts(panes), rows, inputs, false)?;
        if by_pane.groups() > rows / 2 {
            self.no_panes = 32;
        }
        let states = by_pane.to_frame()?;
        let Some(window) = self.plan.window_key() else { return Ok(()) };
        let starts = micros_of(states.column(&key_name(window))?)?;
        let piece = usize::try_from(MOST_HOPS / hop.most_windows()).unwrap_or(1).max(1);
        for from in (0..states.height()).step_by(piece) {
            let placed = hop.place(&starts.slice(from as i64, piece), Due::Open(watermark));
            let entries = IdxCa::from_vec("".into(), placed.rows.unwrap_or_default());
            let mut expanded = states.slice(from as i64, piece).take(&entries)?;
            expanded.with_column(as_times(key_name(window), placed.starts))?;
            self.merge_frame(&expanded)?;
        }
        self.unseen += rows;
        Ok(())
    }

    fn worth_panes(&mut self, hop: Hop, rows: usize) -> bool {
        if hop.most_windows() < PANES_FROM.0 || rows < PANES_FROM.1 {
            return false;
        }
        self.no_panes = self.no_panes.saturating_sub(1);
        self.no_panes == 0
    }

    fn hop(&self) -> Option<Hop> {
        self.plan.window().and_then(|window| match window.kind {
            Kind::Hop(hop) => Some(hop),
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

    /// Takes what another partial of the same plan knows, as `merge` does, without making a table of it. An empty one
    /// simply takes its place.
    ///
    /// # Errors
    /// What polars says about a state's columns.
    pub fn unite(&mut self, other: Self) -> Result<()> {
        if self.untouched {
            let plan = self.plan.clone();
            *self = Self { plan, ..other };
            return Ok(());
        }
        if other.untouched {
            return Ok(());
        }
        if let Some(rows) = &mut self.rows {
            return other.rows.map_or(Ok(()), |others| rows.unite(others));
        }
        if other.sessions.is_some() {
            return self.merge(&other.to_frame()?);
        }
        let Self { keys: others, states, corrected, .. } = other;
        // One by one, so that the states of the other are not all there twice.
        let states: Vec<_> = states.into_iter().map(|state| state.state()).collect::<Result<_>>()?;
        let adoption = self.keys.adoption(&others);
        for start in (0..others.len()).step_by(TOGETHER) {
            let height = TOGETHER.min(others.len() - start);
            self.keys.adopt(&others, &adoption, start..start + height, &mut self.groups);
            self.touch();
            let count = self.keys.len();
            for (state, theirs) in self.states.iter_mut().zip(&states) {
                state.resize(count);
                let theirs: Vec<Column> = theirs.iter().map(|column| column.slice(start as i64, height)).collect();
                state.merge(&self.groups, &theirs)?;
            }
            if corrected.contains(&true) {
                self.corrected.resize(count, false);
                for (group, mark) in self.groups.iter().zip(corrected.get(start..).unwrap_or_default()) {
                    self.corrected[*group as usize] |= mark;
                }
            }
        }
        self.unseen += others.len();
        Ok(())
    }

    /// Numbers the groups anew once many sessions have become part of others, and makes their states one.
    fn tidy(&mut self) -> Result<()> {
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
    fn settled(&self) -> Result<Option<Settled>> {
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
        Ok(Some(Settled { slots: IdxCa::from_vec("".into(), sessions.own_slots()), renumbered, states, corrected }))
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

    /// This partial as a table: key columns, then the state columns of each aggregate, then what windows need.
    ///
    /// # Errors
    /// What polars says while it builds the columns.
    pub fn to_frame(&self) -> Result<DataFrame> {
        if let Some(rows) = &self.rows {
            return rows.to_frame();
        }
        let mut columns = self.key_columns()?;
        for (i, state) in self.states.iter().enumerate() {
            for (j, column) in state.state()?.into_iter().enumerate() {
                let name = format!("{}_{j}", call_name(i));
                columns.push(column.with_name(name.into()));
            }
        }
        if let Some(sessions) = &self.sessions {
            columns.push(sessions.spans().1.with_name(LAST.into()).into_column());
        }
        if self.corrected.contains(&true) {
            let marks: BooleanChunked = (0..self.slots()).map(|g| Some(self.corrected.get(g) == Some(&true))).collect();
            columns.push(marks.with_name(CORRECTED.into()).into_column());
        }
        Ok(DataFrame::new(self.slots(), columns)?)
    }

    /// Takes what another partial of the same plan knows.
    ///
    /// # Errors
    /// When the frame is not one of this plan.
    pub fn merge(&mut self, other: &DataFrame) -> Result<()> {
        self.merge_frame(other)?;
        self.unseen += other.height();
        self.tidy()
    }

    fn merge_frame(&mut self, other: &DataFrame) -> Result<()> {
        if let Some(rows) = &mut self.rows {
            self.untouched = false;
            return rows.merge(other);
        }
        let plan = self.plan.clone();
        let mut columns = other.columns();
        let mut keys = Vec::with_capacity(plan.keys.len());
        let mut starts = Int64Chunked::default();
        for (i, key) in plan.keys.iter().enumerate() {
            let column = other.column(&key_name(i))?;
            if *column.dtype() != key.dtype {
                return Err(
                    Fault::new(format!("a partial result has {} where this question has {}", column.dtype(), key.dtype)).hint("it belongs to another question")
                );
            }
            match key.window {
                Some(_) => starts = micros_of(column)?,
                None => keys.push(column.clone()),
            }
            columns = columns.get(1..).unwrap_or_default();
        }
        let lasts = match self.sessions {
            Some(_) => Some(other.column(LAST)?.i64()?.clone()),
            None => None,
        };
        let spans = match lasts {
            Some(lasts) => Spans::Sessions(starts, lasts),
            None if plan.window().is_some() => Spans::Starts(starts),
            None => Spans::None,
        };
        self.untouched = false;
        self.assign(keys, &spans, other.height())?;
        self.touch();
        let count = self.slots();
        for (i, state) in self.states.iter_mut().enumerate() {
            state.resize(count);
            let prefix = format!("{}_", call_name(i));
            let own = columns.iter().take_while(|c| c.name().starts_with(prefix.as_str())).count();
            let (own, rest) = columns.split_at(own);
            state.merge(&self.groups, own)?;
            columns = rest;
        }
        if let Ok(marks) = other.column(CORRECTED) {
            self.corrected.resize(count, false);
            for (group, mark) in self.groups.iter().zip(marks.bool()?.iter()) {
                self.corrected[*group as usize] |= mark == Some(true);
            }
        }
        Ok(())
    }

    /// Takes the groups of the oldest final windows out of memory, as a partial of their own, when more than `keep`
    /// groups are final; whole windows only, and at most `keep` final groups stay. Looking costs as much as there are
    /// groups, so large partials are looked at only after as many rows have come as make that cheap; with `keep` 0 they
    /// always are.
    ///
    /// What is sealed gives its rows of the answer by itself: `new`, `merge`, `answer`. Rows that were on time when they
    /// came, and late rows that are re-admitted, may still come to a window after it was sealed: they make a new group
    /// for it here. So who reads sealed partials merges those that hold the same window; sealing and merging do not
    /// change the answer.
    ///
    /// # Errors
    /// What polars says while it builds the columns.
    pub fn seal(&mut self, watermark: Micros, keep: usize) -> Result<Option<DataFrame>> {
        let plan = self.plan.clone();
        let Some(window) = plan.window() else { return Ok(None) };
        let total = self.slots();
        if total <= keep || (keep > 0 && total > FEW_GROUPS && self.unseen < total / 4) {
            return Ok(None);
        }
        self.unseen = 0;
        self.compact()?;
        let final_at: Vec<Option<Micros>> = self.lasts()?.iter().map(|last| last.map(|last| window.final_at(last))).collect();
        let mut done: Vec<Micros> = final_at.iter().flatten().filter(|at| **at <= watermark).copied().collect();
        // Taking some out builds the rest anew, which must not happen for a few.
        let enough = keep == 0 || total <= FEW_GROUPS || done.len() > total / 4;
        if done.is_empty() || done.len() <= keep || !enough {
            return Ok(None);
        }
        done.sort_unstable();
        let Some(until) = done.get(done.len() - keep / 2 - 1).copied() else { return Ok(None) };
        let sealed: BooleanChunked = final_at.iter().map(|at| Some(at.is_some_and(|at| at <= until))).collect();
        let whole = self.to_frame()?;
        let mut rest = Self::new(plan)?;
        rest.merge_frame(&whole.filter(&!&sealed)?)?;
        *self = rest;
        Ok(Some(whole.filter(&sealed)?))
    }

    /// The answer to the rows taken so far, and by `watermark` which of its windows are final: none without one.
    ///
    /// # Errors
    /// When a result has no place in its type, or an expression of the answer cannot be evaluated.
    pub fn answer(&self, watermark: Option<Micros>) -> Result<Answer> {
        let mut frame = self.plan.finish.apply(self.kept(watermark)?)?;
        let status = match self.plan.window() {
            Some(_) => Some(frame.drop_in_place(STATUS)?.u8()?.iter().map(|code| WindowStatus::from_code(code.unwrap_or(0))).collect()),
            None => None,
        };
        let mut notes = division_notes(&frame, &self.plan.finish.divisions)?;
        notes.extend(self.rows.as_ref().and_then(Store::note));
        Ok(Answer { frame, groups: self.groups(), notes, status })
    }

    /// The groups of the rows at hand have changed.
    fn touch(&mut self) {
        if let Some(blocks) = self.blocks.get_mut().unwrap_or_else(PoisonError::into_inner) {
            blocks.touch(&self.groups);
        }
    }

    /// `finished` of a large answer that is read often: what has not changed is not finished again.
    fn finished_in_blocks(&self) -> Result<DataFrame> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(blocks) = blocks.as_mut() else {
            // The first reading may be the only one.
            *blocks = Some(Blocks::default());
            return self.finished();
        };
        // Of an aggregate that cannot finish a part of its groups, all are finished once and cut.
        let mut whole: Vec<Option<Column>> = self.states.iter().map(|_| None).collect();
        let key_columns = self.plan.keys.len();
        blocks.read(
            self.keys.len(),
            || self.finished(),
            |groups, before| {
                // A group's key stays what it is.
                let known = before.and_then(|block| block.columns().get(..key_columns)).map(<[Column]>::to_vec);
                let mut columns = known.map_or_else(|| self.keys.some_columns(groups.clone()), Ok)?;
                for (i, ((state, call), whole)) in self.states.iter().zip(&self.plan.calls).zip(&mut whole).enumerate() {
                    let cut = |all: &Column| all.slice(groups.start as i64, groups.len());
                    let column = match (state.finish_some(groups.clone()), &whole) {
                        (Some(column), _) => column,
                        (None, Some(all)) => Ok(cut(all)),
                        (None, None) => state.finish().map(|all| cut(whole.insert(all))),
                    };
                    columns.push(column.map_err(|fault| fault.at(call.sql.clone()))?.with_name(call_name(i)));
                }
                Ok(DataFrame::new(groups.len(), columns)?)
            },
        )
    }

    /// The keys of each group and the results of its aggregates.
    fn finished(&self) -> Result<DataFrame> {
        let mut columns = self.keys.columns()?;
        for (i, (state, call)) in self.states.iter().zip(&self.plan.calls).enumerate() {
            let column = state.finish().map_err(|fault| fault.at(call.sql.clone()))?;
            columns.push(column.with_name(call_name(i)));
        }
        Ok(DataFrame::new(self.keys.len(), columns)?)
    }

    /// One row a group: its keys, the results of its aggregates, and the end and status of its window.
    pub(super) fn kept(&self, watermark: Option<Micros>) -> Result<DataFrame> {
        if let Some(rows) = &self.rows {
            return rows.answer();
        }
        if self.plan.window().is_none() && self.keys.len() >= MANY {
            return self.finished_in_blocks();
        }
        let settled = self.settled()?;
        let (states, corrected) = settled.as_ref().map_or((&self.states, &self.corrected), |s| (&s.states, &s.corrected));
        let mut columns = self.key_columns()?;
        if let Some(settled) = &settled {
            columns = columns.iter().map(|column| column.take(&settled.slots)).collect::<PolarsResult<_>>()?;
        }
        for (i, (state, call)) in states.iter().zip(&self.plan.calls).enumerate() {
            let column = state.finish().map_err(|fault| fault.at(call.sql.clone()))?;
            columns.push(column.with_name(call_name(i)));
        }
        if let Some(window) = self.plan.window() {
            let mut lasts = self.lasts()?;
            if let Some(settled) = &settled {
                lasts = lasts.take(&settled.slots)?;
            }
            columns.push(as_times(END.into(), lasts.iter().map(|last| last.map(|last| window.end(last))).collect()));
            let status = |(group, last): (usize, Option<Micros>)| {
                WindowStatus::of(last.map(|last| window.final_at(last)), corrected.get(group) == Some(&true), watermark) as u8
            };
            columns.push(Column::new(STATUS.into(), lasts.iter().enumerate().map(status).collect::<Vec<u8>>()));
        }
        Ok(DataFrame::new(self.groups(), columns)?)
    }
}

/// Groups after sessions have become one.
struct Settled {
    /// The slots that are groups of their own, in the order of their new numbers.
    slots: IdxCa,
    /// The new number of each slot.
    renumbered: Vec<u32>,
    states: Vec<Box<dyn Accumulator>>,
    corrected: Vec<bool>,
}

impl Absorbed {
    /// Adds what became of other rows.
    ///
    /// # Errors
    /// When their columns differ.
    pub fn add(&mut self, other: Self) -> Result<()> {
        let join = |one: Option<DataFrame>, other: Option<DataFrame>| match (one, other) {
            (Some(one), Some(other)) => one.vstack(&other).map(Some),
            (one, other) => Ok(one.or(other)),
        };
        self.shown += other.shown;
        self.filtered += other.filtered;
        self.late = join(self.late.take(), other.late)?;
        self.partly_late = join(self.partly_late.take(), other.partly_late)?;
        Ok(())
    }
}

impl Input {
    /// Repeats, drops or reorders rows.
    fn take(self, rows: &IdxCa) -> Result<Self> {
        let mask = self.mask.map(|m| m.take(rows)).transpose()?;
        let columns = self.columns.iter().map(|c| c.take(rows)).collect::<PolarsResult<_>>()?;
        Ok(Self { mask, columns })
    }
}

/// The rows with these numbers; `None` for none.
fn pick(frame: &DataFrame, rows: Vec<IdxSize>) -> Result<Option<DataFrame>> {
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(frame.take(&IdxCa::from_vec("".into(), rows))?))
}

/// `frame.filter`, also for a frame without columns.
fn filter_rows(frame: &DataFrame, mask: &BooleanChunked) -> Result<DataFrame> {
    if frame.width() == 0 {
        return Ok(DataFrame::new(mask.sum().unwrap_or(0) as usize, Vec::new())?);
    }
    Ok(frame.filter(mask)?)
}

/// A word about values that a division by zero made.
fn division_notes(frame: &DataFrame, divisions: &[PlSmallStr]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for name in divisions {
        let column = frame.column(name)?;
        if !column.dtype().is_float() {
            continue;
        }
        let values = column.cast(&DataType::Float64)?;
        let odd = values.f64()?.iter().flatten().filter(|x| !x.is_finite()).count();
        if odd > 0 {
            notes.push(format!(
                "column '{name}': {odd} of {} values are not finite, from a division by zero; write x / NULLIF(y, 0) to make them null",
                frame.height()
            ));
        }
    }
    Ok(notes)
}
