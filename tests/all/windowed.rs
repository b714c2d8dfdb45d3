//! A feed for tests of event time: rows, watermarks and restarts in the order in which a test tells them, in
//! milliseconds. Tests are left to others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::engine::watermark::Watermark;
use braid::query::window::WindowStatus;
use braid::query::{Partial, Plan, Query};
use polars::prelude::*;

/// Key, value, event time.
pub type Row<'a> = (&'a str, i64, i64);

/// One row of an answer: key, start, end, sum of the values, status.
pub type Seen = (String, i64, i64, i64, WindowStatus);

pub struct Stream {
    pub plan: Arc<Plan>,
    pub partial: Partial,
    pub watermark: Watermark,
    partition: usize,
    now: Instant,
    /// Rows that were set aside, wholly or in part, and the watermark that did it.
    pub late: Vec<(DataFrame, i64)>,
    pub partly_late: Vec<(DataFrame, i64)>,
    pub shown: u64,
    pub filtered: u64,
}

pub fn frame(rows: &[Row<'_>]) -> DataFrame {
    let micros: Vec<i64> = rows.iter().map(|(_, _, t)| t.saturating_mul(1_000)).collect();
    frame_micros(rows, micros)
}

/// The same with times in microseconds.
pub fn frame_micros(rows: &[Row<'_>], micros: Vec<i64>) -> DataFrame {
    let columns = vec![
        Column::new("k".into(), rows.iter().map(|r| r.0).collect::<Vec<_>>()),
        Column::new("v".into(), rows.iter().map(|r| r.1).collect::<Vec<_>>()),
        Int64Chunked::from_vec("t".into(), micros).into_datetime(TimeUnit::Microseconds, None).into_column(),
    ];
    DataFrame::new(rows.len(), columns).unwrap()
}

pub fn bind(window: &str) -> Arc<Plan> {
    let sql =
        format!("SELECT k, window_start AS s, window_end AS e, sum(v) AS v FROM r GROUP BY k, {window} ORDER BY k, s");
    Arc::new(
        Plan::new(&Query::parse(&sql).unwrap(), &sql, frame(&[]).schema(), Some("t")).unwrap_or_else(|f| panic!("{f}")),
    )
}

pub fn seen(partial: &Partial, watermark: Option<i64>) -> Vec<Seen> {
    let answer = partial.answer(watermark).unwrap();
    let status = answer.status.expect("a question with a window says what each is");
    assert_eq!(status.len(), answer.frame.height());
    let time = |name: &str| answer.frame.column(name).unwrap().to_physical_repr().i64().unwrap().clone();
    let (start, end) = (time("s"), time("e"));
    let keys = answer.frame.column("k").unwrap().str().unwrap().clone();
    let sums = answer.frame.column("v").unwrap().i64().unwrap().clone();
    let row = |i: usize| {
        // Rows without a time have a window without one.
        let ms = |t: Option<i64>| t.map_or(i64::MIN, |t| t.div_euclid(1_000));
        (keys.get(i).unwrap().to_owned(), ms(start.get(i)), ms(end.get(i)), sums.get(i).unwrap(), status[i])
    };
    (0..answer.frame.height()).map(row).collect()
}

impl Stream {
    /// A feed with an allowed lateness, asked for sums by key and this window.
    pub fn new(window: &str, lateness_ms: u64) -> Self {
        let (plan, now) = (bind(window), Instant::now());
        let watermark = Watermark::new(Duration::from_millis(lateness_ms));
        let partition = watermark.add(now);
        let partial = Partial::new(plan.clone()).unwrap();
        Self {
            plan,
            partial,
            watermark,
            partition,
            now,
            late: Vec::new(),
            partly_late: Vec::new(),
            shown: 0,
            filtered: 0,
        }
    }

    pub fn reached(&self) -> Option<i64> {
        self.watermark.get(self.now)
    }

    /// Rows come; they do not move the watermark by themselves.
    pub fn rows(&mut self, rows: &[Row<'_>]) -> &mut Self {
        self.take(&frame(rows))
    }

    pub fn take(&mut self, rows: &DataFrame) -> &mut Self {
        let watermark = self.reached();
        let absorbed = self.partial.absorb(rows, watermark).unwrap();
        let late = absorbed.late.as_ref().map_or(0, DataFrame::height) as u64;
        assert_eq!(
            absorbed.shown + absorbed.filtered + late,
            rows.height() as u64,
            "every row is shown, filtered or late"
        );
        self.shown += absorbed.shown;
        self.filtered += absorbed.filtered;
        self.late.extend(absorbed.late.map(|frame| (frame, watermark.unwrap())));
        self.partly_late.extend(absorbed.partly_late.map(|frame| (frame, watermark.unwrap())));
        self
    }

    /// The partition has come to this time.
    pub fn advance(&mut self, ms: i64) -> &mut Self {
        self.watermark.advance(self.partition, Some(ms.saturating_mul(1_000)), self.now);
        self
    }

    pub fn advance_to_infinity(&mut self) -> &mut Self {
        self.watermark.advance(self.partition, Some(i64::MAX), self.now);
        self
    }

    /// A watermark as Flink counts it: no more rows at or before `ms`.
    pub fn flink_watermark(&mut self, ms: i64) -> &mut Self {
        self.advance(ms.saturating_add(1))
    }

    /// What a restart does: the state leaves as a table and comes back as one.
    pub fn restore(&mut self) -> &mut Self {
        let state = self.partial.to_frame().unwrap();
        self.partial = Partial::new(self.plan.clone()).unwrap();
        self.partial.merge(&state).unwrap();
        self
    }

    pub fn late_rows(&self) -> usize {
        self.late.iter().map(|(frame, _)| frame.height()).sum()
    }

    pub fn readmit(&mut self) -> &mut Self {
        for (frame, watermark) in self.late.drain(..).chain(self.partly_late.drain(..)) {
            let absorbed = self.partial.readmit(&frame, &[watermark]).unwrap();
            assert_eq!(absorbed.shown as usize, frame.height(), "each row had missed something");
        }
        self
    }

    pub fn seen(&self) -> Vec<Seen> {
        seen(&self.partial, self.reached())
    }

    /// Key, start, end, sum of the windows that are final, in order.
    pub fn fired(&self) -> Vec<(String, i64, i64, i64)> {
        self.seen().into_iter().filter(|s| s.4 != WindowStatus::Open).map(|(k, s, e, v, _)| (k, s, e, v)).collect()
    }

    /// Key, start, end, sum of all windows.
    pub fn all(&self) -> Vec<(String, i64, i64, i64)> {
        self.seen().into_iter().map(|(k, s, e, v, _)| (k, s, e, v)).collect()
    }

    pub fn status(&self) -> Vec<WindowStatus> {
        self.seen().into_iter().map(|s| s.4).collect()
    }
}

pub fn is(found: &[(String, i64, i64, i64)], wanted: &[(&str, i64, i64, i64)]) {
    let wanted: Vec<_> = wanted.iter().map(|(k, s, e, v)| ((*k).to_owned(), *s, *e, *v)).collect();
    assert_eq!(found, wanted);
}

/// Where a window function puts a row at this time: start and end of each window, in milliseconds.
pub fn windows_of(window: &str, ms: i64) -> Vec<(i64, i64)> {
    let mut stream = Stream::new(window, 0);
    stream.rows(&[("a", 1, ms)]);
    stream.all().into_iter().map(|(_, s, e, _)| (s, e)).collect()
}
