//! What all threads of a run share: its question and options, how far it is, and what its threads have to say. Starting
//! the threads is `run`'s.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::barrier::Barrier;
use super::budget::Budget;
use super::checkpoint::{Resumed, Stored};
use super::counts::{Audit, TimeGap};
use super::dataset::{Context, Dataset};
use super::divider::Divider;
use super::table::DEFAULT_LATENESS;
use super::watermark::Watermark;
use super::{Options, Table};
use crate::data::{Fault, Positions, Result};
use crate::query::Plan;
use crate::query::join::Lookup;
use crate::source::live::Numbered;
use crate::sync::Cancel;

/// What all threads of a run share.
#[derive(Debug)]
pub struct Shared {
    pub plan: Arc<Plan>,
    pub table: Arc<Table>,
    pub options: Options,
    pub budget: Budget,
    pub watermark: Watermark,
    pub divider: Divider,
    pub barrier: Barrier,
    /// No other process writes the checkpoints of this question.
    _lock: Option<std::fs::File>,
    /// Late rows are to be re-admitted.
    pub readmit: Asked,
    /// The checkpoint that this run goes on from.
    pub resumed: Option<Resumed>,
    /// What rows are joined with.
    pub dataset: Option<Dataset>,
    /// Ends when all rows that go to a file are there.
    pub poured: Option<Receiver<()>>,
    /// How long the merger took with the last partial.
    pub merging: Took,
    /// Rows that were read were left because the run was to end: what is known is no state to go on from.
    pub torn: AtomicBool,
    /// Stop at once: nobody looks any more.
    pub cancel: Cancel,
    /// End all inputs, then say the last word.
    pub finish: Cancel,
    pub news: Mutex<News>,
    pub started: Instant,
}

/// A time taken, told from one thread to others.
#[derive(Debug, Default)]
pub struct Took(AtomicU64);

