//! How well reconstructed patients reproduce the curve and the printed numbers.

use kmeta_trial_data::{Fidelity, NumberAtRiskFit, PatientRecord, ReconstructionStatus, StepCurve};

use crate::ReconstructionInput;

/// Compares the patients with the input.
pub(crate) fn assess(
    input: &ReconstructionInput,
    patients: &[PatientRecord],
    status: ReconstructionStatus,
    follow_up_end: f64,
) -> Fidelity {
    let estimated = kaplan_meier_curve(patients);
    let estimated_at = |time: f64| estimated.as_ref().map_or(1.0, |curve| curve.survival_at(time));
    let differences: Vec<f64> =
        input.curve.corners().map(|(time, survival)| (estimated_at(time) - survival).abs()).collect();
    let squares: f64 = differences.iter().map(|difference| difference * difference).sum();
    let number_at_risk = number_at_risk_fit(input, patients);
    Fidelity {
        status,
        patients: patients.len() as u32,
        events: patients.iter().filter(|patient| patient.event).count() as u32,
        events_stated: input.total_events,
        curve_error_rms: (squares / differences.len() as f64).sqrt(),
        curve_error_mean: estimated
            .as_ref()
            .map_or(0.0, |curve| curve.mean_absolute_difference(&input.curve, follow_up_end)),
        curve_error_max: differences.iter().copied().fold(0.0, f64::max),
        number_at_risk_error_max: number_at_risk
            .iter()
            .map(|fit| fit.stated.abs_diff(fit.reconstructed))
            .max()
            .unwrap_or(0),
        number_at_risk,
        median_digitized: input.curve.median(),
        median_reconstructed: estimated.as_ref().and_then(StepCurve::median),
        median_printed: input.median_printed,
    }
}

fn number_at_risk_fit(input: &ReconstructionInput, patients: &[PatientRecord]) -> Vec<NumberAtRiskFit> {
    let Some(stated) = &input.number_at_risk else { return Vec::new() };
    stated
        .times()
        .iter()
        .zip(stated.counts())
        .map(|(&time, &stated)| {
            let before = patients.partition_point(|patient| patient.time < time);
            NumberAtRiskFit { time, stated, reconstructed: (patients.len() - before) as u32 }
        })
        .collect()
}

/// The Kaplan-Meier curve of patients sorted by time with events before censorings at equal times.
fn kaplan_meier_curve(patients: &[PatientRecord]) -> Option<StepCurve> {
    let (mut times, mut levels) = (vec![0.0], vec![1.0]);
    let mut level = 1.0;
    let mut at_risk = patients.len();
    for same_time in patients.chunk_by(|one, next| one.time == next.time) {
        let events = same_time.iter().filter(|patient| patient.event).count();
        if events > 0 {
            level *= 1.0 - events as f64 / at_risk as f64;
            times.push(same_time[0].time);
            levels.push(level);
        }
        at_risk -= same_time.len();
    }
    StepCurve::new(times, levels).ok()
}
