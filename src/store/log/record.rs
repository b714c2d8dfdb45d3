//! The form of a record and of a segment's head: fixed headers under a checksum of their own, so that the place where a
//! damaged record ends is known, and the next whole one can be found where it is not.

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Bytes of the feed.
    Bytes,
    /// A break: how many bytes are lost (u64), then the reason.
    Gap,
    /// The feed was in trouble: the reason.
    Trouble,
    /// The feed ended.
    End,
}

/// The payload begins at the beginning of a line.
pub const LINE_START: u8 = 1;
/// Of a gap: a stream with a beginning of its own follows.
pub const ANEW: u8 = 2;
/// Of trouble: it has passed, and is worth knowing all the same.
pub const NOTE: u8 = 8;
/// Of a gap: what follows begins in the middle of a line.
pub const TORN: u8 = 4;

pub const HEADER: usize = 40;
const MARK: [u8; 2] = [0xb5, 0x52];
/// No payload is longer, whatever a header says.
pub const LONGEST: usize = 4 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: RecordKind,
    pub flags: u8,
    pub length: u32,
    /// Of the first byte of the payload, in the bytes of the feed.
    pub position: u64,
    /// Counts records over the whole log.
    pub number: u64,
    /// When it was written, microseconds since 1970.
    pub time: i64,
    /// Of the payload.
    pub crc: u32,
}

impl Header {
    /// Bytes of the feed that it stands for, from its position on; `payload` is looked at where it is a gap.
    pub fn covers(&self, payload: &[u8]) -> u64 {
        match self.kind {
            RecordKind::Bytes => u64::from(self.length),
            RecordKind::Gap => payload.first_chunk().map_or(0, |lost| u64::from_le_bytes(*lost)),
            RecordKind::Trouble | RecordKind::End => 0,
        }
    }

    /// `id` is the log's own: bytes of another log inside a payload are no record of this one.
    pub fn encode(&self, id: u64) -> [u8; HEADER] {
        let kind = match self.kind {
            RecordKind::Bytes => 1,
            RecordKind::Gap => 2,
            RecordKind::Trouble => 3,
            RecordKind::End => 4,
        };
        let mut out = [0; HEADER];
        let parts: [&[u8]; 7] = [
            &MARK,
            &[kind, self.flags],
            &self.length.to_le_bytes(),
            &self.position.to_le_bytes(),
            &self.number.to_le_bytes(),
            &self.time.to_le_bytes(),
            &self.crc.to_le_bytes(),
        ];
        let body = parts.concat();
        let crc = checked(&body, id).to_le_bytes();
        for (to, from) in out.iter_mut().zip(body.iter().chain(&crc)) {
            *to = *from;
        }
        out
    }

    /// `None` when these are not the bytes of a header of the log `id`.
    pub fn decode(bytes: &[u8], id: u64) -> Option<Self> {
        let bytes: &[u8; HEADER] = bytes.first_chunk()?;
        if bytes[..2] != MARK || u32_at(bytes, 36)? != checked(&bytes[..36], id) {
            return None;
        }
        let kind = match bytes[2] {
            1 => RecordKind::Bytes,
            2 => RecordKind::Gap,
            3 => RecordKind::Trouble,
            4 => RecordKind::End,
            _ => return None,
        };
        let header = Self {
            kind,
            flags: bytes[3],
            length: u32_at(bytes, 4)?,
            position: u64_at(bytes, 8)?,
            number: u64_at(bytes, 16)?,
            time: u64_at(bytes, 24)?.cast_signed(),
            crc: u32_at(bytes, 32)?,
        };
        (header.length as usize <= LONGEST).then_some(header)
    }

    /// Where the next header of the log `id` begins in `bytes`, looked for from `from` on.
    pub fn find(bytes: &[u8], from: usize, id: u64) -> Option<usize> {
        let rest = bytes.get(from..)?;
        memchr::memmem::find_iter(rest, &MARK)
            .map(|at| from + at)
            .find(|at| bytes.get(*at..).is_some_and(|b| Self::decode(b, id).is_some()))
    }
}

/// What a segment file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    pub id: u64,
    /// The position of its first byte.
    pub start: u64,
    /// The number of its first record.
    pub number: u64,
}

pub const HEAD: usize = 40;
const MAGIC: &[u8; 8] = b"BRAIDLOG";
const VERSION: u32 = 1;

impl SegmentHeader {
    pub fn encode(&self) -> Vec<u8> {
        let parts: [&[u8]; 5] = [
            MAGIC,
            &VERSION.to_le_bytes(),
            &self.id.to_le_bytes(),
            &self.start.to_le_bytes(),
            &self.number.to_le_bytes(),
        ];
        let mut out = parts.concat();
        out.extend(crc32fast::hash(&out).to_le_bytes());
        out
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEAD] = bytes.first_chunk()?;
        let whole = bytes.starts_with(MAGIC)
            && u32_at(bytes, 8)? == VERSION
            && u32_at(bytes, 36)? == crc32fast::hash(&bytes[..36]);
        whole.then_some(Self { id: u64_at(bytes, 12)?, start: u64_at(bytes, 20)?, number: u64_at(bytes, 28)? })
    }
}

fn checked(body: &[u8], id: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&id.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}
