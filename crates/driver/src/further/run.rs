//! Runs what is asked. Every analysis takes the estimator, the kind of interval and the level of the pooled effect
//! that it belongs to.

use std::collections::{BTreeMap, HashMap};

use kmeta_evidence_pool::{
    BayesOptions, BayesianResult, EffectsModel, FailSafeOptions, FunnelStudy, FunnelTestOptions,
    LimitOptions, MetaRegression, MetaRegressionOptions, ModelOptions, Moderator, ModeratorValue,
    PetPeeseOptions, PoolError, RegressionInterval, RegressionStudy, StudySize, TrimAndFillOptions, baujat,
    bayesian_random_effects, cumulative, fail_safe_number, influence_diagnostics, leave_one_out,
    limit_meta_analysis, meta_regression, order_by, pet_peese, test_funnel_asymmetry, trim_and_fill,
};
use kmeta_trial_data::{EffectEstimate, IntervalMethod, PooledEffect, StudyRow};

use super::{BayesianPriors, CumulativeOrder, FurtherOptions, FurtherResults, Unanswered};

/// A pooled effect with what is known of its studies beyond their effects.
#[derive(Clone, Copy)]
pub(crate) struct Studied<'a> {
    /// The pooled effect.
    pub(crate) pooled: &'a PooledEffect,
    /// The moderators of each study, in the order of its rows.
    pub(crate) moderators: &'a [BTreeMap<String, ModeratorValue>],
    /// How the random-effects model was fitted.
    pub(crate) model: &'a ModelOptions,
    /// Pools some of the studies again, named by their trials, with all settings of the analysis.
    pub(crate) pool_again: &'a dyn Fn(&[String]) -> Result<PooledEffect, PoolError>,
}

/// The studies of these trials, in this order.
pub(crate) fn chosen<T: Clone>(studies: &[T], trial: impl Fn(&T) -> &str, trials: &[String]) -> Vec<T> {
    let by_name: HashMap<&str, &T> = studies.iter().map(|study| (trial(study), study)).collect();
    trials.iter().filter_map(|name| by_name.get(name.as_str()).map(|&study| study.clone())).collect()
}

/// Everything asked for. An analysis that fails is listed with the reason, and the others go on.
pub(crate) fn run(studied: Studied<'_>, options: &FurtherOptions) -> FurtherResults {
    let mut results = FurtherResults::default();
    if !options.moderators.is_empty() {
        let model = regression(studied, options);
        results.meta_regression = results.answered("meta-regression", model);
    }
    sensitivity(studied, options, &mut results);
    small_study_effects(studied.pooled, options, &mut results);
    if let Some(priors) = &options.bayesian {
        let bayesian = bayesian(studied.pooled, priors);
        results.bayesian = results.answered("Bayesian model", bayesian);
    }
    results
}

/// What single studies do to the result.
fn sensitivity(studied: Studied<'_>, options: &FurtherOptions, results: &mut FurtherResults) {
    let Studied { pooled, model, pool_again, .. } = studied;
    let trials: Vec<String> = pooled.studies.iter().map(|study| study.trial.clone()).collect();
    if options.leave_one_out {
        results.leave_one_out =
            results.answered("leave-one-out analysis", leave_one_out(&trials, pool_again));
    }
    if let Some(order) = options.cumulative {
        match cumulative_order(studied, order) {
            Ok(order) => {
                let added = cumulative(&trials, &order, pool_again);
                results.cumulative = results.answered("cumulative analysis", added);
            }
            Err(reason) => {
                results.unanswered.push(Unanswered { analysis: "cumulative analysis".to_owned(), reason })
            }
        }
    }
    if options.influence {
        let (values, variances): (Vec<f64>, Vec<f64>) = pooled
            .studies
            .iter()
            .map(|study| (study.estimate.value, study.estimate.standard_error.powi(2)))
            .unzip();
        let diagnostics = influence_diagnostics(&values, &variances, model);
        let points = baujat(&values, &variances, model);
        results.influence = results.answered("influence diagnostics", diagnostics);
        results.baujat = results.answered("Baujat's coordinates", points).unwrap_or_default();
        results.trials = trials;
    }
}

fn cumulative_order(studied: Studied<'_>, order: CumulativeOrder) -> Result<Vec<usize>, String> {
    let Studied { pooled, moderators, .. } = studied;
    match order {
        CumulativeOrder::Listed => Ok((0..pooled.studies.len()).collect()),
        CumulativeOrder::Precision => Ok(order_by(
            &pooled.studies.iter().map(|study| study.estimate.standard_error).collect::<Vec<_>>(),
        )),
        CumulativeOrder::Year => {
            let year = |(study, moderators): (&StudyRow, &BTreeMap<String, ModeratorValue>)| match moderators
                .get("year")
            {
                Some(ModeratorValue::Number(year)) => Ok(*year),
                _ => Err(format!("trial `{}` states no year", study.trial)),
            };
            let years: Vec<f64> =
                pooled.studies.iter().zip(moderators).map(year).collect::<Result<_, _>>()?;
            Ok(order_by(&years))
        }
    }
}

fn bayesian(pooled: &PooledEffect, priors: &BayesianPriors) -> Result<BayesianResult, PoolError> {
    let effects: Vec<EffectEstimate> = pooled
        .studies
        .iter()
        .map(|study| EffectEstimate {
            trial: study.trial.clone(),
            label: study.label.clone(),
            subgroup: study.subgroup.clone(),
            measure: pooled.measure,
            value: study.estimate.value,
            variance: study.estimate.standard_error.powi(2),
            provenance: study.provenance.clone(),
        })
        .collect();
    let options = BayesOptions {
        id: pooled.id.clone(),
        title: pooled.title.clone(),
        tau_prior: priors.tau_prior,
        mean_prior: priors.mean_prior,
        interval: priors.interval,
        confidence_level: pooled.confidence_level,
        ..Default::default()
    };
    bayesian_random_effects(&effects, &options)
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
    Studied { pooled, moderators, .. }: Studied<'_>,
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
        intercept: options.regression_intercept,
        predictions: options.regression_predictions.clone(),
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
