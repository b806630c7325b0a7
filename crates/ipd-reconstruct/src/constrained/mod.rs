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
mod milestones;
mod placement;
mod resolution;
mod search;
mod survivors;
mod transitions;

use kmeta_trial_data::{ReconstructedArm, ReconstructionStatus};

use crate::{ReconstructionError, ReconstructionInput, ReconstructionOptions, fidelity};
use conflicts::Settled;
use evidence::Evidence;
use resolution::Resolution;

pub(crate) fn reconstruct(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
) -> Result<ReconstructedArm, ReconstructionError> {
    let evidence = Evidence::new(input, options)?;
    let resolution = resolution_of(input, &evidence);
    let Some(mut settled) = settle(input, evidence, resolution) else {
        return Err(ReconstructionError::CurveImpossible { arm: input.place() });
    };
    let Evidence { conflict, end, .. } = settled.evidence;
    let patients = placement::patients_of(&settled.evidence, &settled.course, &mut placement::evenly);
    let agrees = settled.findings.is_empty() && !conflict;
    let status = if agrees { ReconstructionStatus::Converged } else { ReconstructionStatus::Compromise };
    let mut findings = std::mem::take(&mut settled.evidence.findings);
    findings.append(&mut settled.findings);
    Ok(ReconstructedArm {
        trial: input.trial.clone(),
        arm: input.arm.clone(),
        fidelity: fidelity::assess(input, options, &patients, status, end),
        patients,
        findings,
        provenance: input.provenance.clone(),
    })
}

/// Settles the evidence. Where the resolution was guessed from the coordinates and statements disagree at it, a
/// coarser figure in which they agree is the likelier explanation.
fn settle(input: &ReconstructionInput, evidence: Evidence, resolution: Resolution) -> Option<Settled> {
    let arm = input.place();
    let guessed = input.survival_uncertainty.is_none()
        && resolution.survival >= resolution::FINER_THAN_PIXELS
        && resolution.rounded;
    if !guessed {
        return conflicts::settle(evidence, resolution, &arm);
    }
    let settled = conflicts::settle(evidence.clone(), resolution, &arm);
    if settled.as_ref().is_some_and(|settled| settled.findings.is_empty()) {
        return settled;
    }
    let coarser = conflicts::settle(evidence.clone(), Resolution::assumed(&evidence), &arm);
    match coarser {
        Some(coarser) if coarser.findings.is_empty() || settled.is_none() => Some(coarser),
        _ => settled,
    }
}

/// How precisely the curve was read: as stated, else the finest of the plausible resolutions at which whole
/// patients can make the curve.
fn resolution_of(input: &ReconstructionInput, evidence: &Evidence) -> Resolution {
    if let Some(stated) = Resolution::stated(input.survival_uncertainty, input.time_uncertainty, evidence.end)
    {
        return stated;
    }
    let as_written = Resolution::as_written(evidence);
    let curve = evidence.curve_only();
    let fits =
        |resolution: Resolution| attempts::first(&curve, resolution).is_ok_and(|course| course.misfits == 0);
    let fine = as_written.survival < resolution::FINER_THAN_PIXELS;
    if fine && fits(as_written) {
        return as_written;
    }
    match Resolution::of_grid(evidence) {
        Some(grid) => grid,
        None if !fine && fits(as_written) => as_written,
        None => Resolution::assumed(evidence),
    }
}
