//! A pooled survival curve that does not depend on the times asked for.
//!
//! Each trial gives y_i(t) = log(−log S_i(t)) of its Kaplan-Meier curve while it is observed, from its first event
//! on. At every time at which a trial has an event or ends, the y_i are pooled by a random-effects model with a
//! between-trial variance of that time. Between trials the covariance is τ(s) τ(t): one random effect per trial,
//! whose size may change in time. This low-rank matrix is positive semidefinite with two trials as with fifty,
//! whereas an unstructured one needs more trials than times. `docs/methods/survival-grid-free.md` tells why the
//! weights are those of each time alone.

mod mean_path;
mod summaries;
mod trial_path;

use kmeta_numerics::distributions::student_t_quantile;
use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{
    Estimand, Finding, Interval, IntervalMethod, PooledRestrictedMean, PooledSurvival, SurvivalCurveMethod,
    SurvivalPoint, TauSquaredEstimator, TimeUnit, TrialSurvival,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::mean_path::{Between, MeanPath};
use self::summaries::{MonotoneCurve, survival};
use self::trial_path::TrialPath;
use crate::finite_answer::finite_answer;
use crate::model::two_sided_normal;
use crate::survival_curve::{check_times, check_trial_names};
use crate::{PoolError, TrialPatients};

/// How a grid-free curve is made. `times` has no default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GridFreeOptions {
    /// Identifier of the analysis.
    #[serde(default)]
    pub id: String,
    /// Title to print.
    #[serde(default)]
    pub title: String,
    /// Times at which the curve is shown, increasing, above 0. They do not change the curve.
    pub times: Vec<f64>,
    /// Unit of every time.
    #[serde(default = "default_unit")]
    pub time_unit: TimeUnit,
    /// Estimator of the between-trial variance of each time.
    #[serde(default = "default_estimator")]
    pub tau_squared: TauSquaredEstimator,
    /// `wald`: normal quantiles. `hartung-knapp`: t quantiles with trials − 1 degrees of freedom, the variance of each
    /// time multiplied by its Hartung-Knapp factor. `hartung-knapp-larger-error`, the default: the same where the
    /// factor is above 1 (Röver, Knapp & Friede 2015). Others are refused.
    #[serde(default = "default_interval")]
    pub interval: IntervalMethod,
    /// Horizon of the restricted mean; the last time shown when absent.
    #[serde(default)]
    pub restricted_mean_horizon: Option<f64>,
    /// Level of every interval, strictly between 0 and 1.
    #[serde(default = "default_level")]
    pub confidence_level: f64,
}

fn default_unit() -> TimeUnit {
    TimeUnit::Months
}

fn default_estimator() -> TauSquaredEstimator {
    TauSquaredEstimator::DerSimonianLaird
}

fn default_interval() -> IntervalMethod {
    IntervalMethod::HartungKnappLargerError
}

fn default_level() -> f64 {
    0.95
}

impl Default for GridFreeOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            times: Vec::new(),
            time_unit: default_unit(),
            tau_squared: default_estimator(),
            interval: default_interval(),
            restricted_mean_horizon: None,
            confidence_level: default_level(),
        }
    }
}

