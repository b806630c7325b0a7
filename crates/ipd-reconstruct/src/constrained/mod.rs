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
mod milestones;
mod placement;
mod resolution;
mod search;
mod survivors;
mod transitions;
mod two_arms;

use kmeta_trial_data::{PatientRecord, ReconstructedArm, ReconstructionStatus};

use crate::{ReconstructionError, ReconstructionInput, ReconstructionOptions, fidelity};
pub use imputation::ImputationOptions;
pub(crate) use imputation::impute;
pub(crate) use two_arms::reconstruct_pair;
pub use two_arms::{PrintedComparison, ReconstructedPair};

use conflicts::Settled;
use evidence::Evidence;
use resolution::Resolution;

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
    let evidence = Evidence::new(input, options)?;
    let resolution = resolution_of(input, &evidence);
    let arm = input.place();
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

/// The finest of the plausible resolutions at which whole patients can make the curve and meet all that is
/// printed. Where they cannot at any, statements disagree, and the finest at which the curve alone can be made is
/// the one to say so at.
fn resolution_of(input: &ReconstructionInput, evidence: &Evidence) -> Resolution {
    if let Some(stated) = Resolution::stated(input.survival_uncertainty, input.time_uncertainty, evidence.end)
    {
        return stated;
    }
    let as_written = Resolution::as_written(evidence);
    let curve = evidence.curve_only();
    let makes_curve =
        |resolution: Resolution| attempts::first(&curve, resolution).is_ok_and(|course| course.misfits == 0);
    let fine = as_written.survival < resolution::FINER_THAN_PIXELS;
    if fine && makes_curve(as_written) {
        return as_written;
    }
    let grid = Resolution::of_grid(evidence);
    let written = (grid.is_none() && !fine).then_some(as_written);
    let candidates: Vec<Resolution> =
        grid.into_iter().chain(written).chain(Resolution::assumed(evidence)).collect();
    let meets_all = |resolution: &Resolution| {
        let solve = if resolution.rounded { attempts::solve } else { attempts::solve_quickly };
        makes_curve(*resolution) && solve(evidence, *resolution).is_ok_and(|course| course.misfits == 0)
    };
    let agreed = candidates.iter().copied().find(meets_all);
    agreed
        .or_else(|| candidates.iter().copied().find(|&resolution| makes_curve(resolution)))
        .unwrap_or(candidates[candidates.len() - 1])
}
