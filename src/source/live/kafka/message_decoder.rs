//! Kafka messages to rows: payloads by the decoder of their format, and what Kafka knows of each message as columns
//! beside. Which messages, and when, is the feed's part.

use std::ops::Range;
use std::sync::Arc;

use polars::prelude::*;
use rskafka::record::RecordAndOffset;

use super::csv;
use super::settings::{Names, PayloadText, Settings};
use crate::data::format::{self, Decoder, FormatKind, Sniff};
use crate::data::{Fault, Reject, Rejects, Result, broken};
use crate::source::live::json_messages::Lines;

/// What Kafka knows of a message, as columns that SQL needs no quotes for.
pub const METADATA: [&str; 5] = ["kafka_key", "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_headers"];
/// Messages that are enough to say that nothing here can be read.
const ENOUGH_REFUSED: usize = 20;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How the payloads of a topic become rows.
#[derive(Debug)]
pub struct MessageDecoder {
    source: Arc<str>,
    decoder: Arc<dyn Decoder>,
    json: bool,
    /// The topic's first line, where it names the columns: a line like it is no row.
    header: Option<Vec<u8>>,
    /// The payload's columns, then Kafka's.
    pub schema: SchemaRef,
    /// The columns asked for.
    columns: Vec<usize>,
    /// Those of them without whose value a row is none.
    vital: Option<Vec<usize>>,
}

/// Lines of text, and which message each row came from.
#[derive(Debug, Default)]
struct PayloadLines {
    lines: Lines,
    /// The first line of each row, from 1; empty where every row is one line.
    line: Vec<u64>,
    /// Lines so far, where rows may be several.
    count: u64,
}

impl PayloadLines {
    fn row_at(&self, line: u64) -> usize {
        if self.line.is_empty() {
            usize::try_from(line).unwrap_or(0).saturating_sub(1)
        } else {
            self.line.partition_point(|first| *first <= line).saturating_sub(1)
        }
    }

    fn line_of(&self, row: usize) -> u64 {
        self.line.get(row).copied().unwrap_or(row as u64 + 1)
    }
}

/// A decoder of JSON objects like those of some lines.
fn json(source: &Arc<str>, lines: &[u8], known: Option<SchemaRef>) -> Result<Arc<dyn Decoder>> {
    let ndjson = format::FORMATS.iter().find(|format| format.name == "ndjson").map(|format| &format.kind);
    let Some(FormatKind::Text { sniff }) = ndjson else {
        return Err(Fault::new("this build cannot read JSON").at(&**source));
    };
    sniff(&Sniff { source: source.clone(), head: lines, whole: true, known })
}

/// The outcome of settling columns from a sample.
pub enum Sampled {
    Decoder(MessageDecoder),
    /// The sample cannot be read; a larger one may be readable.
    Not(Fault),
}

