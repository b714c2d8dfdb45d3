//! The report on a model: which of its figures is shown, the figures themselves, and the jobs that find out what it goes by.

use std::collections::HashMap;

use polars::prelude::{AnyValue, Column};

use super::models::{Entry, ModelId};
use super::picture::Picture;
use crate::data::{Fault, Result};
use crate::engine::lesson::Learned;
use crate::engine::{Job, Progress, explain};
use crate::figure::{Axis, AxisKind, Figure, Series};
use crate::learn::explain::{Dependence, Importance};
use crate::learn::forest::{Forest, Task};
use crate::learn::measure::Histogram;
use crate::learn::verdict::{Curves, Told, Verdict};
use crate::sync::Wake;

/// One figure of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Confusion,
    Roc,
    PrecisionRecall,
    Calibration,
    Residuals,
    Permutation,
    Impurity,
    Dependence,
    OutOfBag,
}

/// All of them, with their titles.
pub const VIEWS: &[(View, &str)] = &[
    (View::Confusion, "Confusion matrix"),
    (View::Roc, "ROC"),
    (View::PrecisionRecall, "Precision and recall"),
    (View::Calibration, "Calibration"),
    (View::Residuals, "Residuals"),
    (View::Permutation, "Permutation importance"),
    (View::Impurity, "Impurity importance"),
    (View::Dependence, "Partial dependence"),
    (View::OutOfBag, "Out-of-bag error"),
];

impl View {
    pub fn title(self) -> &'static str {
        VIEWS.iter().find(|(view, _)| *view == self).map_or("", |(_, title)| title)
    }

    /// Whether there is such a figure of this model.
    pub fn fits(self, entry: &Entry) -> bool {
        let numbers = entry.forest().task == Task::Numbers;
        match self {
            Self::Confusion | Self::Roc | Self::PrecisionRecall | Self::Calibration => !numbers && entry.learned.is_some(),
            Self::Residuals => numbers && entry.learned.is_some(),
            Self::Permutation | Self::Dependence => entry.learned.is_some(),
            Self::Impurity => true,
            Self::OutOfBag => entry.forest().oob.is_some(),
        }
    }
}

/// What is asked of a forest for the figure of one feature and one class.
type Asked = (String, usize);

#[derive(Debug)]
pub struct Report {
    pub model: ModelId,
    pub view: View,
    pub class: usize,
    pub feature: String,
    pub picture: Picture,
    built: Option<(View, Asked)>,
    importance: Option<Found<Vec<Importance>>>,
    dependences: HashMap<Asked, Found<Dependence>>,
    pub fault: Option<Fault>,
}

/// Something that a job finds out once.
#[derive(Debug)]
enum Found<T> {
    Job(Job<T>),
    Known(T),
}

impl Report {
    pub fn new(entry: &Entry) -> Self {
        let view = VIEWS.iter().map(|(view, _)| *view).find(|view| view.fits(entry)).unwrap_or(View::Impurity);
        // Of two classes the second is the one that is looked for.
        let class = usize::from(entry.forest().task.classes().len() == 2);
        let feature = most_important(entry.forest());
        Self { model: entry.id, view, class, feature, picture: Picture::default(), built: None, importance: None, dependences: HashMap::new(), fault: None }
    }

    /// Sees to it that the picture is that of the chosen figure; starts the job that it needs.
    pub fn look(&mut self, entry: &Entry, wake: &Wake) {
        let asked = (self.feature.clone(), self.class);
        if self.built.as_ref() == Some(&(self.view, asked.clone())) {
            return;
        }
        match self.figure(entry, &asked, wake) {
            Ok(Some(figure)) => {
                self.picture = Picture::of(figure);
                self.fault = None;
            }
            // On its way.
            Ok(None) => return,
            Err(fault) => {
                self.picture = Picture::default();
                self.fault = Some(fault);
            }
        }
        self.built = Some((self.view, asked));
    }

