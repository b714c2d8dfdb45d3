//! Writing an answer to a file, in the format that its name says. The file appears whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;
use polars_io::ipc::IpcWriter;
use polars_io::parquet::write::ParquetWriter;

use super::magic::extension;
use crate::data::chunk::CHUNK_ROWS;
use crate::data::{Fault, Result};

type Writer = fn(&mut DataFrame, &mut BufWriter<File>) -> PolarsResult<()>;

/// By the end of the name.
const WRITERS: &[(&str, Writer)] =
    &[("csv", csv), ("tsv", tsv), ("parquet", parquet), ("json", json), ("ndjson", ndjson), ("jsonl", ndjson), ("arrow", arrow), ("feather", arrow)];

/// Writes `frame` to `path`: `.csv`, `.tsv`, `.parquet`, `.json` (an array of objects), `.ndjson` or `.arrow`.
/// It is written beside its place and moved there when it is complete.
///
/// In JSON, times are ISO text in UTC; numbers that JSON does not have (NaN, infinities) are null.
///
/// # Errors
/// An ending that is none of these, a packed file, or what the disk says.
pub fn write_frame(frame: &DataFrame, path: &Path) -> Result<()> {
    let place = path.display().to_string();
    let writer = writer_for(path)?;
    let beside = beside(path).ok_or_else(|| Fault::new("this is no file name").at(&place))?;
    let written = write_to(frame, &beside, writer).and_then(|()| std::fs::rename(&beside, path).map_err(PolarsError::from));
    written.map_err(|error| {
        // What is left of a failed attempt helps nobody; the attempt's own error matters more than a failure to remove it.
        let _ = std::fs::remove_file(&beside);
        match error {
            PolarsError::IO { error, .. } => Fault::io(&place, &error),
            error => Fault::from(error).at(&place),
        }
    })
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
    let packed = path.extension().is_some_and(|end| ["gz", "zst", "gzip", "zstd"].iter().any(|packed| end.eq_ignore_ascii_case(packed)));
    let writer = WRITERS.iter().find(|(name, _)| *name == ending && !packed).map(|(_, writer)| writer);
    let Some(writer) = writer else {
        let endings: Vec<String> = WRITERS.iter().map(|(name, _)| format!(".{name}")).collect();
        let what = if packed { "packed files are not written".to_owned() } else { format!("'.{ending}' is no format that can be written") };
        return Err(Fault::new(what).at(place).hint(format!("let its name end in {}", endings.join(", "))));
    };
    Ok(*writer)
}

pub(super) fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    Some(path.with_file_name(format!(".{name}.{}.part", std::process::id())))
}

fn write_to(frame: &DataFrame, path: &Path, writer: Writer) -> PolarsResult<()> {
    let mut frame = frame.clone();
    frame.rechunk_mut();
    let mut file = BufWriter::with_capacity(1 << 18, File::create(path)?);
    writer(&mut frame, &mut file)?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(())
}

fn csv(frame: &mut DataFrame, file: &mut BufWriter<File>) -> PolarsResult<()> {
    write_csv(frame, b',', file)
}

fn tsv(frame: &mut DataFrame, file: &mut BufWriter<File>) -> PolarsResult<()> {
    write_csv(frame, b'\t', file)
}

/// Writes `frame` as delimited text. Durations are `-26:30:00.250000` (hours may exceed a day), lists are JSON.
///
/// # Errors
/// What the writer says, or a column of another nested type.
pub fn write_csv(frame: &DataFrame, separator: u8, out: impl Write) -> PolarsResult<()> {
    write_csv_rows(frame, separator, true, out)
}

pub(super) fn write_csv_rows(frame: &DataFrame, separator: u8, header: bool, out: impl Write) -> PolarsResult<()> {
    let columns = frame.columns().iter().map(|c| match c.dtype() {
        DataType::Duration(unit) => clock(c, *unit),
        DataType::List(_) => listed(c),
        _ => Ok(c.clone()),
    });
    let mut frame = DataFrame::new(frame.height(), columns.collect::<PolarsResult<_>>()?)?;
    CsvWriter::new(out).include_header(header).with_separator(separator).n_threads(1).finish(&mut frame)
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

fn parquet(frame: &mut DataFrame, file: &mut BufWriter<File>) -> PolarsResult<()> {
    ParquetWriter::new(file).set_parallel(false).finish(frame).map(|_| ())
}

fn arrow(frame: &mut DataFrame, file: &mut BufWriter<File>) -> PolarsResult<()> {
    IpcWriter::new(file).with_compat_level(CompatLevel::oldest()).with_record_batch_size(Some(CHUNK_ROWS)).finish(frame)
}

fn json(frame: &mut DataFrame, file: &mut BufWriter<File>) -> PolarsResult<()> {
    file.write_all(b"[")?;
    for row in 0..frame.height() {
        file.write_all(if row == 0 { b"\n" } else { b",\n" })?;
        object(frame, row, file)?;
    }
    file.write_all(b"\n]\n")?;
    Ok(())
}

fn ndjson(frame: &mut DataFrame, file: &mut BufWriter<File>) -> PolarsResult<()> {
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
        AnyValue::Datetime(v, unit, _) => text(&time(*v, *unit), file)?,
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
        number if number.dtype().is_integer() => write!(file, "{number}")?,
        other => text(&other.to_string(), file)?,
    }
    Ok(())
}

/// ISO text, with as many digits of fraction as there are.
fn time(value: i64, unit: TimeUnit) -> String {
    let time = match unit {
        TimeUnit::Nanoseconds => Some(chrono::DateTime::from_timestamp_nanos(value)),
        TimeUnit::Microseconds => chrono::DateTime::from_timestamp_micros(value),
        TimeUnit::Milliseconds => chrono::DateTime::from_timestamp_millis(value),
    };
    time.map_or_else(|| value.to_string(), |time| time.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f").to_string())
}
