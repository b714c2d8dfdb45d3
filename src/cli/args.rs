//! The options of `braid run`: what each is called, what it does, and its line of help.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::options::{self, CliOption};
use crate::data::format::Formulas;
use crate::data::{Fault, Result};
use crate::disk::read_bounded;
use crate::engine::open::Given;
use crate::figure::{Mark, mark};
use crate::query::Query;
use crate::query::sql::with_named;
use crate::source::live::parse_duration;
use crate::source::live::url::outline;

/// The largest file that a question is read from, bytes.
const LARGEST_SQL: u64 = 16 << 20;

#[derive(Debug, Default)]
pub struct RunArgs {
    pub tables: BTreeMap<String, Given>,
    /// The questions, with names where there are several.
    pub questions: Vec<QuestionArgs>,
    /// What `--sql`, `--out` and `--chart` gave: a name before `=` is known as one only when all are there.
    given: Vec<String>,
    outs: Vec<String>,
    charts: Vec<String>,
    /// Names and texts of questions that others ask like tables, each of which may name those before it.
    with: Vec<(String, String)>,
    /// Names and files of models that the question may ask.
    pub models: Vec<(String, PathBuf)>,
    pub limit: Option<Duration>,
    pub workspace: Option<PathBuf>,
    /// What CSV does with texts that a spreadsheet would take for formulas.
    pub formulas: Formulas,
    /// How the chart is drawn, if not as fits the answer.
    pub mark: Option<&'static Mark>,
    pub stats: Option<PathBuf>,
    pub threads: usize,
    pub memory: Option<u64>,
}

/// One question, and what becomes of its answer.
#[derive(Debug, Default)]
pub struct QuestionArgs {
    /// Empty where it is the only one and has none.
    pub name: String,
    pub sql: String,
    /// So many bytes of it, at its beginning, are those of questions that it names.
    pub added: usize,
    /// The file that it was read from.
    pub file: Option<PathBuf>,
    pub out: Option<PathBuf>,
    pub chart: Option<PathBuf>,
}

