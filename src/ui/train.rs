//! The lesson that is being set up: the target, the features that were proposed for it, the settings, and the training
//! under way. Painting it is left to `panel::learn`.

use std::collections::BTreeSet;

use super::chart::Chart;
use super::report::out_of_bag;
use super::worksheet::{Worksheet, WorksheetId};
use crate::data::{Fault, Result};
use crate::engine::lesson::{self, Learned, Lesson, Proposed, ROOM, Scope, Target, Test};
use crate::engine::train::Training;
use crate::engine::{Job, Keep, Progress, Reached};
use crate::learn::encode::kind_of;
use crate::learn::forest::Missing;
use crate::learn::propose::Task;
use crate::learn::question::{Question, TaskKind};
use crate::sync::{Latest, Wake};

/// All that a person chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainDraft {
    /// A column of the table, or a condition under a name.
    pub column: String,
    pub computed: bool,
    pub name: String,
    pub sql: String,
    pub features: BTreeSet<String>,
    pub missing: Missing,
    pub task: TaskKind,
    pub trees: String,
    pub test: String,
    pub seed: String,
    /// So many rows are held in memory: the most that are learnt from, or those of a chunk.
    pub rows: String,
    /// All rows are learnt from, read a chunk at a time.
    pub chunks: bool,
}

impl TrainDraft {
    /// What the number of rows is called.
    pub fn rows_word(&self) -> &'static str {
        if self.chunks { "Rows a chunk" } else { "Rows at most" }
    }

    pub fn target(&self) -> Target {
        if self.computed {
            let own = self.name.trim();
            let name = if own.is_empty() { named(&self.sql) } else { own.to_owned() };
            Target { name, sql: Some(self.sql.trim().to_owned()) }
        } else {
            Target { name: self.column.clone(), sql: None }
        }
    }
}

/// A name for a condition: `delay > 15` is `delay_above_15`.
pub fn named(sql: &str) -> String {
    const SIGNS: &[(&str, &str)] = &[
        (">=", " at_least "),
        ("<=", " at_most "),
        ("<>", " not "),
        ("!=", " not "),
        (">", " above "),
        ("<", " below "),
        ("=", " is "),
        ("%", " mod "),
    ];
    let spelt = SIGNS.iter().fold(sql.to_lowercase(), |text, (sign, word)| text.replace(sign, word));
    let words: Vec<&str> =
        spelt.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let mut name = words.join("_");
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name.chars().take(NAME).collect::<String>().trim_end_matches('_').to_owned()
}

/// The longest name that is proposed.
const NAME: usize = 40;

#[derive(Debug)]
pub struct TrainForm {
    pub sheet: WorksheetId,
    pub draft: TrainDraft,
    proposing: Option<Job<Proposed>>,
    pub proposed: Option<Proposed>,
    pub training: Option<TrainingJob>,
    /// What is wrong: with the target, or with the training.
    pub fault: Option<Fault>,
}

/// A forest that is growing.
#[derive(Debug)]
pub struct TrainingJob {
    job: Job<Learned>,
    errors: Latest<Vec<f64>>,
    /// Of the out-of-bag error so far.
    pub chart: Chart,
    /// Rows are read a chunk at a time: what trees are fitted together has an error of its own.
    pub chunks: bool,
    shown: usize,
}

impl TrainForm {
    pub fn new(sheet: &Worksheet) -> Self {
        let columns =
            || sheet.table.schema.iter().filter(|(_, dtype)| kind_of(dtype).is_some() && !dtype.is_temporal());
        // What is yes or no is often what one wants to know; else what people write last.
        let first = columns().find(|(_, dtype)| dtype.is_bool()).or(columns().last());
        let column = first.map_or_else(String::new, |(name, _)| name.to_string());
        let draft = TrainDraft {
            column,
            computed: false,
            name: String::new(),
            sql: String::new(),
            features: BTreeSet::new(),
            missing: Missing::Drop,
            task: TaskKind::Classify,
            trees: "100".to_owned(),
            test: "0.2".to_owned(),
            seed: "42".to_owned(),
            rows: "1,000,000".to_owned(),
            chunks: false,
        };
        Self { sheet: sheet.id, draft, proposing: None, proposed: None, training: None, fault: None }
    }

    /// Looks at some rows for what to learn from.
    pub fn propose(&mut self, sheet: &Worksheet, wake: &Wake) {
        (self.proposed, self.fault) = (None, None);
        self.draft.features.clear();
        self.proposing = Some(lesson::propose(sheet.table.clone(), reached(sheet), self.draft.target(), wake.clone()));
    }

