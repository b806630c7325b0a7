//! Settings that R's reference files do not hold, few studies, and input that cannot be pooled.

use kmeta_evidence_pool::{
    EffectOptions, ModelOptions, PoolError, baujat, between_study_variance_interval, cumulative,
    fit_random_effects, influence_diagnostics, leave_one_out, order_by, pool_effects, prediction_interval,
    shrunken_effects,
};
use kmeta_trial_data::{
    EffectEstimate, EffectMeasure, IntervalMethod, PredictionMethod, Provenance, SubgroupTauSquared,
    TauSquaredEstimator, TauSquaredIntervalMethod,
};

const VALUES: [f64; 5] = [-0.31, -0.05, -0.62, 0.11, -0.4];
const VARIANCES: [f64; 5] = [0.02, 0.05, 0.03, 0.04, 0.09];

const PREDICTIONS: [PredictionMethod; 7] = [
    PredictionMethod::Veroniki,
    PredictionMethod::HigginsThompsonSpiegelhalter,
    PredictionMethod::HartungKnapp,
    PredictionMethod::HartungKnappPartlettRiley,
    PredictionMethod::KenwardRoger,
    PredictionMethod::KenwardRogerPartlettRiley,
    PredictionMethod::Skipka,
];

const INTERVALS: [IntervalMethod; 6] = [
    IntervalMethod::Wald,
    IntervalMethod::HartungKnapp,
    IntervalMethod::HartungKnappLargerError,
    IntervalMethod::HartungKnappWiderInterval,
    IntervalMethod::HartungKnappIqwig6,
    IntervalMethod::KenwardRoger,
];

fn effects(subgroups: &[&str]) -> Vec<EffectEstimate> {
    VALUES
        .iter()
        .zip(VARIANCES)
        .enumerate()
        .map(|(index, (&value, variance))| EffectEstimate {
            trial: format!("trial {index}"),
            label: format!("Trial {index}"),
            subgroup: subgroups.get(index).map(|name| (*name).to_owned()),
            measure: EffectMeasure::LogHazardRatio,
            value,
            variance,
            provenance: Provenance::printed("hazard ratio"),
        })
        .collect()
}

fn width(options: &ModelOptions, values: &[f64], variances: &[f64]) -> f64 {
    let limits = fit_random_effects(values, variances, options).unwrap().interval(0.95).unwrap();
    limits.upper - limits.lower
}

/// IQWiG's rule: the larger error where Hartung-Knapp is narrower than Wald with DerSimonian-Laird, else the plain
/// one, also where its error is smaller than Wald's.
#[test]
fn iqwig6_corrects_by_the_width_of_the_interval() {
    let with = |interval| ModelOptions { interval, ..ModelOptions::default() };
    let alike = [0.30, 0.31, 0.29, 0.30, 0.305];
    let [plain, larger, iqwig] = [
        IntervalMethod::HartungKnapp,
        IntervalMethod::HartungKnappLargerError,
        IntervalMethod::HartungKnappIqwig6,
    ]
    .map(|interval| width(&with(interval), &alike, &VARIANCES));
    assert!(plain < larger);
    assert_eq!(iqwig, larger);
    // The error is a little smaller than Wald's, but the t quantile more than makes up for it.
    let values = [0.0, 0.33, 0.15, 0.42, 0.1];
    let error = |interval| fit_random_effects(&values, &VARIANCES, &with(interval)).unwrap().standard_error;
    assert!(error(IntervalMethod::HartungKnapp) < error(IntervalMethod::Wald));
    assert_eq!(error(IntervalMethod::HartungKnappIqwig6), error(IntervalMethod::HartungKnapp));
}

#[test]
fn leave_one_out_repeats_the_settings() {
    let options = EffectOptions {
        tau_squared: TauSquaredEstimator::PauleMandel,
        interval: IntervalMethod::HartungKnapp,
        prediction: PredictionMethod::HigginsThompsonSpiegelhalter,
        confidence_level: 0.9,
        ..EffectOptions::default()
    };
    let studies = effects(&[]);
    let ours = leave_one_out(&studies, |some| pool_effects(some, &options)).unwrap();
    assert_eq!(ours.rows.len(), 5);
    for (index, row) in ours.rows.iter().enumerate() {
        let mut others = studies.clone();
        others.remove(index);
        let direct = pool_effects(&others, &options).unwrap();
        let row = row.pooled.as_ref().unwrap();
        assert_eq!((&row.random, row.prediction), (&direct.random, direct.prediction));
        assert_eq!(row.heterogeneity, direct.heterogeneity);
    }
    let codes: Vec<&str> = ours.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.len() <= 1);
}

