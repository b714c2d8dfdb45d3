//! Opening what a person gives us: files and feeds become tables. The window does it as jobs, the command line at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::{DataFrame, DataType, Field, Schema, SchemaRef, TimeUnit};

use super::feed::{FIRST_ROWS, Feed};
use super::recording::Place;
use super::sealed_answer::SealedAnswer;
use super::seam::Seam;
use super::table::{DEFAULT_LATENESS, Table, TimeColumn, difference, name_of};
use super::{Job, job::Reporter};
use crate::data::format::{self, parse_datetime};
use crate::data::{Fault, Result, Setting};
use crate::learn::model::{Saved, is_model, load};
use crate::source::history::{History, expand, open_history};
use crate::source::live::{Event, Expect, FeedUrl, ReadOptions, file};
use crate::store::log::Keep;
use crate::sync::{Cancel, Wake};

/// What a person said about a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    pub name: String,
    /// Files, folders or globs.
    pub history: Vec<String>,
    /// Feed addresses.
    pub live: Vec<String>,
    /// The event-time column; `None` takes the first that is a time.
    pub time: Option<String>,
    pub lateness: Option<Duration>,
    /// `position`, `time:T`, `key:COL` or `append`; `None` takes what the sources can prove.
    pub seam: Option<String>,
}

/// Opens files and connects feeds as far as their schema needs it. A table of feeds alone waits for their first rows,
/// at most as long as `patience`.
///
/// # Errors
/// The first thing that keeps it from being a table.
pub fn open_table(given: &Given, patience: Duration, cancel: &Cancel) -> Result<Table> {
    open_table_in(given, None, patience, cancel)
}

/// As `open_table`, for a workspace: feeds that can be had only once will be recorded there, and those that were are
/// known without waiting for rows. `record` begins it.
///
/// # Errors
/// As `open_table`.
pub fn open_table_in(given: &Given, workspace: Option<&Path>, patience: Duration, cancel: &Cancel) -> Result<Table> {
    let kept = |feed: Feed| match workspace {
        Some(workspace) => {
            feed.kept_in(Place { workspace: workspace.to_owned(), table: given.name.clone(), keep: Keep::default() })
        }
        None => feed,
    };
    named_once(given)?;
    let begun = Given { history: Vec::new(), ..given.clone() };
    let given = if !given.live.is_empty() && not_begun(given)? { &begun } else { given };
    let mut given = given;
    let mut table = if given.history.is_empty() {
        live_only(given, &kept, None, patience, cancel)?
    } else {
        with_history(given, cancel)?
    };
    if !given.live.is_empty() && !table.history.is_empty() && table.history.iter().all(|file| !file.is_settled()) {
        // A header settles names and no types; those are the feed's, as far as it has rows.
        let names: SchemaRef =
            Arc::new(table.schema.iter_names().map(|name| Field::new(name.clone(), DataType::Null)).collect());
        if let Ok(own) = live_only(&begun, &kept, Some(names), patience, cancel) {
            let more = table.schema.iter().filter(|(name, _)| own.schema.get(name).is_none());
            let schema: Schema =
                own.schema.iter().chain(more).map(|(name, dtype)| (name.clone(), dtype.clone())).collect();
            (table, given) = (Table { schema: schema.into(), ..own }, &begun);
        }
    }
    if let Some(column) = &given.time {
        table.time = Some(TimeColumn::new(column, DEFAULT_LATENESS, &table.schema, &given.name)?);
    }
    if let (Some(time), Some(lateness)) = (&mut table.time, given.lateness) {
        time.lateness = lateness;
    }
    if !given.history.is_empty() {
        for url in &given.live {
            table = attach(table, url)?;
        }
        table.live = table.live.into_iter().map(kept).collect();
    }
    if let Some(text) = &given.seam {
        let seam = parse_seam(text, &table)?;
        table.meet(seam)?;
        table.disjoint = table.seam == Seam::Append;
    }
    Ok(table)
}

/// # Errors
/// When two feeds of a table are one: its rows would be counted twice, or taken from each other.
fn named_once(given: &Given) -> Result<()> {
    let mut urls: Vec<FeedUrl> = Vec::new();
    for url in &given.live {
        let url = FeedUrl::parse(url)?;
        let same =
            |other: &FeedUrl| (&other.scheme, &other.target, &other.params) == (&url.scheme, &url.target, &url.params);
        if urls.iter().any(same) {
            let what = format!("this feed was named twice for the table '{}'", given.name);
            return Err(Fault::new(what).at(url.shown()).hint("name it once, or give each table its own"));
        }
        urls.push(url);
    }
    Ok(())
}

