//! All tests of the library and the program, as modules of one crate: linking polars and eframe once is dear enough.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod aggregate;
mod bad_input;
mod beam_test_stream;
mod bytewax_window;
mod checkpoint;
mod cli;
mod crash;
mod engine;
mod event_time;
mod figure;
mod flink_window_operator;
mod formats;
mod fusion;
mod history;
mod join;
mod kafka;
mod keys;
mod lateness;
mod live;
mod live_ws;
mod nexmark;
mod qualify;
mod rerun;
mod rows;
mod run;
mod sketch;
mod sql;
mod stream;
mod window;
mod window_live;
mod windowed;
