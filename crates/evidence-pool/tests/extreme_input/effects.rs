//! One effect per study.

use kmeta_evidence_pool::*;
use kmeta_trial_data::{
    EffectEstimate, EffectMeasure, IntervalMethod, PredictionMethod, Provenance, TauSquaredEstimator,
    TauSquaredIntervalMethod,
};

use crate::examination::{Examination, Sequence};

pub(crate) const SIZES: [f64; 7] = [1e-300, 1e-100, 1e-8, 1.0, 1e8, 1e100, 1e300];
pub(crate) const EFFECTS: [f64; 15] = [
    0.0,
    1e-300,
    -1e-100,
    1e-40,
    1e-8,
    -0.3,
    1.0,
    30.0,
    -800.0,
    1e8,
    -1e40,
    1e100,
    1e300,
    f64::NAN,
    f64::INFINITY,
];
pub(crate) const VARIANCES: [f64; 15] = [
    0.0,
    -1.0,
    1e-300,
    1e-100,
    1e-40,
    1e-20,
    1e-8,
    0.04,
    1.0,
    1e4,
    1e20,
    1e100,
    1e300,
    f64::NAN,
    f64::INFINITY,
];

pub(crate) type Studies = (Vec<f64>, Vec<f64>);

/// Sets of effects and variances: of one size, alike, and mixed.
pub(crate) fn sets() -> Vec<Studies> {
    let mut sequence = Sequence(2026);
    let mut sets = vec![(Vec::new(), Vec::new())];
    for k in [1, 2, 3, 6] {
        for effect in SIZES {
            for variance in SIZES {
                let some = |sequence: &mut Sequence, size: f64| {
                    (0..k).map(|_| size * sequence.factor()).collect::<Vec<f64>>()
                };
                sets.push((some(&mut sequence, effect), some(&mut sequence, variance)));
                sets.push((vec![effect; k], some(&mut sequence, variance)));
                sets.push((some(&mut sequence, effect), vec![variance; k]));
            }
        }
        for _ in 0..25 {
            let usable = |sequence: &mut Sequence, choices: &[f64]| {
                (0..k).map(|_| sequence.of(choices) * sequence.factor()).collect::<Vec<f64>>()
            };
            // Within the limits, and anything.
            sets.push((usable(&mut sequence, &EFFECTS[..11]), usable(&mut sequence, &VARIANCES[4..11])));
            sets.push((usable(&mut sequence, &EFFECTS[4..8]), usable(&mut sequence, &VARIANCES[6..10])));
            sets.push((usable(&mut sequence, &EFFECTS), usable(&mut sequence, &VARIANCES)));
        }
    }
    sets
}

pub(crate) const ESTIMATORS: [TauSquaredEstimator; 10] = [
    TauSquaredEstimator::RestrictedMaximumLikelihood,
    TauSquaredEstimator::MaximumLikelihood,
    TauSquaredEstimator::DerSimonianLaird,
    TauSquaredEstimator::PauleMandel,
    TauSquaredEstimator::Hedges,
    TauSquaredEstimator::HunterSchmidt,
    TauSquaredEstimator::SidikJonkman,
    TauSquaredEstimator::EmpiricalBayes,
    TauSquaredEstimator::HunterSchmidtCorrected,
    TauSquaredEstimator::MedianUnbiasedPauleMandel,
];
pub(crate) const INTERVALS: [IntervalMethod; 6] = [
    IntervalMethod::Wald,
    IntervalMethod::HartungKnapp,
    IntervalMethod::HartungKnappLargerError,
    IntervalMethod::HartungKnappWiderInterval,
    IntervalMethod::HartungKnappIqwig6,
    IntervalMethod::KenwardRoger,
];
pub(crate) const TAU_SQUARED_INTERVALS: [TauSquaredIntervalMethod; 4] = [
    TauSquaredIntervalMethod::QProfile,
    TauSquaredIntervalMethod::Jackson,
    TauSquaredIntervalMethod::BiggerstaffJackson,
    TauSquaredIntervalMethod::ProfileLikelihood,
];
pub(crate) const PREDICTIONS: [PredictionMethod; 7] = [
    PredictionMethod::Veroniki,
    PredictionMethod::HigginsThompsonSpiegelhalter,
    PredictionMethod::HartungKnapp,
    PredictionMethod::HartungKnappPartlettRiley,
    PredictionMethod::KenwardRoger,
    PredictionMethod::KenwardRogerPartlettRiley,
    PredictionMethod::Skipka,
];

