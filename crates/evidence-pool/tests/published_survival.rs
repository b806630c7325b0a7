//! Printed tables and strata of the summary survival curve.

use approx::assert_relative_eq;
use kmeta_evidence_pool::{
    PoolError, PublishedSurvival, StratumCurve, SurvivalOptions, TrialCurve, TrialPatients, pool_survival,
    pool_survival_curves, pool_survival_strata,
};
use kmeta_trial_data::{PatientRecord, Provenance};

fn table(trial: &str, times: &[f64], number_at_risk: &[f64], survival: &[f64]) -> TrialCurve {
    TrialCurve::Published(PublishedSurvival {
        trial: trial.to_owned(),
        label: trial.to_owned(),
        times: times.to_vec(),
        number_at_risk: number_at_risk.to_vec(),
        survival: survival.to_vec(),
        provenance: Provenance::printed("table"),
    })
}

fn at(times: &[f64]) -> SurvivalOptions {
    SurvivalOptions { times: times.to_vec(), median_draws: 200, ..SurvivalOptions::default() }
}

/// Events at 0.5, 1.5, …, without censoring, so that table and patients say the same.
fn patients(trial: &str, size: usize) -> TrialPatients {
    TrialPatients {
        trial: trial.to_owned(),
        label: trial.to_owned(),
        patients: (0..size).map(|index| PatientRecord { time: index as f64 + 0.5, event: true }).collect(),
        provenance: Provenance::printed("test"),
    }
}

#[test]
fn a_table_says_the_same_as_its_patients() {
    let (one, two) = (patients("one", 20), patients("two", 30));
    let as_table =
        table("two", &[4.0, 8.0, 12.0], &[30.0, 26.0, 22.0], &[26.0 / 30.0, 22.0 / 30.0, 18.0 / 30.0]);
    let times = [4.0, 8.0, 12.0];
    let from_patients = pool_survival(&[one.clone(), two], &at(&times)).unwrap();
    let mixed = pool_survival_curves(&[TrialCurve::Patients(one), as_table], &at(&times)).unwrap();
    for (ours, expected) in mixed.random.iter().zip(&from_patients.random) {
        assert_relative_eq!(ours.survival, expected.survival, max_relative = 1e-12);
        assert_eq!(ours.number_at_risk, expected.number_at_risk);
    }
    assert_eq!(mixed.trials[1].events, 12);
}

#[test]
fn other_times_are_reached_by_constant_hazards() {
    // Hazard 0.1 and no loss: every time lies on the same exponential curve.
    let survival = |time: f64| (-0.1 * time).exp();
    let own = [2.0, 5.0, 9.0];
    let exact = table("exact", &[3.0, 6.0], &[50.0, 50.0 * survival(3.0)], &[survival(3.0), survival(6.0)]);
    let other = table("exact", &own, &[50.0, 50.0 * survival(2.0), 50.0 * survival(5.0)], &own.map(survival));
    let expected = pool_survival_curves(&[exact], &at(&[3.0, 6.0])).unwrap();
    let ours = pool_survival_curves(&[other], &at(&[3.0, 6.0])).unwrap();
    for (ours, expected) in ours.random.iter().zip(&expected.random) {
        assert_relative_eq!(ours.survival, expected.survival, max_relative = 1e-12);
    }
}

#[test]
fn a_table_that_reaches_zero_ends_there() {
    let dead = table("dead", &[2.0, 4.0, 6.0], &[10.0, 5.0, 0.0], &[0.5, 0.0, 0.0]);
    let alive = table("alive", &[2.0, 4.0, 6.0], &[30.0, 25.0, 20.0], &[0.9, 0.8, 0.7]);
    let result = pool_survival_curves(&[dead, alive], &at(&[2.0, 4.0, 6.0])).unwrap();
    assert_eq!(result.random.iter().map(|point| point.trials).collect::<Vec<_>>(), [2, 2, 1]);
}

