//! Feeds as jobs for a window: one is tried, connected as a table of its own, or attached to an open table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use polars::prelude::{DataFrame, SchemaRef};

use super::{Given, attach, open_table_in, record};
use crate::data::{Fault, Result};
use crate::disk::{self, own};
use crate::engine::checkpoint::keep_askers;
use crate::engine::feed::{FIRST_ROWS, Feed};
use crate::engine::job::Job;
use crate::engine::recording::RecordingPlace;
use crate::engine::table::Table;
use crate::source::live::{Event, Expect, ReadOptions};
use crate::store::log::Keep;
use crate::sync::Wake;

/// The first rows of a feed.
#[derive(Debug)]
pub struct Preview {
    pub schema: SchemaRef,
    pub rows: DataFrame,
}

/// Where what a feed sends is kept, so that it is there when the window is opened again.
#[derive(Clone, Debug)]
pub struct KeptIn {
    pub folder: PathBuf,
    pub keep: Keep,
    /// Nothing was kept there for this table yet: what lies there was another's.
    pub anew: bool,
    /// Its feeds were stopped.
    pub rests: bool,
    /// Who asks the table: the checkpoints of others go.
    pub askers: BTreeSet<String>,
}

impl KeptIn {
    fn ready(&self) -> Result<(&Path, Keep)> {
        let fault = |error: &std::io::Error| Fault::io(self.folder.display().to_string(), error);
        if self.anew && self.folder.exists() {
            disk::put_away(&self.folder).map_err(|e| fault(&e))?;
        }
        own::folders(&self.folder).map_err(|e| fault(&e))?;
        keep_askers(&self.folder, |name| self.askers.contains(name));
        Ok((&self.folder, self.keep))
    }
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
pub fn open_feed(given: Given, kept: Option<KeptIn>, wake: Wake) -> Job<Table> {
    let bell = wake.clone();
    Job::start("connect", wake, move |report| {
        report.progress(0, 0, "connecting");
        let given = Given { rests: kept.as_ref().is_some_and(|kept| kept.rests), ..given };
        let kept = kept.as_ref().map(KeptIn::ready).transpose()?;
        let mut table = open_table_in(&given, kept, FIRST_ROWS, &report.cancel)?;
        record(&mut table, &bell)?;
        Ok(table)
    })
}

/// Adds a live face to an open table, recorded where its rows can be had only once.
pub fn attach_feed(table: Table, url: String, kept: Option<KeptIn>, wake: Wake) -> Job<Table> {
    let bell = wake.clone();
    Job::start("connect", wake, move |report| {
        report.progress(0, 0, "connecting");
        let mut table = attach(table, &url)?;
        let rests = kept.as_ref().is_some_and(|kept| kept.rests);
        if let Some((workspace, keep)) = kept.as_ref().map(KeptIn::ready).transpose()?
            && let Some(feed) = table.live.pop()
        {
            let (workspace, name) = (workspace.to_owned(), table.name.clone());
            table.live.push(feed.kept_in(RecordingPlace { workspace, table: name, keep, rests }));
        }
        if let Some(feed) = table.live.last().filter(|f| !f.kind.rereadable) {
            feed.settle(FIRST_ROWS, &report.cancel)?;
        }
        record(&mut table, &bell)?;
        Ok(table)
    })
}
