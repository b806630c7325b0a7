//! Random effects for bare numbers: what the other families of this crate and simulations fit.

use kmeta_numerics::distributions::chi_squared_upper;
use kmeta_trial_data::{
    Interval, IntervalMethod, PredictionMethod, TauSquaredEstimator, TauSquaredIntervalMethod,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::mean::{Mean, StandardError, check_kenward_roger, random_standard_error};
use super::prediction::prediction;
use super::sums::Group;
use super::tau_squared::{Fixed, estimate_in_strata};
use super::tau_squared_interval::{check_profile_likelihood, tau_squared_interval};
use super::two_sided_normal;
use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::limits::{LARGEST_VARIANCE, usable_effect, usable_variance};
use crate::nagashima::check_draws;

/// How a random-effects model is fitted. The defaults are those of R `meta::metagen`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelOptions {
    /// Estimator of the between-study variance.
    pub tau_squared: TauSquaredEstimator,
    /// A between-study variance to use instead of an estimate (R metafor `tau2`, meta `tau.preset` squared). With 0
    /// the model is the common-effect model.
    pub preset_tau_squared: Option<f64>,
    /// REML and ML scoring ends once a step of tau-squared is this small; 0, the default, goes on to machine
    /// precision, 1e-5 gives the digits that R prints.
    pub scoring_threshold: f64,
    /// How the interval of the mean is made.
    pub interval: IntervalMethod,
    /// How the interval of tau-squared is made.
    pub tau_squared_interval: TauSquaredIntervalMethod,
    /// How the prediction interval is made.
    pub prediction: PredictionMethod,
    /// Number of draws of a `nagashima-bootstrap` prediction interval, at least 100.
    pub prediction_draws: u32,
    /// Seed of these draws.
    pub prediction_seed: u64,
    /// Level of every interval, strictly between 0 and 1.
    pub confidence_level: f64,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self {
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            preset_tau_squared: None,
            scoring_threshold: 0.0,
            interval: IntervalMethod::Wald,
            tau_squared_interval: TauSquaredIntervalMethod::QProfile,
            prediction: PredictionMethod::Veroniki,
            prediction_draws: 25_000,
            prediction_seed: 0,
            confidence_level: 0.95,
        }
    }
}

impl ModelOptions {
    /// Whether the options can be used together.
    ///
    /// # Errors
    /// [`PoolError`] for an impossible level, threshold or preset τ², for Kenward-Roger without REML, and for a
    /// profile-likelihood interval without ML or REML.
    pub fn check(&self) -> Result<(), PoolError> {
        two_sided_normal(self.confidence_level)?;
        let threshold = self.scoring_threshold;
        if !(threshold.is_finite() && threshold >= 0.0) {
            return Err(PoolError::InvalidThreshold { threshold });
        }
        if let Some(tau_squared) = self.preset_tau_squared
            && !(0.0..=LARGEST_VARIANCE).contains(&tau_squared)
        {
            return Err(PoolError::InvalidTauSquared { tau_squared });
        }
        if self.prediction == PredictionMethod::NagashimaBootstrap {
            check_draws(self.prediction_draws)?;
        }
        let predicts = matches!(
            self.prediction,
            PredictionMethod::KenwardRoger | PredictionMethod::KenwardRogerPartlettRiley
        );
        check_kenward_roger(self.interval == IntervalMethod::KenwardRoger || predicts, self.tau_squared)?;
        check_profile_likelihood(self.tau_squared_interval, self.tau_squared)
    }
}

/// A fitted random-effects model. Intervals and p values are computed when asked for, so that a fit stays cheap
/// where only the numbers here are of use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RandomEffectsFit {
    /// Number of studies, k.
    pub studies: u32,
    /// Between-study variance; 0 with one study.
    pub tau_squared: f64,
    /// Mean μ = Σwy/Σw with w = 1/(v + τ²).
    pub mean: f64,
    /// Standard error of the mean by the interval method.
    pub standard_error: f64,
    /// Degrees of freedom of the mean's t distribution; absent when it is normal.
    pub degrees_of_freedom: Option<f64>,
    /// Cochran's Q, with k − 1 degrees of freedom.
    pub q: f64,
    /// I² = max(0, (Q − df)/Q), a fraction; 0 with one study.
    pub i_squared: f64,
    /// I² = τ²/(τ² + typical sampling variance), a fraction; 0 with one study.
    pub i_squared_from_tau_squared: f64,
}

/// Fits a random-effects model to effects and their sampling variances, without names and without reserving memory:
/// for simulations, subsets and multiverses, where millions of fits run. The fit takes a number of operations
/// proportional to the number of studies.
///
/// # Errors
/// [`PoolError`] for no studies, slices of different lengths, effects or variances that are not finite, variances
/// of 0 or below (studies are named by their position from 0), and options that [`ModelOptions::check`] refuses.
///
/// ```
/// use kmeta_evidence_pool::{ModelOptions, fit_random_effects};
/// // Log hazard ratios of four trials, Steurer et al. 2006.
/// let values = [-0.4095, -0.0811, -0.1732, 0.0512];
/// let variances = [0.0512, 0.0103, 0.0211, 0.0305];
/// let options = ModelOptions::default();
/// let fit = fit_random_effects(&values, &variances, &options)?;
/// assert_eq!(fit.studies, 4);
/// let interval = fit.interval(options.confidence_level)?;
/// assert!(interval.lower < fit.mean && fit.mean < interval.upper);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
pub fn fit_random_effects(
    values: &[f64],
    variances: &[f64],
    options: &ModelOptions,
) -> Result<RandomEffectsFit, PoolError> {
    let group = checked_group(values, variances)?;
    options.check()?;
    fit_group(group, options)
}

