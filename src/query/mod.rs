//! Floor 2: what is asked. Pure: no threads, no sources, no clock.
//!
//! From text to answer, each step knows only those above it:
//!
//! | step | modules |
//! |---|---|
//! | a question as data: clauses, each as text | `query`; `form` is the same for menus |
//! | its SQL read and printed, faults that point into it | `sql` |
//! | the tables and columns that names mean | `scope` |
//! | scalar expressions | `expr` |
//! | groups, windows, joins, scores of models | `keys`, `aggregate`, `aggregate_call`, `window`, `over`, `join`,
//! | | `score` |
//! | the question bound to its tables | `bind` makes a `plan` |
//! | rows absorbed, partials merged, the answer read | `partial`, `row_store`, `finish` |

pub mod aggregate;
pub mod aggregate_call;
mod bind;
mod blocks;
pub mod compare;
pub mod complete;
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
pub mod narrow;
pub mod order;
mod order_by;
mod order_key;
mod over;
pub mod partial;
pub mod plan;
#[expect(clippy::module_inception, reason = "the question itself is the noun of this floor")]
pub mod query;
pub mod rerun;
pub mod rerun_answer;
pub mod rewrite;
mod row_store;
pub mod rows;
pub mod scope;
mod score;
pub mod sql;
mod walk;
pub mod window;

pub use form::Form;
pub use partial::{Absorbed, Partial, SharedRows, Sharing};
pub use plan::Plan;
pub use query::Query;
pub use scope::InputTable;
pub use sql::limits;
