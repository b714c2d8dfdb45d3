//! What a snapshot adds to the picture of its answer: where the seam lies, where nothing is known, how settled each
//! window is, how much of the rows it covers, which of its measures add up, and which of its whole numbers are times.
//! The picture itself is figure's.

use std::sync::Arc;

use polars::prelude::{DataFrame, DataType, PlSmallStr};

use crate::data::Result;
use crate::data::words::percent;
use crate::engine::Snapshot;
use crate::engine::counts::TimeGap;
use crate::figure::{AxisKind, Encoding, Figure, MARKS, PointState, Settings};
use crate::query::query::SelectItem;
use crate::query::window::{Micros, WindowAssigner, WindowStatus, in_times, micros_of};
use crate::query::{Form, Plan, Query};

/// What is known of an answer's windows beside its snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows {
    /// How time is cut; `None` where it is not.
    kind: Option<WindowAssigner>,
    /// The answer's columns that hold their starts and ends.
    start: Option<String>,
    end: Option<String>,
    /// The stretch of time that was asked for, where it was not all of it; an end that is `None` is open.
    from: Option<Micros>,
    until: Option<Micros>,
    /// The measures whose groups add up to that of them all; `None` where that is not known.
    additive: Option<Vec<String>>,
    /// The columns of whole numbers that are times.
    moments: Vec<String>,
}

impl Windows {
    /// `time` is the event time of the table that is asked.
    pub fn of(query: &Query, plan: &Plan, time: Option<&str>) -> Self {
        let moments = time.map_or_else(Vec::new, |time| moments(query, plan, time));
        Self { moments, ..Self::cut(query, plan) }
    }

