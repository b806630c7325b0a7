//! Limit meta-analysis.

use kmeta_numerics::distributions::{chi_squared_upper, normal_two_sided};
use kmeta_trial_data::{EffectMeasure, Estimate, Finding, Interval, TauSquaredEstimator};
use nalgebra::DVector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::adjusted::{Pooling, tested_estimate};
use super::input::{FunnelStudy, at_least, check_settings, check_studies, effects, reading_scale};
use super::line::{Coefficient, NoLine};
use super::pet_peese::no_line;
use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::meta_regression::tau_squared::residual_tau_squared;
use crate::meta_regression::weighted::Regression;
use crate::meta_regression::{EffectsModel, RegressionInterval};
use crate::model::two_sided_normal;

/// How the limit meta-analysis is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOptions {
    /// Scale of the effects.
    pub measure: EffectMeasure,
    /// Estimator of the between-study variance.
    pub tau_squared: TauSquaredEstimator,
    /// REML and ML scoring ends once a step of tau-squared is this small; R uses 1e-5.
    pub scoring_threshold: f64,
    /// Level of intervals, strictly between 0 and 1.
    pub confidence_level: f64,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            measure: EffectMeasure::Generic,
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            scoring_threshold: 0.0,
            confidence_level: 0.95,
        }
    }
}

/// One study with what it would have found with unlimited precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitStudy {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The observed effect.
    pub value: f64,
    /// The effect in the limit, β + τ (y − β)/√(v + τ²).
    pub limit: f64,
}

/// A limit meta-analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitMetaAnalysis {
    /// The random-effects mean without adjustment.
    pub unadjusted: Estimate,
    /// β + τα, the effect of a study of unlimited precision.
    pub adjusted: Estimate,
    /// β, the slope of the generalized radial plot.
    pub slope: f64,
    /// Its standard error.
    pub slope_standard_error: f64,
    /// α, the intercept of the generalized radial plot: the small-study effect per standard error.
    pub intercept: f64,
    /// Its standard error.
    pub intercept_standard_error: f64,
    /// Between-study variance of the model without small-study effects.
    pub tau_squared: f64,
    /// Cochran's Q, k − 1 degrees of freedom.
    pub q: f64,
    /// Q − Q′, the part of Q that small-study effects account for, 1 degree of freedom.
    pub q_small_study: f64,
    /// Its p value.
    pub p_value_small_study: f64,
    /// Q′, what is left, k − 2 degrees of freedom.
    pub q_residual: f64,
    /// Its p value.
    pub p_value_residual: f64,
    /// The studies.
    pub studies: Vec<LimitStudy>,
    /// How it was made.
    pub options: LimitOptions,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// Limit meta-analysis (Rücker, Schwarzer, Carpenter, Binder & Schumacher 2011): y = β + √(v + τ²)(α + ε), ε ~ N(0, 1),
/// fitted by weighted least squares with weights 1/(v + τ²), τ² of the random-effects model. A study of unlimited
/// precision (v → 0) then shows β + τα, the adjusted effect. Its standard error follows from the covariance of α and β
/// with τ² held fixed. Q is split into a part that small-study effects account for and a rest, at τ² = 0.
///
/// With τ² = 0 the adjusted effect is the intercept of the common-effect Egger line.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: fewer than three studies, equal standard errors, duplicate ids, effects
/// or variances that are not finite, Freeman-Tukey effects.
pub fn limit_meta_analysis(
    studies: &[FunnelStudy],
    options: &LimitOptions,
) -> Result<LimitMetaAnalysis, PoolError> {
    check_settings(options.confidence_level, options.scoring_threshold)?;
    check_studies(studies)?;
    at_least(studies, 3, "a limit meta-analysis")?;
    let scale = reading_scale(options.measure)?;
    let funnel = effects(studies);
    let mean = Regression::mean(&funnel.values, &funnel.variances);
    let tau_squared = residual_tau_squared(&mean, options.tau_squared, options.scoring_threshold)?;
    let errors = |tau_squared: f64| {
        funnel.variances.iter().map(|variance| (variance + tau_squared).sqrt()).collect::<Vec<f64>>()
    };
    let spread = errors(tau_squared);
    let equal = |_| no_line(NoLine::EqualPredictors);
    let fit = Regression::line(&funnel.values, &funnel.variances, &spread).at(tau_squared).map_err(equal)?;
    let (slope, intercept) = (fit.coefficients[0], fit.coefficients[1]);
    let tau = tau_squared.sqrt();
    let (value, variance) = fit.predict(&DVector::from_vec(vec![1.0, tau]));
    let limit = Coefficient { value, standard_error: variance.sqrt() };
    let width = two_sided_normal(options.confidence_level)? * limit.standard_error;
    let interval = Interval { lower: value - width, upper: value + width };

    let q = mean.at(0.0)?.squares;
    let q_residual =
        Regression::line(&funnel.values, &funnel.variances, &errors(0.0)).at(0.0).map_err(equal)?.squares;
    let q_small_study = (q - q_residual).max(0.0);
    let pooling = Pooling {
        tau_squared: options.tau_squared,
        scoring_threshold: options.scoring_threshold,
        interval: RegressionInterval::Wald,
        level: options.confidence_level,
        scale,
    };
    let unadjusted = pooling.pool(&funnel.values, &funnel.variances, EffectsModel::Random)?;
    finite_answer(
        "a limit meta-analysis",
        LimitMetaAnalysis {
            unadjusted: pooling.mean(&unadjusted)?,
            adjusted: tested_estimate(limit, interval, None, normal_two_sided(limit.statistic()), scale)?,
            slope,
            slope_standard_error: fit.inverse_information[(0, 0)].sqrt(),
            intercept,
            intercept_standard_error: fit.inverse_information[(1, 1)].sqrt(),
            tau_squared,
            q,
            q_small_study,
            p_value_small_study: chi_squared_upper(q_small_study, 1.0)?,
            q_residual,
            p_value_residual: chi_squared_upper(q_residual, studies.len() as f64 - 2.0)?,
            studies: studies
                .iter()
                .zip(&spread)
                .map(|(study, spread)| LimitStudy {
                    trial: study.trial.clone(),
                    label: study.label.clone(),
                    value: study.value,
                    limit: slope + tau * (study.value - slope) / spread,
                })
                .collect(),
            options: options.clone(),
            findings: findings(tau_squared),
        },
    )
}

fn findings(tau_squared: f64) -> Vec<Finding> {
    let homogeneous = tau_squared == 0.0;
    let finding = homogeneous.then(|| {
        Finding::note(
            "limit-without-heterogeneity",
            "limit meta-analysis",
            "tau-squared is 0: in the limit all studies show the same effect, the intercept of Egger's line",
        )
    });
    finding.into_iter().collect()
}
