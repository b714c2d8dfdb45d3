//! `braid run`: one question, its progress on stderr, its answer on stdout or in files.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::args::RunArgs;
use super::memory::Allowed;
use super::{outputs, print, say, stats, wording};
use crate::data::format::{RowWriter, check_ending, keep_frame, write_frame_with};
use crate::data::{Fault, Reject, Result, words};
use crate::disk;
use crate::engine::open::{Given, awaited, open_table_in, record};
use crate::engine::overlap::doubled;
use crate::engine::{ON_DISK, Options, RowsTo, Run, Snapshot, Table, scorer, stop};
use crate::figure::{Encoding, Look, export};
use crate::query::aggregate::Class;
use crate::query::{Input, Plan, Query};
use crate::source::live::url::FeedUrl;
use crate::sync::Wake;
use crate::workspace::{Windows, picture};

/// How often one looks at the time, at Ctrl-C and at the memory held.
const LOOK: Duration = Duration::from_millis(20);

/// # Errors
/// Whatever keeps the answer from being complete.
pub fn run(args: &RunArgs, started: Instant) -> Result<()> {
    let stop = stop::on_signals()?;
    let query = Query::parse(&args.sql)?;
    let written: Vec<&Path> =
        [&args.out, &args.chart, &args.stats].into_iter().flatten().map(PathBuf::as_path).collect();
    outputs::check(&written, &read(args))?;
    if let Some(path) = &args.out {
        check_ending(path)?;
    }
    if let Some(path) = &args.chart {
        export::check_ending(path)?;
    }
    let patience = args.limit.unwrap_or(Duration::MAX);
    let mut tables = Vec::new();
    for name in query.tables() {
        let given = find(args, &query, &name)?;
        for line in awaited(given) {
            say::line(&line);
        }
        tables.push(open_table_in(given, args.workspace.as_deref(), patience, &stop)?);
    }
    let names = query.tables();
    let inputs: Vec<Input<'_>> = names.iter().zip(&tables).map(|(name, t)| t.input(name)).collect();
    let models = scorer::load(args.models.iter().map(|(name, file)| (name.as_str(), file.as_path())))?;
    let plan = Arc::new(Plan::with_models(&query, &args.sql, &inputs, &models)?);
    let piece = tables.iter().enumerate().map(|(i, table)| table.piece_bytes(plan.columns_of(i))).max().unwrap_or(0);
    let windows = Windows::of(&query, &plan);
    let mut table = tables.remove(0);
    let doubled = doubled(&table).map(|fault| wording::fault(&fault));
    for line in classes(&plan).into_iter().chain(doubled.clone()) {
        say::line(&line);
    }
    let (bell, news) = crossbeam_channel::bounded(1);
    // A bell that has rung already need not ring again.
    let wake = Wake::new(move || {
        let _ = bell.try_send(());
    });
    if args.workspace.is_some() {
        record(&mut table, &wake)?;
    }
    let table = Arc::new(table);
    let options = Options {
        threads: args.threads,
        workspace: args.workspace.clone(),
        datasets: tables.into_iter().map(Arc::new).collect(),
        rows_to: rows_to(args, &plan),
        ..Options::default()
    };
    let (allowed, options) = Allowed::share(args.memory, piece, options)?;
    let streamed = options.rows_to.is_some();
    let before = started.elapsed();
    let run = Run::start(plan, table.clone(), options, wake)?;

    let mut progress = Progress::new();
    let mut told: Vec<String> = doubled.into_iter().collect();
    let until = args.limit.map(|limit| Instant::now() + limit);
    let last = loop {
        if stop.is_set() || until.is_some_and(|u| Instant::now() >= u) {
            run.finish();
        }
        let _ = news.recv_timeout(LOOK);
        let newest = run.latest();
        allowed.check(newest.as_deref())?;
        if let Some(snapshot) = newest {
            if snapshot.last {
                break snapshot;
            }
            if let Some(note) = snapshot.notes.iter().find(|note| note.starts_with(ON_DISK) && !told.contains(note)) {
                progress.clear();
                say::line(note);
                told.push(note.clone());
            }
            progress.show(&snapshot);
        }
    };
    progress.clear();
    finish(args, &table, &last, &Asked { windows, before, started, streamed, told })
}

