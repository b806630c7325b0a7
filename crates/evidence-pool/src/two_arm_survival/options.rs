//! What two-arm survival is pooled from, and how.

use kmeta_survival_estimate::{Ties, TimeTransform};
use kmeta_trial_data::{PatientRecord, Provenance};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EffectOptions;

/// The patients of one trial with two arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TwoArmTrial {
    /// Identifier of the trial; unique within the analysis.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Subgroup, where the analysis has subgroups.
    #[serde(default)]
    pub subgroup: Option<String>,
    /// Patients of the treated arm, times in the unit of the analysis.
    pub treated: Vec<PatientRecord>,
    /// Patients of the control arm.
    pub control: Vec<PatientRecord>,
    /// Where the patients came from.
    pub provenance: Provenance,
}

/// How the hazard ratio is pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TwoArmModel {
    /// A hazard ratio per trial, then common-effect and random-effects means.
    #[default]
    TwoStage,
    /// One Cox model with a baseline hazard per trial and one hazard ratio for all.
    OneStageCommon,
    /// The same with hazard ratios that vary between trials by a normal distribution, by maximum likelihood. Needs two
    /// trials with events while both arms are at risk.
    OneStageRandom,
    /// One Cox model of all patients as if they came from one trial: refused with
    /// [`PoolError::UnstratifiedModel`](crate::PoolError::UnstratifiedModel), which says why.
    Unstratified,
}

/// How a trial's log hazard ratio is estimated from its patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TrialHazardRatio {
    /// Cox 1972, maximum partial likelihood. The one to use.
    #[default]
    Cox,
    /// (O − E)/V of the log-rank test with its hypergeometric variance V, standard error 1/√V: the one-step
    /// estimate of Peto (Yusuf et al. 1985), also called `peto`. Biased towards 1 when the hazard ratio is far
    /// from 1 or the arms are unequal, but defined when one arm has no event.
    #[serde(alias = "peto")]
    LogRank,
    /// ln[(O₁/E₁)/(O₀/E₀)], standard error √(1/E₁ + 1/E₀) (Pike 1972, in the discussion of Peto & Peto).
    ObservedExpectedRatio,
}

/// How two-arm survival is pooled. The defaults are Cox models with Efron's ties, pooled by REML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TwoArmSurvivalOptions {
    /// How the hazard ratio is pooled.
    pub model: TwoArmModel,
    /// How each trial's hazard ratio is estimated in a two-stage analysis; one-stage models are Cox models.
    pub trial_hazard_ratio: TrialHazardRatio,
    /// How tied events enter Cox models.
    pub ties: Ties,
    /// Function of time in the test of proportional hazards.
    pub time_transform: TimeTransform,
    /// Horizon of restricted mean survival time; no such analysis when absent.
    pub restricted_mean_horizon: Option<f64>,
    /// Times that divide follow-up into intervals with a hazard ratio each, increasing; none when empty.
    pub piecewise_cuts: Vec<f64>,
    /// Nodes of adaptive Gauss-Hermite quadrature in the one-stage model with random effects.
    pub quadrature_nodes: u32,
    /// Identifier and title, the between-trial variance, intervals, level and subgroups of every pooled effect.
    pub pooling: EffectOptions,
}

impl Default for TwoArmSurvivalOptions {
    fn default() -> Self {
        Self {
            model: TwoArmModel::default(),
            trial_hazard_ratio: TrialHazardRatio::default(),
            ties: Ties::default(),
            time_transform: TimeTransform::default(),
            restricted_mean_horizon: None,
            piecewise_cuts: Vec::new(),
            quadrature_nodes: 25,
            pooling: EffectOptions::default(),
        }
    }
}
