//! What runs follows what is set up, and the other way round: what a person changes of a table becomes a step of the
//! bench, and a step that is taken back opens, closes and changes tables until they are as they were.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::App;
use super::action::{Action, ExportAction, GuardAction};
use super::board::{Boards, askers};
use super::models::ModelEntry;
use super::probe::Proposed;
use super::worksheet::OWN;
use crate::data::Fault;
use crate::engine::open::KeptIn;
use crate::engine::{Seam, Table, TimeColumn};
use crate::workspace::bench::{Bench, Board, Edit};
use crate::workspace::{ModelSetup, OpenedWorkspace, Seen, TableId, TableSetup, WorkspaceLock};

/// The workspace of this window, and what of it is on its way.
#[derive(Debug, Default)]
pub struct Session {
    file: PathBuf,
    lock: Option<WorkspaceLock>,
    /// Tables that are being opened.
    opening: BTreeSet<TableId>,
    /// Tables that could not be opened, and why.
    unopened: BTreeMap<TableId, Unopened>,
    /// The table whose question was written and not asked at the last step: the next one is one with it.
    draft: Option<TableId>,
    /// Whether a step was taken by the actions of this frame: the next is one with it.
    stepped: bool,
    /// Whether what becomes of the tables is one step with the one before.
    goes_on: bool,
    /// Whether what becomes of the tables is a person's doing.
    acting: bool,
    /// The table that is selected once it is open.
    select: Option<TableId>,
    /// What the window's title says.
    title: String,
}

impl Session {
    /// The file of the workspace.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The file of the workspace, where this window may write it.
    pub fn writes(&self) -> Option<&Path> {
        self.lock.as_ref().map(|_| self.file.as_path())
    }

    /// Tables that could not be opened, and why.
    pub fn unopened(&self) -> &BTreeMap<TableId, Unopened> {
        &self.unopened
    }

    /// Whether a table is being opened.
    pub fn is_opening(&self) -> bool {
        !self.opening.is_empty()
    }

    /// What is set up is kept in this file from now on.
    pub(super) fn keep_in(&mut self, file: PathBuf, lock: WorkspaceLock) {
        (self.file, self.lock) = (file, Some(lock));
    }

    /// Notes the window's title; whether it is a new one.
    pub(super) fn says(&mut self, title: &str) -> bool {
        let new = self.title != title;
        title.clone_into(&mut self.title);
        new
    }

    /// What is done from here on is a person's doing, and a step of its own.
    pub(super) fn begin_step(&mut self) {
        (self.stepped, self.goes_on, self.acting) = (false, false, true);
    }

    /// What becomes of the tables from here on comes by itself.
    pub(super) fn end_step(&mut self) {
        self.acting = false;
    }

    /// What becomes of the tables now is one step with the one before, such as a text that is typed.
    pub(super) fn go_on(&mut self) {
        self.goes_on = true;
    }
}

impl App {
    /// Shows a workspace in place of what is open.
    pub(super) fn take_workspace(&mut self, workspace: OpenedWorkspace) {
        let open: Vec<TableId> = self.sheets.iter().map(|sheet| sheet.id).collect();
        open.into_iter().for_each(|id| self.close(id));
        let OpenedWorkspace { file, history, seen, lock, elsewhere } = workspace;
        self.notices.forget_unopened();
        if elsewhere {
            self.notices.offer(
                "Another window has this workspace open: what is set up here is not kept".to_owned(),
                "Save it under another name…".to_owned(),
                Action::Export(ExportAction::Workspace(None)),
            );
        }
        self.bench = history;
        self.session = Session { file, lock, select: seen.table, ..Session::default() };
        self.boards = Boards::default();
        self.boards.shown = seen.board.filter(|id| self.bench.now().board(*id).is_some());
        self.boards.range = seen.zoom.map(in_figure);
        self.boards.own_ranges = seen.tile_zooms.into_iter().map(|(tile, zoom)| (tile, in_figure(zoom))).collect();
        self.boards.colour_by(seen.colours);
        self.boards.maximised = seen.maximised.filter(|_| self.boards.shown.is_some());
        if self.session.file != self.folders.workspace_file() {
            self.settings.remember_workspace(&self.session.file.clone());
        }
        self.reconcile();
    }

