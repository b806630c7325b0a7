//! The summary survival curve against R `metaSurvival` on the cohorts of the ATC example
//! (`fixtures/atc-tki/pooled-from-cohorts.json`), and on input that is easy to get wrong.

use std::path::{Path, PathBuf};

use approx::assert_relative_eq;
use kmeta_evidence_pool::{PoolError, SurvivalOptions, TrialPatients, pool_survival};
use kmeta_trial_data::{PatientRecord, PooledSurvival, Provenance, SurvivalPoint};
use serde_json::Value;

/// R prints its answers with 12 digits.
const CLOSED_FORM: f64 = 1e-8;
/// `metaSurvival` takes 1.96 where the normal quantile is 1.959964: limits are compared after undoing that.
const R_QUANTILE: f64 = 1.96;
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki")
}

fn trial(id: &str, patients: Vec<PatientRecord>) -> TrialPatients {
    TrialPatients {
        trial: id.to_owned(),
        label: id.to_owned(),
        patients,
        provenance: Provenance::printed("test"),
    }
}

fn cohort(id: &str, endpoint: &str) -> TrialPatients {
    let mut reader = csv::Reader::from_path(fixtures().join(format!("cohorts/{id}-{endpoint}.csv"))).unwrap();
    let patients = reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            PatientRecord { time: row[1].parse().unwrap(), event: &row[2] == "1" }
        })
        .collect();
    trial(id, patients)
}

fn pooled(endpoint: &str, ids: &[&str], times: &[f64]) -> PooledSurvival {
    let trials: Vec<TrialPatients> = ids.iter().map(|id| cohort(id, endpoint)).collect();
    let options = SurvivalOptions { times: times.to_vec(), seed: 1, ..SurvivalOptions::default() };
    pool_survival(&trials, &options).unwrap()
}

fn compare(points: &[SurvivalPoint], expected: &Value, tolerance: f64, place: &str) {
    let expected = expected.as_array().unwrap();
    assert_eq!(points.len(), expected.len(), "{place}");
    for (point, row) in points.iter().zip(expected) {
        let number = |index: usize| row[index].as_f64().unwrap();
        assert_eq!(point.time, number(0));
        assert_relative_eq!(point.survival, number(1), max_relative = tolerance);
        let with_r_quantile = |limit: f64| {
            point.survival * ((limit / point.survival).ln() * R_QUANTILE / NORMAL_QUANTILE).exp()
        };
        assert_relative_eq!(with_r_quantile(point.interval.lower), number(2), max_relative = tolerance);
        assert_relative_eq!(with_r_quantile(point.interval.upper), number(3), max_relative = tolerance);
        assert_eq!(f64::from(point.number_at_risk), number(4), "{place} at {}", point.time);
    }
}

fn compare_endpoint(endpoint: &str, ids: &[&str], times: &[f64]) -> PooledSurvival {
    let text = std::fs::read_to_string(fixtures().join("pooled-from-cohorts.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let expected = &expected[endpoint];
    let result = pooled(endpoint, ids, times);
    compare(&result.common, &expected["fixed"], CLOSED_FORM, "common effect");
    compare(&result.random, &expected["random"], CLOSED_FORM, "random effects");
    let heterogeneity = result.heterogeneity.as_ref().unwrap();
    assert_relative_eq!(
        heterogeneity.q,
        expected["heterogeneity"][0].as_f64().unwrap(),
        max_relative = CLOSED_FORM
    );
    assert_relative_eq!(
        heterogeneity.h_squared,
        expected["heterogeneity"][1].as_f64().unwrap(),
        max_relative = CLOSED_FORM
    );
    let i_squared = expected["heterogeneity"][2].as_f64().unwrap() / 100.0;
    assert_relative_eq!(heterogeneity.i_squared, i_squared, max_relative = CLOSED_FORM);
    result
}

#[test]
fn overall_survival_equals_r() {
    let ids = ["bible2012", "savvides2013", "tahara2017", "wirth2021", "higashiyama2022"];
    let times: Vec<f64> = (1..=8).map(|step| f64::from(step) * 3.0).collect();
    let result = compare_endpoint("os", &ids, &times);
    assert_relative_eq!(result.median.unwrap(), 4.4990086626, max_relative = CLOSED_FORM);
    let (lower, upper) = (result.median_lower.unwrap(), result.median_upper.unwrap());
    assert!(lower < 4.0 && upper > 5.5, "{lower} {upper}");
    let trials: Vec<u32> = result.random.iter().map(|point| point.trials).collect();
    assert_eq!(trials, [5, 5, 5, 5, 4, 3, 2, 1]);
}

#[test]
fn progression_free_survival_equals_r() {
    let ids = ["bible2012", "savvides2013", "tahara2017", "wirth2021"];
    let result = compare_endpoint("pfs", &ids, &[3.0, 6.0, 9.0, 12.0, 15.0]);
    // The curve is below one half at the first time: R gives none, the line from S(0) = 1 gives this.
    let expected = 3.0 * 0.5 / (1.0 - 0.43602300271);
    assert_relative_eq!(result.median.unwrap(), expected, max_relative = CLOSED_FORM);
}

#[test]
fn times_that_no_trial_reaches_are_left_out_and_said() {
    let result = pooled("pfs", &["bible2012", "savvides2013"], &[3.0, 6.0, 9.0, 12.0, 15.0, 18.0]);
    assert_eq!(result.random.len(), 4);
    let codes: Vec<&str> = result.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&"times-beyond-follow-up") && codes.contains(&"single-trial-times"), "{codes:?}");
}

