//! Keeping what is set up: the workspace, and each model in a file of its own, unless a person has saved it already.
//! What a workspace holds and how it is written is `workspace`'s.

use std::path::{Path, PathBuf};

use super::App;
use super::models::{Entry, ModelId};
use super::sheet::Sheet;
use super::work::Kind;
use crate::data::Result;
use crate::engine::{Job, Mark};
use crate::query::model::Model as _;
use crate::workspace::{GuardSetup, ModelSetup, TableSetup, Workspace, keep_model, sweep_models, without_secrets};

/// What was written down, and what is being written.
#[derive(Debug, Default)]
pub struct Keeper {
    held: Vec<Held>,
    /// The workspace is being written, and has changed since.
    writing: bool,
    again: bool,
}

/// A file that holds a model as it was when it had this fingerprint, and had been swapped so often.
#[derive(Debug)]
struct Held {
    model: ModelId,
    fingerprint: u64,
    swaps: usize,
    file: PathBuf,
    learnt: Option<Mark>,
    written: bool,
}

impl Keeper {
    /// The newest file that holds a model: as it is, or, while that is being written, as it was.
    fn file_of(&self, entry: &Entry) -> Option<&Held> {
        let written = || self.held.iter().rev().filter(|h| h.model == entry.id && h.written);
        written().find(|h| h.fingerprint == entry.scorer.fingerprint()).or_else(|| written().next())
    }
}

impl App {
    /// Writes down what is set up, in the background.
    pub(super) fn keep(&mut self) {
        self.workspace.tables = self.sheets.iter().map(|s| self.setup_of(s)).collect();
        self.workspace.renew();
        if self.keeper.writing {
            self.keeper.again = true;
            return;
        }
        self.keeper.writing = true;
        let (workspace, file, folder): (Workspace, PathBuf, PathBuf) =
            (self.workspace.clone(), self.folders.workspace_file(), self.folders.models());
        let (vault, hosts) = (self.folders.vault(), self.consent.take_unsaved());
        let held: Vec<PathBuf> = self.keeper.held.iter().map(|h| h.file.clone()).collect();
        let job = Job::start("keep the workspace", self.wake.clone(), move |_| {
            vault.agree(hosts)?;
            workspace.save(&file, &vault)?;
            sweep_models(&folder, |model| workspace.names(model) || held.iter().any(|h| h == model));
            Ok(())
        });
        self.work.add(Kind::Keep(job));
    }

    /// The workspace was written, or could not be.
    pub(super) fn kept(&mut self, outcome: Result<()>) {
        self.keeper.writing = false;
        if let Err(fault) = outcome {
            self.notices.warn(&fault);
        }
        if std::mem::take(&mut self.keeper.again) {
            self.keep();
        }
    }

    /// Writes down every model that no file holds as it is.
    pub(super) fn keep_models(&mut self) {
        let models = &self.models;
        self.keeper.held.retain(|h| models.get(h.model).is_some());
        for entry in &models.entries {
            let fingerprint = entry.scorer.fingerprint();
            let swaps = entry.swaps.len();
            if self.keeper.held.iter().any(|h| (h.model, h.fingerprint, h.swaps) == (entry.id, fingerprint, swaps)) {
                continue;
            }
            let file = self.folders.models().join(format!("{fingerprint:016x}.json"));
            self.keeper.held.push(Held {
                model: entry.id,
                fingerprint,
                swaps,
                file: file.clone(),
                learnt: entry.until.clone(),
                written: false,
            });
            let saved = entry.saved();
            let job =
                Job::start("keep the model", self.wake.clone(), move |_| keep_model(&saved(), &file).map(|()| file));
            self.work.add(Kind::KeepModel(job));
        }
    }

    /// A model was written down, or could not be.
    pub(super) fn kept_model(&mut self, outcome: Result<PathBuf>) {
        match outcome {
            Ok(file) => {
                self.keeper.held.iter_mut().filter(|h| h.file == file).for_each(|h| h.written = true);
                self.keep();
            }
            Err(fault) => self.notices.warn(&fault),
        }
    }

    /// A person has saved models there: they need not be kept elsewhere.
    pub(super) fn holds(&mut self, file: &Path) {
        for entry in self.models.entries.iter().filter(|e| e.file.as_deref() == Some(file)) {
            self.keeper.hold(entry, file.to_owned());
        }
    }

    /// A model was read from there.
    pub(super) fn came_from(&mut self, id: ModelId, file: PathBuf) {
        if let Some(entry) = self.models.get(id) {
            self.keeper.hold(entry, file);
        }
    }

    /// What would be needed to open a table again, with its models and their guards.
    pub(super) fn setup_of(&self, sheet: &Sheet) -> TableSetup {
        let setup = |entry: &Entry| {
            let held = self.keeper.file_of(entry)?;
            let guard =
                self.guards.of(entry.id).filter(|s| s.is_on()).map(|s| GuardSetup { window_rows: s.window_rows });
            let learnt = held.learnt.as_ref().and_then(|mark| mark.kept(without_secrets));
            Some(ModelSetup {
                name: entry.name.clone(),
                file: held.file.clone(),
                target_sql: entry.target.sql.clone(),
                learnt,
                guard,
            })
        };
        let being_read = self.work.models_for(sheet.id).cloned();
        TableSetup {
            models: self.models.under(sheet.id).filter_map(setup).chain(being_read).collect(),
            ..sheet.setup()
        }
    }
}

impl Keeper {
    fn hold(&mut self, entry: &Entry, file: PathBuf) {
        self.held.push(Held {
            model: entry.id,
            fingerprint: entry.scorer.fingerprint(),
            swaps: entry.swaps.len(),
            file,
            learnt: entry.until.clone(),
            written: true,
        });
    }
}
