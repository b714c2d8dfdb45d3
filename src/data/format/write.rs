//! Writing an answer to a file, in the format that its name says. The file appears whole or not at all.

use std::io::{BufWriter, Write};
use std::path::Path;

use polars::prelude::*;
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;
use polars_io::ipc::IpcWriter;
use polars_io::parquet::write::ParquetWriter;

use super::magic::extension;
use crate::data::chunk::CHUNK_ROWS;
use crate::data::time::{self, Clock};
use crate::data::{Fault, Result};
use crate::disk::{Draft, DraftFile};

type Writer = fn(&mut DataFrame, &mut BufWriter<DraftFile>, Formulas) -> PolarsResult<()>;

/// What is done with texts that a spreadsheet would compute: those that begin with `=`, `+`, `-` or `@`
/// (also wide, and behind blanks), a tab or a line end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Formulas {
    /// They are written as they are.
    #[default]
    Keep,
    /// An apostrophe before them says that they are text.
    AsText,
}

/// By the end of the name.
const WRITERS: &[(&str, Writer)] = &[
    ("csv", csv),
    ("tsv", tsv),
    ("parquet", parquet),
    ("json", json),
    ("ndjson", ndjson),
    ("jsonl", ndjson),
    ("arrow", arrow),
    ("feather", arrow),
];

/// Writes `frame` to `path`: `.csv`, `.tsv`, `.parquet`, `.json` (an array of objects), `.ndjson` or `.arrow`.
/// It is written beside its place and moved there when it is complete.
///
/// In JSON, times are ISO text in UTC; numbers that JSON does not have (NaN, infinities) are null.
///
/// # Errors
/// An ending that is not among these, a packed file, or an error of the disk.
pub fn write_frame(frame: &DataFrame, path: &Path) -> Result<()> {
    write_frame_with(frame, path, Formulas::Keep)
}

/// The same, and what CSV and TSV do with formulas.
///
/// # Errors
/// As `write_frame`.
pub fn write_frame_with(frame: &DataFrame, path: &Path, formulas: Formulas) -> Result<()> {
    write_draft(frame, path, formulas, Draft::new)
}

/// The same, for this user alone.
///
/// # Errors
/// As `write_frame`.
pub fn keep_frame(frame: &DataFrame, path: &Path) -> Result<()> {
    write_draft(frame, path, Formulas::Keep, Draft::own)
}

fn write_draft(
    frame: &DataFrame,
    path: &Path,
    formulas: Formulas,
    draft: fn(&Path) -> std::io::Result<Draft>,
) -> Result<()> {
    let place = path.display().to_string();
    let writer = writer_for(path)?;
    let disk = |error: std::io::Error| Fault::io(&place, &error);
    let draft = draft(path).map_err(disk)?;
    let written = draft.file().map_err(PolarsError::from).and_then(|file| write_to(frame, file, writer, formulas));
    written.map_err(|error| fault(error, draft.failure(), &place))?;
    draft.finish().map_err(disk)
}

/// What the disk says, which a writer may have made something else of, or the writer.
pub(super) fn fault(error: PolarsError, disk: Option<std::io::Error>, place: &str) -> Fault {
    match (disk, error) {
        (Some(error), _) => Fault::io(place, &error),
        (None, PolarsError::IO { error, .. }) => Fault::io(place, &error),
        (None, error) => Fault::from(error).at(place),
    }
}

/// Says before the work whether a file of this name could be written.
///
/// # Errors
/// An ending that stands for no format, or a packed file.
pub fn check_ending(path: &Path) -> Result<()> {
    writer_for(path).map(drop)
}

fn writer_for(path: &Path) -> Result<Writer> {
    let place = path.display().to_string();
    let ending = extension(path);
    let packed = path
        .extension()
        .is_some_and(|end| ["gz", "zst", "gzip", "zstd"].iter().any(|packed| end.eq_ignore_ascii_case(packed)));
    let writer = WRITERS.iter().find(|(name, _)| *name == ending && !packed).map(|(_, writer)| writer);
    let Some(writer) = writer else {
        let endings: Vec<String> = WRITERS.iter().map(|(name, _)| format!(".{name}")).collect();
        let what = if packed {
            "packed files are not written".to_owned()
        } else {
            format!("'.{ending}' is no format that can be written")
        };
        return Err(Fault::new(what).at(place).hint(format!("let its name end in {}", endings.join(", "))));
    };
    Ok(*writer)
}

