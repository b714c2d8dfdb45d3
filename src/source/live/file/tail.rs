//! The end of a file that others write: what was appended, and whether it is still the same file.
//! What its bytes mean is left to `stream_decoder`, what a person is told to `follow`.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The first bytes by which a file is recognised that was rewritten in place.
const MARK_BYTES: u64 = 512;

/// An open file and how far it was read.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    file: File,
    identity: Identity,
    at: u64,
    mark: Vec<u8>,
    /// The last bytes that were read, by which a copy is recognised.
    last: Vec<u8>,
}

/// What tells a file from another at the same path.
pub type Identity = (u64, u64);

/// The state of the open file.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Bytes beyond those read.
    Grown,
    Still,
    /// It is shorter than what was read of it, or begins with other bytes: it was written anew.
    Rewritten {
        now: u64,
    },
}

/// The file that stands at the path now.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    Same,
    Other,
    Gone,
}

impl Tail {
    /// # Errors
    /// The operating system's; and when the path is no regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_for(path, path)
    }

    /// Opens the file at `path`, which once stood at `watched`: what stands there is looked at.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_for(path: &Path, watched: &Path) -> io::Result<Self> {
        // Asked first: opening a named pipe would block.
        regular(&path.metadata()?)?;
        let mut file = File::open(path)?;
        let identity = identity(&file.metadata()?);
        let mark = mark(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { path: watched.to_owned(), file, identity, at: 0, mark, last: Vec::new() })
    }

    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// When it was written last, and when it was made, where the system knows.
    pub fn times(&self) -> io::Result<(SystemTime, Option<SystemTime>)> {
        let metadata = self.file.metadata()?;
        Ok((metadata.modified()?, metadata.created().ok()))
    }

    /// The last bytes that were read.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// How far it was read, bytes.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The first bytes of the file.
    pub fn beginning(&self) -> &[u8] {
        &self.mark
    }

    pub fn seek(&mut self, at: u64) -> io::Result<()> {
        self.at = self.file.seek(SeekFrom::Start(at))?;
        self.last.clear();
        Ok(())
    }

    /// Begins again with a file that was written anew.
    pub fn restart(&mut self) -> io::Result<()> {
        self.mark.clear();
        self.seek(0)
    }

    /// The next bytes, up to the end.
    ///
    /// # Errors
    /// The operating system's.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = loop {
            match self.file.read(into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.at += n as u64;
        let read = into.get(..n).unwrap_or_default();
        self.last.extend_from_slice(read.get(n.saturating_sub(MARK_BYTES as usize)..).unwrap_or_default());
        let beyond = self.last.len().saturating_sub(MARK_BYTES as usize);
        self.last.drain(..beyond);
        Ok(n)
    }

    /// To be asked before reading on: bytes of a file that was rewritten must not be taken for the rest of the old one.
    pub fn state(&mut self) -> io::Result<State> {
        let now = self.file.metadata()?.len();
        if now < self.at {
            return Ok(State::Rewritten { now });
        }
        if now == self.at {
            return Ok(State::Still);
        }
        let mark = mark(&mut self.file)?;
        self.file.seek(SeekFrom::Start(self.at))?;
        if !mark.starts_with(&self.mark) {
            return Ok(State::Rewritten { now });
        }
        self.mark = mark;
        Ok(State::Grown)
    }

    pub fn standing(&self) -> io::Result<Standing> {
        match self.path.metadata() {
            Ok(metadata) if identity(&metadata) == self.identity => Ok(Standing::Same),
            Ok(_) => Ok(Standing::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Standing::Gone),
            Err(error) => Err(error),
        }
    }

    /// Lines that end before `at`; the file is read for it.
    pub fn lines_before(&mut self, at: u64) -> io::Result<u64> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; 1 << 18];
        let (mut left, mut lines) = (at, 0);
        while left > 0 {
            let n = self.file.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            let n = n.min(usize::try_from(left).unwrap_or(n));
            lines += memchr::memchr_iter(b'\n', buffer.get(..n).unwrap_or_default()).count() as u64;
            left -= n as u64;
        }
        self.file.seek(SeekFrom::Start(self.at))?;
        Ok(lines)
    }
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = if metadata.is_dir() {
        "this is a folder, not a file"
    } else {
        "this is not a regular file; read a pipe with stdin:"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

fn mark(file: &mut File) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut mark = Vec::with_capacity(MARK_BYTES as usize);
    file.by_ref().take(MARK_BYTES).read_to_end(&mut mark)?;
    Ok(mark)
}

/// Device and inode. While a file is open its inode is not given to another.
#[cfg(unix)]
pub fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// The time of creation, which is the best that the standard library knows elsewhere.
#[cfg(not(unix))]
pub fn identity(metadata: &Metadata) -> Identity {
    let since = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or((0, 0), |since| (since.as_secs(), u64::from(since.subsec_nanos())))
}
