//! What a log is a recording of: the feed, and the shape of its rows, so that a restart need not wait for any. A small
//! JSON file that is replaced whole and carries its own checksum.

use std::path::{Path, PathBuf};

use polars::prelude::{DataType, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::data::{Fault, Result};
use crate::disk::own;
use crate::store::disk;

/// What is known of a log beside its records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogMeta {
    pub version: u32,
    /// Tells this log from any other, also one at the same place.
    pub id: u64,
    /// The feed's address as it may be shown.
    pub url: String,
    /// The table it was recorded for.
    pub table: String,
    /// When it was begun, microseconds since 1970.
    pub created: i64,
    /// Position of the oldest byte that is kept.
    pub first: u64,
    /// The format of the rows, and whether they were settled from the whole of a short stream.
    pub format: String,
    pub whole: bool,
    pub columns: Vec<MetaColumn>,
    /// Where streams begin: 0, and wherever recording was taken up again.
    pub streams: Vec<u64>,
    /// The feed ended: nothing will be added.
    pub ended: bool,
    /// Of all the above.
    pub(super) crc: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaColumn {
    pub name: String,
    #[serde(rename = "type")]
    pub dtype: String,
}

pub const VERSION: u32 = 1;
const NAME: &str = "meta.json";

impl LogMeta {
    pub fn set_schema(&mut self, schema: &SchemaRef) {
        self.columns = schema
            .iter()
            .map(|(name, dtype)| MetaColumn { name: name.to_string(), dtype: dtype.to_string() })
            .collect();
    }

    /// The columns and their types; `None` when there are none, or of a type that this build cannot name.
    pub fn schema(&self) -> Option<SchemaRef> {
        let types = types();
        let column = |c: &MetaColumn| {
            types.iter().find(|t| t.to_string() == c.dtype).map(|t| (c.name.as_str().into(), t.clone()))
        };
        let schema = self.columns.iter().map(column).collect::<Option<Schema>>()?;
        (!schema.is_empty()).then(|| schema.into())
    }

    fn checksum(&self) -> Option<u32> {
        serde_json::to_vec(&Self { crc: 0, ..self.clone() }).ok().map(|bytes| crc32fast::hash(&bytes))
    }

    pub fn path(folder: &Path) -> PathBuf {
        folder.join(NAME)
    }

    /// # Errors
    /// The disk's.
    pub fn save(&mut self, folder: &Path) -> Result<()> {
        let path = Self::path(folder);
        self.crc = self.checksum().unwrap_or(0);
        let text =
            serde_json::to_vec_pretty(self).map_err(|e| Fault::new(e.to_string()).at(path.display().to_string()))?;
        own::replace(&path, &text).map_err(|e| disk::fault(&path, &e))
    }

    /// `None` when there is none that is whole.
    pub fn read(folder: &Path) -> Option<Self> {
        let bytes = own::read(&Self::path(folder)).ok()?;
        serde_json::from_slice(&bytes).ok().filter(|meta: &Self| meta.checksum() == Some(meta.crc))
    }

    /// `None` when there is none, or it is damaged: then it is moved aside, and the fault says so.
    pub fn load(folder: &Path) -> (Option<Self>, Option<Fault>) {
        let path = Self::path(folder);
        let bytes = match own::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (None, None),
            Err(error) => return (None, Some(disk::fault(&path, &error))),
        };
        let meta: Option<Self> = serde_json::from_slice(&bytes).ok();
        match meta.filter(|meta| meta.checksum() == Some(meta.crc)) {
            Some(meta) => (Some(meta), None),
            None => {
                // Where it cannot be moved it is written over by the next save.
                let _ = crate::disk::set_aside(&path);
                (
                    None,
                    Some(
                        Fault::new("this description of a recording is damaged")
                            .at(path.display().to_string())
                            .hint("it is made again from the recording"),
                    ),
                )
            }
        }
    }
}

/// The types that columns of text may have.
fn types() -> Vec<DataType> {
    use DataType as T;
    let mut types = vec![
        T::Boolean,
        T::Int8,
        T::Int16,
        T::Int32,
        T::Int64,
        T::UInt8,
        T::UInt16,
        T::UInt32,
        T::UInt64,
        T::Float32,
        T::Float64,
    ];
    types.extend([T::String, T::Binary, T::Date, T::Time, T::Null]);
    for unit in [TimeUnit::Microseconds, TimeUnit::Milliseconds, TimeUnit::Nanoseconds] {
        types.extend([T::Datetime(unit, None), T::Duration(unit)]);
    }
    types
}

/// The first bytes of the stream that begins at `at`, in a file of their own: a header is needed long after retention
/// has dropped it.
pub fn head_path(folder: &Path, at: u64) -> PathBuf {
    folder.join(format!("head-{at:020}"))
}

/// # Errors
/// The disk's.
pub fn save_head(folder: &Path, at: u64, head: &[u8]) -> Result<()> {
    let path = head_path(folder, at);
    let bytes = [head, &crc32fast::hash(head).to_le_bytes()].concat();
    own::replace(&path, &bytes).map_err(|e| disk::fault(&path, &e))
}

/// `None` when there is none or it is damaged.
pub fn load_head(folder: &Path, at: u64) -> Option<Vec<u8>> {
    let mut bytes = own::read(&head_path(folder, at)).ok()?;
    let crc = *bytes.last_chunk::<4>()?;
    bytes.truncate(bytes.len() - 4);
    (crc32fast::hash(&bytes).to_le_bytes() == crc).then_some(bytes)
}