/// What is not exact, or costs more than a constant a group, a line each.
fn classes(plan: &Plan) -> Vec<String> {
    if plan.rerun.is_some() {
        // Said with what it took.
        return Vec::new();
    }
    let items = plan.query.items.iter().zip(plan.classes());
    let dear = items.filter(|(_, (_, class))| match class {
        Class::Exact => false,
        Class::KeepsRows { .. } => plan.rows.is_none(),
        _ => true,
    });
    dear.map(|(item, (sql, class))| format!("{}: {}", item.alias.clone().unwrap_or(sql), class.word())).collect()
}

/// Where rows go as they come: all of them, however many, unless they are to be drawn.
fn rows_to(args: &RunArgs, plan: &Plan) -> Option<RowsTo> {
    if !plan.streams() || args.chart.is_some() {
        return None;
    }
    match &args.out {
        Some(path) => RowWriter::can_write(path, &plan.output).then(|| RowsTo::File(path.clone(), args.formulas)),
        None => (!std::io::stdout().is_terminal()).then_some(RowsTo::Stdout(args.formulas)),
    }
}

/// A table that the question names, among those given.
fn find<'a>(args: &'a RunArgs, query: &Query, name: &str) -> Result<&'a Given> {
    let quoted = query.table.sql.starts_with('"') && query.rerun.is_none();
    let found =
        args.tables.get(name).or_else(|| args.tables.values().find(|t| !quoted && t.name.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| {
        let names: Vec<&str> = args.tables.keys().map(String::as_str).collect();
        Fault::new(format!("there is no table '{name}'"))
            .at("SQL, FROM")
            .hint(format!("there is {}; name it in FROM, or give --history {name}=FILE", names.join(", ")))
    })
}

/// The files that are read: history, feeds that are files, models, the question.
fn read(args: &RunArgs) -> Vec<PathBuf> {
    let feed = |url: &String| FeedUrl::parse(url).ok().filter(FeedUrl::is_file)?.path().ok();
    let history = outputs::files(args.tables.values().flat_map(|given| &given.history));
    let feeds = args.tables.values().flat_map(|given| &given.live).filter_map(feed);
    history
        .into_iter()
        .chain(feeds)
        .chain(args.models.iter().map(|(_, file)| file.clone()))
        .chain(args.sql_file.clone())
        .collect()
}

/// What is known of a run besides its answer.
struct Asked {
    windows: Windows,
    /// What passed from the start of the process to that of the run.
    before: Duration,
    started: Instant,
    /// Rows went out as they came.
    streamed: bool,
    /// Notes that were said before the run or while it ran.
    told: Vec<String>,
}

fn finish(args: &RunArgs, table: &Table, last: &Snapshot, asked: &Asked) -> Result<()> {
    // The answer comes first: a workspace on a full disk does not keep it from being written.
    let kept = args.workspace.as_ref().map_or(Ok(()), |folder| keep_aside(last, folder));
    let mut notes: Vec<String> =
        table.history.iter().flat_map(|h| h.notes().iter().map(|note| format!("{}: {note}", h.name()))).collect();
    let warned = last.seam.warnings.iter().map(wording::fault);
    notes.extend(last.notes.iter().cloned().chain(warned).filter(|note| !asked.told.contains(note)));
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
    // Where they could not be written, they are not there to be looked at.
    let workspace = args.workspace.as_deref().filter(|_| kept.is_ok());
    notes.extend(rejected(("row", ""), last.rows.rejected, &rejects.kept, workspace));
    notes.extend(rejected(("cell", ", null in their rows"), last.rows.cells, &rejects.cells.kept, workspace));
    for note in notes {
        say::line(&note);
    }
    let written = write(args, table, last, asked);
    if let Some(path) = &args.stats {
        // Last, so that they tell of all that was done; and of what failed, too.
        let groups = written.as_ref().map_or(last.stats.groups, |groups| *groups);
        let text = stats::json(last, groups, asked.before, asked.started);
        disk::write(path, text.as_bytes()).map_err(|e| Fault::io(path.display().to_string(), &e))?;
    }
    written?;
    kept?;
    incomplete(last).map_or(Ok(()), Err)
}

