//! Which characters the bytes of a text stand for, and their way to UTF-8. Where the bytes come from is left to others.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How much of the beginning is worth looking at.
pub const HEAD_BYTES: usize = 1 << 20;

/// An encoding, and the byte order mark before the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEncoding {
    pub encoding: &'static Encoding,
    pub mark_bytes: usize,
}

impl TextEncoding {
    /// Settles the encoding of a text from its beginning; `whole` says that `head` is all of it.
    pub fn detect(head: &[u8], whole: bool) -> Self {
        if let Some((encoding, mark_bytes)) = Encoding::for_bom(head) {
            return Self { encoding, mark_bytes };
        }
        let head = head.get(..HEAD_BYTES).unwrap_or(head);
        Self { encoding: unmarked(head, whole), mark_bytes: 0 }
    }

    pub const UTF_8: Self = Self { encoding: UTF_8, mark_bytes: 0 };

    /// Whether characters take two bytes at least.
    pub fn is_wide(&self) -> bool {
        self.encoding == UTF_16LE || self.encoding == UTF_16BE
    }

    /// The bytes after the mark, all at once.
    pub fn convert(&self, bytes: Vec<u8>, last: bool) -> Vec<u8> {
        if self.is_utf8() {
            return bytes;
        }
        let mut text = Vec::with_capacity(bytes.len());
        self.converter().convert(&bytes, last, &mut text);
        text
    }

    /// Whether the bytes can be taken as they are, after the mark.
    pub fn is_utf8(&self) -> bool {
        self.encoding == UTF_8
    }

    pub fn name(&self) -> &'static str {
        self.encoding.name()
    }

    /// A converter for the bytes after the mark.
    pub fn converter(&self) -> Converter {
        Converter { decoder: self.encoding.new_decoder_without_bom_handling() }
    }
}

fn unmarked(head: &[u8], whole: bool) -> &'static Encoding {
    if let Some(wide) = wide(head) {
        return wide;
    }
    let (valid, invalid) = count_utf8(head, whole);
    // Text that is mostly UTF-8 is UTF-8 with some rows that are not: guessing anything else would turn the good rows
    // into gibberish without a word.
    if invalid == 0 || valid >= invalid {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(head, whole);
    let guess = detector.guess(None, Utf8Detection::Deny);
    // GB 18030 is GBK and more.
    let guess = if guess == GBK { GB18030 } else { guess };
    // A few strange bytes are rows to be set aside; many show that the guess is wrong.
    let (text, _) = guess.decode_without_bom_handling(head);
    let (foreign, beyond) = text
        .chars()
        .fold((0, 0), |(f, b), c| (f + usize::from(c == char::REPLACEMENT_CHARACTER), b + usize::from(!c.is_ascii())));
    if whole && foreign * 20 > beyond { WINDOWS_1252 } else { guess }
}

/// UTF-16 without a mark: Latin text has a zero in every other byte.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.get(..2_048).unwrap_or(head).chunks_exact(2);
    let count = pairs.len();
    if count < 4 {
        return None;
    }
    let (mut first, mut second) = (0, 0);
    for pair in pairs {
        first += usize::from(pair.first() == Some(&0));
        second += usize::from(pair.last() == Some(&0));
    }
    match (first * 10, second * 10) {
        (f, s) if s >= 6 * count && f <= count => Some(UTF_16LE),
        (f, s) if f >= 6 * count && s <= count => Some(UTF_16BE),
        _ => None,
    }
}

/// Characters beyond ASCII that are valid UTF-8, and places that are not.
fn count_utf8(head: &[u8], whole: bool) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    let mut rest = head;
    loop {
        let (good, skip) = match std::str::from_utf8(rest) {
            Ok(_) => (rest, 0),
            Err(error) => {
                let good = rest.get(..error.valid_up_to()).unwrap_or_default();
                match error.error_len() {
                    Some(length) => (good, length),
                    // The head may end inside a character; a whole text may not.
                    None => (good, if whole { rest.len() - good.len() } else { 0 }),
                }
            }
        };
        valid += good.iter().filter(|b| **b >= 0xc0).count();
        if skip == 0 {
            return (valid, invalid);
        }
        invalid += 1;
        rest = rest.get(good.len() + skip..).unwrap_or_default();
    }
}

/// Turns a text into UTF-8, piece by piece.
pub struct Converter {
    decoder: encoding_rs::Decoder,
}

impl Converter {
    /// Appends `bytes` as UTF-8 to `text`. A byte that the encoding does not know becomes the byte 0xFF, which is not
    /// UTF-8 either: so its row is set aside later, instead of being shown with a hole in it.
    pub fn convert(&mut self, mut bytes: &[u8], last: bool, text: &mut Vec<u8>) {
        let mut room = vec![0_u8; 16 << 10];
        loop {
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut room, last);
            text.extend_from_slice(room.get(..written).unwrap_or_default());
            bytes = bytes.get(read..).unwrap_or_default();
            match result {
                encoding_rs::DecoderResult::InputEmpty => return,
                encoding_rs::DecoderResult::OutputFull => {}
                encoding_rs::DecoderResult::Malformed(..) => text.push(0xff),
            }
        }
    }
}
