//! Floor 2: what is asked. Pure: no threads, no sources, no clock.
//!
//! `Query` is a question as text in clauses, `Form` the same for menus, `Plan` binds it to a schema, and a `Partial`
//! answers it: it absorbs rows, merges with others and is read.

pub mod aggregate;
mod bind;
mod blocks;
mod call;
pub mod compare;
pub mod derived;
pub mod exact;
pub mod expr;
pub mod finish;
pub mod form;
pub mod highlight;
pub mod join;
pub mod keys;
pub mod lateness;
pub mod model;
pub mod order;
mod over;
pub mod partial;
pub mod plan;
#[expect(clippy::module_inception, reason = "the question itself is the noun of this floor")]
pub mod query;
pub mod rerun;
pub mod rewrite;
pub mod rows;
pub mod scope;
mod score;
pub mod sql;
pub mod window;

pub use form::Form;
pub use partial::{Absorbed, Partial};
pub use plan::Plan;
pub use query::Query;
pub use scope::Input;
pub use sql::limits;
