//! All tests of the library and the program, as modules of one crate: linking polars and eframe once is dear enough.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod aggregate;
mod arrival;
mod aside;
mod bad_input;
mod beam_test_stream;
mod bench;
mod blocks;
mod bytewax_window;
mod cells;
mod checkpoint;
mod chunks;
mod cli;
mod complete;
mod corpus;
mod cost;
mod crash;
mod dialect;
mod drift;
mod engine;
mod event_time;
mod exact;
mod figure;
mod flink_window_operator;
mod forest;
mod formats;
mod full_disk;
mod fusion;
mod guard;
mod highlight;
mod hints;
mod history;
mod hostile;
mod join;
mod kafka;
mod keys;
mod lateness;
mod live;
mod live_ws;
mod log;
mod measure;
mod memory;
mod narrow;
mod nexmark;
mod online;
mod online_numbers;
mod outputs;
mod pages;
mod predict;
mod private;
mod propose;
mod qualify;
mod questions;
mod readme;
mod reconnect;
mod recording;
mod rerun;
mod rotation;
mod rows;
mod run;
mod seam;
mod shared;
mod shortcuts;
mod sizes;
mod sketch;
mod sql;
mod stop;
mod stream;
mod times;
mod tls;
mod together;
mod toolchain;
mod unpack;
mod window;
mod window_board;
mod window_chart;
mod window_consent;
mod window_grid;
mod window_guard;
mod window_learn;
mod window_live;
mod window_notices;
mod window_open;
mod window_panes;
mod window_path;
mod window_samples;
mod window_scope;
mod window_sidebar;
mod window_tile;
mod window_told;
mod window_zones;
mod windowed;
mod zones;

use proptest::prelude::ProptestConfig;

/// So many cases of a property. What fails is printed in its smallest form and belongs into a test of its own: proptest
/// keeps no file of it.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