    fn cut(query: &Query, plan: &Plan) -> Self {
        if !plan.above.is_empty() {
            // The windows are those of a question below: what is seen has none of its own.
            return Self::default();
        }
        let additive = additive(query, plan);
        let Some(window) = plan.window() else { return Self { additive, ..Self::default() } };
        let is = |sql: &str, wanted: &[&str]| {
            wanted.iter().any(|word| sql.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)))
        };
        let column = |wanted: &[&str]| {
            let at = query.items.iter().position(|item| is(item.expr.sql.trim(), wanted))?;
            plan.output.get_at_index(at).map(|(name, _)| name.to_string())
        };
        let start = column(&["tumble", "hop", "session", "window_start"]);
        Self { kind: Some(window.kind), start, end: column(&["window_end"]), additive, ..Self::default() }
    }

    /// The same of an answer over this stretch of time alone.
    #[must_use]
    pub fn within(self, from: Option<Micros>, until: Option<Micros>) -> Self {
        Self { from, until, ..self }
    }

    /// An answer as it is seen: whole numbers that are times as times.
    pub fn seen(&self, snapshot: &Arc<Snapshot>) -> Arc<Snapshot> {
        if self.moments.is_empty() {
            return snapshot.clone();
        }
        Arc::new(Snapshot { answer: in_times(&snapshot.answer, &self.moments), ..Snapshot::clone(snapshot) })
    }

    /// How an answer is drawn by these settings; the rest is guessed.
    pub fn encoding(&self, answer: &DataFrame, settings: &Settings) -> Encoding {
        Encoding::with(answer, settings, self.additive.as_deref())
    }

    /// Whether the answer's points are sessions: between two of them there is, by what they are, nothing.
    pub fn are_sessions(&self) -> bool {
        matches!(self.kind, Some(WindowAssigner::Session { .. }))
    }

    /// From one window to the next, where they are evenly so.
    fn step(&self) -> Option<Micros> {
        match self.kind? {
            WindowAssigner::Tumble(tumble) => Some(tumble.size),
            WindowAssigner::Hop(hop) => Some(hop.slide),
            WindowAssigner::Calendar(_) | WindowAssigner::Session { .. } => None,
        }
    }

    /// Whether the stretch covers only a part of a window.
    fn cuts(&self, start: Option<Micros>, end: Option<Micros>) -> bool {
        let Some(kind) = self.kind else { return false };
        // A session that begins within a gap of the edge may have begun before it.
        let after = |start: Micros| match kind {
            WindowAssigner::Tumble(tumble) => tumble.end(start),
            WindowAssigner::Calendar(calendar) => calendar.end(start),
            WindowAssigner::Hop(hop) => start.saturating_add(hop.size),
            WindowAssigner::Session { gap } => start.saturating_add(gap),
        };
        let before = if let WindowAssigner::Session { gap } = kind { gap } else { 0 };
        let end = end.or(start.map(after));
        let begins = self.from.zip(start).is_some_and(|(from, start)| start < from.saturating_add(before));
        begins || self.until.zip(end).is_some_and(|(until, end)| end > until)
    }

    /// How settled the rows of an answer are; none where nothing can be said of it.
    pub fn states(&self, snapshot: &Snapshot) -> Vec<PointState> {
        let Some(status) = known(snapshot) else { return Vec::new() };
        let height = snapshot.answer.height();
        let (starts, ends) =
            (self.times(&snapshot.answer, self.start.as_deref()), self.times(&snapshot.answer, self.end.as_deref()));
        let time = |times: &Vec<Option<Micros>>, row: usize| times.get(row).copied().flatten();
        let state = |row| self.state_of(status.get(row).copied(), time(&starts, row), time(&ends, row));
        (0..height).map(state).map(|state| settled(state, snapshot)).collect()
    }

    /// The same of one row.
    pub fn state(&self, snapshot: &Snapshot, row: usize) -> Option<PointState> {
        let status = snapshot.status.as_ref()?.get(row).copied()?;
        let one = snapshot.answer.slice(i64::try_from(row).ok()?, 1);
        let time = |name: Option<&str>| self.times(&one, name).first().copied().flatten();
        let state = self.state_of(Some(status), time(self.start.as_deref()), time(self.end.as_deref()));
        Some(settled(state, snapshot))
    }

    fn state_of(&self, status: Option<WindowStatus>, start: Option<Micros>, end: Option<Micros>) -> PointState {
        match status {
            _ if self.cuts(start, end) => PointState::Cut,
            Some(WindowStatus::Open) => PointState::Open,
            Some(WindowStatus::Corrected) => PointState::Corrected,
            Some(WindowStatus::Final) | None => PointState::Final,
        }
    }

    /// A column of times; nothing where it is not needed.
    fn times(&self, answer: &DataFrame, name: Option<&str>) -> Vec<Option<Micros>> {
        let edges = self.from.is_some() || self.until.is_some();
        let column = name.filter(|_| edges).and_then(|name| answer.column(name).ok());
        column.and_then(|column| micros_of(column).ok()).map_or_else(Vec::new, |times| times.iter().collect())
    }
}

/// The columns of an answer that are its table's event time, or one of its values, in whole numbers.
fn moments(query: &Query, plan: &Plan, time: &str) -> Vec<String> {
    const PICKS: &[&str] = &["min", "max", "first", "last"];
    let is_time =
        |sql: &str| sql.rsplit('.').next().is_some_and(|own| own.trim_matches('"').eq_ignore_ascii_case(time));
    let picks = |item: &SelectItem| {
        let form = Form::from_query(&Query { items: vec![item.clone()], ..Query::default() });
        match form.measures.first() {
            Some(measure) => PICKS.contains(&measure.aggregate.as_str()) && is_time(&measure.argument),
            None => is_time(&item.expr.sql),
        }
    };
    let items = &plan.above.last().map_or(query, |above| &above.query).items;
    let own = |(at, (name, dtype)): (usize, (&PlSmallStr, &DataType))| {
        // Of what is asked anew as a whole, the names alone are known.
        let is_own = dtype.is_integer() && items.get(at).map_or_else(|| name == time, picks);
        is_own.then(|| name.to_string())
    };
    plan.output.iter().enumerate().filter_map(own).collect()
}

