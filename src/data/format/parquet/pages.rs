//! What the pages of a Parquet column say of themselves, read before a decoder reserves anything: how many values they
//! hold and how large they become. What polars does with them is left to it.

use polars::prelude::{PolarsResult, polars_bail};
use polars_parquet::parquet::compression::Compression;
use polars_parquet::parquet::metadata::ColumnChunkMetadata;
use polars_parquet::parquet::schema::types::PhysicalType;

use super::super::codec::Codec;
use super::super::thrift::{I32, STRUCT, Thrift};

/// Most page headers are shorter; one with statistics may be longer.
const HEADER: u64 = 1 << 10;

/// What the headers of a column's pages say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pages {
    pub values: u64,
    /// The largest page and dictionary, unpacked, bytes.
    pub largest: u64,
    /// All of them, unpacked, bytes.
    pub unpacked: u64,
}

/// One page.
#[derive(Clone, Copy, Debug, Default)]
struct Page {
    /// Bytes of its header.
    header: u64,
    kind: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    /// Of the second version: nulls, rows, and bytes of the levels.
    second: [i64; 4],
}

const DATA: i64 = 0;
const DICTIONARY: i64 = 2;
const SECOND: i64 = 3;
const PLAIN: i64 = 0;

/// Walks the pages of a column. `fetch` gives so many bytes from a place in the file, or all up to the column's end.
/// `bodies` says whether it is cheap to look at a page itself.
///
/// # Errors
/// What was found until then, and why it is not believed.
pub(super) fn walk(
    column: &ColumnChunkMetadata,
    bodies: bool,
    mut fetch: impl FnMut(u64, u64) -> PolarsResult<Vec<u8>>,
) -> Result<Pages, (Pages, String)> {
    let (mut at, end) = (column.byte_range().start, column.byte_range().end);
    let claimed = u64::try_from(column.num_values()).unwrap_or(0);
    let mut pages = Pages::default();
    while pages.values < claimed && at < end {
        let page = match header(&mut fetch, at, end) {
            Ok(page) => page,
            Err(why) => return Err((pages, why)),
        };
        let body = at + page.header;
        let size = match page.check(column, end - body) {
            Ok(size) => size,
            Err(why) => return Err((pages, why)),
        };
        let (packed, unpacked, codec) =
            (page.packed.unsigned_abs(), page.unpacked.unsigned_abs(), codec(column.compression()));
        let levels = if page.kind == SECOND { page.levels() } else { 0 };
        let (inner, becomes) = (packed - levels, unpacked - levels);
        let looked = !bodies
            || !Codec::is_doubtful(inner, becomes)
            || fetch(body + levels, inner).is_ok_and(|bytes| codec.holds(&bytes, becomes));
        let held = codec == Codec::Plain || codec.may_hold(inner, becomes) && looked;
        if !held {
            return Err((pages, format!("a page of {packed} bytes claims to become {unpacked}")));
        }
        pages.largest = pages.largest.max(size);
        pages.unpacked = pages.unpacked.saturating_add(size);
        if page.kind != DICTIONARY {
            pages.values += page.values.unsigned_abs();
        }
        at = body + packed;
    }
    if pages.values == claimed {
        return Ok(pages);
    }
    let name = column.descriptor().path_in_schema.first().map_or("", |name| name.as_str());
    Err((pages, format!("the footer counts {claimed} values in column '{name}', its pages {}", pages.values)))
}

