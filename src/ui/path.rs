//! A path that is being written, to open what is there or to save something: what in its folder goes on like it.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::App;
use super::action::{ExportAction, Pane};
use crate::data::Result;
use crate::engine::Job;
use crate::engine::open::{FolderEntry, MOST_LISTED, list_folder};
use crate::sync::Wake;

/// What a path is written for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Purpose {
    #[default]
    Open,
    Save {
        export: ExportAction,
        extension: &'static str,
    },
}

/// The path, and its folder as far as it is known.
#[derive(Debug, Default)]
pub struct PathForm {
    pub text: String,
    pub purpose: Purpose,
    /// What lay over the window before it was asked for.
    pub(super) over: Option<Pane>,
    /// Where something was saved last.
    saved_in: Option<PathBuf>,
    listed: Option<(PathBuf, Result<Vec<FolderEntry>>)>,
    job: Option<(PathBuf, Job<Vec<FolderEntry>>)>,
}

impl PathForm {
    /// The text has changed: its folder is listed beside the frame.
    pub fn edit(&mut self, text: String, wake: &Wake) {
        self.text = text;
        let folder = self.folder();
        let known =
            self.listed.iter().map(|(of, _)| of).chain(self.job.iter().map(|(of, _)| of)).any(|of| *of == folder);
        if !known {
            self.job = Some((folder.clone(), list_folder(folder, wake.clone())));
        }
    }

    pub fn poll(&mut self) {
        if let Some((folder, job)) = &mut self.job
            && let Some(listed) = job.take()
        {
            self.listed = Some((std::mem::take(folder), listed));
            self.job = None;
        }
    }

    pub fn is_idle(&self) -> bool {
        self.job.is_none()
    }

    /// The file that a text means: one that is saved has its extension, written or not. `None` without a name.
    pub fn meant(&self, text: &str) -> Option<PathBuf> {
        let path = path_of(text);
        match self.purpose {
            _ if text.trim().is_empty() => None,
            Purpose::Open => Some(path),
            Purpose::Save { .. } if text.ends_with(is_separator) => None,
            Purpose::Save { extension, .. } => {
                let path = with_extension(path, extension);
                Some(std::path::absolute(&path).unwrap_or(path))
            }
        }
    }

    /// Whether saving replaces a file.
    pub fn replaces(&self) -> bool {
        let Some(file) = self.meant(&self.text).filter(|_| self.purpose != Purpose::Open) else { return false };
        let Some((_, Ok(entries))) = self.listed.as_ref().filter(|(of, _)| *of == self.folder()) else { return false };
        entries.iter().any(|entry| Some(entry.name.as_ref()) == file.file_name())
    }

    /// What is written behind the last separator.
    fn begun(&self) -> &str {
        self.text.trim_start().rsplit(is_separator).next().unwrap_or_default()
    }

    fn folder(&self) -> PathBuf {
        let path = path_of(&self.text);
        if self.begun().is_empty() {
            return path;
        }
        match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
            Some(folder) => folder.to_owned(),
            None => path,
        }
    }

    /// What may be meant, folders with a separator behind them; or why the folder cannot be read.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn fitting(&self) -> Result<Vec<&FolderEntry>> {
        let folder = self.folder();
        let Some((_, listed)) = self.listed.as_ref().filter(|(of, _)| *of == folder) else { return Ok(Vec::new()) };
        let begun = self.begun().to_lowercase();
        let entries = listed.as_ref().map_err(Clone::clone)?;
        // What is hidden is meant by nobody who does not say so.
        let hidden = begun.starts_with('.');
        let fits = |entry: &&FolderEntry| {
            entry.name.to_lowercase().starts_with(&begun) && (hidden || !entry.name.starts_with('.'))
        };
        Ok(entries.iter().filter(fits).collect())
    }

    /// Whether the folder has more than was listed.
    pub fn is_cut(&self) -> bool {
        self.listed.as_ref().is_some_and(|(_, listed)| listed.as_ref().is_ok_and(|all| all.len() >= MOST_LISTED))
    }

    /// The text with what was begun written to its end.
    pub fn completed(&self, entry: &FolderEntry) -> String {
        let kept = self.text.strip_suffix(self.begun()).unwrap_or(&self.text);
        let end = if entry.is_folder { MAIN_SEPARATOR.to_string() } else { String::new() };
        format!("{kept}{}{end}", entry.name)
    }
}

fn is_separator(c: char) -> bool {
    std::path::is_separator(c)
}

impl App {
    /// Asks for a path as text, and begins with this one.
    pub(super) fn write_path(&mut self, path: PathBuf, purpose: Purpose) {
        let over = self.pane.filter(|pane| !matches!(pane, Pane::Path | Pane::Palette));
        let saved_in = self.path.saved_in.take();
        self.path = PathForm { purpose, over, saved_in, ..PathForm::default() };
        let end = if self.path.purpose == Purpose::Open { MAIN_SEPARATOR.to_string() } else { String::new() };
        let text = format!("{}{end}", path.display());
        self.path.edit(text, &self.wake);
        self.pane = Some(Pane::Path);
    }

    /// Where to begin to look for files: where those of the table are, else the last ones that were opened.
    pub(super) fn open_folder(&self) -> PathBuf {
        let of_table = self.sheet().into_iter().flat_map(|sheet| &sheet.paths);
        let of_recent = self.settings.recent.iter().flat_map(|table| &table.paths);
        // Samples lie where nobody looks for anything.
        let is_own = |path: &Path| path.starts_with(&self.folders.cache) || path.starts_with(&self.folders.config);
        let last = of_table.chain(of_recent).filter(|path| !is_own(path)).find_map(|path| path.parent());
        last.map(Path::to_owned).or_else(home).or_else(|| std::env::current_dir().ok()).unwrap_or_default()
    }

    /// Where to save something: beside what was saved last, else in the folder for downloads, where there is one.
    pub(super) fn save_folder(&self) -> PathBuf {
        let named = Some(self.session.file()).filter(|file| *file != self.folders.workspace_file());
        let last = self.path.saved_in.clone().or_else(|| named?.parent().map(Path::to_owned));
        let downloads = || Some(self.folders.downloads.clone()).filter(|folder| folder.is_dir());
        last.or_else(downloads).or_else(home).unwrap_or_default()
    }

    pub(super) fn saved_in(&mut self, file: &Path) {
        self.path.saved_in = file.parent().map(Path::to_owned);
    }
}

/// A path with this extension.
pub fn with_extension(path: PathBuf, extension: &str) -> PathBuf {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension)) {
        return path;
    }
    let mut name = path.into_os_string();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from)
}

/// The path as people type and paste it: in quotes, as a file: address, from the user's own folder where it begins with
/// `~`.
pub fn path_of(text: &str) -> PathBuf {
    let text = text.trim();
    let text = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(text);
    let text = text.strip_prefix("file://").unwrap_or(text);
    // Who writes a whole path behind what stands there means that.
    let text = text.rfind("//").and_then(|at| text.get(at + 1..)).unwrap_or(text);
    match text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(is_separator)) {
        Some(rest) => home().map_or_else(|| text.into(), |home| home.join(rest.trim_start_matches(is_separator))),
        None => text.into(),
    }
}
