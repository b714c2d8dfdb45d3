//! A kind of feed as data: what it is called, what can be set, and how it behaves. Which kinds there are is `mod`'s.

use polars::prelude::SchemaRef;

use super::{FeedSetting, FeedUrl, Opened, Origin, SettingKind, choices};
use crate::data::{Fault, Result};
use crate::sync::Request;

/// The query parameters that every kind understands, beside its own.
pub const COMMON: &[FeedSetting] = &[
    FeedSetting {
        name: "format",
        kind: SettingKind::Text,
        about: "the format of the rows",
        default: "detected automatically",
    },
    FeedSetting {
        name: "time",
        kind: SettingKind::Text,
        about: "the column that holds the event time",
        default: "the table's, or the first column that is a time",
    },
];

/// A kind of feed: what it is called, what can be set, and how it behaves.
#[derive(Debug)]
pub struct LiveKind {
    /// The URL schemes it answers to: `["ws", "wss"]`.
    pub schemes: &'static [&'static str],
    /// For menus: `WebSocket`.
    pub title: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// A URL as a person types it.
    pub example: &'static str,
    /// The query parameters it understands; forms are made from them.
    pub settings: &'static [FeedSetting],
    /// Where its rows come from.
    pub origin: Origin,
    /// Whether it can be held back while the engine is busy. One that cannot has what overflows counted as dropped.
    pub can_wait: bool,
    /// Whether it can be opened again and gives the same rows again. One that cannot is recorded.
    pub rereadable: bool,
    /// Whether a connection that is lost, or cannot be made, may be there again later.
    pub reconnects: bool,
    pub open: fn(&FeedUrl, Expect) -> Result<Box<dyn Opened>>,
}

/// What the table knows already when a feed is opened.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// The types that rows must have, by column name.
    pub known: Option<SchemaRef>,
    /// The event-time column, where the table has one.
    pub time: Option<String>,
    /// Ends the wait for the next try, where the connection is lost.
    pub try_now: Request,
}

impl LiveKind {
    /// Its own settings, then the common ones.
    pub fn all_settings(&self) -> impl Iterator<Item = &'static FeedSetting> + use<> {
        self.settings.iter().chain(COMMON)
    }

    /// The setting of this name.
    pub fn setting(&self, name: &str) -> Option<&'static FeedSetting> {
        self.all_settings().find(|setting| setting.name == name)
    }

    /// # Errors
    /// When a parameter is unknown, or its value is not of its kind.
    pub fn check(&self, url: &FeedUrl) -> Result<()> {
        for (name, value) in &url.params {
            let Some(setting) = self.setting(name) else {
                let fault = Fault::new(format!("{} feeds have no parameter '{name}'", self.title)).at(url.shown());
                return Err(fault.hint(choices(name, self.all_settings().map(|s| s.name), str::to_owned)));
            };
            if !setting.kind.takes(value) {
                let fault = Fault::new(format!("{name}={value} is not {}", setting.kind.wanted())).at(url.shown());
                return Err(match setting.kind {
                    SettingKind::Choice(words) => fault.hint(choices(value, words.iter().copied(), str::to_owned)),
                    _ => fault.hint(setting.about),
                });
            }
        }
        Ok(())
    }

    /// Opens a feed of this kind.
    ///
    /// # Errors
    /// As of `check`, and when the kind finds something wrong with the address.
    pub fn connect(&self, url: &FeedUrl, expect: Expect) -> Result<Box<dyn Opened>> {
        self.check(url)?;
        (self.open)(url, expect)
    }

    /// What stands between the scheme and the parameters of the example; empty where nothing has to.
    pub fn example_target(&self) -> &'static str {
        let rest = self.example.split_once(':').map_or(self.example, |(_, rest)| rest).trim_start_matches("//");
        rest.split('?').next().unwrap_or(rest)
    }
}
