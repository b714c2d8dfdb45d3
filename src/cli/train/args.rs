//! The options of `braid train`: one line each, which the parser and the help are made from.

use std::path::PathBuf;

use lexopt::prelude::*;

use crate::cli::help::list;
use crate::data::near::nearest;
use crate::data::{Fault, Result};
use crate::engine::train::Training;
use crate::learn::forest::Missing;
use crate::learn::goal::Criterion;
use crate::learn::grow::Tries;
use crate::learn::question::TaskKind;

#[derive(Debug)]
pub struct TrainArgs {
    pub data: Vec<String>,
    /// The features are those that are proposed.
    pub proposed: bool,
    /// Rows that are in memory at a time, where not all are.
    pub chunk_rows: Option<usize>,
    pub holdout: Holdout,
    pub training: Training,
    pub grow: Grow,
    pub model: Option<PathBuf>,
    pub stats: Option<PathBuf>,
}

/// Where the rows come from that the model is tested on.
#[derive(Clone, Debug, PartialEq)]
pub enum Holdout {
    Share(f64),
    Files(Vec<String>),
    Column(String),
}

/// What differs from the task's own way to grow.
#[derive(Debug, Default)]
pub struct Grow {
    pub criterion: Option<Criterion>,
    pub tries: Option<Tries>,
    pub min_leaf: Option<u32>,
    pub max_depth: Option<u32>,
}

/// Name, value, what it does.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("data", "FILE", "the table to learn from: a file, folder or glob; may be given several times"),
    (
        "target",
        "COLUMN",
        "the column to foretell: text, truth values or few whole numbers are classes (256 at most), other numbers are \
         estimated",
    ),
    (
        "features",
        "A,B,…",
        "the columns to learn from (default: all others); 'proposed' leaves out identifiers, leaks, constants and \
         moments, and says why",
    ),
    ("task", "classify|estimate", "which of the two, where the target could be either"),
    (
        "missing",
        "drop|keep",
        "drop rows that lack a value and count them (default), or learn from what is missing, too",
    ),
    ("trees", "N", "how many trees (default: 100)"),
    (
        "chunk-rows",
        "N",
        "for tables that do not fit into memory: they are read twice, so many rows at a time, and kept as about a \
         byte a value; where more than eight chunks, and more than 32 MiB, are kept, parts of them fit their share of \
         the trees: a tree then knows its part alone",
    ),
    ("seed", "N", "the same seed gives the same forest on any number of threads (default: 42)"),
    (
        "test-size",
        "SHARE",
        "the share of rows held out to test on, the same rows as scikit-learn's train_test_split (default: 0.2)",
    ),
    ("test", "FILE", "test on this file instead, and learn from all of --data"),
    ("split", "COLUMN", "test on the rows where this column is true, 1 or 'test', and learn from the others"),
    ("criterion", "gini|entropy", "how splits into classes are judged (default: gini)"),
    ("max-features", "sqrt|all|N", "features tried at each split (default: sqrt for classes, all for numbers)"),
    ("min-leaf", "N", "the fewest rows of a leaf (default: 1)"),
    ("max-depth", "N", "the deepest a tree may grow (default: until leaves are pure)"),
    ("model", "OUT", "write the model and its report there, as JSON"),
    ("stats", "FILE.json", "write accuracy, rows, times, memory and the table of classes there"),
    ("threads", "N", "threads to grow trees with (default: all processors)"),
];

pub fn help() -> String {
    let mut text = "Braid: trains a random forest\n\nbraid train --data FILE --target COLUMN [OPTION]…\n\n".to_owned();
    text += &list(OPTIONS.iter().copied());
    text += "\nThe report goes to stdout, progress to stderr. Exit code: 0; 1 with one line that says what, where and \
             what to do;\n2 for wrong usage.\n\nExample:\n  braid train --data flights.parquet --target late --trees \
             200 --model late.json\n";
    text
}

