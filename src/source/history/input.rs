//! The bytes of a text file as UTF-8: unpacked, transcoded, counted; and the watch that the file stays as it was.

use std::fs::{File, Metadata};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::data::encoding::{Converter, TextEncoding};
use crate::data::{Fault, Result};
pub(super) use crate::source::packing::Packing;

/// How a file was when it was opened.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub path: PathBuf,
    pub bytes: u64,
    modified: Option<SystemTime>,
    /// Tells a file from another one put in its place.
    identity: u64,
    /// Its first bytes: a file that was written anew may be longer, too.
    first: Vec<u8>,
}

/// How many of its first bytes tell a file.
const FIRST_BYTES: u64 = 1_024;

impl Stamp {
    /// Only its first `bytes`; what follows counts as growth.
    pub fn cut(&self, bytes: u64) -> Self {
        let mut first = self.first.clone();
        first.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        Self { bytes, first, ..self.clone() }
    }

    /// The place after the last line end within `bytes`; all of them where there is none.
    pub fn last_line_end(&self) -> Result<u64> {
        const STEP: u64 = 1 << 16;
        let fault = |error: std::io::Error| Fault::io(self.path.display().to_string(), &error);
        let mut file = File::open(&self.path).map_err(fault)?;
        let mut end = self.bytes;
        while end > 0 {
            let start = end.saturating_sub(STEP);
            let mut block = vec![0; (end - start) as usize];
            file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut block)).map_err(fault)?;
            if let Some(at) = memchr::memrchr(b'\n', &block) {
                return Ok(start + at as u64 + 1);
            }
            end = start;
        }
        Ok(self.bytes)
    }

    pub fn take(path: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(|error| Fault::io(path.display().to_string(), &error))?;
        let fault =
            |what: &str, hint: &str| Fault::new(what.to_owned()).at(path.display().to_string()).hint(hint.to_owned());
        if metadata.is_dir() {
            return Err(fault("this is a folder, not a file", "open the files in it"));
        }
        if !metadata.is_file() {
            return Err(fault("this is no ordinary file", "a pipe or device can be read as a live feed"));
        }
        if metadata.len() == 0 {
            return Err(fault("the file is empty", "choose a file with data, or wait until it has been written"));
        }
        let first = first_bytes(path, metadata.len()).map_err(|error| Fault::io(path.display().to_string(), &error))?;
        Ok(Self {
            path: path.to_owned(),
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            identity: identity(&metadata),
            first,
        })
    }

    /// # Errors
    /// When the file is no longer what it was. With `may_grow`, one that only got longer still is.
    pub fn check(&self, may_grow: bool) -> Result<()> {
        let now = match std::fs::metadata(&self.path) {
            Ok(now) => now,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Fault::new("the file vanished while it was being read")
                    .at(self.path.display().to_string())
                    .hint("put it back and open it again"));
            }
            Err(error) => return Err(Fault::io(self.path.display().to_string(), &error)),
        };
        let grown = may_grow
            && now.len() > self.bytes
            && first_bytes(&self.path, self.bytes).is_ok_and(|first| first == self.first);
        let same = now.len() == self.bytes && now.modified().ok() == self.modified;
        if identity(&now) == self.identity && (grown || same) { Ok(()) } else { Err(self.changed()) }
    }

    pub fn changed(&self) -> Fault {
        Fault::new("the file changed while it was being read").at(self.path.display().to_string()).hint("open it again")
    }
}

fn first_bytes(path: &Path, length: u64) -> std::io::Result<Vec<u8>> {
    let mut first = Vec::new();
    File::open(path)?.take(length.min(FIRST_BYTES)).read_to_end(&mut first)?;
    Ok(first)
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> u64 {
    0
}

/// A text file being read from its beginning up to the length it had when it was opened.
pub(super) struct Input {
    stream: Box<dyn Read + Send>,
    /// Bytes taken from the disk so far.
    taken: Arc<AtomicU64>,
    converter: Option<Converter>,
    /// Bytes of a byte order mark that are still to be passed over.
    mark: usize,
    packing: Packing,
    raw: Vec<u8>,
    path: PathBuf,
}

impl Input {
    pub fn open(stamp: &Stamp, packing: Packing, encoding: Option<TextEncoding>) -> Result<Self> {
        let place = || stamp.path.display().to_string();
        let file = File::open(&stamp.path).map_err(|error| Fault::io(place(), &error))?;
        let taken = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: file.take(stamp.bytes), taken: taken.clone() };
        let stream: Box<dyn Read + Send> = match packing {
            Packing::Plain => Box::new(counted),
            packing => packing
                .unpack(BufReader::with_capacity(1 << 17, counted))
                .map_err(|error| Fault::io(place(), &error))?,
        };
        let mark = encoding.map_or(0, |e| e.mark_bytes);
        let converter = encoding.filter(|e| !e.is_utf8()).map(|e| e.converter());
        Ok(Self { stream, taken, converter, mark, packing, raw: Vec::new(), path: stamp.path.clone() })
    }

    /// Bytes of the file that were read so far, packed as they are.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Appends at least `most` bytes of text (a little more where it is transcoded); `false` at the end.
    pub fn read(&mut self, most: usize, text: &mut Vec<u8>) -> Result<bool> {
        if self.mark > 0 {
            let mut mark = Vec::new();
            self.pull(self.mark, &mut mark)?;
            self.mark = 0;
        }
        let Some(mut converter) = self.converter.take() else { return self.pull(most, text) };
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        let more = self.pull(most, &mut raw)?;
        converter.convert(&raw, !more, text);
        (self.raw, self.converter) = (raw, Some(converter));
        Ok(more)
    }

    fn pull(&mut self, most: usize, into: &mut Vec<u8>) -> Result<bool> {
        let before = into.len();
        into.reserve(most);
        match self.stream.by_ref().take(most as u64).read_to_end(into) {
            Ok(_) => Ok(into.len() - before == most),
            Err(error) => Err(self.fault(&error)),
        }
    }

    fn fault(&self, error: &std::io::Error) -> Fault {
        let place = self.path.display().to_string();
        self.packing.fault(error).map_or_else(|| Fault::io(&*place, error), |fault| fault.at(&*place))
    }
}

struct Counted<R> {
    inner: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