const fn option(
    name: &'static str,
    value: &'static str,
    about: &'static str,
    set: fn(&mut RunArgs, &'static str, String) -> Result<()>,
) -> CliOption<RunArgs> {
    CliOption { name, value, about, set }
}

/// The options of `braid run`, in the order of its help.
pub const RUN_OPTIONS: &[CliOption<RunArgs>] = &[
    option(
        "history",
        "NAME=GLOB",
        "files, a folder or a glob that are the history of the table NAME; may come again",
        RunArgs::add_history,
    ),
    option(
        "live",
        "NAME=URL",
        "a feed that is its live face, such as file:LOG, stdin:, kafka://HOST/TOPIC (braid sources has all); may come \
         again",
        RunArgs::set_live,
    ),
    option(
        "time",
        "NAME=COLUMN[,LATENESS]",
        "its event time (dates, times, whole numbers since 1970), and how late a row may come (10s unless said)",
        |args, name, value| args.table(name, &value, set_time),
    ),
    option(
        "seam",
        "NAME=SEAM",
        "which face owns a row: position, time:T, key:COLUMN or append (no row is in both)",
        |args, name, value| {
            args.table(name, &value, |table, seam| {
                table.seam = Some(seam.to_owned());
                Ok(())
            })
        },
    ),
    option(
        "model",
        "NAME=FILE.json",
        "a model that braid train wrote: predict(NAME) and predict_proba(NAME, 'class') in the question; may come \
         again",
        RunArgs::set_model,
    ),
    option(
        "sql",
        "[NAME=]TEXT|@FILE",
        "the question, or a file that holds it; may come again with names: the tables are then read once for all",
        |args, _, value| {
            args.given.push(value);
            Ok(())
        },
    ),
    option(
        "with",
        "NAME=TEXT|@FILE",
        "a question that others ask like a table: FROM NAME; may come again, and may name those before it",
        RunArgs::set_with,
    ),
    option(
        "for",
        "DURATION",
        "end after so long, such as 30s or 10m, with a complete answer for what was read",
        |args, _, value| {
            let limit = parse_duration(&value).ok_or_else(|| {
                Fault::new(format!("--for {value} is not a duration")).hint("write it like 30s or 10m")
            })?;
            args.limit = Some(limit);
            Ok(())
        },
    ),
    option(
        "workspace",
        "DIR",
        "keep checkpoints, recordings and rows set aside there; the same question goes on where it was",
        |args, _, value| {
            args.workspace = Some(value.into());
            Ok(())
        },
    ),
    option(
        "out",
        "[NAME=]FILE",
        "write the answer, or that of the question NAME: .csv, .parquet, .json, .arrow; without it, it goes to stdout",
        |args, _, value| {
            args.outs.push(value);
            Ok(())
        },
    ),
    option(
        "formulas",
        "text|keep",
        "in CSV: text puts an apostrophe before texts that a spreadsheet would compute (they begin with = + - @); keep \
         unless said",
        |args, _, value| {
            args.formulas = match value.as_str() {
                "text" => Formulas::AsText,
                "keep" => Formulas::Keep,
                _ => return Err(Fault::new(format!("--formulas {value} is neither text nor keep"))),
            };
            Ok(())
        },
    ),
    option("chart", "[NAME=]FILE", "draw the answer, or that of the question NAME: .png or .svg", |args, _, value| {
        args.charts.push(value);
        Ok(())
    }),
    option(
        "mark",
        "NAME",
        "how the chart is drawn, such as line or bar (braid marks has all); what fits the answer unless said",
        |args, _, value| {
            args.mark = Some(mark::find(&value)?);
            Ok(())
        },
    ),
    option(
        "stats",
        "FILE.json",
        "write what was read, where every row went, the seam's ledger, windows open and final, and what it cost",
        |args, _, value| {
            args.stats = Some(value.into());
            Ok(())
        },
    ),
    option("engine", "local", "where the question is answered", |_, _, value| match value.as_str() {
        "local" => Ok(()),
        _ => {
            Err(Fault::new(format!("the engine '{value}' is not in this build"))
                .hint("leave --engine out to answer here"))
        }
    }),
    option("threads", "N", "workers; one a core unless said", |args, _, value| {
        args.threads = value.parse().map_err(|_| Fault::new(format!("--threads {value} is not a number")))?;
        Ok(())
    }),
    option(
        "memory",
        "SIZE",
        "what the whole process may hold, such as 512MiB; groups beyond it go to disk, and what no disk helps with \
         says what it needs",
        |args, _, value| {
            let memory = parse_size(&value).ok_or_else(|| {
                Fault::new(format!("--memory {value} is not a size")).hint("write it like 512MiB or 2GiB")
            })?;
            args.memory = Some(memory);
            Ok(())
        },
    ),
];

impl RunArgs {
    /// `None` when help was asked for.
    ///
    /// # Errors
    /// An unknown option, or a value that does not fit.
    pub fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut parsed = Self::default();
        if !options::parse(args, RUN_OPTIONS, &mut parsed)? {
            return Ok(None);
        }
        parsed.read_questions()?;
        parsed.add_files_of_questions();
        if let Some(table) = parsed.tables.values().find(|t| t.history.is_empty() && t.live.is_empty()) {
            return Err(Fault::new(format!("the table '{}' has neither files nor feeds", table.name))
                .hint(format!("give it --history {0}=FILE or --live {0}=URL", table.name)));
        }
        if parsed.tables.is_empty() {
            return Err(Fault::new("there is no table").hint("give one with --history NAME=FILE or --live NAME=URL"));
        }
        if parsed.mark.is_some() && parsed.questions.iter().all(|question| question.chart.is_none()) {
            return Err(Fault::new("--mark says how a chart is drawn, and there is no --chart")
                .hint("give --chart FILE.png or FILE.svg, or leave --mark out"));
        }
        Ok(Some(parsed))
    }

    /// The questions with their names, and where their answers go.
    fn read_questions(&mut self) -> Result<()> {
        let given = std::mem::take(&mut self.given);
        let several = given.len() > 1;
        for text in given {
            let (name, text) = match text.split_once('=').filter(|(name, _)| is_name(name)) {
                Some((name, text)) => (name.to_owned(), text.to_owned()),
                None if several => {
                    return Err(Fault::new(format!("there are several questions, and one has no name: {text}"))
                        .hint("give each --sql NAME=TEXT"));
                }
                None => (String::new(), text),
            };
            if self.questions.iter().any(|question| question.name.eq_ignore_ascii_case(&name)) {
                return Err(
                    Fault::new(format!("two questions are called '{name}'")).hint("give each --sql a name of its own")
                );
            }
            let (sql, file) = text_or_file(text)?;
            let (sql, added) = with_named(&sql, &self.with)?;
            self.questions.push(QuestionArgs { name, sql, added, file, ..QuestionArgs::default() });
        }
        if self.questions.is_empty() {
            return Err(Fault::new("there is no question").hint("give it with --sql TEXT or --sql @FILE"));
        }
        for (option, files) in [("out", std::mem::take(&mut self.outs)), ("chart", std::mem::take(&mut self.charts))] {
            for file in files {
                self.set_file(option, file)?;
            }
        }
        Ok(())
    }

    /// Takes over the file of an answer: `NAME=FILE`, or a file alone where there is one question.
    fn set_file(&mut self, option: &str, text: String) -> Result<()> {
        let names: Vec<&str> = self.questions.iter().map(|question| question.name.as_str()).collect();
        let named = text.split_once('=').and_then(|(name, file)| {
            let at = names.iter().position(|known| !known.is_empty() && known.eq_ignore_ascii_case(name))?;
            Some((at, file.to_owned()))
        });
        let (at, file) = match named {
            Some(named) => named,
            None if names.len() == 1 => (0, text),
            None => {
                return Err(Fault::new(format!("--{option} {text} names none of the questions"))
                    .hint(format!("write NAME=FILE, where NAME is one of {}", names.join(", "))));
            }
        };
        let Some(question) = self.questions.get_mut(at) else { return Ok(()) };
        let place = if option == "out" { &mut question.out } else { &mut question.chart };
        if let Some(before) = place.replace(file.into()) {
            let shown = before.display();
            return Err(Fault::new(format!("--{option} was given already: {shown}")).hint("give it once a question"));
        }
        Ok(())
    }

    /// `NAME=GLOB`, or a file that is there, whose table is called as it is without its ending.
    fn add_history(&mut self, option: &'static str, value: String) -> Result<()> {
        let path = Path::new(&value);
        let own = path.file_stem().filter(|_| !value.contains('=') && path.is_file());
        let value = own.map_or_else(|| value.clone(), |stem| format!("{}={value}", stem.to_string_lossy()));
        self.table(option, &value, |table, files| {
            table.history.push(files.to_owned());
            Ok(())
        })
    }

    /// Files that a question names where others name a table: `FROM 'trades.csv'`.
    fn add_files_of_questions(&mut self) {
        // What is wrong with a question is told when it is bound.
        let queries = self.questions.iter().filter_map(|question| Query::parse(&question.sql).ok());
        let names: Vec<String> = queries.flat_map(|query| query.tables()).collect();
        for name in names {
            let is_known = self.tables.keys().any(|known| known.eq_ignore_ascii_case(&name));
            if !is_known && Path::new(&name).is_file() {
                let given = Given { name: name.clone(), history: vec![name.clone()], ..Given::default() };
                self.tables.insert(name, given);
            }
        }
    }

    fn set_live(&mut self, name: &'static str, value: String) -> Result<()> {
        // Text before '=' that is not the name of a table is part of an address, which may hold a password.
        if value.split_once('=').is_none_or(|(table, _)| table.contains(':')) {
            let given = if value.contains([':', '@', '?']) { outline(&value) } else { value };
            return Err(Fault::new(format!("--live takes NAME=URL, not '{given}'"))
                .hint("NAME is what the table is called in SQL"));
        }
        self.table(name, &value, |table, url| {
            table.live.push(url.to_owned());
            Ok(())
        })
    }

    fn set_with(&mut self, option: &'static str, value: String) -> Result<()> {
        let (name, text) = named(option, &value, "NAME=TEXT or NAME=@FILE", "NAME is what FROM NAME calls it in SQL")?;
        if self.with.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Err(
                Fault::new(format!("two questions are called '{name}'")).hint("give each --with a name of its own")
            );
        }
        self.with.push((name.to_owned(), text_or_file(text.to_owned())?.0));
        Ok(())
    }

    fn set_model(&mut self, option: &'static str, value: String) -> Result<()> {
        let (name, file) = named(option, &value, "NAME=FILE", "NAME is what predict(NAME) calls it in SQL")?;
        if self.models.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Err(
                Fault::new(format!("two models are called '{name}'")).hint("give each --model a name of its own")
            );
        }
        self.models.push((name.to_owned(), file.into()));
        Ok(())
    }

    fn table(&mut self, option: &str, text: &str, set: impl FnOnce(&mut Given, &str) -> Result<()>) -> Result<()> {
        let (name, value) = named(option, text, "NAME=VALUE", "NAME is what the table is called in SQL")?;
        let given =
            self.tables.entry(name.to_owned()).or_insert_with(|| Given { name: name.to_owned(), ..Given::default() });
        set(given, value)
    }
}

