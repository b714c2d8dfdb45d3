//! The one place where actions are carried out, in small groups.

use std::path::PathBuf;
use std::time::Duration;

use eframe::egui::Context;
use polars::prelude::TimeUnit;

use super::action::{
    Action, AnswerFile, Chart, Cost, Export, Feed, Open, Pane, Question, Rewind, RunAction, Sample, TableAction, Window,
};
use super::feed::FeedForm;
use super::sheet::SheetId;
use super::study::Study;
use super::teach::MODEL;
use super::work::{Attach, Kind};
use super::{App, classes, dialog, first, picture};
use crate::data::Fault;
use crate::data::format::parse_datetime;
use crate::engine::open::{Given, attach_feed, open_feed, open_paths, preview_feed, save_answer, save_sealed};
use crate::engine::table::difference;
use crate::engine::{Job, Seam, Table};
use crate::query::Query;
use crate::workspace::{TableSetup, sample_path};

impl App {
    pub(super) fn apply(&mut self, ctx: &Context, action: Action) {
        self.introduce();
        match action {
            Action::Open(open) => self.apply_open(open),
            Action::Table(id, action) => self.apply_table(id, action),
            Action::Question(question) => self.apply_question(question),
            Action::Run(action) => self.apply_run(action),
            Action::Chart(chart) => self.apply_chart(chart),
            Action::Rewind(rewind) => self.apply_rewind(rewind),
            Action::Cost(cost) => self.apply_cost(cost),
            Action::Feed(feed) => self.apply_feed(feed),
            Action::Learn(learn) => self.apply_learn(learn),
            Action::Load(load) => self.apply_load(load),
            Action::Model(id, action) => self.apply_model(id, action),
            Action::Guard(id, guard) => self.apply_guard(id, guard),
            Action::Report(report) => self.apply_report(report),
            Action::Export(export) => self.apply_export(export),
            Action::Agree(agree) => self.apply_consent(agree),
            Action::Window(window) => self.apply_window(ctx, window),
        }
    }

    /// Tells each sheet of the other tables, which its question may join.
    pub(super) fn introduce(&mut self) {
        let all: Vec<_> = self.sheets.iter().map(|s| s.table.clone()).collect();
        for sheet in &mut self.sheets {
            sheet.others = all.iter().filter(|t| !std::sync::Arc::ptr_eq(t, &sheet.table)).cloned().collect();
            sheet.models = self.models.known().clone();
        }
    }

