//! A report in a model's file. What is read is checked against the forest that it is about. The class of a curve, like
//! the features, stands by its name; what follows from the matrix (accuracy, precision, …) is not written.
//!
//! ```json
//! {"rows": {"seen": 1000, "unread": 0, "of": 1000, "dropped": 10, "lacking": [["distance", 7], ["origin", 3]],
//!           "learnt": 792, "tested": 198}, "seconds": "0.7",
//!  "classes": {"matrix": [[100, 8], [10, 80]], "unknown": 0, "log_loss": "0.21",
//!              "curves": [{"class": "true",
//!                "roc": {"area": "0.95", "points": [["0", "0", "inf"], ["0.1", "0.8", "0.5"], ["1", "1", "0"]]},
//!                "precision_recall": {"area": "0.93",
//!                                     "points": [["1", "0.45", "0"], ["0.8", "0.9", "0.5"], ["0", "1", "inf"]]},
//!                "calibration": {"brier": "0.08", "error": "0.02",
//!                                "bins": [["0.05", "0.04", 120], ["0.96", "0.97", 78]]}}]},
//!  "importance": [["distance", "0.3", "0.01"], ["origin", "0.02", "0.004"]],
//!  "dependence": [{"feature": "distance", "numbers": ["80", "1023"], "means": [["0.9", "0.2"], ["0.1", "0.8"]]},
//!                 {"feature": "origin", "words": ["EWR", "JFK"], "means": [["0.6", "0.5"], ["0.4", "0.5"]]}]}
//! ```
//!
//! - `matrix`: a list a true class, in it the rows taken for each class; `unknown`: rows of a class that was not
//!   in training.
//! - A point of `roc`: false positives, true positives, threshold; of `precision_recall`: recall, precision, threshold.
//!   A bin of `calibration`: the mean probability said, the share that came true, rows.
//! - An estimate has `numbers` in place of `classes`: {"r2", "mae", "rmse", "residuals": {"edges", "counts",
//!   "outside"}}.
//! - `importance`: feature, mean fall of the score when it is shuffled, its standard deviation.
//! - `dependence`: what a feature was set to (`numbers`, `times` in microseconds or `words`), and the mean answer
//!   there, a list a class, or one for an estimate.

use std::time::Duration;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Report;
use crate::learn::dropped::Dropped;
use crate::learn::explain::{Dependence, Grid, Importance};
use crate::learn::forest::{Forest, Task};
use crate::learn::measure::{Calibration, Confusion, Histogram, PrecisionRecall, Regression, Reliability, Roc};
use crate::learn::verdict::{ClassMetrics, Curves, Metrics, Verdict};

/// A floating number, as text, so that every reader gets every bit.
#[derive(Clone, Copy, Debug)]
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(NumberVisitor)
    }
}

/// Reads a number out of a text while it is at hand: so the fault knows its place.
struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("a number as text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
        text.parse().map(Number).map_err(|_| E::custom(format!("'{text}' should be a number")))
    }
}

type SavedPoint = (Number, Number, Number);

#[derive(Serialize, Deserialize)]
pub(in crate::learn) struct SavedReport {
    rows: SavedRows,
    seconds: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classes: Option<SavedClasses>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numbers: Option<SavedNumbers>,
    importance: Vec<(String, Number, Number)>,
    dependence: Vec<SavedDependence>,
}

#[derive(Serialize, Deserialize)]
struct SavedRows {
    seen: u64,
    unread: u64,
    of: usize,
    dropped: usize,
    lacking: Vec<(String, usize)>,
    #[serde(rename = "learnt")]
    trained: usize,
    #[serde(default = "one")]
    parts: usize,
    tested: usize,
}

fn one() -> usize {
    1
}

#[derive(Serialize, Deserialize)]
struct SavedClasses {
    matrix: Vec<Vec<u64>>,
    unknown: usize,
    log_loss: Option<Number>,
    curves: Vec<SavedCurves>,
}

#[derive(Serialize, Deserialize)]
struct SavedCurves {
    class: String,
    roc: SavedCurve,
    precision_recall: SavedCurve,
    calibration: SavedCalibration,
}

#[derive(Serialize, Deserialize)]
struct SavedCurve {
    area: Option<Number>,
    points: Vec<SavedPoint>,
}

#[derive(Serialize, Deserialize)]
struct SavedCalibration {
    brier: Option<Number>,
    error: Option<Number>,
    bins: Vec<(Number, Number, u64)>,
}

