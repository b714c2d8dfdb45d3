//! Group numbers are those of a plain map, whatever the keys are and however they come in.

use std::collections::HashMap;

use braid::query::keys::Keys;
use polars::prelude::*;
use proptest::prelude::*;

type Row = (Option<i64>, Option<String>, Option<u8>);

/// Assigns the rows chunk by chunk and compares each group with that of a map; then reads the keys back.
fn holds(rows: &[Row], chunk: usize) {
    let types = [("n".into(), DataType::Int64), ("t".into(), DataType::String), ("b".into(), DataType::UInt8)];
    let mut keys = Keys::new(&types).unwrap();
    let mut map: HashMap<&Row, u32> = HashMap::new();
    let mut order: Vec<&Row> = Vec::new();
    let mut groups = Vec::new();
    for rows in rows.chunks(chunk) {
        let columns = [
            Column::new("n".into(), rows.iter().map(|r| r.0).collect::<Vec<_>>()),
            Column::new("t".into(), rows.iter().map(|r| r.1.clone()).collect::<Vec<_>>()),
            Column::new("b".into(), rows.iter().map(|r| r.2).collect::<Vec<_>>()),
        ];
        keys.assign(&columns, rows.len(), &mut groups).unwrap();
        for (row, group) in rows.iter().zip(&groups) {
            let known = *map.entry(row).or_insert_with(|| {
                order.push(row);
                order.len() as u32 - 1
            });
            assert_eq!(known, *group, "{row:?}");
        }
        assert_eq!(keys.len(), order.len());
    }
    let columns = keys.columns().unwrap();
    for (i, row) in order.iter().enumerate() {
        assert_eq!(columns[0].i64().unwrap().get(i), row.0);
        assert_eq!(columns[1].str().unwrap().get(i), row.1.as_deref());
        assert_eq!(columns[2].u8().unwrap().get(i), row.2);
    }
    for (i, column) in columns.iter().enumerate() {
        assert_eq!(&keys.column(i).unwrap(), column);
    }
    // Other keys find the same groups, by way of these.
    let mut other = Keys::new(&types).unwrap();
    let half: Vec<&Row> = order.iter().rev().step_by(2).copied().collect();
    let columns = [
        Column::new("n".into(), half.iter().map(|r| r.0).collect::<Vec<_>>()),
        Column::new("t".into(), half.iter().map(|r| r.1.clone()).collect::<Vec<_>>()),
        Column::new("b".into(), half.iter().map(|r| r.2).collect::<Vec<_>>()),
    ];
    other.assign(&columns, half.len(), &mut groups).unwrap();
    let adoption = other.adoption(&keys);
    other.adopt(&keys, &adoption, 0..keys.len(), &mut groups);
    assert_eq!(other.len(), order.len());
    let read = other.columns().unwrap();
    for (row, group) in order.iter().zip(&groups) {
        let group = *group as usize;
        assert_eq!(
            (read[0].i64().unwrap().get(group), read[1].str().unwrap().get(group), read[2].u8().unwrap().get(group)),
            (row.0, row.1.as_deref(), row.2)
        );
    }
}

fn numbers() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        Just(None),
        (-3_i64..3).prop_map(Some),
        (-5_000_i64..5_000).prop_map(Some),
        any::<i64>().prop_map(Some),
        Just(Some(i64::MIN)),
        Just(Some(i64::MAX))
    ]
}

fn narrow() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![1 => Just(None), 30 => (0_i64..40).prop_map(Some), 1 => (-900_i64..900).prop_map(Some)]
}

fn texts() -> impl Strategy<Value = Option<String>> {
    prop_oneof![1 => Just(None), 9 => "[ab]{0,2}|[a-c]{11,14}|żółć{0,4}|\\PC{0,20}".prop_map(Some)]
}

proptest! {
    #![proptest_config(crate::cases(64))]

    #[test]
    fn groups_are_those_of_a_map(
        rows in prop::collection::vec((numbers(), texts(), any::<Option<u8>>()), 0..300),
        chunk in 1_usize..100,
    ) {
        holds(&rows, chunk);
    }

    #[test]
    fn narrow_keys_find_their_table(
        rows in prop::collection::vec((narrow(), "[ab]{0,2}".prop_map(Some), prop::option::of(0_u8..3)), 0..3_000),
        chunk in 1_usize..1_000,
    ) {
        holds(&rows, chunk);
    }
}

#[test]
fn values_in_falling_order_and_ever_wider() {
    let rows: Vec<Row> = (0..40_000_i64)
        .map(|i| (Some(-i * i), Some(format!("text number {}", i % 5_000)), Some((i % 7) as u8)))
        .collect();
    holds(&rows, 1_000);
    let rows: Vec<Row> = (0..64).map(|i| (Some(i64::MIN >> i), Some("x".repeat(i)), None)).collect();
    holds(&rows, 1);
}

/// Ranges get more room than they need. A key that came to lie in it is still the same key when there is no room for
/// more than what there was.
#[test]
fn keys_in_the_room_of_a_range_stay_themselves_when_it_is_cut_to_what_there_was() {
    let row = |n: i64| (Some(n), Some("a".to_owned()), None);
    let rows: Vec<Row> = [0, 100, 120, -(1 << 62) + 101, 120, 100, 0].into_iter().map(row).collect();
    holds(&rows, 1);
    // Of floats, whose words lie far apart.
    let floats = [-0.0, 7.0, f32::MAX, 1.0, f32::NAN, -5.0, 6.0, 4.0, -3.0, 2.0, -2.0];
    for seed in 0..2_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut keys = Keys::new(&[("g".into(), DataType::UInt32), ("y".into(), DataType::Float32)]).unwrap();
        let mut groups = Vec::new();
        let mut known = HashMap::new();
        for _ in 0..60 {
            let at = random.usize(..floats.len());
            let columns = [Column::new("g".into(), [0_u32]), Column::new("y".into(), [floats[at]])];
            keys.assign(&columns, 1, &mut groups).unwrap();
            let next = known.len() as u32;
            assert_eq!(*known.entry(at).or_insert(next), groups[0], "seed {seed}: {}", floats[at]);
        }
        assert_eq!(keys.len(), known.len());
    }
}

#[test]
fn more_texts_than_are_remembered() {
    let rows: Vec<Row> = (0..30_000_i64)
        .map(|i| (None, Some(format!("{}{}", i % 4_099, if i % 3 == 0 { " is longer than a view" } else { "" })), None))
        .collect();
    holds(&rows, 4_096);
}

/// Long texts of a dictionary come as many views of one place; another array may have another text at that place.
#[test]
fn a_place_means_its_text_in_its_own_array_only() {
    let mut keys = Keys::new(&[("t".into(), DataType::String)]).unwrap();
    let mut groups = Vec::new();
    for round in 0..3 {
        let words =
            StringChunked::from_slice("t".into(), &[format!("a long text of round {}", round % 2), "short".to_owned()]);
        let picks = IdxCa::from_vec("i".into(), vec![0, 1, 0, 0, 1, 0, 0, 0, 0, 0]);
        let column = words.take(&picks).unwrap().into_column();
        keys.assign(&[column], 10, &mut groups).unwrap();
        let long = [0, 2, 0][round];
        assert_eq!(groups, picks.iter().map(|p| if p == Some(0) { long } else { 1 }).collect::<Vec<_>>());
    }
}
