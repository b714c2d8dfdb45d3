//! From an answer to a figure: the columns that go along x and y, the one that splits the series and the one with small
//! pictures become points. What fits where nobody has said is `guess`'s part, how a column's values become places
//! `columns`', how rows become series `series`', and which of them are shown `choice`'s.

use polars::prelude::{Column, DataFrame, DataType};

use super::choice::{Candidate, Choices};
use super::columns::{column, infinite, is_bucket, labels, nan, numbers, positions};
use super::format::{Format, NumberFormat};
use super::mark::{self, Mark, histogram::Bins};
use super::name::display;
use super::series::{SeriesRows, groups, largest, step};
use super::settings::{MOST_PANELS, Settings};
use super::spec::{Axis, AxisKind, Figure, PointState, RightAxis, Series};
use crate::data::Result;
use crate::data::zone::Zone;

/// Which column is shown how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoding {
    /// The name of one of `MARKS`.
    pub mark: String,
    /// `None`: the number of the row.
    pub x: Option<String>,
    pub y: Vec<String>,
    /// Those of `y` that are read at the right axis.
    pub right: Vec<String>,
    /// One series for each value of these columns together; without all that tell rows apart, a line would join what
    /// does not belong together.
    pub series: Vec<String>,
    /// One small picture for each value of this column.
    pub panels: Option<String>,
    /// The measures whose groups add up, such as counts; `None` where nothing is known of that.
    pub additive: Option<Vec<String>>,
    /// What else a person has chosen.
    pub settings: Settings,
    /// In which zone the times along x are told; dates are those of no zone.
    pub zone: Zone,
}

/// The measures of an answer as numbers.
struct Measure<'a> {
    name: &'a str,
    values: Vec<f64>,
    right: bool,
}

/// How rows become points.
enum Points<'a> {
    Rows(SeriesRows<'a>),
    /// How often values occur.
    Bins(Bins),
}

impl Encoding {
    /// The picture of an answer. Its seam, gaps, caption and view are left to the caller.
    ///
    /// # Errors
    /// When a column does not exist or cannot be shown where it is asked for.
    pub fn figure(&self, frame: &DataFrame) -> Result<Figure> {
        self.figure_with(frame, &[])
    }

    /// The same of an answer of which it is known how settled each row is.
    ///
    /// # Errors
    /// As `figure`.
    pub fn figure_with(&self, frame: &DataFrame, states: &[PointState]) -> Result<Figure> {
        let mark = mark::find(&self.mark).ok();
        let (x, kind) = match &self.x {
            Some(name) => positions(column(frame, name)?)?,
            None => ((1..=frame.height()).map(|i| i as f64).collect(), AxisKind::Number),
        };
        let mut measures = Vec::with_capacity(self.y.len());
        for name in &self.y {
            let right = self.right.contains(name) && mark.is_none_or(Mark::takes_right);
            measures.push(Measure { name, values: numbers(column(frame, name)?)?, right });
        }
        let bins = measures.first().filter(|_| self.bins_values(frame)).and_then(|first| Bins::of(&first.values));
        let mut figure = self.empty(frame, &measures, kind, bins);
        self.note_infinite(frame, &mut figure);
        self.note_nan(frame, &mut figure);

        let step = if figure.x.kind == AxisKind::Time { step(&x) } else { None };
        let ordered = !mark.is_some_and(Mark::is_scattered);
        let points = match bins {
            Some(bins) => Points::Bins(bins),
            None => Points::Rows(SeriesRows { x: &x, states, step, ordered }),
        };
        let mut choices = self.choices_of(frame, &measures, bins.is_some())?;
        choices.notes.iter().for_each(|note| figure.note(note));
        figure.names = std::mem::take(&mut choices.names).into();
        let hidden = choices.take_hidden(&self.settings);
        let joined = mark.is_some_and(|mark| mark.stacks && mark.joins) && choices.candidates.len() > 1;
        let draw = |inside: Option<&[bool]>| -> Vec<Series> {
            let kept = |rows: &[usize]| -> Vec<usize> {
                rows.iter().copied().filter(|row| inside.is_none_or(|own| own.get(*row) == Some(&true))).collect()
            };
            let all: Vec<(&Candidate, Vec<usize>)> =
                choices.candidates.iter().map(|own| (own, kept(&own.rows))).collect();
            // What is stacked has a place wherever any of it has.
            let places = if joined { places(&x, all.iter().flat_map(|(_, rows)| rows)) } else { Vec::new() };
            all.iter().map(|(own, rows)| self.series_of(own, rows, &measures, &points, &places)).collect()
        };
        match &self.panels {
            None => figure.series = draw(None),
            Some(name) => {
                let first = measures.first().map(|measure| measure.values.as_slice()).unwrap_or(&[]);
                let (kept, left_out) = largest(groups(&labels(column(frame, name)?)?), first, MOST_PANELS);
                if !left_out.is_empty() {
                    figure.note(&format!("the {} largest of {} panels", kept.len(), kept.len() + left_out.len()));
                }
                for (title, rows) in kept {
                    let mut inside = vec![false; frame.height()];
                    for row in rows {
                        inside.get_mut(row).into_iter().for_each(|own| *own = true);
                    }
                    let right = figure.right.clone();
                    figure.panels.push(Figure { title, right, series: draw(Some(&inside)), ..Figure::default() });
                }
            }
        }
        figure.hidden = hidden;
        figure.adds_up = self.adds_up() || bins.is_some();
        if let Some(mark) = mark {
            self.note_stack(mark, &mut figure);
            self.log(mark, &mut figure);
        }
        Ok(figure)
    }

