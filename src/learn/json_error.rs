//! What is wrong with a file of JSON, for people: what was expected, and where, as a path of names (`trees[3].cut`).

use std::io::{BufReader, Read};

use serde_json::error::Category;

/// What is wrong, in plain words; `file` is read again up to the place.
pub fn describe(error: &serde_json::Error, file: impl Read) -> String {
    let path = place(file, error.line(), error.column());
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
    let at = if path.is_empty() { "in its beginning".to_owned() } else { format!("at {path}") };
    match error.classify() {
        Category::Io => format!("it cannot be read: {said}"),
        Category::Eof if path.is_empty() => "it is no model: it is empty, or was cut short".to_owned(),
        Category::Eof => format!("the file was cut short: it ends {at}"),
        Category::Syntax if path.is_empty() => "it is no model: it is not JSON".to_owned(),
        Category::Syntax => {
            format!("{at} it is no JSON any more (line {}, character {})", error.line(), error.column())
        }
        Category::Data => match said.strip_prefix("missing field `") {
            Some(field) => {
                let within = path.rsplit_once('.').map_or("", |(within, _)| within);
                let field = field.trim_end_matches('`');
                if within.is_empty() {
                    format!("it is no model: it has no '{field}'")
                } else {
                    format!("'{field}' is missing at {within}")
                }
            }
            None if path.is_empty() => "it is no model: it is JSON of another shape".to_owned(),
            None => format!("{at}: {}", wrong(said)),
        },
    }
}

/// `invalid type: string "a", expected u64` as people say it; words of our own stay as they are.
fn wrong(said: &str) -> String {
    if let Some((found, expected)) =
        said.strip_prefix("invalid length ").and_then(|said| said.split_once(", expected "))
    {
        let expected = expected.rsplit(' ').next().unwrap_or(expected);
        return format!("there is a list of {found} where one of {expected} should be");
    }
    let Some((found, expected)) =
        said.strip_prefix("invalid ").and_then(|said| said.split_once(": ")?.1.split_once(", expected "))
    else {
        return said.to_owned();
    };
    let found = match found.split_once(' ') {
        Some(("string", text)) => format!("the text {text}"),
        Some((_, value)) if value.contains('`') => value.rsplit(' ').next().unwrap_or(value).replace('`', ""),
        _ if found == "sequence" => "a list".to_owned(),
        _ if found == "map" => "an object".to_owned(),
        _ if found == "null" => "nothing (null)".to_owned(),
        _ => found.to_owned(),
    };
    let expected = match expected {
        "a string" => "a text",
        "a sequence" => "a list",
        whole if whole.trim_start_matches(['u', 'i']).parse::<u32>().is_ok() || whole.ends_with("size") => {
            "a whole number that fits"
        }
        object if object.starts_with("struct") || object == "a map" => "an object",
        list if list.starts_with("a tuple") => "a list",
        other => other,
    };
    format!("there is {found} where {expected} should be")
}

/// A step on the way into the file.
enum PathStep {
    /// A value under this name, or before the first.
    Name(String),
    Item(usize),
}

/// Where the byte at a line and a column stands; empty outside of all names.
fn place(file: impl Read, line: usize, column: usize) -> String {
    let mut way: Vec<PathStep> = Vec::new();
    let (mut text, mut within, mut escaped) = (Vec::new(), false, false);
    let (mut at_line, mut at_column) = (1, 0);
    for byte in BufReader::new(file).bytes().map_while(Result::ok) {
        at_column += 1;
        if (at_line, at_column) >= (line, column) {
            break;
        }
        if byte == b'\n' {
            (at_line, at_column) = (at_line + 1, 0);
        }
        if within {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => within = false,
                _ => {}
            }
            // Names are short; long texts are values.
            if within && text.len() < 256 {
                text.push(byte);
            }
            continue;
        }
        match byte {
            b'"' => (within, text) = (true, Vec::new()),
            b':' => {
                if let Some(PathStep::Name(name)) = way.last_mut() {
                    *name = String::from_utf8_lossy(&text).into_owned();
                }
            }
            b'{' => way.push(PathStep::Name(String::new())),
            b'[' => way.push(PathStep::Item(0)),
            b'}' | b']' => drop(way.pop()),
            b',' => {
                if let Some(PathStep::Item(at)) = way.last_mut() {
                    *at += 1;
                }
            }
            _ => {}
        }
    }
    // Whatever is no object has no names.
    if !matches!(way.first(), Some(PathStep::Name(name)) if !name.is_empty()) {
        return String::new();
    }
    let mut path = String::new();
    for step in way {
        match step {
            PathStep::Name(name) if path.is_empty() || name.is_empty() => path += &name,
            PathStep::Name(name) => path += &format!(".{name}"),
            PathStep::Item(at) => path += &format!("[{at}]"),
        }
    }
    path
}
