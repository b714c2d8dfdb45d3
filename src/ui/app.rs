//! The window's state and its frame: poll runs and jobs, paint, then carry out the proposed actions.
//! The same `App` is driven by eframe, by tests and by the frame benchmark.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{self, Context, Id, Pos2, Ui};

use super::action::{Action, OpenAction, Pane, Tab};
use super::autosave::Autosave;
use super::board::Boards;
use super::consent::Consent;
use super::cost::Costs;
use super::feed::{FeedDraft, FeedForm};
use super::guard::Guards;
use super::jobs::Jobs;
use super::lateness::LatenessProfile;
use super::load::{LoadForm, UnplacedModel};
use super::models::ModelList;
use super::notices::Notices;
use super::path::PathForm;
use super::report::OpenReport;
use super::session::Session;
use super::storage::Storage;
use super::train::TrainForm;
use super::watch::{RunState, Watch};
use super::widget::numbers;
use super::worksheet::Worksheet;
use super::{focus, keys, look, panel};
use crate::data::format::Formulas;
use crate::sync::Wake;
use crate::workspace::bench::{Bench, BenchHistory, KnownQuestions};
use crate::workspace::{Folders, OpenedWorkspace, Settings, TableId, Theme};

/// The interval of painting while nothing but a rate or a lag changes.
const TICK: Duration = Duration::from_millis(250);

/// What an `App` is created with.
#[derive(Debug)]
pub struct AppOptions {
    pub folders: Folders,
    pub settings: Settings,
    pub workspace: OpenedWorkspace,
    /// Hosts that setups saved elsewhere may connect to.
    pub agreed: BTreeSet<String>,
    /// Files, folders and feeds to open.
    pub open: Vec<Action>,
}

/// The window.
#[derive(Debug)]
pub struct App {
    pub(super) folders: Folders,
    pub(super) settings: Settings,
    /// What is set up, and the steps that led to it.
    pub(super) bench: BenchHistory,
    pub(super) session: Session,
    pub(super) storage: Storage,
    /// Closing is not asked about any more.
    pub(super) quits: bool,
    pub(super) sheets: Vec<Worksheet>,
    pub(super) selected: Option<TableId>,
    pub(super) jobs: Jobs,
    pub(super) notices: Notices,
    pub(super) feed: Option<FeedForm>,
    pub(super) pane: Option<Pane>,
    pub(super) costs: Costs,
    pub(super) lateness_profile: Option<LatenessProfile>,
    pub(super) train_form: Option<TrainForm>,
    pub(super) loading: Option<LoadForm>,
    /// Models that wait for a table.
    pub(super) unplaced_models: Vec<UnplacedModel>,
    pub(super) models: ModelList,
    pub(super) report: Option<OpenReport>,
    pub(super) guards: Guards,
    pub(super) autosave: Autosave,
    pub(super) consent: Consent,
    pub(super) boards: Boards,
    /// The questions that others ask by their names.
    pub(super) named: KnownQuestions,
    /// The chart of the question is being set in the pane beside it.
    pub(super) drawing: bool,
    /// What CSV does with formulas.
    pub(super) formulas: Formulas,
    pub(super) tab: Tab,
    pub(super) path: PathForm,
    /// Where the pointer is, while it is over the window.
    pub(super) pointer: Option<Pos2>,
    /// Whether the window has no room for all panels.
    pub(super) low: bool,
    /// What has the keyboard's focus.
    pub(super) focused: Option<Id>,
    /// The table whose name is being written.
    pub(super) naming: Option<TableId>,
    /// What was filled into the form for a feed, until it is connected.
    pub(super) feed_draft: Option<FeedDraft>,
    pub(super) wake: Wake,
    pub(super) proposed: Vec<Action>,
}

impl App {
    /// A window that will be painted into `ctx`. Needs no display.
    pub fn new(ctx: &Context, options: AppOptions) -> Self {
        look::install(ctx);
        let bell = ctx.clone();
        let mut app = Self {
            boards: Boards::default(),
            named: KnownQuestions::default(),
            drawing: false,
            folders: options.folders,
            settings: options.settings,
            bench: BenchHistory::default(),
            session: Session::default(),
            storage: Storage::default(),
            quits: false,
            sheets: Vec::new(),
            selected: None,
            jobs: Jobs::default(),
            notices: Notices::default(),
            feed: None,
            pane: None,
            costs: Costs::default(),
            lateness_profile: None,
            train_form: None,
            loading: None,
            unplaced_models: Vec::new(),
            models: ModelList::default(),
            report: None,
            guards: Guards::default(),
            autosave: Autosave::default(),
            consent: Consent::new(options.agreed),
            formulas: Formulas::default(),
            tab: Tab::default(),
            pointer: None,
            path: PathForm::default(),
            low: false,
            focused: None,
            naming: None,
            feed_draft: None,
            wake: Wake::new(move || bell.request_repaint()),
            proposed: options.open,
        };
        app.apply_theme(ctx);
        app.take_workspace(options.workspace);
        app
    }

    /// An empty window that keeps its files in `root`: for tests and benchmarks.
    pub fn headless(ctx: &Context, root: impl Into<PathBuf>) -> Self {
        let folders = Folders::inside(root);
        Self::new(
            ctx,
            AppOptions {
                workspace: OpenedWorkspace::empty(folders.workspace_file()),
                settings: Settings::default(),
                folders,
                agreed: BTreeSet::new(),
                open: Vec::new(),
            },
        )
    }

