//! Flatbuffers, as far as Arrow's messages must be looked at before a decoder believes them: every step is `None` where
//! it would leave the bytes. What the fields mean is left to `arrow`.

/// A table in some bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlatTable<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where its list of fields stands, and how long that is.
    list: usize,
    length: usize,
}

/// A list of things of one size.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlatVector<'a> {
    bytes: &'a [u8],
    at: usize,
    pub length: usize,
    size: usize,
}

fn chunk<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

impl<'a> FlatTable<'a> {
    pub fn root(bytes: &'a [u8]) -> Option<Self> {
        Self::behind(bytes, 0)
    }

    /// The table that the offset at `at` leads to.
    fn behind(bytes: &'a [u8], at: usize) -> Option<Self> {
        let at = at.checked_add(u32::from_le_bytes(chunk(bytes, at)?) as usize)?;
        let list = (at as i64).checked_sub(i64::from(i32::from_le_bytes(chunk(bytes, at)?)))?;
        let list = usize::try_from(list).ok()?;
        let length = usize::from(u16::from_le_bytes(chunk(bytes, list)?));
        bytes.get(list..list.checked_add(length)?)?;
        Some(Self { bytes, at, list, length })
    }

    /// Where a field stands; `None` where the table lacks the field.
    fn place(&self, field: usize) -> Option<usize> {
        let entry = 4 + 2 * field;
        if entry + 2 > self.length {
            return None;
        }
        let offset = u16::from_le_bytes(chunk(self.bytes, self.list + entry)?);
        if offset == 0 { None } else { self.at.checked_add(usize::from(offset)) }
    }

    /// Whether the table has the field.
    pub fn has(&self, field: usize) -> bool {
        self.place(field).is_some()
    }

    /// The bytes of a number. A field that is not there has its default, which is the caller's.
    pub fn number<const N: usize>(&self, field: usize, default: [u8; N]) -> Option<[u8; N]> {
        self.place(field).map_or(Some(default), |at| chunk(self.bytes, at))
    }

    pub fn byte(&self, field: usize) -> Option<u8> {
        self.number(field, [0]).map(|[byte]| byte)
    }

    pub fn int(&self, field: usize, default: i32) -> Option<i32> {
        self.number(field, default.to_le_bytes()).map(i32::from_le_bytes)
    }

    pub fn long(&self, field: usize) -> Option<i64> {
        self.number(field, [0; 8]).map(i64::from_le_bytes)
    }

    pub fn table(&self, field: usize) -> Option<Self> {
        Self::behind(self.bytes, self.place(field)?)
    }

    /// A list of things of `size` bytes.
    pub fn vector(&self, field: usize, size: usize) -> Option<FlatVector<'a>> {
        let at = self.place(field)?;
        let at = at.checked_add(u32::from_le_bytes(chunk(self.bytes, at)?) as usize)?;
        let length = u32::from_le_bytes(chunk(self.bytes, at)?) as usize;
        let from = at.checked_add(4)?;
        self.bytes.get(from..from.checked_add(length.checked_mul(size)?)?)?;
        Some(FlatVector { bytes: self.bytes, at: from, length, size })
    }

    /// A list of tables.
    pub fn tables(&self, field: usize) -> Option<FlatVector<'a>> {
        self.vector(field, 4)
    }
}

impl<'a> FlatVector<'a> {
    /// Where the list begins in the bytes, after its length.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn table(&self, i: usize) -> Option<FlatTable<'a>> {
        (i < self.length).then(|| FlatTable::behind(self.bytes, self.at + i * self.size)).flatten()
    }

    /// A number within the thing number `i`, `offset` bytes from its beginning.
    pub fn long(&self, i: usize, offset: usize) -> Option<i64> {
        self.number(i, offset).map(i64::from_le_bytes)
    }

    pub fn number<const N: usize>(&self, i: usize, offset: usize) -> Option<[u8; N]> {
        (i < self.length).then(|| chunk(self.bytes, self.at + i * self.size + offset)).flatten()
    }
}
