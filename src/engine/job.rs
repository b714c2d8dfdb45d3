//! A job: something that ends, runs on its own thread, shows progress and can be cancelled. Drop is stop.

use std::sync::{Arc, Mutex, PoisonError};

use crate::data::{Fault, Result};
use crate::sync::{Cancel, StopOnDrop, Wake, Worker};

/// A handle on work under way.
#[derive(Debug)]
pub struct Job<T> {
    pub name: String,
    shared: Arc<Shared<T>>,
    stop: StopOnDrop,
}

#[derive(Debug)]
struct Shared<T> {
    progress: Mutex<Progress>,
    outcome: Mutex<Option<Result<T>>>,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    pub done: u64,
    /// 0 when it cannot be told.
    pub total: u64,
    /// What is counted, such as trees, where a person should read the numbers.
    pub unit: &'static str,
    pub note: String,
}

impl Progress {
    /// The share that is done, where it can be told.
    pub fn share(&self) -> Option<f32> {
        (self.total > 0).then(|| (self.done as f32 / self.total as f32).clamp(0.0, 1.0))
    }
}

/// What the working side holds: where to report, and whether to go on.
pub struct Reporter {
    set: Arc<dyn Fn(Progress) + Send + Sync>,
    pub cancel: Cancel,
}

impl Reporter {
    pub fn progress(&self, done: u64, total: u64, note: impl Into<String>) {
        self.counted(done, total, "", note);
    }

    /// As `progress`, with the unit that a person reads beside the numbers.
    pub fn counted(&self, done: u64, total: u64, unit: &'static str, note: impl Into<String>) {
        (self.set)(Progress { done, total, unit, note: note.into() });
    }

    /// For a part of the work: what it reports comes behind `before`, of `total`.
    pub fn part(&self, before: u64, total: u64) -> Self {
        let set = Arc::clone(&self.set);
        Self {
            set: Arc::new(move |p| set(Progress { done: before + p.done, total, ..p })),
            cancel: self.cancel.clone(),
        }
    }

    /// For a step whose own progress would hide that of the whole.
    pub fn quiet(&self) -> Self {
        Self { set: Arc::new(|_| ()), cancel: self.cancel.clone() }
    }

    /// # Errors
    /// 'cancelled', once the job has been.
    pub fn check(&self) -> Result<()> {
        if self.cancel.is_set() { Err(Fault::new("cancelled")) } else { Ok(()) }
    }
}

impl<T: Send + 'static> Job<T> {
    /// Starts `work` on a thread of its own and rings `wake` on progress and at the end.
    pub fn start(
        name: impl Into<String>,
        wake: Wake,
        work: impl FnOnce(&Reporter) -> Result<T> + Send + 'static,
    ) -> Self {
        let name = name.into();
        let shared = Arc::new(Shared { progress: Mutex::default(), outcome: Mutex::new(None) });
        let cancel = Cancel::new();
        let finish = {
            let (shared, wake) = (shared.clone(), wake.clone());
            move |outcome| {
                *shared.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                wake.ring();
            }
        };
        let reporter = Reporter {
            cancel: cancel.clone(),
            set: {
                let shared = shared.clone();
                Arc::new(move |p| {
                    *shared.progress.lock().unwrap_or_else(PoisonError::into_inner) = p;
                    wake.ring();
                })
            },
        };
        let (done, broken, refused) = (finish.clone(), finish.clone(), finish);
        let started = Worker::spawn(
            "job",
            move || done(work(&reporter)),
            move |said| broken(Err(Fault::new(format!("internal error: {said}")))),
        );
        if let Err(error) = started {
            refused(Err(Fault::io("starting a thread", &error)));
        }
        Self { name, shared, stop: StopOnDrop(cancel) }
    }

    pub fn progress(&self) -> Progress {
        self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The outcome, once; `None` while the work goes on.
    pub fn take(&mut self) -> Option<Result<T>> {
        self.shared.outcome.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Asks the work to end; its outcome will be the fault 'cancelled' unless it was done already.
    pub fn cancel(&self) {
        self.stop.0.set();
    }
}
