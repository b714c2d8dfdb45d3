//! Taking in the outcomes of jobs: tables, previews, saved files, models, workspaces.

use std::path::PathBuf;

use super::App;
use super::action::{Action, OpenAction};
use super::jobs::{AttachTarget, CANCELLED, JobOutcome};
use super::notices::{NoticeOrigin, Severity};
use crate::data::{Fault, Result};
use crate::engine::open::{Found, OpenedPath};
use crate::engine::table::difference;
use crate::engine::{Seam, Table};
use crate::workspace::TableSetup;

impl App {
    pub(super) fn take_outcomes(&mut self) {
        for outcome in self.jobs.outcomes() {
            match outcome {
                JobOutcome::Opened(opened, setup) => self.opened(opened, setup.map(|s| *s)),
                JobOutcome::Connected(table, setup) => self.connected(table, *setup),
                JobOutcome::Attached(table, to) => self.attached(table, *to),
                JobOutcome::Sample(Ok(()), sample) => self.open_sample(sample),
                JobOutcome::PickedOpen(Ok(paths)) if !paths.is_empty() => {
                    self.propose(Action::Open(OpenAction::Paths(paths)))
                }
                JobOutcome::PickedSave(Ok(Some(path)), export) => self.apply_export(export.to(path)),
                JobOutcome::PickedModel(picked, sheet) => self.model_picked(picked, sheet),
                JobOutcome::PickedMoved(Ok(paths), table) => {
                    if let Some(file) = paths.first() {
                        self.moved(table, file);
                    }
                }
                JobOutcome::SavedAs(Ok((file, lock))) => self.saved_as(file, lock),
                JobOutcome::PickedMoved(Err(fault), _) | JobOutcome::SavedAs(Err(fault)) => self.tell(&fault),
                JobOutcome::Model(Ok(saved), source) => self.model_arrived(*saved, *source),
                JobOutcome::Model(Err(fault), source) => self.model_failed(fault, *source),
                JobOutcome::Saved(Ok(path)) => {
                    self.notices.info(format!("Saved {}", path.display()));
                    self.saved_in(&path);
                    if self.models.saved(&path) {
                        self.model_saved(&path);
                        self.save_workspace();
                    }
                }
                JobOutcome::Workspace(Ok(opened)) => self.take_workspace(*opened),
                JobOutcome::Workspace(Err(fault)) => self.tell_unopened(&fault, None),
                JobOutcome::WorkspaceSaved(outcome) => self.workspace_saved(outcome),
                JobOutcome::ModelAutosaved(outcome) => self.model_autosaved(outcome),
                JobOutcome::Sample(Err(fault), _)
                | JobOutcome::PickedOpen(Err(fault))
                | JobOutcome::PickedSave(Err(fault), _)
                | JobOutcome::Saved(Err(fault)) => self.tell(&fault),
                JobOutcome::PickedOpen(Ok(_)) | JobOutcome::PickedSave(Ok(None), _) => {}
            }
        }
    }

    /// Posts a fault; the fault of a cancelled job is posted as information.
    pub(super) fn tell(&mut self, fault: &Fault) {
        if fault.what == CANCELLED { self.notices.info("Cancelled") } else { self.notices.fault(fault) }
    }

    /// Posts the fault of something that a person opens; that of a table which is set up stays until that is open.
    fn tell_unopened(&mut self, fault: &Fault, setup: Option<&TableSetup>) {
        let is_set_up = setup.is_some_and(|setup| self.bench().table(setup.id).is_some());
        if is_set_up || fault.what == CANCELLED {
            return self.tell(fault);
        }
        self.notices.post(NoticeOrigin::Open(fault.place.clone()), Severity::Error, fault);
    }

    fn opened(&mut self, opened: Result<Vec<OpenedPath>>, setup: Option<TableSetup>) {
        let opened = match opened {
            Ok(opened) => opened,
            Err(fault) => {
                self.not_opened(setup.as_ref(), &fault);
                return self.tell_unopened(&fault, setup.as_ref());
            }
        };
        if opened.iter().any(|opened| opened.found.is_ok()) {
            self.notices.forget_unopened();
        }
        let mut tables: Vec<(Table, Vec<PathBuf>)> = Vec::new();
        for OpenedPath { path, found } in opened {
            match found {
                Ok(Found::Model(saved)) => self.model_opened(*saved, path),
                Ok(Found::Table(table)) => {
                    // Files that were one table before become one table again.
                    let same = tables
                        .iter_mut()
                        .find(|(first, _)| setup.is_some() && difference(&first.schema, &table.schema).is_none());
                    if let Some((first, paths)) = same {
                        first.history.extend(table.history);
                        paths.push(path);
                    } else {
                        tables.push((*table, vec![path]));
                    }
                }
                Err(fault) => {
                    let fault = if fault.place.is_empty() { fault.at(path.display().to_string()) } else { fault };
                    self.not_opened(setup.as_ref(), &fault);
                    self.tell_unopened(&fault, setup.as_ref());
                }
            }
        }
        let mut setup = setup;
        for (table, paths) in tables {
            let setup = setup.take().unwrap_or_else(|| self.as_left(&paths));
            let rest = setup.live.clone();
            self.complete(table, paths, setup, rest);
        }
        self.place_models(true);
    }

    fn connected(&mut self, table: Result<Table>, setup: TableSetup) {
        match table {
            Ok(table) => {
                self.notices.forget_unopened();
                self.feed_connected(&table);
                self.complete(table, Vec::new(), setup, Vec::new());
            }
            Err(fault) => {
                self.not_opened(Some(&setup), &fault);
                self.tell_unopened(&fault, Some(&setup));
            }
        }
    }

    fn attached(&mut self, attached: Result<Table>, to: AttachTarget) {
        match &attached {
            Ok(table) => self.feed_connected(table),
            Err(fault) => self.tell(fault),
        }
        match to {
            AttachTarget::Worksheet { id, replaces } => {
                let wake = self.wake.clone();
                // What came by itself meanwhile is no part of this step.
                self.record();
                self.session.begin_step();
                if let (Ok(new), Some(sheet)) = (attached, self.sheets.iter_mut().find(|s| s.id == id)) {
                    // Only the live face is taken over: the name, the time and the history may have changed meanwhile.
                    sheet.unconnected.retain(|url| !new.has_feed(url) && Some(url) != replaces.as_ref());
                    sheet.retable(&wake, |table| {
                        table.live = new.live;
                        if new.seam == Seam::Position {
                            table.seam = Seam::Position;
                        }
                    });
                    self.selected = Some(id);
                    if let Some(sheet) = self.sheet_of(id) {
                        let item = self.setup_of(sheet);
                        self.settings.grew(item);
                    }
                    self.save_workspace();
                }
                self.session.end_step();
            }
            // If the feed fails, the table is opened without it.
            AttachTarget::New { table, paths, setup, rest } => {
                self.complete(attached.unwrap_or(*table), paths, *setup, rest)
            }
        }
    }
}
