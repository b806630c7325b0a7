//! The ways of pooling survival of single arms, by the words of the project file and of the command line.

use kmeta_evidence_pool::{
    FrailtyDistribution, FrailtySurvivalOptions, GridFreeOptions, LandmarkOptions, LandmarkScale,
    MedianSource, ModelOptions, ParametricSurvivalOptions, PoolError, PublishedSurvival,
    RestrictedMeanOptions, StratumCurve, SurvivalDistribution, SurvivalOptions, SurvivalStrata,
    SurvivalTimeOptions, TrialCurve, TrialMedian, TrialPatients, pool_frailty_survival,
    pool_grid_free_survival, pool_landmark_survival, pool_median_survival, pool_parametric_survival,
    pool_restricted_mean_survival, pool_survival_curves, pool_survival_strata,
};
use kmeta_trial_data::{IntervalMethod, TauSquaredEstimator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::further::CumulativeOrder;
use crate::results::AnalysisOutcome;

/// How survival of single arms is pooled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalMethod {
    /// The summary survival curve of Combescure, Foucher & Jackson 2014, as R `RISCA` and `metaSurvival` compute it.
    #[default]
    SummaryCurve,
    /// Random-effects means of log cumulative hazards at every event time, with a prediction band; it does not depend
    /// on the asked times.
    GridFree,
    /// Survival at each asked time by itself.
    Landmark,
    /// Median survival times.
    Median,
    /// Restricted mean survival times.
    RestrictedMean,
    /// Parametric distributions with a random location per trial.
    Parametric,
    /// A shared frailty per trial over an unspecified baseline hazard.
    Frailty,
}

/// Where survival of single arms comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SurvivalSource {
    /// Patients reconstructed from the figures.
    #[default]
    Reconstructed,
    /// What the papers print: `survival` of the arms for the summary curve, `medians` for medians.
    Printed,
    /// Reconstructed patients, and what is printed where an arm has no figure.
    ReconstructedElsePrinted,
}

/// Views of single trials in pooled survival.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SurvivalViewOptions {
    /// Pool again without each trial in turn.
    pub leave_one_out: bool,
    /// Pool the first trial, the first two, and so on, in this order; `precision` puts the largest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cumulative: Option<CumulativeOrder>,
}

/// One arm to pool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SurvivalArm {
    /// Its subgroup, where there are any.
    pub(crate) subgroup: Option<String>,
    /// What is known of it.
    pub(crate) evidence: SurvivalEvidence,
}

impl SurvivalArm {
    /// Name to print.
    pub(crate) fn label(&self) -> &str {
        match &self.evidence {
            SurvivalEvidence::Patients(trial) => &trial.label,
            SurvivalEvidence::Table(table) => &table.label,
            SurvivalEvidence::Median(median) => &median.label,
        }
    }

    /// Patients behind it, as far as that is known.
    pub(crate) fn patients(&self) -> u32 {
        match &self.evidence {
            SurvivalEvidence::Patients(trial) => trial.patients.len() as u32,
            SurvivalEvidence::Table(table) => table.number_at_risk.first().map_or(0, |&number| number as u32),
            SurvivalEvidence::Median(_) => 0,
        }
    }
}

/// What is known of an arm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SurvivalEvidence {
    /// Its patients.
    Patients(TrialPatients),
    /// A printed table of survival and numbers at risk.
    Table(PublishedSurvival),
    /// A printed median.
    Median(TrialMedian),
}

