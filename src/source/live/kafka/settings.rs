//! What the address of a Kafka feed says: brokers, topic, where to begin, how payloads are read, how to log in.
//! Whether the brokers agree is found out by `client`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use polars::prelude::TimeUnit;
use rskafka::client::{Credentials, SaslConfig};
use rustls::ClientConfig;

use crate::data::{Fault, Result, format};
use crate::source::live::net::{host, tls};
use crate::source::live::{FeedUrl, choices};

const PORT: u16 = 9092;
const USER: &str = "BRAID_KAFKA_USER";
const PASSWORD: &str = "BRAID_KAFKA_PASSWORD";
/// Where systems keep the certificates they trust.
const TRUSTED: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where a partition is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Beginning,
    End,
    Offset(u64),
    /// The first message from this time on, microseconds since 1970.
    Time(i64),
}

/// How payloads are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadText {
    /// Found out from the first messages.
    Auto,
    Json,
    /// Lines of this delimiter, where it is settled.
    Csv(Option<u8>),
}

/// Where the names of CSV columns come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// `column_1`, `column_2` and so on, or the table's.
    Numbered,
    Given(Vec<String>),
    /// The first line of the topic.
    Header,
}

/// All that an address says.
pub struct Settings {
    /// `HOST:PORT`, each.
    pub brokers: Vec<String>,
    pub topic: String,
    /// `None`: all.
    pub partitions: Option<BTreeSet<i32>>,
    pub from: From,
    pub follow: bool,
    pub refresh: Duration,
    pub text: PayloadText,
    pub names: Names,
    /// Whether key, partition, offset, timestamp and headers are columns too.
    pub metadata: bool,
    pub tls: Option<Arc<ClientConfig>>,
    pub sasl: Option<SaslConfig>,
}

impl Settings {
    /// # Errors
    /// When the address cannot be one of a topic, or a parameter is wrong.
    pub fn new(url: &FeedUrl) -> Result<Self> {
        let (brokers, topic) = target(url)?;
        let text = text(url)?;
        let names = names(url, &text)?;
        Ok(Self {
            brokers,
            topic,
            partitions: partitions(url)?,
            from: from(url)?,
            follow: switch(url, "follow", true)?,
            refresh: url.duration("refresh")?.unwrap_or(Duration::from_secs(30)).max(Duration::from_millis(100)),
            text,
            names,
            metadata: switch(url, "metadata", true)?,
            tls: secure(url)?,
            sasl: sasl(url)?,
        })
    }

    /// All brokers, for a message to a person.
    pub fn place(&self) -> String {
        self.brokers.join(", ")
    }
}

fn target(url: &FeedUrl) -> Result<(Vec<String>, String)> {
    let fault = |what: String| Fault::new(what).at(url.shown()).hint("write it like kafka://HOST:PORT/TOPIC");
    let (hosts, topic) = url.target.split_once('/').unwrap_or((&url.target, ""));
    if hosts.contains('@') {
        let hint = format!("leave out what stands before the @, and set {USER} and {PASSWORD} in the environment");
        return Err(fault("a user name and password do not belong in the address".to_owned()).hint(hint));
    }
    let mut brokers = Vec::new();
    for host in hosts.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        let wrong = |what: String| {
            let why = if what.contains("port") { format!(": {what}") } else { String::new() };
            fault(format!("'{host}' is not the address of a broker{why}"))
        };
        let (name, port) = host::split(host).map_err(wrong)?;
        let port = port.unwrap_or(PORT);
        brokers.push(format!("{name}:{port}"));
    }
    if brokers.is_empty() {
        return Err(fault("this address names no broker".to_owned()));
    }
    let topic = percent_decode_str(topic.trim_end_matches('/')).decode_utf8_lossy().into_owned();
    if topic.is_empty() {
        return Err(fault("this address names no topic".to_owned()));
    }
    let legal = topic.len() <= 249 && topic.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !legal {
        return Err(fault(format!("'{topic}' cannot be the name of a topic"))
            .hint("a topic is named by letters, digits, '.', '_' and '-'"));
    }
    Ok((brokers, topic))
}

fn switch(url: &FeedUrl, name: &str, default: bool) -> Result<bool> {
    Ok(url.param::<bool>(name, "true or false")?.unwrap_or(default))
}

fn partitions(url: &FeedUrl) -> Result<Option<BTreeSet<i32>>> {
    let Some(list) = url.params.get("partitions").map(String::as_str).filter(|list| *list != "all") else {
        return Ok(None);
    };
    let fault = || {
        Fault::new(format!("partitions={list} is no list of partitions"))
            .at(url.shown())
            .hint("write all, or numbers like 0,2,5-7")
    };
    let number = |text: &str| text.trim().parse::<i32>().ok().filter(|number| (0..=1_000_000).contains(number));
    let mut wanted = BTreeSet::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match number(first).zip(number(last)) {
            Some((first, last)) if first <= last => wanted.extend(first..=last),
            _ => return Err(fault()),
        }
    }
    Ok(Some(wanted))
}

