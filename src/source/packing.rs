//! Text that is packed: told by its first bytes, whatever its name says, and unpacked as it is read. Whether it comes
//! from a file or a pipe is left to those who read it.

use std::io::{self, BufRead, Read};

use crate::data::Fault;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// So many first bytes tell a packing.
pub(super) const MARK_BYTES: usize = 4;

impl Packing {
    pub fn of(head: &[u8]) -> Self {
        if head.starts_with(b"\x1f\x8b") {
            Self::Gzip
        } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
            Self::Zstd
        } else {
            Self::Plain
        }
    }

    /// What was packed, one member after another.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn unpack(self, input: impl BufRead + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Plain => Box::new(input),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
            Self::Zstd => Box::new(zstd::Decoder::with_buffer(input)?),
        })
    }

    /// What an error of `decompress`'s reader says of the packed data; `None` where it is the source's own.
    pub fn fault(self, error: &io::Error) -> Option<Fault> {
        use io::ErrorKind as K;
        let packing = match self {
            Self::Plain => return None,
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        };
        if !matches!(error.kind(), K::UnexpectedEof | K::InvalidData | K::InvalidInput | K::Other) {
            return None;
        }
        let cut = error.kind() == K::UnexpectedEof || error.to_string().contains("incomplete");
        let what = if cut {
            format!("its {packing} data end too early")
        } else {
            format!("its {packing} data are damaged ({error})")
        };
        Some(Fault::new(what).hint("copy or download it again"))
    }
}