impl MessageDecoder {
    /// Settles columns and types from some messages. `first` is the topic's first payload, for its header.
    ///
    /// # Errors
    /// When they can be read, but not as asked.
    pub fn settle(
        source: &Arc<str>,
        settings: &Settings,
        sample: &[RecordAndOffset],
        first: Option<&[u8]>,
        known: Option<&SchemaRef>,
    ) -> Result<Sampled> {
        let fault = |what: String, hint: &str| Fault::new(what).at(&**source).hint(hint);
        let known = known.map(|known| if settings.metadata { payload_only(known) } else { known.clone() });
        let payloads: Vec<&[u8]> = sample
            .iter()
            .filter_map(|record| record.record.value.as_deref())
            .filter(|value| !value.trim_ascii().is_empty())
            .collect();
        let Some(begin) = payloads.first() else {
            return match known {
                // Without a message it does not matter how they would be read.
                Some(known) if sample.is_empty() => {
                    Ok(Sampled::Decoder(Self::new(source, settings, json(source, &[], Some(known))?, true, None)?))
                }
                _ if sample.is_empty() => Ok(Sampled::Not(fault(
                    "there are no messages in the topic".to_owned(),
                    "write the first, or leave out follow=false",
                ))),
                _ => Ok(Sampled::Not(fault("its messages have no value".to_owned(), "check the topic"))),
            };
        };
        let shown = || String::from_utf8_lossy(begin).chars().take(80).collect::<String>();
        let text = match &settings.text {
            PayloadText::Auto => match guess(&payloads, settings) {
                Some(text) => text,
                None if begin.first() == Some(&0) => {
                    let what = "its messages begin with a zero byte, as Avro and Protobuf with a schema registry do; \
                                this build cannot read those";
                    return Ok(Sampled::Not(fault(what.to_owned(), "have them written as JSON or CSV")));
                }
                None => {
                    let what = format!("its messages are neither JSON objects nor CSV: the first was '{}'", shown());
                    return Ok(Sampled::Not(fault(what, "write format=csv where each is a line of one column")));
                }
            },
            text => text.clone(),
        };
        let (decoder, header) = if let PayloadText::Csv(prefer) = text {
            let header = match settings.names {
                Names::Header => {
                    let line = first
                        .map(|first| first.strip_prefix(BOM).unwrap_or(first))
                        .and_then(|first| first.split(|byte| *byte == b'\n').next());
                    let Some(line) = line.map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty()) else {
                        return Ok(Sampled::Not(fault(
                            "the topic's first message holds no header".to_owned(),
                            "name the columns with columns=a,b,c",
                        )));
                    };
                    Some(line.to_vec())
                }
                _ => None,
            };
            let mut lines = Vec::new();
            for payload in &payloads {
                let payload = payload.strip_prefix(BOM).unwrap_or(payload);
                let body = match &header {
                    Some(header) if payload.starts_with(header) => payload.get(header.len()..).unwrap_or_default(),
                    _ => payload,
                };
                // A quote that is not closed would swallow what comes after.
                if memchr::memchr_iter(b'"', body).count().is_multiple_of(2) {
                    lines.extend_from_slice(body.trim_ascii());
                    lines.push(b'\n');
                }
            }
            (csv::decoder(source, &lines, prefer, &settings.names, header.as_deref(), known.as_ref())?, header)
        } else {
            let mut lines = Lines::default();
            for payload in &payloads {
                lines.add(payload, 0, |_, _| {});
            }
            let readable = lines.rows() > 0;
            match json(source, &lines.bytes, known) {
                Ok(decoder) if readable => (decoder, None),
                _ => {
                    return Ok(Sampled::Not(fault(
                        format!("its messages are no JSON objects: the first was '{}'", shown()),
                        "check the topic, or write format=csv",
                    )));
                }
            }
        };
        Ok(Sampled::Decoder(Self::new(source, settings, decoder, !matches!(text, PayloadText::Csv(_)), header)?))
    }

    fn new(
        source: &Arc<str>,
        settings: &Settings,
        decoder: Arc<dyn Decoder>,
        json: bool,
        header: Option<Vec<u8>>,
    ) -> Result<Self> {
        let mut schema: Schema = Schema::clone(decoder.schema());
        if settings.metadata {
            if let Some(twice) =
                schema.iter_names().find(|name| METADATA.iter().any(|own| name.eq_ignore_ascii_case(own)))
            {
                let what = format!(
                    "its messages have a column '{twice}' of their own, which is what Braid calls what Kafka knows"
                );
                return Err(Fault::new(what).at(&**source).hint("write metadata=false to see only theirs"));
            }
            let types = [
                DataType::String,
                DataType::Int64,
                DataType::Int64,
                DataType::Datetime(TimeUnit::Microseconds, None),
                DataType::String,
            ];
            for (name, dtype) in METADATA.into_iter().zip(types) {
                schema.insert(name.into(), dtype);
            }
        }
        let columns = (0..schema.len()).collect();
        Ok(Self { source: source.clone(), decoder, json, header, schema: schema.into(), columns, vital: None })
    }

    /// Whether it is plain by now that nothing here can be read.
    pub fn enough_refused(sample: &[RecordAndOffset]) -> bool {
        sample.len() >= ENOUGH_REFUSED
    }

    pub fn project(&mut self, columns: &[usize]) {
        columns.clone_into(&mut self.columns);
    }

    pub fn require(&mut self, vital: Option<&[usize]>) {
        self.vital = vital.map(<[usize]>::to_vec);
    }

    /// A frame of the columns asked for, without rows.
    pub fn nothing(&self) -> DataFrame {
        let fields = self.columns.iter().filter_map(|i| self.schema.get_at_index(*i));
        DataFrame::empty_with_schema(&fields.map(|(name, dtype)| (name.clone(), dtype.clone())).collect())
    }

    /// Decodes messages of one partition. What is no row is set aside, once for each row that cannot be; a message
    /// without a value (a tombstone) counts as one that cannot.
    ///
    /// # Errors
    /// When the decoder gives up.
    pub fn decode(&self, records: &[RecordAndOffset], partition: i32) -> Result<(DataFrame, Rejects)> {
        let mut rejects = Rejects::default();
        let mut refuse =
            |index: u64, reason: &str, body: &[u8]| rejects.push(self.reject(records, partition, index, reason, body));
        let mut taken = PayloadLines::default();
        for (index, record) in (0_u64..).zip(records) {
            match record.record.value.as_deref() {
                None => refuse(index, "the message has no value (a tombstone)", &[]),
                Some(value) if value.trim_ascii().is_empty() => refuse(index, "the message is empty", value),
                Some(value) if self.json => {
                    taken.lines.add(value, index, |_, refused| refuse(index, refused.reason, refused.body))
                }
                Some(value) => self.take_csv(value, index, &mut taken, &mut refuse),
            }
        }
        let payload: Vec<usize> =
            self.columns.iter().copied().filter(|column| *column < self.decoder.schema().len()).collect();
        let beside = payload.len() < self.columns.len();
        // Which message each row of the frame came from, where that is asked.
        let mut origin: Vec<u32> = Vec::new();
        let mut frame = None;
        self.block(
            &taken,
            0..taken.lines.rows(),
            taken.lines.bytes.as_slice(),
            &payload,
            &mut |rows, decoded, mut refused| {
                if beside {
                    let (mut next, mut aside) =
                        (rows.start, refused.kept.iter().map(|reject| taken.row_at(reject.line)).peekable());
                    while next < rows.end {
                        if aside.next_if_eq(&next).is_none() {
                            origin
                                .extend(taken.lines.message.get(next).and_then(|message| u32::try_from(*message).ok()));
                        }
                        next += 1;
                    }
                }
                for mut reject in std::mem::take(&mut refused.kept) {
                    let message = taken.lines.message.get(taken.row_at(reject.line)).copied().unwrap_or_default();
                    let (line, reason) = place(records, partition, message, &reject.reason);
                    (reject.line, reject.reason) = (line, reason);
                    rejects.push(reject);
                }
                for cell in refused.cells.kept.iter_mut().chain(&mut refused.incomplete) {
                    let message = taken.lines.message.get(taken.row_at(cell.line)).copied().unwrap_or_default();
                    (cell.line, cell.reason) = place(records, partition, message, &cell.reason);
                }
                rejects.add(Rejects { count: 0, ..refused });
                match &mut frame {
                    None => frame = Some(decoded),
                    Some(frame) => broken::stack(frame, &decoded)?,
                }
                Ok(())
            },
        )?;
        let frame = frame.unwrap_or_else(|| self.nothing_of(&payload));
        if !beside {
            return Ok((frame, rejects));
        }
        if origin.len() != frame.height() {
            return Err(Fault::new("internal error: rows and messages do not match").at(&*self.source));
        }
        let height = frame.height();
        let mut payload = frame.columns().iter();
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            match column.checked_sub(self.decoder.schema().len()) {
                None => columns.extend(payload.next().cloned()),
                Some(own) => columns.push(beside_column(own, records, partition, &origin)?),
            }
        }
        columns.extend(broken::marks(&frame).cloned());
        Ok((DataFrame::new(height, columns)?, rejects))
    }

    fn nothing_of(&self, payload: &[usize]) -> DataFrame {
        let fields = payload.iter().filter_map(|i| self.schema.get_at_index(*i));
        DataFrame::empty_with_schema(&fields.map(|(name, dtype)| (name.clone(), dtype.clone())).collect())
    }

    /// Decodes rows, in as many blocks as are needed for every row set aside to be known.
    fn block(
        &self,
        taken: &PayloadLines,
        rows: Range<usize>,
        bytes: &[u8],
        columns: &[usize],
        give: &mut impl FnMut(Range<usize>, DataFrame, Rejects) -> Result<()>,
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let first = taken.line_of(rows.start);
        let decoded = self.decoder.decode_vital(bytes, first, columns, self.vital.as_deref())?;
        if decoded.rejects.count == decoded.rejects.kept.len() as u64 || rows.len() == 1 {
            return give(rows, decoded.frame, decoded.rejects);
        }
        let middle = rows.start + rows.len() / 2;
        let lines = usize::try_from(taken.line_of(middle) - first).unwrap_or(usize::MAX);
        let cut = memchr::memchr_iter(b'\n', bytes).nth(lines.saturating_sub(1)).map_or(bytes.len(), |end| end + 1);
        let (left, right) = bytes.split_at(cut);
        self.block(taken, rows.start..middle, left, columns, give)?;
        self.block(taken, middle..rows.end, right, columns, give)
    }

    /// Takes a payload of CSV apart into its records. A quote that is not closed ends with the message.
    fn take_csv(
        &self,
        payload: &[u8],
        message: u64,
        taken: &mut PayloadLines,
        refuse: &mut impl FnMut(u64, &str, &[u8]),
    ) {
        let payload = payload.strip_prefix(BOM).unwrap_or(payload);
        let mut text = Vec::with_capacity(payload.len() + 1);
        text.extend_from_slice(payload);
        text.push(b'\n');
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            let Some(end) = self.record(rest) else {
                refuse(message, "a quote is opened and not closed", rest.trim_ascii_end());
                return;
            };
            let (record, after) = rest.split_at(end);
            rest = after;
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            let bare = record.strip_suffix(b"\r").unwrap_or(record);
            if bare.is_empty() || self.header.as_deref() == Some(bare.trim_ascii_end()) {
                continue;
            }
            taken.line.push(taken.count + 1);
            taken.count += 1 + memchr::memchr_iter(b'\n', bare).count() as u64;
            taken.lines.bytes.extend_from_slice(bare);
            taken.lines.bytes.push(b'\n');
            taken.lines.message.push(message);
        }
    }

    /// Length of the first record of some lines, with its line end.
    fn record(&self, lines: &[u8]) -> Option<usize> {
        let first = memchr::memchr(b'\n', lines)? + 1;
        if memchr::memchr(b'"', lines.get(..first)?).is_none() {
            return Some(first);
        }
        // Where no record ends at all, there is no need to look for the first.
        if self.decoder.cut(lines) == 0 {
            return None;
        }
        memchr::memchr_iter(b'\n', lines)
            .map(|end| end + 1)
            .find(|end| self.decoder.cut(lines.get(..*end).unwrap_or_default()) == *end)
    }

    fn reject(&self, records: &[RecordAndOffset], partition: i32, index: u64, reason: &str, body: &[u8]) -> Reject {
        let (line, reason) = place(records, partition, index, reason);
        Reject::new(&self.source, line, reason, body)
    }
}

