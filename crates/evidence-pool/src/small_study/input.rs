//! What the methods for small-study effects are given.

use kmeta_trial_data::EffectMeasure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::PoolError;
use crate::measure::Scale;
use crate::meta_regression::checks::check_effects;
use crate::model::{Effects, two_sided_normal};

/// The patients behind an effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum StudySize {
    /// Not known: only tests that use standard errors answer.
    #[default]
    Unknown,
    /// All patients of the study.
    Patients {
        /// Patients.
        total: u32,
    },
    /// The counts of a single arm.
    OneArm {
        /// Patients with the event.
        events: u32,
        /// Patients.
        total: u32,
    },
    /// The counts of two arms.
    TwoArms {
        /// Patients with the event in the treatment arm.
        events: u32,
        /// Patients of the treatment arm.
        total: u32,
        /// Patients with the event in the control arm.
        control_events: u32,
        /// Patients of the control arm.
        control_total: u32,
    },
}

/// One study of a funnel plot. A study whose effect cannot be computed (no events in both arms) is left to the caller
/// to leave out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelStudy {
    /// Identifier of the trial; unique within the analysis.
    pub trial: String,
    /// Name to print.
    pub label: String,
    /// The effect on the analysis scale, for example a log hazard ratio.
    pub value: f64,
    /// Its sampling variance on the same scale, above 0.
    pub variance: f64,
    /// The patients behind it.
    #[serde(default)]
    pub size: StudySize,
}

/// Checks ids, effects, variances and counts.
pub(crate) fn check_studies(studies: &[FunnelStudy]) -> Result<(), PoolError> {
    if studies.is_empty() {
        return Err(PoolError::NoStudies);
    }
    check_effects(studies.iter().map(|study| (study.trial.as_str(), study.value, study.variance)))?;
    for study in studies {
        let arms: &[(u32, u32)] = match study.size {
            StudySize::Unknown => &[],
            StudySize::Patients { total } => &[(0, total)],
            StudySize::OneArm { events, total } => &[(events, total)],
            StudySize::TwoArms { events, total, control_events, control_total } => {
                &[(events, total), (control_events, control_total)]
            }
        };
        for &(events, total) in arms {
            if total == 0 {
                return Err(PoolError::ZeroTotal { trial: study.trial.clone() });
            }
            if events > total {
                return Err(PoolError::EventsAboveTotal { trial: study.trial.clone(), events, total });
            }
        }
    }
    Ok(())
}

/// At least `needed` studies.
pub(crate) fn at_least(studies: &[FunnelStudy], needed: usize, what: &str) -> Result<(), PoolError> {
    if studies.len() < needed {
        return Err(PoolError::TooFewStudies { found: studies.len(), needed, what: what.to_owned() });
    }
    Ok(())
}

pub(crate) fn effects(studies: &[FunnelStudy]) -> Effects {
    Effects {
        values: studies.iter().map(|study| study.value).collect(),
        variances: studies.iter().map(|study| study.variance).collect(),
    }
}

/// Checks the level of intervals and the end of scoring.
pub(crate) fn check_settings(level: f64, threshold: f64) -> Result<(), PoolError> {
    two_sided_normal(level)?;
    if threshold.is_finite() && threshold >= 0.0 {
        Ok(())
    } else {
        Err(PoolError::InvalidThreshold { threshold })
    }
}

/// Checks a significance level.
pub(crate) fn check_significance(level: f64) -> Result<(), PoolError> {
    if level > 0.0 && level < 0.5 { Ok(()) } else { Err(PoolError::InvalidSignificance { level }) }
}

/// The scale people read. Freeman-Tukey values have none here, since their inverse needs a sample size.
pub(crate) fn reading_scale(measure: EffectMeasure) -> Result<Scale, PoolError> {
    if measure == EffectMeasure::FreemanTukey {
        return Err(PoolError::WrongMeasure {
            measure,
            place: "the options".to_owned(),
            reason: "Freeman-Tukey values cannot be transformed back without one sample size; use logit or arcsine"
                .to_owned(),
        });
    }
    Ok(Scale { measure, size: 1.0 })
}