    fn figure(&mut self, entry: &Entry, asked: &Asked, wake: &Wake) -> Result<Option<Figure>> {
        let forest = entry.forest();
        let learned = entry.learned.as_ref();
        let figure = match (self.view, learned) {
            (View::Impurity, _) => Some(impurity(forest)),
            (View::OutOfBag, _) => forest.oob.as_ref().map(|oob| out_of_bag(&oob.errors, forest.task == Task::Numbers)),
            (View::Permutation, Some(learned)) => {
                let start = || Found::Job(explain::importance(learned.forest.clone(), learned.sample.clone(), wake.clone()));
                let found = self.importance.get_or_insert_with(start).take();
                if matches!(found, Some(Err(_))) {
                    self.importance = None;
                }
                match found {
                    None => return Ok(None),
                    Some(found) => Some(permutation(&found?, forest)),
                }
            }
            (View::Dependence, Some(learned)) => {
                let (feature, class) = asked.clone();
                let start = || Found::Job(explain::dependence(learned.forest.clone(), learned.sample.clone(), feature, class, wake.clone()));
                let found = self.dependences.entry(asked.clone()).or_insert_with(start).take();
                if matches!(found, Some(Err(_))) {
                    self.dependences.remove(asked);
                }
                match found {
                    None => return Ok(None),
                    Some(found) => Some(dependence(&found?, forest, asked.1)),
                }
            }
            (view, Some(learned)) => of_verdict(view, &learned.verdict, forest),
            (_, None) => None,
        };
        figure.map(Some).ok_or_else(|| Fault::new("there is no such figure of this model").hint("choose another"))
    }

    /// The work that the chosen figure waits for.
    pub fn progress(&self) -> Option<Progress> {
        let job = match self.view {
            View::Permutation => self.importance.as_ref().and_then(Found::progress),
            View::Dependence => self.dependences.get(&(self.feature.clone(), self.class)).and_then(Found::progress),
            _ => None,
        };
        job.filter(|_| self.built.as_ref().is_none_or(|built| *built != (self.view, (self.feature.clone(), self.class))))
    }

    pub fn is_idle(&self) -> bool {
        let running = |found: &Option<Progress>| found.is_some();
        !running(&self.importance.as_ref().and_then(Found::progress)) && !self.dependences.values().any(|found| running(&found.progress()))
    }
}

impl<T: Clone + Send + 'static> Found<T> {
    fn take(&mut self) -> Option<Result<T>> {
        if let Self::Job(job) = self {
            match job.take()? {
                Ok(known) => *self = Self::Known(known),
                Err(fault) => return Some(Err(fault)),
            }
        }
        match self {
            Self::Known(known) => Some(Ok(known.clone())),
            Self::Job(_) => None,
        }
    }

    fn progress(&self) -> Option<Progress> {
        match self {
            Self::Job(job) => Some(job.progress()),
            Self::Known(_) => None,
        }
    }
}

fn most_important(forest: &Forest) -> String {
    let best = forest.features.iter().zip(forest.importance()).max_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or_else(String::new, |(feature, _)| feature.name.clone())
}

fn of_verdict(view: View, verdict: &Verdict, forest: &Forest) -> Option<Figure> {
    let names = forest.task.classes();
    match (&verdict.told, view) {
        (Told::Classes(classes), View::Confusion) => Some(confusion(&classes.matrix, names)),
        (Told::Classes(classes), View::Roc) => Some(roc(&classes.curves, names)),
        (Told::Classes(classes), View::PrecisionRecall) => Some(precision_recall(&classes.curves, names)),
        (Told::Classes(classes), View::Calibration) => Some(calibration(&classes.curves, names)),
        (Told::Numbers(Some(numbers)), View::Residuals) => Some(residuals(&numbers.residuals)),
        _ => None,
    }
}

/// A figure of both rates from 0 to 1, with the line that knowing nothing, or everything, would give.
fn rates(title: &str, x: &str, y: &str, diagonal: &str, curves: impl Iterator<Item = (String, Vec<(f64, f64)>)>) -> Figure {
    let line = |(name, points): (String, Vec<(f64, f64)>)| {
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        Series::new(name, x, y)
    };
    let mut series: Vec<Series> = curves.map(line).collect();
    if !diagonal.is_empty() {
        series.push(Series::new(diagonal, vec![0.0, 1.0], vec![0.0, 1.0]));
    }
    Figure {
        title: title.to_owned(),
        mark: "line".to_owned(),
        x: Axis { title: x.to_owned(), kind: AxisKind::Number },
        y_title: y.to_owned(),
        series,
        view: Some(crate::figure::View { x: Some((0.0, 1.0)), y: Some((0.0, 1.0)) }),
        ..Figure::default()
    }
}

