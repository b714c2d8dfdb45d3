//! Floor 5: what a person has set up, as plain data: tables, questions, recent items. Loading and saving it is here;
//! opening what it names is left to the engine, and asking for it to the window.

mod annotate;
pub mod bench;
mod folders;
mod models;
mod sample;
mod secrets;
mod setup;
mod vault;

pub use annotate::{Windows, picture};
pub use folders::Folders;
pub use models::{keep_model, sweep_models};
pub use sample::{SAMPLE_CUT, sample_path};
pub use secrets::without_secrets;
pub use setup::{GuardSetup, ModelSetup, SeamSetup, TableSetup, Theme, TimeSetup, Workspace};
pub use vault::Vault;
