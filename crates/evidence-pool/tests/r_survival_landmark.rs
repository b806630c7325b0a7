//! Landmark survival, medians and restricted means of the cohorts of `fixtures/atc-tki` against R survival and
//! metafor (`tools/reference_fixtures/survival_landmark.R`), and input that is easy to get wrong.

mod support;

use std::path::Path;

use kmeta_evidence_pool::{
    LandmarkOptions, LandmarkScale, MedianSource, ModelOptions, PoolError, RestrictedMeanOptions,
    SurvivalTimeOptions, TrialMedian, TrialPatients, pool_landmark_survival, pool_median_survival,
    pool_restricted_mean_survival,
};
use kmeta_trial_data::{IntervalMethod, PatientRecord, Provenance, TauSquaredEstimator};
use serde_json::Value;
use support::{Agreement, CLOSED_FORM, ITERATIVE, reference};

fn trial(id: &str, patients: Vec<PatientRecord>) -> TrialPatients {
    let provenance = Provenance::printed("test");
    TrialPatients { trial: id.to_owned(), label: id.to_owned(), patients, provenance }
}

/// `fixtures/atc-tki/cohorts`, in the order of the reference.
fn cohorts(reference: &Value) -> Vec<TrialPatients> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/atc-tki/cohorts");
    let read = |id: &str| {
        let mut reader = csv::Reader::from_path(folder.join(format!("{id}-os.csv"))).unwrap();
        let patient = |row: Result<csv::StringRecord, csv::Error>| {
            let row = row.unwrap();
            PatientRecord { time: row[1].parse().unwrap(), event: &row[2] == "1" }
        };
        trial(id, reader.records().map(patient).collect())
    };
    reference["trials"].as_array().unwrap().iter().map(|id| read(id.as_str().unwrap())).collect()
}

fn model(pool: &Value) -> (ModelOptions, f64) {
    let dersimonian = pool["method"] == "DL";
    let options = ModelOptions {
        tau_squared: if dersimonian {
            TauSquaredEstimator::DerSimonianLaird
        } else {
            TauSquaredEstimator::RestrictedMaximumLikelihood
        },
        interval: if pool["test"] == "z" { IntervalMethod::Wald } else { IntervalMethod::HartungKnapp },
        ..ModelOptions::default()
    };
    (options, if dersimonian { CLOSED_FORM } else { ITERATIVE })
}

/// Mean, standard error, τ² and Q with the limits on the scale of the analysis.
struct Pooled {
    mean: f64,
    standard_error: f64,
    tau_squared: f64,
    q: f64,
}

fn compare(agreement: &mut Agreement, ours: &Pooled, pool: &Value, tolerance: f64, place: &str) {
    agreement.case();
    agreement.close_to("mean", ours.mean, &pool["mean"], tolerance, place);
    agreement.close_to("standard error", ours.standard_error, &pool["se"], tolerance, place);
    agreement.close_to("tau-squared", ours.tau_squared, &pool["tau2"], tolerance, place);
    agreement.close_to("Q", ours.q, &pool["Q"], CLOSED_FORM, place);
}

#[test]
fn r_survival_landmark() {
    let reference = reference("survival_landmark.json");
    let trials = cohorts(&reference);
    let mut agreement = Agreement::new("landmark survival, medians, restricted means");
    let scales = [
        ("cloglog", LandmarkScale::ComplementaryLogLog),
        ("log", LandmarkScale::Log),
        ("logit", LandmarkScale::Logit),
    ];
    for landmark in reference["landmark"].as_array().unwrap() {
        let time = landmark["time"].as_f64().unwrap();
        let pooled = |scale, model| {
            let options = LandmarkOptions { times: vec![time], scale, model, ..LandmarkOptions::default() };
            pool_landmark_survival(&trials, &options).unwrap().times.remove(0)
        };
        for (name, scale) in scales {
            for (index, row) in pooled(scale, ModelOptions::default()).rows.iter().enumerate() {
                let place = format!("{name} {time} {}", row.trial);
                agreement.close_to(
                    "survival",
                    row.survival,
                    &landmark["survival"][index],
                    CLOSED_FORM,
                    &place,
                );
                agreement.close_to(
                    "trial value",
                    row.value,
                    &landmark[name]["y"][index],
                    CLOSED_FORM,
                    &place,
                );
                agreement.close_to(
                    "trial variance",
                    row.variance,
                    &landmark[name]["v"][index],
                    CLOSED_FORM,
                    &place,
                );
                agreement.close_to(
                    "effective size",
                    row.effective_size,
                    &landmark["effective"][index],
                    CLOSED_FORM,
                    &place,
                );
            }
            for pool in landmark[name]["pools"].as_array().unwrap() {
                let (model, tolerance) = model(pool);
                let ours = pooled(scale, model);
                let place = format!("{name} {time} {} {}", pool["method"], pool["test"]);
                let numbers = Pooled {
                    mean: ours.mean,
                    standard_error: ours.standard_error,
                    tau_squared: ours.tau_squared,
                    q: ours.q.unwrap(),
                };
                compare(&mut agreement, &numbers, pool, tolerance, &place);
                let shown = |end: &str| {
                    let value = pool[end].as_f64().unwrap();
                    match scale {
                        LandmarkScale::ComplementaryLogLog => (-value.exp()).exp(),
                        LandmarkScale::Log => value.exp().min(1.0),
                        _ => 1.0 / (1.0 + (-value).exp()),
                    }
                };
                let (lower, upper) = if name == "cloglog" { ("upper", "lower") } else { ("lower", "upper") };
                agreement.close("limit", ours.interval.lower, shown(lower), tolerance, &place);
                agreement.close("limit", ours.interval.upper, shown(upper), tolerance, &place);
            }
        }
        let glmm = pooled(LandmarkScale::BinomialNormal, ModelOptions::default());
        let place = format!("binomial-normal {time}");
        agreement.case();
        agreement.close_to("mean, binomial-normal", glmm.mean, &landmark["glmm"]["mean"], ITERATIVE, &place);
        agreement.close_to(
            "tau-squared, binomial-normal",
            glmm.tau_squared,
            &landmark["glmm"]["tau2"],
            1e-6,
            &place,
        );
    }
    times(&mut agreement, &trials, &reference);
    // 3 times × (3 scales × (5 trials × 4 + 3 pools × 6) + 2) and 6 pools of times × (5 trials × 2 + 6).
    agreement.finish(36, 3 * (3 * (5 * 4 + 3 * 6) + 2) + 6 * (5 * 2 + 6));
}

