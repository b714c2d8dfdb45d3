//! Where the rows of a feed come from, as data: what an address then means is `url`'s.

/// Where the rows of a feed come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file that grows: positions are its bytes, and `from` says at which of them to begin.
    GrowingFile,
    /// A file that is whole and is sent again: `from` says at which time to begin.
    WholeFile,
    /// A pipe into this process.
    Pipe,
    /// Another machine, which the address names.
    Network,
}
