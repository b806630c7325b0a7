//! Survival at chosen times, pooled one time after the other.

mod scale;

use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{Estimand, Finding, Interval, TimeUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::scale::LandmarkScale;
use crate::LeftOutTrial;
use crate::finite_answer::finite_answer;
use crate::model::{two_sided_normal, two_sided_student_t};
use crate::proportions::{Count, fit_random_intercept};
use crate::survival_curve::{check_times, check_trial_names};
use crate::{ModelOptions, PoolError, TrialPatients, fit_random_effects, prediction_interval};

/// Below this number of trials there is no prediction interval.
const MIN_PREDICTION_TRIALS: usize = 3;

/// How survival at chosen times is pooled. `times` has no default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LandmarkOptions {
    /// Identifier of the analysis.
    #[serde(default)]
    pub id: String,
    /// Title to print.
    #[serde(default)]
    pub title: String,
    /// Times, increasing, above 0. Each is pooled by itself.
    pub times: Vec<f64>,
    /// Unit of every time.
    #[serde(default = "default_unit")]
    pub time_unit: TimeUnit,
    /// Scale on which survival is pooled.
    #[serde(default)]
    pub scale: LandmarkScale,
    /// Estimator of the between-trial variance, intervals and level. The binomial-normal scale has its own likelihood
    /// and takes from here the level and whether quantiles are normal (`wald`) or those of t with trials − 1
    /// degrees of freedom (any other).
    #[serde(default)]
    pub model: ModelOptions,
}

fn default_unit() -> TimeUnit {
    TimeUnit::Months
}

impl Default for LandmarkOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            times: Vec::new(),
            time_unit: default_unit(),
            scale: LandmarkScale::default(),
            model: ModelOptions::default(),
        }
    }
}

/// One trial at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LandmarkRow {
    /// Identifier of the trial.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Patients with follow-up of at least the time.
    pub number_at_risk: u32,
    /// Kaplan-Meier survival, a fraction.
    pub survival: f64,
    /// Its interval, symmetric on the scale of the analysis.
    pub interval: Interval,
    /// Patients that would give the same variance without censoring, (1 − S)/(S·G), G being Greenwood's sum.
    pub effective_size: f64,
    /// Value on the scale of the analysis.
    pub value: f64,
    /// Its variance.
    pub variance: f64,
    /// Survival was 0 or 1 and half a patient was added to survivors and to others.
    pub corrected: bool,
    /// Weight of the random-effects mean, a fraction; absent for the binomial-normal model, which has none.
    pub weight: Option<f64>,
}

/// Pooled survival at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LandmarkSurvival {
    /// The time.
    pub time: f64,
    /// Trials followed as long as that.
    pub rows: Vec<LandmarkRow>,
    /// Trials that are not, with the reason.
    pub left_out: Vec<LeftOutTrial>,
    /// Survival of the typical trial, a fraction.
    pub survival: f64,
    /// Its interval.
    pub interval: Interval,
    /// Mean on the scale of the analysis.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom of its t distribution; absent when it is normal.
    pub degrees_of_freedom: Option<f64>,
    /// Interval in which the survival of a new trial's population is expected; absent with fewer than three trials.
    pub prediction: Option<Interval>,
    /// Mean survival over trials: that of the average trial, E\[S\] with values N(mean, τ²).
    pub average_survival: f64,
    /// Between-trial variance on the scale of the analysis.
    pub tau_squared: f64,
    /// Cochran's Q; absent with one trial and for the binomial-normal model.
    pub q: Option<f64>,
    /// p value of Q.
    pub q_p_value: Option<f64>,
    /// I² = max(0, (Q − df)/Q), a fraction.
    pub i_squared: Option<f64>,
}

/// Pooled survival at chosen times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LandmarkResult {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Unit of every time.
    pub time_unit: TimeUnit,
    /// Scale of the analysis.
    pub scale: LandmarkScale,
    /// Settings of the model.
    pub model: ModelOptions,
    /// What `survival` speaks of; `average_survival` speaks of the average study.
    pub estimand: Estimand,
    /// One result per time; times that no trial reaches are left out.
    pub times: Vec<LandmarkSurvival>,
    /// What the analysis noticed.
    pub findings: Vec<Finding>,
}

