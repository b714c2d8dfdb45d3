//! The bounds that the sketches promise, over a thousand seeds; that they merge without a trace of the cuts; and that
//! what was stored can be read for good.

use std::collections::HashMap;

use braid::query::aggregate::sketch::{CAPACITY, DdSketch, Frequent, Hll};
use braid::query::aggregate::{hash_text, hash_word};

const SEEDS: u64 = 1_000;

/// Relative standard error (root of the mean square) of HyperLogLog at each size.
fn errors(sizes: &[u64], seeds: u64, hash: impl Fn(u64, u64) -> u64) -> Vec<f64> {
    let mut squares = vec![0.0; sizes.len()];
    for seed in 0..seeds {
        let (mut sketch, mut n) = (Hll::default(), 0);
        for (square, size) in squares.iter_mut().zip(sizes) {
            while n < *size {
                sketch.insert(hash(seed, n));
                n += 1;
            }
            *square += (sketch.estimate() / *size as f64 - 1.0).powi(2);
        }
    }
    squares.iter().map(|s| (s / seeds as f64).sqrt()).collect()
}

#[test]
fn hyperloglog_keeps_its_standard_error_over_a_thousand_seeds() {
    let sizes = [100, 400, 1_000, 4_000, 10_000, 60_000];
    let errors = errors(&sizes, SEEDS, |seed, i| hash_word(seed << 32 | i));
    for (size, error) in sizes.iter().zip(&errors) {
        assert!(*error <= 0.0163, "{size} values: {:.3} % ({errors:?})", error * 100.0);
    }
    assert!(errors[1] < 0.0001, "small counts are all but exact: {errors:?}");
}

#[test]
fn hashes_of_texts_are_as_good_as_random_ones() {
    let errors = errors(&[3_000], 200, |seed, i| hash_text(&format!("user-{seed}-{i}")));
    assert!(errors[0] <= 0.0163 * 1.1, "{errors:?}");
    // Texts that differ in one bit, in their length or by a zero byte alone are different.
    let texts = ["", "\0", "\0\0", "a", "a\0", "12345678", "12345678\0", "1234567", "b2345678"];
    let mut hashes: Vec<u64> = texts.iter().map(|t| hash_text(t)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), texts.len());
}

#[test]
fn hyperloglog_does_not_depend_on_cuts_or_order() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        // Around the change of form, and far above it.
        let n = [0, 1, 300, 511, 512, 513, 600, 5_000][random.usize(..8)];
        let hashes: Vec<u64> = (0..n).map(|_| random.u64(..)).collect();
        let mut whole = Hll::default();
        hashes.iter().for_each(|h| whole.insert(*h));
        let mut parts = vec![Hll::default(); 4];
        let mut shuffled = [hashes.clone(), hashes].concat();
        random.shuffle(&mut shuffled);
        shuffled.iter().for_each(|h| parts[random.usize(..4)].insert(*h));
        let mut merged = Hll::default();
        while !parts.is_empty() {
            let part = parts.swap_remove(random.usize(..parts.len()));
            merged.merge(&Hll::from_bytes(&part.to_bytes()).unwrap());
        }
        assert_eq!(merged, whole, "{n} values, seed {seed}");
    }
}

#[test]
fn a_sparse_hyperloglog_becomes_the_dense_one_that_was_never_sparse() {
    // Ranks beyond the sparse bits included: hashes with long runs of zeros.
    let mut random = fastrand::Rng::with_seed(3);
    let hashes: Vec<u64> = (0..2_000).map(|i| random.u64(..) >> (i % 40)).collect();
    let mut registers = vec![0_u8; 4_096];
    for h in &hashes {
        let register = &mut registers[(h >> 52) as usize];
        *register = (*register).max((h << 12).leading_zeros().min(52) as u8 + 1);
    }
    let mut sketch = Hll::default();
    hashes.iter().for_each(|h| sketch.insert(*h));
    assert_eq!(sketch.to_bytes(), registers);
}

/// Values of many shapes.
fn values(seed: u64, n: usize) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let gauss = |random: &mut fastrand::Rng| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    (0..n)
        .map(|_| match seed % 8 {
            0 => random.f64() * 100.0,
            1 => gauss(&mut random),
            2 => (gauss(&mut random) * 3.0).exp(),
            3 => (1.0 - random.f64()).powf(-1.5),
            4 => -(1.0 - random.f64()).ln() * 1e-9,
            5 => f64::from(random.i32(-50..50)),
            6 => (if random.bool() { -1.0 } else { 1.0 }) * 10_f64.powf(random.f64() * 12.0 - 6.0),
            _ => random.f64() * f64::MAX,
        })
        .collect()
}

/// The exact quantile, and what 1 % is of.
fn exact(sorted: &[f64], q: f64) -> (f64, f64) {
    let position = (sorted.len() - 1) as f64 * q;
    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    let share = position.fract();
    (low * (1.0 - share) + high * share, low.abs() * (1.0 - share) + high.abs() * share)
}

#[test]
fn every_quantile_of_ddsketch_is_within_one_percent_over_a_thousand_seeds() {
    for seed in 0..SEEDS {
        let mut all = values(seed, 400 + (seed as usize % 7));
        let mut sketch = DdSketch::default();
        all.iter().for_each(|x| sketch.insert(*x));
        all.sort_unstable_by(f64::total_cmp);
        for i in 0..=50 {
            let q = f64::from(i) / 50.0;
            let (want, size) = exact(&all, q);
            let got = sketch.quantile(q).unwrap();
            assert!((got - want).abs() <= 0.01 * size * (1.0 + 1e-9), "seed {seed}, q {q}: {got} is not {want}");
        }
    }
}

