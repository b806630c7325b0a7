//! How much of a pooled result's uncertainty comes from reading figures: each draw of a trial's patients is analysed
//! as the reconstructed ones are, the draws are combined within the trial, and the trials are pooled.

use kmeta_evidence_pool::{
    GridFreeOptions, ImputedCurve, ImputedEstimate, ImputedTrial, LandmarkOptions, LandmarkScale,
    MedianSource, ModelOptions, PoolError, PooledReading, RestrictedMeanOptions, SurvivalOptions,
    SurvivalReading, SurvivalTimeOptions, TrialCurve, TrialMedian, TrialPatients, pool_imputed_effects,
    pool_imputed_survival, pool_landmark_survival, pool_median_survival, pool_restricted_mean_survival,
};
use kmeta_survival_estimate::{Ties, cox_two_arms};
use kmeta_trial_data::{Interval, PatientRecord};
use rayon::prelude::*;

use super::draws::DrawnArm;
use crate::results::{ReadingPart, ReadingResult};
use crate::single_arm_survival::{SurvivalArm, SurvivalEvidence, SurvivalMethod, SurvivalMethodOptions};

/// A trial takes part with the draws that give an estimate, if that is at least this share of them.
const ENOUGH_DRAWS: f64 = 0.5;

/// The draws of an arm.
pub(crate) fn drawn<'a>(draws: &'a [DrawnArm], key: &str, endpoint: &str) -> Option<&'a DrawnArm> {
    draws.iter().find(|drawn| drawn.key == key && drawn.endpoint == endpoint)
}

/// A trial with its estimate and variance from each draw that gives one.
pub(crate) struct Estimates {
    pub(crate) trial: String,
    pub(crate) label: String,
    pub(crate) figure: String,
    /// From the patients as reconstructed, or as printed.
    pub(crate) alone: (f64, f64),
    /// One entry per draw; empty for a printed number.
    pub(crate) draws: Vec<Option<(f64, f64)>>,
}

impl Estimates {
    fn combined(&self) -> Option<ImputedTrial> {
        let given: Vec<(f64, f64)> = self.draws.iter().flatten().copied().collect();
        let estimate = if self.draws.is_empty() {
            ImputedEstimate::exact(self.alone.0, self.alone.1)
        } else {
            let enough = given.len() as f64 >= ENOUGH_DRAWS * self.draws.len() as f64;
            ImputedEstimate::combine(&given).filter(|_| enough)?
        };
        let (trial, label, figure) = (self.trial.clone(), self.label.clone(), self.figure.clone());
        Some(ImputedTrial { trial, label, figure, estimate })
    }
}

/// Pools the estimates of trials as one quantity; `shown` brings limits from the scale of the analysis to that of
/// reading. `None` where no trial gives enough.
pub(crate) fn pooled(
    quantity: String,
    estimates: &[Estimates],
    model: &ModelOptions,
    shown: impl Fn(f64) -> f64,
) -> Option<Result<ReadingResult, PoolError>> {
    let trials: Vec<ImputedTrial> = estimates.iter().filter_map(Estimates::combined).collect();
    if trials.is_empty() {
        return None;
    }
    Some(pool_imputed_effects(&trials, model).map(|pooled| {
        let limits = |interval: Interval| {
            let (one, other) = (shown(interval.lower), shown(interval.upper));
            (Some(one.min(other)), Some(one.max(other)))
        };
        let PooledReading { mean, interval, mean_without, interval_without, reading_share, .. } = pooled;
        let ((lower, upper), (lower_without, upper_without)) = (limits(interval), limits(interval_without));
        ReadingResult {
            quantity,
            estimate: Some(shown(mean)),
            lower,
            upper,
            estimate_without: Some(shown(mean_without)),
            lower_without,
            upper_without,
            reading_share,
            largest: pooled.largest().map(ReadingPart::of),
            trials: pooled.trials,
        }
    }))
}

