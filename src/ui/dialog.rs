//! Asking for a path with the system's own dialog, and what to do on a system that has none. Called inside jobs only: a
//! dialog blocks until it is closed.

use std::ffi::OsStr;
use std::path::PathBuf;

use rfd::FileDialog;

use crate::data::format::FORMATS;
use crate::data::{Fault, Result};

/// Whether a dialog can be opened. On Linux it comes from the desktop's portal, over the session bus, or from zenity;
/// without either it would fail without a word.
pub fn is_there() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|v| !v.is_empty());
    bus || on_path("zenity", std::env::var_os("PATH").as_deref())
}

fn on_path(program: &str, path: Option<&OsStr>) -> bool {
    path.is_some_and(|path| std::env::split_paths(path).any(|folder| folder.join(program).is_file()))
}

fn missing() -> Fault {
    Fault::new("no file dialog on this system").hint("write the path instead; installing zenity brings one")
}

/// The files that were picked; none when it was called off.
///
/// # Errors
/// When there is no dialog.
pub fn pick_files() -> Result<Vec<PathBuf>> {
    if !is_there() {
        return Err(missing());
    }
    Ok(open_dialog().pick_files().unwrap_or_default())
}

/// The model that was picked; none when it was called off.
///
/// # Errors
/// When there is no dialog.
pub fn pick_model() -> Result<Vec<PathBuf>> {
    if !is_there() {
        return Err(missing());
    }
    let dialog =
        FileDialog::new().set_title("Load a model").add_filter("Models", &["json"]).add_filter("All files", &["*"]);
    Ok(dialog.pick_file().into_iter().collect())
}

/// The folder that was picked, where there is a dialog; none when it was called off.
pub fn pick_folder() -> Vec<PathBuf> {
    FileDialog::new().pick_folder().into_iter().collect()
}

/// Where to save, where there is a dialog; `None` when it was called off.
pub fn save_file(name: &str, extension: &str) -> Option<PathBuf> {
    let dialog = FileDialog::new().set_title("Save").set_file_name(name);
    dialog.add_filter(extension.to_uppercase(), &[extension]).save_file()
}

fn open_dialog() -> FileDialog {
    let all: Vec<&str> = FORMATS.iter().flat_map(|f| f.extensions.iter().copied()).chain(["gz", "zst"]).collect();
    let dialog = FileDialog::new().set_title("Open").add_filter("All formats", &all);
    FORMATS.iter().fold(dialog, |dialog, f| dialog.add_filter(f.title, f.extensions)).add_filter("All files", &["*"])
}
