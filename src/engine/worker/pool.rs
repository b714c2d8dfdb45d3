//! The workers of the process: a thread a core, which take turns at all tables that are being read. So threads do not
//! grow with tables or questions. A run that asks for a number of workers of its own has a pool of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Intake, Step, Worker};
use crate::data::{Fault, Result};
use crate::sync;

/// How long a worker without anything to do waits.
const WAIT: Duration = Duration::from_millis(10);

/// Some workers. Clones are the same.
#[derive(Clone, Debug)]
pub struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    size: usize,
    state: Mutex<State>,
    /// Grows with each intake.
    newest: AtomicU64,
    added: Condvar,
    /// Is rung when there is something to do.
    bell: (Sender<()>, Receiver<()>),
    /// Its threads end with its first intake.
    own: bool,
}

#[derive(Debug, Default)]
struct State {
    intakes: Vec<Registered>,
    /// Threads are there.
    started: bool,
}

#[derive(Debug)]
struct Registered {
    number: u64,
    intake: Arc<Intake>,
    /// Workers that are done with it.
    done: usize,
}

impl Pool {
    fn new(size: usize, own: bool) -> Self {
        let bell = bounded(size);
        Self(Arc::new(Shared {
            size,
            state: Mutex::default(),
            newest: AtomicU64::new(0),
            added: Condvar::new(),
            bell,
            own,
        }))
    }

    /// The workers of the process, one a core.
    pub fn of_process() -> Self {
        static POOL: OnceLock<Pool> = OnceLock::new();
        POOL.get_or_init(|| Self::new(std::thread::available_parallelism().map_or(2, usize::from), false)).clone()
    }

    /// Workers for one intake alone.
    pub fn of_one(size: usize) -> Self {
        Self::new(size.max(1), true)
    }

    /// Where to ring when there is something to do.
    pub fn bell(&self) -> Sender<()> {
        self.0.bell.0.clone()
    }

    /// Takes up an intake: every worker has a part in it, and says a last word on it.
    ///
    /// # Errors
    /// When there are no threads.
    pub fn add(&self, intake: Intake) -> Result<()> {
        let mut state = self.lock();
        let number = self.0.newest.load(Ordering::Acquire) + 1;
        state.intakes.push(Registered { number, intake: Arc::new(intake), done: 0 });
        self.0.newest.store(number, Ordering::Release);
        if !std::mem::replace(&mut state.started, true) {
            for _ in 0..self.0.size {
                let own = self.clone();
                sync::Worker::spawn("worker", move || own.work(), drop)
                    .map_err(|e| Fault::io("starting a thread", &e))?;
            }
        }
        self.0.added.notify_all();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, without any work, until there is a newer intake than this one.
    fn await_intake(&self, seen: u64) {
        let mut state = self.lock();
        while self.0.newest.load(Ordering::Acquire) <= seen {
            state = self.0.added.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Works until there is nothing more to do, ever.
    fn work(&self) {
        let (mut workers, mut seen): (Vec<(u64, Worker)>, u64) = (Vec::new(), 0);
        loop {
            if self.0.newest.load(Ordering::Acquire) > seen {
                for new in self.lock().intakes.iter().filter(|new| new.number > seen) {
                    workers.push((new.number, Worker::new(new.intake.clone())));
                }
                seen = workers.iter().map(|(number, _)| *number).max().unwrap_or(seen).max(seen);
            }
            let mut busy = false;
            workers.retain_mut(|(number, worker)| {
                let step = sync::caught(|| worker.step()).unwrap_or_else(|said| {
                    worker.fail(&said);
                    Step::Over
                });
                busy |= step == Step::Busy;
                if step == Step::Over {
                    self.done(*number);
                }
                step != Step::Over
            });
            if self.0.own && workers.is_empty() && seen > 0 {
                return;
            }
            if workers.is_empty() {
                self.await_intake(seen);
            } else if !busy {
                let _ = self.0.bell.1.recv_timeout(WAIT);
            }
        }
    }

    /// A worker is done with an intake; when all are, it is let go.
    fn done(&self, number: u64) {
        let mut state = self.lock();
        state.intakes.retain_mut(|registered| {
            registered.done += usize::from(registered.number == number);
            registered.done < self.0.size
        });
    }
}
