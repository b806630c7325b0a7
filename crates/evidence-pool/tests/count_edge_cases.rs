//! Models of counts where data are scarce or extreme, and settings that cannot be.

use approx::assert_relative_eq;
use kmeta_evidence_pool::{
    PoolError, ProportionCount, ProportionModel, ProportionOptions, TwoArmCount, TwoArmCountOptions,
    TwoArmPooling, compare_two_arms, mantel_haenszel_tests, pool_proportions, pool_two_arm_counts,
    test_two_arms,
};
use kmeta_trial_data::{
    ContinuityCorrection, EffectMeasure, Estimand, Estimate, IntervalMethod, PooledEffect, PoolingModel,
    PredictionMethod, Provenance, Severity, SubgroupTauSquared, TauSquaredEstimator,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const MODELS: [ProportionModel; 2] = [ProportionModel::Glmm, ProportionModel::BetaBinomial];

fn count(trial: usize, (events, total): (u32, u32)) -> ProportionCount {
    ProportionCount {
        trial: format!("trial {trial}"),
        label: String::new(),
        subgroup: Some(format!("group {}", trial % 2)),
        events,
        total,
        provenance: Provenance::printed("count"),
    }
}

fn options(model: ProportionModel) -> ProportionOptions {
    ProportionOptions { model: Some(model), ..ProportionOptions::default() }
}

fn pooled(model: ProportionModel, counts: &[(u32, u32)]) -> Result<PooledEffect, PoolError> {
    let counts: Vec<_> = counts.iter().enumerate().map(|(trial, &pair)| count(trial, pair)).collect();
    pool_proportions(&counts, &options(model))
}

fn has(pooled: &PooledEffect, code: &str) -> bool {
    pooled.findings.iter().any(|finding| finding.code == code)
}

fn check_estimate(estimate: &Estimate) {
    assert!(estimate.standard_error > 0.0);
    assert!(estimate.interval.lower < estimate.value && estimate.value < estimate.interval.upper);
    let limits = estimate.shown_interval;
    assert!(limits.lower <= estimate.shown && estimate.shown <= limits.upper, "{estimate:?}");
}

fn check_sound(pooled: &PooledEffect) {
    check_estimate(&pooled.common);
    check_estimate(&pooled.random);
    pooled.studies.iter().for_each(|study| check_estimate(&study.estimate));
    assert!(pooled.heterogeneity.tau_squared.is_none_or(|tau_squared| tau_squared >= 0.0));
    if let Some(mean) = pooled.marginal_mean {
        let limits = mean.interval;
        assert!(0.0 < limits.lower && limits.lower < mean.proportion && mean.proportion < limits.upper);
    }
    // JSON has no NaN and no infinity: one of them would turn into null.
    let text = serde_json::to_string(pooled).unwrap();
    assert_eq!(&serde_json::from_str::<PooledEffect>(&text).unwrap(), pooled);
}

#[test]
fn the_default_is_a_glmm_with_wilson_rows() {
    let counts: Vec<_> =
        [(2, 8), (0, 15), (4, 17)].into_iter().enumerate().map(|(i, c)| count(i, c)).collect();
    let glmm = pool_proportions(&counts, &ProportionOptions::default()).unwrap();
    assert_eq!((glmm.model, glmm.estimand), (PoolingModel::Glmm, Estimand::TypicalStudy));
    assert_eq!(glmm.tau_squared_estimator, TauSquaredEstimator::MaximumLikelihood);
    assert!(glmm.studies.iter().all(|study| study.weight_common.is_none() && study.weight_random.is_none()));
    // Wilson's interval of 0 of 15: 0 to z²/(n + z²).
    let z_squared = 1.959963984540054_f64.powi(2);
    assert_relative_eq!(
        glmm.studies[1].estimate.shown_interval.upper,
        z_squared / (15.0 + z_squared),
        max_relative = 1e-12
    );
    let arcsine = ProportionOptions { measure: EffectMeasure::Arcsine, ..ProportionOptions::default() };
    let arcsine = pool_proportions(&counts, &arcsine).unwrap();
    assert_eq!(arcsine.model, PoolingModel::InverseVariance);
    // Clopper-Pearson's: 1 − 0.025^(1/n).
    assert_relative_eq!(
        arcsine.studies[1].estimate.shown_interval.upper,
        1.0 - 0.025_f64.powf(1.0 / 15.0),
        max_relative = 1e-10
    );
}

#[test]
fn one_study_is_shown_as_it_is() {
    for model in MODELS {
        let one = pooled(model, &[(3, 10)]).unwrap();
        check_sound(&one);
        assert!(has(&one, "single-study"));
        assert_relative_eq!(one.random.shown, 0.3, max_relative = 1e-12);
        assert_relative_eq!(one.random.standard_error, (1.0_f64 / 3.0 + 1.0 / 7.0).sqrt());
        assert!(one.prediction.is_none() && one.heterogeneity.tau_squared.is_none());
    }
}

#[test]
fn no_or_only_events_everywhere_are_flagged() {
    for model in MODELS {
        for (counts, code, shown, limit) in [
            (vec![(0, 10), (0, 20)], "no-events", 0.0, 1.0 - 0.025_f64.powf(1.0 / 30.0)),
            (vec![(0, 30)], "no-events", 0.0, 1.0 - 0.025_f64.powf(1.0 / 30.0)),
            (vec![(10, 10), (20, 20)], "only-events", 1.0, 0.025_f64.powf(1.0 / 30.0)),
        ] {
            let extreme = pooled(model, &counts).unwrap();
            check_sound(&extreme);
            assert!(has(&extreme, code), "{:?}", extreme.findings);
            assert_eq!(extreme.random.shown, shown);
            let limits = extreme.random.shown_interval;
            let found = if shown == 0.0 { limits.upper } else { limits.lower };
            assert_relative_eq!(found, limit, max_relative = 1e-10);
            assert_eq!(extreme.heterogeneity.tau_squared, None);
        }
    }
}

#[test]
fn studies_with_none_beside_studies_with_all_have_no_finite_fit() {
    for model in MODELS {
        let error = pooled(model, &[(0, 12), (9, 9), (0, 20)]).unwrap_err();
        assert!(matches!(error, PoolError::NoFiniteMaximum { .. }), "{error:?}");
        // In a subgroup that is a flag: the others are still of use.
        let counts: Vec<_> =
            [(0, 12), (3, 9), (14, 14), (2, 20)].into_iter().enumerate().map(|(i, c)| count(i, c)).collect();
        let groups =
            pool_proportions(&counts, &ProportionOptions { subgroups: true, ..options(model) }).unwrap();
        check_sound(&groups);
        let flag = groups.findings.iter().find(|finding| finding.code == "no-finite-maximum").unwrap();
        assert_eq!((flag.severity, flag.place.as_str()), (Severity::Error, "subgroup `group 0`"));
        assert_relative_eq!(groups.subgroups[0].random.shown, 14.0 / 26.0, max_relative = 1e-12);
        assert!(groups.subgroups[1].random.standard_error > 0.0);
    }
}

/// Equal proportions: τ² and ρ are 0 exactly, and the random-effects mean is the common one.
#[test]
fn no_spread_is_found_exactly() {
    for model in MODELS {
        let equal = pooled(model, &[(3, 10), (6, 20), (9, 30), (3, 10)]).unwrap();
        check_sound(&equal);
        assert!(has(&equal, "spread-estimated-zero"));
        assert_relative_eq!(equal.random.value, equal.common.value, max_relative = 1e-12);
        assert_relative_eq!(equal.random.standard_error, equal.common.standard_error, max_relative = 1e-9);
        match model {
            ProportionModel::BetaBinomial => {
                assert_eq!(equal.likelihood.unwrap().intraclass_correlation, Some(0.0));
            }
            _ => assert_eq!(equal.heterogeneity.tau_squared, Some(0.0)),
        }
    }
}

#[test]
fn a_fixed_number_of_nodes_is_told_of() {
    let counts: Vec<_> = [(6, 8), (0, 15), (7, 20), (16, 17), (18, 34), (31, 42)]
        .into_iter()
        .enumerate()
        .map(|(i, c)| count(i, c))
        .collect();
    let seven = ProportionOptions { quadrature_nodes: Some(7), ..ProportionOptions::default() };
    let seven = pool_proportions(&counts, &seven).unwrap();
    assert!(has(&seven, "quadrature-nodes-fixed"));
    assert_eq!(seven.likelihood.unwrap().quadrature_nodes, Some(7));
    let settled = pool_proportions(&counts, &ProportionOptions::default()).unwrap();
    assert!(settled.likelihood.unwrap().quadrature_nodes.unwrap() >= 15);
}

#[test]
fn settings_that_cannot_be_used_together_are_refused() {
    let refused = |options: ProportionOptions| {
        pool_proportions(&[count(0, (1, 10)), count(1, (2, 10))], &options).unwrap_err()
    };
    for model in MODELS {
        for wrong in [
            ProportionOptions { measure: EffectMeasure::FreemanTukey, ..options(model) },
            ProportionOptions { tau_squared: TauSquaredEstimator::DerSimonianLaird, ..options(model) },
            ProportionOptions { scoring_threshold: 1e-5, ..options(model) },
            ProportionOptions { interval: IntervalMethod::KenwardRoger, ..options(model) },
            ProportionOptions { prediction: PredictionMethod::HartungKnapp, ..options(model) },
            ProportionOptions { subgroup_tau_squared: SubgroupTauSquared::Common, ..options(model) },
        ] {
            assert!(matches!(refused(wrong.clone()), PoolError::SettingsConflict { .. }), "{wrong:?}");
        }
    }
    let nodes = ProportionOptions { quadrature_nodes: Some(7), ..options(ProportionModel::InverseVariance) };
    assert!(matches!(refused(nodes), PoolError::SettingsConflict { .. }));
    for nodes in [0, 351] {
        let nodes = ProportionOptions { quadrature_nodes: Some(nodes), ..ProportionOptions::default() };
        assert!(matches!(refused(nodes), PoolError::InvalidQuadratureNodes { .. }));
    }
}

fn two_arms(trial: usize, [events, total, control_events, control_total]: [u32; 4]) -> TwoArmCount {
    TwoArmCount {
        trial: format!("trial {trial}"),
        label: String::new(),
        subgroup: Some(format!("group {}", trial % 2)),
        events,
        total,
        control_events,
        control_total,
        provenance: Provenance::printed("count"),
    }
}

fn tables(rows: &[[u32; 4]]) -> Vec<TwoArmCount> {
    rows.iter().enumerate().map(|(trial, &row)| two_arms(trial, row)).collect()
}

/// Sweeting 2004: with twice as many patients in the control arm the treatment arm gets a third, the control arm two
/// thirds.
#[test]
fn treatment_arm_correction_by_hand() {
    let options = TwoArmCountOptions {
        measure: EffectMeasure::LogOddsRatio,
        continuity_correction: ContinuityCorrection::TreatmentArm,
        ..TwoArmCountOptions::default()
    };
    let effect = compare_two_arms(&two_arms(0, [0, 50, 5, 100]), &options).unwrap().unwrap();
    let (third, two_thirds) = (1.0 / 3.0, 2.0 / 3.0);
    assert_relative_eq!(effect.increment, third, max_relative = 1e-12);
    assert_relative_eq!(effect.control_increment, two_thirds, max_relative = 1e-12);
    let [a, b, c, d] = [third, 50.0 + third, 5.0 + two_thirds, 95.0 + two_thirds];
    assert_relative_eq!(effect.value, (a * d / (b * c)).ln(), max_relative = 1e-12);
    let variance = 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d;
    assert_relative_eq!(effect.standard_error, variance.sqrt(), max_relative = 1e-12);
}

#[test]
fn trials_without_information_are_left_out_and_named() {
    let counts = tables(&[[0, 20, 0, 20], [3, 20, 5, 20], [10, 10, 12, 12], [0, 15, 4, 15]]);
    for measure in [EffectMeasure::LogOddsRatio, EffectMeasure::LogRiskRatio] {
        let options = TwoArmCountOptions { measure, ..TwoArmCountOptions::default() };
        let ours = pool_two_arm_counts(&counts, &options).unwrap();
        check_sound(&ours);
        assert_eq!(ours.studies.len(), 2);
        let left_out = ours.findings.iter().find(|finding| finding.code == "studies-without-information");
        assert!(left_out.unwrap().message.contains("trial 0, trial 2"));
        assert!(has(&ours, "continuity-correction"));
        let all = TwoArmCountOptions { include_double_zero: true, ..options };
        // A corrected risk ratio of events only in both arms is 1 with variance 0, which says nothing either.
        let with_double_zero = if measure == EffectMeasure::LogOddsRatio { 4 } else { 3 };
        assert_eq!(pool_two_arm_counts(&counts, &all).unwrap().studies.len(), with_double_zero);
        let none = pool_two_arm_counts(&counts[..1], &TwoArmCountOptions::default());
        assert!(matches!(none, Err(PoolError::NotEstimable { .. })), "{none:?}");
    }
    let difference =
        TwoArmCountOptions { measure: EffectMeasure::RiskDifference, ..TwoArmCountOptions::default() };
    let ours = pool_two_arm_counts(&counts, &difference).unwrap();
    assert_eq!(ours.studies.len(), 4);
    check_sound(&ours);
}

#[test]
fn mantel_haenszel_without_events_in_an_arm_is_refused() {
    let counts = tables(&[[0, 20, 3, 20], [0, 30, 2, 30]]);
    let options = TwoArmCountOptions { exact_mantel_haenszel: true, ..TwoArmCountOptions::default() };
    let error = pool_two_arm_counts(&counts, &options).unwrap_err();
    assert!(matches!(error, PoolError::NotEstimable { .. }), "{error:?}");
    check_sound(&pool_two_arm_counts(&counts, &TwoArmCountOptions::default()).unwrap());
}

#[test]
fn one_trial_of_two_arms() {
    for pooling in [TwoArmPooling::InverseVariance, TwoArmPooling::MantelHaenszel, TwoArmPooling::Peto] {
        let options = TwoArmCountOptions {
            measure: EffectMeasure::LogOddsRatio,
            pooling: Some(pooling),
            ..TwoArmCountOptions::default()
        };
        let ours = pool_two_arm_counts(&tables(&[[3, 20, 5, 20]]), &options).unwrap();
        check_sound(&ours);
        assert!(has(&ours, "single-study"));
        if pooling != TwoArmPooling::Peto {
            // The Mantel-Haenszel odds ratio and variance of one table are its own.
            assert_relative_eq!(ours.common.value, ours.random.value, max_relative = 1e-12);
            assert_relative_eq!(ours.common.standard_error, ours.random.standard_error, max_relative = 1e-12);
        }
    }
}

#[test]
fn impossible_two_arm_settings_and_counts_are_refused() {
    let counts = tables(&[[3, 20, 5, 20], [2, 10, 4, 10]]);
    let refused = |options: TwoArmCountOptions| pool_two_arm_counts(&counts, &options).unwrap_err();
    let logit = TwoArmCountOptions { measure: EffectMeasure::Logit, ..TwoArmCountOptions::default() };
    assert!(matches!(refused(logit), PoolError::WrongMeasure { .. }));
    for (measure, pooling) in [
        (EffectMeasure::ArcsineDifference, TwoArmPooling::MantelHaenszel),
        (EffectMeasure::LogRiskRatio, TwoArmPooling::Peto),
    ] {
        let options = TwoArmCountOptions { measure, pooling: Some(pooling), ..TwoArmCountOptions::default() };
        assert!(matches!(refused(options), PoolError::SettingsConflict { .. }));
    }
    for increment in [-0.5, f64::NAN, f64::INFINITY] {
        let options = TwoArmCountOptions { increment, ..TwoArmCountOptions::default() };
        assert!(matches!(refused(options), PoolError::InvalidIncrement { .. }));
    }
    let options = TwoArmCountOptions::default();
    let wrong = |row: [u32; 4]| pool_two_arm_counts(&tables(&[row]), &options).unwrap_err();
    assert!(matches!(wrong([1, 0, 1, 5]), PoolError::ZeroTotal { .. }));
    assert!(matches!(wrong([1, 5, 6, 5]), PoolError::EventsAboveTotal { events: 6, .. }));
    assert_eq!(pool_two_arm_counts(&[], &options), Err(PoolError::NoStudies));
    let twice = [two_arms(1, [1, 5, 2, 5]), two_arms(1, [1, 5, 2, 5])];
    assert!(matches!(pool_two_arm_counts(&twice, &options), Err(PoolError::DuplicateTrial { .. })));
    assert!(test_two_arms(&twice[0], 95.0).is_err());
    assert!(matches!(mantel_haenszel_tests(&tables(&[[0, 5, 0, 5]])), Err(PoolError::NotEstimable { .. })));
}

/// Margins that allow one table only.
#[test]
fn degenerate_tables_have_an_answer() {
    let tests = test_two_arms(&two_arms(0, [0, 5, 0, 7]), 0.95).unwrap();
    assert_eq!(tests.fisher_p_value, 1.0);
    assert_eq!((tests.conditional_odds_ratio, tests.conditional_upper), (None, None));
    assert_eq!((tests.conditional_lower, tests.chi_squared), (0.0, None));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 120,
        rng_seed: RngSeed::Fixed(2010),
        ..ProptestConfig::default()
    })]

    /// Any counts have a sound answer or a typed error, whatever their order.
    #[test]
    fn models_of_counts_are_sound(
        counts in prop::collection::vec((1u32..200).prop_flat_map(|n| (0..=n, Just(n))), 1..9),
        beta_binomial in any::<bool>(),
        t_quantile in any::<bool>(),
    ) {
        let model = if beta_binomial { ProportionModel::BetaBinomial } else { ProportionModel::Glmm };
        let interval = if t_quantile { IntervalMethod::HartungKnapp } else { IntervalMethod::Wald };
        let options = ProportionOptions { interval, subgroups: true, ..options(model) };
        let mut counts: Vec<_> = counts.into_iter().enumerate().map(|(i, pair)| count(i, pair)).collect();
        match pool_proportions(&counts, &options) {
            Ok(forward) => {
                check_sound(&forward);
                counts.reverse();
                let backward = pool_proportions(&counts, &options).unwrap();
                assert_relative_eq!(forward.random.value, backward.random.value, max_relative = 1e-7, epsilon = 1e-7);
                assert_relative_eq!(
                    forward.random.standard_error,
                    backward.random.standard_error,
                    max_relative = 1e-6
                );
            }
            Err(error) => assert!(matches!(error, PoolError::NoFiniteMaximum { .. }), "{error:?}"),
        }
    }

    #[test]
    fn two_arm_counts_are_sound(
        rows in prop::collection::vec(
            (1u32..80, 1u32..80).prop_flat_map(|(n, m)| (0..=n, Just(n), 0..=m, Just(m))), 1..8),
        measure in prop::sample::select(vec![
            EffectMeasure::LogOddsRatio,
            EffectMeasure::LogRiskRatio,
            EffectMeasure::RiskDifference,
            EffectMeasure::ArcsineDifference,
        ]),
        correction in prop::sample::select(vec![
            ContinuityCorrection::AffectedStudies,
            ContinuityCorrection::AllIfAnyAffected,
            ContinuityCorrection::AllStudies,
            ContinuityCorrection::TreatmentArm,
        ]),
        exact_mantel_haenszel in any::<bool>(),
        include_double_zero in any::<bool>(),
    ) {
        let rows: Vec<[u32; 4]> = rows.into_iter().map(|(a, n, c, m)| [a, n, c, m]).collect();
        let options = TwoArmCountOptions {
            measure,
            continuity_correction: correction,
            exact_mantel_haenszel,
            include_double_zero,
            ..TwoArmCountOptions::default()
        };
        match pool_two_arm_counts(&tables(&rows), &options) {
            Ok(ours) => {
                check_sound(&ours);
                let shares: Option<f64> = ours.studies.iter().map(|study| study.weight_common).sum();
                assert_relative_eq!(shares.unwrap(), 1.0, max_relative = 1e-12);
            }
            Err(error) => assert!(matches!(error, PoolError::NotEstimable { .. }), "{error:?}"),
        }
    }
}
