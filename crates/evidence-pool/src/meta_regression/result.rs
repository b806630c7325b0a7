//! What a meta-regression finds.

use std::collections::BTreeMap;

use kmeta_trial_data::{Finding, Interval, TauSquaredEstimator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::options::{EffectsModel, ModeratorValue, RegressionInterval};

/// A coefficient of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegressionCoefficient {
    /// `intercept`, the moderator, or `moderator = level`.
    pub name: String,
    /// The moderator; absent for the intercept.
    pub moderator: Option<String>,
    /// The level of a factor.
    pub level: Option<String>,
    /// The estimate, in units of the effect per unit of the moderator.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// value / standard error: z, or t with the model's degrees of freedom.
    pub statistic: f64,
    /// Two-sided p value.
    pub p_value: f64,
    /// Confidence interval.
    pub interval: Interval,
}

/// Joint test of coefficients: all but the intercept, or all where there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModeratorTest {
    /// Q_M (chi-squared), or F = Q_M / m where coefficients are tested with t.
    pub statistic: f64,
    /// m, the number of coefficients tested.
    pub degrees_of_freedom: u32,
    /// k − p of the F distribution; absent for chi-squared.
    pub denominator_degrees_of_freedom: Option<u32>,
    /// Its p value.
    pub p_value: f64,
}

/// Heterogeneity that the moderators leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResidualHeterogeneity {
    /// Q_E = Σ (y − Xβ)²/v of the model with τ² = 0.
    pub q: f64,
    /// k − p.
    pub degrees_of_freedom: u32,
    /// Its p value.
    pub p_value: f64,
    /// Residual between-study variance.
    pub tau_squared: f64,
    /// Its standard error; absent for the common-effect model.
    pub tau_squared_standard_error: Option<f64>,
    /// Q-profile interval of τ² (Viechtbauer 2007); absent for the empty set and for the common-effect model.
    pub tau_squared_interval: Option<Interval>,
    /// I² = τ²/(τ² + ṽ), a fraction, with ṽ = (k − p)/tr P; for the common-effect model max(0, (Q_E − df)/Q_E).
    pub i_squared: f64,
    /// I² at the limits of τ².
    pub i_squared_interval: Option<Interval>,
    /// H² = 1 + τ²/ṽ; for the common-effect model Q_E/df.
    pub h_squared: f64,
}

/// How well the model fits, for comparing models of the same studies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FitStatistics {
    /// The log likelihood: restricted with REML, full otherwise.
    pub log_likelihood: f64,
    /// True with REML; such values compare models with the same moderators only.
    pub restricted: bool,
    /// Akaike's criterion, −2 log L + 2m with m parameters, τ² among them.
    pub akaike: f64,
    /// Bayesian criterion, −2 log L + m log n with n = k, or k − p with REML.
    pub bayesian: f64,
}

/// One study in the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegressionRow {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The observed effect.
    pub value: f64,
    /// Its sampling variance.
    pub variance: f64,
    /// The effect that its moderators predict.
    pub fitted: f64,
    /// Standard error of `fitted`.
    pub fitted_standard_error: f64,
    /// value − fitted.
    pub residual: f64,
    /// Weight 1/(v + τ²) as a fraction of all studies.
    pub weight: f64,
    /// Leverage: share of the study in its own fitted value.
    pub leverage: f64,
}

/// A study that is not in the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOutStudy {
    /// Identifier of the trial.
    pub trial: String,
    /// The first moderator that it lacks.
    pub missing_moderator: String,
}

/// The effect at given moderator values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegressionPrediction {
    /// Name to print.
    pub label: String,
    /// The moderator values.
    pub moderators: BTreeMap<String, ModeratorValue>,
    /// Mean effect of studies with these values.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Confidence interval of the mean effect.
    pub interval: Interval,
    /// Prediction interval of one new study's effect, value ± quantile · √(SE² + τ²); the quantile is normal or
    /// t as for coefficients. Absent for the common-effect model.
    pub prediction: Option<Interval>,
}

/// A meta-regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetaRegression {
    /// k, the number of studies in the model.
    pub studies: u32,
    /// The coefficients: the intercept, then the moderators in the order asked for.
    pub coefficients: Vec<RegressionCoefficient>,
    /// Variances and covariances of the coefficients, p rows of p.
    pub covariance: Vec<Vec<f64>>,
    /// Degrees of freedom of t and F; absent where quantiles are normal.
    pub degrees_of_freedom: Option<u32>,
    /// Joint test of the moderators; absent in a model with an intercept only.
    pub moderator_test: Option<ModeratorTest>,
    /// Heterogeneity that the moderators leave.
    pub heterogeneity: ResidualHeterogeneity,
    /// τ₀² of the same studies with the intercept only; absent for models without intercept or without moderators, and
    /// for the common-effect model.
    pub tau_squared_without_moderators: Option<f64>,
    /// The fraction of heterogeneity that the moderators account for, at least 0: 1 − τ²/τ₀² (Raudenbush 2009), or of
    /// the common-effect model 1 − [Q_E/(k − p)]/[Q/(k − 1)]. Absent without an intercept or moderators and where there is
    /// no heterogeneity to account for.
    pub r_squared: Option<f64>,
    /// How well the model fits.
    pub fit: FitStatistics,
    /// The studies in the model.
    pub rows: Vec<RegressionRow>,
    /// Studies without all moderators.
    pub left_out: Vec<LeftOutStudy>,
    /// The effects asked for.
    pub predictions: Vec<RegressionPrediction>,
    /// Common or random effects.
    pub model: EffectsModel,
    /// Estimator of τ².
    pub tau_squared_estimator: TauSquaredEstimator,
    /// How coefficients are tested.
    pub interval: RegressionInterval,
    /// Level of every interval.
    pub confidence_level: f64,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}
