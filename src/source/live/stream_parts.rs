//! A connection taken apart, so that its bytes can be recorded as they come. Rows are made of them by `stream`.

use super::byte_source::{ByteEvent, ByteSource};
use super::stream_format::StreamFormat;

/// A connection taken apart: what is to come, and what came already.
pub struct StreamParts {
    pub raw: Box<dyn ByteSource>,
    /// How they become rows, if that is settled.
    pub shape: Option<StreamFormat>,
    /// The bytes that came already, from the first.
    pub bytes: Vec<u8>,
    /// Events that came after the bytes and were not told.
    pub pending: Vec<ByteEvent>,
}
