//! The window. Work and window meet in handles (`Run`, `Job`): the window looks at them once a frame, and never waits,
//! reads a file or computes an answer. Panels propose actions; `apply` carries them out after the frame.

pub mod action;
mod app;
mod apply;
mod arrive;
mod canvas;
pub mod classes;
mod consent;
pub mod cost;
mod dialog;
pub mod feed;
mod first;
pub mod guard;
mod keep;
mod keys;
pub mod lesson;
pub mod load;
pub mod look;
pub mod models;
pub mod notices;
mod panel;
pub mod picture;
pub mod report;
pub mod rewind;
mod run;
pub mod sheet;
pub mod study;
mod teach;
pub mod watch;
mod widget;
pub mod wording;
mod work;

pub use app::{App, Begin};
pub use run::run_window;
pub use sheet::{Sheet, SheetId};
