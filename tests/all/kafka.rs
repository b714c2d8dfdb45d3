//! Laws of the Kafka feed, against a real Apache Kafka broker.

pub mod broker;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use braid::data::{Fault, Positions};
use braid::source::live::{self, Event, Expect, ReadOptions, Reading};
use polars::prelude::*;
use rskafka::client::partition::Compression;
use rskafka::record::Record;

use self::broker::{Broker, Topic, at, record, shared};
use crate::live::{Got, LONG, open, read, read_columns, read_with, rows, settled, until, url};

fn to_end(live: &mut dyn Reading) -> Got {
    until(live, |got| got.ended)
}

/// All of a topic as it is now.
fn all(topic: &Topic, params: &str) -> Got {
    let mut live = read(open(&topic.url(&format!("follow=false&{params}"))));
    to_end(&mut *live)
}

fn why(address: &str) -> String {
    let mut live = match live::open(&url(address), Expect::default()) {
        Ok(live) => live,
        Err(fault) => return fault.to_string(),
    };
    let begin = Instant::now();
    loop {
        match live.settle(Duration::from_millis(200)) {
            Err(fault) => return fault.to_string(),
            Ok(schema) => {
                assert!(schema.is_none() && begin.elapsed() < LONG, "{address} was opened")
            }
        }
    }
}

fn objects(numbers: std::ops::Range<i64>) -> Vec<String> {
    numbers.map(|n| format!("{{\"n\":{n},\"s\":\"row {n}\"}}")).collect()
}

fn sorted(got: &Got, column: &str) -> Vec<i64> {
    let mut numbers = got.numbers(column);
    numbers.sort_unstable();
    numbers
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    frame.column(column).unwrap().str().unwrap().iter().map(|text| text.map(str::to_owned)).collect()
}

fn names(frame: &DataFrame) -> Vec<&str> {
    frame.columns().iter().map(|column| column.name().as_str()).collect()
}

/// Offsets follow one another in each partition, and the last of each is how far it was read.
fn positions(got: &Got) -> Positions {
    let mut positions = Positions::new();
    for chunk in &got.chunks {
        if let Some(last) = positions.insert(chunk.partition, chunk.offsets.end) {
            assert_eq!(last, chunk.offsets.start, "partition {}", chunk.partition);
        }
    }
    positions
}

fn vector(pairs: &[(u32, u64)]) -> Positions {
    pairs.iter().copied().collect()
}

#[test]
fn all_partitions_are_read_from_the_beginning_and_each_chunk_says_where_it_is_from() {
    let topic = shared().topic("beginning", 3);
    for partition in 0..3 {
        topic.texts(partition, objects(i64::from(partition) * 1_000..i64::from(partition) * 1_000 + 500));
    }
    let mut live = open(&topic.url(""));
    let schema = settled(&mut *live);
    let mut live = read(live);
    let names: Vec<&str> = schema.iter_names().map(|name| name.as_str()).collect();
    assert_eq!(names, ["n", "s", "kafka_key", "kafka_partition", "kafka_offset", "kafka_timestamp", "kafka_headers"]);
    let got = rows(&mut *live, 1_500);
    assert_eq!(sorted(&got, "n"), (0..500).chain(1_000..1_500).chain(2_000..2_500).collect::<Vec<_>>());
    assert_eq!(positions(&got), vector(&[(0, 500), (1, 500), (2, 500)]));
    for chunk in &got.chunks {
        let partitions = chunk.frame.column("kafka_partition").unwrap().i64().unwrap();
        assert!(partitions.iter().all(|partition| partition == Some(i64::from(chunk.partition))));
        let offsets: Vec<u64> = chunk
            .frame
            .column("kafka_offset")
            .unwrap()
            .i64()
            .unwrap()
            .iter()
            .map(|offset| offset.unwrap() as u64)
            .collect();
        assert_eq!(offsets, chunk.offsets.clone().collect::<Vec<_>>());
        assert!(chunk.bytes > 0);
    }
    // What comes later comes too.
    topic.texts(1, objects(7_000..7_003));
    assert_eq!(rows(&mut *live, 3).numbers("n"), [7_000, 7_001, 7_002]);
    assert!(got.rejects.is_empty() && got.gaps.is_empty() && got.troubles.is_empty());
}