    /// A figure without points: its axes and their titles.
    fn empty(&self, frame: &DataFrame, measures: &[Measure<'_>], kind: AxisKind, bins: Option<Bins>) -> Figure {
        let own = &self.settings;
        let or = |chosen: &str, guessed: String| if chosen.is_empty() { guessed } else { chosen.to_owned() };
        // One measure names its axis; of several the legend does.
        let only = |right: bool| {
            let mut names = measures.iter().filter(|measure| measure.right == right);
            names.next().filter(|_| names.next().is_none()).map_or_else(String::new, |measure| display(measure.name))
        };
        let format = |right: bool| {
            let chosen = own.axis(right).format.clone();
            let is_length = |measure: &&Measure<'_>| {
                frame.column(measure.name).is_ok_and(|column| matches!(column.dtype(), DataType::Duration(_)))
            };
            let mut shown = measures.iter().filter(|measure| measure.right == right).peekable();
            let lengths = shown.peek().is_some() && shown.all(|measure| is_length(&measure));
            match chosen.number {
                NumberFormat::Auto if lengths => Format { number: NumberFormat::Duration, ..chosen },
                _ => chosen,
            }
        };
        let mut figure =
            Figure { mark: self.mark.clone(), rules: own.rules.clone(), free_y: own.free_y, ..Figure::default() };
        figure.title = or(&own.title, self.titled(bins.is_none()));
        let along = self.x.as_deref().map_or_else(|| "row".to_owned(), display);
        figure.x = Axis { title: or(&own.x_title, along), kind };
        let moments = |name: &String| matches!(frame.column(name).map(Column::dtype), Ok(DataType::Datetime(..)));
        figure.zone = if self.x.as_ref().is_some_and(moments) { self.zone } else { Zone::Utc };
        (figure.y_title, figure.y_format) = (or(&own.left_axis.title, only(false)), format(false));
        if measures.iter().any(|measure| measure.right) {
            let title = or(&own.right_axis.title, only(true));
            figure.right = Some(RightAxis { title, format: format(true), ..RightAxis::default() });
        }
        if let Some(bins) = bins {
            // The measure lies along x, and how often it is there goes up.
            figure.x = Axis { title: or(&own.x_title, only(false)), kind: AxisKind::Number };
            figure.y_title = or(&own.left_axis.title, "rows".to_owned());
            figure.x_format = std::mem::take(&mut figure.y_format);
            (figure.bin, figure.right) = (Some(bins.width), None);
        } else if self.mark == mark::histogram::HISTOGRAM.name {
            figure.bin = self.x.as_ref().and_then(|x| mark::histogram::width(&numbers(frame.column(x).ok()?).ok()?));
        }
        figure
    }

    /// Whether a histogram counts the values of its measure: of an answer that has its buckets it shows these.
    fn bins_values(&self, frame: &DataFrame) -> bool {
        let bucketed = self.x.as_ref().and_then(|x| frame.column(x).ok()).is_some_and(is_bucket);
        self.mark == mark::histogram::HISTOGRAM.name && !bucketed
    }

    /// Whether the sum of what is left out is exact.
    pub fn adds_up(&self) -> bool {
        let additive = self.additive.as_deref().unwrap_or(&[]);
        !self.y.is_empty() && self.y.iter().all(|name| additive.contains(name))
    }

    /// The name of each row's series, where they are split.
    fn labels(&self, frame: &DataFrame) -> Result<Option<Vec<String>>> {
        let [split, others @ ..] = self.series.as_slice() else { return Ok(None) };
        let mut named = labels(column(frame, split)?)?;
        for more in others {
            let more = labels(column(frame, more)?)?;
            named.iter_mut().zip(more).for_each(|(label, more)| *label = format!("{label} · {more}"));
        }
        Ok(Some(named))
    }