/// The log hazard ratio of each pair of draws, by the Cox model that the reconstructed patients were compared with.
pub(crate) fn log_hazard_ratios(reference: &DrawnArm, treated: &DrawnArm) -> Vec<Option<(f64, f64)>> {
    let pairs: Vec<_> = reference.sets.iter().zip(&treated.sets).collect();
    pairs
        .into_par_iter()
        .map(|(reference, treated)| {
            let fit = cox_two_arms(reference, treated, Ties::Efron).ok()?;
            Some((fit.log_hazard_ratio, fit.standard_error * fit.standard_error))
        })
        .collect()
}

/// Every pooled quantity of survival of single arms; `None` where the method cannot carry the uncertainty of reading.
/// `factor` brings the draws to the unit of the analysis.
pub(crate) fn of_survival(
    arms: &[SurvivalArm],
    draws: &[DrawnArm],
    endpoint: &str,
    (options, method): (&SurvivalOptions, &SurvivalMethodOptions),
    factor: f64,
) -> Option<Result<Vec<ReadingResult>, PoolError>> {
    let of_arms: Vec<ArmDraws<'_>> =
        arms.iter().map(|arm| ArmDraws::new(arm, draws, endpoint, factor)).collect();
    match method.method {
        SurvivalMethod::SummaryCurve => Some(summary_curve(&of_arms, options)),
        SurvivalMethod::GridFree | SurvivalMethod::Landmark => {
            let (scale, model) = landmark_settings(options, method);
            let with_median = method.method == SurvivalMethod::GridFree;
            Some(landmarks(&of_arms, options, scale, &model, with_median))
        }
        SurvivalMethod::Median => Some(survival_time(
            "median",
            &of_arms,
            &method.model(options.confidence_level),
            f64::exp,
            &median,
        )),
        SurvivalMethod::RestrictedMean => {
            let last = options.times.last().copied();
            let horizon = method.restricted_mean_horizon.or(last).unwrap_or(0.0);
            let name = format!("restricted mean to {horizon} {}", options.time_unit);
            let model = method.model(options.confidence_level);
            let mean = |evidence: &SurvivalEvidence| restricted_mean(evidence, horizon);
            Some(survival_time(&name, &of_arms, &model, |time| time.clamp(0.0, horizon), &mean))
        }
        SurvivalMethod::Parametric | SurvivalMethod::Frailty => None,
    }
}

/// An arm with its draws as evidence, in the unit of the analysis.
struct ArmDraws<'a> {
    arm: &'a SurvivalArm,
    figure: String,
    sets: Vec<Vec<PatientRecord>>,
}

impl<'a> ArmDraws<'a> {
    fn new(arm: &'a SurvivalArm, draws: &[DrawnArm], endpoint: &str, factor: f64) -> Self {
        let in_unit = |patient: &PatientRecord| PatientRecord { time: patient.time * factor, ..*patient };
        let found = match &arm.evidence {
            SurvivalEvidence::Patients(patients) => drawn(draws, &patients.trial, endpoint),
            SurvivalEvidence::Table(_) | SurvivalEvidence::Median(_) => None,
        };
        Self {
            arm,
            figure: found.map_or_else(String::new, |found| found.figure.clone()),
            sets: found
                .into_iter()
                .flat_map(|found| &found.sets)
                .map(|set| set.iter().map(in_unit).collect())
                .collect(),
        }
    }

    fn name(&self) -> (&str, &str) {
        match &self.arm.evidence {
            SurvivalEvidence::Patients(found) => (&found.trial, &found.label),
            SurvivalEvidence::Table(found) => (&found.trial, &found.label),
            SurvivalEvidence::Median(found) => (&found.trial, &found.label),
        }
    }

    /// What `of` makes of the arm, and of each of its draws.
    fn map<T: Send>(&self, of: &(dyn Fn(&SurvivalEvidence) -> T + Sync)) -> (T, Vec<T>) {
        let SurvivalEvidence::Patients(patients) = &self.arm.evidence else {
            return (of(&self.arm.evidence), Vec::new());
        };
        let each = |set: &Vec<PatientRecord>| {
            of(&SurvivalEvidence::Patients(TrialPatients { patients: set.clone(), ..patients.clone() }))
        };
        (of(&self.arm.evidence), self.sets.par_iter().map(each).collect())
    }