fn write_to(frame: &DataFrame, file: DraftFile, writer: Writer, formulas: Formulas) -> PolarsResult<()> {
    let mut frame = frame.clone();
    frame.rechunk_mut();
    let mut file = BufWriter::with_capacity(1 << 18, file);
    writer(&mut frame, &mut file, formulas)?;
    Ok(file.flush()?)
}

fn csv(frame: &mut DataFrame, file: &mut BufWriter<DraftFile>, formulas: Formulas) -> PolarsResult<()> {
    write_csv(frame, b',', formulas, file)
}

fn tsv(frame: &mut DataFrame, file: &mut BufWriter<DraftFile>, formulas: Formulas) -> PolarsResult<()> {
    write_csv(frame, b'\t', formulas, file)
}

/// Writes `frame` as delimited text. Bytes are `ab\\x00`, durations are `-26:30:00.250000` (hours may exceed a day),
/// lists are JSON.
///
/// # Errors
/// What the writer says, or a column of another nested type.
pub fn write_csv(frame: &DataFrame, separator: u8, formulas: Formulas, out: impl Write) -> PolarsResult<()> {
    write_csv_rows(frame, separator, formulas, true, out)
}

pub(super) fn write_csv_rows(
    frame: &DataFrame,
    separator: u8,
    formulas: Formulas,
    header: bool,
    out: impl Write,
) -> PolarsResult<()> {
    let columns = frame.columns().iter().map(|c| match c.dtype() {
        DataType::Duration(unit) => clock(c, *unit),
        DataType::List(_) => listed(c),
        DataType::Binary => bytes_as_text(c),
        DataType::Date | DataType::Datetime(..) if !time::is_plain(c) => time::iso_texts(c),
        _ => Ok(c.clone()),
    });
    let mut columns = columns.collect::<PolarsResult<Vec<_>>>()?;
    if formulas == Formulas::AsText {
        columns = columns.iter().map(guarded).collect::<PolarsResult<_>>()?;
    }
    let mut frame = DataFrame::new(frame.height(), columns)?;
    CsvWriter::new(out).include_header(header).with_separator(separator).n_threads(1).finish(&mut frame)
}

/// Texts, and the column's name, with an apostrophe where they begin as a formula does.
fn guarded(column: &Column) -> PolarsResult<Column> {
    let begins = |text: &str| {
        text.starts_with(['\t', '\r', '\n'])
            || text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
    };
    let guard = |text: &str| if begins(text) { format!("'{text}") } else { text.to_owned() };
    let name = PlSmallStr::from(guard(column.name()));
    if !matches!(column.dtype(), DataType::String | DataType::Categorical(..) | DataType::Enum(..)) {
        return Ok(column.clone().with_name(name));
    }
    let texts = column.cast(&DataType::String)?;
    let guarded: StringChunked = texts.str()?.iter().map(|text| text.map(guard)).collect();
    Ok(guarded.into_column().with_name(name))
}

/// Bytes as text: printable ASCII as it is, all else, and the backslash, as `\xAB`.
fn bytes_as_text(column: &Column) -> PolarsResult<Column> {
    let texts: StringChunked = column.binary()?.iter().map(|bytes| bytes.map(escaped)).collect();
    Ok(texts.with_name(column.name().clone()).into_column())
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\x5C"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02X}")),
        }
    }
    text
}

fn listed(column: &Column) -> PolarsResult<Column> {
    let mut texts = StringChunkedBuilder::new(column.name().clone(), column.len());
    for row in 0..column.len() {
        let mut text = Vec::new();
        let item = column.get(row)?;
        if !item.is_null() {
            value(&item, &mut text)?;
        }
        texts.append_option((!item.is_null()).then_some(String::from_utf8_lossy(&text)));
    }
    Ok(texts.finish().into_column())
}

