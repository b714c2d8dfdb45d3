//! JSON as a tree that keeps the order of its names and the digits of its whole numbers.

use std::fmt::Write;

/// How deep a value may be.
const DEEP: usize = 200;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Truth(bool),
    /// As written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text that is one value; `None` where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.spaces();
        (reader.at == text.len()).then_some(value)
    }

    /// As compact text.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Truth(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Number(digits) => out.push_str(&number(digits)),
            Self::Text(text) => quoted(text, out),
            Self::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (i, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    quoted(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// What DuckDB calls its type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Truth(_) => "BOOLEAN",
            Self::Number(digits) if digits.parse::<u64>().is_ok() => "UBIGINT",
            Self::Number(digits) if digits.parse::<i64>().is_ok() => "BIGINT",
            Self::Number(digits) if !digits.contains(['.', 'e', 'E']) => "HUGEINT",
            Self::Number(_) => "DOUBLE",
            Self::Text(_) => "VARCHAR",
            Self::List(_) => "ARRAY",
            Self::Object(_) => "OBJECT",
        }
    }
}

/// Whole numbers as they are written, others with the fewest digits that say them.
fn number(digits: &str) -> String {
    if !digits.contains(['.', 'e', 'E']) {
        return digits.to_owned();
    }
    let Ok(x) = digits.parse::<f64>() else { return digits.to_owned() };
    let scientific = format!("{x:e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()).unwrap_or(0);
    match exponent {
        -6..21 => {
            let plain = x.to_string();
            if plain.contains('.') { plain } else { plain + ".0" }
        }
        _ => scientific,
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        self.text.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn value(&mut self, deep: usize) -> Option<Json> {
        if deep > DEEP {
            return None;
        }
        self.spaces();
        match self.peek()? {
            b'{' => self.object(deep),
            b'[' => self.list(deep),
            b'"' => self.string().map(Json::Text),
            b't' => self.word("true", Json::Truth(true)),
            b'f' => self.word("false", Json::Truth(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.digits(),
        }
    }

    fn object(&mut self, deep: usize) -> Option<Json> {
        let mut fields = Vec::new();
        self.take(b'{')?;
        self.spaces();
        while self.peek()? != b'}' {
            if !fields.is_empty() {
                self.take(b',')?;
                self.spaces();
            }
            let name = self.string()?;
            self.spaces();
            self.take(b':')?;
            fields.push((name, self.value(deep + 1)?));
            self.spaces();
        }
        self.take(b'}')?;
        Some(Json::Object(fields))
    }

    fn list(&mut self, deep: usize) -> Option<Json> {
        let mut items = Vec::new();
        self.take(b'[')?;
        self.spaces();
        while self.peek()? != b']' {
            if !items.is_empty() {
                self.take(b',')?;
            }
            items.push(self.value(deep + 1)?);
            self.spaces();
        }
        self.take(b']')?;
        Some(Json::List(items))
    }

    /// What stands in quotes; its escapes are those that JSON has, so serde reads them.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn digits(&mut self) -> Option<Json> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let digits = self.text.get(start..self.at)?;
        let bare = digits.strip_prefix('-').unwrap_or(digits);
        // Of what Rust reads as a number JSON has no zeros before others, and no point without digits on both sides.
        let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let zeros = bare.strip_prefix('0').is_some_and(digit);
        let point = bare.split_once('.').is_none_or(|(_, after)| digit(after));
        let sound = digit(bare) && !zeros && point && digits.parse::<f64>().is_ok();
        sound.then(|| Json::Number(digits.to_owned()))
    }
}
