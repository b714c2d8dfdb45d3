//! A table's live face as the engine holds it: an address, and, where its rows can be had only once, a recording that
//! every question reads from its beginning.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use crate::data::{Chunk, Fault, Positions, Result};
use crate::source::live::{self, Event, Expect, FeedUrl, Live, LiveKind};
use crate::store::segments::Segments;
use crate::sync::{Cancel, StopOnDrop, Wake, Worker};

/// One feed. Clones share its connection and its recording.
#[derive(Clone)]
pub struct Feed {
    pub url: FeedUrl,
    pub kind: &'static LiveKind,
    expect: Expect,
    /// A connection that is open already and waits for the first run to take it.
    open: Arc<Mutex<Option<Box<dyn Live>>>>,
    recording: Option<Arc<Recording>>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Feed({})", self.url)
    }
}

impl PartialEq for Feed {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

/// How long the first rows may take before a feed counts as silent.
pub const FIRST_ROWS: Duration = Duration::from_secs(10);

impl Feed {
    /// A feed that is connected when a run needs it.
    ///
    /// # Errors
    /// When this build has no such kind of feed.
    pub fn new(url: &str, expect: Expect) -> Result<Self> {
        let url = FeedUrl::parse(url)?;
        let kind = live::kind_of(&url)?;
        Ok(Self { url, kind, expect, open: Arc::default(), recording: None })
    }

    /// Connects now and waits for the first rows, so that the schema is known. The connection is kept for the first
    /// run. `None` when nothing came in time, or the feed ended without a row.
    ///
    /// # Errors
    /// When it cannot be connected.
    pub fn settle(&self, wait: Duration, cancel: &Cancel) -> Result<Option<SchemaRef>> {
        let mut live = live::open(&self.url, self.expect.clone())?;
        let begun = Instant::now();
        while begun.elapsed() < wait && !cancel.is_set() {
            if let Some(schema) = live.settle(Duration::from_millis(50))? {
                *self.lock() = Some(live);
                return Ok(Some(schema));
            }
        }
        Ok(None)
    }

    /// The same feed, recorded from now on where its rows could not be had again.
    ///
    /// # Errors
    /// When it cannot be connected or there is no thread for it.
    pub fn recorded(mut self, schema: SchemaRef, wake: Wake) -> Result<Self> {
        if !self.kind.rereadable && self.recording.is_none() {
            let live = self.connect()?.0;
            self.recording = Some(Recording::start(self.url.text.clone(), live, schema, wake)?);
        }
        Ok(self)
    }

    /// The position vector before its first row: where the address says that reading begins.
    pub fn start(&self) -> Positions {
        let from = self.url.params.get("from").filter(|_| self.url.scheme == "file").and_then(|from| from.parse().ok());
        from.map(|from| (0, from)).into_iter().collect()
    }

    /// A connection for one run, and whether it can be held back.
    ///
    /// # Errors
    /// When it cannot be connected (again).
    pub fn connect(&self) -> Result<(Box<dyn Live>, bool)> {
        if let Some(recording) = &self.recording {
            return Ok((Box::new(Tail { recording: recording.clone(), next: 0, columns: Vec::new() }), true));
        }
        if let Some(live) = self.lock().take() {
            return Ok((live, self.kind.can_wait));
        }
        Ok((live::open(&self.url, self.expect.clone())?, self.kind.can_wait))
    }

