//! `replay:`: any file as a feed, paced by its time column, by rows per second, or not at all.
//! Reading is `file_chunks`'s; rows that come late or twice on purpose are `disorder`'s.

mod disorder;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::{Column, DataType, SchemaRef, TimeUnit};

use self::disorder::{Order, Sent};
use super::file_chunks::FileChunks;
use super::flush_timer::FlushTimer;
use super::{
    Event, Expect, FeedSetting, FeedUrl, LiveKind, Opened, Origin, ReadOptions, Reading, SettingKind, choices,
};
use crate::data::chunk::CHUNK_ROWS;
use crate::data::format::parse_datetime;
use crate::data::{Chunk, Fault, Rejects, Result, epoch, time};
use crate::source::history::{self, History};

pub const KIND: LiveKind = LiveKind {
    schemes: &["replay"],
    title: "Replay",
    about: "Plays any file as a live feed, in the pace of its time column, with seeded faults if you like. \
            Opened again, it begins anew.",
    example: "replay:flights.parquet?speed=60&disorder=2s&duplicate=0.01&seed=7",
    settings: &[
        FeedSetting {
            name: "speed",
            kind: SettingKind::Number(&["max"]),
            about: "seconds of event time that pass in a second, or max",
            default: "1",
        },
        FeedSetting {
            name: "rate",
            kind: SettingKind::Number(&[]),
            about: "rows a second, instead of speed",
            default: "none",
        },
        FeedSetting {
            name: "disorder",
            kind: SettingKind::Duration,
            about: "how much later than its turn a row may come, such as 2s",
            default: "0s",
        },
        FeedSetting {
            name: "duplicate",
            kind: SettingKind::Number(&[]),
            about: "the share of rows that come twice, 0 to 1",
            default: "0",
        },
        FeedSetting {
            name: "seed",
            kind: SettingKind::Number(&[]),
            about: "which of the possible disorders: the same seed gives the same rows",
            default: "42",
        },
        FeedSetting {
            name: "from",
            kind: SettingKind::Text,
            about: "the time at which to begin, such as 2001-01-01T06:00:00",
            default: "the first row",
        },
    ],
    origin: Origin::WholeFile,
    can_wait: true,
    rereadable: true,
    reconnects: false,
    open,
};

/// The address of a file that is replayed with these parameters.
pub fn address(file: &Path, params: &str) -> String {
    format!("replay:{}?{params}", file.display())
}

#[derive(Clone, Copy, Debug)]
enum Pace {
    /// As fast as it is taken.
    Max,
    /// Seconds of event time per second.
    Time(f64),
    /// Rows per second.
    Rate(f64),
}

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Opened>> {
    let pace = pace(url)?;
    let disorder = url.duration("disorder")?.unwrap_or_default();
    let duplicate = url.param::<f64>("duplicate", "a share from 0 to 1")?.unwrap_or(0.0);
    if !(0.0..=1.0).contains(&duplicate) {
        return Err(Fault::new(format!("duplicate={duplicate} is not a share from 0 to 1")).at(url.shown()));
    }
    let seed = url.param::<u64>("seed", "a whole number from 0")?.unwrap_or(42);
    let from = url.params.get("from").map(|text| {
        let fault = || {
            Fault::new(format!("from={text} is not a time")).at(url.shown()).hint("write it like 2001-01-31T06:00:00")
        };
        parse_datetime(text, TimeUnit::Microseconds).ok_or_else(fault)
    });
    let from = from.transpose()?;
    let history = history::open_history(&url.path()?, expect.known.clone())?;
    let disorder = u64::try_from(disorder.as_micros()).unwrap_or(u64::MAX);
    let timed = matches!(pace, Pace::Time(_)) || disorder > 0 || from.is_some();
    let time = if timed { Some(time_column(url, &expect, history.schema())?) } else { None };
    let faults = disorder > 0 || duplicate > 0.0;
    let order = (faults || matches!(pace, Pace::Time(_))).then(|| Order::new(seed, disorder, duplicate));
    Ok(Box::new(Replay { source: url.shown().into(), history, time, pace, from, order }))
}

fn pace(url: &FeedUrl) -> Result<Pace> {
    let positive = |name: &str, want: &str| -> Result<Option<f64>> {
        let value = url.param::<f64>(name, want)?;
        match value {
            Some(value) if !(value > 0.0 && value.is_finite()) => {
                Err(Fault::new(format!("{name}={value} is not {want}")).at(url.shown()))
            }
            value => Ok(value),
        }
    };
    let rate = positive("rate", "a number of rows a second above 0")?;
    match (url.params.get("speed").map(String::as_str), rate) {
        (Some(_), Some(_)) => Err(Fault::new("speed and rate cannot both hold").at(url.shown()).hint("leave one out")),
        (None, Some(rate)) => Ok(Pace::Rate(rate)),
        (Some("max"), None) => Ok(Pace::Max),
        _ => Ok(Pace::Time(positive("speed", "a number above 0 or max")?.unwrap_or(1.0))),
    }
}

