//! Autosave: the workspace, and each model in a file of its own unless a person has saved it already. What a workspace
//! holds, and how it is written, is left to `workspace`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::App;
use super::guard::ModelGuard;
use super::jobs::JobKind;
use super::models::{ModelEntry, ModelId};
use super::worksheet::Worksheet;
use crate::data::{Fault, Result};
use crate::engine::{Job, TablePosition};
use crate::query::model::Model as _;
use crate::workspace::{
    ModelSetup, TableSetup, WorkspaceLock, keep_model, save_workspace, sweep_models, without_secrets,
};

/// The saved models, and the state of saving the workspace.
#[derive(Debug, Default)]
pub struct Autosave {
    models: Vec<SavedModel>,
    /// Whether the workspace is being written, and whether it has changed since.
    writing: bool,
    again: bool,
    /// Counts what is to be written, and the newest of it that is: an older one never replaces it.
    begun: u64,
    written: Arc<Mutex<u64>>,
}

/// A file that holds a model in one version: its fingerprint, and the number of its swaps.
#[derive(Debug)]
struct SavedModel {
    model: ModelId,
    fingerprint: u64,
    swaps: usize,
    file: PathBuf,
    trained: Option<TablePosition>,
    written: bool,
}

impl Autosave {
    /// The newest file of a model: of its current version, or, while that is being written, of the one before.
    fn file_of(&self, entry: &ModelEntry) -> Option<&SavedModel> {
        let written = || self.models.iter().rev().filter(|h| h.model == entry.id && h.written);
        written().find(|h| h.fingerprint == entry.scorer.fingerprint()).or_else(|| written().next())
    }
}

impl App {
    /// Saves the workspace in the background.
    pub(super) fn save_workspace(&mut self) {
        self.record();
        self.settings.renew(&self.bench.now().tables);
        self.boards.changed = None;
        if self.autosave.writing {
            self.autosave.again = true;
            return;
        }
        self.autosave.writing = true;
        let write = self.writing();
        self.jobs.add(JobKind::SaveWorkspace(Job::start("keep the workspace", self.wake.clone(), move |_| write())));
    }

    /// Saves the workspace while the window waits: it is being closed.
    pub(super) fn save_now(&mut self) {
        self.record();
        self.settings.renew(&self.bench.now().tables);
        if let Err(fault) = self.writing()() {
            self.notices.warn(&fault);
        }
    }

    /// Writes what is set up under a name; from then on it is kept there.
    pub(super) fn save_as(&mut self, file: PathBuf) {
        self.record();
        let (history, seen, folders) = (self.bench.clone(), self.seen(), self.folders.clone());
        if self.session.writes() == Some(file.as_path()) {
            return self.save_workspace();
        }
        let job = Job::start("save the workspace", self.wake.clone(), move |_| {
            let lock = WorkspaceLock::take(&file, &folders)?.ok_or_else(|| {
                Fault::new("this workspace is open in another window")
                    .at(file.display().to_string())
                    .hint("close it there, or choose another name")
            })?;
            save_workspace(&history, seen, &file, &folders)?;
            Ok((file, lock))
        });
        self.jobs.add(JobKind::SaveAs(job));
    }

    pub(super) fn saved_as(&mut self, file: PathBuf, lock: WorkspaceLock) {
        self.notices.info(format!("Saved {}", file.display()));
        self.saved_in(&file);
        self.settings.remember_workspace(&file);
        let before = self.session.file().to_owned();
        if before != file
            && let Err(fault) = self.folders.store_as(&before, &file)
        {
            self.tell(&fault);
        }
        self.session.keep_in(file, lock);
        self.save_workspace();
    }

