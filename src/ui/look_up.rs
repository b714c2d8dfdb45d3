//! Something that is looked up beside a run: begun again when what it is of has changed, and seldom enough.

use std::time::{Duration, Instant};

use eframe::egui::Context;

use crate::data::Result;
use crate::engine::Job;

/// The least pause between two looks, and how many times as long as a look a pause is at least.
const REST: Duration = Duration::from_secs(2);
const RARELY: u32 = 20;

/// The newest look, and what was found by the one before until it has ended.
#[derive(Debug)]
pub struct LookUp<K, T> {
    of: K,
    began: Instant,
    took: Duration,
    job: Option<Job<T>>,
    found: Option<(K, Result<T>)>,
}

impl<K: Copy + PartialEq, T: Send + 'static> LookUp<K, T> {
    /// Begins to look; what was found `before` is shown meanwhile.
    pub fn begin(of: K, job: Job<T>, before: Option<Self>) -> Self {
        let found = before.and_then(|before| before.found);
        Self { of, began: Instant::now(), took: Duration::ZERO, job: Some(job), found }
    }

    /// Takes what was found; whether something was.
    pub fn take(&mut self) -> bool {
        let Some(outcome) = self.job.as_mut().and_then(Job::take) else { return false };
        (self.job, self.found, self.took) = (None, Some((self.of, outcome)), self.began.elapsed());
        true
    }

    /// Whether it is left alone for now, though it may be of something else; `last`: that will not change any more. The
    /// window wakes when it is time to look again.
    pub fn rests(&self, of: K, last: bool, ctx: &Context) -> bool {
        if self.job.is_some() || self.of == of {
            return true;
        }
        let rest = if last { Duration::ZERO } else { self.took + REST.max(self.took * RARELY) };
        let left = rest.saturating_sub(self.began.elapsed());
        if !left.is_zero() {
            ctx.request_repaint_after(left);
        }
        !left.is_zero()
    }

    pub fn is_idle(&self) -> bool {
        self.job.is_none()
    }

    /// What the newest look is of.
    pub fn of(&self) -> K {
        self.of
    }

    /// What was found, and what of.
    pub fn found(&self) -> Option<(K, &Result<T>)> {
        self.found.as_ref().map(|(of, found)| (*of, found))
    }
}
