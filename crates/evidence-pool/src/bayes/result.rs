//! What the Bayesian model answers.

use kmeta_trial_data::{EffectMeasure, Finding, Interval, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::options::{CredibleInterval, MeanPrior, TauPrior};

/// A posterior distribution in a few numbers, on the analysis scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PosteriorSummary {
    /// Where the density is highest.
    pub mode: f64,
    /// Half of the probability lies below.
    pub median: f64,
    /// Expectation; absent where it is infinite (heavy-tailed prior and few studies).
    pub mean: Option<f64>,
    /// Standard deviation; absent where it is infinite.
    pub standard_deviation: Option<f64>,
    /// The shortest interval of the asked probability.
    pub shortest: Interval,
    /// The interval with equal probabilities below and above.
    pub central: Interval,
}

/// The posterior distribution of an effect, on the analysis scale and on the scale people read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectPosterior {
    /// On the analysis scale.
    pub posterior: PosteriorSummary,
    /// The median on the reading scale.
    pub shown_median: f64,
    /// The chosen interval, its limits transformed to the reading scale. A shortest interval is the shortest on
    /// the analysis scale.
    pub shown_interval: Interval,
    /// Probability of an effect below the value that means no effect (hazard ratio below 1); absent for
    /// measures without such a value.
    pub probability_below_no_effect: Option<f64>,
}

/// One study's true effect θ_i, shrunken towards the mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShrunkenStudy {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The effect as observed, on the analysis scale.
    pub observed: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The posterior distribution of θ_i.
    pub shrunken: EffectPosterior,
    /// Where the effect came from.
    pub provenance: Provenance,
}

/// How many times likelier the data are under a hypothesis than without it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BayesFactor {
    /// Its natural logarithm.
    pub logarithm: f64,
    /// The factor; absent where a double cannot hold it. Above 1 speaks for the hypothesis.
    pub value: Option<f64>,
}

impl BayesFactor {
    pub(super) fn from_logarithm(logarithm: f64) -> Self {
        let value = Some(logarithm.exp()).filter(|value| value.is_normal());
        Self { logarithm, value }
    }
}

/// How the integral over τ was computed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TauQuadrature {
    /// Values of τ in the sum.
    pub nodes: u32,
    /// Bound of the error of the posterior probability of any range of τ.
    pub error: f64,
}

/// A Bayesian random-effects meta-analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BayesianResult {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Analysis scale.
    pub measure: EffectMeasure,
    /// Prior of τ.
    pub tau_prior: TauPrior,
    /// Prior of μ.
    pub mean_prior: MeanPrior,
    /// Which interval the reading scale shows.
    pub interval: CredibleInterval,
    /// Probability within every interval.
    pub confidence_level: f64,
    /// The mean effect μ.
    pub mean: EffectPosterior,
    /// The between-study standard deviation τ.
    pub tau: PosteriorSummary,
    /// The true effect of a new study.
    pub prediction: EffectPosterior,
    /// The studies in the order given.
    pub studies: Vec<ShrunkenStudy>,
    /// ln p(y), the prior predictive density of the effects; absent with an improper prior.
    pub log_marginal_likelihood: Option<f64>,
    /// Bayes factor of τ = 0, no differences between studies, against the prior of τ; absent with an improper
    /// prior of τ.
    pub tau_zero: Option<BayesFactor>,
    /// Bayes factor of μ = 0, no effect, against the prior of μ; absent with an improper prior of μ and for
    /// measures on which 0 means something else.
    pub mean_zero: Option<BayesFactor>,
    /// How τ was integrated out.
    pub quadrature: TauQuadrature,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}
