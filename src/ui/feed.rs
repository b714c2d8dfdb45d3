//! The form for a feed as data: its fields come from what the kind declares, and together they are an address.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::first;
use crate::data::{Fault, Result};
use crate::engine::Job;
use crate::engine::open::Preview;
use crate::source::live::{FeedSetting, FeedUrl, LIVE_KINDS, LiveKind};
use crate::workspace::TableId;

/// Characters that are not escaped in the value of a parameter.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b':').remove(b'/').remove(b',').remove(b'*');

/// The fields of the form as they are filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedDraft {
    /// Index into `LIVE_KINDS`.
    pub kind: usize,
    pub scheme: String,
    /// The part of the address between the scheme and the `?`.
    pub target: String,
    pub params: BTreeMap<String, String>,
    /// What the new table is called; empty for a name from the address.
    pub name: String,
    /// The table whose live face this becomes; `None` for a new table.
    pub into: Option<TableId>,
    /// The address of the feed of that table whose place it takes.
    pub replaces: Option<String>,
}

/// The open form, with its connection test.
#[derive(Debug, Default)]
pub struct FeedForm {
    pub draft: FeedDraft,
    /// The address under test.
    pub test: Option<(String, Job<Preview>)>,
    /// The outcome of the last test, and the address that was tested.
    pub tested: Option<(String, Result<Preview>)>,
    /// A file dialog is open: for this setting, or for the address.
    pub browsing: Option<(Option<&'static str>, Job<Vec<PathBuf>>)>,
}

impl FeedDraft {
    pub fn new(into: Option<TableId>) -> Self {
        let mut draft = Self { into, ..Self::default() };
        draft.choose(0);
        draft
    }

    /// Changes the kind, and clears the fields of the kind before.
    pub fn choose(&mut self, kind: usize) {
        self.kind = kind;
        self.params.clear();
        self.target.clear();
        self.scheme = self.live_kind().and_then(|k| k.schemes.first()).map_or_else(String::new, |s| (*s).to_owned());
    }

    pub fn live_kind(&self) -> Option<&'static LiveKind> {
        LIVE_KINDS.get(self.kind).copied()
    }

    /// The address that the fields make.
    pub fn url(&self) -> String {
        let slashes = if self.live_kind().is_some_and(|k| k.example.contains("://")) { "//" } else { "" };
        let target = self.target.trim().trim_start_matches("//");
        let mut url = format!("{}:{slashes}{target}", self.scheme);
        let mut sign = '?';
        for (name, value) in self.params.iter().filter(|(_, value)| !value.trim().is_empty()) {
            url.push(sign);
            url.push_str(&format!("{name}={}", utf8_percent_encode(value.trim(), PLAIN)));
            sign = '&';
        }
        url
    }

    /// # Errors
    /// When the address is missing.
    pub fn check(&self) -> Result<()> {
        let Some(kind) = self.live_kind() else { return Ok(()) };
        if !kind.example_target().is_empty() && self.target.trim().trim_start_matches('/').is_empty() {
            return Err(Fault::new("there is no address yet")
                .at("Address")
                .hint(format!("write one like {}", kind.example)));
        }
        kind.check(&FeedUrl::parse(&self.url())?)
    }

    /// The name that the new table gets.
    pub fn table_name(&self) -> String {
        let name = self.name.trim();
        if name.is_empty() { first::feed_name(&self.url()) } else { name.to_owned() }
    }

    /// Sets a parameter; one that says what holds anyway is left out.
    pub fn set(&mut self, setting: &FeedSetting, value: String) {
        if value == setting.default {
            self.params.remove(setting.name);
        } else {
            self.params.insert(setting.name.to_owned(), value);
        }
    }

    /// A file was chosen, for a setting or for the address.
    fn choose_file(&mut self, setting: Option<&'static str>, file: &Path) {
        let path = file.display().to_string();
        match setting {
            Some(name) => drop(self.params.insert(name.to_owned(), path)),
            // A question mark would begin the parameters.
            None if path.contains('?') => self.target = utf8_percent_encode(&path, PLAIN).to_string(),
            None => self.target = path,
        }
    }

    /// Splits a whole address that was pasted into the target field over the fields.
    pub fn paste(&mut self, text: &str) {
        let known = FeedUrl::parse(text.trim()).ok().and_then(|url| kind_of(&url).map(|kind| (url, kind)));
        match known {
            Some((url, kind)) => {
                self.kind = kind;
                self.scheme = url.scheme;
                self.target = url.target;
                self.params = url.params;
            }
            None => self.target = text.to_owned(),
        }
    }
}

/// Which of `LIVE_KINDS` answers to this address.
pub fn kind_of(url: &FeedUrl) -> Option<usize> {
    LIVE_KINDS.iter().position(|kind| kind.schemes.contains(&url.scheme.as_str()))
}

impl FeedForm {
    pub fn new(into: Option<TableId>) -> Self {
        Self { draft: FeedDraft::new(into), ..Self::default() }
    }

    /// The form with the settings of a table's feed.
    pub fn of(table: TableId, url: String) -> Self {
        let mut form = Self::new(Some(table));
        form.draft.paste(&url);
        form.draft.replaces = Some(url);
        form
    }

    /// Takes the outcome of a test that has ended.
    pub fn poll(&mut self) {
        if let Some(outcome) = self.test.as_mut().and_then(|(_, job)| job.take()) {
            let url = self.test.take().map_or_else(String::new, |(url, _)| url);
            self.tested = Some((url, outcome));
        }
        if let Some(outcome) = self.browsing.as_mut().and_then(|(_, job)| job.take()) {
            let setting = self.browsing.take().and_then(|(setting, _)| setting);
            match outcome {
                Ok(files) => files.iter().take(1).for_each(|file| self.draft.choose_file(setting, file)),
                Err(fault) => self.tested = Some((self.draft.url(), Err(fault))),
            }
        }
    }
}