    fn estimates(&self, alone: (f64, f64), draws: Vec<Option<(f64, f64)>>) -> Estimates {
        let (trial, label) = self.name();
        let (trial, label) = (trial.to_owned(), label.to_owned());
        Estimates { trial, label, figure: self.figure.clone(), alone, draws }
    }
}

fn summary_curve(arms: &[ArmDraws<'_>], options: &SurvivalOptions) -> Result<Vec<ReadingResult>, PoolError> {
    let curves: Vec<ImputedCurve> = arms
        .iter()
        .filter_map(|arm| {
            let curve = match &arm.arm.evidence {
                SurvivalEvidence::Patients(patients) => TrialCurve::Patients(patients.clone()),
                SurvivalEvidence::Table(table) => TrialCurve::Published(table.clone()),
                SurvivalEvidence::Median(_) => return None,
            };
            let label = arm.name().1.to_owned();
            Some(ImputedCurve { curve, label, figure: arm.figure.clone(), sets: arm.sets.clone() })
        })
        .collect();
    let shown = |reading: SurvivalReading| ReadingResult {
        quantity: reading
            .time
            .map_or_else(|| "median".to_owned(), |time| format!("survival at {time} {}", options.time_unit)),
        estimate: reading.estimate,
        lower: reading.lower,
        upper: reading.upper,
        estimate_without: reading.estimate_without,
        lower_without: reading.lower_without,
        upper_without: reading.upper_without,
        reading_share: reading.reading_share,
        largest: ReadingPart::largest(&reading.trials),
        trials: reading.trials,
    };
    Ok(pool_imputed_survival(&curves, options)?.into_iter().map(shown).collect())
}

/// Scale and model of survival at single times. A grid-free curve is pooled at each time as survival at that time is,
/// on log(−log S) with its own estimator and interval.
fn landmark_settings(
    options: &SurvivalOptions,
    method: &SurvivalMethodOptions,
) -> (LandmarkScale, ModelOptions) {
    let model = method.model(options.confidence_level);
    if method.method == SurvivalMethod::Landmark {
        return (method.landmark_scale, model);
    }
    let interval = method.interval.unwrap_or(GridFreeOptions::default().interval);
    (LandmarkScale::ComplementaryLogLog, ModelOptions { interval, ..model })
}

/// Survival at each asked time, and for a curve that does not depend on them the median as well.
fn landmarks(
    arms: &[ArmDraws<'_>],
    options: &SurvivalOptions,
    scale: LandmarkScale,
    model: &ModelOptions,
    with_median: bool,
) -> Result<Vec<ReadingResult>, PoolError> {
    let name = |time: f64| format!("survival at {time} {}", options.time_unit);
    let at_times = |times: &[f64]| -> Result<Vec<ReadingResult>, PoolError> {
        let values = landmark_values(arms, times, scale);
        let at = |index: usize| -> Option<Result<ReadingResult, PoolError>> {
            let of_time = |(arm, (alone, draws)): (&ArmDraws<'_>, &(Landmarks, Vec<Landmarks>))| {
                let draws = draws.iter().map(|draw| draw[index]).collect();
                Some(arm.estimates(alone[index]?, draws))
            };
            let estimates: Vec<Estimates> = arms.iter().zip(&values).filter_map(of_time).collect();
            pooled(name(times[index]), &estimates, model, |value| scale.survival(value))
        };
        (0..times.len()).filter_map(at).collect()
    };
    let mut results = at_times(&options.times)?;
    if with_median {
        let times = event_times(arms);
        let curve = at_times(&times)?;
        if !times.is_empty() && curve.len() == times.len() {
            results.push(median_of_curve(&times, &curve));
        }
    }
    Ok(results)
}

/// Value and variance at each of some times.
type Landmarks = Vec<Option<(f64, f64)>>;

/// The values of each arm, as reconstructed and of each draw.
fn landmark_values(
    arms: &[ArmDraws<'_>],
    times: &[f64],
    scale: LandmarkScale,
) -> Vec<(Landmarks, Vec<Landmarks>)> {
    let settings = LandmarkOptions { times: times.to_vec(), scale, ..Default::default() };
    let of = |evidence: &SurvivalEvidence| -> Landmarks {
        let mut values = vec![None; times.len()];
        let SurvivalEvidence::Patients(patients) = evidence else { return values };
        let Ok(pooled) = pool_landmark_survival(std::slice::from_ref(patients), &settings) else {
            return values;
        };
        for landmark in &pooled.times {
            let index = times.iter().position(|&time| time == landmark.time);
            if let (Some(index), Some(row)) = (index, landmark.rows.first()) {
                values[index] = Some((row.value, row.variance));
            }
        }
        values
    };
    arms.iter().map(|arm| arm.map(&of)).collect()
}

/// More times than this would not tell a median better.
const MOST_EVENT_TIMES: usize = 150;

/// Times of events of the reconstructed patients, evenly thinned by rank.
fn event_times(arms: &[ArmDraws<'_>]) -> Vec<f64> {
    let mut times: Vec<f64> = arms
        .iter()
        .filter_map(|arm| match &arm.arm.evidence {
            SurvivalEvidence::Patients(trial) => Some(&trial.patients),
            SurvivalEvidence::Table(_) | SurvivalEvidence::Median(_) => None,
        })
        .flatten()
        .filter(|patient| patient.event && patient.time > 0.0)
        .map(|patient| patient.time)
        .collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let stride = times.len().div_ceil(MOST_EVENT_TIMES).max(1);
    times.into_iter().step_by(stride).collect()
}

/// The median of a pooled curve: where it falls to one half, its limits where those of the curve do.
fn median_of_curve(times: &[f64], curve: &[ReadingResult]) -> ReadingResult {
    let crossing = |of: &dyn Fn(&ReadingResult) -> Option<f64>| {
        let below = |point: &ReadingResult| of(point).is_some_and(|survival| survival <= 0.5);
        curve.iter().position(below)
    };
    let time = |of: &dyn Fn(&ReadingResult) -> Option<f64>| crossing(of).map(|index| times[index]);
    let half = &curve[crossing(&|point| point.estimate).unwrap_or(curve.len() - 1)];
    ReadingResult {
        quantity: "median".to_owned(),
        estimate: time(&|point| point.estimate),
        lower: time(&|point| point.lower),
        upper: time(&|point| point.upper),
        estimate_without: time(&|point| point.estimate_without),
        lower_without: time(&|point| point.lower_without),
        upper_without: time(&|point| point.upper_without),
        reading_share: half.reading_share,
        largest: half.largest.clone(),
        trials: half.trials.clone(),
    }
}

fn survival_time(
    quantity: &str,
    arms: &[ArmDraws<'_>],
    model: &ModelOptions,
    shown: impl Fn(f64) -> f64,
    of: &(dyn Fn(&SurvivalEvidence) -> Option<(f64, f64)> + Sync),
) -> Result<Vec<ReadingResult>, PoolError> {
    let estimates: Vec<Estimates> = arms
        .iter()
        .filter_map(|arm| {
            let (alone, draws) = arm.map(of);
            Some(arm.estimates(alone?, draws))
        })
        .collect();
    pooled(quantity.to_owned(), &estimates, model, shown).into_iter().collect()
}

/// Log median and its variance.
fn median(evidence: &SurvivalEvidence) -> Option<(f64, f64)> {
    let trial = match evidence {
        SurvivalEvidence::Median(median) => median.clone(),
        SurvivalEvidence::Patients(trial) => TrialMedian {
            trial: trial.trial.clone(),
            label: trial.label.clone(),
            source: MedianSource::Patients(trial.patients.clone()),
            provenance: trial.provenance.clone(),
        },
        SurvivalEvidence::Table(_) => return None,
    };
    let pooled = pool_median_survival(&[trial], &SurvivalTimeOptions::default()).ok()?;
    pooled.rows.first().map(|row| (row.value, row.variance))
}

/// Restricted mean and its variance.
fn restricted_mean(evidence: &SurvivalEvidence, horizon: f64) -> Option<(f64, f64)> {
    let SurvivalEvidence::Patients(trial) = evidence else { return None };
    let options = RestrictedMeanOptions { horizon, pooling: SurvivalTimeOptions::default() };
    let pooled = pool_restricted_mean_survival(std::slice::from_ref(trial), &options).ok()?;
    pooled.rows.first().map(|row| (row.value, row.variance))
}
