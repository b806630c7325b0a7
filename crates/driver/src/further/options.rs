//! What is asked.

use std::collections::BTreeMap;

use kmeta_evidence_pool::{
    CredibleInterval, FailSafeMethod, FunnelSide, FunnelTest, MeanPrior, MissingModerator,
    MissingStudiesEstimator, PredictionPoint, TauPrior,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Further analyses of the studies of a pooled effect. None is made unless it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FurtherOptions {
    /// Pool again without each study in turn, with the settings of the analysis.
    pub leave_one_out: bool,
    /// Pool the first study, the first two, and so on, in this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cumulative: Option<CumulativeOrder>,
    /// Influence of each study: studentized residual, DFFITS, Cook's distance, covariance ratio, tau-squared and Q
    /// without it, leverage, and Baujat's coordinates.
    pub influence: bool,
    /// Moderators of a meta-regression: `year`, `group`, or names among the trials' `moderators`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moderators: Vec<String>,
    /// For a moderator with words for values, the word that the others are compared with, for example
    /// `reference_levels = { group = "Lenvatinib" }`; the first in alphabetical order when left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reference_levels: BTreeMap<String, String>,
    /// What is done with a trial that lacks a moderator.
    pub missing_moderator: MissingModerator,
    /// Whether the meta-regression has an intercept. Without one the first moderator with words for values gets a
    /// coefficient for each of them.
    pub regression_intercept: bool,
    /// Moderator values at which the meta-regression predicts an effect, for example
    /// `[{ label = "24 mg in Asia", moderators = { dose = 24, region = "Asia" } }]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regression_predictions: Vec<PredictionPoint>,
    /// Tests whether small studies show other effects than large ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub small_study_tests: Vec<FunnelTest>,
    /// These tests are not answered for fewer studies, of which they would say little (Sterne et al. 2011 advise ten).
    pub minimum_studies_for_tests: u32,
    /// Trim and fill, with this estimator of the number of missing studies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim_and_fill: Option<MissingStudiesEstimator>,
    /// The side on which trim and fill looks for missing studies.
    pub trim_and_fill_side: FunnelSide,
    /// PET-PEESE: the effect of a study without sampling error.
    pub pet_peese: bool,
    /// Limit meta-analysis: the effect as studies grow without limit.
    pub limit_meta_analysis: bool,
    /// Fail-safe numbers by these methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fail_safe_numbers: Vec<FailSafeMethod>,
    /// The Bayesian normal model with these priors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bayesian: Option<BayesianPriors>,
}

/// Priors of the Bayesian model, on the analysis scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BayesianPriors {
    /// Prior of tau, for example `{ family = "half-normal", scale = 0.5 }`.
    pub tau_prior: TauPrior,
    /// Prior of the mean; improper uniform when left out.
    #[serde(default = "flat")]
    pub mean_prior: MeanPrior,
    /// The credible interval to show.
    #[serde(default = "shortest")]
    pub interval: CredibleInterval,
}

fn flat() -> MeanPrior {
    MeanPrior::ImproperUniform
}

fn shortest() -> CredibleInterval {
    CredibleInterval::Shortest
}

impl BayesianPriors {
    /// This prior of tau, with a flat prior of the mean.
    pub fn of_tau(tau_prior: TauPrior) -> Self {
        Self { tau_prior, mean_prior: flat(), interval: shortest() }
    }
}

impl Default for FurtherOptions {
    fn default() -> Self {
        Self {
            leave_one_out: false,
            cumulative: None,
            influence: false,
            moderators: Vec::new(),
            reference_levels: BTreeMap::new(),
            missing_moderator: MissingModerator::LeaveOut,
            regression_intercept: true,
            regression_predictions: Vec::new(),
            small_study_tests: Vec::new(),
            minimum_studies_for_tests: 10,
            trim_and_fill: None,
            trim_and_fill_side: FunnelSide::Auto,
            pet_peese: false,
            limit_meta_analysis: false,
            fail_safe_numbers: Vec::new(),
            bayesian: None,
        }
    }
}

/// The order in which studies are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CumulativeOrder {
    /// As they are listed.
    Listed,
    /// By the moderator `year`, as they are listed within a year.
    Year,
    /// The most precise first.
    Precision,
}