#[test]
fn what_kafka_knows_of_a_message_stands_beside_it() {
    let topic = shared().topic("beside", 1);
    let headers = BTreeMap::from([("trace".to_owned(), b"ab\"c".to_vec()), ("raw".to_owned(), vec![0xff, 0])]);
    topic.write(
        0,
        vec![
            Record { key: Some(b"k1".to_vec()), headers, timestamp: at(1), ..record("{\"n\":1}") },
            Record { key: Some(vec![0xfe, 0x01]), timestamp: at(2), ..record("[{\"n\":2},{\"n\":3}]") },
            Record { timestamp: at(3), ..record("not a row") },
            Record { timestamp: at(4), ..record("{\"n\":\"not a number\"}") },
            Record { key: Some(Vec::new()), timestamp: at(5), ..record("{\"n\":5}\n{\"n\":6}") },
        ],
    );
    let got = all(&topic, "");
    let column = |name: &str| got.frame.column(name).unwrap().clone();
    // A column with a word in it is text: so nothing of it is set aside here.
    assert_eq!(texts(&got.frame, "n"), ["1", "2", "3", "not a number", "5", "6"].map(|n| Some(n.to_owned())));
    assert_eq!(got.numbers("kafka_offset"), [0, 1, 1, 3, 4, 4]);
    let empty = Some(String::new());
    assert_eq!(
        texts(&got.frame, "kafka_key"),
        [Some("k1".into()), Some("0xfe01".into()), Some("0xfe01".into()), None, empty.clone(), empty]
    );
    assert_eq!(column("kafka_timestamp").dtype(), &DataType::Datetime(TimeUnit::Microseconds, None));
    let times: Vec<i64> = column("kafka_timestamp").to_physical_repr().i64().unwrap().into_no_null_iter().collect();
    assert_eq!(times, [1, 2, 2, 4, 5, 5].map(|second| at(second).timestamp_micros()));
    assert_eq!(texts(&got.frame, "kafka_headers")[0].as_deref(), Some(r#"{"raw":"0xff00","trace":"ab\"c"}"#));
    assert_eq!(texts(&got.frame, "kafka_headers")[1], None);
    // Any order and choice of columns, also without any of the payload, or without any at all.
    for columns in [vec![3, 0], vec![2, 3], vec![0], vec![]] {
        let mut live = open(&topic.url("follow=false"));
        let schema = settled(&mut *live);
        let mut live = read_columns(live, &columns);
        let wanted: Vec<&str> = columns.iter().map(|column| schema.get_at_index(*column).unwrap().0.as_str()).collect();
        let got = to_end(&mut *live);
        let height: usize = got.chunks.iter().map(|chunk| chunk.frame.height()).sum();
        assert_eq!((height, got.rejects.count), (6, 1), "{wanted:?}");
        for chunk in &got.chunks {
            assert_eq!(names(&chunk.frame), wanted);
        }
    }
}

#[test]
fn rows_set_aside_are_counted_named_and_do_not_shift_what_stands_beside() {
    let topic = shared().topic("aside", 1);
    // Enough good ones first, so that the column is a number.
    topic.texts(0, objects(0..2_000));
    let mixed: Vec<String> = (2_000..8_000)
        .map(|n| if n % 2 == 0 { format!("{{\"n\":{n}}}") } else { format!("{{\"n\":\"bad {n}\"}}") })
        .collect();
    topic.texts(0, &mixed);
    topic.write(
        0,
        vec![
            Record { value: None, ..record("") },
            record(""),
            record("hello"),
            record("[{\"n\":1},"),
            record("{\"n\":9999}"),
        ],
    );
    let got = all(&topic, "");
    assert_eq!(got.frame.height(), 2_000 + 6_000 + 1);
    assert_eq!((got.rejects.count, got.rejects.cells.count()), (4, 3_000));
    let whole = got.frame.filter(&got.frame.column("n").unwrap().is_not_null()).unwrap();
    let of = |name: &str| whole.column(name).unwrap().i64().unwrap().iter().flatten().collect::<Vec<i64>>();
    let (numbers, offsets) = (of("n"), of("kafka_offset"));
    assert!(
        numbers.iter().zip(&offsets).all(|(n, offset)| n == offset || *n == 9_999),
        "rows and offsets do not match"
    );
    assert_eq!(offsets.last(), Some(&8_004));
    assert_eq!(positions(&got), vector(&[(0, 8_005)]));
    let reasons: Vec<String> =
        got.chunks.iter().flat_map(|chunk| chunk.rejects.all()).map(|reject| reject.reason.clone()).collect();
    for told in [
        "partition 0, offset 2001: column 'n': 'bad 2001' is not an integer",
        "partition 0, offset 8000: the message has no value (a tombstone)",
        "partition 0, offset 8001: the message is empty",
        "partition 0, offset 8002: this is not a JSON object",
        "partition 0, offset 8003: this is not JSON",
    ] {
        assert!(reasons.iter().any(|reason| reason == told), "{told}: {:?}", &reasons[reasons.len() - 5..]);
    }
}

#[test]
fn only_what_comes_after_the_end_is_read_from_the_end() {
    let topic = shared().topic("end", 2);
    topic.texts(0, objects(0..10));
    topic.texts(1, objects(10..25));
    let mut live = open(&topic.url("from=end"));
    // The columns are those of what is there already.
    assert!(settled(&mut *live).get("s").is_some());
    let mut live = read(live);
    topic.texts(0, objects(100..102));
    let got = rows(&mut *live, 2);
    assert_eq!(got.numbers("n"), [100, 101]);
    // Where a partition stands is told also while it is quiet.
    assert_eq!(positions(&got), vector(&[(0, 12), (1, 15)]));
    assert_eq!(got.frame.height(), 2);
}

#[test]
fn reading_begins_at_an_offset_or_at_a_time() {
    let topic = shared().topic("from", 2);
    for partition in 0..2 {
        let count = if partition == 0 { 100 } else { 30 };
        topic.write(
            partition,
            (0..count).map(|n| Record { timestamp: at(n), ..record(&format!("{{\"n\":{n}}}")) }).collect(),
        );
    }
    assert_eq!(sorted(&all(&topic, "from=90"), "n"), (90..100).collect::<Vec<_>>());
    let got = all(&topic, "from=25");
    assert_eq!(sorted(&got, "n").len(), 75 + 5);
    assert_eq!(positions(&got), vector(&[(0, 100), (1, 30)]));
    let got = all(&topic, "from=2026-01-01T00:00:28");
    assert_eq!(sorted(&got, "n").len(), 72 + 2);
    assert_eq!(got.numbers("n").iter().min(), Some(&28));
    assert_eq!(all(&topic, "from=2026-01-01T00:00:59.5&partitions=0").numbers("n").first(), Some(&60));
    assert_eq!(all(&topic, "from=2026-01-01T00:05:00").frame.height(), 0);
    // What a partition that is shorter still gets before that offset is not asked for.
    let mut live = read(open(&topic.url("from=32&partitions=1")));
    topic.texts(1, ["{\"n\":30}", "{\"n\":31}", "{\"n\":32}", "{\"n\":33}"]);
    let got = rows(&mut *live, 2);
    assert_eq!(got.numbers("n"), [32, 33]);
    assert_eq!(positions(&got), vector(&[(1, 34)]));
}

#[test]
fn some_partitions_are_read_and_the_others_are_left() {
    let topic = shared().topic("some", 5);
    (0..5).for_each(|partition| {
        topic.texts(partition, objects(i64::from(partition) * 10..i64::from(partition) * 10 + 3))
    });
    assert_eq!(sorted(&all(&topic, "partitions=0,2-3"), "n"), [0, 1, 2, 20, 21, 22, 30, 31, 32]);
    assert_eq!(positions(&all(&topic, "partitions=4")), vector(&[(4, 3)]));
    assert_eq!(all(&topic, "partitions=all").frame.height(), 15);
}

#[test]
fn csv_messages_become_rows_with_the_names_given_to_them() {
    let topic = shared().topic("csv", 1);
    topic.texts(
        0,
        [
            "1,one,0.5",
            "2,\"two, or so\",1.5\r\n3,three,2.5\n",
            "4,\"line\nbreak\",3.5\n5,five,4.5",
            "",
            "6,six",
            "7,\"open,6.5",
            "8,eight,7.5",
        ],
    );
    let got = all(&topic, "columns=id,word,value");
    assert_eq!(got.numbers("id"), [1, 2, 3, 4, 5, 8]);
    assert_eq!(texts(&got.frame, "word")[1].as_deref(), Some("two, or so"));
    assert_eq!(texts(&got.frame, "word")[3].as_deref(), Some("line\nbreak"));
    assert_eq!(got.frame.column("value").unwrap().dtype(), &DataType::Float64);
    assert_eq!(got.numbers("kafka_offset"), [0, 1, 1, 2, 2, 6]);
    let reasons: Vec<&str> = got.rejects.kept.iter().map(|reject| reject.reason.as_str()).collect();
    assert_eq!(got.rejects.count, 3, "{reasons:?}");
    for told in
        ["offset 3: the message is empty", "offset 4: has 2 fields", "offset 5: a quote is opened and not closed"]
    {
        assert!(reasons.iter().any(|reason| reason.contains(told)), "{told}: {reasons:?}");
    }
    // Without names they are numbered; the format is found out.
    assert_eq!(names(&all(&topic, "").frame)[..3], ["column_1", "column_2", "column_3"]);
    assert!(why(&topic.url("columns=id,word")).contains("3 fields, but 2 columns are named"));
}

#[test]
fn a_header_names_the_columns_also_where_reading_begins_behind_it() {
    let topic = shared().topic("header", 1);
    topic.texts(0, ["id;name\n1;one", "2;two", "id;name\n3;three", "4;four"]);
    let got = all(&topic, "format=csv&header=true");
    assert_eq!(got.numbers("id"), [1, 2, 3, 4]);
    assert_eq!(got.numbers("kafka_offset"), [0, 1, 2, 3]);
    assert!(got.rejects.is_empty());
    assert_eq!(all(&topic, "header=true&from=3").numbers("id"), [4]);
    let only_text = shared().topic("header_text", 1);
    only_text.texts(0, ["a,b", "x,y", "z,x"]);
    assert_eq!(all(&only_text, "format=csv&header=true").frame.height(), 2);
    assert_eq!(all(&only_text, "format=csv").frame.height(), 3);
}

#[test]
fn messages_in_every_compression_are_read() {
    let topic = shared().topic("compressed", 1);
    let every =
        [Compression::NoCompression, Compression::Gzip, Compression::Lz4, Compression::Snappy, Compression::Zstd];
    for (i, compression) in every.into_iter().enumerate() {
        let from = i as i64 * 200;
        topic.write_as(0, objects(from..from + 200).iter().map(|text| record(text)).collect(), compression);
    }
    assert_eq!(all(&topic, "").numbers("n"), (0..1_000).collect::<Vec<_>>());
    // From within a compressed batch.
    assert_eq!(all(&topic, "from=555").numbers("n"), (555..1_000).collect::<Vec<_>>());
}

#[test]
fn a_feed_resumed_at_its_positions_gives_what_it_had_not_given() {
    let topic = shared().topic("resume", 3);
    (0..3).for_each(|partition| {
        topic.texts(partition, objects(i64::from(partition) * 100..i64::from(partition) * 100 + 40))
    });
    let from = |start: &Positions| ReadOptions { start: start.clone(), ..ReadOptions::default() };
    let mut live = read_with(open(&topic.url("follow=false")), &from(&vector(&[(0, 40), (1, 25)])));
    let got = to_end(&mut *live);
    // A partition that is not named is read from its beginning.
    assert_eq!(sorted(&got, "n"), (125..140).chain(200..240).collect::<Vec<_>>());
    assert_eq!(got.chunks.iter().find(|chunk| chunk.partition == 1).unwrap().offsets, 25..40);
    let refused = |positions: &Positions| -> Fault {
        let mut live = open(&topic.url(""));
        settled(&mut *live);
        live.read(&from(positions)).err().unwrap()
    };
    assert!(refused(&vector(&[(2, 41)])).to_string().contains("partition 2 ends at offset 40, before 41"));
    assert!(refused(&vector(&[(7, 1)])).to_string().contains("no partition 7"));
    // At every cut: what was given before and what is given after are all, once.
    let mut begin = Positions::new();
    let mut seen = Vec::new();
    for _ in 0..6 {
        let mut live = read_with(open(&topic.url("follow=false")), &from(&begin));
        if let Event::Chunk(chunk) = until_chunk(&mut *live) {
            seen.extend(chunk.frame.column("n").unwrap().i64().unwrap().into_no_null_iter());
            begin.insert(chunk.partition, chunk.offsets.end);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..40).chain(100..140).chain(200..240).collect::<Vec<_>>());
}

fn until_chunk(live: &mut dyn Reading) -> Event {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(20) {
        match live.poll(Duration::from_millis(50)).unwrap() {
            Event::Quiet => {}
            event => return event,
        }
    }
    Event::Quiet
}

#[test]
fn the_ends_divide_history_from_what_is_live_and_both_are_one_log_read_once() {
    let topic = shared().topic("ends", 2);
    topic.texts(0, objects(0..30));
    let mut live = open(&topic.url(""));
    settled(&mut *live);
    let ends = live.ends().unwrap().unwrap();
    assert_eq!(ends, vector(&[(0, 30), (1, 0)]));
    let mut live = read(live);
    topic.texts(0, objects(30..50));
    topic.texts(1, objects(50..60));
    let got = rows(&mut *live, 60);
    let old = |(partition, offset): (&i64, &i64)| (*offset as u64) < ends[&(*partition as u32)];
    let (partitions, offsets) = (got.numbers("kafka_partition"), got.numbers("kafka_offset"));
    assert_eq!(partitions.iter().zip(&offsets).filter(|at| old(*at)).count(), 30);
    assert_eq!(sorted(&got, "n"), (0..60).collect::<Vec<_>>());
    // With follow=false nothing is live.
    let mut live = open(&topic.url("follow=false"));
    settled(&mut *live);
    topic.texts(0, objects(90..99));
    assert_eq!(live.ends().unwrap().unwrap(), vector(&[(0, 50), (1, 10)]));
    assert_eq!(sorted(&to_end(&mut *read(live)), "n"), (0..60).collect::<Vec<_>>());
}

#[test]
fn messages_deleted_before_they_were_read_are_a_gap_that_is_counted() {
    let topic = shared().topic("retention", 1);
    topic.texts(0, objects(0..20));
    let mut live = read(open(&topic.url("follow=false")));
    topic.forget(0, 12);
    let got = to_end(&mut *live);
    assert_eq!(got.gaps, ["partition 0: 12 offsets (0 to 11) were deleted before they were read, and are lost"]);
    assert_eq!(got.numbers("n"), (12..20).collect::<Vec<_>>());
    assert_eq!(positions(&got), vector(&[(0, 20)]));
    assert_eq!(got.chunks[0].offsets.start, 12);
    // Whoever begins now begins with what there is.
    let got = all(&topic, "");
    assert_eq!((got.gaps.len(), got.frame.height()), (0, 8));
}

#[test]
fn a_partition_that_is_added_is_read_from_its_beginning() {
    let topic = shared().topic("grows", 2);
    topic.texts(0, objects(0..3));
    let mut live = read(open(&topic.url("from=end&refresh=300ms")));
    shared().tool(
        "org.apache.kafka.tools.TopicCommand",
        &["--bootstrap-server", &shared().address(), "--alter", "--topic", "grows", "--partitions", "3"],
    );
    shared().existing("grows").texts(2, objects(10..15));
    let got = rows(&mut *live, 5);
    assert_eq!(got.numbers("n"), (10..15).collect::<Vec<_>>());
    assert_eq!(positions(&got).get(&2), Some(&5));
}

#[test]
fn marks_of_transactions_are_passed_over_and_covered() {
    let topic = shared().topic("transactions", 1);
    let folder = tempfile::tempdir().unwrap();
    let payload = folder.path().join("payload");
    std::fs::write(&payload, objects(0..50).join("\n")).unwrap();
    let payload = payload.display().to_string();
    let args = [
        "--topic",
        "transactions",
        "--num-records",
        "400",
        "--payload-file",
        &payload,
        "--throughput",
        "200",
        "--transactional-id",
        "tx",
    ];
    let server = format!("bootstrap.servers={}", shared().address());
    shared().tool(
        "org.apache.kafka.tools.ProducerPerformance",
        &[&args[..], &["--transaction-duration-ms", "100", "--producer-props", &server]].concat(),
    );
    let mut live = open(&topic.url("follow=false"));
    settled(&mut *live);
    let ends = live.ends().unwrap().unwrap();
    let got = to_end(&mut *read(live));
    assert_eq!(got.frame.height(), 400);
    // Behind the last message stands a mark; what was read includes it.
    assert_eq!(positions(&got), ends);
    assert!(ends.values().sum::<u64>() > 402, "{ends:?}: there are no marks");
    assert!(got.rejects.is_empty() && got.gaps.is_empty());
    // Told where history ends, a feed says so when it is there, though nothing but a mark is left of it; no chunk
    // crosses it.
    let split = ReadOptions { split: ends.clone(), ..ReadOptions::default() };
    let mut live = read_with(open(&topic.url("")), &split);
    let history = until(&mut *live, |got| got.chunks.last().is_some_and(|chunk| chunk.offsets.end == ends[&0]));
    assert_eq!(history.frame.height(), 400);
    // The past up to a position in the middle is that, and no more.
    let stop = ReadOptions { stop: Some(vector(&[(0, 100)])), ..ReadOptions::default() };
    let mut live = read_with(open(&topic.url("")), &stop);
    let past = to_end(&mut *live);
    assert!(past.numbers("kafka_offset").iter().all(|offset| *offset < 100) && positions(&past) == vector(&[(0, 100)]));
    // Begun at the mark itself, it ends; and what comes behind it is found.
    let last = ends[&0] - 1;
    let mut live = read(open(&topic.url(&format!("partitions=0&from={last}"))));
    let quiet = until_quiet(&mut *live);
    assert_eq!(quiet.frame.height(), 0);
    topic.texts(0, objects(77..78));
    assert_eq!(rows(&mut *live, 1).numbers("n"), [77]);
}

/// Polls for a second.
fn until_quiet(live: &mut dyn Reading) -> Got {
    let end = Instant::now() + Duration::from_secs(1);
    until(live, |_| Instant::now() >= end)
}

#[test]
fn a_broker_killed_and_started_again_loses_and_doubles_nothing() {
    let mut broker = Broker::start(false);
    let topic = broker.topic("restart", 3);
    let write = |topic: &Topic, from: i64| {
        (0..3_i32).for_each(|p| topic.texts(p, objects(from + i64::from(p) * 100..from + i64::from(p) * 100 + 100)))
    };
    write(&topic, 0);
    let mut live = read(open(&topic.url("")));
    let mut got = rows(&mut *live, 100);
    broker.kill();
    let more = until(&mut *live, |got| got.troubles.len() > 2);
    assert!(more.troubles.iter().all(|reason| reason.contains("trying again in")), "{:?}", more.troubles);
    add(&mut got, more);
    broker.restart();
    write(&broker.existing("restart"), 300);
    let missing = 600 - got.frame.height();
    add(&mut got, until(&mut *live, |got| got.frame.height() >= missing));
    add(&mut got, until_quiet(&mut *live));
    assert!(got.gaps.is_empty() && got.rejects.is_empty(), "{:?}", got.gaps);
    let (numbers, partitions, offsets) =
        (got.numbers("n"), got.numbers("kafka_partition"), got.numbers("kafka_offset"));
    let mut seen: Vec<(i64, i64, i64)> = (0..numbers.len()).map(|i| (partitions[i], offsets[i], numbers[i])).collect();
    seen.sort_unstable();
    let number = |p: i64, o: i64| p * 100 + if o < 100 { o } else { 200 + o };
    assert_eq!(seen, (0..3).flat_map(|p| (0..200).map(move |o| (p, o, number(p, o)))).collect::<Vec<_>>());
    assert_eq!(positions(&got), vector(&[(0, 200), (1, 200), (2, 200)]));
    // And with the broker gone for good, whoever stops reading is not held up.
    broker.kill();
    let begin = Instant::now();
    drop(live);
    // Less than connecting may take.
    assert!(begin.elapsed() < Duration::from_secs(6));
}

fn add(got: &mut Got, more: Got) {
    got.frame = if got.frame.width() == 0 {
        more.frame
    } else {
        got.frame.vstack(&more.frame).unwrap_or_else(|_| got.frame.clone())
    };
    got.rejects.add(more.rejects);
    got.gaps.extend(more.gaps);
    got.troubles.extend(more.troubles);
    got.chunks.extend(more.chunks);
}

#[test]
fn a_quiet_topic_is_waited_for_without_work() {
    let topic = shared().topic("quiet", 3);
    let mut live = open(&topic.url(""));
    let begin = Instant::now();
    assert!(live.settle(Duration::from_millis(150)).unwrap().is_none());
    assert!(begin.elapsed() < LONG);
    topic.texts(1, ["{\"n\":1}"]);
    let mut live = read(live);
    rows(&mut *live, 1);
    let busy = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let (begin, before) = (Instant::now(), busy());
    for _ in 0..40 {
        assert!(matches!(live.poll(Duration::from_millis(50)).unwrap(), Event::Quiet));
    }
    let (took, work) = (begin.elapsed(), busy() - before);
    assert!(took >= Duration::from_millis(1_900), "40 polls of 50 ms in {took:?}");
    assert!(work < took / 5, "{work:?} of work for nothing in {took:?}");
}

#[test]
fn a_payload_with_a_column_of_kafkas_name_is_not_mistaken_for_it() {
    let topic = shared().topic("collision", 1);
    topic.texts(0, ["{\"n\":1,\"kafka_offset\":77}"]);
    let fault = why(&topic.url(""));
    assert!(fault.contains("'kafka_offset' of their own") && fault.contains("metadata=false"), "{fault}");
    let got = all(&topic, "metadata=false");
    assert_eq!((names(&got.frame), got.numbers("kafka_offset")), (vec!["n", "kafka_offset"], vec![77]));
}

#[test]
fn the_table_may_know_the_columns_already() {
    let topic = shared().topic("known", 1);
    topic.texts(0, ["{\"n\":1}", "{\"n\":2.5}"]);
    let known: Schema = [("n", DataType::Float64), ("extra", DataType::String), ("kafka_offset", DataType::Int64)]
        .map(|(n, t)| (n.into(), t))
        .into_iter()
        .collect();
    let mut live = live::open(
        &url(&topic.url("follow=false")),
        Expect { known: Some(known.into()), time: None, ..Expect::default() },
    )
    .unwrap();
    let schema = settled(&mut *live);
    let mut live = read(live);
    assert_eq!(schema.iter_names().map(|n| n.as_str()).take(3).collect::<Vec<_>>(), ["n", "extra", "kafka_key"]);
    assert_eq!(to_end(&mut *live).frame.height(), 2);
}

#[test]
fn what_is_wrong_with_an_address_is_said() {
    let topic = shared().topic("orders", 2);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = shared().address();
    for (address, told) in [
        (
            format!("kafka://127.0.0.1:{free}/orders"),
            vec!["no Kafka broker can be reached", "refused", "whether the broker runs"],
        ),
        ("kafka://no-such-host.invalid/orders".to_owned(), vec!["no-such-host.invalid:9092", "check the spelling"]),
        (format!("kafka://{place}/order"), vec!["no topic 'order'", "did you mean orders?"]),
        (topic.url("partitions=0,5"), vec!["'orders' has no partition 5", "it has 2, numbered 0 to 1"]),
        (topic.url("partitions=2-1"), vec!["no list of partitions"]),
        (topic.url("from=yesterday"), vec!["no place to begin at"]),
        (topic.url("format=avro"), vec!["cannot be read as 'avro'"]),
        (topic.url("follow=maybe"), vec!["true or false"]),
        (topic.url("sasl=plain"), vec!["BRAID_KAFKA_USER"]),
        (topic.url("ca=/no/such/file.pem"), vec!["certificates cannot be read"]),
        (topic.url("format=json&header=true"), vec!["JSON has no header"]),
        ("kafka:///orders".to_owned(), vec!["names no broker"]),
        (format!("kafka://{place}"), vec!["names no topic"]),
        (format!("kafka://{place}/a b"), vec!["cannot be the name of a topic"]),
        (format!("kafka://ann:secret@{place}/orders"), vec!["password do not belong in the address"]),
        ("kafka://host:port/orders".to_owned(), vec!["'host:port' is not the address"]),
    ] {
        let fault = why(&address);
        assert!(told.iter().all(|told| fault.contains(told)) && !fault.contains("secret"), "{address}: {fault}");
    }
    // One that answers, but not as a broker does.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = listener.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            use std::io::{Read, Write};
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        let fault = why(&format!("kafka://{other}/orders"));
        assert!(fault.contains(&other.to_string()) && fault.contains("wants tls=true"), "{fault}");
    });
}

