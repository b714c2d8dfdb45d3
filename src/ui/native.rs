//! The native window: its arguments, its size, its event loop.

use std::path::PathBuf;

use eframe::egui::{Context, ViewportBuilder, ViewportCommand};

use super::action::{Action, OpenAction};
use super::consent::is_workspace;
use super::feed::kind_of;
use super::{App, AppOptions, first, look};
use crate::data::{Fault, Result, Setting};
use crate::source::live::FeedUrl;
use crate::workspace::{Folders, OpenedWorkspace, Seen, Settings, TableSetup, WindowPlace};

/// Opens the window with these files, folders, feeds and workspaces, or, with none of them, as it was left; returns
/// when it is closed.
///
/// # Errors
/// When there is no display, or the user has no home folder.
pub fn run_native(args: Vec<String>) -> Result<()> {
    let no_display = |what: String| Fault::new(what).hint(Setting::NoWindow);
    if cfg!(target_os = "linux")
        && ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
            .iter()
            .all(|name| std::env::var_os(name).is_none_or(|v| v.is_empty()))
    {
        return Err(no_display("there is no display".to_owned()));
    }
    let folders = Folders::of_user()?;
    let mut troubles = Vec::new();
    let settings = Settings::load(&folders.settings_file(), &folders.workspace_file(), &folders.vault())
        .unwrap_or_else(|fault| {
            troubles.push(fault);
            Settings::default()
        });
    let mut open = Vec::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut agreed = folders.vault().agreed();
    for arg in args {
        if let Some(url) = FeedUrl::parse(&arg).ok().filter(|url| kind_of(url).is_some()) {
            // Typing a host on the command line is consent to connect to it.
            agreed.extend(url.hosts());
            let live = vec![arg];
            let known = settings.known(&[], &live).cloned();
            let new = || TableSetup { name: first::feed_name(&url.text), live, ..TableSetup::default() };
            open.push(Action::Open(OpenAction::Setup(Box::new(known.unwrap_or_else(new)))));
        } else {
            paths.push(arg.into());
        }
    }
    let named = paths.iter().position(|path| is_workspace(path)).map(|at| paths.remove(at));
    if !paths.is_empty() {
        open.push(Action::Open(OpenAction::Paths(paths)));
    }
    let workspace = match &named {
        Some(file) => {
            let file = std::path::absolute(file).unwrap_or_else(|_| file.clone());
            OpenedWorkspace::open_existing(&file, &folders)?
        }
        None => {
            let file = folders.workspace_file();
            let mut workspace = OpenedWorkspace::open(&file, &folders).unwrap_or_else(|fault| {
                troubles.push(fault);
                OpenedWorkspace::empty(file)
            });
            // Begun with nothing, it is as it was left; begun with data, it shows them alone.
            if !open.is_empty() {
                workspace.history.begin_without_tables();
                workspace.seen = Seen::default();
            }
            workspace
        }
    };
    let options = eframe::NativeOptions { viewport: viewport(settings.window), ..Default::default() };
    let create: eframe::AppCreator<'_> = Box::new(move |cc| {
        if let Some(place) = settings.window.filter(|place| place.zoom > 0.0) {
            cc.egui_ctx.set_zoom_factor(place.zoom.clamp(0.3, 5.0));
        }
        let mut app = App::new(&cc.egui_ctx, AppOptions { folders, settings, workspace, agreed, open });
        troubles.iter().for_each(|fault| app.tell(fault));
        Ok(Box::new(app))
    });
    eframe::run_native("braid", options, create)
        .map_err(|error| no_display(format!("the window cannot be opened: {error}")))
}

/// The window, where it was.
fn viewport(place: Option<WindowPlace>) -> ViewportBuilder {
    let window = ViewportBuilder::default()
        .with_title("Braid")
        .with_app_id("braid")
        .with_inner_size(look::WINDOW)
        .with_min_inner_size(look::MIN_WINDOW);
    match place.filter(|place| place.width >= look::MIN_WINDOW[0] && place.height >= look::MIN_WINDOW[1]) {
        Some(place) => window
            .with_inner_size([place.width, place.height])
            .with_position([place.left, place.top])
            .with_maximized(place.maximised),
        None => window,
    }
}

impl App {
    /// Remembers where the window is.
    pub(super) fn note_window(&mut self, ctx: &Context) {
        // Its lock is not to be asked for inside the input's.
        let zoom = ctx.zoom_factor();
        let place = ctx.input(|i| {
            let viewport = i.viewport();
            let (inner, outer) = (viewport.inner_rect?, viewport.outer_rect?);
            let maximised = viewport.maximized.unwrap_or(false);
            // The size from before it was maximised is kept for when it is not.
            let before = self.settings.window.filter(|_| maximised);
            Some(before.map_or(
                WindowPlace {
                    left: outer.left() * zoom,
                    top: outer.top() * zoom,
                    width: inner.width() * zoom,
                    height: inner.height() * zoom,
                    maximised,
                    zoom,
                },
                |before| WindowPlace { maximised, zoom, ..before },
            ))
        });
        self.settings.window = place.or(self.settings.window);
        let title = self.title();
        if self.session.says(&title) {
            ctx.send_viewport_cmd(ViewportCommand::Title(title));
        }
    }

    fn title(&self) -> String {
        let name = (self.session.file() != self.folders.workspace_file())
            .then(|| self.session.file().file_stem().map(|stem| stem.to_string_lossy().into_owned()))
            .flatten();
        name.map_or_else(|| "Braid".to_owned(), |name| format!("{name} – Braid"))
    }
}
