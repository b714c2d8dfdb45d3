//! A table: a name, a schema, and two faces, history and live, with a seam between them.

use std::sync::Arc;
use std::time::Duration;

use polars::prelude::SchemaRef;

use super::seam::Seam;
use crate::source::history::History;
use crate::source::live::FeedUrl;

/// What a question is asked of. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub schema: SchemaRef,
    /// Files, in order. May be empty.
    pub history: Vec<Arc<dyn History>>,
    /// Feeds. May be empty.
    pub live: Vec<FeedUrl>,
    /// The event-time column, where there is one.
    pub time: Option<TimeColumn>,
    pub seam: Seam,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeColumn {
    pub column: String,
    /// How long after its event time a row may come and still be counted in its window.
    pub lateness: Duration,
}

/// The lateness that holds when nobody says otherwise.
pub const DEFAULT_LATENESS: Duration = Duration::from_secs(10);