/// The header of the page at `at`.
fn header(fetch: &mut impl FnMut(u64, u64) -> PolarsResult<Vec<u8>>, at: u64, end: u64) -> Result<Page, String> {
    let mut room = HEADER;
    loop {
        let bytes = fetch(at, room.min(end - at)).map_err(|error| error.to_string())?;
        match parse(&bytes) {
            Some(page) => return Ok(page),
            None if room >= end - at => return Err("a page has no header that can be read".to_owned()),
            None => room = room.saturating_mul(16),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Page> {
    let mut page = Page { kind: -1, unpacked: -1, packed: -1, values: -1, ..Page::default() };
    let mut thrift = Thrift::new(bytes);
    thrift.fields(|at, id, kind| {
        match (id, kind) {
            (1, I32) => page.kind = at.integer()?,
            (2, I32) => page.unpacked = at.integer()?,
            (3, I32) => page.packed = at.integer()?,
            (5 | 7 | 8, STRUCT) => at.fields(|at, field, kind| {
                let into = match (id, field, kind) {
                    (_, 1, I32) => &mut page.values,
                    (5, 2, I32) | (8, 4, I32) => &mut page.encoding,
                    (8, 2, I32) => &mut page.second[0],
                    (8, 3, I32) => &mut page.second[1],
                    (8, 5, I32) => &mut page.second[2],
                    (8, 6, I32) => &mut page.second[3],
                    _ => return Some(false),
                };
                *into = at.integer()?;
                Some(true)
            })?,
            _ => return Some(false),
        }
        Some(true)
    })?;
    page.header = thrift.at() as u64;
    Some(page)
}

impl Page {
    fn levels(&self) -> u64 {
        self.second[2].unsigned_abs() + self.second[3].unsigned_abs()
    }

    /// What it becomes, bytes; `rest` bytes of the column follow its header.
    fn check(&self, column: &ColumnChunkMetadata, rest: u64) -> Result<u64, String> {
        let lies = |what: &str| Err(format!("the header of a page is damaged: {what}"));
        let number = |value: i64| u64::try_from(value).ok().filter(|value| *value <= i32::MAX as u64);
        let (Some(unpacked), Some(packed), Some(values)) =
            (number(self.unpacked), number(self.packed), number(self.values))
        else {
            return lies("a size in it is negative or missing");
        };
        if packed > rest {
            return lies("it is longer than its column");
        }
        if self.second.iter().any(|value| number(*value).is_none()) {
            return lies("a count in it is negative");
        }
        if self.kind == SECOND
            && (self.levels() > packed.min(unpacked) || self.second[..2].iter().any(|n| n.unsigned_abs() > values))
        {
            return lies("its parts are larger than itself");
        }
        // Bytes that are not packed are as many as there are, whatever the header says.
        let bytes = if column.compression() == Compression::Uncompressed { packed } else { unpacked };
        let descriptor = &column.descriptor().descriptor;
        let required = descriptor.max_def_level == 0 && descriptor.max_rep_level == 0;
        let bits = match descriptor.primitive_type.physical_type {
            PhysicalType::Boolean => 1,
            PhysicalType::Int32 | PhysicalType::Float | PhysicalType::ByteArray => 32,
            PhysicalType::Int64 | PhysicalType::Double => 64,
            PhysicalType::Int96 => 96,
            PhysicalType::FixedLenByteArray(size) => 8 * size as u64,
        };
        let plain = self.kind == DICTIONARY || required && self.encoding == PLAIN;
        match self.kind {
            DATA | SECOND | DICTIONARY => {}
            _ => return lies("it is of no known kind"),
        }
        if plain && values.saturating_mul(bits) > bytes.saturating_mul(8) {
            return Err(format!("a page of {bytes} bytes claims to hold {values} values"));
        }
        Ok(bytes)
    }
}

fn codec(compression: Compression) -> Codec {
    match compression {
        Compression::Uncompressed => Codec::Plain,
        Compression::Snappy => Codec::Snappy,
        Compression::Gzip => Codec::Gzip,
        Compression::Lz4 | Compression::Lz4Raw => Codec::Lz4,
        Compression::Zstd => Codec::Zstd,
        Compression::Lzo | Compression::Brotli => Codec::Other,
    }
}

/// Whether a column has one value a row.
pub(super) fn is_flat(column: &ColumnChunkMetadata) -> bool {
    column.descriptor().descriptor.max_rep_level == 0
}

/// Checks what the footer says of a column of so many rows against the file, without looking at its pages.
///
/// # Errors
/// Why it is not believed.
pub(super) fn claims(column: &ColumnChunkMetadata, rows: u64, length: u64) -> PolarsResult<()> {
    let values = u64::try_from(column.num_values()).unwrap_or(0);
    if column.byte_range().end > length {
        polars_bail!(ComputeError: "a column lies beyond the end of the file");
    }
    let impossible = if is_flat(column) { values != rows } else { values < rows };
    if impossible {
        let name = column.descriptor().path_in_schema.first().map_or("", |name| name.as_str());
        polars_bail!(ComputeError: "the footer counts {rows} rows, and {values} values in column '{name}'");
    }
    Ok(())
}
