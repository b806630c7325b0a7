//! What must hold for any input, and what must be refused.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use kmeta_evidence_pool::{
    EffectOptions, PoolError, ProportionCount, ProportionModel, ProportionOptions, SurvivalOptions,
    TrialPatients, pool_effects, pool_proportions, pool_survival,
};
use kmeta_trial_data::{
    EffectEstimate, EffectMeasure, IntervalMethod, PatientRecord, PooledEffect, Provenance,
    TauSquaredEstimator,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn count(trial: usize, events: u32, total: u32) -> ProportionCount {
    ProportionCount {
        trial: format!("trial {trial}"),
        label: String::new(),
        subgroup: Some(format!("group {}", trial % 2)),
        events,
        total,
        provenance: Provenance::printed("count"),
    }
}

fn effect(trial: usize, value: f64, variance: f64) -> EffectEstimate {
    EffectEstimate {
        trial: format!("trial {trial}"),
        label: String::new(),
        subgroup: None,
        measure: EffectMeasure::LogHazardRatio,
        value,
        variance,
        provenance: Provenance::printed("hazard ratio"),
    }
}

fn any_counts() -> impl Strategy<Value = Vec<ProportionCount>> {
    let pair = (1u32..300).prop_flat_map(|total| (0..=total, Just(total)));
    prop::collection::vec(pair, 1..12).prop_map(|pairs| {
        pairs.into_iter().enumerate().map(|(trial, (events, total))| count(trial, events, total)).collect()
    })
}

fn any_options() -> impl Strategy<Value = ProportionOptions> {
    let measures = [
        EffectMeasure::FreemanTukey,
        EffectMeasure::Logit,
        EffectMeasure::Arcsine,
        EffectMeasure::Raw,
        EffectMeasure::Log,
    ];
    let estimators = [
        TauSquaredEstimator::DerSimonianLaird,
        TauSquaredEstimator::PauleMandel,
        TauSquaredEstimator::RestrictedMaximumLikelihood,
        TauSquaredEstimator::MaximumLikelihood,
        TauSquaredEstimator::Hedges,
        TauSquaredEstimator::HunterSchmidt,
        TauSquaredEstimator::SidikJonkman,
        TauSquaredEstimator::EmpiricalBayes,
        TauSquaredEstimator::HunterSchmidtCorrected,
        TauSquaredEstimator::MedianUnbiasedPauleMandel,
    ];
    let intervals = [
        IntervalMethod::Wald,
        IntervalMethod::HartungKnapp,
        IntervalMethod::HartungKnappLargerError,
        IntervalMethod::HartungKnappWiderInterval,
        IntervalMethod::HartungKnappIqwig6,
    ];
    (
        prop::sample::select(measures.to_vec()),
        prop::sample::select(estimators.to_vec()),
        prop::sample::select(intervals.to_vec()),
    )
        .prop_map(|(measure, tau_squared, interval)| ProportionOptions {
            model: Some(ProportionModel::InverseVariance),
            measure,
            tau_squared,
            interval,
            subgroups: true,
            ..ProportionOptions::default()
        })
}

fn check_sound(pooled: &PooledEffect) {
    for estimate in [&pooled.common, &pooled.random] {
        assert!(estimate.standard_error > 0.0);
        assert!(estimate.interval.lower < estimate.value && estimate.value < estimate.interval.upper);
        assert!(estimate.shown_interval.lower <= estimate.shown + 1e-12, "{estimate:?}");
        assert!(estimate.shown <= estimate.shown_interval.upper + 1e-12, "{estimate:?}");
    }
    for study in &pooled.studies {
        let limits = study.estimate.shown_interval;
        assert!(limits.lower <= study.estimate.shown && study.estimate.shown <= limits.upper, "{study:?}");
    }
    let sum = |weight: fn(&kmeta_trial_data::StudyRow) -> Option<f64>| {
        pooled.studies.iter().map(weight).sum::<Option<f64>>().unwrap()
    };
    assert_abs_diff_eq!(sum(|study| study.weight_common), 1.0, epsilon = 1e-12);
    assert_abs_diff_eq!(sum(|study| study.weight_random), 1.0, epsilon = 1e-12);
    let heterogeneity = &pooled.heterogeneity;
    assert!(heterogeneity.q >= 0.0);
    if let (Some(tau_squared), Some(i_squared)) = (heterogeneity.tau_squared, heterogeneity.i_squared) {
        assert!(tau_squared >= 0.0 && (0.0..1.0).contains(&i_squared));
    }
    // JSON has no NaN and no infinity: one of them would turn into null.
    let text = serde_json::to_string(pooled).unwrap();
    assert_eq!(&serde_json::from_str::<PooledEffect>(&text).unwrap(), pooled);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        rng_seed: RngSeed::Fixed(2014),
        ..ProptestConfig::default()
    })]

    #[test]
    fn pooled_proportions_are_sound(counts in any_counts(), options in any_options()) {
        check_sound(&pool_proportions(&counts, &options).unwrap());
    }

    #[test]
    fn order_of_studies_does_not_matter(counts in any_counts(), options in any_options()) {
        let options = ProportionOptions { subgroups: false, ..options };
        let forward = pool_proportions(&counts, &options).unwrap();
        let reversed: Vec<_> = counts.into_iter().rev().collect();
        let backward = pool_proportions(&reversed, &options).unwrap();
        assert_relative_eq!(forward.random.value, backward.random.value, max_relative = 1e-9, epsilon = 1e-9);
        assert_relative_eq!(
            forward.random.standard_error,
            backward.random.standard_error,
            max_relative = 1e-8
        );
        assert_relative_eq!(forward.heterogeneity.q, backward.heterogeneity.q, max_relative = 1e-9, epsilon = 1e-12);
    }

    #[test]
    fn pooled_effects_are_sound(
        effects in prop::collection::vec((-3.0..3.0_f64, 1e-4..4.0_f64), 1..15),
        hartung_knapp in any::<bool>(),
    ) {
        let effects: Vec<_> =
            effects.into_iter().enumerate().map(|(trial, (value, variance))| effect(trial, value, variance)).collect();
        let interval = if hartung_knapp { IntervalMethod::HartungKnapp } else { IntervalMethod::Wald };
        check_sound(&pool_effects(&effects, &EffectOptions { interval, ..EffectOptions::default() }).unwrap());
    }

    #[test]
    fn pooled_curves_are_monotone(
        trials in prop::collection::vec(prop::collection::vec((0.0..30.0_f64, any::<bool>()), 1..40), 1..6),
    ) {
        let trials: Vec<TrialPatients> = trials
            .into_iter()
            .enumerate()
            .map(|(trial, patients)| TrialPatients {
                trial: trial.to_string(),
                label: String::new(),
                patients: patients.into_iter().map(|(time, event)| PatientRecord { time, event }).collect(),
                provenance: Provenance::printed("test"),
            })
            .collect();
        let options = SurvivalOptions {
            times: vec![2.0, 5.0, 9.0, 14.0, 20.0],
            median_draws: 50,
            ..SurvivalOptions::default()
        };
        let pooled = match pool_survival(&trials, &options) {
            Err(PoolError::NoFollowUp { .. }) => return Ok(()),
            other => other.unwrap(),
        };
        for points in [&pooled.random, &pooled.common] {
            for pair in points.windows(2) {
                assert!(pair[1].survival <= pair[0].survival);
                assert!(pair[1].trials <= pair[0].trials && pair[1].number_at_risk <= pair[0].number_at_risk);
            }
            for point in points {
                assert!(point.interval.lower <= point.survival && point.survival <= point.interval.upper);
                assert!((0.0..=1.0).contains(&point.interval.lower) && point.interval.upper <= 1.0);
            }
        }
        if let (Some(median), Some(lower)) = (pooled.median, pooled.median_lower) {
            assert!(median > 0.0 && lower > 0.0);
        }
    }
}

