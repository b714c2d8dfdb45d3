//! A block of text that is decoded at once, and ranges of bytes in it. What stands in the ranges is left to the
//! formats.

use std::ops::Range;

use crate::data::{Fault, Result};

/// A range of bytes within one block; `start == end` where nothing stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    #[inline]
    pub fn new(start: usize, end: usize) -> Self {
        // Blocks are smaller than 4 GiB: `TextBlock::new` makes sure.
        Self { start: start as u32, end: end as u32 }
    }

    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The bytes that are decoded, checked once.
#[derive(Clone, Copy)]
pub(super) struct TextBlock<'a> {
    pub bytes: &'a [u8],
    /// All of it, when all of it is UTF-8.
    text: Option<&'a str>,
    has_nul: bool,
}

impl<'a> TextBlock<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(Fault::new("a block of more than 4 GiB cannot be decoded at once"));
        }
        Ok(Self { bytes, text: std::str::from_utf8(bytes).ok(), has_nul: memchr::memchr(0, bytes).is_some() })
    }

    /// Whether every row is text.
    pub fn is_clean(&self) -> bool {
        self.text.is_some() && !self.has_nul
    }

    /// Why this row cannot be text, if so.
    #[inline]
    pub fn flaw(&self, row: Range<usize>) -> Option<&'static str> {
        if self.text.is_some() && !self.has_nul {
            return None;
        }
        let row = self.bytes.get(row)?;
        if memchr::memchr(0, row).is_some() {
            Some("holds a NUL byte")
        } else if std::str::from_utf8(row).is_err() {
            Some("not valid UTF-8 text, nor known to the file's encoding")
        } else {
            None
        }
    }

    #[inline]
    pub fn slice(&self, span: Span) -> &'a str {
        match self.text {
            Some(text) => text.get(span.range()),
            // Rows that are not UTF-8 were set aside by `flaw`.
            None => self.bytes.get(span.range()).and_then(|bytes| std::str::from_utf8(bytes).ok()),
        }
        .unwrap_or("")
    }
}
