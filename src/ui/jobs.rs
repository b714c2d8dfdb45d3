//! Background jobs other than runs: opening, connecting, saving, asking for a path. The window polls them once a frame
//! and never waits for them; their outcomes are taken in by `outcomes`.

use std::path::PathBuf;

use super::action::ExportAction;
use crate::data::{Fault, Result};
use crate::engine::open::OpenedPath;
use crate::engine::{Job, Progress, Table};
use crate::learn::model::Saved;
use crate::workspace::TableId;
use crate::workspace::{ModelSetup, OpenedWorkspace, Sample, TableSetup, WorkspaceLock};

/// All running jobs.
#[derive(Debug, Default)]
pub struct Jobs {
    next: u64,
    running: Vec<RunningJob>,
}

#[derive(Debug)]
struct RunningJob {
    id: u64,
    kind: JobKind,
    /// Set when a person cancels the job: an error that it ends with is then that of a cancelled job.
    cancelled: bool,
}

/// A kind of job, with the context that is needed to take in its outcome.
#[derive(Debug)]
pub enum JobKind {
    Open {
        job: Job<Vec<OpenedPath>>,
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
        to: Box<AttachTarget>,
    },
    /// The files of a sample are being written.
    Sample {
        job: Job<()>,
        sample: &'static Sample,
    },
    /// A file dialog is open.
    PickOpen(Job<Vec<PathBuf>>),
    PickSave {
        job: Job<Option<PathBuf>>,
        export: ExportAction,
    },
    Save(Job<PathBuf>),
    /// A file dialog is open for a model.
    PickModel(Job<Vec<PathBuf>>, TableId),
    /// A file dialog is open for files that have moved.
    PickMoved(Job<Vec<PathBuf>>, TableId),
    /// What is set up is being written under a name.
    SaveAs(Job<SavedAs>),
    /// A model is being read.
    Model(Job<Saved>, Box<ModelSource>),
    /// A saved workspace is being read.
    Workspace(Job<OpenedWorkspace>),
    /// The workspace is being written.
    SaveWorkspace(Job<()>),
    /// A model is being written that nobody has saved.
    AutosaveModel(Job<PathBuf>),
}

/// A workspace that was written under a name, and the right to go on writing it.
pub type SavedAs = (PathBuf, WorkspaceLock);

/// Where a model is read from, and the worksheet it is for.
#[derive(Clone, Debug)]
pub struct ModelSource {
    pub sheet: TableId,
    pub setup: ModelSetup,
    /// Whether it comes with a table that is opened again.
    pub again: bool,
}

/// What a feed is attached to.
#[derive(Clone, Debug)]
pub enum AttachTarget {
    /// In place of the feed with this address, where there is one.
    Worksheet { id: TableId, replaces: Option<String> },
    /// A table that is still being put together: the table as it is, should the feed fail, and the feeds still to come.
    New { table: Box<Table>, paths: Vec<PathBuf>, setup: Box<TableSetup>, rest: Vec<String> },
}

/// The outcome of a job, with its context.
#[derive(Debug)]
pub enum JobOutcome {
    Opened(Result<Vec<OpenedPath>>, Option<Box<TableSetup>>),
    Connected(Result<Table>, Box<TableSetup>),
    Attached(Result<Table>, Box<AttachTarget>),
    Sample(Result<()>, &'static Sample),
    PickedOpen(Result<Vec<PathBuf>>),
    PickedSave(Result<Option<PathBuf>>, ExportAction),
    Saved(Result<PathBuf>),
    PickedModel(Result<Vec<PathBuf>>, TableId),
    PickedMoved(Result<Vec<PathBuf>>, TableId),
    SavedAs(Result<SavedAs>),
    Model(Result<Box<Saved>>, Box<ModelSource>),
    Workspace(Result<Box<OpenedWorkspace>>),
    WorkspaceSaved(Result<()>),
    ModelAutosaved(Result<PathBuf>),
}

/// A running job as the top bar shows it.
#[derive(Clone, Debug)]
pub struct JobStatus {
    pub id: u64,
    pub title: String,
    pub progress: Progress,
}

impl Jobs {
    pub fn add(&mut self, kind: JobKind) {
        self.next += 1;
        self.running.push(RunningJob { id: self.next, kind, cancelled: false });
    }