/// The settings of the methods beyond those that all share; each says which methods use it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SurvivalMethodOptions {
    /// How survival is pooled.
    pub method: SurvivalMethod,
    /// Where survival comes from: `printed` is for summary-curve and median.
    pub source: SurvivalSource,
    /// Whether to pool the arms of each `group` of trials as well, and to test whether the curves of the groups are
    /// equal: summary-curve.
    pub subgroups: bool,
    /// Estimator of the between-trial variance: grid-free, landmark, median, restricted-mean.
    pub tau_squared: TauSquaredEstimator,
    /// How intervals are made: grid-free (`hartung-knapp-larger-error` when left out), landmark, median and
    /// restricted-mean (`wald` when left out).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<IntervalMethod>,
    /// Scale on which survival is pooled: landmark.
    pub landmark_scale: LandmarkScale,
    /// Horizon of the restricted mean: grid-free, parametric, and needed by restricted-mean (the last time when left
    /// out).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restricted_mean_horizon: Option<f64>,
    /// The distributions to fit: parametric.
    pub distributions: Vec<SurvivalDistribution>,
    /// Distribution of the frailty: frailty.
    pub frailty: FrailtyDistribution,
}

impl Default for SurvivalMethodOptions {
    fn default() -> Self {
        Self {
            method: SurvivalMethod::SummaryCurve,
            source: SurvivalSource::Reconstructed,
            subgroups: false,
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            interval: None,
            landmark_scale: LandmarkScale::default(),
            restricted_mean_horizon: None,
            distributions: SurvivalDistribution::ALL.to_vec(),
            frailty: FrailtyDistribution::Gamma,
        }
    }
}

impl SurvivalMethodOptions {
    /// Whether the method asks survival at times.
    pub fn needs_times(&self) -> bool {
        !matches!(self.method, SurvivalMethod::Median)
            && (self.method != SurvivalMethod::RestrictedMean || self.restricted_mean_horizon.is_none())
    }

    /// How the random-effects model of the methods that have one is fitted.
    pub(crate) fn model(&self, confidence_level: f64) -> ModelOptions {
        ModelOptions {
            tau_squared: self.tau_squared,
            interval: self.interval.unwrap_or(IntervalMethod::Wald),
            confidence_level,
            ..Default::default()
        }
    }
}

/// Pools single arms by the chosen method.
///
/// # Errors
/// Those of the method.
pub(crate) fn pool(
    arms: &[SurvivalArm],
    endpoint: String,
    options: &SurvivalOptions,
    method: &SurvivalMethodOptions,
) -> Result<AnalysisOutcome, PoolError> {
    let (id, title) = (options.id.clone(), options.title.clone());
    let (times, time_unit, level) = (options.times.clone(), options.time_unit, options.confidence_level);
    let model = method.model(level);
    let survival_time = SurvivalTimeOptions { id: id.clone(), title: title.clone(), time_unit, model };
    Ok(match method.method {
        SurvivalMethod::SummaryCurve => {
            let curves = curves(arms)?;
            let result = Box::new(pool_survival_curves(&curves, options)?);
            let strata = if method.subgroups { Some(Box::new(strata(arms, curves, options)?)) } else { None };
            AnalysisOutcome::Survival { endpoint, result, strata }
        }
        SurvivalMethod::GridFree => {
            let defaults = GridFreeOptions::default();
            let settings = GridFreeOptions {
                id,
                title,
                times,
                time_unit,
                tau_squared: method.tau_squared,
                interval: method.interval.unwrap_or(defaults.interval),
                restricted_mean_horizon: method.restricted_mean_horizon,
                confidence_level: level,
            };
            let result = Box::new(pool_grid_free_survival(&patients(arms)?, &settings)?);
            AnalysisOutcome::Survival { endpoint, result, strata: None }
        }
        SurvivalMethod::Landmark => {
            let scale = method.landmark_scale;
            let settings = LandmarkOptions { id, title, times, time_unit, scale, model: survival_time.model };
            let result = Box::new(pool_landmark_survival(&patients(arms)?, &settings)?);
            AnalysisOutcome::LandmarkSurvival { endpoint, result }
        }
        SurvivalMethod::Median => {
            let result = Box::new(pool_median_survival(&medians(arms)?, &survival_time)?);
            AnalysisOutcome::SurvivalTime { endpoint, result }
        }
        SurvivalMethod::RestrictedMean => {
            let horizon = method.restricted_mean_horizon.or(times.last().copied()).unwrap_or(0.0);
            let settings = RestrictedMeanOptions { horizon, pooling: survival_time };
            let result = Box::new(pool_restricted_mean_survival(&patients(arms)?, &settings)?);
            AnalysisOutcome::SurvivalTime { endpoint, result }
        }
        SurvivalMethod::Parametric => {
            let settings = ParametricSurvivalOptions {
                id,
                title,
                times,
                time_unit,
                distributions: method.distributions.clone(),
                restricted_mean_horizon: method.restricted_mean_horizon,
                confidence_level: level,
                ..Default::default()
            };
            let result = Box::new(pool_parametric_survival(&patients(arms)?, &settings)?);
            AnalysisOutcome::ParametricSurvival { endpoint, result }
        }
        SurvivalMethod::Frailty => {
            let frailty = method.frailty;
            let settings = FrailtySurvivalOptions {
                id,
                title,
                times,
                time_unit,
                frailty,
                confidence_level: level,
                ..Default::default()
            };
            let result = Box::new(pool_frailty_survival(&patients(arms)?, &settings)?);
            AnalysisOutcome::FrailtySurvival { endpoint, result }
        }
    })
}

