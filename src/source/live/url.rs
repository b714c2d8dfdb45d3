//! A feed's address, taken apart: `replay:flights.parquet?speed=60&seed=7`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::data::{Fault, Result};

/// Parameters whose values are not shown.
const SECRETS: &[&str] = &["subscribe", "query", "token", "secret", "password", "passwd", "key", "auth", "sign"];

/// The scheme, what follows it, and the query parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedUrl {
    /// As it was written; this is what is shown and saved.
    pub text: String,
    /// Lower case: `replay`.
    pub scheme: String,
    /// What stands between the scheme's colon (and `//`) and the `?`.
    pub target: String,
    pub params: BTreeMap<String, String>,
}

impl FeedUrl {
    /// # Errors
    /// When there is no scheme, or a parameter is not `name=value`.
    pub fn parse(text: &str) -> Result<Self> {
        let fault = |what: &str| Fault::new(what.to_owned()).at(text).hint("write it like file:PATH or ws://HOST/PATH");
        let (scheme, rest) = text.split_once(':').ok_or_else(|| fault("this feed has no scheme"))?;
        if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
            return Err(fault("this feed has no scheme"));
        }
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (target, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut params = BTreeMap::new();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| fault(&format!("the parameter '{pair}' has no value")))?;
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            params.insert(name.to_ascii_lowercase(), value);
        }
        Ok(Self { text: text.to_owned(), scheme: scheme.to_ascii_lowercase(), target: target.to_owned(), params })
    }

    /// The same address without some of its parameters.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let mut params = self.params.clone();
        params.retain(|name, _| !names.contains(&name.as_str()));
        Self { params, ..self.clone() }
    }

    /// The same address with this parameter last, in place of any of its name.
    ///
    /// # Errors
    /// As `parse`.
    pub fn with(&self, name: &str, value: impl fmt::Display) -> Result<Self> {
        let (path, asked) = self.text.split_once('?').unwrap_or((&self.text, ""));
        let is = |pair: &str| pair.split_once('=').is_some_and(|(own, _)| own.eq_ignore_ascii_case(name));
        let others = asked.split('&').filter(|pair| !pair.is_empty() && !is(pair)).map(str::to_owned);
        let params: Vec<String> = others.chain([format!("{name}={value}")]).collect();
        Self::parse(&format!("{path}?{}", params.join("&")))
    }

    /// The address as it may stand on a screen, in a log or beside a row: without passwords, and without the values
    /// of parameters that are sent to a server or named like a secret.
    pub fn shown(&self) -> String {
        let slashes = if self.text.get(self.scheme.len() + 1..).is_some_and(|rest| rest.starts_with("//")) { "//" } else { "" };
        let host = self.target.find('/').unwrap_or(self.target.len());
        let user = if slashes.is_empty() { None } else { self.target.get(..host).and_then(|host| host.rfind('@')) };
        let target = user.and_then(|at| self.target.get(at + 1..)).unwrap_or(&self.target);
        let mut shown = format!("{}:{slashes}{target}", self.scheme);
        for (i, (name, value)) in self.params.iter().enumerate() {
            let secret = SECRETS.iter().any(|word| name.contains(word));
            let value = if secret { "…" } else { value };
            shown.push_str(&format!("{}{name}={value}", if i == 0 { '?' } else { '&' }));
        }
        shown
    }

    /// Whether its rows come from a file.
    pub fn is_file(&self) -> bool {
        ["file", "replay"].contains(&self.scheme.as_str())
    }

    /// The target as a path. Percent signs stand for themselves where such a file exists.
    ///
    /// # Errors
    /// When the address names no file.
    pub fn path(&self) -> Result<PathBuf> {
        if self.target.is_empty() {
            return Err(Fault::new("this feed names no file").at(&self.text).hint(format!("write it like {}:PATH", self.scheme)));
        }
        if !self.target.contains('%') || Path::new(&self.target).exists() {
            return Ok(PathBuf::from(&self.target));
        }
        Ok(PathBuf::from(percent_decode_str(&self.target).decode_utf8_lossy().into_owned()))
    }

    /// The parameter `name`, read as `T`.
    ///
    /// # Errors
    /// When it is there and is not a `T`; `want` says what would be right.
    pub fn param<T: std::str::FromStr>(&self, name: &str, want: &str) -> Result<Option<T>> {
        let Some(value) = self.params.get(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| Fault::new(format!("{name}={value} is not {want}")).at(&self.text))
    }

    /// The parameter `name`, read as a duration such as `250ms`, `2s`, `10m`, `1h` or `1d`.
    ///
    /// # Errors
    /// When it is there and is not a duration.
    pub fn duration(&self, name: &str) -> Result<Option<Duration>> {
        let Some(value) = self.params.get(name) else { return Ok(None) };
        parse_duration(value)
            .map(Some)
            .ok_or_else(|| Fault::new(format!("{name}={value} is not a duration")).at(&self.text).hint("write it like 250ms, 2s, 10m or 1h"))
    }
}

impl fmt::Display for FeedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
