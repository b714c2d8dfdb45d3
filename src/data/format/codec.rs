//! What packed bytes can become at most: a page or buffer that claims more lies, and nothing is reserved for it.

use std::io::Read;

/// How some bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Plain,
    Snappy,
    Gzip,
    Lz4,
    Zstd,
    /// One of which nothing is known here.
    Other,
}

/// What claims more than this, and this many times its bytes, is unpacked once to be counted.
const COUNTED: (u64, u64) = (16 << 20, 64);

impl Codec {
    /// The most that so many bytes of this codec can stand for, by its definition.
    fn most(self, packed: u64) -> u64 {
        match self {
            Self::Plain => packed,
            // A copy of 64 bytes takes three.
            Self::Snappy => packed.saturating_mul(32),
            // 258 bytes in two bits.
            Self::Gzip => packed.saturating_mul(1_032),
            // A byte of a length stands for 255.
            Self::Lz4 => packed.saturating_mul(255),
            // A block of 128 KiB takes four bytes.
            Self::Zstd => (packed / 4 + 1).saturating_mul(128 << 10),
            Self::Other => u64::MAX,
        }
    }

    /// Whether so many packed bytes can become `bytes`.
    pub fn may_hold(self, packed: u64, bytes: u64) -> bool {
        bytes <= self.most(packed)
    }

    /// Whether that is likely a lie, though it may be true.
    pub fn is_doubtful(packed: u64, bytes: u64) -> bool {
        bytes > COUNTED.0 && bytes / COUNTED.1 > packed
    }

    /// Whether `packed` becomes so many bytes, as far as that can be found out here: it is unpacked once.
    pub fn holds(self, packed: &[u8], bytes: u64) -> bool {
        match self {
            Self::Gzip => counted(flate2::bufread::GzDecoder::new(packed), bytes),
            Self::Zstd => zstd::Decoder::with_buffer(packed).is_ok_and(|decoder| counted(decoder, bytes)),
            _ => self.may_hold(packed.len() as u64, bytes),
        }
    }
}

/// Whether at least `bytes` bytes can be read.
fn counted(from: impl Read, bytes: u64) -> bool {
    std::io::copy(&mut from.take(bytes), &mut std::io::sink()).is_ok_and(|read| read == bytes)
}