/// Every arm as a curve.
fn curves(arms: &[SurvivalArm]) -> Result<Vec<TrialCurve>, PoolError> {
    arms.iter()
        .map(|arm| match &arm.evidence {
            SurvivalEvidence::Patients(patients) => Ok(TrialCurve::Patients(patients.clone())),
            SurvivalEvidence::Table(table) => Ok(TrialCurve::Published(table.clone())),
            SurvivalEvidence::Median(median) => {
                Err(unusable(&median.trial, "a median; a summary curve needs patients or printed survival"))
            }
        })
        .collect()
}

/// Every arm as patients.
fn patients(arms: &[SurvivalArm]) -> Result<Vec<TrialPatients>, PoolError> {
    arms.iter()
        .map(|arm| match &arm.evidence {
            SurvivalEvidence::Patients(patients) => Ok(patients.clone()),
            SurvivalEvidence::Table(PublishedSurvival { trial, .. })
            | SurvivalEvidence::Median(TrialMedian { trial, .. }) => {
                Err(unusable(trial, "printed numbers; this method needs patients"))
            }
        })
        .collect()
}

/// Every arm as a median.
fn medians(arms: &[SurvivalArm]) -> Result<Vec<TrialMedian>, PoolError> {
    arms.iter()
        .map(|arm| match &arm.evidence {
            SurvivalEvidence::Median(median) => Ok(median.clone()),
            SurvivalEvidence::Patients(trial) => Ok(TrialMedian {
                trial: trial.trial.clone(),
                label: trial.label.clone(),
                source: MedianSource::Patients(trial.patients.clone()),
                provenance: trial.provenance.clone(),
            }),
            SurvivalEvidence::Table(table) => {
                Err(unusable(&table.trial, "printed survival; medians need patients or a printed median"))
            }
        })
        .collect()
}

fn unusable(trial: &str, reason: &str) -> PoolError {
    PoolError::SettingsConflict { setting: "method".to_owned(), reason: format!("`{trial}` gives {reason}") }
}

/// The curve of each subgroup and their comparison.
fn strata(
    arms: &[SurvivalArm],
    curves: Vec<TrialCurve>,
    options: &SurvivalOptions,
) -> Result<SurvivalStrata, PoolError> {
    let members = arms
        .iter()
        .zip(curves)
        .map(|(arm, curve)| match &arm.subgroup {
            Some(stratum) => Ok(StratumCurve { stratum: stratum.clone(), curve }),
            None => Err(PoolError::MissingSubgroup { trial: curve.trial().to_owned() }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    pool_survival_strata(&members, options)
}
