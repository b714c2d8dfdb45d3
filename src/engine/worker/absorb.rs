//! What a worker does with a chunk: a part at a time it leaves out what is no row for a question or belongs to the
//! other face, and lets each question absorb the rest. So all questions have taken the same rows whenever it hands
//! over.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::{ChunkAgg, DataFrame};

use super::slot::{Join, Origin, Slot};
use super::{Piece, Worker};
use crate::data::{Chunk, Fault, Reject, Rejects, Result};
use crate::engine::query_set::QuerySet;
use crate::engine::row_rule::{RowRule, RuledRows};
use crate::engine::scan::Scan;
use crate::engine::seam::{Face, Seam};
use crate::query::SharedRows;
use crate::query::rows::SourceRange;
use crate::query::window::{finite, micros_of};

/// How long what was read already may take once the scan is to end; then it is left. A join is left sooner: one row
/// may match many.
const GRACE: Duration = Duration::from_secs(4);
const GRACE_OF_JOIN: Duration = Duration::from_millis(500);

impl Worker {
    /// A piece of history that cannot be read: its rows came and are set aside, as far as they are known.
    pub(super) fn count_unreadable(&mut self, fault: Fault, set: &QuerySet) {
        let rows = fault.lost.unwrap_or(0);
        for slot in self.slots_of(set) {
            slot.delta.rows.come_in += rows;
            slot.delta.rows.rejected += rows;
            if rows > 0 {
                let reject = Reject::new(&fault.place.as_str().into(), 1, fault.what.clone(), b"");
                slot.delta.rejects.add(Rejects { count: rows, kept: vec![reject], ..Rejects::default() });
            }
        }
        self.scan().fault(fault);
    }

    /// Takes a chunk for all questions that it was read for.
    pub(super) fn take(&mut self, chunk: Chunk, piece: Piece, set: &QuerySet) {
        let height = chunk.frame.height();
        let rules = set.rules();
        // Where all rows of a piece of a columnar file are here, their order gives each its number.
        let numbered = chunk.arrived.is_none()
            && chunk.rejects.count == 0
            && chunk.offsets.end - chunk.offsets.start == height as u64;
        let at = SourceRange {
            source: piece.source as u32,
            partition: piece.epoch << 32 | u64::from(chunk.partition),
            from: chunk.offsets.start,
            to: chunk.offsets.end,
        };
        let questions = set.queries.len();
        let most = self.slots_of(set).map(|slot| slot.at_once(questions)).min().unwrap_or(usize::MAX);
        let (mut rejects, mut bytes) = (Some(chunk.rejects), chunk.bytes);
        self.slots_of(set).for_each(|slot| {
            slot.left = 0;
            slot.delta.overlap += piece.repeated;
        });
        let mut left = 0;
        for start in (0..height.max(1)).step_by(most) {
            if self.must_stop(set) {
                left = (height - start) as u64;
                break;
            }
            let rows = if height <= most { chunk.frame.clone() } else { chunk.frame.slice(start as i64, most) };
            let part = Part {
                rows,
                rejects: rejects.take().unwrap_or_default(),
                bytes: std::mem::take(&mut bytes),
                source: &chunk.source,
                at,
                first: numbered.then(|| chunk.offsets.start + start as u64),
            };
            let mut shared = SharedRows::new(&part.rows, &set.sharing);
            for rule in &rules {
                self.take_part(&part, &piece, rule, set, &mut shared);
            }
            // Only the merger can let rows go, or groups leave for disk.
            if self.slots.iter().map(Slot::share).sum::<f64>() > 1.0 {
                self.send(None);
            }
        }
        let mut most_left = left;
        for slot in self.slots_of(set) {
            let left = slot.left + left;
            most_left = most_left.max(left);
            if left == 0 {
                slot.delta.history_bytes += piece.history_bytes;
                slot.delta.reached.merge(&piece.reached);
            }
        }
        if most_left > 0 {
            // What was left in the middle is not done.
            self.scan().leave_rows(most_left, &chunk.source);
        }
        // Live rows go on when nothing more waits; history at its pace.
        if self.last.elapsed() >= self.pace {
            self.hand_over();
        }
    }

