//! OVER by a plain loop: for random rows and frames each window function is what the loop finds, and each aggregate
//! what it gives for the rows of the frame alone.

use std::ops::Range;
use std::sync::Arc;

use braid::query::aggregate::AGGREGATES;
use braid::query::{Partial, Plan, Query};
use polars::prelude::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Row {
    g: u8,
    i: Option<i64>,
    x: Option<f64>,
    s: Option<String>,
    b: Option<bool>,
    /// Hours.
    t: Option<i64>,
}

fn row() -> impl Strategy<Value = Row> {
    let float = prop_oneof![
        4 => (-9_i32..9).prop_map(|n| f64::from(n) / 4.0),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    ];
    let text = prop::sample::select(vec!["", "a", "b", "ä", "a text longer than any register"]);
    (
        0_u8..3,
        prop::option::weighted(0.8, -4_i64..6),
        prop::option::weighted(0.8, float),
        prop::option::weighted(0.8, text.prop_map(str::to_owned)),
        prop::option::weighted(0.8, any::<bool>()),
        prop::option::weighted(0.8, 0_i64..12),
    )
        .prop_map(|(g, i, x, s, b, t)| Row { g, i, x, s, b, t })
}

/// Rows as a table; `r` says where each stands.
fn frame(rows: &[Row]) -> DataFrame {
    let hours = rows.iter().map(|row| row.t.map(|t| t * 3_600_000_000)).collect::<Vec<_>>();
    let time = DataType::Datetime(TimeUnit::Microseconds, None);
    let columns = vec![
        Column::new("r".into(), (0..rows.len() as i64).collect::<Vec<_>>()),
        Column::new("g".into(), rows.iter().map(|row| u32::from(row.g)).collect::<Vec<_>>()),
        Column::new("i".into(), rows.iter().map(|row| row.i).collect::<Vec<_>>()),
        Column::new("x".into(), rows.iter().map(|row| row.x).collect::<Vec<_>>()),
        Column::new("s".into(), rows.iter().map(|row| row.s.clone()).collect::<Vec<_>>()),
        Column::new("b".into(), rows.iter().map(|row| row.b).collect::<Vec<_>>()),
        Column::new("t".into(), hours).cast(&time).unwrap(),
    ];
    DataFrame::new(rows.len(), columns).unwrap()
}

fn planned(sql: &str, frame: &DataFrame, time: Option<&str>) -> Result<Arc<Plan>, String> {
    let plan = Plan::new(&Query::parse(sql).map_err(|f| f.to_string())?, sql, frame.schema(), time);
    plan.map(Arc::new).map_err(|f| f.to_string())
}

fn answer(plan: &Arc<Plan>, frame: &DataFrame) -> Result<DataFrame, String> {
    let mut partial = Partial::new(plan.clone()).unwrap();
    partial.absorb(&frame.select(plan.columns.iter().map(|c| c.as_str())).unwrap(), None).unwrap();
    let answer = partial.answer(None).map_err(|f| f.to_string())?.frame;
    assert_eq!(answer.schema(), &plan.output);
    Ok(answer)
}

fn try_ask(sql: &str, frame: &DataFrame, time: Option<&str>) -> Result<DataFrame, String> {
    answer(&planned(sql, frame, time)?, frame)
}

fn ask(sql: &str, frame: &DataFrame) -> DataFrame {
    try_ask(sql, frame, None).unwrap_or_else(|fault| panic!("{sql}: {fault}"))
}

/// Values as text with all their bits.
fn bits(column: &Column) -> Vec<String> {
    fn cell(value: &AnyValue<'_>) -> String {
        match value {
            AnyValue::Float64(x) if x.is_nan() => "NaN".to_owned(),
            // Whether a least zero has a sign says nothing.
            AnyValue::Float64(x) => format!("{:016x}", (x + 0.0).to_bits()),
            AnyValue::List(items) => format!("[{}]", items.iter().map(|i| cell(&i)).collect::<Vec<_>>().join(" ")),
            other => format!("{other}"),
        }
    }
    (0..column.len()).map(|row| cell(&column.get(row).unwrap())).collect()
}

/// One bound of a frame: `None` for the end of the partition, else how far from the row.
type Bound = Option<i64>;

