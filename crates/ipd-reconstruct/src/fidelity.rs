//! How well reconstructed patients reproduce the curve and the printed numbers.

use kmeta_survival_estimate::KaplanMeier;
use kmeta_trial_data::{Fidelity, NumberAtRiskFit, PatientRecord, ReconstructionStatus, StepCurve};

use crate::{NumberAtRiskConvention, ReconstructionInput, ReconstructionOptions};

/// A traced plateau this little above one half stands at one half: below the height of a pixel in most figures.
const LEVEL_TOLERANCE: f64 = 0.002;

/// Compares the patients with the input.
pub(crate) fn assess(
    input: &ReconstructionInput,
    options: &ReconstructionOptions,
    patients: &[PatientRecord],
    status: ReconstructionStatus,
    follow_up_end: f64,
) -> Fidelity {
    // No patients is an error before this, and every time is valid: there is a curve.
    let estimated = KaplanMeier::fit(patients).ok().map(|fit| fit.curve());
    let estimated_at = |time: f64| estimated.as_ref().map_or(1.0, |curve| curve.survival_at(time));
    let differences: Vec<f64> =
        input.curve.corners().map(|(time, survival)| (estimated_at(time) - survival).abs()).collect();
    let squares: f64 = differences.iter().map(|difference| difference * difference).sum();
    let number_at_risk = number_at_risk_fit(input, options.number_at_risk_convention, patients);
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
        median_digitized: input.curve.quantile(0.5 + LEVEL_TOLERANCE),
        median_reconstructed: estimated.as_ref().and_then(StepCurve::median),
        median_printed: input.median_printed,
    }
}

fn number_at_risk_fit(
    input: &ReconstructionInput,
    convention: NumberAtRiskConvention,
    patients: &[PatientRecord],
) -> Vec<NumberAtRiskFit> {
    let Some(stated) = &input.number_at_risk else { return Vec::new() };
    stated
        .times()
        .iter()
        .zip(stated.counts())
        .map(|(&time, &stated)| {
            // Sorted by time with events before censorings at equal times.
            let before = patients.partition_point(|patient| match convention {
                NumberAtRiskConvention::Before => patient.time < time,
                NumberAtRiskConvention::At => patient.time < time || (patient.time == time && patient.event),
                NumberAtRiskConvention::After => patient.time <= time,
            });
            NumberAtRiskFit { time, stated, reconstructed: (patients.len() - before) as u32 }
        })
        .collect()
}
