//! Going back in a running feed: the question is asked over a range of recorded time, while the live run goes on in the
//! background.

use polars::prelude::DataType;

use crate::data::{Fault, Result};
use crate::engine::{Reached, Snapshot};
use crate::query::Query;
use crate::query::narrow::{Condition, narrowed};
use crate::query::window::{EpochUnit, Micros};
use crate::sync::Wake;

use super::chart::Chart;
use super::question::QuestionEditor;
use super::watch::Watch;
use super::widget::numbers;
use super::worksheet::Worksheet;

/// A range of event time, microseconds; an end that is `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    pub from: Option<Micros>,
    /// Not included.
    pub until: Option<Micros>,
}

/// The live state that is kept while the past is shown.
#[derive(Debug)]
pub struct Rewound {
    pub range: TimeRange,
    pub watch: Watch,
    pub chart: Chart,
    pub question: QuestionEditor,
    /// How far the feeds had come at the rewind: the past does not grow.
    pub past: Reached,
}

impl TimeRange {
    /// The last `secs` seconds before `end`.
    pub fn last(secs: i64, end: Micros) -> Self {
        Self { from: Some(end.saturating_sub(secs.saturating_mul(1_000_000))), until: Some(end) }
    }

    /// In words, for the banner.
    pub fn words(&self) -> String {
        match (self.from, self.until) {
            (Some(from), Some(until)) => {
                let (from, until) = (numbers::time(from), numbers::time(until));
                // The day is written once if both ends are on the same day.
                let same = from.split_once(' ').zip(until.split_once(' ')).filter(|(a, b)| a.0 == b.0);
                same.map_or_else(|| format!("{from} to {until}"), |(_, (_, time))| format!("{from} to {time}"))
            }
            (Some(from), None) => format!("{} and later", numbers::time(from)),
            (None, Some(until)) => format!("before {}", numbers::time(until)),
            (None, None) => "all that came so far".to_owned(),
        }
    }

    /// The question, limited to this range; `unit` is that of a time in whole numbers.
    ///
    /// # Errors
    /// When the question cannot be parsed or is re-run as a whole, or the range is empty.
    pub fn within(&self, sql: &str, time: &str, unit: Option<EpochUnit>) -> Result<String> {
        if self.from.zip(self.until).is_some_and(|(from, until)| from >= until) {
            return Err(Fault::new("this stretch of time is empty").hint("let it end after it begins"));
        }
        if Query::parse(sql)?.rerun.is_some() {
            return Err(Fault::new("a question that is re-run as a whole cannot be rewound")
                .hint("return to now, and ask it with the stretch in its own WHERE"));
        }
        narrowed(sql, &self.conditions(time, unit))
    }

    /// The conditions that limit a time, of a unit if it is whole numbers, to this range, for `narrowed`.
    pub fn conditions(&self, time: &str, unit: Option<EpochUnit>) -> Vec<Condition> {
        let written =
            |at: Micros| unit.map_or_else(|| format!("'{}'", numbers::utc(at)), |unit| unit.number(at).to_string());
        let bound = |sign: &str, at: Option<Micros>| {
            at.map(|at| Condition { column: time.to_owned(), any: vec![format!("{sign} {}", written(at))] })
        };
        bound(">=", self.from).into_iter().chain(bound("<", self.until)).collect()
    }
}

impl Rewound {
    /// The time up to which windows of the range are complete: its end, or the watermark at the rewind.
    pub fn settled(&self) -> Option<Micros> {
        self.range.until.into_iter().chain(self.past.watermark).min()
    }
}

/// The end of 'the last five minutes': the watermark in whole seconds, as no earlier rows are expected.
pub fn latest(snapshot: &Snapshot) -> Option<Micros> {
    let at = snapshot.reached.watermark.or(snapshot.watermark).or(snapshot.reached.newest())?;
    Some(at.div_euclid(1_000_000).saturating_mul(1_000_000))
}

impl Worksheet {
    /// Asks the question over a range of the rows so far; the live run goes on in the background.
    pub(super) fn rewind(&mut self, range: TimeRange, wake: &Wake) -> Result<()> {
        let time = self
            .table
            .time
            .as_ref()
            .ok_or_else(|| Fault::new("this table has no event time").hint("choose its time column first"))?
            .column
            .clone();
        // A second rewind keeps the question; the first takes the newest live one, also while it is still staged.
        let sql = if self.rewound.is_some() { self.question.sql.clone() } else { self.watch.asked().to_owned() };
        self.plan(&range.within(&sql, &time, self.time_unit()?)?)?;
        if let Some(rewound) = &mut self.rewound {
            rewound.range = range;
        } else {
            let past = self.watch.newest.as_ref().map(|s| s.reached.clone()).unwrap_or_default();
            self.rewound = Some(Box::new(Rewound {
                range,
                watch: std::mem::take(&mut self.watch),
                chart: std::mem::take(&mut self.chart),
                question: std::mem::take(&mut self.question),
                past,
            }));
        }
        // Another range has another x axis, so the chart starts afresh, with what was chosen for it.
        let settings = self.rewound.as_ref().map(|rewound| rewound.chart.settings().clone()).unwrap_or_default();
        self.chart = Chart::default();
        self.chart.set_settings(settings);
        let numbers = self.watch.numbers().max(self.rewound.as_ref().map_or(0, |rewound| rewound.watch.numbers()));
        self.watch = Watch::after(numbers);
        self.question.set_sql(sql);
        self.start(wake, true);
        Ok(())
    }

    /// The unit of an event time in whole numbers; `None` of one in dates or times.
    ///
    /// # Errors
    /// When the unit is not known.
    pub(super) fn time_unit(&self) -> Result<Option<EpochUnit>> {
        let Some(time) = &self.table.time else { return Ok(None) };
        if !self.table.schema.get(&time.column).is_some_and(DataType::is_integer) {
            return Ok(None);
        }
        let known = self.first_rows.epochs.iter().find(|epoch| epoch.column == time.column);
        known.map(|epoch| Some(epoch.unit)).ok_or_else(|| {
            Fault::new(format!("the numbers of '{}' are no times between 1990 and 2100", time.column))
                .hint("limit the question in its own WHERE")
        })
    }

    /// Shows the live answer again. False when the worksheet was not rewound.
    pub(super) fn return_to_now(&mut self) -> bool {
        let Some(rewound) = self.rewound.take() else { return false };
        let Rewound { mut watch, chart, mut question, .. } = *rewound;
        watch.count_from(self.watch.numbers());
        question.asked = watch.asked().to_owned();
        (self.watch, self.chart, self.question) = (watch, chart, question);
        self.notified.clear();
        true
    }
}
