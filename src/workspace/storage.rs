//! What the feeds of a workspace's tables have sent, as it lies on the disk: how much there is of each table, and how
//! it is let go.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Folders, TableId};
use crate::data::{Fault, Result};
use crate::disk;

/// What is kept of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredTable {
    pub id: TableId,
    /// On the disk.
    pub bytes: u64,
}

impl Folders {
    /// Where what the feeds of a table send is kept, of the workspace in this file.
    pub fn stored(&self, workspace: &Path, table: TableId) -> PathBuf {
        self.all_stored(workspace).join(table.0.to_string())
    }

    fn all_stored(&self, workspace: &Path) -> PathBuf {
        self.kept_for(workspace).join("tables")
    }

    /// All that is kept of the tables of a workspace.
    ///
    /// # Errors
    /// The disk's.
    pub fn stored_tables(&self, workspace: &Path) -> Result<Vec<StoredTable>> {
        let mut tables: Vec<StoredTable> = Vec::new();
        for (id, folder) in self.folders_of_tables(workspace)? {
            match tables.iter_mut().find(|table| table.id == id) {
                Some(table) => table.bytes += size(&folder),
                None => tables.push(StoredTable { id, bytes: size(&folder) }),
            }
        }
        tables.sort_by_key(|table| table.id);
        Ok(tables)
    }

    /// Lets go what is kept of a table that is not open.
    ///
    /// # Errors
    /// The disk's.
    pub fn let_go(&self, workspace: &Path, table: TableId) -> Result<()> {
        for (_, folder) in self.folders_of_tables(workspace)?.into_iter().filter(|(id, _)| *id == table) {
            disk::remove_folder(&folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
        }
        Ok(())
    }

    /// A table has one folder, and those that were put away when another took its number: `7`, `7.1`.
    fn folders_of_tables(&self, workspace: &Path) -> Result<Vec<(TableId, PathBuf)>> {
        let folder = self.all_stored(workspace);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
        let id = |path: &Path| path.file_stem()?.to_str()?.parse().ok().map(TableId);
        Ok(entries.flatten().filter_map(|entry| Some((id(&entry.path())?, entry.path()))).collect())
    }
}

/// The bytes of all files below a folder; those that vanish meanwhile count nothing.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.filter_map(std::result::Result::ok).map(of).sum()
}