fn clock(column: &Column, unit: TimeUnit) -> PolarsResult<Column> {
    let (second, digits) = match unit {
        TimeUnit::Milliseconds => (1_000_u64, 3),
        TimeUnit::Microseconds => (1_000_000, 6),
        TimeUnit::Nanoseconds => (1_000_000_000, 9),
    };
    let text = |d: i64| {
        let (sign, all) = (if d < 0 { "-" } else { "" }, d.unsigned_abs());
        let (seconds, rest) = (all / second, all % second);
        let fraction = if rest > 0 { format!(".{rest:0digits$}") } else { String::new() };
        format!("{sign}{:02}:{:02}:{:02}{fraction}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
    };
    let texts: StringChunked = column.to_physical_repr().i64()?.iter().map(|d| d.map(text)).collect();
    Ok(texts.with_name(column.name().clone()).into_column())
}

fn parquet(frame: &mut DataFrame, file: &mut BufWriter<DraftFile>, _: Formulas) -> PolarsResult<()> {
    ParquetWriter::new(file).set_parallel(false).finish(frame).map(|_| ())
}

fn arrow(frame: &mut DataFrame, file: &mut BufWriter<DraftFile>, _: Formulas) -> PolarsResult<()> {
    IpcWriter::new(file).with_compat_level(CompatLevel::oldest()).with_record_batch_size(Some(CHUNK_ROWS)).finish(frame)
}

fn json(frame: &mut DataFrame, file: &mut BufWriter<DraftFile>, _: Formulas) -> PolarsResult<()> {
    file.write_all(b"[")?;
    for row in 0..frame.height() {
        file.write_all(if row == 0 { b"\n" } else { b",\n" })?;
        object(frame, row, file)?;
    }
    file.write_all(b"\n]\n")?;
    Ok(())
}

fn ndjson(frame: &mut DataFrame, file: &mut BufWriter<DraftFile>, _: Formulas) -> PolarsResult<()> {
    ndjson_rows(frame, file)
}

pub(super) fn ndjson_rows(frame: &DataFrame, file: &mut dyn Write) -> PolarsResult<()> {
    for row in 0..frame.height() {
        object(frame, row, file)?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

pub(super) fn object(frame: &DataFrame, row: usize, file: &mut dyn Write) -> PolarsResult<()> {
    file.write_all(b"{")?;
    for (place, column) in frame.columns().iter().enumerate() {
        if place > 0 {
            file.write_all(b",")?;
        }
        text(column.name(), file)?;
        file.write_all(b":")?;
        value(&column.get(row)?, file)?;
    }
    file.write_all(b"}")?;
    Ok(())
}

fn text(text: &str, file: &mut dyn Write) -> PolarsResult<()> {
    serde_json::to_writer(file, text).map_err(|error| PolarsError::from(std::io::Error::from(error)))
}

/// One value as JSON.
pub fn json_text(cell: &AnyValue<'_>) -> String {
    let mut bytes = Vec::new();
    // Writing into memory does not fail.
    let _written = value(cell, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn value(value: &AnyValue<'_>, file: &mut dyn Write) -> PolarsResult<()> {
    match value {
        AnyValue::Null => file.write_all(b"null")?,
        AnyValue::Boolean(v) => write!(file, "{v}")?,
        AnyValue::Float64(v) if !v.is_finite() => file.write_all(b"null")?,
        AnyValue::Float32(v) if !v.is_finite() => file.write_all(b"null")?,
        AnyValue::Float64(v) => write!(file, "{v:?}")?,
        AnyValue::Float32(v) => write!(file, "{v:?}")?,
        AnyValue::String(v) => text(v, file)?,
        AnyValue::StringOwned(v) => text(v, file)?,
        AnyValue::Date(days) => text(&time::day_text(*days), file)?,
        AnyValue::Datetime(v, unit, _) | AnyValue::DatetimeOwned(v, unit, _) => {
            text(&time::text(*v, *unit, 'T', Clock::Full), file)?
        }
        AnyValue::List(series) => {
            file.write_all(b"[")?;
            for (place, item) in series.iter().enumerate() {
                if place > 0 {
                    file.write_all(b",")?;
                }
                self::value(&item, file)?;
            }
            file.write_all(b"]")?;
        }
        AnyValue::Binary(v) => text(&escaped(v), file)?,
        AnyValue::BinaryOwned(v) => text(&escaped(v), file)?,
        number if number.dtype().is_integer() => write!(file, "{number}")?,
        other => text(&other.to_string(), file)?,
    }
    Ok(())
}
