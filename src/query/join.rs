//! Enrichment: rows of a table joined with a dataset that is held in memory, by an index from key to rows. Loading the
//! dataset, and again when it changes, is left to the engine.
//!
//! Null keys never match. A row that matches several rows of the dataset becomes several; it is still one row that came
//! in, so it counts once as shown, filtered or late.

use hashbrown::HashTable;
use polars::prelude::*;
use sqlparser::ast::{BinaryOperator, Expr as Ast};

use super::Partial;
use super::expr::{self, Scalar, keep};
use super::partial::Absorbed;
use super::query::{Clause, On, Query};
use super::rows::At;
use super::scope::Scope;
use super::score;
use super::sql::span::Place;
use super::window::{Micros, type_word};
use crate::data::{Result, time};

/// How a question's rows are enriched.
#[derive(Debug)]
pub struct Join {
    /// LEFT JOIN: rows without a match stay.
    pub left: bool,
    /// The dataset's name.
    pub table: String,
    /// The columns of it that are read, by their own names.
    pub columns: Vec<PlSmallStr>,
    /// What those are called in the question.
    here: Vec<PlSmallStr>,
    equations: Vec<Equation>,
    /// Conditions of ON that look at the dataset alone.
    only: Vec<Scalar>,
}

#[derive(Debug)]
struct Equation {
    first: Scalar,
    second: Scalar,
    /// What both sides are compared as.
    compare: DataType,
}

/// The column that says which row a joined row was made of.
pub(super) const ORIGIN: &str = "__origin";
/// Joined rows that are made at once: so many take little memory, and little time between two looks at whether to go
/// on.
const AT_ONCE: usize = 1 << 17;
/// Rows that are looked up, or put into an index, between two looks.
const LOOK: usize = 1 << 15;

/// A dataset with its index.
#[derive(Debug)]
pub struct Lookup {
    frame: DataFrame,
    cells: Vec<Cells>,
    /// Number of a distinct key, found by its hash.
    table: HashTable<u32>,
    /// A row with that key.
    example: Vec<u32>,
    /// Rows with key `k` are `rows[starts[k]..starts[k + 1]]`.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

/// A key column, ready to be compared.
#[derive(Debug)]
enum Cells {
    Words(Vec<Option<u64>>),
    Texts(StringChunked),
}

impl Join {
    /// Binds the join of `query`; `used` learns the columns it needs.
    ///
    /// # Errors
    /// A condition that is no equation between both tables, or between types that do not compare.
    pub(super) fn bind(
        query: &Query,
        text: &str,
        scope: &Scope,
        used: &mut std::collections::BTreeSet<PlSmallStr>,
    ) -> Result<Option<Self>> {
        let Some(join) = &query.join else { return Ok(None) };
        let mut bound = Self {
            left: join.left,
            table: join.table.unquoted(),
            columns: Vec::new(),
            here: Vec::new(),
            equations: Vec::new(),
            only: Vec::new(),
        };
        match &join.on {
            On::Using(columns) => {
                for clause in columns {
                    let place = Place { text, clause };
                    let Ast::Identifier(ident) = expr::parse(place)? else {
                        return Err(place.fault("USING takes names of columns").hint("write it like USING (id)"));
                    };
                    let missing = |table: &str| {
                        place
                            .fault(format!("{table} has no column '{}'", ident.value))
                            .hint("USING needs a column that both have")
                    };
                    let first = scope.find_first(&ident).ok_or_else(|| missing(scope.first_name()))?;
                    let second = scope.find_second(&ident).ok_or_else(|| missing(scope.joined_name()))?;
                    bound.equate(expr::column(&first), expr::column(&second), scope, place, used)?;
                }
            }
            On::Condition(clause) => {
                let place = Place { text, clause };
                let mut parts = Vec::new();
                let condition = expr::parse(place)?;
                score::refuse(&condition, place)?;
                conjuncts(condition, &mut parts);
                for part in parts {
                    bound.condition(part, scope, place, used)?;
                }
                if bound.equations.is_empty() {
                    return Err(no_equation(place));
                }
            }
        }
        Ok(Some(bound))
    }