/// True when no file of the history has a byte yet: it leaves all to the feeds.
fn not_begun(given: &Given) -> Result<bool> {
    for pattern in &given.history {
        let empty = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() == 0);
        if !expand(Path::new(pattern))?.iter().all(empty) {
            return Ok(false);
        }
    }
    Ok(!given.history.is_empty())
}

fn with_history(given: &Given, cancel: &Cancel) -> Result<Table> {
    let mut files = Vec::new();
    let mut known: Option<SchemaRef> = None;
    for pattern in &given.history {
        for path in expand(Path::new(pattern))? {
            // One file that has not begun yet.
            if !given.live.is_empty() && std::fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() == 0) {
                continue;
            }
            if cancel.is_set() {
                return Err(Fault::new("it was stopped before all files were opened")
                    .at(&given.name)
                    .hint("give it fewer files"));
            }
            let file = open_history(&path, known.clone())?;
            if file.is_settled() {
                known.get_or_insert_with(|| file.schema().clone());
            }
            files.push((path, file));
        }
    }
    // What holds a header alone has the types of the others.
    let settle = |(path, file): (PathBuf, Arc<dyn History>)| {
        if file.is_settled() { Ok(file) } else { open_history(&path, known.clone()) }
    };
    let files = files.into_iter().map(settle).collect::<Result<_>>()?;
    Table::of_history(&given.name, files)
}

/// `names` are those that columns must have, without types.
fn live_only(
    given: &Given,
    kept: &dyn Fn(Feed) -> Feed,
    names: Option<SchemaRef>,
    patience: Duration,
    cancel: &Cancel,
) -> Result<Table> {
    let mut table: Option<Table> = None;
    for url in &given.live {
        let known = table.as_ref().map(|t| t.schema.clone()).or_else(|| names.clone());
        let feed = kept(Feed::new(url, Expect { known, time: given.time.clone() })?);
        match &mut table {
            Some(table) => table.live.push(feed),
            None => {
                let begun = Instant::now();
                let schema = feed.settle(patience, cancel)?;
                let silent = || {
                    let what = if cancel.is_set() {
                        "it was stopped before its first row came".to_owned()
                    } else {
                        format!("no row came within {:.0} s", begun.elapsed().as_secs_f64().ceil())
                    };
                    let what = absent(&feed.url)
                        .map_or(what, |path| format!("{} does not exist yet, and no row came", path.display()));
                    Fault::new(what)
                        .at(feed.url.shown())
                        .hint("check that it sends, or give the table a history, which tells its columns")
                };
                let schema = schema.ok_or_else(silent)?;
                let time = TimeColumn::guess(&schema);
                table = Some(Table {
                    name: given.name.clone(),
                    schema,
                    history: Vec::new(),
                    live: vec![feed],
                    time,
                    seam: Seam::Append,
                    disjoint: false,
                });
            }
        }
    }
    table.ok_or_else(|| Fault::new("this table has neither files nor feeds").at(&given.name).hint(Setting::Inputs))
}

/// The file that a feed follows, where there is none yet.
fn absent(url: &FeedUrl) -> Option<PathBuf> {
    url.path().ok().filter(|path| url.follows_file() && !path.exists())
}

/// What a person should know before the first row: files to be followed that do not exist yet.
pub fn awaited(given: &Given) -> Vec<String> {
    let urls = given.live.iter().filter_map(|url| FeedUrl::parse(url).ok());
    urls.filter_map(|url| absent(&url))
        .map(|path| format!("{} does not exist yet; it is waited for", path.display()))
        .collect()
}

/// Adds a live face to a table. A feed that follows one of the table's own files begins where the history ends: one
/// log, read once.
///
/// # Errors
/// When this build has no such kind of feed.
pub fn attach(mut table: Table, url: &str) -> Result<Table> {
    let mut parsed = FeedUrl::parse(url)?;
    if parsed.follows_file() && !parsed.params.contains_key("from") && table.live.is_empty() {
        let followed = parsed.path().ok().and_then(|path| std::fs::canonicalize(path).ok());
        let same = |name: &str| followed.is_some() && std::fs::canonicalize(name).ok() == followed;
        if let [file] = &table.history[..]
            && same(file.name())
        {
            let file = file.whole_lines()?.unwrap_or_else(|| file.clone());
            parsed = parsed.with("from", file.extent().bytes)?;
            table.history = vec![file];
            table.seam = Seam::Position;
        }
    }
    let expect = Expect { known: Some(table.schema.clone()), time: table.time.as_ref().map(|t| t.column.clone()) };
    table.live.push(Feed::new(&parsed.text, expect)?);
    Ok(table)
}

