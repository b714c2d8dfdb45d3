//! Texts and numbers in other signs: hexadecimal, Base64, for addresses of the web, and their fingerprints.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use polars::prelude::*;
use ring::digest;

use super::{ANY, Arguments, OwnFunction, TEXT, md5, own, text};

pub(super) const OWN: &[OwnFunction] = &[
    own(&["hex", "to_hex"], &[ANY], text, |a| digits(a, 4)).told("hex(n)", "to base 16"),
    own(&["bin", "to_binary"], &[ANY], text, |a| digits(a, 1)).told("bin(n)", "to base 2"),
    own(&["to_base64", "base64"], &[TEXT], text, |a| each(a, |text| base64(text.as_bytes())))
        .told("to_base64(text)", "in Base64"),
    own(&["url_encode"], &[TEXT], text, |a| each(a, |text| utf8_percent_encode(text, KEPT).to_string()))
        .told("url_encode(text)", "for an address of the web"),
    own(&["url_decode"], &[TEXT], text, url_decode).told("url_decode(text)", "from an address of the web"),
    own(&["md5"], &[TEXT], text, |a| each(a, |text| hexadecimal(&md5::md5(text.as_bytes()))))
        .told("md5(text)", "its fingerprint, which is no secret"),
    own(&["sha1"], &[TEXT], text, |a| each(a, |text| fingerprint(&digest::SHA1_FOR_LEGACY_USE_ONLY, text)))
        .told("sha1(text)", "its fingerprint, which is no secret"),
    own(&["sha256"], &[TEXT], text, |a| each(a, |text| fingerprint(&digest::SHA256, text)))
        .told("sha256(text)", "its fingerprint"),
];

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn each(a: &Arguments<'_>, made: impl Fn(&str) -> String) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    Ok(a.each(|row| texts.get(row).map(&made)))
}

/// A whole number, or the bytes of a text, in digits of so many bits.
fn digits(a: &Arguments<'_>, bits: u32) -> PolarsResult<Column> {
    match a.dtype(0) {
        DataType::String | DataType::Null => each(a, |text| {
            text.bytes().map(|byte| if bits == 4 { format!("{byte:02X}") } else { format!("{byte:08b}") }).collect()
        }),
        whole if whole.is_integer() => {
            let numbers = a.whole(0)?;
            let digits = |number| if bits == 4 { format!("{number:X}") } else { format!("{number:b}") };
            Ok(a.each(|row| numbers.get(row).map(digits)))
        }
        _ => polars_bail!(ComputeError: "digits are of whole numbers and texts; write CAST(… AS BIGINT)"),
    }
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut made = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let sign = SIGNS[(number >> (18 - 6 * place) & 63) as usize];
            made.push(if place <= three.len() { char::from(sign) } else { '=' });
        }
    }
    made
}

fn url_decode(a: &Arguments<'_>) -> PolarsResult<Column> {
    let texts = a.texts(0)?;
    let mut wrong = false;
    let column = a.each(|row| {
        let decoded = percent_decode_str(texts.get(row)?).decode_utf8().ok();
        wrong |= decoded.is_none();
        decoded.map(std::borrow::Cow::into_owned)
    });
    polars_ensure!(!wrong, ComputeError: "this is no text once it is decoded; leave such values out, by WHERE or CASE");
    Ok(column)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fingerprint(of: &'static digest::Algorithm, text: &str) -> String {
    hexadecimal(digest::digest(of, text.as_bytes()).as_ref())
}