    fn condition(
        &mut self,
        part: Ast,
        scope: &Scope,
        place: Place<'_>,
        used: &mut std::collections::BTreeSet<PlSmallStr>,
    ) -> Result<()> {
        if let Ast::BinaryOp { left, op: BinaryOperator::Eq, right } = &part {
            let side = |ast: &Ast| {
                let mut ast = ast.clone();
                let columns = expr::resolve(&mut ast, &scope.schema, scope, place)?;
                let joined = columns.iter().filter(|c| scope.is_joined(c)).count();
                let which =
                    if columns.is_empty() || (joined > 0 && joined < columns.len()) { None } else { Some(joined > 0) };
                Ok::<_, crate::data::Fault>((ast, which))
            };
            match (side(left)?, side(right)?) {
                ((first, Some(false)), (second, Some(true))) | ((second, Some(true)), (first, Some(false))) => {
                    return self.equate(first, second, scope, place, used);
                }
                _ => {}
            }
        }
        let mut ast = part;
        let columns = expr::resolve(&mut ast, &scope.schema, scope, place)?;
        let (scalar, dtype) = Scalar::bind(&ast, &scope.schema, place)?;
        if columns.is_empty() || !columns.iter().all(|c| scope.is_joined(c)) || dtype != DataType::Boolean {
            return Err(no_equation(place));
        }
        used.extend(columns);
        self.only.push(scalar);
        Ok(())
    }

    fn equate(
        &mut self,
        first: Ast,
        second: Ast,
        scope: &Scope,
        place: Place<'_>,
        used: &mut std::collections::BTreeSet<PlSmallStr>,
    ) -> Result<()> {
        let (mut one, mut other) = (first.clone(), second.clone());
        used.extend(expr::resolve(&mut one, &scope.schema, scope, place)?);
        used.extend(expr::resolve(&mut other, &scope.schema, scope, place)?);
        let (first, left) = Scalar::bind(&one, &scope.schema, place)?;
        let (second, right) = Scalar::bind(&other, &scope.schema, place)?;
        let compare = common(&left, &right).ok_or_else(|| {
            let name = |ast: &Ast| ast.to_string().trim_matches('"').to_owned();
            place
                .fault(format!(
                    "'{}' is {} and '{}' is {}, so they do not compare",
                    name(&one),
                    type_word(&left),
                    name(&other),
                    type_word(&right)
                ))
                .hint("cast one of them: CAST(… AS VARCHAR)")
        })?;
        self.equations.push(Equation { first, second, compare });
        Ok(())
    }

    /// Settles which columns are read, once all of the question is bound.
    pub(super) fn settle(&mut self, scope: &Scope, used: &std::collections::BTreeSet<PlSmallStr>) {
        for name in scope.schema.iter_names().filter(|n| used.contains(*n)) {
            if let Some(own) = scope.own_name(name) {
                self.columns.push(own.clone());
                self.here.push(name.clone());
            }
        }
    }

    /// Makes the index of a dataset: `frame` has `columns`.
    ///
    /// `None` where `stopped` said so before it was done.
    ///
    /// # Errors
    /// When a key or a condition cannot be evaluated over it.
    pub fn index(&self, frame: DataFrame, stopped: &dyn Fn() -> bool) -> Result<Option<Lookup>> {
        let height = frame.height();
        let columns =
            frame.columns().iter().zip(&self.here).map(|(c, name)| c.clone().with_name(name.clone())).collect();
        let mut frame = DataFrame::new(height, columns)?;
        for condition in &self.only {
            frame = frame.filter(&keep(condition, &frame)?)?;
        }
        frame.rechunk_mut();
        let cells =
            self.equations.iter().map(|e| Cells::of(&e.second.of(&frame)?, &e.compare)).collect::<Result<Vec<_>>>()?;
        let mut lookup =
            Lookup { frame, cells, table: HashTable::new(), example: Vec::new(), starts: Vec::new(), rows: Vec::new() };
        Ok(lookup.fill(stopped).then_some(lookup))
    }

