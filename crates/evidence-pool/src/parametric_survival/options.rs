//! How parametric survival is pooled.

use kmeta_trial_data::TimeUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::SurvivalDistribution;

/// How parametric survival is pooled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ParametricSurvivalOptions {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Times at which survival is asked, increasing, above 0. May be empty.
    pub times: Vec<f64>,
    /// Unit of every time.
    pub time_unit: TimeUnit,
    /// The distributions to fit, each once.
    pub distributions: Vec<SurvivalDistribution>,
    /// Restricted means are the areas under the curves up to this time; without it none is given.
    pub restricted_mean_horizon: Option<f64>,
    /// Nodes of adaptive Gauss-Hermite quadrature over the random location, from 1 (Laplace's approximation) to 350.
    pub quadrature_nodes: u32,
    /// Level of every interval, strictly between 0 and 1.
    pub confidence_level: f64,
}

impl Default for ParametricSurvivalOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            times: Vec::new(),
            time_unit: TimeUnit::Months,
            distributions: SurvivalDistribution::ALL.to_vec(),
            restricted_mean_horizon: None,
            quadrature_nodes: 41,
            confidence_level: 0.95,
        }
    }
}
