//! Carrying out what concerns one table: its time, its seam, its files, its place in the window.

use std::path::{Path, PathBuf};

use super::super::action::{Pane, TableAction};
use super::super::jobs::JobKind;
use super::super::lateness::LatenessProfile;
use super::super::{App, dialog};
use crate::data::Fault;
use crate::engine::feed::Feed;
use crate::engine::table::difference;
use crate::engine::{Job, Seam, Table};
use crate::workspace::bench::Edit;
use crate::workspace::{TableId, TableSetup};

impl App {
    pub(super) fn apply_table(&mut self, id: TableId, action: TableAction) {
        match action {
            TableAction::Select => self.selected = Some(id),
            TableAction::Remove => {
                let name = self.bench().table(id).map(|table| table.name.clone()).unwrap_or_default();
                self.close(id);
                self.step(&Edit::RemoveTable { table: id });
                self.notices.offer_undo(format!("{name} was removed; its files stay as they are"));
            }
            TableAction::Name(begins) => {
                self.naming = begins.then_some(id);
                // Its name stands in the panel.
                self.settings.folded.tables &= !begins;
                return;
            }
            TableAction::Rename(name) => {
                if let Some(old) = self.bench().table(id).map(|table| table.name.clone()) {
                    self.rename_in_written(&old, &name);
                }
                self.step(&Edit::RenameTable { table: id, name });
                self.reconcile();
            }
            TableAction::TryNow(url) => {
                let Some(sheet) = self.sheet_of(id) else { return };
                if sheet.unconnected.contains(&url) {
                    return self.attach(id, url, None);
                }
                return sheet.table.live.iter().filter(|feed| feed.url.text == url).for_each(Feed::try_now);
            }
            TableAction::ForgetModel(file) => {
                if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == id) {
                    sheet.unread.retain(|model| model.file != file);
                }
            }
            TableAction::OpenAgain => {
                if let Some(table) = self.bench().table(id).cloned() {
                    self.open_again(&table);
                }
            }
            TableAction::Moved(file) => self.moved(id, &file),
            TableAction::FindMoved => {
                let job = Job::start("choose files", self.wake.clone(), |_| dialog::pick_files());
                self.jobs.add(JobKind::PickMoved(job, id));
            }
            TableAction::Stop => {
                if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == id) {
                    sheet.stop();
                }
            }
            TableAction::StartAgain => {
                let wake = self.wake.clone();
                if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == id) {
                    sheet.start_again(&wake);
                }
            }
            TableAction::Follow(follow) => {
                if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == id) {
                    sheet.follow = follow;
                }
                return;
            }
            TableAction::ProfileLateness => self.profile_lateness(id),
            TableAction::LoadModel(file) => return self.load_model(id, file),
            TableAction::AppendFiles(from) => self.append_files(id, from),
            TableAction::Time(time) => self.set_time(id, time),
            TableAction::Seam(seam) => {
                let mut met = Ok(());
                self.retable(id, |table| {
                    // Choosing Append is a person's statement that the faces are disjoint.
                    table.disjoint = seam == Seam::Append;
                    met = table.meet(seam);
                });
                if let Err(fault) = met {
                    self.tell(&fault);
                }
            }
            TableAction::Detach(url) => match self.sheets.iter_mut().find(|s| s.id == id) {
                Some(sheet) if sheet.unconnected.contains(&url) => sheet.unconnected.retain(|own| *own != url),
                _ => self.retable(id, |table| table.live.retain(|feed| feed.url.text != url)),
            },
        }
        self.save_workspace();
    }

    pub(in crate::ui) fn retable(&mut self, id: TableId, change: impl FnOnce(&mut Table)) {
        let wake = self.wake.clone();
        if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == id) {
            sheet.retable(&wake, change);
        }
    }

    /// Ends what runs for a table.
    pub(in crate::ui) fn close(&mut self, id: TableId) {
        let at = self.sheets.iter().position(|s| s.id == id).unwrap_or(0);
        // With the runs of its tiles its feeds are let go, too.
        if let Some(sheet) = self.sheets.get(at) {
            self.boards.end(&sheet.table.name);
        }
        self.sheets.retain(|s| s.id != id);
        self.models.remove_under(id);
        self.forget_training(id);
        if self.selected == Some(id) {
            let neighbour = self.sheets.get(at).or(self.sheets.last());
            self.selected = neighbour.map(|s| s.id);
            self.pane = None;
        }
    }

    /// The files of a table that could not be opened are elsewhere.
    pub(in crate::ui) fn moved(&mut self, id: TableId, file: &Path) {
        let Some(table) = self.bench().table(id).cloned() else { return };
        let of_that_name = table.paths.iter().find(|path| path.file_name() == file.file_name());
        let from = of_that_name.or(table.paths.first()).cloned().unwrap_or_default();
        let beside = |path: &PathBuf| match path.file_name() {
            _ if *path == from => file.to_owned(),
            Some(name) if path.parent() == from.parent() => file.with_file_name(name),
            _ => path.clone(),
        };
        let table = TableSetup { paths: table.paths.iter().map(beside).collect(), ..table };
        self.step(&Edit::SetTable { table: table.clone() });
        self.open_again(&table);
    }

    fn append_files(&mut self, into: TableId, from: TableId) {
        let Some(other) = self.sheet_of(from) else { return };
        let (table, paths) = (other.table.clone(), other.paths.clone());
        let Some(target) = self.sheets.iter_mut().find(|s| s.id == into) else { return };
        if let Some(difference) = difference(&target.table.schema, &table.schema) {
            let fault = Fault::new(format!(
                "the tables {} and {} have different columns: {difference}",
                target.table.name, table.name
            ))
            .hint("join tables whose columns have the same names and types");
            self.notices.fault(&fault);
            return;
        }
        target.paths.extend(paths);
        let wake = self.wake.clone();
        target.retable(&wake, |t| t.history.extend(table.history.iter().cloned()));
        self.close(from);
        self.step(&Edit::RemoveTable { table: from });
        self.selected = Some(into);
    }

    fn profile_lateness(&mut self, id: TableId) {
        let Some(sheet) = self.sheet_of(id) else { return };
        match LatenessProfile::begin(sheet, &self.wake) {
            Ok(profile) => {
                self.lateness_profile = Some(profile);
                self.pane = Some(Pane::Lateness);
            }
            Err(fault) => self.notices.fault(&fault),
        }
    }
}
