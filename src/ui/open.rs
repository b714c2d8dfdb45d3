//! Opening tables from files, feeds and saved setups, and the worksheet that each of them becomes.

use std::path::PathBuf;
use std::time::Duration;

use super::action::{Action, OpenAction, TableAction};
use super::jobs::{AttachTarget, JobKind};
use super::path::Purpose;
use super::worksheet::Worksheet;
use super::{App, dialog};
use crate::engine::open::{Given, attach_feed, open_feed, open_paths};
use crate::engine::table::difference;
use crate::engine::{Job, Table, TimeColumn, first_rows};
use crate::query::sql::renamed;
use crate::workspace::{SeamSetup, TableId, TableSetup};

impl App {
    pub(super) fn apply_open(&mut self, open: OpenAction) {
        let wake = self.wake.clone();
        match open {
            OpenAction::Paths(paths) => {
                // Remembered paths are absolute, so that they are found from any folder.
                let paths = paths.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)).collect();
                let paths = self.open_workspaces(paths);
                if !paths.is_empty() {
                    self.jobs.add(JobKind::Open { job: open_paths(paths, wake), setup: None });
                }
            }
            OpenAction::Setup(setup) => self.open_setup(*setup),
            // Without a dialog, the path is written.
            OpenAction::PickFiles | OpenAction::PickFolder if !dialog::is_there() => {
                self.apply_open(OpenAction::Path);
            }
            OpenAction::Path => {
                self.write_path(self.open_folder(), Purpose::Open);
            }
            OpenAction::EditPath(text) => self.path.edit(text, &wake),
            OpenAction::PickFiles => {
                let job = Job::start("choose files", wake, |_| dialog::pick_files());
                self.jobs.add(JobKind::PickOpen(job));
            }
            OpenAction::PickFolder => {
                let job = Job::start("choose a folder", wake, |_| Ok(dialog::pick_folder()));
                self.jobs.add(JobKind::PickOpen(job));
            }
            OpenAction::Sample(sample) => self.make_sample(sample),
            OpenAction::Cancel(id) => self.jobs.cancel(id),
        }
    }

    /// Opens a table again: its files, or its feed.
    pub(super) fn open_agreed(&mut self, mut setup: TableSetup) {
        self.reserve(&mut setup);
        let wake = self.wake.clone();
        if !setup.paths.is_empty() {
            let job = open_paths(setup.paths.clone(), wake);
            self.jobs.add(JobKind::Open { job, setup: Some(Box::new(setup)) });
        } else if !setup.live.is_empty() {
            let job = open_feed(given(&setup), self.kept_in(&setup), wake);
            self.jobs.add(JobKind::Connect { job, setup: Box::new(setup) });
        }
    }

    /// Attaches the feeds that a new table still lacks, one after the other, then shows it.
    pub(super) fn complete(&mut self, mut table: Table, paths: Vec<PathBuf>, setup: TableSetup, mut rest: Vec<String>) {
        if !setup.name.is_empty() {
            table.name.clone_from(&setup.name);
        }
        if let Some(time) = &setup.time {
            // If the column no longer exists, the guessed one stays.
            table.time =
                TimeColumn::new(&time.column, Duration::from_millis(time.lateness_ms), &table.schema, &table.name)
                    .ok()
                    .or(table.time);
        }
        if setup.seam != SeamSetup::Append {
            table.seam = (&setup.seam).into();
        }
        if rest.is_empty() {
            return self.add_table(table, paths, &setup);
        }
        let url = rest.remove(0);
        let job = attach_feed(table.clone(), url, self.kept_in(&setup), self.wake.clone());
        self.jobs.add(JobKind::Attach {
            job,
            to: Box::new(AttachTarget::New { table: Box::new(table), paths, setup: Box::new(setup), rest }),
        });
    }

    /// Adds a worksheet for `table`, selects it, and asks its first question.
    fn add_table(&mut self, mut table: Table, paths: Vec<PathBuf>, setup: &TableSetup) {
        let name = self.free_name(&table.name);
        let question = renamed(&setup.question, &table.name, &name).unwrap_or_else(|_| setup.question.clone());
        let setup = TableSetup { question, ..setup.clone() };
        table.name = name;
        // A feed has its number before it is set up.
        let again = self.bench().table(setup.id).is_some();
        let Some(id) = self.number_of(&table, &paths, &setup) else { return };
        self.offer_append(id, &table);
        let mut sheet = Worksheet::new(id, table, paths);
        let wanted = self.bench().table(id).map(|known| known.live.clone()).into_iter().chain([setup.live.clone()]);
        let mut unconnected: Vec<String> = wanted.flatten().filter(|url| !sheet.table.has_feed(url)).collect();
        unconnected.sort();
        unconnected.dedup();
        sheet.unconnected = unconnected;
        sheet.stored = self.kept_in(&TableSetup { id, ..TableSetup::default() }).map(|kept| kept.folder);
        sheet.chart.set_settings(setup.settings());
        sheet.finding = first_rows::look(Table::clone(&sheet.table), self.wake.clone());
        self.load_models(id, &setup.models);
        self.begin(&mut sheet, &setup);
        self.sheets.push(sheet);
        self.placed(id, again);
        self.place_models(false);
        if let Some(sheet) = self.sheet_of(id) {
            let item = self.setup_of(sheet);
            self.settings.remember(item);
        }
        self.save_workspace();
    }

    /// How files that are opened by themselves were left: with their question, and the models that were trained on
    /// them, apart from those that are opened beside them.
    pub(super) fn as_left(&self, paths: &[PathBuf]) -> TableSetup {
        let mut setup = self.settings.alone(paths).unwrap_or_default();
        setup.models.retain(|model| !self.unplaced_models.iter().any(|waiting| waiting.is_of(&model.file)));
        setup
    }

    pub(super) fn free_name(&self, name: &str) -> String {
        let questions = self.bench.now().all_questions();
        let names = || self.sheets.iter().map(|s| &s.table.name).chain(questions.iter().map(|own| &own.name));
        let taken = |name: &str| names().any(|own| own.eq_ignore_ascii_case(name));
        let numbered = (2..).map(|n| format!("{name}_{n}"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_else(|| name.to_owned())
    }

    fn offer_append(&mut self, id: TableId, table: &Table) {
        let same = self.sheets.iter().find(|s| {
            difference(&s.table.schema, &table.schema).is_none()
                && !s.table.history.is_empty()
                && !table.history.is_empty()
        });
        if let Some(other) = same {
            let what = format!("{} has the same columns as {}", table.name, other.table.name);
            let action = Action::Table(other.id, TableAction::AppendFiles(id));
            self.notices.offer(what, format!("Join into {}", other.table.name), action);
        }
    }
}

/// The engine's description of a table of feeds.
fn given(setup: &TableSetup) -> Given {
    Given {
        name: setup.name.clone(),
        live: setup.live.clone(),
        time: setup.time.as_ref().map(|t| t.column.clone()),
        lateness: setup.time.as_ref().map(|t| Duration::from_millis(t.lateness_ms)),
        ..Given::default()
    }
}
