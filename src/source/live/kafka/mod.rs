//! `kafka:`: the messages of a topic, each partition a log that is read once, from any offset, to its end and beyond.
//! Asking the brokers is `client`'s, making rows of messages `decode`'s; what is done before reading is `opened`'s, and
//! while reading `reading`'s.
//!
//! Offsets are the feed's own: nothing is committed to the cluster, so whoever keeps the position vector has read every
//! message exactly once.

mod client;
mod csv;
mod message_decoder;
mod opened;
mod partition_reader;
mod reading;
mod replies;
mod settings;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rskafka::client::Client;
use rskafka::client::partition::PartitionClient;
use rskafka::record::RecordAndOffset;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use self::client::{Answer, Cluster, Fetched, PartitionStart};
use self::message_decoder::MessageDecoder;
use self::partition_reader::PartitionReader;
use self::settings::{From, Settings};
use super::net::back_off::BackOff;
use super::{Event, Expect, FeedSetting, FeedUrl, LiveKind, Opened, Origin, SettingKind};
use crate::data::{Fault, Result};

pub const KIND: LiveKind = LiveKind {
    schemes: &["kafka"],
    title: "Kafka",
    about: "Reads a topic of Apache Kafka, all or some partitions, from any offset; connects again and goes on where \
            it was.",
    example: "kafka://localhost:9092/orders?from=beginning",
    settings: &[
        FeedSetting {
            name: "partitions",
            kind: SettingKind::Text,
            about: "which partitions: all, or numbers like 0,2,5-7",
            default: "all",
        },
        FeedSetting {
            name: "from",
            kind: SettingKind::Text,
            about: "where to begin: beginning, end, an offset, or a time like 2001-01-31T06:00:00",
            default: "beginning",
        },
        FeedSetting {
            name: "follow",
            kind: SettingKind::Flag,
            about: "false ends where the topic ends when it is opened",
            default: "true",
        },
        FeedSetting {
            name: "columns",
            kind: SettingKind::Text,
            about: "the names of the columns of CSV messages, like id,price",
            default: "column_1, column_2 and so on",
        },
        FeedSetting {
            name: "header",
            kind: SettingKind::Flag,
            about: "true where the first CSV message begins with the names of the columns",
            default: "false",
        },
        FeedSetting {
            name: "metadata",
            kind: SettingKind::Flag,
            about: "whether kafka_key, kafka_partition, kafka_offset, kafka_timestamp and kafka_headers are columns \
                    too",
            default: "true",
        },
        FeedSetting {
            name: "refresh",
            kind: SettingKind::Duration,
            about: "how often to look for new partitions",
            default: "30s",
        },
        FeedSetting {
            name: "tls",
            kind: SettingKind::Flag,
            about: "true for an encrypted connection",
            default: "false",
        },
        FeedSetting {
            name: "ca",
            kind: SettingKind::Path,
            about: "a PEM file with the certificate authority to trust",
            default: "the system's",
        },
        FeedSetting {
            name: "sasl",
            kind: SettingKind::Choice(&["plain", "scram-sha-256", "scram-sha-512", "none"]),
            about: "how to log in with BRAID_KAFKA_USER and BRAID_KAFKA_PASSWORD: plain, scram-sha-256, scram-sha-512 \
                    or none",
            default: "plain where a user is set",
        },
    ],
    origin: Origin::Network,
    can_wait: true,
    rereadable: true,
    reconnects: true,
    open,
};

const BACK_OFF: Duration = Duration::from_millis(250);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(10);

fn open(url: &FeedUrl, expect: Expect) -> Result<Box<dyn Opened>> {
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
        readers: Vec::new(),
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
    /// Requests under way. Dropped before the runtime.
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
    readers: Vec<PartitionReader>,
    /// Messages to settle the columns from, by partition, and from where more are to be had (`None`: on their way).
    sample: BTreeMap<i32, Vec<RecordAndOffset>>,
    sampling: BTreeMap<i32, Option<u64>>,
    /// Whether the last messages before the beginning were asked for, too.
    looked_back: bool,
    rows: Option<MessageDecoder>,
    fault: Option<Fault>,
    /// Only what is past is read.
    past: bool,
    /// The partition whose turn it is to hand out.
    turn: usize,
    ready: VecDeque<Event>,
}

/// The outcome of a request.
enum Done {
    Connected(Answer<Cluster>),
    Listed(Answer<Cluster>),
    Located(i32, From, Answer<PartitionStart>),
    Sampled(i32, Answer<Fetched>),
    Reopened(i32, Answer<Arc<PartitionClient>>),
    Fetched(i32, Answer<Fetched>),
}

impl Kafka {
    fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::new(what).at(&*self.source)
    }

    fn reader(&mut self, id: i32) -> Option<&mut PartitionReader> {
        self.readers.iter_mut().find(|reader| reader.id == id)
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
            self.start(async move { Done::Connected(client::connect(settings).await) });
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
