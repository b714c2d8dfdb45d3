//! The options of `braid run`, as the design says them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

use super::help::RUN_OPTIONS;
use crate::data::format::Formulas;
use crate::data::near::nearest;
use crate::data::{Fault, Result};
use crate::disk::read_bounded;
use crate::engine::open::Given;
use crate::source::live::url::{outline, parse_duration};

/// Bytes that a question in a file may have.
const LARGEST_SQL: u64 = 16 << 20;

#[derive(Debug, Default)]
pub struct RunArgs {
    pub tables: BTreeMap<String, Given>,
    pub sql: String,
    /// Where that was read, if it was.
    pub sql_file: Option<PathBuf>,
    /// Names and files of models that the question may ask.
    pub models: Vec<(String, PathBuf)>,
    pub limit: Option<Duration>,
    pub workspace: Option<PathBuf>,
    /// What CSV does with texts that a spreadsheet would take for formulas.
    pub formulas: Formulas,
    pub out: Option<PathBuf>,
    pub chart: Option<PathBuf>,
    pub stats: Option<PathBuf>,
    pub threads: usize,
    pub memory: Option<u64>,
}

impl RunArgs {
    /// `None` when help was asked for.
    ///
    /// # Errors
    /// An unknown option, or a value that does not fit.
    pub fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut parsed = Self::default();
        let mut parser = lexopt::Parser::from_args(args);
        let mut sql = None;
        let usage = |e: lexopt::Error| Fault::new(e.to_string());
        while let Some(arg) = parser.next().map_err(usage)? {
            let Long(name) = arg else {
                match arg {
                    Short('h') => return Ok(None),
                    other => return Err(usage(other.unexpected())),
                }
            };
            let name = name.to_owned();
            if name == "help" {
                return Ok(None);
            }
            let known: Vec<&str> = RUN_OPTIONS.iter().map(|option| option.name).collect();
            if !known.contains(&name.as_str()) {
                let near = nearest(&name, &known);
                let fault = Fault::new(format!("there is no option --{name}"));
                return Err(match near {
                    Some(near) => fault.hint(format!("did you mean --{near}?")),
                    None => fault,
                });
            }
            let value = parser.value().map_err(usage)?.string().map_err(usage)?;
            parsed.set(&name, value, &mut sql)?;
        }
        let sql =
            sql.ok_or_else(|| Fault::new("there is no question").hint("give it with --sql TEXT or --sql @FILE"))?;
        parsed.sql = match sql.strip_prefix('@') {
            Some(path) => {
                parsed.sql_file = Some(path.into());
                let bytes = std::fs::File::open(path)
                    .and_then(|file| read_bounded(file, LARGEST_SQL))
                    .map_err(|e| Fault::io(path, &e))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| Fault::new("a question is text in UTF-8, and this is none").at(path))?;
                text.trim_start_matches('\u{feff}').to_owned()
            }
            None => sql,
        };
        if let Some(table) = parsed.tables.values().find(|t| t.history.is_empty() && t.live.is_empty()) {
            return Err(Fault::new(format!("the table '{}' has neither files nor feeds", table.name))
                .hint(format!("give it --history {0}=FILE or --live {0}=URL", table.name)));
        }
        if parsed.tables.is_empty() {
            return Err(Fault::new("there is no table").hint("give one with --history NAME=FILE or --live NAME=URL"));
        }
        Ok(Some(parsed))
    }

    fn set(&mut self, name: &str, value: String, sql: &mut Option<String>) -> Result<()> {
        match name {
            "history" => self.table(name, &value, |t, v| {
                t.history.push(v.to_owned());
                Ok(())
            })?,
            // What stands before '=' is no name of a table but an address, which may hold a password.
            "live" if value.split_once('=').is_none_or(|(name, _)| name.contains(':')) => {
                let given = if value.contains([':', '@', '?']) { outline(&value) } else { value };
                return Err(Fault::new(format!("--live takes NAME=URL, not '{given}'"))
                    .hint("NAME is what the table is called in SQL"));
            }
            "live" => self.table(name, &value, |t, v| {
                t.live.push(v.to_owned());
                Ok(())
            })?,
            "time" => self.table(name, &value, |t, v| {
                let (column, lateness) = match v.rsplit_once(',') {
                    Some((column, lateness)) => (
                        column,
                        Some(parse_duration(lateness).ok_or_else(|| {
                            Fault::new(format!("the lateness '{lateness}' is not a duration"))
                                .hint("write it like 500ms, 10s or 2h")
                        })?),
                    ),
                    None => (v, None),
                };
                (t.time, t.lateness) = (Some(column.to_owned()), lateness);
                Ok(())
            })?,
            "seam" => self.table(name, &value, |t, v| {
                t.seam = Some(v.to_owned());
                Ok(())
            })?,
            "model" => {
                let (name, file) = named("model", &value, "NAME=FILE", "NAME is what predict(NAME) calls it in SQL")?;
                if self.models.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                    return Err(Fault::new(format!("two models are called '{name}'"))
                        .hint("give each --model a name of its own"));
                }
                self.models.push((name.to_owned(), file.into()));
            }
            "formulas" => {
                self.formulas = match value.as_str() {
                    "text" => Formulas::AsText,
                    "keep" => Formulas::Keep,
                    _ => return Err(Fault::new(format!("--formulas {value} is neither text nor keep"))),
                }
            }
            "sql" => *sql = Some(value),
            "for" => {
                self.limit = Some(parse_duration(&value).ok_or_else(|| {
                    Fault::new(format!("--for {value} is not a duration")).hint("write it like 30s or 10m")
                })?)
            }
            "workspace" => self.workspace = Some(value.into()),
            "out" => self.out = Some(value.into()),
            "chart" => self.chart = Some(value.into()),
            "stats" => self.stats = Some(value.into()),
            "engine" if value == "local" => {}
            "engine" => {
                return Err(Fault::new(format!("the engine '{value}' is not in this build"))
                    .hint("leave --engine out to answer here"));
            }
            "threads" => {
                self.threads = value.parse().map_err(|_| Fault::new(format!("--threads {value} is not a number")))?
            }
            "memory" => {
                self.memory = Some(parse_size(&value).ok_or_else(|| {
                    Fault::new(format!("--memory {value} is not a size")).hint("write it like 512MiB or 2GiB")
                })?)
            }
            _ => {}
        }
        Ok(())
    }

    fn table(&mut self, option: &str, text: &str, set: impl FnOnce(&mut Given, &str) -> Result<()>) -> Result<()> {
        let (name, value) = named(option, text, "NAME=VALUE", "NAME is what the table is called in SQL")?;
        let given =
            self.tables.entry(name.to_owned()).or_insert_with(|| Given { name: name.to_owned(), ..Given::default() });
        set(given, value)
    }
}

/// Both sides of `NAME=VALUE`.
fn named<'t>(option: &str, text: &'t str, shape: &str, hint: &str) -> Result<(&'t str, &'t str)> {
    let parts = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
    parts.ok_or_else(|| Fault::new(format!("--{option} takes {shape}, not '{text}'")).hint(hint))
}

/// Reads `1GiB`, `512MB`, `64k` or bytes.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "kb" => 1e3,
        "m" | "mib" => 1024.0 * 1024.0,
        "mb" => 1e6,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "gb" => 1e9,
        _ => return None,
    };
    Some((number * scale) as u64)
}