/// Every estimator, and with it one of each other setting in turn.
pub(crate) fn models() -> impl Iterator<Item = ModelOptions> {
    (0..20).map(|turn| ModelOptions {
        tau_squared: ESTIMATORS[turn % 10],
        interval: INTERVALS[turn % 6],
        tau_squared_interval: TAU_SQUARED_INTERVALS[turn % 4],
        prediction: PREDICTIONS[turn % 7],
        ..ModelOptions::default()
    })
}

pub(crate) fn estimates((values, variances): &Studies, measure: EffectMeasure) -> Vec<EffectEstimate> {
    values
        .iter()
        .zip(variances)
        .enumerate()
        .map(|(index, (&value, &variance))| EffectEstimate {
            trial: format!("trial {index}"),
            label: String::new(),
            subgroup: Some(format!("group {}", index % 2)),
            measure,
            value,
            variance,
            provenance: Provenance::printed("table"),
        })
        .collect()
}

#[test]
fn models_of_bare_numbers() {
    let mut examination = Examination::default();
    for set in sets() {
        let (values, variances) = &set;
        for model in models() {
            let what = |name: &str| format!("{name} of {set:?} by {model:?}");
            examination.examine(|| what("fit"), || fit_random_effects(values, variances, &model));
            examination.examine(
                || what("interval"),
                || fit_random_effects(values, variances, &model)?.interval(model.confidence_level),
            );
            examination.examine(
                || what("tests"),
                || {
                    let fit = fit_random_effects(values, variances, &model)?;
                    Ok((fit.statistic(), fit.p_value()?, fit.q_p_value()?))
                },
            );
            examination.examine(|| what("prediction"), || prediction_interval(values, variances, &model));
            examination.examine(
                || what("interval of tau-squared"),
                || between_study_variance_interval(values, variances, &model),
            );
        }
        for model in models().step_by(7) {
            let what = |name: &str| format!("{name} of {set:?} by {model:?}");
            examination.examine(|| what("influence"), || influence_diagnostics(values, variances, &model));
            examination.examine(|| what("baujat"), || baujat(values, variances, &model));
            examination.examine(|| what("shrunken"), || shrunken_effects(values, variances, &model));
        }
    }
    examination.finish("bare numbers", 10_000);
}

#[test]
fn pooled_effects() {
    let mut examination = Examination::default();
    let measures = [EffectMeasure::Generic, EffectMeasure::LogHazardRatio, EffectMeasure::Logit];
    for (turn, set) in sets().into_iter().enumerate().filter(|(turn, _)| turn % 4 != 1) {
        let effects = estimates(&set, measures[turn % 3]);
        for model in models().skip(turn % 10).step_by(10) {
            let options = EffectOptions {
                tau_squared: model.tau_squared,
                interval: model.interval,
                tau_squared_interval: model.tau_squared_interval,
                prediction: model.prediction,
                subgroups: turn % 2 == 0,
                ..EffectOptions::default()
            };
            let what = |name: &str| format!("{name} of {set:?} by {options:?}");
            examination.examine(|| what("pooled effects"), || pool_effects(&effects, &options));
            let order: Vec<usize> = (0..effects.len()).rev().collect();
            examination.examine(
                || what("leave one out"),
                || leave_one_out(&effects, |studies| pool_effects(studies, &options)),
            );
            examination.examine(
                || what("cumulative"),
                || cumulative(&effects, &order, |studies| pool_effects(studies, &options)),
            );
        }
    }
    examination.finish("pooled effects", 1_000);
}

