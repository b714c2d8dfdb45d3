//! Floor 0: thread tools with no domain words.

pub mod cancel;
pub mod latest;
pub mod request;
pub mod stack;
pub mod wake;
pub mod worker;

pub use cancel::{Cancel, StopOnDrop};
pub use latest::Latest;
pub use request::Request;
pub use stack::deep;
pub use wake::Wake;
pub use worker::{Worker, caught, hush_panics};