fn times(agreement: &mut Agreement, trials: &[TrialPatients], reference: &Value) {
    let medians: Vec<TrialMedian> = trials
        .iter()
        .map(|trial| TrialMedian {
            trial: trial.trial.clone(),
            label: trial.label.clone(),
            source: MedianSource::Patients(trial.patients.clone()),
            provenance: trial.provenance.clone(),
        })
        .collect();
    for (name, expected) in
        [("median", &reference["medians"]), ("restricted mean", &reference["restricted_means"])]
    {
        for pool in expected["pools"].as_array().unwrap() {
            let (model, tolerance) = model(pool);
            let pooling = SurvivalTimeOptions { model, ..SurvivalTimeOptions::default() };
            let ours = if name == "median" {
                pool_median_survival(&medians, &pooling).unwrap()
            } else {
                pool_restricted_mean_survival(trials, &RestrictedMeanOptions { horizon: 9.0, pooling })
                    .unwrap()
            };
            let place = format!("{name} {} {}", pool["method"], pool["test"]);
            for (index, row) in ours.rows.iter().enumerate() {
                agreement.close_to("time", row.value, &expected["y"][index], CLOSED_FORM, &place);
                agreement.close_to(
                    "variance of a time",
                    row.variance,
                    &expected["v"][index],
                    CLOSED_FORM,
                    &place,
                );
            }
            let numbers = Pooled {
                mean: ours.mean,
                standard_error: ours.standard_error,
                tau_squared: ours.tau_squared,
                q: ours.q.unwrap(),
            };
            compare(agreement, &numbers, pool, tolerance, &place);
            let shown = |end: &str| {
                let value = pool[end].as_f64().unwrap();
                if name == "median" { value.exp() } else { value }
            };
            agreement.close("limit of a time", ours.interval.lower, shown("lower"), tolerance, &place);
            agreement.close("limit of a time", ours.interval.upper, shown("upper"), tolerance, &place);
        }
    }
}

fn patients(count: u32, event: impl Fn(u32) -> bool) -> Vec<PatientRecord> {
    (1..=count).map(|index| PatientRecord { time: f64::from(index), event: event(index) }).collect()
}

fn at(times: &[f64], scale: LandmarkScale) -> LandmarkOptions {
    LandmarkOptions { times: times.to_vec(), scale, ..LandmarkOptions::default() }
}

#[test]
fn survival_of_0_and_1_is_corrected_or_fits_the_model() {
    let trials = [
        trial("alive", patients(20, |index| index > 15)),
        trial("dead", patients(8, |_| true)),
        trial("between", patients(30, |index| index % 2 == 0)),
    ];
    for scale in [LandmarkScale::ComplementaryLogLog, LandmarkScale::Log, LandmarkScale::Logit] {
        let result = pool_landmark_survival(&trials, &at(&[9.0], scale)).unwrap();
        let corrected: Vec<bool> = result.times[0].rows.iter().map(|row| row.corrected).collect();
        assert_eq!(corrected, [true, true, false]);
        assert!(result.findings.iter().any(|finding| finding.code == "continuity-correction"));
        let dead = &result.times[0].rows[1];
        assert!((dead.survival, dead.effective_size.round()) == (0.0, 8.0), "{dead:?}");
        assert!(result.times[0].survival > 0.0 && result.times[0].survival < 1.0);
        assert!(result.times[0].interval.lower < result.times[0].survival);
    }
    let model = pool_landmark_survival(&trials, &at(&[9.0], LandmarkScale::BinomialNormal)).unwrap();
    assert!(model.times[0].tau_squared > 0.0 && model.findings.is_empty(), "{:?}", model.findings);
}

