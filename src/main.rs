//! The window or the command line, nothing else.

use std::process::ExitCode;
use std::time::Instant;

use braid::{cli, ui};

fn main() -> ExitCode {
    let started = Instant::now();
    let args: Vec<String> = std::env::args().skip(1).collect();
    if cli::wanted(&args) { cli::main(&args, started) } else { cli::report(ui::run_window(args)) }
}