impl Took {
    pub fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    pub fn set(&self, took: Duration) {
        self.0.store(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What threads have to say beside rows.
#[derive(Debug, Default)]
pub struct News {
    pub notes: Vec<String>,
    /// Those of them that may come again.
    pub again: Vec<Told>,
    pub fault: Option<Fault>,
    pub gaps: Vec<TimeGap>,
    /// Feeds that cannot be reached at the moment, and why.
    pub trouble: BTreeMap<String, String>,
    pub dropped: u64,
    pub live_open: usize,
    pub logs: Vec<Log>,
    pub audit: Option<Audit>,
}

/// A feed as the seam sees it.
#[derive(Clone, Debug)]
pub struct Log {
    /// Which of the table's feeds.
    pub feed: usize,
    pub source: Arc<str>,
    /// Where each partition of its log ended when the run began; empty where it has no past.
    pub ends: Positions,
    /// The first live position that each partition gave.
    pub first_live: Vec<(u32, u64)>,
    pub mark: Vec<u8>,
    /// What the numbers of its messages said in this run, where they are numbered.
    pub numbered: Option<Numbered>,
}

/// A note that stands for all of its cause.
#[derive(Debug)]
pub struct Told {
    cause: String,
    note: String,
    times: u64,
}

/// Notes kept; a feed in trouble for days must not fill memory.
const NOTES: usize = 200;

impl Shared {
    /// # Errors
    /// When the seam cannot be what the table says.
    pub fn new(
        plan: Arc<Plan>,
        table: Arc<Table>,
        options: Options,
        dataset: Option<Dataset>,
        stored: Option<Stored>,
        poured: Option<Receiver<()>>,
    ) -> Result<Self> {
        let (lock, resumed, notes) =
            stored.map_or((None, None, Vec::new()), |stored| (Some(stored.lock), stored.resumed, stored.notes));
        let lateness = table.time.as_ref().map_or(DEFAULT_LATENESS, |time| time.lateness);
        Ok(Self {
            budget: Budget::new(&options),
            watermark: Watermark::new(lateness),
            divider: Divider::new(&table, resumed.as_ref().and_then(|resumed| resumed.seen.as_ref()))?,
            barrier: Barrier::default(),
            _lock: lock,
            readmit: Asked::default(),
            resumed,
            dataset,
            poured,
            merging: Took::default(),
            torn: AtomicBool::new(false),
            cancel: Cancel::new(),
            finish: Cancel::new(),
            news: Mutex::new(News { notes, live_open: table.live.len(), ..News::default() }),
            started: Instant::now(),
            plan,
            table,
            options,
        })
    }

    pub fn news(&self) -> std::sync::MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn note(&self, note: String) {
        let mut news = self.news();
        if news.notes.last() != Some(&note) {
            if news.notes.len() >= NOTES {
                news.notes.remove(0);
            }
            news.notes.push(note);
        }
    }

    /// As `note`, for what may come again and again: it stays one note, of the newest, with its count. What differs
    /// only in numbers is of one cause.
    pub fn note_again(&self, note: String) {
        let mut cause: String = note.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
        while cause.contains("##") {
            cause = cause.replace("##", "#");
        }
        let mut news = self.news();
        let place = news.again.iter().position(|told| told.cause == cause);
        let Some(mut told) = place.map(|place| news.again.remove(place)) else {
            news.again.push(Told { cause, note: note.clone(), times: 1 });
            drop(news);
            return self.note(note);
        };
        let shown = |told: &Told| {
            if told.times > 1 {
                format!("{} ({} times, this is the last)", told.note, told.times)
            } else {
                told.note.clone()
            }
        };
        let before = shown(&told);
        (told.note, told.times) = (note, told.times + 1);
        let now = shown(&told);
        match news.notes.iter_mut().find(|note| **note == before) {
            Some(note) => *note = now,
            None => news.notes.push(now),
        }
        news.again.push(told);
        if news.again.len() > NOTES {
            news.again.remove(0);
        }
    }

    /// Part of the input cannot be read; the rest goes on. One that ends a source is told before one of a part of it.
    pub fn fault(&self, fault: Fault) {
        let mut news = self.news();
        let first = news.fault.take();
        let (told, beside) = match first {
            None => (fault, None),
            Some(first) if first.lost.is_some() && fault.lost.is_none() => (fault, Some(first)),
            Some(first) => {
                let beside = Some(fault).filter(|fault| fault.lost.is_some() && *fault != first);
                (first, beside)
            }
        };
        news.fault = Some(told);
        drop(news);
        if let Some(beside) = beside {
            self.note(beside.to_string());
        }
    }

    /// The question itself cannot be answered: the run ends.
    pub fn fail(&self, fault: Fault) {
        self.fault(fault);
        self.finish.set();
    }

    /// What rows are joined with, where they are.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn lookup(&self) -> Result<Option<Arc<Lookup>>> {
        match (&self.dataset, &self.plan.join) {
            (Some(dataset), Some(join)) => dataset
                .lookup(
                    join,
                    &Context { budget: &self.budget, note: &|note| self.note(note), is_ending: &|| self.ending() },
                )
                .map(Some),
            _ => Ok(None),
        }
    }

    /// Looks after what rows are joined with until the feeds have ended.
    pub fn watch_dataset(&self) {
        if let (Some(dataset), Some(join)) = (&self.dataset, &self.plan.join) {
            let context = Context { budget: &self.budget, note: &|note| self.note(note), is_ending: &|| self.ending() };
            dataset.watch(join, &context, &|| self.news().live_open > 0);
        }
    }

    /// Some rows of a piece were left because the run is to end.
    pub fn tear(&self, rows: u64, source: &str) {
        self.torn.store(true, Ordering::Release);
        self.note(format!("stopped early: {rows} rows of {source} were read and are not in this answer"));
    }

    pub fn ending(&self) -> bool {
        self.cancel.is_set() || self.finish.is_set()
    }
}

/// Something that a person asked for once.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<AtomicBool>);

impl Asked {
    pub fn ask(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was asked for since the last call.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}
