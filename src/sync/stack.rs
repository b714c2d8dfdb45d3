//! A stack that is large enough for work that goes as deep as what it is given: a tree of operators, and the freeing of
//! it.

use std::sync::Once;

/// Room that such work may need.
const NEEDED: usize = 16 << 20;
/// What is set aside where there is less: address space, of which only what is used becomes memory.
const STACK: usize = 64 << 20;

/// The parser and polars ask for more stack as they go, when less is left than this: a step of theirs takes most of
/// what they have by default, where it is not optimised. And how much they get.
const LEFT: usize = 512 << 10;
const MORE: usize = 8 << 20;

/// Does `work` here if the thread's stack has room, else on a larger one. Within it, it costs nothing to ask again.
pub fn deep<T>(work: impl FnOnce() -> T) -> T {
    static SET: Once = Once::new();
    SET.call_once(|| {
        recursive::set_minimum_stack_size(LEFT);
        recursive::set_stack_allocation_size(MORE);
    });
    stacker::maybe_grow(NEEDED, STACK, work)
}
