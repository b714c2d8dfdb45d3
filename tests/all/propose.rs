//! Which columns are proposed as features, and that each that is left out says why.

use braid::learn::explain::{Grid, dependence, permutation};
use braid::learn::propose::{Proposal, Reason, SAMPLE, TargetKind, drop_na, propose};
use fastrand::Rng;
use polars::prelude::*;

fn why<'a>(proposal: &'a Proposal, column: &str) -> Option<(Reason, &'a str)> {
    proposal.left_out.iter().find(|l| l.column == column).map(|l| (l.reason, l.evidence.as_str()))
}

/// A table with every trap: `delay` decides `late`, and `hour` and `carrier` are honest features.
fn flights(n: usize) -> DataFrame {
    let mut random = Rng::with_seed(1);
    let hour: Vec<i32> = (0..n).map(|_| random.i32(0..24)).collect();
    let delay: Vec<f64> = hour.iter().map(|h| f64::from(*h) + random.f64() * 30.0).collect();
    let late: Vec<bool> = delay.iter().map(|d| *d > 25.0).collect();
    let carrier: Vec<Option<&str>> =
        (0..n).map(|i| (i % 10 != 3).then(|| ["AA", "DL", "UA"][random.usize(..3)])).collect();
    DataFrame::new(
        n,
        vec![
            Column::new("id".into(), (0..n as i64).map(|i| i * 3).collect::<Vec<_>>()),
            Column::new("hour".into(), hour),
            Column::new("delay".into(), delay.clone()),
            Column::new(
                "delay_text".into(),
                late.iter().map(|l| if *l { "late" } else { "on time" }).collect::<Vec<_>>(),
            ),
            Column::new("late".into(), late.clone()),
            Column::new("again".into(), late.iter().map(|l| i32::from(*l)).collect::<Vec<_>>()),
            Column::new("carrier".into(), carrier),
            Column::new("flight".into(), (0..n).map(|i| format!("F{i}")).collect::<Vec<_>>()),
            Column::new("airport".into(), vec!["JFK"; n]),
            Column::full_null("gone".into(), n, &DataType::Float64),
            Column::new("when".into(), (0..n as i64).collect::<Vec<_>>())
                .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
                .unwrap(),
            Column::new("gate".into(), (0..n).map(|i| (i % 7 != 0).then_some((i % 5) as i32)).collect::<Vec<_>>()),
        ],
    )
    .unwrap()
}

#[test]
fn every_trap_is_left_out_with_its_reason_and_the_rest_is_proposed() {
    let proposal = propose(&flights(2_000), "late").unwrap();
    assert_eq!(proposal.features, ["hour", "carrier", "gate"]);
    assert_eq!(proposal.task, TargetKind::Classes(2));
    for (column, reason) in [
        ("id", Reason::Identifier),
        ("delay", Reason::Leak),
        ("delay_text", Reason::Leak),
        ("again", Reason::Copy),
        ("flight", Reason::Identifier),
        ("airport", Reason::Constant),
        ("gone", Reason::AllNull),
        ("when", Reason::Time),
    ] {
        let (found, evidence) = why(&proposal, column).unwrap_or_else(|| panic!("{column} is proposed"));
        assert!(found == reason && !evidence.is_empty(), "{column}: {found:?} {evidence}");
    }
}

#[test]
fn what_is_nearly_unique_is_proposed_only_where_it_tells_something() {
    let (mut random, n) = (Rng::with_seed(7), 4_000_usize);
    let mut shuffled: Vec<i64> = (0..n as i64).map(|i| i * 17 + 5).collect();
    random.shuffle(&mut shuffled);
    let cents: Vec<i64> = (0..n).map(|_| random.i64(0..1_000_000)).collect();
    let weight: Vec<f64> = (0..n).map(|_| random.f64() * 80.0).collect();
    let dear: Vec<bool> = cents.iter().map(|c| *c + random.i64(0..400_000) > 700_000).collect();
    let frame = df!(
        "ticket" => shuffled.clone(),
        "as_read" => shuffled.iter().map(|v| (v % 9 != 0).then_some(*v as f64)).collect::<Vec<_>>(),
        "falling" => (0..n as i64).rev().collect::<Vec<_>>(),
        "tripId" => (0..n).map(|_| random.i64(0..8_000)).collect::<Vec<_>>(),
        "note" => (0..n).map(|_| format!("n{}", random.u32(0..8_000))).collect::<Vec<_>>(),
        "cents" => cents,
        "weight" => weight,
        "town" => (0..n).map(|_| format!("t{}", random.u32(0..300))).collect::<Vec<_>>(),
        "dear" => dear,
    )
    .unwrap();
    let proposal = propose(&frame, "dear").unwrap();
    assert_eq!(proposal.features, ["cents", "weight", "town"], "{:?}", proposal.left_out);
    assert!(proposal.left_out.iter().all(|left| left.reason == Reason::Identifier), "{:?}", proposal.left_out);
    assert!(why(&proposal, "ticket").unwrap().1.contains("tells nothing"));
    assert!(why(&proposal, "falling").unwrap().1.contains("falls"));
}

#[test]
fn what_dropna_removes_is_counted_a_column() {
    let frame = flights(2_000);
    let proposal = propose(&frame, "late").unwrap();
    let (carrier, gate): (Vec<bool>, Vec<bool>) = (0..2_000).map(|i| (i % 10 == 3, i % 7 == 0)).unzip();
    let both = carrier.iter().zip(&gate).filter(|(c, g)| **c && **g).count();
    let (carrier, gate) = (carrier.iter().filter(|c| **c).count(), gate.iter().filter(|g| **g).count());
    assert_eq!(proposal.dropna.rows, carrier + gate - both);
    assert_eq!(
        proposal.dropna.columns,
        [("gate".to_owned(), gate, gate - both), ("carrier".to_owned(), carrier, carrier - both)]
    );
    assert_eq!(drop_na(&frame, ["hour", "late"]).unwrap().rows, 0);
}

