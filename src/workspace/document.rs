//! A workspace as a file: what a person has set up, readable, whole or not at all, and without secrets. Taking steps in
//! it is `bench`'s, who may write the file is `lock`'s.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bench::{Bench, BoardId, TileId};
use super::secrets::{put_apart, put_back};
use super::table::{TableId, TableSetup};
use super::vault::Vault;
use crate::data::{Fault, Result};
use crate::disk::{self, own};
use crate::figure::Colours;

/// Bytes that a workspace may have.
const LARGEST: u64 = 64 << 20;
/// What stands in place of the seal while it is computed.
const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The form in which it is written. Form 1 had the tables of a bench, and what was opened lately, beside each other.
const FORMAT: u32 = 2;

/// A workspace as it stands in a file.
#[derive(Serialize)]
struct Sealed<'a> {
    /// Of the rest: what only this user's key can make.
    seal: &'a str,
    #[serde(flatten)]
    workspace: &'a Workspace,
}

/// What of it is read before the rest. To read both at once serde would keep all that it does not know, as deep as it
/// goes.
#[derive(Deserialize)]
struct Seal {
    #[serde(default)]
    seal: String,
}

/// All that a person has set up in one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    pub format: u32,
    #[serde(flatten)]
    pub seen: Seen,
    pub bench: Bench,
}

/// What of a workspace is seen, apart from what is set up. Times are in microseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The board that is shown; `None` for a question.
    #[serde(rename = "shown", skip_serializing_if = "Option::is_none")]
    pub board: Option<BoardId>,
    /// The table that is selected.
    #[serde(rename = "selected", skip_serializing_if = "Option::is_none")]
    pub table: Option<TableId>,
    /// The tile that takes all of its board.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximised: Option<TileId>,
    /// The stretch of time that is zoomed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoom: Option<(i64, i64)>,
    /// The same of each tile that keeps its own time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tile_zooms: Vec<(TileId, (i64, i64))>,
    /// Which colours the names of series have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub colours: Vec<SeriesColours>,
}

/// The colours of series that are split by one column, on one board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesColours {
    pub board: BoardId,
    pub column: String,
    pub names: Colours,
}

impl Default for Workspace {
    fn default() -> Self {
        Self { format: FORMAT, seen: Seen::default(), bench: Bench::default() }
    }
}

impl Workspace {
    /// One with these tables.
    pub fn of(tables: impl IntoIterator<Item = TableSetup>) -> Self {
        Self { bench: Bench::of(tables), ..Self::default() }
    }

    /// What is written in `file`; an empty workspace when there is no such file. One that was not saved here by this
    /// user, as the key of the vault tells, is foreign.
    ///
    /// # Errors
    /// When it cannot be read, is not a workspace, or was written by a newer Braid in a form that this one cannot keep.
    pub fn load(file: &Path, vault: &Vault) -> Result<Self> {
        let place = file.display().to_string();
        let bytes = match File::open(file).and_then(|opened| disk::read_bounded(opened, LARGEST)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Fault::io(place, &error)),
            Ok(bytes) => bytes,
        };
        let none = |why: String| {
            Fault::new(format!("this is not a workspace: {why}"))
                .at(place.clone())
                .hint("move the file away to start afresh")
        };
        let text = String::from_utf8(bytes).map_err(|_| none("it is no text".to_owned()))?;
        let Seal { seal } = serde_json::from_str(&text).map_err(|e| none(e.to_string()))?;
        let value = migrated(serde_json::from_str(&text).map_err(|e| none(e.to_string()))?);
        let mut workspace: Self = serde_json::from_value(value).map_err(|e| none(e.to_string()))?;
        if workspace.format > FORMAT {
            return Err(Fault::new("this workspace was written by a newer Braid")
                .at(place)
                .hint("open it with that one; this one would lose what it does not know"));
        }
        workspace.bench = workspace.bench.mended();
        let own = vault.is_sealed(&text.replacen(&seal, UNSEALED, 1), &seal);
        let secrets = if own { vault.secrets() } else { BTreeMap::default() };
        for table in &mut workspace.bench.tables {
            table.foreign |= !own;
            for url in &mut table.live {
                *url = put_back(url, &secrets);
            }
        }
        Ok(workspace)
    }

    /// Writes it so that a reader sees the old file or the new one, never half of one; sealed, and without secrets,
    /// which are kept in the vault.
    ///
    /// # Errors
    /// When the folder or the vault cannot be written.
    pub fn save(&self, file: &Path, vault: &Vault) -> Result<()> {
        let fault = |error: &std::io::Error| Fault::io(file.display().to_string(), error);
        let mut saved = self.clone();
        plain(&mut saved.bench.tables, vault)?;
        let text = serde_json::to_string_pretty(&Sealed { seal: UNSEALED, workspace: &saved })
            .map_err(|e| Fault::new(e.to_string()))?;
        let text = text.replacen(UNSEALED, &vault.seal(&text)?, 1);
        if let Some(folder) = file.parent() {
            own::root(folder).map_err(|e| fault(&e))?;
        }
        own::replace(file, text.as_bytes()).map_err(|e| fault(&e))
    }
}

/// Puts the secrets of tables into the vault: what is left may be written.
///
/// # Errors
/// When the vault cannot be written.
pub(super) fn plain<'a>(tables: impl IntoIterator<Item = &'a mut TableSetup>, vault: &Vault) -> Result<()> {
    let mut secrets = BTreeMap::default();
    for url in tables.into_iter().flat_map(|table| &mut table.live) {
        *url = put_apart(url, vault, &mut secrets)?;
    }
    vault.keep(secrets)
}

/// The same in the form of today.
fn migrated(mut value: Value) -> Value {
    let Some(root) = value.as_object_mut() else { return value };
    let tables = root.remove("tables");
    let mut bench = root.remove("bench").unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    // Form 1 wrote the steps with the bench.
    if let Some(now) = bench.get_mut("now").map(Value::take) {
        bench = now;
    }
    if let (Some(tables), Some(bench)) = (tables, bench.as_object_mut()) {
        bench.entry("tables").or_insert(tables);
    }
    root.insert("bench".to_owned(), bench);
    root.entry("format").or_insert_with(|| FORMAT.into());
    value
}
