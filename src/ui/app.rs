//! The window's state and its frame: look at what work has brought, paint, then carry out what was proposed.
//! The same `App` is driven by eframe, by tests and by the frame benchmark.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use eframe::egui::{self, Context, Ui};

use super::action::{Action, Open, Pane, Tab};
use super::consent::Consent;
use super::cost::Costs;
use super::feed::FeedForm;
use super::guard::Guards;
use super::keep::Keeper;
use super::lesson::LessonForm;
use super::load::{Homeless, LoadForm};
use super::models::ModelList;
use super::notices::Notices;
use super::report::Report;
use super::sheet::{Sheet, SheetId};
use super::study::Study;
use super::watch::{State, Watch};
use super::work::Work;
use super::{keys, look, panel};
use crate::data::format::Formulas;
use crate::sync::Wake;
use crate::workspace::{Folders, Theme, Workspace};

/// How often the window is painted while only a rate or a lag changes.
const TICK: Duration = Duration::from_millis(250);

/// What an `App` begins with.
#[derive(Clone, Debug)]
pub struct Begin {
    pub folders: Folders,
    pub workspace: Workspace,
    /// Hosts that what was saved elsewhere may connect to.
    pub agreed: BTreeSet<String>,
    /// Files, folders and feeds to open.
    pub open: Vec<Action>,
}

/// The window.
#[derive(Debug)]
pub struct App {
    pub(super) folders: Folders,
    pub(super) workspace: Workspace,
    pub(super) sheets: Vec<Sheet>,
    pub(super) selected: Option<SheetId>,
    pub(super) next_sheet: u64,
    pub(super) work: Work,
    pub(super) notices: Notices,
    pub(super) feed: Option<FeedForm>,
    pub(super) pane: Option<Pane>,
    pub(super) costs: Costs,
    pub(super) study: Option<Study>,
    pub(super) lesson: Option<LessonForm>,
    pub(super) loading: Option<LoadForm>,
    /// Models that wait for a table.
    pub(super) homeless: Vec<Homeless>,
    pub(super) models: ModelList,
    pub(super) report: Option<Report>,
    pub(super) guards: Guards,
    pub(super) keeper: Keeper,
    pub(super) consent: Consent,
    /// What CSV does with formulas.
    pub(super) formulas: Formulas,
    pub(super) tab: Tab,
    pub(super) wake: Wake,
    pub(super) proposed: Vec<Action>,
}

impl App {
    /// A window that will be painted into `ctx`. Needs no display.
    pub fn new(ctx: &Context, begin: Begin) -> Self {
        look::install(ctx);
        let bell = ctx.clone();
        let app = Self {
            folders: begin.folders,
            workspace: begin.workspace,
            sheets: Vec::new(),
            selected: None,
            next_sheet: 0,
            work: Work::default(),
            notices: Notices::default(),
            feed: None,
            pane: None,
            costs: Costs::default(),
            study: None,
            lesson: None,
            loading: None,
            homeless: Vec::new(),
            models: ModelList::default(),
            report: None,
            guards: Guards::default(),
            keeper: Keeper::default(),
            consent: Consent::new(begin.agreed),
            formulas: Formulas::default(),
            tab: Tab::default(),
            wake: Wake::new(move || bell.request_repaint()),
            proposed: begin.open,
        };
        app.dress(ctx);
        app
    }

    /// An empty window that keeps its files in `root`: for tests and benchmarks.
    pub fn headless(ctx: &Context, root: impl Into<PathBuf>) -> Self {
        Self::new(
            ctx,
            Begin {
                folders: Folders::inside(root),
                workspace: Workspace::default(),
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

    /// Takes in what runs and jobs have brought. Paints nothing, so it also runs while the window is hidden.
    pub fn logic(&mut self, ctx: &Context) {
        self.take_arrivals();
        self.look_at_runs(ctx);
        if let Some(feed) = &mut self.feed {
            feed.look();
        }
        if let Some(study) = &mut self.study {
            study.look();
        }
        self.look_at_lessons();
        self.look_at_guards();
        self.keep_models();
        self.costs.look();
        let flows = |watch: &Watch| {
            matches!(watch.state(), State::Live | State::Reconnecting | State::Paused) && watch.is_running()
        };
        if self.sheets.iter().any(|s| flows(&s.watch) || flows(s.running())) {
            ctx.request_repaint_after(TICK);
        }
    }

    /// Paints one frame into the root `ui`, then carries out what the panels have proposed.
    pub fn show(&mut self, ui: &mut Ui) {
        let mut actions = std::mem::take(&mut self.proposed);
        keys::read(ui.ctx(), self, &mut actions);
        let dropped: Vec<PathBuf> = ui.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
        if !dropped.is_empty() {
            actions.push(Action::Open(Open::Paths(dropped)));
        }
        panel::window_ui(ui, self, &mut actions);
        let ctx = ui.ctx().clone();
        let any = !actions.is_empty();
        for action in actions {
            self.apply(&ctx, action);
        }
        if any {
            ctx.request_repaint();
        }
    }

    /// The open tables, in the order of the panel.
    pub fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    pub fn sheet(&self) -> Option<&Sheet> {
        self.sheets.iter().find(|s| Some(s.id) == self.selected)
    }

    pub(super) fn sheet_mut(&mut self) -> Option<&mut Sheet> {
        let selected = self.selected;
        self.sheets.iter_mut().find(|s| Some(s.id) == selected)
    }

    /// What the questions of this session cost.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// What was learnt last about how late rows come.
    pub fn study(&self) -> Option<&Study> {
        self.study.as_ref()
    }

    /// The lesson that is being set up or learnt.
    pub fn lesson(&self) -> Option<&LessonForm> {
        self.lesson.as_ref()
    }

    /// The model that is about to be loaded.
    pub fn loading(&self) -> Option<&LoadForm> {
        self.loading.as_ref()
    }

    pub fn models(&self) -> &ModelList {
        &self.models
    }

    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
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
        let lessons = self.lesson.as_ref().is_none_or(LessonForm::is_idle) && self.guards.is_idle();
        lessons
            && self.work.is_idle()
            && self.proposed.is_empty()
            && self.sheets.iter().all(|s| !s.watch.is_running() && s.span.is_none() && !s.picture.is_building())
    }

    pub(super) fn dress(&self, ctx: &Context) {
        ctx.set_theme(match self.workspace.theme {
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
}
