//! Intervals from imputed sets of patients.

use std::fmt::Write;

use kmeta_ipd_reconstruct::{
    PooledInterval, RubinError, impute, pooled_log_hazard_ratio, pooled_median, pooled_restricted_mean,
    pooled_survival_at,
};
use kmeta_trial_data::PatientRecord;
use serde::Serialize;

use crate::command_line::ReconstructArgs;
use crate::error::CommandError;
use crate::project::Problem;
use crate::stages::reconstruct_files::ArmInput;

/// Times at which survival is asked where no number at risk names any: quarters of follow-up.
const QUARTERS: [f64; 4] = [0.25, 0.5, 0.75, 1.0];

/// An estimate with the interval that holds sampling, reading and reconstruction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Estimate {
    estimate: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl Estimate {
    fn of(pooled: PooledInterval, shown: fn(f64) -> f64) -> Self {
        let PooledInterval { estimate, lower, upper } = pooled;
        Self { estimate: estimate.map(shown), lower: lower.map(shown), upper: upper.map(shown) }
    }

    fn shown(self) -> String {
        let number =
            |value: Option<f64>| value.map_or("not reached".to_owned(), |value| format!("{value:.4}"));
        format!("{} [{}, {}]", number(self.estimate), number(self.lower), number(self.upper))
    }
}

/// Survival at one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct SurvivalAt {
    time: f64,
    #[serde(flatten)]
    survival: Estimate,
}

/// The restricted mean to the end of the curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct RestrictedMean {
    horizon: f64,
    #[serde(flatten)]
    mean: Estimate,
}

/// What the sets of one arm say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Imputed {
    imputations: u32,
    seed: u64,
    level: f64,
    median: Estimate,
    survival: Vec<SurvivalAt>,
    /// Absent where some set's follow-up ends before the curve does.
    restricted_mean: Option<RestrictedMean>,
}

/// A hazard ratio from the sets of both arms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct HazardRatio {
    #[serde(flatten)]
    hazard_ratio: Estimate,
}

impl HazardRatio {
    pub(super) fn in_words(&self) -> String {
        format!("hazard ratio over imputations: {}\n", self.hazard_ratio.shown())
    }
}

/// Trial, arm and its sets.
pub(crate) type ArmSets = (String, String, Vec<Vec<PatientRecord>>);

/// All arms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AllImputed {
    pub(super) arms: Vec<Imputed>,
    pub(super) sets: Vec<ArmSets>,
}

impl AllImputed {
    pub(super) fn in_words(&self, inputs: &[ArmInput]) -> String {
        let mut text = String::new();
        for (arm, item) in self.arms.iter().zip(inputs) {
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "{}: median over {} imputations {}",
                if item.input.arm.is_empty() { &item.input.trial } else { &item.input.arm },
                arm.imputations,
                arm.median.shown()
            );
        }
        text
    }

    /// The other arm over the control.
    pub(super) fn hazard_ratio(&self, control: usize, level: f64) -> Result<HazardRatio, CommandError> {
        let pooled = pooled_log_hazard_ratio(&self.sets[control].2, &self.sets[1 - control].2, level)
            .map_err(|error| CommandError::failed("the hazard ratio of the imputations", error))?;
        Ok(HazardRatio { hazard_ratio: Estimate::of(pooled, f64::exp) })
    }
}

/// Draws the sets of every arm, where any are asked for.
///
/// # Errors
/// An arm that cannot be reconstructed, or a level that is not between 0 and 1.
pub(super) fn impute_all(
    args: &ReconstructArgs,
    inputs: &[ArmInput],
) -> Result<Option<AllImputed>, CommandError> {
    let Some(imputation) = args.imputation() else { return Ok(None) };
    let wrong = |message: String| Problem::in_file(args.curve.display().to_string(), message);
    let mut all = AllImputed { arms: Vec::new(), sets: Vec::new() };
    for item in inputs {
        let sets =
            impute(&item.input, &args.options(), &imputation).map_err(|error| wrong(error.to_string()))?;
        let summary = summarize(args, item, &sets).map_err(|error| wrong(error.to_string()))?;
        all.arms.push(summary);
        all.sets.push((item.input.trial.clone(), item.input.arm.clone(), sets));
    }
    Ok(Some(all))
}

fn summarize(
    args: &ReconstructArgs,
    item: &ArmInput,
    sets: &[Vec<PatientRecord>],
) -> Result<Imputed, RubinError> {
    let level = args.level;
    let end = item.input.curve_end.unwrap_or(0.0).max(item.input.curve.last_time());
    let times: Vec<f64> = match &item.input.number_at_risk {
        Some(risk) => risk.times().iter().copied().filter(|time| *time > 0.0 && *time <= end).collect(),
        None => QUARTERS.iter().map(|quarter| quarter * end).collect(),
    };
    let same = |value: f64| value;
    let survival = times
        .into_iter()
        .map(|time| {
            Ok(SurvivalAt { time, survival: Estimate::of(pooled_survival_at(sets, time, level)?, same) })
        })
        .collect::<Result<_, RubinError>>()?;
    let mean = pooled_restricted_mean(sets, end, level).ok();
    Ok(Imputed {
        imputations: sets.len() as u32,
        seed: args.seed,
        level,
        median: Estimate::of(pooled_median(sets, level)?, same),
        survival,
        restricted_mean: mean.map(|mean| RestrictedMean { horizon: end, mean: Estimate::of(mean, same) }),
    })
}