fn from(url: &FeedUrl) -> Result<From> {
    let Some(text) = url.params.get("from") else { return Ok(From::Beginning) };
    match text.as_str() {
        "beginning" | "start" | "earliest" => return Ok(From::Beginning),
        "end" | "now" | "latest" => return Ok(From::End),
        _ => {}
    }
    if let Some(offset) = text.parse::<u64>().ok().filter(|offset| i64::try_from(*offset).is_ok()) {
        return Ok(From::Offset(offset));
    }
    format::parse_datetime(text, TimeUnit::Microseconds).map(From::Time).ok_or_else(|| {
        Fault::new(format!("from={text} is no place to begin at"))
            .at(url.shown())
            .hint("write beginning, end, an offset, or a time like 2001-01-31T06:00:00")
    })
}

fn text(url: &FeedUrl) -> Result<PayloadText> {
    let Some(name) = url.params.get("format") else { return Ok(PayloadText::Auto) };
    match name.to_ascii_lowercase().as_str() {
        "auto" => Ok(PayloadText::Auto),
        "json" | "ndjson" => Ok(PayloadText::Json),
        "csv" => Ok(PayloadText::Csv(None)),
        "tsv" => Ok(PayloadText::Csv(Some(b'\t'))),
        _ => Err(Fault::new(format!("Kafka messages cannot be read as '{name}'")).at(url.shown()).hint(choices(
            name,
            ["json", "csv", "tsv", "auto"].into_iter(),
            str::to_owned,
        ))),
    }
}

fn names(url: &FeedUrl, text: &PayloadText) -> Result<Names> {
    let fault = |what: &str, hint: &str| Err(Fault::new(what.to_owned()).at(url.shown()).hint(hint));
    let header = switch(url, "header", false)?;
    let Some(list) = url.params.get("columns") else {
        if header && *text == PayloadText::Json {
            return fault("JSON has no header", "leave header out, or write format=csv");
        }
        return Ok(if header { Names::Header } else { Names::Numbered });
    };
    if header {
        return fault("columns and header=true cannot both hold", "leave one out");
    }
    if *text == PayloadText::Json {
        return fault(
            "columns= names those of CSV messages; JSON names its own",
            "leave columns out, or write format=csv",
        );
    }
    let names: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
    let unique = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    let begins = |name: &String| name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if !unique || !names.iter().all(begins) {
        return fault(
            &format!("columns={list} is no list of column names"),
            "write different names that begin with a letter, like id,temperature",
        );
    }
    Ok(Names::Given(names))
}

fn secure(url: &FeedUrl) -> Result<Option<Arc<ClientConfig>>> {
    let ca = url.params.get("ca");
    if !switch(url, "tls", ca.is_some())? {
        return Ok(None);
    }
    let system = || {
        let own = std::env::var("SSL_CERT_FILE").ok();
        own.into_iter().chain(TRUSTED.iter().map(|path| (*path).to_owned())).find(|path| Path::new(path).exists())
    };
    let hint = "name the file that holds the broker's certificate authority with ca=PATH.pem";
    let Some(path) = ca.cloned().or_else(system) else {
        return Err(Fault::new("this system has no file of trusted certificates where we looked")
            .at(url.shown())
            .hint(hint));
    };
    let roots = tls::roots(Path::new(&path))?;
    let config = tls::config(roots).map_err(|error| Fault::new(error.to_string()).at(url.shown()))?;
    Ok(Some(Arc::new(config)))
}

fn sasl(url: &FeedUrl) -> Result<Option<SaslConfig>> {
    let named = url.params.get("sasl").map(String::as_str);
    let credentials = std::env::var(USER)
        .ok()
        .filter(|user| !user.is_empty())
        .map(|user| Credentials::new(user, std::env::var(PASSWORD).unwrap_or_default()));
    let (mechanism, credentials) = match (named, credentials) {
        (Some("none"), _) | (None, None) => return Ok(None),
        (None, Some(credentials)) => ("plain", credentials),
        (Some(name), Some(credentials)) => (name, credentials),
        (Some(_), None) => {
            return Err(Fault::new("a login is asked for, but there is no user name")
                .at(url.shown())
                .hint(format!("set {USER} and {PASSWORD} in the environment")));
        }
    };
    match mechanism {
        "plain" => Ok(Some(SaslConfig::Plain(credentials))),
        "scram-sha-256" => Ok(Some(SaslConfig::ScramSha256(credentials))),
        "scram-sha-512" => Ok(Some(SaslConfig::ScramSha512(credentials))),
        other => Err(Fault::new(format!("there is no login of the kind '{other}'")).at(url.shown()).hint(choices(
            other,
            ["plain", "scram-sha-256", "scram-sha-512", "none"].into_iter(),
            str::to_owned,
        ))),
    }
}