#[derive(Serialize, Deserialize)]
struct SavedNumbers {
    r2: Option<Number>,
    mae: Number,
    rmse: Number,
    residuals: SavedHistogram,
}

#[derive(Serialize, Deserialize)]
struct SavedHistogram {
    edges: Vec<Number>,
    counts: Vec<u64>,
    outside: u64,
}

#[derive(Serialize, Deserialize)]
struct SavedDependence {
    feature: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numbers: Option<Vec<Number>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<Vec<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<Vec<String>>,
    means: Vec<Vec<Number>>,
}

fn wrapped(values: &[f64]) -> Vec<Number> {
    values.iter().copied().map(Number).collect()
}

fn plain(values: Vec<Number>) -> Vec<f64> {
    values.into_iter().map(|n| n.0).collect()
}

fn points(points: &[(f64, f64, f64)]) -> Vec<SavedPoint> {
    points.iter().map(|(x, y, at)| (Number(*x), Number(*y), Number(*at))).collect()
}

fn plain_points(points: Vec<SavedPoint>) -> Vec<(f64, f64, f64)> {
    points.into_iter().map(|(x, y, at)| (x.0, y.0, at.0)).collect()
}

impl SavedReport {
    pub(in crate::learn) fn new(report: &Report, forest: &Forest) -> Self {
        let Report { seen, unread, trained, parts, dropped, seconds, verdict, importance, dependences } = report;
        let names = forest.task.classes();
        let curves = |c: &Curves| SavedCurves {
            class: names.get(c.class).cloned().unwrap_or_default(),
            roc: SavedCurve { area: c.roc.area.map(Number), points: points(&c.roc.points) },
            precision_recall: SavedCurve {
                area: c.precision_recall.area.map(Number),
                points: points(&c.precision_recall.points),
            },
            calibration: SavedCalibration {
                brier: c.calibration.brier.map(Number),
                error: c.calibration.error.map(Number),
                bins: c.calibration.bins.iter().map(|b| (Number(b.said), Number(b.came), b.rows)).collect(),
            },
        };
        let matrix = |m: &Confusion| {
            (0..m.classes()).map(|truth| (0..m.classes()).map(|said| m.count(truth, said)).collect()).collect()
        };
        let dependence = |d: &Dependence| {
            let (numbers, times, words) = match &d.grid {
                Grid::Numbers(values) => (Some(wrapped(values)), None, None),
                Grid::Times(values) => (None, Some(values.clone()), None),
                Grid::Words(values) => (None, None, Some(values.clone())),
            };
            SavedDependence {
                feature: d.feature.clone(),
                numbers,
                times,
                words,
                means: d.means.iter().map(|m| wrapped(m)).collect(),
            }
        };
        Self {
            rows: SavedRows {
                seen: *seen,
                unread: *unread,
                of: dropped.of,
                dropped: dropped.rows,
                lacking: dropped.by_column.clone(),
                trained: *trained,
                parts: *parts,
                tested: verdict.rows,
            },
            seconds: Number(*seconds),
            classes: verdict.classes().map(|c| SavedClasses {
                matrix: matrix(&c.matrix),
                unknown: c.unknown,
                log_loss: c.log_loss.map(Number),
                curves: c.curves.iter().map(curves).collect(),
            }),
            numbers: verdict.numbers().map(|n| SavedNumbers {
                r2: n.r2.map(Number),
                mae: Number(n.mae),
                rmse: Number(n.rmse),
                residuals: SavedHistogram {
                    edges: wrapped(&n.residuals.edges),
                    counts: n.residuals.counts.clone(),
                    outside: n.residuals.outside,
                },
            }),
            importance: importance.iter().map(|i| (i.feature.clone(), Number(i.mean), Number(i.deviation))).collect(),
            dependence: dependences.iter().map(dependence).collect(),
        }
    }

