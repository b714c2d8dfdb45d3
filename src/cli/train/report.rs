//! The report of `braid train`: a page for people, and `--stats` for programs, whose keys are a contract.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::super::stats::{cpu_seconds, peak_rss_mb};
use crate::data::words;
use crate::learn::forest::{Forest, Task};
use crate::learn::measure::{ClassScore, Regression};
use crate::learn::question::TaskKind;
use crate::learn::report::Report;
use crate::learn::verdict::ClassMetrics;

/// The most classes and features on the page for people; `--stats` has all of them.
const SHOWN: usize = 20;

pub struct TrainOutcome {
    pub forest: Arc<Forest>,
    pub report: Report,
    pub fit: Duration,
    pub fit_cpu: Option<f64>,
    pub predict: Duration,
    pub predict_cpu: Option<f64>,
    pub asked: Option<TaskKind>,
}

impl TrainOutcome {
    fn per_class(&self) -> Vec<ClassScore> {
        self.report.verdict.classes().map_or_else(Vec::new, |c| c.per_class())
    }

    pub fn json(&self, started: Instant) -> String {
        let forest = &self.forest;
        let names = forest.task.classes();
        let class = |(name, s): (&String, &ClassScore)| {
            json!({
                "class": name,
                "precision": s.precision,
                "recall": s.recall,
                "f1": s.f1,
                "support": s.support,
            })
        };
        let dropped: serde_json::Map<String, Value> =
            self.report.dropped.by_column.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
        let importance: serde_json::Map<String, Value> =
            forest.features.iter().zip(forest.importance()).map(|(f, share)| (f.name.clone(), json!(share))).collect();
        let mut stats = json!({
            "task": task_word(&forest.task),
            "target": forest.target,
            "rows": self.report.dropped.of,
            "rows_dropped": self.report.dropped.rows,
            "dropped_by_column": dropped,
            "rows_train": self.report.trained,
            "rows_test": self.report.verdict.rows,
            "trees": forest.trees.len(),
            "parts": self.report.parts,
            "leaves": forest.trees.iter().map(|t| t.leaves()).sum::<usize>(),
            "fit_s": self.fit.as_secs_f64(),
            "fit_cpu_s": self.fit_cpu,
            "predict_s": self.predict.as_secs_f64(),
            "predict_cpu_s": self.predict_cpu,
            "wall_s": started.elapsed().as_secs_f64(),
            "cpu_s": cpu_seconds(),
            "peak_rss_mb": peak_rss_mb(),
            "oob_score": forest.oob.as_ref().map(|oob| oob.score),
            "oob_errors": forest.oob.as_ref().map(|oob| oob.errors.clone()),
            "importance": importance,
        });
        let more = match &forest.task {
            Task::Classes { .. } => json!({
                "accuracy": self.report.verdict.score(),
                "balanced_accuracy": self.report.verdict.classes().and_then(|c| c.matrix.balanced_accuracy()),
                "log_loss": self.report.verdict.classes().and_then(|c| c.log_loss),
                "f1_macro":
                    self.report.verdict.classes().filter(|c| c.matrix.rows() > 0).map(|c| c.matrix.macro_mean().f1),
                "roc_auc": self.report.verdict.classes().and_then(ClassMetrics::roc_area),
                "accuracy_of_guessing": self.report.verdict.classes().and_then(|c| c.matrix.guessing()),
                "classes": names.iter().zip(&self.per_class()).map(class).collect::<Vec<_>>(),
                "rows_of_unknown_class": self.report.verdict.classes().map_or(0, |c| c.unknown),
            }),
            Task::Numbers => {
                let of = |read: fn(&Regression) -> Option<f64>| self.report.verdict.numbers().and_then(read);
                json!({
                    "accuracy": null,
                    "r2": of(|n| n.r2),
                    "mae": of(|n| Some(n.mae)),
                    "rmse": of(|n| Some(n.rmse)),
                })
            }
        };
        if let (Some(stats), Value::Object(more)) = (stats.as_object_mut(), more) {
            stats.extend(more);
        }
        stats.to_string() + "\n"
    }

