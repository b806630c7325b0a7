//! Parametric survival on input that is easy to get wrong.

use kmeta_evidence_pool::{
    ParametricSurvivalOptions, PoolError, SurvivalDistribution, TrialPatients, pool_parametric_survival,
};
use kmeta_trial_data::{PatientRecord, Provenance};

fn trial(id: &str, times: &[(f64, bool)]) -> TrialPatients {
    TrialPatients {
        trial: id.to_owned(),
        label: id.to_owned(),
        patients: times.iter().map(|&(time, event)| PatientRecord { time, event }).collect(),
        provenance: Provenance::printed("test"),
    }
}

#[test]
fn unusable_input_is_refused() {
    let options = ParametricSurvivalOptions::default();
    let refused = |trials: &[TrialPatients]| pool_parametric_survival(trials, &options).unwrap_err();
    assert_eq!(refused(&[]), PoolError::NoStudies);
    assert_eq!(refused(&[trial("a", &[(1.0, false)])]), PoolError::NoEvents);
    assert_eq!(refused(&[trial("a", &[(0.0, true)])]), PoolError::EventAtTimeZero { trial: "a".into() });
    assert!(matches!(refused(&[trial("a", &[(-1.0, true)])]), PoolError::Patients { .. }));
    assert!(matches!(refused(&[trial("a", &[])]), PoolError::Patients { .. }));
    let repeated = ParametricSurvivalOptions {
        distributions: vec![SurvivalDistribution::Weibull; 2],
        ..options.clone()
    };
    let one = [trial("a", &[(1.0, true)])];
    assert!(matches!(pool_parametric_survival(&one, &repeated), Err(PoolError::RepeatedDistribution { .. })));
}

/// One event time only: a Weibull shape runs to infinity, the exponential rate is events over follow-up.
#[test]
fn a_distribution_without_a_maximum_is_left_out() {
    let one = [trial("a", &[(0.0, false), (2.0, true), (2.0, true)])];
    let options = ParametricSurvivalOptions {
        distributions: vec![SurvivalDistribution::Exponential, SurvivalDistribution::Weibull],
        ..Default::default()
    };
    let pooled = pool_parametric_survival(&one, &options).unwrap();
    assert_eq!(pooled.best, SurvivalDistribution::Exponential);
    assert_eq!(pooled.fits.len(), 1);
    assert!(pooled.findings.iter().any(|finding| finding.code == "distribution-not-fitted"));
    let median = pooled.fits[0].common.curve.median.unwrap().time;
    assert!((median - 2.0 * std::f64::consts::LN_2).abs() < 1e-9);
}

/// Equal trials: tau-squared is 0 and the random model is the common one.
#[test]
fn trials_without_differences() {
    let times = [(1.0, true), (2.0, true), (4.0, true), (5.0, false)];
    let options = ParametricSurvivalOptions { times: vec![2.0], ..Default::default() };
    let pooled = pool_parametric_survival(&[trial("a", &times), trial("b", &times)], &options).unwrap();
    for fit in &pooled.fits {
        let random = fit.random.as_ref().unwrap();
        assert_eq!(random.tau_squared, 0.0, "{:?}", fit.distribution);
        assert_eq!(random.model.curve, fit.common.curve);
        assert_eq!(random.average, fit.common.curve);
    }
    let weights: f64 = pooled.fits.iter().map(|fit| fit.model().aic_weight).sum();
    assert!((weights - 1.0).abs() < 1e-12);
}