#[test]
fn a_number_that_explains_a_number_is_a_leak_and_one_that_helps_is_not() {
    let mut random = Rng::with_seed(2);
    let x: Vec<f64> = (0..3_000).map(|_| random.f64() * 100.0).collect();
    let y: Vec<f64> = x.iter().map(|x| 5.0 * x + 300.0 * random.f64()).collect();
    let near: Vec<f64> = y.iter().map(|y| 2.0 * y + random.f64()).collect();
    let bent: Vec<f64> = y.iter().map(|y| (y / 50.0).exp()).collect();
    let proposal = propose(&df!("x" => x, "near" => near, "bent" => bent, "y" => y).unwrap(), "y").unwrap();
    assert_eq!(
        (proposal.task, proposal.features.as_slice()),
        (TargetKind::Number, &["x".to_owned()][..]),
        "{proposal:?}"
    );
    assert!(
        ["near", "bent"].iter().all(|c| why(&proposal, c).is_some_and(|(r, e)| r == Reason::Leak && e.contains('%')))
    );
}

#[test]
fn many_values_do_not_make_a_leak_by_heart() {
    // A text with a value in every second row tells the rows it was learned from, and no others.
    let mut random = Rng::with_seed(3);
    let target: Vec<&str> = (0..1_000).map(|_| ["a", "b"][random.usize(..2)]).collect();
    let name: Vec<String> = (0..1_000).map(|_| format!("n{}", random.u32(..700))).collect();
    let number: Vec<f64> = (0..1_000).map(|_| random.f64()).collect();
    let proposal = propose(&df!("name" => name, "number" => number, "y" => target).unwrap(), "y").unwrap();
    assert_eq!(proposal.features, ["name", "number"], "{:?}", proposal.left_out);
}

#[test]
fn a_long_table_is_sampled_evenly() {
    let proposal = propose(&flights(3 * SAMPLE), "late").unwrap();
    assert_eq!((proposal.sample, proposal.features.len()), (SAMPLE, 3));
}

#[test]
fn a_target_that_cannot_be_learned_is_a_fault_that_says_so() {
    let frame = flights(100);
    for (target, said) in [("lete", "no column 'lete'"), ("airport", "one value"), ("gone", "no values")] {
        let fault = propose(&frame, target).unwrap_err();
        assert!(fault.what.contains(said) && !fault.hint.is_empty(), "{fault}");
    }
}

/// A model that knows its rule: 3 · a, plus 1 for the colour red; `noise` is nothing to it.
fn rule(rows: &DataFrame) -> Vec<f64> {
    let (a, colour) = (rows.column("a").unwrap(), rows.column("colour").unwrap());
    let red = colour.str().unwrap().iter().map(|c| f64::from(u8::from(c == Some("red"))));
    a.f64().unwrap().iter().zip(red).map(|(a, red)| 3.0 * a.unwrap() + red).collect()
}

fn coloured() -> DataFrame {
    let mut random = Rng::with_seed(4);
    let a: Vec<f64> = (0..500).map(|_| random.f64()).collect();
    let noise: Vec<f64> = (0..500).map(|_| random.f64()).collect();
    let colour: Vec<&str> = (0..500).map(|i| ["red", "blue", "red", "green"][i % 4]).collect();
    df!("a" => a, "noise" => noise, "colour" => colour).unwrap()
}

#[test]
fn permutation_finds_what_a_model_goes_by_and_the_seed_decides() {
    let rows = coloured();
    let truth = rule(&rows);
    let score =
        |rows: &DataFrame| Ok(-rule(rows).iter().zip(&truth).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / 500.0);
    let found = permutation(&rows, &["noise", "colour", "a"], 5, 42, score).unwrap();
    assert_eq!(found.iter().map(|i| i.feature.as_str()).collect::<Vec<_>>(), ["a", "colour", "noise"]);
    assert!(
        found[2].mean == 0.0 && found[1].mean > 0.3 && found[0].mean > found[1].mean && found[0].deviation > 0.0,
        "{found:?}"
    );
    assert_eq!(found, permutation(&rows, &["noise", "colour", "a"], 5, 42, score).unwrap());
    assert_ne!(found, permutation(&rows, &["noise", "colour", "a"], 5, 43, score).unwrap());
    assert!(permutation(&rows, &["b"], 1, 0, score).unwrap_err().what.contains("'b'"));
}

#[test]
fn partial_dependence_draws_the_rule() {
    let rows = coloured();
    let drawn = dependence(&rows, "a", 11, |rows| Ok(vec![rule(rows)])).unwrap();
    let Grid::Numbers(grid) = drawn.grid else { panic!("{:?}", drawn.grid) };
    assert!(grid.len() == 11 && grid.is_sorted());
    assert!(grid.iter().zip(&drawn.means[0]).all(|(a, mean)| (mean - (3.0 * a + 0.5)).abs() < 1e-9));
    let colours = dependence(&rows, "colour", 2, |rows| Ok(vec![rule(rows)])).unwrap();
    assert_eq!(
        colours.grid,
        Grid::Words(vec!["red".to_owned(), "blue".to_owned()]),
        "the most frequent, then by the alphabet"
    );
    assert!((colours.means[0][0] - colours.means[0][1] - 1.0).abs() < 1e-9);
    assert!(dependence(&rows, "b", 5, |rows| Ok(vec![rule(rows)])).is_err());
}