    /// A connection of its own from which the past can be read.
    ///
    /// # Errors
    /// When it cannot be connected, or its rows can be had only once and were not recorded.
    pub fn reread(&self) -> Result<Box<dyn Live>> {
        match &self.recording {
            Some(recording) => Ok(Box::new(Tail { recording: recording.clone(), next: 0, columns: Vec::new() })),
            None if self.kind.rereadable => live::open(&self.url, self.expect.clone()),
            None => Err(Fault::new("its rows were not recorded, and it cannot be read again").at(self.url.shown())),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn Live>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a feed said since it was connected: kept in memory while small, on disk when it grows.
struct Recording {
    said: Mutex<Said>,
    _stop: StopOnDrop,
    schema: SchemaRef,
}

#[derive(Default)]
struct Said {
    events: Vec<Entry>,
    ended: bool,
    segments: Segments,
    in_memory: usize,
}

/// One entry of a recording.
enum Entry {
    Memory(Arc<Chunk>),
    Disk(usize),
    Gap(String),
    Trouble(String),
}

/// Rows in memory beyond which older ones move to disk, bytes.
const IN_MEMORY: usize = 64 << 20;

impl Recording {
    fn start(name: String, mut live: Box<dyn Live>, schema: SchemaRef, wake: Wake) -> Result<Arc<Self>> {
        let cancel = Cancel::new();
        let recording = Arc::new(Self { said: Mutex::default(), _stop: StopOnDrop(cancel.clone()), schema: schema.clone() });
        // The thread holds no strong reference: the recording ends when the last table that shows it is closed.
        let (weak, panicked) = (Arc::downgrade(&recording), Arc::downgrade(&recording));
        let work = move || {
            let columns: Vec<usize> = (0..schema.len()).collect();
            live.project(&columns);
            while !cancel.is_set() {
                let event = live.poll(Duration::from_millis(50));
                let Some(recording) = weak.upgrade() else { break };
                if recording.note(event) {
                    wake.ring();
                    break;
                }
            }
        };
        let on_panic = move |said: String| {
            if let Some(recording) = panicked.upgrade() {
                recording.note(Err(Fault::new(format!("internal error: {said}"))));
            }
        };
        Worker::spawn("record", work, on_panic).map_err(|e| Fault::io(name, &e))?;
        Ok(recording)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an event; true when it was the last.
    fn note(&self, event: Result<Event>) -> bool {
        let mut said = self.lock();
        match event {
            Ok(Event::Quiet) => {}
            Ok(Event::Chunk(chunk)) => {
                said.in_memory += chunk.frame.estimated_size();
                said.events.push(Entry::Memory(Arc::new(chunk)));
                if said.in_memory > IN_MEMORY {
                    said.move_to_disk();
                }
            }
            Ok(Event::Gap { reason }) => said.events.push(Entry::Gap(reason)),
            Ok(Event::Trouble { reason }) => said.events.push(Entry::Trouble(reason)),
            Ok(Event::End) => said.ended = true,
            Err(fault) => {
                said.events.push(Entry::Trouble(fault.to_string()));
                said.ended = true;
            }
        }
        said.ended
    }
}

impl Said {
    /// Writes what is in memory to disk. Where the disk refuses, rows stay in memory and the feed says so.
    fn move_to_disk(&mut self) {
        for entry in &mut self.events {
            if let Entry::Memory(chunk) = entry {
                match self.segments.append(chunk) {
                    Ok(segment) => *entry = Entry::Disk(segment),
                    Err(fault) => {
                        self.in_memory = 0;
                        self.events.push(Entry::Trouble(format!("the recording stays in memory: {fault}")));
                        return;
                    }
                }
            }
        }
        self.in_memory = 0;
    }
}

/// Reads a recording from its beginning and then as it grows: a feed like any other, but one that can wait.
struct Tail {
    recording: Arc<Recording>,
    next: usize,
    columns: Vec<usize>,
}

impl Live for Tail {
    fn settle(&mut self, _wait: Duration) -> Result<Option<SchemaRef>> {
        Ok(Some(self.recording.schema.clone()))
    }

    fn project(&mut self, columns: &[usize]) {
        self.columns = columns.to_vec();
    }

    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let event = {
            let said = self.recording.lock();
            match said.events.get(self.next) {
                Some(Entry::Memory(chunk)) => Some(Event::Chunk(Chunk::clone(chunk))),
                Some(Entry::Disk(segment)) => Some(Event::Chunk(said.segments.read(*segment)?)),
                Some(Entry::Gap(reason)) => Some(Event::Gap { reason: reason.clone() }),
                Some(Entry::Trouble(reason)) => Some(Event::Trouble { reason: reason.clone() }),
                None if said.ended => Some(Event::End),
                None => None,
            }
        };
        let Some(event) = event else {
            std::thread::sleep(wait.min(Duration::from_millis(10)));
            return Ok(Event::Quiet);
        };
        self.next += 1;
        Ok(match event {
            Event::Chunk(mut chunk) => {
                let columns = self.columns.iter().filter_map(|i| chunk.frame.columns().get(*i).cloned()).collect();
                chunk.frame = polars::prelude::DataFrame::new(chunk.frame.height(), columns)?;
                Event::Chunk(chunk)
            }
            other => other,
        })
    }
}
