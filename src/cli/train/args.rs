//! The options of `braid train`: what each is called, what it does, and its line of help.

use std::path::PathBuf;

use super::super::help::list;
use super::super::options::{self, CliOption};
use crate::data::{Fault, Result};
use crate::engine::train::Training;
use crate::learn::forest::Missing;
use crate::learn::goal::Criterion;
use crate::learn::grow::MaxFeatures;
use crate::learn::question::TaskKind;

#[derive(Debug)]
pub struct TrainArgs {
    pub data: Vec<String>,
    /// Whether the features are those that the proposal keeps.
    pub proposed: bool,
    /// Rows that are held in memory at a time; `None` holds all of them.
    pub chunk_rows: Option<usize>,
    pub holdout: Holdout,
    /// The option that `holdout` was given by.
    holdout_option: Option<&'static str>,
    pub training: Training,
    pub grow: GrowthOptions,
    pub model: Option<PathBuf>,
    pub stats: Option<PathBuf>,
}

/// The rows that the model is tested on.
#[derive(Clone, Debug, PartialEq)]
pub enum Holdout {
    Share(f64),
    Files(Vec<String>),
    Column(String),
}

/// Settings of growth that differ from the task's defaults.
#[derive(Debug, Default)]
pub struct GrowthOptions {
    pub criterion: Option<Criterion>,
    pub tries: Option<MaxFeatures>,
    pub min_leaf: Option<u32>,
    pub max_depth: Option<u32>,
}

const fn option(
    name: &'static str,
    value: &'static str,
    about: &'static str,
    set: fn(&mut TrainArgs, &'static str, String) -> Result<()>,
) -> CliOption<TrainArgs> {
    CliOption { name, value, about, set }
}

/// The options of `braid train`, in the order of its help.
const OPTIONS: &[CliOption<TrainArgs>] = &[
    option(
        "data",
        "FILE",
        "the table to learn from: a file, folder or glob; may be given several times",
        |args, _, value| {
            args.data.push(value);
            Ok(())
        },
    ),
    option(
        "target",
        "COLUMN",
        "the column to predict: text, truth values or few whole numbers are classes (256 at most), other numbers are \
         estimated",
        |args, _, value| {
            args.training.question.target = value;
            Ok(())
        },
    ),
    option(
        "features",
        "A,B,…",
        "the columns to learn from (default: all others); 'proposed' leaves out identifiers, leaks, constants and \
         moments, and says why",
        |args, _, value| {
            if value == "proposed" {
                args.proposed = true;
            } else {
                args.training.question.features =
                    value.split(',').map(|f| f.trim().to_owned()).filter(|f| !f.is_empty()).collect();
            }
            Ok(())
        },
    ),
    option("task", "classify|estimate", "which of the two, where the target could be either", |args, name, value| {
        let tasks = [("classify", TaskKind::Classify), ("estimate", TaskKind::Estimate)];
        args.training.question.task = Some(choose(name, &value, &tasks)?);
        Ok(())
    }),
    option(
        "missing",
        "drop|keep",
        "drop rows that lack a value and count them (default), or learn from what is missing, too",
        |args, name, value| {
            let ways = [("drop", Missing::Drop), ("keep", Missing::Keep)];
            args.training.question.missing = choose(name, &value, &ways)?;
            Ok(())
        },
    ),
    option("trees", "N", "how many trees (default: 100)", |args, name, value| {
        args.training.trees = count(name, &value, 65_535)? as usize;
        Ok(())
    }),
    option(
        "chunk-rows",
        "N",
        "for tables that do not fit into memory: they are read twice, so many rows at a time, and kept as about a \
         byte a value; where more than eight chunks, and more than 32 MiB, are kept, parts of them fit their share of \
         the trees: a tree then knows its part alone",
        |args, name, value| {
            args.chunk_rows = Some(count(name, &value, u32::MAX)? as usize);
            Ok(())
        },
    ),
    option(
        "seed",
        "N",
        "the same seed gives the same forest on any number of threads (default: 42)",
        |args, name, value| {
            args.training.seed = u64::from(number::<u32>(name, &value)?);
            Ok(())
        },
    ),
    option(
        "test-size",
        "SHARE",
        "the share of rows held out to test on, the same rows as scikit-learn's train_test_split (default: 0.2)",
        |args, name, value| {
            args.hold_out_by(name)?;
            let share: f64 = number(name, &value)?;
            if !(0.0..1.0).contains(&share) {
                return Err(Fault::new(format!("--test-size {value} is not a share"))
                    .hint("give a number from 0 up to, but not, 1"));
            }
            args.holdout = Holdout::Share(share);
            Ok(())
        },
    ),
    option("test", "FILE", "test on this file instead, and learn from all of --data", |args, name, value| {
        args.hold_out_by(name)?;
        match &mut args.holdout {
            Holdout::Files(files) => files.push(value),
            other => *other = Holdout::Files(vec![value]),
        }
        Ok(())
    }),
    option(
        "split",
        "COLUMN",
        "test on the rows where this column is true, 1 or 'test', and learn from the others",
        |args, name, value| {
            args.hold_out_by(name)?;
            args.holdout = Holdout::Column(value);
            Ok(())
        },
    ),
    option("criterion", "gini|entropy", "how splits into classes are judged (default: gini)", |args, name, value| {
        let criteria = [("gini", Criterion::Gini), ("entropy", Criterion::Entropy)];
        args.grow.criterion = Some(choose(name, &value, &criteria)?);
        Ok(())
    }),
    option(
        "max-features",
        "sqrt|all|N",
        "features tried at each split (default: sqrt for classes, all for numbers)",
        |args, name, value| {
            args.grow.tries = Some(match value.as_str() {
                "sqrt" => MaxFeatures::Root,
                "all" => MaxFeatures::All,
                other => MaxFeatures::Count(count(name, other, u32::MAX)? as usize),
            });
            Ok(())
        },
    ),
    option("min-leaf", "N", "the fewest rows of a leaf (default: 1)", |args, name, value| {
        args.grow.min_leaf = Some(count(name, &value, u32::MAX)?);
        Ok(())
    }),
    option("max-depth", "N", "the deepest a tree may grow (default: until leaves are pure)", |args, name, value| {
        args.grow.max_depth = Some(count(name, &value, u32::MAX)?);
        Ok(())
    }),
    option("model", "OUT", "write the model and its report there, as JSON", |args, _, value| {
        args.model = Some(value.into());
        Ok(())
    }),
    option(
        "stats",
        "FILE.json",
        "write accuracy, rows, times, memory and the table of classes there",
        |args, _, value| {
            args.stats = Some(value.into());
            Ok(())
        },
    ),
    option("threads", "N", "threads to grow trees with (default: all processors)", |args, name, value| {
        args.training.threads = count(name, &value, 1_024)? as usize;
        Ok(())
    }),
];

pub fn help() -> String {
    let mut text = "Braid: trains a random forest\n\nbraid train --data FILE --target COLUMN [OPTION]…\n\n".to_owned();
    text += &list(OPTIONS);
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
            holdout_option: None,
            training: Training::default(),
            grow: GrowthOptions::default(),
            model: None,
            stats: None,
        };
        if !options::parse(args, OPTIONS, &mut parsed)? {
            return Ok(None);
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

    /// Notes which option decides the rows that are tested on: one of them may.
    fn hold_out_by(&mut self, name: &'static str) -> Result<()> {
        match self.holdout_option.replace(name).filter(|other| *other != name) {
            None => Ok(()),
            Some(other) => Err(Fault::new(format!("--{other} and --{name} both say which rows are tested on"))
                .hint("give one of them")),
        }
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
