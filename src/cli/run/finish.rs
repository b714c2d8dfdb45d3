//! The end of a run: its notes on stderr, its answers on stdout or in files, their charts, its statistics, and what was
//! set aside.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::args::{QuestionArgs, RunArgs};
use super::super::{console, print, stats, wording};
use super::named;
use crate::data::format::{keep_frame, write_frame_with};
use crate::data::{Fault, Reject, Result, words};
use crate::disk;
use crate::engine::{RowsTo, Snapshot, Table};
use crate::figure::{Look, Settings, export};
use crate::workspace::{Windows, picture};

/// Facts of a run besides its answers.
pub struct RunContext {
    /// The time from the start of the process to the start of the run.
    pub before: Duration,
    pub started: Instant,
    /// Notes that were printed before the run or while it ran.
    pub told: Vec<String>,
}

/// A question, and its last answer.
pub struct Answered<'a> {
    pub args: &'a QuestionArgs,
    pub table: &'a Table,
    pub last: &'a Arc<Snapshot>,
    pub windows: &'a Windows,
    /// Whether rows were written as they came.
    pub streamed: bool,
}

/// Says what there is to know of a run that has ended, and writes its answers, charts and statistics.
///
/// # Errors
/// The first thing that keeps an answer from being complete, or from being written; what else can be is written.
pub fn finish(args: &RunArgs, answered: &[Answered<'_>], context: RunContext) -> Result<()> {
    // The answers come first: a workspace on a full disk does not keep them from being written.
    let kept = args.workspace.as_ref().map_or(Ok(()), |folder| keep_aside(answered, folder));
    // The workspace is named only where these rows could be written to it.
    let workspace = args.workspace.as_deref().filter(|_| kept.is_ok());
    let mut told = context.told;
    let mut written = Vec::new();
    for question in answered {
        for note in notes(question, workspace) {
            if !told.contains(&note) {
                console::line(&note);
                told.push(note);
            }
        }
        written.push(write(args, question));
    }
    if let Some(path) = &args.stats {
        // The statistics come last, so that they count all that was done, and also what failed.
        let groups = |(question, written): (&Answered<'_>, &Result<u64>)| {
            written.as_ref().map_or(question.last.stats.groups, |groups| *groups)
        };
        let groups: Vec<u64> = answered.iter().zip(&written).map(groups).collect();
        let of: Vec<_> = answered
            .iter()
            .zip(&groups)
            .map(|(question, groups)| (&*question.args.name, &**question.last, *groups))
            .collect();
        let text = stats::json(&of, context.before, context.started);
        disk::write(path, text.as_bytes()).map_err(|e| Fault::io(path.display().to_string(), &e))?;
    }
    for (question, written) in answered.iter().zip(written) {
        written.map_err(|fault| named(fault, question.args))?;
    }
    kept?;
    answered.iter().find_map(|question| incomplete(question.last)).map_or(Ok(()), Err)
}

/// What a person should know of an answer.
fn notes(question: &Answered<'_>, workspace: Option<&Path>) -> Vec<String> {
    let Answered { table, last, .. } = question;
    let mut notes: Vec<String> =
        table.history.iter().flat_map(|h| h.notes().iter().map(|note| format!("{}: {note}", h.name()))).collect();
    notes.extend(last.told().chain(last.seam.warnings.iter().map(wording::fault)));
    if last.history_share() < 1.0 && last.fault.is_none() {
        notes.push(format!(
            "stopped early: this answer is from {} of the history",
            words::percent(last.history_share())
        ));
    }
    if last.rows.late > 0 {
        notes.push(format!(
            "{} rows came after their window was final and are not in it; allow more lateness with --time \
             {}=COLUMN,LATENESS",
            last.rows.late, table.name
        ));
    }
    let rejects = &last.rejects;
    notes.extend(rejected(("row", ""), last.rows.rejected, &rejects.kept, workspace));
    notes.extend(rejected(("cell", ", null in their rows"), last.rows.cells, &rejects.cells.kept, workspace));
    notes
}

/// Rows that were lost, left out or not written to the workspace: the answer stands, but is incomplete.
fn incomplete(last: &Snapshot) -> Option<Fault> {
    if last.fault.is_some() {
        return last.fault.clone();
    }
    if !last.unkept.is_empty() {
        let hint = "make room on the disk; what is missing in a recording cannot be had again";
        return Some(Fault::new(last.unkept.join("; ")).at("the workspace is not complete").hint(hint));
    }
    let rows = last.rows.dropped;
    let what = format!(
        "{rows} {} lost because they came faster than they could be taken",
        if rows == 1 { "row was" } else { "rows were" }
    );
    (rows > 0).then(|| Fault::new(what).hint("record the feed with --workspace DIR, or read fewer columns"))
}

/// The most rejected rows whose places are named.
const PLACES: usize = 3;

/// A note on rows or cells that could not be read: how many, the places of the first, and where all of them are kept.
fn rejected((one, so): (&str, &str), count: u64, told: &[Reject], workspace: Option<&Path>) -> Option<String> {
    let kept = told.len() as u64;
    if kept == 0 {
        return None;
    }
    let places: Vec<String> = told.iter().take(PLACES).map(|r| format!("{}: {}", r.place(), r.reason)).collect();
    let more = count.saturating_sub(places.len() as u64);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let whole = |count: u64| if kept < count { format!("the first {kept}") } else { "all".to_owned() };
    let seen = match workspace {
        Some(folder) => format!("{} are in {}", whole(count), folder.join(REJECTED).display()),
        None => format!("--workspace DIR writes them to DIR/{REJECTED}, and in the window 'rejected' lists them"),
    };
    let plural = if count == 1 { "" } else { "s" };
    Some(format!("{count} {one}{plural} set aside{so}: {}{more} ({seen})", places.join("; ")))
}

/// The file of rejected rows and cells in a workspace.
const REJECTED: &str = "rejected.ndjson";

/// Writes the answer and its chart, and gives the number of its groups.
fn write(args: &RunArgs, question: &Answered<'_>) -> Result<u64> {
    let Answered { args: own, table, last, .. } = question;
    // If only parts of files could not be read, the answer covers the others.
    if let Some(fault) =
        last.fault.as_ref().filter(|fault| fault.lost.is_none() || last.rows.come_in == last.rows.rejected)
    {
        return Err(fault.clone());
    }
    if let Some(path) = &own.chart {
        draw(path, args, question)?;
    }
    let groups = last.stats.groups;
    if own.out.is_none() && !own.name.is_empty() && args.questions.len() > 1 {
        print::heading(&own.name)?;
    }
    match (&own.out, &last.sealed) {
        _ if question.streamed => Ok(groups),
        (out, Some(sealed)) => {
            // The answer is too large for memory, and is written a part at a time.
            let to = out.clone().map_or(RowsTo::Stdout(args.formulas), |path| RowsTo::File(path, args.formulas));
            let mut writer = to.open(last.answer.schema())?;
            let groups = sealed.each(|part| writer.write(&part))?;
            writer.finish().map(|_| groups)
        }
        (Some(path), None) => write_frame_with(&last.answer, path, args.formulas).map(|()| groups),
        (None, None) => {
            print::answer(&last.answer, last.status.as_deref().filter(|_| !table.live.is_empty()), args.formulas)
                .map(|()| groups)
        }
    }
}

/// Draws an answer into a file.
fn draw(path: &Path, args: &RunArgs, question: &Answered<'_>) -> Result<()> {
    let last = question.last;
    if last.sealed.as_ref().is_some_and(|sealed| sealed.is_spilled()) {
        let what =
            format!("the answer does not fit into memory, so that it cannot be drawn ({} groups)", last.stats.groups);
        return Err(Fault::new(what)
            .at(path.display().to_string())
            .hint("allow more with --memory, or show fewer rows with HAVING or LIMIT"));
    }
    let settings = Settings::default().by(args.mark.map_or("", |mark| mark.name));
    let last = &question.windows.seen(last);
    let encoding = question.windows.encoding(&last.answer, &settings);
    let figure = picture(&encoding, last, question.windows, last.history_share())?;
    export::save(&figure, path, &Look::light())
}

/// Writes the rows and cells that are not in the answers to `rejected.ndjson`, and late rows to `late.parquet` (those
/// of a question with a name to `late-NAME.parquet`), for inspection.
fn keep_aside(answered: &[Answered<'_>], folder: &Path) -> Result<()> {
    disk::own::root(folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
    let path = folder.join(REJECTED);
    let line = |r: &Reject| {
        let mut line = serde_json::json!({ "source": &*r.source, "line": r.line, "reason": r.reason, "body": r.body });
        if let (Some(column), Some(keys)) = (&r.column, line.as_object_mut()) {
            keys.insert("column".to_owned(), column.as_str().into());
        }
        line.to_string() + "\n"
    };
    // Questions of one table set the same rows aside.
    let mut kept: Vec<&Reject> = Vec::new();
    let mut known = HashSet::new();
    for reject in answered.iter().flat_map(|question| question.last.rejects.all()) {
        if known.insert((&reject.source, reject.line, &reject.column, &reject.reason, &reject.body)) {
            kept.push(reject);
        }
    }
    let lines: String = kept.into_iter().map(line).collect();
    disk::own::replace(&path, lines.as_bytes()).map_err(|e| Fault::io(path.display().to_string(), &e))?;
    for question in answered.iter().filter(|question| question.last.late.height() > 0) {
        let name = &question.args.name;
        let file = if name.is_empty() { "late.parquet".to_owned() } else { format!("late-{name}.parquet") };
        keep_frame(&question.last.late, &folder.join(file))?;
    }
    Ok(())
}
