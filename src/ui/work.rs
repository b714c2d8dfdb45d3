//! Work under way that is not a run: opening, connecting, saving, asking for a path. The window looks at it once a
//! frame and never waits for it; what it brings is taken in by `arrive`.

use std::path::PathBuf;

use super::action::{Export, Sample};
use super::sheet::SheetId;
use crate::data::{Fault, Result};
use crate::engine::open::Opened;
use crate::engine::{Job, Progress, Table};
use crate::learn::model::Saved;
use crate::workspace::{ModelSetup, TableSetup, Workspace};

/// All work under way.
#[derive(Debug, Default)]
pub struct Work {
    next: u64,
    tasks: Vec<Task>,
}

#[derive(Debug)]
struct Task {
    id: u64,
    kind: Kind,
    /// A person has asked it to end: whatever its error says then, that is why.
    cancelled: bool,
}

/// One piece of work with what is needed to take in its outcome.
#[derive(Debug)]
pub enum Kind {
    Open {
        job: Job<Vec<Opened>>,
        setup: Option<Box<TableSetup>>,
    },
    /// Feeds that become a table.
    Connect {
        job: Job<Table>,
        setup: Box<TableSetup>,
    },
    /// A feed that becomes a table's live face.
    Attach {
        job: Job<Table>,
        to: Box<Attach>,
    },
    Sample {
        job: Job<PathBuf>,
        sample: Sample,
    },
    /// A file dialog is open.
    PickOpen(Job<Vec<PathBuf>>),
    PickSave {
        job: Job<Option<PathBuf>>,
        export: Export,
    },
    Save(Job<PathBuf>),
    /// A file dialog is open for a model.
    PickModel(Job<Vec<PathBuf>>, SheetId),
    /// A model is being read.
    Model(Job<Saved>, Box<ModelFrom>),
    /// Saved workspaces are being read.
    Workspaces(Job<Vec<Workspace>>),
    /// The workspace is being written.
    Keep(Job<()>),
    /// A model is being written that nobody has saved.
    KeepModel(Job<PathBuf>),
}

/// Where a model comes from, and what it is to become.
#[derive(Clone, Debug)]
pub struct ModelFrom {
    pub sheet: SheetId,
    pub setup: ModelSetup,
    /// It comes with a table that is opened again.
    pub again: bool,
}

/// What a feed is attached to.
#[derive(Clone, Debug)]
pub enum Attach {
    Sheet(SheetId),
    /// A table that is still being put together: the table as it is, should the feed fail, and the feeds still to come.
    New {
        table: Box<Table>,
        paths: Vec<PathBuf>,
        setup: Box<TableSetup>,
        rest: Vec<String>,
    },
}

/// What a piece of work has brought.
#[derive(Debug)]
pub enum Arrival {
    Opened(Result<Vec<Opened>>, Option<Box<TableSetup>>),
    Connected(Result<Table>, Box<TableSetup>),
    Attached(Result<Table>, Box<Attach>),
    Sample(Result<PathBuf>, Sample),
    PickedOpen(Result<Vec<PathBuf>>),
    PickedSave(Result<Option<PathBuf>>, Export),
    Saved(Result<PathBuf>),
    PickedModel(Result<Vec<PathBuf>>, SheetId),
    Model(Result<Box<Saved>>, Box<ModelFrom>),
    Workspaces(Result<Vec<Workspace>>),
    Kept(Result<()>),
    KeptModel(Result<PathBuf>),
}

/// Work as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    pub id: u64,
    pub title: String,
    pub progress: Progress,
}

impl Work {
    pub fn add(&mut self, kind: Kind) {
        self.next += 1;
        self.tasks.push(Task { id: self.next, kind, cancelled: false });
    }