/// The counts and sums of a question that shows all of its groups: what is left out of a picture of them is exactly
/// what they lack. Nothing is known of an answer without groups.
fn additive(query: &Query, plan: &Plan) -> Option<Vec<String>> {
    const ADDITIVE: &[&str] = &["count", "sum"];
    if plan.rows.is_some() || plan.rerun.is_some() {
        return None;
    }
    if query.having.is_some() || query.qualify.is_some() || query.limit.is_some() || query.distinct {
        return Some(Vec::new());
    }
    let adds = |item: &SelectItem| {
        let alone = Query { items: vec![item.clone()], ..Query::default() };
        let form = Form::from_query(&alone);
        form.measures.first().is_some_and(|measure| ADDITIVE.contains(&measure.aggregate.as_str()))
    };
    let named = |at: usize| plan.output.get_at_index(at).map(|(name, _)| name.to_string());
    Some(query.items.iter().enumerate().filter(|(_, item)| adds(item)).filter_map(|(at, _)| named(at)).collect())
}

/// After the last snapshot no row comes: a window that is open then was stopped.
fn settled(state: PointState, snapshot: &Snapshot) -> PointState {
    if state == PointState::Open && snapshot.last { PointState::Stopped } else { state }
}

/// What each row's window is, where one can be further than another: without a watermark none is.
fn known(snapshot: &Snapshot) -> Option<&[WindowStatus]> {
    let status = snapshot.status.as_deref()?;
    let told = snapshot.watermark.is_some() || status.iter().any(|s| *s != WindowStatus::Open);
    told.then_some(status)
}

/// The picture of a snapshot's answer, which covers this share of the rows, 0 to 1.
///
/// # Errors
/// When a column does not exist or cannot be shown where it is asked for.
pub fn picture(encoding: &Encoding, snapshot: &Snapshot, windows: &Windows, share: f64) -> Result<Figure> {
    let mut figure = encoding.figure_with(&snapshot.answer, &windows.states(snapshot))?;
    if share < 1.0 {
        figure.note(&format!("from {} of the rows", percent(share)));
    }
    tell_states(&mut figure);
    if figure.x.kind != AxisKind::Time {
        return Ok(figure);
    }
    figure.seam = snapshot.seam.at.map(|at| at as f64);
    figure.gaps = snapshot.gaps.iter().filter_map(|gap| stretch(gap, snapshot.seam.at)).collect();
    figure.apart = windows.are_sessions();
    if let Some(step) = windows.step().filter(|_| share < 1.0) {
        figure.mark_unread(step as f64);
        if !figure.unread.is_empty() {
            figure.note("shaded: not read yet");
        }
    }
    Ok(figure)
}

/// The stretch of time of which nothing is known because of a break: what came before a feed's first row is history's,
/// up to the seam. `None` where the break says nothing of time.
fn stretch(gap: &TimeGap, seam: Option<Micros>) -> Option<(f64, f64)> {
    let from = gap.from.or(seam)?;
    let until = gap.until.map_or(f64::INFINITY, |until| until as f64);
    (until > from as f64).then_some((from as f64, until))
}

/// What the signs of unsettled points mean, as the caption's legend.
fn tell_states(figure: &mut Figure) {
    let Some(mark) = MARKS.iter().find(|mark| mark.name == figure.mark) else { return };
    let reasons = [
        (PointState::Open, "still open"),
        (PointState::Stopped, "stopped before the end, may lack rows"),
        (PointState::Cut, "cut by the edge of the stretch"),
    ];
    let told: Vec<&str> = reasons.iter().filter(|(state, _)| figure.has(*state)).map(|(_, words)| *words).collect();
    match &told[..] {
        [] => {}
        ["still open"] => figure.note(&format!("{}: still open, more rows may come", mark.unfinished)),
        several => figure.note(&format!("{}: {}", mark.unfinished, several.join(", or "))),
    }
    if figure.has(PointState::Corrected) {
        figure.note("ringed: corrected, late rows were re-admitted");
    }
}
