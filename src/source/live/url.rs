//! A feed's address, taken apart: `replay:flights.parquet?speed=60&seed=7`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::Origin;
use super::setting::parse_duration;
use crate::data::{Fault, Result};

/// The parts of an address that are not shown: the user, and parameters as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    pub user: Option<String>,
    pub params: Vec<String>,
}

/// The scheme, what follows it, and the query parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedUrl {
    /// As it was written. What is shown is `shown`, what is saved `apart`.
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
        let fault = |what: &str| {
            Fault::new(what.to_owned()).at(outline(text)).hint("write it like file:PATH or ws://HOST/PATH")
        };
        let (scheme, rest) = text.split_once(':').ok_or_else(|| fault("this feed has no scheme"))?;
        if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
            return Err(fault("this feed has no scheme"));
        }
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (target, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut params = BTreeMap::new();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| fault("a parameter has no value: write it as NAME=VALUE"))?;
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
        let (path, asked) = self.text.split_once('?').unwrap_or((&self.text, ""));
        let is = |pair: &&str| {
            pair.split_once('=').is_some_and(|(own, _)| names.iter().any(|name| own.eq_ignore_ascii_case(name)))
        };
        let others: Vec<&str> = asked.split('&').filter(|pair| !pair.is_empty() && !is(pair)).collect();
        let text = if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) };
        Self { text, params, ..self.clone() }
    }

    /// The same address with this parameter last, in place of any of its name.
    ///
    /// # Errors
    /// As `parse`.
    pub fn with(&self, name: &str, value: impl Display) -> Result<Self> {
        let (path, asked) = self.text.split_once('?').unwrap_or((&self.text, ""));
        let is = |pair: &str| pair.split_once('=').is_some_and(|(own, _)| own.eq_ignore_ascii_case(name));
        let others = asked.split('&').filter(|pair| !pair.is_empty() && !is(pair)).map(str::to_owned);
        let params: Vec<String> = others.chain([format!("{name}={value}")]).collect();
        Self::parse(&format!("{path}?{}", params.join("&")))
    }

    /// The address as it may stand on a screen, in a log or beside a row: of what is secret only that it is there.
    pub fn shown(&self) -> String {
        let (mut shown, secret) = self.apart();
        for pair in &secret.params {
            let name = pair.split_once('=').map_or(pair.as_str(), |(name, _)| name);
            shown.push_str(&format!("{}{name}=…", if shown.contains('?') { '&' } else { '?' }));
        }
        shown
    }

    /// The address without what is secret, which can be saved, and the secret, which `join` puts back.
    pub fn apart(&self) -> (String, Secret) {
        let (address, query) = self.text.split_once('?').unwrap_or((&self.text, ""));
        let (scheme, rest) = address.split_once(':').unwrap_or(("", address));
        let (slashes, rest) = rest.strip_prefix("//").map_or(("", rest), |rest| ("//", rest));
        // A user stands before the path of an address; the path of a file has none.
        let authority = if slashes.is_empty() && !self.is_remote() { "" } else { rest.split('/').next().unwrap_or("") };
        // A password may hold a slash: then what stands behind the first colon is no port.
        let is_port = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let odd = !authority.starts_with('[')
            && authority.split_once(':').is_some_and(|(_, port)| !is_port(port) && !authority.contains(','));
        let until = if odd { rest } else { authority };
        let user = until.rsplit_once('@').map(|(user, _)| user.to_owned());
        let rest = user.as_ref().and_then(|user| rest.get(user.len() + 1..)).unwrap_or(rest);
        let mut plain = format!("{scheme}:{slashes}{rest}");
        let mut params = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            if self.is_plain(pair.split_once('=').map_or(pair, |(name, _)| name)) {
                plain.push_str(&format!("{}{pair}", if plain.contains('?') { '&' } else { '?' }));
            } else {
                params.push(pair.to_owned());
            }
        }
        (plain, Secret { user, params })
    }

    /// An address whole again, from what `apart` gave.
    pub fn join(plain: &str, secret: &Secret) -> String {
        let mut whole = match (&secret.user, plain.split_once("://")) {
            (Some(user), Some((scheme, rest))) => format!("{scheme}://{user}@{rest}"),
            (Some(user), None) => plain
                .split_once(':')
                .map_or_else(|| plain.to_owned(), |(scheme, rest)| format!("{scheme}:{user}@{rest}")),
            (None, _) => plain.to_owned(),
        };
        for pair in &secret.params {
            whole.push_str(&format!("{}{pair}", if whole.contains('?') { '&' } else { '?' }));
        }
        whole
    }

    fn is_plain(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        // What no feed of the kind knows may be anything.
        let setting = super::known_kind(self).and_then(|kind| kind.setting(&name));
        setting.is_some_and(|setting| setting.kind != super::SettingKind::Secret)
    }

    /// The machines that it connects to, by name; none where its rows are on this one.
    pub fn hosts(&self) -> Vec<String> {
        if !self.is_remote() {
            return Vec::new();
        }
        let authority = self.target.split('/').next().unwrap_or("");
        let authority = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
        authority.split(',').map(host).filter(|host| !host.is_empty()).collect()
    }

    /// Where its rows come from. Of an address that no kind answers to nothing is known: it may be another machine.
    fn origin(&self) -> Origin {
        super::known_kind(self).map_or(Origin::Network, |kind| kind.origin)
    }

    /// Whether its rows come from another machine.
    fn is_remote(&self) -> bool {
        self.origin() == Origin::Network
    }

    /// Whether its rows come from a file.
    pub fn is_file(&self) -> bool {
        self.follows_file() || self.replays_file()
    }

    /// Whether it follows a file as it grows: its positions are bytes, and `from` is one of them.
    pub fn follows_file(&self) -> bool {
        self.origin() == Origin::GrowingFile
    }

    /// Whether it sends a file once more: `from` is a time.
    pub fn replays_file(&self) -> bool {
        self.origin() == Origin::WholeFile
    }

    /// The target as a path. Percent signs stand for themselves where such a file exists.
    ///
    /// # Errors
    /// When the address names no file.
    pub fn path(&self) -> Result<PathBuf> {
        if self.target.is_empty() {
            return Err(Fault::new("this feed names no file")
                .at(self.shown())
                .hint(format!("write it like {}:PATH", self.scheme)));
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
        value.parse().map(Some).map_err(|_| Fault::new(format!("{name}={value} is not {want}")).at(self.shown()))
    }

    /// The parameter `name`, read as a duration such as `250ms`, `2s`, `10m`, `1h` or `1d`.
    ///
    /// # Errors
    /// When it is there and is not a duration.
    pub fn duration(&self, name: &str) -> Result<Option<Duration>> {
        let Some(value) = self.params.get(name) else { return Ok(None) };
        parse_duration(value).map(Some).ok_or_else(|| {
            Fault::new(format!("{name}={value} is not a duration"))
                .at(self.shown())
                .hint("write it like 250ms, 2s, 10m or 1h")
        })
    }
}

/// `[::1]:9092` is `::1`, `Example.org:80` is `example.org`.
fn host(of: &str) -> String {
    let bare = match of.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => of.rsplit_once(':').map_or(of, |(host, _)| host),
    };
    bare.to_ascii_lowercase()
}

/// What may be shown of an address, whether it can be read or not.
pub fn shown(text: &str) -> String {
    FeedUrl::parse(text).map_or_else(|_| outline(text), |url| url.shown())
}

/// What may be shown of an address that cannot be read: its scheme and its host.
pub fn outline(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        let scheme = text
            .split_once(':')
            .map(|(scheme, _)| scheme)
            .filter(|s| s.len() < 16 && s.chars().all(|c| c.is_ascii_alphanumeric()));
        return scheme.map_or_else(|| "the address".to_owned(), |scheme| format!("{scheme}:…"));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{}://{host}", scheme.chars().filter(|c| !c.is_control()).take(16).collect::<String>())
}