/// What was lost or left out, or is not in the workspace that was to hold it: the answer stands, and is not all.
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

/// Places of rejected rows that are named.
const PLACES: usize = 3;

/// How many rows or cells could not be read, where the first of them stand, and where all of them can be seen.
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

/// Writes the answer, and draws it; how many groups it is of.
fn write(args: &RunArgs, table: &Table, last: &Snapshot, asked: &Asked) -> Result<u64> {
    // Where only parts of files are left out, the answer is of the rest, if there is any.
    if let Some(fault) =
        last.fault.as_ref().filter(|fault| fault.lost.is_none() || last.rows.come_in == last.rows.rejected)
    {
        return Err(fault.clone());
    }
    if let Some(path) = &args.chart {
        if last.sealed.as_ref().is_some_and(|sealed| sealed.is_spilled()) {
            let what = format!(
                "the answer does not fit into memory, so that it cannot be drawn ({} groups)",
                last.stats.groups
            );
            return Err(Fault::new(what)
                .at(path.display().to_string())
                .hint("allow more with --memory, or show fewer rows with HAVING or LIMIT"));
        }
        let figure = picture(&Encoding::guess(&last.answer), last, &asked.windows, last.history_share())?;
        export::save(&figure, path, &Look::light())?;
    }
    let groups = last.stats.groups;
    match (&args.out, &last.sealed) {
        _ if asked.streamed => Ok(groups),
        (out, Some(sealed)) => {
            // Too large for memory: it is written a part at a time.
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

/// Rows and cells that are not in the answer, for inspection: `rejected.ndjson` and `late.parquet`.
fn keep_aside(last: &Snapshot, folder: &Path) -> Result<()> {
    disk::own::root(folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
    let path = folder.join(REJECTED);
    let line = |r: &Reject| {
        let mut line = serde_json::json!({ "source": &*r.source, "line": r.line, "reason": r.reason, "body": r.body });
        if let (Some(column), Some(keys)) = (&r.column, line.as_object_mut()) {
            keys.insert("column".to_owned(), column.as_str().into());
        }
        line.to_string() + "\n"
    };
    let lines: String = last.rejects.all().map(line).collect();
    disk::own::replace(&path, lines.as_bytes()).map_err(|e| Fault::io(path.display().to_string(), &e))?;
    if last.late.height() > 0 {
        keep_frame(&last.late, &folder.join("late.parquet"))?;
    }
    Ok(())
}

/// One line on stderr, rewritten in a terminal and silent elsewhere unless the run is long.
struct Progress {
    terminal: bool,
    shown: Instant,
}

impl Progress {
    fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), shown: Instant::now() }
    }

    fn show(&mut self, s: &Snapshot) {
        let pause = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(5) };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        let mut line = format!("{} rows", words::count(s.rows.come_in));
        if s.history_total > 0 {
            line += &format!(", history {:.0} %", s.history_share() * 100.0);
        }
        if s.live_open > 0 {
            line += &format!(", live {} rows/s", words::count(s.live_rate as u64));
        }
        for (count, word) in [
            (s.rows.late, "late"),
            (s.rows.rejected, "set aside"),
            (s.rows.cells, "cells set aside"),
            (s.rows.dropped, "dropped"),
        ] {
            if count > 0 {
                line += &format!(", {} {word}", words::count(count));
            }
        }
        if self.terminal { say::progress(&line) } else { say::line(&line) }
    }

    fn clear(&self) {
        say::progress("");
    }
}
