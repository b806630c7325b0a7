//! What is pooled and how.

use kmeta_trial_data::{
    BackTransformSize, EffectMeasure, IntervalMethod, PatientRecord, PredictionMethod, Provenance,
    StudyIntervalMethod, SubgroupTauSquared, TauSquaredEstimator, TauSquaredIntervalMethod, TimeUnit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ModelOptions;

/// One trial's count of patients with an event, for example responders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProportionCount {
    /// Identifier of the trial; unique within the analysis.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Subgroup, where the analysis has subgroups.
    #[serde(default)]
    pub subgroup: Option<String>,
    /// Patients with the event.
    pub events: u32,
    /// Patients.
    pub total: u32,
    /// Where the counts came from.
    pub provenance: Provenance,
}

/// What pools proportions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProportionModel {
    /// Logistic regression of the counts with a random intercept per study (Stijnen 2010; R `metaprop(method =
    /// "GLMM")`), on the logit.
    Glmm,
    /// Beta-binomial distribution of the counts (R `VGAM::vglm(family = betabinomial)`), on the logit.
    BetaBinomial,
    /// Transformed proportions weighted by the reciprocal of their variances (R `metaprop(method = "Inverse")`).
    InverseVariance,
}

/// How proportions are pooled. The defaults are those of R `meta::metaprop`, a random-intercept logistic regression
/// (GLMM), with Wilson intervals of single studies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProportionOptions {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Scale on which proportions are pooled; not `log-hazard-ratio`.
    pub measure: EffectMeasure,
    /// What pools them. When left out: `glmm` with the measure `logit`, `inverse-variance` with any other.
    pub model: Option<ProportionModel>,
    /// Nodes of adaptive Gauss-Hermite quadrature of a GLMM. When left out: as many as it takes for the estimates to
    /// settle. 7 is R's default, 1 Laplace's approximation.
    pub quadrature_nodes: Option<u32>,
    /// Estimator of the between-study variance.
    pub tau_squared: TauSquaredEstimator,
    /// REML and ML scoring ends once a step of tau-squared is this small; 0, the default, goes on to machine
    /// precision. R meta and metafor end at 1e-5, which shows in the fourth digit of tau-squared: set
    /// `scoring_threshold = 1e-5` to get the digits that R prints.
    pub scoring_threshold: f64,
    /// How the interval of the random-effects mean is made.
    pub interval: IntervalMethod,
    /// How the interval of tau-squared is made.
    pub tau_squared_interval: TauSquaredIntervalMethod,
    /// How the prediction interval is made.
    pub prediction: PredictionMethod,
    /// Number of draws of a `nagashima-bootstrap` prediction interval, at least 100.
    pub prediction_draws: u32,
    /// Seed of these draws.
    pub prediction_seed: u64,
    /// How the interval of each single study is made. When left out: `wilson` with a model of the counts (`glmm`,
    /// `beta-binomial`), `clopper-pearson` with inverse variance.
    pub study_interval: Option<StudyIntervalMethod>,
    /// The sample size at which a pooled Freeman-Tukey value is transformed back; unused by other measures.
    pub back_transform: BackTransformSize,
    /// Level of every interval, strictly between 0 and 1.
    pub confidence_level: f64,
    /// Whether to pool each subgroup as well; every study must then name one.
    pub subgroups: bool,
    /// Whether subgroups have a tau-squared each or share one.
    pub subgroup_tau_squared: SubgroupTauSquared,
}

impl ProportionOptions {
    /// The part that says how the inverse-variance model is fitted.
    pub fn model(&self) -> ModelOptions {
        ModelOptions {
            tau_squared: self.tau_squared,
            preset_tau_squared: None,
            scoring_threshold: self.scoring_threshold,
            interval: self.interval,
            tau_squared_interval: self.tau_squared_interval,
            prediction: self.prediction,
            prediction_draws: self.prediction_draws,
            prediction_seed: self.prediction_seed,
            confidence_level: self.confidence_level,
        }
    }
}