/// Reads `position`, `time:T`, `key:COL` or `append` for a table.
///
/// # Errors
/// Anything else, a time that is none, or a seam that the table's sources cannot prove.
pub fn parse_seam(text: &str, table: &Table) -> Result<Seam> {
    let wrong = |what: String| Fault::new(what).at(format!("the seam of {}", table.name));
    match text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest))) {
        ("append", None) => Ok(Seam::Append),
        ("position", None) if table.seam == Seam::Position || table.history.is_empty() || table.live.is_empty() => {
            Ok(Seam::Position)
        }
        ("position", None) => Err(wrong("history and live are not one log, so positions prove nothing".to_owned())
            .hint(format!("follow the history's own file ({}), or use time:T, key:COLUMN or append", file::ADDRESS))),
        ("time", Some(t)) => {
            let at = parse_datetime(t.trim(), TimeUnit::Microseconds)
                .ok_or_else(|| wrong(format!("'{t}' is not a time")).hint("write it like time:2001-03-01T12:00:00"))?;
            Ok(Seam::Time(at))
        }
        ("key", Some(column)) if !column.is_empty() => {
            let found = table
                .schema
                .iter_names()
                .find(|n| n.as_str() == column)
                .or_else(|| table.schema.iter_names().find(|n| n.eq_ignore_ascii_case(column)));
            found.map(|name| Seam::Key(name.to_string())).ok_or_else(|| {
                wrong(format!("there is no column '{column}'")).hint("name a column that tells rows apart")
            })
        }
        _ => Err(wrong(format!("'{text}' is no seam")).hint("it is position, time:T, key:COLUMN or append")),
    }
}

/// What became of one path.
#[derive(Debug)]
pub struct Opened {
    pub path: PathBuf,
    pub found: Result<Found>,
}

/// What a path holds.
#[derive(Debug)]
pub enum Found {
    Table(Box<Table>),
    /// A file that begins as a model does.
    Model(Box<Saved>),
}

/// Opens files and folders: each gives a table, a model, or the fault that kept it from being one. Files of one folder
/// with the same schema become one table; a file of a folder that fails does not keep the others away.
pub fn open_paths(paths: Vec<PathBuf>, wake: Wake) -> Job<Vec<Opened>> {
    Job::start("open", wake, move |report| {
        let total = paths.len() as u64;
        let mut opened = Vec::new();
        for (done, path) in paths.into_iter().enumerate() {
            report.progress(done as u64, total, path.display().to_string());
            open_one(path, report, &mut opened)?;
        }
        Ok(opened)
    })
}

fn open_one(path: PathBuf, report: &Reporter, opened: &mut Vec<Opened>) -> Result<()> {
    let files = match expand(&path) {
        Ok(files) => files,
        Err(fault) => {
            opened.push(Opened { path, found: Err(fault) });
            return Ok(());
        }
    };
    let single = files.len() == 1 && !path.is_dir();
    let mut tables: Vec<Table> = Vec::new();
    let total = files.len() as u64;
    for (done, file) in files.into_iter().enumerate() {
        report.check()?;
        report.progress(done as u64, total, file.display().to_string());
        if is_model(&file) {
            opened.push(Opened { found: load(&file).map(|saved| Found::Model(Box::new(saved))), path: file });
            continue;
        }
        // Types settled by the first file of a folder hold for the others where they have the same columns.
        match open_history(&file, None) {
            Ok(history) => match tables.iter_mut().find(|t| difference(&t.schema, history.schema()).is_none()) {
                Some(table) => table.history.push(history),
                None => {
                    let name = name_of(if single || !tables.is_empty() { &file } else { &path });
                    tables.push(Table::of_history(&name, vec![history])?);
                }
            },
            Err(fault) => opened.push(Opened { path: file, found: Err(fault) }),
        }
    }
    opened.extend(
        tables.into_iter().map(|table| Opened { path: path.clone(), found: Ok(Found::Table(Box::new(table))) }),
    );
    Ok(())
}

