//! A hint to the C library's allocator; what is allocated is everybody's own matter.

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
