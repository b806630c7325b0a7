//! Results of pooling.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    BackTransformSize, ContinuityCorrection, EffectMeasure, Estimand, Finding, IntervalMethod, PoolingModel,
    PredictionMethod, Provenance, StepCurve, StudyIntervalMethod, SubgroupTauSquared, TauSquaredEstimator,
    TauSquaredIntervalMethod, TimeUnit,
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
    /// Test statistic of no effect on the analysis scale, value / standard error: z, or t with
    /// `degrees_of_freedom`. For proportions no effect is a value of 0, which few ask about. Absent where nothing is
    /// tested, as in study rows.
    #[serde(default)]
    pub statistic: Option<f64>,
    /// Degrees of freedom of the interval and the test; absent when they are normal.
    #[serde(default)]
    pub degrees_of_freedom: Option<f64>,
    /// Two-sided p value of the test of no effect.
    #[serde(default)]
    pub p_value: Option<f64>,
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
    /// Patients with the event, for counts; those of the treatment arm where two arms are compared.
    pub events: Option<u32>,
    /// Patients, for counts; those of the treatment arm where two arms are compared.
    pub total: Option<u32>,
    /// Patients of the control arm with the event, where the counts of two arms are compared.
    pub control_events: Option<u32>,
    /// Patients of the control arm, where the counts of two arms are compared.
    pub control_total: Option<u32>,
    /// The study's effect; `shown_interval` is by the study interval method.
    pub estimate: Estimate,
    /// Weight in the common-effect model, as a fraction of all studies; absent where the model has no weights.
    pub weight_common: Option<f64>,
    /// Weight in the random-effects model, as a fraction of all studies; absent where the model has no weights.
    pub weight_random: Option<f64>,
    /// Where the effect came from.
    pub provenance: Provenance,
}

/// A prediction interval of a new study's effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Prediction {
    /// How it was made.
    pub method: PredictionMethod,
    /// √(SE² + τ²) on the analysis scale; absent for the bootstrap, whose limits are quantiles of draws.
    pub standard_error: Option<f64>,
    /// Degrees of freedom of the t quantile; absent when the quantile is normal.
    pub degrees_of_freedom: Option<f64>,
    /// The interval on the analysis scale.
    pub interval: Interval,
    /// The interval on the reading scale.
    pub shown_interval: Interval,
}

/// How well the random-effects model fits, by the likelihood of its estimator: restricted for REML, full for all
/// others (R metafor `logLik`, `AIC`, `BIC`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FitStatistics {
    /// Log likelihood at the estimates.
    pub log_likelihood: f64,
    /// Akaike's information criterion, −2 log likelihood + 2 · parameters.
    pub aic: f64,
    /// Bayesian information criterion, with the logarithm of k (of k − 1 for REML) per parameter.
    pub bic: f64,
}

/// How much studies differ within their subgroups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResidualHeterogeneity {
    /// Sum of Cochran's Q over subgroups.
    pub q: f64,
    /// Its degrees of freedom, k − number of subgroups.
    pub degrees_of_freedom: u32,
    /// p value of Q; absent without degrees of freedom.
    pub p_value: Option<f64>,
    /// I² = max(0, (Q − df) / Q); absent without degrees of freedom.
    pub i_squared: Option<f64>,
    /// The τ² that subgroups share; absent when each has its own.
    pub tau_squared: Option<f64>,
}

/// How much studies differ.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Interval of tau², by `tau_squared_interval_method`; absent with one study and when no tau² fits.
    pub tau_squared_interval: Option<Interval>,
    /// How the interval of tau² was made.
    #[serde(default)]
    pub tau_squared_interval_method: TauSquaredIntervalMethod,
    /// Standard error of tau², by the asymptotic variance of its estimator (Viechtbauer 2005).
    #[serde(default)]
    pub tau_squared_standard_error: Option<f64>,
    /// I² = tau² / (tau² + typical sampling variance), a fraction (Higgins & Thompson 2002, eq. 9), as metafor,
    /// Stata and RevMan print it. Equal to `i_squared` with the DerSimonian-Laird estimator only.
    #[serde(default)]
    pub i_squared_from_tau_squared: Option<f64>,
    /// Interval of `i_squared_from_tau_squared`, from that of tau².
    #[serde(default)]
    pub i_squared_from_tau_squared_interval: Option<Interval>,
    /// H² = 1 + tau² / typical sampling variance, as metafor prints it.
    #[serde(default)]
    pub h_squared_from_tau_squared: Option<f64>,
    /// Interval of `h_squared_from_tau_squared`, from that of tau².
    #[serde(default)]
    pub h_squared_from_tau_squared_interval: Option<Interval>,
}

/// The pooled result of one subgroup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubgroupResult {
    /// Name of the subgroup.
    pub name: String,
    /// Number of studies.
    pub studies: u32,
    /// Patients with the event, for counts; those of the treatment arm where two arms are compared.
    pub events: Option<u32>,
    /// Patients, for counts; those of the treatment arm where two arms are compared.
    pub total: Option<u32>,
    /// Patients of the control arm with the event, where the counts of two arms are compared.
    pub control_events: Option<u32>,
    /// Patients of the control arm, where the counts of two arms are compared.
    pub control_total: Option<u32>,
    /// Common-effect mean.
    pub common: Estimate,
    /// Random-effects mean, with tau² of this subgroup alone or with the one that subgroups share.
    pub random: Estimate,
    /// Heterogeneity within the subgroup.
    pub heterogeneity: Heterogeneity,
    /// Sample size at which Freeman-Tukey values were transformed back.
    pub back_transform_size: Option<f64>,
    /// Mean proportion over studies, where the model gives it beside the typical study's.
    pub marginal_mean: Option<MarginalMean>,
}

