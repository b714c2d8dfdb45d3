//! Rows that could not be read: counted without limit, kept for inspection up to a bound.

use std::sync::Arc;

/// How many rejected rows one `Rejects` keeps with their body; the count goes on.
pub const KEPT: usize = 1_000;
/// The longest piece of a rejected row's body that is kept, bytes.
pub const BODY_BYTES: usize = 4_096;

/// One row that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// File or feed.
    pub source: Arc<str>,
    /// Line (text) or row (columnar), counted from 1.
    pub line: u64,
    pub reason: String,
    /// What stood there, cut at `BODY_BYTES`.
    pub body: String,
}

impl Reject {
    /// `body` may hold any bytes; what is not UTF-8 is shown as the replacement character.
    pub fn new(source: &Arc<str>, line: u64, reason: impl Into<String>, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(&body[..body.len().min(BODY_BYTES)]).into_owned();
        Self { source: source.clone(), line, reason: reason.into(), body }
    }
}

/// Rejected rows of a chunk, a source or a whole run. Adding two is associative and commutative in `count`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejects {
    pub count: u64,
    pub kept: Vec<Reject>,
}

impl Rejects {
    pub fn push(&mut self, reject: Reject) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(reject);
        }
    }

    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        let room = KEPT.saturating_sub(self.kept.len());
        self.kept.extend(other.kept.into_iter().take(room));
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