#[test]
fn a_conclusion_that_rests_on_one_study_is_told() {
    let mut studies = effects(&[]);
    for (study, value) in studies.iter_mut().zip([-0.9, -0.12, -0.15, -0.1, -0.11]) {
        study.value = value;
        study.variance = if value < -0.5 { 0.01 } else { 0.04 };
    }
    let options =
        EffectOptions { tau_squared: TauSquaredEstimator::HunterSchmidt, ..EffectOptions::default() };
    let ours = leave_one_out(&studies[..2], |some| pool_effects(some, &options)).unwrap();
    assert_eq!(ours.findings[0].code, "conclusion-rests-on-one-study");
    assert!(ours.findings[0].message.contains("trial"), "{}", ours.findings[0].message);
}

#[test]
fn cumulative_in_a_given_order() {
    let studies = effects(&[]);
    let order = order_by(&[2020.0, 2011.0, 2015.0, 2011.0, 2009.0]);
    assert_eq!(order, [4, 1, 3, 2, 0]);
    let options = EffectOptions::default();
    let rows = cumulative(&studies, &order, |some| pool_effects(some, &options)).unwrap().rows;
    let added: Vec<&str> = rows.iter().map(|row| row.added.as_str()).collect();
    assert_eq!(added, ["trial 4", "trial 1", "trial 3", "trial 2", "trial 0"]);
    assert_eq!(rows[0].pooled.as_ref().unwrap().random.value, VALUES[4]);
    let all = pool_effects(&studies, &options).unwrap();
    let last = rows[4].pooled.as_ref().unwrap();
    assert!((last.random.value - all.random.value).abs() < 1e-12);
    for order in [vec![0, 1, 2, 3], vec![0, 1, 2, 3, 3], vec![0, 1, 2, 3, 9]] {
        assert!(matches!(
            cumulative(&studies, &order, |some| pool_effects(some, &options)),
            Err(PoolError::InvalidOrder { .. })
        ));
    }
}

#[test]
fn rows_that_cannot_be_pooled_say_why() {
    let studies = effects(&[]);
    let pool = |some: &[EffectEstimate]| {
        if some[0].trial == "trial 1" {
            Err(PoolError::NoStudies)
        } else {
            pool_effects(some, &EffectOptions::default())
        }
    };
    let rows = leave_one_out(&studies, pool).unwrap().rows;
    assert!(rows[0].pooled.is_none() && rows[0].reason.is_some());
    assert!(rows[1].pooled.is_some() && rows[1].reason.is_none());
}

#[test]
fn few_studies_in_every_setting() {
    for interval in INTERVALS {
        for prediction in PREDICTIONS {
            let options = ModelOptions { interval, prediction, ..ModelOptions::default() };
            for k in 1..=5 {
                let (values, variances) = (&VALUES[..k], &VARIANCES[..k]);
                let fit = fit_random_effects(values, variances, &options).unwrap();
                let limits = fit.interval(0.95).unwrap();
                assert!(limits.lower < fit.mean && fit.mean < limits.upper, "{options:?} {k}");
                assert!((0.0..=1.0).contains(&fit.p_value().unwrap()));
                let predicted = prediction_interval(values, variances, &options).unwrap();
                assert!(k >= 3 || predicted.is_none());
                if let Some(predicted) = predicted {
                    assert!(predicted.lower < fit.mean && fit.mean < predicted.upper);
                }
            }
        }
    }
}

#[test]
fn equal_effects_in_every_setting() {
    let equal = [0.2; 5];
    for interval in INTERVALS {
        let options = ModelOptions { interval, ..ModelOptions::default() };
        let fit = fit_random_effects(&equal, &VARIANCES, &options).unwrap();
        assert!(fit.standard_error > 0.0, "{interval:?}");
        for method in [
            TauSquaredIntervalMethod::QProfile,
            TauSquaredIntervalMethod::Jackson,
            TauSquaredIntervalMethod::BiggerstaffJackson,
        ] {
            let options = ModelOptions { tau_squared_interval: method, ..options.clone() };
            assert_eq!(between_study_variance_interval(&equal, &VARIANCES, &options).unwrap(), None);
        }
        let influence = influence_diagnostics(&equal, &VARIANCES, &options).unwrap();
        assert!(influence.rows.iter().all(|row| row.dffits.is_finite() && row.dffits.abs() < 1e-12));
    }
}

