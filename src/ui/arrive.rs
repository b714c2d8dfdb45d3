//! Taking in what jobs and runs have brought: tables, previews, saved files, snapshots, notes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::App;
use super::action::{Action, Export, Open, TableAction};
use super::first;
use super::notices::{Level, Notices, Origin};
use super::panel::audit::told as told_by_audit;
use super::picture::Picture;
use super::sheet::{Sheet, SheetId, Span, plan};
use super::widget::cells;
use super::work::{Arrival, Attach, CANCELLED, Kind};
use crate::data::{Fault, Result};
use crate::engine::open::{Found, Opened, attach_feed};
use crate::engine::table::difference;
use crate::engine::{Options, Run, Seam, Table, TimeColumn};
use crate::query::Form;
use crate::query::model::Models;
use crate::workspace::{ModelSetup, SeamSetup, TableSetup};

/// How long the first question waits for the whole span of a history before it makes do with a part.
const SPAN_WAIT: Duration = Duration::from_millis(600);
/// How often one looks whether a changed question is ready.
const TICK: Duration = Duration::from_millis(200);
/// How long it waits at most for any answer.
const SPAN_LIMIT: Duration = Duration::from_secs(5);

impl App {
    pub(super) fn take_arrivals(&mut self) {
        for arrival in self.work.arrivals() {
            match arrival {
                Arrival::Opened(opened, setup) => self.opened(opened, setup.map(|s| *s)),
                Arrival::Connected(table, setup) => self.connected(table, *setup),
                Arrival::Attached(table, to) => self.attached(table, *to),
                Arrival::Sample(Ok(path), sample) => self.open_sample(path, sample),
                Arrival::PickedOpen(Ok(paths)) if !paths.is_empty() => self.propose(Action::Open(Open::Paths(paths))),
                Arrival::PickedSave(Ok(Some(path)), export) => self.apply_export(match export {
                    Export::Chart(_, file) => Export::Chart(Some(path), file),
                    Export::Answer(_, file) => Export::Answer(Some(path), file),
                    Export::Figure(_, file) => Export::Figure(Some(path), file),
                    Export::Model(_, id) => Export::Model(Some(path), id),
                }),
                Arrival::PickedModel(picked, sheet) => self.model_picked(picked, sheet),
                Arrival::Model(Ok(saved), source) => self.model_arrived(*saved, *source),
                Arrival::Model(Err(fault), _) => self.no_model(fault),
                Arrival::Saved(Ok(path)) => {
                    self.notices.news(format!("Saved {}", path.display()));
                    if self.models.saved(&path) {
                        self.holds(&path);
                        self.keep();
                    }
                }
                Arrival::Workspaces(opened) => self.workspaces_opened(opened),
                Arrival::Kept(outcome) => self.kept(outcome),
                Arrival::KeptModel(outcome) => self.kept_model(outcome),
                Arrival::Sample(Err(fault), _)
                | Arrival::PickedOpen(Err(fault))
                | Arrival::PickedSave(Err(fault), _)
                | Arrival::Saved(Err(fault)) => self.tell(&fault),
                Arrival::PickedOpen(Ok(_)) | Arrival::PickedSave(Ok(None), _) => {}
            }
        }
    }

    /// A fault, unless it is a wish that was granted.
    pub(super) fn tell(&mut self, fault: &Fault) {
        if fault.what == CANCELLED { self.notices.news("Cancelled") } else { self.notices.fault(fault) }
    }

