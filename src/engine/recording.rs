//! A recording: the bytes of a feed that can be had only once, copied into a log as they come. Questions follow the log
//! as they would a file, each decoding only the columns that it asks for.
//!
//! Recording decoded columns would make a question that needs three of nine fields pay for nine.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;

use super::recorder::Recorder;
pub use super::recorder::Subject;
use crate::data::{Fault, Result};
use crate::disk::{self, Scratch, own};
use crate::source::live::byte_source::ByteSource;
use crate::source::live::stream::Stream;
use crate::source::live::stream_format::{FormatHint, StreamFormat};
use crate::source::live::stream_parts::StreamParts;
use crate::source::live::{Event, Expect, FeedUrl, Opened, ReadOptions, Reading, unsettled};
use crate::store::log::{Keep, Log, LogMeta, LogOptions};
use crate::sync::{Cancel, StopOnDrop, Wake, Worker};

/// Where a feed is recorded so that it survives the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingPlace {
    /// A workspace; recordings are in its folder `recording`.
    pub workspace: PathBuf,
    /// The table it is recorded for.
    pub table: String,
    pub keep: Keep,
    /// The feed was stopped: what is recorded of it is read, and it is not connected until it goes on.
    pub rests: bool,
}

/// What begins to record.
type Begin = Box<dyn FnOnce() -> Result<()> + Send>;

impl RecordingPlace {
    /// The folder of one feed's recording.
    pub fn folder(&self, url: &FeedUrl) -> PathBuf {
        let table: String = self.table.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).take(40).collect();
        let hash = crc32fast::hash(format!("{}\n{}", self.table, url.text).as_bytes());
        self.workspace.join("recording").join(format!("{table}-{}-{hash:08x}", url.scheme))
    }

    /// Finds out once more what a recording is of, where its description is damaged; what was found wrong.
    ///
    /// # Errors
    /// When it cannot be told; the fault names what is damaged.
    pub fn mend(&self, url: &FeedUrl, expect: &Expect) -> Result<Vec<Fault>> {
        let folder = self.folder(url);
        let place = LogMeta::path(&folder);
        if !place.exists() || Log::peek(&folder).is_some() {
            return Ok(Vec::new());
        }
        own::within(&self.workspace, &folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
        let (log, faults) = Log::open(&folder, LogOptions::default())?;
        if log.range().is_empty() {
            return Ok(faults);
        }
        let unknown = |fault: Fault| {
            let what = format!("the description of a recording is damaged, and cannot be made again: {}", fault.what);
            Fault::new(what)
                .at(place.display().to_string())
                .hint(format!("move {} away to begin a new recording", folder.display()))
        };
        let shape = restore(&log, &url.shown().into(), expect).map_err(unknown)?;
        log.describe(|meta| {
            meta.set_schema(shape.schema());
            (meta.format, meta.whole) = (shape.format.name.to_owned(), shape.whole);
            (meta.url, meta.table) = (url.shown(), self.table.clone());
        })?;
        Ok(faults)
    }

    /// What is known of the recording there, if there is one.
    pub fn known(&self, url: &FeedUrl) -> Option<LogMeta> {
        Log::peek(&self.folder(url))
    }
}

/// A recording that goes on while anybody holds it.
pub struct Recording {
    log: Arc<Log>,
    shape: Arc<OnceLock<StreamFormat>>,
    source: Arc<str>,
    /// The field that numbers its messages, where one does.
    number: Option<String>,
    /// What goes on recording, while it rests.
    waiting: Mutex<Option<Begin>>,
    _folder: Option<Arc<Scratch>>,
    _stop: StopOnDrop,
}

impl Recording {
    /// Begins to record, or takes up again what is in the workspace. `taken` is a connection that is open already.
    ///
    /// # Errors
    /// When the folder cannot be used, what is in it cannot be told, or there is no thread.
    pub fn start(
        subject: Subject,
        place: Option<&RecordingPlace>,
        taken: Option<StreamParts>,
        wake: Wake,
    ) -> Result<Arc<Self>> {
        let options = LogOptions { keep: place.map(|p| p.keep).unwrap_or_default(), ..LogOptions::default() };
        Self::start_with(options, subject, place, taken, wake)
    }

