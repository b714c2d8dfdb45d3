//! Nexmark, small: each question as history, as live and as a random split of both gives one answer. The questions are
//! the benchmark's.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use braid::cli::table;
use braid::data::format::write_frame;
use braid::engine::open::{Given, open_table};
use braid::engine::{Options, Run, Snapshot};
use braid::query::{Plan, Query};
use braid::sync::{Cancel, Wake};
use polars::prelude::*;

use crate::run::wait;

const QUESTIONS: &[(&str, &str)] = &[
    ("q0", include_str!("../../benches/nexmark/q0.sql")),
    ("q1", include_str!("../../benches/nexmark/q1.sql")),
    ("q2", include_str!("../../benches/nexmark/q2.sql")),
    ("q5", include_str!("../../benches/nexmark/q5.sql")),
    ("q7", include_str!("../../benches/nexmark/q7.sql")),
    ("q11", include_str!("../../benches/nexmark/q11.sql")),
    ("q12", include_str!("../../benches/nexmark/q12.sql")),
    ("q15", include_str!("../../benches/nexmark/q15.sql")),
    ("q16", include_str!("../../benches/nexmark/q16.sql")),
    ("q17", include_str!("../../benches/nexmark/q17.sql")),
];

/// The bids among 20,000 events, five milliseconds apart: 46 of 50 events.
fn bids() -> DataFrame {
    let mut random = fastrand::Rng::with_seed(42);
    let events: Vec<i64> = (0..20_000).filter(|n| n % 50 >= 4).collect();
    let mut draw = |hot: u8, step: i64, active: i64, newest: i64| {
        1_000 + if random.u8(..hot) > 0 { newest / step * step } else { (newest - random.i64(0..active)).max(0) }
    };
    let auction: Vec<i64> = events.iter().map(|n| draw(2, 100, 100, n / 50 * 3 + 2)).collect();
    let bidder: Vec<i64> = events.iter().map(|n| draw(4, 100, 1_000, n / 50)).collect();
    let price: Vec<i64> = events.iter().map(|_| (10_f64.powf(random.f64() * 6.0) * 100.0).round() as i64).collect();
    let channel: Vec<String> = events
        .iter()
        .map(|_| {
            if random.bool() {
                ["Google", "Facebook", "Baidu", "Apple"][random.usize(..4)].to_owned()
            } else {
                format!("channel-{}", random.u16(..100))
            }
        })
        .collect();
    let extra: Vec<String> = events.iter().map(|_| format!("{:x}", random.u64(..))).collect();
    let times: Vec<i64> = events.iter().map(|n| 1_436_918_300_000_000 + n * 5_000).collect();
    let columns = vec![
        Column::new("auction".into(), auction),
        Column::new("bidder".into(), bidder),
        Column::new("price".into(), price),
        Column::new("channel".into(), channel),
        Int64Chunked::from_vec("dateTime".into(), times).into_datetime(TimeUnit::Microseconds, None).into_column(),
        Column::new("extra".into(), extra),
    ];
    DataFrame::new(events.len(), columns).unwrap()
}

fn ask(sql: &str, history: Option<&Path>, live: Option<String>) -> Arc<Snapshot> {
    let given = Given {
        name: "bid".into(),
        history: history.iter().map(|p| p.display().to_string()).collect(),
        live: live.into_iter().collect(),
        time: Some("dateTime".into()),
        lateness: Some(Duration::from_secs(3_600)),
        seam: Some("append".into()),
        rests: false,
    };
    let opened = open_table(&given, Duration::from_secs(30), &Cancel::new()).unwrap_or_else(|f| panic!("{f}"));
    let plan =
        Plan::over(&Query::parse(sql).unwrap(), sql, &[opened.input("bid")]).unwrap_or_else(|f| panic!("{sql}: {f}"));
    let run = Run::start(Arc::new(plan), Arc::new(opened), Options::default(), Wake::silent()).unwrap();
    wait(&run, |s| s.last)
}

/// Rows in the order of their values: a split of rows says nothing of the order in which they come.
fn ordered(frame: &DataFrame) -> DataFrame {
    frame.sort(frame.get_column_names_owned(), SortMultipleOptions::default()).unwrap()
}

