//! Results of pooling two-arm survival.

use kmeta_survival_estimate::ChiSquaredTest;
use kmeta_trial_data::{Estimate, Finding, Interval, LikelihoodRatioTest, PooledEffect};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::options::TwoArmSurvivalOptions;

/// One arm of one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmSummary {
    /// Patients.
    pub patients: u32,
    /// Patients with the event.
    pub events: u32,
    /// Kaplan-Meier median; absent when not reached.
    pub median: Option<f64>,
    /// Longest follow-up.
    pub follow_up_end: f64,
}

/// The log-rank test of one trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialLogRank {
    /// Events of the treated arm.
    pub observed: f64,
    /// Events of the treated arm expected under equal hazards.
    pub expected: f64,
    /// Hypergeometric variance of observed − expected.
    pub variance: f64,
    /// (O − E)²/V.
    pub test: ChiSquaredTest,
}

/// Test of proportional hazards of one trial (Grambsch & Therneau 1994).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialProportionalHazards {
    /// The score test.
    pub test: ChiSquaredTest,
    /// One-step estimate of the slope of the log hazard ratio on the function of time: above 0 the hazard ratio
    /// rises with time.
    pub slope: f64,
    /// Its standard error.
    pub slope_standard_error: f64,
}

/// What one trial contributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TwoArmTrialRow {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Its treated arm.
    pub treated: ArmSummary,
    /// Its control arm.
    pub control: ArmSummary,
    /// Its hazard ratio by the chosen method, treated over control; absent when not estimable.
    pub hazard_ratio: Option<Estimate>,
    /// Why the hazard ratio is absent.
    pub not_estimable: Option<String>,
    /// Its log-rank test; absent when no event happened while both arms were at risk.
    pub log_rank: Option<TrialLogRank>,
    /// Its test of proportional hazards; absent when not estimable.
    pub proportional_hazards: Option<TrialProportionalHazards>,
}

/// Tests of proportional hazards of all trials together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CombinedProportionalHazards {
    /// Trials with a test.
    pub trials: u32,
    /// Sum of the trials' statistics: do hazards fail to be proportional in some trial, in whatever direction?
    pub any_direction: ChiSquaredTest,
    /// Square of Σu/√ΣI over the trials' scores u and information I: does the hazard ratio change in the same
    /// direction?
    pub same_direction: ChiSquaredTest,
    /// Inverse-variance mean of the slopes.
    pub slope: f64,
    /// Its standard error.
    pub slope_standard_error: f64,
}

/// A trial's hazard ratio under the model with random effects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialPrediction {
    /// Identifier of the trial.
    pub trial: String,
    /// Mean of the trial's log hazard ratio given its patients and the model (empirical Bayes).
    pub log_hazard_ratio: f64,
    /// Its standard deviation.
    pub standard_deviation: f64,
}

/// A one-stage Cox model stratified by trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OneStageHazardRatio {
    /// Log hazard ratio and hazard ratio, treated over control, with Wald's interval and test.
    pub hazard_ratio: Estimate,
    /// Trials that inform it.
    pub trials: u32,
    /// Log (marginal) partial likelihood at the estimate.
    pub log_likelihood: f64,
    /// The same at a hazard ratio of 1.
    pub log_likelihood_null: f64,
    /// Likelihood-ratio test of a hazard ratio of 1.
    pub effect_test: LikelihoodRatioTest,
    /// For the model with a common effect: likelihood-ratio test of a hazard ratio per trial; absent when some
    /// trial's is infinite. For the model with random effects: of a between-trial variance of 0, whose p value is
    /// half the upper tail of a chi-squared distribution with 1 degree of freedom, because 0 lies on the boundary
    /// (Self & Liang 1987).
    pub heterogeneity_test: Option<LikelihoodRatioTest>,
    /// What random effects add.
    pub random_effects: Option<RandomTreatmentEffects>,
}

/// The random part of a one-stage model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RandomTreatmentEffects {
    /// Between-trial variance of the log hazard ratio, by maximum likelihood.
    pub tau_squared: f64,
    /// Its standard error from the observed information; absent at 0.
    pub tau_squared_standard_error: Option<f64>,
    /// Prediction interval of a new trial's hazard ratio, exp(β ± t·√(SE² + τ²)) with k − 1 degrees of freedom;
    /// absent with fewer than three trials.
    pub prediction: Option<Interval>,
    /// The trials' own hazard ratios, drawn towards the mean.
    pub trials: Vec<TrialPrediction>,
    /// Nodes of adaptive Gauss-Hermite quadrature.
    pub quadrature_nodes: u32,
}

/// A trial that an analysis could not use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOutTrial {
    /// Identifier of the trial.
    pub trial: String,
    /// Why.
    pub reason: String,
}

/// Pooled difference of restricted mean survival times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledRestrictedMeanDifference {
    /// The horizon.
    pub horizon: f64,
    /// Treated − control, in the unit of time; absent when no trial is followed to the horizon.
    pub difference: Option<PooledEffect>,
    /// ln(treated/control).
    pub log_ratio: Option<PooledEffect>,
    /// Trials that were not followed to the horizon.
    pub left_out: Vec<LeftOutTrial>,
}

/// The hazard ratio within one interval of follow-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalHazardRatio {
    /// Start of the interval, which does not belong to it (an event at time 0 belongs to the first one).
    pub start: f64,
    /// End of the interval, which belongs to it; absent for the last one.
    pub end: Option<f64>,
    /// The pooled hazard ratio; absent when no trial has an estimate.
    pub pooled: Option<PooledEffect>,
    /// Trials without an estimate in the interval.
    pub left_out: Vec<LeftOutTrial>,
}

/// Hazard ratios by interval of follow-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PiecewiseHazardRatios {
    /// The intervals, in order.
    pub intervals: Vec<IntervalHazardRatio>,
    /// Test that the random-effects means of the intervals are equal, Σ(μ_g − μ̄)²/SE_g²; absent with fewer than
    /// two means.
    pub equality: Option<ChiSquaredTest>,
}

/// A meta-analysis of two-arm survival.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledTwoArmSurvival {
    /// The settings used.
    pub options: TwoArmSurvivalOptions,
    /// The trials, in the order given.
    pub trials: Vec<TwoArmTrialRow>,
    /// Two-stage hazard ratio. With a one-stage model it stands beside it for comparison, and is absent when no
    /// trial alone has an estimate.
    pub two_stage: Option<PooledEffect>,
    /// One-stage hazard ratio, when asked for.
    pub one_stage: Option<OneStageHazardRatio>,
    /// Combined test of proportional hazards; absent when no trial has one.
    pub proportional_hazards: Option<CombinedProportionalHazards>,
    /// Restricted mean survival time, when asked for.
    pub restricted_mean: Option<PooledRestrictedMeanDifference>,
    /// Hazard ratios by interval, when asked for.
    pub piecewise: Option<PiecewiseHazardRatios>,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}
