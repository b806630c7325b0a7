//! Common-effect and random-effects models of one effect per study.

use kmeta_numerics::distributions::{normal_quantile, student_t_quantile};
use kmeta_trial_data::IntervalMethod;

use crate::PoolError;
use crate::assemble::Settings;
use crate::tau_squared::estimate_tau_squared;

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
    pub(crate) mean: f64,
    /// Σ w (y − mean)².
    pub(crate) squares: f64,
}

impl Effects {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
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

/// A mean with its standard error and limits on the analysis scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mean {
    pub(crate) value: f64,
    pub(crate) standard_error: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

impl Mean {
    /// value ± quantile · standard error.
    pub(crate) fn new(value: f64, standard_error: f64, quantile: f64) -> Self {
        let width = quantile * standard_error;
        Self { value, standard_error, lower: value - width, upper: value + width }
    }
}

/// Both models fitted to the same studies.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub(crate) common: Mean,
    pub(crate) random: Mean,
    pub(crate) tau_squared: f64,
    /// 1/√Σw of the random-effects model, which Hartung-Knapp replaces in `random`.
    pub(crate) random_inverse_variance_error: f64,
    pub(crate) common_shares: Vec<f64>,
    pub(crate) random_shares: Vec<f64>,
    /// Cochran's Q.
    pub(crate) q: f64,
    /// Hartung-Knapp was asked for, but all effects are equal, so that its standard error would be 0.
    pub(crate) hartung_knapp_degenerate: bool,
}

/// Fits both models. With one study they are the study itself and the interval is normal.
pub(crate) fn fit(effects: &Effects, settings: &Settings) -> Result<Fit, PoolError> {
    let (interval, level) = (settings.interval, settings.level);
    let z = two_sided_normal(level)?;
    let fixed = effects.weighted(0.0);
    let k = effects.len();
    let tau_squared = if k > 1 {
        estimate_tau_squared(effects, settings.tau_squared, settings.scoring_threshold)?
    } else {
        0.0
    };
    let mixed = effects.weighted(tau_squared);
    let inverse_variance_error = mixed.total.sqrt().recip();
    let mut random = Mean::new(mixed.mean, inverse_variance_error, z);
    let mut degenerate = false;
    if interval == IntervalMethod::HartungKnapp && k > 1 {
        let df = (k - 1) as f64;
        let standard_error = (mixed.squares / df / mixed.total).sqrt();
        degenerate = standard_error == 0.0;
        if !degenerate {
            random = Mean::new(mixed.mean, standard_error, two_sided_student_t(level, df)?);
        }
    }
    Ok(Fit {
        common: Mean::new(fixed.mean, fixed.total.sqrt().recip(), z),
        random,
        tau_squared,
        random_inverse_variance_error: inverse_variance_error,
        common_shares: fixed.shares(),
        random_shares: mixed.shares(),
        q: fixed.squares,
        hartung_knapp_degenerate: degenerate,
    })
}

impl Fit {
    /// Prediction interval of a new study's effect: mean ± t·√(SE² + τ²) with k − 1 degrees of freedom and the
    /// inverse-variance standard error whatever the interval method (Veroniki 2019; R meta's method "V", its
    /// default since 8.0). Absent with fewer than three studies.
    pub(crate) fn prediction(&self, level: f64) -> Result<Option<(f64, f64)>, PoolError> {
        let k = self.common_shares.len();
        if k < 3 {
            return Ok(None);
        }
        let spread = (self.random_inverse_variance_error.powi(2) + self.tau_squared).sqrt();
        let width = two_sided_student_t(level, (k - 1) as f64)? * spread;
        Ok(Some((self.random.value - width, self.random.value + width)))
    }
}

/// The z with P(|Z| ≤ z) = level.
pub(crate) fn two_sided_normal(level: f64) -> Result<f64, PoolError> {
    if !(level > 0.0 && level < 1.0) {
        return Err(PoolError::InvalidLevel { level });
    }
    normal_quantile(0.5 + level / 2.0).map_err(|_| PoolError::InvalidLevel { level })
}

fn two_sided_student_t(level: f64, df: f64) -> Result<f64, PoolError> {
    Ok(student_t_quantile(0.5 + level / 2.0, df)?)
}
