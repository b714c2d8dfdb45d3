//! The law of moments: what is shown together is of one moment, at which each table's answer has all rows that had been
//! taken, or it is named as one that lags; and slow tables publish at moments of the fast.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use braid::engine::moment::{Moment, PATIENCE, Span, common, tick_after};
use braid::engine::{Options, Run, Snapshot};
use proptest::prelude::*;

use crate::run::{given, open};
use crate::together::start;

fn at(micros: u64) -> Moment {
    Moment::from_micros(micros)
}

/// Answers of one table: each is of all rows for a while, and then the next comes, sooner or later.
fn spans() -> impl Strategy<Value = Vec<Span>> {
    let step = (1_u64..40_000, 0_u64..30_000);
    (1_000_000_u64..1_900_000, proptest::collection::vec(step, 1..30)).prop_map(|(first, steps)| {
        let mut from = first;
        let mut all = Vec::new();
        for (holds, reads) in steps {
            all.push(Span::new(at(from), at(from + holds)));
            from += holds + reads;
        }
        all
    })
}

proptest! {
    #![proptest_config(crate::cases(256))]

    #[test]
    fn what_is_shown_together_is_of_the_newest_moment_that_all_have(all in proptest::collection::vec(spans(), 1..5)) {
        let now = at(2_000_000);
        let holds = |spans: &[Span], at: Moment| spans.iter().any(|span| span.from <= at && at <= span.until);
        let (moment, lagging) = common(&all, now, PATIENCE).unwrap();
        // What stays for now is of one moment as well, where it can be.
        prop_assert_eq!(common(&all, now, Duration::ZERO).is_none(), !lagging.is_empty());
        let rest: Vec<&Vec<Span>> =
            all.iter().enumerate().filter(|(i, _)| !lagging.contains(i)).map(|(_, spans)| spans).collect();
        prop_assert!(moment <= now && now.since(moment) <= PATIENCE);
        prop_assert!(rest.iter().all(|spans| holds(spans, moment)));
        // Where there is a newer one, an answer ends or begins at it.
        let ends = |spans: &[Span]| spans.iter().flat_map(|s| [s.from, s.until]).collect::<Vec<_>>();
        let edges = all.iter().flat_map(|spans| ends(spans)).chain([now]);
        let edges: Vec<Moment> = edges.filter(|at| *at <= now).collect();
        for edge in &edges {
            prop_assert!(*edge <= moment || !rest.iter().all(|spans| holds(spans, *edge)));
            // None is left out that others could have waited for.
            if !lagging.is_empty() && now.since(*edge) <= PATIENCE {
                prop_assert!(!all.iter().all(|spans| holds(spans, *edge)));
            }
        }
    }

    #[test]
    fn a_tick_of_one_who_rests_longer_is_one_of_all(
        after in 0_u64..10_000_000,
        rests in (1_u64..900_000, 1_u64..900_000),
    ) {
        let begin = Instant::now();
        let (short, long) = (rests.0.min(rests.1), rests.0.max(rests.1));
        let (short, long) = (Duration::from_micros(short), Duration::from_micros(long));
        let from = begin + Duration::from_micros(after);
        let tick = tick_after(from, long);
        prop_assert!(tick > from && tick <= from + long * 2);
        let just_before = tick.checked_sub(Duration::from_micros(1)).unwrap();
        prop_assert!(Moment::of(tick_after(just_before, short)).since(Moment::of(tick)) <= Duration::from_micros(1));
    }
}

fn table(folder: &Path, name: &str, rate: u32) -> braid::engine::Table {
    let path = folder.join(name);
    let rows: String = (0..60_000).map(|i| format!("{},{}\n", ["a", "b", "c"][i % 3], i)).collect();
    std::fs::write(&path, "k,v\n".to_owned() + &rows).unwrap();
    let live = vec![format!("replay:{}?rate={rate}", path.display())];
    open(&braid::engine::open::Given { time: None, ..given(&[], &live) })
}

/// Several tables, each at its own pace, and a board that looks at them now and then.
#[test]
fn answers_of_several_tables_are_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(17);
    let questions = ["SELECT count(*) AS n FROM r", "SELECT k, sum(v) AS s FROM r GROUP BY k"];
    let mut runs: Vec<Run> = Vec::new();
    let mut scans = Vec::new();
    for (i, pace) in [20, 45, 90].into_iter().enumerate() {
        let table = table(folder.path(), &format!("{i}.csv"), random.u32(900..4_000));
        let options = Options { threads: 1, pace: Duration::from_millis(pace), ..Options::default() };
        let (scan, own) = start(&table, &questions, options);
        scans.push(scan);
        runs.extend(own);
    }
    // All that each has published, as far as it was seen, and what was chosen of it.
    let mut seen: Vec<BTreeMap<u64, Arc<Snapshot>>> = vec![BTreeMap::new(); runs.len()];
    let mut chosen: Vec<(Moment, usize, u64)> = Vec::new();
    let (mut together, mut same) = (0, 0);
    let until = Instant::now() + Duration::from_secs(60);
    while together < 150 || same < 20 {
        assert!(Instant::now() < until, "tables come together: {together} times, at one tick {same} times");
        let now = Moment::now();
        let mut nexts = Vec::new();
        for (run, seen) in runs.iter().zip(&mut seen) {
            let (newest, next) = run.latest_until();
            nexts.push(next);
            seen.extend(newest.filter(|s| s.moment.is_some()).map(|s| (s.epoch, s)));
        }
        let spans: Vec<Vec<Span>> = seen
            .iter()
            .zip(&nexts)
            .map(|(seen, next)| Snapshot::spans(seen.values(), *next).expect("each answer has its moment"))
            .collect();
        let (moment, lagging) = common(&spans, now, PATIENCE).unwrap();
        let mut moments = Vec::new();
        for (i, spans) in spans.iter().enumerate().filter(|(i, _)| !lagging.contains(i)) {
            let place = spans.iter().rposition(|span| span.from <= moment).expect("it has an answer of that moment");
            let snapshot = seen[i].values().nth(place).unwrap();
            moments.push(snapshot.moment);
            chosen.push((moment, i, snapshot.epoch));
        }
        let all = lagging.is_empty();
        together += usize::from(all);
        same += usize::from(all && moments.windows(2).all(|pair| pair[0] == pair[1]));
        std::thread::sleep(Duration::from_millis(random.u64(0..9)));
    }
    // What was said is true: of each table no row was taken between the answer that was chosen and that moment.
    for (moment, i, epoch) in chosen {
        let mut later = seen[i].range(epoch..);
        let (_, own) = later.next().unwrap();
        assert!(own.moment.unwrap() <= moment);
        if let Some(next) = later.next().filter(|(number, _)| **number == epoch + 1).and_then(|(_, s)| s.since) {
            assert!(next >= moment, "a row of table {i} was taken at {next:?}, before {moment:?}");
        }
    }
}
