//! Several sets of patients in place of one: draws over what a figure does not tell.
//!
//! Each draw disturbs the evidence and solves it again (perturbation and optimisation, Papandreou & Yuille 2011),
//! which is close to a draw from the posterior where the curve is sharp and cheap everywhere: the survival axis
//! is shifted and stretched within its reading error, each level is moved within it, the pattern of censoring
//! gets exponential weights (the Bayesian bootstrap of Rubin 1981), and patients censored in a gap without marks
//! are placed at random in it.

use kmeta_numerics::streams::{random_stream, uniform};
use kmeta_trial_data::PatientRecord;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::reading::{ArmReading, PanelReading, read_again};
use super::resolution::Resolution;
use super::search::Course;
use super::{attempts, placement, settle};
use crate::{ReconstructionError, ReconstructionInput, ReconstructionOptions, counted};

/// How many sets of patients are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
pub struct ImputationOptions {
    /// Number of sets.
    pub imputations: u32,
    /// Seed of the draws; the same seed gives the same patients.
    pub seed: u64,
}

impl Default for ImputationOptions {
    fn default() -> Self {
        Self { imputations: 20, seed: 1 }
    }
}

/// Share of the reading error that all levels have in common (calibration of the axis); the rest is each
/// level's own.
const COMMON_SHARE: f64 = 0.5;

/// Draws `imputation.imputations` sets of patients.
pub(crate) fn impute(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
    imputation: &ImputationOptions,
) -> Result<Vec<Vec<PatientRecord>>, ReconstructionError> {
    let imputer = ArmImputer::new(input, options)?;
    let draws = (0..imputation.imputations).map(|index| {
        if let Some(patients) = &imputer.counted {
            return patients.clone();
        }
        let mut stream = imputer.stream(imputation.seed, index);
        let disturbed = disturbed(&imputer.evidence, imputer.resolution, &mut stream);
        imputer.patients(&[&disturbed], imputer.resolution, &mut stream)
    });
    Ok(draws.collect())
}

/// One arm, reconstructed and ready for draws of what its figure and the paper leave open. Each draw depends on its
/// index and the seed only, so that draws can be made in any order and on any number of threads.
#[derive(Debug, Clone)]
pub struct ArmImputer {
    trial: String,
    arm: String,
    evidence: Evidence,
    resolution: Resolution,
    course: Course,
    /// The patients of a curve whose events and censorings can be counted: no draw changes who they are.
    counted: Option<Vec<PatientRecord>>,
}

impl ArmImputer {
    /// Reconstructs the arm, whatever `options.method` says by [`crate::ReconstructionMethod::Constrained`].
    ///
    /// # Errors
    /// Those of [`crate::reconstruct`].
    pub fn new(
        input: &ReconstructionInput,
        options: &ReconstructionOptions,
    ) -> Result<Self, ReconstructionError> {
        let (settled, resolution) = settle(input, options)?;
        let (trial, arm) = (input.trial.clone(), input.arm.clone());
        let counted = counted::reconstruct(input, options).map(|arm| arm.patients);
        Ok(Self { trial, arm, evidence: settled.evidence, resolution, course: settled.course, counted })
    }

    /// The patients of draw `index`: as another reader of the figure might have found them. The axes are those of
    /// `PanelReading::drawn` for the same seed and index, which all arms of the figure share; every level and every
    /// time has an error of its own, normal with the standard deviations `arm`; printed survival and medians are
    /// replaced by numbers that are rounded to them; and the pattern of censoring is drawn as in [`crate::impute`].
    /// Patients that can be counted, on a curve read from paths, stay the same; their times move with the axis.
    pub fn draw(&self, figure: &PanelReading, arm: ArmReading, seed: u64, index: u32) -> Vec<PatientRecord> {
        let axes = figure.drawn(seed, index);
        if let Some(patients) = &self.counted {
            let moved = |patient: &PatientRecord| PatientRecord {
                time: axes.time_at(patient.time).max(0.0),
                event: patient.event,
            };
            return patients.iter().map(moved).collect();
        }
        let mut stream = self.stream(seed, index);
        let moved = read_again(&self.evidence, &axes, arm, &mut stream);
        // Where whole patients cannot follow all levels, those of the first reading stay and the times still move.
        let mut times_moved = moved.clone();
        for (drop, read) in times_moved.drops.iter_mut().zip(&self.evidence.drops) {
            drop.survival = read.survival;
        }
        let (level, time) = figure.errors(arm, self.evidence.end);
        let resolution = self.resolution.with_error(level, time);
        self.patients(&[&moved, &times_moved], resolution, &mut stream)
    }

    fn stream(&self, seed: u64, index: u32) -> ChaCha8Rng {
        random_stream(seed, &format!("imputation {index} of {} {}", self.trial, self.arm))
    }

    /// Solves disturbed evidence under a random pattern of censoring: the first that whole patients can follow, else
    /// the evidence as it is, and at last its course is kept.
    fn patients(
        &self,
        disturbed: &[&Evidence],
        resolution: Resolution,
        stream: &mut ChaCha8Rng,
    ) -> Vec<PatientRecord> {
        let factors: Vec<f64> = self.course.stages.iter().map(|_| -uniform(stream).ln()).collect();
        let rate_share = uniform(stream);
        let solved = disturbed.iter().copied().chain([&self.evidence]).find_map(|evidence| {
            let course = attempts::drawn(evidence, resolution, rate_share, &factors).ok()?;
            Some((evidence, course))
        });
        let (of, course) = solved.unwrap_or_else(|| (&self.evidence, self.course.clone()));
        placement::patients_of(of, &course, &mut |count| at_random(count, stream))
    }
}

/// Uniform places in a gap.
fn at_random(count: u32, stream: &mut ChaCha8Rng) -> Vec<f64> {
    (0..count).map(|_| uniform(stream)).collect()
}

/// The evidence with levels moved within their reading error, still falling and between 0 and 1.
fn disturbed(evidence: &Evidence, resolution: Resolution, stream: &mut ChaCha8Rng) -> Evidence {
    let mut signed = || 2.0 * uniform(stream) - 1.0;
    let mut moved = evidence.clone();
    let (offset, stretch) = (0.5 * COMMON_SHARE * signed(), 0.5 * COMMON_SHARE * signed());
    let mut above = 1.0;
    for drop in &mut moved.drops {
        // Zero and one are read off the axis itself: a calibration that moves them is seen.
        let own = (1.0 - COMMON_SHARE) * signed();
        let shift = resolution.survival * (offset + stretch * drop.survival + own);
        if drop.survival > 0.0 {
            drop.survival = (drop.survival + shift).clamp(f64::MIN_POSITIVE, 1.0);
        }
        drop.survival = drop.survival.min(above);
        above = drop.survival;
    }
    moved
}