    /// Joins `rows` with the dataset, in pieces of bounded size: each joined row, and which of `rows` it is of. A piece
    /// begins and ends with whole rows, but for a row that alone makes more: its pieces are of that row only. How
    /// many of `rows` are done: all, unless `stopped` said so; pieces of a row that did not come to its last one
    /// are for nothing.
    ///
    /// # Errors
    /// When a key cannot be evaluated, or what `take` says.
    pub fn apply(
        &self,
        rows: &DataFrame,
        lookup: &Lookup,
        stopped: &dyn Fn() -> bool,
        mut take: impl FnMut(Piece) -> Result<()>,
    ) -> Result<usize> {
        let cells =
            self.equations.iter().map(|e| Cells::of(&e.first.of(rows)?, &e.compare)).collect::<Result<Vec<_>>>()?;
        let (mut origin, mut matched): (Vec<IdxSize>, Vec<Option<IdxSize>>) = (Vec::new(), Vec::new());
        for row in 0..rows.height() {
            let found = lookup.find(&cells, row);
            let full = origin.len() + found.len() > AT_ONCE;
            if full || row % LOOK == 0 {
                if !origin.is_empty() && full {
                    take(Piece::Rows(lookup.pair(rows, std::mem::take(&mut origin), std::mem::take(&mut matched))?))?;
                }
                // What was found of rows before this one is taken, too.
                if stopped() {
                    if !origin.is_empty() {
                        take(Piece::Rows(lookup.pair(rows, origin, matched)?))?;
                    }
                    return Ok(row);
                }
            }
            if found.len() > AT_ONCE {
                let pieces = found.len().div_ceil(AT_ONCE);
                for (i, some) in found.chunks(AT_ONCE).enumerate() {
                    if stopped() {
                        return Ok(row);
                    }
                    let (origin, matched) =
                        (vec![row as IdxSize; some.len()], some.iter().map(|other| Some(*other)).collect());
                    take(Piece::OfRow { joined: lookup.pair(rows, origin, matched)?, last: i + 1 == pieces })?;
                }
                continue;
            }
            if found.is_empty() && self.left {
                origin.push(row as IdxSize);
                matched.push(None);
            }
            for other in found {
                origin.push(row as IdxSize);
                matched.push(Some(*other));
            }
        }
        take(Piece::Rows(lookup.pair(rows, origin, matched)?))?;
        Ok(rows.height())
    }
}

/// Some joined rows.
pub enum Piece {
    /// Of whole rows.
    Rows(DataFrame),
    /// Of one row, one after the other.
    OfRow { joined: DataFrame, last: bool },
}

fn no_equation(place: Place<'_>) -> crate::data::Fault {
    place
        .fault("JOIN needs equations between both tables")
        .hint("write ON mine.x = other.y AND …; put other conditions into WHERE")
}

fn conjuncts(ast: Ast, parts: &mut Vec<Ast>) {
    match ast {
        Ast::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(*left, parts);
            conjuncts(*right, parts);
        }
        Ast::Nested(inner) => conjuncts(*inner, parts),
        other => parts.push(other),
    }
}

