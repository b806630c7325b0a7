//! Prediction intervals of a new study's effect.

use kmeta_trial_data::{Interval, PredictionMethod};

use super::mean::{StandardError, hartung_knapp_error, is_zero, kenward_roger, random_standard_error};
use super::sums::Group;
use super::{Effects, Fit, Mean, ModelOptions, two_sided_normal};
use crate::PoolError;
use crate::nagashima::bootstrap_prediction;

/// Below this number of studies there is no prediction interval.
pub(crate) const MIN_PREDICTION_STUDIES: usize = 3;

/// Limits of a new study's effect on the analysis scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PredictionLimits {
    /// √(SE² + τ²); absent for the bootstrap.
    pub(crate) standard_error: Option<f64>,
    /// Of the t quantile; absent when the quantile is normal or the limits are quantiles of draws.
    pub(crate) degrees_of_freedom: Option<f64>,
    pub(crate) interval: Interval,
}

impl From<Mean> for PredictionLimits {
    fn from(mean: Mean) -> Self {
        Self {
            standard_error: Some(mean.standard_error),
            degrees_of_freedom: mean.degrees_of_freedom,
            interval: Interval { lower: mean.lower, upper: mean.upper },
        }
    }
}

impl Fit {
    /// mean ± quantile · √(SE² + τ²) by the chosen method, or quantiles of a bootstrap. Absent with fewer than three
    /// studies, and where the method leaves no degrees of freedom.
    pub(crate) fn prediction(
        &self,
        effects: &Effects,
        options: &ModelOptions,
    ) -> Result<Option<PredictionLimits>, PoolError> {
        prediction(effects.group(), self.tau_squared, options)
    }
}

pub(crate) fn prediction(
    group: Group<'_>,
    tau_squared: f64,
    options: &ModelOptions,
) -> Result<Option<PredictionLimits>, PoolError> {
    let k = group.len();
    if k < MIN_PREDICTION_STUDIES {
        return Ok(None);
    }
    let mixed = group.sums(tau_squared);
    let wald = mixed.s1.sqrt().recip();
    let df = (k - 1) as f64;
    let hartung_knapp = || hartung_knapp_prediction_error(group, tau_squared, options);
    let (error, df) = match options.prediction {
        PredictionMethod::Veroniki => (wald, Some(df)),
        PredictionMethod::HigginsThompsonSpiegelhalter => (wald, Some(df - 1.0)),
        PredictionMethod::Skipka => (wald, None),
        PredictionMethod::NagashimaBootstrap => {
            let interval = bootstrap_prediction(group, options)?;
            return Ok(interval.map(|interval| PredictionLimits {
                standard_error: None,
                degrees_of_freedom: None,
                interval,
            }));
        }
        PredictionMethod::HartungKnapp => (hartung_knapp()?, Some(df)),
        PredictionMethod::HartungKnappPartlettRiley => (hartung_knapp()?, Some(df - 1.0)),
        PredictionMethod::KenwardRoger | PredictionMethod::KenwardRogerPartlettRiley => {
            let less = if options.prediction == PredictionMethod::KenwardRoger { 0.0 } else { 1.0 };
            let error = kenward_roger(&mixed)?;
            (error.value, error.degrees_of_freedom.map(|df| df - less))
        }
    };
    let spread = (error * error + tau_squared).sqrt();
    let mean = match df {
        None => Some(Mean::new(mixed.mean, spread, two_sided_normal(options.confidence_level)?)),
        Some(df) if df > 0.0 => Some(Mean::with_t(mixed.mean, spread, df, options.confidence_level)?),
        Some(_) => None,
    };
    Ok(mean.map(PredictionLimits::from))
}

/// The Hartung-Knapp standard error, with the correction of the interval method where that is a corrected
/// Hartung-Knapp; the inverse-variance one where all effects are equal.
fn hartung_knapp_prediction_error(
    group: Group<'_>,
    tau_squared: f64,
    options: &ModelOptions,
) -> Result<f64, PoolError> {
    let mixed = group.sums(tau_squared);
    if options.interval.is_hartung_knapp() {
        let StandardError { value, .. } = random_standard_error(group, &mixed, options)?;
        return Ok(value);
    }
    let (plain, wald) = (hartung_knapp_error(group, &mixed), mixed.s1.sqrt().recip());
    Ok(if is_zero(plain, wald) { wald } else { plain })
}
