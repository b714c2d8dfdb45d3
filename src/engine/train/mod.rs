//! Training a model on the rows of a table, as jobs: a target is named, features are proposed, rows are read and some
//! held out, a forest is fitted and tested. How features are proposed, trees grown and answers judged is `learn`'s.

mod chunks;
mod files;
mod forest;
mod holdout;
mod job;
mod propose;
mod target;

pub use chunks::ROOM;
pub use files::read;
pub use forest::{Training, train};
pub use holdout::{HoldOut, trained_to};
pub use job::{Trained, TrainingRows, TrainingSpec, train_on_table, train_within};
pub use propose::{Proposed, propose};
pub use target::{Target, is_name};
