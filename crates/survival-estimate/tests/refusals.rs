//! What has no answer is refused with an error that says why, never answered with NaN.

use kmeta_survival_estimate::{
    CompetingRisksPatient, CoxData, CoxTerm, CumulativeIncidence, FlemingHarrington, KaplanMeier,
    NelsonAalen, PiecewiseExponential, PredictorDirection, SurvivalError, TiedHazard, Ties,
    compare_piecewise, concordance, cox_regression, cox_two_arms, gray_test, max_combo, predicted_survival,
    robust_covariance, weighted_log_rank,
};
use kmeta_trial_data::PatientRecord;

#[test]
fn what_has_no_answer_is_refused() {
    let one = |time: f64, event: bool| PatientRecord { time, event };
    let some = [one(1.0, true), one(2.0, false), one(3.0, true)];
    let censored = [one(1.0, false), one(2.0, false)];
    let wrong = [one(1.0, true), one(-2.0, true)];
    assert!(matches!(NelsonAalen::fit(&[], TiedHazard::Together), Err(SurvivalError::NoPatients { .. })));
    assert!(matches!(
        NelsonAalen::fit(&wrong, TiedHazard::Together),
        Err(SurvivalError::InvalidTime { index: 1, .. })
    ));
    assert_eq!(NelsonAalen::fit(&censored, TiedHazard::Together).unwrap().cumulative_hazard(), [0.0, 0.0]);
    assert_eq!(KaplanMeier::fit(&censored).unwrap().quantile(0.5).unwrap(), None);
    assert!(KaplanMeier::fit(&some).unwrap().quantile(f64::NAN).is_err());
    assert!(matches!(FlemingHarrington::new(-1.0, 0.0), Err(SurvivalError::InvalidWeight { .. })));
    let log_rank = FlemingHarrington::LOG_RANK;
    assert_eq!(weighted_log_rank(&[&some], log_rank), Err(SurvivalError::TooFewGroups { groups: 1 }));
    assert_eq!(weighted_log_rank(&[&censored, &censored], log_rank), Err(SurvivalError::NothingToCompare));
    assert_eq!(max_combo(&censored, &censored, &[log_rank]), Err(SurvivalError::NothingToCompare));
    assert!(matches!(max_combo(&some, &[], &[log_rank]), Err(SurvivalError::NoPatients { .. })));
    assert!(matches!(max_combo(&some, &some, &[]), Err(SurvivalError::WeightCount { weights: 0, .. })));
    // The only event at which both are at risk comes first, where 1 − S(t−) is 0.
    let late = FlemingHarrington::LATE;
    let early = [one(1.0, true)];
    assert_eq!(max_combo(&early, &some, &[late]), Err(SurvivalError::NothingToCompare));
    let direction = PredictorDirection::LongerSurvival;
    let c = |predictor: &[f64]| concordance(&some, predictor, &[], direction);
    assert!(matches!(c(&[1.0]), Err(SurvivalError::ValueCount { found: 1, patients: 3, .. })));
    assert!(matches!(c(&[1.0, f64::NAN, 2.0]), Err(SurvivalError::InvalidPredictor { index: 1, .. })));
    assert_eq!(concordance(&censored, &[1.0, 2.0], &[], direction), Err(SurvivalError::NoComparablePairs));
    let cut = |cuts: &[f64]| PiecewiseExponential::fit(&some, cuts);
    assert!(matches!(cut(&[2.0, 2.0]), Err(SurvivalError::InvalidCut { index: 1, .. })));
    assert!(matches!(cut(&[f64::NAN]), Err(SurvivalError::InvalidCut { index: 0, .. })));
    let at_once = PiecewiseExponential::fit(&[one(0.0, true)], &[]);
    assert_eq!(at_once, Err(SurvivalError::EventsWithoutFollowUp { events: 1 }));
    let never = PiecewiseExponential::fit(&censored, &[]).unwrap();
    assert_eq!(compare_piecewise(&never, &never), Err(SurvivalError::NothingToCompare));
    assert!(matches!(
        compare_piecewise(&cut(&[]).unwrap(), &never),
        Err(SurvivalError::MonotoneLikelihood { .. })
    ));
    assert!(matches!(CumulativeIncidence::fit(&[]), Err(SurvivalError::NoPatients { .. })));
    let patient = CompetingRisksPatient { time: 1.0, cause: None };
    let fit = CumulativeIncidence::fit(&[patient]).unwrap();
    assert!(fit.causes().is_empty() && fit.cause(1).is_err());
    let alone = [CompetingRisksPatient { time: 1.0, cause: Some(2) }];
    assert!(matches!(gray_test(&[&alone], 2, 0.0), Err(SurvivalError::TooFewGroups { .. })));
    assert!(matches!(gray_test(&[&alone, &[patient]], 1, 0.0), Err(SurvivalError::UnknownCause { .. })));
    assert!(gray_test(&[&alone, &alone], 2, f64::NAN).is_err());
    let four = [one(1.0, true), one(2.0, true), one(3.0, false), one(4.0, true)];
    let terms = [CoxTerm::number("x", vec![0.0, 1.0, 1.0, 0.0])];
    let data = CoxData { patients: &four, terms: &terms, strata: &[] };
    let fit = cox_regression(&data, Ties::Exact).unwrap();
    assert!(matches!(robust_covariance(&data, &fit, &[]), Err(SurvivalError::ExactTies { .. })));
    assert!(predicted_survival(&data, &fit, &[f64::INFINITY]).is_err());
    assert!(predicted_survival(&data, &fit, &[1e300]).is_err());
    assert!(predicted_survival(&data, &fit, &[]).is_err());
}

/// With exact ties a maximum needs a time at which the events could have fallen otherwise.
#[test]
fn exact_ties_without_a_maximum() {
    let arm = |rows: &[(f64, bool)]| -> Vec<PatientRecord> {
        rows.iter().map(|&(time, event)| PatientRecord { time, event }).collect()
    };
    // All die at once: every subset of four holds all.
    let all = arm(&[(1.0, true), (1.0, true)]);
    assert_eq!(cox_two_arms(&all, &all, Ties::Exact), Err(SurvivalError::NothingToCompare));
    let (none, some) = (arm(&[(5.0, false), (6.0, false)]), arm(&[(1.0, true), (2.0, true), (3.0, false)]));
    for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
        assert!(matches!(
            cox_two_arms(&none, &some, ties),
            Err(SurvivalError::MonotoneLikelihood { ref limit, .. }) if limit == "infinity"
        ));
        let both = [none.clone(), some.clone()].concat();
        let terms = [CoxTerm::number("arm", vec![0.0, 0.0, 1.0, 1.0, 1.0])];
        let data = CoxData { patients: &both, terms: &terms, strata: &[] };
        assert!(matches!(
            cox_regression(&data, ties),
            Err(SurvivalError::InfiniteCoefficient { ref name, ref limit }) if name == "arm" && limit == "infinity"
        ));
    }
}
