//! A topic before it is read: its columns are settled from some messages, its ends are asked for, and reading is begun.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use polars::prelude::SchemaRef;
use rskafka::record::RecordAndOffset;
use tokio::task::JoinSet;

use super::client::{self, Size};
use super::message_decoder::{MessageDecoder, Sampled};
use super::partition_reader::PartitionReader;
use super::settings::From;
use super::{BACK_OFF, Done, Kafka};
use crate::data::{Fault, Positions, Result};
use crate::source::live::{Opened, ReadOptions, Reading, unsettled};

const SAMPLE_FETCH: i32 = 128 << 10;
/// Messages of all partitions together that settle the columns.
const SAMPLE: usize = 2_000;
/// How long the brokers may take to answer a question that is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Kafka {
    /// Fetches messages to settle the columns from. Partitions without any are asked only when all are without.
    fn ask_sample(&mut self) {
        if self.readers.is_empty() || self.readers.len() < self.known.len() {
            return;
        }
        let empty = self.readers.iter().all(|reader| reader.sample >= reader.log_end);
        let once =
            self.readers.iter().all(|reader| reader.sample >= reader.log_end || self.sample.contains_key(&reader.id));
        for reader in &self.readers {
            if let (Some(client), Some(Some(from))) = (reader.client.clone(), self.sampling.get(&reader.id).copied())
                && (empty || reader.sample < reader.log_end)
                && (once || !self.sample.contains_key(&reader.id))
            {
                let id = reader.id;
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
        let awaited =
            |reader: &&PartitionReader| reader.sample < reader.log_end && !self.sample.contains_key(&reader.id);
        if self.readers.is_empty()
            || self.readers.len() < self.known.len()
            || self.readers.iter().any(|reader| awaited(&reader))
        {
            return Ok(());
        }
        let each = (SAMPLE / self.readers.len()).max(20);
        let sample: Vec<RecordAndOffset> =
            self.sample.values().flat_map(|records| records.iter().take(each)).cloned().collect();
        let nothing = self.readers.iter().all(|reader| reader.sample >= reader.log_end);
        if sample.is_empty() && !nothing && !std::mem::replace(&mut self.looked_back, true) {
            // Only marks of transactions from where reading begins: the messages before tell the columns as well.
            for reader in &mut self.readers {
                reader.sample = reader.earliest.max(reader.log_end.saturating_sub(client::LAST));
                self.sampling.insert(reader.id, Some(reader.sample));
            }
            self.sample.clear();
            return Ok(());
        }
        if sample.is_empty() && (self.settings.follow || !nothing) {
            return Ok(());
        }
        let first = self.sample.values().flatten().find_map(|record| record.record.value.as_deref());
        match MessageDecoder::settle(&self.source, &self.settings, &sample, first, self.expect.known.as_ref())? {
            Sampled::Decoder(rows) => {
                self.rows = Some(rows);
                (self.sample, self.sampling) = (BTreeMap::new(), BTreeMap::new());
                if self.settings.from != From::Beginning {
                    let ids: Vec<i32> = self.readers.iter().map(|reader| reader.id).collect();
                    ids.into_iter().for_each(|id| self.tell_position(id));
                }
                Ok(())
            }
            Sampled::Not(fault) if MessageDecoder::enough_refused(&sample) || !self.settings.follow => Err(fault),
            Sampled::Not(_) => Ok(()),
        }
    }

    /// Asks every partition for its end, and waits.
    fn ask_ends(&mut self) -> Result<BTreeMap<i32, u64>> {
        let mut ends = BTreeMap::new();
        let Some(runtime) = &self.runtime else { return Ok(ends) };
        let mut questions = JoinSet::new();
        for reader in &self.readers {
            match (reader.end, reader.client.clone()) {
                (Some(end), _) => {
                    ends.insert(reader.id, end);
                }
                (None, Some(client)) => {
                    let id = reader.id;
                    questions.spawn_on(async move { (id, client::end(client).await) }, runtime.handle());
                }
                (None, None) => {
                    return Err(self
                        .fault(format!("partition {} is not connected at present", reader.id))
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

    /// Begins at these offsets; a partition that is not among them, at its beginning.
    fn begin_at(&mut self, from: &Positions) -> Result<()> {
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
        for reader in &mut self.readers {
            let end = reader.log_end.max(ends.get(&reader.id).copied().unwrap_or(0));
            let at = u32::try_from(reader.id).ok().and_then(|id| from.get(&id)).copied();
            if let Some(at) = at.filter(|at| *at > end.max(asked)) {
                let what =
                    format!("partition {} ends at offset {end}, before {at}, up to which it was read", reader.id);
                return Err(Fault::new(what)
                    .at(&*self.source)
                    .hint("the topic was created anew or cut: begin again without what was kept"));
            }
            reader.begin_at(at, end);
        }
        self.ready.clear();
        Ok(())
    }
}

impl Opened for Kafka {
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

    fn ends(&mut self) -> Result<Option<Positions>> {
        let ends = self.ask_ends()?;
        Ok(Some(ends.into_iter().filter_map(|(id, end)| Some((u32::try_from(id).ok()?, end))).collect()))
    }

    fn read(mut self: Box<Self>, options: &ReadOptions) -> Result<Box<dyn Reading>> {
        let Some(rows) = &mut self.rows else { return Err(unsettled(&self.source)) };
        let columns = options.columns_of(&rows.schema);
        rows.project(&columns);
        rows.require(options.vital.as_deref());
        // The empty chunks that tell positions have the columns too.
        let ids: Vec<i32> = self.readers.iter().map(|reader| reader.id).collect();
        if !self.ready.is_empty() {
            self.ready.clear();
            ids.into_iter().for_each(|id| self.tell_position(id));
        }
        if !options.start.is_empty() {
            self.begin_at(&options.start)?;
        }
        self.past = options.stop.is_some();
        let at = |positions: &Positions, reader: &PartitionReader| {
            u32::try_from(reader.id).ok().and_then(|id| positions.get(&id)).copied()
        };
        for reader in &mut self.readers {
            reader.seam = at(&options.split, reader);
            if let Some(stop) = &options.stop {
                reader.end = Some(at(stop, reader).unwrap_or(reader.given));
            }
        }
        Ok(self)
    }
}
