//! File formats: bytes to rows. Each is one file here and one line in `FORMATS`; menus, help and tests loop over it.
//! Opening files, reading in parallel and following feeds is left to `source`.

pub mod arrow;
mod blocks;
mod codec;
mod column;
pub mod csv;
mod datetime;
mod flatbuffer;
mod guess;
pub mod json;
mod magic;
pub mod parquet;
mod rows;
mod span;
mod stream;
mod thrift;
mod value;
mod word;
pub mod write;

use std::path::Path;
use std::sync::Arc;

use polars::prelude::{DataFrame, PlSmallStr, SchemaRef};

use super::{Rejects, Result};

pub use guess::Commas;
pub use magic::{check_text, extension, format_for, misnamed};
pub use stream::RowWriter;
pub use write::{Formulas, check_ending, json_text, keep_frame, write_csv, write_frame, write_frame_with};

/// Every format that this build knows.
pub const FORMATS: &[&Format] = &[&csv::CSV, &csv::TSV, &json::NDJSON, &json::JSON, &parquet::PARQUET, &arrow::ARROW];

/// One file format.
#[derive(Debug)]
pub struct Format {
    /// The word for it in `?format=` and help: `csv`.
    pub name: &'static str,
    /// For menus and file dialogs: `CSV, any delimiter`.
    pub title: &'static str,
    /// File name endings, lower case, without dot. `.gz` and `.zst` after one of a text format are understood.
    pub extensions: &'static [&'static str],
    pub kind: FormatKind,
}

#[derive(Debug)]
pub enum FormatKind {
    /// Records one after another; `sniff` settles layout and types from the first bytes (whole or in part).
    Text { sniff: fn(&Sniff<'_>) -> Result<Arc<dyn Decoder>> },
    /// Row groups with a schema of their own.
    Columns { open: fn(&Path) -> Result<Arc<dyn ColumnFile>> },
}

/// What a text format may look at to settle its layout.
#[derive(Clone, Debug)]
pub struct Sniff<'a> {
    /// For error messages.
    pub source: Arc<str>,
    /// The beginning of the input, as UTF-8 without BOM (transcoded already); may end inside a record.
    pub head: &'a [u8],
    /// True when `head` is the whole input.
    pub whole: bool,
    /// The types that the rows must have, where a table knows them already: by column name. Columns of the input
    /// that are not in it keep their own type, and so do those of the type null, of which only the name is known.
    pub known: Option<SchemaRef>,
}

/// Turns whole records into columns. Shared by all threads that read one input.
pub trait Decoder: Send + Sync + std::fmt::Debug {
    fn schema(&self) -> &SchemaRef;

    /// Whether its types were settled by rows; a header alone settles none.
    fn is_settled(&self) -> bool {
        true
    }

    /// Columns of text whose values are numbers with commas, and how those are written.
    fn commas(&self) -> &[(PlSmallStr, Commas)] {
        &[]
    }

    /// Bytes at the start of the input that hold no record (a CSV header), and their lines.
    fn preamble(&self) -> Preamble;

    /// Length of the longest prefix of `bytes` that ends at the end of a record; 0 when no record ends in it.
    /// `bytes` begins at the beginning of a record.
    fn cut(&self, bytes: &[u8]) -> usize;

    /// Decodes whole records. `line` is the number of the first line, from 1. Only `columns` (indices into `schema`)
    /// are decoded, into a frame with just those columns in that order. A cell that contradicts the schema is null and
    /// told; a row whose shape does is set aside. Where it is said which columns are `vital`, the rows of such cells
    /// are marked, see `data::broken`, and of one in a vital column the whole row is told as well.
    fn decode_vital(&self, bytes: &[u8], line: u64, columns: &[usize], vital: Option<&[usize]>) -> Result<Decoded>;

    /// The same without marks.
    fn decode(&self, bytes: &[u8], line: u64, columns: &[usize]) -> Result<Decoded> {
        self.decode_vital(bytes, line, columns, None)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preamble {
    pub bytes: usize,
    pub lines: u64,
}

/// What `Decoder::decode` made of some bytes.
#[derive(Debug)]
pub struct Decoded {
    pub frame: DataFrame,
    pub rejects: Rejects,
    /// Lines that the bytes held, so that the caller can number the next ones.
    pub lines: u64,
}

/// A columnar file: read by row group, in any order, by many threads.
pub trait ColumnFile: Send + Sync + std::fmt::Debug {
    fn schema(&self) -> &SchemaRef;

    /// Columns of the file that are not in `schema` because nothing here can read them, each in a sentence.
    fn left_out(&self) -> &[String] {
        &[]
    }

    /// The row groups, in file order.
    fn groups(&self) -> &[RowGroup];

    /// Reads `columns` (indices into `schema`) of one row group.
    ///
    /// # Errors
    /// When it is damaged or claims what cannot be; where the other groups can still be read, with the rows that are
    /// `lost`.
    fn read(&self, group: usize, columns: &[usize]) -> Result<DataFrame>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowGroup {
    /// 0 of a group that will not be read.
    pub rows: u64,
    /// Compressed bytes of the whole group, for progress.
    pub bytes: u64,
}

/// Reads an ISO time, in `unit`s since 1970 UTC; `None` for anything else.
pub fn parse_datetime(text: &str, unit: polars::prelude::TimeUnit) -> Option<i64> {
    datetime::datetime(text.as_bytes(), unit)
}
