//! Sums of products are true sums, rounded once, whatever the order and the cuts.

use braid::query::exact::ExactSums;
use proptest::prelude::*;

/// 2^-20: what the whole numbers here are multiples of.
const UNIT: f64 = 1.0 / (1 << 20) as f64;

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn a_sum_of_products_is_the_true_one(
        pairs in prop::collection::vec((-(1_i64 << 45)..1_i64 << 45, -(1_i64 << 52)..1_i64 << 52), 0..200),
        cut in 0_usize..200,
    ) {
        let exact: i128 = pairs.iter().map(|(a, b)| i128::from(*a) * i128::from(*b)).sum();
        // From 128 bits to a double the language rounds to nearest, as we do; the scale is a power of two.
        let right = exact as f64 * UNIT * UNIT;
        let sum = |pairs: &[(i64, i64)]| {
            let mut sums = ExactSums::default();
            sums.resize(1);
            pairs.iter().for_each(|(a, b)| sums.add_product(0, *a as f64 * UNIT, *b as f64 * UNIT));
            sums
        };
        prop_assert_eq!(sum(&pairs).get(0), right);
        let (first, second) = pairs.split_at(cut.min(pairs.len()));
        let (mut whole, part) = (sum(first), sum(second));
        let (hi, lo) = part.pair_kept(0);
        whole.add_parts(0, hi, lo, part.register(0).as_deref());
        prop_assert_eq!(whole.get(0), right);
        let (hi, lo) = whole.pair(0);
        prop_assert_eq!(hi, right);
        // What the pair leaves out is below its last place.
        prop_assert!((exact as f64).abs() < 1e300 && lo.abs() <= hi.abs() * f64::EPSILON);
    }

    /// Over all magnitudes: products whose errors are themselves far apart.
    #[test]
    fn products_that_cancel_leave_nothing(values in prop::collection::vec((-1e140..1e140_f64, -120_i32..120), 1..50)) {
        let mut sums = ExactSums::default();
        sums.resize(1);
        for (x, power) in &values {
            sums.add_product(0, *x, 2_f64.powi(*power) * 1.1);
        }
        for (x, power) in values.iter().rev() {
            sums.add_product(0, -*x, 2_f64.powi(*power) * 1.1);
        }
        prop_assert_eq!(sums.get(0), 0.0);
    }
}
