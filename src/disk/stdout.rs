//! Standard output: what is written there is all there when it is done, or the error says that it is not. What is
//! written is left to others.

use std::io::{self, Write};

/// Writes bytes to standard output, whole.
///
/// # Errors
/// The system's, but for a reader that has had enough.
pub fn to_stdout(bytes: &[u8]) -> io::Result<()> {
    let written = io::stdout().lock().write_all(bytes).and_then(|()| finish_stdout());
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

/// Returns when what was written to standard output has reached its reader or, where it is a file, the disk.
///
/// # Errors
/// The system's.
pub fn finish_stdout() -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.flush()?;
    #[cfg(unix)]
    super::draft::sync(&std::os::fd::AsFd::as_fd(&out).try_clone_to_owned()?.into())?;
    Ok(())
}
