//! Floor 6: the command line: the same engine without a window.

mod args;
mod console;
mod help;
mod memory;
mod options;
mod outputs;
mod print;
mod run;
mod stats;
mod train;
pub mod wording;

use std::process::ExitCode;

use crate::data::Fault;
use crate::disk::to_stdout;
use crate::query::aggregate::AGGREGATES;
use crate::source::live::LIVE_KINDS;
pub use print::{table, table_with};

const HELP: &str = "\
Braid: history and live data in one exact answer

braid                                   open the window
braid FILE|FOLDER|URL …                 open the window with these; a model goes under the table with its columns
braid run  [--history NAME=GLOB]… [--live NAME=URL]… [--time NAME=COLUMN[,LATENESS]]…
           [--seam NAME=position|time:T|key:COL|append]… [--model NAME=FILE.json]…
           [--with NAME=TEXT|@FILE]… --sql [NAME=]TEXT|@FILE … [--for DURATION] [--workspace DIR]
           [--out [NAME=]FILE.csv|.parquet|.json|.arrow]… [--chart [NAME=]FILE.png|.svg]… [--mark NAME]
           [--stats FILE.json]
           [--engine local] [--threads N] [--memory SIZE]
braid train --data FILE --target COLUMN [OPTION]…   a random forest: braid train --help
braid sources | aggregates | marks      what this build knows

A model that braid train wrote is a function of SQL: predict(NAME), predict_proba(NAME, 'class').
braid run --help explains each option, with examples.
run answers one question, or several with names from one reading. It ends when every input has ended, after --for, or on
Ctrl-C (SIGTERM, SIGHUP), always with complete, consistent answers: on stdout as a table (CSV in a pipe), or in --out. A
second Ctrl-C ends it at once, without one. Progress goes to stderr.
Exit code: 0; 1 with one line that says what, where and what to do; 2 for wrong usage.

Example:
  braid run --history flights='flights/*.parquet' --live flights=file:today.ndjson \\
            --sql \"SELECT origin, count(*) AS n FROM flights GROUP BY origin ORDER BY n DESC LIMIT 10\"
";

/// True when the arguments are for the command line, not for the window.
pub fn is_command(args: &[String]) -> bool {
    let words = ["run", "train", "sources", "aggregates", "marks", "help", "--help", "-h", "--version", "-V"];
    args.first().is_some_and(|a| words.contains(&a.as_str()))
}

/// Runs a command and gives its exit code.
pub fn main(args: &[String], started: std::time::Instant) -> ExitCode {
    let (command, rest) = args.split_first().map_or(("help", args), |(c, rest)| (c.as_str(), rest));
    match command {
        "run" => match args::RunArgs::parse(rest) {
            Ok(None) => print(&help::run()),
            Ok(Some(args)) => {
                let outcome = run::run(&args, started);
                crate::disk::clean_up();
                report(outcome)
            }
            Err(fault) => usage(&fault, "braid run --help"),
        },
        "sources" => print(&sources()),
        "aggregates" => print(&aggregates()),
        "marks" => print(&marks()),
        "--version" | "-V" => print(concat!("braid ", env!("CARGO_PKG_VERSION"), "\n")),
        "train" => match train::TrainArgs::parse(rest) {
            Ok(None) => print(&train::help()),
            Ok(Some(args)) => {
                let outcome = train::run(&args, started);
                crate::disk::clean_up();
                report(outcome)
            }
            Err(fault) => usage(&fault, "braid train --help"),
        },
        _ => print(HELP),
    }
}

/// Prints the fault of an outcome, and gives the exit code: also for a window that cannot be opened.
pub fn report(outcome: crate::data::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            complain(&wording::fault(&fault));
            ExitCode::from(1)
        }
    }
}

fn usage(fault: &Fault, help: &str) -> ExitCode {
    complain(&format!("{} ({help} shows how)", wording::fault(fault)));
    ExitCode::from(2)
}

fn complain(line: &str) {
    console::line(&format!("braid: {}", line.replace('\n', " ")));
}

fn print(text: &str) -> ExitCode {
    report(to_stdout(text.as_bytes()).map_err(|e| Fault::io("stdout", &e)))
}

fn sources() -> String {
    let mut text = String::from("FILES (--history NAME=GLOB, folders too; the text ones also as .gz and .zst)\n");
    for format in crate::data::format::FORMATS {
        text += &format!("  {:<10} {} (.{})\n", format.name, format.title, format.extensions.join(", ."));
    }
    text += "\nFEEDS (--live NAME=URL)\n";
    for kind in LIVE_KINDS {
        text += &format!("  {:<10} {}\n             {}\n", kind.schemes.join(", "), kind.about, kind.example);
        for setting in kind.all_settings() {
            let (kind, about) = (setting.kind.word(), setting.about);
            text += &format!("           {:<10} {kind:<8} {about} (default: {})\n", setting.name, setting.default);
        }
    }
    text
}

fn aggregates() -> String {
    let mut text: String =
        AGGREGATES.iter().map(|a| format!("{:<25} {} [{}]\n", a.usage, a.about, a.class.word())).collect();
    text += "\nEach takes FILTER (WHERE …); those of one argument take DISTINCT.\n";
    text
}

fn marks() -> String {
    crate::figure::MARKS.iter().map(|m| format!("{:<10} {}\n", m.name, m.about)).collect()
}
