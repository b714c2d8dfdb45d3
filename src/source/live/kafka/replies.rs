//! What follows from each reply of the brokers: partitions are taken up, messages go to their partition, a lost
//! connection is opened again. When to ask what, `mod` decides.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rskafka::client::Client;

use super::client::{self, Answer, Cluster, Failure, PartitionStart};
use super::partition_reader::PartitionReader;
use super::settings::{From, Names};
use super::{BACK_OFF, Done, Kafka};
use crate::data::Fault;
use crate::data::near::nearest;
use crate::source::live::Event;
use crate::source::live::net::back_off::told;

/// How long a topic that was just created may take to be readable.
const EARLY: Duration = Duration::from_secs(10);
impl Kafka {
    pub(super) fn done(&mut self, done: Done) {
        match done {
            Done::Connected(Ok(link)) => {
                self.linking = false;
                self.again.up(Instant::now());
                self.link = Some(link.client.clone());
                self.next_look = Some(Instant::now() + self.settings.refresh);
                self.learn(&link);
            }
            Done::Connected(Err(failure)) => {
                self.linking = false;
                if self.rows.is_none() && self.readers.is_empty() {
                    self.fault = Some(self.unreachable(&failure));
                    return;
                }
                let wait = self.again.down(Instant::now());
                self.next_link = Some(Instant::now() + wait);
                self.trouble(&failure, wait);
            }
            Done::Listed(answer) => {
                self.next_look = Some(Instant::now() + self.settings.refresh);
                if let Ok(link) = answer {
                    self.learn(&link);
                }
            }
            Done::Located(id, from, answer) => self.located(id, from, answer),
            Done::Sampled(id, Ok(fetched)) => {
                self.sampling.insert(id, Some(fetched.next));
                self.sample.entry(id).or_default().extend(fetched.records);
            }
            Done::Sampled(id, Err(failure)) => {
                // Begun again where the partition begins now.
                let place = if let Failure::Range { earliest, .. } = failure {
                    earliest
                } else {
                    self.reader(id).map_or(0, |reader| reader.sample)
                };
                self.sampling.insert(id, Some(place));
                if self.opened.elapsed() > EARLY && self.sample.is_empty() {
                    self.fault = Some(self.unreachable(&failure));
                }
            }
            Done::Reopened(id, answer) => match answer {
                Ok(client) => {
                    if let Some(reader) = self.reader(id) {
                        reader.busy = false;
                        reader.client = Some(client);
                    }
                }
                Err(failure) => self.lost(id, &failure),
            },
            Done::Fetched(id, answer) => match answer {
                Ok(fetched) => {
                    let recovered = self.reader(id).is_some_and(|reader| reader.take(fetched));
                    if recovered {
                        self.tell_position(id);
                    }
                }
                Err(Failure::Range { earliest, latest }) => {
                    if let Some(reader) = self.reader(id) {
                        reader.out_of_range(earliest, latest);
                    }
                }
                Err(failure) => self.lost(id, &failure),
            },
        }
    }

    /// Takes note of the topic's partitions.
    fn learn(&mut self, link: &Cluster) {
        let settled = self.rows.is_some();
        // A reading that ends keeps the partitions that it began with.
        if settled && (self.past || !self.settings.follow) {
            return;
        }
        let topic = &self.settings.topic;
        let Some(there) = &link.partitions else {
            if self.readers.is_empty() {
                let names: Vec<&str> = link.topics.iter().map(String::as_str).collect();
                let hint = match (nearest(topic, &names), names.as_slice()) {
                    (Some(near), _) => format!("did you mean {near}?"),
                    (None, []) => "there is none at all that this login may see".to_owned(),
                    (None, names) => format!(
                        "there are {}{}",
                        names.get(..20).unwrap_or(names).join(", "),
                        if names.len() > 20 { " and others" } else { "" }
                    ),
                };
                self.fault = Some(self.fault(format!("the cluster has no topic '{topic}'")).hint(hint));
            }
            return;
        };
        let wanted: Vec<i32> = match &self.settings.partitions {
            None => there.clone(),
            Some(wanted) => {
                if let Some(missing) = wanted.iter().find(|id| !there.contains(id))
                    && self.known.is_empty()
                {
                    let count = there.len();
                    let last = there.iter().max().copied().unwrap_or_default();
                    let fault = self.fault(format!("the topic '{topic}' has no partition {missing}"));
                    self.fault = Some(fault.hint(format!("it has {count}, numbered 0 to {last}")));
                    return;
                }
                wanted.iter().copied().collect()
            }
        };
        for id in wanted {
            if self.known.insert(id) {
                // All of a partition that is added later is new.
                let from = if settled { From::Beginning } else { self.settings.from };
                self.locate(&link.client, id, from);
            }
        }
    }

