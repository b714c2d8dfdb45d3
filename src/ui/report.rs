//! The report on a model: which of its figures is shown, and the figures themselves. What they show is the model's own
//! report, which was made when it was trained.

use super::chart::Chart;
use super::models::{ModelEntry, ModelId};
use super::widget::numbers;
use crate::data::Fault;
use crate::figure::{Axis, AxisKind, Figure, Series};
use crate::learn::explain::{Dependence, Grid, Importance};
use crate::learn::forest::{Forest, Task};
use crate::learn::measure::Histogram;
use crate::learn::verdict::{Curves, Metrics, Verdict};

/// One figure of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportView {
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

/// All figures, with their titles.
pub const VIEWS: &[(ReportView, &str)] = &[
    (ReportView::Confusion, "Confusion matrix"),
    (ReportView::Roc, "ROC"),
    (ReportView::PrecisionRecall, "Precision and recall"),
    (ReportView::Calibration, "Calibration"),
    (ReportView::Residuals, "Residuals"),
    (ReportView::Permutation, "Permutation importance"),
    (ReportView::Impurity, "Impurity importance"),
    (ReportView::Dependence, "Partial dependence"),
    (ReportView::OutOfBag, "Out-of-bag error"),
];

impl ReportView {
    pub fn title(self) -> &'static str {
        VIEWS.iter().find(|(view, _)| *view == self).map_or("", |(_, title)| title)
    }

    /// Whether there is such a figure of this model.
    pub fn fits(self, entry: &ModelEntry) -> bool {
        let report = entry.report.as_deref();
        match self {
            Self::Confusion | Self::Roc | Self::PrecisionRecall | Self::Calibration => {
                report.is_some_and(|r| r.verdict.classes().is_some())
            }
            Self::Residuals => report.is_some_and(|r| r.verdict.numbers().is_some()),
            Self::Permutation => report.is_some_and(|r| !r.importance.is_empty()),
            Self::Dependence => report.is_some_and(|r| !r.dependences.is_empty()),
            Self::Impurity => true,
            Self::OutOfBag => entry.forest().oob.is_some(),
        }
    }
}

/// What the chart was built for: a view, and the feature and the class where they matter.
type FigureKey = (ReportView, String, usize);

#[derive(Debug)]
pub struct OpenReport {
    pub model: ModelId,
    pub view: ReportView,
    pub class: usize,
    pub feature: String,
    pub chart: Chart,
    built: Option<FigureKey>,
    pub fault: Option<Fault>,
}

impl OpenReport {
    pub fn new(entry: &ModelEntry) -> Self {
        let view = VIEWS.iter().map(|(view, _)| *view).find(|view| view.fits(entry)).unwrap_or(ReportView::Impurity);
        // Of two classes, the second is the positive one.
        let class = usize::from(entry.forest().task.classes().len() == 2);
        // The feature with the greatest effect.
        let feature =
            entry.report.as_ref().and_then(|r| r.dependences.first()).map_or_else(String::new, |d| d.feature.clone());
        Self { model: entry.id, view, class, feature, chart: Chart::default(), built: None, fault: None }
    }

    /// Rebuilds the chart if another figure was chosen.
    pub fn poll(&mut self, entry: &ModelEntry) {
        let asked = (self.view, self.feature.clone(), self.class);
        if self.built.as_ref() == Some(&asked) {
            return;
        }
        let figure = figure(entry, &asked);
        self.fault =
            figure.is_none().then(|| Fault::new("there is no such figure of this model").hint("choose another"));
        self.chart = figure.map(Chart::of).unwrap_or_default();
        self.built = Some(asked);
    }
}

fn figure(entry: &ModelEntry, (view, feature, class): &FigureKey) -> Option<Figure> {
    let forest = entry.forest();
    match (view, &entry.report) {
        (ReportView::Impurity, _) => Some(impurity(forest)),
        (ReportView::OutOfBag, _) => {
            forest.oob.as_ref().map(|oob| out_of_bag(&oob.errors, forest.task == Task::Numbers))
        }
        (ReportView::Permutation, Some(report)) => Some(permutation(&report.importance, forest)),
        (ReportView::Dependence, Some(report)) => {
            dependence(report.dependences.iter().find(|d| d.feature == *feature)?, forest, *class)
        }
        (view, Some(report)) => of_verdict(*view, &report.verdict, forest),
        (_, None) => None,
    }
}

fn of_verdict(view: ReportView, verdict: &Verdict, forest: &Forest) -> Option<Figure> {
    let names = forest.task.classes();
    match (&verdict.told, view) {
        (Metrics::Classes(classes), ReportView::Confusion) => Some(confusion(&classes.matrix, names)),
        (Metrics::Classes(classes), ReportView::Roc) => Some(roc(&classes.curves, names)),
        (Metrics::Classes(classes), ReportView::PrecisionRecall) => Some(precision_recall(&classes.curves, names)),
        (Metrics::Classes(classes), ReportView::Calibration) => Some(calibration(&classes.curves, names)),
        (Metrics::Numbers(Some(numbers)), ReportView::Residuals) => Some(residuals(&numbers.residuals)),
        _ => None,
    }
}

