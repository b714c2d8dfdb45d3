//! What to change, in the words of the command line: its options.

use crate::data::{Fault, Setting};

/// A fault in one line, with what to do about it.
pub fn fault(fault: &Fault) -> String {
    fault.said(|setting| Some(setting_words(setting)))
}

fn setting_words(setting: &Setting) -> String {
    match setting {
        Setting::Memory { least: Some(mib) } => format!("allow at least {mib} MiB with --memory"),
        Setting::Memory { least: None } => "allow more memory (--memory)".to_owned(),
        Setting::Inputs => "give it files (--history) or a feed (--live)".to_owned(),
        Setting::Table => "open it, or give it with --history NAME=FILE".to_owned(),
        Setting::TimeColumn { table } => {
            format!("choose its time column (--time {table}=COLUMN, or in the table's settings)")
        }
        Setting::Seam { table } => format!(
            "say where live takes over with a seam at a time or by a key (--seam {table}=time:T or --seam \
             {table}=key:COLUMN)"
        ),
        Setting::Disjoint { table } => format!("say that no row is in both with --seam {table}=append"),
        Setting::Model { name } => format!("give it with --model {name}=FILE"),
        Setting::OwnWorkspace => "give this one a --workspace of its own".to_owned(),
        Setting::NewWorkspace => "with --workspace, in a new one".to_owned(),
        Setting::Pipe => "pipe rows into it: PROGRAM | braid run --live NAME=stdin: …".to_owned(),
        Setting::NoWindow => "use `braid run` to ask a question without a window; see `braid --help`".to_owned(),
    }
}