/// Pools Kaplan-Meier survival at chosen times: on each scale by inverse variances with Greenwood's standard error, or
/// by the binomial-normal model (Stijnen, Hamza & Özdemir 2010) with effective numbers of patients.
///
/// A trial contributes at a time when its longest follow-up reaches it, or its curve fell to 0 before. Where S is 0 or
/// 1 a transformed value does not exist: half a patient is added to survivors and to others of the effective
/// number (of the patients still at risk when S is 1). The binomial-normal model takes such trials as they are.
///
/// ```
/// use kmeta_evidence_pool::{LandmarkOptions, TrialPatients, pool_landmark_survival};
/// use kmeta_trial_data::{PatientRecord, Provenance};
/// let trial = |name: &str, events: u32| TrialPatients {
///     trial: name.to_owned(),
///     label: name.to_owned(),
///     patients: (1..=20).map(|i| PatientRecord { time: f64::from(i), event: i <= events }).collect(),
///     provenance: Provenance::printed("example"),
/// };
/// let options = LandmarkOptions { times: vec![12.0], ..LandmarkOptions::default() };
/// let result = pool_landmark_survival(&[trial("a", 10), trial("b", 10)], &options)?;
/// assert!((result.times[0].survival - 0.5).abs() < 1e-12);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault; [`PoolError::NoFollowUp`] when no trial reaches the first time.
pub fn pool_landmark_survival(
    trials: &[TrialPatients],
    options: &LandmarkOptions,
) -> Result<LandmarkResult, PoolError> {
    check_trial_names(trials.iter().map(|trial| trial.trial.as_str()))?;
    check_times(&options.times)?;
    options.model.check()?;
    let mut fits = Vec::with_capacity(trials.len());
    for trial in trials {
        let fit = KaplanMeier::fit(&trial.patients)
            .map_err(|source| PoolError::Patients { trial: trial.trial.clone(), source })?;
        fits.push(fit);
    }
    let mut result = LandmarkResult {
        id: options.id.clone(),
        title: options.title.clone(),
        time_unit: options.time_unit,
        scale: options.scale,
        model: options.model.clone(),
        estimand: Estimand::TypicalStudy,
        times: Vec::new(),
        findings: Vec::new(),
    };
    for &time in &options.times {
        match at_time(time, trials, &fits, options, &mut result.findings)? {
            Some(landmark) => result.times.push(landmark),
            None if result.times.is_empty() => return Err(PoolError::NoFollowUp { time }),
            None => result.findings.push(Finding::warning(
                "times-beyond-follow-up",
                place(time),
                "no trial is followed as long as that: the time is left out",
            )),
        }
    }
    finite_answer("landmark survival", result)
}

fn place(time: f64) -> String {
    format!("survival at {time}")
}

/// A trial's survival at a time in effective numbers of patients.
struct Effective {
    survival: f64,
    size: f64,
}

impl Effective {
    fn survivors(&self) -> f64 {
        self.survival * self.size
    }

    /// Value, variance and whether half a patient was added.
    fn value(&self, scale: LandmarkScale) -> (f64, f64, bool) {
        let corrected = self.survival <= 0.0 || self.survival >= 1.0;
        let (survival, size) = if corrected {
            ((self.survivors() + 0.5) / (self.size + 1.0), self.size + 1.0)
        } else {
            (self.survival, self.size)
        };
        let (value, variance) = scale.value(survival, (1.0 - survival) / (survival * size));
        (value, variance, corrected)
    }
}

/// S(t) with the number of patients that gives Greenwood's variance. Where S is 0 it is the number just before the
/// curve fell there, where S is 1 the patients still at risk.
fn effective(fit: &KaplanMeier, time: f64) -> Effective {
    let survival = fit.survival_at(time);
    let mut last = fit.times().partition_point(|&corner| corner <= time);
    while last > 0 && fit.survival()[last - 1] <= 0.0 {
        last -= 1;
    }
    let size = match last.checked_sub(1).map(|index| (fit.survival()[index], fit.greenwood()[index])) {
        Some((before, greenwood)) if before < 1.0 => (1.0 - before) / (before * greenwood),
        // No event until then: whoever is left, or at a fall to 0 from 1, whoever fell.
        _ if survival > 0.0 => f64::from(fit.number_at_risk_at(time)),
        _ => f64::from(fit.number_at_risk()[last]),
    };
    Effective { survival, size }
}

