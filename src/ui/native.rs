//! The native window: its arguments, its size, its event loop.

use eframe::egui::ViewportBuilder;

use super::action::{Action, OpenAction};
use super::feed::kind_of;
use super::{App, AppOptions, first, look};
use crate::data::{Fault, Result, Setting};
use crate::source::live::FeedUrl;
use crate::workspace::{Folders, TableSetup, Workspace};

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
    let mut workspace = Workspace::load(&folders.workspace_file(), &folders.vault()).unwrap_or_else(|fault| {
        troubles.push(fault);
        Workspace::default()
    });
    let before = std::mem::take(&mut workspace.tables);
    let mut open = Vec::new();
    let mut paths = Vec::new();
    let mut agreed = folders.vault().agreed();
    for arg in args {
        if let Some(url) = FeedUrl::parse(&arg).ok().filter(|url| kind_of(url).is_some()) {
            // Typing a host on the command line is consent to connect to it.
            agreed.extend(url.hosts());
            open.push(Action::Open(OpenAction::Setup(TableSetup {
                name: first::feed_name(&arg),
                live: vec![arg],
                ..TableSetup::default()
            })));
        } else {
            paths.push(arg.into());
        }
    }
    if !paths.is_empty() {
        open.push(Action::Open(OpenAction::Paths(paths)));
    }
    // Begun with nothing, it is as it was left.
    if !open.is_empty() {
        workspace.shown = None;
    } else {
        open.extend(before.into_iter().map(|table| Action::Open(OpenAction::Setup(table))));
    }
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("Braid")
            .with_app_id("braid")
            .with_inner_size(look::WINDOW)
            .with_min_inner_size(look::MIN_WINDOW),
        ..Default::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |cc| {
        let mut app = App::new(&cc.egui_ctx, AppOptions { folders, workspace, agreed, open });
        troubles.iter().for_each(|fault| app.tell(fault));
        Ok(Box::new(app))
    });
    eframe::run_native("braid", options, create)
        .map_err(|error| no_display(format!("the window cannot be opened: {error}")))
}
