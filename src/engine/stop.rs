//! Ctrl-C, SIGTERM and SIGHUP: the first asks for the end of reading, and the answer of what was read follows, whole;
//! the second ends the program at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::data::{Fault, Result};
use crate::sync::Cancel;

/// What is set by the first signal.
///
/// # Errors
/// When signals cannot be caught.
pub fn on_signals() -> Result<Cancel> {
    let stop = Cancel::new();
    let asked = stop.clone();
    catch(move |status| {
        static ASKED: AtomicBool = AtomicBool::new(false);
        if ASKED.swap(true, Ordering::AcqRel) {
            end(status);
        }
        asked.set();
    })?;
    Ok(stop)
}

/// Ends without waiting for any thread: one of them may be the reason for the second signal.
#[allow(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "nothing can be waited for any more; temporary files are removed before"
)]
fn end(status: i32) -> ! {
    crate::disk::clean_up();
    std::process::exit(status)
}

/// Calls `heard` for each signal, on a thread of its own, with the exit status that tells of it.
#[cfg(unix)]
fn catch(mut heard: impl FnMut(i32) + Send + 'static) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let failed = |e: std::io::Error| Fault::new(format!("signals cannot be caught: {e}"));
    // A limit on the size of files is an error of the write, and no end without a word.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default()).map_err(failed)?;
    // Under nohup a run goes on when its terminal is gone.
    let signals: &[i32] = if is_ignored(SIGHUP) { &[SIGINT, SIGTERM] } else { &[SIGINT, SIGTERM, SIGHUP] };
    let mut signals = signal_hook::iterator::Signals::new(signals).map_err(failed)?;
    let work = move || signals.forever().for_each(|signal| heard(128 + signal));
    crate::sync::Worker::spawn("signals", work, |_| {}).map(drop).map_err(failed)
}

#[cfg(not(unix))]
fn catch(mut heard: impl FnMut(i32) + Send + 'static) -> Result<()> {
    ctrlc::set_handler(move || heard(130)).map_err(|e| Fault::new(format!("Ctrl-C cannot be caught: {e}")))
}

/// Whether whoever started us had this signal ignored, where the system tells.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
