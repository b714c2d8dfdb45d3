//! A topic that is read: what is due is asked of the brokers, and what came is handed out, each partition in its turn.

use std::time::{Duration, Instant};

use super::client;
use super::partition_reader::PartitionReader;
use super::{Done, Kafka};
use crate::data::{Chunk, Result};
use crate::source::live::{Event, Reading};

/// Bytes of messages that may wait to be decoded, over all partitions.
const WAITING: usize = 32 << 20;
/// The most that one fetch brings, and the least, bytes.
const FETCH: usize = 2 << 20;
const LEAST_FETCH: usize = 64 << 10;

impl Kafka {
    /// Starts what is due: fetches, and the search for new partitions.
    fn ask(&mut self, now: Instant) {
        self.connect(now);
        let waiting: usize = self.readers.iter().map(|reader| reader.bytes).sum();
        let size = (WAITING / self.readers.len().max(1)).clamp(LEAST_FETCH, FETCH);
        let size = i32::try_from(size).unwrap_or(i32::MAX);
        let handle = self.runtime.as_ref().map(|runtime| runtime.handle().clone());
        let Some(handle) = handle else { return };
        for reader in self.readers.iter_mut().filter(|reader| reader.wants(now, waiting < WAITING)) {
            let (id, next, size) = (reader.id, reader.next, reader.size(size));
            if let Some(client) = reader.client.clone() {
                reader.busy = true;
                self.tasks.spawn_on(async move { Done::Fetched(id, client::fetch(client, next, size).await) }, &handle);
            } else if let Some(client) = self.link.clone() {
                reader.busy = true;
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
        for step in 0..self.readers.len() {
            let place = (self.turn + step) % self.readers.len();
            let Some(reader) = self.readers.get_mut(place).filter(|reader| reader.due(now)) else { continue };
            self.turn = place + 1;
            if let Some(reason) = reader.take_gap() {
                self.ready.push_back(Event::Gap { reason });
                return Ok(());
            }
            let (records, offsets) = reader.hand_out(now);
            let (frame, rejects) = rows.decode(&records, reader.id)?;
            let bytes = records.iter().map(|record| record.record.approximate_size() as u64).sum();
            // Not cut further, though a message may hold many rows: a chunk is the smallest step of a position.
            self.ready.push_back(Event::Chunk(Chunk { rejects, bytes, ..reader.chunk(&self.source, frame, offsets) }));
            return Ok(());
        }
        Ok(())
    }
}

impl Reading for Kafka {
    fn poll(&mut self, wait: Duration) -> Result<Event> {
        let deadline = Instant::now() + wait;
        loop {
            let now = Instant::now();
            if self.expect.try_now.take() {
                self.next_link = None;
                self.readers.iter_mut().for_each(PartitionReader::try_now);
            }
            if self.ready.is_empty() {
                self.hand_out(now)?;
            }
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            if (self.past || !self.settings.follow)
                && !self.readers.is_empty()
                && self.readers.iter().all(PartitionReader::ended)
            {
                return Ok(Event::End);
            }
            if now >= deadline {
                return Ok(Event::Quiet);
            }
            self.ask(now);
            let wake = self
                .readers
                .iter()
                .filter_map(|reader| reader.wake(now, deadline))
                .chain(self.next_link.filter(|next| *next > now && self.link.is_none()));
            let until = wake.chain(self.next_look.filter(|next| *next > now)).fold(deadline, Instant::min);
            self.drive(until)?;
        }
    }
}
