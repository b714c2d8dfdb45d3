//! Thrift's compact protocol, as far as Parquet's headers must be looked at before a decoder believes them: nothing is
//! reserved here, and no length is longer than what is there. What the fields mean is left to `parquet`.

/// The deepest nesting that is followed; Parquet's headers have a handful of levels.
const DEEPEST: usize = 32;

pub(super) const I32: u8 = 5;
pub(super) const I64: u8 = 6;
pub(super) const BINARY: u8 = 8;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// A place in some bytes. Every step is `None` where they end early or are no Thrift.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Thrift<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were passed.
    pub fn at(&self) -> usize {
        self.at
    }

    fn rest(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn pass(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|at| *at <= self.bytes.len())?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    pub fn binary(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let from = self.at;
        self.pass(length)?;
        self.bytes.get(from..self.at)
    }

    /// The type and number of a list's elements: no more than there are bytes.
    pub fn list(&mut self) -> Option<(u8, usize)> {
        let head = self.byte()?;
        let size = if head >> 4 == 15 { usize::try_from(self.varint()?).ok()? } else { usize::from(head >> 4) };
        (size <= self.rest()).then_some((head & 15, size))
    }

    /// Walks the fields of a struct. `each` is told number and type, and says whether it took the field; others are
    /// passed.
    pub fn fields(&mut self, mut each: impl FnMut(&mut Self, i16, u8) -> Option<bool>) -> Option<()> {
        self.fields_at(0, &mut each)
    }

    fn fields_at(&mut self, depth: usize, each: &mut dyn FnMut(&mut Self, i16, u8) -> Option<bool>) -> Option<()> {
        let mut last = 0_i16;
        loop {
            let head = self.byte()?;
            let kind = head & 15;
            if kind == 0 {
                return Some(());
            }
            last = match head >> 4 {
                0 => i16::try_from(self.integer()?).ok()?,
                delta => last.checked_add(i16::from(delta))?,
            };
            if !each(self, last, kind)? {
                self.skip(kind, depth)?;
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            // A truth that is a field has no byte of its own.
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(drop),
            7 => self.pass(8),
            BINARY => self.binary().map(drop),
            LIST | 10 => {
                let (kind, size) = self.list()?;
                (0..size).try_for_each(|_| self.skip_element(kind, depth + 1))
            }
            11 => {
                let size = usize::try_from(self.varint()?).ok().filter(|size| *size <= self.rest())?;
                let kinds = if size == 0 { 0 } else { self.byte()? };
                (0..size).try_for_each(|_| {
                    self.skip_element(kinds >> 4, depth + 1)?;
                    self.skip_element(kinds & 15, depth + 1)
                })
            }
            STRUCT => self.fields_at(depth + 1, &mut |_, _, _| Some(false)),
            _ => None,
        }
    }

    /// Of a list a truth is a byte.
    fn skip_element(&mut self, kind: u8, depth: usize) -> Option<()> {
        if matches!(kind, 1 | 2) { self.pass(1) } else { self.skip(kind, depth) }
    }
}
