//! Parquet files written by hand, so that each number in them can be a lie.

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

pub fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A writer of Thrift's compact protocol.
#[derive(Default)]
pub struct Thrift {
    pub out: Vec<u8>,
    last: Vec<i16>,
}

impl Thrift {
    pub fn begin() -> Self {
        Self { out: Vec::new(), last: vec![0] }
    }

    fn field(&mut self, id: i16, kind: u8) {
        let last = self.last.last_mut().unwrap();
        assert!(id > *last, "fields in order");
        self.out.push(((id - *last) as u8) << 4 | kind);
        *last = id;
    }

    fn zigzag(&mut self, value: i64) {
        varint((value << 1 ^ value >> 63) as u64, &mut self.out);
    }

    pub fn int(&mut self, id: i16, value: i64) {
        self.field(id, I32);
        self.zigzag(value);
    }

    pub fn long(&mut self, id: i16, value: i64) {
        self.field(id, I64);
        self.zigzag(value);
    }

    pub fn text(&mut self, id: i16, value: &[u8]) {
        self.field(id, BINARY);
        self.bytes(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        varint(value.len() as u64, &mut self.out);
        self.out.extend_from_slice(value);
    }

    fn list(&mut self, id: i16, kind: u8, size: u64) {
        self.field(id, LIST);
        if size < 15 {
            self.out.push((size as u8) << 4 | kind);
        } else {
            self.out.push(0xf0 | kind);
            varint(size, &mut self.out);
        }
    }

    pub fn inner(&mut self, id: i16, write: impl FnOnce(&mut Self)) {
        self.field(id, STRUCT);
        self.element(write);
    }

    fn element(&mut self, write: impl FnOnce(&mut Self)) {
        self.last.push(0);
        write(self);
        self.last.pop();
        self.out.push(0);
    }

    pub fn end(mut self) -> Vec<u8> {
        self.out.push(0);
        self.out
    }
}

/// A row group of one column 'v', and what it says of itself where that is not the truth.
#[derive(Clone, Debug, Default)]
pub struct Group {
    pub body: Vec<u8>,
    /// Where in the body the data page begins, if a dictionary comes first.
    pub data: usize,
    pub rows: i64,
    /// The lies of the footer: rows, values, bytes, place.
    pub footer_rows: Option<i64>,
    pub footer_values: Option<i64>,
    pub footer_bytes: Option<i64>,
    pub footer_place: Option<i64>,
}

/// What the header of a page says where that is not the truth.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lies {
    pub values: Option<i64>,
    pub unpacked: Option<i64>,
    pub packed: Option<i64>,
}

const PLAIN: i64 = 0;
const RLE: i64 = 3;
const RLE_DICTIONARY: i64 = 8;

fn page(kind: i64, body: &[u8], unpacked: usize, values: i64, encoding: i64, lies: Lies) -> Vec<u8> {
    let mut out = Thrift::begin();
    out.int(1, kind);
    out.int(2, lies.unpacked.unwrap_or(unpacked as i64));
    out.int(3, lies.packed.unwrap_or(body.len() as i64));
    out.inner(if kind == 2 { 7 } else { 5 }, |out| {
        out.int(1, lies.values.unwrap_or(values));
        out.int(2, encoding);
        if kind == 0 {
            out.int(3, RLE);
            out.int(4, RLE);
        }
    });
    [out.end(), body.to_vec()].concat()
}

impl Group {
    /// Whole numbers, one after another.
    pub fn plain(values: std::ops::Range<i32>, lies: Lies) -> Self {
        Self::packed(values, lies, |bytes| bytes)
    }