/// The column that paces: the table's, the address's, or the first that is a time.
fn time_column(url: &FeedUrl, expect: &Expect, schema: &SchemaRef) -> Result<usize> {
    let hint = "name one with time=COLUMN, or use speed=max or rate=ROWS (a second)";
    let temporal = |dtype: &DataType| matches!(dtype, DataType::Datetime(..) | DataType::Date);
    let Some(name) = expect.time.as_ref().or_else(|| url.params.get("time")) else {
        let found = schema.iter_values().position(temporal);
        return found.ok_or_else(|| {
            Fault::new("this file has no column that is a time, which its rows could be paced by")
                .at(url.shown())
                .hint(hint)
        });
    };
    match schema.get_full(name) {
        Some((i, _, dtype)) if temporal(dtype) || dtype.is_integer() => Ok(i),
        Some((_, _, dtype)) => {
            Err(Fault::new(format!("the column '{name}' is {dtype}, not a time")).at(url.shown()).hint(hint))
        }
        None => Err(Fault::new(format!("there is no column '{name}'")).at(url.shown()).hint(choices(
            name,
            schema.iter_names().map(|n| n.as_str()),
            str::to_owned,
        ))),
    }
}

struct Replay {
    source: Arc<str>,
    history: Arc<dyn History>,
    /// Where the time is in the file's schema, if anything depends on it.
    time: Option<usize>,
    pace: Pace,
    /// Rows before the first one from this time on are left out.
    from: Option<i64>,
    /// `None`: frames are passed on as they are.
    order: Option<Order>,
}

/// A replay whose rows are sent.
struct Sender {
    source: Arc<str>,
    file_chunks: FileChunks,
    /// Where the time is in the frames, and whether it is a last column that was not asked for.
    time: Option<usize>,
    extra: bool,
    pace: Pace,
    from: Option<i64>,
    order: Option<Order>,
    /// Rows in the order of sending, and how many of them are gone.
    ready: Sent,
    at: usize,
    ended: bool,
    /// Rows still to be passed over: they were sent before.
    skip: u64,
    /// Where to end, if not at the end.
    until: Option<u64>,
    sent: u64,
    /// Rows before this position go at once.
    hurry: u64,
    /// Bytes and rejects that were read and not yet told.
    bytes: u64,
    rejects: Rejects,
    /// When the first row that waited for its turn was sent, and its time; for a rate, its position.
    clock: Option<(Instant, i64)>,
    flush_timer: FlushTimer,
}

impl Sender {
    fn left(&self) -> usize {
        self.ready.frame.height() - self.at
    }

    /// Rows that may still be sent.
    fn room(&self) -> usize {
        let room = |until: u64| usize::try_from(until.saturating_sub(self.sent)).unwrap_or(usize::MAX);
        self.until.map_or(usize::MAX, room)
    }

    /// Makes rows ready. False when there are none any more.
    fn refill(&mut self) -> Result<bool> {
        while self.left() == 0 {
            if self.ended {
                return Ok(false);
            }
            self.at = 0;
            let told = self.skip > 0;
            self.ready = self.read()?;
            if told {
                // What was set aside before a row that was sent is told already.
                (self.bytes, self.rejects) = (0, Rejects::default());
                let passed = self.skip.min(self.ready.frame.height() as u64);
                self.at = passed as usize;
                self.skip -= passed;
                self.sent += passed;
            }
        }
        Ok(true)
    }

    fn read(&mut self) -> Result<Sent> {
        let next = self.file_chunks.next()?;
        let Some(chunk) = next else {
            self.ended = true;
            return self.order.as_mut().map_or_else(|| Ok(Sent::default()), Order::finish);
        };
        let mut frame = chunk.frame;
        let mut times = match self.time.and_then(|time| frame.select_at_idx(time)) {
            Some(column) => micros(column)?,
            None if self.order.is_some() => vec![None; frame.height()],
            None => Vec::new(),
        };
        let extra = self.time.filter(|_| self.extra).and_then(|time| frame.select_at_idx(time));
        if let Some(name) = extra.map(|column| column.name().clone()) {
            frame.drop_in_place(&name)?;
        }
        if let Some(from) = self.from {
            let Some(first) = times.iter().position(|time| time.is_some_and(|time| time >= from)) else {
                return Ok(Sent::default());
            };
            self.from = None;
            frame = frame.slice(first as i64, frame.height() - first);
            times.drain(..first);
        }
        self.bytes += chunk.bytes;
        self.rejects.add(chunk.rejects);
        match &mut self.order {
            Some(order) => order.push(frame, &times),
            None => Ok(Sent { frame, due: Vec::new() }),
        }
    }