#[derive(Clone, Debug)]
struct Frame {
    unit: &'static str,
    start: Bound,
    end: Bound,
    by: &'static str,
    descending: bool,
    nulls_first: bool,
}

fn frames() -> impl Strategy<Value = Frame> {
    let bound = || prop_oneof![1 => Just(None), 4 => (-3_i64..4).prop_map(Some)];
    let by = prop::sample::select(vec![("ROWS", "r"), ("RANGE", "i"), ("RANGE", "t"), ("GROUPS", "i"), ("RANGE", "r")]);
    (by, bound(), bound(), any::<bool>(), any::<bool>()).prop_map(
        |((unit, by), start, end, descending, nulls_first)| {
            let (start, end) = match (start, end) {
                (Some(start), Some(end)) => (Some(start.min(end)), Some(start.max(end))),
                other => other,
            };
            Frame { unit, start, end, by, descending, nulls_first }
        },
    )
}

impl Frame {
    fn order(&self) -> String {
        let (way, nulls) =
            (if self.descending { "DESC" } else { "ASC" }, if self.nulls_first { "FIRST" } else { "LAST" });
        format!("ORDER BY {} {way} NULLS {nulls}", self.by)
    }

    fn sql(&self) -> String {
        let bound = |bound: Bound, unbounded: &str| match bound {
            None => format!("UNBOUNDED {unbounded}"),
            Some(0) => "CURRENT ROW".to_owned(),
            Some(by) => {
                let way = if by < 0 { "PRECEDING" } else { "FOLLOWING" };
                let far = by.abs();
                if self.by == "t" { format!("INTERVAL '{far} hours' {way}") } else { format!("{far} {way}") }
            }
        };
        format!("{} BETWEEN {} AND {}", self.unit, bound(self.start, "PRECEDING"), bound(self.end, "FOLLOWING"))
    }

    /// The rows of a partition in their order, and for each place the places that it looks at.
    fn plain(&self, rows: &[Row], own: &[usize]) -> (Vec<usize>, Vec<Range<usize>>) {
        let key = |row: usize| match self.by {
            "r" => Some(row as i64),
            "i" => rows[row].i,
            _ => rows[row].t,
        };
        let sign = if self.descending { -1 } else { 1 };
        let mut order = own.to_vec();
        let nulls = |row: usize| key(row).is_none() != self.nulls_first;
        order.sort_by_key(|row| (nulls(*row), key(*row).map(|k| sign * k), *row));
        let group = |at: usize| {
            let mut groups: Vec<Option<i64>> = order.iter().map(|row| key(*row)).collect();
            groups.dedup();
            groups.iter().position(|k| *k == key(order[at])).unwrap() as i64
        };
        let inside = |at: usize, other: usize| {
            let distance = match self.unit {
                "ROWS" => Some(other as i64 - at as i64),
                "GROUPS" => Some(group(other) - group(at)),
                _ => match (key(order[at]), key(order[other])) {
                    (Some(own), Some(other)) => Some(sign * (other - own)),
                    (None, None) => Some(0),
                    _ => None,
                },
            };
            // A row without value is beside those without alone, and they are near each other whatever the distance.
            let alone = self.unit == "RANGE" && key(order[at]).is_none();
            let from = |bound: i64, distance: Option<i64>| match distance {
                Some(_) if alone => true,
                Some(distance) => distance >= bound,
                None => false,
            };
            let to = |bound: i64, distance: Option<i64>| match distance {
                Some(_) if alone => true,
                Some(distance) => distance <= bound,
                None => false,
            };
            match (self.start, self.end) {
                (None, None) => true,
                (Some(start), None) => from(start, distance) || (distance.is_none() && other > at),
                (None, Some(end)) => to(end, distance) || (distance.is_none() && other < at),
                (Some(start), Some(end)) => from(start, distance) && to(end, distance),
            }
        };
        let places = (0..order.len()).map(|at| {
            let within: Vec<usize> = (0..order.len()).filter(|other| inside(at, *other)).collect();
            match (within.first(), within.last()) {
                (Some(first), Some(last)) => *first..last + 1,
                _ => 0..0,
            }
        });
        let places = places.collect();
        (order, places)
    }
}

