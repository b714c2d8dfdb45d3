//! Scores of models, held against what scikit-learn 1.9.1 computes of the same arrays; each test says the call.

use braid::learn::measure::{
    Calibration, ClassScore, Confusion, Histogram, PrecisionRecall, Regression, Roc, log_loss,
};
use proptest::prelude::*;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs().max(1.0)
}

fn score(precision: f64, recall: f64, f1: f64, support: u64) -> ClassScore {
    ClassScore { precision, recall, f1, support }
}

const TRUTH: [u32; 10] = [0, 1, 2, 2, 1, 0, 0, 3, 1, 2];
const SAID: [u32; 10] = [0, 2, 2, 2, 1, 0, 1, 1, 1, 0];

#[test]
fn accuracy_and_its_kin_are_those_of_scikit_learn() {
    let matrix = Confusion::new(&TRUTH, &SAID, 4).unwrap();
    // accuracy_score, balanced_accuracy_score, confusion_matrix
    assert_eq!((matrix.accuracy(), matrix.balanced_accuracy()), (Some(0.6), Some(0.5)));
    // DummyClassifier(strategy="most_frequent").score: three of ten rows are of the most frequent class.
    assert_eq!((matrix.guessing(), Confusion::empty(4).guessing()), (Some(0.3), None));
    let rows: Vec<Vec<u64>> = (0..4).map(|t| (0..4).map(|p| matrix.count(t, p)).collect()).collect();
    assert_eq!(rows, [[2, 1, 0, 0], [0, 2, 1, 0], [1, 0, 2, 0], [0, 1, 0, 0]]);
    // precision_recall_fscore_support(t, p, zero_division=0)
    let third = 2.0 / 3.0;
    let expected = [
        score(third, third, third, 3),
        score(0.5, third, 4.0 / 7.0, 3),
        score(third, third, third, 3),
        score(0.0, 0.0, 0.0, 1),
    ];
    assert_eq!(matrix.per_class(), expected);
    // … average="macro"
    let mean = matrix.macro_mean();
    assert!(
        near(mean.precision, 0.45833333333333326)
            && near(mean.recall, 0.5)
            && near(mean.f1, 0.47619047619047616)
            && mean.support == 10
    );
}

#[test]
fn a_class_that_never_occurs_does_not_count_in_means() {
    let (four, nine) = (Confusion::new(&TRUTH, &SAID, 4).unwrap(), Confusion::new(&TRUTH, &SAID, 9).unwrap());
    assert_eq!((four.macro_mean(), four.balanced_accuracy()), (nine.macro_mean(), nine.balanced_accuracy()));
}

#[test]
fn a_code_that_is_no_class_and_unequal_lengths_are_faults() {
    assert!(Confusion::new(&[0, 4], &[0, 1], 4).unwrap_err().what.contains("class 4"));
    assert!(Confusion::new(&[0], &[0, 1], 4).unwrap_err().what.contains("1 true values"));
    assert!(
        Roc::new(&[true], &[]).is_err()
            && Calibration::new(&[true], &[], 5).is_err()
            && Regression::new(&[1.0], &[], 5).is_err()
    );
    assert!(log_loss(&[1], &[1.0], 1).is_err());
}

#[test]
fn matrices_merge() {
    let mut merged = Confusion::new(&TRUTH[..3], &SAID[..3], 4).unwrap();
    merged.merge(&Confusion::new(&TRUTH[3..], &SAID[3..], 4).unwrap()).unwrap();
    assert_eq!(merged, Confusion::new(&TRUTH, &SAID, 4).unwrap());
    assert!(merged.merge(&Confusion::empty(3)).is_err());
}

#[test]
fn log_loss_is_that_of_scikit_learn_also_where_the_truth_had_no_chance() {
    let given = [0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.2, 0.3, 0.5, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.25, 0.5, 0.25];
    // log_loss(y, proba, labels=[0, 1, 2])
    assert!(near(log_loss(&[0, 1, 2, 2, 1, 1], &given, 3).unwrap().unwrap(), 6.334961040914998));
    assert_eq!(log_loss(&[], &[], 3).unwrap(), None);
}

const YES: [bool; 10] = [false, false, true, true, false, true, true, false, true, false];
const SCORES: [f64; 10] = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.9, 0.1, 0.7, 0.6];

#[test]
fn the_roc_curve_takes_ties_as_scikit_learn() {
    let roc = Roc::new(&YES, &SCORES).unwrap();
    // roc_curve(y, s, drop_intermediate=False), roc_auc_score(y, s)
    let (fpr, tpr) = ([0.0, 0.0, 0.0, 0.0, 0.2, 0.6, 0.6, 1.0], [0.0, 0.2, 0.4, 0.6, 0.6, 0.8, 1.0, 1.0]);
    let at = [f64::INFINITY, 0.9, 0.8, 0.7, 0.6, 0.4, 0.35, 0.1];
    let expected: Vec<(f64, f64, f64)> = fpr.into_iter().zip(tpr).zip(at).map(|((f, t), a)| (f, t, a)).collect();
    assert_eq!(roc.points, expected);
    assert_eq!(roc.area, Some(0.8));
}

