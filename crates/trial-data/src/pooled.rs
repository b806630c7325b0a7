//! Results of pooling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    BackTransformSize, EffectMeasure, Finding, IntervalMethod, Provenance, StepCurve, StudyIntervalMethod,
    TauSquaredEstimator, TimeUnit,
};

/// A confidence or prediction interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// A pooled or single effect, on the scale it was computed on and on the scale people read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The effect on the analysis scale (for example a log hazard ratio).
    pub value: f64,
    /// Its standard error on the analysis scale.
    pub standard_error: f64,
    /// Interval on the analysis scale.
    pub interval: Interval,
    /// The effect on the reading scale (a proportion or a hazard ratio).
    pub shown: f64,
    /// The interval on the reading scale.
    pub shown_interval: Interval,
}

/// One study's line in a forest plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StudyRow {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Subgroup, where the analysis has subgroups.
    pub subgroup: Option<String>,
    /// Patients with the event, for proportions.
    pub events: Option<u32>,
    /// Patients, for proportions.
    pub total: Option<u32>,
    /// The study's effect; `shown_interval` is by the study interval method.
    pub estimate: Estimate,
    /// Weight in the common-effect model, as a fraction of all studies.
    pub weight_common: f64,
    /// Weight in the random-effects model, as a fraction of all studies.
    pub weight_random: f64,
    /// Where the effect came from.
    pub provenance: Provenance,
}

/// How much studies differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Heterogeneity {
    /// Cochran's Q about the common-effect mean.
    pub q: f64,
    /// Its degrees of freedom, k − 1.
    pub degrees_of_freedom: u32,
    /// p value of Q; absent with one study.
    pub p_value: Option<f64>,
    /// I² = max(0, (Q − df) / Q), a fraction (Higgins & Thompson 2002); absent with one study.
    pub i_squared: Option<f64>,
    /// Interval of I² by way of H (Higgins & Thompson 2002).
    pub i_squared_interval: Option<Interval>,
    /// H = √(Q / df), at least 1 (Higgins & Thompson 2002).
    pub h: Option<f64>,
    /// Interval of H.
    pub h_interval: Option<Interval>,
    /// Between-study variance; absent with one study.
    pub tau_squared: Option<f64>,
    /// Interval of tau² by the Q-profile method (Viechtbauer 2007).
    pub tau_squared_interval: Option<Interval>,
}

/// The pooled result of one subgroup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubgroupResult {
    /// Name of the subgroup.
    pub name: String,
    /// Number of studies.
    pub studies: u32,
    /// Patients with the event, for proportions.
    pub events: Option<u32>,
    /// Patients, for proportions.
    pub total: Option<u32>,
    /// Common-effect mean.
    pub common: Estimate,
    /// Random-effects mean, with tau² of this subgroup alone.
    pub random: Estimate,
    /// Heterogeneity within the subgroup.
    pub heterogeneity: Heterogeneity,
    /// Sample size at which Freeman-Tukey values were transformed back.
    pub back_transform_size: Option<f64>,
}

/// Test for a difference between subgroups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BetweenSubgroups {
    /// Q between subgroup means of the common-effect model.
    pub q_common: f64,
    /// Its p value.
    pub p_value_common: f64,
    /// Q between subgroup means of the random-effects model.
    pub q_random: f64,
    /// Its p value.
    pub p_value_random: f64,
    /// Degrees of freedom of both, number of subgroups − 1.
    pub degrees_of_freedom: u32,
}

/// Egger's regression test for funnel asymmetry (Egger 1997).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EggerTest {
    /// Intercept of the regression of standardized effect on precision.
    pub intercept: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// t statistic.
    pub t: f64,
    /// Degrees of freedom, k − 2.
    pub degrees_of_freedom: u32,
    /// Two-sided p value.
    pub p_value: f64,
}

/// A meta-analysis of one effect per study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledEffect {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Analysis scale.
    pub measure: EffectMeasure,
    /// Estimator of tau².
    pub tau_squared_estimator: TauSquaredEstimator,
    /// How the random-effects interval is made.
    pub interval_method: IntervalMethod,
    /// How single studies' intervals are made.
    pub study_interval_method: StudyIntervalMethod,
    /// Rule for the back-transformation of Freeman-Tukey values, and the size it gave.
    pub back_transform: Option<BackTransformSize>,
    /// Sample size at which the overall Freeman-Tukey value was transformed back.
    pub back_transform_size: Option<f64>,
    /// Level of every interval, 0.95.
    pub confidence_level: f64,
    /// The studies in the order of the project file.
    pub studies: Vec<StudyRow>,
    /// Common-effect (fixed-effect) mean.
    pub common: Estimate,
    /// Random-effects mean.
    pub random: Estimate,
    /// Prediction interval of a new study's effect on the reading scale; absent with fewer than three studies.
    pub prediction: Option<Interval>,
    /// Heterogeneity of all studies.
    pub heterogeneity: Heterogeneity,
    /// Subgroups in order of first appearance; empty when none were asked for.
    pub subgroups: Vec<SubgroupResult>,
    /// Test between subgroups, with at least two.
    pub between_subgroups: Option<BetweenSubgroups>,
    /// Funnel asymmetry, with at least three studies.
    pub egger: Option<EggerTest>,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// One trial's part in a pooled survival curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialSurvival {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Kaplan-Meier curve of its reconstructed patients.
    pub curve: StepCurve,
    /// Longest follow-up of a patient.
    pub follow_up_end: f64,
    /// Patients.
    pub patients: u32,
    /// Events.
    pub events: u32,
    /// Kaplan-Meier median.
    pub median: Option<f64>,
    /// Where the patients came from.
    pub provenance: Provenance,
}

/// The pooled curve at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SurvivalPoint {
    /// Time, in the unit of the analysis.
    pub time: f64,
    /// Pooled survival, a fraction.
    pub survival: f64,
    /// Its interval.
    pub interval: Interval,
    /// Patients at risk at the start of the time's interval, all contributing trials together.
    pub number_at_risk: u32,
    /// Trials that contribute to the time's interval.
    pub trials: u32,
}

/// Heterogeneity of pooled survival (Combescure 2014).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SurvivalHeterogeneity {
    /// Multivariate Cochran Q.
    pub q: f64,
    /// Its degrees of freedom as RISCA and metaSurvival count them: observed cells − number of trials.
    pub degrees_of_freedom: u32,
    /// H² = Q / df.
    pub h_squared: f64,
    /// I² = max(0, 1 − 1/H²), a fraction.
    pub i_squared: f64,
}

/// A summary survival curve of several single arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledSurvival {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Unit of every time.
    pub time_unit: TimeUnit,
    /// Level of every interval, 0.95.
    pub confidence_level: f64,
    /// Random-effects curve at the asked times.
    pub random: Vec<SurvivalPoint>,
    /// Common-effect curve at the asked times.
    pub common: Vec<SurvivalPoint>,
    /// Median of the random-effects curve, interpolated between the asked times; absent when not reached.
    pub median: Option<f64>,
    /// Monte-Carlo interval of the median. A limit is absent when that quantile of the draws did not reach 0.5.
    pub median_lower: Option<f64>,
    /// Upper limit, as above.
    pub median_upper: Option<f64>,
    /// Number of Monte-Carlo draws behind the interval.
    pub median_draws: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// Heterogeneity; absent with one trial.
    pub heterogeneity: Option<SurvivalHeterogeneity>,
    /// The trials.
    pub trials: Vec<TrialSurvival>,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}
