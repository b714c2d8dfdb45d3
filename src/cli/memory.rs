//! `--memory`: the limit of the whole process. The run gets what remains beside the process itself and the pieces being
//! read, all its questions together; what each takes of it is left to the engine. The last check, for memory that no
//! estimate foresees, is here as well.

use crate::data::memory::{allow, resident};
use crate::data::{Fault, Result};
use crate::engine::{Memory, Options, Snapshot};

/// The least memory of a run, whatever its question.
const LEAST: u64 = 32 << 20;
/// Memory that no counter sees: what the allocator holds back, and the buffers of decoders and writers.
const SLACK: u64 = 32 << 20;
/// The share of the remaining memory that the run gets: free memory is fragmented, and cannot all be used.
const HEADROOM: (u64, u64) = (3, 4);
/// The memory of the process where the system does not report it.
const PROCESS: u64 = 64 << 20;

/// The memory that the process may use.
#[derive(Clone, Copy, Debug)]
pub struct MemoryLimit {
    memory: Option<u64>,
    /// The part of it that the process itself uses.
    process: u64,
}

impl MemoryLimit {
    /// Options with the run's share of memory, and with as many workers as can each hold a `piece` of that many bytes.
    /// Called once the tables are open.
    ///
    /// # Errors
    /// When the limit is so low that no question could be answered.
    pub fn share(memory: Option<u64>, piece: u64, options: Options) -> Result<(Self, Options)> {
        let Some(allowed) = memory else { return Ok((Self { memory, process: 0 }, options)) };
        allow(allowed);
        let process = resident().unwrap_or(PROCESS) + SLACK;
        let room = allowed.saturating_sub(process);
        // Reading may use a third of it.
        let workers = (options.workers() as u64).min(room / (3 * piece.max(1))).max(1);
        let beside = process + workers * piece;
        if allowed < beside + LEAST {
            let mib = |bytes: u64| bytes.div_ceil(1 << 20);
            let what = format!(
                "--memory {} MiB is too little: the program itself takes {} MiB, and reading a piece of the data {}",
                mib(allowed),
                mib(process),
                mib(piece)
            );
            return Err(Fault::new(what).hint(format!("allow at least {} MiB", mib(process + piece + LEAST))));
        }
        let run = (allowed - beside) / HEADROOM.1 * HEADROOM.0;
        Ok((
            Self { memory, process },
            Options { memory: Some(Memory::beside(run, allowed - run)), threads: workers as usize, ..options },
        ))
    }

    /// # Errors
    /// When the process holds more than a tenth too much.
    pub fn check(self, so_far: Option<&Snapshot>) -> Result<()> {
        let (Some(allowed), Some(held)) = (self.memory, resident()) else { return Ok(()) };
        if held <= allowed + allowed / 10 {
            return Ok(());
        }
        let mib = |bytes: u64| bytes >> 20;
        let read = so_far.map_or(0.0, Snapshot::history_share);
        let seen = match so_far {
            Some(_) if (0.01..0.99).contains(&read) => {
                let need = self.process as f64 + held.saturating_sub(self.process) as f64 / read;
                format!(
                    "; that is after {:.0} % of the history, so that all of it may need {} MiB",
                    read * 100.0,
                    mib(need as u64)
                )
            }
            Some(s) => format!("; that is after {} rows", s.rows.come_in),
            None => String::new(),
        };
        Err(Fault::new(format!(
            "the question takes {} MiB, more than the {} MiB allowed{seen}",
            mib(held),
            mib(allowed)
        ))
        .hint("allow more with --memory, use fewer --threads, or ask for fewer rows, columns or groups"))
    }
}
