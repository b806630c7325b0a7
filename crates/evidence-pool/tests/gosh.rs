//! All subsets: against R, against a second computation, outliers that are there and outliers that are not.

use approx::assert_relative_eq;
use kmeta_evidence_pool::{Gosh, GoshOptions, ModelOptions, gosh};
use kmeta_numerics::streams::{random_stream, standard_normal};
use kmeta_trial_data::TauSquaredEstimator;
use serde_json::Value;

fn reference() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reference/gosh.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn run(values: &[f64], variances: &[f64], tau_squared: TauSquaredEstimator) -> Gosh {
    let options = GoshOptions {
        model: ModelOptions { tau_squared, ..ModelOptions::default() },
        points: u32::MAX,
        ..GoshOptions::default()
    };
    gosh(values, variances, &options).unwrap()
}

/// The subsets of R's loop, which counts through the binary numbers with the first trial as the lowest digit.
fn number(studies: &[u32]) -> u32 {
    studies.iter().map(|study| 1 << study).sum()
}

#[test]
fn bcg_trials_as_metafor_fits_them() {
    let reference = reference();
    let (values, variances) = (numbers(&reference["yi"]), numbers(&reference["vi"]));
    for (name, estimator) in [
        ("DL", TauSquaredEstimator::DerSimonianLaird),
        ("REML", TauSquaredEstimator::RestrictedMaximumLikelihood),
    ] {
        let theirs = &reference[name];
        let ours = run(&values, &variances, estimator);
        assert_eq!((ours.subsets, ours.failed, ours.exhaustive), (8178, 0, true));
        let close = |ours: f64, theirs: &Value| {
            assert_relative_eq!(ours, theirs.as_f64().unwrap(), epsilon = 1e-7, max_relative = 1e-7);
        };
        close(ours.estimate.mean, &theirs["mean"]);
        close(ours.estimate.standard_deviation, &theirs["sd"]);
        close(ours.i_squared.mean, &theirs["i2"]);
        let quantiles = [
            ours.estimate.smallest,
            ours.estimate.lower_quartile,
            ours.estimate.median,
            ours.estimate.upper_quartile,
            ours.estimate.largest,
        ];
        for (index, quantile) in quantiles.into_iter().enumerate() {
            close(quantile, &theirs["quantiles"][index]);
        }
        for (index, presence) in ours.presence.iter().enumerate() {
            assert_eq!(presence.with.subsets + presence.without.subsets, 8178);
            close(presence.with.estimate, &theirs["with"][index]);
            close(presence.with.i_squared, &theirs["with_i2"][index]);
        }
        let mut points = ours.points.clone();
        points.sort_by_key(|point| number(&point.studies));
        assert_eq!(points.len(), 8178);
        for (index, point) in points.iter().step_by(97).enumerate() {
            close(point.estimate, &theirs["every_97th"][index]);
            close(point.i_squared, &theirs["every_97th_i2"][index]);
        }
    }
}

/// Restricted maximum likelihood by its score alone: the root is bracketed on a fine grid and halved, the highest of
/// all maxima and 0 counts.
fn reml_by_bisection(values: &[f64], variances: &[f64]) -> f64 {
    let mean_at = |tau_squared: f64| {
        let weights = variances.iter().map(|variance| 1.0 / (variance + tau_squared));
        let total: f64 = weights.clone().sum();
        weights.zip(values).map(|(weight, value)| weight * value).sum::<f64>() / total
    };
    let log_likelihood = |tau_squared: f64| {
        let mean = mean_at(tau_squared);
        let mut total = 0.0;
        let mut sum = 0.0;
        for (value, variance) in values.iter().zip(variances) {
            let weight = 1.0 / (variance + tau_squared);
            total += weight;
            sum += weight.ln() - weight * (value - mean).powi(2);
        }
        0.5 * (sum - total.ln())
    };
    let slope = |tau_squared: f64| {
        let step = 1e-6 * (tau_squared + 1e-4);
        (log_likelihood(tau_squared + step) - log_likelihood(tau_squared - step)) / (2.0 * step)
    };
    let mut best = (log_likelihood(0.0), 0.0);
    let grid: Vec<f64> = (0..400).map(|point| 1e-5 * 1.04_f64.powi(point)).collect();
    for pair in grid.windows(2) {
        if slope(pair[0]) > 0.0 && slope(pair[1]) <= 0.0 {
            let (mut low, mut high) = (pair[0], pair[1]);
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if slope(middle) > 0.0 { low = middle } else { high = middle }
            }
            let found = 0.5 * (low + high);
            if log_likelihood(found) > best.0 {
                best = (log_likelihood(found), found);
            }
        }
    }
    mean_at(best.1)
}