/// The same on checked input.
pub(crate) fn fit_group(group: Group<'_>, options: &ModelOptions) -> Result<RandomEffectsFit, PoolError> {
    let k = group.len();
    let strata = [group];
    let tau_squared = match options.preset_tau_squared {
        Some(tau_squared) => tau_squared,
        None if k > 1 => estimate_in_strata(&strata, options.tau_squared, options.scoring_threshold)?,
        None => 0.0,
    };
    let mixed = group.sums(tau_squared);
    let StandardError { value, degrees_of_freedom } = random_standard_error(group, &mixed, options)?;
    let fixed = Fixed::of(&strata);
    let df = (k - 1) as f64;
    let (i_squared, from_tau_squared) = if k > 1 {
        let typical = fixed.typical_variance(df);
        let from_q = if fixed.q > df { (fixed.q - df) / fixed.q } else { 0.0 };
        (from_q, tau_squared / (tau_squared + typical))
    } else {
        (0.0, 0.0)
    };
    let fit = RandomEffectsFit {
        studies: k as u32,
        tau_squared,
        mean: mixed.mean,
        standard_error: value,
        degrees_of_freedom,
        q: fixed.q,
        i_squared,
        i_squared_from_tau_squared: from_tau_squared,
    };
    // The walk through an answer takes memory, which a fit must not.
    if [fit.mean, fit.standard_error, fit.q, fit.i_squared_from_tau_squared].iter().all(|x| x.is_finite()) {
        Ok(fit)
    } else {
        finite_answer("a random-effects model", fit)
    }
}

impl RandomEffectsFit {
    fn at(&self, level: f64) -> Result<Mean, PoolError> {
        match self.degrees_of_freedom {
            Some(df) => Mean::with_t(self.mean, self.standard_error, df, level),
            None => Ok(Mean::new(self.mean, self.standard_error, two_sided_normal(level)?)),
        }
    }

    /// Interval of the mean.
    ///
    /// # Errors
    /// [`PoolError::InvalidLevel`] unless 0 < level < 1.
    pub fn interval(&self, level: f64) -> Result<Interval, PoolError> {
        two_sided_normal(level)?;
        let Mean { lower, upper, .. } = self.at(level)?;
        Ok(Interval { lower, upper })
    }

    /// mean / standard error: z, or t with `degrees_of_freedom`.
    pub fn statistic(&self) -> f64 {
        self.mean / self.standard_error
    }

    /// Two-sided p value of a mean of 0.
    ///
    /// # Errors
    /// [`PoolError::Computation`] when the t distribution cannot be evaluated.
    pub fn p_value(&self) -> Result<f64, PoolError> {
        self.at(0.95)?.p_value()
    }

    /// p value of Cochran's Q; absent with one study.
    ///
    /// # Errors
    /// [`PoolError::Computation`] when the chi-squared distribution cannot be evaluated.
    pub fn q_p_value(&self) -> Result<Option<f64>, PoolError> {
        match self.studies {
            0 | 1 => Ok(None),
            k => Ok(Some(chi_squared_upper(self.q, f64::from(k - 1))?)),
        }
    }
}

/// Prediction interval of a new study's effect by `options.prediction`; absent with fewer than three studies and
/// where the method leaves no degrees of freedom.
///
/// # Errors
/// As [`fit_random_effects`].
pub fn prediction_interval(
    values: &[f64],
    variances: &[f64],
    options: &ModelOptions,
) -> Result<Option<Interval>, PoolError> {
    let group = checked_group(values, variances)?;
    options.check()?;
    let fit = fit_group(group, options)?;
    let limits = prediction(group, fit.tau_squared, options)?;
    finite_answer("a prediction interval", limits.map(|limits| limits.interval))
}

/// Confidence interval of the between-study variance by `options.tau_squared_interval`; absent with one study, and
/// when no τ² fits the studies.
///
/// # Errors
/// As [`fit_random_effects`].
pub fn between_study_variance_interval(
    values: &[f64],
    variances: &[f64],
    options: &ModelOptions,
) -> Result<Option<Interval>, PoolError> {
    let group = checked_group(values, variances)?;
    options.check()?;
    if group.len() < 2 {
        return Ok(None);
    }
    finite_answer("an interval of tau-squared", tau_squared_interval(&[group], options)?)
}

/// Refuses what cannot be pooled.
pub(crate) fn checked_group<'a>(values: &'a [f64], variances: &'a [f64]) -> Result<Group<'a>, PoolError> {
    if values.is_empty() {
        return Err(PoolError::NoStudies);
    }
    if values.len() != variances.len() {
        return Err(PoolError::UnequalLengths { values: values.len(), variances: variances.len() });
    }
    let place = |index: usize| format!("study at position {index} (counted from 0)");
    if let Some(index) = values.iter().position(|value| !usable_effect(*value)) {
        return Err(PoolError::InvalidEffect { trial: place(index), value: values[index] });
    }
    if let Some(index) = variances.iter().position(|variance| !usable_variance(*variance)) {
        return Err(PoolError::InvalidVariance { trial: place(index), variance: variances[index] });
    }
    Ok(Group { values, variances })
}