fn class_name(names: &[String], class: usize) -> &str {
    names.get(class).map_or("", String::as_str)
}

fn with_area(names: &[String], class: usize, word: &str, area: Option<f64>) -> String {
    let name = class_name(names, class);
    area.map_or_else(|| name.to_owned(), |area| format!("{name} ({word} {area:.3})"))
}

fn roc(curves: &[Curves], names: &[String]) -> Figure {
    let of = |c: &Curves| (with_area(names, c.class, "area", c.roc.area), c.roc.points.iter().map(|(fp, tp, _)| (*fp, *tp)).collect());
    rates("ROC", "false positive rate", "true positive rate", "chance", curves.iter().map(of))
}

fn precision_recall(curves: &[Curves], names: &[String]) -> Figure {
    let of = |c: &Curves| {
        // From recall 0 up: lines are read from left to right.
        let points = c.precision_recall.points.iter().rev().map(|(recall, precision, _)| (*recall, *precision)).collect();
        (with_area(names, c.class, "average", c.precision_recall.area), points)
    };
    rates("Precision and recall", "recall", "precision", "", curves.iter().map(of))
}

fn calibration(curves: &[Curves], names: &[String]) -> Figure {
    let of = |c: &Curves| (with_area(names, c.class, "off by", c.calibration.error), c.calibration.bins.iter().map(|b| (b.said, b.came)).collect());
    rates("Calibration", "probability that was said", "share that came true", "perfect", curves.iter().map(of))
}

fn categories(title: &str, names: Vec<String>) -> Axis {
    Axis { title: title.to_owned(), kind: AxisKind::Category(names) }
}

fn numbered(count: usize) -> Vec<f64> {
    (0..count).map(|i| i as f64).collect()
}

/// Shares of each true class, so that classes of few rows are seen as well.
fn confusion(matrix: &crate::learn::measure::Confusion, names: &[String]) -> Figure {
    let shown = names.len().min(MOST);
    let share = |rows: u64, all: u64| (rows as f64 / all as f64 * 1_000.0).round() / 10.0;
    let row = |truth: usize| {
        let all: u64 = (0..names.len()).map(|said| matrix.count(truth, said)).sum();
        let shares: Vec<f64> = (0..shown).map(|said| if all == 0 { f64::NAN } else { share(matrix.count(truth, said), all) }).collect();
        Series::new(class_name(names, truth), numbered(shown), shares)
    };
    let caption = if shown < names.len() { format!("the first {shown} of {} classes", names.len()) } else { String::new() };
    Figure {
        title: "Confusion matrix".to_owned(),
        caption,
        mark: "heat".to_owned(),
        x: categories("predicted", names.iter().take(shown).cloned().collect()),
        y_title: "true class, % of its rows".to_owned(),
        series: (0..shown).map(row).collect(),
        ..Figure::default()
    }
}

/// More classes than this cannot be read in one matrix.
const MOST: usize = 24;

fn residuals(histogram: &Histogram) -> Figure {
    let x: Vec<f64> = histogram.edges.windows(2).map(|pair| pair.iter().sum::<f64>() / 2.0).collect();
    let y: Vec<f64> = histogram.counts.iter().map(|n| *n as f64).collect();
    Figure {
        title: "Residuals".to_owned(),
        mark: "bar".to_owned(),
        x: Axis { title: "truth minus prediction".to_owned(), kind: AxisKind::Number },
        y_title: "rows".to_owned(),
        series: vec![Series::new("", x, y)],
        ..Figure::default()
    }
}

fn bars(title: &str, y_title: &str, mut named: Vec<(String, f64)>) -> Figure {
    named.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let more = named.len().saturating_sub(MOST);
    named.truncate(MOST);
    let (names, values): (Vec<String>, Vec<f64>) = named.into_iter().unzip();
    Figure {
        title: title.to_owned(),
        caption: if more > 0 { format!("the first {MOST} of {} features", MOST + more) } else { String::new() },
        mark: "bar".to_owned(),
        x: categories("", names),
        y_title: y_title.to_owned(),
        series: vec![Series::new("", numbered(values.len()), values)],
        ..Figure::default()
    }
}

