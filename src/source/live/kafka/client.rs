//! Requests to the brokers, each a small piece of asynchronous work: connect, find where partitions begin and end,
//! fetch. When to ask, and what to do when an answer fails, is left to the feed.
//!
//! rskafka would try again by itself, silently and for ever; here it may not, so that a person hears of trouble.
//! Of transactions it knows little: an answer that holds the mark of one it cannot read at all (so such marks are
//! looked for one batch at a time), and messages of aborted ones it does not hide.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::RecordAndOffset;
use rskafka::{BackoffConfig, BackoffError, ConnectionError, chrono};

use super::settings::{From, Settings};
use crate::source::live::net::tls;

/// How long connecting, and any answer that is not waited for on purpose, may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a broker holds back its answer while there is nothing new.
pub const HOLD: Duration = Duration::from_millis(500);
/// Messages before the end that settle the columns where nothing else is there.
pub const LAST: u64 = 100;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A failure that may pass, in words.
    Lost(String),
    /// Nobody answered in time; what was asked is perhaps still under way.
    Silent(String),
    /// The messages asked for are not there: those that are.
    Range { earliest: u64, latest: u64 },
}

pub type Answer<T> = Result<T, Failure>;

/// A connection to a cluster, and what partitions the topic has.
pub struct Cluster {
    pub client: Arc<Client>,
    /// `None`: there is no such topic.
    pub partitions: Option<Vec<i32>>,
    pub topics: Vec<String>,
}

/// A partition, and where it begins and ends.
pub struct PartitionStart {
    pub client: Arc<PartitionClient>,
    pub earliest: u64,
    /// The offset after the last that can be read.
    pub end: u64,
    /// Where to begin.
    pub start: u64,
}

pub struct Fetched {
    pub records: Vec<RecordAndOffset>,
    /// The next offset to fetch.
    pub next: u64,
    /// The mark of a transaction was met: better fetch one batch at a time.
    pub marks: bool,
}

async fn within<T>(limit: Duration, what: &str, work: impl Future<Output = Result<T, Error>>) -> Answer<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(answer) => answer.map_err(|error| Failure::Lost(words(&error))),
        Err(_) => Err(Failure::Silent(format!("{what} does not answer within {} s", limit.as_secs()))),
    }
}

/// Connects to any of the brokers.
pub async fn connect(settings: Arc<Settings>) -> Answer<Cluster> {
    // The first failure is the last: when to try again is the feed's to say.
    let once = BackoffConfig { deadline: Some(Duration::ZERO), ..BackoffConfig::default() };
    let mut builder = ClientBuilder::new(settings.brokers.clone()).client_id("braid").backoff_config(once);
    if let Some(tls) = &settings.tls {
        builder = builder.tls_config(tls.clone());
    }
    if let Some(sasl) = &settings.sasl {
        builder = builder.sasl_config(sasl.clone());
    }
    let client = Arc::new(within(PATIENCE, &settings.place(), builder.build()).await?);
    topics(client, settings).await
}

/// Asks which topics there are.
pub async fn topics(client: Arc<Client>, settings: Arc<Settings>) -> Answer<Cluster> {
    let topics = within(PATIENCE, &settings.place(), client.list_topics()).await?;
    let partitions = topics
        .iter()
        .find(|topic| topic.name == settings.topic)
        .map(|topic| topic.partitions.iter().copied().collect());
    Ok(Cluster { client, partitions, topics: topics.into_iter().map(|topic| topic.name).collect() })
}

/// Finds where a partition begins and ends, and where `from` is in it.
pub async fn locate(client: Arc<Client>, settings: Arc<Settings>, id: i32, from: From) -> Answer<PartitionStart> {
    let what = format!("partition {id}");
    let work = async {
        let client = Arc::new(client.partition_client(settings.topic.clone(), id, UnknownTopicHandling::Error).await?);
        let earliest = offset(&client, OffsetAt::Earliest).await?.unwrap_or(0);
        let end = offset(&client, OffsetAt::Latest).await?.unwrap_or(earliest);
        let start = match from {
            From::Beginning => earliest,
            From::End => end,
            From::Offset(offset) => offset,
            From::Time(micros) => match chrono::DateTime::from_timestamp_micros(micros.saturating_add(999)) {
                // Without a message from then on, the next that comes is the first.
                Some(time) => offset(&client, OffsetAt::Timestamp(time)).await?.unwrap_or(end),
                None => end,
            },
        };
        Ok(PartitionStart { client, earliest, end, start })
    };
    within(PATIENCE, &what, work).await
}

/// The offset after the last that can be read now.
pub async fn end(client: Arc<PartitionClient>) -> Answer<u64> {
    within(PATIENCE, &format!("partition {}", client.partition()), async {
        Ok(offset(&client, OffsetAt::Latest).await?.unwrap_or(0))
    })
    .await
}

async fn offset(client: &PartitionClient, at: OffsetAt) -> Result<Option<u64>, Error> {
    // -1: there is none.
    Ok(u64::try_from(client.get_offset(at).await?).ok())
}

/// Opens a partition again after its connection was lost.
pub async fn reopen(client: Arc<Client>, settings: Arc<Settings>, id: i32) -> Answer<Arc<PartitionClient>> {
    let work = client.partition_client(settings.topic.clone(), id, UnknownTopicHandling::Error);
    Ok(Arc::new(within(PATIENCE, &format!("partition {id}"), work).await?))
}

/// How much to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Bytes(i32),
    /// The batch that holds the offset, or the next after it.
    Batch,
}