    pub fn text(&self, model: Option<&Path>) -> String {
        let count = |n: usize| words::count(n as u64);
        let forest = &self.forest;
        let doing = match &forest.task {
            Task::Classes { names, .. } => format!("{} classes", names.len()),
            Task::Numbers => "a number".to_owned(),
        };
        let why = if self.asked.is_none() { " (by what it holds; --task says otherwise)" } else { "" };
        let mut text = format!("target          {}: {doing}{why}\n", forest.target);
        text += &format!(
            "rows            {} trained on, {} tested on",
            count(self.report.trained),
            count(self.report.verdict.rows)
        );
        if self.report.held_out() > self.report.verdict.rows {
            text += &format!(" of {} held out", count(self.report.held_out()));
        }
        if self.report.dropped.rows > 0 {
            let reasons: Vec<String> =
                self.report.dropped.by_column.iter().map(|(name, rows)| format!("{name} {}", count(*rows))).collect();
            text += &format!(
                "; {} of {} dropped, values missing: {}",
                count(self.report.dropped.rows),
                count(self.report.dropped.of),
                reasons.join(", ")
            );
        }
        let fitted = if self.report.parts > 1 {
            format!(", fitted in {} parts: a tree knows its part alone", self.report.parts)
        } else {
            String::new()
        };
        let leaves = count(forest.trees.iter().map(|t| t.leaves()).sum());
        text += &format!("\nforest          {} trees, {leaves} leaves{fitted}\n", count(forest.trees.len()));
        text += &format!(
            "time            fit {:.2} s, predict {:.3} s\n",
            self.fit.as_secs_f64(),
            self.predict.as_secs_f64()
        );
        let verdict = &self.report.verdict;
        if let Some(classes) = verdict.classes() {
            if let Some(accuracy) = classes.accuracy {
                let guessing = classes
                    .matrix
                    .guessing()
                    .map(|share| format!(" (always guessing the most frequent class: {share:.4})"))
                    .unwrap_or_default();
                text += &format!("accuracy        {accuracy:.4}{guessing}\n");
                let more = [
                    ("balanced", classes.matrix.balanced_accuracy()),
                    ("f1", Some(classes.matrix.macro_mean().f1).filter(|_| classes.matrix.rows() > 0)),
                    ("log loss", classes.log_loss),
                    ("ROC area", classes.roc_area()),
                ];
                let more: Vec<String> =
                    more.iter().filter_map(|(name, value)| Some(format!("{name} {:.4}", (*value)?))).collect();
                text += &format!("                {}\n", more.join(", "));
            }
            if classes.unknown > 0 {
                text += &format!(
                    "                {} rows tested are of a class that training did not see, and count as wrong\n",
                    count(classes.unknown)
                );
            }
        }
        if let Some(numbers) = verdict.numbers() {
            let r2 = numbers.r2.map_or_else(|| "none (the target does not vary)".to_owned(), |r2| format!("{r2:.4}"));
            text += &format!(
                "r2              {r2}\nmae             {:.4}\nrmse            {:.4}\n",
                numbers.mae, numbers.rmse
            );
        }
        if let Some(oob) = forest.oob.as_ref().filter(|oob| oob.rows > 0) {
            let word = if forest.task == Task::Numbers { "r2" } else { "accuracy" };
            text += &format!("out of bag      {word} {:.4}\n", oob.score);
        }
        let mut important: Vec<(&str, f64)> =
            forest.features.iter().map(|f| f.name.as_str()).zip(forest.importance()).collect();
        important.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        let shares: Vec<String> =
            important.iter().take(5).map(|(name, share)| format!("{name} {:.0} %", share * 100.0)).collect();
        text += &format!("important       {}\n", shares.join(", "));
        let each = self.per_class();
        if verdict.rows > 0 && !each.is_empty() {
            text += &classes(forest.task.classes(), &each);
        }
        if let Some(path) = model {
            text += &format!("\nmodel           {}\n", path.display());
        }
        text
    }
}

fn classes(names: &[String], scores: &[ClassScore]) -> String {
    let width = names.iter().take(SHOWN).map(|n| n.width()).max().unwrap_or(0).max(5);
    let mut text = format!("\n{:<width$}  precision  recall      f1  support\n", "class");
    for (name, s) in names.iter().zip(scores).take(SHOWN) {
        let pad = " ".repeat(width.saturating_sub(name.width()));
        text += &format!(
            "{name}{pad}  {:>9.4}  {:>6.4}  {:>6.4}  {:>7}\n",
            s.precision,
            s.recall,
            s.f1,
            words::count(s.support)
        );
    }
    if names.len() > SHOWN {
        text += &format!("… and {} more, all of them in --stats\n", names.len() - SHOWN);
    }
    text
}

/// The word for what a forest does.
fn task_word(task: &Task) -> &'static str {
    match task {
        Task::Classes { .. } => "classify",
        Task::Numbers => "estimate",
    }
}