impl TrainArgs {
    /// `None` when help was asked for.
    ///
    /// # Errors
    /// An unknown option, a value that does not fit, or none of what is needed.
    pub fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut parsed = Self {
            data: Vec::new(),
            proposed: false,
            chunk_rows: None,
            holdout: Holdout::Share(0.2),
            training: Training::default(),
            grow: Grow::default(),
            model: None,
            stats: None,
        };
        let mut parser = lexopt::Parser::from_args(args);
        // What says which rows are tested on.
        let mut held: Option<String> = None;
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
            let known: Vec<&str> = OPTIONS.iter().map(|(name, ..)| *name).collect();
            if !known.contains(&name.as_str()) {
                let fault = Fault::new(format!("there is no option --{name}"));
                return Err(match nearest(&name, &known) {
                    Some(near) => fault.hint(format!("did you mean --{near}?")),
                    None => fault,
                });
            }
            let value = parser.value().map_err(usage)?.string().map_err(usage)?;
            if matches!(name.as_str(), "test-size" | "test" | "split")
                && let Some(other) = held.replace(name.clone()).filter(|other| *other != name)
            {
                return Err(Fault::new(format!("--{other} and --{name} both say which rows are tested on"))
                    .hint("give one of them"));
            }
            parsed.set(&name, value)?;
        }
        for (given, option, value) in [
            (!parsed.data.is_empty(), "data", "FILE"),
            (!parsed.training.question.target.is_empty(), "target", "COLUMN"),
        ] {
            if !given {
                return Err(
                    Fault::new(format!("--{option} is missing")).hint(format!("give it with --{option} {value}"))
                );
            }
        }
        Ok(Some(parsed))
    }

    fn set(&mut self, name: &str, value: String) -> Result<()> {
        let question = &mut self.training.question;
        match name {
            "data" => self.data.push(value),
            "target" => question.target = value,
            "features" if value == "proposed" => self.proposed = true,
            "features" => {
                question.features = value.split(',').map(|f| f.trim().to_owned()).filter(|f| !f.is_empty()).collect()
            }
            "task" => {
                question.task =
                    Some(choose(name, &value, &[("classify", TaskKind::Classify), ("estimate", TaskKind::Estimate)])?)
            }
            "missing" => question.missing = choose(name, &value, &[("drop", Missing::Drop), ("keep", Missing::Keep)])?,
            "trees" => self.training.trees = count(name, &value, 65_535)? as usize,
            "chunk-rows" => self.chunk_rows = Some(count(name, &value, u32::MAX)? as usize),
            "seed" => self.training.seed = u64::from(number::<u32>(name, &value)?),
            "test-size" => {
                let share: f64 = number(name, &value)?;
                if !(0.0..1.0).contains(&share) {
                    return Err(Fault::new(format!("--test-size {value} is not a share"))
                        .hint("give a number from 0 up to, but not, 1"));
                }
                self.holdout = Holdout::Share(share);
            }
            "test" => match &mut self.holdout {
                Holdout::Files(files) => files.push(value),
                other => *other = Holdout::Files(vec![value]),
            },
            "split" => self.holdout = Holdout::Column(value),
            "criterion" => {
                self.grow.criterion =
                    Some(choose(name, &value, &[("gini", Criterion::Gini), ("entropy", Criterion::Entropy)])?)
            }
            "max-features" => {
                self.grow.tries = Some(match value.as_str() {
                    "sqrt" => Tries::Root,
                    "all" => Tries::All,
                    other => Tries::Count(count(name, other, u32::MAX)? as usize),
                });
            }
            "min-leaf" => self.grow.min_leaf = Some(count(name, &value, u32::MAX)?),
            "max-depth" => self.grow.max_depth = Some(count(name, &value, u32::MAX)?),
            "model" => self.model = Some(value.into()),
            "stats" => self.stats = Some(value.into()),
            "threads" => self.training.threads = count(name, &value, 1_024)? as usize,
            _ => {}
        }
        Ok(())
    }
}

fn choose<T: Copy>(option: &str, value: &str, words: &[(&str, T)]) -> Result<T> {
    let found = words.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    found.ok_or_else(|| {
        Fault::new(format!("--{option} {value} is not known")).hint(format!("choose {}", names.join(" or ")))
    })
}

fn number<T: std::str::FromStr>(option: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| Fault::new(format!("--{option} {value} is not a number that fits")))
}

fn count(option: &str, value: &str, most: u32) -> Result<u32> {
    let count: u32 = number(option, value)?;
    if (1..=most).contains(&count) {
        Ok(count)
    } else {
        Err(Fault::new(format!("--{option} {value} is out of range")).hint(format!("give 1 to {most}")))
    }
}
