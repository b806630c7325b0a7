//! Median survival times and restricted mean survival times, pooled.

mod median;
mod restricted_mean;

use kmeta_trial_data::{Estimand, Finding, Interval, Provenance, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::median::{MedianSource, TrialMedian, pool_median_survival};
pub use self::restricted_mean::{RestrictedMeanOptions, pool_restricted_mean_survival};
use crate::finite_answer::finite_answer;
use crate::two_arm_survival::LeftOutTrial;
use crate::{ModelOptions, PoolError, fit_random_effects, prediction_interval};

/// How median survival times are pooled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SurvivalTimeOptions {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Unit of every time.
    pub time_unit: TimeUnit,
    /// Estimator of the between-trial variance, intervals and level.
    pub model: ModelOptions,
}

impl Default for SurvivalTimeOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            time_unit: TimeUnit::Months,
            model: ModelOptions::default(),
        }
    }
}

/// What a pooled time is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalTimeKind {
    /// Median survival time, pooled as its logarithm.
    Median,
    /// Restricted mean survival time to a horizon, pooled as it is.
    RestrictedMean {
        /// The horizon.
        horizon: f64,
    },
}

impl SurvivalTimeKind {
    fn time(self, value: f64) -> f64 {
        match self {
            Self::Median => value.exp(),
            Self::RestrictedMean { horizon } => value.clamp(0.0, horizon),
        }
    }
}

/// One trial's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SurvivalTimeRow {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The time.
    pub time: f64,
    /// Its interval: as printed or Brookmeyer & Crowley 1982 for a median, a limit being absent when not reached.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
    /// Value on the scale of the analysis: log median, or the restricted mean itself.
    pub value: f64,
    /// Its variance.
    pub variance: f64,
    /// Weight of the random-effects mean, a fraction.
    pub weight: f64,
    /// Where it came from.
    pub provenance: Provenance,
}

/// Pooled survival times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledSurvivalTime {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Unit of every time.
    pub time_unit: TimeUnit,
    /// What is pooled.
    pub kind: SurvivalTimeKind,
    /// Settings of the model.
    pub model: ModelOptions,
    /// Median: the typical trial, since logarithms are pooled. Restricted mean: the average trial.
    pub estimand: Estimand,
    /// Trials that contribute.
    pub rows: Vec<SurvivalTimeRow>,
    /// Trials that do not, with the reason.
    pub left_out: Vec<LeftOutTrial>,
    /// Random-effects time.
    pub time: f64,
    /// Its interval.
    pub interval: Interval,
    /// Mean on the scale of the analysis.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom of its t distribution; absent when it is normal.
    pub degrees_of_freedom: Option<f64>,
    /// Common-effect time.
    pub common_time: f64,
    /// Interval in which a new trial's time is expected; absent with fewer than three trials.
    pub prediction: Option<Interval>,
    /// Between-trial variance on the scale of the analysis.
    pub tau_squared: f64,
    /// Cochran's Q; absent with one trial.
    pub q: Option<f64>,
    /// p value of Q.
    pub q_p_value: Option<f64>,
    /// I² = max(0, (Q − df)/Q), a fraction.
    pub i_squared: Option<f64>,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// Pools rows whose weights are not yet known.
fn pool_times(
    kind: SurvivalTimeKind,
    mut rows: Vec<SurvivalTimeRow>,
    left_out: Vec<LeftOutTrial>,
    options: &SurvivalTimeOptions,
    mut findings: Vec<Finding>,
) -> Result<PooledSurvivalTime, PoolError> {
    let (what, place, estimand) = match kind {
        SurvivalTimeKind::Median => ("a pooled median", "pooled median", Estimand::TypicalStudy),
        SurvivalTimeKind::RestrictedMean { .. } => {
            ("a pooled restricted mean", "pooled restricted mean", Estimand::AverageStudy)
        }
    };
    if rows.is_empty() {
        return Err(PoolError::TooFewStudies { found: 0, what: what.to_owned(), needed: 1 });
    }
    if !left_out.is_empty() {
        let named: Vec<String> =
            left_out.iter().map(|trial| format!("{} ({})", trial.trial, trial.reason)).collect();
        let message =
            format!("left out, which biases the result unless it happened by chance: {}", named.join("; "));
        findings.push(Finding::warning("trials-left-out", place, message));
    }
    if rows.len() == 1 {
        let message = "one trial contributes: its own time is shown, nothing is pooled";
        findings.push(Finding::warning("single-study", place, message));
    }
    let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
    let variances: Vec<f64> = rows.iter().map(|row| row.variance).collect();
    let fit = fit_random_effects(&values, &variances, &options.model)?;
    let total: f64 = variances.iter().map(|variance| 1.0 / (variance + fit.tau_squared)).sum();
    for row in &mut rows {
        row.weight = 1.0 / (row.variance + fit.tau_squared) / total;
    }
    let common = ModelOptions { preset_tau_squared: Some(0.0), ..options.model.clone() };
    let shown =
        |limits: Interval| Interval { lower: kind.time(limits.lower), upper: kind.time(limits.upper) };
    finite_answer(
        place,
        PooledSurvivalTime {
            id: options.id.clone(),
            title: options.title.clone(),
            time_unit: options.time_unit,
            kind,
            model: options.model.clone(),
            estimand,
            rows,
            left_out,
            time: kind.time(fit.mean),
            interval: shown(fit.interval(options.model.confidence_level)?),
            mean: fit.mean,
            standard_error: fit.standard_error,
            degrees_of_freedom: fit.degrees_of_freedom,
            common_time: kind.time(fit_random_effects(&values, &variances, &common)?.mean),
            prediction: prediction_interval(&values, &variances, &options.model)?.map(shown),
            tau_squared: fit.tau_squared,
            q: (fit.studies > 1).then_some(fit.q),
            q_p_value: fit.q_p_value()?,
            i_squared: (fit.studies > 1).then_some(fit.i_squared),
            findings,
        },
    )
}
