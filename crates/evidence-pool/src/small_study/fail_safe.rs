//! Fail-safe numbers.

use kmeta_numerics::distributions::{normal_cdf, normal_quantile, normal_two_sided};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::{FunnelStudy, check_significance, check_studies, effects};
use crate::PoolError;
use crate::finite_answer::finite_answer;
use crate::model::two_sided_normal;

/// What the added studies without effect must achieve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailSafeMethod {
    /// Rosenthal 1979: Stouffer's combined one-sided p value rises to the significance level.
    #[default]
    Rosenthal,
    /// Orwin 1983: the mean effect falls to the target.
    Orwin,
    /// Rosenberg 2005: the two-sided p value of the common-effect mean rises to the significance level.
    Rosenberg,
}

/// Which fail-safe number is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailSafeOptions {
    /// The method.
    pub method: FailSafeMethod,
    /// Significance level of Rosenthal's and Rosenberg's numbers.
    pub significance_level: f64,
    /// Orwin's target, on the analysis scale; half of the mean where absent. Only its size matters.
    pub target: Option<f64>,
    /// Whether Orwin's mean weights studies by 1/v, as metafor does; his own did not.
    pub weighted: bool,
}

impl Default for FailSafeOptions {
    fn default() -> Self {
        Self { method: FailSafeMethod::Rosenthal, significance_level: 0.05, target: None, weighted: true }
    }
}

/// A fail-safe number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FailSafeNumber {
    /// k.
    pub studies: u32,
    /// Studies without effect that would have to be added, a whole number; 0 when the target is met already.
    pub number: f64,
    /// Rosenthal's tolerance 5k + 10: a number above it is held to be safe.
    pub tolerance: u32,
    /// The p value as observed (Rosenthal one-sided, Rosenberg two-sided).
    pub p_value: Option<f64>,
    /// The mean as observed (Orwin, Rosenberg).
    pub mean: Option<f64>,
    /// The target used (Orwin), with the sign of the mean.
    pub target: Option<f64>,
    /// How it was made.
    pub options: FailSafeOptions,
}

/// How many studies without any effect would have to be missing for the result to vanish, as R `metafor::fsn` computes
/// it. A historical measure: it looks at neither the sizes nor the heterogeneity of studies, and its assumption that the
/// missing ones average no effect is arbitrary (Becker 2005).
///
/// * Rosenthal: N = (Σz)²/z_α² − k, z = y/√v, z_α one-sided.
/// * Orwin: N = k (|ȳ| − |target|)/|target|.
/// * Rosenberg: N = [(Σwy)²/z_{α/2}² − Σw]/w̄, w = 1/v.
///
/// All are rounded up and not below 0.
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault: no studies, duplicate ids, effects or variances that are not finite, an
/// impossible significance level, a target of 0 or one that is not finite.
pub fn fail_safe_number(
    studies: &[FunnelStudy],
    options: &FailSafeOptions,
) -> Result<FailSafeNumber, PoolError> {
    check_significance(options.significance_level)?;
    check_studies(studies)?;
    let funnel = effects(studies);
    let k = studies.len() as f64;
    let common = funnel.weighted(0.0);
    let mut result = FailSafeNumber {
        studies: studies.len() as u32,
        number: 0.0,
        tolerance: 5 * studies.len() as u32 + 10,
        p_value: None,
        mean: None,
        target: None,
        options: options.clone(),
    };
    let number = match options.method {
        FailSafeMethod::Rosenthal => {
            let sum: f64 = funnel
                .values
                .iter()
                .zip(&funnel.variances)
                .map(|(value, variance)| value / variance.sqrt())
                .sum();
            result.p_value = Some(normal_cdf(-sum.abs() / k.sqrt()));
            let quantile = normal_quantile(1.0 - options.significance_level)?;
            (sum / quantile).powi(2) - k
        }
        FailSafeMethod::Orwin => {
            let mean = if options.weighted { common.mean } else { funnel.values.iter().sum::<f64>() / k };
            let size = options.target.map_or(0.5 * mean.abs(), f64::abs);
            if !(size.is_finite() && size > 0.0) {
                return Err(PoolError::InvalidTarget { target: options.target.unwrap_or(0.0) });
            }
            (result.mean, result.target) = (Some(mean), Some(size.copysign(mean)));
            k * (mean.abs() - size) / size
        }
        FailSafeMethod::Rosenberg => {
            result.mean = Some(common.mean);
            result.p_value = Some(normal_two_sided(common.mean * common.total.sqrt()));
            let sum = common.mean * common.total;
            let quantile = two_sided_normal(1.0 - options.significance_level)?;
            ((sum / quantile).powi(2) - common.total) / (common.total / k)
        }
    };
    if !number.is_finite() {
        return Err(PoolError::Computation {
            what: "a fail-safe number (values are too extreme)".to_owned(),
        });
    }
    result.number = round_up(number);
    finite_answer("a fail-safe number", result)
}

/// Up to the next whole number, not below 0; rounding errors of a whole number do not count.
fn round_up(number: f64) -> f64 {
    let nearest = number.round();
    let whole = (number - nearest).abs() <= 1e-10 * nearest.abs().max(1.0);
    (if whole { nearest } else { number.ceil() }).max(0.0)
}