fn impurity(forest: &Forest) -> Figure {
    let shares = forest.features.iter().map(|f| f.name.clone()).zip(forest.importance().into_iter().map(|share| share * 100.0)).collect();
    bars("Impurity importance", "share of the impurity that it removed, %", shares)
}

fn permutation(found: &[Importance], forest: &Forest) -> Figure {
    let unit = if forest.task == Task::Numbers { 1.0 } else { 100.0 };
    let y_title = if forest.task == Task::Numbers { "fall of R² when it is shuffled" } else { "fall of accuracy when it is shuffled, points" };
    bars("Permutation importance", y_title, found.iter().map(|i| (i.feature.clone(), i.mean * unit)).collect())
}

fn dependence(found: &Dependence, forest: &Forest, class: usize) -> Figure {
    let y_title = match &forest.task {
        Task::Numbers => format!("mean {} foretold", forest.target),
        Task::Classes { names, .. } => format!("mean probability of {}", class_name(names, class)),
    };
    let (kind, x, mark) = grid(&found.grid);
    Figure {
        title: format!("Partial dependence on {}", found.feature),
        mark: mark.to_owned(),
        x: Axis { title: found.feature.clone(), kind },
        y_title,
        series: vec![Series::new("", x, found.mean.clone())],
        ..Figure::default()
    }
}

/// The values that a feature was set to, along an axis of their kind.
fn grid(values: &Column) -> (AxisKind, Vec<f64>, &'static str) {
    let at = |row: usize| values.get(row).unwrap_or(AnyValue::Null);
    let micros = |row: usize| super::widget::cells::value_micros(&at(row)).map_or(f64::NAN, |v| v as f64);
    let rows = 0..values.len();
    match values.dtype() {
        dtype if dtype.is_primitive_numeric() => (AxisKind::Number, rows.map(|row| at(row).extract::<f64>().unwrap_or(f64::NAN)).collect(), "line"),
        dtype if dtype.is_temporal() && rows.clone().all(|row| micros(row).is_finite()) => (AxisKind::Time, rows.map(micros).collect(), "line"),
        _ => {
            let names = rows.clone().map(|row| at(row).str_value().into_owned()).collect();
            (AxisKind::Category(names), numbered(values.len()), "bar")
        }
    }
}

/// The error of the rows that trees did not see, by how many trees there are.
pub fn out_of_bag(errors: &[f64], numbers: bool) -> Figure {
    let unit = if numbers { 1.0 } else { 100.0 };
    let y: Vec<f64> = errors.iter().map(|e| e * unit).collect();
    Figure {
        title: "Out-of-bag error".to_owned(),
        mark: "line".to_owned(),
        x: Axis { title: "trees".to_owned(), kind: AxisKind::Number },
        y_title: if numbers { "out-of-bag error (RMSE)" } else { "out-of-bag error, %" }.to_owned(),
        series: vec![Series::new("", (1..=errors.len()).map(|n| n as f64).collect::<Vec<_>>(), y)],
        ..Figure::default()
    }
}

/// The numbers that say most, each with its name and what it means.
pub fn headline(learned: &Learned) -> Vec<(&'static str, String, &'static str)> {
    verdict_line(&learned.verdict)
}

pub fn verdict_line(verdict: &Verdict) -> Vec<(&'static str, String, &'static str)> {
    let number = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"));
    let share = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{:.2} %", v * 100.0));
    match &verdict.told {
        Told::Classes(classes) => vec![
            ("Accuracy", share(classes.accuracy), "The share of the rows held out that were told right"),
            ("Balanced", share(classes.matrix.balanced_accuracy()), "The mean share over the classes, so that frequent ones do not outweigh rare ones"),
            ("F1", number(Some(classes.matrix.macro_mean().f1)), "The harmonic mean of precision and recall, averaged over the classes"),
            ("Log loss", number(classes.log_loss), "How much probability was given to what did not come: less is better"),
        ],
        Told::Numbers(numbers) => {
            let of = |read: fn(&crate::learn::measure::Regression) -> Option<f64>| number(numbers.as_ref().and_then(read));
            vec![
                ("R²", of(|n| n.r2), "The share of the variance that is explained: 1 is all, 0 as good as the mean"),
                ("MAE", of(|n| Some(n.mae)), "The mean absolute error"),
                ("RMSE", of(|n| Some(n.rmse)), "The root of the mean squared error"),
            ]
        }
    }
}