/// Pools the survival of single arms without a grid: the curve of the typical trial.
///
/// Intervals are symmetric for log(−log S). The median is where the curve reaches one half; its limits are where
/// the limits of the curve do, each absent when that limit never does. The prediction band, with at least three
/// trials, is where the curve of a new trial's population is expected. Curve and limits are the nearest monotone
/// ones. Before the first event of any trial the interval is that of Clopper & Pearson for no event.
///
/// ```
/// use kmeta_evidence_pool::{GridFreeOptions, TrialPatients, pool_grid_free_survival};
/// use kmeta_trial_data::{PatientRecord, Provenance};
/// let trial = |name: &str, scale: f64| TrialPatients {
///     trial: name.to_owned(),
///     label: name.to_owned(),
///     patients: (1..=20).map(|i| PatientRecord { time: scale * f64::from(i), event: i % 4 != 0 }).collect(),
///     provenance: Provenance::printed("example"),
/// };
/// let trials = [trial("a", 1.0), trial("b", 1.2), trial("c", 0.9)];
/// let at = |times: &[f64]| GridFreeOptions { times: times.to_vec(), ..GridFreeOptions::default() };
/// let coarse = pool_grid_free_survival(&trials, &at(&[12.0]))?;
/// let fine = pool_grid_free_survival(&trials, &at(&[3.0, 6.0, 9.0, 12.0]))?;
/// assert_eq!(coarse.random[0], fine.random[3]);
/// # Ok::<(), kmeta_evidence_pool::PoolError>(())
/// ```
///
/// # Errors
/// [`PoolError`] naming the trial or option at fault; [`PoolError::NoFollowUp`] when no trial reaches the first time.
pub fn pool_grid_free_survival(
    trials: &[TrialPatients],
    options: &GridFreeOptions,
) -> Result<PooledSurvival, PoolError> {
    check_trial_names(trials.iter().map(|trial| trial.trial.as_str()))?;
    check_times(&options.times)?;
    let normal = two_sided_normal(options.confidence_level)?;
    check_interval(options.interval)?;
    let mut paths = Vec::with_capacity(trials.len());
    let mut fits = Vec::with_capacity(trials.len());
    for trial in trials {
        let (path, fit) = TrialPath::new(trial)?;
        paths.push(path);
        fits.push(fit);
    }
    let end = paths.iter().map(TrialPath::end).fold(0.0, f64::max);
    let reached = options.times.partition_point(|&time| time <= end);
    if reached == 0 {
        return Err(PoolError::NoFollowUp { time: options.times[0] });
    }
    let contributing = paths.iter().filter(|path| path.has_events()).count();
    let quantile = if options.interval == IntervalMethod::Wald || contributing < 2 {
        normal
    } else {
        student_t_quantile(0.5 + options.confidence_level / 2.0, (contributing - 1) as f64)?
    };
    let mut random = MeanPath::new(&paths, Between::Estimated(options.tau_squared))?;
    for point in &mut random.points {
        point.factor = match options.interval {
            IntervalMethod::HartungKnapp => point.factor,
            IntervalMethod::HartungKnappLargerError => point.factor.max(1.0),
            _ => 1.0,
        };
    }
    let common = MeanPath::new(&paths, Between::None)?;
    let curve = MonotoneCurve::new(&random, quantile, contributing >= 3);
    let common_curve = MonotoneCurve::new(&common, normal, false);
    let times = &options.times[..reached];
    let restricted_mean = restricted_mean(&curve, &random, &paths, quantile, options, times[reached - 1])?;
    finite_answer(
        "pooled survival",
        PooledSurvival {
            id: options.id.clone(),
            title: options.title.clone(),
            time_unit: options.time_unit,
            confidence_level: options.confidence_level,
            method: SurvivalCurveMethod::GridFree,
            estimand: Estimand::TypicalStudy,
            random: shown(times, &paths, &random, &curve, options),
            common: shown(times, &paths, &common, &common_curve, options),
            median: curve.crossing(&curve.value),
            median_lower: curve.crossing(&curve.upper),
            median_upper: curve.crossing(&curve.lower),
            median_draws: 0,
            seed: 0,
            restricted_mean: Some(restricted_mean),
            heterogeneity: None,
            trials: trials.iter().zip(&fits).map(|(trial, fit)| trial_survival(trial, fit)).collect(),
            findings: findings(trials, &paths, &random, options, reached),
        },
    )
}

fn check_interval(interval: IntervalMethod) -> Result<(), PoolError> {
    match interval {
        IntervalMethod::Wald | IntervalMethod::HartungKnapp | IntervalMethod::HartungKnappLargerError => {
            Ok(())
        }
        other => Err(PoolError::SettingsConflict {
            setting: "interval".to_owned(),
            reason: format!(
                "{other:?} is not defined for the grid-free survival curve; choose wald, hartung-knapp or \
                 hartung-knapp-larger-error"
            ),
        }),
    }
}

/// The area under the random-effects curve with an interval symmetric in time, cut at 0 and the horizon.
fn restricted_mean(
    curve: &MonotoneCurve,
    random: &MeanPath,
    paths: &[TrialPath],
    quantile: f64,
    options: &GridFreeOptions,
    last_time: f64,
) -> Result<PooledRestrictedMean, PoolError> {
    let horizon = options.restricted_mean_horizon.unwrap_or(last_time);
    let end = paths.iter().map(TrialPath::end).fold(0.0, f64::max);
    if !(horizon > 0.0 && horizon <= end) {
        return Err(PoolError::InvalidHorizon { horizon, longest: end });
    }
    let (mean, variance) = curve.restricted_mean(random, horizon);
    let reach = quantile * variance.sqrt();
    let interval = (variance > 0.0)
        .then(|| Interval { lower: (mean - reach).max(0.0), upper: (mean + reach).min(horizon) });
    Ok(PooledRestrictedMean { horizon, mean, interval })
}

