//! Pooled survival under a shared frailty, and how it is made.

use kmeta_trial_data::{Finding, Interval, LikelihoodRatioTest, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::frailty::FrailtyDistribution;

/// How survival is pooled under a shared frailty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FrailtySurvivalOptions {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Times at which survival is asked, increasing, above 0. May be empty.
    pub times: Vec<f64>,
    /// Unit of every time.
    pub time_unit: TimeUnit,
    /// Distribution of the frailty.
    pub frailty: FrailtyDistribution,
    /// Nodes of adaptive Gauss-Hermite quadrature for log-normal frailties, from 1 to 350; gamma frailties need none.
    pub quadrature_nodes: u32,
    /// Level of every interval, strictly between 0 and 1.
    pub confidence_level: f64,
}

impl Default for FrailtySurvivalOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            times: Vec::new(),
            time_unit: TimeUnit::Months,
            frailty: FrailtyDistribution::Gamma,
            quadrature_nodes: 41,
            confidence_level: 0.95,
        }
    }
}

/// Survival of several trials under a shared frailty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrailtySurvival {
    /// k, the number of trials.
    pub trials: u32,
    /// Patients of all trials.
    pub patients: u32,
    /// Events of all trials.
    pub events: u32,
    /// Variance of the frailty (gamma), or of its logarithm (log-normal).
    pub theta: f64,
    /// Standard error of theta by the observed information of theta and the baseline; absent where theta is 0.
    pub theta_standard_error: Option<f64>,
    /// Marginal log likelihood, the baseline profiled out, with the jumps λ_j of the baseline as densities: less the sum of
    /// d_j log d_j − d_j it is comparable with the integrated partial likelihood of R `coxph`.
    pub log_likelihood: f64,
    /// Likelihood-ratio test of theta = 0. The p value is half that of a chi-squared with 1 degree of freedom, as 0 lies
    /// on the border (Self & Liang 1987), and 1 where theta is 0.
    pub heterogeneity_test: LikelihoodRatioTest,
    /// Cumulative baseline hazard (frailty 1) at every event time.
    pub baseline: Vec<CumulativeHazard>,
    /// The frailty of each trial, in the order given.
    pub frailties: Vec<TrialFrailty>,
    /// Survival of the study whose frailty is 1, e^(−H₀).
    pub typical: FrailtyCurve,
    /// Mean survival over studies, E e^(−uH₀).
    pub average: FrailtyCurve,
    /// How it was made.
    pub options: FrailtySurvivalOptions,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// Cumulative baseline hazard.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CumulativeHazard {
    /// The event time.
    pub time: f64,
    /// H₀ there.
    pub hazard: f64,
}

/// The frailty of one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialFrailty {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Events observed.
    pub events: u32,
    /// Events expected with frailty 1.
    pub expected: f64,
    /// Posterior mean of the frailty.
    pub frailty: f64,
    /// Posterior standard deviation, with theta and the baseline as estimated.
    pub standard_deviation: f64,
}

/// What is asked of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrailtyCurve {
    /// Survival at the asked times within follow-up.
    pub survival: Vec<FrailtySurvivalPoint>,
    /// First event time at which survival is ½ or less; absent where it never is.
    pub median: Option<f64>,
    /// First event times at which the limits of survival are ½ or less (Brookmeyer & Crowley 1982); absent where they
    /// never are.
    pub median_lower: Option<f64>,
    /// The upper one.
    pub median_upper: Option<f64>,
}

/// Survival at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrailtySurvivalPoint {
    /// The time.
    pub time: f64,
    /// Cumulative baseline hazard H₀(t).
    pub baseline_hazard: f64,
    /// S(t).
    pub survival: f64,
    /// Its standard error by the delta method.
    pub standard_error: f64,
    /// Interval, symmetric on the scale log(−log S); S itself while there is no event.
    pub interval: Interval,
}