impl Default for ProportionOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            measure: EffectMeasure::Logit,
            model: None,
            quadrature_nodes: None,
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            scoring_threshold: 0.0,
            interval: IntervalMethod::Wald,
            tau_squared_interval: TauSquaredIntervalMethod::QProfile,
            prediction: PredictionMethod::Veroniki,
            prediction_draws: 25_000,
            prediction_seed: 0,
            study_interval: None,
            back_transform: BackTransformSize::HarmonicMean,
            confidence_level: 0.95,
            subgroups: false,
            subgroup_tau_squared: SubgroupTauSquared::Separate,
        }
    }
}

/// How effects (log hazard ratios and others) are pooled. The defaults are those of R `meta::metagen`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EffectOptions {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Estimator of the between-study variance.
    pub tau_squared: TauSquaredEstimator,
    /// REML and ML scoring ends once a step of tau-squared is this small; 0, the default, goes on to machine
    /// precision. R meta and metafor end at 1e-5, which shows in the fourth digit of tau-squared: set
    /// `scoring_threshold = 1e-5` to get the digits that R prints.
    pub scoring_threshold: f64,
    /// How the interval of the random-effects mean is made.
    pub interval: IntervalMethod,
    /// How the interval of tau-squared is made.
    pub tau_squared_interval: TauSquaredIntervalMethod,
    /// How the prediction interval is made.
    pub prediction: PredictionMethod,
    /// Number of draws of a `nagashima-bootstrap` prediction interval, at least 100.
    pub prediction_draws: u32,
    /// Seed of these draws.
    pub prediction_seed: u64,
    /// Level of every interval, strictly between 0 and 1.
    pub confidence_level: f64,
    /// Whether to pool each subgroup as well; every study must then name one.
    pub subgroups: bool,
    /// Whether subgroups have a tau-squared each or share one.
    pub subgroup_tau_squared: SubgroupTauSquared,
}

impl EffectOptions {
    /// The part that says how the model is fitted.
    pub fn model(&self) -> ModelOptions {
        ModelOptions {
            tau_squared: self.tau_squared,
            preset_tau_squared: None,
            scoring_threshold: self.scoring_threshold,
            interval: self.interval,
            tau_squared_interval: self.tau_squared_interval,
            prediction: self.prediction,
            prediction_draws: self.prediction_draws,
            prediction_seed: self.prediction_seed,
            confidence_level: self.confidence_level,
        }
    }
}

impl Default for EffectOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            tau_squared: TauSquaredEstimator::RestrictedMaximumLikelihood,
            scoring_threshold: 0.0,
            interval: IntervalMethod::Wald,
            tau_squared_interval: TauSquaredIntervalMethod::QProfile,
            prediction: PredictionMethod::Veroniki,
            prediction_draws: 25_000,
            prediction_seed: 0,
            confidence_level: 0.95,
            subgroups: false,
            subgroup_tau_squared: SubgroupTauSquared::Separate,
        }
    }
}

/// The patients of one single-arm trial, or of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialPatients {
    /// Identifier of the trial; unique within the analysis.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Its patients, times in the unit of the analysis.
    pub patients: Vec<PatientRecord>,
    /// Where the patients came from.
    pub provenance: Provenance,
}

/// How survival curves are pooled. The summary curve needs `times`; median survival does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurvivalOptions {
    /// Identifier of the analysis.
    #[serde(default)]
    pub id: String,
    /// Title to print.
    #[serde(default)]
    pub title: String,
    /// Times at which pooled survival is asked, increasing, above 0. They are also the ends of the intervals
    /// whose conditional survival is pooled, so that the choice of times affects the result.
    #[serde(default)]
    pub times: Vec<f64>,
    /// Unit of every time.
    pub time_unit: TimeUnit,
    /// Level of every interval, strictly between 0 and 1.
    #[serde(default = "default_level")]
    pub confidence_level: f64,
    /// Number of Monte-Carlo draws behind the interval of the median.
    #[serde(default = "default_draws")]
    pub median_draws: u32,
    /// Seed of the draws.
    #[serde(default)]
    pub seed: u64,
}

fn default_level() -> f64 {
    0.95
}

fn default_draws() -> u32 {
    10_000
}

impl Default for SurvivalOptions {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            times: Vec::new(),
            time_unit: TimeUnit::Months,
            confidence_level: default_level(),
            median_draws: default_draws(),
            seed: 0,
        }
    }
}
