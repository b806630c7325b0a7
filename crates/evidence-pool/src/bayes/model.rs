//! The model given τ, where everything is normal.

use super::options::{MeanPrior, TauPrior};

/// ln 2π.
const LN_TWO_PI: f64 = 1.837_877_066_409_345_5;

/// The data and priors in units in which the largest number is about 1, so that squares neither over- nor
/// underflow.
pub(super) struct Model {
    pub(super) unit: f64,
    pub(super) values: Vec<f64>,
    pub(super) variances: Vec<f64>,
    pub(super) tau_prior: TauPrior,
    /// Mean and standard deviation of a normal prior of μ.
    pub(super) mean_prior: Option<(f64, f64)>,
}

/// The likelihood of τ and the distribution of μ given τ.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenTau {
    pub(super) tau: f64,
    /// ln p(y | τ), with μ integrated out over its prior (over the line, when that is improper).
    pub(super) log_likelihood: f64,
    /// Mean of μ given τ and the data.
    pub(super) mean: f64,
    /// Its standard deviation.
    pub(super) deviation: f64,
}

impl Model {
    pub(super) fn new(
        values: impl Iterator<Item = f64> + Clone,
        variances: impl Iterator<Item = f64> + Clone,
        tau_prior: TauPrior,
        mean_prior: MeanPrior,
    ) -> Self {
        let largest =
            values.clone().map(f64::abs).chain(variances.clone().map(f64::sqrt)).fold(0.0, f64::max);
        // A power of two, so that the change of units rounds nothing.
        let unit = largest.log2().round().exp2();
        Self {
            unit,
            values: values.map(|value| value / unit).collect(),
            variances: variances.map(|variance| variance / unit / unit).collect(),
            tau_prior: tau_prior.in_units(unit),
            mean_prior: match mean_prior {
                MeanPrior::Normal { mean, standard_deviation } => {
                    Some((mean / unit, standard_deviation / unit))
                }
                MeanPrior::ImproperUniform => None,
            },
        }
    }

    /// Röver 2020, sections 2.5 and 2.6: with weights w = 1/(v + τ²) and μ̂ = Σwy/Σw,
    /// ln p(y | μ, τ) = −½ Σ [ln 2π(v + τ²) + w(y − μ̂)²] − ½ Σw (μ − μ̂)²; the prior of μ multiplies this
    /// normal density in μ by another.
    pub(super) fn given(&self, tau: f64) -> GivenTau {
        let tau_squared = tau * tau;
        let (mut total, mut sum, mut logarithms) = (0.0, 0.0, 0.0);
        for (value, variance) in self.values.iter().zip(&self.variances) {
            let spread = variance + tau_squared;
            total += 1.0 / spread;
            sum += value / spread;
            logarithms += spread.ln();
        }
        let estimate = sum / total;
        let squares: f64 = self
            .values
            .iter()
            .zip(&self.variances)
            .map(|(value, variance)| (value - estimate).powi(2) / (variance + tau_squared))
            .sum();
        let count = self.values.len() as f64;
        // Everything but the integral over μ of exp(−½ Σw (μ − μ̂)²) times the prior of μ.
        let constant = -0.5 * (count * LN_TWO_PI + logarithms + squares);
        let line = 0.5 * (LN_TWO_PI - total.ln());
        match self.mean_prior {
            None => GivenTau {
                tau,
                log_likelihood: constant + line,
                mean: estimate,
                deviation: total.sqrt().recip(),
            },
            Some((prior_mean, prior_deviation)) => {
                let spread = 1.0 / total + prior_deviation * prior_deviation;
                let distance = (estimate - prior_mean) / spread.sqrt();
                // Written as means weighted by the other's variance, which holds for any prior deviation.
                let towards_prior = 1.0 / total / spread;
                GivenTau {
                    tau,
                    log_likelihood: constant + line - 0.5 * (LN_TWO_PI + spread.ln() + distance * distance),
                    mean: estimate + (prior_mean - estimate) * towards_prior,
                    deviation: prior_deviation * towards_prior.sqrt(),
                }
            }
        }
    }

    /// The power a of a posterior density of τ that falls as τ^(−a): the likelihood contributes k − 1, or k
    /// with a normal prior of μ. `None` where the prior falls faster than any power or ends.
    pub(super) fn tail_power(&self) -> Option<f64> {
        let from_likelihood = self.values.len() as f64 - if self.mean_prior.is_none() { 1.0 } else { 0.0 };
        Some(self.tau_prior.tail_power()? + from_likelihood)
    }

    pub(super) fn smallest_error(&self) -> f64 {
        self.variances.iter().copied().fold(f64::INFINITY, f64::min).sqrt()
    }

    /// The largest of the scales at which the posterior density of τ can bend.
    pub(super) fn largest_scale(&self) -> f64 {
        let smallest = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let largest_variance = self.variances.iter().copied().fold(0.0, f64::max);
        let mut scale = (largest - smallest).max(largest_variance.sqrt());
        scale = scale.max(self.tau_prior.scale().unwrap_or(0.0));
        if let Some((mean, deviation)) = self.mean_prior {
            scale = scale.max((mean - smallest).abs()).max((mean - largest).abs());
            // Where the prior of τ has a tail, the likelihood falls faster beyond the prior of μ.
            if self.tau_prior.tail_power().is_some() {
                scale = scale.max(deviation);
            }
        }
        scale
    }
}
