//! The ways of pooling survival of single arms, by the words of the project file and of the command line.

use kmeta_evidence_pool::{
    FrailtyDistribution, FrailtySurvivalOptions, GridFreeOptions, LandmarkOptions, LandmarkScale,
    MedianSource, ModelOptions, ParametricSurvivalOptions, PoolError, RestrictedMeanOptions,
    SurvivalDistribution, SurvivalOptions, SurvivalTimeOptions, TrialMedian, TrialPatients,
    pool_frailty_survival, pool_grid_free_survival, pool_landmark_survival, pool_median_survival,
    pool_parametric_survival, pool_restricted_mean_survival, pool_survival,
};
use kmeta_trial_data::{IntervalMethod, TauSquaredEstimator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// The settings of the methods beyond those that all share; each says which methods use it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SurvivalMethodOptions {
    /// How survival is pooled.
    pub method: SurvivalMethod,
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

    fn model(&self, confidence_level: f64) -> ModelOptions {
        ModelOptions {
            tau_squared: self.tau_squared,
            interval: self.interval.unwrap_or(IntervalMethod::Wald),
            confidence_level,
            ..Default::default()
        }
    }
}

/// Pools the patients of single arms by the chosen method.
///
/// # Errors
/// Those of the method.
pub(crate) fn pool(
    trials: &[TrialPatients],
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
            AnalysisOutcome::Survival { endpoint, result: Box::new(pool_survival(trials, options)?) }
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
            let result = Box::new(pool_grid_free_survival(trials, &settings)?);
            AnalysisOutcome::Survival { endpoint, result }
        }
        SurvivalMethod::Landmark => {
            let scale = method.landmark_scale;
            let settings = LandmarkOptions { id, title, times, time_unit, scale, model: survival_time.model };
            let result = Box::new(pool_landmark_survival(trials, &settings)?);
            AnalysisOutcome::LandmarkSurvival { endpoint, result }
        }
        SurvivalMethod::Median => {
            let result = Box::new(pool_median_survival(&medians(trials), &survival_time)?);
            AnalysisOutcome::SurvivalTime { endpoint, result }
        }
        SurvivalMethod::RestrictedMean => {
            let horizon = method.restricted_mean_horizon.or(times.last().copied()).unwrap_or(0.0);
            let settings = RestrictedMeanOptions { horizon, pooling: survival_time };
            let result = Box::new(pool_restricted_mean_survival(trials, &settings)?);
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
            let result = Box::new(pool_parametric_survival(trials, &settings)?);
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
            let result = Box::new(pool_frailty_survival(trials, &settings)?);
            AnalysisOutcome::FrailtySurvival { endpoint, result }
        }
    })
}

fn medians(trials: &[TrialPatients]) -> Vec<TrialMedian> {
    let median = |trial: &TrialPatients| TrialMedian {
        trial: trial.trial.clone(),
        label: trial.label.clone(),
        source: MedianSource::Patients(trial.patients.clone()),
        provenance: trial.provenance.clone(),
    };
    trials.iter().map(median).collect()
}