#[test]
fn trials_that_end_before_are_left_out_by_name() {
    let trials = [
        trial("short", patients(5, |index| index == 2)),
        trial("long", patients(20, |index| index % 3 == 0)),
    ];
    let result = pool_landmark_survival(&trials, &at(&[4.0, 10.0, 30.0], LandmarkScale::Logit)).unwrap();
    assert_eq!(result.times.len(), 2);
    assert_eq!(result.times[1].left_out[0].trial, "short");
    let codes: Vec<&str> = result.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["trials-left-out", "single-study", "times-beyond-follow-up"]);
    assert!(matches!(
        pool_landmark_survival(&trials, &at(&[30.0], LandmarkScale::Logit)),
        Err(PoolError::NoFollowUp { .. })
    ));
    assert_eq!(pool_landmark_survival(&[], &at(&[1.0], LandmarkScale::Log)), Err(PoolError::NoStudies));
}

#[test]
fn a_model_without_a_finite_maximum_is_refused() {
    let alive = |name: &str| trial(name, patients(20, |index| index > 15));
    let both = [alive("one"), alive("two")];
    let result = pool_landmark_survival(&both, &at(&[9.0], LandmarkScale::BinomialNormal));
    assert!(matches!(result, Err(PoolError::NotEstimable { .. })), "{result:?}");
    assert!(pool_landmark_survival(&both, &at(&[9.0], LandmarkScale::ComplementaryLogLog)).is_ok());
    let one = pool_landmark_survival(&both[..1], &at(&[9.0], LandmarkScale::BinomialNormal)).unwrap();
    assert!(one.times[0].interval.lower > 0.5 && one.times[0].q.is_none());
}

fn printed(trial: &str, median: Option<f64>, lower: Option<f64>, upper: Option<f64>) -> TrialMedian {
    TrialMedian {
        trial: trial.to_owned(),
        label: trial.to_owned(),
        source: MedianSource::Printed { median, lower, upper, confidence_level: 0.95 },
        provenance: Provenance::printed("abstract"),
    }
}

#[test]
fn medians_that_are_not_reached_are_left_out_by_name() {
    let trials = [
        printed("whole", Some(10.0), Some(8.0), Some(12.5)),
        printed("open", Some(12.0), Some(9.0), None),
        printed("not reached", None, Some(15.0), None),
        printed("bare", Some(9.0), None, None),
    ];
    let result = pool_median_survival(&trials, &SurvivalTimeOptions::default()).unwrap();
    assert_eq!(result.rows.len(), 2);
    let z = 1.959_963_984_540_054;
    assert!((result.rows[1].variance.sqrt() - (12.0_f64 / 9.0).ln() / z).abs() < 1e-12);
    let left_out: Vec<&str> = result.left_out.iter().map(|trial| trial.trial.as_str()).collect();
    assert_eq!(left_out, ["not reached", "bare"]);
    let none = pool_median_survival(&trials[2..], &SurvivalTimeOptions::default());
    assert!(matches!(none, Err(PoolError::TooFewStudies { found: 0, .. })));
}

#[test]
fn impossible_medians_are_named() {
    let refused = |median, lower, upper| {
        let result =
            pool_median_survival(&[printed("x", median, lower, upper)], &SurvivalTimeOptions::default());
        assert!(matches!(result, Err(PoolError::InvalidMedian { .. })), "{result:?}");
    };
    refused(Some(-1.0), None, None);
    refused(Some(5.0), Some(6.0), Some(9.0));
    refused(Some(5.0), Some(4.0), Some(4.5));
    refused(Some(f64::NAN), None, None);
    refused(None, None, Some(f64::INFINITY));
}

#[test]
fn restricted_means_need_follow_up_and_events() {
    let trials = [
        trial("short", patients(5, |index| index == 2)),
        trial("silent", patients(20, |_| false)),
        trial("long", patients(20, |index| index % 3 == 0)),
        trial("dead", patients(6, |_| true)),
    ];
    let at = |horizon| RestrictedMeanOptions { horizon, pooling: SurvivalTimeOptions::default() };
    let result = pool_restricted_mean_survival(&trials, &at(10.0)).unwrap();
    let used: Vec<&str> = result.rows.iter().map(|row| row.trial.as_str()).collect();
    assert_eq!(used, ["long", "dead"]);
    assert_eq!(result.left_out.len(), 2);
    assert!(result.time > 3.5 && result.time < 9.0 && result.interval.upper <= 10.0);
    for horizon in [0.0, -1.0, f64::NAN] {
        assert!(matches!(
            pool_restricted_mean_survival(&trials, &at(horizon)),
            Err(PoolError::InvalidHorizon { .. })
        ));
    }
}
