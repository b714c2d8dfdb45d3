//! Writing rows to a file as they come, in the format that its name says, without holding them. The file appears whole
//! or not at all. A finished table is written by `write`.

use std::io::{BufWriter, Write};
use std::path::Path;

use polars::prelude::*;
use polars_io::ipc::IpcWriter;
use polars_io::parquet::write::ParquetWriter;

use super::magic::extension;
use super::write::{Formulas, check_ending, fault, ndjson_rows, object, write_csv_rows};
use crate::data::chunk::CHUNK_ROWS;
use crate::data::{Fault, Result};
use crate::disk::{Draft, DraftFile, finish_stdout};

/// A file, or standard output, that rows are added to.
pub struct RowWriter {
    form: Form,
    place: String,
    /// The file being written; `None` for standard output.
    file: Option<Draft>,
    /// Who reads standard output has had enough.
    closed: bool,
    formulas: Formulas,
    /// Rows that wait to be a row group.
    waiting: Option<DataFrame>,
    rows: u64,
}

enum Form {
    Csv { separator: u8, out: Box<dyn Write + Send> },
    Ndjson(Box<dyn Write + Send>),
    Json(Box<dyn Write + Send>),
    Parquet(Box<polars_io::parquet::write::BatchedWriter<BufWriter<DraftFile>>>),
    Arrow(Box<polars_io::ipc::BatchedWriter<BufWriter<DraftFile>>>),
}

impl RowWriter {
    /// Whether rows with these columns can be written piece by piece; where not, the whole table is written at once.
    pub fn can_write(path: &Path, schema: &Schema) -> bool {
        let arrow = matches!(extension(path).as_str(), "arrow" | "feather");
        !arrow || schema.iter_values().all(|dtype| !dtype.is_nested())
    }

    /// Begins a file for rows with these columns.
    ///
    /// # Errors
    /// An ending that stands for no format, or what the disk says.
    pub fn create(path: &Path, schema: &Schema, formulas: Formulas) -> Result<Self> {
        check_ending(path)?;
        let place = path.display().to_string();
        let draft = Draft::new(path).map_err(|e| Fault::io(&place, &e))?;
        let out = BufWriter::with_capacity(1 << 18, draft.file().map_err(|e| Fault::io(&place, &e))?);
        let ending = extension(path);
        let form = match ending.as_str() {
            "parquet" => {
                ParquetWriter::new(out).set_parallel(false).batched(schema).map(|w| Form::Parquet(Box::new(w)))
            }
            "arrow" | "feather" => {
                let plain: Schema = schema.iter_fields().map(|f| Field::new(f.name.clone(), plain(&f.dtype))).collect();
                let fields = vec![Default::default(); plain.len()];
                IpcWriter::new(out)
                    .with_compat_level(CompatLevel::oldest())
                    .batched(&plain, fields)
                    .map(|w| Form::Arrow(Box::new(w)))
            }
            "json" => Ok(Form::Json(Box::new(out))),
            "ndjson" | "jsonl" => Ok(Form::Ndjson(Box::new(out))),
            "tsv" => Ok(Form::Csv { separator: b'\t', out: Box::new(out) }),
            _ => Ok(Form::Csv { separator: b',', out: Box::new(out) }),
        };
        let mut writer = Self {
            form: form.map_err(|e| Fault::from(e).at(&place))?,
            place,
            file: Some(draft),
            closed: false,
            formulas,
            waiting: None,
            rows: 0,
        };
        writer.begin(schema)?;
        Ok(writer)
    }

    /// CSV on standard output.
    ///
    /// # Errors
    /// What the system says, unless its reader has closed it.
    pub fn stdout(schema: &Schema, formulas: Formulas) -> Result<Self> {
        let out = BufWriter::with_capacity(1 << 16, std::io::stdout());
        let mut writer = Self {
            form: Form::Csv { separator: b',', out: Box::new(out) },
            place: "stdout".to_owned(),
            file: None,
            closed: false,
            formulas,
            waiting: None,
            rows: 0,
        };
        writer.begin(schema)?;
        Ok(writer)
    }

