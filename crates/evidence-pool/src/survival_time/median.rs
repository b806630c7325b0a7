//! Median survival times.

use kmeta_survival_estimate::{IntervalType, KaplanMeier};
use kmeta_trial_data::{Finding, PatientRecord, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PooledSurvivalTime, SurvivalTimeKind, SurvivalTimeOptions, SurvivalTimeRow, pool_times};
use crate::PoolError;
use crate::model::two_sided_normal;
use crate::survival_curve::check_trial_names;
use crate::two_arm_survival::LeftOutTrial;

/// Where a trial's median comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MedianSource {
    /// Patients: the Kaplan-Meier median with the log-log interval of Brookmeyer & Crowley 1982 (R
    /// `survfit(conf.type = "log-log")`).
    Patients(Vec<PatientRecord>),
    /// What the paper prints.
    Printed {
        /// The median; absent when not reached.
        median: Option<f64>,
        /// Lower limit of its interval; absent when not printed or not reached.
        lower: Option<f64>,
        /// Upper limit; absent when not printed or not reached.
        upper: Option<f64>,
        /// Level of the interval, 0.95.
        confidence_level: f64,
    },
}

/// The median survival time of one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialMedian {
    /// Identifier of the trial; unique within the analysis.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Patients or printed numbers.
    pub source: MedianSource,
    /// Where they came from.
    pub provenance: Provenance,
}

/// A median with the limits it has.
struct Limits {
    median: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    level: f64,
}

/// Pools median survival times on the log scale with inverse variances, the standard error of a log median being
/// (ln U − ln L)/(2z) of its interval (McGrath et al. 2025, arXiv 2503.03065). A limit that is not reached leaves
/// (ln U − ln m)/z or (ln m − ln L)/z of the other, which a finding tells. A trial whose median is not reached, or
/// without any limit, is left out by name: the pooled median then speaks of the other trials only and is too short
/// when those that did not reach theirs lived longer. The standard error needs about 50 patients to be good.
///
/// ```
/// use kmeta_evidence_pool::{MedianSource, SurvivalTimeOptions, TrialMedian, pool_median_survival};
/// use kmeta_trial_data::Provenance;
/// let trial = |name: &str, median: f64, lower: f64, upper: f64| TrialMedian {
///     trial: name.to_owned(),
///     label: name.to_owned(),
///     source: MedianSource::Printed {
///         median: Some(median), lower: Some(lower), upper: Some(upper), confidence_level: 0.95,
///     },
///     provenance: Provenance::printed("abstract"),
/// };
/// let trials = [trial("a", 10.0, 8.0, 12.5), trial("b", 14.4, 10.0, 20.736)];
/// let pooled = pool_median_survival(&trials, &SurvivalTimeOptions::default())?;
/// assert!(pooled.time > 10.0 && pooled.time < 14.4);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault; [`PoolError::TooFewStudies`] when no trial can be used.
pub fn pool_median_survival(
    trials: &[TrialMedian],
    options: &SurvivalTimeOptions,
) -> Result<PooledSurvivalTime, PoolError> {
    check_trial_names(trials.iter().map(|trial| trial.trial.as_str()))?;
    options.model.check()?;
    let (mut rows, mut left_out, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for trial in trials {
        let limits = limits(trial, options.model.confidence_level)?;
        match row(trial, &limits, &mut findings)? {
            Ok(row) => rows.push(row),
            Err(reason) => left_out.push(LeftOutTrial { trial: trial.trial.clone(), reason }),
        }
    }
    pool_times(SurvivalTimeKind::Median, rows, left_out, options, findings)
}

fn limits(trial: &TrialMedian, level: f64) -> Result<Limits, PoolError> {
    match &trial.source {
        MedianSource::Patients(patients) => {
            let failed = |source| PoolError::Patients { trial: trial.trial.clone(), source };
            let fit = KaplanMeier::fit(patients).map_err(failed)?;
            let (lower, upper) = fit.median_interval(level, IntervalType::LogLog).map_err(failed)?;
            Ok(Limits { median: fit.median(), lower, upper, level })
        }
        &MedianSource::Printed { median, lower, upper, confidence_level } => {
            let fault = |value: f64, expected: &str| PoolError::InvalidMedian {
                trial: trial.trial.clone(),
                value,
                expected: expected.to_owned(),
            };
            for value in [median, lower, upper].into_iter().flatten() {
                if !(value.is_finite() && value > 0.0) {
                    return Err(fault(value, "medians and their limits must be finite and above 0"));
                }
            }
            if let Some(median) = median {
                if let Some(lower) = lower.filter(|&lower| lower > median) {
                    return Err(fault(lower, "the lower limit must not exceed the median"));
                }
                if let Some(upper) = upper.filter(|&upper| upper < median) {
                    return Err(fault(upper, "the upper limit must not be below the median"));
                }
            }
            Ok(Limits { median, lower, upper, level: confidence_level })
        }
    }
}

/// The row, or the reason why there is none.
fn row(
    trial: &TrialMedian,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) -> Result<Result<SurvivalTimeRow, String>, PoolError> {
    let Some(median) = limits.median else { return Ok(Err("its median is not reached".to_owned())) };
    if median <= 0.0 {
        return Ok(Err("its median is 0, which has no logarithm".to_owned()));
    }
    let z = two_sided_normal(limits.level)?;
    // A lower limit of 0 has no logarithm either.
    let lower = limits.lower.filter(|&lower| lower > 0.0);
    let width = match (lower, limits.upper) {
        (Some(lower), Some(upper)) => 0.5 * (upper.ln() - lower.ln()),
        (Some(lower), None) => median.ln() - lower.ln(),
        (None, Some(upper)) => upper.ln() - median.ln(),
        (None, None) => return Ok(Err("its median has no interval".to_owned())),
    };
    if width <= 0.0 {
        return Ok(Err("the interval of its median has no width".to_owned()));
    }
    if lower.is_none() || limits.upper.is_none() {
        let message =
            "one limit of the median is absent: its standard error comes from the other limit alone";
        findings.push(Finding::note("median-limit-absent", trial.trial.clone(), message));
    }
    Ok(Ok(SurvivalTimeRow {
        trial: trial.trial.clone(),
        label: trial.label.clone(),
        time: median,
        lower: limits.lower,
        upper: limits.upper,
        value: median.ln(),
        variance: (width / z).powi(2),
        weight: 0.0,
        provenance: trial.provenance.clone(),
    }))
}
