//! The published algorithms behind the same door as the constrained reconstruction.

use kmeta_trial_data::{NumberAtRisk, ReconstructedArm, ReconstructionStatus, StepCurve};

use super::{PublishedInput, PublishedReconstruction, PublishedStatus, guyot, ipdfromkm};
use crate::clicks::Clicks;
use crate::timeline::Timeline;
use crate::{
    ReconstructionError, ReconstructionInput, ReconstructionMethod, ReconstructionOptions, fidelity,
};

/// Findings that say that a stated number was not met.
const MISSED: [&str; 3] = ["risk-table-overwritten", "risk-column-left-out", "total-events-missed"];

/// Reconstructs an arm by a published algorithm. The clicks are the corners of the curve and its end.
pub(crate) fn reconstruct(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
) -> Result<ReconstructedArm, ReconstructionError> {
    let timeline = Timeline::new(input, options.number_at_risk_convention)?;
    let at_start = timeline.columns[0].at_risk;
    let failed =
        |reason: String| ReconstructionError::PublishedAlgorithmFailed { arm: input.place(), reason };
    let end = input.curve_end.unwrap_or(0.0).max(input.curve.last_time());
    let clicks = clicks(&input.curve, end).map_err(|error| failed(error.to_string()))?;
    let published = PublishedInput {
        clicks,
        number_at_risk: input.number_at_risk.as_ref().map(|risk| from_zero(risk, at_start)),
        patients: Some(at_start),
        total_events: input.total_events,
        max_iterations: options.max_iterations,
    };
    let found = match options.method {
        ReconstructionMethod::Ipdfromkm => ipdfromkm(&published, 0).map(|found| found.reconstruction),
        _ => guyot(&published),
    };
    let PublishedReconstruction { status, mut patients, mut findings, .. } =
        found.map_err(|error| failed(error.to_string()))?;
    patients.sort_by(|one, next| one.time.total_cmp(&next.time).then(next.event.cmp(&one.event)));
    for finding in &mut findings {
        finding.place = input.place();
    }
    let status = match status {
        PublishedStatus::Stopped => ReconstructionStatus::Stopped,
        _ if findings.iter().any(|finding| MISSED.contains(&finding.code.as_str())) => {
            ReconstructionStatus::Compromise
        }
        PublishedStatus::Converged => ReconstructionStatus::Converged,
    };
    Ok(ReconstructedArm {
        trial: input.trial.clone(),
        arm: input.arm.clone(),
        fidelity: fidelity::assess(input, options, &patients, status, end),
        patients,
        findings,
        provenance: input.provenance.clone(),
    })
}

/// The risk table with a column at time 0, which the published algorithms need.
fn from_zero(risk: &NumberAtRisk, at_start: u32) -> NumberAtRisk {
    if risk.times()[0] == 0.0 {
        return risk.clone();
    }
    let later = || risk.times().iter().zip(risk.counts()).filter(|&(&time, _)| time > 0.0);
    let times = std::iter::once(0.0).chain(later().map(|(&time, _)| time));
    let counts = std::iter::once(at_start).chain(later().map(|(_, &count)| count));
    // The patients were checked to be at least as many as any column has.
    NumberAtRisk::new(times.collect(), counts.collect()).unwrap_or_else(|_| risk.clone())
}

/// A click at time 0, on each corner, and where the line ends.
fn clicks(curve: &StepCurve, end: f64) -> Result<Clicks, crate::clicks::ClicksError> {
    let (mut times, mut survival) = (vec![0.0], vec![1.0]);
    let corners = curve.corners().filter(|&(time, level)| time > 0.0 || level < 1.0);
    let last = std::iter::once((end, curve.survival_at(end)));
    for (time, level) in corners.chain(last) {
        times.push(time);
        survival.push(level);
    }
    Clicks::new(times, survival)
}