#[test]
fn a_preset_tau_squared_is_used() {
    let options = ModelOptions { preset_tau_squared: Some(0.0), ..ModelOptions::default() };
    let fit = fit_random_effects(&VALUES, &VARIANCES, &options).unwrap();
    let weights: Vec<f64> = VARIANCES.iter().map(|variance| 1.0 / variance).collect();
    let total: f64 = weights.iter().sum();
    let mean: f64 = weights.iter().zip(VALUES).map(|(weight, value)| weight * value).sum::<f64>() / total;
    assert!((fit.mean - mean).abs() < 1e-15);
    assert!((fit.standard_error - total.sqrt().recip()).abs() < 1e-15);
    let wide = ModelOptions { preset_tau_squared: Some(1e6), ..ModelOptions::default() };
    let fit = fit_random_effects(&VALUES, &VARIANCES, &wide).unwrap();
    assert!((fit.mean - VALUES.iter().sum::<f64>() / 5.0).abs() < 1e-6);
}

#[test]
fn settings_that_do_not_fit_together() {
    let fit = |options: &ModelOptions| fit_random_effects(&VALUES, &VARIANCES, options);
    let dl = ModelOptions { tau_squared: TauSquaredEstimator::DerSimonianLaird, ..ModelOptions::default() };
    let kenward_roger = ModelOptions { interval: IntervalMethod::KenwardRoger, ..dl.clone() };
    assert!(matches!(fit(&kenward_roger), Err(PoolError::KenwardRogerNeedsReml { .. })));
    let predicted = ModelOptions { prediction: PredictionMethod::KenwardRoger, ..dl.clone() };
    assert!(matches!(fit(&predicted), Err(PoolError::KenwardRogerNeedsReml { .. })));
    let profile = ModelOptions { tau_squared_interval: TauSquaredIntervalMethod::ProfileLikelihood, ..dl };
    assert!(matches!(fit(&profile), Err(PoolError::ProfileLikelihoodNeedsLikelihood { .. })));
    let preset = ModelOptions { preset_tau_squared: Some(-0.1), ..ModelOptions::default() };
    assert!(matches!(fit(&preset), Err(PoolError::InvalidTauSquared { .. })));
    let text = fit(&kenward_roger).unwrap_err().to_string();
    assert!(text.contains("REML") && text.contains("DL"), "{text}");
}

#[test]
fn input_that_cannot_be_pooled() {
    let options = ModelOptions::default();
    assert_eq!(fit_random_effects(&[], &[], &options), Err(PoolError::NoStudies));
    assert!(matches!(
        fit_random_effects(&[0.1], &[0.1, 0.2], &options),
        Err(PoolError::UnequalLengths { values: 1, variances: 2 })
    ));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            fit_random_effects(&[0.1, 0.2], &[0.1, bad], &options),
            Err(PoolError::InvalidVariance { .. })
        ));
    }
    assert!(matches!(
        fit_random_effects(&[0.1, f64::NAN], &[0.1, 0.1], &options),
        Err(PoolError::InvalidEffect { .. })
    ));
    let one = leave_one_out(&effects(&[])[..1], |some| pool_effects(some, &EffectOptions::default()));
    assert!(matches!(one, Err(PoolError::TooFewStudies { found: 1, .. })));
    assert!(matches!(influence_diagnostics(&[0.1], &[0.1], &options), Err(PoolError::TooFewStudies { .. })));
    assert!(matches!(baujat(&[0.1], &[0.1], &options), Err(PoolError::TooFewStudies { .. })));
    assert_eq!(shrunken_effects(&[0.1], &[0.1], &options).unwrap()[0].value, 0.1);
}

#[test]
fn subgroups_of_one_study_each_share_a_tau_squared_of_0() {
    let options = EffectOptions {
        subgroups: true,
        subgroup_tau_squared: SubgroupTauSquared::Common,
        ..EffectOptions::default()
    };
    let ours = pool_effects(&effects(&["a", "b", "c", "d", "e"]), &options).unwrap();
    let residual = ours.between_subgroups.unwrap().residual.unwrap();
    assert_eq!((residual.degrees_of_freedom, residual.p_value, residual.i_squared), (0, None, None));
    assert_eq!(residual.tau_squared, Some(0.0));
}

#[test]
fn two_studies_have_influence() {
    let ours = influence_diagnostics(&VALUES[..2], &VARIANCES[..2], &ModelOptions::default()).unwrap();
    assert_eq!(ours.rows.len(), 2);
    for row in &ours.rows {
        assert_eq!(row.tau_squared_deleted, 0.0);
        assert!(row.studentized_residual.is_finite() && row.covariance_ratio.is_finite());
    }
}