#[test]
fn messages_that_are_no_rows_at_all_are_found_out_by_the_connection_test() {
    let topic = shared().topic("prose", 1);
    topic.texts(0, (0..30).map(|n| format!("good morning {n}")));
    let fault = why(&topic.url(""));
    assert!(
        fault.contains("neither JSON objects nor CSV")
            && fault.contains("good morning 0")
            && fault.contains("format=csv"),
        "{fault}"
    );
    assert_eq!(all(&topic, "format=csv").frame.height(), 30);
    let avro = shared().topic("avro", 1);
    avro.write(0, (0..30_u8).map(|n| Record { value: Some(vec![0, 0, 0, 0, n, 200]), ..record("") }).collect());
    assert!(why(&avro.url("")).contains("Avro"), "{}", why(&avro.url("")));
    let empty = shared().topic("empty", 1);
    assert!(why(&empty.url("follow=false")).contains("no messages"), "{}", why(&empty.url("follow=false")));
}

#[test]
fn a_question_about_a_topic_is_answered_by_a_run() {
    let topic = shared().topic("asked", 3);
    (0..3).for_each(|partition| topic.texts(partition, objects(i64::from(partition)..i64::from(partition) + 1_000)));
    let given = braid::engine::open::Given { time: None, ..crate::run::given(&[], &[topic.url("follow=false")]) };
    let table = crate::run::open(&given);
    let sql = "SELECT kafka_partition, count(*) AS n, sum(n) AS total FROM r GROUP BY kafka_partition ORDER BY \
               kafka_partition";
    let last = crate::run::answer(&table, sql, braid::engine::Options::default());
    assert_eq!(last.fault, None);
    let column = |name: &str| -> Vec<i64> {
        last.answer.column(name).unwrap().cast(&DataType::Int64).unwrap().i64().unwrap().into_no_null_iter().collect()
    };
    assert_eq!(column("n"), [1_000, 1_000, 1_000]);
    assert_eq!(column("total"), [499_500, 500_500, 501_500]);
    assert!(last.rows.conserved());
}