    /// What of the workspace is seen.
    pub(super) fn seen(&self) -> Seen {
        let whole = |(from, until): (f64, f64)| (from as i64, until as i64);
        Seen {
            table: self.selected,
            board: self.boards.shown,
            maximised: self.boards.maximised,
            zoom: self.boards.range.map(whole),
            colours: self.boards.series_colours(),
            tile_zooms: self.boards.own_ranges.iter().map(|(tile, range)| (*tile, whole(*range))).collect(),
        }
    }

    /// Takes a step: one with the steps that the same actions have taken.
    pub(super) fn step(&mut self, edit: &Edit) {
        self.step_on(edit, false);
    }

    /// As `step`; with `goes_on` it is one with the step before, such as one of a drag.
    pub(super) fn step_on(&mut self, edit: &Edit, goes_on: bool) {
        if let Err(fault) = self.bench.edit(edit, goes_on || self.session.stepped) {
            return self.notices.fault(&fault);
        }
        (self.session.stepped, self.session.draft) = (true, None);
        self.notices.end_undo();
        self.boards.changed = Some(Instant::now());
        self.boards.follow(self.bench.now());
    }

    /// Notes what has become of the tables: as a step where a person did it, else as what there is from the start.
    pub(super) fn record(&mut self) {
        let is_written = |id: &TableId| self.sheets.iter().any(|sheet| sheet.id == *id && sheet.question.is_changed());
        self.session.draft = self.session.draft.filter(is_written);
        for at in 0..self.sheets.len() {
            let Some(sheet) = self.sheets.get(at) else { return };
            let (setup, written) = (self.setup_of(sheet), sheet.question.is_changed());
            let Some(old) = self.bench.now().table(setup.id) else { continue };
            if *old == setup {
                continue;
            }
            if self.session.acting {
                // From the question that was asked to the next that is asked is one step.
                let only_text = TableSetup { question: old.question.clone(), ..setup.clone() } == *old;
                let goes_on = self.session.goes_on || only_text && self.session.draft == Some(setup.id);
                let id = setup.id;
                self.step_on(&Edit::SetTable { table: setup }, goes_on);
                self.session.draft = written.then_some(id);
            } else {
                self.bench.amend(&setup);
                self.boards.changed = Some(Instant::now());
            }
        }
    }

    /// Takes the last step back, or again, and shows what it changed.
    pub(super) fn take_back(&mut self, back: bool) {
        let before = self.bench.now().clone();
        if !if back { self.bench.undo() } else { self.bench.redo() } {
            return;
        }
        self.session.draft = None;
        self.notices.end_undo();
        // What becomes of the tables by it is no step on top of it.
        self.session.end_step();
        self.reconcile();
        self.boards.follow(self.bench.now());
        self.show_change(&before);
        self.save_workspace();
    }

    /// Shows where two benches differ.
    fn show_change(&mut self, before: &Bench) {
        let now = self.bench.now().clone();
        // Whether its feeds flow is seen wherever its tiles are.
        let is_same = |table: &TableSetup| {
            before.table(table.id).is_some_and(|old| TableSetup { stopped: table.stopped, ..old.clone() } == *table)
        };
        let table = now.tables.iter().find(|table| !is_same(table));
        let board = now.boards.iter().find(|board| before.board(board.id) != Some(board));
        if let Some(table) = table {
            if self.boards.shown.is_some() {
                self.bring_to_front(None);
            }
            self.session.select = Some(table.id);
            self.selected = self.sheets.iter().map(|sheet| sheet.id).find(|id| *id == table.id).or(self.selected);
        } else if let Some(board) = board.filter(|board| self.boards.shown != Some(board.id)) {
            self.bring_to_front(Some(board.id));
        }
    }

    /// Opens, closes and changes tables until they are as they are set up.
    pub(super) fn reconcile(&mut self) {
        let bench = self.bench.now().clone();
        let gone: Vec<TableId> =
            self.sheets.iter().map(|sheet| sheet.id).filter(|id| bench.table(*id).is_none()).collect();
        gone.into_iter().for_each(|id| self.close(id));
        self.session.unopened.retain(|id, _| bench.table(*id).is_some());
        // All of them are called by their names before one asks another.
        for sheet in &mut self.sheets {
            bench.table(sheet.id).into_iter().for_each(|want| sheet.call(&want.name));
        }
        self.share_tables();
        for want in &bench.tables {
            if self.sheets.iter().any(|sheet| sheet.id == want.id) {
                self.change_table(want);
            } else if self.session.unopened.get(&want.id).is_none_or(|tried| tried.paths != want.paths) {
                self.open_again(want);
            }
        }
        self.in_order();
        self.share_tables();
    }

