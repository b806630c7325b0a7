//! What a meta-regression is given.

use std::collections::BTreeMap;

use kmeta_trial_data::TauSquaredEstimator;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The value of a moderator in one study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ModeratorValue {
    /// A quantity, for example a year or a median age.
    Number(f64),
    /// A level of a factor, for example `second line`.
    Level(String),
}

/// One study's effect with its moderators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegressionStudy {
    /// Identifier of the trial; unique within the analysis.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The effect on the analysis scale, for example a log hazard ratio.
    pub value: f64,
    /// Its sampling variance on the same scale, above 0.
    pub variance: f64,
    /// The study's moderators by name. A moderator that is not listed is missing.
    #[serde(default)]
    pub moderators: BTreeMap<String, ModeratorValue>,
}

/// A moderator of the model. Whether it is a number or a factor follows from the values of the studies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moderator {
    /// Its name in the studies.
    pub name: String,
    /// The level of a factor that the others are compared with; the first in alphabetical order where absent.
    #[serde(default)]
    pub reference: Option<String>,
}

impl Moderator {
    /// A moderator without a chosen reference level.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), reference: None }
    }
}

/// Whether effects may differ between studies beyond sampling error and moderators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EffectsModel {
    /// τ² = 0 (metafor `method = "FE"`).
    Common,
    /// τ² is estimated.
    #[default]
    Random,
}

/// How standard errors, tests and intervals of coefficients are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RegressionInterval {
    /// Normal quantiles, (XᵀWX)⁻¹ (metafor `test = "z"`).
    #[default]
    Wald,
    /// t and F quantiles with k − p degrees of freedom, (XᵀWX)⁻¹ (metafor `test = "t"`).
    StudentT,
    /// Knapp & Hartung 2003: t and F quantiles, and (XᵀWX)⁻¹ times the mean weighted square of the residuals
    /// (metafor `test = "knha"`).
    HartungKnapp,
    /// The same with a factor of at least 1 (metafor `test = "adhoc"`).
    HartungKnappLargerError,
}

/// What is done with a study that lacks a moderator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MissingModerator {
    /// The study is left out, and a finding says so (as R does).
    #[default]
    LeaveOut,
    /// An error.
    Refuse,
}

/// Moderator values at which an effect is predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictionPoint {
    /// Name to print.
    #[serde(default)]
    pub label: String,
    /// A value for every moderator of the model.
    pub moderators: BTreeMap<String, ModeratorValue>,
}

/// How effects are regressed on moderators. The defaults are those of R `metafor::rma`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MetaRegressionOptions {
    /// The moderators, in the order of the coefficients.
    pub moderators: Vec<Moderator>,
    /// Whether the model has an intercept. Without one the first factor gets a coefficient for each level.
    pub intercept: bool,
    /// Whether there is residual heterogeneity.
    pub model: EffectsModel,
    /// Estimator of the residual between-study variance.
    pub tau_squared: TauSquaredEstimator,
    /// REML and ML scoring ends once a step of tau-squared is this small; 0, the default, goes on to machine
    /// precision. R metafor ends at 1e-5.
    pub scoring_threshold: f64,
    /// How coefficients are tested.
    pub interval: RegressionInterval,
    /// Level of every interval, strictly between 0 and 1.
    pub confidence_level: f64,
    /// What is done with a study that lacks a moderator.
    pub missing: MissingModerator,
    /// Where effects are predicted.
    pub predictions: Vec<PredictionPoint>,
}

impl Default for MetaRegressionOptions {
    fn default() -> Self {
        Self {
            moderators: Vec::new(),
            intercept: true,
            model: EffectsModel::Random,
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            scoring_threshold: 0.0,
            interval: RegressionInterval::Wald,
            confidence_level: 0.95,
            missing: MissingModerator::LeaveOut,
            predictions: Vec::new(),
        }
    }
}