#[test]
fn a_curve_that_reached_zero_contributes_no_more() {
    let dead = trial(
        "dead",
        vec![PatientRecord { time: 2.0, event: true }, PatientRecord { time: 4.0, event: true }],
    );
    let alive: Vec<PatientRecord> =
        (1..=9).map(|t| PatientRecord { time: f64::from(t), event: t % 2 == 0 }).collect();
    let options = SurvivalOptions { times: vec![4.0, 6.0, 8.0], ..SurvivalOptions::default() };
    let result = pool_survival(&[dead, trial("alive", alive)], &options).unwrap();
    let trials: Vec<u32> = result.random.iter().map(|point| point.trials).collect();
    assert_eq!(trials, [2, 1, 1]);
    assert!(result.random.iter().all(|point| point.survival.is_finite() && point.interval.upper <= 1.0));
}

#[test]
fn one_trial_and_a_median_that_is_not_reached() {
    let patients: Vec<PatientRecord> =
        (1..=20).map(|t| PatientRecord { time: f64::from(t), event: t == 3 }).collect();
    let options = SurvivalOptions { times: vec![5.0, 10.0], ..SurvivalOptions::default() };
    let result = pool_survival(&[trial("only", patients)], &options).unwrap();
    assert!(result.heterogeneity.is_none() && result.median.is_none() && result.median_upper.is_none());
}

#[test]
fn bad_input_is_named() {
    let one = trial("one", vec![PatientRecord { time: 2.0, event: true }]);
    let at = |times: &[f64]| SurvivalOptions { times: times.to_vec(), ..SurvivalOptions::default() };
    assert_eq!(pool_survival(&[], &at(&[1.0])), Err(PoolError::NoStudies));
    assert_eq!(pool_survival(std::slice::from_ref(&one), &at(&[])), Err(PoolError::NoTimes));
    assert!(matches!(
        pool_survival(std::slice::from_ref(&one), &at(&[2.0, 1.0])),
        Err(PoolError::InvalidTimes { index: 1, .. })
    ));
    assert!(matches!(
        pool_survival(std::slice::from_ref(&one), &at(&[f64::NAN])),
        Err(PoolError::InvalidTimes { .. })
    ));
    assert!(matches!(
        pool_survival(std::slice::from_ref(&one), &at(&[3.0])),
        Err(PoolError::NoFollowUp { .. })
    ));
    assert!(matches!(
        pool_survival(&[one.clone(), one.clone()], &at(&[1.0])),
        Err(PoolError::DuplicateTrial { .. })
    ));
    let empty = trial("empty", Vec::new());
    assert!(matches!(pool_survival(&[empty], &at(&[1.0])), Err(PoolError::Patients { .. })));
}

#[test]
fn what_the_curve_does_not_know_is_said() {
    // Both savvides2013 patients at risk at 18 months died by 20.13, before the next asked time.
    let times: Vec<f64> = (1..=8).map(|step| f64::from(step) * 3.0).collect();
    let result = pooled("os", &["savvides2013", "higashiyama2022"], &times);
    let said = |result: &PooledSurvival, code: &str| {
        result.findings.iter().find(|finding| finding.code == code).map(|finding| finding.message.clone())
    };
    assert!(said(&result, "events-after-last-time").unwrap().contains("savvides2013 (2 after 18)"));
    assert!(said(&result, "many-intervals").is_none());
    let early = pooled("pfs", &["savvides2013", "wirth2021"], &[3.0, 6.0]);
    assert!(said(&early, "median-before-first-time").is_some());
    let fine: Vec<f64> = (1..=24).map(f64::from).collect();
    assert!(said(&pooled("os", &["higashiyama2022", "tahara2017"], &fine), "many-intervals").is_some());
}

#[test]
fn same_seed_same_median_interval() {
    let trials = [cohort("tahara2017", "os"), cohort("wirth2021", "os")];
    let at = |seed| {
        let options = SurvivalOptions {
            times: vec![3.0, 6.0, 9.0, 12.0],
            median_draws: 500,
            seed,
            ..SurvivalOptions::default()
        };
        let result = pool_survival(&trials, &options).unwrap();
        (result.median_lower, result.median_upper)
    };
    assert_eq!(at(1), at(1));
    assert_ne!(at(1), at(2));
}