/// The mean proportion over studies: what the patients of a study drawn at random have on average. With a logit
/// it differs from the typical study's proportion, which is the median over studies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarginalMean {
    /// The mean proportion, a fraction.
    pub proportion: f64,
    /// Its interval, by the delta method on the logit scale.
    pub interval: Interval,
}

/// A likelihood-ratio test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LikelihoodRatioTest {
    /// Twice the difference of the log likelihoods.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees_of_freedom: u32,
    /// Its p value.
    pub p_value: f64,
}

/// What a fit of the counts themselves by maximum likelihood adds to a pooled proportion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LikelihoodFit {
    /// Log likelihood with the binomial constants.
    pub log_likelihood: f64,
    /// Nodes of adaptive Gauss-Hermite quadrature, for a random-intercept model.
    pub quadrature_nodes: Option<u32>,
    /// Correlation of two patients of one study, for a beta-binomial model.
    pub intraclass_correlation: Option<f64>,
    /// Test of a proportion for each study against one for all, beside Q, which is the Wald test of the same.
    pub heterogeneity_test: Option<LikelihoodRatioTest>,
}

/// How counts of two arms were compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TwoArmSettings {
    /// Which cells got a continuity correction.
    pub continuity_correction: ContinuityCorrection,
    /// What was added to a cell; with [`ContinuityCorrection::TreatmentArm`] twice the mean of the arms.
    pub increment: f64,
    /// Whether Mantel-Haenszel pooling used the counts without correction.
    pub exact_mantel_haenszel: bool,
    /// Whether Q and the moment estimator of tau² are about the Mantel-Haenszel mean.
    pub heterogeneity_about_mantel_haenszel: bool,
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
    /// Whether the random-effects test rests on one tau² per subgroup or on one for all.
    #[serde(default)]
    pub tau_squared: SubgroupTauSquared,
    /// Differences that remain within subgroups.
    #[serde(default)]
    pub residual: Option<ResidualHeterogeneity>,
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
    /// How the studies were put together.
    pub model: PoolingModel,
    /// The study that the random-effects mean speaks of, on the reading scale.
    pub estimand: Estimand,
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
    /// Mean proportion over studies, where the model gives it beside the typical study's.
    pub marginal_mean: Option<MarginalMean>,
    /// What a fit by maximum likelihood adds; absent for other models.
    pub likelihood: Option<LikelihoodFit>,
    /// How the counts of two arms were compared; absent for other effects.
    pub two_arm: Option<TwoArmSettings>,
    /// Prediction interval of a new study's effect on the reading scale; absent with fewer than three studies.
    pub prediction: Option<Interval>,
    /// How that interval was made, with its limits on both scales.
    #[serde(default)]
    pub prediction_details: Option<Prediction>,
    /// Likelihood of the random-effects model; absent with one study.
    #[serde(default)]
    pub fit_statistics: Option<FitStatistics>,
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
    /// Interval in which the survival of a new trial's population is expected; absent where the method gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Interval>,
    /// Between-trial variance at this time on the analysis scale; absent where the method gives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tau_squared: Option<f64>,
}

/// How a pooled survival curve was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalCurveMethod {
    /// The product of pooled conditional survivals of Combescure, Foucher & Jackson 2014.
    #[default]
    SummaryCurve,
    /// Random-effects means of log cumulative hazards at every event time; does not depend on the asked times.
    GridFree,
}

/// Mean survival time up to a horizon, the area under a pooled curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledRestrictedMean {
    /// The horizon, in the unit of the analysis.
    pub horizon: f64,
    /// Area under the pooled curve from 0 to the horizon.
    pub mean: f64,
    /// Its interval.
    pub interval: Option<Interval>,
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
    /// How the curve was made.
    #[serde(default)]
    pub method: SurvivalCurveMethod,
    /// Which study the random-effects curve speaks of.
    #[serde(default)]
    pub estimand: Estimand,
    /// Random-effects curve at the asked times.
    pub random: Vec<SurvivalPoint>,
    /// Common-effect curve at the asked times.
    pub common: Vec<SurvivalPoint>,
    /// Median of the random-effects curve; absent when not reached. The summary curve is interpolated between the
    /// asked times.
    pub median: Option<f64>,
    /// Lower limit of the median: of the summary curve from Monte-Carlo draws, absent when that quantile of the
    /// draws did not reach 0.5; of the grid-free curve where its band crosses 0.5.
    pub median_lower: Option<f64>,
    /// Upper limit, as above.
    pub median_upper: Option<f64>,
    /// Number of Monte-Carlo draws behind the intervals of median and restricted mean.
    pub median_draws: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// Restricted mean survival time of the random-effects curve up to the last time.
    #[serde(default)]
    pub restricted_mean: Option<PooledRestrictedMean>,
    /// Heterogeneity; absent with one trial.
    pub heterogeneity: Option<SurvivalHeterogeneity>,
    /// The trials.
    pub trials: Vec<TrialSurvival>,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}