    /// Cancels the job with this number; its outcome is a fault that says 'cancelled'.
    pub fn cancel(&mut self, id: u64) {
        if let Some(running) = self.running.iter_mut().find(|t| t.id == id) {
            running.cancelled = true;
            match &running.kind {
                JobKind::Open { job, .. } => job.cancel(),
                JobKind::Connect { job, .. } | JobKind::Attach { job, .. } => job.cancel(),
                JobKind::Sample { job, .. } | JobKind::SaveWorkspace(job) => job.cancel(),
                JobKind::Save(job) | JobKind::AutosaveModel(job) => job.cancel(),
                JobKind::PickOpen(job) | JobKind::PickModel(job, _) | JobKind::PickMoved(job, _) => job.cancel(),
                JobKind::SaveAs(job) => job.cancel(),
                JobKind::Model(job, _) => job.cancel(),
                JobKind::PickSave { job, .. } => job.cancel(),
                JobKind::Workspace(job) => job.cancel(),
            }
        }
    }

    /// The outcomes of jobs that have ended since the last call.
    pub fn outcomes(&mut self) -> Vec<JobOutcome> {
        let mut outcomes = Vec::new();
        self.running.retain_mut(|running| match running.kind.take(running.cancelled) {
            Some(outcome) => {
                outcomes.push(outcome);
                false
            }
            None => true,
        });
        outcomes
    }

    /// The jobs that a person waits for.
    pub fn status(&self) -> impl Iterator<Item = JobStatus> + '_ {
        self.running.iter().filter_map(|running| {
            let (title, progress) = match &running.kind {
                JobKind::Open { job, .. } => ("Opening", job.progress()),
                JobKind::Connect { job, .. } | JobKind::Attach { job, .. } => ("Connecting", job.progress()),
                JobKind::Sample { job, .. } => ("Preparing the sample", job.progress()),
                JobKind::Save(job) => ("Saving", job.progress()),
                JobKind::Model(job, _) => ("Reading a model", job.progress()),
                JobKind::Workspace(_)
                | JobKind::PickOpen(_)
                | JobKind::PickModel(..)
                | JobKind::PickMoved(..)
                | JobKind::SaveAs(_)
                | JobKind::PickSave { .. }
                | JobKind::SaveWorkspace(_)
                | JobKind::AutosaveModel(_) => return None,
            };
            Some(JobStatus { id: running.id, title: title.to_owned(), progress })
        })
    }

    /// Models that are being read for a table.
    pub fn models_for(&self, sheet: TableId) -> impl Iterator<Item = &ModelSetup> {
        self.running.iter().filter_map(move |running| match &running.kind {
            JobKind::Model(_, from) if from.sheet == sheet => Some(&from.setup),
            _ => None,
        })
    }

    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }
}

impl JobKind {
    fn take(&mut self, cancelled: bool) -> Option<JobOutcome> {
        Some(match self {
            Self::Open { job, setup } => JobOutcome::Opened(outcome(job, cancelled)?, setup.take()),
            Self::Connect { job, setup } => JobOutcome::Connected(outcome(job, cancelled)?, setup.clone()),
            Self::Attach { job, to } => JobOutcome::Attached(outcome(job, cancelled)?, to.clone()),
            Self::Sample { job, sample } => JobOutcome::Sample(outcome(job, cancelled)?, sample),
            Self::PickOpen(job) => JobOutcome::PickedOpen(outcome(job, cancelled)?),
            Self::PickSave { job, export } => JobOutcome::PickedSave(outcome(job, cancelled)?, export.clone()),
            Self::Save(job) => JobOutcome::Saved(outcome(job, cancelled)?),
            Self::PickModel(job, sheet) => JobOutcome::PickedModel(outcome(job, cancelled)?, *sheet),
            Self::PickMoved(job, table) => JobOutcome::PickedMoved(outcome(job, cancelled)?, *table),
            Self::SaveAs(job) => JobOutcome::SavedAs(outcome(job, cancelled)?),
            Self::Model(job, from) => JobOutcome::Model(outcome(job, cancelled)?.map(Box::new), from.clone()),
            Self::Workspace(job) => JobOutcome::Workspace(outcome(job, cancelled)?.map(Box::new)),
            Self::SaveWorkspace(job) => JobOutcome::WorkspaceSaved(outcome(job, cancelled)?),
            Self::AutosaveModel(job) => JobOutcome::ModelAutosaved(outcome(job, cancelled)?),
        })
    }
}

/// The text of the fault of a cancelled job.
pub const CANCELLED: &str = "cancelled";

fn outcome<T: Send + 'static>(job: &mut Job<T>, cancelled: bool) -> Option<Result<T>> {
    let outcome = job.take()?;
    Some(if cancelled { outcome.map_err(|_| Fault::new(CANCELLED)) } else { outcome })
}
