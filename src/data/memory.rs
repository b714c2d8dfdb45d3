//! The memory of the process: how much it holds, and a hint to the C library's allocator. What is allocated is everybody's
//! own matter.

use std::sync::Once;

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
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}
