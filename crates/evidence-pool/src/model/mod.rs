//! Common-effect and random-effects models of one effect per study.
//!
//! | part | holds |
//! |---|---|
//! | [`sums`] | weighted sums over studies, O(k), without memory |
//! | [`tau_squared`], [`likelihood`] | estimators of τ² and their standard errors |
//! | [`tau_squared_interval`], [`quadratic_form`] | intervals of τ² |
//! | [`mean`] | the mean, its standard error, interval and test |
//! | [`prediction`] | prediction intervals |
//! | [`heterogeneity`] | Q, I², H |
//! | [`random_effects`] | the public entry for bare numbers |

mod heterogeneity;
pub(crate) mod likelihood;
mod mean;
mod prediction;
pub(crate) mod quadratic_form;
mod random_effects;
pub(crate) mod sums;
pub(crate) mod tau_squared;
mod tau_squared_interval;

use kmeta_numerics::distributions::{normal_quantile, student_t_quantile};
use kmeta_trial_data::{FitStatistics, TauSquaredEstimator};

pub(crate) use heterogeneity::{heterogeneity, heterogeneity_of_q};
pub(crate) use likelihood::higher_maximum;
pub(crate) use mean::{Mean, random_mean};
pub(crate) use prediction::MIN_PREDICTION_STUDIES;
pub use random_effects::{
    ModelOptions, RandomEffectsFit, between_study_variance_interval, fit_random_effects, prediction_interval,
};
pub(crate) use random_effects::{checked_group, fit_group};

use crate::PoolError;
use likelihood::Likelihood;
use sums::Group;
use tau_squared::{Fixed, estimate_in_strata};

/// One effect per study with its sampling variance.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effects {
    pub(crate) values: Vec<f64>,
    pub(crate) variances: Vec<f64>,
}

/// Inverse-variance weights w = 1/(v + τ²) and what follows from them.
#[derive(Debug, Clone)]
pub(crate) struct Weighted {
    pub(crate) weights: Vec<f64>,
    /// Σ w.
    pub(crate) total: f64,
    /// Σ w y / Σ w.
    #[allow(dead_code, reason = "part of the weighted sums that other families read")]
    pub(crate) mean: f64,
    /// Σ w (y − mean)².
    pub(crate) squares: f64,
}

impl Effects {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn group(&self) -> Group<'_> {
        Group { values: &self.values, variances: &self.variances }
    }

    pub(crate) fn weighted(&self, tau_squared: f64) -> Weighted {
        let weights: Vec<f64> =
            self.variances.iter().map(|variance| 1.0 / (variance + tau_squared)).collect();
        let total: f64 = weights.iter().sum();
        let mean =
            weights.iter().zip(&self.values).map(|(weight, value)| weight * value).sum::<f64>() / total;
        let squares =
            weights.iter().zip(&self.values).map(|(weight, value)| weight * (value - mean).powi(2)).sum();
        Weighted { weights, total, mean, squares }
    }
}

impl Weighted {
    /// Weights as fractions of their sum.
    pub(crate) fn shares(&self) -> Vec<f64> {
        self.weights.iter().map(|weight| weight / self.total).collect()
    }
}

/// Both models fitted to the same studies.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub(crate) common: Mean,
    pub(crate) random: Mean,
    pub(crate) tau_squared: f64,
    /// Whether τ² was estimated from these studies, rather than given.
    pub(crate) tau_squared_is_own: bool,
    /// 1/√Σw of the random-effects model, which Hartung-Knapp replaces in `random`.
    pub(crate) random_inverse_variance_error: f64,
    pub(crate) common_shares: Vec<f64>,
    pub(crate) random_shares: Vec<f64>,
    /// Cochran's Q.
    pub(crate) q: f64,
    /// Hartung-Knapp was asked for, but all effects are equal, so that its standard error would be 0.
    pub(crate) hartung_knapp_degenerate: bool,
}

/// Fits both models. With one study they are the study itself and the interval is normal. A τ² that is given takes
/// the place of the estimate.
pub(crate) fn fit(
    effects: &Effects,
    options: &ModelOptions,
    given_tau_squared: Option<f64>,
) -> Result<Fit, PoolError> {
    let z = two_sided_normal(options.confidence_level)?;
    let group = effects.group();
    let given = given_tau_squared.or(options.preset_tau_squared);
    let tau_squared = match given {
        Some(tau_squared) => tau_squared,
        None if effects.len() > 1 => {
            estimate_in_strata(&[group], options.tau_squared, options.scoring_threshold)?
        }
        None => 0.0,
    };
    let fixed = group.sums(0.0);
    let mixed = group.sums(tau_squared);
    let (random, degenerate) = random_mean(group, &mixed, options)?;
    Ok(Fit {
        common: Mean::new(fixed.mean, fixed.s1.sqrt().recip(), z),
        random,
        tau_squared,
        tau_squared_is_own: given.is_none(),
        random_inverse_variance_error: mixed.s1.sqrt().recip(),
        common_shares: effects.weighted(0.0).shares(),
        random_shares: effects.weighted(tau_squared).shares(),
        q: Fixed::of(&[group]).q,
        hartung_knapp_degenerate: degenerate,
    })
}

/// Log likelihood, AIC and BIC of the random-effects model: restricted for REML, full for the other estimators.
/// `None` with one study.
pub(crate) fn fit_statistics(
    effects: &Effects,
    estimator: TauSquaredEstimator,
    tau_squared: f64,
) -> Option<FitStatistics> {
    let likelihood = Likelihood::of(estimator).unwrap_or(Likelihood::Full);
    (effects.len() > 1).then(|| likelihood.fit_statistics(effects.group(), tau_squared))
}

/// The z with P(|Z| ≤ z) = level.
pub(crate) fn two_sided_normal(level: f64) -> Result<f64, PoolError> {
    if !(level > 0.0 && level < 1.0) {
        return Err(PoolError::InvalidLevel { level });
    }
    normal_quantile(0.5 + level / 2.0).map_err(|_| PoolError::InvalidLevel { level })
}

/// The t with P(|T| ≤ t) = level.
pub(crate) fn two_sided_student_t(level: f64, df: f64) -> Result<f64, PoolError> {
    Ok(student_t_quantile(0.5 + level / 2.0, df)?)
}