#[test]
fn unusable_rows_are_named() {
    let refused = |times: &[f64], at_risk: &[f64], survival: &[f64]| match pool_survival_curves(
        &[table("x", times, at_risk, survival)],
        &at(&[1.0]),
    ) {
        Err(PoolError::PublishedSurvival { trial, row, .. }) => (trial, row),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&[], &[], &[]).1, 1);
    assert_eq!(refused(&[1.0, 2.0], &[9.0], &[0.9, 0.8]), ("x".to_owned(), 2));
    assert_eq!(refused(&[2.0, 1.0], &[9.0, 8.0], &[0.9, 0.8]).1, 2);
    assert_eq!(refused(&[0.0, 1.0], &[9.0, 8.0], &[1.0, 0.8]).1, 1);
    assert_eq!(refused(&[1.0, 2.0], &[9.0, 8.0], &[80.0, 70.0]).1, 1);
    assert_eq!(refused(&[1.0, 2.0], &[9.0, 8.0], &[0.8, 0.9]).1, 2);
    assert_eq!(refused(&[1.0, 2.0], &[9.0, 0.0], &[0.8, 0.7]).1, 2);
    assert_eq!(refused(&[1.0], &[f64::NAN], &[0.8]).1, 1);
}

fn stratum(name: &str, trial: &str, survival: [f64; 2]) -> StratumCurve {
    let at_risk = [50.0, 50.0 * survival[0]];
    StratumCurve { stratum: name.to_owned(), curve: table(trial, &[3.0, 6.0], &at_risk, &survival) }
}

/// Two strata of two equal trials each, one time: Q by hand from β = asin √((n q + ¼)/(n + ½)) with the variance
/// 1/(4·2·(n + ½)) of a mean of two.
#[test]
fn test_of_two_strata_by_hand() {
    let trials = [
        stratum("a", "a1", [0.8, 0.5]),
        stratum("a", "a2", [0.8, 0.5]),
        stratum("b", "b1", [0.6, 0.5]),
        stratum("b", "b2", [0.6, 0.5]),
    ];
    let result = pool_survival_strata(&trials, &at(&[3.0])).unwrap();
    let value = |share: f64| ((50.0_f64 * share + 0.25) / 50.5).sqrt().asin();
    let variance = 1.0 / (8.0 * 50.5);
    let q = (value(0.8) - value(0.6)).powi(2) / (2.0 * variance);
    assert_relative_eq!(result.common.q, q, max_relative = 1e-12);
    assert_relative_eq!(result.random.q, q, max_relative = 1e-10);
    assert_eq!(result.common.degrees_of_freedom, 1);
    assert_eq!(result.strata.len(), 2);
    assert!(result.strata[0].curve.random[0].survival > result.strata[1].curve.random[0].survival);
}

/// Q of all trials is that within strata and that between them.
#[test]
fn q_is_divided_between_and_within() {
    let trials = [
        stratum("a", "a1", [0.8, 0.6]),
        stratum("a", "a2", [0.7, 0.5]),
        stratum("b", "b1", [0.6, 0.2]),
        stratum("b", "b2", [0.5, 0.3]),
        stratum("b", "b3", [0.55, 0.35]),
    ];
    let result = pool_survival_strata(&trials, &at(&[3.0, 6.0])).unwrap();
    let q = |curve: &kmeta_trial_data::PooledSurvival| curve.heterogeneity.as_ref().unwrap().q;
    let within: f64 = result.strata.iter().map(|stratum| q(&stratum.curve)).sum();
    assert_relative_eq!(result.common.q, q(&result.overall) - within, max_relative = 1e-9);
    assert_eq!(result.common.degrees_of_freedom, 2);
    assert!(result.common.p_value < 0.01);
}

#[test]
fn strata_that_cannot_be_compared_are_named() {
    let one = [stratum("a", "a1", [0.8, 0.6]), stratum("a", "a2", [0.7, 0.5])];
    assert!(matches!(pool_survival_strata(&one, &at(&[3.0])), Err(PoolError::Stratum { .. })));
    let lonely = [one[0].clone(), one[1].clone(), stratum("b", "b1", [0.5, 0.4])];
    assert!(
        matches!(pool_survival_strata(&lonely, &at(&[3.0])), Err(PoolError::Stratum { stratum, .. }) if stratum == "b")
    );
    assert_eq!(pool_survival_strata(&[], &at(&[3.0])), Err(PoolError::NoStudies));
}