    fn choices_of(&self, frame: &DataFrame, measures: &[Measure<'_>], counted: bool) -> Result<Choices> {
        let own = &self.settings;
        let titles: Vec<String> = measures.iter().map(|measure| display(measure.name)).collect();
        let titles = if counted { titles.into_iter().take(1).collect() } else { titles };
        let Some(labels) = self.labels(frame)? else {
            return Ok(Choices::of_columns(&titles, frame.height(), own));
        };
        let first = measures.first().map(|measure| measure.values.as_slice()).unwrap_or(&[]);
        let stacks = mark::find(&self.mark).is_ok_and(|mark| mark.stacks);
        let other = (self.adds_up() || counted) && own.other.unwrap_or(stacks);
        Ok(Choices::of_groups(groups(&labels), (first, &titles), own, other))
    }

    fn series_of(
        &self,
        own: &Candidate,
        rows: &[usize],
        measures: &[Measure<'_>],
        points: &Points<'_>,
        places: &[f64],
    ) -> Series {
        let Some(measure) = measures.get(own.measure) else { return Series::default() };
        let adds_up = self.additive.as_ref().is_some_and(|names| names.iter().any(|name| name == measure.name));
        let series = match points {
            Points::Bins(bins) => {
                let values = rows.iter().filter_map(|row| measure.values.get(*row)).copied();
                Series::new(own.name.clone(), bins.starts(), bins.counts(values))
            }
            Points::Rows(points) if own.other => points.summed(own.name.clone(), &measure.values, rows),
            Points::Rows(points) if places.is_empty() => points.series(own.name.clone(), &measure.values, rows),
            Points::Rows(points) => {
                // A group without rows at a place has counted none there.
                let none = if adds_up { 0.0 } else { f64::NAN };
                points.spread(own.name.clone(), (&measure.values, rows), (places, none))
            }
        };
        let series = series.at_right(measure.right);
        own.colour.map_or(series.clone(), |colour| series.coloured(colour))
    }

    fn note_infinite(&self, frame: &DataFrame, figure: &mut Figure) {
        let asked = self.x.iter().chain(&self.y).filter_map(|name| column(frame, name).ok());
        let far: usize = asked.map(|column| infinite(column).iter().filter(|far| **far).count()).sum();
        if far > 0 {
            figure.note(&format!("{} at an infinite time cannot be drawn", points(far)));
        }
    }

    /// A measure over rows of which one is NaN is NaN as well, and looks like a gap.
    fn note_nan(&self, frame: &DataFrame, figure: &mut Figure) {
        let asked = self.y.iter().filter_map(|name| column(frame, name).ok());
        let nan: usize = asked.map(nan).sum();
        if nan > 0 {
            figure.note(&format!("NaN at {}: a row there is NaN", points(nan)));
        }
    }

    /// What a reader of a stack has to know: that its parts do not add up, or that some are missing.
    fn note_stack(&self, mark: &Mark, figure: &mut Figure) {
        let several = figure.series.len() > 1 || figure.panels.iter().any(|panel| panel.series.len() > 1);
        if !mark.stacks || !several || figure.adds_up {
            return;
        }
        if self.additive.is_some() {
            figure.note("these parts do not add up to a whole");
        }
        if figure.all_series().any(|series| series.y.iter().any(|y| y.is_nan())) {
            figure.note("a missing value adds nothing to its stack");
        }
    }

    /// Lays axes out by powers of ten where that is wanted.
    fn log(&self, mark: &Mark, figure: &mut Figure) {
        let (left, right) = (self.settings.left_axis.log, self.settings.right_axis.log && figure.right.is_some());
        if (!left && !right) || mark.bands || mark.bare {
            return;
        }
        let several = |figure: &Figure| figure.series.len() > 1;
        if mark.stacks && (several(figure) || figure.panels.iter().any(several)) {
            return figure.note("a log axis cannot show sums: the stack keeps a plain one");
        }
        let mut lost = 0;
        let own = figure.series.iter_mut().chain(figure.panels.iter_mut().flat_map(|panel| &mut panel.series));
        for series in own.filter(|series| if series.right { right } else { left }) {
            lost += series.y.iter().filter(|y| **y <= 0.0).count();
            series.y = series.y.iter().map(|y| if *y > 0.0 { y.log10() } else { f64::NAN }).collect();
        }
        let panels = figure.panels.iter_mut().filter_map(|panel| panel.right.as_mut());
        if right {
            figure.right.iter_mut().chain(panels).for_each(|axis| axis.kind = AxisKind::Power);
        }
        if left {
            figure.y_kind = AxisKind::Power;
        }
        if lost > 0 {
            figure.note(&format!("{} at or below 0 cannot be drawn on a log axis", points(lost)));
        }
    }

    /// `delay by hour and carrier`.
    pub fn title(&self) -> String {
        self.titled(true)
    }

    fn titled(&self, along: bool) -> String {
        let y = self.y.iter().map(|name| display(name)).collect::<Vec<_>>().join(", ");
        let mut by: Vec<String> =
            self.x.iter().filter(|_| along).chain(&self.series).chain(&self.panels).map(|name| display(name)).collect();
        by.dedup();
        if by.is_empty() { y } else { format!("{y} by {}", by.join(" and ")) }
    }
}

fn points(count: usize) -> String {
    if count == 1 { "1 point".to_owned() } else { format!("{count} points") }
}

/// The places of some rows along x, each once, in order.
fn places<'a>(x: &[f64], rows: impl Iterator<Item = &'a usize>) -> Vec<f64> {
    let mut places: Vec<f64> = rows.filter_map(|row| x.get(*row)).copied().filter(|x| x.is_finite()).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    places
}