    fn apply_open(&mut self, open: Open) {
        let wake = self.wake.clone();
        match open {
            Open::Paths(paths) => {
                // What is remembered is found from any folder.
                let paths = paths.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)).collect();
                let paths = self.open_workspaces(paths);
                if !paths.is_empty() {
                    self.work.add(Kind::Open { job: open_paths(paths, wake), setup: None });
                }
            }
            Open::Setup(setup) => self.open_setup(setup),
            Open::PickFiles => {
                let job = Job::start("choose files", wake, |_| dialog::pick_files());
                self.work.add(Kind::PickOpen(job));
            }
            Open::PickFolder => {
                let job = Job::start("choose a folder", wake, |_| dialog::pick_folder());
                self.work.add(Kind::PickOpen(job));
            }
            Open::Sample(sample) => {
                let folders = self.folders.clone();
                let job = Job::start("sample", wake, move |_| sample_path(&folders));
                self.work.add(Kind::Sample { job, sample });
            }
            Open::Cancel(id) => self.work.cancel(id),
        }
    }

    /// Opens something again: its files, or the feed it lives on.
    pub(super) fn open_agreed(&mut self, setup: TableSetup) {
        let wake = self.wake.clone();
        if !setup.paths.is_empty() {
            let job = open_paths(setup.paths.clone(), wake);
            self.work.add(Kind::Open { job, setup: Some(Box::new(setup)) });
        } else if !setup.live.is_empty() {
            let job = open_feed(given(&setup), wake);
            self.work.add(Kind::Connect { job, setup: Box::new(setup) });
        }
    }

    fn apply_table(&mut self, id: SheetId, action: TableAction) {
        match action {
            TableAction::Select => self.selected = Some(id),
            TableAction::Remove => self.remove(id),
            TableAction::Stop => {
                if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == id) {
                    sheet.stop();
                }
            }
            TableAction::Follow(follow) => {
                if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == id) {
                    sheet.follow = follow;
                }
                return;
            }
            TableAction::Learn => self.learn(id),
            TableAction::LoadModel(file) => return self.load_model(id, file),
            TableAction::Join(from) => self.join(id, from),
            TableAction::Time(time) => self.retable(id, |table| table.time = time),
            TableAction::Seam(seam) => {
                let mut met = Ok(());
                self.retable(id, |table| {
                    // Who chooses it says so.
                    table.disjoint = seam == Seam::Append;
                    met = table.meet(seam);
                });
                if let Err(fault) = met {
                    self.tell(&fault);
                }
            }
            TableAction::Detach(url) => self.retable(id, |table| table.live.retain(|feed| feed.url.text != url)),
        }
        self.keep();
    }

    fn retable(&mut self, id: SheetId, change: impl FnOnce(&mut Table)) {
        let wake = self.wake.clone();
        if let Some(sheet) = self.sheets.iter_mut().find(|s| s.id == id) {
            sheet.retable(&wake, change);
        }
    }

    fn remove(&mut self, id: SheetId) {
        let at = self.sheets.iter().position(|s| s.id == id).unwrap_or(0);
        self.sheets.retain(|s| s.id != id);
        self.models.remove_under(id);
        self.forget_lessons(id);
        if self.selected == Some(id) {
            let neighbour = self.sheets.get(at).or(self.sheets.last());
            self.selected = neighbour.map(|s| s.id);
            self.pane = None;
        }
    }

    fn join(&mut self, into: SheetId, from: SheetId) {
        let Some(other) = self.sheets.iter().find(|s| s.id == from) else { return };
        let (table, paths) = (other.table.clone(), other.paths.clone());
        let Some(target) = self.sheets.iter_mut().find(|s| s.id == into) else { return };
        if let Some(difference) = difference(&target.table.schema, &table.schema) {
            let fault =
                Fault::new(format!("{} and {} have different columns: {difference}", target.table.name, table.name))
                    .hint("join tables whose columns have the same names and types");
            self.notices.fault(&fault);
            return;
        }
        target.paths.extend(paths);
        let wake = self.wake.clone();
        target.retable(&wake, |t| t.history.extend(table.history.iter().cloned()));
        self.remove(from);
        self.selected = Some(into);
    }

    fn apply_question(&mut self, question: Question) {
        let wake = self.wake.clone();
        match question {
            Question::Ask => self.ask(),
            Question::Sql(sql) => {
                if let Some(sheet) = self.sheet_mut() {
                    sheet.question.set_sql(sql);
                }
            }
            Question::Form { form, ask } => {
                if let Some(sheet) = self.sheet_mut() {
                    if ask {
                        // What was done is one step to undo; what is being typed goes on.
                        sheet.question.step();
                    }
                    sheet.question.set_form(*form);
                    if ask && sheet.question.fault.is_none() && sheet.question.is_changed() {
                        sheet.ask(&wake);
                    }
                }
            }
            Question::Cheaper(number) => {
                if let Some(sheet) = self.sheet_mut()
                    && let Some(sql) = classes::cheapened(&sheet.question.sql, number)
                {
                    sheet.question.step();
                    sheet.question.set_sql(sql);
                    sheet.ask(&wake);
                }
            }
            Question::Undo | Question::Redo => {
                if let Some(sheet) = self.sheet_mut() {
                    let moved = if question == Question::Undo { sheet.question.undo() } else { sheet.question.redo() };
                    if moved && sheet.question.fault.is_none() {
                        sheet.ask(&wake);
                    }
                }
            }
        }
    }

    /// Asks what is written, of the table that it names.
    fn ask(&mut self) {
        let wake = self.wake.clone();
        let names: Vec<String> = self.sheets.iter().map(|s| s.table.name.clone()).collect();
        let Some(sheet) = self.sheet_mut() else { return };
        let sql = sheet.question.sql.clone();
        let clause = match Query::parse(&sql) {
            Ok(query) => query.table,
            Err(fault) => {
                sheet.question.fault = Some(fault);
                return;
            }
        };
        if same_name(&clause.sql, &sheet.table.name) {
            sheet.ask(&wake);
        } else if let Some(at) = names.iter().position(|name| same_name(&clause.sql, name)) {
            // The question is about another open table: it goes there.
            let back = sheet.question.asked.clone();
            sheet.question.set_sql(back);
            if let Some(other) = self.sheets.get_mut(at) {
                other.question.set_sql(sql);
                other.ask(&wake);
                self.selected = Some(other.id);
            }
        } else {
            let span = clause.at..clause.at + clause.sql.len();
            let hint = format!("the open tables are {}", names.join(", "));
            sheet.question.fault =
                Some(Fault::new(format!("there is no table {}", clause.sql)).at("FROM").hint(hint).span(span));
        }
        self.keep();
    }

    fn apply_run(&mut self, action: RunAction) {
        let Some(sheet) = self.sheet_mut() else { return };
        match action {
            RunAction::Pause => sheet.watch.pause(),
            RunAction::Resume => sheet.watch.resume(),
            RunAction::Stop => sheet.stop(),
            RunAction::Readmit => sheet.watch.readmit(),
            RunAction::ShowNow => {
                if sheet.watch.swap() {
                    sheet.told.clear();
                }
            }
            RunAction::KeepOld => sheet.keep_old(false),
        }
    }

    fn apply_rewind(&mut self, rewind: Rewind) {
        let wake = self.wake.clone();
        let Some(sheet) = self.sheet_mut() else { return };
        let fault = match rewind {
            Rewind::To(stretch) => sheet.rewind(stretch, &wake).err(),
            Rewind::Now => {
                sheet.return_to_now();
                None
            }
        };
        match fault {
            Some(fault) => self.notices.fault(&fault),
            None => self.pane = self.pane.filter(|pane| *pane != Pane::Rewind),
        }
    }

    fn apply_cost(&mut self, cost: Cost) {
        match cost {
            Cost::Cancel => self.costs.cancel(),
            Cost::Choose(id) => self.costs.choose(id),
            Cost::Against(against) => self.costs.draw_against(against),
            Cost::Measure => {
                let Some(sheet) = self.sheets.iter().find(|s| Some(s.id) == self.selected) else { return };
                if let Err(fault) = self.costs.measure(sheet, &self.wake) {
                    self.costs.fault = Some(fault);
                }
            }
        }
    }

    fn learn(&mut self, id: SheetId) {
        let Some(sheet) = self.sheets.iter().find(|s| s.id == id) else { return };
        match Study::begin(sheet, &self.wake) {
            Ok(study) => {
                self.study = Some(study);
                self.pane = Some(Pane::Lateness);
            }
            Err(fault) => self.notices.fault(&fault),
        }
    }

    fn apply_chart(&mut self, chart: Chart) {
        let Some(sheet) = self.sheet_mut() else { return };
        match chart {
            Chart::View(view) => sheet.picture.set_view(view),
            chart => sheet.picture.choose(chart),
        }
    }

    fn apply_feed(&mut self, feed: Feed) {
        match feed {
            Feed::Begin(into) => self.feed = Some(FeedForm::new(into)),
            Feed::Close => self.feed = None,
            Feed::Edit(draft) => {
                if let Some(form) = &mut self.feed {
                    if form.draft.kind != draft.kind {
                        // What was said of another kind of feed says nothing of this one.
                        (form.test, form.tested) = (None, None);
                    }
                    form.draft = *draft;
                }
            }
            Feed::Test => {
                let wake = self.wake.clone();
                if let Some(form) = &mut self.feed {
                    let url = form.draft.url();
                    form.tested = None;
                    form.test = Some((url.clone(), preview_feed(url, wake)));
                }
            }
            Feed::Add => self.add_feed(),
        }
    }

    /// The form is done: the feed becomes a table's live face or a table of its own.
    fn add_feed(&mut self) {
        let Some(mut form) = self.feed.take() else { return };
        let url = form.draft.url();
        if let Err(fault) = form.draft.check() {
            form.tested = Some((url, Err(fault)));
            self.feed = Some(form);
            return;
        }
        let target = form.draft.into.and_then(|id| self.sheets.iter().find(|s| s.id == id));
        if let Some(sheet) = target {
            let job = attach_feed(Table::clone(&sheet.table), url, self.wake.clone());
            self.work.add(Kind::Attach { job, to: Box::new(Attach::Sheet(sheet.id)) });
        } else {
            self.open_setup(TableSetup { name: first::feed_name(&url), live: vec![url], ..TableSetup::default() });
        }
    }

    pub(super) fn apply_export(&mut self, export: Export) {
        let wake = self.wake.clone();
        let of_pane = matches!(export, Export::Figure(..));
        match export {
            Export::Chart(None, file) => self.ask_where(Export::Chart(None, file), "chart", file.extension()),
            Export::Figure(None, file) => self.ask_where(Export::Figure(None, file), "figure", file.extension()),
            Export::Model(None, id) => self.ask_where(Export::Model(None, id), "model", MODEL),
            Export::Model(Some(path), id) => self.save_model(id, with_extension(path, MODEL)),
            Export::Answer(None, file) => self.ask_where(Export::Answer(None, file), "answer", file.extension()),
            Export::Chart(Some(path), file) | Export::Figure(Some(path), file) => {
                let picture = match self.pane {
                    Some(Pane::Guard) if of_pane => self.guards.shown().map(|g| &g.picture),
                    _ if of_pane => self.report.as_ref().map(|r| &r.picture),
                    _ => self.sheet().map(|s| &s.picture),
                };
                let Some(figure) = picture.and_then(picture::Picture::figure) else {
                    self.notices.fault(&Fault::new("there is no chart to save yet").hint("ask a question first"));
                    return;
                };
                let path = with_extension(path, file.extension());
                let job = Job::start("save the chart", wake, move |_| picture::export(&figure, &path).map(|()| path));
                self.work.add(Kind::Save(job));
            }
            Export::Answer(Some(path), file) => {
                let Some(shown) = self.sheet().and_then(|s| s.watch.shown.clone()) else {
                    self.notices.fault(&Fault::new("there is no answer to save yet").hint("ask a question first"));
                    return;
                };
                let path = with_extension(path, AnswerFile::extension(file));
                let job = match &shown.sealed {
                    Some(sealed) => save_sealed(sealed.clone(), path, self.formulas, wake),
                    None => save_answer(shown.answer.clone(), path, self.formulas, wake),
                };
                self.work.add(Kind::Save(job));
            }
        }
    }

    fn ask_where(&mut self, export: Export, what: &str, extension: &'static str) {
        let model = match export {
            Export::Model(_, id) => Some(id),
            Export::Figure(..) if self.pane == Some(Pane::Guard) => self.guards.shown().map(|sentry| sentry.model),
            Export::Figure(..) => self.report.as_ref().map(|report| report.model),
            _ => None,
        };
        let model = model.and_then(|id| self.models.get(id)).map(|entry| entry.name.clone());
        let of = model.or_else(|| self.sheet().map(|s| s.table.name.clone())).unwrap_or_else(|| "braid".to_owned());
        let name = format!("{of}-{what}.{extension}");
        let downloads = self.folders.downloads.clone();
        let job =
            Job::start("choose a file", self.wake.clone(), move |_| dialog::save_file(&name, extension, &downloads));
        self.work.add(Kind::PickSave { job, export });
    }

    fn apply_window(&mut self, ctx: &Context, window: Window) {
        match window {
            Window::Dismiss(id) => self.notices.dismiss(id),
            Window::Show(pane) => self.pane = Some(pane),
            Window::Hide => self.pane = None,
            Window::Formulas(formulas) => self.formulas = formulas,
            Window::Tab(tab) => self.tab = tab,
            Window::Copy(text) => ctx.copy_text(text),
            Window::Theme(theme) => {
                self.workspace.theme = theme;
                self.dress(ctx);
                self.keep();
            }
            Window::ForgetRecent => {
                self.workspace.recent.clear();
                self.keep();
            }
        }
    }

    /// The samples, as they would have been opened by hand.
    pub(super) fn open_sample(&mut self, path: PathBuf, sample: Sample) {
        let time = Some(crate::workspace::TimeSetup { column: "date".to_owned(), lateness_ms: 10_000 });
        let file = path.display().to_string();
        match sample {
            Sample::History => self.apply_open(Open::Paths(vec![path])),
            Sample::Live => {
                let live = vec![format!("replay:{file}?speed=43200")];
                self.open_setup(TableSetup { name: "flights_live".to_owned(), live, time, ..TableSetup::default() });
            }
            Sample::Both => {
                let cut = crate::workspace::SAMPLE_CUT;
                let seam = parse_datetime(cut, TimeUnit::Microseconds).map_or(Seam::Append, Seam::Time);
                let live = vec![format!("replay:{file}?from={cut}&speed=7200")];
                let setup = TableSetup {
                    name: "flights_both".to_owned(),
                    paths: vec![path],
                    live,
                    time,
                    seam: (&seam).into(),
                    ..TableSetup::default()
                };
                self.open_setup(setup);
            }
        }
    }
}

/// What the engine is told about a table of feeds.
fn given(setup: &TableSetup) -> Given {
    Given {
        name: setup.name.clone(),
        live: setup.live.clone(),
        time: setup.time.as_ref().map(|t| t.column.clone()),
        lateness: setup.time.as_ref().map(|t| Duration::from_millis(t.lateness_ms)),
        ..Given::default()
    }
}

/// Whether `sql`, as it stands after FROM, names the table `name`.
fn same_name(sql: &str, name: &str) -> bool {
    let sql = sql.trim();
    match sql.strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\"") == name,
        None => sql.eq_ignore_ascii_case(name),
    }
}

fn with_extension(path: PathBuf, extension: &str) -> PathBuf {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension)) {
        return path;
    }
    let mut name = path.into_os_string();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}