    /// What it says of `forest`; or where it contradicts itself.
    pub(in crate::learn) fn report(self, forest: &Forest) -> Result<Report, String> {
        let SavedRows { seen, unread, of, dropped, lacking, trained, parts, tested } = self.rows;
        if trained.saturating_add(tested).saturating_add(dropped) > of {
            return Err(
                "in 'rows', those that were trained on, tested on and dropped are more than all ('of')".to_owned()
            );
        }
        // Durations of any other kind cannot be shown.
        Duration::try_from_secs_f64(self.seconds.0).map_err(|_| "its 'seconds' are no length of time".to_owned())?;
        let told = match (&forest.task, self.classes, self.numbers) {
            (Task::Classes { names, .. }, Some(classes), None) => Metrics::Classes(classes.classes(names, tested)?),
            (Task::Numbers, None, Some(numbers)) => Metrics::Numbers(Some(numbers.regression(tested)?)),
            (Task::Numbers, None, None) if tested == 0 => Metrics::Numbers(None),
            (Task::Classes { .. }, ..) => return Err("it should have 'classes', and no 'numbers'".to_owned()),
            (Task::Numbers, ..) => return Err("it should have 'numbers', and no 'classes'".to_owned()),
        };
        let known = |feature: &str, at: &str| {
            let known = forest.features.iter().any(|f| f.name == feature);
            if known { Ok(()) } else { Err(format!("in '{at}', '{feature}' is none of the model's features")) }
        };
        let mut importance = Vec::new();
        for (feature, mean, deviation) in self.importance {
            known(&feature, "importance")?;
            importance.push(Importance { feature, mean: mean.0, deviation: deviation.0 });
        }
        let mut dependences = Vec::new();
        for d in self.dependence {
            known(&d.feature, "dependence")?;
            dependences.push(d.dependence(forest.task.classes().len().max(1))?);
        }
        let dropped = Dropped { rows: dropped, of, by_column: lacking };
        Ok(Report {
            seen,
            unread,
            trained,
            parts,
            dropped,
            seconds: self.seconds.0,
            verdict: Verdict { rows: tested, told },
            importance,
            dependences,
        })
    }
}

impl SavedClasses {
    fn classes(self, names: &[String], tested: usize) -> Result<ClassMetrics, String> {
        let matrix = Confusion::from_rows(self.matrix).filter(|m| m.classes() == names.len());
        let matrix =
            matrix.ok_or_else(|| format!("'matrix' should have {} lists of {0} counts: a class each", names.len()))?;
        if matrix.rows().saturating_add(self.unknown as u64) != tested as u64 {
            return Err("the counts in 'matrix' and 'unknown' do not add up to the rows tested".to_owned());
        }
        let curves = |c: SavedCurves| {
            let class = names
                .iter()
                .position(|name| *name == c.class)
                .ok_or_else(|| format!("in 'curves', '{}' is none of the model's classes", c.class))?;
            let bins = c.calibration.bins.into_iter().map(|(said, came, rows)| Reliability {
                said: said.0,
                came: came.0,
                rows,
            });
            Ok(Curves {
                class,
                roc: Roc { points: plain_points(c.roc.points), area: c.roc.area.map(|n| n.0) },
                precision_recall: PrecisionRecall {
                    points: plain_points(c.precision_recall.points),
                    area: c.precision_recall.area.map(|n| n.0),
                },
                calibration: Calibration {
                    bins: bins.collect(),
                    brier: c.calibration.brier.map(|n| n.0),
                    error: c.calibration.error.map(|n| n.0),
                },
            })
        };
        let curves = self.curves.into_iter().map(curves).collect::<Result<_, String>>()?;
        Ok(ClassMetrics::of(matrix, self.unknown, self.log_loss.map(|n| n.0), curves))
    }
}

impl SavedNumbers {
    fn regression(self, tested: usize) -> Result<Regression, String> {
        let SavedHistogram { edges, counts, outside } = self.residuals;
        let fits = edges.len() == counts.len() + 1 || (edges.is_empty() && counts.is_empty());
        if !fits {
            return Err("its 'residuals' should have one edge more than counts".to_owned());
        }
        if counts.iter().fold(outside, |sum, n| sum.saturating_add(*n)) != tested as u64 {
            return Err("the counts of its 'residuals' do not add up to the rows tested".to_owned());
        }
        let residuals = Histogram { edges: plain(edges), counts, outside };
        Ok(Regression { r2: self.r2.map(|n| n.0), mae: self.mae.0, rmse: self.rmse.0, residuals })
    }
}

impl SavedDependence {
    fn dependence(self, classes: usize) -> Result<Dependence, String> {
        let grid = match (self.numbers, self.times, self.words) {
            (Some(values), None, None) => Grid::Numbers(plain(values)),
            (None, Some(values), None) => Grid::Times(values),
            (None, None, Some(values)) => Grid::Words(values),
            _ => return Err(format!("the 'dependence' on '{}' should have numbers, times or words", self.feature)),
        };
        if self.means.len() != classes || self.means.iter().any(|m| m.len() != grid.len()) {
            return Err(format!(
                "the 'dependence' on '{}' should have {classes} lists of {} means",
                self.feature,
                grid.len()
            ));
        }
        Ok(Dependence { feature: self.feature, grid, means: self.means.into_iter().map(plain).collect() })
    }
}