#[test]
fn impossible_proportions_are_named() {
    let options = ProportionOptions::default();
    let refused = |counts: &[ProportionCount]| pool_proportions(counts, &options).unwrap_err();
    assert_eq!(refused(&[]), PoolError::NoStudies);
    assert_eq!(refused(&[count(1, 0, 0)]), PoolError::ZeroTotal { trial: "trial 1".into() });
    assert!(matches!(refused(&[count(1, 5, 4)]), PoolError::EventsAboveTotal { events: 5, total: 4, .. }));
    assert!(matches!(refused(&[count(1, 1, 4), count(1, 2, 4)]), PoolError::DuplicateTrial { .. }));
    let ratio = ProportionOptions { measure: EffectMeasure::LogHazardRatio, ..ProportionOptions::default() };
    assert!(matches!(pool_proportions(&[count(1, 1, 4)], &ratio), Err(PoolError::WrongMeasure { .. })));
    for level in [0.0, 1.0, 95.0, f64::NAN] {
        let options = ProportionOptions { confidence_level: level, ..ProportionOptions::default() };
        assert!(matches!(pool_proportions(&[count(1, 1, 4)], &options), Err(PoolError::InvalidLevel { .. })));
    }
    let without = ProportionCount { subgroup: None, ..count(1, 1, 4) };
    let subgroups = ProportionOptions { subgroups: true, ..ProportionOptions::default() };
    assert!(matches!(pool_proportions(&[without], &subgroups), Err(PoolError::MissingSubgroup { .. })));
}

