//! The dataset that a question joins its rows with: loaded whole when the first rows come, and again when its files
//! change while feeds run. How rows are joined is `query::join`'s.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use polars::prelude::DataFrame;

use super::Table;
use super::budget::Budget;
use crate::data::{Fault, Result, Setting};
use crate::query::join::{Join, Lookup};
use crate::source::history::{History, open_history};

/// A dataset as a run holds it.
#[derive(Debug)]
pub struct Dataset {
    table: Arc<Table>,
    loaded: Mutex<Option<Loaded>>,
    changed: AtomicBool,
    /// The files as they were when they could not be read.
    refused: Mutex<Vec<Stamp>>,
}

#[derive(Debug)]
struct Loaded {
    lookup: Arc<Lookup>,
    /// The files as they were when they were read.
    stamps: Vec<Stamp>,
}

/// What a dataset needs of the run that it is loaded for.
pub struct Context<'a> {
    pub budget: &'a Budget,
    /// Takes what a person should know.
    pub note: Box<dyn Fn(String) + 'a>,
    /// Whether the run is to end.
    pub is_ending: &'a dyn Fn() -> bool,
}

type Stamp = Option<(u64, Option<SystemTime>)>;

impl Dataset {
    /// The table that `join` names, among those a run was given.
    ///
    /// # Errors
    /// When it is not there, or is a feed.
    pub fn new(join: &Join, tables: &[Arc<Table>]) -> Result<Self> {
        let Some(table) = tables.first() else {
            return Err(Fault::new(format!("the table '{}' is not open", join.table)).hint(Setting::Table));
        };
        if !table.live.is_empty() || table.history.is_empty() {
            return Err(Fault::new(format!("'{}' is a feed, and rows can be joined with files only", table.name))
                .hint("put the feed into FROM and the table of files behind JOIN"));
        }
        Ok(Self {
            table: table.clone(),
            loaded: Mutex::default(),
            changed: AtomicBool::new(false),
            refused: Mutex::default(),
        })
    }

    /// The dataset as it is now; the first call loads it.
    ///
    /// # Errors
    /// When it cannot be read, or takes more memory than the run was given.
    pub fn lookup(&self, join: &Join, context: &Context<'_>) -> Result<Arc<Lookup>> {
        let mut loaded = self.lock();
        if let Some(loaded) = &*loaded {
            return Ok(loaded.lookup.clone());
        }
        let stamps = self.stamps();
        let lookup = Arc::new(load(context, join, &self.table.name, &self.table.history)?);
        *loaded = Some(Loaded { lookup: lookup.clone(), stamps });
        Ok(lookup)
    }

    /// Whether another version was loaded since the first.
    pub fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// Reads the files again if they have changed. The new version is for the rows that come from then on.
    pub fn look_after(&self, join: &Join, context: &Context<'_>) {
        let now = self.stamps();
        let changed = self.lock().as_ref().is_some_and(|loaded| loaded.stamps != now);
        if !changed || *self.refused() == now {
            return;
        }
        let name = &self.table.name;
        let files: Result<Vec<_>> = self
            .table
            .history
            .iter()
            .map(|f| open_history(Path::new(f.name()), Some(self.table.schema.clone())))
            .collect();
        match files.and_then(|files| load(context, join, name, &files)) {
            // A file that changed again meanwhile is read again next time.
            Ok(lookup) => {
                (context.note)(format!(
                    "{name} changed and was read again ({} rows): rows from now on are joined with the new version",
                    lookup.len()
                ));
                self.changed.store(true, Ordering::Release);
                *self.lock() = Some(Loaded { lookup: Arc::new(lookup), stamps: now });
            }
            Err(fault) => {
                // Half-written files mend themselves; say it once for each state of the files.
                (context.note)(format!(
                    "{name} changed and cannot be read, so rows are joined with the version before: {fault}"
                ));
                *self.refused() = now;
            }
        }
    }

    fn stamps(&self) -> Vec<Stamp> {
        let stamp = |file: &Arc<dyn History>| std::fs::metadata(file.name()).ok().map(|m| (m.len(), m.modified().ok()));
        self.table.history.iter().map(stamp).collect()
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, Vec<Stamp>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load(context: &Context<'_>, join: &Join, name: &str, files: &[Arc<dyn History>]) -> Result<Lookup> {
    let mut all: Option<DataFrame> = None;
    let (mut unread, mut cells) = (0, 0);
    for file in files {
        let index = |column: &polars::prelude::PlSmallStr| {
            let missing = || {
                Fault::new(format!("the column '{column}' is missing")).at(file.name()).hint("the question joins by it")
            };
            file.schema().index_of(column).ok_or_else(missing)
        };
        let columns = join.columns.iter().map(index).collect::<Result<Vec<_>>>()?;
        let mut reader = file.open(&columns)?;
        while let Some(piece) = reader.next()? {
            for chunk in piece.decode()? {
                unread += chunk.rejects.count;
                cells += chunk.rejects.cells.count();
                all = Some(match all {
                    Some(all) => all.vstack(&chunk.frame)?,
                    None => chunk.frame,
                });
            }
            let bytes = all.as_ref().map_or(0, |all| all.estimated_size() as u64);
            context.budget.take_dataset(bytes, name)?;
            if (context.is_ending)() {
                return Err(Fault::new("stopped while the dataset was read").at(name));
            }
        }
    }
    if unread > 0 {
        (context.note)(format!("{unread} rows of {name} could not be read and match nothing"));
    }
    if cells > 0 {
        (context.note)(format!("{cells} cells of {name} could not be read and are null"));
    }
    let empty = || {
        let fields = join.columns.iter().filter_map(|c| {
            let dtype = files.first()?.schema().get(c)?;
            Some(polars::prelude::Field::new(c.clone(), dtype.clone()))
        });
        DataFrame::empty_with_schema(&fields.collect())
    };
    let Some(lookup) = join.index(all.unwrap_or_else(empty), context.is_ending)? else {
        return Err(Fault::new("stopped while the dataset was read").at(name));
    };
    context.budget.take_dataset(lookup.size() as u64, name)?;
    Ok(lookup)
}