/// What two types are compared as; `None` where they do not compare.
fn common(one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType as D;
    let text = |d: &D| matches!(d, D::String | D::Categorical(..) | D::Enum(..));
    let instant = |d: &D| matches!(d, D::Date | D::Datetime(..));
    match (one, other) {
        (a, b) if text(a) && text(b) => Some(D::String),
        (D::UInt64, D::UInt64) => Some(D::UInt64),
        (a, b) if a.is_integer() && b.is_integer() => Some(D::Int64),
        (a, b) if a.is_primitive_numeric() && b.is_primitive_numeric() => Some(D::Float64),
        (D::Date, D::Date) => Some(D::Date),
        (a, b) if instant(a) && instant(b) => Some(D::Datetime(TimeUnit::Microseconds, None)),
        (D::Boolean, D::Boolean) => Some(D::Boolean),
        (D::Time, D::Time) => Some(D::Time),
        (D::Duration(_), D::Duration(_)) => Some(D::Duration(TimeUnit::Microseconds)),
        (D::Null, _) | (_, D::Null) => Some(D::Null),
        _ => None,
    }
}

impl Cells {
    fn of(column: &Column, compare: &DataType) -> Result<Self> {
        // What has no place in the common type is null then, and matches nothing.
        let column = if column.dtype() == compare { column.clone() } else { time::convert(column, compare)? };
        Ok(match compare {
            DataType::Null => Self::Words(vec![None; column.len()]),
            DataType::String => Self::Texts(column.str()?.rechunk().into_owned()),
            DataType::Boolean => Self::Words(column.bool()?.iter().map(|v| v.map(u64::from)).collect()),
            DataType::Float64 => Self::Words(column.f64()?.iter().map(|v| v.map(float_word)).collect()),
            DataType::UInt64 => Self::Words(column.u64()?.iter().collect()),
            _ => Self::Words(
                column.to_physical_repr().cast(&DataType::Int64)?.i64()?.iter().map(|v| v.map(|v| v as u64)).collect(),
            ),
        })
    }

    /// A hash of the cell; `None` for null.
    fn hash(&self, row: usize) -> Option<u64> {
        use std::hash::BuildHasher;
        match self {
            Self::Words(words) => {
                words.get(row).copied().flatten().map(|w| foldhash::fast::FixedState::default().hash_one(w))
            }
            Self::Texts(texts) => texts.get(row).map(|t| foldhash::fast::FixedState::default().hash_one(t)),
        }
    }

    fn equals(&self, row: usize, other: &Self, there: usize) -> bool {
        match (self, other) {
            (Self::Words(one), Self::Words(other)) => one.get(row) == other.get(there),
            (Self::Texts(one), Self::Texts(other)) => one.get(row) == other.get(there),
            _ => false,
        }
    }
}

/// `-0.0` and `0.0` are one, and all NaN are one.
fn float_word(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { (x + 0.0).to_bits() }
}

/// `None` where a part of the key is null.
fn hash(cells: &[Cells], row: usize) -> Option<u64> {
    cells.iter().try_fold(0_u64, |all, c| Some(all.rotate_left(23) ^ c.hash(row)?))
}

fn equals(cells: &[Cells], row: usize, others: &[Cells], there: usize) -> bool {
    cells.iter().zip(others).all(|(one, other)| one.equals(row, other, there))
}

impl Lookup {
    /// False where it was stopped.
    fn fill(&mut self, stopped: &dyn Fn() -> bool) -> bool {
        let height = self.frame.height();
        let mut numbers = vec![None; height];
        let mut counts: Vec<u32> = Vec::new();
        for (row, number) in numbers.iter_mut().enumerate() {
            if row % LOOK == 0 && stopped() {
                return false;
            }
            let Some(code) = hash(&self.cells, row) else { continue };
            let (cells, example) = (&self.cells, &self.example);
            let there = |k: u32| example.get(k as usize).map_or(0, |r| *r as usize);
            let entry = self.table.entry(
                code,
                |&k| equals(cells, row, cells, there(k)),
                |&k| hash(cells, there(k)).unwrap_or(0),
            );
            let k = match entry {
                hashbrown::hash_table::Entry::Occupied(found) => *found.get(),
                hashbrown::hash_table::Entry::Vacant(empty) => {
                    let k = counts.len() as u32;
                    empty.insert(k);
                    self.example.push(row as u32);
                    counts.push(0);
                    k
                }
            };
            *number = Some(k);
            if let Some(count) = counts.get_mut(k as usize) {
                *count += 1;
            }
        }
        self.starts = std::iter::once(0)
            .chain(counts.iter().scan(0_u32, |sum, n| {
                *sum += n;
                Some(*sum)
            }))
            .collect();
        let mut next = self.starts.clone();
        self.rows = vec![0; self.starts.last().map_or(0, |n| *n as usize)];
        for (row, number) in numbers.into_iter().enumerate() {
            if let Some(place) = number.and_then(|k| next.get_mut(k as usize)) {
                if let Some(slot) = self.rows.get_mut(*place as usize) {
                    *slot = row as u32;
                }
                *place += 1;
            }
        }
        true
    }