/// Fetches what comes from `next` on; waits a little where there is nothing.
pub async fn fetch(client: Arc<PartitionClient>, next: u64, size: Size) -> Answer<Fetched> {
    let what = format!("partition {}", client.partition());
    match tokio::time::timeout(PATIENCE + 3 * HOLD, ask(&client, next, size)).await {
        Ok(Ok(fetched)) => Ok(fetched),
        Ok(Err(Error::ServerError { protocol_error: ProtocolError::OffsetOutOfRange, .. })) => {
            Err(range(&client, next).await?)
        }
        Ok(Err(error)) => Err(Failure::Lost(words(&error))),
        Err(_) => Err(Failure::Silent(format!("{what} does not answer"))),
    }
}

async fn ask(client: &PartitionClient, next: u64, size: Size) -> Result<Fetched, Error> {
    let first = match size {
        Size::Bytes(bytes) => once(client, next, bytes).await?,
        Size::Batch => None,
    };
    let mut marks = first.is_none() && size != Size::Batch;
    let (records, high) = match first {
        Some(answer) => answer,
        // A limit of one byte brings one batch, whole. When that is a mark, it is no message.
        None => match once(client, next, 2).await? {
            Some(answer) => answer,
            None => return Ok(Fetched { records: Vec::new(), next: next + 1, marks: true }),
        },
    };
    if let Some(last) = records.last() {
        let next = u64::try_from(last.offset).map_or(next, |last| last + 1);
        return Ok(Fetched { records, next, marks });
    }
    // Nothing, though the log goes on: what compaction left of a batch, or a message of a transaction that is still
    // open. It is asked up to where all is settled, and then once more what is there: an answer without messages
    // now means that this offset holds none. How much of the log it covered is not known: so only one step is
    // certain.
    let behind = u64::try_from(high).is_ok_and(|high| high > next);
    if !behind || offset(client, OffsetAt::Latest).await?.is_none_or(|settled| settled <= next) {
        return Ok(Fetched { records, next, marks });
    }
    Ok(match once(client, next, 2).await? {
        Some((records, _)) if !records.is_empty() => {
            let last = records.last().and_then(|last| u64::try_from(last.offset).ok());
            Fetched { records, next: last.map_or(next, |last| last + 1), marks }
        }
        answer => {
            marks |= answer.is_none();
            Fetched { records: Vec::new(), next: next + 1, marks }
        }
    })
}

/// Messages and the high watermark; `None` where the answer holds the mark of a transaction.
async fn once(client: &PartitionClient, next: u64, bytes: i32) -> Result<Option<(Vec<RecordAndOffset>, i64)>, Error> {
    let from = i64::try_from(next).unwrap_or(i64::MAX);
    match client.fetch_records(from, 1..bytes, i32::try_from(HOLD.as_millis()).unwrap_or(i32::MAX)).await {
        Ok(answer) => Ok(Some(answer)),
        // rskafka 0.6 takes the mark's record for the mark itself (its pull request 297).
        Err(Error::Request(error)) if error.to_string().contains("control batch record") => Ok(None),
        Err(error) => Err(error),
    }
}

async fn range(client: &PartitionClient, next: u64) -> Answer<Failure> {
    let work = async {
        Ok((
            offset(client, OffsetAt::Earliest).await?.unwrap_or(0),
            offset(client, OffsetAt::Latest).await?.unwrap_or(0),
        ))
    };
    let (earliest, latest) = within(PATIENCE, "the broker", work).await?;
    Ok(if next < earliest || next > latest {
        Failure::Range { earliest, latest }
    } else {
        Failure::Lost(format!("the broker does not know the offset {next} at present"))
    })
}

/// The first messages to settle columns from: those that will be read, or, where none are there yet, the last before.
pub fn sample_start(place: &PartitionStart) -> u64 {
    if place.start < place.end {
        place.start.max(place.earliest)
    } else {
        place.earliest.max(place.end.saturating_sub(LAST))
    }
}

/// An error of the client in words for a person.
fn words(error: &Error) -> String {
    if let Some(cause) = tls::cause(error) {
        return format!("no secure connection: {}", tls::words(cause).0);
    }
    match error {
        Error::RetryFailed(BackoffError::DeadlineExceded { source, .. }) => {
            source.downcast_ref::<Error>().map_or_else(|| plain(&source.to_string()), words)
        }
        Error::Connection(ConnectionError::RetryFailed(BackoffError::DeadlineExceded { source, .. })) => {
            plain(&source.to_string())
        }
        Error::ServerError { protocol_error, error_message, .. } => {
            let said = error_message.as_ref().map(|said| format!(" ({said})")).unwrap_or_default();
            match protocol_error {
                ProtocolError::TopicAuthorizationFailed => format!("this login may not read the topic{said}"),
                ProtocolError::UnknownTopicOrPartition => "the broker does not know the topic at present".to_owned(),
                ProtocolError::LeaderNotAvailable | ProtocolError::NotLeaderOrFollower => {
                    "the partition has no leader at present".to_owned()
                }
                other => format!("the broker answered {other:?}{said}"),
            }
        }
        other => plain(&other.to_string()),
    }
}

/// The library's words without its scaffolding.
fn plain(text: &str) -> String {
    if let Some(said) = tls::in_text(text) {
        return format!("no secure connection: {said}");
    }
    let mut text = text.to_owned();
    for noise in [
        "Connection error: ",
        "Request error: ",
        "Connection is poisoned: ",
        "Cannot read framed message: ",
        "Cannot read/write data: ",
        "IO Error: ",
    ] {
        text = text.replace(noise, "");
    }
    match text.strip_prefix("error connecting to broker ") {
        Some(rest) if !rest.contains("error connecting") => format!("no connection to {}", rest.replacen('"', "", 2)),
        _ => text,
    }
}
