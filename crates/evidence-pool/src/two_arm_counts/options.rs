//! Counts of two arms and how they are pooled.

use kmeta_trial_data::{
    ContinuityCorrection, EffectMeasure, IntervalMethod, PredictionMethod, Provenance, SubgroupTauSquared,
    TauSquaredEstimator, TauSquaredIntervalMethod, TwoArmSettings,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ModelOptions, PoolError};

/// One trial's patients with an event in each of two arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TwoArmCount {
    /// Identifier of the trial; unique within the analysis.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// Subgroup, where the analysis has subgroups.
    #[serde(default)]
    pub subgroup: Option<String>,
    /// Patients with the event in the treatment arm.
    pub events: u32,
    /// Patients of the treatment arm.
    pub total: u32,
    /// Patients with the event in the control arm.
    pub control_events: u32,
    /// Patients of the control arm.
    pub control_total: u32,
    /// Where the counts came from.
    pub provenance: Provenance,
}

impl TwoArmCount {
    /// Whether an arm has no events or only events.
    pub(super) fn has_zero_cell(&self) -> bool {
        self.events == 0
            || self.events == self.total
            || self.control_events == 0
            || self.control_events == self.control_total
    }

    /// No events, or only events, in both arms.
    pub(super) fn says_nothing_of_ratios(&self) -> bool {
        let none = self.events == 0 && self.control_events == 0;
        none || (self.events == self.total && self.control_events == self.control_total)
    }
}

/// How the common effect of two-arm counts is put together. Random effects are always by inverse variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TwoArmPooling {
    /// Each study's effect weighted by the reciprocal of its variance (R meta `method = "Inverse"`).
    InverseVariance,
    /// Mantel & Haenszel 1959 (R meta `method = "MH"`); for odds ratio, risk ratio and risk difference.
    MantelHaenszel,
    /// Peto (Yusuf 1985; R meta `method = "Peto"`); for the odds ratio of rare events and arms of similar size.
    Peto,
}

/// How counts of two arms are pooled. The defaults are those of R `meta::metabin`: risk ratio, Mantel-Haenszel, 0.5
/// added to the cells of studies with a cell of 0, REML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TwoArmCountOptions {
    /// Identifier of the analysis.
    pub id: String,
    /// Title to print.
    pub title: String,
    /// Analysis scale: `log-odds-ratio`, `log-risk-ratio`, `risk-difference` or `arcsine-difference`.
    pub measure: EffectMeasure,
    /// How the common effect is put together; when left out `mantel-haenszel`, or `inverse-variance` for the arcsine
    /// difference.
    pub pooling: Option<TwoArmPooling>,
    /// Whether Mantel-Haenszel pooling uses the counts without correction (R meta `MH.exact`, metafor's default).
    pub exact_mantel_haenszel: bool,
    /// Whether the DerSimonian-Laird estimate of tau-squared and its Q are about the Mantel-Haenszel mean, as in
    /// RevMan 5 (R meta `Q.Cochrane`). It has no effect with other estimators and without Mantel-Haenszel.
    pub heterogeneity_about_mantel_haenszel: bool,
    /// Which cells get a continuity correction.
    pub continuity_correction: ContinuityCorrection,
    /// What is added to a cell. With `treatment-arm` both arms together get twice as much.
    pub increment: f64,
    /// Whether odds and risk ratios include studies without events, or with events only, in both arms, by way of the
    /// correction (R meta `allstudies`).
    pub include_double_zero: bool,
    /// Estimator of the between-study variance.
    pub tau_squared: TauSquaredEstimator,
    /// REML and ML scoring ends once a step of tau-squared is this small; 0, the default, goes on to machine
    /// precision, 1e-5 gives the digits that R prints.
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

impl Default for TwoArmCountOptions {
    fn default() -> Self {
        let ModelOptions {
            tau_squared,
            preset_tau_squared: _,
            scoring_threshold,
            interval,
            tau_squared_interval,
            prediction,
            prediction_draws,
            prediction_seed,
            confidence_level,
        } = ModelOptions::default();
        Self {
            id: String::new(),
            title: String::new(),
            measure: EffectMeasure::LogRiskRatio,
            pooling: None,
            exact_mantel_haenszel: false,
            heterogeneity_about_mantel_haenszel: true,
            continuity_correction: ContinuityCorrection::AffectedStudies,
            increment: 0.5,
            include_double_zero: false,
            tau_squared,
            scoring_threshold,
            interval,
            tau_squared_interval,
            prediction,
            prediction_draws,
            prediction_seed,
            confidence_level,
            subgroups: false,
            subgroup_tau_squared: SubgroupTauSquared::Separate,
        }
    }
}

impl TwoArmCountOptions {
    /// The part that says how the random-effects model is fitted.
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

    /// The settings that a result prints.
    pub(super) fn settings(&self) -> TwoArmSettings {
        TwoArmSettings {
            continuity_correction: self.continuity_correction,
            increment: self.increment,
            exact_mantel_haenszel: self.exact_mantel_haenszel,
            heterogeneity_about_mantel_haenszel: self.heterogeneity_about_mantel_haenszel,
        }
    }

    /// The way of pooling, after a check that the measure, the way of pooling and the increment can be used together.
    pub(super) fn pooling(&self) -> Result<TwoArmPooling, PoolError> {
        if !self.measure.compares_two_arms() {
            return Err(PoolError::WrongMeasure {
                measure: self.measure,
                place: "the options".to_owned(),
                reason: "counts of two arms need log-odds-ratio, log-risk-ratio, risk-difference or \
                         arcsine-difference"
                    .to_owned(),
            });
        }
        if !(self.increment.is_finite() && self.increment >= 0.0) {
            return Err(PoolError::InvalidIncrement { increment: self.increment });
        }
        let arcsine = self.measure == EffectMeasure::ArcsineDifference;
        let usual = if arcsine { TwoArmPooling::InverseVariance } else { TwoArmPooling::MantelHaenszel };
        let conflict = |reason: &str| {
            Err(PoolError::SettingsConflict { setting: "pooling".to_owned(), reason: reason.to_owned() })
        };
        match self.pooling.unwrap_or(usual) {
            TwoArmPooling::MantelHaenszel if arcsine => {
                conflict("there is no Mantel-Haenszel arcsine difference; use inverse-variance")
            }
            TwoArmPooling::Peto if self.measure != EffectMeasure::LogOddsRatio => {
                conflict("Peto pools odds ratios; set measure = \"log-odds-ratio\", or use another pooling")
            }
            pooling => Ok(pooling),
        }
    }
}