fn shown(
    times: &[f64],
    paths: &[TrialPath],
    mean: &MeanPath,
    curve: &MonotoneCurve,
    options: &GridFreeOptions,
) -> Vec<SurvivalPoint> {
    let band = |lower: &[f64], upper: &[f64], index: usize| Interval {
        lower: survival(upper[index]),
        upper: survival(lower[index]),
    };
    times
        .iter()
        .map(|&time| match mean.at(time) {
            None => before_first_event(time, paths, options.confidence_level),
            Some(index) => {
                let point = &mean.points[index];
                let at_risk: usize = point
                    .contributing()
                    .filter(|&trial| paths[trial].is_observed(time))
                    .map(|trial| paths[trial].number_at_risk(time))
                    .sum();
                SurvivalPoint {
                    time,
                    survival: survival(curve.value[index]),
                    interval: band(&curve.lower, &curve.upper, index),
                    number_at_risk: at_risk as u32,
                    trials: point.trials() as u32,
                    prediction: curve.prediction.as_ref().map(|(lower, upper)| band(lower, upper, index)),
                    tau_squared: Some(point.tau_squared),
                }
            }
        })
        .collect()
}

/// Survival 1 with the lower limit of Clopper & Pearson 1934 for no event among the patients still at risk.
fn before_first_event(time: f64, paths: &[TrialPath], level: f64) -> SurvivalPoint {
    let at_risk: usize = paths.iter().map(|path| path.number_at_risk(time)).sum();
    SurvivalPoint {
        time,
        survival: 1.0,
        interval: Interval { lower: ((1.0 - level) / 2.0).powf(1.0 / at_risk as f64), upper: 1.0 },
        number_at_risk: at_risk as u32,
        trials: paths.iter().filter(|path| path.number_at_risk(time) > 0).count() as u32,
        prediction: None,
        tau_squared: None,
    }
}

fn trial_survival(trial: &TrialPatients, fit: &KaplanMeier) -> TrialSurvival {
    TrialSurvival {
        trial: trial.trial.clone(),
        label: trial.label.clone(),
        curve: fit.curve(),
        follow_up_end: fit.follow_up_end(),
        patients: fit.patients(),
        events: fit.total_events(),
        median: fit.median(),
        provenance: trial.provenance.clone(),
    }
}

fn findings(
    trials: &[TrialPatients],
    paths: &[TrialPath],
    random: &MeanPath,
    options: &GridFreeOptions,
    reached: usize,
) -> Vec<Finding> {
    let place = if options.id.is_empty() {
        "pooled survival".to_owned()
    } else {
        format!("analysis `{}`", options.id)
    };
    let named = |wanted: &dyn Fn(&TrialPath) -> bool| {
        let names: Vec<&str> = trials
            .iter()
            .zip(paths)
            .filter(|(_, path)| wanted(path))
            .map(|(trial, _)| trial.trial.as_str())
            .collect();
        names.join(", ")
    };
    let mut findings = Vec::new();
    if reached < options.times.len() {
        let message =
            format!("no trial is followed up to {:?}: these times are left out", &options.times[reached..]);
        findings.push(Finding::warning("times-beyond-follow-up", place.clone(), message));
    }
    let silent = named(&|path| !path.has_events());
    if !silent.is_empty() {
        let message = format!(
            "log cumulative hazard is not defined without an event at which survival stays above 0, so that \
             these trials do not enter: {silent}; pool landmark survival to use them"
        );
        findings.push(Finding::warning("trial-without-log-hazard", place.clone(), message));
    }
    let dead = named(&|path| path.reaches_zero());
    if !dead.is_empty() {
        let message = format!(
            "survival falls to 0, from where on log cumulative hazard is infinite: {dead} contribute until then"
        );
        findings.push(Finding::note("curve-reaches-zero", place.clone(), message));
    }
    let contributing = paths.iter().filter(|path| path.has_events()).count();
    if contributing == 1 {
        let message = "one trial contributes: its own curve and interval are shown, nothing is pooled";
        findings.push(Finding::warning("single-study", place.clone(), message));
    }
    let few: Vec<f64> = options.times[..reached]
        .iter()
        .copied()
        .filter(|&time| {
            random.at(time).is_some_and(|index| random.points[index].trials() < 3.min(contributing))
        })
        .collect();
    if !few.is_empty() && contributing > 1 {
        let message = format!(
            "fewer than {} trials contribute at {few:?}: the between-trial variance of the nearest time with as many is \
             carried on there",
            3.min(contributing)
        );
        findings.push(Finding::note("few-trials-at-times", place, message));
    }
    findings
}