#[test]
fn ddsketch_orders_everything_and_does_not_depend_on_cuts() {
    for seed in 0..100 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut all = values(seed, 500);
        all.extend([
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            5e-324,
            -5e-324,
            1.0,
            -1.0,
        ]);
        // More than fits into 2,048 bins, so that the lowest are merged.
        all.extend((0..4_000).map(|_| 10_f64.powf(random.f64() * 200.0 - 100.0)));
        random.shuffle(&mut all);
        let mut whole = DdSketch::default();
        all.iter().for_each(|x| whole.insert(*x));
        let mut parts = vec![DdSketch::default(); 5];
        all.iter().for_each(|x| parts[random.usize(..5)].insert(*x));
        let mut merged = DdSketch::default();
        while !parts.is_empty() {
            let part = parts.swap_remove(random.usize(..parts.len()));
            merged.merge(&DdSketch::from_bytes(&part.to_bytes()).unwrap());
        }
        assert_eq!(merged, whole, "seed {seed}");
        assert!(whole.quantile(1.0).unwrap().is_nan(), "NaN is greater than every number");
        // Above the merged bins the promise holds.
        all.sort_unstable_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
        let (want, size) = exact(&all[..all.len() - 4], 0.9);
        let got = whole.quantile(0.9 * (all.len() - 5) as f64 / (all.len() - 1) as f64).unwrap();
        assert!((got - want).abs() <= 0.01 * size * (1.0 + 1e-6), "{got} is not {want}");
        assert!(whole.heap() <= 64 * 1024);
    }
    let mut signs = DdSketch::default();
    [f64::NEG_INFINITY, -2.0, 0.0, 2.0, f64::INFINITY].iter().for_each(|x| signs.insert(*x));
    let at = |q: f64| signs.quantile(q).unwrap();
    assert_eq!((at(0.0), at(0.5), at(1.0)), (f64::NEG_INFINITY, 0.0, f64::INFINITY));
    assert!((at(0.25) + 2.0).abs() <= 0.02 && (at(0.75) - 2.0).abs() <= 0.02);
    assert_eq!(DdSketch::default().quantile(0.5), None);
}

#[test]
fn frequent_values_are_exact_below_the_capacity_and_bounded_above_it() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let distinct = if seed % 2 == 0 { 2 * CAPACITY as u64 } else { 30_000 };
        // Zipf's law, nearly; shuffled over five summaries that are merged.
        let rows: Vec<u64> = (0..60_000).map(|_| (distinct as f64).powf(random.f64()) as u64 % distinct).collect();
        let mut truth: HashMap<u64, u64> = HashMap::new();
        rows.iter().for_each(|v| *truth.entry(*v).or_default() += 1);
        let mut parts: Vec<Frequent<u64>> = vec![Frequent::default(); 5];
        rows.iter().for_each(|v| parts[random.usize(..5)].add(*v, 1, CAPACITY));
        let mut merged = Frequent::default();
        for part in &parts {
            part.top(part.len()).into_iter().for_each(|(v, n)| merged.add(*v, n, CAPACITY));
            merged.add_lost(part.lost());
        }
        let bound = rows.len() as u64 / (CAPACITY as u64 + 1);
        assert!(merged.lost() <= bound, "{} > {bound}", merged.lost());
        assert!(merged.len() <= 2 * CAPACITY);
        let counted: HashMap<u64, u64> = merged.top(merged.len()).into_iter().map(|(v, n)| (*v, n)).collect();
        for (value, n) in &truth {
            let got = counted.get(value).copied().unwrap_or(0);
            assert!(got <= *n && n - got <= merged.lost(), "{value}: {got} of {n}, lost {}", merged.lost());
        }
        if truth.len() <= 2 * CAPACITY {
            assert_eq!(merged.lost(), 0);
            assert_eq!(counted, truth);
        } else {
            assert!(merged.lost() > 0, "this case is meant to be cut back");
        }
    }
}

#[test]
fn ties_of_frequent_values_go_to_the_smaller() {
    let mut summary = Frequent::<Box<str>>::default();
    ["b", "a", "c", "c", "a", "b", "d"].iter().for_each(|v| summary.add(v, 1, CAPACITY));
    let top: Vec<_> = summary.top(2).into_iter().map(|(v, n)| (&**v, n)).collect();
    assert_eq!(top, [("a", 2), ("b", 2)]);
}

/// A checkpoint written by this version must be read by the next ones: neither hashes nor bytes may change.
#[test]
fn stored_sketches_are_read_for_good() {
    assert_eq!(hash_word(0), 0xe220_a839_7b1d_cdaf, "splitmix64's first number for seed 0");
    assert_eq!(hash_word(1), 0x910a_2dec_8902_5cc1);
    let mut hll = Hll::default();
    hll.insert(0x8000_0000_0000_0001);
    assert_eq!(hll.to_bytes(), [38, 0, 0, 128], "index 2^25 in the upper 26 bits, then 37 zeros and one");
    let mut dd = DdSketch::default();
    dd.insert(1.0);
    dd.insert(1.0);
    assert_eq!(dd.to_bytes(), [64, 156, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], "bin 40,000, counted twice");
    for bytes in [&[1_u8][..], &[0, 0, 0, 0], &[38, 0, 0, 128, 38, 0, 0, 64], &[255; 4096]] {
        assert_eq!(Hll::from_bytes(bytes), None, "{:?}", &bytes[..bytes.len().min(8)]);
    }
    for bytes in [&[1_u8][..], &[[7_u8; 12], [7; 12]].concat()] {
        assert_eq!(DdSketch::from_bytes(bytes), None);
    }
}
