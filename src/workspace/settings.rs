//! What a person has chosen for every window, whichever workspace is open: the theme, what was opened lately, the
//! window's place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::document::plain;
use super::secrets::put_back;
use super::table::{SeamSetup, TableId, TableSetup};
use super::vault::Vault;
use crate::data::zone::Zone;
use crate::data::{Fault, Result};
use crate::disk::own;

/// How many recent items are remembered.
const RECENT: usize = 40;
/// Bytes that the file may have.
const LARGEST: u64 = 16 << 20;

/// What holds for every window of this user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub theme: Theme,
    /// In which zone times are shown.
    #[serde(skip_serializing_if = "Zone::is_utc")]
    pub zone: Zone,
    /// Where the window was, and how large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowPlace>,
    /// Panels that are folded.
    #[serde(skip_serializing_if = "Folded::is_none")]
    pub folded: Folded,
    /// Workspaces that were saved under a name, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<PathBuf>,
    /// Tables that were opened lately, newest first.
    pub recent: Vec<TableSetup>,
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// Which panels are folded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Folded {
    pub tables: bool,
    /// `None` where a person has not said: it is in a low window.
    pub question: Option<bool>,
}

impl Folded {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A window's place, points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowPlace {
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
    pub maximised: bool,
    /// How much larger everything is drawn than usual.
    pub zoom: f32,
}

/// Light, dark, or what the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Settings {
    /// What is written in `file`; where there is none, what an older Braid wrote into the workspace.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load(file: &Path, older: &Path, vault: &Vault) -> Result<Self> {
        let read = |file: &Path| match own::read_up_to(file, LARGEST) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Fault::io(file.display().to_string(), &error)),
        };
        let mut settings: Self = match read(file)? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|e| {
                Fault::new(format!("these are no settings: {e}"))
                    .at(file.display().to_string())
                    .hint("move the file away to start afresh")
            })?,
            None => {
                let bytes = read(older).ok().flatten();
                let old: Self = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
                Self { theme: old.theme, recent: old.recent, ..Self::default() }
            }
        };
        let secrets = if settings.recent.is_empty() { BTreeMap::default() } else { vault.secrets() };
        for url in settings.recent.iter_mut().flat_map(|table| &mut table.live) {
            *url = put_back(url, &secrets);
        }
        Ok(settings)
    }

    /// Writes them, without secrets, which are kept in the vault.
    ///
    /// # Errors
    /// When the folder or the vault cannot be written.
    pub fn save(&self, file: &Path, vault: &Vault) -> Result<()> {
        let mut saved = self.clone();
        plain(&mut saved.recent, vault)?;
        let text = serde_json::to_string_pretty(&saved).map_err(|e| Fault::new(e.to_string()))?;
        let fault = |error: &std::io::Error| Fault::io(file.display().to_string(), error);
        if let Some(folder) = file.parent() {
            own::root(folder).map_err(|e| fault(&e))?;
        }
        own::replace(file, text.as_bytes()).map_err(|e| fault(&e))
    }

    /// What is remembered of a table that is made of these and nothing else.
    pub fn known(&self, paths: &[PathBuf], live: &[String]) -> Option<&TableSetup> {
        self.recent.iter().find(|table| table.paths == paths && table.live == live)
    }

    /// What is remembered of files, without the feeds that may have been attached to them.
    pub fn alone(&self, paths: &[PathBuf]) -> Option<TableSetup> {
        let attached = || self.recent.iter().find(|table| table.paths == paths);
        let known = self.known(paths, &[]).or_else(attached).filter(|known| !known.paths.is_empty())?;
        let seam = if known.live.is_empty() { known.seam.clone() } else { SeamSetup::default() };
        Some(TableSetup { live: Vec::new(), seam, ..known.clone() })
    }

    /// What is open is, among the recent ones, as it is now.
    pub fn renew(&mut self, open: &[TableSetup]) {
        for item in &mut self.recent {
            if let Some(open) = open.iter().find(|open| (&open.paths, &open.live) == (&item.paths, &item.live)) {
                *item = TableSetup { id: TableId::default(), ..open.clone() };
            }
        }
    }

    /// A feed was attached to what was remembered without it.
    pub fn grew(&mut self, item: TableSetup) {
        self.recent.retain(|old| old.paths != item.paths || !item.live.starts_with(&old.live));
        self.remember(item);
    }

    /// Puts `item` first among the recent ones.
    pub fn remember(&mut self, item: TableSetup) {
        self.recent.retain(|old| (&old.paths, &old.live) != (&item.paths, &item.live));
        self.recent.insert(0, TableSetup { id: TableId::default(), ..item });
        self.recent.truncate(RECENT);
    }

    /// Puts a workspace first among those with a name.
    pub fn remember_workspace(&mut self, file: &Path) {
        self.workspaces.retain(|old| old != file);
        self.workspaces.insert(0, file.to_owned());
        self.workspaces.truncate(RECENT);
    }
}