    /// As `start`, with a log that is kept so.
    ///
    /// # Errors
    /// As `start`.
    pub fn start_with(
        options: LogOptions,
        subject: Subject,
        place: Option<&RecordingPlace>,
        taken: Option<StreamParts>,
        wake: Wake,
    ) -> Result<Arc<Self>> {
        let source: Arc<str> = subject.url.shown().into();
        let failed = |e: std::io::Error| Fault::io("a folder for the recording", &e);
        let temporary = if place.is_none() { Some(Arc::new(Scratch::new("recording").map_err(failed)?)) } else { None };
        let folder = match (place, &temporary) {
            (Some(place), _) => place.folder(&subject.url),
            (None, Some(temporary)) => temporary.path().join("log"),
            (None, None) => return Err(Fault::new("there is no place for the recording").at(&*source)),
        };
        if let Some(place) = place {
            own::within(&place.workspace, &folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
        }
        // A pipe that ended was recorded whole; the next one is another recording.
        if taken.is_some() && Log::peek(&folder).is_some_and(|meta| meta.ended) {
            // The next is recorded where this one stood.
            disk::put_away(&folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
        }
        let (log, _) = Log::open(&folder, options)?;
        let shape = Arc::new(OnceLock::new());
        let before = !log.range().is_empty();
        if before {
            let _ = shape.set(restore(&log, &source, &subject.expect)?);
        } else {
            let table = place.map(|p| p.table.clone()).unwrap_or_default();
            log.describe(|meta| (meta.url, meta.table) = (source.to_string(), table))?;
        }
        let cancel = Cancel::new();
        let number = subject.url.params.get("number").cloned();
        let recording = Arc::new(Self {
            log: log.clone(),
            shape: shape.clone(),
            source,
            number,
            waiting: Mutex::default(),
            _folder: temporary.clone(),
            _stop: StopOnDrop(cancel.clone()),
        });
        if log.meta().ended {
            return Ok(recording);
        }
        let recorder = Recorder::new(subject, log.clone(), shape, before, cancel);
        let work = move || {
            recorder.run(taken);
            wake.ring();
            // The folder stays at least as long as the recorder writes to it.
            drop(temporary);
        };
        let own = log.clone();
        let on_panic = move |said: String| {
            own.fail(Fault::new(format!("internal error: {said}")).hint("please report it with the feed and its data"));
        };
        let begin =
            || Worker::spawn("record", work, on_panic).map(drop).map_err(|e| Fault::io("starting a thread", &e));
        if before && place.is_some_and(|place| place.rests) {
            log.close();
            *recording.waits() = Some(Box::new(begin));
        } else {
            begin()?;
        }
        Ok(recording)
    }

    fn waits(&self) -> MutexGuard<'_, Option<Begin>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is added to it until it goes on.
    pub fn rests(&self) -> bool {
        self.waits().is_some()
    }

    /// Connects a feed that rests, and records it from now on.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn go_on(&self) -> Result<()> {
        let Some(begin) = self.waits().take() else { return Ok(()) };
        self.log.reopen();
        begin()
    }

    /// The recording from its beginning, and then as it grows: a feed like any other, but one that can wait.
    pub fn play(self: &Arc<Self>) -> Box<dyn Opened> {
        Box::new(Playing { recording: self.clone(), stream: None })
    }

    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }
}

/// How the bytes of a recording become rows: as it says, or else as its first bytes show.
fn restore(log: &Arc<Log>, source: &Arc<str>, expect: &Expect) -> Result<StreamFormat> {
    let meta = log.meta();
    let head = match log.head(0) {
        Some(head) => head,
        None => first_bytes(log)?,
    };
    let known = meta.schema().or_else(|| expect.known.clone());
    let shape = if meta.format.is_empty() {
        StreamFormat::sniff(source, FormatHint::Find(Path::new("recording")), &head, false, known)
    } else {
        StreamFormat::restore(source, &meta.format, &head, meta.whole, known)
    };
    shape.map_err(|fault| Fault {
        hint: format!("move {} away to begin a new recording", log.folder().display()).into(),
        ..fault
    })
}

/// The beginning of the recording, as far as it is still there.
fn first_bytes(log: &Arc<Log>) -> Result<Vec<u8>> {
    let (mut reader, mut head) = (log.reader(), Vec::new());
    let until = Instant::now() + Duration::from_secs(5);
    while head.len() < HEAD && reader.position() < log.range().end && Instant::now() < until {
        reader.poll(Duration::ZERO, &mut head)?;
    }
    Ok(head)
}

const HEAD: usize = 1 << 20;

/// A recording that a question is about to read.
struct Playing {
    /// Before the recording, so that it is dropped first.
    stream: Option<Box<Stream>>,
    recording: Arc<Recording>,
}

/// A recording that a question reads.
struct Played {
    /// Before the recording, so that it is dropped first.
    rows: Box<dyn Reading>,
    recording: Arc<Recording>,
}

impl Opened for Playing {
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(stream) = &mut self.stream {
                return stream.settle(wait);
            }
            // Asked before the shape, which is there when it ends well.
            let over = self.recording.log.over();
            if let Some(shape) = self.recording.shape.get() {
                let recording = &self.recording;
                let stream =
                    Stream::recorded(Box::new(recording.log.reader()), recording.source.clone(), shape.clone())?;
                self.stream = Some(Box::new(stream.numbered(recording.number.as_ref())));
                continue;
            }
            if let Some(fault) = over {
                return Err(fault.at(&*self.recording.source));
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            std::thread::sleep(LOOK.min(deadline - now));
        }
    }

    fn mark(&self) -> Vec<u8> {
        self.recording.log.id().to_le_bytes().to_vec()
    }

    fn read(self: Box<Self>, options: &ReadOptions) -> Result<Box<dyn Reading>> {
        let Self { stream, recording } = *self;
        let stream = stream.ok_or_else(|| unsettled(&recording.source))?;
        Ok(Box::new(Played { rows: stream.read(options)?, recording }))
    }
}

impl Reading for Played {
    fn poll(&mut self, wait: Duration) -> Result<Event> {
        match self.rows.poll(wait)? {
            // What was recorded before the feed failed was handed out.
            Event::End => {
                self.recording.log.failed().map_or(Ok(Event::End), |fault| Err(fault.at(&*self.recording.source)))
            }
            event => Ok(event),
        }
    }
}

const LOOK: Duration = Duration::from_millis(5);
