//! Floor 4: the only floor that starts threads. Tables are opened, questions are run, partials are merged.
//! UI and work meet in handles: `Run`, `Job<T>`; each has something to look at, and its drop stops the work.

pub mod audit;
mod barrier;
mod budget;
mod checkpoint;
pub mod cost;
mod dataset;
pub mod explain;
pub mod feed;
mod gather;
mod intake;
pub mod job;
mod judge;
mod late;
mod latency;
pub mod lateness;
mod ledger;
pub mod lesson;
mod merge;
pub mod open;
mod pour;
mod rate;
mod reached;
mod recorder;
pub mod recording;
mod rerun;
pub mod run;
pub mod scorer;
pub mod sealed;
pub mod seam;
pub mod skew;
pub mod snapshot;
mod spill;
pub mod table;
pub mod train;
pub mod watermark;
mod work;

pub use feed::Feed;
pub use gather::Keep;
pub use job::{Job, Progress};
pub use pour::RowsTo;
pub use reached::Reached;
pub use run::{Options, Run};
pub use seam::{Seam, SeamLedger};
pub use snapshot::Snapshot;
pub use table::{Table, TimeColumn};