/// Where a message is, as a number and in words.
fn place(records: &[RecordAndOffset], partition: i32, index: u64, reason: &str) -> (u64, String) {
    let offset = usize::try_from(index).ok().and_then(|index| records.get(index)).map_or(0, |record| record.offset);
    (u64::try_from(offset).unwrap_or(0), format!("partition {partition}, offset {offset}: {reason}"))
}

fn payload_only(known: &SchemaRef) -> SchemaRef {
    let kept = known.iter().filter(|(name, _)| !METADATA.contains(&name.as_str()));
    Arc::new(kept.map(|(name, dtype)| (name.clone(), dtype.clone())).collect())
}

/// The format that most messages have.
fn guess(payloads: &[&[u8]], settings: &Settings) -> Option<PayloadText> {
    if settings.names != Names::Numbered {
        return Some(PayloadText::Csv(None));
    }
    let begins = |payload: &&&[u8]| {
        payload.strip_prefix(BOM).unwrap_or(payload).trim_ascii_start().first().is_some_and(|byte| b"{[".contains(byte))
    };
    if payloads.iter().filter(begins).count() * 2 >= payloads.len() {
        return Some(PayloadText::Json);
    }
    let texts = payloads
        .iter()
        .filter(|payload| std::str::from_utf8(payload).is_ok() && payload.iter().any(|byte| b",;\t|".contains(byte)));
    (texts.count() * 2 >= payloads.len()).then_some(PayloadText::Csv(None))
}