    fn opened(&mut self, opened: Result<Vec<Opened>>, setup: Option<TableSetup>) {
        let opened = match opened {
            Ok(opened) => opened,
            Err(fault) => return self.tell(&fault),
        };
        let mut tables: Vec<(Table, Vec<PathBuf>)> = Vec::new();
        for Opened { path, found } in opened {
            match found {
                Ok(Found::Model(saved)) => self.model_opened(*saved, path),
                Ok(Found::Table(table)) => {
                    // What was joined before is joined again.
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
                Err(fault) if fault.place.is_empty() => self.tell(&fault.at(path.display().to_string())),
                Err(fault) => self.tell(&fault),
            }
        }
        let mut setup = setup;
        for (table, paths) in tables {
            let setup = setup.take().unwrap_or_default();
            let rest = setup.live.clone();
            self.complete(table, paths, setup, rest);
        }
        self.place_models(true);
    }

    /// Attaches the feeds that a new table still lacks, one after the other, then shows it.
    fn complete(&mut self, mut table: Table, paths: Vec<PathBuf>, setup: TableSetup, mut rest: Vec<String>) {
        if !setup.name.is_empty() {
            table.name.clone_from(&setup.name);
        }
        if let Some(time) = &setup.time {
            // A column that is no longer there gives way to a guess.
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
        let job = attach_feed(table.clone(), url, self.wake.clone());
        self.work.add(Kind::Attach {
            job,
            to: Box::new(Attach::New { table: Box::new(table), paths, setup: Box::new(setup), rest }),
        });
    }

    fn connected(&mut self, table: Result<Table>, setup: TableSetup) {
        match table {
            Ok(table) => self.complete(table, Vec::new(), setup, Vec::new()),
            Err(fault) => self.tell(&fault),
        }
    }

    fn attached(&mut self, attached: Result<Table>, to: Attach) {
        if let Err(fault) = &attached {
            self.tell(fault);
        }
        match to {
            Attach::Sheet(id) => {
                let wake = self.wake.clone();
                if let (Ok(new), Some(sheet)) = (attached, self.sheets.iter_mut().find(|s| s.id == id)) {
                    // Only the face: the name, the time and the history may have changed while it was connected.
                    sheet.retable(&wake, |table| {
                        table.live = new.live;
                        if new.seam == Seam::Position {
                            table.seam = Seam::Position;
                        }
                    });
                    self.selected = Some(id);
                    if let Some(sheet) = self.sheets.iter().find(|s| s.id == id) {
                        let item = self.setup_of(sheet);
                        self.workspace.grew(item);
                    }
                    self.keep();
                }
            }
            // A table whose feed fails is still a table.
            Attach::New { table, paths, setup, rest } => self.complete(attached.unwrap_or(*table), paths, *setup, rest),
        }
    }

    /// A new sheet for `table`, selected, with its first question asked.
    fn add_table(&mut self, mut table: Table, paths: Vec<PathBuf>, setup: &TableSetup) {
        table.name = self.free_name(&table.name);
        self.next_sheet += 1;
        let id = SheetId(self.next_sheet);
        self.offer_join(id, &table);
        let mut sheet = Sheet::new(id, table, paths);
        sheet.picture.choose_mark(&setup.mark);
        self.load_models(id, &self.models_of(&sheet, setup));
        self.begin(&mut sheet, &setup.question);
        self.sheets.push(sheet);
        self.selected = Some(id);
        self.pane = None;
        self.place_models(false);
        if let Some(sheet) = self.sheet() {
            let item = self.setup_of(sheet);
            self.workspace.remember(item);
        }
        self.keep();
    }

    /// The models that come with a table: a file that is opened by itself brings those that were learnt from it before.
    fn models_of(&self, sheet: &Sheet, setup: &TableSetup) -> Vec<ModelSetup> {
        if !setup.paths.is_empty() || !sheet.table.live.is_empty() {
            return setup.models.clone();
        }
        let known = self.workspace.recent.iter().find(|old| old.paths == sheet.paths && old.live.is_empty());
        let given = |model: &&ModelSetup| !self.homeless.iter().any(|waiting| waiting.is_of(&model.file));
        known.iter().flat_map(|old| &old.models).filter(given).cloned().collect()
    }

    fn free_name(&self, name: &str) -> String {
        let taken = |name: &str| self.sheets.iter().any(|s| s.table.name.eq_ignore_ascii_case(name));
        let numbered = (2..).map(|n| format!("{name}_{n}"));
        std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_else(|| name.to_owned())
    }

    fn offer_join(&mut self, id: SheetId, table: &Table) {
        let same = self.sheets.iter().find(|s| {
            difference(&s.table.schema, &table.schema).is_none()
                && !s.table.history.is_empty()
                && !table.history.is_empty()
        });
        if let Some(other) = same {
            let what = format!("{} has the same columns as {}", table.name, other.table.name);
            let action = Action::Table(other.id, TableAction::Join(id));
            self.notices.offer(what, format!("Join into {}", other.table.name), action);
        }
    }

    /// The question that comes with the table, or the first that fits: for a window one must first know how much time
    /// there is.
    fn begin(&mut self, sheet: &mut Sheet, question: &str) {
        sheet.others = self.sheets.iter().map(|s| s.table.clone()).collect();
        sheet.models = self.models.known().clone();
        if !question.is_empty() {
            sheet.question.set_sql(question.to_owned());
            return sheet.ask(&self.wake);
        }
        let probe = first::probe(&sheet.table).filter(|_| !sheet.table.history.is_empty());
        if let Some(probe) = probe {
            let table = Table { live: Vec::new(), seam: Seam::Append, ..Table::clone(&sheet.table) };
            let table = std::sync::Arc::new(table);
            let options = Options { pieces: probe.pieces, ..Options::default() };
            let run = plan(&probe.sql, &table, &[], &Models::default())
                .and_then(|bound| Run::start(bound.plan, table, options, self.wake.clone()));
            if let Ok(run) = run {
                sheet.span = Some(Span { run, since: Instant::now(), of_time: probe.pieces.is_none() });
                return;
            }
        }
        let form = first::question(&sheet.table, first::live_size(&sheet.table));
        first_question(sheet, form, &self.wake);
    }

    /// Looks at every run once.
    pub(super) fn look_at_runs(&mut self, ctx: &Context) {
        let runs: Vec<_> = self.sheets.iter().map(|s| (s.id, s.watch.run_number)).collect();
        self.notices.forget_runs(&runs);
        if let Some(left) = self.notices.fade() {
            ctx.request_repaint_after(left);
        }
        for sheet in &mut self.sheets {
            if let Some(form) = sheet.span.as_ref().and_then(|span| guessed(&sheet.table, span)) {
                if let Some(seen) = sheet
                    .span
                    .take()
                    .filter(|span| span.of_time)
                    .and_then(|span| span.run.latest())
                    .filter(|seen| seen.last)
                {
                    sheet.ends = cells::micros(&seen.answer, 1, 0).map(|at| (sheet.table.history.len(), at));
                }
                // Who has begun to write already is not interrupted.
                if sheet.question.sql.is_empty() {
                    first_question(sheet, form, &self.wake);
                }
            } else if sheet.span.is_some() {
                ctx.request_repaint_after(SPAN_WAIT);
            }
            sheet.classify();
            if sheet.look() {
                tell_news(sheet, &mut self.notices);
            }
            if let Some(shown) = sheet.watch.shown.clone() {
                let of = (sheet.watch.shown_run, &sheet.watch.shown_windows);
                sheet.picture.look(&shown, shown.history_share(), of, &self.wake);
            }
            match &sheet.watch.next {
                Some(next) => {
                    if let Some(newest) = &next.newest {
                        sheet.preview.look(newest, next.share(), (next.number, &next.windows), &self.wake);
                    }
                    // It may be ready without anything new to look at.
                    ctx.request_repaint_after(TICK);
                }
                None if sheet.preview.figure().is_some() => sheet.preview = Picture::default(),
                None => {}
            }
            self.costs.note(sheet);
        }
    }
}

/// The question that fits what the probe has seen; `None` while it is worth waiting.
fn guessed(table: &Table, span: &Span) -> Option<Form> {
    if span.of_time {
        return span_size(span).map(|size| first::question(table, size));
    }
    let seen = span.run.latest().filter(|seen| seen.last);
    if seen.is_none() && span.since.elapsed() <= SPAN_LIMIT {
        return None;
    }
    let fitting = seen.and_then(|seen| first::question_by(table, &seen.answer));
    Some(fitting.unwrap_or_else(|| first::question(table, first::live_size(table))))
}

fn first_question(sheet: &mut Sheet, form: Form, wake: &crate::sync::Wake) {
    sheet.question.set_form(form);
    sheet.ask(wake);
}

/// The window size that fits what the probe has seen; `None` while it is worth waiting.
fn span_size(span: &Span) -> Option<&'static str> {
    let waited = span.since.elapsed();
    let Some(seen) = span.run.latest() else { return (waited > SPAN_LIMIT).then_some("1 day") };
    if !seen.last && waited < SPAN_WAIT {
        return None;
    }
    let (first, last) = (cells::micros(&seen.answer, 0, 0), cells::micros(&seen.answer, 1, 0));
    let Some((first, last)) = first.zip(last) else { return (seen.last || waited > SPAN_LIMIT).then_some("1 day") };
    // A file in order of time has shown as much of its span as of its bytes, a shuffled one all of it: something
    // between.
    let seconds = last.saturating_sub(first) as f64 / 1e6;
    Some(first::size_for(seconds / seen.history_share().max(1e-3).sqrt()))
}

/// The key of what an audit that found differences says.
const AUDIT: &str = "audit";

/// The key of what speaks against the seam.
const SEAM: &str = "seam";

/// Tells what the newest snapshot has to say, once, and takes back what it no longer says.
fn tell_news(sheet: &mut Sheet, notices: &mut Notices) {
    let Some(newest) = sheet.watch.newest.clone() else { return };
    let run = sheet.watch.run_number;
    let origin = |key: &str| Origin::Run { sheet: sheet.id, run, key: key.to_owned() };
    // The last notes are those of feeds in trouble, one a feed; their words change while it lasts.
    let (lasting, troubles) = newest.notes.split_at(newest.notes.len().saturating_sub(newest.troubled));
    // So do the words of what speaks against the seam, where there is something better with one click.
    let overlap = sheet.better_seam();
    let doubt = overlap.map(|overlap| Fault::new(overlap.why())).or_else(|| newest.seam.warnings.first().cloned());
    let feed = |note: &str| sheet.table.live.iter().map(|f| f.url.shown()).find(|name| note.starts_with(name.as_str()));
    let troubles: Vec<(String, &String)> =
        troubles.iter().map(|note| (format!("trouble {}", feed(note).unwrap_or_default()), note)).collect();
    let fault = newest.fault.as_ref().map(|fault| (fault.to_string(), fault));
    let disproved = newest.audit.as_ref().filter(|audit| audit.differences > 0).map(told_by_audit);
    let keys: BTreeSet<String> = lasting
        .iter()
        .cloned()
        .chain(doubt.iter().map(|_| SEAM.to_owned()))
        .chain(troubles.iter().map(|(key, _)| key.clone()))
        .chain(fault.iter().map(|(key, _)| key.clone()))
        .chain(disproved.iter().map(|_| AUDIT.to_owned()))
        .collect();
    notices.hold(sheet.id, run, &keys);
    // What is over can come again.
    sheet.told.retain(|key| keys.contains(key));
    if let Some((key, fault)) = fault
        && sheet.told.insert(key.clone())
    {
        notices.said(origin(&key), Level::Error, fault);
    }
    if let Some(what) = disproved
        && (sheet.told.insert(AUDIT.to_owned()) || notices.shows(&origin(AUDIT)))
    {
        notices.said(origin(AUDIT), Level::Error, &Fault::new(what).at(sheet.table.name.clone()));
    }
    if let Some(doubt) = doubt
        && (sheet.told.insert(SEAM.to_owned()) || notices.shows(&origin(SEAM)))
    {
        let offer = overlap.map(|overlap| {
            ("Let live begin where history ends".to_owned(), Action::Table(sheet.id, TableAction::Seam(overlap.seam())))
        });
        notices.said_with(origin(SEAM), Level::Warning, &doubt.at(sheet.table.name.clone()), offer);
    }
    for note in lasting {
        if sheet.told.insert(note.clone()) {
            notices.said(origin(note), Level::Warning, &Fault::new(note.clone()).at(sheet.table.name.clone()));
        }
    }
    for (key, note) in troubles {
        if sheet.told.insert(key.clone()) || notices.shows(&origin(&key)) {
            notices.said(origin(&key), Level::Warning, &Fault::new(note.clone()).at(sheet.table.name.clone()));
        }
    }
}
