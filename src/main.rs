//! The window or the command line, nothing else.

use std::process::ExitCode;
use std::time::Instant;

use braid::data::Fault;
use braid::sync::{caught, hush_panics};
use braid::{cli, ui};

fn main() -> ExitCode {
    let started = Instant::now();
    // What is no text names no file that could be told of; it is said as far as it can be.
    let args: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    hush_panics();
    // A panic of a dependency is our fault, too: it is said as one.
    let done =
        caught(|| if cli::is_command(&args) { cli::main(&args, started) } else { cli::report(ui::run_native(args)) });
    done.unwrap_or_else(|said| {
        braid::disk::clean_up();
        cli::report(Err(
            Fault::new(format!("internal error: {said}")).hint("nothing that was read is changed; please report it")
        ))
    })
}
