//! `kafka:`: the messages of a topic, each partition a log that is read once, from any offset, to its end and beyond.
//! Asking the brokers is `client`'s, making rows of messages `decode`'s.
//!
//! Offsets are the feed's own: nothing is committed to the cluster, so whoever keeps the position vector has read every
//! message exactly once.

mod answers;
mod client;
mod csv;
mod decode;
mod lane;
mod settings;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;
use rskafka::client::Client;
use rskafka::client::partition::PartitionClient;
use rskafka::record::RecordAndOffset;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use self::client::{Answer, Fetched, Link, Place, Size};
use self::decode::{Look, Rows};
use self::lane::Lane;
use self::settings::{From, Settings};
use super::again::BackOff;
use super::{Event, Expect, FeedUrl, Live, LiveKind, Setting};
use crate::data::{Chunk, Fault, Positions, Result};

pub const KIND: LiveKind = LiveKind {
    schemes: &["kafka"],
    title: "Kafka",
    about: "Reads a topic of Apache Kafka, all or some partitions, from any offset; connects again and goes on where \
            it was.",
    example: "kafka://localhost:9092/orders?from=beginning",
    settings: &[
        Setting { name: "partitions", about: "which partitions: all, or numbers like 0,2,5-7", default: "all" },
        Setting {
            name: "from",
            about: "where to begin: beginning, end, an offset, or a time like 2001-01-31T06:00:00",
            default: "beginning",
        },
        Setting { name: "follow", about: "false ends where the topic ends when it is opened", default: "true" },
        Setting {
            name: "columns",
            about: "the names of the columns of CSV messages, like id,price",
            default: "column_1, column_2 and so on",
        },
        Setting {
            name: "header",
            about: "true where the first CSV message begins with the names of the columns",
            default: "false",
        },
        Setting {
            name: "metadata",
            about: "whether kafka_key, kafka_partition, kafka_offset, kafka_timestamp and kafka_headers are columns \
                    too",
            default: "true",
        },
        Setting { name: "refresh", about: "how often to look for new partitions", default: "30s" },
        Setting { name: "tls", about: "true for an encrypted connection", default: "false" },
        Setting { name: "ca", about: "a PEM file with the certificate authority to trust", default: "the system's" },
        Setting {
            name: "sasl",
            about: "how to log in with BRAID_KAFKA_USER and BRAID_KAFKA_PASSWORD: plain, scram-sha-256, scram-sha-512 \
                    or none",
            default: "plain where a user is set",
        },
    ],
    can_wait: true,
    rereadable: true,
    open,
};

/// Bytes of messages that may wait to be decoded, over all partitions.
const WAITING: usize = 32 << 20;
/// The most that one fetch brings, and the least, bytes.
const FETCH: usize = 2 << 20;
const LEAST_FETCH: usize = 64 << 10;
const SAMPLE_FETCH: i32 = 128 << 10;
/// Messages of all partitions together that settle the columns.
const SAMPLE: usize = 2_000;
/// How long the brokers may take to answer a question that is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const BACK_OFF: Duration = Duration::from_millis(250);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Live>> {
    let settings = Arc::new(Settings::new(url)?);
    let source: Arc<str> = url.shown().into();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(2).build();
    let runtime = runtime.map_err(|error| Fault::io(&*source, &error))?;
    Ok(Box::new(Kafka {
        source,
        settings,
        expect,
        opened: Instant::now(),
        tasks: JoinSet::new(),
        runtime: Some(runtime),
        link: None,
        linking: false,
        again: BackOff::new(LONGEST_BACK_OFF),
        next_link: None,
        next_look: None,
        known: BTreeSet::new(),
        lanes: Vec::new(),
        sample: BTreeMap::new(),
        sampling: BTreeMap::new(),
        looked_back: false,
        rows: None,
        fault: None,
        past: false,
        turn: 0,
        ready: VecDeque::new(),
    }))
}

