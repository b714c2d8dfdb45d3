pub mod data;
pub mod engine;
pub mod figure;
pub mod query;
pub mod source;
pub mod store;
pub mod sync;
