//! The memory that all questions of a process draw from. What each holds is accounted, and a question may use what the
//! others leave; where all of them hold more than there is, the largest is to give way. What is held is priced by
//! `budget`, and how one gives way is the merger's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::data::memory::machine;
use crate::sync::Wake;

/// What of the machine's memory the questions of a window may take.
const OF_MACHINE: u64 = 2;
/// One that holds less than this part of the whole does not give way while another can: it would be of no help.
const SMALL: u64 = 256;
/// How long is waited for another to give way before it is asked again.
const WAIT: Duration = Duration::from_millis(10);

/// Some memory. Clones are the same.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    allowed: u64,
    /// What was allowed beside that: the process itself, and what is being read. Messages count it, too.
    beside: u64,
    /// Readings of tables that have workers.
    readings: AtomicU64,
    accounts: Mutex<BTreeMap<u64, Held>>,
    /// What they hold in all, and what of it stays: workers look at it all the time.
    held: AtomicU64,
    staying: AtomicU64,
    given_back: Condvar,
}

#[derive(Debug)]
struct Held {
    bytes: u64,
    way: Way,
    bell: Option<Wake>,
}

/// What becomes of what is held where memory is short, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It can leave for disk.
    Disk,
    /// The oldest of it may go.
    Oldest,
    /// It cannot be held: its question fails.
    Fail,
    /// It stays as long as its owner.
    Stays,
    /// It is given back soon.
    Passes,
}

/// One that holds some of the memory: what it holds is given back with it.
#[derive(Debug)]
pub struct Account {
    memory: Memory,
    id: u64,
}

/// A reading of a table whose workers hold what they absorb.
#[derive(Debug)]
pub struct ReadingMemory(Memory);

static COUNT: AtomicU64 = AtomicU64::new(1);

impl Memory {
    /// So many bytes for what questions keep and make of it.
    pub fn new(allowed: u64) -> Self {
        Self::beside(allowed, 0)
    }

    /// So many bytes for questions, of a process that takes `beside` for itself.
    pub fn beside(allowed: u64, beside: u64) -> Self {
        Self(Arc::new(Shared {
            allowed,
            beside,
            readings: AtomicU64::new(0),
            accounts: Mutex::default(),
            held: AtomicU64::new(0),
            staying: AtomicU64::new(0),
            given_back: Condvar::new(),
        }))
    }

    /// That of all questions of a window: a part of the machine's.
    pub fn of_process() -> Self {
        static MEMORY: OnceLock<Memory> = OnceLock::new();
        MEMORY.get_or_init(|| Self::new(machine() / OF_MACHINE)).clone()
    }

    pub fn allowed(&self) -> u64 {
        self.0.allowed
    }

    /// What was allowed to the whole process.
    pub fn of_whole(&self) -> u64 {
        self.0.allowed + self.0.beside
    }

    /// What the process itself takes.
    pub fn of_rest(&self) -> u64 {
        self.0.beside
    }

    /// What is accounted at present: what is held, and what may be made of it for a moment.
    pub fn held(&self) -> u64 {
        self.0.held.load(Ordering::Relaxed)
    }

    /// What stays as it is, such as datasets.
    pub fn staying(&self) -> u64 {
        self.0.staying.load(Ordering::Relaxed)
    }

    pub fn account(&self) -> Account {
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(id, Held { bytes: 0, way: Way::Stays, bell: None });
        Account { memory: self.clone(), id }
    }

    /// How many readings there are.
    pub fn readings(&self) -> u64 {
        self.0.readings.load(Ordering::Relaxed).max(1)
    }

    pub fn reading(&self) -> ReadingMemory {
        self.0.readings.fetch_add(1, Ordering::Relaxed);
        ReadingMemory(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Held>> {
        self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts anew what they hold.
    fn sum(&self, accounts: &BTreeMap<u64, Held>) {
        let sum = |of: &dyn Fn(&Held) -> bool| accounts.values().filter(|h| of(h)).map(|h| h.bytes).sum();
        self.0.held.store(sum(&|_| true), Ordering::Relaxed);
        self.0.staying.store(sum(&|held| held.way == Way::Stays), Ordering::Relaxed);
    }
}

impl Account {
    /// Is rung where what this one holds is to give way.
    pub fn rung_by(&self, bell: Wake) {
        if let Some(held) = self.memory.lock().get_mut(&self.id) {
            held.bell = Some(bell);
        }
    }

    /// It holds so much now.
    pub fn hold(&self, bytes: u64, way: Way) {
        let mut accounts = self.memory.lock();
        let Some(held) = accounts.get_mut(&self.id).filter(|held| (held.bytes, held.way) != (bytes, way)) else {
            return;
        };
        let less = bytes < held.bytes;
        (held.bytes, held.way) = (bytes, way);
        self.memory.sum(&accounts);
        drop(accounts);
        if less {
            self.memory.0.given_back.notify_all();
        }
    }

    pub fn held(&self) -> u64 {
        self.memory.lock().get(&self.id).map_or(0, |held| held.bytes)
    }

    /// What the others leave.
    pub fn left(&self) -> u64 {
        self.memory.0.allowed.saturating_sub(self.memory.held().saturating_sub(self.held()))
    }

    /// Which account is to give way, and how; `None` while all is well, or where none can.
    pub fn due(&self) -> Option<(u64, Way)> {
        let allowed = self.memory.0.allowed;
        if self.memory.held() <= allowed {
            return None;
        }
        let accounts = self.memory.lock();
        let large = |held: &Held| held.bytes > allowed / SMALL;
        let gives = |held: &&Held| held.way < Way::Stays && held.bytes > 0;
        let rank = |id: u64, held: &Held| (large(held), std::cmp::Reverse(held.way), held.bytes, id);
        let first = accounts.iter().filter(|(_, held)| gives(held)).max_by_key(|(id, held)| rank(**id, held));
        first.map(|(id, held)| (*id, held.way))
    }

    /// Asks another to give way, and waits a moment for it.
    pub fn await_other(&self, other: u64) {
        let accounts = self.memory.lock();
        let bell = accounts.get(&other).and_then(|held| held.bell.clone());
        drop(accounts);
        bell.iter().for_each(Wake::ring);
        let accounts = self.memory.lock();
        drop(self.memory.0.given_back.wait_timeout(accounts, WAIT));
    }

    pub fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut accounts = self.memory.lock();
        accounts.remove(&self.id);
        self.memory.sum(&accounts);
        drop(accounts);
        self.memory.0.given_back.notify_all();
    }
}

impl Drop for ReadingMemory {
    fn drop(&mut self) {
        self.0.0.readings.fetch_sub(1, Ordering::Relaxed);
    }
}