    /// Takes what was chosen. Another target is looked at anew: a column at once, a condition when that is asked for.
    pub fn edit(&mut self, draft: TrainDraft, sheet: &Worksheet, wake: &Wake) {
        let before = self.draft.target();
        self.draft = draft;
        if self.draft.target() == before {
            return;
        }
        if self.draft.computed {
            (self.proposing, self.proposed, self.fault) = (None, None, None);
        } else {
            self.propose(sheet, wake);
        }
    }

    /// Begins to train as it is written.
    ///
    /// # Errors
    /// A setting that is no number, or does not fit.
    pub fn train(&mut self, sheet: &Worksheet, wake: &Wake) -> Result<()> {
        let draft = &self.draft;
        let test: f64 = number("Test share", &draft.test)?;
        if !(0.0..1.0).contains(&test) {
            return Err(Fault::new(format!("a test share of {test} leaves nothing to learn from"))
                .at("Test share")
                .hint("give a number from 0 up to, but not, 1"));
        }
        let target = draft.target();
        let question = Question {
            target: target.name.clone(),
            // In the table's order, as on the command line.
            features: sheet
                .table
                .schema
                .iter_names()
                .map(|name| name.to_string())
                .filter(|name| draft.features.contains(name))
                .collect(),
            task: Some(draft.task),
            missing: draft.missing,
            coarse: false,
        };
        let training = Training {
            question,
            trees: number("Trees", &draft.trees)?,
            seed: u64::from(number::<u32>("Seed", &draft.seed)?),
            ..Training::default()
        };
        let rows = number::<usize>(draft.rows_word(), &draft.rows)?.max(1);
        let scope = if draft.chunks { Scope::Chunks { rows, room: ROOM } } else { Scope::Kept(Keep::Spread(rows)) };
        self.begin(
            Lesson {
                table: sheet.table.clone(),
                reached: reached(sheet),
                target,
                training,
                scope,
                test: Test::Share(test),
                champion: None,
            },
            wake,
        );
        Ok(())
    }

    pub fn begin(&mut self, lesson: Lesson, wake: &Wake) {
        let errors = Latest::default();
        self.fault = None;
        let chunks = matches!(lesson.scope, Scope::Chunks { .. });
        let job = lesson::learn(lesson, errors.clone(), wake.clone());
        self.training = Some(TrainingJob { job, errors, chart: Chart::default(), chunks, shown: 0 });
    }

    pub fn cancel(&self) {
        if let Some(training) = &self.training {
            training.job.cancel();
        }
    }

    /// Takes in what jobs have brought; the forest, when it is ready.
    pub fn poll(&mut self) -> Option<Learned> {
        if let Some(outcome) = self.proposing.as_mut().and_then(Job::take) {
            self.proposing = None;
            match outcome {
                Ok(proposed) => {
                    self.draft.features = proposed.proposal.features.iter().cloned().collect();
                    self.draft.task =
                        if proposed.proposal.task == Task::Number { TaskKind::Estimate } else { TaskKind::Classify };
                    self.proposed = Some(proposed);
                }
                Err(fault) => self.fault = Some(fault),
            }
        }
        let training = self.training.as_mut()?;
        if let Some(errors) = training.errors.get().filter(|errors| errors.len() > training.shown) {
            training.shown = errors.len();
            training.chart = Chart::of(out_of_bag(&errors, self.draft.task == TaskKind::Estimate));
        }
        let outcome = training.job.take()?;
        self.training = None;
        match outcome {
            Ok(learned) => Some(learned),
            Err(fault) => {
                self.fault = Some(fault).filter(|f| f.what != super::jobs::CANCELLED);
                None
            }
        }
    }

    /// Whether rows are being looked at.
    pub fn proposing(&self) -> Option<Progress> {
        self.proposing.as_ref().map(Job::progress)
    }

    pub fn is_idle(&self) -> bool {
        self.proposing.is_none() && self.training.is_none()
    }
}

impl TrainingJob {
    pub fn progress(&self) -> Progress {
        self.job.progress()
    }
}

/// How far the feeds of a sheet have come: what was asked of them so far.
pub fn reached(sheet: &Worksheet) -> Reached {
    let watch = sheet.rewound.as_ref().map_or(&sheet.watch, |rewound| &rewound.watch);
    watch.newest.as_ref().map(|s| s.reached.clone()).unwrap_or_default()
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T> {
    let plain = text.replace([',', '_', ' '], "");
    plain
        .parse()
        .map_err(|_| Fault::new(format!("'{text}' is not a number that fits")).at(name).hint("write a plain number"))
}