/// A random call of an aggregate that can be asked of these rows.
fn random_call(
    aggregate: &braid::query::aggregate::Aggregate,
    random: &mut fastrand::Rng,
    schema: &DataFrame,
) -> String {
    for _ in 0..200 {
        let columns = ["i", "x", "s", "b", "t", "i > 1"];
        let mut arguments: Vec<&str> = (0..aggregate.inputs).map(|_| columns[random.usize(..columns.len())]).collect();
        arguments.extend(aggregate.parameters.iter().map(|p| if p.whole { "2" } else { "0.4" }));
        let mut call = aggregate.call(&arguments.join(", "));
        if random.u8(..4) == 0 {
            call = call.replacen('(', "(DISTINCT ", 1).replace("DISTINCT DISTINCT", "DISTINCT");
        }
        call += ["", "", " FILTER (WHERE b)"][random.usize(..3)];
        if try_ask(&format!("SELECT {call} AS a FROM r"), &schema.clear(), Some("r2")).is_ok() {
            return call;
        }
    }
    panic!("no call of {} can be asked", aggregate.name)
}

proptest! {
    #![proptest_config(crate::cases(16))]

    #[test]
    fn an_aggregate_with_over_is_that_of_the_frames_rows(
        rows in prop::collection::vec(row(), 0..24),
        over in frames(),
        parted in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut table = frame(&rows);
        // Where a row stands in its window, as an event time.
        let time = DataType::Datetime(TimeUnit::Microseconds, None);
        let parts: Vec<Vec<usize>> = if parted {
            (0..3).map(|g| (0..rows.len()).filter(|r| rows[*r].g == g).collect()).collect()
        } else {
            vec![(0..rows.len()).collect()]
        };
        table.with_column(Column::new("r2".into(), vec![0_i64; rows.len()]).cast(&time).unwrap()).unwrap();
        let window = format!("OVER ({}{} {})", if parted { "PARTITION BY g " } else { "" }, over.order(), over.sql());
        for aggregate in AGGREGATES {
            // What the first row is where ORDER BY leaves rows equal is another law's.
            if aggregate.by_order && over.by != "r" {
                continue;
            }
            // With OVER these look at rows, not at times.
            let call = random_call(aggregate, &mut random, &table);
            if call.starts_with("first(DISTINCT") || call.starts_with("last(DISTINCT") {
                continue;
            }
            if ["first", "last"].contains(&aggregate.name) && call.contains("FILTER") {
                continue;
            }
            let sql = format!("SELECT r, {call} {window} AS a FROM t ORDER BY r");
            let got = bits(ask(&sql, &table).column("a").unwrap());
            let alone_plan = planned(&format!("SELECT {call} AS a FROM t"), &table, Some("r2")).unwrap();
            for part in &parts {
                let (order, places) = over.plain(&rows, part);
                for (at, frame) in places.into_iter().enumerate() {
                    let own = &order[frame];
                    let taken = IdxCa::from_vec("".into(), own.iter().map(|row| *row as IdxSize).collect());
                    let mut alone = table.take(&taken).unwrap();
                    let stands = Column::new("r2".into(), (0..own.len() as i64).collect::<Vec<_>>());
                    alone.with_column(stands.cast(&time).unwrap()).unwrap();
                    let want = bits(answer(&alone_plan, &alone).unwrap().column("a").unwrap());
                    prop_assert_eq!(&got[order[at]], &want[0], "{}, row {}", &sql, order[at]);
                }
            }
        }
    }

    #[test]
    fn functions_of_a_rows_place_are_what_a_plain_loop_finds(
        rows in prop::collection::vec(row(), 0..40),
        over in frames().prop_filter("by place", |frame| frame.by == "r"),
        by in 0_i64..4,
        parts in 1_i64..9,
        ignores in any::<bool>(),
    ) {
        let table = frame(&rows);
        let nulls = if ignores { " IGNORE NULLS" } else { "" };
        let (ordered, window) = (format!("OVER ({})", over.order()), format!("OVER ({} {})", over.order(), over.sql()));
        let nth = by + 1;
        let sql = format!(
            "SELECT r, ntile({parts}) {ordered} AS n, lag(i, {by}, r{nulls}) {ordered} AS l, lead(i, {by}, -99{nulls}) \
             {ordered} AS d, first_value(i{nulls}) {window} AS f, last_value(i{nulls}) {window} AS z, nth_value(i, \
             {nth}{nulls}) {window} AS m FROM t ORDER BY r"
        );
        let answer = ask(&sql, &table);
        let cell = |name: &str, row: usize| answer.column(name).unwrap().get(row).unwrap().try_extract::<i64>().ok();
        let (order, places) = over.plain(&rows, &(0..rows.len()).collect::<Vec<_>>());
        let value = |at: usize| rows[order[at]].i;
        let there = |at: &usize| !ignores || value(*at).is_some();
        for (at, frame) in places.into_iter().enumerate() {
            let row = order[at];
            let (small, larger) = (rows.len() / parts as usize, rows.len() % parts as usize);
            let sizes = (0..parts as usize).map(|part| small + usize::from(part < larger));
            let tile = sizes.scan(0, |end, size| { *end += size; Some(*end) }).position(|end| at < end).unwrap() + 1;
            prop_assert_eq!(cell("n", row), Some(tile as i64), "{}", &sql);
            let step = |found: Option<usize>, missing: i64| match (by, found) {
                (0, _) => value(at),
                (_, Some(found)) => value(found),
                (_, None) => Some(missing),
            };
            let before = (0..at).rev().filter(there).nth((by - 1).max(0) as usize);
            let after = (at + 1..rows.len()).filter(there).nth((by - 1).max(0) as usize);
            prop_assert_eq!(cell("l", row), step(before, row as i64), "{}, row {}", &sql, row);
            prop_assert_eq!(cell("d", row), step(after, -99), "{}, row {}", &sql, row);
            let seen: Vec<usize> = frame.filter(there).collect();
            prop_assert_eq!(cell("f", row), seen.first().and_then(|at| value(*at)), "{}, row {}", &sql, row);
            prop_assert_eq!(cell("z", row), seen.last().and_then(|at| value(*at)), "{}, row {}", &sql, row);
            prop_assert_eq!(cell("m", row), seen.get(by as usize).and_then(|at| value(*at)), "{}, row {}", &sql, row);
        }
    }
}

