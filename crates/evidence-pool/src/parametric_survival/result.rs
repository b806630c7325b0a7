//! Pooled parametric survival.

use kmeta_trial_data::{Estimate, Finding, Interval, LikelihoodRatioTest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::SurvivalDistribution;
use super::options::ParametricSurvivalOptions;

/// Parametric survival of several trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParametricSurvival {
    /// k, the number of trials.
    pub trials: u32,
    /// Patients of all trials.
    pub patients: u32,
    /// Events of all trials.
    pub events: u32,
    /// The fits, in the order asked for; distributions without a fit are named in the findings.
    pub fits: Vec<DistributionFit>,
    /// The distribution with the smallest AIC, of the random-effects models where there are several trials.
    pub best: SurvivalDistribution,
    /// How it was made.
    pub options: ParametricSurvivalOptions,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

impl ParametricSurvival {
    /// The fit with the smallest AIC.
    pub fn best_fit(&self) -> Option<&DistributionFit> {
        self.fits.iter().find(|fit| fit.distribution == self.best)
    }
}

/// One distribution fitted to all trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DistributionFit {
    /// The distribution.
    pub distribution: SurvivalDistribution,
    /// One set of parameters for all trials (tau-squared 0).
    pub common: ParametricModel,
    /// A location per trial; absent with one trial and where it did not converge.
    pub random: Option<RandomLocation>,
    /// Whether this is the distribution with the smallest AIC.
    pub best: bool,
}

impl DistributionFit {
    /// The model by which distributions are compared: with a random location where there is one.
    pub fn model(&self) -> &ParametricModel {
        self.random.as_ref().map_or(&self.common, |random| &random.model)
    }
}

/// The model with a normal random location per trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RandomLocation {
    /// The fit; its curve is that of the typical study, whose random effect is 0.
    pub model: ParametricModel,
    /// Between-trial variance of the location: of the log time, or of the log rate for Gompertz.
    pub tau_squared: f64,
    /// Standard error of tau-squared, 2τ SE(τ) by the observed information; absent where tau-squared is 0.
    pub tau_squared_standard_error: Option<f64>,
    /// Likelihood-ratio test of tau-squared = 0. The p value is half that of a chi-squared with 1 degree of freedom, as 0
    /// lies on the border (Self & Liang 1987), and 1 where tau-squared is 0.
    pub heterogeneity_test: LikelihoodRatioTest,
    /// The mean curve over studies: the typical curve integrated over the random location.
    pub average: ModelCurve,
}

/// A fitted distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParametricModel {
    /// Log likelihood with the density in time, as R `survreg` and `flexsurvreg` give it.
    pub log_likelihood: f64,
    /// Number of parameters, tau-squared included.
    pub parameter_count: u32,
    /// Akaike's information criterion, −2 log likelihood + 2 · parameters.
    pub aic: f64,
    /// Bayesian information criterion with the logarithm of the number of patients, as R `BIC(survreg(...))`.
    pub bic: f64,
    /// exp(−ΔAIC/2) as a share of the sum over distributions (Burnham & Anderson 2002).
    pub aic_weight: f64,
    /// The parameters.
    pub parameters: Vec<ParametricParameter>,
    /// Survival of a study with exactly these parameters.
    pub curve: ModelCurve,
}

/// One parameter of a distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParametricParameter {
    /// Its name in R `flexsurv`: rate, shape, scale, meanlog, sdlog, mu, sigma, Q.
    pub name: String,
    /// The parameter on its logarithm where it must be positive; `shown` is the parameter itself.
    pub estimate: Estimate,
}

/// What is asked of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCurve {
    /// Survival at the asked times.
    pub survival: Vec<ModelSurvival>,
    /// The median time, its interval symmetric on the log scale; absent where survival never falls to ½.
    pub median: Option<ModelTime>,
    /// The restricted mean survival time up to the horizon asked for, its interval normal.
    pub restricted_mean: Option<ModelTime>,
}

/// Survival at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelSurvival {
    /// The time.
    pub time: f64,
    /// S(t).
    pub survival: f64,
    /// Its standard error by the delta method.
    pub standard_error: f64,
    /// Interval, symmetric on the scale log(−log S).
    pub interval: Interval,
}

/// A time that a curve gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelTime {
    /// The time.
    pub time: f64,
    /// Its standard error by the delta method.
    pub standard_error: f64,
    /// Its interval.
    pub interval: Interval,
}