#[test]
fn impossible_effects_are_named() {
    let options = EffectOptions::default();
    let refused = |effects: &[EffectEstimate]| pool_effects(effects, &options).unwrap_err();
    assert_eq!(refused(&[]), PoolError::NoStudies);
    assert!(matches!(refused(&[effect(1, f64::NAN, 1.0)]), PoolError::InvalidEffect { .. }));
    for variance in [0.0, -1.0, f64::INFINITY, f64::NAN, 1e-320] {
        assert!(matches!(refused(&[effect(1, 0.0, variance)]), PoolError::InvalidVariance { .. }));
    }
    assert!(matches!(refused(&[effect(1, 0.0, 1.0), effect(1, 0.0, 1.0)]), PoolError::DuplicateTrial { .. }));
    let logit = EffectEstimate { measure: EffectMeasure::Logit, ..effect(2, 0.0, 1.0) };
    assert!(matches!(refused(&[effect(1, 0.0, 1.0), logit]), PoolError::WrongMeasure { .. }));
    let double_arcsine = EffectEstimate { measure: EffectMeasure::FreemanTukey, ..effect(2, 0.3, 0.1) };
    assert!(matches!(refused(&[double_arcsine]), PoolError::WrongMeasure { .. }));
    // Beyond what sums over studies hold in double precision.
    let extreme = pool_effects(&[effect(1, 0.0, 1e-300), effect(2, 1e10, 1e-300)], &options);
    assert!(matches!(extreme, Err(PoolError::InvalidVariance { .. })), "{extreme:?}");
}

#[test]
fn one_study_is_shown_and_said() {
    let pooled = pool_proportions(&[count(1, 3, 10)], &ProportionOptions::default()).unwrap();
    assert_eq!(pooled.random, pooled.common);
    assert!(pooled.prediction.is_none() && pooled.egger.is_none());
    assert!(pooled.heterogeneity.tau_squared.is_none() && pooled.heterogeneity.p_value.is_none());
    assert_eq!(pooled.findings[0].code, "single-study");
}

#[test]
fn equal_effects_under_hartung_knapp_fall_back() {
    let effects = [effect(1, -0.5, 0.1), effect(2, -0.5, 0.2), effect(3, -0.5, 0.3)];
    let options = EffectOptions { interval: IntervalMethod::HartungKnapp, ..EffectOptions::default() };
    let pooled = pool_effects(&effects, &options).unwrap();
    check_sound(&pooled);
    assert!(pooled.findings.iter().any(|finding| finding.code == "hartung-knapp-zero"));
}

#[test]
fn options_refuse_unknown_keys() {
    assert!(serde_json::from_str::<ProportionOptions>(r#"{"mesure": "logit"}"#).is_err());
    assert!(serde_json::from_str::<EffectOptions>(r#"{"tau_squared": "DL"}"#).is_ok());
    assert!(serde_json::from_str::<SurvivalOptions>(r#"{"time_unit": "months", "tims": [3]}"#).is_err());
    // Times may be left out, for methods that need none; the summary curve needs them.
    let without_times: SurvivalOptions = serde_json::from_str(r#"{"time_unit": "months"}"#).unwrap();
    let trials = [TrialPatients {
        trial: "a".to_owned(),
        label: "A".to_owned(),
        patients: vec![PatientRecord { time: 1.0, event: true }],
        provenance: Provenance::printed("test"),
    }];
    assert!(matches!(pool_survival(&trials, &without_times), Err(PoolError::NoTimes)));
}