fn some_rows() -> DataFrame {
    let row = |n: i64| Row {
        g: (n % 3) as u8,
        i: (n % 4 > 0).then_some(n % 5),
        x: Some(n as f64 / 2.0),
        s: Some(format!("{}", n % 7)),
        b: Some(n % 2 == 0),
        t: Some(n),
    };
    frame(&(0..30).map(row).collect::<Vec<_>>())
}

#[test]
fn a_window_with_a_name_is_what_it_says() {
    let table = some_rows();
    for (named, written) in [
        (
            "SELECT r, sum(i) OVER w AS a FROM t WINDOW w AS (PARTITION BY g ORDER BY r) ORDER BY r",
            "SELECT r, sum(i) OVER (PARTITION BY g ORDER BY r) AS a FROM t ORDER BY r",
        ),
        (
            "SELECT r, sum(i) OVER (W ORDER BY r) AS a, rank() OVER (w ORDER BY i) AS k FROM t \
             WINDOW w AS (PARTITION BY g) ORDER BY r",
            "SELECT r, sum(i) OVER (PARTITION BY g ORDER BY r) AS a, rank() OVER (PARTITION BY g ORDER BY i) AS k \
             FROM t ORDER BY r",
        ),
        (
            "SELECT r, count(*) OVER v AS a FROM t WINDOW w AS (ORDER BY r), v AS (w ROWS 2 PRECEDING) ORDER BY r",
            "SELECT r, count(*) OVER (ORDER BY r ROWS 2 PRECEDING) AS a FROM t ORDER BY r",
        ),
        (
            "SELECT g, sum(sum(i)) OVER w AS a FROM t GROUP BY g WINDOW w AS (ORDER BY g) QUALIFY count(*) OVER w > 1 \
             ORDER BY count(*) OVER w DESC",
            "SELECT g, sum(sum(i)) OVER (ORDER BY g) AS a FROM t GROUP BY g QUALIFY count(*) OVER (ORDER BY g) > 1 \
             ORDER BY count(*) OVER (ORDER BY g) DESC",
        ),
        (
            "SELECT max(a) AS m FROM (SELECT sum(i) OVER w AS a FROM t WINDOW w AS (ORDER BY r)) AS q",
            "SELECT max(a) AS m FROM (SELECT sum(i) OVER (ORDER BY r) AS a FROM t) AS q",
        ),
    ] {
        let (got, want) = (ask(named, &table), ask(written, &table));
        assert!(got.equals_missing(&want), "{named}: {got}, not {want}");
        assert!(want.height() > 0, "{written} has an answer");
    }
    // What a question says stays so when it is written out.
    let sql = "SELECT r, sum(i) OVER w AS a FROM t WINDOW w AS (ORDER BY r)";
    let again = Query::parse(sql).unwrap().to_sql();
    assert!(ask(&again, &table).equals_missing(&ask(sql, &table)), "{again}");
}