    fn locate(&mut self, client: &Arc<Client>, id: i32, from: From) {
        let (client, settings) = (client.clone(), self.settings.clone());
        self.start(async move { Done::Located(id, from, client::locate(client, settings, id, from).await) });
    }

    fn located(&mut self, id: i32, from: From, answer: Answer<PartitionStart>) {
        match answer {
            Ok(place) => {
                let mut reader = PartitionReader::new(id, &place, from, self.settings.follow);
                // The header is at the beginning, wherever reading begins.
                reader.sample =
                    if self.settings.names == Names::Header { place.earliest } else { client::sample_start(&place) };
                self.sampling.insert(id, Some(reader.sample));
                self.readers.push(reader);
                self.readers.sort_by_key(|reader| reader.id);
                if from != From::Beginning {
                    self.tell_position(id);
                }
            }
            Err(failure) if self.rows.is_none() => match self.link.clone() {
                // A new topic takes a moment until it has leaders.
                Some(client) if self.opened.elapsed() < EARLY => {
                    let settings = self.settings.clone();
                    self.start(async move {
                        tokio::time::sleep(BACK_OFF).await;
                        Done::Located(id, from, client::locate(client, settings, id, from).await)
                    });
                }
                _ => self.fault = Some(self.unreachable(&failure)),
            },
            // Found again at the next look.
            Err(_) => {
                self.known.remove(&id);
            }
        }
    }

    /// Why nothing can be read at all.
    pub(super) fn unreachable(&self, failure: &Failure) -> Fault {
        let said = match failure {
            Failure::Lost(said) | Failure::Silent(said) => said.clone(),
            Failure::Range { .. } => "the topic changes while it is opened".to_owned(),
        };
        if said.to_ascii_lowercase().contains("sasl") {
            return self
                .fault(format!("the broker did not accept the login: {said}"))
                .hint("check BRAID_KAFKA_USER, BRAID_KAFKA_PASSWORD and sasl=");
        }
        let hint = if said.contains("refused") {
            "check the port, and whether the broker runs"
        } else if said.contains("lookup") || said.contains("resolve") || said.contains("not known") {
            "check the spelling of the host, and the network"
        } else if self.settings.tls.is_some() {
            "check the address, the login, and the broker's certificate"
        } else {
            "check the address, and whether the broker wants tls=true or a login"
        };
        self.fault(format!("no Kafka broker can be reached at {}: {said}", self.settings.place())).hint(hint)
    }

    fn trouble(&mut self, failure: &Failure, wait: Duration) {
        // All partitions that are lost at once are told of once.
        if self.ready.iter().any(|event| matches!(event, Event::Trouble { .. })) {
            return;
        }
        if let Failure::Lost(said) | Failure::Silent(said) = failure {
            self.ready.push_back(Event::Trouble { reason: told(said, wait) });
        }
    }

    /// A partition does not answer: its connection is made anew, a while later.
    fn lost(&mut self, id: i32, failure: &Failure) {
        let Some(reader) = self.reader(id) else { return };
        let wait = reader.lost(Instant::now());
        // Whom to ask for the way may be lost as well.
        self.link = None;
        self.trouble(failure, wait);
    }

    /// A chunk without rows says where a partition stands.
    pub(super) fn tell_position(&mut self, id: i32) {
        if let (Some(rows), Some(reader)) = (&self.rows, self.readers.iter().find(|reader| reader.id == id)) {
            let chunk = reader.chunk(&self.source, rows.nothing(), reader.given..reader.given);
            self.ready.push_back(Event::Chunk(chunk));
        }
    }
}