#[test]
fn tls_and_a_login_from_the_environment_open_the_door() {
    let topic = shared().topic("secure", 2);
    (0..2).for_each(|partition| topic.texts(partition, objects(0..50)));
    let ask = |params: &str, password: &str| {
        let live = format!("r={}", shared().secure_url("secure", params));
        let mut braid = std::process::Command::new(env!("CARGO_BIN_EXE_braid"));
        braid
            .args(["run", "--live", &live, "--sql", "SELECT count(*) AS n FROM r"])
            .env("BRAID_KAFKA_USER", "ann")
            .env("BRAID_KAFKA_PASSWORD", password);
        let out = braid.output().unwrap();
        (
            out.status.success(),
            String::from_utf8_lossy(&out.stdout).into_owned(),
            String::from_utf8_lossy(&out.stderr).into_owned(),
        )
    };
    for params in ["", "sasl=plain", "sasl=scram-sha-512&tls=true"] {
        let (good, out, said) = ask(params, "pencil");
        assert!(good && out.lines().nth(1) == Some("100"), "{params}: {out}{said}");
    }
    for (params, password, told) in
        [("", "pen", "did not accept the login"), ("sasl=none", "", "login"), ("tls=false", "pencil", "wants tls=true")]
    {
        let (good, out, said) = ask(params, password);
        assert!(!good && said.contains(told) && !said.contains("pencil"), "{params}: {out}{said}");
    }
}
