//! Analyses: what to pool and how. The options of the pooling library are the fields of the file.

use kmeta_evidence_pool::{
    EffectOptions, ProportionOptions, SurvivalOptions, TrialHazardRatio, TwoArmCountOptions, TwoArmModel,
    TwoArmSurvivalOptions,
};
use kmeta_plot_svg::ForestOptions;
use kmeta_survival_estimate::{Ties, TimeTransform};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};

use crate::further::FurtherOptions;
use crate::single_arm_survival::{SurvivalMethodOptions, SurvivalSource, SurvivalViewOptions};

/// One analysis. `kind` says what is pooled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Analysis {
    /// Proportions, for example response rates.
    Proportion(ProportionAnalysis),
    /// Survival curves of single arms, from reconstructed patients.
    Survival(SurvivalAnalysis),
    /// Hazard ratios of two-arm trials.
    HazardRatio(HazardRatioAnalysis),
    /// Counts of two-arm trials: odds ratios, risk ratios, risk differences.
    TwoArmCounts(TwoArmCountAnalysis),
    /// Survival of two-arm trials, from reconstructed patients of both arms.
    TwoArmSurvival(TwoArmSurvivalAnalysis),
}

/// Pools a proportion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ProportionAnalysis {
    /// The outcome among the trials' `responses`, for example `orr`.
    pub outcome: String,
    /// The trials (or `trial/arm`) to pool; all that state the outcome when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<Vec<String>>,
    /// How to pool. `subgroups = true` pools by the trials' `group`.
    #[serde(flatten)]
    pub options: ProportionOptions,
    /// The forest plot: its columns, axis, lines and texts. Its layout is the theme's unless it is stated here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forest: Option<Box<ForestOptions>>,
    /// What else to ask of the pooled studies.
    #[serde(flatten)]
    pub further: FurtherOptions,
}

/// Pools survival curves. `subgroups = true` also pools each `group` of trials and compares them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, transform = time_unit_is_optional)]
pub struct SurvivalAnalysis {
    /// The endpoint of the figures, for example `os`.
    pub endpoint: String,
    /// The trials (or `trial/arm`) to pool; all that have a figure of the endpoint when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<Vec<String>>,
    /// Which method pools, and its own settings.
    #[serde(flatten)]
    pub method: SurvivalMethodOptions,
    /// Views of single trials.
    #[serde(flatten)]
    pub views: SurvivalViewOptions,
    /// How to pool. `time_unit` is the study's when left out.
    #[serde(flatten)]
    pub options: SurvivalOptions,
}

/// Reading fills in the study's time unit, so the file need not state it again.
fn time_unit_is_optional(schema: &mut Schema) {
    if let Some(required) = schema.get_mut("required").and_then(|required| required.as_array_mut()) {
        required.retain(|field| field != "time_unit");
    }
}

/// Pools hazard ratios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct HazardRatioAnalysis {
    /// The endpoint, for example `pfs`.
    pub endpoint: String,
    /// Whether to pool what the papers print or what Cox models of reconstructed patients give.
    pub source: HazardRatioSource,
    /// The trials to pool; all that can give a hazard ratio of the endpoint when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<Vec<String>>,
    /// How to pool. `subgroups = true` pools by the trials' `group`.
    #[serde(flatten)]
    pub options: EffectOptions,
    /// The forest plot: its columns, axis, lines and texts. Its layout is the theme's unless it is stated here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forest: Option<Box<ForestOptions>>,
    /// What else to ask of the pooled studies.
    #[serde(flatten)]
    pub further: FurtherOptions,
}

/// Compares the counts of two arms and pools them. The control is the trial's `reference_arm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TwoArmCountAnalysis {
    /// The outcome among the arms' `responses`, or the event among their `adverse_events`.
    pub outcome: String,
    /// The trials to pool; all whose two arms state the outcome when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<Vec<String>>,
    /// How to pool. `subgroups = true` pools by the trials' `group`.
    #[serde(flatten)]
    pub options: TwoArmCountOptions,
    /// The forest plot: its columns, axis, lines and texts. Its layout is the theme's unless it is stated here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forest: Option<Box<ForestOptions>>,
    /// What else to ask of the pooled studies.
    #[serde(flatten)]
    pub further: FurtherOptions,
}