/// The first rows of a feed.
#[derive(Debug)]
pub struct Preview {
    pub schema: SchemaRef,
    pub rows: DataFrame,
}

/// Rows that a preview shows.
const PREVIEW_ROWS: usize = 20;

/// Connects to a feed, waits for its first rows (at most ten seconds) and lets go again.
pub fn preview_feed(url: String, wake: Wake) -> Job<Preview> {
    Job::start("test feed", wake, move |report| {
        report.progress(0, 0, "connecting");
        let feed = Feed::new(&url, Expect::default())?;
        if feed.url.follows_file() {
            let path = feed.url.path()?;
            std::fs::metadata(&path).map_err(|e| Fault::io(path.display().to_string(), &e))?;
        }
        let silent = || {
            Fault::new(format!("no row came within {} s", FIRST_ROWS.as_secs()))
                .at(feed.url.shown())
                .hint("check the address, and whether it needs a subscribe message")
        };
        let schema = feed.settle(FIRST_ROWS, &report.cancel)?;
        report.check()?;
        let schema = schema.ok_or_else(silent)?;
        report.progress(0, 0, "connected");
        let (mut opened, _) = feed.connect()?;
        while opened.settle(Duration::from_millis(50))?.is_none() {
            report.check()?;
        }
        let mut live = opened.read(&ReadOptions::default())?;
        let mut rows = DataFrame::empty_with_schema(&schema);
        for _ in 0..20 {
            report.check()?;
            match live.poll(Duration::from_millis(50))? {
                Event::Chunk(chunk) => rows = rows.vstack(&chunk.frame)?,
                Event::End => break,
                _ if rows.height() > 0 => break,
                _ => {}
            }
            if rows.height() >= PREVIEW_ROWS {
                break;
            }
        }
        Ok(Preview { rows: rows.head(Some(PREVIEW_ROWS)), schema })
    })
}

/// Connects a feed as a table of its own and, where its rows can be had only once, begins to record it.
pub fn open_feed(given: Given, wake: Wake) -> Job<Table> {
    let bell = wake.clone();
    Job::start("connect", wake, move |report| {
        report.progress(0, 0, "connecting");
        let mut table = open_table(&given, FIRST_ROWS, &report.cancel)?;
        record(&mut table, &bell)?;
        Ok(table)
    })
}

/// Adds a live face to an open table, recorded where its rows can be had only once.
pub fn attach_feed(table: Table, url: String, wake: Wake) -> Job<Table> {
    let bell = wake.clone();
    Job::start("connect", wake, move |report| {
        report.progress(0, 0, "connecting");
        let mut table = attach(table, &url)?;
        if let Some(feed) = table.live.last().filter(|f| !f.kind.rereadable) {
            feed.settle(FIRST_ROWS, &report.cancel)?;
        }
        record(&mut table, &bell)?;
        Ok(table)
    })
}

/// Begins to record the feeds whose rows can be had only once.
///
/// # Errors
/// When there is no place or no thread for it.
pub fn record(table: &mut Table, wake: &Wake) -> Result<()> {
    table.live = table.live.drain(..).map(|feed| feed.recorded(wake.clone())).collect::<Result<_>>()?;
    Ok(())
}

/// Writes all of an answer of which some is on disk, part after part joined to one.
pub fn save_sealed(answer: Arc<SealedAnswer>, path: PathBuf, formulas: format::Formulas, wake: Wake) -> Job<PathBuf> {
    Job::start("save", wake, move |report| {
        let mut whole = DataFrame::empty();
        answer.each(|part| {
            report.check()?;
            report.progress(whole.height() as u64, answer.groups(), "reading final windows");
            if whole.width() == 0 {
                whole = part
            } else {
                whole.vstack_mut(&part).map(drop)?
            }
            Ok(())
        })?;
        format::write_frame_with(&whole, &path, formulas)?;
        Ok(path)
    })
}

/// Writes an answer: `.csv`, `.parquet`, `.json` or `.arrow`.
pub fn save_answer(answer: DataFrame, path: PathBuf, formulas: format::Formulas, wake: Wake) -> Job<PathBuf> {
    Job::start("save", wake, move |_| {
        format::write_frame_with(&answer, &path, formulas)?;
        Ok(path)
    })
}