    /// What writes everything as it is now.
    fn writing(&mut self) -> impl FnOnce() -> Result<()> + Send + 'static {
        let (settings, history, seen, folders) =
            (self.settings.clone(), self.bench.clone(), self.seen(), self.folders.clone());
        let (file, hosts) = (self.session.writes().map(Path::to_owned), self.consent.take_unsaved());
        let held: Vec<PathBuf> = self.autosave.models.iter().map(|h| h.file.clone()).collect();
        self.autosave.begun += 1;
        let (begun, written) = (self.autosave.begun, self.autosave.written.clone());
        move || {
            let mut newest = written.lock().unwrap_or_else(PoisonError::into_inner);
            if *newest > begun {
                return Ok(());
            }
            *newest = begun;
            let vault = folders.vault();
            vault.agree(hosts)?;
            settings.save(&folders.settings_file(), &vault)?;
            if let Some(file) = file {
                save_workspace(&history, seen, &file, &folders)?;
            }
            let tables = history.all().flat_map(|bench| &bench.tables).chain(&settings.recent);
            let named: BTreeSet<&Path> =
                tables.flat_map(|table| &table.models).map(|model| model.file.as_path()).collect();
            sweep_models(&folders.models(), |model| named.contains(model) || held.iter().any(|h| h == model));
            Ok(())
        }
    }

    /// The workspace was saved, or could not be.
    pub(super) fn workspace_saved(&mut self, outcome: Result<()>) {
        self.autosave.writing = false;
        if let Err(fault) = outcome {
            self.notices.warn(&fault);
        }
        if std::mem::take(&mut self.autosave.again) {
            self.save_workspace();
        }
    }

    /// Saves every model whose current version is in no file.
    pub(super) fn autosave_models(&mut self) {
        let models = &self.models;
        self.autosave.models.retain(|h| models.get(h.model).is_some());
        for entry in &models.entries {
            let fingerprint = entry.scorer.fingerprint();
            let swaps = entry.swaps.len();
            if self.autosave.models.iter().any(|h| (h.model, h.fingerprint, h.swaps) == (entry.id, fingerprint, swaps))
            {
                continue;
            }
            let file = self.folders.models().join(format!("{fingerprint:016x}.json"));
            self.autosave.models.push(SavedModel {
                model: entry.id,
                fingerprint,
                swaps,
                file: file.clone(),
                trained: entry.until.clone(),
                written: false,
            });
            let saved = entry.saved();
            let job =
                Job::start("keep the model", self.wake.clone(), move |_| keep_model(&saved(), &file).map(|()| file));
            self.jobs.add(JobKind::AutosaveModel(job));
        }
    }

    /// A model was saved, or could not be.
    pub(super) fn model_autosaved(&mut self, outcome: Result<PathBuf>) {
        match outcome {
            Ok(file) => {
                self.autosave.models.iter_mut().filter(|h| h.file == file).for_each(|h| h.written = true);
                self.save_workspace();
            }
            Err(fault) => self.notices.warn(&fault),
        }
    }

    /// A person has saved models to this file, so that autosave need not.
    pub(super) fn model_saved(&mut self, file: &Path) {
        for entry in self.models.entries.iter().filter(|e| e.file.as_deref() == Some(file)) {
            self.autosave.hold(entry, file.to_owned());
        }
    }

    /// A model was read from this file.
    pub(super) fn model_read(&mut self, id: ModelId, file: PathBuf) {
        if let Some(entry) = self.models.get(id) {
            self.autosave.hold(entry, file);
        }
    }

    /// The setup that opens a table again, with its models and their guards.
    pub(super) fn setup_of(&self, sheet: &Worksheet) -> TableSetup {
        let setup = |entry: &ModelEntry| {
            let held = self.autosave.file_of(entry)?;
            let guard = self.guards.of(entry.id).filter(|guard| guard.is_on()).map(ModelGuard::setup);
            let trained = held.trained.as_ref().and_then(|mark| mark.kept(without_secrets));
            Some(ModelSetup {
                name: entry.name.clone(),
                file: held.file.clone(),
                target_sql: entry.target.sql.clone(),
                trained,
                guard,
            })
        };
        let being_read = self.jobs.models_for(sheet.id).cloned();
        let own = sheet.setup();
        let read = self.models.under(sheet.id).filter_map(setup);
        TableSetup { models: read.chain(being_read).chain(own.models).collect(), ..own }
    }
}

impl Autosave {
    fn hold(&mut self, entry: &ModelEntry, file: PathBuf) {
        self.models.push(SavedModel {
            model: entry.id,
            fingerprint: entry.scorer.fingerprint(),
            swaps: entry.swaps.len(),
            file,
            trained: entry.until.clone(),
            written: true,
        });
    }
}