fn at_time(
    time: f64,
    trials: &[TrialPatients],
    fits: &[KaplanMeier],
    options: &LandmarkOptions,
    findings: &mut Vec<Finding>,
) -> Result<Option<LandmarkSurvival>, PoolError> {
    let quantile = two_sided_normal(options.model.confidence_level)?;
    let (mut rows, mut left_out, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for (trial, fit) in trials.iter().zip(fits) {
        if fit.follow_up_end() < time && fit.survival_at(time) > 0.0 {
            left_out.push(LeftOutTrial {
                trial: trial.trial.clone(),
                reason: format!("its longest follow-up is {}", fit.follow_up_end()),
            });
            continue;
        }
        let effective = effective(fit, time);
        let (value, variance, corrected) = effective.value(options.scale);
        let reach = quantile * variance.sqrt();
        counts.push(Count { events: effective.survivors(), total: effective.size });
        rows.push(LandmarkRow {
            trial: trial.trial.clone(),
            label: trial.label.clone(),
            number_at_risk: fit.number_at_risk_at(time),
            survival: effective.survival,
            interval: options.scale.interval(value - reach, value + reach),
            effective_size: effective.size,
            value,
            variance,
            corrected,
            weight: None,
        });
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let glmm = options.scale == LandmarkScale::BinomialNormal && rows.len() > 1;
    findings.extend(notes(time, &rows, &left_out, glmm));
    let mut landmark = if glmm {
        binomial_normal(time, &counts, options)?
    } else {
        inverse_variance(time, &mut rows, options)?
    };
    (landmark.rows, landmark.left_out) = (rows, left_out);
    Ok(Some(landmark))
}

fn notes(time: f64, rows: &[LandmarkRow], left_out: &[LeftOutTrial], glmm: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let corrected: Vec<&str> =
        rows.iter().filter(|row| row.corrected).map(|row| row.trial.as_str()).collect();
    if !corrected.is_empty() && !glmm {
        let message = format!(
            "survival is 0 or 1 in {}: half a patient was added to survivors and to others; compare with \
             scale = \"binomial-normal\", which needs no correction",
            corrected.join(", ")
        );
        findings.push(Finding::note("continuity-correction", place(time), message));
    }
    if !left_out.is_empty() {
        let names: Vec<&str> = left_out.iter().map(|trial| trial.trial.as_str()).collect();
        let message = format!("not followed as long as that and left out: {}", names.join(", "));
        findings.push(Finding::note("trials-left-out", place(time), message));
    }
    if rows.len() == 1 {
        let message = "one trial contributes: its own survival is shown, nothing is pooled";
        findings.push(Finding::warning("single-study", place(time), message));
    }
    findings
}

fn inverse_variance(
    time: f64,
    rows: &mut [LandmarkRow],
    options: &LandmarkOptions,
) -> Result<LandmarkSurvival, PoolError> {
    let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
    let variances: Vec<f64> = rows.iter().map(|row| row.variance).collect();
    let fit = fit_random_effects(&values, &variances, &options.model)?;
    let total: f64 = variances.iter().map(|variance| 1.0 / (variance + fit.tau_squared)).sum();
    for row in rows.iter_mut() {
        row.weight = Some(1.0 / (row.variance + fit.tau_squared) / total);
    }
    let limits = fit.interval(options.model.confidence_level)?;
    let scale = options.scale;
    Ok(LandmarkSurvival {
        time,
        rows: Vec::new(),
        left_out: Vec::new(),
        survival: scale.survival(fit.mean),
        interval: scale.interval(limits.lower, limits.upper),
        mean: fit.mean,
        standard_error: fit.standard_error,
        degrees_of_freedom: fit.degrees_of_freedom,
        prediction: prediction_interval(&values, &variances, &options.model)?
            .map(|limits| scale.interval(limits.lower, limits.upper)),
        average_survival: scale.average(fit.mean, fit.tau_squared.sqrt()),
        tau_squared: fit.tau_squared,
        q: (fit.studies > 1).then_some(fit.q),
        q_p_value: fit.q_p_value()?,
        i_squared: (fit.studies > 1).then_some(fit.i_squared),
    })
}

/// The binomial-normal model of two or more trials.
fn binomial_normal(
    time: f64,
    counts: &[Count],
    options: &LandmarkOptions,
) -> Result<LandmarkSurvival, PoolError> {
    let survivors: f64 = counts.iter().map(|count| count.events).sum();
    let total: f64 = counts.iter().map(|count| count.total).sum();
    let not_estimable = |reason: &str| PoolError::NotEstimable {
        what: format!("the binomial-normal model of survival at {time}"),
        reason: reason.to_owned(),
    };
    if survivors <= 0.0 || survivors >= total {
        return Err(not_estimable(
            "survival is 0 in every trial, or 1 in every trial; leave the time out or choose another scale",
        ));
    }
    let Some(fit) = fit_random_intercept(counts, None)? else {
        return Err(not_estimable(
            "survival is 0 or 1 in each trial, so that the likelihood rises without end; leave the time out or \
             choose another scale",
        ));
    };
    let (mean, tau) = (fit.maximum.location, fit.maximum.spread);
    let standard_error = fit.maximum.covariance[0].sqrt();
    let level = options.model.confidence_level;
    let t_df = (counts.len() - 1) as f64;
    let wald = options.model.interval == kmeta_trial_data::IntervalMethod::Wald;
    let quantile = if wald { two_sided_normal(level)? } else { two_sided_student_t(level, t_df)? };
    let scale = options.scale;
    let around =
        |quantile: f64, spread: f64| scale.interval(mean - quantile * spread, mean + quantile * spread);
    let prediction = if counts.len() >= MIN_PREDICTION_TRIALS {
        Some(around(two_sided_student_t(level, t_df)?, standard_error.hypot(tau)))
    } else {
        None
    };
    Ok(LandmarkSurvival {
        time,
        rows: Vec::new(),
        left_out: Vec::new(),
        survival: scale.survival(mean),
        interval: around(quantile, standard_error),
        mean,
        standard_error,
        degrees_of_freedom: (!wald).then_some(t_df),
        prediction,
        average_survival: scale.average(mean, tau),
        tau_squared: tau * tau,
        q: None,
        q_p_value: None,
        i_squared: None,
    })
}