    /// Whole numbers, packed by the file's codec.
    pub fn packed(values: std::ops::Range<i32>, lies: Lies, pack: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Self {
        let rows = values.len() as i64;
        let bytes: Vec<u8> = values.flat_map(i32::to_le_bytes).collect();
        let unpacked = bytes.len();
        Self { body: page(0, &pack(bytes), unpacked, rows, PLAIN, lies), rows, ..Self::default() }
    }

    /// The same number, so often: a dictionary of one, and one run.
    pub fn same(value: i32, rows: i64, dictionary: Lies, data: Lies) -> Self {
        let word = value.to_le_bytes();
        let mut body = page(2, &word, 4, 1, PLAIN, dictionary);
        let at = body.len();
        // The width of a place in the dictionary, the run, the place.
        let mut run = vec![1];
        varint((rows as u64) << 1, &mut run);
        run.push(0);
        body.extend(page(0, &run, run.len(), rows, RLE_DICTIONARY, data));
        Self { body, data: at, rows, ..Self::default() }
    }
}

pub const UNCOMPRESSED: i64 = 0;
pub const GZIP: i64 = 2;
pub const ZSTD: i64 = 6;

/// The file; `narrow` says that its numbers fit a byte each.
pub fn file(groups: &[Group], codec: i64, narrow: bool) -> Vec<u8> {
    let mut out = b"PAR1".to_vec();
    let mut footer = Thrift::begin();
    footer.int(1, 1);
    footer.list(2, STRUCT, 2);
    footer.element(|out| {
        out.text(4, b"schema");
        out.int(5, 1);
    });
    footer.element(|out| {
        out.int(1, 1);
        out.int(3, 0);
        out.text(4, b"v");
        if narrow {
            // As a byte with a sign.
            out.int(6, 15);
        }
    });
    footer.long(3, groups.iter().map(|g| g.footer_rows.unwrap_or(g.rows)).fold(0, i64::saturating_add).max(0));
    footer.list(4, STRUCT, groups.len() as u64);
    for group in groups {
        let at = out.len() as i64;
        out.extend_from_slice(&group.body);
        let bytes = group.footer_bytes.unwrap_or(group.body.len() as i64);
        let place = group.footer_place.unwrap_or(at + group.data as i64);
        footer.element(|out| {
            out.list(1, STRUCT, 1);
            out.element(|out| {
                out.long(2, at);
                out.inner(3, |out| {
                    out.int(1, 1);
                    out.list(2, I32, 1);
                    out.zigzag(PLAIN);
                    out.list(3, BINARY, 1);
                    out.bytes(b"v");
                    out.int(4, codec);
                    out.long(5, group.footer_values.unwrap_or(group.rows));
                    out.long(6, bytes);
                    out.long(7, bytes);
                    out.long(9, place);
                    if group.data > 0 {
                        out.long(11, place - group.data as i64);
                    }
                });
            });
            out.long(2, group.body.len() as i64);
            out.long(3, group.footer_rows.unwrap_or(group.rows));
        });
    }
    close(out, footer.end())
}

/// Puts a footer behind what stands before it.
pub fn close(mut out: Vec<u8>, footer: Vec<u8>) -> Vec<u8> {
    out.extend_from_slice(&footer);
    out.extend((footer.len() as u32).to_le_bytes());
    out.extend(b"PAR1");
    out
}

/// A footer whose schema is a chain of groups so deep.
pub fn deep(levels: usize) -> Vec<u8> {
    let mut footer = Thrift::begin();
    footer.int(1, 1);
    footer.list(2, STRUCT, levels as u64 + 2);
    for _ in 0..=levels {
        footer.element(|out| {
            out.int(3, 0);
            out.text(4, b"g");
            out.int(5, 1);
        });
    }
    footer.element(|out| {
        out.int(1, 1);
        out.int(3, 0);
        out.text(4, b"v");
    });
    footer.long(3, 0);
    footer.list(4, STRUCT, 0);
    close(b"PAR1".to_vec(), footer.end())
}

/// A footer with a list that says it is so long.
pub fn long_list(size: u64) -> Vec<u8> {
    let mut footer = Thrift::begin();
    footer.int(1, 1);
    footer.list(2, STRUCT, 1);
    footer.element(|out| out.text(4, b"schema"));
    footer.long(3, 0);
    footer.list(4, STRUCT, size);
    // Nothing of it is there but its beginning.
    footer.out.extend([0; 64]);
    close(b"PAR1".to_vec(), footer.end())
}