#[test]
fn nexmark_is_one_answer_as_history_as_live_and_as_a_random_split() {
    let folder = tempfile::tempdir().unwrap();
    let frame = bids();
    let file = |name: &str, frame: &DataFrame| {
        let path = folder.path().join(name);
        write_frame(frame, &path).unwrap();
        path
    };
    let mut random = fastrand::Rng::with_seed(7);
    let mine: BooleanChunked = (0..frame.height()).map(|_| Some(random.bool())).collect();
    let (all, lines) = (file("all.parquet", &frame), file("all.ndjson", &frame));
    let (old, new) =
        (file("old.parquet", &frame.filter(&mine).unwrap()), file("new.ndjson", &frame.filter(&!&mine).unwrap()));
    for (name, sql) in QUESTIONS {
        let history = ask(sql, Some(&all), None);
        assert!(history.answer.height() > 0, "{name}");
        let others = [
            ("a followed file", ask(sql, None, Some(format!("file:{}?follow=false", lines.display())))),
            ("a replay", ask(sql, None, Some(format!("replay:{}?speed=max", all.display())))),
            ("a split", ask(sql, Some(&old), Some(format!("file:{}?follow=false", new.display())))),
        ];
        for (kind, other) in others {
            assert_eq!(other.fault, None, "{name}");
            assert!(
                other.rows.conserved() && other.rows.late == 0 && other.rows.come_in == frame.height() as u64,
                "{name} as {kind}: {:?}",
                other.rows
            );
            let (got, want) = (ordered(&other.answer), ordered(&history.answer));
            assert!(got.equals_missing(&want), "{name} as {kind}:\n{}\nis not\n{}", table(&got), table(&want));
        }
    }
}

/// The hot items and the highest bid against loops that share no code.
#[test]
fn hot_items_and_highest_bids_are_what_loops_find() {
    let folder = tempfile::tempdir().unwrap();
    let frame = bids();
    let path = folder.path().join("all.parquet");
    write_frame(&frame, &path).unwrap();
    let ints = |frame: &DataFrame, name: &str| -> Vec<i64> {
        let column = frame.column(name).unwrap().to_physical_repr();
        column.cast(&DataType::Int64).unwrap().i64().unwrap().iter().flatten().collect()
    };
    let (auction, price, time) = (ints(&frame, "auction"), ints(&frame, "price"), ints(&frame, "dateTime"));
    let (mut counts, mut highest) = (
        std::collections::BTreeMap::<i64, std::collections::BTreeMap<i64, i64>>::new(),
        std::collections::BTreeMap::<i64, i64>::new(),
    );
    for ((auction, price), time) in auction.iter().zip(&price).zip(&time) {
        let newest = time.div_euclid(2_000_000) * 2_000_000;
        for start in (0..5).map(|i| newest - i * 2_000_000) {
            *counts.entry(start).or_default().entry(*auction).or_default() += 1;
        }
        let best = highest.entry(time.div_euclid(10_000_000) * 10_000_000).or_default();
        *best = (*price).max(*best);
    }
    let mut want: Vec<(i64, i64, i64)> = Vec::new();
    for (start, items) in &counts {
        let most = *items.values().max().unwrap();
        want.extend(items.iter().filter(|(_, n)| **n == most).map(|(auction, n)| (*start, *auction, *n)));
    }
    let hot = ask(QUESTIONS[3].1, Some(&path), None);
    let mut got: Vec<(i64, i64, i64)> = ints(&hot.answer, "window_start")
        .into_iter()
        .zip(ints(&hot.answer, "auction"))
        .zip(ints(&hot.answer, "num"))
        .map(|((s, a), n)| (s, a, n))
        .collect();
    got.sort_unstable();
    assert_eq!(got, want);
    let top = ask(QUESTIONS[4].1, Some(&path), None);
    let got: Vec<(i64, i64)> = ints(&top.answer, "window_start").into_iter().zip(ints(&top.answer, "price")).collect();
    assert_eq!(got, highest.into_iter().collect::<Vec<_>>());
}