#[test]
fn subsets_agree_with_a_second_computation() {
    let reference = reference();
    let (values, variances) = (numbers(&reference["yi"]), numbers(&reference["vi"]));
    let ours = run(&values, &variances, TauSquaredEstimator::RestrictedMaximumLikelihood);
    let mut differing = 0;
    for point in ours.points.iter().step_by(41) {
        let of = |numbers: &[f64]| -> Vec<f64> {
            point.studies.iter().map(|&study| numbers[study as usize]).collect()
        };
        let expected = reml_by_bisection(&of(&values), &of(&variances));
        // The mean hardly depends on the last digits of a slope by differences; another maximum shows plainly.
        if (point.estimate - expected).abs() > 1e-6 {
            differing += 1;
        }
    }
    // R and kmeta stop at the first of several maxima that scoring meets.
    assert!(differing <= 2, "{differing}");
}

/// Each subset is the plain fit of its studies.
#[test]
fn subsets_are_plain_fits() {
    let reference = reference();
    let (values, variances) = (numbers(&reference["yi"]), numbers(&reference["vi"]));
    for tau_squared in [
        TauSquaredEstimator::RestrictedMaximumLikelihood,
        TauSquaredEstimator::PauleMandel,
        TauSquaredEstimator::SidikJonkman,
        TauSquaredEstimator::MaximumLikelihood,
    ] {
        let model = ModelOptions { tau_squared, ..ModelOptions::default() };
        for point in run(&values, &variances, tau_squared).points.iter().step_by(13) {
            let of = |numbers: &[f64]| -> Vec<f64> {
                point.studies.iter().map(|&study| numbers[study as usize]).collect()
            };
            let plain =
                kmeta_evidence_pool::fit_random_effects(&of(&values), &of(&variances), &model).unwrap();
            assert_relative_eq!(point.estimate, plain.mean, max_relative = 1e-8);
            assert_relative_eq!(point.i_squared, plain.i_squared_from_tau_squared, max_relative = 1e-8);
        }
    }
}

#[test]
fn a_planted_outlier_is_named() {
    let mut values: Vec<f64> = (0..10).map(|study| 0.1 * (1.7 * f64::from(study)).sin()).collect();
    let variances = vec![0.02; 10];
    values[6] = 1.5;
    let found = run(&values, &variances, TauSquaredEstimator::RestrictedMaximumLikelihood);
    let named: Vec<usize> = (0..10).filter(|&study| found.presence[study].is_outlier()).collect();
    assert_eq!(named, [6]);
    assert!(found.presence[6].raises_i_squared);
}

/// Of sets without outliers, homogeneous or not, the rule names one in few.
#[test]
fn few_sets_without_outliers_have_one_named() {
    let mut stream = random_stream(20_261_129, "sets without outliers");
    for (studies, tau) in [(6, 0.0), (9, 0.0), (9, 0.3)] {
        let (mut pulled, mut raised, sets) = (0, 0, 200);
        for _ in 0..sets {
            let variances: Vec<f64> =
                (0..studies).map(|study| 0.02 + 0.1 * f64::from((study * 7) % 5) / 5.0).collect();
            let values: Vec<f64> = variances
                .iter()
                .map(|variance| (variance + tau * tau).sqrt() * standard_normal(&mut stream).unwrap())
                .collect();
            let found = run(&values, &variances, TauSquaredEstimator::DerSimonianLaird);
            pulled += u32::from(found.presence.iter().any(|presence| presence.pulls_estimate));
            raised += u32::from(found.presence.iter().any(|presence| presence.raises_i_squared));
        }
        assert!(pulled < sets / 12 && raised < sets / 7, "{studies} {tau}: {pulled} {raised} of {sets}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing_and_many_studies_are_sampled() {
    let values: Vec<f64> = (0..24).map(|study| 0.3 * (2.3 * f64::from(study)).sin()).collect();
    let variances: Vec<f64> = (0..24).map(|study| 0.02 + 0.01 * f64::from(study % 7)).collect();
    let options = GoshOptions { draws: 20_000, ..GoshOptions::default() };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| gosh(&values, &variances, &options).unwrap())
    };
    let (one, three) = (with(1), with(3));
    assert_eq!(one, three);
    assert_eq!((one.subsets, one.exhaustive, one.points.len()), (20_000, false, 5_000));
    assert_eq!(one.density.counts.iter().sum::<u32>(), 20_000);
}