    /// Takes a part of a chunk for the questions of one rule; `shared` are its rows for those of all rules.
    fn take_part(
        &mut self,
        part: &Part<'_>,
        piece: &Piece,
        rule: &Arc<RowRule>,
        set: &QuerySet,
        shared: &mut SharedRows<'_>,
    ) {
        let intake = self.intake.clone();
        let (scan, out, ending) = (&*intake.scan, &intake.out, self.ending.clone());
        let ruled = rule.apply(part.rows.clone(), part.rejects.clone(), piece.face);
        let ruled = ruled.and_then(|ruled| Ok((FaceRange::of(scan, &ruled, piece)?, ruled)));
        let own = self.slots_of(set).filter(|slot| Arc::ptr_eq(&slot.query.rule, rule) && slot.query.is_asked());
        let (range, ruled) = match ruled {
            Ok(ruled) => ruled,
            Err(fault) => {
                let fault = place(fault, part.source);
                own.for_each(|slot| slot.query.fail(fault.clone()));
                return;
            }
        };
        let whole = ruled.removed == 0 && ruled.frame.height() == part.rows.height();
        let join = Join {
            lookup: &|query| query.lookup(&|| scan.ending()),
            is_ending: &|| scan.ending(),
            must_stop: &|| is_past_grace(scan, &ending, GRACE_OF_JOIN),
        };
        for slot in own {
            slot.count_read(part.bytes, ruled.rejects.clone());
            slot.delta.overlap += ruled.removed;
            range.note(slot);
            let origin = Origin {
                source: part.source,
                face: piece.face,
                at: Some(part.at),
                first: part.first.filter(|_| whole),
                to_file: out.rows.iter().any(|(id, _)| *id == slot.query.id),
            };
            let shared = whole.then_some(&mut *shared);
            if let Err(fault) = slot.absorb(&ruled, shared, &origin, &join) {
                slot.query.fail(place(fault, part.source));
            }
        }
    }

    /// Whether what was read already is to be left: the scan is to end, and that takes long.
    fn must_stop(&self, set: &QuerySet) -> bool {
        let joins = set.queries.iter().any(|query| query.dataset.is_some());
        is_past_grace(self.scan(), &self.ending, if joins { GRACE_OF_JOIN } else { GRACE })
    }
}

/// Some rows of a chunk; the first part has what was read and rejected of all of it.
struct Part<'a> {
    rows: DataFrame,
    rejects: Rejects,
    bytes: u64,
    source: &'a Arc<str>,
    at: SourceRange,
    /// The position of the first row, where rows are numbered from there on.
    first: Option<u64>,
}

/// The event times of some rows, where there are two faces that may meet.
enum FaceRange {
    Unknown,
    History(polars::prelude::Int64Chunked, bool),
    Live(Option<(i64, i64)>),
}

impl FaceRange {
    fn of(scan: &Scan, ruled: &RuledRows, piece: &Piece) -> Result<Self> {
        let table = &scan.table;
        let (false, Some(time)) = (table.live.is_empty(), &table.time) else { return Ok(Self::Unknown) };
        let own = || Ok::<_, Fault>(finite(micros_of(ruled.frame.column(&time.column)?)?));
        Ok(match (piece.face, piece.times) {
            (Face::History, _) => Self::History(own()?, matches!(table.seam, Seam::Time(_))),
            (Face::Live, Some(_)) if ruled.removed == 0 => Self::Live(piece.times),
            (Face::Live, _) => {
                let own = own()?;
                Self::Live(own.min().zip(own.max()))
            }
        })
    }

    fn note(&self, slot: &mut Slot) {
        match self {
            Self::Unknown => {}
            Self::History(times, by_time) => slot.delta.times.note_history(times, *by_time),
            Self::Live(times) => slot.delta.times.note_live(*times),
        }
    }
}

fn is_past_grace(scan: &Scan, ending: &Cell<Option<Instant>>, grace: Duration) -> bool {
    if scan.finish.is_set() && ending.get().is_none() {
        ending.set(Some(Instant::now()));
    }
    scan.cancel.is_set() || ending.get().is_some_and(|since| since.elapsed() > grace)
}

fn place(fault: Fault, source: &str) -> Fault {
    if fault.place.is_empty() { fault.at(source.to_owned()) } else { fault }
}