    fn begin(&mut self, schema: &Schema) -> Result<()> {
        let begun = match &mut self.form {
            Form::Csv { separator, out } => {
                write_csv_rows(&DataFrame::empty_with_schema(schema), *separator, self.formulas, true, out)
            }
            Form::Json(out) => out.write_all(b"[").map_err(PolarsError::from),
            _ => Ok(()),
        };
        self.told(begun)
    }

    /// Whether standard output is closed, so that nothing more need be written.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Adds rows.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&mut self, rows: &DataFrame) -> Result<()> {
        if rows.height() == 0 || self.closed {
            return Ok(());
        }
        let first = self.rows == 0;
        self.rows += rows.height() as u64;
        let written = match &mut self.form {
            Form::Csv { separator, out } => write_csv_rows(rows, *separator, self.formulas, false, out),
            Form::Ndjson(out) => ndjson_rows(rows, out),
            Form::Json(out) => json_rows(rows, first, out),
            // Row groups of a useful size, however small the pieces are.
            Form::Parquet(_) | Form::Arrow(_) => {
                let all = match self.waiting.take() {
                    Some(waiting) => waiting.vstack(rows).map_err(Fault::from)?,
                    None => rows.clone(),
                };
                let full = all.height() >= CHUNK_ROWS;
                self.waiting = Some(all);
                return if full { self.flush() } else { Ok(()) };
            }
        };
        self.told(written)
    }

    /// Writes the rows that wait as one group.
    fn flush(&mut self) -> Result<()> {
        let Some(mut group) = self.waiting.take() else { return Ok(()) };
        group.rechunk_mut();
        let written = match &mut self.form {
            Form::Parquet(out) => out.write_batch(&group),
            Form::Arrow(out) => {
                let columns = group
                    .columns()
                    .iter()
                    .map(|c| if *c.dtype() == plain(c.dtype()) { Ok(c.clone()) } else { c.cast(&plain(c.dtype())) });
                columns
                    .collect::<PolarsResult<_>>()
                    .and_then(|columns| DataFrame::new(group.height(), columns))
                    .and_then(|mut group| {
                        group.align_chunks();
                        out.write_batch(&group)
                    })
            }
            _ => Ok(()),
        };
        self.told(written)
    }

    /// Flushes what was written so far, where a reader may wait for it.
    ///
    /// # Errors
    /// What the system says.
    pub fn show(&mut self) -> Result<()> {
        let shown = match (&mut self.form, &self.file) {
            (Form::Csv { out, .. }, None) => out.flush().map_err(PolarsError::from),
            _ => Ok(()),
        };
        self.told(shown)
    }

    /// Completes the file and gives it its name; says how many rows are in it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        let ended = match &mut self.form {
            Form::Csv { out, .. } | Form::Ndjson(out) => out.flush().map_err(PolarsError::from),
            Form::Json(out) => out.write_all(b"\n]\n").and_then(|()| out.flush()).map_err(PolarsError::from),
            Form::Parquet(out) => out.finish().map(drop),
            Form::Arrow(out) => out.finish(),
        };
        self.told(ended)?;
        match self.file.take() {
            Some(draft) => draft.finish().map_err(|e| Fault::io(&self.place, &e))?,
            None => self.told(finish_stdout().map_err(PolarsError::from))?,
        }
        Ok(self.rows)
    }

    /// A fault for what went wrong. A closed standard output is no fault.
    fn told(&mut self, written: PolarsResult<()>) -> Result<()> {
        match written {
            Err(PolarsError::IO { error, .. })
                if self.file.is_none() && error.kind() == std::io::ErrorKind::BrokenPipe =>
            {
                self.closed = true;
                Ok(())
            }
            other => other.map_err(|error| fault(error, self.file.as_ref().and_then(Draft::failure), &self.place)),
        }
    }
}

/// The type of a column in an Arrow file: categories are written as the texts that they are.
fn plain(dtype: &DataType) -> DataType {
    if matches!(dtype, DataType::Categorical(..) | DataType::Enum(..)) { DataType::String } else { dtype.clone() }
}

fn json_rows(rows: &DataFrame, first: bool, out: &mut dyn Write) -> PolarsResult<()> {
    for row in 0..rows.height() {
        out.write_all(if first && row == 0 { b"\n" } else { b",\n" })?;
        object(rows, row, out)?;
    }
    Ok(())
}
