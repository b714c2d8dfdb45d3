//! Floor 5: what a person has set up, as plain data: tables, questions, recent items. Loading and saving it is here;
//! opening what it names is left to the engine, and asking for it to the window.

mod annotate;
pub mod bench;
mod document;
mod folders;
mod lock;
mod models;
mod opened;
mod sample;
mod secrets;
mod settings;
mod steps;
mod storage;
mod table;
mod vault;

pub use annotate::{Windows, picture};
pub use document::{Seen, SeriesColours, Workspace};
pub use folders::Folders;
pub use lock::WorkspaceLock;
pub use models::{keep_model, sweep_models};
pub use opened::{OpenedWorkspace, save_workspace};
pub use sample::{SAMPLES, Sample};
pub use secrets::without_secrets;
pub use settings::{Folded, Settings, Theme, WindowPlace};
pub use steps::{load_steps, save_steps};
pub use storage::StoredTable;
pub use table::{GuardSetup, ModelSetup, SeamSetup, TableId, TableSetup, TimeSetup};
pub use vault::Vault;
