//! A named thread whose panic becomes a sentence instead of a silence.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

/// What a thread may go deep, bytes: as far as that of the program itself. Only what is used becomes memory.
const STACK: usize = 8 << 20;

/// A running thread. Dropping it does not wait: work is ended by its `Cancel`, never by blocking a caller.
#[derive(Debug)]
pub struct Worker(JoinHandle<()>);

impl Worker {
    /// Starts `work` on a thread called `name`; `on_panic` hears what a panic said.
    ///
    /// # Errors
    /// The operating system's, when it has no thread to give.
    pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static, on_panic: impl FnOnce(String) + Send + 'static) -> std::io::Result<Self> {
        std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(STACK)
            .spawn(move || {
                if let Err(cause) = catch_unwind(AssertUnwindSafe(work)) {
                    on_panic(message(cause.as_ref()));
                }
            })
            .map(Self)
    }

    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for the thread's end. Not for a window's thread.
    pub fn join(self) {
        // A panic inside has been handed to `on_panic` already.
        let _ = self.0.join();
    }
}

fn message(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}
