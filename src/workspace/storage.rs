//! What the feeds of a workspace's tables have sent, as it lies on the disk: how much there is of each table, and how
//! it is let go.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Folders, TableId};
use crate::data::{Fault, Result};
use crate::disk::{self, own};

/// The ending of a file that says where a table's folder is instead.
const ELSEWHERE: &str = "at";

/// What is kept of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredTable {
    pub id: TableId,
    /// On the disk.
    pub bytes: u64,
}

impl Folders {
    /// Where what the feeds of a table send is kept, of the workspace in this file. One that was saved under another
    /// name goes on where it was kept before.
    pub fn stored(&self, workspace: &Path, table: TableId) -> PathBuf {
        let own = self.all_stored(workspace).join(table.0.to_string());
        let elsewhere = own::read(&disk::with_ending(&own, ELSEWHERE)).ok();
        elsewhere.and_then(|path| String::from_utf8(path).ok()).map_or(own, PathBuf::from)
    }

    /// A workspace is saved under another name: what is kept of its tables belongs to that, too.
    ///
    /// # Errors
    /// The disk's.
    pub fn store_as(&self, from: &Path, to: &Path) -> Result<()> {
        let folder = self.all_stored(to);
        let fault = |e: &std::io::Error| Fault::io(folder.display().to_string(), e);
        for (id, _) in self.folders_of_tables(from)? {
            own::folders(&folder).map_err(|e| fault(&e))?;
            let path = disk::with_ending(&folder.join(id.0.to_string()), ELSEWHERE);
            let Some(kept) = self.stored(from, id).to_str().map(str::to_owned) else { continue };
            own::replace(&path, kept.as_bytes()).map_err(|e| fault(&e))?;
        }
        Ok(())
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

    /// A table has one folder, and those that were put away when another took its number: `7`, `7.1`. A file `7.at`
    /// says where it is kept instead.
    fn folders_of_tables(&self, workspace: &Path) -> Result<Vec<(TableId, PathBuf)>> {
        let folder = self.all_stored(workspace);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).map_err(|e| Fault::io(folder.display().to_string(), &e))?;
        let id = |path: &Path| path.file_stem()?.to_str()?.parse().ok().map(TableId);
        let place = |path: PathBuf| {
            let id = id(&path)?;
            let elsewhere = path.extension().is_some_and(|ending| ending == ELSEWHERE);
            Some((id, if elsewhere { self.stored(workspace, id) } else { path }))
        };
        Ok(entries.flatten().filter_map(|entry| place(entry.path())).filter(|(_, path)| path.is_dir()).collect())
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