/// A question as it is given, or read from the file behind `@`; and that file.
fn text_or_file(text: String) -> Result<(String, Option<PathBuf>)> {
    match text.strip_prefix('@') {
        Some(path) => Ok((read_question(path)?, Some(path.into()))),
        None => Ok((text, None)),
    }
}

/// Whether a text before `=` is the name of a question, and not the beginning of one.
fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || "_-.".contains(letter))
}

/// The event time of a table: `COLUMN` or `COLUMN,LATENESS`.
fn set_time(table: &mut Given, value: &str) -> Result<()> {
    let (column, lateness) = match value.rsplit_once(',') {
        Some((column, lateness)) => {
            let parsed = parse_duration(lateness).ok_or_else(|| {
                Fault::new(format!("the lateness '{lateness}' is not a duration"))
                    .hint("write it like 500ms, 10s or 2h")
            })?;
            (column, Some(parsed))
        }
        None => (value, None),
    };
    (table.time, table.lateness) = (Some(column.to_owned()), lateness);
    Ok(())
}

fn read_question(path: &str) -> Result<String> {
    let bytes =
        std::fs::File::open(path).and_then(|file| read_bounded(file, LARGEST_SQL)).map_err(|e| Fault::io(path, &e))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Fault::new("a question is text in UTF-8, and this is none").at(path))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
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
