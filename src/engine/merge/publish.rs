//! The snapshot that the merger publishes: the answer, read from the merged partial, and everything there is to say
//! about it at that moment.

use std::sync::Arc;
use std::time::Instant;

use super::answering::{ASIDE, Answering};
use super::{Epoch, persist};
use crate::data::Positions;
use crate::engine::diagnostics::Diagnostics;
use crate::engine::ledger::ledger;
use crate::engine::moment::Moment;
use crate::engine::sealed_answer::SealedAnswer;
use crate::engine::snapshot::Trouble;
use crate::query::window::Micros;

impl Answering {
    /// Publishes a snapshot; `fresh` when the answer must be read again. Those of one epoch hold the same rows.
    pub(super) fn publish(&mut self, fresh: bool, last: bool, epoch: Epoch) {
        let timed = self.scan.table.time.as_ref();
        let watermark = timed.and_then(|_| self.scan.watermark.answered(Instant::now()));
        if fresh {
            self.read_answer(watermark, last);
            let since = self.note_read();
            let s = &mut self.snapshot;
            (s.epoch, s.moment, s.since) = (epoch.number, Some(epoch.at), since);
        }
        let (now, read, catching_up) = (Instant::now(), self.has_read(), self.is_catching_up());
        self.snapshot.stats.state_bytes = self.partial.size() as u64;
        self.snapshot.sealed_groups = self.sealed.groups();
        if last {
            self.show_all(watermark);
        }
        self.stamp(now, last);
        let s = &mut self.snapshot;
        s.watermark = watermark;
        s.catching_up = catching_up;
        s.live_rate = self.rate.get(now);
        s.seam = ledger(&self.scan, &self.query, &s.seam, &self.times, read);
        let ends = self.show_diagnostics();
        self.show_unrecorded(last);
        let s = &mut self.snapshot;
        s.reached.clone_from(&self.reached);
        s.reached.late = s.rows.late + s.rows.readmitted;
        s.reached.ends = ends;
        if last && s.stats.samples.last().is_none_or(|before| before.rows < s.rows.come_in) && s.rows.come_in > 0 {
            let sample = s.sample();
            s.stats.samples.push(sample);
        }
        // Also when only the clock moved on: what was true of the answer still is.
        s.notes.extend(self.answer_notes.iter().cloned());
        for (arrived, rows) in self.waiting.drain(..) {
            self.latencies.add(now.saturating_duration_since(arrived), rows);
        }
        s.stats.latency_ms = self.latencies.get();
        self.query.newest.put(s.clone());
        if fresh {
            self.query.unread.set(Moment::NEVER);
        }
        self.query.wake.ring();
    }

    /// Reads the answer from what is merged.
    fn read_answer(&mut self, watermark: Option<Micros>, last: bool) {
        // When every input has come to its end, every window has; before all history is read, none.
        let ended = last && !self.scan.finish.is_set();
        let reached = if ended { Some(Micros::MAX) } else { watermark.filter(|_| self.has_read()) };
        match self.answer(reached, last) {
            Ok(answer) => {
                self.snapshot.answer = answer.frame;
                self.snapshot.status = answer.status.map(Arc::from);
                self.snapshot.stats.groups = answer.groups as u64;
                self.answer_notes = answer.notes;
            }
            Err(fault) => self.query.fail(fault),
        }
    }

    /// The last snapshot holds all late rows, and the way to what of the answer is on disk.
    fn show_all(&mut self, watermark: Option<Micros>) {
        if self.snapshot.sealed_groups > 0 && self.spill.is_empty() {
            match self.partial.to_frame() {
                Ok(rest) => {
                    let plan = self.partial.plan().clone();
                    let whole = SealedAnswer::of_sealed(plan, &self.sealed, rest, watermark);
                    self.snapshot.sealed = Some(Arc::new(whole));
                }
                Err(fault) => self.query.fail(fault),
            }
        }
        self.snapshot.late = self.late.shown(usize::MAX);
    }

    /// Counts the snapshot, and says when it was made; the clock stops with the first of the last ones.
    fn stamp(&mut self, now: Instant, last: bool) {
        let s = &mut self.snapshot;
        s.version += 1;
        let ended_before = std::mem::replace(&mut s.last, last);
        if !ended_before {
            s.elapsed = now - self.started;
        }
        s.stats.first_answer_ms.get_or_insert(s.elapsed.as_secs_f64() * 1e3);
    }

    /// Shows what threads had to say; gives where the log of each feed ended when the table was first asked.
    fn show_diagnostics(&mut self) -> Vec<Positions> {
        let (of_scan, own, feeds) = (self.scan.diagnostics(), self.query.diagnostics(), self.scan.feeds());
        let s = &mut self.snapshot;
        s.notes.clone_from(&of_scan.notes);
        s.notes.extend(own.notes.iter().filter(|note| !of_scan.notes.contains(note)).cloned());
        s.notes.extend(s.rejects.unread());
        s.fault = own.fault.clone().or_else(|| of_scan.fault.clone());
        // Of the scan these are its feeds; of the question what it could not write.
        let feeds_lost = of_scan.trouble.iter().map(|told| (told, true));
        let all = feeds_lost.chain(own.trouble.iter().map(|told| (told, false)));
        s.troubles =
            all.map(|((what, why), is_feed)| Trouble { what: what.clone(), why: why.clone(), is_feed }).collect();
        s.gaps.clone_from(&feeds.gaps);
        s.rows.dropped = feeds.dropped;
        s.unkept = unkept(&own);
        s.live_open = feeds.open;
        s.audit.clone_from(&self.query.audit());
        let ends = |feed| feeds.log(feed).map(|log| log.ends.clone()).unwrap_or_default();
        (0..self.scan.table.live.len()).map(ends).collect()
    }

    /// What the recordings of the feeds lack.
    fn show_unrecorded(&mut self, last: bool) {
        let s = &mut self.snapshot;
        s.not_recorded = 0;
        for feed in &self.scan.table.live {
            let Some(lacks) = feed.unrecorded() else { continue };
            let name = feed.url.shown();
            s.not_recorded += lacks.rows;
            // While the run goes on, what waits is still to come.
            s.rows.dropped += lacks.dropped + if last { lacks.waiting } else { 0 };
            if let Some(why) = lacks.why.map(|why| format!("{name}: {why}")).filter(|why| !s.notes.contains(why)) {
                s.notes.push(why);
            }
            for (rows, what) in [
                (lacks.rows, "are in the answer and not in the recording, because it could not be written"),
                (lacks.dropped, "are neither in the answer nor in the recording, because it could not be written"),
                (lacks.waiting, "were read and wait to be recorded; they are not in the answer"),
            ] {
                if rows > 0 {
                    s.unkept.push(format!("{name}: {rows} rows {what}"));
                }
            }
        }
        let untold: Vec<String> = s.unkept.iter().filter(|line| !s.notes.contains(line)).cloned().collect();
        s.notes.extend(untold);
    }
}

/// What of a workspace cannot be written at present.
fn unkept(diagnostics: &Diagnostics) -> Vec<String> {
    let of = |what: &&str| diagnostics.trouble.get(*what).map(|why| format!("{what}: {why}"));
    [ASIDE, persist::SEALING, persist::CHECKPOINTS].iter().filter_map(of).collect()
}