    /// The dataset's rows that match.
    fn find(&self, cells: &[Cells], row: usize) -> &[u32] {
        let Some(code) = hash(cells, row) else { return &[] };
        let there = |k: u32| self.example.get(k as usize).map_or(0, |r| *r as usize);
        let Some(k) = self.table.find(code, |&k| equals(cells, row, &self.cells, there(k))) else { return &[] };
        let bound = |i: u32| self.starts.get(i as usize).map_or(0, |n| *n as usize);
        self.rows.get(bound(*k)..bound(*k + 1)).unwrap_or_default()
    }

    fn pair(&self, rows: &DataFrame, origin: Vec<IdxSize>, matched: Vec<Option<IdxSize>>) -> Result<DataFrame> {
        let height = origin.len();
        let origin = IdxCa::from_vec(ORIGIN.into(), origin);
        let matched: IdxCa = matched.into_iter().collect();
        let mut columns = Vec::with_capacity(rows.width() + self.frame.width() + 1);
        for column in rows.columns() {
            columns.push(column.take(&origin)?);
        }
        for column in self.frame.columns() {
            columns.push(column.take(&matched)?);
        }
        columns.push(origin.into_column());
        Ok(DataFrame::new(height, columns)?)
    }

    /// Rows of the dataset.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held, about.
    pub fn size(&self) -> usize {
        let cells = |c: &Cells| match c {
            Cells::Words(words) => words.capacity() * 16,
            Cells::Texts(_) => 0,
        };
        self.frame.estimated_size()
            + self.cells.iter().map(cells).sum::<usize>()
            + self.table.capacity() * 5
            + (self.example.len() + self.starts.len() + self.rows.len()) * 4
    }
}

