//! Floor 2: what is asked. Pure: no threads, no sources, no clock.

pub mod form;
pub mod plan;
pub mod query;

pub use form::Form;
pub use plan::Plan;
pub use query::Query;
