//! Runs what is asked. Every analysis takes the estimator, the kind of interval and the level of the pooled effect
//! that it belongs to.

use std::collections::BTreeMap;

use kmeta_evidence_pool::{
    EffectsModel, FailSafeOptions, FunnelStudy, FunnelTestOptions, LimitOptions, MetaRegression,
    MetaRegressionOptions, Moderator, ModeratorValue, PetPeeseOptions, PoolError, RegressionInterval,
    RegressionStudy, StudySize, TrimAndFillOptions, fail_safe_number, limit_meta_analysis, meta_regression,
    pet_peese, test_funnel_asymmetry, trim_and_fill,
};
use kmeta_trial_data::{IntervalMethod, PooledEffect, StudyRow};

use super::{FurtherOptions, FurtherResults};

/// A pooled effect with what is known of its studies beyond their effects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Studied<'a> {
    /// The pooled effect.
    pub(crate) pooled: &'a PooledEffect,
    /// The moderators of each study, in the order of its rows.
    pub(crate) moderators: &'a [BTreeMap<String, ModeratorValue>],
}

/// Everything asked for. An analysis that fails is listed with the reason, and the others go on.
pub(crate) fn run(studied: Studied<'_>, options: &FurtherOptions) -> FurtherResults {
    let mut results = FurtherResults::default();
    if !options.moderators.is_empty() {
        let model = regression(studied, options);
        results.meta_regression = results.answered("meta-regression", model);
    }
    small_study_effects(studied.pooled, options, &mut results);
    results
}

fn small_study_effects(pooled: &PooledEffect, options: &FurtherOptions, results: &mut FurtherResults) {
    let studies: Vec<FunnelStudy> = pooled.studies.iter().map(funnel_study).collect();
    let (measure, confidence_level) = (pooled.measure, pooled.confidence_level);
    let tau_squared = pooled.tau_squared_estimator;
    if !options.small_study_tests.is_empty() {
        let settings = FunnelTestOptions {
            tests: options.small_study_tests.clone(),
            measure,
            minimum_studies: options.minimum_studies_for_tests,
            tau_squared,
            confidence_level,
            ..Default::default()
        };
        let tests = test_funnel_asymmetry(&studies, &settings);
        results.small_study_tests = results.answered("test of small-study effects", tests);
    }
    if let Some(estimator) = options.trim_and_fill {
        let settings = TrimAndFillOptions {
            measure,
            estimator,
            side: options.trim_and_fill_side,
            tau_squared,
            interval: regression_interval(pooled.interval_method),
            confidence_level,
            ..Default::default()
        };
        results.trim_and_fill = results.answered("trim and fill", trim_and_fill(&studies, &settings));
    }
    if options.pet_peese {
        let settings = PetPeeseOptions { measure, confidence_level, ..Default::default() };
        results.pet_peese = results.answered("PET-PEESE", pet_peese(&studies, &settings));
    }
    if options.limit_meta_analysis {
        let settings = LimitOptions { measure, tau_squared, confidence_level, ..Default::default() };
        let limit = limit_meta_analysis(&studies, &settings);
        results.limit_meta_analysis = results.answered("limit meta-analysis", limit);
    }
    for &method in &options.fail_safe_numbers {
        let number = fail_safe_number(&studies, &FailSafeOptions { method, ..Default::default() });
        let number = results.answered("fail-safe number", number);
        results.fail_safe_numbers.extend(number);
    }
}

fn funnel_study(row: &StudyRow) -> FunnelStudy {
    let size = match (row.events, row.total, row.control_events, row.control_total) {
        (Some(events), Some(total), Some(control_events), Some(control_total)) => {
            StudySize::TwoArms { events, total, control_events, control_total }
        }
        (Some(events), Some(total), ..) => StudySize::OneArm { events, total },
        _ => StudySize::Unknown,
    };
    FunnelStudy {
        trial: row.trial.clone(),
        label: row.label.clone(),
        value: row.estimate.value,
        variance: row.estimate.standard_error.powi(2),
        size,
    }
}

fn regression(
    Studied { pooled, moderators }: Studied<'_>,
    options: &FurtherOptions,
) -> Result<MetaRegression, PoolError> {
    let studies: Vec<RegressionStudy> = pooled
        .studies
        .iter()
        .zip(moderators)
        .map(|(study, moderators)| RegressionStudy {
            trial: study.trial.clone(),
            label: study.label.clone(),
            value: study.estimate.value,
            variance: study.estimate.standard_error.powi(2),
            moderators: moderators.clone(),
        })
        .collect();
    let named = |name: &String| Moderator {
        name: name.clone(),
        reference: options.reference_levels.get(name).cloned(),
    };
    let settings = MetaRegressionOptions {
        moderators: options.moderators.iter().map(named).collect(),
        model: EffectsModel::Random,
        tau_squared: pooled.tau_squared_estimator,
        interval: regression_interval(pooled.interval_method),
        confidence_level: pooled.confidence_level,
        missing: options.missing_moderator,
        ..Default::default()
    };
    meta_regression(&studies, &settings)
}

/// The interval of a regression that is most like that of the mean.
fn regression_interval(method: IntervalMethod) -> RegressionInterval {
    match method {
        IntervalMethod::Wald => RegressionInterval::Wald,
        IntervalMethod::HartungKnappLargerError => RegressionInterval::HartungKnappLargerError,
        IntervalMethod::HartungKnapp
        | IntervalMethod::HartungKnappWiderInterval
        | IntervalMethod::HartungKnappIqwig6
        | IntervalMethod::KenwardRoger => RegressionInterval::HartungKnapp,
    }
}