struct Kafka {
    source: Arc<str>,
    settings: Arc<Settings>,
    expect: Expect,
    opened: Instant,
    /// What is under way. Dropped before the runtime.
    tasks: JoinSet<Done>,
    /// `None` only while it is being dropped.
    runtime: Option<Runtime>,
    link: Option<Arc<Client>>,
    linking: bool,
    again: BackOff,
    next_link: Option<Instant>,
    /// When to look for new partitions.
    next_look: Option<Instant>,
    /// Partitions that are read or about to be.
    known: BTreeSet<i32>,
    lanes: Vec<Lane>,
    /// Messages to settle the columns from, by partition, and from where more are to be had (`None`: on their way).
    sample: BTreeMap<i32, Vec<RecordAndOffset>>,
    sampling: BTreeMap<i32, Option<u64>>,
    /// Whether the last messages before the beginning were asked for, too.
    looked_back: bool,
    rows: Option<Rows>,
    fault: Option<Fault>,
    /// Only what is past is read.
    past: bool,
    /// The lane whose turn it is to hand out.
    turn: usize,
    ready: VecDeque<Event>,
}

/// What a piece of work brought.
enum Done {
    Linked(Answer<Link>),
    Listed(Answer<Link>),
    Located(i32, From, Answer<Place>),
    Sampled(i32, Answer<Fetched>),
    Reopened(i32, Answer<Arc<PartitionClient>>),
    Fetched(i32, Answer<Fetched>),
}

