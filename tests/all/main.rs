//! All tests of the library and the program, as modules of one crate: linking polars and eframe once is dear enough.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod aggregate;
mod bad_input;
mod cli;
mod crash;
mod engine;
mod figure;
mod formats;
mod fusion;
mod history;
mod live;
mod live_ws;
mod run;
mod sketch;
mod sql;
mod window;
mod window_live;
