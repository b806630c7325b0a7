//! The constrained reconstruction: all that is printed of an arm, met by one choice of whole numbers.
//!
//! The modules in the order of the work: [`evidence`] checks the input, [`resolution`] finds out how precisely the
//! curve was read, [`milestones`] lays out drops, columns and gaps in time, [`expectation`] and [`gap`] say how
//! many censored patients are likely where, [`search`] finds the cheapest course with [`transitions`] and
//! [`survivors`], and [`placement`] gives its patients their times.

mod attempts;
mod conflicts;
mod evidence;
mod expectation;
mod gap;
mod imputation;
mod leaders;
mod milestones;
mod outlook;
mod placement;
mod reading;
mod resolution;
mod search;
mod survivors;
mod transitions;
mod two_arms;

use kmeta_trial_data::{Finding, PatientRecord, ReconstructedArm, ReconstructionStatus};

use crate::{ReconstructionError, ReconstructionInput, ReconstructionOptions, fidelity};
pub(crate) use imputation::impute;
pub use imputation::{ArmImputer, ImputationOptions};
pub use reading::{ArmReading, AxisReading, PanelReading};
pub(crate) use two_arms::reconstruct_pair;
pub use two_arms::{PrintedComparison, ReconstructedPair};

use conflicts::Settled;
use evidence::Evidence;
use resolution::Resolution;
use search::Course;

pub(crate) fn reconstruct(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
) -> Result<ReconstructedArm, ReconstructionError> {
    let (settled, _) = settle(input, options)?;
    let patients = placement::patients_of(&settled.evidence, &settled.course, &mut placement::evenly);
    Ok(finish(input, options, settled, patients))
}

/// Checks the evidence, finds its resolution and the cheapest course.
fn settle(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
) -> Result<(Settled, Resolution), ReconstructionError> {
    let (input, impossible) = conflicts::without_impossible(input);
    let mut evidence = Evidence::new(&input, options)?;
    evidence.conflict |= !impossible.is_empty();
    evidence.findings.extend(impossible);
    let arm = input.place();
    let found = resolution_of(&input, &evidence);
    evidence.findings.extend(larger_than_stated(&input, found.resolution()));
    let resolution = match found {
        Found::WithCourse(resolution, course) => {
            return Ok((Settled { course, evidence, findings: Vec::new() }, resolution));
        }
        Found::Alone(resolution) => resolution,
    };
    match conflicts::settle(evidence, resolution, &arm) {
        Some(settled) => Ok((settled, resolution)),
        None => Err(ReconstructionError::CurveImpossible { arm }),
    }
}

/// The arm with its fidelity and findings.
fn finish(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
    settled: Settled,
    patients: Vec<PatientRecord>,
) -> ReconstructedArm {
    let Settled { evidence, mut findings, .. } = settled;
    let agrees = findings.is_empty() && !evidence.conflict;
    let status = if agrees { ReconstructionStatus::Converged } else { ReconstructionStatus::Compromise };
    findings.splice(0..0, evidence.findings);
    ReconstructedArm {
        trial: input.trial.clone(),
        arm: input.arm.clone(),
        fidelity: fidelity::assess(input, options, &patients, status, evidence.end),
        patients,
        findings,
        provenance: input.provenance.clone(),
    }
}

/// A resolution, with the course that meets all of the evidence at it where one was found on the way.
enum Found {
    WithCourse(Resolution, Course),
    Alone(Resolution),
}

impl Found {
    fn resolution(&self) -> Resolution {
        match self {
            Self::WithCourse(resolution, _) | Self::Alone(resolution) => *resolution,
        }
    }
}

/// Says when no whole patients fit the curve within the reading error that was stated.
fn larger_than_stated(input: &ReconstructionInput, used: Resolution) -> Option<Finding> {
    let stated = input.survival_uncertainty?;
    (used.survival > 1.5 * stated.max(resolution::COMPUTED)).then(|| {
        Finding::warning(
            "reading-error-larger",
            input.place(),
            format!(
                "no whole patients fit the curve and what is printed within the stated reading error of {stated}; {} \
                 was used. Look at the curve where it is steep, or state a larger error",
                used.survival
            ),
        )
    })
}

/// The finest of the plausible resolutions at which whole patients can make the curve and meet all that is
/// printed. Where they cannot at any, statements disagree, and the finest at which the curve alone can be made is
/// the one to say so at.
fn resolution_of(input: &ReconstructionInput, evidence: &Evidence) -> Found {
    let stated = Resolution::stated(input.survival_uncertainty, input.time_uncertainty, evidence.end);
    let curve = evidence.curve_only();
    let makes_curve =
        |resolution: Resolution| attempts::first(&curve, resolution).is_ok_and(|course| course.misfits == 0);
    let candidates: Vec<Resolution> = match stated {
        Some(stated) => stated.and_coarser().to_vec(),
        None => {
            let as_written = Resolution::as_written(evidence);
            let fine = as_written.survival < resolution::FINER_THAN_PIXELS;
            if fine && makes_curve(as_written) {
                return Found::Alone(as_written);
            }
            let grid = Resolution::of_grid(evidence);
            let written = (grid.is_none() && !fine).then_some(as_written);
            grid.into_iter().chain(written).chain(Resolution::assumed(evidence).and_coarser()).collect()
        }
    };
    let meets_all = |resolution: Resolution| {
        // More effort is worth while only where the curve itself is no obstacle.
        let made = std::cell::OnceCell::new();
        let worth_while = || resolution.rounded && *made.get_or_init(|| makes_curve(resolution));
        let solved = attempts::solve_while(evidence, resolution, &worth_while);
        solved.ok().filter(|course| course.misfits == 0)
    };
    for &resolution in &candidates {
        if let Some(course) = meets_all(resolution) {
            return Found::WithCourse(resolution, course);
        }
    }
    let makes = candidates.iter().copied().find(|&resolution| makes_curve(resolution));
    Found::Alone(makes.unwrap_or(candidates[candidates.len() - 1]))
}
