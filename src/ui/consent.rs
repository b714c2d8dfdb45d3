//! Consent: a setup that was saved on another machine connects to nothing until a person agrees to its hosts, once.
//! Whether a setup was saved elsewhere is left to `workspace`, asking for consent to `panel::consent`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::App;
use super::action::ConsentAction;
use super::jobs::JobKind;
use crate::data::Fault;
use crate::engine::Job;
use crate::workspace::{OpenedWorkspace, TableSetup};

/// The ending of a saved workspace.
pub const WORKSPACE: &str = "braid";

pub fn is_workspace(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(WORKSPACE))
}

/// The hosts that were agreed to, and the setups that wait for others.
#[derive(Debug, Default)]
pub struct Consent {
    agreed: BTreeSet<String>,
    /// Hosts among them that are not saved yet.
    unsaved: BTreeSet<String>,
    waiting: Vec<TableSetup>,
}

impl Consent {
    pub fn new(agreed: BTreeSet<String>) -> Self {
        Self { agreed, unsaved: BTreeSet::new(), waiting: Vec::new() }
    }

    /// The setups that wait for consent.
    pub fn waiting(&self) -> &[TableSetup] {
        &self.waiting
    }

    /// The hosts that the waiting setups need.
    pub fn hosts(&self) -> BTreeSet<String> {
        self.waiting.iter().flat_map(TableSetup::hosts).filter(|host| !self.agreed.contains(host)).collect()
    }

    /// The hosts that are to be saved now.
    pub(super) fn take_unsaved(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.unsaved)
    }

    /// Whether this setup may be opened without asking.
    fn allows(&self, setup: &TableSetup) -> bool {
        !setup.foreign || setup.hosts().is_subset(&self.agreed)
    }
}

impl App {
    pub fn consent(&self) -> &Consent {
        &self.consent
    }

    /// Opens a setup: at once, or once its hosts are agreed to.
    pub(super) fn open_setup(&mut self, setup: TableSetup) {
        if self.consent.allows(&setup) {
            // From here on the setup is this user's own.
            return self.open_agreed(TableSetup { foreign: false, ..setup });
        }
        if !self.consent.waiting.contains(&setup) {
            self.consent.waiting.push(setup);
        }
    }

    pub(super) fn apply_consent(&mut self, agree: ConsentAction) {
        let hosts = self.consent.hosts();
        let waiting = std::mem::take(&mut self.consent.waiting);
        match agree {
            ConsentAction::Connect => {
                self.consent.agreed.extend(hosts.iter().cloned());
                self.consent.unsaved.extend(hosts);
                self.save_workspace();
                waiting.into_iter().for_each(|setup| self.open_setup(setup));
            }
            ConsentAction::WithoutFeeds => {
                let (files, feeds): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|setup| !setup.paths.is_empty());
                files.into_iter().for_each(|setup| self.open_setup(TableSetup { live: Vec::new(), ..setup }));
                self.not_agreed(&feeds);
            }
            ConsentAction::Leave => self.not_agreed(&waiting),
        }
    }

    fn not_agreed(&mut self, setups: &[TableSetup]) {
        let fault = Fault::new("its feeds' hosts were not agreed to").hint("open it again to be asked again");
        setups.iter().for_each(|setup| self.not_opened(Some(setup), &fault));
    }

    /// Opens a saved workspace among these paths in place of what is set up, and gives back the others.
    pub(super) fn open_workspaces(&mut self, paths: Vec<PathBuf>) -> Vec<PathBuf> {
        let (workspaces, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_workspace(path));
        if let Some(file) = workspaces.into_iter().next() {
            let folders = self.folders.clone();
            // What is set up here is written before the other workspace takes its place.
            self.save_workspace();
            let read = move |_: &_| OpenedWorkspace::open_existing(&file, &folders);
            self.jobs.add(JobKind::Workspace(Job::start("open", self.wake.clone(), read)));
        }
        others
    }
}