    /// How many ready rows may be sent now, and when the next one may.
    fn due(&mut self, now: Instant) -> (usize, Option<Instant>) {
        let after = |start: Instant, seconds: f64| {
            Duration::try_from_secs_f64(seconds).ok().and_then(|wait| start.checked_add(wait))
        };
        let behind = usize::try_from(self.hurry.saturating_sub(self.sent)).unwrap_or(usize::MAX).min(self.left());
        if behind > 0 {
            return (behind, None);
        }
        match self.pace {
            Pace::Max => (self.left(), None),
            Pace::Rate(rate) => {
                let (start, first) = *self.clock.get_or_insert((now, i64::try_from(self.sent).unwrap_or(i64::MAX)));
                let sent = self.sent.saturating_sub(first.unsigned_abs());
                let turn = (now.duration_since(start).as_secs_f64() * rate) as u64 + 1;
                (
                    usize::try_from(turn.saturating_sub(sent)).unwrap_or(usize::MAX).min(self.left()),
                    after(start, sent as f64 / rate),
                )
            }
            Pace::Time(speed) => {
                let due = self.ready.due.get(self.at..).unwrap_or_default();
                if self.clock.is_none() {
                    self.clock = due.iter().find(|time| **time > i64::MIN).map(|first| (now, *first));
                }
                let Some((start, first)) = self.clock else { return (due.len(), None) };
                let until = first.saturating_add((now.duration_since(start).as_secs_f64() * speed * 1e6) as i64);
                let next =
                    due.first().and_then(|next| after(start, next.saturating_sub(first).max(0) as f64 / 1e6 / speed));
                (due.partition_point(|time| *time <= until), next)
            }
        }
    }

    fn chunk(&mut self, rows: usize) -> Chunk {
        let frame = self.ready.frame.slice(self.at as i64, rows);
        let begin = self.sent;
        self.at += rows;
        self.sent += rows as u64;
        Chunk {
            frame,
            source: self.source.clone(),
            partition: 0,
            offsets: begin..self.sent,
            bytes: std::mem::take(&mut self.bytes),
            rejects: std::mem::take(&mut self.rejects),
            arrived: Some(Instant::now()),
        }
    }
}

impl Opened for Replay {
    fn settle(&mut self, _wait: Duration) -> Result<Option<SchemaRef>> {
        Ok(Some(self.history.schema().clone()))
    }

    /// Positions are rows in the order of sending, which the seed settles.
    fn read(self: Box<Self>, options: &ReadOptions) -> Result<Box<dyn Reading>> {
        let Self { source, history, time, pace, from, order } = *self;
        let mut columns = options.columns_of(history.schema());
        let asked = columns.len();
        let place = time.map(|time| columns.iter().position(|column| *column == time).unwrap_or(asked));
        let extra = place == Some(asked);
        columns.extend(time.filter(|_| extra));
        Ok(Box::new(Sender {
            source,
            file_chunks: FileChunks::open(&history, &columns, options.vital.as_deref())?,
            time: place,
            extra,
            pace: if options.stop.is_some() { Pace::Max } else { pace },
            from,
            order,
            ready: Sent::default(),
            at: 0,
            ended: false,
            skip: options.start().unwrap_or_default(),
            until: options.stop(),
            sent: 0,
            hurry: options.hasten.get(&0).copied().unwrap_or_default(),
            bytes: 0,
            rejects: Rejects::default(),
            clock: None,
            flush_timer: FlushTimer::default(),
        }))
    }
}

impl Reading for Sender {
    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let deadline = Instant::now() + wait;
        loop {
            if self.room() == 0 {
                return Ok(Event::End);
            }
            if !self.refill()? {
                // The last rows of a file may be rejects alone.
                return Ok(if self.rejects.is_empty() && self.bytes == 0 {
                    Event::End
                } else {
                    Event::Chunk(self.chunk(0))
                });
            }
            // Rows that were passed over have taken of it.
            let room = self.room();
            if room == 0 {
                return Ok(Event::End);
            }
            let now = Instant::now();
            let (due, next) = self.due(now);
            let whole = due == self.left() || due >= CHUNK_ROWS;
            if due > 0 && (whole || self.flush_timer.due(now)) {
                if !whole {
                    self.flush_timer.mark(now);
                }
                return Ok(Event::Chunk(self.chunk(due.min(CHUNK_ROWS).min(room))));
            }
            if now >= deadline {
                return Ok(Event::Quiet);
            }
            let until = if due > 0 {
                self.flush_timer.or(now, deadline)
            } else {
                next.map_or(deadline, |next| next.min(deadline))
            };
            std::thread::sleep(until.saturating_duration_since(now));
        }
    }
}

/// Times as microseconds since 1970.
fn micros(column: &Column) -> Result<Vec<Option<i64>>> {
    if column.dtype().is_integer() {
        return Ok(column.cast(&DataType::Int64)?.i64()?.iter().map(|n| n.and_then(epoch::micros)).collect());
    }
    if !time::is_time(column.dtype()) {
        return Err(Fault::new(format!("the column '{}' is {}, not a time", column.name(), column.dtype())));
    }
    let micros = time::convert(column, &DataType::Datetime(TimeUnit::Microseconds, None))?;
    // A row at an infinite time has no turn to wait for.
    Ok(micros.to_physical_repr().i64()?.iter().map(|t| t.filter(|t| !time::is_infinite(*t))).collect())
}
