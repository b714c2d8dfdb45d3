//! CSV in messages: each holds one or more lines, none of them a header (but where the topic is said to begin with
//! one). What the cells mean is left to the decoder.

use std::sync::Arc;

use polars::prelude::SchemaRef;

use super::settings::Names;
use crate::data::format::{self, Decoder, FormatKind, Sniff};
use crate::data::{Fault, Result};

/// Commas first: they win where nothing speaks for another.
const DELIMITERS: [u8; 4] = *b",\t;|";

/// Settles names and types from some lines (each ends with LF). `header` is the topic's first line where it names the
/// columns.
///
/// # Errors
/// When lines and names do not fit together.
pub fn decoder(
    source: &Arc<str>,
    lines: &[u8],
    prefer: Option<u8>,
    names: &Names,
    header: Option<&[u8]>,
    known: Option<&SchemaRef>,
) -> Result<Arc<dyn Decoder>> {
    let fault = |what: String, hint: &str| Fault::new(what).at(&**source).hint(hint);
    let Some(FormatKind::Text { sniff }) =
        format::FORMATS.iter().find(|format| format.name == "csv").map(|format| &format.kind)
    else {
        return Err(fault("this build cannot read CSV".to_owned(), ""));
    };
    let (delimiter, width) = shape(header.into_iter().chain(lines.split(|byte| *byte == b'\n')), prefer);
    let names: Vec<String> = match (names, header, known) {
        (Names::Given(names), ..) => names.clone(),
        (Names::Header, Some(header), _) => split(header, delimiter),
        // What continues a table has its columns.
        (_, _, Some(known)) if known.len() == width => known.iter_names().map(ToString::to_string).collect(),
        _ => (1..=width).map(|number| format!("column_{number}")).collect(),
    };
    if names.len() != width && width > 1 {
        let columns = names.join(", ");
        return Err(fault(
            format!("its CSV lines have {width} fields, but {} columns are named ({columns})", names.len()),
            "name each column once, in order",
        ));
    }
    // The decoder finds names in a first line: so it is given one.
    let mut text = Vec::with_capacity(lines.len() + 256);
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            text.push(delimiter);
        }
        if name.bytes().any(|byte| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r')) {
            text.extend_from_slice(format!("\"{}\"", name.replace('"', "\"\"")).as_bytes());
        } else {
            text.extend_from_slice(name.as_bytes());
        }
    }
    text.push(b'\n');
    text.extend_from_slice(lines);
    let decoder = sniff(&Sniff { source: source.clone(), head: &text, whole: true, known: known.cloned() })
        .map_err(|fault| fault.at(&**source))?;
    let same = decoder.schema().len() == names.len()
        && decoder.schema().iter_names().zip(&names).all(|(found, name)| found.as_str() == name);
    if !same {
        return Err(fault("its CSV lines do not fall into columns".to_owned(), "name them with columns=a,b,c"));
    }
    Ok(decoder)
}

/// The delimiter and number of fields that most lines have.
fn shape<'a>(lines: impl Iterator<Item = &'a [u8]>, prefer: Option<u8>) -> (u8, usize) {
    let lines: Vec<&[u8]> = lines.filter(|line| !line.trim_ascii().is_empty()).collect();
    let mut best = (0, 1, prefer.unwrap_or(b','));
    for delimiter in DELIMITERS.into_iter().filter(|delimiter| prefer.is_none_or(|prefer| prefer == *delimiter)) {
        let mut counts = std::collections::BTreeMap::new();
        for line in &lines {
            *counts.entry(fields(line, delimiter)).or_insert(0_usize) += 1;
        }
        let most = counts.into_iter().filter(|(width, _)| *width > 1).max_by_key(|(width, times)| (*times, *width));
        if let Some((width, times)) = most.filter(|(width, times)| (*times, *width) > (best.0, best.1)) {
            best = (times, width, delimiter);
        }
    }
    (best.2, best.1)
}

fn fields(line: &[u8], delimiter: u8) -> usize {
    let mut quoted = false;
    let mut count = 1;
    for byte in line {
        quoted ^= *byte == b'"';
        count += usize::from(!quoted && *byte == delimiter);
    }
    count
}

fn split(line: &[u8], delimiter: u8) -> Vec<String> {
    let (mut quoted, mut cells) = (false, vec![Vec::new()]);
    for byte in line.trim_ascii() {
        quoted ^= *byte == b'"';
        if !quoted && *byte == delimiter {
            cells.push(Vec::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(*byte);
        }
    }
    let bare = |cell: Vec<u8>| {
        let text = String::from_utf8_lossy(cell.trim_ascii()).into_owned();
        text.strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .map_or(text.clone(), |inner| inner.replace("\"\"", "\""))
    };
    cells.into_iter().map(bare).collect()
}
