//! A named thread whose panic becomes a sentence instead of a silence, and where other panics are caught.

use std::cell::RefCell;
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
    pub fn spawn(
        name: &str,
        work: impl FnOnce() + Send + 'static,
        on_panic: impl FnOnce(String) + Send + 'static,
    ) -> std::io::Result<Self> {
        std::thread::Builder::new()
            .name(name.to_owned())
            .stack_size(STACK)
            .spawn(move || {
                if let Err(said) = caught(work) {
                    on_panic(said);
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

thread_local! {
    /// Where this thread panicked last.
    static WHERE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the library from writing back-traces of panics on stderr: who catches one says it. To be called once, by a
/// program.
pub fn hush_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(|at| format!(" ({}:{})", at.file().rsplit(['/', '\\']).next().unwrap_or_default(), at.line()));
        WHERE.with(|last| *last.borrow_mut() = place.unwrap_or_default());
    }));
}

/// Does `work`; what a panic in it said, on one line, and where it was.
///
/// # Errors
/// When it panics.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|cause| {
        let text = cause.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let said = text
            .or_else(|| cause.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without words".to_owned());
        said.lines().next().unwrap_or_default().to_owned() + &WHERE.with(|last| last.take())
    })
}