    /// Asks the work with this number to end; its outcome says 'cancelled'.
    pub fn cancel(&mut self, id: u64) {
        if let Some(task) = self.tasks.iter_mut().find(|t| t.id == id) {
            task.cancelled = true;
            match &task.kind {
                Kind::Open { job, .. } => job.cancel(),
                Kind::Connect { job, .. } | Kind::Attach { job, .. } => job.cancel(),
                Kind::Sample { job, .. } | Kind::Save(job) => job.cancel(),
                Kind::PickOpen(job) | Kind::PickModel(job, _) => job.cancel(),
                Kind::Model(job, _) => job.cancel(),
                Kind::PickSave { job, .. } => job.cancel(),
                Kind::Workspaces(job) => job.cancel(),
                Kind::Keep(job) => job.cancel(),
                Kind::KeepModel(job) => job.cancel(),
            }
        }
    }

    /// What has come to its end since the last call.
    pub fn arrivals(&mut self) -> Vec<Arrival> {
        let mut arrived = Vec::new();
        self.tasks.retain_mut(|task| match task.kind.take(task.cancelled) {
            Some(arrival) => {
                arrived.push(arrival);
                false
            }
            None => true,
        });
        arrived
    }

    /// Work that a person waits for.
    pub fn shown(&self) -> impl Iterator<Item = Shown> + '_ {
        self.tasks.iter().filter_map(|task| {
            let (title, progress) = match &task.kind {
                Kind::Open { job, .. } => ("Opening", job.progress()),
                Kind::Connect { job, .. } | Kind::Attach { job, .. } => ("Connecting", job.progress()),
                Kind::Sample { job, .. } => ("Preparing the sample", job.progress()),
                Kind::Save(job) => ("Saving", job.progress()),
                Kind::Model(job, _) => ("Reading a model", job.progress()),
                Kind::Workspaces(_)
                | Kind::PickOpen(_)
                | Kind::PickModel(..)
                | Kind::PickSave { .. }
                | Kind::Keep(_)
                | Kind::KeepModel(_) => return None,
            };
            Some(Shown { id: task.id, title: title.to_owned(), progress })
        })
    }

    /// Models that are being read for a table.
    pub fn models_for(&self, sheet: SheetId) -> impl Iterator<Item = &ModelSetup> {
        self.tasks.iter().filter_map(move |task| match &task.kind {
            Kind::Model(_, from) if from.sheet == sheet => Some(&from.setup),
            _ => None,
        })
    }

    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl Kind {
    fn take(&mut self, cancelled: bool) -> Option<Arrival> {
        Some(match self {
            Self::Open { job, setup } => Arrival::Opened(outcome(job, cancelled)?, setup.take()),
            Self::Connect { job, setup } => Arrival::Connected(outcome(job, cancelled)?, setup.clone()),
            Self::Attach { job, to } => Arrival::Attached(outcome(job, cancelled)?, to.clone()),
            Self::Sample { job, sample } => Arrival::Sample(outcome(job, cancelled)?, *sample),
            Self::PickOpen(job) => Arrival::PickedOpen(outcome(job, cancelled)?),
            Self::PickSave { job, export } => Arrival::PickedSave(outcome(job, cancelled)?, export.clone()),
            Self::Save(job) => Arrival::Saved(outcome(job, cancelled)?),
            Self::PickModel(job, sheet) => Arrival::PickedModel(outcome(job, cancelled)?, *sheet),
            Self::Model(job, from) => Arrival::Model(outcome(job, cancelled)?.map(Box::new), from.clone()),
            Self::Workspaces(job) => Arrival::Workspaces(outcome(job, cancelled)?),
            Self::Keep(job) => Arrival::Kept(outcome(job, cancelled)?),
            Self::KeepModel(job) => Arrival::KeptModel(outcome(job, cancelled)?),
        })
    }
}

/// The fault of work that was asked to end.
pub const CANCELLED: &str = "cancelled";

fn outcome<T: Send + 'static>(job: &mut Job<T>, cancelled: bool) -> Option<Result<T>> {
    let outcome = job.take()?;
    Some(if cancelled { outcome.map_err(|_| Fault::new(CANCELLED)) } else { outcome })
}
