//! Priors and settings of the Bayesian model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PoolError;

/// Prior of the between-study standard deviation τ, on the scale of the effects. For log odds ratios, log risk
/// ratios and log hazard ratios half-normal priors of scale 0.5 or 1 are weakly informative (Röver et al. 2021).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "family", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TauPrior {
    /// |N(0, scale²)|: density √(2/π)/scale · exp(−τ²/(2 scale²)).
    HalfNormal {
        /// The scale, above 0.
        scale: f64,
    },
    /// |Cauchy(0, scale)|: density 2/(π scale) / (1 + (τ/scale)²).
    HalfCauchy {
        /// The scale, above 0: also the median.
        scale: f64,
    },
    /// |t| times the scale: density proportional to (1 + (τ/scale)²/ν)^(−(ν+1)/2).
    HalfT {
        /// The scale, above 0.
        scale: f64,
        /// ν, at least 1 (1 is half-Cauchy).
        degrees_of_freedom: f64,
    },
    /// Density exp(−τ/scale)/scale.
    Exponential {
        /// The scale, above 0: also the mean.
        scale: f64,
    },
    /// Equal density from 0 to `upper`.
    Uniform {
        /// The upper end, above 0.
        upper: f64,
    },
    /// Equal density for every τ: improper, so that it needs three studies (two with a normal prior of the
    /// mean), and there is no Bayes factor of τ = 0.
    ImproperUniform,
}

/// Prior of the mean effect μ, on the scale of the effects.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "family", rename_all = "kebab-case", deny_unknown_fields)]
pub enum MeanPrior {
    /// N(mean, standard_deviation²).
    Normal {
        /// Its mean.
        mean: f64,
        /// Its standard deviation, above 0.
        standard_deviation: f64,
    },
    /// Equal density for every μ: improper, so that there is no Bayes factor of μ = 0.
    ImproperUniform,
}

/// Which credible interval is shown on the reading scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CredibleInterval {
    /// The shortest of its probability (R bayesmeta's default).
    Shortest,
    /// Equal probabilities below and above.
    Central,
}

/// How effects are pooled by the Bayesian model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BayesOptions {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Prior of τ.
    pub tau_prior: TauPrior,
    /// Prior of μ.
    pub mean_prior: MeanPrior,
    /// Which interval the reading scale shows; both are computed.
    pub interval: CredibleInterval,
    /// Probability within every interval, strictly between 0 and 1.
    pub confidence_level: f64,
    /// Largest error of the interpolated posterior density of τ, relative to its maximum, from 1e-13 to 1e-4.
    pub tolerance: f64,
}

impl Default for BayesOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            tau_prior: TauPrior::HalfNormal { scale: 0.5 },
            mean_prior: MeanPrior::ImproperUniform,
            interval: CredibleInterval::Shortest,
            confidence_level: 0.95,
            tolerance: 1e-11,
        }
    }
}

impl BayesOptions {
    /// Refuses impossible priors and tolerances.
    pub(super) fn check(&self) -> Result<(), PoolError> {
        self.tau_prior.check()?;
        if let MeanPrior::Normal { mean, standard_deviation } = self.mean_prior {
            require("mean", "mean", mean, mean.is_finite(), "a finite number")?;
            positive("mean", "standard_deviation", standard_deviation)?;
        }
        if (1e-13..=1e-4).contains(&self.tolerance) {
            Ok(())
        } else {
            Err(PoolError::InvalidTolerance { tolerance: self.tolerance })
        }
    }
}

impl TauPrior {
    fn check(self) -> Result<(), PoolError> {
        match self {
            Self::HalfNormal { scale } | Self::HalfCauchy { scale } | Self::Exponential { scale } => {
                positive("tau", "scale", scale)
            }
            Self::HalfT { scale, degrees_of_freedom: df } => {
                positive("tau", "scale", scale)?;
                require("tau", "degrees_of_freedom", df, df.is_finite() && df >= 1.0, "1 or more")
            }
            Self::Uniform { upper } => positive("tau", "upper", upper),
            Self::ImproperUniform => Ok(()),
        }
    }

    /// The prior with τ measured in units of `unit`.
    pub(super) fn in_units(self, unit: f64) -> Self {
        match self {
            Self::HalfNormal { scale } => Self::HalfNormal { scale: scale / unit },
            Self::HalfCauchy { scale } => Self::HalfCauchy { scale: scale / unit },
            Self::HalfT { scale, degrees_of_freedom } => {
                Self::HalfT { scale: scale / unit, degrees_of_freedom }
            }
            Self::Exponential { scale } => Self::Exponential { scale: scale / unit },
            Self::Uniform { upper } => Self::Uniform { upper: upper / unit },
            Self::ImproperUniform => Self::ImproperUniform,
        }
    }

    /// The logarithm of the density at τ ≥ 0; 0 where the prior is improper.
    pub(super) fn log_density(self, tau: f64) -> f64 {
        use std::f64::consts::{FRAC_2_PI, PI};
        match self {
            Self::HalfNormal { scale } => 0.5 * FRAC_2_PI.ln() - scale.ln() - 0.5 * (tau / scale).powi(2),
            Self::HalfCauchy { scale } => FRAC_2_PI.ln() - scale.ln() - (tau / scale).powi(2).ln_1p(),
            Self::HalfT { scale, degrees_of_freedom: df } => {
                let constant = libm::lgamma(0.5 * (df + 1.0)) - libm::lgamma(0.5 * df);
                2.0_f64.ln() + constant
                    - 0.5 * (PI * df).ln()
                    - scale.ln()
                    - 0.5 * (df + 1.0) * ((tau / scale).powi(2) / df).ln_1p()
            }
            Self::Exponential { scale } => -scale.ln() - tau / scale,
            Self::Uniform { upper } => -upper.ln(),
            Self::ImproperUniform => 0.0,
        }
    }

    /// The scale beyond which the density falls, or the end of its range.
    pub(super) fn scale(self) -> Option<f64> {
        match self {
            Self::HalfNormal { scale }
            | Self::HalfCauchy { scale }
            | Self::HalfT { scale, .. }
            | Self::Exponential { scale } => Some(scale),
            Self::Uniform { upper } => Some(upper),
            Self::ImproperUniform => None,
        }
    }

    /// The power p of a density that falls as τ^(−p); `None` where it falls faster than any power or ends.
    pub(super) fn tail_power(self) -> Option<f64> {
        match self {
            Self::HalfCauchy { .. } => Some(2.0),
            Self::HalfT { degrees_of_freedom, .. } => Some(degrees_of_freedom + 1.0),
            Self::ImproperUniform => Some(0.0),
            Self::HalfNormal { .. } | Self::Exponential { .. } | Self::Uniform { .. } => None,
        }
    }
}

fn positive(prior: &'static str, part: &'static str, value: f64) -> Result<(), PoolError> {
    require(prior, part, value, value.is_finite() && value > 0.0, "a finite number above 0")
}

fn require(
    prior: &'static str,
    part: &'static str,
    value: f64,
    holds: bool,
    expected: &'static str,
) -> Result<(), PoolError> {
    if holds { Ok(()) } else { Err(PoolError::InvalidPrior { prior, part, value, expected }) }
}