    /// Opens a table that is set up.
    pub(super) fn open_again(&mut self, table: &TableSetup) {
        if let Some(tried) = self.session.unopened.remove(&table.id).filter(|tried| !tried.fault.place.is_empty()) {
            // It is told once more where it is still so.
            self.notices.forget_place(&tried.fault.place);
        }
        if self.session.opening.insert(table.id) {
            self.open_setup(table.clone());
        }
    }

    /// A table could not be opened: it stays set up, and says why.
    pub(super) fn not_opened(&mut self, setup: Option<&TableSetup>, fault: &Fault) {
        if let Some(setup) = setup.filter(|setup| self.session.opening.remove(&setup.id)) {
            let tried = Unopened { fault: fault.clone(), paths: setup.paths.clone() };
            self.session.unopened.insert(setup.id, tried);
            // A step may have been taken meanwhile.
            let now = self.bench.now().table(setup.id).filter(|now| now.paths != setup.paths).cloned();
            now.into_iter().for_each(|now| self.open_again(&now));
        }
    }

    /// Gives a table with feeds its number before it is open: what its feeds send is kept under it.
    pub(super) fn reserve(&mut self, setup: &mut TableSetup) {
        if setup.id.is_none() && !setup.live.is_empty() {
            setup.id = self.bench.reserve();
            setup.stopped = false;
            setup.name = self.free_name(&setup.name);
            self.session.opening.insert(setup.id);
        }
    }

    /// Where what the feeds of a table send is kept; nowhere while nothing is.
    pub(super) fn kept_in(&self, setup: &TableSetup) -> Option<KeptIn> {
        let file = self.session.writes()?;
        let folder = self.folders.stored(file, setup.id);
        let bench = self.bench.now();
        let anew = bench.table(setup.id).is_none_or(|table| table.live.is_empty());
        let askers = [OWN.to_owned()].into_iter().chain(askers(bench)).collect();
        Some(KeptIn { folder, keep: bench.retention.keep(), anew, rests: setup.stopped, askers })
    }

    /// A table as it was at the newest step that had it.
    pub(super) fn table_before(&self, id: TableId) -> Option<&TableSetup> {
        self.bench.all().filter_map(|bench| bench.table(id)).last()
    }

    /// The number of a table that was opened; `None` when it was set up and is not wanted any more.
    pub(super) fn number_of(&mut self, table: &Table, paths: &[PathBuf], setup: &TableSetup) -> Option<TableId> {
        let expected = self.session.opening.remove(&setup.id);
        if expected && self.bench.all().any(|bench| bench.table(setup.id).is_some()) {
            return self.bench.now().table(setup.id).map(|table| table.id);
        }
        let live = table.live.iter().map(|feed| feed.url.text.clone()).collect();
        let table = TableSetup { name: table.name.clone(), paths: paths.to_vec(), live, ..setup.clone() };
        self.bench.begin_with(&Edit::AddTable { table });
        self.bench.now().tables.last().map(|table| table.id)
    }

    /// A table is open. One that was set up before is selected only if it was.
    pub(super) fn placed(&mut self, id: TableId, again: bool) {
        self.in_order();
        if again && self.selected.is_some() && self.session.select != Some(id) {
            return;
        }
        self.selected = Some(id);
        self.pane = None;
        if !again {
            // A board that was made for it stays.
            let name = self.sheet_of(id).map(|sheet| sheet.table.name.clone());
            let is_of = |board: &Board| board.tiles.iter().any(|tile| Some(&tile.table) == name.as_ref());
            let bench = self.bench.now();
            self.boards.shown = self.boards.shown.filter(|shown| bench.board(*shown).is_some_and(is_of));
        }
    }

    fn in_order(&mut self) {
        let bench = self.bench.now().clone();
        self.sheets.sort_by_key(|sheet| bench.tables.iter().position(|table| table.id == sheet.id));
    }