#[test]
fn precision_against_recall_is_that_of_scikit_learn() {
    let curve = PrecisionRecall::new(&YES, &SCORES).unwrap();
    // precision_recall_curve(y, s), average_precision_score(y, s)
    let precision = [0.5, 0.625, 0.5714285714285714, 0.75, 1.0, 1.0, 1.0, 1.0];
    let recall = [1.0, 1.0, 0.8, 0.6, 0.6, 0.4, 0.2, 0.0];
    let at = [0.1, 0.35, 0.4, 0.6, 0.7, 0.8, 0.9, f64::INFINITY];
    let expected: Vec<(f64, f64, f64)> =
        recall.into_iter().zip(precision).zip(at).map(|((r, p), a)| (r, p, a)).collect();
    assert_eq!(curve.points, expected);
    assert!(near(curve.area.unwrap(), 0.8392857142857142));
}

#[test]
fn calibration_is_that_of_scikit_learn() {
    let calibration = Calibration::new(&YES, &SCORES, 5).unwrap();
    // calibration_curve(y, s, n_bins=5), brier_score_loss(y, s)
    let (came, said) = ([0.0, 0.5, 0.0, 1.0, 1.0], [0.1, 0.38749999999999996, 0.6, 0.75, 0.9]);
    assert_eq!(calibration.bins.iter().map(|b| b.rows).collect::<Vec<_>>(), [2, 4, 1, 2, 1]);
    assert!(
        calibration
            .bins
            .iter()
            .zip(came)
            .zip(said)
            .all(|((bin, came), said)| near(bin.came, came) && near(bin.said, said)),
        "{calibration:?}"
    );
    assert!(near(calibration.brier.unwrap(), 0.16225));
}

#[test]
fn rows_of_one_kind_have_no_area() {
    assert_eq!(Roc::new(&[true, true], &[0.1, 0.2]).unwrap().area, None);
    assert_eq!(PrecisionRecall::new(&[false], &[0.1]).unwrap().area, None);
    let nothing = Calibration::new(&[], &[], 5).unwrap();
    assert_eq!((nothing.bins.len(), nothing.brier, nothing.error), (0, None, None));
}

#[test]
fn regression_is_that_of_scikit_learn() {
    let scores = Regression::new(&[3.0, -0.5, 2.0, 7.0, 1.0], &[2.5, 0.0, 2.0, 8.0, 4.0], 4).unwrap().unwrap();
    // r2_score, mean_absolute_error, root_mean_squared_error; numpy.histogram(truth - said, bins=4)
    assert!(near(scores.r2.unwrap(), 0.671875) && near(scores.mae, 1.0) && near(scores.rmse, 1.449137674618944));
    assert_eq!(
        scores.residuals,
        Histogram { edges: vec![-3.0, -2.125, -1.25, -0.375, 0.5], counts: vec![1, 0, 2, 2], outside: 0 }
    );
    assert_eq!(Regression::new(&[], &[], 4).unwrap(), None);
    assert_eq!(Regression::new(&[1.0, 1.0], &[1.0, 2.0], 4).unwrap().unwrap().r2, None);
}

proptest! {
    #![proptest_config(crate::cases(64))]

    #[test]
    fn the_area_is_the_chance_that_a_true_row_scores_above_a_false_one(
        rows in prop::collection::vec((any::<bool>(), 0_u8..12), 2..60),
    ) {
        let (truth, scores): (Vec<bool>, Vec<f64>) = rows.iter().map(|(t, s)| (*t, f64::from(*s))).unzip();
        let mut pairs = Vec::new();
        for (t, s) in &rows {
            for (u, r) in &rows {
                if *t && !*u {
                    pairs.push(match s.cmp(r) {
                        std::cmp::Ordering::Greater => 1.0,
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Less => 0.0,
                    });
                }
            }
        }
        let expected = (!pairs.is_empty()).then(|| pairs.iter().sum::<f64>() / pairs.len() as f64);
        let area = Roc::new(&truth, &scores).unwrap().area;
        prop_assert!(area.is_some() == expected.is_some() && near(area.unwrap_or(0.0), expected.unwrap_or(0.0)));
    }

    #[test]
    fn a_histogram_counts_every_value(
        values in prop::collection::vec(prop_oneof![-5.0_f64..5.0, Just(f64::NAN), Just(1e300)], 0..50),
        bins in 1_usize..9,
    ) {
        let histogram = Histogram::new(&values, bins);
        prop_assert_eq!(histogram.counts.iter().sum::<u64>() + histogram.outside, values.len() as u64);
    }
}
