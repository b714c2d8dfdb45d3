//! The memory of the process: how much it holds, and a hint to the C library's allocator. What is allocated is
//! everybody's own matter.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lets freed memory stay with the process, up to some tens of MiB, instead of going back to the system block by block.
///
/// Chunks are a few MiB each and live for milliseconds. glibc at first maps every such block from the system and unmaps
/// it again, and each page of it is faulted in anew: more than half of the time of reading a Parquet file. It raises
/// that bound by itself to the size of the largest block that was ever freed (mallopt(3), `M_MMAP_THRESHOLD`), so one
/// large block, never touched, is enough. Elsewhere this does nothing.
pub fn keep_freed() {
    static ONCE: Once = Once::new();
    // Just below the largest size that counts (32 MiB on 64 bits).
    ONCE.call_once(|| drop(std::hint::black_box(Vec::<u8>::with_capacity((32 << 20) - 8_192))));
}

/// Less is not asked for.
const LITTLE: u64 = 1 << 20;
/// What there is where the system does not tell.
const UNKNOWN: u64 = 4 << 30;
/// The limit of memory that a person set for the process.
static ALLOWED: AtomicU64 = AtomicU64::new(u64::MAX);

/// Tells how much memory the process may hold, bytes.
pub fn allow(bytes: u64) {
    ALLOWED.store(bytes, Ordering::Relaxed);
}

/// Whether so many bytes can be taken at once, for something whose size a file only claims: an allocation that fails
/// ends the process, and one that the system has to serve from the disk stops the machine.
///
/// # Errors
/// With what there is room for.
pub fn afford(bytes: u64) -> Result<(), u64> {
    if bytes <= LITTLE {
        return Ok(());
    }
    let allowed = ALLOWED.load(Ordering::Relaxed);
    let allowed = if allowed == u64::MAX { allowed } else { allowed.saturating_sub(resident().unwrap_or(0)) };
    // Others read at the same time: nobody takes more than half of what is left.
    let room = [available(), address_space()].into_iter().flatten().min().unwrap_or(UNKNOWN) / 2;
    let room = room.min(allowed);
    if bytes <= room { Ok(()) } else { Err(room) }
}

/// What the machine could still give, bytes.
fn available() -> Option<u64> {
    of_machine("MemAvailable:")
}

fn of_machine(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    kib(text.lines().find_map(|line| line.strip_prefix(name))?)
}

/// What the machine has in all, or as much of it as this process may have, bytes.
pub fn machine() -> u64 {
    let group = || std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok();
    [of_machine("MemTotal:"), address_space(), group()].into_iter().flatten().min().unwrap_or(UNKNOWN)
}

/// What is left of the address space, where that is limited, bytes.
fn address_space() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/limits").ok()?;
    let limit: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    Some(limit.saturating_sub(status("VmSize:")?))
}

fn kib(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1 << 10)
}

/// Bytes that the process holds in memory now; `None` where the system does not tell.
pub fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// The most it ever held.
pub fn peak() -> Option<u64> {
    status("VmHWM:")
}

fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    kib(status.lines().find_map(|l| l.strip_prefix(name))?)
}
