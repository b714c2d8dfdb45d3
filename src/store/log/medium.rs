//! Where segments are written: files, or in a test something that fails when it is told to.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::path::Path;
use std::sync::Arc;

/// Makes and opens the files that a log writes.
pub trait Medium: Send + Sync + std::fmt::Debug {
    /// Opens a file to append to; it is made where there is none.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Track>>;
}

/// One file that is appended to.
pub trait Track: Send + Sync + std::fmt::Debug {
    /// Appends both, one after the other. After an error any part of them may have been written.
    fn append(&self, header: &[u8], payload: &[u8]) -> io::Result<()>;

    /// Cuts the file to `length`.
    fn cut(&self, length: u64) -> io::Result<()>;

    /// Returns when what was appended survives a power cut.
    fn sync(&self) -> io::Result<()>;
}

/// Files.
#[derive(Debug)]
pub struct Disk;

impl Medium for Disk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Track>> {
        Ok(Arc::new(crate::disk::own::append(path)?))
    }
}

impl Track for File {
    fn append(&self, mut header: &[u8], mut payload: &[u8]) -> io::Result<()> {
        let mut file = self;
        while !header.is_empty() || !payload.is_empty() {
            let n = match file.write_vectored(&[IoSlice::new(header), IoSlice::new(payload)]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let of_header = n.min(header.len());
            header = header.get(of_header..).unwrap_or_default();
            payload = payload.get(n - of_header..).unwrap_or_default();
        }
        Ok(())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
