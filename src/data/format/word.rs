//! Looking for bytes in eight or sixty-four at once. For texts whose stops lie so close together that setting up a
//! vector search for each would cost more than it saves.

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const ONES: u64 = 0x0101_0101_0101_0101;

/// The high bit of every byte of `word` that equals `byte`, and no other bit.
#[inline]
pub(super) fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (ONES * u64::from(byte));
    !(((zero & LOW) + LOW) | zero | LOW)
}

/// The eight bytes from `at`, first byte lowest; zeros beyond the end.
#[inline]
pub(super) fn load(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        // The last eight bytes, less those that stand before.
        None => match bytes.last_chunk::<8>() {
            Some(tail) if !rest.is_empty() => u64::from_le_bytes(*tail) >> (8 * (8 - rest.len())),
            _ => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        },
    }
}

/// The high bit of every byte that is no digit, and no other bit.
#[inline]
pub(super) fn no_digits(word: u64) -> u64 {
    let digits = word ^ (ONES * u64::from(b'0'));
    ((digits & LOW).wrapping_add(ONES * 0x76) | digits) & !LOW
}

/// Which of the eight bytes the lowest high bit of `found` stands for.
#[inline]
pub(super) fn first(found: u64) -> usize {
    (found.trailing_zeros() / 8) as usize
}

/// A mask of the `bytes` lowest bytes.
#[inline]
pub(super) fn lowest(bytes: usize) -> u64 {
    if bytes >= 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 }
}

/// One bit for each of 64 bytes, lowest first: set where the byte is `a` or `b`.
#[inline]
pub(super) fn either(bytes: &[u8; 64], a: u8, b: u8) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().enumerate().fold(0, |mask, (i, word)| {
        let word = u64::from_le_bytes(*word);
        let found = (equal(word, a) | equal(word, b)) >> 7;
        // The low bit of each byte, gathered in the lowest byte: in pairs, in fours, all eight.
        let pairs = found | found >> 7;
        let fours = pairs | pairs >> 14;
        mask | ((fours | fours >> 28) & 0xff) << (8 * i)
    })
}