impl Kafka {
    fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(what).at(&*self.source)
    }

    fn lane(&mut self, id: i32) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.id == id)
    }

    /// Starts a piece of work.
    fn start(&mut self, work: impl Future<Output = Done> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            self.tasks.spawn_on(work, runtime.handle());
        }
    }

    /// Lets the work go on until some of it is done, at most until `until`.
    fn drive(&mut self, until: Instant) -> Result<()> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        // A runtime that is given no time does nothing.
        let until = until.max(Instant::now() + Duration::from_millis(1));
        let tasks = &mut self.tasks;
        let done = runtime.block_on(async {
            if tasks.is_empty() {
                tokio::time::sleep_until(until.into()).await;
                return None;
            }
            tokio::time::timeout_at(until.into(), tasks.join_next()).await.ok().flatten()
        });
        let mut next = done;
        while let Some(done) = next {
            match done {
                Ok(done) => self.done(done),
                Err(error) => return Err(self.fault(format!("internal error in the Kafka client: {error}"))),
            }
            next = self.tasks.try_join_next();
        }
        Ok(())
    }

    /// Connects where that is to be done.
    fn connect(&mut self, now: Instant) {
        if self.link.is_none() && !self.linking && self.next_link.is_none_or(|next| next <= now) {
            self.linking = true;
            let settings = self.settings.clone();
            self.start(async move { Done::Linked(client::connect(settings).await) });
        }
    }

    /// Fetches messages to settle the columns from. Partitions without any are asked only when all are without.
    fn ask_sample(&mut self) {
        if self.lanes.is_empty() || self.lanes.len() < self.known.len() {
            return;
        }
        let empty = self.lanes.iter().all(|lane| lane.sample >= lane.log_end);
        let once = self.lanes.iter().all(|lane| lane.sample >= lane.log_end || self.sample.contains_key(&lane.id));
        for lane in &self.lanes {
            if let (Some(client), Some(Some(from))) = (lane.client.clone(), self.sampling.get(&lane.id).copied())
                && (empty || lane.sample < lane.log_end)
                && (once || !self.sample.contains_key(&lane.id))
            {
                let id = lane.id;
                self.sampling.insert(id, None);
                if let Some(runtime) = &self.runtime {
                    let work = async move {
                        let answer = client::fetch(client, from, Size::Bytes(SAMPLE_FETCH)).await;
                        if answer.is_err() {
                            tokio::time::sleep(BACK_OFF).await;
                        }
                        Done::Sampled(id, answer)
                    };
                    self.tasks.spawn_on(work, runtime.handle());
                }
            }
        }
    }

    /// Settles the columns from what was fetched for it, if that is all or enough.
    fn look(&mut self) -> Result<()> {
        let awaited = |lane: &&Lane| lane.sample < lane.log_end && !self.sample.contains_key(&lane.id);
        if self.lanes.is_empty() || self.lanes.len() < self.known.len() || self.lanes.iter().any(|lane| awaited(&lane))
        {
            return Ok(());
        }
        let each = (SAMPLE / self.lanes.len()).max(20);
        let sample: Vec<RecordAndOffset> =
            self.sample.values().flat_map(|records| records.iter().take(each)).cloned().collect();
        let nothing = self.lanes.iter().all(|lane| lane.sample >= lane.log_end);
        if sample.is_empty() && !nothing && !std::mem::replace(&mut self.looked_back, true) {
            // Only marks of transactions from where reading begins: the messages before tell the columns as well.
            for lane in &mut self.lanes {
                lane.sample = lane.earliest.max(lane.log_end.saturating_sub(client::LAST));
                self.sampling.insert(lane.id, Some(lane.sample));
            }
            self.sample.clear();
            return Ok(());
        }
        if sample.is_empty() && (self.settings.follow || !nothing) {
            return Ok(());
        }
        let first = self.sample.values().flatten().find_map(|record| record.record.value.as_deref());
        match Rows::settle(&self.source, &self.settings, &sample, first, self.expect.known.as_ref())? {
            Look::Rows(rows) => {
                self.rows = Some(rows);
                (self.sample, self.sampling) = (BTreeMap::new(), BTreeMap::new());
                if self.settings.from != From::Beginning {
                    let ids: Vec<i32> = self.lanes.iter().map(|lane| lane.id).collect();
                    ids.into_iter().for_each(|id| self.tell_position(id));
                }
                Ok(())
            }
            Look::Not(fault) if Rows::enough_refused(&sample) || !self.settings.follow => Err(fault),
            Look::Not(_) => Ok(()),
        }
    }

    /// Starts what is due: fetches, and the search for new partitions.
    fn ask(&mut self, now: Instant) {
        self.connect(now);
        let waiting: usize = self.lanes.iter().map(|lane| lane.bytes).sum();
        let size = (WAITING / self.lanes.len().max(1)).clamp(LEAST_FETCH, FETCH);
        let size = i32::try_from(size).unwrap_or(i32::MAX);
        let handle = self.runtime.as_ref().map(|runtime| runtime.handle().clone());
        let Some(handle) = handle else { return };
        for lane in self.lanes.iter_mut().filter(|lane| lane.wants(now, waiting < WAITING)) {
            let (id, next, size) = (lane.id, lane.next, lane.size(size));
            if let Some(client) = lane.client.clone() {
                lane.busy = true;
                self.tasks.spawn_on(async move { Done::Fetched(id, client::fetch(client, next, size).await) }, &handle);
            } else if let Some(client) = self.link.clone() {
                lane.busy = true;
                let settings = self.settings.clone();
                self.tasks
                    .spawn_on(async move { Done::Reopened(id, client::reopen(client, settings, id).await) }, &handle);
            }
        }
        if self.settings.follow
            && !self.past
            && self.settings.partitions.is_none()
            && self.next_look.is_some_and(|next| next <= now)
            && let Some(client) = self.link.clone()
        {
            self.next_look = None;
            let settings = self.settings.clone();
            self.start(async move { Done::Listed(client::topics(client, settings).await) });
        }
    }

    /// Decodes what one partition has ready, each in its turn.
    fn hand_out(&mut self, now: Instant) -> Result<()> {
        let Some(rows) = &self.rows else { return Ok(()) };
        for step in 0..self.lanes.len() {
            let place = (self.turn + step) % self.lanes.len();
            let Some(lane) = self.lanes.get_mut(place).filter(|lane| lane.due(now)) else { continue };
            self.turn = place + 1;
            if let Some(reason) = lane.take_gap() {
                self.ready.push_back(Event::Gap { reason });
                return Ok(());
            }
            let (records, offsets) = lane.hand_out(now);
            let (frame, rejects) = rows.decode(&records, lane.id)?;
            let bytes = records.iter().map(|record| record.record.approximate_size() as u64).sum();
            // Not cut further, though a message may hold many rows: a chunk is the smallest step of a position.
            self.ready.push_back(Event::Chunk(Chunk { rejects, bytes, ..lane.chunk(&self.source, frame, offsets) }));
            return Ok(());
        }
        Ok(())
    }

    /// Asks every partition for its end, and waits.
    fn ask_ends(&mut self) -> Result<BTreeMap<i32, u64>> {
        let mut ends = BTreeMap::new();
        let Some(runtime) = &self.runtime else { return Ok(ends) };
        let mut questions = JoinSet::new();
        for lane in &self.lanes {
            match (lane.end, lane.client.clone()) {
                (Some(end), _) => {
                    ends.insert(lane.id, end);
                }
                (None, Some(client)) => {
                    let id = lane.id;
                    questions.spawn_on(async move { (id, client::end(client).await) }, runtime.handle());
                }
                (None, None) => {
                    return Err(self
                        .fault(format!("partition {} is not connected at present", lane.id))
                        .hint("try again in a while"));
                }
            }
        }
        let answers = runtime.block_on(async { tokio::time::timeout(PATIENCE, questions.join_all()).await });
        for (id, answer) in answers
            .map_err(|_| self.fault("the brokers do not say where the topic ends").hint("try again in a while"))?
        {
            let end = answer.map_err(|failure| self.unreachable(&failure))?;
            ends.insert(id, end);
        }
        Ok(ends)
    }
}

