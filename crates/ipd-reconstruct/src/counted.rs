//! Patients of a curve whose events and censorings can be counted.

use kmeta_trial_data::{CurveCounts, Finding, PatientRecord, ReconstructedArm, ReconstructionStatus};

use crate::exact_counts::{ExactCurve, decode_counts};
use crate::timeline::Timeline;
use crate::{NumberAtRiskConvention, ReconstructionInput, ReconstructionOptions, fidelity};

/// Largest error of a level, a fraction, up to which a curve counts as exact: read from paths, not traced.
const EXACT: f64 = 4e-4;
/// Stated errors are the largest; a standard deviation is a quarter of that.
const ERRORS_OF_LARGEST: f64 = 4.0;
/// Time error of an exact curve as a share of its follow-up, where none is stated: a hundredth of a pixel in a thousand.
const TIME_ERROR: f64 = 2e-5;

/// The patients of an exact curve with censor marks, one by one. Nothing where the curve is not exact, where no whole
/// numbers make it, where they leave a choice, or where they contradict what is printed: then the statements have to be
/// weighed against each other.
pub(crate) fn reconstruct(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
) -> Option<ReconstructedArm> {
    let largest = input.survival_uncertainty.filter(|&error| error > 0.0 && error <= EXACT)?;
    if input.censor_times.is_empty()
        || !options.use_censor_marks
        || options.number_at_risk_convention != NumberAtRiskConvention::Before
    {
        return None;
    }
    let timeline = Timeline::new(input, options.number_at_risk_convention).ok()?;
    if timeline.conflict {
        return None;
    }
    let counts = decode_counts(&ExactCurve {
        curve: &input.curve,
        censor_times: &input.censor_times,
        survival_error: largest / ERRORS_OF_LARGEST,
        time_error: input
            .time_uncertainty
            .map_or(TIME_ERROR * timeline.end, |error| error / ERRORS_OF_LARGEST),
        number_at_risk: input.number_at_risk.as_ref(),
        patients: Some(timeline.columns.first()?.at_risk),
    })?;
    let table_agrees = input.number_at_risk.is_none() || counts.risk_table_met;
    let total_agrees = input.total_events.is_none_or(|stated| stated == counts.events());
    if !table_agrees || !total_agrees || !counts.is_certain() {
        return None;
    }
    let patients = patients_of(&counts, timeline.end);
    let mut findings = timeline.findings;
    findings.push(Finding::note(
        "patients-counted",
        input.place(),
        format!(
            "levels and censor marks of the curve are exact: its {} drops are {} events and its {} marks {} \
             censorings among {} patients, with no choice left; {} were followed to the end of the line",
            counts.drops.len(),
            counts.events(),
            counts.censorings.len(),
            counts.censorings.iter().map(|mark| mark.censored).sum::<u32>(),
            counts.patients,
            counts.remaining
        ),
    ));
    let status = ReconstructionStatus::Converged;
    Some(ReconstructedArm {
        trial: input.trial.clone(),
        arm: input.arm.clone(),
        fidelity: fidelity::assess(input, options, &patients, status, timeline.end),
        patients,
        findings,
        provenance: input.provenance.clone(),
    })
}

fn patients_of(counts: &CurveCounts, end: f64) -> Vec<PatientRecord> {
    let many = |count: u32, time: f64, event: bool| (0..count).map(move |_| PatientRecord { time, event });
    let mut patients: Vec<PatientRecord> = counts
        .drops
        .iter()
        .flat_map(|drop| many(drop.events, drop.time, true))
        .chain(counts.censorings.iter().flat_map(|mark| many(mark.censored, mark.time, false)))
        .chain(many(counts.remaining, end, false))
        .collect();
    patients.sort_by(|one, next| one.time.total_cmp(&next.time).then(next.event.cmp(&one.event)));
    patients
}
