//! A table's live face as the engine holds it: an address, and, where its rows can be had only once, a recording that
//! every question reads from its beginning.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use polars::prelude::SchemaRef;

use super::recording::{Recording, RecordingPlace, Subject};
use crate::data::{Fault, Positions, Result};
use crate::source::live::{self, Expect, FeedUrl, LiveKind, Opened};
use crate::store::log::{Keep, Unrecorded};
use crate::sync::{Cancel, StopOnDrop, Wake, Worker};

/// One feed. Clones share its connection and its recording.
#[derive(Clone)]
pub struct Feed {
    pub url: FeedUrl,
    pub kind: &'static LiveKind,
    expect: Expect,
    /// A connection that is open already and waits for the first run to take it.
    open: Arc<Mutex<Option<Box<dyn Opened>>>>,
    /// Where it is recorded so that it survives; `None` records it for this process only.
    place: Option<RecordingPlace>,
    /// What was found damaged in its recording before that was opened.
    damage: Arc<Mutex<Vec<Fault>>>,
    recording: Option<Arc<Recording>>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Feed({})", self.url.shown())
    }
}

impl PartialEq for Feed {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

/// How long a wait is before a look at whether to stop.
const LOOK: Duration = Duration::from_millis(50);
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
        Ok(Self { url, kind, expect, open: Arc::default(), place: None, damage: Arc::default(), recording: None })
    }

    /// The feed of the same file that begins at this byte.
    ///
    /// # Errors
    /// As `new`.
    pub fn beginning_at(&self, byte: u64) -> Result<Self> {
        Self::new(&self.url.with("from", byte)?.text, self.expect.clone())
    }

    /// The same feed, to be recorded in a workspace. Call it before `settle`.
    pub fn kept_in(mut self, place: RecordingPlace) -> Self {
        if !self.kind.rereadable {
            self.place = Some(place);
        }
        self
    }

    /// Connects now and waits for the first rows, so that the schema is known. The connection is kept for the first
    /// run. `None` when nothing came in time, or the feed ended without a row. A feed that was recorded before is known
    /// without waiting; one that was recorded to its end is connected again only if it has rows to give.
    ///
    /// # Errors
    /// When it cannot be connected.
    pub fn settle(&self, wait: Duration, cancel: &Cancel) -> Result<Option<SchemaRef>> {
        let found = self.place.as_ref().map_or(Ok(Vec::new()), |place| place.mend(&self.url, &self.expect))?;
        let damaged = found.first().map(|fault| format!("; and {}: {}", fault.place, fault.what)).unwrap_or_default();
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
        let known = self.place.as_ref().and_then(|place| place.known(&self.url));
        let schema = known.as_ref().and_then(|meta| meta.schema());
        let rests = self.place.as_ref().is_some_and(|place| place.rests);
        let ended = known.is_some_and(|meta| meta.ended && !rests);
        match schema {
            Some(schema) if !ended => Ok(Some(schema)),
            Some(schema) => Ok(Some(self.connect_first(wait, cancel).ok().flatten().unwrap_or(schema))),
            None => self.connect_first(wait, cancel).map_err(|fault| Fault { what: fault.what + &damaged, ..fault }),
        }
    }

    fn connect_first(&self, wait: Duration, cancel: &Cancel) -> Result<Option<SchemaRef>> {
        // A name may take long to be found and a server to answer, and neither can be broken off: so another thread
        // waits for them, and is left behind when the time is up.
        let (settled, outcome) = crossbeam_channel::bounded(1);
        let given_up = Cancel::new();
        let _stop = StopOnDrop(given_up.clone());
        let (url, expect) = (self.url.clone(), self.expect.clone());
        let failed = settled.clone();
        let on_panic = move |said: String| {
            let _ =
                failed
                    .try_send(Err(Fault::new(format!("internal error: {said}"))
                        .hint("please report it with the feed and its data")));
        };
        Worker::spawn("connect", move || drop(settled.send(settle(&url, expect, &given_up))), on_panic)
            .map_err(|e| Fault::io("starting a thread", &e))?;
        let begun = Instant::now();
        while !cancel.is_set() {
            let left = wait.saturating_sub(begun.elapsed());
            match outcome.recv_timeout(left.min(LOOK)) {
                Ok(settled) => {
                    return settled.map(|settled| {
                        settled.map(|(live, schema)| {
                            *self.lock() = Some(live);
                            schema
                        })
                    });
                }
                Err(_) if left.is_zero() => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Ok(None)
    }

    /// The same feed, recorded from now on where its rows could not be had again.
    ///
    /// # Errors
    /// When there is no place or no thread for it.
    pub fn recorded(mut self, wake: Wake) -> Result<Self> {
        if !self.kind.rereadable && self.recording.is_none() {
            let subject = Subject { url: self.url.clone(), kind: self.kind, expect: self.expect.clone() };
            let taken = self.lock().take().and_then(Opened::into_parts);
            self.recording = Some(Recording::start(subject, self.place.as_ref(), taken, wake)?);
        }
        Ok(self)
    }

    /// What is recorded of it, where it is.
    pub fn kept(&self) -> Option<Kept> {
        let log = self.recording.as_ref()?.log();
        let mut faults = self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        faults.extend(log.faults());
        Some(Kept { folder: log.folder().to_owned(), bytes: log.size(), range: log.range(), faults })
    }

    /// Whether it was stopped, and what is recorded of it is all that it gives.
    pub fn rests(&self) -> bool {
        self.recording.as_ref().is_some_and(|recording| recording.rests())
    }

    /// Connects it again, where it rests.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn go_on(&self) -> Result<()> {
        self.recording.as_ref().map_or(Ok(()), |recording| recording.go_on())
    }

    /// Where its connection is lost, it is tried again at once.
    pub fn try_now(&self) {
        self.expect.try_now.make();
    }

    /// Its recording keeps so much from now on.
    pub fn keep(&self, keep: Keep) {
        if let Some(recording) = &self.recording {
            recording.log().keep(keep);
        }
    }

    /// What its recording lacks, where it is recorded.
    pub fn unrecorded(&self) -> Option<Unrecorded> {
        self.recording.as_ref().map(|recording| recording.log().unrecorded())
    }

    /// Tells its recording from any other of the same feed.
    pub fn recording_id(&self) -> Option<u64> {
        self.recording.as_ref().map(|recording| recording.log().id())
    }

    /// Returns when all that was recorded so far survives a power cut: before positions in it are written down.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> Result<()> {
        self.recording.as_ref().filter(|_| self.place.is_some()).map_or(Ok(()), |recording| recording.log().sync())
    }

    /// The position vector before its first row: where the address says that reading begins.
    pub fn start(&self) -> Positions {
        let from = self.url.params.get("from").filter(|_| self.url.follows_file()).and_then(|from| from.parse().ok());
        from.map(|from| (0, from)).into_iter().collect()
    }

    /// A connection for one run, and whether it can be held back.
    ///
    /// # Errors
    /// When it cannot be connected (again).
    pub fn connect(&self) -> Result<(Box<dyn Opened>, bool)> {
        if let Some(recording) = &self.recording {
            return Ok((recording.play(), true));
        }
        if let Some(live) = self.lock().take() {
            return Ok((live, self.kind.can_wait));
        }
        Ok((live::open(&self.url, self.expect.clone())?, self.kind.can_wait))
    }

    /// Whether what it gave can be had once more.
    pub fn can_be_read_again(&self) -> bool {
        self.recording.is_some() || self.kind.rereadable
    }

    /// A connection of its own from which the past can be read.
    ///
    /// # Errors
    /// When it cannot be connected, or its rows can be had only once and were not recorded.
    pub fn reread(&self) -> Result<Box<dyn Opened>> {
        match &self.recording {
            Some(recording) => Ok(recording.play()),
            None if self.kind.rereadable => live::open(&self.url, self.expect.clone()),
            None => Err(Fault::new("its rows were not recorded, and it cannot be read again").at(self.url.shown())),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Box<dyn Opened>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connects and waits for the first rows, until that is given up.
fn settle(url: &FeedUrl, expect: Expect, given_up: &Cancel) -> Result<Option<(Box<dyn Opened>, SchemaRef)>> {
    let mut live = live::open(url, expect)?;
    while !given_up.is_set() {
        if let Some(schema) = live.settle(LOOK)? {
            return Ok(Some((live, schema)));
        }
    }
    Ok(None)
}

/// The extent of a recording.
#[derive(Clone, Debug)]
pub struct Kept {
    pub folder: PathBuf,
    /// On disk.
    pub bytes: u64,
    /// Positions of the oldest and after the newest byte of the feed that are kept.
    pub range: std::ops::Range<u64>,
    /// Damage that was found.
    pub faults: Vec<Fault>,
}