#[test]
fn what_over_does_not_know_is_refused_by_name() {
    let table = some_rows();
    for (call, word) in [
        ("sum(i) OVER nowhere", "no window of this name"),
        ("sum(i) OVER (ORDER BY r ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW)", "EXCLUDE"),
        ("sum(i) OVER (ORDER BY r ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING)", "ends before it begins"),
        ("sum(i) OVER (ORDER BY r ROWS BETWEEN i PRECEDING AND CURRENT ROW)", "written out"),
        ("sum(i) OVER (ORDER BY r ROWS BETWEEN -1 PRECEDING AND CURRENT ROW)", "written out"),
        ("sum(i) OVER (ORDER BY s RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)", "cannot be taken from text"),
        ("sum(i) OVER (ORDER BY t RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)", "cannot be taken from"),
        ("sum(i) OVER (ORDER BY i, x RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)", "one expression"),
        ("sum(i) OVER (ORDER BY t RANGE BETWEEN INTERVAL '1 month' PRECEDING AND CURRENT ROW)", "fixed length"),
        ("sum(s) OVER ()", "sum takes numbers"),
        ("upper(s) OVER ()", "cannot stand before OVER"),
        ("ntile(0) OVER ()", "one part or more"),
        ("ntile(i) OVER ()", "whole number"),
        ("lag(i, 1, 'x') OVER (ORDER BY r)", "stands for a missing one"),
        ("rank(i) OVER (ORDER BY r)", "no argument"),
        ("row_number() FILTER (WHERE b) OVER ()", "FILTER"),
        ("first_value(DISTINCT i) OVER ()", "DISTINCT"),
        ("rank() IGNORE NULLS OVER (ORDER BY r)", "no values"),
        ("sum(sum(i) OVER ()) OVER ()", "inside a window function"),
    ] {
        let fault = try_ask(&format!("SELECT {call} AS a FROM t"), &table, None).unwrap_err();
        assert!(fault.contains(word), "{call}: {fault}");
    }
    let fault =
        try_ask("SELECT sum(i) OVER (ORDER BY r) AS s, sum(s) OVER () AS z FROM t", &table.drop("s").unwrap(), None);
    assert!(fault.unwrap_err().contains("inside a window function"));
}

#[test]
fn a_column_is_meant_before_an_item_of_its_name() {
    let table = some_rows();
    let got = ask("SELECT r, max(r) OVER () AS g, count(*) OVER (PARTITION BY g) AS n FROM t", &table);
    assert!(got.column("n").unwrap().i64().unwrap().iter().all(|n| n == Some(10)), "{got}");
}

#[test]
fn without_order_rows_are_numbered_as_they_stand() {
    let mut table = some_rows();
    table = table.sort(["x"], SortMultipleOptions::default().with_order_descending(true)).unwrap();
    let got = ask("SELECT row_number() OVER () AS n, first_value(r) OVER () AS f FROM t", &table);
    assert!(got.column("n").unwrap().i64().unwrap().iter().eq((1..=30).map(Some)));
    assert!(got.column("f").unwrap().i64().unwrap().iter().all(|f| f == Some(29)));
    // The order of a lower question is theirs, too.
    for (sql, want) in [
        ("SELECT first(r) AS a FROM (SELECT r FROM t ORDER BY r DESC) AS q", "29"),
        ("SELECT string_agg(r, ' ') AS a FROM (SELECT r FROM t WHERE r < 4 ORDER BY r DESC) AS q", "3 2 1 0"),
        (
            "SELECT max(n) AS a FROM (SELECT r, row_number() OVER () AS n FROM (SELECT r FROM t ORDER BY r) AS q) AS p \
             WHERE r = 9",
            "10",
        ),
    ] {
        assert_eq!(ask(sql, &table).column("a").unwrap().get(0).unwrap().str_value(), want, "{sql}");
    }
}