/// A figure with both axes from 0 to 1, and the diagonal of a random, or a perfect, model.
fn rates(
    title: &str,
    x: &str,
    y: &str,
    diagonal: &str,
    curves: impl Iterator<Item = (String, Vec<(f64, f64)>)>,
) -> Figure {
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
    let of = |c: &Curves| {
        (with_area(names, c.class, "area", c.roc.area), c.roc.points.iter().map(|(fp, tp, _)| (*fp, *tp)).collect())
    };
    rates("ROC", "false positive rate", "true positive rate", "chance", curves.iter().map(of))
}

fn precision_recall(curves: &[Curves], names: &[String]) -> Figure {
    let of = |c: &Curves| {
        // Points go from recall 0 up, as lines are drawn from left to right.
        let points =
            c.precision_recall.points.iter().rev().map(|(recall, precision, _)| (*recall, *precision)).collect();
        (with_area(names, c.class, "average", c.precision_recall.area), points)
    };
    rates("Precision and recall", "recall", "precision", "", curves.iter().map(of))
}

fn calibration(curves: &[Curves], names: &[String]) -> Figure {
    let of = |c: &Curves| {
        (
            with_area(names, c.class, "off by", c.calibration.error),
            c.calibration.bins.iter().map(|b| (b.said, b.came)).collect(),
        )
    };
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
        let shares: Vec<f64> =
            (0..shown).map(|said| if all == 0 { f64::NAN } else { share(matrix.count(truth, said), all) }).collect();
        Series::new(class_name(names, truth), numbered(shown), shares)
    };
    let caption =
        if shown < names.len() { format!("the first {shown} of {} classes", names.len()) } else { String::new() };
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

/// The most important of `all` features.
fn bars(title: &str, y_title: &str, mut named: Vec<(String, f64)>, all: usize) -> Figure {
    named.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    named.truncate(MOST);
    let (names, values): (Vec<String>, Vec<f64>) = named.into_iter().unzip();
    Figure {
        title: title.to_owned(),
        caption: if all > values.len() {
            format!("{} of {} features", values.len(), numbers::count(all as u64))
        } else {
            String::new()
        },
        mark: "bar".to_owned(),
        x: categories("", names),
        y_title: y_title.to_owned(),
        series: vec![Series::new("", numbered(values.len()), values)],
        ..Figure::default()
    }
}

fn impurity(forest: &Forest) -> Figure {
    let shares = forest
        .features
        .iter()
        .map(|f| f.name.clone())
        .zip(forest.importance().into_iter().map(|share| share * 100.0))
        .collect();
    bars("Impurity importance", "share of the impurity that it removed, %", shares, forest.features.len())
}

fn permutation(found: &[Importance], forest: &Forest) -> Figure {
    let unit = if forest.task == Task::Numbers { 1.0 } else { 100.0 };
    let y_title = if forest.task == Task::Numbers {
        "fall of R² when it is shuffled"
    } else {
        "fall of accuracy when it is shuffled, points"
    };
    bars(
        "Permutation importance",
        y_title,
        found.iter().map(|i| (i.feature.clone(), i.mean * unit)).collect(),
        forest.features.len(),
    )
}

fn dependence(found: &Dependence, forest: &Forest, class: usize) -> Option<Figure> {
    let y_title = match &forest.task {
        Task::Numbers => format!("mean {} predicted", forest.target),
        Task::Classes { names, .. } => format!("mean probability of {}", class_name(names, class)),
    };
    let (kind, x, mark) = match &found.grid {
        Grid::Numbers(values) => (AxisKind::Number, values.clone(), "line"),
        Grid::Times(values) => (AxisKind::Time, values.iter().map(|at| *at as f64).collect(), "line"),
        Grid::Words(words) => (AxisKind::Category(words.clone()), numbered(words.len()), "bar"),
    };
    let mean = found.means.get(if forest.task == Task::Numbers { 0 } else { class })?;
    Some(Figure {
        title: format!("Partial dependence on {}", found.feature),
        mark: mark.to_owned(),
        x: Axis { title: found.feature.clone(), kind },
        y_title,
        series: vec![Series::new("", x, mean.clone())],
        ..Figure::default()
    })
}

/// The out-of-bag error by the number of trees.
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

/// The headline metrics, each with its name and its meaning.
pub fn verdict_line(verdict: &Verdict) -> Vec<(&'static str, String, &'static str)> {
    let number = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"));
    let share = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), |v| format!("{:.2} %", v * 100.0));
    match &verdict.told {
        Metrics::Classes(classes) => vec![
            ("Accuracy", share(classes.accuracy), "The share of the rows held out that were told right"),
            (
                "Balanced",
                share(classes.matrix.balanced_accuracy()),
                "The mean share over the classes, so that frequent ones do not outweigh rare ones",
            ),
            (
                "F1",
                number(Some(classes.matrix.macro_mean().f1)),
                "The harmonic mean of precision and recall, averaged over the classes",
            ),
            (
                "Log loss",
                number(classes.log_loss),
                "How much probability was given to what did not come: less is better",
            ),
        ],
        Metrics::Numbers(numbers) => {
            let of =
                |read: fn(&crate::learn::measure::Regression) -> Option<f64>| number(numbers.as_ref().and_then(read));
            vec![
                ("R²", of(|n| n.r2), "The share of the variance that is explained: 1 is all, 0 as good as the mean"),
                ("MAE", of(|n| Some(n.mae)), "The mean absolute error"),
                ("RMSE", of(|n| Some(n.rmse)), "The root of the mean squared error"),
            ]
        }
    }
}
