//! A setting of a feed as data: what it is called, what it takes, and what holds without it. Forms, addresses and help
//! all go by it.

use std::time::Duration;

/// A query parameter of a feed's URL.
#[derive(Debug)]
pub struct FeedSetting {
    pub name: &'static str,
    pub kind: SettingKind,
    pub about: &'static str,
    /// The value that holds when the parameter is absent, or words for it.
    pub default: &'static str,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A number, or one of these words.
    Number(&'static [&'static str]),
    /// Such as `250ms` or `2s`.
    Duration,
    /// A file.
    Path,
    Flag,
    /// What is sent to a server: it is neither shown nor saved with the address.
    Secret,
}

impl SettingKind {
    /// For lists: `duration`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Choice(_) => "choice",
            Self::Number(_) => "number",
            Self::Duration => "duration",
            Self::Path => "file",
            Self::Flag => "flag",
            Self::Secret => "secret",
        }
    }

    /// What a value has to be, in words.
    pub fn wanted(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Secret => "text that is not shown".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Number([]) => "a number".to_owned(),
            Self::Number(words) => format!("a number or {}", words.join(", ")),
            Self::Duration => "a duration such as 250ms, 2s, 10m or 1h".to_owned(),
            Self::Path => "a file".to_owned(),
            Self::Flag => "true or false".to_owned(),
        }
    }

    /// Whether a value is such. What more there is to say of it, such as its bounds, the kind of feed says.
    pub fn takes(self, value: &str) -> bool {
        match self {
            Self::Text | Self::Secret | Self::Path => true,
            Self::Choice(words) => words.contains(&value),
            Self::Number(words) => words.contains(&value) || value.parse::<f64>().is_ok(),
            Self::Duration => parse_duration(value).is_some(),
            Self::Flag => value.parse::<bool>().is_ok(),
        }
    }
}

/// Reads `250ms`, `2s`, `1.5h`, `10m`, `1d`; `None` for anything else. A bare number is seconds.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let seconds = match unit.trim() {
        "us" => 1e-6,
        "ms" => 1e-3,
        "" | "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}