impl Partial {
    /// `absorb` for rows that are to be joined first. What it counts are the rows of `frame`, and late ones are those.
    ///
    /// # Errors
    /// As `absorb`; pieces taken before the fault stay.
    pub fn absorb_joined(
        &mut self,
        frame: &DataFrame,
        lookup: &Lookup,
        watermark: Option<Micros>,
        at: Option<At>,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Absorbed> {
        let absorbed =
            self.take_joined(frame, lookup, stopped, |partial, joined| partial.absorb_at(&joined, watermark, at))?;
        Ok(Absorbed { watermark, ..absorbed })
    }

    /// `absorb_judged` for rows that are to be joined first.
    ///
    /// # Errors
    /// As `absorb_joined`.
    pub fn absorb_joined_judged(
        &mut self,
        frame: &DataFrame,
        lookup: &Lookup,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Absorbed> {
        self.take_joined(frame, lookup, stopped, |partial, joined| partial.absorb_judged(&joined))
    }

    /// `readmit` for rows that are to be joined first.
    ///
    /// # Errors
    /// As `readmit`.
    pub fn readmit_joined(&mut self, late: &DataFrame, watermarks: &[Micros], lookup: &Lookup) -> Result<Absorbed> {
        self.take_joined(late, lookup, &|| false, |partial, joined| match watermarks {
            [_] => partial.readmit(&joined, watermarks),
            each => {
                let rows = joined.column(ORIGIN)?.idx()?;
                let each: Vec<Micros> =
                    rows.iter().flatten().filter_map(|row| each.get(row as usize).copied()).collect();
                partial.readmit(&joined, &each)
            }
        })
    }

    fn take_joined(
        &mut self,
        frame: &DataFrame,
        lookup: &Lookup,
        stopped: &dyn Fn() -> bool,
        mut take: impl FnMut(&mut Self, DataFrame) -> Result<Absorbed>,
    ) -> Result<Absorbed> {
        let plan = self.plan().clone();
        let Some(join) = &plan.join else { return take(self, frame.clone()) };
        let mut all = Absorbed::default();
        let mut own = |partial: &mut Self, joined: DataFrame| {
            let origin = joined.column(ORIGIN)?.idx()?.clone();
            let mut absorbed = take(partial, joined)?;
            for cell in &mut absorbed.cells.kept {
                let row = usize::try_from(cell.line).ok().and_then(|line| origin.get(line.checked_sub(1)?));
                cell.line = row.map_or(0, |row| u64::from(row) + 1);
            }
            absorbed.late = absorbed.late.map(|late| origins(frame, &late)).transpose()?;
            absorbed.partly_late = absorbed.partly_late.map(|late| origins(frame, &late)).transpose()?;
            Ok::<_, crate::data::Fault>(absorbed)
        };
        // What one row makes in many pieces, until they are all there: it is taken whole or not at all, and counted
        // once.
        let mut one: Option<(Self, Absorbed)> = None;
        let done = join.apply(frame, lookup, stopped, |piece| match piece {
            Piece::Rows(joined) => all.add(own(self, joined)?),
            Piece::OfRow { joined, last } => {
                let (mut partial, mut so_far) = match one.take() {
                    Some(one) => one,
                    None => (Self::new(plan.clone())?, Absorbed::default()),
                };
                let absorbed = own(&mut partial, joined)?;
                if so_far.shown == 0 && so_far.late.is_none() {
                    so_far = absorbed;
                }
                if last {
                    self.unite(partial)?;
                    return all.add(so_far);
                }
                one = Some((partial, so_far));
                Ok(())
            }
        })?;
        let late = all.late.as_ref().map_or(0, DataFrame::height) as u64;
        all.left = (frame.height() - done) as u64;
        all.filtered = (done as u64).saturating_sub(all.shown + late);
        Ok(all)
    }
}

/// The rows of `frame` that these joined rows were made of, each once and in order.
fn origins(frame: &DataFrame, joined: &DataFrame) -> Result<DataFrame> {
    let mut rows: Vec<IdxSize> = joined.column(ORIGIN)?.idx()?.iter().flatten().collect();
    rows.sort_unstable();
    rows.dedup();
    Ok(frame.take(&IdxCa::from_vec("row".into(), rows))?)
}

/// Of how many different rows the given rows of a joined frame (all, without `rows`) were made; their number where the
/// frame was not joined.
pub(super) fn distinct(frame: &DataFrame, rows: Option<&[IdxSize]>) -> Result<u64> {
    let Ok(origin) = frame.column(ORIGIN) else { return Ok(rows.map_or(frame.height(), <[IdxSize]>::len) as u64) };
    let origin = origin.idx()?.rechunk();
    let mut seen = vec![false; origin.iter().flatten().max().map_or(0, |max| max as usize + 1)];
    let mut count = 0;
    let mut see = |row: Option<IdxSize>| {
        if let Some(seen) = row.and_then(|row| seen.get_mut(row as usize)) {
            count += u64::from(!std::mem::replace(seen, true));
        }
    };
    match rows {
        Some(rows) => rows.iter().for_each(|row| see(origin.get(*row as usize))),
        None => origin.iter().for_each(&mut see),
    }
    Ok(count)
}

/// The clause that a fault about a whole join points at.
pub(super) fn clause(query: &Query) -> Clause {
    query.join.as_ref().map(|j| j.table.clone()).unwrap_or_default()
}
