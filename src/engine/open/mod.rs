//! Opening what a person gives us: files and feeds become tables. The window does it as jobs, the command line at once.

mod feeds;
mod listing;
mod paths;
mod seam;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use polars::prelude::{DataType, Field, Schema, SchemaRef};

pub use self::feeds::{KeptIn, Preview, attach_feed, open_feed, preview_feed};
pub use self::listing::{FolderEntry, MOST_LISTED, list_folder};
pub use self::paths::{Found, OpenedPath, open_paths};
pub use self::seam::parse_seam;
use super::feed::Feed;
use super::recording::RecordingPlace;
use super::seam::Seam;
use super::table::{DEFAULT_LATENESS, Table, TimeColumn};
use crate::data::{Fault, Result, Setting};
use crate::source::history::{History, expand, open_history};
use crate::source::live::{Expect, FeedUrl};
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
    /// Its feeds were stopped: what is recorded of them is all that they give until they go on.
    pub rests: bool,
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
pub fn open_table_in(
    given: &Given,
    workspace: Option<(&Path, Keep)>,
    patience: Duration,
    cancel: &Cancel,
) -> Result<Table> {
    let kept = |feed: Feed| match workspace {
        Some((workspace, keep)) => {
            let (workspace, table, rests) = (workspace.to_owned(), given.name.clone(), given.rests);
            feed.kept_in(RecordingPlace { workspace, table, keep, rests })
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
        let feed = kept(Feed::new(url, Expect { known, time: given.time.clone(), ..Expect::default() })?);
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
    let time = table.time.as_ref().map(|t| t.column.clone());
    let expect = Expect { known: Some(table.schema.clone()), time, ..Expect::default() };
    table.live.push(Feed::new(&parsed.text, expect)?);
    Ok(table)
}

/// Begins to record the feeds whose rows can be had only once.
///
/// # Errors
/// When there is no place or no thread for it.
pub fn record(table: &mut Table, wake: &Wake) -> Result<()> {
    table.live = table.live.drain(..).map(|feed| feed.recorded(wake.clone())).collect::<Result<_>>()?;
    Ok(())
}
