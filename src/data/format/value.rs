//! Values from the bytes that spell them: numbers and truth; dates and times are `datetime`'s.
//! Null, quoting and what to do with a value that does not fit are left to `column`.

use std::ops::Range;

use super::word;

const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// `true` and `false`, as SQL, JSON and Python write them.
pub(super) fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"True" | b"TRUE" => Some(true),
        b"false" | b"False" | b"FALSE" => Some(false),
        _ => None,
    }
}

/// Whether this is an optional sign and digits, of any length.
pub(super) fn looks_integer(text: &[u8]) -> bool {
    let (_, digits) = sign(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// A whole number; `None` also when it does not fit. A fraction of zeros (`5.0`) is whole.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    if digits.is_empty() {
        return None;
    }
    if digits.len() > 18 {
        return long_integer(negative, digits).and_then(|v| i64::try_from(v).ok());
    }
    let mut value = 0_i64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return long_integer(negative, digits).and_then(|v| i64::try_from(v).ok());
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// A whole number that is not negative, up to the largest of 64 bits.
pub(super) fn natural(text: &[u8]) -> Option<u64> {
    let (negative, digits) = sign(text);
    long_integer(negative, digits).and_then(|v| u64::try_from(v).ok())
}

fn long_integer(negative: bool, digits: &[u8]) -> Option<i128> {
    let (whole, fraction) = match memchr::memchr(b'.', digits) {
        Some(point) => (digits.get(..point)?, digits.get(point + 1..)?),
        None => (digits, &[][..]),
    };
    if whole.is_empty() || fraction.iter().any(|b| *b != b'0') {
        return None;
    }
    let mut value = 0_i128;
    for &byte in whole {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    Some(if negative { -value } else { value })
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// A number, `inf`, `infinity` or `nan`, rounded correctly.
#[inline]
pub(super) fn float(text: &[u8]) -> Option<f64> {
    let (negative, digits) = sign(text);
    let (mut mantissa, mut seen, mut scale, mut point) = (0_u64, 0_usize, 0_usize, false);
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            seen += 1;
            scale += usize::from(point);
        } else if byte == b'.' && !point {
            point = true;
        } else {
            return any_float(text);
        }
    }
    // Up to fifteen digits and a power of ten up to 10^15 are exact in an f64, so one division rounds once.
    if seen == 0 || seen > 15 {
        return any_float(text);
    }
    let value = mantissa as f64 / POWERS.get(scale)?;
    Some(if negative { -value } else { value })
}

/// Eight digits of zero.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// A number of up to 16 bytes as its sign, its digits as one whole number, and how many of them follow the point: all
/// bytes at once and without a branch for each. `None` for everything else, which may still be a number.
#[inline]
fn quick(bytes: &[u8], range: Range<usize>) -> Option<(bool, u64, usize)> {
    let length = range.end.checked_sub(range.start)?;
    let low = word::load(bytes, range.start);
    let negative = low as u8 == b'-';
    let sign = usize::from(negative);
    if (1..=8).contains(&length) {
        let word = (low & word::lowest(length)) >> (8 * sign);
        let count = length - sign;
        let points = word::equal(word, b'.');
        let pointed = points != 0;
        let point = if pointed { word::first(points) } else { count };
        let before = word & word::lowest(point);
        let after = if pointed { (word >> (8 * point) >> 8) << (8 * point) } else { 0 };
        let digits = count - usize::from(pointed);
        if digits == 0 {
            return None;
        }
        let shift = 8 * (8 - digits);
        let spelt = (before | after) << shift ^ ZEROS << shift;
        return are_digits(spelt).then(|| (negative, eight_digits(spelt), count - point - usize::from(pointed)));
    }
    if length == 0 || length > 16 {
        return None;
    }
    let high = word::load(bytes, range.start + 8) & word::lowest(length - 8);
    let word = (u128::from(high) << 64 | u128::from(low)) >> (8 * sign);
    let count = length - sign;
    let points = (word::equal(word as u64, b'.'), word::equal((word >> 64) as u64, b'.'));
    let pointed = points != (0, 0);
    let point = match points {
        (0, 0) => count,
        (0, high) => 8 + word::first(high),
        (low, _) => word::first(low),
    };
    let (before, after) =
        if pointed { (word & ((1 << (8 * point)) - 1), (word >> (8 * point) >> 8) << (8 * point)) } else { (word, 0) };
    let digits = count - usize::from(pointed);
    let shift = 8 * (16 - digits);
    let spelt = (before | after) << shift ^ (u128::from(ZEROS) << 64 | u128::from(ZEROS)) << shift;
    let (first, last) = (spelt as u64, (spelt >> 64) as u64);
    let whole = are_digits(first) && are_digits(last) && digits <= 15;
    whole.then(|| {
        (negative, eight_digits(first) * 100_000_000 + eight_digits(last), count - point - usize::from(pointed))
    })
}

/// A whole number of up to eight bytes, which most are: digits, and a minus before them.
#[inline]
fn short_integer(bytes: &[u8], range: &Range<usize>) -> Option<i64> {
    let length = range.end.checked_sub(range.start).filter(|length| *length <= 8)?;
    let word = word::load(bytes, range.start);
    let negative = word as u8 == b'-';
    let digits = length.checked_sub(usize::from(negative)).filter(|digits| *digits > 0)?;
    // The last digit stands in the highest byte; what is before the first is zero.
    let room = 8 * (8 - digits);
    let spelt = (word << (8 * (8 - length)) & u64::MAX << room) ^ ZEROS << room;
    let value = eight_digits(spelt) as i64;
    are_digits(spelt).then_some(if negative { -value } else { value })
}

/// Whether each byte is 0 to 9.
#[inline]
fn are_digits(bytes: u64) -> bool {
    (bytes.wrapping_add(0x7676_7676_7676_7676) | bytes) & 0x8080_8080_8080_8080 == 0
}

/// Eight digits, the first in the lowest byte, as one number: two, four, then eight together.
#[inline]
fn eight_digits(digits: u64) -> u64 {
    let twos = (digits.wrapping_mul(2_561) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(6_553_601) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(42_949_672_960_001) >> 32
}

/// As `float` where the bytes in this range are a plain number; `None` says nothing.
#[inline]
pub(super) fn quick_float(bytes: &[u8], range: Range<usize>) -> Option<f64> {
    let (negative, digits, scale) = quick(bytes, range)?;
    // As in `float`: both are exact, so this rounds once.
    let value = digits as f64 / POWERS.get(scale)?;
    Some(if negative { -value } else { value })
}

/// As `integer` where the bytes in this range are a plain whole number; `None` says nothing.
#[inline]
pub(super) fn quick_integer(bytes: &[u8], range: Range<usize>) -> Option<i64> {
    if let Some(value) = short_integer(bytes, &range) {
        return Some(value);
    }
    let (negative, digits, scale) = quick(bytes, range)?;
    let value = digits as i64;
    (scale == 0).then_some(if negative { -value } else { value })
}

fn any_float(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// As `float`, rounded once to single precision.
pub(super) fn single(text: &[u8]) -> Option<f32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
