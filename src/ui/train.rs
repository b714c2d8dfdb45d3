//! The training that is being set up: the target, the features proposed for it, the settings, and the running job.
//! Painting it is left to `panel::train`.

use std::collections::BTreeSet;

use super::chart::Chart;
use super::report::out_of_bag;
use super::worksheet::Worksheet;
use crate::data::{Fault, Result};
use crate::engine::train::Training;
use crate::engine::train::{self, HoldOut, Proposed, ROOM, Target, Trained, TrainingRows, TrainingSpec};
use crate::engine::{Job, Progress, Reached, Sampling};
use crate::learn::encode::kind_of;
use crate::learn::forest::Missing;
use crate::learn::propose::TargetKind;
use crate::learn::question::{Question, TaskKind};
use crate::sync::{Latest, Wake};
use crate::workspace::TableId;

/// The fields of the form.
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
    /// The most rows held in memory: all that are trained on, or those of one chunk.
    pub rows: String,
    /// Whether the forest is trained on all rows, read a chunk at a time.
    pub chunks: bool,
}

impl TrainDraft {
    /// The label of the number of rows.
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
    pub sheet: TableId,
    pub draft: TrainDraft,
    proposing: Option<Job<Proposed>>,
    pub proposed: Option<Proposed>,
    pub training: Option<TrainingJob>,
    /// The fault of the target, or of the training.
    pub fault: Option<Fault>,
}

/// The job that trains a forest.
#[derive(Debug)]
pub struct TrainingJob {
    job: Job<Trained>,
    errors: Latest<Vec<f64>>,
    /// The chart of the out-of-bag error so far.
    pub chart: Chart,
    /// Whether rows are read a chunk at a time: then each part has an out-of-bag error of its own.
    pub chunks: bool,
    shown: usize,
}

impl TrainForm {
    pub fn new(sheet: &Worksheet) -> Self {
        let columns =
            || sheet.table.schema.iter().filter(|(_, dtype)| kind_of(dtype).is_some() && !dtype.is_temporal());
        // A yes/no column is often the target; else the last column.
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

    /// Starts to look at some rows for features.
    pub fn propose(&mut self, sheet: &Worksheet, wake: &Wake) {
        (self.proposed, self.fault) = (None, None);
        self.draft.features.clear();
        self.proposing = Some(train::propose(sheet.table.clone(), reached(sheet), self.draft.target(), wake.clone()));
    }

    /// Takes over the fields. A new target column is looked at at once, a condition when a person asks for it.
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

    /// Starts the training with these settings.
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
            // The features in the order of the table, as on the command line.
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
        let rows = if draft.chunks {
            TrainingRows::Chunks { rows, room: ROOM }
        } else {
            TrainingRows::Sample(Sampling::Spread(rows))
        };
        self.begin(
            TrainingSpec {
                table: sheet.table.clone(),
                reached: reached(sheet),
                target,
                training,
                rows,
                test: HoldOut::Share(test),
                champion: None,
            },
            wake,
        );
        Ok(())
    }

    pub fn begin(&mut self, spec: TrainingSpec, wake: &Wake) {
        let errors = Latest::default();
        self.fault = None;
        let chunks = matches!(spec.rows, TrainingRows::Chunks { .. });
        let job = train::train_on_table(spec, errors.clone(), wake.clone());
        self.training = Some(TrainingJob { job, errors, chart: Chart::default(), chunks, shown: 0 });
    }

    pub fn cancel(&self) {
        if let Some(training) = &self.training {
            training.job.cancel();
        }
    }

    /// Polls the jobs; gives the forest when it is ready.
    pub fn poll(&mut self) -> Option<Trained> {
        if let Some(outcome) = self.proposing.as_mut().and_then(Job::take) {
            self.proposing = None;
            match outcome {
                Ok(proposed) => {
                    self.draft.features = proposed.proposal.features.iter().cloned().collect();
                    self.draft.task = if proposed.proposal.task == TargetKind::Number {
                        TaskKind::Estimate
                    } else {
                        TaskKind::Classify
                    };
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

    /// The progress of looking at rows for features, while that goes on.
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

/// How far the live run of a worksheet has read its feeds.
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