#[test]
fn bayes_and_bootstrap() {
    let mut examination = Examination::default();
    for (turn, set) in sets().into_iter().enumerate() {
        let effects = estimates(&set, EffectMeasure::LogHazardRatio);
        let draws = NagashimaOptions { draws: 100, ..NagashimaOptions::default() };
        if turn % 4 == 0 {
            examination
                .examine(|| format!("bootstrap of {set:?}"), || nagashima_prediction(&effects, &draws));
        }
        let options = BayesOptions {
            tau_prior: [TauPrior::HalfNormal { scale: 0.5 }, TauPrior::HalfCauchy { scale: 1e-3 }][turn % 2],
            tolerance: 1e-6,
            ..BayesOptions::default()
        };
        if turn % 3 == 0 {
            examination
                .examine(|| format!("posterior of {set:?}"), || bayesian_random_effects(&effects, &options));
        }
    }
    examination.finish("Bayes and bootstrap", 100);
}

#[test]
fn small_study_effects_and_regression() {
    let mut examination = Examination::default();
    for (turn, set) in sets().into_iter().enumerate() {
        let funnel: Vec<FunnelStudy> = estimates(&set, EffectMeasure::Generic)
            .into_iter()
            .enumerate()
            .map(|(index, effect)| FunnelStudy {
                trial: effect.trial,
                label: effect.label,
                value: effect.value,
                variance: effect.variance,
                size: [
                    StudySize::Patients { total: 1 + index as u32 },
                    StudySize::TwoArms {
                        events: 0,
                        total: 1,
                        control_events: u32::MAX,
                        control_total: u32::MAX,
                    },
                ][turn % 2],
            })
            .collect();
        let tau_squared = ESTIMATORS[turn % 10];
        let tests = FunnelTestOptions {
            tests: vec![
                FunnelTest::Egger,
                FunnelTest::EggerVariance,
                FunnelTest::MixedEgger,
                FunnelTest::MixedEggerVariance,
                FunnelTest::ThompsonSharp,
                FunnelTest::Begg,
                FunnelTest::Peters,
                FunnelTest::Harbord,
                FunnelTest::Deeks,
                FunnelTest::Schwarzer,
                FunnelTest::Macaskill,
                FunnelTest::Pustejovsky,
                FunnelTest::InverseSampleSize,
            ],
            minimum_studies: 3,
            tau_squared,
            ..FunnelTestOptions::default()
        };
        let what = |name: &str| format!("{name} of {set:?}, {tau_squared:?}");
        examination.examine(|| what("funnel tests"), || test_funnel_asymmetry(&funnel, &tests));
        for estimator in
            [MissingStudiesEstimator::L0, MissingStudiesEstimator::R0, MissingStudiesEstimator::Q0]
        {
            let options = TrimAndFillOptions { estimator, tau_squared, ..TrimAndFillOptions::default() };
            examination.examine(|| what("trim and fill"), || trim_and_fill(&funnel, &options));
        }
        examination.examine(|| what("PET-PEESE"), || pet_peese(&funnel, &PetPeeseOptions::default()));
        let limit = LimitOptions { tau_squared, ..LimitOptions::default() };
        examination.examine(|| what("limit meta-analysis"), || limit_meta_analysis(&funnel, &limit));
        for method in [FailSafeMethod::Rosenthal, FailSafeMethod::Orwin, FailSafeMethod::Rosenberg] {
            let options = FailSafeOptions { method, ..FailSafeOptions::default() };
            examination.examine(|| what("fail-safe number"), || fail_safe_number(&funnel, &options));
        }
        let moderator = [1.0, 1e-300, 1e8, 1e100, 1e300, f64::NAN][turn % 6];
        let studies: Vec<RegressionStudy> = funnel
            .iter()
            .enumerate()
            .map(|(index, study)| RegressionStudy {
                trial: study.trial.clone(),
                label: String::new(),
                value: study.value,
                variance: study.variance,
                moderators: [("x".to_owned(), ModeratorValue::Number(moderator * index as f64))].into(),
            })
            .collect();
        for moderators in [vec![], vec![Moderator::named("x")]] {
            let options = MetaRegressionOptions {
                moderators,
                tau_squared,
                interval: [RegressionInterval::Wald, RegressionInterval::HartungKnapp][turn % 2],
                ..MetaRegressionOptions::default()
            };
            examination.examine(
                || format!("regression of {set:?} on {moderator:e}, {options:?}"),
                || meta_regression(&studies, &options),
            );
        }
    }
    examination.finish("small-study effects and regression", 1_000);
}