    /// Proposes an action; it is carried out after the next frame.
    pub fn propose(&mut self, action: Action) {
        self.proposed.push(action);
        self.wake.ring();
    }

    /// Polls runs and jobs. It paints nothing, so that it also runs while the window is hidden.
    pub fn logic(&mut self, ctx: &Context) {
        numbers::show_in(self.settings.zone);
        self.pointer = ctx.input(|i| i.pointer.latest_pos());
        self.take_outcomes();
        self.poll_runs(ctx);
        self.propose_anew();
        self.first_boards();
        self.share_tables();
        self.poll_tiles();
        if let Some(feed) = &mut self.feed {
            feed.poll();
        }
        if let Some(profile) = &mut self.lateness_profile {
            profile.poll();
        }
        self.storage.poll();
        self.follow_retention();
        self.path.poll();
        self.poll_training();
        self.poll_guards();
        self.autosave_models();
        self.costs.poll();
        let flows = |watch: &Watch| {
            matches!(watch.state(), RunState::Live | RunState::Reconnecting | RunState::Paused) && watch.is_running()
        };
        if self.boards.flows(self.board()) || self.sheets.iter().any(|s| flows(&s.watch) || flows(s.running())) {
            ctx.request_repaint_after(TICK);
        }
    }

    /// Paints one frame into the root `ui`, then carries out what the panels have proposed.
    pub fn show(&mut self, ui: &mut Ui) {
        numbers::show_in(self.settings.zone);
        self.note_window(ui.ctx());
        self.ask_before_quitting(ui.ctx());
        let room = ui.ctx().content_rect().size();
        self.low = room.x < look::ROOMY.x || room.y < look::ROOMY.y;
        self.focused = focus::focused(ui.ctx());
        let mut actions = std::mem::take(&mut self.proposed);
        keys::read(ui.ctx(), self, &mut actions);
        let dropped: Vec<PathBuf> = ui.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
        if !dropped.is_empty() {
            actions.push(Action::Open(OpenAction::Paths(dropped)));
        }
        panel::app_ui(ui, self, &mut actions);
        let ctx = ui.ctx().clone();
        focus::ring(&ctx);
        let acted = !actions.is_empty();
        if acted {
            self.record();
            self.session.begin_step();
            for action in actions {
                self.apply(&ctx, action);
            }
            self.record();
            self.session.end_step();
            ctx.request_repaint();
        }
        focus::follow(&ctx, self.has_over(), acted);
    }

    /// Whether something lies over the window.
    pub(super) fn has_over(&self) -> bool {
        self.pane.is_some() || self.feed.is_some() || !self.consent.waiting().is_empty()
    }

    /// What is set up.
    pub fn bench(&self) -> &Arc<Bench> {
        self.bench.now()
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The open tables, in the order of the panel.
    pub fn sheets(&self) -> &[Worksheet] {
        &self.sheets
    }

    /// That of the selected table.
    pub fn sheet(&self) -> Option<&Worksheet> {
        self.sheet_of(self.selected?)
    }

    pub fn sheet_of(&self, table: TableId) -> Option<&Worksheet> {
        self.sheets.iter().find(|sheet| sheet.id == table)
    }

    pub fn sheet_named(&self, table: &str) -> Option<&Worksheet> {
        self.sheets.iter().find(|sheet| sheet.table.name == table)
    }

    pub(super) fn sheet_mut(&mut self, id: TableId) -> Option<&mut Worksheet> {
        self.sheets.iter_mut().find(|sheet| sheet.id == id)
    }

    /// The costs of this session's questions.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// How late the rows of one table come, and what each lateness would cost.
    pub fn lateness_profile(&self) -> Option<&LatenessProfile> {
        self.lateness_profile.as_ref()
    }

    /// The training that is being set up or is running.
    pub fn train_form(&self) -> Option<&TrainForm> {
        self.train_form.as_ref()
    }

    /// The model that is about to be loaded.
    pub fn loading(&self) -> Option<&LoadForm> {
        self.loading.as_ref()
    }

    pub fn models(&self) -> &ModelList {
        &self.models
    }

    pub fn report(&self) -> Option<&OpenReport> {
        self.report.as_ref()
    }

    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The models that are watched.
    pub fn guards(&self) -> &Guards {
        &self.guards
    }

    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// True when no job is under way and no run is running: nothing will change by itself.
    pub fn is_idle(&self) -> bool {
        let training = self.train_form.as_ref().is_none_or(TrainForm::is_idle) && self.guards.is_idle();
        training
            && self.boards.is_idle()
            && self.jobs.is_idle()
            && self.storage.is_idle()
            && self.path.is_idle()
            && self.proposed.is_empty()
            && self.sheets.iter().all(Worksheet::is_idle)
    }

    /// Whether the question is folded into one line: as a person has said, else in a small window.
    pub fn folds_question(&self) -> bool {
        self.settings.folded.question.unwrap_or(self.low)
    }

    pub(super) fn apply_theme(&self, ctx: &Context) {
        ctx.set_theme(match self.settings.theme {
            Theme::System => egui::ThemePreference::System,
            Theme::Light => egui::ThemePreference::Light,
            Theme::Dark => egui::ThemePreference::Dark,
        });
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        Self::logic(self, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.show(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.save_now();
        self.write_down();
    }
}