/// A column of what Kafka knows, by its number in `METADATA`.
fn beside_column(own: usize, records: &[RecordAndOffset], partition: i32, origin: &[u32]) -> Result<Column> {
    let name: PlSmallStr = METADATA.get(own).copied().unwrap_or_default().into();
    let of = || origin.iter().map(|index| records.get(*index as usize));
    Ok(match own {
        0 => StringChunked::from_iter_options(name, of().map(|record| record?.record.key.as_deref().map(key)))
            .into_column(),
        1 => Int64Chunked::full(name, i64::from(partition), origin.len()).into_column(),
        2 => Int64Chunked::from_iter_options(name, of().map(|record| record.map(|record| record.offset))).into_column(),
        3 => {
            // -1 stands for no time.
            let times = of().map(|record| {
                record.map(|record| record.record.timestamp.timestamp_micros()).filter(|time| *time != -1_000)
            });
            Int64Chunked::from_iter_options(name, times).into_datetime(TimeUnit::Microseconds, None).into_column()
        }
        _ => StringChunked::from_iter_options(name, of().map(headers)).into_column(),
    })
}

/// A key as text; one that is none as its bytes in hexadecimal.
fn key(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}

/// The headers as a JSON object; null where there are none.
fn headers(record: Option<&RecordAndOffset>) -> Option<String> {
    let headers = &record?.record.headers;
    if headers.is_empty() {
        return None;
    }
    let object = headers
        .iter()
        .map(|(name, value)| (name.clone(), serde_json::Value::String(key(value))))
        .collect::<serde_json::Map<_, _>>();
    serde_json::to_string(&object).ok()
}
