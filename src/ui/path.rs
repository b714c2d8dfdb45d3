//! A path that is being written, for systems without a file dialog: what in its folder goes on like it.

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use crate::data::Result;
use crate::engine::Job;
use crate::engine::open::{FolderEntry, MOST_LISTED, list_folder};
use crate::sync::Wake;

/// The path, and its folder as far as it is known.
#[derive(Debug, Default)]
pub struct PathForm {
    pub text: String,
    listed: Option<(PathBuf, Result<Vec<FolderEntry>>)>,
    job: Option<(PathBuf, Job<Vec<FolderEntry>>)>,
}

impl PathForm {
    /// Begins in a folder.
    pub fn new(folder: &Path, wake: &Wake) -> Self {
        let mut form = Self::default();
        form.edit(format!("{}{MAIN_SEPARATOR}", folder.display()), wake);
        form
    }

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

/// The path as it is written, from the user's own folder where it begins with `~`.
pub fn path_of(text: &str) -> PathBuf {
    let text = text.trim();
    let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    match text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(is_separator)) {
        Some(rest) => home().map_or_else(|| text.into(), |home| home.join(rest.trim_start_matches(is_separator))),
        None => text.into(),
    }
}