/// Pools two-arm survival in one or two stages, with tests of proportional hazards. The control is the trial's
/// `reference_arm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TwoArmSurvivalAnalysis {
    /// The endpoint, for example `pfs`.
    pub endpoint: String,
    /// The trials to pool; all that have figures of both arms when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<Vec<String>>,
    /// Which model.
    #[serde(flatten)]
    pub model: TwoArmSurvivalModel,
    /// How hazard ratios are pooled. `subgroups = true` pools by the trials' `group`.
    #[serde(flatten)]
    pub options: EffectOptions,
    /// The forest plot: its columns, axis, lines and texts. Its layout is the theme's unless it is stated here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forest: Option<Box<ForestOptions>>,
    /// What else to ask of the trials' hazard ratios.
    #[serde(flatten)]
    pub further: FurtherOptions,
}

/// The model of two-arm survival.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TwoArmSurvivalModel {
    /// How the hazard ratio is pooled.
    pub model: TwoArmModel,
    /// How each trial's hazard ratio is estimated in a two-stage analysis.
    pub trial_hazard_ratio: TrialHazardRatio,
    /// How tied events enter Cox models.
    pub ties: Ties,
    /// Function of time in the test of proportional hazards.
    pub time_transform: TimeTransform,
    /// Horizon of restricted mean survival time, in the study's time unit; none when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restricted_mean_horizon: Option<f64>,
    /// Times that divide follow-up into intervals with a hazard ratio each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub piecewise_cuts: Vec<f64>,
}

impl TwoArmSurvivalModel {
    /// As the pooling library wants it.
    pub fn options(&self, pooling: EffectOptions) -> TwoArmSurvivalOptions {
        TwoArmSurvivalOptions {
            model: self.model,
            trial_hazard_ratio: self.trial_hazard_ratio,
            ties: self.ties,
            time_transform: self.time_transform,
            restricted_mean_horizon: self.restricted_mean_horizon,
            piecewise_cuts: self.piecewise_cuts.clone(),
            pooling,
            ..Default::default()
        }
    }
}

/// Where hazard ratios come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HazardRatioSource {
    /// The papers print them (`hazard_ratios` of the trials).
    Printed,
    /// Cox models (Efron's ties) of the patients reconstructed from the figures.
    Reconstructed,
}

/// What every kind of analysis states.
struct Common<'a> {
    id: &'a str,
    title: &'a str,
    trials: Option<&'a [String]>,
    confidence_level: f64,
}

/// The fields that every kind of analysis has, from its own options.
macro_rules! common {
    ($analysis:expr) => {
        Common {
            id: &$analysis.options.id,
            title: &$analysis.options.title,
            trials: $analysis.trials.as_deref(),
            confidence_level: $analysis.options.confidence_level,
        }
    };
}

impl Analysis {
    fn common(&self) -> Common<'_> {
        match self {
            Self::Proportion(analysis) => common!(analysis),
            Self::Survival(analysis) => common!(analysis),
            Self::HazardRatio(analysis) => common!(analysis),
            Self::TwoArmCounts(analysis) => common!(analysis),
            Self::TwoArmSurvival(analysis) => common!(analysis),
        }
    }

    /// Identifier.
    pub fn id(&self) -> &str {
        self.common().id
    }

    /// Title to print.
    pub fn title(&self) -> &str {
        self.common().title
    }

    /// What is asked of the forest plot.
    pub fn forest(&self) -> Option<&ForestOptions> {
        match self {
            Self::Proportion(analysis) => analysis.forest.as_deref(),
            Self::HazardRatio(analysis) => analysis.forest.as_deref(),
            Self::TwoArmCounts(analysis) => analysis.forest.as_deref(),
            Self::TwoArmSurvival(analysis) => analysis.forest.as_deref(),
            Self::Survival(_) => None,
        }
    }

    /// The trials asked for, where they are listed.
    pub fn trials(&self) -> Option<&[String]> {
        self.common().trials
    }

    /// Level of the intervals.
    pub fn confidence_level(&self) -> f64 {
        self.common().confidence_level
    }

    /// Whether the results come from the figures.
    pub fn uses_figures(&self) -> bool {
        match self {
            Self::Proportion(_) | Self::TwoArmCounts(_) => false,
            Self::Survival(analysis) => analysis.method.source != SurvivalSource::Printed,
            Self::TwoArmSurvival(_) => true,
            Self::HazardRatio(analysis) => analysis.source == HazardRatioSource::Reconstructed,
        }
    }
}