impl Live for Kafka {
    fn settle(&mut self, wait: Duration) -> Result<Option<SchemaRef>> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(rows) = &self.rows {
                return Ok(Some(rows.schema.clone()));
            }
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(None);
            }
            self.connect(now);
            self.ask_sample();
            self.drive(deadline)?;
            if self.fault.is_none() {
                self.look()?;
            }
        }
    }

    fn project(&mut self, columns: &[usize]) {
        if let Some(rows) = &mut self.rows {
            rows.project(columns);
        }
        // What says positions has the columns too.
        let ids: Vec<i32> = self.lanes.iter().map(|lane| lane.id).collect();
        if !self.ready.is_empty() {
            self.ready.clear();
            ids.into_iter().for_each(|id| self.tell_position(id));
        }
    }

    fn require(&mut self, vital: &[usize]) {
        if let Some(rows) = &mut self.rows {
            rows.require(vital);
        }
    }

    fn resume(&mut self, from: &Positions) -> Result<()> {
        let place = |id: u32| i32::try_from(id).ok();
        if let Some(missing) = from
            .keys()
            .find(|id| place(**id).is_none_or(|id| !self.known.contains(&id)) && self.settings.partitions.is_none())
        {
            let what = format!(
                "the topic '{}' has no partition {missing} (any more), which was read before",
                self.settings.topic
            );
            return Err(self.fault(what).hint("it was created anew: begin again without what was kept"));
        }
        let ends = self.ask_ends()?;
        // A partition that is shorter than the offset to begin at is resumed there, too.
        let asked = if let From::Offset(offset) = self.settings.from { offset } else { 0 };
        for lane in &mut self.lanes {
            let end = lane.log_end.max(ends.get(&lane.id).copied().unwrap_or(0));
            let at = u32::try_from(lane.id).ok().and_then(|id| from.get(&id)).copied();
            if let Some(at) = at.filter(|at| *at > end.max(asked)) {
                let what = format!("partition {} ends at offset {end}, before {at}, up to which it was read", lane.id);
                return Err(Fault::new(what)
                    .at(&*self.source)
                    .hint("the topic was created anew or cut: begin again without what was kept"));
            }
            lane.begin_at(at, end);
        }
        self.ready.clear();
        Ok(())
    }

    fn split_at(&mut self, seam: &Positions) {
        for lane in &mut self.lanes {
            lane.seam = u32::try_from(lane.id).ok().and_then(|id| seam.get(&id)).copied();
        }
    }

    fn stop_at(&mut self, ends: &Positions) -> Result<()> {
        self.past = true;
        for lane in &mut self.lanes {
            let end = u32::try_from(lane.id).ok().and_then(|id| ends.get(&id)).copied();
            lane.end = Some(end.unwrap_or(lane.given));
        }
        Ok(())
    }

    fn ends(&mut self) -> Result<Option<Positions>> {
        let ends = self.ask_ends()?;
        Ok(Some(ends.into_iter().filter_map(|(id, end)| Some((u32::try_from(id).ok()?, end))).collect()))
    }

    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let deadline = Instant::now() + wait;
        loop {
            let now = Instant::now();
            if self.ready.is_empty() {
                self.hand_out(now)?;
            }
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            if (self.past || !self.settings.follow) && !self.lanes.is_empty() && self.lanes.iter().all(Lane::ended) {
                return Ok(Event::End);
            }
            if now >= deadline {
                return Ok(Event::Quiet);
            }
            self.ask(now);
            let wake = self
                .lanes
                .iter()
                .filter_map(|lane| lane.wake(now, deadline))
                .chain(self.next_link.filter(|next| *next > now && self.link.is_none()));
            let until = wake.chain(self.next_look.filter(|next| *next > now)).fold(deadline, Instant::min);
            self.drive(until)?;
        }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.tasks.abort_all();
        // A name that is being looked up is not waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
