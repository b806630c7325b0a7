//! Runs what is asked.

use std::collections::BTreeMap;

use kmeta_evidence_pool::{
    EffectsModel, MetaRegressionOptions, Moderator, ModeratorValue, PoolError, RegressionInterval,
    RegressionStudy, meta_regression,
};
use kmeta_trial_data::{Finding, IntervalMethod, PooledEffect};

use super::{FurtherOptions, FurtherResults, Unanswered};

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
    results
}

impl FurtherResults {
    /// The answer, or `None` with the reason on record.
    fn answered<T>(&mut self, analysis: &str, answer: Result<T, PoolError>) -> Option<T> {
        answer
            .map_err(|error| {
                self.unanswered.push(Unanswered { analysis: analysis.to_owned(), reason: error.to_string() });
            })
            .ok()
    }

    /// What the analyses noticed, and what has no answer.
    pub(crate) fn findings(&self, place: &str) -> Vec<Finding> {
        let unanswered = self.unanswered.iter().map(|unanswered| {
            let message = format!("no {}: {}", unanswered.analysis, unanswered.reason);
            Finding::warning("further-analysis-unanswered", place, message)
        });
        let own = self.meta_regression.iter().flat_map(|model| model.findings.clone());
        unanswered.chain(own).collect()
    }
}

/// The regression with the estimator, the kind of interval and the level of the pooled effect.
fn regression(
    Studied { pooled, moderators }: Studied<'_>,
    options: &FurtherOptions,
) -> Result<kmeta_evidence_pool::MetaRegression, PoolError> {
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
        interval: match pooled.interval_method {
            IntervalMethod::Wald => RegressionInterval::Wald,
            _ => RegressionInterval::HartungKnapp,
        },
        confidence_level: pooled.confidence_level,
        missing: options.missing_moderator,
        ..Default::default()
    };
    meta_regression(&studies, &settings)
}