    /// Changes an open table until it is as it is set up.
    fn change_table(&mut self, want: &TableSetup) {
        let Some(sheet) = self.sheet_of(want.id) else { return };
        let have = self.setup_of(sheet);
        if have == *want {
            return;
        }
        if have.paths != want.paths || want.live.iter().any(|url| !have.live.contains(url)) {
            // Other rows: it is read anew.
            self.close(want.id);
            return self.open_again(want);
        }
        self.change_models(&have, want);
        let wake = self.wake.clone();
        let Some(sheet) = self.sheets.iter_mut().find(|sheet| sheet.id == want.id) else { return };
        sheet.unconnected.retain(|url| want.live.contains(url));
        sheet.unread.retain(|model| want.models.contains(model));
        if (&have.time, &have.seam, &have.live) != (&want.time, &want.seam, &want.live) {
            let want = want.clone();
            sheet.retable(&wake, move |table| {
                let schema = table.schema.clone();
                let time = |setup| {
                    let TimeColumn { column, lateness } = TimeColumn::from(setup);
                    TimeColumn::new(&column, lateness, &schema, &want.name).ok()
                };
                table.time = want.time.as_ref().and_then(time);
                table.live.retain(|feed| want.live.contains(&feed.url.text));
                table.seam = Seam::from(&want.seam);
                table.disjoint = table.seam == Seam::Append;
            });
        }
        match (have.stopped, want.stopped) {
            (false, true) => sheet.stop(),
            (true, false) => sheet.start_again(&wake),
            _ => {}
        }
        if have.settings() != want.settings() {
            sheet.chart.set_settings(want.settings());
        }
        if have.question != want.question {
            sheet.proposed = want.proposed.map(|seconds| Proposed::of(&want.question, seconds));
            sheet.return_to_now();
            sheet.question.set_sql(want.question.clone());
            if sheet.question.fault.is_none() {
                sheet.ask(&wake);
            }
        }
    }

    fn change_models(&mut self, have: &TableSetup, want: &TableSetup) {
        let named = |setup: &ModelSetup, models: &[ModelSetup]| {
            models.iter().find(|other| (&other.file, &other.name) == (&setup.file, &setup.name)).cloned()
        };
        let entry = |app: &Self, name: &str| {
            app.models.under(want.id).find(|entry: &&ModelEntry| entry.name == name).map(|entry| entry.id)
        };
        for old in &have.models {
            let (Some(id), new) = (entry(self, &old.name), named(old, &want.models)) else { continue };
            match new {
                None => {
                    self.models.remove(id);
                    self.forget_guards();
                }
                Some(new) if new.guard != old.guard => match new.guard {
                    Some(guard) => self.guard_again(id, guard),
                    None => self.apply_guard(id, GuardAction::Stop),
                },
                Some(_) => {}
            }
        }
        let missing: Vec<ModelSetup> =
            want.models.iter().filter(|new| named(new, &have.models).is_none()).cloned().collect();
        self.load_models(want.id, &missing);
    }
}

/// A stretch of time, microseconds since 1970, as figures have it.
fn in_figure((from, until): (i64, i64)) -> (f64, f64) {
    (from as f64, until as f64)
}

/// A table that could not be opened.
#[derive(Debug)]
pub struct Unopened {
    pub fault: Fault,
    /// Where its files were looked for.
    paths: Vec<PathBuf>,
}

/// How long after the last step of a drag, or of what is typed, it is saved.
pub const SETTLED: Duration = Duration::from_millis(500);

impl Boards {
    /// What is seen follows what is there.
    fn follow(&mut self, bench: &Arc<Bench>) {
        self.shown = self.shown.filter(|id| bench.board(*id).is_some());
        self.presenting &= self.shown.is_some();
        self.maximised = self.maximised.filter(|id| bench.tile(*id).is_some());
        self.own_ranges.retain(|id, _| bench.tile(*id).is_some());
        let own = [&mut self.renaming, &mut self.writing, &mut self.drawing, &mut self.focus];
        for tile in own.into_iter().chain([&mut self.editing, &mut self.asking]) {
            *tile = tile.filter(|id| bench.tile(*id).is_some());
        }
    }
}
