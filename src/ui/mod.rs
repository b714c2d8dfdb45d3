//! The window. Work and window meet in handles (`Run`, `Job`): the window looks at them once a frame, and never waits,
//! reads a file or computes an answer. Panels propose actions; `apply` carries them out after the frame.

pub mod action;
mod app;
mod apply;
mod autosave;
pub mod bind;
pub mod board;
mod canvas;
pub mod chart;
pub mod classes;
pub mod command;
mod consent;
pub mod cost;
mod dialog;
pub mod feed;
mod first;
pub mod guard;
mod jobs;
mod keys;
pub mod lateness;
pub mod load;
pub mod look;
pub mod models;
mod native;
pub mod notices;
mod open;
mod outcomes;
pub mod overlap;
mod panel;
mod poll;
pub mod probe;
pub mod question;
mod quit;
pub mod report;
pub mod rewind;
mod run_notices;
pub mod session;
pub mod storage;
pub mod train;
pub mod watch;
mod widget;
pub mod wording;
pub mod worksheet;

pub use app::{App, AppOptions};
pub use native::run_native;
pub use worksheet::Worksheet;
